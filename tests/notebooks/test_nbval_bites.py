"""That nbval would notice: a solved notebook with one wrong answer fails it, and so does a changed number in an output."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
SOLVED = ROOT / "solutions" / "00_start_here" / "00_start_here.ipynb"


def nbval(path):
    """(passed, failed) of the repository's own nbval settings on one notebook."""
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "addopts=", "--nbval", "--nbval-current-env",
         f"--nbval-sanitize-with={ROOT / 'tests' / 'nbval_sanitize.cfg'}", "-q", "-c", str(ROOT / "pyproject.toml"),
         f"--rootdir={path.parent}", str(path)],
        cwd=path.parent, capture_output=True, text=True, env=None)
    counts = dict((word, int(n)) for n, word in re.findall(r"(\d+) (passed|failed)", run.stdout))
    assert counts, run.stdout + run.stderr
    return counts.get("passed", 0), counts.get("failed", 0)


def changed(tmp_path, change):
    nb = nbformat.read(SOLVED, as_version=4)
    change(nb)
    path = tmp_path / SOLVED.name
    nbformat.write(nb, path)
    return path


def test_as_it_is_it_passes(tmp_path):
    passed, failed = nbval(changed(tmp_path, lambda nb: None))
    assert passed > 5 and failed == 0


def test_a_wrong_answer_fails(tmp_path):
    def spoil(nb):
        (cell,) = [c for c in nb.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "multiply_backward"]
        cell.source = cell.source.replace("dout * y", "dout * x")

    assert nbval(changed(tmp_path, spoil))[1] >= 2  # the visible check and the hidden one


@pytest.mark.parametrize("old, new", [("-15.0", "-15.5"), ("10.0", "11.0")])
def test_a_stored_number_that_is_not_computed_fails(tmp_path, old, new):
    def spoil(nb):
        streams = [o for c in nb.cells for o in c.get("outputs", []) if o.output_type == "stream" and old in o.text]
        assert streams
        streams[0].text = streams[0].text.replace(old, new)

    assert nbval(changed(tmp_path, spoil))[1] == 1
