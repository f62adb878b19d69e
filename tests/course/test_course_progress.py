"""`workbook progress`, and the file that `workbook lab` puts into work/."""

import json

import pytest
from tiny import tree

from course_lib.check import progress
from course_lib.check.exercises import exercises
from course_lib.cli import lab as lab_module


@pytest.fixture
def begun(made):
    made.work.mkdir()
    progress.begin(made.work)
    return made


def fill(course):
    id, exercise = next((id, e) for id, e in exercises("01").items())
    names = [m.name for m in exercise.misconceptions]
    entry = {"best": 0.5, "attempts": 3, "hints": {"1": 1, "2": 2},
             "ideas": {names[0]: {"met": 2, "overcome": True}, names[1]: {"met": 1, "overcome": False}}}
    (course.work / progress.FILE).write_text(json.dumps({"version": 1, "exercises": {id: entry}}))
    return id, exercise


def test_lab_begins_it_once(made, monkeypatch):
    monkeypatch.setattr(lab_module, "run", lambda *args: 0)
    lab_module.start(made)
    id, _ = fill(made)
    before = tree(made.work)
    lab_module.start(made)
    assert tree(made.work) == before and id in progress.read(made.work / progress.FILE)["exercises"]


def test_a_work_folder_that_cannot_be_written_stops_nothing(made, monkeypatch):
    monkeypatch.setattr(lab_module, "run", lambda *args: 0)
    made.work.mkdir()
    (made.work / progress.FILE).mkdir()
    assert lab_module.start(made) == 0


def test_the_table(begun, run):
    id, exercise = fill(begun)
    result = run(begun, "progress")
    assert result.exit_code == 0 and "1 of 2" in result.output and f"Next: {id}" in result.output
    still = exercise.misconceptions[1]
    assert still.name in result.output and still.sentence in result.output
    assert exercise.misconceptions[0].sentence not in result.output  # overcome


def test_as_json(begun, run):
    id, _ = fill(begun)
    data = json.loads(run(begun, "progress", "--json").output)
    assert (data["done"], data["hints"], data["met"], data["overcome"]) == (0, 3, 2, 1) and data["next"]["exercise"] == id


def test_a_file_that_was_handed_in(begun, run, fails, tmp_path):
    fill(begun)
    there = tmp_path / "from_ada.json"
    (begun.work / progress.FILE).rename(there)
    assert "not there" in fails(begun, "progress")
    assert "1 of 2" in run(begun, "progress", "--file", str(there)).output


def test_off_and_on(begun, run):
    fill(begun)
    assert "Nothing is recorded at present" in run(begun, "progress", "--off").output
    assert progress.read(begun.work / progress.FILE)["off"]
    assert "at present" not in run(begun, "progress", "--on").output


def test_a_damaged_file_is_one_line(begun, fails):
    (begun.work / progress.FILE).write_text("{")
    assert "no progress in it" in fails(begun, "progress")
    assert "no progress in it" in fails(begun, "progress", "--off")
