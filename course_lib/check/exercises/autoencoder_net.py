"""12_autoencoders, second part: a deep autoencoder's forward pass, and the gradients of its reconstruction error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...losses import mean_squared_error
from ...models import Affine, Model, Relu
from ..compare import as_numbers, describe
from ..exercise import Case, Exercise, ResultForm, wrong
from ..inputs import whole

NAMES = ("W1", "b1", "W2", "b2", "W3", "b3", "W4", "b4")
STEPS = ("h1", "code", "h2", "X_hat")

# --- the right answers, as a student would write them ------------------------------------------------------------------


def forward(X, params):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    W3, b3, W4, b4 = params["W3"], params["b3"], params["W4"], params["b4"]
    h1 = np.maximum(X @ W1 + b1, 0)
    code = h1 @ W2 + b2
    h2 = np.maximum(code @ W3 + b3, 0)
    X_hat = h2 @ W4 + b4
    return h1, code, h2, X_hat


def autoencoder_gradients(X, params):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    W3, b3, W4, b4 = params["W3"], params["b3"], params["W4"], params["b4"]
    z1 = X @ W1 + b1
    open1 = z1 > 0
    h1 = z1 * open1
    code = h1 @ W2 + b2
    z2 = code @ W3 + b3
    open2 = z2 > 0
    h2 = z2 * open2
    X_hat = h2 @ W4 + b4
    N, D = X.shape
    diff = X_hat - X
    loss = np.sum(diff ** 2) / (N * D)
    dX_hat = 2 * diff / (N * D)
    grads = {}
    grads["W4"], grads["b4"] = h2.T @ dX_hat, dX_hat.sum(axis=0)
    dz2 = (dX_hat @ W4.T) * open2
    grads["W3"], grads["b3"] = code.T @ dz2, dz2.sum(axis=0)
    dcode = dz2 @ W3.T
    grads["W2"], grads["b2"] = h1.T @ dcode, dcode.sum(axis=0)
    dz1 = (dcode @ W2.T) * open1
    grads["W1"], grads["b1"] = X.T @ dz1, dz1.sum(axis=0)
    return loss, grads


# --- the same from the library -----------------------------------------------------------------------------------------


def network(X, params) -> Model:
    """The library's net of these weights, with names fc1.w to fc4.b."""
    layers = []
    for n in (1, 2, 3, 4):
        layers += [Affine(params[f"W{n}"].shape[1])] + [Relu()] * (n in (1, 3))
    model = Model(layers, X.shape[1:], loss=mean_squared_error)
    model.params = {f"fc{name[1]}.{name[0].lower()}": np.asarray(params[name], float) for name in NAMES}
    return model


def _forward(X, params):
    found = network(X, params).activations(np.asarray(X, float))
    return found["relu1"], found["fc2"], found["relu2"], found["fc4"]


def _autoencoder_gradients(X, params):
    loss, grads = network(X, params).loss(np.asarray(X, float))
    return loss, {name: grads[f"fc{name[1]}.{name[0].lower()}"] for name in NAMES}


# --- how results are read ----------------------------------------------------------------------------------------------


def read_gradients(result: Any) -> dict[str, Any]:
    """The outputs by name, the gradients of the four biases joined. Raises ResultForm where they are in another form."""
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise ResultForm("autoencoder_gradients should return two things, the loss and a dict of gradients: return loss, grads. "
                         f"It returned {describe(result)}.")
    loss, grads = result
    if not isinstance(grads, Mapping):
        raise ResultForm(f"The gradients should be a dict with the keys of params, 'W1' to 'b4'; yours are {describe(grads)}.")
    if set(grads) != set(NAMES):
        raise ResultForm(f"The dict of gradients should have the keys {', '.join(NAMES)}; yours has {', '.join(map(str, grads)) or 'none'}.")
    biases = [as_numbers(grads[name]) for name in NAMES if name[0] == "b"]
    if any(b is None or b.ndim > 1 for b in biases):
        raise ResultForm("The gradients of b1 to b4 should be arrays with one axis, as the biases are: sum over the examples, axis=0.")
    return {"loss": loss, **{f"d{name}": grads[name] for name in NAMES if name[0] == "W"}, "biases": np.hstack(biases)}


# --- cases -------------------------------------------------------------------------------------------------------------


