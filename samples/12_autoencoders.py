"""Right answers to 12_autoencoders, each written in another way (see course_lib/grading/answers.py)."""

import numpy as np


def pca__covariance(X, k):
    # The eigenvectors of the covariance, which eigh sorts upwards.
    X = np.asarray(X, dtype=float)
    mean = np.mean(X, axis=0)
    values, vectors = np.linalg.eigh(np.cov(X, rowvar=False))
    components = vectors[:, np.argsort(values)[::-1][:k]].T
    codes = (X - mean) @ components.T
    return mean, components, codes, codes @ components + mean


def pca__power_iteration(X, k):
    # One direction after the other: the largest, then the largest of what is left.
    mean = X.sum(axis=0) / len(X)
    left = X - mean
    components = []
    for _ in range(k):
        scatter = left.T @ left
        v = np.ones(X.shape[1]) + 0.1 * np.arange(X.shape[1])
        for _ in range(400):
            v = scatter @ v
            v = v / np.sqrt(v @ v)
        components.append(v)
        left = left - np.outer(left @ v, v)
    components = np.array(components)
    codes = np.array([[(x - mean) @ c for c in components] for x in X])
    return mean, components, codes, X - left


def pca__singular_values(X, k):
    # Codes as U·S, and the other sign.
    mean = X.mean(0)
    U, S, Vt = np.linalg.svd(X - mean)
    codes = -U[:, :k] * S[:k]
    return [mean, -Vt[:k], codes, mean - codes @ Vt[:k]]


def pca__gram_matrix(X, k):
    # From the inner products of the examples, of which there are N by N.
    mean = X.mean(axis=0)
    C = X - mean
    values, U = np.linalg.eigh(C @ C.T)
    values, U = values[::-1][:k], U[:, ::-1][:, :k]
    components = (U / np.sqrt(values)).T @ C
    return mean, components, U * np.sqrt(values), mean + U @ (U.T @ C)


def forward__loop_over_layers(X, params):
    a, steps = X, []
    for n in (1, 2, 3, 4):
        a = a @ params[f"W{n}"] + params[f"b{n}"]
        if n % 2:
            a = a * (a > 0)
        steps.append(a)
    return tuple(steps)


def forward__example_by_example(X, params):
    def layer(x, W, b, gate):
        out = []
        for j in range(W.shape[1]):
            total = float(b[j])
            for i in range(W.shape[0]):
                total += x[i] * W[i, j]
            out.append(max(total, 0.0) if gate else total)
        return out

    rows = []
    for x in X:
        h1 = layer(x, params["W1"], params["b1"], True)
        code = layer(h1, params["W2"], params["b2"], False)
        h2 = layer(code, params["W3"], params["b3"], True)
        rows.append((h1, code, h2, layer(h2, params["W4"], params["b4"], False)))
    return [np.array(part) for part in zip(*rows)]


def forward__column_of_ones(X, params):
    def affine(a, n):
        W = np.vstack([params[f"W{n}"], params[f"b{n}"][None]])
        return np.hstack([a, np.ones((len(a), 1))]) @ W

    h1 = affine(X, 1).clip(min=0)
    code = affine(h1, 2)
    h2 = np.where(affine(code, 3) > 0, affine(code, 3), 0)
    return h1, code, h2, affine(h2, 4)


def forward__float32(X, params):
    p = {name: np.asarray(v, dtype=np.float32) for name, v in params.items()}
    h1 = np.maximum(np.float32(0), X.astype(np.float32) @ p["W1"] + p["b1"])
    code = np.einsum("nh,hk->nk", h1, p["W2"]) + p["b2"]
    h2 = np.maximum(np.float32(0), code.dot(p["W3"]) + p["b3"])
    return h1, code, h2, h2.dot(p["W4"]) + p["b4"]


