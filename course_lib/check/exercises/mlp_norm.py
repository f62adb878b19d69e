"""05_mlp, batch normalisation: the forward pass in training and in use, and the backward pass in training."""

from __future__ import annotations

import numpy as np

from ... import norm
from ..exercise import Case, Exercise, wrong
from ..inputs import whole

# --- the right answers, as a student would write them ------------------------------------------------------------------


def batchnorm_forward(x, gamma, beta, running_mean, running_var, train, momentum=0.9, eps=1e-5):
    N = x.shape[0]
    if train:
        mean = x.mean(axis=0)
        var = x.var(axis=0)
        new_mean = momentum * running_mean + (1 - momentum) * mean
        new_var = momentum * running_var + (1 - momentum) * var * N / (N - 1)
    else:
        mean, var = running_mean, running_var
        new_mean, new_var = mean, var
    x_hat = (x - mean) / np.sqrt(var + eps)
    out = gamma * x_hat + beta
    return out, new_mean, new_var


def batchnorm_backward(dout, x, gamma, eps=1e-5):
    N = x.shape[0]
    std = np.sqrt(x.var(axis=0) + eps)
    x_hat = (x - x.mean(axis=0)) / std
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx_hat = gamma * dout
    shifting = dx_hat.sum(axis=0) / N
    stretching = x_hat * (dx_hat * x_hat).sum(axis=0) / N
    dx = (dx_hat - shifting - stretching) / std
    return dx, dgamma, dbeta


# --- the same from the library -----------------------------------------------------------------------------------------


def _batchnorm_forward(x, gamma, beta, running_mean, running_var, train, momentum=0.9, eps=1e-5):
    out, _, (mean, var) = norm.batchnorm_forward(x, gamma, beta, (running_mean, running_var), train=train, momentum=momentum, eps=eps)
    return out, mean, var


def _batchnorm_backward(dout, x, gamma, eps=1e-5):
    _, cache, _ = norm.batchnorm_forward(x, gamma, np.zeros(len(gamma)), None, train=True, eps=eps)
    return norm.batchnorm_backward(dout, cache)


# --- cases -------------------------------------------------------------------------------------------------------------


def _forward_case(label: str, x, gamma, beta, mean, var, train: bool, form: str = "", **options) -> Case:
    x, gamma, beta, mean, var = (np.array(a, dtype=float) for a in (x, gamma, beta, mean, var))
    if form == "integers":
        x, form = x.astype(np.int64), ""
    return Case(label, (x, gamma, beta, mean, var, train), options, form=form,
                tags={"train": train, "momentum": options.get("momentum", 0.9)}, constants={"N, the number of items,": len(x)})


def forward_visible() -> list[Case]:
    return [
        _forward_case("the worked numbers", [[1], [3]], [10], [5], [0], [1], True, eps=3.0),
        _forward_case("the same numbers in use", [[1], [3]], [10], [5], [1], [6], False, eps=3.0),
        _forward_case("in training, three items with two features", [[1, 0], [2, 4], [6, -1]], [2, -1], [0, 3], [1, -2], [4, 0.5], True),
        _forward_case("in use, one item, read-only arrays", [[1, 2, -3]], [2, 1, 3], [0, 1, -1], [1, 0, -1], [4, 0.25, 9], False, "read-only"),
        _forward_case("in training, x of type int, momentum 0.5", [[1, 7, -2], [3, 0, -2], [8, 1, 1], [0, 4, 5]], [1, 0.5, 3], [2, 0, -1], [2, 1, 0],
                      [1, 2, 5], True, "integers", momentum=0.5),
        _forward_case("in training, read-only arrays, eps = 0.5", [[1, 0], [2, 4], [6, -1]], [2, -1], [0, 3], [1, -2], [4, 0.5], True, "read-only", eps=0.5),
    ]


def forward_weak() -> list[Case]:
    return [_forward_case("gamma 0, beta 0, the same mean as the batch", [[1], [3]], [0], [0], [2], [2], True),
            _forward_case("in use, mean 0, variance 1, gamma 1, beta 0", [[1.0, 2]], [1, 1], [0, 0], [0, 0], [1, 1], False)]


def forward_draw(rng: np.random.Generator, N: int = 5, D: int = 3, train: bool = True, momentum: float = 0.9, eps: float = 1e-5, form: str = "") -> Case:
    x = _rows(rng, N, D)
    mean, var = whole(rng, D) + 0.5, rng.integers(2, 9, size=D) / 2
    return _forward_case(f"{'in training' if train else 'in use'}, N={N}, D={D}, momentum {momentum:g}, eps = {eps:g}" + (f", {form}" if form else ""),
                         x, _gamma(rng, D), whole(rng, D) + 0.5, mean, var, train, form, momentum=momentum, eps=eps)


