import inspect

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal
from hypothesis import example, given
from hypothesis import strategies as st
from oracles import assert_adjoint, assert_agree, assert_is_gradient, frozen, normal, quick, seeds

from course_lib.conv import conv2d_forward, output_size
from course_lib.pool import (
    avg_pool2d_backward,
    avg_pool2d_backward_loops,
    avg_pool2d_forward,
    avg_pool2d_forward_loops,
    max_pool1d_backward,
    max_pool1d_forward,
    max_pool2d_backward,
    max_pool2d_backward_loops,
    max_pool2d_forward,
    max_pool2d_forward_loops,
    max_unpool2d,
    max_unpool2d_backward,
    upsample_nearest2d_backward,
    upsample_nearest2d_forward,
)

LECTURE_B = [[[[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]]
LECTURE_C = [[[[0.1, 0.5, 1.2, -0.7], [0.8, -0.2, -0.5, 0.3], [0.4, 0.9, -0.1, -0.2], [-0.6, 0.1, 0.5, 0.3]]]]


@st.composite
def pool_cases(draw):
    """(shape of x, options) of a pooling layer with rectangular images and windows; some sizes are floored."""
    size = draw(st.tuples(st.integers(1, 3), st.integers(1, 4)))
    stride = draw(st.one_of(st.none(), st.tuples(st.integers(1, 4), st.integers(1, 4))))
    pad = tuple(draw(st.integers(0, f - 1)) for f in size)
    image = tuple(max(1, f - 2 * p) + draw(st.integers(0, 5)) for f, p in zip(size, pad))
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 2)), *image)
    return shape, {"size": size, "stride": stride, "pad": pad}


def small_integers(seed, *shape):
    """Values with many ties, as after a ReLU."""
    return frozen(np.random.default_rng(seed).integers(0, 3, shape))


def far_apart(seed, *shape):
    """Values that no step of a numerical gradient brings past one another."""
    return frozen(np.random.default_rng(seed).permutation(np.prod(shape)).reshape(shape) / 8 - 2.0)


def windows(x, size, stride, pad, fill):
    """All windows of the padded image at once: (N, C, Ho, Wo, FH, FW)."""
    padded = np.pad(x, ((0, 0), (0, 0), *[(p, p) for p in pad]), constant_values=fill)
    sh, sw = stride or size
    return np.lib.stride_tricks.sliding_window_view(padded, size, axis=(2, 3))[:, :, ::sh, ::sw]


# max pooling, forward


@pytest.mark.row("B-maxpool")
@pytest.mark.parametrize("forward", [max_pool2d_forward, max_pool2d_forward_loops])
def test_lecture_b_numbers(forward):
    assert forward(LECTURE_B)[0].tolist() == [[[[6, 8], [3, 4]]]]
    assert forward(LECTURE_B, size=2, stride=2)[0].tolist() == [[[[6, 8], [3, 4]]]]


@pytest.mark.row("B-maxpool")
@quick
@given(seeds, pool_cases())
def test_max_forward_against_all_windows(seed, case):
    shape, options = case
    x = frozen(normal(seed, *shape) - 5)  # all negative: padding with 0 would win
    out, _ = max_pool2d_forward(x, **options)
    assert np.array_equal(out, windows(x, **options, fill=-np.inf).max(axis=(4, 5)))
    assert out.flags.c_contiguous


