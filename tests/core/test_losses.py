import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_agree, assert_is_gradient, frozen, normal, quick, seeds

from course_lib.gradcheck import numerical_jacobian, relative_error
from course_lib.losses import (
    binary_cross_entropy,
    hinge_loss,
    l2_penalty,
    mean_squared_error,
    softmax,
    softmax_cross_entropy,
)


def labels(seed, n, k):
    return frozen(np.random.default_rng(seed).integers(0, k, n))


# softmax and its cross-entropy


@pytest.mark.row("A-softmaxjac")
@quick
@given(seeds, st.integers(2, 6))
def test_softmax_jacobian(seed, k):
    z = normal(seed, k)
    p = softmax(z)
    # ∂p_i/∂z_j = p_i(1 - p_i) for i = j, -p_i p_j otherwise
    jacobian = np.array([[p[i] * (1 - p[i]) if i == j else -p[i] * p[j] for j in range(k)] for i in range(k)])
    assert relative_error(numerical_jacobian(softmax, z), jacobian) < 1e-9


@pytest.mark.row("A-softmaxjac", "A-fcsummary")
@quick
@given(seeds, st.integers(2, 6))
def test_chained_with_the_cross_entropy_gives_p_minus_y(seed, k):
    z, target = normal(seed, k), seed % k
    p, y = softmax(z), np.eye(k)[target]
    jacobian = np.diag(p) - np.outer(p, p)
    chained = jacobian @ (-y / p)
    assert np.max(np.abs(chained - (p - y))) <= 1e-12
    _, dscores = softmax_cross_entropy(z[None], [target])
    assert np.max(np.abs(dscores[0] - chained)) <= 1e-12


@pytest.mark.row("E-softmaxce")
def test_target_gets_p_minus_one_the_others_p():
    loss, dscores = softmax_cross_entropy(np.log([[0.3, 0.7]]), [1])
    assert_agree(dscores, [[0.3, -0.3]])
    assert loss == pytest.approx(-np.log(0.7), rel=1e-12)


@pytest.mark.row("X-8")
def test_data_loss_is_the_natural_logarithm():
    loss, _ = softmax_cross_entropy(np.log([[0.51, 0.49]]), [0])
    assert round(loss, 3) == 0.673
    assert round(loss / np.log(10), 2) == 0.29  # what the lecture prints: the logarithm to base 10


@pytest.mark.row("A-ce5")
def test_five_classes_raise_the_target_or_lower_any_other():
    scores = normal(7, 1, 5)
    loss, dscores = softmax_cross_entropy(scores, [0])
    assert dscores[0, 0] < 0 and np.all(dscores[0, 1:] > 0)
    assert_agree(dscores[0], softmax(scores[0]) - np.eye(5)[0])
    for k in range(5):
        moved = scores.copy()
        moved[0, k] += 0.1 if k == 0 else -0.1
        assert softmax_cross_entropy(moved, [0])[0] < loss


@quick
@given(seeds, st.integers(1, 4), st.integers(1, 5))
def test_softmax_cross_entropy_gradient(seed, n, k):
    scores, y = normal(seed, n, k), labels(seed, n, k)
    loss, dscores = softmax_cross_entropy(scores, y)
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert loss == pytest.approx(-np.mean([np.log(p[i, y[i]]) for i in range(n)]), rel=1e-12, abs=1e-14)
    assert_is_gradient(dscores, lambda v: softmax_cross_entropy(v, y)[0], scores)


def test_softmax_of_large_logits():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert softmax([[1000.0, 1000.0], [-1000.0, 0.0]]).tolist() == [[0.5, 0.5], [0, 1]]
        loss, dscores = softmax_cross_entropy([[1000.0, 0.0], [-1000.0, 0.0]], [1, 1])
    assert loss == 500 and dscores.tolist() == [[0.5, -0.5], [0, 0]]


def test_softmax_takes_the_last_axis():
    z = normal(0, 2, 3, 4)
    p = softmax(z)
    assert_agree(p.sum(axis=-1), np.ones((2, 3)))
    assert_agree(p[1, 2], softmax(z[1, 2]))


