"""06_convolution: a filter slid over an image, rotated or not, and the same as a banded matrix."""

from __future__ import annotations

import numpy as np

from ... import conv
from ..exercise import Case, Exercise, wrong
from ..inputs import whole
from .conv_sizes import SYMMETRIC, sizes_of

# --- the right answers, as a student would write them ------------------------------------------------------------------


def slide_both_ways(image, kernel, stride=1, pad=0):
    FH, FW = kernel.shape
    padded = np.pad(image, pad)
    rotated = kernel[::-1, ::-1]
    OH = (padded.shape[0] - FH) // stride + 1
    OW = (padded.shape[1] - FW) // stride + 1
    both = np.empty((2, OH, OW))
    for i in range(OH):
        for j in range(OW):
            top, left = stride * i, stride * j
            window = padded[top:top + FH, left:left + FW]
            both[0, i, j] = np.sum(window * kernel)
            both[1, i, j] = np.sum(window * rotated)
    return tuple(both)


def conv_matrix(theta, n, stride=1, pad=0):
    F = len(theta)
    outputs = (n + 2 * pad - F) // stride + 1
    M = np.zeros((outputs, n))
    for i in range(outputs):
        for u in range(F):
            column = stride * i + u - pad
            if 0 <= column and column < n:
                M[i, column] = theta[u]
    return M


# --- the same from the library -----------------------------------------------------------------------------------------


def _both_ways(image, kernel, stride=1, pad=0):
    return conv.correlate2d(image, kernel, stride=stride, pad=pad), conv.convolve2d(image, kernel, stride=stride, pad=pad)


def _conv_matrix(theta, n, stride=1, pad=0):
    return conv.conv_matrix(theta, n, stride=stride, pad=pad)


# --- cases: sliding ----------------------------------------------------------------------------------------------------

IMAGE_C = np.array([[3.0, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]])
KERNEL_C = np.array([[0.0, 1, 2], [2, 2, 0], [0, 1, 2]])
IMAGE_D = np.array([[1.0, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]])
KERNEL_D = np.array([[1.0, 0, 1], [0, 1, 0], [1, 0, 1]])
BLUR = np.array([[0.107, 0.113, 0.107], [0.113, 0.119, 0.113], [0.107, 0.113, 0.107]])
VERTICAL_EDGES = np.array([[1.0, 0, -1], [1, 0, -1], [1, 0, -1]])
ROOF = np.array([[182, 190, 88, 61], [187, 171, 70, 66], [191, 120, 64, 72]])  # bytes: sky at the left, a dark roof at the right


def _slide_case(label: str, image: np.ndarray, kernel: np.ndarray, stride: int = 1, pad: int = 0, form: str = "") -> Case:
    sizes = sizes_of(image.shape, kernel.shape, stride, pad)
    same = np.array_equal(kernel, kernel[::-1, ::-1])
    return Case(label, (image, kernel), {"stride": stride, "pad": pad}, form=form,
                tags={"stride": sizes.pop("stride"), "pad": pad, "the filter": "the same when rotated" if same else "another when rotated", **sizes},
                constants={"the number of weights in the filter": kernel.size})


def slide_visible() -> list[Case]:
    rng = np.random.default_rng(62)
    return [
        _slide_case("the worked 2×3 image and 2×2 filter", np.array([[1.0, 2, 0], [3, 1, 4]]), np.array([[1.0, 2], [0, -1]])),
        _slide_case("lecture D's signal, as an image of one row", np.array([[1.0, 1, 1, 0, 0]]), np.array([[1.0, 0, 1]])),
        _slide_case("a 2×2 image, padding 2, read-only", np.array([[2.0, -1], [1, 3]]), np.array([[1.0, 0, -2], [3, 1, 2]]), 1, 2, "read-only"),
        _slide_case("stride 2, a column left over", whole(rng, 3, 6), np.array([[1.0, -2], [3, 0]]), 2),
        _slide_case("a piece of a photograph, bytes of type int, lecture A's blur", ROOF, BLUR, 1, 1),
        _slide_case("the same piece, vertical edges", ROOF, VERTICAL_EDGES),
        _slide_case("lecture C's image and filter", IMAGE_C, KERNEL_C),
        _slide_case("lecture D's image and filter", IMAGE_D, KERNEL_D),
        _slide_case("a 6×5 image, stride 3, padding 2", whole(rng, 6, 5), np.array([[2.0, 1, -1, 3], [0, -2, 1, 1]]), 3, 2),
    ]


def slide_weak() -> list[Case]:
    return [_slide_case("a symmetric filter, stride 1, no padding", np.arange(20.0).reshape(4, 5), SYMMETRIC),
            _slide_case("a 1×1 filter", np.arange(6.0).reshape(2, 3), np.array([[3.0]])), _slide_case("zeros all over", np.zeros((3, 4)), np.zeros((2, 2)))]


