"""GraphStepper on a bare page, where no kernel answers: what is seen, stepping, layout, several, for everybody."""

import json
import statistics
from pathlib import Path

import numpy as np
import pytest
from graph_cases import gate, products, random_graph
from widget_page import open_page, shown_state

from course_lib.widgets import GraphStepper
from course_lib.widgets._graph_presets import presets

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")


# what is seen


@pytest.mark.row("B-flat")
def test_forward_values_fill_in(show):
    shown = show(GraphStepper(mode="forward"))
    values = shown.widget().locator(".cw-value-at:not([hidden])")
    for known in (0, 1, 2, 3, 4, 5):
        shown.settle()
        assert [t for t in values.all_inner_texts() if t] == ["−2", "6", "4", "1", "0.7311"][:known]
        shown.press("]") if known else shown.widget().get_by_role("button", name="Next").click()
    assert shown.widget().locator(".cw-work .cw-line").inner_text() == "L = σ(s3) = σ(1) = 0.7311"
    assert "It keeps its output" in shown.widget().locator(".cw-work").inner_text()


@pytest.mark.row("B-flat", "B-gates")
def test_backward_shows_what_is_multiplied_with_what(show):
    shown = show(GraphStepper(mode="backward", step=1))
    assert products(shown) == [["∂L/∂s3", "1", "0.1966", "0.1966"]]
    gate(shown, "s0").click()
    assert products(shown) == [["∂L/∂w0", "0.1966", "−1", "−0.1966"], ["∂L/∂x0", "0.1966", "2", "0.3932"]]
    on_wires = shown.widget().locator(".cw-local-at").all_inner_texts()
    assert [text for text in on_wires if text] == ["× −1", "× 2"]
    assert [t for t in shown.widget().locator(".cw-share-at").all_inner_texts() if t] == ["= −0.1966", "= 0.3932"]
    assert "A multiply gate swaps" in shown.widget().inner_text()
    assert "∂(w0 × x0)/∂w0 = x0 = −1" in shown.widget().inner_text()
    shown.press("Home")
    gate(shown, "s2").click()
    assert [row[1:] for row in products(shown)] == [["0.1966", "1", "0.1966"]] * 2


@pytest.mark.row("B-graph", "B-gates")
def test_a_node_used_three_times_shows_its_sum_growing(show):
    shown = show(GraphStepper(preset="B-graph/fan-out", mode="backward", step=1))
    terms = shown.widget().locator(".cw-terms").first
    assert terms.inner_text() == "☐ + ☐ + 1"
    assert "x is used 3 times: more is to come." in shown.widget().inner_text()
    shown.press("]") if shown.widget().get_by_role("button", name="Next").click() else shown.settle()
    assert terms.inner_text() == "= 3 + 3 + 1"
    assert shown.widget().locator(".cw-adds .cw-result").inner_text() == "7"
    assert [row[0] for row in products(shown)] == ["∂L/∂x through p, input 1", "∂L/∂x through p, input 2"]


# moving


def test_keys_and_buttons_step(show):
    shown = show(GraphStepper())
    shown.widget().locator(".cw-gate[tabindex='0']").focus()
    shown.press("ArrowRight", "ArrowRight", "]")
    assert shown.value("step") == 3
    shown.settle()
    assert shown.tab.evaluate("() => document.activeElement.querySelector('.cw-name').textContent") == "s2"
    shown.press("ArrowLeft", "[")
    assert shown.value("step") == 1
    shown.press("End")
    assert shown.value("step") == 11
    shown.press("Home")
    assert shown.value("step") == 0
    for name, step in [("Next", 1), ("Last", 11), ("Back", 10), ("First", 0), ("Back", 0)]:
        shown.widget().get_by_role("button", name=name).click()
        assert shown.value("step") == step
    slider = shown.widget().get_by_label("step", exact=True)
    slider.focus()
    shown.press("ArrowRight", "ArrowRight")
    assert shown.value("step") == 2
    shown.press("End")
    assert shown.value("step") == 11
    shown.field("w0").focus()
    shown.press("]", "ArrowLeft", "Home", "Escape")
    assert shown.value("step") == 11  # in a field the keys belong to the text


def test_a_gate_is_visited_in_the_phase_that_the_walk_is_in(show):
    shown = show(GraphStepper())
    gate(shown, "s1").click()
    assert shown.value("step") == 2
    shown.press("End")
    gate(shown, "s1").click()
    assert shown.value("step") == 10
    shown.settle()
    assert shown.sent()[-1] == {"step": 10}


