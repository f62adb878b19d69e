"""JacobianView on a bare page, where no kernel answers: the pattern, the values, both products, for everybody."""

from pathlib import Path

import numpy as np
import pytest
from jacobian_cases import MODES, cells, mode, number, texts
from widget_page import open_page, shown_state

from course_lib.widgets import JacobianView
from course_lib.widgets._jacobian_presets import presets

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")


# the pattern


@pytest.mark.row("B-relu-vec")
def test_mark_the_pattern_and_reveal(show):
    shown = show(JacobianView())
    assert texts(shown) == [""] * 16
    for i in (0, 5, 5, 5, 1):
        cells(shown).nth(i).click()
    assert [i for i, text in enumerate(texts(shown)) if text] == [0, 1, 5]
    assert shown.value("marks") == [0, 1, 5] and shown.sent()[-1]["marks"] == [0, 1, 5]
    assert "3 marked" in shown.widget().inner_text()
    shown.widget().get_by_role("button", name="Reveal").click()
    assert "".join(texts(shown)) == "✓✗✗○"
    assert [texts(shown)[i] for i in (0, 1, 5, 10)] == ["✓", "✗", "✗", "○"]
    assert "✓ 1 of 2 found, ○ 1 missed, ✗ 2 extra. Only the diagonal" in shown.widget().inner_text()
    assert shown.sent()[-1] == {"revealed": True}
    cells(shown).nth(3).click()
    assert shown.value("marks") == [0, 1, 5]  # it is too late now
    shown.widget().get_by_role("button", name="Again").click()
    assert texts(shown) == [""] * 16 and shown.value("revealed") is False


def test_marking_by_dragging(show):
    shown = show(JacobianView(preset="B-matmul/x"))
    box = [cells(shown).nth(i).bounding_box() for i in (0, 3)]
    mouse = shown.tab.mouse
    mouse.move(box[0]["x"] + 9, box[0]["y"] + 9)
    mouse.down()
    for x in np.linspace(box[0]["x"] + 9, box[1]["x"] + 9, 12):
        mouse.move(x, box[1]["y"] + 9)
    assert shown.value("marks") == [0, 1, 2, 3] and shown.sent() == []
    mouse.up()
    assert shown.sent()[-1]["marks"] == [0, 1, 2, 3]
    mouse.move(box[0]["x"] + 9, box[0]["y"] + 9)
    mouse.down()  # from a marked cell the drag takes away
    mouse.move(box[0]["x"] + 70, box[0]["y"] + 9)
    mouse.up()
    assert shown.value("marks") == [2, 3]


def test_marking_by_keys(show):
    shown = show(JacobianView())
    cells(shown).nth(0).focus()
    shown.press(
        "Space", "ArrowRight", "ArrowDown", "Enter", "End", "Space", "Space", "Control+Home", "ArrowLeft", "ArrowUp"
    )
    assert shown.value("marks") == [0, 5]
    assert cells(shown).nth(5).get_attribute("aria-selected") == "true"
    assert cells(shown).nth(5).get_attribute("aria-label") == "∂y[1]/∂x[1]: marked as not zero"
    assert shown.tab.evaluate("() => document.activeElement.getAttribute('aria-label')").startswith("∂y[0]/∂x[0]")
    assert shown.widget().locator(".cw-jcell[tabindex='0']").count() == 1


def test_values_are_secret_until_the_pattern_is_revealed(show):
    shown = show(JacobianView(preset="B-matmul/x"))
    for name in ("values", "product"):
        mode(shown, name)
        assert texts(shown) == ["?"] * 48
        assert "The values are hidden" in shown.widget().inner_text()
    assert shown.numbers("result") == [""] * 6
    shown.widget().get_by_role("button", name="Reveal").click()
    assert texts(shown)[:4] == ["3", "2", "1", "−1"]
    shown.widget().get_by_label("predict first").uncheck()
    assert shown.value("predict") is False


# the values


@pytest.mark.row("B-matmul")
def test_a_cell_says_what_it_ties_together(show):
    shown = show(JacobianView(preset="B-matmul/x", mode="values", predict=False))
    assert [number(t) for t in texts(shown)] == np.ravel(JacobianView(preset="B-matmul/x").J).tolist()
    cells(shown).nth(2 * 8 + 1).click()
    line = shown.widget().locator(".cw-words")
    assert line.inner_text() == "∂y[0,1]/∂x[0,2] = 2 = w[2,1]: the term x[0,2]·w[2,1] of y[0,1]."
    framed = {name: shown.panel(name).locator(".cw-cell").all() for name in ("x", "w", "y")}
    marked = {name: [i for i, c in enumerate(found) if "cw-current" in c.get_attribute("class") or "cw-source" in c.get_attribute("class")]
              for name, found in framed.items()}  # fmt: skip
    assert marked == {"x": [2], "w": [9], "y": [1]}
    shown.press("ArrowRight", "ArrowRight", "ArrowRight")
    shown.settle()
    assert line.inner_text() == "∂y[1,0]/∂x[0,2] = 0: y[1,0] does not read x[0,2]."
    assert shown.value("cell") == 2 * 8 + 4


