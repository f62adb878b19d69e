"""Layers and losses beside a live PyTorch: what is stored is what it gives, and larger and random cases agree too."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from layer_cases import DTYPES, case, cases, grid, layers, load, plain
from layer_results import TOLERANCE, disagreements, results
from make_layers import torch_results
from oracles import conv_cases, quick

torch.set_num_threads(1)  # the tests run side by side
both_dtypes = pytest.mark.parametrize("dtype", DTYPES)


def assert_equals_pytorch(*given_cases, dtypes=DTYPES):
    wrong = []
    for each in given_cases:
        for dtype in dtypes:
            wrong += disagreements(each, results(each, dtype), torch_results(each, dtype), dtype)
    assert not wrong, "\n".join(wrong)


# the stored values


@both_dtypes
@pytest.mark.parametrize("layer", layers())
def test_stored_values_are_what_pytorch_gives_now(layer, dtype):
    stored, expected = load()
    assert stored == plain(cases())
    for each, values in zip(stored, expected[dtype]):
        if each["layer"] == layer:
            now = torch_results(each, dtype)
            assert now.keys() == values.keys()
            for name, value in values.items():
                assert np.max(np.abs(now[name] - value)) <= TOLERANCE[dtype] * np.max(np.abs(value)), (each, name)


# larger


CONV_SIZES = [((3, 8, 13, 11), 16, (3, 5)), ((2, 8, 12, 16), 8, (4, 1)), ((2, 16, 9, 10), 8, (2, 2))]  # x, K, filter


@pytest.mark.row("B-options", "B-volume")
@pytest.mark.parametrize("groups", [1, 2, 4, 8])
@pytest.mark.parametrize("stride", [1, 2, 3, (2, 1), (1, 4)])
def test_conv2d_with_every_option(stride, groups):
    for options in grid(pad=[0, 1, 2, (0, 3), (4, 1)], dilation=[1, 2, (1, 3)]):
        for x, filters, filter_shape in CONV_SIZES:
            shapes = {"x": x, "w": (filters, x[1] // groups, *filter_shape), "b": (filters,)}
            if all(d * (f - 1) < n for n, f, d in zip(x[2:], filter_shape, np.broadcast_to(options["dilation"], 2))):
                assert_equals_pytorch(
                    case("conv2d", shapes, {"stride": stride, "groups": groups, **options}, wrt=shapes)
                )


@pytest.mark.row("B-options", "C-rotated")
@pytest.mark.parametrize(
    "x, w, options",
    [
        ((8, 3, 32, 32), (32, 3, 5, 5), {"pad": 2}),
        ((8, 32, 16, 16), (64, 32, 3, 3), {"pad": 1}),
        ((8, 3, 32, 32), (32, 3, 5, 5), {"pad": 2, "stride": 2}),
        ((20, 3, 31, 31), (25, 3, 3, 3), {"pad": 1, "stride": 2}),
        ((2, 96, 27, 27), (64, 48, 5, 5), {"pad": 2, "groups": 2}),
        ((2, 3, 67, 67), (16, 3, 11, 11), {"stride": 4}),
    ],
)
def test_convolutions_of_a_networks_size(x, w, options):
    shapes = {"x": x, "w": w, "b": w[:1]}
    assert_equals_pytorch(case("conv2d", shapes, options, wrt=shapes))


@pytest.mark.row("A-poolback", "O-avgpool")
@pytest.mark.parametrize("layer", ["max_pool2d", "avg_pool2d"])
@pytest.mark.parametrize("size, stride", [(2, 2), (3, 2), (3, 1), ((2, 5), (3, 2))])
def test_pooling_of_a_networks_size(layer, size, stride):
    for pad in (0, 1):
        options = {"size": size, "stride": stride, "pad": pad}
        draws = [{}, {"x": "ties"}] if layer == "max_pool2d" else [{}]
        assert_equals_pytorch(*(case(layer, {"x": (4, 8, 32, 31)}, options, **drawn) for drawn in draws))


# random: in float64, as a single sum may cancel to far less than its terms, and float32 has no digits to spare for that


@pytest.mark.row("B-options", "A-multichannel")
@quick
@given(conv_cases(), st.booleans())
def test_random_conv2d(drawn, bias):
    shapes = {"x": drawn.x_shape, "w": drawn.w_shape} | ({"b": drawn.w_shape[:1]} if bias else {})
    assert_equals_pytorch(case("conv2d", shapes, drawn.options, wrt=shapes), dtypes=[np.float64])


@pytest.mark.row("C-deconv")
@quick
@given(conv_cases(dilation=False, groups=False), st.data())
def test_random_transposed_convolution(drawn, data):
    (_, channels, *image), (filters, _, *filter_shape), options = drawn.x_shape, drawn.w_shape, drawn.options
    extra = tuple(data.draw(st.integers(0, s - 1)) for s in options["stride"])
    sizes = zip(image, filter_shape, options["stride"], options["pad"], extra)
    assume(all((h - 1) * s - 2 * p + f + e > 0 for h, f, s, p, e in sizes))  # else the pad crops everything
    shapes = {"x": drawn.x_shape, "w": (channels, filters, *filter_shape), "b": (filters,)}
    assert_equals_pytorch(
        case("conv_transpose2d", shapes, {**options, "output_padding": extra}, wrt=shapes), dtypes=[np.float64]
    )


@pytest.mark.row("A-poolback", "O-avgpool")
@quick
@given(st.data())
def test_random_pooling(data):
    size, stride = (data.draw(st.tuples(*[st.integers(1, 4)] * 2)) for _ in range(2))
    pad = tuple(data.draw(st.integers(0, f // 2)) for f in size)  # PyTorch allows no more
    image = [max(1, f - 2 * p) + data.draw(st.integers(0, 6)) for f, p in zip(size, pad)]
    options, shape = {"size": size, "stride": stride, "pad": pad}, {"x": (2, 3, *image)}
    assert_equals_pytorch(
        case("max_pool2d", shape, options),
        case("max_pool2d", shape, options, x="ties"),
        case("avg_pool2d", shape, options),
        dtypes=[np.float64],
    )


@pytest.mark.row("D-batchnorm")
@quick
@given(st.integers(3, 9), st.integers(1, 5), st.booleans(), st.floats(0, 1), st.booleans())
def test_random_batchnorm(n, features, image, momentum, train):
    shapes = {
        "x": (n, features, *((3, 2) if image else ())),
        **dict.fromkeys(["gamma", "beta", "mean", "var"], (features,)),
    }
    options = {"train": train, "momentum": momentum, "eps": 1e-3}
    assert_equals_pytorch(
        case("batchnorm", shapes, options, wrt=("x", "gamma", "beta"), var="positive"), dtypes=[np.float64]
    )
