"""06_convolution: the whole layer forward, with batches, channels, stride, padding, dilation and groups; and what it costs."""

from __future__ import annotations

from math import prod

import numpy as np

from ...conv import conv2d_forward as library_forward
from ..exercise import Case, Exercise, wrong
from ..inputs import whole
from .conv_sizes import SYMMETRIC, sizes_of

# --- the right answers, as a student would write them ------------------------------------------------------------------


def count_parameters(input_shape, output_shape, filter_shape, bias=False):
    C, *_ = input_shape
    K, *_ = output_shape
    inputs = np.prod(input_shape)
    units = np.prod(output_shape)
    window = C * np.prod(filter_shape)
    full = inputs * units
    local = window * units
    shared = window * K
    if bias:
        full = full + units
        local = local + units
        shared = shared + K
    return full, local, shared


def conv2d_forward(x, w, b, stride=1, pad=0, dilation=1, groups=1):
    N = x.shape[0]
    K, CG, FH, FW = w.shape
    padded = np.pad(x, [(0, 0)] * 2 + [(pad, pad)] * 2)
    EH = dilation * (FH - 1) + 1
    EW = dilation * (FW - 1) + 1
    OH = (padded.shape[2] - EH) // stride + 1
    OW = (padded.shape[3] - EW) // stride + 1
    out = np.empty((N, K, OH, OW))
    for k in range(K):
        group = k // (K // groups)
        for i in range(OH):
            for j in range(OW):
                top, left = stride * i, stride * j
                patch = padded[:, :, top:top + EH:dilation, left:left + EW:dilation]
                seen = patch[:, group * CG:group * CG + CG]
                out[:, k, i, j] = (seen * w[k]).reshape(N, CG * FH * FW).sum(axis=1) + b[k]
    return out


# --- the same, otherwise -----------------------------------------------------------------------------------------------


def _counts(input_shape, output_shape, filter_shape, bias=False):
    """From the arrays themselves: the shapes of the weights, and of the biases, of each of the three layers."""
    maps, window = output_shape[0], (input_shape[0], *filter_shape)
    weights = (*output_shape, *input_shape), (*output_shape, *window), (maps, *window)
    biases = output_shape, output_shape, (maps,)
    return tuple(prod(w) + (prod(b) if bias else 0) for w, b in zip(weights, biases))


def _forward(x, w, b, stride=1, pad=0, dilation=1, groups=1):
    return library_forward(x, w, b, stride=stride, pad=pad, dilation=dilation, groups=groups)[0]


# --- cases: counting ---------------------------------------------------------------------------------------------------


def _count_case(label: str, inputs: tuple, outputs: tuple, filter_shape: tuple, bias: bool = False) -> Case:
    return Case(label, (inputs, outputs, filter_shape), {"bias": bias},
                tags={"bias": bias, "C": "1" if inputs[0] == 1 else "2 or more", "K": "1" if outputs[0] == 1 else "2 or more"},
                constants={"C, the number of input channels": inputs[0], "K, the number of filters": outputs[0]})


def count_visible() -> list[Case]:
    return [
        _count_case("a signal of five numbers, three weights", (1, 1, 5), (1, 1, 5), (1, 3)),
        _count_case("2 channels of 3×4, 5 filters of 2×3, with biases", (2, 3, 4), (5, 2, 2), (2, 3), True),
        _count_case("the same without biases", (2, 3, 4), (5, 2, 2), (2, 3)),
        _count_case("one channel, one filter, with biases", (1, 4, 3), (1, 2, 2), (3, 2), True),
        _count_case("lecture D's 200×200 image, 400,000 units, windows of 10×10", (1, 200, 200), (10, 200, 200), (10, 10)),
        _count_case("lecture B's ten 5×5 filters on 32×32×3, with biases", (3, 32, 32), (10, 32, 32), (5, 5), True),
    ]


def count_weak() -> list[Case]:
    return [_count_case("one number, one unit", (1, 1, 1), (1, 1, 1), (1, 1)), _count_case("one number, two units", (1, 1, 1), (1, 1, 2), (1, 1)),
            _count_case("one number, one unit, bias", (1, 1, 1), (1, 1, 1), (1, 1), True), _count_case("two inputs, two units", (1, 1, 2), (1, 1, 2), (1, 1))]


