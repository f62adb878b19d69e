"""The warm process inside the sandbox: everything that takes long is imported once, and each box is a fork of it.

It holds no submission, ever: what it reads is only which limits a box has, and two sockets for it. A fork becomes the
box's *warder*, which makes the namespaces, forks the inmate into them, watches its memory and ends it when told to or
when the other end of its socket is gone. Where a kernel grants no namespaces inside namespaces, one template serves
one box (`"nested": false`), and bubblewrap's own sandbox is the box's.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import shutil
import signal
import socket
import sys

from . import namespaces, syscalls

OWN = {"/dev/shm": 1 << 20, "/proc": 4096}  # folders that are a box's own and empty, and their bytes
SCRATCH = 64 << 20  # bytes of its home, and of its folder for temporary files
WATCH = 0.05  # seconds between two looks at the memory


def main(control_fd: int, options: dict) -> None:
    """options: "isolated" (inside bubblewrap), "nested" (namespaces for each box), "modules" to import beforehand, "scratch":
    the folders that a box may write to."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Control-C in the instructor's terminal is the grader's to handle
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # warders tell what happened themselves
    control = socket.socket(fileno=control_fd)
    if options["isolated"]:
        namespaces.become_nobody()
    _warm(options["modules"], options.get("fonts"))
    from .shell import Shell

    shell = Shell.make(lambda output: None)
    empty = {**dict.fromkeys(options["scratch"], SCRATCH), **OWN}
    nested, why = _probe(empty) if options["isolated"] and options["nested"] else (False, "not asked for")
    gc.collect()
    gc.freeze()  # so that collecting in a fork does not copy every page
    control.sendall(json.dumps({"ready": True, "nested": nested, "why": why}).encode() + b"\n")
    while True:
        data, fds, _, _ = socket.recv_fds(control, 65536, 2)
        if not data:
            return
        if os.fork() == 0:
            control.close()
            _warder(socket.socket(fileno=fds[0]), socket.socket(fileno=fds[1]), json.loads(data),
                    empty if nested else None, options["isolated"], shell)
        for fd in fds:
            os.close(fd)
        if not nested:
            with contextlib.suppress(OSError):  # one box only: what is left to do is to wait until nobody needs it
                control.recv(1)
            return


def _warm(modules: list[str], fonts: str | None) -> None:
    if fonts:  # Matplotlib's list of fonts, which takes a second to make
        target = os.environ["MPLCONFIGDIR"]
        os.makedirs(target, exist_ok=True)
        for name in os.listdir(fonts):
            if name.startswith("fontlist"):
                with contextlib.suppress(OSError):
                    shutil.copyfile(os.path.join(fonts, name), os.path.join(target, name))
    for name in modules:
        with contextlib.suppress(ImportError):
            __import__(name)


def _probe(empty: dict[str, int]) -> tuple[bool, str]:
    """Does the kernel give a box its own namespaces inside ours? Tried in a process that ends at once."""
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            namespaces.new_user_and_processes()
            if child := os.fork():
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(child, 0)
            else:
                namespaces.shut_in(empty)
                namespaces.drop_rights()
                os.write(into, b"yes")
        except OSError as e:
            os.write(into, str(e).encode()[:500])
        os._exit(0)
    os.close(into)
    said = b"".join(iter(lambda: os.read(out, 4096), b"")).decode()
    os.close(out)
    return said == "yes", "" if said == "yes" else said or "the process that tried ended"


# --- the warder -----------------------------------------------------------------------------------------------------

def _warder(channel: socket.socket, status: socket.socket, limits: dict, empty: dict[str, int] | None, isolated: bool, shell) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        if empty:
            namespaces.new_user_and_processes()
        pid = os.fork()
        if pid == 0:
            status.close()
            _inmate(channel, limits, empty, isolated, shell)
        channel.close()
        _tell(status, _watch(pid, status, limits["memory_bytes"]))
    except OSError as e:
        _tell(status, {"failed": str(e)})
    finally:
        os._exit(0)


def _tell(status: socket.socket, what: dict) -> None:
    with contextlib.suppress(OSError):
        status.sendall(json.dumps(what).encode() + b"\n")


