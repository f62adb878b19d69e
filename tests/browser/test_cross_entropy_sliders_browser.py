"""CrossEntropySliders on a bare page, where no kernel answers: numbers, dragging, typing, predictions, for everybody."""

import json
import statistics

import numpy as np
import pytest
from test_filter_slide_parity import assert_same

from course_lib.widgets import CrossEntropySliders
from course_lib.widgets._assets import module_source
from course_lib.widgets._entropy_numbers import make_example, numbers, presets


def number(text):
    return float(text.replace("−", "-"))


class Page:
    """What a person sees of CrossEntropySliders."""

    def __init__(self, shown, i=0):
        self.shown, self.widget = shown, shown.widget(i)

    def row(self, k):
        return self.widget.locator("tbody tr").nth(k)

    def texts(self, what):
        self.shown.settle()
        return self.widget.locator(f".cw-{what} span").all_inner_texts()

    def slider(self, name):
        return self.widget.get_by_label(f"score of {name}", exact=True)

    def loss(self):
        self.shown.settle()
        return number(self.widget.locator(".cw-loss").inner_text().split("= ")[-1])

    def words(self):
        self.shown.settle()
        return self.widget.locator(".cw-words").inner_text()


@pytest.fixture
def open_widget(show):
    def opened(*arguments, i=0, **options):
        page_options = {name: options.pop(name) for name in ("dark", "reduced_motion") if name in options}
        return Page(show(CrossEntropySliders(*arguments, **options), **page_options), i)

    return opened


# numbers


@pytest.mark.row("A-ce5", "A-softmaxjac", "E-softmaxce")
def test_the_browsers_numbers_are_pythons(show):
    random = np.random.default_rng(3)
    examples = [preset["example"] for preset in presets().values()]
    for scale in (1, 10, 700, 1e6):
        for classes in (2, 5, 8):
            scores = np.clip(scale * random.normal(size=classes), -1e6, 1e6)
            examples.append(make_example(scores, int(random.integers(classes))))
    results = show().tab.evaluate(
        """async ([module, examples]) => {
          const { checkExample, computeNumbers } = await import(URL.createObjectURL(new Blob([module], { type: "text/javascript" })));
          return examples.map((e) => computeNumbers(checkExample(e)));
        }""",
        [module_source("entropy_numbers.js"), examples],
    )
    for i, (example, got) in enumerate(zip(examples, results)):
        assert_same(got, numbers(example), f"example {i}")


@pytest.mark.parametrize("name", list(presets()))
def test_every_preset_shows_pythons_numbers(open_widget, name):
    widget = CrossEntropySliders(preset=name)
    page = open_widget(preset=name)
    np.testing.assert_allclose([number(t) for t in page.texts("p")], widget.p, rtol=1e-3)
    np.testing.assert_allclose([number(t) for t in page.texts("grad")], widget.gradient, rtol=1e-3)
    assert all(t[0] in "+−" for t in page.texts("grad"))
    assert page.loss() == pytest.approx(widget.loss, rel=1e-3)


@pytest.mark.row("A-ce5")
def test_equal_scores(open_widget):
    page = open_widget(preset="A-ce5/uniform")
    assert page.texts("p") == ["0.2"] * 5 and page.texts("grad") == ["+0.2"] * 4 + ["−0.8"]
    assert page.widget.locator(".cw-loss").inner_text() == "L = −log p(bird) = −log 0.2 = 1.609"
    assert page.words() == "Raising the score of bird, the target, lowers the loss: p − 1 = −0.8."
    left, right = (
        page.row(4).locator(".cw-grad .cw-fill").bounding_box(),
        page.row(0).locator(".cw-grad .cw-fill").bounding_box(),
    )
    assert left["x"] < right["x"] - 30 and abs(left["width"] - 4 * right["width"]) < 2  # to the left: negative


@pytest.mark.row("A-ce5")
def test_scores_near_1000_show_the_shift(open_widget):
    page = open_widget(preset="A-ce5/shift")
    assert "e^1003 is more than the largest float64" in page.widget.locator(".cw-warn").inner_text()
    assert page.row(0).locator(".cw-number").all_inner_texts() == ["−3", "0.04979"]
    assert "Σ = 1.443" in page.widget.locator(".cw-foot").inner_text()
    page.widget.get_by_label("steps of softmax").uncheck()
    assert page.widget.locator(".cw-foot").count() == 0


