"""08_pooling_and_softmax: softmax and cross-entropy of a whole batch, safe for scores of any size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...losses import softmax_cross_entropy as library_loss
from ..exercise import Case, Exercise, wrong

# --- the right answer, as a student would write it ---------------------------------------------------------------------


def softmax_cross_entropy(scores, y):
    N = scores.shape[0]
    rows = np.arange(N)
    largest = scores.max(axis=1, keepdims=True)
    shifted = scores - largest
    powers = np.exp(shifted)
    totals = powers.sum(axis=1, keepdims=True)
    log_p = shifted - np.log(totals)
    loss = -log_p[rows, y].sum() / N
    dscores = powers / totals
    dscores[rows, y] -= 1
    return loss, dscores / N


# --- cases -------------------------------------------------------------------------------------------------------------


def _case(label: str, scores: np.ndarray, y: Sequence[int], form: str = "") -> Case:
    size = "near 1000" if np.abs(scores).max() > 500 else "ordinary"
    return Case(label, (scores, np.array(y)), form=form, constants={"N, the number of items,": len(scores), "C, the number of classes,": scores.shape[1]},
                tags={"the number of items": "one" if len(scores) == 1 else "two or more", "the size of the scores": size})


def visible() -> list[Case]:
    return [
        _case("the worked row: p = (0.3, 0.7), the second is right", np.log([[3.0, 7]]), (1,)),
        _case("one row of five classes, a chair", np.array([[1.0, 2, 2.5, 0.5, -1]]), (2,)),
        _case("two rows, three classes, integers", np.array([[1.0, 0, -1], [2, 2, 0]]), (2, 0), "integers"),
        _case("scores near 1000", np.array([[1000.0, 1002, 1003], [-999, -1000, -1001]]), (1, 2)),
        _case("rows near 1000, 0 and -1000, two of one class, read-only", np.array([[1001.0, 1000, 999, 998], [0, 1, 2, 0.5], [-1000, -1002, -999, -1001]]),
              (1, 3, 1), "read-only"),
        _case("a right class whose p rounds to 0", np.array([[0.0, 1000, 1], [1, 0, 0]]), (0, 0)),
    ]


def weak() -> list[Case]:
    return [_case("one row, all scores 0", np.zeros((1, 2)), (0,)), _case("one class", np.array([[2.0], [1.0]]), (0, 0)), _case("one class, scores 0", np.zeros((1, 1)), (0,)),
            _case("one class, scores 1", np.ones((1, 1)), (0,))]


def draw(rng: np.random.Generator, N: int = 4, C: int = 5, shift: float = 0.0, lost: bool = False, form: str = "") -> Case:
    """shift: the rows lie around -shift, 0, shift, in turn; lost: the first row's right class lies 900 below the others."""
    step = 1.0 if form == "integers" else 0.5
    scores = np.array([rng.permutation(C) * step for _ in range(N)]) + rng.integers(-2, 3, (N, 1))
    scores += shift * rng.permutation(np.resize([1.0, -1, 0], N))[:, None]
    y = rng.permutation(np.arange(N) % C)
    y[-1] = y[0]  # two items of one class
    if lost:
        scores[0, y[0]] -= 900
    label = f"{N} items, {C} classes{f', rows around -{shift:g}, 0 and {shift:g}' if shift else ''}{', one far off' if lost else ''}{', ' + form if form else ''}"
    return _case(label, scores, y, form)


# --- the exercise ------------------------------------------------------------------------------------------------------

