"""Image features from before networks learned them: which colours there are, and which way the edges run."""

import numpy as np

from . import _validate


def color_histogram(images, *, bins=8):
    """How often each shade of each channel occurs in an image, wherever it is.

    Formula: h[n,c,b] = share of the pixels of image n with b/bins ≤ X[n,c,i,j] < (b + 1)/bins; 1 is in the last bin

    Arguments:
        images     (N, C, H, W), values in [0, 1]
        bins       integer, at least 1
    Returns:
        histogram  (N, C·bins); each channel's bins sum to 1
    Errors: ValueError, TypeError: images are not of rank 4 or not within [0, 1]; bins is below 1.
    Lecture row: B-features

    >>> from course_lib.classic import color_histogram
    >>> color_histogram([[[[0.0, 0.2], [0.6, 1.0]]]], bins=2)
    array([[0.5, 0.5]])
    """
    images = _validate.finite("images", _validate.array("images", images, axes="N C H W"))
    bins = _validate.integer("bins", bins, minimum=1)
    if images.min() < 0 or images.max() > 1:
        raise ValueError(f"images: expected values in [0, 1], got values from {images.min()} to {images.max()}")
    n, c, h, w = images.shape
    bin_of = np.minimum((images * bins).astype(np.intp), bins - 1).reshape(n * c, h * w)
    row = np.arange(n * c)[:, None]  # each image's channel counts into bins of its own
    counts = np.bincount((row * bins + bin_of).reshape(-1), minlength=n * c * bins)
    return (counts.reshape(n, c * bins) / (h * w)).astype(images.dtype)


def hog(images, *, cell=4, bins=9, eps=1e-3):
    """Histogram of oriented gradients: in each cell, how strong the edges of each direction are.

    Formula: gy, gx = central differences (zero at the border's outer side),  m = √(gx² + gy²),
             θ = atan2(gy, gx) mod π;  each pixel's m is shared between the two bins whose middles are nearest to θ;
             each block of 2×2 cells is divided by √(its sum of squares + eps²)

    Of several channels each pixel takes the one with the largest m. An edge from dark to light and one from light to
    dark count alike, as θ is taken modulo π. Rows and columns that do not fill a cell are left out.

    Arguments:
        images   (N, C, H, W)
        cell     integer, at least 1: a cell is cell × cell pixels
        bins     integer, at least 2
        eps      number above 0
    Returns:
        features (N, blocks down · blocks across · 4·bins), blocks = max(1, cells - 1); where there is only one cell
                 along an axis, a block is one cell long there and there are 2·bins or bins numbers a block
    Errors: ValueError, TypeError: images are not of rank 4 or not finite, smaller than one cell, numbers out of range.
    Lecture row: B-features

    >>> from course_lib.classic import hog
    >>> import numpy as np
    >>> hog(np.tile([0.0, 0, 1, 1], (1, 1, 4, 1)), bins=2).round(3)
    array([[0.707, 0.707]])
    """
    images = _validate.finite("images", _validate.array("images", images, axes="N C H W"))
    cell = _validate.integer("cell", cell, minimum=1)
    bins = _validate.integer("bins", bins, minimum=2)
    eps = _validate.number("eps", eps, minimum=float(np.finfo(images.dtype).tiny))
    n, _, h, w = images.shape
    if min(h, w) < cell:
        raise ValueError(f"images: expected at least {cell}×{cell} pixels, one cell, got shape {images.shape}")
    magnitude, angle = _edges(images)
    rows, columns = h // cell, w // cell
    cells = np.zeros((n, rows, columns, bins), dtype=images.dtype)
    position = angle / np.pi * bins - 0.5  # bin b's middle is at angle (b + ½)·π/bins
    lower = np.floor(position).astype(np.intp)
    upper_share = position - lower
    for bin_of, share in ((lower % bins, 1 - upper_share), ((lower + 1) % bins, upper_share)):
        for b in range(bins):
            votes = np.where(bin_of == b, magnitude * share, 0)[:, : rows * cell, : columns * cell]
            cells[..., b] += votes.reshape(n, rows, cell, columns, cell).sum(axis=(2, 4))
    block = min(2, rows), min(2, columns)
    blocks = np.lib.stride_tricks.sliding_window_view(cells, block, axis=(1, 2))  # (N, down, across, bins, 2, 2)
    norms = np.sqrt((blocks**2).sum(axis=(3, 4, 5), keepdims=True) + eps**2)
    return (blocks / norms).reshape(n, -1)


def _edges(images):
    """Strength and direction of the edge at each pixel, from the channel where it is strongest: both (N, H, W)."""
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    gy = (padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]) / 2
    gx = (padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]) / 2
    strongest = (gx**2 + gy**2).argmax(axis=1)[:, None]
    gy, gx = (np.take_along_axis(g, strongest, axis=1)[:, 0] for g in (gy, gx))
    return np.sqrt(gx**2 + gy**2), np.arctan2(gy, gx) % np.pi
