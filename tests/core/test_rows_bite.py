"""Every row of the syllabus that the first assignments cover has tests by its id, and breaking its function fails them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = [str(ROOT / "tests" / "core"), str(ROOT / "tests" / "check")]
FUNCTION = {
    "B-flat": "course_lib.flat:circuit_backward",
    "B-gates": "course_lib.gradcheck:numerical_gradient",
    "B-svm": "course_lib.flat:svm_loss",
    "B-twolayer": "course_lib.flat:two_layer_loss",
    "D-naive-cost": "course_lib.flat:layer_operations",
    "X-2": "course_lib.activations:sigmoid_backward",
    "C-stride2": "course_lib.conv:conv2d_backward",
    "A-convback": "course_lib.conv:conv2d_backward",
    "C-rotated": "course_lib.conv:conv2d_backward",
    "A-multichannel": "course_lib.conv:conv2d_backward",
    "X-5": "course_lib.conv:correlate2d",
}


def run(*args, spoil=""):
    """(exit code, {"passed": n, "failed": n}, output) of a pytest run of its own."""
    env = {**os.environ, "BREAK": spoil, "PYTHONPATH": os.pathsep.join([str(ROOT / "tests" / "core"), str(ROOT)])}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "break_function", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:randomly", "-o", "addopts=",
         "-q", "--deselect", "tests/core/test_rows_bite.py", *args, *TESTS],
        cwd=ROOT, env=env, capture_output=True, text=True)
    counts = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|error)", done.stdout)}
    return done.returncode, counts, done.stdout + done.stderr


@pytest.mark.parametrize("row", FUNCTION)
def test_breaking_the_rows_function_fails_its_test(row):
    code, counts, output = run("-x", "--row", row, spoil=FUNCTION[row])
    assert code == 1 and counts.get("failed", 0) >= 1, output[-2000:]


def test_each_row_has_tests_and_unbroken_they_pass():
    code, counts, output = run(*(arg for row in FUNCTION for arg in ("--row", row)), "--row-table")
    assert code == 0 and counts.get("failed", 0) == 0, output[-2000:]
    table = {line.split()[0] for line in output.splitlines() if "::" in line}
    assert set(FUNCTION) <= table


def test_the_rows_that_the_notebooks_name_are_among_them():
    named = set()
    for path in (ROOT / "solutions").glob("*/*.ipynb"):
        named |= set(nbformat.read(path, as_version=4).metadata.workbook.rows)
    assert named <= set(FUNCTION)
