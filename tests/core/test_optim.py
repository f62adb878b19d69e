import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_agree, frozen, normal, quick, seeds

from course_lib.losses import l2_penalty, softmax_cross_entropy
from course_lib.optim import (
    adagrad,
    adam,
    cosine,
    lamb,
    minimize,
    rmsprop,
    rprop,
    sgd,
    step_all,
    step_decay,
    warmup,
)

STEPS = {step.__name__: step for step in (sgd, adagrad, rmsprop, adam, lamb, rprop)}
# every optimiser with options that use all of its state
OPTIONS = [
    (sgd, {}),
    (sgd, {"momentum": 0.9, "dampening": 0.1, "weight_decay": 0.1}),
    (sgd, {"momentum": 0.9, "nesterov": True}),
    (adagrad, {"lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator": 0.2}),
    (rmsprop, {"alpha": 0.9}),
    (rmsprop, {"alpha": 0.9, "momentum": 0.5, "centered": True, "weight_decay": 0.1}),
    (adam, {"weight_decay": 0.1}),
    (lamb, {"weight_decay": 0.1}),
    (rprop, {}),
]
every_step = pytest.mark.parametrize(
    "step, options", OPTIONS, ids=[" ".join([step.__name__, *options]) for step, options in OPTIONS]
)


def run(step, w, gradients, **options):
    """The weights after every step along given gradients."""
    state, trajectory = {}, []
    for dw in gradients:
        w, state = step(w, dw, state, **options)
        trajectory.append(w)
    return trajectory


def descend(step, w, gradient, count, **options):
    """The weights after every step down a slope: gradient is a function of w."""
    state, trajectory = {}, []
    for _ in range(count):
        w, state = step(w, gradient(w), state, **options)
        trajectory.append(w)
    return np.array(trajectory)


def same(a, b):
    """Two states, compared number by number."""
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


# the steps, by hand


@pytest.mark.row("C-sgdopts")
@pytest.mark.parametrize(
    "options, expected",
    [
        ({}, [0.9, 0.85, 0.95]),
        # v = 1, then 0.5 + 0.5, then 0.5 - 1
        ({"momentum": 0.5}, [0.9, 0.8, 0.85]),
        # v = 1 (the first gradient is not dampened), then 0.5 + 0.8·0.5, then 0.45 - 0.8
        ({"momentum": 0.5, "dampening": 0.2}, [0.9, 0.81, 0.845]),
        # v as without nesterov; directions 1 + 0.5, then 0.5 + 0.5, then -1 - 0.25
        ({"momentum": 0.5, "nesterov": True}, [0.85, 0.75, 0.875]),
        # g = 1 + 2·1, then 0.5 + 2·0.7, then -1 + 2·0.51
        ({"weight_decay": 2.0}, [0.7, 0.51, 0.508]),
    ],
)
def test_sgd_by_hand(options, expected):
    assert_agree(run(sgd, 1.0, [1.0, 0.5, -1.0], lr=0.1, **options), expected)


@pytest.mark.row("D-adaptive")
def test_adagrad_by_hand():
    # the sums of squares are 9, 25, 169
    expected = [1 - 0.1, 1 - 0.1 - 0.1 * 4 / 5, 1 - 0.1 - 0.1 * 4 / 5 + 0.1 * 12 / 13]
    assert_agree(run(adagrad, 1.0, [3.0, 4.0, -12.0], lr=0.1, eps=1e-100), expected)
    # with 16 to begin with, 3² makes 25 and 24² makes 601; lr is halved at the second step; eps adds to the root
    expected = [1 - 0.1 * 3 / 7, 1 - 0.1 * 3 / 7 - 0.05 * 24 / (math.sqrt(601) + 2)]
    assert_agree(run(adagrad, 1.0, [3.0, 24.0], lr=0.1, eps=2.0, lr_decay=1.0, initial_accumulator=16.0), expected)


@pytest.mark.row("D-adaptive")
def test_rmsprop_by_hand():
    # averages of squares: 0.25·4 = 1, then 0.75 + 0.25·13 = 4
    gradients = [2.0, math.sqrt(13.0)]
    directions = [2 / (1 + 0.5), math.sqrt(13) / (2 + 0.5)]
    assert_agree(run(rmsprop, 1.0, gradients, lr=0.1, alpha=0.75, eps=0.5), 1 - 0.1 * np.cumsum(directions))
    # with momentum: v = the first direction, then 0.5 v + the second
    velocities = [directions[0], 0.5 * directions[0] + directions[1]]
    found = run(rmsprop, 1.0, gradients, lr=0.1, alpha=0.75, eps=0.5, momentum=0.5)
    assert_agree(found, 1 - 0.1 * np.cumsum(velocities))
    # centered: averages 0.5, then 0.375 + 0.25·√13
    averages = [0.5, 0.375 + 0.25 * math.sqrt(13)]
    centered = [g / (math.sqrt(s - a * a) + 0.5) for g, s, a in zip(gradients, [1, 4], averages)]
    found = run(rmsprop, 1.0, gradients, lr=0.1, alpha=0.75, eps=0.5, centered=True)
    assert_agree(found, 1 - 0.1 * np.cumsum(centered))


