"""PoolRoutes on a bare page, where no kernel answers: numbers, routes, typing, predictions, for everybody."""

import json
import statistics

import numpy as np
import pytest
from test_filter_slide_parity import assert_same
from widget_page import shown_state

from course_lib.widgets import PoolRoutes
from course_lib.widgets._assets import module_source
from course_lib.widgets._pool_numbers import make_example, numbers, presets

VIEWS = [("forward", "scatter"), ("backward", "scatter"), ("backward", "gather")]


def random_examples(count=60):
    random = np.random.default_rng(7)
    while count:
        size = tuple(int(v) for v in random.integers(1, 5, 2))
        options = {"stride": tuple(int(v) for v in random.integers(1, 4, 2)), "pad": tuple(int(v) for v in random.integers(0, 3, 2)),
                   "kind": str(random.choice(["max", "average"])), "ties": str(random.choice(["first", "all"]))}  # fmt: skip
        image = random.integers(-2, 3, random.integers(2, 9, 2)).astype(float)  # few values: many ties
        try:
            example = make_example(image, size, **options)
        except ValueError:
            continue  # the window came out larger than the image, or the padding than the window
        yield {**example, "upstream": random.normal(size=np.shape(example["upstream"])).tolist()}
        count -= 1


def bold_routes(shown):
    """How many routes are drawn as those of this step."""
    shown.settle()
    return shown.widget().locator(".cw-route.cw-bold").count()


# numbers


@pytest.mark.row("A-poolback", "O-avgpool", "B-poolsize")
def test_the_browsers_numbers_are_pythons(show):
    examples = [*random_examples(), *(preset["example"] for preset in presets().values())]
    results = show().tab.evaluate(
        """async ([module, examples]) => {
          const { checkExample, computeNumbers } = await import(URL.createObjectURL(new Blob([module], { type: "text/javascript" })));
          return examples.map((e) => [checkExample({ ...e, upstream: null }).upstream, computeNumbers(checkExample(e))]);
        }""",
        [module_source("pool_numbers.js"), examples],
    )
    for i, (example, (pattern, got)) in enumerate(zip(examples, results)):
        expected = numbers(example)
        for name in ("routes", "equal"):  # lists of different lengths
            flat = [np.ravel(window).tolist() for window in expected.pop(name)]
            assert [np.ravel(window).tolist() for window in got.pop(name)] == flat, (i, name)
        assert_same(got, expected, f"example {i}")
        assert np.shape(pattern) == np.shape(example["upstream"])


@pytest.mark.parametrize("name", list(presets()))
def test_every_preset_in_every_view(show, name):
    widget = PoolRoutes(preset=name)
    shown = show(widget)
    for mode, view in VIEWS:
        shown.tab.evaluate("([mode, view]) => widgets[0].receive({ mode, view, step: 0, whole: true })", [mode, view])
        panel, result = ("output", widget.out) if mode == "forward" else ("dx", widget.dx)
        texts = shown.numbers(panel)
        np.testing.assert_allclose([float(t.replace("−", "-")) for t in texts], result.ravel(), rtol=1e-3, atol=1e-4)
        assert shown.banner() == ""


@pytest.mark.row("C-unpool")
def test_first_look(show):
    shown = show(PoolRoutes(preset="C-unpool", step=3))
    expected = ["0"] * 16
    for (row, column), value in {(0, 2): "0.5", (1, 0): "1.3", (2, 1): "0.4", (3, 2): "0.1"}.items():
        expected[4 * row + column] = value
    assert shown.numbers("dx") == expected
    assert shown.sum() == "∂L/∂out[1, 1] = 0.1 goes to ∂L/∂x[3, 2]"
    assert shown.panel("upstream").locator(".cw-note").all_inner_texts() == ["→ 1,0", "→ 0,2", "→ 2,1", "→ 3,2"]
    assert shown.panel("input").locator(".cw-winner").all_inner_texts()[-1] == "0.5\n→ 1,1"
    assert "rows: (4 + 2·0 − 2) / 2 + 1 = 2" in shown.widget().inner_text()


