"""The lectures' formulas for fully connected nets, written out unit by unit, beside the models."""

import numpy as np
import pytest
from hypothesis import given
from oracles import assert_agree, assert_is_gradient, normal, quick, seeds

from course_lib.losses import binary_cross_entropy, mean_squared_error
from course_lib.models import mlp
from course_lib.optim import sgd, step_all


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def with_intercept(a):
    return np.concatenate([[1.0], a])


def lecture_d_forward(thetas, x):
    """a⁽¹⁾ = x, a⁽ˡ⁺¹⁾ = g(Θ⁽ˡ⁾ a⁽ˡ⁾) with a_0 = 1; Θ is (units, 1 + inputs), the intercepts in column 0."""
    activations = [x]
    for theta in thetas:
        activations.append(sigmoid(theta @ with_intercept(activations[-1])))
    return activations


def lecture_d_gradients(thetas, x, y):
    """One example: δ⁽ᴸ⁺¹⁾ = a - y, δ_i⁽ˡ⁾ = a_i (1 - a_i) Σ_k δ_k Θ_ki, ∂L/∂Θ_ij = δ_i a_j."""
    activations = lecture_d_forward(thetas, x)
    delta, gradients = activations[-1] - y, []
    for theta, a in zip(reversed(thetas), reversed(activations[:-1])):
        a0 = with_intercept(a)
        gradients.append(np.array([[delta[i] * a0[j] for j in range(len(a0))] for i in range(len(delta))]))
        sums = [sum(delta[k] * theta[k, i + 1] for k in range(len(delta))) for i in range(len(a))]
        delta = np.array([a[i] * (1 - a[i]) * sums[i] for i in range(len(a))])
    return gradients[::-1]


def lecture_d_loss(thetas, x, y):
    p = lecture_d_forward(thetas, x)[-1]
    return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))


def lecture_d_net(seed, sizes):
    """A model, and its weights as the lecture's Θ: a row for each unit, the intercept first."""
    model = mlp(list(sizes), activation="sigmoid", loss=binary_cross_entropy, seed=seed % 1000)
    model.params = {name: normal(seed + i, *w.shape) for i, (name, w) in enumerate(model.params.items())}
    return model, as_thetas(model.params, len(sizes) - 1)


def as_thetas(params, layers):
    return [np.vstack([params[f"fc{i}.b"], params[f"fc{i}.w"]]).T for i in range(1, layers + 1)]


@pytest.mark.row("D-delta", "D-fc")
@quick
@given(seeds)
@pytest.mark.parametrize("sizes", [(3, 1), (4, 3, 1), (2, 5, 3, 2), (3, 2, 2, 2, 1)])
def test_delta_of_every_unit(sizes, seed):
    model, thetas = lecture_d_net(seed, sizes)
    x, y = normal(seed + 90, sizes[0]), np.random.default_rng(seed).integers(0, 2, sizes[-1])
    loss, grads = model.loss(x[None], y[None])
    outputs = sizes[-1]  # the library's loss is the mean over the outputs, the lecture's the sum
    assert loss * outputs == pytest.approx(lecture_d_loss(thetas, x, y), rel=1e-10)
    expected = lecture_d_gradients(thetas, x, y)
    for ours, lecture in zip(as_thetas(grads, len(thetas)), expected):
        assert np.max(np.abs(outputs * ours - lecture)) <= 1e-12 * max(1, np.max(np.abs(lecture)))


@pytest.mark.row("D-delta", "X-12")
def test_delta_starts_at_the_output_not_one_layer_below():
    # all layers have two units, so a δ⁽ᴸ⁾ = a⁽ᴸ⁾ - y has the right shape, and a wrong value
    model, thetas = lecture_d_net(3, (2, 2, 2))
    x, y = normal(4, 2), np.array([1.0, 0.0])
    right = [2 * gradient for gradient in as_thetas(model.loss(x[None], y[None])[1], 2)]  # the mean is of two outputs
    for layer, gradient in enumerate(right):
        assert_is_gradient(
            gradient, lambda t: lecture_d_loss([*thetas[:layer], t, *thetas[layer + 1 :]], x, y), thetas[layer]
        )
    hidden = lecture_d_forward(thetas, x)[1]
    printed = np.outer(hidden - y, with_intercept(x))  # the gradient of Θ⁽¹⁾ that δ⁽²⁾ = a⁽²⁾ - y would give
    assert printed.shape == right[0].shape and np.max(np.abs(printed - right[0])) > 0.1


