"""The history's half of 02_computational_graph: one step of the perceptron, one of the Adaline, and the quiz about testing by training."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import classic
from ..exercise import Case, Exercise, wrong
from ..inputs import whole
from .quiz import quiz

# --- the right answers, as a student would write them ------------------------------------------------------------------


def perceptron_step(w, b, x, d, lr):
    net = np.dot(w, x) + b
    y = 1 if net > 0 else 0
    error = d - y
    new_w = w + lr * error * x
    new_b = b + lr * error
    return new_w, new_b


def adaline_step(w, b, x, d, lr):
    net = np.dot(w, x) + b
    error = d - net
    new_w = w + lr * error * x
    new_b = b + lr * error
    return new_w, new_b


def which_pass():
    return {"B", "C"}


# --- the same from the library -----------------------------------------------------------------------------------------


def _perceptron_step(w, b, x, d, lr):
    return classic.perceptron_step(w, b, x, d, lr=lr)


def _adaline_step(w, b, x, d, lr):
    return classic.adaline_step(w, b, x, d, lr=lr)


# --- cases -------------------------------------------------------------------------------------------------------------


def _case(label: str, w: Any, b: float, x: Any, d: int, lr: float, form: str = "") -> Case:
    w, x = np.array(w, float), np.array(x, float)
    net = float(w @ x + b)
    return Case(label, (w, b, x, d, lr), form=form, constants={"lr": lr},
                tags={"lr": "1" if lr == 1 else "not 1", "the net w·x + b": "above 0" if net > 0 else "below 0" if net < 0 else "exactly 0",
                      "b": "0" if b == 0 else "not 0", "d": str(d)})


def perceptron_visible() -> list[Case]:
    return [
        _case("output 0, wanted 1", [1, -2], 1.0, [1, 2], 1, 0.1),
        _case("output 1, wanted 0", [2, 1], -1.0, [1, 3], 0, 0.5),
        _case("output 1, as wanted", [1, 3], -2.0, [2, 1], 1, 0.5),
        _case("a net of exactly 0, wanted 0", [1, -1], 2.0, [1, 3], 0, 0.25),
        _case("the bias decides", [1, 2, -1], -6.0, [2, 1, 1], 1, 2.0),
        _case("output 0, as wanted", [-3, 1], 1.0, [2, 3], 0, 0.5),
    ]


def adaline_visible() -> list[Case]:
    return [
        _case("the perceptron's first example", [1, -2], 1.0, [1, 2], 1, 0.1),
        _case("the right class already, wanted -1", [2, -3], -1.0, [1, 2], -1, 0.5),
        _case("the wrong class, wanted -1", [2, 1], -1.0, [1, 3], -1, 0.25),
        _case("exactly on the target", [1, 2], -3.0, [2, 1], 1, 0.5),
        _case("three inputs", [1, 2, -1], -6.0, [2, 1, 3], 1, 0.125),
    ]


def weak() -> list[Case]:
    return [_case("all zeros, lr = 1", [0, 0], 0.0, [1, 1], 1, 1.0), _case("nothing to learn", [1, 1], 0.0, [0, 0], 0, 1.0),
            _case("x of ones, output 1 as wanted", [1, 1], 0.5, [1, 1], 1, 1.0)]


def perceptron_draw(rng: np.random.Generator, D: int = 3, output: int = 0, d: int = 1, lr: float = 0.25, zero: bool = False, form: str = "") -> Case:
    """A unit whose output is `output`; zero: with a net of exactly 0; at 'b decides' the bias turns the sign of the net."""
    while True:
        w, x, b = whole(rng, D), whole(rng, D), float(rng.integers(-9, 9, endpoint=True))
        if zero:
            b = -float(w @ x)
        net = float(w @ x + b)
        turned = (w @ x > 0) != (net > 0)
        plain = len(set(np.abs(x))) == D and 0 not in x and b != 0 and not np.allclose(w, x)
        if plain and int(net > 0) == output and abs(w @ x) > 1 and abs(net) < 6 and (zero or turned):
            break
    label = f"output {output}, wanted {d}" + ", a net of exactly 0" * zero + f", {form}" * bool(form)
    return _case(label, w, b, x, d, lr, form)


def adaline_draw(rng: np.random.Generator, D: int = 3, right: bool = False, d: int = 1, lr: float = 0.25, form: str = "") -> Case:
    """right: the net has the sign of d already."""
    while True:
        w, x, b = whole(rng, D), whole(rng, D), float(rng.integers(-9, 9, endpoint=True))
        net = float(w @ x + b)
        plain = len(set(np.abs(x))) == D and 0 not in x and b != 0 and not np.allclose(w, x)
        if plain and (net * d > 0) == right and 2 < abs(net) < 6 and abs(w @ x) > 1:
            break
    return _case(f"the {'right' if right else 'wrong'} class, wanted {d}" + f", {form}" * bool(form), w, b, x, d, lr, form)


# --- the exercises -----------------------------------------------------------------------------------------------------

_W, _B = "new_w = w + lr * error * x", "new_b = b + lr * error\n"

UNITS = (
    Exercise(
        id="02.perceptron_step",
        rows=("B-perceptron",),
        answer=(perceptron_step,),
        reference=(_perceptron_step,),
        arguments=("w", "b", "x", "d", "lr"),
        outputs=("w", "b"),
        visible=perceptron_visible,
        weak=weak,
        draw=perceptron_draw,
        hints=(
            "Three lines: what does the unit say, how far is that from what was wanted, and by how much do w and b move?",
            r"$y = 1$ if $w\cdot x + b > 0$, else $0$. Then $w_i \leftarrow w_i + \alpha\,(d-y)\,x_i$, and $b$ moves like the weight of an "
            r"input that is always 1.",
            "`y = 1 if np.dot(w, x) + b > 0 else 0`, then `return w + lr * (d - y) * x, b + lr * (d - y)`.",
        ),
        misconceptions=(
            wrong("sign of the error",
                  "You moved the wrong way: your error is y - d. A unit that says 0 and should say 1 has to come out *higher* on this x.",
                  ("error = d - y", "error = y - d")),
            wrong("no threshold",
                  "Your error is d - (w·x + b), without the threshold. That is the Adaline's rule; the perceptron compares its output, 0 or 1, with d.",
                  ("y = 1 if net > 0 else 0", "y = net")),
            wrong("1 at a net of exactly 0",
                  "Your unit says 1 where w·x + b is exactly 0. The rule of the lecture says 1 only *above* 0.",
                  ("net > 0", "net >= 0")),
            wrong("outputs -1 and 1",
                  "Your unit says -1 where it should say 0. With targets 0 and 1, a rightly rejected example would then still move the weights.",
                  ("y = 1 if net > 0 else 0", "y = 1 if net > 0 else -1")),
            wrong("sigmoid in place of the threshold",
                  "You put the net through a sigmoid. The perceptron of 1957 has a hard step: 1 above 0, otherwise 0.",
                  ("y = 1 if net > 0 else 0", "y = 1 / (1 + np.exp(-net))")),
            wrong("moves even when right",
                  "You moved by lr·d·x, whatever the unit said. Where the output is right the perceptron does nothing: the factor is d - y.",
                  ("error = d - y", "error = d")),
            wrong("always towards the example",
                  "You moved towards x whenever the output was wrong, also when it should have been 0. There the weights have to move away: the error "
                  "d - y has a sign.",
                  ("error = d - y", "error = abs(d - y)")),
            wrong("bias never moves",
                  "Your bias stays where it is. It is the weight of a constant input 1, so it learns too: b + lr·(d - y).",
                  (_B, "new_b = b + 0.0\n")),
            wrong("bias left out of the net",
                  "You compared w·x with 0, without the bias. The unit fires where w·x + b > 0.",
                  ("np.dot(w, x) + b", "np.dot(w, x)")),
            wrong("learning rate left out",
                  "You moved by the whole (d - y)·x. The step is lr times that, for the weights and for the bias.",
                  (_W, "new_w = w + error * x"), (_B, "new_b = b + error\n")),
            wrong("learning rate left out of the bias",
                  "Your bias moves by d - y, without lr. It takes the same step as the weights: lr·(d - y).",
                  (_B, "new_b = b + error\n")),
            wrong("input left out of the step",
                  "You moved all weights by the same amount. Each moves by its own input: w_i + lr·(d - y)·x_i.",
                  (_W, "new_w = w + lr * error")),
            wrong("step along the weights",
                  "You moved w along itself, which only stretches it. It moves along the example: w + lr·(d - y)·x.",
                  (_W, "new_w = w + lr * error * w")),
        ),
    ),
    quiz(
        id="02.which_pass",
        rows=("B-perceptron",),
        answer=which_pass,
        hints=(
            "The test looks only at four answers after training. For each version ask: where does it come to rest, and is OR right there?",
            "OR needs $b \\le 0$, $w_1 + b > 0$, $w_2 + b > 0$ and $w_1 + w_2 + b > 0$. Can that be met with $b = 0$? What becomes of the line "
            "$w\\cdot x + b = 0$ when $w$ and $b$ are both multiplied by 2? And to which *values* does version A pull $w\\cdot x + b$?",
            "Work it out: version A pulls the net towards 0 and 1, but the test asks whether it is above 0. Version B may keep $b = 0$. Version C starts "
            "from zeros and takes steps twice as long.",
        ),
        misconceptions=(
            wrong("A passes",
                  "You said that A passes. It pulls the net to the targets 0 and 1, as an Adaline does: at (0, 0) it ends with a net of 0.5. That is above 0, and "
                  "so the test takes it for a 1.",
                  ('{"B", "C"}', '{"A", "B", "C"}')),
            wrong("B does not pass",
                  "You said that B is caught. Its bias stays 0, so it could never learn AND; but for OR any two positive weights will do, with b = 0.",
                  ('{"B", "C"}', '{"C"}')),
            wrong("C does not pass",
                  "You said that C is caught. It forgets lr; from zero weights that only multiplies w and b by one common factor, and the line "
                  "w·x + b = 0 stays the same.",
                  ('{"B", "C"}', '{"B"}')),
            wrong("none passes",
                  "You said that all three are caught. But the test sees only four final answers on one easy problem; a rule can be wrong in every "
                  "step and still arrive.",
                  ('{"B", "C"}', "set()")),
        ),
    ),
    Exercise(
        id="02.adaline_step",
        rows=("B-perceptron",),
        answer=(adaline_step,),
        reference=(_adaline_step,),
        arguments=("w", "b", "x", "d", "lr"),
        outputs=("w", "b"),
        visible=adaline_visible,
        weak=weak,
        draw=adaline_draw,
        hints=(
            "It is the perceptron's rule with one thing left out. Which?",
            r"$y = w\cdot x + b$, with no threshold; $w \leftarrow w + \alpha\,(d-y)\,x$ and $b \leftarrow b + \alpha\,(d-y)$.",
            "`error = d - (np.dot(w, x) + b)`, then `return w + lr * error * x, b + lr * error`.",
        ),
        misconceptions=(
            wrong("threshold kept",
                  "You put the net through a threshold before taking the error. The Adaline measures its error *before* the threshold: d - (w·x + b).",
                  ("error = d - net", "error = d - (1 if net > 0 else -1)")),
            wrong("perceptron's step",
                  "Your step is the perceptron's, with outputs 0 and 1. The Adaline has no threshold while it learns: its error is d - (w·x + b).",
                  ("error = d - net", "error = d - (1 if net > 0 else 0)")),
            wrong("only where the class is wrong",
                  "You did nothing where the net has the right sign already. The Adaline pulls the net to d itself, so it moves then too.",
                  ("error = d - net", "error = (d - net) * (d * net <= 0)")),
            wrong("sign of the error",
                  "You moved the wrong way: your error is net - d. Going down the slope of ½(d - net)² means adding lr·(d - net)·x.",
                  ("error = d - net", "error = net - d")),
            wrong("factor 2",
                  "Your step has a factor 2, the slope of (d - net)². The delta rule goes down ½(d - net)², where the 2 cancels.",
                  ("error = d - net", "error = 2 * (d - net)")),
            wrong("sigmoid before the error",
                  "You put the net through a sigmoid. The Adaline is linear while it learns: its error is d - (w·x + b).",
                  ("error = d - net", "error = d - 1 / (1 + np.exp(-net))")),
            wrong("bias never moves",
                  "Your bias stays where it is. It learns like the weight of a constant input 1: b + lr·(d - net).",
                  (_B, "new_b = b + 0.0\n")),
            wrong("bias left out of the net",
                  "Your error is d - w·x. The net includes the bias: w·x + b.",
                  ("np.dot(w, x) + b", "np.dot(w, x)")),
            wrong("learning rate left out",
                  "You took the whole step (d - net)·x. It is multiplied by lr, for the weights and for the bias.",
                  (_W, "new_w = w + error * x"), (_B, "new_b = b + error\n")),
            wrong("bias from the new weights",
                  "You worked out the error again with the new weights before moving the bias. Both move by the same error, that of the old "
                  "weights.",
                  (_B, "new_b = b + lr * (d - np.dot(new_w, x) - b)\n")),
            wrong("input left out of the step",
                  "You moved all weights by the same amount. Each moves by its own input: w_i + lr·(d - net)·x_i.",
                  (_W, "new_w = w + lr * error")),
        ),
    ),
)
