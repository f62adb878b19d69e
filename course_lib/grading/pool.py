"""The processes that grade: a crew of stations on this machine, or the workers of a dask cluster.

Both take messages under a key and give back (key, reply) in the order in which they are done. A station (or a worker) that
dies is replaced, and its message tried again; a message whose stations keep dying has a reply that says so.
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .course import WorkbookError, environment_variables
from .messages import Message, not_graded, pack, receive, seconds_for

TRIES = 3  # times that a message is worked on before it is given up
SCHEDULER_SECONDS = 30  # that a scheduler may be out of reach
SLACK = 90  # seconds that a station has beyond its message's own limit before it is taken for hung
COMMAND = (sys.executable, "-m", "course_lib.grading.station")
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


class StationDied(Exception):
    """The station ended, or was ended, before it replied."""


class Station:
    """One station process, asked and answered one message at a time."""

    def __init__(self, command: Sequence[str] = COMMAND):
        self.said = tempfile.TemporaryFile()  # its stderr: read only when it dies
        over = environment_variables() | dict.fromkeys(ONE_THREAD, "1")
        top = str(Path(__file__).resolve().parents[2])  # where this course_lib is, whatever is installed
        over["PYTHONPATH"] = os.pathsep.join(filter(None, [top, os.environ.get("PYTHONPATH", "")]))
        group: dict[str, Any] = {"start_new_session": True}  # out of the terminal's reach: Control-C is for the first process
        if os.name == "nt":
            group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.said,
                                        env=os.environ | over, cwd=tempfile.gettempdir(), **group)

    def ask(self, message: Mapping[str, Any], seconds: float) -> Message:
        """The reply to one message. Raises StationDied, also where it takes longer than `seconds`."""
        late = threading.Event()

        def stop() -> None:
            late.set()
            self.process.kill()

        timer = threading.Timer(seconds, stop)
        timer.daemon = True
        timer.start()
        try:
            self.process.stdin.write(pack(message))
            self.process.stdin.flush()
            reply = receive(self.process.stdout)
        except (OSError, ValueError) as e:
            raise StationDied(self._why(late, e)) from e
        finally:
            timer.cancel()
        if reply is None:
            raise StationDied(self._why(late))
        return reply

    def _why(self, late: threading.Event, error: Exception | None = None) -> str:
        if late.is_set():
            return "it hung"
        code = self.process.wait()
        with contextlib.suppress(ValueError, OSError):
            self.said.seek(max(0, self.said.seek(0, os.SEEK_END) - 2000))
            lines = self.said.read().decode("utf-8", "replace").strip().splitlines()
            if code > 0 and lines:
                return " ".join(lines[-1].split())
        return f"signal {-code}" if code < 0 else f"exit code {code}" if error is None else str(error)

    def close(self) -> None:
        """End it at once; its child ends with it."""
        self.process.kill()
        for stream in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                stream.close()
        self.process.wait()
        self.said.close()

    def leave(self, seconds: float = 5) -> None:
        """Let it end its child and close its sandboxes; end it at once where that takes more than `seconds`."""
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=seconds)
        self.close()


def given_up(message: Mapping[str, Any], why: str) -> Message:
    why = f"{why}; tried {TRIES} times"
    return {"record": not_graded(message["job"], why)} if message["do"] == "grade" else {"failed": why}


def ask_until_done(stations: list[Station | None], message: Mapping[str, Any], command: Sequence[str],
                   stopped: Callable[[], bool] = lambda: False) -> Message:
    """Ask the station in `stations[0]`, which is replaced when it dies (unless all is `stopped`); the reply, or what
    `given_up` says."""
    why = ""
    for _ in range(TRIES):
        if stopped():
            break
        if stations[0] is None:
            stations[0] = Station(command)
        try:
            reply = stations[0].ask(message, seconds_for(message) + SLACK)
        except StationDied as e:
            stations[0].close()
            stations[0], why = None, f"the process that graded it died ({e})"
            continue
        if not reply.pop("died", False):
            return reply
        why = reply["failed"] if "failed" in reply else reply["record"]["notes"][0]
    return given_up(message, why)


class Crew:
    """`jobs` stations on this machine, each driven by a thread of this process."""

    def __init__(self, jobs: int, command: Sequence[str] = COMMAND):
        self.size, self.waiting, self.command = max(1, jobs), 0, command
        self._todo: queue.SimpleQueue = queue.SimpleQueue()
        self._done: queue.SimpleQueue = queue.SimpleQueue()
        self._stations: list[list[Station | None]] = [[None] for _ in range(self.size)]
        self._stopped = False
        self._threads = [threading.Thread(target=self._drive, args=(s,), daemon=True) for s in self._stations]
        for thread in self._threads:
            thread.start()

    def _drive(self, stations: list[Station | None]) -> None:
        while (item := self._todo.get()) is not None and not self._stopped:
            key, message = item
            try:
                reply = ask_until_done(stations, message, self.command, lambda: self._stopped)
            except Exception as e:  # no process can be started any more
                reply = given_up(message, _short(e))
            self._done.put((key, reply))
        if stations[0] is not None:
            stations[0].leave()

    def submit(self, key: Hashable, message: Message) -> None:
        self.waiting += 1
        self._todo.put((key, message))

    def next(self) -> tuple[Hashable, Message]:
        """The next reply. Waits in short steps, so that Control-C is heard on every system."""
        while True:
            with contextlib.suppress(queue.Empty):
                item = self._done.get(timeout=0.5)
                self.waiting -= 1
                return item

    def close(self, at_once: bool = False) -> None:
        """End the stations; `at_once` also those that are at work."""
        self._stopped = at_once
        for _ in self._threads:
            self._todo.put(None)
        for stations in self._stations if at_once else ():
            if (station := stations[0]) is not None:
                with contextlib.suppress(OSError):
                    station.process.stdin.close()  # it ends its child, closes its sandboxes, and ends
        for thread in self._threads:
            thread.join(timeout=10)


# --- the same on a dask cluster --------------------------------------------------------------------------------------

_idle: list[list[Station | None]] = []  # of this dask worker process; its threads take and give back
_lock = threading.Lock()


def run_message(message: Message) -> Message:
    """What a dask worker does: ask a station of its own, a warm one where one is idle."""
    with _lock:
        stations = _idle.pop() if _idle else [None]
    try:
        return ask_until_done(stations, message, COMMAND)
    finally:
        with _lock:
            _idle.append(stations)


def worker_facts(isolation: str) -> tuple[str, str]:
    """(the environment of this dask worker, why it cannot grade with `isolation`, "" where it can)."""
    from .records import environment_hash

    return environment_hash(), "" if isolation == "none" else refusal()


def refusal() -> str:
    """Why there is no sandbox on this machine; "" where there is one."""
    from .sandbox import available

    there, why = available()
    return "" if there else why


class Cluster:
    """The workers of a running dask.distributed cluster, as a Crew. Raises WorkbookError where it cannot be reached, or
    its workers are of another version than this process."""

    def __init__(self, address: str, isolation: str):
        try:
            from distributed import Client
        except ImportError:
            raise WorkbookError("--scheduler needs dask.distributed: python -m pip install -c requirements.lock -e '.[cluster]'") from None
        try:
            self.client = Client(address, timeout=10, set_as_default=False)
        except (OSError, ValueError) as e:  # an address of the wrong form is a ValueError
            raise WorkbookError(f"--scheduler {address}: no dask scheduler answers there ({_short(e)}). Is it running, and is "
                                "the address the one it printed?") from None
        try:
            self._same_everywhere(address, isolation)
        except BaseException:
            self.client.close()
            raise
        self.size = max(1, sum(self.client.nthreads().values()))
        self.waiting = 0
        self.address = address
        self._done: queue.SimpleQueue = queue.SimpleQueue()
        self._keys: dict[str, tuple[Hashable, Message]] = {}

    def _same_everywhere(self, address: str, isolation: str) -> None:
        try:
            facts = self.client.run(worker_facts, isolation)
        except Exception as e:
            raise WorkbookError(f"--scheduler {address}: a worker cannot load this course_lib ({_short(e)}). Start the workers "
                                "in the same environment, with the same repository") from None
        if not facts:
            raise WorkbookError(f"--scheduler {address}: the cluster has no worker. Start some: dask worker {address}")
        ours = worker_facts("none")[0]
        for worker, (environment, why) in facts.items():
            if environment != ours:
                raise WorkbookError(f"--scheduler {address}: worker {worker} has another version of Python, NumPy or course_lib than "
                                    "this process. Start it again in the same environment, with the same repository")
            if why:
                raise WorkbookError(f"--scheduler {address}: worker {worker} has no sandbox ({why}). Install it there, or say --no-sandbox")

    def submit(self, key: Hashable, message: Message) -> None:
        future = self.client.submit(run_message, message, pure=False, retries=2)
        self._keys[future.key] = key, message
        self.waiting += 1
        future.add_done_callback(self._done.put)

    def next(self) -> tuple[Hashable, Message]:
        """The next reply. Raises WorkbookError where the scheduler is gone."""
        gone = 0
        while gone < 2 * SCHEDULER_SECONDS:
            try:
                future = self._done.get(timeout=0.5)
            except queue.Empty:
                gone = gone + 1 if self.client.status != "running" else 0
                continue
            key, message = self._keys.pop(future.key)
            self.waiting -= 1
            try:
                return key, future.result()
            except Exception as e:  # its workers died again and again
                return key, given_up(message, f"the cluster failed: {_short(e)}")
        raise WorkbookError(f"--scheduler {self.address}: the scheduler is gone. Start it and run the command again: it goes on from there")

    def close(self, at_once: bool = False) -> None:
        """Leave the cluster; `at_once` with hand-ins waiting there, which the scheduler then forgets."""
        self.client.close()


def _short(e: BaseException) -> str:
    return " ".join(f"{type(e).__name__}: {e}".split())[:200]
