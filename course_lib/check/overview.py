"""Where a learner stands: the recorded progress beside all there is to do, and what comes next."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from .assignments import ASSIGNMENTS, builds_on
from .exercises import MODULES, exercises
from .progress import State

_NUMBERED = re.compile(r"(\d\d)_\w+")


def numbers_beside(path: Path) -> list[str]:
    """The numbers of the assignments whose folders are beside a progress file; all there are where none is."""
    try:
        found = {m[1] for p in path.parent.iterdir() if p.is_dir() and (m := _NUMBERED.fullmatch(p.name))}
    except OSError:
        found = set()
    return [n for n in MODULES if n in found] or list(MODULES)


def overview(state: State, numbers: Collection[str] | None = None) -> dict[str, Any]:
    """The progress in plain dicts, lists, texts and numbers: totals, each assignment with its exercises, and what is next.

    state, as `progress.read` gives it; numbers, of the assignments to look at (default: all).
    """
    recorded = state["exercises"]
    assignments = [_assignment(n, recorded) for n in MODULES if numbers is None or n in numbers]
    done = {a["number"] for a in assignments if a["done"] == a["total"]}
    here = {a["number"] for a in assignments}
    for a in assignments:
        a["builds_on"] = _before(a["number"], here)
        missing = [n for n in a["builds_on"] if n not in done]
        begun = a["done"] or any(e["attempts"] for e in a["exercises"])
        a["status"] = "done" if a["number"] in done else "started" if begun else "later" if missing else "ready"
        a["missing"] = missing
    totals = {key: sum(a[key] for a in assignments) for key in ("done", "total", "attempts", "met", "overcome", "hints")}
    return {**totals, "assignments": assignments, "next": _next(assignments), "off": bool(state.get("off"))}


def _assignment(number: str, recorded: dict[str, Any]) -> dict[str, Any]:
    rows, ideas = [], []
    for id, exercise in exercises(number).items():
        entry = recorded.get(id, {})
        best = entry.get("best", 0.0)
        rows.append({"id": id, "name": exercise.name, "best": best, "attempts": entry.get("attempts", 0), "done": best >= 1,
                     "hints": sum(entry.get("hints", {}).values()), "steps": entry.get("hints", {})})
        sentences = {m.name: m.sentence for m in exercise.misconceptions}
        ideas += [{"exercise": id, "name": name, "sentence": sentences[name], "met": idea["met"], "overcome": idea["overcome"]}
                  for name, idea in entry.get("ideas", {}).items() if name in sentences]
    title, _, place = ASSIGNMENTS[number]
    return {"number": number, "title": title, "place": list(place), "exercises": rows, "ideas": ideas,
            "done": sum(r["done"] for r in rows), "total": len(rows), "attempts": sum(r["attempts"] for r in rows),
            "hints": sum(r["hints"] for r in rows), "met": len(ideas), "overcome": sum(i["overcome"] for i in ideas)}


def _before(number: str, here: Collection[str]) -> list[str]:
    """What an assignment builds on directly, of those that are `here`; in the place of one that is not, what that builds on."""
    found = {one for n in ASSIGNMENTS[number].builds_on for one in ([n] if n in here else _before(n, here))}
    return sorted(n for n in found if not any(n in builds_on(other) for other in found))


def _next(assignments: list[dict[str, Any]]) -> dict[str, str] | None:
    """The first open exercise of what was begun, else of what the prerequisites allow; None when all is done."""
    for status in ("started", "ready", "later"):
        for a in assignments:
            if a["status"] == status:
                exercise = next(e for e in a["exercises"] if not e["done"])
                why = "begun, not done yet" if status == "started" else "all that it builds on is done" if a["builds_on"] else "it needs nothing"
                return {"assignment": a["number"], "title": a["title"], "exercise": exercise["id"], "why": why}
    return None
