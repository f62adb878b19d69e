"""Flat backprop: the forward pass in stages, then one backward line for each forward line, in reverse order."""

import numpy as np

from . import _validate
from .activations import sigmoid_forward, tanh_backward, tanh_forward


def circuit_forward(w0, x0, w1, x1, w2):
    """The lecture's circuit: two products, two sums and a sigmoid.

    Formula: L = σ(w0·x0 + w1·x1 + w2)

    Arguments:
        w0, x0, w1, x1, w2  numbers, or arrays of one shape
    Returns:
        L      the same shape
        cache  what circuit_backward needs
    Errors: ValueError, TypeError: an argument is not a number, or the shapes differ.
    Lecture row: B-flat

    >>> from course_lib.flat import circuit_forward
    >>> L, cache = circuit_forward(2, -1, -3, -2, -3)
    >>> round(float(L), 4)
    0.7311
    """
    w0 = _validate.array("w0", w0)
    x0 = _validate.like("x0", x0, w0, "w0")
    w1 = _validate.like("w1", w1, w0, "w0")
    x1 = _validate.like("x1", x1, w0, "w0")
    w2 = _validate.like("w2", w2, w0, "w0")
    s0 = w0 * x0
    s1 = w1 * x1
    s2 = s0 + s1
    s3 = s2 + w2
    L, _ = sigmoid_forward(s3)
    return L, (w0, x0, w1, x1, L)


def circuit_backward(dL, cache):
    """Gradients of the lecture's circuit, by running its lines backwards.

    Formula: ds3 = dL·(1 - L)·L;  a sum passes its gradient on to both inputs, a product swaps its inputs

    Arguments:
        dL     shape of L, the upstream gradient (1 where L is the loss itself)
        cache  from circuit_forward
    Returns:
        dw0, dx0, dw1, dx1, dw2  each of its variable's shape
    Errors: ValueError, TypeError: dL is not of L's shape; cache is not circuit_forward's.
    Lecture row: B-flat, B-gates

    >>> from course_lib.flat import circuit_backward, circuit_forward
    >>> L, cache = circuit_forward(2, -1, -3, -2, -3)
    >>> [round(float(g), 4) for g in circuit_backward(1.0, cache)]
    [-0.1966, 0.3932, -0.3932, -0.5898, 0.1966]
    """
    w0, x0, w1, x1, L = _validate.unpack(cache, 5, "circuit_forward")
    dL = _validate.like("dL", dL, L, "L")
    ds3 = dL * (1 - L) * L
    ds2, dw2 = ds3, ds3
    ds0, ds1 = ds2, ds2
    dw1, dx1 = ds1 * x1, ds1 * w1
    dw0, dx0 = ds0 * x0, ds0 * w0
    return dw0, dx0, dw1, dx1, dw2


def svm_loss(W, X, y, reg):
    """Multiclass hinge (SVM) loss of a linear classifier, staged.

    Formula: loss = (1/N) Σ_n Σ_{j≠y_n} max(0, s_nj - s_n,y_n + 1) + ½ reg Σ W²,  s = X·W

    Arguments:
        W      (D, C)
        X      (N, D)
        y      (N,), integer labels in 0..C-1
        reg    number, at least 0
    Returns:
        loss   float
        dW     (D, C); the gradient at a kink is 0
    Errors: ValueError, TypeError: shapes do not fit, labels outside 0..C-1, NaN or infinities.
    Lecture row: B-svm

    >>> from course_lib.flat import svm_loss
    >>> svm_loss([[1.0, 2.0]], [[1.0]], [0], reg=0.0)
    (2.0, array([[-1.,  1.]]))
    """
    X = _validate.finite("X", _validate.array("X", X, axes="N D"))
    W = _validate.finite("W", _validate.array("W", W, axes="D C"))
    _validate.has_shape("W", W, (X.shape[1], W.shape[1]), f"a row for each of X's {X.shape[1]} columns")
    y = _validate.labels("y", y, len(X), W.shape[1])
    reg = _validate.number("reg", reg, minimum=0)
    n, rows = len(X), np.arange(len(X))

    # forward
    scores = X @ W  # (N, D)·(D, C) -> (N, C)
    correct = scores[rows, y][:, None]  # (N, 1)
    margins = np.maximum(0, scores - correct + 1)
    margins[rows, y] = 0  # the right class is not compared with itself
    data_loss = margins.sum() / n
    reg_loss = 0.5 * reg * np.sum(W * W)
    loss = data_loss + reg_loss

    # backward
    dmargins = np.full_like(margins, 1 / n)
    dscores = np.where(margins > 0, dmargins, 0)  # the max gate routes: only a violated margin passes the gradient
    dscores[rows, y] = -dscores.sum(axis=1)  # the right class's score enters each of its row's margins with -1
    dW = X.T @ dscores  # (D, N)·(N, C) -> (D, C)
    dW += reg * W
    return float(loss), dW


