import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_adjoint, assert_agree, assert_is_gradient, frozen, normal, quick, seeds

from course_lib.norm import batchnorm_backward, batchnorm_forward, dropout_backward, dropout_forward

SHAPES = [(6, 4), (5, 1), (3, 4, 2, 5), (1, 2, 3, 1)]


def batch(seed, shape, dtype=np.float64):
    """(x, gamma, beta, running, dout), with features that differ in scale and offset."""
    count = shape[1]
    lined_up = (1, -1) + (1,) * (len(shape) - 2)
    scale, offset = np.arange(1, count + 1).reshape(lined_up), 3 * np.arange(count).reshape(lined_up)
    x = frozen(normal(seed, *shape) * scale + offset, dtype)
    running = normal(seed + 1, count, dtype=dtype), frozen(np.abs(normal(seed + 2, count)) + 0.5, dtype)
    return x, *(normal(seed + i, count, dtype=dtype) for i in (3, 4)), running, normal(seed + 5, *shape, dtype=dtype)


def rows_of_features(x):
    """(values, features): every value of a feature in one column."""
    return np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])


# batch normalisation


@pytest.mark.row("D-batchnorm")
@pytest.mark.parametrize("shape", SHAPES)
def test_training_forward(shape):
    x, gamma, beta, running, _ = batch(0, shape)
    out, _, _ = batchnorm_forward(x, gamma, beta, running, train=True, eps=1e-3)
    for f in range(shape[1]):
        values = rows_of_features(x)[:, f]
        x_hat = (values - values.sum() / len(values)) / np.sqrt(((values - values.mean()) ** 2).mean() + 1e-3)
        assert_agree(rows_of_features(out)[:, f], gamma[f] * x_hat + beta[f])


@pytest.mark.row("D-batchnorm")
@quick
@given(seeds, st.sampled_from(SHAPES))
def test_normalised_to_mean_0_and_variance_1(seed, shape):
    x, gamma, beta, running, _ = batch(seed, shape)
    count = shape[1]
    out, _, _ = batchnorm_forward(x, np.ones(count), np.zeros(count), None, train=True, eps=1e-15)
    assert np.max(np.abs(rows_of_features(out).mean(axis=0))) < 1e-12
    assert np.max(np.abs(rows_of_features(out).var(axis=0) - 1)) < 1e-9
    moved = batchnorm_forward(x * 7 + 100, gamma, beta, running, train=True, eps=1e-15)[0]
    still = batchnorm_forward(x, gamma, beta, running, train=True, eps=1e-15)[0]
    assert np.max(np.abs(moved - still)) < 1e-9


@pytest.mark.row("D-batchnorm")
@quick
@given(seeds, st.sampled_from(SHAPES), st.booleans())
def test_gradients(seed, shape, train):
    x, gamma, beta, running, dout = batch(seed, shape)

    def out_of(x=x, gamma=gamma, beta=beta):
        return batchnorm_forward(x, gamma, beta, running, train=train, eps=0.1)[0]

    dx, dgamma, dbeta = batchnorm_backward(dout, batchnorm_forward(x, gamma, beta, running, train=train, eps=0.1)[1])
    assert_is_gradient(dx, out_of, x, dout)
    assert_is_gradient(dgamma, lambda v: out_of(gamma=v), gamma, dout)
    assert_is_gradient(dbeta, lambda v: out_of(beta=v), beta, dout)
    if train:  # the mean follows x: moving all of a feature's values changes nothing
        assert np.max(np.abs(rows_of_features(dx).sum(axis=0))) < 1e-12 * x.size * np.max(np.abs(dout * 10))
    else:  # the statistics are constants
        constant = gamma / np.sqrt(running[1] + 0.1)
        assert_agree(rows_of_features(dx), rows_of_features(dout) * constant)


@pytest.mark.row("D-batchnorm")
def test_backward_against_the_staged_chain():
    """The same gradient, one backward line for each forward line."""
    x, gamma, beta, running, dout = batch(1, (5, 3))
    m, eps = len(x), 1e-5
    mean = x.mean(axis=0)
    centred = x - mean
    var = (centred**2).mean(axis=0)
    std = np.sqrt(var + eps)
    dx_hat = dout * gamma
    dstd = -(dx_hat * centred).sum(axis=0) / std**2
    dvar = dstd / (2 * std)
    dcentred = dx_hat / std + dvar * 2 * centred / m
    dmean = -dcentred.sum(axis=0)
    dx, dgamma, dbeta = batchnorm_backward(dout, batchnorm_forward(x, gamma, beta, running, train=True)[1])
    assert np.allclose(dx, dcentred + dmean / m, rtol=1e-11, atol=1e-13)
    assert_agree(dgamma, (dout * centred / std).sum(axis=0))
    assert_agree(dbeta, dout.sum(axis=0))


