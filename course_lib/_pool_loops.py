"""The lecture's loops: pooling, one window after the other. Slow, plain, and the fast version's judge."""

import numpy as np

from . import _validate
from ._pool_shapes import check_pool, check_ties


def _windows(x_shape, out_shape, size, stride, pad):
    """For each window: its index in the output, the index of its pixels in the image, and its first row and column.

    What a window sees of the padding is left out.
    """
    for n, c, i, j in np.ndindex(out_shape):
        top, left = i * stride[0] - pad[0], j * stride[1] - pad[1]  # negative on the padding
        rows = slice(max(top, 0), min(top + size[0], x_shape[2]))
        columns = slice(max(left, 0), min(left + size[1], x_shape[3]))
        yield (n, c, i, j), (n, c, rows, columns), top, left


def max_pool2d_forward_loops(x, size=2, *, stride=None, pad=0, ties="first"):
    """2-D max pooling by a loop over images, channels and positions; same results as max_pool2d_forward.

    Formula: out[n,c,i,j] = max_{p,q} x_padded[n, c, i·s + p, j·s + q],  padded with -∞

    Arguments:
        x       (N, C, H, W)
        size, stride, pad, ties  as max_pool2d_forward
    Returns:
        out     (N, C, Ho, Wo)
        cache   what max_pool2d_backward_loops, and max_pool2d_backward, need
    Errors: ValueError, TypeError: as max_pool2d_forward.
    Lecture row: B-maxpool

    >>> from course_lib.pool import max_pool2d_forward_loops
    >>> max_pool2d_forward_loops([[[[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]])[0].tolist()
    [[[[6.0, 8.0], [3.0, 4.0]]]]
    """
    x, size, stride, pad, positions = check_pool(x, size, stride, pad)
    ties = check_ties(ties)
    (n, c, h, _), (ho, wo) = x.shape, positions
    out = np.empty((n, c, ho, wo), dtype=x.dtype)
    row, column = np.zeros((n, c, ho, wo), dtype=np.intp), np.zeros((n, c, h, wo), dtype=np.intp)
    for output, pixels, top, left in _windows(x.shape, out.shape, size, stride, pad):
        window = x[pixels]
        p, q = np.unravel_index(np.argmax(window), window.shape)  # the first maximum in row-major order
        out[output] = window[p, q]
        image, channel, _, j = output
        pixel_row, pixel_column = pixels[2].start + p, pixels[3].start + q
        row[output] = pixel_row - top
        column[image, channel, pixel_row, j] = pixel_column - left
    values = (x, out.copy()) if ties == "all" else (None, None)
    return out, (x.shape, out.shape, size, stride, pad, ties, (column, row), values)


def max_pool2d_backward_loops(dout, cache):
    """Gradient of 2-D max pooling by the same loop; same results as max_pool2d_backward.

    Formula: dx[pixel] = Σ dout[window], over the windows in which the pixel won

    Arguments:
        dout   (N, C, Ho, Wo), the upstream gradient
        cache  from max_pool2d_forward_loops or max_pool2d_forward
    Returns:
        dx     (N, C, H, W)
    Errors: ValueError, TypeError: dout is not of the output's shape; cache is not the layer's.
    Lecture row: A-poolback

    >>> from course_lib.pool import max_pool2d_backward_loops, max_pool2d_forward_loops
    >>> out, cache = max_pool2d_forward_loops([[[[1, 3, 2, 0], [0, 2, 2, 1]]]], size=(2, 3), stride=1)
    >>> max_pool2d_backward_loops([[[[10, 1]]]], cache).tolist()
    [[[[0.0, 11.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]]]
    """
    unpacked = _validate.unpack(cache, 8, "max_pool2d_forward_loops")
    x_shape, out_shape, size, stride, pad, ties, (column, row), (x, out) = unpacked
    dout = _validate.upstream(dout, out_shape)
    dx = np.zeros(x_shape, dtype=dout.dtype)
    for output, pixels, top, left in _windows(x_shape, out_shape, size, stride, pad):
        if ties == "all":
            dx[pixels][x[pixels] == out[output]] += dout[output]
        else:
            n, c, _, j = output
            pixel_row = top + int(row[output])  # a byte cannot hold the negative numbers that top may start from
            pixel_column = left + int(column[n, c, pixel_row, j])
            dx[n, c, pixel_row, pixel_column] += dout[output]
    return dx


def avg_pool2d_forward_loops(x, size=2, *, stride=None, pad=0):
    """2-D average pooling by a loop over images, channels and positions; same results as avg_pool2d_forward.

    Formula: out[n,c,i,j] = (1 / FH·FW) Σ_{p,q} x_padded[n, c, i·s + p, j·s + q],  padded with 0

    Arguments:
        x       (N, C, H, W)
        size, stride, pad  as avg_pool2d_forward
    Returns:
        out     (N, C, Ho, Wo)
        cache   what avg_pool2d_backward_loops, and avg_pool2d_backward, need
    Errors: ValueError, TypeError: as avg_pool2d_forward.
    Lecture row: O-avgpool

    >>> from course_lib.pool import avg_pool2d_forward_loops
    >>> avg_pool2d_forward_loops([[[[1, 2, 3, 4], [5, 6, 7, 8]]]])[0]
    array([[[[3.5, 5.5]]]])
    """
    x, size, stride, pad, positions = check_pool(x, size, stride, pad)
    out = np.empty((*x.shape[:2], *positions), dtype=x.dtype)
    for output, pixels, _, _ in _windows(x.shape, out.shape, size, stride, pad):
        out[output] = x[pixels].sum() / (size[0] * size[1])  # the padding's zeros count too
    return out, (x.shape, out.shape, size, stride, pad)


def avg_pool2d_backward_loops(dout, cache):
    """Gradient of 2-D average pooling by the same loop; same results as avg_pool2d_backward.

    Formula: dx[pixel] = (1 / FH·FW) Σ dout[window], over the windows that hold the pixel

    Arguments:
        dout   (N, C, Ho, Wo), the upstream gradient
        cache  from avg_pool2d_forward_loops or avg_pool2d_forward
    Returns:
        dx     (N, C, H, W)
    Errors: ValueError, TypeError: dout is not of the output's shape; cache is not the layer's.
    Lecture row: O-avgpool

    >>> from course_lib.pool import avg_pool2d_backward_loops, avg_pool2d_forward_loops
    >>> out, cache = avg_pool2d_forward_loops([[[[1, 2, 3], [4, 5, 6]]]], stride=1)
    >>> avg_pool2d_backward_loops([[[[4, 8]]]], cache).tolist()
    [[[[1.0, 3.0, 2.0], [1.0, 3.0, 2.0]]]]
    """
    x_shape, out_shape, size, stride, pad = _validate.unpack(cache, 5, "avg_pool2d_forward_loops")
    dout = _validate.upstream(dout, out_shape)
    dx = np.zeros(x_shape, dtype=dout.dtype)
    for output, pixels, _, _ in _windows(x_shape, out_shape, size, stride, pad):
        dx[pixels] += dout[output] / (size[0] * size[1])
    return dx
