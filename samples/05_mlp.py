"""Right answers to 05_mlp, each written in another way (see course_lib/grading/answers.py)."""

import numpy as np


def predict_delta__written_down():
    return 2, 4, 0.3, 0.025, 0.1


def predict_delta__worked_step_by_step():
    first, second = 0.9 - 1, 0.3 - 0
    hidden = 0.5 * 0.5 * (first * 2 + second * 1)
    return [2, 3 + 1, second, hidden, hidden * 4]


def predict_delta__fractions():
    from fractions import Fraction as F

    d = F(1, 4) * (F(-1, 10) * 2 + F(3, 10))
    return 2, 4, 3 / 10, float(d), float(4 * d)


def activation_backward__complex_step(dout, x, kind, alpha=0.1):
    # The derivative from a step into the complex plane; at a kink the real part decides.
    z = np.array(x, dtype=complex) + 1e-30j
    left = z.real <= 0
    small = np.where(left, z, 0)
    if kind == "sigmoid":
        e = np.exp(np.where(z.real < 0, z, -z))
        out = np.where(z.real < 0, e, 1) / (1 + e)
    elif kind == "tanh":
        e = np.exp(-2 * np.where(z.real < 0, -z, z))
        out = np.where(z.real < 0, -1, 1) * (1 - e) / (1 + e)
    elif kind == "elu":
        out = np.where(left, alpha * np.exp(small), z)
    else:
        out = np.where(left, (alpha if kind == "leaky_relu" else 0) * z, z)
    return dout * (out.imag / 1e-30)


def activation_backward__table_of_slopes(dout, x, kind, alpha=0.1):
    x = np.asarray(x, dtype=float)
    left = {"relu": lambda v: 0 * v, "leaky_relu": lambda v: 0 * v + alpha, "elu": lambda v: alpha * np.exp(v)}
    if kind in left:
        slope = np.ones(x.shape)
        slope[x <= 0] = left[kind](x[x <= 0])
    else:
        scale = 0.5 if kind == "sigmoid" else 1.0  # the sigmoid is a tanh: σ(x) = (1 + tanh(x/2)) / 2
        slope = scale ** 2 * (1 - np.tanh(scale * x) ** 2)
    return slope * dout


def activation_backward__number_by_number(dout, x, kind, alpha=0.1):
    import math

    def slope(v):
        if kind == "sigmoid":
            e = math.exp(-abs(v))
            return e / (1 + e) ** 2
        if kind == "tanh":
            return 1 / math.cosh(v) ** 2 if abs(v) < 300 else 0.0
        if v > 0:
            return 1.0
        return {"relu": 0.0, "leaky_relu": alpha}.get(kind, alpha * math.exp(v))

    return np.array([d * slope(float(v)) for d, v in zip(np.ravel(dout), np.ravel(x))]).reshape(np.shape(x))


def activation_backward__float32(dout, x, kind, alpha=0.1):
    x = x.astype(np.float32)
    if kind == "sigmoid":
        return dout / (2 + np.exp(np.minimum(np.abs(x), 80)) + np.exp(-np.minimum(np.abs(x), 80)))
    if kind == "tanh":
        return dout * (1 - np.tanh(x)) * (1 + np.tanh(x))
    on = (x > 0).astype(np.float32)
    off = {"relu": np.float32(0), "leaky_relu": np.float32(alpha)}.get(kind)
    if off is None:
        off = np.float32(alpha) * np.exp(np.minimum(x, 0))
    return dout * (on + (1 - on) * off)


def output_loss__softplus(z, y, kind):
    z, y, N = np.asarray(z, dtype=float), np.asarray(y, dtype=float), len(z)
    if kind == "square":
        return ((z - y) ** 2).sum(axis=1).mean(), (z - y) * 2 / N
    softplus = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    return (softplus - z * y).sum(axis=1).mean(), (0.5 * (1 + np.tanh(z / 2)) - y) / N


