"""pytest for the whole repository: rows of the syllabus, the two trees of notebooks, and skips.

    --row B-flat     run only the tests that check this syllabus row (may be given several times)
    --row-table      print which tests check which row, from this run's markers
"""

import os
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parent


def pytest_addoption(parser):
    group = parser.getgroup("workbook")
    group.addoption("--row", action="append", default=[], metavar="ID", help="run only the tests of this syllabus row")
    group.addoption("--row-table", action="store_true", help="print the table of syllabus rows and their tests")


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    """nbval: solved notebooks are compared output by output; student copies hold no outputs, so they are only run."""
    collectors = yield
    if file_path.suffix == ".ipynb" and (ROOT / "notebooks") in file_path.parents:
        for collector in collectors if isinstance(collectors, list) else [collectors]:
            if hasattr(collector, "compare_outputs"):
                collector.compare_outputs = False
    return collectors


def rows_of(item):
    return [row for marker in item.iter_markers("row") for row in marker.args]


def pytest_collection_modifyitems(config, items):
    wanted = set(config.getoption("--row"))
    if wanted:
        kept = [i for i in items if wanted & set(rows_of(i))]
        config.hook.pytest_deselected(items=[i for i in items if i not in kept])
        items[:] = kept
    table = defaultdict(list)
    for item in items:
        for row in rows_of(item):
            table[row].append(item.nodeid)
    config.stash[ROW_TABLE] = table


ROW_TABLE = pytest.StashKey()


def pytest_terminal_summary(terminalreporter, config):
    if config.getoption("--row-table"):
        terminalreporter.section("syllabus rows and their tests")
        for row, tests in sorted(config.stash.get(ROW_TABLE, {}).items()):
            terminalreporter.write_line(f"{row:16} {tests[0]}" + (f" and {len(tests) - 1} more" if len(tests) > 1 else ""))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Where WORKBOOK_NO_SKIPS is set (.ci/run sets it) a skipped test is a failed one: there, every tool is installed."""
    report = yield
    if report.skipped and os.environ.get("WORKBOOK_NO_SKIPS"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as a failure here: {report.longrepr}"
    return report
