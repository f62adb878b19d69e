"""01_flat_backprop: staged code with one backward line for each forward line, from a circuit to a two-layer network."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ... import flat
from ..exercise import Case, Exercise, ResultForm, wrong
from ..inputs import whole

# --- the right answers, as a student would write them ------------------------------------------------------------------


def circuit_forward(w0, x0, w1, x1, w2):
    s0 = w0 * x0
    s1 = w1 * x1
    s2 = s0 + s1
    s3 = s2 + w2
    L = 1 / (1 + np.exp(-s3))
    cache = (w0, x0, w1, x1, L)
    return L, cache


def circuit_backward(dL, cache):
    w0, x0, w1, x1, L = cache
    ds3 = dL * (1 - L) * L
    dw2 = ds3
    ds2 = ds3
    ds1 = ds2
    ds0 = ds2
    dx1 = ds1 * w1
    dw1 = ds1 * x1
    dx0 = ds0 * w0
    dw0 = ds0 * x0
    return dw0, dx0, dw1, dx1, dw2


def which_pass():
    return {"A", "C"}


def gates_backward(x, y, z, dout):
    total = x + y
    largest = max(y, z)
    dtotal = dout * largest
    dlargest = dout * total
    dx = dtotal
    dy_sum = dtotal
    y_wins = y > z
    dy_max = dlargest if y_wins else 0.0
    dz = 0.0 if y_wins else dlargest
    dy = dy_sum + dy_max
    return dx, dy, dz


def svm_loss(W, X, y, reg):
    N = X.shape[0]
    rows = np.arange(N)
    scores = X @ W
    correct = scores[rows, y][:, None]
    margins = np.maximum(0, scores - correct + 1)
    margins[rows, y] = 0
    data_loss = margins.sum() / N
    reg_loss = 0.5 * reg * np.sum(W * W)
    loss = data_loss + reg_loss
    dmargins = np.where(margins > 0, 1.0, 0.0)
    dscores = dmargins / N
    dscores[rows, y] -= dscores.sum(axis=1)
    dW = X.T @ dscores + reg * W
    return loss, dW


def two_layer_loss(X, y, W1, b1, W2, b2, reg):
    N = X.shape[0]
    rows = np.arange(N)
    z1 = X @ W1 + b1
    h1 = np.maximum(0, z1)
    scores = h1 @ W2 + b2
    shifted = scores - scores.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    totals = powers.sum(axis=1, keepdims=True)
    log_p = shifted - np.log(totals)
    data_loss = -log_p[rows, y].sum() / N
    reg_loss = 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
    loss = data_loss + reg_loss
    dscores = powers / totals
    dscores[rows, y] -= 1
    dscores = dscores / N
    dW2 = h1.T @ dscores + reg * W2
    db2 = dscores.sum(axis=0)
    dh1 = dscores @ W2.T
    dz1 = np.where(z1 > 0, dh1, 0)
    dW1 = X.T @ dz1 + reg * W1
    db1 = dz1.sum(axis=0)
    return loss, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


# --- the same from the library, or written another way -----------------------------------------------------------------


def _gates_backward(x, y, z, dout):
    """f is quadratic between the kinks, so a central difference over a step that crosses none is exact."""
    h = 2.0 ** -20
    f = lambda x, y, z: (x + y) * (y if y > z else z)  # noqa: E731
    return tuple(dout * (f(*(p + h * e)) - f(*(p - h * e))) / (2 * h) for p in [np.array([x, y, z], float)] for e in np.eye(3))


# --- how results are read ----------------------------------------------------------------------------------------------


def _pair(result: Any) -> tuple[Any, Any]:
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        what = f"{len(result)} values" if isinstance(result, (tuple, list)) else f"one {type(result).__name__}"
        raise ResultForm(f"circuit_forward should return two things, L and the cache (a tuple of what the backward pass needs): "
                         f"`return L, cache`. It returned {what}.")
    return tuple(result)


def forward_only(functions: Sequence, args: tuple, kwargs: Mapping[str, Any]) -> Any:
    """L from circuit_forward; what is in the cache is the learner's own business."""
    result = functions[-1](*args, **kwargs)
    return None if result is None else _pair(result)[0]


def there_and_back(functions: Sequence, args: tuple, kwargs: Mapping[str, Any]) -> Any:
    """Forward, perhaps a second forward on other numbers, then backward with the first one's cache."""
    forward, backward = functions
    *values, dL = args[:6]
    _, cache = _pair(forward(*values))
    for other in args[6:]:
        forward(*other)
    return backward(dL, cache)


GRADIENTS = ("W1", "b1", "W2", "b2")


def read_loss_and_gradients(result: Any) -> dict[str, Any]:
    """(loss, {"W1": …, "b1": …, "W2": …, "b2": …}) as {"loss": …, "dW1": …, …}. Raises ResultForm for anything else."""
    if not isinstance(result, (tuple, list)) or len(result) != 2 or not isinstance(result[1], Mapping):
        raise ResultForm("two_layer_loss should return two things: the loss, and a dict with the gradients under the keys "
                         "'W1', 'b1', 'W2', 'b2'.")
    loss, grads = result
    if missing := [k for k in GRADIENTS if k not in grads]:
        raise ResultForm(f"The dict of gradients has no {', '.join(map(repr, missing))}; its keys are {', '.join(map(repr, grads)) or 'none'}. "
                         f"Expected: 'W1', 'b1', 'W2', 'b2'.")
    return {"loss": loss, **{f"d{k}": grads[k] for k in GRADIENTS}}


def read_letters(result: Any) -> dict[str, float]:
    """{"A", "C"}, ["a", "c"], "A, C" or "AC" as {"A": 1.0, "B": 0.0, "C": 1.0}. Raises ResultForm for anything else."""
    parts = [result] if isinstance(result, str) else list(result) if isinstance(result, (set, frozenset, list, tuple)) else [None]
    if not all(isinstance(p, str) for p in parts) or not re.fullmatch(r"[ABC]*", letters := re.sub(r"[\s,;]+", "", "".join(parts).upper())):
        raise ResultForm('which_pass should return the letters of the versions that pass, as a set such as {"B"} or {"A", "B"}; '
                         "an empty set, set(), says that none does.")
    return {letter: float(letter in letters) for letter in "ABC"}


