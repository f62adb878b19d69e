"""Full-batch methods: where all data fit into one gradient, use the curvature that successive gradients reveal."""

from dataclasses import dataclass

import numpy as np

from . import _validate

METHODS = ("L-BFGS-B", "CG", "BFGS")


@dataclass(frozen=True)
class Minimum:
    """What `minimize` found, and how it got there.

    w            of w0's shape and dtype
    value        float, fun at w
    values       list of floats: fun at w0, then after every iteration
    evaluations  list of ints beside `values`: how often fun had been called by then
    converged    True where the gradient became as small as asked, or the value stopped falling
    message      SciPy's reason for stopping
    """

    w: np.ndarray
    value: float
    values: list
    evaluations: list
    converged: bool
    message: str


def minimize(fun, w0, method="L-BFGS-B", *, max_iterations=1000, tolerance=1e-6, callback=None):
    """Minimise a function of all the data at once, by SciPy's quasi-Newton and conjugate-gradient methods.

    Formula: w ← w + α·p with a line search for α;  CG: p = -g + β·p_previous;  (L-)BFGS: p = -B⁻¹g, where B⁻¹ is
    built from the differences of past gradients (L-: of the last ten, so that no matrix is stored)

    The line search needs the loss itself, not a noisy estimate: give all data to every call, never a mini-batch.

    Arguments:
        fun             function of w, an array of w0's shape in float64; returns (value, gradient of w0's shape)
        w0              any shape, where the search starts; it is not written to
        method          "L-BFGS-B", "CG" or "BFGS"
        max_iterations  integer, at least 1
        tolerance       number, at least 0: stop when no component of the gradient is larger
        callback        function that is given a copy of w after every iteration, or None
    Returns:
        Minimum with w, value, values, evaluations, converged, message
    Errors: ValueError, TypeError: unknown method; w0 is not finite; fun returns anything but a finite value and a
        finite gradient of w0's shape.
    Lecture row: C-fullbatch

    >>> from course_lib.optim import minimize
    >>> found = minimize(lambda w: (((w - 3) ** 2).sum(), 2 * (w - 3)), [0.0, 1.0], method="CG")
    >>> found.w.round(6), found.converged
    (array([3., 3.]), True)
    """
    if not callable(fun):
        raise TypeError(f"fun: expected a function that returns (value, gradient), got {fun!r}")
    if callback is not None and not callable(callback):
        raise TypeError(f"callback: expected a function of w, or None, got {callback!r}")
    w0 = _validate.finite("w0", _validate.array("w0", w0))
    if method not in METHODS:
        raise ValueError(f"method: expected one of {', '.join(METHODS)}, got {method!r}")
    max_iterations = _validate.integer("max_iterations", max_iterations, minimum=1)
    tolerance = _validate.number("tolerance", tolerance, minimum=0)

    from scipy import optimize

    values, evaluations, calls = [], [], 0

    def flat_fun(flat):
        nonlocal calls
        calls += 1
        value, gradient = _evaluate(fun, flat.reshape(w0.shape).copy())
        if calls == 1:  # SciPy starts by looking at w0
            values.append(value)
            evaluations.append(calls)
        return value, gradient.ravel()

    def after_iteration(intermediate_result):  # SciPy looks for this very name of the argument
        values.append(float(intermediate_result.fun))
        evaluations.append(calls)
        if callback is not None:
            callback(intermediate_result.x.reshape(w0.shape).astype(w0.dtype))

    options = {"maxiter": max_iterations, "gtol": tolerance}
    if method == "CG":
        # A line search that is nearly exact: only then are successive directions conjugate, so that n of them finish
        # a quadratic of n dimensions. SciPy's own c2 = 0.4 takes several times as many.
        options["c2"] = 1e-3
    if method == "L-BFGS-B":
        # leave it to the gradient when to stop, and to max_iterations when to give up
        options |= {"ftol": float(np.finfo(np.float64).eps), "maxfun": 100 * max_iterations}
    start = w0.astype(np.float64).ravel()
    found = optimize.minimize(flat_fun, start, jac=True, method=method, callback=after_iteration, options=options)
    w = found.x.reshape(w0.shape).astype(w0.dtype)
    return Minimum(w, float(found.fun), values, evaluations, bool(found.success), str(found.message))


def _evaluate(fun, w):
    """fun's value as a float and its gradient in float64, both checked."""
    shape, returned = w.shape, fun(w)
    if not isinstance(returned, (tuple, list)) or len(returned) != 2:
        raise TypeError(f"fun: expected a pair (value, gradient), got {type(returned).__name__}")
    value = _validate.array("fun's value", returned[0])
    _validate.has_shape("fun's value", value, (), "a single number")
    gradient = _validate.array("fun's gradient", returned[1])
    _validate.has_shape("fun's gradient", gradient, shape, "the shape of w0")
    value, gradient = _validate.finite("fun's value", value), _validate.finite("fun's gradient", gradient)
    return float(value), gradient.astype(np.float64, copy=False)
