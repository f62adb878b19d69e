"""What the tests of the optimisers share: every optimiser with options, and ways to run one."""

import numpy as np
import pytest

from course_lib.optim import adagrad, adam, lamb, rmsprop, rprop, sgd

STEPS = {step.__name__: step for step in (sgd, adagrad, rmsprop, adam, lamb, rprop)}
# every optimiser with options that use all of its state
OPTIONS = [
    (sgd, {}),
    (sgd, {"momentum": 0.9, "dampening": 0.1, "weight_decay": 0.1}),
    (sgd, {"momentum": 0.9, "nesterov": True}),
    (adagrad, {"lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator": 0.2}),
    (rmsprop, {"alpha": 0.9}),
    (rmsprop, {"alpha": 0.9, "momentum": 0.5, "centered": True, "weight_decay": 0.1}),
    (adam, {"weight_decay": 0.1}),
    (lamb, {"weight_decay": 0.1}),
    (rprop, {}),
]
every_step = pytest.mark.parametrize(
    "step, options", OPTIONS, ids=[" ".join([step.__name__, *options]) for step, options in OPTIONS]
)


def run(step, w, gradients, **options):
    """The weights after every step along given gradients."""
    state, trajectory = {}, []
    for dw in gradients:
        w, state = step(w, dw, state, **options)
        trajectory.append(w)
    return trajectory


def descend(step, w, gradient, count, **options):
    """The weights after every step down a slope: gradient is a function of w."""
    state, trajectory = {}, []
    for _ in range(count):
        w, state = step(w, gradient(w), state, **options)
        trajectory.append(w)
    return np.array(trajectory)


def same(a, b):
    """Two states, compared number by number."""
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)
