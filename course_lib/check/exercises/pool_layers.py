"""08_pooling_and_softmax: max pooling forward and backward, and the way back through average pooling."""

from __future__ import annotations

import numpy as np

from ... import pool
from ..exercise import Case, Exercise, wrong
from ..inputs import whole

IMAGE_B = np.array([[1.0, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])
IMAGE_C = np.array([[0.1, 0.5, 1.2, -0.7], [0.8, -0.2, -0.5, 0.3], [0.4, 0.9, -0.1, -0.2], [-0.6, 0.1, 0.5, 0.3]])
UPSTREAM_C = np.array([[1.3, 0.5], [0.4, 0.1]])

# --- the right answers, as a student would write them ------------------------------------------------------------------


def max_pool_forward(x, size, stride, pad=0):
    FH, FW = size
    sides = [(0, 0), (0, 0), (pad, pad), (pad, pad)]
    padded = np.pad(x.astype(float), sides, constant_values=-np.inf)
    N, C, H, W = padded.shape
    OH = (H - FH) // stride + 1
    OW = (W - FW) // stride + 1
    out = np.empty((N, C, OH, OW))
    for i in range(OH):
        for j in range(OW):
            top, left = stride * i, stride * j
            window = padded[:, :, top:top + FH, left:left + FW]
            out[:, :, i, j] = window.max(axis=(2, 3))
    return out


def max_pool_backward(dout, x, size, stride, pad=0):
    FH, FW = size
    sides = [(0, 0), (0, 0), (pad, pad), (pad, pad)]
    padded = np.pad(x.astype(float), sides, constant_values=-np.inf)
    H, W = padded.shape[2:]
    dpadded = np.zeros(padded.shape)
    for n, c, i, j in np.ndindex(*dout.shape):
        top, left = stride * i, stride * j
        window = padded[n, c, top:top + FH, left:left + FW]
        region = dpadded[n, c, top:top + FH, left:left + FW]
        wins = np.zeros(FH * FW)
        wins[window.argmax()] = 1
        share = dout[n, c, i, j] * wins.reshape(FH, FW)
        region += share
    return dpadded[:, :, pad:H - pad, pad:W - pad]


def avg_pool_backward(dout, x_shape, size, stride, pad=0):
    N, C, H, W = x_shape
    FH, FW = size
    dpadded = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            top, left = stride * i, stride * j
            region = dpadded[:, :, top:top + FH, left:left + FW]
            share = dout[:, :, i, j] / (FH * FW)
            region += share[:, :, None, None]
    HP, WP = dpadded.shape[2:]
    return dpadded[:, :, pad:HP - pad, pad:WP - pad]


# --- the same from the library -----------------------------------------------------------------------------------------


def _max_pool_forward(x, size, stride, pad=0):
    return pool.max_pool2d_forward(x, size, stride=stride, pad=pad)[0]


def _max_pool_backward(dout, x, size, stride, pad=0):
    return pool.max_pool2d_backward(dout, pool.max_pool2d_forward(x, size, stride=stride, pad=pad)[1])


def _avg_pool_backward(dout, x_shape, size, stride, pad=0):
    return pool.avg_pool2d_backward(dout, pool.avg_pool2d_forward(np.zeros(x_shape), size, stride=stride, pad=pad)[1])


# --- cases -------------------------------------------------------------------------------------------------------------


def _tags(shape: tuple, size: tuple, stride: int, pad: int) -> dict:
    return {"pad": pad, "stride": stride, "the overlap of windows": "in both directions" if min(size) > stride else "in one direction" if max(size) > stride else "none",
            "the window": "square" if size[0] == size[1] else "not square", "N": shape[0], "C": shape[1]}


def _constants(size: tuple) -> dict:
    return {"the number of pixels in a window": size[0] * size[1]}


def _forward_case(label: str, x: np.ndarray, size: tuple, stride: int, pad: int = 0, form: str = "") -> Case:
    return Case(label, (x, size, stride), {"pad": pad}, form=form, tags=_tags(x.shape, size, stride, pad), constants=_constants(size))


def _backward_case(label: str, x: np.ndarray, dout: np.ndarray, size: tuple, stride: int, pad: int = 0, form: str = "") -> Case:
    tied = any(np.sum(np.asarray(w) == w.max()) > 1 for w in _windows(x, size, stride, pad))
    return Case(label, (dout, x, size, stride), {"pad": pad}, form=form, constants=_constants(size),
                tags={"a tie": "present" if tied else "absent", **_tags(x.shape, size, stride, pad)})


def _avg_case(label: str, x_shape: tuple, dout: np.ndarray, size: tuple, stride: int, pad: int = 0, form: str = "") -> Case:
    return Case(label, (dout, x_shape, size, stride), {"pad": pad}, form=form, tags=_tags(x_shape, size, stride, pad), constants=_constants(size))


def _windows(x: np.ndarray, size: tuple, stride: int, pad: int) -> list[np.ndarray]:
    padded = np.pad(x, [(0, 0)] * 2 + [(pad, pad)] * 2, constant_values=-np.inf)
    seen = np.lib.stride_tricks.sliding_window_view(padded, size, axis=(2, 3))[:, :, ::stride, ::stride]
    return list(seen.reshape(-1, *size))


def _out_shape(shape: tuple, size: tuple, stride: int, pad: int) -> tuple:
    return (*shape[:2], *((n + 2 * pad - f) // stride + 1 for n, f in zip(shape[2:], size)))


def _picture(rng: np.random.Generator, shape: tuple, values: str) -> np.ndarray:
    """values: "different" in one picture's channel, both signs; "negative", different too; "ties", many equal ones, as after a ReLU."""
    if values == "ties":
        return np.maximum(0, whole(rng, *shape, low=-2, high=2))
    pixels = shape[2] * shape[3]
    x = np.array([rng.permutation(pixels) for _ in range(shape[0] * shape[1])]).reshape(shape) * 1.0
    return x - pixels if values == "negative" else x - pixels // 2


def _upstream(rng: np.random.Generator, shape: tuple) -> np.ndarray:
    """No zeros, no two neighbours alike in size: every route shows."""
    return rng.permutation(np.arange(np.prod(shape)) % 7 + 1.0).reshape(shape) * rng.choice([-1.0, 1], shape)


def forward_visible() -> list[Case]:
    rng = np.random.default_rng(81)
    return [
        _forward_case("lecture B's picture, 2×2, stride 2", IMAGE_B[None, None], (2, 2), 2),
        _forward_case("one negative picture, 2×2, stride 2, padding 1", -IMAGE_B[None, None, :2, :3] - 1, (2, 2), 2, 1),
        _forward_case("windows of 1×2, stride 1: they overlap", np.array([[[[3.0, -5, -2, 1]]]]), (1, 2), 1),
        _forward_case("2 pictures of 2 channels, 2×3, stride 1, integers", _picture(rng, (2, 2, 3, 4), "different"), (2, 3), 1, 0, "integers"),
        _forward_case("3 channels, 3×2, stride 2, padding 1, rows left over, read-only", _picture(rng, (1, 3, 4, 3), "different"), (3, 2), 2, 1, "read-only"),
        _forward_case("stride 3, wider than the window", _picture(rng, (1, 1, 5, 6), "different"), (2, 2), 3),
    ]


def forward_weak() -> list[Case]:
    return [_forward_case("one window over ones", np.ones((1, 1, 2, 2)), (2, 2), 1), _forward_case("windows of one pixel", np.arange(6.0).reshape(1, 1, 2, 3), (1, 1), 1),
            _forward_case("zeros", np.zeros((1, 2, 4, 4)), (2, 2), 2)]


def forward_draw(rng: np.random.Generator, N: int = 2, C: int = 3, H: int = 6, W: int = 5, size: tuple = (2, 2), stride: int = 2, pad: int = 0,
                 values: str = "different", form: str = "") -> Case:
    label = f"N={N}, C={C}, {H}×{W} pictures, windows of {size[0]}×{size[1]}, stride {stride}, padding {pad}{', ' + form if form else ''}"
    return _forward_case(label, _picture(rng, (N, C, H, W), values), size, stride, pad, form)


def backward_visible() -> list[Case]:
    rng = np.random.default_rng(82)
    some = lambda *shape: _upstream(rng, shape)  # noqa: E731
    return [
        _backward_case("one row, windows of 1×2, stride 1: the 3 wins twice", np.array([[[[1.0, 3, 2, 0]]]]), np.array([[[[10.0, 1, 4]]]]), (1, 2), 1),
        _backward_case("one row with ties, windows of 1×3", np.array([[[[2.0, 0, 2, 0, 0, 0]]]]), np.array([[[[5.0, -3]]]]), (1, 3), 3),
        _backward_case("lecture C's activations and gradients", IMAGE_C[None, None], UPSTREAM_C[None, None], (2, 2), 2),
        _backward_case("lecture C's maxima in place of gradients: unpooling", IMAGE_C[None, None], np.array([[[[0.8, 1.2], [0.9, 0.5]]]]), (2, 2), 2),
        _backward_case("a tie between two rows, 3×2, stride 1", np.array([[[[0.0, 4, 1], [4, 0, 0], [1, 2, 4]]]]), np.array([[[[2.0, 7]]]]), (3, 2), 1),
        _backward_case("one negative picture, 2×2, stride 2, padding 1, integers", -IMAGE_B[None, None, :2, :3] - 1, some(1, 1, 2, 2), (2, 2), 2, 1, "integers"),
        _backward_case("2 pictures, 2 channels, 3×2, stride 1", _picture(rng, (2, 2, 4, 3), "different"), some(2, 2, 2, 2), (3, 2), 1),
        _backward_case("after a ReLU, 2×3, stride 2, padding 1, read-only", _picture(rng, (2, 1, 5, 4), "ties"), some(2, 1, 3, 2), (2, 3), 2, 1, "read-only"),
    ]


def backward_weak() -> list[Case]:
    one = np.ones((1, 1, 1, 1))
    return [_backward_case("one pixel", one, one, (1, 1), 1), _backward_case("upstream zeros", np.zeros((1, 1, 2, 2)), 0 * one, (2, 2), 2),
            _backward_case("the maximum at the top left, positive", np.array([[[[2.0, 1], [1, 0]]]]), one, (2, 2), 2)]


def backward_draw(rng: np.random.Generator, N: int = 2, C: int = 2, H: int = 5, W: int = 6, size: tuple = (2, 2), stride: int = 2, pad: int = 0,
                  values: str = "different", form: str = "") -> Case:
    label = f"N={N}, C={C}, {H}×{W} pictures, windows of {size[0]}×{size[1]}, stride {stride}, padding {pad}, values: {values}{', ' + form if form else ''}"
    x = _picture(rng, (N, C, H, W), values)
    return _backward_case(label, x, _upstream(rng, _out_shape(x.shape, size, stride, pad)), size, stride, pad, form)


def avg_visible() -> list[Case]:
    rng = np.random.default_rng(83)
    some = lambda *shape: _upstream(rng, shape)  # noqa: E731
    return [
        _avg_case("one row of three, windows of 1×2, stride 1", (1, 1, 1, 3), np.array([[[[4.0, 10]]]]), (1, 2), 1),
        _avg_case("lecture C's gradients, 2×2, stride 2", (1, 1, 4, 4), UPSTREAM_C[None, None], (2, 2), 2),
        _avg_case("2×3, stride 1, integers", (1, 1, 3, 4), some(1, 1, 2, 2), (2, 3), 1, 0, "integers"),
        _avg_case("2 pictures, 3 channels, 3×2, stride 2, padding 1, read-only", (2, 3, 4, 3), some(2, 3, 2, 2), (3, 2), 2, 1, "read-only"),
        _avg_case("3×3, stride 2, padding 2", (1, 2, 4, 5), some(1, 2, 3, 4), (3, 3), 2, 2),
    ]


def avg_weak() -> list[Case]:
    one = np.ones((1, 1, 1, 1))
    return [_avg_case("one pixel", (1, 1, 1, 1), one, (1, 1), 1), _avg_case("zeros", (1, 2, 2, 2), np.zeros((1, 2, 1, 1)), (2, 2), 2)]


def avg_draw(rng: np.random.Generator, N: int = 2, C: int = 3, H: int = 5, W: int = 6, size: tuple = (2, 2), stride: int = 2, pad: int = 0, form: str = "") -> Case:
    label = f"N={N}, C={C}, {H}×{W} pictures, windows of {size[0]}×{size[1]}, stride {stride}, padding {pad}{', ' + form if form else ''}"
    return _avg_case(label, (N, C, H, W), _upstream(rng, _out_shape((N, C, H, W), size, stride, pad)), size, stride, pad, form)


# --- exercises ---------------------------------------------------------------------------------------------------------

STRIDE, ROWS_ONLY = ("top, left = stride * i, stride * j", "top, left = i, j"), ("top, left = stride * i, stride * j", "top, left = stride * i, j")
WIN = ("wins[window.argmax()] = 1", "wins[:] = (window == window.max()).ravel()")

MAX_FORWARD = Exercise(
    id="08.max_pool_forward",
    rows=("B-maxpool", "B-poolsize", "X-13"),
    answer=(max_pool_forward,),
    reference=(_max_pool_forward,),
    arguments=("x", "size", "stride"),
    outputs=("out",),
    visible=forward_visible,
    weak=forward_weak,
    draw=forward_draw,
    hints=(
        "Pad first, with a value that no pixel can lose against. Then visit each window as you did for the convolution; the largest of its "
        "numbers is the output. All pictures and channels can go at once.",
        r"$out_{ncij} = \max_{u,v}\; x_{n,c,\,Si+u,\,Sj+v}$ on $x$ padded with $-\infty$; "
        r"$OH = \lfloor (H + 2P - FH)/S \rfloor + 1$, and $OW$ likewise.",
        "`padded = np.pad(x.astype(float), [(0, 0), (0, 0), (pad, pad), (pad, pad)], constant_values=-np.inf)`, and for each i, j: "
        "`out[:, :, i, j] = padded[:, :, stride*i:stride*i+FH, stride*j:stride*j+FW].max(axis=(2, 3))`.",
    ),
    misconceptions=(
        wrong("padded with 0",
              "You padded with 0. Among negative pixels the 0 wins, and the output shows a number that was never in the picture. Pad with -∞, "
              "which loses against everything.",
              ("constant_values=-np.inf", "constant_values=0")),
        wrong("started from 0",
              "Your maxima start from 0: a window of negative numbers gives 0. That is a ReLU on top of the pooling; start from the window's "
              "own numbers.",
              ("= window.max(axis=(2, 3))", "= np.maximum(0, window.max(axis=(2, 3)))")),
        wrong("mean in place of the maximum",
              "You took the window's mean. Max pooling hands on its largest number.",
              ("window.max(axis=(2, 3))", "window.mean(axis=(2, 3))")),
        wrong("largest magnitude",
              "You took the largest magnitude. Between -5 and 2 the maximum is 2: signs count.",
              ("window.max(axis=(2, 3))", "np.abs(window).max(axis=(2, 3))")),
        wrong("smallest number", "You took the window's smallest number.", ("window.max(axis=(2, 3))", "window.min(axis=(2, 3))")),
        wrong("one pixel of each window",
              "You kept the first pixel of each window, whatever its value. That only thins the picture out; pooling looks for the largest.",
              ("window.max(axis=(2, 3))", "window[:, :, 0, 0]")),
        wrong("stride ignored",
              "You moved the window one step at a time. Window (i, j) starts at (stride·i, stride·j) of the padded picture.",
              STRIDE),
        wrong("stride for the rows only",
              "You used the stride for the rows and went one column at a time. It holds in both directions.",
              ROWS_ONLY),
        wrong("window's sides swapped",
              "Your windows are FW high and FH wide. `size` is (rows, columns).",
              ("top:top + FH, left:left + FW", "top:top + FW, left:left + FH")),
        wrong("channels pooled together",
              "You took the maximum over the channels too. Each channel is pooled by itself: the depth stays.",
              ("window.max(axis=(2, 3))", "window.max(axis=(1, 2, 3))[:, None]")),
        wrong("pictures pooled together",
              "You took the maximum over the batch too. Pictures have nothing to do with each other.",
              ("window.max(axis=(2, 3))", "window.max(axis=(0, 2, 3))")),
        wrong("padding on one side",
              "You padded at the bottom and right only. `pad` rows and columns belong on each of the four sides.",
              ("(pad, pad), (pad, pad)]", "(0, 2 * pad), (0, 2 * pad)]")),
    ),
)

MAX_BACKWARD = Exercise(
    id="08.max_pool_backward",
    rows=("A-poolback", "C-unpool", "C-unpool2"),
    answer=(max_pool_backward,),
    reference=(_max_pool_backward,),
    arguments=("dout", "x", "size", "stride"),
    outputs=("dx",),
    visible=backward_visible,
    weak=backward_weak,
    draw=backward_draw,
    hints=(
        "Do the forward pass once more, and in each window ask *where* the maximum is, not what it is. There, and only there, its upstream "
        "number arrives. What if the same pixel wins a second window?",
        r"$dx_{\text{winner of }(i,j)} \mathrel{+}= dout_{ij}$, with the first maximum in row-major order as winner; then cut the padding off.",
        "`row, column = np.unravel_index(window.argmax(), window.shape)` (argmax gives the first of equals), then "
        "`dpadded[n, c, stride*i + row, stride*j + column] += dout[n, c, i, j]`, and at the end `dpadded[:, :, pad:pad+H, pad:pad+W]`.",
    ),
    misconceptions=(
        wrong("to every tie",
              "Where several pixels share the maximum you sent the gradient to all of them (`window == window.max()`). That is lecture E's "
              "convention; asked for is the frameworks': the first one alone.",
              WIN),
        wrong("tie shared out",
              "Where several pixels share the maximum you divided the gradient among them. Asked for is the frameworks' convention: the first "
              "gets all of it.",
              (WIN[0], WIN[1] + " / np.sum(window == window.max())")),
        wrong("last of the ties",
              "Of several equal maxima you chose the last. The convention is the first, row by row, as argmax gives it; with `>=` in a search "
              "by hand, later ones win.",
              ("window.argmax()", "FH * FW - 1 - window.ravel()[::-1].argmax()")),
        wrong("ties column by column",
              "Of several equal maxima you chose the first column by column. The convention is row by row.",
              (WIN[0], "wins.reshape(FH, FW).T.flat[np.unravel_index(window.T.argmax(), (FW, FH))[0] * FH + window.T.argmax() % FH] = 1")),
        wrong("overwritten at the winner",
              "A pixel that wins several windows got only the last one's gradient. It moved all these outputs, so their gradients add up: +=.",
              ("region += share", "region[share != 0] = share[share != 0]")),
        wrong("windows overwritten",
              "Each window's gradients replaced those of the windows before it, zeros included. Where windows overlap they add up: +=.",
              ("region += share", "region[:] = share")),
        wrong("to all pixels of the window",
              "Every pixel of the window got the whole gradient. Only the winner reached the output; a slightly larger loser changes nothing.",
              (WIN[0], "wins[:] = 1")),
        wrong("shared among all pixels",
              "You shared the gradient among all pixels of the window: that is average pooling. Here the winner takes it all.",
              (WIN[0], "wins[:] = 1 / (FH * FW)")),
        wrong("multiplied by the maximum",
              "You multiplied by the pixel's value. Where a pixel wins, out = x, and the local gradient is 1.",
              ("share = dout[n, c, i, j] * wins", "share = dout[n, c, i, j] * window.max() * wins")),
        wrong("to the window's corner",
              "You sent each gradient to its window's first pixel. It goes to where the maximum was.",
              (WIN[0], "wins[0] = 1")),
        wrong("padded with 0",
              "You looked for the winner with a padding of 0. Beside negative pixels the padding then wins, and the gradient is cut off with "
              "it. Pad x with -∞.",
              ("constant_values=-np.inf", "constant_values=0")),
        wrong("ReLU's mask as well",
              "Windows with a maximum of 0 or less sent nothing back. That is the ReLU's rule; pooling hands on negative numbers too.",
              ("share = dout[n, c, i, j] * wins", "share = dout[n, c, i, j] * (window.max() > 0) * wins")),
        wrong("stride ignored",
              "You looked for the winners in windows one step apart. Window (i, j) starts at (stride·i, stride·j) of the padded picture.",
              STRIDE),
        wrong("cut off at the wrong end",
              "You cut all of the padding off at the bottom and right. The picture starts at row `pad`, column `pad` of the padded one.",
              ("pad:H - pad, pad:W - pad]", ":H - 2 * pad, :W - 2 * pad]")),
        wrong("winners of the first picture",
              "You used the first picture's winners for the whole batch. Each picture has its own.",
              ("window = padded[n, c,", "window = padded[0, c,")),
        wrong("winners of the first channel",
              "You used the first channel's winners for all channels. Each channel has its own.",
              ("window = padded[n, c,", "window = padded[n, 0,")),
        wrong("winner's number read column by column",
              "You placed argmax's number column by column. It numbers the window's pixels row by row: np.unravel_index(k, (FH, FW)) gives row "
              "and column.",
              ("wins.reshape(FH, FW)", 'wins.reshape(FH, FW, order="F")')),
    ),
)

AVG_BACKWARD = Exercise(
    id="08.avg_pool_backward",
    rows=("O-avgpool",),
    answer=(avg_pool_backward,),
    reference=(_avg_pool_backward,),
    arguments=("dout", "x_shape", "size", "stride"),
    outputs=("dx",),
    visible=avg_visible,
    weak=avg_weak,
    draw=avg_draw,
    hints=(
        "By how much does the window's mean change if one of its pixels changes by 1? The pixels' values do not matter, only where the windows are.",
        r"$dx_{pixel} = \frac{1}{FH\cdot FW}\sum dout_{ij}$ over the windows $(i, j)$ that hold the pixel; then cut the padding off.",
        "`dpadded[:, :, stride*i:stride*i+FH, stride*j:stride*j+FW] += dout[:, :, i, j][:, :, None, None] / (FH * FW)` for each window.",
    ),
    misconceptions=(
        wrong("not divided",
              "Every pixel got the whole gradient. A pixel moves the mean by 1/(FH·FW) of its own change: divide by the window's size.",
              ("/ (FH * FW)", "")),
        wrong("windows overwritten",
              "Where windows overlap you kept the last one's share. A pixel in several windows moves several outputs: shares add up.",
              ("region += share[:, :, None, None]", "region[:] = share[:, :, None, None]")),
        wrong("one pixel gets it",
              "You gave the whole window's share to one pixel. All its pixels move the mean, each as much as the others.",
              ("region += share", "region[:, :, :1, :1] += share")),
        wrong("all to one pixel",
              "You sent the whole gradient to one pixel, as max pooling does. In a mean every pixel has a part, 1/(FH·FW) of it.",
              ("region += share", "region[:, :, :1, :1] += (FH * FW) * share")),
        wrong("divided by the height squared",
              "You divided by FH². The window has FH·FW pixels.",
              ("(FH * FW)", "(FH * FH)")),
        wrong("divided by the height plus the width",
              "You divided by FH + FW. The window has FH·FW pixels.",
              ("(FH * FW)", "(FH + FW)")),
        wrong("divided by the number of windows",
              "You divided by the number of windows. The mean is taken over the pixels of one window: FH·FW.",
              ("/ (FH * FW)", "/ (dout.shape[2] * dout.shape[3])")),
        wrong("divided twice",
              "You divided by the window's size twice.",
              ("/ (FH * FW)", "/ (FH * FW) ** 2")),
        wrong("padding not counted",
              "At the border you divided by the number of pixels inside the picture. In this exercise the padding's zeros count as pixels of "
              "the window, as they do by default in PyTorch: FH·FW everywhere.",
              ("region += share", "region += FH * FW / ((min(top + FH, pad + H) - max(top, pad)) * (min(left + FW, pad + W) - max(left, pad))) * share")),
        wrong("stride ignored",
              "You laid the windows one step apart. Window (i, j) starts at (stride·i, stride·j) of the padded picture.",
              STRIDE),
        wrong("cut off at the wrong end",
              "You cut all of the padding off at the bottom and right. The picture starts at row `pad`, column `pad` of the padded one.",
              ("pad:HP - pad, pad:WP - pad]", ":H, :W]")),
    ),
)
