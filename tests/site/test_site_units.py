"""How a notebook becomes a page, where it can be opened, and what `workbook site` says when it cannot build."""

import importlib.util
import shutil

import nbformat
import pytest
from built_site import ABSENT, ROOT
from click.testing import CliRunner
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_lib.cli.main import workbook
from course_lib.grading.course import Course, WorkbookError
from course_lib.walkthrough import build as build_module
from course_lib.walkthrough.links import VARIABLE, Repository, repository
from course_lib.walkthrough.pages import make_page
from course_lib.walkthrough.stored import STATE, VIEW, Widgets, program_file

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
ESM = "export default { render() {} }"


def graded(source, grade_id, kind=new_code_cell, **labels):
    labels = {"grade_id": grade_id, "solution": False, "grade": False, **labels}
    return kind(source, metadata={"nbgrader": labels})


def notebook(*cells, models=None):
    metadata = {"workbook": {"minutes": 5, "rows": ["B-flat"]}, "language_info": {"name": "python"}}
    if models:
        metadata["widgets"] = {STATE: {"state": models, "version_major": 2, "version_minor": 0}}
    return new_notebook(cells=[new_markdown_cell("# 1 · One\n\nFirst words.\n\nMore words."), *cells], metadata=metadata)


def page_of(*cells, **options):
    return make_page("01_one", notebook(*cells, **options), "<p>OPEN</p>")


def sources(page):
    return [cell.source for cell in page.notebook.cells]


def bundle(data, **metadata):
    return new_output("display_data", data=data, metadata=metadata)


def test_the_heading_comes_first_then_its_paragraph_then_where_to_open_it():
    page = page_of()
    assert sources(page) == ["# 1 · One\n\nFirst words.", "<p>OPEN</p>", "\n\nMore words."]
    assert (page.title, page.minutes, page.rows) == ("1 · One", 5, ["B-flat"])


@pytest.mark.parametrize("first", ["# Only a heading", "", "No heading"])
def test_a_first_cell_of_another_form_is_kept(first):
    nb = notebook()
    nb.cells[0].source = first
    page = make_page("x", nb, "<p>OPEN</p>")
    assert "".join(sources(page)).replace("<p>OPEN</p>", "") == first


def test_an_answer_is_shown_as_its_stub_and_folded():
    answer = "def f(x):\n    '''Double.'''\n    ### BEGIN SOLUTION\n    y = 2\n    return y * x\n    ### END SOLUTION\n"
    page = page_of(graded(answer, "f", solution=True))
    stub, opening, solution, closing = sources(page)[3:]
    assert stub == "def f(x):\n    '''Double.'''\n    # YOUR CODE HERE\n    raise NotImplementedError()"
    assert solution == "def f(x):\n    '''Double.'''\n    y = 2\n    return y * x"
    assert opening == '<details class="workbook-fold workbook-solution">\n<summary>Solution: <code>f</code></summary>'
    assert closing == "</details>" and page.solutions == 1


def test_a_written_answer_and_its_marking_are_folded_apart():
    page = page_of(graded("Because.\n\n**Marking, 2 points.**\n\n- 2: all\n- 0: none", "why-f", new_markdown_cell, solution=True, grade=True, points=2))
    assert [s.split("summary>")[1].removesuffix("</") if "summary" in s else s for s in sources(page)[3:]] == [
        "A model answer", "Because.", "How it is marked (2 points)", "- 2: all\n- 0: none", "</details>", "</details>",
    ]
    assert page.points == 2


def test_hidden_tests_are_folded_and_say_their_points():
    page = page_of(graded("# Hidden.\n### BEGIN HIDDEN TESTS\ncheck(1)\n### END HIDDEN TESTS\n", "f-hidden", grade=True, points=1))
    assert "<summary>Hidden tests: <code>f</code> (1 point)</summary>" in sources(page)[3]
    assert sources(page)[4] == "# Hidden.\ncheck(1)"


def test_code_that_the_notebook_folds_is_folded_and_its_picture_is_not():
    picture = bundle({"image/png": PNG, "text/plain": "[picture]"}, **{"image/png": {"alt": "Two\nlines"}})
    caption = bundle({"text/markdown": "*What $x$ is.*", "text/plain": ""})
    cell = new_code_cell("draw()", outputs=[picture, caption], metadata={"jupyter": {"source_hidden": True}})
    page = page_of(cell)
    assert [c.cell_type for c in page.notebook.cells[3:]] == ["markdown", "code", "markdown", "code"]
    (shown,) = page.notebook.cells[-1].outputs
    (file,) = page.pictures
    assert shown.data["text/markdown"] == f"`````{{figure}} pictures/{file}\n:alt: Two lines\n\nWhat $x$ is.\n`````"


