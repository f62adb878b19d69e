"""A learner's progress: what is recorded, where, and that nothing about the file ever troubles a check."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from course_lib.check import check, hint, progress
from course_lib.check.assignments import ASSIGNMENTS, builds_on
from course_lib.check.exercises import MODULES, exercises, find
from course_lib.check.overview import numbers_beside, overview
from course_lib.grading.execute import execute

ROOT = Path(__file__).resolve().parents[2]
GATE = find("00.multiply_backward")
RIGHT = GATE.answer[-1]
WRONG = GATE.wrong_functions(GATE.misconceptions[0])[-1]
IDEA = GATE.misconceptions[0].name


def crash(*args):
    return 1 / 0


def stub(*args):
    raise NotImplementedError()


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A learner's work/ with a notebook's folder in it, which is where we are; checks think that a kernel runs them."""
    folder = tmp_path / "work" / "00_start_here"
    folder.mkdir(parents=True)
    progress.begin(folder.parent)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(progress, "_learners", lambda: True)
    monkeypatch.setattr(progress, "_waiting", [])
    monkeypatch.setattr(progress, "_said", set())
    return folder.parent


def state(work):
    return progress.read(work / progress.FILE)["exercises"]


def try_it(function):
    return check("00.multiply_backward", function, points=2)


# --- what is recorded ------------------------------------------------------------------------------------------------


def test_points_attempts_and_misconceptions(work):
    assert state(work) == {}
    try_it(stub)
    assert state(work) == {}  # nothing was tried
    try_it(WRONG)
    entry = state(work)["00.multiply_backward"]
    assert (entry["attempts"], entry["ideas"]) == (1, {IDEA: {"met": 1, "overcome": False}}) and 0 <= entry["best"] < 1
    try_it(crash)
    assert state(work)["00.multiply_backward"]["best"] == entry["best"]
    try_it(RIGHT)
    entry = state(work)["00.multiply_backward"]
    assert (entry["best"], entry["attempts"], entry["ideas"]) == (1.0, 3, {IDEA: {"met": 1, "overcome": True}})
    try_it(WRONG)  # done once is done; the idea is back
    entry = state(work)["00.multiply_backward"]
    assert (entry["best"], entry["attempts"], entry["ideas"]) == (1.0, 4, {IDEA: {"met": 2, "overcome": False}})


def test_the_same_answer_once_more_is_no_new_attempt(work):
    for _ in range(3):
        try_it(WRONG)
    assert state(work)["00.multiply_backward"]["attempts"] == 1


def test_hints_are_counted_by_step(work):
    for step in (1, 2, 2):
        hint("00.multiply_backward", step)
    assert state(work)["00.multiply_backward"]["hints"] == {"1": 1, "2": 2}
    with pytest.raises(ValueError):
        hint("00.multiply_backward", 4)
    assert sum(state(work)["00.multiply_backward"]["hints"].values()) == 3


def test_hidden_tests_are_not_recorded(work):
    check("00.multiply_backward", WRONG, points=1, hidden=[{}], seed=1)
    assert state(work) == {}


def test_the_verdict_is_the_same_one(work):
    verdict = try_it(WRONG)
    os.remove(work / progress.FILE)
    assert try_it(WRONG).as_data() == verdict.as_data() and not (work / progress.FILE).exists()


# --- where -----------------------------------------------------------------------------------------------------------


