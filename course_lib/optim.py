"""Optimisers: each step takes the weights, their gradient and the optimiser's state, and returns new weights and state.

    state = {}
    for step in range(steps):
        loss, dw = ...
        w, state = adam(w, dw, state, lr=0.001 * cosine(step, total=steps))

Nothing is written to: an old w and an old state stay as they were, so a step can be tried and taken back. A step moves
one array; `step_all` moves a dict of them. All but LAMB, which PyTorch lacks, take the same steps as PyTorch.
"""

import numpy as np

from . import _validate
from ._optim_adaptive import adagrad, adam, lamb, rmsprop
from ._optim_minimize import Minimum, minimize
from ._optim_schedules import cosine, step_decay, warmup
from ._optim_state import check_pair, check_step, read_state

__all__ = [
    "sgd",
    "adagrad",
    "rmsprop",
    "adam",
    "lamb",
    "rprop",
    "step_all",
    "minimize",
    "Minimum",
    "step_decay",
    "cosine",
    "warmup",
]


def sgd(w, dw, state, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    """Gradient descent, with momentum where asked for.

    Formula: g = dw + weight_decay·w,  v ← momentum·v + (1 - dampening)·g  (v = g at the first step),
             w ← w - lr·v,  with nesterov w ← w - lr·(g + momentum·v)

    The lecture's Δw ← η·dw + γ·Δw, applied as w ← w - Δw, is the same at a constant step size: Δw = lr·v.
    weight_decay is λ for the penalty ½λΣw², and 2λ for λΣw².

    Arguments:
        w             any shape
        dw            shape of w
        state         {} at first, then what the last step returned; not written to
        lr            number, at least 0
        momentum, dampening  numbers in [0, 1]
        weight_decay  number, at least 0
        nesterov      True looks ahead along v; it needs a momentum and no dampening
    Returns:
        w             shape and dtype of w
        state         dict with the velocity v; {} without momentum
    Errors: ValueError, TypeError: shapes differ, numbers are not finite or out of range, the state is not sgd's.
    Lecture row: A-gd, C-momentum, C-sgdopts, C-l2

    >>> from course_lib.optim import sgd
    >>> w, state = sgd([1.0, 2.0], [1.0, -1.0], {}, lr=0.5, momentum=0.9)
    >>> sgd(w, [0.0, 0.0], state, lr=0.5, momentum=0.9)[0]
    array([0.05, 2.95])
    """
    w, dw, lr = check_step(w, dw, lr)
    momentum = _validate.number("momentum", momentum, minimum=0, maximum=1)
    dampening = _validate.number("dampening", dampening, minimum=0, maximum=1)
    weight_decay = _validate.number("weight_decay", weight_decay, minimum=0)
    if nesterov and (momentum == 0 or dampening != 0):
        raise ValueError(
            f"nesterov: expected a momentum above 0 and a dampening of 0, got {momentum} and {dampening}"
        )
    _, old = read_state("sgd", state, w, ["velocity"])
    g = dw + weight_decay * w
    if momentum == 0:
        return w - lr * g, dict(state)
    # PyTorch does not dampen the first gradient
    velocity = momentum * old["velocity"] + (1 - dampening) * g if old else g
    direction = g + momentum * velocity if nesterov else velocity
    return w - lr * direction, {"optimizer": "sgd", "velocity": velocity}


def rprop(w, dw, state, *, lr, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0)):
    """Resilient propagation: each weight has a step size of its own, and only the gradient's sign counts.

    Formula: Δ ← etas[1]·Δ where dw kept its sign, etas[0]·Δ where it changed (and the weight rests for one step),
             Δ where dw or the one before is 0; Δ is clipped to step_sizes;  w ← w - sign(dw)·Δ

    It needs the gradient of the full batch: the sign of a mini-batch's gradient changes for no reason of the loss.

    Arguments:
        w           any shape
        dw          shape of w
        state       {} at first, then what the last step returned; not written to
        lr          number, at least 0: every Δ before the first step; later steps do not look at it
        etas        pair (below 1 and above 0, above 1)
        step_sizes  pair (smallest Δ, largest Δ), both at least 0
    Returns:
        w           shape and dtype of w
        state       dict with the step sizes Δ and the last gradient (0 where the weight rested)
    Errors: ValueError, TypeError: shapes differ, numbers are not finite or out of range, the state is not rprop's.
    Lecture row: C-fullbatch

    >>> from course_lib.optim import rprop
    >>> w, state = rprop([0.0, 0.0], [300.0, -0.2], {}, lr=0.1)
    >>> rprop(w, [100.0, 0.1], state, lr=0.1)[0]
    array([-0.22,  0.1 ])
    """
    w, dw, lr = check_step(w, dw, lr)
    shrink, grow = (_validate.number(f"etas[{i}]", eta, minimum=0) for i, eta in enumerate(check_pair("etas", etas)))
    if not 0 < shrink < 1 < grow:
        raise ValueError(f"etas: expected 0 < etas[0] < 1 < etas[1], got ({shrink}, {grow})")
    limits = check_pair("step_sizes", step_sizes)
    smallest = _validate.number("step_sizes[0]", limits[0], minimum=0)
    largest = _validate.number("step_sizes[1]", limits[1], minimum=smallest)
    _, old = read_state("rprop", state, w, ["step_size", "previous"])
    agreement = np.sign(dw) * np.sign(old.get("previous", np.zeros_like(w)))
    factor = np.where(agreement > 0, grow, np.where(agreement < 0, shrink, 1)).astype(w.dtype)
    step_size = np.clip(old.get("step_size", np.full_like(w, lr)) * factor, smallest, largest)
    # the sign changed: the weight jumped over a minimum. It rests, and the 0 keeps the next step from shrinking again
    g = np.where(agreement < 0, 0, dw).astype(w.dtype)
    return w - np.sign(g) * step_size, {"optimizer": "rprop", "step_size": step_size, "previous": g}


def step_all(step, params, grads, state, *, lr, **options):
    """One step of every array in a dict of parameters, each with a state of its own.

    Formula: params[k], state[k] ← step(params[k], grads[k], state[k], lr=lr, **options)  for every k

    Arguments:
        step       sgd, adagrad, rmsprop, adam, lamb or rprop
        params     dict of arrays
        grads      dict with the same names, each array of its parameter's shape
        state      {} at first, then what the last call returned; not written to
        lr         number, at least 0
        options    the step's own, the same for every parameter
    Returns:
        params     dict, new arrays
        state      dict: a parameter's name -> its state
    Errors: ValueError, TypeError: the names differ; what the step refuses, with the parameter's name before it.
    Lecture row: C-sgdopts, D-adaptive

    >>> from course_lib.optim import sgd, step_all
    >>> step_all(sgd, {"W": [1.0, 2.0], "b": 3.0}, {"W": [1.0, 1.0], "b": 0.0}, {}, lr=0.5)[0]["W"]
    array([0.5, 1.5])
    """
    for name, value in [("params", params), ("grads", grads), ("state", state)]:
        if not isinstance(value, dict):
            raise TypeError(f"{name}: expected a dict with the parameters' names, got {type(value).__name__}")
    for name, value in [("grads", grads), *([("state", state)] if state else [])]:
        if set(value) != set(params):
            raise ValueError(f"{name}: expected the names {list(params)} of params, got {list(value)}")
    new_params, new_state = {}, {}
    for name in params:
        try:
            stepped = step(params[name], grads[name], state.get(name, {}), lr=lr, **options)
        except (ValueError, TypeError) as error:
            raise type(error)(f"{name}: {error}") from error
        new_params[name], new_state[name] = stepped
    return new_params, new_state
