"""From solutions/ to notebooks/: re-execute the solved notebooks, then let nbgrader make the student copies."""

from __future__ import annotations

import functools
import io
import json
import logging
import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from course_lib.grading.course import (
    Course,
    WorkbookError,
    content_files,
    is_answered,
    kernel_environment,
    read_notebook,
    solution_cells,
    this_environment,
    write_atomically,
)

if TYPE_CHECKING:
    from nbformat import NotebookNode

CELL_TIMEOUT = 600  # seconds: a solved cell that takes longer does not belong into a course notebook


def chosen(course: Course, assignments: Iterable[str] | None) -> list[str]:
    """The named assignments, or all. Raises WorkbookError without solutions/ or for an unknown name."""
    if not course.solutions.is_dir():
        raise WorkbookError(f"{course.root} has no solutions/: only the instructor's repository can make student notebooks")
    names = course.assignments()
    if not names:
        raise WorkbookError("solutions/ holds no assignment: each is a folder NAME with a notebook NAME.ipynb in it")
    return names if assignments is None else [course.resolve(name) for name in assignments]


# --- student copies -------------------------------------------------------------------------------------------------


def generate(course: Course, out: Path, assignments: Iterable[str] | None = None) -> None:
    """Run nbgrader's `generate_assignment` on solutions/ with `out` as release directory.

    The gradebook is not touched: nbgrader insists on a database, so it gets a throw-away one.
    Raises WorkbookError that names the assignment and nbgrader's reason; nbgrader's log is then in build/generate.log.
    """
    names = chosen(course, assignments)
    with tempfile.TemporaryDirectory() as scratch:
        database = Path(scratch, "gradebook.db")
        database.write_bytes(_empty_gradebook())
        for name in names:
            _generate_one(course, name, Path(out).resolve(), database)
            for path in course.notebook_files(Path(out), name):
                _forget_widgets(path)


def _forget_widgets(path: Path) -> None:
    """Drop the widgets' stored state from a student copy: nbgrader clears the outputs that showed them, but keeps it."""
    import nbformat

    nb = read_notebook(path)
    if nb.metadata.pop("widgets", None) is not None:
        write_atomically(path, nbformat.writes(nb) + "\n")


@functools.cache
def _empty_gradebook() -> bytes:
    """A new gradebook database. nbgrader starts another process for each (seconds), so one is made and copied."""
    from nbgrader.api import Gradebook

    with tempfile.TemporaryDirectory() as scratch, this_environment():
        path = Path(scratch, "gradebook.db")
        Gradebook(f"sqlite:///{path}").close()
        return path.read_bytes()


def _generate_one(course: Course, name: str, out: Path, database: Path) -> None:
    from nbgrader.converters import GenerateAssignment
    from nbgrader.coursedir import CourseDirectory

    log, text = _captured_log()
    config = _nbgrader_config(course, out, database)
    directory = CourseDirectory(config=config, log=log)
    directory.assignment_id = name
    before = os.getcwd()
    try:
        with this_environment():
            GenerateAssignment(coursedir=directory, config=config, log=log).start()
    except Exception as error:  # nbgrader raises bare Exceptions; what went wrong is in its log
        write_atomically(course.build / "generate.log", text.getvalue())
        raise WorkbookError(
            f"solutions/{name}: nbgrader could not make the student copy ({_reason(text.getvalue(), error)}). "
            "Correct the notebook; nbgrader's whole log is in build/generate.log"
        ) from error
    finally:
        os.chdir(before)


def _nbgrader_config(course: Course, out: Path, database: Path):
    """nbgrader_config.py of the course, with the directories and the database of this run put over it."""
    from traitlets.config import Config
    from traitlets.config.loader import PyFileConfigLoader

    config = Config()
    if (course.root / "nbgrader_config.py").is_file():
        config = PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config()
    over = Config()
    over.CourseDirectory.root = str(course.root)
    over.CourseDirectory.source_directory = course.solutions.name
    over.CourseDirectory.release_directory = str(out)
    over.CourseDirectory.db_url = f"sqlite:///{database}"
    config.merge(over)
    return config


def _captured_log() -> tuple[logging.Logger, io.StringIO]:
    text = io.StringIO()
    log = logging.Logger("workbook.generate", logging.INFO)  # not in the logging tree: nobody else prints it
    handler = logging.StreamHandler(text)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    log.addHandler(handler)
    return log, text


