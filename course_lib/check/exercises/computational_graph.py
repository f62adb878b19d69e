"""02_computational_graph: a gate as an object, a graph that runs backwards, a function with a context, and two units of 1960.

The graph's two functions are in graph_passes.py, the perceptron's and the Adaline's in threshold_units.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ... import graph
from ..exercise import Case, Exercise, ResultForm, wrong
from ..inputs import whole
from .graph_passes import PASSES
from .threshold_units import UNITS

# --- the right answers, as a student would write them ------------------------------------------------------------------


def Multiply():
    class Gate:
        def forward(self, x, y):
            self.x = x
            self.y = y
            out = x * y
            return out

        def backward(self, dout):
            dx = dout * self.y
            dy = dout * self.x
            return dx, dy

    return Gate()


def sigmoid_forward(ctx, x):
    out = 1 / (1 + np.exp(-x))
    ctx.save_for_backward(out)
    return out


def sigmoid_backward(ctx, dout):
    (out,) = ctx.saved
    slope = (1 - out) * out
    dx = dout * slope
    return dx


# --- how the functions are called and their results read --------------------------------------------------------------

EARLIER = "an earlier use of the same gate"
OTHER_GATE = "another gate's forward in between"
OTHER_CALL = "another call's forward in between"


def _returned(value: Any, what: str) -> Any:
    if value is None:
        raise ResultForm(f"{what} returned None: is a `return` missing?")
    return value


def gate_there_and_back(functions: Sequence, args: tuple, kwargs: Mapping[str, Any]) -> Any:
    """Forward and backward of one gate; before it perhaps another round, in between perhaps another gate's forward."""
    make = functions[-1]
    x, y, dout = args
    gate = make()
    if EARLIER in kwargs:
        *values, upstream = kwargs[EARLIER]
        gate.forward(*values)
        gate.backward(upstream)
    out = _returned(gate.forward(x, y), "Multiply.forward")
    if OTHER_GATE in kwargs:
        make().forward(*kwargs[OTHER_GATE])
    back = _returned(gate.backward(dout), "Multiply.backward")
    if not isinstance(back, (tuple, list)) or len(back) != 2:
        what = f"{len(back)} values" if isinstance(back, (tuple, list)) else f"one {type(back).__name__}"
        raise ResultForm(f"Multiply.backward should return two gradients, `return dx, dy`; it returned {what}.")
    return out, *back


def call_there_and_back(functions: Sequence, args: tuple, kwargs: Mapping[str, Any]) -> Any:
    """Forward, perhaps another call's forward with a context of its own, then backward with the first one's context."""
    forward, backward = functions
    x, dout = args
    ctx = graph.Context()
    out = _returned(forward(ctx, x), "sigmoid_forward")
    if isinstance(out, (tuple, list)):
        raise ResultForm("sigmoid_forward should return out alone; what backward needs goes into the context, with ctx.save_for_backward.")
    if OTHER_CALL in kwargs:
        forward(graph.Context(), kwargs[OTHER_CALL])
    return out, backward(ctx, dout)


# --- cases: the gate ---------------------------------------------------------------------------------------------------


def _gate_case(label: str, x: Any, y: Any, dout: Any, form: str = "", **more: Any) -> Case:
    names = {"earlier": EARLIER, "other": OTHER_GATE}
    tags = {"a second gate": "there" if "other" in more else "not there", "an earlier use of the gate": "there" if "earlier" in more else "not there"}
    return Case(label, (x, y, dout), {names[k]: v for k, v in more.items()}, tags=tags, form=form)


def gate_visible() -> list[Case]:
    return [
        _gate_case("x = 3, y = -4, dout = 2", 3.0, -4.0, 2.0),
        _gate_case("x = 0", 0.0, 5.0, -3.0),
        _gate_case("two gates at work", 2.0, 5.0, 3.0, other=(7.0, -1.0)),
        _gate_case("one gate used twice, one after the other", -2.0, 4.0, 3.0, earlier=(5.0, 3.0, -1.0)),
        _gate_case("arrays", np.array([1.0, -2.0, 3.0]), np.array([4.0, 5.0, 0.0]), np.array([2.0, -1.0, 3.0])),
    ]


def gate_weak() -> list[Case]:
    return [_gate_case("all ones", 1.0, 1.0, 1.0), _gate_case("all twos", 2.0, 2.0, 2.0), _gate_case("all zeros", 0.0, 0.0, 0.0)]


def gate_draw(rng: np.random.Generator, kind: str = "", other: bool = False, earlier: bool = False, form: str = "") -> Case:
    """kind "": numbers; "zero": with x = 0; "arrays": of shape (2, 3), some zeros among them."""
    def number():
        return float(rng.choice([-1, 1]) * rng.integers(2, 9) / 2)

    if kind == "arrays":
        x, y, dout = (whole(rng, 2, 3) for _ in range(3))
        x[0, 1], y[1, 2] = 0.0, 3.0
        x[1, 2], dout[1, 2] = -2.0, 4.0
    else:
        x, y, dout = number(), number(), number()
        while y in (x, dout, -x) or x == dout:
            y, x = number(), number()
        x = 0.0 if kind == "zero" else x
    more = {"other": (number() + 10, number() - 10)} if other else {}
    if earlier:
        more["earlier"] = (number() + 10, number() - 10, number())
    label = {"": "random numbers", "zero": "x = 0", "arrays": "random arrays"}[kind]
    label += ", a second gate at work" * other + ", a gate used before" * earlier + f", {form}" * bool(form)
    return _gate_case(label, x, y, dout, form, **more)


