"""Attacks on grading: hand-ins that want points they have not earned, or that harm the machine, and honest ones that must not suffer.

They lie in `redteam/` beside the course, one file a kind, and never in the wheel. Each goes the way of every hand-in: a
file in a folder, read, rebuilt, run in the sandbox, scored, in a process of its own. Then it is asked: were there more
points than the honest parts deserve, were marks of other questions lost, and is everything outside as it was?
"""

from __future__ import annotations

import ast
import copy
import json
import re
import runpy
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import nbformat
from tqdm import tqdm

from course_lib.check import engine
from course_lib.check.exercises import exercises

from . import _redteam_frames as frames
from . import _redteam_host as host
from .answers import compiled
from .course import Course, WorkbookError
from .likeness import library_shapes
from .pages import write_feedback
from .runner import run_hand_in
from .sandbox import Sandbox, open_sandbox
from .strangers import read_hand_in

FOLDER = "redteam"
SEED = "5ec7e7" * 5
LIMITS = {"cell_seconds": 5, "hand_in_seconds": 90, "cpu_seconds": 20, "memory_mb": 300, "processes": 24, "file_mb": 4, "output_kb": 1000}
SECONDS = 90  # that a hand-in with these limits may take in all, before its process is ended from outside
MEMORY = 4 << 30  # that the trusted side may ask for: an attack on it must not become one on this machine
MOST_MEMORY_MB = 1000  # that it may need on top of what it starts with
MOST_RECORD = 80_000_000  # bytes of a record


@dataclass(frozen=True)
class Attack:
    """One hand-in and what may come of it. In its texts @TOKEN@ is a mark by which traces are found, @SENTINEL@ a folder
    outside that looks like a course, @COURSE@ the course; `leak(...)` says that it found what it should not, and
    `frame(message, blob)` puts a frame on the wire.

    answers   {function: source} in the place of the wrong ones
    worth     {function: source}: what such an answer deserves is what these deserve; nothing where it is not named
    first, last, after   cells of the student's own: at the top, at the end, {grade id: after that cell}
    earlier   such a first cell of another student, whose hand-in is run before in the same sandbox
    edit      the last word on the notebook (a dict, or the text of the file)
    folder    writes the hand-in's folder itself: (folder, text of the notebook) -> None
    tests     a made-up assignment of these questions: {function: (test, points, what its answer deserves)}, whose answers are
              `answers`; a test of no points is a locked cell that is no test
    loses     questions (functions) whose marks it may cost itself, "*" for all; every other question keeps them
    flagged   questions that have to be flagged for a person, and no others; None: whichever
    """

    name: str
    tries: str
    assignment: str = "00_start_here"
    answers: Mapping[str, str] = field(default_factory=dict)
    worth: Mapping[str, str] = field(default_factory=dict)
    first: str = ""
    last: str = ""
    after: Mapping[str, str] = field(default_factory=dict)
    earlier: str = ""
    edit: Callable[[dict], dict | str] | None = None
    folder: Callable[[Path, str], None] | None = None
    tests: Mapping[str, tuple[str, float, float]] = field(default_factory=dict)
    loses: tuple[str, ...] = ()
    flagged: tuple[str, ...] | None = None
    verdicts: tuple[str, ...] = ("ok",)
    limits: Mapping[str, float] = field(default_factory=dict)
    kind: str = ""

    @property
    def id(self) -> str:
        return f"{self.kind}: {self.name}"


@dataclass
class Finding:
    """What an attack came to. There are no problems and no traces where it failed, as it has to."""

    attack: Attack
    score: float = 0.0
    deserved: float = 0.0
    verdict: str = ""
    problems: list[str] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)

    @property
    def failed_as_it_must(self) -> bool:
        return not self.problems and not self.traces


def attacks(course: Course) -> list[Attack]:
    """Every attack of the course's redteam/ folder. Raises WorkbookError where there is none."""
    files = sorted((course.root / FOLDER).glob("*.py"))
    if not files:
        raise WorkbookError(f"{course.root} has no {FOLDER}/: the attacks come with the instructor's repository")
    found = []
    for path in files:
        found += [replace(a, kind=path.stem) for a in runpy.run_path(str(path))["ATTACKS"]]
    if doubled := {a.id for a in found if [b.id for b in found].count(a.id) > 1}:
        raise WorkbookError(f"{FOLDER}/: two attacks are called {', '.join(sorted(doubled))}")
    return found


