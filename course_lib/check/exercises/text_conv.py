"""13_beyond_images: text. The gradient of word vectors, and a 1-D convolution with a maximum over time, forward and backward."""

from __future__ import annotations

import numpy as np

from ... import activations, conv, pool
from ..exercise import Case, Exercise, wrong
from ..inputs import whole

# --- the right answers, as a student would write them ------------------------------------------------------------------


def embed_backward(dx, ids, size):
    N, D, L = dx.shape
    dE = np.zeros((size, D))
    for n in range(N):
        for i in range(L):
            word = ids[n, i]
            dE[word] += dx[n, :, i]
    dE[0] = 0
    return dE


def conv_text_forward(x, w, b):
    L, F = x.shape[2], w.shape[2]
    places = L - F + 1
    sums = [np.tensordot(x[:, :, i:i + F], w, axes=((1, 2), (1, 2))) + b for i in range(places)]
    z = np.stack(sums, axis=2)
    where = z.argmax(axis=2)
    h = np.maximum(z.max(axis=2), 0)
    return h, where


def conv_text_backward(dh, x, w, h, where):
    K, F = len(w), w.shape[2]
    dx = np.zeros(x.shape)
    dw = np.zeros(w.shape)
    dz = np.where(h > 0, dh, 0)
    db = dz.sum(axis=0)
    for n, text in enumerate(x):
        for k in range(K):
            i = where[n, k]
            dw[k] += dz[n, k] * text[:, i:i + F]
            dx[n, :, i:i + F] += dz[n, k] * w[k]
    return dx, dw, db


# --- the same from the library -----------------------------------------------------------------------------------------


def _embed_backward(dx, ids, size):
    from ...data import one_hot  # the convolution of width 1 that looks word vectors up

    words = one_hot(ids, size).astype(float)
    _, cache = conv.conv1d_forward(words, np.zeros((dx.shape[1], size, 1)), None)
    return conv.conv1d_backward(dx, cache)[1][:, :, 0].T


def _layers(x, w, b):
    z, conv_cache = conv.conv1d_forward(x, w, b)
    r, relu_cache = activations.relu_forward(z)
    h, pool_cache = pool.max_pool1d_forward(r, r.shape[2])
    return h[:, :, 0], z, (conv_cache, relu_cache, pool_cache)


def _conv_text_forward(x, w, b):
    h, z, _ = _layers(x, w, b)
    return h, np.argmax(z, axis=2)


def _conv_text_backward(dh, x, w, h, where):
    F = w.shape[2]  # each feature is a convolution with one place: the window that won
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(len(w))
    for (n, k), i in np.ndenumerate(np.asarray(where)):
        one = np.asarray(x, dtype=float)[n:n + 1, :, i:i + F]
        _, cache = conv.conv1d_forward(one, np.asarray(w, dtype=float)[k:k + 1], np.zeros(1))
        back = conv.conv1d_backward(np.full((1, 1, 1), float(dh[n, k]) if h[n, k] > 0 else 0.0), cache)
        dx[n, :, i:i + F] += back[0][0]
        dw[k] += back[1][0]
        db[k] += back[2][0]
    return dx, dw, db


# --- cases -------------------------------------------------------------------------------------------------------------


def _embed_case(label: str, dx: np.ndarray, ids: np.ndarray, size: int, form: str = "") -> Case:
    words = ids[ids > 0]
    return Case(label, (dx, ids, size), form=form, constants={"N, the number of texts": len(ids)},
                tags={"a word that occurs twice": "present" if len(np.unique(words)) < len(words) else "absent",
                      "padding": "present" if (ids == 0).any() else "absent", "N": len(ids), "D": dx.shape[1]})


def embed_random(rng: np.random.Generator, label: str, N: int, D: int, L: int, size: int, form: str = "") -> Case:
    ids = rng.integers(1, size, (N, L))
    ids[:, 0] = 1 + rng.integers(size - 1)  # a word that all texts share
    ids[0, 1] = ids[0, 0]  # one that occurs twice in a text
    for n in range(N):
        ids[n, L - 1 - n % 2:] = 0
    return _embed_case(label, rng.choice([-4.0, -3, -2, -1, 1, 2, 3, 4, 5], (N, D, L)), ids, size, form)


