"""10_convnet, lecture A's net: forward, and all gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...models import Model, penn_cnn
from ..compare import as_numbers, describe
from ..exercise import Case, Exercise, ResultForm, wrong
from ..inputs import whole

NAMES = ("g1", "g2", "W1", "W2")

# --- the right answers, as a student would write them ------------------------------------------------------------------


def net_forward(X, params):
    def stage(x, g):
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
        b = 1 / (1 + np.exp(-np.einsum("nchwij,kcij->nkhw", windows, g)))
        N, K, H, W = b.shape
        return b.reshape(N, K, H // 2, 2, W // 2, 2).max(axis=5).max(axis=3)

    a1 = stage(X, params["g1"])
    a2 = stage(a1, params["g2"])
    flat = np.array([maps.ravel() for maps in a2])
    a3 = 1 / (1 + np.exp(-(flat @ params["W1"])))
    s = a3 @ params["W2"]
    e = np.exp(s - s.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return a1, a2, a3, p


def net_gradients(X, y, params):
    def see(x):
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        return np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))

    def stage(x, g):
        b = 1 / (1 + np.exp(-np.einsum("nchwij,kcij->nkhw", see(x), g)))
        N, K, H, W = b.shape
        return b, b.reshape(N, K, H // 2, 2, W // 2, 2).max(axis=5).max(axis=3)

    def back(da, a, b):
        wins = b == a.repeat(2, axis=2).repeat(2, axis=3)
        db = da.repeat(2, axis=2).repeat(2, axis=3) * wins
        return db * b * (1 - b)

    b1, a1 = stage(X, params["g1"])
    b2, a2 = stage(a1, params["g2"])
    flat = np.array([maps.ravel() for maps in a2])
    a3 = 1 / (1 + np.exp(-(flat @ params["W1"])))
    e = np.exp(a3 @ params["W2"])
    p = e / e.sum(axis=1, keepdims=True)
    target = np.eye(p.shape[1])[y]
    loss = -np.sum(target * np.log(p)) / len(X)
    ds = (p - target) / len(X)
    da3 = ds @ params["W2"].T
    dt = da3 * a3 * (1 - a3)
    da2 = (dt @ params["W1"].T).reshape(a2.shape)
    dz2 = back(da2, a2, b2)
    turned = params["g2"][:, :, ::-1, ::-1]
    da1 = np.einsum("nkhwij,kcij->nchw", see(dz2), turned)
    dz1 = back(da1, a1, b1)
    dg1 = np.einsum("nkhw,nchwij->kcij", dz1, see(X))
    dg2 = np.einsum("nkhw,nchwij->kcij", dz2, see(a1))
    return loss, {"g1": dg1, "g2": dg2, "W1": flat.T @ dt, "W2": a3.T @ ds}


# --- the same from the library -----------------------------------------------------------------------------------------

PLACES = {"g1": "conv1.w", "g2": "conv2.w", "W1": "fc1.w", "W2": "fc2.w"}


def network(X: np.ndarray, params: Mapping[str, Any]) -> Model:
    """Lecture A's net with these weights, for images of this size."""
    model = penn_cnn(X.shape[1:], params["W2"].shape[1], filters=(len(params["g1"]), len(params["g2"])), hidden=params["W1"].shape[1])
    model.params = {PLACES[name]: np.asarray(params[name], float) for name in NAMES}
    return model


def _net_forward(X, params):
    from ...losses import softmax

    model, X = network(X, params), np.asarray(X, float)
    return model.hidden(X, "pool1"), model.hidden(X, "pool2"), model.hidden(X, "sigmoid3"), softmax(model.scores(X))


def _net_gradients(X, y, params):
    loss, grads = network(X, params).loss(np.asarray(X, float), y)
    return loss, {name: grads[PLACES[name]] for name in NAMES}


# --- how results are read ----------------------------------------------------------------------------------------------


def read_forward(result: Any) -> dict[str, Any]:
    if not isinstance(result, (tuple, list)) or len(result) not in (4, 5):
        raise ResultForm("net_forward should return a1, a2, a3, p and, as a fifth thing, whatever your net_gradients will need: "
                         f"return a1, a2, a3, p, caches. It returned {describe(result)}.")
    return dict(zip(("a1", "a2", "a3", "p"), result))