def _reason(log: str, error: Exception) -> str:
    """The first exception in nbgrader's log, which caused the others; what it raises only says "see above"."""
    found = re.findall(r"^(?:[\w.]*\.)?(\w*(?:Error|Exception)): (.+)$", log, re.MULTILINE)
    return f"{found[0][0]}: {found[0][1]}" if found else f"{type(error).__name__}: {error}"


def regenerate(course: Course, assignments: Iterable[str] | None = None) -> list[Path]:
    """Bring notebooks/ up to date with solutions/; the files that changed.

    Raises WorkbookError, having touched nothing, when somebody answered in notebooks/, when a file there would be lost,
    or when nbgrader fails.
    """
    names = chosen(course, assignments)
    course.build.mkdir(exist_ok=True)
    # Beside, on the same disk: a fault while generating leaves notebooks/ as it was, and the swap is a rename per file.
    with tempfile.TemporaryDirectory(dir=course.build, prefix="generate-") as fresh:
        generate(course, Path(fresh), names)
        refuse_answered(course, names, fresh=Path(fresh))
        refuse_strangers(course, names, Path(fresh))
        changed = []
        for source in content_files(Path(fresh)):
            target = course.notebooks / source.relative_to(fresh)
            data = source.read_bytes()
            if not target.is_file() or target.read_bytes() != data:
                write_atomically(target, data)
                changed.append(target)
    return changed


def refuse_answered(course: Course, assignments: Sequence[str], fresh: Path | None = None) -> None:
    """Raise WorkbookError naming the first cell in notebooks/ that somebody answered.

    nbgrader stores a checksum of each answer cell in the copy. Where it is gone, the cell is compared with the one in
    `fresh` (a newly generated tree), when given.
    """
    for name in assignments:
        for path in course.notebook_files(course.notebooks, name):
            new = fresh / name / path.name if fresh else None
            stubs = solution_cells(read_notebook(new)) if new and new.is_file() else {}
            for grade_id, cell in solution_cells(read_notebook(path)).items():
                if _was_answered(cell, stubs.get(grade_id)):
                    shown = course.show(path)
                    raise WorkbookError(
                        f"{shown}: cell {grade_id!r} holds an answer, which making the student copies anew would destroy. "
                        f"Move the file to work/{name}/ (or, to drop the answer: git checkout -- {shown}) and try again"
                    )


def _was_answered(cell: NotebookNode, stub: NotebookNode | None) -> bool:
    from nbgrader.utils import compute_checksum

    stored = cell.metadata["nbgrader"].get("checksum")
    if stored:
        return compute_checksum(cell) != stored
    return stub is not None and is_answered(cell, stub)


def refuse_strangers(course: Course, assignments: Sequence[str], fresh: Path) -> None:
    """Raise WorkbookError for a file in notebooks/ that solutions/ does not make: it may be somebody's own."""
    for name in assignments:
        for path in content_files(course.notebooks / name):
            if not (fresh / path.relative_to(course.notebooks)).exists():
                raise WorkbookError(
                    f"{course.show(path)}: nothing in solutions/{name}/ makes this file. Move it to work/{name}/ if it is "
                    "yours, or delete it if it is left over, and try again"
                )


def differences(course: Course, assignments: Iterable[str] | None = None) -> list[str]:
    """What in notebooks/ is not exactly what nbgrader makes of solutions/ now: one line a file, none when up to date."""
    names = chosen(course, assignments)
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch, "notebooks")
        generate(course, fresh, names)
        new = {p.relative_to(fresh).as_posix(): p for p in content_files(fresh)}
        old = {
            p.relative_to(course.notebooks).as_posix(): p for name in names for p in content_files(course.notebooks / name)
        }
        if assignments is None and course.notebooks.is_dir():
            gone = (p.name for p in course.notebooks.iterdir() if p.is_dir() and p.name not in names)
            old |= {p.relative_to(course.notebooks).as_posix(): p for g in gone for p in content_files(course.notebooks / g)}
        found = [f"notebooks/{name} is missing" for name in new.keys() - old.keys()]
        found += [f"notebooks/{name} is not made from solutions/" for name in old.keys() - new.keys()]
        found += [
            f"notebooks/{name} is out of date"
            for name in new.keys() & old.keys()
            if new[name].read_bytes() != old[name].read_bytes()
        ]
    return sorted(found)