@pytest.mark.row("B-maxpool")
def test_the_window_slides_and_the_output_fills_in(show):
    shown = show(PoolRoutes(preset="B-maxpool"))
    assert shown.numbers("output") == ["6", "", "", ""]
    assert shown.sum() == "out[0, 0] = max(1, 1, 5, 6) = 6, from x[1, 1]"
    shown.press("Tab")
    shown.widget().get_by_role("button", name="Last").click()
    assert shown.numbers("output") == ["6", "8", "3", "4"]
    assert shown.panel("input").locator(".cw-winner").count() == 4
    assert shown.panel("input").locator(".cw-now").inner_text() == "4\n→ 1,1"


# the routes


@pytest.mark.row("A-poolback")
def test_a_route_leads_from_the_upstream_number_to_its_winner(show):
    shown = show(PoolRoutes(preset="C-unpool"))
    for step, (row, column) in enumerate([(1, 0), (0, 2), (2, 1), (3, 2)]):
        shown.cell("upstream", step).click()
        shown.settle()
        assert bold_routes(shown) == 1
        tip = shown.widget().locator(".cw-tip.cw-bold").bounding_box()
        goal = shown.cell("dx", 4 * row + column).bounding_box()
        assert goal["x"] < tip["x"] + tip["width"] / 2 < goal["x"] + goal["width"]
        assert goal["y"] < tip["y"] + tip["height"] / 2 < goal["y"] + goal["height"]


def test_routes_gather_where_windows_overlap(show):
    shown = show(PoolRoutes(preset="A-poolback", view="gather", step=18))
    assert bold_routes(shown) == 4
    assert shown.sum() == ("∂L/∂x[3, 3] = (−2) + 5 + 2 + (−1) = 4, from ∂L/∂out[1, 1], [1, 2], [2, 1], [2, 2]")
    shown.press("[")
    shown.cell("dx", 0).click()
    assert shown.sum() == "∂L/∂x[0, 0] = 0: it won no window" and bold_routes(shown) == 0


def test_sums_grow_as_windows_overlap(show):
    shown = show(PoolRoutes(preset="A-poolback"))
    sums = []
    for step in (0, 1, 3):
        shown.tab.evaluate("(step) => widgets[0].receive({ step })", step)
        shown.settle()
        sums.append(shown.cell("dx", 6).inner_text())
    assert sums == ["1", "3\n1+2", "6\n1+2+3"]


@pytest.mark.row("A-poolback")
def test_ties_go_to_the_first_or_to_all(show):
    shown = show(PoolRoutes(preset="A-poolback/ties"))
    assert bold_routes(shown) == 1 and shown.panel("input").locator(".cw-tied").count() == 3
    assert shown.sum() == "∂L/∂out[0, 0] = 2 goes to ∂L/∂x[0, 0], the first of 4 equal ones"
    shown.choose("ties", "all")
    assert bold_routes(shown) == 4 and shown.numbers("dx")[:2] == ["2", "2"]
    assert shown.sum().endswith("in full to each")


def test_routes_follow_the_maps_when_the_page_narrows(show):
    shown = show(PoolRoutes(preset="A-poolback"))
    for width in (600, 420):
        shown.tab.set_viewport_size({"width": width, "height": 900})
        shown.settle()
        shown.settle()
        tip = shown.widget().locator(".cw-tip.cw-bold").bounding_box()
        goal = shown.cell("dx", 6).bounding_box()
        assert abs(tip["x"] - goal["x"]) < 60 and abs(tip["y"] - goal["y"]) < 40
        assert shown.tab.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


# moving


