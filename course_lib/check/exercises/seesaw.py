"""09_seesaw: one pass by hand, the forward pass in code, the step with weight decay, and the quiz.

The way back is in seesaw_backward.py, the comparison of many starts in seesaw_compare.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...optim import sgd, step_all
from ..compare import describe
from ..exercise import Case, Exercise, ResultForm, wrong
from ..inputs import whole
from .quiz import quiz
from .seesaw_backward import GRADIENTS, POOL_RELU, WORKED, network, weights
from .seesaw_compare import COMPARE

# --- the right answers, as a student would write them ------------------------------------------------------------------


def predict_forward(*, x=(1, 1, 0, 0, 0), f=(0.1, -0.1), W1=np.array([[-0.1, 0.1], [-0.2, -0.1], [0.2, -0.1]])):  # noqa: B008
    conv = [f[0] * x[i] + f[1] * x[i + 1] for i in range(4)]
    relu = [max(0, v) for v in conv]
    pool = [max(relu[i], relu[i + 1]) for i in range(3)]
    weights_C, weights_D = W1[:, 0], W1[:, 1]
    into_C = np.dot(pool, weights_C)
    into_D = np.dot(pool, weights_D)
    return conv, pool, into_C, into_D


def forward(x, f, W1, W2):
    F = len(f)
    z = np.array([np.dot(x[i:i + F], f) for i in range(len(x) - F + 1)])
    r = np.maximum(z, 0)
    a = np.maximum(r[:-1], r[1:])
    h = 1 / (1 + np.exp(-(a @ W1)))
    scores = h @ W2
    e = np.exp(scores)
    p = e / e.sum()
    return z, a, h, p


def update(params, grads, alpha, lam):
    new = {}
    for name, w in params.items():
        dw = grads[name]
        decay = lam * w
        new[name] = w - alpha * (dw + decay)
    return new


def which_pass():
    return {"A", "B"}


# --- the same in another way -------------------------------------------------------------------------------------------


def _predict_forward(*, x=(1, 1, 0, 0, 0), f=(0.1, -0.1), W1=np.array([[-0.1, 0.1], [-0.2, -0.1], [0.2, -0.1]])):  # noqa: B008
    found = network(x, f, W1, np.eye(2)).activations(np.array([x], float))
    return found["conv1"][0, 0], found["pool1"][0, 0], *found["fc1"][0]


def _forward(x, f, W1, W2):
    from ...losses import softmax

    found = network(x, f, W1, W2).activations(np.array([x], float))
    return found["conv1"][0, 0], found["pool1"][0, 0], found["sigmoid1"][0], softmax(found["fc2"])[0]


def _update(params, grads, alpha, lam):
    params, grads = ({k: np.asarray(v, float) for k, v in d.items()} for d in (params, grads))
    return step_all(sgd, params, grads, {}, lr=alpha, weight_decay=lam)[0]


# --- how results are read ----------------------------------------------------------------------------------------------

PARAMETERS = ("f", "W1", "W2")


def read_params(result: Any) -> dict[str, Any]:
    if not isinstance(result, dict):
        raise ResultForm(f"update should return a dict with the new f, W1 and W2. It returned {describe(result)}.")
    if set(result) != set(PARAMETERS):
        raise ResultForm(f"update should return a dict with the keys 'f', 'W1' and 'W2'. Yours has {', '.join(map(repr, result)) or 'none'}.")
    return {name: result[name] for name in PARAMETERS}


# --- cases -------------------------------------------------------------------------------------------------------------


def predict_numbers(rng: np.random.Generator | None) -> dict[str, Any]:
    """The lecture's pattern and weights, or others that keep a positive place in the convolution and tell C from D."""
    if rng is None:
        return {"x": (1, 1, 0, 0, 0), "f": (0.1, -0.1), "W1": WORKED[2]}
    place = int(rng.integers(3))
    x = tuple(int(i in (place, place + 1)) for i in range(5))
    while True:
        first, second = (int(v) for v in rng.integers(1, 6, 2))
        W1 = rng.permutation([-4, -3, -2, -1, 1, 2, 3, 4])[:6].reshape(3, 2)
        pool = predict_forward(x=x, f=(first, -second), W1=W1)[1]
        dealt = W1.reshape(2, 3)
        into, other = np.dot(pool, W1), dealt @ pool
        if first > second and len({*into, *other, *W1.sum(axis=0), *(first * W1).sum(axis=0)}) == 8 and np.all(into):
            return {"x": x, "f": (first / 10, -second / 10), "W1": W1 / 10}


