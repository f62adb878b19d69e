"""10_convnet: a new last layer on a trained net, for another task."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...models import freeze
from ..exercise import Case, Exercise, wrong
from .convnet_net import HIDDEN, draw_net, hand_net, network, plain_net, zero_net

# --- the right answer, as a student would write it ---------------------------------------------------------------------


def transfer(params, X, y, classes, steps, lr):
    def stage(x, g):
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
        b = 1 / (1 + np.exp(-np.einsum("nchwij,kcij->nkhw", windows, g)))
        N, K, H, W = b.shape
        return b.reshape(N, K, H // 2, 2, W // 2, 2).max(axis=5).max(axis=3)

    a2 = stage(stage(X, params["g1"]), params["g2"])
    flat = np.array([maps.ravel() for maps in a2])
    a3 = 1 / (1 + np.exp(-(flat @ params["W1"])))
    W2 = np.zeros((a3.shape[1], classes))
    target = np.eye(classes)[y]
    losses = []
    for _ in range(steps):
        e = np.exp(a3 @ W2)
        p = e / e.sum(axis=1, keepdims=True)
        value = -np.sum(target * np.log(p)) / len(X)
        ds = (p - target) / len(X)
        dW2 = a3.T @ ds
        losses.append(value)
        W2 = W2 - lr * dW2
    return W2, np.array(losses)


# --- the same from the library -----------------------------------------------------------------------------------------


def _transfer(params, X, y, classes, steps, lr):
    model = freeze(network(X, {**params, "W2": np.zeros((len(params["W2"]), classes))}), "conv1", "conv2", "fc1")
    losses = []
    for _ in range(steps):
        loss, grads = model.loss(np.asarray(X, float), y)
        losses.append(loss)
        model.params = {name: w - lr * grads[name] for name, w in model.params.items()}
    return model.params["fc2.w"], np.array(losses)


# --- cases -------------------------------------------------------------------------------------------------------------


def one_class() -> tuple[np.ndarray, dict]:
    """All of it zero but the last weight; a classifier with one class."""
    X, params = zero_net()
    return X, {**params, "W2": np.ones((1, 1))}


def _transfer_case(label: str, X: np.ndarray, params: dict, y: Any, classes: int, steps: int, lr: float, form: str = "") -> Case:
    return Case(label, (params, X, np.array(y), classes, steps, lr), form=form,
                tags={"steps": steps, "classes": "as before" if classes == params["W2"].shape[1] else "fewer"},
                constants={"N, the number of images,": len(X), "the number of classes": classes, "steps": steps})


def transfer_visible() -> list[Case]:
    return [
        _transfer_case("the worked net, one step, two classes", *hand_net(), [1], 2, 1, 1.0),
        _transfer_case("2 images of 4×4, two steps, from 3 classes to 2", *plain_net(103, 2, 1, 4, 4, (1, 2), 2, 3), [1, 0], 2, 2, 2.0),
        _transfer_case("3 images of 2 maps, 4×8, three steps, from 4 classes to 3, read-only", *plain_net(104, 3, 2, 4, 8, (2, 3), 3, 4), [2, 0, 2], 3, 3, 4.0, "read-only"),
        _transfer_case("4 images, four steps, 3 classes as before, whole numbers of type int", *plain_net(107, 4, 1, 4, 4, (1, 2), 2, 3, "integers"), [2, 0, 1, 1], 3, 4, 2, "integers"),
    ]


def transfer_weak() -> list[Case]:
    return [_transfer_case("zeros, no step size, one step, one class", *one_class(), [0], 1, 1, 0.0)]


def transfer_draw(rng: np.random.Generator, N: int = 4, C: int = 1, H: int = 4, W: int = 4, filters: tuple = (2, 2), hidden: int = 3, K: int = 4, classes: int = 3,
                  steps: int = 3, lr: float = 2.0, form: str = "") -> Case:
    X, params = draw_net(rng, N, C, H, W, filters, hidden, K, form)
    y = rng.permutation(np.arange(N) % classes)
    label = f"N={N}, {H}×{W}, {hidden} hidden units, from {K} classes to {classes}, {steps} steps of {lr:g}" + (f", {form}" if form else "")
    return _transfer_case(label, X, params, y, classes, steps, lr, form)


# --- the exercise ------------------------------------------------------------------------------------------------------

TRANSFER = Exercise(
    id="10.transfer",
    rows=("D-transfer",),
    answer=(transfer,),
    reference=(_transfer,),
    arguments=("params", "X", "y", "classes", "steps", "lr"),
    outputs=("W2", "losses"),
    visible=transfer_visible,
    weak=transfer_weak,
    draw=transfer_draw,
    hints=(
        "Frozen layers put out the same numbers at every step. How often do you have to run them? What is left is a linear classifier.",
        r"With $a_3$ from net_forward, once: $W_2 = 0$; then `steps` times $W_2 \leftarrow W_2 - lr\, a_3^\top (p - \text{one-hot}(y))/N$ with $p = \text{softmax}(a_3 W_2)$.",
        "`a3 = net_forward(X, params)[2]`, `W2 = np.zeros((a3.shape[1], classes))`; in the loop `loss, ds = softmax_cross_entropy(a3 @ W2, y)`, note the loss, `W2 = W2 - lr * a3.T @ ds`.",
    ),
    misconceptions=(
        wrong("old last layer kept",
              "You began with the old last layer. It belongs to other classes: the new one begins with zeros.",
              ("W2 = np.zeros((a3.shape[1], classes))", 'W2 = params["W2"][:, :classes] * 1.0')),
        wrong("began with ones",
              "You began with ones. The classes start equal then too, so the losses are right; but W2 stays 1 too large. Asked for are zeros.",
              ("W2 = np.zeros((a3.shape[1], classes))", "W2 = np.ones((a3.shape[1], classes))")),
        wrong("W1 moves too",
              "You trained W1 as well. It is frozen here: only the last layer moves.",
              ("W2 = W2 - lr * dW2",
               'dt = ds @ W2.T * a3 * (1 - a3); params = {**params, "W1": params["W1"] - lr * flat.T @ dt}; W2 = W2 - lr * dW2; '
               'a3 = 1 / (1 + np.exp(-(flat @ params["W1"])))')),
        wrong("not divided by N",
              "Your steps take the summed gradient. The loss is the mean over the images.",
              ("ds = (p - target) / len(X)", "ds = p - target")),
        wrong("losses summed",
              "Your losses are sums over the images. Asked for is the mean.",
              ("value = -np.sum(target * np.log(p)) / len(X)", "value = -np.sum(target * np.log(p))")),
        wrong("1 not subtracted",
              "You began with p on the way back. At each image's class 1 is subtracted.",
              ("ds = (p - target) / len(X)", "ds = p / len(X)")),
        wrong("uphill",
              "Your steps go uphill: subtract lr times the gradient.",
              ("W2 = W2 - lr * dW2", "W2 = W2 + lr * dW2")),
        wrong("losses after the steps",
              "You note each loss after its step. Asked for is the one before, so that the first is ln of the number of classes.",
              ("losses.append(value)", "after = np.exp(a3 @ (W2 - lr * dW2)); losses.append(-np.mean(np.sum(target * np.log(after / after.sum(axis=1, keepdims=True)), axis=1)))")),
        wrong("hidden sums as features",
              "Your features are the sums that go into the hidden units. The last layer reads them after the sigmoid.",
              (HIDDEN, 'a3 = flat @ params["W1"]')),
        wrong("softmax over the images",
              "Your softmax runs over the images. The classes of one image compete: sum over axis 1.",
              ("p = e / e.sum(axis=1, keepdims=True)", "p = e / e.sum(axis=0)")),
        wrong("gradient computed once",
              "You computed the gradient once and took it at every step. It changes with W2.",
              ("dW2 = a3.T @ ds", "dW2 = a3.T @ ds if not losses else dW2")),
        wrong("classes trained apart",
              "You trained each class with a sigmoid of its own. The new last layer ends in a softmax over the new classes.",
              ("p = e / e.sum(axis=1, keepdims=True)", "p = e / (1 + e)")),
    ),
)