@pytest.mark.row("D-batchnorm")
def test_running_statistics_by_hand():
    first, second = [[1.0], [3.0]], [[0.0], [8.0]]  # means 2 and 4, unbiased variances 2 and 32
    _, _, running = batchnorm_forward(first, [1.0], [0.0], None, train=True)
    assert_agree(running[0], [0.9 * 0 + 0.1 * 2])
    assert_agree(running[1], [0.9 * 1 + 0.1 * 2])
    _, _, running = batchnorm_forward(second, [1.0], [0.0], running, train=True)
    assert_agree(running[0], [0.9 * 0.2 + 0.1 * 4])
    assert_agree(running[1], [0.9 * 1.1 + 0.1 * 32])
    # in use they stand in for the batch's, whatever the batch is, and stay as they are
    out, _, kept = batchnorm_forward([[5.0]], [2.0], [1.0], running, train=False, eps=1e-5)
    assert_agree(out, [[2 * (5 - 0.58) / np.sqrt(4.19 + 1e-5) + 1]])
    assert_agree(kept, running)
    assert not np.shares_memory(kept[0], running[0])


@pytest.mark.row("D-batchnorm")
def test_momentum_is_the_share_that_stays():
    x, gamma, beta, running, _ = batch(2, (3, 4, 2, 5))
    values = rows_of_features(x)
    for momentum in (0.0, 0.3, 1.0):
        _, _, new = batchnorm_forward(x, gamma, beta, running, train=True, momentum=momentum)
        assert_agree(new[0], momentum * running[0] + (1 - momentum) * values.mean(axis=0))
        assert_agree(new[1], momentum * running[1] + (1 - momentum) * values.var(axis=0, ddof=1))


@pytest.mark.row("D-batchnorm")
def test_running_statistics_come_close_to_the_datas():
    rng, running = np.random.default_rng(0), None
    for _ in range(200):
        x = rng.normal([3.0, -2.0], [0.5, 4.0], (64, 2))
        _, _, running = batchnorm_forward(x, np.ones(2), np.zeros(2), running, train=True)
    assert np.allclose(running[0], [3, -2], atol=0.5) and np.allclose(running[1], [0.25, 16], rtol=0.2)


def test_a_constant_feature():
    x = np.full((4, 2), 7.0)
    out, cache, _ = batchnorm_forward(x, [2.0, 3.0], [1.0, -1.0], None, train=True)
    assert out.tolist() == [[1, -1]] * 4
    assert all(np.isfinite(g).all() for g in batchnorm_backward(normal(0, 4, 2), cache))


@pytest.mark.parametrize("train", [True, False])
def test_batchnorm_dtypes_and_views(train):
    for shape in ((6, 4), (3, 4, 2, 5)):
        x, gamma, beta, running, dout = batch(3, shape)
        x32, gamma32, beta32, running32, dout32 = batch(3, shape, np.float32)
        out, cache, new = batchnorm_forward(x, gamma, beta, running, train=train)
        out32, cache32, new32 = batchnorm_forward(x32, gamma32, beta32, running32, train=train)
        gradients, gradients32 = batchnorm_backward(dout, cache), batchnorm_backward(dout32, cache32)
        for narrow, wide in zip((out32, *new32, *gradients32), (out, *new, *gradients)):
            assert narrow.dtype == np.float32 and wide.dtype == np.float64
            assert_agree(narrow, wide)
        view = np.repeat(x, 2, axis=-1)[..., ::2]
        same, same_cache, _ = batchnorm_forward(view, gamma, beta, running, train=train)
        assert_agree(same, out)
        for again, gradient in zip(batchnorm_backward(np.asfortranarray(dout), same_cache), gradients):
            assert_agree(again, gradient)
    assert batchnorm_forward(x32, gamma32, beta32, None, train=True)[2][0].dtype == np.float32
    integers = batchnorm_forward([[1, 2], [3, 5]], [1, 1], [0, 0], ([0, 0], [1, 1]), train=train)
    assert integers[0].dtype == integers[2][0].dtype == np.float64
    assert all(g.dtype == np.float64 for g in batchnorm_backward([[1, 2], [3, 4]], integers[1]))


