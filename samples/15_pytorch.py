"""Right answers to 15_pytorch, each written in another way (see course_lib/grading/answers.py)."""

import numpy as np


def predict_state__numbers():
    return (10, 3, 5, 5), 760, (4, 2560), 11004


def predict_state__worked_in_the_answer():
    side = (32 + 2 + 2 - 4) / 2
    conv = 10 * 3 * 5 * 5 + 10
    linear = (4, 10 * side * side)
    return [[10, 3, 5, 5], conv, linear, conv + linear[0] * linear[1] + 4]


def predict_state__arrays():
    conv, linear = np.array([10, 3, 5, 5]), np.array([4.0, 2560.0])
    return conv, np.prod(conv) + conv[0], linear, np.prod(conv) + conv[0] + np.prod(linear) + linear[0]


def from_keras__einsum(kernel, dense, maps):
    OH, OW, K = maps
    by_place = dense.reshape(OH, OW, K, dense.shape[1])
    return np.einsum("uvck->kcuv", kernel), np.einsum("ijkm->mkij", by_place).reshape(dense.shape[1], -1)


def from_keras__an_index_for_each_column(kernel, dense, maps):
    # Number Keras' rows, and see where channels first puts these numbers.
    numbers = np.arange(len(dense)).reshape(maps)
    order = np.moveaxis(numbers, -1, 0).ravel()
    return np.moveaxis(kernel, (3, 2), (0, 1)), dense[order].T


def from_keras__loops(kernel, dense, maps):
    OH, OW, K = maps
    conv = [[kernel[:, :, c, k] for c in range(kernel.shape[2])] for k in range(K)]
    columns = [dense[(i * OW + j) * K + k] for k in range(K) for i in range(OH) for j in range(OW)]
    return conv, np.stack(columns, axis=1).astype(np.float32)


def from_keras__map_by_map(kernel, dense, maps):
    # Every K-th row belongs to one map.
    K = maps[2]
    blocks = [dense[k::K] for k in range(K)]
    return np.stack([np.rollaxis(kernel[..., k], 2) for k in range(K)]), np.vstack(blocks).T


def same_padding__ceil(size, kernel, stride=1, dilation=1):
    out = int(np.ceil(size / stride))
    total = max(0, stride * (out - 1) + dilation * (kernel - 1) + 1 - size)
    return out, total // 2, int(np.ceil(total / 2))


