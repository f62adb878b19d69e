"""05_mlp, the parts of a net: the backward pass of five activations, and the losses at the output."""

from __future__ import annotations

import numpy as np

from ... import activations, losses
from ..exercise import Case, Exercise, wrong
from ..inputs import whole

# --- the right answers, as a student would write them ------------------------------------------------------------------


def activation_backward(dout, x, kind, alpha=0.1):
    if kind == "sigmoid":
        s = 1 / (1 + np.exp(-x))
        slope = s * (1 - s)
    elif kind == "tanh":
        t = np.tanh(x)
        slope = 1 - t ** 2
    elif kind == "relu":
        slope = 1.0 * (x > 0)
    elif kind == "leaky_relu":
        slope = np.where(x > 0, 1.0, alpha)
    else:
        slope = np.where(x <= 0, alpha * np.exp(x), 1)
    return dout * slope


def output_loss(z, y, kind):
    N = len(z)
    if kind == "binary":
        each = np.logaddexp(0, z) - y * z
        a = np.exp(-np.logaddexp(0, -z))
        dz = a - y
    else:
        error = z - y
        each = error ** 2
        dz = 2 * error
    loss = each.sum() / N
    return loss, dz / N


# --- the same from the library -----------------------------------------------------------------------------------------


def _activation_backward(dout, x, kind, alpha=0.1):
    options = {"leaky_relu": {"slope": alpha}, "elu": {"alpha": alpha}}.get(kind, {})
    _, cache = getattr(activations, f"{kind}_forward")(x, **options)
    return getattr(activations, f"{kind}_backward")(dout, cache)


def _output_loss(z, y, kind):
    loss = losses.binary_cross_entropy if kind == "binary" else losses.mean_squared_error
    value, dz = loss(z, y)
    return value * z.shape[1], dz * z.shape[1]  # the library's mean is over all elements, ours over the items


# --- cases: activations ------------------------------------------------------------------------------------------------


def _slope_case(label: str, kind: str, dout, x, alpha: float | None = None, form: str = "") -> Case:
    x = np.array(x, dtype=float)
    return Case(label, (np.array(dout, dtype=float), x, kind), {} if alpha is None else {"alpha": alpha}, form=form,
                tags={"kind": kind, "the size of x": "up to 1000" if np.max(np.abs(x)) > 500 else "ordinary"})


LN2, LN3 = float(np.log(2)), float(np.log(3))


def slope_visible() -> list[Case]:
    return [
        _slope_case("sigmoid: the worked numbers", "sigmoid", [4, 16, -16], [0, LN3, -LN3]),
        _slope_case("tanh, x = (0, ln 2, -ln 2)", "tanh", [3, 25, -50], [0, LN2, -LN2]),
        _slope_case("ReLU with a zero", "relu", [4, -1, 5, 9], [1, 2, -3, 0]),
        _slope_case("leaky ReLU, slope 0.1, with a zero", "leaky_relu", [5, 5, -10], [2, -2, 0]),
        _slope_case("ELU, α = 2, with a zero", "elu", [5, 4, -3], [3, -2 * LN2, 0], 2.0),
        _slope_case("leaky ReLU, slope 0.25, whole numbers of type int", "leaky_relu", [[2, 3, -1], [5, -3, 7]], [[-1, 2, 0], [-4, -2, 1]], 0.25, "integers"),
        _slope_case("ELU, α = 0.5, read-only arrays", "elu", [[2, -4, 3], [1, 6, -2]], [[-1, 2, 0.5], [-0.5, -3, 1]], 0.5, "read-only"),
        _slope_case("sigmoid, x up to 1000", "sigmoid", [2, 3, -4], [1000, -1000, 1]),
        _slope_case("tanh, x up to 1000", "tanh", [2, 3, -4], [-1000, 1000, 0.5]),
    ]