def test_words_of_every_kind(show):
    shown = show(JacobianView(predict=False, mode="values"))
    line = shown.widget().locator(".cw-words")

    def say(preset, cell):
        state = shown_state(JacobianView(preset=preset, predict=False, mode="values"))
        shown.tab.evaluate(
            "(s) => widgets[0].receive(s)", {k: state[k] for k in ("example", "numbers", "preset")} | {"cell": cell}
        )
        shown.settle()
        return line.inner_text()

    assert say("B-relu-vec", 0) == "∂y[0]/∂x[0] = 1: x[0] > 0, so y[0] = x[0]."
    assert say("B-relu-vec", 5) == "∂y[1]/∂x[1] = 0: y[1] reads x[1], but x[1] ≤ 0: the ReLU is flat there."
    assert say("B-sparse", 0) == "∂y[0]/∂x[0] = 0.25: (1 − y[0])·y[0] = 0.5·0.5."
    assert say("D-toeplitz/w", 5) == "∂y[1]/∂w[1] = 3 = x[2]: the term x[2]·w[1] of y[1]."
    assert say("C-rotated", 3 * 2) == "∂y[0]/∂x[2] = −1 = w[2]: the term x[2]·w[2] of y[0]."
    assert say("A-softmaxjac", 0).startswith("∂p[0]/∂x[0] = 0.16: p[0]·(1 − p[0])")
    assert say("A-softmaxjac", 1).startswith("∂p[1]/∂x[0] = −0.06: −p[0]·p[1]")


# the product


@pytest.mark.row("B-relu-vec", "B-matmul")
@pytest.mark.parametrize("preset", list(presets()))
def test_both_products_give_the_same(show, preset):
    widget = JacobianView(preset=preset, mode="product", predict=False)
    shown = show(widget)
    shown.widget().get_by_role("button", name="Last").click()
    shown.settle()
    sums = shown.widget().locator(".cw-sum-cell").all_inner_texts()
    np.testing.assert_allclose([number(t) for t in sums[::2]], widget.explicit, rtol=6e-3, atol=1e-9)
    assert sums[::2] == sums[1::2]
    assert [text for text in shown.numbers("result") if text] == shown.numbers("result")  # all is shown at the end
    explicit, implicit = shown.widget().locator(".cw-sum").all_inner_texts()
    assert explicit.count("·") == widget.J.shape[1]
    assert implicit.split("=")[-1].strip() in (explicit.split("=")[-1].strip(), "0: nothing reads it")


@pytest.mark.row("B-matmul")
def test_a_row_times_the_upstream_gradient(show):
    shown = show(JacobianView(preset="B-matmul/w", mode="product", predict=False))
    shown.press("Tab")
    cells(shown).nth(8).click()
    shown.settle()
    explicit, implicit = shown.widget().locator(".cw-sum").all_inner_texts()
    assert "∂L/∂w[0,1] = 0·2 + 2·3 + 0·(−3) + 0·9 + 0·(−8) + (−3)·1 + 0·4 + 0·6 = 3" in explicit
    assert "∂L/∂w[0,1] = 2·3 + (−3)·1 = 3" in implicit
    assert shown.widget().locator(".cw-sum").first.locator(".cw-vain").count() == 6
    assert (
        "Explicit: 96 numbers of J to store, 96 products. Implicit: no J, 24 products." in shown.widget().inner_text()
    )
    used = shown.panel("upstream").locator(".cw-tap .cw-value").all_inner_texts()
    assert used == ["3", "1"] and shown.panel("x").locator(".cw-tap .cw-value").all_inner_texts() == ["2", "−3"]
    assert shown.numbers("result") == ["28", "3", *[""] * 10]
    shown.press("]")
    assert shown.value("cell") == 16
    shown.press("[", "[")
    assert shown.value("cell") == 0


def test_playing_goes_row_by_row_to_the_end(show):
    shown = show(JacobianView(mode="product", predict=False))
    shown.widget().get_by_label("speed").select_option("4")
    play = shown.widget().get_by_role("button", name="Play")
    play.click()
    shown.tab.wait_for_function("() => widgets[0].model.get('cell') === 12", timeout=5000)
    play.wait_for()
    assert shown.sent()[-1] == {"cell": 12}
    summed = '[...document.querySelectorAll(".cw-sum-cell")].map((e) => e.innerText).join(" ")'
    shown.tab.wait_for_function(f"() => {summed} === '4 4 0 0 5 5 0 0'", timeout=5000)  # drawn a frame after the button changes
    assert shown.tab.evaluate(summed) == "4 4 0 0 5 5 0 0"


# several, and the end


