"""The student's side of the wire, as the tests see it: functions that can be called, objects with attributes.

Nothing of the student's runs in this process. What a stand-in gives back is rebuilt from plain values; comparing,
truth, length and conversion of a stand-in are never asked of the student's process, so that no object can claim to be
equal to everything.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import types
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .bounds import OutOfTime, bounded
from .box.peer import MAX_HANDLES, Peer, raised, told
from .box.values import Handle, NotSent, Reader, WireError, Writer
from .box.wire import Channel, Closed, Late
from .copies import Copies, write_back

MAX_OUTPUTS = 2_000  # outputs of one cell
MAX_SHOWN = 30_000_000  # characters of one cell's outputs, pictures included


class BoxEnded(BaseException):
    """The student's process is gone, or was ended. `why`: "timeout", "memory", "output", "crashed".

    No `except Exception` of a test takes it for a wrong result of one case.
    """

    def __init__(self, why: str, text: str):
        super().__init__(text)
        self.why, self.text = why, text


class StudentObject:
    """Something that stayed in the student's process: its public attributes can be read, set and called."""

    __slots__ = ("_box", "_handle")
    __array_ufunc__ = None  # NumPy refuses it, instead of asking it

    def __init__(self, box: Box, handle: Handle):
        object.__setattr__(self, "_box", box)
        object.__setattr__(self, "_handle", handle)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._box.answer("get", {"number": self._handle.number, "name": name})

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            raise AttributeError(name)
        self._box.answer("set", {"number": self._handle.number, "name": name}, value=value)

    def __getitem__(self, key: Any) -> Any:
        return self._box.answer("item", {"number": self._handle.number}, key=key)

    def __iter__(self):
        raise TypeError(f"a {self._handle.kind} of the answer's cannot be iterated over")

    def __eq__(self, other: Any) -> bool:
        raise TypeError(f"a {self._handle.kind} of the answer's is no plain value: it cannot be compared")

    __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__
    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise TypeError(f"a {self._handle.kind} of the answer's is neither true nor false")

    def __repr__(self) -> str:
        return f"<{self._handle.kind} {self._handle.name}>" if self._handle.callable else f"<{self._handle.kind}>"


class StudentFunction(StudentObject):
    """A function or class of the student's: calling it runs it over there, on copies of the arguments."""

    __slots__ = ()

    @property
    def __name__(self) -> str:
        return self._handle.name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._box.call({"number": self._handle.number}, args, kwargs)


