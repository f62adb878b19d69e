"""The student bundle: a zip that holds everything a student needs and nothing that answers an exercise."""

from __future__ import annotations

import copy
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from course_lib.grading.course import (
    Course,
    WorkbookError,
    content_files,
    graded_cells,
    parse_notebook,
    read_notebook,
    write_atomically,
)
from course_lib.grading.generate import chosen, differences
from course_lib.grading.variants import CELL, LECTURES, Variants, give, read_roster, variant_cell
from course_lib.grading.written import without_scheme

# One name for every bundle: next week's zip unpacks into the same folder, beside the student's work/.
FOLDER = "workbook"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date a zip can hold
MARKERS = ("BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN TESTS", "END HIDDEN TESTS")
DISTINCTIVE = 24  # characters: a shorter answer (`return x * w`) may stand anywhere, so only its own cell is compared

README = """\
The student copy of the workbook. You need Python 3.11 or newer. In this folder, once:

    python -m venv .venv
    .venv/bin/python -m pip install --constraint requirements.lock ./{wheel}

and each time you work:

    .venv/bin/workbook lab

(Windows: .venv\\Scripts\\python and .venv\\Scripts\\workbook.)
With conda instead: conda env create -f environment.yml; conda activate cnn-backprop-workbook; workbook lab

The first `workbook lab` copies the notebooks into work/, where you fill them in; it never overwrites what is there.
When you are done: .venv/bin/workbook submit {example} checks your notebook and packs the hand-in.
"""

ENVIRONMENT = """\
# For conda and mamba. conda gives Python; pip installs the workbook, at the versions it was tested with.
name: cnn-backprop-workbook
channels:
  - conda-forge
dependencies:
  - python>=3.11
  - pip
  - pip:
      - --constraint requirements.lock
      - ./{wheel}
"""


def make_bundle(course: Course, assignment: str | None = None, out: Path | None = None) -> Path:
    """Write release/NAME-student.zip (NAME: the assignment, or "workbook" for all) or `out`; the path written.

    The bytes depend on the content alone. Raises WorkbookError when notebooks/ is not what solutions/ makes, when the
    wheel cannot be built, or when a member would give away a solution or a hidden test; nothing is written then.
    """
    names, label, members = _checked(course, assignment)
    target = Path(out) if out is not None else course.release / f"{label}-student.zip"
    if target.is_dir():
        target = target / f"{label}-student.zip"
    write_atomically(target, zip_bytes(members))
    return target


def unfinished(course: Course, assignment: str | None = None) -> list[str]:
    """A line for each question in words that carries points and that nobody could mark: without a model answer or a scheme."""
    names = chosen(course, None if assignment is None else [assignment])
    return [f"{course.show(path)}: {grade_id} carries points, and its model answer or its scheme for the marker "
            "(**Marking, n points.** and what to give for what) is missing"
            for name in names for path in course.notebook_files(course.solutions, name) for grade_id in without_scheme(read_notebook(path))]


def _checked(course: Course, assignment: str | None) -> tuple[list[str], str, dict[str, bytes]]:
    """(the assignments, what to call the bundle, its members): up to date, and without anything that gives an answer away."""
    names = chosen(course, None if assignment is None else [assignment])
    stale = differences(course, None if assignment is None else names)
    if stale:
        raise WorkbookError(f"{stale[0]}{f' (and {len(stale) - 1} more)' if stale[1:] else ''}: run `make notebooks` first")
    members = bundle_members(course, names)
    secrets = [secret for name in names for secret in secrets_of(course, name)]
    for name, data in members.items():
        refuse_leaks(name, data, secrets)
    return names, "workbook" if assignment is None else names[0], members


