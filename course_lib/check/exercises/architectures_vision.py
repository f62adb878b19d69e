"""14_architectures: ImageNet's top-k error, and a vision transformer's patch embedding."""

from __future__ import annotations

import numpy as np

from ...conv import conv2d_forward
from ...train import top_k_error as library_error
from ..exercise import Case, Exercise, wrong
from ..inputs import whole

# --- the right answers, as a student would write them ------------------------------------------------------------------


def top_k_error(scores, y, k=5):
    N, K = scores.shape
    misses = 0
    for n in range(N):
        own = scores[n, y[n]]
        ahead = 0
        for c in range(K):
            if scores[n, c] > own or (scores[n, c] == own and c < y[n]):
                ahead += 1
        if ahead >= k:
            misses += 1
    return misses / N


def patch_embedding(x, w, b, cls, pos):
    D, C, P, Q = w.shape
    N = len(x)
    H, W = x.shape[2:]
    rows, columns = H // P, W // Q
    filters = w.reshape(D, C * P * Q)
    tokens = [np.tile(cls, (N, 1))]
    for i in range(rows):
        for j in range(columns):
            patch = x[:, :, P * i:P * i + P, Q * j:Q * j + Q]
            tokens.append(patch.reshape(N, C * P * Q) @ filters.T + b)
    return np.stack(tokens, axis=1) + pos


# --- the same from the library -----------------------------------------------------------------------------------------


def _top_k_error(scores, y, k=5):
    return library_error(scores, y, k)


def _patch_embedding(x, w, b, cls, pos):
    maps = conv2d_forward(x, w, b, stride=w.shape[2:])[0]
    tokens = np.moveaxis(maps.reshape(*maps.shape[:2], -1), 1, 2)
    return np.insert(tokens, 0, cls, axis=1) + pos


# --- cases: top-k error ------------------------------------------------------------------------------------------------


def _error_case(label: str, scores: np.ndarray, y: np.ndarray, k: int, form: str = "") -> Case:
    own = scores[np.arange(len(y)), y][:, None]
    tied = bool(((scores == own).sum(axis=1) > 1).any())
    return Case(label, (scores, y), {"k": k}, form=form, tags={"a tie with the right class": "there" if tied else "absent", "k": k, "N": "1" if len(y) == 1 else "2 or more"},
                constants={"N, the number of images": len(y), "K, the number of classes": scores.shape[1]})


def error_visible() -> list[Case]:
    tie = np.array([[5.0, 5, 1], [5, 5, 1], [2, 4, 4]])
    return [
        _error_case("one image, its class in second place, k = 1", np.array([[3.0, 1, 2]]), np.array([2]), 1),
        _error_case("the same, k = 2", np.array([[3.0, 1, 2]]), np.array([2]), 2),
        _error_case("ties for first place, k = 1", tie, np.array([0, 1, 2]), 1),
        _error_case("the notebook's four images, k = 2", np.array([[9.0, 4, 1, 0], [2, 7, 5, 1], [1, 2, 3, 4], [6, 6, 6, 8]]), np.array([0, 2, 0, 1]), 2, "read-only"),
        _error_case("six images of five classes, k = 3", np.array([[1.0, 2, 3, 4, 5], [5, 4, 3, 2, 1], [2, 2, 2, 2, 2], [0, -1, 0, -1, 0], [7, 1, 7, 1, 7], [4, 3, 3, 3, 0]]),
                    np.array([2, 4, 3, 2, 1, 3]), 3, "integers"),
    ]


def error_weak() -> list[Case]:
    return [_error_case("one image, its class ahead", np.array([[2.0, 1]]), np.array([0]), 1), _error_case("one image, its class in the last place", np.array([[2.0, 1, 0]]), np.array([2]), 1),
            _error_case("every class counts", np.array([[2.0, 1, 0]]), np.array([2]), 3), _error_case("half of two images", np.array([[1.0, 0], [1, 0]]), np.array([0, 1]), 1),
            _error_case("all the same, in third place, k = 3", np.array([[1.0, 1, 1, 1]]), np.array([2]), 3)]


def error_draw(rng: np.random.Generator, N: int = 12, K: int = 8, k: int = 5, high: int = 4, form: str = "") -> Case:
    """Whole scores from 0 to `high`: few values, so many ties. Classes of every place, so that an off-by-one shows."""
    scores = whole(rng, N, K, low=0, high=high)
    order = np.argsort(-scores, axis=1, kind="stable")
    y = order[np.arange(N), rng.permutation(np.arange(N) % K)]
    return _error_case(f"{N} images, {K} classes, k = {k}", scores, y, k, form)


