"""Answers in words, marked by a person: never 0 and never full before that, and nothing a person gave is lost."""

import csv
import shutil
import sqlite3

import nbformat
import pytest
from classroom import NAME, ROOT, course_at, grade_class
from nbgrader.api import Gradebook

from course_lib.grading.course import Course, read_notebook
from course_lib.grading.frame import grade_id
from course_lib.grading.sample import solved_answers
from page_cases import Page

WHY = "why-swap"
WORDS = "Because $y$ scales every step of $x$ on its way."


def hand_in(course, student, words=WORDS, **answers):
    nb = read_notebook(ROOT / "notebooks" / NAME / f"{NAME}.ipynb")
    given = solved_answers(course, NAME) | answers | ({WHY: words} if words is not None else {})
    for cell in nb.cells:
        if grade_id(cell) in given:
            cell.source = given[grade_id(cell)]
    path = course.submitted / student / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, path)


def mark(course, student, points, comment=None):
    """What the formgrader writes when somebody marks."""
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as gb:
        grade = gb.find_grade(WHY, NAME, NAME, student)
        grade.manual_score, grade.needs_manual_grade = points, False
        if comment:
            gb.find_comment(WHY, NAME, NAME, student).manual_comment = comment
        gb.db.commit()


def in_gradebook(course, student):
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as gb:
        grade = gb.find_grade(WHY, NAME, NAME, student)
        return grade.auto_score, grade.manual_score, grade.needs_manual_grade, gb.find_submission(NAME, student).score


def page(course, student):
    return Page((course.root / "feedback" / student / NAME / f"{NAME}.html").read_text(encoding="utf-8")).text


def grades(course, name="grades.csv"):
    with (course.root / name).open(encoding="utf-8") as f:
        return list(csv.reader(f))


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """ada and bo answered all; chen left the answer in words empty."""
    course = course_at(tmp_path_factory.mktemp("marking"))
    for student, words in (("ada", WORDS), ("bo", "It just does."), ("chen", None)):
        hand_in(course, student, words)
    grade_class(course, NAME, jobs=2)
    return course


@pytest.fixture
def course(once, tmp_path):
    root = tmp_path / "course"
    shutil.copytree(once.root, root, symlinks=True)
    return Course(root)


def test_before_anybody_marked_it_awaits_a_marker_everywhere(course, capsys):
    outcomes = {o.student: o for o in grade_class(course, NAME, jobs=1)}
    said = capsys.readouterr().out
    assert in_gradebook(course, "ada") == (None, None, True, 7.0)
    assert (outcomes["ada"].points, outcomes["ada"].most, outcomes["ada"].awaiting) == (7, 10, 3)
    assert "7 / 7, awaiting a marker: 3" in said and "Awaiting a marker: 2 answers, 6 points." in said
    text = page(course, "ada")
    assert "7 of 10 points so far." in text and text.count("waiting a marker: 3 points") == 3 and WORDS in text
    assert "0 of 3" not in text and "3 of 3" not in text
    rows = {row[0]: dict(zip(grades(course)[0], row)) for row in grades(course)[1:]}
    assert [rows[s]["points_awaiting_a_marker"] for s in ("ada", "bo", "chen")] == ["3", "3", "0"]
    assert [row[-1] for row in grades(course, "grades-canvas.csv")[2:]] == ["", "", "7"]
    assert "awaiting a marker: 3 of 10 points" in grades(course, "grades-moodle.csv")[1][-1]


def test_an_answer_left_empty_has_no_points_and_waits_for_nobody(course):
    assert in_gradebook(course, "chen") == (0.0, None, False, 7.0)
    text = page(course, "chen")
    assert "7 of 10 points." in text and "0 of 3 points" in text and "Nothing was written here." in text and "awaiting" not in text


def test_marks_and_words_reach_the_tables_and_the_page_without_running_anything(course):
    mark(course, "ada", 2.0, "Good. What about *zero*?")
    outcomes = {o.student: o for o in grade_class(course, NAME, jobs=1)}
    assert not any(o.ran for o in outcomes.values())
    assert (outcomes["ada"].points, outcomes["ada"].awaiting, outcomes["ada"].by_hand) == (9, 0, 0) and outcomes["bo"].awaiting == 3
    text = page(course, "ada")
    assert "9 of 10 points." in text and "2 of 3 points" in text and "Good. What about zero?" in text and "awaiting" not in text
    assert [row[-1] for row in grades(course, "grades-canvas.csv")[2:]] == ["9", "", "7"]
    before = (course.root / "feedback" / "ada" / NAME / f"{NAME}.html").stat().st_mtime_ns
    grade_class(course, NAME, jobs=1)  # nothing new: the page stays as it is
    assert (course.root / "feedback" / "ada" / NAME / f"{NAME}.html").stat().st_mtime_ns == before


