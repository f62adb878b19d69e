"""Answers that measure a derivative are flagged for a person; answers that do not, and checks of one's own, are not."""

import nbformat
import pytest
from hand_ins import ROOT, frame, hand_in

from course_lib.check.exercises import exercises
from course_lib.grading.answers import right_answers
from course_lib.grading.course import Course
from course_lib.grading.library import NUMERICAL, withheld_by
from course_lib.grading.measured import IMAGINARY, PACKAGE, QUOTIENT, measured

NAME = "00_start_here"
MEASURE = {
    "at once": ("    return (f(x + h) - f(x - h)) / (2 * h)", QUOTIENT),
    "one-sided, scaled": ("    return dout * (f(x + h) - f(x)) / h", QUOTIENT),
    "in steps": ("    up = f(x + h)\n    down = f(x - h)\n    change = up - down\n    return dout * change / h", QUOTIENT),
    "in a pair": ("    a, b = f(x + h), f(x)\n    return (a - b) / h", QUOTIENT),
    "in place": ("    dx = np.zeros(3)\n    for i in range(3):\n        dx[i] = f(x + h) - f(x)\n    dx /= h\n    return dx", QUOTIENT),
    "a method": ("    return (net.loss(x + h) - net.loss(x - h)) / (2 * h)", QUOTIENT),
    "complex": ("    return f(x + 1j * h).imag / h", IMAGINARY),
    "complex, by NumPy": ("    return np.imag(f(x + 1j * h)) / h", IMAGINARY),
    "imported inside": ("    from scipy.optimize import approx_fprime\n    return approx_fprime(x, f)", PACKAGE.format("approx_fprime")),
    "by a package": ("    import torch\n    return torch.func.grad(f)(x)", PACKAGE.format("torch")),
    "the library's": ("    return gradcheck.numerical_gradient(f, x)", PACKAGE.format("numerical_gradient")),
}
PLAIN = {
    "a mean of differences": "    return (x - y) / len(x)",
    "two functions": "    return (softmax(x) - one_hot(y)) / len(x)",
    "NumPy's own": "    return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))",
    "its own shape": "    p = forward(x)[3]\n    return (p - np.eye(p.shape[1])[y]) / len(x)",
    "its own length": "    p = forward(x)\n    return (p - y / len(p)) / 2",
    "sums": "    return (x.sum() - y.sum()) / len(x)",
    "float": "    return (float(x) - float(y)) / 2",
    "too deep to look at": "    return " + "+".join(["x"] * 3000),
    "no Python": "    return (f(x + h) - f(x) / h",
}


def flagged(body, **more):
    nb = hand_in(NAME, {"multiply_backward": f"def multiply_backward(x, y, dout):\n{body}\n"}, **more)
    return dict(measured(nb, frame(NAME)))


@pytest.mark.parametrize("how", MEASURE)
def test_a_measured_derivative_is_flagged(how):
    body, why = MEASURE[how]
    assert flagged(body) == {"multiply_backward": why}


@pytest.mark.parametrize("how", PLAIN)
def test_other_differences_and_quotients_are_not(how):
    assert flagged(PLAIN[how]) == {}


def test_a_helper_that_the_answer_uses_counts_and_one_that_it_does_not_use_does_not():
    helper = "def slope(f, x):\n    return (f(x + 1e-5) - f(x - 1e-5)) / 2e-5"
    assert flagged("    return other(x), 1.0", before=[helper, "def other(x):\n    return slope(abs, x)"]) == {"multiply_backward": QUOTIENT}
    assert flagged("    return dout * y, dout * x", before=[helper, "assert slope(abs, 2.0) > 0"]) == {}


def test_where_a_measurement_is_asked_for_it_is_no_flag():
    name = next(n for n in ("03_jacobians",))
    nb = nbformat.from_dict(hand_in(name))
    assert dict(measured(nb, frame(name))) == {}


@pytest.mark.parametrize("assignment", Course(ROOT).assignments())
def test_of_the_right_answers_only_those_that_measure_are_flagged(assignment):
    for exercise in exercises(assignment[:2]).values():
        for how, functions in right_answers(ROOT, assignment, exercise).items():
            why = dict(measured(hand_in(assignment, {n: s for n, s in functions.items() if n in exercise.names}), frame(assignment)))
            says = any(word in how for word in ("difference", "measure", "complex", "numeric", "finite"))
            assert not why or says or exercise.name == "numerical_jacobian", (exercise.id, how, why)


def test_numerical_derivatives_are_withheld_unless_an_assignment_says_otherwise():
    assert withheld_by({}) == NUMERICAL
    assert withheld_by({"workbook": {"withheld": ["conv.conv2d_backward", NUMERICAL[0]]}}) == ("conv.conv2d_backward", *NUMERICAL)
    assert withheld_by({"workbook": {"at_hand": [NUMERICAL[1]]}}) == NUMERICAL[:1]
