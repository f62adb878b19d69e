"""03_jacobians, second part: the matrix product backward, and how large its Jacobians would be."""

from __future__ import annotations

import numpy as np

from ... import jacobian
from ...linear import affine_backward, affine_forward
from ..exercise import Case, Exercise, wrong
from ..inputs import whole

# --- the right answers, as a student would write them ------------------------------------------------------------------


def matmul_backward(dout, x, w):
    N, D = x.shape
    M = w.shape[1]
    dx = np.zeros((N, D))
    dw = np.zeros((D, M))
    for n in range(N):
        for d in range(D):
            for m in range(M):
                dx[n, d] += dout[n, m] * w[d, m]
                dw[d, m] += dout[n, m] * x[n, d]
    return dx, dw


def jacobian_bytes(N, D, M, itemsize):
    entries_x = N * D
    entries_w = D * M
    entries_y = N * M
    bytes_x = entries_x * entries_y * itemsize
    bytes_w = entries_w * entries_y * itemsize
    return bytes_x, bytes_w


# --- the same from the library -----------------------------------------------------------------------------------------


def _matmul_backward(dout, x, w):
    return affine_backward(dout, affine_forward(x, w)[1])[:2]


def _jacobian_bytes(N, D, M, itemsize):
    return tuple(jacobian.jacobian_bytes(N, D, M, itemsize, wrt=wrt) for wrt in "xw")


# --- cases: the product ------------------------------------------------------------------------------------------------

X = np.array([[2.0, 1, -3], [-3, 4, 2]])  # the lecture's numbers
W = np.array([[3.0, 2, 1, -1], [2, 1, 3, 2], [3, 2, 1, -2]])
DY = np.array([[2.0, 3, -3, 9], [-8, 1, 4, 6]])


def _matmul_case(label: str, dout: np.ndarray, x: np.ndarray, w: np.ndarray, form: str = "") -> Case:
    return Case(label, (dout, x, w), form=form,
                tags={"N": "1" if len(x) == 1 else "2 or more", "D": "1" if len(w) == 1 else "2 or more", "M": "1" if w.shape[1] == 1 else "2 or more"},
                constants={"N, the number of items,": len(x), "D, the number of columns of x,": len(w), "M, the number of columns of w,": w.shape[1]})


def matmul_visible() -> list[Case]:
    return [
        _matmul_case("two items of one number, w of one row", np.array([[1.0, -2], [3, 1]]), np.array([[2.0], [-1]]), np.array([[4.0, 3]])),
        _matmul_case("one item", np.array([[2.0, -1]]), np.array([[1.0, 3, -2]]), np.array([[1.0, 4], [0, 2], [-3, 1]])),
        _matmul_case("the lecture's numbers", DY, X, W),
        _matmul_case("square matrices of whole numbers of type int, a 0 in x", np.array([[3.0, -1, 2], [1, 4, -2], [-3, 2, 5]]),
                     np.array([[1.0, 2, 0], [-1, 3, 4], [2, -2, 1]]), np.array([[2.0, -1, 3], [4, 1, -2], [-3, 5, 1]]), "integers"),
        _matmul_case("four items, one column in w, read-only", np.array([[2.0], [-1], [3], [-4]]),
                     np.array([[1.0, -2], [0, 3], [4, 1], [-1, 2]]), np.array([[3.0], [-2]]), "read-only"),
    ]


def matmul_weak() -> list[Case]:
    return [_matmul_case("one number times one, dout = 1", np.ones((1, 1)), np.array([[3.0]]), np.array([[2.0]])),
            _matmul_case("one number times an equal one", np.array([[-3.0]]), np.array([[2.0]]), np.array([[2.0]]))]


def matmul_draw(rng: np.random.Generator, N: int = 3, D: int = 4, M: int = 2, form: str = "") -> Case:
    """Entries between -5 and 5, none of them 0, and no two neighbours in w and x alike."""
    part = lambda *shape: whole(rng, *shape, low=1, high=5) * rng.choice([-1.0, 1.0], shape)  # noqa: E731
    return _matmul_case(f"N={N}, D={D}, M={M}{', ' + form if form else ''}", part(N, M), part(N, D), part(D, M), form)


# --- cases: bytes ------------------------------------------------------------------------------------------------------


def _bytes_case(label: str, N: int, D: int, M: int, itemsize: int) -> Case:
    return Case(label, (N, D, M, itemsize), tags={"itemsize": itemsize, "N": "1" if N == 1 else "2 or more"},
                constants={"N": N, "D": D, "M": M, "itemsize": itemsize})