@pytest.mark.row("D-adaptive")
def test_adam_by_hand():
    # m = 1/2, -1/4, 11/8 and 1 - β₁^t = 1/2, 3/4, 7/8; v = 1/4, 7/16, 165/64 and 1 - β₂^t = 1/4, 7/16, 37/64
    directions = [1 / (1 + 0.5), -1 / 3 / (1 + 0.5), 11 / 7 / (math.sqrt(165 / 37) + 0.5)]
    found = run(adam, 1.0, [1.0, -1.0, 3.0], lr=0.1, betas=(0.5, 0.75), eps=0.5)
    assert_agree(found, 1 - 0.1 * np.cumsum(directions))


@pytest.mark.row("D-adaptive")
@quick
@given(seeds, st.sampled_from([0.0, 0.01, 1.0]))
def test_lamb_written_out(seed, decay):
    # the paper's algorithm 2, number by number
    w0, gradients = normal(seed, 4), normal(seed + 1, 3, 4)
    lr, beta1, beta2, eps = 0.1, 0.8, 0.95, 1e-3
    x, m, v, expected = list(w0), [0.0] * 4, [0.0] * 4, []
    for t, g in enumerate(gradients, start=1):
        u = []
        for i in range(4):
            m[i] = beta1 * m[i] + (1 - beta1) * g[i]
            v[i] = beta2 * v[i] + (1 - beta2) * g[i] ** 2
            r = (m[i] / (1 - beta1**t)) / (math.sqrt(v[i] / (1 - beta2**t)) + eps)
            u.append(r + decay * x[i])
        trust = math.hypot(*x) / math.hypot(*u)
        x = [x[i] - lr * trust * u[i] for i in range(4)]
        expected.append(x)
    assert_agree(run(lamb, w0, gradients, lr=lr, betas=(beta1, beta2), eps=eps, weight_decay=decay), expected)


@pytest.mark.row("C-fullbatch")
def test_rprop_by_hand():
    gradients = [1.0, 2.0, -1.0, -1.0, 0.0, -5.0, -5.0]
    # Δ = 0.1; grown to 0.12; shrunk to 0.06 and a rest; 0.06 after the rest, at a gradient of 0 and after it; 0.072
    expected = [0.9, 0.78, 0.78, 0.84, 0.84, 0.9, 0.972]
    assert_agree(run(rprop, 1.0, gradients, lr=0.1), expected)
    # Δ kept in [0.07, 0.11]
    expected = [0.9, 0.79, 0.79, 0.86, 0.86, 0.93, 1.014]
    assert_agree(run(rprop, 1.0, gradients, lr=0.1, step_sizes=(0.07, 0.11)), expected)
    # Δ = 0.1, 0.2, 0.2·0.25 = 0.05 and a rest, 0.05
    assert_agree(run(rprop, 1.0, gradients[:4], lr=0.1, etas=(0.25, 2.0)), [0.9, 0.7, 0.7, 0.75])


# the steps, beside PyTorch's


FIXTURE = Path(__file__).parents[1] / "fixtures" / "optim.npz"


@pytest.fixture(scope="module")
def stored():
    """What tests/fixtures/make_optim.py wrote down of PyTorch's optimisers; its docstring describes the problems."""
    with np.load(FIXTURE) as file:
        return dict(file)


def assert_stored(stored, optimizer, dtype):
    kept = stored["kept"] - 1
    hessian, given_gradients = stored["hessian"].astype(dtype), stored["gradients"].astype(dtype)
    seen = 0
    for case, expected in zip(json.loads(str(stored["cases"])), stored[dtype.__name__]):
        if case["optimizer"] != optimizer:
            continue
        w, state, trajectory = stored["w0"].astype(dtype), {}, []
        lr, options = case["options"].pop("lr"), case["options"]
        for step in range(24):
            on_bowl = case["problem"] == "bowl"
            dw = (hessian @ w.ravel()).reshape(w.shape) if on_bowl else given_gradients[step]
            factor = step_decay(step, every=10, gamma=0.5) if on_bowl else 1.0
            w, state = STEPS[optimizer](w, dw, state, lr=lr * factor, **options)
            trajectory.append(w)
        for got, reached in zip(np.array(trajectory)[kept], expected):
            assert got.dtype == reached.dtype == dtype
            assert_agree(got, reached)
        seen += 1
    assert seen >= 8


