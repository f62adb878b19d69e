"""Variants through the whole path: a zip a student, answers worked with its numbers, graded with numbers worked out anew."""

import io
import json
import zipfile

import nbformat
import pytest
from classroom import NAME, ROOT, course_at, grade_class
from nbgrader.api import Gradebook

from course_lib.check.exercises import find
from course_lib.grading.course import WorkbookError, read_notebook
from course_lib.grading.frame import grade_id
from course_lib.grading.records import Records
from course_lib.grading.release import make_variants
from course_lib.grading.sample import solved_answers
from course_lib.grading.variants import FILE, Variants, give, given

EXERCISE = find("00.predict_gradients")
NUMBER, TEST = "predict_gradients", "predict_gradients-check"
SECRET = "0000000000000000000000000000000000000000000000000000000000000002"  # with which no two of these students have a result in common; a course makes one of its own


def course_of(folder):
    course = course_at(folder)
    for name in ("pyproject.toml", "requirements.lock", "README.md", "LICENSE"):
        (folder / name).symlink_to(ROOT / name)
    return course


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """(course, {student: the notebook of the zip that is theirs})."""
    course = course_of(tmp_path_factory.mktemp("variants"))
    (course.root / "class.txt").write_text("ada\nbo\nchen\n")
    secret(course)
    paths, on = make_variants(course, course.root / "class.txt", NAME)
    assert on == [NAME]
    copies = {}
    for path in paths:
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as bundle:
            copies[path.stem.removeprefix(f"{NAME}-")] = nbformat.reads(bundle.read(f"workbook/notebooks/{NAME}/{NAME}.ipynb").decode(), 4)
    return course, copies


def secret(course):
    (course.root / FILE).write_text(json.dumps({"secret": SECRET, "on": []}))


def right_for(variant):
    dx, dy = EXERCISE.reference[0](**EXERCISE.numbers_of(variant))
    return f"def predict_gradients():\n    return {dx}, {dy}"


def hand_in(course, student, nb, answer):
    answers = solved_answers(course, NAME) | {NUMBER: answer}
    nb = nbformat.from_dict(json.loads(nbformat.writes(nb)))
    for cell in nb.cells:
        if cell.cell_type == "code" and grade_id(cell) in answers:
            cell.source = answers[grade_id(cell)]
    path = course.submitted / student / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, path)
    return path


def points(course, student):
    record = Records(course.root / "records").read(NAME, student)
    return record["scores"][NAME][TEST]["score"], record


@pytest.fixture(scope="module")
def graded(released, tmp_path_factory):
    """ada answers her own numbers; bo hands in ada's answer in his own copy; chen hands in ada's whole notebook."""
    course, copies = released
    numbers = {s: Variants.of(course.root).number(NAME, s) for s in copies}
    assert {s: given(nb) for s, nb in copies.items()} == {s: str(n) for s, n in numbers.items()}
    assert len({tuple(EXERCISE.numbers_of(n).values()) for n in numbers.values()}) == 3
    hand_in(course, "ada", copies["ada"], right_for(numbers["ada"]))
    hand_in(course, "bo", copies["bo"], right_for(numbers["ada"]))
    hand_in(course, "chen", copies["ada"], right_for(numbers["ada"]))
    return course, numbers, {o.student: o for o in grade_class(course, NAME, jobs=2)}


def test_ones_own_right_answer_earns_its_points_and_a_neighbours_loses_them(graded):
    course, numbers, outcomes = graded
    assert points(course, "ada")[0] == 2.0
    assert points(course, "bo")[0] == 0.0
    assert points(course, "chen")[0] == 0.0  # the number is worked out again, never read from the hand-in
    assert outcomes["ada"].points == 7 and outcomes["bo"].points == outcomes["chen"].points == 5


def test_the_record_the_page_and_the_report_say_it(graded, capsys):
    course, numbers, outcomes = graded
    for student, number in numbers.items():
        record = points(course, student)[1]
        assert record["variant"] == record["key"]["variant"] == number
        page = (course.root / "feedback" / student / NAME / f"{NAME}.html").read_text(encoding="utf-8")
        assert f"variant {number}" in page
    note = f"worked with the numbers of variant {numbers['ada']}, and graded with those of this student's own copy, variant {numbers['chen']}"
    assert note in outcomes["chen"].notes and outcomes["ada"].notes == outcomes["bo"].notes == []
    grade_class(course, NAME, jobs=1)
    assert f"variants: each student's own numbers in {NAME} (variants.json; workbook variants)" in capsys.readouterr().out


