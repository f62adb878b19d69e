"""03_jacobians: derivatives of vectors measured by pushing, and the Jacobian of an elementwise function, written out and implicit.

The matrix product and the sizes of its Jacobians are in jacobians_matmul.py, softmax and cross-entropy in
jacobians_softmax.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...activations import relu_backward, relu_forward
from ...gradcheck import numerical_jacobian as _numerical_jacobian
from ...jacobian import relu_jacobian
from ..exercise import Case, Exercise, wrong
from ..inputs import whole
from .jacobians_matmul import MATMUL
from .jacobians_softmax import SOFTMAX
from .quiz import quiz

# --- the right answers, as a student would write them ------------------------------------------------------------------


def numerical_jacobian(f, x):
    h = 1e-5
    x = np.array(x, dtype=float)
    rows = []
    for n in np.ndindex(x.shape):
        plus, minus = x.copy(), x.copy()
        plus[n] += h
        minus[n] -= h
        change = f(plus) - f(minus)
        rows.append(np.ravel(change) / (2 * h))
    return np.array(rows)


def relu_both_ways(dout, x):
    N = x.size
    on = x > 0
    J = np.zeros((N, N))
    for n in range(N):
        J[n, n] = 1.0 if on[n] else 0.0
    dx = np.where(on, dout, 0.0)
    return J, dx


def which_pass():
    return {"A", "B"}


# --- the same from the library -----------------------------------------------------------------------------------------


def _relu_both_ways(dout, x):
    return relu_jacobian(x), relu_backward(dout, relu_forward(x)[1])


# --- cases: Jacobians by pushing ---------------------------------------------------------------------------------------


def _named(text: str, f: Callable) -> Callable:
    """The function under a name that says what it computes: failing examples print it."""
    f.__name__ = text
    return f


def _push_case(label: str, f: Callable, x: Any, form: str = "") -> Case:
    kind = np.asarray(x).dtype.kind
    return Case(label, (f, x), form=form,
                tags={"the number of inputs": "one" if np.size(x) == 1 else "two or more", "the number of outputs": "one" if np.size(f(x)) == 1 else "two or more",
                      "the type of x": "int" if kind == "i" else "float", "the rank of x": np.ndim(x)})


WORKED = _named("(x0·x1, x1 + x2²)", lambda x: np.array([x[0] * x[1], x[1] + x[2] ** 2]))
WORKED_AT = np.array([2.0, -1.0, 3.0])
PUSHED_W = np.array([[1.0, 2, -1], [0, 3, 1]])


def push_visible() -> list[Case]:
    return [
        _push_case("one number in, one number out", _named("x³", lambda x: x ** 3), 2.0),
        _push_case("the worked function", WORKED, WORKED_AT),
        _push_case("whole numbers of type int, one number out", _named("x0² + 3·x0·x1", lambda x: x[0] ** 2 + 3 * x[0] * x[1]), np.array([1, 2])),
        _push_case("the bottom of a steep parabola, read-only x", _named("(500·x0², x1, x0 + 2·x1)",
                   lambda x: np.array([500 * x[0] ** 2, x[1], x[0] + 2 * x[1]])), np.array([0.0, 1.0]), "read-only"),
        _push_case("a matrix in, a matrix out", _named("x @ [[1, 2, -1], [0, 3, 1]]", lambda x: x @ PUSHED_W), np.array([[1.0, -2], [0, 3]])),
    ]


def push_weak() -> list[Case]:
    return [_push_case("a constant", _named("(4, 4)", lambda x: np.array([4.0, 4.0])), np.array([1.0, 2, 3])),
            _push_case("y = x + 1", _named("x + 1", lambda x: x + 1), np.array([5.0]))]


def push_draw(rng: np.random.Generator, kind: str = "vector", N: int = 3, M: int = 2, form: str = "") -> Case:
    """kind: "vector", "number" (one number out), "scalar" (one in, one out), "matrix", or "steep" (a parabola at its bottom)."""
    A, B = whole(rng, M, N, low=1, high=5) * rng.choice([-1.0, 1.0], (M, N)), whole(rng, M, N, low=1, high=3) / 2
    x = whole(rng, N, low=1, high=4) if form == "integers" else whole(rng, N, low=1, high=7) / 4
    if kind == "scalar":
        a, b = A[0, 0], B[0, 0]
        return _push_case(f"y = {a:g}x + ({b:g}x)³ of one number", _named(f"{a:g}·x + ({b:g}·x)³", lambda x: a * x + (b * x) ** 3), float(x[0]))
    if kind == "matrix":
        W, x = whole(rng, N, M, low=1, high=5), whole(rng, 2, N) / 2
        return _push_case(f"a matrix (2, {N}) in, a matrix (2, {M}) out", _named("(x·w)²", lambda x: (x @ W) ** 2), x, form)
    bottom = x.copy()
    functions = {
        "vector": _named("A·x + (B·x)³", lambda x: A @ x + (B @ x) ** 3),
        "number": _named("a·x + (b·x)³", lambda x: A[0] @ x + (B[0] @ x) ** 3),
        "steep": _named("A·x + 500·(B·(x - c))²", lambda x: A @ x + 500 * (B @ (x - bottom)) ** 2),
    }
    if form == "integers":
        x, form = x.astype(np.int64), ""
        return _push_case(f"{N} whole numbers of type int in, {'one' if kind == 'number' else M} out", functions[kind], x)
    return _push_case(f"{N} numbers in, {'one' if kind == 'number' else M} out{', ' + kind if kind == 'steep' else ''}", functions[kind], x, form)


# --- cases: ReLU -------------------------------------------------------------------------------------------------------


def _relu_case(label: str, dout: list | np.ndarray, x: list | np.ndarray, form: str = "") -> Case:
    dout, x = np.array(dout, dtype=float), np.array(x, dtype=float)
    return Case(label, (dout, x), form=form, tags={"an x of exactly 0": "there" if (x == 0).any() else "not there",
                                                   "the signs of dout": "all plus" if (dout > 0).all() else "mixed"})


def relu_visible() -> list[Case]:
    return [
        _relu_case("two numbers", [-3.0, 5], [2.0, -1]),
        _relu_case("the lecture's numbers", [4.0, -1, 5, 9], [1.0, -2, 3, -1]),
        _relu_case("an x of exactly 0", [2.0, 3, -4, 7], [0.0, 2, -0.5, 1], "read-only"),
        _relu_case("whole numbers of type int, upstream gradients below 0", [-2.0, -5, 3, 1, -1], [3.0, 4, -2, 0, -6], "integers"),
    ]


def relu_weak() -> list[Case]:
    return [_relu_case("one positive x, dout = 1", [1.0], [1.0]), _relu_case("one negative x", [2.0], [-1.0]), _relu_case("zeros all over", [0.0], [0.0])]


def relu_draw(rng: np.random.Generator, N: int = 5, zeros: int = 0, form: str = "") -> Case:
    """zeros: how many x are exactly 0. Both signs of x occur, each with both signs of dout, and no |x| or |dout| is 1."""
    size = lambda n: whole(rng, n, low=2, high=9)  # noqa: E731
    x = np.concatenate([np.zeros(zeros), size(N - zeros) * np.resize([1.0, -1.0, 1.0, -1.0], N - zeros)])
    dout = size(N) * np.concatenate([np.resize([1.0, -1.0], zeros), np.resize([1.0, 1.0, -1.0, -1.0], N - zeros)])
    order = rng.permutation(N)
    return _relu_case(f"{N} numbers{', ' + str(zeros) + ' of them 0' if zeros else ''}{', ' + form if form else ''}", dout[order], x[order], form)


# --- exercises ---------------------------------------------------------------------------------------------------------

EXERCISES = (
    Exercise(
        id="03.numerical_jacobian",
        rows=("B-derivs",),
        answer=(numerical_jacobian,),
        reference=(_numerical_jacobian,),
        arguments=("f", "x"),
        outputs=("J",),
        visible=push_visible,
        weak=push_weak,
        draw=push_draw,
        hints=(
            "Push one input a little up, then a little down, and look at what *all* outputs do. That is one row of J.",
            r"Row $n$: $\;J_{n,:} = \dfrac{f(x + h\,e_n) - f(x - h\,e_n)}{2h}$ with $h = 10^{-5}$, where $e_n$ is 1 at input $n$ and 0 elsewhere.",
            "Start with `x = np.array(x, dtype=float)`. For each n in `np.ndindex(x.shape)`: make two copies, `plus[n] += h` and "
            "`minus[n] -= h`, and append `np.ravel(f(plus) - f(minus)) / (2 * h)` to a list of rows. At the end, `np.array(rows)`.",
        ),
        misconceptions=(
            wrong("divided by h",
                  "You divided by h. From x - h to x + h the input moves by 2h, so every entry comes out twice too large.",
                  ("/ (2 * h)", "/ h")),
            wrong("one-sided difference",
                  "You pushed to one side only. At the bottom of a steep parabola that still sees a slope; pushed to both sides, the "
                  "two errors cancel: (f(x + h) - f(x - h)) / 2h.",
                  ("minus[n] -= h", "minus[n] -= 0"), ("/ (2 * h)", "/ h")),
            wrong("all inputs pushed at once",
                  "You pushed all inputs at once, so all rows are the same: the sum of what the inputs do. Row n asks what happens when "
                  "input n alone moves.",
                  ("plus[n] += h", "plus += h"), ("minus[n] -= h", "minus -= h")),
            wrong("pushes not taken back",
                  "You did not take a push back before the next one: row n holds the pushes of all inputs up to n. Start each row from "
                  "a fresh copy of x.",
                  ("    for n in np.ndindex(x.shape):\n", "    plus, minus = x.copy(), x.copy()\n    for n in np.ndindex(x.shape):\n"),
                  ("        plus, minus = x.copy(), x.copy()\n        plus[n]", "        plus[n]")),
            wrong("one array under two names",
                  "Your plus and minus are one array under two names: what you add to one you take from the other. Each needs a copy of "
                  "its own, x.copy().",
                  ("plus, minus = x.copy(), x.copy()", "plus = minus = x.copy()")),
            wrong("whole numbers cannot hold the step",
                  "Your copy of x keeps the type int, and an array of whole numbers cannot hold x + h: NumPy cuts the fraction off without "
                  "a word. Make x an array of floats first.",
                  ("np.array(x, dtype=float)", "np.array(x)")),
            wrong("outputs in the rows, reshaped",
                  "You made one row for each output and then reshaped to the size asked for. A reshape does not transpose: the numbers are "
                  "right, in wrong places. Transpose with .T, or collect one row for each input.",
                  ("return np.array(rows)", "return np.array(rows).T.reshape(x.size, -1)")),
            wrong("backwards",
                  "Your signs are turned round: you took f(x - h) - f(x + h). When a push upwards makes y grow, the entry is positive.",
                  ("f(plus) - f(minus)", "f(minus) - f(plus)")),
            wrong("not divided",
                  "You returned the change of y, not yet divided by the change of x, 2h. A derivative is the ratio of the two.",
                  ("np.ravel(change) / (2 * h)", "np.ravel(change)")),
            wrong("step too large",
                  "Your step h is so large that you measure the slope of a chord: right for straight lines and parabolas, wrong for cubes. "
                  "Use 1e-5.",
                  ("h = 1e-5", "h = 0.1")),
        ),
    ),
    Exercise(
        id="03.relu_both_ways",
        rows=("B-relu-vec", "B-sparse"),
        answer=(relu_both_ways,),
        reference=(_relu_both_ways,),
        arguments=("dout", "x"),
        outputs=("J", "dx"),
        visible=relu_visible,
        weak=relu_weak,
        draw=relu_draw,
        hints=(
            "Input n reaches output n and no other. So where can J hold anything but 0, and what is the slope of max(0, x) there?",
            r"$J_{nn} = 1$ where $x_n > 0$, all other entries 0. Hence $dx_n = dout_n$ where $x_n > 0$, and 0 elsewhere.",
            "`J = np.diag(np.where(x > 0, 1.0, 0.0))`, and without J: `dx = np.where(x > 0, dout, 0.0)`.",
        ),
        misconceptions=(
            wrong("the kink passes",
                  "You let the gradient pass where x is exactly 0. There ReLU has a kink, and this exercise takes the frameworks' "
                  "convention: slope 0, so x > 0 and not x >= 0.",
                  ("on = x > 0", "on = x >= 0")),
            wrong("ReLU applied to the gradient",
                  "You cut off the negative upstream gradients: that is ReLU applied to dout. The switch is set by x in the forward pass; "
                  "what comes back may have any sign.",
                  ("np.where(on, dout, 0.0)", "np.where(dout > 0, dout, 0.0)")),
            wrong("negative gradients blocked as well",
                  "You pass a gradient only where x and dout are both positive. Where x is positive, everything passes, negative upstream "
                  "gradients too. The lecture's numbers happen not to show it.",
                  ("np.where(on, dout, 0.0)", "np.where(on & (dout > 0), dout, 0.0)")),
            wrong("upstream gradient left out",
                  "Your dx is the local gradient alone, zeros and ones. The chain rule multiplies it by the upstream gradient dout.",
                  ("np.where(on, dout, 0.0)", "np.where(on, 1.0, 0.0)")),
            wrong("multiplied by the value",
                  "You used the value max(0, x) where its slope is wanted. For x > 0 the slope is 1: one more of x is one more of the "
                  "output, however large x is.",
                  ("J[n, n] = 1.0 if on[n] else 0.0", "J[n, n] = x[n] if on[n] else 0.0"), ("np.where(on, dout, 0.0)", "np.where(on, x * dout, 0.0)")),
            wrong("everything passes",
                  "You handed dout on unchanged. Where x is negative the output stays 0 whatever a small push does, so nothing comes back "
                  "there.",
                  ("J[n, n] = 1.0 if on[n] else 0.0", "J[n, n] = 1.0"), ("np.where(on, dout, 0.0)", "np.where(x == x, dout, 0.0)")),
            wrong("slope of the magnitude",
                  "You gave negative inputs the slope -1: that is the derivative of |x|. Below 0, ReLU is flat, with slope 0.",
                  ("J[n, n] = 1.0 if on[n] else 0.0", "J[n, n] = np.sign(x[n])"), ("np.where(on, dout, 0.0)", "np.sign(x) * dout")),
            wrong("every output depends on every input",
                  "Your J fills whole rows. ReLU works on each element by itself: input n reaches output n only, so J is diagonal.",
                  ("J[n, n] = 1.0 if on[n] else 0.0", "J[n, :] = 1.0 if on[n] else 0.0"), ("np.where(on, dout, 0.0)", "np.where(on, dout.sum(), 0.0)")),
            wrong("upstream gradient inside J",
                  "Your J holds the upstream gradient already. J is the local part, zeros and ones; dout is multiplied to it afterwards, "
                  "J @ dout.",
                  ("J[n, n] = 1.0 if on[n] else 0.0", "J[n, n] = dout[n] if on[n] else 0.0")),
            wrong("switch turned round",
                  "Your switch is turned round: you pass the gradient where x is not positive. ReLU lets positive x through, so that is "
                  "where gradients come back.",
                  ("on = x > 0", "on = x <= 0")),
        ),
    ),
    *MATMUL,
    *SOFTMAX,
    quiz(
        id="03.which_pass",
        rows=("A-softmaxjac",),
        answer=which_pass,
        hints=(
            "Look at the one Jacobian that the check uses. Which properties does it have that other Jacobians lack?",
            "Is it symmetric? What does each of its rows sum to? Is it diagonal?",
            "A symmetric J equals J.T. If every row of J sums to 0, J times a constant vector is 0, so subtracting the mean of dout "
            "changes nothing. Off the diagonal this J is not 0.",
        ),
        misconceptions=(
            wrong("A does not pass",
                  "You said that A is caught. It transposes J, but the softmax's Jacobian is symmetric: it is its own transpose.",
                  ('{"A", "B"}', '{"B"}')),
            wrong("B does not pass",
                  "You said that B is caught. It takes the mean away from dout, but each row of the softmax's Jacobian sums to 0, and "
                  "so J times a constant is 0: nothing changes.",
                  ('{"A", "B"}', '{"A"}')),
            wrong("C passes",
                  "You said that C passes. It keeps the diagonal only. Here that leaves (0, 0, -0.5): the first two scores get nothing, "
                  "although raising either of them lowers the target's probability.",
                  ('{"A", "B"}', '{"A", "B", "C"}')),
            wrong("none passes",
                  "You said that all three are caught. Look at what the check never tries: a Jacobian that is not symmetric, and one whose "
                  "rows do not sum to 0.",
                  ('{"A", "B"}', "set()")),
        ),
    ),
)
