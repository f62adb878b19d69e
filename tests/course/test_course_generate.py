"""Student copies through nbgrader, and the re-execution of solved notebooks."""

import json
import os
import shutil
import sys
import sysconfig

import nbformat
import pytest
from nbformat.v4 import new_code_cell
from tiny import CONV, FLAT, answered, solved_notebook, tree, write_notebook

from course_lib.grading import generate as generate_module
from course_lib.grading.course import (
    Course,
    WorkbookError,
    kernel_environment,
    read_notebook,
    solution_cells,
    this_environment,
)
from course_lib.grading.generate import differences, execute_solutions, generate, refuse_answered, regenerate


def copy_of(course, name=CONV):
    return course.notebooks / name / f"{name}.ipynb"


def test_a_copy_has_stubs_and_no_hidden_test(made):
    text = copy_of(made).read_text()
    stub = solution_cells(read_notebook(copy_of(made)))[f"{CONV}-double"]
    assert stub.source == "def double(number):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
    assert "HIDDEN" not in text and "1234567" not in text and "twice" not in text


def test_supporting_files_come_along(made):
    assert (made.notebooks / CONV / "data" / "numbers.csv").read_text() == "1,2\n"


def test_generate_leaves_folder_gradebook_and_output_alone(course, tmp_path, capfd):
    before = tree(course.root)
    here = os.getcwd()
    generate(course, tmp_path / "out", ["07"])
    assert os.getcwd() == here
    assert sorted(tree(tmp_path / "out")) == [f"{CONV}/{CONV}.ipynb"]
    shutil.rmtree(tmp_path / "out")
    assert tree(course.root) == before
    assert capfd.readouterr() == ("", "")