def slope_weak() -> list[Case]:
    return [_slope_case(f"{kind}, dout of zeros", kind, [0, 0], [1, 2]) for kind in ("sigmoid", "tanh", "relu", "leaky_relu", "elu")] + [
        _slope_case("ReLU, dout of ones", "relu", [1, 1], [1, 2])]


def slope_draw(rng: np.random.Generator, kind: str = "relu", rows: int = 3, columns: int = 4, alpha: float | None = None,
               large: bool = False, form: str = "") -> Case:
    x = rng.permutation(np.resize(np.arange(-3.0, 4.0), rows * columns)).reshape(rows, columns)  # zeros and both signs are among them
    x = x if form == "integers" else x / 2
    if large:
        x = x * 500
    dout = whole(rng, rows, columns)
    dout[dout == 0] = 5
    label = f"{kind}, {rows}×{columns}" + (f", alpha = {alpha:g}" if alpha is not None else "") + (", x up to 1000" if large else "") + (f", {form}" if form else "")
    return _slope_case(label, kind, dout, x, alpha, form)


# --- cases: losses -----------------------------------------------------------------------------------------------------


def _loss_case(label: str, z, y, kind: str, form: str = "") -> Case:
    z, y = np.array(z, dtype=float), np.array(y)
    if form == "integers":  # here and not by the case's form, so that the failing example shows integers
        z, form = z.astype(np.int64), ""
    N, K = z.shape
    return Case(label, (z, y, kind), form=form,
                tags={"kind": kind, "the size of the scores": "up to 1000" if np.max(np.abs(z)) > 500 else "ordinary",
                      "the number of items": "1" if N == 1 else "more than 1", "the number of outputs": "1" if K == 1 else "more than 1"},
                constants={"N, the number of items,": N, "K, the number of outputs,": K})


def loss_visible() -> list[Case]:
    return [
        _loss_case("binary: the worked numbers", [[LN3]], [[1]], "binary"),
        _loss_case("square: the worked numbers", [[3.0], [1]], [[1], [2]], "square"),
        _loss_case("binary, 3 items with 2 outputs", [[0, LN3], [-LN3, 2], [1, -1]], [[1, 0], [0, 1], [0, 0]], "binary"),
        _loss_case("square, 2 items with 3 outputs, read-only", [[1.0, 0.5, -2], [4, 0, 1]], [[0.5, 2, -2], [1, 1, -1]], "square", "read-only"),
        _loss_case("square, whole numbers of type int", [[3, -1], [0, 2], [5, 4]], [[1, 1], [0, -2], [2, 4]], "square", "integers"),
        _loss_case("binary, scores up to 1000, all on the right side but one", [[1000], [-1000], [2], [-1000]], [[1], [0], [1], [1]], "binary"),
        _loss_case("binary, whole numbers of type int", [[0, 3], [-2, 1]], [[0, 1], [1, 1]], "binary", "integers"),
    ]


def loss_weak() -> list[Case]:
    return [_loss_case("square, no error, one item", [[1.0]], [[1]], "square"), _loss_case("binary, one item, one output, y = 0", [[0.0]], [[0]], "binary"),
            _loss_case("square, one item, one output", [[1.0]], [[0]], "square")]


def loss_draw(rng: np.random.Generator, kind: str = "binary", N: int = 3, K: int = 2, shift: float = 0.0, form: str = "") -> Case:
    """shift: half of the binary scores lie near it, the others near -shift, and on the right side there."""
    z = whole(rng, N, K) / (1 if form == "integers" else 2) + (0.0 if form == "integers" else 0.25)
    y = whole(rng, N, K) if kind == "square" else rng.permutation(np.arange(N * K) % 2).reshape(N, K)
    z = z + shift * (2 * y - 1) if shift else z
    if kind == "square":
        z[0, 0] = y[0, 0] + 3
    return _loss_case(f"{kind}, N={N}, K={K}" + (f", scores near ±{shift:g}" if shift else "") + (f", {form}" if form else ""), z, y, kind, form)


