"""15_pytorch: the shapes of a net's state by hand, weights carried over from Keras, and Keras' padding "same" for PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exercise import Case, Exercise, wrong
from ..inputs import whole

# --- the right answers, as a student would write them ------------------------------------------------------------------


def predict_state(*, channels=3, size=32, filters=10, f=5, padding=2, classes=4):
    out = size + 2 * padding - f + 1
    side = out // 2
    features = filters * side * side
    conv_weight = (filters, channels, f, f)
    conv_parameters = filters * (channels * f * f + 1)
    linear_weight = (classes, features)
    total = conv_parameters + classes * (features + 1)
    return conv_weight, conv_parameters, linear_weight, total


def from_keras(kernel, dense, maps):
    K = maps[2]
    M = dense.shape[1]
    conv_weight = kernel.transpose(3, 2, 0, 1)
    by_place = dense.reshape(len(dense) // K, K, M)
    by_map = by_place.transpose(2, 1, 0)
    linear_weight = by_map.reshape(M, len(dense))
    return conv_weight, linear_weight


def same_padding(size, kernel, stride=1, dilation=1):
    extent = dilation * (kernel - 1) + 1
    out = -(-size // stride)
    missing = (out - 1) * stride + extent - size
    total = max(missing, 0)
    before = total // 2
    after = total - before
    return out, before, after


# --- the same in another way -------------------------------------------------------------------------------------------


def _predict_state(*, channels=3, size=32, filters=10, f=5, padding=2, classes=4):
    """Counted by the library's table of a net."""
    from ...models import Affine, Convolution, MaxPool, Model, Relu, summary

    net = Model([Convolution(filters, f, pad=padding), Relu(), MaxPool(2), Affine(classes)], (channels, size, size))
    rows = [row for row in summary(net).rows if row.weights]
    features = rows[1].weights // classes
    return (filters, channels, f, f), rows[0].parameters, (classes, features), rows[0].parameters + rows[1].parameters


def _from_keras(kernel, dense, maps):
    """Number by number, each to its place."""
    FH, FW, C, K = kernel.shape
    OH, OW, _ = maps
    M = dense.shape[1]
    conv_weight, linear_weight = np.empty((K, C, FH, FW)), np.empty((M, K, OH, OW))
    for u, v, c, k in np.ndindex(FH, FW, C, K):
        conv_weight[k, c, u, v] = kernel[u, v, c, k]
    for i, j, k in np.ndindex(OH, OW, K):
        linear_weight[:, k, i, j] = dense[(i * OW + j) * K + k]
    return conv_weight, linear_weight.reshape(M, K * OH * OW)


def _same_padding(size, kernel, stride=1, dilation=1):
    """Zeros are added one by one, behind and in front in turn, until every window that starts every `stride` positions fits."""
    out = len(range(0, size, stride))
    before = after = 0
    while before + size + after < (out - 1) * stride + dilation * (kernel - 1) + 1:
        if before < after:
            before += 1
        else:
            after += 1
    return out, before, after


# --- cases -------------------------------------------------------------------------------------------------------------


def state_numbers(rng: np.random.Generator | None) -> dict[str, Any]:
    """Another net; channels, filters, classes and the sides of the maps all differ."""
    if rng is None:
        return {"channels": 3, "size": 32, "filters": 10, "f": 5, "padding": 2, "classes": 4}
    channels, classes, filters = int(rng.integers(2, 4)), int(rng.integers(4, 7)), int(rng.choice([8, 10, 12, 20]))
    f = int(rng.choice([3, 5]))
    padding = 1 if f == 3 else int(rng.integers(1, 3))
    return {"channels": channels, "size": int(rng.choice([14, 16, 18, 22, 24, 28, 32])), "filters": filters, "f": f, "padding": padding, "classes": classes}


def _keras_case(label: str, kernel: np.ndarray, dense: np.ndarray, maps: tuple[int, int, int], form: str = "") -> Case:
    FH, FW, C, K = kernel.shape
    return Case(label, (kernel, dense, maps), form=form,
                tags={"each map": "one number" if maps[:2] == (1, 1) else "larger", "the number of maps": "1" if K == 1 else "2 or more", "C": "1" if C == 1 else "2 or more",
                      "the filter": "one number" if FH == FW == 1 else "larger"})


def _random_keras(rng: np.random.Generator, label: str, FH: int, FW: int, C: int, K: int, OH: int, OW: int, M: int, form: str = "") -> Case:
    return _keras_case(label, whole(rng, FH, FW, C, K, low=-9, high=9), whole(rng, OH * OW * K, M, low=-9, high=9), (OH, OW, K), form)


