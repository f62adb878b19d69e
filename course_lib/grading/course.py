"""Where a course keeps its things, and how its notebooks are read and written.

Heavy modules (nbformat) are imported inside the functions, so that `workbook --help` answers at once.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

START_HERE = "00_start_here"
NOT_CONTENT = {".ipynb_checkpoints", "__pycache__", ".DS_Store", "Thumbs.db"}


class WorkbookError(Exception):
    """Something the user can put right. The message is one line: the thing, what it was, what to do."""


@dataclass(frozen=True)
class Course:
    """A course folder: the repository, or the folder that a student unpacked from the student bundle."""

    root: Path

    @classmethod
    def find(cls, start: Path | str | None = None) -> Course:
        """The course that holds `start` (default: the current folder), walking up.

        Raises WorkbookError when no folder on the way up is a course.
        """
        begin = Path(start) if start is not None else Path.cwd()
        begin = begin.resolve()
        for folder in (begin, *begin.parents):
            if cls._is_course(folder):
                return cls(folder)
        raise WorkbookError(
            f"no course found in {begin} or above it: looked for a folder with nbgrader_config.py beside solutions/ or "
            "notebooks/, or with requirements.lock beside notebooks/. Go to the course folder (cd) or name it: "
            "workbook --root FOLDER ..."
        )

    @classmethod
    def at(cls, root: Path | str) -> Course:
        """The course whose root is exactly `root`. Raises WorkbookError when `root` is not a course folder."""
        folder = Path(root)
        if not folder.is_dir():
            raise WorkbookError(f"--root {root}: there is no such folder")
        if not cls._is_course(folder):
            raise WorkbookError(
                f"--root {root}: not a course folder (nbgrader_config.py beside solutions/ or notebooks/, or "
                "requirements.lock beside notebooks/, is missing)"
            )
        return cls(folder.resolve())

    @staticmethod
    def _is_course(folder: Path) -> bool:
        has_notebooks = (folder / "notebooks").is_dir()
        if (folder / "nbgrader_config.py").is_file():
            return has_notebooks or (folder / "solutions").is_dir()
        return has_notebooks and (folder / "requirements.lock").is_file()

    @property
    def solutions(self) -> Path:
        return self.root / "solutions"

    @property
    def notebooks(self) -> Path:
        return self.root / "notebooks"

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def submitted(self) -> Path:
        return self.root / "submitted"

    @property
    def submitted_earlier(self) -> Path:
        return self.root / "submitted-earlier"

    @property
    def hand_in(self) -> Path:
        return self.root / "hand-in"

    @property
    def release(self) -> Path:
        return self.root / "release"

    @property
    def build(self) -> Path:
        """Scratch: what can be made again at any time (git-ignored, removed by `workbook clean`)."""
        return self.root / "build"

    @property
    def pristine(self) -> Path:
        """The tree that says which cells an assignment has: notebooks/, or solutions/ before the first generation."""
        return self.notebooks if self.notebooks.is_dir() else self.solutions

    def assignments(self) -> list[str]:
        """Sorted names of the assignments: folders of solutions/ (a student bundle: notebooks/) with NAME/NAME.ipynb."""
        tree = self.solutions if self.solutions.is_dir() else self.notebooks
        if not tree.is_dir():
            return []
        return sorted(f.name for f in tree.iterdir() if (f / f"{f.name}.ipynb").is_file())

    def resolve(self, name: str) -> str:
        """The assignment called `name`, or the only one with that number or prefix ("07" or "7" → "07_conv_backward").

        Raises WorkbookError that lists the choices when none or several match.
        """
        names = self.assignments()
        if name in names:
            return name
        matches = [n for n in names if name and n.startswith(name)]
        if name.isdecimal():
            numbered = [n for n in names if (m := re.match(r"\d+", n)) and int(m[0]) == int(name)]
            matches = numbered or matches
        if len(matches) == 1:
            return matches[0]
        if not names:
            raise WorkbookError(f"there is no assignment in {self.root}: solutions/ and notebooks/ hold none")
        what = "could be " + " or ".join(matches) if matches else "is not one of " + ", ".join(names)
        raise WorkbookError(f"assignment {name!r} {what}. Give its number or its whole name")

    def notebook_files(self, tree: Path, assignment: str) -> list[Path]:
        """The notebooks in an assignment's folder of `tree`, the one named like the assignment first."""
        files = (tree / assignment).glob("*.ipynb")
        return sorted((f for f in files if f.is_file()), key=lambda f: (f.stem != assignment, f.name))

    def known_ids(self) -> dict[tuple[str, str], set[str]]:
        """Which grade ids each notebook has: {(assignment, notebook name without .ipynb): ids}."""
        known = {}
        for assignment in self.assignments():
            for file in self.notebook_files(self.pristine, assignment):
                known[assignment, file.stem] = set(graded_cells(read_notebook(file)))
        return known

    def show(self, path: Path) -> str:
        """`path` as a reader should see it: relative to the course where it lies inside."""
        try:
            return Path(path).relative_to(self.root).as_posix()
        except ValueError:
            return str(path)


