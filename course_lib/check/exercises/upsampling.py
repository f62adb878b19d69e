"""08_pooling_and_softmax: the transposed convolution, which makes a picture larger with weights of its own."""

from __future__ import annotations

import numpy as np

from ... import conv
from ..exercise import Case, Exercise, wrong
from ..inputs import whole

# --- the right answer, as a student would write it ---------------------------------------------------------------------


def conv_transpose(x, w, stride=1, pad=0):
    N, C, H, W = x.shape
    K, FH, FW = w.shape[1:]
    OH = stride * (H - 1) + FH
    OW = stride * (W - 1) + FW
    full = np.zeros((N, K, OH, OW))
    for i in range(H):
        for j in range(W):
            top, left = stride * i, stride * j
            stamp = np.einsum("nc,ckuv->nkuv", x[:, :, i, j], w)
            full[:, :, top:top + FH, left:left + FW] += stamp
    return full[:, :, pad:OH - pad, pad:OW - pad]


def _conv_transpose(x, w, stride=1, pad=0):
    return conv.conv_transpose2d_forward(x, w, stride=stride, pad=pad)[0]


# --- cases -------------------------------------------------------------------------------------------------------------


def _case(label: str, x: np.ndarray, w: np.ndarray, stride: int = 1, pad: int = 0, form: str = "") -> Case:
    overlap = "in both directions" if min(w.shape[2:]) > stride else "in one direction" if max(w.shape[2:]) > stride else "none"
    return Case(label, (x, w), {"stride": stride, "pad": pad}, form=form,
                tags={"stride": stride, "pad": pad, "the overlap of stamps": overlap, "N": len(x), "C": x.shape[1], "K": w.shape[1]},
                constants={"C, the number of input channels": x.shape[1]})


def _random(rng: np.random.Generator, label: str, N: int, C: int, K: int, H: int, W: int, FH: int, FW: int, stride: int = 1, pad: int = 0, form: str = "") -> Case:
    x, w = whole(rng, N, C, H, W), whole(rng, C, K, FH, FW, low=-3, high=3)
    x[:, :, 0, 0], x[:, :, -1, -1] = 3.0, -4.0
    w[:, :, 0, 0] = 5.0  # larger than every other weight: no filter looks the same rotated
    return _case(label, x, w, stride, pad, form)


def visible() -> list[Case]:
    rng = np.random.default_rng(84)
    return [
        _case("one row of two, a filter of three, stride 2", np.array([[[[1.0, 2]]]]), np.array([[[[1.0, 10, 100]]]]), 2),
        _case("a 2×2 filter of ones, stride 2: every value four times", np.array([[[[1.0, 2], [3, 4]]]]), np.ones((1, 1, 2, 2)), 2),
        _case("2×2 and 2×2, stride 1", np.array([[[[1.0, -1], [2, 0]]]]), np.array([[[[1.0, 2], [0, 3]]]])),
        _case("2×2 and 3×2, stride 2, padding 1", np.array([[[[1.0, -1], [2, 3]]]]), np.array([[[[1.0, 2], [0, 3], [4, 0]]]]), 2, 1),
        _random(rng, "2 pictures, 2 channels to 3 maps, integers", N=2, C=2, K=3, H=2, W=3, FH=2, FW=1, form="integers"),
        _random(rng, "3 channels to 2 maps, 2×4 filters, stride 3, padding 2, read-only", N=1, C=3, K=2, H=3, W=2, FH=2, FW=4, stride=3, pad=2, form="read-only"),
    ]


def weak() -> list[Case]:
    return [_case("one pixel, a filter of one weight", np.ones((1, 1, 1, 1)), np.array([[[[3.0]]]])), _case("zeros", np.zeros((1, 2, 2, 2)), np.ones((2, 1, 2, 2)))]


def draw(rng: np.random.Generator, N: int = 2, C: int = 2, K: int = 3, H: int = 3, W: int = 4, FH: int = 3, FW: int = 2, stride: int = 2, pad: int = 0, form: str = "") -> Case:
    label = f"N={N}, C={C}, K={K}, {H}×{W} pictures, {FH}×{FW} filters, stride {stride}, padding {pad}{', ' + form if form else ''}"
    return _random(rng, label, N, C, K, H, W, FH, FW, stride, pad, form)


