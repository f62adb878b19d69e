"""What PoolRoutes shows, as numbers: an example, checked, and what the course's pooling layers compute from it.

An *example* is a dict that JSON can hold: image (H, W) and upstream (Ho, Wo) as nested lists, size, stride and pad as
pairs [rows, columns], kind ("max" or "average"), ties ("first" or "all"), ndim (1 for a signal, kept as an image of
height 1), and a revision. `static/pool_numbers.js` holds the same formulas for pages without a kernel; tests compare
the two.
"""

import numpy as np

from .. import _validate
from .._pool_shapes import check_pool, check_ties
from ..pool import avg_pool2d_backward, avg_pool2d_forward, max_pool2d_backward, max_pool2d_forward
from ._base import capped
from ._example import check_entries, within

KINDS = ("max", "average")
MOST = {"side": 12, "stride": 6}
PATTERN = (1.0, 2.0, -1.0, 3.0, -2.0, 5.0)  # an upstream gradient where none was given: signs and sizes that differ
ENTRIES = ("ndim", "image", "size", "stride", "pad", "kind", "ties", "upstream", "revision")


def make_example(image, size=2, *, stride=None, pad=0, kind="max", ties="first", upstream=None):
    """Return the example that these arguments describe.

    Arguments:
        image     (W,) or (H, W)
        size      of the window, stride, pad: as max_pool2d_forward; for a signal, integers
        kind      "max" or "average"
        ties      "first" or "all"
        upstream  ∂L/∂out, of the output's shape, or None for a pattern of small numbers
    Errors: ValueError, TypeError: as max_pool2d_forward; more than the widget can show; NaN; an unknown kind.
    """
    ndim = 1 if np.ndim(image) == 1 else 2
    size = option("size", size, ndim)
    return check_example({
        "ndim": ndim, "image": with_height("image", image, ndim), "size": size,
        "stride": size if stride is None else option("stride", stride, ndim), "pad": option("pad", pad, ndim),
        "kind": kind, "ties": ties, "revision": 0,
        "upstream": None if upstream is None else with_height("upstream", upstream, ndim),
    })  # fmt: skip


def with_height(name, value, ndim):
    """Return an image as (H, W); a signal has a height of 1."""
    checked = _validate.array(name, value)
    if checked.ndim != ndim:
        raise ValueError(f"{name}: expected {'(H, W)' if ndim == 2 else '(W,)'}, got shape {checked.shape}")
    return checked.reshape((1,) * (2 - ndim) + checked.shape)


def option(name, value, ndim):
    """Return size, stride or pad as a pair; a signal's is one integer, and leaves its height of 1 alone."""
    least = 0 if name == "pad" else 1
    return (least, _validate.integer(name, value, least)) if ndim == 1 else _validate.pair(name, value, least)


def check_example(example):
    """Return the example with every entry checked and in its plain form; a missing upstream gradient is filled in."""
    check_entries(example, ENTRIES)
    image = _validate.finite("image", _validate.array("image", example["image"], axes="H W"))
    within("image", image)
    capped("image", max(image.shape), MOST["side"], "rows and columns", "Cut a part out.")
    if example["kind"] not in KINDS:
        raise ValueError(f'kind: expected "max" or "average", got {example["kind"]!r}')
    pairs = (tuple(v) if isinstance(v, list) else v for v in (example[name] for name in ("size", "stride", "pad")))
    _, size, stride, pad, shape = check_pool(image[None, None], *pairs)
    capped("stride", max(stride), MOST["stride"], "steps", "Choose a smaller one.")
    upstream = example["upstream"]
    upstream = np.resize(PATTERN, shape) if upstream is None else _validate.array("upstream", upstream)
    if upstream.shape != shape:
        raise ValueError(f"upstream: expected the output's shape {short(shape)}, got {short(upstream.shape)}")
    within("upstream", _validate.finite("upstream", upstream))
    return {
        "ndim": _validate.integer("ndim", example["ndim"], 1, 2),
        "image": image.tolist(), "size": list(size), "stride": list(stride), "pad": list(pad),
        "kind": example["kind"], "ties": check_ties(example["ties"]), "upstream": upstream.tolist(),
        "revision": _validate.integer("revision", example["revision"], 0),
    }  # fmt: skip


def short(shape):
    return "×".join(map(str, shape))