def _rows(rng: np.random.Generator, N: int, D: int) -> np.ndarray:
    """Whole numbers of which no feature is constant; the features differ in mean and spread."""
    while True:
        x = whole(rng, N, D) * rng.integers(1, 4, size=D) + whole(rng, D)
        if N == 1 or (x.var(axis=0) > 0.5).all() and (N < 3 or (np.abs(x.mean(axis=0)) > 0.1).all()):
            return x


def _gamma(rng: np.random.Generator, D: int) -> np.ndarray:
    return rng.choice([-2.0, -1.5, 0.5, 1.5, 2, 3], size=D)


def _backward_case(label: str, dout, x, gamma, form: str = "", **options) -> Case:
    dout, x, gamma = (np.array(a, dtype=float) for a in (dout, x, gamma))
    if form == "integers":
        x, form = x.astype(np.int64), ""
    return Case(label, (dout, x, gamma), options, form=form, constants={"N, the number of items,": len(x)})


def backward_visible() -> list[Case]:
    return [
        _backward_case("the worked numbers", [[2], [6]], [[1], [3]], [10], eps=3.0),
        _backward_case("three items, two features", [[1, 2], [0, -1], [4, 3]], [[1, 0], [2, 4], [6, -1]], [2, -1]),
        _backward_case("four items, three features, x of type int", [[1, 0, 2], [-1, 3, 1], [2, 2, -2], [0.5, 1, 0]],
                       [[1, 7, -2], [3, 0, -2], [8, 1, 1], [0, 4, 5]], [1, 0.5, 3], "integers"),
        _backward_case("read-only arrays, eps = 0.5", [[1, 2], [0, -1], [4, 3]], [[1, 0], [2, 4], [6, -1]], [2, -1], "read-only", eps=0.5),
    ]


def backward_weak() -> list[Case]:
    return [_backward_case("dout of zeros", [[0], [0]], [[1], [3]], [2]),
            _backward_case("gamma 1, dout that sums to 0", [[1], [-2], [1]], [[1], [2], [3]], [1])]


def backward_draw(rng: np.random.Generator, N: int = 5, D: int = 3, eps: float = 1e-5, form: str = "") -> Case:
    dout = whole(rng, N, D) / 2
    dout[0] += 1.5
    return _backward_case(f"N={N}, D={D}, eps = {eps:g}" + (f", {form}" if form else ""), dout, _rows(rng, N, D), _gamma(rng, D), form, eps=eps)


# --- exercises ---------------------------------------------------------------------------------------------------------

NEW_MEAN = "new_mean = momentum * running_mean + (1 - momentum) * mean"
NEW_VAR = "new_var = momentum * running_var + (1 - momentum) * var * N / (N - 1)"
X_HAT, OUT = "x_hat = (x - mean) / np.sqrt(var + eps)", "out = gamma * x_hat + beta"
SHIFT, STRETCH = "shifting = dx_hat.sum(axis=0) / N", "stretching = x_hat * (dx_hat * x_hat).sum(axis=0) / N"
ALL = "dx = (dx_hat - shifting - stretching) / std"

