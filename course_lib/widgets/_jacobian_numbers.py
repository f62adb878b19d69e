"""What JacobianView shows, as numbers: an example, checked, and what the course's own functions compute from it.

An *example* is a dict that JSON can hold: kind (of KINDS), wrt ("x" or "w": by which of them the Jacobian is taken),
x, w (None where the function has no weights), upstream, ∂L/∂y, as nested lists, stride (of a convolution), and a
revision that counts its changes. `static/jacobian_numbers.js` holds the same formulas for pages without a kernel;
tests compare the two.

Layout: J[n, m] = ∂y_m/∂x_n, a row for each input and a column for each output, matrices flattened in C order.
"""

import numpy as np

from .. import _validate
from ..activations import relu_backward, sigmoid_backward, sigmoid_forward
from ..conv import conv1d_backward, conv1d_forward, conv_matrix
from ..jacobian import jacobian_bytes, matmul_jacobians, relu_jacobian, softmax_jacobian
from ..linear import affine_backward
from ..losses import softmax
from ._base import capped
from ._example import check_entries, within

KINDS = ("relu", "sigmoid", "matmul", "conv1d", "softmax")
WEIGHTED = ("matmul", "conv1d")
ENTRIES = ("kind", "wrt", "x", "w", "upstream", "stride", "revision")
MOST = 16  # rows and columns of a Jacobian that is shown
LARGEST = {"n": 12, "d": 16, "m": 16}  # the sliders of the memory end at these powers of two
PATTERN = (2.0, -1.0, 3.0, 1.0, -2.0)  # an upstream gradient where none was given


def make_example(kind, x, w=None, *, upstream=None, wrt="x", stride=1):
    """Return the example that these arguments describe; errors as JacobianView."""
    return check_example({
        "kind": kind, "wrt": wrt, "x": x, "w": w, "upstream": upstream, "stride": stride, "revision": 0,
    })  # fmt: skip


