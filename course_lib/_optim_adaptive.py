"""Adaptive steps: each weight, or each layer, has a step size of its own, made from the gradients so far."""

import numpy as np

from . import _validate
from ._optim_state import check_betas, check_decay, check_eps, check_step, read_state


def adagrad(w, dw, state, *, lr, lr_decay=0.0, weight_decay=0.0, initial_accumulator=0.0, eps=1e-10):
    """Adagrad: divide each weight's step by the root of the sum of all its squared gradients.

    Formula: g = dw + weight_decay·w,  s ← s + g²  (s = initial_accumulator before the first step),
             w ← w - lr/(1 + (t - 1)·lr_decay) · g / (√s + eps)  at step t = 1, 2, …

    Arguments:
        w             any shape
        dw            shape of w
        state         {} at first, then what the last step returned; not written to
        lr, lr_decay, weight_decay, initial_accumulator  numbers, at least 0
        eps           number above 0
    Returns:
        w             shape and dtype of w
        state         dict with the number of steps and the sum of squares s
    Errors: ValueError, TypeError: shapes differ, numbers are not finite or out of range, the state is not adagrad's.
    Lecture row: D-adaptive

    >>> from course_lib.optim import adagrad
    >>> w, state = adagrad([0.0, 0.0], [3.0, -0.2], {}, lr=0.1)
    >>> w.round(6)
    array([-0.1,  0.1])
    """
    w, dw, lr = check_step(w, dw, lr)
    lr_decay = _validate.number("lr_decay", lr_decay, minimum=0)
    weight_decay = _validate.number("weight_decay", weight_decay, minimum=0)
    initial = _validate.number("initial_accumulator", initial_accumulator, minimum=0)
    eps = check_eps(eps, w)
    step, old = read_state("adagrad", state, w, ["square_sum"], counted=True)
    g = dw + weight_decay * w
    square_sum = old.get("square_sum", initial) + g * g
    w = w - lr / (1 + step * lr_decay) * g / (np.sqrt(square_sum) + eps)
    return w, {"optimizer": "adagrad", "step": step + 1, "square_sum": square_sum}


def rmsprop(w, dw, state, *, lr, alpha=0.99, eps=1e-8, weight_decay=0.0, momentum=0.0, centered=False):
    """RMSprop: divide each weight's step by the root of a moving average of its squared gradients.

    Formula: g = dw + weight_decay·w,  s ← alpha·s + (1 - alpha)·g²,  d = √s + eps,
             w ← w - lr·g/d,  with momentum v ← momentum·v + g/d and w ← w - lr·v;
             centered: a ← alpha·a + (1 - alpha)·g and d = √(s - a²) + eps

    Arguments:
        w             any shape
        dw            shape of w
        state         {} at first, then what the last step with these options returned; not written to
        lr, weight_decay  numbers, at least 0
        alpha         number in [0, 1)
        eps           number above 0
        momentum      number in [0, 1]
        centered      True divides by the deviation from the mean instead of from zero
    Returns:
        w             shape and dtype of w
        state         dict with the average s, and a and v where the options use them
    Errors: ValueError, TypeError: shapes differ, numbers are not finite or out of range, the state is not rmsprop's.
    Lecture row: D-adaptive

    >>> from course_lib.optim import rmsprop
    >>> w, state = rmsprop([0.0, 0.0], [3.0, -0.2], {}, lr=0.1, alpha=0.75)
    >>> w.round(6)
    array([-0.2,  0.2])
    """
    w, dw, lr = check_step(w, dw, lr)
    alpha, eps = check_decay("alpha", alpha), check_eps(eps, w)
    weight_decay = _validate.number("weight_decay", weight_decay, minimum=0)
    momentum = _validate.number("momentum", momentum, minimum=0, maximum=1)
    names = ["square_average", *(["average"] if centered else []), *(["velocity"] if momentum > 0 else [])]
    _, old = read_state("rmsprop", state, w, names)
    g = dw + weight_decay * w
    new = {"optimizer": "rmsprop", "square_average": alpha * old.get("square_average", 0.0) + (1 - alpha) * g * g}
    variance = new["square_average"]
    if centered:
        new["average"] = alpha * old.get("average", 0.0) + (1 - alpha) * g
        # never negative but for rounding, where PyTorch's root is NaN
        variance = np.maximum(variance - new["average"] ** 2, 0)
    direction = g / (np.sqrt(variance) + eps)
    if momentum > 0:
        direction = new["velocity"] = momentum * old.get("velocity", 0.0) + direction
    return w - lr * direction, new


