"""`workbook mutants`: the figures, and that each thing that falls short is counted, said, and makes the command fail."""

import dataclasses
import re

import pytest
from click.testing import CliRunner
from test_exercises import ROOT

from course_lib.check.exercise import wrong
from course_lib.check.exercises import exercises, find
from course_lib.cli.main import workbook
from course_lib.grading import mutants

GATE = "00.multiply_backward"
ASSIGNMENT = "00_start_here"


@pytest.fixture
def changed(monkeypatch):
    """changed(id, field=value, ...): the exercise with other fields, for this test."""
    def change(id, **fields):
        other = dataclasses.replace(find(id), **fields)
        real = find
        monkeypatch.setattr(mutants, "find", lambda asked: other if asked == id else real(asked))
        return mutants.measure(ROOT, ASSIGNMENT, id, with_slips=False)

    return change


def run(*args):
    return CliRunner().invoke(workbook, ["--root", str(ROOT), "mutants", "--jobs", "1", *args])


def test_the_table_of_one_assignment():
    result = run("--assignment", "00")
    assert result.exit_code == 0, result.output
    lines = [re.split(r" {2,}", line) for line in result.stdout.splitlines()]
    assert lines[0] == list(mutants.HEADER)
    assert [line[0] for line in lines[2:]] == [*exercises("00"), "all"]
    for line in lines[2:-1]:
        ideas, killed, named, right, accepted, slips, slips_killed, equivalent = map(int, line[1:])
        assert ideas == killed == named == len(find(line[0]).misconceptions)
        assert right == accepted >= 3 and slips == slips_killed + equivalent
    assert [cell.endswith("= 100 %") for cell in lines[-1][1:]] == [False, True, True, False, True, False, True, False]


def test_without_slips_it_is_quick_and_has_fewer_columns():
    result = run("--assignment", "0", "--no-slips")
    assert result.exit_code == 0 and "slips" not in result.stdout and "equivalent" not in result.stdout


def test_an_unknown_assignment_is_one_line():
    result = run("--assignment", "99")
    assert result.exit_code == 1 and "99" in result.stderr and len(result.stderr.splitlines()) == 1


def test_a_misconception_that_changes_nothing_is_not_killed(changed):
    exercise = find(GATE)
    edit = next(e for e in exercise.misconceptions[0].edits)
    harmless = wrong("harmless", "You changed nothing.", (edit[0], edit[0]))
    row = changed(GATE, misconceptions=(*exercise.misconceptions, harmless))
    assert (row.misconceptions, row.caught) == (len(exercise.misconceptions) + 1, len(exercise.misconceptions))
    assert row.faults == ["harmless: loses no points"]


def test_an_edit_that_does_not_fit_is_said(changed):
    exercise = find(GATE)
    odd = wrong("odd", "You did something odd.", ("no such text", ""))
    row = changed(GATE, misconceptions=(*exercise.misconceptions, odd))
    assert row.caught == row.misconceptions - 1 and len(row.faults) == 1 and "'odd'" in row.faults[0] and "0 times" in row.faults[0]


def test_two_misconceptions_that_do_the_same_are_not_both_named(changed):
    exercise = find(GATE)
    twin = dataclasses.replace(exercise.misconceptions[0], name="twin", sentence="You did it as well.")
    row = changed(GATE, misconceptions=(*exercise.misconceptions, twin))
    assert row.caught == row.misconceptions == row.named + 1 and row.faults == ["twin: not named, or not alone"]


def test_a_right_answer_that_is_refused(changed, monkeypatch):
    real = mutants.right_answers
    wrong_source = {"multiply_backward": "def multiply_backward(x, y, dout):\n    return dout, dout"}
    monkeypatch.setattr(mutants, "right_answers", lambda *args: {**real(*args), "other": wrong_source})
    row = changed(GATE)
    assert row.right == row.accepted + 1 and row.faults == ["other does not get full marks"]
    monkeypatch.setattr(mutants, "right_answers", lambda *args: {})
    assert changed(GATE).faults == ["only 0 right answers in samples/"]


def test_a_slip_that_loses_nothing(monkeypatch):
    exercise = find(GATE)
    known = {("right line", "listed line"): exercise.answer_source, ("right line", "slipped line"): exercise.answer_source}
    monkeypatch.setattr(mutants, "slips", lambda *args: known)
    monkeypatch.setattr(mutants, "known_slips", lambda root: ({(GATE, "right line", "listed line"): "why"}, {}))
    row = mutants.measure(ROOT, ASSIGNMENT, GATE)
    assert (row.slips, row.slips_caught, row.equivalent) == (2, 0, 1)
    assert row.faults == ["this slip loses nothing: right line -> slipped line"]


def test_an_exercise_that_cannot_be_measured_hides_no_other(monkeypatch):
    real = mutants.all_runs

    def broken(notebook, exercise):
        if exercise.id == GATE:
            raise KeyError("a name")
        return real(notebook, exercise)

    monkeypatch.setattr(mutants, "all_runs", broken)
    result = run("--assignment", "00", "--no-slips")
    assert result.exit_code == 1 and f"{GATE}: could not be measured: KeyError: 'a name'" in result.stdout
    assert next(iter(exercises("00"))) in result.stdout


def test_what_falls_short_fails_the_command_and_is_said(monkeypatch):
    short = mutants.Row(GATE, misconceptions=300, caught=299, named=299, right=3, accepted=3, slips=10, slips_caught=10, faults=["idea: loses no points"])
    monkeypatch.setattr(mutants, "measure_all", lambda *args, **kwargs: iter([short]))
    result = run("--assignment", "00")
    assert result.exit_code == 1 and f"{GATE}: idea: loses no points" in result.stdout
    assert "299 = 99.67 %" in result.stdout and "10 = 100 %" in result.stdout


@pytest.mark.parametrize("part, whole, said", [(0, 0, "100 %"), (3, 3, "100 %"), (99999, 100000, "99.99 %"), (1, 3, "33.33 %")])
def test_a_share_is_100_only_where_all_are_in(part, whole, said):
    assert mutants._share(part, whole) == said
