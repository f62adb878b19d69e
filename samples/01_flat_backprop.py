"""Right answers to 01_flat_backprop, each written in another way (see course_lib/grading/answers.py)."""

import numpy as np


def circuit_forward__tanh(w0, x0, w1, x1, w2):
    # sigmoid(s) = (1 + tanh(s/2)) / 2
    half = 0.5 * (w0 * x0 + w1 * x1 + w2)
    t = np.tanh(half)
    return 0.5 * (1 + t), ({"w0": w0, "x0": x0, "w1": w1, "x1": x1}, t)


def circuit_backward__tanh(dL, cache):
    inputs, t = cache
    ds = dL * 0.25 * (1 - t * t)
    return ds * inputs["x0"], ds * inputs["w0"], ds * inputs["x1"], ds * inputs["w1"], ds


def circuit_forward__local_gradients(w0, x0, w1, x1, w2):
    # Forward works out the five slopes already; backward only multiplies.
    s = np.dot([w0, w1, w2], [x0, x1, 1.0])
    L = np.exp(-np.logaddexp(0.0, -s))
    slope = np.exp(-np.logaddexp(0.0, -s) - np.logaddexp(0.0, s))
    return L, (slope * np.array([x0, w0, x1, w1, 1.0]),)


def circuit_backward__local_gradients(dL, cache):
    return list(dL * cache[0])


def circuit_forward__dual_numbers(w0, x0, w1, x1, w2):
    # Forward mode: each of the five inputs carries its own tangent along.
    def sigmoid(s):
        return 1 / (1 + np.exp(-s))

    seeds = np.eye(5)
    value = w0 * x0 + w1 * x1 + w2
    tangent = w0 * seeds[1] + x0 * seeds[0] + w1 * seeds[3] + x1 * seeds[2] + seeds[4]
    L = sigmoid(value)
    return L, (tangent, L - L ** 2)


def circuit_backward__dual_numbers(dL, cache):
    tangent, slope = cache
    return tuple(float(t) * slope * dL for t in tangent)


def circuit_forward__complex_step(w0, x0, w1, x1, w2):
    import math

    s = math.fsum([w0 * x0, w1 * x1, w2])
    return 1 / (1 + math.exp(-s)), (w0, x0, w1, x1, w2)


def circuit_backward__complex_step(dL, cache):
    grads = []
    for i in range(5):
        v = np.array(cache, dtype=complex)
        v[i] += 1e-30j
        grads.append(dL * (1 / (1 + np.exp(-(v[0] * v[1] + v[2] * v[3] + v[4])))).imag / 1e-30)
    return grads


def circuit_forward__float32(w0, x0, w1, x1, w2):
    w0, x0, w1, x1, w2 = (np.float32(v) for v in (w0, x0, w1, x1, w2))
    L = np.float32(1) / (np.float32(1) + np.exp(-(w2 + w1 * x1 + w0 * x0)))
    return L, (L, x1, w1, x0, w0)


def circuit_backward__float32(dL, cache):
    L, x1, w1, x0, w0 = cache
    slope = np.float32(dL) * (L - L * L)
    return slope * x0, slope * w0, slope * x1, slope * w1, slope


def predict_gates__worked_on_paper():
    return 10, 14, 0


def predict_gates__list_of_floats():
    return [10.0, 14.0, 0.0]


def predict_gates__wire_by_wire():
    # Where y is larger, f is (x + y)·y: its slopes there.
    x, y, dout = -3, 5, 2
    return np.array([dout * y, dout * (x + 2 * y), 0])[0], dout * (x + 2 * y), 0


def gates_backward__two_cases(x, y, z, dout):
    # f is (x + y)·y where y is larger, and (x + y)·z where z is.
    if y > z:
        return dout * y, dout * (x + 2 * y), 0
    return dout * z, dout * z, dout * (x + y)


def gates_backward__switch_matrix(x, y, z, dout):
    pick = np.array([0, 1, 0]) if z < y else np.array([0, 0, 1])
    add = np.array([1, 1, 0])
    v = np.array([x, y, z])
    return tuple(dout * ((pick @ v) * add + (add @ v) * pick))


