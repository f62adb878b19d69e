"""Every computable row of the syllabus has tests that name it, and breaking the row's function fails one of them."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = tomllib.loads((ROOT / "tests" / "rows.toml").read_text(encoding="utf-8"))
COMPUTABLE = [row for row, entry in ROWS.items() if "why" not in entry]


def run(*args):
    """What a pytest run of its own prints, in this environment and without plugins that reorder or spread tests."""
    options = ["-p", "break_function", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "addopts=", "-q"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "tests" / "core"), str(ROOT)])}
    command = [sys.executable, "-m", "pytest", *options, *args]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """For each row, how many tests name it and which of them noticed that its function was broken."""
    path = tmp_path_factory.mktemp("rows") / "report.json"
    output = run("--break-rows", str(path), "tests/core", "tests/check")
    assert path.exists(), output[-3000:]
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", COMPUTABLE)
def test_the_row_has_a_test_that_notices_a_broken_function(report, row):
    assert report[row]["tests"], f"no test is marked @pytest.mark.row({row!r})"
    assert report[row]["noticed"], f"with {ROWS[row]['function']} broken all {report[row]['tests']} tests pass"


def test_rows_are_described_in_full():
    for row, entry in ROWS.items():
        assert entry["kind"] in {"exercise", "demo", "slip"} and entry["topic"], row
        assert ("function" in entry) != ("why" in entry), row
        assert set(entry) <= {"kind", "topic", "function", "turn", "why"}, row


def test_the_table_of_rows_and_tests():
    flat, linear = "tests/core/test_flat.py", "tests/core/test_linear.py"
    lines = run("--collect-only", "--row-table", flat, linear).splitlines()
    table = {line.split()[0]: line for line in lines if line.split() and line.split()[0] in ROWS}
    assert list(table) == list(ROWS)
    assert f"{flat}::" in table["B-flat"] and f"{linear}::" in table["X-1"]
    assert "no test in this run" in table["C-alexnet"] and "nothing to compute" in table["B-history"]


def test_a_row_of_an_unknown_id_is_refused(tmp_path):
    wrong = tmp_path / "test_wrong_row.py"
    wrong.write_text("import pytest\n\n@pytest.mark.row('B-flatt')\ndef test_one():\n    assert True\n")
    assert "rows.toml has no row 'B-flatt', which" in run(
        "-c", str(ROOT / "pyproject.toml"), f"--confcutdir={ROOT}", "-p", "conftest", str(wrong)
    )


def test_the_rows_that_the_notebooks_name_are_in_the_list():
    for path in (ROOT / "solutions").glob("*/*.ipynb"):
        assert set(nbformat.read(path, as_version=4).metadata.workbook.rows) <= set(ROWS)
