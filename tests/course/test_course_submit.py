"""`workbook check` and `workbook submit`, with the checks themselves replaced."""

import hashlib
import json
import sys
import zipfile
from datetime import datetime, timedelta

import pytest
from tiny import CONV, FLAT, Result, answered, solved_notebook, tree, write_notebook

from course_lib.cli.lab import copy_to_work
from course_lib.grading import course as course_module
from course_lib.grading.course import WorkbookError
from course_lib.grading.submit import find_notebooks, login_name, submit


@pytest.fixture
def working(made):
    copy_to_work(made)
    return made


def work_copy(course, name=CONV):
    return course.work / name / f"{name}.ipynb"


def test_the_hand_in_holds_the_notebook_and_a_manifest(working, checks):
    work_copy(working).write_bytes(answered(work_copy(working)))
    data = work_copy(working).read_bytes()
    made = submit(working, "07", student="ada")
    assert made.path == working.root / "hand-in" / f"ada-{CONV}.zip"
    assert made.results == list(checks) and checks.seen == [work_copy(working)]
    with zipfile.ZipFile(made.path) as bundle:
        assert sorted(bundle.namelist()) == [f"{CONV}.ipynb", "hand-in.json"]
        assert bundle.read(f"{CONV}.ipynb") == data
        manifest = json.loads(bundle.read("hand-in.json"))
    time = datetime.fromisoformat(manifest.pop("time"))
    assert time.utcoffset() == timedelta(0)
    assert manifest == {
        "assignment": CONV,
        "student": "ada",
        "sha256": {f"{CONV}.ipynb": hashlib.sha256(data).hexdigest()},
    }
    assert work_copy(working).read_bytes() == data


def test_every_notebook_of_an_assignment_goes_in(working, checks):
    for base in (working.solutions, working.notebooks, working.work):
        write_notebook(base / CONV / "part_two.ipynb", solved_notebook("part-two"))
    with zipfile.ZipFile(submit(working, "07", student="ada").path) as bundle:
        assert sorted(bundle.namelist()) == [f"{CONV}.ipynb", "hand-in.json", "part_two.ipynb"]
    assert len(checks.seen) == 2


def test_a_notebook_elsewhere_is_known_by_its_cells_and_packed_under_its_name(working, checks, tmp_path):
    path = tmp_path / "my answer.ipynb"
    path.write_bytes(work_copy(working).read_bytes())
    made = submit(working, str(path), student="ada", out=tmp_path / "out.zip")
    assert made.assignment == CONV and made.path == tmp_path / "out.zip"
    with zipfile.ZipFile(made.path) as bundle:
        assert f"{CONV}.ipynb" in bundle.namelist()


def test_a_folder_names_its_notebooks(working):
    assert find_notebooks(working, str(working.work / CONV)) == (CONV, [work_copy(working)])
    assert find_notebooks(working, "1", working.solutions) == (FLAT, [working.solutions / FLAT / f"{FLAT}.ipynb"])


def test_cells_that_are_gone_are_named(working, checks):
    nb = json.loads(work_copy(working).read_text())
    del nb["cells"][2]
    work_copy(working).write_text(json.dumps(nb))
    assert submit(working, "07", student="ada").missing == [f"{CONV}-double-test"]


def test_the_default_name_is_the_login_name_made_fit(monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "UNI\\ada lovelace")
    assert login_name() == "UNI-ada-lovelace"

    def unknown():
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", unknown)
    with pytest.raises(WorkbookError, match="--student NAME"):
        login_name()


