"""Tiny courses for the tests: nbgrader's metadata for real, a function or two, nothing to compute."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_lib.grading.course import Course

FLAT, CONV = "01_flat", "07_conv"
START = "00_start_here"
HIDDEN = "assert double(1234567) == 2469134  # hidden"


def meta(grade_id: str, *, solution: bool = False, points: float | None = None) -> dict:
    grade = points is not None
    data = {"grade_id": grade_id, "solution": solution, "grade": grade, "locked": not solution, "schema_version": 3}
    if grade:
        data["points"] = points
    return {"nbgrader": data | {"task": False}}


def solved_notebook(prefix: str, *, solution: str = "twice = number + number", extra_cells=()) -> nbformat.NotebookNode:
    """One answer cell and its test with a hidden region; `prefix` makes the grade ids the assignment's own."""
    answer = f"def double(number):\n    ### BEGIN SOLUTION\n    {solution}\n    return twice\n    ### END SOLUTION"
    test = f"assert double(2) == 4\n### BEGIN HIDDEN TESTS\n{HIDDEN}\n### END HIDDEN TESTS"
    cells = [
        new_markdown_cell(f"# {prefix}", id="title"),
        new_code_cell(answer, id="answer", metadata=meta(f"{prefix}-double", solution=True)),
        new_code_cell(test, id="test", metadata=meta(f"{prefix}-double-test", points=2)),
        new_code_cell("print(double(21))", id="show"),
        *extra_cells,
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def write_notebook(path: Path, nb: nbformat.NotebookNode) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(nb) + "\n", encoding="utf-8")
    return path


def answered(path: Path, source: str = "def double(number):\n    return 2 * number") -> bytes:
    """The notebook at `path` with its answer cell filled in, as bytes."""
    nb = json.loads(path.read_text(encoding="utf-8"))
    for cell in nb["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = source
    return json.dumps(nb).encode()


def make_course(root: Path, names=(FLAT, CONV)) -> Course:
    """A course with solved notebooks, no student copies yet."""
    (root / "nbgrader_config.py").write_text("c = get_config()\n")
    for name in names:
        write_notebook(root / "solutions" / name / f"{name}.ipynb", solved_notebook(name))
    return Course(root.resolve())


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below `folder`, for comparing before and after."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@dataclass
class Result:
    """What `run_checks` returns one of, for tests that replace it."""

    exercise: str
    points: float
    max_points: float
    status: str
    message: str = ""