def recognise(nb: NotebookNode, known: Mapping[tuple[str, str], set[str]]) -> tuple[str, str] | None:
    """Which (assignment, notebook) the cells of `nb` belong to, judged by their grade ids alone; None when no cell does.

    Where an editor dropped all labels, answers are known by what their text says: the function, or the comment in it."""
    ids = set(graded_cells(nb)) or _ids_in_text(nb)
    shared = {key: len(ids & theirs) for key, theirs in known.items() if ids & theirs}
    if not shared:
        return None
    # Two assignments may share an id: the larger part of the assignment's own cells decides.
    return max(sorted(shared), key=lambda key: (shared[key], shared[key] / len(known[key])))


def _ids_in_text(nb: NotebookNode) -> set[str]:
    from .written import marked

    functions = {name for c in nb.cells if c.cell_type == "code" for name in re.findall(r"^(?:def|class)\s+(\w+)\b", c.source, re.MULTILINE)}
    return functions | {name for c in nb.cells if c.cell_type == "markdown" and (name := marked(c.source))}


def graded_cells(nb: NotebookNode) -> dict[str, NotebookNode]:
    """Every cell that nbgrader knows, by its grade id; of a repeated id the first cell."""
    cells: dict[str, NotebookNode] = {}
    for cell in nb.cells:
        grade_id = _nbgrader(cell).get("grade_id")
        if isinstance(grade_id, str):
            cells.setdefault(grade_id, cell)
    return cells


def solution_cells(nb: NotebookNode) -> dict[str, NotebookNode]:
    """The cells a learner answers in, by their grade id; of a repeated id the first cell."""
    return {grade_id: cell for grade_id, cell in graded_cells(nb).items() if _nbgrader(cell).get("solution")}


def is_answered(student_cell: NotebookNode, pristine_cell: NotebookNode) -> bool:
    """Whether the learner changed the cell; blank lines at the end and spaces at line ends do not count."""
    return _lines(student_cell.source) != _lines(pristine_cell.source)


def _nbgrader(cell: NotebookNode) -> Mapping:
    meta = cell.get("metadata", {}).get("nbgrader")
    return meta if isinstance(meta, Mapping) else {}


def _lines(source: str) -> list[str]:
    return [line.rstrip() for line in source.rstrip().splitlines()]


def read_notebook(path: Path | str) -> NotebookNode:
    """The notebook in the file `path`, as nbformat 4.

    Raises WorkbookError when it is missing, not a file, not JSON, JSON but no notebook, or of another major format.
    """
    path = Path(path)
    if path.is_dir():
        raise WorkbookError(f"{path}: a folder, not a notebook file. Name the .ipynb file in it")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise WorkbookError(f"{path}: there is no such file") from None
    except OSError as error:
        raise WorkbookError(f"{path}: cannot be read ({error.strerror or error})") from None
    return parse_notebook(data, str(path))


def parse_notebook(data: bytes, name: str) -> NotebookNode:
    """The notebook in `data`; `name` is what the error message calls it. Raises WorkbookError like `read_notebook`."""
    from nbformat import from_dict
    from nbformat.v4.rwbase import rejoin_lines, strip_transient

    try:
        raw = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        hint = "the file is empty" if not data.strip() else "it may be a broken download"
        raise WorkbookError(f"{name}: not a notebook, since it is not JSON ({hint}). Save it again from Jupyter") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("nbformat"), int):
        raise WorkbookError(f"{name}: JSON, but not a notebook (no nbformat number). Save it again from Jupyter")
    if raw["nbformat"] != 4:
        age = "an old" if raw["nbformat"] < 4 else "a newer"
        raise WorkbookError(
            f"{name}: {age} notebook format ({raw['nbformat']}; this course reads 4). Open it in JupyterLab and save it"
        )
    # Jupyter opens notebooks with small faults (a missing "outputs"), so only what is read here is asked for.
    if not isinstance(raw.get("cells"), list) or not all(map(_is_cell, raw["cells"])):
        raise WorkbookError(f"{name}: JSON, but not a notebook (its cells are damaged). Save it again from Jupyter")
    raw.setdefault("metadata", {})
    for cell in raw["cells"]:
        cell.setdefault("metadata", {})
        if cell["cell_type"] == "code":
            cell.setdefault("outputs", [])
            cell.setdefault("execution_count", None)
    return strip_transient(rejoin_lines(from_dict(raw)))


