"""06_convolution: a layer's size predicted by hand, the output's size in code, and the quiz.

Sliding filters and the convolution as a matrix are in conv_filters.py, the whole layer and its parameters in conv_forward.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import conv
from ..exercise import Case, Exercise, wrong
from .conv_filters import BOTH_WAYS, IMAGE_C, KERNEL_C, MATRIX
from .conv_forward import COUNTS, FORWARD
from .quiz import quiz

# --- the right answers, as a student would write them ------------------------------------------------------------------


def predict_layer(*, n=32, channels=3, filters=10, f=5, stride=1, pad=2,
                  image=np.array([[3.0, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]),  # noqa: B008
                  kernel=np.array([[0.0, 1, 2], [2, 2, 0], [0, 1, 2]]), row=1, column=2):  # noqa: B008
    size = (n + 2 * pad - f) // stride + 1
    maps = filters
    weights = f * f * channels * filters
    biases = filters
    window = image[row:row + 3, column:column + 3]
    entry = np.sum(window * kernel)
    return size, maps, weights + biases, entry


def output_size(n, f, stride=1, pad=0):
    padded = n + 2 * pad
    room = padded - f
    if room < 0:
        raise ValueError("the filter is larger than the padded input")
    if room % stride != 0:
        raise ValueError("the last step of the filter does not fit")
    return room // stride + 1


def which_pass():
    return {"A", "C"}


# --- the same from the library -----------------------------------------------------------------------------------------


def _predict_layer(*, n=32, channels=3, filters=10, f=5, stride=1, pad=2, image=IMAGE_C, kernel=KERNEL_C, row=1, column=2):
    weights = np.zeros((filters, channels, f, f))
    size = conv.output_size(n, f, stride=stride, pad=pad)
    return size, len(weights), weights.size + filters, conv.correlate2d(image, kernel)[row, column]


def _output_size(n, f, stride=1, pad=0):
    return conv.output_size(n, f, stride=stride, pad=pad)


# --- the numbers of the prediction -------------------------------------------------------------------------------------


def prediction_numbers(rng: np.random.Generator | None) -> dict[str, Any]:
    """The lecture's numbers, or others for which every wrong idea gives another result."""
    numbers = {"n": 32, "channels": 3, "filters": 10, "f": 5, "stride": 1, "pad": 2, "image": IMAGE_C, "kernel": KERNEL_C, "row": 1, "column": 2}
    if rng is None:
        return numbers
    numbers["n"] = int(rng.integers(20, 40))
    numbers["channels"] = int(rng.choice([3, 4]))
    numbers["filters"] = int(rng.choice([6, 8, 10, 12, 20]))
    numbers["f"], numbers["pad"] = ((5, 2), (5, 3), (7, 2), (7, 3))[rng.integers(4)]
    numbers["row"], numbers["column"] = ((1, 2), (2, 1))[rng.integers(2)]
    r, c = numbers["row"], numbers["column"]
    while True:
        image, kernel = rng.integers(0, 4, (5, 5)) * 1.0, rng.integers(0, 3, (3, 3)) * 1.0
        at = lambda i, j, k: int(np.sum(image[i:i + 3, j:j + 3] * k))  # noqa: E731
        got = [at(r, c, kernel), at(r, c, kernel[::-1, ::-1]), at(c, r, kernel), at(r - 1, c - 1, kernel)]
        if len(set(got)) == 4 and np.count_nonzero(kernel) in (5, 6):
            return {**numbers, "image": image, "kernel": kernel}


# --- cases: the output's size ------------------------------------------------------------------------------------------


def _size_or_refusal(functions, args, kwargs):
    """What came back, or that it was refused with a ValueError. Nothing came back where nothing fits: a message, but no error."""
    (n, f), stride, pad = args, kwargs.get("stride", 1), kwargs.get("pad", 0)
    room = n + 2 * pad - f
    try:
        size = functions[-1](*args, **kwargs)
    except ValueError:
        return {"size": 0, "refused": 1}
    if size is None and (room < 0 or room % stride):
        size = 0
    return None if size is None else {"size": size, "refused": 0}


def _size_case(label: str, n: int, f: int, stride: int = 1, pad: int = 0) -> Case:
    room = n + 2 * pad - f
    return Case(label, (n, f), {"stride": stride, "pad": pad},
                tags={"the filter": "larger than the padded input" if room < 0 else "no larger than the padded input",
                      "the last step": "fitting" if room % stride == 0 else "not fitting", "stride": stride, "pad": pad})


