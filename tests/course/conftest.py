"""Courses to test on. Generating takes nbgrader about a second, so one generated course is made and copied."""

from __future__ import annotations

import shutil
import sys
import types

import pytest
from click.testing import CliRunner
from tiny import Result, make_course

from course_lib.cli.main import workbook
from course_lib.grading.course import Course


@pytest.fixture
def course(tmp_path) -> Course:
    """Solved notebooks, no student copies."""
    return make_course(tmp_path)


@pytest.fixture(scope="session")
def generated_once(tmp_path_factory) -> Course:
    from course_lib.grading.generate import generate

    course = make_course(tmp_path_factory.mktemp("generated"))
    (course.solutions / "07_conv" / "data").mkdir()
    (course.solutions / "07_conv" / "data" / "numbers.csv").write_text("1,2\n")
    generate(course, course.notebooks)
    return course


@pytest.fixture
def made(generated_once, tmp_path) -> Course:
    """Solved notebooks and student copies."""
    root = tmp_path / "course"
    shutil.copytree(generated_once.root, root)
    return Course(root)


@pytest.fixture
def checks(monkeypatch):
    """Replaces `run_checks`: the list that it yields is what every notebook gets; `checks.seen` the paths asked for."""

    class Checks(list):
        seen: list = []

    results = Checks([Result("double", 2.0, 2.0, "passed")])
    results.seen = []

    def run_checks(path, *, timeout=120):
        results.seen.append(path)
        return list(results)

    module = types.ModuleType("course_lib.grading.run")
    module.run_checks = run_checks
    monkeypatch.setitem(sys.modules, "course_lib.grading.run", module)
    return results


@pytest.fixture
def run():
    """run(course, *args): the result of the command line, in this process."""

    def invoke(course: Course, *args: object):
        return CliRunner().invoke(workbook, ["--root", str(course.root), *map(str, args)])

    return invoke


@pytest.fixture
def fails(run):
    """fails(course, *args): the one line on stderr of a command that must end with exit code 1."""

    def invoke(course: Course, *args: object) -> str:
        result = run(course, *args)
        assert result.exit_code == 1, result.output
        assert isinstance(result.exception, SystemExit), result.exception  # a traceback would be another exception
        lines = result.stderr.strip().splitlines()
        assert len(lines) == 1 and lines[0].startswith("Error: "), result.stderr
        return lines[0]

    return invoke
