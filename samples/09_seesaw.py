"""Right answers to 09_seesaw, each written in another way (see course_lib/grading/answers.py)."""

import numpy as np


def predict_forward__written_down():
    return [0, 0.1, 0, 0], [0.1, 0.1, 0], -0.03, 0


def predict_forward__worked_step_by_step():
    first, second = 0.1, -0.1
    conv = np.array([first + second, first, 0, 0])
    pool = np.array([first, first, 0])
    return conv, pool, first * (-0.1 - 0.2), first * (0.1 - 0.1)


def predict_forward__as_a_tuple_of_tuples():
    from fractions import Fraction as F

    tenth = F(1, 10)
    return (0, 0.1, 0, 0), (0.1, 0.1, 0), float(tenth * -tenth + tenth * -2 * tenth), 0.0


def forward__loops(x, f, W1, W2):
    import math

    z = [sum(float(f[u]) * float(x[i + u]) for u in range(len(f))) for i in range(len(x) - len(f) + 1)]
    a = [max(0.0, z[i], z[i + 1]) for i in range(len(z) - 1)]
    h = [1 / (1 + math.exp(-sum(a[i] * W1[i][j] for i in range(len(a))))) for j in range(len(W1[0]))]
    s = [sum(h[j] * W2[j][k] for j in range(len(h))) for k in range(len(W2[0]))]
    total = sum(math.exp(v) for v in s)
    return z, a, h, [math.exp(v) / total for v in s]


def forward__windows_and_einsum(x, f, W1, W2):
    windows = np.lib.stride_tricks.sliding_window_view
    z = np.einsum("iu,u->i", windows(x, len(f)), f)
    a = windows(np.where(z > 0, z, 0.0), 2).max(axis=1)
    h = 0.5 + 0.5 * np.tanh(np.einsum("i,ij->j", a, W1) / 2)  # the sigmoid is a tanh
    s = np.einsum("j,jk->k", h, W2)
    e = np.exp(s - s.max())
    return z, a, h, e / e.sum()


def forward__as_a_banded_matrix(x, f, W1, W2):
    n, F = len(x), len(f)
    band = np.zeros((n - F + 1, n))
    for u in range(F):
        band += f[u] * np.eye(n - F + 1, n, u)
    z = band @ x
    r = z * (z > 0)
    a = (r[1:] + r[:-1] + np.abs(r[1:] - r[:-1])) / 2  # a maximum without max
    h = np.exp(-np.log1p(np.exp(-(W1.T @ a))))
    s = W2.T @ h
    p = 1 / np.exp(s[None, :] - s[:, None]).sum(axis=1)
    return z, a, h, p


def forward__convolve(x, f, W1, W2):
    z = np.convolve(x, f[::-1], "valid").astype(float)
    a = np.maximum.reduce([z[:-1], z[1:], np.zeros(len(z) - 1)])
    h = (1 + np.exp(-np.dot(a, W1))) ** -1
    s = np.dot(h, W2)
    return z, a, h, np.exp(s - np.log(np.sum(np.exp(s))))


def pool_relu_backward__place_by_place(dout, z):
    n, dz = len(z), []
    for j in range(n):
        mine, total = max(z[j], 0), 0.0
        if j > 0 and mine >= z[j - 1]:
            total += dout[j - 1]
        if j < n - 1 and mine >= z[j + 1]:
            total += dout[j]
        dz.append(total if z[j] >= 0 else 0.0)
    return np.array(dz)


def pool_relu_backward__two_shifted_masks(dout, z):
    r = np.where(z < 0, 0, z)
    top = np.maximum(r[1:], r[:-1])
    left, right = np.where(r[:-1] == top, dout, 0), np.where(r[1:] == top, dout, 0)
    return np.where(z < 0, 0, np.append(left, 0) + np.insert(right, 0, 0))


def pool_relu_backward__a_routing_matrix(dout, z):
    # Row i of the matrix says which places window i was fed by.
    n = len(z)
    r = np.maximum(z, 0)
    near = np.eye(n - 1, n) + np.eye(n - 1, n, 1)
    top = np.max(np.where(near > 0, r, -1.0), axis=1)
    routes = near * (r[None, :] == top[:, None])
    return (dout @ routes) * np.heaviside(z, 1)


def gradients__loops(x, y, f, W1, W2):
    import math

    F, P, H, K = len(f), len(W1), len(W1[0]), len(W2[0])
    z = [sum(float(f[u]) * float(x[i + u]) for u in range(F)) for i in range(P + 1)]
    a = [max(0.0, z[i], z[i + 1]) for i in range(P)]
    h = [1 / (1 + math.exp(-sum(a[i] * W1[i][j] for i in range(P)))) for j in range(H)]
    e = [math.exp(sum(h[j] * W2[j][k] for j in range(H))) for k in range(K)]
    ds = [e[k] / sum(e) - (k == y) for k in range(K)]
    dW2 = [[h[j] * ds[k] for k in range(K)] for j in range(H)]
    dt = [sum(W2[j][k] * ds[k] for k in range(K)) * h[j] * (1 - h[j]) for j in range(H)]
    dW1 = [[a[i] * dt[j] for j in range(H)] for i in range(P)]
    da = [sum(W1[i][j] * dt[j] for j in range(H)) for i in range(P)]
    dz = [0.0] * (P + 1)
    for i in range(P):
        for j in (i, i + 1):
            if z[j] >= 0 and max(z[j], 0) == a[i]:
                dz[j] += da[i]
    df = [sum(dz[i] * x[i + u] for i in range(P + 1)) for u in range(F)]
    return da, dz, df, dW1, dW2


