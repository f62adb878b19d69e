"""Sort hand-ins, however they arrive, into submitted/STUDENT/ASSIGNMENT/."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from course_lib.grading._collect_files import open_hand_in
from course_lib.grading._collect_names import (
    Found,
    student_by_file,
    student_by_folder,
    tidy,
)
from course_lib.grading._strange_names import spelled, why_no_student
from course_lib.grading._strange_notebooks import MAX_BYTES, Refused, clean_notebook
from course_lib.grading.course import (
    NOT_CONTENT,
    Course,
    WorkbookError,
    content_files,
    parse_notebook,
    recognise,
    student_name,
)
from course_lib.grading.strangers import NAME_OF_TIME, OURS, open_folder


@dataclass(frozen=True)
class Row:
    """One line of the report: what arrived, what became of it ("collected", "unchanged", "earlier", "refused")."""

    source: str
    status: str
    student: str = ""
    assignment: str = ""
    note: str = ""
    verdict: str = ""  # of a refusal: a key of `strangers.MEANING`


@dataclass
class Report:
    """What `collect` did, and the time that it wrote down as that of the receipt."""

    rows: list[Row] = field(default_factory=list)
    received: datetime | None = None

    @property
    def refused(self) -> list[Row]:
        return [row for row in self.rows if row.status == "refused"]


def collect(course: Course, directory: Path | str, *, received: datetime | None = None) -> Report:
    """Sort every hand-in below `directory` (or the one file) into submitted/; the report says what went where.

    An earlier submission of the same student and assignment moves to submitted-earlier/TIME/, also when this one is
    damaged. Nothing below `directory` is changed. Raises WorkbookError when `directory` is missing or is a folder of
    the course itself.

    Each folder gets nbgrader's timestamp.txt, by which late hand-ins lose points: `received` (with its zone), or now.
    Nothing in a hand-in can say when it came: a manifest tells the student's own clock, which is only noted, and a file's
    own time is that of the download from the learning platform, or whatever its sender set. So collect soon after the
    deadline, or say the time: what was collected before and is the same keeps the time that it has.
    """
    base = _directory(course, Path(directory))
    report = Report(received=(received or datetime.now(UTC)).astimezone(UTC))
    known = course.known_ids()
    arrived: list[Found] = []
    for path in [base] if base.is_file() else content_files(base):
        shown = path.relative_to(base if base.is_dir() else base.parent).as_posix()
        try:
            arrived += open_hand_in(path, shown, MAX_BYTES)
        except Refused as reason:
            report.rows.append(_refusal(spelled(shown), reason))
    placed: list[Found] = []
    for found in arrived:
        try:
            placed.append(_assign(found, known, course))
        except Refused as reason:
            report.rows.append(_refusal(found.source, reason))
    named = list(_name_students(placed, course, report))
    stamp = _free_stamp(course)
    for (student, assignment), group in _groups(named).items():
        report.rows += _place(course, student, assignment, group, stamp, report.received)
    report.rows.sort(key=lambda row: (row.status == "refused", row.student, row.assignment, row.source))
    return report


def _refusal(source: str, reason: Refused, student: str = "", assignment: str = "") -> Row:
    return Row(source, "refused", student, assignment, reason.reason, reason.verdict)


def _directory(course: Course, directory: Path) -> Path:
    if not directory.exists():
        raise WorkbookError(f"{directory}: there is no such folder. Name the folder that holds the hand-ins")
    base = directory.resolve()
    own = (course.solutions, course.notebooks, course.submitted, course.submitted_earlier, course.build)
    if base == course.root or base in course.root.parents or any(base == o or o in base.parents for o in own):
        raise WorkbookError(
            f"{directory}: holds the course's own notebooks. Put the hand-ins into a folder of their own and name that"
        )
    return base


# --- whose it is, and of which assignment ---------------------------------------------------------------------------


def _assign(found: Found, known: Mapping[tuple[str, str], set[str]], course: Course) -> Found:
    """With assignment and notebook filled in: by its cells, or by name when it cannot be read. Raises Refused."""
    claimed = _claimed(found, course)
    try:
        nb = parse_notebook(clean_notebook(found.data)[0].encode(), found.place.name)
    except Refused as refused:
        if not claimed:
            raise Refused(refused.verdict, f"cannot be read as a notebook ({refused.reason}), and its name tells no assignment") from None
        why = "cannot be read as a notebook" if refused.verdict == "unreadable" else f"{refused.verdict}: {refused.reason}"
        # It takes its place, so that grading gives it a verdict and the student is not simply missing.
        stem = found.place.stem
        notebook = stem if (claimed, stem) in known else claimed
        return replace(found, assignment=claimed, notebook=notebook, note=why)
    key = recognise(nb, known)
    if key is None:
        raise Refused("wrong-assignment", "none of its cells belongs to an assignment of this course")
    note = f"named {claimed}, but its cells are {key[0]}'s" if claimed and claimed != key[0] else ""
    return replace(found, assignment=key[0], notebook=key[1], note=note)


def _claimed(found: Found, course: Course) -> str:
    """The assignment that the manifest, the file's name or a folder's name tells; "" when none does."""
    names = sorted(course.assignments(), key=len, reverse=True)
    if (told := found.manifest.get("assignment")) in names:
        return told
    parts = [*reversed(found.place.parts), *(reversed(found.container.parts) if found.container else ())]
    return next((name for part in parts for name in names if name in part), "")


def _name_students(placed: list[Found], course: Course, report: Report) -> Iterator[Found]:
    """With the student filled in. A folder (or zip) that would be several people's is not a student."""
    guesses = [(found, student_by_folder(found, course)) for found in placed]
    shared = Counter((who, f.container, f.assignment, f.notebook) for f, who in guesses if not f.manifest)
    for found, who in guesses:
        if found.manifest:
            who = found.manifest["student"]
        elif shared[who, found.container, found.assignment, found.notebook] > 1:
            who = student_by_file(found, course) or who
        who = tidy(who)
        why = why_no_student(who)
        if who and not why:
            yield replace(found, student=student_name(who))
        else:
            todo = f"Name it STUDENT-{found.assignment}.ipynb, or put it into a folder STUDENT"
            note = f"whose is it? {f'{why}. ' if why else ''}{todo}"
            report.rows.append(Row(found.source, "refused", assignment=found.assignment, note=note, verdict="unsafe-path"))


