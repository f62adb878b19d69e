"""Bounds on what this process does for a hand-in: a test's function, or the reference in an earlier answer's place, called
from the student's process with whatever it likes."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator

MEMORY = 512 << 20  # bytes on top of what the process has
GRACE = 0.25  # seconds beyond the deadline: whoever waits for the other side notices by itself, and first
_inside = threading.local()


class OutOfTime(BaseException):
    """The work went on until its deadline. No `except Exception` of the work keeps it going."""


@contextlib.contextmanager
def bounded(deadline: float | None, memory: int = MEMORY) -> Iterator[None]:
    """Raise MemoryError in the block where it takes so much more memory (Linux), and OutOfTime at the deadline (a time of
    `time.monotonic()`; in the main thread of a Unix process). A block inside a bounded block changes nothing."""
    if getattr(_inside, "block", False) or os.name != "posix":
        yield
        return
    _inside.block = True
    try:
        with _memory(memory), _time(deadline):
            yield
    finally:
        _inside.block = False


@contextlib.contextmanager
def _memory(most: int) -> Iterator[None]:
    if sys.platform != "linux":
        yield
        return
    import resource

    with open("/proc/self/statm", encoding="ascii") as f:
        mapped = int(f.read().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limits = [v for v in (mapped + most, soft, hard) if v != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min(limits), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@contextlib.contextmanager
def _time(deadline: float | None) -> Iterator[None]:
    if deadline is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_):
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, stop)
    left, interval = signal.setitimer(signal.ITIMER_REAL, max(0.01, deadline + GRACE - time.monotonic()))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left, interval)
        signal.signal(signal.SIGALRM, before)
