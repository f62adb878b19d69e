"""Right answers to 06_convolution, each written in another way (see course_lib/grading/answers.py)."""

import numpy as np


def predict_layer__numbers():
    return 32, 10, 760, 19


def predict_layer__worked_in_the_answer():
    size = (32 - 5 + 2 * 2) / 1 + 1
    return [size, 10, 10 * (5 * 5 * 3 + 1), 0 * 1 + 1 * 3 + 2 * 1 + 2 * 2 + 2 * 2 + 0 * 3 + 0 * 0 + 1 * 2 + 2 * 2]


def predict_layer__array():
    return tuple(np.array([32.0, 10.0, 760.0, 19.0]))


def output_size__count_the_places(n, f, stride=1, pad=0):
    # Walk, and look whether the walk ends with the filter's end at the end of the padded input.
    ends = [start + f for start in range(0, n + 2 * pad - f + 1, stride)]
    if not ends or ends[-1] != n + 2 * pad:
        raise ValueError(f"{f} with stride {stride} does not fit {n} with padding {pad}")
    return len(ends)


def output_size__fraction(n, f, stride=1, pad=0):
    size = (n - f + 2 * pad) / stride + 1
    if size < 1 or not size.is_integer():
        raise ValueError(f"({n} - {f} + 2*{pad})/{stride} + 1 = {size:.2f} is no size")
    return size


def output_size__divmod(n, f, stride=1, pad=0):
    class DoesNotFit(ValueError):
        pass

    steps, rest = divmod(n + pad + pad - f, stride)
    if rest or steps < 0:
        raise DoesNotFit("stride", stride, "rest", rest)
    return np.int64(steps + 1)


def output_size__recursion(n, f, stride=1, pad=0):
    if pad:
        return output_size(n + 2 * pad, f, stride)
    if n == f:
        return 1
    if n < f:
        raise ValueError("nothing fits, or something is left over")
    return 1 + output_size(n - stride, f, stride)


def slide_both_ways__four_loops(image, kernel, stride=1, pad=0):
    H, W = image.shape
    FH, FW = kernel.shape
    rows, columns = range(-pad, H + pad - FH + 1, stride), range(-pad, W + pad - FW + 1, stride)
    correlation, convolution = [], []
    for top in rows:
        one, two = [], []
        for left in columns:
            a = b = 0.0
            for u in range(FH):
                for v in range(FW):
                    if 0 <= top + u < H and 0 <= left + v < W:  # outside lies the padding, zeros
                        a += float(image[top + u, left + v]) * float(kernel[u, v])
                        b += float(image[top + u, left + v]) * float(kernel[FH - 1 - u, FW - 1 - v])
            one.append(a)
            two.append(b)
        correlation.append(one)
        convolution.append(two)
    return correlation, convolution


def slide_both_ways__windows(image, kernel, stride=1, pad=0):
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, pad), kernel.shape)[::stride, ::stride]
    return np.einsum("ijuv,uv->ij", windows, kernel), np.tensordot(windows, np.rot90(kernel, 2), axes=2)


def slide_both_ways__shift_the_image(image, kernel, stride=1, pad=0):
    # One weight at a time: the whole image, shifted, times that weight; all places at stride 1, then every stride-th.
    H, W = (n + 2 * pad for n in image.shape)
    padded = np.zeros((H, W), np.float32)
    padded[pad:H - pad, pad:W - pad] = image
    FH, FW = kernel.shape
    OH, OW = H - FH + 1, W - FW + 1
    both = []
    for k in (kernel, np.flip(kernel)):
        total = np.zeros((OH, OW))
        for u, v in np.ndindex(FH, FW):
            total = total + k[u, v] * padded[u:u + OH, v:v + OW]
        both.append(total[::stride, ::stride])
    return both