# --- cases: the circuit ------------------------------------------------------------------------------------------------

WORKED = (2.0, -1.0, -3.0, -2.0, -3.0)  # the lecture's numbers, w0 x0 w1 x1 w2
SECOND = (0.5, 1.0, -1.0, 2.0, 0.25)


def _forward_case(label: str, *values: float) -> Case:
    s3 = values[0] * values[1] + values[2] * values[3] + values[4]
    return Case(label, values, tags={"the sign of s3": "plus" if s3 > 0 else "minus" if s3 < 0 else "zero",
                                     "the size of s3": "large" if abs(s3) > 100 else "ordinary"})


def forward_visible() -> list[Case]:
    return [
        _forward_case("the lecture's numbers", *WORKED),
        _forward_case("s3 = -1.5", 1.0, 2.0, -1.0, 3.0, -0.5),
        _forward_case("whole numbers of type int", -1, 2, 3, 1, 1),
        _forward_case("s3 = 1000", 30.0, 20.0, 10.0, 39.0, 10.0),
    ]


def forward_weak() -> list[Case]:
    return [_forward_case("all zeros", 0.0, 0.0, 0.0, 0.0, 0.0)]


def _numbers(rng: np.random.Generator, kind: str) -> tuple[float, ...]:
    """Five numbers with s3 where the sigmoid bends; "int": of type int; "zero": with x0 = 0; "large": with s3 near 1000."""
    if kind == "large":
        return (*rng.uniform(20, 22, 4).tolist(), 150.0)
    while True:
        values = rng.integers(-3, 3, 5, endpoint=True) if kind == "int" else rng.integers(-8, 8, 5, endpoint=True) / 4
        if kind == "zero":
            values[1] = 0
        w0, x0, w1, x1, w2 = values.tolist()
        if 0.3 < abs(w0 * x0 + w1 * x1 + w2) < 3 and np.count_nonzero(values) >= 4 and w0 * x1 != w1 * x0 and w0 != x0 and w1 != x1 and w2 != 1:
            return w0, x0, w1, x1, w2


def forward_draw(rng: np.random.Generator, kind: str = "") -> Case:
    return _forward_case({"": "random numbers", "int": "random whole numbers of type int", "zero": "x0 = 0", "large": "s3 near 1000"}[kind],
                         *_numbers(rng, kind))


def _backward_case(label: str, values: Sequence[float], dL: float, *between: tuple) -> Case:
    return Case(label, (*values, dL, *between), constants={"dL, the upstream gradient,": dL},
                tags={"dL": "1" if dL == 1 else "not 1", "a second forward pass before the backward pass": "there" if between else "not there"})


def backward_visible() -> list[Case]:
    return [
        _backward_case("the lecture's numbers, dL = 1", WORKED, 1.0),
        _backward_case("the lecture's numbers, dL = 5", WORKED, 5.0),
        _backward_case("x0 = 0, dL = -2", (1.5, 0.0, -0.5, 2.0, 2.0), -2.0),
        _backward_case("whole numbers of type int, dL = 3", (-1, 2, 3, 1, -2), 3),
        _backward_case("two forward passes, then the first one's backward pass", (0.5, -2.0, 1.0, 1.5, -1.0), -4.0, SECOND),
    ]


def backward_weak() -> list[Case]:
    return [_backward_case("all ones, dL = 1", (1.0,) * 5, 1.0), _backward_case("all zeros, dL = 1", (0.0,) * 5, 1.0)]


def backward_draw(rng: np.random.Generator, kind: str = "", dL: float = 2.0, between: bool = False) -> Case:
    label = {"": "random numbers", "int": "random whole numbers of type int", "zero": "x0 = 0", "large": "s3 near 1000"}[kind]
    values = _numbers(rng, kind)
    second = (_numbers(rng, ""),) if between else ()
    return _backward_case(f"{label}, dL = {dL:g}{', a second forward pass in between' if between else ''}", values, dL, *second)


# --- cases: the four gates ---------------------------------------------------------------------------------------------


def _gates_case(x: float, y: float, z: float, dout: float) -> Case:
    return Case(f"x = {x:g}, y = {y:g}, z = {z:g}, dout = {dout:g}", (x, y, z, dout), constants={"dout, the upstream gradient,": dout},
                tags={"the larger of y and z": "y" if y > z else "z", "the signs of y and z": "equal" if y * z > 0 else "not equal",
                      "dout": "1" if dout == 1 else "not 1"})


def gates_visible() -> list[Case]:
    return [
        _gates_case(-1.0, 3.0, 2.0, 2.0),
        _gates_case(4, 1, 5, 3),
        _gates_case(-2.0, -5.0, 2.0, -1.0),
        _gates_case(1.0, -3.0, -4.0, 0.5),
    ]


def gates_weak() -> list[Case]:
    return [_gates_case(1.0, 1.0, 0.0, 1.0), _gates_case(0.0, 1.0, 0.0, 1.0), _gates_case(-1.0, 1.0, 2.0, 1.0), _gates_case(0.0, 0.0, 1.0, 1.0)]


def gates_draw(rng: np.random.Generator, larger: str = "y", negative: bool = False, dout: float = 1.0) -> Case:
    """larger: which of y and z wins; negative: the other one has the larger magnitude."""
    while True:
        x, first, second = rng.integers(-12, 12, 3, endpoint=True).tolist()
        x, top, low = x / 2, max(first, second) / 2, min(first, second) / 2
        y, z = (top, low) if larger == "y" else (low, top)
        if top - low >= 1 and x * y * z * (x + y) != 0 and (abs(low) > abs(top)) == negative and abs(x + y) != abs(top) and top != 1:
            return _gates_case(x, y, z, dout)


# --- cases: the two losses ---------------------------------------------------------------------------------------------