def widget_cell(model="a"):
    view = bundle({VIEW: {"model_id": model}, "image/png": PNG, "text/plain": "Dial(<1>)"})
    return new_code_cell("Dial()", outputs=[view])


def models(**state):
    return {"a": {"model_name": "AnyModel", "state": {"_esm": ESM, "_css": "", "layout": "IPY_MODEL_b", "angle": 1, **state}}}


def test_a_widget_is_held_by_the_page_with_its_picture_inside():
    page = page_of(widget_cell(), models=models(text="</script>"))
    assert "The code behind this widget" in sources(page)[3]
    (shown,) = page.notebook.cells[6].outputs
    (file,) = page.stand_ins
    assert shown.data["text/html"] == (
        f'<div class="workbook-widget" data-widget="a"><img src="_static/pictures/{file}" alt="Dial(&lt;1&gt;)" loading="lazy"></div>'
    )
    script = sources(page)[-1]
    assert script.count("</script>") == 2 and '"angle":1' in script and "IPY_MODEL" not in script
    assert page.widgets == 1 and not page.without


@pytest.mark.parametrize("stored", [{}, {"a": {"state": {"value": 3}}}, {"a": {**models()["a"], "buffers": [{}]}}])
def test_a_widget_whose_program_was_not_stored_is_its_picture_and_is_reported(stored):
    page = page_of(widget_cell(), models=stored)
    assert "workbook-widget" not in page.notebook.cells[6].outputs[0].data["text/html"]
    assert page.without == ["Dial(<1>)"] and page.widgets == 0 and "<script" not in "".join(sources(page))


def test_a_program_file_is_a_plain_script_on_any_engine():
    assert program_file("ab", {"module": "x\u2028y"}) == '(globalThis.workbookPrograms ??= {})["ab"] = {"module": "x\\u2028y"};\n'


def test_pages_are_the_same_on_every_build_and_leave_the_notebook_alone():
    nb = notebook(widget_cell(), graded("f", "f", solution=True), models=models())
    before = nbformat.writes(nb)
    assert nbformat.writes(make_page("x", nb, "").notebook) == nbformat.writes(make_page("x", nb, "").notebook)
    assert nbformat.writes(nb) == before


def test_state_of_widgets_that_no_cell_shows_stays_behind():
    widgets = Widgets.of(notebook(models=models()))
    assert widgets.script() == "" and not widgets.show("b") and widgets.show("a")


# --- where to open it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "binder", "colab"),
    [
        ("me/course", "gh/me/course/main", "me/course/blob/main/"),
        ("https://github.com/me/course.git#spring", "gh/me/course/spring", "me/course/blob/spring/"),
        ("https://gitlab.com/us/them/course/", "gl/us%2Fthem%2Fcourse/main", None),
        ("https://git.example.org/course", "git/https%3A%2F%2Fgit.example.org%2Fcourse/main", None),
    ],
)
def test_links_from_the_setting(tmp_path, monkeypatch, given, binder, colab):
    monkeypatch.setenv(VARIABLE, given)
    where = repository(Course(tmp_path))
    path = "notebooks/07/07.ipynb"
    assert where.binder(path) == f"https://mybinder.org/v2/{binder}?urlpath=lab%2Ftree%2Fnotebooks%2F07%2F07.ipynb"
    assert where.colab(path) == (colab and f"https://colab.research.google.com/github/{colab}{path}")
    shown = build_module.opened("07/07.ipynb", where)
    assert "On Binder" in shown and ("On Colab" in shown) == bool(colab)


