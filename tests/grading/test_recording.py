"""The gradebook after our writer is what nbgrader's own steps write for the same executed notebooks: every column that counts."""

import copy
import json
import stat
from datetime import UTC, datetime, timedelta

import nbformat
import nbformat.v4 as v4
import pytest
from nbgrader.api import Gradebook
from nbgrader.preprocessors import AssignLatePenalties, SaveAutoGrades
from traitlets.config import Config

from course_lib.grading import recording
from course_lib.grading.course import Course, WorkbookError
from course_lib.grading.gradebook import Book, Folders
from course_lib.grading.recording import Writer, swap_in

NAME, SECOND = "07_demo", "extra"
DUE = datetime(2030, 1, 10, 12)
CONFIG = """
from course_lib.grading.settings import configure
c = configure(get_config())
c.LateSubmissionPlugin.penalty_method = "zero"
c.LimitOutput.max_lines = 5
"""


def label(grade_id, points=None, *, solution=False, task=False, locked=None):
    grade = points is not None and not task
    return {"nbgrader": {"grade": grade, "solution": solution, "task": task, "locked": (grade and not solution) if locked is None else locked,
                         "grade_id": grade_id, "schema_version": 3, **({} if points is None else {"points": points})}}


def notebook():
    nb = v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}})
    nb.cells = [v4.new_markdown_cell("# Demo", id="title"),
                v4.new_code_cell("def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION", metadata=label("f", solution=True), id="f"),
                v4.new_code_cell("assert f(1) == 1", metadata=label("f-test", 2.0), id="t1"),
                v4.new_code_cell("### BEGIN HIDDEN TESTS\nf(2) / 4\n### END HIDDEN TESTS", metadata=label("f-hidden", 3.0), id="t2"),
                v4.new_code_cell("### BEGIN SOLUTION\n1\n### END SOLUTION", metadata=label("by-hand", 4.0, solution=True), id="h"),
                v4.new_markdown_cell("=== BEGIN MARK SCHEME ===\nsay why\n=== END MARK SCHEME ===", metadata=label("why", 1.5, solution=True), id="w"),
                v4.new_markdown_cell("Draw something.", metadata=label("draw", 5.0, task=True, locked=True), id="d")]
    return nb


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A course with a graded assignment of two notebooks, registered once (nbgrader takes seconds for it)."""
    root = tmp_path_factory.mktemp("recording")
    folder = root / "solutions" / NAME
    folder.mkdir(parents=True)
    nbformat.write(notebook(), folder / f"{NAME}.ipynb")
    nbformat.write(notebook(), folder / f"{SECOND}.ipynb")
    (folder / "data").mkdir()
    (folder / "data" / "x.csv").write_text("1,2\n")
    (root / "nbgrader_config.py").write_text(CONFIG)
    course = Course(root)
    book = Book(course, Folders.of(course))
    assert book.register(NAME) is True
    book.close()
    return course


@pytest.fixture
def course(template, tmp_path):
    import shutil

    root = tmp_path / "course"
    shutil.copytree(template.root, root)
    # The registered source is told by its place too, since each database has ids of its own.
    course = Course(root)
    book = Book(course, Folders.of(course))
    book.records.know_source(NAME, source=book._source_hash(NAME))
    book.close()
    return course


def executed(course, **changes):
    """A record with a run of each notebook. changes: {grade id: new source, or outputs of its cell}."""
    record = {"student": "ada", "assignment": NAME, "verdict": "ok", "notes": [], "scores": {NAME: {}, SECOND: {}}, "notebooks": {}, "isolation": "none"}
    for name in (NAME, SECOND):
        nb = nbformat.read(course.build / "grading" / "frames" / NAME / f"{name}.ipynb", as_version=4)
        for cell in nb.cells:
            change = changes.get(cell.metadata.get("nbgrader", {}).get("grade_id", "").replace("-", "_"))
            if isinstance(change, str):
                cell.source = change
            elif change is not None:
                cell.outputs = copy.deepcopy(change)
        record["notebooks"][name] = json.dumps(nb)
    return record


def value(text):
    return [v4.new_output("execute_result", data={"text/plain": text})]


ERROR = [v4.new_output("error", ename="AssertionError", evalue="", traceback=["AssertionError"])]
FIRST = {"f": "def f(x):\n    return x", "f_test": ERROR, "f_hidden": value("1.25")}
LATER = {"f": "def f(x):\n    return 2 * x", "f_hidden": value("3.0"), "by_hand": "2 + 2", "why": "because"}


def stock(url, record, when):
    """What nbgrader's Autograde does with an executed notebook and the gradebook."""
    config = Config()
    config.LateSubmissionPlugin.penalty_method = "zero"
    with Gradebook(url) as gb:
        gb.update_or_create_student(record["student"])
        gb.update_or_create_submission(NAME, record["student"], **({"timestamp": when} if when else {}))
    for name, text in record["notebooks"].items():
        nb = nbformat.reads(text, as_version=4)
        resources = {"nbgrader": {"student": record["student"], "assignment": NAME, "notebook": name, "db_url": url}}
        for step in (SaveAutoGrades, AssignLatePenalties):
            nb, resources = step(config=config).preprocess(nb, resources)


