"""01_flat_backprop: the lecture's numbers, the quiz's truth, and what the check says to typical wrong answers."""

import math

import numpy as np
import pytest
from solved import Solved

from course_lib import flat
from course_lib.check import check
from course_lib.check.exercise import ResultForm
from course_lib.check.exercises import exercises
from course_lib.check.exercises.flat_backprop import WORKED
from course_lib.check.exercises.flat_losses import SVM_W, SVM_X, SVM_Y
from course_lib.check.exercises.quiz import read_letters
from course_lib.gradcheck import numerical_gradient, relative_error

SOLVED = Solved("01_flat_backprop")
cell = SOLVED.cell
KNOWN = exercises("01")


def expected(id, case=0, functions=None):
    """The outputs of an exercise's reference on one of its visible cases."""
    e = KNOWN[id]
    c = e.visible()[case]
    return e.evaluate(functions or e.reference, c.args, c.kwargs)


# --- the lecture's numbers, from what the checks compare with ----------------------------------------------------------


@pytest.mark.row("B-flat")
def test_the_circuit_gives_the_lectures_numbers():
    assert KNOWN["01.circuit_backward"].visible()[0].args == (*WORKED, 1.0)
    assert expected("01.circuit_forward")["L"] == pytest.approx(0.7311, abs=5e-5)
    grads = expected("01.circuit_backward")
    want = {"dw0": -0.1966, "dx0": 0.3932, "dw1": -0.3932, "dx1": -0.5898, "dw2": 0.1966}
    assert grads == pytest.approx(want, abs=5e-5)
    # The lecture rounds 0.1966 to 0.2 first and prints 0.40 and -0.60 for the inputs.
    rounded = round(grads["dw2"].item(), 1)
    assert (rounded * WORKED[0], rounded * WORKED[2]) == pytest.approx((0.40, -0.60))


@pytest.mark.row("X-2")
def test_the_captions_slope_is_not_the_sigmoids():
    sigma = 1 / (1 + math.exp(-1.0))
    slope = float(numerical_gradient(lambda s: 1 / (1 + np.exp(-s)), 1.0))
    assert (1 - sigma) * sigma == pytest.approx(slope, rel=1e-8) == pytest.approx(0.1966, abs=5e-5)
    assert (1 - sigma) * slope == pytest.approx(0.0529, abs=5e-5)
    (caption,) = [m for m in KNOWN["01.circuit_backward"].misconceptions if "caption" in m.name]
    got = expected("01.circuit_backward", functions=KNOWN["01.circuit_backward"].wrong_functions(caption))
    assert got["dw2"] == pytest.approx((1 - sigma) * slope)


@pytest.mark.row("B-gates")
@pytest.mark.parametrize("case", range(4))
def test_each_gate_pattern_by_a_numerical_check(case):
    x, y, z, dout = KNOWN["01.gates_backward"].visible()[case].args
    got = expected("01.gates_backward", case, KNOWN["01.gates_backward"].answer)
    measured = numerical_gradient(lambda v: (v[0] + v[1]) * max(v[1], v[2]), [x, y, z], dout)
    assert list(got.values()) == pytest.approx(measured.tolist(), abs=1e-8)


@pytest.mark.row("B-gates")
def test_the_worked_gates():
    assert expected("01.gates_backward") == pytest.approx({"dx": 6, "dy": 10, "dz": 0})


@pytest.mark.row("B-svm")
def test_the_worked_svm():
    got = expected("01.svm_loss")
    assert got["loss"] == 11.5  # 4.5 of margins and 7 of penalty
    assert got["dW"].tolist() == [[2.5, -1.5, -1.0], [-2.0, 5.0, 3.0]]
    scores = SVM_X @ SVM_W
    assert scores.tolist() == [[3, -3, 0], [1, 3, 2]] and SVM_Y == (2, 0)