@pytest.mark.row("C-sgdopts")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sgd_equals_pytorch(stored, dtype):
    assert_stored(stored, "sgd", dtype)


@pytest.mark.row("D-adaptive")
@pytest.mark.parametrize("optimizer", ["adagrad", "rmsprop", "adam"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_adaptive_steps_equal_pytorch(stored, optimizer, dtype):
    assert_stored(stored, optimizer, dtype)


@pytest.mark.row("C-fullbatch")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rprop_equals_pytorch(stored, dtype):
    assert_stored(stored, "rprop", dtype)


# gradient descent and momentum on the quadratic ½ Σ λ w²


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


# properties of every step


@every_step
@quick
@given(seed=seeds)
def test_nothing_is_written_to_and_a_step_can_be_repeated(step, options, seed):
    w, gradients, state = normal(seed, 2, 3), normal(seed + 1, 3, 2, 3), {}
    for dw in gradients:
        before = {name: np.copy(value) for name, value in state.items()}
        first, second = (step(w, dw, state, lr=0.1, **options) for _ in range(2))
        assert same(state, before)
        assert np.array_equal(first[0], second[0]) and same(first[1], second[1])
        assert not any(np.shares_memory(a, b) for a in (first[0], *first[1].values()) for b in (w, dw))
        w, state = first
        for value in (w, *state.values()):
            if isinstance(value, np.ndarray):
                value.flags.writeable = False


@every_step
def test_state_outlives_a_reused_gradient_array(step, options):
    w, buffer = normal(0, 3), np.empty(3)
    reused, fresh = ({}, w), ({}, w)
    for dw in normal(1, 3, 3):
        buffer[:] = dw
        reused = step(reused[1], buffer, reused[0], lr=0.1, **options)[::-1]
        fresh = step(fresh[1], dw.copy(), fresh[0], lr=0.1, **options)[::-1]
    assert np.array_equal(reused[1], fresh[1])


@every_step
@quick
@given(seed=seeds)
def test_weights_do_not_see_each_other(step, options, seed):
    w, gradients = normal(seed, 3), normal(seed + 1, 4, 3)
    whole = np.array(run(step, w, gradients, lr=0.1, **options))
    apart = np.array([run(step, w[i], gradients[:, i], lr=0.1, **options) for i in range(3)]).T
    if step is lamb:  # its trust ratio is taken over the whole array
        assert np.max(np.abs(whole - apart)) > 1e-3
    else:
        assert_agree(whole, apart)


@pytest.mark.row("D-adaptive")
@quick
@given(seeds, st.floats(1e-6, 1e6))
def test_first_step_of_adaptive_methods_does_not_depend_on_the_scale(seed, scale):
    w, dw = normal(seed, 5), normal(seed + 1, 5)
    for step, length in [(adam, 1), (adagrad, 1), (lambda *a, **k: rmsprop(*a, alpha=0.75, **k), 2)]:
        moved, _ = step(w, scale * dw, {}, lr=0.1, eps=1e-100)
        assert_agree(moved, w - 0.1 * length * np.sign(dw))


@pytest.mark.row("D-adaptive")
@quick
@given(seeds, st.floats(0.01, 1000))
def test_lamb_moves_every_array_in_proportion_to_its_size(seed, scale):
    w, gradients, state = scale * normal(seed, 2, 3), normal(seed + 1, 3, 2, 3), {}
    for dw in gradients:
        moved, state = lamb(w, dw, state, lr=0.03, weight_decay=0.1)
        assert np.linalg.norm(moved - w) == pytest.approx(0.03 * np.linalg.norm(w), rel=1e-9)
        w = moved


@pytest.mark.row("D-adaptive")
def test_lamb_moves_weights_of_zero():
    moved, state = lamb([0.0, 0.0], [3.0, -0.2], {}, lr=0.1, eps=1e-100)
    assert_agree(moved, [-0.1, 0.1])
    moved, _ = lamb(moved, [0.0, 0.0], {}, lr=0.1)
    assert_agree(moved, [-0.1, 0.1])  # no gradient, no decay: nothing to follow


@pytest.mark.row("D-adaptive")
def test_centered_rmsprop_stays_finite_where_the_gradient_is_constant():
    # s - a² is 0 but for rounding, which makes it negative now and then; its root must not be NaN
    dw = np.linspace(1, 2, 1000) / 3
    for dtype in (np.float64, np.float32):
        w, state = np.zeros(1000, dtype=dtype), {}
        for _ in range(300):
            w, state = rmsprop(w, dw, state, lr=1e-9, alpha=0.5, centered=True)
        assert np.all(np.isfinite(w)) and np.all(w < 0)


@pytest.mark.row("C-fullbatch")
@quick
@given(seeds, st.floats(1e-200, 1e200))
def test_rprop_looks_at_signs_only(seed, scale):
    w, gradients = normal(seed, 5), normal(seed + 1, 6, 5)
    assert np.array_equal(run(rprop, w, scale * gradients, lr=0.1), run(rprop, w, np.sign(gradients), lr=0.1))


@every_step
def test_every_method_goes_down_and_zero_gradients_rest(step, options):
    options = {name: value for name, value in options.items() if name != "weight_decay"}
    lam = np.array([1.0, 10.0])
    lr = 0.3 if step is adagrad else 0.01  # its steps only shrink
    found = descend(step, np.array([1.0, -1.0]), lambda w: lam * w, 400, lr=lr, **options)
    assert np.sum(lam * found[-1] ** 2) < 0.1 * lam.sum()
    assert np.array_equal(step(found[-1], np.zeros(2), {}, lr=0.1, **options)[0], found[-1])


@every_step
def test_dtypes_shapes_and_layouts(step, options):
    w, gradients = normal(0, 4, 3), normal(1, 3, 4, 3)
    expected = run(step, w, gradients, lr=0.1, **options)[-1]
    single = run(step, w.astype(np.float32), gradients, lr=0.1, **options)[-1]  # the weights' dtype decides
    assert expected.dtype == np.float64 and single.dtype == np.float32
    assert_agree(single, expected)
    _, state = step(w.astype(np.float32), gradients[0], {}, lr=0.1, **options)
    assert all(value.dtype == np.float32 for value in state.values() if isinstance(value, np.ndarray))
    turned = [step.T for step in gradients]
    assert_agree(run(step, w.T, turned, lr=0.1, **options)[-1], expected.T)  # not contiguous
    counts, directions = np.arange(3), np.array([[1, 0, -2], [0, 1, 1]])
    integers = run(step, counts, directions, lr=0.1, **options)[-1]
    assert integers.dtype == np.float64
    assert_agree(integers, run(step, counts.astype(float), directions.astype(float), lr=0.1, **options)[-1])
    for dtype in (np.float64, np.float32):
        scalar = run(step, dtype(0.5), [dtype(0.1), dtype(-0.2)], lr=0.1, **options)[-1]
        assert np.shape(scalar) == () and scalar.dtype == dtype


@pytest.mark.row("D-schedule")
def test_the_step_size_may_change_from_step_to_step():
    # the velocity holds gradients, not steps: v = 1, then 1.5; w = 0 - 0.1·1 - 0.01·1.5
    w, state = sgd(0.0, 1.0, {}, lr=0.1, momentum=0.5)
    assert sgd(w, 1.0, state, lr=0.01, momentum=0.5)[0] == pytest.approx(-0.115, rel=1e-12)


def test_sgd_keeps_its_velocity_through_a_step_without_momentum():
    w, state = sgd(normal(0, 3), normal(1, 3), {}, lr=0.1, momentum=0.9)
    _, kept = sgd(w, normal(2, 3), state, lr=0.1)
    assert same(kept, state) and kept is not state
    assert sgd(w, normal(2, 3), {}, lr=0.1)[1] == {}


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


# full-batch methods


def quadratic(seed, n, condition):
    """½wᵀHw - bᵀw with eigenvalues from 1 to `condition`: the function, its gradient, and its minimum by a solver."""
    rng = np.random.default_rng(seed)
    q, _ = np.linalg.qr(rng.standard_normal((n, n)))
    H, b = q * np.geomspace(1, condition, n) @ q.T, rng.standard_normal(n)
    return lambda w: (0.5 * w @ H @ w - b @ w, H @ w - b), np.linalg.solve(H, b)


@pytest.mark.row("C-fullbatch")
@pytest.mark.parametrize("n, condition", [(1, 1), (2, 100), (5, 10), (10, 30), (20, 100)])
def test_conjugate_gradient_finishes_a_quadratic_in_n_iterations(n, condition):
    for seed in range(5):
        fun, w_best = quadratic(seed, n, condition)
        found = minimize(fun, normal(seed, n), "CG")
        assert found.converged and len(found.values) - 1 <= n + (n // 2 if condition >= 100 else 1)
        assert np.max(np.abs(found.w - w_best)) < 1e-5
        # plain descent at its best step size, with as many gradients, is not near yet
        if condition >= 100:
            plain = descend(sgd, normal(seed, n), lambda w: fun(w)[1], found.evaluations[-1], lr=2 / (1 + condition))
            assert np.max(np.abs(plain[-1] - w_best)) > 1e-3


def rosenbrock(w):
    """The curved valley 100(y - x²)² + (1 - x)², with its minimum at (1, 1)."""
    x, y = w
    return 100 * (y - x**2) ** 2 + (1 - x) ** 2, np.array([-400 * x * (y - x**2) - 2 * (1 - x), 200 * (y - x**2)])


@pytest.mark.row("C-fullbatch")
@pytest.mark.parametrize("method", ["L-BFGS-B", "CG", "BFGS"])
def test_full_batch_methods_follow_a_curved_valley(method):
    path = []
    found = minimize(rosenbrock, [-1.2, 1.0], method, callback=path.append)
    assert found.converged and found.value < 1e-10
    assert np.max(np.abs(found.w - 1)) < 1e-5
    assert np.max(np.abs(rosenbrock(found.w)[1])) <= 1e-6
    # the record: from w0 on, never upwards, with as many evaluations beside it
    assert found.values[0] == rosenbrock([-1.2, 1.0])[0] and found.values[-1] == found.value
    assert np.all(np.diff(found.values) <= 0)
    assert len(found.evaluations) == len(found.values) == len(path) + 1
    assert found.evaluations[0] == 1 and np.all(np.diff(found.evaluations) >= 1)
    assert_agree([rosenbrock(w)[0] for w in path[:5]], found.values[1:6])


@pytest.mark.row("C-fullbatch")
def test_full_batch_on_a_small_data_set():
    # 30 examples: one gradient of all of them costs little, and every method finds the one minimum
    X, y = normal(0, 30, 4), np.random.default_rng(1).integers(0, 3, 30)

    def loss(w):
        data, dscores = softmax_cross_entropy(X @ w, y)
        penalty, dw = l2_penalty(w, 0.1)
        return data + penalty, X.T @ dscores + dw

    found = {method: minimize(loss, np.zeros((4, 3)), method) for method in ("L-BFGS-B", "CG", "BFGS")}
    resilient = descend(rprop, np.zeros((4, 3)), lambda w: loss(w)[1], 200, lr=0.1)[-1]
    plain = descend(sgd, np.zeros((4, 3)), lambda w: loss(w)[1], 2000, lr=0.5)[-1]
    for result in found.values():
        assert result.converged and result.w.shape == (4, 3)
        assert np.max(np.abs(result.w - plain)) < 1e-4
        assert result.evaluations[-1] < 100
    assert np.max(np.abs(resilient - plain)) < 1e-4


@pytest.mark.row("C-fullbatch")
def test_rprop_finishes_a_badly_scaled_quadratic():
    # a million times steeper one way than the other: one step size for all cannot serve both
    lam = np.array([1e-3, 1e3])
    resilient = descend(rprop, np.ones(2), lambda w: lam * w, 100, lr=0.1)[-1]
    plain = descend(sgd, np.ones(2), lambda w: lam * w, 100, lr=1.9 / lam.max())[-1]
    assert np.max(np.abs(resilient)) < 1e-3 and plain[0] > 0.99


def test_minimize_keeps_to_its_arguments():
    w0 = frozen([[1.0, -2.0], [3.0, 4.0]])
    seen = []

    def fun(w):
        assert w.shape == (2, 2) and w.dtype == np.float64
        seen.append(w.copy())
        value, gradient = np.sum(w**2), 2 * w
        w[:] = np.nan  # what fun does to its own copy is its own business
        return value, gradient

    for method in ("L-BFGS-B", "CG", "BFGS"):
        seen.clear()
        found = minimize(fun, w0, method)
        assert np.max(np.abs(found.w)) < 1e-6 and np.array_equal(seen[0], w0)
        assert found.evaluations[-1] == len(seen)
        single = minimize(fun, w0.astype(np.float32), method)
        assert single.w.dtype == np.float32 and found.w.dtype == np.float64
        assert minimize(fun, [[1, 2], [3, 4]], method).w.dtype == np.float64
        assert minimize(fun, np.zeros((2, 2)), method).values == [0.0]
    assert minimize(lambda w: ((w - 2) ** 2, 2 * (w - 2)), 0.0).w == pytest.approx(2)  # a plain number
    stopped = minimize(rosenbrock, [-1.2, 1.0], max_iterations=3)
    assert not stopped.converged and len(stopped.values) == 4 and "ITERATIONS" in stopped.message.upper()
    loose, tight = (minimize(rosenbrock, [-1.2, 1.0], "CG", tolerance=t) for t in (1.0, 1e-8))
    assert len(loose.values) < len(tight.values) and np.max(np.abs(rosenbrock(loose.w)[1])) <= 1


# schedules


@pytest.mark.row("D-schedule")
def test_schedules_by_hand():
    assert_agree([step_decay(s, every=3) for s in (0, 2, 3, 5, 6)], [1, 1, 0.1, 0.1, 0.01])
    assert_agree([cosine(s, total=6) for s in (0, 2, 3, 4)], [1, 0.75, 0.5, 0.25])
    assert_agree([cosine(s, total=6, floor=0.2) for s in (0, 3, 6, 9)], [1, 0.6, 0.2, 0.2])
    assert_agree([warmup(s, steps=4) for s in (0, 1, 3, 4, 100)], [0.25, 0.5, 1, 1, 1])
    assert warmup(0, steps=1) == 1


@pytest.mark.row("D-schedule")
def test_schedules_equal_pytorch(stored):
    steps = range(24)
    assert_agree([step_decay(s, every=7, gamma=0.3) for s in steps], stored["step_lr"])
    assert_agree([cosine(s, total=24, floor=0.1) for s in steps], stored["cosine_lr"])
    assert_agree([warmup(s, steps=8) for s in steps], stored["linear_lr"])


@pytest.mark.row("D-schedule")
@quick
@given(st.integers(1, 50), st.floats(0, 1), st.integers(0, 60))
def test_schedules_stay_in_range_and_go_one_way(size, low, step):
    for schedule, direction in [
        (lambda s: step_decay(s, every=size, gamma=low), -1),
        (lambda s: cosine(s, total=size, floor=low), -1),
        (lambda s: warmup(s, steps=size), 1),
    ]:
        now, after = schedule(step), schedule(step + 1)
        assert isinstance(now, float) and 0 <= now <= 1
        assert direction * (after - now) >= -1e-12


@pytest.mark.row("D-schedule")
def test_a_schedule_settles_what_a_constant_step_leaves_in_noise():
    noise = normal(0, 400)

    def spread(factor):
        w, late = 1.0, []
        for step in range(400):
            w, _ = sgd(w, w + noise[step], {}, lr=0.5 * factor(step))
            late.append(w)
        return np.std(late[-50:])

    constant = spread(lambda step: 1.0)
    assert spread(lambda step: step_decay(step, every=100)) < 0.1 * constant
    assert spread(lambda step: warmup(step, steps=10) * cosine(step, total=400)) < 0.3 * constant


# dicts of parameters


@pytest.mark.row("C-sgdopts", "D-adaptive")
@every_step
def test_step_all_steps_every_array_by_itself(step, options):
    params = {"W": normal(0, 2, 3), "b": normal(1, 3)}
    state, alone = {}, {name: (w, {}) for name, w in params.items()}
    for seed in range(3):
        grads = {"b": normal(seed + 2, 3), "W": normal(seed + 9, 2, 3)}  # in any order
        params, state = step_all(step, params, grads, state, lr=0.1, **options)
        alone = {name: step(w, grads[name], s, lr=0.1, **options) for name, (w, s) in alone.items()}
    assert list(params) == ["W", "b"]
    for name, (w, s) in alone.items():
        assert np.array_equal(params[name], w) and same(state[name], s)


def test_step_all_names_bad_arguments():
    params, grads = {"W": normal(0, 2), "b": normal(1, 3)}, {"W": normal(2, 2), "b": normal(3, 3)}
    with pytest.raises(ValueError, match=r"^grads: expected the names \['W', 'b'\] of params, got \['W'\]"):
        step_all(sgd, params, {"W": grads["W"]}, {}, lr=0.1)
    with pytest.raises(ValueError, match=r"^b: dw: expected shape \(3,\), the shape of w, got shape \(2,\)"):
        step_all(sgd, params, {**grads, "b": grads["W"]}, {}, lr=0.1)
    with pytest.raises(ValueError, match=r"^state: expected the names"):
        step_all(sgd, params, grads, {"W": {}}, lr=0.1)
    with pytest.raises(TypeError, match="^params: expected a dict"):
        step_all(sgd, params["W"], grads, {}, lr=0.1)
    with pytest.raises(TypeError, match="^W: .*betas"):
        step_all(sgd, params, grads, {}, lr=0.1, betas=(0.9, 0.99))


# bad input


@pytest.mark.parametrize("step", STEPS.values())
@pytest.mark.parametrize(
    "change, error, message",
    [
        ({"lr": -0.1}, ValueError, "^lr: expected a finite number of at least 0, got -0.1"),
        ({"lr": np.nan}, ValueError, "^lr: "),
        ({"lr": np.inf}, ValueError, "^lr: "),
        ({"lr": "0.1"}, TypeError, "^lr: expected a number"),
        ({"lr": None}, TypeError, "^lr: expected a number"),
        ({"dw": [1.0, 2.0]}, ValueError, r"^dw: expected shape \(3,\), the shape of w, got shape \(2,\)"),
        ({"dw": 1.0}, ValueError, r"^dw: expected shape \(3,\)"),
        ({"dw": [1.0, np.nan, 0.0]}, ValueError, "^dw: expected finite numbers, got nan at index"),
        ({"dw": np.array([1.0, 2.0, 3.0], dtype=object)}, TypeError, "^dw: "),
        ({"dw": [1j, 0, 0]}, TypeError, "^dw: "),
        ({"w": [1.0, np.inf, 0.0]}, ValueError, "^w: expected finite numbers, got inf at index"),
        ({"w": np.array([1.0, 2.0, 3.0], dtype=object)}, TypeError, "^w: "),
        ({"w": [], "dw": []}, ValueError, "^w: expected at least one element"),
        ({"state": None}, TypeError, "^state: expected {} or the dict"),
        ({"state": []}, TypeError, "^state: "),
        ({"state": {"m": np.zeros(3)}}, ValueError, "^state: .*unknown"),
    ],
)
def test_steps_name_bad_arguments(step, change, error, message):
    arguments = {"w": [1.0, 2.0, 3.0], "dw": [0.1, 0.2, 0.3], "state": {}, "lr": 0.1} | change
    with pytest.raises(error, match=message):
        step(**arguments)


@every_step
def test_states_of_other_optimisers_and_shapes_are_refused(step, options):
    w, dw = normal(0, 3), normal(1, 3)
    for other, other_options in OPTIONS:
        _, state = other(w, dw, {}, lr=0.1, **other_options)
        if other is not step and state:
            with pytest.raises(ValueError, match=f"^state: .*{step.__name__} returned, got one of {other.__name__}"):
                step(w, dw, state, lr=0.1, **options)
    _, state = step(w, dw, {}, lr=0.1, **options)
    if state:
        with pytest.raises(ValueError, match=r"^state\['\w+'\]: expected shape \(2,\), the shape of w, got shape"):
            step(w[:2], dw[:2], state, lr=0.1, **options)
        with pytest.raises(ValueError, match="^state: expected the entries .* keeps with these options"):
            step(w, dw, {**state, "more": w}, lr=0.1, **options)
        with pytest.raises(ValueError, match=r"^state\['\w+'\]: expected finite"):
            spoiled = {k: np.full(3, np.nan) if isinstance(v, np.ndarray) else v for k, v in state.items()}
            step(w, dw, spoiled, lr=0.1, **options)
    if "step" in state:
        with pytest.raises(ValueError, match=r"^state\['step'\]: "):
            step(w, dw, {**state, "step": 0}, lr=0.1, **options)


def test_rmsprop_refuses_options_that_its_state_does_not_fit():
    _, state = rmsprop(1.0, 1.0, {}, lr=0.1)
    for options in ({"centered": True}, {"momentum": 0.9}):
        with pytest.raises(ValueError, match="^state: expected the entries .* which rmsprop keeps with these options"):
            rmsprop(1.0, 1.0, state, lr=0.1, **options)


@pytest.mark.parametrize(
    "step, options, error, message",
    [
        (sgd, {"momentum": -0.1}, ValueError, "^momentum: expected a finite number from 0 to 1"),
        (sgd, {"momentum": 1.5}, ValueError, "^momentum: "),
        (sgd, {"momentum": np.nan}, ValueError, "^momentum: "),
        (sgd, {"dampening": 2.0}, ValueError, "^dampening: "),
        (sgd, {"weight_decay": -1.0}, ValueError, "^weight_decay: "),
        (sgd, {"nesterov": True}, ValueError, "^nesterov: expected a momentum above 0 and a dampening of 0"),
        (sgd, {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, ValueError, "^nesterov: "),
        (adagrad, {"lr_decay": -1.0}, ValueError, "^lr_decay: "),
        (adagrad, {"initial_accumulator": -1.0}, ValueError, "^initial_accumulator: "),
        (adagrad, {"eps": 0.0}, ValueError, "^eps: "),
        (adagrad, {"weight_decay": np.inf}, ValueError, "^weight_decay: "),
        (rmsprop, {"alpha": 1.0}, ValueError, "^alpha: expected a number of at least 0 and below 1, got 1.0"),
        (rmsprop, {"alpha": -0.5}, ValueError, "^alpha: "),
        (rmsprop, {"momentum": -0.5}, ValueError, "^momentum: "),
        (rmsprop, {"eps": -1e-8}, ValueError, "^eps: "),
        (adam, {"betas": (0.9, 1.0)}, ValueError, r"^betas\[1\]: expected a number of at least 0 and below 1"),
        (adam, {"betas": (-0.1, 0.9)}, ValueError, r"^betas\[0\]: "),
        (adam, {"betas": (0.9, np.nan)}, ValueError, r"^betas\[1\]: "),
        (adam, {"betas": (0.9,)}, ValueError, "^betas: expected a pair"),
        (adam, {"betas": 0.9}, TypeError, "^betas: expected a pair"),
        (adam, {"eps": 0}, ValueError, "^eps: "),
        (lamb, {"betas": (1.0, 0.9)}, ValueError, r"^betas\[0\]: "),
        (lamb, {"weight_decay": -1}, ValueError, "^weight_decay: "),
        (lamb, {"eps": None}, TypeError, "^eps: "),
        (rprop, {"etas": (1.2, 0.5)}, ValueError, r"^etas: expected 0 < etas\[0\] < 1 < etas\[1\]"),
        (rprop, {"etas": (0.0, 1.2)}, ValueError, "^etas: "),
        (rprop, {"etas": (0.5, np.nan)}, ValueError, r"^etas\[1\]: "),
        (rprop, {"step_sizes": (1.0, 0.5)}, ValueError, r"^step_sizes\[1\]: "),
        (rprop, {"step_sizes": 1.0}, TypeError, "^step_sizes: "),
    ],
)
def test_options_out_of_range_are_named(step, options, error, message):
    with pytest.raises(error, match=message):
        step([1.0], [1.0], {}, lr=0.1, **options)


def test_eps_has_to_survive_rounding_to_the_weights_dtype():
    assert adam([1.0], [0.0], {}, lr=0.1, eps=1e-100)[0] == 1
    with pytest.raises(ValueError, match="^eps: "):
        adam(np.float32([1.0]), [0.0], {}, lr=0.1, eps=1e-100)


@pytest.mark.parametrize(
    "change, error, message",
    [
        ({"method": "bfgs"}, ValueError, "^method: expected one of L-BFGS-B, CG, BFGS, got 'bfgs'"),
        ({"method": None}, ValueError, "^method: "),
        ({"fun": 3}, TypeError, "^fun: expected a function"),
        ({"w0": [1.0, np.nan]}, ValueError, "^w0: expected finite"),
        ({"w0": np.array([1.0, None])}, TypeError, "^w0: "),
        ({"max_iterations": 0}, ValueError, "^max_iterations: "),
        ({"max_iterations": 2.5}, TypeError, "^max_iterations: "),
        ({"tolerance": -1.0}, ValueError, "^tolerance: "),
        ({"callback": 1}, TypeError, "^callback: "),
    ],
)
def test_minimize_names_bad_arguments_before_any_work(change, error, message):
    def fun(w):
        raise AssertionError("called before the arguments were checked")

    with pytest.raises(error, match=message):
        minimize(**{"fun": fun, "w0": [1.0, 2.0]} | change)


@pytest.mark.parametrize("method", ["L-BFGS-B", "CG", "BFGS"])
@pytest.mark.parametrize(
    "returned, error, message",
    [
        (1.0, TypeError, r"^fun: expected a pair \(value, gradient\), got float"),
        ((1.0, [1.0, 2.0, 3.0]), ValueError, r"^fun's gradient: expected shape \(2,\), the shape of w0, got shape"),
        ((np.nan, [1.0, 2.0]), ValueError, "^fun's value: expected finite"),
        (([1.0, 2.0], [1.0, 2.0]), ValueError, r"^fun's value: expected shape \(\)"),
        ((1.0, [1.0, np.inf]), ValueError, "^fun's gradient: expected finite"),
        ((1.0, None), TypeError, "^fun's gradient: "),
    ],
)
def test_minimize_checks_what_the_function_returns(method, returned, error, message):
    with pytest.raises(error, match=message):
        minimize(lambda w: returned, [1.0, 2.0], method)


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: step_decay(-1, every=2), ValueError, "^step: expected an integer of at least 0"),
        (lambda: step_decay(1.5, every=2), TypeError, "^step: "),
        (lambda: step_decay(1, every=0), ValueError, "^every: "),
        (lambda: step_decay(1, every=2, gamma=1.5), ValueError, "^gamma: "),
        (lambda: step_decay(1, every=2, gamma=np.nan), ValueError, "^gamma: "),
        (lambda: cosine(-1, total=2), ValueError, "^step: "),
        (lambda: cosine(1, total=0), ValueError, "^total: "),
        (lambda: cosine(1, total=2, floor=-0.1), ValueError, "^floor: "),
        (lambda: warmup(True, steps=2), TypeError, "^step: "),
        (lambda: warmup(0, steps=0), ValueError, "^steps: "),
    ],
)
def test_schedules_name_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