def keras_visible() -> list[Case]:
    rng = np.random.default_rng(1501)
    worked = np.array([[[[1.0, 2]], [[3, 4]]]]), np.array([[1.0], [2], [3], [4]]), (1, 2, 2)
    return [
        _keras_case("the worked net: two 1×2 filters, then one output", *worked),
        _random_keras(rng, "two filters of 2×2 on 2 channels, two 2×2 maps, 3 outputs", 2, 2, 2, 2, 2, 2, 3),
        _random_keras(rng, "3 filters of 2×3 on 2 channels, 2×2 maps, 2 outputs, read-only", 2, 3, 2, 3, 2, 2, 2, "read-only"),
        _random_keras(rng, "2 filters of 3×2 on 3 channels, 2×3 maps, 4 outputs, integers", 3, 2, 3, 2, 2, 3, 4, "integers"),
    ]


def keras_weak() -> list[Case]:
    rng = np.random.default_rng(1502)
    return [_random_keras(rng, "one channel, one filter of one number, one output", 1, 1, 1, 1, 1, 1, 1), _random_keras(rng, "maps of one number", 1, 1, 1, 3, 1, 1, 1),
            _keras_case("all ones", np.ones((2, 2, 2, 2)), np.ones((8, 2)), (2, 2, 2))]


def keras_draw(rng: np.random.Generator, FH: int = 2, FW: int = 3, C: int = 3, K: int = 4, OH: int = 3, OW: int = 2, M: int = 5, form: str = "") -> Case:
    return _random_keras(rng, f"{K} filters of {FH}×{FW} on {C} channels, {OH}×{OW} maps, {M} outputs" + (f", {form}" if form else ""), FH, FW, C, K, OH, OW, M, form)