def gates_backward__symmetric_difference(x, y, z, dout):
    # Quadratic between the kinks: a central difference over a small step is exact.
    def f(x, y, z):
        return (x + y) * max(y, z)

    h = 0.125
    return (dout * (f(x + h, y, z) - f(x - h, y, z)) / (2 * h), dout * (f(x, y + h, z) - f(x, y - h, z)) / (2 * h),
            dout * (f(x, y, z + h) - f(x, y, z - h)) / (2 * h))


def gates_backward__accumulate(x, y, z, dout):
    grads = dict.fromkeys("xyz", 0.0)
    winner = max(("z", z), ("y", y), key=lambda pair: pair[1])
    for name in "xy":
        grads[name] += dout * winner[1]
    grads[winner[0]] += dout * (x + y)
    return [np.float64(g) for g in grads.values()]


def svm_loss__loops(W, X, y, reg):
    loss, dW = 0.0, np.zeros(W.shape)
    for n in range(len(X)):
        scores = [float(np.dot(X[n], W[:, j])) for j in range(W.shape[1])]
        for j in range(W.shape[1]):
            margin = scores[j] - scores[y[n]] + 1
            if j != y[n] and margin > 0:
                loss += margin / len(X)
                dW[:, j] += X[n] / len(X)
                dW[:, y[n]] -= X[n] / len(X)
    for d in range(W.shape[0]):
        for j in range(W.shape[1]):
            loss += reg * float(W[d, j]) ** 2 / 2
            dW[d, j] += reg * W[d, j]
    return loss, dW


def svm_loss__one_hot_einsum(W, X, y, reg):
    N, C = len(X), W.shape[1]
    target = np.eye(C)[y]
    scores = np.einsum("nd,dc->nc", X, W)
    raw = scores - np.einsum("nc,nc->n", scores, target)[:, None] + 1 - target
    on = (raw > 0).astype(float)
    ds = on - target * on.sum(axis=1, keepdims=True)
    return np.einsum("nc,nc->", on, raw) / N + reg / 2 * np.einsum("dc,dc->", W, W), np.einsum("nd,nc->dc", X, ds) / N + reg * W


def svm_loss__difference_vectors(W, X, y, reg):
    # A margin is linear in W: 1 + <W, x ⊗ (e_j - e_y)>. The gradient is the sum of those x ⊗ (e_j - e_y) that count.
    N, (D, C) = X.shape[0], W.shape
    flat = W.reshape(-1)
    rows = [np.outer(X[n], np.eye(C)[j] - np.eye(C)[y[n]]).ravel() for n in range(N) for j in range(C) if j != y[n]]
    A = np.array(rows)
    slack = A @ flat + 1
    keep = slack > 0
    return slack[keep].sum() / N + 0.5 * reg * (flat @ flat), (keep @ A / N + reg * flat).reshape(D, C)


def svm_loss__float32_class_by_class(W, X, y, reg):
    W, X = W.astype(np.float32), X.astype(np.float32)
    N = np.float32(len(X))
    right = (X * W[:, y].T).sum(axis=1)
    loss, dW = np.float32(0), np.zeros(W.shape, np.float32)
    for c in range(W.shape[1]):
        m = np.where(y == c, 0, np.clip(X @ W[:, c] - right + 1, 0, None))
        loss += m.sum() / N
        for n in np.flatnonzero(m):
            dW[:, c] += X[n] / N
            dW[:, y[n]] -= X[n] / N
    return loss + np.float32(0.5 * reg) * np.sum(W ** 2), dW + np.float32(reg) * W


def two_layer_loss__loops(X, y, W1, b1, W2, b2, reg):
    # One item at a time, plain loops; the averages are taken at the end.
    N, H, C = len(X), len(b1), len(b2)
    g = {"W1": np.zeros(W1.shape), "b1": np.zeros(H), "W2": np.zeros(W2.shape), "b2": np.zeros(C)}
    total = 0.0
    for n in range(N):
        z = [float(b1[k]) + float(np.dot(X[n], W1[:, k])) for k in range(H)]
        h = [max(0.0, v) for v in z]
        s = [float(b2[c]) + sum(h[k] * float(W2[k, c]) for k in range(H)) for c in range(C)]
        top = max(s)
        norm = sum(np.exp(v - top) for v in s)
        total += np.log(norm) + top - s[y[n]]
        for c in range(C):
            d = np.exp(s[c] - top) / norm - (c == y[n])
            g["b2"][c] += d
            for k in range(H):
                g["W2"][k, c] += d * h[k]
                if z[k] > 0:
                    g["b1"][k] += d * W2[k, c]
                    g["W1"][:, k] += d * W2[k, c] * X[n]
    g = {name: v / N for name, v in g.items()}
    g["W1"], g["W2"] = g["W1"] + reg * W1, g["W2"] + reg * W2
    return total / N + 0.5 * reg * ((W1 ** 2).sum() + (W2 ** 2).sum()), g


