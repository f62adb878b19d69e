"""FilterSlide on a bare page, where no kernel answers: what is seen, moving, several at once, for everybody."""

import json
import statistics
from pathlib import Path

import numpy as np
import pytest
from widget_page import open_page, shown_state

from course_lib.widgets import FilterSlide
from course_lib.widgets._filter_presets import presets

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
MODES = [
    ("forward", "scatter"),
    ("dx", "scatter"),
    ("dx", "gather"),
    ("dw", "scatter"),
    ("dw", "gather"),
    ("matrix", "scatter"),
]


# what is seen


@pytest.mark.row("C-conv2d")
def test_first_look(show):
    shown = show(FilterSlide(preset="C-conv2d", step=4))
    assert shown.numbers("result") == ["12", "12", "17", "10", "17", "", "", "", ""]
    assert shown.numbers("products") == ["0", "1", "6", "2", "4", "0", "0", "0", "4"]
    assert shown.panel("products").locator(".cw-note").all_inner_texts() == [
        f"Σ {s}" for s in (0, 1, 7, 9, 13, 13, 13, 13, 17)
    ]
    assert shown.sum() == "out[1, 1] = 0·0 + 1·1 + 3·2 + 1·2 + 2·2 + 2·0 + 0·0 + 0·1 + 2·2 = 17"
    assert "rows: (5 + 2·0 − 3) / 1 + 1 = 3" in shown.widget().inner_text()


@pytest.mark.parametrize("name", list(presets()))
def test_every_preset_in_every_mode(show, name):
    shown = show(FilterSlide(preset=name))
    result = {"forward": "out", "matrix": "out", "dx": "dx", "dw": "dw"}
    for mode, view in MODES:
        shown.tab.evaluate("([mode, view]) => widgets[0].receive({ mode, view, step: 0, whole: true })", [mode, view])
        shown.settle()
        if not name.startswith(("A-filters", "D-kernels")) and not (mode == "dw" and view == "scatter"):
            flat = np.ravel(getattr(FilterSlide(preset=name), result[mode]))
            texts = shown.panel("result").locator(".cw-value").all_inner_texts()
            np.testing.assert_allclose([float(t.replace("−", "-")) for t in texts], flat, rtol=1e-3, atol=1e-4)
        assert shown.banner() == ""


def test_the_size_formula_warns_where_the_filter_does_not_fit(show):
    shown = show(FilterSlide(preset="B-outsize"))
    warnings = shown.widget().locator(".cw-formula .cw-warn").all_inner_texts()
    assert warnings == [
        f"{axis}: (7 + 2·0 − 3) / 3 + 1 = 2.33 does not fit: 2 positions, remainder 1: the last {axis[:-1]} is never reached"
        for axis in ("rows", "columns")
    ]
    assert shown.panel("left").locator(".cw-unreached").count() == 13


def test_a_matrix_too_large_says_so(show):
    shown = show(FilterSlide(np.ones((13, 13)), [[1, 2]], mode="matrix"))
    assert "would have 156 × 169 numbers" in shown.widget().locator(".cw-matrix").inner_text()


# moving


def test_dragging_moves_the_window_and_sends_nothing_until_it_rests(show):
    shown = show(FilterSlide(preset="C-conv2d"))
    box = shown.panel("left").locator(".cw-map").bounding_box()
    mouse = shown.tab.mouse
    mouse.move(box["x"] + 5, box["y"] + 5)
    mouse.down()
    for part in np.linspace(0.1, 0.9, 12):
        mouse.move(box["x"] + part * box["width"], box["y"] + part * box["height"])
    assert shown.sum().startswith("out[2, 2] =") and shown.sum().endswith("= 14")
    assert shown.sent() == []
    mouse.up()
    assert shown.sent() == [{"step": 8}]


