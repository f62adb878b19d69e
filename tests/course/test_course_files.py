"""Finding the course, naming assignments, reading and writing notebooks."""

import json

import pytest
from tiny import CONV, FLAT, make_course, solved_notebook, tree, write_notebook

from course_lib.grading import course as course_module
from course_lib.grading.course import (
    Course,
    WorkbookError,
    graded_cells,
    is_answered,
    read_notebook,
    recognise,
    solution_cells,
    student_name,
    table,
    write_atomically,
)


def test_find_walks_up_to_the_repository(course):
    inside = course.solutions / FLAT
    assert Course.find(inside) == course


def test_find_uses_the_current_folder(course, monkeypatch):
    monkeypatch.chdir(course.solutions)
    assert Course.find() == course


def test_find_takes_a_student_bundle(tmp_path):
    write_notebook(tmp_path / "notebooks" / FLAT / f"{FLAT}.ipynb", solved_notebook(FLAT))
    (tmp_path / "requirements.lock").write_text("")
    bundle = Course.find(tmp_path / "notebooks")
    assert bundle.root == tmp_path.resolve()
    assert bundle.assignments() == [FLAT]
    assert bundle.pristine == bundle.notebooks


def test_find_says_what_it_looked_for(tmp_path):
    with pytest.raises(WorkbookError, match="nbgrader_config.py.*--root FOLDER"):
        Course.find(tmp_path)


@pytest.mark.parametrize(("name", "said"), [("gone", "no such folder"), (".", "not a course folder")])
def test_at_takes_exactly_the_named_folder(tmp_path, name, said):
    with pytest.raises(WorkbookError, match=said):
        Course.at(tmp_path / name)


def test_at_does_not_walk_up(course):
    with pytest.raises(WorkbookError, match="not a course folder"):
        Course.at(course.solutions)


def test_assignments_are_the_folders_with_a_notebook_of_their_name(course):
    (course.solutions / "notes").mkdir()
    (course.solutions / "readme.md").write_text("")
    assert course.assignments() == [FLAT, CONV]


@pytest.mark.parametrize("name", ["07", "7", "07_conv", "07_c"])
def test_resolve(course, name):
    assert course.resolve(name) == CONV


@pytest.mark.parametrize(
    ("name", "said"),
    [("9", "is not one of 01_flat, 07_conv"), ("", "is not one of"), ("0", "could be 01_flat or 07_conv")],
)
def test_resolve_lists_the_choices(course, name, said):
    with pytest.raises(WorkbookError, match=said):
        course.resolve(name)


def test_resolve_in_a_course_without_assignments(tmp_path):
    (tmp_path / "solutions").mkdir()
    with pytest.raises(WorkbookError, match="no assignment in"):
        Course(tmp_path).resolve("07")


OLD = json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": []})
NEWER = json.dumps({"nbformat": 5, "nbformat_minor": 0, "metadata": {}, "cells": []})
DAMAGED = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code", "source": 3}]})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "the file is empty"),
        ("<html>", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[1]", "no nbformat number"),
        ('{"a": 1}', "no nbformat number"),
        (OLD, r"an old notebook format \(3"),
        (NEWER, r"a newer notebook format \(5"),
        (DAMAGED, "cells are damaged"),
    ],
)
def test_read_notebook_names_the_fault(tmp_path, content, said):
    path = tmp_path / "a.ipynb"
    path.write_text(content)
    with pytest.raises(WorkbookError, match=said) as error:
        read_notebook(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_read_notebook_not_utf8(tmp_path):
    path = tmp_path / "a.ipynb"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(WorkbookError, match="not JSON"):
        read_notebook(path)


def test_read_notebook_missing_or_a_folder(tmp_path):
    with pytest.raises(WorkbookError, match="no such file"):
        read_notebook(tmp_path / "a.ipynb")
    with pytest.raises(WorkbookError, match="a folder"):
        read_notebook(tmp_path)


def test_read_notebook_accepts_what_jupyter_accepts(tmp_path):
    """Lines as a list, a byte-order mark, no outputs and no metadata."""
    cell = {"cell_type": "code", "source": ["a = 1\n", "b = 2"]}
    path = tmp_path / "a.ipynb"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps({"nbformat": 4, "nbformat_minor": 2, "cells": [cell]}).encode())
    nb = read_notebook(path)
    assert nb.cells[0].source == "a = 1\nb = 2"
    assert nb.cells[0].outputs == []


def test_cells_by_grade_id_keep_the_first_of_a_repeated_one():
    nb = solved_notebook("a")
    again = nb.cells[1].copy()
    again["source"] = "second"
    nb.cells.append(again)
    assert list(graded_cells(nb)) == ["a-double", "a-double-test"]
    assert solution_cells(nb)["a-double"].source.startswith("def double")


def test_is_answered_ignores_white_space_that_editors_change():
    pristine, mine = solved_notebook("a").cells[1], solved_notebook("a").cells[1]
    mine.source = mine.source.replace("\n", "  \n") + "\n\n"
    assert not is_answered(mine, pristine)
    mine.source += "x = 1"
    assert is_answered(mine, pristine)


def test_recognise_goes_by_most_cells():
    known = {("a", "a"): {"a-double", "a-double-test"}, ("b", "b"): {"a-double", "b-1", "b-2"}}
    assert recognise(solved_notebook("a"), known) == ("a", "a")
    assert recognise(solved_notebook("c"), known) is None


def test_write_atomically_makes_folders_and_takes_text_and_bytes(tmp_path):
    write_atomically(tmp_path / "new" / "a", "grün\n")
    assert (tmp_path / "new" / "a").read_bytes() == "grün\n".encode()
    write_atomically(tmp_path / "new" / "a", b"\x00")
    assert tree(tmp_path) == {"new/a": b"\x00"}


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_text("old")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(course_module.os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, "new")
    assert tree(tmp_path) == {"a": b"old"}


def test_write_atomically_gives_the_permissions_that_open_gives(tmp_path):
    (tmp_path / "plain").write_text("x")
    write_atomically(tmp_path / "a", "x")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("name", ["ada", "ada.lovelace@uni", "Zoë", "s_12-3"])
def test_student_name(name):
    assert student_name(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "-a", "a b", "a" * 80, "a\n", "C:x", "a."])
def test_student_name_refuses_what_cannot_name_a_folder(name):
    with pytest.raises(WorkbookError, match="--student NAME"):
        student_name(name)


def test_table_aligns_numbers_right_and_keeps_a_row_on_a_line():
    text = table(("name", "points"), [("ada", 2.0), ("charles\nb", 10.5)])
    assert text.splitlines() == ["name       points", "---------  ------", "ada             2", "charles b    10.5"]
    assert table(("name",), []) == ""


def test_known_ids_reads_the_tree_that_is_there(tmp_path):
    course = make_course(tmp_path, [FLAT])
    assert course.known_ids() == {(FLAT, FLAT): {f"{FLAT}-double", f"{FLAT}-double-test"}}
