"""05_mlp, the whole net on a batch: loss and gradients, with rows for items, any depth, and a penalty on the weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...losses import binary_cross_entropy
from ...models import Elu, mlp
from ..compare import describe
from ..exercise import Case, Exercise, ResultForm, wrong
from ..inputs import whole
from .mlp_read import GRADIENTS, read_gradients

# --- the right answer, as a student would write it ---------------------------------------------------------------------


def net_gradients(X, Y, W, kind, lam):
    N, L = len(X), len(W)

    def value(z):
        return 1 / (1 + np.exp(-z)) if kind == "sigmoid" else np.tanh(z) if kind == "tanh" else np.where(z > 0, z, 0.1 * z)

    def slope(z):
        v = value(z)
        return v * (1 - v) if kind == "sigmoid" else 1 - v * v if kind == "tanh" else np.where(z > 0, 1.0, 0.1)

    a, z = {1: X}, {}
    for l in range(1, L + 1):
        z[l + 1] = a[l] @ W[l][1:] + W[l][0]
        a[l + 1] = value(z[l + 1])
    scores = z[L + 1]
    data_loss = np.sum(np.logaddexp(0, scores) - Y * scores) / N
    penalty = 0.5 * lam * sum(np.sum(w[1:] ** 2) for w in W.values())
    loss = data_loss + penalty
    dz = (1 / (1 + np.exp(-scores)) - Y) / N
    grads = {}
    for l in range(L, 0, -1):
        dW = a[l].T @ dz
        db = dz.sum(axis=0)
        shrink = lam * W[l][1:]
        grads[l] = np.vstack([db, dW + shrink])
        if l > 1:
            da = dz @ W[l][1:].T
            dz = da * slope(z[l])
    return loss, grads


# --- the same from the library -----------------------------------------------------------------------------------------


def _net_gradients(X, Y, W, kind, lam):
    activation = Elu(0.1) if kind == "elu" else kind
    model = mlp([X.shape[1], *(W[l].shape[1] for l in sorted(W))], activation=activation, loss=binary_cross_entropy)
    model.params = {name: part for l in W for name, part in ((f"fc{l}.w", np.asarray(W[l][1:], float)), (f"fc{l}.b", np.asarray(W[l][0], float)))}
    K = Y.shape[1]  # the library's loss is the mean over all outputs, ours their sum
    model.reg = lam / K
    loss, grads = model.loss(np.asarray(X, float), Y)
    return K * loss, {l: K * np.vstack([grads[f"fc{l}.b"], grads[f"fc{l}.w"]]) for l in W}


# --- how results are read ----------------------------------------------------------------------------------------------


def read_loss_and_grads(functions, args, kwargs) -> dict[str, Any]:
    result = functions[-1](*args, **kwargs)
    if result is None:
        raise ResultForm("net_gradients returned None: is a `return` missing?")
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise ResultForm(f"net_gradients should return two things, the loss and a dict of gradients: return loss, grads. It returned {describe(result)}.")
    return {"loss": result[0], **read_gradients(result[1], args[2], "net_gradients")}


# --- cases -------------------------------------------------------------------------------------------------------------


def _net_case(label: str, X, Y, W: Sequence[Any], kind: str, lam: float, form: str = "") -> Case:
    X, Y = np.array(X, dtype=float), np.array(Y)
    W = {l: np.array(w, dtype=float) for l, w in enumerate(W, start=1)}
    if form == "integers":
        X, W, form = X.astype(np.int64), {l: w.astype(np.int64) for l, w in W.items()}, ""
    N, K = Y.shape
    return Case(label, (X, Y, W, kind, lam), form=form,
                tags={"kind": kind, "lam": "zero" if lam == 0 else "above zero",
                      "the number of items": "1" if N == 1 else "more than 1", "the number of outputs": "1" if K == 1 else "more than 1"},
                constants={"N, the number of items,": N, "K, the number of outputs,": K})


LN3 = float(np.log(3))
WORKED = ([[LN3]], [[1]], ([[0.0, 0], [1, -1]], [[-2.0], [4], [-4]]))  # hidden a = (0.75, 0.25), score 0


def net_visible() -> list[Case]:
    return [
        _net_case("the worked net", *WORKED, "sigmoid", 0.5),
        _net_case("two items, sizes 2, 3, 1, leaky ReLU (a unit at exactly 0), lam = 0", [[1.0, -1], [2, 1]], [[1], [0]],
                  ([[-1.5, 2, 0.5], [1, -1, 0.5], [-1, 1, 2]], [[-0.5], [1], [-2], [0.5]]), "leaky_relu", 0.0),
        _net_case("three items, sizes 2, 3, 2, 2, tanh, read-only arrays", [[1.0, -1], [0, 2], [0.5, 0.5]], [[1, 0], [0, 0], [1, 1]],
                  ([[0.5, -1, 0.5], [1, -1, 0.5], [-1, 1, 2]], [[0, 1], [1, -0.5], [0.5, 1], [-1, 2]], [[1, -1], [0.5, 1], [2, -1]]), "tanh", 0.1, "read-only"),
        _net_case("whole numbers of type int, sizes 3, 2, 2, sigmoid, lam = 10", [[1.0, 0, -1], [2, 1, 0], [0, -1, 1], [1, 1, 1]],
                  [[1, 0], [0, 1], [0, 0], [1, 0]], ([[1, -1], [1, 0], [0, -2], [1, 1]], [[0, 1], [1, -1], [2, 1]]), "sigmoid", 10.0, "integers"),
        _net_case("three items, sizes 2, 2, 3, 2, 1, tanh", [[1.0, 2], [-1, 0.5], [0, -1]], [[1], [0], [1]],
                  ([[0, 1], [0.5, -1], [1, 1]], [[0, 0.5, -0.5], [1, -1, 0.5], [0.5, 1, 1]], [[0.5, 0], [1, -1], [0.5, 1], [-1, 1]], [[-1], [2], [1]]), "tanh", 1.0),
    ]


def net_weak() -> list[Case]:
    return [_net_case("all weights zero, lam = 0", [[1.0, 2], [2, -1]], [[1], [0]], (np.zeros((3, 2)), np.zeros((3, 1))), "tanh", 0.0),
            _net_case("one item, one layer of weights, lam = 0", [[1.0, 2]], [[1]], ([[0.0], [1], [1]],), "tanh", 0.0)]


def net_draw(rng: np.random.Generator, sizes: Sequence[int] = (3, 2, 4, 2), N: int = 4, kind: str = "tanh", lam: float = 1.0, form: str = "") -> Case:
    fine = 1 if form == "integers" else 2
    W = [whole(rng, 1 + before, after, low=-2, high=2) / fine for before, after in zip(sizes, sizes[1:])]
    for w in W:
        w[1, 0], w[0, 0] = 4.0 / fine, 1.0  # no layer passes nothing back, no intercept is 0 throughout
    X = whole(rng, N, sizes[0], low=-2, high=2)
    X[0] += 1
    Y = rng.permutation(np.arange(N * sizes[-1]) % 2).reshape(N, sizes[-1])
    return _net_case(f"N={N}, sizes {', '.join(map(str, sizes))}, {kind}, lam = {lam:g}" + (f", {form}" if form else ""), X, Y, W, kind, lam, form)


# --- the exercise ------------------------------------------------------------------------------------------------------

DATA, PENALTY, START = "np.sum(np.logaddexp(0, scores) - Y * scores) / N", "penalty = 0.5 * lam *", "dz = (1 / (1 + np.exp(-scores)) - Y) / N"
DW, DB, SHRINK = "dW = a[l].T @ dz", "db = dz.sum(axis=0)", "shrink = lam * W[l][1:]"
STACK, DA, SLOPE = "grads[l] = np.vstack([db, dW + shrink])", "da = dz @ W[l][1:].T", "dz = da * slope(z[l])"

NET = Exercise(
    id="05.net_gradients",
    rows=("D-algorithm", "C-mlp", "C-l2", "A-fcsummary", "X-4"),
    answer=(net_gradients,),
    reference=(_net_gradients,),
    arguments=("X", "Y", "W", "kind", "lam"),
    outputs=("loss", *GRADIENTS),
    visible=net_visible,
    weak=net_weak,
    draw=net_draw,
    call=read_loss_and_grads,
    unpack=dict,
    hints=(
        "Forward: keep a[l] and z[l] of every layer in dicts. Backward is a loop over l from L to 1 with one variable `dz`. `output_loss` gives the first dz, and its "
        "1/N is in it already; `activation_backward` turns the gradient of a into that of z.",
        r"$z^{(l+1)} = a^{(l)}W^{(l)}$ with the intercepts added; $dW^{(l)} = a^{(l)\top}dz + \lambda W^{(l)}$ (rows from 1), row 0: the column sums of $dz$; then "
        r"$dz \leftarrow (dz\,W^{(l)\top}) \cdot f'(z^{(l)})$.",
        "`loss, dz = output_loss(z[L + 1], Y, 'binary')`; for each l: `grads[l] = np.vstack([dz.sum(axis=0), a[l].T @ dz + lam * W[l][1:]])`, and while l > 1 "
        "`dz = activation_backward(dz @ W[l][1:].T, z[l], kind)`. To the loss add `0.5 * lam * (W[l][1:] ** 2).sum()` for every l.",
    ),
    misconceptions=(
        wrong("penalty without the half in the loss",
              "Your loss has λΣw² and your gradient λw, as the slide has it: they do not belong together. The gradient of λΣw² is 2λw; of ½λΣw², which is asked for "
              "here, it is λw.",
              (PENALTY, "penalty = lam *")),
        wrong("penalty without the half in both",
              "You used λΣw² with gradient 2λw. They fit each other, but this notebook's penalty is ½λΣw², with gradient λw.",
              (PENALTY, "penalty = lam *"), (SHRINK, "shrink = 2 * lam * W[l][1:]")),
        wrong("half kept in the gradient",
              "You kept the ½ in the penalty's gradient. The derivative of ½λw² is λw.",
              (SHRINK, "shrink = 0.5 * lam * W[l][1:]")),
        wrong("intercepts regularised",
              "You put the penalty on the intercepts too. Row 0 of each W is left out of the loss's sum of squares and gets no λW in the gradient.",
              ("np.sum(w[1:] ** 2)", "np.sum(w ** 2)"), (STACK, "grads[l] = np.vstack([db, dW]) + lam * W[l]")),
        wrong("intercepts regularised in the gradient",
              "Your loss leaves the intercepts out of the penalty, your gradient does not: row 0 of the gradient has no λW.",
              (STACK, "grads[l] = np.vstack([db, dW]) + lam * W[l]")),
        wrong("penalty not in the loss",
              "Your gradients have the penalty's part, λW. Your loss lacks the penalty itself.",
              (PENALTY, "penalty = 0 * lam *")),
        wrong("penalty not in the gradients",
              "Your loss has the penalty, your gradients do not: each W sends λW (row 0 left out) to its gradient.",
              (SHRINK, "shrink = 0 * lam * W[l][1:]")),
        wrong("penalty divided by N",
              "You divided the penalty by N as well. The mean is over the items; the penalty is added once.",
              ("loss = data_loss + penalty", "loss = data_loss + penalty / N"), (SHRINK, "shrink = lam * W[l][1:] / N")),
        wrong("penalty of the last layer only",
              "Your penalty is on the last layer's weights only. The sum of squares runs over all layers.",
              (PENALTY, "penalty = 0.5 * lam * np.sum(W[L][1:] ** 2) if L else"), (SHRINK, "shrink = lam * W[l][1:] * (l == L)")),
        wrong("sum over the items",
              "You summed over the items. Loss and gradients are means over the N items; only the penalty is not divided.",
              (DATA, "np.sum(np.logaddexp(0, scores) - Y * scores)"), (START, "dz = 1 / (1 + np.exp(-scores)) - Y")),
        wrong("gradient not divided by N",
              "Your loss is a mean over the items and your gradients are sums: the 1/N is missing there.",
              (START, "dz = 1 / (1 + np.exp(-scores)) - Y")),
        wrong("divided by N twice",
              "You divided the gradients by N, but the 1/N is in dz from the start: output_loss put it there.",
              (START, "dz = (1 / (1 + np.exp(-scores)) - Y) / N ** 2")),
        wrong("y - a",
              "You started from y - a: the data's part of all gradients has the wrong sign. It is (a - y)/N.",
              (START, "dz = (Y - 1 / (1 + np.exp(-scores))) / N")),
        wrong("activation between the last layer and the loss",
              "You sent the last layer's z through the hidden layers' activation too. The loss takes the scores z as they are, and brings its own sigmoid.",
              ("scores = z[L + 1]", "scores = a[L + 1]")),
        wrong("slope left out",
              "You sent the gradient back through W, but not through the activation: multiply by its slope at z.",
              (SLOPE, "dz = da * 1")),
        wrong("slope taken at a",
              "You took the activation's slope at its output a. The function activation_backward wants its input, z.",
              (SLOPE, "dz = da * slope(a[l])")),
        wrong("last row dropped",
              "On the way back you left out the last row of W. The intercepts are row 0: that one leads to no unit and has to go.",
              (DA, "da = dz @ W[l][:-1].T")),
        wrong("reshaped, not transposed",
              "You reshaped W to the size that fits. That deals its numbers out anew; what you want is its transpose.",
              (DA, "da = dz @ W[l][1:].reshape(dz.shape[1], -1)")),
        wrong("gradient of the intercepts averaged",
              "You took a mean for the intercepts. Each was added to every item, so its gradient is the sum of dz over the items; the 1/N is in dz already.",
              (DB, "db = dz.mean(axis=0)")),
        wrong("gradient of the intercepts over all units",
              "You summed dz over the units too. Each unit has an intercept of its own: sum over the items only, axis=0.",
              (DB, "db = 0 * dz[0] + dz.sum()")),
        wrong("last item only",
              "Your gradients hold the last item's share only. Every item used the same weights, so the shares add up.",
              (DW, "dW = a[l][-1:].T @ dz[-1:]"), (DB, "db = dz[-1]")),
        wrong("gradients cut to whole numbers",
              "Where W holds integers your gradients are cut to whole numbers: np.zeros_like(W[l]) takes over its type. Make it float: np.zeros(W[l].shape).",
              (STACK, "grads[l] = np.vstack([db, dW + shrink]).astype(W[l].dtype)")),
    ),
)
