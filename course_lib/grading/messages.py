"""What goes between the processes that grade: messages with their length in front, and the record of a hand-in without scores.

Between processes of ours only: what a student's process says goes over `box.wire`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, BinaryIO

NOT_GRADED = "not-graded"  # something here failed, not the hand-in: an earlier score stays as it was
HAND_IN_SECONDS = 600  # for all cells of a hand-in; the executor keeps it, and each cell has limits of its own
PAGES_SECONDS = 120
MAX_MESSAGE = 1 << 30

Message = dict[str, Any]


def pack(message: Mapping[str, Any]) -> bytes:
    data = json.dumps(message).encode("ascii")  # lone surrogates are escapes, and so pass
    return len(data).to_bytes(8, "big") + data


def receive(stream: BinaryIO) -> Message | None:
    """The next message; None at the end of the stream, or where it stopped half-way."""
    head = _exactly(stream, 8)
    if head is None:
        return None
    size = int.from_bytes(head, "big")
    if size > MAX_MESSAGE:
        raise ValueError(f"a message of {size} bytes")
    data = _exactly(stream, size)
    return None if data is None else json.loads(data)


def _exactly(stream: BinaryIO, size: int) -> bytes | None:
    parts, left = [], size
    while left:
        part = stream.read(min(left, 1 << 20))
        if not part:
            return None
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def seconds_for(message: Mapping[str, Any]) -> float:
    """What a message may take before it is stopped from outside: enough for cells that are run again (after a crash, or
    with an error carried forward)."""
    if message["do"] != "grade":
        return PAGES_SECONDS
    return 3 * float(message["job"].get("limits", {}).get("hand_in_seconds", HAND_IN_SECONDS)) + 5


def not_graded(job: Mapping[str, Any], why: str, verdict: str = NOT_GRADED) -> Message:
    """The record of a hand-in for which there are no scores."""
    return {"student": job["student"], "assignment": job["assignment"], "verdict": verdict, "notes": [why], "ideas": [],
            "unsolved": 0, "errors": 0, "scores": {}, "notebooks": {}, "flags": [], "isolation": "", "seed": job.get("seed", ""),
            "hashes": {}, "times": {}}