def slide_both_ways__scatter(image, kernel, stride=1, pad=0):
    # The full convolution by stamping: every pixel lays down its copy of the filter; then the middle of it.
    (H, W), (FH, FW) = image.shape, kernel.shape
    out = []
    for k in (kernel[::-1, ::-1], kernel):
        full = np.zeros((H + 2 * pad + FH - 1, W + 2 * pad + FW - 1))
        for (r, c), v in np.ndenumerate(image):
            full[r + pad:r + pad + FH, c + pad:c + pad + FW] += v * k
        out.append(full[FH - 1:H + 2 * pad:stride, FW - 1:W + 2 * pad:stride])
    return tuple(out)


def slide_both_ways__scipy(image, kernel, stride=1, pad=0):
    from scipy.signal import convolve2d, correlate2d

    padded = np.pad(np.asarray(image, float), pad)
    return correlate2d(padded, kernel, mode="valid")[::stride, ::stride], convolve2d(padded, kernel, mode="valid")[::stride, ::stride]


def conv_matrix__cut_the_padding(theta, n, stride=1, pad=0):
    # First for the padded signal, where nothing has to be left out; then without the columns of the padding.
    wide = n + 2 * pad
    starts = range(0, wide - len(theta) + 1, stride)
    M = np.stack([np.concatenate([np.zeros(s), theta, np.zeros(wide - len(theta) - s)]) for s in starts])
    return M[:, pad:pad + n]


def conv_matrix__diagonals(theta, n, stride=1, pad=0):
    wide = n + 2 * pad
    square = sum(np.diag(np.full(wide - u, t, float), k=u) for u, t in enumerate(theta))
    return square[:wide - len(theta) + 1:stride, pad:wide - pad]


def conv_matrix__impulse_responses(theta, n, stride=1, pad=0):
    # A matrix is known by what it does to (1, 0, 0, ...), (0, 1, 0, ...), and so on: its columns.
    columns = []
    for e in np.eye(n, dtype=np.float32):
        padded = np.pad(e, pad)
        columns.append([padded[i:i + len(theta)] @ theta for i in range(0, len(padded) - len(theta) + 1, stride)])
    return np.array(columns).T


def conv_matrix__question_each_entry(theta, n, stride=1, pad=0):
    outputs = (n + 2 * pad - len(theta)) // stride + 1

    def entry(i, j):
        u = j + pad - stride * i
        return float(theta[u]) if 0 <= u < len(theta) else 0.0

    return [[entry(i, j) for j in range(n)] for i in range(outputs)]


def count_parameters__from_arrays(input_shape, output_shape, filter_shape, bias=False):
    # The arrays themselves, without their memory: np.broadcast_to of one number.
    C, K = input_shape[0], output_shape[0]
    window = (C, *filter_shape)
    size = lambda *shape: int(np.prod(shape, dtype=np.int64))  # noqa: E731
    full, local, shared = size(*output_shape, *input_shape), size(*output_shape, *window), size(K, *window)
    if bias:
        return full + size(*output_shape), local + size(*output_shape), shared + K
    return full, local, shared


def count_parameters__bias_as_an_input(input_shape, output_shape, filter_shape, bias=False):
    # A bias is the weight of one more input, which is always 1.
    from math import prod

    one = 1 if bias else 0
    seen = input_shape[0] * prod(filter_shape) + one
    return [(prod(input_shape) + one) * prod(output_shape), seen * prod(output_shape), seen * output_shape[0]]


def count_parameters__loop_over_maps(input_shape, output_shape, filter_shape, bias=False):
    C, H, W = input_shape
    full = local = shared = 0
    for _ in range(output_shape[0]):
        shared += C * filter_shape[0] * filter_shape[1] + int(bias)
        for _ in range(output_shape[1]):
            full += output_shape[2] * (C * H * W + int(bias))
            local += output_shape[2] * (C * filter_shape[0] * filter_shape[1] + int(bias))
    return float(full), float(local), float(shared)


