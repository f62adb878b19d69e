"""Activation functions: value and derivative, element by element.

Their Jacobian is diagonal, so `backward` never forms it: it multiplies the upstream gradient by the local derivative.
"""

import numpy as np

from . import _validate
from ._select import keep


def relu_forward(x):
    """Rectified linear unit.

    Formula: out = max(0, x)

    Arguments:
        x      any shape
    Returns:
        out    shape of x
        cache  what relu_backward needs
    Errors: ValueError, TypeError: x is empty or not an array of numbers.
    Lecture row: D-activations, B-relu-vec

    >>> from course_lib.activations import relu_forward
    >>> relu_forward([1, -2, 3, -1])[0]
    array([1., 0., 3., 0.])
    """
    x = _validate.array("x", x)
    return np.maximum(x, 0), (x,)


def relu_backward(dout, cache, *, at_zero=0):
    """Gradient of the rectified linear unit: pass where x > 0, stop where x < 0.

    Formula: dx = dout·[x > 0];  at_zero=1 passes the gradient at the kink too: dx = dout·[x ≥ 0]

    The value at x = 0 is the same either way, so the choice belongs to the backward pass. Frameworks take 0; lecture E
    passes the gradient at zero.

    Arguments:
        dout     shape of x, the upstream gradient
        cache    from relu_forward
        at_zero  0 or 1, the derivative taken at x = 0
    Returns:
        dx       shape of x
    Errors: ValueError, TypeError: dout is not of x's shape; at_zero is not 0 or 1; cache is not relu_forward's.
    Lecture row: D-activations, B-relu-vec

    >>> from course_lib.activations import relu_backward, relu_forward
    >>> relu_backward([4, -1, 5, 9], relu_forward([1, -2, 3, -1])[1])
    array([4., 0., 5., 0.])
    """
    (x,) = _validate.unpack(cache, 1, "relu_forward")
    dout = _validate.upstream(dout, x.shape)
    at_zero = _validate.integer("at_zero", at_zero, minimum=0, maximum=1)
    return keep(dout, x >= 0 if at_zero else x > 0)


def sigmoid_forward(x):
    """Logistic sigmoid, without overflow for any x.

    Formula: out = 1 / (1 + e⁻ˣ)

    Arguments:
        x      any shape
    Returns:
        out    shape of x, between 0 and 1
        cache  what sigmoid_backward needs
    Errors: ValueError, TypeError: x is empty or not an array of numbers.
    Lecture row: D-activations, B-function

    >>> from course_lib.activations import sigmoid_forward
    >>> sigmoid_forward([-1000, 0, 1])[0].round(4)
    array([0.    , 0.5   , 0.7311])
    """
    x = _validate.array("x", x)
    e = np.exp(-np.abs(x))  # the exponent is never positive, so it cannot overflow
    out = np.where(x >= 0, 1, e) / (1 + e)  # for x < 0: 1 / (1 + e⁻ˣ) = eˣ / (eˣ + 1)
    return out, (out,)


def sigmoid_backward(dout, cache):
    """Gradient of the sigmoid, from its output.

    Formula: dx = dout·(1 - σ)·σ,  σ = out

    Arguments:
        dout   shape of x, the upstream gradient
        cache  from sigmoid_forward
    Returns:
        dx     shape of x
    Errors: ValueError, TypeError: dout is not of x's shape; cache is not sigmoid_forward's.
    Lecture row: D-activations, B-function, X-2

    >>> from course_lib.activations import sigmoid_backward, sigmoid_forward
    >>> sigmoid_backward([8.0], sigmoid_forward([0.0])[1])
    array([2.])
    """
    (out,) = _validate.unpack(cache, 1, "sigmoid_forward")
    return _validate.upstream(dout, out.shape) * (1 - out) * out


def tanh_forward(x):
    """Hyperbolic tangent.

    Formula: out = (eˣ - e⁻ˣ) / (eˣ + e⁻ˣ)

    Arguments:
        x      any shape
    Returns:
        out    shape of x, between -1 and 1
        cache  what tanh_backward needs
    Errors: ValueError, TypeError: x is empty or not an array of numbers.
    Lecture row: D-activations

    >>> from course_lib.activations import tanh_forward
    >>> tanh_forward([-1000, 0, 1])[0].round(4)
    array([-1.    ,  0.    ,  0.7616])
    """
    out = np.tanh(_validate.array("x", x))
    return out, (out,)


