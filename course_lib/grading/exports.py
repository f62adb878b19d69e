"""The grades as tables for other programs: grades.csv for a spreadsheet, and what Canvas and Moodle import.

Canvas (Grades > Import): "Student", "ID", "SIS User ID", "SIS Login ID", "Section" and a column an assignment, then the row
"Points Possible". It knows a student by ID, else by SIS User ID, SIS Login ID, name; and an assignment by "name (number)", else
by its name. ID is the student's `lms_user_id` in nbgrader's gradebook, SIS Login ID our name for the student.

Moodle (Grades > Import > CSV file): choose what to map; "Email address" or "Username" to the user, an assignment's column to
its grade, the column after it to its feedback (Moodle wants both, or drops the grades).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .course import write_atomically
from .messages import NOT_GRADED
from .report import Outcome

HEADER = ["student", "assignment", "verdict", "points", "max_points", "waiting_for_a_person", "ideas", "notes", "late_penalty",
          "carried_points", "flags", "isolation", "points_awaiting_a_marker"]
EARLIER_HEADERS = (HEADER[:8], HEADER[:12])  # of earlier versions
CANVAS = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
MOODLE = ["Username", "Full name", "Email address"]


def write_grades(path: Path, outcomes: Sequence[Outcome], graded: Sequence[str]) -> list[dict[str, str]]:
    """grades.csv: one row a hand-in; the rows of assignments other than the ones `graded` now stay as they are. All rows.

    A text that a spreadsheet would run as a formula gets an apostrophe before it.
    """
    lost = {_key(o) for o in outcomes if o.verdict == NOT_GRADED}
    rows = {(r["assignment"], r["student"]): r for r in _earlier_rows(path)
            if r["assignment"] not in graded or (r["assignment"], r["student"]) in lost}
    for o in outcomes:
        if o.verdict != NOT_GRADED:
            values = (o.student, o.assignment, o.verdict, f"{o.points:g}", f"{o.most:g}", o.by_hand, "; ".join(o.ideas), "; ".join(o.notes),
                      f"{o.penalty:g}", f"{o.points if o.carried is None else o.carried:g}", "; ".join(o.flags), o.isolation, f"{o.awaiting:g}")
            rows[_key(o)] = dict(zip(HEADER, map(_plain, values), strict=True))
    kept = [rows[key] for key in sorted(rows)]
    _write(path, [HEADER, *([r[name] for name in HEADER] for r in kept)])
    return kept


def write_canvas(path: Path, rows: Sequence[Mapping[str, str]], people: Mapping[str, Mapping[str, Any]]) -> None:
    """The rows of grades.csv for Canvas. people: {student: {"name", "email", "lms_user_id"}}, as far as known. A grade of which
    something still awaits a marker is left empty: Canvas has no place to say so, and leaves an empty one as it is."""
    names, students = _names(rows), _by_student(rows)
    most = {name: max(float(r["max_points"]) for r in rows if r["assignment"] == name) for name in names}
    lines = [[*CANVAS, *names], ["    Points Possible", "", "", "", "", *(f"{most[n]:g}" for n in names)]]
    for student, grades in students.items():
        person = people.get(student, {})
        lines.append([_plain(person.get("sortable") or student), _plain(person.get("lms_user_id") or ""), "", student, "",
                      *(grades[n]["points"] if n in grades and not _awaiting(grades[n]) else "" for n in names)])
    _write(path, lines)


def write_moodle(path: Path, rows: Sequence[Mapping[str, str]], people: Mapping[str, Mapping[str, Any]]) -> None:
    """The rows of grades.csv for Moodle: per assignment a grade and a feedback text, which says where the grade is not the last."""
    names, students = _names(rows), _by_student(rows)
    lines = [[*MOODLE, *(c for n in names for c in (n, f"{n} feedback"))]]
    for student, grades in students.items():
        person = people.get(student, {})
        email = person.get("email") or (student if "@" in student else "")
        line = [student, _plain(person.get("name") or student), _plain(email)]
        for name in names:
            line += [grades[name]["points"], _plain(_feedback(grades[name]))] if name in grades else ["", ""]
        lines.append(line)
    _write(path, lines)


def _feedback(row: Mapping[str, str]) -> str:
    said = [] if row["verdict"] == "ok" else [f"verdict: {row['verdict']}"]
    if waits := _awaiting(row):
        said.insert(0, f"points so far; awaiting a marker: {waits:g} of {row['max_points']} points")
    if row["ideas"]:
        said.append(f"met in your answers: {row['ideas'].removeprefix(QUOTE)}")
    return "; ".join(said)


def _awaiting(row: Mapping[str, str]) -> float:
    """Points that await a marker; 0 in a row of an earlier version, which did not know."""
    return float(row["points_awaiting_a_marker"] or 0.0)


def _names(rows: Iterable[Mapping[str, str]]) -> list[str]:
    return sorted({r["assignment"] for r in rows})


def _by_student(rows: Iterable[Mapping[str, str]]) -> dict[str, dict[str, Mapping[str, str]]]:
    found: dict[str, dict[str, Mapping[str, str]]] = {}
    for r in sorted(rows, key=lambda r: r["student"]):
        found.setdefault(r["student"], {})[r["assignment"]] = r
    return found


def _write(path: Path, lines: Sequence[Sequence[object]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines)
    write_atomically(path, out.getvalue().encode("utf-8", "replace"))


def _key(o: Outcome) -> tuple[str, str]:
    return _plain(o.assignment), _plain(o.student)


def _earlier_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a grades.csv of ours; none of a file that a program (or a person) gave other columns."""
    if not path.is_file():
        return []
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8", errors="replace"), newline="")))
    if not rows or rows[0] not in (HEADER, *EARLIER_HEADERS):
        return []
    blank = dict.fromkeys(HEADER, "")
    return [blank | dict(zip(rows[0], row, strict=True)) for row in rows[1:] if len(row) == len(rows[0])]


QUOTE = "'"


def _plain(value: object) -> str:
    text = str(value)
    return QUOTE + text if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text
