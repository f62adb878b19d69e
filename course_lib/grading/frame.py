"""Rebuild a hand-in on the instructor's frame: locked cells from the source, answers and own cells from the student.

Deleted, moved, duplicated, re-labelled or edited locked cells therefore change nothing. Kept from the hand-in are:
the answer of each solution cell (by grade id, else by the function that the cell defines), the student's version of free
demonstration cells, and cells of the student's own, each after the cell that it followed.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Mapping
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
    """The cell's nbgrader id; None where it has none, or where an editor left something else in its place."""
    label = cell.metadata.get("nbgrader")
    name = label.get("grade_id") if isinstance(label, Mapping) else None
    return name if isinstance(name, str) else None


def rebuild(frame, submission) -> Rebuilt:
    """Put a hand-in's answers into a copy of the frame. Neither notebook is changed."""
    built = Rebuilt(copy.deepcopy(frame))
    theirs, extras, unlabelled = _sort(submission, frame)
    cells, missing, gone = [*_own(extras.pop(None, []))], [], []
    for cell in built.notebook.cells:
        key = _key(cell)
        found = [f for f in theirs.get(key, []) if f.cell_type == cell.cell_type]
        if is_solution(cell):
            built.answers += bool(found)
            if not found:
                gone.append(key)
            cells += _own(_take_answer(cell, found, built))
        elif grade_id(cell) is None and found and cell.cell_type == "code":
            cell.source = found[0].source  # a free demonstration: the student's version, which may define what they use
        elif grade_id(cell) is not None and key not in theirs:
            missing.append(key)
        cells.append(cell)
        cells += _own(extras.pop(key, []))
    for names, words in ((unlabelled, "answer cells without their label, known by their function"),
                         (gone, "answer cells missing"), (missing, "locked cells put back")):
        if names:
            built.notes.append(f"{words}: {', '.join(names)}")
    built.notebook.cells = cells
    _unique_ids(built.notebook)
    return built


def _key(cell) -> str:
    """What a frame cell is known by: its grade id, else its cell id."""
    return grade_id(cell) or f"#{cell.get('id', '')}"


def _sort(submission, frame):
    """({key: the hand-in's cells of that key}, {key of the cell before: the student's own cells}, names of answers
    that had lost their label)."""
    keys = {_key(c) for c in frame.cells}
    texts = Counter(c.source.strip() for c in frame.cells)
    given = {c.source.strip(): _key(c) for c in frame.cells}
    labelled = {_key(c) for c in submission.cells}
    answers = {_key(c): _defines(_key(c)) for c in frame.cells if is_solution(c) and c.cell_type == "code"}
    theirs: dict[str, list] = {}
    extras: dict[str | None, list] = {}
    unlabelled: list[str] = []
    before = None
    for cell in submission.cells:
        key, text = _key(cell), cell.source.strip()
        if key in keys:
            theirs.setdefault(key, []).append(cell)
            before = key
            continue
        # An editor that drops labels leaves the text: an answer is known by the function that it defines.
        name = None if grade_id(cell) or cell.cell_type != "code" else next((n for n, d in answers.items() if d.search(text)), None)
        if name and name not in labelled:
            theirs.setdefault(name, []).append(cell)
            unlabelled += [name] if name not in unlabelled else []
            before = name
        elif text in given:
            before = given[text] if texts[text] == 1 and given[text] not in labelled else before
        elif text and cell.cell_type in ("code", "markdown"):
            extras.setdefault(before, []).append(cell)
    return theirs, extras, unlabelled


def _defines(name: str) -> re.Pattern[str]:
    return re.compile(rf"^(?:def\s+{re.escape(name)}\s*\(|class\s+{re.escape(name)}\b)", re.M)


def _take_answer(cell, found, built: Rebuilt) -> list:
    """Put the answer among the cells `found` into the frame's `cell`; the parts of it that stood in cells of their own."""
    answered = [f for f in found if f.source.strip() != cell.source.strip()]
    if not answered:
        return []
    whole = [f for f in answered if _defines(grade_id(cell)).search(f.source)] or answered
    cell.source = whole[-1].source
    if len(found) > 1:
        built.notes.append(f"the answer cell {grade_id(cell)} stood there {len(found)} times; the last answered one counts")
    # "Split cell" in Jupyter gives every part the label of the whole: a helper cut off the top still belongs to it.
    return [f for f in answered if f not in whole]


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