def test_two_at_once_do_not_touch_each_other(show):
    shown = show(JacobianView(), JacobianView(preset="B-sparse"))
    cells(shown, 1).nth(7).click()
    mode(shown, "memory", 0)
    assert (shown.value("marks", 0), shown.value("marks", 1)) == ([], [7])
    assert (shown.value("mode", 0), shown.value("mode", 1)) == ("memory", "pattern")


def test_two_views_of_one_widget_stay_together(show):
    shown = show(JacobianView())
    shown.tab.evaluate("""() => {
          const { close } = widgets[0];
          widgets[0].show();
          widgets[0].closeBoth = () => { close(); widgets[0].close(); };
        }""")
    shown.widget().nth(0).locator(".cw-jcell").first.click()
    shown.settle()
    assert shown.widget().nth(1).locator(".cw-jcell").first.inner_text() == "●"
    shown.tab.evaluate("() => widgets[0].closeBoth()")
    assert shown.tab.evaluate("() => widgets[0].model.listeners.length") == 0


def test_closing_takes_everything_away(show):
    shown = show(JacobianView(mode="product", predict=False))
    shown.widget().get_by_role("button", name="Play").click()
    shown.tab.evaluate("() => { widgets[0].close(); frames_spent.length = 0; }")
    shown.tab.wait_for_timeout(1200)
    assert shown.tab.locator(".cw").count() == 0
    assert shown.tab.evaluate("() => [widgets[0].model.listeners.length, frames_spent.length]") == [0, 0]
    shown.tab.evaluate("() => { widgets[0].show(); }")  # run again
    assert len(texts(shown)) == 16


def test_what_cannot_be_drawn_says_so_in_its_place(chromium):
    tab = chromium.new_page()
    problems = open_page(tab)
    widget = JacobianView()
    tab.evaluate(
        "([module, css, state]) => mount(module, css, { ...state, example: null })",
        [widget._esm, widget._css, shown_state(widget)],
    )
    assert tab.get_by_role("alert").inner_text().startswith("The widget could not be drawn")
    assert len(problems) == 1 and problems[0].startswith("console: TypeError")
    tab.close()


# for everybody


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("preset", ["B-relu-vec", "B-matmul/w", "C-rotated", "A-softmaxjac"])
def test_axe_finds_nothing(show, preset, dark):
    shown = show(JacobianView(preset=preset), dark=dark)
    shown.tab.add_script_tag(content=AXE)
    cases = [
        ("pattern", False, True),
        ("pattern", True, True),
        ("values", False, True),
        *((m, True, False) for m in MODES[1:]),
    ]
    for name, revealed, predict in cases:
        state = {"mode": name, "revealed": revealed, "predict": predict, "marks": [0, 1], "cell": 1}
        shown.tab.evaluate("(state) => widgets[0].receive(state)", state)
        shown.settle()
        found = shown.tab.evaluate(
            """() => axe.run(document, { resultTypes: ["violations"] })
              .then((report) => report.violations.map((v) => [v.id, v.help, v.nodes.slice(0, 3).map((n) => n.html)]))"""
        )
        assert found == [], (name, revealed, predict)


def test_what_is_announced(show):
    shown = show(JacobianView())
    status = shown.widget().get_by_role("status")
    shown.widget().get_by_role("button", name="Reveal").click()
    shown.tab.wait_for_timeout(800)
    assert status.inner_text().startswith("✓ 0 of 2 found, ○ 2 missed, ✗ 0 extra.")
    mode(shown, "product")
    shown.widget().get_by_role("button", name="Next").click()
    shown.tab.wait_for_timeout(900)
    assert status.inner_text() == "gradient by x[1]: explicit 0, implicit 0"
    assert shown.widget().get_by_label("step", exact=True).get_attribute("aria-valuetext") == status.inner_text()


def test_names_for_screen_readers(show):
    shown = show(JacobianView(preset="B-matmul/x", mode="product", predict=False))
    table = shown.widget().get_by_role("grid", name="Jacobian, 6 rows of inputs, 8 columns of outputs")
    assert table.get_by_role("row").count() == 8
    assert table.get_by_role("rowheader").all_inner_texts()[:2] == ["upstream", "x[0,0]"]
    assert table.get_by_role("columnheader").all_inner_texts()[1] == "y[0,0]"
    assert cells(shown).nth(9).get_attribute("aria-label") == "∂y[0,1]/∂x[0,1]: 1"


def test_light_and_dark(show):
    shown = show(JacobianView(mode="values", predict=False))
    colour = "(e) => getComputedStyle(e).backgroundColor"
    assert cells(shown).nth(0).evaluate(colour) == "rgb(200, 89, 15)"
    shown.tab.evaluate("() => document.documentElement.setAttribute('data-theme', 'dark')")
    shown.settle()
    assert cells(shown).nth(0).evaluate(colour) == "rgb(255, 171, 107)"