def size_visible() -> list[Case]:
    return [
        _size_case("the lecture's 7 and 3, stride 1", 7, 3),
        _size_case("the lecture's 7 and 3, stride 2", 7, 3, 2),
        _size_case("the lecture's 7 and 3, stride 3, which does not fit", 7, 3, 3),
        _size_case("padding that keeps the size", 32, 5, 1, 2),
        _size_case("a stride larger than the filter", 7, 1, 2),
        _size_case("a filter larger than the input", 3, 5, 2),
        _size_case("a filter larger than the input, by one", 4, 5),
        _size_case("a filter as large as the padded input", 3, 7, 2, 2),
        _size_case("stride 3 with padding", 8, 3, 3, 2),
        _size_case("stride 2 with padding, which does not fit", 32, 5, 2, 2),
    ]


def size_weak() -> list[Case]:
    return [_size_case("one filter, one place", 1, 1), _size_case("stride 1, no padding", 9, 4), _size_case("stride 1, padding 1", 8, 3, 1, 1)]


def size_draw(rng: np.random.Generator, kind: str = "fits", stride: int = 1, pad: int = 0) -> Case:
    """kind: "fits", "does not fit" (stride 2 or more), "just fits" (one place) or "too large" (by one stride)."""
    f = int(rng.integers(2, 7)) + 2 * pad
    steps = int(rng.integers(3, 9))
    room = {"fits": stride * steps, "does not fit": stride * steps + int(rng.integers(1, max(2, stride))), "just fits": 0, "too large": -stride}[kind]
    return _size_case(f"n = {f + room - 2 * pad}, f = {f}, stride {stride}, padding {pad}: {kind}", f + room - 2 * pad, f, stride, pad)


# --- exercises ---------------------------------------------------------------------------------------------------------