def test_playing_stops_at_the_end_and_starts_again(show):
    shown = show(GraphStepper(mode="forward"))
    shown.widget().get_by_label("speed").select_option("4")
    play = shown.widget().get_by_role("button", name="Play")
    play.click()
    shown.tab.wait_for_function("() => widgets[0].model.get('step') === 5", timeout=5000)
    play.wait_for()
    assert shown.sent()[-1] == {"step": 5}
    gate(shown, "L").focus()
    shown.press("Space")
    shown.tab.wait_for_function("() => widgets[0].model.get('step') === 1", timeout=5000)
    shown.press("Space")
    step = shown.value("step")
    shown.tab.wait_for_timeout(700)
    assert shown.value("step") == step


def test_frame_times_of_scrubbing(show, record_property):
    shown = show(GraphStepper(random_graph(1, kinds=4)))
    box = shown.widget().get_by_label("step", exact=True).bounding_box()
    mouse = shown.tab.mouse
    mouse.move(box["x"] + 8, box["y"] + box["height"] / 2)
    mouse.down()
    shown.tab.evaluate("() => { frames_spent.length = 0; }")
    for part in np.linspace(0, 1, 40):
        mouse.move(box["x"] + 8 + part * (box["width"] - 16), box["y"] + 6)
    spent = shown.tab.evaluate("() => frames_spent")
    assert shown.sent() == []  # nothing is sent until it rests
    mouse.up()
    assert shown.sent() == [{"step": shown.value("step")}]
    figures = (round(statistics.median(spent), 2), round(max(spent), 2), len(spent))
    record_property("milliseconds a frame: median, largest, frames", json.dumps(figures))
    print("milliseconds a frame (median, largest, frames):", figures)
    assert figures[0] < 50


def test_reduced_motion_plays_slowly_and_scrolls_at_once(show):
    shown = show(GraphStepper(), reduced_motion="reduce")
    shown.widget().get_by_label("speed").select_option("4")
    shown.widget().get_by_role("button", name="Play").click()
    shown.tab.wait_for_timeout(900)
    assert 1 <= shown.value("step") <= 2


# layout

BOXES = """() => {
  const graph = document.querySelector(".cw-graph");
  const boxes = [...graph.querySelectorAll(".cw-at")].filter((e) => e.textContent && e.offsetParent)
    .map((e) => [e.className, e.textContent, e.getBoundingClientRect()]);
  const found = [];
  boxes.forEach(([a, s, p], i) => boxes.slice(i + 1).forEach(([b, t, q]) => {
    const x = Math.min(p.right, q.right) - Math.max(p.left, q.left);
    const y = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
    if (x > 1.5 && y > 1.5) found.push([a, s, b, t, Math.round(x), Math.round(y)]);
  }));
  const nodes = [...graph.querySelectorAll(".cw-gate, .cw-leaf input")].map((e) => e.getBoundingClientRect());
  for (const path of graph.querySelectorAll(".cw-wire")) {
    const matrix = path.getScreenCTM();
    for (let at = 0; at <= path.getTotalLength(); at += 4) {
      const { x, y } = path.getPointAtLength(at).matrixTransform(matrix);
      if (nodes.some((n) => x > n.left + 3 && x < n.right - 3 && y > n.top + 1 && y < n.bottom - 1))
        found.push(["wire through a node", x, y]);
    }
  }
  return found;
}"""


