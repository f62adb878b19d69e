import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optim_cases import descend, run
from oracles import assert_agree, normal, quick, seeds

from course_lib.losses import l2_penalty, softmax_cross_entropy
from course_lib.optim import adagrad, adam, rmsprop, sgd

# gradient descent on the quadratic ½ Σ λ w²


eigenvalues = st.lists(st.floats(0.1, 100), min_size=1, max_size=4).map(np.array)


@pytest.mark.row("A-gd")
@quick
@given(eigenvalues, st.floats(0.05, 1.5))
def test_gradient_descent_multiplies_each_direction(lam, size):
    lr = size / lam.max()
    found = descend(sgd, np.ones(lam.shape), lambda w: lam * w, 10, lr=lr)
    expected = (1 - lr * lam) ** np.arange(1, 11)[:, None]
    assert np.max(np.abs(found - expected)) <= 1e-12


@pytest.mark.row("A-gd")
@quick
@given(eigenvalues)
def test_gradient_descent_converges_up_to_two_over_the_largest_eigenvalue(lam):
    def last(lr):
        return np.abs(descend(sgd, np.ones(lam.shape), lambda w: lam * w, 200, lr=lr)[-1])

    assert np.all(last(1.9 / lam.max()) < 1)
    assert last(1.9 / lam.max())[lam.argmax()] < 1e-9
    assert last(2 / lam.max())[lam.argmax()] == pytest.approx(1, rel=1e-9)  # neither
    assert last(2.1 / lam.max())[lam.argmax()] > 1e8


@pytest.mark.row("A-gd", "A-fcsummary")
def test_gradient_descent_lowers_a_real_loss():
    X, y = normal(0, 20, 3), np.random.default_rng(0).integers(0, 4, 20)
    w, losses = np.zeros((3, 4)), []
    for _ in range(50):
        loss, dscores = softmax_cross_entropy(X @ w, y)
        w, _ = sgd(w, X.T @ dscores, {}, lr=0.5)
        losses.append(loss)
    assert losses[0] == pytest.approx(np.log(4)) and np.all(np.diff(losses) < 0)


# momentum on the quadratic


@pytest.mark.row("C-momentum")
@quick
@given(seeds, st.floats(0.001, 1), st.floats(0, 0.99))
def test_momentum_is_the_lectures_increment(seed, eta, gamma):
    w, gradients = normal(seed, 3), normal(seed + 1, 5, 3)
    expected, increment = [w], 0.0
    for g in gradients:
        increment = eta * g + gamma * increment  # printed without its minus sign ...
        expected.append(expected[-1] - increment)  # ... which is here
    found = run(sgd, w, gradients, lr=eta, momentum=gamma)
    assert np.max(np.abs(np.array(found) - expected[1:])) <= 1e-12 * (1 + np.max(np.abs(expected)))


@pytest.mark.row("C-momentum", "C-sgdopts")
@quick
@given(seeds, st.floats(0, 1), st.floats(0, 1))
def test_momentum_of_zero_is_plain(seed, decay, dampening):
    w, gradients = normal(seed, 3), normal(seed + 1, 4, 3)
    expected = [w]
    for g in gradients:
        expected.append(expected[-1] - 0.1 * (g + decay * expected[-1]))
    # without a velocity there is nothing to dampen
    found = run(sgd, w, gradients, lr=0.1, momentum=0, weight_decay=decay, dampening=dampening)
    assert_agree(found, expected[1:])


def measured_rate(lam, lr, momentum):
    """By which factor a step shrinks (or grows) the error along one direction, in the long run."""
    w = np.abs(descend(sgd, 1.0, lambda w: lam * w, 700, lr=lr, momentum=momentum))
    if w[300:400].max() == 0:
        return 0.0
    # the largest of 100 steps, as the error oscillates
    return (w[600:].max() / w[300:400].max()) ** (1 / 300)


def predicted_rate(lam, lr, momentum):
    """The larger root of z² - (1 + β - ηλ) z + β, in absolute value."""
    return np.abs(np.roots([1, -(1 + momentum - lr * lam), momentum])).max()


