"""04_linear_classifiers, third part: the settings that do best on the validation split."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from ...classic import grid_search
from ..exercise import Case, Exercise, wrong
from ..inputs import whole

# --- the right answer, as a student would write it ---------------------------------------------------------------------


def search(train, data, lrs, regs):
    table = np.empty((len(lrs), len(regs)))
    for i in range(len(lrs)):
        for j in range(len(regs)):
            W = train(data["X_train"], data["y_train"], lrs[i], regs[j])
            scores = data["X_val"] @ W
            table[i, j] = np.mean(scores.argmax(axis=1) == data["y_val"])
    i, j = np.unravel_index(table.argmax(), table.shape)
    return lrs[i], regs[j], table


# --- the same from the library -----------------------------------------------------------------------------------------


class _Trained:
    def __init__(self, W):
        self.W = W

    def predict(self, X):
        return np.argmax(X @ self.W, axis=1)


def _search(train, data, lrs, regs):
    settings = list(np.ndindex(len(lrs), len(regs)))
    found = grid_search(lambda X, y, at: _Trained(train(X, y, lrs[at[0]], regs[at[1]])), data, at=settings)
    table = np.zeros((len(lrs), len(regs)))
    for accuracy, setting in found.table:
        table[setting["at"]] = accuracy
    i, j = found.setting["at"]
    return lrs[i], regs[j], table


# --- cases -------------------------------------------------------------------------------------------------------------


def _by_hand(X, y, lr, reg):
    return np.array([[lr, reg]], dtype=float)


def _few_steps(X, y, lr, reg):
    """Two steps of gradient descent on the softmax loss, from W = 0, with as many classes as y knows. For lr and reg of
    shape (S, 1, 1) all S trainings at once."""
    one_hot = np.eye(int(np.max(y)) + 1)[y]
    toward = X.T @ (one_hot - 1 / one_hot.shape[1])
    W = lr / len(X) * toward  # the first step: p is the same for all classes, and the penalty 0
    p = np.exp(np.clip(X @ W, -50, 50))
    return W - lr * (X.T @ (p / p.sum(axis=-1, keepdims=True) - one_hot) / len(X) + reg * W)


_by_hand.__name__ = "W = [[lr, reg]], whatever the data"
_few_steps.__name__ = "two steps of softmax regression"


def _search_case(label: str, train: Callable, data: dict[str, np.ndarray], lrs: Sequence[float], regs: Sequence[float], form: str = "") -> Case:
    table = _search(train, data, lrs, regs)[2]
    return Case(label, (train, data, list(lrs), list(regs)), form=form,
                tags={"equally good settings": "there" if (table == table.max()).sum() > 1 else "not there",
                      "the table": "square" if len(lrs) == len(regs) else "not square"},
                constants={"the number of validation items": len(data["y_val"])})


def _splits(train: tuple, val: tuple, test: tuple) -> dict[str, np.ndarray]:
    return {f"{name}_{part}": np.array(values, dtype=kind) for part, split in (("train", train), ("val", val), ("test", test))
            for name, values, kind in zip("Xy", split, (float, int))}


WORKED = _splits(([[1], [-2]], [0, 1]), ([[1], [2], [-1], [3], [-2]], [0, 0, 1, 0, 0]), ([[2], [-1]], [1, 0]))


def _other_choices(data: dict[str, np.ndarray], lrs: Sequence[float], regs: Sequence[float]) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """The validation table, and the settings that wrong ways of choosing lead to."""
    lr, reg = (np.reshape(v, (-1, 1, 1)) for v in (np.repeat(lrs, len(regs)), np.tile(regs, len(lrs))))
    W = _few_steps(data["X_train"], data["y_train"], lr, reg)
    tables = {part: ((data[f"X_{part}"] @ W).argmax(axis=-1) == data[f"y_{part}"]).mean(axis=1).reshape(len(lrs), len(regs)) for part in ("val", "train", "test")}
    table = tables["val"]
    i = int(table[:, 0].argmax())
    others = [np.unravel_index(tables[part].argmax(), table.shape) for part in ("train", "test")]
    others += [(i, int(table[0].argmax())), (i, int(table[i].argmax())), (int(table.mean(axis=1).argmax()), int(table.mean(axis=0).argmax()))]
    if (table == table.max()).sum() > 1:
        by_columns = np.unravel_index(table.T.argmax(), table.T.shape)[::-1]  # the first of equally good ones, and the last
        last = np.unravel_index(table.size - 1 - table[::-1, ::-1].argmax(), table.shape)
        others += [by_columns, last] if by_columns != last else [np.unravel_index(table.argmax(), table.shape)]
    return table, [(int(a), int(b)) for a, b in others]


def search_draw(rng: np.random.Generator, settings: tuple[int, int] = (3, 2), N: int = 8, val: int = 6, D: int = 2, C: int = 3, ties: bool = False, form: str = "") -> Case:
    """So many values of lr and of reg, in no order. Every wrong way to choose leads to another setting; ties: the best accuracy
    is reached more than once."""
    while True:
        lrs = rng.permutation([0.1, 0.5, 2.0, 6.0])[:settings[0]].tolist()
        regs = rng.permutation([0.0, 0.2, 0.6, 1.5])[:settings[1]].tolist()
        part = lambda n: (whole(rng, n, D, low=-3, high=3), rng.permutation(np.resize(np.arange(C), n)))  # noqa: E731
        data = _splits(part(N), part(val), part(val + 1))
        table, others = _other_choices(data, lrs, regs)
        best = tuple(int(k) for k in np.unravel_index(table.argmax(), table.shape))
        if (int((table == table.max()).sum()) > 1) == ties and best not in others and table.min() < table.max():
            return _search_case(f"{len(lrs)} × {len(regs)} settings{', several equally good' if ties else ''}{', ' + form if form else ''}",
                                _few_steps, data, lrs, regs, form)


@cache  # the draws look at many data sets
def search_visible() -> list[Case]:
    rng = np.random.default_rng(12)
    return [
        _search_case("the worked table", _by_hand, WORKED, [1.0, 3.0], [4.0, 2.0, 0.0]),
        search_draw(rng, (2, 3), N=6, val=4),
        search_draw(rng, (3, 2), N=6, val=4, ties=True, form="read-only"),
        search_draw(rng, (3, 3), N=6, val=5, C=2),
    ]


def search_weak() -> list[Case]:
    same = ([[1, 0], [0, 1]], [0, 1])
    return [_search_case("one setting, all splits alike", _few_steps, _splits(same, same, same), [0.5], [0.0]),
            _search_case("one setting, nothing right", _few_steps, _splits(same, (same[0], [1, 0]), same), [0.0], [0.0])]


# --- exercises ---------------------------------------------------------------------------------------------------------

ON_VAL = ('scores = data["X_val"] @ W', 'scores.argmax(axis=1) == data["y_val"]')
CHOICE = "i, j = np.unravel_index(table.argmax(), table.shape)"

SEARCH = Exercise(
    id="04.search",
    rows=("B-linear",),
    answer=(search,),
    reference=(_search,),
    arguments=("train", "data", "lrs", "regs"),
    outputs=("lr", "reg", "table"),
    visible=search_visible,
    weak=search_weak,
    draw=search_draw,
    hints=(
        "Two loops. In them: train on which split, measure on which split? And which split is not touched at all?",
        "`table[i, j]` is the share of validation items for which the class with the highest score, `(X_val @ W).argmax(axis=1)`, is the right one, "
        "after `W = train(X_train, y_train, lrs[i], regs[j])`.",
        "After the loops `i, j = np.unravel_index(table.argmax(), table.shape)`: argmax takes the first of equal ones, row by row. Return `lrs[i], "
        "regs[j], table`.",
    ),
    misconceptions=(
        wrong("chosen on the test split",
              "You measured on the test split. Then it takes part in choosing, and its accuracy no longer says how new items will fare. Choose on X_val, "
              "y_val.",
              (ON_VAL[0], 'scores = data["X_test"] @ W'), (ON_VAL[1], 'scores.argmax(axis=1) == data["y_test"]')),
        wrong("chosen on the training split",
              "You measured on the items you trained on. That rewards settings that learn by heart. Measure on items that training never saw: X_val, "
              "y_val.",
              (ON_VAL[0], 'scores = data["X_train"] @ W'), (ON_VAL[1], 'scores.argmax(axis=1) == data["y_train"]')),
        wrong("trained on the validation split",
              "You trained on the validation split, and measured on it too. Train on X_train, y_train.",
              ('train(data["X_train"], data["y_train"],', 'train(data["X_val"], data["y_val"],')),
        wrong("validation items in the training",
              "You trained on the training and the validation items together. Then the validation accuracy is measured on items that were learned. "
              "After the choice is made you may do so.",
              ('train(data["X_train"], data["y_train"],',
               'train(np.concatenate([data["X_train"], data["X_val"]]), np.concatenate([data["y_train"], data["y_val"]]),')),
        wrong("positions in place of values",
              "You returned the positions in the lists. What is asked for are the values there: lrs[i] and regs[j].",
              ("return lrs[i], regs[j], table", "return i, j, table")),
        wrong("last of equally good ones",
              "Of several equally good settings you took the last: >= where > is meant. This exercise takes the first, row by row.",
              (CHOICE, "i, j = np.unravel_index(table.size - 1 - table[::-1, ::-1].argmax(), table.shape)")),
        wrong("first by columns",
              "Of several equally good settings you took the first by columns: your outer loop runs over regs. This exercise takes the first row by row, so "
              "the outer loop runs over lrs.",
              (CHOICE, "j, i = np.unravel_index(table.T.argmax(), table.T.shape)")),
        wrong("worst setting",
              "You chose the setting with the lowest accuracy.",
              (CHOICE, "i, j = np.unravel_index(table.argmin(), table.shape)")),
        wrong("errors in the table",
              "Your table holds the shares of mistakes. What is asked for are accuracies, the shares of items that are right.",
              (ON_VAL[1], 'scores.argmax(axis=1) != data["y_val"]'), (CHOICE, "i, j = np.unravel_index(table.argmin(), table.shape)")),
        wrong("counts in the table",
              "Your table counts the items that are right. An accuracy is their share: the mean, not the sum.",
              ("np.mean(scores", "np.sum(scores")),
        wrong("settings swapped",
              "You handed reg over as lr and lr as reg. The order is train(X, y, lr, reg).",
              ("lrs[i], regs[j])\n", "regs[j], lrs[i])\n")),
        wrong("each setting by itself",
              "You chose lr with the first reg, and reg with the first lr. What is best for one depends on the other: look at the whole table.",
              (CHOICE, "i, j = table[:, 0].argmax(), table[0].argmax()")),
        wrong("one setting after the other",
              "You chose lr with the first reg, and then reg for that lr. So most of the table is never looked at; the best pair may be there.",
              (CHOICE, "i = table[:, 0].argmax()\n    j = table[i].argmax()")),
        wrong("best row and best column",
              "You took the lr that is best on average and the reg that is best on average. The best pair need not be where these two meet.",
              (CHOICE, "i, j = table.mean(axis=1).argmax(), table.mean(axis=0).argmax()")),
        wrong("table filled by columns",
              "Your numbers stand in the wrong places of the table. Rows belong to lrs, columns to regs: table[i, j].",
              ("return lrs[i], regs[j], table", "return lrs[i], regs[j], table.T.reshape(table.shape)")),
        wrong("lowest score wins",
              "You took the class with the lowest score as the answer. The class with the highest score is predicted: argmax(axis=1).",
              (ON_VAL[1], '(-scores).argmax(axis=1) == data["y_val"]')),
    ),
)