@pytest.mark.parametrize("width", [600, 1000, 1400])
def test_nothing_overlaps(show, width):
    graphs = [{"preset": name} for name in presets()] + [
        {"graph": random_graph(seed, count=(24, 12, 18, 7)[seed % 4], leaves=(5, 3, 10, 2)[seed % 4], kinds=4)}
        for seed in (1, 2, 3, 4, 8, 20)
    ]
    shown = show(*[GraphStepper(**graphs[0])])
    shown.tab.set_viewport_size({"width": width, "height": 900})
    for arguments in graphs:
        widget = GraphStepper(**arguments)
        state = {k: v for k, v in shown_state(widget).items() if k in ("example", "numbers", "preset")}
        for step in (0, 4, widget.steps // 2, widget.steps - 3, widget.steps - 1):
            shown.tab.evaluate("(state) => widgets[0].receive(state)", {**state, "step": step})
            shown.settle()
            assert shown.tab.evaluate(BOXES) == [], (arguments, step)


def test_a_wide_graph_follows_the_gate_at_work(show):
    shown = show(GraphStepper(random_graph(1, kinds=4)), reduced_motion="reduce")
    shown.tab.set_viewport_size({"width": 600, "height": 900})
    shown.settle()
    for step in (0, 12, 19, 25, 39):
        shown.tab.evaluate("(step) => widgets[0].receive({ step })", step)
        shown.settle()
        inside = """() => { const now = document.querySelector(".cw-at-work")?.getBoundingClientRect();
          const room = document.querySelector(".cw-scroll").getBoundingClientRect();
          return !now || (now.left >= room.left && now.right <= room.right); }"""
        assert shown.tab.evaluate(inside), step


# several, and the end


def test_two_at_once_do_not_touch_each_other(show):
    shown = show(GraphStepper(), GraphStepper(preset="B-gates/max"))
    shown.set_field("x", "9", i=1)
    gate(shown, "m", 1).click()
    assert (shown.value("step", 0), shown.value("step", 1)) == (0, 2)
    assert shown.value("example", 0)["revision"] == 0
    assert (
        len(set(shown.tab.evaluate("() => [...document.querySelectorAll('input[type=radio]')].map((e) => e.name)")))
        == 2
    )


def test_two_views_of_one_widget_stay_together(show):
    shown = show(GraphStepper())
    shown.tab.evaluate("""() => {
          const { close } = widgets[0];
          widgets[0].show();
          widgets[0].closeBoth = () => { close(); widgets[0].close(); };
        }""")
    shown.widget().nth(0).get_by_role("button", name="Last").click()
    shown.settle()
    assert shown.widget().locator(".cw-count").all_inner_texts() == ["step 12 of 12"] * 2
    shown.tab.evaluate("() => widgets[0].closeBoth()")
    assert shown.tab.evaluate("() => widgets[0].model.listeners.length") == 0


def test_closing_takes_everything_away(show):
    shown = show(GraphStepper())
    shown.widget().get_by_role("button", name="Play").click()
    shown.tab.evaluate("() => { widgets[0].close(); frames_spent.length = 0; }")
    shown.tab.wait_for_timeout(1200)
    assert shown.tab.locator(".cw").count() == 0
    assert shown.tab.evaluate("() => [widgets[0].model.listeners.length, frames_spent.length]") == [0, 0]
    shown.tab.evaluate("() => { widgets[0].show(); }")  # run again
    assert shown.widget().locator(".cw-gate").count() == 5


def test_what_cannot_be_drawn_says_so_in_its_place(chromium):
    tab = chromium.new_page()
    problems = open_page(tab)
    widget = GraphStepper()
    tab.evaluate(
        "([module, css, state]) => mount(module, css, { ...state, example: null })",
        [widget._esm, widget._css, shown_state(widget)],
    )
    assert tab.get_by_role("alert").inner_text().startswith("The widget could not be drawn")
    assert len(problems) == 1 and problems[0].startswith("console: TypeError")
    tab.close()


# for everybody


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("preset", list(presets()))
def test_axe_finds_nothing(show, preset, dark):
    shown = show(GraphStepper(preset=preset), dark=dark)
    shown.tab.add_script_tag(content=AXE)
    for mode, step, predict in [
        ("forward", 2, False),
        ("both", 0, False),
        ("backward", 0, False),
        ("backward", 2, True),
        ("both", 99, False),
    ]:
        step = min(step, (len(presets()[preset]["example"]["order"]) - 1))
        shown.tab.evaluate("(state) => widgets[0].receive(state)", {"mode": mode, "step": step, "predict": predict})
        shown.settle()
        found = shown.tab.evaluate(
            """() => axe.run(document, { resultTypes: ["violations"] })
              .then((report) => report.violations.map((v) => [v.id, v.help, v.nodes.slice(0, 3).map((n) => n.html)]))"""
        )
        assert found == [], (mode, step, predict)


def test_steps_are_announced_once_they_rest(show):
    shown = show(GraphStepper())
    shown.widget().get_by_role("button", name="Next").click()
    shown.press("End")
    shown.press("]", "[")
    shown.tab.wait_for_timeout(900)
    status = shown.widget().get_by_role("status")
    assert status.inner_text() == "∂L/∂w1 = 0.1966 × (−2) = −0.3932; ∂L/∂x1 = 0.1966 × (−3) = −0.5898; step 11 of 12"
    assert shown.widget().get_by_label("step", exact=True).get_attribute("aria-valuetext") == status.inner_text()


def test_names_for_screen_readers(show):
    shown = show(GraphStepper(mode="backward", step=4))
    names = [gate.get_attribute("aria-label") for gate in shown.widget().locator(".cw-gate").all()]
    assert names[0] == "s0 = w0 × x0, value −2, gradient 0.1966"
    assert names[1] == "s1 = w1 × x1, value 6, gradient 0.1966, at work"
    described = shown.field("w1").evaluate(
        "(e) => document.getElementById(e.getAttribute('aria-describedby')).textContent"
    )
    assert described == "w1, value −3, gradient −0.3932"
    assert shown.widget().locator(".cw-gate[tabindex='0']").count() == 1


def test_light_and_dark(show):
    shown = show(GraphStepper(mode="backward", step=5))
    colour = "(e) => getComputedStyle(e).backgroundColor"
    seed = shown.widget().locator(".cw-gradient").last
    assert seed.evaluate(colour) == "rgb(200, 89, 15)"
    shown.tab.evaluate("() => document.documentElement.setAttribute('data-theme', 'dark')")
    shown.settle()
    assert seed.evaluate(colour) == "rgb(255, 171, 107)"
