"""What instructors read: solutions/COVERAGE.md, made as a whole, and the facts in solutions/README.md, which people wrote.

In the README a fact stands between `<!-- NAME -->` and `<!-- /NAME -->`, NAME being "assignments" (the table of all) or an
assignment's number. What is between is made from the notebooks' metadata and their checks; all around it is kept.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from course_lib.check.assignments import ASSIGNMENTS
from course_lib.check.exercises import find

from .answers import right_answers
from .coverage import FILE, coverage, markdown
from .course import Course, WorkbookError, read_notebook, write_atomically
from .hidden import check_calls
from .written import is_written

README = "README.md"


def write(course: Course) -> list[Path]:
    """Bring both files up to date; those that changed. Raises WorkbookError like `coverage` and `filled`."""
    changed = []
    for path, text in texts(course).items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_atomically(path, text)
            changed.append(path)
    return changed


def texts(course: Course) -> dict[Path, str]:
    """What the files have to hold now."""
    readme = course.solutions / README
    found = {course.solutions / FILE: markdown(course, coverage(course))}
    if readme.is_file():
        found[readme] = filled(readme.read_text(encoding="utf-8"), course)
    return found


def filled(text: str, course: Course) -> str:
    """The text with its facts as they are now. Raises WorkbookError where an assignment has no place in it."""
    facts = {name[:2]: facts_of(course, name) for name in course.assignments()}
    for number in facts:
        if f"<!-- {number} -->" not in text:
            raise WorkbookError(f"solutions/{README} says nothing of assignment {number}: add a section with <!-- {number} --> <!-- /{number} -->")
    parts = {"assignments": overview_table(facts), **{n: as_text(facts[n]) if n in facts else "Not written yet." for n in ASSIGNMENTS}}

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        return f"<!-- {name} -->\n{parts[name]}\n<!-- /{name} -->" if name in parts else match[0]

    return re.sub(r"<!-- (\w+) -->.*?<!-- /\1 -->", fill, text, flags=re.DOTALL)


def facts_of(course: Course, name: str) -> dict[str, Any]:
    """What the notebook's metadata, its cells and its exercises say."""
    path = course.solutions / name / f"{name}.ipynb"
    nb = read_notebook(path)
    ours = nb.metadata.get("workbook", {})
    exercises: dict[str, dict[str, Any]] = {}
    for call in check_calls(path):
        exercise = find(call.exercise)
        row = exercises.setdefault(call.exercise, {"visible": 0.0, "hidden": 0.0, "misconceptions": len(exercise.misconceptions),
                                                   "right": len(right_answers(course.root, name, exercise)), "needs": [], "by_hand": exercise.by_hand,
                                                   "quiz": exercise.all_or_nothing})
        row["hidden" if call.hidden is not None else "visible"] += call.points
        before = [*([exercise.needs] if exercise.needs else []), *call.parts]
        row["needs"] += [n for n in before if n not in row["needs"]]
    written = [(c.metadata.nbgrader.grade_id, float(c.metadata.nbgrader.points)) for c in nb.cells if is_written(c)]
    return {"name": name, "number": name[:2], "title": ASSIGNMENTS[name[:2]].title, "builds_on": ASSIGNMENTS[name[:2]].builds_on,
            "minutes": ours.get("minutes"), "rows": list(ours.get("rows", ())), "exercises": exercises, "written": written,
            "checked": sum(e["visible"] + e["hidden"] for e in exercises.values()), "marked": sum(points for _, points in written)}


def overview_table(facts: dict[str, dict[str, Any]]) -> str:
    lines = ["| assignment | builds on | minutes | points | by checks | marked by you | exercises | misconceptions |", "|---|---|---|---|---|---|---|---|"]
    for f in facts.values():
        lines.append(f"| [{f['number']} {f['title']}]({f['name']}/{f['name']}.ipynb) | {', '.join(f['builds_on']) or '-'} | {f['minutes']} | "
                     f"{f['checked'] + f['marked']:g} | {f['checked']:g} | {f['marked']:g} | {len(f['exercises'])} | {_misconceptions(f)} |")
    total = [sum(f[key] or 0 for f in facts.values()) for key in ("minutes", "checked", "marked")]
    lines.append(f"| all | | {total[0]} | {total[1] + total[2]:g} | {total[1]:g} | {total[2]:g} | {sum(len(f['exercises']) for f in facts.values())} | "
                 f"{sum(_misconceptions(f) for f in facts.values())} |")
    if waiting := [n for n in ASSIGNMENTS if n not in facts]:
        lines.append(f"\nNot written yet: {', '.join(f'{n} {ASSIGNMENTS[n].title}' for n in waiting)}.")
    return "\n".join(lines)


def as_text(f: dict[str, Any]) -> str:
    points, written = f["checked"] + f["marked"], [(id, p) for id, p in f["written"] if p]
    rows = [r for r in f["rows"] if not r.startswith("X-")]
    slips = [r for r in f["rows"] if r.startswith("X-")]
    lines = [f"{f['minutes']} minutes. {points:g} points: {f['checked']:g} by checks, {f['marked']:g} marked by you"
             + (f" ({', '.join(f'`{id}` {p:g}' for id, p in written)})" if written else "") + ". "
             + (f"Builds on {', '.join(f['builds_on'])}." if f["builds_on"] else "Builds on nothing."),
             f"Rows: {', '.join(rows) or 'none'}." + (f" Slips to find: {', '.join(slips)}." if slips else ""), "",
             "| exercise | visible | hidden | misconceptions | right answers | |", "|---|---|---|---|---|---|"]
    for id, e in f["exercises"].items():
        remarks = [*(["worked by hand, with variants"] if e["by_hand"] else []), *(["quiz"] if e["quiz"] and not e["by_hand"] else []),
                   *([f"builds on {', '.join(e['needs'])}"] if e["needs"] else [])]
        hidden = f"{e['hidden']:g}" if e["hidden"] else "-"
        lines.append(f"| `{id}` | {e['visible']:g} | {hidden} | {e['misconceptions']} | {e['right']} | {'; '.join(remarks)} |")
    return "\n".join(lines)


def _misconceptions(f: dict[str, Any]) -> int:
    return sum(e["misconceptions"] for e in f["exercises"].values())
