"""Check a filled notebook and pack the hand-in."""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from course_lib.grading.course import (
    Course,
    WorkbookError,
    graded_cells,
    read_notebook,
    recognise,
    student_name,
    write_atomically,
)
from course_lib.grading.written import unanswered

if TYPE_CHECKING:
    from course_lib.grading.run import CheckResult

MANIFEST = "hand-in.json"


@dataclass(frozen=True)
class HandIn:
    """What `submit` made: the zip, whose it is, and how the visible checks went."""

    path: Path
    student: str
    assignment: str
    results: list[CheckResult]
    missing: list[str] = field(default_factory=list)  # grade ids of the assignment's cells that the notebook lost
    unwritten: list[tuple[str, float]] = field(default_factory=list)  # (grade id, points) of answers in words that are empty
    relabelled: bool = False  # an editor had dropped the cells' labels, and they were put back in what is packed

    def by_status(self, *statuses: str) -> list[CheckResult]:
        return [result for result in self.results if result.status in statuses]


def find_notebooks(course: Course, notebook: str, tree: Path | None = None) -> tuple[str, list[Path]]:
    """(assignment, its notebooks) for a path or an assignment's number or name; looked for in `tree` (default: work/).

    Raises WorkbookError when there is no such file, or the notebook's cells belong to no assignment.
    """
    tree = course.work if tree is None else tree
    path = Path(notebook)
    if path.is_dir() or not (path.suffix == ".ipynb" or path.exists()):
        name = path.resolve().name if path.is_dir() else notebook
        assignment = course.resolve(name)
        files = course.notebook_files(path.parent if path.is_dir() and path.name == assignment else tree, assignment)
        if not files:
            where = course.show(tree / assignment / f"{assignment}.ipynb")
            todo = "Restore it"
            if tree == course.work:
                todo = "Run `workbook lab` once: it copies the notebooks into work/"
            raise WorkbookError(f"{where}: there is no such file. {todo}")
        return assignment, files
    nb = read_notebook(path)
    found = recognise(nb, course.known_ids())
    if found is None:
        raise WorkbookError(
            f"{path}: none of its cells belongs to an assignment of this course (known: {', '.join(course.assignments())}). "
            "Fill in the copy that `workbook lab` puts into work/"
        )
    return _named(path, course) or found[0], [path]


def _named(path: Path, course: Course) -> str | None:
    """The assignment that the file's name or folder claims."""
    return next((n for n in (path.stem, path.resolve().parent.name) if n in course.assignments()), None)


def check_cells(course: Course, assignment: str, path: Path) -> tuple[str, list[str]]:
    """(the notebook's own name, grade ids it lost) of a filled copy.

    Raises WorkbookError when its cells are another assignment's, or nobody's.
    """
    nb, known = read_notebook(path), course.known_ids()
    found = recognise(nb, known)
    if found is None or found[0] != assignment:
        looks = f"looks like {found[0]}" if found else "belongs to no assignment of this course"
        todo = f"submit it as {found[0]}, or " if found else ""
        raise WorkbookError(
            f"{course.show(path)}: not {assignment}: by its cells it {looks}. To repair: {todo}put the right notebook there "
            "(move this one away and run `workbook lab` for a new copy)"
        )
    ids = set(graded_cells(nb))
    return found[1], sorted(known[found] - ids) if ids else []


@contextlib.contextmanager
def with_labels(course: Course, assignment: str, name: str, path: Path) -> Iterator[Path]:
    """`path`, or where an editor dropped all labels of its cells, a copy beside it, for as long as this lasts, in which they
    are put back from the pristine notebook. The file itself is not changed."""
    nb = read_notebook(path)
    if graded_cells(nb):
        yield path
        return
    from nbformat import writes

    from .frame import rebuild

    built = rebuild(read_notebook(course.pristine / assignment / f"{name}.ipynb"), nb)
    copy = path.with_name(f".{path.stem}.with-labels.ipynb")
    try:
        write_atomically(copy, writes(built.notebook) + "\n")
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def submit(course: Course, notebook: str, out: Path | str | None = None, student: str | None = None) -> HandIn:
    """Check the notebook and pack `hand-in/STUDENT-ASSIGNMENT.zip` (or `out`, a file or a folder).

    Unsolved and wrong parts do not stop the packing; they are in the result. Raises WorkbookError when the notebook is
    missing, unreadable or another assignment's, or when the student's name cannot name a file.
    """
    from course_lib.grading.run import run_checks

    who = student_name(student) if student is not None else login_name()
    assignment, paths = find_notebooks(course, notebook)
    missing: list[str] = []
    packed: dict[str, bytes] = {}
    results: list[CheckResult] = []
    unwritten: list[tuple[str, float]] = []
    relabelled = False
    names = []
    for path in paths:
        name, lost = check_cells(course, assignment, path)
        missing += lost
        names.append(name)
    for name, path in zip(names, paths, strict=True):
        with with_labels(course, assignment, name, path) as labelled:
            relabelled |= labelled != path
            packed[f"{name}.ipynb"] = labelled.read_bytes()
            unwritten += unanswered(read_notebook(labelled))
            results += run_checks(labelled)
    target = Path(out) if out is not None else course.hand_in
    if target.is_dir() or target.suffix != ".zip":
        target = target / f"{who}-{assignment}.zip"
    write_atomically(target, _zip(packed, who, assignment))
    return HandIn(target, who, assignment, results, missing, unwritten, relabelled)


def _zip(notebooks: dict[str, bytes], student: str, assignment: str) -> bytes:
    manifest = {
        "assignment": assignment,
        "student": student,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in notebooks.items()},
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr(MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
        for name, data in notebooks.items():
            bundle.writestr(name, data)
    return buffer.getvalue()


def login_name() -> str:
    """The login name, made fit for a file name. Raises WorkbookError where the system tells none."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):
        raise WorkbookError("the system does not tell your login name: say it with --student NAME") from None
    return student_name(re.sub(r"[^\w.@-]+", "-", name).strip("-_.") or "student")


def unwritten_line(unwritten: list[tuple[str, float]]) -> str:
    """What `check` and `submit` say of answers in words that are empty: no check can see them."""
    listed = ", ".join(f"{name} ({points:g} point{'' if points == 1 else 's'})" for name, points in unwritten)
    return f"Not written yet: {listed}. A person marks {'these' if len(unwritten) > 1 else 'this'}: double-click the cell and write your answer"


def result_rows(results: list[CheckResult]) -> Iterator[tuple[str, str, str]]:
    """Rows of the table that `check` and `submit` print."""
    words = {"passed": "passes", "failed": "wrong", "unsolved": "not done yet", "error": "stopped with an error"}
    for r in results:
        yield r.exercise, words.get(r.status, r.status), f"{r.points:g} / {r.max_points:g}"
