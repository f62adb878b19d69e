"""Rebuild a hand-in on the instructor's frame: locked cells from the source, answers and own cells from the student.

Deleted, moved, duplicated, re-labelled or edited locked cells therefore change nothing. Kept from the hand-in are:
the answer of each solution cell (by grade id, else by the function that the cell defines), the student's version of free
demonstration cells, and cells of the student's own, each after the cell that it followed.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_solution

OWN = "own"  # the cell id of the student's own cells, until each gets one of its own


@dataclass
class Rebuilt:
    """The rebuilt notebook, and what was out of order in the hand-in (for the instructor)."""

    notebook: nbformat.NotebookNode
    answers: int = 0  # solution cells found in the hand-in
    notes: list[str] = field(default_factory=list)


def grade_id(cell) -> str | None:
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def rebuild(frame, submission) -> Rebuilt:
    """Put a hand-in's answers into a copy of the frame. Neither notebook is changed."""
    built = Rebuilt(copy.deepcopy(frame))
    keys = {_key(c) for c in frame.cells}
    theirs, extras = _sort(submission, keys, frame)
    cells, missing = [*_own(extras.pop(None, []))], []
    for cell in built.notebook.cells:
        key = _key(cell)
        found = theirs.get(key, [])
        if is_solution(cell):
            _take_answer(cell, found, submission, built)
        elif grade_id(cell) is None and found and found[0].cell_type == cell.cell_type:
            cell.source = found[0].source  # a free demonstration: the student's version, which may define what they use
        elif grade_id(cell) is not None and not found:
            missing.append(grade_id(cell))
        cells.append(cell)
        cells += _own(extras.pop(key, []))
    if missing:
        built.notes.append(f"locked cells put back: {', '.join(missing)}")
    built.notebook.cells = cells
    _unique_ids(built.notebook)
    return built


def _key(cell) -> str:
    """What a frame cell is known by: its grade id, else its cell id."""
    return grade_id(cell) or f"#{cell.get('id', '')}"


def _sort(submission, keys, frame):
    """({key: the hand-in's cells of that key}, {key of the cell before: the student's own cells})."""
    sources = {c.source.strip() for c in frame.cells}
    theirs: dict[str, list] = {}
    extras: dict[str | None, list] = {}
    before = None
    for cell in submission.cells:
        key = _key(cell)
        if key in keys:
            theirs.setdefault(key, []).append(cell)
            before = key
        elif cell.cell_type in ("code", "markdown") and cell.source.strip() and cell.source.strip() not in sources:
            extras.setdefault(before, []).append(cell)
    return theirs, extras


def _take_answer(cell, found, submission, built: Rebuilt) -> None:
    name = grade_id(cell)
    found = [f for f in found if f.cell_type == cell.cell_type]
    if not found:  # an editor that drops metadata leaves the code: know the answer by the function it defines
        defines = re.compile(rf"^def {re.escape(name)}\(", re.M)
        found = [c for c in submission.cells if cell.cell_type == "code" == c.cell_type and grade_id(c) is None and defines.search(c.source)]
        if found:
            built.notes.append(f"the answer cell {name} had lost its label; it was known by its function")
    answered = [f for f in found if f.source.strip() != cell.source.strip()]
    if not found:
        built.notes.append(f"the answer cell {name} was missing")
        return
    built.answers += 1
    if len(found) > 1:
        built.notes.append(f"the answer cell {name} stood there {len(found)} times; the last answered one counts")
    if answered:
        cell.source = answered[-1].source


def _own(cells) -> list:
    """The student's own cells, as plain cells without any grading label."""
    make = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    return [make[c.cell_type](c.source, id=OWN) for c in cells]


def _unique_ids(nb) -> None:
    """Give the student's own cells ids that depend only on their place, so that two runs make the same notebook."""
    for i, c in enumerate(nb.cells):
        if c.id == OWN:
            c.id = f"{OWN}-{i}"


class RebuildFrame(NbGraderPreprocessor):
    """The same for plain `nbgrader autograde`: the frame is the student copy in the release folder; nbgrader itself puts
    the hidden tests back from its database."""

    def preprocess(self, nb, resources):
        ids = resources["nbgrader"]
        course = CourseDirectory(parent=self)
        folder = course.format_path(course.release_directory, ".", ids["assignment"])
        path = Path(folder) / f"{ids['notebook']}.ipynb"
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing: generate the student copies first (workbook notebooks)")
        built = rebuild(nbformat.read(path, as_version=4), nb)
        for note in built.notes:
            self.log.warning("%s: %s", ids["student"], note)
        return built.notebook, resources
