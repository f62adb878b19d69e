"""The built pages: complete, folded, described, linked, and without anything from elsewhere."""

import ast
import copy
import json
import re
from functools import cache
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup
from built_site import ROOT

from course_lib.grading.course import Course, read_notebook
from course_lib.walkthrough.pages import CAPTION, SOLUTION
from course_lib.walkthrough.stored import STATE, VIEW

COURSE = Course.at(ROOT)
NAMES = COURSE.assignments()
LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "video": "src", "object": "data", "embed": "src"}


PARTS = {"msub": 2, "msup": 2, "mfrac": 2, "munder": 2, "mover": 2, "msubsup": 3, "munderover": 3}  # of MathML, and how many


@cache
def soup(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def solved(name):
    return read_notebook(COURSE.solutions / name / f"{name}.ipynb")


def labelled(name, what):
    return [c for c in solved(name).cells if c.metadata.get("nbgrader", {}).get(what)]


def words(text):
    return " ".join(text.split())


@pytest.mark.parametrize("name", NAMES)
def test_every_notebook_is_a_page_with_its_title_and_where_to_solve_it(site, name):
    page = soup(site / f"{name}.html")
    title = re.search(r"^# (.+)$", solved(name).cells[0].source, re.MULTILINE)[1]
    assert page.article.h1.get_text().removesuffix("¶") == title
    (opened,) = page.select(".workbook-open")
    assert f"work/{name}/{name}.ipynb" in opened.get_text() and "workbook lab" in opened.get_text()


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_is_folded_and_nowhere_else(site, name):
    page = soup(site / f"{name}.html")
    labels = [words(s.get_text()) for s in page.select("details.workbook-solution > summary")]
    code = [c for c in labelled(name, "solution") if c.cell_type == "code"]
    assert labels.count("A model answer") == len(labelled(name, "solution")) - len(code)
    assert [label for label in labels if label != "A model answer"] == [f"Solution: {c.metadata.nbgrader.grade_id}" for c in code]
    assert not page.select("details[open]")
    open_code = "\n".join(words(pre.get_text()) for pre in page.article.select("pre") if not pre.find_parent("details"))
    folded = "\n".join(words(pre.get_text()) for pre in page.select("details.workbook-solution pre"))
    for cell in code:
        for found in SOLUTION.finditer(cell.source):
            assert words(found[2]) in folded and words(found[2]) not in open_code, cell.metadata.nbgrader.grade_id


@pytest.mark.parametrize("name", NAMES)
def test_hidden_tests_and_marking_are_folded_too(site, name):
    page = soup(site / f"{name}.html")
    hidden = [c for c in solved(name).cells if "BEGIN HIDDEN TESTS" in c.source]
    labels = [words(s.get_text()) for s in page.select("details.workbook-hidden > summary")]
    assert len(labels) == len(hidden) and all(re.fullmatch(r"Hidden tests: \w+ \(\d+ points?\)", label) for label in labels)
    assert not [pre for pre in page.select("pre") if "hidden=[" in pre.get_text() and not pre.find_parent("details")]
    assert "HIDDEN TESTS" not in page.get_text() and "BEGIN SOLUTION" not in page.get_text()
    marked = [c for c in labelled(name, "solution") if "**Marking, " in c.source]
    schemes = page.select("details.workbook-solution > details.workbook-marking")
    assert len(schemes) == len(marked) and all("How it is marked" in s.summary.get_text() for s in schemes)


@pytest.mark.parametrize("name", NAMES)
def test_pictures_keep_alternative_text_and_caption(site, name):
    page = soup(site / f"{name}.html")
    shown = {words(image["alt"]): image for image in page.article.select("img")}
    captions = words(" ".join(c.get_text() for c in page.select("figcaption, .workbook-caption")))
    for cell in solved(name).cells:
        for output, after in zip(cell.get("outputs", []), [*cell.get("outputs", [])[1:], {}]):
            if "image/png" in output.get("data", {}):
                alt = words(output.metadata["image/png"]["alt"])
                assert alt in shown, alt
                assert (site / shown[alt]["src"]).is_file()
                said = CAPTION.fullmatch(after["data"]["text/markdown"])[1]
                if not set(said) & set("$`*_\\'\"[."):  # formulas, code and typographic quotes look otherwise
                    assert words(said) in captions
    assert all(image.get("alt") for image in page.select("img"))


@pytest.mark.parametrize("name", NAMES)
def test_every_stored_widget_is_on_its_page_with_program_state_and_picture(site, name):
    page, nb = soup(site / f"{name}.html"), solved(name)
    models = nb.metadata.get("widgets", {}).get(STATE, {}).get("state", {})
    views = [o["data"][VIEW]["model_id"] for c in nb.cells for o in c.get("outputs", []) if VIEW in o.get("data", {})]
    assert [holder["data-widget"] for holder in page.select(".workbook-widget")] == views
    if not views:
        assert not page.select("#workbook-widgets")
        return
    states = json.loads(page.select_one("#workbook-widgets").string)
    scripts = {s["src"] for s in page.select("script[src]")}
    for view in views:
        state, source = states[view]["state"], f"_static/programs/{states[view]['program']}.js"
        assert state == {k: v for k, v in models[view]["state"].items() if not k.startswith("_") and k != "layout"}
        assert source in scripts and (site / source).is_file()
    for holder in page.select(".workbook-widget"):
        assert holder.img["alt"] and (site / holder.img["src"]).is_file(), "without scripts there is nothing to see"


@pytest.mark.parametrize("name", NAMES)
def test_the_stored_programs_are_the_librarys(name):
    """A widget that was changed after its notebook was executed: `workbook notebooks NAME` stores the new one."""
    from course_lib import widgets

    known = {f"{cls.__module__}.{cls.__qualname__}": cls for cls in (getattr(widgets, n) for n in widgets.__all__)}
    for model in solved(name).metadata.get("widgets", {}).get(STATE, {}).get("state", {}).values():
        if cls := known.get(model["state"].get("_anywidget_id")):
            assert model["state"]["_esm"] == cls._esm and model["state"]["_css"] == cls._css, f"run: workbook notebooks {name[:2]}"


def html_files(site):
    return sorted(site.glob("**/*.html"))


def test_nothing_is_loaded_from_elsewhere(site):
    for path in html_files(site):
        for tag, attribute in LOADED.items():
            for element in soup(path).find_all(tag):
                if tag == "link" and not {"stylesheet", "icon", "preload", "modulepreload", "preconnect"} & set(element.get("rel", [])):
                    continue
                assert not re.match(r"(https?:)?//", element.get(attribute, "")), (path.name, str(element)[:200])
        assert not re.search(r"url\(\s*['\"]?(https?:)?//|@import", "".join(s.get_text() for s in soup(path).find_all("style")))
    for path in site.glob("**/*.css"):
        assert not re.search(r"url\(\s*['\"]?(https?:)?//|@import\s", path.read_text(encoding="utf-8")), path.name
    for path in site.glob("**/*.js"):
        assert not re.search(r"(?:fetch|import|importScripts)\(\s*['\"](https?:)?//|\.src\s*=\s*['\"](https?:)?//", path.read_text(encoding="utf-8")), path.name


def test_every_link_between_pages_leads_somewhere(site):
    for path in html_files(site):
        for link in soup(path).select("a[href], link[href], script[src], img[src]"):
            target = urlsplit(link.get("href") or link.get("src"))
            if target.scheme or target.netloc:
                continue
            file = (path.parent / unquote(target.path)).resolve() if target.path else path
            assert file.is_file(), (path.name, str(link)[:200])
            if target.fragment and file.suffix == ".html":
                assert soup(file).find(id=unquote(target.fragment)), (path.name, str(link)[:200])


def test_where_no_repository_is_named_no_page_offers_binder_or_colab(site, monkeypatch):
    from course_lib.walkthrough.links import VARIABLE, repository

    monkeypatch.delenv(VARIABLE, raising=False)
    if repository(COURSE) is None:
        assert not [p.name for p in html_files(site) if "mybinder.org" in p.read_text() or "colab.research" in p.read_text()]


def test_formulas_are_mathml_that_keeps_its_tex(site):
    formulas = 0
    for name in NAMES:
        page = copy.copy(soup(site / f"{name}.html"))  # it is taken apart
        for formula in page.article.find_all("math"):
            assert formula["alttext"] and not formula.find("merror"), formula
            assert "\\" not in formula.get_text(), (name, formula["alttext"])
            formulas += 1
            for part in formula.find_all(list(PARTS)):
                assert len(part.find_all(recursive=False)) == PARTS[part.name], (name, formula["alttext"])
        for element in [*page.article.find_all(["pre", "code", "script", "math"])]:
            element.extract()
        assert "$" not in page.article.get_text(), name
    assert formulas > 300


def test_the_search_knows_the_words_of_the_pages(site):
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    found = json.loads(re.fullmatch(r"Search\.setIndex\((.*)\)", index.strip(), re.DOTALL)[1])
    assert {f"{name}.ipynb" for name in NAMES} <= set(found["filenames"])
    for word in ("convolut", "upstream", "jacobian", "softmax"):
        assert word in found["terms"] or word in found["titleterms"], word


def test_the_first_page_lists_every_assignment(site):
    page = soup(site / "index.html")
    rows = {row.a["href"]: words(row.get_text(" ")) for row in page.select("article tbody tr")}
    assert list(rows) == [f"{name}.html" for name in NAMES]
    for name in NAMES:
        assert f"{solved(name).metadata.workbook.minutes} min" in rows[f"{name}.html"]
    menu = [a["href"] for a in page.select(".sidebar-tree a")]
    assert [f"{name}.html" for name in NAMES] == [m for m in menu if m[:2].isdigit()] and "covered.html" in menu


def test_each_row_is_listed_with_its_notebooks(site):
    page = soup(site / "covered.html")
    rows = {cells[0].get_text(): [a["href"] for a in cells[2].select("a")] for tr in page.select("tbody tr") if (cells := tr.select("td"))}
    expected = {}
    for name in NAMES:
        for row in solved(name).metadata.workbook.rows:
            expected.setdefault(row, []).append(f"{name}.html")
    assert rows == expected


def test_no_page_names_a_folder_of_this_machine(site):
    for path in [*html_files(site), site / "searchindex.js"]:
        assert str(ROOT) not in path.read_text(encoding="utf-8"), path.name


def test_what_is_folded_is_code_that_runs(site):
    """The marker lines were taken out, and nothing with them."""
    for name in NAMES:
        for pre in soup(site / f"{name}.html").select("details.workbook-solution pre"):
            ast.parse(pre.get_text())
