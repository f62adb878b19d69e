"""10_convnet, before the net: LeNet's sizes by hand, a convolution as one matrix product, and an epoch in five lines."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import conv
from ..compare import as_numbers, describe
from ..exercise import Case, Exercise, ResultForm, wrong
from ..inputs import whole

Rng = np.random.Generator | None

# --- the right answers, as a student would write them ------------------------------------------------------------------


def predict_lenet(*, n=32, f=3, k1=6, k2=16, hidden=120):
    first = n - f + 1
    pooled = first // 2
    second = pooled - f + 1
    last = second // 2
    inputs = k2 * last * last
    conv2 = k2 * (f * f * k1 + 1)
    fc1 = hidden * (inputs + 1)
    return [first, pooled, second, last], inputs, conv2, fc1


def conv_by_columns(x, w, b, stride=1, pad=0):
    N = len(x)
    K, C, FH, FW = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    OH = (padded.shape[2] - FH) // stride + 1
    OW = (padded.shape[3] - FW) // stride + 1
    stack = []
    for n in range(N):
        for i in range(OH):
            for j in range(OW):
                top, left = stride * i, stride * j
                window = padded[n, :, top:top + FH, left:left + FW]
                stack.append(window.ravel())
    columns = np.array(stack).T
    rows = w.reshape(K, C * FH * FW)
    product = rows @ columns + b[:, None]
    out = product.reshape(K, N, OH, OW).transpose(1, 0, 2, 3)
    return columns, out


def train_epoch(net, loss, X, y, order, batch_size, lr):
    losses = []
    for start in range(0, len(order), batch_size):
        batch = order[start:start + batch_size]
        net.zero_grad()
        scores = net.forward(X[batch])
        value, dscores = loss(scores, y[batch])
        net.backward(dscores)
        net.step(lr)
        losses.append(value)
    return np.array(losses)


# --- the same in another way -------------------------------------------------------------------------------------------


def _lenet(*, n=32, f=3, k1=6, k2=16, hidden=120):
    from ...models import Affine, Convolution, MaxPool, Model, summary

    rows = summary(Model([Convolution(k1, f), MaxPool(2), Convolution(k2, f), MaxPool(2), Affine(hidden)], (1, n, n)))
    sizes = [rows[name].output_shape[1] for name in ("conv1", "pool1", "conv2", "pool2")]
    return sizes, int(np.prod(rows["pool2"].output_shape)), rows["conv2"].parameters, rows["fc1"].parameters


def _conv_by_columns(x, w, b, stride=1, pad=0):
    padded = np.pad(np.asarray(x, float), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    columns = seen.transpose(1, 4, 5, 0, 2, 3).reshape(w[0].size, -1)
    return columns, conv.conv2d_forward(x, w, b, stride=stride, pad=pad)[0]


def _train_epoch(net, loss, X, y, order, batch_size, lr):
    losses = np.zeros(-(-len(order) // batch_size))
    for k, batch in enumerate(np.split(order, range(batch_size, len(order), batch_size))):
        net.zero_grad()
        losses[k], dscores = loss(net.forward(X[batch]), y[batch])
        net.backward(dscores)
        net.step(lr)
    return losses


# --- LeNet by hand -----------------------------------------------------------------------------------------------------


def lenet_numbers(rng: Rng) -> dict[str, Any]:
    if rng is None:
        return {"n": 32, "f": 3, "k1": 6, "k2": 16, "hidden": 120}
    f = int(rng.choice([3, 5]))
    last = int(rng.integers(5, 10))
    pooled = 2 * last + 1 + f - 1  # the second pooling leaves a row and a column unread
    return {"n": 2 * pooled + f - 1, "f": f, "k1": int(rng.integers(4, 9)), "k2": int(rng.choice([10, 12, 16, 20])), "hidden": int(rng.choice([50, 80, 100, 120]))}


LENET = Exercise(
    id="10.predict_lenet",
    rows=("D-lenet",),
    answer=(predict_lenet,),
    reference=(_lenet,),
    outputs=("sizes", "inputs", "conv2", "fc1"),
    by_hand=True,
    numbers=lenet_numbers,
    hints=(
        "One layer after the other. A window of f without padding fits into n pixels at n - f + 1 places; a pooling of 2 halves, and what is left over is not read.",
        r"$n \to n-f+1 \to \lfloor\cdot/2\rfloor \to \cdot-f+1 \to \lfloor\cdot/2\rfloor$. A filter of the second convolution reads **all** maps: $f\cdot f\cdot k_1$ weights and a bias.",
        "inputs = k2 · last · last; conv2 = k2 · (f·f·k1 + 1); fc1 = hidden · (inputs + 1).",
    ),
    misconceptions=(
        wrong("rounded up",
              "You rounded the last size up. A pooling window that does not fit whole is not there: one row and one column go unread.",
              ("last = second // 2", "last = -(-second // 2)")),
        wrong("sizes kept by padding",
              "Your convolutions keep the size. Without padding a filter of f takes f - 1 pixels off.",
              ("first = n - f + 1", "first = n"), ("second = pooled - f + 1", "second = pooled")),
        wrong("first window not counted",
              "Your convolutions lose f pixels. The first window is there before any step: n - f + 1 places.",
              ("first = n - f + 1", "first = n - f"), ("second = pooled - f + 1", "second = pooled - f")),
        wrong("one map flattened",
              "You flattened one map. The fully connected layer reads all maps of the last pooling.",
              ("inputs = k2 * last * last", "inputs = last * last")),
        wrong("the first layer's maps flattened",
              "You multiplied by the number of maps of the first convolution. What is flattened has as many maps as the second one has filters.",
              ("inputs = k2 * last * last", "inputs = k1 * last * last")),
        wrong("flattened before the pooling",
              "You flattened what the second convolution puts out. Between it and the fully connected layer stands a pooling.",
              ("inputs = k2 * last * last", "inputs = k2 * second * second")),
        wrong("filters of one slice",
              "Your filters of the second convolution read one map each. Each of them reads all maps of the layer before: one slice a map.",
              ("conv2 = k2 * (f * f * k1 + 1)", "conv2 = k2 * (f * f + 1)")),
        wrong("a bias for each slice",
              "You gave each slice of a filter a bias of its own. A filter has one bias, added once to the sum over all slices.",
              ("conv2 = k2 * (f * f * k1 + 1)", "conv2 = k2 * k1 * (f * f + 1)")),
        wrong("biases left out",
              "You left out the biases: one for each filter, one for each fully connected unit.",
              ("conv2 = k2 * (f * f * k1 + 1)", "conv2 = k2 * f * f * k1"), ("fc1 = hidden * (inputs + 1)", "fc1 = hidden * inputs")),
        wrong("one bias a layer",
              "You counted one bias for a whole layer. Each filter and each unit has its own.",
              ("conv2 = k2 * (f * f * k1 + 1)", "conv2 = k2 * f * f * k1 + 1"), ("fc1 = hidden * (inputs + 1)", "fc1 = hidden * inputs + 1")),
    ),
)

# --- a convolution as a matrix product ---------------------------------------------------------------------------------


def _columns_case(label: str, x: Any, w: Any, b: Any, stride: int = 1, pad: int = 0, form: str = "") -> Case:
    x, w, b = (np.array(v, dtype=float) for v in (x, w, b))
    return Case(label, (x, w, b), {"stride": stride, "pad": pad}, form=form,
                tags={"stride": stride, "pad": pad, "N": len(x), "C": x.shape[1], "the window": "square" if w.shape[2] == w.shape[3] else "not square"},
                constants={"the number of numbers in a window": w[0].size, "C, the number of maps,": x.shape[1]})


def columns_visible() -> list[Case]:
    rng = np.random.default_rng(101)
    return [
        _columns_case("the worked image", [[[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]], [[[[1, 0], [0, 1]]]], [10]),
        _columns_case("two maps, one window of 1×2", [[[[1, 2]], [[3, 4]]]], [[[[1, -1]], [[2, 0]]], [[[0, 1]], [[1, 1]]]], [0, 5]),
        _columns_case("2 images, 2 filters of 1×1", [[[[1, 2, 3]]], [[[4, 5, 6]]]], [[[[1]]], [[[-2]]]], [0, 1]),
        _columns_case("stride 2, padding 1, two filters", [[[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]], [[[[1, 2], [3, 4]]], [[[0, 1], [-1, 0]]]], [0, 1], 2, 1),
        _columns_case("2 images of 2 maps, 3 filters of 2×3, stride 2, padding 1, read-only", whole(rng, 2, 2, 4, 5), whole(rng, 3, 2, 2, 3), [1, -2, 3], 2, 1, "read-only"),
        _columns_case("3 images, 2 filters of 3×2, whole numbers of type int", whole(rng, 3, 2, 4, 3), whole(rng, 2, 2, 3, 2), [4, -3], 1, 0, "integers"),
        _columns_case("stride 3, wider than the window", whole(rng, 1, 1, 5, 8), whole(rng, 2, 1, 2, 2), [1, 2], 3),
    ]


def columns_weak() -> list[Case]:
    return [_columns_case("ones, no bias", np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)), [0]),
            _columns_case("one image as large as the filter, no bias", [[[[1, 2], [3, 4]]]], [[[[1, 0], [2, 1]]]], [0])]


def columns_draw(rng: np.random.Generator, N: int = 2, C: int = 3, H: int = 5, W: int = 6, K: int = 4, FH: int = 3, FW: int = 2,
                 stride: int = 1, pad: int = 0, form: str = "") -> Case:
    b = rng.permutation(np.arange(K) + 1.0) * rng.choice([-1, 1], K)
    label = f"N={N}, C={C}, {H}×{W}, {K} filters of {FH}×{FW}, stride {stride}, padding {pad}" + (f", {form}" if form else "")
    return _columns_case(label, whole(rng, N, C, H, W), whole(rng, K, C, FH, FW), b, stride, pad, form)


OUT, WINDOW = "out = product.reshape(K, N, OH, OW).transpose(1, 0, 2, 3)", "stack.append(window.ravel())"
START = "top, left = stride * i, stride * j"

COLUMNS = Exercise(
    id="10.conv_by_columns",
    rows=("B-fast",),
    answer=(conv_by_columns,),
    reference=(_conv_by_columns,),
    arguments=("x", "w", "b"),
    outputs=("columns", "out"),
    visible=columns_visible,
    weak=columns_weak,
    draw=columns_draw,
    hints=(
        "First write the windows down, one a column: image by image, and in each row by row as you read. Then a filter, stretched to a row, meets all of them at once.",
        r"columns: $(C\cdot FH\cdot FW,\; N\cdot OH\cdot OW)$; with `rows = w.reshape(K, -1)` the product is $(K,\; N\cdot OH\cdot OW)$: its columns are still (image, row, column).",
        "`padded[n, :, top : top + FH, left : left + FW].ravel()` is one column. The product of rows and columns is shaped (K, N, OH, OW) first; then `.transpose(1, 0, 2, 3)`.",
    ),
    misconceptions=(
        wrong("reshaped without a transpose",
              "You reshaped the product to (N, K, OH, OW) at once. Its rows are filters: shape it to (K, N, OH, OW), then swap the first two axes. With one image you would not see it.",
              (OUT, "out = product.reshape(N, K, OH, OW)")),
        wrong("maps innermost in a column",
              "In a column you put the numbers of all maps of one pixel side by side. The filters' rows have map after map, so both must.",
              (WINDOW, "stack.append(window.transpose(1, 2, 0).ravel())")),
        wrong("maps innermost in columns and rows",
              "Your result is right, your columns are sorted another way: maps innermost. Asked for is map after map, as `window.ravel()` has it.",
              (WINDOW, "stack.append(window.transpose(1, 2, 0).ravel())"), ("rows = w.reshape(K, C * FH * FW)", "rows = w.transpose(0, 2, 3, 1).reshape(K, C * FH * FW)")),
        wrong("windows read column by column",
              "Within a window you read down its columns. Numbers lie in memory row by row, as the filter's do.",
              (WINDOW, "stack.append(window.transpose(0, 2, 1).ravel())")),
        wrong("windows numbered downwards",
              "You number the windows down the image's columns. The reshape at the end counts row by row: the last index runs fastest.",
              ("for i in range(OH):", "for j in range(OW):"), ("            for j in range(OW):", "            for i in range(OH):")),
        wrong("images innermost",
              "You go through the images innermost. The first column's neighbour is the next window of the same image.",
              ("columns = np.array(stack).T", "columns = np.array(stack).reshape(N, -1, C * FH * FW).transpose(2, 1, 0).reshape(C * FH * FW, -1)")),
        wrong("stride only counts windows",
              "Your windows start at i and j: the stride is used for how many there are, not for where they start.",
              (START, "top, left = i, j")),
        wrong("stride only downwards",
              "Your windows take the stride from row to row, but not from column to column.",
              (START, "top, left = stride * i, j")),
        wrong("filters rotated",
              "You rotated the filters. A layer computes the cross-correlation: it multiplies each number of the window by the one at the same place.",
              ("rows = w.reshape(K, C * FH * FW)", "rows = w[:, :, ::-1, ::-1].reshape(K, C * FH * FW)")),
        wrong("bias left out",
              "You left out the bias. Each filter's b is added to its whole map.",
              ("rows @ columns + b[:, None]", "rows @ columns")),
        wrong("bias for each product",
              "You added the bias to every product before the sum. It is added once to each number of the map.",
              ("rows @ columns + b[:, None]", "rows @ columns + b[:, None] * rows.shape[1]")),
        wrong("padded with copies of the border",
              "You padded with copies of the border. Padding puts zeros around the image.",
              ("np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))", 'np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="edge")')),
        wrong("padding on one side",
              "You put all of the zeros below and to the right. Padding stands on all four sides, pad rows or columns on each.",
              ("((0, 0), (0, 0), (pad, pad), (pad, pad))", "((0, 0), (0, 0), (0, 2 * pad), (0, 2 * pad))")),
        wrong("first image only",
              "You took the windows of the first image for all of them. Each image has its own.",
              ("window = padded[n, :, top:top + FH, left:left + FW]", "window = padded[0, :, top:top + FH, left:left + FW]")),
    ),
)

# --- an epoch ----------------------------------------------------------------------------------------------------------


class SmallNet:
    """What `train_epoch` gets in its check: scores X @ w, and gradients that add up until they are set to zero."""

    def __init__(self, w):
        self.w = np.array(w, dtype=float)
        self.grad = np.full(self.w.shape, 3.0)  # left over from before
        self.seen = None

    def zero_grad(self):
        self.grad = np.zeros(self.w.shape)

    def forward(self, X):
        self.seen = np.asarray(X, dtype=float)
        return self.seen @ self.w

    def backward(self, dscores):
        if self.seen is None:
            raise RuntimeError("backward before any forward: there is nothing to go back through")
        dscores = np.asarray(dscores, dtype=float)
        if dscores.shape != (len(self.seen), self.w.shape[1]):
            raise ValueError(f"backward: dscores has shape {dscores.shape}; the scores of the last forward have {(len(self.seen), self.w.shape[1])}")
        self.grad = self.grad + self.seen.T @ dscores

    def step(self, lr):
        self.w = self.w - lr * self.grad


def squared(scores, y):
    """½ mean (score - y)², summed over the outputs, and its gradient."""
    error = np.asarray(scores, dtype=float) - y
    return 0.5 * float(np.sum(error**2)) / len(error), error / len(error)


def run_epoch(functions, args, kwargs) -> dict[str, Any]:
    w, X, y, order, batch_size, lr = args
    net = SmallNet(w)
    losses = functions[-1](net, squared, X, y, order, batch_size, lr)
    if losses is None:
        raise ResultForm("train_epoch returned None: is a `return` missing?")
    if as_numbers(losses) is None:
        raise ResultForm(f"train_epoch should return an array of losses; it returned {describe(losses)}.")
    return {"losses": losses, "the net's weights": net.w}


def _epoch_case(label: str, w: Any, X: Any, y: Any, order: Any, batch_size: int, lr: float, form: str = "") -> Case:
    w, X, y = (np.array(v, dtype=float) for v in (w, X, y))
    last = len(order) % batch_size
    return Case(label, (w, X, y, np.array(order), batch_size, lr), form=form,
                tags={"the last mini-batch": "smaller" if last else "full", "mini-batches": "one" if len(order) <= batch_size else "several"},
                constants={"the batch size": batch_size, "the number of items": len(order)})


def epoch_visible() -> list[Case]:
    return [
        _epoch_case("the worked epoch", [[1]], [[1], [3]], [[0], [8]], [0, 1], 1, 0.1),
        _epoch_case("one batch", [[1]], [[1], [3]], [[0], [8]], [0, 1], 2, 0.1),
        _epoch_case("another order, the last batch smaller", [[1]], [[1], [2], [-1]], [[3], [1], [2]], [2, 0, 1], 2, 0.5),
        _epoch_case("five items in batches of two, two outputs, read-only", [[1, 0], [-1, 2]], [[1, 0], [0, 1], [1, 1], [2, -1], [-1, 1]],
                    [[1, 2], [0, 1], [2, 0], [-1, 1], [1, 1]], [3, 0, 4, 1, 2], 2, 0.25, "read-only"),
        _epoch_case("whole numbers of type int, step size 1", [[1], [2]], [[1, 0], [0, 1], [1, -1], [2, 1]], [[2], [1], [0], [3]], [1, 3, 0, 2], 2, 1, "integers"),
    ]


def epoch_weak() -> list[Case]:
    return [_epoch_case("nothing to learn", [[0]], [[0], [0]], [[0], [0]], [0, 1], 2, 0.1), _epoch_case("a step size of 0, one batch", [[1]], [[1]], [[2]], [0], 1, 0.0)]


def epoch_draw(rng: np.random.Generator, N: int = 7, D: int = 2, K: int = 2, batch_size: int = 3, lr: float = 0.25, form: str = "") -> Case:
    order = rng.permutation(N)
    while (order == np.arange(N)).any():
        order = rng.permutation(N)
    X = whole(rng, N, D, low=-2, high=2)
    X[X == 0] = 1
    label = f"{N} items of {D} numbers, {K} outputs, batches of {batch_size}, step size {lr:g}" + (f", {form}" if form else "")
    return _epoch_case(label, whole(rng, D, K, low=-3, high=3), X, whole(rng, N, K, low=-3, high=3), order, batch_size, lr, form)


ZERO, STEP, NOTE = "net.zero_grad()", "net.step(lr)", "losses.append(value)"
LOOP = "for start in range(0, len(order), batch_size):"

EPOCH = Exercise(
    id="10.train_epoch",
    rows=("D-lenet",),
    answer=(train_epoch,),
    reference=(_train_epoch,),
    arguments=("net (its weights)", "X", "y", "order", "batch_size", "lr"),
    outputs=("losses", "the net's weights"),
    visible=epoch_visible,
    weak=epoch_weak,
    draw=epoch_draw,
    call=run_epoch,
    unpack=dict,
    hints=(
        "Five calls for each mini-batch, always in the same order. What is in the net's gradients when a batch begins?",
        "zero_grad, forward, loss, backward, step: gradients add up until somebody sets them to zero, backward goes back through the last forward, and step uses what is there.",
        "`batch = order[start : start + batch_size]`, then `net.zero_grad()`, `scores = net.forward(X[batch])`, `value, dscores = loss(scores, y[batch])`, `net.backward(dscores)`, `net.step(lr)`.",
    ),
    misconceptions=(
        wrong("gradients never set to zero",
              "You never call zero_grad. backward adds to what is there, so each step also takes all gradients of the batches before.",
              (ZERO, "pass")),
        wrong("gradients set to zero once",
              "You call zero_grad once, before the loop. backward adds up: the second batch's step takes the first batch's gradient once more.",
              (ZERO, "net.zero_grad() if start == 0 else None")),
        wrong("gradients set to zero after the step",
              "You call zero_grad after the step, so the first step takes what was left over from before as well. Begin each batch with it.",
              (ZERO, "pass"), (STEP, "net.step(lr); net.zero_grad()")),
        wrong("gradients set to zero before the step",
              "You call zero_grad between backward and step. Then the step has nothing to take: the weights never move.",
              (ZERO, "pass"), (STEP, "net.zero_grad(); net.step(lr)")),
        wrong("step of the batch before",
              "You step at the start of each batch, with the gradient of the one before. The last batch's gradient is never used, and the first step takes what was left over.",
              (ZERO, "net.step(lr); net.zero_grad()"), ("        net.step(lr)\n        losses", "        losses")),
        wrong("one step at the end",
              "You step once, at the end. An epoch of mini-batches takes one step for each of them.",
              (ZERO, "net.zero_grad() if start == 0 else None"), (STEP, "net.step(lr) if start + batch_size >= len(order) else None")),
        wrong("order not used",
              "You take the items as they lie there. The mini-batches come from the shuffled order.",
              ("batch = order[start:start + batch_size]", "batch = np.arange(len(order))[start:start + batch_size]")),
        wrong("targets not shuffled along",
              "You shuffled the items and not their targets, so each is compared with another one's.",
              ("loss(scores, y[batch])", "loss(scores, y[start:start + batch_size])")),
        wrong("smaller batch dropped",
              "You drop the last mini-batch where it is smaller. Its items count too.",
              (LOOP, "for start in range(0, max(batch_size, len(order) - batch_size + 1), batch_size):"),
              ("return np.array(losses)", "return np.array(losses + [0.0] * (-(-len(order) // batch_size) - len(losses)))")),
        wrong("all items in every step",
              "You take all items in every step. Then an epoch costs as many full passes as there are mini-batches.",
              ("batch = order[start:start + batch_size]", "batch = order")),
        wrong("loss after the step",
              "You note the loss after the step. Asked for is the one that the step came from: no second forward pass is needed for it.",
              (NOTE, "losses.append(loss(net.forward(X[batch]), y[batch])[0])")),
        wrong("running sum of losses",
              "You note the sum of all losses so far. Each entry is the loss of its own mini-batch.",
              (NOTE, "losses.append(value + (losses[-1] if losses else 0))")),
        wrong("uphill",
              "Your steps go uphill. step(lr) subtracts already; no minus is missing.",
              (STEP, "net.step(-lr)")),
        wrong("gradient divided once more",
              "You divided by the size of the batch once more. The loss is a mean already, and so is its gradient.",
              ("net.backward(dscores)", "net.backward(dscores / len(batch))")),
    ),
)
