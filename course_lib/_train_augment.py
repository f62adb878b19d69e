"""Data augmentation: a batch of images, changed a little at random in ways that leave their classes as they are."""

import numpy as np

from . import _validate


def _generator(rng):
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng: expected a numpy.random.Generator, got {type(rng).__name__}")
    return rng


def random_shift(X, rng, *, pixels=1):
    """Shift each image by up to so many pixels along both axes; zeros come in at the border.

    Formula: out[n,c,i,j] = X[n, c, i - a_n, j - b_n], and 0 outside the image;  a_n, b_n uniform in -pixels..pixels

    Arguments:
        X        (N, C, H, W)
        rng      numpy.random.Generator
        pixels   integer, at least 0
    Returns:
        out      (N, C, H, W)
    Errors: ValueError, TypeError: X is not of rank 4; rng is no generator; pixels is below 0.
    Lecture row: D-augment

    >>> import numpy as np
    >>> from course_lib.train import random_shift
    >>> random_shift([[[[1, 2], [3, 4]]]], np.random.default_rng(0), pixels=1)
    array([[[[3., 4.],
             [0., 0.]]]])
    """
    X, rng = _validate.array("X", X, axes="N C H W"), _generator(rng)
    pixels = _validate.integer("pixels", pixels, minimum=0)
    n, _, h, w = X.shape
    padded = np.pad(X, ((0, 0), (0, 0), (pixels, pixels), (pixels, pixels)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (h, w), axis=(2, 3))  # (N, C, 2p + 1, 2p + 1, H, W)
    down, right = rng.integers(0, 2 * pixels + 1, size=(2, n))
    return windows[np.arange(n), :, down, right]  # (N, C, H, W)


def random_flip(X, rng, *, p=0.5):
    """Mirror each image from left to right with probability p.

    Formula: out[n,c,i,j] = X[n, c, i, W-1-j] with probability p, else X[n,c,i,j]

    Right for photographs of animals, wrong for digits: a mirrored 2 is no 2.

    Arguments:
        X     (N, C, H, W)
        rng   numpy.random.Generator
        p     number from 0 to 1
    Returns:
        out   (N, C, H, W)
    Errors: ValueError, TypeError: X is not of rank 4; rng is no generator; p is outside [0, 1].
    Lecture row: D-augment

    >>> import numpy as np
    >>> from course_lib.train import random_flip
    >>> random_flip([[[[1, 2, 3]]]], np.random.default_rng(0), p=1)
    array([[[[3., 2., 1.]]]])
    """
    X, rng = _validate.array("X", X, axes="N C H W"), _generator(rng)
    p = _validate.number("p", p, minimum=0, maximum=1)
    flipped = rng.random(len(X)) < p
    return np.where(flipped[:, None, None, None], X[..., ::-1], X)
