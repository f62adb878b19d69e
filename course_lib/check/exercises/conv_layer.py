"""07_conv_backward, last part: the whole layer, with batches, channels, stride and padding."""

from __future__ import annotations

import numpy as np

from ...conv import conv2d_backward as library_backward
from ...conv import conv2d_forward as library_forward
from ..exercise import Case, Exercise, wrong
from ..inputs import whole
from .conv_sizes import SYMMETRIC, output_shape, sizes_of

# --- the right answer, as a student would write it ---------------------------------------------------------------------


def conv2d_backward(dout, x, w, stride=1, pad=0):
    N, C, H, W = x.shape
    K, C, FH, FW = w.shape
    OH, OW = dout.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    spread = np.zeros(padded.shape)
    dw = np.zeros(w.shape)
    for i in range(OH):
        for j in range(OW):
            top, left = stride * i, stride * j
            rows, columns = slice(top, top + FH), slice(left, left + FW)
            upstream = dout[:, :, i, j]
            dw += np.einsum("nk,ncuv->kcuv", upstream, padded[:, :, rows, columns])
            spread[:, :, rows, columns] += np.einsum("nk,kcuv->ncuv", upstream, w)
    dx = spread[:, :, pad:pad + H, pad:pad + W]
    db = dout.sum(axis=(0, 2, 3))
    return dx, dw, db


# --- the same from the library -----------------------------------------------------------------------------------------


def layer_gradients(dout, x, w, stride=1, pad=0):
    _, cache = library_forward(x, w, np.zeros(len(w)), stride=stride, pad=pad)
    return library_backward(dout, cache)


# --- cases -------------------------------------------------------------------------------------------------------------


def _layer_case(label: str, dout: np.ndarray, x: np.ndarray, w: np.ndarray, stride: int = 1, pad: int = 0, form: str = "") -> Case:
    (N, C), K = x.shape[:2], len(w)
    sizes = sizes_of(x.shape, w.shape, stride, pad)
    return Case(label, (dout, x, w), {"stride": stride, "pad": pad}, form=form,
                tags={"stride": sizes.pop("stride"), "pad": pad, "N": N, "C": C, "K": K, **sizes},
                constants={"N, the number of items in the batch,": N, "C, the number of input maps,": C,
                           "K, the number of filters,": K, "the number of output positions": dout[0, 0].size})


def _random_layer(rng: np.random.Generator, label: str, N: int, C: int, K: int, H: int, W: int, FH: int, FW: int,
                  stride: int, pad: int, form: str = "") -> Case:
    """form: one of a case's, or "integer pictures": only x is of type int, and the upstream gradients are halves."""
    x, w = whole(rng, N, C, H, W), whole(rng, K, C, FH, FW)
    w[0, 0, 0, 0] = 5.0  # larger than every other weight: no filter is symmetric, no output is zero throughout
    dout = whole(rng, N, K, *output_shape(x.shape, w.shape, stride, pad))
    if form == "integer pictures":
        x, dout, form = x.astype(np.int64), dout / 2, ""
    return _layer_case(label, dout, x, w, stride, pad, form)


def layer_visible() -> list[Case]:
    rng = np.random.default_rng(71)
    return [
        _layer_case("one 2×3 picture with 2 maps, 2 filters of 2×2", np.array([[[[1.0, -1]], [[2, 3]]]]),
                    np.array([[[[1.0, 2, 0], [3, -1, 1]], [[0, 1, 2], [-2, 4, 1]]]]),
                    np.array([[[[1.0, 2], [0, -1]], [[3, 1], [-2, 0]]], [[[2, 0], [1, 1]], [[-1, 4], [0, 2]]]])),
        _random_layer(rng, "two pictures, stride 2, one column left over", N=2, C=1, K=1, H=3, W=4, FH=1, FW=2, stride=2, pad=0),
        _random_layer(rng, "two pictures of type int, padding 2", N=2, C=1, K=1, H=2, W=1, FH=3, FW=2, stride=1, pad=2, form="integer pictures"),
        _random_layer(rng, "2 pictures, 2 maps, 3 filters, stride 2, padding 1", N=2, C=2, K=3, H=4, W=5, FH=3, FW=2, stride=2, pad=1),
        _random_layer(rng, "2 pictures, 3 maps, 2 filters, stride 3, padding 2", N=2, C=3, K=2, H=5, W=7, FH=4, FW=2, stride=3, pad=2),
    ]