@pytest.mark.row("D-algorithm")
@quick
@given(seeds)
@pytest.mark.parametrize("lam", [0.0, 0.3])
def test_accumulated_over_instances_is_the_batchs_gradient(lam, seed):
    model, thetas = lecture_d_net(seed, (3, 4, 1))
    model.reg = lam
    X, y = normal(seed + 90, 6, 3), np.random.default_rng(seed).integers(0, 2, (6, 1))
    accumulated = [np.zeros_like(theta) for theta in thetas]
    for x, target in zip(X, y):
        for total, gradient in zip(accumulated, lecture_d_gradients(thetas, x, target)):
            total += gradient
    averages = [total / len(X) for total in accumulated]
    for average, theta in zip(averages, thetas):
        average[:, 1:] += lam * theta[:, 1:]  # the intercept, column 0, is not regularised
    _, grads = model.loss(X, y)
    for ours, lecture in zip(as_thetas(grads, 2), averages):
        assert np.max(np.abs(ours - lecture)) <= 1e-12 * max(1, np.max(np.abs(lecture)))


@pytest.mark.row("D-algorithm", "A-fcsummary")
def test_gradient_descent_and_its_stochastic_version():
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]) - 0.5
    y = np.array([[0], [0], [0], [1]])  # AND
    whole, one_by_one = (mlp([2, 3, 1], activation="sigmoid", loss=binary_cross_entropy) for _ in range(2))
    first = whole.loss(X, y)[0]
    losses, states = [first], [{}, {}]
    for _ in range(60):
        loss, grads = whole.loss(X, y)
        whole.params, states[0] = step_all(sgd, whole.params, grads, states[0], lr=1.0)
        losses.append(loss)
        for i in range(4):  # a step after every instance
            _, grads = one_by_one.loss(X[i : i + 1], y[i : i + 1])
            one_by_one.params, states[1] = step_all(sgd, one_by_one.params, grads, states[1], lr=1.0)
    assert np.all(np.diff(losses[1:]) < 0) and losses[-1] < 0.5 * first
    assert one_by_one.loss(X, y)[0] < losses[-1]  # four times as many steps from the same gradients' work
    assert ((one_by_one.scores(X) > 0) == y).all()


@pytest.mark.row("C-mlp")
@quick
@given(seeds)
def test_row_major_form(seed):
    """z2 = XW1, a2 = f(z2), z3 = a2W2, ŷ = f(z3): the gradient from above, times the local one."""
    X, W1, W2, target = normal(seed, 5, 3), normal(seed + 1, 3, 4), normal(seed + 2, 4, 2), normal(seed + 3, 5, 2)
    model = mlp([3, 4, 2], activation="sigmoid", output="sigmoid", loss=mean_squared_error, bias=False)
    model.params = {"fc1.w": W1, "fc2.w": W2}
    z2 = X @ W1
    a2 = sigmoid(z2)
    z3 = a2 @ W2
    out = sigmoid(z3)
    dz3 = 2 * (out - target) / target.size * out * (1 - out)  # of the square loss, then of f
    dz2 = dz3 @ W2.T * a2 * (1 - a2)
    loss, grads = model.loss(X, target)
    assert loss == pytest.approx(np.mean((out - target) ** 2), rel=1e-12)
    assert_agree(model.scores(X), out)
    assert_agree(grads["fc2.w"], a2.T @ dz3)
    assert_agree(grads["fc1.w"], X.T @ dz2)


@pytest.mark.row("C-mlp", "D-delta")
def test_the_two_lectures_write_the_same_net_transposed():
    W1, W2, x, y = normal(0, 3, 4), normal(1, 4, 2), normal(2, 3), np.array([1.0, 0.0])
    model = mlp([3, 4, 2], activation="sigmoid", loss=binary_cross_entropy, bias=False)
    model.params = {"fc1.w": W1, "fc2.w": W2}
    columns = [np.hstack([np.zeros((len(W.T), 1)), W.T]) for W in (W1, W2)]  # Θ = Wᵀ, and intercepts of 0
    grads = model.loss(x[None], y[None])[1]
    for ours, theta in zip(grads.values(), lecture_d_gradients(columns, x, y)):
        assert_agree(2 * ours, theta[:, 1:].T)