# --- solved notebooks -----------------------------------------------------------------------------------------------


def execute_solutions(course: Course, assignments: Iterable[str] | None = None) -> list[Path]:
    """Run every solved notebook in a fresh kernel of this environment, in its own folder; the files that changed.

    Raises WorkbookError at the first cell that fails, naming notebook, cell number and first line. A notebook is
    written (whole, beside, then renamed) only after all its cells ran, and only when its content changed.
    """
    import nbformat
    from tqdm import tqdm

    names = chosen(course, assignments)
    files = [path for name in names for path in course.notebook_files(course.solutions, name)]
    solved = {path: read_notebook(path) for path in files}
    changed = []
    with tqdm(total=sum(len(nb.cells) for nb in solved.values()), unit="cell", disable=None) as bar:
        for path, nb in solved.items():
            bar.set_description(path.stem)
            _execute(course, path, nb, bar)
            strip_volatile(nb)
            text = nbformat.writes(nb) + "\n"
            if path.read_text(encoding="utf-8") != text:
                write_atomically(path, text)
                changed.append(path)
    return changed


def _execute(course: Course, path: Path, nb: NotebookNode, bar) -> None:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    at = [0]

    def started(cell, cell_index):
        at[0] = cell_index
        bar.update()

    nb.metadata.pop("widgets", None)  # of the run before; nbclient stores this run's, where there are any
    client = NotebookClient(
        nb,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,  # else the stored output depends on when the kernel flushed
        on_cell_start=started,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],  # ipykernel 7 warns of plain TCP at every start
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        with this_environment():
            client.execute(env=kernel_environment(course))
    except CellExecutionError as error:
        reason = f"{error.ename}: {error.evalue}".strip().splitlines()[0]
    except CellTimeoutError:
        reason = f"ran longer than {CELL_TIMEOUT} s"
    except DeadKernelError:
        reason = "the kernel died"
    else:
        return
    cell = nb.cells[at[0]]
    first = next((line.strip() for line in cell.source.splitlines() if line.strip()), "(empty)")
    raise WorkbookError(
        f"{course.show(path)}: cell {at[0]} ({first}) failed: {reason}. The file is as it was; correct it and try again"
    )


def strip_volatile(nb: NotebookNode) -> None:
    """Drop what differs from run to run or machine to machine: time stamps, the interpreter's version, widgets' ids."""
    for cell in nb.cells:
        cell.metadata.pop("execution", None)
    nb.metadata.get("language_info", {}).pop("version", None)
    number_widgets(nb)


WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"


def number_widgets(nb: NotebookNode) -> None:
    """Number the stored widgets in the order in which the notebook shows them; their own ids are drawn anew in every run.

    What a shown widget refers to (its layout) is numbered after it. Widgets that nothing shows are dropped.
    """
    stored = nb.metadata.get("widgets", {}).get(WIDGET_STATE)
    if not stored:
        return
    models = stored["state"]
    views = [
        output.data[WIDGET_VIEW]
        for cell in nb.cells
        for output in cell.get("outputs", [])
        if WIDGET_VIEW in output.get("data", {})
    ]
    found: list[str] = []
    waiting = [view["model_id"] for view in views]
    while waiting:
        model = waiting.pop(0)
        if model in models and model not in found:
            found.append(model)
            waiting = re.findall(r'"IPY_MODEL_(\w+)"', json.dumps(models[model]["state"], sort_keys=True)) + waiting
    new = {old: f"{number:032x}" for number, old in enumerate(found, start=1)}
    for view in views:
        view["model_id"] = new.get(view["model_id"], view["model_id"])
    stored["state"] = {new[old]: _renamed(models[old], new) for old in found}
    if not found:
        del nb.metadata["widgets"]


def _renamed(value, new: dict[str, str]):
    """A stored model with every "IPY_MODEL_<old>" in it as "IPY_MODEL_<new>"."""
    if isinstance(value, dict):
        return {name: _renamed(inner, new) for name, inner in value.items()}
    if isinstance(value, list):
        return [_renamed(inner, new) for inner in value]
    if isinstance(value, str) and value.startswith("IPY_MODEL_"):
        return f"IPY_MODEL_{new.get(value.removeprefix('IPY_MODEL_'), value.removeprefix('IPY_MODEL_'))}"
    return value
