"""Grade a class: look at every hand-in, run them side by side, record them one by one, and say how it went."""

from __future__ import annotations

import csv
import io
import shutil
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import nbformat
from tqdm import tqdm

from .course import Course, WorkbookError, content_files, kernel_environment, read_notebook, table, this_environment, write_atomically
from .execute import execute, settle
from .frame import rebuild
from .gradebook import Book, Folders
from .run import results
from .sample import write_class
from .settings import CELL_TIMEOUT

UNREADABLE = ("unreadable", "wrong-assignment", "no-notebook")


@dataclass(frozen=True)
class Task:
    """One hand-in: whose, of what, and where it lies. Paths are text, so that a worker process gets plain values."""

    student: str
    assignment: str
    folder: str


@dataclass
class Outcome:
    """What became of one hand-in. verdict: "ok", "timeout", "crashed" or one of UNREADABLE (graded as an empty notebook)."""

    student: str
    assignment: str
    verdict: str = "ok"
    notes: list[str] = field(default_factory=list)
    ideas: list[str] = field(default_factory=list)
    unsolved: int = 0
    errors: int = 0
    points: float = 0.0
    most: float = 0.0
    by_hand: int = 0  # cells that wait for a person
    seconds: float = 0.0
    scores: dict[str, tuple[float, float, bool]] = field(default_factory=dict)


def grade_class(course: Course, assignment: str | None = None, *, sample: bool = False, jobs: int = 2, feedback: bool = True) -> list[Outcome]:
    """Grade submitted/<student>/<assignment>/ into the gradebook; write feedback pages and grades.csv; print the table.

    assignment: its name or number, all that were handed in when None; sample: make the sample class first, and grade
    that, in build/sample/; jobs: hand-ins run at the same time. Where nothing was submitted at all, the sample class is
    graded, and said so. Raises WorkbookError before any work where the gradebook is locked or nothing fits.
    """
    if not course.solutions.is_dir():
        raise WorkbookError(f"{course.root} has no solutions/: grading needs the instructor's repository, not a student bundle")
    names = [course.resolve(assignment)] if assignment else course.assignments()
    if not sample and not _anything(course.submitted):
        print("Nothing in submitted/ yet: grading a class of sample submissions instead (workbook grade --sample).\n")
        sample = True
    folders = Folders.of(course, sample)
    book = Book(course, folders)
    if sample:
        for name in names:
            write_class(course, name, folders.submitted)
    tasks = find_tasks(folders.submitted, names)
    if not tasks:
        raise WorkbookError(f"{course.show(folders.submitted)} holds no hand-in for {', '.join(names)}: each is a folder "
                            f"STUDENT/ASSIGNMENT/ with the notebook in it; `workbook collect DIR` sorts files there")
    with this_environment():
        return _grade(course, folders, book, tasks, jobs, feedback)


def _grade(course: Course, folders: Folders, book: Book, tasks: list[Task], jobs: int, feedback: bool) -> list[Outcome]:
    started = time.monotonic()
    graded = sorted({t.assignment for t in tasks})
    shutil.rmtree(folders.scratch, ignore_errors=True)
    for name in tqdm(graded, desc="reading the solutions", unit="notebook", leave=False, disable=None):
        book.register(name)
    outcomes = []
    environment = kernel_environment(course)
    # Spawned, so that a worker shares nothing with this process; each hand-in gets a kernel process of its own.
    with ProcessPoolExecutor(max_workers=max(1, jobs), mp_context=get_context("spawn")) as pool, \
            tqdm(total=len(tasks), desc="grading", unit="hand-in", disable=None) as bar:
        waiting = {pool.submit(run_task, t, str(folders.scratch), environment): t for t in tasks}
        for done in as_completed(waiting):
            outcome = done.result()
            _record(book, outcome, feedback)
            outcomes.append(outcome)
            bar.update()
            bar.set_postfix_str(f"{outcome.student} {outcome.points:g}/{outcome.most:g}")
    outcomes.sort(key=lambda o: (o.assignment, o.student))
    write_grades(folders.grades, outcomes)
    print(summary(outcomes))
    print(f"\n{len(outcomes)} hand-ins in {time.monotonic() - started:.0f} s. Scores: {course.show(folders.grades)}, gradebook "
          f"{course.show(folders.database)}" + (f", feedback pages in {course.show(folders.feedback)}/" if feedback else "") + ".")
    return outcomes


def _anything(submitted: Path) -> bool:
    return submitted.is_dir() and any(p.is_dir() for p in submitted.iterdir())


def find_tasks(submitted: Path, assignments: list[str]) -> list[Task]:
    """Every submitted/<student>/<assignment>/ folder of these assignments, by student."""
    if not submitted.is_dir():
        return []
    return [Task(student.name, name, str(student / name))
            for student in sorted(submitted.iterdir()) if student.is_dir()
            for name in assignments if (student / name).is_dir()]


