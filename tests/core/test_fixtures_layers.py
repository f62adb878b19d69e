"""Every layer and loss beside PyTorch's stored values, forward and all gradients, in float64 and float32."""

import layer_cases
import numpy as np
import pytest
from layer_results import disagreements, results

ROWS = {
    "conv2d": ["B-options", "B-volume", "A-multichannel"],
    "conv1d": ["D-conv1d"],
    "conv_transpose2d": ["C-deconv"],
    "max_pool2d": ["A-poolback"],
    "avg_pool2d": ["O-avgpool"],
    "max_pool1d": ["A-poolback"],
    "max_unpool2d": ["C-unpool2"],
    "upsample_nearest2d": ["C-unpool2"],
    "batchnorm": ["D-batchnorm"],
    "relu": ["D-activations"],
    "sigmoid": ["D-activations"],
    "tanh": ["D-activations"],
    "leaky_relu": ["D-activations"],
    "elu": ["D-activations"],
    "affine": ["D-fc"],
    "softmax": ["A-softmaxjac"],
    "softmax_cross_entropy": ["E-softmaxce"],
    "hinge_loss": ["B-svm"],
    "binary_cross_entropy": ["D-fc"],
    "mean_squared_error": ["D-fc"],
}


@pytest.fixture(scope="module")
def stored():
    return layer_cases.load()


@pytest.mark.parametrize("dtype", layer_cases.DTYPES)
@pytest.mark.parametrize(
    "layer", [pytest.param(name, marks=pytest.mark.row(*ROWS[name])) for name in layer_cases.layers()]
)
def test_equals_pytorch(stored, layer, dtype):
    cases, torch_results = stored
    compared, wrong = 0, []
    for case, expected in zip(cases, torch_results[dtype]):
        if case["layer"] == layer:
            wrong += disagreements(case, results(case, dtype), expected, dtype)
            compared += 1
    assert compared == sum(case["layer"] == layer for case in layer_cases.cases()) > 0
    assert not wrong, "\n".join(wrong)


def test_the_file_holds_every_case(stored):
    cases, torch_results = stored
    assert cases == layer_cases.plain(layer_cases.cases())
    for dtype in layer_cases.DTYPES:
        assert len(torch_results[dtype]) == len(cases)
        assert all(np.isfinite(value).all() for found in torch_results[dtype] for value in found.values())


@pytest.mark.parametrize("layer", ["conv2d", "conv1d", "max_pool2d", "max_pool1d", "avg_pool2d"])
def test_the_cases_hold_sizes_that_fit_and_sizes_that_are_floored(layer):
    left_over = set()
    for case in layer_cases.cases():
        if case["layer"] != layer:
            continue
        x, options = case["shapes"]["x"], case["options"]
        size = case["shapes"]["w"] if "w" in case["shapes"] else [*x[:2], *each_axis(options["size"], x)]
        stride = each_axis(options.get("stride") or options.get("size", 1), x)
        pad, dilation = each_axis(options.get("pad", 0), x), each_axis(options.get("dilation", 1), x)
        for n, f, s, p, d in zip(x[2:], size[2:], stride, pad, dilation):
            left_over.add((n + 2 * p - d * (f - 1) - 1) % s)
    assert left_over == {0, 1, 2}


def each_axis(option, x_shape):
    return [option] * len(x_shape[2:]) if isinstance(option, int) else option
