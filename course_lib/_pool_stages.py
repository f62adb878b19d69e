"""Max pooling in two stages, along the columns of a window and then along its rows, and the way back."""

import numpy as np

from ._blocks import image_blocks
from ._select import keep
from ._taps import taps
from ._threads import each


def max_stages(x, size, stride, pad, out_shape):
    """Maxima (N, C, Ho, Wo), and the winning column (N, C, H, Wo) and row (N, C, Ho, Wo) within the window.

    The first row that holds the maximum, and in it the first column that does: the first pixel in row-major order.
    """
    (n, c, h, _), (ho, wo) = x.shape, out_shape
    out = np.empty((n, c, ho, wo), dtype=x.dtype)
    column = np.empty((n, c, h, wo), dtype=np.min_scalar_type(size[1] - 1))  # a byte for every window of up to 256
    row = np.empty((n, c, ho, wo), dtype=np.min_scalar_type(size[0] - 1))

    def pool(images):
        row_maxima, column[images] = _max_along(x[images], 3, wo, size[1], stride[1], pad[1])  # -> (n, C, H, Wo)
        out[images], row[images] = _max_along(row_maxima, 2, ho, size[0], stride[0], pad[0])  # -> (n, C, Ho, Wo)

    each(pool, image_blocks(n, x[0].nbytes))
    return out, (column, row)


def route_stages(dout, x_shape, size, stride, pad, winners):
    """Both stages back: first to the winning row of each window, then to the winning column in that row."""
    (n, c, h, w), (column, row), (ho, wo) = x_shape, winners, dout.shape[2:]
    # Where the windows tile the image each pixel is written to: its memory need not be filled with zeros before.
    tiled = size == stride and pad == (0, 0) and (ho * stride[0], wo * stride[1]) == (h, w)
    dx = (np.empty if tiled else np.zeros)(x_shape, dtype=dout.dtype)

    def route(images):
        drow_maxima = np.zeros((len(dout[images]), c, h, wo), dtype=dout.dtype)
        _route_along(dout[images], row[images], drow_maxima, 2, size[0], stride[0], pad[0])
        _route_along(drow_maxima, column[images], dx[images], 3, size[1], stride[1], pad[1])

    each(route, image_blocks(n, dx[0].nbytes))
    return dx


def _along(axis, part):
    """Index that takes a slice of the rows (axis 2) or of the columns (axis 3) of (N, C, H, W)."""
    return (slice(None),) * axis + (part,)


def _max_along(x, axis, positions, size, stride, pad):
    """One stage of max pooling: the maxima along one axis, and which tap of the window won, a byte for each."""
    shape = (*x.shape[:axis], positions, *x.shape[axis + 1 :])
    best = np.full(shape, -np.inf, dtype=x.dtype) if pad else np.empty(shape, dtype=x.dtype)
    winner = np.zeros(shape, dtype=np.min_scalar_type(size - 1))
    if pad:  # an image may hold -∞ itself, so even where nothing is greater the winner has to be a pixel
        first_pixel = np.maximum(0, pad - stride * np.arange(positions))
        winner += first_pixel.astype(winner.dtype).reshape(-1, *[1] * (3 - axis))
    for tap, outputs, pixels in taps(x.shape[axis], positions, size, stride, pad):
        so_far = best[_along(axis, outputs)]
        if tap == 0:
            so_far[...] = x[_along(axis, pixels)]
            continue
        # To copy the pixels side by side and compare them then is faster than to compare them where they stand.
        candidate = np.ascontiguousarray(x[_along(axis, pixels)])
        better = candidate > so_far  # strictly: of equal pixels the first keeps its place
        np.maximum(so_far, candidate, out=so_far)
        won = winner[_along(axis, outputs)]
        np.maximum(won, better.view(np.uint8) * won.dtype.type(tap), out=won)  # the taps increase: so the latest stays
    return best, winner


def _route_along(dout, winner, dx, axis, size, stride, pad):
    """One stage back, into dx, 0 so far: each gradient goes to the pixel whose tap won, and there adds up."""
    for tap, outputs, pixels in taps(dx.shape[axis], dout.shape[axis], size, stride, pad):
        at, dpixels = _along(axis, outputs), dx[_along(axis, pixels)]
        share = keep(dout[at], winner[at] == tap)
        if tap < stride:  # the first taps of all windows meet different pixels: nothing is there yet to be added to
            dpixels[...] = share
        else:
            dpixels += share
