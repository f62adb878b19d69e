"""The convolution as a matrix, and the layer that multiplies by that matrix's transpose."""

import numpy as np

from . import _validate
from ._conv_columns import gather_columns, scatter_columns
from ._conv_shapes import check_bias, window_positions


def conv_transpose2d_forward(x, w, b=None, *, stride=1, pad=0, output_padding=0):
    """Transposed convolution ("deconvolution"): every input pixel adds its multiple of the filter to the output.

    Formula: out_padded[n, c, i·s + p, j·s + q] += x[n,k,i,j] · w[k,c,p,q], then pad is cropped and b[c] is added

    It is the input gradient of conv2d_forward with the same w, stride and pad: what was its output is the input here.

    Arguments:
        x         (N, K, H, W)
        w         (K, C, FH, FW), the weights of the convolution that is transposed
        b         (C,) or None
        stride, pad, output_padding  integer, or pair (rows, columns)
    Returns:
        out       (N, C, Ho, Wo), Ho = (H - 1)·stride - 2·pad + FH + output_padding, Wo alike
        cache     what conv_transpose2d_backward needs
    Errors: ValueError, TypeError: wrong rank or channels, stride below 1, output_padding not below stride, or a pad
        that crops everything.
    Lecture row: C-deconv

    >>> from course_lib.conv import conv_transpose2d_forward
    >>> conv_transpose2d_forward([[[[1, 2]]]], [[[[1, 10, 100]]]], stride=2)[0]
    array([[[[  1.,  10., 102.,  20., 200.]]]])
    """
    x = _validate.array("x", x, axes="N K H W")
    w = _validate.array("w", w, axes="K C FH FW")
    _validate.has_shape("w", w, (x.shape[1], *w.shape[1:]), f"a filter for each of x's {x.shape[1]} channels")
    b = check_bias(b, w.shape[1])
    stride, pad = _validate.pair("stride", stride, minimum=1), _validate.pair("pad", pad, minimum=0)
    extra = _validate.pair("output_padding", output_padding, minimum=0)
    # A convolution maps `stride` input sizes to one output size (it floors); output_padding says which one to return.
    if extra[0] >= stride[0] or extra[1] >= stride[1]:
        raise ValueError(f"output_padding: expected less than the stride {stride}, got {extra}")
    (n, filters, *positions), (_, channels, fh, fw) = x.shape, w.shape
    out_shape = tuple(
        (size - 1) * s - 2 * p + f + e for size, s, p, f, e in zip(positions, stride, pad, (fh, fw), extra)
    )
    if min(out_shape) < 1:
        raise ValueError(f"pad: expected one that leaves some output, got {pad}, which leaves (Ho, Wo) = {out_shape}")
    flat_x = x.transpose(1, 0, 2, 3).reshape(filters, -1)  # (K, N·H·W)
    columns = w.reshape(filters, -1).T @ flat_x  # (C·FH·FW, N·H·W)
    columns = columns.reshape(channels, fh, fw, n, *positions)
    out = np.empty((n, channels, *out_shape), dtype=np.result_type(columns, *([] if b is None else [b])))
    scatter_columns(columns, out, stride, pad, (1, 1))
    if b is not None:
        out += b[:, None, None]
    return out, (x, w, b is not None, stride, pad, out_shape)


