"""04_linear_classifiers, second part: the losses before training, the softmax loss with its gradient, one epoch of SGD."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import flat
from ...linear import affine_backward, affine_forward
from ...losses import l2_penalty, softmax_cross_entropy
from ...optim import sgd
from ..compare import as_numbers
from ..exercise import Case, Exercise, unpack_tuple, wrong
from ..inputs import whole

# --- the right answers, as a student would write them ------------------------------------------------------------------


def predict_start(*, classes=10, items=6, reg=2):
    violated = classes - 1
    hinge = items * violated / items
    p = 1 / classes
    softmax = -np.log(p) * items / items
    return hinge, softmax


def softmax_loss(W, X, y, reg):
    N = X.shape[0]
    rows = np.arange(N)
    scores = X @ W
    shifted = scores - scores.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    totals = powers.sum(axis=1, keepdims=True)
    log_p = shifted - np.log(totals)
    data_loss = -log_p[rows, y].sum() / N
    loss = data_loss + 0.5 * reg * np.sum(W * W)
    dscores = powers / totals
    dscores[rows, y] -= 1
    dscores = dscores / N
    dW = X.T @ dscores + reg * W
    return loss, dW


def sgd_epoch(loss, W, X, y, order, batch_size, lr):
    losses = []
    for start in range(0, len(X), batch_size):
        batch = order[start:start + batch_size]
        value, dW = loss(W, X[batch], y[batch])
        losses.append(value)
        W = W - lr * dW
    return W, losses


# --- the same from the library -----------------------------------------------------------------------------------------


def _predict_start(*, classes=10, items=6, reg=2):
    W, X, y = np.zeros((3, classes)), np.ones((items, 3)), np.arange(items) % classes
    return flat.svm_loss(W, X, y, reg)[0], softmax_cross_entropy(X @ W, y)[0] + l2_penalty(W, reg)[0]


def _softmax_loss(W, X, y, reg):
    scores, cache = affine_forward(X, W, np.zeros(W.shape[1]))
    data_loss, dscores = softmax_cross_entropy(scores, y)
    penalty, dpenalty = l2_penalty(W.astype(float), reg)
    return data_loss + penalty, affine_backward(dscores, cache)[1] + dpenalty


def _sgd_epoch(loss, W, X, y, order, batch_size, lr):
    W, losses, state = W.astype(float), [], {}
    for batch in np.split(order, range(batch_size, len(order), batch_size)):
        value, dW = loss(W, X[batch], y[batch])
        losses.append(value)
        W, state = sgd(W, dW, state, lr=lr)
    return W, losses


# --- the losses before training ----------------------------------------------------------------------------------------


def start_numbers(rng: np.random.Generator | None) -> dict[str, int]:
    """As many classes, items and as much penalty as the lecture's, or others."""
    if rng is None:
        return {"classes": 10, "items": 6, "reg": 2}
    classes, items, reg = (int(rng.integers(low, high)) for low, high in ((5, 30), (3, 10), (1, 6)))
    return {"classes": classes, "items": items, "reg": reg}


def read_start(result: Any) -> dict[str, Any]:
    """The two losses, rounded to three decimals, so that a number from a pocket calculator is as right as np.log."""
    values = unpack_tuple(result, ("hinge", "softmax"), "predict_start")
    numbers = {name: as_numbers(value) for name, value in values.items()}
    return {name: values[name] if n is None or n.ndim else np.round(n, 3) for name, n in numbers.items()}


# --- cases: the softmax loss -------------------------------------------------------------------------------------------


def _loss_case(label: str, W: np.ndarray, X: np.ndarray, y: Sequence[int], reg: float, form: str = "") -> Case:
    scores = X @ W
    if form == "integers":  # here and not by the case's form, so that the failing example shows integers
        W, X, form = W.astype(np.int64), X.astype(np.int64), ""
    return Case(label, (W, X, np.array(y), reg), form=form,
                tags={"reg": "zero" if reg == 0 else "above zero", "the number of items": "one" if len(X) == 1 else "two or more",
                      "the size of the scores": "around 1000" if np.abs(scores).max() > 500 else "ordinary"},
                constants={"N, the number of items,": len(X), "C, the number of classes,": W.shape[1]})