def _violators(W: np.ndarray, X: np.ndarray, y: np.ndarray) -> tuple[int, bool]:
    """The most violated margins in one row; is some margin exactly 0?"""
    scores = X @ W
    margins = scores - scores[np.arange(len(y)), y][:, None] + 1
    margins[np.arange(len(y)), y] = -1
    return int((margins > 0).sum(axis=1).max()), bool((margins == 0).any())


def _svm_case(label: str, W: np.ndarray, X: np.ndarray, y: Sequence[int], reg: float, form: str = "") -> Case:
    y = np.array(y)
    most, tie = _violators(W, X, y)
    if form == "integers":  # here and not by the case's form, so that the failing example shows integers
        W, X, form = W.astype(np.int64), X.astype(np.int64), ""
    return Case(label, (W, X, y, reg), form=form,
                tags={"reg": "zero" if reg == 0 else "above zero", "the number of violated margins in a row": "at most one" if most < 2 else "two or more",
                      "a margin of exactly 0": "there" if tie else "not there", "the type of W": "int" if W.dtype.kind == "i" else "float"},
                constants={"N, the number of items,": len(X), "C, the number of classes,": W.shape[1]})


SVM_W = np.array([[1.0, -1, 0], [0, 2, 1]])
SVM_X = np.array([[3.0, 0], [1, 2]])
SVM_Y = (2, 0)


def svm_visible() -> list[Case]:
    return [
        _svm_case("the worked example", SVM_W, SVM_X, SVM_Y, 2.0),
        _svm_case("reg = 0, four classes, read-only arrays", np.array([[1.0, 0, 2, -1], [0.5, 1, 0, 1]]),
                  np.array([[1.0, 2], [0, -2], [-1, 1]]), (1, 0, 2), 0.0, "read-only"),
        _svm_case("a margin of exactly 0", np.array([[2.0, 1, 0.5], [0, 1, -1], [1, -1, 0]]), np.array([[1.0, 0, 0], [0.5, 1, -1]]), (0, 2), 1.0),
        _svm_case("whole numbers of type int, reg = 10", np.array([[1.0, -2], [0, 1], [3, 1]]),
                  np.array([[1.0, 2, 0], [-1, 0, 1], [2, 1, 1], [0, 3, -1], [1, 1, 1]]), (0, 1, 0, 1, 1), 10.0, "integers"),
    ]


def svm_weak() -> list[Case]:
    return [_svm_case("zero weights, reg = 0", np.zeros((3, 4)), np.array([[1.0, 2, 3], [2, 0, 1]]), (1, 3), 0.0),
            _svm_case("every margin met, reg = 0", np.array([[2.0, -2], [0, 0]]), np.array([[1.0, 2], [-1, 1]]), (0, 1), 0.0),
            _svm_case("one item, two classes, reg = 0", np.array([[1.0, 2], [0, 1]]), np.array([[1.0, 1]]), (0,), 0.0)]


def svm_draw(rng: np.random.Generator, N: int = 4, D: int = 3, C: int = 5, reg: float = 1.0, tie: bool = False, form: str = "") -> Case:
    """tie: with a margin of exactly 0, which counts as met."""
    while True:
        W = whole(rng, D, C, low=-2, high=2) if form == "integers" else whole(rng, D, C) / 2
        X, y = whole(rng, N, D, low=-3, high=3), rng.integers(C, size=N)
        most, ties = _violators(W, X, y)
        if ties == tie and (most > 1 or C == 2) and np.linalg.matrix_rank(X) == min(N, D):
            return _svm_case(f"N={N}, D={D}, C={C}, reg = {reg:g}{', ' + form if form else ''}", W, X, y, reg, form)


def _two_layer_case(label: str, X: np.ndarray, y: Sequence[int], W1: np.ndarray, b1: np.ndarray, W2: np.ndarray, b2: np.ndarray,
                    reg: float, form: str = "") -> Case:
    z1 = X @ W1 + b1
    if form == "integers":
        X, W1, b1, W2, b2, form = *(a.astype(np.int64) for a in (X, W1, b1, W2, b2)), ""
    return Case(label, (X, np.array(y), W1, b1, W2, b2, reg), form=form,
                tags={"reg": "zero" if reg == 0 else "above zero", "the size of the scores": "near 1000" if np.max(np.abs(b2)) > 500 else "ordinary",
                      "a zero before the ReLU": "there" if (z1 == 0).any() else "not there"},
                constants={"N, the number of items,": len(X), "C, the number of classes,": W2.shape[1]})


def two_layer_visible() -> list[Case]:
    return [
        _two_layer_case("the worked example", np.array([[1.0, 2]]), (1,), np.array([[1.0, 1], [1, -1]]), np.zeros(2),
                        np.array([[2.0, 1], [2, -3]]), np.array([-3.0, 0]), 0.5),
        _two_layer_case("two items, three hidden units, reg = 0", np.array([[1.0, -1], [2, 1]]), (2, 0), np.array([[1.0, -1, 0.5], [-1, 1, 1]]),
                        np.array([0.5, 1, 0]), np.array([[0.5, 0, 1], [1, -1, 0], [-1, 0.5, 0]]), np.array([0.0, 1, -1]), 0.0),
        _two_layer_case("scores near 1000", np.array([[1.0, 2], [0, -1], [-1, 1]]), (0, 1, 1), np.array([[1.0, -1, 1], [1, 0, -1]]),
                        np.array([1.0, 1, 0.5]), np.array([[1.0, -1], [0.5, 0], [-1, 2]]), np.array([1000.0, 1001]), 1.0),
        _two_layer_case("a hidden unit at exactly 0, read-only arrays", np.array([[1.0, -1], [2, 0.5], [-1, 0]]), (1, 2, 0),
                        np.array([[1.0, -1], [1, 1]]), np.array([0.0, 2]), np.array([[1.0, -0.5, 0], [0.5, 1, -1]]), np.array([0.0, 0.5, 0]),
                        0.1, "read-only"),
        _two_layer_case("whole numbers of type int, reg = 10", np.array([[1.0, 0, -1], [2, 1, 0], [0, -1, 1], [1, 1, 1]]), (0, 1, 2, 1),
                        np.array([[1.0, 0], [0, -1], [1, 1]]), np.array([1.0, 2]), np.array([[1.0, -1, 0], [0, 1, 1]]), np.array([0.0, 1, -1]),
                        10.0, "integers"),
    ]