def count_draw(rng: np.random.Generator, bias: bool = True) -> Case:
    """Small sizes, all of them different, so that none stands in for another."""
    C, H, W, K, OH, OW, FH, FW = (int(v) for v in rng.permutation([2, 3, 4, 5, 6, 7, 8, 9]))
    return _count_case(f"({C}, {H}, {W}) to ({K}, {OH}, {OW}), windows of {FH}×{FW}{', with biases' if bias else ''}",
                       (C, H, W), (K, OH, OW), (FH, FW), bias)


# --- cases: the layer --------------------------------------------------------------------------------------------------


def _layer_case(label: str, x: np.ndarray, w: np.ndarray, b: np.ndarray, form: str = "", **options: int) -> Case:
    shown = {"stride": 1, "pad": 0, "dilation": 1, "groups": 1, **options}
    extent = [shown["dilation"] * (f - 1) + 1 for f in w.shape[2:]]
    sizes = sizes_of(x.shape, extent, shown["stride"], shown["pad"])
    return Case(label, (x, w, b), options, form=form,
                tags={**shown, "N": len(x), "C": x.shape[1], "K": len(w), "the number of left-over rows and columns": sizes["the number of left-over rows and columns"]},
                constants={"the number of channels that a filter reads": w.shape[1], "the number of weights in a filter": w[0].size})


