"""Run All in a student copy reaches the end, and exactly its exercises are "not done yet"; solved, exactly none is."""

from pathlib import Path

import nbformat
import pytest

from course_lib.check import MIME
from course_lib.grading.course import Course, this_environment
from course_lib.grading.execute import execute, is_test
from course_lib.grading.generate import differences
from course_lib.grading.hidden import check_calls
from course_lib.grading.variants import give

ROOT = Path(__file__).resolve().parents[2]
STUDENT = sorted((ROOT / "notebooks").glob("*/*.ipynb"))


@pytest.mark.parametrize("path", STUDENT, ids=lambda p: p.stem)
def test_exactly_the_exercises_are_unsolved(path, tmp_path):
    nb = nbformat.read(path, as_version=4)
    give(nb, 271828182)  # as in a copy with numbers of its own (nbval runs the copies with the lecture's): pictures fit any numbers
    with this_environment():
        assert execute(nb, tmp_path, timeout=120) == "ok"
    unsolved = []
    for cell in nb.cells:
        if cell.cell_type != "code":
            continue
        assert cell.execution_count, f"not run: {cell.source}"
        for output in cell.outputs:
            assert output.output_type != "error", f"{output.ename} in a fresh copy: {cell.source}"
            assert output.get("name") != "stderr", output.text
        if is_test(cell) and "check(" in cell.source:
            (value,) = [o for o in cell.outputs if o.output_type == "execute_result"]
            assert value["data"]["text/plain"] == "0.0"
            assert value["data"][MIME]["status"] == "unsolved"
            unsolved.append(value["data"][MIME]["exercise"])
    visible = [c.exercise for c in check_calls(ROOT / "solutions" / path.relative_to(ROOT / "notebooks")) if c.hidden is None]
    assert unsolved == visible


def test_the_student_copies_are_what_nbgrader_makes_of_the_solutions():
    assert differences(Course(ROOT)) == []
