"""The assignments that attacks are handed in for: the course's own with wrong answers in them, and made-up ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import nbformat

from course_lib.check.exercises import exercises

from .answers import split_functions
from .course import Course
from .frame import grade_id
from .hidden import CheckCall, check_calls
from .sample import solved_answers

# Who hands in: wrong answers with a name, right ones for the rest. An attack gains where it scores more.
WRONG = {"00_start_here": {"multiply_backward": "sign lost"},
         "01_flat_backprop": {"circuit_backward": "gradient split at the sum", "gates_backward": "copy overwritten",
                              "svm_loss": "sum over the batch", "two_layer_loss": "biases regularised", "which_pass": "B passes"},
         "07_conv_backward": {"input_gradient": "no zero-stuffing", "conv2d_backward": "stride ignored in dx", "which_pass": "A passes",
                              "conv_sigmoid_backward": "slope of tanh"}}


@cache
def calls(course: Course, assignment: str) -> list[CheckCall]:
    """The checks of an assignment, hidden ones too."""
    return check_calls(course.solutions / assignment / f"{assignment}.ipynb")


@cache
def base(course: Course, assignment: str) -> dict[str, str]:
    """The answers of somebody who has some wrong ideas."""
    answers = solved_answers(course, assignment)
    for e in exercises(assignment[:2]).values():
        if idea := WRONG[assignment].get(e.name):
            answers |= split_functions(e.wrong_source(next(m for m in e.misconceptions if m.name == idea)))
    return answers


@cache
def frame(course: Course, assignment: str) -> dict[str, Any]:
    """The source, hidden tests and all, with the stubs in the answer cells."""
    name = f"{assignment}/{assignment}.ipynb"
    stubs = {grade_id(c): c.source for c in nbformat.read(course.notebooks / name, 4).cells if grade_id(c)}
    nb = nbformat.read(course.solutions / name, 4)
    for cell in nb.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = stubs[grade_id(cell)]
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return json.loads(nbformat.writes(nb))


def made_up(tests: Mapping[str, tuple[str, float, float]]) -> dict[str, Any]:
    """An assignment with tests of another kind than the course's own: ones that hand functions and objects over."""
    def cell(name: str, source: str, **label: Any) -> dict[str, Any]:
        label = {"grade_id": name, "grade": False, "solution": False, "locked": True, "task": False, "schema_version": 3, **label}
        return {"cell_type": "code", "id": name, "metadata": {"nbgrader": label}, "source": source, "outputs": [], "execution_count": None}

    cells = [cell("setup", "import numpy as np")]
    for name, (test, points, _) in tests.items():
        cells.append(cell(name, f"def {name}(*args):\n    raise NotImplementedError", solution=True, locked=False))
        cells.append(cell(f"{name}-check", test, grade=True, points=points) if points else cell(f"{name}-locked", test))
    return {"cells": cells, "metadata": {"workbook": {"withheld": []}}, "nbformat": 4, "nbformat_minor": 5}