def read_gradients(result: Any) -> dict[str, Any]:
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise ResultForm(f"net_gradients should return two things, the loss and a dict of gradients: return loss, grads. It returned {describe(result)}.")
    loss, grads = result
    if not isinstance(grads, Mapping):
        raise ResultForm(f'The gradients should be a dict with the keys {", ".join(map(repr, NAMES))}; yours are {describe(grads)}.')
    if set(grads) != set(NAMES):
        raise ResultForm(f'The dict of gradients has the keys {", ".join(map(repr, grads)) or "none"}; expected {", ".join(map(repr, NAMES))}.')
    for name in NAMES:
        if as_numbers(grads[name]) is None:
            raise ResultForm(f"grads[{name!r}] is not an array of numbers: it is {describe(grads[name])}.")
    return {"loss": loss, **{f"d{name}": grads[name] for name in NAMES}}


# --- cases -------------------------------------------------------------------------------------------------------------


def tied(X: np.ndarray, params: Mapping[str, Any]) -> bool:
    """Whether in some window of the two poolings the largest number stands there twice (nearly)."""
    model = network(X, params)
    for layer in ("sigmoid1", "sigmoid2"):
        b = model.hidden(np.asarray(X, float), layer)
        n, c, h, w = b.shape
        seen = np.sort(b.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(-1, 4))
        if (seen[:, 3] - seen[:, 2] < 1e-6).any():
            return True
    return False