def test_pyproject_names_the_repository_and_the_variable_goes_first(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert repository(Course(tmp_path)) is None
    (tmp_path / "pyproject.toml").write_text('[tool.workbook]\nrepository = "a/b"\n')
    assert repository(Course(tmp_path)) == Repository("https://github.com/a/b")
    monkeypatch.setenv(VARIABLE, "")
    assert repository(Course(tmp_path)) is None


@pytest.mark.parametrize("given", ["course", "http://github.com/me/course", "https://me", "javascript:alert(1)", 'https://a.b/"onclick'])
def test_an_address_that_would_be_a_broken_link_is_refused(tmp_path, monkeypatch, given):
    monkeypatch.setenv(VARIABLE, given)
    with pytest.raises(WorkbookError, match="is not a repository's address"):
        repository(Course(tmp_path))


def test_without_a_repository_a_page_says_only_how_to_open_it_in_lab():
    shown = build_module.opened("07_conv/07_conv.ipynb", None)
    assert "work/07_conv/07_conv.ipynb" in shown and "<a " not in shown


# --- the command ----------------------------------------------------------------------------------------------------


def small_course(folder, cells=()):
    shutil.copytree(ROOT / "site", folder / "site")
    (folder / "nbgrader_config.py").write_text("")
    (folder / "solutions" / "01_one").mkdir(parents=True)
    nb = notebook(*cells)
    nbformat.write(nb, folder / "solutions" / "01_one" / "01_one.ipynb")
    return folder


def run(folder, *arguments):
    return CliRunner().invoke(workbook, ["--root", str(folder), "site", *arguments])


def test_the_command_names_what_is_not_installed(tmp_path, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "myst_nb" else real(name, *rest))
    for module in build_module.NEEDED:
        if module != "myst_nb" and real(module) is None:
            pytest.skip(ABSENT)
    result = run(small_course(tmp_path))
    assert result.exit_code == 1 and "the pages need myst-nb: python -m pip install" in result.output


def test_the_command_needs_the_repository(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "requirements.lock").write_text("")
    result = run(tmp_path)
    assert result.exit_code == 1 and "only the course's repository can make the pages" in result.output


@pytest.fixture
def installed():
    for module in build_module.NEEDED:
        pytest.importorskip(module, reason=ABSENT)


def test_it_never_overwrites_a_folder_that_holds_something_else(tmp_path, installed):
    course = small_course(tmp_path / "course")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    result = run(course, "--out", str(tmp_path / "mine"))
    assert result.exit_code == 1 and "holds something else" in result.output
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"


def test_what_sphinx_complains_about_is_told_and_the_old_pages_stay(tmp_path, installed):
    course = small_course(tmp_path / "course", [widget_cell()])
    result = run(course)
    assert result.exit_code == 0 and "shown as a picture" in result.output and "wrote build/site: 1 notebooks" in result.output
    before = (course / "build" / "site" / "01_one.html").read_text()
    nb = notebook(new_markdown_cell("[nowhere](gone.md)"))
    nbformat.write(nb, course / "solutions" / "01_one" / "01_one.ipynb")
    result = run(course)
    assert result.exit_code == 1 and "01_one.ipynb" in result.output and "gone.md" in result.output
    assert (course / "build" / "site" / "01_one.html").read_text() == before
    assert sorted(p.name for p in (course / "build").iterdir()) == ["site"]


# --- formulas -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tex", "part"),
    [
        (r"x_1", "<msub><mi>x</mi><mn>1</mn></msub>"),
        (r"\ln p", '<mi>ln</mi><mo lspace="0" rspace="0.167em">&#x2061;</mo><mi>p</mi>'),
        (r"a \mathrel{+}= b", "<mi>a</mi><mo>&#x0002B;&#x0003D;</mo><mi>b</mi>"),
        (r"\lfloor x \rfloor", "<mo>&#x0230A;</mo>"),
        (r"\hat{y}", '<mo stretchy="false">&#x02C6;</mo>'),
        (r"f'(x)", '<mrow><mi>f</mi><mo lspace="0" rspace="0">&#x2032;</mo></mrow>'),
        (r"y\ln p", '<mi>y</mi><mspace width="0.167em"/><mi>ln</mi>'),
        (r"\max(0, -x)", '<mi>max</mi>'),
        (r"\arg\max_i z_i", '<mi mathvariant="normal">g</mi></mrow><mspace width="0.167em" />'),
        (r"(1, -2)", '<mo>&#x0002C;</mo><mo form="prefix">&#x02212;</mo>'),
        (r"a - 2", '<mo>&#x02212;</mo>'),
        ('a < b', 'alttext="a &lt; b"'),
    ],
)
def test_formulas(tex, part):
    pytest.importorskip("latex2mathml", reason=ABSENT)
    from course_lib.walkthrough.mathml import convert

    assert part in convert(tex)
    assert 'display="block"' in convert(tex, display=True)


def test_what_is_maximised_over_stands_below_in_a_displayed_formula():
    pytest.importorskip("latex2mathml", reason=ABSENT)
    from course_lib.walkthrough.mathml import convert

    assert "<munder><mi>max</mi>" in convert(r"\max_{u,v} x", display=True) and "<msub><mi>max</mi><mi>i</mi></msub>" in convert(r"\max_i x")
