"""nbgrader's gradebook, written by one process: assignments, scores, feedback pages."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import warnings
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
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SAWarning)  # nbgrader's own queries; nothing an instructor can act on
                outcome = capture_log(app)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.chdir(here)
        if not outcome["success"]:
            text = f"{outcome['log'] or ''}\n{outcome['error'] or ''}"
            log = self.folders.scratch / "nbgrader.log"
            write_atomically(log, text)
            lines = [line for line in text.splitlines() if line.strip()]
            raise WorkbookError(f"{assignment}, {student}: nbgrader stopped ({lines[-1].strip() if lines else 'no reason given'}); "
                                f"its log is in {self.course.show(log)}")


def check_unlocked(database: Path) -> None:
    """Raise WorkbookError where another process holds the gradebook, or it is no gradebook, before any work is done."""
    if not database.is_file():
        return
    try:
        with contextlib.closing(sqlite3.connect(database, timeout=2)) as db:
            db.execute("BEGIN IMMEDIATE")
            db.rollback()
    except sqlite3.OperationalError as e:
        if "locked" not in str(e):
            raise WorkbookError(f"{database}: the gradebook cannot be opened for writing ({e}). Check its permissions") from e
        raise WorkbookError(f"{database}: the gradebook is locked by another program (the formgrader, or another grading run). "
                            f"Close that and try again; nothing was changed") from None
    except sqlite3.DatabaseError as e:
        raise WorkbookError(f"{database}: not a gradebook ({e}). Move the file away and try again") from None