def dump(url):
    with Gradebook(url) as gb:
        found = {}
        for s in gb.db.query(type(gb.find_submission(NAME, "ada"))).all():
            found[s.student.id] = {
                "of": (s.assignment.name, s.timestamp, s.extension, s.score, s.max_score, s.needs_manual_grade, s.written_score, s.code_score, s.task_score),
                "notebooks": {n.name: {
                    "of": (n.flagged, n.late_submission_penalty, n.score, n.max_score, n.needs_manual_grade, n.failed_tests),
                    "grades": {g.name: (g.auto_score, g.manual_score, g.extra_credit, g.needs_manual_grade, g.score, g.max_score, g.cell_type, g.failed_tests)
                               for g in n.grades},
                    "comments": {c.name: (c.auto_comment, c.manual_comment, c.comment) for c in n.comments}} for n in s.notebooks}}
        return found


def grade_by_hand(url):
    """A person gives points and comments, on an extension."""
    with Gradebook(url) as gb:
        gb.find_grade("by-hand", NAME, NAME, "ada").manual_score = 3.0
        grade = gb.find_grade("why", NAME, NAME, "ada")
        grade.manual_score, grade.needs_manual_grade, grade.extra_credit = 1.0, False, 0.5
        gb.find_comment("why", NAME, NAME, "ada").manual_comment = "well said"
        gb.find_grade("f-test", SECOND, NAME, "ada").manual_score = 2.0
        gb.db.commit()
        if gb.find_assignment(NAME).duedate:  # nbgrader cannot reckon with an extension of no date
            gb.grant_extension(NAME, "ada", hours=1)


@pytest.mark.parametrize("due, when", [(None, None), (None, DUE), (DUE, DUE - timedelta(hours=1)), (DUE, DUE + timedelta(minutes=30)), (DUE, DUE + timedelta(days=2))])
def test_it_is_what_nbgrader_writes(course, due, when):
    ours = Book(course, Folders.of(course))
    theirs = f"sqlite:///{course.root / 'stock.db'}"
    ours.file.with_name("stock.db").write_bytes(ours.file.read_bytes())
    for url in (str(ours.url), theirs):
        with Gradebook(url) as gb:
            gb.update_or_create_assignment(NAME, duedate=due)
    assert ours.register(NAME) is False
    writer, received = Writer(ours), when and when.replace(tzinfo=UTC)
    steps = [executed(course, **FIRST), executed(course, **FIRST), executed(course, **LATER), executed(course)]
    for k, record in enumerate(steps):
        entry = writer.record(record, received, {})
        stock(theirs, record, when)
        assert dump(str(ours.url)) == dump(theirs), f"step {k}"
        mine = dump(theirs)["ada"]
        assert {n: {g: v[4] for g, v in nb["grades"].items()} for n, nb in mine["notebooks"].items()} == {
            n: {g: s for g, (s, _, _) in cells.items()} for n, cells in entry.scores.items()}
        assert entry.waiting + entry.again == sum(g[3] for nb in mine["notebooks"].values() for g in nb["grades"].values())
        if k == 1:
            grade_by_hand(str(ours.url))
            grade_by_hand(theirs)
    assert writer.read("ada", NAME).comments[NAME] == {"why": "well said"}
    ours.close()


def test_late_points_are_off_and_a_zero_stays_none(course):
    book = Book(course, Folders.of(course))
    with Gradebook(str(book.url)) as gb:
        gb.update_or_create_assignment(NAME, duedate=DUE)
    book.register(NAME)
    entry = Writer(book).record(executed(course, **FIRST), (DUE + timedelta(days=1)).replace(tzinfo=UTC), {})
    assert entry.penalty == {NAME: 1.25, SECOND: 1.25} and entry.points == 0.0 and entry.most == 31.0
    book.close()


def test_a_notebook_or_cell_that_is_missing_has_its_row_all_the_same(course):
    book = Book(course, Folders.of(course))
    book.register(NAME)
    record = executed(course, **FIRST)
    nb = json.loads(record["notebooks"][SECOND])
    nb["cells"] = nb["cells"][:1]
    record["notebooks"][SECOND] = json.dumps(nb)
    entry = Writer(book).record(record, None, {})
    assert set(entry.scores[SECOND]) == {"f-test", "f-hidden", "by-hand", "why", "draw"}
    with pytest.raises(WorkbookError, match="holds no notebook extra"):
        Writer(book).record({**record, "notebooks": {NAME: record["notebooks"][NAME]}}, None, {})
    book.close()


