"""ReceptiveField on a bare page, where no kernel answers: numbers, what is seen, changing the stack, for everybody."""

import json
import statistics

import numpy as np
import pytest
from test_filter_slide_parity import assert_same

from course_lib.models import Convolution, MaxPool
from course_lib.widgets import ReceptiveField
from course_lib.widgets._assets import module_source
from course_lib.widgets._field_numbers import conv, make_example, numbers, pool, presets
from course_lib.widgets.receptive_field import seen


def random_examples(count=60):
    random = np.random.default_rng(11)
    while count:
        channels, layers = int(random.integers(1, 5)), []
        for _ in range(int(random.integers(1, 6))):
            size, stride, pad, dilation, groups = (int(v) for v in random.integers([1, 1, 0, 1, 1], [6, 9, 3, 4, 3]))
            if random.random() < 0.3:
                layers.append(pool(size, stride=stride, pad=min(pad, size - 1)))
            else:
                layers.append(
                    conv(
                        groups * int(random.integers(1, 9)),
                        size,
                        stride=stride,
                        pad=pad,
                        dilation=dilation,
                        groups=groups,
                    )
                )
        shape = (channels, *[int(random.integers(8, 100))] * int(random.integers(1, 3)))
        try:
            yield make_example(layers, shape, compare=layers[:1])
        except ValueError:
            continue  # a window came out larger than what it gets, or groups that do not divide
        count -= 1


def words(shown):
    shown.settle()
    return shown.widget().locator(".cw-words").inner_text()


def table(shown):
    shown.settle()
    rows = shown.widget().locator("tbody tr")
    return [row.locator("th, td").all_inner_texts() for row in rows.all()]


def radio(shown, i):
    return shown.widget().locator("tbody input[type=radio]").nth(i)


# numbers