def test_found_beside_the_notebook_or_one_above_and_no_further(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    progress.begin(tmp_path)
    assert progress.find(inner) is None and progress.find(tmp_path / "a") == tmp_path / progress.FILE
    progress.begin(inner)
    assert progress.find(inner) == inner / progress.FILE


def test_nothing_is_recorded_without_the_file_or_without_a_kernel(work, monkeypatch):
    monkeypatch.setattr(progress, "_learners", lambda: False)
    try_it(WRONG)
    hint("00.multiply_backward")
    assert state(work) == {} and not (work / progress.LOCK).exists()
    monkeypatch.setattr(progress, "_learners", lambda: True)
    (work / progress.FILE).unlink()
    try_it(WRONG)
    assert not list(work.glob(".*"))


@pytest.mark.parametrize("tree", ["solutions", "notebooks", "."])
def test_the_repositorys_own_trees_record_nothing(tree):
    for folder in [ROOT / tree, *(ROOT / tree).glob("*/")]:
        if folder.name != "work":
            assert progress.find(folder) is None, folder


def test_plain_processes_are_no_kernel():
    assert progress._learners() is False


CELLS = """from course_lib.check import check, hint
def multiply_backward(*args):
    return {answer}
check("00.multiply_backward", multiply_backward, points=2)
hint("00.multiply_backward")"""


@pytest.mark.parametrize("begun", [True, False])
def test_in_a_real_kernel(tmp_path, begun):
    (tmp_path / "00_start_here").mkdir()
    if begun:
        progress.begin(tmp_path)
    cells = [nbformat.v4.new_code_cell(CELLS.format(answer=answer)) for answer in ("1.0", "(2.0, 3.0)", "(2.0, 3.0)")]
    nb = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    assert execute(nb, tmp_path / "00_start_here", timeout=60) == "ok"
    assert not [o for c in nb.cells for o in c.outputs if o.output_type == "error"]
    if begun:
        entry = state(tmp_path)["00.multiply_backward"]
        assert entry["attempts"] == 2 and entry["hints"] == {"1": 3}
    else:
        assert list(tmp_path.iterdir()) == [tmp_path / "00_start_here"]


def test_a_graded_answer_records_nothing(tmp_path):
    """Not even where whoever grades stands in a folder with the file: grading runs its cells in a shell that is no kernel."""
    progress.begin(tmp_path)
    code = (
        "import sys; from course_lib.grading.box.shell import Shell; outputs = []\n"
        "failed, _ = Shell.make(outputs.append).run(sys.argv[1])\n"
        "assert not failed and len(outputs) == 1, (failed, outputs)"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", code, CELLS.format(answer="(2.0, 3.0)")], cwd=tmp_path, env=env).returncode == 0
    assert state(tmp_path) == {} and not (tmp_path / progress.LOCK).exists()


# --- nothing about the file troubles a check -------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 99, "exercises": {}}', '{"version": 1, "exercises": {"00.x": {"ideas": 3}}}',
                                  '{"version": 1, "exercises": {"00.x": {"attempts": -1}}}', "\x00\x01", '{"version": 1}'])
def test_a_damaged_file_is_kept_aside_with_one_note(work, text):
    (work / progress.FILE).write_text(text)
    first, second = try_it(WRONG), try_it(RIGHT)
    kept = work / f"{progress.FILE}.damaged-1"
    assert kept.read_text() == text and kept.name in first.message and "progress" not in second.message
    assert state(work)["00.multiply_backward"]["attempts"] == 2
    assert float(first) == float(try_it(WRONG))
    (work / progress.FILE).write_text(text)
    try_it(RIGHT)
    assert (work / f"{progress.FILE}.damaged-2").exists()


def test_an_empty_file_says_record_here(work):
    (work / progress.FILE).write_text("")
    assert "progress" not in try_it(WRONG).message
    assert state(work)["00.multiply_backward"]["attempts"] == 1


@pytest.mark.parametrize("fault", [PermissionError(13, "Permission denied"), OSError(28, "No space left on device"), RuntimeError("odd")])
def test_what_cannot_be_written_is_told_once_and_written_later(work, monkeypatch, fault):
    def refuse(*args, **kwargs):
        raise fault

    with monkeypatch.context() as broken:
        broken.setattr(progress.tempfile, "mkstemp", refuse)
        first, second = try_it(WRONG), try_it(crash)
    assert "could not be" in first.message and "not affected" in first.message and "not affected" not in second.message
    assert state(work) == {}
    assert "not affected" not in try_it(RIGHT).message
    assert state(work)["00.multiply_backward"]["attempts"] == 3 and not list(work.glob("*.part"))


def test_a_folder_that_cannot_be_written(work, monkeypatch):
    real = open

    def refuse(path, *args, **kwargs):
        if str(path).endswith(progress.LOCK):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *args, **kwargs)

    monkeypatch.setattr("builtins.open", refuse)
    verdict = try_it(RIGHT)
    assert verdict == 2 and verdict.status == "passed" and "Permission denied" in verdict.message