def _forward_case(label: str, x, f, W1, W2, form: str = "") -> Case:
    x, f, W1, W2 = (np.array(v, dtype=float) for v in (x, f, W1, W2))
    return Case(label, (x, f, W1, W2), form=form,
                tags={"the length of the filter": len(f)},
                constants={"K, the number of classes,": W2.shape[1]})


def forward_visible() -> list[Case]:
    return [
        _forward_case("the lecture's pass", *WORKED),
        _forward_case("6 places, filter of 3, 3 hidden units, 3 classes", [1, 0, 2, 1, -1, 1], [1, -1, 2],
                      [[1, -1, 0.5], [0.5, 0.25, -1], [-0.5, 1, 0.25]], [[1, -1, 0], [2, 0.5, -1], [0, 1, 1]]),
        _forward_case("7 places, filter of 2, 2 hidden units, 4 classes, read-only arrays", [1, 2, -1, 0, 3, 1, -2], [1, -2],
                      [[0.5, -1], [0.25, 0.5], [-1, 0.25], [1, -0.5], [0.5, 1]], [[1, 0, -1, 2], [-2, 1, 0.5, 0]], "read-only"),
        _forward_case("whole numbers of type int", [2, 0, -1, 1, 1], [1, 2], [[1, -1, 0], [0, 1, 2], [-1, 0, 1]], [[1, 0], [0, 2], [-1, 1]], "integers"),
    ]


def forward_draw(rng: np.random.Generator, n: int = 7, F: int = 2, H: int = 3, K: int = 4, form: str = "") -> Case:
    fine = 1 if form == "integers" else 4
    x, f, W1, W2 = weights(rng, n, F, H, K, fine)
    return _forward_case(f"{n} places, filter of {F}, {H} hidden units, {K} classes" + (f", {form}" if form else ""), x, f, W1, W2, form)


def _update_case(label: str, params, grads, alpha: float, lam: float, form: str = "") -> Case:
    params, grads = ({name: np.array(v, dtype=float) for name, v in zip(PARAMETERS, d)} for d in (params, grads))
    return Case(label, (params, grads, alpha, lam), form=form, tags={"lam": "zero" if lam == 0 else "above zero"},
                constants={"alpha": alpha, "lam": lam or 7.77})


def update_visible() -> list[Case]:
    return [
        _update_case("one weight each", ([1.0], [[2.0]], [[-2.0]]), ([4.0], [[-1.0]], [[3.0]]), 0.1, 0.5),
        _update_case("other sizes, alpha = 0.5, lam = 10", ([2.0, -1], [[1, 0, -2], [3, -1, 1]], [[1, -1], [0, 2], [-3, 1]]),
                     ([1.0, 3], [[0, 2, -1], [1, 1, 4]], [[2, 1], [-1, 0], [1, -2]]), 0.5, 10.0),
        _update_case("lam = 0, read-only arrays", ([1.0, -1], [[1, 2]], [[2], [-1]]), ([2.0, 1], [[-1, 3]], [[1], [1]]), 2.0, 0.0, "read-only"),
        _update_case("whole numbers of type int", ([3.0, -2], [[1, -1], [0, 2]], [[1, 1], [-2, 4]]), ([1.0, 1], [[2, 0], [-1, 1]], [[1, -1], [3, 0]]), 0.1, 0.1, "integers"),
    ]


def update_weak() -> list[Case]:
    return [_update_case("lam = 0, alpha = 1", ([1.0], [[2.0]], [[1.0]]), ([1.0], [[1.0]], [[1.0]]), 1.0, 0.0),
            _update_case("all zero", ([0.0], [[0.0]], [[0.0]]), ([0.0], [[0.0]], [[0.0]]), 1.0, 1.0)]


def update_draw(rng: np.random.Generator, F: int = 2, H: int = 3, alpha: float = 0.1, lam: float = 0.1, form: str = "") -> Case:
    shapes = ((F,), (F + 1, H), (H, 2))
    params, grads = ([whole(rng, *s) for s in shapes] for _ in range(2))
    for w in params:
        w.flat[0] = -3.0
    return _update_case(f"filter of {F}, {H} hidden units, alpha = {alpha:g}, lam = {lam:g}" + (f", {form}" if form else ""), params, grads, alpha, lam, form)