def output_loss__item_by_item(z, y, kind):
    import math

    loss, dz = 0.0, []
    for scores, targets in zip(z.tolist(), y.tolist()):
        row = []
        for s, t in zip(scores, targets):
            if kind == "square":
                loss += (s - t) ** 2 / len(z)
                row.append(2 * (s - t) / len(z))
            else:
                e = math.exp(-abs(s))
                a = 1 / (1 + e) if s > 0 else e / (1 + e)
                loss += (math.log1p(e) + max(s, 0) - t * s) / len(z)
                row.append((a - t) / len(z))
        dz.append(row)
    return loss, dz


def output_loss__signed_margin(z, y, kind):
    # A yes-or-no item costs ln(1 + e^-m), where m is the score with the sign of its answer.
    if kind == "square":
        e = y - z
        return np.einsum("nk,nk->", e, e) / len(z), -2.0 * e / len(z)
    sign = 2.0 * y - 1
    m = sign * z
    return np.logaddexp(0, -m).sum() / len(z), -sign * np.exp(-np.logaddexp(0, m)) / len(z)


def delta_recursion__unit_by_unit(thetas, a, y):
    L = len(thetas)
    delta = {L + 1: [p - t for p, t in zip(a[L + 1], y)]}
    for l in range(L, 1, -1):
        delta[l] = [0.0] * len(a[l])
        for k, row in enumerate(thetas[l]):
            for i in range(len(a[l])):
                delta[l][i] += delta[l + 1][k] * row[i + 1] * a[l][i] * (1 - a[l][i])
    return {l: [[d] + [d * v for v in a[l]] for d in delta[l + 1]] for l in thetas}


def delta_recursion__with_the_ones_kept(thetas, a, y):
    # The 1 in front stays with the activations: its slope 1·(1 - 1) is 0, so no δ goes to it.
    full = {l: np.append(1.0, a[l]) for l in thetas}
    delta, grads = a[max(a)] - y, {}
    for l in sorted(thetas, reverse=True):
        grads[l] = delta[:, None] * full[l]
        delta = ((delta @ thetas[l]) * full[l] * (1 - full[l]))[1:]
    return grads


def delta_recursion__recursive(thetas, a, y):
    def delta(l):
        if l == len(thetas) + 1:
            return a[l] - y
        return np.diag(a[l] - a[l] ** 2) @ thetas[l][:, 1:].T @ delta(l + 1)

    return {l: np.hstack([delta(l + 1)[:, None], np.outer(delta(l + 1), a[l])]) for l in thetas}


def delta_recursion__forward_mode(thetas, a, y):
    # The Jacobian of the scores by every z, carried along from the front; no δ is ever formed.
    L = len(thetas)
    grads = {}
    for l in range(1, L + 1):
        J = np.eye(len(thetas[l]))
        for above in range(l + 1, L + 1):
            J = thetas[above][:, 1:] @ (J * (a[above] * (1 - a[above]))[:, None])
        grads[l] = np.outer((a[L + 1] - y) @ J, np.append(1.0, a[l]))
    return grads


def net_gradients__item_by_item(X, Y, W, kind, lam):
    # Lecture D's algorithm: one instance after the other, then the average.
    def value_and_slope(z):
        if kind == "sigmoid":
            v = 0.5 * (1 + np.tanh(z / 2))
            return v, v * (1 - v)
        if kind == "tanh":
            v = np.tanh(z)
            return v, 1 - v ** 2
        left = {"relu": 0.0, "leaky_relu": 0.1}.get(kind)
        if left is None:
            return np.where(z > 0, z, 0.1 * np.expm1(np.minimum(z, 0))), np.where(z > 0, 1, 0.1 * np.exp(np.minimum(z, 0)))
        return np.where(z > 0, z, left * z), np.where(z > 0, 1.0, left)

    L, loss = len(W), 0.0
    total = {l: np.zeros(W[l].shape) for l in W}
    for x, y in zip(X, Y):
        a, slopes = {1: np.append(1.0, x)}, {}
        for l in range(1, L + 1):
            z = W[l].T @ a[l]
            v, slopes[l + 1] = value_and_slope(z)
            a[l + 1] = np.append(1.0, v)
        loss += np.sum(np.logaddexp(0, z) - y * z) / len(X)
        delta = np.exp(-np.logaddexp(0, -z)) - y
        for l in range(L, 0, -1):
            total[l] += np.outer(a[l], delta)
            if l > 1:
                delta = (W[l] @ delta)[1:] * slopes[l]
    grads = {}
    for l in W:
        weights = np.array(W[l], dtype=float)
        weights[0] = 0
        loss += lam / 2 * np.sum(weights * weights)
        grads[l] = total[l] / len(X) + lam * weights
    return loss, grads