def autoencoder_gradients__loop_over_layers(X, params):
    a, gates = [X], []
    for n in (1, 2, 3, 4):
        z = a[-1] @ params[f"W{n}"] + params[f"b{n}"]
        gates.append(z > 0 if n in (1, 3) else np.ones(z.shape))
        a.append(z * gates[-1])
    d = a[-1] - X
    loss = np.mean(d * d)
    d = d * (2 / X.size)
    grads = {}
    for n in (4, 3, 2, 1):
        d = d * gates[n - 1]
        grads[f"W{n}"] = a[n - 1].T @ d
        grads[f"b{n}"] = d.sum(axis=0)
        d = d @ params[f"W{n}"].T
    return loss, grads


def autoencoder_gradients__example_by_example(X, params):
    N, D = X.shape
    loss, grads = 0.0, {name: np.zeros(v.shape) for name, v in params.items()}
    for x in X:
        h1 = np.maximum(0, x @ params["W1"] + params["b1"])
        code = h1 @ params["W2"] + params["b2"]
        h2 = np.maximum(0, code @ params["W3"] + params["b3"])
        error = h2 @ params["W4"] + params["b4"] - x
        loss += error @ error / D / N
        d = 2 * error / D / N
        grads["W4"] += np.outer(h2, d)
        grads["b4"] += d
        d = np.where(h2 > 0, params["W4"] @ d, 0)
        grads["W3"] += np.outer(code, d)
        grads["b3"] += d
        d = params["W3"] @ d
        grads["W2"] += np.outer(h1, d)
        grads["b2"] += d
        d = np.where(h1 > 0, params["W2"] @ d, 0)
        grads["W1"] += np.outer(x, d)
        grads["b1"] += d
    return loss, grads


def autoencoder_gradients__einsum(X, params):
    p = {name: np.asarray(v, dtype=float) for name, v in params.items()}
    h1 = np.maximum(0, np.einsum("nd,dh->nh", X, p["W1"]) + p["b1"])
    code = np.einsum("nh,hk->nk", h1, p["W2"]) + p["b2"]
    h2 = np.maximum(0, np.einsum("nk,kh->nh", code, p["W3"]) + p["b3"])
    out = np.einsum("nh,hd->nd", h2, p["W4"]) + p["b4"]
    d4 = 2 * (out - X) / np.prod(X.shape)
    d3 = np.einsum("nd,hd,nh->nh", d4, p["W4"], 1.0 * (h2 > 0))
    d2 = np.einsum("nh,kh->nk", d3, p["W3"])
    d1 = np.einsum("nk,hk,nh->nh", d2, p["W2"], 1.0 * (h1 > 0))
    grads = {"b1": d1.sum(0), "b2": d2.sum(0), "b3": d3.sum(0), "b4": d4.sum(0)}
    for n, (a, d) in enumerate([(X, d1), (h1, d2), (code, d3), (h2, d4)], start=1):
        grads[f"W{n}"] = np.einsum("ni,nj->ij", a, d)
    return np.square(out - X).mean(), grads


def autoencoder_gradients__float32(X, params):
    p = {name: np.asarray(v, dtype=np.float32) for name, v in params.items()}
    x = X.astype(np.float32)
    h1 = np.maximum(x @ p["W1"] + p["b1"], np.float32(0))
    code = h1 @ p["W2"] + p["b2"]
    h2 = np.maximum(code @ p["W3"] + p["b3"], np.float32(0))
    diff = h2 @ p["W4"] + p["b4"] - x
    d4 = diff * np.float32(2 / diff.size)
    d3 = (d4 @ p["W4"].T) * np.sign(h2)
    d2 = d3 @ p["W3"].T
    d1 = (d2 @ p["W2"].T) * np.sign(h1)
    pairs = ((x, d1), (h1, d2), (code, d3), (h2, d4))
    grads = {f"W{n}": a.T @ d for n, (a, d) in enumerate(pairs, 1)} | {f"b{n}": d.sum(axis=0) for n, (_, d) in enumerate(pairs, 1)}
    return float(np.mean(diff.astype(np.float64) ** 2)), grads


