"""The report at the end of a run, and the tables for spreadsheets, Canvas and Moodle."""

import csv
import io

import pytest

from course_lib.grading.exports import CANVAS, EARLIER_HEADERS, HEADER, MOODLE, _plain, write_canvas, write_grades, write_moodle
from course_lib.grading.messages import NOT_GRADED
from course_lib.grading.report import Change, Outcome, by_exercise, changes_table, exercises_text, isolation_lines, plot, summary

A, B = "07.conv2d_backward", "07.rotate"


def cells(a=(2.0, 3.0), b=4.0, ideas=(), unsolved=False):
    """What a record says of a notebook with two exercises: one of a visible and a hidden cell, one of a single cell."""
    status = "unsolved" if unsolved else "passed"
    return {"a-check": {"exercise": A, "score": a[0], "max": 2.0, "status": status, "ideas": list(ideas)},
            "a-hidden": {"exercise": A, "score": a[1], "max": 3.0, "status": "failed", "ideas": list(ideas), "hidden": True},
            "b-check": {"exercise": B, "score": b, "max": 4.0, "status": "passed", "ideas": []},
            "why": {"exercise": None, "score": None, "max": 1.0, "status": "", "ideas": []}}


CLASS = [Outcome("ada", "07", points=9, most=10, cells=cells(), isolation="bubblewrap 0.8"),
         Outcome("bo", "07", points=6, most=10, cells=cells((2.0, 0.5), ideas=["not rotated"]), ideas=[f"{A}: not rotated"], isolation="bubblewrap 0.8"),
         Outcome("chen", "07", points=0, most=10, cells=cells((0.0, 0.0), 0.0, ideas=["not rotated", "transposed"]), isolation="bubblewrap 0.8"),
         Outcome("dana", "07", points=4, most=10, cells=cells((0.0, 0.0), unsolved=True), unsolved=1, isolation="none (--no-sandbox)"),
         Outcome("typo", "07", cells={i: {**s, "exercise": i, "status": "error", "score": 0.0, "ideas": []} for i, s in cells().items() if i != "why"}),
         Outcome("broken", "07", "unreadable", cells=cells()), Outcome("lost", "07", NOT_GRADED, ["full"], failed=True)]


def test_how_many_did_how_well_in_each_exercise():
    a, b = by_exercise(CLASS)
    assert (a.name, dict(a.counts)) == (A, {"full": 1, "partial": 1, "none": 2, "not done": 1})
    assert (b.name, dict(b.counts)) == (B, {"full": 3, "none": 2})
    assert a.ideas == {"not rotated": 2, "transposed": 1} and not b.ideas


def test_the_text_names_misconceptions_most_frequent_first():
    lines = exercises_text(by_exercise(CLASS)).splitlines()
    assert lines[2].split() == [A, "1", "1", "2", "1"]
    assert [line.split(maxsplit=1) for line in lines[-2:]] == [["2", f"{A}: not rotated"], ["1", f"{A}: transposed"]]
    assert "misconception" not in exercises_text(by_exercise(CLASS[:1]))


def test_the_picture_is_a_png_that_shows_something(tmp_path):
    from matplotlib.image import imread

    plot(by_exercise(CLASS), "07: 5 hand-ins", tmp_path / "grades-07.png")
    picture = imread(tmp_path / "grades-07.png")
    assert picture.shape[1] > 800 and len({tuple(p) for p in picture[::7, ::7].reshape(-1, picture.shape[2])}) > 10
    plot(by_exercise(CLASS[:1]), "without misconceptions", tmp_path / "grades-08.png")
    assert imread(tmp_path / "grades-08.png").shape[0] < picture.shape[0]


def test_the_table_shows_flags_carried_points_and_penalties():
    text = summary([Outcome("ada", "07", points=3, most=10, carried=5.5, flags=[f"{A}: own code"], penalty=1.0, notes=["a note"]), CLASS[-1]])
    assert f"flag: {A}: own code; 5.5 with errors carried forward; late: 1 off; a note" in text
    assert "3 / 10" in text and "not-graded  -" in text and "full" in text


def test_every_way_of_isolation_is_said():
    assert isolation_lines(CLASS[:4]).splitlines() == ["isolation: bubblewrap 0.8 (3 hand-ins)", "isolation: none (--no-sandbox) (1 hand-in)"]
    assert isolation_lines(CLASS[-1:]) == "isolation: unknown: nothing was run (1 hand-in)"


def test_changes_are_sorted_and_say_why():
    changes = [Change("bo", "07", 3, 2.5, ["a-check 2 → 1.5"], ["changed test cells: a-check"]), Change("ada", "07", 0, 1, [], ["handed in anew"])]
    lines = changes_table(changes).splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["ada", "bo"]
    assert "3 → 2.5" in lines[3] and lines[3].endswith("changed test cells: a-check")


# --- tables for other programs ---------------------------------------------------------------------------------------

def read(path):
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))


PEOPLE = {"ada": {"name": "Ada Lovelace", "sortable": "Lovelace, Ada", "email": "ada@example.org", "lms_user_id": "4711"},
          "bo": {"name": "=cmd()", "sortable": "@bo", "email": "", "lms_user_id": "-1"}}


