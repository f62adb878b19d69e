"""One hand-in, from its text to its record: rebuilt on the frame, run on both sides, scored.

The job and the record are plain values, so that they can go to another process or another machine and back.
"""

from __future__ import annotations

import ast
import base64
import copy
import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import determine_grade, is_grade, is_solution

from course_lib.check import engine
from course_lib.check.exercises import find

from .box.shell import Shell
from .course import WorkbookError, parse_notebook, recognise
from .execute import fault, is_test, settle
from .frame import rebuild
from .hidden import part_names
from .likeness import copied, library_shapes
from .measured import asked_for, measured
from .names import answer_names, free
from .run import results
from .sandbox import Limits, Sandbox
from .session import Session, Times
from .variants import give, given, variant_cell

Job = Mapping[str, Any]
Record = dict[str, Any]


def prepare() -> None:
    """Find out once what is the same for every hand-in, and load what it needs, before a process forks for each."""
    library_shapes()
    asked_for()
    Shell.make(lambda output: None, {}).run("None")  # IPython imports much of itself only now


def run_hand_in(job: Job, sandbox: Sandbox) -> Record:
    """Run a hand-in and score it. Never raises for anything that the hand-in holds."""
    started, cpu = time.monotonic(), time.process_time()
    record: Record = {
        "student": job["student"], "assignment": job["assignment"], "verdict": "ok", "notes": [], "ideas": [], "unsolved": 0,
        "errors": 0, "scores": {}, "notebooks": {}, "flags": [], "isolation": sandbox.isolation, "seed": job["seed"],
        "variant": job.get("variant"),
        "hashes": {"submission": _hash(*(n["submission"] or "" for n in job["notebooks"].values()))},
        "times": {"started": datetime.now(UTC).isoformat(timespec="seconds"), "box_cpu": 0.0}}
    with engine.drawn_from(job["seed"]):
        for name in job["notebooks"]:
            _grade_notebook(job, name, sandbox, record)
    record["isolation"] = sandbox.isolation
    record["times"] |= {"seconds": time.monotonic() - started, "cpu": time.process_time() - cpu}
    return record


def _hash(*texts: str) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()


def _grade_notebook(job: Job, name: str, sandbox: Sandbox, record: Record) -> None:
    frame = nbformat.v4.reads_json(job["notebooks"][name]["frame"])
    give(frame, job.get("variant"))
    nb, verdict, notes = rebuilt(job, name, frame)
    record["notes"] += notes
    refused = verdict != "ok"
    carried: dict[str, float] = {}
    if refused:
        nb.cells.insert(0, nbformat.v4.new_markdown_cell(
            f"**This hand-in could not be graded** ({verdict}): {notes[-1]}. Hand in again.", id="not-graded"))
        for cell in filter(is_test, nb.cells):  # a test without any output would count as passed
            cell.outputs = [fault("NotGraded", f"{verdict}: {notes[-1]}")]
    else:
        session = _session(nb, frame, job, sandbox)
        session.run()
        settle(nb)
        verdict = session.verdict
        record["notes"] += [*session.notes, *_authors_mistakes(nb)]
        record["times"]["box_cpu"] += session.box_cpu
        carried = carried_forward(nb, frame, job, sandbox)
        record["flags"] += [f"{e}: {why}" for e, why in (*copied(nb, frame), *measured(nb, frame))]
    record["scores"][name] = {}
    for cell, result in scored_cells(nb):
        entry = _score(cell, result)
        entry["carried"] = carried.get(cell.metadata.nbgrader.grade_id)
        record["scores"][name][cell.metadata.nbgrader.grade_id] = entry
        if result is not None:
            record["unsolved"] += result.status == "unsolved" and not result.hidden
            record["errors"] += result.status == "error" and not result.hidden and not refused
            record["ideas"] += [f"{result.exercise}: {i}" for i in result.ideas if f"{result.exercise}: {i}" not in record["ideas"]]
    record["notebooks"][name] = json.dumps(nb)
    if record["verdict"] == "ok":  # of an assignment's notebooks the first that went wrong gives the verdict
        record["verdict"] = verdict


def _authors_mistakes(nb: NotebookNode) -> list[str]:
    """Scores that no test may give (negative, NaN, more than the points): said to the instructor, not blamed on the student."""
    return [f"test cell {c.metadata.nbgrader.grade_id}: {o.evalue}; it counts 0 until it is mended (then grade --again)"
            for c in nb.cells if is_test(c) for o in c.outputs if o.output_type == "error" and o.ename == "ScoreOutOfRange"]


def _session(nb: NotebookNode, frame: NotebookNode, job: Job, sandbox: Sandbox, **more: Any) -> Session:
    given, limits = {c.id: c.source for c in frame.cells}, job["limits"]
    untouched = {c.id for c in nb.cells if c.cell_type == "code" and not is_solution(c) and not is_test(c)
                 and not c.metadata.get("nbgrader", {}).get("locked") and given.get(c.id) == c.source}
    return Session(
        nb, sandbox, Limits.of(limits), Times(limits["cell_seconds"], limits.get("hand_in_seconds", 600)),
        {n: base64.b64decode(data) for n, data in job["files"].items()}, answer_names(frame.cells), frozenset(untouched), **more)