def _case(label: str, X: Any, layers: Sequence[Any], form: str = "") -> Case:
    """layers: four pairs (weights, biases)."""
    X = np.array(X, dtype=float)
    params = {f"{kind}{n}": np.array(part, dtype=float) for n, pair in enumerate(layers, 1) for kind, part in zip("Wb", pair)}
    z1 = X @ params["W1"] + params["b1"]
    z2 = (np.maximum(z1, 0) @ params["W2"] + params["b2"]) @ params["W3"] + params["b3"]
    N, D = X.shape
    return Case(label, (X, params), form=form,
                tags={"the number of examples": "1" if N == 1 else "more than 1", "a unit at exactly 0": bool((z1 == 0).any() or (z2 == 0).any())},
                constants={"N, the number of examples,": N, "D, the number of features,": D, "N·D": N * D})


# 2 -> 2 -> 1 -> 2 -> 2. Of (2, 1): hidden (1, 0), code -1, hidden (2, 0), reconstruction (3, -1).
WORKED = ([[2, 1]], [([[1, 1], [-1, -3]], [0, 0]), ([[-2], [1]], [1]), ([[-2, 1]], [0, 0]), ([[1, -1], [0, 2]], [1, 1])])


def visible() -> list[Case]:
    return [
        _case("the worked net", *WORKED),
        _case("three examples, 2 -> 2 -> 1 -> 3 -> 2, units at exactly 0", [[1, -1], [0, 2], [2, 1]],
              [([[1, 2], [1, -1]], [0, 1]), ([[2], [-1]], [1]), ([[1, -2, 1]], [0, 0, -1]), ([[1, 0], [0.5, 1], [-1, 2]], [0.5, -1])]),
        _case("two examples, 3 -> 2 -> 2 -> 4 -> 3, read-only", [[1, 0, -2], [2, 1, 1]],
              [([[1, -1], [2, 0], [0, 1]], [0.5, 2]), ([[1, -1], [2, -0.5]], [-3, 1]), ([[1, 0, -1, 2], [-1, 2, 1, 1]], [0.5, 1, 1, -1]),
               ([[1, -1, 0], [0, 2, 1], [1, 1, -2], [0.5, 0, 1]], [1, 0, -1])], "read-only"),
        _case("whole numbers of type int, 3 -> 3 -> 2 -> 2 -> 3", [[2, 0, 1], [-1, 2, 1], [1, 1, 0], [0, -2, 3]],
              [([[1, 0, 2], [-1, 1, 1], [2, -1, 0]], [0, 1, -1]), ([[1, -1], [0, 2], [-1, 0]], [1, -2]), ([[2, -1], [1, 1]], [0, 1]),
               ([[1, 0, -1], [-2, 1, 1]], [0, 2, 1])], "integers"),
    ]


def weak() -> list[Case]:
    return [_case("all weights zero", [[1, 2], [0, -1]], [(np.zeros((2, 2)), [0, 0]), (np.zeros((2, 1)), [0]), (np.zeros((1, 2)), [0, 0]), (np.zeros((2, 2)), [0, 0])]),
            _case("a net of ones", [[1, 1]], [(np.ones((2, 2)), [0, 0]), (np.ones((2, 1)), [0]), (np.ones((1, 2)), [0, 0]), (np.ones((2, 2)), [0, 0])])]


def draw(rng: np.random.Generator, N: int = 4, D: int = 4, H1: int = 3, k: int = 2, H2: int = 5, form: str = "") -> Case:
    fine = 1 if form == "integers" else 2
    while True:
        X = whole(rng, N, D, low=-2, high=2)
        layers = [(whole(rng, before, after, low=-2, high=2) / fine, whole(rng, after, low=-2, high=2) / fine)
                  for before, after in ((D, H1), (H1, k), (k, H2), (H2, D))]
        (W1, b1), (W2, b2), (W3, b3), (W4, b4) = layers
        z1 = X @ W1 + b1
        code = np.maximum(z1, 0) @ W2 + b2
        z2 = code @ W3 + b3
        X_hat = np.maximum(z2, 0) @ W4 + b4
        below = all(v.any() and not v.all() for v in (z1 < 0, z2 < 0, code < 0, X_hat < 0))
        if below and (z1 == 0).any() and (z2 == 0).any() and all(b.all() for b in (b1, b2, b3, b4)) and (z1 > 0).sum() > 2 and (z2 > 0).sum() > 2:
            return _case(f"N={N}, {D} -> {H1} -> {k} -> {H2} -> {D}" + (f", {form}" if form else ""), X, layers, form)


# --- the exercises -----------------------------------------------------------------------------------------------------

FIRST, CODE, SECOND, OUT = "h1 = np.maximum(X @ W1 + b1, 0)", "code = h1 @ W2 + b2", "h2 = np.maximum(code @ W3 + b3, 0)", "X_hat = h2 @ W4 + b4"

