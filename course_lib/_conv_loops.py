"""The lecture's loops: the convolution layer, one window after the other. Slow, plain, and the fast version's judge."""

import numpy as np

from . import _validate
from ._conv_kept import Kept
from ._conv_shapes import check_conv2d


def _windows(out_shape, filter_shape, stride, dilation):
    """For each output position (i, j): the rows and the columns of the padded image that its window sees."""
    (fh, fw), (sh, sw), (dh, dw) = filter_shape, stride, dilation
    for i in range(out_shape[0]):
        for j in range(out_shape[1]):
            rows = slice(i * sh, i * sh + dh * (fh - 1) + 1, dh)
            columns = slice(j * sw, j * sw + dw * (fw - 1) + 1, dw)
            yield i, j, rows, columns


def conv2d_forward_loops(x, w, b=None, *, stride=1, pad=0, dilation=1, groups=1):
    """2-D convolution layer by loops over images, filters and positions; same results as conv2d_forward.

    Formula: out[n,k,i,j] = b[k] + Σ_{c,p,q} x_padded[n, c, i·s + p·d, j·s + q·d] · w[k,c,p,q]

    Arguments:
        x         (N, C, H, W)
        w         (K, C/groups, FH, FW)
        b         (K,) or None
        stride, pad, dilation  integer, or pair (rows, columns)
        groups    filters of group g see only the channels of group g
    Returns:
        out       (N, K, Ho, Wo)
        cache     what conv2d_backward_loops, and conv2d_backward, need
    Errors: ValueError, TypeError: as conv2d_forward.
    Lecture row: A-conv, B-fast

    >>> from course_lib.conv import conv2d_forward_loops
    >>> conv2d_forward_loops([[[[1, 2, 3], [4, 5, 6]]]], [[[[1, 0], [0, -1]]]], [10])[0]
    array([[[[6., 6.]]]])
    """
    x, w, b, stride, pad, dilation, groups, out_shape = check_conv2d(x, w, b, stride, pad, dilation, groups)
    filters, group_channels, fh, fw = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad[0],) * 2, (pad[1],) * 2))
    out = np.zeros((len(x), filters, *out_shape), dtype=np.result_type(x, w, *([] if b is None else [b])))
    for n in range(len(x)):
        for k in range(filters):
            first = k // (filters // groups) * group_channels  # the first channel that filter k's group sees
            seen = padded[n, first : first + group_channels]  # (C/groups, H + 2ph, W + 2pw)
            for i, j, rows, columns in _windows(out_shape, (fh, fw), stride, dilation):
                out[n, k, i, j] = np.sum(seen[:, rows, columns] * w[k])
            if b is not None:
                out[n, k] += b[k]
    return out, (x, w, b is not None, stride, pad, dilation, groups, out_shape, Kept())


def conv2d_backward_loops(dout, cache):
    """Gradients of the 2-D convolution layer by the same loops; same results as conv2d_backward.

    Formula: every product x·w of the forward pass sends dout·w back to its x and dout·x back to its w

    Arguments:
        dout   (N, K, Ho, Wo), the upstream gradient
        cache  from conv2d_forward_loops or conv2d_forward
    Returns:
        dx     (N, C, H, W)
        dw     (K, C/groups, FH, FW)
        db     (K,), or None where the layer has no bias
    Errors: ValueError, TypeError: dout is not of the output's shape; cache is not the layer's.
    Lecture row: C-stride2, A-convback, B-fast

    >>> from course_lib.conv import conv2d_backward_loops, conv2d_forward_loops
    >>> out, cache = conv2d_forward_loops([[[[1, 2, 3]]]], [[[[1, -1]]]], [0])
    >>> [g.ravel().tolist() for g in conv2d_backward_loops([[[[10, 1]]]], cache)]
    [[10.0, -9.0, -1.0], [12.0, 23.0], [11.0]]
    """
    x, w, has_bias, stride, pad, dilation, groups, out_shape, _ = _validate.unpack(cache, 9, "conv2d_forward_loops")
    filters, group_channels, fh, fw = w.shape
    dout = _validate.upstream(dout, (len(x), filters, *out_shape))
    padded = np.pad(x, ((0, 0), (0, 0), (pad[0],) * 2, (pad[1],) * 2))
    dpadded = np.zeros(padded.shape, dtype=np.result_type(dout, w))
    dw = np.zeros(w.shape, dtype=np.result_type(dout, x))
    for n in range(len(x)):
        for k in range(filters):
            first = k // (filters // groups) * group_channels
            seen, dseen = padded[n, first : first + group_channels], dpadded[n, first : first + group_channels]
            for i, j, rows, columns in _windows(out_shape, (fh, fw), stride, dilation):
                dw[k] += dout[n, k, i, j] * seen[:, rows, columns]
                dseen[:, rows, columns] += dout[n, k, i, j] * w[k]
    (ph, pw), (h, width) = pad, x.shape[2:]
    dx = dpadded[:, :, ph : ph + h, pw : pw + width].copy()  # the padding is no part of x
    db = dout.sum(axis=(0, 2, 3)) if has_bias else None
    return dx, dw, db
