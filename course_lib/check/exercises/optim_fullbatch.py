"""11_optimizers: rprop, a step for the full batch, and the schedules of the step size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...optim import cosine, rprop, step_decay, warmup
from ..exercise import Case, Exercise, wrong
from ..inputs import whole
from .optim_descent import ALIASED, OUTPUTS, step_case, take_steps

# --- the right answers, as a student would write them ------------------------------------------------------------------


def rprop_step(w, dw, state, *, lr, factors=(0.5, 1.2), limits=(1e-6, 50.0)):
    shrink, grow = factors
    agree = dw * state.get("last", 0.0)
    size = state.get("size", lr)
    size = np.where(agree > 0, grow * size, size)
    size = np.where(agree < 0, shrink * size, size)
    size = np.clip(size, limits[0], limits[1])
    g = np.where(agree < 0, 0.0, dw)
    return w - np.sign(g) * size, {"size": size, "last": g}


def schedule(step, total, warm=0, floor=0.0, every=0, gamma=0.1):
    if step < warm:
        return (step + 1) / warm
    done = step - warm
    if every > 0:
        return gamma ** (done // every)
    share = min(1, done / (total - warm))
    wave = (1 + np.cos(np.pi * share)) / 2
    return floor + (1 - floor) * wave


# --- the same from the library -----------------------------------------------------------------------------------------


def _rprop_step(w, dw, state, *, lr, factors=(0.5, 1.2), limits=(1e-6, 50.0)):
    return rprop(w, dw, state, lr=lr, etas=factors, step_sizes=limits)


def _schedule(step, total, warm=0, floor=0.0, every=0, gamma=0.1):
    if step < warm:
        return warmup(step, steps=warm)
    return step_decay(step - warm, every=every, gamma=gamma) if every else cosine(step - warm, total=total - warm, floor=floor)


# --- cases -------------------------------------------------------------------------------------------------------------


def rprop_visible() -> list[Case]:
    return [
        step_case("the worked steps", [0, 0], [[300, -0.2], [100, 0.1], [50, 0.1]], lr=1.0),
        step_case("five steps, planted zeros", [1, -2, 0, 4], [[2, -4, 1, 3], [1, 0, -3, -1], [-3, -2, 0, -2], [-1, -1, 2, 1], [2, -3, 1, 2]], lr=0.5),
        step_case("narrow limits and other factors", [1, -2], [[2, -4], [1, 3], [3, -2], [1, 1], [2, -1], [2, 3]], lr=0.5, factors=(0.25, 2.0), limits=(0.2, 1.5)),
        step_case("whole numbers of type int, read-only", [[3, 1], [-2, 0]], [[[2, 1], [1, -1]], [[1, -2], [3, -2]], [[-2, -1], [1, -3]]], "read-only", lr=0.25),
    ]


def rprop_weak() -> list[Case]:
    return [step_case("one step", [1, 2], [[3, -1]], lr=0.5), step_case("a gradient of zeros", [1, 2], [[0, 0]], lr=0.5)]


def rprop_draw(rng: np.random.Generator, shape: Sequence[int] = (4,), steps: int = 5, form: str = "", **options: Any) -> Case:
    """Gradients of which each weight's keeps its sign, changes it, and is 0 in an order of its own; the first two weights get all of it."""
    gradients = [whole(rng, *shape, low=-3, high=3) for _ in range(steps)]
    for dw, sure, other in zip(gradients, (1, 1, -1, -1, -1, 1, 1), (1, -1, 1, 0, 1, 1, -1)):
        dw.flat[0], dw.flat[1] = sure * rng.integers(1, 4), other * rng.integers(1, 4)
    return step_case(f"{steps} steps" + (f", {form}" if form else ""), whole(rng, *shape), gradients, form,
                     **{"lr": float(rng.choice([0.25, 0.5, 0.75])), **options})


def all_factors(functions, args, kwargs) -> np.ndarray:
    """The factor at every step from 0."""
    (steps,) = args
    return np.array([functions[-1](step, **kwargs) for step in range(steps)])


def _schedule_case(label: str, steps: int, **options: Any) -> Case:
    return Case(label, (steps,), options, tags={"warm": "zero" if not options.get("warm") else "above zero", "every": "zero" if not options.get("every") else "above zero"})


def schedule_visible() -> list[Case]:
    return [
        _schedule_case("the worked schedule", 6, total=6, warm=2),
        _schedule_case("no warm-up, and steps after total", 7, total=4, floor=0.2),
        _schedule_case("a floor and a warm-up of 3", 11, total=9, warm=3, floor=0.1),
        _schedule_case("steps down every 2, after a warm-up of 3", 9, total=9, warm=3, every=2, gamma=0.5),
        _schedule_case("steps down every 3, floor not used", 8, total=8, every=3, floor=0.2),
        _schedule_case("a step down every time", 4, total=4, every=1, gamma=0.5),
    ]


