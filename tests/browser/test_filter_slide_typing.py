"""FilterSlide on a bare page, where no kernel answers: numbers, settings and guesses that are typed."""

import json

import numpy as np
import pytest
from widget_page import shown_state

from course_lib.widgets import FilterSlide
from course_lib.widgets._filter_presets import presets

# changing numbers


@pytest.mark.row("C-conv2d")
def test_a_number_is_typed_and_the_browser_computes(show):
    shown = show(FilterSlide(preset="C-conv2d"))
    shown.type_into(shown.cell("right", 0), "-2")
    assert shown.value("example")["kernel"][0][0][0] == [-2, 1, 2]
    assert shown.sum().endswith("= 6")
    (message,) = shown.sent()
    assert message["example"]["revision"] == 1 and message["preset"] == ""
    assert FilterSlide(message["example"]["image"], message["example"]["kernel"]).out[0, 0, 0] == 6
    shown.cell("left", 0).dblclick()
    shown.press("Control+a")
    shown.tab.keyboard.type("1/2")
    shown.press("Enter")
    assert shown.value("example")["image"][0][0][0] == 0.5
    shown.cell("left", 1).focus()
    shown.press("9", "Escape")
    assert shown.value("example")["image"][0][0][1] == 3


def test_python_has_the_last_word(show):
    widget = FilterSlide(preset="C-conv2d")
    shown = show(widget)
    shown.type_into(shown.cell("right", 0), "5")
    widget.set_state(shown.sent()[-1])
    answer = json.loads(json.dumps(widget.numbers))
    answer["out"][0][0][0] = 1234.0
    shown.tab.evaluate("(numbers) => widgets[0].receive({ numbers })", answer)
    assert shown.numbers("result")[0] == "1234"
    stale = {**answer, "revision": 0}
    shown.tab.evaluate("(numbers) => widgets[0].receive({ numbers })", stale)
    assert shown.numbers("result")[0] == "27"  # an answer to an older example is not used
    widget.change(stride=2)
    shown.tab.evaluate(
        "(state) => widgets[0].receive(state)",
        {k: v for k, v in shown_state(widget).items() if k in ("example", "numbers", "preset")},
    )
    assert len(shown.numbers("result")) == 4


@pytest.mark.parametrize(
    "label, text, message",
    [
        ("stride", "x", "stride: expected one whole number, or two for rows and columns, got “x”"),
        ("stride", "0", "stride: expected whole numbers from 1 to 8, got 0, 0"),
        ("pad", "99", "pad: expected whole numbers from 0 to 8, got 99, 99"),
        (
            "dilation",
            "3",
            "kernel: larger than the padded image along its rows: it covers 7, and the image has 5 + 2·0 = 5",
        ),
        (
            "kernel",
            "6×2",
            "kernel: larger than the padded image along its rows: it covers 6, and the image has 5 + 2·0 = 5",
        ),
        ("image", "65×5", "image: expected a whole number from 1 to 64, got “65”"),
        ("channels", "5", "the widget shows at most 4 channels and filters, got 5"),
        ("groups", "2", "groups: expected a divisor of both 1 channels and 1 filters, got 2"),
    ],
)
def test_refused_settings_are_told_and_the_last_good_state_stays(show, label, text, message):
    shown = show(FilterSlide(preset="C-conv2d"))
    before = shown.value("example")
    shown.widget().locator("summary").click()
    shown.set_field(label, text)
    assert shown.banner() == message
    assert shown.value("example") == before and shown.sent() == []
    assert shown.field(label).input_value() == {"image": "5×5", "kernel": "3×3", "pad": "0"}.get(label, "1")
    shown.set_field("pad", "1")
    assert shown.banner() == "" and shown.value("example")["pad"] == [1, 1]


@pytest.mark.parametrize("text", ["abc", "1e99", "NaN", "-", ".", "1/0"])
def test_what_is_no_number_is_refused_with_its_place(show, text):
    shown = show(FilterSlide(preset="C-conv2d"))
    shown.cell("left", 7).focus()
    shown.press("Enter")
    shown.tab.keyboard.type(text)
    shown.press("Enter")
    assert shown.banner() == f"image[0, 1, 2]: expected a number, got “{text}”; the last number stays"
    assert shown.numbers("left")[7] == "1"
    assert shown.tab.get_by_role("alert").is_visible()


def test_a_problem_that_python_found_is_shown(show):
    shown = show(FilterSlide(preset="C-conv2d"))
    shown.tab.evaluate("() => widgets[0].receive({ problem: 'stride: expected more' })")
    assert shown.banner() == "stride: expected more"
    shown.tab.evaluate("() => widgets[0].receive({ problem: '' })")
    assert shown.banner() == ""