def loss_visible() -> list[Case]:
    return [
        _loss_case("the worked item, p = (0.2, 0.3, 0.5), reg = 0", np.log([[2.0, 3.0, 5.0]]), np.array([[1.0]]), (1,), 0.0),
        _loss_case("two items, three classes, reg = 2", np.array([[1.0, -1, 0], [0, 2, 1]]), np.array([[3.0, 0], [1, 2]]), (2, 0), 2.0),
        _loss_case("whole numbers of type int, reg = 10", np.array([[1.0, -2], [0, 1], [3, 1]]),
                   np.array([[1.0, 2, 0], [-1, 0, 1], [2, 1, 1], [0, 3, -1], [1, 1, 1]]), (0, 1, 0, 1, 1), 10.0, "integers"),
        _loss_case("scores near 1000 and near -1000, read-only, reg = 0", np.array([[500.0, 499, 498], [1, 0, 2]]),
                   np.array([[2.0, 1], [-2, 1]]), (1, 2), 0.0, "read-only"),
        _loss_case("a correct class whose p rounds to 0, reg = 0", np.array([[0.0, 1000.0]]), np.array([[1.0], [0.0]]), (0, 1), 0.0),
    ]


def loss_weak() -> list[Case]:
    return [_loss_case("zero weights, two items, two classes, reg = 0", np.zeros((2, 2)), np.array([[1.0, 2], [2, 1]]), (0, 1), 0.0),
            _loss_case("one item of zeros, reg = 0", np.array([[1.0, 2], [0, 1]]), np.zeros((1, 2)), (0,), 0.0),
            _loss_case("one class, reg = 0", np.array([[1.0]]), np.array([[2.0], [1.0]]), (0, 0), 0.0)]


def loss_draw(rng: np.random.Generator, N: int = 4, D: int = 3, C: int = 5, reg: float = 1.0, shift: float = 0.0, lost: bool = False, form: str = "") -> Case:
    """shift: the size of the scores of the first item; those of the others then lie around 0 and -shift. lost: the first item's
    correct class is so far behind that its p rounds to 0."""
    while True:
        W, X = whole(rng, D, C, low=-3, high=3), whole(rng, N, D, low=-2, high=2)
        y = ((np.arange(N) + int(rng.integers(C))) % C)[rng.permutation(N)]
        if form != "integers":
            W, X = W / 2, X / 2
        if shift:
            W[0], X[:, 0] = W[0] + 2 * shift, np.resize([0.5, 0.0, -0.5], N)
        if lost:
            W[0], X[:, 0] = 0, np.eye(N)[0]
        gaps = np.ptp(X @ W, axis=1)
        if (gaps > 0).all() and gaps.max() < 8 and len(np.unique(W)) > 2 and np.abs(X).sum(axis=1).all():
            break
    if lost:
        W[0, (y[0] + 1) % C] = 2000.0
    return _loss_case(f"N={N}, D={D}, C={C}, reg = {reg:g}{f', scores near {shift:g}' if shift else ''}{', a p that rounds to 0' if lost else ''}"
                      f"{', ' + form if form else ''}", W, X, y, reg, form)


# --- cases: one epoch --------------------------------------------------------------------------------------------------


def _named(text: str, f: Callable) -> Callable:
    """The function under a name that says what it computes: failing examples print it."""
    f.__name__ = text
    return f


def _least_squares(W, X, y):
    errors = X @ W - y
    return 0.5 * float(np.mean(errors ** 2)), X.T @ errors / len(y)


LEAST_SQUARES = _named("½·mean (X·W - y)²", _least_squares)


def _epoch_case(label: str, loss: Callable, W: np.ndarray, X: np.ndarray, y: np.ndarray, order: Sequence[int], batch_size: int, lr: float, form: str = "") -> Case:
    order = np.array(order)
    return Case(label, (loss, W, X, np.asarray(y), order, batch_size, lr), form=form,
                tags={"the number of mini-batches": "one" if batch_size >= len(order) else "two or more",
                      "a last mini-batch that is smaller": "there" if len(order) % batch_size else "not there",
                      "the order": "0, 1, 2, …" if np.array_equal(order, np.arange(len(order))) else "shuffled"},
                constants={"N, the number of items,": len(order), "the batch size": batch_size})


