"""The quiz of a notebook: which of the wrong versions A, B, C would pass this careless check?"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..exercise import Case, Exercise, ResultForm, Wrong

LETTERS = ("A", "B", "C")


def read_letters(result: Any) -> dict[str, float]:
    """{"A", "C"}, ["a", "c"], "A, C" or "AC" as {"A": 1.0, "B": 0.0, "C": 1.0}. Raises ResultForm for anything else."""
    parts = [result] if isinstance(result, str) else list(result) if isinstance(result, (set, frozenset, list, tuple)) else [None]
    letters = re.sub(r"[\s,;]+", "", "".join(parts).upper()) if all(isinstance(p, str) for p in parts) else "?"
    if not re.fullmatch(r"[ABC]*", letters):
        raise ResultForm('which_pass should return the letters of the versions that pass, as a set such as {"B"} or {"A", "B"}; '
                         "an empty set, set(), says that none does.")
    return {letter: float(letter in letters) for letter in LETTERS}


def quiz(id: str, rows: tuple[str, ...], answer: Callable, hints: tuple[str, str, str], misconceptions: tuple[Wrong, ...]) -> Exercise:
    """The exercise `which_pass`: a function without arguments that returns the letters. All points or none."""
    return Exercise(
        id=id, rows=rows, answer=(answer,), reference=(answer,), arguments=(), outputs=LETTERS,
        visible=lambda: [Case("the careless check above", ())], unpack=read_letters, all_or_nothing=True,
        hints=hints, misconceptions=misconceptions)
