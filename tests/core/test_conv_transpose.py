import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_adjoint, assert_agree, assert_is_gradient, conv_cases, normal, quick, seeds

from course_lib.conv import (
    conv1d_forward,
    conv2d_backward,
    conv2d_forward,
    conv_matrix,
    conv_transpose2d_backward,
    conv_transpose2d_forward,
    correlate2d,
)

# transposed convolution


@pytest.mark.row("C-deconv")
@quick
@given(seeds, conv_cases(dilation=False, groups=False))
def test_equals_the_input_gradient_of_the_convolution(seed, case):
    image, w, _ = case.draw(seed)
    out, cache = conv2d_forward(image, w, **case.options)
    x = normal(seed + 3, *out.shape)
    # output_padding: the rows and columns that the convolution's last step left over
    left = [
        (n + 2 * p - f) % s
        for n, p, f, s in zip(image.shape[2:], case.options["pad"], w.shape[2:], case.options["stride"])
    ]
    up, up_cache = conv_transpose2d_forward(x, w, output_padding=tuple(left), **case.options)
    assert up.shape == image.shape
    assert_agree(up, conv2d_backward(x, cache)[0])
    # and its own input gradient is the convolution
    dx, dw, db = conv_transpose2d_backward(image, up_cache)
    assert db is None
    assert_agree(dx, out)
    assert_adjoint(up, image, x, dx)
    assert_adjoint(up, image, w, dw)


@pytest.mark.row("C-deconv", "B-sameshape")
@quick
@given(
    seeds,
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.integers(0, 1),
)
def test_gradients(seed, filter_shape, stride, pad):
    x, w, b = normal(seed, 2, 3, 3, 4), normal(seed + 1, 3, 2, *filter_shape), normal(seed + 2, 2)
    options = {"stride": stride, "pad": pad, "output_padding": (stride[0] - 1, 0)}
    out, cache = conv_transpose2d_forward(x, w, b, **options)
    dout = normal(seed + 3, *out.shape)
    dx, dw, db = conv_transpose2d_backward(dout, cache)
    assert_is_gradient(dx, lambda v: conv_transpose2d_forward(v, w, b, **options)[0], x, dout)
    assert_is_gradient(dw, lambda v: conv_transpose2d_forward(x, v, b, **options)[0], w, dout)
    assert_is_gradient(db, lambda v: conv_transpose2d_forward(x, w, v, **options)[0], b, dout)


@pytest.mark.row("C-deconv")
def test_by_hand():
    # each pixel adds its multiple of the filter; with stride 2 a 3-wide filter overlaps itself in one place
    out, cache = conv_transpose2d_forward([[[[1, 2]]]], [[[[1, 10, 100]]]], [0.5], stride=2)
    assert out.tolist() == [[[[1.5, 10.5, 102.5, 20.5, 200.5]]]]
    assert conv_transpose2d_forward([[[[1, 2]]]], [[[[1, 10, 100]]]], stride=2, pad=(0, 1))[0].tolist() == [
        [[[10, 102, 20]]]
    ]
    wider = conv_transpose2d_forward([[[[1, 2]]]], [[[[1, 10, 100]]]], stride=2, output_padding=(0, 1))[0]
    assert wider.tolist() == [[[[1, 10, 102, 20, 200, 0]]]]


@pytest.mark.row("C-deconv")
def test_is_a_convolution_of_the_zero_stuffed_input():
    x, w = normal(0, 2, 3, 3, 2), normal(1, 3, 2, 2, 3)
    stuffed = np.zeros((2, 3, 5, 4))
    stuffed[:, :, ::2, ::3] = x
    rotated = w.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
    assert_agree(conv_transpose2d_forward(x, w, stride=(2, 3))[0], conv2d_forward(stuffed, rotated, pad=(1, 2))[0])


def test_float32_views_and_repeated_backward():
    x, w, b = normal(0, 2, 3, 3, 4), normal(1, 3, 2, 3, 2), normal(2, 2)
    out, cache = conv_transpose2d_forward(x, w, b, stride=2, pad=1)
    out32, cache32 = conv_transpose2d_forward(*(a.astype(np.float32) for a in (x, w, b)), stride=2, pad=1)
    dout = normal(3, *out.shape)
    assert out32.dtype == np.float32
    assert_agree(out32, out)
    grads = conv_transpose2d_backward(dout, cache)
    grads32 = conv_transpose2d_backward(dout.astype(np.float32), cache32)
    again = conv_transpose2d_backward(np.asfortranarray(dout), cache)
    for g, g32, g_again in zip(grads, grads32, again):
        assert g32.dtype == np.float32
        assert_agree(g32, g)
        assert_agree(g_again, g)
    assert_agree(conv_transpose2d_forward(np.asfortranarray(x), np.asfortranarray(w), b, stride=2, pad=1)[0], out)


X, W = np.ones((2, 3, 4, 5)), np.ones((3, 2, 3, 3))


