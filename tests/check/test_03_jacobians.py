"""03_jacobians: the lectures' numbers, the quiz's truth, and what the check says to typical wrong answers."""

import math

import numpy as np
import pytest
from solved import Solved

from course_lib import jacobian
from course_lib.check import check
from course_lib.check.exercises import exercises
from course_lib.check.exercises.jacobians import WORKED, WORKED_AT
from course_lib.check.exercises.jacobians_matmul import DY, W, X
from course_lib.gradcheck import numerical_gradient, relative_error
from course_lib.losses import softmax

SOLVED = Solved("03_jacobians")
cell, space = SOLVED.cell, SOLVED.space
KNOWN = exercises("03")


def expected(name, *args):
    """The outputs of an exercise's reference on these arguments."""
    e = KNOWN[f"03.{name}"]
    return e.evaluate(e.reference, args, {})


# --- the lectures' numbers, from what the checks compare with ----------------------------------------------------------


@pytest.mark.row("B-derivs")
def test_the_worked_jacobian_has_a_row_for_each_input():
    J = expected("numerical_jacobian", WORKED, WORKED_AT)["J"]
    assert J.shape == (3, 2)
    np.testing.assert_allclose(J, [[-1, 0], [2, 1], [0, 6]], atol=1e-9)


@pytest.mark.row("B-derivs")
@pytest.mark.parametrize("case, want", [(0, [[12]]), (2, [[8], [3]])])
def test_a_derivative_and_a_gradient_are_jacobians_too(case, want):
    np.testing.assert_allclose(expected("numerical_jacobian", *KNOWN["03.numerical_jacobian"].visible()[case].args)["J"], want, rtol=1e-8)


@pytest.mark.row("B-derivs", "B-matmul")
def test_a_matrix_product_measured_has_the_librarys_jacobian():
    J = expected("numerical_jacobian", lambda v: v @ W, X)["J"]
    assert relative_error(J, jacobian.matmul_jacobians(X, W)[0]) < 1e-9


@pytest.mark.row("B-relu-vec", "B-sparse")
def test_the_lectures_relu():
    x, dout = np.array([1.0, -2, 3, -1]), np.array([4.0, -1, 5, 9])
    got = expected("relu_both_ways", dout, x)
    assert got["J"].tolist() == np.diag([1, 0, 1, 0]).tolist()
    assert got["dx"].tolist() == [4, 0, 5, 0] == (got["J"] @ dout).tolist()


@pytest.mark.row("B-matmul", "B-sameshape")
def test_the_lectures_matrix_product():
    got = expected("matmul_backward", DY, X, W)
    assert got["dx"].tolist() == [[0, 16, -9], [-24, 9, -30]] and got["dx"].shape == X.shape
    assert got["dw"].tolist() == [[28, 3, -18, 0], [-30, 7, 13, 33], [-22, -7, 17, -15]] and got["dw"].shape == W.shape


@pytest.mark.row("X-1")
def test_the_printed_product_is_that_of_other_signs():
    printed = np.array([[13, 9, -2, -6], [5, 2, 17, 1]])
    y = np.array([[-1, -1, 2, 6], [5, 2, 11, 7]])
    # y is linear in x, and so the upstream gradient e_nm brings back row m of w: y[n,m] = x[n] · dx[n] for that dout
    for n, m in np.ndindex(2, 4):
        one = np.zeros((2, 4))
        one[n, m] = 1
        assert np.sum(X * expected("matmul_backward", one, X, W)["dx"]) == y[n, m]
    assert int(np.sum(printed != y)) == 6  # as the notebook says
    assert ([[2, -1, 3], [-3, 4, 2]] @ np.array([[3, 2, -1, 1], [2, 1, 3, 2], [3, 2, 1, -2]])).tolist() == printed.tolist()


@pytest.mark.row("B-jacmem", "X-11")
def test_the_lectures_memory():
    got = expected("jacobian_bytes", 64, 4096, 4096, 4)
    assert got["bytes_x"] == 256 * 2**30 == 2**38 and got["bytes_w"] == 16 * 2**40 == 2**44
    assert got["bytes_w"] / got["bytes_x"] == 4096 / 64
    assert 4096 * 4096 * 4 == 64 * 2**20  # the gradient dw itself
    small = expected("jacobian_bytes", 2, 3, 4, 8)
    assert (small["bytes_x"], small["bytes_w"]) == (384, 768)


@pytest.mark.row("A-softmaxjac")
def test_the_worked_softmax():
    got = expected("softmax_jacobian", np.log([2.0, 3.0, 5.0]))
    J = got["off_diagonal"] + np.diag(got["diagonal"])
    np.testing.assert_allclose(J, [[0.16, -0.06, -0.10], [-0.06, 0.21, -0.15], [-0.10, -0.15, 0.25]], atol=1e-15)
    np.testing.assert_allclose(J.sum(axis=1), 0, atol=1e-15)


@pytest.mark.row("A-softmaxjac", "E-softmaxce")
@pytest.mark.parametrize("target", range(3))
def test_the_long_way_equals_the_short_one(target):
    z = np.array([0.3, -1.2, 2.0])
    got = expected("softmax_jacobian", z)
    dp = -np.eye(3)[target] / softmax(z)
    long_way = (got["off_diagonal"] + np.diag(got["diagonal"])) @ dp
    assert np.max(np.abs(long_way - expected("softmax_crossentropy_backward", 1.0, z, target)["dz"])) <= 1e-12


@pytest.mark.row("E-softmaxce")
def test_the_lectures_cross_entropy():
    z = np.log([3.0, 7.0])
    np.testing.assert_allclose(softmax(z), [0.3, 0.7])
    np.testing.assert_allclose(expected("softmax_crossentropy_backward", 1.0, z, 1)["dz"], [0.3, -0.3])


