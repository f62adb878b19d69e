"""The fully connected (affine) layer."""

import math

from . import _validate


def affine_forward(x, w, b=None):
    """Fully connected layer: each output is a dot product with the whole input, plus a bias.

    Formula: out = X·w + b,  X = x with everything after the batch axis flattened

    Arguments:
        x      (N, d1, ..., dk), with d1·...·dk = D
        w      (D, M)
        b      (M,) or None
    Returns:
        out    (N, M)
        cache  what affine_backward needs
    Errors: ValueError, TypeError: x has fewer than 2 axes; w does not have x's D rows; b is not of shape (M,).
    Lecture row: B-matmul

    >>> from course_lib.linear import affine_forward
    >>> affine_forward([[2, 1, -3], [-3, 4, 2]], [[3, 2], [2, 1], [3, 2]], [0, 10])[0]
    array([[-1.,  9.],
           [ 5., 12.]])
    """
    x = _validate.array("x", x)
    if x.ndim < 2:
        raise ValueError(f"x: expected at least 2 axes (N, d1, ...), got shape {x.shape}")
    w = _validate.array("w", w, axes="D M")
    features = math.prod(x.shape[1:])
    _validate.has_shape("w", w, (features, w.shape[1]), f"D = {features} rows for x of shape {x.shape}")
    out = x.reshape(len(x), features) @ w  # (N, D)·(D, M) -> (N, M)
    if b is not None:
        b = _validate.array("b", b)
        _validate.has_shape("b", b, w.shape[1:], "one bias for each of w's columns")
        out = out + b
    return out, (x, w, b is not None)


def affine_backward(dout, cache, *, need_dx=True):
    """Gradients of the fully connected layer.

    Formula: dx = dout·wᵀ,  dw = Xᵀ·dout,  db = Σ_n dout_n

    Arguments:
        dout     (N, M), the upstream gradient
        cache    from affine_forward
        need_dx  False in a net's first layer, whose input is data: dx is None, and its work is not done
    Returns:
        dx     shape of x, or None
        dw     (D, M)
        db     (M,), or None where the layer has no bias
    Errors: ValueError, TypeError: dout is not of the output's shape; cache is not affine_forward's.
    Lecture row: B-matmul

    >>> from course_lib.linear import affine_backward, affine_forward
    >>> out, cache = affine_forward([[1, 2]], [[3], [4]], [0])
    >>> affine_backward([[10]], cache)
    (array([[30., 40.]]), array([[10.],
           [20.]]), array([10.]))
    """
    x, w, has_bias = _validate.unpack(cache, 3, "affine_forward")
    dout = _validate.upstream(dout, (len(x), w.shape[1]))
    dx = (dout @ w.T).reshape(x.shape) if need_dx else None  # (N, M)·(M, D) -> (N, D) -> shape of x
    dw = x.reshape(len(x), -1).T @ dout  # (D, N)·(N, M) -> (D, M): the batch is summed over
    db = dout.sum(axis=0) if has_bias else None
    return dx, dw, db