@pytest.mark.row("B-maxpool")
@pytest.mark.parametrize("size", [(3, 3), (1, 5), (5, 3)])
def test_max_forward_against_scipy(size):
    x = normal(0, 2, 3, 8, 9)
    pad = (size[0] // 2, size[1] // 2)
    out, _ = max_pool2d_forward(x, size, stride=1, pad=pad)
    expected = scipy.ndimage.maximum_filter(x, size=(1, 1, *size), mode="constant", cval=-np.inf)
    assert np.array_equal(out, expected)


@pytest.mark.row("B-poolsize", "X-13")
@pytest.mark.parametrize(
    "shape, size, stride, expected",
    [((1, 64, 224, 224), 2, 2, (112, 112)), ((2, 5, 7, 9), 3, 2, (3, 4)), ((1, 2, 15, 13), 2, 2, (7, 6))],
)
def test_pooling_needs_two_hyperparameters_and_no_parameters(shape, size, stride, expected):
    x = normal(0, *shape)
    for forward, backward in [(max_pool2d_forward, max_pool2d_backward), (avg_pool2d_forward, avg_pool2d_backward)]:
        out, cache = forward(x, size, stride=stride)
        assert out.shape == (*shape[:2], *expected)  # the depth is kept
        assert expected == tuple((n - size) // stride + 1 for n in shape[2:])
        assert expected == tuple(output_size(n, size, stride=stride, floor=True) for n in shape[2:])
        assert backward(out, cache).shape == shape  # one gradient, x's: there are no weights to have one
        assert {"size", "stride"} <= set(inspect.signature(forward).parameters)
        assert not {"w", "b"} & set(inspect.signature(forward).parameters)


@pytest.mark.row("B-poolsize")
def test_int_or_pair_and_the_stride_left_out():
    x = normal(0, 2, 3, 7, 9)
    assert np.array_equal(max_pool2d_forward(x)[0], max_pool2d_forward(x, (2, 2), stride=[2, 2], pad=(0, 0))[0])
    assert np.array_equal(max_pool2d_forward(x, (2, 3))[0], max_pool2d_forward(x, (2, 3), stride=(2, 3))[0])
    across = max_pool2d_forward(x, (2, 3), stride=(1, 2), pad=(0, 1))[0]
    flipped = max_pool2d_forward(x.transpose(0, 1, 3, 2), (3, 2), stride=(2, 1), pad=(1, 0))[0]
    assert np.array_equal(across, flipped.transpose(0, 1, 3, 2))


@pytest.mark.row("C-shift")
def test_presence_of_a_feature_not_its_exact_place():
    bar = np.zeros((1, 1, 9, 9))
    bar[..., 2:5, 4] = 1
    moved = np.roll(bar, 1, axis=3)  # within the same windows of 2 columns
    edge = np.array([[[[-1.0, 1.0]]]])
    features, moved_features = (np.maximum(conv2d_forward(v, edge)[0], 0) for v in (bar, moved))
    assert np.sum(features) == np.sum(moved_features) == 3  # the feature is there ...
    assert np.sum(features * moved_features) == 0  # ... at no place that it was at before
    # the feature stands at column 3, then at 4: windows of 2 from an odd column hold both
    pooled, moved_pooled = (max_pool2d_forward(v[..., 1:], (1, 2))[0] for v in (features, moved_features))
    assert pooled.sum() == 3 and np.array_equal(pooled, moved_pooled)
    # over many images: a shift by one changes less after pooling
    x = (np.random.default_rng(0).random((20, 1, 16, 17)) > 0.97).astype(float)
    one, other = x[..., :-1], x[..., 1:]
    change = [np.mean(a != b) for a, b in [(one, other), [max_pool2d_forward(v, 4)[0] > 0 for v in (one, other)]]]
    present = [np.mean(v) for v in (one, max_pool2d_forward(one, 4)[0] > 0)]
    assert change[1] / present[1] < 0.5 * change[0] / present[0]


def test_infinities_and_nan():
    x = np.full((1, 1, 3, 3), -np.inf)
    for forward in (max_pool2d_forward, max_pool2d_forward_loops):
        out, cache = forward(x, 3, stride=2, pad=1)
        assert (out == -np.inf).all()
        # the winner is a pixel, never the padding, though that is -inf too
        dx = max_pool2d_backward([[[[1, 2], [3, 4]]]], cache)
        assert dx.sum() == 10 and dx[0, 0, 0, 0] == 1 and dx[0, 0, 0, 1] == 2 and dx[0, 0, 1, 0] == 3
        x_nan = np.arange(16.0).reshape(1, 1, 4, 4)
        x_nan[0, 0, 1, 0] = np.nan
        out = forward(x_nan)[0]
        assert np.isnan(out[0, 0, 0, 0]) and out[0, 0].ravel()[1:].tolist() == [7, 13, 15]
        dx = max_pool2d_backward([[[[np.inf, -1], [-2, np.nan]]]], forward(LECTURE_B)[1])  # stays where it lands
        assert np.isfinite(dx).sum() == 14 and dx[0, 0, 1, 1] == np.inf and not np.signbit(dx[dx == 0]).any()


# max pooling, backward


@pytest.mark.row("A-poolback", "C-unpool")
@pytest.mark.parametrize("backward", [max_pool2d_backward, max_pool2d_backward_loops])
@pytest.mark.parametrize("ties", ["first", "all"])
def test_lecture_c_numbers(backward, ties):
    out, cache = max_pool2d_forward(LECTURE_C, ties=ties)
    assert out.tolist() == [[[[0.8, 1.2], [0.9, 0.5]]]]
    dx = backward([[[[1.3, 0.5], [0.4, 0.1]]]], cache)[0, 0]
    landed = {(0, 2): 0.5, (1, 0): 1.3, (2, 1): 0.4, (3, 2): 0.1}
    assert {tuple(map(int, i)): float(dx[tuple(i)]) for i in np.argwhere(dx)} == landed


@pytest.mark.row("A-poolback")
@quick
@given(seeds, pool_cases(), st.sampled_from(["first", "all"]))
@example(0, ((1, 1, 1, 1), {"size": (3, 4), "stride": (2, 4), "pad": (2, 3)}), "first")  # taps that meet no pixel
def test_max_gradient(seed, case, ties):
    shape, options = case
    x = far_apart(seed, *shape)
    out, cache = max_pool2d_forward(x, **options, ties=ties)
    dout = normal(seed + 1, *out.shape)
    dx = max_pool2d_backward(dout, cache)
    assert_is_gradient(dx, lambda v: max_pool2d_forward(v, **options)[0], x, dout)
    assert np.isclose(dx.sum(), dout.sum())  # all of it comes back


@pytest.mark.row("A-poolback")
@quick
@given(seeds, pool_cases(), st.sampled_from(["first", "all"]))
def test_max_pooling_equals_its_loops_at_ties(seed, case, ties):
    shape, options = case
    x = small_integers(seed, *shape)
    out, cache = max_pool2d_forward(x, **options, ties=ties)
    slow, slow_cache = max_pool2d_forward_loops(x, **options, ties=ties)
    assert np.array_equal(out, slow) and out.dtype == slow.dtype == np.float64
    dout = normal(seed + 1, *out.shape)
    dx = max_pool2d_backward(dout, cache)
    for backward in (max_pool2d_backward, max_pool2d_backward_loops):
        for either in (cache, slow_cache):  # each takes the other's cache
            assert_agree(backward(dout, either), dx)
    # and by every window at once: the first in row-major order, or all that equal the maximum
    seen = windows(x.astype(float), **options, fill=-np.inf)
    flat = seen.reshape(*out.shape, -1)
    won = flat == out[..., None] if ties == "all" else np.arange(flat.shape[-1]) == flat.argmax(axis=-1)[..., None]
    (ph, pw), (sh, sw) = options["pad"], options["stride"] or options["size"]
    padded = np.zeros((*shape[:2], shape[2] + 2 * ph, shape[3] + 2 * pw))
    for n, c, i, j, k in np.argwhere(won):
        p, q = divmod(k, options["size"][1])
        padded[n, c, i * sh + p, j * sw + q] += dout[n, c, i, j]
    assert_agree(dx, padded[:, :, ph : ph + shape[2], pw : pw + shape[3]])


@pytest.mark.row("A-poolback")
def test_ties_by_convention():
    x = [[[[1, 2, 0], [2, 2, 2]]]]
    for forward, backward in [
        (max_pool2d_forward, max_pool2d_backward),
        (max_pool2d_forward_loops, max_pool2d_backward_loops),
    ]:
        first = backward([[[[10]]]], forward(x, (2, 3))[1])
        assert first.tolist() == [[[[0, 10, 0], [0, 0, 0]]]]  # not (1, 0), though its column is further left
        every = backward([[[[10]]]], forward(x, (2, 3), ties="all")[1])
        assert every.tolist() == [[[[0, 10, 0], [10, 10, 10]]]]  # each in full, as lecture E passes it
    # near is not equal
    almost = [[[[1.0, 1.0 - 1e-15]]]]
    assert max_pool2d_backward([[[[1]]]], max_pool2d_forward(almost, (1, 2), ties="all")[1]).tolist() == [[[[1, 0]]]]


@pytest.mark.row("A-poolback")
def test_overlapping_windows_accumulate():
    x = np.zeros((1, 1, 5, 5))
    x[0, 0, 2, 2] = 1
    out, cache = max_pool2d_forward(x, 3, stride=1)
    dout = normal(0, 1, 1, 3, 3)
    dx = max_pool2d_backward(dout, cache)
    assert out.tolist() == np.ones((1, 1, 3, 3)).tolist()
    assert dx[0, 0, 2, 2] == pytest.approx(dout.sum(), rel=1e-12) and np.count_nonzero(dx) == 1


@pytest.mark.row("A-poolback", "B-poolsize")
def test_pixels_that_no_window_reached_get_zero():
    x = far_apart(0, 2, 2, 6, 8)
    out, cache = max_pool2d_forward(x, 2, stride=3)  # rows and columns 2, 5 lie between windows, or after the last
    assert out.shape == (2, 2, 2, 3)
    dx = max_pool2d_backward(normal(1, *out.shape), cache)
    assert not dx[:, :, 2::3].any() and not dx[:, :, :, 2::3].any()
    assert np.count_nonzero(dx) == out.size
    dx = avg_pool2d_backward(normal(1, *out.shape), avg_pool2d_forward(x, 2, stride=3)[1])
    assert not dx[:, :, 2::3].any() and np.count_nonzero(dx) == 4 * out.size


def test_windows_of_more_than_256_columns():
    x = np.zeros((1, 1, 1, 700))
    x[0, 0, 0, [299, 650]] = 1, 2  # a winner that one byte cannot hold
    out, cache = max_pool2d_forward(x, (1, 350))
    assert out.tolist() == [[[[1, 2]]]]
    assert np.argwhere(max_pool2d_backward([[[[3, 4]]]], cache))[:, 3].tolist() == [299, 650]


# signals


@pytest.mark.row("E-seesaw")
def test_lecture_e_pooling_by_hand():
    out, cache = max_pool1d_forward([[[0, 0.1, 0, 0]]], size=2, stride=1, ties="all")
    assert out.tolist() == [[[0.1, 0.1, 0]]]
    # windows (0, .1), (.1, 0), (0, 0): the tie of the last passes to both
    assert max_pool1d_backward([[[-0.02, 0.0053, 0.0196]]], cache)[0, 0] == pytest.approx([0, -0.0147, 0.0196, 0.0196])
    cache = max_pool1d_forward([[[0, 0.1, 0, 0]]], size=2, stride=1)[1]
    assert max_pool1d_backward([[[-0.02, 0.0053, 0.0196]]], cache)[0, 0] == pytest.approx([0, -0.0147, 0.0196, 0])


@pytest.mark.row("A-poolback")
@quick
@given(seeds, st.integers(1, 4), st.one_of(st.none(), st.integers(1, 3)), st.sampled_from(["first", "all"]), st.data())
def test_signal_pooling(seed, size, stride, ties, data):
    pad = data.draw(st.integers(0, size - 1))
    options = {"size": size, "stride": stride, "pad": pad}
    x = far_apart(seed, 2, 3, 9)
    out, cache = max_pool1d_forward(x, **options, ties=ties)
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad)), constant_values=-np.inf)
    seen = np.lib.stride_tricks.sliding_window_view(padded, size, axis=2)[:, :, :: stride or size]
    assert np.array_equal(out, seen.max(axis=3))
    dout = normal(seed + 1, *out.shape)
    assert_is_gradient(max_pool1d_backward(dout, cache), lambda v: max_pool1d_forward(v, **options)[0], x, dout)


