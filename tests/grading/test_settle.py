"""nbgrader's traps in reading a score from a test cell's output, each mended by `settle`; and nbgrader's own reading after it."""

import nbformat.v4 as v4
import pytest
from nbgrader.utils import determine_grade

from course_lib.check import MIME
from course_lib.grading.execute import calls_check, read_score, settle_cell

CHECK = 'check("00.multiply_backward", multiply_backward, points=2)'


def cell(*outputs, source=CHECK, points=2):
    grading = {"grade": True, "solution": False, "locked": True, "grade_id": "t", "points": points, "schema_version": 3, "task": False}
    return v4.new_code_cell(source, outputs=list(outputs), metadata={"nbgrader": grading})


def value(text):
    return v4.new_output("execute_result", data={"text/plain": text, MIME: {}})


def stderr(text="RuntimeWarning: overflow"):
    return v4.new_output("stream", name="stderr", text=text)


def graded(c):
    settle_cell(c)
    return determine_grade(c)[0]


@pytest.mark.parametrize("text, score", [("2.0", 2), ("0.0", 0), ("1.25", 1.25), ("np.float64(0.0)", 0), ("np.float32(1.5)", 1.5), ("np.int64(2)", 2)])
def test_a_number_of_points_is_read_as_such(text, score):
    assert graded(cell(value(text))) == score


def test_a_right_answer_that_warns_gets_full_marks():
    assert graded(cell(stderr(), value("2.0"))) == 2


@pytest.mark.parametrize("text", ["nan", "inf", "-1.0", "2.5", "np.float64(nan)"])
def test_a_score_out_of_range_is_the_authors_mistake_and_earns_nothing(text):
    c = cell(value(text))
    assert graded(c) == 0
    assert "author" in c.outputs[0].evalue


@pytest.mark.parametrize("outputs", [(), (value("'full marks, please'"),), (value("<object>"),), (v4.new_output("stream", name="stdout", text="2.0"),)])
def test_a_check_without_a_score_earns_nothing(outputs):
    assert graded(cell(*outputs)) == 0


def test_a_value_that_is_not_from_the_courses_check_earns_nothing():
    """A notebook that calls something of its own `check` does not give itself marks."""
    c = cell(v4.new_output("execute_result", data={"text/plain": "2.0"}))
    assert graded(c) == 0
    assert "the name check" in c.outputs[0].evalue


def test_an_error_earns_nothing():
    assert graded(cell(v4.new_output("error", ename="NameError", evalue="x", traceback=[]))) == 0


def test_an_instructors_own_assert_cell_keeps_nbgraders_meaning():
    assert graded(cell(source="assert f(1) == 2")) == 2
    assert graded(cell(v4.new_output("error", ename="AssertionError", evalue="", traceback=[]), source="assert f(1) == 2")) == 0


@pytest.mark.parametrize("source, expected", [(CHECK, True), ("import os\n" + CHECK, True), ("x = " + CHECK, False), ("assert f(", False), ("# check(1)", False)])
def test_which_cells_must_have_a_value(source, expected):
    assert calls_check(source) is expected


@pytest.mark.parametrize("text", ["", "None", "two", "np.array([1.0])", "[1.0]"])
def test_no_number(text):
    assert read_score(text) is None
