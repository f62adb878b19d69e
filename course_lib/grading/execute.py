"""Run a notebook's cells in a fresh kernel, and settle what its test cells scored.

nbgrader reads a test cell's score from its output: any stderr is 0 points, a value it cannot read as a number (such as
`np.float64(0.0)`), a negative one or NaN is full marks, and so is silence. `settle` turns each of these into what it means.
"""

from __future__ import annotations

import ast
import asyncio
import math
import os
import re
import signal
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from queue import Empty

import nbformat
from jupyter_core.utils import ensure_async
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbgrader.utils import is_grade, is_solution

from course_lib.check import MIME
from course_lib.draw import NO_PICTURES

_NUMPY_SCALAR = re.compile(r"^np\.(?:float|int|uint)\d+\((.*)\)$")

# What a kernel that grades runs with: one BLAS thread, pictures described and not rendered (they are most of the time).
KERNEL_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", NO_PICTURES: "1"}

MAX_OUTPUT = 1_000_000  # characters that one cell may print; an endless loop that prints would fill the memory
STARTS = 3  # times that a kernel which does not come up is started
GRACE = 10  # seconds that an interrupted cell has to stop
KERNEL_ARGUMENTS = [
    "--HistoryManager.enabled=False",
    # IPython's exit() ends the kernel a moment later, after as many more cells as the machine happens to manage. As
    # Python's own it ends one cell.
    "--IPKernelApp.exec_lines=from sys import exit; quit = exit",
]


class _Client(NotebookClient):
    """nbclient's, which marks the cell that it interrupts, gives up on one that will not stop, and bounds what is printed."""

    late = False  # was some cell interrupted?
    at = None  # the cell that runs
    handlers: Mapping = {}  # of signals, as they were before; none where nbclient takes none over

    async def async_start_new_kernel(self, **kwargs):
        # nbclient has just taken SIGINT and SIGTERM over, to end its kernel and go on without one. They mean the whole run.
        if self.handlers:
            for number, handler in self.handlers.items():
                asyncio.get_running_loop().remove_signal_handler(number)
                signal.signal(number, handler)
        await super().async_start_new_kernel(**kwargs)

    async def async_execute_cell(self, cell, *args, **kwargs):
        self.at = cell
        return await super().async_execute_cell(cell, *args, **kwargs)

    def reset_execution_trackers(self):
        super().reset_execution_trackers()
        self.printed: dict[int, int] = {}

    def process_message(self, msg, cell, cell_index):
        if msg["msg_type"] == "stream":
            before = self.printed.get(cell_index, 0)
            self.printed[cell_index] = before + len(msg["content"]["text"])
            if before > MAX_OUTPUT:
                return None
            if self.printed[cell_index] > MAX_OUTPUT:
                msg["content"]["text"] = "\n… the rest of what this cell printed is left out\n"
        return super().process_message(msg, cell, cell_index)

    async def _async_handle_timeout(self, timeout, cell=None):
        reply = await super()._async_handle_timeout(timeout, cell)
        self.late = True
        # In front, so that a cell which caught the interrupt and then gave a value has no score.
        cell.outputs.insert(0, nbformat.v4.new_output("error", **self.error_on_timeout))
        try:  # the kernel answers once it stopped; one that does not would cost every later cell its time too
            await ensure_async(self.kc.shell_channel.get_msg(timeout=GRACE))
        except Empty:
            raise DeadKernelError("the cell could not be interrupted") from None
        return reply


def execute(nb, folder: Path, *, timeout: int, environment: dict[str, str] | None = None) -> str:
    """Run every cell of `nb` in a fresh kernel with `folder` as its directory; outputs are put into `nb`.

    An error in one cell does not stop the others; a cell over `timeout` seconds is interrupted. Returns "ok",
    "timeout" (some cell was interrupted) or "crashed" (the kernel died). Where the kernel died, or a cell could not be
    interrupted, the cells after that have no output.
    """
    for attempt in range(1, STARTS + 1):
        try:
            return _attempt(nb, folder, timeout, environment)
        except _NotUp as e:  # two kernels that start at once may pick the same port: nothing ran yet, so start another
            last = e
    raise RuntimeError(f"no kernel came up in {attempt} attempts: {last}")