def two_layer_weak() -> list[Case]:
    zeros = (np.zeros((2, 3)), np.zeros(3), np.zeros((3, 2)), np.zeros(2))
    return [_two_layer_case("all weights zero", np.array([[1.0, 2], [3, -1]]), (0, 1), *zeros, 0.0),
            _two_layer_case("one item, every hidden unit on", np.array([[1.0, 2]]), (0,), np.array([[1.0, 0.5], [0.5, 1]]), np.zeros(2),
                            np.array([[1.0, -1], [-0.5, 1]]), np.zeros(2), 0.0)]


def two_layer_draw(rng: np.random.Generator, N: int = 4, D: int = 3, H: int = 5, C: int = 2, reg: float = 1.0, shift: float = 0.0,
                   zero: bool = False, form: str = "") -> Case:
    """shift: added to all scores; zero: some hidden unit is at exactly 0, where the ReLU passes no gradient."""
    fine = 1 if form == "integers" else 4
    while True:
        X, W1, b1 = whole(rng, N, D, low=-2, high=2), whole(rng, D, H, low=-2, high=2), whole(rng, H, low=-2, high=2)
        W2, b2 = whole(rng, H, C, low=-1, high=1) if fine == 1 else whole(rng, H, C) / fine, whole(rng, C, low=-2, high=2) + shift
        z1 = X @ W1 + b1
        on = z1 > 0
        if (z1 == 0).any() == zero and on.any() and not on.all():
            return _two_layer_case(f"N={N}, D={D}, H={H}, C={C}, reg = {reg:g}" + (f", scores near {shift:g}" if shift else "")
                                   + (f", {form}" if form else ""), X, rng.integers(C, size=N), W1, b1, W2, b2, reg, form)


# --- exercises ---------------------------------------------------------------------------------------------------------

