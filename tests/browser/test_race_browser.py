"""OptimizerRace on a bare page, where no kernel answers: seen, dragged, moved by keys, one's own step."""

import json
import statistics

import numpy as np
import pytest
from widget_page import shown_state

from course_lib.widgets import OptimizerRace
from course_lib.widgets._race_presets import ALL


def plain(w, dw, state, *, lr):
    return w - 0.5 * lr * dw, state


def setup_of(shown, i=0):
    return shown.value("setup", i)


def outcomes(shown, i=0):
    """{title: how it stands} of the methods that are listed."""
    shown.settle()
    rows = shown.widget(i).locator(".cw-method:visible")
    parts = [rows.locator(part).all_inner_texts() for part in (".cw-check > span:last-child", ".cw-outcome")]
    return dict(zip(*parts))


def handle(shown, i=0):
    return shown.widget(i).get_by_role("slider", name="start of all methods")


def cursor(shown, i=0):
    return shown.widget(i).get_by_role("slider", name="rate α (left, right)")


def area(shown, i=0):
    return shown.widget(i).locator(".cw-stage .cw-contour")


# what is seen


@pytest.mark.row("C-momentum")
def test_first_look(show):
    shown = show(OptimizerRace())
    seen = outcomes(shown)
    assert seen["SGD"] == seen["Momentum"] == "✓ there after 69" and seen["Adam"] == "off"
    assert shown.field("rate α").input_value() == "0.0030" and shown.field("β").input_value() == "0"
    theory = shown.widget().locator(".cw-theory").inner_text()
    assert "α = 0.0030, β = 0: ×0.91 a step, 25 steps for a tenth" in theory
    assert "steep way, w₁ (λ = 600): zigzag: each step jumps over the minimum, to 0.8 of the distance" in theory
    assert "flat way, w₀ (λ = 30): creeps: each step leaves 0.91 of the distance" in theory
    assert shown.sent() == []


@pytest.mark.parametrize("name", OptimizerRace.presets())
def test_every_preset_is_drawn(show, name):
    shown = show(OptimizerRace(preset=name))
    widget = OptimizerRace(preset=name)
    seen = outcomes(shown)
    for method in widget.setup["on"]:
        run, title = widget.run(method), widget._title(method)
        if name != "C-momentum/swings":
            expected = {"diverged": "▲ diverged"}.get(run["ended"]) or (
                f"✓ there after {run['goal']}" if run["goal"] is not None else ""
            )
            assert seen[title].startswith(expected) and seen[title] != "off"
    painted = (
        area(shown)
        .locator("canvas")
        .first.evaluate("(c) => new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size")
    )
    assert painted > 10 and shown.banner() == ""


@pytest.mark.row("C-momentum")
def test_overshoot_is_explained_with_the_two_parts_of_the_step(show):
    shown = show(OptimizerRace(preset="C-momentum/swings"))
    assert (
        "to about 0.88 of the distance on the other side. A full swing takes 10 steps"
        in shown.widget().locator(".cw-theory").inner_text()
    )
    shown.field("β").fill("0")
    shown.press("Enter")
    shown.settle()
    assert "overshoots" not in shown.widget().locator(".cw-theory").inner_text()


@pytest.mark.row("A-gd")
def test_divergence_is_a_badge(show):
    shown = show(OptimizerRace(on=["sgd", "momentum"], rate=0.3, settings={"momentum": {"momentum": 0.5}}))
    assert outcomes(shown)["SGD"].startswith("▲ diverged, step 2")
    assert shown.widget().locator(".cw-badge.cw-bad").count() == 2
    assert not any(word in shown.widget().inner_text() for word in ("NaN", "Infinity", "undefined", "null"))
    shown.widget().get_by_role("button", name="First").click()
    assert outcomes(shown)["SGD"] == "400"  # not yet
    shown.widget().get_by_role("button", name="Play").click()
    shown.tab.wait_for_function("() => widgets[0].model.get('step') >= 5", timeout=8000)


# dragging


