"""09_seesaw, the way back: through pooling and ReLU with lecture E's conventions, and through the whole net."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import activations, pool
from ...models import Affine, Convolution, MaxPool, Model, Relu, Reshape, Sigmoid
from ..exercise import Case, Exercise, wrong
from ..inputs import whole

# --- the right answers, as a student would write them ------------------------------------------------------------------


def pool_relu_backward(dout, z):
    dr = np.zeros(len(z))
    for i in range(len(dout)):
        seen = np.maximum(z[i:i + 2], 0)
        winners = seen == seen.max()
        dr[i:i + 2] += dout[i] * winners
    gate = z >= 0
    return dr * gate


def gradients(x, y, f, W1, W2):
    F = len(f)
    z = np.array([np.dot(x[i:i + F], f) for i in range(len(x) - F + 1)])
    r = np.maximum(z, 0)
    a = np.maximum(r[:-1], r[1:])
    h = 1 / (1 + np.exp(-(a @ W1)))
    e = np.exp(h @ W2)
    p = e / e.sum()
    ds = p - np.eye(W2.shape[1])[y]
    dW2 = np.outer(h, ds)
    dh = W2 @ ds
    slope = h * (1 - h)
    dt = dh * slope
    dW1 = np.outer(a, dt)
    da = W1 @ dt
    dr = np.zeros(len(x) - F + 1)
    for i in range(len(x) - F):
        winners = r[i:i + 2] == a[i]
        dr[i:i + 2] += da[i] * winners
    gate = z >= 0
    dz = dr * gate
    df = sum(dz[i] * x[i:i + F] for i in range(len(x) - F + 1))
    return da, dz, df, dW1, dW2


# --- the same from the library -----------------------------------------------------------------------------------------


def network(x, f, W1, W2) -> Model:
    """The seesaw's net of any size, with lecture E's conventions and these weights."""
    n, F, H, K = len(x), len(f), W1.shape[1], W2.shape[1]
    layers = [Reshape((1, n)), Convolution(1, F, bias=False), Relu(1), MaxPool(2, stride=1, ties="all"), Affine(H, bias=False), Sigmoid(), Affine(K, bias=False)]
    model = Model(layers, (n,))
    model.params = {"conv1.w": np.asarray(f, float)[None, None], "fc1.w": np.asarray(W1, float), "fc2.w": np.asarray(W2, float)}
    return model


def _pool_relu_backward(dout, z):
    r, relu = activations.relu_forward(np.asarray(z, float)[None, None])
    _, pooled = pool.max_pool1d_forward(r, 2, stride=1, ties="all")
    return activations.relu_backward(pool.max_pool1d_backward(np.asarray(dout, float)[None, None], pooled), relu, at_zero=1)[0, 0]


def _gradients(x, y, f, W1, W2):
    model, X = network(x, f, W1, W2), np.array([x], float)
    flowing, (_, grads) = model.layer_gradients(X, [y]), model.loss(X, [y])
    return flowing["pool1"][0, 0], flowing["conv1"][0, 0], grads["conv1.w"][0, 0], grads["fc1.w"], grads["fc2.w"]


# --- cases -------------------------------------------------------------------------------------------------------------

# x, filter, W1 (columns: what comes into C, into D), W2 (rows: what goes out of C, out of D)
WORKED = (np.array([1.0, 1, 0, 0, 0]), np.array([0.1, -0.1]), np.array([[-0.1, 0.1], [-0.2, -0.1], [0.2, -0.1]]), np.array([[0.1, 0.2], [0.1, -0.1]]))


def weights(rng: np.random.Generator, n: int, F: int, H: int, K: int, fine: int) -> tuple[Any, ...]:
    """A random board and weights: among the outputs of the convolution are a zero, two negative neighbours, and something above 0."""
    while True:
        x, f = whole(rng, n, low=-2, high=2), whole(rng, F, low=-2, high=2)
        z = np.correlate(x, f, mode="valid")
        below = z < 0
        if f.all() and f[0] != f[-1] and 0 in z and (below[1:] & below[:-1]).any() and (z > 0).any():
            break
    W1, W2 = whole(rng, n - F, H, low=-3, high=3) / fine, whole(rng, H, K, low=-4, high=4) / min(fine, 2)
    return x, f, W1, W2


def _pool_case(label: str, dout, z, form: str = "") -> Case:
    z = np.array(z, dtype=float)
    r = np.maximum(z, 0)
    return Case(label, (np.array(dout, dtype=float), z), form=form,
                tags={"ties among positive numbers": bool(np.any((r[1:] == r[:-1]) & (r[1:] > 0))), "zeros in z": bool((z == 0).any())})


def pool_visible() -> list[Case]:
    return [
        _pool_case("the lecture's z", [-3, 1, 4], [0, 0.1, 0, 0]),
        _pool_case("a negative number, no ties", [2, -1], [-1, 2, 1]),
        _pool_case("a tie", [5, 2], [3, 3, 1]),
        _pool_case("the middle wins twice", [2, 3], [1, 4, 2]),
        _pool_case("all negative", [1, -2], [-1, -3, -2]),
        _pool_case("ties, zeros and negative numbers, read-only", [2, -3, 5, 1, 4, -2], [-1, 0, 2, 2, -3, -2, 0], "read-only"),
        _pool_case("whole numbers of type int", [1, 2, -4, 3, 6], [3, 0, 0, -1, 5, 5], "integers"),
    ]


def pool_draw(rng: np.random.Generator, n: int = 8, low: int = -2, high: int = 2, form: str = "") -> Case:
    while True:
        z = whole(rng, n, low=low, high=high)
        r = np.maximum(z, 0)
        tie = ((r[1:] == r[:-1]) & (r[1:] > 0)).any()
        twice = ((r[1:-1] > r[:-2]) & (r[1:-1] > r[2:])).any()
        if tie and twice and (z == 0).any() and (z < 0).any():
            break
    dout = whole(rng, n - 1, low=1, high=6) * rng.choice([-1, 1], n - 1)
    return _pool_case(f"n={n}, z from {low} to {high}" + (f", {form}" if form else ""), dout, z, form)


def _net_case(label: str, x, y, f, W1, W2, form: str = "") -> Case:
    x, f, W1, W2 = (np.array(v, dtype=float) for v in (x, f, W1, W2))
    return Case(label, (x, y, f, W1, W2), form=form,
                tags={"the length of the filter": len(f)},
                constants={"K, the number of classes,": W2.shape[1], "the number of places of the filter": len(x) - len(f) + 1})


def net_visible() -> list[Case]:
    x, f, W1, W2 = WORKED
    return [
        _net_case("the lecture's pass", x, 0, f, W1, W2),
        _net_case("6 places, filter of 3, 3 hidden units, 3 classes", [1, 0, 2, 1, -1, 1], 1, [1, -1, 2],
                  [[1, -1, 0.5], [0.5, 0.25, -1], [-0.5, 1, 0.25]], [[1, -1, 0], [2, 0.5, -1], [0, 1, 1]]),
        _net_case("8 places, filter of 2, a tie above 0, a zero above other numbers, read-only", [1, 2, 2, 1, 1, 0, -1, -1], 2, [2, -1],
                  [[0.5, -1], [0.25, 0.5], [-1, 0.25], [1, -0.5], [0.5, 1], [-0.25, 0.75]], [[1, 0, -1, 2], [-2, 1, 0.5, 0]], "read-only"),
        _net_case("6 places, whole numbers of type int, negative outputs of the filter", [-1, 0, 2, 1, -1, 2], 1, [1, 2],
                  [[1, -1, 0], [0, 1, 1], [-1, 0, 1], [0, 1, -1]], [[1, 0], [0, 2], [-1, 1]], "integers"),
    ]


def net_draw(rng: np.random.Generator, n: int = 7, F: int = 2, H: int = 3, K: int = 4, form: str = "") -> Case:
    x, f, W1, W2 = weights(rng, n, F, H, K, 1 if form == "integers" else 4)
    y = int(rng.integers(1, K))
    return _net_case(f"{n} places, filter of {F}, {H} hidden units, {K} classes" + (f", {form}" if form else ""), x, y, f, W1, W2, form)


# --- exercises ---------------------------------------------------------------------------------------------------------

POOL_RELU = Exercise(
    id="09.pool_relu_backward",
    rows=("E-seesaw",),
    answer=(pool_relu_backward,),
    reference=(_pool_relu_backward,),
    arguments=("dout", "z"),
    outputs=("dz",),
    visible=pool_visible,
    draw=pool_draw,
    weak=lambda: [_pool_case("one clear winner, all positive", [2, 3], [1, 2, 3])],
    hints=(
        "Two stages, in reverse order. First pooling: which numbers of each window equal its maximum? Then the ReLU: which of z let anything through?",
        r"With $r = \max(0, z)$: $dr_j = \sum_i dout_i\,[r_j = \max(r_i, r_{i+1})]$ over the windows $i$ that see place $j$; then $dz_j = dr_j\,[z_j \ge 0]$.",
        "For each i: `seen = np.maximum(z[i : i + 2], 0)`, then `dr[i : i + 2] += dout[i] * (seen == seen.max())`. At the end `dz = dr * (z >= 0)`.",
    ),
    misconceptions=(
        wrong("ties to the first",
              "Where both numbers of a window are equal, you pass the gradient to the first alone, as frameworks do. Lecture E's convention here: both get it.",
              ("winners = seen == seen.max()", "winners = np.arange(2) == seen.argmax()")),
        wrong("ties to the last",
              "Where both numbers of a window are equal, you pass the gradient to the last alone. Lecture E's convention here: both get it.",
              ("winners = seen == seen.max()", "winners = np.arange(2) == 1 - seen[::-1].argmax()")),
        wrong("ties share",
              "You split the gradient between two equal numbers. In lecture E each of them gets all of it.",
              ("winners = seen == seen.max()", "winners = (seen == seen.max()) / (seen == seen.max()).sum()")),
        wrong("overwritten on overlap",
              "You set dr where you should add to it. Windows overlap: a number that wins in two of them gets both gradients.",
              ("dr[i:i + 2] += dout[i] * winners", "dr[i:i + 2] = np.where(winners, dout[i], dr[i:i + 2])")),
        wrong("ReLU shut at zero",
              "Your ReLU stops the gradient where z is exactly 0, as frameworks do. Lecture E lets it pass there: z >= 0.",
              ("gate = z >= 0", "gate = z > 0")),
        wrong("frameworks' conventions",
              "You use the frameworks' conventions: a tie goes to the first, and ReLU stops at 0. Asked for are lecture E's: ties to both, and ReLU passes at 0.",
              ("winners = seen == seen.max()", "winners = np.arange(2) == seen.argmax()"), ("gate = z >= 0", "gate = z > 0")),
        wrong("ReLU forgotten",
              "You came back through the pooling only. Behind it the ReLU stops what goes to negative z.",
              ("gate = z >= 0", "gate = 1")),
        wrong("ReLU of the gradient",
              "You took the ReLU of the gradient. Its sign does not matter: what counts is the sign of z.",
              ("return dr * gate", "return np.maximum(dr, 0) * gate")),
        wrong("to both always",
              "You pass the gradient to both numbers of each window. Only the larger one made the maximum (or both, where they are equal).",
              ("winners = seen == seen.max()", "winners = seen == seen")),
        wrong("to the smaller",
              "You pass the gradient to the smaller number of each window. The larger one made the maximum.",
              ("winners = seen == seen.max()", "winners = seen == seen.min()")),
        wrong("multiplied by the value",
              "You multiplied by the value that won. The derivative of a maximum by its winner is 1: the gradient passes as it is.",
              ("dr[i:i + 2] += dout[i] * winners", "dr[i:i + 2] += dout[i] * winners * seen")),
    ),
)

GATE, WIN, ROUTE = "gate = z >= 0", "winners = r[i:i + 2] == a[i]", "dr[i:i + 2] += da[i] * winners"

GRADIENTS = Exercise(
    id="09.gradients",
    rows=("E-seesaw", "E-fcupdate", "X-9"),
    answer=(gradients,),
    reference=(_gradients,),
    arguments=("x", "y", "f", "W1", "W2"),
    outputs=("da", "dz", "df", "dW1", "dW2"),
    visible=net_visible,
    draw=net_draw,
    weak=lambda: [_net_case("no weights at all", np.ones(4), 1, np.zeros(2), np.zeros((2, 2)), np.zeros((2, 2)))],
    hints=(
        "Call your forward first. Then one line for each layer, from the scores back: ds, then dW2 and dh, then through the sigmoid, then dW1 and da, then your "
        "pool_relu_backward, then df.",
        r"$ds = p - \text{one-hot}(y)$, $dW_2 = h\,ds^\top$, $dh = W_2\,ds$, $dt = dh\cdot h(1-h)$, $dW_1 = a\,dt^\top$, $da = W_1\,dt$, and $df_u = \sum_i dz_i\,x_{i+u}$.",
        "`ds = p.copy(); ds[y] -= 1`; `dt = (W2 @ ds) * h * (1 - h)`; `da = W1 @ dt`; `dz = pool_relu_backward(da, z)`; "
        "`df = np.array([dz @ x[u : u + len(z)] for u in range(len(f))])`; the weights' gradients are `np.outer(a, dt)` and `np.outer(h, ds)`.",
    ),
    misconceptions=(
        wrong("1 not subtracted",
              "You began with p. At the target 1 is subtracted: p - 1 there, p elsewhere.",
              ("ds = p - np.eye(W2.shape[1])[y]", "ds = p")),
        wrong("signs turned round",
              "You began with one-hot - p: all gradients have the wrong sign. A larger target score lowers the loss, so its gradient, p - 1, is negative.",
              ("ds = p - np.eye(W2.shape[1])[y]", "ds = np.eye(W2.shape[1])[y] - p")),
        wrong("only the target",
              "Only the target's score sends something back in your net. The others stand in the softmax's denominator: their gradient is p.",
              ("ds = p - np.eye(W2.shape[1])[y]", "ds = (p - 1) * np.eye(len(p))[y]")),
        wrong("target always class 0",
              "You subtracted 1 from the first probability. The target is class y.",
              ("ds = p - np.eye(W2.shape[1])[y]", "ds = p - np.eye(len(p))[0]")),
        wrong("slope left out",
              "You left out the sigmoid's derivative, h(1 - h), on the way through the hidden units.",
              ("slope = h * (1 - h)", "slope = 1 + 0 * h")),
        wrong("slope left out towards the pooling",
              "Your dW1 has the sigmoid's derivative, your da has not: that is the slide's slip. The gradient reaches the pooling through the same sigmoids.",
              ("da = W1 @ dt", "da = W1 @ dh")),
        wrong("sigmoid applied again",
              "You took the sigmoid's derivative at h, as if h had not been through it. With h at hand it is h(1 - h).",
              ("slope = h * (1 - h)", "slope = np.exp(-h) / (1 + np.exp(-h)) ** 2")),
        wrong("slope of tanh",
              "You took 1 - h², which is the derivative of tanh. The sigmoid's is h(1 - h).",
              ("slope = h * (1 - h)", "slope = 1 - h ** 2")),
        wrong("W2 dealt anew",
              "You reshaped W2 on the way back. That deals its numbers out anew; unit j gets the sum over k of W2[j, k] times ds[k].",
              ("dh = W2 @ ds", "dh = ds @ W2.reshape(len(ds), -1)")),
        wrong("W1 dealt anew",
              "You reshaped W1 on the way back. That deals its numbers out anew; pooled number i gets the sum over j of W1[i, j] times what came back to j.",
              ("da = W1 @ dt", "da = dt @ W1.reshape(len(dt), -1)")),
        wrong("dW2 from the hidden sums",
              "Your dW2 has the hidden units' weighted sums in it. What went into the output layer is h, after the sigmoid.",
              ("dW2 = np.outer(h, ds)", "dW2 = np.outer(a @ W1, ds)")),
        wrong("dW1 dealt anew",
              "Your dW1 has the right shape and its numbers in the wrong order: entry [i, j] is a[i] times what came back to hidden unit j.",
              ("dW1 = np.outer(a, dt)", "dW1 = np.outer(dt, a).reshape(W1.shape)")),
        wrong("dW1 before the pooling",
              "Your dW1 is made with numbers from before the pooling. What went into the hidden units is a.",
              ("dW1 = np.outer(a, dt)", "dW1 = np.outer(r[:-1], dt)")),
        wrong("ties to the first",
              "In your net, a pooling window with two equal numbers sends its gradient to the first alone. Lecture E's convention here: both get it.",
              (WIN, "winners = np.arange(2) == r[i:i + 2].argmax()")),
        wrong("overwritten on overlap",
              "In your net, a number that wins in two pooling windows keeps only one gradient. They add up.",
              (ROUTE, "dr[i:i + 2] = np.where(winners, da[i], dr[i:i + 2])")),
        wrong("to both always",
              "In your net, pooling sends its gradient to both numbers of each window. Only the one that made the maximum gets it (both, where they are equal).",
              (WIN, "winners = np.ones(2)")),
        wrong("ReLU shut at zero",
              "In your net the ReLU stops the gradient where z is exactly 0. Lecture E lets it pass there.",
              (GATE, "gate = z > 0")),
        wrong("ReLU forgotten",
              "In your net nothing stops the gradient at negative z: the ReLU is missing on the way back.",
              (GATE, "gate = 1")),
        wrong("filter's gradient turned round",
              "Your df is turned round. f[0] lay on x[i] and f[1] on x[i + 1], so df[0] = Σ dz[i]·x[i], df[1] = Σ dz[i]·x[i + 1].",
              ("sum(dz[i] * x[i:i + F]", "sum(dz[i] * x[i:i + F][::-1]")),
        wrong("mean over the places",
              "You took the mean over the places of the filter. It is one filter, used at every place: its gradients add up.",
              ("sum(dz[i] * x[i:i + F]", "sum(dz[i] / len(z) * x[i:i + F]")),
        wrong("ReLU's outputs for dz",
              "Your df weights the inputs by what the filter gave, not by the gradient that came back to it, dz.",
              ("sum(dz[i] * x[i:i + F]", "sum(z[i] * x[i:i + F]")),
        wrong("pooling passed by",
              "Your df is made with what arrived at the ReLU, before it stopped anything: use dz.",
              ("sum(dz[i] * x[i:i + F]", "sum(dr[i] * x[i:i + F]")),
    ),
)