def test_the_stretch_exercise_is_right():
    """Two terms, one of them the same sum for the whole row; and the comparison that the text names."""
    z, dout = np.random.default_rng(5).normal(size=(2, 3, 4))
    p = softmax(z)
    assert relative_error(p * dout - p * (p * dout).sum(axis=1, keepdims=True), numerical_gradient(softmax, z, dout)) < 1e-8


# --- the quiz ----------------------------------------------------------------------------------------------------------


def test_the_quizs_truth_is_what_the_careless_check_says():
    names = space("quiz-code")
    passing = {letter: float(names["careless_check"](names[f"version_{letter}"])) for letter in "ABC"}
    assert passing == expected("which_pass") == {"A": 1.0, "B": 1.0, "C": 0.0}
    assert names["careless_check"](lambda J, dout: J @ dout)
    J, dout = np.array([[1.0, 2], [3, 5]]), np.array([2.0, -1])
    for letter in "ABC":  # and each really is wrong
        assert not np.allclose(names[f"version_{letter}"](J, dout), J @ dout)


@pytest.mark.parametrize("answer, says", [({"B"}, "A is caught"), ({"A"}, "B is caught"), ("ABC", "C passes"), (set(), "all three are caught"),
                                          ({"A", "C"}, "B is caught"), ({"C"}, "C passes")])
def test_each_wrong_letter_is_explained_and_guessing_earns_nothing(answer, says):
    verdict = check("03.which_pass", lambda: answer, points=2)
    assert verdict == 0.0 and says in verdict.message


# --- what typical wrong answers are told -------------------------------------------------------------------------------


def test_a_transposed_jacobian_is_told_so():
    def numerator_layout(f, x):
        x = np.asarray(x, dtype=float)
        steps = (1e-5 * e.reshape(x.shape) for e in np.eye(x.size))
        return np.stack([np.ravel(f(x + s) - f(x - s)) / 2e-5 for s in steps], axis=1)

    verdict = check("03.numerical_jacobian", numerator_layout, points=2)
    assert 0 < verdict < 2
    assert "J has shape (1, 2); expected shape (2, 1). Its numbers are those of the transpose." in verdict.message


def test_a_one_sided_difference_is_told_so_at_the_bottom_of_a_parabola():
    def one_sided(f, x):
        x = np.array(x, dtype=float)
        rows = []
        for n in np.ndindex(x.shape):
            pushed = x.copy()
            pushed[n] += 1e-5
            rows.append(np.ravel(f(pushed) - f(x)) / 1e-5)
        return np.array(rows)

    verdict = check("03.numerical_jacobian", one_sided, points=2)
    assert verdict.ideas == ("one-sided difference",) and 0 < verdict < 2
    assert "pushed to one side only" in verdict.message and "f = (500·x0², x1, x0 + 2·x1)" in verdict.message


def test_guided_backpropagation_is_told_although_the_lectures_numbers_fit():
    def guided(dout, x):
        return np.diag(1.0 * (x > 0)), np.where((x > 0) & (dout > 0), dout, 0)

    verdict = check("03.relu_both_ways", guided)
    assert verdict.ideas == ("negative gradients blocked as well",)
    assert "happen not to show it" in verdict.message and "got      dx = np.array([0., 0.])" in verdict.message


def test_a_reshape_is_told_from_a_transpose():
    verdict = check("03.matmul_backward", lambda dout, x, w: (dout @ w.reshape(w.shape[::-1]), x.T @ dout), points=2)
    assert verdict.ideas == ("not transposed",)
    assert "dx comes out as with this idea" in verdict.message and "reading order" in verdict.message
    assert check("03.matmul_backward", lambda dout, x, w: (dout @ w, x @ dout)).ideas == ("not transposed",)  # the square case alone runs


def test_the_slides_size_is_told_to_be_one_of_two():
    verdict = check("03.jacobian_bytes", lambda N, D, M, itemsize: (N * D * N * M * itemsize,) * 2)
    assert verdict.ideas == ("both the same",)
    assert "expected bytes_w = 768" in verdict.message


def test_a_diagonal_softmax_jacobian_is_told_so():
    def diagonal(z):
        p = np.exp(z - z.max())
        p = p / p.sum()
        return np.diag(p * (1 - p))

    verdict = check("03.softmax_jacobian", diagonal, points=2)
    assert verdict == 1.0 and verdict.ideas == ("treated as elementwise",)
    assert "off_diagonal" in verdict.message and "-0.21" in verdict.message


@pytest.mark.parametrize("id, function, says", [
    ("03.softmax_jacobian", lambda z: z, "a square array of numbers"),
    ("03.softmax_jacobian", lambda z: [[1.0]] * len(z), "something of shape"),
    ("03.softmax_jacobian", lambda z: "J", "str 'J'"),
    ("03.matmul_backward", lambda dout, x, w: dout @ w.T, "2 values (dx, dw); it returned one array"),
    ("03.jacobian_bytes", lambda N, D, M, itemsize: N * D, "2 values (bytes_x, bytes_w)"),
    ("03.numerical_jacobian", lambda f, x: None, "is a `return` missing?"),
])
def test_a_result_of_another_form_is_told_which(id, function, says):
    verdict = check(id, function)
    assert verdict == 0.0 and says in verdict.message


def test_a_learner_who_divides_by_p_is_told_where_it_goes_wrong():
    def by_the_jacobian(dL, z, target):
        p = softmax(z)
        return dL * (np.diag(p) - np.outer(p, p)) @ (-np.eye(len(z))[target] / p)

    verdict = check("03.softmax_crossentropy_backward", by_the_jacobian, points=1)
    assert verdict < 1 and "a target whose p rounds to 0" in verdict.message and math.isfinite(verdict)
