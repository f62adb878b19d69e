"""Right answers to 07_conv_backward, each written in another way (see course_lib/grading/answers.py)."""

import numpy as np


def filter_gradient__four_loops(x, dz, filter_shape, stride=1):
    FH, FW = filter_shape
    dw = [[0.0] * FW for _ in range(FH)]
    for u in range(FH):
        for v in range(FW):
            for i in reversed(range(dz.shape[0])):
                for j in reversed(range(dz.shape[1])):
                    dw[u][v] += float(x[stride * i + u, stride * j + v]) * float(dz[i, j])
    return np.array(dw)


def filter_gradient__shifted_views(x, dz, filter_shape, stride=1):
    # For one weight: the pixels it met, taken with the stride, times all upstream gradients at once.
    OH, OW = dz.shape
    dw = np.empty(filter_shape)
    for u, v in np.ndindex(*filter_shape):
        met = x[u:u + stride * OH:stride, v:v + stride * OW:stride][:OH, :OW]
        dw[u, v] = np.vdot(met, dz)
    return dw


def filter_gradient__im2col(x, dz, filter_shape, stride=1):
    windows = np.lib.stride_tricks.sliding_window_view(x, filter_shape)[::stride, ::stride]
    columns = windows.reshape(dz.size, -1)
    return (dz.reshape(-1) @ columns).reshape(filter_shape)


def filter_gradient__dilated_correlation(x, dz, filter_shape, stride=1):
    from scipy.signal import correlate2d

    OH, OW = dz.shape
    dilated = np.zeros((stride * (OH - 1) + 1, stride * (OW - 1) + 1), np.float32)
    dilated[::stride, ::stride] = dz
    used = x[:len(dilated) + filter_shape[0] - 1, :dilated.shape[1] + filter_shape[1] - 1]
    return correlate2d(np.asarray(used, np.float32), dilated, mode="valid")


def input_gradient__scatter(dz, w, input_shape, stride=1):
    dx = np.zeros(input_shape)
    for (i, j), d in np.ndenumerate(dz):
        dx[stride * i:stride * i + w.shape[0], stride * j:stride * j + w.shape[1]] += d * w
    return dx


def input_gradient__full_convolution(dz, w, input_shape, stride=1):
    from scipy.signal import convolve2d

    OH, OW = dz.shape
    stuffed = np.zeros((stride * (OH - 1) + 1, stride * (OW - 1) + 1))
    stuffed[::stride, ::stride] = dz
    full = convolve2d(stuffed, w, mode="full")
    return np.pad(full, [(0, n - f) for n, f in zip(input_shape, full.shape)])


def input_gradient__question_each_pixel(dz, w, input_shape, stride=1):
    # "Which windows looked at this pixel, and with which weight?"
    dx = []
    for r in range(input_shape[0]):
        dx.append([])
        for c in range(input_shape[1]):
            total = 0.0
            for i in range(dz.shape[0]):
                for j in range(dz.shape[1]):
                    u, v = r - stride * i, c - stride * j
                    if 0 <= u < w.shape[0] and 0 <= v < w.shape[1]:
                        total += float(dz[i, j]) * float(w[u, v])
            dx[-1].append(total)
    return dx


def input_gradient__transposed_matrix(dz, w, input_shape, stride=1):
    # The layer as a matrix, one row for each window; backward is its transpose.
    H, W = input_shape
    rows = []
    for i in range(dz.shape[0]):
        for j in range(dz.shape[1]):
            picture = np.zeros((H, W), np.float32)
            picture[stride * i:stride * i + w.shape[0], stride * j:stride * j + w.shape[1]] = w
            rows.append(picture.ravel())
    return (np.stack(rows).T @ dz.astype(np.float32).ravel()).reshape(H, W)


def conv_sigmoid_backward__formula_loops(z, g, dh):
    a = 1 / (1 + np.exp(-z.astype(float)))  # warns of overflow for z = -1000, and is right
    dz, dg = np.zeros(z.shape), np.zeros(g.shape)
    for i, j in np.ndindex(*z.shape):
        total = 0.0
        for m, n in np.ndindex(*g.shape):
            total += g[m, n] * dh[i + m, j + n]
        dz[i, j] = total * a[i, j] * (1 - a[i, j])
    for m, n in np.ndindex(*g.shape):
        for y, x in np.ndindex(*dh.shape):
            if 0 <= y - m < z.shape[0] and 0 <= x - n < z.shape[1]:
                dg[m, n] += dh[y, x] * a[y - m, x - n]
    return dz, dg


def conv_sigmoid_backward__correlate(z, g, dh):
    from scipy.signal import correlate2d
    from scipy.special import expit

    a = expit(np.asarray(z, float))
    return correlate2d(dh, g, mode="valid") * a * (1 - a), correlate2d(dh, a, mode="valid")


def conv_sigmoid_backward__windows(z, g, dh):
    windows = np.lib.stride_tricks.sliding_window_view(dh, z.shape)  # (M, N, H, W)
    a = np.float32(0.5) + np.float32(0.5) * np.tanh(z.astype(np.float32) / 2)
    slope = 0.25 / np.cosh(np.clip(z, -500, 500) / 2) ** 2
    return np.tensordot(g, windows, 2) * slope, np.tensordot(windows, a, 2)