# --- exercises ---------------------------------------------------------------------------------------------------------

EXERCISES = (
    Exercise(
        id="09.predict_forward",
        rows=("E-seesaw",),
        answer=(predict_forward,),
        reference=(_predict_forward,),
        outputs=("conv", "pool", "into_C", "into_D"),
        by_hand=True,
        numbers=predict_numbers,
        weak=lambda: [Case("an empty board", (), {"x": (0, 0, 0, 0, 0)})],
        hints=(
            "Four places for the filter, then ReLU, then three windows of two neighbours. What goes into C is the three pooled numbers times column 0 of W1, summed up.",
            r"$conv_i = f_0 x_i + f_1 x_{i+1}$, $pool_i = \max(0, conv_i, conv_{i+1})$, and into C goes $\sum_i pool_i W^1_{i0}$, into D $\sum_i pool_i W^1_{i1}$.",
            "Where the filter lies on two zeros it gives 0; on (1, 1) the sum of its two numbers; on (1, 0) its first number; on (0, 1) its second.",
        ),
        misconceptions=(
            wrong("filter turned round",
                  "You turned the filter round. Its first number lies on the left place of each pair: f[0]·x[i] + f[1]·x[i+1].",
                  ("f[0] * x[i] + f[1] * x[i + 1]", "f[1] * x[i] + f[0] * x[i + 1]")),
            wrong("minus sign of the filter lost",
                  "You lost the minus sign of the filter's second number. The slide that updates it loses it too: you will meet it again.",
                  ("f[0] * x[i] + f[1] * x[i + 1]", "f[0] * x[i] + abs(f[1]) * x[i + 1]")),
            wrong("board read from the right",
                  "You read the board from the right. Place 0 is the left end of x.",
                  ("f[0] * x[i] + f[1] * x[i + 1]", "f[0] * x[4 - i] + f[1] * x[3 - i]")),
            wrong("means for maxima",
                  "You took the mean of each pair in the pooling. Max pooling keeps the larger of the two numbers.",
                  ("pool = [max(relu[i], relu[i + 1]) for i in range(3)]", "pool = [(relu[i] + relu[i + 1]) / 2 for i in range(3)]")),
            wrong("first of each pair pooled",
                  "Your pooling keeps the left number of each pair. It keeps the larger one, wherever it stands.",
                  ("pool = [max(relu[i], relu[i + 1]) for i in range(3)]", "pool = [relu[i] for i in range(3)]")),
            wrong("weights of C and D swapped",
                  "You swapped C and D: column 0 of W1 holds what comes into C, column 1 what comes into D.",
                  ("weights_C, weights_D = W1[:, 0], W1[:, 1]", "weights_D, weights_C = W1[:, 0], W1[:, 1]")),
            wrong("W1 read along its rows",
                  "You took three numbers of W1 along its rows. Each row belongs to a pooled number; a unit's weights stand in a column.",
                  ("weights_C, weights_D = W1[:, 0], W1[:, 1]", "weights_C, weights_D = W1.reshape(2, 3)")),
            wrong("sigmoid already applied",
                  "You applied the sigmoid already. Asked for is what goes into C and D: the weighted sums.",
                  ("into_C = np.dot(pool, weights_C)", "into_C = 1 / (1 + np.exp(-np.dot(pool, weights_C)))"),
                  ("into_D = np.dot(pool, weights_D)", "into_D = 1 / (1 + np.exp(-np.dot(pool, weights_D)))")),
            wrong("weights summed without the pooled numbers",
                  "You summed the weights of C and of D. Each weight is first multiplied by the pooled number it comes from.",
                  ("into_C = np.dot(pool, weights_C)", "into_C = np.sum(weights_C)"), ("into_D = np.dot(pool, weights_D)", "into_D = np.sum(weights_D)")),
        ),
    ),
    Exercise(
        id="09.forward",
        rows=("E-seesaw",),
        answer=(forward,),
        reference=(_forward,),
        arguments=("x", "f", "W1", "W2"),
        outputs=("z", "a", "h", "p"),
        visible=forward_visible,
        draw=forward_draw,
        weak=lambda: [_forward_case("no weights at all", np.ones(4), np.zeros(2), np.zeros((2, 2)), np.zeros((2, 2)))],
        hints=(
            "Five lines, one for each layer: convolution, ReLU, pooling, hidden units, softmax. Take the number of places from the lengths of x and f.",
            r"$z_i = \sum_u f_u x_{i+u}$, $a_i = \max(0, z_i, z_{i+1})$, $h = \sigma(a W_1)$, $s = h W_2$, $p_k = e^{s_k}/\sum_j e^{s_j}$.",
            "`z = np.array([x[i : i + F] @ f for i in range(len(x) - F + 1)])`; `r = np.maximum(z, 0)`; `a = np.maximum(r[:-1], r[1:])`; "
            "`h = 1 / (1 + np.exp(-(a @ W1)))`; `e = np.exp(h @ W2)`; `p = e / e.sum()`.",
        ),
        misconceptions=(
            wrong("true convolution",
                  "You turned the filter round, as a true convolution does (and np.convolve). The layer lays it on as it is: f[0] on the left.",
                  ("np.dot(x[i:i + F], f)", "np.dot(x[i:i + F], f[::-1])")),
            wrong("ReLU left out",
                  "You left out the ReLU. Where both numbers of a pooling window are negative, 0 goes on.",
                  ("r = np.maximum(z, 0)", "r = z")),
            wrong("absolute value for ReLU",
                  "You took absolute values. ReLU keeps positive numbers and turns negative ones into 0.",
                  ("r = np.maximum(z, 0)", "r = np.abs(z)")),
            wrong("ReLU kept in z",
                  "Your z has the ReLU in it. It is what the convolution gives, before the ReLU: the way back needs its sign.",
                  ("np.array([np.dot(x[i:i + F], f) for", "np.array([np.maximum(np.dot(x[i:i + F], f), 0) for")),
            wrong("smaller number pooled",
                  "Your pooling keeps the smaller number of each pair. Max pooling keeps the larger one.",
                  ("a = np.maximum(r[:-1], r[1:])", "a = np.minimum(r[:-1], r[1:])")),
            wrong("mean pooled",
                  "Your pooling takes the mean of each pair. Max pooling keeps the larger number.",
                  ("a = np.maximum(r[:-1], r[1:])", "a = (r[:-1] + r[1:]) / 2")),
            wrong("sigmoid's sign",
                  "Your sigmoid falls: it has e to the plus input. It is 1/(1 + exp(-input)).",
                  ("np.exp(-(a @ W1))", "np.exp(a @ W1)")),
            wrong("no sigmoid",
                  "You passed the hidden units' weighted sums on. Each of them goes through the sigmoid first.",
                  ("h = 1 / (1 + np.exp(-(a @ W1)))", "h = a @ W1")),
            wrong("W1 dealt anew",
                  "You reshaped W1 to make it fit. That deals its numbers out anew; row i belongs to pooled number i: a @ W1.",
                  ("a @ W1", "W1.reshape(W1.shape[1], -1) @ a")),
            wrong("sigmoids at the output",
                  "You put a sigmoid on each score. The softmax makes one distribution of them: the probabilities sum to 1.",
                  ("p = e / e.sum()", "p = e / (1 + e)")),
            wrong("powers of ten",
                  "Your softmax has powers of 10. It is made with e, as the natural logarithm of the loss.",
                  ("e = np.exp(scores)", "e = 10.0 ** scores")),
            wrong("not divided by the sum",
                  "You did not divide by the sum. Probabilities sum to 1: each exp(score) over the sum of all.",
                  ("p = e / e.sum()", "p = e")),
            wrong("divided by the largest",
                  "You divided by the largest number. The softmax divides by the sum of all of them.",
                  ("p = e / e.sum()", "p = e / e.max()")),
            wrong("sigmoid on the scores",
                  "You sent the scores through a sigmoid before the softmax. The output layer's sums go into the softmax as they are.",
                  ("scores = h @ W2", "scores = 1 / (1 + np.exp(-(h @ W2)))")),
        ),
    ),
    POOL_RELU,
    GRADIENTS,
    Exercise(
        id="09.update",
        rows=("E-fcupdate", "X-10"),
        answer=(update,),
        reference=(_update,),
        arguments=("params", "grads", "alpha", "lam"),
        outputs=PARAMETERS,
        visible=update_visible,
        weak=update_weak,
        draw=update_draw,
        unpack=read_params,
        hints=(
            "The same line for each of the three names. Make new arrays and a new dict.",
            r"$w \leftarrow w - \alpha\,(\partial L/\partial w + \lambda w)$: λ times the weight, sign included, inside the bracket.",
            "`return {name: w - alpha * (grads[name] + lam * w) for name, w in params.items()}`",
        ),
        misconceptions=(
            wrong("decay left out",
                  "You left out the penalty's part: λw is added to the gradient inside the bracket.",
                  ("decay = lam * w", "decay = 0 * w")),
            wrong("decay's sign",
                  "You subtract λw inside the bracket, which makes weights grow. It is added there: w - α(dw + λw).",
                  ("alpha * (dw + decay)", "alpha * (dw - decay)")),
            wrong("sign of the weight lost",
                  "You took λ|w|. That is the slide's slip with w2: λw has the weight's own sign, so that decay pulls negative weights up towards 0.",
                  ("decay = lam * w", "decay = lam * abs(w)")),
            wrong("step size not on the decay",
                  "You subtract λw outside the bracket. The step size α multiplies both, the gradient and λw.",
                  ("w - alpha * (dw + decay)", "w - alpha * dw - decay")),
            wrong("twice the decay",
                  "You took 2λw. The penalty of lecture E is ½λΣw², so its gradient is λw.",
                  ("decay = lam * w", "decay = 2 * lam * w")),
            wrong("half the decay",
                  "You kept the ½ of the penalty. The derivative of ½λw² is λw.",
                  ("decay = lam * w", "decay = lam * w / 2")),
            wrong("uphill",
                  "You add the step. The gradient points where the loss grows, so it is subtracted.",
                  ("w - alpha * (dw + decay)", "w + alpha * (dw + decay)")),
            wrong("change returned",
                  "You returned the changes Δw. Asked for are the new weights, w + Δw.",
                  ("w - alpha * (dw + decay)", "-alpha * (dw + decay)")),
            wrong("filter without decay",
                  "Your filter gets no λw. In lecture E the penalty sums over all weights, the filter's too.",
                  ("decay = lam * w", "decay = lam * w * (name != 'f')")),
            wrong("step size left out",
                  "You left out the step size α: it multiplies the whole bracket.",
                  ("w - alpha * (dw + decay)", "w - (dw + decay)")),
            wrong("decay of the gradient",
                  "You took λ times the gradient. Decay is λ times the weight.",
                  ("decay = lam * w", "decay = lam * dw")),
        ),
    ),
    COMPARE,
    quiz(
        "09.which_pass",
        ("E-seesaw", "X-9"),
        which_pass,
        hints=(
            "Run each version in your head on that one board. Which of its steps come out differently there?",
            "The check looks at the filter's gradient only. Its two numbers are sums of dz[i] times x[i], and of dz[i] times x[i + 1]; x is 0 from place 2 on.",
            "Only dz[0] and dz[1] reach the filter. Which version changes them? z = (0, 0.1, 0, 0): no entry is negative, and the ties stand at places 2 and 3.",
        ),
        misconceptions=(
            wrong("A thought caught",
                  "A passes. Its dz differs at places 2 and 3, where the inputs are 0: the filter's gradient does not see them.",
                  ('{"A", "B"}', '{"B"}')),
            wrong("B thought caught",
                  "B passes. On this board no output of the convolution is negative, so the missing gate had nothing to stop.",
                  ('{"A", "B"}', '{"A"}')),
            wrong("C thought to pass",
                  "C is caught: without the slope h(1 - h), about a quarter, everything below the hidden units comes out four times as large.",
                  ('{"A", "B"}', '{"A", "B", "C"}')),
            wrong("none thought to pass",
                  "None, you say; but two pass: on this board the ties lie above zero inputs, and nothing is negative. One board is a careless check.",
                  ('{"A", "B"}', "set()")),
            wrong("B and C mistaken",
                  "A passes and so does B, while C does not. On this board no output is negative, so B's missing gate does no harm; C's numbers are four times as large.",
                  ('{"A", "B"}', '{"A", "C"}')),
            wrong("A and C mistaken",
                  "B passes and so does A, while C does not. A's dz differs only above zero inputs; C's numbers are four times as large.",
                  ('{"A", "B"}', '{"B", "C"}')),
        ),
    ),
)
