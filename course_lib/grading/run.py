"""Run the checks of one notebook and read their verdicts: what `workbook check` and `workbook submit` show."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from course_lib.check import MIME

from .course import read_notebook
from .execute import execute, is_test, settle


@dataclass(frozen=True)
class CheckResult:
    """The verdict of one check cell. status: "passed", "failed", "unsolved" or "error"."""

    exercise: str
    points: float
    max_points: float
    status: str
    message: str
    ideas: tuple[str, ...] = ()
    hidden: bool = False


def run_checks(path: Path, *, timeout: int = 120) -> list[CheckResult]:
    """Run the notebook from the top in a fresh kernel, in its own folder, without changing the file; one result a test cell.

    Raises WorkbookError where the file is no notebook. A test cell that holds no test (a hidden one in a student copy)
    has no result.
    """
    nb = read_notebook(Path(path))
    execute(nb, Path(path).resolve().parent, timeout=timeout)
    settle(nb)
    return results(nb)


def results(nb) -> list[CheckResult]:
    """The verdicts in an executed notebook, in its order."""
    return [r for cell in nb.cells if is_test(cell) for r in [_result(cell)] if r]


def _result(cell) -> CheckResult | None:
    points = float(cell.metadata["nbgrader"]["points"])
    name = cell.metadata["nbgrader"]["grade_id"]
    for o in cell.outputs:
        if o.output_type == "error":
            return CheckResult(name, 0.0, points, "error", f"{name}: {o.ename}: {o.evalue}")
    for o in cell.outputs:
        if o.output_type == "execute_result" and MIME in o["data"]:
            data = o["data"][MIME]
            return CheckResult(data["exercise"], float(data["earned"]), points, data["status"], data["message"],
                               tuple(data["ideas"]), bool(data["hidden"]))
    if any(line.strip() and not line.strip().startswith("#") for line in cell.source.splitlines()):
        return CheckResult(name, 0.0, points, "error", f"{name}: the test cell gave no verdict")
    return None
