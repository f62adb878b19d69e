"""Right answers to 03_jacobians, each written in another way (see course_lib/grading/answers.py)."""

import numpy as np


def numerical_jacobian__numerator_layout(f, x):
    # One column for each input, as many books write it; transposed at the end.
    x = np.asarray(x, dtype=np.float64)
    flat, h = x.ravel(), 1e-5
    outputs = np.size(f(x.copy()))
    J = np.empty((outputs, flat.size))
    for n, step in enumerate(h * np.eye(flat.size)):
        J[:, n] = (np.ravel(f((flat + step).reshape(x.shape))) - np.ravel(f((flat - step).reshape(x.shape)))) / (2 * h)
    return J.T


def numerical_jacobian__five_points(f, x):
    # A wider stencil, exact for polynomials up to degree 4.
    x = np.asarray(x, dtype=float)
    h = 1e-3
    weights = {2: -1 / 12, 1: 8 / 12, -1: -8 / 12, -2: 1 / 12}

    def row(direction):
        return sum(c * np.ravel(f(x + k * h * direction)) for k, c in weights.items()) / h

    return np.stack([row(e.reshape(x.shape)) for e in np.eye(x.size)])


def numerical_jacobian__tilted_directions(f, x):
    # Push along other directions than the axes, then solve for what the axes would have given.
    x = np.asarray(x, dtype=float)
    directions = np.eye(x.size) + 0.5 * np.tri(x.size, k=-1)
    h = 1e-5
    slopes = [(np.ravel(f(x + h * d.reshape(x.shape))) - np.ravel(f(x - h * d.reshape(x.shape)))) / (2 * h) for d in directions]
    return np.linalg.solve(directions, np.array(slopes))


def numerical_jacobian__push_and_take_back(f, x):
    work = np.array(x, dtype=float)
    columns, h = [], 1e-5
    for index in range(work.size):
        old = work.flat[index]
        work.flat[index] = old + h
        up = np.array(f(work.copy()), dtype=float)
        work.flat[index] = old - h
        down = np.array(f(work.copy()), dtype=float)
        work.flat[index] = old
        columns.append(((up - down) / (2 * h)).reshape(-1))
    return columns


def relu_both_ways__full_product(dout, x):
    J = np.diag((x > 0).astype(float))
    return J, J @ dout


def relu_both_ways__sign(dout, x):
    slope = 0.5 * (np.sign(x) + np.abs(np.sign(x)))
    return slope[:, None] * np.eye(len(x)), dout * slope


def relu_both_ways__from_the_definition(dout, x):
    # Push each input by something too small to cross the kink.
    h = np.min(np.abs(x), where=x != 0, initial=1.0) / 4
    up = np.maximum(0, np.where(x == 0, -h, x) + h * np.eye(len(x)))
    J = (up - np.maximum(0, np.where(x == 0, -h, x))) / h
    return J, np.einsum("nm,m->n", J, dout)


def relu_both_ways__copy_and_block(dout, x):
    dx = np.array(dout, dtype=np.float32)
    dx[x <= 0] = 0
    J = np.zeros((x.size, x.size), dtype=np.float32)
    where = np.flatnonzero(x > 0)
    J[where, where] = 1
    return J, dx


def matmul_backward__two_products(dout, x, w):
    return dout @ w.T, x.T @ dout


def matmul_backward__einsum(dout, x, w):
    return np.einsum("nm,dm->nd", dout, w), np.einsum("nd,nm->dm", x, dout)


def matmul_backward__sum_over_items(dout, x, w):
    dw = sum(np.outer(item, upstream) for item, upstream in zip(x, dout))
    return [[float(np.dot(upstream, row)) for row in w] for upstream in dout], dw


def matmul_backward__explicit_jacobians(dout, x, w):
    N, M = dout.shape
    dx = np.kron(np.eye(N), w) @ dout.ravel()
    dw = np.kron(x.T, np.eye(M)) @ dout.ravel()
    return dx.reshape(x.shape), dw.reshape(w.shape)