def test_first_loss_of_random_scores_is_log_k():
    loss, _ = softmax_cross_entropy(np.zeros((3, 10)), [0, 4, 9])
    assert loss == pytest.approx(np.log(10), rel=1e-12)


# binary cross-entropy


@pytest.mark.row("D-fc", "X-3")
@quick
@given(seeds, st.integers(1, 4), st.integers(1, 3))
def test_binary_cross_entropy(seed, n, m):
    scores, y = normal(seed, n, m), np.random.default_rng(seed).integers(0, 2, (n, m))
    a = 1 / (1 + np.exp(-scores))
    loss, dscores = binary_cross_entropy(scores, y)
    # with the minus sign that lecture D leaves out, the loss is positive and δ = a - y
    assert loss > 0
    assert loss == pytest.approx(-np.mean(y * np.log(a) + (1 - y) * np.log(1 - a)), rel=1e-12)
    assert_agree(dscores, (a - y) / (n * m))
    assert_is_gradient(dscores, lambda v: binary_cross_entropy(v, y)[0], scores)


def test_binary_cross_entropy_takes_soft_targets():
    scores, y = normal(1, 5), frozen([0.0, 0.25, 0.5, 0.75, 1.0])
    assert_is_gradient(binary_cross_entropy(scores, y)[1], lambda v: binary_cross_entropy(v, y)[0], scores)


def test_binary_cross_entropy_of_large_logits():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss, dscores = binary_cross_entropy([1000.0, -1000.0, 1000.0, -1000.0], [1, 0, 0, 1])
    assert loss == 500 and dscores.tolist() == [0, 0, 0.25, -0.25]


# square loss, hinge loss, penalty


@pytest.mark.row("D-fc")
@quick
@given(seeds, st.integers(1, 4), st.integers(1, 3))
def test_mean_squared_error(seed, n, m):
    pred, target = normal(seed, n, m), normal(seed + 1, n, m)
    loss, dpred = mean_squared_error(pred, target)
    assert loss == pytest.approx(sum((a - b) ** 2 for a, b in zip(pred.flat, target.flat)) / (n * m), rel=1e-12)
    assert_is_gradient(dpred, lambda v: mean_squared_error(v, target)[0], pred)


@pytest.mark.row("B-svm")
@quick
@given(seeds, st.integers(1, 4), st.integers(1, 5), st.sampled_from([0.5, 1.0, 3.0]))
def test_hinge_loss(seed, n, k, margin):
    scores, y = normal(seed, n, k), labels(seed, n, k)
    loss, dscores = hinge_loss(scores, y, margin=margin)
    expected = sum(max(0, scores[i, j] - scores[i, y[i]] + margin) for i in range(n) for j in range(k) if j != y[i]) / n
    assert loss == pytest.approx(expected, rel=1e-12)
    assert_is_gradient(dscores, lambda v: hinge_loss(v, y, margin=margin)[0], scores)


@pytest.mark.row("B-svm")
def test_hinge_loss_by_hand():
    # two violators: 5 - 3 + 1 = 3 and 2.5 - 3 + 1 = 0.5; the right class is pulled up once for each
    loss, dscores = hinge_loss([[3.0, 5.0, 2.5], [9.0, 0.0, 0.0]], [0, 0])
    assert loss == 1.75 and dscores.tolist() == [[-1, 0.5, 0.5], [0, 0, 0]]
    assert hinge_loss([[2.0, 1.0]], [0]) == (0, pytest.approx(np.zeros((1, 2))))  # exactly at the kink: gradient 0


@pytest.mark.row("C-l2")
def test_both_conventions_of_the_penalty():
    w, lam = normal(2, 3, 2), 0.7
    loss, dw = l2_penalty(w, lam)
    assert loss == pytest.approx(0.5 * lam * np.sum(w**2), rel=1e-12)
    assert_agree(dw, lam * w)
    assert_is_gradient(dw, lambda v: l2_penalty(v, lam)[0], w)
    # C and D: λΣw² has the gradient 2λw, which is this penalty, or a weight decay, of 2λ
    loss, dw = l2_penalty(w, 2 * lam)
    assert loss == pytest.approx(lam * np.sum(w**2), rel=1e-12)
    assert_agree(dw, 2 * lam * w)


