"""The student bundle: what is in it, what is not, and that it works where it is unpacked."""

import io
import os
import shutil
import subprocess
import sys
import zipfile

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_output
from tiny import CONV, FLAT, HIDDEN, answered, meta, solved_notebook, tree, write_notebook

from course_lib.grading import course as course_module
from course_lib.grading import release as release_module
from course_lib.grading.course import Course, WorkbookError
from course_lib.grading.generate import generate
from course_lib.grading.release import Secret, build_wheel, make_bundle, normal_lines, refuse_leaks, secrets_of

PYPROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "tiny-workbook"
version = "1.0"
[tool.setuptools.packages.find]
include = ["course_lib", "course_lib.*"]
"""


def add_library(course: Course) -> Course:
    grading = course.root / "course_lib" / "grading"
    grading.mkdir(parents=True)
    (course.root / "course_lib" / "__init__.py").write_text("ANSWER = 42\n")
    (grading / "__init__.py").write_text('MARKER = "### BEGIN SOLUTION"\n\nBEGIN_HIDDEN = "BEGIN HIDDEN TESTS"\n')
    (course.root / "pyproject.toml").write_text(PYPROJECT)
    (course.root / "requirements.lock").write_text("numpy==2.0\n")
    return course


@pytest.fixture
def whole(made):
    return add_library(made)


@pytest.fixture(scope="session")
def wheel_once(generated_once, tmp_path_factory):
    root = tmp_path_factory.mktemp("wheel")
    shutil.copytree(generated_once.root, root, dirs_exist_ok=True)
    return build_wheel(add_library(Course(root)))


@pytest.fixture
def quick(whole, wheel_once, monkeypatch):
    """As `whole`, with the wheel built once for all tests."""
    monkeypatch.setattr(release_module, "build_wheel", lambda course: wheel_once)
    return whole


def members(path):
    with zipfile.ZipFile(path) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


WHEEL = "tiny_workbook-1.0-py3-none-any.whl"


def test_the_bundle_holds_notebooks_wheel_lock_environment_and_readme(quick):
    path = make_bundle(quick)
    assert path == quick.root / "release" / "workbook-student.zip"
    assert list(members(path)) == [
        "workbook/README.txt",
        "workbook/environment.yml",
        f"workbook/notebooks/{FLAT}/{FLAT}.ipynb",
        f"workbook/notebooks/{CONV}/{CONV}.ipynb",
        f"workbook/notebooks/{CONV}/data/numbers.csv",
        "workbook/requirements.lock",
        f"workbook/{WHEEL}",
    ]
    for name in ("README.txt", "environment.yml"):
        assert f"./{WHEEL}" in members(path)[f"workbook/{name}"].decode()
    assert "workbook lab" in members(path)["workbook/README.txt"].decode()


def test_one_assignment(quick):
    path = make_bundle(quick, "07")
    assert path.name == f"{CONV}-student.zip"
    assert not any(FLAT in name for name in members(path))
    assert "submit 07" in members(path)["workbook/README.txt"].decode()


def test_no_solution_and_no_hidden_test(quick):
    for name, data in members(make_bundle(quick)).items():
        if not name.endswith(".whl"):
            assert b"twice" not in data and b"1234567" not in data, name


def test_equal_content_gives_equal_bytes(whole, tmp_path):
    """With the wheel built anew each time, and the clock of the files moved."""
    first = make_bundle(whole, out=tmp_path / "a.zip").read_bytes()
    for path in whole.root.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    assert make_bundle(whole, out=tmp_path / "b.zip").read_bytes() == first


def test_the_wheel_holds_the_library_and_nothing_that_an_earlier_build_left(whole):
    stale = whole.root / "build" / "lib" / "course_lib" / "old.py"
    stale.parent.mkdir(parents=True)
    stale.write_text("")
    before = tree(whole.root)
    name, data = build_wheel(whole)
    with zipfile.ZipFile(io.BytesIO(data)) as wheel:
        code = [n for n in wheel.namelist() if n.endswith(".py")]
    assert name == WHEEL
    assert code == ["course_lib/__init__.py", "course_lib/grading/__init__.py"]
    assert tree(whole.root) == before


def test_the_unpacked_bundle_is_a_course_and_its_wheel_installs(quick, tmp_path):
    with zipfile.ZipFile(make_bundle(quick)) as bundle:
        bundle.extractall(tmp_path / "student")
    folder = tmp_path / "student" / "workbook"
    assert Course.find(folder / "notebooks").assignments() == [FLAT, CONV]
    code = "import sys; sys.path.insert(0, sys.argv[1]); import course_lib; print(course_lib.__file__, course_lib.ANSWER)"
    out = subprocess.run([sys.executable, "-I", "-c", code, folder / WHEEL], capture_output=True, text=True, check=True)
    assert WHEEL in out.stdout and out.stdout.endswith("42\n")


# --- refusals -------------------------------------------------------------------------------------------------------


def refused(course, said, **kwargs):
    with pytest.raises(WorkbookError, match=said) as error:
        make_bundle(course, **kwargs)
    assert "\n" not in str(error.value)
    assert not (course.root / "release").exists()


def test_copies_that_are_out_of_date(quick):
    write_notebook(quick.solutions / CONV / f"{CONV}.ipynb", solved_notebook(CONV + "x"))
    refused(quick, f"notebooks/{CONV}/{CONV}.ipynb is out of date: run `make notebooks` first")


def test_an_answered_copy(quick):
    path = quick.notebooks / CONV / f"{CONV}.ipynb"
    path.write_bytes(answered(path))
    refused(quick, "make notebooks")


def test_an_unknown_assignment(quick):
    refused(quick, "is not one of", assignment="99")


@pytest.mark.parametrize("name", ["requirements.lock"])
def test_a_missing_lock(quick, name):
    (quick.root / name).unlink()
    refused(quick, f"no {name}")


def test_a_missing_or_broken_project(whole):
    (whole.root / "pyproject.toml").write_text(PYPROJECT.replace('version = "1.0"', ""))
    refused(whole, "wheel of course_lib could not be built: .*version")
    (whole.root / "pyproject.toml").unlink()
    refused(whole, "no pyproject.toml")


def test_an_open_cell_that_repeats_the_solution(quick):
    """Re-spaced and indented otherwise: the lines decide, not the white space."""
    leak = new_code_cell("if True:\n        twice = number  + number\n\n        return twice", id="leak")
    write_notebook(quick.solutions / CONV / f"{CONV}.ipynb", solved_notebook(CONV, extra_cells=[leak]))
    generate(quick, quick.build / "new")
    shutil.copy(quick.build / "new" / CONV / f"{CONV}.ipynb", quick.notebooks / CONV)
    refused(quick, f"its member notebooks/{CONV}/{CONV}.ipynb would hold the solution of {CONV}-double", assignment="07")


def test_a_supporting_file_that_holds_a_hidden_test(quick):
    for base in (quick.solutions, quick.notebooks):
        (base / CONV / "helpers.py").write_text(f"def f():\n    {HIDDEN}\n")
    said = f"its member notebooks/{CONV}/helpers.py would hold the hidden test of {CONV}-double-test"
    refused(quick, said, assignment="07")


@pytest.mark.parametrize("marker", ["BEGIN SOLUTION", "BEGIN HIDDEN TESTS"])
def test_a_marker_in_a_supporting_file(quick, marker):
    for base in (quick.solutions, quick.notebooks):
        (base / CONV / "notes.txt").write_text(f"### {marker}\n")
    refused(quick, f"notes.txt would hold the marker '{marker}'")


def test_an_interrupted_write_leaves_the_earlier_bundle(quick, monkeypatch):
    path = make_bundle(quick)
    (quick.root / "requirements.lock").write_text("other\n")
    before = tree(path.parent)

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(course_module.os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        make_bundle(quick)
    assert tree(path.parent) == before


# --- the scan by itself ---------------------------------------------------------------------------------------------


def notebook_bytes(*cells):
    nb = solved_notebook("x")
    nb.cells = list(cells)
    return nbformat.writes(nb).encode()


SHORT = Secret("the solution of a", "a", ("returnx*w",))


def test_a_short_answer_counts_only_in_its_own_cell():
    data = notebook_bytes(new_code_cell("def g(x, w):\n    return x * w", metadata=meta("b", solution=True)))
    refuse_leaks("n.ipynb", data, [SHORT])
    data = notebook_bytes(new_code_cell("def g(x, w):\n    return x * w", metadata=meta("a", solution=True)))
    with pytest.raises(WorkbookError, match="n.ipynb would hold the solution of a"):
        refuse_leaks("n.ipynb", data, [SHORT])


def test_an_output_is_a_leak():
    cell = new_code_cell("1", outputs=[new_output("stream", text="x")])
    with pytest.raises(WorkbookError, match="the output of cell"):
        refuse_leaks("n.ipynb", notebook_bytes(cell), [])


@pytest.mark.parametrize("name", ["course_lib/x.ipynb", "course_lib/samples/ada.py", "tests/test_a.py", "solutions/a.txt"])
def test_what_a_wheel_must_not_hold(name):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as wheel:
        wheel.writestr(name, "x")
    with pytest.raises(WorkbookError, match=f"w.whl: {name} would hold"):
        refuse_leaks("w.whl", buffer.getvalue(), [])


def test_notebook_cells_as_data_in_a_wheel():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as wheel:
        wheel.writestr("course_lib/frame.json", '{"cells": ["### BEGIN SOLUTION"]}')
    with pytest.raises(WorkbookError, match="frame.json would hold notebook cells"):
        refuse_leaks("w.whl", buffer.getvalue(), [])


def test_secrets_are_regions_and_whole_answer_cells(course):
    essay = new_code_cell("my_essay = 'all of it'", id="essay", metadata=meta("essay", solution=True))
    given = "def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION\n\ndef g(x):\n    return x"
    partly = new_code_cell(given, id="partly", metadata=meta("partly", solution=True))
    write_notebook(course.solutions / CONV / f"{CONV}.ipynb", solved_notebook(CONV, extra_cells=[essay, partly]))
    found = {(s.grade_id, s.lines) for s in secrets_of(course, CONV)}
    assert found == {
        (f"{CONV}-double", ("twice=number+number", "returntwice")),
        (f"{CONV}-double-test", normal_lines(HIDDEN)),
        ("essay", ("my_essay='allofit'",)),
        (None, ("returnx",)),  # given openly in the same cell: not a secret there
    }


# --- the command ----------------------------------------------------------------------------------------------------


def test_command_release(quick, run):
    result = run(quick, "release", "07")
    assert result.exit_code == 0, result.output
    assert result.stdout == f"wrote release/{CONV}-student.zip\n"


def test_command_release_to_a_folder(quick, run, tmp_path):
    assert run(quick, "release", "--out", tmp_path).exit_code == 0
    assert (tmp_path / "workbook-student.zip").is_file()


def test_command_release_in_a_student_bundle(quick, fails):
    shutil.rmtree(quick.solutions)
    assert "no solutions/" in fails(quick, "release")