ENTROPY = Exercise(
    id="08.softmax_cross_entropy",
    rows=("A-ce5", "A-softmaxjac", "E-softmaxce", "X-8"),
    answer=(softmax_cross_entropy,),
    reference=(library_loss,),
    arguments=("scores", "y"),
    outputs=("loss", "dscores"),
    visible=visible,
    weak=weak,
    draw=draw,
    hints=(
        "Take one row first. Subtract its own largest score. Which of the two terms of ln p can you then write down without computing p?",
        r"$m = \max_j s_j$; $\;\ln p_j = s_j - m - \ln\sum_k e^{s_k - m}$; $\;L = -\frac1N\sum_n \ln p_{n,y_n}$; "
        r"$\;dscores = (p - Y)/N$, with $Y$ one-hot.",
        "`shifted = scores - scores.max(axis=1, keepdims=True)`, `log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))`, "
        "`loss = -log_p[np.arange(N), y].mean()`; then `dscores = np.exp(log_p)`, `dscores[np.arange(N), y] -= 1`, `dscores / N`.",
    ),
    misconceptions=(
        wrong("overflow",
              "You computed e^score directly: for a score of 1000 that is infinite, and inf/inf is NaN. Subtract each row's largest score first.",
              ("largest = scores.max(axis=1, keepdims=True)", "largest = 0.0")),
        wrong("one shift for the batch",
              "You subtracted the largest score of the whole batch. A row that lies far below it becomes e^(-2000) = 0 all over, and the "
              "logarithm of 0 follows. Each row has its own largest score.",
              ("scores.max(axis=1, keepdims=True)", "scores.max()")),
        wrong("logarithm of a rounded p",
              "You computed p first and then its logarithm. A p below 1e-308 is rounded to 0, and ln 0 is -∞. Take ln p from the scores: shifted score "
              "minus ln of the sum.",
              ("log_p = shifted - np.log(totals)", "log_p = np.log(powers / totals)")),
        wrong("p kept away from 0",
              "You added a tiny number to p before the logarithm. That avoids -∞ but gives a wrong loss, -ln 1e-12 = 27.6 where the truth is 1000. "
              "Take ln p from the scores instead.",
              ("log_p = shifted - np.log(totals)", "log_p = np.log(powers / totals + 1e-12)")),
        wrong("softmax down the columns",
              "Your softmax runs over the items of the batch. Each item, a row, has its own probabilities, which sum to 1: axis=1.",
              ("totals = powers.sum(axis=1, keepdims=True)", "totals = powers.sum(axis=0, keepdims=True)")),
        wrong("loss summed",
              "Your loss is the sum over the batch. It is the mean: divide by N.",
              (".sum() / N", ".sum()")),
        wrong("gradient not divided",
              "Your gradient is not divided by N. The loss is a mean over N items, so each item's gradient has a factor 1/N.",
              ("return loss, dscores / N", "return loss, dscores")),
        wrong("summed throughout",
              "You worked with the sum over the batch, in the loss and in the gradient. Both are means: divide by N.",
              (".sum() / N", ".sum()"), ("return loss, dscores / N", "return loss, dscores")),
        wrong("gradient divided by the number of classes",
              "You divided the gradient by the number of classes too. The mean is over the N items only.",
              ("return loss, dscores / N", "return loss, dscores / scores.size")),
        wrong("mean over all entries",
              "You averaged the loss over all N·C entries. Each item has one loss, that of its right class: divide by N.",
              (".sum() / N", ".sum() / scores.size")),
        wrong("1 from whole columns",
              "You wrote dscores[:, y] -= 1. That subtracts 1 from these columns in every row. One entry a row is meant: "
              "dscores[np.arange(N), y] -= 1.",
              ("dscores[rows, y] -= 1", "dscores[:, y] -= 1")),
        wrong("1 not subtracted",
              "Your gradient is p. At the right class 1 has to be subtracted; each row of dscores sums to 0.",
              ("dscores[rows, y] -= 1", "pass")),
        wrong("only the right class",
              "Your gradient has only the right class's entry. The other scores stand in the sum, and raising them raises the loss: p.",
              ("return loss, dscores / N", "return loss, dscores * (np.arange(scores.shape[1]) == np.reshape(y, (-1, 1))) / N")),
        wrong("sign turned round",
              "Your gradient is y - p. A larger score of the right class lowers the loss: its entry is p - 1, negative.",
              ("return loss, dscores / N", "return loss, -dscores / N")),
        wrong("decimal logarithm",
              "You used the logarithm of base 10, as lecture E's slide did. Softmax is made of e^s, and only with ln the gradient is p - y.",
              ("-log_p[rows, y].sum()", "-log_p[rows, y].sum() / np.log(10)")),
        wrong("loss of the favourite",
              "Your loss takes the largest p of each row. It takes the right class's: p[n, y[n]].",
              ("-log_p[rows, y].sum()", "-log_p.max(axis=1).sum()")),
        wrong("minus forgotten",
              "Your loss is negative. ln p is at most 0, and the loss is -ln p.",
              ("loss = -log_p", "loss = log_p")),
        wrong("classes counted from 1",
              "You took the class before the right one. Labels count from 0.",
              ("rows = np.arange(N)", "rows = np.arange(N); y = np.asarray(y) - 1")),
        wrong("shift left in the logarithm",
              "You subtracted the largest score in the exponents only. In ln p = s - m - ln Σ e^(s - m) it is subtracted from the score, too.",
              ("log_p = shifted - np.log(totals)", "log_p = scores - np.log(totals)")),
    ),
)
