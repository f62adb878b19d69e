"""Plain copies of the student's values on this side: which original each stands for, and what a call did to it over there.

A named tuple, a deque or an array of a class of its own arrives as the plain copy of one. Where a test hands the very copy
back (a forward pass's cache to the backward pass), the student's function gets what it gave. What is known here is only a
number: the original never leaves the student's process.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .box.values import Writer

MOST, MOST_BYTES = 500, 32 << 20  # fewer than the box keeps originals of (box/inmate.py), so that it has what it is asked for


class Copies:
    """The copies that one box's answers sent. `writer` makes the writer that says how a copy would cross."""

    def __init__(self, writer: Callable[[], Writer]):
        self.writer = writer
        self.kept: dict[int, tuple[Any, int, bytes, int]] = {}  # id: (copy, its original's number, its marks, its bytes)
        self.held = 0

    def remember(self, number: int, copy: Any) -> None:
        """`copy` is one of the original with this number."""
        if isinstance(copy, (tuple, frozenset)) and not copy:
            return  # there is only one such, whoever made it
        self._keep(copy, number)
        while len(self.kept) > MOST or self.held > MOST_BYTES:
            self.held -= self.kept.pop(next(iter(self.kept)))[3]

    def known(self, value: Any) -> int | None:
        """The number of the original that `value` is an unchanged copy of; None where it is none: it crosses as what it is."""
        copy, number, marks, _ = self.kept.get(id(value), (None, 0, b"", 0))
        return number if copy is value and self._marks(copy)[0] == marks else None

    def among(self, *values: Any) -> list[tuple[Any, int]]:
        """The copies in these values, as a list to `renew` them by."""
        return [(v, number) for v in _parts(values) if (number := self.known(v)) is not None] if self.kept else []

    def renew(self, copies: list[tuple[Any, int]]) -> None:
        """A call changed its arguments over there, and these copies here after them: they are unchanged copies again."""
        for copy, number in copies:
            self._keep(copy, number)

    def _keep(self, copy: Any, number: int) -> None:
        self.held -= self.kept.pop(id(copy), (None, 0, b"", 0))[3]
        marks, size = self._marks(copy)
        self.kept[id(copy)] = copy, number, marks, size
        self.held += size

    def _marks(self, copy: Any) -> tuple[bytes, int]:
        writer = self.writer()
        node = writer.node(copy)
        return hashlib.sha256(json.dumps(node).encode() + writer.blob).digest(), writer.size


def _parts(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, (list, tuple)):
        for v in value:
            yield from _parts(v)
    elif isinstance(value, dict):
        for v in value.values():
            yield from _parts(v)


def write_back(mine: Any, theirs: Any) -> None:
    """What a call did to its arguments, done to the caller's: arrays, lists and dicts in place, as far as they still fit."""
    if isinstance(mine, np.ndarray) and isinstance(theirs, np.ndarray):
        if mine.shape == theirs.shape and mine.flags.writeable and mine.dtype == theirs.dtype:
            mine[...] = theirs
    elif isinstance(mine, (list, tuple)) and isinstance(theirs, (list, tuple)):
        if isinstance(mine, list) and len(mine) != len(theirs):
            mine[:] = theirs
            return
        for i, (a, b) in enumerate(zip(mine, theirs)):
            if isinstance(a, (np.ndarray, list, dict, tuple)):
                write_back(a, b)
            elif isinstance(mine, list) and type(a) is type(b) and a != b:
                mine[i] = b
    elif isinstance(mine, dict) and isinstance(theirs, dict):
        for key in [k for k in mine if k not in theirs]:
            del mine[key]
        for key, value in theirs.items():
            if key in mine and isinstance(mine[key], (np.ndarray, list, dict, tuple)):
                write_back(mine[key], value)
            else:
                mine[key] = value
