"""Plain `nbgrader autograde` with the same executor: answers in a sandbox, tests outside it."""

from __future__ import annotations

import atexit
from pathlib import Path

import nbformat
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Enum, Integer, Unicode

from course_lib.check import engine

from .execute import settle
from .library import withheld_by
from .names import answer_names
from .records import Records
from .sandbox import Limits, Sandbox
from .session import Session, Times
from .variants import Variants, give

_open: dict[tuple, Sandbox] = {}  # warm sandboxes of this process, by (withheld functions, isolation)


@atexit.register
def _close_all() -> None:
    while _open:
        _open.popitem()[1].close()


class GradingExecute(NbGraderPreprocessor):
    """Runs a rebuilt hand-in, and settles what its test cells scored; takes a recorded run where one was made already."""

    recorded_directory = Unicode("", help="Folder of notebooks that were run already, as <student>/<assignment>/<notebook>.ipynb").tag(config=True)
    isolation = Enum(["sandbox", "none"], "sandbox", help="'none' runs answers without a sandbox, as the user who grades").tag(config=True)
    timeout = Integer(60, help="Seconds that one cell may take").tag(config=True)

    def preprocess(self, nb, resources):
        ids = resources.get("nbgrader", {})
        if ids:
            give(nb, Variants.of(CourseDirectory(parent=self).root).number(ids["assignment"], ids["student"]))
        recorded = self._recorded(ids)
        if recorded is None or not take_outputs(nb, recorded):
            self._run(nb, resources, ids)
        settle(nb)
        return nb, resources

    def _recorded(self, ids):
        if not self.recorded_directory or not ids:
            return None
        path = Path(self.recorded_directory) / ids["student"] / ids["assignment"] / f"{ids['notebook']}.ipynb"
        return nbformat.read(path, as_version=4) if path.is_file() else None

    def _run(self, nb, resources, ids) -> None:
        withheld = withheld_by(nb.metadata)
        sandbox = _open.get((withheld, self.isolation))
        if sandbox is None:
            sandbox = _open[withheld, self.isolation] = Sandbox(withheld, self.isolation)
        session = Session(nb, sandbox, Limits(), Times(cell=self.timeout), self._files(nb, resources), answer_names(nb.cells, named_only=True))
        with engine.drawn_from(self._seed(ids)):
            session.run()
        for note in session.notes:
            self.log.warning("%s: %s", ids.get("student", ""), note)
        if session.verdict != "ok":
            self.log.warning("%s: %s", ids.get("student", ""), session.verdict)
        self.log.info("answers ran in: %s", sandbox.isolation)

    def _files(self, nb, resources) -> dict[str, bytes]:
        """The assignment's data files, which nbgrader put beside the notebook from the source folder."""
        folder = Path(resources.get("metadata", {}).get("path", "."))
        return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.is_file() and p.suffix != ".ipynb"} if folder.is_dir() else {}

    def _seed(self, ids) -> str:
        """The assignment's secret, where `workbook grade` keeps it: beside the gradebook."""
        course = CourseDirectory(parent=self)
        return Records(Path(course.root) / "records").seed(ids["assignment"]) if ids else ""


def take_outputs(nb, recorded) -> bool:
    """Copy the outputs of a recorded run of the very same code; False (and nothing copied) where the code differs."""
    here = [c for c in nb.cells if c.cell_type == "code"]
    there = [c for c in recorded.cells if c.cell_type == "code"]
    if [c.source for c in here] != [c.source for c in there]:
        return False
    for mine, run in zip(here, there):
        mine.outputs, mine.execution_count = run.outputs, run.execution_count
    return True
