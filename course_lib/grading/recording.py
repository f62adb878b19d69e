"""Put one executed hand-in into nbgrader's gradebook and into autograded/: what nbgrader's Autograde records, in one
transaction and without going over the whole class.

The rows are nbgrader's own (`nbgrader.api`), and so are the rules: which cell is scored how (`determine_grade`), which one
waits for a person, "No response.", and the penalty for a late hand-in. A test holds them to what nbgrader itself records.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Comment, Grade, Student, SubmittedAssignment, SubmittedNotebook, new_uuid
from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata, Execute, SaveAutoGrades
from nbgrader.utils import compute_checksum, determine_grade, is_grade, is_solution, is_task
from sqlalchemy import Boolean, and_, bindparam, case, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from .autograde import GradingExecute
from .course import WorkbookError
from .gradebook import Book, Cells
from .pages import KEY, about
from .records import digest

TIMESTAMP = "timestamp.txt"
# Of the configured steps those that are done, or done here in another way. None of them may run an answer here.
NOT_REPEATED = (GradingExecute, Execute, SaveAutoGrades, AssignLatePenalties, CheckCellMetadata)
_GRADES, _COMMENTS = Grade.__table__, Comment.__table__

# nbgrader asks for every mark again when a hand-in is run again. Here one stands as it did where the answer is the same text.
_SET_GRADE = (update(_GRADES).where(_GRADES.c.cell_id == bindparam("cell"), _GRADES.c.notebook_id == bindparam("notebook"))
              .values(auto_score=bindparam("auto"),
                      needs_manual_grade=case((and_(_GRADES.c.manual_score.is_not(None), bindparam("same", type_=Boolean)), _GRADES.c.needs_manual_grade),
                                              (_GRADES.c.manual_score.is_not(None), True), else_=bindparam("waits"))))
_SET_COMMENT = (update(_COMMENTS).where(_COMMENTS.c.cell_id == bindparam("cell"), _COMMENTS.c.notebook_id == bindparam("notebook"))
                .values(auto_comment=bindparam("said")))


@dataclass
class Entry:
    """What the gradebook holds of one hand-in.

    scores   {notebook: {grade id: (score, most points, awaits a person's mark)}}
    again    how many marks were given to another text than the one that is there now: to be looked at again
    written  {notebook/grade id: digest of the text} of the answers that a person marks
    """

    id: str
    scores: dict[str, dict[str, tuple[float, float, bool]]] = field(default_factory=dict)
    again: int = 0
    written: dict[str, str] = field(default_factory=dict)
    comments: dict[str, dict[str, str]] = field(default_factory=dict)
    penalty: dict[str, float] = field(default_factory=dict)

    @property
    def points(self) -> float:
        """After the penalty, as nbgrader exports it."""
        return max(0.0, sum(s for cells in self.scores.values() for s, _, _ in cells.values()) - sum(self.penalty.values()))

    @property
    def most(self) -> float:
        return sum(m for cells in self.scores.values() for _, m, _ in cells.values())

    @property
    def waiting(self) -> int:
        return sum(waits for cells in self.scores.values() for _, most, waits in cells.values() if most > 0)

    @property
    def awaiting(self) -> float:
        """Points that nobody has given or refused yet."""
        return sum(most for cells in self.scores.values() for _, most, waits in cells.values() if waits)


class Writer:
    """The one writer of a run."""

    def __init__(self, book: Book):
        self.book = book
        steps = book.config.Autograde.get("autograde_preprocessors") or []
        self.steps = [step(config=book.config) for step in steps if not issubclass(step, NOT_REPEATED)]
        self.late = AssignLatePenalties(config=book.config, log=book.log)
        self.late.init_plugin()

    def record(self, record: Mapping[str, Any], received: datetime | None, files: Mapping[str, bytes]) -> Entry:
        """Put a record's executed notebooks into the gradebook, then into autograded/ together with the assignment's data
        `files`. received: when it was handed in, as far as that is known. Raises WorkbookError where it cannot."""
        student, assignment = record["student"], record["assignment"]
        notebooks = {name: nbformat.v4.reads_json(text) for name, text in record["notebooks"].items()}
        cells = self.book.cells[assignment]
        if missing := sorted(set(cells.notebooks) - set(notebooks)):
            raise WorkbookError(f"{assignment}, {student}: the record holds no notebook {', '.join(missing)}")
        written = _written(notebooks)
        before = (self.book.records.read(assignment, str(student)) or {}).get("written") or {}
        same = {i for i, text in written.items() if before.get(i) == text}
        try:
            entry = self._commit(student, cells, notebooks, received, same)
        except SQLAlchemyError as e:
            why = " ".join(str(getattr(e, "orig", e)).split())
            raise WorkbookError(f"{assignment}, {student}: the gradebook did not take it ({why})") from e
        entry.written = written
        texts = {f"{name}.ipynb": self._finished(record, name, nb) for name, nb in notebooks.items()}
        if received is not None:
            texts[TIMESTAMP] = received.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f UTC").encode()
        swap_in(self.book.folders.autograded / student / assignment, {**files, **texts})
        return entry

    def read(self, student: str, assignment: str) -> Entry | None:
        """What the gradebook holds of a hand-in by now, a person's changes included; None where it holds none."""
        cells = self.book.cells[assignment]
        with self.book.gb.engine.connect() as c:
            found = _submission(c, cells, student)
            return None if found is None else self._entry(c, cells, found.id)

    # --- the gradebook -----------------------------------------------------------------------------------------------

    def _commit(self, student: str, cells: Cells, notebooks: Mapping[str, Any], received: datetime | None, same: set[str]) -> Entry:
        for attempt in range(3):
            try:
                with self.book.gb.engine.begin() as c:
                    return self._write(c, student, cells, notebooks, received, same)
            except OperationalError as e:  # somebody saves in the formgrader just now: SQLite waited 5 s already
                if "locked" not in str(e) or attempt == 2:
                    raise
                time.sleep(0.2)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _write(self, c: Connection, student: str, cells: Cells, notebooks: Mapping[str, Any], received: datetime | None,
               same: set[str]) -> Entry:
        when = None if received is None else received.astimezone(UTC).replace(tzinfo=None)
        if c.execute(select(Student.id).where(Student.id == student)).first() is None:
            c.execute(insert(Student).values(id=student))
        found = _submission(c, cells, student)
        if found is None:
            submission, extension = new_uuid(), None
            c.execute(insert(SubmittedAssignment).values(id=submission, assignment_id=cells.assignment, student_id=student, timestamp=when))
        else:
            submission, extension = found.id, found.extension
            if when is not None:
                c.execute(update(SubmittedAssignment).where(SubmittedAssignment.id == submission).values(timestamp=when))
            else:
                when = found.timestamp
        places = _places(c, cells, submission)
        for name, nb in notebooks.items():
            if name in cells.notebooks:
                _save(c, cells, name, places[name], nb, same)
        due = None if cells.duedate is None else cells.duedate + extension if extension else cells.duedate
        late = max(0.0, (when - due).total_seconds()) if when and due else 0.0
        entry = self._entry(c, cells, submission)
        for name, place in places.items():
            score = sum(s for s, _, _ in entry.scores[name].values())
            penalty = self._penalty(student, score, late) if late > 0 else None
            entry.penalty[name] = penalty or 0.0
            c.execute(update(SubmittedNotebook).where(SubmittedNotebook.id == place).values(late_submission_penalty=penalty))
        return entry

    def _penalty(self, student: str, score: float, late: float) -> float | None:
        penalty = self.late.plugin_inst.late_submission_penalty(student, score, late)
        return None if penalty is None else self.late._check_late_penalty(_Scored(score), penalty)

    def _entry(self, c: Connection, cells: Cells, submission: str) -> Entry:
        entry = Entry(submission)
        for name, place in _places(c, cells, submission).items():
            graded, written = cells.of(name, "GradeCell", "TaskCell"), cells.of(name, "SolutionCell", "TaskCell")
            rows = c.execute(select(Grade.cell_id, Grade.score.label("score"), Grade.needs_manual_grade, Grade.manual_score).where(
                Grade.cell_id.in_(graded), Grade.notebook_id == place)).all() if graded else []
            most = {i: float(points or 0.0) for i, (_, _, points) in cells.cells[name].items()}
            entry.scores[name] = {graded[r.cell_id]: (float(r.score or 0.0), most[r.cell_id], bool(r.needs_manual_grade) and r.manual_score is None)
                                  for r in rows}
            entry.again += sum(bool(r.needs_manual_grade) and r.manual_score is not None for r in rows)
            said = c.execute(select(Comment.cell_id, Comment.manual_comment).where(
                Comment.cell_id.in_(written), Comment.notebook_id == place, Comment.manual_comment.is_not(None))).all() if written else []
            entry.comments[name] = {written[r.cell_id]: r.manual_comment for r in said}
            off = c.execute(select(SubmittedNotebook.late_submission_penalty).where(SubmittedNotebook.id == place)).scalar()
            entry.penalty[name] = float(off or 0.0)
        return entry

    # --- autograded/ -------------------------------------------------------------------------------------------------

    def _finished(self, record: Mapping[str, Any], name: str, nb: Any) -> bytes:
        """The notebook as nbgrader leaves it: through the configured steps that have not been taken yet."""
        resources: Any = {"nbgrader": {"student": record["student"], "assignment": record["assignment"], "notebook": name}}
        for step in self.steps:
            nb, resources = step.preprocess(nb, resources)
        nb.metadata[KEY] = about(record, name)
        return (nbformat.v4.writes_json(nb) + "\n").encode("utf-8", "replace")


@dataclass(frozen=True)
class _Scored:
    """What nbgrader's check of a penalty looks at."""

    score: float


def _submission(c: Connection, cells: Cells, student: str) -> Any:
    return c.execute(select(SubmittedAssignment.id, SubmittedAssignment.timestamp, SubmittedAssignment.extension).where(
        SubmittedAssignment.assignment_id == cells.assignment, SubmittedAssignment.student_id == student)).first()


def _places(c: Connection, cells: Cells, submission: str) -> dict[str, str]:
    """{notebook: the id of the hand-in's}, made where it is missing."""
    names = {i: name for name, i in cells.notebooks.items()}
    rows = c.execute(select(SubmittedNotebook.notebook_id, SubmittedNotebook.id).where(
        SubmittedNotebook.notebook_id.in_(names), SubmittedNotebook.assignment_id == submission)).all()
    places = {names[r.notebook_id]: r.id for r in rows}
    for name, i in cells.notebooks.items():
        if name not in places:
            places[name] = new_uuid()
            c.execute(insert(SubmittedNotebook).values(id=places[name], notebook_id=i, assignment_id=submission))
    return {name: places[name] for name in cells.notebooks}


def _written(notebooks: Mapping[str, Any]) -> dict[str, str]:
    """Digests of the answers that a person marks."""
    return {f"{name}/{cell.metadata['nbgrader']['grade_id']}": digest(cell.source)[:16] for name, nb in notebooks.items() for cell in nb.cells
            if is_grade(cell) and is_solution(cell)}


def _save(c: Connection, cells: Cells, name: str, place: str, nb: Any, same: set[str]) -> None:
    """A notebook's grades and comments. Every cell has its row, also one that the notebook lacks."""
    for table, kinds in ((_GRADES, ("GradeCell", "TaskCell")), (_COMMENTS, ("SolutionCell", "TaskCell"))):
        wanted = cells.of(name, *kinds)
        if not wanted:
            continue
        there = set(c.execute(select(table.c.cell_id).where(table.c.cell_id.in_(wanted), table.c.notebook_id == place)).scalars())
        if new := [{"id": new_uuid(), "cell_id": i, "notebook_id": place} for i in wanted if i not in there]:
            c.execute(insert(table), new)
    ids = {kind: {grade_id: i for i, grade_id in cells.of(name, kind).items()} for kind in ("GradeCell", "SolutionCell", "TaskCell")}
    grades, comments = [], []
    for cell in nb.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if is_grade(cell) and grade_id in ids["GradeCell"]:
            auto, _ = determine_grade(cell)
            grades.append({"cell": ids["GradeCell"][grade_id], "notebook": place, "auto": auto, "waits": auto is None,
                           "same": f"{name}/{grade_id}" in same})
        if is_solution(cell) or is_task(cell):
            i = ids["SolutionCell"].get(grade_id) or ids["TaskCell"].get(grade_id)
            unchanged = not is_task(cell) and cell.metadata["nbgrader"].get("checksum") == compute_checksum(cell)
            if i is not None:
                comments.append({"cell": i, "notebook": place, "said": "No response." if unchanged else None})
    if grades:
        c.execute(_SET_GRADE, grades)
    if comments:
        c.execute(_SET_COMMENT, comments)


def swap_in(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put a new folder of read-only files (as nbgrader leaves them) in the place of an old one, by renaming."""
    new, old = folder.with_name(f".{folder.name}.new"), folder.with_name(f".{folder.name}.old")
    for left in (new, old):  # of a run that was killed
        shutil.rmtree(left, ignore_errors=True)
    try:
        new.mkdir(parents=True)
        for name, data in files.items():
            path = new / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            path.chmod(0o444)
        if os.path.lexists(folder):
            os.replace(folder, old)
        os.replace(new, folder)
    except OSError as e:
        raise WorkbookError(f"{folder}: cannot be written ({e.strerror or e}); its scores are in the gradebook") from e
    finally:
        shutil.rmtree(old, ignore_errors=True)
