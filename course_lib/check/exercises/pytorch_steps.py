"""15_pytorch: a step of PyTorch's SGD on a net's parameters, and a convolution as an autograd Function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...conv import conv1d_backward, conv1d_forward
from ...optim import sgd
from ..compare import as_numbers, describe
from ..exercise import Case, Exercise, ResultForm, wrong
from ..inputs import whole

# --- the right answers, as a student would write them ------------------------------------------------------------------


def torch_step(params, grads, state, *, lr, momentum=0.0, dampening=0.0, lam=0.0):
    moved = {}
    for name, w in params.items():
        grad = sum(g[name] for g in grads)
        decay = 0.0
        if name.endswith("weight"):
            decay = 2 * lam
        g = grad + decay * w
        v = g
        if momentum > 0 and state:
            v = momentum * state[name] + (1 - dampening) * g
        moved[name] = (w - lr * v, v)
    return {name: pair[0] for name, pair in moved.items()}, {name: pair[1] for name, pair in moved.items()}


def conv_forward(ctx, x, w, stride):
    F = len(w)
    OW = (x.shape[1] - F) // stride + 1
    out = 0.0
    for j in range(F):
        seen = x[:, j:j + stride * (OW - 1) + 1:stride]
        out = out + w[j] * seen
    ctx.save_for_backward(x, w)
    ctx.stride = stride
    return out


def conv_backward(ctx, dout):
    x, w = ctx.saved_tensors
    stride = ctx.stride
    dx = 0.0 * x
    dw = []
    reach = stride * (dout.shape[1] - 1) + 1
    for j in range(len(w)):
        dx[:, j:j + reach:stride] += w[j] * dout
        dw.append((x[:, j:j + reach:stride] * dout).sum())
    return dx, dw, None


# --- the same from the library -----------------------------------------------------------------------------------------


def _torch_step(params, grads, state, *, lr, momentum=0.0, dampening=0.0, lam=0.0):
    pairs = {}
    for name, w in params.items():
        added = np.sum([g[name] for g in grads], axis=0)
        decay = lam + lam if name.endswith("weight") else 0.0
        pairs[name] = sgd(w, added, state.get(name, {}), lr=lr, momentum=momentum, dampening=dampening, weight_decay=decay)
    return {name: pair[0] for name, pair in pairs.items()}, {name: pair[1] for name, pair in pairs.items()}


def _conv_forward(ctx, x, w, stride):
    out, ctx.cache = conv1d_forward(x[:, None], w[None, None], stride=stride)
    return out[:, 0]


def _conv_backward(ctx, dout):
    dx, dw, _ = conv1d_backward(dout[:, None], ctx.cache)
    return dx[:, 0], dw[0, 0], None


# --- how the functions are called and their results read --------------------------------------------------------------

OTHER_CALL = "another call's forward in between"


class Context:
    """What PyTorch hands to a Function: one for each call."""

    def __init__(self):
        self.saved_tensors = ()

    @property
    def saved(self) -> tuple:
        raise AttributeError("what was saved is in ctx.saved_tensors, as in PyTorch (assignment 02 called it ctx.saved)")

    def save_for_backward(self, *tensors: Any) -> None:
        """As in PyTorch: tensors only (here arrays); a second call replaces what the first kept."""
        for place, value in enumerate(tensors):
            if np.ndim(value) == 0:
                raise TypeError(f"save_for_backward takes tensors only (here: arrays); number {place + 1} is {describe(value)}. "
                                "A plain number is kept as an attribute, such as ctx.stride = stride")
        self.saved_tensors = tensors


def _returned(value: Any, what: str) -> Any:
    if value is None:
        raise ResultForm(f"{what} returned None: is a `return` missing?")
    return value


def there_and_back(functions: Sequence, args: tuple, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Forward, perhaps another call's forward with a context of its own, then backward with the first one's context."""
    forward, backward = functions
    x, w, stride, dout = args
    ctx = Context()
    out = _returned(forward(ctx, x, w, stride), "conv_forward")
    if isinstance(out, (tuple, list)):
        raise ResultForm("conv_forward should return out alone; what backward needs goes into the context.")
    if OTHER_CALL in kwargs:
        forward(Context(), *kwargs[OTHER_CALL])
    back = _returned(backward(ctx, dout), "conv_backward")
    if not isinstance(back, (tuple, list)) or len(back) not in (2, 3):
        what = f"{len(back)} values" if isinstance(back, (tuple, list)) else f"one {describe(back)}" if as_numbers(back) is None else "one array"
        raise ResultForm(f"conv_backward should return one gradient for each argument of the forward pass but ctx: `return dx, dw, None`; it returned {what}.")
    third = 0.0 if len(back) == 2 else 1.0 if back[2] is None else -1.0  # missing, None as it should be, something else
    return {"out": out, "dx": back[0], "dw": back[1], "dstride_is_None": third}


