"""Plain `nbgrader generate_feedback` and the formgrader show a hand-in as safely as our own pages."""

import html
import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from course_lib.grading.course import Course, environment_variables, read_notebook
from course_lib.grading.pages import KEY, VERDICTS, about, render
from course_lib.grading.sample import SampleStudent, filled, solved_answers
from nbgrader.api import Gradebook

from page_cases import SCORES, Page, b64, drawn, label, notebook, record

ROOT = Path(__file__).resolve().parents[2]





@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A course with one hostile hand-in, graded and given feedback by nbgrader's own commands."""
    course, name = Course(tmp_path_factory.mktemp("plain")), "00_start_here"
    shutil.copytree(ROOT / "solutions" / name, course.solutions / name)
    shutil.copy(ROOT / "nbgrader_config.py", course.root)
    env = os.environ | environment_variables(Course(ROOT))

    def nbgrader(*words):
        run = subprocess.run([sys.executable, "-m", "nbgrader", *words], cwd=course.root, env=env, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr[-3000:]

    nbgrader("generate_assignment", name, "--create", "--force")
    folder = course.submitted / "ada" / name
    folder.mkdir(parents=True)
    answers = solved_answers(course, name) | {"why-swap": "Because **y** scales it."}
    nb = filled(read_notebook(course.notebooks / name / f"{name}.ipynb"), SampleStudent("ada", "", answers))
    evil = "print('<script>alert(1)</script>')\nfrom IPython.display import HTML\nHTML('<script>alert(2)</script>')"
    nb.cells.insert(1, nbformat.v4.new_code_cell(evil))
    nb.cells.append(nbformat.v4.new_markdown_cell("<img src=x onerror=alert(3)> and [x](javascript:alert(4))"))
    nbformat.write(nb, folder / f"{name}.ipynb")
    (folder / "evil.html").write_text("<script>alert(5)</script>")
    (folder / "timestamp.txt").write_text("2026-11-21 13:00:00 UTC")
    nbgrader("autograde", name, "--create", "--force")
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as book:
        book.find_comment("why-swap", name, name, "ada").manual_comment = "See <b>me</b>."
        book.db.commit()
        points = book.find_submission(name, "ada").score
    nbgrader("generate_feedback", name, "--force")
    return course.root / "feedback" / "ada" / name, name, points


def test_plain_generate_feedback_makes_the_same_safe_page(plain):
    folder, name, points = plain
    found = Page((folder / f"{name}.html").read_text(encoding="utf-8"))
    assert points == 7 and "7 of 10 points so far. Awaiting a marker: 3 points." in found.text and "See <b>me</b>." in found.text
    assert "<script>alert(1)</script>" in found.text and "<img src=x onerror=alert(3)>" in found.text
    assert "alert(2)" in found.text  # the source of the cell, as text
    assert "BEGIN HIDDEN TESTS" not in found.text and "seed" not in found.text


def test_html_of_the_hand_in_does_not_lie_among_the_pages_that_are_released(plain):
    assert sorted(p.name for p in plain[0].iterdir()) == [f"{plain[1]}.html", "timestamp.txt"]


def test_what_about_keeps_gives_plain_nbgrader_the_same_page():
    known = about(record(verdict="timeout", notes=["n"]), "07")
    assert json.loads(json.dumps({KEY: known})) == {KEY: known}
    bare = {i: {"score": s["score"], "max": s["max"]} for i, s in SCORES.items()}
    text = [render(notebook(), s, student="ada", assignment="07", facts=known) for s in (SCORES, bare)]
    assert text[0] == text[1] and VERDICTS["timeout"] in text[0] and "With the error carried forward: 2 points." in text[0]


class Live(HTMLParser):
    """Collects what of a page would act: scripts, handlers, addresses that run."""

    def __init__(self, text):
        super().__init__()
        self.found, self.inside, self.words = [], "", ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.inside = tag
        self.found += [(tag, name, value) for name, value in attributes
                       if "EVIL" in f"{name}{value}" and (name.startswith("on") or (value or "").strip().lower().startswith(("javascript:", "data:text")))]
        self.found += [(tag, "", "")] if tag in ("iframe", "svg", "object", "embed", "form", "base") else []

    def handle_data(self, data):
        if self.inside in ("script", "style") and "EVIL" in data:
            self.found.append((self.inside, "", data))
        self.words += data

    def handle_endtag(self, tag):
        self.inside = ""


@pytest.mark.filterwarnings("ignore:Your element with mimetype")
def test_the_formgrader_runs_nothing_of_a_hand_in():
    from course_lib.check.report import CheckResult
    from course_lib.grading.settings import configure
    from nbconvert.exporters import HTMLExporter
    from nbgrader.server_extensions.formgrader import handlers
    from traitlets.config import Config

    active = ["<script>EVIL()</script>", "<svg onload=EVIL()></svg>", "<img src=x onerror=EVIL()>", "<a href='javascript:EVIL()'>x</a>",
              "<iframe src='javascript:EVIL()'></iframe>", "<style>@import EVIL</style>", "[x](javascript:EVIL())", "<b onclick=EVIL()>b</b>",
              "[x]: javascript:EVIL()\n\n[x]", "a\n\n- [x](javascript&#58;EVIL())", "<javascript:EVIL()>", "$\\href{javascript:EVIL()}{x}$", "```\n\n<script>EVIL()\n```"]
    check = CheckResult(1.0, exercise="x", status="failed", points=2.0, headline="✗ x: not right", lines=[("code", "a < b"), ("idea", "the idea")])
    v4, cells = nbformat.v4, []
    for text in active:
        kinds = ["text/html", "image/svg+xml", "application/javascript", "text/markdown", "text/latex", "text/plain",
                 "application/vnd.jupyter.widget-view+json"]
        outputs = [v4.new_output("display_data", data={kind: text}) for kind in kinds]
        outputs += [v4.new_output("display_data", data={"image/png": f"x' onerror='EVIL()' {text}"}), v4.new_output("stream", text=text),
                    v4.new_output("error", ename=text, evalue=text, traceback=[text])]
        cells += [v4.new_code_cell(text, outputs=outputs), v4.new_markdown_cell(text), v4.new_raw_cell(text)]
        cells.append(v4.new_markdown_cell(text, metadata={"nbgrader": label("why", 1, solution=True)}))
    cells.append(v4.new_code_cell("check()", outputs=[v4.new_output("execute_result", data=check._repr_mimebundle_()),
                                                      v4.new_output("display_data", data={"image/png": b64(drawn("PNG"))})]))
    for cell in cells:
        cell.metadata.setdefault("nbgrader", label("x", solution=True)).setdefault("task", False)
    config = configure(Config())
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    ids = {"nbgrader": {"notebook": "x"}, "index": 0, "total": 1, "base_url": "", "assignment_id": "a", "notebook_id": "n", "submission_id": "s"}
    text, _ = HTMLExporter(config=config).from_notebook_node(v4.new_notebook(cells=cells), resources=ids)
    found = Live(text)
    assert found.found == []
    assert "✗ x: not right" in found.words and "a < b" in found.words and "<p " not in found.words
    assert text.count("data:image/png") == 1 and "EVIL()" in found.words
    formula = [html.unescape(p) for p in re.findall(r"<p>[^<]*href[{][^<]*</p>", text)]
    assert formula and all("\\" not in p for p in formula)  # MathJax follows \\href
