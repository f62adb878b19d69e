"""Batch normalisation and dropout: layers that behave one way in training and another in use."""

import numpy as np

from . import _validate


def _flag(name, value):
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name}: expected True or False, got {value!r}")
    return bool(value)


def _features(x_or_dout):
    """The axes that a feature's mean runs over, and the shape that lines a feature's numbers up with the array."""
    if x_or_dout.ndim == 2:
        return (0,), (1, -1)  # (N, D): over the batch
    return (0, 2, 3), (1, -1, 1, 1)  # (N, C, H, W): a channel is one feature, wherever in the image


def _check_running(running, count):
    if not isinstance(running, (tuple, list)) or len(running) != 2:
        raise TypeError(f"running: expected a pair (mean, var) or None, got {type(running).__name__}")
    mean, var = (_validate.array(f"running[{i}]", part) for i, part in enumerate(running))
    for i, part in enumerate((mean, var)):
        _validate.has_shape(f"running[{i}]", part, (count,), "one number for each of x's features")
    if not (var >= 0).all():
        raise ValueError(f"running[1]: expected variances of at least 0, got {var.min()}")
    return mean, var


def batchnorm_forward(x, gamma, beta, running, *, train, momentum=0.9, eps=1e-5):
    """Batch normalisation: each feature to mean 0 and variance 1, then scaled and shifted.

    Formula: out = γ·x̂ + β,  x̂ = (x - μ) / √(σ² + eps);  in training μ, σ² are the batch's and
             running ← momentum·running + (1 - momentum)·batch;  in use μ, σ² are the running ones

    `momentum` is the share of the old running value that stays (lectures, Keras); PyTorch's momentum is the share of
    the new one, 1 - momentum here: 0.9 is PyTorch's 0.1. As in PyTorch the batch is normalised with the biased
    variance (divided by the number m of values), and the running variance takes the unbiased one (divided by m - 1).

    Arguments:
        x            (N, D), or (N, C, H, W): a channel is one feature
        gamma, beta  (D,) or (C,)
        running      (mean, var), each (D,) or (C,); None in training starts from mean 0 and variance 1
        train        True: batch statistics; False: running ones
        momentum     number from 0 to 1
        eps          number > 0
    Returns:
        out          shape of x
        cache        what batchnorm_backward needs
        new_running  (mean, var): updated in training, the same numbers in use
    Errors: ValueError, TypeError: x is not of rank 2 or 4; gamma, beta or running do not have a number for each
        feature; only one value a feature in training; no running statistics in use.
    Lecture row: D-batchnorm

    >>> from course_lib.norm import batchnorm_forward
    >>> out, cache, running = batchnorm_forward([[1.0], [3.0]], [10.0], [5.0], None, train=True)
    >>> out.round(3).tolist(), running
    ([[-5.0], [15.0]], (array([0.2]), array([1.1])))
    """
    x = _validate.array("x", x)
    if x.ndim not in (2, 4):
        raise ValueError(f"x: expected shape (N, D) or (N, C, H, W), got shape {x.shape}")
    count = x.shape[1]
    gamma, beta = _validate.array("gamma", gamma), _validate.array("beta", beta)
    for name, parameter in (("gamma", gamma), ("beta", beta)):
        _validate.has_shape(name, parameter, (count,), "one number for each of x's features")
    train = _flag("train", train)
    momentum = _validate.number("momentum", momentum, minimum=0, maximum=1)
    eps = _validate.number("eps", eps, minimum=np.finfo(np.float64).tiny)
    axes, lined_up = _features(x)
    m = x.size // count  # how many values a feature has in the batch
    if train and m == 1:
        raise ValueError(f"x: expected more than one value for each feature in training, got shape {x.shape}")
    if running is None and not train:
        raise ValueError("running: expected (mean, var) where train=False, got None")
    if running is None:
        running = np.zeros(count, dtype=x.dtype), np.ones(count, dtype=x.dtype)
    mean, var = _check_running(running, count)

    new_running = mean.copy(), var.copy()
    if train:
        batch_mean, batch_var = x.mean(axis=axes), x.var(axis=axes)
        new_running = (
            momentum * mean + (1 - momentum) * batch_mean,
            momentum * var + (1 - momentum) * batch_var * (m / (m - 1)),
        )
        mean, var = batch_mean, batch_var
    inv_std = 1 / np.sqrt(var + eps)
    x_hat = (x - mean.reshape(lined_up)) * inv_std.reshape(lined_up)
    out = gamma.reshape(lined_up) * x_hat + beta.reshape(lined_up)
    return out, (x_hat, gamma, inv_std, train), new_running