def take_steps(functions: Sequence, args: tuple, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """weights, biases: all of them in one row, after each step. repeated: the last step once more, from where it was taken."""
    (params, batches), step = args, functions[-1]
    shapes = {name: np.shape(w) for name, w in params.items()}
    state, weights, biases, before = {}, [], [], None
    for grads in batches:
        before = params, state
        params, state = _pair(step(params, grads, state, **kwargs), shapes)
        weights.append(_row(params, "weight"))
        biases.append(_row(params, "bias"))
    again, _ = _pair(step(before[0], batches[-1], before[1], **kwargs), shapes)
    return {"weights": np.array(weights), "biases": np.array(biases), "repeated": np.concatenate([_row(again, "weight"), _row(again, "bias")])}


def _pair(result: Any, shapes: Mapping[str, tuple]) -> Any:
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        what = "None: is a `return` missing?" if result is None else f"{describe(result)}."
        raise ResultForm(f"torch_step returns two things, the new parameters and the new state: return params, state. Yours returned {what}")
    params = result[0]
    if not isinstance(params, Mapping):
        raise ResultForm(f"The new parameters should be a dict with the names {', '.join(shapes)}; yours are {describe(params)}.")
    for name, shape in shapes.items():
        array = as_numbers(params.get(name))
        if array is None:
            raise ResultForm(f"The new parameters lack {name!r}: expected an array for each of {', '.join(shapes)}.")
        if array.shape != shape:
            raise ResultForm(f"The new {name} has shape {array.shape}; it had {shape} before the step.")
    return result


def _row(params: Mapping[str, Any], ending: str) -> np.ndarray:
    return np.concatenate([np.ravel(as_numbers(w)) for name, w in params.items() if name.endswith(ending)])


# --- cases -------------------------------------------------------------------------------------------------------------

SMALL = {"0.weight": (2,), "0.bias": (1,)}
NET = {"0.weight": (2, 1, 1, 2), "0.bias": (2,), "3.weight": (3, 2), "3.bias": (3,)}


def _step_case(label: str, params: dict, batches: list, form: str = "", **options: Any) -> Case:
    return Case(label, (params, batches), options, form=form,
                tags={**{name: "above 0" if options.get(name) else "0" for name in ("momentum", "dampening", "lam")},
                      "backward": "called once before each step" if max(map(len, batches)) == 1 else "called several times before a step"})


def _random_steps(rng: np.random.Generator, label: str, shapes: Mapping[str, tuple], calls: Sequence[int], form: str = "", **options: Any) -> Case:
    """calls: how often backward is called before each step. No parameter is 0, and no sum of gradients."""
    def numbers(shape, low=1):
        return rng.choice([-1.0, 1.0], shape) * rng.integers(low, 5, shape, endpoint=True)

    params = {name: numbers(shape) for name, shape in shapes.items()}
    batches = []
    for count in calls:
        total = {name: numbers(shape, low=2) for name, shape in shapes.items()}
        parts = [{name: whole(rng, *shape) for name, shape in shapes.items()} for _ in range(count - 1)]
        batches.append([*parts, {name: total[name] - sum(p[name] for p in parts) for name in shapes}])
    return _step_case(label, params, batches, form, **options)


def step_visible() -> list[Case]:
    rng = np.random.default_rng(1503)
    array = lambda *numbers: np.array(numbers, dtype=float)  # noqa: E731
    grads = [{"0.weight": array(2, 1), "0.bias": array(4)}, {"0.weight": array(1, -3), "0.bias": array(-2)}]
    worked = {"0.weight": array(1, -2), "0.bias": array(3)}
    return [
        _step_case("the worked step: two backward calls, λ = 0.5", worked, [grads], lr=0.1, lam=0.5),
        _step_case("two steps with momentum 0.5", worked, [grads[:1], grads[1:]], lr=0.1, momentum=0.5),
        _random_steps(rng, "dampening 0.25, three steps", SMALL, (1, 1, 1), lr=0.5, momentum=0.5, dampening=0.25),
        _random_steps(rng, "no momentum: then dampening does not count", SMALL, (1, 1), lr=0.5, dampening=0.5),
        _random_steps(rng, "a conv and a linear layer, λ = 2, read-only arrays", NET, (2, 1, 3), "read-only", lr=0.1, momentum=0.8, lam=2.0),
    ]


def step_weak() -> list[Case]:
    zero = {"0.weight": np.zeros(2), "0.bias": np.zeros(1)}
    one = {"0.weight": np.ones(2), "0.bias": np.ones(1)}
    return [_step_case("no gradient", zero, [[zero]], lr=0.5), _step_case("one plain step", one, [[one]], lr=0.5), _step_case("one step, momentum", one, [[one]], lr=0.5, momentum=0.5)]


def step_draw(rng: np.random.Generator, calls: Sequence[int] = (1, 1, 1), whole_net: bool = False, form: str = "", **options: Any) -> Case:
    options = {"lr": float(rng.choice([0.1, 0.3, 0.7])), **options}
    label = f"{len(calls)} steps, {', '.join(f'{k} = {v:g}' for k, v in options.items())}" + (f", {form}" if form else "")
    return _random_steps(rng, label, NET if whole_net else SMALL, calls, form, **options)


def _conv_case(label: str, x: Any, w: Any, stride: int, dout: Any, form: str = "", other: Any = None) -> Case:
    x, w, dout = (np.array(a, dtype=float) for a in (x, w, dout))
    overlap = stride < len(w)
    return Case(label, (x, w, stride, dout), {} if other is None else {OTHER_CALL: other}, form=form,
                tags={"the stride": "1" if stride == 1 else "above 1", "the windows": "overlap" if overlap else "do not overlap", "another call in between": "not there" if other is None else "there",
                      "N": "1" if len(x) == 1 else "2 or more"},
                constants={"N, the number of rows": len(x)})


def _random_conv(rng: np.random.Generator, label: str, N: int, W: int, F: int, stride: int, form: str = "", other: bool = False) -> Case:
    OW = (W - F) // stride + 1
    def row(*shape):
        return rng.choice([-1.0, 1.0], shape) * rng.integers(1, 5, shape, endpoint=True)

    w = row(F)
    while np.array_equal(w, w[::-1]):
        w = row(F)
    second = (row(N, W) + 5, row(F) + 5, stride + 1) if other else None
    return _conv_case(label, row(N, W), w, stride, row(N, OW), form, second)


def conv_visible() -> list[Case]:
    rng = np.random.default_rng(1504)
    return [
        _conv_case("the worked row, stride 1", [[2, 1, 3]], [1, -1], 1, [[1, 2]]),
        _conv_case("stride 2, one place is left over", [[1, 2, 0, 3, 4, 5]], [2, 1, -1], 2, [[3, -1]]),
        _conv_case("two calls at work", [[3, 1, 2]], [2, -1], 1, [[1, -2]], other=(np.array([[5.0, 4, 7]]), np.array([7.0, 8]), 2)),
        _random_conv(rng, "3 rows of 9, filter 4, stride 2, read-only", 3, 9, 4, 2, "read-only"),
        _random_conv(rng, "2 rows of 8, filter 2, stride 3, integers", 2, 8, 2, 3, "integers"),
    ]


def conv_weak() -> list[Case]:
    return [_conv_case("one window, all ones", [[1, 1]], [1, 1], 1, [[1]]), _conv_case("one number", [[1]], [1], 1, [[1]]), _conv_case("filter of one number", [[2, 3]], [2], 1, [[1, 1]])]


def conv_draw(rng: np.random.Generator, N: int = 2, W: int = 8, F: int = 3, stride: int = 1, other: bool = False, form: str = "") -> Case:
    label = f"{N} row{'s' * (N > 1)} of {W}, filter {F}, stride {stride}" + ", another call at work" * other + (f", {form}" if form else "")
    return _random_conv(rng, label, N, W, F, stride, form, other)


# --- exercises ---------------------------------------------------------------------------------------------------------

STEP, V, MOVE, DECAY = "grad = sum(g[name] for g in grads)", "v = momentum * state[name] + (1 - dampening) * g", "moved[name] = (w - lr * v, v)", "decay = 2 * lam"

TORCH_STEP = Exercise(
    id="15.torch_step",
    rows=("C-torch", "C-sgdopts", "C-l2"),
    answer=(torch_step,),
    reference=(_torch_step,),
    arguments=("params", "batches"),
    outputs=("weights", "biases", "repeated"),
    visible=step_visible,
    weak=step_weak,
    draw=step_draw,
    call=take_steps,
    unpack=dict,
    hints=(
        "One parameter at a time, each with a velocity of its own. What lies in `.grad` after two calls of backward? Which parameters get the "
        "penalty, and with which factor?",
        r"$g = \sum_{calls} grad + 2\lambda w$ (biases: without $2\lambda w$); $v = g$ at the first step, later $v \leftarrow \beta v + (1-d)\,g$; "
        r"$w \leftarrow w - \alpha v$.",
        '`g = sum(g[name] for g in grads)`, plus `2 * lam * w` where `name.endswith("weight")`; `v = g if not (momentum > 0 and state) else '
        'momentum * state[name] + (1 - dampening) * g`; '
        "collect `w - lr * v` and `v` in two new dicts under `name`.",
    ),
    misconceptions=(
        wrong("λ for weight_decay", "You passed λ as weight_decay. The lectures' penalty here is λΣW², whose gradient is 2λW, and weight_decay is "
              "what stands before W in the gradient: 2λ.",
              (DECAY, "decay = lam")),
        wrong("half of λ", "Your decay is ½λw. The ½ belongs to the other convention, ½λΣW² with the gradient λw; here the penalty is λΣW², its "
              "gradient 2λw.", (DECAY, "decay = lam / 2")),
        wrong("biases decay too", "You let the biases decay as well. That is what weight_decay does to everything it is given; the lectures' "
              "penalty is on the weights, so biases get a group of their own "
              "with weight_decay 0.", ('if name.endswith("weight"):', "if name:")),
        wrong("biases decay, weights do not", "You let the biases decay in place of the weights.", ('if name.endswith("weight"):', 'if name.endswith("bias"):')),
        wrong("weight decay ignored", "You left the penalty out: g = grad + 2λw for the weights.", (DECAY, "decay = 0 * lam")),
        wrong("last backward only", "You used the gradient of the last backward call. Each call *adds* to .grad, until zero_grad: the step sees the "
              "sum.", (STEP, "grad = grads[-1][name]")),
        wrong("first backward only", "You used the gradient of the first backward call. Each call adds to .grad: the step sees the sum of all.",
              (STEP, "grad = grads[0][name]")),
        wrong("mean over the calls", "You averaged over the backward calls. PyTorch adds; whoever wants the mean divides each loss by the number of calls.",
              (STEP, "grad = sum(g[name] for g in grads) / len(grads)")),
        wrong("decay for each call", "You added the decay once for each backward call. The optimiser adds it once a step; backward knows nothing of "
              "it.", (DECAY, "decay = 2 * lam * len(grads)")),
        wrong("first gradient dampened", "You dampened the first gradient too. At the first step there is no velocity: v = g, whole, as in assignment 11.",
              ("        v = g\n        if", "        v = (1 - dampening) * g if momentum > 0 else g\n        if")),
        wrong("dampening ignored", "You left dampening out: from the second step on, only the share 1 - dampening of g enters the velocity.",
              ("(1 - dampening) * g", "g")),
        wrong("dampening without momentum", "You dampened the gradient where momentum is 0. There is no velocity then, and dampening does not count.",
              ("momentum > 0 and state", "state")),
        wrong("averaged momentum", "You weighed the new gradient with 1 - momentum. PyTorch adds it whole: momentum·v + (1 - dampening)·g, with "
              "dampening 0 unless asked for.",
              ("(1 - dampening) * g", "(1 - momentum) * g")),
        wrong("velocity not remembered", "Your state holds no velocity that the next step could use: each step starts from rest.",
              (MOVE, "moved[name] = (w - lr * v, 0 * v)")),
        wrong("decay beside the velocity", "You shrank the weights beside the velocity (as AdamW does). In PyTorch's SGD the decay is part of g, "
              "and the velocity carries it on.",
              ("g = grad + decay * w", "g = grad"), (MOVE, "moved[name] = (w - lr * (v + decay * w), v)")),
        wrong("uphill", "You added the step: w ← w - lr·v.", (MOVE, "moved[name] = (w + lr * v, v)")),
        wrong("the state was changed in place", "Your step writes into the velocity that it was given (`*=`, `+=`). The old state is the caller's: "
              "a repeated step then starts from another velocity. "
              "Make a new array.", (V, "v = state[name]; v *= momentum; v += (1 - dampening) * g")),
    ),
)

DX, DW = "dx[:, j:j + reach:stride] += w[j] * dout", "dw.append((x[:, j:j + reach:stride] * dout).sum())"

FUNCTION = Exercise(
    id="15.conv_backward",
    rows=("C-torch", "B-function"),
    answer=(conv_forward, conv_backward),
    reference=(_conv_forward, _conv_backward),
    arguments=("x", "w", "stride", "dout"),
    outputs=("out", "dx", "dw", "dstride_is_None"),
    visible=conv_visible,
    weak=conv_weak,
    draw=conv_draw,
    call=there_and_back,
    unpack=dict,
    hints=(
        "Work with whole slices, one for each number of the filter: which places of x does w[j] meet? Backward uses the same slices. And what may "
        "go into save_for_backward, what not?",
        r"$out_{n,i} = \sum_j w_j\, x_{n,\,Si+j}$, so $dx_{n,\,Si+j}$ gets $w_j\, dout_{n,i}$ added and $dw_j = \sum_{n,i} x_{n,\,Si+j}\, "
        r"dout_{n,i}$. The stride has no gradient: None.",
        "With `seen = x[:, j : j + stride*(OW-1) + 1 : stride]`: forward adds `w[j] * seen`; backward adds `w[j] * dout` to the same slice of dx, "
        "and `dw[j] = (seen * dout).sum()`. "
        "`ctx.save_for_backward(x, w)`, `ctx.stride = stride`, `return dx, dw, None`.",
    ),
    misconceptions=(
        wrong("two gradients for three arguments", "You returned two gradients. PyTorch wants one for each argument of forward (but ctx), in order, "
              "and stops with an error otherwise: None for the stride.",
              ("return dx, dw, None", "return dx, dw")),
        wrong("a number for the stride's gradient", "You returned a number as the stride's gradient. There is none, as a stride cannot change by a "
              "little: return None in its place.",
              ("return dx, dw, None", "return dx, dw, 0.0")),
        wrong("one memory for all calls", "Another call's forward pass overwrote what yours had kept: it lies in a global variable or on the "
              "function. Every call has its own ctx: keep it there.",
              ("ctx.save_for_backward(x, w)", "conv_forward.kept = (x, w); ctx.save_for_backward(x, w)"), ("x, w = ctx.saved_tensors", "x, w = conv_forward.kept")),
        wrong("stride ignored in backward", "Your backward pass takes neighbouring places. Forward took every stride-th: use the same slices both ways.",
              (DX, "dx[:, j:j + dout.shape[1]] += w[j] * dout"), (DW, "dw.append((x[:, j:j + dout.shape[1]] * dout).sum())")),
        wrong("overwritten where windows overlap", "You wrote into dx with = where two windows overlap. A place that several windows read gets the "
              "sum of what they send back: +=.",
              (DX, "dx[:, j:j + reach:stride] = w[j] * dout")),
        wrong("filter rotated on the way back", "In your dx the filter is turned round. w[j] sends back to just those places that it read: no "
              "rotation in this form.",
              (DX, "dx[:, j:j + reach:stride] += w[len(w) - 1 - j] * dout")),
        wrong("a true convolution", "Your forward pass rotates the filter. Layers, here and in PyTorch, compute the cross-correlation: w[0] meets "
              "the window's first number.",
              ("out = out + w[j] * seen", "out = out + w[F - 1 - j] * seen"), (DX, "dx[:, j:j + reach:stride] += w[len(w) - 1 - j] * dout"),
              (DW, "dw.insert(0, (x[:, j:j + reach:stride] * dout).sum())")),
        wrong("dw averaged over the rows", "You averaged dw over the rows of x. The rows share the filter, and what each sends back adds up; the "
              "mean, where one is wanted, is the loss's business.",
              (DW, "dw.append((x[:, j:j + reach:stride] * dout).sum() / len(x))")),
        wrong("dw of the first row", "Your dw comes from the first row of x alone. All rows share the filter: sum over them.",
              (DW, "dw.append((x[:, j:j + reach:stride] * dout)[0].sum())")),
        wrong("dw without the upstream gradient", "You left dout out of dw. A Function gets the upstream gradient and multiplies it by its local one.",
              (DW, "dw.append((x[:, j:j + reach:stride]).sum())")),
        wrong("dx without the upstream gradient", "You left dout out of dx: each place gets w[j] times the dout of the window that read it.",
              (DX, "dx[:, j:j + reach:stride] += w[j]")),
        wrong("inputs not swapped", "You multiplied dout by x in dx, and by w in dw. As in a product gate it goes crosswise: dx gets w[j]·dout, dw[j] gets x·dout.",
              (DX, "dx[:, j:j + reach:stride] += x[:, j:j + reach:stride] * dout"), (DW, "dw.append((w[j] * dout).sum())")),
    ),
)