def schedule_weak() -> list[Case]:
    return [_schedule_case("the first step", 1, total=4), _schedule_case("two steps of the cosine", 2, total=1), _schedule_case("the first step of the steps", 1, total=4, every=2),
            _schedule_case("a warm-up of 1", 1, total=4, warm=1)]


def schedule_draw(rng: np.random.Generator, warm: int = 0, every: int = 0, form: str = "") -> Case:
    total = warm + int(rng.integers(4, 8))
    options = {"total": total, "warm": warm, "floor": float(rng.choice([0.05, 0.1, 0.3]))}
    if every:
        options |= {"every": every, "gamma": float(rng.choice([0.3, 0.5, 0.7]))}
    return _schedule_case(f"total = {total}, warm = {warm}" + (f", every = {every}" if every else ""), total + 2, **options)


# --- exercises ---------------------------------------------------------------------------------------------------------

AGREE, GROW, SHRINK = 'agree = dw * state.get("last", 0.0)', "size = np.where(agree > 0, grow * size, size)", "size = np.where(agree < 0, shrink * size, size)"
CLIP, REST, MOVE = "size = np.clip(size, limits[0], limits[1])", "g = np.where(agree < 0, 0.0, dw)", "w - np.sign(g) * size"

RPROP = Exercise(
    id="11.rprop_step",
    rows=("C-fullbatch",),
    answer=(rprop_step,),
    reference=(_rprop_step,),
    arguments=("w", "gradients"),
    outputs=OUTPUTS,
    visible=rprop_visible,
    weak=rprop_weak,
    draw=rprop_draw,
    call=take_steps,
    unpack=dict,
    hints=(
        "Everything hangs on the sign of dw times the gradient remembered from the step before: positive, negative or zero. What is remembered of a weight that rests?",
        r"$\Delta \leftarrow 1.2\,\Delta$ where the product is positive, $0.5\,\Delta$ where it is negative, then clip; $g = 0$ where it is negative, else $dw$; "
        r"$w \leftarrow w - \mathrm{sign}(g)\,\Delta$; remember $\Delta$ and $g$.",
        '`agree = dw * state.get("last", 0.0)`, `size = state.get("size", lr)`; two `np.where` for the size, `np.clip`, one for `g`; '
        '`return w - np.sign(g) * size, {"size": size, "last": g}`.',
    ),
    misconceptions=(
        wrong("uphill", "You added the step to w: against the sign of the gradient, w ← w - sign(g)·Δ.", (MOVE, "w + np.sign(g) * size")),
        wrong("gradient's size used", "You multiplied by the gradient. rprop looks at its sign only: a gradient of 300 and one of 0.2 move the weight equally far.", (MOVE, "w - g * size")),
        wrong("no rest after a change of sign",
              "Your weight moves on right after its gradient changed sign. It rests for that one step: g = 0 there.",
              (REST, "g = dw")),
        wrong("the rest not remembered",
              "Your weight rests, but you remember its gradient. Then the next step compares with it; remember 0, so that the step after the rest neither grows nor shrinks.",
              ('"last": g', '"last": dw')),
        wrong("the last gradient not kept", "You do not remember the gradient: without the one before, nothing can agree or disagree.", (', "last": g', "")),
        wrong("grow and shrink exchanged",
              "Your steps grow where the sign changed and shrink where it stayed. A change means that the weight jumped over the minimum: shrink.",
              ("shrink, grow = factors", "grow, shrink = factors")),
        wrong("steps never grow", "Your steps never grow: where the sign stays, multiply Δ by the second factor.", (GROW, "size = np.where(agree > 0, size, size)")),
        wrong("steps never shrink", "Your steps never shrink: where the sign changed, multiply Δ by the first factor.", (SHRINK, "size = np.where(agree < 0, size, size)")),
        wrong("zero taken for agreement", "You let the step grow where a gradient is 0. There it stays as it is.", ("agree > 0", "agree >= 0")),
        wrong("zero taken for a change of sign",
              "You treat a product of 0 like a change of sign. It is one only below 0; at 0, the first step included, the size stays and the weight moves.",
              (SHRINK, 'size = np.where((agree <= 0) & bool(state), shrink * size, size)'), (REST, "g = np.where((agree <= 0) & bool(state), 0.0, dw)")),
        wrong("step sizes not kept", "You start from lr at every step. Δ belongs to the state: each step grows or shrinks what the one before left.", ('"size": size, ', "")),
        wrong("limits ignored", "You left the limits out: Δ is clipped to limits, after it grew or shrank.", (CLIP, "size = 1.0 * size")),
        wrong("only the upper limit", "You clipped Δ from above only. It also stays at or above limits[0], so that no weight freezes.", (CLIP, "size = np.minimum(size, limits[1])")),
        wrong("one size for all weights",
              "You grow or shrink all steps together, by the sum of the products. Each weight has a Δ of its own.",
              (GROW, "size = np.where(np.sum(agree) > 0, grow * size, size)"), (SHRINK, "size = np.where(np.sum(agree) < 0, shrink * size, size + 0 * dw)")),
        wrong(ALIASED,
              "Your step writes into the state that it was given. The old state is the caller's: make new arrays and a new dict.",
              (REST, 'g = np.where(agree < 0, 0.0, dw); state["size"] = size; state["last"] = g')),
    ),
)

