"""The register of exercises: one module an assignment, found by the number before the dot of an exercise's id."""

from __future__ import annotations

import difflib
from functools import cache
from importlib import import_module

from ..exercise import Exercise

MODULES = {
    "00": "start_here",
    "01": "flat_backprop",
    "02": "computational_graph",
    "03": "jacobians",
    "04": "linear_classifiers",
    "05": "mlp",
    "06": "convolution",
    "07": "conv_backward",
    "08": "pooling",
    "09": "seesaw",
    "10": "convnet",
    "11": "optimizers",
    "12": "autoencoders",
    "13": "beyond_images",
    "14": "architectures",
    "15": "pytorch",
}


@cache
def exercises(number: str) -> dict[str, Exercise]:
    """The exercises of one assignment by id, in the notebook's order."""
    module = import_module(f"{__name__}.{MODULES[number]}")
    return {e.id: e for e in module.EXERCISES}


def everything() -> list[Exercise]:
    return [e for number in MODULES for e in exercises(number).values()]


def find(exercise_id: str) -> Exercise:
    """The exercise of this id; ValueError that says which ids there are."""
    number = str(exercise_id).partition(".")[0]
    known = exercises(number) if number in MODULES else {}
    if exercise_id not in known:
        ids = list(known) or [e.id for e in everything()]
        near = difflib.get_close_matches(str(exercise_id), ids, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else f" Known: {', '.join(ids)}."
        raise ValueError(f"no exercise {exercise_id!r}.{hint}")
    return known[exercise_id]