def test_autograded_holds_what_nbgrader_leaves_there(course):
    book = Book(course, Folders.of(course))
    book.register(NAME)
    shouting = [v4.new_output("stream", name="stdout", text="\n".join("x" * 50))]
    record = executed(course, **FIRST | {"f_test": shouting})
    record["scores"][NAME] = {"f-test": {"score": 2.0, "max": 2.0, "carried": None, "hidden": False}}
    when = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    for _ in range(2):  # the second takes the place of the first
        Writer(book).record(record, when, {"data/x.csv": b"1,2\n"})
    folder = book.folders.autograded / "ada" / NAME
    assert sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()) == [f"{NAME}.ipynb", "data/x.csv", f"{SECOND}.ipynb", "timestamp.txt"]
    assert [p.name for p in folder.parent.iterdir()] == [NAME]
    assert {stat.S_IMODE(p.stat().st_mode) for p in folder.rglob("*") if p.is_file()} == {0o444}
    nb = nbformat.read(folder / f"{NAME}.ipynb", as_version=4)
    nbformat.validate(nb)
    test = next(c for c in nb.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "f-test")
    assert "Output truncated" in test.outputs[0].text and nb.metadata["workbook"]["verdict"] == "ok"
    from nbgrader.utils import parse_utc

    assert parse_utc((folder / "timestamp.txt").read_text()) == when.replace(tzinfo=None)
    book.close()


def test_one_hand_in_is_one_transaction(course, monkeypatch):
    """What fails in the middle leaves the gradebook as it was."""
    book = Book(course, Folders.of(course))
    book.register(NAME)
    writer = Writer(book)
    writer.record(executed(course, **FIRST), None, {})
    before = dump(str(book.url))
    save, calls = recording._save, []

    def failing(*args):
        save(*args)
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("the power went")

    monkeypatch.setattr(recording, "_save", failing)
    with pytest.raises(RuntimeError, match="the power went"):
        writer.record(executed(course, **LATER), None, {})
    assert dump(str(book.url)) == before
    book.close()


def test_a_name_that_the_database_does_not_take_costs_that_hand_in(course):
    book = Book(course, Folders.of(course))
    book.register(NAME)
    record = {**executed(course), "student": None}
    with pytest.raises(WorkbookError, match="the gradebook did not take it"):
        Writer(book).record(record, None, {})
    book.close()


def test_a_source_that_did_not_change_is_not_registered_again(course):
    book = Book(course, Folders.of(course))
    assert book.register(NAME) is False
    path = course.solutions / NAME / f"{NAME}.ipynb"
    nb = nbformat.read(path, as_version=4)
    nb.cells[2].source = "assert f(1) == 1 and f(2) == 2"
    nbformat.write(nb, path)
    assert book.register(NAME) is True and "f(2) == 2" in (book.folders.frames / NAME / f"{NAME}.ipynb").read_text()
    assert book.register(NAME) is False
    (book.folders.frames / NAME / f"{NAME}.ipynb").unlink()  # `workbook clean`
    assert book.register(NAME) is True
    book.close()
    book.file.unlink()  # a new gradebook knows nothing
    book = Book(course, Folders.of(course))
    assert book.register(NAME) is True
    book.close()


def test_cells_cannot_come_and_go_once_somebody_was_graded(course):
    book = Book(course, Folders.of(course))
    book.register(NAME)
    Writer(book).record(executed(course), None, {})
    path = course.solutions / NAME / f"{NAME}.ipynb"
    nb = nbformat.read(path, as_version=4)
    del nb.cells[3]
    nbformat.write(nb, path)
    with pytest.raises(WorkbookError, match="keeps its cells and their ids.*assignment remove 07_demo --force"):
        book.register(NAME)
    book.close()


def test_a_folder_that_cannot_be_swapped_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkbookError, match="its scores are in the gradebook"):
        swap_in(tmp_path / "file" / "ada" / NAME, {"a": b""})


def test_what_a_killed_run_left_beside_is_cleared(tmp_path):
    for left in (".x.new", ".x.old"):
        (tmp_path / left).mkdir()
        (tmp_path / left / "junk").write_text("")
    swap_in(tmp_path / "x", {"sub/a": b"1"})
    assert [p.name for p in tmp_path.iterdir()] == ["x"] and (tmp_path / "x" / "sub" / "a").read_bytes() == b"1"
