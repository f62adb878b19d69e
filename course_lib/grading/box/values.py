"""Plain values as nodes of JSON and the raw bytes of arrays. Never pickle.

What may cross: None, booleans, numbers, text, bytes, lists, tuples, dicts, sets, slices, ranges, NumPy scalars and arrays
of the dtypes in DTYPES, types by name, and handles: numbers that stand for an object which stays on its side. The reader
trusts nothing: sizes, depth, dtypes and counts are checked before anything is built, and an array is always a plain ndarray.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

DTYPES = {np.dtype(t).str for t in ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")}
TYPES = {t.__name__: t for t in (bool, int, float, complex, str, list, tuple, dict, set)}
SCALARS = {t.__name__: t for t in (np.bool_, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64,
                                   np.float16, np.float32, np.float64, np.complex64, np.complex128)}
MAX_BYTES = 256_000_000  # bytes of one frame's arrays; a number counts as eight, which it takes as soon as somebody reckons with it
MAX_DEPTH = 40  # containers in containers
MAX_NODES = 300_000  # values in one frame
MAX_INTEGER = 4_096  # bits
MAX_KEYS = 10_000  # of dicts and sets in one frame: keys can be made to collide, and then each costs a look at all others
MAX_LETTERS = 1_000  # characters of one element of an array of text


class WireError(Exception):
    """A frame that is no frame, or a value that may not cross. The message says what."""


class NotSent(WireError):
    """A value of one's own that may not cross: nothing was sent."""


@dataclass(frozen=True)
class Handle:
    """An object that stayed on the other side: its number there, its name, its type's name, and whether it can be called."""

    number: int
    name: str
    kind: str
    callable: bool


# --- writing --------------------------------------------------------------------------------------------------------

class Writer:
    """Values as JSON nodes; the arrays' bytes pile up in `blob`. `export` turns what is not plain into a Handle's node.

    A number, text or None is itself; everything else is {"tag": ...}. Of a value that is more than its plain copy (a named
    tuple, a subclass of ndarray) `keep` keeps the original, under a number that crosses with the copy; `known` says the
    number of such a copy, so that the other side gets its original back.
    """

    def __init__(self, export: Callable[[Any], dict], keep: Callable[[Any, int], int] | None = None, known: Callable[[Any], int | None] | None = None):
        self.export, self.keep, self.known = export, keep, known
        self.blob, self.nodes, self.weight = bytearray(), 0, 0

    @property
    def size(self) -> int:
        """About how many bytes it takes to hold what was written."""
        return len(self.blob) + 16 * self.nodes

    def node(self, value: Any, depth: int = 0) -> Any:
        """Raises WireError where the value is too deep or too large."""
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES or len(self.blob) > MAX_BYTES:
            raise WireError("the value is too deep or too large to hand over")
        kind = type(value)
        if self.known is not None and kind in COPIES and (number := self.known(value)) is not None:
            return {"original": number}
        if value is None or kind is bool:
            return value
        if kind is str:
            return value
        if kind is int:
            return value if -(2**53) <= value <= 2**53 else self._integer(value)
        if kind is float:
            return value if math.isfinite(value) else {"float": str(value)}
        if isinstance(value, np.generic) and value.dtype.str in DTYPES:
            return {"scalar": [value.dtype.str, self._bytes(value.tobytes())]}
        if isinstance(value, np.ndarray) and not isinstance(value, np.ma.MaskedArray):
            before, node = self.size, self._array(np.asarray(value))
            if node is not None:
                return node if kind is np.ndarray else self._with_original(value, node, before)
        if kind is complex:
            return {"complex": [self.node(value.real), self.node(value.imag)]}
        if isinstance(value, (bytes, bytearray)):
            return {"bytes": self._bytes(bytes(value))}
        if isinstance(value, (list, tuple, set, frozenset)):
            tag = next(t for t, types in _CONTAINERS.items() if isinstance(value, types))
            before, node = self.size, {tag: [self.node(v, depth + 1) for v in value]}
            return node if kind in COPIES else self._with_original(value, node, before)
        if isinstance(value, dict):
            before, node = self.size, {"dict": [[self.node(k, depth + 1), self.node(v, depth + 1)] for k, v in value.items()]}
            return node if kind is dict else self._with_original(value, node, before)
        if kind is slice:
            return {"slice": [self.node(v) for v in (value.start, value.stop, value.step)]}
        if kind is range:
            return {"range": [value.start, value.stop, value.step]} if len(value) <= MAX_NODES else self.export(value)
        if value is Ellipsis:
            return {"type": "Ellipsis"}
        if isinstance(value, np.dtype) and value.str in DTYPES:
            return {"dtype": value.str}
        if isinstance(value, type) and (TYPES.get(value.__name__) is value or SCALARS.get(value.__name__) is value):
            return {"type": value.__name__}
        if isinstance(value, (int, float, str)):  # a subclass: True numbers and text, whatever else they can do
            return self.node(next(t for t in (int, float, str) if isinstance(value, t))(value), depth)
        plainer = _plainer(value)
        if plainer is None:
            return self.export(value)
        before = self.size
        return self._with_original(value, self.node(plainer, depth + 1), before)

    def _with_original(self, value: Any, node: Any, before: int) -> Any:
        return node if self.keep is None else {"kept": [self.keep(value, self.size - before), node]}

    def _integer(self, value: int):
        if value.bit_length() > MAX_INTEGER:
            raise WireError("an integer of more than 1,000 digits")
        return {"int": hex(value)}

    def _bytes(self, data: bytes) -> list[int]:
        self.blob += data
        return [len(self.blob) - len(data), len(data)]

    def _array(self, array: np.ndarray):
        if array.dtype.kind == "U" and array.dtype.itemsize <= 4 * MAX_LETTERS:
            array = array.astype(array.dtype.newbyteorder("="))
        elif array.dtype.kind in "biufc" and not array.dtype.isnative:
            array = array.astype(array.dtype.newbyteorder("="))
        if array.dtype.kind != "U" and array.dtype.str not in DTYPES:
            return None
        self.weight += max(array.nbytes, 8 * array.size)
        if self.weight > MAX_BYTES:
            raise WireError(f"arrays of {array.size:,} numbers and more are too large to hand over")
        # How it lies in memory crosses too: a function that is wrong only for a read-only array or a view has to meet one.
        layout = "C" if array.flags.c_contiguous else "F" if array.flags.f_contiguous else "strided"
        return {"array": [array.dtype.str, list(array.shape), self._bytes(array.tobytes()), layout, array.flags.writeable]}