def test_generate_in_an_environment_that_is_not_activated(course, tmp_path, monkeypatch):
    """nbgrader starts alembic by its bare name, which `.venv/bin/workbook` alone does not put on the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    generate_module._empty_gradebook.cache_clear()
    generate(course, tmp_path / "out", ["07"])
    assert (tmp_path / "out" / CONV / f"{CONV}.ipynb").is_file()
    assert os.environ["PATH"] == str(tmp_path)


def test_generate_follows_the_course_configuration(course, tmp_path):
    (course.root / "nbgrader_config.py").write_text(
        "c = get_config()\nc.ClearSolutions.code_stub = {'python': 'raise NotImplementedError(\"yours\")'}\n"
    )
    generate(course, tmp_path / "out", [FLAT])
    assert 'NotImplementedError(\\"yours\\")' in (tmp_path / "out" / FLAT / f"{FLAT}.ipynb").read_text()


def test_generate_names_assignment_and_reason(course, tmp_path):
    nb = solved_notebook(CONV)
    nb.cells.append(new_code_cell("x = 1", id="again", metadata=nb.cells[1].metadata))
    write_notebook(course.solutions / CONV / f"{CONV}.ipynb", nb)
    with pytest.raises(WorkbookError, match=f"solutions/{CONV}: .*{CONV}-double.*generate.log") as error:
        generate(course, tmp_path / "out")
    assert "\n" not in str(error.value)
    assert "Traceback" in (course.build / "generate.log").read_text()


def test_without_solutions_or_assignments(made, tmp_path):
    with pytest.raises(WorkbookError, match="is not one of"):
        generate(made, tmp_path, ["99"])
    shutil.rmtree(made.solutions)
    with pytest.raises(WorkbookError, match="no solutions/"):
        generate(made, tmp_path)
    made.solutions.mkdir()
    with pytest.raises(WorkbookError, match="holds no assignment"):
        generate(made, tmp_path)


def test_regenerate_makes_the_copies_and_then_has_nothing_to_do(course):
    names = {p.relative_to(course.notebooks).as_posix() for p in regenerate(course)}
    assert names == {f"{n}/{n}.ipynb" for n in (FLAT, CONV)}
    assert list(course.build.iterdir()) == []
    assert regenerate(course) == []
    assert differences(course) == []


def test_regenerate_follows_a_changed_solution(made):
    source = made.solutions / CONV / f"{CONV}.ipynb"
    nb = read_notebook(source)
    nb.cells[0].source = "# A new title"
    write_notebook(source, nb)
    assert differences(made) == [f"notebooks/{CONV}/{CONV}.ipynb is out of date"]
    assert regenerate(made, ["07"]) == [copy_of(made)]
    assert differences(made) == []


def test_an_executed_copy_without_answers_is_not_refused(made):
    nb = json.loads(copy_of(made).read_text())
    nb["cells"][3]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "42"}]
    copy_of(made).write_text(json.dumps(nb))
    assert regenerate(made) == [copy_of(made)]


def test_an_answered_copy_is_refused_and_untouched(made):
    copy_of(made).write_bytes(answered(copy_of(made)))
    before = tree(made.notebooks)
    with pytest.raises(WorkbookError, match=f"cell '{CONV}-double' holds an answer.*Move the file to work/{CONV}/"):
        regenerate(made)
    assert tree(made.notebooks) == before


def test_an_answer_is_seen_without_a_checksum(made):
    nb = json.loads(answered(copy_of(made)))
    for cell in nb["cells"]:
        cell["metadata"].get("nbgrader", {}).pop("checksum", None)
    copy_of(made).write_text(json.dumps(nb))
    with pytest.raises(WorkbookError, match="holds an answer"):
        regenerate(made)


def test_a_stub_without_a_checksum_is_not_an_answer(made):
    nb = json.loads(copy_of(made).read_text())
    for cell in nb["cells"]:
        cell["metadata"].get("nbgrader", {}).pop("checksum", None)
    copy_of(made).write_text(json.dumps(nb))
    assert regenerate(made) == [copy_of(made)]


def test_an_unreadable_copy_is_refused_and_untouched(made):
    copy_of(made).write_text("<html>")
    with pytest.raises(WorkbookError, match="not JSON"):
        regenerate(made)
    assert copy_of(made).read_text() == "<html>"


def test_somebodys_own_file_is_refused_and_untouched(made):
    own = made.notebooks / CONV / "my-notes.ipynb"
    write_notebook(own, solved_notebook("mine"))
    before = tree(made.notebooks)
    with pytest.raises(WorkbookError, match="my-notes.ipynb: nothing in solutions/07_conv/ makes this file"):
        regenerate(made)
    assert tree(made.notebooks) == before


def test_checkpoints_do_not_count(made):
    checkpoint = made.notebooks / CONV / ".ipynb_checkpoints" / "x.ipynb"
    write_notebook(checkpoint, solved_notebook("mine"))
    assert regenerate(made) == []


def test_a_fault_in_nbgrader_leaves_the_copies(made, monkeypatch):
    before = tree(made.notebooks)

    def fault(*_):
        raise WorkbookError("a fault")

    monkeypatch.setattr(generate_module, "_generate_one", fault)
    with pytest.raises(WorkbookError, match="a fault"):
        regenerate(made)
    assert tree(made.notebooks) == before


def test_an_interrupted_swap_leaves_whole_files(made, monkeypatch):
    for name in (FLAT, CONV):
        nb = solved_notebook(name)
        nb.cells[0].source = "# new"
        write_notebook(made.solutions / name / f"{name}.ipynb", nb)
    before, replace, calls = tree(made.notebooks), os.replace, []

    def second_fails(source, target):
        calls.append(target)
        if len(calls) == 2:
            raise OSError("disk full")
        replace(source, target)

    monkeypatch.setattr(os, "replace", second_fails)
    with pytest.raises(OSError, match="disk full"):
        regenerate(made)
    after = tree(made.notebooks)
    assert after.keys() == before.keys()
    assert after[f"{CONV}/{CONV}.ipynb"] == before[f"{CONV}/{CONV}.ipynb"]
    assert "# new" in read_notebook(copy_of(made, FLAT)).cells[0].source


def test_differences_sees_missing_and_extra_files(made):
    copy_of(made, FLAT).unlink()
    (made.notebooks / CONV / "extra.txt").write_text("x")
    write_notebook(made.notebooks / "99_gone" / "99_gone.ipynb", solved_notebook("gone"))
    assert differences(made) == [
        f"notebooks/{FLAT}/{FLAT}.ipynb is missing",
        f"notebooks/{CONV}/extra.txt is not made from solutions/",
        "notebooks/99_gone/99_gone.ipynb is not made from solutions/",
    ]


def test_refuse_answered_is_quick_before_any_copy_exists(course):
    refuse_answered(course, [FLAT, CONV])
    assert not course.notebooks.exists()


# --- executing ------------------------------------------------------------------------------------------------------


def test_execute_stores_outputs_keeps_ids_and_drops_what_is_volatile(course, capfd):
    show = new_code_cell("import os, sys\nprint(os.path.basename(os.getcwd()))\nprint(sys.executable)", id="where")
    path = write_notebook(course.solutions / CONV / f"{CONV}.ipynb", solved_notebook(CONV, extra_cells=[show]))
    assert execute_solutions(course, ["07"]) == [path]
    text = path.read_text()
    nb = nbformat.reads(text, as_version=4)
    assert [cell.id for cell in nb.cells] == ["title", "answer", "test", "show", "where"]
    assert nb.cells[3].outputs[0].text == "42\n"
    assert nb.cells[4].outputs[0].text == f"{CONV}\n{sys.executable}\n"  # its own folder, this environment
    assert "version" not in nb.metadata.language_info
    assert all("execution" not in cell.metadata for cell in nb.cells)
    assert capfd.readouterr() == ("", "")  # no bar where no terminal is, no warnings from the kernel
    before = path.stat().st_mtime_ns, path.stat().st_ino
    assert execute_solutions(course, ["07"]) == []
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


WIDGETS = """
import anywidget
from IPython.display import display

class Dial(anywidget.AnyWidget):
    _esm = "export default { render() {} }"

    def __repr__(self):
        return "Dial()"

