"""How cases are shown and weighed where arguments are dicts and lists of arrays, and what is said of a single number."""

import numpy as np

from course_lib.check.compare import difference
from course_lib.check.exercise import Case
from course_lib.check.report import show_value


def test_containers_of_arrays_can_be_typed_again():
    thetas = {1: np.arange(6.0).reshape(2, 3), 2: [np.ones((2, 2, 2)), (np.eye(2),)], "kind": "relu"}
    shown = show_value(thetas)
    again = eval(shown, {"np": np})
    assert again["kind"] == "relu" and again.keys() == thetas.keys()
    np.testing.assert_array_equal(again[1], thetas[1])
    np.testing.assert_array_equal(again[2][0], thetas[2][0])
    np.testing.assert_array_equal(again[2][1][0], np.eye(2))


def test_rows_stand_below_each_other():
    assert show_value({1: np.eye(2), 2: 0.5}).splitlines() == ["{1: np.array([[1., 0.],", "              [0., 1.]]),", " 2: 0.5}"]


def test_short_containers_stay_on_one_line():
    assert show_value([np.array([1, 2]), 3.0]) == "[np.array([1, 2]), 3]"
    assert show_value((np.array([1, 2]),)) == "(np.array([1, 2]),)"
    assert show_value([1, 2]) == "[1, 2]"


def test_a_case_counts_the_numbers_inside_of_its_containers():
    case = Case("", ({1: np.ones((2, 3)), 2: [np.ones(4), np.ones((1, 5))]}, [1, [2, 3]], abs), {"lam": 0.1})
    assert case.size == 6 + 4 + 5 + 3 + 1


def test_a_single_number_that_is_none_is_said_in_plain_words():
    assert difference(np.nan, 2.0, "loss").text == "loss is NaN; expected 2."
    assert difference(np.inf, 2.0, "loss").text == "loss is inf; expected 2."
    assert "dx holds NaN at dx[1] (1 of 2 numbers are off); expected 3." == difference([1, np.nan], [1, 3], "dx").text
