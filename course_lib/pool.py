"""Pooling: the maxima and the averages of windows, channel by channel.

A pooling layer has two hyperparameters, the window's size and the stride, and no parameters; it keeps the depth. The
fast version takes a window in two stages, along its columns, then along its rows: 2·F slices of the image instead of
F². Beside it stand the lecture's loops with the same signature, and the ways back to the larger size: unpooling and
upsampling.
"""

import numpy as np

from . import _validate
from ._pool_loops import (
    avg_pool2d_backward_loops,
    avg_pool2d_forward_loops,
    max_pool2d_backward_loops,
    max_pool2d_forward_loops,
)
from ._pool_shapes import check_pool, check_ties
from ._pool_stages import max_stages, route_stages
from ._pool_unpool import (
    max_unpool2d,
    max_unpool2d_backward,
    upsample_nearest2d_backward,
    upsample_nearest2d_forward,
)
from ._select import keep
from ._taps import taps

__all__ = [
    "max_pool2d_forward",
    "max_pool2d_backward",
    "max_pool2d_forward_loops",
    "max_pool2d_backward_loops",
    "max_pool1d_forward",
    "max_pool1d_backward",
    "avg_pool2d_forward",
    "avg_pool2d_backward",
    "avg_pool2d_forward_loops",
    "avg_pool2d_backward_loops",
    "max_unpool2d",
    "max_unpool2d_backward",
    "upsample_nearest2d_forward",
    "upsample_nearest2d_backward",
]


def max_pool2d_forward(x, size=2, *, stride=None, pad=0, ties="first"):
    """2-D max pooling: the largest pixel of each window, channel by channel.

    Formula: out[n,c,i,j] = max_{p,q} x_padded[n, c, i·s + p, j·s + q],  padded with -∞

    Arguments:
        x       (N, C, H, W)
        size    of the window: integer, or pair (rows, columns)
        stride  integer or pair; None takes the window's size, so that windows do not overlap
        pad     integer or pair, less than the window
        ties    which of several equal maxima gets the gradient: "first" in row-major order, as frameworks choose, or
                "all" of them, each in full, as lecture E does; the output is the same either way
    Returns:
        out     (N, C, Ho, Wo), Ho = floor((H + 2·pad - FH) / stride) + 1, Wo alike
        cache   what max_pool2d_backward and max_unpool2d need
    Errors: ValueError, TypeError: wrong rank, a window larger than the padded input, stride below 1, pad below 0 or
        not less than the window, ties of another name.
    Lecture row: B-maxpool, B-poolsize, X-13

    >>> from course_lib.pool import max_pool2d_forward
    >>> max_pool2d_forward([[[[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]])[0].tolist()
    [[[[6.0, 8.0], [3.0, 4.0]]]]
    """
    x, size, stride, pad, out_shape = check_pool(x, size, stride, pad)
    ties = check_ties(ties)
    out, winners = max_stages(x, size, stride, pad, out_shape)
    # "first" is all in the winners, so x and out need not live until the backward pass
    values = (x, out.copy()) if ties == "all" else (None, None)
    return out, (x.shape, out.shape, size, stride, pad, ties, winners, values)


def max_pool2d_backward(dout, cache):
    """Gradient of 2-D max pooling: it goes back to where the maximum came from.

    Formula: dx[pixel] = Σ dout[window], over the windows in which the pixel won

    Arguments:
        dout   (N, C, Ho, Wo), the upstream gradient
        cache  from max_pool2d_forward or max_pool2d_forward_loops
    Returns:
        dx     (N, C, H, W); where windows overlap a pixel's gradients add up; 0 where no window reached
    Errors: ValueError, TypeError: dout is not of the output's shape; cache is not the layer's.
    Lecture row: A-poolback, C-unpool

    >>> from course_lib.pool import max_pool2d_backward, max_pool2d_forward
    >>> out, cache = max_pool2d_forward([[[[1, 3, 2, 0], [0, 2, 2, 1]]]], size=(2, 3), stride=1)
    >>> max_pool2d_backward([[[[10, 1]]]], cache).tolist()
    [[[[0.0, 11.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]]]
    """
    x_shape, out_shape, size, stride, pad, ties, winners, (x, out) = _validate.unpack(cache, 8, "max_pool2d_forward")
    dout = _validate.upstream(dout, out_shape)
    if ties == "first":
        return route_stages(dout, x_shape, size, stride, pad, winners)
    dx = np.zeros(x_shape, dtype=dout.dtype)
    for _, rows, pixel_rows in taps(x_shape[2], out_shape[2], size[0], stride[0], pad[0]):
        for _, columns, pixel_columns in taps(x_shape[3], out_shape[3], size[1], stride[1], pad[1]):
            outputs, pixels = (..., rows, columns), (..., pixel_rows, pixel_columns)
            dx[pixels] += keep(dout[outputs], x[pixels] == out[outputs])
    return dx