def same_padding__try_more_and_more(size, kernel, stride=1, dilation=1):
    # As many windows as starts; zeros are added until they fit.
    out = len(range(0, size, stride))
    total = 0
    while (size + total - dilation * (kernel - 1) - 1) // stride + 1 < out:
        total += 1
    return [out, total - (total + 1) // 2, (total + 1) // 2]


def same_padding__documented_rule(size, kernel, stride=1, dilation=1):
    # TensorFlow's own words: by the remainder of the size.
    extent = kernel + (kernel - 1) * (dilation - 1)
    rest = size % stride
    total = max(extent - (stride if rest == 0 else rest), 0)
    return float((size + stride - 1) // stride), float(total >> 1), float(total - (total >> 1))


def same_padding__last_window(size, kernel, stride=1, dilation=1):
    starts = np.arange(0, size, stride)
    last = starts[-1] + dilation * (kernel - 1)  # the last number of the last window, counted without padding
    beyond = np.maximum(last - (size - 1), 0)
    return np.array(len(starts)), beyond - (beyond + 1) // 2, (beyond + 1) // 2


def torch_step__penalty_as_another_gradient(params, grads, state, *, lr, momentum=0.0, dampening=0.0, lam=0.0):
    # The penalty's gradient is laid beside those of the calls, then all are added.
    out, memory = dict(params), {}
    for name in params:
        parts = [g[name] for g in grads]
        if "weight" in name:
            parts.append(2 * lam * params[name])
        g = np.sum(parts, axis=0)
        if momentum and name in state:
            memory[name] = state[name] * momentum + g - dampening * g
        else:
            memory[name] = g
        out[name] = params[name] - lr * memory[name]
    return out, memory


def torch_step__two_groups(params, grads, state, *, lr, momentum=0.0, dampening=0.0, lam=0.0):
    def group(names, weight_decay):
        for name in names:
            total = np.zeros(np.shape(params[name]))
            for g in grads:
                total = total + g[name]
            total = total + weight_decay * params[name]
            old = state.get("velocities", {}).get(name)
            v = total if old is None or momentum == 0 else momentum * old + (1 - dampening) * total
            yield name, params[name] - lr * v, v

    rows = [*group([n for n in params if n[-4:] == "bias"], 0), *group([n for n in params if n[-4:] != "bias"], lam + lam)]
    new = {name: w for name, w, _ in rows}
    return {name: new[name] for name in params}, {"velocities": {name: v for name, _, v in rows}}


def torch_step__one_long_vector(params, grads, state, *, lr, momentum=0.0, dampening=0.0, lam=0.0):
    # All parameters in one row, with a row of factors beside it.
    names = list(params)
    flat = lambda d: np.concatenate([np.ravel(d[n]).astype(float) for n in names])
    factor = np.concatenate([np.full(np.size(params[n]), 2 * lam if n.endswith("weight") else 0.0) for n in names])
    w = flat(params)
    g = np.array([flat(one) for one in grads]).sum(axis=0) + factor * w
    v = momentum * state["v"] + (1 - dampening) * g if state and momentum > 0 else g
    w, new, start = w - lr * v, {}, 0
    for n in names:
        size = np.size(params[n])
        new[n] = w[start:start + size].reshape(np.shape(params[n]))
        start += size
    return new, {"v": v}


def torch_step__increments(params, grads, state, *, lr, momentum=0.0, dampening=0.0, lam=0.0):
    # Lecture C's form: the increment Δw is remembered, for w ← w - Δw.
    new = {}
    increments = {}
    for name, w in params.items():
        g = sum((one[name] for one in grads), start=(2 * lam if name.split(".")[-1] == "weight" else 0) * np.asarray(w, float))
        delta = lr * g
        if momentum > 0 and state:
            delta = (1 - dampening) * lr * g + momentum * state[name]
        increments[name] = delta
        new[name] = w - delta
    return new, increments


def conv_forward__windows(ctx, x, w, stride):
    patches = np.lib.stride_tricks.sliding_window_view(x, len(w), axis=1)[:, ::stride]
    ctx.save_for_backward(patches, x, w)
    ctx.step = stride
    return patches @ w


def conv_backward__windows(ctx, dout):
    patches, x, w = ctx.saved_tensors
    dx = np.zeros(x.shape)
    for i in range(dout.shape[1]):
        dx[:, i * ctx.step:i * ctx.step + len(w)] += dout[:, i:i + 1] * w
    return dx, np.einsum("nif,ni->f", patches, dout), None


def conv_forward__matrix(ctx, x, w, stride):
    # The layer as a matrix: W × OW, a column for each window.
    W, F = x.shape[1], len(w)
    starts = range(0, W - F + 1, stride)
    T = np.zeros((W, len(starts)))
    for i, s in enumerate(starts):
        T[s:s + F, i] = w
    ctx.save_for_backward(x, w, T)
    ctx.stride = stride
    return x @ T


def conv_backward__matrix(ctx, dout):
    x, w, T = ctx.saved_tensors
    dT = x.T @ dout
    dw = sum(dT[i * ctx.stride:i * ctx.stride + len(w), i] for i in range(T.shape[1]))
    return [dout @ T.T, dw, None]


def conv_forward__number_by_number(ctx, x, w, stride):
    ctx.save_for_backward(x, w)
    ctx.options = {"stride": stride}
    OW = (x.shape[1] - len(w)) // stride + 1
    return np.array([[float(np.dot(row[i * stride:i * stride + len(w)], w)) for i in range(OW)] for row in x])


def conv_backward__number_by_number(ctx, dout):
    x, w = ctx.saved_tensors
    S = ctx.options["stride"]
    dx, dw = np.zeros_like(x, dtype=float), np.zeros(len(w))
    for n in range(dout.shape[0]):
        for i in range(dout.shape[1]):
            for j in range(len(w)):
                dx[n, S * i + j] += w[j] * dout[n, i]
                dw[j] += x[n, S * i + j] * dout[n, i]
    return dx, dw, None


def conv_forward__zero_stuffing(ctx, x, w, stride):
    ctx.save_for_backward(x, w)
    ctx.stride = stride
    return np.array([np.correlate(row, w, mode="valid")[::stride] for row in x.astype(np.float64)])


def conv_backward__zero_stuffing(ctx, dout):
    # Zeros between the numbers of dout; then the full convolution, and a correlation for dw.
    x, w = ctx.saved_tensors
    N, W = x.shape
    stuffed = np.zeros((N, W - len(w) + 1))
    stuffed[:, ::ctx.stride] = dout
    dx = np.stack([np.convolve(row, w) for row in stuffed])
    dw = sum(np.correlate(a.astype(float), b, mode="valid") for a, b in zip(x, stuffed))
    return dx, dw, None


def which_pass__set():
    return {"C", "B"}


def which_pass__text():
    return "b, c"


def which_pass__by_running():
    # Each version's first step, written out: only A's gradient differs.
    passing = []
    for letter, gradient_is_right in (("A", False), ("B", True), ("C", True)):
        if gradient_is_right:
            passing.append(letter)
    return passing
