"""05_mlp: fully connected nets of any depth, by hand, with lecture D's δ, and as one batch; the quiz and the register."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..exercise import Case, Exercise, ResultForm, wrong
from ..inputs import whole
from .mlp_layers import ACTIVATIONS, LOSSES
from .mlp_net import NET
from .mlp_norm import BACKWARD, FORWARD
from .mlp_read import GRADIENTS, read_gradients
from .quiz import quiz

# --- the right answers, as a student would write them ------------------------------------------------------------------


def predict_delta(*, x=(2, 4, -1), a2=(0.5, 0.8), theta2=((0.3, 2, -1), (-0.2, 1, 4)), a3=(0.9, 0.3), y=(1, 0)):
    rows, columns = len(a2), 1 + len(x)
    delta3 = [a - t for a, t in zip(a3, y)]
    arriving = sum(d * theta[1] for d, theta in zip(delta3, theta2))
    slope = a2[0] * (1 - a2[0])
    delta2 = slope * arriving
    dtheta1 = delta2 * x[1]
    return rows, columns, delta3[1], delta2, dtheta1


def delta_recursion(thetas, a, y):
    L = len(thetas)
    delta = a[L + 1] - y
    grads = {}
    for l in range(L, 0, -1):
        below = np.concatenate([[1.0], a[l]])
        grads[l] = np.outer(delta, below)
        slope = a[l] * (1 - a[l])
        delta = slope * (thetas[l][:, 1:].T @ delta)
    return grads


def which_pass():
    return {"A", "C"}


# --- another implementation: every δ unit by unit, as the lecture's indices say ----------------------------------------


def _predict_delta(*, x=(2, 4, -1), a2=(0.5, 0.8), theta2=((0.3, 2, -1), (-0.2, 1, 4)), a3=(0.9, 0.3), y=(1, 0)):
    delta3 = np.array(a3) - np.array(y)
    delta2 = np.array(a2) * (1 - np.array(a2)) * (np.array(theta2)[:, 1:].T @ delta3)
    theta1 = np.outer(delta2, [1, *x])
    return (*theta1.shape, delta3[1], delta2[0], theta1[0, 2])


def _delta_recursion(thetas, a, y):
    L = len(thetas)
    delta = {L + 1: [float(p) - float(t) for p, t in zip(a[L + 1], y)]}
    for l in range(L, 1, -1):
        delta[l] = [a_i * (1 - a_i) * sum(d * row[i + 1] for d, row in zip(delta[l + 1], thetas[l])) for i, a_i in enumerate(a[l])]
    return {l: np.array([[d * float(a_j) for a_j in (1.0, *a[l])] for d in delta[l + 1]]) for l in range(1, L + 1)}


# --- the numbers worked by hand ----------------------------------------------------------------------------------------

LECTURE = dict(x=(2, 4, -1), a2=(0.5, 0.8), theta2=((0.3, 2, -1), (-0.2, 1, 4)), a3=(0.9, 0.3), y=(1, 0))


def numbers(rng: np.random.Generator | None) -> dict[str, Any]:
    """Another net of the same size: one digit or two in every factor, and no two of the usual slips give the same."""
    if rng is None:
        return dict(LECTURE)
    while True:
        a2 = tuple(float(a) for a in rng.permutation([0.5, 0.8, 0.2])[:2])
        x = tuple(int(n) for n in rng.permutation([-3, -2, 2, 3, 4, 5])[:3])
        theta2 = tuple((float(rng.choice([-0.4, -0.2, 0.3, 0.6])), *(int(n) for n in rng.permutation([-3, -2, -1, 1, 2, 3, 4])[:2])) for _ in range(2))
        a3 = tuple(int(n) / 10 for n in rng.permutation([1, 2, 3, 6, 7, 9])[:2])
        y = (1, 0) if rng.integers(2) else (0, 1)
        found = dict(x=x, a2=a2, theta2=theta2, a3=a3, y=y)
        (first, second), slope, weights = (a3[0] - y[0], a3[1] - y[1]), a2[0] * (1 - a2[0]), zip(*theta2)
        columns = [first * w + second * v for w, v in weights]  # what comes back over column 0, 1, 2
        right = columns[1]
        ideas = [right * slope, right, right * a2[0], -right * slope, *(c * slope for c in (columns[0], columns[2], first * theta2[0][1])),
                 (first * theta2[0][1] + second * theta2[0][2]) * slope]
        if abs(right * slope) > 0.01 and abs(first) != abs(second) and len({round(v, 6) for v in ideas}) == len(ideas):
            return found


# --- cases: the δ recursion --------------------------------------------------------------------------------------------


def _delta_case(label: str, thetas: Sequence[Any], x, y, form: str = "", a: Mapping[int, Any] | None = None) -> Case:
    """Lecture D's net with sigmoids on this x; or its activations as given."""
    thetas = {l: np.array(theta, dtype=float) for l, theta in enumerate(thetas, start=1)}
    y = np.array(y, dtype=float)
    if a is None:
        a = {1: np.array(x, dtype=float)}
        for l, theta in thetas.items():
            a[l + 1] = (1 / (1 + np.exp(-(theta[:, 1:] @ a[l] + theta[:, 0])))).round(2)
    a = {l: np.array(values, dtype=float) for l, values in a.items()}
    if form == "integers":  # only what holds whole numbers
        thetas, y, form = {l: theta.astype(np.int64) for l, theta in thetas.items()}, y.astype(np.int64), ""
    sizes = [len(a[l]) for l in sorted(a)]
    return Case(label, (thetas, a, y), form=form,
                tags={"the hidden layers' size": "the same as the output's" if set(sizes[1:]) == {len(y)} else "another than the output's",
                      "K, the number of outputs,": len(y)},
                constants={"K, the number of outputs,": len(y)})


