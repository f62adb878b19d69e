"""What every notebook owes its readers: sizes, ids, points, pictures with words, and nothing that leaks or lies."""

import re
from pathlib import Path

import nbformat
import pytest

from course_lib.check import MIME
from course_lib.check.exercises import exercises
from course_lib.grading.hidden import check_calls
from course_lib.grading.written import is_written, mark

ROOT = Path(__file__).resolve().parents[2]
SOLVED = sorted((ROOT / "solutions").glob("*/*.ipynb"))
STUDENT = sorted((ROOT / "notebooks").glob("*/*.ipynb"))
MOST_CELLS, MOST_WORDS = 45, 1800
VARIANT = "VARIANT = None  # None: the lecture's numbers. With an instructor's variants on, your copy has a number of its own here."

by_name = pytest.mark.parametrize("path", SOLVED, ids=lambda p: p.stem)


def read(path):
    nb = nbformat.read(path, as_version=4)
    nbformat.validate(nb)
    return nb


def grading(cell):
    return cell.metadata.get("nbgrader", {})


def is_test(cell):
    return cell.cell_type == "code" and grading(cell).get("grade") and not grading(cell).get("solution")


def test_both_trees_hold_the_same_notebooks():
    assert SOLVED
    assert [p.relative_to(ROOT / "solutions") for p in SOLVED] == [p.relative_to(ROOT / "notebooks") for p in STUDENT]


@by_name
def test_it_is_short_enough_for_one_sitting(path):
    nb = read(path)
    words = sum(len(re.sub(r"\$[^$]*\$", "formula", c.source).split()) for c in nb.cells if c.cell_type == "markdown")
    assert len(nb.cells) <= MOST_CELLS
    assert words <= MOST_WORDS
    assert 0 < nb.metadata.workbook.minutes <= 90


@by_name
def test_points_in_the_calls_are_those_of_the_cells_and_sum_to_a_round_number(path):
    calls = check_calls(path)
    assert calls
    for call in calls:
        assert call.points == call.max_points, call.grade_id
    written = sum(grading(c)["points"] for c in read(path).cells if is_written(c))
    assert sum(c.points for c in calls) % 1 == 0 and (sum(c.points for c in calls) + written) % 5 == 0


@by_name
def test_every_exercise_has_stub_visible_check_and_hidden_test(path):
    known = exercises(path.stem[:2])
    calls = check_calls(path)
    answers = {grading(c)["grade_id"] for c in read(path).cells if grading(c).get("solution")}
    for id, exercise in known.items():
        assert set(exercise.names) <= answers
        mine = [c for c in calls if c.exercise == id]
        assert [c.hidden is None for c in mine] == ([True] if exercise.draw is None else [True, False]), id
        assert all(c.functions == exercise.names for c in mine)
    assert {c.exercise for c in calls} == set(known)


@by_name
def test_written_answers_with_points_are_few_and_have_a_scheme_for_their_marker(path):
    """The model answer, then an anchor with an example for every mark that can be given: two markers agree."""
    marked = [c for c in read(path).cells if is_written(c) and grading(c)["points"] > 0]
    for cell in marked:
        points, id = grading(cell)["points"], grading(cell)["grade_id"]
        assert points in (2, 3, 4, 5) and id.startswith("why-")
        answer, _, scheme = cell.source.partition(f"\n\n**Marking, {points} points.**\n")
        assert len(answer.split()) >= 20 and scheme, f"{id}: a model answer, an empty line, then **Marking, {points} points.**"
        anchors = re.findall(r"^- (\d+): (.*(?:\n  .*)*)", scheme, re.M)
        assert [int(mark) for mark, _ in anchors] == list(range(points, -1, -1)), f"{id}: an anchor for each mark from {points} to 0"
        assert sum("example" in text for _, text in anchors) >= 2, f"{id}: anchors without examples"
    if calls_by_hand(path):  # brought to the bar of today: every such notebook has one or two marked questions
        assert 1 <= len(marked) <= 2


def calls_by_hand(path):
    return [c for c in check_calls(path) if exercises(path.stem[:2])[c.exercise].by_hand]