def check_example(example):
    """Return the example with every entry checked and in its plain form; a missing upstream gradient is filled in."""
    check_entries(example, ENTRIES)
    kind, wrt = example["kind"], example["wrt"]
    if kind not in KINDS:
        raise ValueError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}")
    if wrt not in ("x", "w") or (wrt == "w" and kind not in WEIGHTED):
        allowed = '"x" or "w"' if kind in WEIGHTED else '"x"'
        raise ValueError(f"wrt: expected {allowed} for {kind}, got {wrt!r}")
    axes = "N D" if kind == "matmul" else "N"
    x = within("x", _validate.finite("x", _validate.array("x", example["x"], axes=axes)), 1e4)
    w = None
    if kind in WEIGHTED:
        w = _validate.array("w", example["w"], axes="D M" if kind == "matmul" else "F")
        within("w", _validate.finite("w", w), 1e4)
    elif example["w"] is not None:
        raise ValueError(f"w: expected None for {kind}, which has no weights")
    stride = _validate.integer("stride", example["stride"], 1, 8)
    if kind == "matmul":
        _validate.has_shape("w", w, (x.shape[1], w.shape[1]), f"a row for each of x's {x.shape[1]} columns")
        shape = (x.shape[0], w.shape[1])
    elif kind == "conv1d":
        if len(w) > len(x):
            raise ValueError(f"w: expected a filter no longer than x, {len(x)}, got {len(w)}")
        shape = ((len(x) - len(w)) // stride + 1,)
    else:
        shape = x.shape
    remedy = "Take a smaller example: the pattern is the same."
    capped("x", x.size, MOST, "numbers in x, rows of the Jacobian,", remedy)
    capped("w", 0 if w is None else w.size, MOST, "numbers in w, rows of the Jacobian,", remedy)
    capped("y", int(np.prod(shape)), MOST, "numbers in y, columns of the Jacobian,", remedy)
    upstream = example["upstream"]
    upstream = np.resize(PATTERN, shape) if upstream is None else _validate.array("upstream", upstream)
    _validate.has_shape("upstream", upstream, shape, "the shape of y")
    within("upstream", _validate.finite("upstream", upstream), 1e4)
    return {
        "kind": kind, "wrt": wrt, "x": x.astype(float).tolist(), "w": None if w is None else w.astype(float).tolist(),
        "upstream": upstream.astype(float).tolist(), "stride": stride,
        "revision": _validate.integer("revision", example["revision"], 0),
    }  # fmt: skip


def numbers(example):
    """Return all that the widget shows of a checked example, by the course's own functions.

    Returns:
        dict: y flat; J, rows of inputs, columns of outputs; explicit, J times the upstream gradient; implicit, the
        same by the layer's backward pass; revision, the example's
    """
    x, dout = np.array(example["x"]), np.array(example["upstream"])
    y, J, implicit = _FUNCTIONS[example["kind"]](x, example, dout)
    return {
        "revision": example["revision"], "y": y.ravel().tolist(), "J": J.tolist(),
        "explicit": (J @ dout.ravel()).tolist(), "implicit": implicit.ravel().tolist(),
    }  # fmt: skip


def _relu(x, example, dout):
    return np.maximum(x, 0), relu_jacobian(x), relu_backward(dout, (x,))


def _sigmoid(x, example, dout):
    y, cache = sigmoid_forward(x)
    return y, np.diag((1 - y) * y), sigmoid_backward(dout, cache)


def _matmul(x, example, dout):
    w = np.array(example["w"])
    J_x, J_w = matmul_jacobians(x, w)
    dx, dw, _ = affine_backward(dout, (x, w, None))
    return (x @ w, J_x, dx) if example["wrt"] == "x" else (x @ w, J_w, dw)


def _conv1d(x, example, dout):
    w, stride = np.array(example["w"]), example["stride"]
    y, cache = conv1d_forward(x[None, None], w[None, None], stride=stride)
    dx, dw, _ = conv1d_backward(dout[None, None], cache)
    if example["wrt"] == "x":
        return y, conv_matrix(w[None], (1, len(x)), stride=(1, stride), pad=0).T, dx
    return y, np.array([x[f : f + stride * (y.size - 1) + 1 : stride] for f in range(len(w))]), dw


def _softmax(x, example, dout):
    p = softmax(x)
    return p, softmax_jacobian(x), p * (dout - p @ dout)


_FUNCTIONS = {"relu": _relu, "sigmoid": _sigmoid, "matmul": _matmul, "conv1d": _conv1d, "softmax": _softmax}


def check_sizes(sizes):
    """Return the sizes of the memory comparison, {"n", "d", "m", "itemsize"}, checked."""
    if not isinstance(sizes, dict) or set(sizes) != {"n", "d", "m", "itemsize"}:
        raise ValueError("sizes: expected a dict with the entries n, d, m, itemsize")
    checked = {name: _validate.integer(name, sizes[name], 1, 2 ** LARGEST[name]) for name in ("n", "d", "m")}
    if sizes["itemsize"] not in (4, 8):
        raise ValueError(f"itemsize: expected 4 (float32) or 8 (float64), got {sizes['itemsize']!r}")
    return checked | {"itemsize": int(sizes["itemsize"])}


def memory(sizes):
    """Return the bytes of both explicit Jacobians of y = x·w, and of all arrays of the implicit backward pass."""
    n, d, m, itemsize = (sizes[name] for name in ("n", "d", "m", "itemsize"))
    return {
        "dy_dx": jacobian_bytes(n, d, m, itemsize),
        "dy_dw": jacobian_bytes(n, d, m, itemsize, wrt="w"),
        "implicit": (2 * n * d + 2 * d * m + n * m) * itemsize,  # x and dx, w and dw, dout
    }


def bytes_text(count):
    """A number of bytes as people say it: "256 GiB"."""
    units = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
    power = min(len(units) - 1, (int(count).bit_length() - 1) // 10)
    return "1 byte" if count == 1 else f"{count / 1024**power:.4g} {units[power]}"
