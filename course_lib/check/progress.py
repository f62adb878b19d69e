"""A learner's progress: what `check` and `hint` said in a notebook, kept in one small file beside the notebooks.

It is recorded in a Jupyter kernel only, and only where the file is there: in the notebook's folder or in the one above it.
`workbook lab` puts one into work/. So nothing is recorded when a hand-in is graded (no kernel), nor in solutions/ and
notebooks/ (no file). Whatever goes wrong with the file, the check is not affected: a note says what it was.

The file holds, for each exercise, the best share of the points, how many different answers were checked, the misconceptions
met (how often, and whether overcome: a later answer was right), and how often each hint was asked for. No times, no answers.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from .report import CheckResult

FILE = ".workbook-progress.json"
LOCK = ".workbook-progress.lock"
VERSION = 1
WAIT = 0.3  # seconds that a check waits for another kernel to have written
MOST_WAITING = 500  # events that are kept until the file can be written

State = dict[str, Any]  # {"version": 1, "exercises": {id: entry}, and "off": true where nothing is to be recorded}
Event = Callable[[State], None]

_waiting: list[Event] = []  # what could not be written yet
_said: set[str] = set()


class Damaged(ValueError):
    """A file that holds no progress."""


def find(folder: Path | str | None = None) -> Path | None:
    """The file for notebooks in `folder` (default: the current one): there, or in the folder above; None where there is none."""
    here = Path(folder) if folder is not None else Path.cwd()
    return next((path for path in (here / FILE, here.resolve().parent / FILE) if path.is_file()), None)


def begin(folder: Path) -> None:
    """Have progress recorded for the notebooks in `folder` and in its folders, if that can be."""
    with contextlib.suppress(OSError):
        with open(folder / FILE, "x", encoding="utf-8") as file:
            file.write(_text(_empty()))


def read(path: Path) -> State:
    """What the file says. Raises Damaged where it holds no progress, OSError where it cannot be read."""
    text = path.read_bytes()
    if not text.strip():
        return _empty()  # an empty file says: record here
    try:
        return _looked_at(json.loads(text.decode("utf-8")))
    except (ValueError, RecursionError) as error:
        raise Damaged(f"{path}: no progress in it ({error})") from None


def noted(verdict: CheckResult, functions: Sequence[Callable]) -> CheckResult:
    """Record a verdict. The same verdict is returned, with a note where something is to be said about the file."""
    if verdict.hidden or verdict.status == "unsolved" or not _learners():
        return verdict
    note = _record(lambda: _checked(verdict, _fingerprint(verdict, functions)))
    if not note:
        return verdict
    return CheckResult(verdict, exercise=verdict.exercise, status=verdict.status, points=verdict.points, headline=verdict.headline,
                       lines=(*verdict.lines, ("note", note)), ideas=verdict.ideas, hidden=verdict.hidden)


def hinted(exercise_id: str, step: int) -> None:
    """Record that a hint was asked for."""
    if _learners():
        note = _record(lambda: _asked(exercise_id, step))
        _said.discard(note or "")  # a hint has no place for it: the next check says it


def switch(path: Path, on: bool) -> None:
    """Record from now on, or no more; what is recorded stays. Raises Damaged and OSError."""
    with _locked(path.parent, 5.0) as free:
        if not free:
            raise OSError(0, "another notebook is writing to it; try again", str(path))
        state = read(path)
        state.pop("off", None)
        _write(path, state if on else {**state, "off": True})


# --- what happened ---------------------------------------------------------------------------------------------------


def _checked(verdict: CheckResult, fingerprint: str) -> Event:
    share = round(float(verdict) / verdict.points, 4)

    def event(state: State) -> None:
        entry = _entry(state, verdict.exercise)
        if entry.get("last") == fingerprint:  # the same answer once more, as with Run All
            return
        entry["last"] = fingerprint
        entry["attempts"] += 1
        entry["best"] = max(entry["best"], share)
        for name in verdict.ideas:
            idea = entry["ideas"].setdefault(name, {"met": 0, "overcome": False})
            idea["met"] += 1
            idea["overcome"] = False
        if verdict.status == "passed":
            for idea in entry["ideas"].values():
                idea["overcome"] = True

    return event


def _asked(exercise_id: str, step: int) -> Event:
    def event(state: State) -> None:
        hints = _entry(state, exercise_id)["hints"]
        hints[str(step)] = hints.get(str(step), 0) + 1

    return event


def _entry(state: State, exercise_id: str) -> dict[str, Any]:
    return state["exercises"].setdefault(exercise_id, {"best": 0.0, "attempts": 0, "ideas": {}, "hints": {}})


def _fingerprint(verdict: CheckResult, functions: Sequence[Callable]) -> str:
    """Tells one answer from another; nothing of the answer can be read from it."""
    said = [verdict.status, repr(verdict), *verdict.ideas]
    for function in functions:
        with contextlib.suppress(Exception):  # a function without a source: only what it did counts
            said.append(inspect.getsource(function))
    return hashlib.sha256("\0".join(said).encode("utf-8", "replace")).hexdigest()[:12]


def _learners() -> bool:
    """Is this a Jupyter kernel? Grading and tests run checks in plain processes."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


