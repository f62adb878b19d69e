"""Convolution: the sliding sum itself, and the convolution layers of networks with their gradients.

The layers compute cross-correlation, as every framework does; `convolve2d` is the one that rotates the filter. Beside
the fast layer (windows as columns, so that a matrix product does it) stand the lecture's loops.
"""

import math

import numpy as np

from . import _validate
from ._blocks import image_blocks
from ._conv_columns import column_matrices, gather_columns, image_matrices, images_of, scatter_columns
from ._conv_kept import Kept
from ._conv_loops import conv2d_backward_loops, conv2d_forward_loops
from ._conv_shapes import check_conv2d, output_size, window_positions
from ._conv_transpose import conv_matrix, conv_transpose2d_backward, conv_transpose2d_forward

__all__ = [
    "output_size",
    "correlate2d",
    "convolve2d",
    "conv1d_forward",
    "conv1d_backward",
    "conv2d_forward",
    "conv2d_backward",
    "conv2d_forward_loops",
    "conv2d_backward_loops",
    "conv_transpose2d_forward",
    "conv_transpose2d_backward",
    "conv_matrix",
]

# Up to so many bytes the columns are kept for the backward pass. Beyond, to make them again is faster than to get
# fresh memory from the operating system, which hands it out page by page and fills it with zeros.
KEPT_BYTES = 32 * 2**20