def gradients__einsum(x, y, f, W1, W2):
    windows = np.lib.stride_tricks.sliding_window_view(x, len(f))
    z = np.einsum("iu,u->i", windows, f)
    r = np.maximum(z, 0)
    a = np.maximum(r[1:], r[:-1])
    h = 0.5 * (1 + np.tanh(np.einsum("i,ij->j", a, W1) / 2))
    s = np.einsum("j,jk->k", h, W2)
    ds = np.exp(s - s.max())
    ds /= ds.sum()
    ds[y] -= 1
    dt = np.einsum("jk,k,j,j->j", W2, ds, h, 1 - h)
    da = np.einsum("ij,j->i", W1, dt)
    dz = np.zeros(len(z))
    dz[:-1] += da * (r[:-1] == a)
    dz[1:] += da * (r[1:] == a)
    dz[z < 0] = 0
    return da, dz, np.einsum("i,iu->u", dz, windows), np.einsum("i,j->ij", a, dt), np.einsum("j,k->jk", h, ds)


def gradients__jacobians(x, y, f, W1, W2):
    # One matrix for each layer: rows for what goes in, columns for what comes out.
    n, F = len(x), len(f)
    band = sum(f[u] * np.eye(n, n - F + 1, -u) for u in range(F))
    z = x @ band
    P = len(z) - 1
    r = np.maximum(z, 0)
    a = np.maximum(r[1:], r[:-1])
    pooling = np.array([[float(j in (i, i + 1) and r[j] == a[i] and z[j] >= 0) for i in range(P)] for j in range(P + 1)])
    h = 1 / (1 + np.exp(-(a @ W1)))
    p = np.exp(h @ W2)
    p = p / p.sum()
    softmax = np.diag(p) - np.outer(p, p)
    ds = softmax @ (-np.eye(len(p))[y] / p)
    dt = np.diag(h * (1 - h)) @ W2 @ ds
    da = W1 @ dt
    dz = pooling @ da
    filter_jacobian = np.array([[x[i + u] for i in range(P + 1)] for u in range(F)])
    return da, dz, filter_jacobian @ dz, a[:, None] @ dt[None], h[:, None] @ ds[None]


def update__one_by_one(params, grads, alpha, lam):
    f = params["f"] - alpha * (grads["f"] + lam * params["f"])
    W1 = params["W1"] - alpha * (grads["W1"] + lam * params["W1"])
    W2 = params["W2"] - alpha * (grads["W2"] + lam * params["W2"])
    return {"f": f, "W1": W1, "W2": W2}


def update__shrink_first(params, grads, alpha, lam):
    return {name: (1 - alpha * lam) * params[name] - alpha * grads[name] for name in ("W2", "W1", "f")}


def update__one_long_vector(params, grads, alpha, lam):
    names = list(params)
    w = np.concatenate([np.ravel(params[n]) for n in names]).astype(float)
    dw = np.concatenate([np.ravel(grads[n]) for n in names]).astype(float)
    w -= alpha * dw + alpha * lam * w
    parts = np.split(w, np.cumsum([params[n].size for n in names])[:-1])
    return {n: part.reshape(params[n].shape) for n, part in zip(names, parts)}


def compare_starts__masks(sse_a, sse_b, limit):
    there = [sse < limit for sse in (sse_a, sse_b)]
    a, b = (np.where(t.any(axis=0), t.argmax(axis=0), 10**9) for t in there)
    wins = np.less.outer(a, b)
    return int(np.sum(a < 10**9)), float(np.median(a[a < 10**9])), wins.sum() / wins.size


def compare_starts__loops_over_pairs(sse_a, sse_b, limit):
    def first(run):
        for epoch, value in enumerate(run):
            if value < limit:
                return epoch
        return float("inf")

    a = [first(sse_a[:, i]) for i in range(sse_a.shape[1])]
    b = [first(sse_b[:, i]) for i in range(sse_b.shape[1])]
    there = sorted(e for e in a if e < float("inf"))
    half = len(there) // 2
    median = there[half] if len(there) % 2 else (there[half - 1] + there[half]) / 2
    wins = 0
    for e in a:
        for other in b:
            wins += e < other
    return len(there), median, wins / (len(a) * len(b))


def compare_starts__counting_epochs_above(sse_a, sse_b, limit):
    # The number of epochs before the first one below the limit; all of them where there is none.
    above_a, above_b = (np.cumprod(sse >= limit, axis=0).sum(axis=0) for sse in (sse_a, sse_b))
    never_a, never_b = above_a == len(sse_a), above_b == len(sse_b)
    wins = (~never_a[:, None]) & (never_b[None] | (above_a[:, None] < above_b[None]))
    return np.count_nonzero(~never_a), np.quantile(above_a[~never_a], 0.5), wins.mean()


def which_pass__list():
    return ["B", "A"]


def which_pass__text():
    return "A, B"


def which_pass__lower_case():
    return ("a", "b")