first, second = Dial(), Dial()
display(second, first)
"""


def stored_widgets(path):
    return read_notebook(path).metadata["widgets"][generate_module.WIDGET_STATE]["state"]


def test_stored_widgets_are_numbered_as_they_are_shown_and_the_same_on_every_run(course):
    path = write_notebook(
        course.solutions / CONV / f"{CONV}.ipynb", solved_notebook(CONV, extra_cells=[new_code_cell(WIDGETS, id="dials")])
    )
    assert execute_solutions(course, ["07"]) == [path]
    models, first, second = stored_widgets(path), f"{1:032x}", f"{3:032x}"
    shown = [o.data[generate_module.WIDGET_VIEW]["model_id"] for o in read_notebook(path).cells[-1].outputs]
    assert shown == [first, second] and sorted(models) == [f"{n:032x}" for n in (1, 2, 3, 4)]
    for dial, layout in ((first, f"{2:032x}"), (second, f"{4:032x}")):
        assert models[dial]["model_name"] == "AnyModel" and models[dial]["state"]["layout"] == f"IPY_MODEL_{layout}"
        assert models[layout]["model_name"] == "LayoutModel"
    assert execute_solutions(course, ["07"]) == []


def test_the_student_copy_holds_no_stored_widget(course):
    path = write_notebook(
        course.solutions / CONV / f"{CONV}.ipynb", solved_notebook(CONV, extra_cells=[new_code_cell(WIDGETS, id="dials")])
    )
    execute_solutions(course, ["07"])
    regenerate(course, ["07"])
    assert "widgets" in read_notebook(path).metadata and "widgets" not in read_notebook(copy_of(course)).metadata
    assert "model_id" not in copy_of(course).read_text() and copy_of(course).read_text().endswith("}\n")
    assert differences(course, ["07"]) == []


def test_widgets_of_an_earlier_run_do_not_stay(course):
    nb = solved_notebook(CONV)
    nb.metadata["widgets"] = {generate_module.WIDGET_STATE: {"state": {"old": {"state": {}}}, "version_major": 2, "version_minor": 0}}
    path = write_notebook(course.solutions / CONV / f"{CONV}.ipynb", nb)
    execute_solutions(course, ["07"])
    assert "widgets" not in read_notebook(path).metadata


def test_a_failing_cell_is_named_and_the_file_stays(course):
    path = write_notebook(
        course.solutions / CONV / f"{CONV}.ipynb", solved_notebook(CONV, solution="twice = number + 1")
    )
    before = path.read_bytes()
    with pytest.raises(WorkbookError) as error:
        execute_solutions(course, ["07"])
    said = str(error.value)
    assert f"solutions/{CONV}/{CONV}.ipynb: cell 2 (assert double(2) == 4) failed: AssertionError" in said
    assert "\n" not in said
    assert path.read_bytes() == before


def test_kernels_get_this_environment_and_the_courses_library(course, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    monkeypatch.setenv("PATH", "programs")
    env = kernel_environment(course)
    assert env["JUPYTER_PREFER_ENV_PATH"] == "1"
    assert env["PATH"].split(os.pathsep) == [sysconfig.get_path("scripts"), "programs"]
    assert env["PYTHONPATH"] == "elsewhere"
    (course.root / "course_lib").mkdir()
    assert kernel_environment(course)["PYTHONPATH"].split(os.pathsep) == [str(course.root), "elsewhere"]


def test_this_environment_puts_the_variable_back(monkeypatch):
    monkeypatch.delenv("JUPYTER_PREFER_ENV_PATH", raising=False)
    with this_environment():
        assert os.environ["JUPYTER_PREFER_ENV_PATH"] == "1"
    assert "JUPYTER_PREFER_ENV_PATH" not in os.environ
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    with this_environment():
        assert os.environ["JUPYTER_PREFER_ENV_PATH"] == "1"
    assert os.environ["JUPYTER_PREFER_ENV_PATH"] == "0"


# --- the command ----------------------------------------------------------------------------------------------------


def test_command_notebooks(course, run):
    result = run(course, "notebooks", "--no-execute", "07")
    assert result.exit_code == 0, result.output
    assert result.stdout == f"wrote notebooks/{CONV}/{CONV}.ipynb\n"
    assert run(course, "notebooks", "--no-execute", "07").stdout == "Everything was up to date.\n"


def test_command_notebooks_executes_first(course, run, monkeypatch):
    calls = []
    monkeypatch.setattr(generate_module, "execute_solutions", lambda c, names: calls.append(list(names)) or [])
    assert run(course, "notebooks", "07").exit_code == 0
    assert calls == [[CONV]]


def test_command_notebooks_refuses_before_it_executes(made, fails, monkeypatch):
    copy_of(made).write_bytes(answered(copy_of(made)))
    monkeypatch.setattr(generate_module, "execute_solutions", lambda *_: pytest.fail("executed"))
    assert "holds an answer" in fails(made, "notebooks")


def test_command_notebooks_in_a_student_bundle(made, fails):
    shutil.rmtree(made.solutions)
    assert "no solutions/" in fails(Course(made.root), "notebooks")
