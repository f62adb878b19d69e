import numpy as np
import pytest
import scipy.signal
from hypothesis import assume, given
from hypothesis import strategies as st
from oracles import assert_adjoint, assert_agree, assert_is_gradient, conv_cases, frozen, normal, quick, seeds

from course_lib.activations import sigmoid_backward, sigmoid_forward
from course_lib.conv import (
    conv1d_backward,
    conv1d_forward,
    conv2d_backward,
    conv2d_forward,
    convolve2d,
    correlate2d,
    output_size,
)
from course_lib.linear import affine_forward

BINARY = [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]


def einsum_conv2d(x, w, stride=(1, 1), pad=(0, 0), dilation=(1, 1), groups=1):
    """The layer written another way: every window at once, then one einsum a group."""
    padded = np.pad(x, ((0, 0), (0, 0), *[(p, p) for p in pad]))
    extent = [d * (f - 1) + 1 for f, d in zip(w.shape[2:], dilation)]
    windows = np.lib.stride_tricks.sliding_window_view(padded, extent, axis=(2, 3))
    windows = windows[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]  # (N, C, Ho, Wo, FH, FW)
    parts = zip(np.split(windows, groups, axis=1), np.split(w, groups))
    return np.concatenate([np.einsum("ncijpq,kcpq->nkij", part, part_w) for part, part_w in parts], axis=1)


# one image, one filter


@pytest.mark.row("D-conv2d")
def test_lecture_d_numbers():
    kernel = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
    assert correlate2d(BINARY, kernel).tolist() == [[4, 3, 4], [2, 4, 3], [2, 3, 4]]
    assert conv2d_forward([[BINARY]], [[kernel]])[0].tolist() == [[[[4, 3, 4], [2, 4, 3], [2, 3, 4]]]]