def make_variants(course: Course, roster: Path, assignment: str | None = None, out: Path | None = None) -> tuple[list[Path], list[str]]:
    """Write release/variants/NAME-STUDENT.zip (or into the folder `out`) for every student of the class list `roster`, each
    with numbers of their own, and turn variants on for these assignments: grading then expects the same numbers.
    Returns (the paths, the assignments with variants).

    Raises WorkbookError like `make_bundle` and `read_roster`, and where no notebook has a cell for the number.
    """
    import nbformat

    students = read_roster(roster)
    names, label, members = _checked(course, assignment)
    folder = Path(out) if out is not None else course.release / "variants"
    if folder.suffix == ".zip" or folder.is_file():
        raise WorkbookError(f"--out {folder}: with --variants it is a folder, for one zip a student")
    parsed = {name: parse_notebook(data, name) for name, data in members.items() if name.endswith(".ipynb")}
    varied = {name: PurePosixPath(name).parts[1] for name, nb in parsed.items() if variant_cell(nb) is not None}
    if not varied:
        raise WorkbookError(f"{', '.join(names)}: no notebook has a locked cell {CELL!r} with `{LECTURES}` in it, so there is nothing to vary")
    variants = Variants.of(course.root)
    on = sorted(set(varied.values()))
    variants.turn(on, True)
    paths = []
    for student in students:
        own = dict(members)
        for name, of in varied.items():
            nb = copy.deepcopy(parsed[name])
            give(nb, variants.number(of, student))
            own[name] = (nbformat.writes(nb) + "\n").encode("utf-8")
        write_atomically(path := folder / f"{label}-{student}.zip", zip_bytes(own))
        paths.append(path)
    return paths, on


def bundle_members(course: Course, names: list[str]) -> dict[str, bytes]:
    """Name (inside the bundle's folder) → bytes, of everything that goes into the bundle."""
    lock = course.root / "requirements.lock"
    if not lock.is_file():
        raise WorkbookError(f"{course.root} has no requirements.lock, which the student bundle needs: restore it from git")
    wheel, wheel_bytes = build_wheel(course)
    members = {
        path.relative_to(course.root).as_posix(): path.read_bytes()
        for name in names
        for path in content_files(course.notebooks / name)
    }
    members[wheel] = wheel_bytes
    members["requirements.lock"] = lock.read_bytes()
    members["environment.yml"] = ENVIRONMENT.format(wheel=wheel).encode()
    members["README.txt"] = README.format(wheel=wheel, example=names[-1].split("_")[0]).encode()
    return members


def zip_bytes(members: dict[str, bytes]) -> bytes:
    """A zip of `members`, sorted, with fixed dates and permissions: equal content gives equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name in sorted(members):
            info = zipfile.ZipInfo(f"{FOLDER}/{name}", EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix, also when made on Windows
            info.external_attr = 0o100644 << 16
            bundle.writestr(info, members[name])
    return buffer.getvalue()


def build_wheel(course: Course) -> tuple[str, bytes]:
    """The wheel of course_lib, as (file name, bytes), built offline by setuptools.

    In a copy of only what belongs in it: built in place, setuptools would also pack what an earlier build left behind.
    Raises WorkbookError with the last line that setuptools said.
    """
    if not (course.root / "pyproject.toml").is_file() or not (course.root / "course_lib").is_dir():
        raise WorkbookError(f"{course.root} has no pyproject.toml beside course_lib/: the wheel is built from these")
    with tempfile.TemporaryDirectory() as scratch:
        source, wheels = Path(scratch, "source"), Path(scratch, "wheels")
        ignore = shutil.ignore_patterns("__pycache__", "*.pyc", ".ipynb_checkpoints", ".*.part")
        shutil.copytree(course.root / "course_lib", source / "course_lib", ignore=ignore)
        for pattern in ("pyproject.toml", "MANIFEST.in", "README*", "LICENSE*"):
            for path in filter(Path.is_file, course.root.glob(pattern)):
                shutil.copy(path, source)
        wheels.mkdir()
        run = subprocess.run(
            [sys.executable, "-c", "import sys; from setuptools import build_meta as b; b.build_wheel(sys.argv[1])", wheels],
            cwd=source,
            env={**os.environ, "SOURCE_DATE_EPOCH": "315532800"},  # 1980, as EPOCH
            capture_output=True,
            text=True,
        )
        built = sorted(wheels.glob("*.whl"))
        if run.returncode or not built:
            said = (run.stderr.strip() or run.stdout.strip() or "setuptools said nothing").splitlines()[-1]
            raise WorkbookError(f"the wheel of course_lib could not be built: {said}. Check pyproject.toml and course_lib/")
        return built[0].name, built[0].read_bytes()


# --- what must not be in it -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Secret:
    """A run of lines that students must not get, and the cell it stands in."""

    what: str
    grade_id: str | None
    lines: tuple[str, ...]


def secrets_of(course: Course, assignment: str) -> Iterator[Secret]:
    """The solution and hidden-test regions of an assignment's solved notebooks, and answer cells that have no region."""
    for path in course.notebook_files(course.solutions, assignment):
        nb = read_notebook(path)
        ids = {id(cell): grade_id for grade_id, cell in graded_cells(nb).items()}
        for cell in nb.cells:
            grade_id = ids.get(id(cell))
            regions = [("solution", r) for r in _regions(cell.source, "SOLUTION")]
            if not regions and cell.metadata.get("nbgrader", {}).get("solution"):
                regions = [("solution", cell.source)]
            if cell.cell_type == "markdown" and "**Marking" in cell.source:
                regions.append(("marking scheme", cell.source[cell.source.index("**Marking"):]))
            regions += [("hidden test", r) for r in _regions(cell.source, "HIDDEN TESTS")]
            for kind, source in regions:
                if lines := normal_lines(source):
                    what = f"the {kind} of {grade_id or 'a cell'} in {course.show(path)}"
                    # A short run that the cell also gives openly (`return out`) gives nothing away.
                    given = holds(normal_lines(_outside(cell.source)), lines)
                    yield Secret(what, None if given else grade_id, lines)