# --- cases: patch embedding --------------------------------------------------------------------------------------------


def _patch_case(label: str, x: np.ndarray, w: np.ndarray, b: np.ndarray, cls: np.ndarray, pos: np.ndarray, form: str = "") -> Case:
    N, C, H, W = x.shape
    P, Q = w.shape[2:]
    return Case(label, (x, w, b, cls, pos), form=form,
                tags={"the number of patches": "1" if (H, W) == (P, Q) else "2 or more", "C": "1" if C == 1 else "2 or more", "N": "1" if N == 1 else "2 or more",
                      "the patches": "in one row or column" if 1 in (H // P, W // Q) else "in rows and columns"})


def _random_patches(rng: np.random.Generator, label: str, N: int, C: int, D: int, P: int, Q: int, rows: int, columns: int, form: str = "") -> Case:
    return _patch_case(label, whole(rng, N, C, P * rows, Q * columns), whole(rng, D, C, P, Q), whole(rng, D, low=1), whole(rng, D, low=5, high=9),
                       whole(rng, 1 + rows * columns, D, low=1, high=6), form)


def patch_visible() -> list[Case]:
    rng = np.random.default_rng(1406)
    worked = np.array([[[[1.0, 2, 0, 1], [3, 4, 2, 2]]]]), np.array([[[[1.0, 0], [2, 1]]]]), np.array([1.0]), np.array([7.0]), np.array([[10.0], [20], [30]])
    return [
        _patch_case("the worked picture: two 2×2 patches, one filter", *worked),
        _random_patches(rng, "one picture, four patches of 1×1", 1, 1, 2, 1, 1, 2, 2),
        _random_patches(rng, "2 pictures with 2 channels, patches of 1×2 in 2 rows and 3 columns", 2, 2, 3, 1, 2, 2, 3),
        _random_patches(rng, "one picture with 3 channels, one patch of 2×1, read-only", 1, 3, 2, 2, 1, 1, 1, "read-only"),
        _random_patches(rng, "3 pictures with 2 channels, patches of 2×3 in 3 rows and 2 columns, integers", 3, 2, 4, 2, 3, 3, 2, "integers"),
    ]


def patch_weak() -> list[Case]:
    one = np.ones((1, 1, 2, 2))
    zeros = np.zeros
    return [_patch_case("one patch of ones", one, one, zeros(1), zeros(1), zeros((2, 1))), _patch_case("one patch, one pixel", one[:, :, :1, :1], one[:, :, :1, :1], zeros(1), zeros(1), zeros((2, 1))),
            _patch_case("all zero", zeros((2, 1, 4, 4)), zeros((3, 1, 2, 2)), zeros(3), zeros(3), zeros((5, 3)))]


def patch_draw(rng: np.random.Generator, N: int = 2, C: int = 3, D: int = 4, P: int = 2, Q: int = 3, rows: int = 3, columns: int = 2, form: str = "") -> Case:
    return _random_patches(rng, f"{N} picture{'s' * (N > 1)}, {C} channel{'s' * (C > 1)}, patches of {P}×{Q} in {rows} rows and {columns} columns", N, C, D, P, Q, rows, columns, form)


# --- exercises ---------------------------------------------------------------------------------------------------------

TOP_K = Exercise(
    id="14.top_k_error",
    rows=("C-imagenet",),
    answer=(top_k_error,),
    reference=(_top_k_error,),
    arguments=("scores", "y"),
    outputs=("error",),
    visible=error_visible,
    weak=error_weak,
    draw=error_draw,
    hints=(
        "For one image: how many classes come before the right one? That alone decides whether it is among the first k.",
        "A class c comes before the right class y if its score is higher, or if it is equal and c < y. The image is a miss where k or more classes come before.",
        "`ahead = sum(scores[n, c] > own or (scores[n, c] == own and c < y[n]) for c in range(K))`; a miss where `ahead >= k`; misses / N. "
        "With np.argsort: sort -scores with kind=\"stable\".",
    ),
    misconceptions=(
        wrong("ties in your favour", "You gave the right class the best place among equals. Here the lower class number comes first; otherwise a net that scores all classes alike would "
              "never err.", (" or (scores[n, c] == own and c < y[n])", "")),
        wrong("ties against you", "You put the right class last among equals. Here the class with the lower number comes first, whichever is right.", ("c < y[n]", "c != y[n]")),
        wrong("the last of equals first", "You put the higher class number first among equals: np.argsort, read backward, does that. Sort -scores with kind=\"stable\" instead.",
              ("c < y[n]", "c > y[n]")),
        wrong("accuracy", "You returned the share of hits. The error is the share of misses.", ("misses / N", "(N - misses) / N")),
        wrong("top 1 whatever k", "You looked at the first place only. With k = 5 the right class may be anywhere among the first five.", ("ahead >= k", "ahead >= 1")),
        wrong("one place too many", "You let the right class be in place k + 1. With k others ahead of it, it is no longer among the first k.", ("ahead >= k", "ahead > k")),
        wrong("one place too few", "You asked for one of the first k - 1 places. With k - 1 others ahead, the right class is the k-th: a hit.", ("ahead >= k", "ahead >= k - 1")),
        wrong("place k exactly", "You counted a hit only where the right class is in place k exactly. Every place from 1 to k is a hit.", ("ahead >= k", "ahead != k - 1")),
        wrong("lowest scores", "You took the k lowest scores. np.argsort sorts upward: the best classes stand at its end.", ("scores[n, c] > own", "scores[n, c] < own")),
        wrong("counted, not divided", "You returned the number of misses. The error is a share: divide by N.", ("misses / N", "misses / 1")),
        wrong("divided by K", "You divided by the number of classes. The error is a share of the images: divide by N.", ("misses / N", "misses / K")),
    ),
)

PATCHES = Exercise(
    id="14.patch_embedding",
    rows=("D-vit",),
    answer=(patch_embedding,),
    reference=(_patch_embedding,),
    arguments=("x", "w", "b", "cls", "pos"),
    outputs=("tokens",),
    visible=patch_visible,
    weak=patch_weak,
    draw=patch_draw,
    hints=(
        "Cut the picture into patches, row by row. Each patch and each filter holds C·P·Q numbers: one dot product for each pair.",
        r"$token_{1+i\cdot columns+j,\,d} = b_d + \sum_{c,u,v} w_{dcuv}\, x_{c,\,Pi+u,\,Qj+v}$; token 0 is `cls`; then `pos` is added to all tokens.",
        "`patch = x[:, :, P*i:P*i+P, Q*j:Q*j+Q]`; `patch.reshape(N, C*P*Q) @ w.reshape(D, C*P*Q).T + b` is one token of every picture. "
        "Stack them along axis 1 behind `np.tile(cls, (N, 1))`, and add `pos`.",
    ),
    misconceptions=(
        wrong("column by column", "You took the patches column by column. They go row by row, like reading: the patch to the right comes next.",
              ("for i in range(rows):", "for j in range(columns):"), ("        for j in range(columns):\n            patch", "        for i in range(rows):\n            patch")),
        wrong("reshaped, not cut", "You cut x by a reshape alone. That takes the numbers in the order in which they lie in memory, a row of pixels after the other: those are strips, not patches.",
              ("x[:, :, P * i:P * i + P, Q * j:Q * j + Q]", "x.reshape(N, rows * columns, C * P * Q)[:, columns * i + j]")),
        wrong("steps of one pixel", "Your patches are one pixel apart and overlap. The next patch starts where this one ends: the stride is the patch's size.",
              ("P * i:P * i + P, Q * j:Q * j + Q", "i:i + P, j:j + Q")),
        wrong("class token last", "You put the class token behind the patches. It comes first: token 0.", ("np.stack(tokens, axis=1)", "np.stack(tokens[1:] + tokens[:1], axis=1)")),
        wrong("no positions", "You left the position embedding out. Without it the tokens are a bag of patches: the net could not tell where each was.",
              ("np.stack(tokens, axis=1) + pos", "np.stack(tokens, axis=1)")),
        wrong("class token without position", "You added positions to the patches only. The class token is a token like the others: it gets pos[0].",
              ("axis=1) + pos", "axis=1) + np.vstack([0 * pos[:1], pos[1:]])")),
        wrong("bias forgotten", "You left the bias out: each filter adds its b to every patch.", ("filters.T + b)", "filters.T)")),
        wrong("class token with bias", "You added the filters' bias to the class token. No filter made it: it is cls itself, plus its position.", ("np.tile(cls, (N, 1))", "np.tile(cls + b, (N, 1))")),
        wrong("channels last in the patch", "You flattened the patch with the channels last and the filter with the channels first: the numbers that meet do not belong together.",
              ("patch.reshape(N, C * P * Q)", "patch.transpose(0, 2, 3, 1).reshape(N, C * P * Q)")),
        wrong("filter rotated", "You rotated the filters by 180°. The layer is a cross-correlation: a filter's first number meets the patch's first.",
              ("w.reshape(D, C * P * Q)", "w[:, :, ::-1, ::-1].reshape(D, C * P * Q)")),
    ),
)
