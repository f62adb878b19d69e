"""The examples that FilterSlide brings along: the lectures' own, by the id of their row in the syllabus."""

from functools import cache

import numpy as np

from ..data import photo
from ._filter_numbers import make_example

IMAGE_C = [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
KERNEL_C = [[0, 1, 2], [2, 2, 0], [0, 1, 2]]
IMAGE_D = [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
KERNEL_D = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
CORNER = [[1, 2, 0], [0, 1, -1]]  # rotated by 180° it is another kernel, so that the two operations differ
SEVENS = (np.arange(49).reshape(7, 7) * 3 % 8).tolist()

FILTERS = {
    "A-filters/identity": ("identity: the picture comes back", [[0, 0, 0], [0, 1, 0], [0, 0, 0]]),
    "A-filters/blur": ("blur", [[0.107, 0.113, 0.107], [0.113, 0.119, 0.113], [0.107, 0.113, 0.107]]),
    "A-filters/edges": ("vertical edges", [[1, 0, -1], [1, 0, -1], [1, 0, -1]]),
    "D-kernels/edge-1": ("edges along the diagonals", [[1, 0, -1], [0, 0, 0], [-1, 0, 1]]),
    "D-kernels/edge-2": ("edges, four neighbours", [[0, 1, 0], [1, -4, 1], [0, 1, 0]]),
    "D-kernels/edge-3": ("edges, eight neighbours", [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
    "D-kernels/sharpen": ("sharpen", [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
    "D-kernels/box": ("box blur", np.full((3, 3), 1 / 9)),
    "D-kernels/gaussian": ("Gaussian blur", np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16),
}


@cache
def temple():
    """A small grey photograph, (44, 48), rounded to hundredths so that its numbers can be read."""
    return np.round(photo("china", crop=(10, 40, 330, 360), size=(44, 48), grey=True), 2)


@cache
def presets():
    """Return {name: preset} in the order of the menu; a preset has title, note, example, mode, view, whole."""
    found = {}

    def add(name, title, note, image, kernel, *, mode="forward", view="scatter", whole=False, **options):
        example = make_example(image, kernel, **options)
        found[name] = {"title": title, "note": note, "example": example, "mode": mode, "view": view, "whole": whole}

    add(
        "D-conv1d",
        "A signal, 1-D",
        "θ = [1, 0, 1] adds each number to the one two places further on.",
        [1, 1, 1, 0, 0],
        [1, 0, 1],
    )
    add("D-conv2d", "A binary image, 5×5", "The kernel counts the ones on its five marked cells.", IMAGE_D, KERNEL_D)
    add("C-conv2d", "Numbers, 5×5", "Nine products, one sum; nine windows, nine sums.", IMAGE_C, KERNEL_C)
    add(
        "A-conv",
        "Convolution: the kernel rotated",
        "True convolution lays the kernel rotated by 180°. Switch to correlation and compare.",
        IMAGE_C,
        CORNER,
        operation="convolution",
    )
    add(
        "B-outsize",
        "7×7, stride 3: does not fit",
        "Two positions fit, and the last row and column are never reached.",
        SEVENS,
        CORNER + [[1, 0, 2]],
        stride=3,
    )
    add(
        "B-options",
        "Rectangular, padded, dilated",
        "The taps lie two columns apart; rows and columns have their own settings.",
        np.array(SEVENS)[:5],
        CORNER,
        stride=(1, 2),
        pad=(1, 0),
        dilation=(1, 2),
    )
    add(
        "B-volume",
        "Two channels in, two maps out",
        "Each filter has a slice for every channel; their products all go into one sum.",
        [np.array(IMAGE_C)[:4, :4], np.array(IMAGE_D)[:4, :4]],
        [[[[1, 0], [0, -1]], [[2, 1], [0, 0]]], [[[0, 1], [1, 0]], [[-1, 0], [0, 1]]]],
    )
    add(
        "B-options/depthwise",
        "Depthwise: groups = channels",
        "Each filter sees one channel only.",
        [np.array(IMAGE_C)[:4, :4], np.array(IMAGE_D)[:4, :4]],
        [[[[1, 0], [0, -1]]], [[[0, 1], [1, 0]]]],
        groups=2,
    )
    add(
        "B-1x1",
        "1×1: a mix of channels at each pixel",
        "No neighbours: at each pixel, one weighted sum over the channels.",
        [np.array(IMAGE_C)[:3, :3], np.array(IMAGE_D)[:3, :3], np.array(IMAGE_C)[2:, 2:]],
        [[[[1]], [[2]], [[-1]]]],
    )
    add(
        "C-stride2",
        "∂L/∂w at stride 2",
        "Nine weights, nine equations; each one a patch of numbers times ∂L/∂z.",
        IMAGE_C,
        KERNEL_C,
        stride=2,
        upstream=[[1, -1], [2, 3]],
        mode="dw",
    )
    add(
        "E-seesaw",
        "The seesaw's filter gradient",
        "Only the first two inputs are 1: the second weight gets no gradient.",
        [1, 1, 0, 0, 0],
        [0.1, -0.1],
        upstream=[0, -0.0147, 0.0196, 0.0196],
        mode="dw",
        view="gather",
    )
    add(
        "A-convback",
        "∂L/∂x: the kernel scattered",
        "Each upstream number lays its multiple of the kernel on ∂L/∂x; overlaps add up.",
        IMAGE_C,
        KERNEL_C,
        mode="dx",
    )
    add(
        "C-rotated",
        "∂L/∂x at stride 2: zeros stuffed",
        "Zeros between the upstream numbers, then the rotated kernel slides. The last row and column get 0.",
        np.array(SEVENS)[:6, :6],
        KERNEL_C,
        stride=2,
        mode="dx",
        view="gather",
    )
    add(
        "D-toeplitz",
        "The matrix of a signal's filter",
        "Three weights fill a banded matrix: each row is the one above, moved by one.",
        [2, -1, 3, 0, 1, 2, -2],
        [1, 2, -1],
        pad=1,
        mode="matrix",
    )
    for name, (title, kernel) in FILTERS.items():
        add(
            name,
            f"Photograph: {title}",
            "A temple in China, 44×48 pixels from black (0) to white (1).",
            temple(),
            kernel,
            whole=True,
        )
    return found


def library():
    """Return the presets for the browser: the photograph, which several share, is stored once."""
    listed = []
    for name, preset in presets().items():
        example = dict(preset["example"])
        if name in FILTERS:  # the browser fills in the photograph and the upstream pattern
            example |= {"image": "temple", "upstream": None}
        listed.append({"name": name, **preset, "example": example})
    return {"images": {"temple": [temple().tolist()]}, "presets": listed}
