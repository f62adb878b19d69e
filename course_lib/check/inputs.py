"""Copies of a case's arguments in the form the case asks for, and a look afterwards at whether they were changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .exercise import Case

FORMS = ("", "read-only", "integers", "non-contiguous")


def _arrays(value: Any, change: Callable[[np.ndarray], np.ndarray]) -> Any:
    """The value with every array in it replaced by `change(array)`; containers are rebuilt, all else is kept."""
    if isinstance(value, np.ndarray):
        return change(value)
    if isinstance(value, dict):
        return {k: _arrays(v, change) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(_arrays(v, change) for v in value)
    return value


def _formed(array: np.ndarray, form: str) -> np.ndarray:
    if form == "integers" and array.dtype.kind == "f":
        return array.astype(np.int64)  # the case's values are whole numbers
    if form == "non-contiguous" and array.ndim:
        wide = np.empty((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
        wide[..., ::2] = array
        return wide[..., ::2]
    copy = array.copy()
    if form == "read-only":
        copy.setflags(write=False)
    return copy


def fresh(case: Case) -> tuple[tuple, dict]:
    """Arguments for one call, copied, so that nothing a function does to them reaches another call."""
    change = lambda a: _formed(a, case.form)  # noqa: E731
    return _arrays(case.args, change), {k: _arrays(v, change) for k, v in case.kwargs.items()}


def changed(before: Any, after: Any, name: str = "") -> str | None:
    """The name of the first array that is no longer what it was, or None."""
    if isinstance(before, np.ndarray):
        same = isinstance(after, np.ndarray) and before.shape == after.shape and np.array_equal(before, after, equal_nan=True)
        return None if same else name
    if isinstance(before, (tuple, list)) and isinstance(after, (tuple, list)):
        for i, (b, a) in enumerate(zip(before, after)):
            if found := changed(b, a, f"{name}[{i}]" if name else str(i)):
                return found
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before:
            if found := changed(before[key], after.get(key), f"{name}[{key!r}]" if name else str(key)):
                return found
    return None


def whole(rng: np.random.Generator, *shape: int, low: int = -4, high: int = 4) -> np.ndarray:
    """Random whole numbers as float64: easy to read in a failing example, exact in any order of summation."""
    return rng.integers(low, high, size=shape, endpoint=True).astype(np.float64)
