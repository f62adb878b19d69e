"""Which row of the syllabus is taught, asked and tested where: read from metadata and markers, never from comments.

A row is covered when a notebook lists it (metadata `workbook.rows`), an exercise of such a notebook names it (where the row
asks for an exercise) and a test is marked with it (where there is something to compute).
"""

from __future__ import annotations

import ast
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from course_lib.check.exercises import MODULES, exercises

from .course import Course, WorkbookError, read_notebook

ROWS = Path("tests", "rows.toml")
FILE = "COVERAGE.md"  # in solutions/


@dataclass(frozen=True)
class Covered:
    """One row of the syllabus. notebooks by name, exercises by id, tests as "file::function" from the repository's root."""

    row: str
    kind: str
    topic: str
    why: str
    notebooks: tuple[str, ...]
    exercises: tuple[str, ...]
    tests: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """What the row lacks; nothing where it is covered."""
        lacks = [] if self.notebooks else ["notebook"]
        if self.kind == "exercise" and not self.exercises:
            lacks.append("exercise")
        if not self.why and not self.tests:
            lacks.append("test")
        return tuple(lacks)


def coverage(course: Course) -> list[Covered]:
    """Every row of tests/rows.toml, in its order. Raises WorkbookError where there is no such file, and for a notebook, an
    exercise or a test that names a row which is not in it."""
    path = course.root / ROWS
    if not path.is_file():
        raise WorkbookError(f"{course.root} has no {ROWS.as_posix()}: only the course's repository knows its rows")
    rows = tomllib.loads(path.read_text(encoding="utf-8"))
    named = {"notebook": rows_of_notebooks(course), "test": rows_of_tests(course.root)}
    named["exercise"] = rows_of_exercises(course)
    for what, found in named.items():
        if unknown := set(found) - set(rows):
            row = sorted(unknown)[0]
            raise WorkbookError(f"{ROWS.as_posix()} has no row {row!r}, which the {what} {found[row][0]} names")
    return [Covered(row, entry["kind"], entry["topic"], entry.get("why", ""),
                    *(tuple(named[what].get(row, ())) for what in ("notebook", "exercise", "test"))) for row, entry in rows.items()]


def rows_of_notebooks(course: Course) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name in course.assignments():
        for path in course.notebook_files(course.solutions, name):
            for row in read_notebook(path).metadata.get("workbook", {}).get("rows", ()):
                found[row].append(path.stem)
    return found


def rows_of_exercises(course: Course) -> dict[str, list[str]]:
    """Only of assignments that have a notebook: an exercise that nobody is given covers nothing."""
    there = {name[:2] for name in course.assignments()}
    found: dict[str, list[str]] = defaultdict(list)
    for number in MODULES:
        for id, exercise in exercises(number).items() if number in there else ():
            for row in exercise.rows:
                found[row].append(id)
    return found


def rows_of_tests(root: Path) -> dict[str, list[str]]:
    """The tests that a `pytest.mark.row("ID")` marks, from their source: nothing is imported."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted((root / "tests").rglob("test_*.py")):
        name = path.relative_to(root).as_posix()
        for test, row in marked(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
            node = f"{name}::{test}" if test else name
            if node not in found[row]:
                found[row].append(node)
    return {row: sorted(tests, key=_nearest) for row, tests in found.items() if tests}


def _nearest(test: str) -> tuple[int, str]:
    """The tests of the notebooks' own numbers first, then those of the library, then of what is around."""
    folder = test.split("/")[1]
    return (("check", "core").index(folder) if folder in ("check", "core") else 2, test)


def marked(tree: ast.AST, inside: str = "") -> list[tuple[str, str]]:
    """(test, row) of every mark: of a decorator, of a parameter (`marks=`), or of a whole class or module (`pytestmark`)."""
    found = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Call) and _is_row_mark(node.func):
            found += [(inside, arg.value) for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        deeper = node.name if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else ""
        found += marked(node, "::".join(filter(None, (inside, deeper))))
    return found


def _is_row_mark(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and function.attr == "row" and isinstance(function.value, ast.Attribute) and function.value.attr == "mark"


# --- as tables -------------------------------------------------------------------------------------------------------

HEADER = ("row", "what", "notebook", "exercise", "test", "missing")


def table_rows(rows: list[Covered]) -> list[tuple[str, ...]]:
    return [(r.row, r.topic, ", ".join(n[:2] for n in r.notebooks), ", ".join(_exercises(r)), _first(r), ", ".join(r.missing)) for r in rows]


def _exercises(row: Covered) -> list[str]:
    return [*row.exercises] if row.exercises or row.kind == "exercise" else [f"({row.kind})"]


def _first(row: Covered) -> str:
    """One test by name, and in how many further files there are some."""
    if not row.tests:
        return f"none needed: {row.why}" if row.why else ""
    first = row.tests[0]
    others = {t.partition("::")[0] for t in row.tests} - {first.partition("::")[0]}
    return first.removeprefix("tests/") + (f" and in {len(others)} more file{'s' if len(others) > 1 else ''}" if others else "")


def summary(rows: list[Covered]) -> str:
    short = [r for r in rows if r.missing]
    return f"{len(rows) - len(short)} of {len(rows)} rows covered" + (f"; missing something: {', '.join(r.row for r in short)}." if short else ".")


def markdown(course: Course, rows: list[Covered]) -> str:
    """The table for instructors, as the file solutions/COVERAGE.md."""
    lines = ["# Where each row of the syllabus is", "",
             "Made by `workbook coverage --write` from the notebooks' metadata, the exercises and the tests' markers: do not edit.", "",
             "The letter is the lecture's (A to E), O an addition, X a slip in a lecture that the reader finds. A row marked (demo) is shown",
             "with a worked number and not graded; a row marked (slip) is found by the reader. Tests are in `tests/`.", "", summary(rows), "",
             "| row | what | notebook | exercise | test |", "|---|---|---|---|---|"]
    for r in rows:
        notebooks = ", ".join(f"[{n}]({n}/{n}.ipynb)" for n in r.notebooks) or "**missing**"
        asked = ", ".join(f"`{e}`" for e in r.exercises) or (f"({r.kind})" if r.kind != "exercise" else "**missing**")
        tests = _first(r)
        tested = (f"`{tests.split(' and in ')[0]}`" + tests[len(tests.split(" and in ")[0]):] if r.tests else tests) or "**missing**"
        lines.append(f"| {r.row} | {r.topic.replace('|', '&#124;')} | {notebooks} | {asked} | {tested} |")
    return "\n".join(lines) + "\n"