def layer_weak() -> list[Case]:
    return [_layer_case("one picture, one map, one symmetric filter, stride 1, padding 1, an upstream gradient of ones",
                        np.ones((1, 1, 4, 4)), np.arange(16.0).reshape(1, 1, 4, 4), SYMMETRIC[None, None], 1, 1),
            _layer_case("a 1×1 filter, stride 1", np.ones((1, 1, 2, 2)), np.ones((1, 1, 2, 2)), np.array([[[[3.0]]]]))]


def layer_draw(rng: np.random.Generator, N: int = 2, C: int = 3, K: int = 4, H: int = 5, W: int = 6, FH: int = 3, FW: int = 2,
               stride: int = 1, pad: int = 0, form: str = "") -> Case:
    label = f"N={N}, C={C}, K={K}, {H}×{W} maps, {FH}×{FW} filters, stride {stride}, padding {pad}"
    return _random_layer(rng, label, N, C, K, H, W, FH, FW, stride, pad, form)


# --- the exercise ------------------------------------------------------------------------------------------------------

LAYER = Exercise(
    id="07.conv2d_backward",
    rows=("A-multichannel", "C-stride2", "C-rotated"),
    answer=(conv2d_backward,),
    reference=(layer_gradients,),
    arguments=("dout", "x", "w"),
    outputs=("dx", "dw", "db"),
    visible=layer_visible,
    weak=layer_weak,
    draw=layer_draw,
    hints=(
        "Pad x as the forward pass did, then visit every output position. The window there gave its numbers to every filter "
        "k of every picture n. What flows to the filters, and what flows back into the window?",
        r"At each output position: $dw_{kcuv} \mathrel{+}= \sum_n dout_{nk}\, patch_{ncuv}$ and "
        r"$dpatch_{ncuv} \mathrel{+}= \sum_k dout_{nk}\, w_{kcuv}$. And $db_k = \sum_{n,i,j} dout_{nkij}$.",
        "With `d = dout[:, :, i, j]` of shape (N, K): `dw += np.einsum('nk,ncuv->kcuv', d, patch)` and add "
        "`np.einsum('nk,kcuv->ncuv', d, w)` to the window of a zero array of the padded shape. At the end cut "
        "`[:, :, pad:pad+H, pad:pad+W]`.",
    ),
    misconceptions=(
        wrong("stride ignored",
              "You moved the window one step at a time. The window of output (i, j) starts at (stride·i, stride·j) of the padded "
              "input, in dx and in dw. At stride 1 nobody can tell.",
              ("top, left = stride * i, stride * j", "top, left = i, j")),
        wrong("stride ignored in dx",
              "Your dw honours the stride and your dx does not: what comes back from output (i, j) belongs to the window that "
              "starts at (stride·i, stride·j).",
              ("spread[:, :, rows, columns] +=", "spread[:, :, i:i + FH, j:j + FW] +=")),
        wrong("stride ignored in dw",
              "Your dx honours the stride and your dw does not: output (i, j) multiplied the filter with the patch that starts "
              "at (stride·i, stride·j).",
              ("upstream, padded[:, :, rows, columns])", "upstream, padded[:, :, i:i + FH, j:j + FW])")),
        wrong("one row cropped whatever the padding",
              "You cut off one row and one column of padding whatever `pad` is, like [1:-1]. With padding p the picture starts "
              "at row p and column p.",
              ("spread[:, :, pad:pad + H, pad:pad + W]", "spread[:, :, min(pad, 1):min(pad, 1) + H, min(pad, 1):min(pad, 1) + W]")),
        wrong("padding cropped at the end only",
              "You took the top left corner of the padded gradient. The padding lies on all four sides, so the picture starts "
              "at row p and column p.",
              ("spread[:, :, pad:pad + H, pad:pad + W]", "spread[:, :, :H, :W]")),
        wrong("padding cropped at the start only",
              "You took the bottom right corner of the padded gradient. The padding lies on all four sides: start at row and "
              "column p and stop after H rows and W columns.",
              ("spread[:, :, pad:pad + H, pad:pad + W]", "spread[:, :, 2 * pad:, 2 * pad:]")),
        wrong("padding on one side",
              "For dw you padded x at the bottom and right only. The forward pass put `pad` zeros on each of the four sides, and "
              "the patches must be the ones that it saw.",
              ("(pad, pad), (pad, pad)", "(0, 2 * pad), (0, 2 * pad)")),
        wrong("overlap overwritten",
              "Where windows overlap you kept the last one's share of dx. A pixel gets the sum of what all its windows send "
              "back: `+=`, not `=`.",
              ("spread[:, :, rows, columns] +=", "spread[:, :, rows, columns] =")),
        wrong("filter turned the wrong way",
              "In dx every filter is turned by 180° from what it should be. In the scatter form it goes in as it is; only the "
              "gather form, which slides over the zero-stuffed dout, needs it rotated.",
              ("upstream, w)", "upstream, w[:, :, ::-1, ::-1])")),
        wrong("filter flipped in one axis",
              "In dx the filter is flipped in one axis only. A rotation by 180° flips both rows and columns (gather form); the "
              "scatter form flips neither.",
              ("upstream, w)", "upstream, w[:, :, :, ::-1])")),
        wrong("channels reshaped instead of swapped",
              "In dx you turned (K, C) into (C, K) by a reshape. That deals the filters out anew; swapping the axes takes a "
              "transpose: np.swapaxes(w, 0, 1).",
              ('np.einsum("nk,kcuv->ncuv", upstream, w)', 'np.einsum("nk,ckuv->ncuv", upstream, w.reshape(C, K, FH, FW))')),
        wrong("input maps mixed",
              "In dx every input map gets the same gradient: you summed over the input maps c as well. Map c is reached only "
              "through the slices w[:, c]; the sum runs over the filters k.",
              ('np.einsum("nk,kcuv->ncuv", upstream, w)', 'np.einsum("nk,kcuv->nuv", upstream, w)[:, None]')),
        wrong("only the last filter",
              "Your dx holds the last filter's share only. Every one of the K output maps looked at this input, so their "
              "contributions add up.",
              ('np.einsum("nk,kcuv->ncuv", upstream, w)', 'np.einsum("nk,kcuv->ncuv", upstream[:, -1:], w[-1:])')),
        wrong("filters mixed",
              "In dw every filter gets the same gradient: you summed dout over the filters k. Filter k made output map k alone, "
              "so only dout[:, k] reaches it.",
              ('np.einsum("nk,ncuv->kcuv", upstream,', 'np.einsum("nk,ncuv->cuv", upstream,')),
        wrong("only the last window",
              "Your dw holds what the last window gave. Every window used the filters, so their shares add up: `+=`, not `=`.",
              ('dw += np.einsum', 'dw = np.einsum')),
        wrong("only the last window of the last picture",
              "You kept what the last window of the last picture gave, and nothing of the others. All of them add up: `+=`, not `=`.",
              ('dw += np.einsum("nk,ncuv->kcuv", upstream, padded[:, :, rows, columns])',
               'dw = np.einsum("nk,ncuv->kcuv", upstream[-1:], padded[-1:, :, rows, columns])'),
              ("dout.sum(axis=(0, 2, 3))", "dout[-1, :, -1, -1]")),
        wrong("only the last picture",
              "Your dw comes from the last picture of the batch only. The filters are shared by all pictures, so the sum runs "
              "over n too.",
              ('np.einsum("nk,ncuv->kcuv", upstream, padded[:, :, rows, columns])',
               'np.einsum("nk,ncuv->kcuv", upstream[-1:], padded[-1:, :, rows, columns])')),
        wrong("upstream gradient rotated in dw",
              "In dw you ran through dout backwards, as a true convolution would. The layer is a cross-correlation: the first "
              "patch goes with dout[:, :, 0, 0].",
              ("upstream, padded[:, :, rows, columns])", "dout[:, :, OH - 1 - i, OW - 1 - j], padded[:, :, rows, columns])")),
        wrong("windows counted from the far corner",
              "You lined the windows up with the bottom right corner. They start at the top left; rows and columns left over at "
              "the end are never looked at and get gradient zero.",
              ("top, left = stride * i, stride * j",
               "top, left = H + 2 * pad - FH - stride * (OH - 1 - i), W + 2 * pad - FW - stride * (OW - 1 - j)")),
        wrong("mean over the batch",
              "You divided by N. The mean over the batch belongs to the loss, and is in dout already; a layer only sums.",
              ("return dx, dw, db", "return dx, dw / N, db / N")),
        wrong("gradient cut to whole numbers",
              "Where x holds integers, as pictures often do, your dx is cut to whole numbers: np.zeros_like(x) takes over x's type. Make "
              "it float: np.zeros(x.shape).",
              ("return dx, dw, db", "return dx.astype(x.dtype), dw, db")),
        wrong("bias gradient averaged",
              "You took the mean for db. The bias was added once for every picture and every position, so its gradient is the "
              "sum over all of them.",
              ("dout.sum(axis=(0, 2, 3))", "dout.mean(axis=(0, 2, 3))")),
        wrong("bias gradient over all filters",
              "You summed dout over the filters too. Each filter has a bias of its own: db has K entries, and entry k sums "
              "dout[:, k].",
              ("dout.sum(axis=(0, 2, 3))", "np.full(K, dout.sum())")),
    ),
)
