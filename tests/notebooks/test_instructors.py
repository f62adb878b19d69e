"""solutions/README.md: what it says of each assignment is so, and nothing is left out."""

import re
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner

from course_lib.check.assignments import ASSIGNMENTS
from course_lib.check.exercises import exercises
from course_lib.cli.main import workbook
from course_lib.grading import handbook
from course_lib.grading.course import Course, WorkbookError
from course_lib.grading.hidden import check_calls

ROOT = Path(__file__).resolve().parents[2]
COURSE = Course(ROOT)
TEXT = (ROOT / "solutions" / handbook.README).read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (\d\d) · .*?\n(.*?)(?=^##)", TEXT, re.M | re.S))

by_name = pytest.mark.parametrize("name", COURSE.assignments())


def test_there_is_a_section_for_each_with_aims_prerequisites_and_troubles():
    assert list(SECTIONS) == list(ASSIGNMENTS)
    for number, section in SECTIONS.items():
        assert f"### {number} · {ASSIGNMENTS[number].title}\n" in TEXT
        assert all(f"**{what}.**" in section for what in ("Aims", "Prerequisites", "Troubles")), number
        assert len(re.findall(r"^- ", section, re.M)) >= 3 and f"<!-- {number} -->" in section, number
        for before in ASSIGNMENTS[number].builds_on:
            assert before in re.search(r"\*\*Prerequisites\.\*\*(.*?)\*\*Troubles", section, re.S)[1], (number, before)


@by_name
def test_points_time_and_rows_are_the_notebooks(name):
    """Counted here once more, in another way than the handbook does."""
    path = ROOT / "solutions" / name / f"{name}.ipynb"
    nb = nbformat.read(path, as_version=4)
    section = SECTIONS[name[:2]]
    graded = [c.metadata.nbgrader for c in nb.cells if c.metadata.get("nbgrader", {}).get("grade")]
    assert f"{nb.metadata.workbook.minutes} minutes. {sum(g.points for g in graded):g} points" in section
    assert all(row in section for row in nb.metadata.workbook.rows)
    for g in graded:
        if g.solution and g.points:
            assert f"`{g.grade_id}` {g.points:g}" in section
    for id, exercise in exercises(name[:2]).items():
        visible, hidden = (sum(c.points for c in check_calls(path) if c.exercise == id and (c.hidden is not None) == h) for h in (False, True))
        found = re.search(rf"^\| `{re.escape(id)}` \| (\S+) \| (\S+) \| (\d+) \|", section, re.M)
        assert found and found[1] == f"{visible:g}" and found[2] == (f"{hidden:g}" if hidden else "-") and int(found[3]) == len(exercise.misconceptions)


def test_the_table_has_a_line_for_each_and_its_sum():
    rows = re.findall(r"^\| \[(\d\d) [^|]+\| [^|]+ \| (\d+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|", TEXT, re.M)
    assert [r[0] for r in rows] == [n[:2] for n in COURSE.assignments()]
    assert all(float(total) == float(checked) + float(marked) for _, _, total, checked, marked in rows)
    (total,) = re.findall(r"^\| all \| \| (\d+) \| ([\d.]+) ", TEXT, re.M)
    assert (int(total[0]), float(total[1])) == (sum(int(r[1]) for r in rows), sum(float(r[2]) for r in rows))


def test_what_people_wrote_is_kept_and_facts_are_made_anew():
    once = handbook.filled(TEXT, COURSE)
    spoilt = once.replace(" minutes. ", " hours. ").replace("## How points come about", "## My own words")
    again = handbook.filled(spoilt, COURSE)
    assert " hours. " not in again and "## My own words" in again
    assert again.replace("## My own words", "## How points come about") == once
    assert handbook.filled("<!-- other -->\nkept\n<!-- /other -->\n" + once, COURSE).startswith("<!-- other -->\nkept\n")


def test_an_assignment_without_a_section_is_said():
    with pytest.raises(WorkbookError, match="says nothing of assignment 01"):
        handbook.filled(TEXT.replace("<!-- 01 -->", ""), COURSE)


def test_files_that_it_names_are_there():
    for name in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (ROOT / "solutions" / name).exists(), name
    for name in re.findall(r"`((?:course_lib|site|samples|tests)/[\w./]+)`", TEXT):
        assert (ROOT / name).exists(), name
    for command in re.findall(r"`workbook (\w+)", TEXT):
        assert command in workbook.commands, command


def test_the_command_writes_both(tmp_path):
    for name in ("solutions", "tests", "samples", "notebooks"):
        (tmp_path / name).mkdir()
    (tmp_path / "nbgrader_config.py").touch()
    (tmp_path / "tests" / "rows.toml").write_text('B-flat = { kind = "demo", topic = "a row", function = "flat:svm_loss" }\n')
    (tmp_path / "solutions" / "README.md").write_text("Before\n<!-- 03 --><!-- /03 -->\nafter\n<!-- assignments --><!-- /assignments -->\n")
    first, second = (CliRunner().invoke(workbook, ["--root", str(tmp_path), "coverage", "--write"]) for _ in range(2))
    assert first.exit_code == 1 and "wrote solutions/COVERAGE.md" in first.output and "wrote solutions/README.md" in first.output
    assert "wrote" not in second.output and "0 of 1 rows covered; missing something: B-flat." in second.output
    assert "Before\n<!-- 03 -->\nNot written yet.\n<!-- /03 -->\nafter" in (tmp_path / "solutions" / "README.md").read_text()