def matmul_backward__float32(dout, x, w):
    dout, x, w = (a.astype(np.float32) for a in (dout, x, w))
    return (w @ dout.T).T, (dout.T @ x).T


def jacobian_bytes__one_formula(N, D, M, itemsize):
    return itemsize * D * M * N ** 2, itemsize * N * D * M ** 2


def jacobian_bytes__shapes(N, D, M, itemsize):
    import math

    x, w, y = (N, D), (D, M), (N, M)
    return [math.prod((*variable, *y, itemsize)) for variable in (x, w)]


def jacobian_bytes__broadcast_view(N, D, M, itemsize):
    # A view of one element, stretched: NumPy counts the bytes that a real array would take.
    one = np.zeros(1, dtype=f"V{itemsize}")
    return np.broadcast_to(one, (N * D, N * M)).nbytes, np.broadcast_to(one, (D * M, N * M)).nbytes


def jacobian_bytes__row_by_row(N, D, M, itemsize):
    row = float(N * M * itemsize)
    return row * N * D, row * D * M


def softmax_jacobian__outer(z):
    e = np.exp(z - np.max(z))
    p = e / np.sum(e)
    return np.diag(p) - np.outer(p, p)


def softmax_jacobian__quotient_rule(z):
    e = np.exp(z - np.max(z))
    S = e.sum()
    return (np.diag(e) * S - np.outer(e, e)) / S ** 2


def softmax_jacobian__complex_step(z):
    K = len(z)
    pushed = (z - z.max()) + 1e-30j * np.eye(K)
    e = np.exp(pushed)
    return (e / e.sum(axis=1, keepdims=True)).imag / 1e-30


def softmax_jacobian__rows(z):
    z = z.astype(np.float32)
    log_p = z - z.max() - np.log(np.sum(np.exp(z - z.max())))
    p = np.exp(log_p)
    return [p[i] * ((np.arange(len(z)) == i) - p) for i in range(len(z))]


def predict_dz__worked_on_paper():
    return -4, 1.5, 2.5


def predict_dz__sum_to_zero():
    others = [5 * 0.3, 5 * 0.5]
    return [-sum(others), *others]


def predict_dz__through_the_jacobian():
    p = np.array([0.2, 0.3, 0.5])
    J = np.diag(p) - np.outer(p, p)
    return tuple(5 * (J @ np.array([-1 / p[0], 0.0, 0.0])))


def softmax_crossentropy_backward__subtract_once(dL, z, target):
    e = np.exp(z - np.max(z))
    dz = e / e.sum()
    dz[target] -= 1
    return dL * dz


def softmax_crossentropy_backward__one_hot(dL, z, target):
    y = np.eye(len(z))[target]
    p = np.array([1 / np.sum(np.exp(np.minimum(z - score, 700.0))) for score in z])
    return dL * p - dL * y


def softmax_crossentropy_backward__column_of_the_jacobian(dL, z, target):
    # -1/p_t times column t of the Jacobian, with p_t cancelled before dividing.
    e = np.exp(z - np.max(z))
    p = e / e.sum()
    column_over_p = np.eye(len(z))[:, target] - p
    return -dL * column_over_p


def softmax_crossentropy_backward__complex_step(dL, z, target):
    pushed = (z - z.max()) + 1e-30j * np.eye(len(z))
    loss = np.log(np.sum(np.exp(pushed), axis=1)) - pushed[:, target]
    return dL * loss.imag / 1e-30


def which_pass__set():
    return frozenset(("B", "A"))


def which_pass__text():
    return "b, a"


def which_pass__by_what_each_needs():
    # The check's Jacobian: symmetric, rows that sum to 0, not diagonal.
    needs = {"A": "symmetric", "B": "rows sum to 0", "C": "diagonal"}
    return [letter for letter, property in needs.items() if property in ("symmetric", "rows sum to 0")]
