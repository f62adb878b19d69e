"""A run that is stopped goes on where it was; unchanged hand-ins are not run again; a regrade says what changed and why."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress

import nbformat
import pytest
from classroom import NAME, OPTIONS, ROOT, SEED, course_at, grade_class, hand_in, is_alive, sample, wait_for
from nbgrader.api import Gradebook

from course_lib.grading import grade as module
from course_lib.grading.course import Course, WorkbookError, read_notebook
from course_lib.grading.records import Records

CLASS = ("ada", "bo", "idea-01", "idea-02", "idea-03", "idea-06", "half", "empty", "typo", "deleter", "warner", "chen")


def class_at(folder, students=CLASS):
    course = course_at(folder)
    for name in students:
        hand_in(course, name, sample(name))
    return course


def grades(course):
    """{student: (auto scores by cell, waits for a person)} in the gradebook."""
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as gb:
        return {s.student.id: sorted((g.name, g.auto_score, g.needs_manual_grade) for n in s.notebooks for g in n.grades)
                for s in gb.assignment_submissions(NAME)}


def results(course):
    """All that a run leaves for people, without what tells the time."""
    with (course.root / "grades.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    pages = {p.relative_to(course.root).as_posix(): "Feedback for" in p.read_text(encoding="utf-8") for p in (course.root / "feedback").rglob("*.html")}
    notebooks = {p.relative_to(course.root).as_posix(): [(c.source, c.get("outputs")) for c in read_notebook(p).cells]
                 for p in (course.root / "autograded").rglob("*.ipynb")}
    return rows, pages, notebooks, grades(course)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    course = class_at(tmp_path_factory.mktemp("undisturbed"))
    outcomes = grade_class(course, NAME, jobs=2, seed=SEED)
    assert not any(o.failed for o in outcomes) and all(o.ran for o in outcomes)
    return course


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_run_that_is_killed_in_the_middle_goes_on_and_ends_the_same(undisturbed, tmp_path):
    course = class_at(tmp_path)
    command = [sys.executable, "-m", "course_lib.cli", "--root", str(tmp_path), "grade", NAME, *OPTIONS, "--jobs", "2", "--seed", SEED]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=ROOT, text=True)
    records = tmp_path / "records" / NAME
    wait_for(lambda: run.poll() is not None or (records.is_dir() and len(list(records.glob("*.json"))) >= 3), 120)
    assert run.poll() is None, run.stderr.read()
    children = [int(p) for p in subprocess.run(["ps", "-o", "pid=", "--ppid", str(run.pid)], capture_output=True, text=True).stdout.split()]
    run.kill()
    run.wait()
    run.stderr.close()
    before = {p.stem for p in records.glob("*.json")}
    assert 3 <= len(before) < len(CLASS) and not (tmp_path / "grades.csv").exists()
    wait_for(lambda: not any(map(is_alive, children)), 30)  # the stations went with it
    outcomes = {o.student: o for o in grade_class(course, NAME, jobs=2)}  # with the seed that was kept
    assert {name for name, o in outcomes.items() if not o.ran} == before
    assert results(course) == results(undisturbed)


def test_what_did_not_change_is_not_run_again(undisturbed, tmp_path, capsys):
    course = copy_of(undisturbed, tmp_path)
    outcomes = grade_class(course, NAME, jobs=1)
    assert not any(o.ran for o in outcomes) and "0 hand-ins graded, 12 unchanged since an earlier run" in capsys.readouterr().out
    assert results(course) == results(undisturbed)
    hand_in(course, "empty", sample("ada"))
    outcomes = {o.student: o for o in grade_class(course, NAME, jobs=1)}
    assert [name for name, o in outcomes.items() if o.ran] == ["empty"] and outcomes["empty"].points == outcomes["empty"].most - outcomes["empty"].awaiting
    said = capsys.readouterr().out
    assert "Scores that changed since the run before" in said and "0 → 7" in said and "handed in anew" in said


def copy_of(course, folder):
    shutil.copytree(course.root, folder / "copy", symlinks=True)
    return Course(folder / "copy")


@pytest.mark.parametrize("lost", ["gradebook", "record", "autograded", "page"])
def test_what_is_missing_is_made_again(undisturbed, tmp_path, lost):
    course = copy_of(undisturbed, tmp_path)
    page = course.root / "feedback" / "bo" / NAME / f"{NAME}.html"
    if lost == "gradebook":
        with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as gb:
            gb.remove_submission(NAME, "bo")
    elif lost == "record":
        (course.root / "records" / NAME / "bo.json").write_text("{")
    elif lost == "autograded":
        shutil.rmtree(course.root / "autograded" / "bo")
    else:
        page.unlink()
    outcomes = grade_class(course, NAME, jobs=1)
    assert [o.student for o in outcomes if o.ran] == ([] if lost == "page" else ["bo"])
    assert page.is_file() and results(course) == results(undisturbed)


def test_a_persons_marks_stay_and_count_where_nothing_is_run_again(undisturbed, tmp_path):
    course = copy_of(undisturbed, tmp_path)
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as gb:
        gb.find_grade("multiply_backward-check", NAME, NAME, "idea-01").manual_score = 2.0
        gb.db.commit()
    outcomes = {o.student: o for o in grade_class(course, NAME, jobs=1)}
    assert outcomes["idea-01"].points == 2.0 and not outcomes["idea-01"].ran


def test_again_with_the_kept_seed_gives_the_same(undisturbed, tmp_path, capsys):
    course = copy_of(undisturbed, tmp_path)
    outcomes = grade_class(course, NAME, jobs=2, again=True)
    assert all(o.ran for o in outcomes) and "No score changed." in capsys.readouterr().out
    assert results(course) == results(undisturbed)


def test_another_seed_asks_other_hidden_tests_and_the_first_one_the_first_again(undisturbed, tmp_path):
    """Each record says which seed it was; with that, every output is what it was."""
    course = copy_of(undisturbed, tmp_path)
    grade_class(course, NAME, jobs=2, seed="ffffffffffff")
    record = Records(course.root / "records").read(NAME, "idea-06")
    assert record["seed"] == "ffffffffffff" == record["key"]["seed"]
    assert results(course)[2] != results(undisturbed)[2]
    grade_class(course, NAME, jobs=2, again=True, seed=SEED)
    assert results(course) == results(undisturbed)


def test_a_mended_test_regrades_everyone_and_says_whose_score_changed_and_why(undisturbed, tmp_path, capsys):
    course = copy_of(undisturbed, tmp_path)
    (course.root / "solutions").unlink()
    shutil.copytree(ROOT / "solutions", course.root / "solutions")
    path = course.solutions / NAME / f"{NAME}.ipynb"
    nb = read_notebook(path)
    cell = next(c for c in nb.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "multiply_backward-hidden")
    cell.source = cell.source.replace("points=3", "points=6")
    cell.metadata.nbgrader.points = 6
    nbformat.write(nb, path)
    outcomes = {o.student: o for o in grade_class(course, NAME, jobs=2, again=True)}
    assert (outcomes["ada"].points, outcomes["ada"].most, outcomes["ada"].awaiting) == (10, 13, 3) and outcomes["idea-01"].points == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "changed test cells: multiply_backward-hidden" in line]
    named = {line.split()[0] for line in lines}
    assert {"ada", "bo", "chen", "deleter", "warner"} <= named and not {"idea-01", "half"} & named
    assert "7 → 10" in next(line for line in lines if line.startswith("ada "))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_control_c_is_one_line_and_leaves_no_process(tmp_path):
    course = class_at(tmp_path, CLASS[:6])
    last = course.submitted / max(CLASS[:6]) / NAME / f"{NAME}.ipynb"  # graded last; slow, so that the key comes before the end
    nb = nbformat.read(last, as_version=4)
    nb.cells.append(nbformat.v4.new_code_cell("import time\ntime.sleep(6)"))
    nbformat.write(nb, last)
    run = subprocess.Popen([sys.executable, "-m", "course_lib.cli", "--root", str(tmp_path), "grade", NAME, *OPTIONS, "--jobs", "1"],
                           stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True, cwd=ROOT)
    wait_for(lambda: run.poll() is not None or (tmp_path / "records" / NAME).is_dir(), 120)
    children = [int(p) for p in subprocess.run(["ps", "-o", "pid=", "--ppid", str(run.pid)], capture_output=True, text=True).stdout.split()]
    os.killpg(run.pid, signal.SIGINT)  # as the terminal does: every process of the group
    out, err = run.communicate(timeout=60)
    *_, last = err.splitlines()
    done = len(grades(course))
    assert run.returncode == 1 and last == (f"Error: stopped: {done} of 6 hand-ins are in the gradebook, grades.csv is as it was. "
                                            "Run the command again: it goes on from there")
    assert 1 <= done < 6 and "Traceback" not in err
    wait_for(lambda: not any(map(is_alive, children)), 15)
    assert sum(not o.ran for o in grade_class(course, NAME, jobs=1)) == done


def test_a_full_disk_costs_one_hand_in_and_the_class_goes_on(tmp_path, monkeypatch):
    course = class_at(tmp_path, ("ada", "bo"))
    write = Records.write

    def full(self, record, **more):
        if record["student"] == "ada":
            raise OSError(28, "No space left on device")
        write(self, record, **more)

    monkeypatch.setattr(Records, "write", full)
    outcomes = {o.student: o for o in grade_class(course, NAME, jobs=1)}
    assert (outcomes["ada"].verdict, outcomes["ada"].failed, outcomes["bo"].verdict) == (module.NOT_GRADED, True, "ok")
    assert "No space left" in outcomes["ada"].notes[0]
    monkeypatch.undo()
    assert {o.student: o.ran for o in grade_class(course, NAME, jobs=1)} == {"ada": True, "bo": False}


def test_a_bad_seed_is_said_before_any_hand_in_is_run(tmp_path):
    course = class_at(tmp_path, ("ada",))
    with pytest.raises(WorkbookError, match="--seed 'hello': not a seed"):
        grade_class(course, NAME, seed="hello")
    with suppress(FileNotFoundError):
        assert not json.loads((tmp_path / "records" / "seeds.json").read_text())
