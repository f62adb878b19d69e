"""ProgressView on Python's side: what it reads, what it says where there is nothing, state, repr, picture."""

import json

import pytest
import traitlets

from course_lib.check import progress
from course_lib.check.exercises import MODULES, exercises
from course_lib.widgets import ProgressView


def learner():
    """A state: 00 done, 01 begun, with misconceptions met and hints used."""
    ids = [*exercises("00"), *list(exercises("01"))[:3]]
    state = {"version": 1, "exercises": {id: {"best": 1.0, "attempts": 2, "ideas": {}, "hints": {}} for id in ids}}
    last = state["exercises"][ids[-1]]
    ideas = [m.name for m in exercises("01")[ids[-1]].misconceptions]
    last |= {"best": 0.5, "hints": {"1": 2}, "ideas": {ideas[0]: {"met": 3, "overcome": True}, ideas[1]: {"met": 1, "overcome": False}}}
    return state


@pytest.fixture
def folder(tmp_path):
    (tmp_path / progress.FILE).write_text(json.dumps(learner()))
    return tmp_path


def test_what_the_file_says(folder):
    summary = ProgressView(folder).summary
    assert summary["done"] == len(exercises("00")) + 2 and (summary["met"], summary["overcome"], summary["hints"]) == (2, 1, 2)
    assert summary["next"]["exercise"] == list(exercises("01"))[2]
    assert ProgressView(folder / progress.FILE).summary == summary


def test_the_notebooks_own_file_is_found_and_read_again(folder, monkeypatch):
    (folder / "01_flat_backprop").mkdir()
    monkeypatch.chdir(folder / "01_flat_backprop")
    view = ProgressView()
    assert view.note == "" and [a["number"] for a in view.summary["assignments"]] == ["01"]
    (folder / progress.FILE).write_text("")
    view.refresh()
    assert view.summary["done"] == 0
    progress.switch(folder / progress.FILE, False)
    view.refresh()
    assert "progress --on" in view.note


def test_where_nothing_is_recorded(tmp_path):
    view = ProgressView(tmp_path)
    assert view.note.startswith("Nothing is recorded here") and view.summary["done"] == 0
    assert [a["number"] for a in view.summary["assignments"]] == list(MODULES)


def test_a_damaged_file_is_said(tmp_path):
    (tmp_path / progress.FILE).write_text("{")
    with pytest.raises(ValueError, match="no progress in it"):
        ProgressView(tmp_path)


def test_repr_and_state(folder):
    view = ProgressView(folder)
    assert repr(view) == (f"ProgressView({view.summary['done']} of {view.summary['total']} exercises done, "
                          f"1 of 2 misconceptions overcome, next: {list(exercises('01'))[2]})")
    again = ProgressView.from_state(json.loads(json.dumps(view.state())))
    assert again.state() == view.state() and repr(again) == repr(view)
    with pytest.raises(traitlets.TraitError, match="course_lib.check.overview"):
        again.summary = {"done": 1}


def test_the_picture_says_how_much_of_each_is_done(folder):
    (ax,) = ProgressView(folder).picture().axes
    texts = {t.get_text() for t in ax.texts}
    assert {f"00\n{len(exercises('00'))}/{len(exercises('00'))} done", f"01\n2/{len(exercises('01'))} begun"} <= texts
    assert "next: 01." in ax.get_title()


def test_size_of_a_page(folder):
    assert len(json.dumps(ProgressView(folder).get_state())) < 80_000