@by_name
def test_an_exercise_by_hand_has_its_numbers_before_it_and_the_lectures_in_this_tree(path):
    nb, calls = read(path), calls_by_hand(path)
    ids = [grading(c).get("grade_id") for c in nb.cells]
    for call in calls:
        cell = nb.cells[ids.index("variant")]
        assert cell.source == VARIANT and grading(cell)["locked"] and not grading(cell)["grade"]
        shows = next(i for i, c in enumerate(nb.cells) if f'show_numbers("{call.exercise}", VARIANT)' in c.source)
        assert ids.index("variant") < shows < ids.index(call.functions[0]) < ids.index(call.grade_id)
        assert "variant=VARIANT" in nb.cells[ids.index(call.grade_id)].source


@by_name
def test_hidden_tests_are_between_markers_and_visible_checks_are_not(path):
    for cell in read(path).cells:
        if is_test(cell):
            hidden = "BEGIN HIDDEN TESTS" in cell.source
            assert hidden == grading(cell)["grade_id"].endswith("-hidden")
            assert ("hidden=" in cell.source) == hidden


@by_name
def test_the_stored_outputs_are_a_whole_clean_run(path):
    """Executed top to bottom, without an error or a word on stderr, every check passed."""
    code = [c for c in read(path).cells if c.cell_type == "code"]
    assert [c.execution_count for c in code] == list(range(1, len(code) + 1))
    for cell in code:
        for output in cell.outputs:
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", output.text
        if is_test(cell):
            verdicts = [o["data"][MIME] for o in cell.outputs if MIME in o.get("data", {})]
            assert [v["status"] for v in verdicts] == ["passed"], cell.source


@by_name
def test_every_picture_has_words(path):
    for cell in read(path).cells:
        for i, output in enumerate(cell.get("outputs", [])):
            if "image/png" in output.get("data", {}):
                assert len(output.metadata.get("image/png", {}).get("alt", "")) > 20, cell.source
                caption = cell.outputs[i + 1]["data"].get("text/markdown", "")
                assert len(caption) > 20, cell.source
        if cell.cell_type == "markdown":
            assert not re.search(r"!\[\s*\]", cell.source), "an image without alt text"


def test_cells_whose_output_is_not_compared_are_under_a_tenth_and_assert_something():
    code = [(p.stem, c) for p in SOLVED for c in read(p).cells if c.cell_type == "code"]
    ignored = [(name, c.source) for name, c in code if "nbval-ignore-output" in c.metadata.get("tags", []) or "NBVAL_IGNORE_OUTPUT" in c.source]
    for name, source in ignored:
        print(f"output not compared: {name}: {source.splitlines()[0]}")
        assert "assert " in source, (name, source)
    assert len(ignored) < len(code) / 10


@pytest.mark.parametrize("path", SOLVED + STUDENT, ids=lambda p: f"{p.parts[-3]}-{p.stem}")
def test_no_cell_is_excused_from_running(path):
    """nbval's raises-exception only allows an exception, and skip hides a cell: neither is used anywhere."""
    for cell in read(path).cells:
        assert not {"raises-exception", "nbval-skip"} & set(cell.metadata.get("tags", []))
        assert "NBVAL_RAISES_EXCEPTION" not in cell.source and "NBVAL_SKIP" not in cell.source


@pytest.mark.parametrize("path", STUDENT, ids=lambda p: p.stem)
def test_a_student_copy_holds_nothing_of_a_written_answer(path):
    """Neither the model answer nor the scheme, and so that is known which are unanswered: nbgrader's own words in their place."""
    solved = {grading(c).get("grade_id"): c for c in read(ROOT / "solutions" / path.relative_to(ROOT / "notebooks")).cells}
    text = path.read_text(encoding="utf-8")
    assert "**Marking" not in text
    for cell in read(path).cells:
        if is_written(cell):
            assert cell.source == mark(grading(cell)["grade_id"]) + "YOUR ANSWER HERE"
            for line in solved[grading(cell)["grade_id"]].source.splitlines():
                assert len(line) < 30 or line not in text, line


@pytest.mark.parametrize("path", STUDENT, ids=lambda p: p.stem)
def test_a_student_copy_holds_no_answer_no_hidden_test_and_no_output(path):
    for cell in read(path).cells:
        assert "BEGIN SOLUTION" not in cell.source and "HIDDEN TESTS" not in cell.source and "hidden=" not in cell.source
        assert not cell.get("outputs")
        if cell.cell_type == "code" and grading(cell).get("solution"):
            assert "raise NotImplementedError()" in cell.source
        if is_test(cell):
            assert grading(cell)["locked"] and cell.metadata.get("editable") is False
