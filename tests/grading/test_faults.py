"""What goes wrong around a class: two runs at once, a page or a folder that cannot be written, hidden tests on a page."""

import copy
import csv
import json

import nbformat.v4 as v4
import pytest
from classroom import NAME, OTHER, ROOT, course_at, grade_class, hand_in

from course_lib.grading.course import WorkbookError
from course_lib.grading.exports import HEADER, write_grades
from course_lib.grading.feedback import HideTests
from course_lib.grading.gradebook import Folders, reason
from course_lib.grading.hand_ins import find_tasks
from course_lib.grading.locks import check_unlocked, only_run
from course_lib.grading.messages import NOT_GRADED
from course_lib.grading.report import Outcome

THEIRS = f"{OTHER}/{OTHER}.ipynb"


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """(course, outcomes by student) of a class in which one student has a name that is a pattern, and one page cannot be written."""
    course = course_at(tmp_path_factory.mktemp("faults"))
    for student in ("[a]", "bo", "pageless"):
        hand_in(course, student)
    hand_in(course, "other", ROOT / "notebooks" / THEIRS)
    (course.submitted / ".ipynb_checkpoints" / NAME).mkdir(parents=True)
    (course.root / "feedback").mkdir()
    (course.root / "feedback" / "pageless").write_text("a file where the student's folder should be")
    write_grades(course.root / "grades.csv", [Outcome("zoe", OTHER, points=3, most=4), Outcome("gone", NAME, points=1, most=5)], [])
    return course, {o.student: o for o in grade_class(course, NAME, jobs=2)}


def test_the_class_goes_on_where_a_page_cannot_be_written(graded):
    course, outcomes = graded
    assert {s: (o.verdict, o.failed) for s, o in outcomes.items()} == {
        "[a]": ("ok", False), "bo": ("ok", False), "other": ("wrong-assignment", False), "pageless": ("ok", True)}
    assert "no new feedback page" in outcomes["pageless"].notes[0]
    assert (course.root / "feedback" / "bo" / NAME / f"{NAME}.html").is_file()


def test_grades_csv_keeps_what_was_not_graded_now(graded):
    with (graded[0].root / "grades.csv").open(encoding="utf-8") as f:
        rows = {(r["student"], r["assignment"]): r["points"] for r in csv.DictReader(f)}
    assert rows == {("zoe", OTHER): "3", ("[a]", NAME): "0", ("bo", NAME): "0", ("other", NAME): "0", ("pageless", NAME): "0"}


def test_an_earlier_grade_stays_where_this_run_gave_none(tmp_path):
    write_grades(tmp_path / "g.csv", [Outcome("bo", NAME, points=4, most=5)], [NAME])
    write_grades(tmp_path / "g.csv", [Outcome("bo", NAME, NOT_GRADED, failed=True)], [NAME])
    assert list(csv.reader((tmp_path / "g.csv").open()))[1:] == [["bo", NAME, "ok", "4", "5", "0", "", "", "0", "4", "", "", "0"]]
    (tmp_path / "g.csv").write_text("somebody's,own,columns\n1,2,3\n")
    write_grades(tmp_path / "g.csv", [], [NAME])
    assert list(csv.reader((tmp_path / "g.csv").open())) == [HEADER]


def test_folders_of_editors_are_no_students(tmp_path):
    (tmp_path / ".ipynb_checkpoints" / NAME).mkdir(parents=True)
    (tmp_path / "ada" / NAME).mkdir(parents=True)
    assert [t.student for t in find_tasks(tmp_path, [NAME])] == ["ada"]


def test_two_runs_at_once_are_one_too_many(tmp_path):
    course = course_at(tmp_path)
    hand_in(course, "bo")
    with only_run(Folders.of(course).scratch), pytest.raises(WorkbookError, match="another `workbook grade` is at work"):
        grade_class(course, NAME)
    with only_run(Folders.of(course).scratch), only_run(Folders.of(course, sample=True).scratch):
        pass  # the sample class has folders of its own


def test_a_database_of_something_else_and_a_folder_are_no_gradebook(tmp_path):
    import sqlite3

    with sqlite3.connect(tmp_path / "gradebook.db") as db:
        db.execute("create table photos (name)")
    with pytest.raises(WorkbookError, match="other tables"):
        check_unlocked(tmp_path / "gradebook.db")
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(WorkbookError, match="a folder"):
        check_unlocked(tmp_path / "folder.db")


def test_hidden_tests_are_not_on_the_page():
    label = {"grade": True, "solution": False, "locked": True, "grade_id": "t", "points": 3, "schema_version": 3, "task": False}
    source = "# Hidden tests\n### BEGIN HIDDEN TESTS\ncheck('x', f, seed=7)\n### END HIDDEN TESTS"
    failed = v4.new_output("error", ename="NameError", evalue="name 'f' is not defined", traceback=["---> check('x', f, seed=7)"])
    for text in (source, source.removesuffix("### END HIDDEN TESTS")):
        cell = v4.new_code_cell(text, metadata={"nbgrader": label}, outputs=[copy.deepcopy(failed)])
        HideTests().preprocess_cell(cell, {}, 0)
        assert cell.source == "# Hidden tests" and "seed" not in json.dumps(cell) and "not defined" in cell.outputs[0].traceback[0]


def test_no_feedback_page_shows_a_hidden_test(graded):
    pages = list((graded[0].root / "feedback").rglob("*.html"))
    assert len(pages) == 3
    for page in pages:
        assert "BEGIN HIDDEN TESTS" not in page.read_text(encoding="utf-8")


def test_nbgraders_reason_is_the_error_itself():
    log = "INFO x\nsqlalchemy.exc.OperationalError: (sqlite3.OperationalError) disk is full\nnbgrader.converters.base.NbGraderException: see above"
    assert reason(log) == "sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) disk is full"
    assert reason("nbgrader.converters.base.NbGraderException: no notebooks") == "nbgrader.converters.base.NbGraderException: no notebooks"
    assert reason("") == "no reason given"