def _watch(pid: int, status: socket.socket, memory_bytes: int) -> dict:
    """Wait for the inmate's end, and bring it about: when told to, when the other end is gone, or over its memory."""
    watched, killed, base = os.pidfd_open(pid), None, _memory(pid)
    while True:
        ready, _, _ = select.select([watched, status], [], [], WATCH)
        if watched in ready:
            break
        if status in ready:
            killed = killed or "told"
        elif _memory(pid) - base > memory_bytes and _memory(pid, shared_once=True) > memory_bytes:
            killed = "memory"
        if killed:
            os.kill(pid, signal.SIGKILL)
            select.select([watched], [], [])
            break
    _, code, used = os.wait4(pid, 0)
    ours = os.times()  # the namespaces', and watching
    return {"killed": killed, "code": os.waitstatus_to_exitcode(code), "cpu": used.ru_utime + used.ru_stime + ours.user + ours.system,
            "peak_kb": used.ru_maxrss}


def _memory(pid: int, shared_once: bool = False) -> int:
    """Bytes in memory of a process and all its descendants. (In its process namespace an orphan's parent is its init.)

    What processes share counts for each of them, which is quick to find out; `shared_once`: each has its part of it.
    """
    parents, sizes = {}, {}
    for entry in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if entry.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                with open(f"/proc/{entry}/stat", "rb") as f:
                    fields = f.read().rpartition(b")")[2].split()
                parents[int(entry)], sizes[int(entry)] = int(fields[1]), int(fields[21])
                if fields[0] == b"Z":  # its first thread has ended; others may live on, and hold as much as ever
                    sizes[int(entry)] = max((_resident(entry, thread) for thread in os.listdir(f"/proc/{entry}/task")), default=0)
    family = {pid}
    while more := {p for p, parent in parents.items() if parent in family} - family:
        family |= more
    page = os.sysconf("SC_PAGE_SIZE")
    parts = {p: _part(p) for p in family} if shared_once else {}
    return sum(sizes.get(p, 0) * page if (part := parts.get(p)) is None else part for p in family)


def _resident(pid: str, thread: str) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        with open(f"/proc/{pid}/task/{thread}/statm", "rb") as f:
            return int(f.read().split()[1])
    return 0


def _part(pid: int) -> int | None:
    """Bytes of a process, what it shares divided by the number of those who share it; 0 where it has ended, None where it
    does not let one look."""
    try:
        for thread in sorted(os.listdir(f"/proc/{pid}/task"), key=int):
            with contextlib.suppress(ProcessLookupError), open(f"/proc/{pid}/task/{thread}/smaps_rollup", encoding="ascii") as f:
                for line in f:
                    if line.startswith("Pss:"):
                        return int(line.split()[1]) << 10
    except (OSError, ValueError, IndexError):
        return None if os.path.exists(f"/proc/{pid}/task") else 0
    return 0


# --- the inmate -----------------------------------------------------------------------------------------------------

def _inmate(channel: socket.socket, limits: dict, empty: dict[str, int] | None, isolated: bool, shell) -> None:
    try:
        os.setsid()
        _only(channel.fileno())
        if sys.platform == "linux":
            namespaces.die_with_parent()
            namespaces.first_to_go()
            namespaces.limit(limits["cpu_seconds"], limits["memory_bytes"], limits["processes"], limits["file_bytes"])
        if empty:
            namespaces.shut_in(empty)
        if isolated:
            namespaces.drop_rights()
            syscalls.filter_calls()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _fresh_randomness()
        from .inmate import Inmate
        from .wire import Channel

        Inmate(Channel(channel), shell).live()
    except BaseException:  # whatever ended it: the other side sees a closed socket, and nothing is printed anywhere
        os._exit(1)
    os._exit(0)


def _only(keep: int) -> None:
    """No file open but the socket; what C code prints goes nowhere."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nothing, fd)
    highest = max((int(n) for n in os.listdir("/proc/self/fd")), default=256) if os.path.isdir("/proc/self/fd") else 256
    for fd in range(3, highest + 1):
        if fd != keep:
            with contextlib.suppress(OSError):
                os.close(fd)


def _fresh_randomness() -> None:
    """Forks of one process would all draw the same numbers."""
    import random

    import numpy as np

    random.seed()
    np.random.seed()


if __name__ == "__main__":
    main(int(sys.argv[1]), json.loads(sys.argv[2]))