def test_a_regrade_is_identical(graded, capsys):
    course, _, before = graded
    kept = {s: (course.root / "autograded" / s / NAME / f"{NAME}.ipynb").read_text() for s in before}
    after = {o.student: o for o in grade_class(course, NAME, jobs=1, again=True)}
    assert "No score changed." in capsys.readouterr().out
    assert {s: o.points for s, o in after.items()} == {s: o.points for s, o in before.items()}
    cells = lambda text: [(c["source"], c.get("outputs")) for c in json.loads(text)["cells"]]  # noqa: E731
    assert {s: cells((course.root / "autograded" / s / NAME / f"{NAME}.ipynb").read_text()) for s in before} == {s: cells(t) for s, t in kept.items()}


def test_without_variants_everybody_has_the_lectures_numbers(released, tmp_path):
    course = course_of(tmp_path)
    plain = read_notebook(course.notebooks / NAME / f"{NAME}.ipynb")
    hand_in(course, "ada", plain, right_for(None))
    hand_in(course, "bo", released[1]["bo"], right_for(Variants.of(released[0].root).number(NAME, "bo")))
    outcomes = {o.student: o for o in grade_class(course, NAME, jobs=1)}
    assert points(course, "ada")[0] == 2.0 and points(course, "ada")[1]["variant"] is None
    assert points(course, "bo")[0] == 0.0 and any("variants are off for this assignment" in n for n in outcomes["bo"].notes)
    assert not (course.root / FILE).exists()


def test_turning_them_on_regrades_and_says_why(tmp_path, capsys):
    course = course_of(tmp_path)
    hand_in(course, "ada", read_notebook(course.notebooks / NAME / f"{NAME}.ipynb"), right_for(None))
    grade_class(course, NAME, jobs=1)
    secret(course)
    Variants.of(course.root).turn([NAME], True)
    (outcome,) = grade_class(course, NAME, jobs=1)
    assert outcome.ran and outcome.points == 5 and "another variant" in capsys.readouterr().out
    assert any("worked with the lecture's numbers" in n for n in outcome.notes)


def test_a_lost_secret_is_said_before_anybody_loses_points(tmp_path):
    course = course_of(tmp_path)
    secret(course)
    variants = Variants.of(course.root)
    variants.turn([NAME], True)
    nb = read_notebook(course.notebooks / NAME / f"{NAME}.ipynb")
    give(nb, variants.number(NAME, "ada"))
    hand_in(course, "ada", nb, right_for(variants.number(NAME, "ada")))
    (outcome,) = grade_class(course, NAME, jobs=1)
    assert outcome.points == 7
    kept = variants.path.read_bytes()
    variants.path.unlink()
    with pytest.raises(WorkbookError, match="is gone: restore it from a backup"):
        grade_class(course, NAME, jobs=1)
    variants.path.write_bytes(kept)
    (outcome,) = grade_class(course, NAME, jobs=1)
    assert outcome.points == 7 and not outcome.ran


def test_the_sample_class_works_with_the_lectures_numbers(tmp_path):
    course = course_of(tmp_path)
    secret(course)
    Variants.of(course.root).turn([NAME], True)
    outcomes = grade_class(course, NAME, sample=True, students=2, jobs=2)
    assert all(o.points == 7 for o in outcomes)


def test_plain_nbgrader_autograde_gives_the_same(graded, tmp_path):
    import os
    import shutil
    import subprocess
    import sys

    from course_lib.grading.course import Course, environment_variables

    course, numbers, _ = graded
    root = tmp_path / "plain"
    for name in ("solutions", "notebooks"):
        shutil.copytree(ROOT / name / NAME, root / name / NAME)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    shutil.copy(course.root / FILE, root)
    for student in ("ada", "chen"):
        shutil.copytree(course.submitted / student / NAME, root / "submitted" / student / NAME)
    env = os.environ | environment_variables(Course(ROOT))
    for words in (["generate_assignment", NAME, "--create", "--force"], ["autograde", NAME, "--create", "--force"]):
        run = subprocess.run([sys.executable, "-m", "nbgrader", *words], cwd=root, env=env, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr[-3000:]
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}") as gb:
        assert {s: gb.find_grade(TEST, NAME, NAME, s).score for s in ("ada", "chen")} == {"ada": 2.0, "chen": 0.0}
