"""Every row of the syllabus is taught, asked and tested; and what instructors read says so as it is."""

import ast
import re
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner

from course_lib.check.assignments import ASSIGNMENTS
from course_lib.cli.main import workbook
from course_lib.grading import coverage, handbook
from course_lib.grading.course import Course, WorkbookError

ROOT = Path(__file__).resolve().parents[2]
COURSE = Course(ROOT)
ROWS = coverage.coverage(COURSE)


def test_every_row_of_the_syllabus_has_its_notebook_exercise_and_test():
    assert {r.row: r.missing for r in ROWS if r.missing} == {}
    assert len(ROWS) == 103


def test_every_assignment_is_written():
    assert [name[:2] for name in COURSE.assignments()] == sorted(ASSIGNMENTS)


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.row)
def test_what_covers_a_row_is_there(row):
    for name in row.notebooks:
        assert row.row in nbformat.read(ROOT / "solutions" / name / f"{name}.ipynb", as_version=4).metadata.workbook.rows
    for id in row.exercises:
        assert any(name.startswith(id[:2]) for name in row.notebooks), f"{id} names {row.row}, which its notebook does not list"
    for test in row.tests:
        file, *names = test.split("::")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        for name in names:
            tree = next(n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and n.name == name)
        assert not names or names[-1].startswith(("test", "Test")), test


# --- markers, read from source ---------------------------------------------------------------------------------------

SOURCE = """
import pytest
pytestmark = pytest.mark.row("whole")

@pytest.mark.row("one", "two")
def test_a(): ...

@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.row("param")), 2])
def test_b(x): ...

@pytest.mark.row("class")
class TestC:
    @pytest.mark.row("method")
    def test_d(self): ...

# @pytest.mark.row("comment")
def test_e():
    "pytest.mark.row('text')"
"""


def test_marks_are_read_and_comments_are_not():
    assert set(coverage.marked(ast.parse(SOURCE))) == {
        ("", "whole"), ("test_a", "one"), ("test_a", "two"), ("test_b", "param"), ("TestC", "class"), ("TestC::test_d", "method"),
    }


def test_the_source_says_what_pytest_collects(request):
    """For this run's own tests: each marker that pytest found stands in the table. (Marks of single parameters, which may be
    computed, cannot be read from the source.)"""
    known = {r.row: {t.partition("[")[0] for t in r.tests} for r in ROWS}
    for item in request.session.items:
        of_parameters = getattr(getattr(item, "callspec", None), "marks", ())
        for mark in item.iter_markers("row"):
            if mark in of_parameters:
                continue
            file, _, name = item.nodeid.partition("::")
            for row in mark.args:
                mine = {t for t in known[row] if t.partition("::")[0] == file}
                assert mine, item.nodeid
                assert any(not t.partition("::")[2] or name.startswith(t.partition("::")[2]) for t in mine), item.nodeid


@pytest.mark.parametrize("what", ["notebook", "exercise", "test"])
def test_a_row_that_is_not_in_the_syllabus_is_said(what, monkeypatch):
    function = {"notebook": "rows_of_notebooks", "exercise": "rows_of_exercises", "test": "rows_of_tests"}[what]
    monkeypatch.setattr(coverage, function, lambda _: {"B-flatt": ["here"]})
    with pytest.raises(WorkbookError, match=f"no row 'B-flatt', which the {what} here names"):
        coverage.coverage(COURSE)


def test_a_row_lacks_what_it_asks_for():
    def lacks(kind="exercise", why="", notebooks=("x",), exercises=("x",), tests=("x",)):
        return coverage.Covered("r", kind, "t", why, notebooks, exercises, tests).missing

    assert lacks() == () and lacks(notebooks=()) == ("notebook",)
    assert lacks(exercises=()) == ("exercise",) and lacks("demo", exercises=()) == () and lacks("slip", exercises=()) == ()
    assert lacks(tests=()) == ("test",) and lacks("demo", why="a date", tests=()) == ()


def test_the_command_prints_a_line_a_row_and_fails_while_something_is_missing():
    result = CliRunner().invoke(workbook, ["--root", str(ROOT), "coverage"])
    lines = result.stdout.splitlines()
    assert [re.split(" {2,}", line)[0] for line in lines[2:-1]] == [r.row for r in ROWS]
    assert lines[-1] == coverage.summary(ROWS)
    assert result.exit_code == (1 if any(r.missing for r in ROWS) else 0)


# --- what instructors read -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path, text", handbook.texts(COURSE).items(), ids=lambda p: getattr(p, "name", ""))
def test_the_file_is_up_to_date(path, text):
    assert path.read_text(encoding="utf-8") == text, "run: workbook coverage --write"


def test_the_table_names_every_row_once():
    text = (ROOT / "solutions" / coverage.FILE).read_text(encoding="utf-8")
    assert re.findall(r"^\| ([A-EOX]-[\w-]+) \|", text, re.M) == [r.row for r in ROWS]