def test_dragging_moves_the_window_and_sends_nothing_until_it_rests(show):
    shown = show(PoolRoutes(preset="A-poolback", mode="forward"))
    box = shown.panel("input").locator(".cw-map").bounding_box()
    mouse = shown.tab.mouse
    mouse.move(box["x"] + 5, box["y"] + 5)
    mouse.down()
    for part in np.linspace(0.1, 0.9, 9):
        mouse.move(box["x"] + part * box["width"], box["y"] + part * box["height"])
    assert shown.sum().startswith("out[2, 2] =") and shown.sent() == []
    mouse.up()
    assert shown.sent() == [{"step": 8}]


def test_frame_times_of_a_drag(show, record_property):
    shown = show(PoolRoutes(np.arange(144).reshape(12, 12) * 7 % 13, 3, stride=1, pad=1))
    figures = {}
    for mode, view, panel in [
        ("forward", "scatter", "input"),
        ("backward", "scatter", "upstream"),
        ("backward", "gather", "dx"),
    ]:
        shown.tab.evaluate("([mode, view]) => widgets[0].receive({ mode, view, step: 0 })", [mode, view])
        shown.settle()
        shown.widget().locator(f".cw-panel-{panel}").scroll_into_view_if_needed()
        box = shown.panel(panel).locator(".cw-map").bounding_box()
        spent = shown.drag(box, [(0.02 + 0.96 * part, abs(np.sin(9 * part))) for part in np.linspace(0, 0.99, 40)])
        figures[f"{mode}, {view}"] = (round(statistics.median(spent), 2), round(max(spent), 2), len(spent))
    record_property("milliseconds a frame: median, largest, frames", json.dumps(figures))
    print("milliseconds a frame (median, largest, frames):", figures)
    assert all(median < 50 for median, _, _ in figures.values())


def test_keys_move_step_and_play(show):
    shown = show(PoolRoutes(preset="A-poolback"))
    shown.cell("upstream", 0).focus()
    shown.press("ArrowRight", "ArrowDown")
    assert shown.sum().startswith("∂L/∂out[1, 1]")
    shown.press("End", "]")
    assert shown.sum().startswith("∂L/∂out[2, 0]")
    shown.press("Control+Home", "Space")
    shown.tab.wait_for_function("() => widgets[0].model.get('step') >= 1", timeout=5000)
    shown.press("Space")
    step = shown.value("step")
    shown.tab.wait_for_timeout(1300)
    assert shown.value("step") == step
    for name, goal in [("Last", 8), ("Back", 7), ("First", 0), ("Next", 1)]:
        shown.widget().get_by_role("button", name=name).click()
        assert shown.value("step") == goal


def test_a_gradient_travels_unless_motion_is_reduced(show):
    for motion, chips in ("no-preference", 1), ("reduce", 0):
        shown = show(PoolRoutes(preset="C-unpool"), reduced_motion=motion)
        shown.press("Tab")
        shown.widget().get_by_role("button", name="Next").click()
        shown.settle()
        assert shown.widget().locator(".cw-chip").count() == chips
        shown.tab.wait_for_timeout(900)
        assert shown.widget().locator(".cw-chip").count() == 0


# typing


def test_a_number_is_typed_and_the_browser_computes(show):
    widget = PoolRoutes(preset="C-unpool")
    shown = show(widget)
    shown.type_into(shown.cell("input", 0), "9")
    assert shown.sum() == "∂L/∂out[0, 0] = 1.3 goes to ∂L/∂x[0, 0]"
    shown.type_into(shown.cell("upstream", 1), "-1/2")
    assert shown.value("example")["upstream"] == [[1.3, -0.5], [0.4, 0.1]]
    assert shown.tab.evaluate("() => document.activeElement.textContent") == "−0.5→ 0,2"  # the keyboard stays
    assert shown.value("step") == 1
    widget.set_state(shown.sent()[-1])
    assert widget.problem == "" and widget.example["revision"] == 2
    answer = json.loads(json.dumps(widget.numbers))
    answer["dx"][0][0] = 1234.0
    shown.tab.evaluate("(numbers) => widgets[0].receive({ numbers, step: 3 })", answer)  # Python has the last word
    shown.tab.evaluate("() => widgets[0].receive({ view: 'gather' })")
    assert shown.numbers("dx")[0] == "1234"


