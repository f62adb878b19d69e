"""ReceptiveField on Python's side: numbers, presets, refused input, state, repr, picture."""

import json

import numpy as np
import pytest

from course_lib.conv import conv2d_backward, conv2d_forward
from course_lib.models import AvgPool, Convolution, MaxPool, alexnet, lenet, summary
from course_lib.widgets import ReceptiveField
from course_lib.widgets._field_numbers import presets


@pytest.fixture
def field():
    widget = ReceptiveField([Convolution(4, 3), Convolution(4, 3)], (1, 9, 9))
    yield widget
    widget.close()


# the lectures' numbers


@pytest.mark.row("B-brain")
def test_two_3x3_see_as_far_as_one_5x5_with_fewer_parameters():
    numbers = ReceptiveField(preset="B-brain").numbers
    small, large = numbers["total"], numbers["kept_total"]
    assert small["field"] == large["field"] == 5 and small["shape"] == large["shape"]
    assert (small["parameters"], large["parameters"]) == (2 * (9 * 64 * 64 + 64), 25 * 64 * 64 + 64)


@pytest.mark.row("B-shrink")
def test_5x5_twice_shrinks_32_to_24():
    widget = ReceptiveField(preset="B-shrink")
    assert [row["shape"][1] for row in widget.rows] == [28, 24]


@pytest.mark.row("B-example")
def test_ten_filters_have_760_parameters():
    widget = ReceptiveField(preset="B-example")
    assert (widget.total["shape"], widget.total["parameters"]) == ([10, 32], 760)


@pytest.mark.row("B-outsize")
def test_what_does_not_fit_says_so_with_its_remainder():
    (row,) = ReceptiveField(preset="B-outsize").rows
    assert row["message"].startswith("stride: a filter of extent 3 with stride 3 does not fit n = 7 with pad 0")
    assert "+ 1 = 2.33" in row["message"] and "floor=True" not in row["message"] and row["unread"] == 1


@pytest.mark.row("D-lenet")
def test_lenet_is_that_of_summary():
    widget = ReceptiveField(preset="D-lenet")
    assert [row["shape"][1] for row in widget.rows] == [30, 15, 13, 6]
    table = summary(lenet())
    for row in widget.rows:
        expected = table[row["name"]]
        assert (row["weights"], row["weights"] + row["biases"]) == (expected.weights, expected.parameters)
        assert (row["multiply_adds"], row["field"]) == (expected.multiply_adds, expected.receptive_field[0])
    assert [bool(row["message"]) for row in widget.rows] == [False, False, False, True]


@pytest.mark.row("C-alexnet")
def test_alexnets_first_layers_are_those_of_summary():
    table = summary(alexnet())
    for row in ReceptiveField(preset="C-alexnet").rows:
        expected = table[row["name"]]
        assert row["shape"] == list(expected.output_shape[:2])
        assert (row["weights"], row["biases"]) == (expected.weights, expected.parameters - expected.weights)
        assert (row["multiply_adds"], row["field"]) == (expected.multiply_adds, expected.receptive_field[0])
        assert (row["jump"], row["start"]) == (expected.jump[0], expected.start[0])


@pytest.mark.row("B-options")
def test_dilations_double_the_field():
    widget = ReceptiveField(preset="B-options")
    assert [row["field"] for row in widget.rows] == [3, 7, 15, 31]
    assert [at for at, _ in widget.sees()[0]] == list(range(4, 35))


@pytest.mark.row("B-brain")
@pytest.mark.parametrize(
    "layers",
    [
        [Convolution(1, 3), Convolution(1, 3)],
        [Convolution(1, 3, stride=2, pad=1), Convolution(1, 3, dilation=2, pad=2)],
        [Convolution(1, 5, stride=3), Convolution(1, 2, pad=1), Convolution(1, 3)],
    ],
)
def test_what_is_seen_is_where_a_gradient_arrives(layers):
    widget = ReceptiveField(layers, (1, 25))
    for position in range(widget.total["shape"][1]):
        widget.position = position
        caches, x = [], np.zeros((1, 1, 1, 25))
        for layer in widget.example["layers"]:
            options = {"stride": (1, layer["stride"]), "pad": (0, layer["pad"]), "dilation": (1, layer["dilation"])}
            x, cache = conv2d_forward(x, np.ones((1, 1, 1, layer["size"])), **options)
            caches.append(cache)
        d = np.zeros_like(x)
        d[..., position] = 1
        for cache in reversed(caches):
            d = conv2d_backward(d, cache)[0]
        ways = np.zeros(25)
        for at, count in widget.sees()[0]:
            ways[at] = count
        assert ways.tolist() == d.ravel().tolist()


# making and changing