def net_gradients__columns(X, Y, W, kind, lam):
    # Everything transposed: items are columns, Θ = Wᵀ.
    values = {"sigmoid": lambda z: np.exp(-np.logaddexp(0, -z)), "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0),
              "leaky_relu": lambda z: np.maximum(0.1 * z, z), "elu": lambda z: np.where(z > 0, z, 0.1 * np.expm1(np.minimum(z, 0)))}
    slopes = {"sigmoid": lambda z, v: v - v * v, "tanh": lambda z, v: 1 - v * v, "relu": lambda z, v: 1.0 * (z > 0),
              "leaky_relu": lambda z, v: np.where(z > 0, 1.0, 0.1), "elu": lambda z, v: np.where(z > 0, 1.0, v + 0.1)}
    ones = np.ones((1, len(X)))
    A, Z = [np.vstack([ones, X.T])], []
    for l in sorted(W):
        Z.append(W[l].T @ A[-1])
        A.append(np.vstack([ones, values[kind](Z[-1])]))
    T = Y.T
    loss = (np.maximum(Z[-1], 0) + np.log1p(np.exp(-abs(Z[-1]))) - T * Z[-1]).sum() / len(X)
    D = (0.5 * (1 + np.tanh(Z[-1] / 2)) - T) / len(X)
    grads = {}
    for l in sorted(W, reverse=True):
        mask = np.ones(W[l].shape)
        mask[0] = 0
        loss = loss + 0.5 * lam * ((mask * W[l]) ** 2).sum()
        grads[l] = (D @ A[l - 1].T).T + lam * mask * W[l]
        if l > 1:
            D = (W[l] @ D)[1:] * slopes[kind](Z[l - 2], A[l - 1][1:])
    return loss, grads


def net_gradients__complex_step(X, Y, W, kind, lam):
    # No backward pass at all: a tiny imaginary step on every weight, one by one.
    def value(z):
        if kind == "tanh":
            return np.tanh(z)
        if kind == "sigmoid":
            return 1 / (1 + np.exp(-z))
        left = {"relu": 0 * z, "leaky_relu": 0.1 * z}.get(kind, 0.1 * (np.exp(np.where(z.real > 0, 0, z)) - 1))
        return np.where(z.real > 0, z, left)

    def loss(weights):
        a = X
        for l in sorted(weights):
            z = a @ weights[l][1:] + weights[l][0]
            a = value(z)
        data = np.log(1 + np.exp(z)) - Y * z
        return data.sum() / len(X) + lam / 2 * sum((w[1:] ** 2).sum() for w in weights.values())

    grads = {}
    for l in W:
        grads[l] = np.zeros(W[l].shape)
        for index in np.ndindex(W[l].shape):
            weights = {k: w.astype(complex) for k, w in W.items()}
            weights[l][index] += 1e-30j
            grads[l][index] = loss(weights).imag / 1e-30
    return loss({l: w.astype(complex) for l, w in W.items()}).real, grads


def batchnorm_forward__moments(x, gamma, beta, running_mean, running_var, train, momentum=0.9, eps=1e-5):
    if not train:
        scale = gamma / np.sqrt(running_var + eps)
        return x * scale + (beta - running_mean * scale), running_mean, running_var
    N = len(x)
    mean = np.ones(N) @ x / N
    var = (x ** 2.0).sum(axis=0) / N - mean ** 2
    scale = gamma / np.sqrt(var + eps)
    new_mean = running_mean + (1 - momentum) * (mean - running_mean)
    new_var = running_var + (1 - momentum) * (var * N / (N - 1) - running_var)
    return (x - mean) * scale + beta, new_mean, new_var