@pytest.mark.row("B-twolayer")
def test_the_worked_two_layer_net():
    got = expected("01.two_layer_loss")
    assert got["loss"] == pytest.approx(math.log(2) + 5.5) == pytest.approx(6.193, abs=5e-4)
    assert got["dW1"].tolist() == [[1.0, 0.5], [1.5, -0.5]] and got["db1"].tolist() == [0.5, 0.0]
    assert got["dW2"].tolist() == [[2.5, -1.0], [1.0, -1.5]] and got["db2"].tolist() == [0.5, -0.5]


@pytest.mark.row("B-svm", "B-twolayer")
def test_both_losses_pass_a_gradient_check():
    rng = np.random.default_rng(7)
    X, y = rng.normal(size=(6, 4)), rng.integers(3, size=6)
    W, W1, b1, W2, b2 = (rng.normal(size=s) for s in [(4, 3), (4, 5), 5, (5, 3), 3])
    svm, net = KNOWN["01.svm_loss"].answer[0], KNOWN["01.two_layer_loss"].answer[0]
    assert relative_error(svm(W, X, y, 0.7)[1], numerical_gradient(lambda v: flat.svm_loss(v, X, y, 0.7)[0], W)) < 1e-7
    parts = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
    for name, value in parts.items():
        measured = numerical_gradient(lambda v: flat.two_layer_loss(X, y, **(parts | {name: v}), reg=0.7)[0], value)
        assert relative_error(net(X, y, **parts, reg=0.7)[1][name], measured) < 1e-7


@pytest.mark.row("D-naive-cost")
def test_the_costs_grow_as_the_notebook_says():
    naive, backprop = np.array([flat.layer_operations(n) for n in (20, 40)]).T
    assert naive[1] / naive[0] == pytest.approx(4, abs=0.1) and backprop[1] == 2 * backprop[0]
    assert naive[1] == 2420 and backprop[1] == 80  # the numbers in the picture's text


# --- the quiz ----------------------------------------------------------------------------------------------------------


def test_the_quizs_truth_is_what_the_careless_check_says():
    space = {}
    exec(cell("setup"), space)
    exec(cell("quiz-code"), space)
    passing = {letter: float(space["careless_check"](space[f"version_{letter}"])) for letter in "ABC"}
    assert passing == expected("01.which_pass") == {"A": 1.0, "B": 0.0, "C": 1.0}

    def right(dL, cache):
        w0, x0, w1, x1, L = cache
        ds = dL * (1 - L) * L
        return ds * x0, ds * w0, ds * x1, ds * w1, ds

    assert space["careless_check"](right)
    cache = (2.0, -1.0, -3.0, -2.0, 1 / (1 + math.exp(-1.0)))
    for letter in "ABC":  # and each really is wrong
        assert not np.allclose(space[f"version_{letter}"](5.0, cache), right(5.0, cache))


@pytest.mark.parametrize("answer", [{"A", "C"}, ["C", "a"], ("A", "C"), "AC", "c, a"])
def test_letters_may_be_given_in_several_ways(answer):
    assert check("01.which_pass", lambda: answer) == 1.0


@pytest.mark.parametrize("answer", ["A and C", 3, {"D"}, [1, 2], {"A": True}])
def test_other_answers_to_the_quiz_are_told_the_form(answer):
    with pytest.raises(ResultForm, match="as a set"):
        read_letters(answer)
    assert check("01.which_pass", lambda: answer).status == "failed"


@pytest.mark.parametrize("answer, says", [({"C"}, "A is caught"), ({"A"}, "C is caught"), ("ABC", "B passes"), (set(), "all three are caught"),
                                          ({"A", "B"}, "B passes"), ({"B", "C"}, "A is caught")])
def test_each_wrong_letter_is_explained_and_guessing_earns_nothing(answer, says):
    verdict = check("01.which_pass", lambda: answer, points=1)
    assert verdict == 0.0 and says in verdict.message


# --- what typical wrong answers are told -------------------------------------------------------------------------------