def epoch_visible() -> list[Case]:
    column = lambda *numbers: np.array(numbers, dtype=float)[:, None]  # noqa: E731
    return [
        _epoch_case("the worked step: one batch of two", LEAST_SQUARES, np.array([1.0]), column(1, 3), np.array([0.0, 8]), (0, 1), 2, 0.1),
        _epoch_case("batches of one", LEAST_SQUARES, np.array([1.0]), column(1, 3), np.array([0.0, 8]), (1, 0), 1, 0.1),
        _epoch_case("three items in batches of two, read-only", LEAST_SQUARES, np.array([2.0, -1]), np.array([[1.0, 0], [2, 1], [0, 3]]),
                    np.array([1.0, -2, 4]), (2, 0, 1), 2, 0.5, "read-only"),
        _epoch_case("steps past 2/λ = 0.5: the loss grows", LEAST_SQUARES, np.array([1.0]), column(2, 2, 2), np.zeros(3), (0, 1, 2), 1, 0.75),
        _epoch_case("the SVM loss, whole numbers of type int in W", _svm(0.5), np.array([[1, 0], [0, 2]]), np.array([[1.0, 2], [2, 0], [-1, 1], [0, 1], [1, 1]]),
                    np.array([0, 1, 1, 0, 1]), (3, 1, 4, 0, 2), 2, 0.25),
    ]


def _svm(reg: float) -> Callable:
    return _named(f"SVM loss, reg = {reg:g}", lambda W, X, y: flat.svm_loss(np.asarray(W, dtype=float), X, y, reg))


def epoch_weak() -> list[Case]:
    still, one = np.array([1.0]), np.ones((1, 1))
    return [_epoch_case("already at the minimum", LEAST_SQUARES, still, one, np.ones(1), (0,), 1, 0.1),
            _epoch_case("one item, lr = 1", LEAST_SQUARES, still, one, np.zeros(1), (0,), 1, 1.0)]


def epoch_draw(rng: np.random.Generator, N: int = 7, D: int = 2, C: int = 3, batch_size: int = 3, lr: float = 0.25, loss: str = "squares", form: str = "") -> Case:
    """loss: "squares" (W is (D,)), "svm" or "softmax" (W is (D, C)), both with a penalty. The order is shuffled, and no item comes
    at its own place. With form="integers" W alone holds integers."""
    while True:
        order = rng.permutation(N)
        X = whole(rng, N, D, low=-3, high=3) / 2
        if not (order == np.arange(N)).any() and len(np.unique(X, axis=0)) == N:
            break
    label = f"{N} items in batches of {batch_size}, loss: {loss}{', ' + form if form else ''}"
    W = whole(rng, D, low=1, high=3) if loss == "squares" else whole(rng, D, C, low=-2, high=2)
    if form == "integers":
        W, form = W.astype(np.int64), ""
    if loss == "squares":
        return _epoch_case(label, LEAST_SQUARES, W, X, np.argsort(rng.random(N)) - 2.0, order, batch_size, lr, form)
    f = _svm(0.2) if loss == "svm" else _named("softmax loss, reg = 0.2", lambda W, X, y: _softmax_loss(np.asarray(W), X, y, 0.2))
    y = np.resize(np.arange(C), N)[rng.permutation(N)]
    return _epoch_case(label, f, W, X, y, order, batch_size, lr, form)


# --- exercises ---------------------------------------------------------------------------------------------------------