# --- the exercise ------------------------------------------------------------------------------------------------------

STAMP = 'stamp = np.einsum("nc,ckuv->nkuv", x[:, :, i, j], w)'
CROP = "pad:OH - pad, pad:OW - pad]"

TRANSPOSED = Exercise(
    id="08.conv_transpose",
    rows=("C-deconv", "C-unpool2"),
    answer=(conv_transpose,),
    reference=(_conv_transpose,),
    arguments=("x", "w"),
    outputs=("out",),
    visible=visible,
    weak=weak,
    draw=draw,
    hints=(
        "Begin with one channel and no padding. Each input pixel stamps the whole filter, multiplied by the pixel, onto an empty canvas. "
        "From one pixel to the next the stamp moves by the stride.",
        r"$canvas_{n,k,\,Si+u,\,Sj+v} \mathrel{+}= \sum_c x_{ncij}\, w_{ckuv}$ on a canvas of $S(H-1)+FH$ by $S(W-1)+FW$; "
        r"then cut $P$ rows and columns off on every side.",
        "`stamp = np.einsum('nc,ckuv->nkuv', x[:, :, i, j], w)`, `canvas[:, :, stride*i:stride*i+FH, stride*j:stride*j+FW] += stamp`, and "
        "at the end `canvas[:, :, pad:OH-pad, pad:OW-pad]`.",
    ),
    misconceptions=(
        wrong("stamps overwritten",
              "Where stamps overlap, your last one covers those below it. They add up: +=.",
              ("+= stamp", "= stamp")),
        wrong("filter rotated",
              "You stamped the filter rotated by 180°. Each pixel stamps it as it is; the rotation appears when you write the same thing as "
              "a correlation over the zero-stuffed picture.",
              (STAMP, 'stamp = np.einsum("nc,ckuv->nkuv", x[:, :, i, j], w[:, :, ::-1, ::-1])')),
        wrong("stride ignored",
              "Your stamps lie one step apart. The stamp of pixel (i, j) starts at (stride·i, stride·j): that is what makes the picture larger.",
              ("top, left = stride * i, stride * j", "top, left = i, j")),
        wrong("stride for the rows only",
              "You used the stride downwards only. It holds in both directions.",
              ("top, left = stride * i, stride * j", "top, left = stride * i, j")),
        wrong("cut off at the end",
              "You cut all of the padding off at the bottom and right. `pad` rows and columns go on each of the four sides.",
              (CROP, ":OH - 2 * pad, :OW - 2 * pad]")),
        wrong("cut off at the start",
              "You cut all of the padding off at the top and left. `pad` rows and columns go on each of the four sides.",
              (CROP, "2 * pad:, 2 * pad:]")),
        wrong("cleared in place of cut",
              "You moved the picture to the corner and filled up with zeros. The border of the canvas is cut off, and what remains stays as it is.",
              ("return full[:, :, pad:OH - pad, pad:OW - pad]",
               "return np.pad(full, [(0, 0), (0, 0), (pad, pad), (pad, pad)])[:, :, :OH - 2 * pad, :OW - 2 * pad]")),
        wrong("only the first channel",
              "You stamped the first channel only. All C channels stamp onto the same canvas, and add up.",
              (STAMP, 'stamp = np.einsum("n,kuv->nkuv", x[:, 0, i, j], w[0])')),
        wrong("channels averaged",
              "You averaged the channels' stamps. They add up.",
              (STAMP, STAMP + " / C")),
        wrong("one slice for all maps",
              "You stamped w[:, 0] onto every output map. Map k gets the slices w[:, k].",
              (STAMP, STAMP[:-1] + "[:, :1])")),
        wrong("one slice for all channels",
              "You used the first channel's slices for every channel. Channel c stamps w[c].",
              (STAMP, STAMP[:-1] + "[:1] + 0 * w)")),
        wrong("only the first picture",
              "Every picture of your batch comes out as the first. Picture n is made of x[n].",
              ("x[:, :, i, j], w)", "x[:1, :, i, j], w)")),
    ),
)
