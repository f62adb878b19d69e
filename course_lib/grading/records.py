"""What became of each hand-in, as one JSON file each, so that a run that was stopped goes on where it was and a regrade
can say what changed. Lies beside the gradebook, and is written after the gradebook's commit.

records/ASSIGNMENT/STUDENT.json   the verdict, the scores, and the key: hashes of all that the scores depend on
records/seeds.json                the secret from which hidden tests are drawn, one an assignment
records/sources.json              which version of each assignment the gradebook knows
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import platform
import re
import secrets
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .course import WorkbookError, content_files

KEY = ("source", "submission", "environment", "limits", "isolation", "seed", "variant")
NOT_KEPT = {"notebooks"}  # of a record: the executed notebooks lie in autograded/
_SEED = re.compile(r"[0-9a-fA-F]{8,128}")


@dataclass(frozen=True)
class Records:
    """The records of one gradebook, in `folder`. Only the owner may read them: they hold grades and the seeds."""

    folder: Path

    def read(self, assignment: str, student: str) -> dict[str, Any] | None:
        """The record of a hand-in; None where there is none, or one that another version or a person left behind."""
        found = _read(self._path(assignment, student))
        whole = all(isinstance(found.get(name), kind) for name, kind in (("key", dict), ("scores", dict), ("verdict", str)))
        return found if whole and (found.get("student"), found.get("assignment")) == (student, assignment) else None

    def write(self, record: Mapping[str, Any], **more: Any) -> None:
        """Keep what a later run needs of `record`, and `more`."""
        kept = {name: value for name, value in record.items() if name not in NOT_KEPT} | more
        self._write(self._path(record["assignment"], record["student"]), kept)

    def _path(self, assignment: str, student: str) -> Path:
        short = student if len(os.fsencode(student)) < 240 else digest(student)
        return self.folder / assignment / f"{short}.json"

    def seed(self, assignment: str, given: str | None = None) -> str:
        """The assignment's seed: `given` (which is kept), else the one of the first run, else a new one. Raises
        WorkbookError where `given` is no hexadecimal number of 8 to 128 digits."""
        path = self.folder / "seeds.json"
        seeds = _read(path)
        if given is not None:
            if not _SEED.fullmatch(given):
                raise WorkbookError(f"--seed {given!r}: not a seed. It is a hexadecimal number of 8 to 128 digits, as in {path}")
            seed = given.lower()
        else:
            seed = seeds.get(assignment) or secrets.token_hex(16)
        if seeds.get(assignment) != seed:
            self._write(path, seeds | {assignment: seed})
        return seed

    def source(self, assignment: str) -> dict[str, Any]:
        """What `know_source` kept of the assignment; empty where nothing."""
        found = _read(self.folder / "sources.json").get(assignment)
        return found if isinstance(found, dict) else {}

    def know_source(self, assignment: str, **facts: Any) -> None:
        path = self.folder / "sources.json"
        self._write(path, _read(path) | {assignment: facts})

    def _write(self, path: Path, content: Mapping[str, Any]) -> None:
        """Whole or not at all, for the owner's eyes only."""
        for folder in (self.folder, path.parent):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")  # mkstemp's files are the owner's alone
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(content, file, indent=1, sort_keys=True, default=str)
            os.replace(beside, path)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


# --- what a score depends on ----------------------------------------------------------------------------------------

def digest(*parts: str | bytes) -> str:
    """One SHA-256 of several texts; each counts with its length, so that none can pass for two."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()


def plain_digest(value: Any) -> str:
    """The digest of plain values, whatever order their names have."""
    return digest(json.dumps(value, sort_keys=True))


@functools.cache
def environment() -> dict[str, str]:
    """What graded: versions, and the digest of this library's own source."""
    import numpy

    import course_lib

    top = Path(course_lib.__file__).parent
    files = [p for p in content_files(top) if p.suffix == ".py" and p.relative_to(top).parts[0] != "cli"]
    source = digest(*(part for p in files for part in (p.relative_to(top).as_posix(), p.read_bytes())))
    return {"python": platform.python_version(), "numpy": numpy.__version__, "course_lib": course_lib.__version__, "source": source}


def environment_hash() -> str:
    return plain_digest(environment())


def hashes_of_tests(frames: Mapping[str, str]) -> dict[str, str]:
    """{"notebook/grade id": digest} of every test cell of the frames: which of them a later version changed."""
    found = {}
    for name, text in frames.items():
        for cell in json.loads(text)["cells"]:
            label = cell.get("metadata", {}).get("nbgrader", {})
            if label.get("grade") and not label.get("solution"):
                source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
                found[f"{name}/{label['grade_id']}"] = digest(source, str(label.get("points")))[:16]
    return found


# --- what changed ---------------------------------------------------------------------------------------------------

def points(record: Mapping[str, Any]) -> float:
    """What the tests gave, without what a person changed in the gradebook."""
    return float(sum(s["score"] or 0.0 for cells in record["scores"].values() for s in cells.values()))


def changed_scores(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The cells whose score differs, as "id 2 → 0"."""
    before, after = ({i: s["score"] for cells in r["scores"].values() for i, s in cells.items()} for r in (old, new))
    return [f"{i} {_said(before.get(i))} → {_said(after.get(i))}" for i in {**before, **after}
            if before.get(i) != after.get(i)]


def _said(score: float | None) -> str:
    return "-" if score is None else f"{score:g}"


def reasons(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Why the two records of one hand-in may differ, most telling first."""
    before, after = old["key"], new["key"]
    differs = [name for name in KEY if before.get(name) != after.get(name)]
    said = []
    if "source" in differs:
        tests = _changed(old.get("tests") or {}, new.get("tests") or {})
        said.append(f"changed test cells: {', '.join(tests)}" if tests else "the notebook's locked cells or its data changed")
    if "submission" in differs:
        said.append("handed in anew")
    if "environment" in differs:
        was, now = old.get("environment") or {}, new.get("environment") or {}
        versions = [f"{n} {was.get(n, '?')} → {now[n]}" for n in ("python", "numpy", "course_lib") if was.get(n) != now.get(n)]
        said.append(f"another environment ({', '.join(versions) or 'course_lib was edited'})")
    said += [f"other {name}" if name == "limits" else f"another {name}" for name in ("limits", "isolation", "seed", "variant") if name in differs]
    if old["verdict"] != new["verdict"]:
        said.append(f"verdict {old['verdict']} → {new['verdict']}")
    return said or ["nothing that is known: what the answer does differs from run to run"]


def _changed(old: Mapping[str, str], new: Mapping[str, str]) -> Iterable[str]:
    return [name.partition("/")[2] for name in sorted({**old, **new}) if old.get(name) != new.get(name)]
