"""JacobianView on a bare page, where no kernel answers: numbers that are typed, sizes on sliders, frame times."""

import json
import statistics

import numpy as np
import pytest
from jacobian_cases import cells, mode, texts

from course_lib.widgets import JacobianView
from course_lib.widgets._jacobian_numbers import bytes_text
from course_lib.widgets._jacobian_presets import presets

# changing numbers


def test_a_number_is_typed_and_the_browser_computes(show):
    shown = show(JacobianView(preset="B-matmul/x", mode="values", predict=False))
    shown.type_into(shown.cell("w", 0), "7")
    assert texts(shown)[0] == "7" and texts(shown)[3 * 8 + 4] == "7"
    message = shown.sent()[-1]
    widget = JacobianView()
    widget.set_state(message)
    assert widget.problem == "" and widget.J[0, 0] == 7 and message["preset"] == ""
    shown.type_into(shown.cell("x", 4), "4o")
    assert shown.banner() == "x[1, 1]: expected a number, got “4o”; the last number stays"
    shown.type_into(shown.cell("x", 4), "1e5")
    assert shown.banner() == "x: expected numbers of magnitude up to 10,000, got 100000"
    assert shown.numbers("x")[4] == "4"
    shown.type_into(shown.cell("x", 4), "-0.5")
    assert shown.banner() == "" and shown.numbers("x")[4] == "−0.5"


def test_by_the_other_input_and_another_stride(show):
    shown = show(JacobianView(preset="B-matmul/x", mode="values", predict=False))
    shown.choose("by", "w")
    assert len(texts(shown)) == 96 and shown.value("preset") == "B-matmul/w"
    shown.widget().locator("select").first.select_option("D-toeplitz")
    shown.settle()
    assert len(texts(shown)) == 24
    shown.set_field("stride", "2")
    assert len(texts(shown)) == 12 and shown.value("preset") == ""
    shown.set_field("stride", "0")
    assert shown.banner() == "stride: expected a whole number from 1 to 8, got 0"
    shown.set_field("stride", "many")
    assert shown.banner() == "stride: expected a whole number from 1 to 8, got “many”"
    assert shown.field("stride").input_value() == "2"
    shown.field("stride").press("ArrowUp")
    assert shown.value("example")["stride"] == 3 and shown.banner() == ""


def test_a_change_forgets_the_marks(show):
    shown = show(JacobianView())
    cells(shown).nth(0).click()
    shown.type_into(shown.cell("x", 1), "5")
    assert shown.value("marks") == [] and shown.value("revealed") is False


def test_python_has_the_last_word(show):
    widget = JacobianView(mode="values", predict=False)
    shown = show(widget)
    shown.type_into(shown.cell("x", 1), "5")
    widget.set_state(shown.sent()[-1])
    answer = json.loads(json.dumps(widget.numbers))
    answer["J"][0][0] = 1234.0
    shown.tab.evaluate("(numbers) => widgets[0].receive({ numbers })", answer)
    assert texts(shown)[0] == "1230"
    shown.tab.evaluate("(numbers) => widgets[0].receive({ numbers })", {**answer, "revision": 0})
    assert texts(shown)[0] == "1"  # an answer to an older example is not used
    shown.tab.evaluate("() => widgets[0].receive({ problem: 'x: expected more' })")
    assert shown.banner() == "x: expected more"


def test_a_preset_is_chosen_without_a_kernel(show):
    shown = show(JacobianView())
    for name, preset in presets().items():
        shown.widget().locator("select").first.select_option(name)
        shown.settle()
        assert shown.value("example")["x"] == preset["example"]["x"] and shown.value("preset") == name
        assert len(texts(shown)) == JacobianView(preset=name).J.size


# the memory


@pytest.mark.row("B-jacmem")
def test_memory_on_sliders(show):
    shown = show(JacobianView(mode="memory"))
    bars = shown.widget().locator(".cw-bar-text")
    assert bars.all_inner_texts() == ["16 TiB", "256 GiB", "131 MiB"]
    text = shown.widget().locator(".cw-memory .cw-line")
    assert text.inner_text().startswith(
        "∂y/∂x would take 256 GiB and ∂y/∂w 16 TiB: 2,000 and 128,000 times the 131 MiB"
    )
    width = "(e) => e.getBoundingClientRect().width"
    before = shown.widget().locator(".cw-bar-fill").nth(1).evaluate(width)
    shown.widget().get_by_label("N, examples").focus()
    shown.press("ArrowLeft")
    shown.settle()
    assert bars.all_inner_texts() == ["8 TiB", "64 GiB", "129.5 MiB"]
    assert shown.widget().locator(".cw-bar-fill").nth(1).evaluate(width) < before
    shown.press("Home")
    shown.widget().get_by_label("D, inputs").focus()
    shown.press("End")
    shown.widget().get_by_label("M, outputs").focus()
    shown.press("End")
    shown.choose("numbers", "float64")
    assert shown.value("sizes") == {"n": 1, "d": 65536, "m": 65536, "itemsize": 8}
    widget = JacobianView()
    widget.set_state({"sizes": shown.sent()[-1]["sizes"]})
    assert widget.problem == "" and bars.all_inner_texts()[0] == bytes_text(widget.memory["dy_dw"])
    assert shown.widget().get_by_label("M, outputs").get_attribute("aria-valuetext") == "65536"


@pytest.mark.parametrize("width", [600, 1000])
@pytest.mark.parametrize("sizes", [{"n": 4096, "d": 65536, "m": 65536, "itemsize": 8}, {"n": 1, "d": 1, "m": 1}])
def test_bars_and_their_numbers_stay_inside(show, width, sizes):
    shown = show(JacobianView(mode="memory", **sizes))
    shown.tab.set_viewport_size({"width": width, "height": 800})
    shown.settle()
    room = shown.widget().bounding_box()
    for text in shown.widget().locator(".cw-bar-text").all():
        box = text.bounding_box()
        assert box["x"] >= room["x"] and box["x"] + box["width"] <= room["x"] + room["width"]


def test_frame_times(show, record_property):
    shown = show(JacobianView(preset="B-matmul/w", mode="product", predict=False))
    mouse, figures = shown.tab.mouse, {}
    for name, target in [("rows of a 12×8 product", cells(shown).first), ("memory slider", None)]:
        if target is None:
            mode(shown, "memory")
            target = shown.widget().get_by_label("D, inputs")
        box = target.bounding_box()
        mouse.move(box["x"] + 5, box["y"] + 5)
        mouse.down()
        shown.tab.evaluate("() => { frames_spent.length = 0; }")
        for part in np.linspace(0, 1, 40):
            mouse.move(
                box["x"] + 5 + (part * (box["width"] - 10) if name.startswith("m") else 0),
                box["y"] + 5 + part * (330 if name.startswith("r") else 0),
            )
        spent = shown.tab.evaluate("() => frames_spent")
        mouse.up()
        figures[name] = (round(statistics.median(spent), 2), round(max(spent), 2), len(spent))
    record_property("milliseconds a frame: median, largest, frames", json.dumps(figures))
    print("milliseconds a frame (median, largest, frames):", figures)
    assert all(median < 50 for median, _, _ in figures.values())
