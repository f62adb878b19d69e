"""14_architectures: AlexNet's first layer by hand, any layer counted, receptive fields, and the quiz.

The grammar of architectures is in architectures_grammar.py; patch embedding and the top-k error are in architectures_vision.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...losses import mean_squared_error
from ...models import Convolution, Model, summary
from ..exercise import Case, Exercise, wrong
from .architectures_grammar import PARSE
from .architectures_vision import PATCHES, TOP_K
from .quiz import quiz

# --- the right answers, as a student would write them ------------------------------------------------------------------


def predict_conv1(*, n=227, channels=3, filters=96, f=11, stride=4):
    size = (n - f) // stride + 1
    maps = filters
    neurons = size * size * maps
    weights = f * f * channels * filters
    biases = filters
    return size, maps, neurons, weights + biases


def layer_counts(input_shape, filters, filter_shape, stride=1, pad=0, groups=1):
    C, H, W = input_shape
    FH, FW = filter_shape
    OH = (H + 2 * pad - FH) // stride + 1
    OW = (W + 2 * pad - FW) // stride + 1
    weights = filters * (C // groups) * FH * FW
    parameters = weights + filters
    multiply_adds = weights * OH * OW
    return (filters, OH, OW), parameters, multiply_adds


def receptive_field(layers):
    size = 1
    jump = 1
    for kernel, stride, dilation in layers:
        extent = dilation * (kernel - 1) + 1
        size = size + (extent - 1) * jump
        jump = jump * stride
    return size, jump


def which_pass():
    return {"A", "C"}


# --- the same from the library -----------------------------------------------------------------------------------------


def _row(input_shape, layers):
    """The last row of the summary of these layers."""
    return summary(Model(layers, tuple(int(n) for n in input_shape), loss=mean_squared_error)).rows[-1]


def _predict_conv1(*, n=227, channels=3, filters=96, f=11, stride=4):
    row = _row((channels, n, n), [Convolution(filters, f, stride=stride)])
    maps, size, _ = row.output_shape
    return size, maps, row.neurons, row.parameters


def _layer_counts(input_shape, filters, filter_shape, stride=1, pad=0, groups=1):
    row = _row(input_shape, [Convolution(filters, tuple(filter_shape), stride=stride, pad=pad, groups=groups)])
    return row.output_shape, row.parameters, row.multiply_adds


def _receptive_field(layers):
    row = _row((1, 3000), [Convolution(1, kernel, stride=stride, dilation=dilation) for kernel, stride, dilation in layers])
    return row.receptive_field[0], row.jump[0]


# --- the numbers of the prediction -------------------------------------------------------------------------------------


def prediction_numbers(rng: np.random.Generator | None) -> dict[str, Any]:
    """AlexNet's numbers, or others that fit and for which every wrong idea gives another result."""
    if rng is None:
        return {"n": 227, "channels": 3, "filters": 96, "f": 11, "stride": 4}
    f, stride = ((11, 4), (9, 4), (11, 5), (7, 3), (9, 3), (11, 3), (7, 2))[rng.integers(7)]
    size = int(rng.choice([30, 31, 33, 35, 38, 41, 42, 45, 50, 51, 55, 60]))
    return {"n": (size - 1) * stride + f, "channels": int(rng.choice([3, 4])), "filters": int(rng.choice([32, 40, 48, 56, 64, 80])), "f": f, "stride": stride}


# --- cases: one layer --------------------------------------------------------------------------------------------------


def _counts_case(label: str, input_shape: tuple, filters: int, filter_shape: tuple, stride: int = 1, pad: int = 0, groups: int = 1) -> Case:
    C, H, W = input_shape
    left = [(n + 2 * pad - f) % stride for n, f in ((H, filter_shape[0]), (W, filter_shape[1]))]
    return Case(label, (input_shape, filters, filter_shape), {"stride": stride, "pad": pad, "groups": groups},
                tags={"groups": "1" if groups == 1 else "above 1", "pad": "0" if pad == 0 else "above 0", "stride": "1" if stride == 1 else "above 1",
                      "the last step": "not fitting" if any(left) else "fitting"},
                constants={"groups": groups, "C, the number of input channels": C, "K, the number of filters": filters})