# --- the file --------------------------------------------------------------------------------------------------------


def _record(what: Callable[[], Event]) -> str | None:
    """Apply what happened to the file; a note the first time that something about the file is to be said."""
    try:
        path = find()
        note = _apply(path, what()) if path else None
    except Exception as error:  # never the check's trouble
        note = f"Your progress could not be recorded ({type(error).__name__}: {error}). The check is not affected."
    if note is None or note in _said:
        return None
    _said.add(note)
    return note


def _apply(path: Path, event: Event) -> str | None:
    _waiting.append(event)
    del _waiting[:-MOST_WAITING]
    note = None
    try:
        with _locked(path.parent, WAIT) as free:
            if not free:  # another kernel is writing: the next check writes both
                return None
            try:
                state = read(path)
            except Damaged:
                kept = _set_aside(path)
                state = _empty()
                note = f"Your progress file could not be read. It was kept as {kept.name}, and a new one begins."
            if not state.get("off"):
                for one in _waiting:
                    one(state)
                _write(path, state)
    except OSError as error:
        return f"Your progress could not be written to {path.name} ({error.strerror or error}). The check is not affected."
    _waiting.clear()
    return note


@contextlib.contextmanager
def _locked(folder: Path, seconds: float) -> Iterator[bool]:
    """Hold the lock of the folder's file; False where another process has it for longer than `seconds`. It ends with the process."""
    with open(folder / LOCK, "ab") as file:
        until = time.monotonic() + seconds
        while not (free := _try_lock(file)) and time.monotonic() < until:
            time.sleep(0.01)
        yield free  # closing the file gives the lock back


def _try_lock(file) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _set_aside(path: Path) -> Path:
    for number in range(1, 1000):
        kept = path.with_name(f"{path.name}.damaged-{number}")
        if not kept.exists():
            os.replace(path, kept)
            return kept
    raise OSError(0, "too many damaged files beside it", str(path))


def _write(path: Path, state: State) -> None:
    """The file whole or not at all: written beside, then renamed over it."""
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=FILE, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(_text(state))
        os.chmod(beside, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise


def _empty() -> State:
    return {"version": VERSION, "exercises": {}}


def _text(state: State) -> str:
    return json.dumps(state, indent=1, sort_keys=True) + "\n"


def _looked_at(data: Any) -> State:
    """The state that `data` holds, in the form that the rest relies on; ValueError where it is none."""
    if not isinstance(data, dict) or data.get("version") != VERSION or not isinstance(data.get("exercises"), dict):
        raise ValueError(f"expected a dict of version {VERSION} with exercises")
    exercises = {}
    for id, entry in data["exercises"].items():
        if not isinstance(entry, dict):
            raise ValueError(f"{id}: expected a dict")
        ideas, hints = entry.get("ideas", {}), entry.get("hints", {})
        if not isinstance(ideas, dict) or not isinstance(hints, dict) or not all(isinstance(i, dict) for i in ideas.values()):
            raise ValueError(f"{id}: expected dicts of ideas and hints")
        exercises[id] = {
            "best": min(1.0, max(0.0, float(entry.get("best", 0)))),
            "attempts": _count(entry.get("attempts", 0)),
            "ideas": {name: {"met": _count(i.get("met", 0)), "overcome": i.get("overcome") is True} for name, i in ideas.items()},
            "hints": {step: _count(n) for step, n in hints.items() if step in ("1", "2", "3")},
            **({"last": entry["last"]} if isinstance(entry.get("last"), str) else {}),
        }
    return {"version": VERSION, "exercises": exercises, **({"off": True} if data.get("off") is True else {})}


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"expected a count, got {value!r}")
    return value