def conv2d_forward__seven_loops(x, w, b, stride=1, pad=0, dilation=1, groups=1):
    (N, C, H, W), (K, CG, FH, FW) = x.shape, w.shape
    OH = (H + 2 * pad - dilation * (FH - 1) - 1) // stride + 1
    OW = (W + 2 * pad - dilation * (FW - 1) - 1) // stride + 1
    out = np.empty((N, K, OH, OW))
    for n, k, i, j in np.ndindex(out.shape):
        total = float(b[k])
        for c, u, v in np.ndindex(CG, FH, FW):
            r, s = stride * i + dilation * u - pad, stride * j + dilation * v - pad
            if 0 <= r < H and 0 <= s < W:
                total += float(w[k, c, u, v]) * float(x[n, k * groups // K * CG + c, r, s])
        out[n, k, i, j] = total
    return out


def conv2d_forward__im2col(x, w, b, stride=1, pad=0, dilation=1, groups=1):
    # All windows as the columns of a matrix, one matrix product for each group.
    (N, C, H, W), (K, CG, FH, FW) = x.shape, w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    OH = (padded.shape[2] - dilation * (FH - 1) - 1) // stride + 1
    OW = (padded.shape[3] - dilation * (FW - 1) - 1) // stride + 1
    rows = stride * np.arange(OH)[:, None] + dilation * np.arange(FH)  # (OH, FH)
    columns = stride * np.arange(OW)[:, None] + dilation * np.arange(FW)
    windows = padded[:, :, rows[:, None, :, None], columns[None, :, None, :]]  # (N, C, OH, OW, FH, FW)
    parts = []
    for g in range(groups):
        mine = windows[:, g * CG:(g + 1) * CG].transpose(1, 4, 5, 0, 2, 3).reshape(CG * FH * FW, -1)
        parts.append(w[g * K // groups:(g + 1) * K // groups].reshape(K // groups, -1) @ mine)
    return np.concatenate(parts).reshape(K, N, OH, OW).transpose(1, 0, 2, 3) + b[None, :, None, None]


def conv2d_forward__dilated_dense_filter(x, w, b, stride=1, pad=0, dilation=1, groups=1):
    # Groups and dilation are filters with zeros: write those out, then it is the plain layer.
    (N, C, H, W), (K, CG, FH, FW) = x.shape, w.shape
    EH, EW = dilation * (FH - 1) + 1, dilation * (FW - 1) + 1
    dense = np.zeros((K, C, EH, EW), np.float32)
    for k in range(K):
        g = k * groups // K
        dense[k, g * CG:(g + 1) * CG, ::dilation, ::dilation] = w[k]
    padded = np.pad(np.asarray(x, np.float32), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (EH, EW), axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("ncijuv,kcuv->nkij", windows, dense) + b.reshape(-1, 1, 1)


def conv2d_forward__weight_by_weight(x, w, b, stride=1, pad=0, dilation=1, groups=1):
    # For each weight the pixels that it meets, at all places at once.
    N, C, H, W = x.shape
    K, CG, FH, FW = w.shape
    OH, OW = ((n + 2 * pad - dilation * (f - 1) - 1) // stride + 1 for n, f in ((H, FH), (W, FW)))
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    padded[:, :, pad:pad + H, pad:pad + W] = x
    out = np.zeros((N, groups, K // groups, OH, OW)) + np.reshape(b, (groups, -1))[None, :, :, None, None]
    for u in range(FH):
        for v in range(FW):
            r, s = dilation * u, dilation * v
            met = padded[:, :, r:r + stride * (OH - 1) + 1:stride, s:s + stride * (OW - 1) + 1:stride].reshape(N, groups, CG, OH, OW)
            out += np.einsum("ngcij,gkc->ngkij", met, w[:, :, u, v].reshape(groups, K // groups, CG))
    return out.reshape(N, K, OH, OW)


def which_pass__a_list():
    return ["c", "a"]


def which_pass__a_string():
    return "A, C"


def which_pass__a_tuple():
    return ("A", "C")
