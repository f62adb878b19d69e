"""Right answers to 11_optimizers, each written in another way (see course_lib/grading/answers.py)."""

import numpy as np


def predict_momentum__numbers():
    return 3, -1.2, 0.8, -0.88, 0.25


def predict_momentum__worked_in_the_answer():
    u1, v1 = 5 - 0.2 * 2 * 5, 2 - 0.2 * 8 * 2
    return [u1, v1, u1 - (0.2 * 2 * u1 + 0.5 * 2), v1 - (0.2 * 8 * v1 + 0.5 * 3.2), 2 / 8]


def predict_momentum__velocities():
    w, v, lam = np.array([5.0, 2.0]), np.zeros(2), np.array([2.0, 8.0])
    path = []
    for _ in range(2):
        v = 0.5 * v + lam * w
        w = w - 0.2 * v
        path.extend(w)
    return np.array([*path, 2 / lam.max()]).tolist()


def sgd_step__lectures_increment(w, dw, state, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    # The lecture's Δw, with the learning rate inside: the same while the rate stays the same.
    increment = lr * (dw + weight_decay * w)
    if "increment" not in state or momentum == 0:
        change = increment
    else:
        change = (1 - dampening) * increment + momentum * state["increment"]
    move = increment + momentum * change if nesterov else change
    return w - move, dict(increment=change)


def sgd_step__loops(w, dw, state, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    new, velocity = np.zeros(np.shape(w)), np.zeros(np.shape(w))
    for i, weight in np.ndenumerate(w):
        g = float(dw[i]) + weight_decay * float(weight)
        if momentum and "velocity" in state:
            velocity[i] = momentum * state["velocity"][i] + g - dampening * g
        else:
            velocity[i] = g
        new[i] = weight - lr * (g + momentum * velocity[i] if nesterov else velocity[i])
    return new, {"velocity": velocity}


def sgd_step__all_gradients_kept(w, dw, state, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    # The velocity as what it is: a sum over all gradients so far, each faded by a power of the momentum.
    gradients = [*state.get("gradients", []), np.asarray(dw, float) + weight_decay * np.asarray(w, float)]
    last = len(gradients) - 1
    weights = [momentum ** (last - k) * (1.0 if k == 0 or not momentum else 1 - dampening) for k in range(last + 1)]
    if momentum == 0:
        weights = [0.0] * last + [1.0]
    v = sum(c * g for c, g in zip(weights, gradients))
    step = momentum * v + gradients[-1] if nesterov else v
    return [w - lr * step, {"gradients": gradients}]


def sgd_step__float32(w, dw, state, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    w32 = np.array(w, dtype=np.float32)
    g = np.array(dw, dtype=np.float32)
    g += np.float32(weight_decay) * w32
    v = g.copy()
    if momentum and state:
        v *= np.float32(1 - dampening)
        v += np.float32(momentum) * state["v"]
    w32 -= np.float32(lr) * (g + np.float32(momentum) * v if nesterov else v)
    return w32, {"v": v}


def momentum_rate__formula(curvatures, lr, momentum):
    trace = 1 + momentum - lr * np.asarray(curvatures, float)
    root = np.sqrt((trace**2 - 4 * momentum).astype(complex))
    return np.maximum(np.abs(trace + root), np.abs(trace - root)) / 2


def momentum_rate__polynomial(curvatures, lr, momentum):
    return [max(abs(z) for z in np.roots([1.0, float(lr * lam) - 1 - momentum, momentum])) if momentum else abs(1 - lr * lam) for lam in curvatures]


def momentum_rate__other_variables(curvatures, lr, momentum):
    # In (w now, w before) in place of (w, Δw): another matrix with the same eigenvalues.
    return np.array([max(np.abs(np.linalg.eigvals([[1 + momentum - lr * lam, -momentum], [1.0, 0.0]]))) for lam in curvatures])


def momentum_rate__powers(curvatures, lr, momentum):
    # The growth of a high power of the matrix, by squaring it 40 times with the size taken out each time (Gelfand).
    rates = []
    for lam in curvatures:
        A = np.array([[1 - lr * lam, -momentum], [lr * lam, momentum]], dtype=float)
        log_size, power = 0.0, 1
        for _ in range(40):
            size = np.linalg.norm(A)
            if size == 0:
                log_size = -np.inf
                break
            A = A / size
            log_size += np.log(size) / power
            A, power = A @ A, power * 2
        rates.append(np.exp(log_size))
    return np.array(rates)


def adaptive_step__loops(w, dw, state, *, lr, kind, alpha=0.99, eps=1e-8):
    new, s = np.zeros(np.shape(w)), np.zeros(np.shape(w))
    for i, g in np.ndenumerate(dw):
        before = state["s"][i] if state else 0.0
        s[i] = before + g * g if kind == "adagrad" else alpha * before + (1 - alpha) * g * g
        new[i] = w[i] - lr * g / (s[i] ** 0.5 + eps)
    return new, {"s": s}


def adaptive_step__all_gradients_kept(w, dw, state, *, lr, kind, alpha=0.99, eps=1e-8):
    squares = [*state.get("squares", []), np.square(np.asarray(dw, float))]
    T = len(squares)
    weights = np.ones(T) if kind == "adagrad" else (1 - alpha) * alpha ** np.arange(T - 1, -1, -1)
    return w - lr * np.asarray(dw) / (np.sqrt(np.tensordot(weights, np.array(squares), axes=1)) + eps), {"squares": squares}


def adaptive_step__root_kept(w, dw, state, *, lr, kind, alpha=0.99, eps=1e-8):
    # Keeps the root r = √s, and gets the next one by Pythagoras.
    keep, add = (1.0, 1.0) if kind == "adagrad" else (alpha**0.5, (1 - alpha) ** 0.5)
    r = np.hypot(keep * state.get("r", np.zeros(np.shape(dw))), add * np.asarray(dw, float))
    rate = np.divide(lr, r + eps)
    return w - rate * dw, {"r": r}


def adam_step__loops(w, dw, state, *, lr, betas=(0.9, 0.999), eps=1e-8):
    t = 1 + (state["t"] if state else 0)
    new, m, v = (np.zeros(np.shape(w)) for _ in range(3))
    for i, g in np.ndenumerate(dw):
        m[i] = betas[0] * (state["m"][i] if state else 0.0) + (1 - betas[0]) * g
        v[i] = betas[1] * (state["v"][i] if state else 0.0) + (1 - betas[1]) * g * g
        new[i] = w[i] - lr * (m[i] / (1 - betas[0] ** t)) / ((v[i] / (1 - betas[1] ** t)) ** 0.5 + eps)
    return new, {"t": t, "m": m, "v": v}


def adam_step__correction_in_the_rate(w, dw, state, *, lr, betas=(0.9, 0.999), eps=1e-8):
    # Both corrections moved into the learning rate and into eps, as the paper's remark on efficiency has it.
    m, v, one, two = state.get("all", (0.0, 0.0, 1.0, 1.0))
    one, two = one * betas[0], two * betas[1]  # the powers of the betas
    m = m + (1 - betas[0]) * (dw - m)
    v = v + (1 - betas[1]) * (np.asarray(dw) ** 2 - v)
    root = (1 - two) ** 0.5
    return w - lr * root / (1 - one) * m / (np.sqrt(v) + root * eps), {"all": (m, v, one, two)}


def adam_step__true_averages(w, dw, state, *, lr, betas=(0.9, 0.999), eps=1e-8):
    # Weighted averages over all gradients: the correction is what makes the weights sum to 1.
    g = np.array([*state.get("g", []), np.asarray(dw, float)])
    age = np.arange(len(g))[::-1]
    m, v = (np.average(values, axis=0, weights=beta**age) for beta, values in zip(betas, (g, g * g)))
    return w - lr * m / (v**0.5 + eps), {"g": list(g)}


def rprop_step__loops(w, dw, state, *, lr, factors=(0.5, 1.2), limits=(1e-6, 50.0)):
    new, size, last = np.array(w, float), np.full(np.shape(w), float(lr)), np.zeros(np.shape(w))
    for i, g in np.ndenumerate(dw):
        if state:
            size[i] = state["size"][i]
            if g * state["last"][i] > 0:
                size[i] = min(size[i] * factors[1], limits[1])
            elif g * state["last"][i] < 0:
                size[i] = max(size[i] * factors[0], limits[0])
                continue  # it rests; last[i] is 0
        last[i] = g
        if g > 0:
            new[i] -= size[i]
        elif g < 0:
            new[i] += size[i]
    return new, {"size": size, "last": last}


def rprop_step__signs(w, dw, state, *, lr, factors=(0.5, 1.2), limits=(1e-6, 50.0)):
    sign = np.sign(dw).astype(int)
    before = state.get("sign", np.zeros(np.shape(w), int))
    size = state.get("size", np.full(np.shape(w), float(lr))) * np.array([1.0, factors[1], factors[0]])[sign * before]
    size = np.minimum(np.maximum(size, limits[0]), limits[1])
    moving = np.where(sign + before == 0, 0, sign)  # opposite signs, or both 0
    return w - moving * size, {"size": size, "sign": moving}


def rprop_step__masks(w, dw, state, *, lr, factors=(0.5, 1.2), limits=(1e-6, 50.0)):
    g = np.array(dw, dtype=float)
    size = np.array(state["size"]) if state else np.full(g.shape, lr, dtype=float)
    if state:
        jumped = (g > 0) & (state["g"] < 0) | (g < 0) & (state["g"] > 0)
        went_on = (g > 0) & (state["g"] > 0) | (g < 0) & (state["g"] < 0)
        size[went_on] *= factors[1]
        size[jumped] *= factors[0]
        g[jumped] = 0
    size = size.clip(*limits)
    out = np.array(w, dtype=float)
    out[g > 0] -= size[g > 0]
    out[g < 0] += size[g < 0]
    return out, {"size": size, "g": g}


def schedule__half_angle(step, total, warm=0, floor=0.0, every=0, gamma=0.1):
    if step + 1 <= warm:
        return (step + 1) / warm
    if every:
        factor = 1.0
        for _ in range(warm, step - every + 1, every):
            factor *= gamma
        return factor
    if step >= total:
        return floor
    s = np.sin(np.pi / 2 * (step - warm) / (total - warm)) ** 2
    return 1 - (1 - floor) * s


def schedule__table(step, total, warm=0, floor=0.0, every=0, gamma=0.1):
    # The factors of all steps, then the one asked for.
    ramp = np.arange(1, warm + 1) / max(warm, 1)
    late = np.arange(0, max(total, step + 1) - warm + 1)
    if every:
        tail = np.power(gamma, np.floor_divide(late, every).astype(float))
    else:
        tail = floor + (1 - floor) * 0.5 * (1 + np.cos(np.pi * np.minimum(late / (total - warm), 1)))
    return np.concatenate([ramp, tail])[step]


def schedule__complex(step, total, warm=0, floor=0.0, every=0, gamma=0.1):
    import math

    done = step - warm
    if done < 0:
        return 1 + (done + 1) / warm
    if every:
        return math.exp(math.log(gamma) * math.floor(done / every))
    turn = np.exp(1j * math.pi * min(done, total - warm) / (total - warm))
    high, low = (1 + floor) / 2, (1 - floor) / 2
    return high + low * turn.real


def which_pass__set():
    return {"A", "B"}


def which_pass__text():
    return "a, b"


def which_pass__list():
    return ["B", "A"]