def test_dragging_moves_the_start_and_sends_nothing_until_it_rests(show):
    shown = show(OptimizerRace(on=["sgd", "lbfgs"]))
    box = area(shown).bounding_box()
    mouse = shown.tab.mouse
    mouse.move(box["x"] + 60, box["y"] + 60)
    mouse.down()
    for part in np.linspace(0.2, 0.75, 12):
        mouse.move(box["x"] + part * box["width"], box["y"] + part * box["height"])
    shown.settle()
    assert setup_of(shown)["start"] == pytest.approx([1.0, -0.75], abs=0.02)
    assert shown.sent() == []
    mouse.move(box["x"] - 300, box["y"] + box["height"] + 200)  # beyond the box
    mouse.up()
    assert setup_of(shown)["start"] == [-2, -1.5]
    assert len(shown.sent()) == 1 and shown.sent()[0]["setup"]["start"] == [-2, -1.5]


@pytest.mark.parametrize("surface", ["quadratic", "rosenbrock", "noisy", "logistic"])
def test_frame_times_of_a_drag_with_all_nine(show, record_property, surface):
    shown = show(OptimizerRace(surface, on=ALL, rates="tuned"))
    box = area(shown).bounding_box()
    shown.tab.mouse.move(box["x"] + 40, box["y"] + 40)
    shown.tab.mouse.down()
    shown.settle()
    shown.tab.evaluate("() => { frames_spent.length = 0; }")
    for part in np.linspace(0, 1, 40):
        shown.tab.mouse.move(
            box["x"] + 40 + part * (box["width"] - 80), box["y"] + 40 + abs(np.sin(7 * part)) * (box["height"] - 80)
        )
    spent = shown.tab.evaluate("() => frames_spent")
    shown.tab.mouse.up()
    figures = {surface: (round(statistics.median(spent), 2), round(max(spent), 2), len(spent))}
    record_property("milliseconds a frame: median, largest, frames", json.dumps(figures))
    print("milliseconds a frame, nine methods (median, largest, frames):", figures)
    assert len(spent) > 5 and statistics.median(spent) < 50


def test_the_cursor_on_the_map_is_dragged(show):
    shown = show(OptimizerRace())
    box = shown.widget().locator(".cw-side .cw-contour").bounding_box()
    shown.tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    shown.tab.mouse.down()
    shown.tab.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.4 * box["height"])
    shown.tab.mouse.up()
    shown.settle()
    setup = setup_of(shown)
    beta = setup["settings"]["momentum"]["momentum"]
    assert setup["rates"] == "same" and 0.003 < setup["rate"] < 0.005 and 0.4 < beta < 0.8
    assert f"β = {beta:g}" in cursor(shown).get_attribute("aria-valuetext")


def test_a_chart_is_dragged_to_a_moment(show):
    shown = show(OptimizerRace())
    chart = shown.widget().locator(".cw-chart canvas").first
    box = chart.bounding_box()
    shown.tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + 50)
    shown.tab.mouse.down()
    shown.tab.mouse.move(box["x"] + 46, box["y"] + 50)
    shown.tab.mouse.up()
    assert shown.value("step") < 5 and shown.sent()[-1] == {"step": shown.value("step")}


# keys


def test_keys_move_the_start(show):
    shown = show(OptimizerRace())
    handle(shown).focus()
    shown.press("ArrowRight", "ArrowRight", "ArrowUp", "Shift+ArrowDown")
    shown.settle()
    assert setup_of(shown)["start"] == pytest.approx([-1.5, 0.65])
    assert handle(shown).get_attribute("aria-valuetext") == "w0 = -1.5, w1 = 0.65"
    shown.press("Shift+ArrowLeft", "Shift+ArrowLeft", "Shift+ArrowLeft")
    assert setup_of(shown)["start"][0] == -2  # the edge


@pytest.mark.row("C-momentum")
def test_keys_move_the_cursor_on_the_map(show):
    shown = show(OptimizerRace())
    cursor(shown).focus()
    shown.press("ArrowRight", *["Shift+ArrowUp"] * 5)
    shown.settle()
    setup = setup_of(shown)
    assert (setup["rate"], setup["settings"]["momentum"]["momentum"]) == (0.0031, 0.5)
    assert cursor(shown).get_attribute("aria-valuetext").startswith("α = 0.0031, β = 0.5: ×")
    shown.press(*["Shift+ArrowRight"] * 3)
    shown.settle()
    assert "diverges, ×" in cursor(shown).get_attribute("aria-valuetext")
    assert outcomes(shown)["SGD"].startswith("▲ diverged")