EXERCISES = (
    Exercise(
        id="01.circuit_forward",
        rows=("B-flat",),
        answer=(circuit_forward,),
        reference=(flat.circuit_forward,),
        arguments=("w0", "x0", "w1", "x1", "w2"),
        outputs=("L",),
        visible=forward_visible,
        weak=forward_weak,
        draw=forward_draw,
        call=forward_only,
        hints=(
            "One line for each gate, from left to right: two products, two sums, one sigmoid. Give every wire a name of its own; "
            "the backward pass will want the names back.",
            r"$s_0 = w_0x_0,\; s_1 = w_1x_1,\; s_2 = s_0+s_1,\; s_3 = s_2+w_2,\; L = \dfrac{1}{1+e^{-s_3}}$.",
            "The last lines are `L = 1 / (1 + np.exp(-s3))` and `return L, cache`. Going back, a product will ask for its two inputs "
            "and the sigmoid for its output: `cache = (w0, x0, w1, x1, L)` is enough.",
        ),
        misconceptions=(
            wrong("w2 as a factor",
                  "You multiplied by w2. The last gate before the sigmoid is an addition: s3 = s2 + w2.",
                  ("s3 = s2 + w2", "s3 = s2 * w2")),
            wrong("w2 forgotten",
                  "Your L does not depend on w2. The sum s3 = s2 + w2 is missing before the sigmoid.",
                  ("s3 = s2 + w2", "s3 = s2")),
            wrong("minus sign missing in the exponent",
                  "You computed 1/(1 + exp(s3)), which is the sigmoid of -s3: it falls where the sigmoid should rise. The exponent "
                  "has a minus sign.",
                  ("np.exp(-s3)", "np.exp(s3)")),
            wrong("tanh in place of the sigmoid",
                  "You took tanh. It has the same S shape but runs from -1 to 1; the sigmoid 1/(1 + exp(-s3)) runs from 0 to 1.",
                  ("1 / (1 + np.exp(-s3))", "np.tanh(s3)")),
            wrong("products multiplied",
                  "You multiplied s0 and s1. The two products are added: s2 = s0 + s1.",
                  ("s2 = s0 + s1", "s2 = s0 * s1")),
            wrong("inputs paired crosswise",
                  "You paired w0 with x1 and w1 with x0. Each weight has its own input: w0 goes with x0, w1 with x1.",
                  ("s0 = w0 * x0", "s0 = w0 * x1"), ("s1 = w1 * x1", "s1 = w1 * x0")),
            wrong("sigmoid overflows",
                  "You computed the sigmoid as exp(s3)/(1 + exp(s3)). For large s3 that is inf/inf, which is NaN. 1/(1 + exp(-s3)) "
                  "is the same function and has no such trouble there.",
                  ("1 / (1 + np.exp(-s3))", "np.exp(s3) / (1 + np.exp(s3))")),
        ),
    ),
    Exercise(
        id="01.circuit_backward",
        rows=("B-flat", "B-gates", "X-2"),
        answer=(circuit_forward, circuit_backward),
        reference=(flat.circuit_forward, flat.circuit_backward),
        arguments=("w0", "x0", "w1", "x1", "w2", "dL", "forward pass in between"),
        outputs=("dw0", "dx0", "dw1", "dx1", "dw2"),
        visible=backward_visible,
        weak=backward_weak,
        draw=backward_draw,
        call=there_and_back,
        needs="01.circuit_forward",
        hints=(
            "Write your forward lines upside down on paper. Each one becomes one step back: what arrives from the right, times "
            "the line's local gradient.",
            r"$ds_3 = dL\,(1-L)L$; an addition hands its gradient to both inputs; for $s_0 = w_0x_0$: $dw_0 = ds_0\,x_0$ and "
            r"$dx_0 = ds_0\,w_0$.",
            "`ds3 = dL * (1 - L) * L`, then `dw2 = ds3`, `ds2 = ds3`, `ds0 = ds2`, `ds1 = ds2`, then the two products with their "
            "inputs swapped. Return `dw0, dx0, dw1, dx1, dw2`.",
        ),
        misconceptions=(
            wrong("upstream gradient left out",
                  "You left out dL. The backward pass starts from the upstream gradient, and everything is proportional to it; with "
                  "dL = 1 nobody can tell.",
                  ("dL * (1 - L) * L", "(1 - L) * L")),
            wrong("the slide's caption taken literally",
                  "You computed the sigmoid's step as (1 - σ)·σ′, as the slide's caption has it. The local gradient is σ′ itself, which is "
                  "(1 - σ)·σ; your version multiplies by 1 - σ once too often.",
                  ("dL * (1 - L) * L", "dL * (1 - L) * ((1 - L) * L)")),
            wrong("sigmoid applied twice",
                  "You took the sigmoid of L. L already is σ(s3): its slope is (1 - L)·L, with no second sigmoid.",
                  ("dL * (1 - L) * L", "dL * (1 - 1 / (1 + np.exp(-L))) / (1 + np.exp(-L))")),
            wrong("slope from the input",
                  "You computed (1 - s3)·s3. That formula wants the sigmoid's output L, not its input s3.",
                  ("cache = (w0, x0, w1, x1, L)", "cache = (w0, x0, w1, x1, s3)")),
            wrong("slope of tanh",
                  "You used 1 - L², which is the slope of tanh. The sigmoid's slope is (1 - L)·L.",
                  ("dL * (1 - L) * L", "dL * (1 - L ** 2)")),
            wrong("slope with the wrong sign",
                  "You computed (L - 1)·L, which is negative. The sigmoid rises everywhere, so its slope is positive: (1 - L)·L.",
                  ("dL * (1 - L) * L", "dL * (L - 1) * L")),
            wrong("slope left out",
                  "Your gradients go past the sigmoid as if it were not there. On the way back, dL is multiplied by its slope "
                  "(1 - L)·L.",
                  ("dL * (1 - L) * L", "dL * 1.0")),
            wrong("inputs not swapped",
                  "You multiplied each gradient by the gate's own input. A product swaps its inputs on the way back: w0 gets x0 and "
                  "x0 gets w0.",
                  ("dw0 = ds0 * x0", "dw0 = ds0 * w0"), ("dx0 = ds0 * w0", "dx0 = ds0 * x0"),
                  ("dw1 = ds1 * x1", "dw1 = ds1 * w1"), ("dx1 = ds1 * w1", "dx1 = ds1 * x1")),
            wrong("gradient split at the sum",
                  "You halved the gradient at s2 = s0 + s1. An addition does not share its gradient out: one more on either input is "
                  "one more at the output, so both get all of it.",
                  ("ds1 = ds2", "ds1 = ds2 / 2"), ("ds0 = ds2", "ds0 = ds2 / 2")),
            wrong("sum treated as a product",
                  "At s2 = s0 + s1 you swapped the inputs as a product does. An addition's local gradients are both 1: ds0 = ds2 and "
                  "ds1 = ds2.",
                  ("ds1 = ds2", "ds1 = ds2 * (w0 * x0)"), ("ds0 = ds2", "ds0 = ds2 * (w1 * x1)")),
            wrong("w2 treated as a factor",
                  "You multiplied dw2 by w2. w2 is added, so its local gradient is 1 and dw2 = ds3.",
                  ("cache = (w0, x0, w1, x1, L)", "cache = (w0, x0, w1, x1, L, w2)"),
                  ("w0, x0, w1, x1, L = cache", "w0, x0, w1, x1, L, w2 = cache"), ("dw2 = ds3", "dw2 = ds3 * w2")),
            wrong("results in another order",
                  "The numbers are right, the order is not: you returned both weights first. The order is that of the arguments, dw0, "
                  "dx0, dw1, dx1, dw2.",
                  ("return dw0, dx0, dw1, dx1, dw2", "return dw0, dw1, dx0, dx1, dw2")),
            wrong("values kept outside the cache",
                  "Your backward pass used the numbers of the latest forward pass, not those of the cache that it was given. Did you keep "
                  "them in global variables? Whatever backward needs travels in the cache.",
                  ("cache = (w0, x0, w1, x1, L)", "cache = circuit_forward.kept = (w0, x0, w1, x1, L)"),
                  ("w0, x0, w1, x1, L = cache", "w0, x0, w1, x1, L = circuit_forward.kept")),
        ),
    ),
    Exercise(
        id="01.which_pass",
        rows=("B-flat", "X-2"),
        answer=(which_pass,),
        reference=(which_pass,),
        arguments=(),
        outputs=("A", "B", "C"),
        visible=lambda: [Case("the careless check above", ())],
        unpack=read_letters,
        all_or_nothing=True,
        hints=(
            "Go through the versions one by one. What would the inputs have to be for the mistake to make no difference?",
            "Put the check's inputs into each wrong line: every input is 1, and so is dL. Which lines then give the right number?",
            "A factor of 1 that is missing is not missed. Two inputs that are equal can be swapped or not. And is σ′ the same as "
            "(1 - σ)σ′ at s3 = 3?",
        ),
        misconceptions=(
            wrong("A does not pass",
                  "You said that A is caught. It leaves out dL, but this check only ever uses dL = 1, and a factor of 1 is not missed.",
                  ('{"A", "C"}', '{"C"}')),
            wrong("B passes",
                  "You said that B passes. Its extra factor 1 - L is 1 for no input at all: at s3 = 3 it is 0.047, so all five gradients "
                  "come out about twenty times too small.",
                  ('{"A", "C"}', '{"A", "B", "C"}')),
            wrong("C does not pass",
                  "You said that C is caught. It does not swap the inputs of the products, but here all inputs are 1, so that swapping "
                  "changes nothing.",
                  ('{"A", "C"}', '{"A"}')),
            wrong("none passes",
                  "You said that all three are caught. Look at what the check never tries: another upstream gradient than 1, and "
                  "inputs that differ.",
                  ('{"A", "C"}', "set()")),
        ),
    ),
    Exercise(
        id="01.gates_backward",
        rows=("B-gates",),
        answer=(gates_backward,),
        reference=(_gates_backward,),
        arguments=("x", "y", "z", "dout"),
        outputs=("dx", "dy", "dz"),
        visible=gates_visible,
        weak=gates_weak,
        draw=gates_draw,
        hints=(
            "Draw the circuit. The wire of y forks: one branch goes into the sum, one into the max. Go back gate by gate from the "
            "product.",
            r"With $s = x+y$ and $m = \max(y,z)$: $ds = dout\cdot m$, $dm = dout\cdot s$. The sum hands $ds$ to x and y; the max hands "
            r"$dm$ to the larger of y and z; what arrives at y adds up.",
            "`dx = ds`. If `y > z`: `dy = ds + dm` and `dz = 0.0`; otherwise `dy = ds` and `dz = dm`.",
        ),
        misconceptions=(
            wrong("copy overwritten",
                  "You kept only what came back through the max. y is used twice, and both branches send something back: they add up "
                  "(`+=`, not `=`).",
                  ("dy = dy_sum + dy_max", "dy = dy_max")),
            wrong("second use of y forgotten",
                  "Your dy holds only what came back through the sum. Where y is the larger one it also gets the max gate's gradient; "
                  "the two add up.",
                  ("dy = dy_sum + dy_max", "dy = dy_sum")),
            wrong("copies averaged",
                  "You took the mean of what the two branches send back to y. Pushing y moves both branches at once, so their effects "
                  "add up.",
                  ("dy = dy_sum + dy_max", "dy = (dy_sum + dy_max) / 2")),
            wrong("max passes to both",
                  "Your max gate sends its gradient to both inputs. Only the larger input reached the output, so only that one gets "
                  "the gradient; the other gets 0.",
                  ("dy_max = dlargest if y_wins else 0.0", "dy_max = dlargest"), ("dz = 0.0 if y_wins else dlargest", "dz = dlargest")),
            wrong("max shares out",
                  "Your max gate gives half of its gradient to each input. It is a switch: all of it goes to the larger input, nothing "
                  "to the other.",
                  ("dy_max = dlargest if y_wins else 0.0", "dy_max = dlargest / 2"), ("dz = 0.0 if y_wins else dlargest", "dz = dlargest / 2")),
            wrong("max always to z",
                  "Your max gate sends its gradient to z, whichever input is larger. Where y is the larger one, y reached the output, so "
                  "y gets it (on top of what comes through the sum) and z gets 0.",
                  ("y_wins = y > z", "y_wins = False")),
            wrong("max always to y",
                  "Your max gate sends its gradient to y, whichever input is larger. Where z is the larger one, z gets it and y has only "
                  "what comes through the sum.",
                  ("y_wins = y > z", "y_wins = True")),
            wrong("max routes to the smaller",
                  "Your max gate sends its gradient to the smaller input. The smaller one did not reach the output: a little more of it "
                  "changes nothing.",
                  ("y_wins = y > z", "y_wins = y < z")),
            wrong("max by magnitude",
                  "Your max gate goes by the size without the sign. Among -5 and 2 the larger number is 2.",
                  ("y_wins = y > z", "y_wins = abs(y) > abs(z)")),
            wrong("max multiplies by the value",
                  "Your max gate multiplies its gradient by the winning value. Its local gradient is 1 for the larger input: one more "
                  "there is one more at the output.",
                  ("dy_max = dlargest if y_wins else 0.0", "dy_max = dlargest * y if y_wins else 0.0"),
                  ("dz = 0.0 if y_wins else dlargest", "dz = 0.0 if y_wins else dlargest * z")),
            wrong("product not swapped",
                  "At the product you multiplied each gradient by its own input. A product swaps: the sum's gradient is dout times the "
                  "max, and the other way round.",
                  ("dtotal = dout * largest", "dtotal = dout * total"), ("dlargest = dout * total", "dlargest = dout * largest")),
            wrong("upstream gradient left out",
                  "You returned the gradients of f itself. The chain rule multiplies them by the upstream gradient dout.",
                  ("dtotal = dout * largest", "dtotal = largest"), ("dlargest = dout * total", "dlargest = total")),
            wrong("sum shares out",
                  "You halved the gradient at x + y. An addition hands all of it to each of its inputs.",
                  ("dx = dtotal", "dx = dtotal / 2"), ("dy_sum = dtotal", "dy_sum = dtotal / 2")),
        ),
    ),
    Exercise(
        id="01.svm_loss",
        rows=("B-svm",),
        answer=(svm_loss,),
        reference=(flat.svm_loss,),
        arguments=("W", "X", "y", "reg"),
        outputs=("loss", "dW"),
        visible=svm_visible,
        weak=svm_weak,
        draw=svm_draw,
        hints=(
            "Stage it: scores, margins, data_loss, reg_loss, loss; then the same names backwards. `scores[np.arange(N), y]` picks "
            "each item's correct score. A margin is a max gate: which of its two inputs won?",
            r"$\partial s$: every violated margin $m_{nj}>0$ sends $\tfrac1N$ to $s_{nj}$ and $-\tfrac1N$ to $s_{n,y_n}$. "
            r"Then $dW = X^\top ds + reg\cdot W$.",
            "`dscores = (margins > 0) / N`, then `dscores[np.arange(N), y] -= dscores.sum(axis=1)`: the correct score was subtracted "
            "once for each violated margin. At the end `dW = X.T @ dscores + reg * W`.",
        ),
        misconceptions=(
            wrong("correct class not left out",
                  "You compared the correct class with itself too: its margin is s - s + 1 = 1, for every item. Your loss is too large by "
                  "exactly 1; the gradient cannot tell you, because the two shares cancel.",
                  ("margins[rows, y] = 0", "pass")),
            wrong("one subtracted, however many violations",
                  "In the correct class's column you subtracted 1/N once per item. The correct score was subtracted in every violated "
                  "margin of its row, so it gets -1/N for each of them.",
                  ("dscores[rows, y] -= dscores.sum(axis=1)", "dscores[rows, y] -= dscores.max(axis=1)")),
            wrong("no gradient for the correct class",
                  "The correct class's score gets no gradient in your dW. It stands in every margin of its row with a minus sign, so each "
                  "violated margin sends -1/N back to it.",
                  ("dscores[rows, y] -= dscores.sum(axis=1)", "dscores[rows, y] = 0")),
            wrong("correct class with a plus sign",
                  "The correct class's share has the wrong sign: its score is subtracted in the margins. Raising it lowers the loss.",
                  ("dscores[rows, y] -= dscores.sum(axis=1)", "dscores[rows, y] += dscores.sum(axis=1)")),
            wrong("sum over the batch",
                  "You summed over the items. The data loss is the mean over the N items, and so the gradient's data part is divided by "
                  "N too; the penalty is not.",
                  ("data_loss = margins.sum() / N", "data_loss = margins.sum()"), ("dscores = dmargins / N", "dscores = dmargins")),
            wrong("gradient not divided by N",
                  "Your loss is a mean over the items, but your dW is not: the division by N has a backward line too.",
                  ("dscores = dmargins / N", "dscores = dmargins")),
            wrong("mean over all margins",
                  "You took the mean over all N·C margins. Each item's loss is the sum over its classes; the mean is over the N items "
                  "only.",
                  ("data_loss = margins.sum() / N", "data_loss = margins.mean()"), ("dscores = dmargins / N", "dscores = dmargins / margins.size")),
            wrong("half missing in the loss",
                  "Your penalty lacks the factor ½. Here it is ½·reg·Σw², so that its gradient is reg·W: your dW fits that, your loss "
                  "does not.",
                  ("reg_loss = 0.5 * reg", "reg_loss = reg")),
            wrong("penalty without the half",
                  "You used reg·Σw² with gradient 2·reg·W. Both fit each other, but this workbook's penalty is ½·reg·Σw², with gradient "
                  "reg·W.",
                  ("reg_loss = 0.5 * reg", "reg_loss = reg"), ("+ reg * W\n", "+ 2 * reg * W\n")),
            wrong("half kept in the gradient",
                  "You kept the factor ½ in the penalty's gradient. The derivative of ½·reg·w² is reg·w: the 2 from the square eats "
                  "the ½.",
                  ("+ reg * W\n", "+ 0.5 * reg * W\n")),
            wrong("penalty not in the gradient",
                  "The penalty is in your loss but not in your dW. It depends on W, so it sends reg·W back.",
                  ("+ reg * W\n", "+ 0 * W\n")),
            wrong("penalty divided by N",
                  "You divided the penalty by N as well. The mean is over the items; the penalty belongs to the weights and is added "
                  "once.",
                  ("reg_loss = 0.5 * reg * np.sum(W * W)", "reg_loss = 0.5 * reg * np.sum(W * W) / N"), ("+ reg * W\n", "+ reg * W / N\n")),
            wrong("margin of 1 left out",
                  "You left out the margin: a wrong class costs something as soon as it comes within 1 of the correct one, "
                  "s_j - s_correct + 1 > 0.",
                  ("scores - correct + 1", "scores - correct")),
            wrong("margins the wrong way round",
                  "Your margins punish scores that are too low: you computed s_correct - s_j + 1. A class costs something when its "
                  "score is too high.",
                  ("scores - correct + 1)", "correct - scores + 1)"), ("dscores = dmargins / N", "dscores = -dmargins / N")),
            wrong("no max with zero",
                  "You added up negative margins too. A class that is beaten by more than 1 costs nothing and earns nothing: max(0, ·).",
                  ("np.maximum(0, scores - correct + 1)", "scores - correct + 1")),
            wrong("margin value instead of a switch",
                  "You sent the margin's own value back. max(0, m) is a switch: where m > 0 its local gradient is 1, however large m is.",
                  ("np.where(margins > 0, 1.0, 0.0)", "margins * 1.0")),
            wrong("gradient at a margin of exactly 0",
                  "You let a margin of exactly 0 send a gradient back. That is a kink; this exercise counts it as met, with gradient 0.",
                  ("dmargins = np.where(margins > 0, 1.0, 0.0)",
                   "dmargins = np.where(scores - correct + 1 >= 0, 1.0, 0.0)\n    dmargins[rows, y] = 0")),
            wrong("gradient cut to whole numbers",
                  "Where W holds integers your dW is cut to whole numbers: np.zeros_like(W) or W.copy() takes over W's type. Make it "
                  "float: np.zeros(W.shape).",
                  ("return loss, dW", "return loss, dW.astype(W.dtype)")),
        ),
    ),
    Exercise(
        id="01.two_layer_loss",
        rows=("B-twolayer",),
        answer=(two_layer_loss,),
        reference=(flat.two_layer_loss,),
        arguments=("X", "y", "W1", "b1", "W2", "b2", "reg"),
        outputs=("loss", "dW1", "db1", "dW2", "db2"),
        visible=two_layer_visible,
        weak=two_layer_weak,
        draw=two_layer_draw,
        unpack=read_loss_and_gradients,
        hints=(
            "Write the forward pass in stages and keep every name: z1, h1, scores, p, loss. Then go back from dscores. Let the shapes "
            "guide you: a gradient has the shape of its variable.",
            r"$ds = (p - \text{one-hot}(y))/N$; $dW_2 = h_1^\top ds + reg\,W_2$, $db_2 = \sum_n ds_n$, $dh_1 = ds\,W_2^\top$; "
            r"$dz_1 = dh_1$ where $z_1>0$, else 0; then $dW_1$ and $db_1$ in the same way with $X$ in place of $h_1$.",
            "`p = np.exp(scores - scores.max(axis=1, keepdims=True))`, `p = p / p.sum(axis=1, keepdims=True)`; `ds = p.copy()`, "
            "`ds[np.arange(N), y] -= 1`, `ds = ds / N`; `dh1 = ds @ W2.T`, `dz1 = dh1 * (z1 > 0)`; "
            "`dW1 = X.T @ dz1 + reg * W1`, `db1 = dz1.sum(axis=0)`.",
        ),
        misconceptions=(
            wrong("scores not shifted",
                  "For scores near 1000 exp overflows and inf/inf is NaN. Subtract each row's largest score first: the softmax stays the "
                  "same.",
                  ("shifted = scores - scores.max(axis=1, keepdims=True)", "shifted = scores")),
            wrong("softmax over the items",
                  "Your softmax runs down the columns, over the items. Each item's probabilities sum to 1 over the classes: axis=1.",
                  ("totals = powers.sum(axis=1, keepdims=True)", "totals = powers.sum(axis=0, keepdims=True)")),
            wrong("sum over the batch",
                  "You summed over the items. The data loss is a mean over the N items, so the loss and dscores are divided by N; the "
                  "penalty is not.",
                  ("data_loss = -log_p[rows, y].sum() / N", "data_loss = -log_p[rows, y].sum()"), ("dscores = dscores / N", "dscores = dscores / 1")),
            wrong("dscores not divided by N",
                  "Your loss is a mean over the items, but dscores is not divided by N. The division has a backward line too.",
                  ("dscores = dscores / N", "dscores = dscores / 1")),
            wrong("one not subtracted",
                  "Your dscores is the softmax p alone. The gradient of softmax with cross-entropy is p minus 1 at the correct class.",
                  ("dscores[rows, y] -= 1", "pass")),
            wrong("y minus p",
                  "Your dscores has the wrong sign: it is p minus the one-hot target. Where the target's p is below 1, raising its score "
                  "lowers the loss.",
                  ("dscores = dscores / N", "dscores = -dscores / N")),
            wrong("ReLU left out going back",
                  "You sent the gradient past the ReLU unchanged. Where z1 ≤ 0 the hidden unit was switched off, and nothing goes back "
                  "through it.",
                  ("dz1 = np.where(z1 > 0, dh1, 0)", "dz1 = dh1")),
            wrong("ReLU applied to the gradient",
                  "You kept the positive gradients. The ReLU's switch was set by the forward pass: it depends on the sign of z1, not on the "
                  "sign of dh1.",
                  ("dz1 = np.where(z1 > 0, dh1, 0)", "dz1 = np.where(dh1 > 0, dh1, 0)")),
            wrong("ReLU open at exactly 0",
                  "You let the gradient through where z1 is exactly 0. This exercise does as the frameworks do: the slope there is 0, so "
                  "the mask is z1 > 0.",
                  ("dz1 = np.where(z1 > 0, dh1, 0)", "dz1 = np.where(z1 >= 0, dh1, 0)")),
            wrong("no ReLU at all",
                  "You left the ReLU out, forward and backward. Without it two layers are no more than one: X·(W1·W2).",
                  ("h1 = np.maximum(0, z1)", "h1 = z1"), ("dz1 = np.where(z1 > 0, dh1, 0)", "dz1 = dh1")),
            wrong("z1 in dW2",
                  "In dW2 you used z1. The second layer saw h1, after the ReLU: dW2 = h1ᵀ·dscores.",
                  ("dW2 = h1.T @ dscores", "dW2 = z1.T @ dscores")),
            wrong("bias gradients averaged",
                  "You took the mean for db1 and db2. dscores already holds the 1/N; a bias is added for every item, so its gradient "
                  "is the sum.",
                  ("db2 = dscores.sum(axis=0)", "db2 = dscores.mean(axis=0)"), ("db1 = dz1.sum(axis=0)", "db1 = dz1.mean(axis=0)")),
            wrong("biases regularised",
                  "You regularised the biases too. Here the penalty is for W1 and W2 only.",
                  ("np.sum(W2 * W2))", "np.sum(W2 * W2) + np.sum(b1 * b1) + np.sum(b2 * b2))"),
                  ("db2 = dscores.sum(axis=0)", "db2 = dscores.sum(axis=0) + reg * b2"), ("db1 = dz1.sum(axis=0)", "db1 = dz1.sum(axis=0) + reg * b1")),
            wrong("half missing in the loss",
                  "Your penalty lacks the factor ½. It is ½·reg·(ΣW1² + ΣW2²); your gradients fit that, your loss does not.",
                  ("reg_loss = 0.5 * reg", "reg_loss = reg")),
            wrong("penalty without the half",
                  "You used the penalty without ½, with gradients 2·reg·W. Both fit each other, but here the penalty is "
                  "½·reg·(ΣW1² + ΣW2²) with gradients reg·W.",
                  ("reg_loss = 0.5 * reg", "reg_loss = reg"), ("+ reg * W2\n", "+ 2 * reg * W2\n"), ("+ reg * W1\n", "+ 2 * reg * W1\n")),
            wrong("penalty not in the gradients",
                  "The penalty is in your loss but not in dW1 and dW2. It depends on both, so it sends reg·W1 and reg·W2 back.",
                  ("+ reg * W2\n", "+ 0 * W2\n"), ("+ reg * W1\n", "+ 0 * W1\n")),
            wrong("penalty for the second layer only",
                  "You regularised W2 but not W1. The penalty is the sum over both: ½·reg·(ΣW1² + ΣW2²).",
                  ("(np.sum(W1 * W1) + np.sum(W2 * W2))", "(0 + np.sum(W2 * W2))"), ("+ reg * W1\n", "+ 0 * W1\n")),
            wrong("penalty divided by N",
                  "You divided the penalty by N as well. The mean is over the items; the penalty is added once.",
                  ("loss = data_loss + reg_loss", "loss = data_loss + reg_loss / N"), ("+ reg * W2\n", "+ reg / N * W2\n"),
                  ("+ reg * W1\n", "+ reg / N * W1\n")),
        ),
    ),
)
