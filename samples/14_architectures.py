"""Right answers to 14_architectures, each written in another way (see course_lib/grading/answers.py)."""

import numpy as np


def predict_conv1__numbers():
    return 55, 96, 290400, 34944


def predict_conv1__worked_in_the_answer():
    size = (227 - 11) / 4 + 1
    return [size, 96, 96 * size**2, 96 * (11 * 11 * 3 + 1)]


def predict_conv1__array():
    return tuple(np.array([55.0, 96.0, 290_400.0, 34_944.0]))


def layer_counts__count_the_places(input_shape, filters, filter_shape, stride=1, pad=0, groups=1):
    # Walk along both sides, and count multiply-adds place by place.
    C, H, W = input_shape
    rows = range(0, H + 2 * pad - filter_shape[0] + 1, stride)
    columns = range(0, W + 2 * pad - filter_shape[1] + 1, stride)
    one_filter = C * filter_shape[0] * filter_shape[1] // groups
    work = sum(one_filter * filters * len(columns) for _ in rows)
    return [filters, len(rows), len(columns)], filters * (one_filter + 1), work


def layer_counts__group_by_group(input_shape, filters, filter_shape, stride=1, pad=0, groups=1):
    # A grouped layer is several small layers side by side.
    sizes = [int(np.floor((n + 2 * pad - f) / stride)) + 1 for n, f in zip(input_shape[1:], filter_shape)]
    parameters = work = 0
    for _ in range(groups):
        weights = (filters // groups) * (input_shape[0] // groups) * int(np.prod(filter_shape))
        parameters += weights + filters // groups
        work += weights * sizes[0] * sizes[1]
    return (filters, *sizes), parameters, work


def layer_counts__from_a_dense_layer(input_shape, filters, filter_shape, stride=1, pad=0, groups=1):
    # Each output number is one dot product as long as a filter: count outputs first.
    C, H, W = input_shape
    FH, FW = filter_shape
    out = np.array([filters, (H - FH + 2 * pad + stride) // stride, (W - FW + 2 * pad + stride) // stride])
    length = C / groups * FH * FW
    return out, length * filters + filters, float(np.prod(out)) * length


def receptive_field__from_the_output(layers):
    # Backward: n outputs of a layer need (n - 1)*stride + extent inputs.
    def needed(n):
        for kernel, stride, dilation in reversed(layers):
            n = (n - 1) * stride + dilation * (kernel - 1) + 1
        return n

    return needed(1), needed(2) - needed(1)


def receptive_field__closed_form(layers):
    strides = [stride for _, stride, _ in layers]
    jumps = np.concatenate([[1], np.cumprod(strides)])
    reach = np.array([dilation * (kernel - 1) for kernel, _, dilation in layers])
    return 1 + int(reach @ jumps[:-1]), int(jumps[-1])


def receptive_field__recursion(layers):
    # What the rest sees of this layer's output, in units of this layer's stride.
    if not layers:
        return 1, 1
    (kernel, stride, dilation), *rest = layers
    size, jump = receptive_field(rest)  # noqa: F821
    return (size - 1) * stride + dilation * (kernel - 1) + 1, jump * stride


def receptive_field__walk_the_positions(layers):
    # The positions that outputs 0 and 1 see, as sets.
    def seen(output):
        positions = {output}
        for kernel, stride, dilation in layers[::-1]:
            ends = (min(positions), max(positions))
            positions = {p * stride + dilation * u for p in ends for u in (0, kernel - 1)}
        return min(positions), max(positions)

    first, second = seen(0), seen(1)
    return float(first[1] - first[0] + 1), float(second[0] - first[0])


def parse_architecture__tokens(text, input_shape, filters, hidden, classes):
    # Without the regular expression: split the text at its stars.
    head, _, rest = text.partition("[(CONV-RELU)*")
    stage, _, tail = rest.partition("]*")
    pool = stage.endswith("-POOL")
    n = stage[:-5] if pool else stage
    m, _, last = tail.partition("-(FC-RELU)*")
    k, _, end = last.partition("-SOFTMAX")
    if head or end or text.count("SOFTMAX") != 1 or not (n.isdigit() and m.isdigit() and k.isdigit()):
        raise ValueError("form is wrong")
    for name, value, low, high in (("N", int(n), 1, 5), ("M", int(m), 1, 10**9), ("K", int(k), 0, 2)):
        if not low <= value <= high:
            raise ValueError(name, "out of range:", value)
    C, H, W = filters, *input_shape[1:]
    out = []
    for _ in range(int(m)):
        for _ in range(int(n)):
            out += [["CONV", [C, H, W]], ["RELU", [C, H, W]]]
        if pool:
            H, W = int(H / 2), int(W / 2)
            if min(H, W) < 1:
                raise ValueError("POOL")
            out.append(["POOL", [C, H, W]])
        C *= 2
    for units, activation in [(hidden, "RELU")] * int(k) + [(classes, "SOFTMAX")]:
        out += [["FC", [units]], [activation, [units]]]
    return out


def parse_architecture__generator(text, input_shape, filters, hidden, classes):
    import re

    found = re.fullmatch(r"\[\(CONV-RELU\)\*(?P<N>\d+)(?P<POOL>-POOL)?\]\*(?P<M>\d+)-\(FC-RELU\)\*(?P<K>\d+)-SOFTMAX", text)
    if not found:
        raise ValueError("form: " + text)

    class NotInTheGrammar(ValueError):
        pass

    N, M, K = (int(found[letter]) for letter in "NMK")
    wrong = [letter for letter, bad in zip("NMK", (not 0 < N < 6, M == 0, K not in (0, 1, 2))) if bad]
    if wrong:
        raise NotInTheGrammar(f"{wrong[0]} is outside the grammar")
    if found["POOL"] and min(input_shape[1:]) >> M == 0:
        raise NotInTheGrammar("POOL: too many for this image")

    def walk():
        for m in range(M):
            shift = m if found["POOL"] else 0
            here = (filters << m, input_shape[1] >> shift, input_shape[2] >> shift)
            for _ in range(N):
                yield "CONV", here
                yield "RELU", here
            if found["POOL"]:
                yield "POOL", (here[0], here[1] >> 1, here[2] >> 1)
        for _ in range(K):
            yield "FC", (hidden,)
            yield "RELU", (hidden,)
        yield "FC", (classes,)
        yield "SOFTMAX", (classes,)

    return list(walk())


def parse_architecture__names_then_shapes(text, input_shape, filters, hidden, classes):
    # First the sentence is written out as a list of words; then one pass gives each word its shape.
    import re

    found = re.fullmatch(r"\[\(CONV-RELU\)\*(\d+)(-POOL)?\]\*(\d+)-\(FC-RELU\)\*(\d+)-SOFTMAX", text)
    if found is None:
        raise ValueError("form")
    N, M, K = int(found.group(1)), int(found.group(3)), int(found.group(4))
    if N == 0 or N >= 6:
        raise ValueError(f"N = {N}")
    if M == 0:
        raise ValueError("M = 0")
    if K >= 3:
        raise ValueError(f"K = {K}")
    stage = ["CONV", "RELU"] * N + (["POOL"] if found.group(2) else ["END"])
    words = stage * M + ["FC", "RELU"] * K + ["FC", "SOFTMAX"]
    shape, C, fc, layers = tuple(input_shape), filters, 0, []
    for word in words:
        if word == "CONV":
            shape = (C, *shape[1:])
        elif word in ("POOL", "END"):
            C = C + C
            if word == "END":
                continue
            shape = (shape[0], shape[1] // 2, shape[2] // 2)
            if 0 in shape:
                raise ValueError("POOL leaves nothing")
        elif word == "FC":
            fc += 1
            shape = (hidden if fc <= K else classes,)
        layers.append((word, shape))
    return layers


def top_k_error__stable_sort(scores, y, k=5):
    best = np.argsort(-np.asarray(scores, float), axis=1, kind="stable")[:, :k]
    return float(np.mean([label not in row for label, row in zip(y, best)]))


def top_k_error__python_sort(scores, y, k=5):
    misses = 0
    for row, label in zip(scores, y):
        places = sorted(range(len(row)), key=lambda c: (-row[c], c))
        misses += places.index(label) >= k
    return misses / len(y)


def top_k_error__strike_out_the_best(scores, y, k=5):
    # k times: take every image's best class (argmax takes the first of equals) out of the race.
    left = np.array(scores, dtype=np.float32)
    found = np.zeros(len(y), bool)
    for _ in range(k):
        best = left.argmax(axis=1)
        found |= best == y
        left[np.arange(len(y)), best] = -np.inf
    return 1 - found.sum() / len(y)


def patch_embedding__seven_loops(x, w, b, cls, pos):
    (N, C, H, W), (D, _, P, Q) = x.shape, w.shape
    columns = W // Q
    tokens = np.zeros((N, len(pos), D))
    for n, t, d in np.ndindex(tokens.shape):
        if t == 0:
            tokens[n, t, d] = cls[d] + pos[t, d]
            continue
        i, j = divmod(t - 1, columns)
        total = b[d] + pos[t, d]
        for c, u, v in np.ndindex(C, P, Q):
            total += w[d, c, u, v] * x[n, c, P * i + u, Q * j + v]
        tokens[n, t, d] = total
    return tokens


def patch_embedding__strided_windows(x, w, b, cls, pos):
    # The convolution it is: all windows at stride 1, of which every P-th row and Q-th column is kept.
    D, C, P, Q = w.shape
    windows = np.lib.stride_tricks.sliding_window_view(x, (P, Q), axis=(2, 3))[:, :, ::P, ::Q]
    maps = np.einsum("ncijuv,dcuv->nijd", windows, w).reshape(len(x), -1, D) + b
    out = np.empty((len(x), len(pos), D))
    out[:, 0], out[:, 1:] = cls, maps
    return out + pos[None]


def patch_embedding__split(x, w, b, cls, pos):
    # np.split twice, then one tensordot a patch.
    D, C, P, Q = w.shape
    rows = np.split(x, x.shape[2] // P, axis=2)
    patches = [p for row in rows for p in np.split(row, x.shape[3] // Q, axis=3)]
    tokens = [np.tensordot(p.astype(np.float32), w, axes=([1, 2, 3], [1, 2, 3])) + b + pos[t] for t, p in enumerate(patches, start=1)]
    first = np.repeat((cls + pos[0])[None], len(x), axis=0)
    return np.array([first, *tokens]).swapaxes(0, 1)


def which_pass__a_list():
    return ["c", "a"]


def which_pass__a_string():
    return "A, C"


def which_pass__a_tuple():
    return ("A", "C")
