"""11_optimizers: two steps of momentum by hand, the quiz, and the register."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exercise import Exercise, wrong
from .optim_adaptive import ADAM, ADAPTIVE
from .optim_descent import RATE, SGD
from .optim_fullbatch import RPROP, SCHEDULE
from .quiz import quiz

# --- the right answers -------------------------------------------------------------------------------------------------


def predict_momentum(*, curvatures=(2, 8), start=(5, 2), lr=0.2, momentum=0.5):
    found = []
    for lam, w in zip(curvatures, start):
        increment = lr * lam * w
        first = w - increment
        second_increment = lr * lam * first + momentum * increment
        second = first - second_increment
        found.append((first, second))
    limit = 2 / max(curvatures)
    return found[0][0], found[1][0], found[0][1], found[1][1], limit


def which_pass():
    return {"A", "B"}


def _predict_momentum(*, curvatures=(2, 8), start=(5, 2), lr=0.2, momentum=0.5):
    """The same as two products with the iteration's matrix."""
    ends = []
    for lam, w in zip(curvatures, start):
        A = np.array([[1 - lr * lam, -momentum], [lr * lam, momentum]])
        once = A @ [w, 0.0]
        ends.append((once[0], (A @ once)[0]))
    return ends[0][0], ends[1][0], ends[0][1], ends[1][1], 1 / (max(curvatures) / 2)


LECTURE = dict(curvatures=(2, 8), start=(5, 2), lr=0.2, momentum=0.5)


def numbers(rng: np.random.Generator | None) -> dict[str, Any]:
    """Another bowl, where no two of the usual slips give the same."""
    if rng is None:
        return dict(LECTURE)
    while True:
        flat, steep = int(rng.integers(1, 4)), int(rng.integers(5, 10))
        start, lr, beta = tuple(int(n) for n in rng.permutation([2, 3, 4, 5, 6])[:2]), float(rng.choice([0.1, 0.2, 0.3])), float(rng.choice([0.4, 0.5, 0.8]))
        ideas = []
        for lam, w in zip((flat, steep), start):
            first = w - lr * lam * w
            plain = first - lr * lam * first
            ideas.append([plain - beta * (w - first), plain, first - lr * lam * w - beta * (w - first), first - (1 - beta) * lr * lam * first - beta * (w - first),
                          first - lr * (lam * first + beta * (w - first)), plain + beta * (w - first)])
        if all(len({round(v, 6) for v in row}) == len(row) for row in ideas) and 0.4 < lr * steep < 1.9 and min(abs(row[0]) for row in ideas) > 0.01:
            return dict(curvatures=(flat, steep), start=start, lr=lr, momentum=beta)


FIRST, SECOND = "first = w - increment", "second_increment = lr * lam * first + momentum * increment"

BY_HAND = Exercise(
    id="11.predict_momentum",
    rows=("A-gd", "C-momentum"),
    answer=(predict_momentum,),
    reference=(_predict_momentum,),
    outputs=("u1", "v1", "u2", "v2", "limit"),
    by_hand=True,
    numbers=numbers,
    hints=(
        "The two directions do not know of each other: do u, then v. The gradient along u is its curvature times u. At the first step there is no Δ from before.",
        r"$\Delta_1 = \alpha\lambda w_0$, $w_1 = w_0 - \Delta_1$; $\Delta_2 = \alpha\lambda w_1 + \beta\Delta_1$, $w_2 = w_1 - \Delta_2$. The limit: $|1 - \alpha\lambda| < 1$ for every λ.",
        "Each plain step multiplies by 1 - αλ. The steep direction is the first to leave (-1, 1): at α = 2/λ, with the largest λ. For the second step, use the gradient at the new place.",
    ),
    misconceptions=(
        wrong("uphill",
              "You added Δw. The slide prints Δw without its minus sign; the gradient points uphill, so w ← w - Δw.",
              (FIRST, "first = w + increment"), ("second = first - second_increment", "second = first + second_increment")),
        wrong("momentum left out",
              "Your second step is a plain one. To the new gradient's part comes momentum times the first Δ.",
              (SECOND, "second_increment = lr * lam * first")),
        wrong("old gradient used again",
              "Your second step uses the gradient of the starting point. Compute it again, at the new place.",
              (SECOND, "second_increment = lr * lam * w + momentum * increment")),
        wrong("averaged momentum",
              "In the second step you weighed the gradient with 1 - momentum. The lecture's formula adds it whole.",
              (SECOND, "second_increment = (1 - momentum) * lr * lam * first + momentum * increment")),
        wrong("learning rate on the old increment as well",
              "In the second step you multiplied the old Δ by the step size once more. It is in Δ already.",
              (SECOND, "second_increment = lr * (lam * first + momentum * increment)")),
        wrong("momentum with a minus",
              "In the second step you subtracted momentum·Δ from the gradient's part. It is added: the old step is carried on.",
              (SECOND, "second_increment = lr * lam * first - momentum * increment")),
        wrong("curvature forgotten",
              "You took w itself for the gradient. The gradient of ½λw² is λw.",
              ("increment = lr * lam * w\n", "increment = lr * w\n"), (SECOND, "second_increment = lr * first + momentum * increment")),
        wrong("limit of the flat direction",
              "Your limit is that of the flat direction. The steep one is the first to diverge: the largest curvature decides.",
              ("2 / max(curvatures)", "2 / min(curvatures)")),
        wrong("one over the curvature",
              "Your limit is 1/λ. There 1 - αλ = 0, and the steep direction is right in one step: the best that can happen to it. It diverges past 2/λ.",
              ("2 / max(curvatures)", "1 / max(curvatures)")),
    ),
)

EXERCISES = (
    BY_HAND,
    SGD,
    RATE,
    ADAPTIVE,
    ADAM,
    RPROP,
    SCHEDULE,
    quiz(
        id="11.which_pass",
        rows=("D-adaptive", "C-compare"),
        answer=which_pass,
        hints=(
            "The check's gradient is the same at every step. What are m̂ and v̂ then?",
            "With a constant gradient g every correct average of g is g, and every correct average of g² is g², whatever its β.",
            "So m̂ = g and v̂ = g² for any pair of betas. Without the correction, m = (1 - β₁)g and √v = √(1 - β₂)·|g| at the first step: what is their ratio?",
        ),
        misconceptions=(
            wrong("A is caught",
                  "You said that A is caught. It exchanges the betas; but with the same gradient at every step the corrected averages are g and g² for any betas.",
                  ('{"A", "B"}', '{"B"}')),
            wrong("B is caught",
                  "You said that B is caught. It steps along the gradient itself in place of m̂; but with the same gradient at every step m̂ is the gradient.",
                  ('{"A", "B"}', '{"A"}')),
            wrong("C passes",
                  "You said that C passes. It corrects neither m nor v, so the first step has the length lr·(1 - β₁)/√(1 - β₂), about 3.2·lr instead of lr.",
                  ('{"A", "B"}', '{"A", "B", "C"}')),
            wrong("none passes",
                  "You said that all three are caught. Look at what the check never tries: a gradient that changes from step to step.",
                  ('{"A", "B"}', "set()")),
        ),
    ),
)
