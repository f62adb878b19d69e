"""nbgrader's gradebook, written by one process: which database, who may write, assignments, and what it holds.

`recording` writes the hand-ins.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.api import Assignment, Gradebook, MissingEntry, Student, SubmittedAssignment
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import ClearHiddenTests, ClearMarkScheme
from nbgrader.utils import capture_log
from sqlalchemy import create_engine, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SAWarning, SQLAlchemyError
from sqlalchemy.pool import NullPool
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from .course import Course, WorkbookError, content_files, this_environment, write_atomically
from .locks import check_unlocked, only_run
from .records import Records, digest
from .settings import configure, copy_steps

_ERROR = re.compile(r"(?:\w+\.)*\w*(?:Error|Exception|Entry): ")
ADVISORY = 0x776F726B626F6F6B  # "workbook": the name of our lock in a PostgreSQL database


@dataclass(frozen=True)
class Folders:
    """Where one grading run reads and writes. All lie in the course folder, or in build/ for the sample class."""

    database: Path  # unless --db-url or nbgrader_config.py names another
    submitted: Path
    autograded: Path
    feedback: Path
    scratch: Path  # frames: can be made again at any time
    grades: Path  # grades.csv
    records: Path

    @classmethod
    def of(cls, course: Course, sample: bool = False) -> Folders:
        top = course.build / "sample" if sample else course.root
        return cls(top / "gradebook.db", top / "submitted", top / "autograded", top / "feedback",
                   course.build / ("sample/grading" if sample else "grading"), top / "grades.csv", top / "records")

    @property
    def frames(self) -> Path:
        """Student copies with their hidden tests: what hand-ins are rebuilt on."""
        return self.scratch / "frames"


def configuration(course: Course, folders: Folders, db_url: str | None = None, sample: bool = False) -> Config:
    """nbgrader_config.py of the course, with this run's folders and database over it.

    Raises WorkbookError where `db_url` is no database address.
    """
    own = (course.root / "nbgrader_config.py").is_file()
    c = PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config() if own else configure(Config())
    configured = c.CourseDirectory.get("db_url")
    c.CourseDirectory.root = str(course.root)
    c.CourseDirectory.source_directory = str(course.solutions)
    c.CourseDirectory.release_directory = str(folders.frames)
    c.CourseDirectory.submitted_directory = str(folders.submitted)
    c.CourseDirectory.autograded_directory = str(folders.autograded)
    c.CourseDirectory.feedback_directory = str(folders.feedback)
    if db_url is None and (sample or not isinstance(configured, str)):  # a sample class never goes into the real gradebook
        c.CourseDirectory.db_url = f"sqlite:///{folders.database}"
    else:
        c.CourseDirectory.db_url = _address(course, db_url or configured)
        if not isinstance(c.CourseDirectory.get("course_id"), str):
            # nbgrader writes assignments of a course "" that it never makes, which a server that keeps foreign keys refuses.
            c.CourseDirectory.course_id = "default_course"
    return c


def _address(course: Course, given: str) -> str:
    try:
        url = make_url(given)
        url.get_dialect()
    except (ArgumentError, SQLAlchemyError, ValueError):
        raise WorkbookError(f"--db-url {given.partition('://')[0]}://…: not a database address. It looks like sqlite:///gradebook.db or "
                            "postgresql://user@host/name") from None
    if url.get_backend_name() == "sqlite" and url.database and not os.path.isabs(url.database):
        url = url.set(database=str(course.root / url.database))
    return url.render_as_string(hide_password=False)


class Book:
    """The gradebook of one run, with one connection that stays open."""

    def __init__(self, course: Course, folders: Folders, db_url: str | None = None, sample: bool = False):
        self.course, self.folders = course, folders
        self.config = configuration(course, folders, db_url, sample)
        self.url: URL = make_url(self.config.CourseDirectory.db_url)
        self.records = Records(folders.records)
        self.log = logging.Logger("workbook.grade", logging.INFO)  # outside the logging tree: `_run` keeps what it says
        # Frames keep their hidden tests, so that a hand-in can be run on one outside nbgrader.
        self.config.GenerateAssignment.preprocessors = copy_steps(ClearHiddenTests, ClearMarkScheme)
        if self.file is not None:
            check_unlocked(self.file)
            self.file.parent.mkdir(parents=True, exist_ok=True)
        else:
            self._check_server()
        self._gb: Gradebook | None = None
        self.cells: dict[str, Cells] = {}

    @property
    def file(self) -> Path | None:
        """The gradebook's file; None where it is on a server."""
        return Path(self.url.database) if self.url.get_backend_name() == "sqlite" and self.url.database else None

    @property
    def shown(self) -> str:
        """The gradebook as a reader should see it: never with a password."""
        return self.url.render_as_string(hide_password=True) if self.file is None else self.course.show(self.file)

    @property
    def gb(self) -> Gradebook:
        """nbgrader's own, opened when first needed (a new database gets its tables then)."""
        if self._gb is None:
            course_id = self.config.CourseDirectory.get("course_id")
            named = [course_id] if isinstance(course_id, str) and course_id else []
            with _quiet(), this_environment():
                self._gb = Gradebook(self.url.render_as_string(hide_password=False), *named)
        return self._gb

    def close(self) -> None:
        if self._gb is not None:
            self._gb.close()
            self._gb = None

    def _check_server(self) -> None:
        try:
            engine = create_engine(self.url)
            with contextlib.closing(engine.connect()) as connection:
                connection.execute(text("SELECT 1"))
            engine.dispose()
        except ModuleNotFoundError as e:
            raise WorkbookError(f"{self.shown}: its driver {e.name} is not installed: python -m pip install -c requirements.lock "
                                "-e '.[postgresql]'") from None
        except SQLAlchemyError as e:
            why = " ".join(str(getattr(e, "orig", e)).split())[:300]
            raise WorkbookError(f"{self.shown}: the gradebook's server cannot be used ({why}). Is it running, and is the address "
                                "right?") from None

    @contextlib.contextmanager
    def only_run(self) -> Iterator[None]:
        """Only one grading run at a time, in this course folder and in this database."""
        with only_run(self.folders.scratch):
            if self.url.get_backend_name() != "postgresql":
                yield
                return
            # A connection of its own: the lock ends with it, also when the process is killed.
            engine = create_engine(self.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
            with engine.connect() as holder:
                if not holder.execute(text("SELECT pg_try_advisory_lock(:name)"), {"name": ADVISORY}).scalar():
                    raise WorkbookError(f"another `workbook grade` is at work in {self.shown}: wait until it is done; nothing was changed")
                yield

    # --- assignments -------------------------------------------------------------------------------------------------

    def register(self, assignment: str) -> bool:
        """Record the assignment's cells and points in the gradebook and write its frame, unless both are of the source as
        it is; whether that was needed. Raises WorkbookError where nbgrader cannot."""
        source = self._source_hash(assignment)
        frame = self.folders.frames / assignment
        known = self.records.source(assignment).get("source") == source and (frame / f"{assignment}.ipynb").is_file()
        cells = self._cells(assignment) if known else None
        if cells is None:
            self._run(GenerateAssignment, assignment, ".")
            cells = self._cells(assignment)
            self.records.know_source(assignment, source=source)
            known = False
        self.cells[assignment] = cells
        return not known

    def _source_hash(self, assignment: str) -> str:
        """Of all that the frame is made from: the solved notebooks, their data, and what makes frames of them."""
        from nbgrader import __version__

        folder = self.course.solutions / assignment
        return digest(__version__, self.url.render_as_string(), *(
            part for p in content_files(folder) for part in (p.relative_to(folder).as_posix(), p.read_bytes())))

    def _cells(self, assignment: str) -> Cells | None:
        """The assignment as the gradebook has it; None where it has none."""
        try:
            found = self.gb.find_assignment(assignment)
            cells = {n.name: {c.id: (c.name, c.type, getattr(c, "max_score", None)) for c in n._base_cells} for n in found.notebooks}
            return Cells(found.id, found.duedate, {n.name: n.id for n in found.notebooks}, cells) if cells else None
        except MissingEntry:
            return None
        finally:
            self.gb.db.remove()

    def graded(self, assignment: str) -> dict[str, str]:
        """{student: id of the hand-in} that the gradebook holds."""
        with self.gb.engine.connect() as c:
            rows = c.execute(select(SubmittedAssignment.student_id, SubmittedAssignment.id).join(
                Assignment, Assignment.id == SubmittedAssignment.assignment_id).where(Assignment.name == assignment))
            return {student: hand_in for student, hand_in in rows}

    def people(self) -> dict[str, dict[str, str]]:
        """{student: {"name", "sortable", "email", "lms_user_id"}}, as far as the gradebook knows them."""
        with self.gb.engine.connect() as c:
            rows = c.execute(select(Student.id, Student.first_name, Student.last_name, Student.email, Student.lms_user_id)).all()
        return {r.id: {"name": " ".join(filter(None, (r.first_name, r.last_name))),
                       "sortable": ", ".join(filter(None, (r.last_name, r.first_name))),
                       "email": r.email or "", "lms_user_id": r.lms_user_id or ""} for r in rows}

    def _run(self, converter: type, assignment: str, student: str) -> None:
        here = os.getcwd()
        self.close()  # the converter opens the database itself
        directory = CourseDirectory(config=self.config, log=self.log)
        directory.assignment_id, directory.student_id = assignment, student
        app = converter(coursedir=directory, config=self.config, log=self.log)
        app.force = True
        try:
            with _quiet(), this_environment():
                outcome = capture_log(app)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.chdir(here)
        if not outcome["success"]:
            said = f"{outcome['log'] or ''}\n{outcome['error'] or ''}"
            log = self.folders.scratch / "nbgrader.log"
            write_atomically(log, said)
            more = ""
            if "Cannot add or remove cells" in said or "Cannot modify existing assignment" in said:
                more = (" A notebook that was graded keeps its cells and their ids; only their text and points may change. To start "
                        f"over: nbgrader db assignment remove {assignment} --force")
            raise WorkbookError(f"{assignment}: nbgrader stopped ({reason(said)}); its log is in {self.course.show(log)}.{more}")


@dataclass(frozen=True)
class Cells:
    """An assignment as the gradebook knows it: ids by names. cells: {notebook: {id: (grade id, kind, most points)}}."""

    assignment: str
    duedate: Any
    notebooks: dict[str, str]
    cells: dict[str, dict[str, tuple[str, str, float | None]]]

    def of(self, notebook: str, *kinds: str) -> dict[str, str]:
        """{id in the gradebook: grade id} of the cells of these kinds: "GradeCell", "SolutionCell", "TaskCell"."""
        return {i: name for i, (name, kind, _) in self.cells[notebook].items() if kind in kinds}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without what nbgrader's database module says beside raising it, and the warnings of its own queries."""
    app_log = logging.getLogger("tornado.application")
    app_log.addFilter(_nothing)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)  # nothing an instructor can act on
            yield
    finally:
        app_log.removeFilter(_nothing)


def _nothing(_: logging.LogRecord) -> bool:
    return False


def reason(log: str) -> str:
    """Why nbgrader stopped: the last error in its log that is not its own "see the traceback above"."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if _ERROR.match(line)]
    causes = [line for line in errors if "NbGraderException" not in line]
    return next(reversed(causes or errors or lines), "no reason given")
