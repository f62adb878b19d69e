"""The built pages in a real browser: from a disk and from a server, light and dark, with and without scripts.

Needs Chromium, Playwright and the extra `site`; says so in one line where they are absent.
"""

import functools
import http.server
import threading

import pytest
from built_site import ROOT, built_site
from widget_page import AXE

from course_lib.grading.course import Course, read_notebook
from course_lib.walkthrough.stored import STATE

COURSE = Course.at(ROOT)
NAMES = COURSE.assignments()
WITH_WIDGETS = [name for name in NAMES if STATE in read_notebook(COURSE.solutions / name / f"{name}.ipynb").metadata.get("widgets", {})]


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    return built_site(tmp_path_factory)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def served(site):
    """The address of a server for the pages on this machine."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def visit(chromium, site):
    """visit(page, ...): open a page, from the disk unless an address is given; afterwards nothing may have gone wrong."""
    opened, problems = [], []

    def open_page(name, *, at=None, width=1280, scripts=True, dark=False, **options):
        base = at or site.as_uri()
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=scripts, color_scheme="dark" if dark else "light", **options
        )
        opened.append(context)
        tab = context.new_page()

        def elsewhere(route):
            if route.request.url.startswith((base, "blob:", "data:")):
                route.continue_()
            else:
                problems.append(f"request: {route.request.url}")
                route.abort()

        context.route("**/*", elsewhere)
        tab.on("pageerror", lambda error: problems.append(f"{name}: error: {error}"))
        tab.on("console", lambda m: problems.append(f"{name}: console: {m.text}") if m.type in ("error", "warning") else None)
        tab.on("requestfailed", lambda r: problems.append(f"{name}: failed: {r.url}"))
        tab.on("response", lambda r: problems.append(f"{name}: {r.status}: {r.url}") if r.status >= 400 else None)
        tab.goto(f"{base}/{name}")
        if scripts:
            tab.wait_for_function("() => [...document.querySelectorAll('.workbook-widget')].every((w) => w.dataset.ready)")
        return tab

    yield open_page
    for context in opened:
        context.close()
    assert problems == []


def axe(tab, colours=True):
    """What axe-core finds wrong: [rule, what it asks for, the first elements]. Measuring contrasts takes most of the time."""
    tab.evaluate(f"() => {{ {AXE} }}")
    return tab.evaluate(
        """(colours) => axe.run(document, {
          resultTypes: ["violations"], preload: false, rules: colours ? {} : { "color-contrast": { enabled: false } },
        }).then((report) => report.violations.map((v) => [v.id, v.help, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 300))]))""",
        colours,
    )


def open_all(tab):
    if tab.locator(".workbook-all").count():
        tab.click(".workbook-all")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["index", "covered", "search", NAMES[0], *WITH_WIDGETS[:1]])
def test_everybody_can_read_a_page_in_light_and_dark(visit, name, dark):
    tab = visit(f"{name}.html", dark=dark)
    open_all(tab)  # what is folded is looked at, too
    assert axe(tab) == []


@pytest.mark.parametrize("name", [name for name in NAMES[1:] if name not in WITH_WIDGETS[:1]])
def test_every_other_page_is_built_alike(visit, name):
    tab = visit(f"{name}.html")
    open_all(tab)
    assert axe(tab, colours=False) == []


@pytest.mark.parametrize("name", ["index", *NAMES])
def test_on_a_phone_nothing_is_wider_than_the_screen(visit, name):
    tab = visit(f"{name}.html", width=360)
    open_all(tab)
    assert tab.evaluate("() => document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("name", WITH_WIDGETS)
@pytest.mark.parametrize("how", ["disk", "server"])
def test_every_widget_draws_itself_and_answers_to_keys(visit, served, name, how):
    tab = visit(f"{name}.html", at=served if how == "server" else None)
    holders = tab.locator(".workbook-widget")
    assert holders.count()
    for i in range(holders.count()):
        holder = holders.nth(i)
        assert holder.get_attribute("data-ready") == "true", holder.inner_text()
        assert holder.locator(".cw").count() == 1 and not holder.locator(":scope > img").count()
        control = holder.locator("button:enabled:visible, select:visible, input:enabled:visible, [tabindex='0']:visible").first
        control.focus()
        for key in ("Tab", "Space", "ArrowRight", "Shift+Tab", "Home"):
            tab.keyboard.press(key)
        assert not holder.locator(".cw-banner:visible").count()


def test_a_filter_slides_on_the_page_by_keyboard(visit):
    name = next((n for n in WITH_WIDGETS if n.startswith("06")), None)
    assert name, "06_convolution stores no widget"
    tab = visit(f"{name}.html")
    widget = tab.locator(".workbook-widget").first
    following = widget.get_by_role("button", name="Next", exact=True)
    assert "step 1 of" in widget.inner_text()
    following.focus()
    tab.keyboard.press("Enter")
    tab.wait_for_function("() => document.querySelector('.workbook-widget').innerText.includes('step 2 of')")
    widget.get_by_role("combobox").first.focus()
    tab.keyboard.press("ArrowDown")  # another example: Python would compute it, here the browser does
    tab.wait_for_function("() => document.querySelector('.workbook-widget').innerText.includes('step 1 of')")
    assert not widget.locator(".cw-banner:visible").count()


def test_widgets_follow_the_pages_switch_between_light_and_dark(visit):
    tab = visit(f"{WITH_WIDGETS[0]}.html")

    def paper():
        return tab.evaluate("() => getComputedStyle(document.querySelector('.workbook-widget .cw')).backgroundColor")

    light = paper()
    tab.locator(".theme-toggle:visible").click()  # from "like the system" to dark, where the system is light
    assert tab.evaluate("() => document.body.dataset.theme") == "dark"
    assert light == "rgb(255, 255, 255)" and paper() == "rgb(21, 24, 28)"


def test_a_widget_that_cannot_be_drawn_leaves_its_picture_and_says_so(visit, site, tmp_path):
    name = f"{WITH_WIDGETS[0]}.html"
    tab = visit(name)
    tab.context.route("**/programs/*.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    tab.reload()
    tab.wait_for_selector(".workbook-widget[data-ready='failed']")
    holder = tab.locator(".workbook-widget").first
    assert "here is its picture" in holder.inner_text() and holder.locator("img").is_visible()


def test_solutions_open_and_fold_by_keyboard(visit):
    tab = visit(f"{NAMES[1]}.html")
    fold = tab.locator("details.workbook-solution").first
    assert not fold.locator("pre").first.is_visible()
    fold.locator("summary").first.focus()
    tab.keyboard.press("Enter")
    assert fold.locator("pre").first.is_visible()
    tab.keyboard.press("Space")
    assert not fold.locator("pre").first.is_visible()

    button = tab.locator(".workbook-all")
    assert button.inner_text() == "Open all solutions"
    button.focus()
    tab.keyboard.press("Enter")
    tab.wait_for_function("() => document.querySelector('.workbook-all').textContent === 'Fold all solutions'")
    assert tab.locator("details.workbook-solution:not([open]), details.workbook-hidden:not([open])").count() == 0
    tab.keyboard.press("Enter")
    tab.wait_for_function("() => document.querySelector('.workbook-all').textContent === 'Open all solutions'")
    assert tab.locator("details.workbook-fold[open]").count() == 0


def test_the_keyboard_reaches_a_solution_by_tab_alone(visit):
    tab = visit(f"{NAMES[0]}.html")
    for _ in range(120):
        tab.keyboard.press("Tab")
        if tab.evaluate("() => document.activeElement.matches('details.workbook-solution > summary')"):
            break
    else:
        raise AssertionError("Tab never came to a solution")
    assert tab.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") == "solid", "where am I?"


@pytest.mark.parametrize("name", WITH_WIDGETS[:1])
def test_without_scripts_there_are_text_formulas_pictures_and_solutions(visit, name):
    tab = visit(f"{name}.html", scripts=False)
    holder = tab.locator(".workbook-widget").first
    holder.scroll_into_view_if_needed()
    assert holder.locator("img").is_visible() and holder.locator("img").get_attribute("alt")
    formula = tab.locator("article math").first.bounding_box()
    assert formula["width"] > 5 and formula["height"] > 5
    fold = tab.locator("details.workbook-solution").first
    fold.locator("summary").first.click()
    assert fold.locator("pre").first.is_visible()
    assert tab.locator(".workbook-all").count() == 0


@pytest.mark.parametrize("how", ["disk", "server"])
def test_the_search_finds_pages_without_a_network(visit, served, how):
    tab = visit("search.html?q=upstream+gradient", at=served if how == "server" else None)
    tab.wait_for_selector("#search-results li a")
    found = tab.locator("#search-results li a").all_inner_texts()
    assert any("Flat backprop" in title or "Start here" in title for title in found), found


def test_print_has_the_text_and_no_controls(visit):
    tab = visit(f"{NAMES[1]}.html")
    tab.emulate_media(media="print")
    assert not tab.locator(".workbook-open").is_visible() and not tab.locator(".sidebar-container").is_visible()
    assert tab.locator("article figure img").first.is_visible() and tab.locator("article h1").is_visible()