@pytest.mark.parametrize(
    "args, options, error, message",
    [
        ((X[0], W), {}, ValueError, r"^x: expected 4 axes \(N, K, H, W\)"),
        ((X, W[0]), {}, ValueError, "^w: expected 4 axes"),
        ((X, W[:2]), {}, ValueError, r"^w: expected shape \(3, 2, 3, 3\)"),
        ((X, W, np.ones(3)), {}, ValueError, r"^b: expected shape \(2,\)"),
        ((X, W), {"stride": 0}, ValueError, "^stride: "),
        ((X, W), {"pad": -1}, ValueError, "^pad: "),
        ((X, W), {"pad": 3}, ValueError, r"^pad: .*leaves \(Ho, Wo\) = \(0, 1\)"),
        ((X, W), {"output_padding": 1}, ValueError, r"^output_padding: expected less than the stride \(1, 1\)"),
        ((X, W), {"stride": 2, "output_padding": (0, 2)}, ValueError, "^output_padding: "),
        ((X, W), {"output_padding": 0.5}, TypeError, "^output_padding: "),
        ((X.astype(str), W), {}, TypeError, "^x: "),
    ],
)
def test_names_bad_arguments(args, options, error, message):
    with pytest.raises(error, match=message):
        conv_transpose2d_forward(*args, **options)


def test_backward_names_bad_arguments():
    out, cache = conv_transpose2d_forward(X, W)
    with pytest.raises(ValueError, match=r"^dout: expected shape \(2, 2, 6, 7\).*got shape \(2, 2, 7, 6\)"):
        conv_transpose2d_backward(out.transpose(0, 1, 3, 2), cache)
    with pytest.raises(TypeError, match="^cache: .*conv_transpose2d_forward"):
        conv_transpose2d_backward(out, (X,))


# the convolution as a matrix


@pytest.mark.row("D-toeplitz")
def test_from_fully_connected_to_local_to_shared():
    theta = [2, 3, 5]
    matrix = conv_matrix(theta, 5, pad=1)
    assert matrix.tolist() == [[3, 5, 0, 0, 0], [2, 3, 5, 0, 0], [0, 2, 3, 5, 0], [0, 0, 2, 3, 5], [0, 0, 0, 2, 3]]
    for n in (5, 8):
        matrix = conv_matrix(theta, n, pad=1)
        # n² connections when fully connected, 3n-2 when local, 3 different numbers when shared
        assert (matrix.size, np.count_nonzero(matrix), len(set(matrix[matrix != 0]))) == (n**2, 3 * n - 2, 3)
        assert np.array_equal(matrix, scipy.linalg.toeplitz([3, 2] + [0] * (n - 2), [3, 5] + [0] * (n - 2)))


@pytest.mark.row("D-toeplitz")
@quick
@given(seeds, *[st.integers(1, 5)] * 2, *[st.integers(1, 3)] * 4, *[st.integers(0, 2)] * 2)
def test_matrix_times_image_is_the_correlation(seed, more_rows, more_columns, fh, fw, sh, sw, ph, pw):
    image, kernel = normal(seed, fh + more_rows, fw + more_columns), normal(seed + 1, fh, fw)
    options = {"stride": (sh, sw), "pad": (ph, pw)}
    matrix = conv_matrix(kernel, image.shape, **options)
    out = correlate2d(image, kernel, **options)
    assert_agree(matrix @ image.ravel(), out.ravel())
    # the transposed matrix is the backward pass
    dout = normal(seed + 2, *out.shape)
    dx = conv2d_backward(dout[None, None], conv2d_forward(image[None, None], kernel[None, None], **options)[1])[0]
    assert_agree(matrix.T @ dout.ravel(), dx.ravel())


@pytest.mark.row("D-toeplitz")
@quick
@given(seeds, st.integers(0, 5), st.integers(1, 4), st.integers(1, 3), st.integers(0, 2))
def test_matrix_times_signal_is_the_layer(seed, more, f, stride, pad):
    x, theta = normal(seed, f + more), normal(seed + 1, f)
    matrix = conv_matrix(theta, (f + more,), stride=stride, pad=pad)
    out = conv1d_forward(x[None, None], theta[None, None], stride=stride, pad=pad)[0]
    assert_agree(matrix @ x, out[0, 0])


def test_matrix_keeps_float32():
    assert conv_matrix(np.ones(2, np.float32), 3).dtype == np.float32


@pytest.mark.parametrize(
    "args, options, error, message",
    [
        ((np.ones((1, 1, 2)), 5), {}, ValueError, r"^kernel: expected shape \(F,\) or \(FH, FW\)"),
        ((np.ones(3), (5, 5)), {}, ValueError, r"^input_shape: expected 1 sizes?, .*got \(5, 5\)"),
        ((np.ones((3, 3)), 5), {}, ValueError, "^input_shape: expected 2 sizes"),
        ((np.ones(3), 0), {}, ValueError, "^input_shape: "),
        ((np.ones(3), 5.0), {}, TypeError, "^input_shape: "),
        ((np.ones(6), 5), {}, ValueError, "^kernel: expected a filter no larger than the padded input"),
        ((np.ones((2, 4)), (5, 3)), {}, ValueError, "^kernel: expected a filter no larger"),
        ((np.ones(3), 5), {"stride": (1, 1)}, TypeError, "^stride: "),
        ((np.ones((3, 3)), (5, 5)), {"stride": 0}, ValueError, "^stride: "),
        ((np.ones(3), 5), {"pad": -1}, ValueError, "^pad: "),
        ((["a"], 5), {}, TypeError, "^kernel: "),
    ],
)
def test_matrix_names_bad_arguments(args, options, error, message):
    with pytest.raises(error, match=message):
        conv_matrix(*args, **options)
