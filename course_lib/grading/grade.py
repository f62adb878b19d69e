"""Grade a class: look at every hand-in, run those that changed side by side, record them one by one, and say how it went."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from .course import Course, WorkbookError, this_environment, write_atomically
from .exports import write_canvas, write_grades, write_moodle
from .gradebook import Book, Folders
from .hand_ins import Prepared, Source, Task, find_tasks, prepare, read_source, students_in
from .messages import NOT_GRADED, Message
from .pool import Cluster, Crew, refusal
from .recording import Entry, Writer
from .records import (
    changed_scores,
    environment,
    environment_hash,
    plain_digest,
    points,
    reasons,
)
from .report import Change, Outcome, by_exercise, changes_table, exercises_text, isolation_lines, plot, summary
from .sample import write_class
from .strangers import received
from .variants import Variants


@dataclass(frozen=True)
class Asked:
    """What `workbook grade` was told."""

    jobs: int = 2
    feedback: bool = True
    scheduler: str | None = None
    again: bool = False
    seed: str | None = None
    isolation: str = "sandbox"
    variants: bool = True  # those of the course; a sample class works with the lecture's numbers


def grade_class(course: Course, assignment: str | None = None, *, sample: bool = False, students: int | None = None, jobs: int = 2,
                feedback: bool = True, scheduler: str | None = None, again: bool = False, seed: str | None = None,
                sandbox: bool = True, db_url: str | None = None) -> list[Outcome]:
    """Grade submitted/<student>/<assignment>/ into the gradebook; write feedback pages and the tables; print the report.

    assignment: its name or number, all that were handed in when None; sample: make the sample class first (of so many
    `students`), and grade that, in build/sample/; jobs: hand-ins run at the same time, here; scheduler: run them on that
    dask cluster instead; again: also those in which nothing changed; seed: for the hidden tests, instead of the kept one;
    sandbox: False runs answers without isolation; db_url: another gradebook. Where nothing was submitted at all, the
    sample class is graded, and said so. Raises WorkbookError before any work where there is no sandbox, the gradebook
    cannot be used, another run is grading, or nothing fits.
    """
    if not course.solutions.is_dir():
        raise WorkbookError(f"{course.root} has no solutions/: grading needs the instructor's repository, not a student bundle")
    names = [course.resolve(assignment)] if assignment else course.assignments()
    if not sample and not students_in(course.submitted):
        print("Nothing in submitted/ yet: grading a class of sample submissions instead (workbook grade --sample).\n")
        sample = True
    if sandbox and not scheduler and (why := refusal()):
        raise WorkbookError(f"there is no sandbox here to run the hand-ins in: {why}. `--no-sandbox` grades without, which lets what "
                            "students wrote read and change everything that you can")
    folders = Folders.of(course, sample)
    book = Book(course, folders, db_url, sample)
    if not sample and not find_tasks(folders.submitted, names):
        raise WorkbookError(f"{course.show(folders.submitted)} holds no hand-in for {', '.join(names)}: each is a folder "
                            f"STUDENT/ASSIGNMENT/ with the notebook in it; `workbook collect DIR` sorts files there")
    asked = Asked(jobs, feedback, scheduler, again, seed, "sandbox" if sandbox else "none", variants=not sample)
    with contextlib.closing(book), book.only_run(), this_environment():
        if sample:
            for name in names:
                write_class(course, name, folders.submitted, students)
        return Run(course, book, asked).grade(find_tasks(folders.submitted, names))


class Run:
    """One run over a class."""

    def __init__(self, course: Course, book: Book, asked: Asked):
        self.course, self.book, self.asked = course, book, asked
        self.folders, self.records = book.folders, book.records
        self.sources: dict[str, Source] = {}
        self.before: dict[str, dict[str, str]] = {}  # assignment: {student: id in the gradebook}, before this run
        self.outcomes: dict[tuple[str, str], Outcome] = {}
        self.changes: list[Change] = []
        self.told: dict[Task, str] = {}  # what the pages that are being made say of scores and comments
        self.variants = Variants.of(course.root) if asked.variants else None
        self.started = time.monotonic()

    def grade(self, tasks: list[Task]) -> list[Outcome]:
        graded = sorted({t.assignment for t in tasks})
        for name in tqdm(graded, desc="reading the solutions", unit="notebook", leave=False, disable=None):
            self.book.register(name)
            self.sources[name] = read_source(self.folders.frames / name, self.records.seed(name, self.asked.seed))
            self.before[name] = self.book.graded(name)
        self.writer = Writer(self.book)
        self.known_ids: dict[str, list[str]] = {}
        for (name, _), ids in self.course.known_ids().items():
            self.known_ids.setdefault(name, []).extend(sorted(ids))
        workers = Cluster(self.asked.scheduler, self.asked.isolation) if self.asked.scheduler else Crew(min(self.asked.jobs, len(tasks)))
        try:
            with tqdm(total=len(tasks), desc="grading", unit="hand-in", disable=None) as bar:
                self._work(workers, tasks, bar)
            workers.close()
        except KeyboardInterrupt:
            workers.close(at_once=True)
            done = sum(o.verdict != NOT_GRADED for o in self.outcomes.values())
            raise WorkbookError(f"stopped: {done} of {len(tasks)} hand-ins are in the gradebook, {self.course.show(self.folders.grades)} "
                                "is as it was. Run the command again: it goes on from there") from None
        except BaseException:
            workers.close(at_once=True)
            raise
        return self._tell(graded)

    # --- the work ----------------------------------------------------------------------------------------------------

    def _work(self, workers: Crew | Cluster, tasks: list[Task], bar: tqdm) -> None:
        """Feed the workers and record what they give back. No more hand-ins are in memory than keep them busy."""
        todo, waiting = iter(tasks), {}
        while True:
            while workers.waiting < 2 * workers.size and (task := next(todo, None)) is not None:
                prepared = self._prepare(task)
                if prepared is None:
                    self._told(bar, self._pages(workers, task, self._unchanged(task)))
                else:
                    waiting[task] = prepared
                    workers.submit(("grade", task), prepared.message(self.sources[task.assignment]))
            if not workers.waiting:
                return
            (kind, task), reply = workers.next()
            if kind == "pages":
                self._write_pages(task, reply)
                continue
            with uninterrupted():
                outcome, record, entry = self._record(task, waiting.pop(task), reply)
                self.outcomes[task.assignment, task.student] = outcome
            if record is not None:
                self._pages(workers, task, (outcome, record, entry))
            self._told(bar, outcome)

    def _told(self, bar: tqdm, outcome: Outcome) -> None:
        bar.update()
        bar.set_postfix_str(f"{outcome.student} {outcome.points:g}/{outcome.most:g}", refresh=False)

    def _prepare(self, task: Task) -> Prepared | None:
        """The hand-in, read; None where nothing changed since it was graded."""
        source = self.sources[task.assignment]
        old = self.records.read(task.assignment, task.student)
        variant = self.variants and self.variants.number(task.assignment, task.student)
        if self.variants and old and old.get("variant") is not None and not self.variants.path.exists():
            raise WorkbookError(f"{task.assignment}, {task.student}: graded with variant {old['variant']} before, and {self.variants.path} is "
                                "gone: restore it from a backup. Without it everybody would be graded with the lecture's numbers")
        prepared = prepare(task, source, self.known_ids, self.asked.isolation, variant)
        entry = self.before[task.assignment].get(task.student)
        if old and not self.asked.again and old["key"] == prepared.key and old.get("entry") == entry:
            folder = self.folders.autograded / task.student / task.assignment
            if all((folder / f"{name}.ipynb").is_file() for name in source.frames):
                return None
        return prepared

    def _record(self, task: Task, prepared: Prepared, reply: Message) -> tuple[Outcome, Message | None, Entry | None]:
        """The outcome; and where there is a score, the record and what the gradebook has. Where something here fails, the class goes on."""
        record, source = reply["record"], self.sources[task.assignment]
        old = self.records.read(task.assignment, task.student)
        try:
            if reply.get("environment", environment_hash()) != environment_hash():
                raise WorkbookError("the process that graded it has another course_lib than this one (edited meanwhile?): run the "
                                    "command again")
            if not record["notebooks"] or record["verdict"] == NOT_GRADED:
                raise WorkbookError("; ".join(record["notes"]))
            record["notes"] = [*prepared.notes, *record["notes"]]
            record["hashes"] = {name: prepared.key[name] for name in ("source", "submission", "environment")}
            record["key"] = prepared.key
            entry = self.writer.record(record, received(task.folder), source.files)
            self.records.write(record, entry=entry.id, tests=source.tests, environment=environment(), written=entry.written)
        except (WorkbookError, OSError) as e:
            return Outcome(task.student, task.assignment, NOT_GRADED, [str(e)], failed=True), None, None
        self._compare(old, record | {"tests": source.tests, "environment": environment()})
        return _outcome(record, entry), record, entry

    def _compare(self, old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> None:
        if old is None or (points(old) == points(new) and old["verdict"] == new["verdict"]):
            return
        self.changes.append(Change(new["student"], new["assignment"], points(old), points(new), changed_scores(old, new),
                                   reasons(old, new)))

    def _unchanged(self, task: Task) -> tuple[Outcome, Message, Entry]:
        """What an earlier run found, with the scores as the gradebook has them now: a person may have changed some."""
        record = self.records.read(task.assignment, task.student)
        entry = self.writer.read(task.student, task.assignment)
        outcome = _outcome(record, entry)
        outcome.ran = False
        self.outcomes[task.assignment, task.student] = outcome
        return outcome, record, entry

    # --- feedback pages, made while the next hand-in is graded -------------------------------------------------------

    def _pages(self, workers: Crew | Cluster, task: Task, found: tuple[Outcome, Message, Entry]) -> Outcome:
        outcome, record, entry = found
        if not self.asked.feedback:
            return outcome
        frames = self.sources[task.assignment].frames
        said = {name: {i: {"score": None if waits else s, "max": most} for i, (s, most, waits) in cells.items()}
                for name, cells in entry.scores.items()}
        told = plain_digest([said, entry.comments, entry.penalty])
        if "notebooks" not in record:  # of an earlier run: only where a page is missing, or a person gave marks or words since
            if record.get("told") == told and all((self._page_folder(task) / f"{name}.html").is_file() for name in frames):
                return outcome
            folder = self.folders.autograded / task.student / task.assignment
            record = {**record, "notebooks": {name: (folder / f"{name}.ipynb").read_text(encoding="utf-8") for name in frames}}
        self.told[task] = told
        workers.submit(("pages", task), {"do": "pages", "record": record, "comments": entry.comments, "penalty": entry.penalty,
                                         "scores": said})
        return outcome

    def _page_folder(self, task: Task) -> Path:
        return self.folders.feedback / task.student / task.assignment

    def _write_pages(self, task: Task, reply: Message) -> None:
        try:
            if "failed" in reply:
                raise WorkbookError(reply["failed"])
            for name, page in reply["pages"].items():
                write_atomically(self._page_folder(task) / name, page)
            if kept := self.records.read(task.assignment, task.student):
                self.records.write(kept, told=self.told[task])
        except (WorkbookError, OSError) as e:
            outcome = self.outcomes[task.assignment, task.student]
            outcome.failed = True
            outcome.notes.insert(0, f"no new feedback page: {e}")

    # --- what is said at the end -------------------------------------------------------------------------------------

    def _tell(self, graded: list[str]) -> list[Outcome]:
        outcomes = [self.outcomes[key] for key in sorted(self.outcomes)]
        ran, unchanged = (sum(o.ran is how and o.verdict != NOT_GRADED for o in outcomes) for how in (True, False))
        show, grades = self.course.show, self.folders.grades
        print(summary(outcomes))
        if self.changes:
            print(f"\nScores that changed since the run before:\n{changes_table(self.changes)}")
        elif self.asked.again:
            print("\nNo score changed.")
        pictures = []
        for name in graded:
            exercises = by_exercise(o for o in outcomes if o.assignment == name)
            if exercises:
                pictures.append(grades.with_name(f"{grades.stem}-{name}.png"))
                plot(exercises, f"{name}: {sum(exercises[0].counts.values())} hand-ins", pictures[-1])
                print(f"\n{name}\n{exercises_text(exercises)}")
        rows, people = write_grades(grades, outcomes, graded), self.book.people()
        tables = [grades, grades.with_name(f"{grades.stem}-canvas.csv"), grades.with_name(f"{grades.stem}-moodle.csv")]
        write_canvas(tables[1], rows, people)
        write_moodle(tables[2], rows, people)
        print(f"\n{isolation_lines(outcomes)}")
        if self.variants and (varied := [name for name in graded if name in self.variants.on]):
            print(f"variants: each student's own numbers in {', '.join(varied)} ({show(self.variants.path)}; workbook variants)")
        if waiting := sum(o.by_hand for o in outcomes):
            amount = sum(o.awaiting for o in outcomes)
            print(f"Awaiting a marker: {waiting} answer{'s' if waiting > 1 else ''}, {amount:g} points. Mark them in `nbgrader formgrader` (what to give "
                  "for what stands below each model answer in solutions/), then run `workbook grade` again: it only brings pages and tables up to date. "
                  f"Until then {show(tables[0])} and {show(tables[2])} hold points so far, and {show(tables[1])} leaves these students' grades empty.")
        if again := sum(o.again for o in outcomes):
            print(f"{again} mark{'s were' if again > 1 else ' was'} given to an earlier text of the answer, and count until you look at "
                  f"{'them' if again > 1 else 'it'} again: nbgrader formgrader")
        more = f", {unchanged} unchanged since an earlier run" if unchanged else ""
        print(f"{ran} hand-ins graded{more}, in {time.monotonic() - self.started:.0f} s. Gradebook {self.book.shown}; "
              f"{', '.join(show(p) for p in [*tables, *pictures])}"
              + (f"; feedback pages in {show(self.folders.feedback)}/" if self.asked.feedback else "") + ".")
        return outcomes


def _outcome(record: Mapping[str, Any], entry: Entry) -> Outcome:
    cells = {i: s for found in record["scores"].values() for i, s in found.items()}
    carried = None
    if any(s.get("carried") is not None and s["carried"] != s["score"] for s in cells.values()):
        forward = sum((s["carried"] if s.get("carried") is not None else s["score"]) or 0.0 for s in cells.values())
        carried = entry.points + forward - points(record)
    return Outcome(
        record["student"], record["assignment"], record["verdict"], list(record["notes"]), list(record["ideas"]), record["unsolved"],
        record["errors"], entry.points, entry.most, entry.waiting, awaiting=entry.awaiting, again=entry.again, seconds=float(record.get("times", {}).get("seconds", 0.0)),
        carried=carried, penalty=sum(entry.penalty.values()), flags=list(record["flags"]), isolation=record["isolation"],
        scores={i: s for found in entry.scores.values() for i, s in found.items()}, cells=cells)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Control-C waits until the block is done: a hand-in is in the gradebook and has its record, or neither."""
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
