"""What every optimiser step checks before it moves, and how it finds what the step before it left."""

import numpy as np

from . import _validate


def check_step(w, dw, lr):
    """Return w, dw and lr ready to compute with: dw of w's shape and in w's dtype, everything finite."""
    w = _validate.finite("w", _validate.array("w", w))
    dw = _validate.finite("dw", _validate.like("dw", dw, w, "w"))
    return w, dw.astype(w.dtype, copy=False), _validate.number("lr", lr, minimum=0)


def check_decay(name, value):
    """A factor that an average is multiplied by at every step: 1 would never forget, nor let anything in."""
    checked = _validate.number(name, value, minimum=0)
    if checked >= 1:
        raise ValueError(f"{name}: expected a number of at least 0 and below 1, got {checked}")
    return checked


def check_pair(name, value):
    """Refuse anything but a tuple or list of two; the numbers in it are checked by name[0] and name[1]."""
    if not isinstance(value, (tuple, list)):
        raise TypeError(f"{name}: expected a pair of numbers, got {value!r}")
    if len(value) != 2:
        raise ValueError(f"{name}: expected a pair of numbers, got {len(value)}: {value!r}")
    return value


def check_betas(betas):
    """The two decay factors of Adam's averages."""
    first, second = check_pair("betas", betas)
    return check_decay("betas[0]", first), check_decay("betas[1]", second)


def check_eps(eps, w):
    """A number that keeps a denominator off zero, also after rounding to w's dtype."""
    return _validate.number("eps", eps, minimum=float(np.finfo(w.dtype).tiny))


def read_state(optimizer, state, w, names, counted=False):
    """What an earlier step of the same optimiser left: (number of steps so far, {name: array}).

    The empty state {} has no steps and no arrays. Every state carries its optimiser's name, since a state of Adam
    would fit LAMB in shape, but not in meaning.
    """
    if not isinstance(state, dict):
        raise TypeError(f"state: expected {{}} or the dict that {optimizer} returned, got {type(state).__name__}")
    if not state:
        return 0, {}
    if state.get("optimizer") != optimizer:
        whose = state.get("optimizer", "an unknown optimizer")
        raise ValueError(f"state: expected {{}} or a state that {optimizer} returned, got one of {whose}")
    expected = {"optimizer", *names, *(["step"] if counted else [])}
    if set(state) != expected:
        raise ValueError(
            f"state: expected the entries {sorted(expected)}, which {optimizer} keeps with these options, "
            f"got {sorted(map(str, state))}"
        )
    arrays = {}
    for name in names:
        label = f"state[{name!r}]"
        arrays[name] = _validate.finite(label, _validate.like(label, state[name], w, "w")).astype(w.dtype, copy=False)
    step = _validate.integer("state['step']", state["step"], minimum=1) if counted else 0
    return step, arrays