@pytest.mark.parametrize(
    "label, text, message",
    [
        ("window", "x", "size: expected one whole number, or two for rows and columns, got “x”"),
        (
            "window",
            "5",
            "size: larger than the padded input along its rows: it covers 5, and the input has 4 + 2·0 = 4",
        ),
        ("stride", "0", "stride: expected whole numbers from 1 to 6, got 0, 0"),
        ("pad", "2", "pad: expected less than the window, 2×2, so that each window sees the image, got 2, 2"),
        ("image", "13×4", "image: the widget shows at most 12 rows and columns, got 13"),
        ("image", "4", "image: expected rows × columns, got “4”"),
    ],
)
def test_refused_settings_are_told_and_the_last_good_state_stays(show, label, text, message):
    shown = show(PoolRoutes(preset="B-maxpool"))
    before = shown.value("example")
    shown.set_field(label, text)
    assert shown.banner() == message
    assert shown.value("example") == before and shown.sent() == []
    shown.set_field("window", "3, 2")
    assert shown.banner() == "" and shown.value("example")["size"] == [3, 2]


def test_what_is_no_number_is_refused_with_its_place(show):
    shown = show(PoolRoutes(preset="B-maxpool"))
    shown.type_into(shown.cell("input", 6), "1e99")
    assert shown.banner() == "image[1, 2]: expected a number, got “1e99”; the last number stays"
    shown.tab.evaluate("() => widgets[0].receive({ problem: 'size: expected less' })")
    assert shown.banner() == "size: expected less"


def test_settings_change_kind_and_sizes(show):
    shown = show(PoolRoutes(preset="B-maxpool"))
    shown.choose("kind", "average")
    assert shown.sum() == "out[0, 0] = (1 + 1 + 5 + 6) / 4 = 3.25"
    for label, text in [("image", "5×6"), ("window", "3"), ("stride", "1, 2"), ("pad", "1")]:
        shown.set_field(label, text)
        assert shown.banner() == ""
    example = shown.value("example")
    widget = PoolRoutes(preset="B-maxpool")
    widget.set_state({"example": example})
    assert widget.problem == "" and widget.out.shape == np.shape(example["upstream"]) == (5, 3)
    shown.field("stride").focus()
    shown.press("ArrowUp")
    assert shown.value("example")["stride"] == [2, 3]


def test_a_preset_is_chosen_without_a_kernel(show):
    shown = show(PoolRoutes(preset="C-unpool"))
    for name, preset in presets().items():
        shown.widget().get_by_label("example").select_option(name)
        shown.settle()
        assert {**shown.value("example"), "revision": 0} == preset["example"]
        assert (shown.value("mode"), shown.value("preset")) == (preset["mode"], name)


# predict first


def test_predict_the_output(show):
    shown = show(PoolRoutes(preset="B-maxpool", predict=True))
    assert shown.numbers("output") == ["?"] * 4 and shown.sum().endswith("= ?")
    assert shown.panel("input").locator(".cw-winner").count() == 0
    shown.type_into(shown.cell("output", 0), "5")
    assert shown.numbers("output")[0] == "✗ 5" and "✗ Wrong: 5 is too small" in shown.widget().inner_text()
    shown.type_into(shown.cell("output", 0), "6")
    assert shown.numbers("output")[0] == "6" and "✓ Right: 6." in shown.widget().inner_text()
    assert shown.panel("input").locator(".cw-winner").count() == 1
    shown.press("]")
    shown.widget().get_by_role("button", name="Show it").click()
    assert shown.numbers("output") == ["6", "8", "?", "?"]
    assert shown.value("guesses") == {
        "forward:0": {"typed": 6, "right": True, "shown": False},
        "forward:1": {"shown": True},
    }
    shown.type_into(shown.cell("output", 2), "three")
    assert shown.banner() == ""  # a letter is no number: no field opens
    shown.cell("output", 2).dblclick()
    shown.tab.keyboard.type("3o")
    shown.press("Enter")
    assert shown.banner() == "out[1, 0]: expected a number, got “3o”"