WORKED_A = {1: (2, 4, -1), 2: (0.5, 0.8), 3: (0.9, 0.3)}
WORKED_THETAS = (((0.1, -0.2, 0.3, 1), (1, 0, -0.5, 2)), ((0.3, 2, -1), (-0.2, 1, 4)))


def delta_visible() -> list[Case]:
    return [
        _delta_case("the net worked by hand", WORKED_THETAS, None, (1, 0), a=WORKED_A),
        _delta_case("three layers of weights, sizes 2, 3, 2, 3", (((1, -1, 0.5), (0, 2, -1), (-1, 1, 1)), ((0.5, 1, -2, 3), (1, -1, 2, 0.5)),
                                                                  ((-1, 2, 3), (0, 1, -2), (0.5, -1, 2))), (1, -2), (1, 0, 1)),
        _delta_case("whole numbers of type int, sizes 3, 2, 4, 2", (((1, -1, 0, 2), (0, 2, 1, -1)), ((1, 1, -2), (-1, 2, 1), (0, -1, -3), (1, 0, 2)),
                    ((-1, 2, 3, -2, 1), (0, 1, -1, 2, 3))), (1, -1, 2), (0, 1), "integers"),
        _delta_case("four layers of weights, sizes 2, 3, 2, 3, 2, read-only arrays",
                    (((1, -1, 0.5), (0, 2, -1), (-1, 1, 1)), ((0.5, 1, -2, 3), (1, -1, 2, 0.5)), ((0, 1, 2), (1, -2, 1), (-1, 3, -1)), ((-1, 2, 3, 1), (1, -1, 2, -2))),
                    (0.5, 1), (1, 0), "read-only"),
    ]


def delta_weak() -> list[Case]:
    return [_delta_case("an output that is right already", (((0, 1),), ((0, 1),)), None, (1,), a={1: (1,), 2: (0.5,), 3: (1,)}),
            _delta_case("an output like the hidden unit", (((0, 1),), ((0, 1),)), None, (1,), a={1: (1,), 2: (0.5,), 3: (0.5,)}),
            _delta_case("one layer of weights", (((1, 2),),), (1,), (1,))]


