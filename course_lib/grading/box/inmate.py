"""One box: run the cells of one hand-in, and answer calls of its functions. Everything here may be tampered with by the
answers that run beside it; whatever it tells the other side is only what the student's own process claims."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import traceback
import warnings
from typing import Any

from .peer import Peer, raised, told
from .shell import MAX_PRINTED, Output, PrintedTooMuch, Shell, printed_to
from .values import Handle, Reader, WireError, Writer
from .wire import Channel

PLAIN_OUTPUTS = ("text/plain", "image/png", "image/jpeg")  # everything else may be active in somebody's browser
MAX_BATCH = 50_000  # characters of print that are sent together
MAX_ORIGINALS, MAX_ORIGINALS_BYTES = 1_000, 64 << 20  # that are kept while only their copies are away; the oldest go first


class Remote:
    """The trusted side's object or function, as the answers see it: it can be called, and has public attributes."""

    def __init__(self, inmate: Inmate, handle: Handle):
        object.__setattr__(self, "_inmate", inmate)
        object.__setattr__(self, "_handle", handle)
        if handle.callable:
            object.__setattr__(self, "__name__", handle.name)

    def __call__(self, *args, **kwargs):
        return self._inmate.answer_of("call", {"number": self._handle.number}, args=args, kwargs=kwargs)

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return self._inmate.answer_of("get", {"number": self._handle.number, "name": name})

    def __repr__(self):
        return f"<{self._handle.kind} {self._handle.name}>"