class Team:
    """Runs attacks, with one warm sandbox an assignment."""

    def __init__(self, course: Course):
        self.course = course
        self.sandboxes: dict[str, Sandbox] = {}
        self.known_ids = {a: sorted(ids) for (a, _), ids in course.known_ids().items()}

    def __enter__(self) -> Self:
        """What is imported and made at the first run of all is no trace of an attack's: one harmless run comes first."""
        with host.Outside(self.course) as outside:
            job = self.job(Attack("", ""), "", {}, outside.folder)
            run_hand_in(job, self.sandbox(job))
        library_shapes()
        return self

    def __exit__(self, *_) -> None:
        for sandbox in self.sandboxes.values():
            sandbox.close()

    def run(self, attack: Attack) -> Finding:
        finding = Finding(attack)
        deserved = self.deserved(attack)
        finding.deserved = sum(deserved.values())
        with host.Outside(self.course) as outside:
            words = {"@TOKEN@": outside.token, "@SENTINEL@": str(outside.sentinel), "@COURSE@": str(self.course.root)}
            done = None
            for first in [attack.earlier, attack.first] if attack.earlier else [attack.first]:
                job = self.job(attack, first, words, outside.folder)
                sandbox = self.sandbox(job)
                done = host.apart(lambda job=job, sandbox=sandbox: run_hand_in(job, sandbox), SECONDS, MEMORY)
            record = done.value
            if record is None:
                finding.verdict = "not graded"
                finding.problems.append(f"the trusted process {done.how}")
            else:
                finding.verdict = record["verdict"]
                scores = {i: s["score"] or 0.0 for cells in record["scores"].values() for i, s in cells.items()}
                finding.score = float(sum(scores.values()))
                finding.problems += _judged(attack, scores, deserved, self._costs(attack))
                finding.problems += _looked_at(attack, record, outside.folder)
            if done.grown_mb > MOST_MEMORY_MB:
                finding.traces.append(f"the trusted process grew by {done.grown_mb} MB")
            finding.traces += done.changed
        finding.traces += outside.traces
        return finding

    def sandbox(self, job: Mapping[str, Any]) -> Sandbox:
        if job["assignment"] not in self.sandboxes:
            self.sandboxes[job["assignment"]] = open_sandbox(job)
        return self.sandboxes[job["assignment"]]

    # --- the hand-in -------------------------------------------------------------------------------------------------

    def job(self, attack: Attack, first: str, words: Mapping[str, str], scratch: Path) -> dict[str, Any]:
        name = attack.assignment
        frame = frames.made_up(attack.tests) if attack.tests else frames.frame(self.course, name)
        nb = copy.deepcopy(frame)
        answers = {**self.answers(attack), **attack.answers}
        cells = [_own(first)] if first else []
        for cell in nb["cells"]:
            mine = cell["metadata"].get("nbgrader", {}).get("grade_id")
            if cell["cell_type"] == "code" and mine in answers:
                cell["source"] = host.prepared(answers[mine])
            cells.append(cell)
            if mine in attack.after:
                cells.append(_own(attack.after[mine]))
        nb["cells"] = cells + ([_own(attack.last)] if attack.last else [])
        handed_in = attack.edit(nb) if attack.edit else nb
        text = handed_in if isinstance(handed_in, str) else json.dumps(handed_in)
        for word, meant in words.items():
            text = text.replace(word, meant)
        folder = scratch / "submitted" / "mallory" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if attack.folder:
            attack.folder(folder, text)
        else:
            (folder / f"{name}.ipynb").write_bytes(text.encode("utf-8", "surrogatepass"))
        reading = read_hand_in(folder, [name])[name]
        refused = [reading.verdict, reading.reason] if reading.verdict else None
        return {"student": "mallory", "assignment": name, "files": {}, "seed": SEED, "isolation": "sandbox", "limits": {**LIMITS, **attack.limits},
                "notebooks": {name: {"frame": json.dumps(frame), "submission": reading.text, "refused": refused}},
                "known_ids": {} if attack.tests else self.known_ids}

    def answers(self, attack: Attack) -> dict[str, str]:
        return {} if attack.tests else frames.base(self.course, attack.assignment)

    # --- what it deserves --------------------------------------------------------------------------------------------

    def deserved(self, attack: Attack) -> dict[str, float]:
        """{grade id: points that the honest parts deserve}: the answers judged directly, with the same hidden tests."""
        if attack.tests:
            return {f"{name}-check": worth for name, (_, points, worth) in attack.tests.items() if points}
        answers = {n: s for n, s in self.answers(attack).items() if n not in attack.answers} | dict(attack.worth)
        known, points = exercises(attack.assignment[:2]), {}
        with engine.drawn_from(SEED):
            for call in frames.calls(self.course, attack.assignment):
                e = known[call.exercise]
                points[call.grade_id] = 0.0
                if all(n in answers for n in e.names):
                    functions = compiled({n: answers[n] for n in e.names}, e.names)
                    cases = engine.cases_for(e, call.hidden, call.seed)
                    points[call.grade_id] = float(engine.judge(e, functions, cases, call.points, call.hidden is not None))
        return points

    def _costs(self, attack: Attack) -> set[str]:
        """Grade ids whose marks the attack may lose."""
        if attack.tests:
            return {f"{name}-check" for name in attack.loses}
        known = exercises(attack.assignment[:2])
        return {c.grade_id for c in frames.calls(self.course, attack.assignment) if "*" in attack.loses or set(known[c.exercise].names) & set(attack.loses)}