# average pooling


@pytest.mark.row("O-avgpool")
@quick
@given(seeds, pool_cases())
def test_average_pooling(seed, case):
    shape, options = case
    x = normal(seed, *shape)
    out, cache = avg_pool2d_forward(x, **options)
    assert_agree(out, windows(x, **options, fill=0).mean(axis=(4, 5)))  # the padding's zeros count
    slow, slow_cache = avg_pool2d_forward_loops(x, **options)
    assert_agree(slow, out)
    dout = normal(seed + 1, *out.shape)
    dx = avg_pool2d_backward(dout, cache)
    assert_is_gradient(dx, lambda v: avg_pool2d_forward(v, **options)[0], x, dout)
    assert_adjoint(out, dout, x, dx)
    for backward in (avg_pool2d_backward, avg_pool2d_backward_loops):
        for either in (cache, slow_cache):
            assert_agree(backward(dout, either), dx)


@pytest.mark.row("O-avgpool")
def test_average_pooling_is_a_depthwise_convolution():
    x, (fh, fw) = normal(0, 2, 3, 7, 8), (2, 3)
    box = np.full((fh, fw), 1 / 6)
    out = avg_pool2d_forward(x, (fh, fw), stride=(2, 1), pad=(1, 2))[0]
    assert_agree(out, conv2d_forward(x, np.tile(box, (3, 1, 1, 1)), stride=(2, 1), pad=(1, 2), groups=3)[0])
    assert_agree(
        avg_pool2d_forward(x, (fh, fw), stride=1)[0][1, 2], scipy.signal.correlate2d(x[1, 2], box, mode="valid")
    )
    assert avg_pool2d_forward([[[[1, 2, 3, 4], [5, 6, 7, 8]]]])[0].tolist() == [[[[3.5, 5.5]]]]


