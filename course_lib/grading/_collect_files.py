"""The files in which hand-ins arrive: notebooks, and zips of them with or without a manifest."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from course_lib.grading._collect_names import Found
from course_lib.grading._strange_names import spelled
from course_lib.grading._strange_notebooks import MAX_BYTES, Refused
from course_lib.grading._strange_zips import read_zip
from course_lib.grading.course import NOT_CONTENT, WorkbookError
from course_lib.grading.strangers import read_file
from course_lib.grading.submit import MANIFEST

OTHER_ARCHIVES = {".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".xz"}


def open_hand_in(path: Path, shown: str, most: int = MAX_BYTES) -> list[Found]:
    """The notebooks in one file; none for a file that is no hand-in. Raises Refused."""
    suffix = path.suffix.lower()
    if suffix in OTHER_ARCHIVES:
        raise Refused("other-archive", f"a {suffix} archive; ask for a zip (`workbook submit` makes one) or unpack it into this folder")
    place = PurePosixPath(shown)
    if suffix != ".zip" and not _is_notebook(place):
        return []
    data = read_file(path, most)
    return [Found(spelled(shown), place, data)] if suffix == ".ipynb" else _open_zip(data, shown, place, most)


def _open_zip(data: bytes, shown: str, place: PurePosixPath, most: int) -> list[Found]:
    """The notebooks in a zip. Raises Refused."""
    content, _ = read_zip(data, lambda name: name == MANIFEST or _is_notebook(PurePosixPath(name)), most=most)
    manifest = _manifest(content.pop(MANIFEST, None))
    if not content:
        raise Refused("no-notebook", "holds no notebook")
    return [Found(f"{spelled(shown)}: {spelled(name)}", PurePosixPath(name), d, place, manifest) for name, d in content.items()]


def _is_notebook(path: PurePosixPath) -> bool:
    hidden = any(part in NOT_CONTENT or part.startswith(("__MACOSX", "._")) for part in path.parts)
    return path.suffix.lower() == ".ipynb" and not hidden


def _manifest(data: bytes | None) -> Mapping:
    if data is None:
        return {}
    try:
        manifest = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Refused("damaged", f"its {MANIFEST} is not JSON; ask for a new `workbook submit`") from None
    texts = isinstance(manifest, dict) and all(isinstance(manifest.get(k), str) for k in ("assignment", "student", "time"))
    if not texts or time_told(manifest["time"]) is None:
        raise Refused("damaged", f"its {MANIFEST} names no student, assignment and time; ask for a new `workbook submit`")
    return {**manifest, "time": time_told(manifest["time"])}


def time_told(text: str) -> datetime | None:
    """The time that a text tells, as UTC; one without a zone is taken for UTC. None for any other text."""
    try:
        time = datetime.fromisoformat(text.strip().removesuffix(" UTC"))
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def received_at(text: str) -> datetime:
    """The time of `--received`, such as "2026-11-21 13:00 UTC" or "2026-11-21T14:00+01:00". Raises WorkbookError for a text
    that is no time, or tells no zone."""
    time = time_told(text)
    if time is None or not (text.strip().endswith((" UTC", "Z")) or re.search(r"[+-]\d\d:?\d\d$", text.strip())):
        raise WorkbookError(f"--received {text!r}: not a time with its zone. Write it like \"2026-11-21 13:00 UTC\" or 2026-11-21T14:00+01:00")
    return time
