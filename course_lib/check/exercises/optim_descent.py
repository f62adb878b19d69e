"""11_optimizers: steps of an optimiser as the checks take them; SGD with PyTorch's options; momentum's rate on a quadratic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...optim import sgd
from ..compare import describe
from ..exercise import Case, Exercise, ResultForm, wrong
from ..inputs import whole

# --- several steps, one after the other --------------------------------------------------------------------------------

OUTPUTS = ("path", "repeated")
ALIASED = "the state was changed in place"


def take_steps(functions, args, kwargs) -> dict[str, Any]:
    """path: the weights after each step. repeated: the last step once more, from the weights and the state it was taken from."""
    (w, gradients), step = args, functions[-1]
    state, path, before = {}, [], None
    for dw in gradients:
        before = w, state
        w, state = _pair(step(w, dw, state, **kwargs), step)
        path.append(np.array(w))
    again, _ = _pair(step(before[0], gradients[-1], before[1], **kwargs), step)
    if len({p.shape for p in path}) > 1:
        raise ResultForm(f"The weights change their shape from step to step: {', '.join(str(p.shape) for p in path)}.")
    return {"path": np.array(path), "repeated": again}


def _pair(result: Any, step: Any) -> Any:
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        what = "None: is a `return` missing?" if result is None else "one array." if isinstance(result, np.ndarray) else f"{describe(result)}."
        raise ResultForm(f"A step returns two things, the new weights and the new state: return w, state. Yours returned {what}")
    return result


def step_case(label: str, w: Any, gradients: Any, form: str = "", **options: Any) -> Case:
    w, gradients = np.array(w, dtype=float), [np.array(dw, dtype=float) for dw in gradients]
    return Case(label, (w, gradients), options, form=form,
                tags={"kind": options.get("kind"), **{name: "above 0" if options.get(name) else "0" for name in ("momentum", "dampening", "weight_decay")},
                      "nesterov": bool(options.get("nesterov"))})


def random_steps(rng: np.random.Generator, shape: Sequence[int], steps: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Weights and gradients for so many steps; the first number of each gradient is never 0, another now and then is."""
    w, gradients = whole(rng, *shape), [whole(rng, *shape) for _ in range(steps)]
    w.flat[0] = 3.0
    for dw in gradients:
        dw.flat[0] = rng.choice([-3.0, -2, 2, 3])
        dw.flat[-1] = rng.choice([-3.0, -1, 0, 1, 4])
    return w, gradients


# --- the right answers, as a student would write them ------------------------------------------------------------------


