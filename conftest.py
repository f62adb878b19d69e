"""pytest for the whole repository: rows of the syllabus, the two trees of notebooks, and skips.

    --row B-flat     run only the tests that check this syllabus row (may be given several times)
    --row-table      print which tests check which row of tests/rows.toml, from this run's markers
"""

import importlib.util
import os
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
# The tests against a live PyTorch are collected where it is installed; elsewhere the values it gave are compared alone.
# Where no test may be skipped it has to be there: they are collected, and fail without it.
HAS_PYTORCH = importlib.util.find_spec("torch") is not None
NO_SKIPS = bool(os.environ.get("WORKBOOK_NO_SKIPS"))
collect_ignore_glob = [] if HAS_PYTORCH or NO_SKIPS else ["tests/pytorch/*"]


def pytest_addoption(parser):
    group = parser.getgroup("workbook")
    group.addoption("--row", action="append", default=[], metavar="ID", help="run only the tests of this syllabus row")
    group.addoption("--row-table", action="store_true", help="print the table of syllabus rows and their tests")


def pytest_report_header():
    if not HAS_PYTORCH:
        return "PyTorch not installed: compared with its stored values only (CONTRIBUTING.md says how to get it)"


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    """nbval: solved notebooks are compared output by output; student copies hold no outputs, so they are only run."""
    collectors = yield
    if file_path.suffix == ".ipynb" and (ROOT / "notebooks") in file_path.parents:
        for collector in collectors if isinstance(collectors, list) else [collectors]:
            if hasattr(collector, "compare_outputs"):
                collector.compare_outputs = False
    return collectors


def rows():
    """The syllabus: each row's id, with its kind, its topic, and its function or why it has none."""
    return tomllib.loads((ROOT / "tests" / "rows.toml").read_text(encoding="utf-8"))


def rows_of(item):
    return [row for marker in item.iter_markers("row") for row in marker.args]


def pytest_collection_modifyitems(config, items):
    wanted = set(config.getoption("--row"))
    if wanted:
        kept = [i for i in items if wanted & set(rows_of(i))]
        config.hook.pytest_deselected(items=[i for i in items if i not in kept])
        items[:] = kept
    table, known = defaultdict(list), rows()
    for item in items:
        for row in rows_of(item):
            if row not in known:
                raise pytest.UsageError(f"tests/rows.toml has no row {row!r}, which {item.nodeid} is marked with")
            table[row].append(item.nodeid)
    config.stash[ROW_TABLE] = table


ROW_TABLE = pytest.StashKey()


def pytest_terminal_summary(terminalreporter, config):
    if config.getoption("--row-table"):
        terminalreporter.section("syllabus rows and their tests")
        table = config.stash.get(ROW_TABLE, None)
        if table is None:
            terminalreporter.write_line("only the workers collected: run it with -n 0 to see the table")
            return
        for row, entry in rows().items():
            tests = table.get(row, [])
            if tests:
                checked = tests[0] + (f" and {len(tests) - 1} more" if len(tests) > 1 else "")
            else:
                checked = f"nothing to compute: {entry['why']}" if "why" in entry else "no test in this run"
            terminalreporter.write_line(f"{row:16} {checked}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Where WORKBOOK_NO_SKIPS is set (.ci/run sets it) a skipped test is a failed one: there, every tool is installed."""
    report = yield
    if report.skipped and NO_SKIPS:
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as a failure here: {report.longrepr}"
    return report