def rebuilt(job: Job, name: str, frame: NotebookNode) -> tuple[NotebookNode, str, list[str]]:
    """(the hand-in on the frame, "ok", notes); the bare frame, with a verdict, where there is nothing to take from it."""
    given, frame = job["notebooks"][name], copy.deepcopy(frame)
    for cell in frame.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None  # whatever the source shows is no score of anybody's
    if given["refused"]:
        verdict, reason = given["refused"]
        return frame, verdict, [reason]
    try:
        submission = parse_notebook(given["submission"].encode("utf-8", "surrogatepass"), f"{name}.ipynb")
    except WorkbookError as e:
        return frame, "unreadable", [str(e)]
    found = recognise(submission, {(a, a): set(ids) for a, ids in job["known_ids"].items() if ids})
    built = rebuild(frame, submission)
    if found and found[0] != job["assignment"]:
        return frame, "wrong-assignment", [f"by its cells it is {found[0]}"]
    if built.answers == 0:
        return frame, "wrong-assignment", [f"{name}.ipynb holds none of this assignment's answer cells"]
    return built.notebook, "ok", [*built.notes, *_other_numbers(frame, submission, job)]


def _other_numbers(frame: NotebookNode, submission: NotebookNode, job: Job) -> list[str]:
    """Was the hand-in worked with other numbers than it is graded with? Said to student and instructor."""
    theirs, ours = given(submission), job.get("variant")
    if variant_cell(frame) is None or theirs is None or theirs == str(ours):
        return []
    worked = "the lecture's numbers" if theirs == "None" else f"the numbers of variant {theirs}"
    if ours is None:
        return [f"worked with {worked}, and variants are off for this assignment: graded with the lecture's numbers"]
    return [f"worked with {worked}, and graded with those of this student's own copy, variant {ours}"]


# --- scores ---------------------------------------------------------------------------------------------------------

def scored_cells(nb: NotebookNode) -> Iterator[tuple[NotebookNode, Any]]:
    """(cell, its check's result or None) for every cell that has points."""
    one = nbformat.v4.new_notebook()
    for cell in nb.cells:
        if is_grade(cell):
            one.cells = [cell]
            yield cell, next(iter(results(one)), None)


def _score(cell: NotebookNode, result: Any) -> dict[str, Any]:
    score, most = determine_grade(cell)
    entry = {"score": score, "max": most, "carried": None, "exercise": None, "status": "", "ideas": [], "hidden": False}
    if result is not None:
        entry |= {"exercise": result.exercise, "status": result.status, "ideas": list(result.ideas), "hidden": result.hidden}
    return entry


# --- an error carried forward ---------------------------------------------------------------------------------------

def carried_forward(nb: NotebookNode, frame: NotebookNode, job: Job, sandbox: Sandbox) -> dict[str, float]:
    """{grade id: points with the reference in the place of earlier wrong answers} of the tests that lost points and
    whose answer builds on such an answer: because the exercise or the check's `parts` say so, or because its code calls
    that function."""
    checks = {c.metadata.nbgrader.grade_id: _check_call(c.source) for c in nb.cells if is_test(c)}
    earned = {c.metadata.nbgrader.grade_id: determine_grade(c) for c in nb.cells if is_test(c)}
    wrong = {call[1][-1] for i, call in checks.items() if call and call[1] and _lost(earned[i])}
    sources = {c.metadata.nbgrader.grade_id: c.source for c in nb.cells if is_solution(c) and c.cell_type == "code"}
    again: dict[frozenset[str], list[str]] = {}
    for grade_id, call in checks.items():
        if not call or not call[1] or not _lost(earned[grade_id]):
            continue
        *before, name = call[1]
        before += call[2]
        order = list(sources)
        earlier = set(order[:order.index(name)]) if name in order else set()
        if builds_on := (set(before) | free(sources.get(name, ""))) & wrong & earlier:
            again.setdefault(frozenset(builds_on), []).append(grade_id)
    carried: dict[str, float] = {}
    for names, grade_ids in again.items():
        references = {n: f for n in names if (f := _reference(n, checks.values()))}
        if len(references) < len(names):
            continue
        other = copy.deepcopy(nb)
        _session(other, frame, job, sandbox, substitutes=references).run(only=grade_ids)
        settle(other)
        carried |= {c.metadata.nbgrader.grade_id: float(determine_grade(c)[0] or 0.0) for c in other.cells
                    if is_test(c) and c.metadata.nbgrader.grade_id in grade_ids}
    return carried


def _lost(grade: tuple) -> bool:
    return (grade[0] or 0.0) < grade[1]


def _check_call(source: str) -> tuple[str, list[str], list[str]] | None:
    """(exercise, names of the functions, names of its parts) of a test cell's call of `check`; None where it has none."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "check" and node.args \
                and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
            return node.args[0].value, [a.id for a in node.args[1:] if isinstance(a, ast.Name)], part_names(node)
    return None


def _reference(name: str, calls) -> Any:
    """The reference's function of this name, from the first exercise that asks for it."""
    for exercise_id, functions, _ in (c for c in calls if c):
        if name in functions:
            exercise = find(exercise_id)
            return exercise.reference[exercise.names.index(name)] if name in exercise.names else None
    return None