def test_a_zero_that_a_person_gave_is_a_mark(course):
    mark(course, "bo", 0.0, "Why does it?")
    outcomes = {o.student: o for o in grade_class(course, NAME, jobs=1)}
    assert outcomes["bo"].awaiting == 0 and "0 of 3 points" in page(course, "bo") and "Why does it?" in page(course, "bo")


def test_grading_everyone_again_keeps_marks_and_asks_for_none_of_them_again(course):
    mark(course, "ada", 2.0, "Good.")
    outcomes = {o.student: o for o in grade_class(course, NAME, jobs=2, again=True)}
    assert all(o.ran for o in outcomes.values())
    assert in_gradebook(course, "ada") == (None, 2.0, False, 9.0) and outcomes["ada"].points == 9 and outcomes["ada"].again == 0
    assert in_gradebook(course, "bo") == (None, None, True, 7.0)
    assert "Good." in page(course, "ada") and "2 of 3 points" in page(course, "ada")


def test_the_same_words_handed_in_again_keep_their_mark_and_other_words_are_looked_at_again(course, capsys):
    mark(course, "ada", 2.0)
    mark(course, "bo", 1.0)
    hand_in(course, "ada", WORDS, multiply_backward="def multiply_backward(x, y, dout):\n    return dout * x, dout * y")
    hand_in(course, "bo", "Now I see: $y$ scales it.")
    outcomes = {o.student: o for o in grade_class(course, NAME, jobs=1)}
    assert in_gradebook(course, "ada")[1:3] == (2.0, False) and outcomes["ada"].points == 4
    assert in_gradebook(course, "bo")[1:3] == (1.0, True) and outcomes["bo"].again == 1 and outcomes["bo"].points == 8
    assert "1 mark was given to an earlier text of the answer" in capsys.readouterr().out
    grade_class(course, NAME, jobs=1, again=True)  # still to be looked at
    assert in_gradebook(course, "bo")[1:3] == (1.0, True)


def test_the_formgrader_and_nbgraders_export_see_the_same(course):
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    from course_lib.grading import grade as module

    mark(course, "ada", 2.0)
    grade_class(course, NAME, jobs=1, again=True)
    config = module.Book(course, module.Folders.of(course)).config
    shown = {s["student"]: s for s in NbGraderAPI(CourseDirectory(config=config), config=config).get_submissions(NAME)}
    assert {s: (v["score"], v["max_score"], v["needs_manual_grade"]) for s, v in shown.items()} == {
        "ada": (9.0, 10.0, False), "bo": (7.0, 10.0, True), "chen": (7.0, 10.0, False)}
    assert {s: v["written_score"] for s, v in shown.items()} == {"ada": 2.0, "bo": 0.0, "chen": 0.0}


def test_nbgraders_own_feedback_pages_say_the_same(course):
    import os
    import subprocess
    import sys

    from course_lib.grading.course import environment_variables

    mark(course, "ada", 2.0, "Good.")
    env = os.environ | environment_variables(Course(ROOT))
    run = subprocess.run([sys.executable, "-m", "nbgrader", "generate_feedback", NAME, "--force"], cwd=course.root, env=env, capture_output=True,
                         text=True)
    assert run.returncode == 0, run.stderr[-3000:]
    assert "9 of 10 points." in page(course, "ada") and "Good." in page(course, "ada")
    assert "7 of 10 points so far. Awaiting a marker: 3 points." in page(course, "bo")
    assert "7 of 10 points." in page(course, "chen")


def test_an_earlier_gradebook_without_digests_asks_as_nbgrader_does(course):
    """Records of a version that kept no digest of the words: a mark stands, and is to be looked at again."""
    mark(course, "ada", 2.0)
    import json

    path = course.root / "records" / NAME / "ada.json"
    record = json.loads(path.read_text())
    del record["written"], record["told"]
    path.write_text(json.dumps(record))
    outcomes = {o.student: o for o in grade_class(course, NAME, jobs=1, again=True)}
    assert outcomes["ada"].points == 9 and outcomes["ada"].again == 1
    with sqlite3.connect(course.root / "gradebook.db") as db:
        assert db.execute("select count(*) from grade where manual_score = 2.0 and needs_manual_grade").fetchone() == (1,)