def _region(kind: str) -> re.Pattern[str]:
    return re.compile(rf"^[^\n]*BEGIN {kind}[^\n]*\n(.*?)^[^\n]*END {kind}[^\n]*$", re.DOTALL | re.MULTILINE)


def _regions(source: str, kind: str) -> list[str]:
    return _region(kind).findall(source)


def _outside(source: str) -> str:
    """The part of a cell that students get; nothing of an answer cell that is one answer throughout."""
    shown = _region("SOLUTION").sub("", source)
    return _region("HIDDEN TESTS").sub("", shown) if shown != source or "BEGIN HIDDEN TESTS" in source else ""


def normal_lines(source: str) -> tuple[str, ...]:
    """The lines that say something: without indentation, inner spacing, empty lines and comments."""
    lines = ("".join(line.split()) for line in source.splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def holds(lines: tuple[str, ...], run: tuple[str, ...]) -> bool:
    """Whether `run` stands somewhere in `lines`, unbroken."""
    return any(lines[i : i + len(run)] == run for i in range(len(lines) - len(run) + 1))


def refuse_leaks(name: str, data: bytes, secrets: list[Secret]) -> None:
    """Raise WorkbookError when the bundle's member `name` holds a solution or a hidden test."""
    if name.endswith(".whl"):
        _refuse_wheel_leaks(name, data)
    elif name.endswith(".ipynb"):
        _refuse_notebook_leaks(name, data, secrets)
    else:
        _refuse_text_leaks(name, data.decode("utf-8", "replace"), secrets)


def _refuse_text_leaks(name: str, text: str, secrets: list[Secret]) -> None:
    for marker in MARKERS:
        if marker in text:
            raise _leak(name, f"the marker {marker!r}")
    lines = normal_lines(text)
    for secret in secrets:
        if _is_distinctive(secret) and holds(lines, secret.lines):
            raise _leak(name, secret.what)


def _refuse_notebook_leaks(name: str, data: bytes, secrets: list[Secret]) -> None:
    nb = parse_notebook(data, name)
    _refuse_text_leaks(name, data.decode("utf-8", "replace"), [])  # markers anywhere, also in metadata
    for cell in nb.cells:
        if cell.get("outputs"):
            raise _leak(name, f"the output of cell {cell.get('id', '?')!r}, which may show an answer")
        lines = normal_lines(cell.source)
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        for secret in secrets:
            own = grade_id is not None and grade_id == secret.grade_id
            if (own or _is_distinctive(secret)) and holds(lines, secret.lines):
                raise _leak(name, secret.what)


def _refuse_wheel_leaks(name: str, data: bytes) -> None:
    """The wheel rightly holds the reference library, and code that names the markers; but no notebook and no sample."""
    with zipfile.ZipFile(io.BytesIO(data)) as wheel:
        for member in wheel.namelist():
            path = PurePosixPath(member)
            inside = {"solutions", "samples", "tests"} & set(path.parts[:-1])
            if path.suffix == ".ipynb" or inside:
                raise _leak(f"{name}: {member}", "something that is not part of the library")
            if path.suffix == ".json" and any(m in wheel.read(member).decode("utf-8", "replace") for m in MARKERS):
                raise _leak(f"{name}: {member}", "notebook cells with solution markers")


def _is_distinctive(secret: Secret) -> bool:
    return sum(map(len, secret.lines)) >= DISTINCTIVE


def _leak(name: str, what: str) -> WorkbookError:
    return WorkbookError(f"no bundle made: its member {name} would hold {what}. Take it out and try again")