@pytest.mark.row("B-brain", "B-outsize", "B-options", "C-alexnet")
def test_the_browsers_numbers_are_pythons(show):
    examples = [*random_examples(), *(preset["example"] for preset in presets().values())]
    results = show().tab.evaluate(
        """async ([module, examples]) => {
          const { checkExample, computeNumbers, seenLevels } = await import(URL.createObjectURL(new Blob([module], { type: "text/javascript" })));
          return examples.map((e) => {
            const found = computeNumbers(checkExample(e));
            const layer = e.layers.length - 1;
            const middle = Math.floor((found.total.shape[1] - 1) / 2);
            return [found, [0, middle].map((at) => seenLevels(e, layer, at).map((level) => [...level]))];
          });
        }""",
        [module_source("field_numbers.js"), examples],
    )
    assert sum(row["message"] != "" for got, _ in results for row in got["rows"]) > 20  # sizes that do not fit
    for i, (example, (got, levels)) in enumerate(zip(examples, results)):
        expected = json.loads(json.dumps(numbers(example)))
        for row, other in zip([*expected["rows"], expected], [*got["rows"], got]):
            assert row.pop("message", "") == other.pop("message", "")
            assert row.pop("name", "") == other.pop("name", "")
        assert_same(got.pop("rows"), expected.pop("rows"), f"rows of example {i}")
        assert_same(got, expected, f"example {i}")
        last, side = len(example["layers"]) - 1, expected["total"]["shape"][1]
        for at, level in zip([0, (side - 1) // 2], levels):
            assert level == json.loads(json.dumps(seen(example, last, at))), i


@pytest.mark.parametrize("name", list(presets()))
def test_every_preset_shows_pythons_numbers(show, name):
    widget = ReceptiveField(preset=name)
    shown = show(widget)
    rows = table(shown)
    for row, shown_row in zip(widget.rows, rows):
        assert shown_row[0].split()[0] == row["name"]
        assert shown_row[1].removesuffix(" ⚠").split("×")[:2] == [str(n) for n in row["shape"]]
        assert shown_row[2:] == [
            str(row["field"]),
            str(row["jump"]),
            f"{row['weights'] + row['biases']:,}",
            f"{row['multiply_adds']:,}",
        ]
    total = rows[len(widget.rows)]
    assert total[4:] == [f"{widget.total['parameters']:,}", f"{widget.total['multiply_adds']:,}"]
    assert shown.widget().locator(".cw-seen").count() == sum(len(level) for level in widget.sees())


@pytest.mark.row("B-brain")
def test_two_3x3_beside_one_5x5(show):
    shown = show(ReceptiveField(preset="B-brain"))
    rows = table(shown)
    assert rows[2][2] == rows[3][2] == "5" and (rows[2][4], rows[3][4]) == ("73,856", "102,464")
    assert rows[4] == ["all layers / compared", "", "", "", "× 0.721", "× 0.85"]
    assert words(shown) == "conv2[5] sees input 5 to 9: a square of 5×5"
    assert "parameters: 3·3·64·64 weights + 64 biases = 36,864 + 64" in shown.widget().inner_text()
    assert shown.widget().locator(".cw-ways").all_text_contents() == ["1", "2", "3", "2", "1", "1", "1", "1"]


@pytest.mark.row("D-lenet", "B-outsize")
def test_what_does_not_fit_says_so_with_its_remainder(show):
    shown = show(ReceptiveField(preset="D-lenet"))
    (message,) = shown.widget().locator(".cw-messages p").all_inner_texts()
    assert message == (
        "pool2, stride: a filter of extent 2 with stride 2 does not fit n = 13 with pad 0: (13 + 2·0 - 2)/2 + 1 = 6.50. "
        "These would fit: stride 1 or 11; n = 12 or 14. Rounded down: the last position is read by no window."
    )
    assert "→ 6, remainder 1" in shown.widget().inner_text()
    assert shown.widget().locator(".cw-unread[d^=M]").count() == 1


# moving


def test_keys_choose_the_output_and_its_layer(show):
    shown = show(ReceptiveField(preset="D-lenet"))
    picture = shown.widget().get_by_role("application")
    picture.focus()
    shown.press("Home")
    assert words(shown) == "pool2[0] sees input 0 to 9: a square of 10×10"
    shown.press("ArrowRight")
    assert words(shown).startswith("pool2[1] sees input 4 to 13")
    shown.press("ArrowDown")
    assert words(shown).startswith("conv2[3] sees input 6 to 13")  # the output over the same place, or beside it
    shown.press("End")
    assert words(shown) == "conv2[12] sees input 24 to 31: a square of 8×8"
    assert (shown.value("layer"), shown.value("position")) == (2, 12)
    shown.press("ArrowUp", "ArrowUp")
    assert shown.value("layer") == 3
    assert picture.get_attribute("aria-label").startswith("section through the layers; pool2[5] sees input 20 to 29")
    shown.widget().get_by_label("position of the output").focus()
    shown.press("ArrowLeft")
    assert shown.value("position") == 4 and shown.sent()[-1] == {"position": 4}
    radio(shown, 0).check()
    assert words(shown).startswith("conv1[")


def test_dragging_sends_nothing_until_it_rests(show):
    shown = show(ReceptiveField(preset="B-options"))
    box = shown.widget().locator(".cw-section svg").bounding_box()
    mouse = shown.tab.mouse
    mouse.move(box["x"] + 500, box["y"] + 14)
    mouse.down()
    for x in (520, 560, 600, 900):
        mouse.move(box["x"] + x, box["y"] + 14)
    assert words(shown) == "conv4[9] sees input 9 to 39" and shown.sent() == []
    mouse.up()
    assert shown.sent() == [{"position": 9}]


def test_frame_times_of_a_drag(show, record_property):
    figures = {}
    for name in ("C-alexnet", "B-options", "D-lenet"):
        shown = show(ReceptiveField(preset=name))
        box = shown.widget().locator(".cw-section svg").bounding_box()
        spent = shown.drag(
            box, [(0.55 + 0.4 * np.sin(part), 0.05 + 0.9 * abs(np.cos(part / 3))) for part in np.linspace(0, 9, 50)]
        )
        figures[name] = (round(statistics.median(spent), 2), round(max(spent), 2), len(spent))
    record_property("milliseconds a frame: median, largest, frames", json.dumps(figures))
    print("milliseconds a frame (median, largest, frames):", figures)
    assert all(median < 50 for median, _, _ in figures.values())


# changing the stack


def test_layers_are_added_moved_and_removed(show):
    widget = ReceptiveField([Convolution(4, 3)], (2, 20, 20))
    shown = show(widget)
    button = lambda name: shown.widget().get_by_role("button", name=name, exact=True)  # noqa: E731
    button("Add pool").click()
    assert [row[0].split()[0] for row in table(shown)] == ["conv1", "pool1", "all"]
    assert (shown.value("layer"), button("Later").is_disabled()) == (1, True)
    button("Earlier").click()
    assert [row[0].split()[0] for row in table(shown)][:2] == ["pool1", "conv1"]
    radio(shown, 1).check()
    shown.press("Shift+ArrowUp")
    assert [row[0].split()[0] for row in table(shown)][:2] == ["conv1", "pool1"]
    assert shown.tab.evaluate("() => document.activeElement.getAttribute('aria-label')") == "conv1: conv 3×3, 4 filters"
    button("Add conv").click()
    assert table(shown)[1][0].split() == ["conv2", "3×3,", "4", "filters"]  # as many filters as before
    radio(shown, 1).focus()
    shown.press("Delete")
    assert len(table(shown)) == 3
    for message in shown.sent():
        widget.set_state(message)
    assert widget.problem == "" and [layer["kind"] for layer in widget.example["layers"]] == ["conv", "pool"]
    shown.press("Delete", "Delete")
    assert shown.banner() == "this is the only layer: add another one first"


def test_options_of_the_picked_layer(show):
    shown = show(ReceptiveField(preset="B-shrink"))
    shown.set_field("pad", "2")
    assert table(shown)[1][1] == "10×28×28"
    shown.field("stride").focus()
    shown.press("ArrowUp")
    assert shown.value("example")["layers"][1]["stride"] == 2
    shown.choose("layer", "pool")
    assert not shown.field("filters").is_visible() and table(shown)[1][0].startswith("pool1")
    shown.set_field("channels", "1")
    shown.set_field("side", "20")
    shown.choose("input", "signal")
    assert shown.value("example")["input"] == [1, 20] and table(shown)[0][1] == "6×16"


@pytest.mark.parametrize(
    "label, text, message",
    [
        ("size", "x", "size: expected a whole number, got “x”"),
        ("size", "31", "layer 2: its window covers 31, and what it gets has 28 + 2·0 = 28; choose a smaller size or dilation, or more padding"),
        ("stride", "9", "layer 2, stride: expected a whole number from 1 to 8, got 9"),
        ("groups", "4", "layer 2, groups: expected a divisor of both 6 channels and 10 filters, got 4"),
        ("side", "4", "layer 1: its window covers 5, and what it gets has 4 + 2·0 = 4; choose a smaller size or dilation, or more padding"),
        ("side", "300", "input side: expected a whole number from 1 to 256, got 300"),
    ],
)  # fmt: skip
def test_refused_settings_are_told_and_the_last_good_state_stays(show, label, text, message):
    shown = show(ReceptiveField(preset="B-shrink"))
    before, value = shown.value("example"), shown.field(label).input_value()
    shown.set_field(label, text)
    assert shown.banner() == message
    assert shown.value("example") == before and shown.field(label).input_value() == value
    shown.set_field("pad", "1")
    assert shown.banner() == ""


def test_a_layer_too_many(show):
    shown = show(ReceptiveField([Convolution(1, 1)] * 12, (1, 9, 9)))
    shown.widget().get_by_role("button", name="Add pool").click()
    assert shown.banner() == "the widget shows at most 12 layers: remove one first"


@pytest.mark.row("B-brain")
def test_a_stack_is_kept_swapped_and_dropped(show):
    widget = ReceptiveField([Convolution(64, 5)], (64, 16, 16))
    shown = show(widget)
    button = lambda name: shown.widget().get_by_role("button", name=name, exact=True)  # noqa: E731
    button("Keep to compare").click()
    shown.set_field("size", "3")
    button("Add conv").click()
    rows = table(shown)
    assert rows[3][0] == "compared with: conv 5×5, 64 filters" and rows[4][4] == "× 0.721"
    button("Swap").click()
    assert len(table(shown)) == 4 and table(shown)[3][4] == "× 1.39"
    button("Drop").click()
    assert len(table(shown)) == 2 and not button("Swap").is_visible()
    for message in shown.sent():
        widget.set_state(message)
        assert widget.problem == ""


def test_a_preset_is_chosen_without_a_kernel(show):
    shown = show(ReceptiveField(preset="B-shrink"))
    for name, preset in presets().items():
        shown.widget().get_by_label("example").select_option(name)
        shown.settle()
        assert {**shown.value("example"), "revision": 0} == preset["example"]
        assert [shown.value(n) for n in ("layer", "position", "preset")] == [preset["layer"], preset["position"], name]


def test_python_has_the_last_word(show):
    widget = ReceptiveField([Convolution(4, 3), MaxPool(2)], (1, 12, 12))
    shown = show(widget)
    answer = json.loads(json.dumps(widget.numbers))
    answer["total"]["parameters"] = 4321
    shown.tab.evaluate("(numbers) => widgets[0].receive({ numbers })", answer)
    assert table(shown)[2][4] == "4,321"
    shown.tab.evaluate("() => widgets[0].receive({ problem: 'layers: expected fewer' })")
    assert shown.banner() == "layers: expected fewer"


# several, the end, and everybody


def test_two_at_once(show):
    shown = show(ReceptiveField(preset="B-shrink"), ReceptiveField(preset="B-shrink"))
    shown.widget(1).locator("tbody input[type=radio]").nth(0).check()
    assert (shown.value("layer", 0), shown.value("layer", 1)) == (1, 0)


def test_closing_takes_everything_away(show):
    shown = show(ReceptiveField(preset="B-shrink"))
    shown.tab.evaluate("() => { widgets[0].close(); }")
    assert shown.tab.locator(".cw").count() == 0
    assert shown.tab.evaluate("() => widgets[0].model.listeners.length") == 0
    shown.tab.evaluate("() => { widgets[0].show(); }")  # run again
    assert len(table(shown)) == 3


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("preset", list(presets()))
def test_axe_finds_nothing(show, preset, dark):
    shown = show(ReceptiveField(preset=preset), dark=dark)
    assert shown.axe() == []
    shown.tab.evaluate("() => widgets[0].receive({ layer: 0, position: 0 })")
    shown.settle()
    assert shown.axe() == []


def test_moves_are_announced_once_they_rest(show):
    shown = show(ReceptiveField(preset="B-shrink"))
    shown.widget().get_by_role("application").focus()
    shown.press("ArrowLeft", "ArrowLeft")
    shown.tab.wait_for_timeout(900)
    assert shown.widget().get_by_role("status").inner_text() == "conv2[9] sees input 9 to 17: a square of 9×9"


def test_the_picture_follows_the_pages_width(show):
    shown = show(ReceptiveField(preset="C-alexnet"))
    for width in (600, 1400):
        shown.tab.set_viewport_size({"width": width, "height": 900})
        shown.settle()
        shown.settle()
        box = shown.widget().locator(".cw-section svg").bounding_box()
        assert abs(box["width"] - (width - 24 - 26 - 2)) < 30
        assert shown.tab.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