def test_keys_step_and_play(show):
    shown = show(OptimizerRace())
    shown.widget().get_by_role("button", name="First").click()
    handle(shown).focus()
    shown.press("]", "]", "]", "[")
    assert shown.value("step") == 2
    assert shown.widget().locator(".cw-count").inner_text() == "2 of 150 evaluations"
    shown.press("Space")
    shown.tab.wait_for_function("() => widgets[0].model.get('step') >= 6", timeout=8000)
    shown.press("Space")
    step = shown.value("step")
    shown.tab.wait_for_timeout(500)
    assert shown.value("step") == step
    assert shown.sent()[-1] == {"step": step}


def test_playing_stops_at_the_end_and_starts_again(show):
    shown = show(OptimizerRace(on=["sgd"], budget=12))
    play = shown.widget().get_by_role("button", name="Play")
    play.click()
    shown.tab.wait_for_function("() => widgets[0].model.get('step') < 12", timeout=5000)
    shown.tab.wait_for_function("() => widgets[0].model.get('step') === 12", timeout=8000)
    play.wait_for()
    for name, step in [("Back", 11), ("First", 0), ("Next", 1), ("Last", 12)]:
        shown.widget().get_by_role("button", name=name).click()
        assert shown.value("step") == step


def test_tab_reaches_everything_and_nothing_traps(show):
    shown = show(OptimizerRace())
    reached = []
    shown.tab.locator("body").click(position={"x": 1, "y": 1})
    for _ in range(60):
        shown.press("Tab")
        found = shown.tab.evaluate("""() => {
          const e = document.activeElement;
          if (e === document.body) return "";
          return (e.getAttribute("aria-label") || e.closest("label")?.textContent || e.textContent).slice(0, 30);
        }""")
        if not found:
            break
        reached.append(found)
    text = " | ".join(reached)
    for wanted in ("race", "surface", "condition", "start of all methods", "rate α (left, right)", "Play", "Reset",
                   "settings of Adam", "gradient evaluations shown", "rate α, slider", "β, slider"):  # fmt: skip
        assert wanted in text, wanted
    assert len(reached) < 55


# settings


@pytest.mark.row("C-compare")
def test_same_rate_and_each_tuned_and_own(show):
    shown = show(OptimizerRace(on=["sgd", "adam"]))
    assert outcomes(shown)["Adam"] == "160"
    shown.choose("rates", "each tuned")
    assert outcomes(shown)["Adam"].startswith("✓")
    settings = shown.widget().get_by_role("button", name="settings of Adam")
    settings.click()
    shown.settle()
    assert settings.get_attribute("aria-pressed") == "true"
    rate = float(shown.field("rate α").input_value())
    shown.set_field("rate α", "0.7")
    setup = setup_of(shown)
    assert setup["rates"] == "own" and setup["settings"]["adam"]["lr"] == 0.7 != rate
    assert setup["settings"]["sgd"]["lr"] == 0.003  # the tuned one, which is the lecture's here
    shown.choose("rates", "same rate")
    shown.set_field("rate α", "1/500")
    assert setup_of(shown)["rate"] == 0.002
    assert "α 0.0020" in shown.widget().get_by_role("button", name="settings of SGD").inner_text()


def test_sliders_are_logarithmic(show):
    shown = show(OptimizerRace())
    slider = shown.widget().get_by_label("β, slider")
    slider.focus()
    shown.press("End")
    assert setup_of(shown)["settings"]["momentum"]["momentum"] == 0.999
    shown.press("Home")
    assert setup_of(shown)["settings"]["momentum"]["momentum"] == 0
    rate = shown.widget().get_by_label("rate α, slider")
    rate.focus()
    shown.press("End")
    assert setup_of(shown)["rate"] == 10
    shown.press("Home", "PageUp")
    assert 1e-5 < setup_of(shown)["rate"] < 1e-3
    kappa = shown.widget().get_by_label("condition number κ")
    kappa.focus()
    shown.press("End")
    shown.settle()
    assert setup_of(shown)["kappa"] == 1000 and kappa.get_attribute("aria-valuetext") == "1000"


