"""What `fit` makes sure of before the first step: the data fit the model, the optimiser exists and takes its options."""

import inspect

import numpy as np

from . import _validate, optim
from ._train_metrics import predicted_labels

OPTIMIZERS = {
    step.__name__: step for step in (optim.sgd, optim.adagrad, optim.rmsprop, optim.adam, optim.lamb, optim.rprop)
}
RATES = {"sgd": 0.1, "adagrad": 0.01, "rmsprop": 0.001, "adam": 0.001, "lamb": 0.001, "rprop": 0.01}


def check_data(data, model):
    """({"train": (X, y), "val": (X, y) or None}, whether y holds class labels); y is None where the target is X."""
    if not isinstance(data, dict):
        raise TypeError(f"data: expected a dict with X_train, y_train, X_val, y_val, got {type(data).__name__}")
    if "X_train" not in data:
        raise ValueError(f"data: expected an entry X_train, got the entries {sorted(map(str, data))}")
    if ("X_val" in data or "y_val" in data) and ("y_train" in data) != ("y_val" in data):
        raise ValueError("data: expected y_train and y_val, or neither where the target is X itself; got one of them")
    if "y_val" in data and "X_val" not in data:
        raise ValueError("data: expected an entry X_val beside y_val, got none")
    parts = {part: _check_part(data, part) if f"X_{part}" in data else None for part in ("train", "val")}
    classify = None
    for part, pair in parts.items():
        if pair is None:
            continue
        X, y = pair
        scores = model.scores(X[:1])  # one example: the model says what it does not take, before any training
        is_labels = y is not None and y.dtype.kind in "iu" and y.ndim == 1 and np.ndim(scores) <= 2
        if is_labels:
            predicted_labels(scores)
            _validate.labels(f"y_{part}", y, len(X), max(2, np.size(scores)))
        classify = is_labels if classify is None else classify and is_labels
    return parts, classify


def _check_part(data, part):
    X = _check_array(f"X_{part}", data[f"X_{part}"])
    if f"y_{part}" not in data:
        return X, None
    y = _check_array(f"y_{part}", data[f"y_{part}"])
    if len(y) != len(X):
        raise ValueError(f"y_{part}: expected {len(X)} targets, one for each example of X_{part}, got {len(y)}")
    return X, y


def _check_array(name, value):
    checked = np.asarray(value)
    if checked.ndim == 0 or checked.size == 0:
        raise ValueError(f"{name}: expected at least one example, got shape {checked.shape}")
    _validate.array(name, checked[:1])  # of the right dtype; integers stay as they are, a batch at a time is promoted
    if checked.dtype.kind == "f":
        _validate.finite(name, checked)
    return checked


def check_optimizer(optimizer, options, params, lr):
    """The step function, after one trial step that is thrown away: a wrong option is found before any work is lost."""
    optimizer = _named(optimizer)
    if not callable(optimizer):
        raise TypeError(f"optimizer: expected a name or a function (w, dw, state, *, lr), got {optimizer!r}")
    known = inspect.signature(optimizer).parameters
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values())
    unknown = [option for option in options if option not in known and not takes_any]
    if unknown:
        name = getattr(optimizer, "__name__", "the optimizer")
        possible = [option for option in known if option not in ("w", "dw", "state", "lr")]
        raise TypeError(
            f"options: expected {name}'s, which are {', '.join(possible) or 'none'}, got {', '.join(unknown)}"
        )
    zeros = {name: np.zeros_like(value) for name, value in params.items()}
    optim.step_all(optimizer, params, zeros, {}, lr=lr, **options)
    return optimizer


def _named(optimizer):
    """The step function of that name; what is no name stays as it is."""
    if not isinstance(optimizer, str):
        return optimizer
    if optimizer not in OPTIMIZERS:
        raise ValueError(f"optimizer: expected one of {', '.join(OPTIMIZERS)}, or a function, got {optimizer!r}")
    return OPTIMIZERS[optimizer]


def check_rate(lr, optimizer):
    """The step size: as given, else the default of the function's own argument, else the customary one."""
    step = _named(optimizer)
    if lr is None and callable(step):
        own = inspect.signature(step).parameters.get("lr")
        name = getattr(step, "__name__", "this optimizer")
        lr = own.default if own is not None and own.default is not own.empty else RATES.get(name)
        if lr is None:
            raise TypeError(f"lr: expected a step size for {name}, which has none of its own, got None")
    return _validate.number("lr", 0.0 if lr is None else lr, minimum=0)


def check_settings(epochs, batch_size, seed, patience, has_validation, functions):
    """The numbers of `fit`, and its functions, which may be None."""
    _validate.integer("epochs", epochs, minimum=1)
    _validate.integer("batch_size", batch_size, minimum=1)
    _validate.integer("seed", seed, minimum=0)
    if patience is not None:
        _validate.integer("patience", patience, minimum=1)
        if not has_validation:
            raise ValueError("patience: expected a validation set (X_val) to watch, got none in data")
    for name, function in functions.items():
        if function is not None and not callable(function):
            raise TypeError(f"{name}: expected a function or None, got {function!r}")