# unpooling and upsampling


@pytest.mark.row("C-unpool", "C-unpool2")
def test_lecture_c_unpooling_at_exact_positions():
    out, cache = max_pool2d_forward(LECTURE_C)
    expected = np.zeros((4, 4))
    expected[[0, 1, 2, 3], [2, 0, 1, 2]] = [1.2, 0.8, 0.9, 0.5]
    assert max_unpool2d(out, cache)[0, 0].tolist() == expected.tolist()
    gradients = max_unpool2d([[[[1.3, 0.5], [0.4, 0.1]]]], cache)[0, 0]
    expected[[0, 1, 2, 3], [2, 0, 1, 2]] = [0.5, 1.3, 0.4, 0.1]
    assert gradients.tolist() == expected.tolist()


@pytest.mark.row("C-unpool2")
def test_lecture_c_shapes():
    x = normal(0, 2, 3, 28, 28)
    small, cache = max_pool2d_forward(x)
    assert small.shape == (2, 3, 14, 14)
    big = max_unpool2d(small, cache)
    assert big.shape == upsample_nearest2d_forward(small)[0].shape == (2, 3, 28, 28)
    assert np.count_nonzero(big) == small.size and np.array_equal(big[big != 0], x[big != 0])
    assert np.array_equal(np.sort(big[big != 0]), np.sort(small.ravel()))


