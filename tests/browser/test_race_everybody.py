"""OptimizerRace for everybody: several on a page, cleaned up, screen readers, contrast, reduced motion, any width."""

from pathlib import Path

import numpy as np
import pytest
from test_race_browser import handle, outcomes, setup_of
from widget_page import open_page, shown_state

from course_lib.widgets import OptimizerRace
from course_lib.widgets._race_presets import ALL

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")


# several, and the end


def test_two_at_once_do_not_touch_each_other(show):
    shown = show(OptimizerRace(), OptimizerRace(preset="C-fullbatch"))
    handle(shown, 1).focus()
    shown.press("ArrowRight", "[")
    assert setup_of(shown, 0)["start"] == [-1.6, 1.1] and shown.value("step", 0) == 150
    assert setup_of(shown, 1)["start"] == [-1.55, 1.1] and shown.value("step", 1) == 149


def test_two_views_of_one_widget_stay_together(show):
    shown = show(OptimizerRace())
    shown.tab.evaluate("""() => {
      const [first] = widgets;
      const { close } = first;
      first.show();
      first.closeBoth = () => { close(); first.close(); };
    }""")
    assert shown.widget().count() == 2
    shown.widget().nth(0).get_by_role("button", name="First").click()
    shown.settle()
    assert shown.widget().locator(".cw-count").all_inner_texts() == ["0 of 150 evaluations"] * 2
    shown.tab.evaluate("() => widgets[0].closeBoth()")
    assert shown.tab.evaluate("() => widgets[0].model.listeners.length") == 0


def test_closing_takes_everything_away(show):
    shown = show(OptimizerRace())
    shown.widget().get_by_role("button", name="Play").click()
    shown.tab.evaluate("() => { widgets[0].close(); frames_spent.length = 0; }")
    shown.tab.wait_for_timeout(500)
    assert shown.tab.locator(".cw").count() == 0
    assert shown.tab.evaluate("() => [widgets[0].model.listeners.length, frames_spent.length]") == [0, 0]
    shown.tab.evaluate("() => { widgets[0].show(); }")  # run again
    assert outcomes(shown)["Adam"] == "off"


def test_what_cannot_be_drawn_says_so_in_its_place(chromium):
    tab = chromium.new_page()
    problems = open_page(tab)
    widget = OptimizerRace()
    tab.evaluate(
        "([module, css, state]) => mount(module, css, { ...state, setup: null })",
        [widget._esm, widget._css, shown_state(widget)],
    )
    assert tab.get_by_role("alert").inner_text().startswith("The widget could not be drawn: Cannot read")
    assert len(problems) == 1
    tab.close()


# for everybody


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(show, dark):
    for name in ("C-momentum", "C-momentum/range", "C-compare/tuned", "C-fullbatch"):
        shown = show(OptimizerRace(preset=name, own=lambda w, dw, state, *, lr: (w * 2, 1, 2)), dark=dark)
        shown.tab.add_script_tag(content=AXE)
        found = shown.tab.evaluate(
            """() => axe.run(document, { resultTypes: ["violations"] })
              .then((report) => report.violations.map((v) => [v.id, v.help, v.nodes.slice(0, 3).map((n) => n.html)]))"""
        )
        assert found == [], name


def test_where_all_stand_is_announced_once_it_rests(show):
    shown = show(OptimizerRace(on=["sgd", "lbfgs"]))
    handle(shown).focus()
    shown.press("[", "[", "[")
    shown.tab.wait_for_timeout(900)
    status = shown.widget().get_by_role("status").inner_text()
    assert status == "after 147 evaluations: SGD there after 69; L-BFGS there after 9"
    picture = shown.widget().get_by_role("img", name="Quadratic bowl, with trajectories")
    assert status in picture.get_attribute("aria-label")


def test_reduced_motion_goes_step_by_step(show):
    shown = show(OptimizerRace(), reduced_motion="reduce")
    shown.widget().get_by_label("speed").select_option("60")
    shown.widget().get_by_role("button", name="Play").click()
    shown.tab.wait_for_timeout(700)
    assert shown.value("step") <= 2


def test_lines_stand_out_from_the_surface_in_light_and_dark(show):
    measure = """(names) => {
      const root = document.querySelector(".cw-race");
      const probe = document.createElement("span");
      root.append(probe);
      const read = (name) => {
        probe.style.color = `var(${name})`;
        return getComputedStyle(probe).color.match(/[\\d.]+/g).slice(0, 3).map(Number);
      };
      const found = Object.fromEntries(names.map((name) => [name, read(`--race-${name}`)]));
      probe.remove();
      return found;
    }"""

    def luminance(rgb):
        parts = [v / 255 / 12.92 if v / 255 <= 0.04045 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in rgb]
        return np.dot([0.2126, 0.7152, 0.0722], parts)

    for dark in (False, True):
        colours = show(OptimizerRace(), dark=dark).tab.evaluate(measure, ["low", "high", *ALL, "mine"])
        grounds = [luminance(colours.pop(name)) for name in ("low", "high")]
        for name, rgb in colours.items():
            for ground in grounds:
                high, low = max(luminance(rgb), ground), min(luminance(rgb), ground)
                assert (high + 0.05) / (low + 0.05) >= 3, (name, dark)


@pytest.mark.parametrize("width", [420, 600, 740, 800, 1000, 1400])
def test_it_fits_the_page(chromium, width):
    tab = chromium.new_page(viewport={"width": width, "height": 900})
    problems = open_page(tab, OptimizerRace(preset="C-compare/same"))
    tab.wait_for_timeout(200)
    assert tab.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    inside = tab.evaluate("""() => {
      const edge = document.querySelector(".cw-race").getBoundingClientRect().right;
      const beyond = (element) => element.getBoundingClientRect().right > edge + 1;
      return [...document.querySelectorAll(".cw-race *")].filter(beyond).length;
    }""")
    assert inside == 0 and problems == []
    tab.close()


@pytest.mark.parametrize("width", [760, 800, 1000])
def test_the_charts_stand_beside_the_surface_where_there_is_room(chromium, width):
    tab = chromium.new_page(viewport={"width": width, "height": 900})
    open_page(tab, OptimizerRace(preset="C-compare/same"))
    tab.wait_for_timeout(200)
    surface, charts = (tab.locator(f".cw-stage > {part}").bounding_box() for part in (".cw-figure", ".cw-charts"))
    assert charts["x"] > surface["x"] + surface["width"] and abs(charts["y"] - surface["y"]) < 2
    tab.close()