def tanh_backward(dout, cache):
    """Gradient of the hyperbolic tangent, from its output.

    Formula: dx = dout·(1 - out²)

    Arguments:
        dout   shape of x, the upstream gradient
        cache  from tanh_forward
    Returns:
        dx     shape of x
    Errors: ValueError, TypeError: dout is not of x's shape; cache is not tanh_forward's.
    Lecture row: D-activations

    >>> from course_lib.activations import tanh_backward, tanh_forward
    >>> tanh_backward([3.0], tanh_forward([0.0])[1])
    array([3.])
    """
    (out,) = _validate.unpack(cache, 1, "tanh_forward")
    return _validate.upstream(dout, out.shape) * (1 - out * out)


def leaky_relu_forward(x, *, slope=0.1):
    """Leaky rectified linear unit: a small slope keeps the gradient alive on the negative side.

    Formula: out = max(slope·x, x)

    Arguments:
        x      any shape
        slope  number in [0, 1]
    Returns:
        out    shape of x
        cache  what leaky_relu_backward needs
    Errors: ValueError, TypeError: x is empty or not an array of numbers; slope is not in [0, 1].
    Lecture row: D-activations

    >>> from course_lib.activations import leaky_relu_forward
    >>> leaky_relu_forward([2, -2])[0]
    array([ 2. , -0.2])
    """
    x = _validate.array("x", x)
    slope = _validate.number("slope", slope, minimum=0, maximum=1)
    return np.where(x > 0, x, slope * x), (x, slope)


def leaky_relu_backward(dout, cache):
    """Gradient of the leaky rectified linear unit; at x = 0 the negative side's slope, as frameworks take it.

    Formula: dx = dout·(1 where x > 0, slope elsewhere)

    Arguments:
        dout   shape of x, the upstream gradient
        cache  from leaky_relu_forward
    Returns:
        dx     shape of x
    Errors: ValueError, TypeError: dout is not of x's shape; cache is not leaky_relu_forward's.
    Lecture row: D-activations

    >>> from course_lib.activations import leaky_relu_backward, leaky_relu_forward
    >>> leaky_relu_backward([5.0, 5.0], leaky_relu_forward([2, -2])[1])
    array([5. , 0.5])
    """
    x, slope = _validate.unpack(cache, 2, "leaky_relu_forward")
    dout = _validate.upstream(dout, x.shape)
    return np.where(x > 0, dout, slope * dout)


def elu_forward(x, *, alpha=1.0):
    """Exponential linear unit: the negative side saturates smoothly at -α.

    Formula: out = x where x ≥ 0, α(eˣ - 1) where x < 0

    Arguments:
        x      any shape
        alpha  number, at least 0
    Returns:
        out    shape of x
        cache  what elu_backward needs
    Errors: ValueError, TypeError: x is empty or not an array of numbers; alpha is negative.
    Lecture row: D-activations

    >>> from course_lib.activations import elu_forward
    >>> elu_forward([2, -1000], alpha=0.5)[0]
    array([ 2. , -0.5])
    """
    x = _validate.array("x", x)
    alpha = _validate.number("alpha", alpha, minimum=0)
    # the other branch is computed everywhere, so the exponent is kept at or below 0; expm1 is exact near 0
    return np.where(x >= 0, x, alpha * np.expm1(np.minimum(x, 0))), (x, alpha)


def elu_backward(dout, cache):
    """Gradient of the exponential linear unit; at x = 0 the negative side's slope α, as frameworks take it.

    Formula: dx = dout·(1 where x > 0, α·eˣ elsewhere)

    Arguments:
        dout   shape of x, the upstream gradient
        cache  from elu_forward
    Returns:
        dx     shape of x
    Errors: ValueError, TypeError: dout is not of x's shape; cache is not elu_forward's.
    Lecture row: D-activations

    >>> from course_lib.activations import elu_backward, elu_forward
    >>> elu_backward([5.0, 5.0], elu_forward([2, -1])[1]).round(4)
    array([5.    , 1.8394])
    """
    x, alpha = _validate.unpack(cache, 2, "elu_forward")
    dout = _validate.upstream(dout, x.shape)
    return np.where(x > 0, dout, dout * alpha * np.exp(np.minimum(x, 0)))