def slide_draw(rng: np.random.Generator, H: int = 5, W: int = 6, FH: int = 2, FW: int = 3, stride: int = 1, pad: int = 0, form: str = "") -> Case:
    """form: one of a case's, or "bytes": an image of type int with a filter of fractions."""
    image, kernel = whole(rng, H, W), whole(rng, FH, FW)
    kernel[0, 0], kernel[-1, -1] = 5.0, -5.0  # no filter is symmetric in any way
    if form == "bytes":
        image, kernel, form = rng.integers(0, 256, (H, W)), kernel / 8, ""
    return _slide_case(f"{H}×{W} image, {FH}×{FW} filter, stride {stride}, padding {pad}", image, kernel, stride, pad, form)


# --- cases: the matrix -------------------------------------------------------------------------------------------------


def _matrix_case(label: str, theta: list | np.ndarray, n: int, stride: int = 1, pad: int = 0, form: str = "") -> Case:
    return Case(label, (np.array(theta, dtype=float), n), {"stride": stride, "pad": pad}, form=form, tags={"stride": stride, "pad": pad})


def matrix_visible() -> list[Case]:
    return [
        _matrix_case("three weights on four numbers", [2, 3, 5], 4),
        _matrix_case("padding 1: as many rows as columns", [2, 3, 5], 5, 1, 1),
        _matrix_case("lecture D's θ on five numbers", [1, 0, 1], 5),
        _matrix_case("two weights, stride 2, padding 1, read-only", [4, -1], 5, 2, 1, "read-only"),
        _matrix_case("four weights, padding 3", [1, -2, 3, 4], 3, 1, 3),
        _matrix_case("stride 3, padding 2, a number left over", [3, 1, -2], 9, 3, 2),
    ]


def matrix_weak() -> list[Case]:
    return [_matrix_case("one weight", [3], 4), _matrix_case("equal weights, no padding", [2, 2], 5), _matrix_case("one place", [2, 2], 2),
            _matrix_case("no weight but zero", [0, 0, 0], 5, 2, 1)]


def matrix_draw(rng: np.random.Generator, n: int = 7, F: int = 3, stride: int = 1, pad: int = 0, form: str = "") -> Case:
    """Weights between -9 and 9, none 0, all different."""
    theta = rng.choice(np.arange(1.0, 10.0), F, replace=False) * rng.choice([-1.0, 1.0], F)
    return _matrix_case(f"{F} weights on {n} numbers, stride {stride}, padding {pad}{', ' + form if form else ''}", theta, n, stride, pad, form)


# --- exercises ---------------------------------------------------------------------------------------------------------

BOTH_WAYS = Exercise(
    id="06.slide_both_ways",
    rows=("A-conv", "A-filters", "D-kernels", "D-conv1d", "D-conv2d", "C-conv2d", "X-7"),
    answer=(slide_both_ways,),
    reference=(_both_ways,),
    arguments=("image", "kernel"),
    outputs=("correlation", "convolution"),
    visible=slide_visible,
    weak=slide_weak,
    draw=slide_draw,
    hints=(
        "Both do the same walk: pad once, visit every place, cut out the window there, multiply, add. Only one of them turns the filter first.",
        r"$correlation_{ij} = \sum_{u,v} x_{(Si+u)(Sj+v)}\, k_{uv}$ on the padded $x$; for the convolution put $k_{(FH-1-u)(FW-1-v)}$ in its place.",
        "`padded = np.pad(image, pad)`; for each i, j: `window = padded[stride*i:stride*i+FH, stride*j:stride*j+FW]`, then "
        "`np.sum(window * kernel)` and `np.sum(window * kernel[::-1, ::-1])`.",
    ),
    misconceptions=(
        wrong("convolution not rotated",
              "Your convolution lays the filter on as it is: that is the cross-correlation once more. A true convolution rotates the filter by "
              "180°. With filters that look the same rotated you cannot tell.",
              ("window * rotated", "window * kernel")),
        wrong("both rotated",
              "Your correlation rotates the filter as well. A cross-correlation lays it on as it is; only the true convolution rotates it.",
              ("window * kernel", "window * rotated")),
        wrong("the two swapped",
              "You rotated the filter for the cross-correlation and left it for the convolution. It is the other way round, although frameworks "
              "call their cross-correlation `conv`.",
              ("tuple(both)", "tuple(both[::-1])")),
        wrong("mirrored left to right only",
              "For the convolution you reversed the columns of the filter only. A rotation by 180° reverses rows and columns: "
              "kernel[::-1, ::-1].",
              ("kernel[::-1, ::-1]", "kernel[:, ::-1]")),
        wrong("mirrored top to bottom only",
              "For the convolution you reversed the rows of the filter only. A rotation by 180° reverses rows and columns: kernel[::-1, ::-1].",
              ("kernel[::-1, ::-1]", "kernel[::-1]")),
        wrong("image rotated, not the filter",
              "For the convolution you rotated the image. That gives the right numbers in the wrong places, upside down and backwards; "
              "rotate the filter.",
              ("np.sum(window * rotated)", "np.sum(padded[::-1, ::-1][top:top + FH, left:left + FW] * kernel)")),
        wrong("stride ignored",
              "You moved the window one step at a time. The window of output (i, j) starts at (stride·i, stride·j) of the padded image.",
              ("top, left = stride * i, stride * j", "top, left = i, j")),
        wrong("stride in one direction",
              "You used the stride for the rows and moved one column at a time. Both directions step by the stride.",
              ("top, left = stride * i, stride * j", "top, left = stride * i, j")),
        wrong("windows from the far corner",
              "You lined the windows up with the bottom right corner. They start at the top left; what is left over lies at the end.",
              ("top, left = stride * i, stride * j",
               "top, left = padded.shape[0] - FH - stride * (OH - 1 - i), padded.shape[1] - FW - stride * (OW - 1 - j)")),
        wrong("padding on one side",
              "You put all the padding below and to the right. `pad` zeros belong on each of the four sides.",
              ("np.pad(image, pad)", "np.pad(image, (0, 2 * pad))")),
        wrong("edge repeated",
              "You padded with copies of the image's edge. The padding here is zeros.",
              ("np.pad(image, pad)", 'np.pad(image, pad, mode="edge")')),
        wrong("mean for the sum",
              "You took the mean of the products. A convolution adds them up; what makes a blur an average is that its weights sum to 1.",
              ("np.sum(window * kernel)", "np.mean(window * kernel)"), ("np.sum(window * rotated)", "np.mean(window * rotated)")),
        wrong("cut to whole numbers",
              "Your results are cut to whole numbers where the image holds integers: np.zeros_like(image) and dtype=image.dtype take over its "
              "type. Make the results float.",
              ("np.empty((2, OH, OW))", "np.empty((2, OH, OW), image.dtype)")),
    ),
)