# --- one hand-in, in a worker process ------------------------------------------------------------------------------

def run_task(task: Task, scratch: str, environment: dict[str, str]) -> Outcome:
    """Rebuild one hand-in on its frame and run it. Never raises for anything that the hand-in holds."""
    started = time.monotonic()
    outcome = Outcome(task.student, task.assignment)
    for frame_path in sorted(Path(scratch, "frames", task.assignment).glob("*.ipynb")):
        frame = nbformat.read(frame_path, as_version=4)
        staged = Path(scratch, "staged", task.student, task.assignment, frame_path.name)
        recorded = Path(scratch, "recorded", task.student, task.assignment, frame_path.name)
        nb = _rebuilt(Path(task.folder, frame_path.name), frame, outcome)
        if outcome.verdict in UNREADABLE:
            nb.cells.insert(0, nbformat.v4.new_markdown_cell(
                f"**This hand-in could not be graded** ({outcome.verdict}): {outcome.notes[-1]}. Hand in again."))
        write_atomically(staged, nbformat.writes(nb))
        if outcome.verdict not in UNREADABLE:
            for file in content_files(frame_path.parent):  # data files come from the source
                if file.suffix != ".ipynb":
                    shutil.copy(file, staged.parent)
            outcome.verdict = execute(nb, staged.parent, timeout=CELL_TIMEOUT, environment=environment)
        settle(nb)
        write_atomically(recorded, nbformat.writes(nb))
        for r in results(nb):
            outcome.unsolved += r.status == "unsolved" and not r.hidden
            outcome.errors += r.status == "error" and not r.hidden and outcome.verdict not in UNREADABLE
            outcome.ideas += [f"{r.exercise}: {i}" for i in r.ideas if f"{r.exercise}: {i}" not in outcome.ideas]
    outcome.seconds = time.monotonic() - started
    return outcome


def _rebuilt(path: Path, frame, outcome: Outcome):
    """The hand-in on the frame; the bare frame, with a verdict, where there is nothing to take from it."""
    try:
        if not path.is_file():
            found = sorted(p.name for p in path.parent.glob("*.ipynb"))
            outcome.verdict = "no-notebook"
            outcome.notes.append(f"no {path.name}; found {', '.join(found) or 'no notebook'}")
            return frame
        built = rebuild(frame, read_notebook(path))
    except WorkbookError as e:
        outcome.verdict = "unreadable"
        outcome.notes.append(str(e).removeprefix(f"{path}: "))
        return frame
    if built.answers == 0:
        outcome.verdict = "wrong-assignment"
        outcome.notes.append(f"{path.name} holds none of this assignment's answer cells")
        return frame
    outcome.notes += built.notes
    return built.notebook


# --- recording and telling -----------------------------------------------------------------------------------------

def _record(book: Book, outcome: Outcome, feedback: bool) -> None:
    book.autograde(outcome.assignment, outcome.student)
    outcome.scores = book.scores(outcome.assignment, outcome.student)
    outcome.points = sum(s for s, _, _ in outcome.scores.values())
    outcome.most = sum(m for _, m, _ in outcome.scores.values())
    outcome.by_hand = sum(waits for _, most, waits in outcome.scores.values() if most > 0)
    if feedback:
        book.feedback(outcome.assignment, outcome.student)


def summary(outcomes: list[Outcome]) -> str:
    rows = [(o.student, o.assignment, o.verdict, f"{o.points:g} / {o.most:g}", "; ".join(_short(o))) for o in outcomes]
    return table(("student", "assignment", "verdict", "points", "what was found"), rows)


def _short(o: Outcome, width: int = 100) -> list[str]:
    found = [*o.ideas, *([f"{o.unsolved} not done yet"] if o.unsolved else []),
             *([f"{o.errors} stopped with an error"] if o.errors else []), *o.notes]
    text = "; ".join(found)
    return [text if len(text) <= width else text[: width - 1] + "…"]


def write_grades(path: Path, outcomes: list[Outcome]) -> None:
    """grades.csv: one row a hand-in. A text that a spreadsheet would run as a formula gets an apostrophe before it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["student", "assignment", "verdict", "points", "max_points", "waiting_for_a_person", "ideas", "notes"])
    for o in outcomes:
        writer.writerow([_plain(v) for v in (o.student, o.assignment, o.verdict, f"{o.points:g}", f"{o.most:g}", o.by_hand,
                                             "; ".join(o.ideas), "; ".join(o.notes))])
    write_atomically(path, out.getvalue())


def _plain(value) -> str:
    text = str(value)
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