def conv_transpose2d_backward(dout, cache):
    """Gradients of the transposed convolution: its dx is an ordinary convolution of dout.

    Formula: dx = conv2d(dout, w),  dw = x·columns(dout)ᵀ,  db[c] = Σ_{n,i,j} dout[n,c,i,j]

    Arguments:
        dout   (N, C, Ho, Wo), the upstream gradient
        cache  from conv_transpose2d_forward
    Returns:
        dx     (N, K, H, W)
        dw     (K, C, FH, FW)
        db     (C,), or None where the layer has no bias
    Errors: ValueError, TypeError: dout is not of the output's shape; cache is not conv_transpose2d_forward's.
    Lecture row: C-deconv

    >>> from course_lib.conv import conv_transpose2d_backward, conv_transpose2d_forward
    >>> out, cache = conv_transpose2d_forward([[[[1, 2]]]], [[[[1, 10, 100]]]], stride=2)
    >>> conv_transpose2d_backward([[[[1, 0, 0, 0, 2]]]], cache)[:2]
    (array([[[[  1., 200.]]]]), array([[[[1., 0., 4.]]]]))
    """
    x, w, has_bias, stride, pad, out_shape = _validate.unpack(cache, 6, "conv_transpose2d_forward")
    (n, filters, *positions), (_, channels, fh, fw) = x.shape, w.shape
    dout = _validate.upstream(dout, (n, channels, *out_shape))
    columns = gather_columns(dout, (fh, fw), positions, stride, pad, (1, 1)).reshape(channels * fh * fw, -1)
    dx = (w.reshape(filters, -1) @ columns).reshape(filters, n, *positions)  # (K, N·H·W) -> (K, N, H, W)
    dx = np.ascontiguousarray(dx.transpose(1, 0, 2, 3))  # (N, K, H, W)
    flat_x = x.transpose(1, 0, 2, 3).reshape(filters, -1)  # (K, N·H·W)
    dw = (flat_x @ columns.T).reshape(w.shape)
    db = dout.sum(axis=(0, 2, 3)) if has_bias else None
    return dx, dw, db


def conv_matrix(kernel, input_shape, *, stride=1, pad=0):
    """The cross-correlation with one filter as a matrix: banded, with the same few numbers in every row (Toeplitz).

    Formula: M·x.ravel() = correlate(x, kernel).ravel();  Mᵀ·dout.ravel() is the gradient of x

    Arguments:
        kernel       (F,) for signals, (FH, FW) for images
        input_shape  integer or (W,) for signals, (H, W) for images
        stride, pad  integer; for images also a pair (rows, columns)
    Returns:
        M            (outputs, inputs), both flattened with the last axis fastest
    Errors: ValueError, TypeError: kernel of another rank, input_shape that does not match it, a kernel larger than the
        padded input, stride below 1, pad below 0.
    Lecture row: D-toeplitz

    >>> from course_lib.conv import conv_matrix
    >>> conv_matrix([1, 2, 3], 4, pad=1).astype(int).tolist()
    [[2, 3, 0, 0], [1, 2, 3, 0], [0, 1, 2, 3], [0, 0, 1, 2]]
    """
    kernel = _validate.array("kernel", kernel)
    if kernel.ndim not in (1, 2):
        raise ValueError(f"kernel: expected shape (F,) or (FH, FW), got shape {kernel.shape}")
    sizes = tuple(input_shape) if isinstance(input_shape, (tuple, list)) else (input_shape,)
    if len(sizes) != kernel.ndim:
        raise ValueError(f"input_shape: expected {kernel.ndim} sizes, as the kernel has, got {input_shape!r}")
    sizes = tuple(_validate.integer("input_shape", size, minimum=1) for size in sizes)
    if kernel.ndim == 1:  # a signal is an image of height 1
        kernel, sizes = kernel[None], (1, *sizes)
        stride = (1, _validate.integer("stride", stride, minimum=1))
        pad = (0, _validate.integer("pad", pad, minimum=0))
    stride, pad = _validate.pair("stride", stride, minimum=1), _validate.pair("pad", pad, minimum=0)
    ho, wo = window_positions("kernel", sizes, kernel.shape, stride, pad)
    (height, width), (fh, fw), (sh, sw), (ph, pw) = sizes, kernel.shape, stride, pad
    matrix = np.zeros((ho, wo, height, width), dtype=kernel.dtype)
    for i, j in np.ndindex(ho, wo):
        for p, q in np.ndindex(fh, fw):
            row, column = i * sh + p - ph, j * sw + q - pw  # where tap (p, q) of window (i, j) falls on the input
            if 0 <= row < height and 0 <= column < width:  # else on the padding, which is no column of the matrix
                matrix[i, j, row, column] = kernel[p, q]
    return matrix.reshape(ho * wo, height * width)