@pytest.fixture
def rows(tmp_path):
    outcomes = [Outcome("ada", "07", points=9, most=10), Outcome("ada", "08", points=1.5, most=4, ideas=["=1+1"]),
                Outcome("bo", "07", "timeout", ["-x", "y"], [f"{A}: not rotated"], points=2, most=10, carried=3.5, flags=["+f"], isolation="@i"),
                Outcome("x@example.org", "08", points=0, most=4)]
    return write_grades(tmp_path / "grades.csv", outcomes, ["07", "08"])


def test_grades_csv(rows, tmp_path):
    found = read(tmp_path / "grades.csv")
    assert found[0] == HEADER
    assert found[2] == ["bo", "07", "timeout", "2", "10", "0", f"{A}: not rotated", "'-x; y", "0", "3.5", "'+f", "'@i", "0"]
    assert [dict(zip(HEADER, row, strict=True)) for row in found[1:]] == rows


@pytest.mark.parametrize("header", EARLIER_HEADERS)
def test_rows_of_an_earlier_version_are_taken_over(tmp_path, header):
    path = tmp_path / "grades.csv"
    with path.open("w") as f:
        csv.writer(f).writerows([header, ["zoe", "01", "ok", "3", "4", "0", *[""] * (len(header) - 6)]])
    rows = write_grades(path, [Outcome("ada", "07", points=9, most=10)], ["07"])
    write_canvas(tmp_path / "c.csv", rows, {})
    assert read(tmp_path / "c.csv")[3] == ["zoe", "", "", "zoe", "", "3", ""]
    assert [row[:4] for row in read(path)] == [HEADER[:4], ["zoe", "01", "ok", "3"], ["ada", "07", "ok", "9"]]


def test_canvas_finds_its_columns(rows, tmp_path):
    write_canvas(tmp_path / "c.csv", rows, PEOPLE)
    assert read(tmp_path / "c.csv") == [
        [*CANVAS, "07", "08"],
        ["    Points Possible", "", "", "", "", "10", "4"],
        ["Lovelace, Ada", "4711", "", "ada", "", "9", "1.5"],
        ["'@bo", "'-1", "", "bo", "", "2", ""],
        ["x@example.org", "", "", "x@example.org", "", "", "0"]]


def test_points_that_await_a_marker_are_said_and_never_pass_for_a_grade(tmp_path):
    """In the table and grades.csv beside the points so far; in Moodle's feedback; Canvas has no place for words, so no grade yet."""
    waits = Outcome("ada", "07", points=7, most=10, by_hand=2, awaiting=3)
    marked = Outcome("bo", "07", points=9, most=10)
    assert "7 / 7, awaiting a marker: 3" in summary([waits]) and "9 / 10" in summary([marked])
    rows = write_grades(tmp_path / "grades.csv", [waits, marked], ["07"])
    assert [(r["points"], r["max_points"], r["waiting_for_a_person"], r["points_awaiting_a_marker"]) for r in rows] == [("7", "10", "2", "3"), ("9", "10", "0", "0")]
    write_canvas(tmp_path / "c.csv", rows, PEOPLE)
    assert [row[-1] for row in read(tmp_path / "c.csv")] == ["07", "10", "", "9"]
    write_moodle(tmp_path / "m.csv", rows, PEOPLE)
    assert [row[-2:] for row in read(tmp_path / "m.csv")[1:]] == [["7", "points so far; awaiting a marker: 3 of 10 points"], ["9", ""]]


def test_canvas_reads_the_header_as_its_importer_does(rows, tmp_path):
    """What Canvas asks of the first rows: Student, ID, then the SIS columns, and Section just before the assignments."""
    write_canvas(tmp_path / "c.csv", rows, {})
    header, possible = read(tmp_path / "c.csv")[:2]
    assert "Student" in header[0] and "ID" in header[1] and header[2:5] == ["SIS User ID", "SIS Login ID", "Section"]
    assert "Points Possible" in possible[0]


def test_moodle_has_a_grade_and_a_feedback_for_each_assignment(rows, tmp_path):
    write_moodle(tmp_path / "m.csv", rows, PEOPLE)
    assert read(tmp_path / "m.csv") == [
        [*MOODLE, "07", "07 feedback", "08", "08 feedback"],
        ["ada", "Ada Lovelace", "ada@example.org", "9", "", "1.5", "met in your answers: =1+1"],
        ["bo", "'=cmd()", "", "2", f"verdict: timeout; met in your answers: {A}: not rotated", "", ""],
        ["x@example.org", "x@example.org", "x@example.org", "", "", "0", ""]]


@pytest.mark.parametrize("text, cell", [("=1+1", "'=1+1"), ("-2", "'-2"), ("+2", "'+2"), ("@x", "'@x"), ("\tx", "'\tx"), ("\rx", "'\rx"), ("\n=x", "'\n=x"),
                                        ("plain", "plain"), ("", ""), (3, "3")])
def test_csv_cells_that_a_spreadsheet_would_run(text, cell):
    assert _plain(text) == cell


def test_a_lone_surrogate_does_not_stop_the_tables(tmp_path):
    write_grades(tmp_path / "g.csv", [Outcome("ada", "07", notes=["a\ud800"])], ["07"])
    assert read(tmp_path / "g.csv")[1][7] == "a?"
