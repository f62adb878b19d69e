"""The benchmark of grading runs from end to end, in its quick mode, and says all that it has to. Its times are nobody's test."""

import os
import re
import subprocess
import sys

from hand_ins import ROOT

ROWS = ["the notebook's own cells", "one more hand-in: processor s", "... beyond its own cells", "one more hand-in: wall s", "hand-ins a minute",
        "log-log slope", "processor s of one more", "largest process in MB", "two dask workers beside one"]
PARTS = ["an empty box", "a whole hand-in", "the template's forking", "the rest"]


def test_the_quick_run_prints_both_tables():
    done = subprocess.run([sys.executable, "-m", "benchmarks.grading", "--quick"], cwd=ROOT, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr[-3000:]
    first, second = (table.splitlines() for table in done.stdout.strip().split("\n\n"))
    assert first[:2] == ["| what | stock nbgrader | workbook grade | goal |", "|---|---|---|---|"]
    assert second[:2] == ["| the parts of a hand-in | processor ms, trusted side | in the box |", "|---|---|---|"]
    for table, names in ((first[2:], ROWS), (second[2:], PARTS)):
        assert [next((n for n in names if line.startswith(f"| {n}")), line) for line in table] == names
    for line in first[2:]:
        cells = [c.strip() for c in line.strip("|").split("|")]
        assert len(cells) == 4 and re.search(r"\d", cells[2]), line
    own, whole = (float(first[i].split("|")[3]) for i in (2, 3))
    assert 0 < own < 0.2 and whole > own
