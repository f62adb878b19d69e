"""Two processes that call each other: what both ends of the wire have in common.

Each side keeps the objects that do not cross, under numbers; the other side holds a stand-in for each. A call may be
answered by a call back before its own answer comes (a test hands over the f of `numerical_gradient`).
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

from .values import Handle, NotSent, Reader, WireError, Writer
from .wire import Channel

MAX_NESTED = 60  # calls that wait for each other
MAX_HANDLES = 100_000
MAX_MESSAGE = 4_000  # characters of an error's message


class Peer:
    """One end. Subclasses give `serve_<what>` for what the other side may ask of them, and `stand_in`."""

    def __init__(self, channel: Channel):
        self.channel = channel
        self.kept: dict[int, Any] = {}
        self.numbers: dict[int, int] = {}  # id of a kept object -> its number
        self.nested = 0

    # --- values ---

    def stand_in(self, handle: Handle) -> Any:
        """The object by which this side knows one of the other's."""
        raise NotImplementedError

    def number_of(self, value: Any) -> int | None:
        """The other side's number of a stand-in that `stand_in` made; None for everything else."""
        raise NotImplementedError

    def may_keep(self, value: Any) -> bool:
        return True

    def export(self, value: Any) -> dict:
        theirs = self.number_of(value)
        if theirs is not None:
            return {"yours": theirs}
        if not self.may_keep(value):
            raise WireError(f"a {type(value).__name__} cannot be handed over")
        number = self.numbers.get(id(value))
        if number is None or self.kept.get(number) is not value:
            if len(self.kept) >= MAX_HANDLES:
                raise WireError("too many objects were handed over")
            number = len(self.kept) + 1
            self.kept[number], self.numbers[id(value)] = value, number
        name = getattr(value, "__name__", type(value).__name__)
        return {"theirs": [number, str(name)[:200], str(type(value).__name__)[:200], callable(value)]}

    def own(self, number: int) -> Any:
        if number not in self.kept:
            raise WireError(f"there is no object {number}")
        return self.kept[number]

    # --- questions ---

    def ask(self, what: str, plain: dict | None = None, **values: Any) -> dict:
        """Send a question and return the answer's fields, its values read. Serves what the other side asks in between.

        Raises NotSent for a value that may not cross, WireError for what the other side said that is nothing.
        """
        if self.nested >= MAX_NESTED:
            raise RecursionError("functions of the test and of the answer call each other without end")
        try:
            self._send({"ask": what, **(plain or {})}, values)
        except WireError as e:
            raise NotSent(str(e)) from None
        self.nested += 1
        try:
            while True:
                message, reader = self._receive()
                if "ask" in message:
                    self.serve(message, reader)
                elif "answer" in message:
                    return self._read(message, reader)
                else:
                    self.note(message)
        finally:
            self.nested -= 1

    def serve(self, message: dict, reader: Reader) -> None:
        """Answer one question. A WireError in it is the other side's to hear of."""
        handler: Callable[..., tuple[dict, dict]] | None = getattr(self, f"serve_{message.get('ask')}", None)
        if handler is None:
            raise WireError("a question of an unknown kind")
        plain, values = handler(message, self._read(message, reader))
        try:
            self._send({"answer": True, **plain}, values)
        except WireError as e:
            self._send({"answer": True, "raised": told(TypeError(f"the result cannot be handed over: {e}"))}, {})

    def note(self, message: dict) -> None:
        """A message that wants no answer (a cell's output). The trusted side expects none but a cell's."""
        raise WireError("a message of an unknown kind")

    def _writer(self) -> Writer:
        return Writer(self.export)

    def _reader(self, blob: bytes | bytearray) -> Reader:
        return Reader(blob, self.own, self.stand_in)

    def _send(self, message: dict, values: dict) -> None:
        writer = self._writer()
        message["values"] = {name: writer.node(v) for name, v in values.items()}
        self.channel.send(message, writer.blob)

    def _receive(self) -> tuple[dict, Reader]:
        message, blob = self.channel.receive()
        return message, self._reader(blob)

    def _read(self, message: dict, reader: Reader) -> dict:
        values = message.get("values", {})
        if not isinstance(values, dict):
            raise WireError("not values")
        return {**{k: v for k, v in message.items() if k not in ("values", "ask", "answer")},
                **{name: reader.value(node) for name, node in values.items()}}


# --- errors ---------------------------------------------------------------------------------------------------------

def told(error: BaseException, line: str | None = None) -> dict:
    """An error as plain values: its type's name, the nearest type of Python's own, its message, the learner's line."""
    names = [t.__name__ for t in type(error).__mro__]
    try:
        # str() of a KeyError quotes its key, and making one of that text would quote it again
        message = error.args[0] if isinstance(error, KeyError) and error.args and type(error.args[0]) is str else str(error)
    except Exception:
        message = ""
    return {"type": names[0][:100], "base": next((n for n in names if n in ERRORS), "Exception"),
            "message": message[:MAX_MESSAGE], "line": line[:500] if line else None}


# What may be raised on the other side: errors, but nothing that ends a process (SystemExit, KeyboardInterrupt), or a loop
# over calls, which would then look as if it had come to its end (StopIteration).
ERRORS = {name: t for name, t in vars(builtins).items()
          if isinstance(t, type) and issubclass(t, Exception) and not issubclass(t, (UnicodeError, BaseExceptionGroup, StopIteration, StopAsyncIteration))}


def raised(report: Any) -> Exception:
    """The error that `told` told of: of Python's own type where it was of one, else of a type of that name under it."""
    if not isinstance(report, dict) or not all(isinstance(report.get(k), str) for k in ("type", "base", "message")):
        return WireError("an error without its type")
    name, base = report["type"][:100], ERRORS.get(report["base"], Exception)
    if name != base.__name__:
        base = type(name if name.isidentifier() else "Error", (base,), {"__module__": "answer"})
    try:
        error = base(report["message"][:MAX_MESSAGE])
    except TypeError:  # a type that takes other arguments
        error = RuntimeError(f"{name}: {report['message'][:MAX_MESSAGE]}")
    error.learner_line = report["line"][:500] if isinstance(report.get("line"), str) else None
    return error
