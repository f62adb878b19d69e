"""A hand-in rebuilt on the frame: whatever was done to locked cells, the frame's are used; answers and own cells are kept."""

import copy
from pathlib import Path

import nbformat
import nbformat.v4 as v4
import pytest

from course_lib.grading.frame import grade_id, rebuild
from course_lib.grading.written import STUB, is_written, mark, marked, words_of
from nbgrader.utils import determine_grade

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
    assert built.notes == [] and built.answers == 3


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


# --- answers in words ------------------------------------------------------------------------------------------------

WHY, TEXT = "why-swap", "Because $y$ scales\n\n- every step of $x$."


@pytest.fixture
def in_words(handed_in):
    find(handed_in, WHY).source = mark(WHY) + TEXT
    return handed_in


def without_labels(nb, ids=True):
    """What an editor leaves that drops what cells carry beside their text; `ids`: the cells' ids too."""
    for i, c in enumerate(nb.cells):
        c.metadata = v4.new_notebook().metadata
        if ids:
            c.id = f"x{i}"
    return nb


def written(frame, nb):
    return find(rebuild(frame, nb).notebook, WHY).source


def test_the_student_copy_carries_the_name_of_each_answer_in_words(frame):
    for cell in frame.cells:
        if is_written(cell):
            assert marked(cell.source) == grade_id(cell) and words_of(cell.source) == ""


def test_an_answer_in_words_is_taken_without_the_comment(frame, in_words):
    built = rebuild(frame, in_words)
    assert find(built.notebook, WHY).source == TEXT and built.notes == []


@pytest.mark.parametrize("text", ["", "  \n", STUB, mark(WHY), mark(WHY) + "\n", f"{STUB}\n"])
def test_an_emptied_answer_is_as_unanswered_as_one_left_alone(frame, in_words, text):
    find(in_words, WHY).source = text
    built = rebuild(frame, in_words)
    assert find(built.notebook, WHY).source == find(frame, WHY).source
    assert determine_grade(find(built.notebook, WHY)) == (0, 3.0)


@pytest.mark.parametrize("ids", [True, False], ids=["ids lost too", "ids kept"])
@pytest.mark.parametrize("comment", [True, False], ids=["comment kept", "comment deleted"])
@pytest.mark.parametrize("mishap", ["none", "own cell before", "own text after", "question edited", "question deleted", "own code before"])
def test_an_answer_in_words_survives_an_editor_that_drops_labels(frame, in_words, ids, comment, mishap):
    answer = find(in_words, WHY)
    if not comment:
        answer.source = TEXT
    at = in_words.cells.index(answer)
    if mishap == "own cell before":
        in_words.cells.insert(at - 1, v4.new_markdown_cell("My notes on the numerical check."))
    elif mishap == "own code before":
        in_words.cells.insert(at, v4.new_code_cell("2 * 3"))
    elif mishap == "own text after":
        in_words.cells.insert(at + 1, v4.new_markdown_cell("Also: ask in class."))
    elif mishap == "question edited":
        in_words.cells[at - 1].source += " (I think this is about slopes.)"
    elif mishap == "question deleted":
        del in_words.cells[at - 1]
    built = rebuild(frame, without_labels(in_words, ids))
    assert find(built.notebook, WHY).source == TEXT
    assert any("without their label" in note and WHY in note for note in built.notes)
    sources = [c.source for c in built.notebook.cells]
    assert sources.count(TEXT) == 1 and locked(built.notebook) == locked(frame)
    if mishap == "own text after":
        assert sources.index(TEXT) + 1 == sources.index("Also: ask in class.")


def test_an_answer_in_words_that_was_left_alone_is_known_without_its_label(frame, handed_in):
    built = rebuild(frame, without_labels(handed_in))
    assert find(built.notebook, WHY).source == find(frame, WHY).source
    assert not any("missing" in note and WHY in note for note in built.notes)


def test_own_texts_are_no_answers_where_the_answer_is_there(frame, in_words):
    """A comment or a place says nothing against a label."""
    in_words.cells.append(v4.new_markdown_cell(mark(WHY) + "another"))
    at = in_words.cells.index(find(in_words, WHY))
    in_words.cells.insert(at, v4.new_markdown_cell("not this"))
    assert written(frame, in_words) == TEXT


def test_an_answer_in_words_that_was_split_counts_as_a_whole(frame, in_words):
    twin = copy.deepcopy(find(in_words, WHY))
    twin.source = "And with $y = 0$ nothing moves."
    in_words.cells.insert(in_words.cells.index(find(in_words, WHY)) + 1, twin)
    assert written(frame, in_words) == f"{TEXT}\n\n{twin.source}"


def test_a_comment_with_a_name_of_nothing_is_a_text_like_any_other(frame, handed_in):
    handed_in.cells.insert(0, v4.new_markdown_cell(mark("why-nothing") + "hello"))
    handed_in.cells.insert(0, v4.new_markdown_cell(mark("multiply_backward") + "hello"))
    built = rebuild(frame, handed_in)
    assert find(built.notebook, "multiply_backward").source == ANSWER
    assert sum("hello" in c.source for c in built.notebook.cells) == 2
