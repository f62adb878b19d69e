"""Patterns in wrong numbers that say what went wrong where no listed misconception fits.

Each signature looks at all the evidence for one output (every case that ran, right or wrong) and returns a sentence, or
None. The order in SIGNATURES is from the most to the least specific.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .compare import close, number
from .exercise import Case


@dataclass(frozen=True)
class Evidence:
    """One output on one case: what came (an array of the expected shape), what was expected, and whether it is right."""

    case: Case
    got: np.ndarray
    expected: np.ndarray
    right: bool


Signature = Callable[[str, Sequence[Evidence]], "str | None"]


def _wrong(evidence: Sequence[Evidence]) -> list[Evidence]:
    return [e for e in evidence if not e.right]


def all_zero(name: str, evidence: Sequence[Evidence]) -> str | None:
    if all(not e.got.any() for e in _wrong(evidence)):
        return f"{name} is zero everywhere: was it initialised and then never added to?"
    return None


def constant_ratio(name: str, evidence: Sequence[Evidence]) -> str | None:
    """got = r · expected in every case, right ones included, with r one number, or a named constant (or one over it)."""
    ratios = []
    for e in evidence:
        norm = float(np.vdot(e.expected, e.expected))
        if norm == 0.0:
            if e.right:
                continue  # zero is r · zero for any r
            return None
        r = float(np.vdot(e.got, e.expected)) / norm
        if abs(r) < 1e-12 or not np.all(close(e.got, r * e.expected)):
            return None
        ratios.append((r, e.case.constants))
    r = np.array([ratio for ratio, _ in ratios])
    for constant in sorted(set.intersection(*(set(c) for _, c in ratios))):
        value = np.array([c[constant] for _, c in ratios], dtype=float)
        if len(set(value)) == 1 and abs(value[0]) in (1.0, 2.0):
            continue  # a plain factor says it better
        if np.allclose(r, value, rtol=1e-4):
            return f"{name} is exactly {constant} times the right value: is a division by it missing, or a factor too many?"
        if np.allclose(r * value, 1, rtol=1e-4):
            return f"{name} is the right value divided by {constant}: was it divided once too often?"
    if not np.allclose(r, r[0], rtol=1e-4):
        return None
    if np.isclose(r[0], -1, rtol=1e-4):
        return f"{name} has the right size and the wrong sign."
    words = {2.0: "twice", 0.5: "half"}.get(round(float(r[0]), 4), f"{number(r[0])} times")
    return f"{name} is exactly {words} the right value: a constant factor is missing or too many."


def constant_offset(name: str, evidence: Sequence[Evidence]) -> str | None:
    offsets = [(e.got - e.expected).ravel() for e in evidence if e.got.size > 1]
    if offsets and not any(e.right for e in evidence) and all(np.all(close(o, np.full_like(o, o[0]))) for o in offsets):
        return f"{name} is off by the same amount everywhere: something is added or left out once for all elements."
    return None


def _rearranged(name: str, evidence: Sequence[Evidence], move: Callable[[np.ndarray], np.ndarray], words: str, ndim: int) -> str | None:
    """`words` where every wrong result is the expected one after `move`, and the move changes it."""
    for e in _wrong(evidence):
        if e.expected.ndim < ndim:
            return None
        moved = move(e.expected)
        if moved.shape != e.got.shape or not np.all(close(e.got, moved)):
            return None
    return f"{name} {words}"


def flipped(name: str, evidence: Sequence[Evidence]) -> str | None:
    return (
        _rearranged(name, evidence, lambda a: a[..., ::-1, ::-1], "is the right answer rotated by 180°.", 2)
        or _rearranged(name, evidence, lambda a: a[..., ::-1, :], "is the right answer upside down (rows reversed).", 2)
        or _rearranged(name, evidence, lambda a: a[..., ::-1], "is the right answer in reverse along its last axis.", 1)
    )


def swapped(name: str, evidence: Sequence[Evidence]) -> str | None:
    return (
        _rearranged(name, evidence, lambda a: np.swapaxes(a, -1, -2), "is transposed: its last two axes are swapped.", 2)
        or _rearranged(name, evidence, lambda a: np.swapaxes(a, 0, 1), "has its first two axes (items, or channels) swapped.", 3)
        or _rearranged(name, evidence, lambda a: a[:, ::-1], "has its channels in reverse order.", 3)
    )


def interior_only(name: str, evidence: Sequence[Evidence]) -> str | None:
    """Right everywhere but at the border of the last two axes, in every wrong case that has an inside."""
    seen = False
    for e in _wrong(evidence):
        if e.expected.ndim < 2 or min(e.expected.shape[-2:]) < 4:  # smaller ones (filters, weights) have no inside to speak of
            continue
        ok = close(e.got, e.expected)
        if not ok[..., 1:-1, 1:-1].all():
            return None
        seen = True
    return f"{name} is right inside and wrong only at the border: look at how the edges are handled." if seen else None


SIGNATURES: tuple[Signature, ...] = (all_zero, constant_ratio, flipped, swapped, constant_offset, interior_only)


def recognise(name: str, evidence: Sequence[Evidence]) -> str | None:
    """The first signature that fits all wrong results of this output."""
    if not _wrong(evidence):
        return None
    for signature in SIGNATURES:
        sentence = signature(name, evidence)
        if sentence:
            return sentence
    return None


def right_only_where(cases: Sequence[tuple[Case, bool]]) -> str | None:
    """A tag whose value parts the right cases from the wrong ones ("right at stride 1, wrong at stride 2 and 3")."""
    right = [c for c, ok in cases if ok]
    wrong = [c for c, ok in cases if not ok]
    if not right or not wrong:
        return None
    for tag in wrong[0].tags:
        good = {str(c.tags.get(tag)) for c in right}
        bad = {str(c.tags.get(tag)) for c in wrong}
        if good.isdisjoint(bad) and "None" not in good | bad:
            return f"A lead: in these cases it is right where {tag} is {_list(good)}, and wrong where {tag} is {_list(bad)}."
    return None


def _list(values: set[str]) -> str:
    *head, last = sorted(values)
    return f"{', '.join(head)} or {last}" if head else last
