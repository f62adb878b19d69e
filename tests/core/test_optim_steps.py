import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optim_cases import descend, every_step, run, same
from oracles import assert_agree, normal, quick, seeds

from course_lib.optim import adagrad, adam, lamb, rmsprop, rprop, sgd, step_all

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


# properties of one


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


def test_sgd_keeps_its_velocity_through_a_step_without_momentum():
    w, state = sgd(normal(0, 3), normal(1, 3), {}, lr=0.1, momentum=0.9)
    _, kept = sgd(w, normal(2, 3), state, lr=0.1)
    assert same(kept, state) and kept is not state
    assert sgd(w, normal(2, 3), {}, lr=0.1)[1] == {}


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
