"""Hand-ins for the tests of the executor, made of the course's own notebooks."""

from functools import cache
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[2]
LIMITS = {"cell_seconds": 10, "cpu_seconds": 60, "memory_mb": 400, "processes": 24, "file_mb": 8, "hand_in_seconds": 60}
SEED = "5eed" * 8


@cache
def _texts(assignment):
    return tuple((ROOT / tree / assignment / f"{assignment}.ipynb").read_text("utf-8") for tree in ("solutions", "notebooks"))


def frame(assignment):
    """The solved notebook with stubs in its answer cells: what hand-ins are rebuilt on."""
    solved, student = (nbformat.reads(text, as_version=4) for text in _texts(assignment))
    stubs = {c.metadata.nbgrader.grade_id: c.source for c in student.cells if "nbgrader" in c.metadata}
    for cell in solved.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = stubs[cell.metadata.nbgrader.grade_id]
    return solved


def solved(assignment):
    return nbformat.reads(_texts(assignment)[0], as_version=4)


def hand_in(assignment, answers=None, before=(), start="solved"):
    """A hand-in: the solved notebook (or "stubs") with some answers replaced and cells of the student's own at its top."""
    nb = solved(assignment) if start == "solved" else frame(assignment)
    answers = dict(answers or {})
    for cell in nb.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if cell.cell_type == "code" and name in answers:
            cell.source = answers.pop(name)
    assert not answers, f"no such answer cells: {sorted(answers)}"
    at = next(i for i, c in enumerate(nb.cells) if c.metadata.get("nbgrader", {}).get("solution"))
    nb.cells[at:at] = [nbformat.v4.new_code_cell(source) for source in before]
    return nb


def job(assignment, notebook, *, isolation="sandbox", seed=SEED, **limits):
    return {"student": "s", "assignment": assignment, "files": {}, "known_ids": {}, "seed": seed, "isolation": isolation,
            "limits": {**LIMITS, **limits},
            "notebooks": {assignment: {"frame": nbformat.writes(frame(assignment)), "submission": nbformat.writes(notebook), "refused": None}}}


def points(record, assignment, *grade_ids):
    scores = record["scores"][assignment]
    return {i: scores[i]["score"] for i in grade_ids} if grade_ids else {i: e["score"] for i, e in scores.items() if e["max"] > 0}