COPIES = (list, tuple, set, frozenset, dict, np.ndarray)  # what a value that is more than plain arrives as
_CONTAINERS = {"list": list, "tuple": tuple, "frozenset": frozenset, "set": set}


def _plainer(value: Any) -> Any:
    """What NumPy or Python take the value for anyway: a masked array's numbers, long doubles as doubles, a deque's items;
    None where there is nothing of the kind."""
    if isinstance(value, deque):
        return list(value)
    if isinstance(value, (np.ndarray, np.generic)) or callable(getattr(type(value), "__array__", None)):
        try:
            array = np.asarray(value)
            array = array.astype(np.float64 if array.dtype.kind == "f" else np.complex128) if array.dtype.kind in "fc" and array.dtype.str not in DTYPES else array
        except Exception:  # whatever an object does when asked for its numbers: then it has none
            return None
        return array if type(array) is np.ndarray and (array.dtype.str in DTYPES or array.dtype.kind == "U") else None
    return None


# --- reading --------------------------------------------------------------------------------------------------------

class Reader:
    """The values of one frame. `resolve` gives back an own object for the number the other side names; `adopt` makes a
    stand-in for an object of the other side's. `remember` hears of copies whose original the other side kept; `original`
    gives back such an original of one's own."""

    def __init__(self, blob: bytes | bytearray, resolve: Callable[[int], Any], adopt: Callable[[Handle], Any],
                 remember: Callable[[int, Any], None] | None = None, original: Callable[[int], Any] | None = None):
        self.blob, self.resolve, self.adopt, self.remember, self.original = memoryview(blob), resolve, adopt, remember, original
        self.nodes = self.built = self.keys = 0

    def value(self, node: Any, depth: int = 0) -> Any:
        """Raises WireError for everything that is not a node."""
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise WireError("a value that is too deep or too large")
        if node is None or isinstance(node, (bool, str)):
            return node
        if isinstance(node, (int, float)):
            if isinstance(node, int) and node.bit_length() > 64 or isinstance(node, float) and not math.isfinite(node):
                raise WireError("a number out of range")
            return node
        if not isinstance(node, dict) or len(node) != 1:
            raise WireError("not a value")
        (tag, body), = node.items()
        read = _READERS.get(tag)
        if read is None:
            raise WireError(f"a value of an unknown kind, {str(tag)[:40]!r}")
        try:
            return read(self, body, depth)
        except (TypeError, ValueError, KeyError, IndexError, OverflowError, AttributeError, MemoryError) as e:
            raise WireError(f"not a {tag}: {type(e).__name__}") from None

    def _items(self, body: Any, depth: int, count: int | None = None) -> list:
        if not isinstance(body, list) or count not in (None, len(body)):
            raise TypeError
        return [self.value(n, depth + 1) for n in body]

    def _part(self, place: Any) -> memoryview:
        start, size = (_count(n) for n in place)
        if start + size > len(self.blob):
            raise ValueError
        self._build(size)
        return self.blob[start:start + size]

    def _build(self, size: int) -> None:
        """Count bytes that are about to be: many values may name the same ones."""
        self.built += size
        if self.built > MAX_BYTES:
            raise ValueError

    def _array(self, body: Any, depth: int) -> np.ndarray:
        code, shape, place, layout, writeable = body
        dtype = _dtype(code)
        shape = tuple(_count(n) for n in shape)
        data = self._part(place)
        self._build(max(0, 8 * math.prod(shape) - len(data)))
        if len(shape) > 32 or math.prod(shape) * dtype.itemsize != len(data) or layout not in ("C", "F", "strided"):
            raise ValueError
        array = np.frombuffer(data, dtype).reshape(shape)
        if dtype.kind == "U":
            _check_text(array)
        if layout == "strided" and array.ndim:
            self._build(len(data))
            array = np.repeat(array, 2, axis=-1)[..., ::2]
        else:
            array = np.array(array, order="F" if layout == "F" else "C")
        array.flags.writeable = bool(writeable)
        return array

    def _scalar(self, body: Any, depth: int):
        code, place = body
        return np.frombuffer(self._part(place), _dtype(code), count=1)[0]

    def _handle(self, body: Any, depth: int):
        number, name, kind, can_call = body
        if not (isinstance(name, str) and isinstance(kind, str) and isinstance(can_call, bool)):
            raise TypeError
        return self.adopt(Handle(_count(number), name[:200], kind[:200], can_call))

    def _kept(self, body: Any, depth: int) -> Any:
        number, node = body
        value = self.value(node, depth + 1)
        if self.remember is None or type(value) not in COPIES:
            raise TypeError
        self.remember(_count(number), value)
        return value

    def _original(self, body: Any, depth: int) -> Any:
        if self.original is None:
            raise TypeError
        return self.original(_count(body))

    def _hashed(self, body: Any) -> Any:
        self.keys += len(body)
        if self.keys > MAX_KEYS:
            raise ValueError
        return body

    def _dict(self, body: Any, depth: int) -> dict:
        self._hashed(body)
        return {self.value(k, depth + 1): self.value(v, depth + 1) for k, v in body}

    def _type(self, body: Any, depth: int):
        return Ellipsis if body == "Ellipsis" else TYPES[body] if body in TYPES else SCALARS[body]