class _NotUp(Exception):
    """A kernel that ended, or did not answer, before its first cell."""


def _attempt(nb, folder: Path, timeout: int, environment: dict[str, str] | None) -> str:
    """The verdict of one kernel. Raises _NotUp where no cell began to run."""
    client = _Client(nb, timeout=timeout, allow_errors=True, interrupt_on_timeout=True, kernel_name="python3",
                     resources={"metadata": {"path": str(folder)}}, error_on_timeout={
                         "ename": "CellTimeoutError", "evalue": f"the cell ran for more than {timeout} seconds",
                         "traceback": [f"CellTimeoutError: stopped after {timeout} seconds"]},
                     extra_arguments=KERNEL_ARGUMENTS)
    if os.name == "posix" and threading.current_thread() is threading.main_thread():
        client.handlers = {n: signal.getsignal(n) or signal.SIG_DFL for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        # What the kernel process itself says on its own stderr belongs to nobody here; cells' stderr comes as output.
        client.execute(env={**(environment or os.environ), **KERNEL_ENVIRONMENT}, stderr=subprocess.DEVNULL)
    except (DeadKernelError, RuntimeError) as e:
        if client.at is None:
            raise _NotUp(str(e)) from e
        if not isinstance(e, DeadKernelError):
            raise
        client.at.outputs.insert(0, fault("DeadKernelError", f"{e}: the cells after this one were not run"))
        return "timeout" if client.late else "crashed"
    return "timeout" if client.late else "ok"


def is_test(cell) -> bool:
    """A locked, graded code cell: one whose output is a score."""
    return cell.cell_type == "code" and is_grade(cell) and not is_solution(cell)


def settle(nb) -> None:
    """Make every test cell's outputs say what was scored, so that nbgrader reads just that."""
    for cell in nb.cells:
        if is_test(cell):
            settle_cell(cell)


def settle_cell(cell) -> None:
    """The same for one test cell. A fault goes in front: nbgrader takes the first output that is an error or a value."""
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stderr":
            output.name = "stdout"  # a warning is not a wrong answer
    if any(o.output_type == "error" for o in cell.outputs):
        return
    values = [o for o in cell.outputs if o.output_type == "execute_result"]
    if not values:
        if calls_check(cell.source):
            cell.outputs.insert(0, fault("NoScore", "the check did not run to its end, so nothing was scored"))
        return
    if calls_check(cell.source) and MIME not in values[0]["data"]:
        cell.outputs.insert(0, fault("NoScore", "the value is not one of the course's check: was the name check used for something else?"))
        return
    score = read_score(values[0]["data"].get("text/plain", ""))
    points = float(cell.metadata["nbgrader"]["points"])
    if score is None:
        if calls_check(cell.source):
            cell.outputs.insert(0, fault("NoScore", "the check's value is no number of points"))
    elif not (math.isfinite(score) and 0.0 <= score <= points):
        cell.outputs.insert(0, fault("ScoreOutOfRange", f"the test's author made a mistake: it gave {score} of {points:g} points"))
    else:
        values[0]["data"]["text/plain"] = repr(score)


def read_score(text) -> float | None:
    """The number that a test cell's value stands for, a NumPy scalar's included; None where it is no number."""
    text = "".join(text).strip() if isinstance(text, list) else str(text).strip()
    if scalar := _NUMPY_SCALAR.match(text):
        text = scalar.group(1)
    try:
        return float(text)
    except ValueError:
        return None


def calls_check(source: str) -> bool:
    """Does the cell end in a call of `check(...)`, so that it must have a value?"""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return False
    last = body[-1] if body else None
    return (isinstance(last, ast.Expr) and isinstance(last.value, ast.Call)
            and isinstance(last.value.func, ast.Name) and last.value.func.id == "check")


def fault(name: str, text: str):
    """An output that says why a cell has no score: an error of that name."""
    return nbformat.v4.new_output("error", ename=name, evalue=text, traceback=[f"{name}: {text}"])