def bytes_visible() -> list[Case]:
    return [
        _bytes_case("the worked matrices, float64", 2, 3, 4, 8),
        _bytes_case("the lecture's layer, float32", 64, 4096, 4096, 4),
        _bytes_case("more columns in x than in w, float16", 5, 7, 3, 2),
    ]


def bytes_weak() -> list[Case]:
    return [_bytes_case("one number times one, one byte", 1, 1, 1, 1), _bytes_case("one number times one, float32", 1, 1, 1, 4), _bytes_case("two inputs, two outputs", 1, 2, 2, 2),
            _bytes_case("all sizes 2, two bytes", 2, 2, 2, 2)]


def bytes_draw(rng: np.random.Generator, itemsize: int = 4, top: int = 40) -> Case:
    """N, D and M between 2 and `top`, all different, and none of them the itemsize."""
    while True:
        N, D, M = (int(v) for v in rng.integers(2, top, 3, endpoint=True))
        if len({N, D, M, itemsize}) == 4:
            return _bytes_case(f"N={N}, D={D}, M={M}, itemsize {itemsize}", N, D, M, itemsize)


# --- exercises ---------------------------------------------------------------------------------------------------------

MATMUL = (
    Exercise(
        id="03.matmul_backward",
        rows=("B-matmul", "B-sameshape", "X-1"),
        answer=(matmul_backward,),
        reference=(_matmul_backward,),
        arguments=("dout", "x", "w"),
        outputs=("dx", "dw"),
        visible=matmul_visible,
        weak=matmul_weak,
        draw=matmul_draw,
        hints=(
            "Take one entry, x[n, d]. Which entries of y does it reach, and what is it multiplied by on the way to each?",
            r"$dx_{nd} = \sum_m dout_{nm}\, w_{dm}$, as $x_{nd}$ reaches row $n$ of y. And $dw_{dm} = \sum_n x_{nd}\, dout_{nm}$, as $w_{dm}$ reaches "
            r"column $m$.",
            "Two matrix products: `dx = dout @ w.T` of shape (N, M)·(M, D), and `dw = x.T @ dout` of shape (D, N)·(N, M).",
        ),
        misconceptions=(
            wrong("not transposed",
                  "You multiplied by w (for dx) or x (for dw) without transposing it, or made the shapes fit with reshape, which keeps the "
                  "numbers in reading order. The transpose, .T, turns rows into columns: dout @ w.T and x.T @ dout.",
                  ("dout[n, m] * w[d, m]", "dout[n, m] * w.reshape(M, D)[m, d]"), ("dout[n, m] * x[n, d]", "dout[n, m] * x.reshape(D, N)[d, n]")),
            wrong("product in the wrong order, reshaped",
                  "You multiplied in the wrong order, which gives the transpose of the gradient, and reshaped that to fit. Swap the factors "
                  "and no reshape is needed: dout @ w.T and x.T @ dout.",
                  ("return dx, dw", "return dx.T.reshape(N, D), dw.T.reshape(D, M)")),
            wrong("upstream gradient left out",
                  "You added up w (for dx) or x (for dw) alone. Each entry has to be multiplied by the upstream gradient of the y that it "
                  "reaches.",
                  ("dout[n, m] * w[d, m]", "w[d, m]"), ("dout[n, m] * x[n, d]", "x[n, d]")),
            wrong("overwritten, not added up",
                  "You kept only the last of several contributions. x[n, d] reaches a whole row of y and w[d, m] a whole column; what comes "
                  "back from them adds up: `+=`, not `=`.",
                  ("dx[n, d] += dout[n, m] * w", "dx[n, d] = dout[n, m] * w"), ("dw[d, m] += dout[n, m] * x", "dw[d, m] = dout[n, m] * x")),
            wrong("averaged over the batch",
                  "You divided dw by N. This layer adds up over the items; if the loss is a mean, its 1/N is in dout already.",
                  ("return dx, dw", "return dx, dw / N")),
            wrong("averaged over the outputs",
                  "You took means in place of sums. A push on x[n, d] moves all M entries of its row at once, one on w[d, m] all N of its "
                  "column, and their effects add up.",
                  ("return dx, dw", "return dx / M, dw / N")),
            wrong("items mixed",
                  "In dx you added up dout over all items first. x[n, d] reaches row n of y only, so item n gets the upstream gradients of "
                  "row n alone.",
                  ("dout[n, m] * w[d, m]", "dout[:, m].sum() * w[d, m]")),
            wrong("batch averaged before the product",
                  "In dw you used the mean of x over the items. Each item's x has to meet that item's upstream gradient before the "
                  "items are added up.",
                  ("dout[n, m] * x[n, d]", "dout[n, m] * x[:, d].mean()")),
            wrong("x and w not swapped",
                  "You multiplied by x itself for dx, and by w itself for dw. A product swaps its inputs on the way back: dx needs w, and "
                  "dw needs x.",
                  ("dx[n, d] += dout[n, m] * w[d, m]", "dx[n, d] += dout[n, m] * x[n, d]"),
                  ("dw[d, m] += dout[n, m] * x[n, d]", "dw[d, m] += dout[n, m] * w[d, m]")),
        ),
    ),
    Exercise(
        id="03.jacobian_bytes",
        rows=("B-jacmem", "X-11"),
        answer=(jacobian_bytes,),
        reference=(_jacobian_bytes,),
        arguments=("N", "D", "M", "itemsize"),
        outputs=("bytes_x", "bytes_w"),
        visible=bytes_visible,
        weak=bytes_weak,
        draw=bytes_draw,
        hints=(
            "A Jacobian has one row for each input and one column for each output. How many numbers go in, and how many come out?",
            r"x holds $N\cdot D$ numbers, w holds $D\cdot M$, y holds $N\cdot M$. The Jacobian dy/dx has $ND \times NM$ entries, dy/dw $DM \times NM$.",
            "`bytes_x = (N * D) * (N * M) * itemsize` and `bytes_w = (D * M) * (N * M) * itemsize`.",
        ),
        misconceptions=(
            wrong("both the same",
                  "You gave both Jacobians the size of dy/dx, as the slide does. dy/dw has a row for each entry of w: D·M rows, not N·D.",
                  ("bytes_w = entries_w * entries_y", "bytes_w = entries_x * entries_y")),
            wrong("size of the gradient",
                  "You computed the size of the gradients dx and dw, which have the shapes of x and w. The Jacobian has a column for each of "
                  "y's N·M entries besides.",
                  ("entries_x * entries_y * itemsize", "entries_x * itemsize"), ("entries_w * entries_y * itemsize", "entries_w * itemsize")),
            wrong("entries counted, not bytes",
                  "You counted the entries. Each takes itemsize bytes: 4 for float32, 8 for float64.",
                  ("entries_x * entries_y * itemsize", "entries_x * entries_y"), ("entries_w * entries_y * itemsize", "entries_w * entries_y")),
            wrong("y of x's shape",
                  "You gave y the shape of x. A product of (N, D) and (D, M) has N rows and M columns: N·M entries.",
                  ("entries_y = N * M", "entries_y = N * D")),
            wrong("always four bytes",
                  "You took 4 bytes for each entry, whatever itemsize says. That is float32; float64 has 8, float16 has 2.",
                  ("entries_x * entries_y * itemsize", "entries_x * entries_y * 4"), ("entries_w * entries_y * itemsize", "entries_w * entries_y * 4")),
            wrong("rows and columns added",
                  "You added the number of rows to the number of columns. A matrix with R rows and C columns has R·C entries.",
                  ("entries_x * entries_y * itemsize", "(entries_x + entries_y) * itemsize"),
                  ("entries_w * entries_y * itemsize", "(entries_w + entries_y) * itemsize")),
            wrong("only entries that are not zero",
                  "You counted only the entries that can differ from 0: one block for each item. The explicit Jacobian stores all the zeros "
                  "too, and that is the trouble with it.",
                  ("entries_x * entries_y * itemsize", "entries_x * M * itemsize"), ("entries_w * entries_y * itemsize", "entries_w * N * itemsize")),
            wrong("one item",
                  "You left the batch out of y: it has N·M entries, not M. Each of them depends, at least on paper, on every input.",
                  ("entries_y = N * M", "entries_y = M"), ("entries_x = N * D", "entries_x = D")),
            wrong("the other operand",
                  "You paired x with w: rows for one, columns for the other. A Jacobian has rows for one input and columns for the output, y.",
                  ("entries_x * entries_y * itemsize", "entries_x * entries_w * itemsize"),
                  ("entries_w * entries_y * itemsize", "entries_w * entries_x * itemsize")),
        ),
    ),
)
