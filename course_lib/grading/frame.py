"""Rebuild a hand-in on the instructor's frame: locked cells from the source, answers and own cells from the student.

Deleted, moved, duplicated, re-labelled or edited locked cells therefore change nothing. Kept from the hand-in are:
the answer of each solution cell (by grade id, else by the function that the cell defines; an answer in words by the comment
in it, else by its place), the student's version of free demonstration cells, and cells of the student's own, each after the
cell that it followed.
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

from .written import STUB, is_written, mark, marked, words_of

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
    theirs, extras, unlabelled, seen = _sort(submission, frame)
    by_place = _by_place(frame, theirs, extras, seen)
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
    for names, words in ((unlabelled, "answer cells without their label, known by their text"),
                         (by_place, "answer cells without their label, known by their place"), (gone, "answer cells missing"), (missing, "locked cells put back")):
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
    that had lost their label, keys of cells that are there by their text)."""
    keys = {_key(c) for c in frame.cells}
    texts = Counter(c.source.strip() for c in frame.cells)
    given = {c.source.strip(): _key(c) for c in frame.cells}
    labelled = {_key(c) for c in submission.cells}
    answers = {_key(c): _defines(_key(c)) for c in frame.cells if is_solution(c) and c.cell_type == "code"}
    by_id = {(c.get("id"), c.cell_type): _key(c) for c in frame.cells if is_solution(c) and grade_id(c)}
    written = {_key(c) for c in frame.cells if is_written(c)}
    theirs: dict[str, list] = {}
    extras: dict[str | None, list] = {}
    unlabelled: list[str] = []
    seen: set[str] = set()
    before = None
    for cell in submission.cells:
        key, text = _key(cell), cell.source.strip()
        if key in keys:
            theirs.setdefault(key, []).append(cell)
            before = key
            continue
        # An editor that drops labels leaves the text: an answer is known by the function that it defines, or the comment in
        # it; and some leave the cell's id.
        name = by_id.get((cell.get("id"), cell.cell_type)) if not grade_id(cell) else None
        if name:
            pass
        elif not grade_id(cell) and cell.cell_type == "code":
            name = next((n for n, d in answers.items() if d.search(text)), None)
        elif not grade_id(cell) and cell.cell_type == "markdown" and marked(text) in written:
            name = marked(text)
        if name and name not in labelled:
            theirs.setdefault(name, []).append(cell)
            unlabelled += [name] if name not in unlabelled else []
            before = name
        elif text in given:
            if texts[text] == 1 and given[text] not in labelled:
                before = given[text]
                seen.add(before)
        elif text and cell.cell_type in ("code", "markdown"):
            extras.setdefault(before, []).append(cell)
    return theirs, extras, unlabelled, seen


def _by_place(frame, theirs, extras, seen: set[str]) -> list[str]:
    """Answers in words that have neither label nor comment any more: where one is missing, it is the student's text after
    the cell that stands before it in the frame. Moves these from `extras` to `theirs`; their names."""
    found = []
    before, follows = None, False  # the last cell of the frame that is in the hand-in; is it the one just before?
    for cell in frame.cells:
        key = _key(cell)
        if key in theirs or key in seen:
            before, follows = key, True
            continue
        own = extras.get(before, [])
        texts = [i for i, c in enumerate(own) if c.cell_type == "markdown" and words_of(c.source)]
        if is_written(cell) and texts:
            at = texts[0 if follows else -1]  # a question that was edited stands there as a text of the student's, before the answer
            theirs[key] = [own[at]]
            extras[before], extras[key] = own[:at], own[at + 1:]
            found.append(key)
            before, follows = key, True
        else:
            follows = False
    return found


def _defines(name: str) -> re.Pattern[str]:
    return re.compile(rf"^(?:def\s+{re.escape(name)}\s*\(|class\s+{re.escape(name)}\b)", re.M)


def _take_answer(cell, found, built: Rebuilt) -> list:
    """Put the answer among the cells `found` into the frame's `cell`; the parts of it that stood in cells of their own."""
    if is_written(cell):
        answered = [f for f in found if words_of(f.source)]  # an emptied cell is as unanswered as one left alone
    else:
        answered = [f for f in found if f.source.strip() != cell.source.strip()]
    if not answered:
        return []
    if is_written(cell):
        cell.source = words_of(answered[-1].source)
        if len(answered) > 1:  # "Split cell" gives every part the label of the whole: all of it is what they wrote
            cell.source = "\n\n".join(dict.fromkeys(words_of(f.source) for f in answered))
            built.notes.append(f"the answer {grade_id(cell)} stood in {len(answered)} cells; all of them count as one")
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


class MarkWritten(NbGraderPreprocessor):
    """Puts a comment with its grade id into each answer in words of a student copy, for editors that drop labels."""

    def preprocess_cell(self, cell, resources, cell_index):
        if is_written(cell) and cell.source.strip() == STUB:
            cell.source = mark(grade_id(cell)) + STUB
        return cell, resources


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