def test_an_interrupted_write_leaves_the_earlier_hand_in(working, checks, monkeypatch):
    path = submit(working, "07", student="ada").path
    before = tree(path.parent)
    work_copy(working).write_bytes(answered(work_copy(working)))

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(course_module.os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        submit(working, "07", student="ada")
    assert tree(path.parent) == before


# --- the commands ---------------------------------------------------------------------------------------------------

UNSOLVED = Result("halve", 0.0, 3.0, "unsolved", "not done yet")
WRONG = Result("triple", 0.0, 1.0, "failed", "triple(2)\ngot 4, expected 6")
STOPPED = Result("square", 0.0, 1.0, "error", "NameError: name 'x' is not defined")


def test_command_submit_packs_what_is_not_done_and_says_so(working, run, checks):
    checks += [UNSOLVED, WRONG, STOPPED]
    result = run(working, "submit", "07", "--student", "ada")
    assert result.exit_code == 0, result.output
    assert (working.hand_in / f"ada-{CONV}.zip").is_file()
    lines = result.stdout.splitlines()
    assert [" ".join(line.split()) for line in lines[2:6]] == [
        "double passes 2 / 2",
        "halve not done yet 0 / 3",
        "triple wrong 0 / 1",
        "square stopped with an error 0 / 1",
    ]
    for said in ("Not done yet: halve", "Wrong: triple", "  got 4, expected 6", f"Packed for ada: hand-in/ada-{CONV}.zip"):
        assert said in result.stdout


def test_command_check_passes(working, run, checks):
    result = run(working, "check", "07")
    assert result.exit_code == 0 and "passes" in result.stdout
    assert checks.seen == [work_copy(working)]


@pytest.mark.parametrize("bad", [UNSOLVED, WRONG, STOPPED], ids=lambda r: r.status)
def test_command_check_fails_unless_all_pass(working, run, checks, bad):
    checks.append(bad)
    result = run(working, "check", work_copy(working))
    assert result.exit_code == 1
    assert all(line in result.stdout for line in bad.message.splitlines())
    assert result.stderr == ""


def test_command_check_solutions(working, run, checks):
    assert run(working, "check", "--solutions", "07").exit_code == 0
    assert checks.seen == [working.solutions / CONV / f"{CONV}.ipynb"]


def test_command_check_without_any_check(working, fails, checks):
    checks.clear()
    assert "holds no check" in fails(working, "check", "07")


@pytest.mark.parametrize("command", ["check", "submit"])
def test_bad_notebooks(working, fails, checks, tmp_path, command):
    (tmp_path / "broken.ipynb").write_text("<html>")
    write_notebook(tmp_path / "other.ipynb", solved_notebook("other-course"))
    assert "no such file" in fails(working, command, tmp_path / "gone.ipynb")
    assert "not JSON" in fails(working, command, tmp_path / "broken.ipynb")
    assert f"none of its cells belongs to an assignment of this course (known: {FLAT}, {CONV})" in fails(
        working, command, tmp_path / "other.ipynb"
    )
    assert "is not one of" in fails(working, command, "99")
    assert not working.hand_in.exists() and checks.seen == []


def test_before_the_first_lab(made, fails, checks):
    assert "Run `workbook lab` once" in fails(made, "submit", "07")


@pytest.mark.parametrize("named", ["07", "path"])
def test_command_submit_refuses_another_assignments_cells(working, fails, checks, named):
    work_copy(working).write_bytes(work_copy(working, FLAT).read_bytes())
    said = fails(working, "submit", work_copy(working) if named == "path" else "07", "--student", "ada")
    assert f"not {CONV}: by its cells it looks like {FLAT}" in said
    assert not working.hand_in.exists() and checks.seen == []


def test_command_submit_refuses_a_name_that_is_a_path(working, fails, checks):
    assert "student name" in fails(working, "submit", "07", "--student", "../ada")
    assert not working.hand_in.exists()


def test_command_grade_only_calls_the_grader(made, run, monkeypatch):
    import types

    calls = []
    module = types.ModuleType("course_lib.grading.grade")
    module.grade_class = lambda course, assignment, **options: calls.append((course.root, assignment, options)) or []
    monkeypatch.setitem(sys.modules, "course_lib.grading.grade", module)
    assert run(made, "grade", "07", "--sample", "--no-feedback", "--jobs", "2").exit_code == 0
    ((root, assignment, options),) = calls
    assert (root, assignment) == (made.root, CONV) and {"sample": True, "feedback": False, "jobs": 2}.items() <= options.items()
    outcome = types.SimpleNamespace(student="ada", failed=True)
    module.grade_class = lambda course, assignment, **options: [outcome]
    result = run(made, "grade")
    assert result.exit_code == 1 and result.stderr.startswith("Error: not graded, or without a feedback page: ada (")