def draw_net(rng: np.random.Generator, N: int, C: int, H: int, W: int, filters: tuple, hidden: int, K: int, form: str = "") -> tuple[np.ndarray, dict]:
    """Images and weights, whole numbers or quarters of them, without ties in the pooling."""
    k1, k2 = filters
    fine = 1 if form == "integers" else 4
    while True:
        X = whole(rng, N, C, H, W, low=-3, high=3)
        params = {"g1": whole(rng, k1, C, 3, 3, low=-3, high=3) / fine, "g2": whole(rng, k2, k1, 3, 3, low=-3, high=3) / fine,
                  "W1": whole(rng, k2 * H * W // 16, hidden, low=-4, high=4) / fine, "W2": whole(rng, hidden, K, low=-4, high=4) / min(fine, 2)}
        if not tied(X, params):
            return X, params


def hand_net() -> tuple[np.ndarray, dict]:
    """The net worked in the notebook: one image of 4×4, one filter in each layer, one hidden unit, two classes."""
    X = np.zeros((1, 1, 4, 4))
    X[0, 0, 1, 1] = 2.0
    X[0, 0, 3, 0], X[0, 0, 0, 3], X[0, 0, 2, 3], X[0, 0, 3, 2] = 2.0, 1.0, -1.0, -1.0
    g1, g2 = np.zeros((1, 1, 3, 3)), np.zeros((1, 1, 3, 3))
    g1[0, 0, 1, 1], g1[0, 0, 0, 1], g2[0, 0, 1, 1], g2[0, 0, 1, 2] = 1.0, 0.5, 2.0, -1.0
    return X, {"g1": g1, "g2": g2, "W1": np.array([[2.0]]), "W2": np.array([[1.0, -1.0]])}


def _tags(X: np.ndarray, params: Mapping[str, Any]) -> dict:
    return {"N": len(X), "the number of classes": params["W2"].shape[1], "the number of filters": (len(params["g1"]), len(params["g2"]))}


def _constants(X: np.ndarray, params: Mapping[str, Any]) -> dict:
    return {"N, the number of images,": len(X), "K, the number of classes,": params["W2"].shape[1]}


def _case(label: str, X: np.ndarray, params: dict, *between: Any, form: str = "") -> Case:
    return Case(label, (X, *between, params), form=form, tags=_tags(X, params), constants=_constants(X, params))


def plain_net(seed: int, N: int, C: int, H: int, W: int, filters: tuple, hidden: int, K: int, form: str = "") -> tuple[np.ndarray, dict]:
    return draw_net(np.random.default_rng(seed), N, C, H, W, filters, hidden, K, form)


def draw_large_net(rng: np.random.Generator, *sizes: Any) -> tuple[np.ndarray, dict]:
    """A net whose scores go into the thousands: some are so far below another image's largest that exp gives 0."""
    while True:
        X, params = draw_net(rng, *sizes)
        params = {**params, "W1": 50 * params["W1"], "W2": 2000 * params["W2"]}
        if np.ptp(network(X, params).scores(X).max(axis=1)) > 1000:
            return X, params


def forward_visible() -> list[Case]:
    return [
        _case("the worked net", *hand_net()),
        _case("2 images of 4×4, 1 and 2 filters, 2 hidden units, 3 classes", *plain_net(103, 2, 1, 4, 4, (1, 2), 2, 3)),
        _case("scores in the thousands", *draw_large_net(np.random.default_rng(104), 2, 1, 4, 4, (1, 2), 2, 3)),
        _case("2 images of 2 maps, 4×8, 2 and 3 filters, read-only", *plain_net(104, 2, 2, 4, 8, (2, 3), 3, 4), form="read-only"),
        _case("3 images of 8×4, whole numbers of type int", *plain_net(105, 3, 1, 8, 4, (2, 2), 2, 3, "integers"), form="integers"),
    ]


def zero_net() -> tuple[np.ndarray, dict]:
    return np.zeros((1, 1, 4, 4)), {"g1": np.zeros((1, 1, 3, 3)), "g2": np.zeros((1, 1, 3, 3)), "W1": np.zeros((1, 1)), "W2": np.zeros((1, 1))}


def forward_draw(rng: np.random.Generator, N: int = 3, C: int = 2, H: int = 4, W: int = 8, filters: tuple = (2, 3), hidden: int = 3, K: int = 4,
                 large: bool = False, form: str = "") -> Case:
    X, params = draw_large_net(rng, N, C, H, W, filters, hidden, K) if large else draw_net(rng, N, C, H, W, filters, hidden, K, form)
    label = f"N={N}, C={C}, {H}×{W}, {filters[0]} and {filters[1]} filters, {hidden} hidden units, {K} classes" + (", scores in the thousands" if large else "")
    return _case(label + (f", {form}" if form else ""), X, params, form=form)


def _with_labels(X: np.ndarray, params: dict) -> tuple[np.ndarray, dict, np.ndarray]:
    K = params["W2"].shape[1]
    return X, params, (np.arange(len(X)) * 2 + 1) % K


def gradients_visible() -> list[Case]:
    cases = [("the worked net", hand_net(), ""), ("2 images of 4×4, 1 and 2 filters, 2 hidden units, 3 classes", plain_net(103, 2, 1, 4, 4, (1, 2), 2, 3), ""),
             ("2 images of 2 maps, 4×8, 2 and 3 filters, 3 hidden units, 4 classes, read-only", plain_net(104, 2, 2, 4, 8, (2, 3), 3, 4), "read-only"),
             ("3 images of 4×4, small whole numbers of type int", plain_net(107, 3, 1, 4, 4, (1, 2), 2, 3, "integers"), "integers")]
    return [_case(label, X, params, y, form=form) for label, net, form in cases for X, params, y in [_with_labels(*net)]]


def gradients_draw(rng: np.random.Generator, N: int = 3, C: int = 2, H: int = 4, W: int = 8, filters: tuple = (2, 3), hidden: int = 3, K: int = 4, form: str = "") -> Case:
    X, params = draw_net(rng, N, C, H, W, filters, hidden, K, form)
    label = f"N={N}, C={C}, {H}×{W}, {filters[0]} and {filters[1]} filters, {hidden} hidden units, {K} classes" + (f", {form}" if form else "")
    return _case(label, X, params, rng.integers(0, K, N), form=form)


# --- exercises ---------------------------------------------------------------------------------------------------------

STAGE1, STAGE2, HIDDEN = 'a1 = stage(X, params["g1"])', 'a2 = stage(a1, params["g2"])', 'a3 = 1 / (1 + np.exp(-(flat @ params["W1"])))'
SIGMOID, CONV = '1 / (1 + np.exp(-np.einsum("nchwij,kcij->nkhw", windows, g)))', '"nchwij,kcij->nkhw", windows, g)'
POOL, FLAT, SOFTMAX, LARGEST = ".max(axis=5).max(axis=3)", "maps.ravel() for", "p = e / e.sum(axis=1, keepdims=True)", "s.max(axis=1, keepdims=True)"

FORWARD = Exercise(
    id="10.net_forward",
    rows=("A-net",),
    answer=(net_forward,),
    reference=(_net_forward,),
    arguments=("X", "params"),
    outputs=("a1", "a2", "a3", "p"),
    visible=forward_visible,
    weak=lambda: [_case("all zero", *zero_net())],
    draw=forward_draw,
    unpack=read_forward,
    hints=(
        "Nine calls, in the order of the formulas; each takes what the one before puts out. Where do images become rows of numbers?",
        r"$a_1 = \text{pool}(\sigma(g_1 * X))$, $a_2 = \text{pool}(\sigma(g_2 * a_1))$, $a_3 = \sigma(a_2 W_1)$, $p = \text{softmax}(a_3 W_2)$, each softmax over the classes of one image.",
        '`z1, c1 = conv2d_forward(X, params["g1"], pad=1)`, `b1, c2 = sigmoid_forward(z1)`, `a1, c3 = max_pool2d_forward(b1)`; the same again with g2; then `affine_forward`, `sigmoid_forward`, '
        "`affine_forward`, `softmax`. Keep the c's: the way back takes them in reverse.",
    ),
    misconceptions=(
        wrong("no sigmoid after the first convolution",
              "You left out the sigmoid after the first convolution. Without one between them, two convolutions make a single larger one (but for the pooling).",
              (STAGE1, 'a1 = -np.log(1 / stage(X, params["g1"]) - 1)')),
        wrong("no sigmoid after the second convolution",
              "You left out the sigmoid after the second convolution.",
              (STAGE2, 'a2 = -np.log(1 / stage(a1, params["g2"]) - 1)')),
        wrong("no sigmoid in the hidden layer",
              "You left out the sigmoid of the hidden units: two matrices in a row are no more than their product.",
              (HIDDEN, 'a3 = flat @ params["W1"]')),
        wrong("ReLU",
              "You used ReLU where lecture A's net has sigmoids.",
              (SIGMOID, f"np.maximum(np.einsum({CONV}, 0)"), (HIDDEN, 'a3 = np.maximum(flat @ params["W1"], 0)')),
        wrong("average pooling",
              "You averaged each window. Lecture A's pooling takes the largest number.",
              (POOL, ".mean(axis=(3, 5))")),
        wrong("every second pixel",
              "You took every second pixel, the first of each window. Pooling looks at all four and takes the largest.",
              (POOL, "[:, :, :, 0, :, 0]")),
        wrong("filters rotated",
              "You rotated the filters. The formula's * does, but the course's layers compute cross-correlations, and so does this exercise.",
              (CONV, '"nchwij,kcij->nkhw", windows, g[:, :, ::-1, ::-1])')),
        wrong("maps innermost",
              "You flattened with the maps innermost. Row after row of the first map comes first, then the second map: a2.reshape(len(X), -1).",
              (FLAT, "maps.transpose(1, 2, 0).ravel() for")),
        wrong("softmax over the images",
              "Your softmax runs over the images: each column sums to 1. The classes of one image compete, so each row sums to 1.",
              (SOFTMAX, "p = e / e.sum(axis=0)"), (LARGEST, "s.max(axis=0)")),
        wrong("softmax over everything",
              "Your probabilities sum to 1 over the whole batch. Each image has a softmax of its own.",
              (SOFTMAX, "p = e / e.sum()"), (LARGEST, "s.max()")),
        wrong("sigmoid outputs",
              "You put a sigmoid at the end. Ten classes of which one is right take a softmax.",
              (SOFTMAX, "p = 1 / (1 + np.exp(-s))")),
        wrong("scores returned",
              "You returned the scores. p is their softmax.",
              (SOFTMAX, "p = s")),
        wrong("overflow",
              "With scores in the thousands you get NaN: exp overflows. Subtract each row's largest score first; the softmax does not change.",
              (LARGEST, "0")),
        wrong("pooled numbers through the sigmoid again",
              "You put the pooled numbers through a sigmoid once more. Pooling stands behind the sigmoid, and nothing comes after it.",
              (STAGE1, 'a1 = 1 / (1 + np.exp(-stage(X, params["g1"])))'), (STAGE2, 'a2 = 1 / (1 + np.exp(-stage(a1, params["g2"])))')),
    ),
)

ROUTE, ERROR, SEE1 = ".repeat(2, axis=3) * wins", "ds = (p - target) / len(X)", '"nkhw,nchwij->kcij", dz1, see(X)'
SLOPE1, SLOPE2, SLOPE3 = "dz1 = back(da1, a1, b1)", "dz2 = back(da2, a2, b2)", "dt = da3 * a3 * (1 - a3)"

GRADIENTS = Exercise(
    id="10.net_gradients",
    rows=("A-net",),
    answer=(net_gradients,),
    reference=(_net_gradients,),
    arguments=("X", "y", "params"),
    outputs=("loss", "dg1", "dg2", "dW1", "dW2"),
    visible=gradients_visible,
    weak=lambda: [_case("one class, all zero", *zero_net()[:1], zero_net()[1], np.array([0]))],
    draw=gradients_draw,
    unpack=read_gradients,
    hints=(
        "Begin with your net_forward. Then one backward call for each forward call, in reverse; each takes the gradient from the call before and the cache of its own forward.",
        r"$ds = (p - \text{one-hot}(y))/N$; then affine, sigmoid, affine, pool, sigmoid, convolution, pool, sigmoid, convolution. The loss is the mean of $-\ln p_{y}$.",
        '`da3, dW2, _ = affine_backward(ds, c8)`, `dt = sigmoid_backward(da3, c7)`, `da2, dW1, _ = affine_backward(dt, c6)`, `db2 = max_pool2d_backward(da2, c5)`, `dz2 = sigmoid_backward(db2, c4)`, '
        "`da1, dg2, _ = conv2d_backward(dz2, c3)`, and the same three once more.",
    ),
    misconceptions=(
        wrong("1 not subtracted",
              "You began with p. At each image's class 1 is subtracted: ds = (p - one-hot) / N.",
              (ERROR, "ds = p / len(X)")),
        wrong("signs turned round",
              "All gradients have the wrong sign: you began with one-hot - p.",
              (ERROR, "ds = (target - p) / len(X)")),
        wrong("not divided by N",
              "Your gradients are those of the summed loss. The loss is the mean over the images, so ds has the factor 1/N.",
              (ERROR, "ds = p - target")),
        wrong("divided by N twice",
              "You divided the gradients by N twice. softmax_cross_entropy has done it already.",
              (ERROR, "ds = (p - target) / len(X) ** 2")),
        wrong("loss summed",
              "Your loss is the sum over the images. Asked for is the mean.",
              ("np.sum(target * np.log(p)) / len(X)", "np.sum(target * np.log(p))")),
        wrong("only the target",
              "Only the right class sends something back in your net. The other scores stand in the softmax's denominator: their gradient is p/N.",
              (ERROR, "ds = (p - target) * target / len(X)")),
        wrong("slope of the hidden sigmoid left out",
              "You left out the sigmoid's slope a3(1 - a3) in the hidden layer.",
              (SLOPE3, "dt = da3")),
        wrong("slope after the second convolution left out",
              "You left out the sigmoid's slope behind the second convolution: what comes out of the pooling's backward goes through that sigmoid first.",
              (SLOPE2, f"{SLOPE2} / (b2 * (1 - b2))")),
        wrong("slope after the first convolution left out",
              "You left out the sigmoid's slope behind the first convolution.",
              (SLOPE1, f"{SLOPE1} / (b1 * (1 - b1))")),
        wrong("gradient to all four pixels",
              "Your pooling sends the whole gradient to all four pixels of the window. Only the largest one made the maximum.",
              (ROUTE, ".repeat(2, axis=3)")),
        wrong("gradient shared by the four pixels",
              "Your pooling splits the gradient among the four pixels, as average pooling would. Max pooling sends all of it to the largest.",
              (ROUTE, ".repeat(2, axis=3) / 4")),
        wrong("gradient to the first pixel",
              "Your pooling sends the gradient to the first pixel of each window, wherever the maximum came from.",
              (ROUTE, ".repeat(2, axis=3) * (np.add.outer(2 * (np.arange(b.shape[2]) % 2), np.arange(b.shape[3]) % 2) == 0)")),
        wrong("filters not rotated on the way back",
              "On the way back through the second convolution you slid the filters as they are. What goes back to the input meets them rotated by 180° (conv2d_backward does that).",
              ('turned = params["g2"][:, :, ::-1, ::-1]', 'turned = params["g2"]')),
        wrong("dg1 rotated",
              "Your dg1 is rotated by 180°. The layer computes a cross-correlation; entry [i, j] belongs to the pixels that g1[i, j] met.",
              (f"dg1 = np.einsum({SEE1})", f"dg1 = np.einsum({SEE1})[:, :, ::-1, ::-1]")),
        wrong("filters' gradients averaged over the image",
              "You averaged the filters' gradients over the places of the image. A shared weight gets the sum over all places where it was used.",
              (f"dg1 = np.einsum({SEE1})", f"dg1 = np.einsum({SEE1}) / dz1[0, 0].size"), ("dz2, see(a1))", "dz2, see(a1)) / dz2[0, 0].size")),
        wrong("maps innermost on the way back",
              "You gave the flat gradient back to the maps in another order than they were flattened in: da2 = dflat.reshape(a2.shape).",
              ('(dt @ params["W1"].T).reshape(a2.shape)', 'np.moveaxis((dt @ params["W1"].T).reshape(len(X), *a2.shape[2:], -1), 3, 1)')),
        wrong("first filters get nothing",
              "Your dg1 is zero: the way back ends at the second convolution. It has a gradient for its input too, da1, and the rest of the way is as before.",
              (f"dg1 = np.einsum({SEE1})", "dg1 = 0 * np.einsum(" + SEE1 + ")")),
    ),
)