FORWARD = Exercise(
    id="12.forward",
    rows=("C-autoenc",),
    answer=(forward,),
    reference=(_forward,),
    arguments=("X", "params"),
    outputs=STEPS,
    visible=visible,
    weak=weak,
    draw=draw,
    hints=(
        "Four lines of the same kind, `before @ W + b`. Two of them have a ReLU around. Which two?",
        r"$h_1 = \max(0, XW_1 + b_1)$, $code = h_1W_2 + b_2$, $h_2 = \max(0, code\,W_3 + b_3)$, $\hat X = h_2W_4 + b_4$.",
        '`h1 = np.maximum(X @ params["W1"] + params["b1"], 0)`, `code = h1 @ params["W2"] + params["b2"]`, and the same again with 3 and 4.',
    ),
    misconceptions=(
        wrong("ReLU on the code",
              "You put a ReLU on the code. The code is linear here, as PCA's is: its numbers may be negative.",
              (CODE, "code = np.maximum(h1 @ W2 + b2, 0)")),
        wrong("ReLU on the reconstruction",
              "You put a ReLU on the reconstruction. The last layer is linear: a ReLU there would give no gradient where it puts out 0.",
              (OUT, "X_hat = np.maximum(h2 @ W4 + b4, 0)")),
        wrong("sigmoid on the reconstruction",
              "You put a sigmoid on the reconstruction. Some autoencoders have one, where pixels lie in [0, 1]; here the last layer is linear.",
              (OUT, "X_hat = 1 / (1 + np.exp(-(h2 @ W4 + b4)))")),
        wrong("no ReLU on the way down",
              "Your h1 has no ReLU: two linear layers in a row are one linear layer.",
              (FIRST, "h1 = X @ W1 + b1")),
        wrong("no ReLU on the way up",
              "Your h2 has no ReLU: from the code to the picture your decoder is linear, no more than PCA's.",
              (SECOND, "h2 = code @ W3 + b3")),
        wrong("bias after the ReLU",
              "You added the biases after the ReLU. They belong inside: they say where each unit begins to answer.",
              (FIRST, "h1 = np.maximum(X @ W1, 0) + b1"), (SECOND, "h2 = np.maximum(code @ W3, 0) + b3")),
        wrong("biases of the linear layers left out",
              "You left out b2 and b4. Linear layers have biases too: b4 is where PCA's mean would go.",
              (CODE, "code = h1 @ W2"), (OUT, "X_hat = h2 @ W4")),
        wrong("ReLU swapped for its mirror",
              "Your hidden layers keep the negative numbers and drop the positive ones. ReLU is max(0, z).",
              (FIRST, "h1 = np.minimum(X @ W1 + b1, 0)"), (SECOND, "h2 = np.minimum(code @ W3 + b3, 0)")),
    ),
)

LOSS, START = "loss = np.sum(diff ** 2) / (N * D)", "dX_hat = 2 * diff / (N * D)"
DW4, DW3, DW2, DW1 = (f'grads["W{n}"], grads["b{n}"] = {a}.T @ {d}, {d}.sum(axis=0)' for n, a, d in ((4, "h2", "dX_hat"), (3, "code", "dz2"), (2, "h1", "dcode"), (1, "X", "dz1")))
UP, DOWN, TO_CODE = "dz2 = (dX_hat @ W4.T) * open2", "dz1 = (dcode @ W2.T) * open1", "dcode = dz2 @ W3.T"

