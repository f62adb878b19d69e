"""A pytest plugin: collect the tests once, break one library function after another, and see which row's tests notice.

    pytest -p break_function --break-rows REPORT.json tests/core tests/check

For each row of tests/rows.toml it spoils what the row's function returns, runs the row's tests until one fails, and
mends the function. A row's `turn` says how: by 1 % (a count is one too many), or by its sign. The report says for each
row how many tests it has, and which of them noticed.
"""

import importlib
import json
import tomllib
import types
from pathlib import Path

import numpy as np
from _pytest.runner import runtestprotocol

ROWS = Path(__file__).parents[1] / "rows.toml"


def spoiled(value, turn):
    if isinstance(value, (bool, np.bool_)):
        return value
    if isinstance(value, (int, np.integer)):
        return -value if turn else value + 1
    if isinstance(value, (float, np.ndarray, np.floating)):
        return -value if turn else value * 1.01
    if isinstance(value, dict):
        return {k: spoiled(v, turn) for k, v in value.items()}
    if isinstance(value, tuple) and not any(isinstance(v, tuple) for v in value):
        return tuple(spoiled(v, turn) for v in value)
    if isinstance(value, tuple):  # (out, cache): the cache stays
        return tuple(v if isinstance(v, tuple) else spoiled(v, turn) for v in value)
    return value


def spoil(target, turn):
    """Break a function wherever it was imported to already: what it runs is exchanged. Returns what mends it."""
    module, name = target.split(":")
    function = importlib.import_module(f"course_lib.{module}")
    for part in name.split("."):
        function = getattr(function, part)
    function = getattr(function, "__func__", function)
    code, defaults, kwdefaults = function.__code__, function.__defaults__, function.__kwdefaults__
    right = types.FunctionType(code, function.__globals__, name, defaults, function.__closure__)
    right.__kwdefaults__ = kwdefaults
    function.__globals__["_break_function"] = lambda *args, **kwargs: spoiled(right(*args, **kwargs), turn)
    function.__code__ = (lambda *args, **kwargs: _break_function(*args, **kwargs)).__code__  # noqa: F821
    function.__defaults__ = function.__kwdefaults__ = None

    def mend():
        function.__code__, function.__defaults__, function.__kwdefaults__ = code, defaults, kwdefaults
        del function.__globals__["_break_function"]

    return mend


def first_to_fail(items):
    """The id of the first test that fails, None where all pass. Each sets its fixtures up anew, with what is broken."""
    for item in items:
        if any(report.failed for report in runtestprotocol(item, log=False, nextitem=None)):
            return item.nodeid
    return None


def pytest_addoption(parser):
    parser.addoption("--break-rows", metavar="FILE", help="break each row's function, and write who noticed")


def pytest_runtestloop(session):
    report_path = session.config.getoption("--break-rows")
    if report_path is None or session.testsfailed:
        return None
    report = {}
    for row, entry in tomllib.loads(ROWS.read_text(encoding="utf-8")).items():
        items = [i for i in session.items if any(row in marker.args for marker in i.iter_markers("row"))]
        # those with drawn examples last: hypothesis looks for the smallest failing one, which takes its time
        items.sort(key=lambda item: getattr(item.function, "is_hypothesis_test", False))
        report[row] = {"tests": len(items), "noticed": None}
        if items and "function" in entry:
            mend = spoil(entry["function"], entry.get("turn", False))
            report[row]["noticed"] = first_to_fail(items)
            mend()
    Path(report_path).write_text(json.dumps(report), encoding="utf-8")
    return True