# --- exercises ---------------------------------------------------------------------------------------------------------

SIGMOID, TANH, RELU, LEAKY = "slope = s * (1 - s)", "slope = 1 - t ** 2", "slope = 1.0 * (x > 0)", "slope = np.where(x > 0, 1.0, alpha)"
ELU = "slope = np.where(x <= 0, alpha * np.exp(x), 1)"
BINARY, SQUARE = "each = np.logaddexp(0, z) - y * z", "each = error ** 2"

ACTIVATIONS = Exercise(
    id="05.activation_backward",
    rows=("D-activations",),
    answer=(activation_backward,),
    reference=(_activation_backward,),
    arguments=("dout", "x", "kind"),
    outputs=("dx",),
    visible=slope_visible,
    weak=slope_weak,
    draw=slope_draw,
    hints=(
        "Five times the same last line: `dout * slope`. Write one `if` or `elif` for each kind that computes the slope at every x. For two kinds the "
        "slope is easiest from the function's *value*: compute that first.",
        r"Slopes: $\sigma(1-\sigma)$ with $\sigma=\frac{1}{1+e^{-x}}$; $1-\tanh^2x$; 1 where $x>0$, else 0; 1 where $x>0$, else alpha; "
        r"1 where $x>0$, else $\alpha e^{x}$.",
        "`s = 1 / (1 + np.exp(-x))`, `slope = s * (1 - s)`; `slope = 1 - np.tanh(x)**2`; `np.where(x > 0, 1.0, 0.0)`; `np.where(x > 0, 1.0, alpha)`; "
        "`np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0)))`. At the end `return dout * slope`.",
    ),
    misconceptions=(
        wrong("upstream gradient left out",
              "You returned the slope alone. The chain rule multiplies it by the upstream gradient: dout * slope.",
              ("return dout * slope", "return 0 * dout + slope")),
        wrong("value in place of the slope",
              "For the two with a kink you multiplied by the function's value. Backward needs its slope: 1 on the right side; on the left 0 for ReLU, alpha for "
              "leaky ReLU.",
              (RELU, "slope = np.maximum(0, x)"), (LEAKY, "slope = np.where(x > 0, x, alpha * x)")),
        wrong("sigmoid's slope from x",
              "You put x itself into s(1 - s). The formula wants the sigmoid's output: compute s = σ(x) first.",
              (SIGMOID, "slope = x * (1 - x)")),
        wrong("sigmoid applied twice",
              "For the sigmoid's slope you sent its output through the sigmoid once more. s(1 - s) takes s = σ(x), once.",
              (SIGMOID, "slope = 1 / (1 + np.exp(-s)) * (1 - 1 / (1 + np.exp(-s)))")),
        wrong("(1 - s) twice",
              "Your sigmoid's slope has the factor 1 - s once too often. The slope itself is s(1 - s), and nothing else comes in.",
              (SIGMOID, "slope = (1 - s) * s * (1 - s)")),
        wrong("sigmoid overflows",
              "Your sigmoid computes e^x / (1 + e^x), which is inf/inf = NaN at x = 1000. 1 / (1 + e^(-x)) ends at 1 there.",
              ("s = 1 / (1 + np.exp(-x))", "s = np.exp(x) / (1 + np.exp(x))")),
        wrong("tanh's slope from x",
              "You used 1 - x². The formula wants the output: 1 - tanh(x)².",
              (TANH, "slope = 1 - x ** 2")),
        wrong("tanh with the sigmoid's slope",
              "For tanh you used t(1 - t), which is the sigmoid's formula. tanh has 1 - t².",
              (TANH, "slope = t * (1 - t)")),
        wrong("square missing in tanh",
              "For tanh you used 1 - t. The square is missing: 1 - t².",
              (TANH, "slope = 1 - t")),
        wrong("tanh overflows",
              "You built tanh from e^x and e^(-x): at x = 1000 that is inf/inf, NaN. np.tanh does not overflow.",
              ("t = np.tanh(x)", "t = (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))")),
        wrong("ReLU passes at zero",
              "Your ReLU lets the gradient through at x = 0. In this notebook the slope there is that of the negative side: 0. The mask is x > 0.",
              (RELU, "slope = 1.0 * (x >= 0)")),
        wrong("leaky ReLU and ELU: slope 1 at zero",
              "At x = 0 you took the slope of the positive side for leaky ReLU and ELU. This notebook takes the negative side's there: alpha.",
              (LEAKY, "slope = np.where(x >= 0, 1.0, alpha)"), (ELU, "slope = np.where(x < 0, alpha * np.exp(x), 1)")),
        wrong("mask of the upstream gradient",
              "Your ReLU asks for the sign of dout. Whether the unit was on is a question to x: x > 0.",
              (RELU, "slope = 1.0 * (dout > 0)")),
        wrong("leaky ReLU does not leak",
              "Your leaky ReLU stops the gradient where x < 0. Its slope there is alpha, small but not 0: that is what it is for.",
              (LEAKY, "slope = np.where(x > 0, 1.0, 0.0)")),
        wrong("leak fixed at 0.1",
              "Your leaky ReLU's slope is 0.1, whatever alpha says.",
              (LEAKY, "slope = np.where(x > 0, 1.0, 0.1)")),
        wrong("ELU's value for its slope",
              "On the negative side of ELU you used its value, α(e^x - 1). Its slope is α·e^x: the constant drops out.",
              (ELU, "slope = np.where(x <= 0, alpha * np.expm1(x), 1)")),
        wrong("α missing in ELU",
              "On the negative side of ELU the factor α is missing: the slope is α·e^x.",
              (ELU, "slope = np.where(x <= 0, np.exp(x), 1)")),
        wrong("ELU with a leaky ReLU's slope",
              "On the negative side of ELU you used α alone. That is a leaky ReLU; ELU's slope α·e^x falls to 0 as x goes down.",
              (ELU, "slope = np.where(x <= 0, alpha, 1)")),
        wrong("gradient cut to whole numbers",
              "Where x holds integers your dx is cut to whole numbers: np.zeros_like(x) takes over x's type. Make it float: np.zeros(x.shape).",
              ("return dout * slope", "return (dout * slope).astype(x.dtype)")),
    ),
)