WARM, DOWN, SHARE, WAVE, END = ("return (step + 1) / warm", "return gamma ** (done // every)", "share = min(1, done / (total - warm))",
                                "wave = (1 + np.cos(np.pi * share)) / 2", "return floor + (1 - floor) * wave")

SCHEDULE = Exercise(
    id="11.schedule",
    rows=("D-schedule",),
    answer=(schedule,),
    reference=(_schedule,),
    arguments=("steps",),
    outputs=("factors",),
    visible=schedule_visible,
    weak=schedule_weak,
    draw=schedule_draw,
    call=all_factors,
    hints=(
        "Three cases: still warming up, going down in stairs, going down along the cosine. In the last two, count from the end of the warm-up.",
        r"$(t+1)/warm$ while $t < warm$; then with $d = t - warm$: $\gamma^{\lfloor d/every\rfloor}$, or "
        r"$floor + (1-floor)\,\frac{1+\cos(\pi s)}{2}$ with $s = \min(1, d/(total-warm))$.",
        "`done = step - warm`; `gamma ** (done // every)` where every > 0; else `share = min(1, done / (total - warm))` and "
        "`floor + (1 - floor) * (1 + np.cos(np.pi * share)) / 2`.",
    ),
    misconceptions=(
        wrong("warm-up starts at 0",
              "Your warm-up starts with the factor 0: the first step would do nothing. It is (step + 1)/warm.",
              (WARM, "return step / warm")),
        wrong("no warm-up", "You left the warm-up out: for step < warm the factor is (step + 1)/warm.", ("if step < warm:", "if step < 0:"), ("done = step - warm", "done = max(0, step - warm)")),
        wrong("cosine counted from step 0",
              "Your cosine counts from step 0, so that it has already fallen when the warm-up ends. Count from the end of the warm-up: (step - warm)/(total - warm).",
              (SHARE, "share = min(1, step / total)")),
        wrong("cosine too long",
              "Your cosine takes total steps after the warm-up. It has total - warm of them: at step = total the floor is reached.",
              (SHARE, "share = min(1, done / total)")),
        wrong("rises again after total", "After step = total your cosine rises again. From there on the factor is the floor.", (SHARE, "share = done / (total - warm)")),
        wrong("a whole wave", "Your cosine runs through a whole wave: down and up again. Half a wave, from 0 to π, leads down.", (WAVE, "wave = (1 + np.cos(2 * np.pi * share)) / 2")),
        wrong("cosine not lifted", "Your cosine goes from 1 to -1. (1 + cos)/2 goes from 1 to 0: no step leads uphill.", (WAVE, "wave = np.cos(np.pi * share)")),
        wrong("straight line", "Yours falls along a straight line. The cosine falls slowly at first and slowly again at the end.", (WAVE, "wave = 1 - share")),
        wrong("floor ignored", "You left the floor out: the factor falls from 1 to floor.", (END, "return 0 * floor + wave")),
        wrong("floor added on top", "You added the floor on top, so that the factor starts at 1 + floor. It falls from 1 to floor: floor + (1 - floor)·wave.", (END, "return floor + wave")),
        wrong("cut off at the floor", "You cut the cosine off at the floor. It is to fall smoothly from 1 to floor: floor + (1 - floor)·wave.", (END, "return max(floor, wave)")),
        wrong("stairs counted from step 0", "Your stairs count from step 0. Count from the end of the warm-up.", (DOWN, "return gamma ** (step // every)")),
        wrong("no stairs, a slope", "Your decay falls at every step. Stairs fall every so many steps: the exponent is rounded down, done // every.", (DOWN, "return gamma ** (done / every)")),
        wrong("gamma multiplied, not raised", "You divided by the number of stairs or the like. Each stair multiplies by gamma: gamma to the power of done // every.",
              (DOWN, "return gamma * (done // every) if done >= every else 1.0")),
    ),
)