def _adam_direction(optimizer, w, g, state, betas, eps):
    """The direction m̂/(√v̂ + eps) that Adam and LAMB share, and the new state."""
    beta1, beta2 = betas
    step, old = read_state(optimizer, state, w, ["m", "v"], counted=True)
    step += 1
    m = beta1 * old.get("m", 0.0) + (1 - beta1) * g
    v = beta2 * old.get("v", 0.0) + (1 - beta2) * g * g
    # m and v start from 0 and are short by 1 - β^t: undo it
    m_hat, v_hat = m / (1 - beta1**step), v / (1 - beta2**step)
    return m_hat / (np.sqrt(v_hat) + eps), {"optimizer": optimizer, "step": step, "m": m, "v": v}


def adam(w, dw, state, *, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    """Adam: RMSprop's denominator and momentum's numerator, both corrected for their start from zero.

    Formula: g = dw + weight_decay·w,  m ← β₁m + (1 - β₁)g,  v ← β₂v + (1 - β₂)g²,
             w ← w - lr·m̂ / (√v̂ + eps),  m̂ = m/(1 - β₁^t),  v̂ = v/(1 - β₂^t)  at step t = 1, 2, …

    Arguments:
        w             any shape
        dw            shape of w
        state         {} at first, then what the last step returned; not written to
        lr, weight_decay  numbers, at least 0; the decay is part of g (AdamW's, which is not, is another method)
        betas         pair (β₁, β₂), both in [0, 1)
        eps           number above 0
    Returns:
        w             shape and dtype of w
        state         dict with the number of steps, m and v
    Errors: ValueError, TypeError: shapes differ, numbers are not finite or out of range, the state is not adam's.
    Lecture row: D-adaptive

    >>> from course_lib.optim import adam
    >>> w, state = adam([0.0, 0.0], [3.0, -0.2], {}, lr=0.1)
    >>> w.round(6)
    array([-0.1,  0.1])
    """
    w, dw, lr = check_step(w, dw, lr)
    betas, eps = check_betas(betas), check_eps(eps, w)
    weight_decay = _validate.number("weight_decay", weight_decay, minimum=0)
    direction, state = _adam_direction("adam", w, dw + weight_decay * w, state, betas, eps)
    return w - lr * direction, state


def lamb(w, dw, state, *, lr, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0):
    """LAMB: Adam's direction, scaled so that each array moves in proportion to its own size.

    Formula: r = m̂ / (√v̂ + eps) with Adam's m̂ and v̂ of dw,  u = r + weight_decay·w,  w ← w - lr·(‖w‖/‖u‖)·u

    The trust ratio ‖w‖/‖u‖ is taken over the whole array: give each layer's weights to a step of their own. It is 1
    where ‖w‖ or ‖u‖ is 0, since weights of zero would never move. Its scaling function φ is the identity, as in the
    experiments of the paper (You et al. 2020, Large batch optimization for deep learning, algorithm 2). The decay
    acts on u, not on the gradient.

    Arguments:
        w             any shape
        dw            shape of w
        state         {} at first, then what the last step returned; not written to
        lr, weight_decay  numbers, at least 0
        betas         pair (β₁, β₂), both in [0, 1)
        eps           number above 0
    Returns:
        w             shape and dtype of w
        state         dict with the number of steps, m and v
    Errors: ValueError, TypeError: shapes differ, numbers are not finite or out of range, the state is not lamb's.
    Lecture row: D-adaptive

    >>> from course_lib.optim import lamb
    >>> w, state = lamb([3.0, 4.0], [1.0, 0.0], {}, lr=0.1)
    >>> w.round(6)
    array([2.5, 4. ])
    """
    w, dw, lr = check_step(w, dw, lr)
    betas, eps = check_betas(betas), check_eps(eps, w)
    weight_decay = _validate.number("weight_decay", weight_decay, minimum=0)
    r, state = _adam_direction("lamb", w, dw, state, betas, eps)
    u = r + weight_decay * w
    w_norm, u_norm = float(np.sqrt(np.sum(w * w))), float(np.sqrt(np.sum(u * u)))
    ratio = w_norm / u_norm if w_norm > 0 and u_norm > 0 else 1.0
    return w - lr * ratio * u, state