def conv_sigmoid_backward__flip_and_pad(z, g, dh):
    # h as a cross-correlation of the padded map with the rotated filter, and back through each of these steps.
    M, N = g.shape
    H, W = z.shape
    e = np.exp(-np.abs(z))
    a = np.where(z >= 0, 1, e) / (1 + e)
    padded = np.pad(a, ((M - 1, M - 1), (N - 1, N - 1)))
    rotated = g[::-1, ::-1]
    dpadded, drotated = np.zeros(padded.shape), np.zeros(g.shape)
    for y, x in np.ndindex(*dh.shape):
        dpadded[y:y + M, x:x + N] += dh[y, x] * rotated
        drotated += dh[y, x] * padded[y:y + M, x:x + N]
    da = dpadded[M - 1:M - 1 + H, N - 1:N - 1 + W]
    return [da * a * (1 - a), drotated[::-1, ::-1]]


def predict_shapes__worked_on_paper():
    return (2, 5, 4, 5), (2, 3, 7, 9), (5, 3, 3, 2), 1


def predict_shapes__lists_and_floats():
    return [[2, 5, 4, 5.0], [2, 3, 7, 9], [5, 3, 3, 2], 1.0]


def predict_shapes__by_arrays():
    rows = len(range(0, 7 + 2 - 3 + 1, 2))
    starts = list(range(0, 9 + 2 - 2 + 1, 2))
    x, w = np.zeros((2, 3, 7, 9)), np.zeros((5, 3, 3, 2))
    return (len(x), len(w), rows, len(starts)), x.shape, w.shape, 9 + 2 - (starts[-1] + 2)


def conv2d_backward__loops(dout, x, w, stride=1, pad=0):
    (N, C, H, W), (K, _, FH, FW) = x.shape, w.shape
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(K)
    for n in range(N):
        for k in range(K):
            for i in range(dout.shape[2]):
                for j in range(dout.shape[3]):
                    d = float(dout[n, k, i, j])
                    db[k] += d
                    for u in range(FH):
                        for v in range(FW):
                            r, c = stride * i + u - pad, stride * j + v - pad
                            if 0 <= r < H and 0 <= c < W:
                                dx[n, :, r, c] += d * w[k, :, u, v]
                                dw[k, :, u, v] += d * x[n, :, r, c]
    return dx, dw, db


def conv2d_backward__im2col(dout, x, w, stride=1, pad=0):
    (N, C, H, W), (K, _, FH, FW) = x.shape, w.shape
    OH, OW = dout.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    places = np.arange(padded.size).reshape(padded.shape)
    look = lambda a: np.lib.stride_tricks.sliding_window_view(a, (FH, FW), (2, 3))[:, :, ::stride, ::stride]  # noqa: E731
    order = (0, 2, 3, 1, 4, 5)
    columns = look(padded).transpose(order).reshape(N * OH * OW, -1)
    where = look(places).transpose(order).reshape(N * OH * OW, -1)
    d = dout.transpose(0, 2, 3, 1).reshape(-1, K)
    dw = (d.T @ columns).reshape(w.shape)
    spread = np.bincount(where.ravel(), (d @ w.reshape(K, -1)).ravel(), padded.size).reshape(padded.shape)
    return spread[:, :, pad:H + pad, pad:W + pad], dw, d.sum(0)


def conv2d_backward__one_weight_at_a_time(dout, x, w, stride=1, pad=0):
    (N, C, H, W), (K, _, FH, FW) = x.shape, w.shape
    OH, OW = dout.shape[2:]
    wide = np.zeros((N, C, H + 2 * pad, W + 2 * pad), np.float32)
    wide[:, :, pad:pad + H, pad:pad + W] = x
    spread, dw = np.zeros_like(wide), np.zeros(w.shape, np.float32)
    for u in range(FH):
        for v in range(FW):
            met = (slice(None), slice(None), slice(u, u + stride * (OH - 1) + 1, stride), slice(v, v + stride * (OW - 1) + 1, stride))
            dw[:, :, u, v] = np.tensordot(dout, wide[met], ((0, 2, 3), (0, 2, 3)))
            spread[met] += np.einsum("nkij,kc->ncij", dout, w[:, :, u, v])
    return spread[:, :, pad:pad + H, pad:pad + W], dw, np.einsum("nkij->k", dout)


def conv2d_backward__gather(dout, x, w, stride=1, pad=0):
    from scipy.signal import convolve2d, correlate2d

    (N, C, H, W), (K, _, FH, FW) = x.shape, w.shape
    OH, OW = dout.shape[2:]
    stuffed = np.zeros((N, K, stride * (OH - 1) + 1, stride * (OW - 1) + 1))
    stuffed[:, :, ::stride, ::stride] = dout
    h, v = stuffed.shape[2] + FH - 1, stuffed.shape[3] + FW - 1  # what the windows reach of the padded input
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    spread, dw = np.zeros(padded.shape), np.zeros(w.shape)
    for n in range(N):
        for k in range(K):
            for c in range(C):
                spread[n, c, :h, :v] += convolve2d(stuffed[n, k], w[k, c])
                dw[k, c] += correlate2d(padded[n, c, :h, :v], stuffed[n, k], mode="valid")
    return spread[:, :, pad:pad + H, pad:pad + W], dw, [dout[:, k].sum() for k in range(K)]


def which_pass__list():
    return ["C", "B"]


def which_pass__text():
    return "b, c"


def which_pass__by_what_each_needs():
    # What each version needs the check to try before its mistake shows.
    needs = {"A": "a filter that a rotation changes", "B": "a stride above 1", "C": "a padding other than 1"}
    tried = {"a filter that a rotation changes"}
    return tuple(version for version, need in needs.items() if need not in tried)
