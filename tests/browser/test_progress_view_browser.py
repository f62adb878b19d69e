"""ProgressView on a bare page, where no kernel answers: what it says, opening by keyboard, for everybody."""

import json

import pytest

from course_lib.check import progress
from course_lib.check.exercises import MODULES, exercises
from course_lib.widgets import ProgressView


@pytest.fixture
def view(tmp_path):
    ids = [*exercises("00"), *list(exercises("01"))[:3]]
    state = {"version": 1, "exercises": {id: {"best": 1.0, "attempts": 2, "ideas": {}, "hints": {}} for id in ids}}
    names = [m.name for m in exercises("01")[ids[-1]].misconceptions]
    ideas = {names[0]: {"met": 2, "overcome": True}, names[1]: {"met": 1, "overcome": False}}
    state["exercises"][ids[-1]] |= {"best": 0.5, "hints": {"1": 1}, "ideas": ideas}
    (tmp_path / progress.FILE).write_text(json.dumps(state))
    return ProgressView(tmp_path)


def rows(shown):
    shown.settle()
    return [r.locator("th, td").all_inner_texts() for r in shown.widget().locator("tbody tr").all()]


def test_the_table_is_pythons(show, view):
    shown = show(view)
    table = rows(shown)
    assert len(table) == len(MODULES) + 1
    for row, a in zip(table, view.summary["assignments"]):
        assert row[0] == f"▸ {a['number']} · {a['title']}" and row[2:4] == [f"{a['done']} of {a['total']}", str(a["attempts"])]
        assert row[4] == (f"{a['overcome']} of {a['met']}" if a["met"] else "–") and row[5] == str(a["hints"])
    assert table[-1][2] == f"{view.summary['done']} of {view.summary['total']}"
    assert shown.widget().locator(".cw-progress-next").inner_text().startswith(f"Next: {view.summary['next']['exercise']} in 01")
    assert shown.widget().locator(".cw-progress-box").count() == len(MODULES)
    assert "00 done; 01 begun, builds on 00" in shown.widget().get_by_role("img").get_attribute("aria-label")


def test_an_assignment_opens_by_keyboard_and_keeps_the_focus(show, view):
    shown = show(view)
    button = shown.widget().locator("[data-key='01']")
    assert button.get_attribute("aria-expanded") == "false"
    button.focus()
    shown.press("Enter")
    table = rows(shown)
    assert len(table) == len(MODULES) + 1 + len(exercises("01"))
    assert [r[1] for r in table[2:6]] == ["✓ done", "✓ done", "◐ 50 % of the points", "○ open"]
    assert shown.tab.evaluate("() => [document.activeElement.dataset.key, document.activeElement.ariaExpanded]") == ["01", "true"]
    shown.press("Space")
    assert len(rows(shown)) == len(MODULES) + 1


def test_only_misconceptions_that_are_not_overcome(show, view):
    shown = show(view)
    items = shown.widget().locator(".cw-progress-ideas li")
    assert items.count() == 2 and "✓ overcome" in items.nth(0).inner_text() and "met twice" in items.nth(0).inner_text()
    shown.widget().get_by_label("only those not overcome").check()
    assert items.count() == 1 and items.nth(0).inner_text().startswith("! still there")


def test_python_has_the_last_word(show, view, tmp_path):
    shown = show(view)
    (tmp_path / progress.FILE).write_text("")
    view.refresh()
    shown.tab.evaluate("(summary) => widgets[0].receive({ summary, note: 'Nothing is recorded here.' })", view.summary)
    assert rows(shown)[-1][2].startswith("0 of ")
    assert "Nothing is recorded here." in shown.widget().inner_text()
    shown.tab.wait_for_timeout(900)
    assert shown.widget().get_by_role("status").inner_text().startswith("0 of ")


def test_two_at_once_and_the_end(show, view):
    shown = show(view, view)
    shown.widget(1).locator("[data-key='01']").click()
    assert shown.widget(0).locator("tbody tr").count() == len(MODULES) + 1
    shown.tab.evaluate("() => { widgets[0].close(); }")
    assert shown.tab.locator(".cw").count() == 1
    assert shown.tab.evaluate("() => widgets[0].model.listeners.length") == 0


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(show, view, dark):
    shown = show(view, dark=dark)
    assert shown.axe() == []
    shown.widget().locator("[data-key='01']").click()
    assert shown.axe() == []


def test_a_narrow_page_scrolls_inside(show, view):
    shown = show(view)
    shown.tab.set_viewport_size({"width": 420, "height": 900})
    shown.settle()
    assert shown.tab.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