START = Exercise(
    id="04.predict_start",
    rows=("B-linear", "X-8"),
    answer=(predict_start,),
    reference=(_predict_start,),
    outputs=("hinge", "softmax"),
    weak=lambda: [Case("one item", (), {"classes": 10, "items": 1, "reg": 2}), Case("two classes", (), {"classes": 2, "items": 2, "reg": 1})],
    by_hand=True,
    numbers=start_numbers,
    unpack=read_start,
    hints=(
        "With W = 0 every score is 0. For one item: how many wrong classes are there, and by how much does each violate its margin? And if no "
        "class is preferred, what is p?",
        r"Hinge: $\sum_{j\ne y}\max(0,\; 0 - 0 + 1)$. Softmax: $-\ln\frac{1}{C}$. The mean over items that all have the same loss is that loss.",
        r"Hinge: each of the $C - 1$ wrong classes costs 1. Softmax: $\ln C$, with the natural logarithm. The penalty of $W = 0$ is 0.",
    ),
    misconceptions=(
        wrong("correct class counted",
              "You counted the correct class among the violated margins. The sum runs over the other classes: one fewer than there are.",
              ("violated = classes - 1", "violated = classes")),
        wrong("no margin violated",
              "You said that the hinge loss is 0 as no wrong class is ahead. A margin asks for more: the correct score has to lead by 1. With equal "
              "scores every margin is violated by 1.",
              ("violated = classes - 1", "violated = 0")),
        wrong("only one wrong class",
              "You counted one violated margin. Every wrong class has a margin of its own, and all are violated by 1.",
              ("violated = classes - 1", "violated = 1")),
        wrong("hinge summed over the items",
              "You added up the hinge loss over all items. Both losses are means over the items here.",
              ("items * violated / items", "items * violated")),
        wrong("logarithm to base 10",
              "You took the logarithm to base 10, as lecture E's slide does. The loss has the natural one, ln: otherwise p - y would not be its "
              "gradient.",
              ("-np.log(p)", "-np.log10(p)")),
        wrong("logarithm to base 2",
              "You took the logarithm to base 2. The loss has the natural one, ln.",
              ("-np.log(p)", "-np.log2(p)")),
        wrong("probability in place of the loss",
              "You returned the probability of the correct class. The loss is minus its natural logarithm.",
              ("-np.log(p)", "p")),
        wrong("minus sign lost",
              "Your softmax loss is below 0. A probability is below 1, so its logarithm is below 0, and the loss is minus that.",
              ("-np.log(p)", "np.log(p)")),
        wrong("one class too few in the softmax",
              "You left the correct class out of the softmax's sum. p is shared among all classes, the correct one too.",
              ("p = 1 / classes", "p = 1 / (classes - 1)")),
        wrong("softmax summed over the items",
              "You added up the softmax loss over all items. Both losses are means over the items here.",
              ("-np.log(p) * items / items", "-np.log(p) * items")),
    ),
)

OVERFLOW = ("shifted = scores - scores.max(axis=1, keepdims=True)", "shifted = scores")

