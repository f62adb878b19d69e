"""Sort hand-ins, however they arrive, into submitted/STUDENT/ASSIGNMENT/."""

from __future__ import annotations

import io
import json
import os
import re
import stat
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath, PureWindowsPath

from course_lib.grading.course import (
    NOT_CONTENT,
    Course,
    WorkbookError,
    content_files,
    parse_notebook,
    recognise,
    student_name,
)
from course_lib.grading.submit import MANIFEST

MAX_BYTES = 50_000_000  # of a loose notebook, and of a zip's content unpacked
MAX_MEMBERS = 500
OTHER_ARCHIVES = {".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".xz"}


@dataclass(frozen=True)
class Row:
    """One line of the report: what arrived, what became of it ("collected", "unchanged", "earlier", "refused")."""

    source: str
    status: str
    student: str = ""
    assignment: str = ""
    note: str = ""


@dataclass
class Report:
    """What `collect` did."""

    rows: list[Row] = field(default_factory=list)

    @property
    def refused(self) -> list[Row]:
        return [row for row in self.rows if row.status == "refused"]


class Refused(Exception):
    """Why one hand-in is not taken; the others go on."""


@dataclass(frozen=True)
class Found:
    """A notebook that arrived, and what is known of it."""

    source: str  # as shown to the reader
    place: PurePosixPath  # where it lay, in the directory or the zip: names may tell student and assignment
    data: bytes
    container: PurePosixPath | None = None  # the zip's own place
    manifest: Mapping = field(default_factory=dict)
    student: str = ""
    assignment: str = ""
    notebook: str = ""
    note: str = ""


def collect(course: Course, directory: Path | str) -> Report:
    """Sort every hand-in below `directory` (or the one file) into submitted/; the report says what went where.

    An earlier submission of the same student and assignment moves to submitted-earlier/TIME/, also when this one is
    damaged. Nothing below `directory` is changed. Raises WorkbookError when `directory` is missing or is a folder of
    the course itself.
    """
    base = _directory(course, Path(directory))
    report = Report()
    known = course.known_ids()
    arrived: list[Found] = []
    for path in [base] if base.is_file() else content_files(base):
        shown = path.relative_to(base if base.is_dir() else base.parent).as_posix()
        try:
            arrived += _open(path, shown)
        except Refused as reason:
            report.rows.append(Row(shown, "refused", note=str(reason)))
    placed: list[Found] = []
    for found in arrived:
        try:
            placed.append(_assign(found, known, course))
        except Refused as reason:
            report.rows.append(Row(found.source, "refused", note=str(reason)))
    named = list(_name_students(placed, course, report))
    stamp = _free_stamp(course)
    for (student, assignment), group in _groups(named).items():
        report.rows += _place(course, student, assignment, group, stamp)
    report.rows.sort(key=lambda row: (row.status == "refused", row.student, row.assignment, row.source))
    return report


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


# --- reading what arrived -------------------------------------------------------------------------------------------


def _open(path: Path, shown: str) -> list[Found]:
    """The notebooks in one file; none for a file that is no hand-in. Raises Refused."""
    suffix = path.suffix.lower()
    if suffix in OTHER_ARCHIVES:
        raise Refused(f"a {suffix} archive; ask for a zip (`workbook submit` makes one) or unpack it into this folder")
    if suffix != ".zip" and not _is_notebook(PurePosixPath(shown)):
        return []
    if path.is_symlink():
        raise Refused("a link, not a file")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise Refused(f"{size / 1e6:.0f} MB; the limit is {MAX_BYTES / 1e6:.0f} MB. Clear its outputs and send it again")
    data = path.read_bytes()
    place = PurePosixPath(shown)
    return [Found(shown, place, data)] if suffix == ".ipynb" else _open_zip(data, shown, place)


def _open_zip(data: bytes, shown: str, place: PurePosixPath) -> list[Found]:
    """The notebooks in a zip. Members are read into memory under names checked here: nothing is unpacked to disk."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as bundle:
            members = [m for m in bundle.infolist() if not m.is_dir()]
            _refuse_bad_zip(members)
            manifest = _manifest(bundle)
            wanted = [m for m in members if _is_notebook(PurePosixPath(m.filename))]
            if not wanted:
                raise Refused("holds no notebook")
            return [
                Found(f"{shown}: {m.filename}", PurePosixPath(m.filename), bundle.read(m), place, manifest) for m in wanted
            ]
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError) as error:
        raise Refused(f"a damaged zip ({error}); ask for it again") from error
    except Exception as error:  # zlib.error, lzma.LZMAError …: each compression has its own
        if isinstance(error, Refused):
            raise
        raise Refused(f"a damaged zip ({type(error).__name__}: {error}); ask for it again") from error


def _refuse_bad_zip(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise Refused(f"a zip of {len(members)} files; the limit is {MAX_MEMBERS}")
    total = sum(m.file_size for m in members)  # zipfile reads no more of a member than its header says
    if total > MAX_BYTES:
        raise Refused(f"{total / 1e6:.0f} MB unpacked; the limit is {MAX_BYTES / 1e6:.0f} MB")
    for member in members:
        name = member.orig_filename
        path, windows = PurePosixPath(name), PureWindowsPath(name)
        if path.is_absolute() or windows.drive or windows.root or ".." in path.parts or ".." in windows.parts:
            raise Refused(f"its member {name!r} points out of the zip")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise Refused(f"its member {name!r} is a link")
        if member.flag_bits & 1:
            raise Refused("encrypted with a password")
        if path.suffix.lower() == ".zip":
            raise Refused(f"a zip inside the zip ({name}); unpack the outer one first")


def _is_notebook(path: PurePosixPath) -> bool:
    hidden = any(part in NOT_CONTENT or part.startswith(("__MACOSX", "._")) for part in path.parts)
    return path.suffix.lower() == ".ipynb" and not hidden


def _manifest(bundle: zipfile.ZipFile) -> Mapping:
    if MANIFEST not in bundle.namelist():
        return {}
    try:
        manifest = json.loads(bundle.read(MANIFEST).decode("utf-8"))
    except (ValueError, RecursionError):
        raise Refused(f"its {MANIFEST} is not JSON; ask for a new `workbook submit`") from None
    texts = isinstance(manifest, dict) and all(isinstance(manifest.get(k), str) for k in ("assignment", "student", "time"))
    if not texts:
        raise Refused(f"its {MANIFEST} names no student, assignment and time; ask for a new `workbook submit`")
    return manifest


# --- whose it is, and of which assignment ---------------------------------------------------------------------------


def _assign(found: Found, known: Mapping[tuple[str, str], set[str]], course: Course) -> Found:
    """With assignment and notebook filled in: by its cells, or by name when it cannot be read. Raises Refused."""
    claimed = _claimed(found, course)
    try:
        nb = parse_notebook(found.data, found.place.name)
    except WorkbookError:
        if not claimed:
            raise Refused("cannot be read as a notebook, and its name tells no assignment") from None
        # It takes its place, so that grading gives it a verdict and the student is not simply missing.
        stem = found.place.stem
        notebook = stem if (claimed, stem) in known else claimed
        return replace(found, assignment=claimed, notebook=notebook, note="cannot be read as a notebook")
    key = recognise(nb, known)
    if key is None:
        raise Refused("none of its cells belongs to an assignment of this course")
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
    guesses = [(found, _student_by_folder(found, course)) for found in placed]
    shared = Counter((who, f.container, f.assignment, f.notebook) for f, who in guesses if not f.manifest)
    for found, who in guesses:
        if found.manifest:
            who = found.manifest["student"]
        elif shared[who, found.container, found.assignment, found.notebook] > 1:
            who = _student_by_file(found, course) or who
        try:
            yield replace(found, student=student_name(_tidy(who)))
        except WorkbookError:
            report.rows.append(
                Row(
                    found.source,
                    "refused",
                    assignment=found.assignment,
                    note=f"whose is it? Name it STUDENT-{found.assignment}.ipynb, or put it into a folder STUDENT",
                )
            )


def _student_by_folder(found: Found, course: Course) -> str:
    """For one folder or zip per student: NAME-ASSIGNMENT in the (zip) file's name, else the folder's, else the file's."""
    outer = found.container or found.place
    return (
        _without_assignment(outer.stem, course, only_if_there=True)
        or ("" if not found.container else _without_assignment(outer.stem, course))
        or _folder(outer, course)
        or _student_by_file(found, course)
    )


def _student_by_file(found: Found, course: Course) -> str:
    """For many students' files together: the file's own name, else (in a zip) the folder it lies in."""
    own = _without_assignment(found.place.stem, course)
    return (_folder(found.place, course) or own) if found.container else own


def _folder(place: PurePosixPath, course: Course) -> str:
    """The innermost folder that is not an assignment's."""
    return next((part for part in reversed(place.parts[:-1]) if part not in course.assignments()), "")


def _without_assignment(stem: str, course: Course, only_if_there: bool = False) -> str:
    """What is left of "ada-07_conv_backward (2)" without the assignment and the number of a copy: "ada"."""
    for name in sorted(course.assignments(), key=len, reverse=True):
        before, there, after = stem.partition(name)
        if there:
            after = re.sub(r"^[\s_-]*\(?\d*\)?$", "", after)
            return before.strip(" _-") or after.strip(" _-")
    return "" if only_if_there else stem


def _tidy(name: str) -> str:
    """The name in what learning platforms write: Moodle's folder, Canvas' file prefix; spaces become '-'."""
    name = re.sub(r"_\d+_assignsubmission_.*$", "", name.strip())
    name = re.sub(r"(_LATE)?_\d{3,}_\d{3,}$", "", name)
    return re.sub(r"\s+", "-", name)


# --- putting it there -----------------------------------------------------------------------------------------------


def _groups(named: list[Found]) -> dict[tuple[str, str], list[Found]]:
    """Per student (capitals do not make another student, where file systems may ignore them) and assignment."""
    groups: dict[tuple[str, str], list[Found]] = {}
    spelled: dict[str, str] = {}
    for found in named:
        student = spelled.setdefault(found.student.casefold(), found.student)
        groups.setdefault((student, found.assignment), []).append(found)
    return groups


def _place(course: Course, student: str, assignment: str, group: list[Found], stamp: str) -> Iterator[Row]:
    """Put one student's notebooks of one assignment into submitted/.

    Of several hand-ins that tell their time the last counts, and the others are kept. Between files that tell none
    nobody guesses: the first is placed, the others are refused.
    """
    timed: dict[tuple[str, PurePosixPath], list[Found]] = {}
    loose: list[Found] = []
    for found in group:
        if found.manifest and found.container:
            timed.setdefault((found.manifest["time"], found.container), []).append(found)
        else:
            loose.append(found)
    *older, last = [timed[key] for key in sorted(timed)] or [loose]
    for number, batch in enumerate(older):
        _write(course.submitted_earlier / f"{stamp}-{number}" / student / assignment, batch)
        yield from (Row(f.source, "earlier", student, assignment, "a later hand-in counts; kept") for f in batch)
    chosen = _first_of_each(last)
    status, note = _swap_in(course, student, assignment, chosen, stamp)
    for found in chosen:
        yield Row(found.source, status, student, assignment, "; ".join(filter(None, [found.note, note])))
    placed = {found.notebook: found for found in chosen}
    for found in [f for f in (last if last is loose else last + loose) if f not in chosen]:
        other = placed.get(found.notebook)
        if other and other.data == found.data:
            yield Row(found.source, "unchanged", student, assignment, "the same file twice")
        else:
            clash = f"{(other or chosen[0]).source} is also {student}'s: keep the one that counts and collect again"
            yield Row(found.source, "refused", student, assignment, clash)


def _first_of_each(batch: list[Found]) -> list[Found]:
    return list({found.notebook: found for found in reversed(batch)}.values())[::-1]


def _swap_in(course: Course, student: str, assignment: str, chosen: list[Found], stamp: str) -> tuple[str, str]:
    """Rename the new folder into place; what was there moves to submitted-earlier/. (status, note) of the row."""
    target = course.submitted / student / assignment
    new = {f"{found.notebook}.ipynb": found.data for found in chosen}
    old = {p.relative_to(target).as_posix(): p.read_bytes() for p in content_files(target)}
    if old == new:
        return "unchanged", "already in submitted/"
    course.build.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=course.build, prefix="collect-") as scratch:
        fresh = Path(scratch, assignment)
        _write(fresh, chosen)
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


def _write(folder: Path, batch: list[Found]) -> None:
    folder.mkdir(parents=True)
    for found in batch:
        path = folder / f"{found.notebook}.ipynb"
        if path.exists():  # two copies of a notebook in one hand-in that is only kept: keep both
            path = folder / f"{found.notebook}-{PurePosixPath(found.place).stem}.ipynb"
        path.write_bytes(found.data)


def _free_stamp(course: Course) -> str:
    """The time in UTC as a folder name, one that no earlier run of the same second used."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    names = [f"{stamp}{suffix}" for suffix in ("", *(f"-r{n}" for n in range(1, 1000)))]
    taken = {p.name for p in course.submitted_earlier.glob(f"{stamp}*")}
    return next(name for name in names if not any(t == name or t.startswith(f"{name}-") for t in taken))
