"""Differently written right answers, kept in `samples/` (never in the wheel): one file an assignment.

A function `conv2d_backward__loops` in `samples/07_conv_backward.py` is a right answer to `conv2d_backward`, written
with loops. Where an exercise needs two functions, the ones with the same ending belong together.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from course_lib.check.exercise import Exercise, functions_from

FOLDER = "samples"


@cache
def _functions(path: Path) -> dict[str, dict[str, str]]:
    """{ending: {function name: its source under that name}} of one file of right answers."""
    text = path.read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = {}
    for node in ast.parse(text, filename=str(path)).body:
        if isinstance(node, ast.FunctionDef) and "__" in node.name:
            name, _, ending = node.name.partition("__")
            source = ast.get_source_segment(text, node)
            found.setdefault(ending, {})[name] = source.replace(f"def {node.name}(", f"def {name}(", 1)
    return found


def right_answers(root: Path, assignment: str, exercise: Exercise) -> dict[str, dict[str, str]]:
    """The right answers to one exercise: {ending: {function name: source}}, with the exercise's own answer for a
    needed function that has no version of that ending. Raises FileNotFoundError where the assignment has no file."""
    own = split_functions(exercise.answer_source)
    answers = {}
    for ending, functions in _functions(root / FOLDER / f"{assignment}.py").items():
        if exercise.names[-1] in functions:
            answers[ending] = {name: functions.get(name, own[name]) for name in exercise.names}
    return answers


def split_functions(source: str) -> dict[str, str]:
    """The top-level functions of a source text by name."""
    return {node.name: ast.get_source_segment(source, node) for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}


def compiled(functions: dict[str, str], names: tuple[str, ...]):
    """The functions themselves, in the order of `names`; they see NumPy as `np` and nothing of this library."""
    return functions_from("\n\n".join(functions[n] for n in names), names)