# --- putting it there -----------------------------------------------------------------------------------------------


def _groups(named: list[Found]) -> dict[tuple[str, str], list[Found]]:
    """Per student (capitals do not make another student, where file systems may ignore them) and assignment."""
    groups: dict[tuple[str, str], list[Found]] = {}
    spelled: dict[str, str] = {}
    for found in named:
        student = spelled.setdefault(found.student.casefold(), found.student)
        groups.setdefault((student, found.assignment), []).append(found)
    return groups


def _place(course: Course, student: str, assignment: str, group: list[Found], stamp: str, received: datetime) -> Iterator[Row]:
    """Put one student's notebooks of one assignment into submitted/.

    Of several hand-ins that tell their time the last counts, and the others are kept. Between files that tell none
    nobody guesses: the first is placed, the others are refused.
    """
    timed: dict[tuple[datetime, PurePosixPath], list[Found]] = {}
    loose: list[Found] = []
    for found in group:
        if found.manifest and found.container:
            timed.setdefault((found.manifest["time"], found.container), []).append(found)
        else:
            loose.append(found)
    *older, last = [timed[key] for key in sorted(timed)] or [loose]
    for number, batch in enumerate(older):
        _write(course.submitted_earlier / f"{stamp}-{number}" / student / assignment, batch, received)
        yield from (Row(f.source, "earlier", student, assignment, "a later hand-in counts; kept") for f in batch)
    chosen = _first_of_each(last)
    try:
        status, note = _swap_in(course, student, assignment, chosen, stamp, received)
    except Refused as reason:
        yield from (_refusal(f.source, reason, student, assignment) for f in group)
        return
    for found in chosen:
        packed = f"packed {found.manifest['time']:%Y-%m-%d %H:%M} UTC by the student's clock" if found.manifest else ""
        yield Row(found.source, status, student, assignment, "; ".join(filter(None, [found.note, note, packed])))
    placed = {found.notebook: found for found in chosen}
    for found in [f for f in (last if last is loose else last + loose) if f not in chosen]:
        other = placed.get(found.notebook)
        if other and other.data == found.data:
            yield Row(found.source, "unchanged", student, assignment, "the same file twice")
        else:
            clash = f"{(other or chosen[0]).source} is also {student}'s: keep the one that counts and collect again"
            yield Row(found.source, "refused", student, assignment, clash, "ambiguous")


def _first_of_each(batch: list[Found]) -> list[Found]:
    return list({found.notebook: found for found in reversed(batch)}.values())[::-1]


def _swap_in(course: Course, student: str, assignment: str, chosen: list[Found], stamp: str,
             received: datetime) -> tuple[str, str]:
    """Rename the new folder into place; what was there moves to submitted-earlier/. (status, note) of the row.

    Raises Refused where the student's folder in submitted/ is a link.
    """
    target = course.submitted / student / assignment
    new = {f"{found.notebook}.ipynb": found.data for found in chosen}
    if target.parent.is_symlink():
        raise Refused("symlink", f"{course.show(target.parent)} is a link, and nothing is written through it. Remove the link")
    if _holds(target, new):
        return "unchanged", "already in submitted/"
    course.build.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=course.build, prefix="collect-") as scratch:
        fresh = Path(scratch, assignment)
        _write(fresh, chosen, received)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not os.path.lexists(target):
            os.replace(fresh, target)
            return "collected", ""
        kept = course.submitted_earlier / stamp / student / assignment
        kept.parent.mkdir(parents=True, exist_ok=True)
        os.replace(target, kept)
        try:
            os.replace(fresh, target)
        except BaseException:
            os.replace(kept, target)
            raise
    return "collected", f"the earlier one is in {course.show(kept)}"


def _holds(target: Path, new: Mapping[str, bytes]) -> bool:
    """Does the folder hold just these files, besides nbgrader's own and what editors leave?"""
    try:
        with open_folder(target) as folder:
            names = set(folder.names()) - OURS - NOT_CONTENT
            return names == set(new) and all(folder.read(name) == data for name, data in new.items())
    except Refused:
        return False


def _write(folder: Path, batch: list[Found], received: datetime) -> None:
    folder.mkdir(parents=True)
    for number, found in enumerate(batch, 1):
        path = folder / f"{found.notebook}.ipynb"
        if path.exists():  # two copies of a notebook in one hand-in that is only kept: keep both
            path = folder / f"{found.notebook}-{number}.ipynb"
        path.write_bytes(found.data)
    (folder / NAME_OF_TIME).write_text(f"{received:%Y-%m-%d %H:%M:%S.%f} UTC", encoding="ascii")


def _free_stamp(course: Course) -> str:
    """The time in UTC as a folder name, one that no earlier run of the same second used."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    names = [f"{stamp}{suffix}" for suffix in ("", *(f"-r{n}" for n in range(1, 1000)))]
    taken = {p.name for p in course.submitted_earlier.glob(f"{stamp}*")}
    return next(name for name in names if not any(t == name or t.startswith(f"{name}-") for t in taken))
