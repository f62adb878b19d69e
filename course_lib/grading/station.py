"""A warm process that grades one hand-in after another: `python -m course_lib.grading.station`.

It has imported everything once. Messages come on stdin and replies go to stdout, each JSON with its length in front; what
anything prints goes to stderr. Every message is worked on in a forked child of its own, so that nothing of one hand-in is
left when the next comes, on this side either. A child that takes too long, or dies, costs its own message alone.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import warm
from .messages import Message, not_graded, pack, receive, seconds_for
from .warm import Sandboxes

_protocol: list[int] = []  # the station's own ends of the two pipes, which no child keeps


# --- what is done with a message, in the child -----------------------------------------------------------------------

def work(message: Message, sandbox: Any) -> Message:
    """{"do": "grade", "job": …} → {"record": …, "environment": …}; {"do": "pages", …} → {"pages": {file name: HTML}}."""
    if message["do"] == "pages":
        return {"pages": make_pages(message)}
    from .records import environment_hash

    return {"record": warm.executor().run_hand_in(message["job"], sandbox), "environment": environment_hash()}


def make_pages(message: Message) -> dict[str, str]:
    """The feedback pages of a record, as text: the process that asked writes them."""
    from .pages import write_feedback

    with tempfile.TemporaryDirectory() as folder:
        paths = write_feedback(message["record"], folder, comments=message.get("comments"), scores=message.get("scores"),
                               penalty=message.get("penalty"))
        return {p.name: p.read_text(encoding="utf-8") for p in paths}


def _warm() -> None:
    """Import what every hand-in needs, once. What lives by then is never looked at again by the collector, so that a
    child shares its memory."""
    # jsonschema's check of international addresses builds a grammar for seconds; no notebook schema asks for it.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    import nbformat  # noqa: F401
    import numpy  # noqa: F401

    import course_lib.check  # noqa: F401

    from . import pages, records  # noqa: F401

    warm.executor().prepare()
    records.environment_hash()
    gc.collect()
    gc.freeze()


# --- the station -----------------------------------------------------------------------------------------------------

def handle(message: Message, sandboxes: Sandboxes, parent: int | None, do: Callable[[Message, Any], Message] = work) -> Message:
    """The reply to one message, worked out in a child. "died" in the reply: worth another try. Raises EOFError where
    nobody waits for it any more."""
    job = message.get("job") or message["record"]
    grading = message["do"] == "grade"
    try:
        sandbox = sandboxes.take(job) if grading else None
    except Exception as e:
        return {"record": not_graded(job, f"no sandbox: {_line(e)}"), "died": True}
    seconds = seconds_for(message)
    if not hasattr(os, "fork"):  # Windows: the hand-in's own code has a process of its own all the same
        return _attempt(message, sandbox, do)
    reply, how = _in_a_child(lambda: _attempt(message, sandbox, do), seconds, parent)
    if reply is None and grading:
        sandboxes.drop(job)
    if reply is not None:
        return reply
    if how == "late":
        why = f"it took more than {seconds:g} seconds in all and was stopped: no score. Run it by hand, or raise the limit"
        return {"record": not_graded(job, why, "timeout")} if grading else {"failed": why}
    why = f"the process that graded it died ({how})"
    return {"record": not_graded(job, why), "died": True} if grading else {"failed": why, "died": True}


def _attempt(message: Message, sandbox: Any, do: Callable[[Message, Any], Message]) -> Message:
    try:
        return do(message, sandbox)
    except Exception as e:  # a fault of ours, or of the machine (a full disk): the class goes on and the table says so
        traceback.print_exc()
        if message["do"] == "grade":
            return {"record": not_graded(message["job"], _line(e))}
        return {"failed": _line(e)}


def _line(e: BaseException) -> str:
    return " ".join(f"{type(e).__name__}: {e}".split())


def _in_a_child(task: Callable[[], Message], seconds: float, parent: int | None) -> tuple[Message | None, str]:
    """(what `task` gave in a forked child, ""), or (None, why not): "late", or how the child ended.

    The child has a process group of its own, which is killed at the end, whatever is left in it. Where the pipe `parent`
    is closed at its other end, nobody waits any more: the child is ended. Raises EOFError then.
    """
    inlet, outlet = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    us = os.getpid()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setpgid(0, 0)
            for fd in _protocol:
                os.close(fd)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            _end_with(us)
            os.close(inlet)
            with open(outlet, "wb") as out:
                out.write(pack(task()))
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(outlet)
    with contextlib.suppress(OSError):  # the child did it already
        os.setpgid(child, child)
    data, late = _drain(inlet, time.monotonic() + seconds, parent, child)
    os.close(inlet)
    reply = _complete(data)
    ended, status = 0, 0
    end = time.monotonic() + 2
    while reply is None and not late and not ended and time.monotonic() < end:  # it closed the pipe: how it ends tells why
        ended, status = os.waitpid(child, os.WNOHANG)
        time.sleep(0.01)
    _kill_group(child)
    if not ended:
        _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if reply is not None:
        return reply, ""
    return None, "late" if late else signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _drain(inlet: int, end: float, parent: int | None, child: int) -> tuple[bytes, bool]:
    """(all that the child writes, whether the time was up before it had done)."""
    parts: list[bytes] = []
    poll = select.poll()
    poll.register(inlet, select.POLLIN)
    if parent is not None:
        poll.register(parent, 0)  # its hanging up is told without being asked for; what it sends next waits
    while (left := end - time.monotonic()) > 0:
        for fd, event in poll.poll(left * 1000):
            if fd == parent and event & (select.POLLHUP | select.POLLERR):
                _kill_group(child)
                raise EOFError("nobody waits any more")
            if fd == inlet:
                part = os.read(inlet, 1 << 20)
                if not part:
                    return b"".join(parts), False
                parts.append(part)
    return b"".join(parts), True


def _complete(data: bytes) -> Message | None:
    size = int.from_bytes(data[:8], "big")
    return json.loads(data[8:]) if len(data) >= 8 and len(data) == 8 + size else None


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _end_with(parent: int) -> None:
    """End when `parent` ends, also when that is killed (Linux)."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os._exit(1)


def main(do: Callable[[Message, Any], Message] = work) -> None:
    """Answer messages until stdin ends."""
    # A handler that does nothing: an ignored signal would stay ignored in children, and no endless loop of theirs could
    # be interrupted. (The terminal's Control-C does not come here anyway: a station has a session of its own.)
    signal.signal(signal.SIGINT, lambda *_: None)
    inlet, outlet = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.stdin = Path(os.devnull).open(encoding="utf-8")
    _protocol[:] = [inlet, outlet]
    sandboxes = Sandboxes()
    _warm()
    try:
        with open(inlet, "rb", buffering=0) as messages, open(outlet, "wb") as replies:
            while (message := receive(messages)) is not None:
                replies.write(pack(handle(message, sandboxes, messages.fileno() if hasattr(select, "poll") else None, do)))
                replies.flush()
    except (EOFError, BrokenPipeError):  # the process that asked is gone
        pass
    finally:
        sandboxes.close()


if __name__ == "__main__":
    main()