# --- cases: the function with a context --------------------------------------------------------------------------------


def _call_case(label: str, x: Any, dout: Any, form: str = "", other: Any = None) -> Case:
    return Case(label, (x, dout), {} if other is None else {OTHER_CALL: other}, form=form,
                tags={"another call in between": "not there" if other is None else "there"})


def call_visible() -> list[Case]:
    return [
        _call_case("x = 1, dout = 2", np.array([1.0]), np.array([2.0])),
        _call_case("x = 0 and x = -2", np.array([0.0, -2.0]), np.array([8.0, -1.0])),
        _call_case("two calls at work", np.array([1.0, 2.0]), np.array([3.0, 5.0]), other=np.array([-1.0, 4.0])),
        _call_case("x near 1000", np.array([1000.0, 0.5]), np.array([3.0, -2.0])),
    ]


def call_weak() -> list[Case]:
    fixed = 0.659046068407418  # σ(x) = x here
    return [_call_case("x = 0, dout = 1", np.array([0.0]), np.array([1.0])), _call_case("dout = 0", np.array([0.5]), np.array([0.0])),
            _call_case("an x that is its own sigmoid", np.array([fixed]), np.array([1.0]))]


def call_draw(rng: np.random.Generator, shape: tuple[int, ...] = (4,), other: bool = False, large: bool = False, form: str = "") -> Case:
    def numbers():
        return rng.choice([-1, 1], shape) * rng.integers(1, 8, shape, endpoint=True) / (1 if form == "integers" else 4.0)

    x, dout = numbers(), numbers()
    x.flat[0] = 1.0 if form == "integers" else 0.75
    x.flat[-1] = 1000.0 if large else x.flat[-1]
    x, dout = x.astype(np.float64), 2.0 * dout
    second = numbers().astype(np.float64) + 3 if other else None
    label = f"x of shape {shape}" + ", another call at work" * other + ", an x near 1000" * large + f", {form}" * bool(form)
    return _call_case(label, x, dout, form, second)


# --- the exercises -----------------------------------------------------------------------------------------------------

