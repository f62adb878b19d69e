import tracemalloc
from math import prod

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from model_cases import NETS, examples
from oracles import quick

from course_lib.losses import mean_squared_error
from course_lib.models import (
    Affine,
    AvgPool,
    Convolution,
    MaxPool,
    Model,
    Relu,
    TransposedConvolution,
    Upsample,
    alexnet,
    conv_autoencoder,
    convnet,
    lenet,
    penn_cnn,
    summary,
)


def layer_row(layer, shape):
    """The summary's row of a single layer."""
    return summary(Model([layer], shape, loss=mean_squared_error)).rows[0]


def has_weights(table):
    return [row for row in table.rows if row.weights]


# AlexNet


@pytest.mark.row("C-alexnet")
def test_alexnets_weights_layer_by_layer():
    table = summary(alexnet())
    assert [row.weights for row in has_weights(table)] == [
        *[34_848, 307_200, 884_736, 663_552, 442_368],
        *[37_748_736, 16_777_216, 4_096_000],
    ]
    assert table.total.parameters == 60_965_224
    assert table["conv1"].parameters == 34_944  # what the lecture counts: this one with its biases
    thousands = [round(table[f"conv{i}"].weights / 1000) for i in range(2, 6)]
    assert thousands == [307, 885, 664, 442] and table["fc1"].weights // 10**6 == 37
    assert [row.output_shape for row in table.rows if row.layer[:4] in ("conv", "pool")] == [
        *[(96, 55, 55), (96, 27, 27), (256, 27, 27), (256, 13, 13)],
        *[(384, 13, 13), (384, 13, 13), (256, 13, 13), (256, 6, 6)],
    ]
    assert not table.total.floored


@pytest.mark.row("C-alexnet")
def test_alexnets_convolutions_compute_much_with_few_parameters():
    table = summary(alexnet())
    assert round(table.share("conv", "multiply_adds"), 3) == 0.919
    assert round(table.share("conv", "parameters"), 3) == 0.038
    assert table.share("conv", "weights") + table.share("fc", "weights") == pytest.approx(1)
    assert table["conv1"].multiply_adds == 55 * 55 * 96 * 11 * 11 * 3
    assert table["conv2"].multiply_adds == 27 * 27 * 256 * 5 * 5 * 48  # a group sees half of the 96 channels


@pytest.mark.row("X-6")
def test_alexnets_neurons():
    table = summary(alexnet())
    printed = [253_440, 186_624, 64_896, 64_896, 43_264, 4096, 4096, 1000]
    assert [row.neurons for row in has_weights(table)] == [290_400, *printed[1:]]
    assert table["conv1"].neurons == 55 * 55 * 96 != printed[0] == 55 * 48 * 96
    assert table.total.neurons == 659_272 and sum(printed) == 622_312


@pytest.mark.row("C-alexnet")
def test_a_summary_makes_no_weights():
    model = alexnet()
    tracemalloc.start()
    text = str(summary(model))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000 and model._params is None
    assert "60,965,224" in text and "724,406,816" in text


# the other nets


@pytest.mark.row("D-lenet")
def test_lenets_table():
    table = summary(lenet())
    assert [row.output_shape for row in has_weights(table)] == [(6, 30, 30), (16, 13, 13), (120,), (84,), (10,)]
    assert table["fc1"].weights == 576 * 120
    assert [row.layer for row in table.rows if row.floored] == ["pool2"]
    assert table["pool2"].unread == (1, 1) and table["pool2"].output_shape == (16, 6, 6)
    small = summary(lenet((1, 8, 8), pad=1))
    assert small["fc1"].weights == 64 * 120 and not small.total.floored
    assert summary(lenet(), (1, 28, 28))["fc1"].weights == 400 * 120  # the same layers for another image


@pytest.mark.row("D-lenet", "A-net", "B-archgrammar", "C-autoenc", "C-convautoenc")
@pytest.mark.parametrize("name", NETS)
def test_counts_are_those_of_the_arrays(name):
    model, X, _ = examples(name)
    table = summary(model)
    assert table.total.parameters == sum(value.size for value in model.params.values())
    assert table.total.weights == sum(w.size for part, w in model.params.items() if part.endswith(".w"))
    for row, (layer, out) in zip(table.rows, model.activations(X).items(), strict=True):
        assert row.layer == layer and row.output_shape == out.shape[1:]
        assert row.neurons in (0, out[0].size)


