"""Pooling, and the ways back: maxima and averages of windows, unpooling, nearest-neighbour upsampling.

A pooling layer has two hyperparameters, the window's size and the stride, and no parameters; it keeps the depth. The
fast version takes a window in two stages, along its columns, then along its rows: 2·F slices of the image instead of
F². Beside it stand the lecture's loops with the same signature.
"""

import numpy as np

from . import _validate
from ._conv_shapes import output_size


def _check(x, size, stride, pad):
    """Return the checked arguments of a 2-D pooling layer, its options as pairs, and its output's (Ho, Wo)."""
    x = _validate.array("x", x, axes="N C H W")
    size = _validate.pair("size", size, minimum=1)
    stride = size if stride is None else _validate.pair("stride", stride, minimum=1)
    pad = _validate.pair("pad", pad, minimum=0)
    if pad[0] >= size[0] or pad[1] >= size[1]:
        raise ValueError(f"pad: expected less than the window {size}, so that each window sees the image, got {pad}")
    padded = tuple(n + 2 * p for n, p in zip(x.shape[2:], pad))
    if size[0] > padded[0] or size[1] > padded[1]:
        raise ValueError(
            f"size: expected a window no larger than the padded input, {padded}, got {size} "
            f"(input {x.shape[2:]}, pad {pad})"
        )
    axes = zip(x.shape[2:], size, stride, pad)
    return x, size, stride, pad, tuple(output_size(n, f, stride=s, pad=p, floor=True) for n, f, s, p in axes)


def _check_ties(ties):
    if ties not in ("first", "all"):
        raise ValueError(f'ties: expected "first" or "all", got {ties!r}')
    return ties


