"""A hand-in rebuilt on the frame: whatever was done to locked cells, the frame's are used; answers and own cells are kept."""

import copy
from pathlib import Path

import nbformat
import nbformat.v4 as v4
import pytest

from course_lib.grading.frame import grade_id, rebuild

ROOT = Path(__file__).resolve().parents[2]
ANSWER = "def multiply_backward(x, y, dout):\n    return dout * y, dout * x"


@pytest.fixture
def frame():
    return nbformat.read(ROOT / "notebooks" / "00_start_here" / "00_start_here.ipynb", as_version=4)


@pytest.fixture
def handed_in(frame):
    nb = copy.deepcopy(frame)
    find(nb, "multiply_backward").source = ANSWER
    return nb


def find(nb, name):
    return next(c for c in nb.cells if grade_id(c) == name)


def locked(nb):
    return [c.source for c in nb.cells if grade_id(c) and not c.metadata.nbgrader.solution]


def test_an_answer_is_taken_and_nothing_is_changed_in_place(frame, handed_in):
    before = copy.deepcopy(frame), copy.deepcopy(handed_in)
    built = rebuild(frame, handed_in)
    assert find(built.notebook, "multiply_backward").source == ANSWER
    assert (frame, handed_in) == before
    assert built.notes == [] and built.answers == 2


def test_an_edited_test_cell_is_the_frames_again(frame, handed_in):
    find(handed_in, "multiply_backward-check").source = "2.0"
    assert locked(rebuild(frame, handed_in).notebook) == locked(frame)


def test_deleted_cells_are_put_back_and_noted(frame, handed_in):
    handed_in.cells = [c for c in handed_in.cells if grade_id(c) in (None, "multiply_backward")]
    built = rebuild(frame, handed_in)
    assert locked(built.notebook) == locked(frame)
    assert "multiply_backward-hidden" in built.notes[-1]


def test_moved_cells_run_in_the_frames_order(frame, handed_in):
    handed_in.cells.reverse()
    assert [grade_id(c) for c in rebuild(frame, handed_in).notebook.cells if grade_id(c)] == [grade_id(c) for c in frame.cells if grade_id(c)]


def test_a_duplicated_id_is_resolved_to_the_last_answered_cell(frame, handed_in):
    twin = copy.deepcopy(find(frame, "multiply_backward"))  # the unanswered one again, below the answer
    handed_in.cells.append(twin)
    built = rebuild(frame, handed_in)
    assert find(built.notebook, "multiply_backward").source == ANSWER
    ids = [grade_id(c) for c in built.notebook.cells if grade_id(c)]
    assert len(ids) == len(set(ids))
    assert any("2 times" in note for note in built.notes)


def test_labels_that_an_editor_dropped_are_recovered_from_the_function(frame, handed_in):
    for i, c in enumerate(handed_in.cells):
        c.metadata, c.id = nbformat.NotebookNode(), f"x{i}"
    assert find(rebuild(frame, handed_in).notebook, "multiply_backward").source == ANSWER


def test_own_cells_stay_where_they_were_and_lose_any_label(frame, handed_in):
    at = handed_in.cells.index(find(handed_in, "multiply_backward"))
    own = v4.new_code_cell("helper = 3", metadata={"nbgrader": {"grade": True, "grade_id": "mine", "points": 100, "solution": False, "locked": True}})
    handed_in.cells.insert(at, own)
    cells = rebuild(frame, handed_in).notebook.cells
    (kept,) = [c for c in cells if c.source == "helper = 3"]
    assert grade_id(kept) is None
    assert cells.index(kept) < cells.index(next(c for c in cells if grade_id(c) == "multiply_backward"))


def test_changed_demonstrations_are_the_students(frame, handed_in):
    demo = next(c for c in handed_in.cells if c.cell_type == "code" and grade_id(c) is None)
    demo.source += "\nmine = 1"
    assert any("mine = 1" in c.source for c in rebuild(frame, handed_in).notebook.cells)


def test_another_assignments_notebook_has_no_answers(frame):
    other = v4.new_notebook(cells=[v4.new_code_cell("def other(): pass")])
    assert rebuild(frame, other).answers == 0


def test_two_rebuilds_are_the_same(frame, handed_in):
    handed_in.cells.append(v4.new_code_cell("extra = 1"))
    assert rebuild(frame, handed_in).notebook == rebuild(frame, handed_in).notebook


@pytest.mark.parametrize("label", [None, "x", {"grade_id": ["a"]}, {}])
def test_a_label_that_is_none_is_no_label(frame, handed_in, label):
    for c in handed_in.cells:
        if c.cell_type == "code":
            c.metadata["nbgrader"] = label
    assert find(rebuild(frame, handed_in).notebook, "multiply_backward").source == ANSWER


def test_a_helper_keeps_its_place_where_labels_were_dropped(frame, handed_in):
    at = handed_in.cells.index(find(handed_in, "multiply_backward"))
    handed_in.cells.insert(at, v4.new_code_cell("two = np.float64(2)"))  # needs the imports above it
    for i, c in enumerate(handed_in.cells):
        c.metadata, c.id = nbformat.NotebookNode(), f"x{i}"
    cells = rebuild(frame, handed_in).notebook.cells
    sources = [c.source for c in cells]
    assert sources.index(next(s for s in sources if s.startswith("import numpy"))) < sources.index("two = np.float64(2)") < sources.index(ANSWER)
    assert sources.count(ANSWER) == 1


def test_an_answer_that_was_split_in_two_cells_keeps_both_parts(frame, handed_in):
    """Jupyter's "Split cell" gives both parts the label of the whole."""
    helper = copy.deepcopy(find(handed_in, "multiply_backward"))
    helper.source = "helper = 3"
    handed_in.cells.insert(handed_in.cells.index(find(handed_in, "multiply_backward")), helper)
    cells = rebuild(frame, handed_in).notebook.cells
    sources = [c.source for c in cells]
    assert sources.index("helper = 3") + 1 == sources.index(ANSWER)
    ids = [grade_id(c) for c in cells if grade_id(c)]
    assert len(ids) == len(set(ids))