def test_layers_of_the_models_and_plain_ones(field):
    assert field.example["layers"][0] == {
        "kind": "conv", "size": 3, "stride": 1, "pad": 0, "dilation": 1, "filters": 4, "groups": 1,
    }  # fmt: skip
    field.change(layers=[*field.example["layers"], MaxPool(2)])
    assert [row["name"] for row in field.rows] == ["conv1", "conv2", "pool1"]
    assert (field.layer, field.position, field.example["revision"]) == (1, 2, 1)


def test_a_place_that_is_gone_moves_inside(field):
    field.position = 4
    field.change(layers=[Convolution(4, 3, stride=4)])
    assert (field.layer, field.position) == (0, 1)


def test_where_to_look_first():
    widget = ReceptiveField(preset="D-lenet", layer=1, position=0)
    assert [at for at, _ in widget.sees()[0]] == [0, 1, 2, 3]
    assert ReceptiveField(preset="D-lenet", layer=2).position == 6


@pytest.mark.parametrize(
    "change, message",
    [
        ({"layers": []}, "layers: expected at least one layer, got none"),
        ({"layers": [AvgPool(2)]}, "layers: expected Convolution"),
        ({"layers": [Convolution(1, 10)]}, r"layer 1: its window covers 10, and what it gets has 9 \+ 2·0 = 9"),
        ({"layers": [Convolution(4, 3), Convolution(4, 3, dilation=4)]}, "layer 2: its window covers 9, .* 7"),
        ({"layers": [Convolution(4, 3, groups=3)]}, "layer 1, groups: expected a divisor of both 1 channels and 4 filters"),
        ({"layers": [MaxPool(2, pad=2)]}, "layer 1, pad: expected less than the window's 2, got 2"),
        ({"layers": [Convolution(4, 3, stride=9)]}, "layer 1, stride: expected an integer from 1 to 8, got 9"),
        ({"layers": [Convolution(4, (3, 5))]}, r"layer 1, size: expected an integer, got \(3, 5\)"),
        ({"layers": [Convolution(1, 1)] * 13}, "layers: the widget shows at most 12 layers, got 13. Leave some out."),
        ({"kept": [Convolution(1, 31)]}, "layer 1: its window covers 31"),
        ({"input": [1, 300]}, "input side: expected an integer from 1 to 256, got 300"),
        ({"input": [1, 2, 3]}, r"input: expected \[channels, side\]"),
        ({"depth": 2}, "change: expected layers, input, kept, kept_title, got depth"),
    ],
)  # fmt: skip
def test_refused_changes_leave_the_last_good_state(field, change, message):
    before, numbers = field.example, field.numbers
    with pytest.raises((ValueError, TypeError), match=message):
        field.change(**change)
    assert field.example == before and field.numbers == numbers


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"preset": "other"}, "preset: expected one of B-brain"),
        ({"layers": [MaxPool(2)], "preset": "B-brain"}, "preset: expected either"),
        ({"layers": [MaxPool(2)], "input_shape": (1, 8, 9)}, "input_shape: expected .channels, n, n."),
        ({"layer": 2}, "layer: expected a number from 0 to 1, got 2"),
        ({"position": 12}, "position: expected a number from 0 to 11, got 12"),
    ],
)
def test_refused_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        ReceptiveField(**arguments)


@pytest.mark.parametrize(
    "entries, message",
    [
        ({"layers": [{"kind": "conv"}]}, "example: expected a dict with the entries"),
        ({"layers": 3}, "layers: expected a list of layers"),
        ({"input": [1, "x"]}, "input side: expected an integer"),
        ({"more": 1}, "example: expected a dict"),
    ],
)
def test_a_refused_edit_is_told_and_the_last_good_example_stays(field, entries, message):
    before = field.example
    field.set_state({"example": {**field.example, **entries}})
    assert field.problem.startswith(message) and field.example == before


@pytest.mark.parametrize("name", list(presets()))
def test_state_round_trip(name):
    widget = ReceptiveField(preset=name, position=0)
    again = ReceptiveField.from_state(json.loads(json.dumps(widget.state())))
    assert again.state() == widget.state() and again.numbers == widget.numbers


# what is shown without a browser


def test_repr(field):
    assert repr(field) == (
        "ReceptiveField(1×9×9, conv 3×3 4 filters, conv 3×3 4 filters, out 4×5×5, field 5, jump 1, parameters 188, "
        "multiply-adds 5,364)"
    )


@pytest.mark.parametrize("name", list(presets()))
def test_the_picture_marks_what_is_seen(name):
    widget = ReceptiveField(preset=name)
    (ax,) = widget.picture().axes
    marked = [line for line in ax.lines if line.get_color() != "white"]
    assert [len(line.get_xdata()) for line in marked] == [len(level) for level in widget.sees()]
    assert str(widget.rows[widget.layer]["field"]) in ax.get_title()


def test_presets_and_the_size_of_a_page():
    assert len(ReceptiveField.presets()) == len(set(ReceptiveField.presets().values())) == 7
    assert len(json.dumps(ReceptiveField().get_state())) < 110_000
