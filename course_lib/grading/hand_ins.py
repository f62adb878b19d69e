"""Which hand-ins there are, what they hold, and the job that each becomes."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .course import content_files
from .messages import HAND_IN_SECONDS, Message
from .records import digest, environment_hash, hashes_of_tests, plain_digest
from .settings import CELL_TIMEOUT
from .strangers import read_hand_in

LIMITS = {"cell_seconds": CELL_TIMEOUT, "cpu_seconds": 600, "memory_mb": 2048, "processes": 64, "file_mb": 50, "output_kb": 1000,
          "hand_in_seconds": HAND_IN_SECONDS}


@dataclass(frozen=True)
class Task:
    """One hand-in: whose, of what, and where it lies."""

    student: str
    assignment: str
    folder: Path


def find_tasks(submitted: Path, assignments: list[str]) -> list[Task]:
    """Every submitted/<student>/<assignment>/ folder of these assignments, by assignment and student."""
    people = students_in(submitted)
    return [Task(p.name, name, p / name) for name in assignments for p in people if (p / name).is_dir()]


def students_in(submitted: Path) -> list[Path]:
    """The students' folders; editors and file managers leave others, whose names begin with a dot."""
    if not submitted.is_dir():
        return []
    return sorted(p for p in submitted.iterdir() if p.is_dir() and not p.name.startswith("."))


@dataclass(frozen=True)
class Source:
    """What all hand-ins of an assignment share."""

    frames: dict[str, str]  # notebook: its JSON text
    files: dict[str, bytes]  # the data beside it
    seed: str
    hash: str
    tests: dict[str, str]


def read_source(frames: Path, seed: str) -> Source:
    """An assignment as its frames have it."""
    texts = {p.stem: p.read_text(encoding="utf-8") for p in sorted(frames.glob("*.ipynb"))}
    files = {p.relative_to(frames).as_posix(): p.read_bytes() for p in content_files(frames) if p.suffix != ".ipynb"}
    parts = [part for name, text in {**texts, **files}.items() for part in (name, text)]
    return Source(texts, files, seed, digest(*parts), hashes_of_tests(texts))


@dataclass(frozen=True)
class Prepared:
    """A hand-in that is to be run: its job without what all share, and what its record will need."""

    job: dict[str, Any]
    notebooks: dict[str, dict[str, Any]]
    notes: list[str]
    key: dict[str, Any]

    def message(self, source: Source) -> Message:
        notebooks = {name: {"frame": source.frames[name], **given} for name, given in self.notebooks.items()}
        files = {name: base64.b64encode(data).decode("ascii") for name, data in source.files.items()}
        return {"do": "grade", "job": {**self.job, "notebooks": notebooks, "files": files}}


def prepare(task: Task, source: Source, known_ids: Mapping[str, list[str]], isolation: str, variant: int | None = None) -> Prepared:
    """The hand-in, read. variant: the student's, where each has numbers of their own. Never raises for what it holds."""
    readings = read_hand_in(task.folder, source.frames)
    submission = plain_digest({name: [r.sha256, r.verdict, r.reason] for name, r in readings.items()})
    key = {"source": source.hash, "submission": submission, "environment": environment_hash(), "limits": LIMITS, "isolation": isolation,
           "seed": source.seed, **({} if variant is None else {"variant": variant})}
    job = {"student": task.student, "assignment": task.assignment, "known_ids": known_ids, "seed": source.seed, "isolation": isolation,
           "limits": LIMITS, "variant": variant}
    given = {name: {"submission": r.text, "refused": [r.verdict, r.reason] if r.verdict else None} for name, r in readings.items()}
    return Prepared(job, given, list(dict.fromkeys(n for r in readings.values() for n in r.notes)), key)
