"""A browser and pages with widgets, for the tests of the widgets.

Needs Chromium and Playwright, as test_lab.py; says so in one line where they are absent.
"""

import pytest
from test_lab import CHROMIUM, FLAGS
from widget_page import Shown, open_page


@pytest.fixture(scope="module")
def chromium():
    if CHROMIUM is None:
        pytest.skip("no Chromium on the path: the browser tests did not run")
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed: the browser tests did not run"
    )
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def show(chromium):
    """show(widget, ...): open a page with these widgets; afterwards nothing may have gone wrong on it."""
    opened = []

    def open_with(*widgets, dark=False, **options):
        context = chromium.new_context(viewport={"width": 1000, "height": 900}, **options)
        tab = context.new_page()
        opened.append((context, Shown(tab, open_page(tab, *widgets, dark=dark))))
        return opened[-1][1]

    yield open_with
    for context, shown in opened:
        context.close()
        assert shown.problems == []