def counts_visible() -> list[Case]:
    return [
        _counts_case("one channel of 3×4, 2 filters of 2×3", (1, 3, 4), 2, (2, 3)),
        _counts_case("4 channels of 5×4 in 2 groups, 6 filters of 3×2", (4, 5, 4), 6, (3, 2), groups=2),
        _counts_case("2 channels of 6×9, 3 filters of 3×2, stride 2, padding 1", (2, 6, 9), 3, (3, 2), stride=2, pad=1),
        _counts_case("depthwise: 3 channels, 3 groups, stride 3", (3, 7, 11), 3, (1, 2), stride=3, groups=3),
        _counts_case("AlexNet's first layer", (3, 227, 227), 96, (11, 11), stride=4),
        _counts_case("AlexNet's second layer, in 2 groups", (96, 27, 27), 256, (5, 5), pad=2, groups=2),
    ]


def counts_weak() -> list[Case]:
    return [_counts_case("one number, one filter of one weight", (1, 1, 1), 1, (1, 1)), _counts_case("one channel, a 1×1 filter", (1, 3, 3), 1, (1, 1)),
            _counts_case("a filter as large as the image", (1, 2, 2), 1, (2, 2))]


def counts_draw(rng: np.random.Generator, groups: int = 1, stride: int = 1, pad: int = 0) -> Case:
    """Sizes that all differ, so that none stands in for another."""
    a, b, H, W, FH, FW = (int(v) for v in rng.permutation([2, 3, 4, 5, 6, 7]))
    C, K, H, W = groups * a, groups * b, H + 8, W + 17
    return _counts_case(f"({C}, {H}, {W}), {K} filters of {FH}×{FW}, stride {stride}, padding {pad}, {groups} group{'s' * (groups > 1)}",
                        (C, H, W), K, (FH, FW), stride, pad, groups)


# --- cases: receptive fields -------------------------------------------------------------------------------------------


def _stack(label: str, *layers: tuple[int, int, int]) -> Case:
    return Case(label, (list(layers),),
                tags={"the number of layers": "1" if len(layers) == 1 else "2 or more", "every stride": "1" if all(s == 1 for _, s, _ in layers) else "not 1",
                      "every dilation": "1" if all(d == 1 for *_, d in layers) else "not 1"})


def field_visible() -> list[Case]:
    return [
        _stack("one layer, 5 wide", (5, 1, 1)),
        _stack("two layers of 3", (3, 1, 1), (3, 1, 1)),
        _stack("stride 2, then 3 wide", (3, 2, 1), (3, 1, 1)),
        _stack("dilation 3", (3, 1, 3)),
        _stack("strides 2 and 3, then 2 wide", (5, 2, 1), (4, 3, 1), (2, 1, 1)),
        _stack("dilation 2 with stride 2, then 3 wide", (3, 2, 2), (3, 1, 1)),
        _stack("AlexNet's first five layers", (11, 4, 1), (3, 2, 1), (5, 1, 1), (3, 2, 1), (3, 1, 1)),
    ]


def field_weak() -> list[Case]:
    return [_stack("one weight", (1, 1, 1)), _stack("one weight, stride 2", (1, 2, 1)), _stack("two layers of one weight", (1, 1, 1), (1, 1, 1))]


def field_draw(rng: np.random.Generator, depth: int = 3, strides: tuple = (1, 2, 3), dilations: tuple = (1,)) -> Case:
    layers = [(int(rng.integers(2, 6)), int(rng.choice(strides)), int(rng.choice(dilations))) for _ in range(depth)]
    return _stack(f"{depth} random layer{'s' * (depth > 1)}", *layers)


