"""nbgrader's gradebook, written by one process: assignments, scores, feedback pages."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sqlite3
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import ClearHiddenTests, ClearMarkScheme
from nbgrader.utils import capture_log
from sqlalchemy.exc import SAWarning
from traitlets.config import Config

from .course import Course, WorkbookError, write_atomically
from .settings import configure

_ERROR = re.compile(r"(?:\w+\.)*\w*(?:Error|Exception|Entry): ")


@dataclass(frozen=True)
class Folders:
    """Where one grading run reads and writes. All lie in the course folder, or in build/ for the sample class."""

    database: Path
    submitted: Path
    autograded: Path
    feedback: Path
    scratch: Path  # frames, staged hand-ins and recorded runs: can be made again at any time
    grades: Path  # grades.csv

    @classmethod
    def of(cls, course: Course, sample: bool = False) -> Folders:
        top = course.build / "sample" if sample else course.root
        return cls(top / "gradebook.db", top / "submitted", top / "autograded", top / "feedback",
                   course.build / ("sample/grading" if sample else "grading"), top / "grades.csv")

    @property
    def frames(self) -> Path:
        """Student copies with their hidden tests: what hand-ins are rebuilt on."""
        return self.scratch / "frames"

    @property
    def staged(self) -> Path:
        return self.scratch / "staged"

    @property
    def recorded(self) -> Path:
        return self.scratch / "recorded"


def configuration(course: Course, folders: Folders) -> Config:
    c = configure(Config())
    c.CourseDirectory.root = str(course.root)
    c.CourseDirectory.source_directory = str(course.solutions)
    c.CourseDirectory.release_directory = str(folders.frames)
    c.CourseDirectory.submitted_directory = str(folders.staged)
    c.CourseDirectory.autograded_directory = str(folders.autograded)
    c.CourseDirectory.feedback_directory = str(folders.feedback)
    c.CourseDirectory.db_url = f"sqlite:///{folders.database}"
    c.GradingExecute.recorded_directory = str(folders.recorded)
    return c


class Book:
    """The gradebook of one run. Its methods change the process's directory back after nbgrader changed it."""

    def __init__(self, course: Course, folders: Folders):
        self.course, self.folders = course, folders
        check_unlocked(folders.database)
        folders.database.parent.mkdir(parents=True, exist_ok=True)
        self.log = logging.Logger("workbook.grade", logging.INFO)  # outside the logging tree: `_run` keeps what it says
        self.config = configuration(course, folders)
        # Frames keep their hidden tests, so that a hand-in can be run on one outside nbgrader.
        self.config.GenerateAssignment.preprocessors = [
            p for p in GenerateAssignment.preprocessors.default_args[0] if p not in (ClearHiddenTests, ClearMarkScheme)]

    def register(self, assignment: str) -> None:
        """Record the assignment's cells and points in the gradebook and write its frame."""
        self._run(GenerateAssignment, assignment, ".")

    def autograde(self, assignment: str, student: str) -> None:
        """Record one hand-in's scores; its run is taken from `folders.recorded`."""
        self._run(Autograde, assignment, student)

    def feedback(self, assignment: str, student: str) -> None:
        self._run(GenerateFeedback, assignment, student)

    def scores(self, assignment: str, student: str) -> dict[str, tuple[float, float, bool]]:
        """{grade id: (score, most points, waits for a person)} of one hand-in."""
        with Gradebook(self.config.CourseDirectory.db_url) as gb:
            submission = gb.find_submission(assignment, student)
            return {g.name: (float(g.score or 0.0), float(g.max_score), bool(g.needs_manual_grade))
                    for nb in submission.notebooks for g in nb.grades}

    def _run(self, converter: type, assignment: str, student: str) -> None:
        here = os.getcwd()
        directory = CourseDirectory(config=self.config, log=self.log)
        directory.assignment_id, directory.student_id = assignment, student
        app = converter(coursedir=directory, config=self.config, log=self.log)
        app.force = True
        app_log = logging.getLogger("tornado.application")  # where nbgrader's database module reports what it then raises
        app_log.addFilter(_nothing)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SAWarning)  # nbgrader's own queries; nothing an instructor can act on
                outcome = capture_log(app)
        finally:
            app_log.removeFilter(_nothing)
            with contextlib.suppress(FileNotFoundError):
                os.chdir(here)
        if not outcome["success"]:
            text = f"{outcome['log'] or ''}\n{outcome['error'] or ''}"
            log = self.folders.scratch / "nbgrader.log"
            write_atomically(log, text)
            raise WorkbookError(f"{assignment}, {student}: nbgrader stopped ({reason(text)}); its log is in {self.course.show(log)}")


def _nothing(_: logging.LogRecord) -> bool:
    return False


def reason(log: str) -> str:
    """Why nbgrader stopped: the last error in its log that is not its own "see the traceback above"."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if _ERROR.match(line)]
    causes = [line for line in errors if "NbGraderException" not in line]
    return next(reversed(causes or errors or lines), "no reason given")


def check_unlocked(database: Path) -> None:
    """Raise WorkbookError where another process holds the gradebook, or it is no gradebook, before any work is done."""
    if database.is_dir():
        raise WorkbookError(f"{database}: a folder, not a gradebook. Move it away and try again")
    for path in (database.parent, database):  # SQLite writes its journal beside the file
        if path.exists() and not os.access(path, os.W_OK):
            raise WorkbookError(f"{path}: cannot be written, and the gradebook has to be. Check its permissions")
    if not database.is_file():
        return
    try:
        with contextlib.closing(sqlite3.connect(database, timeout=2)) as db:
            db.execute("BEGIN IMMEDIATE")
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            db.rollback()
    except sqlite3.OperationalError as e:
        if "locked" not in str(e):
            raise WorkbookError(f"{database}: the gradebook cannot be opened for writing ({e}). Check its permissions") from e
        raise WorkbookError(f"{database}: the gradebook is locked by another program (the formgrader, or another grading run). "
                            f"Close that and try again; nothing was changed") from None
    except sqlite3.DatabaseError as e:
        raise WorkbookError(f"{database}: not a gradebook ({e}). Move the file away and try again") from None
    if tables and "submitted_assignment" not in tables:
        raise WorkbookError(f"{database}: not a gradebook (a database with other tables). Move the file away and try again")


@contextlib.contextmanager
def only_run(folders: Folders) -> Iterator[None]:
    """Only one grading run of a course at a time: two would take each other's scratch files away.

    SQLite's lock of a file that nothing is written to: it works on every system, and ends with the process.
    """
    folders.scratch.parent.mkdir(parents=True, exist_ok=True)
    lock = folders.scratch.with_name("grading.lock")
    with contextlib.closing(sqlite3.connect(lock, timeout=0, isolation_level=None)) as db:
        try:
            db.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as e:
            if "locked" not in str(e):
                raise WorkbookError(f"{lock}: cannot be written ({e}). Check the folder's permissions") from e
            raise WorkbookError("another `workbook grade` is at work in this course: wait until it is done; nothing was changed") from None
        yield