@pytest.mark.row("C-unpool2")
@quick
@given(seeds, pool_cases(), st.sampled_from(["first", "all"]))
def test_unpooling_is_linear_at_fixed_positions(seed, case, ties):
    shape, options = case
    pooled, cache = max_pool2d_forward(small_integers(seed, *shape), **options, ties=ties)
    x, dout = normal(seed + 1, *pooled.shape), normal(seed + 2, *shape)
    out, dx = max_unpool2d(x, cache), max_unpool2d_backward(dout, cache)
    assert_adjoint(out, dout, x, dx)
    assert_is_gradient(dx, lambda v: max_unpool2d(v, cache), x, dout)
    slow_cache = max_pool2d_forward_loops(small_integers(seed, *shape), **options)[1]
    assert_agree(max_unpool2d(x, slow_cache), out)
    assert_agree(max_unpool2d_backward(dout, slow_cache), dx)
    # the maxima are what stands at the remembered positions
    assert np.array_equal(max_unpool2d_backward(small_integers(seed, *shape), cache), pooled)


@pytest.mark.row("C-unpool2")
@quick
@given(seeds, *[st.integers(1, 3)] * 4)
def test_nearest_upsampling(seed, h, w, sh, sw):
    x = normal(seed, 2, 3, h, w)
    out, cache = upsample_nearest2d_forward(x, (sh, sw))
    assert np.array_equal(out, np.kron(x, np.ones((1, 1, sh, sw))))
    dout = normal(seed + 1, *out.shape)
    dx = upsample_nearest2d_backward(dout, cache)
    assert_adjoint(out, dout, x, dx)
    assert_is_gradient(dx, lambda v: upsample_nearest2d_forward(v, (sh, sw))[0], x, dout)
    assert_agree(dx, avg_pool2d_forward(dout, (sh, sw))[0] * (sh * sw))