@pytest.mark.parametrize(
    "layer, shape, expected",
    [
        pytest.param(Convolution(10, 5, pad=2), (3, 32, 32), ((10, 32, 32), 760), marks=pytest.mark.row("B-example")),
        pytest.param(Convolution(6, 5), (3, 32, 32), ((6, 28, 28), 456), marks=pytest.mark.row("B-volume")),
        pytest.param(Convolution(64, 6), (3, 32, 32), ((64, 27, 27), 6976), marks=pytest.mark.row("D-stack")),
        pytest.param(Convolution(32, 1), (64, 56, 56), ((32, 56, 56), 2080), marks=pytest.mark.row("B-1x1")),
        pytest.param(Convolution(8, 3, pad=1), (4, 9, 9), ((8, 9, 9), 296), marks=pytest.mark.row("B-common")),
        pytest.param(Convolution(8, 5, pad=2), (4, 9, 9), ((8, 9, 9), 808), marks=pytest.mark.row("B-common")),
        pytest.param(
            Convolution(8, 5, stride=2, pad=2), (4, 9, 9), ((8, 5, 5), 808), marks=pytest.mark.row("B-common")
        ),
        pytest.param(MaxPool(2), (6, 28, 28), ((6, 14, 14), 0), marks=pytest.mark.row("B-poolsize")),
        pytest.param(Convolution(6, 3, groups=6), (6, 9, 9), ((6, 7, 7), 60), marks=pytest.mark.row("B-options")),
    ],
)
def test_lecture_shapes_and_parameters(layer, shape, expected):
    row = layer_row(layer, shape)
    assert (row.output_shape, row.parameters) == expected


@pytest.mark.row("B-shrink")
def test_5x5_without_padding_shrinks():
    model = Model([Convolution(6, 5), Relu(), Convolution(10, 5)], (3, 32, 32), loss=mean_squared_error)
    table = summary(model)
    assert [table.rows[0].input_shape[1], *(row.output_shape[1] for row in has_weights(table))] == [32, 28, 24]
    assert table["conv2"].receptive_field == (9, 9)


@pytest.mark.row("B-fcimage")
def test_an_fc_unit_sees_3072_numbers_a_filter_75():
    connected, filtered = layer_row(Affine(10), (3, 32, 32)), layer_row(Convolution(10, 5), (3, 32, 32))
    assert connected.weights // 10 == 3072 and filtered.weights // 10 == 75
    assert connected.receptive_field is None and filtered.receptive_field == (5, 5)


@pytest.mark.row("B-brain")
def test_a_grid_of_neurons_with_shared_weights():
    row = layer_row(Convolution(5, 5), (3, 32, 32))
    assert row.output_shape == (5, 28, 28) and row.neurons == 28 * 28 * 5
    assert row.receptive_field == (5, 5) and row.weights == 5 * 75
    stack = convnet(3, 1, 0, input_shape=(1, 16, 16))
    assert [row.receptive_field for row in has_weights(summary(stack))[:3]] == [(3, 3), (5, 5), (7, 7)]


@pytest.mark.row("D-counts")
def test_sixteen_billion_or_forty_million_weights():
    assert layer_row(Affine(400_000), (1, 200, 200)).weights == 16_000_000_000
    local = layer_row(Convolution(1, 10), (1, 200, 200))  # one 10×10 filter: without sharing, each unit has its own
    assert 400_000 * local.weights == 40_000_000 and local.multiply_adds // local.neurons == 100


# receptive fields, measured


def support(model, i):
    """The first and the last input position that an output position depends on, in a net without activations."""
    size = model.input_shape[1]
    rows = np.eye(size).reshape(size, 1, size, *[1] * (len(model.input_shape) - 2))
    model.params = {name: np.ones(value.shape) for name, value in model.params.items()}
    out = model.scores(rows).reshape(size, -1, model.output_shape[1])[:, 0]  # one channel: (input, output position)
    seen = np.flatnonzero(out[:, i])
    return seen.min(), seen.max()


@pytest.mark.row("B-brain")
@quick
@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2)), min_size=1, max_size=3
    )
)
def test_receptive_fields_are_what_the_outputs_depend_on(stack):
    layers = [Convolution(1, f, stride=s, pad=min(p, f - 1), dilation=d, bias=False) for f, s, p, d in stack]
    model = Model(layers, (1, 70), loss=mean_squared_error)
    row = summary(model).rows[-1]
    (reach,), (jump,), (start,) = row.receptive_field, row.jump, row.start
    assume(row.output_shape[1] > 0)
    for i in range(row.output_shape[1]):
        centre = start + i * jump
        low, high = centre - (reach - 1) / 2, centre + (reach - 1) / 2
        if low >= 0 and high <= 69:  # what lies in the padding cannot be measured
            assert support(model, i) == (low, high)