@pytest.mark.row("X-4")
def test_gradient_that_the_lecture_adds_belongs_to_half_its_penalty():
    theta, lam = normal(3, 4), 0.3
    assert_is_gradient(lam * theta, lambda v: l2_penalty(v, lam)[0], theta)
    assert_is_gradient(2 * lam * theta, lambda v: lam * np.sum(v**2), theta)
    assert_agree(l2_penalty(theta, lam)[1], lam * theta)


# every loss


Y = [0, 2]
LOSSES = [
    (softmax_cross_entropy, (normal(4, 2, 3), Y)),
    (hinge_loss, (normal(4, 2, 3), Y)),
    (binary_cross_entropy, (normal(4, 3), [0, 1, 1])),
    (mean_squared_error, (normal(4, 3), [0, 1, 1])),
    (l2_penalty, (normal(4, 3), 0.5)),
]


@pytest.mark.row("B-sameshape")
@pytest.mark.parametrize("loss, args", LOSSES)
def test_dtypes(loss, args):
    x, other = args
    value, gradient = loss(x, other)
    value32, gradient32 = loss(x.astype(np.float32), other)
    assert isinstance(value, float) and isinstance(value32, float)
    assert gradient.shape == x.shape
    assert gradient.dtype == np.float64 and gradient32.dtype == np.float32
    assert value32 == pytest.approx(value, rel=2e-5)
    assert_agree(gradient32, gradient)
    assert loss(np.ones(x.shape, dtype=int), other)[1].dtype == np.float64
    assert_agree(loss(np.asfortranarray(x), other)[1], gradient)


@pytest.mark.parametrize("loss, args", LOSSES)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_losses_refuse_what_is_not_finite(loss, args, bad):
    x = args[0].copy()
    x.flat[1] = bad
    with pytest.raises(ValueError, match=rf"^(scores|pred|w): expected finite numbers, got {bad} at index"):
        loss(x, args[1])


@pytest.mark.parametrize("loss", [softmax_cross_entropy, hinge_loss])
@pytest.mark.parametrize(
    "scores, y, error, message",
    [
        (np.ones((2, 3)), [0, 3], ValueError, r"^y: expected labels in 0\.\.2, got 3"),
        (np.ones((2, 3)), [0, -1], ValueError, r"^y: expected labels in 0\.\.2, got -1"),
        (np.ones((2, 3)), [0.0, 1.0], TypeError, "^y: expected integer class labels"),
        (np.ones((2, 3)), [0], ValueError, r"^y: expected shape \(2,\)"),
        (np.ones(3), [0], ValueError, r"^scores: expected 2 axes \(N, K\)"),
        (np.ones((0, 3)), [], ValueError, "^scores: expected at least one element"),
    ],
)
def test_class_losses_name_bad_arguments(loss, scores, y, error, message):
    with pytest.raises(error, match=message):
        loss(scores, y)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: softmax(3.0), "^z: expected at least 1 axis"),
        (lambda: softmax([np.nan]), "^z: expected finite"),
        (lambda: softmax([]), "^z: "),
        (lambda: binary_cross_entropy([[1.0]], [1]), r"^y: expected shape \(1, 1\), the shape of scores, got"),
        (lambda: binary_cross_entropy([1.0], [2]), r"^y: expected targets in \[0, 1\]"),
        (lambda: binary_cross_entropy([1.0], [np.nan]), r"^y: expected targets in \[0, 1\]"),
        (lambda: mean_squared_error([1.0], [[1.0]]), r"^target: expected shape \(1,\)"),
        (lambda: mean_squared_error([1.0], [np.inf]), "^target: expected finite"),
        (lambda: hinge_loss([[1.0]], [0], margin=-1), "^margin: "),
        (lambda: l2_penalty([1.0], -0.1), "^lam: "),
    ],
)
def test_bad_values_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