@pytest.mark.parametrize("train", [True, False])
def test_two_forwards_before_a_backward(train):
    x, gamma, beta, running, dout = batch(4, (6, 4))
    other = batch(5, (6, 4))[0]
    out, cache, _ = batchnorm_forward(x, gamma, beta, running, train=train)
    expected = batchnorm_backward(dout, batchnorm_forward(x, gamma, beta, running, train=train)[1])
    batchnorm_forward(other, gamma, beta, running, train=train)
    out += 1  # a caller's result is the caller's
    for _ in range(2):
        got = batchnorm_backward(dout, cache)
        for g, e in zip(got, expected):
            assert np.array_equal(g, e) and not np.shares_memory(g, dout)
            g += 1  # the same holds of the gradients


# dropout


@pytest.mark.row("D-augment")
@pytest.mark.parametrize("p", [0.0, 0.25, 0.5, 0.9])
def test_dropout_keeps_the_mean(p):
    x = frozen(1 + np.abs(normal(0, 200, 100)))
    out, _ = dropout_forward(x, p, seed=1, train=True)
    dropped = out == 0
    assert abs(dropped.mean() - p) < 0.02
    assert_agree(out[~dropped], x[~dropped] / (1 - p))  # inverted: scaled in training
    assert abs(out.mean() / x.mean() - 1) < 0.03


@pytest.mark.row("D-augment")
@quick
@given(seeds, seeds, st.sampled_from([0.0, 0.3, 0.8]), st.booleans())
def test_dropout_gradient(seed, mask_seed, p, train):
    x, dout = normal(seed, 3, 4), normal(seed + 1, 3, 4)
    out, cache = dropout_forward(x, p, seed=mask_seed, train=train)
    dx = dropout_backward(dout, cache)
    assert np.array_equal(dx == 0, out == 0)  # the forward pass's mask, not a new one
    assert_is_gradient(dx, lambda v: dropout_forward(v, p, seed=mask_seed, train=train)[0], x, dout)
    assert_adjoint(out, dout, x, dx)


@pytest.mark.row("D-augment")
def test_dropout_in_use_changes_nothing():
    x, dout = normal(0, 5, 6), normal(1, 5, 6)
    for p in (0.0, 0.5, 1.0):
        out, cache = dropout_forward(x, p, seed=0, train=False)
        assert np.array_equal(out, x) and not np.shares_memory(out, x)
        assert np.array_equal(dropout_backward(dout, cache), dout)


@pytest.mark.row("D-augment")
def test_the_seed_decides():
    x = np.ones((20, 30))
    masks = [dropout_forward(x, 0.5, seed=s, train=True)[0] for s in (1, 1, 2)]
    assert np.array_equal(masks[0], masks[1]) and not np.array_equal(masks[0], masks[2])
    state = np.random.get_state()[1].copy()
    dropout_forward(x, 0.5, seed=3, train=True)
    assert np.array_equal(state, np.random.get_state()[1])  # nobody else's random numbers change


def test_dropout_of_everything_and_of_infinities():
    out, cache = dropout_forward([1.0, np.inf], 1.0, seed=0, train=True)
    assert out.tolist() == [0, 0] and dropout_backward([np.inf, 1.0], cache).tolist() == [0, 0]


def test_dropout_dtypes_views_and_repeated_backward():
    x, dout = normal(0, 4, 6), normal(1, 4, 6)
    out, cache = dropout_forward(x, 0.4, seed=5, train=True)
    dx = dropout_backward(dout, cache)
    dropout_forward(normal(2, 4, 6), 0.4, seed=6, train=True)
    assert np.array_equal(dropout_backward(dout, cache), dx)
    out32, cache32 = dropout_forward(x.astype(np.float32), 0.4, seed=5, train=True)
    dx32 = dropout_backward(dout.astype(np.float32), cache32)
    assert out32.dtype == dx32.dtype == np.float32
    assert_agree(out32, out)
    assert_agree(dx32, dx)
    assert_agree(dropout_forward(np.asfortranarray(x), 0.4, seed=5, train=True)[0], out)
    assert_agree(dropout_backward(np.repeat(dout, 2, axis=1)[:, ::2], cache), dx)
    assert dropout_forward([1, 2], 0.4, seed=5, train=True)[0].dtype == np.float64
    assert dropout_forward(3, 0.4, seed=5, train=False)[0].shape == ()


