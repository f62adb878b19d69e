"""Compare one result with the value expected: shape, then numbers, within a tolerance that float32 work also meets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

RELATIVE = 2e-5  # of the largest expected magnitude: right answers computed in float32 pass, wrong ideas are far off
ABSOLUTE = 1e-8  # where everything expected is zero


@dataclass(frozen=True)
class Difference:
    """How a result is wrong. `kind` is "form" (no array of numbers), "shape", "nan" or "value".

    got is the result as an array where it is one; worst is the index of the largest difference.
    """

    kind: str
    text: str
    got: np.ndarray | None = None
    worst: tuple[int, ...] | None = None


def as_numbers(value: Any) -> np.ndarray | None:
    """The value as a float array, or None where it is not numbers."""
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            return None
        return array.astype(np.float64)
    except (TypeError, ValueError):
        return None


def close(got: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Elementwise: is the difference within tolerance of the largest expected magnitude? Both of one shape."""
    scale = np.max(np.abs(expected), initial=0.0)
    with np.errstate(invalid="ignore"):
        return np.abs(got - expected) <= RELATIVE * scale + ABSOLUTE


def same(got: Any, expected: Any) -> bool:
    return difference(got, expected) is None


def difference(value: Any, expected: Any, name: str = "result") -> Difference | None:
    """None where `value` equals `expected` within tolerance; otherwise what differs, in words that name `name`."""
    want = np.asarray(expected, dtype=np.float64)
    got = as_numbers(value)
    if got is None:
        return Difference("form", f"{name} is not a number or an array of numbers: it is {describe(value)}.")
    if got.shape != want.shape:
        hint = ""
        if got.ndim == want.ndim == 2 and got.shape == want.shape[::-1] and np.all(close(got.T, want)):
            hint = " Its numbers are those of the transpose."
        elif got.size == want.size and np.all(close(got.reshape(want.shape), want)):
            hint = " Its numbers are right: only the shape is not."
        wanted = f"shape {want.shape}" if want.ndim else "a single number"
        return Difference("shape", f"{name} has shape {got.shape}; expected {wanted}.{hint}", got)
    bad = ~np.isfinite(got)
    if bad.any():
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        what = "NaN" if np.isnan(got[index]) else "inf"
        said = f"{name} holds {what} at {at(name, index)}" if index else f"{name} is {what}"
        return Difference("nan", f"{said}{_share(bad)}; expected {number(want[index])}.", got, index)
    ok = close(got, want)
    if ok.all():
        return None
    index = tuple(int(i) for i in np.unravel_index(np.argmax(np.abs(got - want)), want.shape))
    what = f"{name} is off" if want.ndim == 0 else f"{at(name, index)} is furthest off"
    return Difference("value", f"{what}: got {number(got[index])}, expected {number(want[index])}{_share(~ok)}.", got, index)


def _share(off: np.ndarray) -> str:
    """How many of several numbers are off; nothing to say of a single one."""
    return f" ({int(off.sum())} of {off.size} numbers are off)" if off.size > 1 else ""


def at(name: str, index: tuple[int, ...]) -> str:
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def number(x: float) -> str:
    """A number as a person writes it: six significant digits, no trailing zeros, no minus zero."""
    text = f"{float(x):.6g}"
    return "0" if text == "-0" else text


def describe(value: Any) -> str:
    """What a value is, without printing much of it."""
    if isinstance(value, np.ndarray):
        return f"an array of dtype {value.dtype} and shape {value.shape}"
    if value is None:
        return "None"
    text = repr(value)
    kind = type(value).__name__
    return f"{kind} {text}" if len(text) <= 40 else f"a {kind}"