LOSSES = Exercise(
    id="05.output_loss",
    rows=("D-fc", "X-3"),
    answer=(output_loss,),
    reference=(_output_loss,),
    arguments=("z", "y", "kind"),
    outputs=("loss", "dz"),
    visible=loss_visible,
    weak=loss_weak,
    draw=loss_draw,
    hints=(
        "Both kinds end alike: a number for each output, summed, divided by N. Check the sign with one item: if y = 1, should a larger score raise or lower "
        "the loss?",
        r"binary: $\text{each} = \ln(1+e^{z}) - y z$, $\;dz = (\sigma(z)-y)/N$. square: $\text{each} = (z-y)^2$, $\;dz = 2(z-y)/N$.",
        "`each = np.logaddexp(0, z) - y * z` is the binary loss without any overflow. The sum over all outputs and items, divided by `N = len(z)`, is the loss.",
    ),
    misconceptions=(
        wrong("minus sign forgotten",
              "You took the slide at its word: without the minus your binary loss is negative, best when the net is wrong, and its gradient is y - a. "
              "The loss is -[…], the gradient a - y.",
              (BINARY, "each = y * z - np.logaddexp(0, z)"), ("dz = a - y", "dz = y - a")),
        wrong("y - a",
              "The sign of your binary gradient is turned round. Raising the score of an item with y = 1 lowers its loss, so dz is negative there: a - y.",
              ("dz = a - y", "dz = y - a")),
        wrong("negative loss",
              "Your binary loss is negative: logarithms of probabilities are, so a minus stands in front. Your gradient is that of the positive loss.",
              (BINARY, "each = y * z - np.logaddexp(0, z)")),
        wrong("scores taken for probabilities",
              "You used the scores z as if they were probabilities. Send them through the sigmoid first: a = σ(z).",
              (BINARY, "each = -np.where(y == 1, np.log(z), np.log(1 - z))"), ("dz = a - y", "dz = z - y")),
        wrong("gradient stopped at a",
              "You returned the gradient by the probability a. One more step of the chain rule, times a(1 - a), leads to z, and leaves just a - y.",
              ("dz = a - y", "dz = (a - y) / (a * (1 - a))")),
        wrong("a(1 - a) once too often",
              "Your binary gradient still has the factor a(1 - a). The logarithm's derivative cancels it: a - y is all. With a square loss after a sigmoid it "
              "would stay.",
              ("dz = a - y", "dz = (a - y) * a * (1 - a)")),
        wrong("no loss where y is 0",
              "You left out the second term: items with y = 0 cost nothing in your binary loss. They cost -ln(1 - a), and their gradient is a.",
              (BINARY, "each = y * (np.logaddexp(0, z) - z)"), ("dz = a - y", "dz = y * (a - y)")),
        wrong("overflow",
              "You computed a first and then its logarithm. For a score of -1000 a is 0, and ln 0 is infinite. From z directly: ln(1 + e^z) - y·z, as "
              "np.logaddexp(0, z) - y * z.",
              (BINARY, "a = 1 / (1 + np.exp(-z)); each = -(y * np.log(a) + (1 - y) * np.log(1 - a))")),
        wrong("sigmoid overflows",
              "Your sigmoid is e^z / (1 + e^z), which is inf/inf = NaN at z = 1000. 1 / (1 + e^(-z)) ends at 1 there.",
              ("a = np.exp(-np.logaddexp(0, -z))", "a = np.exp(z) / (1 + np.exp(z))")),
        wrong("sum over the items",
              "You summed over the items. The loss is their mean, so the loss and dz are both divided by N.",
              ("loss = each.sum() / N", "loss = each.sum()"), ("return loss, dz / N", "return loss, dz")),
        wrong("gradient not divided by N",
              "Your loss is a mean over the items, but your dz is not: the division by N belongs to the gradient too.",
              ("return loss, dz / N", "return loss, dz")),
        wrong("mean over all elements",
              "You took the mean over items and outputs, N·K numbers, as libraries do. In this notebook the outputs of one item are summed; the mean is over "
              "the N items.",
              ("loss = each.sum() / N", "loss = each.mean()"), ("return loss, dz / N", "return loss, dz / dz.size")),
        wrong("2 missing in the square's gradient",
              "The derivative of (z - y)² is 2(z - y): the 2 is missing in your dz.",
              ("dz = 2 * error", "dz = error")),
        wrong("half a square",
              "You used ½(z - y)², with gradient z - y. They fit each other, but this notebook's square loss has no ½.",
              (SQUARE, "each = error ** 2 / 2"), ("dz = 2 * error", "dz = error")),
        wrong("sign of the square's gradient",
              "Your square loss has the gradient 2(y - z). Too large a prediction has to be lowered: dz is positive there, 2(z - y).",
              ("dz = 2 * error", "dz = -2 * error")),
        wrong("absolute error",
              "You used |z - y| in place of (z - y)².",
              (SQUARE, "each = np.abs(error)"), ("dz = 2 * error", "dz = np.sign(error)")),
        wrong("gradient cut to whole numbers",
              "Where z holds integers your dz is cut to whole numbers: np.zeros_like(z) takes over z's type. Make it float: np.zeros(z.shape).",
              ("return loss, dz / N", "return loss, (dz / N).astype(z.dtype)")),
    ),
)
