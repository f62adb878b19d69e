"""Right answers to 08_pooling_and_softmax, each written in another way (see course_lib/grading/answers.py)."""

import numpy as np


def predict_pool__lists():
    return [[7, 8], [7, 8]], [[0, 0, 0, 0], [0, 0, 1.7, 0.6], [0, 0, 0, 0], [0, 0, 0, 0]], [6, 14, 14], 0


def predict_pool__places_filled_in():
    dx = np.zeros((4, 4))
    dx[1, 2] = 1.3 + 0.4
    dx[1, 3] = 0.5 + 0.1
    return np.array([[7.0, 8], [7, 8]]), dx, (6, (28 - 2) // 2 + 1, 28 / 2), 0


def predict_pool__one_gradient_at_a_time():
    image = [[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]
    dx = [[0.0] * 4 for _ in range(4)]
    out = [[0, 0], [0, 0]]
    for (i, j), g in {(0, 0): 1.3, (0, 1): 0.5, (1, 0): 0.4, (1, 1): 0.1}.items():
        out[i][j], r, c = max((image[r][c], r, c) for r in range(i, i + 3) for c in range(j, j + 3))
        dx[r][c] += g
    return [out, dx, np.array([6, 14, 14]), 0.0]


def max_pool_forward__windows_view(x, size, stride, pad=0):
    padded = np.pad(np.asarray(x, dtype=float), ((0, 0), (0, 0), (pad, pad), (pad, pad)), constant_values=-np.inf)
    seen = np.lib.stride_tricks.sliding_window_view(padded, size, axis=(2, 3))
    return seen[:, :, ::stride, ::stride].max(axis=(-1, -2))


def max_pool_forward__edge_repeated(x, size, stride, pad=0):
    # A window that reaches beyond the edge holds the edge pixel too: a copy of it never changes the maximum.
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="edge")
    (FH, FW), (H, W) = size, padded.shape[2:]
    rows = [padded[:, :, t:t + FH].max(axis=2) for t in range(0, H - FH + 1, stride)]
    tall = np.stack(rows, axis=2)
    return np.stack([tall[..., s:s + FW].max(axis=3) for s in range(0, W - FW + 1, stride)], axis=3)


def max_pool_forward__pixel_by_pixel(x, size, stride, pad=0):
    N, C, H, W = x.shape
    OH, OW = [(n + 2 * pad - f) // stride + 1 for n, f in zip((H, W), size)]
    out = np.full((N, C, OH, OW), -np.inf)
    for n, c, i, j in np.ndindex(N, C, OH, OW):
        for u in range(size[0]):
            for v in range(size[1]):
                r, s = stride * i + u - pad, stride * j + v - pad
                if 0 <= r < H and 0 <= s < W and x[n, c, r, s] > out[n, c, i, j]:
                    out[n, c, i, j] = x[n, c, r, s]
    return out.astype(np.float32)


def max_pool_forward__places(x, size, stride, pad=0):
    padded = np.pad(x * 1.0, [(0, 0)] * 2 + [(pad, pad)] * 2, constant_values=x.min() - 1.0)
    OH, OW = [(n - f) // stride + 1 for n, f in zip(padded.shape[2:], size)]
    reach = [stride * (o - 1) + 1 for o in (OH, OW)]
    places = [padded[:, :, u:u + reach[0]:stride, v:v + reach[1]:stride] for u in range(size[0]) for v in range(size[1])]
    return np.maximum.reduce(places)


def max_pool_backward__search_by_hand(dout, x, size, stride, pad=0):
    N, C, H, W = x.shape
    dx = np.zeros((N, C, H, W))
    for n, c, i, j in np.ndindex(*dout.shape):
        best = None
        for r in range(max(0, stride * i - pad), min(H, stride * i - pad + size[0])):
            for s in range(max(0, stride * j - pad), min(W, stride * j - pad + size[1])):
                if best is None or x[n, c, r, s] > x[n, c, best[0], best[1]]:
                    best = r, s
        dx[n, c, best[0], best[1]] += dout[n, c, i, j]
    return dx


def max_pool_backward__scatter_with_bincount(dout, x, size, stride, pad=0):
    number = np.arange(x.size).reshape(x.shape)
    sides = [(0, 0)] * 2 + [(pad, pad)] * 2
    view = np.lib.stride_tricks.sliding_window_view
    seen = view(np.pad(x * 1.0, sides, constant_values=-np.inf), size, axis=(2, 3))[:, :, ::stride, ::stride]
    where = view(np.pad(number, sides), size, axis=(2, 3))[:, :, ::stride, ::stride]
    k = seen.reshape(*dout.shape, -1).argmax(axis=-1)
    winners = np.take_along_axis(where.reshape(*dout.shape, -1), k[..., None], axis=-1)
    return np.bincount(winners.ravel(), weights=np.ravel(dout) * 1.0, minlength=x.size).reshape(x.shape)


def max_pool_backward__masks_not_yet_taken(dout, x, size, stride, pad=0):
    (FH, FW), (OH, OW) = size, dout.shape[2:]
    padded = np.pad(x * 1.0, [(0, 0)] * 2 + [(pad, pad)] * 2, constant_values=-np.inf)
    slots = [(np.s_[..., u:u + stride * (OH - 1) + 1:stride, v:v + stride * (OW - 1) + 1:stride]) for u in range(FH) for v in range(FW)]
    top = np.maximum.reduce([padded[s] for s in slots])
    dx, open_ = np.zeros(padded.shape, np.float32), np.ones(dout.shape, bool)
    for s in slots:  # row by row through the window: the first that equals the maximum takes the gradient
        takes = open_ & (padded[s] == top)
        dx[s] += np.where(takes, dout, 0)
        open_ &= ~takes
    return dx[..., pad:pad + x.shape[2], pad:pad + x.shape[3]]


def max_pool_backward__add_at(dout, x, size, stride, pad=0):
    dx = np.zeros((x.shape[0], x.shape[1], x.shape[2] + 2 * pad, x.shape[3] + 2 * pad))
    big = np.full(dx.shape, -np.inf)
    big[:, :, pad:pad + x.shape[2], pad:pad + x.shape[3]] = x
    n, c = np.ogrid[:x.shape[0], :x.shape[1]]
    for i, j in np.ndindex(*dout.shape[2:]):
        flat = big[:, :, stride * i:stride * i + size[0], stride * j:stride * j + size[1]].reshape(*x.shape[:2], -1)
        r, s = divmod(flat.argmax(axis=2), size[1])
        np.add.at(dx, (n, c, stride * i + r, stride * j + s), dout[:, :, i, j])
    return dx[:, :, pad:dx.shape[2] - pad, pad:dx.shape[3] - pad]


def avg_pool_backward__places(dout, x_shape, size, stride, pad=0):
    N, C, H, W = x_shape
    OH, OW = dout.shape[2:]
    full = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    for u in range(size[0]):
        for v in range(size[1]):
            full[:, :, u:u + stride * OH:stride, v:v + stride * OW:stride][:, :, :OH, :OW] += dout
    return full[:, :, pad:pad + H, pad:pad + W] / size[0] / size[1]


def avg_pool_backward__two_matrices(dout, x_shape, size, stride, pad=0):
    def share(n, f, outputs):
        M = np.zeros((outputs, n))
        for i in range(outputs):
            for r in range(f):
                if 0 <= stride * i + r - pad < n:
                    M[i, stride * i + r - pad] = 1 / f
        return M

    down, across = share(x_shape[2], size[0], dout.shape[2]), share(x_shape[3], size[1], dout.shape[3])
    return np.einsum("ih,ncij,jw->nchw", down, dout, across)


def avg_pool_backward__each_pixel_collects(dout, x_shape, size, stride, pad=0):
    dx = np.zeros(x_shape)
    for r, s in np.ndindex(*x_shape[2:]):
        rows = [i for i in range(dout.shape[2]) if 0 <= r + pad - stride * i < size[0]]
        columns = [j for j in range(dout.shape[3]) if 0 <= s + pad - stride * j < size[1]]
        if rows and columns:
            dx[:, :, r, s] = dout[:, :, rows][:, :, :, columns].sum(axis=(2, 3)) / np.prod(size)
    return dx


def conv_transpose__zeros_between_and_rotated(x, w, stride=1, pad=0):
    (N, C, H, W), (FH, FW) = x.shape, w.shape[2:]
    stuffed = np.zeros((N, C, stride * (H - 1) + 1, stride * (W - 1) + 1))
    stuffed[:, :, ::stride, ::stride] = x
    stuffed = np.pad(stuffed, ((0, 0), (0, 0), (FH - 1, FH - 1), (FW - 1, FW - 1)))
    seen = np.lib.stride_tricks.sliding_window_view(stuffed, (FH, FW), axis=(2, 3))
    out = np.einsum("ncijuv,ckuv->nkij", seen, w[:, :, ::-1, ::-1])
    return out[:, :, pad:out.shape[2] - pad, pad:out.shape[3] - pad]


def conv_transpose__weight_by_weight(x, w, stride=1, pad=0):
    (N, _, H, W), (_, K, FH, FW) = x.shape, w.shape
    out = np.zeros((N, K, stride * (H - 1) + FH, stride * (W - 1) + FW), np.float32)
    for u in range(FH):
        for v in range(FW):
            out[:, :, u:u + stride * (H - 1) + 1:stride, v:v + stride * (W - 1) + 1:stride] += np.tensordot(w[:, :, u, v], x, axes=(0, 1)).transpose(1, 0, 2, 3)
    return out[:, :, pad:out.shape[2] - pad, pad:out.shape[3] - pad]


def conv_transpose__each_output_collects(x, w, stride=1, pad=0):
    (N, _, H, W), (_, K, FH, FW) = x.shape, w.shape
    out = np.zeros((N, K, stride * (H - 1) + FH - 2 * pad, stride * (W - 1) + FW - 2 * pad))
    for r, s in np.ndindex(*out.shape[2:]):
        for i, j in np.ndindex(H, W):
            u, v = r + pad - stride * i, s + pad - stride * j
            if 0 <= u < FH and 0 <= v < FW:
                out[:, :, r, s] += x[:, :, i, j] @ w[:, :, u, v]
    return out


def conv_transpose__one_matrix(x, w, stride=1, pad=0):
    (N, C, H, W), (_, K, FH, FW) = x.shape, w.shape
    OH, OW = stride * (H - 1) + FH - 2 * pad, stride * (W - 1) + FW - 2 * pad
    M = np.zeros((C, H, W, K, OH, OW))
    for i, j, u, v in np.ndindex(H, W, FH, FW):
        r, s = stride * i + u - pad, stride * j + v - pad
        if 0 <= r < OH and 0 <= s < OW:
            M[:, i, j, :, r, s] += w[:, :, u, v]
    return (x.reshape(N, -1) @ M.reshape(C * H * W, -1)).reshape(N, K, OH, OW)


def softmax_cross_entropy__row_by_row(scores, y):
    from math import exp, log

    loss, rows = 0.0, []
    for s, k in zip(np.asarray(scores, dtype=float).tolist(), y):
        m = max(s)
        total = sum(exp(v - m) for v in s)
        loss += (m + log(total) - s[k]) / len(y)
        rows.append([(exp(v - m) / total - (c == k)) / len(y) for c, v in enumerate(s)])
    return loss, np.array(rows)


def softmax_cross_entropy__logaddexp(scores, y):
    log_p = scores - np.logaddexp.reduce(np.asarray(scores, dtype=float), axis=1, keepdims=True)
    onehot = np.eye(scores.shape[1])[y]
    return float(-np.sum(np.where(onehot == 1, log_p, 0)) / len(y)), (np.exp(log_p) - onehot) / len(y)


def softmax_cross_entropy__leads(scores, y):
    # -ln p of the right class from its distances to the others: ln sum_k exp(s_k - s_y)
    leads = scores - scores[np.arange(len(y)), y][:, None]
    top = leads.max(axis=1)
    losses = top + np.log(np.exp(leads - top[:, None]).sum(axis=1))
    d = np.exp(leads - losses[:, None])
    d[np.arange(len(y)), y] = np.expm1(-losses)
    return [np.mean(losses), d / len(y)]


def which_pass__set():
    return {"C", "B"}


def which_pass__text():
    return "b, c"


def which_pass__list():
    return ["B", "C"]