def test_frame_times_of_a_drag(show, record_property):
    shown = show(FilterSlide(np.arange(144.0).reshape(12, 12) % 7, [[1, 0, -1], [2, 1, -2], [0, 1, 3]], pad=1))
    figures = {}
    for mode, view, panel in [
        ("forward", "scatter", "left"),
        ("dx", "scatter", "left"),
        ("dx", "gather", "result"),
        ("dw", "scatter", "right"),
    ]:
        shown.tab.evaluate("([mode, view]) => widgets[0].receive({ mode, view, step: 0 })", [mode, view])
        shown.settle()
        box = shown.panel(panel).locator(".cw-map").first.bounding_box()
        shown.tab.mouse.move(box["x"] + 2, box["y"] + 2)
        shown.tab.mouse.down()
        shown.tab.evaluate("() => { frames_spent.length = 0; }")
        for part in np.linspace(0, 1, 40):
            shown.tab.mouse.move(
                box["x"] + 2 + part * (box["width"] - 4), box["y"] + 2 + abs(np.sin(9 * part)) * (box["height"] - 4)
            )
        spent = shown.tab.evaluate("() => frames_spent")
        assert shown.sent() == [] or "example" not in shown.sent()[-1]
        shown.tab.mouse.up()
        figures[f"{mode}, {view}"] = (round(statistics.median(spent), 2), round(max(spent), 2), len(spent))
    record_property("milliseconds a frame: median, largest, frames", json.dumps(figures))
    print("milliseconds a frame (median, largest, frames):", figures)
    assert all(median < 50 for median, _, _ in figures.values())


def test_keys_move_step_and_play(show):
    shown = show(FilterSlide(preset="C-conv2d"))
    shown.cell("result", 0).focus()
    shown.press("ArrowRight", "ArrowDown")
    assert shown.sum().startswith("out[1, 1]")
    shown.press("End")
    assert shown.sum().startswith("out[1, 2]")
    shown.press("Home")
    assert shown.sum().startswith("out[1, 0]")
    shown.press("Control+End")
    assert shown.sum().startswith("out[2, 2]")
    shown.press("[", "[", "]")
    assert shown.sum().startswith("out[2, 1]")
    assert shown.tab.evaluate("() => document.activeElement.textContent") == "6"  # the focus follows
    shown.press("Control+Home", "Space")
    shown.tab.wait_for_function("() => widgets[0].model.get('step') >= 2", timeout=5000)
    shown.press("Space")
    step = shown.value("step")
    shown.tab.wait_for_timeout(900)
    assert shown.value("step") == step and step >= 2


def test_playing_stops_at_the_end_and_starts_again(show):
    shown = show(FilterSlide(preset="D-conv1d"))
    shown.widget().get_by_label("speed").select_option("10")
    play = shown.widget().get_by_role("button", name="Play")
    play.click()
    shown.tab.wait_for_function("() => widgets[0].model.get('step') === 2", timeout=5000)
    play.wait_for()  # the button says Play again, not Pause
    assert shown.sent()[-1] == {"step": 2}
    play.click()
    shown.tab.wait_for_function("() => widgets[0].model.get('step') === 1", timeout=5000)


def test_the_slider_and_the_buttons(show):
    shown = show(FilterSlide(preset="C-conv2d"))
    shown.widget().get_by_label("step", exact=True).focus()
    shown.press("ArrowRight", "ArrowRight")
    assert shown.value("step") == 2
    for name, step in [("Next", 3), ("Back", 2), ("Last", 8), ("First", 0), ("Back", 0)]:
        shown.widget().get_by_role("button", name=name).click()
        assert shown.value("step") == step


def test_only_one_cell_of_a_map_is_reached_by_tab(show):
    shown = show(FilterSlide(preset="B-volume"))
    for grid in shown.widget().get_by_role("grid").all():
        assert grid.locator("[tabindex='0']").count() == 1


def test_reduced_motion_lets_nothing_glide(show):
    shown = show(FilterSlide(preset="C-conv2d"), reduced_motion="reduce")
    outline = shown.panel("left").locator(".cw-outline")
    assert outline.evaluate("(e) => getComputedStyle(e).transitionDuration") in ("0s", "0ms")
    shown.widget().get_by_label("speed").select_option("60")
    shown.widget().get_by_role("button", name="Play").click()
    shown.tab.wait_for_timeout(700)
    assert shown.value("step") <= 2


# several, and the end


def test_two_at_once_do_not_touch_each_other(show):
    shown = show(FilterSlide(preset="C-conv2d"), FilterSlide(preset="D-conv2d"))
    shown.type_into(shown.cell("right", 0, i=1), "7")
    shown.cell("result", 0, i=1).focus()
    shown.press("ArrowRight")
    assert shown.value("step", 0) == 0 and shown.value("step", 1) == 1
    assert shown.value("example", 0)["kernel"][0][0][0][0] == 0
    shown.choose("mode", "∂L/∂x", i=0)
    assert shown.value("mode", 0) == "dx" and shown.value("mode", 1) == "forward"
    ids = shown.tab.evaluate("() => [...document.querySelectorAll('input[type=radio]')].map((e) => e.name)")
    assert len(set(ids)) == 6


