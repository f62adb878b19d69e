import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_agree, assert_is_gradient, frozen, normal, quick, seeds

from course_lib.activations import relu_backward, relu_forward
from course_lib.flat import (
    _backprop_gradients,
    _naive_gradients,
    circuit_backward,
    circuit_forward,
    layer_operations,
    svm_loss,
    two_layer_loss,
)
from course_lib.gradcheck import numerical_gradient, relative_error
from course_lib.linear import affine_backward, affine_forward
from course_lib.losses import hinge_loss, l2_penalty, softmax_cross_entropy

LECTURE = (2.0, -1.0, -3.0, -2.0, -3.0)  # w0, x0, w1, x1, w2

numbers = st.floats(-3, 3).filter(lambda v: abs(v) > 0.05)  # a gate's pattern shows where no factor vanishes


def circuit_and_gradients(values, dL=1.0):
    L, cache = circuit_forward(*values)
    return L, circuit_backward(dL, cache)


# the circuit and its gates


@pytest.mark.row("B-flat")
def test_lecture_numbers():
    L, gradients = circuit_and_gradients(LECTURE)
    assert round(float(L), 4) == 0.7311
    assert [round(float(g), 4) for g in gradients] == [-0.1966, 0.3932, -0.3932, -0.5898, 0.1966]


@pytest.mark.row("B-flat")
@quick
@given(st.tuples(numbers, numbers, numbers, numbers, numbers), numbers)
def test_circuit_gradient(values, dL):
    _, gradients = circuit_and_gradients(values, dL)
    for i, gradient in enumerate(gradients):
        measured = numerical_gradient(lambda v: circuit_forward(*values[:i], v, *values[i + 1 :])[0], values[i], dL)
        assert abs(gradient - measured) < 1e-9


@pytest.mark.row("B-gates")
@quick
@given(st.tuples(numbers, numbers, numbers, numbers, numbers), numbers)
def test_add_distributes_and_multiply_swaps(values, dL):
    w0, x0, w1, x1, w2 = values
    L, (dw0, dx0, dw1, dx1, dw2) = circuit_and_gradients(values, dL)
    # the sum's gradient, measured: it reaches every summand unchanged ...
    ds3 = numerical_gradient(lambda v: circuit_forward(w0, x0, w1, x1, v)[0], w2, dL)
    # ... so dw2 is it, and each product hands it on multiplied by the other factor
    assert np.allclose([dw2, dw0, dx0, dw1, dx1], [ds3, ds3 * x0, ds3 * w0, ds3 * x1, ds3 * w1], rtol=1e-7, atol=1e-9)


@pytest.mark.row("B-gates")
@quick
@given(numbers, numbers)
def test_max_routes(x, dout):
    dx = relu_backward(dout, relu_forward(x)[1])  # max(0, x): to x where x wins, to the constant 0 elsewhere
    assert dx == (dout if x > 0 else 0)
    assert abs(dx - numerical_gradient(lambda v: relu_forward(v)[0], x, dout)) < 1e-9


@pytest.mark.row("B-gates")
@quick
@given(st.tuples(numbers, numbers, numbers), numbers, numbers)
def test_copy_adds_up(weights, x, dL):
    w0, w1, w2 = weights
    _, (_, dx0, _, dx1, _) = circuit_and_gradients((w0, x, w1, x, w2), dL)
    measured = numerical_gradient(lambda v: circuit_forward(w0, v, w1, v, w2)[0], x, dL)
    assert abs(dx0 + dx1 - measured) < 1e-9


def test_circuit_takes_arrays_of_one_shape():
    values = [normal(i, 2, 3) for i in range(5)]
    dL = normal(5, 2, 3)
    L, gradients = circuit_and_gradients(values, dL)
    one = [v[1, 2] for v in values]
    assert L.shape == (2, 3)
    assert_agree([g[1, 2] for g in gradients], circuit_and_gradients(one, dL[1, 2])[1])


