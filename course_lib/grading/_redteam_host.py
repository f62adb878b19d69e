"""The outside of an attack: what it could reach if it got out, and a process of its own for the side that grades it."""

from __future__ import annotations

import builtins
import contextlib
import faulthandler
import hashlib
import itertools
import os
import pickle
import resource
import secrets
import select
import shutil
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Self

from .course import Course

# What attacks have at hand. The word that `leak` prints is in no source, so that only a leak puts it into an output.
LEAK = 'leak = lambda *what: print("LE" + "AK:", *what)\n'
WIRE = '''\
import gc as _gc, json as _json, struct as _struct
_channel = [o for o in _gc.get_objects() if type(o).__name__ == "Channel"][0]
def frame(message, blob=b"", text=None, sizes=None):
    text = _json.dumps(message).encode() if text is None else text
    _channel.socket.setblocking(True)
    _channel.socket.sendall(_struct.pack(">II", *(sizes or (len(text), len(blob)))) + text + bytes(blob))
'''
_numbers = itertools.count()


def prepared(source: str) -> str:
    """The source with what it uses of the two in front."""
    return (LEAK if "leak(" in source else "") + (WIRE if "frame(" in source else "") + source


def fresh_id() -> str:
    return f"own{next(_numbers)}"


@dataclass
class Outside:
    """A folder that looks like a course, and a look round before and after: `traces` says what is not as it was."""

    course: Course
    traces: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.token = f"redteam-{secrets.token_hex(6)}"
        self.folder = Path(tempfile.mkdtemp(prefix="workbook-outside-"))
        self.sentinel = self.folder / "course"
        for name, text in (("gradebook.db", "SQLite format 3\0"), ("solutions/a.ipynb", "BEGIN SOLUTION"), ("records/mallory.json", '{"score": 0}')):
            (self.sentinel / name).parent.mkdir(parents=True, exist_ok=True)
            (self.sentinel / name).write_text(text)
        self.sentinel.chmod(0o777)
        self.before = self._look()
        return self

    def __exit__(self, *_) -> None:
        after = self._look()
        self.traces += [f"{what} is not as it was" for what in self.before if after[what] != self.before[what]]
        end = time.monotonic() + 5
        while (left := list(self._left())) and time.monotonic() < end:
            time.sleep(0.05)  # what was killed just now may still be on its way out
        self.traces += [f"left behind: {what}" for what in left]
        shutil.rmtree(self.folder, ignore_errors=True)

    def _look(self) -> dict[str, str]:
        looked = {"the folder outside": _tree(self.sentinel)}
        for name in ("gradebook.db", "nbgrader_config.py", "environment.yml"):
            looked[name] = _tree(self.course.root / name)
        for name in ("shm", "msg", "sem"):
            with contextlib.suppress(OSError):
                rows = Path(f"/proc/sysvipc/{name}").read_text().splitlines()[1:]
                looked[f"the machine's {name}"] = " ".join(sorted(r.split()[1] for r in rows if r.split()[-1] == "@"))
        return looked

    def _left(self) -> Iterator[str]:
        """Files, processes and sockets that bear the attack's mark."""
        for folder in {Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"), Path("/dev/mqueue"), Path(tempfile.gettempdir()), Path.home(), Path.cwd()}:
            with contextlib.suppress(OSError):
                yield from (str(folder / n) for n in os.listdir(folder) if self.token in n)
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                said = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/comm").read_bytes()
                if self.token[:15].encode() in said:  # as much as a process' name may hold
                    yield f"process {pid}"
        with contextlib.suppress(OSError):
            yield from ("a socket" for line in Path("/proc/net/unix").read_text().splitlines() if self.token in line)


def _tree(path: Path) -> str:
    """A hash of a file, or of everything below a folder, caches left out."""
    digest = hashlib.sha256()
    for p in sorted([path, *path.rglob("*")]) if path.exists() else ():
        if "__pycache__" not in p.parts and ".ipynb_checkpoints" not in p.parts:
            with contextlib.suppress(FileNotFoundError):
                digest.update(str(p).encode() + (p.read_bytes() if p.is_file() else b""))
    return digest.hexdigest()


# --- a process of its own ---------------------------------------------------------------------------------------------

@dataclass
class Done:
    """What came of work in a process of its own: its value (None where it ended otherwise, `how`), by how much its memory
    grew, and what of its own state it found changed."""

    value: Any
    how: str
    grown_mb: int
    changed: list[str]


def apart(work: Callable[[], Any], seconds: float, memory: int) -> Done:
    """Do `work` in a forked process that may take so long and so much more memory. What it gives is pickled, by our own code."""
    inlet, outlet = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.close(inlet)
            os.setpgid(0, 0)
            faulthandler.disable()
            has = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (has + memory, has + memory))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            before, start = state(), _resident()
            try:
                value, how = work(), ""
            except BaseException as e:  # it must not raise for anything: which error it was is the finding
                value, how = None, f"raised {type(e).__name__}: {str(e)[:300]}"
            resource.setrlimit(resource.RLIMIT_AS, (has + memory, has + memory))
            grown = (_peak() - start) >> 20
            now = state()
            with open(outlet, "wb") as out:
                pickle.dump((value, how, grown, [f"the trusted process's {n} changed{which(before[n], now[n])}" for n in before if before[n] != now[n]]), out)
            code = 0
        finally:
            os._exit(code)
    os.close(outlet)
    parts, late, end = [], False, time.monotonic() + seconds
    while True:
        ready, _, _ = select.select([inlet], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            late = True
            os.killpg(pid, signal.SIGKILL)
            break
        part = os.read(inlet, 1 << 20)
        if not part:
            break
        parts.append(part)
    os.close(inlet)
    _, status, used = os.wait4(pid, 0)
    if late or status or not parts:
        how = f"took more than {seconds:g} seconds" if late else f"died ({signal.Signals(status & 127).name if status & 127 else status >> 8})"
        return Done(None, how, max(0, (used.ru_maxrss >> 10) - (_resident() >> 20)), [])
    return Done(*pickle.loads(b"".join(parts)))


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _peak() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))


