"""01_flat_backprop: staged code with one backward line for each forward line, in a circuit of scalars and in the four gates.

The second half of the assignment, the two losses, is in flat_losses.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ... import flat
from ..exercise import Case, Exercise, ResultForm, wrong
from .flat_losses import LOSSES
from .predictions import GATES
from .quiz import quiz

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
    if isinstance(result[0], (tuple, list, dict)):
        raise ResultForm(f"circuit_forward should return L first and the cache second: `return L, cache`. What it returned first is a "
                         f"{type(result[0]).__name__}.")
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


# --- cases: the circuit ------------------------------------------------------------------------------------------------

WORKED = (2.0, -1.0, -3.0, -2.0, -3.0)  # the lecture's numbers, w0 x0 w1 x1 w2
SECOND = (0.5, 1.0, -1.0, 2.0, 0.25)


def _forward_case(label: str, *values: float) -> Case:
    s3 = values[0] * values[1] + values[2] * values[3] + values[4]
    return Case(label, values, tags={"the sign of s3": "plus" if s3 > 0 else "minus" if s3 < 0 else "zero"})


def forward_visible() -> list[Case]:
    return [
        _forward_case("the lecture's numbers", *WORKED),
        _forward_case("s3 = -1.5", 1.0, 2.0, -1.0, 3.0, -0.5),
        _forward_case("whole numbers of type int", -1, 2, 3, 1, 1),
        _forward_case("s3 = 1000", 30.0, 20.0, 10.0, 39.0, 10.0),
    ]


def forward_weak() -> list[Case]:
    return [_forward_case("all zeros", 0.0, 0.0, 0.0, 0.0, 0.0), _forward_case("an s3 that is its own sigmoid", 0.0, 0.0, 0.0, 0.0, 0.659046068407418)]


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
            wrong("sigmoid left out",
                  "You stopped at s3. One gate is still to come: L = 1/(1 + exp(-s3)).",
                  ("L = 1 / (1 + np.exp(-s3))", "L = s3")),
            wrong("parentheses missing",
                  "You wrote 1 / 1 + exp(-s3), which Python reads as (1/1) + exp(-s3). The whole sum belongs under the fraction: "
                  "1 / (1 + np.exp(-s3)).",
                  ("1 / (1 + np.exp(-s3))", "1 / 1 + np.exp(-s3)")),
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
            wrong("local gradients alone",
                  "You returned local gradients alone. Each of them has to be multiplied by what comes back from the right: dw0 = ds0·x0, "
                  "and dw2 = ds3·1.",
                  ("dw2 = ds3", "dw2 = 1.0"), ("dx1 = ds1 * w1", "dx1 = w1"), ("dw1 = ds1 * x1", "dw1 = x1"),
                  ("dx0 = ds0 * w0", "dx0 = w0"), ("dw0 = ds0 * x0", "dw0 = x0")),
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
    quiz(
        id="01.which_pass",
        rows=("B-flat", "X-2"),
        answer=which_pass,
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
    GATES,
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
    *LOSSES,
)