def embed_visible() -> list[Case]:
    rng = np.random.default_rng(1302)
    return [
        _embed_case("one text of three words, the first comes again", np.array([[[1.0, 2, 4]]]), np.array([[2, 3, 2]]), 4),
        _embed_case("two words and padding", np.array([[[1.0, 2, 4], [3, -1, 5]]]), np.array([[3, 1, 0]]), 4),
        _embed_case("two texts that share a word", np.array([[[1.0, 2]], [[10, 20]]]), np.array([[1, 2], [2, 3]]), 5),
        embed_random(rng, "3 texts of 4 words, padded; read-only", 3, 2, 4, 6, "read-only"),
        embed_random(rng, "2 texts of 6 words, few different ones", 2, 3, 6, 4, "non-contiguous"),
    ]


def embed_weak() -> list[Case]:
    return [_embed_case("each word once", np.array([[[1.0, 2]]]), np.array([[1, 2]]), 3), _embed_case("zeros", np.zeros((1, 2, 2)), np.array([[1, 0]]), 3),
            _embed_case("all words once", np.array([[[1.0, 1]]]), np.array([[2, 1]]), 3)]


def embed_draw(rng: np.random.Generator, N: int = 3, D: int = 2, L: int = 5, size: int = 7, form: str = "") -> Case:
    return embed_random(rng, f"{N} texts of {L}, vectors of {D}, {size} words{', ' + form if form else ''}", N, D, L, size, form)


def _tags(x: np.ndarray, w: np.ndarray, h: np.ndarray) -> dict:
    return {"N": len(x), "D": x.shape[1], "K": len(w), "F": w.shape[2], "features that are 0": "present" if (h == 0).any() else "absent",
            "places": "one" if x.shape[2] == w.shape[2] else "several"}


def _forward_case(label: str, x: np.ndarray, w: np.ndarray, b: np.ndarray, form: str = "") -> Case:
    h, z, _ = _layers(x, w, b)
    tied = (np.sum(z == z.max(axis=2, keepdims=True), axis=2) > 1).any()
    return Case(label, (x, w, b), form=form, tags={**_tags(x, w, h), "two places that are equally good": "present" if tied else "absent"},
                constants={"the number of places": z.shape[2], "F, the width": w.shape[2], "N": len(x)})