def _judged(attack: Attack, scores: Mapping[str, float], deserved: Mapping[str, float], costs: set[str]) -> Iterator[str]:
    for grade_id_, worth in deserved.items():
        score = scores.get(grade_id_)
        if score is None:
            yield f"{grade_id_} has no score"
        elif score > worth:
            yield f"{grade_id_}: {score:g} points where {worth:g} are deserved"
        elif score < worth and grade_id_ not in costs:
            yield f"{grade_id_}: {score:g} points where {worth:g} were kept from it"


def _looked_at(attack: Attack, record: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """What must hold of every record, whoever handed in."""
    if record["verdict"] not in attack.verdicts:
        yield f"verdict {record['verdict']} (expected {' or '.join(attack.verdicts)}; notes: {'; '.join(record['notes'])[:300]})"
    flags = {f.partition(":")[0] for f in record["flags"]}
    if attack.flagged is not None and flags != set(attack.flagged):
        yield f"flagged: {', '.join(record['flags']) or 'nothing'} (expected {', '.join(attack.flagged) or 'nothing'})"
    if len(json.dumps(record)) > MOST_RECORD:
        yield f"a record of {len(json.dumps(record)) / 1e6:.0f} MB"
    for text in record["notebooks"].values():
        nb = nbformat.from_dict(json.loads(text))
        nbformat.validate(nb)
        for cell in nb.cells:
            for output in cell.get("outputs", []):
                said = json.dumps(output)
                if "LEAK:" in said:
                    yield f"it got at something: {said[said.index('LEAK:'):][:300]}"
                graded = cell.metadata.get("nbgrader", {}).get("grade")
                if not graded and set(output.get("data", {})) - {"text/plain", "image/png", "image/jpeg"} and not cell.metadata.get("nbgrader", {}).get("locked"):
                    yield f"an output of {sorted(output['data'])} came through"
    for path in write_feedback(record, folder / "feedback"):
        yield from (f"its page holds {what}" for what in host.active(path.read_text(encoding="utf-8")))


def _own(source: str) -> dict[str, Any]:
    return {"cell_type": "code", "id": host.fresh_id(), "metadata": {}, "source": host.prepared(source), "outputs": [], "execution_count": None}


def selected(found: Iterable[Attack], words: Iterable[str]) -> list[Attack]:
    """Those with all of the words in their names."""
    words = [w.lower() for w in words]
    return [a for a in found if all(w in f"{a.id} {a.tries}".lower() for w in words)]


def run_all(course: Course, chosen: Iterable[Attack]) -> list[Finding]:
    chosen = sorted(chosen, key=lambda a: (a.assignment, a.kind))
    with Team(course) as team:
        found = [team.run(a) for a in tqdm(chosen, desc="attacking", unit="attack", disable=None)]
    return sorted(found, key=lambda f: f.attack.kind)


def by_kind(course: Course, findings: Iterable[Finding]) -> str:
    """The findings by kind, as a table in Markdown: what each kind is, how many there are, how many went as they must."""
    findings = list(findings)
    lines = ["| kind | what it is | hand-ins | more points than deserved | marks lost that were earned | host touched | as it must |",
             "|---|---|---:|---:|---:|---:|---:|"]
    for kind in [*sorted({f.attack.kind for f in findings}), None]:
        mine = [f for f in findings if kind in (None, f.attack.kind)]
        story = (ast.get_docstring(ast.parse((course.root / FOLDER / f"{kind}.py").read_text("utf-8"))) or "") if kind else ""
        story = " ".join(re.split(r"[.:;](?:\s|$)", story, maxsplit=1)[0].split())
        more, lost = (sum(any(word in p for p in f.problems) for f in mine) for word in ("are deserved", "kept from it"))
        counts = len(mine), more, lost, sum(bool(f.traces) for f in mine), sum(f.failed_as_it_must for f in mine)
        lines.append(f"| {kind or '**all**'} | {story} | {' | '.join(map(str, counts))} |")
    return "\n".join(lines)


def row(finding: Finding) -> tuple[str, ...]:
    return (finding.attack.id, finding.attack.tries, f"{finding.score:g} / {finding.deserved:g}", finding.verdict,
            "TOUCHED" if finding.traces else "untouched", "ok" if finding.failed_as_it_must else "FAILED")
