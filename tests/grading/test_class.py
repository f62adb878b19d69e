"""The whole grading path on the sample class: hand-ins on disk → boxes → gradebook → feedback pages and tables."""

import csv
import html
import json
import shutil
import sqlite3

import pytest
from classroom import ROOT, SANDBOXED, course_at, grade_class

from course_lib.check.exercises import exercises
from course_lib.grading import grade as module
from course_lib.grading.course import Course, WorkbookError, read_notebook
from course_lib.grading.locks import check_unlocked
from course_lib.grading.records import Records
from course_lib.grading.sample import deserved, sample_class, write_class
from course_lib.grading.written import is_written

ASSIGNMENTS = Course(ROOT).assignments()


# So that this file stays at a few minutes with any number of assignments, each has its share of this many hand-ins:
# always everyone without a misconception, and of the others as many as fit, evenly chosen.
# (Every misconception is judged directly, with the same hidden tests, in tests/check/test_exercises.py.)
HAND_INS = 120


def chosen(students):
    ideas = [s for s in students if s.ideas]
    room = max(2, HAND_INS // len(ASSIGNMENTS) - (len(students) - len(ideas)))
    kept = ideas if len(ideas) <= room else [ideas[i * len(ideas) // room] for i in range(room)]
    return [s for s in students if not s.ideas or s in kept]


def written_points(assignment):
    """The points that a person gives."""
    cells = read_notebook(ROOT / "solutions" / assignment / f"{assignment}.ipynb").cells
    return sum(c.metadata.nbgrader.points for c in cells if is_written(c) and c.metadata.nbgrader.get("points"))


@pytest.fixture(scope="module")
def students():
    return {a: chosen(sample_class(Course(ROOT), a)) for a in ASSIGNMENTS}


@pytest.fixture(scope="module")
def graded(tmp_path_factory, students):
    """(course, {(assignment, student): outcome}) after one run over the sample class of every assignment."""
    course = course_at(tmp_path_factory.mktemp("class"))
    for assignment in ASSIGNMENTS:
        for s in write_class(course, assignment, course.submitted):
            if s.name not in [kept.name for kept in students[assignment]]:
                shutil.rmtree(course.submitted / s.name / assignment)
    outcomes = grade_class(course, jobs=2)
    return course, {(o.assignment, o.student): o for o in outcomes}


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_every_student_gets_what_the_answers_deserve(graded, students, assignment):
    course, outcomes = graded
    assert len(sample_class(course, assignment)) >= 12
    seed = Records(course.root / "records").seed(assignment)
    for s in students[assignment]:
        o = outcomes[assignment, s.name]
        assert o.points == deserved(course, assignment, s, seed), (s.name, s.story, o)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_right_answers_get_full_marks_whatever_happened_to_the_file(graded, assignment):
    for name in ("ada", "bo", "chen", "dana", "warner", "deleter", "doubler", "relabeler"):
        o = graded[1][assignment, name]
        assert o.points == o.most - o.awaiting > 0, (name, o)
        assert o.awaiting == written_points(assignment) and o.verdict == "ok", (name, o)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_what_cannot_be_graded_has_its_own_verdict_and_the_class_goes_on(graded, assignment):
    verdicts = {name: graded[1][assignment, name] for name in ("broken", "mixed-up", "empty", "typo")}
    assert [verdicts[n].verdict for n in verdicts] == ["unreadable", "wrong-assignment", "ok", "ok"]
    assert all(o.points == 0 for o in verdicts.values())
    assert verdicts["empty"].unsolved == len(exercises(assignment[:2]))


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_each_misconception_loses_points_and_is_named_in_the_feedback(graded, students, assignment):
    course, outcomes = graded
    sentences = {f"{e.name}: {m.name}": m.sentence for e in exercises(assignment[:2]).values() for m in e.misconceptions}
    seen = set()
    for s in students[assignment]:
        page = html.unescape((course.root / "feedback" / s.name / assignment / f"{assignment}.html").read_text(encoding="utf-8"))
        for idea in s.ideas:
            assert outcomes[assignment, s.name].points < outcomes[assignment, s.name].most
            assert sentences[idea] in page, (s.name, idea)
            seen.add(idea)
    everyone = len(students[assignment]) == len(sample_class(course, assignment))
    assert seen == set(sentences) if everyone else seen


def test_grades_csv_has_a_row_for_each_hand_in(graded):
    course, outcomes = graded
    with (course.root / "grades.csv").open(encoding="utf-8") as f:
        rows = {(r["assignment"], r["student"]): r for r in csv.DictReader(f)}
    assert rows.keys() == outcomes.keys()
    assert all(float(rows[k]["points"]) == pytest.approx(o.points) for k, o in outcomes.items())


def test_canvas_moodle_and_a_picture_lie_beside(graded):
    course, outcomes = graded
    for name in ("grades-canvas.csv", "grades-moodle.csv"):
        with (course.root / name).open(encoding="utf-8") as f:
            assert {s for _, s in outcomes} <= {cell for row in csv.reader(f) for cell in row}
    assert {p.name for p in course.root.glob("grades-*.png")} == {f"grades-{a}.png" for a in ASSIGNMENTS}


def test_every_verdict_says_how_it_was_isolated(graded):
    ways = {o.isolation for o in graded[1].values()}
    assert len(ways) == 1 and ("bubblewrap" if SANDBOXED else "none (--no-sandbox)") in ways.pop()


def test_the_gradebook_holds_the_scores(graded):
    course, outcomes = graded
    db = sqlite3.connect(course.root / "gradebook.db")
    (count,) = db.execute("select count(*) from submitted_assignment").fetchone()
    assert count == len(outcomes)


def test_without_hand_ins_a_sample_class_is_graded_and_nothing_real_is_touched(tmp_path, capsys):
    course = course_at(tmp_path)
    name = ASSIGNMENTS[0]
    outcomes = grade_class(course, name, jobs=2)
    assert "Nothing in submitted/ yet" in capsys.readouterr().out
    class_of = sample_class(course, name)
    assert len(outcomes) == len(class_of) >= 12
    seed = Records(course.build / "sample" / "records").seed(name)
    assert {o.student: o.points for o in outcomes} == {s.name: deserved(course, name, s, seed) for s in class_of}
    who = json.loads((course.build / "sample" / "submitted" / f"{name}.json").read_text(encoding="utf-8"))
    assert who["empty"] == "nothing answered"
    assert {p.name for p in course.root.iterdir() if not p.is_symlink()} == {"build"}


def test_a_sample_class_can_have_any_size(tmp_path):
    course = course_at(tmp_path)
    size = len(sample_class(course, ASSIGNMENTS[0])) + 2
    students = write_class(course, ASSIGNMENTS[0], tmp_path / "submitted", size)
    assert [s.name for s in students[-2:]] == ["ada-2", "bo-2"] and len({s.name for s in students}) == size
    assert [s.name for s in write_class(course, ASSIGNMENTS[0], tmp_path / "submitted", 3)] == ["ada", "bo", "chen"]
    assert len(list((tmp_path / "submitted").glob(f"*/{ASSIGNMENTS[0]}"))) == 3


def test_without_a_sandbox_it_refuses_before_any_work_unless_told(tmp_path, monkeypatch, capsys):
    course = course_at(tmp_path)
    write_class(course, ASSIGNMENTS[0], course.submitted, 1)
    before = sorted(p.name for p in tmp_path.iterdir())
    monkeypatch.setattr(module, "refusal", lambda: "bubblewrap is not installed")
    with pytest.raises(WorkbookError, match="there is no sandbox here .* bubblewrap is not installed. `--no-sandbox` grades without"):
        grade_class(course, sandbox=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == before
    (outcome,) = grade_class(course, sandbox=False, jobs=1)
    assert outcome.points == outcome.most - outcome.awaiting > 0 and "none (--no-sandbox)" in outcome.isolation
    assert "isolation: none (--no-sandbox)" in capsys.readouterr().out


def test_real_hand_ins_are_graded_again_without_changing_them(graded, tmp_path, capsys):
    course = course_at(tmp_path)
    name = ASSIGNMENTS[0]
    for student in ("ada", "idea-01"):
        shutil.copytree(graded[0].submitted / student / name, course.submitted / student / name)
    before = {p: p.read_bytes() for p in course.submitted.rglob("*.ipynb")}
    seed = Records(graded[0].root / "records").seed(name)
    for again in (False, True):  # a second run finds the gradebook and the feedback of the first
        outcomes = grade_class(course, name, jobs=2, seed=seed, again=again)
        assert [(o.student, o.points) for o in outcomes] == [(s, graded[1][name, s].points) for s in ("ada", "idea-01")]
    assert {p: p.read_bytes() for p in course.submitted.rglob("*.ipynb")} == before
    assert (course.root / "grades.csv").is_file() and (course.root / "feedback" / "ada" / name / f"{name}.html").is_file()
    assert "idea-01" in capsys.readouterr().out


def test_a_locked_gradebook_is_said_before_any_work(tmp_path):
    course = course_at(tmp_path)
    (course.submitted / "ada" / ASSIGNMENTS[0]).mkdir(parents=True)
    holder = sqlite3.connect(course.root / "gradebook.db")
    holder.execute("create table t (x)")
    holder.execute("begin exclusive")
    with pytest.raises(WorkbookError, match="locked by another program"):
        grade_class(course)
    holder.rollback()
    assert not course.build.exists()


def test_a_gradebook_that_is_none_is_said(tmp_path):
    (tmp_path / "gradebook.db").write_text("this is no database, but somebody's notes, long enough to be read as a header")
    with pytest.raises(WorkbookError, match="not a gradebook"):
        check_unlocked(tmp_path / "gradebook.db")


def test_an_assignment_nobody_handed_in_is_said(tmp_path):
    course = course_at(tmp_path)
    (course.submitted / "ada" / ASSIGNMENTS[0]).mkdir(parents=True)
    with pytest.raises(WorkbookError, match="holds no hand-in for"):
        grade_class(course, ASSIGNMENTS[-1])


def test_nbgraders_own_tools_go_on_with_the_result(graded):
    """What the formgrader shows, and what `nbgrader export` writes."""
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.plugins import CsvExportPlugin

    course, outcomes = graded
    name = ASSIGNMENTS[0]
    config = module.Book(course, module.Folders.of(course)).config
    shown = {s["student"]: s for s in NbGraderAPI(CourseDirectory(config=config), config=config).get_submissions(name)}
    assert set(shown) == {s for a, s in outcomes if a == name}
    for student, s in shown.items():
        assert s["autograded"] and (s["score"], s["max_score"]) == (outcomes[name, student].points, outcomes[name, student].most)
    with module.Book(course, module.Folders.of(course)).gb as gb:
        plugin = CsvExportPlugin()
        plugin.to = str(course.root / "export.csv")
        plugin.export(gb)
    with (course.root / "export.csv").open(encoding="utf-8") as f:
        exported = {(r["assignment"], r["student_id"]): float(r["score"]) for r in csv.DictReader(f)}
    assert {k: exported[k] for k in outcomes} == {k: o.points for k, o in outcomes.items()}
