"""An IPython shell whose outputs are handed to a function, as nbformat's dicts; both sides of the sandbox run cells in one."""

from __future__ import annotations

import builtins
import contextlib
import io
import sys
from collections.abc import Callable, Iterator
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Any as AnyTrait
from traitlets.config import Config

MAX_PRINTED = 1_000_000  # characters of one cell that are kept
MAX_RUNAWAY = 20_000_000  # ... and that are counted, before the cell is ended
LEFT_OUT = "\n… the rest of what this cell printed is left out\n"

Output = dict[str, Any]


class StdinNotImplementedError(NotImplementedError):
    """`input()` where nobody is there to type: the name that Jupyter's kernel gives it."""


class PrintedTooMuch(BaseException):
    """A cell that prints without end is ended; no `except Exception` of the cell's keeps it going."""


class _Publisher(DisplayPublisher):
    emit = AnyTrait()

    def publish(self, data, metadata=None, **_):
        self.emit({"output_type": "display_data", "data": data, "metadata": metadata or {}})

    def clear_output(self, wait=False):
        pass


class _Hook(DisplayHook):
    """Keeps the value of a cell's last expression as its result. Nothing stores it in `_` or `Out`."""

    emit = AnyTrait()

    def __call__(self, result=None):
        if result is None or self.quiet():
            return
        data, metadata = self.compute_format_data(result)
        self.exec_result.result = result
        self.emit({"output_type": "execute_result", "data": data, "metadata": metadata, "execution_count": None})


class Shell(InteractiveShell):
    """Runs cells one after the other in one namespace; `emit` gets every output as it comes."""

    displayhook_class, display_pub_class = _Hook, _Publisher

    @classmethod
    def make(cls, emit: Callable[[Output], None], namespace: dict[str, Any] | None = None) -> Shell:
        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "nocolor"
        config.InteractiveShell.autocall = 0
        shell = cls(config=config, user_ns=namespace)
        InteractiveShell._instance = cls._instance = shell  # what display() and get_ipython() look for
        shell.to(emit)
        return shell

    def to(self, emit: Callable[[Output], None]) -> None:
        self.emit = self.displayhook.emit = self.display_pub.emit = emit

    def init_io(self):
        pass

    def enable_gui(self, gui=None):
        pass

    def _showtraceback(self, etype, evalue, stb):
        try:
            message = str(evalue)
        except Exception:
            message = ""
        self.emit({"output_type": "error", "ename": str(getattr(etype, "__name__", etype)), "evalue": message[:MAX_PRINTED // 100],
                   "traceback": [str(line)[:MAX_PRINTED // 100] for line in stb]})

    def run(self, source: str) -> tuple[BaseException | None, Any]:
        """(what ended the cell early, the value of its last expression). Everything shown goes to `emit`."""
        with printed_to(lambda name, text: self.emit({"output_type": "stream", "name": name, "text": text})):
            try:
                done = self.run_cell(source, store_history=False)
            except PrintedTooMuch as e:
                self.emit({"output_type": "error", "ename": "PrintedTooMuch", "evalue": str(e), "traceback": [f"PrintedTooMuch: {e}"]})
                return e, None
        return done.error_before_exec or done.error_in_exec, done.result


class _Stream(io.TextIOBase):
    def __init__(self, name: str, write: Callable[[str, str], None], used: list[int]):
        self.name, self._write, self._used = name, write, used

    def writable(self):
        return True

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError(f"write() takes text, not {type(text).__name__}")
        before, self._used[0] = self._used[0], self._used[0] + len(text)
        if before <= MAX_PRINTED:
            self._write(self.name, text if self._used[0] <= MAX_PRINTED else text[:MAX_PRINTED - before] + LEFT_OUT)
        if self._used[0] > MAX_RUNAWAY:
            raise PrintedTooMuch(f"more than {MAX_RUNAWAY:,} characters were printed")
        return len(text)


def _no_input(prompt=""):
    raise StdinNotImplementedError("input() waits for somebody to type, and nobody does while a notebook is graded")


@contextlib.contextmanager
def printed_to(write: Callable[[str, str], None]) -> Iterator[None]:
    """Everything printed meanwhile goes to `write(stream's name, text)`; `input()` raises."""
    used = [0]
    before = sys.stdout, sys.stderr, builtins.input
    sys.stdout, sys.stderr, builtins.input = _Stream("stdout", write, used), _Stream("stderr", write, used), _no_input
    try:
        yield
    finally:
        sys.stdout, sys.stderr, builtins.input = before