def two_layer_loss(X, y, W1, b1, W2, b2, reg):
    """Softmax loss of a two-layer network, staged: affine, ReLU, affine, softmax.

    Formula: h1 = max(0, X·W1 + b1),  scores = h1·W2 + b2,
             loss = -(1/N) Σ_n log softmax(scores_n)[y_n] + ½ reg (Σ W1² + Σ W2²)

    The biases are not regularised. The gradient at a ReLU's kink is 0.

    Arguments:
        X      (N, D)
        y      (N,), integer labels in 0..C-1
        W1     (D, H)
        b1     (H,)
        W2     (H, C)
        b2     (C,)
        reg    number, at least 0
    Returns:
        loss   float
        grads  dict with W1, b1, W2, b2, each of its variable's shape
    Errors: ValueError, TypeError: shapes do not fit, labels outside 0..C-1, NaN or infinities.
    Lecture row: B-twolayer

    >>> from course_lib.flat import two_layer_loss
    >>> loss, grads = two_layer_loss([[1.0]], [0], [[2.0]], [0.0], [[1.0, 1.0]], [0.0, 0.0], reg=0.0)
    >>> loss, grads["W2"]
    (0.6931471805599453, array([[-1.,  1.]]))
    """
    X = _validate.finite("X", _validate.array("X", X, axes="N D"))
    W1 = _validate.finite("W1", _validate.array("W1", W1, axes="D H"))
    W2 = _validate.finite("W2", _validate.array("W2", W2, axes="H C"))
    b1 = _validate.finite("b1", _validate.array("b1", b1))
    b2 = _validate.finite("b2", _validate.array("b2", b2))
    _validate.has_shape("W1", W1, (X.shape[1], W1.shape[1]), f"a row for each of X's {X.shape[1]} columns")
    _validate.has_shape("W2", W2, (W1.shape[1], W2.shape[1]), f"a row for each of W1's {W1.shape[1]} columns")
    _validate.has_shape("b1", b1, W1.shape[1:], "one bias for each of W1's columns")
    _validate.has_shape("b2", b2, W2.shape[1:], "one bias for each of W2's columns")
    y = _validate.labels("y", y, len(X), W2.shape[1])
    reg = _validate.number("reg", reg, minimum=0)
    n, rows = len(X), np.arange(len(X))

    # forward
    z1 = X @ W1 + b1  # (N, D)·(D, H) -> (N, H)
    h1 = np.maximum(0, z1)
    scores = h1 @ W2 + b2  # (N, H)·(H, C) -> (N, C)
    shifted = scores - scores.max(axis=1, keepdims=True)  # softmax does not change, and exp cannot overflow
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    data_loss = -log_p[rows, y].mean()
    reg_loss = 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
    loss = data_loss + reg_loss

    # backward
    dscores = np.exp(log_p)  # softmax and cross-entropy in one: (p - onehot) / N
    dscores[rows, y] -= 1
    dscores /= n
    dh1, dW2, db2 = dscores @ W2.T, h1.T @ dscores + reg * W2, dscores.sum(axis=0)
    dz1 = np.where(z1 > 0, dh1, 0)
    dW1, db1 = X.T @ dz1 + reg * W1, dz1.sum(axis=0)
    return float(loss), {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


def _naive_gradients(thetas, x):
    """Gradients of a chain of layers a ← tanh(θa), each by a forward and a backward pass of its own, and their cost."""
    operations, gradients = 0, []
    for layer in range(len(thetas)):
        a, caches = x, []
        for theta in thetas:  # a full forward pass ...
            out, cache = tanh_forward(theta * a)
            caches.append((a, cache))
            a = out
            operations += 1
        da = 1.0
        for below in reversed(range(layer, len(thetas))):  # ... and a backward pass from the top down to this layer
            a, cache = caches[below]
            dz = tanh_backward(da, cache)
            da = dz * thetas[below]
            operations += 1
        gradients.append(dz * a)
    return gradients, operations


def _backprop_gradients(thetas, x):
    """The same gradients from one forward and one backward pass, and their cost."""
    operations, gradients = 0, []
    a, caches = x, []
    for theta in thetas:
        out, cache = tanh_forward(theta * a)
        caches.append((a, cache))
        a = out
        operations += 1
    da = 1.0
    for theta, (a, cache) in zip(reversed(thetas), reversed(caches)):
        dz = tanh_backward(da, cache)
        gradients.append(dz * a)
        da = dz * theta
        operations += 1
    return gradients[::-1], operations


def layer_operations(depth):
    """Count the layer operations that all gradients of a chain of layers cost, naively and by backprop.

    Formula: naive = L² + L(L+1)/2 (each layer: a forward pass through L layers, then backward down to it),
             backprop = 2L (one forward pass, one backward pass)

    The numbers are counted while both ways compute the gradients of a real chain; a layer's forward or backward step
    is one operation.

    Arguments:
        depth     number of layers L, at least 1
    Returns:
        naive     int
        backprop  int
    Errors: ValueError, TypeError: depth is not an integer of at least 1.
    Lecture row: D-naive-cost

    >>> from course_lib.flat import layer_operations
    >>> [layer_operations(depth) for depth in (1, 10, 100)]
    [(2, 2), (155, 20), (15050, 200)]
    """
    depth = _validate.integer("depth", depth, minimum=1)
    thetas = [1.0 + 0.1 * (-1) ** layer for layer in range(depth)]
    naive, backprop = _naive_gradients(thetas, 0.5), _backprop_gradients(thetas, 0.5)
    return naive[1], backprop[1]
