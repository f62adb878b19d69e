"""01_flat_backprop, second half: a linear SVM and a two-layer network, each with its loss and all its gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ... import flat
from ..exercise import Case, Exercise, ResultForm, wrong
from ..inputs import whole

# --- the right answers, as a student would write them ------------------------------------------------------------------


def svm_loss(W, X, y, reg):
    N = X.shape[0]
    rows = np.arange(N)
    scores = X @ W
    correct = scores[rows, y][:, None]
    margins = np.maximum(0, scores - correct + 1)
    margins[rows, y] = 0
    data_loss = margins.sum() / N
    reg_loss = 0.5 * reg * np.sum(W * W)
    loss = data_loss + reg_loss
    dmargins = np.where(margins > 0, 1.0, 0.0)
    dscores = dmargins / N
    dscores[rows, y] -= dscores.sum(axis=1)
    dW = X.T @ dscores + reg * W
    return loss, dW


def two_layer_loss(X, y, W1, b1, W2, b2, reg):
    N = X.shape[0]
    rows = np.arange(N)
    z1 = X @ W1 + b1
    h1 = np.maximum(0, z1)
    scores = h1 @ W2 + b2
    shifted = scores - scores.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    totals = powers.sum(axis=1, keepdims=True)
    log_p = shifted - np.log(totals)
    data_loss = -log_p[rows, y].sum() / N
    reg_loss = 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
    loss = data_loss + reg_loss
    dscores = powers / totals
    dscores[rows, y] -= 1
    dscores = dscores / N
    dW2 = h1.T @ dscores + reg * W2
    db2 = dscores.sum(axis=0)
    dh1 = dscores @ W2.T
    dz1 = np.where(z1 > 0, dh1, 0)
    dW1 = X.T @ dz1 + reg * W1
    db1 = dz1.sum(axis=0)
    return loss, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


# --- how results are read ----------------------------------------------------------------------------------------------

GRADIENTS = ("W1", "b1", "W2", "b2")


def read_loss_and_gradients(result: Any) -> dict[str, Any]:
    """(loss, {"W1": …, "b1": …, "W2": …, "b2": …}) as {"loss": …, "dW1": …, …}. Raises ResultForm for anything else."""
    if not isinstance(result, (tuple, list)) or len(result) != 2 or not isinstance(result[1], Mapping):
        raise ResultForm("two_layer_loss should return two things: the loss, and a dict with the gradients under the keys "
                         "'W1', 'b1', 'W2', 'b2'.")
    loss, grads = result
    if missing := [k for k in GRADIENTS if k not in grads]:
        raise ResultForm(f"The dict of gradients has no {', '.join(map(repr, missing))}; its keys are {', '.join(map(repr, grads)) or 'none'}. "
                         f"Expected: 'W1', 'b1', 'W2', 'b2'.")
    return {"loss": loss, **{f"d{k}": grads[k] for k in GRADIENTS}}


# --- cases: the two losses ---------------------------------------------------------------------------------------------


def _violators(W: np.ndarray, X: np.ndarray, y: np.ndarray) -> tuple[int, bool]:
    """The most violated margins in one row; is some margin exactly 0?"""
    scores = X @ W
    margins = scores - scores[np.arange(len(y)), y][:, None] + 1
    margins[np.arange(len(y)), y] = -1
    return int((margins > 0).sum(axis=1).max()), bool((margins == 0).any())


def _svm_case(label: str, W: np.ndarray, X: np.ndarray, y: Sequence[int], reg: float, form: str = "") -> Case:
    y = np.array(y)
    most, tie = _violators(W, X, y)
    if form == "integers":  # here and not by the case's form, so that the failing example shows integers
        W, X, form = W.astype(np.int64), X.astype(np.int64), ""
    return Case(label, (W, X, y, reg), form=form,
                tags={"reg": "zero" if reg == 0 else "above zero", "the number of violated margins in a row": "at most one" if most < 2 else "two or more",
                      "a margin of exactly 0": "there" if tie else "not there", "the type of W": "int" if W.dtype.kind == "i" else "float"},
                constants={"N, the number of items,": len(X), "C, the number of classes,": W.shape[1]})


SVM_W = np.array([[1.0, -1, 0], [0, 2, 1]])
SVM_X = np.array([[3.0, 0], [1, 2]])
SVM_Y = (2, 0)


def svm_visible() -> list[Case]:
    return [
        _svm_case("the worked example", SVM_W, SVM_X, SVM_Y, 2.0),
        _svm_case("reg = 0, four classes, read-only arrays", np.array([[1.0, 0, 2, -1], [0.5, 1, 0, 1]]),
                  np.array([[1.0, 2], [0, -2], [-1, 1]]), (1, 0, 2), 0.0, "read-only"),
        _svm_case("a margin of exactly 0", np.array([[2.0, 1, 0.5], [0, 1, -1], [1, -1, 0]]), np.array([[1.0, 0, 0], [0.5, 1, -1]]), (0, 2), 1.0),
        _svm_case("whole numbers of type int, reg = 10", np.array([[1.0, -2], [0, 1], [3, 1]]),
                  np.array([[1.0, 2, 0], [-1, 0, 1], [2, 1, 1], [0, 3, -1], [1, 1, 1]]), (0, 1, 0, 1, 1), 10.0, "integers"),
    ]


def svm_weak() -> list[Case]:
    return [_svm_case("zero weights, reg = 0", np.zeros((3, 4)), np.array([[1.0, 2, 3], [2, 0, 1]]), (1, 3), 0.0),
            _svm_case("every margin met, reg = 0", np.array([[2.0, -2], [0, 0]]), np.array([[1.0, 2], [-1, 1]]), (0, 1), 0.0),
            _svm_case("one item, two classes, reg = 0", np.array([[1.0, 2], [0, 1]]), np.array([[1.0, 1]]), (0,), 0.0)]


def svm_draw(rng: np.random.Generator, N: int = 4, D: int = 3, C: int = 5, reg: float = 1.0, tie: bool = False, form: str = "") -> Case:
    """tie: with a margin of exactly 0, which counts as met."""
    while True:
        W = whole(rng, D, C, low=-2, high=2) if form == "integers" else whole(rng, D, C) / 2
        X, y = whole(rng, N, D, low=-3, high=3), rng.integers(C, size=N)
        most, ties = _violators(W, X, y)
        cut = form != "integers" or np.any(svm_loss(W, X, y, reg)[1] % 1)  # whole numbers would not show that dW was cut to them
        if ties == tie and (most > 1 or C == 2) and np.linalg.matrix_rank(X) == min(N, D) and cut:
            return _svm_case(f"N={N}, D={D}, C={C}, reg = {reg:g}{', ' + form if form else ''}", W, X, y, reg, form)


def _two_layer_case(label: str, X: np.ndarray, y: Sequence[int], W1: np.ndarray, b1: np.ndarray, W2: np.ndarray, b2: np.ndarray,
                    reg: float, form: str = "") -> Case:
    z1 = X @ W1 + b1
    largest = np.max(np.abs(np.maximum(0, z1) @ W2 + b2))
    if form == "integers":
        X, W1, b1, W2, b2, form = *(a.astype(np.int64) for a in (X, W1, b1, W2, b2)), ""
    return Case(label, (X, np.array(y), W1, b1, W2, b2, reg), form=form,
                tags={"reg": "zero" if reg == 0 else "above zero", "the size of the scores": "up to 1000" if largest > 500 else "ordinary",
                      "a zero before the ReLU": "there" if (z1 == 0).any() else "not there"},
                constants={"N, the number of items,": len(X), "C, the number of classes,": W2.shape[1]})


def two_layer_visible() -> list[Case]:
    return [
        _two_layer_case("the worked example", np.array([[1.0, 2]]), (1,), np.array([[1.0, 1], [1, -1]]), np.zeros(2),
                        np.array([[2.0, 1], [2, -3]]), np.array([-3.0, 0]), 0.5),
        _two_layer_case("two items, three hidden units, reg = 0", np.array([[1.0, -1], [2, 1]]), (2, 0), np.array([[1.0, -1, 0.5], [-1, 1, 1]]),
                        np.array([0.5, 1, 0]), np.array([[0.5, 0, 1], [1, -1, 0], [-1, 0.5, 0]]), np.array([0.0, 1, -1]), 0.0),
        _two_layer_case("one item's scores are small, the other's 1000 and 1", np.array([[1.0, 0], [0, 1]]), (1, 0), np.array([[1.0, 1], [500, -1]]),
                        np.array([0, 0.5]), np.array([[2.0, 0], [-1, 1]]), np.array([0.0, 1]), 0.0),
        _two_layer_case("a hidden unit at exactly 0, read-only arrays", np.array([[1.0, -1], [2, 0.5], [-1, 0]]), (1, 2, 0),
                        np.array([[1.0, -1], [1, 1]]), np.array([0.0, 2]), np.array([[1.0, -0.5, 0], [0.5, 1, -1]]), np.array([0.0, 0.5, 0]),
                        0.1, "read-only"),
        _two_layer_case("whole numbers of type int, reg = 10", np.array([[1.0, 0, -1], [2, 1, 0], [0, -1, 1], [1, 1, 1]]), (0, 1, 2, 1),
                        np.array([[1.0, 0], [0, -2], [1, 1]]), np.array([1.0, 2]), np.array([[1.0, -1, 0], [0, 1, 1]]), np.array([0.0, 1, -1]),
                        10.0, "integers"),
    ]


def two_layer_weak() -> list[Case]:
    zeros = (np.zeros((2, 3)), np.zeros(3), np.zeros((3, 2)), np.zeros(2))
    return [_two_layer_case("all weights zero", np.array([[1.0, 2], [3, -1]]), (0, 1), *zeros, 0.0),
            _two_layer_case("one item, every hidden unit on", np.array([[1.0, 2]]), (0,), np.array([[1.0, 0.5], [0.5, 1]]), np.zeros(2),
                            np.array([[1.0, -1], [-0.5, 1]]), np.zeros(2), 0.0)]


def two_layer_draw(rng: np.random.Generator, N: int = 4, D: int = 3, H: int = 5, C: int = 2, reg: float = 1.0, shift: float = 0.0,
                   zero: bool = False, apart: bool = False, form: str = "") -> Case:
    """shift: added to all scores; zero: some hidden unit is at exactly 0, where the ReLU passes no gradient; apart: the
    first item's scores lie more than 1000 apart, the others' do not."""
    fine = 1 if form == "integers" else 4
    while True:
        X, W1, b1 = whole(rng, N, D, low=-2, high=2), whole(rng, D, H, low=-2, high=2), whole(rng, H, low=-2, high=2)
        W2, b2 = whole(rng, H, C, low=-1, high=1) if fine == 1 else whole(rng, H, C) / fine, whole(rng, C, low=-2, high=2) + shift
        X[0] *= 1000 if apart else 1
        z1 = X @ W1 + b1
        on = z1 > 0
        scores = np.maximum(0, z1) @ W2 + b2
        y = rng.integers(C, size=N)
        if apart:
            y[0] = scores[0].argmax()  # and so no logarithm of 0
            low, high = np.sort(scores[0])[-2:]
            if high < 1000 or high - low < 1000 or scores[0].min() > high - 2000:
                continue
        if (z1 == 0).any() == zero and on.any() and not on.all():
            return _two_layer_case(f"N={N}, D={D}, H={H}, C={C}, reg = {reg:g}" + (f", scores near {shift:g}" if shift else "")
                                   + (", one item's scores far apart" if apart else "") + (f", {form}" if form else ""),
                                   X, y, W1, b1, W2, b2, reg, form)


# --- exercises ---------------------------------------------------------------------------------------------------------

LOSSES = (
    Exercise(
        id="01.svm_loss",
        rows=("B-svm",),
        answer=(svm_loss,),
        reference=(flat.svm_loss,),
        arguments=("W", "X", "y", "reg"),
        outputs=("loss", "dW"),
        visible=svm_visible,
        weak=svm_weak,
        draw=svm_draw,
        hints=(
            "Stage it: scores, margins, data_loss, reg_loss, loss; then the same names backwards. `scores[np.arange(N), y]` picks "
            "each item's correct score. A margin is a max gate: which of its two inputs won?",
            r"$\partial s$: every violated margin $m_{nj}>0$ sends $\tfrac1N$ to $s_{nj}$ and $-\tfrac1N$ to $s_{n,y_n}$. "
            r"Then $dW = X^\top ds + reg\cdot W$.",
            "`dscores = (margins > 0) / N`, then `dscores[np.arange(N), y] -= dscores.sum(axis=1)`: the correct score was subtracted "
            "once for each violated margin. At the end `dW = X.T @ dscores + reg * W`.",
        ),
        misconceptions=(
            wrong("correct class not left out",
                  "You compared the correct class with itself too: its margin is s - s + 1 = 1, for every item. Your loss is too large by "
                  "exactly 1; the gradient cannot tell you, because the two shares cancel.",
                  ("margins[rows, y] = 0", "pass")),
            wrong("whole columns set to 0",
                  "With margins[:, y] = 0 you clear the column of every class that occurs in y, for all items. Each item has one correct class "
                  "of its own: margins[np.arange(N), y] = 0.",
                  ("margins[rows, y] = 0", "margins[:, y] = 0")),
            wrong("one subtracted, however many violations",
                  "In the correct class's column you subtracted 1/N once per item. The correct score was subtracted in every violated "
                  "margin of its row, so it gets -1/N for each of them.",
                  ("dscores[rows, y] -= dscores.sum(axis=1)", "dscores[rows, y] -= dscores.max(axis=1)")),
            wrong("no gradient for the correct class",
                  "The correct class's score gets no gradient in your dW. It stands in every margin of its row with a minus sign, so each "
                  "violated margin sends -1/N back to it.",
                  ("dscores[rows, y] -= dscores.sum(axis=1)", "dscores[rows, y] = 0")),
            wrong("correct class with a plus sign",
                  "The correct class's share has the wrong sign: its score is subtracted in the margins. Raising it lowers the loss.",
                  ("dscores[rows, y] -= dscores.sum(axis=1)", "dscores[rows, y] += dscores.sum(axis=1)")),
            wrong("sum over the batch",
                  "You summed over the items. The data loss is the mean over the N items, and so the gradient's data part is divided by "
                  "N too; the penalty is not.",
                  ("data_loss = margins.sum() / N", "data_loss = margins.sum()"), ("dscores = dmargins / N", "dscores = dmargins")),
            wrong("divided inside the loop",
                  "You divide by N inside the loop over the items, so that what the first item gave is divided again and again. Divide once, "
                  "after the loop.",
                  ("data_loss = margins.sum() / N", "data_loss = np.sum(margins.sum(axis=1) / float(N) ** (N - rows))"),
                  ("dscores = dmargins / N", "dscores = dmargins / float(N) ** (N - rows)[:, None]")),
            wrong("gradient not divided by N",
                  "Your loss is a mean over the items, but your dW is not: the division by N has a backward line too.",
                  ("dscores = dmargins / N", "dscores = dmargins")),
            wrong("mean over all margins",
                  "You took the mean over all N·C margins. Each item's loss is the sum over its classes; the mean is over the N items "
                  "only.",
                  ("data_loss = margins.sum() / N", "data_loss = margins.mean()"), ("dscores = dmargins / N", "dscores = dmargins / margins.size")),
            wrong("half missing in the loss",
                  "Your penalty lacks the factor ½. Here it is ½·reg·Σw², so that its gradient is reg·W: your dW fits that, your loss "
                  "does not.",
                  ("reg_loss = 0.5 * reg", "reg_loss = reg")),
            wrong("penalty without the half",
                  "You used reg·Σw² with gradient 2·reg·W. Both fit each other, but this workbook's penalty is ½·reg·Σw², with gradient "
                  "reg·W.",
                  ("reg_loss = 0.5 * reg", "reg_loss = reg"), ("+ reg * W\n", "+ 2 * reg * W\n")),
            wrong("half kept in the gradient",
                  "You kept the factor ½ in the penalty's gradient. The derivative of ½·reg·w² is reg·w: the 2 from the square eats "
                  "the ½.",
                  ("+ reg * W\n", "+ 0.5 * reg * W\n")),
            wrong("penalty left out",
                  "The penalty is missing. ½·reg·Σw² belongs to the loss, and so reg·W belongs to dW.",
                  ("reg_loss = 0.5 * reg", "reg_loss = 0 * reg"), ("+ reg * W\n", "+ 0 * W\n")),
            wrong("penalty not in the loss",
                  "Your dW has the penalty's part, reg·W. Your loss lacks the penalty itself: ½·reg·Σw².",
                  ("reg_loss = 0.5 * reg", "reg_loss = 0 * reg")),
            wrong("penalty not in the gradient",
                  "The penalty is in your loss but not in your dW. It depends on W, so it sends reg·W back.",
                  ("+ reg * W\n", "+ 0 * W\n")),
            wrong("penalty divided by N",
                  "You divided the penalty by N as well. The mean is over the items; the penalty belongs to the weights and is added "
                  "once.",
                  ("reg_loss = 0.5 * reg * np.sum(W * W)", "reg_loss = 0.5 * reg * np.sum(W * W) / N"), ("+ reg * W\n", "+ reg * W / N\n")),
            wrong("margin of 1 left out",
                  "You left out the margin: a wrong class costs something as soon as it comes within 1 of the correct one, "
                  "s_j - s_correct + 1 > 0.",
                  ("scores - correct + 1", "scores - correct")),
            wrong("margins the wrong way round",
                  "Your margins punish scores that are too low: you computed s_correct - s_j + 1. A class costs something when its "
                  "score is too high.",
                  ("scores - correct + 1)", "correct - scores + 1)"), ("dscores = dmargins / N", "dscores = -dmargins / N")),
            wrong("no max with zero",
                  "You added up negative margins too. A class that is beaten by more than 1 costs nothing and earns nothing: max(0, ·).",
                  ("np.maximum(0, scores - correct + 1)", "scores - correct + 1")),
            wrong("margin value instead of a switch",
                  "You sent the margin's own value back. max(0, m) is a switch: where m > 0 its local gradient is 1, however large m is.",
                  ("np.where(margins > 0, 1.0, 0.0)", "margins * 1.0")),
            wrong("gradient at a margin of exactly 0",
                  "You let a margin of exactly 0 send a gradient back. That is a kink; this exercise counts it as met, with gradient 0.",
                  ("dmargins = np.where(margins > 0, 1.0, 0.0)",
                   "dmargins = np.where(scores - correct + 1 >= 0, 1.0, 0.0)\n    dmargins[rows, y] = 0")),
            wrong("gradient cut to whole numbers",
                  "Where W holds integers your dW is cut to whole numbers: np.zeros_like(W) or W.copy() takes over W's type. Make it "
                  "float: np.zeros(W.shape).",
                  ("return loss, dW", "return loss, dW.astype(W.dtype)")),
        ),
    ),
    Exercise(
        id="01.two_layer_loss",
        rows=("B-twolayer",),
        answer=(two_layer_loss,),
        reference=(flat.two_layer_loss,),
        arguments=("X", "y", "W1", "b1", "W2", "b2", "reg"),
        outputs=("loss", "dW1", "db1", "dW2", "db2"),
        visible=two_layer_visible,
        weak=two_layer_weak,
        draw=two_layer_draw,
        unpack=read_loss_and_gradients,
        hints=(
            "Write the forward pass in stages and keep every name: z1, h1, scores, p, loss. Then go back from dscores. Let the shapes "
            "guide you: a gradient has the shape of its variable.",
            r"$ds = (p - \text{one-hot}(y))/N$; $dW_2 = h_1^\top ds + reg\,W_2$, $db_2 = \sum_n ds_n$, $dh_1 = ds\,W_2^\top$; "
            r"$dz_1 = dh_1$ where $z_1>0$, else 0; then $dW_1$ and $db_1$ in the same way with $X$ in place of $h_1$.",
            "`p = np.exp(scores - scores.max(axis=1, keepdims=True))`, `p = p / p.sum(axis=1, keepdims=True)`; `ds = p.copy()`, "
            "`ds[np.arange(N), y] -= 1`, `ds = ds / N`; `dh1 = ds @ W2.T`, `dz1 = dh1 * (z1 > 0)`; "
            "`dW1 = X.T @ dz1 + reg * W1`, `db1 = dz1.sum(axis=0)`.",
        ),
        misconceptions=(
            wrong("scores not shifted",
                  "For scores near 1000 exp overflows and inf/inf is NaN. Subtract each row's largest score first: the softmax stays the "
                  "same.",
                  ("shifted = scores - scores.max(axis=1, keepdims=True)", "shifted = scores")),
            wrong("one largest score for all items",
                  "You subtracted one number, the largest score of all items. An item whose scores lie 1000 below it is left with exp(-1000) "
                  "= 0 and the logarithm of 0. Give every row its own: scores.max(axis=1, keepdims=True).",
                  ("scores.max(axis=1, keepdims=True)", "scores.max()")),
            wrong("softmax over the items",
                  "Your softmax runs down the columns, over the items. Each item's probabilities sum to 1 over the classes: axis=1.",
                  ("totals = powers.sum(axis=1, keepdims=True)", "totals = powers.sum(axis=0, keepdims=True)")),
            wrong("sum over the batch",
                  "You summed over the items. The data loss is a mean over the N items, so the loss and dscores are divided by N; the "
                  "penalty is not.",
                  ("data_loss = -log_p[rows, y].sum() / N", "data_loss = -log_p[rows, y].sum()"), ("dscores = dscores / N", "dscores = dscores / 1")),
            wrong("dscores not divided by N",
                  "Your loss is a mean over the items, but dscores is not divided by N. The division has a backward line too.",
                  ("dscores = dscores / N", "dscores = dscores / 1")),
            wrong("one subtracted in whole columns",
                  "With dscores[:, y] -= 1 you subtract from every item, in the column of each class that occurs in y. Each item has one correct "
                  "class of its own: dscores[np.arange(N), y] -= 1.",
                  ("dscores[rows, y] -= 1", "dscores[:, y] -= 1")),
            wrong("minus sign missing in the loss",
                  "Your data loss has the wrong sign. A logarithm of a probability is negative; the loss is -ln p.",
                  ("data_loss = -log_p", "data_loss = log_p")),
            wrong("biases left out",
                  "You left out the biases in the forward pass: z1 = X·W1 + b1, and scores = h1·W2 + b2.",
                  ("z1 = X @ W1 + b1", "z1 = X @ W1"), ("scores = h1 @ W2 + b2", "scores = h1 @ W2")),
            wrong("one not subtracted",
                  "Your dscores is the softmax p alone. The gradient of softmax with cross-entropy is p minus 1 at the correct class.",
                  ("dscores[rows, y] -= 1", "pass")),
            wrong("y minus p",
                  "Your dscores has the wrong sign: it is p minus the one-hot target. Where the target's p is below 1, raising its score "
                  "lowers the loss.",
                  ("dscores = dscores / N", "dscores = -dscores / N")),
            wrong("ReLU left out going back",
                  "You sent the gradient past the ReLU unchanged. Where z1 ≤ 0 the hidden unit was switched off, and nothing goes back "
                  "through it.",
                  ("dz1 = np.where(z1 > 0, dh1, 0)", "dz1 = dh1")),
            wrong("ReLU applied to the gradient",
                  "You kept the positive gradients. The ReLU's switch was set by the forward pass: it depends on the sign of z1, not on the "
                  "sign of dh1.",
                  ("dz1 = np.where(z1 > 0, dh1, 0)", "dz1 = np.where(dh1 > 0, dh1, 0)")),
            wrong("ReLU open at exactly 0",
                  "You let the gradient through where z1 is exactly 0. This exercise does as the frameworks do: the slope there is 0, so "
                  "the mask is z1 > 0.",
                  ("dz1 = np.where(z1 > 0, dh1, 0)", "dz1 = np.where(z1 >= 0, dh1, 0)")),
            wrong("no ReLU at all",
                  "You left the ReLU out, forward and backward. Without it two layers are no more than one: X·(W1·W2).",
                  ("h1 = np.maximum(0, z1)", "h1 = z1"), ("dz1 = np.where(z1 > 0, dh1, 0)", "dz1 = dh1")),
            wrong("z1 in dW2",
                  "In dW2 you used z1. The second layer saw h1, after the ReLU: dW2 = h1ᵀ·dscores.",
                  ("dW2 = h1.T @ dscores", "dW2 = z1.T @ dscores")),
            wrong("bias gradients averaged",
                  "You took the mean for db1 and db2. dscores already holds the 1/N; a bias is added for every item, so its gradient "
                  "is the sum.",
                  ("db2 = dscores.sum(axis=0)", "db2 = dscores.mean(axis=0)"), ("db1 = dz1.sum(axis=0)", "db1 = dz1.mean(axis=0)")),
            wrong("biases regularised",
                  "You regularised the biases too. Here the penalty is for W1 and W2 only.",
                  ("np.sum(W2 * W2))", "np.sum(W2 * W2) + np.sum(b1 * b1) + np.sum(b2 * b2))"),
                  ("db2 = dscores.sum(axis=0)", "db2 = dscores.sum(axis=0) + reg * b2"), ("db1 = dz1.sum(axis=0)", "db1 = dz1.sum(axis=0) + reg * b1")),
            wrong("half missing in the loss",
                  "Your penalty lacks the factor ½. It is ½·reg·(ΣW1² + ΣW2²); your gradients fit that, your loss does not.",
                  ("reg_loss = 0.5 * reg", "reg_loss = reg")),
            wrong("penalty without the half",
                  "You used the penalty without ½, with gradients 2·reg·W. Both fit each other, but here the penalty is "
                  "½·reg·(ΣW1² + ΣW2²) with gradients reg·W.",
                  ("reg_loss = 0.5 * reg", "reg_loss = reg"), ("+ reg * W2\n", "+ 2 * reg * W2\n"), ("+ reg * W1\n", "+ 2 * reg * W1\n")),
            wrong("penalty left out",
                  "The penalty is missing. ½·reg·(ΣW1² + ΣW2²) belongs to the loss, and so reg·W1 to dW1 and reg·W2 to dW2.",
                  ("reg_loss = 0.5 * reg", "reg_loss = 0 * reg"), ("+ reg * W2\n", "+ 0 * W2\n"), ("+ reg * W1\n", "+ 0 * W1\n")),
            wrong("penalty not in the loss",
                  "Your gradients have the penalty's part. Your loss lacks the penalty itself: ½·reg·(ΣW1² + ΣW2²).",
                  ("reg_loss = 0.5 * reg", "reg_loss = 0 * reg")),
            wrong("penalty not in the gradients",
                  "The penalty is missing from a gradient. It depends on W1 and on W2, so it sends reg·W1 back to one and reg·W2 to the other.",
                  ("+ reg * W2\n", "+ 0 * W2\n"), ("+ reg * W1\n", "+ 0 * W1\n")),
            wrong("penalty for the second layer only",
                  "You regularised W2 but not W1. The penalty is the sum over both: ½·reg·(ΣW1² + ΣW2²).",
                  ("(np.sum(W1 * W1) + np.sum(W2 * W2))", "(0 + np.sum(W2 * W2))"), ("+ reg * W1\n", "+ 0 * W1\n")),
            wrong("gradients cut to whole numbers",
                  "Where the weights hold integers your gradients are cut to whole numbers: np.zeros_like(W1) takes over W1's type. Make "
                  "them float: np.zeros(W1.shape).",
                  ('{"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}', '{"W1": dW1.astype(W1.dtype), "b1": db1.astype(b1.dtype), '
                   '"W2": dW2.astype(W2.dtype), "b2": db2.astype(b2.dtype)}')),
            wrong("penalty divided by N",
                  "You divided the penalty by N as well. The mean is over the items; the penalty is added once.",
                  ("loss = data_loss + reg_loss", "loss = data_loss + reg_loss / N"), ("+ reg * W2\n", "+ reg / N * W2\n"),
                  ("+ reg * W1\n", "+ reg / N * W1\n")),
        ),
    ),
)
