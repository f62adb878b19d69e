"""Numbers of one's own: which assignments have a variant for each student, and which number each student has.

The number depends on a secret of the course, the assignment and the student's name alone, so it is the same at each
release and each grading, and nobody can work out a neighbour's. All of it is in the course's `variants.json`, which only
its owner may read and which goes into no release. Where that file is missing everybody has the lecture's numbers.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import json
import os
import re
import secrets
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .course import WorkbookError, student_name

if TYPE_CHECKING:
    from nbformat import NotebookNode

FILE = "variants.json"
CELL = "variant"  # the grade id of the locked cell that holds the number
LECTURES = "VARIANT = None"
NUMBERS = 10**9
_HEADS = {"student", "students", "student_id", "student id", "id", "name", "username", "user", "login", "sis login id", "email", "email address"}
_ASSIGNED = re.compile(r"^VARIANT = .*$", re.MULTILINE)


@dataclass(frozen=True)
class Variants:
    """The variants of one course, in the file `path`."""

    path: Path

    @classmethod
    def of(cls, root: Path) -> Variants:
        return cls(Path(root) / FILE)

    @property
    def on(self) -> list[str]:
        """The assignments in which each student has numbers of their own."""
        return list(self._read().get("on", ()))

    def number(self, assignment: str, student: str) -> int | None:
        """The student's number in the assignment; None where variants are off: the lecture's numbers."""
        kept = self._read()
        if assignment not in kept.get("on", ()):
            return None
        message = f"{assignment}\0{student}".encode("utf-8", "surrogatepass")
        digest = hmac.new(bytes.fromhex(kept["secret"]), message, hashlib.sha256).digest()
        return int.from_bytes(digest[:8], "big") % NUMBERS

    def turn(self, assignments: Iterable[str], on: bool) -> None:
        """Turn variants on or off. The secret is made when they are first turned on, and kept."""
        kept = self._read()
        now = set(kept.get("on", ())) | set(assignments) if on else set(kept.get("on", ())) - set(assignments)
        if kept or on:
            self._write({"secret": kept.get("secret") or secrets.token_hex(32), "on": sorted(now)})

    def _read(self) -> dict[str, Any]:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        try:
            kept = json.loads(text)
            bytes.fromhex(kept["secret"])
            whole = isinstance(kept["on"], list) and all(isinstance(name, str) for name in kept["on"]) and len(kept["secret"]) >= 32
        except (ValueError, TypeError, KeyError, RecursionError):
            whole = False
        if not whole:
            raise WorkbookError(f"{self.path}: damaged. It holds the secret that gives each student a variant: restore it from a backup. "
                                "A new one would give everybody other numbers than those they worked with")
        return kept

    def _write(self, kept: dict[str, Any]) -> None:
        """Whole or not at all, for the owner's eyes only."""
        handle, beside = tempfile.mkstemp(dir=self.path.parent, prefix=f".{FILE}.", suffix=".part")  # readable by its owner alone
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(kept, file, indent=1)
            os.replace(beside, self.path)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise


# --- in a notebook ---------------------------------------------------------------------------------------------------

def variant_cell(nb: NotebookNode) -> NotebookNode | None:
    """The locked cell that holds `VARIANT = …`; None where the notebook has none."""
    for cell in nb.cells:
        label = cell.metadata.get("nbgrader")
        if cell.cell_type == "code" and isinstance(label, dict) and label.get("grade_id") == CELL and _ASSIGNED.search(cell.source):
            return cell
    return None


def give(nb: NotebookNode, number: int | None) -> None:
    """Put a student's number into the notebook's variant cell; nothing where there is no number, or no such cell."""
    cell = variant_cell(nb)
    if number is None or cell is None:
        return
    from nbgrader.utils import compute_checksum

    line = f"VARIANT = {number}  # yours alone: it makes the numbers that you work with by hand, here and when your notebook is graded."
    cell.source = _ASSIGNED.sub(line, cell.source, count=1)
    if "checksum" in cell.metadata["nbgrader"]:
        cell.metadata["nbgrader"]["checksum"] = compute_checksum(cell)


def given(nb: NotebookNode) -> str | None:
    """What a notebook's variant cell says, as it is written there ("None", "1234"); None where there is no such cell."""
    for cell in nb.cells:
        if cell.cell_type == "code" and (found := re.match(r"VARIANT = (None|\d{1,12})\b", cell.source.strip())):
            return found[1]
    return None


# --- a class list ----------------------------------------------------------------------------------------------------

def read_roster(path: Path) -> list[str]:
    """The students' names in a class list: one a line, or the first column of a CSV file, with or without a heading.

    Raises WorkbookError where the file cannot be read, is empty, names somebody twice, or has a name that no hand-in
    could have.
    """
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except FileNotFoundError:
        raise WorkbookError(f"{path}: there is no such file. --variants takes a class list: one student name a line, or a CSV file with "
                            "the names in its first column") from None
    except (OSError, UnicodeDecodeError, csv.Error) as e:
        raise WorkbookError(f"{path}: cannot be read as a class list ({e})") from None
    names = [row[0].strip() for row in rows if row and row[0].strip() and not row[0].strip().startswith("#")]
    if names and names[0].lower() in _HEADS:
        names = names[1:]
    if not names:
        raise WorkbookError(f"{path}: no student in it. One student name a line, or a CSV file with the names in its first column")
    for name in names:
        try:
            student_name(name)
        except WorkbookError:
            raise WorkbookError(f"{path}: {name!r} cannot be a student's name here: use the names that the hand-ins will have in submitted/ "
                                "(letters, digits, '.', '_', '@', '-')") from None
    if twice := sorted({n for n in names if [m.lower() for m in names].count(n.lower()) > 1}):
        raise WorkbookError(f"{path}: {', '.join(twice)} stands there twice. Each student has one line")
    return names
