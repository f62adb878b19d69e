"""What holds for every layer: a gradient has the shape of its variable."""

import importlib
import pkgutil

import layer_cases
import numpy as np
import pytest
from layer_results import results
from oracles import normal

import course_lib
from course_lib import models
from course_lib.flat import svm_loss, two_layer_loss
from course_lib.losses import l2_penalty
from course_lib.norm import dropout_backward, dropout_forward

# layers whose backward is not one of layer_cases': where its shapes are tested instead
ELSEWHERE = {
    "circuit": "numbers in, numbers out: test_flat.py",
    "dropout": "below",
    "conv2d_loops": "equal to conv2d: test_conv_loops.py",
    "max_pool2d_loops": "equal to max_pool2d: test_pool.py",
    "avg_pool2d_loops": "equal to avg_pool2d: test_pool.py",
}


@pytest.mark.row("B-sameshape")
@pytest.mark.parametrize("layer", layer_cases.layers())
def test_a_gradient_has_the_shape_of_its_variable(layer):
    compared = 0
    for case in layer_cases.cases():
        if case["layer"] == layer:
            found = results(case, np.float64)
            for name in case["wrt"]:
                assert list(found[f"d{name}"].shape) == case["shapes"][name]
                compared += 1
    assert compared


@pytest.mark.row("B-sameshape")
def test_no_layer_is_left_out():
    backward = set()
    for found in pkgutil.iter_modules(course_lib.__path__):
        if not found.name.startswith("_") and not found.ispkg:
            names = vars(importlib.import_module(f"course_lib.{found.name}"))
            backward |= {name.replace("_backward", "") for name in names if "_backward" in name and name[0] != "_"}
    assert backward <= {*layer_cases.layers(), *ELSEWHERE}


@pytest.mark.row("B-sameshape")
def test_dropout_and_staged_losses():
    x = normal(0, 2, 3, 4)
    _, cache = dropout_forward(x, 0.5, seed=0, train=True)
    assert dropout_backward(x, cache).shape == l2_penalty(x, 0.1)[1].shape == x.shape
    X, y, W1, b1, W2, b2 = (
        normal(0, 5, 4),
        np.zeros(5, int),
        *(normal(i, *s) for i, s in enumerate([(4, 6), (6,), (6, 3), (3,)])),
    )
    assert svm_loss(W1, X, y, 0.1)[1].shape == W1.shape
    grads = two_layer_loss(X, y, W1, b1, W2, b2, 0.1)[1]
    assert [g.shape for g in grads.values()] == [W1.shape, b1.shape, W2.shape, b2.shape]


@pytest.mark.row("B-sameshape")
@pytest.mark.parametrize(
    "model, targets",
    [
        (models.lenet((1, 8, 8), pad=1, batchnorm=True), [0, 3]),
        (models.penn_cnn(), [0, 3]),
        (models.convnet(2, 1, 1), [0, 3]),
        (models.conv_autoencoder(), None),
        (models.autoencoder((9, 5, 2)), None),
    ],
)
def test_whole_nets(model, targets):
    X = normal(0, 2, *model.input_shape)
    _, grads = model.loss(X, targets)
    assert {name: g.shape for name, g in grads.items()} == {name: w.shape for name, w in model.params.items()}
    outputs = model.activations(X)
    for name, dout in model.layer_gradients(X, targets).items():
        assert dout.shape == outputs[name].shape