def _count(n: Any) -> int:
    if not isinstance(n, int) or isinstance(n, bool) or not 0 <= n <= 2**40:
        raise ValueError
    return n


def _dtype(code: Any) -> np.dtype:
    if not isinstance(code, str) or not (code in DTYPES or code[:2] in ("<U", ">U") and code[2:].isdigit() and int(code[2:]) <= MAX_LETTERS):
        raise ValueError
    return np.dtype(code)


def _check_text(array: np.ndarray) -> None:
    """Bytes that are no code points make a text that raises wherever it is looked at."""
    points = np.ascontiguousarray(array).view(np.uint32)
    if points.size and points.max() > 0x10FFFF:
        raise ValueError


def _hexadecimal(text: Any) -> int:
    if not isinstance(text, str) or len(text) > MAX_INTEGER // 4 + 4:
        raise ValueError
    return int(text, 16)


def _special(text: Any) -> float:
    if text not in ("nan", "inf", "-inf"):
        raise ValueError
    return float(text)


def _range(parts: Any) -> range:
    start, stop, step = parts
    found = range(start, stop, step)
    if max(abs(n).bit_length() for n in (start, stop, step)) > 62 or len(found) > MAX_NODES:
        raise ValueError  # a few bytes that would be as many numbers as somebody likes, once an array is made of them
    return found


_READERS: dict[str, Callable[[Reader, Any, int], Any]] = {
    "int": lambda r, body, depth: _hexadecimal(body),
    "float": lambda r, body, depth: _special(body),
    "complex": lambda r, body, depth: complex(*r._items(body, depth, 2)),
    "bytes": lambda r, body, depth: bytes(r._part(body)),
    "scalar": Reader._scalar,
    "array": Reader._array,
    "list": lambda r, body, depth: r._items(body, depth),
    "tuple": lambda r, body, depth: tuple(r._items(body, depth)),
    "set": lambda r, body, depth: set(r._items(r._hashed(body), depth)),
    "frozenset": lambda r, body, depth: frozenset(r._items(r._hashed(body), depth)),
    "dict": Reader._dict,
    "slice": lambda r, body, depth: slice(*r._items(body, depth, 3)),
    "range": lambda r, body, depth: _range(body),
    "dtype": lambda r, body, depth: _dtype(body),
    "type": Reader._type,
    "theirs": Reader._handle,  # an object that stayed with the sender
    "yours": lambda r, body, depth: r.resolve(_count(body)),  # one that the sender got from the reader
    "kept": Reader._kept,  # a copy, whose original stayed with the sender
    "original": Reader._original,  # the reader's original of a copy that the sender got
}