# moving


def test_dragging_a_score_sends_nothing_until_it_rests(open_widget):
    page = open_widget(preset="A-ce5/uniform")
    before = page.loss()
    slider = page.slider("bird")
    box = slider.bounding_box()
    mouse = page.shown.tab.mouse
    mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    mouse.down()
    for part in (0.6, 0.7, 0.8):
        mouse.move(box["x"] + part * box["width"], box["y"] + box["height"] / 2)
    page.shown.settle()
    assert page.loss() < before and page.shown.sent() == []
    mouse.up()
    (message,) = page.shown.sent()
    assert message["preset"] == "" and 2 < message["example"]["scores"][4] < 4
    widget = CrossEntropySliders(preset="A-ce5/uniform")
    widget.set_state(message)
    assert widget.problem == "" and widget.loss == pytest.approx(page.loss(), rel=1e-3)


@pytest.mark.row("A-ce5")
def test_raising_the_target_or_lowering_another_lowers_the_loss(open_widget):
    page = open_widget(preset="A-ce5")
    for name, key in [("chair", "ArrowRight"), ("penguin", "ArrowLeft"), ("building", "PageDown"), ("bird", "Home")]:
        before = page.loss()
        page.slider(name).focus()
        page.shown.press(key)
        assert page.loss() < before, name
    scores = page.shown.value("example")["scores"]
    assert scores == [0.9, 1, 2.6, 0.5, -6]


def test_frame_times_of_a_drag(open_widget, record_property):
    page = open_widget(preset="A-ce5")
    box = page.slider("chair").bounding_box()
    spent = page.shown.drag(box, [(0.5 + 0.45 * np.sin(part), 0.5) for part in np.linspace(0, 12, 60)])
    figures = (round(statistics.median(spent), 2), round(max(spent), 2), len(spent))
    record_property("milliseconds a frame: median, largest, frames", json.dumps(figures))
    print("milliseconds a frame (median, largest, frames):", figures)
    assert figures[0] < 50


def test_steps_down_lower_the_loss(open_widget):
    page = open_widget(preset="A-ce5/wrong")
    losses = [page.loss()]
    page.widget.get_by_role("button", name="Step down").click()
    losses.append(page.loss())
    page.slider("bird").focus()
    for _ in range(4):
        page.shown.press("s")
        losses.append(page.loss())
    assert losses == sorted(losses, reverse=True) and losses[-1] < losses[0]
    page.widget.get_by_label("score of bird, as a number").focus()
    page.shown.press("s")
    assert page.loss() == losses[-1]  # typed into a field, it is a letter


def test_the_target_is_chosen(open_widget):
    page = open_widget(preset="A-ce5/uniform")
    page.widget.get_by_label("target: penguin").check()
    assert page.texts("grad") == ["−0.8"] + ["+0.2"] * 4
    page.shown.press("ArrowDown")  # the buttons are one group
    assert page.shown.value("example")["target"] == 1


# typing


def test_a_score_is_typed_and_the_slider_grows(open_widget):
    page = open_widget(preset="A-ce5/uniform")
    field = page.widget.get_by_label("score of chair, as a number")
    field.fill("12.5")
    field.press("Enter")
    example = page.shown.value("example")
    assert example["scores"][2] == 12.5 and (example["low"], example["high"]) == (-5, 12.5)
    field.press("ArrowUp")
    assert page.shown.value("example")["scores"][2] == 12.5  # the end of the slider
    field.fill("abc")
    field.press("Enter")
    assert page.shown.banner() == "score of chair: expected a number, got “abc”; the last one stays"
    assert field.input_value() == "12.5" and page.shown.value("example")["scores"][2] == 12.5
    field.fill("1")
    field.press("Enter")
    assert page.shown.banner() == ""


def test_python_has_the_last_word(open_widget):
    page = open_widget(preset="A-ce5")
    widget = CrossEntropySliders(preset="A-ce5")
    answer = json.loads(json.dumps(widget.numbers))
    answer["loss"] = 123.0
    page.shown.tab.evaluate("(numbers) => widgets[0].receive({ numbers })", answer)
    assert page.loss() == 123
    page.shown.tab.evaluate("() => widgets[0].receive({ problem: 'scores: expected less' })")
    assert page.shown.banner() == "scores: expected less"