def sgd_step(w, dw, state, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    g = dw + weight_decay * w
    v = g
    if momentum > 0 and state:
        v = momentum * state["v"] + (1 - dampening) * g
    direction = v
    if nesterov:
        direction = g + momentum * v
    return w - lr * direction, {"v": v}


def momentum_rate(curvatures, lr, momentum):
    rates = []
    for lam in curvatures:
        top = [1 - lr * lam, -momentum]
        bottom = [lr * lam, momentum]
        roots = np.linalg.eigvals([top, bottom])
        sizes = np.abs(roots)
        rates.append(np.max(sizes))
    return rates


# --- another implementation: the roots by the formula for quadratic equations -------------------------------------------


def _momentum_rate(curvatures, lr, momentum):
    half = (1 + momentum - lr * np.asarray(curvatures, dtype=float)) / 2
    inside = half**2 - momentum
    real = np.abs(half) + np.sqrt(np.maximum(inside, 0))
    return np.where(inside < 0, np.sqrt(momentum), real)


# --- cases -------------------------------------------------------------------------------------------------------------


def sgd_visible() -> list[Case]:
    return [
        step_case("the worked steps, momentum 0.5", [1, -2], [[2, -4], [1, 2]], lr=0.5, momentum=0.5),
        step_case("no momentum: then dampening does not count", [1, 0], [[2, -4], [3, 1]], lr=0.5, dampening=0.5),
        step_case("dampening 0.75", [1, -2, 0], [[2, -4, 1], [1, 2, 0], [-3, 0, 2]], lr=0.5, momentum=0.5, dampening=0.75),
        step_case("weight decay 10", [1, -2], [[2, 1], [-1, 3], [0, 2]], lr=0.1, momentum=0.5, weight_decay=10.0),
        step_case("nesterov", [1, -2], [[2, -4], [1, 2], [4, 1]], lr=0.5, momentum=0.5, nesterov=True),
        step_case("all but dampening, read-only arrays", [[1, -2, 3], [0, 2, 1]], [[[2, -4, 0], [1, 0, 3]], [[1, 2, -1], [-2, 0, 1]], [[0, 1, 1], [3, -1, 2]]],
                  "read-only", lr=0.25, momentum=0.75, weight_decay=2.0, nesterov=True),
    ]


def sgd_weak() -> list[Case]:
    return [step_case("a gradient of zeros", [1, 2], [[0, 0]], lr=0.5, momentum=0.5),
            step_case("one step, no options", [1, 2], [[3, -1]], lr=0.5)]


def sgd_draw(rng: np.random.Generator, shape: Sequence[int] = (3,), steps: int = 3, form: str = "", **options: Any) -> Case:
    w, gradients = random_steps(rng, shape, steps)
    options = {"lr": float(rng.choice([0.1, 0.3, 0.7])), **options}
    return step_case(f"{steps} steps, {', '.join(f'{k} = {v:g}' if not isinstance(v, bool) else k for k, v in options.items())}", w, gradients, form, **options)


def _rate_case(label: str, curvatures: Any, lr: float, momentum: float, form: str = "") -> Case:
    return Case(label, (np.array(curvatures, dtype=float), lr, momentum), form=form, tags={"momentum": "zero" if momentum == 0 else "above zero"})


def rate_visible() -> list[Case]:
    return [
        _rate_case("the worked curvatures", [1, 2.5, 3], 1.0, 0.25),
        _rate_case("no momentum: |1 - αλ|", [0.5, 1, 2, 5], 0.5, 0.0),
        _rate_case("the lecture's rate, momentum 0.9, read-only", [30, 600, 0, 1200], 0.003, 0.9, "read-only"),
        _rate_case("whole numbers of type int, momentum 0.5", [1, 20, 9, 40, 12], 0.1, 0.5, "integers"),
    ]


def rate_weak() -> list[Case]:
    return [_rate_case("a flat direction", [0.0], 0.1, 0.5), _rate_case("a flat direction, no momentum", [0.0], 0.1, 0.0), _rate_case("no momentum", [1.0, 4], 0.1, 0.0), _rate_case("real roots, both positive", [1.0], 0.24, 0.24),
            _rate_case("no momentum, right in one step", [1.0], 1.0, 0.0), _rate_case("no momentum, one step too long", [3.0], 1.0, 0.0)]


def rate_draw(rng: np.random.Generator, n: int = 4, momentum: float = 0.5, form: str = "") -> Case:
    """Curvatures from each region: real roots above 0, complex, real below 0, divergent; a little away from the borders."""
    lr = float(rng.choice([0.1, 0.2, 0.5]))
    slow, fast = (1 - momentum**0.5) ** 2, (1 + momentum**0.5) ** 2
    between, limit = slow + (fast - slow) * rng.uniform(0.1, 0.9), 2 * (1 + momentum)
    points = [slow * rng.uniform(0.2, 0.9), between, fast + (limit - fast) * rng.uniform(0.2, 0.8), limit * rng.uniform(1.1, 1.5)]
    curvatures = [p / lr for p in points][:n]
    if form == "integers":
        curvatures = [1, *np.round(curvatures[1:])]
    return _rate_case(f"{n} curvatures, lr = {lr:g}, momentum = {momentum:g}" + (f", {form}" if form else ""), curvatures, lr, momentum, form)


# --- exercises ---------------------------------------------------------------------------------------------------------

V, RETURN, LOOK = 'v = momentum * state["v"] + (1 - dampening) * g', 'return w - lr * direction, {"v": v}', "direction = g + momentum * v"

SGD = Exercise(
    id="11.sgd_step",
    rows=("A-gd", "C-momentum", "C-sgdopts"),
    answer=(sgd_step,),
    reference=(sgd,),
    arguments=("w", "gradients"),
    outputs=OUTPUTS,
    visible=sgd_visible,
    weak=sgd_weak,
    draw=sgd_draw,
    call=take_steps,
    unpack=dict,
    hints=(
        "Work in the order of the formulas: g first, then the velocity, then the direction, then w. What is the velocity at the very first step, when `state` is {}? "
        "And what must the new state hold for the next call?",
        r"$g = dw + \lambda w$; first step $v = g$, later $v \leftarrow \beta v + (1-d)\,g$; direction $v$, with nesterov $g + \beta v$; $w \leftarrow w - \alpha\cdot$direction.",
        '`g = dw + weight_decay * w`, `v = g`; `if momentum > 0 and state: v = momentum * state["v"] + (1 - dampening) * g`; '
        '`direction = g + momentum * v if nesterov else v`; `return w - lr * direction, {"v": v}`.',
    ),
    misconceptions=(
        wrong("uphill",
              "You added the step to w, as if the slide's Δw held its minus sign. The gradient points uphill: w ← w - lr · direction.",
              ("w - lr * direction", "w + lr * direction")),
        wrong("velocity not returned",
              "Your steps do not remember the velocity: what one call computes has to be in the state that it returns, or the next one starts from rest.",
              ('{"v": v}', "{}")),
        wrong("averaged momentum",
              "You took an average, momentum·v + (1 - momentum)·g. Classical momentum adds the whole gradient: momentum·v + (1 - dampening)·g, and dampening is 0 unless "
              "asked for.",
              ("(1 - dampening) * g", "(1 - momentum) * g")),
        wrong("first gradient dampened",
              "You dampened the first gradient too. At the first step there is no velocity yet: v = g, whole. Dampening begins with the second step.",
              ("    v = g\n    if", "    v = (1 - dampening) * g if momentum > 0 else g\n    if")),
        wrong("velocity started from zeros",
              "Your velocity starts from zeros, so the first gradient is dampened, and every one where momentum is 0. In PyTorch v = g, whole, at the first step, and always "
              "where momentum is 0.",
              ("    v = g\n    if", "    v = (1 - dampening) * g\n    if"), ("momentum > 0 and state", "state")),
        wrong("dampening ignored",
              "You left dampening out: only the share 1 - dampening of each new gradient enters the velocity.",
              ("(1 - dampening) * g", "g")),
        wrong("dampening for 1 - dampening",
              "You multiplied the new gradient by dampening. It says how much is taken away: the share that enters is 1 - dampening.",
              ("(1 - dampening) * g", "dampening * g")),
        wrong("dampening without momentum",
              "You dampened the gradient where momentum is 0. Without momentum there is no velocity, and dampening does not count (so it is in PyTorch).",
              ("momentum > 0 and state", "state")),
        wrong("weight decay beside the velocity",
              "You shrank the weights beside the velocity. In PyTorch's SGD the decay is part of g, so the velocity carries it on: g = dw + weight_decay·w.",
              ("g = dw + weight_decay * w", "g = dw"), ("w - lr * direction", "w - lr * (direction + weight_decay * w)")),
        wrong("weight decay twice",
              "Your decay is 2·weight_decay·w. That belongs to the lecture's penalty λΣw²; weight_decay is meant for ½λΣw², whose gradient is λw.",
              ("weight_decay * w", "2 * weight_decay * w")),
        wrong("weight decay ignored",
              "You left the weight decay out: g = dw + weight_decay·w.",
              ("dw + weight_decay * w", "dw")),
        wrong("nesterov ignored",
              "With nesterov=True you still step along v. Nesterov looks one step ahead: the direction is g + momentum·v, with the new v.",
              (LOOK, "direction = v")),
        wrong("nesterov without the gradient",
              "With nesterov=True you step along momentum·v only. The gradient of this step comes on top: g + momentum·v.",
              (LOOK, "direction = momentum * v")),
        wrong("nesterov remembers the look ahead",
              "With nesterov=True you kept the direction as the velocity. The state holds v; g + momentum·v is used for this step and forgotten.",
              ('{"v": v}', '{"v": direction}')),
        wrong("learning rate in the velocity twice",
              "You multiplied by lr in the velocity and again in the step. Once is enough: either v holds gradients and w moves by lr·v, or Δw holds lr·g and w moves by Δw.",
              (V, 'v = momentum * state["v"] + lr * (1 - dampening) * g')),
        wrong(ALIASED,
              "Your step writes into the velocity that it was given (`*=`, `+=` or `[...] =`). The old state is the caller's: a repeated step then starts from another "
              "velocity. Make a new array.",
              (V, 'v = state["v"]; v *= momentum; v += (1 - dampening) * g')),
        wrong("momentum on the gradient's side",
              "You multiplied the new gradient by momentum and kept the old velocity whole. The old one fades: momentum·v + g.",
              (V, 'v = state["v"] + momentum * (1 - dampening) * g')),
    ),
)

TOP, BOTTOM, LARGEST = "top = [1 - lr * lam, -momentum]", "bottom = [lr * lam, momentum]", "np.max(sizes)"

RATE = Exercise(
    id="11.momentum_rate",
    rows=("A-gd", "C-momentum"),
    answer=(momentum_rate,),
    reference=(_momentum_rate,),
    arguments=("curvatures", "lr", "momentum"),
    outputs=("rates",),
    visible=rate_visible,
    weak=rate_weak,
    draw=rate_draw,
    hints=(
        "Write the two update lines for one curvature, with g = λw, and put the first into the second: both new numbers are then sums of multiples of the old w and the old Δw. "
        "These multiples are the matrix.",
        r"$\begin{pmatrix} w\\ \Delta w\end{pmatrix} \leftarrow \begin{pmatrix} 1-\alpha\lambda & -\beta\\ \alpha\lambda & \beta\end{pmatrix} "
        r"\begin{pmatrix} w\\ \Delta w\end{pmatrix}$; the rate is the largest $|z|$ of its eigenvalues, which may be complex.",
        "For each λ: `A = np.array([[1 - lr*lam, -momentum], [lr*lam, momentum]])`, `roots = np.linalg.eigvals(A)`, `np.max(np.abs(roots))`.",
    ),
    misconceptions=(
        wrong("momentum left out",
              "You gave |1 - αλ|, the rate without momentum.",
              (TOP, "top = [1 - lr * lam, 0]"), (BOTTOM, "bottom = [lr * lam, 0]")),
        wrong("always the root of momentum",
              "You gave √β for every curvature. That holds only while the eigenvalues are complex; where they are real, the larger one counts.",
              (LARGEST, "np.sqrt(momentum)")),
        wrong("determinant",
              "You took the determinant: that is the product of both eigenvalues, always β. The rate is the larger |z| of the two.",
              (LARGEST, "np.abs(np.prod(roots))")),
        wrong("real parts",
              "You took the eigenvalues' real parts. Complex eigenvalues make the way swing; it shrinks by |z|, the root of real² + imaginary².",
              (LARGEST, "np.max(np.abs(roots.real))")),
        wrong("without the magnitude",
              "You took the largest eigenvalue with its sign. -1.4 is no slow rate: the distance grows by 1.4 while changing sides. Take |z| first.",
              (LARGEST, "np.max(roots.real) if np.isreal(roots).all() else np.abs(roots[0])")),
        wrong("the smaller one",
              "You took the smaller eigenvalue. After a few steps only what shrinks slowest is left: the larger |z| decides.",
              (LARGEST, "np.min(sizes)")),
        wrong("mean of the two",
              "You averaged the two eigenvalues' magnitudes. After a few steps only what shrinks slowest is left: the larger |z| decides.",
              (LARGEST, "np.mean(sizes)")),
        wrong("singular values",
              "You took the matrix's norm, its largest singular value. That is the most that one step can stretch; over many steps the eigenvalues decide.",
              (LARGEST, "np.linalg.norm([top, bottom], 2)")),
        wrong("uphill",
              "Your matrix moves w by +Δw: the sign is that of an ascent. From w ← w - Δw the first row is (1 - αλ, -β).",
              (TOP, "top = [1 + lr * lam, momentum]")),
        wrong("the old increment moves the weights",
              "Your w moves by the old Δw: in your matrix the first row is (1, -1). First the new Δw = αλw + βΔw, then w ← w - Δw with the new one.",
              (TOP, "top = [1, -1]")),
        wrong("averaged momentum",
              "You weighed the gradient with 1 - β. The lecture's momentum adds the whole gradient.",
              (TOP, "top = [1 - (1 - momentum) * lr * lam, -momentum]"), (BOTTOM, "bottom = [(1 - momentum) * lr * lam, momentum]")),
        wrong("only the last curvature",
              "You gave the rate of the last curvature for all of them. Each curvature has a matrix of its own.",
              ("for lam in curvatures:", "for lam in [curvatures[-1]] * len(curvatures):")),
    ),
)