# --- exercises ---------------------------------------------------------------------------------------------------------

EXERCISES = (
    Exercise(
        id="14.predict_conv1",
        rows=("C-alexnet", "X-6"),
        answer=(predict_conv1,),
        reference=(_predict_conv1,),
        outputs=("size", "maps", "neurons", "parameters"),
        by_hand=True,
        numbers=prediction_numbers,
        hints=(
            "How many steps does the filter take along one side, and how many places is that? Each filter makes one map; a neuron is one number of one map.",
            r"$size = (N - F)/S + 1$; $\;maps = K$; $\;neurons = size \cdot size \cdot K$; $\;parameters = F^2 C K + K$.",
            "Write the parameters as (F·F·C + 1)·K: the weights of one filter and its bias, times the number of filters.",
        ),
        misconceptions=(
            wrong("stride forgotten", "You let the filter step by one pixel. It jumps by the stride: divide the way N - F by S before you add 1.",
                  ("(n - f) // stride + 1", "(n - f) + 1")),
            wrong("the first place not counted", "Your size is one too small: (N - F)/S counts the steps, and the place before the first step counts too.",
                  ("(n - f) // stride + 1", "(n - f) // stride")),
            wrong("input divided by the stride", "You divided the whole input by the stride. The filter can travel only N - F pixels: take its size off first.",
                  ("(n - f) // stride + 1", "n // stride")),
            wrong("as many maps as channels", "You let as many maps come out as channels went in. Each filter reads all channels and makes one map.",
                  ("maps = filters", "maps = channels")),
            wrong("a map for each filter and channel", "You counted a map for each filter and channel. A filter adds up over the channels: one filter, one map.",
                  ("maps = filters", "maps = filters * channels")),
            wrong("the slide's slip", "You took half the number of maps for one side of a map, as the slide does: 55·48·96. A map is size·size, and there are K of them.",
                  ("size * size * maps", "size * (maps // 2) * maps")),
            wrong("neurons of one map", "You counted the neurons of one map. There are K maps of that size.", ("size * size * maps", "size * size")),
            wrong("neurons in a row", "You multiplied by the size once. A map has rows and columns: size·size numbers.", ("size * size * maps", "size * maps")),
            wrong("biases forgotten", "You counted the weights only, as the lecture does for most layers. Each filter has a bias besides: K more.",
                  ("biases = filters", "biases = 0")),
            wrong("one bias in all", "You counted one bias for the whole layer. Each of the K filters has its own.", ("biases = filters", "biases = 1")),
            wrong("a bias for each neuron", "You counted a bias for each neuron. All neurons of a map share their filter's bias, as they share its weights.",
                  ("biases = filters", "biases = neurons")),
            wrong("flat filters", "You gave each filter F² weights. It is as deep as its input: F² weights for every channel.",
                  ("f * f * channels * filters", "f * f * filters")),
            wrong("F for F squared", "You counted F weights for each channel of a filter. It is F×F.", ("f * f * channels * filters", "f * channels * filters")),
        ),
    ),
    Exercise(
        id="14.layer_counts",
        rows=("C-alexnet", "D-stack"),
        answer=(layer_counts,),
        reference=(_layer_counts,),
        arguments=("input_shape", "filters", "filter_shape"),
        outputs=("output_shape", "parameters", "multiply_adds"),
        visible=counts_visible,
        weak=counts_weak,
        draw=counts_draw,
        hints=(
            "First the sizes, as in notebook 6, rounded down. Then ask of one filter: how many channels does it read, so how many weights has it? "
            "And how often is each weight used for one image?",
            r"$weights = K \cdot (C/G) \cdot FH \cdot FW$; $\;parameters = weights + K$; $\;multiply\text{-}adds = weights \cdot OH \cdot OW$.",
            "`weights = filters * (C // groups) * FH * FW`: a filter reads the channels of its own group only, but all K filters exist. Each weight is used once "
            "at every place of its filter's map, OH·OW times.",
        ),
        misconceptions=(
            wrong("groups forgotten", "You let every filter read all C channels. With groups a filter reads those of its own group only: C/groups.",
                  ("(C // groups)", "C")),
            wrong("groups divided twice", "You divided both the channels and the filters by the groups. A filter reads C/groups channels, but there are still K filters.",
                  ("filters * (C // groups)", "(filters // groups) * (C // groups)")),
            wrong("weights times groups", "You multiplied by the groups. They cut connections: each filter reads C/groups channels, so there are fewer weights, not more.",
                  ("(C // groups)", "C * groups")),
            wrong("flat filters", "You left the depth out: a filter has FH·FW weights for each of the C/groups channels that it reads.",
                  ("(C // groups)", "1")),
            wrong("padding forgotten", "You left the padding out of the sizes: the filter slides over H + 2P rows and W + 2P columns.",
                  ("H + 2 * pad", "H"), ("W + 2 * pad", "W")),
            wrong("padding on one side", "You added the padding once. It lies on both sides: H + 2P, W + 2P.", ("H + 2 * pad", "H + pad"), ("W + 2 * pad", "W + pad")),
            wrong("rounded up", "You rounded the size up where the last step does not fit. That filter would hang over the edge: layers round down.",
                  ("(H + 2 * pad - FH) // stride + 1", "-(-(H + 2 * pad - FH) // stride) + 1"),
                  ("(W + 2 * pad - FW) // stride + 1", "-(-(W + 2 * pad - FW) // stride) + 1")),
            wrong("the first place not counted", "Your sizes are one too small: the place before the first step counts too. Hence the + 1.",
                  ("- FH) // stride + 1", "- FH) // stride"), ("- FW) // stride + 1", "- FW) // stride")),
            wrong("stride forgotten", "You computed the sizes for stride 1. Divide the way that the filter travels by the stride.",
                  ("- FH) // stride + 1", "- FH) + 1"), ("- FW) // stride + 1", "- FW) + 1")),
            wrong("filter's sides swapped", "You used FW for the height and FH for the width. filter_shape is (FH, FW).", ("FH, FW = filter_shape", "FW, FH = filter_shape")),
            wrong("channels last", "Your output shape has the channels last. Here they come first: (K, OH, OW).", ("(filters, OH, OW)", "(OH, OW, filters)")),
            wrong("biases forgotten", "You counted the weights only. Each filter has a bias: K more parameters.", ("weights + filters", "weights")),
            wrong("a bias for each output", "You counted a bias for every output number. A filter has one, and adds it at every place.",
                  ("weights + filters", "weights + filters * OH * OW")),
            wrong("each weight used once", "Your multiply-adds are the number of weights. A convolution uses each weight again at every place: times OH·OW.",
                  ("weights * OH * OW", "weights")),
            wrong("places of the input", "You multiplied by the places of the input. A product is made for each place of the output: OH·OW.",
                  ("weights * OH * OW", "weights * H * W")),
            wrong("biases multiplied", "You counted the biases among the multiply-adds. A bias is added, never multiplied: weights·OH·OW.",
                  ("weights * OH * OW", "parameters * OH * OW")),
            wrong("products and sums apart", "You counted every product and every sum. A multiply-add is one product together with the sum that takes it up: count it once.",
                  ("weights * OH * OW", "2 * weights * OH * OW")),
            wrong("filters counted twice", "You multiplied by the whole output shape. The weights hold the K filters already: times OH·OW only.",
                  ("weights * OH * OW", "weights * OH * OW * filters")),
        ),
    ),
    Exercise(
        id="14.receptive_field",
        rows=("C-alexnet", "B-common"),
        answer=(receptive_field,),
        reference=(_receptive_field,),
        arguments=("layers",),
        outputs=("size", "jump"),
        visible=field_visible,
        weak=field_weak,
        draw=field_draw,
        hints=(
            "Go from the input to the output and keep two numbers: how far one output sees, and how many input pixels lie between neighbours.",
            r"Extent $E = D(F-1) + 1$. Then $size \leftarrow size + (E - 1)\cdot jump$, and after that $jump \leftarrow jump \cdot S$. Both start at 1.",
            "In the loop: `extent = dilation * (kernel - 1) + 1`; `size = size + (extent - 1) * jump`, still with the jump of the layers *before*; "
            "only then `jump = jump * stride`.",
        ),
        misconceptions=(
            wrong("strides forgotten", "You left the strides out. After a stride of S neighbours lie S times as far apart, so every later layer sees S times as far.",
                  ("jump * stride", "jump")),
            wrong("a layer's own stride counted", "You multiplied by a layer's own stride before adding its window. The window lies on the layer's input: its jump is that of "
                  "the layers before. Update the jump last.", ("(extent - 1) * jump", "(extent - 1) * jump * stride")),
            wrong("only the last stride", "You kept the last stride only. Strides multiply: after 2 and 3 the neighbours are 6 pixels apart.", ("jump * stride", "stride")),
            wrong("strides added", "You added the strides up. They multiply: a step of 3 positions that are 2 pixels apart is 6 pixels.", ("jump * stride", "jump + stride - 1")),
            wrong("dilation forgotten", "You left the dilation out. A dilated filter reads every D-th position: it reaches D·(F - 1) + 1 of them.",
                  ("dilation * (kernel - 1) + 1", "kernel")),
            wrong("dilation times kernel", "You took D·F for the reach of a dilated filter. There are F - 1 gaps between F taps: D·(F - 1) + 1.",
                  ("dilation * (kernel - 1) + 1", "dilation * kernel")),
            wrong("dilation in the jump", "You multiplied the jump by the dilation. Dilation spreads a filter's taps; only the stride moves neighbours apart.",
                  ("jump * stride", "jump * stride * dilation")),
            wrong("whole windows added", "You added whole windows. They overlap: a window of E positions reaches E - 1 further than one position does.",
                  ("(extent - 1) * jump", "extent * jump")),
            wrong("windows multiplied", "You multiplied the windows' sizes, as if they lay side by side. At stride 1 neighbouring windows overlap; add (E - 1) times the jump.",
                  ("size + (extent - 1) * jump", "size * extent")),
            wrong("started at nothing", "You started the size at 0. Before the first layer one position sees itself: 1.", ("size = 1", "size = 0")),
            wrong("from the output backward", "You took the layers from the last to the first. The strides that count for a layer are those before it: start at the input.",
                  ("in layers:", "in reversed(layers):")),
        ),
    ),
    PARSE,
    TOP_K,
    PATCHES,
    quiz(
        id="14.which_pass",
        rows=("D-residual",),
        answer=which_pass,
        hints=(
            "Go through the versions one by one: on these inputs, does what they leave out make a difference?",
            "The check's `w2` is all zeros. What does the branch then contribute to the output, and to the gradient of x?",
            "With w2 = 0 the branch's gradient is 0, whatever is done with it afterwards. The gradient through the skip is dout.",
        ),
        misconceptions=(
            wrong("A is caught", "You said that A is caught. It forgets the branch, and with w2 = 0 the branch sends back nothing but zeros.", ('{"A", "C"}', '{"C"}')),
            wrong("B passes", "You said that B passes. It forgets the skip, and with w2 = 0 nothing is left: zeros where dout belongs.", ('{"A", "C"}', '{"A", "B", "C"}')),
            wrong("C is caught", "You said that C is caught. It forgets the ReLU's mask, but the gradient that the mask would cut is zero already, as w2 = 0.",
                  ('{"A", "C"}', '{"A"}')),
            wrong("none passes", "You said that all three are caught. But with w2 = 0 nothing but zeros reaches the ReLU on the way back, so nobody sees what is done there.", ('{"A", "C"}', "set()")),
        ),
    ),
)
