"""04_linear_classifiers, first part: distances by one matrix product, and the vote of the k nearest neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...classic import KNearestNeighbors
from ..exercise import Case, Exercise, wrong
from ..inputs import whole

# --- the right answers, as a student would write them ------------------------------------------------------------------


def distances_no_loops(A, B):
    A = A.astype(float)
    B = B.astype(float)
    a2 = (A * A).sum(axis=1)
    b2 = (B * B).sum(axis=1)
    ab = A @ B.T
    squared = a2[:, None] + b2 - 2 * ab
    squared = np.maximum(squared, 0)
    return np.sqrt(squared)


def knn_predict(d, y, k):
    order = np.argsort(d, kind="stable")
    nearest = order[:, :k]
    labels = y[nearest]
    classes = np.unique(y)
    votes = np.stack([np.count_nonzero(labels == c, axis=1) for c in classes], axis=1)
    winner = votes.argmax(axis=1)
    return classes[winner]


# --- the same from the library -----------------------------------------------------------------------------------------


def _distances(A, B):
    return KNearestNeighbors().fit(B.astype(float), np.zeros(len(B), dtype=int)).distances(A.astype(float), loops=1)


def _knn_predict(d, y, k):
    counted = []
    for row in d:
        neighbours = sorted(range(len(y)), key=lambda n: (row[n], n))[:k]
        labels = [int(y[n]) for n in neighbours]
        counted.append(min(set(labels), key=lambda c: (-labels.count(c), c)))
    return np.array(counted)


# --- cases: distances --------------------------------------------------------------------------------------------------


def _distance_case(label: str, A: np.ndarray, B: np.ndarray, form: str = "") -> Case:
    return Case(label, (A, B), form=form,
                tags={"the type of the numbers": "bytes (uint8)" if A.dtype == np.uint8 else "int" if form == "integers" else "float",
                      "a row that is in A and in B": "there" if (np.abs(A[:, None] - 1.0 * B) < 1e-6).all(axis=2).any() else "not there",
                      "the number of columns": "1" if A.shape[1] == 1 else "2 or more"},
                constants={"D, the number of columns,": A.shape[1]})


def _goes_below_zero(A: np.ndarray, B: np.ndarray) -> bool:
    """Do the three terms cancel to something below 0, in each of the ways in which they may be computed? (The way by dot
    products rounds just as A·Bᵀ does: where A is B it never goes below 0.)"""
    ways = [lambda X: (X * X).sum(axis=1), lambda X: np.einsum("nd,nd->n", X, X)]
    if A is not B:
        ways.append(lambda X: np.array([x @ x for x in X]))
    ab = A @ B.T
    return all((t < -1e-17).any() for a2, b2 in ((way(A)[:, None], way(B)) for way in ways)
               for t in (a2 + b2 - 2 * ab, a2 - 2 * ab + b2, -2 * ab + a2 + b2))


def _repeated(rng: np.random.Generator, rows: int, D: int, apart: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """A and B whose rows are alike, or `apart`, so that by the formula some distances come out below 0, through rounding."""
    while True:
        A = whole(rng, rows, D, low=1, high=39) / 10
        B = A + apart * rng.random(A.shape) if apart else A
        if _goes_below_zero(A, B) and len(np.unique(A, axis=0)) == rows:
            return A, B.copy()


def distance_visible() -> list[Case]:
    return [
        _distance_case("the worked number", np.array([[1.0, 2]]), np.array([[4.0, 6]])),
        _distance_case("two rows and three, whole numbers of type int", np.array([[1.0, -2], [0, 3]]), np.array([[1.0, 1], [-3, 0], [2, 4]]), "integers"),
        _distance_case("pixels as bytes (uint8)", np.array([[200, 10, 90]], dtype=np.uint8), np.array([[150, 40, 95], [210, 5, 255], [0, 30, 90]], dtype=np.uint8)),
        _distance_case("every row of A is a row of B too, read-only", *_repeated(np.random.default_rng(7), 6, 4), "read-only"),
    ]


def distance_weak() -> list[Case]:
    zero, one = np.zeros((1, 1)), np.ones((1, 1))
    return [_distance_case("0 and 0", zero, zero), _distance_case("1 and 0", one, zero), _distance_case("2 and 2", 2 * one, 2 * one),
            _distance_case("0 and 2", zero, 2 * one), _distance_case("4 and 5", 4 * one, 5 * one)]


def distance_draw(rng: np.random.Generator, M: int = 3, N: int = 4, D: int = 3, kind: str = "whole", form: str = "") -> Case:
    """kind: "whole" (whole numbers of both signs), "bytes" (uint8), "repeated" (A's rows are rows of B, but for
    differences too small to count), "far" (all numbers near 100)."""
    label = f"{M} rows and {N} of {D} numbers{'' if kind == 'whole' else ', ' + kind}{', ' + form if form else ''}"
    if kind == "repeated":
        A, B = _repeated(rng, M, D, apart=1e-9)
        return _distance_case(label, A, np.concatenate([B, whole(rng, N - M, D, low=1, high=39) / 10]), form)
    if kind == "bytes":
        return _distance_case(label, rng.integers(0, 256, (M, D)).astype(np.uint8), rng.integers(0, 256, (N, D)).astype(np.uint8))
    return _distance_case(label, whole(rng, M, D, low=-9, high=9) + (100 if kind == "far" else 0), whole(rng, N, D, low=-9, high=9) + (100 if kind == "far" else 0), form)


# --- cases: the vote ---------------------------------------------------------------------------------------------------


def _vote_case(label: str, d: Sequence[Sequence[float]] | np.ndarray, y: Sequence[int], k: int, form: str = "") -> Case:
    d, y = np.array(d, dtype=float), np.array(y)
    at_the_edge = np.sort(d, axis=1)
    return Case(label, (d, y, k), form=form,
                tags={"k": "1" if k == 1 else "2 or more",
                      "two neighbours equally far away, of which one is too many": "there" if k < len(y) and (at_the_edge[:, k - 1] == at_the_edge[:, k]).any() else "not there",
                      "labels": "0, 1, 2, … without a gap" if np.array_equal(np.unique(y), np.arange(y.max() + 1)) else "with gaps"})


WORKED_D = [[4.0, 1, 3, 2, 7]]
WORKED_Y = (3, 0, 3, 1, 0)


def vote_visible() -> list[Case]:
    return [
        _vote_case("the worked row, k = 3: one vote each", WORKED_D, WORKED_Y, 3),
        _vote_case("the worked row, k = 4", WORKED_D, WORKED_Y, 4),
        _vote_case("k = 1, read-only", [[2.0, 5, 1], [1, 3, 6]], (1, 0, 2), 1, "read-only"),
        _vote_case("equally far away: the first ones count", [[2.0, 2, 2, 2, 2, 2, 2], [3, 1, 3, 3, 5, 4, 3]], (4, 4, 1, 1, 1, 9, 9), 2),
        _vote_case("labels with gaps, whole numbers of type int", [[20.0, 5, 6, 4, 30, 40], [0, 5, 1, 7, 2, 8]], (9, 2, 2, 5, 9, 5), 5, "integers"),
    ]


def vote_weak() -> list[Case]:
    return [_vote_case("one class", [[1.0, 2, 3]], (0, 0, 0), 2), _vote_case("one class, label 1", [[1.0, 2, 3]], (1, 1, 1), 1),
            _vote_case("all training items vote", [[2.0, 1, 3]], (1, 0, 0), 3), _vote_case("the second wins", [[1.0, 0]], (1, 1), 1)]


def vote_draw(rng: np.random.Generator, M: int = 5, N: int = 9, k: int = 3, labels: tuple[int, ...] = (0, 1, 2), ties: bool = False, form: str = "") -> Case:
    """ties: distances repeat, so that it matters which of equally distant items are among the k."""
    while True:
        d = whole(rng, M, N, low=1, high=4) if ties else np.argsort(rng.random((M, N)), axis=1) + 1.0
        y = np.resize(labels, N)[rng.permutation(N)]
        if not ties or _ties_matter(d, y, k):
            return _vote_case(f"{M} items, {N} training items, k = {k}{', ties' if ties else ''}{', ' + form if form else ''}", d, y, k, form)


def _ties_matter(d: np.ndarray, y: np.ndarray, k: int) -> bool:
    """Do the first, the last, and all of several equally distant items give three different results?"""
    first, last = _knn_predict(d, y, k), _knn_predict(d[:, ::-1], y[::-1], k)
    every = [np.bincount(y[row <= edge]).argmax() for row, edge in zip(d, np.sort(d, axis=1)[:, k - 1])]
    return not (np.array_equal(first, last) or np.array_equal(first, every) or np.array_equal(last, every))


# --- exercises ---------------------------------------------------------------------------------------------------------

NEIGHBOURS = (
    Exercise(
        id="04.distances_no_loops",
        rows=("B-knn",),
        answer=(distances_no_loops,),
        reference=(_distances,),
        arguments=("A", "B"),
        outputs=("d",),
        visible=distance_visible,
        weak=distance_weak,
        draw=distance_draw,
        hints=(
            "Multiply out one squared difference, (a - b)². Which of the three terms needs both a and b? Summed over the columns, that one "
            "is a matrix product.",
            r"$d_{mn}^2 = |a_m|^2 + |b_n|^2 - 2\,a_m\cdot b_n$. All the $a_m\cdot b_n$ at once are $AB^\top$, of shape (M, N).",
            "Make both float. `a2 = (A * A).sum(axis=1)[:, None]` has shape (M, 1), `b2 = (B * B).sum(axis=1)` has shape (N,); then "
            "`np.sqrt(np.maximum(a2 + b2 - 2 * A @ B.T, 0))`.",
        ),
        misconceptions=(
            wrong("below zero under the root",
                  "For two equal rows the three terms cancel, but rounding can leave -4e-16, and its root is NaN. Raise what is below 0 to 0 "
                  "before the root: np.maximum(squared, 0).",
                  ("np.maximum(squared, 0)", "squared * 1")),
            wrong("bytes wrapped round",
                  "You computed with the bytes as they came. A uint8 holds 0 to 255 and starts again at 0: 200·200 = 40000 becomes 64. Make A and B "
                  "float first, with astype(float).",
                  ("A = A.astype(float)", "A = A * 1"), ("B = B.astype(float)", "B = B * 1")),
            wrong("root left out",
                  "You returned the squared distances: the root is missing. The order of the neighbours is the same, but the distances themselves are "
                  "asked for.",
                  ("return np.sqrt(squared)", "return squared")),
            wrong("product once, not twice",
                  "You subtracted a·b once. In |a - b|² = |a|² - 2a·b + |b|² it stands twice.",
                  ("- 2 * ab", "- ab")),
            wrong("plus for minus",
                  "You added 2a·b: that is |a + b|, the distance to the point opposite. In |a - b|² the product has a minus sign.",
                  ("- 2 * ab", "+ 2 * ab")),
            wrong("differences added up without squares",
                  "You added up the absolute differences (the L1 or city-block distance). Here the distance is Euclidean: the root of the sum of "
                  "squares.",
                  ("return np.sqrt(squared)", "return np.abs(A[:, None] - B).sum(axis=2)")),
            wrong("largest difference only",
                  "You took the largest of the differences. The Euclidean distance is the root of the sum of all squared differences.",
                  ("return np.sqrt(squared)", "return np.abs(A[:, None] - B).max(axis=2)")),
            wrong("mean over the columns",
                  "You took the mean of the squared differences over the columns. The distance is the root of their sum: nothing is divided by D.",
                  ("return np.sqrt(squared)", "return np.sqrt(squared / A.shape[1])")),
            wrong("difference of the lengths",
                  "You subtracted the lengths, |a| - |b|. Two arrows may be equally long and point in different directions; the product "
                  "-2a·b is what tells them apart.",
                  ("return np.sqrt(squared)", "return np.abs(np.sqrt(a2)[:, None] - np.sqrt(b2))")),
            wrong("product left out",
                  "You added |a|² and |b|² and left out -2a·b. That is right only where a and b are at a right angle.",
                  ("- 2 * ab", "- 0 * ab")),
            wrong("squared after the sum",
                  "You squared the sum of a row. |a|² is the sum of the squares: first square, then sum.",
                  ("(A * A).sum(axis=1)", "A.sum(axis=1) ** 2"), ("(B * B).sum(axis=1)", "B.sum(axis=1) ** 2")),
        ),
    ),
    Exercise(
        id="04.knn_predict",
        rows=("B-knn",),
        answer=(knn_predict,),
        reference=(_knn_predict,),
        arguments=("d", "y", "k"),
        outputs=("labels",),
        visible=vote_visible,
        weak=vote_weak,
        draw=vote_draw,
        hints=(
            "Take one row of d. Which training items are its k nearest? What are *their* labels? Which label occurs most often among them?",
            "`np.argsort(row, kind=\"stable\")` lists the training items from near to far, equally distant ones in their old order. `np.bincount(labels)` counts "
            "how often 0, 1, 2, … occur, and `argmax` takes the first of several largest counts.",
            "For each row: `nearest = np.argsort(row, kind=\"stable\")[:k]`, `votes = np.bincount(y[nearest])`, and the answer is `votes.argmax()`. "
            "Collect the answers in an array.",
        ),
        misconceptions=(
            wrong("farthest",
                  "You let the items that are farthest away vote. Sort so that the smallest distance comes first.",
                  ("np.argsort(d,", "np.argsort(-d,")),
            wrong("only the nearest",
                  "You asked only the single nearest neighbour, whatever k is. All k nearest have a vote.",
                  ("order[:, :k]", "order[:, :1]")),
            wrong("one neighbour too few",
                  "You stopped one neighbour too early: k - 1 of them voted. A slice [:k] already leaves out position k.",
                  ("order[:, :k]", "order[:, :max(1, k - 1)]")),
            wrong("one neighbour too many",
                  "One neighbour too many voted: k + 1 of them. The first k are the slice [:k].",
                  ("order[:, :k]", "order[:, :k + 1]")),
            wrong("nearest one skipped",
                  "You left out the nearest neighbour. That is for looking for an item's neighbours among the very items it belongs to; here "
                  "d is the distance to other items, and the nearest counts most of all.",
                  ("order[:, :k]", "order[:, 1:k + 1]")),
            wrong("positions, not labels",
                  "You returned the position of a training item. Look up its label: y[nearest] has the labels of the neighbours.",
                  ("return classes[winner]", "return nearest.min(axis=1)")),
            wrong("counted class, not its label",
                  "You returned the position of the winner in the list of the classes that occur. Where labels have gaps (2, 5, 9), position 0 is "
                  "label 2: look it up.",
                  ("return classes[winner]", "return winner")),
            wrong("largest label on a tie",
                  "Where two labels have equally many votes you took the larger one. This exercise takes the smaller one, as argmax does on "
                  "np.bincount.",
                  ("votes.argmax(axis=1)", "len(classes) - 1 - votes[:, ::-1].argmax(axis=1)")),
            wrong("nearest label on a tie",
                  "Where two labels have equally many votes you took the one that came first among the neighbours (Counter.most_common does "
                  "so). This exercise takes the smaller label.",
                  ("winner = votes.argmax(axis=1)",
                   "winner = np.array([max(np.searchsorted(classes, row).tolist(), key=list(v).__getitem__) for row, v in zip(labels, votes.tolist())])")),
            wrong("mean of the labels",
                  "You took the mean of the labels. Labels are names: a 3 and a 7 do not make a 5. Count votes.",
                  ("return classes[winner]", "return np.round(labels.mean(axis=1)).astype(int)")),
            wrong("median of the labels",
                  "You took the middle one of the sorted labels. Labels are names, their order means nothing. Count votes.",
                  ("return classes[winner]", "return np.sort(labels, axis=1)[:, labels.shape[1] // 2]")),
            wrong("last of equally distant ones",
                  "Of several equally distant training items you took the last ones. This exercise takes those that come first, as "
                  "argsort(kind=\"stable\") does.",
                  ('np.argsort(d, kind="stable")', 'd.shape[1] - 1 - np.argsort(d[:, ::-1], axis=1, kind="stable")')),
            wrong("all equally distant ones vote",
                  "You let every item vote that is as near as the k-th nearest: with ties these are more than k. Exactly k vote here, the first "
                  "of equally distant ones.",
                  ("np.count_nonzero(labels == c, axis=1)", "((y == c) & (d <= np.sort(d, axis=1)[:, min(k, d.shape[1]) - 1][:, None])).sum(axis=1)")),
            wrong("votes weighted by nearness",
                  "You gave nearer neighbours more weight. That is a variant of k-NN; here each of the k neighbours has one vote.",
                  ("np.count_nonzero(labels == c, axis=1)", "((labels == c) / (np.take_along_axis(d, nearest, axis=1) + 1e-9)).sum(axis=1)")),
        ),
    ),
)
