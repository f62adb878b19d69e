"""A notebook whose editor dropped all labels is known by its text, checked, packed and collected like any other; and answers in
words that are empty are said before they are handed in."""

import json
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell
from tiny import CONV, meta, solved_notebook, write_notebook

from course_lib.grading.collect import collect
from course_lib.grading.course import Course, graded_cells, recognise
from course_lib.grading.release import unfinished
from course_lib.grading.submit import submit

ROOT = Path(__file__).resolve().parents[2]
ZERO, WHY, TEXT = "00_start_here", "why-swap", "Because $y$ scales it."


@pytest.fixture
def course(tmp_path):
    for name in ("solutions", "notebooks", "nbgrader_config.py"):
        (tmp_path / name).symlink_to(ROOT / name)
    return Course(tmp_path)


def work_copy(course, *, labels=False, words=TEXT, solved=True):
    """A filled copy in work/, as an editor leaves it."""
    nb = nbformat.read(course.notebooks / ZERO / f"{ZERO}.ipynb", 4)
    for i, cell in enumerate(nb.cells):
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name == "multiply_backward" and solved:
            cell.source = "def multiply_backward(x, y, dout):\n    return dout * y, dout * x"
        if name == WHY and words is not None:
            cell.source = words
        if not labels:
            cell.metadata, cell.id = nbformat.NotebookNode(), f"x{i}"
    return write_notebook(course.work / ZERO / f"{ZERO}.ipynb", nb)


def packed(hand_in):
    with zipfile.ZipFile(hand_in.path) as bundle:
        return nbformat.reads(bundle.read(f"{ZERO}.ipynb").decode(), 4)


@pytest.mark.parametrize("name", sorted(p.parent.name for p in (ROOT / "notebooks").glob("*/*.ipynb")))
def test_every_copy_is_recognised_by_its_text_alone(name):
    nb = nbformat.read(ROOT / "notebooks" / name / f"{name}.ipynb", 4)
    for cell in nb.cells:
        cell.metadata = nbformat.NotebookNode()
    assert not graded_cells(nb)
    assert recognise(nb, Course(ROOT).known_ids()) == (name, name)


def test_labels_are_put_back_in_what_is_packed_and_the_file_stays_as_it_is(course, checks):
    path = work_copy(course)
    before = path.read_bytes()
    made = submit(course, "00", student="ada")
    assert made.relabelled and made.missing == [] and made.unwritten == []
    cells = graded_cells(packed(made))
    assert cells["multiply_backward"].source.endswith("return dout * y, dout * x") and cells[WHY].source == TEXT
    assert path.read_bytes() == before and [p.name for p in path.parent.iterdir()] == [path.name]
    assert checks.seen == [path.with_name(f".{path.stem}.with-labels.ipynb")]  # the checks ran on what is packed
    again = collect(course, made.path.parent)
    assert [(r.status, r.student, r.assignment) for r in again.rows] == [("collected", "ada", ZERO)]


def test_a_file_without_labels_is_collected_too(course, tmp_path):
    folder = tmp_path / "downloads"
    folder.mkdir()
    (folder / f"bo-{ZERO}.ipynb").write_bytes(work_copy(course).read_bytes())
    assert [(r.status, r.student, r.assignment) for r in collect(course, folder).rows] == [("collected", "bo", ZERO)]


def test_a_copy_with_its_labels_is_packed_as_it_is(course, checks):
    path = work_copy(course, labels=True)
    made = submit(course, "00", student="ada")
    assert not made.relabelled and checks.seen == [path]
    with zipfile.ZipFile(made.path) as bundle:
        assert bundle.read(f"{ZERO}.ipynb") == path.read_bytes()


@pytest.mark.parametrize("labels", [True, False], ids=["labels", "no labels"])
@pytest.mark.parametrize("words", [None, "", "   \n"], ids=["left alone", "emptied", "blank"])
def test_an_empty_answer_in_words_is_said(course, checks, run, labels, words):
    work_copy(course, labels=labels, words=words)
    assert submit(course, "00", student="ada").unwritten == [(WHY, 3.0)]
    said = run(course, "submit", "00", "--student", "ada").stdout
    assert f"Not written yet: {WHY} (3 points). A person marks this: double-click the cell and write your answer, then submit again." in said
    assert ("Your editor dropped the labels" in said) == (not labels)
    assert f"Not written yet: {WHY} (3 points)." in run(course, "check", "00").stdout


def test_a_written_answer_is_not_asked_for(course, checks, run):
    work_copy(course, labels=True)
    assert "Not written yet" not in run(course, "submit", "00", "--student", "ada").stdout
    assert "Not written yet" not in run(course, "check", "00").stdout


# --- what an instructor is told at the release ------------------------------------------------------------------------

@pytest.mark.parametrize("source, complete", [("", False), ("YOUR ANSWER HERE", False), ("The model answer.", False), ("**Marking, 2 points.**\n\n- 2: x", False),
                                              ("The model answer.\n\n**Marking, 2 points.**\n\n- 2: x\n- 0: y", True)])
def test_a_question_that_nobody_could_mark_is_said(made, source, complete):
    cell = new_markdown_cell(source, id="why", metadata=meta("why-x", solution=True, points=2))
    write_notebook(made.solutions / CONV / f"{CONV}.ipynb", solved_notebook(CONV, extra_cells=[cell]))
    found = unfinished(made, "07")
    assert (found == []) is complete and all("why-x carries points" in line for line in found)


def test_every_question_of_the_course_can_be_marked():
    assert unfinished(Course(ROOT)) == []


def test_json_of_the_copies_names_each_answer_in_words():
    for path in (ROOT / "notebooks").glob("*/*.ipynb"):
        text = json.dumps(json.loads(path.read_text(encoding="utf-8")))
        for cell in nbformat.read(path, 4).cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            assert not (cell.cell_type == "markdown" and name) or f"<!-- {name}: your answer goes below this line -->" in text
