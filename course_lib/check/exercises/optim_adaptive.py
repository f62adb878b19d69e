"""11_optimizers: steps with a size for each weight: Adagrad and RMSprop in one function, and Adam."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...optim import adagrad, adam, rmsprop
from ..exercise import Case, Exercise, wrong
from .optim_descent import ALIASED, OUTPUTS, random_steps, step_case, take_steps

# --- the right answers, as a student would write them ------------------------------------------------------------------


def adaptive_step(w, dw, state, *, lr, kind, alpha=0.99, eps=1e-8):
    old = state.get("s", 0.0)
    if kind == "adagrad":
        s = old + dw ** 2
    else:
        s = alpha * old + (1 - alpha) * dw ** 2
    scale = np.sqrt(s) + eps
    return w - lr * dw / scale, {"s": s}


def adam_step(w, dw, state, *, lr, betas=(0.9, 0.999), eps=1e-8):
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * dw
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * dw ** 2
    m_hat = m / (1 - beta1 ** t)
    v_hat = v / (1 - beta2 ** t)
    return w - lr * m_hat / (np.sqrt(v_hat) + eps), {"t": t, "m": m, "v": v}


def _adaptive_step(w, dw, state, *, lr, kind, alpha=0.99, eps=1e-8):
    return adagrad(w, dw, state, lr=lr, eps=eps) if kind == "adagrad" else rmsprop(w, dw, state, lr=lr, alpha=alpha, eps=eps)


# --- cases -------------------------------------------------------------------------------------------------------------


def adaptive_visible() -> list[Case]:
    return [
        step_case("the worked steps, Adagrad", [5, 5], [[3, -0.3], [4, 0.4]], lr=1.0, kind="adagrad"),
        step_case("the worked steps, RMSprop with alpha 0.75", [5, 5], [[3, -0.3], [4, 0.4]], lr=1.0, kind="rmsprop", alpha=0.75),
        step_case("Adagrad with eps 1, three steps", [1, -2, 0], [[2, -4, 1], [1, 2, 0], [-3, 0, 2]], lr=0.5, kind="adagrad", eps=1.0),
        step_case("RMSprop with eps 1, three steps", [1, -2, 0], [[2, -4, 1], [1, 2, 0], [-3, 0, 2]], lr=0.5, kind="rmsprop", alpha=0.4, eps=1.0),
        step_case("Adagrad, whole numbers of type int", [3, 1, -2], [[2, 0, 1], [1, 2, 3]], "integers", lr=0.25, kind="adagrad"),
        step_case("RMSprop, a 2×2 array, read-only", [[1, -2], [0, 3]], [[[2, 1], [-4, 1]], [[1, 3], [2, -1]], [[0, 1], [1, 2]]], "read-only", lr=0.1,
                  kind="rmsprop", alpha=0.9),
    ]


def adaptive_weak() -> list[Case]:
    return [step_case("a gradient of zeros, Adagrad", [1, 2], [[0, 0]], lr=0.5, kind="adagrad"),
            step_case("a gradient of zeros, RMSprop", [1, 2], [[0, 0]], lr=0.5, kind="rmsprop"),
            step_case("one weight, one step of Adagrad", [1], [[1]], lr=0.5, kind="adagrad")]


def adaptive_draw(rng: np.random.Generator, shape: Sequence[int] = (3,), steps: int = 3, form: str = "", **options: Any) -> Case:
    w, gradients = random_steps(rng, shape, steps)
    options = {"lr": float(rng.choice([0.1, 0.3, 0.7])), "kind": "adagrad", **options}
    return step_case(f"{options['kind']}, {steps} steps" + (f", {form}" if form else ""), w, gradients, form, **options)


def adam_visible() -> list[Case]:
    return [
        step_case("the worked steps", [1, 1], [[2, -0.2], [0, -0.2]], lr=0.1, betas=(0.5, 0.75)),
        step_case("the usual betas, three steps", [1, -2, 0], [[2, -4, 1], [1, 2, 0], [-3, 0, 2]], lr=0.5),
        step_case("eps 1, four steps", [1, -2], [[2, -4], [1, 2], [-3, 0], [1, 1]], lr=0.5, betas=(0.8, 0.9), eps=1.0),
        step_case("a 2×2 array, read-only", [[1, -2], [0, 3]], [[[2, 1], [-4, 1]], [[1, 3], [2, -1]], [[0, 1], [1, 2]]], "read-only", lr=0.1, betas=(0.7, 0.4)),
        step_case("whole numbers of type int", [3, 1, -2], [[2, 0, 1], [1, 2, 3]], "integers", lr=0.25, betas=(0.6, 0.9)),
    ]


def adam_weak() -> list[Case]:
    return [step_case("a gradient of zeros", [1, 2], [[0, 0]], lr=0.5),
            step_case("one step, eps small", [1, 2], [[3, -2]], lr=0.5)]


def adam_draw(rng: np.random.Generator, shape: Sequence[int] = (3,), steps: int = 3, form: str = "", **options: Any) -> Case:
    w, gradients = random_steps(rng, shape, steps)
    options = {"lr": float(rng.choice([0.1, 0.3, 0.7])), **options}
    return step_case(f"{steps} steps" + (f", {form}" if form else ""), w, gradients, form, **options)


# --- exercises ---------------------------------------------------------------------------------------------------------

SUM, AVERAGE, SCALE, STEP = "s = old + dw ** 2", "s = alpha * old + (1 - alpha) * dw ** 2", "scale = np.sqrt(s) + eps", "return w - lr * dw / scale"

ADAPTIVE = Exercise(
    id="11.adaptive_step",
    rows=("D-adaptive",),
    answer=(adaptive_step,),
    reference=(_adaptive_step,),
    arguments=("w", "gradients"),
    outputs=OUTPUTS,
    visible=adaptive_visible,
    weak=adaptive_weak,
    draw=adaptive_draw,
    call=take_steps,
    unpack=dict,
    hints=(
        "Both keep one number for each weight, s, made of squared gradients; both divide the gradient by its root. They differ in one line: does s remember everything, "
        "or does it fade?",
        r"Adagrad $s \leftarrow s + g^2$, RMSprop $s \leftarrow \rho s + (1-\rho)g^2$ ($\rho$ is `alpha`), s = 0 before the first step; "
        r"then $w \leftarrow w - lr\cdot g/(\sqrt{s} + eps)$ with the new s.",
        '`old = state.get("s", 0.0)`; `s = old + dw**2`, or `s = alpha * old + (1 - alpha) * dw**2`; `return w - lr * dw / (np.sqrt(s) + eps), {"s": s}`.',
    ),
    misconceptions=(
        wrong("uphill", "You added the step to w. The gradient points uphill: w ← w - lr·g/(√s + eps).", (STEP, "return w + lr * dw / scale")),
        wrong("Adagrad's sum overwritten",
              "Your Adagrad keeps only the last squared gradient, so every step has the length lr. s is a sum over all steps: s ← s + g².",
              (SUM, "s = dw ** 2")),
        wrong("s not returned",
              "Your steps do not remember s: what one call computes has to be in the state that it returns.",
              ('{"s": s}', "{}")),
        wrong("RMSprop without the square",
              "Your RMSprop averages the gradients themselves (their magnitudes). It averages their squares; the S in RMS.",
              (AVERAGE, "s = alpha * old + (1 - alpha) * np.abs(dw)")),
        wrong("alpha on the wrong side",
              "Your alpha weighs the new square. It is the share of the old average that stays: alpha·s + (1 - alpha)·g².",
              (AVERAGE, "s = (1 - alpha) * old + alpha * dw ** 2")),
        wrong("1 - alpha forgotten",
              "Your RMSprop adds the whole new square. An average gives it the weight 1 - alpha.",
              (AVERAGE, "s = alpha * old + dw ** 2")),
        wrong("Adagrad fades", "Your Adagrad fades like RMSprop. Its s never forgets: s ← s + g².", (SUM, "s = alpha * old + (1 - alpha) * dw ** 2")),
        wrong("RMSprop never forgets", "Your RMSprop adds up all squares like Adagrad. Its s is a moving average: alpha·s + (1 - alpha)·g².", (AVERAGE, "s = old + dw ** 2  ")),
        wrong("RMSprop corrected like Adam",
              "You corrected RMSprop's first step for its start from 0, as Adam does: s = g² there. Plain RMSprop does not; its first step is long, lr/√(1 - alpha).",
              (AVERAGE, 's = alpha * old + (1 - alpha) * dw ** 2 if state else dw ** 2.0')),
        wrong("no root",
              "You divided by s itself. Its root has the gradient's unit: with √s the step does not depend on the gradient's scale.",
              (SCALE, "scale = s + eps")),
        wrong("eps under the root",
              "You added eps under the root. PyTorch adds it to the root: √s + eps.",
              (SCALE, "scale = np.sqrt(s + eps)")),
        wrong("the old s",
              "You divided by the root of the old s. The new squared gradient enters s first, then the step is taken.",
              (SCALE, "scale = np.sqrt(old if state else s) + eps")),
        wrong("one s for all weights",
              "You used one s for the whole array, the mean of its squares. Each weight has an s of its own: that is the point of the method.",
              (SCALE, "scale = np.sqrt(np.mean(s)) + eps + 0 * s")),
        wrong("only the sign",
              "You divided by |g|: every step has the length lr. The scale is √s, from all gradients so far.",
              (SCALE, "scale = np.abs(dw) + eps")),
        wrong(ALIASED,
              "Your step writes into the s that it was given (`*=`, `+=`). The old state is the caller's: make a new array.",
              ('old = state.get("s", 0.0)', 'old = state.setdefault("s", np.zeros(np.shape(w)))'),
              (SUM, "s = old; s += dw ** 2"), (AVERAGE, "s = old; s *= alpha; s += (1 - alpha) * dw ** 2")),
    ),
)

M, MV = 'm = beta1 * state.get("m", 0.0) + (1 - beta1) * dw', 'v = beta2 * state.get("v", 0.0) + (1 - beta2) * dw ** 2'
M_HAT, V_HAT, KEPT = "m_hat = m / (1 - beta1 ** t)", "v_hat = v / (1 - beta2 ** t)", '{"t": t, "m": m, "v": v}'
MOVE = "w - lr * m_hat / (np.sqrt(v_hat) + eps)"

ADAM = Exercise(
    id="11.adam_step",
    rows=("D-adaptive",),
    answer=(adam_step,),
    reference=(adam,),
    arguments=("w", "gradients"),
    outputs=OUTPUTS,
    visible=adam_visible,
    weak=adam_weak,
    draw=adam_draw,
    call=take_steps,
    unpack=dict,
    hints=(
        "Three things are remembered: m, v and the number of steps t. m and v start from 0 and are therefore too small at first: by which factor, if all gradients were equal?",
        r"$m \leftarrow \beta_1 m + (1-\beta_1) g$, $v \leftarrow \beta_2 v + (1-\beta_2) g^2$; $\hat m = m/(1-\beta_1^t)$, $\hat v = v/(1-\beta_2^t)$ with $t = 1, 2, \dots$; "
        r"$w \leftarrow w - lr\cdot\hat m/(\sqrt{\hat v} + eps)$.",
        '`t = state.get("t", 0) + 1`; m and v from `state.get("m", 0.0)`, `state.get("v", 0.0)`; `m_hat = m / (1 - beta1**t)`, `v_hat = v / (1 - beta2**t)`; return the step and '
        '`{"t": t, "m": m, "v": v}`: without hats.',
    ),
    misconceptions=(
        wrong("uphill", "You added the step to w. The gradient points uphill: w ← w - lr·m̂/(√v̂ + eps).", (MOVE, "w + lr * m_hat / (np.sqrt(v_hat) + eps)")),
        wrong("no correction",
              "You left the bias correction out. m and v start from 0, v the slower, so the first steps come out far too long: divide by 1 - β₁^t and 1 - β₂^t.",
              (M_HAT, "m_hat = m"), (V_HAT, "v_hat = v")),
        wrong("correction multiplied",
              "You multiplied by 1 - β^t. m and v are too small by just that factor at first: divide by it.",
              (M_HAT, "m_hat = m * (1 - beta1 ** t)"), (V_HAT, "v_hat = v * (1 - beta2 ** t)")),
        wrong("only m corrected", "You corrected m but not v. Both start from 0: v̂ = v/(1 - β₂^t).", (V_HAT, "v_hat = v")),
        wrong("only v corrected", "You corrected v but not m. Both start from 0: m̂ = m/(1 - β₁^t).", (M_HAT, "m_hat = m")),
        wrong("corrected averages kept",
              "Your state holds m̂ and v̂. The averages go on from m and v as they are; the correction is for this step's use only.",
              (KEPT, '{"t": t, "m": m_hat, "v": v_hat}')),
        wrong("steps not counted",
              "Your correction stays at t = 1: the number of steps has to be in the state, one more each time.",
              (KEPT, '{"t": 0, "m": m, "v": v}')),
        wrong("β·t for β^t",
              "You corrected by 1 - β/t or the like. The factor is a power, 1 - β^t: after t steps the start's share is β·β·…·β.",
              (M_HAT, "m_hat = m / (1 - beta1 / t)"), (V_HAT, "v_hat = v / (1 - beta2 / t)")),
        wrong("counted from 2",
              "Your first step uses t = 2. Count it as t = 1: then m̂ is just the first gradient.",
              ('state.get("t", 0) + 1', 'state.get("t", 1) + 1')),
        wrong("betas exchanged",
              "You exchanged the two betas: the first is for m, the average of the gradients, the second for v, that of their squares.",
              ("beta1, beta2 = betas", "beta2, beta1 = betas")),
        wrong("v without the square",
              "Your v averages the gradients' magnitudes. It averages their squares.",
              (MV, 'v = beta2 * state.get("v", 0.0) + (1 - beta2) * np.abs(dw)')),
        wrong("no root",
              "You divided by v̂ itself. Its root has the gradient's unit.",
              (MOVE, "w - lr * m_hat / (v_hat + eps)")),
        wrong("eps under the root",
              "You added eps under the root. Adam adds it to the root: √v̂ + eps.",
              (MOVE, "w - lr * m_hat / np.sqrt(v_hat + eps)")),
        wrong("the gradient for m̂",
              "You stepped along the gradient itself: that is RMSprop with a correction. Adam steps along its average, m̂.",
              (MOVE, "w - lr * dw / (np.sqrt(v_hat) + eps)")),
        wrong("classical momentum in m",
              "Your m adds the whole gradient, as SGD's velocity does. Adam's m is an average: the new gradient has the weight 1 - β₁.",
              (M, 'm = beta1 * state.get("m", 0.0) + dw')),
        wrong("averages not kept",
              "Your state holds no averages, only the count: m and v start from 0 at every step.",
              (KEPT, '{"t": t}')),
        wrong(ALIASED,
              "Your step writes into the state that it was given. The old state is the caller's: make new arrays and a new dict.",
              (M, 'm = state.get("m", 0.0)\n    m = m * beta1 + (1 - beta1) * dw; state["m"] = m'), (KEPT, '{"t": t, "m": m, "v": v}  '),
              (MV, 'v = state.get("v", 0.0) * beta2 + (1 - beta2) * dw ** 2; state["v"] = v; state["t"] = t')),
    ),
)