def numbers(example):
    """Return all that the widget shows of a checked example, by the course's own layers.

    Returns:
        dict: out (Ho, Wo); dx (H, W); routes, for each number of the output, row by row, the list of the [row, column,
        share] that its gradient goes to; equal, for each window, the [row, column] of all pixels that have its
        maximum; sizes, one dict each for rows and columns with what the size formula needs; revision, the example's
    """
    image, upstream = np.array(example["image"]), np.array(example["upstream"])
    options = {name: tuple(example[name]) for name in ("stride", "pad")}
    count = upstream.size
    single = np.eye(count).reshape(count, 1, *upstream.shape)  # one upstream number at a time: where does it go?
    batch = np.broadcast_to(image, (count, 1, *image.shape))
    size = tuple(example["size"])
    _, cache = max_pool2d_forward(batch, size, ties="all", **options)
    equal = max_pool2d_backward(single, cache)[:, 0]
    if example["kind"] == "average":
        out, cache = avg_pool2d_forward(batch, size, **options)
        shares = avg_pool2d_backward(single, cache)[:, 0]
        dx = avg_pool2d_backward(np.broadcast_to(upstream, (count, 1, *upstream.shape)), cache)
    else:
        out, cache = max_pool2d_forward(batch, size, ties=example["ties"], **options)
        shares = max_pool2d_backward(single, cache)[:, 0]
        dx = max_pool2d_backward(np.broadcast_to(upstream, (count, 1, *upstream.shape)), cache)
    return {
        "revision": example["revision"], "out": out[0, 0].tolist(), "dx": dx[0, 0].tolist(),
        "routes": [[[int(r), int(c), float(s[r, c])] for r, c in np.argwhere(s)] for s in shares],
        "equal": [[[int(r), int(c)] for r, c in np.argwhere(s)] for s in equal],
        "sizes": [_size(*axis) for axis in zip(image.shape, size, options["stride"], options["pad"])],
    }  # fmt: skip


def _size(n, f, stride, pad):
    """The size formula of one axis, step by step; `unread` of the input's last positions are in no window."""
    room = n + 2 * pad - f
    remainder = room % stride
    return {
        "n": n, "f": f, "stride": stride, "pad": pad, "room": room, "remainder": remainder,
        "unread": max(0, remainder - pad), "size": room // stride + 1,
    }  # fmt: skip


def presets():
    """Return {name: preset} in the order of the menu; a preset has title, note, example, mode, view, whole."""
    found = {}

    def add(name, title, note, image, *arguments, mode="backward", view="scatter", whole=False, **options):
        example = make_example(image, *arguments, **options)
        found[name] = {"title": title, "note": note, "example": example, "mode": mode, "view": view, "whole": whole}

    add(
        "B-maxpool",
        "Max pooling, 2×2 with stride 2",
        "Four windows, four maxima. Switch to backward: each gradient goes back to the ringed winner.",
        [[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]],
        mode="forward",
    )
    add(
        "C-unpool",
        "Four gradients find their way back",
        "Every position but the four winners gets 0.",
        [[0.1, 0.5, 1.2, -0.7], [0.8, -0.2, -0.5, 0.3], [0.4, 0.9, -0.1, -0.2], [-0.6, 0.1, 0.5, 0.3]],
        upstream=[[1.3, 0.5], [0.4, 0.1]],
    )
    peaks = [[2, 1, 0, 3, 1], [0, 7, 2, 1, 4], [1, 3, 5, 2, 0], [6, 0, 1, 8, 2], [2, 4, 0, 1, 3]]
    add(
        "A-poolback",
        "Overlapping windows: gradients add up",
        "3×3 with stride 1: the 7 wins three windows, the 8 wins four, and their gradients are sums.",
        peaks,
        3,
        stride=1,
    )
    add(
        "A-poolback/ties",
        "Equal numbers, after a ReLU",
        "A window of zeros has four equal maxima. first: one of them "
        "gets all of the gradient, as frameworks do; all: each gets it in full.",
        [[0, 0, 2, 1], [0, 0, 0, 2], [0, 3, 0, 0], [1, 0, 0, 0]],
        upstream=[[2, 1], [-1, 3]],
    )
    add(
        "E-seesaw",
        "The seesaw's signal, 1-D",
        "The windows overlap, and the last one holds a tie, which passes to both.",
        [0, 0.1, 0, 0],
        2,
        stride=1,
        ties="all",
        upstream=[-0.0147, 0, 0.0196],
    )
    add(
        "B-poolsize",
        "A size that does not fit",
        "5×5, windows of 2×2, stride 2: the last row and column are in no window and get 0.",
        peaks,
    )
    add(
        "A-poolback/padded",
        "3×3, stride 2, padded by 1",
        "The padding counts as −∞, so that it never wins, not even over negative numbers.",
        [[-3, -1, -4], [-5, -2, -6], [-4, -7, -3]],
        3,
        stride=2,
        pad=1,
    )
    add(
        "O-avgpool",
        "Average pooling shares out",
        "Each pixel of a window gets the same share, a quarter of its gradient.",
        [[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]],
        kind="average",
        upstream=[[4, 8], [-4, 2]],
    )
    add(
        "O-avgpool/overlap",
        "Averages that overlap",
        "2×2 with stride 1: a pixel in the middle is in four windows, one in a corner in a single one.",
        [[1, 3, 2], [4, 0, 6], [5, 2, 1]],
        stride=1,
        kind="average",
        upstream=[[4, 8], [12, 16]],
    )
    return found