def test_predict_where_a_gradient_goes(show):
    shown = show(PoolRoutes(preset="A-poolback"))
    shown.widget().get_by_label("predict first").check()
    assert shown.value("view") == "gather" and shown.numbers("dx") == ["?"] * 25
    assert shown.widget().get_by_role("radio", name="scatter").is_disabled()
    assert shown.widget().locator(".cw-route").count() == 0
    assert shown.panel("input").locator(".cw-winner").count() == 0
    shown.type_into(shown.cell("dx", 6), "6")
    assert shown.numbers("dx")[6] == "6" and shown.widget().locator(".cw-route").count() == 3
    shown.type_into(shown.cell("dx", 7), "0")
    assert shown.numbers("dx")[7] == "0" and "✓ Right: 0." in shown.widget().inner_text()
    widget = PoolRoutes(preset="A-poolback")
    widget.set_state({**shown.sent()[-1], "predict": True, "view": "gather"})
    assert shown_state(widget)["guesses"]["backward:6"]["right"]


# several, the end, and everybody


def test_two_at_once_and_two_views_of_one(show):
    shown = show(PoolRoutes(preset="C-unpool"), PoolRoutes(preset="E-seesaw"))
    shown.cell("upstream", 0, i=1).focus()
    shown.press("ArrowRight")
    assert (shown.value("step", 0), shown.value("step", 1)) == (0, 1)
    shown.choose("mode", "forward", i=0)
    assert (shown.value("mode", 0), shown.value("mode", 1)) == ("forward", "backward")
    shown.tab.evaluate("() => widgets[0].show()")  # its element goes to the end of the page
    assert shown.widget(0).count() == 1 and shown.widget(1).count() == 2
    shown.widget(1).nth(1).get_by_role("button", name="Last").click()
    shown.settle()
    assert shown.widget(1).locator(".cw-count").all_inner_texts() == ["step 4 of 4"] * 2


def test_closing_takes_everything_away(show):
    shown = show(PoolRoutes(preset="C-unpool"))
    shown.widget().get_by_role("button", name="Play").click()
    shown.tab.evaluate("() => { widgets[0].close(); frames_spent.length = 0; }")
    shown.tab.wait_for_timeout(1200)
    assert shown.tab.locator(".cw").count() == 0
    assert shown.tab.evaluate("() => [widgets[0].model.listeners.length, frames_spent.length]") == [0, 0]
    shown.tab.evaluate("() => { widgets[0].show(); }")  # run again
    assert shown.numbers("dx")[4] == "1.3"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("preset", ["C-unpool", "A-poolback/ties", "A-poolback/padded", "E-seesaw", "O-avgpool"])
def test_axe_finds_nothing(show, preset, dark):
    shown = show(PoolRoutes(preset=preset), dark=dark)
    for mode, view in VIEWS:
        for predict in (False, True):
            values = {"mode": mode, "view": view, "predict": predict, "step": 0}
            shown.tab.evaluate("(values) => widgets[0].receive(values)", values)
            shown.settle()
            assert shown.axe() == [], (mode, view, predict)


def test_steps_are_announced_once_they_rest(show):
    shown = show(PoolRoutes(preset="C-unpool"))
    shown.cell("upstream", 0).focus()
    shown.press("]", "]")
    status = shown.widget().get_by_role("status")
    shown.tab.wait_for_timeout(900)
    assert status.inner_text() == "∂L/∂out[1, 0] = 0.4 goes to ∂L/∂x[2, 1]; step 3 of 4"
    grids = [grid.get_attribute("aria-label") for grid in shown.widget().get_by_role("grid").all()]
    assert grids == ["input x", "upstream ∂L/∂out"] and shown.widget().get_by_role("table").count() == 1