@pytest.mark.parametrize(
    "label, text, message",
    [
        ("rate α", "fast", "Momentum, rate α: expected a number from 0.00001 to 10, got “fast”; the last one stays"),
        ("rate α", "0", "Momentum, rate α: expected a number from 0.00001 to 10, got “0”"),
        ("β", "1", "Momentum, β: expected a number from 0 to 0.999, got “1”"),
        ("start w0", "7", "start w0: expected a number from -2 to 2, got “7”"),
        ("start w1", "NaN", "start w1: expected a number from -1.5 to 1.5, got “NaN”"),
        ("evaluations", "2000", "evaluations: expected a whole number from 1 to 500, got “2000”"),
        ("evaluations", "2.5", "evaluations: expected a whole number from 1 to 500"),
    ],
)
def test_what_is_refused_is_told_and_the_last_value_stays(show, label, text, message):
    shown = show(OptimizerRace())
    before = setup_of(shown)
    value = shown.field(label).input_value()
    shown.set_field(label, text)
    assert shown.banner().startswith(message)
    assert setup_of(shown) == before and shown.field(label).input_value() == value
    handle(shown).focus()
    shown.press("ArrowRight")
    assert shown.banner() == ""


def test_surface_preset_and_reset(show):
    shown = show(OptimizerRace(on=["sgd"], kappa=50))
    shown.widget().get_by_label("surface").select_option("beale")
    shown.settle()
    assert (setup_of(shown)["surface"], setup_of(shown)["start"]) == ("beale", [-1, -1])
    assert "curvature changes from place to place" in shown.widget().inner_text()
    assert not shown.widget().get_by_label("condition number κ").is_visible()
    shown.widget().get_by_label("race").select_option("C-fullbatch")
    shown.settle()
    assert shown.field("seed").is_visible() and shown.value("focus") == "rprop"
    before = outcomes(shown)["SGD"]
    shown.set_field("seed", "3")
    assert outcomes(shown)["SGD"] != before
    shown.widget().get_by_role("button", name="Reset").click()
    assert (setup_of(shown)["surface"], setup_of(shown)["kappa"], setup_of(shown)["on"]) == ("quadratic", 50, ["sgd"])


def test_methods_are_turned_on_and_off(show):
    shown = show(OptimizerRace())
    shown.widget().get_by_role("checkbox", name="L-BFGS").check()
    assert outcomes(shown)["L-BFGS"].startswith("✓ there after 9") and shown.value("focus") == "lbfgs"
    assert shown.field("memory").input_value() == "5"
    for box in shown.widget().get_by_role("checkbox").all():
        box.uncheck()
    assert set(outcomes(shown).values()) == {"off"} and setup_of(shown)["on"] == []


# one's own step


def test_ones_own_step_is_shown_and_marked_old_until_python_answers(show):
    shown = show(OptimizerRace(on=["sgd"], own=plain))
    assert outcomes(shown)["plain"] not in ("off", "") and "old start" not in outcomes(shown)["plain"]
    handle(shown).focus()
    shown.press("ArrowRight")
    assert "old start" in outcomes(shown)["plain"] or outcomes(shown)["plain"].startswith("✓")
    widget = OptimizerRace(on=["sgd"], own=plain)
    widget.set_state(shown.sent()[-1])
    shown.tab.evaluate("(mine) => widgets[0].receive({ mine })", shown_state(widget)["mine"])
    assert "old start" not in outcomes(shown)["plain"]


def test_a_step_that_fails_is_told_with_its_place(show):
    def broken(w, dw, state, *, lr):
        return w[:1], state

    shown = show(OptimizerRace(on=["sgd"], own=broken))
    assert shown.banner().startswith("broken returned w of shape (1,) at step 1, where w = [-1.6, 1.1]")
    assert outcomes(shown)["broken"] == "⚠ fails, step 1"
    assert "expected shape (2,)" in shown.widget().locator(".cw-problem:visible").inner_text()
    shown.widget().get_by_role("button", name="Close").click()
    assert shown.banner() == "" and outcomes(shown)["SGD"].startswith("✓")


def test_what_python_refuses_is_told(show):
    shown = show(OptimizerRace())
    shown.tab.evaluate("() => widgets[0].receive({ problem: 'kappa: expected one of 1, 2' })")
    assert shown.banner() == "kappa: expected one of 1, 2"
    shown.tab.evaluate("() => widgets[0].receive({ problem: '' })")
    assert shown.banner() == ""