def batchnorm_forward__feature_by_feature(x, gamma, beta, running_mean, running_var, train, momentum=0.9, eps=1e-5):
    import math
    import statistics

    out, means, variances = np.empty(x.shape), [], []
    for d in range(x.shape[1]):
        column = [float(v) for v in x[:, d]]
        mean, var, new_mean, new_var = running_mean[d], running_var[d], running_mean[d], running_var[d]
        if train:
            new_mean = momentum * mean + (1 - momentum) * statistics.fmean(column)
            new_var = momentum * var + (1 - momentum) * statistics.variance(column)
            mean, var = statistics.fmean(column), statistics.pvariance(column)
        for n, v in enumerate(column):
            out[n, d] = gamma[d] * (v - mean) / math.sqrt(var + eps) + beta[d]
        means.append(new_mean)
        variances.append(new_var)
    return out, means, variances


def batchnorm_forward__all_pairs(x, gamma, beta, running_mean, running_var, train, momentum=0.9, eps=1e-5):
    # The unbiased variance is half the mean squared difference over all pairs of items.
    x, m, v = np.asarray(x, dtype=float), running_mean, running_var
    keep_mean, keep_var = m, v
    if train:
        N = x.shape[0]
        unbiased = ((x[:, None] - x[None]) ** 2).sum(axis=(0, 1)) / (2 * N * (N - 1))
        m, v = np.einsum("nd->d", x) / N, unbiased * (N - 1) / N
        keep_mean, keep_var = (np.average([old, new], axis=0, weights=[momentum, 1 - momentum])
                               for old, new in ((running_mean, m), (running_var, unbiased)))
    return beta + gamma * (x - m) * (v + eps) ** -0.5, keep_mean, keep_var


def batchnorm_backward__staged(dout, x, gamma, eps=1e-5):
    # One backward line for each forward line.
    N = len(x)
    mean = x.sum(axis=0) / N
    centred = x - mean
    var = (centred ** 2).sum(axis=0) / N
    root = np.sqrt(var + eps)
    x_hat = centred / root
    dx_hat = dout * gamma
    droot = -(dx_hat * centred).sum(axis=0) / root ** 2
    dvar = droot / (2 * root)
    dcentred = dx_hat / root + 2 * centred * dvar / N
    dmean = -dcentred.sum(axis=0)
    return dcentred + dmean / N, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


def batchnorm_backward__jacobians(dout, x, gamma, eps=1e-5):
    # The full N×N Jacobian of every feature.
    N, D = x.shape
    dx, dgamma = np.empty((N, D)), np.empty(D)
    for d in range(D):
        column = x[:, d] - x[:, d].mean()
        root = (column @ column / N + eps) ** 0.5
        x_hat = column / root
        J = (np.eye(N) - np.full((N, N), 1 / N) - np.outer(x_hat, x_hat) / N) / root
        dx[:, d] = gamma[d] * J @ dout[:, d]
        dgamma[d] = x_hat @ dout[:, d]
    return dx, dgamma, np.ones(N) @ dout


def batchnorm_backward__complex_step(dout, x, gamma, eps=1e-5):
    def normalised(values):
        centred = values - values.mean(axis=0)
        return centred / np.sqrt((centred * centred).mean(axis=0) + eps)

    x_hat = normalised(x.astype(complex)).real
    dx = np.empty(x.shape)
    for index in np.ndindex(x.shape):
        pushed = x.astype(complex)
        pushed[index] += 1e-30j
        dx[index] = (dout * gamma * normalised(pushed).imag).sum() / 1e-30
    return dx, np.einsum("nd,nd->d", dout, x_hat), np.einsum("nd->d", dout)


def which_pass__set():
    return frozenset(("C", "A"))


def which_pass__text():
    return "a, c"


def which_pass__by_direction():
    # How each version's step lies to the right gradient: along it (longer, or a part of it), or against it.
    along = {"A": 2.0, "B": -1.0, "C": 0.5}
    return [letter for letter, share in along.items() if share > 0]
