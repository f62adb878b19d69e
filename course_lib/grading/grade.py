"""Grade a class: look at every hand-in, run them side by side, record them one by one, and say how it went."""

from __future__ import annotations

import contextlib
import csv
import io
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import nbformat
from tqdm import tqdm

from .course import (
    Course,
    WorkbookError,
    content_files,
    kernel_environment,
    read_notebook,
    recognise,
    table,
    this_environment,
    write_atomically,
)
from .execute import execute, settle
from .frame import rebuild
from .gradebook import Book, Folders, only_run
from .run import results
from .sample import write_class
from .settings import CELL_TIMEOUT

UNREADABLE = ("unreadable", "wrong-assignment", "no-notebook")
NOT_GRADED = "not-graded"  # something here failed, not the hand-in: an earlier score stays as it was
HEADER = ["student", "assignment", "verdict", "points", "max_points", "waiting_for_a_person", "ideas", "notes"]


Known = dict[tuple[str, str], set[str]]  # Course.known_ids: which grade ids each notebook has


@dataclass(frozen=True)
class Task:
    """One hand-in: whose, of what, and where it lies. Paths are text, so that a worker process gets plain values."""

    student: str
    assignment: str
    folder: str


@dataclass
class Outcome:
    """What became of one hand-in. verdict: "ok", "timeout", "crashed", one of UNREADABLE (graded as an empty notebook), or
    NOT_GRADED."""

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
    failed: bool = False  # something here went wrong: no score (NOT_GRADED), or no feedback page
    seconds: float = 0.0
    scores: dict[str, tuple[float, float, bool]] = field(default_factory=dict)


def grade_class(course: Course, assignment: str | None = None, *, sample: bool = False, jobs: int = 2, feedback: bool = True) -> list[Outcome]:
    """Grade submitted/<student>/<assignment>/ into the gradebook; write feedback pages and grades.csv; print the table.

    assignment: its name or number, all that were handed in when None; sample: make the sample class first, and grade
    that, in build/sample/; jobs: hand-ins run at the same time. Where nothing was submitted at all, the sample class is
    graded, and said so. Raises WorkbookError before any work where the gradebook is locked, another run is grading, or
    nothing fits.
    """
    if not course.solutions.is_dir():
        raise WorkbookError(f"{course.root} has no solutions/: grading needs the instructor's repository, not a student bundle")
    names = [course.resolve(assignment)] if assignment else course.assignments()
    if not sample and not _students(course.submitted):
        print("Nothing in submitted/ yet: grading a class of sample submissions instead (workbook grade --sample).\n")
        sample = True
    folders = Folders.of(course, sample)
    book = Book(course, folders)
    if not sample and not find_tasks(folders.submitted, names):
        raise WorkbookError(f"{course.show(folders.submitted)} holds no hand-in for {', '.join(names)}: each is a folder "
                            f"STUDENT/ASSIGNMENT/ with the notebook in it; `workbook collect DIR` sorts files there")
    with only_run(folders), this_environment():
        if sample:
            for name in names:
                write_class(course, name, folders.submitted)
        return _grade(course, folders, book, find_tasks(folders.submitted, names), jobs, feedback)


def _grade(course: Course, folders: Folders, book: Book, tasks: list[Task], jobs: int, feedback: bool) -> list[Outcome]:
    started = time.monotonic()
    graded = sorted({t.assignment for t in tasks})
    shutil.rmtree(folders.scratch, ignore_errors=True)
    for name in tqdm(graded, desc="reading the solutions", unit="notebook", leave=False, disable=None):
        book.register(name)
    outcomes: list[Outcome] = []
    common = str(folders.scratch), kernel_environment(course), course.known_ids()
    # Spawned, so that a worker shares nothing with this process; each hand-in gets a kernel process of its own.
    pool = ProcessPoolExecutor(max_workers=max(1, jobs), mp_context=get_context("spawn"), initializer=_leave_interrupts)
    try:
        waiting = {pool.submit(run_task, t, *common): t for t in tasks}
        with tqdm(total=len(tasks), desc="grading", unit="hand-in", disable=None) as bar:
            for done in as_completed(waiting):
                with _uninterrupted():
                    outcome = _record(book, _result(done, waiting[done]), feedback)
                    outcomes.append(outcome)
                bar.update()
                bar.set_postfix_str(f"{outcome.student} {outcome.points:g}/{outcome.most:g}")
        pool.shutdown()
    except KeyboardInterrupt:
        _stop(pool)
        raise WorkbookError(f"stopped: {len(outcomes)} of {len(tasks)} hand-ins are in the gradebook, "
                            f"{course.show(folders.grades)} is as it was. Run the command again for all") from None
    except BaseException:
        _stop(pool)
        raise
    outcomes.sort(key=lambda o: (o.assignment, o.student))
    print(summary(outcomes))
    write_grades(folders.grades, outcomes, graded)
    print(f"\n{len(outcomes)} hand-ins in {time.monotonic() - started:.0f} s. Scores: {course.show(folders.grades)}, gradebook "
          f"{course.show(folders.database)}" + (f", feedback pages in {course.show(folders.feedback)}/" if feedback else "") + ".")
    return outcomes