def conv2d_forward(x, w, b=None, *, stride=1, pad=0, dilation=1, groups=1, chunk=None):
    """2-D convolution layer: slide K filters over images with C channels (cross-correlation).

    Formula: out[n,k,i,j] = b[k] + Σ_{c,p,q} x_padded[n, c, i·s + p·d, j·s + q·d] · w[k,c,p,q]

    Arguments:
        x         (N, C, H, W)
        w         (K, C/groups, FH, FW)
        b         (K,) or None
        stride, pad, dilation  integer, or pair (rows, columns)
        groups    filters of group g see only the channels of group g; groups = C is a depthwise convolution
        chunk     to save memory: work on so many images at a time, and keep no columns for the backward pass
    Returns:
        out       (N, K, Ho, Wo), Ho = floor((H + 2·pad - dilation·(FH - 1) - 1) / stride) + 1, Wo alike
        cache     what conv2d_backward needs
    Errors: ValueError, TypeError: wrong rank or channels, a filter larger than the padded input, groups that do not
        divide C and K, stride, dilation or chunk below 1, pad below 0.
    Lecture row: D-conv2d, B-options

    >>> from course_lib.conv import conv2d_forward
    >>> conv2d_forward([[[[1, 2, 3], [4, 5, 6]]]], [[[[1, 0], [0, -1]]]], [10])[0]
    array([[[[6., 6.]]]])
    """
    x, w, b, stride, pad, dilation, groups, out_shape = check_conv2d(x, w, b, stride, pad, dilation, groups)
    chunk = None if chunk is None else _validate.integer("chunk", chunk, minimum=1)
    filters, filter_shape = len(w), w.shape[2:]
    rows = w.reshape(groups, filters // groups, -1)  # a filter is a row: (G, K/G, C/G·FH·FW)
    out = np.empty((len(x), filters, *out_shape), dtype=np.result_type(x, w, *([] if b is None else [b])))
    image_bytes, kept = _column_bytes(x[:1], filter_shape, out_shape), Kept(chunk)
    for images in image_blocks(len(x), image_bytes, chunk):
        columns = gather_columns(x[images], filter_shape, out_shape, stride, pad, dilation)  # (C, FH, FW, n, Ho, Wo)
        product = image_matrices(out[images], groups)  # the place for it in `out`, where a matrix is one image
        np.matmul(rows, column_matrices(columns, groups), out=product)
        if not np.may_share_memory(product, out):
            out[images] = images_of(product, out[images].shape)
        if b is not None:
            out[images] += b[:, None, None]
        if chunk is None and len(x) * image_bytes <= KEPT_BYTES:
            kept.columns[images.start] = columns
        del columns, product  # their memory is free for the next block's
    return out, (x, w, b is not None, stride, pad, dilation, groups, out_shape, kept)


def conv2d_backward(dout, cache, *, need_dx=True, consume=False):
    """Gradients of the 2-D convolution layer.

    Formula: with the windows as the columns of a matrix, out = W·columns, so dW = dout·columnsᵀ and
             dcolumns = Wᵀ·dout, which is added back to the pixels the columns came from

    That is: dw correlates the input with dout; dx is the full cross-correlation of dout (zeros stuffed between its
    elements for a stride) with the filter rotated by 180°, which is the full convolution with the unrotated filter.

    Arguments:
        dout     (N, K, Ho, Wo), the upstream gradient
        cache    from conv2d_forward or conv2d_forward_loops
        need_dx  False in a net's first layer, whose input is data: dx is None, and its work is not done
        consume  True says that this cache is not used again: what it kept is released, and another backward pass on it
                 is an error. By default another one is right, but has to make anew what the first has overwritten
    Returns:
        dx     (N, C, H, W), or None; 0 in rows and columns that no window reached
        dw     (K, C/groups, FH, FW)
        db     (K,), or None where the layer has no bias
    Errors: ValueError, TypeError: dout is not of the output's shape; cache is not the layer's, or was consumed.
    Lecture row: C-stride2, C-rotated, A-convback

    >>> from course_lib.conv import conv2d_backward, conv2d_forward
    >>> out, cache = conv2d_forward([[[[1, 2, 3]]]], [[[[1, -1]]]], [0])
    >>> [g.ravel().tolist() for g in conv2d_backward([[[[10, 1]]]], cache)]
    [[10.0, -9.0, -1.0], [12.0, 23.0], [11.0]]
    """
    x, w, has_bias, stride, pad, dilation, groups, out_shape, kept = _validate.unpack(cache, 9, "conv2d_forward")
    filters, filter_shape = len(w), w.shape[2:]
    dout = _validate.upstream(dout, (len(x), filters, *out_shape))
    kept.use(consume)
    rows = w.reshape(groups, filters // groups, -1)  # (G, K/G, C/G·FH·FW)
    drows = np.zeros(rows.shape, dtype=np.result_type(x, dout))
    db = np.zeros(filters, dtype=dout.dtype) if has_bias else None
    dx = np.empty(x.shape, dtype=np.result_type(w, dout)) if need_dx else None
    for images in image_blocks(len(x), _column_bytes(x[:1], filter_shape, out_shape), kept.chunk):
        columns = kept.columns.pop(images.start, None)  # taken out: they are overwritten below
        if columns is None:
            columns = gather_columns(x[images], filter_shape, out_shape, stride, pad, dilation)
        matrices, d = column_matrices(columns, groups), image_matrices(dout[images], groups)
        # (columns·doutᵀ)ᵀ, since matrix libraries are faster with the larger matrix first
        drows += (matrices @ d.transpose(0, 1, 3, 2)).sum(axis=0).transpose(0, 2, 1)
        if has_bias:
            db += d.sum(axis=(0, 3)).ravel()
        if need_dx:
            # the columns are not needed any more: their gradient takes their place
            dcolumns = columns if columns.dtype == dx.dtype else np.empty(columns.shape, dx.dtype)
            np.matmul(rows.transpose(0, 2, 1), d, out=column_matrices(dcolumns, groups))
            scatter_columns(dcolumns, dx[images], stride, pad, dilation)
            del dcolumns
        del columns, matrices, d  # their memory is free for the next block's
    return dx, drows.reshape(w.shape), db


def _column_bytes(x, filter_shape, out_shape):
    """Size of the columns of these images."""
    return x.itemsize * math.prod((*x.shape[:2], *filter_shape, *out_shape))


def conv1d_forward(x, w, b=None, *, stride=1, pad=0, dilation=1, groups=1, chunk=None):
    """1-D convolution layer: the 2-D layer on images of height 1 (cross-correlation).

    Formula: out[n,k,i] = b[k] + Σ_{c,j} x_padded[n, c, i·s + j·d] · w[k,c,j]

    Arguments:
        x         (N, C, W)
        w         (K, C/groups, F)
        b         (K,) or None
        stride, pad, dilation, groups  integers
        chunk     so many signals at a time, as conv2d_forward
    Returns:
        out       (N, K, Wo)
        cache     what conv1d_backward needs
    Errors: ValueError, TypeError: as conv2d_forward.
    Lecture row: D-conv1d

    >>> from course_lib.conv import conv1d_forward
    >>> conv1d_forward([[[1, 1, 1, 0, 0]]], [[[1, 0, 1]]])[0]
    array([[[2., 1., 1.]]])
    """
    x = _validate.array("x", x, axes="N C W")
    w = _validate.array("w", w, axes="K C/groups F")
    stride = (1, _validate.integer("stride", stride, minimum=1))
    pad = (0, _validate.integer("pad", pad, minimum=0))
    dilation = (1, _validate.integer("dilation", dilation, minimum=1))
    out, cache = conv2d_forward(
        x[:, :, None], w[:, :, None], b, stride=stride, pad=pad, dilation=dilation, groups=groups, chunk=chunk
    )
    return out[:, :, 0], cache


def conv1d_backward(dout, cache, *, need_dx=True, consume=False):
    """Gradients of the 1-D convolution layer.

    Formula: dw[k,c,j] = Σ_{n,i} dout[n,k,i] · x_padded[n, c, i·s + j·d],  dx as conv2d_backward,  db[k] = Σ_{n,i} dout

    Arguments:
        dout     (N, K, Wo), the upstream gradient
        cache    from conv1d_forward
        need_dx  False: dx is None, and its work is not done
        consume  True: this cache is not used again, as conv2d_backward
    Returns:
        dx     (N, C, W), or None
        dw     (K, C/groups, F)
        db     (K,), or None where the layer has no bias
    Errors: ValueError, TypeError: dout is not of the output's shape; cache is not conv1d_forward's, or was consumed.
    Lecture row: D-conv1d

    >>> from course_lib.conv import conv1d_backward, conv1d_forward
    >>> out, cache = conv1d_forward([[[1, 1, 1, 0, 0]]], [[[1, 0, 1]]])
    >>> conv1d_backward([[[1, 2, 3]]], cache)[:2]
    (array([[[1., 2., 4., 2., 3.]]]), array([[[6., 3., 1.]]]))
    """
    x, w, _, _, _, _, _, out_shape, _ = _validate.unpack(cache, 9, "conv1d_forward")
    dout = _validate.upstream(dout, (len(x), len(w), out_shape[1]))
    dx, dw, db = conv2d_backward(dout[:, :, None], cache, need_dx=need_dx, consume=consume)
    return dx if dx is None else dx[:, :, 0], dw[:, :, 0], db


def correlate2d(image, kernel, *, stride=1, pad=0):
    """Cross-correlation of one image with one filter: the sliding sum of products.

    Formula: out[i,j] = Σ_{m,n} I(i·s + m, j·s + n) · K(m, n)

    Arguments:
        image   (H, W)
        kernel  (FH, FW)
        stride, pad  integer, or pair (rows, columns)
    Returns:
        out     (Ho, Wo)
    Errors: ValueError, TypeError: wrong rank, a kernel larger than the padded image, stride below 1, pad below 0.
    Lecture row: A-conv, D-conv2d

    >>> from course_lib.conv import correlate2d
    >>> correlate2d([[1, 2, 3], [4, 5, 6]], [[1, 0], [0, -1]])
    array([[-4., -4.]])
    """
    image = _validate.array("image", image, axes="H W")
    kernel = _validate.array("kernel", kernel, axes="FH FW")
    stride, pad = _validate.pair("stride", stride, minimum=1), _validate.pair("pad", pad, minimum=0)
    window_positions("kernel", image.shape, kernel.shape, stride, pad)  # raises where the kernel is too large
    return conv2d_forward(image[None, None], kernel[None, None], stride=stride, pad=pad)[0][0, 0]


def convolve2d(image, kernel, *, stride=1, pad=0):
    """True convolution of one image with one filter: cross-correlation with the filter rotated by 180°.

    Formula: out[i,j] = Σ_{m=0}^{FH-1} Σ_{n=0}^{FW-1} f(i-m, j-n) · g(m, n), at the positions where the filter lies in
             the padded image; pad = FH - 1, FW - 1 gives the full convolution

    Arguments:
        image   (H, W)
        kernel  (FH, FW)
        stride, pad  integer, or pair (rows, columns)
    Returns:
        out     (Ho, Wo)
    Errors: ValueError, TypeError: wrong rank, a kernel larger than the padded image, stride below 1, pad below 0.
    Lecture row: A-conv, X-7

    >>> from course_lib.conv import convolve2d
    >>> convolve2d([[1, 2, 3], [4, 5, 6]], [[1, 0], [0, -1]])
    array([[4., 4.]])
    """
    kernel = _validate.array("kernel", kernel, axes="FH FW")
    return correlate2d(image, kernel[::-1, ::-1], stride=stride, pad=pad)
