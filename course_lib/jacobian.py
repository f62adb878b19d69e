"""Jacobians written out in full: to look at, to check a backward pass against, and to see why none is ever formed.

Layout: J[n, m] = ∂y_m/∂x_n, one row for each input, so the chain rule reads dx = J · dout. The numerator layout of many
books is its transpose. Arrays of rank other than 1 are flattened, last axis fastest (C order).
"""

import numpy as np

from . import _validate
from .losses import softmax


def relu_jacobian(x):
    """Jacobian of the rectified linear unit: diagonal, as each output depends on its own input only.

    Formula: J[n, m] = 1 where n = m and x_n > 0, 0 elsewhere

    Arguments:
        x      any shape
    Returns:
        J      (x.size, x.size); the derivative at x = 0 is 0
    Errors: ValueError, TypeError: x is empty or not an array of numbers.
    Lecture row: B-relu-vec, B-sparse

    >>> from course_lib.jacobian import relu_jacobian
    >>> (relu_jacobian([1, -2, 3, -1]) @ [4, -1, 5, 9]).tolist()
    [4.0, 0.0, 5.0, 0.0]
    """
    x = _validate.array("x", x)
    return np.diag((x.ravel() > 0).astype(x.dtype))


def softmax_jacobian(z):
    """Jacobian of the softmax: symmetric and full, as the sum in its denominator ties every output to every input.

    Formula: J[i, j] = p_i(1 - p_i) where i = j, -p_i·p_j elsewhere,  p = softmax(z)

    Arguments:
        z      (..., K), scores of any size
    Returns:
        J      (z.size, z.size); (K, K) for one row of scores, a block for each row on the diagonal for several
    Errors: ValueError, TypeError: z has no axis, is empty, or holds NaN or an infinity.
    Lecture row: A-softmaxjac

    >>> from course_lib.jacobian import softmax_jacobian
    >>> softmax_jacobian([0.0, 0.0])
    array([[ 0.25, -0.25],
           [-0.25,  0.25]])
    """
    z = _validate.array("z", z)
    p = softmax(z).reshape(-1, z.shape[-1])  # (rows, K)
    rows, k = p.shape
    J = np.zeros((rows, k, rows, k), dtype=p.dtype)
    for row in range(rows):  # a row's outputs depend on no other row's scores
        J[row, :, row, :] = np.diag(p[row]) - np.outer(p[row], p[row])
    return J.reshape(rows * k, rows * k)


def matmul_jacobians(x, w):
    """Both Jacobians of a matrix product, by asking what each number affects, and how much.

    Formula: y = x·w,  ∂y[n',m]/∂x[n,d] = w[d,m] where n' = n,  ∂y[n,m']/∂w[d,m] = x[n,d] where m' = m,  0 elsewhere

    Chained with an upstream gradient they give dx = dout·wᵀ and dw = xᵀ·dout, without being formed.

    Arguments:
        x      (N, D)
        w      (D, M)
    Returns:
        J_y_x  (N·D, N·M), w once for each row of x, on the diagonal
        J_y_w  (D·M, N·M)
    Errors: ValueError, TypeError: x or w is not of rank 2; w does not have a row for each of x's columns.
    Lecture row: B-matmul, B-jacmem

    >>> from course_lib.jacobian import matmul_jacobians
    >>> matmul_jacobians([[1], [2]], [[3]])
    (array([[3., 0.],
           [0., 3.]]), array([[1., 2.]]))
    """
    x = _validate.array("x", x, axes="N D")
    w = _validate.array("w", w, axes="D M")
    _validate.has_shape("w", w, (x.shape[1], w.shape[1]), f"a row for each of x's {x.shape[1]} columns")
    (n, d), m = x.shape, w.shape[1]
    J_y_x = np.zeros((n, d, n, m), dtype=w.dtype)  # [n, d, n', m]: input x[n,d], output y[n',m]
    for row in range(n):
        J_y_x[row, :, row, :] = w  # x[n,d] affects row n of y only: y[n,m] by w[d,m]
    J_y_w = np.zeros((d, m, n, m), dtype=x.dtype)  # [d, m, n, m']: input w[d,m], output y[n,m']
    for column in range(m):
        J_y_w[:, column, :, column] = x.T  # w[d,m] affects column m of y only: y[n,m] by x[n,d]
    return J_y_x.reshape(n * d, n * m), J_y_w.reshape(d * m, n * m)


def jacobian_bytes(n, d, m, itemsize=4, wrt="x"):
    """Memory that one full Jacobian of a matrix product would take.

    Formula: wrt "x": (N·D)·(N·M)·itemsize,  wrt "w": (D·M)·(N·M)·itemsize,  for y = x·w, x (N, D), w (D, M)

    Arguments:
        n, d, m   sizes N, D and M: integers, at least 1
        itemsize  bytes of one number: 4 for float32, 8 for float64
        wrt       "x" for ∂y/∂x, "w" for ∂y/∂w
    Returns:
        int       bytes; a GiB is 2³⁰, a TiB 2⁴⁰
    Errors: ValueError, TypeError: a size is not an integer of at least 1; wrt is neither "x" nor "w".
    Lecture row: B-jacmem, X-11

    >>> from course_lib.jacobian import jacobian_bytes
    >>> jacobian_bytes(64, 4096, 4096) // 2**30, jacobian_bytes(64, 4096, 4096, wrt="w") // 2**40
    (256, 16)
    """
    n, d, m = (_validate.integer(name, value, minimum=1) for name, value in (("n", n), ("d", d), ("m", m)))
    itemsize = _validate.integer("itemsize", itemsize, minimum=1)
    if wrt not in ("x", "w"):
        raise ValueError(f'wrt: expected "x" or "w", got {wrt!r}')
    inputs = n * d if wrt == "x" else d * m
    return inputs * n * m * itemsize