def delta_draw(rng: np.random.Generator, sizes: Sequence[int] = (3, 2, 4, 2), form: str = "") -> Case:
    fine = 1 if form == "integers" else 2
    thetas = [whole(rng, after, 1 + before) / fine for before, after in zip(sizes, sizes[1:])]
    a = {l: whole(rng, n) / 2 if l == 1 else rng.choice(np.arange(1, 10), size=n, replace=False) / 10 for l, n in enumerate(sizes, start=1)}
    for theta in thetas:
        theta[0, 1] = 5.0  # no layer passes nothing back
    y = rng.permutation(np.arange(sizes[-1]) % 2)
    return _delta_case(f"sizes {', '.join(map(str, sizes))}" + (f", {form}" if form else ""), thetas, None, y, form, a)


# --- exercises ---------------------------------------------------------------------------------------------------------

START, BELOW, OUTER = "delta = a[L + 1] - y", "below = np.concatenate([[1.0], a[l]])", "grads[l] = np.outer(delta, below)"
SLOPE, BACK = "slope = a[l] * (1 - a[l])", "delta = slope * (thetas[l][:, 1:].T @ delta)"

BY_HAND = Exercise(
    id="05.predict_delta",
    rows=("D-fc", "D-delta"),
    answer=(predict_delta,),
    reference=(_predict_delta,),
    outputs=("rows", "columns", "delta3_2", "delta2_1", "dtheta1_12"),
    by_hand=True,
    numbers=numbers,
    hints=(
        "Θ⁽¹⁾ has a row for each unit it leads to, and a column for each number it multiplies; the intercept's 1 is one of them. Then start at the output: δ⁽³⁾.",
        r"$\delta^{(3)}_k = a^{(3)}_k - y_k$, then $\delta^{(2)}_1 = a^{(2)}_1(1-a^{(2)}_1)\,(\delta^{(3)}_1\Theta^{(2)}_{11} + \delta^{(3)}_2\Theta^{(2)}_{21})$, and "
        r"$\partial L/\partial\Theta^{(1)}_{12} = \delta^{(2)}_1 x_2$.",
        r"Column 0 of theta2 holds the intercepts, so $\Theta^{(2)}_{11}$ and $\Theta^{(2)}_{21}$ are the two numbers in its column 1. Add the two products, "
        r"multiply by $a^{(2)}_1(1-a^{(2)}_1)$, and that by the second number of x.",
    ),
    misconceptions=(
        wrong("intercept forgotten",
              "You gave Θ⁽¹⁾ a column for each input. There is one more, column 0: it holds the intercepts, which multiply a 1.",
              ("rows, columns = len(a2), 1 + len(x)", "rows, columns = len(a2), len(x)")),
        wrong("rows and columns exchanged",
              "You gave Θ⁽¹⁾ its rows and columns the other way round. z = Θa: a row for each unit that it leads to, a column for each number that it multiplies.",
              ("rows, columns = len(a2), 1 + len(x)", "columns, rows = len(a2), 1 + len(x)")),
        wrong("y - a",
              "Your δ⁽³⁾ is y - a: its sign is turned round, and so is that of all that follows from it. With the loss's minus sign in place it is a - y.",
              ("delta3 = [a - t for a, t in zip(a3, y)]", "delta3 = [t - a for a, t in zip(a3, y)]")),
        wrong("a(1 - a) at the output too",
              "You multiplied δ⁽³⁾ by a(1 - a). The cross-entropy's derivative cancels that factor at the output: δ⁽³⁾ = a - y.",
              ("delta3 = [a - t for a, t in zip(a3, y)]", "delta3 = [(a - t) * a * (1 - a) for a, t in zip(a3, y)]")),
        wrong("slope left out",
              "Your δ⁽²⁾ lacks the sigmoid's slope, a(1 - a) of the hidden unit.",
              ("slope = a2[0] * (1 - a2[0])", "slope = 1")),
        wrong("a in place of the slope",
              "You multiplied by the hidden unit's a. The sigmoid's slope is a(1 - a).",
              ("slope = a2[0] * (1 - a2[0])", "slope = a2[0]")),
        wrong("row in place of the column",
              "You went along a row of Θ⁽²⁾. A row belongs to one output; what hidden unit 1 sends to all outputs stands in its column.",
              ("sum(d * theta[1] for d, theta in zip(delta3, theta2))", "sum(d * weight for d, weight in zip(delta3, theta2[0][1:]))")),
        wrong("column of the intercepts",
              "You used column 0 of Θ⁽²⁾. That one holds the intercepts, which multiply the 1; hidden unit 1's weights stand in column 1.",
              ("sum(d * theta[1] for", "sum(d * theta[0] for")),
        wrong("one output only",
              "You took what comes back from the first output only. The hidden unit feeds both, so their shares add up.",
              ("sum(d * theta[1] for d, theta in zip(delta3, theta2))", "delta3[0] * theta2[0][1]")),
        wrong("another input",
              "For ∂L/∂Θ₁₂ you multiplied by another input than x₂. The lectures count from 1, and column 0 is the intercepts': column 2 multiplies the second "
              "number of x.",
              ("dtheta1 = delta2 * x[1]", "dtheta1 = delta2 * x[2]")),
    ),
)

