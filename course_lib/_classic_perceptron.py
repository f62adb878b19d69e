"""The first learning machines: one unit with a threshold, and the rules that move its weights."""

import numpy as np

from . import _validate


def perceptron_step(w, b, x, d, *, lr=1.0):
    """Rosenblatt's rule: where the output is wrong, move the weights by the input; where it is right, do nothing.

    Formula: y = 1 if w·x + b > 0 else 0,  w_i ← w_i + α(d - y)x_i,  b ← b + α(d - y), as for a constant input 1

    Arguments:
        w     (D,)
        b     number
        x     (D,), one example
        d     the desired output, 0 or 1
        lr    number α, at least 0
    Returns:
        w     (D,)
        b     float
    Errors: ValueError, TypeError: shapes differ; d is not 0 or 1; something is not finite.
    Lecture row: B-perceptron

    >>> from course_lib.classic import perceptron_step
    >>> perceptron_step([0.0, 0.0], 0.0, [1, 1], 1), perceptron_step([2.0, 0.0], -1.0, [1, 0], 1)
    ((array([1., 1.]), 1.0), (array([2., 0.]), -1.0))
    """
    w, b, x, lr = _check_unit(w, b, x, lr)
    d = _validate.integer("d", d, minimum=0, maximum=1)
    y = 1 if w @ x + b > 0 else 0
    return w + lr * (d - y) * x, b + lr * (d - y)


def adaline_step(w, b, x, d, *, lr):
    """The delta rule of Widrow and Hoff's Adaline: the error is taken before the threshold, so right outputs move too.

    Formula: y = w·x + b,  w_i ← w_i + α(d - y)x_i,  b ← b + α(d - y): gradient descent on ½(d - y)²

    Adaline's threshold is at 0 and comes after training: the class is 1 where w·x + b > 0, so that the desired outputs
    are best coded as -1 and 1.

    Arguments:
        w     (D,)
        b     number
        x     (D,), one example
        d     number, the desired output
        lr    number α, at least 0; above 2/(|x|² + 1) the error grows
    Returns:
        w     (D,)
        b     float
    Errors: ValueError, TypeError: shapes differ; something is not finite.
    Lecture row: B-perceptron

    >>> from course_lib.classic import adaline_step
    >>> adaline_step([0.0, 0.0], 0.0, [1, 1], 1, lr=0.25)
    (array([0.25, 0.25]), 0.25)
    """
    w, b, x, lr = _check_unit(w, b, x, lr)
    d = _validate.number("d", d, minimum=-np.finfo(np.float64).max)
    y = float(w @ x + b)
    return w + lr * (d - y) * x, b + lr * (d - y)


def madaline_step(W, b, x, d, *, lr):
    """Many Adalines and an OR: where the OR is wrong, the units that are easiest to turn around are taught.

    Formula: y = 1 if some unit's w_h·x + b_h > 0 else 0; where y = 0 ≠ d the unit with the highest w_h·x + b_h takes an
             adaline_step towards 1, where y = 1 ≠ d each unit above 0 takes one towards -1

    This is Madaline's first rule, with the output unit fixed to an OR. With two units, and inputs coded as -1 and 1, it
    learns XOR, which no single unit can; but who is to blame for a wrong output it can only guess, where backprop
    computes it.

    Arguments:
        W     (H, D), the weights of H units
        b     (H,)
        x     (D,), one example
        d     the desired output, 0 or 1
        lr    number, at least 0
    Returns:
        W     (H, D)
        b     (H,)
    Errors: ValueError, TypeError: shapes differ; d is not 0 or 1; something is not finite.
    Lecture row: B-perceptron

    >>> from course_lib.classic import madaline_step
    >>> madaline_step([[1.0, 0.0], [0.0, 1.0]], [-2.0, -3.0], [1, 1], 1, lr=0.5)[0].tolist()
    [[2.0, 1.0], [0.0, 1.0]]
    """
    W = _validate.finite("W", _validate.array("W", W, axes="H D"))
    b = _validate.finite("b", _validate.array("b", b))
    _validate.has_shape("b", b, (len(W),), "one for each of W's rows")
    d = _validate.integer("d", d, minimum=0, maximum=1)
    checked = [_check_unit(w, bias, x, lr) for w, bias in zip(W, b.tolist())]
    nets = np.array([float(w @ x + bias) for w, bias, x, _ in checked])
    taught = []
    if d == 1 and not (nets > 0).any():
        taught = [int(nets.argmax())]
    elif d == 0:
        taught = np.flatnonzero(nets > 0).tolist()
    new_W, new_b = W.copy(), b.copy()
    for h in taught:
        new_W[h], new_b[h] = adaline_step(W[h], float(b[h]), x, 1.0 if d else -1.0, lr=lr)
    return new_W, new_b


def _check_unit(w, b, x, lr):
    w = _validate.finite("w", _validate.array("w", w, axes="D"))
    x = _validate.finite("x", _validate.like("x", x, w, "w")).astype(w.dtype, copy=False)
    b = _validate.number("b", b, minimum=-np.finfo(np.float64).max)
    return w, b, x, _validate.number("lr", lr, minimum=0)