EXERCISES = (
    Exercise(
        id="06.predict_layer",
        rows=("B-example", "B-outsize", "C-conv2d"),
        answer=(predict_layer,),
        reference=(_predict_layer,),
        outputs=("size", "maps", "parameters", "entry"),
        by_hand=True,
        numbers=prediction_numbers,
        hints=(
            "Four small questions. In how many places does the filter fit along one side of the padded image? How many maps come out, "
            "when each filter makes one? How many numbers hold all filters? And which nine pixels does the window at (row, column) cover?",
            r"$size = (N - F + 2P)/S + 1$; $\;maps = K$; $\;parameters = F^2 C K + K$; $\;entry = \sum_{u,v} w_{uv}\, x_{(row+u)(column+v)}$.",
            "The filter is laid on as it is, unrotated. `row` and `column` count from 0: the window's first pixel is `image[row, column]`. "
            "Write the nine products down in three rows before you add them.",
        ),
        misconceptions=(
            wrong("padding forgotten",
                  "You left the padding out of the size: with P zeros on each side the filter slides over N + 2P numbers.",
                  ("(n + 2 * pad - f)", "(n - f)")),
            wrong("padding on one side",
                  "You added the padding once. There are P zeros on the left and P on the right (and above and below): N + 2P.",
                  ("(n + 2 * pad - f)", "(n + pad - f)")),
            wrong("the first place not counted",
                  "Your size is one too small: (N - F + 2P)/S counts the steps, and the place before the first step counts too. Hence the + 1.",
                  ("// stride + 1", "// stride")),
            wrong("as many maps as channels",
                  "You let as many maps come out as went in. Each filter reads all input channels and makes one map: K filters, K maps.",
                  ("maps = filters", "maps = channels")),
            wrong("a map for each filter and channel",
                  "You counted one map for each filter and channel. A filter adds up over the channels, so that one map comes of it.",
                  ("maps = filters", "maps = filters * channels")),
            wrong("flat filters",
                  "You gave each filter F² weights. A filter is as deep as its input: it has F² weights for every channel.",
                  ("f * f * channels * filters", "f * f * filters")),
            wrong("biases forgotten",
                  "You counted the weights only. Each filter has a bias besides: K more.",
                  ("biases = filters", "biases = 0")),
            wrong("one bias in all",
                  "You counted one bias for the layer. Each of the K filters has its own.",
                  ("biases = filters", "biases = 1")),
            wrong("a bias for each output",
                  "You counted a bias for every output number. A filter has one bias, and adds it at every place.",
                  ("biases = filters", "biases = filters * size * size")),
            wrong("a bias for each slice",
                  "You counted a bias for each channel of each filter. The products of all channels go into one sum, which gets one bias.",
                  ("biases = filters", "biases = filters * channels")),
            wrong("F for F squared",
                  "You counted F weights for each channel. The filter is F×F: F² of them.",
                  ("f * f * channels * filters", "f * channels * filters")),
            wrong("filter rotated",
                  "You rotated the filter before laying it on, as a true convolution does. The layer is a cross-correlation: the filter's first "
                  "number meets the window's first.",
                  ("window * kernel", "window * kernel[::-1, ::-1]")),
            wrong("row and column swapped",
                  "You went `column` down and `row` to the right. The first index goes down, the second to the right, as in `image[row, column]`.",
                  ("image[row:row + 3, column:column + 3]", "image[column:column + 3, row:row + 3]")),
            wrong("counted from 1",
                  "You counted rows and columns from 1. Here they count from 0: row 1 is the second row of windows.",
                  ("image[row:row + 3, column:column + 3]", "image[row - 1:row + 2, column - 1:column + 2]")),
        ),
    ),
    Exercise(
        id="06.output_size",
        rows=("B-outsize", "B-shrink", "B-common", "D-stack"),
        answer=(output_size,),
        reference=(_output_size,),
        arguments=("n", "f"),
        outputs=("size", "refused"),
        call=_size_or_refusal,
        unpack=dict,
        visible=size_visible,
        weak=size_weak,
        draw=size_draw,
        hints=(
            "How far can the filter's left end travel over the padded input before its right end drops off? And into how many steps "
            "does that way divide?",
            r"The way is $N + 2P - F$, the size is $(N + 2P - F)/S + 1$. Refuse when the way is below 0 or leaves a rest when divided by S.",
            "`room = n + 2 * pad - f`; `if room < 0 or room % stride != 0: raise ValueError(...)`; `return room // stride + 1`.",
        ),
        misconceptions=(
            wrong("rounded down",
                  "You rounded down where the last step does not fit. Layers do that silently; this function is to refuse with a ValueError, so "
                  "that nobody loses rows without knowing.",
                  ("room % stride != 0", "False")),
            wrong("nothing refused",
                  "You refused nothing: the size is rounded down where the last step does not fit, and 0 or less where the filter is larger than "
                  "the padded input. Raise a ValueError in both cases.",
                  ("room < 0", "False"), ("room % stride != 0", "False")),
            wrong("said, not raised",
                  "Where it does not fit you returned 0 or nothing, or printed a message. The caller would go on with that. Stop it: "
                  "raise ValueError(\"...\").",
                  ('raise ValueError("the filter is larger than the padded input")', "return 0"),
                  ('raise ValueError("the last step of the filter does not fit")', "return 0")),
            wrong("rounded up",
                  "You rounded up where the last step does not fit: that filter would hang over the edge. Refuse with a ValueError.",
                  ("room % stride != 0", "False"), ("room // stride + 1", "-(-room // stride) + 1")),
            wrong("a filter that is too large let through",
                  "You did not refuse a filter larger than the padded input. The formula then gives 0 or less, which is no size.",
                  ("room < 0", "False")),
            wrong("padding on one side",
                  "You added the padding once. It lies on both sides: N + 2P.",
                  ("n + 2 * pad", "n + pad")),
            wrong("padding forgotten",
                  "You left the padding out: the filter slides over N + 2P numbers.",
                  ("n + 2 * pad", "n")),
            wrong("the first place not counted",
                  "You counted the steps. The place before the first step counts too: add 1.",
                  ("room // stride + 1", "room // stride")),
            wrong("one added before dividing",
                  "You added the 1 before dividing by the stride. The stride divides the way that the filter travels; the first place comes "
                  "on top: (N - F + 2P)/S + 1.",
                  ("padded - f", "padded - f + 1"), ("room // stride + 1", "room // stride"), ("room < 0", "room < 1")),
            wrong("input divided by the stride",
                  "You divided the input's size by the stride. That fits only where the padding makes up for the filter; in general the filter's "
                  "size has to be taken off first.",
                  ("room // stride + 1", "n // stride")),
            wrong("gaps refused",
                  "You refused a stride larger than the filter. Such windows leave pixels out between them, but they fit: a 1×1 filter with "
                  "stride 2 is common.",
                  ("room < 0", "room < 0 or stride > f")),
        ),
    ),
    BOTH_WAYS,
    MATRIX,
    COUNTS,
    FORWARD,
    quiz(
        id="06.which_pass",
        rows=("A-conv", "B-options"),
        answer=which_pass,
        hints=(
            "Go through the versions one by one: on these inputs, does what they do differently make a difference?",
            "Look at the filters (turn them by 180°), at the stride, and at what lies along the border of the pictures.",
            "A filter that looks the same upside down and backwards hides a rotation. At stride 1, multiplying by the stride changes nothing. "
            "Zeros around a picture are not the same as its edge repeated.",
        ),
        misconceptions=(
            wrong("A is caught",
                  "You said that A is caught. It rotates the filters by 180°, but both filters of the check look the same after that.",
                  ('{"A", "C"}', '{"C"}')),
            wrong("B passes",
                  "You said that B passes. It repeats the picture's edge where zeros belong, and the check pads by 1: every border value comes "
                  "out differently.",
                  ('{"A", "C"}', '{"A", "B", "C"}')),
            wrong("C is caught",
                  "You said that C is caught. It forgets the stride along the columns, and the check has stride 1: nobody can tell.",
                  ('{"A", "C"}', '{"A"}')),
            wrong("none passes",
                  "You said that all three are caught. Look at what the check never tries: a filter without symmetry, a stride of 2.",
                  ('{"A", "C"}', "set()")),
        ),
    ),
)