@pytest.mark.row("C-conv2d")
def test_lecture_c_numbers():
    image = [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
    kernel = [[0, 1, 2], [2, 2, 0], [0, 1, 2]]
    expected = [[12, 12, 17], [10, 17, 19], [9, 6, 14]]
    assert correlate2d(image, kernel).tolist() == expected
    assert conv2d_forward([[image]], [[kernel]])[0].tolist() == [[expected]]


@pytest.mark.row("A-conv")
@quick
@given(seeds, *[st.integers(1, 6)] * 2, *[st.integers(1, 3)] * 4, *[st.integers(0, 2)] * 2)
def test_against_scipy(seed, height, width, fh, fw, sh, sw, ph, pw):
    assume(fh <= height + 2 * ph and fw <= width + 2 * pw)
    image, kernel = normal(seed, height, width), normal(seed + 1, fh, fw)
    padded = np.pad(image, ((ph, ph), (pw, pw)))
    correlated = correlate2d(image, kernel, stride=(sh, sw), pad=(ph, pw))
    convolved = convolve2d(image, kernel, stride=(sh, sw), pad=(ph, pw))
    # SciPy swaps its arguments in mode "valid" where the second is the larger: here the filter always fits
    assert_agree(correlated, scipy.signal.correlate2d(padded, kernel, mode="valid")[::sh, ::sw])
    assert_agree(convolved, scipy.signal.convolve2d(padded, kernel, mode="valid")[::sh, ::sw])


@pytest.mark.row("A-conv")
def test_one_is_the_other_with_the_filter_rotated():
    image, kernel = normal(0, 5, 7), normal(1, 2, 3)
    rotated = np.rot90(kernel, 2)
    assert_agree(convolve2d(image, kernel), correlate2d(image, rotated))
    assert np.max(np.abs(convolve2d(image, kernel) - correlate2d(image, kernel))) > 0.1


@pytest.mark.row("A-conv", "X-7")
def test_convolution_as_the_lecture_sums_it():
    f, g = normal(2, 4, 5), normal(3, 2, 3)
    full = convolve2d(f, g, pad=(1, 2))
    assert full.shape == (4 + 2 - 1, 5 + 3 - 1)
    for i, j in np.ndindex(full.shape):
        # an M-wide filter has the taps 0 ... M-1: the lecture's sum to M would read past its end
        terms = [
            f[i - m, j - n] * g[m, n]
            for m in range(g.shape[0])
            for n in range(g.shape[1])
            if 0 <= i - m < f.shape[0] and 0 <= j - n < f.shape[1]
        ]
        assert full[i, j] == pytest.approx(sum(terms), rel=1e-12, abs=1e-12)


@pytest.mark.row("A-filters")
def test_identity_and_blur():
    image = normal(4, 6, 7)
    identity, blur = np.zeros((3, 3)), [[0.107, 0.113, 0.107], [0.113, 0.119, 0.113], [0.107, 0.113, 0.107]]
    identity[1, 1] = 1
    assert_agree(convolve2d(image, identity, pad=1), image)
    assert_agree(convolve2d(np.ones((4, 5)), blur), np.full((2, 3), 0.999))
    assert convolve2d(image, blur).std() < image.std()
    edges = [[1, 0, -1]] * 3
    assert correlate2d(np.repeat([[5.0, 5, 5, 1, 1, 1]], 4, axis=0), edges).tolist() == [[0, 12, 12, 0]] * 2


# the layer, forward


@pytest.mark.row("B-options", "B-volume", "A-multichannel")
@quick
@given(seeds, conv_cases())
def test_forward_against_einsum(seed, case):
    x, w, b = case.draw(seed)
    out, _ = conv2d_forward(x, w, b, **case.options)
    assert_agree(out, einsum_conv2d(x, w, **case.options) + b[:, None, None])
    assert out.flags.c_contiguous
    assert_agree(conv2d_forward(x, w, **case.options)[0], einsum_conv2d(x, w, **case.options))


@pytest.mark.row("B-volume", "B-example")
@quick
@given(seeds, conv_cases(dilation=False, groups=False))
def test_layer_against_scipy(seed, case):
    x, w, b = case.draw(seed)
    (sh, sw), (ph, pw) = case.options["stride"], case.options["pad"]
    out, _ = conv2d_forward(x, w, b, **case.options)
    for n, k in np.ndindex(len(x), len(w)):
        padded = np.pad(x[n], ((0, 0), (ph, ph), (pw, pw)))
        volume = scipy.signal.correlate(padded, w[k], mode="valid", method="direct")[0]  # the channels are summed over
        assert_agree(out[n, k], volume[::sh, ::sw] + b[k])


@pytest.mark.row("B-volume", "B-example", "D-stack")
@pytest.mark.parametrize(
    "k, f, pad, expected, parameters",
    [(6, 5, 0, (28, 28), 456), (10, 5, 2, (32, 32), 760), (64, 6, 0, (27, 27), 6976)],
)
def test_lecture_shapes_and_parameters(k, f, pad, expected, parameters):
    x, w, b = normal(0, 1, 3, 32, 32), normal(1, k, 3, f, f), normal(2, k)
    assert conv2d_forward(x, w, b, pad=pad)[0].shape == (1, k, *expected)
    assert expected == (output_size(32, f, pad=pad),) * 2
    assert w.size + b.size == f * f * 3 * k + k == parameters


@pytest.mark.row("B-1x1")
def test_1x1_is_a_matmul_at_every_pixel():
    x, w, b = normal(0, 1, 64, 56, 56), normal(1, 32, 64, 1, 1), normal(2, 32)
    out, _ = conv2d_forward(x, w, b)
    assert out.shape == (1, 32, 56, 56)
    pixels = x.transpose(0, 2, 3, 1).reshape(-1, 64)  # one row of 64 channels for each pixel
    per_pixel = affine_forward(pixels, w[:, :, 0, 0].T, b)[0]
    assert_agree(out, per_pixel.reshape(1, 56, 56, 32).transpose(0, 3, 1, 2))


@pytest.mark.row("B-options")
def test_int_or_pair():
    x, w, b = normal(0, 2, 2, 7, 9), normal(1, 3, 2, 2, 3), normal(2, 3)
    one = conv2d_forward(x, w, b, stride=2, pad=1, dilation=2)[0]
    assert np.array_equal(one, conv2d_forward(x, w, b, stride=(2, 2), pad=[1, 1], dilation=(2, 2))[0])
    across = conv2d_forward(x, w, b, stride=(2, 1), pad=(0, 2), dilation=(1, 3))[0]
    flipped = conv2d_forward(
        x.transpose(0, 1, 3, 2), w.transpose(0, 1, 3, 2), b, stride=(1, 2), pad=(2, 0), dilation=(3, 1)
    )[0]
    assert_agree(across, flipped.transpose(0, 1, 3, 2))


@pytest.mark.row("B-options")
def test_depthwise_and_grouped():
    x, w, b = normal(0, 2, 6, 5, 4), normal(1, 6, 1, 3, 2), normal(2, 6)
    depthwise = conv2d_forward(x, w, b, groups=6)[0]
    for c in range(6):
        assert_agree(depthwise[:, c], conv2d_forward(x[:, c : c + 1], w[c : c + 1], b[c : c + 1])[0][:, 0])
    w = normal(3, 4, 3, 3, 2)
    halves = [conv2d_forward(x[:, 3 * g : 3 * g + 3], w[2 * g : 2 * g + 2])[0] for g in (0, 1)]
    assert_agree(conv2d_forward(x, w, groups=2)[0], np.concatenate(halves, axis=1))


@pytest.mark.row("B-options")
def test_channels_last_is_the_same_layer_transposed():
    last = normal(0, 2, 5, 6, 3)  # (N, H, W, C)
    w = normal(1, 4, 3, 2, 2)
    windows = np.lib.stride_tricks.sliding_window_view(last, (2, 2), axis=(1, 2))  # (N, Ho, Wo, C, FH, FW)
    out = conv2d_forward(last.transpose(0, 3, 1, 2), w)[0]
    assert_agree(out.transpose(0, 2, 3, 1), np.einsum("nijcpq,kcpq->nijk", windows, w))


@pytest.mark.row("D-vit")
def test_patch_embedding_is_a_strided_convolution():
    x, w, b = normal(0, 2, 3, 8, 12), normal(1, 5, 3, 4, 4), normal(2, 5)
    patches = x.reshape(2, 3, 2, 4, 3, 4).transpose(0, 2, 4, 1, 3, 5).reshape(2 * 6, -1)  # six 4×4×3 patches an image
    tokens = affine_forward(patches, w.reshape(5, -1).T, b)[0].reshape(2, 2, 3, 5)
    assert_agree(conv2d_forward(x, w, b, stride=4)[0], tokens.transpose(0, 3, 1, 2))


# the layer, backward


@pytest.mark.row("A-multichannel", "B-sameshape", "A-convback")
@quick
@given(seeds, conv_cases())
def test_gradients(seed, case):
    x, w, b = case.draw(seed)
    out, cache = conv2d_forward(x, w, b, **case.options)
    dout = normal(seed + 3, *out.shape)
    dx, dw, db = conv2d_backward(dout, cache)
    assert_is_gradient(dw, lambda v: conv2d_forward(x, v, b, **case.options)[0], w, dout)
    assert_is_gradient(db, lambda v: conv2d_forward(x, w, v, **case.options)[0], b, dout)
    if x.size <= 100:
        assert_is_gradient(dx, lambda v: conv2d_forward(v, w, b, **case.options)[0], x, dout)
    else:  # the same measurement along one random direction
        direction = normal(seed + 4, *x.shape)
        slope = np.vdot(dout, conv2d_forward(direction, w, **case.options)[0])
        assert abs(np.vdot(dx, direction) - slope) <= 1e-10 * np.linalg.norm(dx) * np.linalg.norm(direction)


@pytest.mark.row("A-multichannel")
@quick
@given(seeds, conv_cases())
def test_adjoint(seed, case):
    x, w, _ = case.draw(seed)
    out, cache = conv2d_forward(x, w, **case.options)
    y = normal(seed + 3, *out.shape)
    dx, dw, db = conv2d_backward(y, cache)
    assert db is None
    assert_adjoint(out, y, x, dx)
    assert_adjoint(out, y, w, dw)


# the 5×5 · 3×3 · stride 2 example: a_1 ... a_25, w_1 ... w_9, z_1 ... z_4 row by row
# each line: ∂L/∂w_k = a_p ∂L/∂z_1 + a_q ∂L/∂z_2 + a_r ∂L/∂z_3 + a_s ∂L/∂z_4
NINE_EQUATIONS = [
    (1, 3, 11, 13),
    (2, 4, 12, 14),
    (3, 5, 13, 15),
    (6, 8, 16, 18),
    (7, 9, 17, 19),
    (8, 10, 18, 20),
    (11, 13, 21, 23),
    (12, 14, 22, 24),
    (13, 15, 23, 25),
]


def one_hot(index, rows, columns):
    """An image with a 1 at the index that the lecture counts from 1, row by row."""
    return np.eye(rows * columns)[index - 1].reshape(1, 1, rows, columns)


@pytest.mark.row("C-stride2")
def test_nine_equations_by_number():
    a, w, dz = normal(0, 1, 1, 5, 5), normal(1, 1, 1, 3, 3), normal(2, 1, 1, 2, 2)
    out, cache = conv2d_forward(a, w, stride=2)
    _, dw, _ = conv2d_backward(dz, cache)
    assert out.shape == (1, 1, 2, 2)
    expected = [sum(a.flat[i - 1] * d for i, d in zip(equation, dz.flat)) for equation in NINE_EQUATIONS]
    assert_agree(dw.ravel(), expected)
    patches = [a[0, 0, i : i + 3, j : j + 3] for i in (0, 2) for j in (0, 2)]
    assert_agree(dw[0, 0], sum(patch * d for patch, d in zip(patches, dz.flat)))


@pytest.mark.row("C-stride2")
@pytest.mark.parametrize("k", range(1, 10))
def test_nine_equations_symbol_by_symbol(k):
    # with one a_i and one ∂L/∂z_m set to 1, ∂L/∂w_k is the coefficient of a_i ∂L/∂z_m in the k-th equation
    for m in range(1, 5):
        read = []
        for i in range(1, 26):
            _, cache = conv2d_forward(one_hot(i, 5, 5), np.ones((1, 1, 3, 3)), stride=2)
            if conv2d_backward(one_hot(m, 2, 2), cache)[1].flat[k - 1]:
                read.append(i)
        assert read == [NINE_EQUATIONS[k - 1][m - 1]]


@pytest.mark.row("X-5")
def test_z4_ends_in_a25():
    w = np.arange(1.0, 10).reshape(3, 3)  # w_k = k, so z_4 shows which weight met the one pixel that is 1
    z4 = {i: correlate2d(one_hot(i, 5, 5)[0, 0], w, stride=2)[1, 1] for i in range(1, 26)}
    assert z4[25] == 9  # w_9 meets a_25 ...
    assert z4[23] == 7  # ... and the a_23 that was printed meets w_7
    assert {i for i, weight in z4.items() if weight} == {13, 14, 15, 18, 19, 20, 23, 24, 25}


@pytest.mark.row("A-convback")
def test_lecture_a_sums_for_a_true_convolution():
    # z⁽²⁾ = f(z⁽¹⁾) ⊗ g, the full convolution; the layer computes it with the filter rotated and padded
    z, g = normal(0, 4, 5), normal(1, 2, 3)
    (fh, fw), (h, w) = g.shape, z.shape
    a, sigmoid_cache = sigmoid_forward(z)
    rotated = g[::-1, ::-1]
    out, cache = conv2d_forward(a[None, None], rotated[None, None], pad=(fh - 1, fw - 1))
    assert_agree(out[0, 0], scipy.signal.convolve2d(a, g))
    dout = normal(2, *out.shape[2:])
    da, dg_rotated, _ = conv2d_backward(dout[None, None], cache)
    dz, dg = sigmoid_backward(da[0, 0], sigmoid_cache), dg_rotated[0, 0, ::-1, ::-1]
    for i, j in np.ndindex(h, w):  # ∂L/∂z_ij = (Σ g_mn ∂L/∂z_(i+m)(j+n)) f'(z_ij)
        total = sum(g[m, n] * dout[i + m, j + n] for m in range(fh) for n in range(fw))
        assert dz[i, j] == pytest.approx(total * a[i, j] * (1 - a[i, j]), rel=1e-12)
    for i, j in np.ndindex(fh, fw):  # ∂L/∂g_ij = Σ ∂L/∂z_yx f(z_(y-i)(x-j))
        total = sum(
            dout[y, x] * a[y - i, x - j]
            for y in range(dout.shape[0])
            for x in range(dout.shape[1])
            if 0 <= y - i < h and 0 <= x - j < w
        )
        assert dg[i, j] == pytest.approx(total, rel=1e-12)
    assert_is_gradient(dz, lambda v: scipy.signal.convolve2d(sigmoid_forward(v)[0], g), z, dout)
    assert_is_gradient(dg, lambda v: scipy.signal.convolve2d(a, v), g, dout)


def zero_stuffed(dout, stride):
    """dout with stride - 1 zeros between its elements along each axis."""
    stuffed = np.zeros([s * (n - 1) + 1 for n, s in zip(dout.shape, stride)])
    stuffed[:: stride[0], :: stride[1]] = dout
    return stuffed


@pytest.mark.row("C-rotated")
@quick
@given(seeds, *[st.integers(1, 3)] * 4, *[st.integers(0, 4)] * 2)
def test_input_gradient_is_a_full_convolution(seed, fh, fw, sh, sw, more_rows, more_columns):
    x, f = normal(seed, fh + more_rows, fw + more_columns), normal(seed + 1, fh, fw)
    out, cache = conv2d_forward(x[None, None], f[None, None], stride=(sh, sw))
    dout = normal(seed + 2, *out.shape[2:])
    dx, df, _ = conv2d_backward(dout[None, None], cache)
    stuffed = zero_stuffed(dout, (sh, sw))
    rotated = f[::-1, ::-1]
    reached = (slice(0, stuffed.shape[0] + fh - 1), slice(0, stuffed.shape[1] + fw - 1))
    # full cross-correlation with the rotated filter = full convolution with the unrotated one
    full = scipy.signal.convolve2d(stuffed, f, mode="full")
    assert_agree(dx[0, 0][reached], full)
    assert_agree(correlate2d(stuffed, rotated, pad=(fh - 1, fw - 1)), full)
    assert_agree(convolve2d(stuffed, f, pad=(fh - 1, fw - 1)), full)
    # the trailing rows and columns that no window reached
    outside = np.ones(x.shape, bool)
    outside[reached] = False
    assert not dx[0, 0][outside].any()
    # ∂L/∂F: the input correlated with the stuffed ∂L/∂O
    assert_agree(df[0, 0], scipy.signal.correlate2d(x[reached], stuffed, mode="valid"))


@pytest.mark.row("C-rotated")
def test_rotating_once_too_often_is_another_answer():
    x, f, dout = normal(0, 4, 5), normal(1, 2, 3), normal(2, 3, 3)
    dx = conv2d_backward(dout[None, None], conv2d_forward(x[None, None], f[None, None])[1])[0][0, 0]
    wrong = convolve2d(dout, f[::-1, ::-1], pad=(1, 2))  # a true convolution flips the rotated filter once more
    assert np.max(np.abs(dx - wrong)) > 0.1
    assert_agree(dx, convolve2d(dout, f, pad=(1, 2)))


@pytest.mark.row("C-rotated")
def test_trailing_rows_that_no_window_reached_get_zero():
    x, w = normal(0, 1, 1, 8, 7), normal(1, 1, 1, 3, 2)
    out, cache = conv2d_forward(x, w, stride=(3, 3))  # the windows end at row 5 and column 4
    assert out.shape == (1, 1, 2, 2)
    dx, _, _ = conv2d_backward(normal(2, *out.shape), cache)
    assert not dx[:, :, 6:].any() and not dx[:, :, :, 5:].any()
    assert dx[:, :, :6, :2].all() and not dx[:, :, :, 2].any()  # stride 3 steps over column 2


# signals


@pytest.mark.row("D-conv1d")
def test_lecture_d_signal():
    assert conv1d_forward([[[1, 1, 1, 0, 0]]], [[[1, 0, 1]]])[0].tolist() == [[[2, 1, 1]]]


@pytest.mark.row("D-conv1d")
@quick
@given(seeds, st.integers(1, 3), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2), st.sampled_from([1, 2]))
def test_signal_layer(seed, f, stride, pad, dilation, groups):
    x, w, b = normal(seed, 2, 2 * groups, 9), normal(seed + 1, 3 * groups, 2, f), normal(seed + 2, 3 * groups)
    options = {"stride": stride, "pad": pad, "dilation": dilation, "groups": groups}
    out, cache = conv1d_forward(x, w, b, **options)
    spread = np.zeros((*w.shape[:2], dilation * (f - 1) + 1))
    spread[:, :, ::dilation] = w
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad)))
    for n, k in np.ndindex(len(x), len(w)):
        seen = padded[n, k // 3 * 2 : k // 3 * 2 + 2]
        expected = sum(scipy.signal.correlate(s, t, mode="valid", method="direct") for s, t in zip(seen, spread[k]))
        assert_agree(out[n, k], expected[::stride] + b[k])
    dout = normal(seed + 3, *out.shape)
    dx, dw, db = conv1d_backward(dout, cache)
    assert_is_gradient(dx, lambda v: conv1d_forward(v, w, b, **options)[0], x, dout)
    assert_is_gradient(dw, lambda v: conv1d_forward(x, v, b, **options)[0], w, dout)
    assert_is_gradient(db, lambda v: conv1d_forward(x, w, v, **options)[0], b, dout)
    plain, plain_cache = conv1d_forward(x, w, **options)
    plain_dx, plain_dw, plain_db = conv1d_backward(dout, plain_cache)
    assert plain_db is None
    assert_adjoint(plain, dout, x, plain_dx)
    assert_adjoint(plain, dout, w, plain_dw)


# dtypes, views, caches


def test_float32_agrees_with_float64():
    x, w, b, dout = (normal(i, *s) for i, s in enumerate([(3, 4, 8, 7), (6, 2, 3, 2), (6,), (3, 6, 4, 8)]))
    options = {"stride": (2, 1), "pad": 1, "groups": 2}
    results = []
    for dtype in (np.float64, np.float32):
        out, cache = conv2d_forward(x.astype(dtype), w.astype(dtype), b.astype(dtype), **options)
        results.append((out, *conv2d_backward(dout.astype(dtype), cache)))
    for wide, narrow in zip(*results):
        assert narrow.dtype == np.float32
        assert_agree(narrow, wide)


def test_integers_become_float64():
    out, cache = conv2d_forward(np.ones((1, 1, 3, 3), int), np.ones((1, 1, 2, 2), int), np.array([True]))
    assert out.dtype == np.float64 and out.tolist() == [[[[5, 5], [5, 5]]]]
    assert all(g.dtype == np.float64 for g in conv2d_backward(np.ones((1, 1, 2, 2), int), cache))


def test_views_caches_and_repeated_backward():
    x, w, b, dout = normal(0, 2, 3, 6, 5), normal(1, 4, 3, 2, 3), normal(2, 4), normal(3, 2, 4, 5, 3)
    out, cache = conv2d_forward(x, w, b)
    first = conv2d_backward(dout, cache)
    view = np.repeat(x, 2, axis=3)[:, :, :, ::2]
    out_view, cache_view = conv2d_forward(view, np.asfortranarray(w), np.repeat(b, 2)[::2])
    assert_agree(out_view, out)
    second, third = conv2d_backward(dout, cache), conv2d_backward(np.asfortranarray(dout), cache_view)
    for g, again, of_view in zip(first, second, third):
        assert np.array_equal(g, again)
        assert_agree(of_view, g)
        assert g.flags.writeable and not any(np.shares_memory(g, a) for a in (x, w, b, dout))
    assert correlate2d(frozen([[1, 2], [3, 4]]).T, frozen([[1, 10]])).tolist() == [[31], [42]]


# bad arguments


X, W = np.ones((2, 4, 5, 6)), np.ones((6, 4, 3, 2))


@pytest.mark.parametrize(
    "args, options, error, message",
    [
        ((X[0], W), {}, ValueError, r"^x: expected 4 axes \(N, C, H, W\), got shape \(4, 5, 6\)"),
        ((X, W[0]), {}, ValueError, "^w: expected 4 axes"),
        ((X, W[:, :3]), {}, ValueError, r"^w: expected 4 channels in each filter .*got shape \(6, 3, 3, 2\)"),
        ((X, W), {"groups": 2}, ValueError, "^w: expected 2 channels in each filter"),
        ((X, W), {"groups": 3}, ValueError, "^groups: expected a divisor of both x's 4 channels and w's 6"),
        ((X, W[:5, :2]), {"groups": 2}, ValueError, "^groups: "),
        ((X, W), {"groups": 0}, ValueError, "^groups: "),
        ((X, W, np.ones(5)), {}, ValueError, r"^b: expected shape \(6,\)"),
        ((X, W, 1.0), {}, ValueError, r"^b: expected shape \(6,\)"),
        ((X, np.ones((1, 4, 6, 2))), {}, ValueError, r"^w: expected a filter no larger than the padded input"),
        ((X, np.ones((1, 4, 2, 7))), {}, ValueError, r"^w: expected a filter no larger than the padded input"),
        ((X, W), {"dilation": (3, 1)}, ValueError, r"^w: .*\(5, 6\), got \(7, 2\)"),
        ((X, W), {"stride": 0}, ValueError, "^stride: "),
        ((X, W), {"pad": (0, -1)}, ValueError, "^pad: "),
        ((X, W), {"dilation": 0}, ValueError, "^dilation: "),
        ((X, W), {"stride": (1, 1, 1)}, ValueError, "^stride: "),
        ((X, W), {"pad": "same"}, TypeError, "^pad: "),
        ((X, W), {"stride": 1.5}, TypeError, "^stride: "),
        ((X[:0], W), {}, ValueError, "^x: expected at least one element"),
        ((X.astype(complex), W), {}, TypeError, "^x: "),
        ((X, W.astype(object)), {}, TypeError, "^w: "),
        ((X, W, ["a"] * 6), {}, TypeError, "^b: "),
    ],
)
def test_conv2d_names_bad_arguments(args, options, error, message):
    with pytest.raises(error, match=message):
        conv2d_forward(*args, **options)


@pytest.mark.parametrize(
    "args, options, error, message",
    [
        ((X, W), {}, ValueError, r"^x: expected 3 axes \(N, C, W\)"),
        ((X[0], W), {}, ValueError, "^w: expected 3 axes"),
        ((X[0], np.ones((2, 5, 2))), {"stride": (1, 1)}, TypeError, "^stride: "),
        ((X[0], np.ones((2, 5, 7))), {}, ValueError, "^w: expected a filter no larger"),
        ((X[0], np.ones((2, 5, 2))), {"pad": -1}, ValueError, "^pad: "),
        ((X[0], np.ones((2, 5, 2))), {"dilation": 0}, ValueError, "^dilation: "),
        ((X[0], np.ones((2, 4, 2))), {}, ValueError, "^w: expected 5 channels"),
    ],
)
def test_conv1d_names_bad_arguments(args, options, error, message):
    with pytest.raises(error, match=message):
        conv1d_forward(*args, **options)


@pytest.mark.parametrize("function", [correlate2d, convolve2d])
@pytest.mark.parametrize(
    "args, options, error, message",
    [
        ((X[0], W[0, 0]), {}, ValueError, r"^image: expected 2 axes \(H, W\)"),
        ((X[0, 0], W), {}, ValueError, "^kernel: expected 2 axes"),
        ((X[0, 0], np.ones((6, 1))), {}, ValueError, "^kernel: expected a filter no larger than the padded input"),
        ((X[0, 0], W[0, 0]), {"stride": 0}, ValueError, "^stride: "),
        ((X[0, 0], W[0, 0]), {"pad": -1}, ValueError, "^pad: "),
        ((X[0, 0] * 1j, W[0, 0]), {}, TypeError, "^image: "),
        ((X[0, 0], [[None]]), {}, TypeError, "^kernel: "),
    ],
)
def test_sliding_sums_name_bad_arguments(function, args, options, error, message):
    with pytest.raises(error, match=message):
        function(*args, **options)


def test_backward_names_bad_arguments():
    out, cache = conv2d_forward(X, W)
    with pytest.raises(ValueError, match=r"^dout: expected shape \(2, 6, 3, 5\).*got shape \(2, 6, 5, 3\)"):
        conv2d_backward(out.transpose(0, 1, 3, 2), cache)
    with pytest.raises(TypeError, match="^dout: "):
        conv2d_backward(out.astype(object), cache)
    with pytest.raises(TypeError, match="^cache: .*conv2d_forward"):
        conv2d_backward(out, (X, W))
    signal_cache = conv1d_forward(X[0], np.ones((2, 5, 3)))[1]
    with pytest.raises(ValueError, match=r"^dout: expected shape \(4, 2, 4\)"):
        conv1d_backward(np.ones((4, 2, 5)), signal_cache)
    with pytest.raises(TypeError, match="^cache: .*conv1d_forward"):
        conv1d_backward(out, None)
