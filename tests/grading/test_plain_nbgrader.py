"""Plain `nbgrader generate_assignment` and `nbgrader autograde`, with nothing but this repository's nbgrader_config.py."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from course_lib.grading.course import Course, environment_variables, read_notebook
from course_lib.grading.execute import is_test
from course_lib.grading.sample import SampleStudent, filled, solved_answers

ROOT = Path(__file__).resolve().parents[2]
ASSIGNMENTS = Course(ROOT).assignments()


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain")
    shutil.copytree(ROOT / "solutions", folder / "solutions")
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    return Course(folder)


def nbgrader(course, *words):
    env = os.environ | environment_variables(Course(ROOT))
    run = subprocess.run([sys.executable, "-m", "nbgrader", *words], cwd=course.root, env=env, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-3000:]


# Every third: nbgrader takes seconds to start, and what differs between assignments is run in tests/grading/test_class.py.
@pytest.mark.parametrize("assignment", ASSIGNMENTS[::3])
def test_it_scores_the_empty_notebook_nothing_and_the_solved_one_in_full(course, assignment):
    nbgrader(course, "generate_assignment", assignment, "--create", "--force")
    frame = read_notebook(course.notebooks / assignment / f"{assignment}.ipynb")
    students = [SampleStudent("empty", ""), SampleStudent("solved", "", solved_answers(course, assignment))]
    if assignment == ASSIGNMENTS[0]:  # what a file went through is the same to the executor whatever the assignment
        students.append(SampleStudent("twin", "", solved_answers(course, assignment), mishap="cell duplicated"))
    for student in students:
        folder = course.submitted / student.name / assignment
        folder.mkdir(parents=True)
        nbformat.write(filled(frame, student), folder / f"{assignment}.ipynb")
    nbgrader(course, "autograde", assignment, "--create", "--force")
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as gb:
        scores = {s: (gb.find_submission(assignment, s).score, gb.find_submission(assignment, s).max_score) for s in (student.name for student in students)}
    most = scores["solved"][1]
    tested = sum(c.metadata.nbgrader.points for c in frame.cells if is_test(c))  # the rest is for answers in words, which nobody gave here
    assert most >= tested > 0
    assert scores == {s.name: (tested if s.answers else 0.0, most) for s in students}