def state() -> dict[str, Any]:
    """What a hand-in must not change of the process that grades it."""
    import numpy as np

    import course_lib
    from course_lib import check, conv, flat
    from course_lib.check import compare, engine

    modules = (np, np.testing, np.linalg, course_lib, check, engine, compare, conv, flat, builtins)
    return {"functions": {m.__name__: {n: id(v) for n, v in vars(m).items() if callable(v) and n != "input"} for m in modules},
            "environment": dict(os.environ), "working directory": os.getcwd(), "threads": threading.active_count(),
            "open files": len(os.listdir("/proc/self/fd")), "path": list(sys.path), "standard streams": (id(sys.stdout), id(sys.stderr), id(sys.stdin)),
            "signal handlers": {n: str(signal.getsignal(n)) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGCHLD)},
            "floating point errors": np.geterr(), "print options": str(np.get_printoptions()), "recursion limit": sys.getrecursionlimit(),
            "warning filters": len(warnings.filters), "umask": _umask(), "random numbers": str(np.random.get_state()[1][:4]),
            "hooks": (id(sys.excepthook), id(sys.displayhook), id(sys.settrace), id(builtins.__import__), id(builtins.print))}


def which(before: Any, now: Any) -> str:
    """Of a dict of dicts the entries that differ; else both values."""
    if isinstance(before, dict) and all(isinstance(v, dict) for v in before.values()):
        return ": " + ", ".join(f"{m}.{n}" for m in before for n in before[m] | now[m] if before[m].get(n) != now[m].get(n))[:300]
    return f": {before} is now {now}"[:300]


def _umask() -> int:
    mask = os.umask(0o22)
    os.umask(mask)
    return mask


# --- pages ------------------------------------------------------------------------------------------------------------

class _Active(HTMLParser):
    """Notes what a browser would run or fetch."""

    def __init__(self):
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attributes):
        if tag in ("script", "iframe", "object", "embed", "svg", "math", "form", "base", "link", "applet", "video", "audio"):
            self.found.append(f"<{tag}>")
        for name, value in attributes:
            value = "".join((value or "").split()).lower()
            if name.startswith("on") or value.startswith(("javascript:", "vbscript:", "data:text")) or (name in ("src", "srcset") and not value.startswith("data:image/")):
                self.found.append(f"{name}={value[:40]}")

    handle_startendtag = handle_starttag


def active(page: str) -> list[str]:
    """What is active in a page of HTML."""
    reader = _Active()
    reader.feed(page)
    return reader.found