def _taps(length, positions, size, stride, pad):
    """Along one axis, for each tap of the window: the output positions where it meets the image, and those pixels.

    Padding is never stored: where a tap lies on it, the slices leave that position out. So max pooling pads with -∞
    (a maximum is always a pixel) and average pooling with 0.
    """
    for tap in range(size):
        first = max(0, -((tap - pad) // stride))  # the first window whose tap is not on the padding before the image
        last = min(positions - 1, (length - 1 + pad - tap) // stride)  # ... and the last, before the padding after it
        if first <= last:
            start = first * stride + tap - pad
            yield tap, slice(first, last + 1), slice(start, start + (last - first) * stride + 1, stride)


def _along(axis, part):
    """Index that takes a slice of the rows (axis 2) or of the columns (axis 3) of (N, C, H, W)."""
    return (slice(None),) * axis + (part,)


def _max_along(x, axis, positions, size, stride, pad):
    """One stage of max pooling: the maxima along one axis, and which tap of the window won, a byte for each."""
    shape = (*x.shape[:axis], positions, *x.shape[axis + 1 :])
    best = np.full(shape, -np.inf, dtype=x.dtype) if pad else np.empty(shape, dtype=x.dtype)
    winner = np.zeros(shape, dtype=np.min_scalar_type(size - 1))  # uint8 for every window of up to 256
    if pad:  # an image may hold -∞ itself, so even where nothing is greater the winner has to be a pixel
        first_pixel = np.maximum(0, pad - stride * np.arange(positions))
        winner += first_pixel.astype(winner.dtype).reshape(-1, *[1] * (3 - axis))
    for tap, outputs, pixels in _taps(x.shape[axis], positions, size, stride, pad):
        candidate, so_far = x[_along(axis, pixels)], best[_along(axis, outputs)]
        if tap == 0:
            so_far[...] = candidate
            continue
        better = candidate > so_far  # strictly: of equal pixels the first keeps its place
        np.maximum(so_far, candidate, out=so_far)
        won = winner[_along(axis, outputs)]
        np.maximum(won, better.view(np.uint8) * won.dtype.type(tap), out=won)  # the taps increase: so the latest stays
    return best, winner


def _route_along(dout, winner, axis, length, size, stride, pad):
    """One stage back: each gradient goes to the pixel whose tap won; a pixel that won in several windows adds up."""
    shape = (*dout.shape[:axis], length, *dout.shape[axis + 1 :])
    dx = np.zeros(shape, dtype=dout.dtype)
    for tap, outputs, pixels in _taps(length, dout.shape[axis], size, stride, pad):
        at, dpixels = _along(axis, outputs), dx[_along(axis, pixels)]
        if stride >= size:  # no overlap: a pixel is in one window at most
            _keep(dout[at], winner[at] == tap, out=dpixels)
        else:
            dpixels += _keep(dout[at], winner[at] == tap)
    return dx


def _keep(values, where, out=None):
    """np.where(where, values, 0), at a third of its time: it jumps at each change of `where`, and winners are random.

    All bits of a number are kept, or none, which is 0.0; a product with 0 or 1 would make NaN of an infinite gradient.
    """
    bits = np.dtype(f"i{values.itemsize}")
    mask = -where.astype(bits)  # -1 has every bit set
    kept = np.bitwise_and(values.view(bits), mask, out=None if out is None else out.view(bits))
    return kept.view(values.dtype)


def _winners(x, size, stride, pad, out_shape):
    """Maxima (N, C, Ho, Wo), and the winning column (N, C, H, Wo) and row (N, C, Ho, Wo) within the window.

    The first row that holds the maximum, and in it the first column that does: the first pixel in row-major order.
    """
    row_maxima, column = _max_along(x, 3, out_shape[1], size[1], stride[1], pad[1])  # (N, C, H, W) -> (N, C, H, Wo)
    out, row = _max_along(row_maxima, 2, out_shape[0], size[0], stride[0], pad[0])  # (N, C, H, Wo) -> (N, C, Ho, Wo)
    return out, (column, row)


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
    x, size, stride, pad, out_shape = _check(x, size, stride, pad)
    ties = _check_ties(ties)
    out, winners = _winners(x, size, stride, pad, out_shape)
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
        return _route(dout, x_shape, size, stride, pad, winners)
    dx = np.zeros(x_shape, dtype=dout.dtype)
    for _, rows, pixel_rows in _taps(x_shape[2], out_shape[2], size[0], stride[0], pad[0]):
        for _, columns, pixel_columns in _taps(x_shape[3], out_shape[3], size[1], stride[1], pad[1]):
            outputs, pixels = (..., rows, columns), (..., pixel_rows, pixel_columns)
            dx[pixels] += _keep(dout[outputs], x[pixels] == out[outputs])
    return dx


def _route(dout, x_shape, size, stride, pad, winners):
    """Both stages back: first to the winning row of each window, then to the winning column in that row."""
    column, row = winners
    drow_maxima = _route_along(dout, row, 2, x_shape[2], size[0], stride[0], pad[0])  # (N, C, Ho, Wo) -> (N, C, H, Wo)
    return _route_along(drow_maxima, column, 3, x_shape[3], size[1], stride[1], pad[1])  # -> (N, C, H, W)


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


def max_unpool2d(x, cache):
    """Max-unpooling: put each value at the position that the pooling layer remembered, and 0 everywhere else.

    Formula: out[winner of window (i,j)] = Σ x[n,c,i,j],  the winner being the first maximum in row-major order

    For fixed positions it is linear, and the transpose of reading the maxima out: the same map as the pooling layer's
    gradient. So where overlapping windows share a winner their values add up (PyTorch keeps any one of them).

    Arguments:
        x      (N, C, Ho, Wo), the shape of the pooling layer's output
        cache  from the pooling layer, max_pool2d_forward or max_pool2d_forward_loops
    Returns:
        out    (N, C, H, W), the shape of the pooling layer's input
    Errors: ValueError, TypeError: x is not of the pooling layer's output shape; cache is not the pooling layer's.
    Lecture row: C-unpool, C-unpool2

    >>> from course_lib.pool import max_pool2d_forward, max_unpool2d
    >>> out, cache = max_pool2d_forward([[[[1, 4, 2, 0], [3, 2, 5, 1]]]])
    >>> max_unpool2d([[[[10, 20]]]], cache).tolist()
    [[[[0.0, 10.0, 0.0, 0.0], [0.0, 0.0, 20.0, 0.0]]]]
    """
    x_shape, out_shape, size, stride, pad, _, winners, _ = _validate.unpack(cache, 8, "max_pool2d_forward")
    x = _validate.array("x", x)
    _validate.has_shape("x", x, out_shape, "the shape of the pooling layer's output")
    return _route(x, x_shape, size, stride, pad, winners)


def max_unpool2d_backward(dout, cache):
    """Gradient of max-unpooling: read the upstream gradient at the remembered positions.

    Formula: dx[n,c,i,j] = dout[winner of window (i,j)]

    Arguments:
        dout   (N, C, H, W), the upstream gradient, of the shape of the pooling layer's input
        cache  the same as max_unpool2d's: from the pooling layer
    Returns:
        dx     (N, C, Ho, Wo)
    Errors: ValueError, TypeError: dout is not of the pooling layer's input shape; cache is not the pooling layer's.
    Lecture row: C-unpool2

    >>> from course_lib.pool import max_pool2d_forward, max_unpool2d_backward
    >>> out, cache = max_pool2d_forward([[[[1, 4, 2, 0], [3, 2, 5, 1]]]])
    >>> max_unpool2d_backward([[[[1, 2, 3, 4], [5, 6, 7, 8]]]], cache)
    array([[[[2., 7.]]]])
    """
    x_shape, out_shape, _, stride, pad, _, (column, row), _ = _validate.unpack(cache, 8, "max_pool2d_forward")
    dout = _validate.upstream(dout, x_shape)
    n, c, i, j = np.ogrid[tuple(slice(length) for length in out_shape)]
    pixel_row = i * stride[0] - pad[0] + row  # (N, C, Ho, Wo): where in the image the winner stands
    pixel_column = j * stride[1] - pad[1] + column[n, c, pixel_row, j]
    return dout[n, c, pixel_row, pixel_column]


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
    x, size, stride, pad, (ho, wo) = _check(x, size, stride, pad)
    n, c, h, w = x.shape
    row_sums = np.zeros((n, c, h, wo), dtype=x.dtype)
    for _, columns, pixels in _taps(w, wo, size[1], stride[1], pad[1]):
        row_sums[:, :, :, columns] += x[:, :, :, pixels]
    out = np.zeros((n, c, ho, wo), dtype=x.dtype)
    for _, rows, pixels in _taps(h, ho, size[0], stride[0], pad[0]):
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
    for _, rows, pixels in _taps(h, ho, size[0], stride[0], pad[0]):
        drow_sums[:, :, pixels] += share[:, :, rows]
    dx = np.zeros((n, c, h, w), dtype=dout.dtype)
    for _, columns, pixels in _taps(w, wo, size[1], stride[1], pad[1]):
        dx[:, :, :, pixels] += drow_sums[:, :, :, columns]
    return dx


def upsample_nearest2d_forward(x, scale=2):
    """Nearest-neighbour upsampling: repeat each pixel in a block.

    Formula: out[n,c,i,j] = x[n, c, floor(i/s), floor(j/s)],  s = scale

    Arguments:
        x      (N, C, H, W)
        scale  integer, or pair (rows, columns)
    Returns:
        out    (N, C, s·H, s·W)
        cache  what upsample_nearest2d_backward needs
    Errors: ValueError, TypeError: wrong rank, scale not an integer of at least 1.
    Lecture row: C-unpool2

    >>> from course_lib.pool import upsample_nearest2d_forward
    >>> upsample_nearest2d_forward([[[[1, 2]]]])[0].tolist()
    [[[[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]]]
    """
    x = _validate.array("x", x, axes="N C H W")
    scale = _validate.pair("scale", scale, minimum=1)
    return x.repeat(scale[0], axis=2).repeat(scale[1], axis=3), (x.shape, scale)


def upsample_nearest2d_backward(dout, cache):
    """Gradient of nearest-neighbour upsampling: a pixel was copied to a block, so the block's gradients add up.

    Formula: dx[n,c,i,j] = Σ_{p,q} dout[n, c, i·s + p, j·s + q],  p and q from 0 to s - 1

    Arguments:
        dout   (N, C, s·H, s·W), the upstream gradient
        cache  from upsample_nearest2d_forward
    Returns:
        dx     (N, C, H, W)
    Errors: ValueError, TypeError: dout is not of the output's shape; cache is not upsample_nearest2d_forward's.
    Lecture row: C-unpool2

    >>> from course_lib.pool import upsample_nearest2d_backward, upsample_nearest2d_forward
    >>> upsample_nearest2d_backward([[[[1, 2, 3, 4], [5, 6, 7, 8]]]], upsample_nearest2d_forward([[[[1, 2]]]])[1])
    array([[[[14., 22.]]]])
    """
    (n, c, h, w), (sh, sw) = _validate.unpack(cache, 2, "upsample_nearest2d_forward")
    dout = _validate.upstream(dout, (n, c, h * sh, w * sw))
    return dout.reshape(n, c, h, sh, w, sw).sum(axis=(3, 5))  # the two axes within a block


# The lecture's loops, one window after the other: slow, plain, and the fast version's judge.


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
    x, size, stride, pad, positions = _check(x, size, stride, pad)
    ties = _check_ties(ties)
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
    x, size, stride, pad, positions = _check(x, size, stride, pad)
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