def test_sizes_grow_and_shrink(show):
    shown = show(FilterSlide(preset="C-conv2d"))
    shown.widget().locator("summary").click()
    for label, text in [
        ("image", "4×6"),
        ("channels", "2"),
        ("filters", "2"),
        ("groups", "2"),
        ("kernel", "2×3"),
        ("stride", "1, 3"),
        ("dilation", "2, 1"),
    ]:
        shown.set_field(label, text)
        assert shown.banner() == ""
    example = shown.value("example")
    assert np.shape(example["image"]) == (2, 4, 6) and np.shape(example["kernel"]) == (2, 1, 2, 3)
    assert np.shape(example["upstream"]) == (2, 2, 2)
    widget = FilterSlide(preset="C-conv2d")
    widget.set_state({"example": example})
    assert widget.problem == ""
    shown.set_field("channels", "3")
    assert shown.value("example")["groups"] == 1


def test_stride_by_the_arrow_keys(show):
    shown = show(FilterSlide(preset="C-conv2d"))
    shown.field("stride").focus()
    shown.press("ArrowUp")
    assert shown.value("example")["stride"] == [2, 2]
    shown.press("ArrowDown", "ArrowDown")
    assert shown.value("example")["stride"] == [1, 1]


def test_a_preset_is_chosen_without_a_kernel(show):
    shown = show(FilterSlide(preset="C-conv2d"))
    for name, preset in presets().items():
        shown.widget().get_by_label("example").select_option(name)
        shown.settle()
        example = shown.value("example")
        for entry in ("image", "kernel", "upstream", "stride", "groups", "operation"):
            assert example[entry] == preset["example"][entry], (name, entry)
        assert (shown.value("mode"), shown.value("preset")) == (preset["mode"], name)


# predict first


def test_predict_first(show):
    shown = show(FilterSlide(preset="C-conv2d", predict=True))
    assert shown.numbers("result") == ["?"] * 9 and shown.numbers("products") == ["?"] * 9
    assert shown.sum().endswith("= ?") and "Work it out" in shown.widget().inner_text()
    shown.type_into(shown.cell("result", 0), "11")
    assert shown.numbers("result")[0] == "✗ 11"
    assert "✗ Wrong: 11 is too small" in shown.widget().inner_text()
    shown.type_into(shown.cell("result", 0), "12")
    assert shown.numbers("result")[0] == "12" and "✓ Right: 12." in shown.widget().inner_text()
    shown.press("]")
    assert shown.sum().endswith("= ?")
    shown.widget().get_by_role("button", name="Show it").click()
    assert shown.numbers("result")[:3] == ["12", "12", "?"]
    assert shown.value("guesses") == {
        "forward:0": {"typed": 12, "right": True, "shown": False},
        "forward:1": {"shown": True},
    }
    assert "guesses" in shown.sent()[-1]
    shown.type_into(shown.cell("result", 2), "1o")
    assert shown.banner() == "out[0, 2]: expected a number, got “1o”"
    widget = FilterSlide(preset="C-conv2d", predict=True)
    widget.guesses = shown.value("guesses")
    assert shown_state(widget)["guesses"]["forward:0"]["right"]


def test_predicting_a_gradient_asks_for_whole_sums(show):
    shown = show(FilterSlide(preset="C-stride2"))
    assert shown.value("view") == "scatter"
    shown.widget().get_by_label("predict first").check()
    assert shown.value("view") == "gather" and shown.numbers("result") == ["?"] * 9
    assert shown.widget().get_by_role("radio", name="scatter").is_disabled()
    shown.type_into(shown.cell("result", 0), "13")
    assert shown.numbers("result")[0] == "13"
    shown.widget().get_by_role("button", name="Play").click()
    shown.tab.wait_for_timeout(1500)
    assert shown.value("step") == 1  # playing waits at what is still hidden


def test_the_keyboard_stays_in_the_cell_that_was_typed_into(show):
    widget = FilterSlide(preset="C-conv2d")
    shown = show(widget)
    shown.type_into(shown.cell("right", 4), "7")
    here = "() => document.activeElement === document.querySelectorAll('.cw-panel-right .cw-cell')[4]"
    assert shown.tab.evaluate(here)
    widget.set_state(shown.sent()[-1])
    shown.tab.evaluate("(numbers) => widgets[0].receive({ numbers })", json.loads(json.dumps(widget.numbers)))
    shown.settle()
    assert shown.tab.evaluate(here)
    shown.press("ArrowRight", "Enter", "Control+a")
    shown.tab.keyboard.type("-3")
    shown.press("Enter")
    assert shown.value("example")["kernel"][0][0][1] == [2, 7, -3]