EXERCISES = (
    Exercise(
        id="02.Multiply",
        rows=("B-graph", "B-gates"),
        answer=(Multiply,),
        reference=(graph.Multiply,),
        arguments=("x", "y", "dout"),
        outputs=("out", "dx", "dy"),
        visible=gate_visible,
        weak=gate_weak,
        draw=gate_draw,
        call=gate_there_and_back,
        hints=(
            "Look at `Add` above. What does a product need on the way back that a sum does not need? Then where can "
            "`forward` leave it, so that `backward` of the *same* gate finds it?",
            r"$out = x\,y$, so $dx = dout\cdot y$ and $dy = dout\cdot x$. A gate's own values live on `self`.",
            "In `forward`: `self.x, self.y = x, y` and `return x * y`. In `backward`: `return dout * self.y, dout * self.x`.",
        ),
        misconceptions=(
            wrong("inputs not swapped",
                  "You multiplied each gradient by the gate's own input (or returned the two in the other order). A product swaps: dx = dout·y and "
                  "dy = dout·x, in this order.",
                  ("dout * self.y", "dout * self.x"), ("dy = dout * self.x", "dy = dout * self.y")),
            wrong("upstream gradient left out",
                  "You returned the local gradients, y and x. The gate has to multiply them by what comes back from the right, dout.",
                  ("dout * self.y", "1.0 * self.y"), ("dout * self.x", "1.0 * self.x")),
            wrong("upstream gradient added",
                  "You added dout to the local gradient. The chain rule is a product: upstream times local.",
                  ("dout * self.y", "dout + self.y"), ("dout * self.x", "dout + self.x")),
            wrong("distributes as a sum does",
                  "You handed dout on unchanged to both inputs. That is what an add gate does; the product's local gradients are y and x.",
                  ("dout * self.y", "dout * 1.0"), ("dout * self.x", "dout * 1.0")),
            wrong("output as local gradient",
                  "You multiplied dout by the output x·y. How much does x·y grow when x grows by one? By y, the other input.",
                  ("dout * self.y", "dout * self.x * self.y"), ("dy = dout * self.x", "dy = dout * self.y * self.x")),
            wrong("divided by the input",
                  "You found the local gradient as out/x (and out/y), which is 0/0 where that input is 0. The other input is the same "
                  "number, and always there: keep it.",
                  ("dout * self.y", "dout * np.divide(self.x * self.y, self.x)"),
                  ("dy = dout * self.x", "dy = dout * np.divide(self.x * self.y, self.y)")),
            wrong("one memory for all gates",
                  "Your gates share one memory: a second Multiply overwrote what the first had kept. Store the values on `self`, not on the "
                  "class or in a global variable.",
                  ("self.x = x", "Multiply.x = x"), ("self.y = y", "Multiply.y = y"),
                  ("dout * self.y", "dout * Multiply.y"), ("dout * self.x", "dout * Multiply.x")),
            wrong("gradients pile up in the gate",
                  "You add each new gradient to the one from the gate's last use. backward returns the gradients of this pass only; adding up "
                  "what several readers send is the graph's job.",
                  ("dx = dout * self.y", "self.dx = dx = getattr(self, 'dx', 0.0) + dout * self.y"),
                  ("dy = dout * self.x", "self.dy = dy = getattr(self, 'dy', 0.0) + dout * self.x")),
            wrong("sum in place of the product",
                  "Your forward pass adds its inputs, while your backward pass is a product's. This gate multiplies: out = x·y.",
                  ("out = x * y", "out = x + y")),
            wrong("only the first input gets a gradient",
                  "Your dy is 0. Both inputs take part in the product, so both get a gradient: dy = dout·x.",
                  ("dy = dout * self.x", "dy = dout * 0.0")),
        ),
    ),
    *PASSES,
    Exercise(
        id="02.sigmoid_backward",
        rows=("B-function", "X-2"),
        answer=(sigmoid_forward, sigmoid_backward),
        reference=(graph.SigmoidFunction.forward, graph.SigmoidFunction.backward),
        arguments=("x", "dout"),
        outputs=("out", "dx"),
        visible=call_visible,
        weak=call_weak,
        draw=call_draw,
        call=call_there_and_back,
        hints=(
            "Which one array, kept from the forward pass, gives the slope without another exponential? And which factor comes from the "
            "right?",
            r"$dx = dout\cdot(1-\sigma)\,\sigma$, elementwise, with $\sigma$ = `out`, what forward returned.",
            "Forward: `out = 1 / (1 + np.exp(-x))`, `ctx.save_for_backward(out)`, `return out`. Backward: `(out,) = ctx.saved`, then "
            "`return dout * (1 - out) * out`.",
        ),
        misconceptions=(
            wrong("upstream gradient left out",
                  "You returned the slope alone. A Function multiplies the local gradient by the upstream one: dout·(1 - out)·out.",
                  ("dx = dout * slope", "dx = slope")),
            wrong("the slide's caption taken literally",
                  "You multiplied by (1 - σ)·σ′, as the slide's caption has it. σ′ is (1 - σ)·σ already, so your version has the factor 1 - σ "
                  "twice.",
                  ("slope = (1 - out) * out", "slope = (1 - out) * (1 - out) * out")),
            wrong("sigmoid applied twice",
                  "You took the sigmoid of what was saved, but that is the output already: its slope is (1 - out)·out, with no second sigmoid.",
                  ("(out,) = ctx.saved", "out = 1 / (1 + np.exp(-ctx.saved[0]))")),
            wrong("slope from the input",
                  "You computed (1 - x)·x. The formula wants the output: save out for backward, not x.",
                  ("ctx.save_for_backward(out)", "ctx.save_for_backward(x)")),
            wrong("slope of tanh",
                  "You used 1 - out², which is the slope of tanh. The sigmoid's slope is (1 - out)·out.",
                  ("slope = (1 - out) * out", "slope = 1 - out * out")),
            wrong("slope with the wrong sign",
                  "Your slope is (out - 1)·out, which is negative. The sigmoid rises everywhere: (1 - out)·out.",
                  ("slope = (1 - out) * out", "slope = (out - 1) * out")),
            wrong("slope left out",
                  "You handed dout on unchanged. The local gradient (1 - out)·out is missing.",
                  ("dx = dout * slope", "dx = dout * 1.0")),
            wrong("output as slope",
                  "You multiplied by out alone. That would be the slope of the exponential; the sigmoid's is (1 - out)·out.",
                  ("slope = (1 - out) * out", "slope = out")),
            wrong("values kept outside the context",
                  "Your backward pass used the latest forward pass, not the call whose context it was given. Did you keep the value in a "
                  "global variable? Each call has a ctx of its own: save it there.",
                  ("ctx.save_for_backward(out)", "sigmoid_forward.kept = (out,)"), ("(out,) = ctx.saved", "(out,) = sigmoid_forward.kept")),
            wrong("minus sign missing in the exponent",
                  "Your forward pass is 1/(1 + exp(x)), the sigmoid of -x: it falls where it should rise. The gradient alone does not show it, as "
                  "(1 - σ)·σ is the same for x and -x.",
                  ("np.exp(-x)", "np.exp(x)")),
            wrong("sigmoid overflows",
                  "You computed exp(x)/(1 + exp(x)), which is inf/inf = NaN for x near 1000. 1/(1 + exp(-x)) is the same function without that "
                  "trouble.",
                  ("1 / (1 + np.exp(-x))", "np.exp(x) / (1 + np.exp(x))")),
        ),
    ),
    *UNITS,
)
