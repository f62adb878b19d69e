import warnings

import numpy as np
import pytest
from hypothesis import given
from oracles import assert_agree, assert_is_gradient, frozen, normal, quick, seeds

from course_lib import activations
from course_lib.activations import (
    elu_backward,
    elu_forward,
    leaky_relu_backward,
    leaky_relu_forward,
    relu_backward,
    relu_forward,
    sigmoid_backward,
    sigmoid_forward,
    tanh_backward,
    tanh_forward,
)
from course_lib.gradcheck import numerical_jacobian

NAMES = ["relu", "sigmoid", "tanh", "leaky_relu", "elu"]


def pair(name):
    return getattr(activations, f"{name}_forward"), getattr(activations, f"{name}_backward")


VALUES = {  # at x = -2, 0, 3
    "relu": [0, 0, 3],
    "sigmoid": [1 / (1 + np.e**2), 0.5, 1 / (1 + np.e**-3)],
    "tanh": [(np.e**-2 - np.e**2) / (np.e**-2 + np.e**2), 0, (np.e**3 - np.e**-3) / (np.e**3 + np.e**-3)],
    "leaky_relu": [-0.2, 0, 3],
    "elu": [np.e**-2 - 1, 0, 3],
}


@pytest.mark.row("D-activations")
@pytest.mark.parametrize("name", NAMES)
def test_values(name):
    assert_agree(pair(name)[0]([-2, 0, 3])[0], VALUES[name])


@pytest.mark.row("D-activations", "B-sameshape")
@pytest.mark.parametrize("name", NAMES)
@quick
@given(seeds)
def test_gradient(name, seed):
    forward, backward = pair(name)
    x, dout = normal(seed, 2, 3, 2), normal(seed + 1, 2, 3, 2)
    x = frozen(x + 0.01 * np.sign(x))  # away from the kink, where no difference can measure a slope
    dx = backward(dout, forward(x)[1])
    assert_is_gradient(dx, lambda v: forward(v)[0], x, dout)


@pytest.mark.row("D-activations")
@quick
@given(seeds)
def test_gradient_with_options(seed):
    x, dout = normal(seed, 4), normal(seed + 1, 4)
    x = frozen(x + 0.01 * np.sign(x))
    for slope in (0, 0.3, 1):
        dx = leaky_relu_backward(dout, leaky_relu_forward(x, slope=slope)[1])
        assert_is_gradient(dx, lambda v: leaky_relu_forward(v, slope=slope)[0], x, dout)
    dx = elu_backward(dout, elu_forward(x, alpha=2.5)[1])
    assert_is_gradient(dx, lambda v: elu_forward(v, alpha=2.5)[0], x, dout)


@pytest.mark.row("D-activations")
def test_relu_dies_sigmoid_saturates_elu_and_leaky_relu_do_not():
    x, dout = frozen([-30.0, -3.0, 30.0]), frozen([1.0, 1.0, 1.0])
    gradients = {name: pair(name)[1](dout, pair(name)[0](x)[1]) for name in NAMES}
    assert gradients["relu"].tolist() == [0, 0, 1]
    assert gradients["sigmoid"][[0, 2]].max() < 1e-12
    assert gradients["leaky_relu"].tolist() == [0.1, 0.1, 1]
    assert_agree(gradients["elu"], np.exp([-30.0, -3.0, 0.0]))


@pytest.mark.row("B-relu-vec")
def test_relu_jacobian_and_its_implicit_product():
    x, dout = frozen([1, -2, 3, -1]), frozen([4, -1, 5, 9])
    out, cache = relu_forward(x)
    jacobian = numerical_jacobian(lambda v: relu_forward(v)[0], x)
    assert out.tolist() == [1, 0, 3, 0]
    assert np.allclose(jacobian, np.diag([1, 0, 1, 0]), atol=1e-9)
    assert relu_backward(dout, cache).tolist() == [4, 0, 5, 0]
    assert np.allclose(jacobian @ dout, [4, 0, 5, 0], atol=1e-9)