def _net(rng: np.random.Generator, N: int, D: int, L: int, K: int, F: int, tied: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Texts and filters of whole numbers: filter 0 is shut (its b is low) but for one text, the last filter has its best place at the end
    of the last text, and where `tied` filter 1 finds two equal places in text 0."""
    x, w = whole(rng, N, D, L), whole(rng, K, D, F, low=-3, high=3)
    w[:, 0, 0], w[:, -1, -1] = 4, rng.choice([2.0, 3.0], K)
    if L >= 2 * F:
        x[-1, :, L - F:] = 4 * np.sign(w[-1])
        if tied:
            x[0, :, :F] = x[0, :, L - F:] = 4 * np.sign(w[min(1, K - 1)])
    b = whole(rng, K, low=1, high=3)
    _, z, _ = _layers(x, w, 0 * b)
    best = np.sort(z[:, 0].max(axis=1))
    b[0] = -best[-1] + 1 if N == 1 else -best[-2] - 0.5 if best[-2] < best[-1] else -best[-1] - 1
    return x, w, np.where(b == 0, -1.0, b)


def forward_random(rng: np.random.Generator, label: str, N: int, D: int, L: int, K: int, F: int, form: str = "") -> Case:
    x, w, b = _net(rng, N, D, L, K, F, tied=True)
    return _forward_case(label, x, w, np.floor(b) if form == "integers" else b, form)


HAND = np.array([[[1.0, 0, 2, -1], [0, 3, 1, 1]]])  # four words, two numbers each
HAND_FILTERS = np.array([[[1.0, 2], [0, -1]], [[-1, 0], [1, 1]]])


def forward_visible() -> list[Case]:
    rng = np.random.default_rng(1303)
    return [
        _forward_case("four words of two numbers, two filters of width 2", HAND, HAND_FILTERS, np.array([-1.0, 1])),
        _forward_case("every place is negative", np.array([[[-3.0, -1, -2]]]), np.array([[[2.0]]]), np.array([1.0])),
        _forward_case("two places are equally good", np.array([[[1.0, 3, 1, 3, 0]]]), np.array([[[1.0, 2]]]), np.array([-2.0])),
        _forward_case("the best place is the last; one number is very negative", np.array([[[-9.0, 0, 1, 2]]]), np.array([[[2.0, 3]]]), np.array([1.0])),
        forward_random(rng, "two texts, three filters of width 2, integers", 2, 3, 5, 3, 2, "integers"),
        forward_random(rng, "three texts, two filters of width 3, read-only", 3, 2, 7, 2, 3, "read-only"),
        forward_random(rng, "a text that is just as long as the filters", 2, 2, 3, 3, 3),
    ]


def forward_weak() -> list[Case]:
    return [_forward_case("one word, one number", np.ones((1, 1, 1)), np.ones((1, 1, 1)), np.zeros(1)),
            _forward_case("zeros", np.zeros((1, 2, 3)), np.ones((1, 2, 2)), np.zeros(1)),
            _forward_case("all ones", np.ones((1, 1, 3)), np.ones((1, 1, 1)), np.zeros(1))]


def forward_draw(rng: np.random.Generator, N: int = 3, D: int = 2, L: int = 7, K: int = 4, F: int = 3, form: str = "") -> Case:
    return forward_random(rng, f"{N} texts of {L} words, vectors of {D}, {K} filters of width {F}{', ' + form if form else ''}", N, D, L, K, F, form)


def _backward_case(label: str, dh: np.ndarray, x: np.ndarray, w: np.ndarray, b: np.ndarray, form: str = "") -> Case:
    h, where = _conv_text_forward(x, w, b)
    spans = [set(range(i, i + w.shape[2])) for i in where[0]]
    overlap = any(a & c for k, a in enumerate(spans) for c in spans[:k])
    return Case(label, (dh, x, w, h, where), form=form, constants={"N, the number of texts": len(x), "F, the width": w.shape[2]},
                tags={**_tags(x, w, h), "windows of two filters that overlap": "present" if overlap else "absent"})


def backward_random(rng: np.random.Generator, label: str, N: int, D: int, L: int, K: int, F: int, form: str = "") -> Case:
    x, w, b = _net(rng, N, D, L, K, F)
    dh = rng.choice([-3.0, -2, -1, 2, 3, 5], (N, K))
    return _backward_case(label, dh, x, w, np.floor(b) if form == "integers" else b, form)


def backward_visible() -> list[Case]:
    rng = np.random.default_rng(1304)
    return [
        _backward_case("four words, one filter", np.array([[2.0]]), HAND, HAND_FILTERS[:1], np.array([-1.0])),
        _backward_case("a feature that is 0", np.array([[5.0]]), np.array([[[-3.0, -1, -2]]]), np.array([[[2.0]]]), np.array([1.0])),
        _backward_case("two filters whose windows overlap", np.array([[2.0, -1]]), HAND, HAND_FILTERS, np.array([1.0, 1])),
        _backward_case("two texts, one filter", np.array([[2.0], [3]]), np.array([[[1.0, 0, 2]], [[3, 1, 0]]]), np.array([[[1.0, 2]]]), np.array([-3.5])),
        backward_random(rng, "two texts, three filters of width 2, integers", 2, 3, 5, 3, 2, "integers"),
        backward_random(rng, "three texts, four filters of width 3, read-only", 3, 2, 6, 4, 3, "read-only"),
    ]


def backward_weak() -> list[Case]:
    one = np.ones((1, 1, 1))
    return [_backward_case("one word, one number", np.ones((1, 1)), one, one, np.zeros(1)),
            _backward_case("zeros come back", np.zeros((1, 1)), np.ones((1, 1, 2)), one, np.zeros(1)),
            _backward_case("all open, one text", np.ones((1, 1)), np.ones((1, 1, 2)), np.ones((1, 1, 2)), np.zeros(1))]


def backward_draw(rng: np.random.Generator, N: int = 3, D: int = 2, L: int = 7, K: int = 4, F: int = 3, form: str = "") -> Case:
    return backward_random(rng, f"{N} texts of {L} words, vectors of {D}, {K} filters of width {F}{', ' + form if form else ''}", N, D, L, K, F, form)


# --- the exercises -----------------------------------------------------------------------------------------------------

ADD = "dE[word] += dx[n, :, i]"
PRODUCT = "np.tensordot(x[:, :, i:i + F], w, axes=((1, 2), (1, 2))) + b"
TOP = "h = np.maximum(z.max(axis=2), 0)"
GATE = "dz = np.where(h > 0, dh, 0)"
DW = "dw[k] += dz[n, k] * text[:, i:i + F]"
DX = "dx[n, :, i:i + F] += dz[n, k] * w[k]"

EMBED = Exercise(
    id="13.embed_backward",
    rows=("C-text",),
    answer=(embed_backward,),
    reference=(_embed_backward,),
    arguments=("dx", "ids", "size"),
    outputs=("dE",),
    visible=embed_visible,
    weak=embed_weak,
    draw=embed_draw,
    hints=(
        "Forward, a row of E is copied to every place where its word stands. What does a copy do backward?",
        r"$dE_v = \sum_{(n,i):\, ids_{ni} = v} dx_{n:i}$ for each word $v > 0$; and $dE_0 = 0$.",
        "Two loops, over texts and places: `dE[ids[n, i]] += dx[n, :, i]`; at the end `dE[0] = 0`. Without loops: `np.add.at(dE, ids, dx.transpose(0, 2, 1))`. "
        "A plain `dE[ids] += ...` adds once for each *row*, not for each place.",
    ),
    misconceptions=(
        wrong("overwritten",
              "A word that occurs several times keeps the last gradient only. All places read the same row of E, so they add up. Mind that "
              "`dE[ids] += ...` overwrites too: use np.add.at.",
              (ADD, "dE[word] = dx[n, :, i]")),
        wrong("overwritten, and padding learns",
              "Two slips. A word that occurs several times keeps the last gradient only: `dE[ids] += ...` adds once for each row, np.add.at for each "
              "place. And row 0, the padding's, got a gradient: set it to 0.",
              (ADD, "dE[word] = dx[n, :, i]"), ("dE[0] = 0", "pass")),
        wrong("first place only",
              "A word that occurs several times keeps the first gradient only. All places read the same row of E, so they add up.",
              (ADD, "dE[word] += dx[n, :, i] * (word not in ids.reshape(-1)[:n * L + i])")),
        wrong("overwritten within a text",
              "A word that occurs twice in one text keeps the last gradient of that text. `dE[ids[n]] += ...` adds once for each row, not for each place.",
              (ADD, "dE[word] += dx[n, :, i] * (word not in ids[n, i + 1:])")),
        wrong("averaged over the places",
              "You took the mean over a word's places. A nudge on its vector is felt at all of them, so the gradients add up.",
              (ADD, "dE[word] += dx[n, :, i] / np.sum(ids == word)")),
        wrong("divided by N",
              "You divided by the number of texts. If the loss is a mean, dx has that factor already.",
              (ADD, "dE[word] += dx[n, :, i] / N")),
        wrong("padding learns",
              "Row 0 got a gradient. Number 0 is no word but padding: its vector stays 0, so its gradient is 0.",
              ("dE[0] = 0", "pass")),
        wrong("padding is the last row",
              "You cleared the last row. Padding is number 0, so row 0 is cleared.",
              ("dE[0] = 0", "dE[-1] = 0")),
        wrong("unknown words cleared",
              "You cleared row 1 as well. Number 1 stands for words that the vocabulary lacks, and learns like any other; only 0 is padding.",
              ("dE[0] = 0", "dE[:2] = 0")),
        wrong("one row too far",
              "Each gradient went to the row after its word's. Word v has row v; row 0 is the padding's.",
              (ADD, "dE[(word + 1) % size] += dx[n, :, i]")),
        wrong("by place, not by word",
              "You added to the row of the *place* i. The row to add to is the word's that stands there, ids[n, i].",
              (ADD, "dE[i % size] += dx[n, :, i]")),
        wrong("first text only",
              "You went through the first text only.",
              ("for n in range(N):", "for n in range(1):")),
    ),
)

FORWARD = Exercise(
    id="13.conv_text_forward",
    rows=("C-text",),
    answer=(conv_text_forward,),
    reference=(_conv_text_forward,),
    arguments=("x", "w", "b"),
    outputs=("h", "where"),
    visible=forward_visible,
    weak=forward_weak,
    draw=forward_draw,
    hints=(
        "A filter covers F words with all their D numbers, and slides in one direction only. First all z, for every place; then the largest of each row.",
        r"$z_{nki} = b_k + \sum_{d,j} w_{kdj}\, x_{n,d,i+j}$ for $i = 0 \dots L-F$; $where_{nk} = \arg\max_i z_{nki}$; $h_{nk} = \max(0, \max_i z_{nki})$.",
        "`z[:, :, i] = np.tensordot(x[:, :, i:i+F], w, axes=((1, 2), (1, 2))) + b` (or `np.einsum('ndj,kdj->nk', ...)`); then `z.argmax(axis=2)` and "
        "`np.maximum(z.max(axis=2), 0)`.",
    ),
    misconceptions=(
        wrong("filters reversed",
              "You laid the filters on back to front: that is a true convolution. A layer takes them as they are, w[k, :, 0] on the first word.",
              ("w, axes", "w[:, :, ::-1], axes")),
        wrong("b left out",
              "You left out the biases b.",
              (PRODUCT, PRODUCT[:-4])),
        wrong("b for every word",
              "You added b once for each word under the filter. It is added once to the sum.",
              (PRODUCT, PRODUCT[:-1] + "F * b")),
        wrong("b after the ReLU",
              "You added b after the ReLU. It belongs to z: it decides from where on a filter fires.",
              (PRODUCT, PRODUCT[:-4]), (TOP, "h = np.maximum(z.max(axis=2), 0) + b")),
        wrong("mean over time",
              "Your h is the mean over the places. One strong place should do, however long the text: take the maximum.",
              (TOP, "h = np.maximum(z.mean(axis=2), 0)")),
        wrong("sum over time",
              "Your h is the sum over the places. One strong place should do, however long the text: take the maximum.",
              (TOP, "h = np.maximum(z, 0).sum(axis=2)")),
        wrong("no ReLU",
              "Your h has no ReLU: where every place is negative it should be 0.",
              (TOP, "h = z.max(axis=2)")),
        wrong("magnitudes",
              "You took the largest magnitude. A strongly negative z says that the filter does *not* fit there.",
              ("where = z.argmax(axis=2)", "where = np.abs(z).argmax(axis=2)"), (TOP, "h = np.abs(z).max(axis=2)")),
        wrong("where after the ReLU",
              "Your `where` looks at the numbers after the ReLU, so it is 0 wherever all places are negative. Take the place of the largest z.",
              ("where = z.argmax(axis=2)", "where = np.maximum(z, 0).argmax(axis=2)")),
        wrong("last of equal ones",
              "Of equally good places you took the last. `where` is the first one.",
              ("where = z.argmax(axis=2)", "where = places - 1 - z[:, :, ::-1].argmax(axis=2)")),
        wrong("last place left out",
              "You left out the last place. A filter of F words has L - F + 1 places.",
              ("places = L - F + 1", "places = max(1, L - F)")),
        wrong("windows side by side",
              "Your windows lie side by side, F words apart. A convolution looks at every place: one word further each time.",
              ("for i in range(places)", "for i in range(0, places, F)"), ("where = z.argmax(axis=2)", "where = F * z.argmax(axis=2)")),
        wrong("first numbers only",
              "You used the first number of each word vector only. A filter reads all D of them, and the products go into one sum.",
              ("x[:, :, i:i + F], w, axes", "x[:, :1, i:i + F], w[:, :1], axes")),
        wrong("middle of the window",
              "Your `where` is the middle of the window. It is the place of its first word.",
              ("where = z.argmax(axis=2)", "where = z.argmax(axis=2) + F // 2")),
    ),
)

BACKWARD = Exercise(
    id="13.conv_text_backward",
    rows=("C-text",),
    answer=(conv_text_backward,),
    reference=(_conv_text_backward,),
    arguments=("dh", "x", "w", "h", "where"),
    outputs=("dx", "dw", "db"),
    visible=backward_visible,
    weak=backward_weak,
    draw=backward_draw,
    hints=(
        "Go back in three steps. The ReLU lets dh through where h is above 0. The maximum hands it to one place, `where`. The convolution there is a sum of "
        "products, and products swap.",
        r"$dz_{nk} = dh_{nk}\,[h_{nk} > 0]$, $db_k = \sum_n dz_{nk}$. With $i = where_{nk}$: $dw_k \mathrel{+}= dz_{nk}\, x_{n,:,\,i:i+F}$ and "
        r"$dx_{n,:,\,i:i+F} \mathrel{+}= dz_{nk}\, w_k$.",
        "Two loops over n and k: `i = where[n, k]`, `dw[k] += dz[n, k] * x[n, :, i:i+F]`, `dx[n, :, i:i+F] += dz[n, k] * w[k]`. Start from zeros of floats.",
    ),
    misconceptions=(
        wrong("ReLU forgotten",
              "You sent dh through features that are 0. There the ReLU is shut: nothing comes back.",
              (GATE, "dz = dh")),
        wrong("ReLU forgotten for b",
              "Your db counts features that are 0 too. The ReLU shuts b's gradient like the others.",
              ("db = dz.sum(axis=0)", "db = dh.sum(axis=0)")),
        wrong("multiplied by h",
              "You multiplied dh by h. The ReLU's local gradient is 1 where h is above 0, not h.",
              (GATE, "dz = dh * h")),
        wrong("dx overwritten",
              "Where two filters read the same word, your dx keeps the last one's gradient. Both moved the output: add up.",
              (DX, DX.replace("+=", "="))),
        wrong("dw overwritten",
              "Your dw keeps the last text's gradient. All texts use the same filters: add up.",
              (DW, DW.replace("+=", "="))),
        wrong("always the first place",
              "You sent the gradients to the first place of each text. They belong to the place that won, where[n, k].",
              ("i = where[n, k]", "i = 0")),
        wrong("the first text's places",
              "You used the places of the first text for all of them. Text n has its own, where[n, k].",
              ("i = where[n, k]", "i = where[0, k]")),
        wrong("filters reversed",
              "You laid the filters back into dx back to front. What w[k, :, j] read forward gets w[k, :, j] backward: here the windows are written out one by one.",
              (DX, "dx[n, :, i:i + F] += dz[n, k] * w[k][:, ::-1]")),
        wrong("window reversed",
              "You read the window back to front for dw. w[k, :, j] met the word i + j.",
              (DW, "dw[k] += dz[n, k] * text[:, i:i + F][:, ::-1]")),
        wrong("first word only",
              "You sent the gradient to the first word of the window only. The filter read F words.",
              (DX, "dx[n, :, i] += dz[n, k] * w[k][:, 0]")),
        wrong("averaged over the texts",
              "You divided dw and db by the number of texts. If the loss is a mean, dh has that factor already.",
              ("return dx, dw, db", "return dx, dw / len(x), db / len(x)")),
        wrong("upstream left out of dw",
              "Your dw lacks dz: it only says where the gate is open. The chain rule multiplies the window by what comes back.",
              (DW, "dw[k] += (dz[n, k] != 0) * text[:, i:i + F]")),
        wrong("upstream left out of dx",
              "Your dx lacks dz: it only says where the gate is open. The chain rule multiplies the filter by what comes back.",
              (DX, "dx[n, :, i:i + F] += (dz[n, k] != 0) * w[k]")),
        wrong("first text only",
              "You went through the first text only.",
              ("enumerate(x)", "enumerate(x[:1])")),
    ),
)