def _random_layer(rng: np.random.Generator, label: str, N: int, C: int, K: int, H: int, W: int, FH: int, FW: int, form: str = "", **options: int) -> Case:
    """form: one of a case's, or "bytes": pictures of type int, weights and biases of halves."""
    x, w, b = whole(rng, N, C, H, W), whole(rng, K, C // options.get("groups", 1), FH, FW), rng.choice([-3.0, -2, 2, 3, 4, 5, 6, 7], K, replace=False)
    w[:, 0, 0, 0] = 5.0  # larger than every other weight: no filter is symmetric
    if form == "bytes":
        x, w, b, form = x.astype(np.int64), w / 2, b / 2, ""
    return _layer_case(label, x, w, b, form, **options)


def layer_visible() -> list[Case]:
    rng = np.random.default_rng(64)
    return [
        _layer_case("one 2×3 picture with 2 channels, 2 filters of 2×2", np.array([[[[1.0, 2, 0], [3, -1, 1]], [[0, 1, 2], [-2, 4, 1]]]]),
                    np.array([[[[1.0, 2], [0, -1]], [[3, 1], [-2, 0]]], [[[2, 0], [1, 1]], [[-1, 4], [0, 2]]]]), np.array([1.0, -2])),
        _random_layer(rng, "one channel, dilation 2", N=1, C=1, K=1, H=4, W=5, FH=2, FW=2, dilation=2),
        _random_layer(rng, "2 pictures of type int, stride 2, a column left over", N=2, C=1, K=2, H=3, W=4, FH=1, FW=2, form="bytes", stride=2),
        _random_layer(rng, "4 channels in 2 groups, 6 filters of 1×1", N=1, C=4, K=6, H=2, W=1, FH=1, FW=1, groups=2),
        _random_layer(rng, "depthwise: 3 channels in 3 groups, read-only", N=1, C=3, K=3, H=2, W=3, FH=2, FW=2, form="read-only", groups=3),
        _random_layer(rng, "2 pictures, 3 channels, 2 filters, padding 2", N=2, C=3, K=2, H=2, W=1, FH=2, FW=3, pad=2),
        _random_layer(rng, "everything at once", N=2, C=4, K=6, H=4, W=5, FH=2, FW=3, stride=2, pad=1, dilation=2, groups=2),
    ]


def layer_weak() -> list[Case]:
    return [_layer_case("one picture, one channel, a symmetric filter, bias 0", np.arange(20.0).reshape(1, 1, 4, 5), SYMMETRIC[None, None], np.zeros(1)),
            _layer_case("a 1×1 filter", np.ones((1, 1, 2, 2)), np.array([[[[3.0]]]]), np.array([2.0])),
            _layer_case("zeros all over", np.zeros((2, 2, 3, 3)), np.zeros((3, 2, 2, 2)), np.zeros(3))]


def layer_draw(rng: np.random.Generator, N: int = 2, C: int = 3, K: int = 4, H: int = 5, W: int = 6, FH: int = 3, FW: int = 2, form: str = "", **options: int) -> Case:
    """options: stride, pad, dilation, groups (groups divides C and K)."""
    label = f"N={N}, C={C}, K={K}, {H}×{W} pictures, {FH}×{FW} filters" + "".join(f", {name} {value}" for name, value in options.items())
    return _random_layer(rng, label, N, C, K, H, W, FH, FW, form, **options)


# --- exercises ---------------------------------------------------------------------------------------------------------

COUNTS = Exercise(
    id="06.count_parameters",
    rows=("D-counts", "D-toeplitz", "B-example", "B-fcimage"),
    answer=(count_parameters,),
    reference=(_counts,),
    arguments=("input_shape", "output_shape", "filter_shape"),
    outputs=("full", "local", "shared"),
    visible=count_visible,
    weak=count_weak,
    draw=count_draw,
    hints=(
        "First count three things: all inputs, all units (output numbers), and the inputs that one window covers. Then ask of each layer: "
        "how many weights has one unit, and which units have the same?",
        r"full: (all inputs) · (all units); local: (inputs in a window) · (all units); shared: (inputs in a window) · K. "
        r"Inputs in a window: $C \cdot FH \cdot FW$.",
        "`units = K*OH*OW`; `full = C*H*W * units`; `local = C*FH*FW * units`; `shared = C*FH*FW * K`. With bias: + units, + units, + K.",
    ),
    misconceptions=(
        wrong("flat windows",
              "You gave a window FH·FW inputs. It goes through all C channels: C·FH·FW.",
              ("C * np.prod(filter_shape)", "np.prod(filter_shape)")),
        wrong("one filter",
              "You counted one filter. The layer has K of them, one for each output map.",
              ("shared = window * K", "shared = window")),
        wrong("units of one map",
              "You counted the units of one map. There are K maps of OH·OW units each.",
              ("np.prod(output_shape)", "np.prod(output_shape[1:])")),
        wrong("inputs of one channel",
              "You connected the units to one channel only. A fully connected unit has a weight for each of the C·H·W inputs.",
              ("np.prod(input_shape)", "np.prod(input_shape[1:])")),
        wrong("inputs and units added",
              "You added inputs and units. Every unit has a weight for every input: that is a product.",
              ("full = inputs * units", "full = inputs + units")),
        wrong("a window for each input",
              "In the local layer you counted a window for each input. It is the units, the outputs, that have one each.",
              ("local = window * units", "local = window * inputs")),
        wrong("nothing shared",
              "You gave every place of a map weights of its own: that is the local layer. In a convolution all places of a map share one filter.",
              ("shared = window * K", "shared = window * units")),
        wrong("a filter for each pair of units",
              "You multiplied by the channels twice. A filter is as deep as the input, and the C is in C·FH·FW already.",
              ("shared = window * K", "shared = window * K * C")),
        wrong("a bias for each place",
              "In the convolution you counted a bias for every unit. A filter has one bias, which all places of its map share.",
              ("shared = shared + K", "shared = shared + units")),
        wrong("one bias for the layer",
              "In the convolution you counted one bias in all. Each of the K filters has its own.",
              ("shared = shared + K", "shared = shared + 1")),
        wrong("one bias for each layer",
              "You counted one bias for each layer. In the full and the local layer every unit has its own; in the convolution every filter.",
              ("full = full + units", "full = full + 1"), ("local = local + units", "local = local + 1"), ("shared = shared + K", "shared = shared + 1")),
        wrong("biases shared in every layer",
              "You counted K biases in the full and the local layer too. Only a convolution shares them over a map; the others have one for "
              "each unit.",
              ("full = full + units", "full = full + K"), ("local = local + units", "local = local + K")),
        wrong("biases left out",
              "You left the biases out where `bias` asks for them.",
              ("if bias:", "if False:")),
    ),
)

FORWARD = Exercise(
    id="06.conv2d_forward",
    rows=("B-volume", "B-1x1", "B-options", "B-example", "D-stack"),
    answer=(conv2d_forward,),
    reference=(_forward,),
    arguments=("x", "w", "b"),
    outputs=("out",),
    visible=layer_visible,
    weak=layer_weak,
    draw=layer_draw,
    hints=(
        "Begin without dilation and groups: pad, visit every filter k and place (i, j), multiply the patch, all its channels, by filter k, add up, "
        "and add b[k] once. Then let the patch skip pixels, and at last let filter k read its group's channels only.",
        r"$out_{nkij} = b_k + \sum_{c,u,v} w_{kcuv}\, x_{n,\,(g\,C/G + c),\,(Si+Du),\,(Sj+Dv)}$ on the padded $x$, where filter $k$ belongs to the group "
        r"$g = \lfloor k/(K/G) \rfloor$. The extent is $E = D(F-1)+1$, the output has $\lfloor (H+2P-E)/S \rfloor + 1$ rows.",
        "`patch = padded[:, :, top:top+EH:dilation, left:left+EW:dilation]`, `g = k // (K // groups)`, `seen = patch[:, g*CG:(g+1)*CG]` with "
        "`CG = w.shape[1]`, and `out[:, k, i, j] = np.sum(seen * w[k], axis=(1, 2, 3)) + b[k]`.",
    ),
    misconceptions=(
        wrong("filter rotated",
              "You rotated the filters by 180°, as a true convolution does. The layer is a cross-correlation: w is laid on as it is.",
              ("seen * w[k]", "seen * w[k, :, ::-1, ::-1]")),
        wrong("stride ignored",
              "You moved the window one step at a time. The window of output (i, j) starts at (stride·i, stride·j) of the padded picture.",
              ("top, left = stride * i, stride * j", "top, left = i, j")),
        wrong("dilation ignored",
              "Your filters read neighbouring pixels whatever the dilation. With dilation D there are D - 1 pixels between two that are read.",
              ("top:top + EH:dilation, left:left + EW:dilation", "top:top + FH, left:left + FW")),
        wrong("dilation in one direction",
              "You spread the filter's rows by the dilation and left its columns side by side. It applies to both directions.",
              ("left:left + EW:dilation", "left:left + FW")),
        wrong("padding on one side",
              "You padded at the bottom and right only. `pad` zeros belong on each of the four sides.",
              ("(pad, pad)", "(0, 2 * pad)")),
        wrong("edge repeated",
              "You padded with copies of the picture's edge. The padding here is zeros.",
              ("[(pad, pad)] * 2)", '[(pad, pad)] * 2, mode="edge")')),
        wrong("every filter reads the first group",
              "All your filters read the first channels. The filters of group g read channels g·C/groups to (g+1)·C/groups - 1.",
              ("group = k // (K // groups)", "group = 0")),
        wrong("filters dealt out in turn",
              "You dealt the filters out to the groups in turn, like cards. Groups are blocks: the first K/groups filters belong to the first "
              "group.",
              ("group = k // (K // groups)", "group = k % groups")),
        wrong("channels dealt out in turn",
              "You gave each group every so-many-th channel. Groups are blocks: group 0 has the first C/groups channels.",
              ("patch[:, group * CG:group * CG + CG]", "patch[:, group::groups]")),
        wrong("bias left out", "You forgot the bias: b[k] is added to every number of output map k.", (" + b[k]", "")),
        wrong("bias for each channel",
              "You added the bias once for each channel. The products of all channels go into one sum, and that sum gets b[k] once.",
              (" + b[k]", " + CG * b[k]")),
        wrong("bias for each product",
              "You added the bias to every product before summing. The finished sum gets b[k], once.",
              (" + b[k]", " + w[k].size * b[k]")),
        wrong("one bias for all",
              "You added the first bias to every map. Map k gets b[k].",
              (" + b[k]", " + b[0]")),
        wrong("channels averaged",
              "You took the mean over the channels. Their products are added up, like all others.",
              (".sum(axis=1)", ".sum(axis=1) / CG")),
        wrong("only the first channel",
              "Your filters read one channel only. A filter has a slice for each channel of its group, and adds over all of them.",
              ("(seen * w[k]).reshape(N, CG * FH * FW)", "(seen[:, :1] * w[k, :1]).reshape(N, FH * FW)")),
        wrong("one slice for all channels",
              "You used a filter's first slice for every channel. Channel c has a slice of its own, w[k, c].",
              ("seen * w[k]", "seen * w[k, :1]")),
        wrong("only the first picture",
              "Every picture of your batch comes out as the first. Picture n is made of x[n].",
              ("(seen * w[k]).reshape(N, CG * FH * FW)", "(seen[:1] * w[k]).reshape(1, CG * FH * FW)")),
        wrong("cut to whole numbers",
              "Your results are cut to whole numbers where x holds integers: np.zeros_like(x) and dtype=x.dtype take over its type. Make `out` float.",
              ("np.empty((N, K, OH, OW))", "np.empty((N, K, OH, OW), x.dtype)")),
    ),
)