# bad arguments


X, ONE, RUNNING = np.ones((4, 3)), np.ones(3), (np.zeros(3), np.ones(3))


@pytest.mark.parametrize(
    "args, options, error, message",
    [
        ((X[0], ONE, ONE, RUNNING), {}, ValueError, r"^x: expected shape \(N, D\) or \(N, C, H, W\), got shape \(3,\)"),
        ((X[None], ONE, ONE, RUNNING), {}, ValueError, "^x: expected shape"),
        ((X[:0], ONE, ONE, RUNNING), {}, ValueError, "^x: expected at least one element"),
        ((X.astype(object), ONE, ONE, RUNNING), {}, TypeError, "^x: "),
        ((X[:1], ONE, ONE, RUNNING), {}, ValueError, r"^x: expected more than one value .*got shape \(1, 3\)"),
        ((X, np.ones(4), ONE, RUNNING), {}, ValueError, r"^gamma: expected shape \(3,\).*got shape \(4,\)"),
        ((X, 1.0, ONE, RUNNING), {}, ValueError, "^gamma: "),
        ((X, ONE, np.ones((1, 3)), RUNNING), {}, ValueError, "^beta: "),
        ((X, ONE, [None] * 3, RUNNING), {}, TypeError, "^beta: "),
        ((X, ONE, ONE, np.zeros((2, 3))), {}, TypeError, r"^running: expected a pair \(mean, var\) or None"),
        ((X, ONE, ONE, (np.zeros(3),)), {}, TypeError, "^running: "),
        ((X, ONE, ONE, (np.zeros(3), np.ones(4))), {}, ValueError, r"^running\[1\]: expected shape \(3,\)"),
        ((X, ONE, ONE, (np.zeros(3), -np.ones(3))), {}, ValueError, r"^running\[1\]: expected variances of at least 0"),
        ((X, ONE, ONE, None), {"train": False}, ValueError, "^running: expected .* where train=False, got None"),
        ((X, ONE, ONE, RUNNING), {"train": "False"}, TypeError, "^train: expected True or False, got 'False'"),
        ((X, ONE, ONE, RUNNING), {"momentum": 1.1}, ValueError, "^momentum: "),
        ((X, ONE, ONE, RUNNING), {"eps": 0}, ValueError, "^eps: "),
        ((X, ONE, ONE, RUNNING), {"eps": "small"}, TypeError, "^eps: "),
    ],
)
def test_batchnorm_names_bad_arguments(args, options, error, message):
    with pytest.raises(error, match=message):
        batchnorm_forward(*args, **{"train": True, **options})


@pytest.mark.parametrize(
    "x, p, options, error, message",
    [
        ([], 0.5, {}, ValueError, "^x: "),
        (["a"], 0.5, {}, TypeError, "^x: "),
        (X, -0.1, {}, ValueError, "^p: expected a finite number from 0 to 1.*, got -0.1"),
        (X, 1.1, {}, ValueError, "^p: "),
        (X, np.nan, {}, ValueError, "^p: "),
        (X, "half", {}, TypeError, "^p: "),
        (X, 0.5, {"seed": -1}, ValueError, "^seed: "),
        (X, 0.5, {"seed": None}, TypeError, "^seed: "),
        (X, 0.5, {"train": 1}, TypeError, "^train: "),
    ],
)
def test_dropout_names_bad_arguments(x, p, options, error, message):
    with pytest.raises(error, match=message):
        dropout_forward(x, p, **{"seed": 0, "train": True, **options})


def test_backward_names_bad_arguments():
    _, cache, _ = batchnorm_forward(X, ONE, ONE, RUNNING, train=False)
    _, mask_cache = dropout_forward(X, 0.5, seed=0, train=True)
    for backward, its_cache, name in [
        (batchnorm_backward, cache, "batchnorm_forward"),
        (dropout_backward, mask_cache, "dropout_forward"),
    ]:
        with pytest.raises(ValueError, match=r"^dout: expected shape \(4, 3\).*got shape \(3, 4\)"):
            backward(X.T, its_cache)
        with pytest.raises(TypeError, match="^dout: "):
            backward(X.astype(object), its_cache)
        with pytest.raises(TypeError, match=f"^cache: .*{name}"):
            backward(X, (1, 2, 3))