RECURSION = Exercise(
    id="05.delta_recursion",
    rows=("D-delta", "X-12", "X-3"),
    answer=(delta_recursion,),
    reference=(_delta_recursion,),
    arguments=("thetas", "a", "y"),
    outputs=GRADIENTS,
    visible=delta_visible,
    weak=delta_weak,
    draw=delta_draw,
    call=lambda functions, args, kwargs: read_gradients(functions[-1](*args, **kwargs), args[0], "delta_recursion"),
    unpack=dict,
    hints=(
        "Walk l from L down to 1 with one variable `delta`, which is δ⁽ˡ⁺¹⁾ when you come to Θ⁽ˡ⁾. First the gradient of Θ⁽ˡ⁾, then make δ⁽ˡ⁾ of delta.",
        r"$\frac{\partial L}{\partial\Theta^{(l)}} = \delta^{(l+1)}\,(1, a^{(l)})^\top$ (an outer product) and "
        r"$\delta^{(l)} = a^{(l)}(1-a^{(l)}) \cdot \big(\Theta^{(l)}\text{ without column 0}\big)^\top \delta^{(l+1)}$.",
        "`delta = a[L + 1] - y`; for each l: `grads[l] = np.outer(delta, np.concatenate([[1.0], a[l]]))`, then "
        "`delta = a[l] * (1 - a[l]) * (thetas[l][:, 1:].T @ delta)`.",
    ),
    misconceptions=(
        wrong("y - a",
              "You started from y - a, as the slide derives it from a loss without its minus sign: all gradients come out with the wrong sign. δ = a - y.",
              (START, "delta = y - a[L + 1]")),
        wrong("started one layer below",
              "You started from a⁽ᴸ⁾ - y, as the slide prints. The output is a⁽ᴸ⁺¹⁾; a⁽ᴸ⁾ is the last hidden layer. Only where both have the same size does that run "
              "at all.",
              (START, "delta = np.resize(a[L], len(y)) - y")),
        wrong("slope at the output too",
              "You multiplied the output's δ by a(1 - a). With the cross-entropy that factor cancels; it is right for a square loss.",
              (START, "delta = (a[L + 1] - y) * a[L + 1] * (1 - a[L + 1])")),
        wrong("slope left out",
              "You sent δ back through Θ, but not through the sigmoids: the factor a(1 - a) of the hidden units is missing.",
              (SLOPE, "slope = 1 + 0 * a[l]")),
        wrong("sigmoid applied twice",
              "You sent a through the sigmoid once more. a is its output already, so the slope is a(1 - a).",
              (SLOPE, "slope = np.exp(-a[l]) / (1 + np.exp(-a[l])) ** 2")),
        wrong("tanh's slope",
              "You used 1 - a², the slope of tanh. The sigmoid has a(1 - a).",
              (SLOPE, "slope = 1 - a[l] ** 2")),
        wrong("a in place of the slope",
              "You multiplied by a where the sigmoid's slope belongs: a(1 - a).",
              (SLOPE, "slope = a[l]")),
        wrong("last column dropped",
              "On the way back you left out the last column of Θ. The intercepts stand in column 0: that one leads to no unit and has to go.",
              (BACK, "delta = slope * (thetas[l][:, :-1].T @ delta)")),
        wrong("reshaped, not transposed",
              "You reshaped Θ to the size that fits. That deals its numbers out anew in reading order; what you want is its transpose: Θ.T @ delta.",
              (BACK, "delta = slope * (thetas[l][:, 1:].reshape(len(slope), -1) @ delta)")),
        wrong("mean over the units above",
              "You averaged what comes back from the units above. A hidden unit feeds all of them at once, so the shares add up: Σ_k δ_k Θ_ki.",
              (BACK, "delta = slope * (thetas[l][:, 1:].T @ delta) / len(delta)")),
        wrong("one unit above only",
              "You took what comes back from the first unit above only. The sum runs over all of them: Σ_k δ_k Θ_ki.",
              (BACK, "delta = slope * thetas[l][0, 1:] * delta[0]")),
        wrong("no gradient for the intercepts",
              "Your column 0 is 0. The intercepts multiply a_0 = 1, so their gradient is δ itself.",
              (BELOW, "below = np.concatenate([[0.0], a[l]])")),
        wrong("intercepts at the end",
              "You put the 1 behind a⁽ˡ⁾. The intercepts are column 0 of Θ, so the 1 comes first.",
              (BELOW, "below = np.concatenate([a[l], [1.0]])")),
        wrong("slope in the gradient",
              "You multiplied by a(1 - a) of the layer below once more. ∂L/∂Θ_ij = δ_i a_j: z is linear in Θ, and no slope comes in.",
              (BELOW, "below = np.concatenate([[1.0], a[l] * (1 - a[l]) if l > 1 else a[l]])")),
    ),
)