def predict_sizes__numbers():
    return 196, 292, 14, 520


def predict_sizes__worked_in_the_answer():
    small = 28 / 2 / 2
    return [4 * small**2, 4 * (8 * 9 + 1), 2 * small, 8 * (4 * 16 + 1)]


def predict_sizes__arrays():
    sides = np.array([28, 14, 7])
    return np.prod([4, sides[-1], sides[-1]]), np.ones((4, 8, 3, 3)).size + 4, sides[1], np.ones((4, 8, 4, 4)).size + 8


def upsample_backward__reshape(dout, scale):
    N, C, OH, OW = dout.shape
    return dout.reshape(N, C, OH // scale[0], scale[0], OW // scale[1], scale[1]).sum(axis=(3, 5))


def upsample_backward__pixel_by_pixel(dout, scale):
    N, C, OH, OW = dout.shape
    dx = np.zeros((N, C, OH // scale[0], OW // scale[1]))
    for n in range(N):
        for c in range(C):
            for i in range(OH):
                for j in range(OW):
                    dx[n, c, i // scale[0], j // scale[1]] += dout[n, c, i, j]
    return dx


def upsample_backward__one_slice_for_each_copy(dout, scale):
    return sum(dout[:, :, p :: scale[0], q :: scale[1]] for p in range(scale[0]) for q in range(scale[1]))


def upsample_backward__matrices(dout, scale):
    # Upsampling is a product with a matrix on each side; so is its transpose.
    rows = np.kron(np.eye(dout.shape[2] // scale[0]), np.ones((1, scale[0])))
    columns = np.kron(np.eye(dout.shape[3] // scale[1]), np.ones((1, scale[1])))
    return np.einsum("ia,ncab,jb->ncij", rows, dout, columns)


def precision_at_k__all_distances(codes, y, k):
    squared = ((codes[:, None] - codes[None]) ** 2).sum(axis=-1).astype(float)
    np.fill_diagonal(squared, np.inf)
    nearest = np.argsort(squared, axis=1, kind="stable")[:, :k]
    return (y[nearest] == y[:, None]).mean(axis=1)


def precision_at_k__sorted_pairs(codes, y, k):
    shares = []
    for n in range(len(codes)):
        pairs = sorted((sum((a - b) ** 2 for a, b in zip(codes[m], codes[n])), m) for m in range(len(codes)) if m != n)
        shares.append(sum(1 for _, m in pairs[:k] if y[m] == y[n]) / k)
    return shares


def precision_at_k__one_product(codes, y, k):
    # |a - b|² = |a|² + |b|² - 2ab; of equal distances the lower number: lexsort.
    codes = codes.astype(float)
    lengths = (codes * codes).sum(axis=1)
    squared = lengths[:, None] + lengths - 2 * codes @ codes.T
    hits = np.zeros(len(codes))
    for n in range(len(codes)):
        squared[n, n] = np.inf
        order = np.lexsort((np.arange(len(codes)), np.round(squared[n], 9)))
        hits[n] = np.count_nonzero(y[order[:k]] == y[n])
    return hits / k


def precision_at_k__one_after_the_other(codes, y, k):
    # k times: take the nearest that is left.
    shares = np.zeros(len(codes))
    for n, code in enumerate(codes):
        d = np.sqrt(np.sum((codes - code) ** 2.0, axis=1))
        d[n] = np.inf
        for _ in range(k):
            m = int(np.argmin(d))
            shares[n] += float(y[m] == y[n]) / k
            d[m] = np.inf
    return shares


def which_pass__list():
    return ["A", "C"]


def which_pass__text():
    return "A, C"


def which_pass__worked_in_the_answer():
    takes_away = {"A": "mean", "B": "mean", "C": "nothing"}
    adds = {"A": "mean", "B": "nothing", "C": "nothing"}
    return {letter for letter in "ABC" if takes_away[letter] == adds[letter]}