def test_two_views_of_one_widget_stay_together(show):
    shown = show(FilterSlide(preset="C-conv2d"))
    shown.tab.evaluate("""() => {
          const [first] = widgets;
          const { close } = first;
          first.show();
          first.closeBoth = () => { close(); first.close(); };
        }""")
    assert shown.widget().count() == 2
    shown.widget().nth(0).get_by_role("button", name="Last").click()
    shown.settle()
    assert shown.widget().locator(".cw-count").all_inner_texts() == ["step 9 of 9"] * 2
    shown.tab.evaluate("() => widgets[0].closeBoth()")
    assert shown.tab.evaluate("() => widgets[0].model.listeners.length") == 0


def test_closing_takes_everything_away(show):
    shown = show(FilterSlide(preset="C-conv2d"))
    shown.widget().get_by_role("button", name="Play").click()
    shown.tab.evaluate("() => { widgets[0].close(); frames_spent.length = 0; }")
    shown.tab.wait_for_timeout(700)
    assert shown.tab.locator(".cw").count() == 0
    assert shown.tab.evaluate("() => [widgets[0].model.listeners.length, frames_spent.length]") == [0, 0]
    shown.tab.evaluate("() => { widgets[0].show(); }")  # run again
    assert shown.numbers("result")[0] == "12"


def test_what_cannot_be_drawn_says_so_in_its_place(chromium):
    tab = chromium.new_page()
    problems = open_page(tab)
    widget = FilterSlide(preset="C-conv2d")
    tab.evaluate(
        "([module, css, state]) => mount(module, css, { ...state, example: null })",
        [widget._esm, widget._css, shown_state(widget)],
    )
    assert (
        tab.get_by_role("alert")
        .inner_text()
        .startswith("The widget could not be drawn: Cannot read properties of null")
    )
    assert len(problems) == 1 and problems[0].startswith("console: TypeError")
    tab.close()


# for everybody


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("preset", ["C-conv2d", "B-volume", "B-outsize", "A-filters/edges"])
def test_axe_finds_nothing(show, preset, dark):
    shown = show(FilterSlide(preset=preset), dark=dark)
    shown.tab.add_script_tag(content=AXE)
    for mode, view in MODES:
        for predict in (False, True) if preset == "C-conv2d" else (False,):
            shown.tab.evaluate(
                "([mode, view, predict]) => widgets[0].receive({ mode, view, predict, step: 0 })", [mode, view, predict]
            )
            shown.settle()
            found = shown.tab.evaluate(
                """() => axe.run(document, { resultTypes: ["violations"] })
                  .then((report) => report.violations.map((v) => [v.id, v.help, v.nodes.slice(0, 3).map((n) => n.html)]))"""
            )
            assert found == [], (mode, view, predict)


def test_steps_are_announced_once_they_rest(show):
    shown = show(FilterSlide(preset="C-conv2d"))
    shown.cell("result", 0).focus()
    shown.press("]", "]", "]", "]")
    status = shown.widget().get_by_role("status")
    shown.tab.wait_for_timeout(900)
    assert status.inner_text() == "out[1, 1] = 17, a sum of 9 products; step 5 of 9"
    slider = shown.widget().get_by_label("step", exact=True)
    assert slider.get_attribute("aria-valuetext") == status.inner_text()


def test_names_for_screen_readers(show):
    shown = show(FilterSlide(preset="B-volume"))
    grids = [grid.get_attribute("aria-label") for grid in shown.widget().get_by_role("grid").all()]
    assert grids == [
        "channel 0 of input",
        "channel 1 of input",
        "filter 0, slice 0 of kernel",
        "filter 0, slice 1 of kernel",
        "map 0 of output",
        "map 1 of output",
    ]
    assert shown.widget().get_by_role("table").count() == 4  # the ghosts and the products are read, not moved in


def test_light_and_dark(show):
    colours = {}
    for dark in (False, True):
        shown = show(FilterSlide([[0, 1], [-1, 0]], [[1]]), dark=dark)
        colours[dark] = [shown.cell("left", i).evaluate("(e) => getComputedStyle(e).backgroundColor") for i in range(3)]
    assert colours[False] == ["rgb(255, 255, 255)", "rgb(200, 89, 15)", "rgb(47, 109, 181)"]  # as draw.py's
    assert colours[True][0] == "rgb(29, 33, 38)"
    shown.tab.evaluate("() => document.documentElement.setAttribute('data-theme', 'light')")
    shown.settle()
    assert shown.cell("left", 0).evaluate("(e) => getComputedStyle(e).backgroundColor") == "rgb(255, 255, 255)"