@pytest.mark.row("D-activations")
def test_conventions_at_zero():
    zero, dout = frozen([0.0, -0.0, 1.0, -1.0]), frozen([2.0, 3.0, 5.0, 7.0])
    cache = relu_forward(zero)[1]
    assert relu_backward(dout, cache).tolist() == [0, 0, 5, 0]
    assert relu_backward(dout, cache, at_zero=0).tolist() == [0, 0, 5, 0]
    assert relu_backward(dout, cache, at_zero=1).tolist() == [2, 3, 5, 0]
    assert_agree(leaky_relu_backward(dout, leaky_relu_forward(zero)[1]), [0.2, 0.3, 5, 0.7])
    assert_agree(elu_backward(dout, elu_forward(zero, alpha=3)[1]), [6, 9, 5, 21 / np.e])


@pytest.mark.row("X-2")
def test_sigmoid_backward_is_not_what_the_slide_says():
    x, dout = frozen([-2.0, 0.5, 3.0]), frozen([2.0, -3.0, 0.5])
    sigma, cache = sigmoid_forward(x)
    derivative = (1 - sigma) * sigma
    got = sigmoid_backward(dout, cache)
    assert_agree(got, dout * derivative)
    assert_is_gradient(got, lambda v: sigmoid_forward(v)[0], x, dout)
    printed = dout * (1 - sigma) * derivative  # (1-σ)σ′
    assert np.all(np.abs(got - printed) > 0.1 * np.abs(got))


@pytest.mark.parametrize("name", NAMES)
def test_no_overflow_and_no_warning(name):
    forward, backward = pair(name)
    x = frozen([-1e300, -1000, -1, 0, 1, 1000, 1e300])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        out, cache = forward(x)
        dx = backward(np.ones(7), cache)
    assert np.isfinite(out).all() and np.isfinite(dx).all()


def test_sigmoid_keeps_its_digits_in_the_tail():
    assert_agree(sigmoid_forward([-50.0])[0], np.exp([-50.0]))
    assert sigmoid_forward([-1000.0, 1000.0])[0].tolist() == [0, 1]


@pytest.mark.parametrize("name", NAMES)
def test_dtypes_and_scalars(name):
    forward, backward = pair(name)
    x32 = normal(3, 4, dtype=np.float32)
    out, cache = forward(x32)
    dx = backward(x32, cache)
    assert out.dtype == dx.dtype == np.float32
    assert_agree(out, forward(x32.astype(np.float64))[0])
    assert forward([1, 2])[0].dtype == np.float64
    assert np.shape(forward(2)[0]) == ()


@pytest.mark.parametrize("name", NAMES)
def test_backward_twice_and_two_forwards_before_it(name):
    forward, backward = pair(name)
    x, other, dout = normal(4, 3, 2), normal(5, 3, 2), normal(6, 3, 2)
    cache, other_cache = forward(x)[1], forward(other)[1]
    first = backward(dout, cache)
    assert np.array_equal(first, backward(dout, cache))
    assert not np.array_equal(first, backward(dout, other_cache))
    assert_agree(forward(x.T)[0], forward(x)[0].T)  # a view that is not contiguous


@pytest.mark.parametrize("name", NAMES)
def test_bad_arguments_are_named(name):
    forward, backward = pair(name)
    with pytest.raises(TypeError, match="^x: "):
        forward(["a"])
    with pytest.raises(ValueError, match="^x: "):
        forward(np.ones((0, 3)))
    with pytest.raises(ValueError, match=r"^dout: expected shape \(2, 3\).*got shape \(3, 2\)"):
        backward(np.ones((3, 2)), forward(np.ones((2, 3)))[1])
    with pytest.raises(TypeError, match=f"^cache: .*{name}_forward"):
        backward(np.ones(2), np.ones(2))


def test_bad_options_are_named():
    with pytest.raises(ValueError, match="^at_zero: .*from 0 to 1, got 2"):
        relu_backward([1.0], relu_forward([1.0])[1], at_zero=2)
    with pytest.raises(ValueError, match="^slope: "):
        leaky_relu_forward([1.0], slope=1.5)
    with pytest.raises(ValueError, match="^alpha: "):
        elu_forward([1.0], alpha=-1)


def test_tanh_backward_uses_the_output():
    out, cache = tanh_forward([0.5])
    assert_agree(tanh_backward([2.0], cache), 2 * (1 - np.tanh([0.5]) ** 2))
