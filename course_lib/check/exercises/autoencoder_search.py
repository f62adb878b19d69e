"""12_autoencoders, third and fourth part: back through upsampling, and how well codes find their like."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import pool
from ..exercise import Case, Exercise, wrong
from ..inputs import whole

# --- the right answers, as a student would write them ------------------------------------------------------------------


def upsample_backward(dout, scale):
    down, across = scale
    N, C, OH, OW = dout.shape
    H, W = OH // down, OW // across
    dx = np.zeros((N, C, H, W))
    for i in range(H):
        for j in range(W):
            top, left = down * i, across * j
            block = dout[:, :, top:top + down, left:left + across]
            dx[:, :, i, j] = block.sum(axis=(2, 3))
    return dx


def precision_at_k(codes, y, k):
    shares = np.zeros(len(codes))
    for n in range(len(codes)):
        distance = ((codes - codes[n]) ** 2).sum(axis=1)
        order = np.argsort(distance, kind="stable")
        others = order[order != n]
        found = y[others[:k]]
        shares[n] = np.sum(found == y[n]) / k
    return shares


# --- the same in another way -------------------------------------------------------------------------------------------


def _upsample_backward(dout, scale):
    N, C, OH, OW = dout.shape
    _, cache = pool.upsample_nearest2d_forward(np.zeros((N, C, OH // scale[0], OW // scale[1])), tuple(scale))
    return pool.upsample_nearest2d_backward(np.asarray(dout, float), cache)


def _precision_at_k(codes, y, k):
    codes = np.asarray(codes, float)
    shares = []
    for n, code in enumerate(codes):
        nearest = sorted((m for m in range(len(codes)) if m != n), key=lambda m: (float(np.sum((codes[m] - code) ** 2)), m))[:k]
        shares.append(sum(int(y[m]) == int(y[n]) for m in nearest) / k)
    return np.array(shares)


# --- cases -------------------------------------------------------------------------------------------------------------


def _up_case(label: str, dout: Any, scale: tuple[int, int], form: str = "") -> Case:
    dout = np.array(dout, dtype=float)
    return Case(label, (dout, scale), form=form, tags={"scale": scale, "N": len(dout), "C": dout.shape[1]},
                constants={"the size of a block": scale[0] * scale[1]})


def up_visible() -> list[Case]:
    rng = np.random.default_rng(124)
    return [
        _up_case("two blocks of 2×2", [[[[1, 2, 3, 4], [5, 6, 7, 8]]]], (2, 2)),
        _up_case("four blocks, with negative numbers", [[[[1, -2, 3, 0], [4, 1, -5, 2], [0, 7, 2, -3], [-1, 2, 6, 1]]]], (2, 2)),
        _up_case("2 pictures, 2 maps, blocks of 2×3, read-only", whole(rng, 2, 2, 4, 6), (2, 3), "read-only"),
        _up_case("blocks of 3×1, whole numbers of type int", whole(rng, 1, 2, 6, 2), (3, 1), "integers"),
    ]


def up_weak() -> list[Case]:
    return [_up_case("zeros", np.zeros((1, 1, 2, 2)), (2, 2)), _up_case("blocks of one pixel", [[[[3.0]]]], (1, 1)),
            _up_case("one block: one number, three zeros", [[[[4.0, 0], [0, 0]]]], (2, 2))]


def up_draw(rng: np.random.Generator, N: int = 2, C: int = 3, H: int = 2, W: int = 3, scale: tuple[int, int] = (2, 2), form: str = "") -> Case:
    label = f"N={N}, C={C}, {H}×{W} numbers from blocks of {scale[0]}×{scale[1]}" + (f", {form}" if form else "")
    return _up_case(label, whole(rng, N, C, H * scale[0], W * scale[1], low=-5, high=5), tuple(scale), form)


def _search_case(label: str, codes: Any, y: Any, k: int, form: str = "") -> Case:
    codes, y = np.array(codes, dtype=float), np.array(y)
    squared = ((codes[:, None] - codes) ** 2).sum(axis=2)
    equal = squared[np.triu_indices(len(codes), 1)] == 0
    return Case(label, (codes, y, k), form=form, tags={"k": k, "two equal codes": bool(equal.any())}, constants={"k": k})


def search_visible() -> list[Case]:
    return [
        _search_case("the worked example", [[0, 0], [1, 0], [4, 0], [4, 2], [0, 3]], [0, 0, 1, 1, 1], 2),
        _search_case("k = 1", [[5], [1], [2], [9], [7]], [0, 1, 1, 2, 0], 1),
        _search_case("two equal codes of different classes, k = 1", [[2, 2], [2, 2], [0, 1], [3, 2]], [0, 1, 1, 1], 1),
        _search_case("equal distances: the first counts as nearer", [[0, 0], [2, 0], [0, 2], [-2, 0], [5, 5], [7, 5]], [1, 1, 0, 0, 2, 2], 2),
        _search_case("long codes, k = 3, read-only", [[3, 0, 1, 5], [0, 0, 0, 4], [2, 1, 1, 1], [9, 0, 2, 8], [8, 1, 1, 9], [1, 6, 2, 0], [4, 4, 4, 4], [0, 2, 0, 3]],
                     [0, 0, 1, 1, 2, 1, 0, 0], 3, "read-only"),
        _search_case("whole numbers of type int, k = 2", [[-3, 4], [-2, -2], [6, 1], [1, 1], [0, -5], [3, 4], [-4, 3]], [1, 0, 0, 1, 1, 0, 1], 2, "integers"),
    ]


def search_weak() -> list[Case]:
    return [_search_case("one class only", [[0], [1], [5], [6]], [1, 1, 1, 1], 2), _search_case("two far pairs", [[0, 0], [0, 1], [9, 9], [9, 8]], [0, 0, 1, 1], 1)]


def search_draw(rng: np.random.Generator, N: int = 9, D: int = 2, k: int = 3, classes: int = 3, form: str = "") -> Case:
    while True:
        codes = whole(rng, N, D, low=-6, high=6)
        twins = rng.permutation(N)[:2]
        codes[twins[0]] = codes[twins[1]]
        y = rng.permutation(np.arange(N) % classes)
        squared = ((codes[:, None] - codes) ** 2).sum(axis=2)
        ordered = np.sort(squared, axis=1)
        shares = precision_at_k(codes, y, k)
        at_the_edge = (ordered[:, k] == ordered[:, k + 1]).any() if k + 1 < N else True  # a tie that decides
        if y[twins[0]] != y[twins[1]] and at_the_edge and len(set(shares)) > 1:
            return _search_case(f"{N} codes of {D}, k = {k}, {classes} classes" + (f", {form}" if form else ""), codes, y, k, form)


# --- the exercises -----------------------------------------------------------------------------------------------------

BLOCK, SUM = "block = dout[:, :, top:top + down, left:left + across]", "dx[:, :, i, j] = block.sum(axis=(2, 3))"

UPSAMPLE = Exercise(
    id="12.upsample_backward",
    rows=("C-unpool2", "C-convautoenc"),
    answer=(upsample_backward,),
    reference=(_upsample_backward,),
    arguments=("dout", "scale"),
    outputs=("dx",),
    visible=up_visible,
    weak=up_weak,
    draw=up_draw,
    hints=(
        "On the way up each number was copied into a block. What comes back to a number that was copied?",
        r"$dx_{ncij} = \sum_{p=0}^{s_r-1}\sum_{q=0}^{s_c-1} dout_{nc,\;s_r i+p,\;s_c j+q}$ with $scale = (s_r, s_c)$.",
        "`block = dout[:, :, sr * i : sr * i + sr, sc * j : sc * j + sc]`; `dx[:, :, i, j] = block.sum(axis=(2, 3))`. Or in one line: reshape to "
        "(N, C, H, sr, W, sc) and sum over axes 3 and 5.",
    ),
    misconceptions=(
        wrong("mean of the block",
              "You took the mean of each block. That undoes the copying; the gradient of a number that was copied is the sum over its copies.",
              (SUM, "dx[:, :, i, j] = block.mean(axis=(2, 3))")),
        wrong("largest of the block",
              "You took the largest of each block. That is max pooling's way forward; nothing was chosen here, all copies count.",
              (SUM, "dx[:, :, i, j] = block.max(axis=(2, 3))")),
        wrong("only the first copy",
              "You read one corner of each block. Every copy in the block acts on the loss, so all their gradients add up.",
              (SUM, "dx[:, :, i, j] = block[:, :, 0, 0]")),
        wrong("only the first row of the block",
              "You summed the first row of each block only. The copies fill the whole block.",
              (SUM, "dx[:, :, i, j] = block[:, :, 0].sum(axis=2)")),
        wrong("last copy written",
              "Your last copy overwrites the others: = where += is needed.",
              (SUM, "dx[:, :, i, j] = block[:, :, -1, -1]")),
        wrong("blocks one step apart",
              "Your blocks lie one step apart, as a convolution's windows do. The block of (i, j) begins at (rows of a block · i, columns of a block · j).",
              ("top, left = down * i, across * j", "top, left = i, j")),
        wrong("tiles in place of blocks",
              "You collected every H-th row and every W-th column. That belongs to a picture repeated side by side; here each number fills a block of neighbours.",
              (BLOCK, "block = dout[:, :, i::H, j::W]")),
        wrong("maps added up",
              "You summed over the maps too. Each map has been made larger by itself, and keeps a gradient of its own.",
              (SUM, "dx[:, :, i, j] = block.sum(axis=(1, 2, 3))[:, None]")),
        wrong("pictures added up",
              "You summed over the pictures of the batch. Pictures share weights, not pixels: each keeps its own gradient.",
              (SUM, "dx[:, :, i, j] = block.sum(axis=(0, 2, 3))")),
    ),
)

DISTANCE, ORDER, OTHERS, FOUND, SHARE = ("distance = ((codes - codes[n]) ** 2).sum(axis=1)", 'order = np.argsort(distance, kind="stable")', "others = order[order != n]",
                                         "found = y[others[:k]]", "shares[n] = np.sum(found == y[n]) / k")

PRECISION = Exercise(
    id="12.precision_at_k",
    rows=("C-retrieval",),
    answer=(precision_at_k,),
    reference=(_precision_at_k,),
    arguments=("codes", "y", "k"),
    outputs=("shares",),
    visible=search_visible,
    weak=search_weak,
    draw=search_draw,
    hints=(
        "One example n at a time: its distances to all, the order of the others by distance, the first k of them, and the share of these with its label.",
        r"$share_n = \frac1k\,|\{m \in nearest_k(n) : y_m = y_n\}|$ where $nearest_k(n)$ are the $k$ nearest among all $m \ne n$. A squared distance gives the same order as a distance.",
        '`order = np.argsort(((codes - codes[n]) ** 2).sum(axis=1), kind="stable")`; `others = order[order != n][:k]`; `shares[n] = np.mean(y[others] == y[n])`.',
    ),
    misconceptions=(
        wrong("finds itself",
              "You counted each example as its own neighbour: it is at distance 0, and always of its own class. Leave it out.",
              (OTHERS, "others = order")),
        wrong("first of the order dropped",
              "You dropped the first of the sorted order. Where another example has the same code, that may not be example n: leave out n itself.",
              (OTHERS, "others = order[1:]")),
        wrong("farthest",
              "You took the farthest. Small distances come first: sort upwards.",
              (ORDER, 'order = np.argsort(-distance, kind="stable")')),
        wrong("later one nearer",
              "Of equal distances you took the last. The one with the lower number counts as nearer: np.argsort(…, kind=\"stable\") keeps the order.",
              (ORDER, 'order = np.argsort(distance[::-1], kind="stable")\n        order = len(codes) - 1 - order')),
        wrong("sum of absolute differences",
              "You measured distance by the sum of absolute differences. Asked for is the Euclidean distance: squares.",
              (DISTANCE, "distance = np.abs(codes - codes[n]).sum(axis=1)")),
        wrong("largest difference",
              "You measured distance by the largest difference alone. Asked for is the Euclidean distance, to which all numbers of a code contribute.",
              (DISTANCE, "distance = np.abs(codes - codes[n]).max(axis=1)")),
        wrong("inner product",
              "You ranked by inner product. It prefers long codes, near or far; asked for is the Euclidean distance.",
              (DISTANCE, "distance = -(codes @ codes[n])")),
        wrong("only the first number of the code",
              "You compared only the first number of each code. All of them count.",
              (DISTANCE, "distance = ((codes - codes[n]) ** 2)[:, 0]")),
        wrong("any hit",
              "You asked whether any of the k is of the right class. Precision is the share of them that is.",
              (SHARE, "shares[n] = np.any(found == y[n])")),
        wrong("majority vote",
              "You let the k neighbours vote, as k-NN does. Precision is the share of them that is of example n's class.",
              (SHARE, "shares[n] = np.argmax(np.bincount(found)) == y[n]")),
        wrong("recall",
              "You divided by how many others there are of its class. That is recall; precision divides by k.",
              (SHARE, "shares[n] = np.sum(found == y[n]) / max(np.sum(y == y[n]) - 1, 1)")),
        wrong("number of hits",
              "You returned how many of the k are right. Asked for is their share: divide by k.",
              (SHARE, "shares[n] = np.sum(found == y[n])")),
        wrong("one neighbour too many",
              "You looked at k + 1 neighbours. Example n itself is gone already: take k.",
              (FOUND, "found = y[others[:k + 1]]"), (SHARE, "shares[n] = np.sum(found == y[n]) / len(found)")),
        wrong("the k-th only",
              "You looked at the k-th neighbour only. All k of them count.",
              (FOUND, "found = y[others[k - 1:k]]"), (SHARE, "shares[n] = np.mean(found == y[n])")),
        wrong("one mean for all",
              "You gave each example the mean over all. Asked for is a share for each; the mean comes later.",
              ("return shares", "return np.full(len(codes), shares.mean())")),
    ),
)