QUIZ = quiz(
    "05.which_pass",
    rows=("A-fcsummary",),
    answer=which_pass,
    hints=(
        "The check asks only whether the loss falls by a small step. Which of the versions still points downhill?",
        r"For a small step the loss changes by $-\alpha\sum g\cdot\text{version}(g)$, with $g$ the right gradient. Is that sum positive?",
        "A longer arrow downhill, a part of the arrow, the arrow turned round: which of the three does not lower the loss?",
    ),
    misconceptions=(
        wrong("A judged to be caught",
              "A passes: twice the right gradient still points downhill, and the step is small. It only acts as a larger α. So falling losses do not show a missing 1/N.",
              ('{"A", "C"}', '{"C"}')),
        wrong("C judged to be caught",
              "C passes: the first layer stands still and the last one moves downhill, so the loss falls. Half of the net never learns, and this check does not see it.",
              ('{"A", "C"}', '{"A"}')),
        wrong("B judged to pass",
              "B is caught: with y - a for a - y every gradient is turned round, each step goes uphill, and the loss rises.",
              ('{"A", "C"}', '{"A", "B", "C"}')),
        wrong("none judged to pass",
              "Not all three are caught: the check sees only whether the loss falls, and two of them point downhill.",
              ('{"A", "C"}', "set()")),
        wrong("A and B judged to pass",
              "B is caught and C passes: B steps uphill, while C moves the last layer downhill and leaves the first where it is.",
              ('{"A", "C"}', '{"A", "B"}')),
        wrong("B and C judged to pass",
              "B is caught and A passes: B steps uphill, while A steps downhill twice as far.",
              ('{"A", "C"}', '{"B", "C"}')),
    ),
)

EXERCISES = (BY_HAND, RECURSION, ACTIVATIONS, LOSSES, NET, FORWARD, BACKWARD, QUIZ)