def find_tasks(submitted: Path, assignments: list[str]) -> list[Task]:
    """Every submitted/<student>/<assignment>/ folder of these assignments, by student."""
    return [Task(student.name, name, str(student / name))
            for student in _students(submitted) for name in assignments if (student / name).is_dir()]


def _students(submitted: Path) -> list[Path]:
    """The students' folders; editors and file managers leave others, whose names begin with a dot."""
    if not submitted.is_dir():
        return []
    return sorted(p for p in submitted.iterdir() if p.is_dir() and not p.name.startswith("."))


# --- the worker processes -------------------------------------------------------------------------------------------

def _leave_interrupts() -> None:
    """In a worker: Control-C reaches every process of the terminal, but only the first one decides. (A handler that does
    nothing; an ignored signal would stay ignored in the kernels, and then no endless loop could be interrupted.)"""
    signal.signal(signal.SIGINT, lambda *_: None)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Control-C waits until the block is done: a hand-in is in the gradebook and its pages, or it is not."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


def _stop(pool: ProcessPoolExecutor) -> None:
    """End the workers, also in the middle of a hand-in; a kernel ends by itself when its worker is gone."""
    workers = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.join()


def _result(done, task: Task) -> Outcome:
    """What the worker found. Where it failed itself (a full disk, no memory), the class goes on and the table says so."""
    try:
        return done.result()
    except Exception as e:
        why = " ".join(f"{type(e).__name__}: {e}".split())
        return Outcome(task.student, task.assignment, NOT_GRADED, [why], failed=True)


# --- one hand-in, in a worker process ------------------------------------------------------------------------------

def run_task(task: Task, scratch: str, environment: dict[str, str], known: Known) -> Outcome:
    """Rebuild one hand-in on its frame and run it. Never raises for anything that the hand-in holds."""
    started = time.monotonic()
    outcome = Outcome(task.student, task.assignment)
    for frame_path in sorted(Path(scratch, "frames", task.assignment).glob("*.ipynb")):
        staged = Path(scratch, "staged", task.student, task.assignment, frame_path.name)
        recorded = Path(scratch, "recorded", task.student, task.assignment, frame_path.name)
        frame = nbformat.read(frame_path, as_version=4)
        nb, verdict, notes = _rebuilt(Path(task.folder, frame_path.name), frame, task.assignment, known)
        outcome.notes += notes
        if verdict in UNREADABLE:
            nb.cells.insert(0, nbformat.v4.new_markdown_cell(
                f"**This hand-in could not be graded** ({verdict}): {notes[-1]}. Hand in again."))
        write_atomically(staged, nbformat.writes(nb))
        if verdict not in UNREADABLE:
            for file in content_files(frame_path.parent):  # data files come from the source
                if file.suffix != ".ipynb":
                    shutil.copy(file, staged.parent)
            verdict = execute(nb, staged.parent, timeout=CELL_TIMEOUT, environment=environment)
        settle(nb)
        write_atomically(recorded, nbformat.writes(nb))
        for r in results(nb):
            outcome.unsolved += r.status == "unsolved" and not r.hidden
            outcome.errors += r.status == "error" and not r.hidden and verdict not in UNREADABLE
            outcome.ideas += [f"{r.exercise}: {i}" for i in r.ideas if f"{r.exercise}: {i}" not in outcome.ideas]
        if outcome.verdict == "ok":  # of an assignment's notebooks the first that went wrong gives the verdict
            outcome.verdict = verdict
    outcome.seconds = time.monotonic() - started
    return outcome