# dtypes, views, caches


def max_all(x, **options):
    return max_pool2d_forward(x, **options, ties="all")


LAYERS = [
    (max_pool2d_forward, max_pool2d_backward, {"size": (2, 3), "stride": (1, 2), "pad": 1}),
    (max_all, max_pool2d_backward, {"size": (2, 3), "stride": (1, 2), "pad": 1}),
    (max_pool2d_forward_loops, max_pool2d_backward_loops, {"size": (2, 3), "stride": (1, 2), "pad": 1}),
    (avg_pool2d_forward, avg_pool2d_backward, {"size": (2, 3), "stride": (1, 2), "pad": 1}),
    (avg_pool2d_forward_loops, avg_pool2d_backward_loops, {"size": (2, 3), "stride": (1, 2), "pad": 1}),
    (upsample_nearest2d_forward, upsample_nearest2d_backward, {"scale": (2, 3)}),
]


@pytest.mark.parametrize("forward, backward, options", LAYERS)
def test_dtypes(forward, backward, options):
    x = normal(0, 2, 3, 5, 6, dtype=np.float32)
    wide, wide_cache = forward(x.astype(np.float64), **options)
    out, cache = forward(x, **options)
    dout = normal(1, *out.shape, dtype=np.float32)
    dx = backward(dout, cache)
    assert out.dtype == dx.dtype == np.float32
    assert_agree(out, wide)
    assert_agree(dx, backward(dout.astype(np.float64), wide_cache))
    integers, cache = forward(np.arange(60).reshape(1, 2, 5, 6), **options)
    assert integers.dtype == backward(np.ones(integers.shape, int), cache).dtype == np.float64


@pytest.mark.parametrize("forward, backward, options", LAYERS)
def test_views_caches_and_repeated_backward(forward, backward, options):
    x, other = normal(0, 2, 3, 5, 6), normal(1, 2, 3, 5, 6)
    out, cache = forward(x, **options)
    kept = out.copy()
    other_out, other_cache = forward(other, **options)  # a second forward before the first's backward
    dout = normal(2, *out.shape)
    first, of_other, again = backward(dout, cache), backward(dout, other_cache), backward(dout, cache)
    assert np.array_equal(first, again) and np.array_equal(out, kept)
    assert_agree(of_other, backward(dout, forward(other, **options)[1]))
    view = np.repeat(x, 2, axis=3)[:, :, :, ::2]
    for same in (view, np.asfortranarray(x)):
        same_out, same_cache = forward(same, **options)
        assert_agree(same_out, out)
        assert_agree(backward(np.asfortranarray(dout), same_cache), first)
    assert out.flags.writeable and first.flags.writeable
    assert not any(np.shares_memory(result, given) for result in (out, first) for given in (x, dout))
    out += 1  # a caller's result is the caller's: writing to it leaves the cache alone
    assert np.array_equal(backward(dout, cache), first)