FORWARD = Exercise(
    id="05.batchnorm_forward",
    rows=("D-batchnorm",),
    answer=(batchnorm_forward,),
    reference=(_batchnorm_forward,),
    arguments=("x", "gamma", "beta", "running_mean", "running_var", "train"),
    outputs=("out", "new_mean", "new_var"),
    visible=forward_visible,
    weak=forward_weak,
    draw=forward_draw,
    hints=(
        "Two questions decide everything: whose mean and variance normalise (the batch's in training, the running ones in use), and do the running ones change "
        "(only in training)? All means are over the items, axis 0.",
        r"$\hat x = (x-\mu)/\sqrt{\sigma^2+eps}$, $out = \gamma\hat x+\beta$; in training "
        r"$running \leftarrow m\cdot running + (1-m)\cdot batch$, with the variance times $N/(N-1)$.",
        "In training: `mean, var = x.mean(axis=0), x.var(axis=0)`, `new_mean = momentum * running_mean + (1 - momentum) * mean`, "
        "`new_var = momentum * running_var + (1 - momentum) * var * N / (N - 1)`. In use mean, var and the new ones are the running ones as they came.",
    ),
    misconceptions=(
        wrong("running statistics in training",
              "In training you normalised with the running statistics. There the batch's own mean and variance are used; the running ones are only kept for later.",
              (X_HAT, "x_hat = (x - running_mean) / np.sqrt(running_var + eps)")),
        wrong("running statistics in training, after the update",
              "In training you updated the running statistics and then normalised with them. There the batch's own mean and variance are used.",
              (X_HAT, "x_hat = (x - new_mean) / np.sqrt(new_var + eps)")),
        wrong("batch statistics in use",
              "In use (train=False) you normalised with the batch's own mean and variance. Then an item's result would depend on its neighbours, and one item alone "
              "would always give beta. Use the running ones.",
              (X_HAT, "x_hat = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)")),
        wrong("running statistics never updated",
              "You returned the running statistics as they came. In training they move a little towards the batch's: momentum · running + (1 - momentum) · batch.",
              (NEW_MEAN, "new_mean = running_mean"), (NEW_VAR, "new_var = running_var")),
        wrong("running statistics updated in use",
              "You updated the running statistics with train=False too. In use nothing is learned: they go out as they came in.",
              ("new_mean, new_var = mean, var",
               "new_mean = momentum * mean + (1 - momentum) * x.mean(axis=0); "
               "new_var = momentum * var + (1 - momentum) * x.var(axis=0) * N / max(N - 1, 1)")),
        wrong("running statistics replaced",
              "You replaced the running statistics by the batch's. One batch is a small sample: keep a share `momentum` of the old value.",
              (NEW_MEAN, "new_mean = mean"), (NEW_VAR, "new_var = var * N / (N - 1)")),
        wrong("momentum the other way round",
              "You kept 1 - momentum of the old running value. That is PyTorch's meaning of the word; here `momentum` is the share of the old one that stays.",
              (NEW_MEAN, "new_mean = (1 - momentum) * running_mean + momentum * mean"),
              (NEW_VAR, "new_var = (1 - momentum) * running_var + momentum * var * N / (N - 1)")),
        wrong("running variance divided by N",
              "Your running variance takes the batch's variance divided by N. The one kept for later is the unbiased one, divided by N - 1: times N/(N - 1).",
              (NEW_VAR, "new_var = momentum * running_var + (1 - momentum) * var")),
        wrong("normalised with the unbiased variance",
              "You normalised with the variance divided by N - 1. The batch is normalised with the plain one, divided by N, so that x̂ has variance 1; only the "
              "running variance takes N - 1.",
              (X_HAT, "x_hat = (x - mean) / np.sqrt(var * (N / (N - 1) if train else 1) + eps)")),
        wrong("eps outside the root",
              "You added eps to the standard deviation. It goes under the root: sqrt(var + eps).",
              (X_HAT, "x_hat = (x - mean) / (np.sqrt(var) + eps)")),
        wrong("divided by the variance",
              "You divided by the variance. Its root, the standard deviation, has the unit of x: divide by sqrt(var + eps).",
              (X_HAT, "x_hat = (x - mean) / (var + eps)")),
        wrong("mean over everything",
              "You took one mean and one variance over the whole array. Each feature (column) has its own: axis=0.",
              ("mean = x.mean(axis=0)", "mean = x.mean() + np.zeros(x.shape[1])"), ("var = x.var(axis=0)", "var = x.var() + np.zeros(x.shape[1])")),
        wrong("scale and shift exchanged",
              "You scaled by beta and shifted by gamma: out = gamma · x̂ + beta.",
              (OUT, "out = beta * x_hat + gamma")),
        wrong("shifted before scaling",
              "You added beta before multiplying by gamma. out = gamma · x̂ + beta: the mean of out is to be beta.",
              (OUT, "out = gamma * (x_hat + beta)")),
        wrong("mean not subtracted",
              "You divided by the standard deviation but did not subtract the mean.",
              (X_HAT, "x_hat = x / np.sqrt(var + eps)")),
    ),
)