def forward(w0, x0, w1, x1, w2):
    L = 1 / (1 + np.exp(-(w0 * x0 + w1 * x1 + w2)))
    return L, (w0, x0, w1, x1, L)


def test_a_circuit_without_upstream_gradient_is_told_so_on_the_smallest_example():
    def backward(dL, cache):
        w0, x0, w1, x1, L = cache
        s = L * (1 - L)
        return s * x0, s * w0, s * x1, s * w1, s

    verdict = check("01.circuit_backward", forward, backward, points=2)
    assert 0 < verdict < 2
    assert "You left out dL" in verdict.message
    assert "dL = 5" in verdict.message and "got      dw2 = 0.196612" in verdict.message and "expected dw2 = 0.98306" in verdict.message


def test_an_svm_that_subtracts_once_is_told_so():
    def svm(W, X, y, reg):
        rows = range(len(X))
        m = np.maximum(0, X @ W - (X @ W)[rows, y][:, None] + 1)
        m[rows, y] = 0
        ds = (m > 0) * 1.0
        ds[rows, y] = -1.0 * m.any(axis=1)
        return m.sum() / len(X) + reg * (W ** 2).sum() / 2, X.T @ ds / len(X) + reg * W

    verdict = check("01.svm_loss", svm, points=3)
    assert verdict.ideas == ("one subtracted, however many violations",)
    assert "-1/N for each of them" in verdict.message
    assert "the worked example" in verdict.message and "X = np.array([[3., 0.]," in verdict.message


def test_a_net_that_forgets_the_mask_is_told_so():
    def net(X, y, W1, b1, W2, b2, reg):
        loss, grads = flat.two_layer_loss(X, y, W1, b1, W2, b2, reg)
        h = np.maximum(0, X @ W1 + b1)
        s = h @ W2 + b2
        p = np.exp(s - s.max(axis=1, keepdims=True))
        ds = (p / p.sum(axis=1, keepdims=True) - np.eye(len(b2))[y]) / len(X)
        dh = ds @ W2.T
        return loss, grads | {"W1": X.T @ dh + reg * W1, "b1": dh.sum(axis=0)}

    verdict = check("01.two_layer_loss", net, points=3)
    assert verdict.ideas == ("ReLU left out going back",)
    assert "switched off" in verdict.message and "expected db1 = np.array([0.5, 0. ])" in verdict.message


@pytest.mark.parametrize("id, functions, says", [
    ("01.circuit_forward", [lambda *v: forward(*v)[0]], "`return L, cache`. It returned one float64"),
    ("01.circuit_forward", [lambda *v: None], "is a `return` missing?"),
    ("01.circuit_backward", [forward, lambda dL, cache: (1.0, 2.0)], "5 values (dw0, dx0, dw1, dx1, dw2); it returned 2"),
    ("01.circuit_backward", [lambda *v: (0.5, v), lambda dL, cache: (1.0,) * 5], "builds on your circuit_forward"),
    ("01.two_layer_loss", [lambda *v: (1.0, {"dW1": 0})], "no 'W1', 'b1', 'W2', 'b2'; its keys are 'dW1'"),
    ("01.two_layer_loss", [lambda *v: 1.0], "a dict with the gradients"),
])
def test_a_result_of_another_form_is_told_which(id, functions, says):
    verdict = check(id, *functions)
    assert verdict == 0.0 and says in verdict.message


def test_a_backward_pass_that_lives_on_global_variables_is_told_so():
    kept = {}

    def forward_that_keeps(*values):
        L, kept["cache"] = forward(*values)
        return L, ()

    def backward(dL, cache):
        w0, x0, w1, x1, L = kept["cache"]
        s = dL * L * (1 - L)
        return s * x0, s * w0, s * x1, s * w1, s

    verdict = check("01.circuit_backward", forward_that_keeps, backward, points=2)
    assert 0 < verdict < 2 and "global variables" in verdict.message
    assert "forward pass in between = (0.5, 1.0, -1.0, 2.0, 0.25)" in verdict.message