@pytest.mark.parametrize("options", [{"size": 2}, {"size": 3, "stride": 2, "pad": 1}, {"size": (2, 3), "stride": 3}])
def test_threads_change_no_bit(options, monkeypatch):
    x = frozen(np.random.default_rng(0).integers(0, 9, (23, 3, 17, 15)) - 4.0)

    def results():
        out, cache = max_pool2d_forward(x, **options)
        return out, *cache[6], max_pool2d_backward(normal(1, *out.shape), cache)

    monkeypatch.setattr("course_lib._blocks.BLOCK_BYTES", 1)  # image by image
    with monkeypatch.context() as patch:
        patch.setattr("course_lib._threads.thread_count", lambda: 1)
        expected = results()
    monkeypatch.setattr("course_lib._threads.thread_count", lambda: 4)
    for _ in range(5):
        for got, alone in zip(results(), expected, strict=True):
            assert got.dtype == alone.dtype and np.array_equal(got, alone)


@pytest.mark.parametrize("options", [{"size": 2}, {"size": 3, "stride": 2, "pad": 1}, {"size": (2, 3), "stride": 3}])
def test_the_cut_into_blocks_changes_nothing(options, monkeypatch):
    x = small_integers(0, 5, 3, 8, 12)
    out, cache = max_pool2d_forward(x, **options)
    dout = normal(1, *out.shape)
    dx, up = max_pool2d_backward(dout, cache), max_unpool2d(dout, cache)
    monkeypatch.setattr("course_lib._blocks.BLOCK_BYTES", 1)  # image by image
    cut, cut_cache = max_pool2d_forward(x, **options)
    assert np.array_equal(cut, out)
    assert np.array_equal(max_pool2d_backward(dout, cut_cache), dx)
    assert np.array_equal(max_unpool2d(dout, cut_cache), up)
    assert np.array_equal(max_unpool2d_backward(x, cut_cache), out)


def test_unpooling_keeps_dtypes_and_takes_views():
    pooled, cache = max_pool2d_forward(normal(0, 2, 3, 5, 6), (2, 3), stride=1)
    x, dout = normal(1, *pooled.shape), normal(2, 2, 3, 5, 6)
    assert max_unpool2d(x.astype(np.float32), cache).dtype == np.float32
    assert max_unpool2d_backward(dout.astype(np.float32), cache).dtype == np.float32
    assert max_unpool2d(np.ones(x.shape, int), cache).dtype == np.float64
    assert_agree(max_unpool2d(np.asfortranarray(x), cache), max_unpool2d(x, cache))
    assert_agree(max_unpool2d_backward(np.asfortranarray(dout), cache), max_unpool2d_backward(dout, cache))


# bad arguments


X = np.ones((2, 3, 5, 6))


