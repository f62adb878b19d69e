"""00_start_here: one multiplication gate, by hand and in code, as a toy for learning how checks work."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exercise import Case, Exercise, wrong


def predict_gradients(*, x=4, y=-2, dout=3):
    dx = dout * y
    dy = dout * x
    return dx, dy


def numbers(rng: np.random.Generator | None) -> dict[str, Any]:
    if rng is None:
        return {"x": 4, "y": -2, "dout": 3}
    x, y, dout = (int(v) for v in rng.permutation(np.arange(2, 13))[:3])  # three different sizes, so that no two ideas agree
    return {"x": x, "y": -y, "dout": dout}


def multiply_backward(x, y, dout):
    dx = dout * y
    dy = dout * x
    return dx, dy


def _case(label: str, x: float, y: float, dout: float) -> Case:
    return Case(label, (x, y, dout), tags={"dout": "1" if dout == 1 else "not 1"},
                constants={"dout, the upstream gradient,": dout})


def visible() -> list[Case]:
    return [
        _case("x = 2, y = -3, upstream gradient 1", 2.0, -3.0, 1.0),
        _case("x = 2, y = -3, upstream gradient 5", 2.0, -3.0, 5.0),
        _case("x = -4, y = 0.5, upstream gradient -3", -4.0, 0.5, -3.0),
        _case("x = -1, y = 3, upstream gradient 2", -1.0, 3.0, 2.0),
    ]


def weak() -> list[Case]:
    return [_case("all ones", 1.0, 1.0, 1.0), _case("all twos", 2.0, 2.0, 2.0)]


def draw(rng: np.random.Generator) -> Case:
    x, y, dout = (float(v) for v in rng.uniform(0.5, 3.0, 3) * rng.choice([-1.0, 1.0], 3))
    return _case("random numbers", x, y, dout)


EXERCISES = (
    Exercise(
        id="00.predict_gradients",
        rows=(),
        answer=(predict_gradients,),
        reference=(predict_gradients,),
        outputs=("dx", "dy"),
        by_hand=True,
        numbers=numbers,
        weak=lambda: [Case("all ones", (), {"x": 1, "y": 1, "dout": 1}), Case("all twos", (), {"x": 2, "y": 2, "dout": 2})],
        hints=(
            "Take one input at a time. If x grows by a tiny amount and y stays, what does the output do? Then let dout speak.",
            r"$dx = dout \cdot y$ and $dy = dout \cdot x$.",
            "For dx, multiply dout by y, its sign included; for dy, multiply dout by x. Return the two numbers, dx first.",
        ),
        misconceptions=(
            wrong("own input",
                  "You multiplied dout by the input itself. Each input's gradient is dout times the other input: the gate swaps them.",
                  ("dx = dout * y", "dx = dout * x"), ("dy = dout * x", "dy = dout * y")),
            wrong("local gradients alone",
                  "You wrote down the local gradients, y and x, and left the upstream gradient dout out. The chain rule multiplies by it.",
                  ("dx = dout * y", "dx = y"), ("dy = dout * x", "dy = x")),
            wrong("dout passed on",
                  "You passed dout on to both inputs unchanged. That is an addition gate; a multiplication gate also multiplies by the other "
                  "input.",
                  ("dx = dout * y", "dx = dout"), ("dy = dout * x", "dy = dout")),
            wrong("a sign lost",
                  "A minus sign got lost. The gradient of x carries the sign of y: where y is negative, a larger x makes the output smaller.",
                  ("dx = dout * y", "dx = abs(dout * y)")),
            wrong("dout added",
                  "You added dout to the other input. The chain rule multiplies the upstream gradient by the local one.",
                  ("dx = dout * y", "dx = dout + y"), ("dy = dout * x", "dy = dout + x")),
            wrong("times the output",
                  "You multiplied dout by the output x·y. What counts is how the output reacts to one input: by the other input alone.",
                  ("dx = dout * y", "dx = dout * x * y"), ("dy = dout * x", "dy = dout * x * y")),
        ),
    ),
    Exercise(
        id="00.multiply_backward",
        rows=(),
        answer=(multiply_backward,),
        reference=(multiply_backward,),
        arguments=("x", "y", "dout"),
        outputs=("dx", "dy"),
        visible=visible,
        weak=weak,
        draw=draw,
        hints=(
            "Keep y fixed and let x grow by a tiny amount. By how much does x·y grow?",
            r"$dx = dout \cdot \dfrac{\partial (xy)}{\partial x}$ and $dy = dout \cdot \dfrac{\partial (xy)}{\partial y}$.",
            "$\\partial (xy)/\\partial x = y$, so the first line is `dx = dout * y`. The second is the same with the roles swapped.",
        ),
        misconceptions=(
            wrong("inputs not swapped",
                  "You multiplied each gradient by its own input. The local gradient of x·y with respect to x is y, the "
                  "other input: a multiplication gate swaps its inputs on the way back.",
                  ("dx = dout * y", "dx = dout * x"), ("dy = dout * x", "dy = dout * y")),
            wrong("upstream gradient left out",
                  "You returned the local gradients alone. The chain rule multiplies each of them by the upstream gradient "
                  "dout; with dout = 1 the two look the same.",
                  ("dx = dout * y", "dx = y"), ("dy = dout * x", "dy = x")),
            wrong("treated as an addition",
                  "You handed the upstream gradient to both inputs unchanged. That is what an addition gate does; this gate "
                  "multiplies.",
                  ("dx = dout * y", "dx = dout"), ("dy = dout * x", "dy = dout")),
            wrong("multiplied by the output",
                  "You multiplied dout by the output x·y. The local gradient is what the output gains for one more of x: that is y "
                  "alone, and x alone for y.",
                  ("dx = dout * y", "dx = dout * x * y"), ("dy = dout * x", "dy = dout * y * x")),
            wrong("upstream gradient added",
                  "You added the upstream gradient to the local one. The chain rule multiplies them.",
                  ("dx = dout * y", "dx = dout + y"), ("dy = dout * x", "dy = dout + x")),
            wrong("sign lost",
                  "Your gradients have lost their sign. A gradient says in which direction the output moves, so the sign of "
                  "the inputs and of dout has to stay.",
                  ("dx = dout * y", "dx = abs(dout * y)"), ("dy = dout * x", "dy = abs(dout * x)")),
        ),
    ),
)