def _rebuilt(path: Path, frame, assignment: str, known: Known):
    """(the hand-in on the frame, "ok", notes); the bare frame, with a verdict, where there is nothing to take from it."""
    try:
        if not path.exists():
            found = sorted(p.name for p in path.parent.glob("*.ipynb"))
            todo = f"found {', '.join(found)}: rename the right one" if found else "found no notebook"
            return frame, "no-notebook", [f"no {path.name}; {todo}"]
        submission = read_notebook(path)
    except WorkbookError as e:
        return frame, "unreadable", [str(e).removeprefix(f"{path}: ")]
    found, built = recognise(submission, known), rebuild(frame, submission)
    if found and found[0] != assignment:
        return frame, "wrong-assignment", [f"by its cells it is {found[0]}"]
    if built.answers == 0:
        return frame, "wrong-assignment", [f"{path.name} holds none of this assignment's answer cells"]
    return built.notebook, "ok", built.notes


# --- recording and telling -----------------------------------------------------------------------------------------

def _record(book: Book, outcome: Outcome, feedback: bool) -> Outcome:
    """The outcome with its scores, put into the gradebook. Where nbgrader cannot, the class goes on."""
    if outcome.verdict == NOT_GRADED:
        return outcome
    try:
        book.autograde(outcome.assignment, outcome.student)
        outcome.scores = book.scores(outcome.assignment, outcome.student)
    except WorkbookError as e:
        return Outcome(outcome.student, outcome.assignment, NOT_GRADED, [str(e)], failed=True)
    outcome.points = sum(s for s, _, _ in outcome.scores.values())
    outcome.most = sum(m for _, m, _ in outcome.scores.values())
    outcome.by_hand = sum(waits for _, most, waits in outcome.scores.values() if most > 0)
    if feedback:
        try:
            book.feedback(outcome.assignment, outcome.student)
        except WorkbookError as e:
            outcome.failed = True
            outcome.notes.insert(0, f"no new feedback page: {e}")
    return outcome


def summary(outcomes: list[Outcome]) -> str:
    rows = [(o.student, o.assignment, o.verdict, "-" if o.verdict == NOT_GRADED else f"{o.points:g} / {o.most:g}",
             _short(o)) for o in outcomes]
    return table(("student", "assignment", "verdict", "points", "what was found"), rows)


def _short(o: Outcome, width: int = 100) -> str:
    found = [*o.ideas, *([f"{o.unsolved} not done yet"] if o.unsolved else []),
             *([f"{o.errors} stopped with an error"] if o.errors else []), *o.notes]
    text = "; ".join(found)
    return text if len(text) <= width or o.failed else text[: width - 1] + "…"


def write_grades(path: Path, outcomes: list[Outcome], graded: list[str]) -> None:
    """grades.csv: one row a hand-in; the rows of assignments other than the ones `graded` now stay as they are.

    A text that a spreadsheet would run as a formula gets an apostrophe before it.
    """
    lost = {_key(o) for o in outcomes if o.verdict == NOT_GRADED}
    rows = {(row[1], row[0]): row for row in _earlier_rows(path) if row[1] not in graded or (row[1], row[0]) in lost}
    rows |= {_key(o): [_plain(v) for v in (o.student, o.assignment, o.verdict, f"{o.points:g}", f"{o.most:g}", o.by_hand,
                                           "; ".join(o.ideas), "; ".join(o.notes))]
             for o in outcomes if o.verdict != NOT_GRADED}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([HEADER, *(rows[key] for key in sorted(rows))])
    write_atomically(path, out.getvalue())


def _key(o: Outcome) -> tuple[str, str]:
    return _plain(o.assignment), _plain(o.student)


def _earlier_rows(path: Path) -> list[list[str]]:
    """The rows of a grades.csv of ours; none of a file that a program (or a person) gave other columns."""
    if not path.is_file():
        return []
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8", errors="replace"))))
    return [row for row in rows[1:] if len(row) == len(HEADER)] if rows and rows[0] == HEADER else []


def _plain(value) -> str:
    text = str(value)
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