MATRIX = Exercise(
    id="06.conv_matrix",
    rows=("D-toeplitz", "D-conv1d"),
    answer=(conv_matrix,),
    reference=(_conv_matrix,),
    arguments=("theta", "n"),
    outputs=("M",),
    visible=matrix_visible,
    weak=matrix_weak,
    draw=matrix_draw,
    hints=(
        "Row i of M makes output i. Which inputs does window i cover, and with which weight each? All other entries of the row are 0.",
        r"$M_{i,\,Si+u-P} = \theta_u$, where that column exists. A column below 0 or from n on stands for padding, and padding is no input.",
        "Start with `M = np.zeros((outputs, n))`, outputs = (n + 2·pad - F) // stride + 1. For each i and u: `column = stride*i + u - pad`, and "
        "`if 0 <= column < n: M[i, column] = theta[u]`.",
    ),
    misconceptions=(
        wrong("weights reversed",
              "Your rows hold θ backwards: that is the matrix of a true convolution. For the cross-correlation θ stands in its own order.",
              ("theta[u]", "theta[F - 1 - u]")),
        wrong("wrapped round both ends",
              "A weight that falls off one end comes in again at the other: that is a circular convolution. Beyond the ends lies padding, zeros "
              "that are no inputs: drop those weights.",
              ("if 0 <= column and column < n:", "if True:"), ("M[i, column]", "M[i, column % n]")),
        wrong("negative columns wrapped",
              "A column below 0 counts from the end in Python, so the weights that meet the padding on the left landed in the last columns. "
              "Leave them out: 0 <= column.",
              ("0 <= column and column < n", "column < n")),
        wrong("padding's weights moved to the edge",
              "You gave the weights that meet the padding to the first and the last input. The padding is zeros, so those weights have no effect.",
              ("if 0 <= column and column < n:", "if True:"), ("M[i, column] =", "M[i, min(max(column, 0), n - 1)] +=")),
        wrong("padding not subtracted",
              "Your first window starts at the first input. With padding P it starts P places before: column = stride·i + u - P.",
              ("stride * i + u - pad", "stride * i + u")),
        wrong("all padding on the left",
              "You put the whole padding, 2P, before the first input. P belongs on either side.",
              ("stride * i + u - pad", "stride * i + u - 2 * pad")),
        wrong("stride ignored",
              "Each of your rows is the one above moved by one. With stride S it moves by S.",
              ("stride * i + u - pad", "i + u - pad")),
        wrong("stride between the weights",
              "You put the stride between the weights, as a dilation does. The weights of a row are neighbours; the stride lies between one row "
              "and the next.",
              ("stride * i + u - pad", "i + stride * u - pad")),
        wrong("rows from the bottom",
              "Your rows come in reverse: the first row should belong to the first window, the leftmost.",
              ("M[i, column]", "M[outputs - 1 - i, column]")),
    ),
)