def test_circuit_names_bad_arguments():
    for i, name in enumerate(["w0", "x0", "w1", "x1", "w2"]):
        with pytest.raises(TypeError, match=f"^{name}: "):
            circuit_forward(*LECTURE[:i], "2", *LECTURE[i + 1 :])
    with pytest.raises(ValueError, match=r"^x1: expected shape \(\), the shape of w0, got shape \(2,\)"):
        circuit_forward(2, -1, -3, [-2, 1], -3)
    with pytest.raises(ValueError, match=r"^dL: expected shape \(\), the shape of L, got shape \(1,\)"):
        circuit_backward([1.0], circuit_forward(*LECTURE)[1])
    with pytest.raises(TypeError, match="^cache: .*circuit_forward"):
        circuit_backward(1.0, (1, 2))


# the staged SVM


def svm_case(seed, n=4, d=3, c=5):
    y = frozen(np.random.default_rng(seed).integers(0, c, n))
    return normal(seed, d, c), normal(seed + 1, n, d), y


@pytest.mark.row("B-svm")
@quick
@given(seeds, st.sampled_from([0.0, 0.1, 10.0]))
def test_svm_loss(seed, reg):
    W, X, y = svm_case(seed)
    loss, dW = svm_loss(W, X, y, reg)
    data_loss = 0.0
    for x, label in zip(X, y):
        scores = x @ W
        data_loss += sum(max(0, scores[j] - scores[label] + 1) for j in range(5) if j != label) / len(X)
    assert loss == pytest.approx(data_loss + 0.5 * reg * np.sum(W**2), rel=1e-12)
    assert_is_gradient(dW, lambda v: svm_loss(v, X, y, reg)[0], W)


@pytest.mark.row("B-svm")
@quick
@given(seeds)
def test_svm_loss_equals_the_layers(seed):
    W, X, y = svm_case(seed)
    loss, dW = svm_loss(W, X, y, 0.3)
    scores, cache = affine_forward(X, W)
    data_loss, dscores = hinge_loss(scores, y)
    reg_loss, dW_reg = l2_penalty(W, 0.3)
    assert loss == pytest.approx(data_loss + reg_loss, rel=1e-12)
    assert_agree(dW, affine_backward(dscores, cache)[1] + dW_reg)


# the staged two-layer network


def two_layer_case(seed, n=4, d=3, h=6, c=5):
    y = frozen(np.random.default_rng(seed).integers(0, c, n))
    weights = [normal(seed + i, *shape) for i, shape in enumerate([(d, h), (h,), (h, c), (c,)])]
    return normal(seed + 4, n, d), y, weights


@pytest.mark.row("B-twolayer")
@quick
@given(seeds, st.sampled_from([0.0, 0.1, 10.0]))
def test_two_layer_gradient(seed, reg):
    X, y, weights = two_layer_case(seed)
    # a kink within reach of the difference has no slope to measure: move such a unit away from it
    z1 = X @ weights[0] + weights[1]
    weights[1] = frozen(weights[1] + np.where(np.abs(z1).min(axis=0) < 1e-3, 3e-3, 0))
    _, grads = two_layer_loss(X, y, *weights, reg)
    assert list(grads) == ["W1", "b1", "W2", "b2"]
    for i, gradient in enumerate(grads.values()):
        assert_is_gradient(
            gradient, lambda v: two_layer_loss(X, y, *weights[:i], v, *weights[i + 1 :], reg)[0], weights[i]
        )


@pytest.mark.row("B-twolayer")
@quick
@given(seeds)
def test_two_layer_equals_the_layers(seed):
    X, y, (W1, b1, W2, b2) = two_layer_case(seed)
    loss, grads = two_layer_loss(X, y, W1, b1, W2, b2, 0.3)
    z1, cache1 = affine_forward(X, W1, b1)
    h1, cache_relu = relu_forward(z1)
    scores, cache2 = affine_forward(h1, W2, b2)
    data_loss, dscores = softmax_cross_entropy(scores, y)
    dh1, dW2, db2 = affine_backward(dscores, cache2)
    _, dW1, db1 = affine_backward(relu_backward(dh1, cache_relu), cache1)
    penalties = [l2_penalty(W, 0.3) for W in (W1, W2)]  # the weights', not the biases'
    assert loss == pytest.approx(data_loss + penalties[0][0] + penalties[1][0], rel=1e-12)
    assert_agree(grads["W1"], dW1 + penalties[0][1])
    assert_agree(grads["W2"], dW2 + penalties[1][1])
    assert_agree(grads["b1"], db1)
    assert_agree(grads["b2"], db2)


