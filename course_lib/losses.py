"""Losses: each returns its value and the gradient of what it was computed from. Means over the batch."""

import numpy as np

from . import _validate
from .activations import sigmoid_forward


def softmax(z):
    """Softmax over the last axis: positive numbers that sum to 1.

    Formula: p_i = e^{z_i} / Σ_j e^{z_j}

    Arguments:
        z      (..., K), scores of any size
    Returns:
        p      shape of z
    Errors: ValueError, TypeError: z has no axis, is empty, or holds NaN or an infinity.
    Lecture row: A-softmaxjac

    >>> from course_lib.losses import softmax
    >>> softmax([1000, 1000, -1000])
    array([0.5, 0.5, 0. ])
    """
    z = _validate.finite("z", _validate.array("z", z))
    if z.ndim == 0:
        raise ValueError("z: expected at least 1 axis (..., K), got shape ()")
    e = np.exp(z - z.max(axis=-1, keepdims=True))  # the shift cancels in the quotient and prevents overflow
    return e / e.sum(axis=-1, keepdims=True)


def softmax_cross_entropy(scores, y):
    """Softmax followed by the cross-entropy with the true classes, as one step.

    Formula: loss = -(1/N) Σ_n log p_n[y_n],  dscores = (p - onehot(y)) / N,  p = softmax(scores)

    Arguments:
        scores   (N, K)
        y        (N,), integer labels in 0..K-1
    Returns:
        loss     float
        dscores  (N, K)
    Errors: ValueError, TypeError: scores are not finite or not of rank 2; y is not N integers in 0..K-1.
    Lecture row: A-softmaxjac, E-softmaxce

    >>> from course_lib.losses import softmax_cross_entropy
    >>> softmax_cross_entropy([[0.0, 0.0]], [1])
    (0.6931471805599453, array([[ 0.5, -0.5]]))
    """
    scores = _validate.finite("scores", _validate.array("scores", scores, axes="N K"))
    n, k = scores.shape
    y = _validate.labels("y", y, n, k)
    rows = np.arange(n)
    shifted = scores - scores.max(axis=1, keepdims=True)
    # log p from the scores, not from p: p may round to 0 where log p is still an ordinary number
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_p[rows, y].mean()
    dscores = np.exp(log_p)
    dscores[rows, y] -= 1
    dscores /= n
    return float(loss), dscores


def binary_cross_entropy(scores, y):
    """Cross-entropy of a sigmoid output, computed from the scores (logits), not from probabilities.

    Formula: loss = -mean[y log σ(s) + (1 - y) log(1 - σ(s))],  dscores = (σ(s) - y) / (number of scores)

    Arguments:
        scores   any shape; the sigmoid is applied here
        y        shape of scores, 0 or 1 (or a probability in between)
    Returns:
        loss     float, the mean over all scores
        dscores  shape of scores
    Errors: ValueError, TypeError: scores are not finite; y is not of their shape or not in [0, 1].
    Lecture row: D-fc, X-3

    >>> from course_lib.losses import binary_cross_entropy
    >>> binary_cross_entropy([0.0, 0.0], [1, 0])
    (0.6931471805599453, array([-0.25,  0.25]))
    """
    scores = _validate.finite("scores", _validate.array("scores", scores))
    y = _validate.like("y", y, scores, "scores").astype(scores.dtype, copy=False)  # integers leave float32 float32
    if not ((y >= 0) & (y <= 1)).all():
        raise ValueError(f"y: expected targets in [0, 1], got values from {y.min()} to {y.max()}")
    # -log σ(s) = log(1 + e^{-s}) and -log(1 - σ(s)) = s + log(1 + e^{-s}), with the exponent kept at or below 0
    loss = np.mean(np.maximum(scores, 0) - y * scores + np.log1p(np.exp(-np.abs(scores))))
    dscores = (sigmoid_forward(scores)[0] - y) / scores.size
    return float(loss), dscores


def mean_squared_error(pred, target):
    """Square loss, the mean over all elements.

    Formula: loss = mean (pred - target)²,  dpred = 2 (pred - target) / (number of elements)

    Arguments:
        pred    any shape
        target  shape of pred
    Returns:
        loss    float
        dpred   shape of pred
    Errors: ValueError, TypeError: the shapes differ; pred or target holds NaN or an infinity.
    Lecture row: D-fc

    >>> from course_lib.losses import mean_squared_error
    >>> mean_squared_error([1.0, 4.0], [1.0, 2.0])
    (2.0, array([0., 2.]))
    """
    pred = _validate.finite("pred", _validate.array("pred", pred))
    target = _validate.finite("target", _validate.like("target", target, pred, "pred")).astype(pred.dtype, copy=False)
    difference = pred - target
    return float(np.mean(difference**2)), 2 * difference / pred.size


def hinge_loss(scores, y, margin=1.0):
    """Multiclass hinge (SVM) loss: every wrong class has to stay `margin` below the right one.

    Formula: loss = (1/N) Σ_n Σ_{j≠y_n} max(0, s_nj - s_n,y_n + margin)

    Arguments:
        scores   (N, K)
        y        (N,), integer labels in 0..K-1
        margin   number, at least 0
    Returns:
        loss     float
        dscores  (N, K); the gradient at a kink is 0
    Errors: ValueError, TypeError: scores are not finite or not of rank 2; y is not N integers in 0..K-1.
    Lecture row: B-svm

    >>> from course_lib.losses import hinge_loss
    >>> hinge_loss([[3.0, 5.0, 2.5]], [0])
    (3.5, array([[-2.,  1.,  1.]]))
    """
    scores = _validate.finite("scores", _validate.array("scores", scores, axes="N K"))
    n, k = scores.shape
    y = _validate.labels("y", y, n, k)
    margin = _validate.number("margin", margin, minimum=0)
    rows = np.arange(n)
    margins = np.maximum(scores - scores[rows, y][:, None] + margin, 0)
    margins[rows, y] = 0  # the right class is not compared with itself
    loss = margins.sum() / n
    dscores = (margins > 0).astype(scores.dtype)
    dscores[rows, y] = -dscores.sum(axis=1)  # each violated margin pulls the right class up once
    dscores /= n
    return float(loss), dscores


def l2_penalty(w, lam):
    """L2 regularisation with the factor ½, so that the gradient is λw.

    Formula: loss = ½ λ Σ w²,  dw = λ w

    Without the ½ (lectures C and D: λΣw²) the gradient is 2λw. PyTorch's weight_decay is the factor of w in the
    gradient: λ here, 2λ there.

    Arguments:
        w      any shape
        lam    number λ, at least 0
    Returns:
        loss   float
        dw     shape of w
    Errors: ValueError, TypeError: w holds NaN or an infinity; lam is negative or not finite.
    Lecture row: C-l2

    >>> from course_lib.losses import l2_penalty
    >>> l2_penalty([1.0, -2.0], 0.1)
    (0.25, array([ 0.1, -0.2]))
    """
    w = _validate.finite("w", _validate.array("w", w))
    lam = _validate.number("lam", lam, minimum=0)
    return float(lam / 2 * np.sum(w * w)), lam * w