def _is_cell(cell: object) -> bool:
    if not isinstance(cell, dict) or not isinstance(cell.get("metadata", {}), dict):
        return False
    source = cell.get("source")
    text = isinstance(source, str) or (isinstance(source, list) and all(isinstance(s, str) for s in source))
    return text and cell.get("cell_type") in {"code", "markdown", "raw"} and isinstance(cell.get("outputs", []), list)


def write_atomically(path: Path | str, content: str | bytes) -> None:
    """Write the file whole or not at all: into a file beside it, then renamed over it."""
    path = Path(path)
    data = content.encode("utf-8") if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from None  # the name that the caller knows
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(beside, _mode(path))
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _mode(path: Path) -> int:
    """The old file's permissions; a new file gets what open() would have given (mkstemp makes private files)."""
    if path.exists():
        return path.stat().st_mode & 0o7777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def content_files(folder: Path) -> list[Path]:
    """Every file below `folder`, sorted, without checkpoints, caches and what file managers leave."""
    found = []
    for here, folders, files in os.walk(folder):
        folders[:] = [f for f in folders if f not in NOT_CONTENT]
        found += [Path(here, f) for f in files if f not in NOT_CONTENT and not f.endswith((".pyc", ".part"))]
    return sorted(found)


def environment_variables(course: Course | None = None) -> dict[str, str]:
    """What makes other programs use this Python environment, also when it was not activated (`.venv/bin/workbook`)."""
    path = os.environ.get("PATH", "")
    scripts = sysconfig.get_path("scripts")
    over = {
        # nbgrader starts `alembic` by its bare name, and learners write !pip in a cell.
        "PATH": path if path.split(os.pathsep)[0] == scripts else os.pathsep.join(filter(None, [scripts, path])),
        # Else a kernel called python3 that the user once installed for another Python would be taken.
        "JUPYTER_PREFER_ENV_PATH": "1",
    }
    if course is not None and (course.root / "course_lib").is_dir():
        over["PYTHONPATH"] = os.pathsep.join(filter(None, [str(course.root), os.environ.get("PYTHONPATH", "")]))
    return over


def kernel_environment(course: Course) -> dict[str, str]:
    """The whole environment for kernels and JupyterLab: this Python's programs first, the course's own course_lib."""
    return os.environ | environment_variables(course)


@contextlib.contextmanager
def this_environment() -> Iterator[None]:
    """Within it, programs and the kernel name python3 mean those of this Python environment; nbgrader needs that."""
    over = environment_variables()
    before = {name: os.environ.get(name) for name in over}
    os.environ.update(over)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


STUDENT_NAME = re.compile(r"[^\W_][\w.@-]{0,63}")


def student_name(name: str) -> str:
    """`name` when it can name a folder on every system; raises WorkbookError otherwise."""
    if not STUDENT_NAME.fullmatch(name) or name.endswith("."):
        raise WorkbookError(
            f"student name {name!r}: use up to 64 letters, digits, '.', '_', '@' or '-', beginning with a letter or "
            "digit (--student NAME)"
        )
    return name


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A plain text table: columns as wide as their longest entry, numbers set to the right."""
    rows = [tuple(row) for row in rows]
    if not rows:
        return ""
    right = [all(isinstance(value, (int, float)) for value in column) for column in zip(*rows, strict=True)]
    body = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *body, strict=True)]
    lines = [list(header), ["-" * w for w in widths], *body]
    return "\n".join(
        "  ".join(v.rjust(w) if r else v.ljust(w) for v, w, r in zip(line, widths, right, strict=True)).rstrip() for line in lines
    )


def _cell(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else " ".join(str(value).split())
