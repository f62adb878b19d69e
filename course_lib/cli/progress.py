"""`workbook progress`: where a learner stands, as a table or as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from course_lib.check import progress
from course_lib.check.overview import numbers_beside, overview
from course_lib.grading.course import Course, WorkbookError, table

STATUS = {"done": "done", "started": "begun", "ready": "can begin", "later": "later"}


def shown_file(course: Course, file: Path | None) -> Path:
    """The file to show: the one named, or that of work/. Raises WorkbookError where it is not there."""
    path = Path(file) if file is not None else course.work / progress.FILE
    if path.is_dir():
        path = path / progress.FILE
    if not path.is_file():
        raise WorkbookError(f"{course.show(path)} is not there: nothing is recorded yet. `workbook lab` (make lab) begins to record in work/")
    return path


def standing(path: Path) -> dict[str, Any]:
    """The overview of a progress file. Raises WorkbookError where it cannot be read."""
    try:
        return overview(progress.read(path), numbers_beside(path))
    except progress.Damaged as error:
        raise WorkbookError(f"{error}. The next check keeps it aside and begins a new one") from None


def as_json(view: dict[str, Any]) -> str:
    return json.dumps(view, indent=1, ensure_ascii=False)


def as_text(view: dict[str, Any]) -> str:
    """A row for each assignment, then the misconceptions that are not overcome, then what comes next."""
    rows = [(f"{a['number']} {a['title']}", STATUS[a["status"]] + (f" (after {', '.join(a['missing'])})" if a["missing"] and a["status"] != "done" else ""),
             f"{a['done']} of {a['total']}", a["attempts"], _of_met(a), a["hints"]) for a in view["assignments"]]
    rows.append(("all", "", f"{view['done']} of {view['total']}", view["attempts"], _of_met(view), view["hints"]))
    text = [table(("assignment", "", "exercises done", "answers tried", "misconceptions overcome", "hints"), rows)]
    if still := [i for a in view["assignments"] for i in a["ideas"] if not i["overcome"]]:
        text += ["\nMet, and not overcome yet:", *(f"  {i['exercise']}: {i['name']} (met {_times(i['met'])}). {i['sentence']}" for i in still)]
    if found := view["next"]:
        text.append(f"\nNext: {found['exercise']}, in {found['assignment']} {found['title']} ({found['why']}).")
    else:
        text.append("\nEverything is done.")
    if view["off"]:
        text.append("Nothing is recorded at present: `workbook progress --on` begins again.")
    return "\n".join(text)


def switch(path: Path, on: bool) -> None:
    """Record from now on, or no more. Raises WorkbookError."""
    try:
        progress.switch(path, on)
    except progress.Damaged as error:
        raise WorkbookError(str(error)) from None


def _of_met(counts: dict[str, Any]) -> str:
    return f"{counts['overcome']} of {counts['met']}" if counts["met"] else "-"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
