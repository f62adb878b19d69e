"""What FilterSlide shows, as numbers: an example, checked, and what the course's layers compute from it.

An *example* is a dict that JSON can hold: image (C, H, W), kernel (K, C/groups, FH, FW) and upstream (K, Ho, Wo) as
nested lists, stride, pad and dilation as pairs [rows, columns], groups, operation ("correlation" or "convolution"),
ndim (1 for a signal, kept as an image of height 1), and a revision that counts its changes. `static/filter_numbers.js`
holds the same formulas for pages without a kernel; tests compare the two.
"""

import re

import numpy as np

from .. import _validate
from .._conv_shapes import check_conv2d
from ..conv import conv2d_backward, conv2d_forward, conv_matrix
from ._base import capped

OPERATIONS = ("correlation", "convolution")
MOST = {"side": 64, "maps": 4, "taps": 7, "stride": 8, "pad": 8, "dilation": 4, "matrix": 144}
PATTERN = (1.0, 2.0, -1.0, 3.0, -2.0)  # an upstream gradient where none was given: signs and sizes that differ


def make_example(image, kernel, *, stride=1, pad=0, dilation=1, groups=1, operation="correlation", upstream=None):
    """Return the example that these arguments describe.

    Arguments:
        image     (W,), (H, W), (C, H, W), or (C, W) beside a kernel of three axes
        kernel    (F,), (FH, FW), (C, FH, FW) or (K, C/groups, FH, FW), or (K, C/groups, F) beside an image (C, W)
        stride, pad, dilation  integer, or pair (rows, columns) for images
        groups    as conv2d_forward
        operation "correlation", or "convolution", which rotates the kernel by 180°
        upstream  ∂L/∂out, of the output's shape, or None for a pattern of small numbers
    Returns:
        example   dict of plain numbers and lists
    Errors: ValueError, TypeError: as conv2d_forward; more than the widget can show; NaN; an unknown operation.
    """
    ndim = dimensions(image, kernel)
    return check_example({
        "ndim": ndim, "image": with_axes("image", image, ndim), "kernel": with_axes("kernel", kernel, ndim),
        "upstream": None if upstream is None else with_axes("upstream", upstream, ndim), "groups": groups,
        "operation": operation, "revision": 0,
        "stride": option("stride", stride, ndim), "pad": option("pad", pad, ndim),
        "dilation": option("dilation", dilation, ndim),
    })  # fmt: skip


def dimensions(image, kernel):
    """Return 1 where image and kernel are signals, (W,) and (F,) or (C, W) and (K, C/groups, F); else 2."""
    return 1 if (np.ndim(image), np.ndim(kernel)) in ((1, 1), (2, 3)) else 2


def with_axes(name, value, ndim):
    """Return an image, kernel or upstream gradient with all its axes: a height for a signal, maps in front."""
    checked = _validate.array(name, value)
    axes = 4 if name == "kernel" else 3
    if not ndim <= checked.ndim <= axes + ndim - 2:
        what = "signal" if ndim == 1 else "image"
        raise ValueError(
            f"{name}: expected {ndim} to {axes + ndim - 2} axes for this {what}, got shape {checked.shape}"
        )
    if ndim == 1:
        checked = checked[..., None, :]
    return checked.reshape((1,) * (axes - checked.ndim) + checked.shape)


def option(name, value, ndim):
    """Return stride, pad or dilation as a pair; a signal's is one integer, and leaves its height of 1 alone."""
    least = 0 if name == "pad" else 1
    return (least, _validate.integer(name, value, least)) if ndim == 1 else _validate.pair(name, value, least)


def check_example(example):
    """Return the example with every entry checked and in its plain form; a missing upstream gradient is filled in."""
    entries = ("ndim", "image", "kernel", "upstream", "stride", "pad", "dilation", "groups", "operation", "revision")
    if not isinstance(example, dict) or set(example) != set(entries):
        raise ValueError(f"example: expected a dict with the entries {', '.join(entries)}")
    image = _validate.finite("image", _validate.array("image", example["image"], axes="C H W"))
    kernel = _validate.finite("kernel", _validate.array("kernel", example["kernel"], axes="K C/groups FH FW"))
    options = {name: _plain_pair(example[name]) for name in ("stride", "pad", "dilation")}
    _check_caps(image, kernel)
    if example["operation"] not in OPERATIONS:
        raise ValueError(f'operation: expected "correlation" or "convolution", got {example["operation"]!r}')
    try:
        *_, stride, pad, dilation, groups, out_shape = check_conv2d(
            image[None], kernel, None, *options.values(), example["groups"]
        )
    except (ValueError, TypeError) as refused:  # the layers' names for them are x and w
        renamed = re.sub(r"\bw\b(?=:|'s)", "kernel", re.sub(r"\bx\b(?=:|'s| has)", "image", str(refused)))
        raise type(refused)(renamed) from None
    for name, pair in (("stride", stride), ("pad", pad), ("dilation", dilation)):
        capped(name, max(pair), MOST[name], "steps" if name == "stride" else "cells", "Choose a smaller one.")
    shape = (len(kernel), *out_shape)
    upstream = example["upstream"]
    upstream = default_upstream(shape) if upstream is None else _validate.array("upstream", upstream)
    if upstream.shape != shape:
        raise ValueError(f"upstream: expected the output's shape {_short(shape)}, got {_short(upstream.shape)}")
    _validate.finite("upstream", upstream)
    return {
        "ndim": _validate.integer("ndim", example["ndim"], 1, 2),
        "image": image.tolist(), "kernel": kernel.tolist(), "upstream": upstream.tolist(),
        "stride": list(stride), "pad": list(pad), "dilation": list(dilation), "groups": groups,
        "operation": example["operation"], "revision": _validate.integer("revision", example["revision"], 0),
    }  # fmt: skip