BACKWARD = Exercise(
    id="05.batchnorm_backward",
    rows=("D-batchnorm",),
    answer=(batchnorm_backward,),
    reference=(_batchnorm_backward,),
    arguments=("dout", "x", "gamma"),
    outputs=("dx", "dgamma", "dbeta"),
    visible=backward_visible,
    weak=backward_weak,
    draw=backward_draw,
    hints=(
        "Compute x̂ and the root again. dbeta and dgamma are sums over the items. For dx: every x moves the mean and the variance of its whole column, which is "
        "why two terms are subtracted.",
        r"$d\hat x=\gamma\,dout$ and $dx = \frac{1}{\sqrt{\sigma^2+eps}}\left(d\hat x - \text{mean}(d\hat x) - \hat x\cdot\text{mean}(d\hat x\,\hat x)\right)$, "
        r"means over the items.",
        "`dx_hat = dout * gamma`, `dx = (dx_hat - dx_hat.mean(axis=0) - x_hat * (dx_hat * x_hat).mean(axis=0)) / np.sqrt(var + eps)`.",
    ),
    misconceptions=(
        wrong("mean and variance taken for constants",
              "You treated mean and variance as constants. Each x moves both, and with them all of its column. Test: add 1 to a whole column and out stays, so a "
              "column of dx sums to 0. Yours does not.",
              (ALL, "dx = dx_hat / std")),
        wrong("variance taken for a constant",
              "You let the gradient flow through the mean but not through the variance. Stretching a column changes nothing either: the term "
              "x̂·mean(dx̂·x̂) is missing.",
              (ALL, "dx = (dx_hat - shifting) / std")),
        wrong("mean taken for a constant",
              "You let the gradient flow through the variance but not through the mean: the term mean(dx̂) is missing, and the columns of dx do not sum to 0.",
              (ALL, "dx = (dx_hat - stretching) / std")),
        wrong("sums in place of means",
              "In dx you subtracted sums over the batch. Both terms are means: divide by N.",
              (SHIFT, "shifting = dx_hat.sum(axis=0)"), (STRETCH, "stretching = x_hat * (dx_hat * x_hat).sum(axis=0)")),
        wrong("variance's term with the wrong sign",
              "The term with x̂ has the wrong sign in your dx: it is subtracted, like the mean.",
              (ALL, "dx = (dx_hat - shifting + stretching) / std")),
        wrong("x̂ missing in front of the second mean",
              "You subtracted mean(dx̂·x̂) without the factor x̂ in front. An item far from the mean pulls more on the variance.",
              (STRETCH, "stretching = (dx_hat * x_hat).sum(axis=0) / N")),
        wrong("gamma left out of dx",
              "Your dx lacks gamma: out = gamma · x̂ + beta, so dx̂ = gamma · dout.",
              ("dx_hat = gamma * dout", "dx_hat = dout + 0 * gamma")),
        wrong("not divided by the standard deviation",
              "Your dx lacks the last factor, 1/sqrt(var + eps): x̂ changes that much for a change of x.",
              (ALL, "dx = dx_hat - shifting - stretching")),
        wrong("divided by the variance",
              "In dx you divided by var + eps. It is its root: that is what x̂ was divided by.",
              (ALL, "dx = (dx_hat - shifting - stretching) / std ** 2")),
        wrong("eps forgotten",
              "You left eps out. With eps = 1e-5 that hardly shows; backward has to divide by just what forward divided by, sqrt(var + eps).",
              ("std = np.sqrt(x.var(axis=0) + eps)", "std = np.sqrt(x.var(axis=0) + 0 * eps)")),
        wrong("unbiased variance",
              "You used the variance divided by N - 1. Forward normalised the batch with the plain one, divided by N.",
              ("std = np.sqrt(x.var(axis=0) + eps)", "std = np.sqrt(x.var(axis=0, ddof=1) + eps)")),
        wrong("dgamma with x",
              "Your dgamma multiplies dout by x. gamma was multiplied by the normalised x̂.",
              ("dgamma = (dout * x_hat).sum(axis=0)", "dgamma = (dout * x).sum(axis=0)")),
        wrong("dgamma and dbeta averaged",
              "You took means for dgamma and dbeta. Each was used once for every item, so the shares add up; a 1/N of the loss is in dout already.",
              ("dbeta = dout.sum(axis=0)", "dbeta = dout.mean(axis=0)"), ("dgamma = (dout * x_hat).sum(axis=0)", "dgamma = (dout * x_hat).mean(axis=0)")),
        wrong("dgamma over all features",
              "You summed over the features too. Every feature has a gamma and a beta of its own: sum over the items only, axis=0.",
              ("dbeta = dout.sum(axis=0)", "dbeta = dout.sum() + 0 * gamma"), ("dgamma = (dout * x_hat).sum(axis=0)", "dgamma = (dout * x_hat).sum() + 0 * gamma")),
        wrong("gradient cut to whole numbers",
              "Where x holds integers your dx is cut to whole numbers: np.zeros_like(x) takes over x's type. Make it float: np.zeros(x.shape).",
              ("return dx, dgamma, dbeta", "return dx.astype(x.dtype), dgamma, dbeta")),
    ),
)