def test_two_layer_kink_passes_nothing():
    _, grads = two_layer_loss([[1.0]], [0], [[0.0]], [0.0], [[1.0, -1.0]], [0.0, 0.0], 0.0)
    assert grads["W1"].tolist() == [[0]] and grads["b1"].tolist() == [0]


def test_two_layer_is_stable():
    loss, grads = two_layer_loss([[1.0]], [1], [[1000.0]], [0.0], [[1.0, 0.0]], [0.0, 0.0], 0.0)
    assert loss == 1000 and grads["b2"].tolist() == [1, -1]


def test_float32_stays_float32():
    W, X, y = svm_case(0)
    loss32, dW32 = svm_loss(W.astype(np.float32), X.astype(np.float32), y, 0.3)
    loss, dW = svm_loss(W, X, y, 0.3)
    assert dW32.dtype == np.float32 and loss32 == pytest.approx(loss, rel=2e-5)
    assert_agree(dW32, dW)
    X, y, weights = two_layer_case(1)
    _, grads32 = two_layer_loss(X.astype(np.float32), y, *(w.astype(np.float32) for w in weights), 0.3)
    for name, gradient in two_layer_loss(X, y, *weights, 0.3)[1].items():
        assert grads32[name].dtype == np.float32
        assert_agree(grads32[name], gradient)


def test_staged_losses_name_bad_arguments():
    W, X, y = svm_case(0)
    bad_x = X.copy()
    bad_x[1, 2] = np.nan
    refused = [
        (lambda: svm_loss(W.T, X, y, 0.0), r"^W: expected shape \(3, 3\)"),
        (lambda: svm_loss(W, X[0], y, 0.0), r"^X: expected 2 axes \(N, D\)"),
        (lambda: svm_loss(W, bad_x, y, 0.0), r"^X: expected finite numbers, got nan at index \(1, 2\)"),
        (lambda: svm_loss(W, X, [0, 1, 2, 5], 0.0), r"^y: expected labels in 0\.\.4, got 5 at index 3"),
        (lambda: svm_loss(W, X, y, -1.0), "^reg: "),
    ]
    X2, y2, (W1, b1, W2, b2) = two_layer_case(0)
    refused += [
        (lambda: two_layer_loss(X2, y2, W1.T, b1, W2, b2, 0.0), r"^W1: expected shape \(3, 3\)"),
        (lambda: two_layer_loss(X2, y2, W1, b2, W2, b2, 0.0), r"^b1: expected shape \(6,\)"),
        (lambda: two_layer_loss(X2, y2, W1, b1, W2.T, b2, 0.0), r"^W2: expected shape \(6, 6\)"),
        (lambda: two_layer_loss(X2, y2, W1, b1, W2, b1, 0.0), r"^b2: expected shape \(5,\)"),
        (lambda: two_layer_loss(X2, [0, 0, 0, -1], W1, b1, W2, b2, 0.0), "^y: expected labels"),
        (lambda: two_layer_loss(X2, y2, W1, b1, W2, b2, np.nan), "^reg: "),
        (lambda: two_layer_loss(X2, y2, W1, b1 * np.inf, W2, b2, 0.0), "^b1: expected finite"),
    ]
    for call, message in refused:
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(TypeError, match="^y: expected integer class labels"):
        svm_loss(W, X, y.astype(float), 0.0)


# the cost of the naive way


@pytest.mark.row("D-naive-cost")
@pytest.mark.parametrize("depth", [1, 2, 3, 7, 20])
def test_naive_cost_is_quadratic_backprop_linear(depth):
    assert layer_operations(depth) == (depth**2 + depth * (depth + 1) // 2, 2 * depth)


@pytest.mark.row("D-naive-cost")
def test_both_ways_compute_the_gradients():
    thetas = [0.9, -1.3, 0.4, 1.1]

    def chain(values):
        a = 0.5
        for theta in values:
            a = np.tanh(theta * a)
        return a

    measured = numerical_gradient(chain, thetas)
    for way in (_naive_gradients, _backprop_gradients):
        assert relative_error(np.array(way(thetas, 0.5)[0]), measured) < 1e-8


def test_layer_operations_names_bad_arguments():
    with pytest.raises(ValueError, match="^depth: .*at least 1, got 0"):
        layer_operations(0)
    with pytest.raises(TypeError, match="^depth: "):
        layer_operations(2.0)