GRADIENTS = Exercise(
    id="12.autoencoder_gradients",
    rows=("C-autoenc",),
    answer=(autoencoder_gradients,),
    reference=(_autoencoder_gradients,),
    arguments=("X", "params"),
    outputs=("loss", "dW1", "dW2", "dW3", "dW4", "biases"),  # biases: the gradients of b1 to b4, joined
    visible=visible,
    weak=weak,
    draw=draw,
    unpack=read_gradients,
    hints=(
        "Nothing new but the beginning: the target is X itself. Then four times the same: weights from what came in, biases summed over the examples, and back through W. "
        "Two of the four steps back pass a ReLU.",
        r"$d\hat X = \frac{2}{ND}(\hat X - X)$; $dW_4 = h_2^\top d\hat X$; $dz_2 = d\hat X\,W_4^\top \cdot [h_2 > 0]$; $dW_3 = code^\top dz_2$; $dcode = dz_2W_3^\top$; "
        r"$dW_2 = h_1^\top dcode$; $dz_1 = dcode\,W_2^\top\cdot[h_1 > 0]$; $dW_1 = X^\top dz_1$; each $db$ the column sums.",
        '`d = 2 * (X_hat - X) / X.size`; `grads["W4"], grads["b4"] = h2.T @ d, d.sum(axis=0)`; `d = (d @ params["W4"].T) * (h2 > 0)`; and so on down, without a mask at the code.',
    ),
    misconceptions=(
        wrong("the 2 left out",
              "Your gradients are half of what they should be. The loss is the mean of (X̂ - X)², without a ½: its derivative has a 2.",
              (START, "dX_hat = diff / (N * D)")),
        wrong("mean over the examples only",
              "You divided by N. The error here is the mean over all N·D numbers, in the loss and in the gradients.",
              (LOSS, "loss = np.sum(diff ** 2) / N"), (START, "dX_hat = 2 * diff / N")),
        wrong("half the squares, mean over the examples",
              "Your loss is half the sum of squares over N, with (X̂ - X)/N as its gradient. They fit each other, but asked for is the mean over all N·D numbers, without a ½.",
              (LOSS, "loss = np.sum(diff ** 2) / (2 * N)"), (START, "dX_hat = diff / N")),
        wrong("half the mean",
              "You put a ½ into the loss. Asked for is the mean of (X̂ - X)² itself, so that the gradient keeps its 2.",
              (LOSS, "loss = np.sum(diff ** 2) / (2 * N * D)"), (START, "dX_hat = diff / (N * D)")),
        wrong("gradients divided by N only",
              "Your loss is the mean over all N·D numbers, your gradients are divided by N alone. They belong together.",
              (START, "dX_hat = 2 * diff / N")),
        wrong("sums",
              "You took sums. The loss is the mean over all N·D numbers, and the gradients carry the same factor.",
              (LOSS, "loss = np.sum(diff ** 2)"), (START, "dX_hat = 2 * diff")),
        wrong("gradients of the sum",
              "Your loss is a mean and your gradients are those of a sum: the 1/(N·D) is missing there.",
              (START, "dX_hat = 2 * diff")),
        wrong("wrong sign",
              "You started from X - X̂: all your gradients point the wrong way.",
              (START, "dX_hat = -2 * diff / (N * D)")),
        wrong("absolute error",
              "Your loss is the mean of |X̂ - X|. Asked for is the mean of its square.",
              (LOSS, "loss = np.sum(np.abs(diff)) / (N * D)"), (START, "dX_hat = np.sign(diff) / (N * D)")),
        wrong("root of the error",
              "You took the root of the mean squared error. It is a fine number to print; the loss asked for has no root, as the gradients show.",
              (LOSS, "loss = np.sqrt(np.sum(diff ** 2) / (N * D))")),
        wrong("ReLU at the code",
              "You treated the code as if a ReLU had made it. It is linear: its gradient passes whatever its sign.",
              (TO_CODE, "dcode = (dz2 @ W3.T) * (code > 0)")),
        wrong("ReLU at the reconstruction",
              "You stopped the gradient where X̂ is not positive. There is no ReLU after the last layer.",
              (START, "dX_hat = 2 * diff * (X_hat > 0) / (N * D)")),
        wrong("no ReLU on the way back up",
              "Between W4 and W3 you forgot the ReLU: where a unit of h2 was shut, no gradient passes.",
              (UP, "dz2 = dX_hat @ W4.T")),
        wrong("no ReLU on the way back down",
              "Between W2 and W1 you forgot the ReLU: where a unit of h1 was shut, no gradient passes.",
              (DOWN, "dz1 = dcode @ W2.T")),
        wrong("open at exactly 0",
              "You let the gradient pass where the sum into a ReLU is exactly 0. Here, as in frameworks, it passes above 0 only: h > 0.",
              ("open1 = z1 > 0", "open1 = z1 >= 0"), ("open2 = z2 > 0", "open2 = z2 >= 0")),
        wrong("biases averaged",
              "You took means for the biases. Each bias was added for every example, so its gradient is the sum over them; the 1/N is in the gradient already.",
              *((line, line.replace(".sum(axis=0)", ".mean(axis=0)")) for line in (DW4, DW3, DW2, DW1))),
        wrong("encoder not trained",
              "Nothing of your gradient reaches the encoder (W1 to b2). The code is not given: it comes from the encoder, so the error flows on through it.",
              (TO_CODE, "dcode = 0 * dz2 @ W3.T")),
        wrong("last example only",
              "Your gradients of the weights hold the last example's share only. Every example used the same weights: the shares add up.",
              *((line, line.replace(f"{a}.T @ {d}", f"{a}[-1:].T @ {d}[-1:]")) for line, a, d in ((DW4, "h2", "dX_hat"), (DW3, "code", "dz2"), (DW2, "h1", "dcode"), (DW1, "X", "dz1")))),
    ),
)