def _same_case(label: str, size: int, kernel: int, stride: int = 1, dilation: int = 1) -> Case:
    extent = dilation * (kernel - 1) + 1
    total = max((-(-size // stride) - 1) * stride + extent - size, 0)
    return Case(label, (size, kernel, stride, dilation),
                tags={"the stride": "1" if stride == 1 else "above 1", "the dilation": "1" if dilation == 1 else "above 1", "the number of zeros": "even" if total % 2 == 0 else "odd",
                      "the size": "a multiple of the stride" if size % stride == 0 else "no multiple of the stride"})


def same_visible() -> list[Case]:
    return [
        _same_case("the worked row: 6 positions, kernel 3, stride 2", 6, 3, 2),
        _same_case("7 positions, kernel 3, stride 2", 7, 3, 2),
        _same_case("5 positions, kernel 3", 5, 3),
        _same_case("5 positions, kernel 4", 5, 4),
        _same_case("6 positions, kernel 1, stride 3: nothing is missing", 6, 1, 3),
        _same_case("9 positions, kernel 3, stride 1, dilation 3", 9, 3, 1, 3),
        _same_case("10 positions, kernel 4, stride 3, dilation 2", 10, 4, 3, 2),
    ]


def same_weak() -> list[Case]:
    return [_same_case("kernel 1", 4, 1), _same_case("kernel 2", 4, 2), _same_case("stride as long as the kernel", 6, 2, 2)]


def same_draw(rng: np.random.Generator, stride: int = 1, dilation: int = 1, odd: bool = False, short: bool = False) -> Case:
    """odd: an odd number of zeros. short: a kernel with holes between the windows, so that nothing is missing."""
    while True:
        size, kernel = int(rng.integers(8, 40)), 1 if short else int(rng.integers(3, 8))
        missing = (-(-size // stride) - 1) * stride + dilation * (kernel - 1) + 1 - size
        # one position behind the last stride needs kernel - 1 zeros, as at stride 1: that shows nothing
        telling = size % stride > 1 if stride > 2 else (size % stride != 0) == (stride > 1)
        if telling and (missing < 0) == short and (short or (missing > 2 and missing % 2 == odd)):
            return _same_case(f"{size} positions, kernel {kernel}, stride {stride}, dilation {dilation}", size, kernel, stride, dilation)


# --- exercises ---------------------------------------------------------------------------------------------------------

STATE = Exercise(
    id="15.predict_state",
    rows=("C-torch",),
    answer=(predict_state,),
    reference=(_predict_state,),
    outputs=("conv_weight", "conv_parameters", "linear_weight", "total"),
    by_hand=True,
    numbers=state_numbers,
    hints=(
        "Begin with the sizes: what is a map's side after the convolution, and after the pooling? Flatten then makes one long row of all maps.",
        r"A map's side is $size + 2P - F + 1$, halved by the pooling. Conv2d stores (filters, channels, F, F) and a bias for each filter; Linear "
        r"stores (outputs, inputs) and a bias for "
        "each output.",
        "Linear's inputs: filters times side times side, after the pooling. Its weight has a *row* for each class. Parameters: rows · (numbers in a "
        "row + 1) for each of the two layers.",
    ),
    misconceptions=(
        wrong("Linear the other way round", "Your Linear weight is (inputs, outputs), as this course, Keras' Dense and lecture C's XW have it. "
              "PyTorch stores a row for each output: (outputs, inputs).",
              ("linear_weight = (classes, features)", "linear_weight = (features, classes)")),
        wrong("Keras' filter layout", "Your Conv2d weight has Keras' order, the filter's height and width first. PyTorch's begins with the filters, "
              "then their channels: channels first, as in this course.",
              ("conv_weight = (filters, channels, f, f)", "conv_weight = (f, f, channels, filters)")),
        wrong("channels before filters", "Your Conv2d weight begins with the input channels. That is the order of the arguments, Conv2d(in, out, "
              "...); the weight is stored with the filters first.",
              ("conv_weight = (filters, channels, f, f)", "conv_weight = (channels, filters, f, f)")),
        wrong("biases forgotten", "You counted no biases. Both layers have one for each output (each filter), unless they are made with bias=False.",
              ("conv_parameters = filters * (channels * f * f + 1)", "conv_parameters = filters * channels * f * f"),
              ("classes * (features + 1)", "classes * features")),
        wrong("filters without channels", "Your filters have one channel. Each filter reads all input channels: it has channels · f · f weights, and one bias.",
              ("conv_parameters = filters * (channels * f * f + 1)", "conv_parameters = filters * (f * f + 1)")),
        wrong("pooling forgotten", "Your Linear reads the maps as they were before the pooling. MaxPool2d(2) halves both sides.", ("side = out // 2", "side = out")),
        wrong("pooled in one direction", "You halved one side of the maps. MaxPool2d(2) halves the height and the width.",
              ("features = filters * side * side", "features = filters * side * out")),
        wrong("one map flattened", "Your Linear reads one map. Flatten makes one row of all maps: filters times the numbers in a map.",
              ("features = filters * side * side", "features = side * side")),
        wrong("padding forgotten", "You left out the padding: it adds `padding` zeros on each of the two sides.", ("size + 2 * padding - f + 1", "size - f + 1")),
        wrong("padding on one side", "You added the padding once. padding=2 puts two zeros at each end, four in all.",
              ("size + 2 * padding - f + 1", "size + padding - f + 1")),
    ),
)

CONV, ORDER, LINEAR = "kernel.transpose(3, 2, 0, 1)", "by_place.transpose(2, 1, 0)", "by_map.reshape(M, len(dense))"

KERAS = Exercise(
    id="15.from_keras",
    rows=("C-torch",),
    answer=(from_keras,),
    reference=(_from_keras,),
    arguments=("kernel", "dense", "maps"),
    outputs=("conv_weight", "linear_weight"),
    visible=keras_visible,
    weak=keras_weak,
    draw=keras_draw,
    hints=(
        "Axes change their places, so transpose; a reshape alone would only cut the same sequence of numbers in another way. For the Dense layer: "
        "which row of `dense` belongs to map k, place (i, j)?",
        r"$conv\_weight_{k,c,u,v} = kernel_{u,v,c,k}$. Row $(i\cdot OW + j)\cdot K + k$ of `dense` becomes column $(k\cdot OH + i)\cdot OW + j$ of linear_weight.",
        "`kernel.transpose(3, 2, 0, 1)`. Then `rows = dense.reshape(OH, OW, K, -1)` gives the rows their three indices back; `rows.transpose(3, 2, "
        "0, 1).reshape(M, -1)` with M = dense.shape[1].",
    ),
    misconceptions=(
        wrong("filters reshaped", "You reshaped the kernel. That keeps the numbers in their old sequence and only cuts it in new places; the axes "
              "have to change places: transpose.",
              (CONV, "kernel.reshape(kernel.shape[3], kernel.shape[2], *kernel.shape[:2])")),
        wrong("filters rotated", "You rotated the filters by 180°. Keras' Conv2D is a cross-correlation too, whatever its documentation says of "
              "convolving: the numbers keep their places.",
              (CONV, "kernel[::-1, ::-1].transpose(3, 2, 0, 1)")),
        wrong("channels reversed", "You turned round the order of the input channels (RGB to BGR). Channels last or first, channel c stays channel c.",
              (CONV, "kernel.transpose(3, 2, 0, 1)[:, ::-1]")),
        wrong("height and width exchanged", "You exchanged the filters' height and width. Keras has (height, width, in, out), and PyTorch keeps "
              "height before width.",
              (CONV, "kernel.transpose(3, 2, 1, 0).reshape(K, -1, *kernel.shape[:2])")),
        wrong("Dense transposed only", "You transposed `dense` and left its columns in Keras' order. Keras flattens place by place, all maps of a "
              "place together; PyTorch flattens map by map: the columns "
              "have to be put in order.", (LINEAR, "dense.T")),
        wrong("Dense reshaped", "You reshaped `dense` where it has to be transposed: PyTorch's Linear stores (outputs, inputs), so rows become columns.",
              (LINEAR, "dense.reshape(M, len(dense))")),
        wrong("put in order the wrong way", "You put the rows of `dense` in order the wrong way: from map by map to place by place. Keras' rows go "
              "place by place (the maps change fastest); PyTorch wants map by map.",
              (LINEAR, "dense.reshape(K, len(dense) // K, M).transpose(2, 1, 0).reshape(M, len(dense))")),
        wrong("maps read column by column", "You flattened each map column by column. Both libraries read a map row by row, like a page; only the "
              "place of the maps' axis differs.",
              (LINEAR, "by_map.reshape(M, K, maps[0], maps[1]).transpose(0, 1, 3, 2).reshape(M, len(dense))")),
        wrong("maps in reverse", "You turned round the order of the maps. Map k of one library is map k of the other.",
              (ORDER, "by_place[:, ::-1].transpose(2, 1, 0)")),
    ),
)

SAME = Exercise(
    id="15.same_padding",
    rows=("C-torch", "B-options"),
    answer=(same_padding,),
    reference=(_same_padding,),
    arguments=("size", "kernel", "stride", "dilation"),
    outputs=("out", "before", "after"),
    visible=same_visible,
    weak=same_weak,
    draw=same_draw,
    hints=(
        "First the output's size, which Keras fixes: a window starts every `stride` positions, also at the last one. How far does the last window "
        "reach? What is missing there, in all?",
        r"$out = \lceil size / S\rceil$, $E = D(F-1)+1$, $total = \max(0,\ (out - 1)\,S + E - size)$. Half of it in front, rounded down; the rest behind.",
        "`out = -(-size // stride)`; `total = max((out - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)`; `before = total // 2`; `after = total - before`.",
    ),
    misconceptions=(
        wrong("rounded down", "You rounded the output's size down. With padding=\"same\" Keras rounds up: out = ⌈size / stride⌉, a window for every "
              "start.", ("-(-size // stride)", "size // stride")),
        wrong("the stride does not shrink", "Your output is as long as the input at every stride. \"Same\" keeps the size at stride 1 only; "
              "otherwise the size is divided by the stride, rounded up.",
              ("-(-size // stride)", "size + 0 * stride")),
        wrong("kernel - 1 zeros at every stride", "You added E - 1 zeros, what keeps the size at stride 1. With a stride the last window may start "
              "earlier, and fewer zeros are missing.",
              ("(out - 1) * stride + extent - size", "extent - 1")),
        wrong("the odd zero in front", "Where the number of zeros is odd you put the larger half in front. Keras (and PyTorch's padding=\"same\") put it behind.",
              ("before = total // 2", "before = -(-total // 2)")),
        wrong("the same on both sides", "You gave both sides the same number, rounded down. That is what PyTorch's padding=P can do; Keras puts the "
              "odd zero behind.", ("after = total - before", "after = total // 2")),
        wrong("the same on both sides, rounded up", "You gave both sides the same number, rounded up: one zero too many in front.",
              ("before = total // 2", "before = (total + 1) // 2"), ("after = total - before", "after = before")),
        wrong("lecture B's P on both sides", "You padded (F - 1)/2 on both sides and rounded down what fits. With an odd F that keeps the size at "
              "stride 1; with a stride, or an even F, Keras' \"same\" differs: "
              "it fixes the output's size first, and then adds just the zeros that are missing.",
              ("-(-size // stride)", "(size + 2 * ((extent - 1) // 2) - extent) // stride + 1"), ("before = total // 2", "before = (extent - 1) // 2"),
              ("after = total - before", "after = before")),
        wrong("dilation ignored", "You left the dilation out: a dilated kernel reaches over dilation·(kernel - 1) + 1 positions.",
              ("dilation * (kernel - 1) + 1", "kernel")),
        wrong("dilation times the kernel", "You took dilation·kernel for the reach. There are kernel - 1 steps between the first number and the "
              "last: dilation·(kernel - 1) + 1.",
              ("dilation * (kernel - 1) + 1", "dilation * kernel")),
        wrong("negative padding", "Your padding becomes negative where the windows leave a gap at the end. Then nothing is missing: take 0.",
              ("max(missing, 0)", "missing")),
        wrong("all zeros behind", "You put all zeros behind. Half of them, rounded down, go in front, so that the windows stay centred.",
              ("before = total // 2", "before = 0")),
        wrong("stride counted once too often", "You let the windows take `out` steps. From the first window to the last there are out - 1.",
              ("(out - 1) * stride", "out * stride")),
    ),
)