@pytest.mark.row("B-brain", "C-deconv")
def test_receptive_fields_on_the_way_up():
    down = [Convolution(1, (3, 1), pad=(1, 0), bias=False), AvgPool((2, 1))]
    transposed = Model(
        [*down, TransposedConvolution(1, (4, 1), stride=(2, 1), pad=(1, 0), bias=False)],
        (1, 32, 1),
        loss=mean_squared_error,
    )
    upsampled = Model(
        [*down, Upsample((2, 1)), Convolution(1, (3, 1), pad=(1, 0), bias=False)], (1, 32, 1), loss=mean_squared_error
    )
    for model, reach in [(transposed, 6), (upsampled, 6)]:
        row = summary(model).rows[-1]
        assert row.receptive_field == (reach, 1) and row.jump == (1, 1) and row.output_shape == (1, 32, 1)
        widths = [high - low + 1 for low, high in (support(model, i) for i in range(10, 20))]
        assert max(widths) == reach
        centres = [(low + high) / 2 for low, high in (support(model, i) for i in range(10, 20))]
        assert np.max(np.abs(np.array(centres) - row.start[0] - np.arange(10, 20))) <= 1


@pytest.mark.row("C-unpool2")
def test_unpooling_returns_to_where_the_pooling_was():
    table = summary(conv_autoencoder((1, 28, 28)))
    assert table["pool2"].input_shape == (4, 14, 14) and table["unpool1"].output_shape == (4, 14, 14)
    assert table["unpool2"].output_shape == (8, 28, 28) and table.total.output_shape == (1, 28, 28)
    assert [table[name].jump for name in ("pool1", "pool2", "unpool1", "unpool2")] == [(2, 2), (4, 4), (2, 2), (1, 1)]


# flooring


@pytest.mark.row("B-outsize", "D-lenet")
@pytest.mark.parametrize(
    "layer, size, floored, unread",
    [
        (MaxPool(2), (8, 8), False, (0, 0)),
        (MaxPool(2), (8, 9), True, (0, 1)),
        (MaxPool(3, stride=2), (8, 9), True, (1, 0)),
        (Convolution(1, 3, stride=3), (7, 11), True, (1, 2)),
        (Convolution(1, 3, stride=2, pad=1), (8, 8), True, (0, 0)),  # only padding is left over
        (Convolution(1, 3, stride=3, pad=1), (9, 9), True, (1, 1)),
    ],
)
def test_what_no_window_reaches(layer, size, floored, unread):
    row = layer_row(layer, (1, *size))
    assert (row.floored, row.unread) == (floored, unread)
    model = Model([layer], (1, *size), loss=mean_squared_error)
    X = np.random.default_rng(0).standard_normal((1, 1, *size))
    changed = X.copy()
    for axis, left in enumerate(unread):
        if left:
            np.moveaxis(changed, 2 + axis, 0)[-left:] += 100.0
    assert np.array_equal(model.scores(X), model.scores(changed))


# the table as text and in Lab


def test_the_table_as_text():
    lines = str(summary(lenet())).splitlines()
    assert lines[0].split() == [
        "layer",
        "output",
        "weights",
        "parameters",
        "multiply-adds",
        "neurons",
        "receptive",
        "field",
    ]
    assert lines[2].split() == ["input", "1×32×32"]
    assert lines[3].split() == ["conv1", "6×30×30", "54", "60", "48,600", "5,400", "3×3"]
    pool2 = next(line for line in lines if line.startswith("pool2"))
    assert pool2.endswith("floored: 1 row and 1 column unread")
    assert lines[-1].split() == ["total", "80,958", "81,194", "274,656", "8,318"]
    assert repr(summary(lenet())) == str(summary(lenet()))
    assert "floored: some of the padding unread" in str(
        summary(Model([Convolution(1, 3, stride=2, pad=1), Affine(2)], (1, 8, 8)))
    )


def test_the_table_in_lab():
    html = summary(lenet())._repr_html_()
    assert html.count("<tr>") == len(summary(lenet()).rows) + 3 == html.count("</tr>")  # heading, input, total
    assert 'scope="col"' in html and "81,194" in html and "6×30×30" in html


def test_rows_are_plain_records():
    row = summary(penn_cnn())["conv2"]
    assert row._asdict()["weights"] == prod((16, 8, 3, 3)) and row.input_shape == (8, 4, 4)
    assert summary(penn_cnn()).total.layer == "total"
    with pytest.raises(KeyError, match="expected one of conv1, sigmoid1"):
        summary(penn_cnn())["conv3"]
    with pytest.raises(ValueError, match="^field: expected one of weights, parameters"):
        summary(penn_cnn()).share("conv", "layer")
    with pytest.raises(ValueError, match=r"^pool2, with input \(16, 1, 1\): size: "):
        summary(penn_cnn(), (1, 3, 3))
