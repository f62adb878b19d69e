"""What course_lib's models return for a case of tests/fixtures/network_cases.py."""

import numpy as np
from network_cases import SGD, STEPS, batch, parameter

from course_lib import models
from course_lib.optim import sgd, step_all


def build(case, dtype):
    """The model with the case's parameters in it."""
    options, X_shape = dict(case["options"]), tuple(case["shapes"]["X"][1:])
    if case["model"] in ("penn_cnn", "lenet", "convnet"):
        options["input_shape"] = X_shape
    model = getattr(models, case["model"])(**options, dtype=dtype)
    model.params = {name: parameter(case, name, w.shape, dtype) for name, w in model.params.items()}
    return model


def results(case, dtype):
    """The gradients at the start, and the losses before every step of training."""
    model, (X, y) = build(case, dtype), batch(case, dtype)
    losses, state, first = [], {}, None
    for _ in range(STEPS):
        loss, grads = model.loss(X, y)
        first = first or grads
        model.params, state = step_all(sgd, model.params, grads, state, **SGD)
        losses.append(loss)
    return {"losses": np.array(losses, dtype=dtype), **first}


def disagreements(case, got, expected, dtype):
    """One line for each gradient, or the losses, that is not PyTorch's: max|a - b| ≤ tol·max|b|."""
    assert got.keys() == expected.keys()
    tolerance = {np.float64: 1e-12, np.float32: 2e-5}[dtype]
    lines = []
    for name, wanted in expected.items():
        assert got[name].shape == wanted.shape and got[name].dtype == wanted.dtype == dtype
        error, size = np.max(np.abs(got[name] - wanted)), np.max(np.abs(wanted))
        if not error <= tolerance * size:
            lines.append(f"{name} of {case['model']}{case['options']}: {error:.1e} away, of numbers up to {size:.1e}")
    return lines