TRAINING = (
    Exercise(
        id="04.softmax_loss",
        rows=("B-linear",),
        answer=(softmax_loss,),
        reference=(_softmax_loss,),
        arguments=("W", "X", "y", "reg"),
        outputs=("loss", "dW"),
        visible=loss_visible,
        weak=loss_weak,
        draw=loss_draw,
        hints=(
            "Stage it: scores, shifted scores, p, loss; then back: dscores, dW. All items at once, one row each. `p[np.arange(N), y]` picks each item's "
            "correct class.",
            r"$L = -\frac1N\sum_n \ln p_{n,y_n} + \tfrac12\,reg\sum W^2$, $\;ds = \frac1N(p - \text{one-hot}(y))$, $\;dW = X^\top ds + reg\cdot W$. And "
            r"$\ln p_{nc} = s_{nc} - \ln\sum_j e^{s_{nj}}$ with the scores shifted, so that no logarithm of 0 is taken.",
            "`s = X @ W`, `s = s - s.max(axis=1, keepdims=True)`, `e = np.exp(s)`, `total = e.sum(axis=1, keepdims=True)`; the loss from "
            "`(s - np.log(total))[np.arange(N), y]`; `ds = e / total`, `ds[np.arange(N), y] -= 1`, `ds = ds / N`, `dW = X.T @ ds + reg * W`.",
        ),
        misconceptions=(
            wrong("scores not shifted",
                  "For scores near 1000 exp overflows, and inf/inf is NaN. Subtract each item's largest score first: its probabilities stay the "
                  "same.",
                  OVERFLOW),
            wrong("one largest score for all items",
                  "You subtracted the largest score of all items. An item that lies 2000 below it is left with exp(-2000) = 0 everywhere. Each row "
                  "needs its own: scores.max(axis=1, keepdims=True).",
                  ("scores.max(axis=1, keepdims=True)", "scores.max()")),
            wrong("logarithm of a rounded p",
                  "You took the logarithm of p. Where p rounds to 0 that is -inf. Stay with the scores: ln p = s - ln Σ e^s, with the shifted s.",
                  ("log_p = shifted - np.log(totals)", "log_p = np.log(powers / totals)")),
            wrong("softmax over the items",
                  "Your softmax runs down the columns, over the items. Each item's probabilities sum to 1 over the classes: axis=1.",
                  ("totals = powers.sum(axis=1, keepdims=True)", "totals = powers.sum(axis=0, keepdims=True)")),
            wrong("one softmax over everything",
                  "You divided by the sum over all items and classes. Each item's probabilities sum to 1 by themselves: sum over axis=1 and keep the "
                  "axis.",
                  ("totals = powers.sum(axis=1, keepdims=True)", "totals = powers.sum(keepdims=True)")),
            wrong("sum over the batch",
                  "You summed over the items, in the loss and in the gradient. Both data parts are means, divided by N; the penalty is not.",
                  ("data_loss = -log_p[rows, y].sum() / N", "data_loss = -log_p[rows, y].sum()"), ("dscores = dscores / N", "dscores = dscores / 1")),
            wrong("gradient not divided by N",
                  "Your loss is a mean over the items, but your dW is not: the division by N has a backward line too.",
                  ("dscores = dscores / N", "dscores = dscores / 1")),
            wrong("mean over classes too",
                  "You divided by N·C. Each item has one correct class and one loss; the mean is over the N items only.",
                  ("data_loss = -log_p[rows, y].sum() / N", "data_loss = -log_p[rows, y].sum() / scores.size"), ("dscores = dscores / N", "dscores = dscores / scores.size")),
            wrong("logarithm to base 10",
                  "You used log10. The loss has the natural logarithm: np.log. Your gradient, p minus one-hot, belongs to that one.",
                  ("data_loss = -log_p[rows, y].sum() / N", "data_loss = -log_p[rows, y].sum() / N / np.log(10)")),
            wrong("minus sign missing in the loss",
                  "Your data loss has the wrong sign. The logarithm of a probability is negative; the loss is -ln p.",
                  ("data_loss = -log_p", "data_loss = log_p")),
            wrong("one not subtracted",
                  "Your dscores is p alone. At each item's correct class 1 has to be subtracted: p minus one-hot.",
                  ("dscores[rows, y] -= 1", "dscores[rows, y] -= 0")),
            wrong("one subtracted in whole columns",
                  "With dscores[:, y] -= 1 you subtract from every item, in the column of each class that occurs in y. Each item has one correct "
                  "class of its own: dscores[np.arange(N), y] -= 1.",
                  ("dscores[rows, y] -= 1", "dscores[:, y] -= 1")),
            wrong("y minus p",
                  "The data part of your dW has the wrong sign. Raising the correct score lowers the loss, so dscores is p minus one-hot.",
                  ("dscores = dscores / N", "dscores = -dscores / N")),
            wrong("half missing in the loss",
                  "Your penalty lacks the factor ½. Here it is ½·reg·ΣW², so that its gradient is reg·W: your dW fits that, your loss does not.",
                  ("0.5 * reg * np.sum(W * W)", "reg * np.sum(W * W)")),
            wrong("penalty without the half",
                  "You used reg·ΣW² with gradient 2·reg·W. Both fit each other, but here the penalty is ½·reg·ΣW², with gradient reg·W.",
                  ("0.5 * reg * np.sum(W * W)", "reg * np.sum(W * W)"), ("+ reg * W\n", "+ 2 * reg * W\n")),
            wrong("penalty left out",
                  "The penalty is missing. ½·reg·ΣW² belongs to the loss, and so reg·W to dW.",
                  ("0.5 * reg * np.sum(W * W)", "0.0"), ("+ reg * W\n", "+ 0 * W\n")),
            wrong("penalty not in the loss",
                  "Your dW has the penalty's part, reg·W. Your loss lacks the penalty itself: ½·reg·ΣW².",
                  ("0.5 * reg * np.sum(W * W)", "0.0")),
            wrong("penalty not in the gradient",
                  "The penalty is in your loss but not in your dW. It depends on W, so it sends reg·W back.",
                  ("+ reg * W\n", "+ 0 * W\n")),
            wrong("penalty divided by N",
                  "You divided the penalty by N as well. The mean is over the items; the penalty is added once.",
                  ("0.5 * reg * np.sum(W * W)", "0.5 * reg * np.sum(W * W) / N"), ("+ reg * W\n", "+ reg * W / N\n")),
            wrong("gradient cut to whole numbers",
                  "Where W holds integers your dW is cut to whole numbers: np.zeros_like(W) takes over W's type. Make it float.",
                  ("return loss, dW", "return loss, dW.astype(W.dtype)")),
        ),
    ),
    Exercise(
        id="04.sgd_epoch",
        rows=("B-linear", "A-gd"),
        answer=(sgd_epoch,),
        reference=(_sgd_epoch,),
        arguments=("loss", "W", "X", "y", "order", "batch_size", "lr"),
        outputs=("W", "losses"),
        visible=epoch_visible,
        weak=epoch_weak,
        draw=epoch_draw,
        hints=(
            "Cut `order` into pieces of batch_size; the last may be shorter. What is done with each piece? In which line does W change?",
            r"For each piece $b$ of the order: value and gradient from `loss(W, X[b], y[b])`, with the *current* $W$; note the value; then $W \leftarrow W - lr\cdot dW$.",
            "`for start in range(0, len(order), batch_size):` with `b = order[start:start + batch_size]`, `value, dW = loss(W, X[b], y[b])`, "
            "`losses.append(value)`, `W = W - lr * dW`. At the end `return W, np.array(losses)`.",
        ),
        misconceptions=(
            wrong("order ignored",
                  "You took the items as they stand in X: X[start:stop]. The order says which come first: X[order[start:stop]].",
                  ("batch = order[start:start + batch_size]", "batch = np.arange(len(order))[start:start + batch_size]")),
            wrong("labels not reordered",
                  "You reordered X and not y: the items got the labels of others. Both are indexed by the same piece of the order.",
                  ("y[batch])", "y[start:start + batch_size])")),
            wrong("uphill",
                  "You added lr·dW: that goes uphill. The gradient points to where the loss grows; step against it.",
                  ("W - lr * dW", "W + lr * dW")),
            wrong("gradient where the epoch began",
                  "You computed every gradient at the W with which the epoch began. Each mini-batch has to see the W that the one before left "
                  "behind.",
                  ("    losses = []\n", "    losses = []\n    first = W\n"), ("loss(W, X[batch]", "loss(first, X[batch]")),
            wrong("every step from the first W",
                  "You took every step from the W with which the epoch began, so only the last one is left. Each step starts where the one before "
                  "ended.",
                  ("    losses = []\n", "    losses = []\n    first = W\n"), ("W = W - lr * dW", "W = first - lr * dW")),
            wrong("divided by the batch size",
                  "You divided the gradient by the batch size. The loss is a mean already, and so is its gradient.",
                  ("W - lr * dW", "W - lr * dW / len(batch)")),
            wrong("multiplied by the batch size",
                  "You multiplied the gradient by the batch size. A step is lr·dW, however many items are in the mini-batch.",
                  ("W - lr * dW", "W - lr * dW * len(batch)")),
            wrong("loss after the step",
                  "You noted each loss after its step. What is asked for is the loss that came with the gradient, before the step: then nothing is "
                  "computed twice.",
                  ("        losses.append(value)\n        W = W - lr * dW\n",
                   "        W = W - lr * dW\n        losses.append(loss(W, X[batch], y[batch])[0])\n")),
            wrong("losses summed over the items",
                  "You multiplied each loss by the number of its items. Note it as it came: the mean over its mini-batch.",
                  ("losses.append(value)", "losses.append(value * len(batch))")),
            wrong("losses averaged so far",
                  "Your losses are running means. Note the loss of each mini-batch by itself.",
                  ("return W, losses", "return W, np.cumsum(losses) / np.arange(1, len(losses) + 1)")),
            wrong("losses divided by the number of batches",
                  "You divided the losses by the number of mini-batches. Note each loss as it came.",
                  ("return W, losses", "return W, np.array(losses) / len(losses)")),
            wrong("all items in every step",
                  "You used all items in every step. A step of SGD sees its mini-batch only: X[b] and y[b].",
                  ("loss(W, X[batch], y[batch])", "loss(W, X[order], y[order])")),
            wrong("first item of each batch only",
                  "You used one item of each mini-batch. order[start] is a single number; the piece is order[start:start + batch_size].",
                  ("batch = order[start:start + batch_size]", "batch = order[start:start + 1]")),
            wrong("last batch filled up",
                  "You filled up the last mini-batch with items from the beginning. In an epoch every item comes once; the last piece may be "
                  "smaller.",
                  ("batch = order[start:start + batch_size]", "batch = np.take(order, range(start, start + min(batch_size, len(order))), mode=\"wrap\")")),
            wrong("last batch left out",
                  "You left the last, smaller mini-batch out of the training. Every item comes once in an epoch.",
                  ("W = W - lr * dW", "W = W - lr * dW * (len(batch) == min(batch_size, len(order)))")),
            wrong("last W of whole numbers",
                  "Where W holds integers you cut your weights to whole numbers: a copy of W keeps its type. Make it float.",
                  ("    losses = []\n", "    losses = []\n    whole = W.dtype\n"), ("return W, losses", "return W.astype(whole), losses")),
        ),
    ),
)