def max_pool1d_forward(x, size=2, *, stride=None, pad=0, ties="first"):
    """1-D max pooling: the 2-D layer on images of height 1.

    Formula: out[n,c,i] = max_q x_padded[n, c, i·s + q],  padded with -∞

    Arguments:
        x       (N, C, W)
        size, stride, pad  integers; stride None takes the size
        ties    "first" or "all", as max_pool2d_forward
    Returns:
        out     (N, C, Wo)
        cache   what max_pool1d_backward needs
    Errors: ValueError, TypeError: as max_pool2d_forward.
    Lecture row: E-seesaw

    >>> from course_lib.pool import max_pool1d_forward
    >>> max_pool1d_forward([[[0, 0.1, 0, 0]]], stride=1)[0]
    array([[[0.1, 0.1, 0. ]]])
    """
    x = _validate.array("x", x, axes="N C W")
    size = (1, _validate.integer("size", size, minimum=1))
    stride = size if stride is None else (1, _validate.integer("stride", stride, minimum=1))
    pad = (0, _validate.integer("pad", pad, minimum=0))
    out, cache = max_pool2d_forward(x[:, :, None], size, stride=stride, pad=pad, ties=ties)
    return out[:, :, 0], cache


def max_pool1d_backward(dout, cache):
    """Gradient of 1-D max pooling.

    Formula: dx[pixel] = Σ dout[window], over the windows in which the pixel won

    Arguments:
        dout   (N, C, Wo), the upstream gradient
        cache  from max_pool1d_forward
    Returns:
        dx     (N, C, W)
    Errors: ValueError, TypeError: dout is not of the output's shape; cache is not max_pool1d_forward's.
    Lecture row: E-seesaw, A-poolback

    >>> from course_lib.pool import max_pool1d_backward, max_pool1d_forward
    >>> max_pool1d_backward([[[1, 2, 4]]], max_pool1d_forward([[[0, 0.1, 0, 0]]], stride=1, ties="all")[1])
    array([[[0., 3., 4., 4.]]])
    """
    _, (n, c, _, wo), *_ = _validate.unpack(cache, 8, "max_pool1d_forward")
    dout = _validate.upstream(dout, (n, c, wo))
    return max_pool2d_backward(dout[:, :, None], cache)[:, :, 0]


def avg_pool2d_forward(x, size=2, *, stride=None, pad=0):
    """2-D average pooling: the mean of each window, channel by channel.

    Formula: out[n,c,i,j] = (1 / FH·FW) Σ_{p,q} x_padded[n, c, i·s + p, j·s + q],  padded with 0

    The zeros of the padding count as elements of the window (PyTorch's default, count_include_pad=True).

    Arguments:
        x       (N, C, H, W)
        size    of the window: integer, or pair (rows, columns)
        stride  integer or pair; None takes the window's size
        pad     integer or pair, less than the window
    Returns:
        out     (N, C, Ho, Wo), sizes as max_pool2d_forward
        cache   what avg_pool2d_backward needs
    Errors: ValueError, TypeError: as max_pool2d_forward.
    Lecture row: O-avgpool

    >>> from course_lib.pool import avg_pool2d_forward
    >>> avg_pool2d_forward([[[[1, 2, 3, 4], [5, 6, 7, 8]]]])[0]
    array([[[[3.5, 5.5]]]])
    """
    x, size, stride, pad, (ho, wo) = check_pool(x, size, stride, pad)
    n, c, h, w = x.shape
    row_sums = np.zeros((n, c, h, wo), dtype=x.dtype)
    for _, columns, pixels in taps(w, wo, size[1], stride[1], pad[1]):
        row_sums[:, :, :, columns] += x[:, :, :, pixels]
    out = np.zeros((n, c, ho, wo), dtype=x.dtype)
    for _, rows, pixels in taps(h, ho, size[0], stride[0], pad[0]):
        out[:, :, rows] += row_sums[:, :, pixels]
    out /= size[0] * size[1]
    return out, (x.shape, out.shape, size, stride, pad)


def avg_pool2d_backward(dout, cache):
    """Gradient of 2-D average pooling: each pixel of a window gets the same share of its gradient.

    Formula: dx[pixel] = (1 / FH·FW) Σ dout[window], over the windows that hold the pixel

    Arguments:
        dout   (N, C, Ho, Wo), the upstream gradient
        cache  from avg_pool2d_forward or avg_pool2d_forward_loops
    Returns:
        dx     (N, C, H, W); 0 where no window reached
    Errors: ValueError, TypeError: dout is not of the output's shape; cache is not the layer's.
    Lecture row: O-avgpool

    >>> from course_lib.pool import avg_pool2d_backward, avg_pool2d_forward
    >>> avg_pool2d_backward([[[[4, 8]]]], avg_pool2d_forward([[[[1, 2, 3], [4, 5, 6]]]], stride=1)[1]).tolist()
    [[[[1.0, 3.0, 2.0], [1.0, 3.0, 2.0]]]]
    """
    (n, c, h, w), out_shape, size, stride, pad = _validate.unpack(cache, 5, "avg_pool2d_forward")
    dout = _validate.upstream(dout, out_shape)
    (ho, wo), share = out_shape[2:], dout / (size[0] * size[1])
    drow_sums = np.zeros((n, c, h, wo), dtype=dout.dtype)
    for _, rows, pixels in taps(h, ho, size[0], stride[0], pad[0]):
        drow_sums[:, :, pixels] += share[:, :, rows]
    dx = np.zeros((n, c, h, w), dtype=dout.dtype)
    for _, columns, pixels in taps(w, wo, size[1], stride[1], pad[1]):
        dx[:, :, :, pixels] += drow_sums[:, :, :, columns]
    return dx