class Inmate(Peer):
    def __init__(self, channel: Channel, shell: Shell):
        super().__init__(channel)
        self.shell, self.namespace = shell, shell.user_ns
        self.batch: list[Output] = []
        self.remotes: dict[int, Remote] = {}
        self.originals: dict[int, tuple[Any, int]] = {}  # number: (what a copy was made of, its bytes)
        self.counted = self.held = 0  # originals so far; bytes of those that are kept

    def live(self) -> None:
        """Answer until the other side hangs up."""
        while True:
            message, reader = self._receive()
            self.serve(message, reader)

    # --- values ---

    def stand_in(self, handle: Handle) -> Remote:
        return self.remotes.setdefault(handle.number, Remote(self, handle))

    def number_of(self, value: Any) -> int | None:
        return object.__getattribute__(value, "_handle").number if type(value) is Remote else None

    def _writer(self) -> Writer:
        return Writer(self.export, keep=self._keep)

    def _reader(self, blob: bytes | bytearray) -> Reader:
        return Reader(blob, self.own, self.stand_in, original=self._original)

    def _keep(self, value: Any, size: int) -> int:
        self.counted += 1
        self.originals[self.counted] = value, size
        self.held += size
        while len(self.originals) > MAX_ORIGINALS or self.held > MAX_ORIGINALS_BYTES and len(self.originals) > 1:
            self.held -= self.originals.pop(next(iter(self.originals)))[1]
        return self.counted

    def _original(self, number: int) -> Any:
        if number not in self.originals:
            raise WireError(f"there is no original {number}")
        return self.originals[number][0]

    def answer_of(self, what: str, plain: dict, **values: Any) -> Any:
        reply = self.ask(what, plain, **values)
        if "raised" in reply:
            raise raised(reply["raised"])
        return reply["value"]

    # --- questions ---

    def serve_run(self, message: dict, values: dict) -> tuple[dict, dict]:
        """Run one cell; its outputs are sent as they come."""
        self.shell.to(self._output)
        error, _ = self.shell.run(values["source"])
        self._flush()
        return {"ok": error is None}, {}

    def serve_files(self, message: dict, values: dict) -> tuple[dict, dict]:
        """Write the assignment's data files into the working directory, and go there."""
        os.makedirs(values["folder"], exist_ok=True)
        os.chdir(values["folder"])
        sys.path.insert(0, "")  # as in a notebook: what a cell wrote there can be imported
        for name, data in values["files"].items():
            with open(name, "wb") as f:
                f.write(data)
        return {}, {}

    def serve_bind(self, message: dict, values: dict) -> tuple[dict, dict]:
        self.namespace[values["name"]] = values["value"]
        return {}, {}

    def serve_lookup(self, message: dict, values: dict) -> tuple[dict, dict]:
        name = values["name"]
        if name not in self.namespace:
            return {"found": False}, {}
        return {"found": True}, {"value": self.namespace[name]}

    def serve_call(self, message: dict, values: dict) -> tuple[dict, dict]:
        target = self.own(values["number"]) if "number" in values else self.namespace[values["name"]]
        args, kwargs = values["args"], values["kwargs"]
        before = self._bytes_of(args, kwargs)
        reply, result = self._guarded(lambda: target(*args, **kwargs))
        if before is not None and self._bytes_of(args, kwargs) != before:
            result["changed"] = [args, kwargs]  # only copies crossed: the caller has to be told what became of them
        return reply, result

    def serve_get(self, message: dict, values: dict) -> tuple[dict, dict]:
        return self._guarded(lambda: getattr(self.own(values["number"]), values["name"]))

    def serve_set(self, message: dict, values: dict) -> tuple[dict, dict]:
        return self._guarded(lambda: setattr(self.own(values["number"]), values["name"], values["value"]))

    def serve_item(self, message: dict, values: dict) -> tuple[dict, dict]:
        return self._guarded(lambda: self.own(values["number"])[values["key"]])

    def serve_length(self, message: dict, values: dict) -> tuple[dict, dict]:
        return self._guarded(lambda: len(self.own(values["number"])))

    def _guarded(self, work) -> tuple[dict, dict]:
        """The work's value, or its error; what it printed and was warned of."""
        printed, kept = io.StringIO(), []
        with contextlib.ExitStack() as stack:
            caught = stack.enter_context(warnings.catch_warnings(record=True))
            warnings.simplefilter("always")
            stack.enter_context(printed_to(lambda _, text: printed.write(text)))
            try:
                reply, values = {}, {"value": work()}
            except Exception as e:
                reply, values = {"raised": told(e, learner_line(e))}, {}
            except (SystemExit, KeyboardInterrupt, PrintedTooMuch, GeneratorExit) as e:
                error = RuntimeError(str(e)) if isinstance(e, PrintedTooMuch) else e
                reply, values = {"raised": {**told(error, learner_line(e)), "base": "RuntimeError"}}, {}
        for w in caught[:20]:
            kept.append([w.category.__name__, str(w.message)[:1000]])
        return {**reply, "printed": printed.getvalue()[:MAX_PRINTED // 10], "warned": kept}, values

    def _bytes_of(self, args: Any, kwargs: Any) -> tuple | None:
        """The arguments as they would cross, to see whether a call changed them; None where they cannot cross any more."""
        try:
            writer = Writer(self.export)
            return writer.node(list(args)), writer.node(kwargs), bytes(writer.blob)
        except WireError:
            return None

    # --- what cells show ---

    def _output(self, output: Output) -> None:
        if output["output_type"] in ("display_data", "execute_result"):
            output = {**output, "data": _plain_data(output["data"]), "metadata": _alt_only(output["metadata"])}
        last = self.batch[-1] if self.batch else None
        if output["output_type"] == "stream" and last and last["output_type"] == "stream" and last["name"] == output["name"]:
            last["text"] += output["text"]
        else:
            self.batch.append(output)
        if output["output_type"] != "stream" or len(self.batch[-1]["text"]) > MAX_BATCH:
            self._flush()

    def _flush(self) -> None:
        batch, self.batch = self.batch, []
        for output in batch:
            with contextlib.suppress(WireError):
                self._send({"output": True}, {"output": output})


def _plain_data(data: dict) -> dict:
    kept = {k: v for k, v in data.items() if k in PLAIN_OUTPUTS and isinstance(v, str)}
    if "text/markdown" in data:  # captions: their text, which a page shows as it is
        kept["text/plain"] = str(data["text/markdown"])
    return kept


def _alt_only(metadata: dict) -> dict:
    png = metadata.get("image/png")
    return {"image/png": {"alt": str(png["alt"])}} if isinstance(png, dict) and "alt" in png else {}


def learner_line(error: BaseException) -> str | None:
    """The last line of the traceback that stands in a cell."""
    frames = [f for f in traceback.extract_tb(error.__traceback__)
              if f.line and "site-packages" not in f.filename and "course_lib" not in f.filename and not f.filename.startswith(_HERE)]
    frames = [f for f in frames if not f.filename.startswith(_PYTHON)]
    return frames[-1].line.strip() if frames else None


_HERE = os.path.dirname(os.path.abspath(__file__))
_PYTHON = os.path.dirname(os.__file__)
