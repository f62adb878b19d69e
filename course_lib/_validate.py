"""Argument checks, done before any work: the message names the argument, what it was, and what was expected.

Each helper takes the argument's name first and returns the value in the form the layers compute with. No helper
copies or writes to what it was given, except to promote integers and booleans to float64.
"""

import math
import numbers
import operator

import numpy as np


def _asarray(name, value):
    try:
        return np.asarray(value)
    except ValueError:
        raise ValueError(f"{name}: expected an array, got a nested sequence that is not rectangular") from None


def array(name, value, axes=None):
    """Return `value` as a float32 or float64 array; `axes` names the axes it has to have, as in "N C H W"."""
    checked = _asarray(name, value)
    if checked.dtype.kind in "iub":
        checked = checked.astype(np.float64)
    if checked.dtype.kind != "f" or checked.dtype.itemsize not in (4, 8):
        raise TypeError(f"{name}: expected float64, float32 or integers, got dtype {checked.dtype}")
    if not checked.dtype.isnative:
        checked = checked.astype(checked.dtype.newbyteorder("="))
    if axes is not None and checked.ndim != len(axes.split()):
        shape = ", ".join(axes.split())
        raise ValueError(f"{name}: expected {len(axes.split())} axes ({shape}), got shape {checked.shape}")
    if checked.size == 0:
        raise ValueError(f"{name}: expected at least one element along every axis, got shape {checked.shape}")
    return checked


def has_shape(name, checked, shape, meaning):
    """Refuse an array of any other shape; `meaning` says where the expected shape comes from."""
    if checked.shape != tuple(shape):
        raise ValueError(f"{name}: expected shape {tuple(shape)}, {meaning}, got shape {checked.shape}")


def like(name, value, other, other_name):
    """Return `value` as an array, which has to be of the shape of another argument."""
    checked = array(name, value)
    has_shape(name, checked, other.shape, f"the shape of {other_name}")
    return checked


def upstream(dout, shape):
    """Return the upstream gradient as an array, which has to be of the output's shape."""
    dout = array("dout", dout)
    has_shape("dout", dout, shape, "the shape of the layer's output")
    return dout


def finite(name, checked):
    """Refuse NaN and infinities, and say where the first one is: no loss can be computed from them."""
    bad = ~np.isfinite(checked)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(f"{name}: expected finite numbers, got {checked[first]} at index {first}")
    return checked


def labels(name, value, count, classes):
    """Return `count` class labels as integers in 0..classes-1, ready to index with."""
    checked = _asarray(name, value)
    if checked.dtype.kind not in "iu":
        raise TypeError(f"{name}: expected integer class labels, got dtype {checked.dtype}")
    has_shape(name, checked, (count,), "one label for each of the N examples")
    bad = (checked < 0) | (checked >= classes)
    if bad.any():
        first = int(np.argmax(bad))
        raise ValueError(f"{name}: expected labels in 0..{classes - 1}, got {checked[first]} at index {first}")
    return checked.astype(np.intp)


def integer(name, value, minimum, maximum=None):
    """Return a plain int from `minimum` to `maximum`; True and 2.0 are refused, NumPy's integers are not."""
    try:
        if isinstance(value, bool):
            raise TypeError
        checked = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: expected an integer, got {value!r}") from None
    if checked < minimum or (maximum is not None and checked > maximum):
        allowed = f"of at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"
        raise ValueError(f"{name}: expected an integer {allowed}, got {checked}")
    return checked


def pair(name, value, minimum):
    """Return (for rows, for columns) from one integer for both, or from a pair."""
    if not isinstance(value, (tuple, list)):
        return (integer(name, value, minimum),) * 2
    if len(value) != 2:
        raise ValueError(f"{name}: expected an integer or a pair (rows, columns), got {value!r}")
    return integer(name, value[0], minimum), integer(name, value[1], minimum)


def number(name, value, minimum, maximum=math.inf):
    """Return a finite Python float from `minimum` to `maximum`, so that it leaves a float32 array float32."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise TypeError(f"{name}: expected a number, got {value!r}")
    checked = float(value)
    if not math.isfinite(checked) or not minimum <= checked <= maximum:
        allowed = f"of at least {minimum}" if maximum == math.inf else f"from {minimum} to {maximum}"
        raise ValueError(f"{name}: expected a finite number {allowed}, got {checked}")
    return checked


def unpack(cache, length, layer):
    """Return the tuple that `layer` cached, or say that `cache` cannot come from it."""
    if not isinstance(cache, tuple) or len(cache) != length:
        what = f"a tuple of {len(cache)}" if isinstance(cache, tuple) else type(cache).__name__
        raise TypeError(f"cache: expected the tuple of {length} that {layer} returned, got {what}")
    return cache
