"""Numerical gradients: push one input a little to both sides, watch the output, divide."""

import numpy as np

from . import _validate


def _difference(f, x, index, h):
    """Central difference of f along one coordinate of x: (f(x + h e) - f(x - h e)) / (the step taken)."""
    # f gets a copy of its own each time: it may keep it, return it, or write to it without disturbing the other side.
    x_plus, x_minus = x.copy(), x.copy()
    x_plus[index] += h
    x_minus[index] -= h
    step = x_plus[index] - x_minus[index]  # 2h as rounding left it: dividing by this keeps more digits
    if step == 0:
        raise ValueError(f"h: expected a step that changes x{list(index)} = {x[index]}, got {h}, lost in rounding")
    y_plus, y_minus = (_validate.array("f(x)", f(side)).astype(np.float64) for side in (x_plus, x_minus))
    return (y_plus - y_minus) / step


def numerical_gradient(f, x, dout=None, h=1e-5):
    """Gradient of f at x by central differences, for any upstream gradient.

    Formula: dx_n = Σ_m dout_m · (y_m(x + h e_n) - y_m(x - h e_n)) / 2h,  y = f(x)

    Arguments:
        f     function of one array; returns a scalar, or an array (then dout is required)
        x     any shape; it is copied to float64, as a step of 1e-5 drowns in float32's rounding, and never written to
        dout  shape of f(x): the upstream gradient; 1 where f returns a scalar and dout is left out
        h     the step, > 0
    Returns:
        dx    shape of x, float64
    Errors: ValueError, TypeError: dout is missing or not of f(x)'s shape; h is not positive, or is lost in rounding.
    Lecture row: B-derivs

    >>> from course_lib.gradcheck import numerical_gradient
    >>> numerical_gradient(lambda x: (x**3).sum(), [1, 2]).round(6)
    array([ 3., 12.])
    """
    x = _validate.array("x", x).astype(np.float64)
    h = _validate.number("h", h, minimum=np.finfo(np.float64).tiny)
    y = _validate.array("f(x)", f(x.copy()))
    if dout is None and y.ndim > 0:
        raise ValueError(f"dout: expected an upstream gradient of shape {y.shape}, as f returns an array, got None")
    dout = _validate.upstream(1.0 if dout is None else dout, y.shape)
    dx = np.empty_like(x)
    for index in np.ndindex(x.shape):
        dx[index] = np.sum(dout * _difference(f, x, index, h))
    return dx[()]  # a plain number where x is one


def numerical_jacobian(f, x, h=1e-5):
    """Jacobian of f at x by central differences, laid out with one row for each input.

    Formula: J[n, m] = ∂y_m/∂x_n = (y_m(x + h e_n) - y_m(x - h e_n)) / 2h,  y = f(x)

    This is the transpose of the numerator layout that many books use. The chain rule reads dx = J · dout.

    Arguments:
        f     function of one array; returns a scalar or an array
        x     any shape; copied to float64 and never written to
        h     the step, > 0
    Returns:
        J     (x.size, y.size), float64; x and y of rank other than 1 are flattened, last axis fastest
    Errors: ValueError, TypeError: x or f(x) is not an array of numbers; h is not positive, or is lost in rounding.
    Lecture row: B-derivs

    >>> from course_lib.gradcheck import numerical_jacobian
    >>> numerical_jacobian(lambda x: x[:2] * x[2], [1, 2, 3]).round(6)
    array([[3., 0.],
           [0., 3.],
           [1., 2.]])
    """
    x = _validate.array("x", x).astype(np.float64)
    h = _validate.number("h", h, minimum=np.finfo(np.float64).tiny)
    return np.stack([_difference(f, x, index, h).ravel() for index in np.ndindex(x.shape)])


def relative_error(a, b):
    """How far two arrays are apart, relative to their size: 0 is equal, 1 is as wrong as an opposite sign.

    Formula: max|a - b| / (max|a| + max|b|), and 0 for two arrays of zeros

    The maxima run over the whole array, so rounding noise beside an exact zero does not count as a large error.
    Guide for float64 gradients: below 1e-7 is right, above 1e-4 is wrong.

    Arguments:
        a, b  any one shape
    Returns:
        float in [0, 1]; nan where a or b holds NaN or an infinity, so that no tolerance accepts it
    Errors: ValueError, TypeError: the shapes differ, or a or b is empty or not an array of numbers.
    Lecture row: B-derivs

    >>> from course_lib.gradcheck import relative_error
    >>> relative_error([1.0, 0.0], [3.0, 0.0])
    0.5
    """
    a = _validate.array("a", a).astype(np.float64)
    b = _validate.like("b", b, a, "a").astype(np.float64)
    size = np.abs(a).max() + np.abs(b).max()
    if size == 0:
        return 0.0
    return float(np.abs(a - b).max() / size) if np.isfinite(size) else float("nan")