@pytest.mark.row("C-momentum")
@pytest.mark.parametrize("lam", [1.0, 30.0])
@pytest.mark.parametrize("lr", [0.003, 0.02])
@pytest.mark.parametrize("momentum", [0.0, 0.3, 0.6, 0.9, 0.95, 0.99])
def test_rates_on_the_quadratic(lam, lr, momentum):
    rate = measured_rate(lam, lr, momentum)
    assert rate == pytest.approx(predicted_rate(lam, lr, momentum), rel=0.005)
    if momentum > (1 - math.sqrt(lr * lam)) ** 2:  # a large β: the momentum alone sets the rate, and the error swings
        assert rate == pytest.approx(math.sqrt(momentum), rel=0.005)
        signs = np.sign(descend(sgd, 1.0, lambda w: lam * w, 700, lr=lr, momentum=momentum))
        assert {-1, 1} <= set(signs)
    elif lr * lam < 1:  # a small β: still slower than √β, and no swinging
        assert rate >= math.sqrt(momentum)
        assert np.all(descend(sgd, 1.0, lambda w: lam * w, 50, lr=lr, momentum=momentum) > 0)


@pytest.mark.row("C-momentum")
def test_momentum_at_the_lectures_step_size():
    # step-size α = 0.0030, momentum β from 0: the range of usable steps grows from 2/λ to (2 + 2β)/λ
    for beta in (0.0, 0.3, 0.6, 0.9):
        edge = (2 + 2 * beta) / 0.0030
        for lam, converges in [(0.97 * edge, True), (1.03 * edge, False)]:
            late = np.abs(descend(sgd, 1.0, lambda w: lam * w, 400, lr=0.0030, momentum=beta))[-50:].max()
            assert late < 0.5 if converges else late > 10
    # a ravine, ten thousand times steeper across than along: β = 0 hardly moves along it, β = 0.98 arrives
    ravine = np.array([600.0, 0.06])
    plain, helped = (
        descend(sgd, np.ones(2), lambda w: ravine * w, 2000, lr=0.0030, momentum=b)[-1] for b in (0.0, 0.98)
    )
    assert plain[1] > 0.5 and np.all(np.abs(helped) < 1e-4)


@pytest.mark.row("C-momentum")
@pytest.mark.parametrize("smallest, largest", [(1.0, 9.0), (0.5, 50.0)])
def test_optimal_step_size_and_momentum(smallest, largest):
    lr = (2 / (math.sqrt(smallest) + math.sqrt(largest))) ** 2
    root = math.sqrt(largest / smallest)
    momentum = ((root - 1) / (root + 1)) ** 2
    spectrum = [smallest, (smallest + largest) / 2, largest]

    def worst(lr, momentum):
        return max(measured_rate(lam, lr, momentum) for lam in spectrum)

    best = worst(lr, momentum)
    assert best == pytest.approx(math.sqrt(momentum), rel=0.01)
    for factor in (0.8, 1.25):
        assert worst(factor * lr, momentum) > 1.01 * best
    for shift in (-0.1, 0.1):
        assert worst(lr, momentum + shift) > 1.01 * best
    # without momentum no step size does better than (κ - 1)/(κ + 1)
    kappa = largest / smallest
    assert worst(2 / (smallest + largest), 0.0) == pytest.approx((kappa - 1) / (kappa + 1), rel=1e-6)
    assert (kappa - 1) / (kappa + 1) > best


# penalties


@pytest.mark.row("C-l2")
@pytest.mark.parametrize("step", [sgd, adagrad, rmsprop, adam])
@pytest.mark.parametrize("factor, decay_per_lambda", [(0.5, 1), (1, 2)])
def test_weight_decay_is_the_gradient_of_the_penalty(step, factor, decay_per_lambda):
    # ½λΣw² is a weight decay of λ; λΣw², as lectures C and D write it, one of 2λ
    lam, w0, target = 0.3, normal(0, 3), normal(1, 3)

    def penalised(w):
        loss, dw = l2_penalty(w, 2 * factor * lam)
        assert loss == pytest.approx(factor * lam * np.sum(w**2), rel=1e-12)
        return w - target + dw

    by_hand = descend(step, w0, penalised, 10, lr=0.1)
    decayed = descend(step, w0, lambda w: w - target, 10, lr=0.1, weight_decay=decay_per_lambda * lam)
    assert_agree(decayed, by_hand)
    if step is sgd:  # the minimum of ½|w - target|² + factor·λ|w|²
        far = descend(sgd, w0, lambda w: w - target, 400, lr=0.1, weight_decay=decay_per_lambda * lam)[-1]
        assert_agree(far, target / (1 + 2 * factor * lam))