def batchnorm_backward(dout, cache):
    """Gradients of batch normalisation; in training the mean and the variance depend on x too.

    Formula: dbeta = Σ dout,  dgamma = Σ dout·x̂,  dx = γ/√(σ² + eps) · (dout - mean(dout) - x̂·mean(dout·x̂)),
             and in use, where the statistics are constants, dx = γ/√(σ² + eps) · dout

    Arguments:
        dout    shape of x, the upstream gradient
        cache   from batchnorm_forward
    Returns:
        dx      shape of x; in training it sums to 0 for each feature
        dgamma  (D,) or (C,)
        dbeta   (D,) or (C,)
    Errors: ValueError, TypeError: dout is not of x's shape; cache is not batchnorm_forward's.
    Lecture row: D-batchnorm

    >>> from course_lib.norm import batchnorm_backward, batchnorm_forward
    >>> _, cache, _ = batchnorm_forward([[1.0], [3.0]], [10.0], [5.0], None, train=True)
    >>> dx, dgamma, dbeta = batchnorm_backward([[2.0], [6.0]], cache)
    >>> dgamma.round(3), dbeta
    (array([4.]), array([8.]))
    """
    x_hat, gamma, inv_std, train = _validate.unpack(cache, 4, "batchnorm_forward")
    dout = _validate.upstream(dout, x_hat.shape)
    axes, lined_up = _features(dout)
    dbeta = dout.sum(axis=axes)
    dgamma = (dout * x_hat).sum(axis=axes)
    centred = dout
    if train:
        m = dout.size // len(gamma)
        # shifting all of a feature's x changes nothing, nor does stretching them: those two directions get no gradient
        centred = dout - (dbeta / m).reshape(lined_up) - x_hat * (dgamma / m).reshape(lined_up)
    return (gamma * inv_std).reshape(lined_up) * centred, dgamma, dbeta


def dropout_forward(x, p, *, seed, train):
    """Inverted dropout: in training each element is dropped with probability p, and the others are scaled up.

    Formula: out = x·kept / (1 - p),  kept = 1 with probability 1 - p, else 0;  in use out = x

    Scaling in training keeps the mean of out at x, so that in use nothing has to be done.

    Arguments:
        x      any shape
        p      the probability to drop an element (as in PyTorch; some courses' p is the probability to keep it)
        seed   integer, at least 0: the same seed drops the same elements
        train  True: drop; False: leave x as it is
    Returns:
        out    shape of x
        cache  what dropout_backward needs
    Errors: ValueError, TypeError: p is not in [0, 1]; seed is not an integer of at least 0; train is not a bool.
    Lecture row: D-augment

    >>> from course_lib.norm import dropout_forward
    >>> dropout_forward([1, 2, 3, 4], 0.5, seed=0, train=True)[0].tolist()
    [2.0, 0.0, 0.0, 0.0]
    """
    x = _validate.array("x", x)
    p = _validate.number("p", p, minimum=0, maximum=1)
    seed = _validate.integer("seed", seed, minimum=0)
    if not _flag("train", train):
        p = 0.0
    kept = np.random.default_rng(seed).random(x.shape) >= p
    scale = 1 / (1 - p) if p < 1 else 1.0  # where all are dropped there is nothing to scale
    return np.where(kept, x * scale, 0), (kept, scale)


def dropout_backward(dout, cache):
    """Gradient of dropout: what was dropped gets none, the others get theirs on the same scale.

    Formula: dx = dout·kept / (1 - p), with the mask of the forward pass

    Arguments:
        dout   shape of x, the upstream gradient
        cache  from dropout_forward
    Returns:
        dx     shape of x
    Errors: ValueError, TypeError: dout is not of x's shape; cache is not dropout_forward's.
    Lecture row: D-augment

    >>> from course_lib.norm import dropout_backward, dropout_forward
    >>> dropout_backward([10, 10, 10, 10], dropout_forward([1, 2, 3, 4], 0.5, seed=0, train=True)[1]).tolist()
    [20.0, 0.0, 0.0, 0.0]
    """
    kept, scale = _validate.unpack(cache, 2, "dropout_forward")
    dout = _validate.upstream(dout, kept.shape)
    return np.where(kept, dout * scale, 0)
