"""`workbook grade`: its options reach the run, and its exit code says whether everybody has a grade."""

import pytest
from classroom import NAME, course_at
from click.testing import CliRunner

from course_lib.cli.main import workbook
from course_lib.grading import grade as module
from course_lib.grading.report import Outcome

DEFAULTS = {"sample": False, "students": None, "feedback": True, "scheduler": None, "again": False, "seed": None, "sandbox": True, "db_url": None}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs the command; (its result, the arguments that grading got)."""
    course_at(tmp_path)
    got = []

    def invoke(*words, outcomes=()):
        monkeypatch.setattr(module, "grade_class", lambda course, name, **options: got.append((name, options)) or list(outcomes))
        result = CliRunner().invoke(workbook, ["--root", str(tmp_path), "grade", *words])
        return result, got

    return invoke


@pytest.mark.parametrize("words, name, changed", [
    ([], None, {}), (["0"], NAME, {}), (["--sample"], None, {"sample": True}), (["--students", "200"], None, {"sample": True, "students": 200}),
    (["--no-feedback", "--jobs", "3"], None, {"feedback": False, "jobs": 3}), (["--scheduler", "tcp://h:1"], None, {"scheduler": "tcp://h:1"}),
    (["--again", "--seed", "abcdef01"], None, {"again": True, "seed": "abcdef01"}), (["--no-sandbox"], None, {"sandbox": False}),
    (["--db-url", "postgresql://g@h/n"], None, {"db_url": "postgresql://g@h/n"})])
def test_options_reach_the_run(run, words, name, changed):
    result, got = run(*words)
    assert result.exit_code == 0, result.output
    ((assignment, options),) = got
    options.pop("jobs") if "jobs" not in changed else None
    assert assignment == name and options == DEFAULTS | changed


def test_somebody_without_a_grade_is_an_error_that_names_them(run):
    result, _ = run(outcomes=[Outcome("ada", NAME), Outcome("bo", NAME, failed=True)])
    assert result.exit_code == 1 and "not graded, or without a feedback page: bo" in result.output and "ada" not in result.output


@pytest.mark.parametrize("words", [["--jobs", "0"], ["--students", "0"], ["99"], ["--seed"]])
def test_what_makes_no_sense_is_refused(run, words):
    result, got = run(*words)
    assert result.exit_code != 0 and not got