@pytest.mark.parametrize(
    "forward", [max_pool2d_forward, max_pool2d_forward_loops, avg_pool2d_forward, avg_pool2d_forward_loops]
)
@pytest.mark.parametrize(
    "x, options, error, message",
    [
        (X[0], {}, ValueError, r"^x: expected 4 axes \(N, C, H, W\), got shape \(3, 5, 6\)"),
        (X[:0], {}, ValueError, "^x: expected at least one element"),
        (X.astype(object), {}, TypeError, "^x: "),
        (X.astype(complex), {}, TypeError, "^x: "),
        (X, {"size": 0}, ValueError, "^size: expected an integer of at least 1, got 0"),
        (X, {"size": (6, 2)}, ValueError, r"^size: expected a window no larger than the padded input, \(5, 6\), got"),
        (X, {"size": (2, 7)}, ValueError, "^size: "),
        (X, {"size": (2, 2, 2)}, ValueError, "^size: "),
        (X, {"size": 2.0}, TypeError, "^size: "),
        (X, {"stride": 0}, ValueError, "^stride: "),
        (X, {"stride": "2"}, TypeError, "^stride: "),
        (X, {"pad": -1}, ValueError, "^pad: "),
        (X, {"size": (2, 3), "pad": 2}, ValueError, r"^pad: expected less than the window \(2, 3\), .*got \(2, 2\)"),
        (X, {"pad": None}, TypeError, "^pad: "),
    ],
)
def test_pooling_names_bad_arguments(forward, x, options, error, message):
    with pytest.raises(error, match=message):
        forward(x, **options)


def test_the_rest_names_bad_arguments():
    out, cache = max_pool2d_forward(X)
    _, avg_cache = avg_pool2d_forward(X)
    signal, signal_cache = max_pool1d_forward(X[0])
    upsampled, upsampled_cache = upsample_nearest2d_forward(X)
    refused = [
        (lambda: max_pool2d_forward(X, ties="last"), ValueError, '^ties: expected "first" or "all", got \'last\''),
        (lambda: max_pool2d_forward_loops(X, ties=None), ValueError, "^ties: "),
        (lambda: max_pool1d_forward(X), ValueError, r"^x: expected 3 axes \(N, C, W\)"),
        (lambda: max_pool1d_forward(X[0], (1, 2)), TypeError, "^size: "),
        (lambda: max_pool1d_forward(X[0], 7), ValueError, "^size: "),
        (lambda: max_pool1d_forward(X[0], 2, pad=2), ValueError, "^pad: "),
        (lambda: max_pool1d_forward(X[0], 2, stride=0), ValueError, "^stride: "),
        (lambda: max_pool1d_forward(X[0], 2, ties=1), ValueError, "^ties: "),
        (lambda: upsample_nearest2d_forward(X[0]), ValueError, "^x: "),
        (lambda: upsample_nearest2d_forward(X, 0), ValueError, "^scale: "),
        (lambda: upsample_nearest2d_forward(X, 1.5), TypeError, "^scale: "),
        (lambda: max_unpool2d(X, cache), ValueError, r"^x: expected shape \(2, 3, 2, 3\), the shape of the pooling"),
        (lambda: max_unpool2d(out, avg_cache), TypeError, "^cache: .*max_pool2d_forward"),
        (lambda: max_unpool2d_backward(out, cache), ValueError, r"^dout: expected shape \(2, 3, 5, 6\)"),
        (lambda: max_unpool2d_backward(X, None), TypeError, "^cache: "),
        (lambda: max_pool1d_backward(X[0], signal_cache), ValueError, r"^dout: expected shape \(3, 5, 3\)"),
        (lambda: max_pool1d_backward(signal, (1,)), TypeError, "^cache: .*max_pool1d_forward"),
        (lambda: upsample_nearest2d_backward(X, upsampled_cache), ValueError, r"^dout: .*\(2, 3, 10, 12\)"),
        (lambda: upsample_nearest2d_backward(upsampled, cache), TypeError, "^cache: .*upsample_nearest2d_forward"),
    ]
    for backward, its_cache in [
        (max_pool2d_backward, cache),
        (max_pool2d_backward_loops, cache),
        (avg_pool2d_backward, avg_cache),
        (avg_pool2d_backward_loops, avg_cache),
    ]:
        refused += [
            (lambda b=backward, c=its_cache: b(X, c), ValueError, r"^dout: expected shape \(2, 3, 2, 3\)"),
            (lambda b=backward, c=its_cache: b(out.astype(object), c), TypeError, "^dout: "),
            (lambda b=backward: b(out, (1, 2)), TypeError, "^cache: expected the tuple of"),
        ]
    for call, error, message in refused:
        with pytest.raises(error, match=message):
            call()