def _check_caps(image, kernel):
    smaller = "course_lib.data.photo(size=40, grey=True) makes a smaller picture."
    capped("image", max(image.shape[1:]), MOST["side"], "rows and columns", f"Cut a part out; {smaller}")
    capped("kernel", max(kernel.shape[2:]), MOST["taps"], "rows and columns", "Choose a smaller kernel.")
    capped("image", image.shape[0], MOST["maps"], "channels", "Show some of them.")
    capped("kernel", kernel.shape[0], MOST["maps"], "filters", "Show some of them.")
    for name, checked in (("image", image), ("kernel", kernel)):
        if np.max(np.abs(checked)) > 1e6:
            raise ValueError(f"{name}: expected numbers of magnitude up to 1,000,000, got {np.max(np.abs(checked)):g}")


def _plain_pair(value):
    return tuple(value) if isinstance(value, list) else value


def _short(shape):
    return "×".join(map(str, shape))


def default_upstream(shape):
    """Return an upstream gradient of this shape: the pattern over and over."""
    return np.resize(np.array(PATTERN), shape)


def numbers(example):
    """Return all that the widget shows of a checked example, by the course's own layers.

    Returns:
        dict: padded (C, H + 2·pad, W + 2·pad), out (K, Ho, Wo), dx as the image, dw as the kernel; matrix
        (K·Ho·Wo, C·H·W) or None where it is too large to show; sizes, one dict each for rows and columns with what the
        size formula needs; revision, the example's
    """
    image, kernel, upstream = (np.array(example[name]) for name in ("image", "kernel", "upstream"))
    flipped = example["operation"] == "convolution"
    laid = kernel[:, :, ::-1, ::-1] if flipped else kernel  # the kernel as it lies on the image
    options = {name: tuple(example[name]) for name in ("stride", "pad", "dilation")}
    out, cache = conv2d_forward(image[None], laid, groups=example["groups"], **options)
    dx, dlaid, _ = conv2d_backward(upstream[None], cache)
    dw = dlaid[:, :, ::-1, ::-1] if flipped else dlaid
    ph, pw = options["pad"]
    shapes = zip(image.shape[1:], kernel.shape[2:], *options.values())
    return {
        "revision": example["revision"],
        "padded": np.pad(image, ((0, 0), (ph, ph), (pw, pw))).tolist(),
        "out": out[0].tolist(), "dx": dx[0].tolist(), "dw": dw.tolist(),
        "matrix": matrix(image.shape, laid, groups=example["groups"], **options),
        "sizes": [_size(*axis) for axis in shapes],
    }  # fmt: skip


def _size(n, f, stride, pad, dilation):
    """The size formula of one axis, step by step."""
    extent = dilation * (f - 1) + 1
    room = n + 2 * pad - extent
    return {
        "n": n, "f": f, "stride": stride, "pad": pad, "dilation": dilation, "extent": extent, "room": room,
        "remainder": room % stride, "size": room // stride + 1,
    }  # fmt: skip


def matrix(image_shape, laid, *, stride, pad, dilation, groups):
    """Return the layer as one matrix, of blocks from conv_matrix, as nested lists; None where it is too large to show.

    laid (K, C/groups, FH, FW), as it lies on the image. A dilated filter is one with zeros between its taps.
    """
    filters, depth, fh, fw = laid.shape
    channels, *sizes = image_shape
    dh, dw = dilation
    spread = np.zeros((filters, depth, dh * (fh - 1) + 1, dw * (fw - 1) + 1))
    spread[:, :, ::dh, ::dw] = laid
    inputs = channels * sizes[0] * sizes[1]
    extents = spread.shape[2:]
    outputs = filters * np.prod([(n + 2 * p - e) // s + 1 for n, p, e, s in zip(sizes, pad, extents, stride)])
    if max(inputs, outputs) > MOST["matrix"]:
        return None
    blocks = [[np.zeros((outputs // filters, inputs // channels)) for _ in range(channels)] for _ in range(filters)]
    for k in range(filters):
        first = k // (filters // groups) * depth  # the first channel of the group that filter k belongs to
        for c in range(depth):
            blocks[k][first + c] = conv_matrix(spread[k, c], tuple(sizes), stride=stride, pad=pad)
    return np.block(blocks).tolist()