def two_layer_loss__bias_as_weight(X, y, W1, b1, W2, b2, reg):
    # A column of ones turns each bias into one more row of weights.
    N = X.shape[0]
    one = np.ones((N, 1))
    A, B = np.vstack([W1, b1]), np.vstack([W2, b2])
    X1 = np.hstack([X, one])
    Z = X1 @ A
    H1 = np.hstack([Z.clip(min=0), one])
    S = H1 @ B
    L = S - np.logaddexp.reduce(S, axis=1, keepdims=True)
    T = np.eye(S.shape[1])[y]
    dS = (np.exp(L) - T) / N
    dB = H1.T @ dS
    dA = X1.T @ ((dS @ B.T)[:, :-1] * np.heaviside(Z, 0))
    dA[:-1] += reg * W1
    dB[:-1] += reg * W2
    loss = -np.vdot(T, L) / N + reg / 2 * (np.vdot(W1, W1) + np.vdot(W2, W2))
    return loss, {"W1": dA[:-1], "b1": dA[-1], "W2": dB[:-1], "b2": dB[-1]}


def two_layer_loss__scipy_einsum(X, y, W1, b1, W2, b2, reg):
    from scipy.special import log_softmax, softmax

    N = len(y)
    pre = np.einsum("nd,dh->nh", X, W1) + b1
    h = np.where(pre > 0, pre, 0)
    s = np.einsum("nh,hc->nc", h, W2) + b2
    d = softmax(s, axis=1)
    np.subtract.at(d, (np.arange(N), y), 1)
    dh = np.einsum("nc,hc->nh", d, W2)
    dh[pre <= 0] = 0
    grads = dict(
        W1=np.einsum("nd,nh->dh", X, dh) / N + reg * W1,
        b1=np.einsum("nh->h", dh) / N,
        W2=np.einsum("nh,nc->hc", h, d) / N + reg * W2,
        b2=np.einsum("nc->c", d) / N,
    )
    penalty = reg * (np.linalg.norm(W1) ** 2 + np.linalg.norm(W2) ** 2) / 2
    return [-np.mean(np.take_along_axis(log_softmax(s, axis=1), y[:, None], axis=1)) + penalty, grads]


def two_layer_loss__float32_in_halves(X, y, W1, b1, W2, b2, reg):
    # The batch in two parts, whose sums are added: the order of summation differs, the result does not.
    X, W1, b1, W2, b2 = (a.astype(np.float32) for a in (X, W1, b1, W2, b2))
    N = len(X)
    loss = 0.5 * reg * ((W1 * W1).sum() + (W2 * W2).sum())
    g = {"b2": 0 * b2, "W2": reg * W2, "b1": 0 * b1, "W1": reg * W1}
    for part in (slice(N // 2, N), slice(0, N // 2)):
        x, t = X[part], y[part]
        if not len(t):
            continue
        z = x @ W1 + b1
        s = np.maximum(z, 0) @ W2 + b2
        s = s - s.max(axis=1)[:, None]
        p = np.exp(s) / np.exp(s).sum(axis=1)[:, None]
        loss = loss - np.sum(s[np.arange(len(t)), t] - np.log(np.exp(s).sum(axis=1))) / N
        p[np.arange(len(t)), t] -= 1
        back = (p / N) @ W2.T * (z > 0)
        g["W2"] = g["W2"] + np.maximum(z, 0).T @ p / N
        g["b2"] = g["b2"] + p.sum(axis=0) / N
        g["W1"] = g["W1"] + x.T @ back
        g["b1"] = g["b1"] + back.sum(axis=0)
    return loss, g


def which_pass__list():
    return ["C", "A"]


def which_pass__text():
    return "a, c"


def which_pass__by_elimination():
    return {"A", "B", "C"} - {"B"}