class Box(Peer):
    """One box, from outside: run cells in it, look names up, call functions. Every method may raise BoxEnded."""

    def __init__(self, channel: Channel, status: socket.socket, folder: str, files: Mapping[str, bytes], ended: Callable[[], None]):
        super().__init__(channel)
        self.status, self.ended = status, ended
        self.stand_ins: dict[int, StudentObject] = {}
        self.copies = Copies(lambda: Writer(self.export))
        self.outputs: list[dict] = []
        self.shown = 0
        self.report: dict | None = None  # what the warder told in the end: "code", "cpu", "peak_kb", "killed"
        self.start = (folder, dict(files))
        self.prepared = False

    def prepare(self) -> None:
        """Put the data files in place. Done at the first question, within that question's time."""
        if not self.prepared:
            self.prepared = True
            folder, files = self.start
            self._checked("files", {"folder": folder}, files=files)

    def until(self, deadline: float) -> None:
        """Everything asked from now on has to be answered by then (a time of `time.monotonic()`)."""
        self.channel.deadline = deadline

    # --- what can be asked ---

    def run(self, source: str) -> tuple[bool, list[dict]]:
        """Run one cell: (did it run to its end?, its outputs)."""
        self.prepare()
        self.outputs, self.shown = [], 0
        try:
            ok = self._checked("run", {"source": source}).get("ok") is True
        except BoxEnded as e:
            e.outputs = self.outputs
            raise
        return ok, self.outputs

    def lookup(self, name: str) -> tuple[bool, Any]:
        """(is there such a name in the student's namespace?, its value)."""
        self.prepare()
        reply = self._checked("lookup", {"name": name})
        return (True, reply["value"]) if reply.get("found") is True and "value" in reply else (False, None)

    def bind(self, name: str, value: Any) -> None:
        self._checked("bind", {"name": name}, value=value)

    def call(self, target: dict, args: tuple, kwargs: dict) -> Any:
        copies = self.copies.among(args, kwargs)
        reply = self._checked("call", target, args=args, kwargs=kwargs)
        self._hear(reply)
        if "changed" in reply:
            changed = reply["changed"]
            if isinstance(changed, list) and len(changed) == 2:
                write_back(list(args), changed[0])
                write_back(kwargs, changed[1])
                self.copies.renew(copies)
        return self._value(reply)

    def answer(self, what: str, plain: dict, **values: Any) -> Any:
        reply = self._checked(what, plain, **values)
        self._hear(reply)
        return self._value(reply)

    def _value(self, reply: dict) -> Any:
        if "raised" in reply:
            raise raised(reply["raised"])
        if "value" not in reply:
            raise self._end("crashed", "it answered with something that is no answer")
        return reply["value"]

    def _hear(self, reply: dict) -> None:
        """Say again what the student's function printed, and warn again of what it was warned of."""
        printed, warned = reply.get("printed"), reply.get("warned")
        if isinstance(printed, str) and printed:
            sys.stdout.write(printed)
        for entry in warned[:20] if isinstance(warned, list) else []:
            if isinstance(entry, list) and len(entry) == 2 and all(isinstance(t, str) for t in entry):
                warnings.warn(entry[1], _WARNINGS.get(entry[0], UserWarning), stacklevel=2)

    def _checked(self, what: str, plain: dict, **values: Any) -> dict:
        if self.report is not None:
            raise BoxEnded("crashed", "the answer's process has ended")
        try:
            return self.ask(what, plain, **values)
        except NotSent as e:
            raise TypeError(str(e)) from None
        except Late:
            raise self._end("timeout", "it ran for too long and was stopped") from None
        except Closed:
            raise self._end("crashed", "the answer's process ended") from None
        except Exception as e:  # whatever comes of reading what a stranger's process says: its fault, and the end of it
            raise self._end("crashed", f"it answered with something that is no answer ({e})") from None

    # --- what the other side may ask: only of what a test handed over ---

    def serve_call(self, message: dict, values: dict) -> tuple[dict, dict]:
        target, args, kwargs = self.own(_number(values)), values.get("args"), values.get("kwargs")
        if not callable(target) or not isinstance(args, tuple) or not isinstance(kwargs, dict) or not all(isinstance(k, str) for k in kwargs):
            raise WireError("not a call")
        return self._served(lambda: target(*args, **kwargs))

    def serve_get(self, message: dict, values: dict) -> tuple[dict, dict]:
        name, target = values.get("name"), self.own(_number(values))
        if not isinstance(name, str) or name.startswith("_"):
            raise WireError("not a public name")
        return self._served(lambda: getattr(target, name))

    def _served(self, work: Callable[[], Any]) -> tuple[dict, dict]:
        try:
            with bounded(self.channel.deadline):
                return {}, {"value": work()}
        except OutOfTime:
            raise self._end("timeout", "it ran for too long and was stopped") from None
        except Exception as e:
            return {"raised": told(e)}, {}

    def note(self, message: dict) -> None:
        """An output of the cell that runs."""
        values = message.get("values")
        output = self._clean_output(Reader(b"", self.own, self.stand_in).value(values["output"])) if isinstance(values, dict) and "output" in values else None
        if output is None:
            raise WireError("not an output")
        self.shown += len(str(output))
        if len(self.outputs) >= MAX_OUTPUTS or self.shown > MAX_SHOWN:
            raise self._end("output", "it put out too much and was stopped")
        self.outputs.append(output)

    def _clean_output(self, o: Any) -> dict | None:
        if not isinstance(o, dict):
            return None
        kind = o.get("output_type")
        if kind == "stream" and o.get("name") in ("stdout", "stderr") and isinstance(o.get("text"), str):
            return {"output_type": kind, "name": o["name"], "text": o["text"]}
        if kind == "error" and isinstance(o.get("traceback"), list):
            return {"output_type": kind, "ename": str(o.get("ename"))[:200], "evalue": str(o.get("evalue"))[:10_000],
                    "traceback": [str(line)[:10_000] for line in o["traceback"][:200]]}
        if kind in ("display_data", "execute_result") and isinstance(o.get("data"), dict):
            data = {k: v for k, v in o["data"].items() if k in ("text/plain", "image/png", "image/jpeg") and isinstance(v, str)}
            alt = o.get("metadata", {}).get("image/png", {}).get("alt") if isinstance(o.get("metadata"), dict) and isinstance(
                o["metadata"].get("image/png"), dict) else None
            metadata = {"image/png": {"alt": alt[:2000]}} if isinstance(alt, str) else {}
            return {"output_type": "display_data", "data": data, "metadata": metadata}
        return None

    # --- values ---

    def stand_in(self, handle: Handle) -> StudentObject:
        known = self.stand_ins.get(handle.number)
        if known is None:
            if len(self.stand_ins) >= MAX_HANDLES:
                raise WireError("too many objects were handed over")
            known = self.stand_ins[handle.number] = (StudentFunction if handle.callable else StudentObject)(self, handle)
        return known

    def _writer(self) -> Writer:
        return Writer(self.export, known=self.copies.known)

    def _reader(self, blob: bytes | bytearray) -> Reader:
        return Reader(blob, self.own, self.stand_in, remember=self.copies.remember)

    def number_of(self, value: Any) -> int | None:
        return value._handle.number if isinstance(value, StudentObject) and value._box is self else None

    def may_keep(self, value: Any) -> bool:
        """What a test may hand over: functions, methods, simple objects. Never a module, nothing of another box, and no
        object of C code that believes what it is called with (NumPy's generators end the process at a wrong argument)."""
        return not isinstance(value, (types.ModuleType, StudentObject, type(sys.flags), types.FrameType, types.CodeType, np.random.Generator,
                                      np.random.RandomState, np.random.BitGenerator))

    # --- the end ---

    def _end(self, why: str, text: str) -> BoxEnded:
        report = self.close()
        if report.get("killed") == "memory":
            why, text = "memory", "it took more memory than it may, and was stopped"
        elif why == "crashed" and report.get("code", 0) not in (0, None) and report.get("killed") is None:
            text = f"{text} ({_code(report['code'])})"
        return BoxEnded(why, text)

    def close(self) -> dict:
        """End the box; what its warder tells of it."""
        if self.report is not None:
            return self.report
        self.report = {}
        self.channel.close()
        with contextlib.suppress(OSError):
            self.status.settimeout(0.02)  # it may have ended by itself just now: then how is worth knowing
            said = _line(self.status)
            if said is None:
                self.status.settimeout(10)
                self.status.sendall(b"end\n")
                said = _line(self.status)
            with contextlib.suppress(ValueError):
                told_of = json.loads(said or b"{}")
                self.report.update(told_of if isinstance(told_of, dict) else {})
        self.status.close()
        self.ended()
        return self.report


def _line(sock: socket.socket) -> bytes | None:
    """One line, b"" at the end; None where none came in time."""
    said = b""
    try:
        while not said.endswith(b"\n"):
            part = sock.recv(4096)
            if not part:
                break
            said += part
    except TimeoutError:
        return None
    return said


def _code(code: int) -> str:
    import signal

    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"


def _number(values: dict) -> int:
    number = values.get("number")
    if not isinstance(number, int) or isinstance(number, bool):
        raise WireError("not an object's number")
    return number


_WARNINGS = {w.__name__: w for w in (UserWarning, RuntimeWarning, DeprecationWarning, FutureWarning, SyntaxWarning)}