def test_a_lock_that_another_kernel_holds_blocks_nothing(work, monkeypatch):
    monkeypatch.setattr(progress, "WAIT", 0.02)
    with progress._locked(work, 1) as free:
        assert free
        assert "progress" not in try_it(WRONG).message
        assert state(work) == {}
    try_it(RIGHT)
    assert state(work)["00.multiply_backward"]["attempts"] == 2


def test_two_kernels_at_once_lose_nothing(work):
    code = (
        "import sys; from course_lib.check import hint, progress; progress._learners = lambda: True; progress.WAIT = 20\n"
        "for _ in range(40): hint('00.multiply_backward', int(sys.argv[1]))"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    both = [subprocess.Popen([sys.executable, "-c", code, step], cwd=work, env=env) for step in ("1", "2")]
    assert [p.wait(60) for p in both] == [0, 0]
    assert state(work)["00.multiply_backward"]["hints"] == {"1": 40, "2": 40}


def test_it_can_be_turned_off_and_on(work):
    try_it(WRONG)
    progress.switch(work / progress.FILE, False)
    try_it(RIGHT)
    assert state(work)["00.multiply_backward"]["attempts"] == 1
    progress.switch(work / progress.FILE, True)
    try_it(RIGHT)
    assert state(work)["00.multiply_backward"]["attempts"] == 2


def test_the_file_holds_no_answer_and_no_time(work):
    try_it(WRONG)
    hint("00.multiply_backward")
    (entry,) = json.loads((work / progress.FILE).read_text())["exercises"].values()
    assert set(entry) == {"best", "attempts", "ideas", "hints", "last"} and len(entry["last"]) == 12


# --- what it says ----------------------------------------------------------------------------------------------------


def done(*ids):
    return {"version": 1, "exercises": {id: {"best": 1.0, "attempts": 1, "ideas": {}, "hints": {}} for id in ids}}


def whole(*numbers):
    return [id for n in numbers for id in exercises(n)]


def test_the_assignments_known_to_the_map_are_those_with_checks_and_point_backwards():
    assert set(MODULES) <= set(ASSIGNMENTS) and list(ASSIGNMENTS) == sorted(ASSIGNMENTS)
    for number, (title, before, place) in ASSIGNMENTS.items():
        assert title and all(n < number for n in before)
        assert all(ASSIGNMENTS[n].place[0] < place[0] for n in before)
        for one in before:  # direct ones only: none that another one brings along
            assert one not in set().union(*(builds_on(n) for n in before if n != one)), (number, one)


def test_titles_are_those_of_the_notebooks():
    for path in (ROOT / "solutions").glob("*/*.ipynb"):
        heading = nbformat.read(path, as_version=4).cells[0].source.splitlines()[0]
        assert heading == f"# {int(path.stem[:2])} · {ASSIGNMENTS[path.stem[:2]].title}"


def test_what_is_next():
    def following(*ids):
        return overview(done(*ids))["next"]

    assert following()["exercise"] == next(iter(exercises("00")))
    assert following(*whole("00"))["exercise"] == next(iter(exercises("01")))
    assert following(*whole("00"), "03.relu_both_ways")["assignment"] == "03"  # begun goes first
    assert following(*whole("00", "06"))["assignment"] == "01"
    assert following(*whole(*MODULES)) is None


def test_what_waits_for_what():
    view = {a["number"]: a for a in overview(done(*whole("00")))["assignments"]}
    assert [view[n]["status"] for n in ("00", "01", "03", "06")] == ["done", "ready", "later", "ready"]
    assert view["03"]["missing"] == ["01"]
    part = overview(done(), ["00", "01", "05", "07", "09"])["assignments"]  # in the place of what is not there, what that builds on
    assert {a["number"]: a["missing"] for a in part} == {"00": [], "01": ["00"], "05": ["01"], "07": ["01"], "09": ["07"]}
    part = overview(done(), ["03", "07"])["assignments"]
    assert [(a["number"], a["status"], a["missing"]) for a in part] == [("03", "ready", []), ("07", "later", ["03"])]


def test_only_what_is_beside_the_file_counts(tmp_path):
    assert numbers_beside(tmp_path / progress.FILE) == list(MODULES)
    for name in ("03_jacobians", "01_flat_backprop", "notes", "99_other"):
        (tmp_path / name).mkdir()
    assert numbers_beside(tmp_path / progress.FILE) == ["01", "03"]