def test_a_preset_is_chosen_without_a_kernel(open_widget):
    page = open_widget(preset="A-ce5")
    for name, preset in presets().items():
        page.widget.get_by_label("example").select_option(name)
        assert page.loss() == pytest.approx(CrossEntropySliders(preset=name).loss, rel=1e-3)
        assert {**page.shown.value("example"), "revision": 0} == preset["example"]
        assert page.shown.value("preset") == name


# predict first


@pytest.mark.row("A-ce5")
def test_predict_which_way_the_loss_moves(open_widget):
    page = open_widget(preset="A-ce5", predict=True)
    assert page.widget.locator(".cw-grad:visible").count() == 0 and page.slider("chair").is_disabled()
    assert page.words().startswith("When this class’s score rises a little: does the loss rise or fall?")
    page.widget.get_by_role("button", name="when the score of penguin rises, the loss rises").click()
    assert page.words() == "✓ Right. Raising the score of penguin raises the loss: p − 0 = +0.1118."
    assert page.slider("penguin").is_enabled() and page.widget.locator(".cw-grad:visible").count() == 1
    assert page.shown.tab.evaluate("() => document.activeElement.getAttribute('aria-label')") == "score of penguin"
    page.widget.get_by_role("button", name="when the score of chair rises, the loss rises").press("Enter")
    assert page.words() == "✗ No. Raising the score of chair, the target, lowers the loss: p − 1 = −0.4988."
    assert page.shown.value("guesses") == {
        "2:0": {"rises": True, "right": True},
        "2:2": {"rises": True, "right": False},
    }
    page.slider("penguin").focus()
    page.shown.press("ArrowRight")
    assert (
        page.widget.locator(".cw-grad:visible").count() == 2
    )  # the guesses stay: the sign depends on the target alone
    page.widget.get_by_label("target: bird").check()
    page.shown.settle()
    assert page.widget.locator(".cw-grad:visible").count() == 0
    widget = CrossEntropySliders(preset="A-ce5", predict=True)
    for message in page.shown.sent():
        widget.set_state(message)
    assert widget.problem == "" and len(widget.guesses) == 2


# several, the end, and everybody


def test_two_at_once(show):
    shown = show(CrossEntropySliders(preset="A-ce5"), CrossEntropySliders(preset="A-ce5"))
    Page(shown, 1).widget.get_by_label("target: bird").check()
    assert (shown.value("example", 0)["target"], shown.value("example", 1)["target"]) == (2, 4)
    names = shown.tab.evaluate("() => [...document.querySelectorAll('input[type=radio]')].map((e) => e.name)")
    assert len(set(names)) == 2


def test_closing_takes_everything_away(open_widget):
    shown = open_widget(preset="A-ce5").shown
    shown.tab.evaluate("() => { widgets[0].close(); }")
    assert shown.tab.locator(".cw").count() == 0
    assert shown.tab.evaluate("() => widgets[0].model.listeners.length") == 0
    shown.tab.evaluate("() => { widgets[0].show(); }")  # run again
    assert Page(shown).texts("p")[2] == "0.5012"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("preset", list(presets()))
def test_axe_finds_nothing(open_widget, preset, dark):
    page = open_widget(preset=preset, dark=dark)
    for predict in (False, True):
        for steps in (False, True):
            page.shown.tab.evaluate("(values) => widgets[0].receive(values)", {"predict": predict, "steps": steps})
            page.shown.settle()
            assert page.shown.axe() == [], (predict, steps)


def test_names_for_screen_readers(open_widget):
    page = open_widget(preset="A-ce5")
    page.slider("chair").focus()
    page.shown.press("ArrowRight")
    page.shown.tab.wait_for_timeout(900)
    assert page.widget.get_by_role("status").inner_text() == "chair 2.6, p 0.526; loss 0.6421"
    assert page.slider("chair").get_attribute("aria-valuetext") == "2.6, p 0.526"
    assert (
        page.widget.get_by_role("img").get_attribute("aria-label")
        == "the curve of −log p: at p 0.526 the loss is 0.6421"
    )


def test_narrow_pages_need_no_scrolling_sideways(open_widget):
    page = open_widget(preset="A-ce5/shift")
    page.shown.tab.set_viewport_size({"width": 600, "height": 800})
    page.shown.settle()
    assert page.shown.tab.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
