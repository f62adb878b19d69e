"""Right answers to 02_computational_graph, each written in another way (see course_lib/grading/answers.py)."""

import numpy as np


def Multiply__dict():
    # A gate may keep its inputs in whatever it likes.
    class Gate:
        def __init__(self):
            self.kept = {}

        def forward(self, *xs):
            self.kept = dict(zip("xy", xs))
            return self.kept["x"] * self.kept["y"]

        def backward(self, dout):
            return [self.kept["y"] * dout, self.kept["x"] * dout]

    return Gate()


def Multiply__closure():
    # forward leaves behind a function that knows how to go back.
    class Gate:
        def forward(self, x, y):
            self.backward = lambda dout: (np.multiply(dout, y), np.multiply(dout, x))
            return np.multiply(x, y)

    return Gate()


def Multiply__squares():
    # x·y = ((x + y)² - (x - y)²) / 4, gone back through step by step
    class Gate:
        def forward(self, x, y):
            self.plus, self.minus = x + y, x - y
            return (self.plus ** 2 - self.minus ** 2) / 4

        def backward(self, dout):
            dplus = dout * self.plus / 2
            dminus = -dout * self.minus / 2
            return dplus + dminus, dplus - dminus

    return Gate()


def Multiply__float32():
    class Gate:
        def forward(self, x, y):
            self.xy = np.float32(x), np.float32(y)
            return self.xy[0] * self.xy[1]

        def backward(self, dout):
            return tuple(np.float32(dout) * v for v in self.xy[::-1])

    return Gate()


def topological_order__kahn(inputs):
    from collections import deque

    waiting = {node: len(read) for node, read in inputs.items()}
    readers = {node: [] for node in inputs}
    for node, read in inputs.items():
        for source in read:
            readers[source].append(node)
    ready = deque(node for node, count in waiting.items() if not count)
    order = []
    while ready:
        order.append(ready.popleft())
        for reader in readers[order[-1]]:
            waiting[reader] -= 1
            if not waiting[reader]:
                ready.append(reader)
    return order


def topological_order__depth_first(inputs):
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for source in inputs[node]:
                visit(source)
            order.append(node)

    for node in inputs:
        visit(node)
    return order


def topological_order__graphlib(inputs):
    from graphlib import TopologicalSorter

    return tuple(TopologicalSorter(inputs).static_order())


def topological_order__longest_way(inputs):
    # The longest way from an input grows along every edge: sorting by it is an order.
    def height(node):
        return 1 + max((height(source) for source in inputs[node]), default=0)

    return sorted(inputs, key=height)


def topological_order__matrix_powers(inputs):
    # How many nodes are reached going back: more than any node that it reads.
    names = list(inputs)
    A = np.array([[float(source in inputs[node]) for source in names] for node in names])
    reach = np.eye(len(names))
    for _ in names:
        reach = ((reach + reach @ A) > 0) * 1.0
    return [names[i] for i in np.argsort(reach.sum(axis=1), kind="stable")]


def predict_shares__worked_on_paper():
    return 2, 10, 22


def predict_shares__slope_of_a_parabola():
    x, dL = 5, 2.0
    return [dL, dL * x, dL * (2 * x + 1)]


def predict_shares__measured():
    f = lambda v: v * v + v  # noqa: E731
    slope = (f(6) - f(4)) / 2  # exact for a parabola
    return np.float64(2), 2 * np.float64(5), 2 * slope


def graph_backward__collect_from_readers(gates, inputs, order, dout):
    # From the reader's side: a node asks all gates that read it for their shares.
    grads, shares = {}, {}
    for name in order[::-1]:
        grads[name] = dout if name == order[-1] else sum(
            s for reader in grads for source, s in zip(inputs[reader], shares[reader]) if source == name)
        shares[name] = gates[name].backward(grads[name]) if name in gates else ()
    return grads


def graph_backward__linear_system(gates, inputs, order, dout):
    # All gradients at once: grads = e·dout + A grads, with the local gradients in A.
    place = {name: i for i, name in enumerate(order)}
    A = np.zeros((len(order), len(order)))
    for name, gate in gates.items():
        np.add.at(A, ([place[s] for s in inputs[name]], place[name]), gate.backward(1.0))
    e = np.zeros(len(order))
    e[-1] = dout
    return dict(zip(order, np.linalg.solve(np.eye(len(order)) - A, e)))


def graph_backward__sum_over_paths(gates, inputs, order, dout):
    # Each path from the output sends its own product of local gradients; slow on deep graphs, right on any.
    grads = dict.fromkeys(order, 0)

    def send(name, amount):
        grads[name] += amount
        if name in gates:
            for source, share in zip(inputs[name], gates[name].backward(amount)):
                send(source, share)

    send(order[-1], dout)
    return grads


def graph_backward__lists(gates, inputs, order, dout):
    arrived = {name: [] for name in inputs}
    arrived[order[-1]].append(dout)
    stack = list(order)
    while stack:
        name = stack.pop()
        if len(inputs[name]) > 0:
            for i, share in enumerate(gates[name].backward(sum(arrived[name]))):
                arrived[inputs[name][i]].append(share)
    return {name: np.float64(sum(parts)) for name, parts in arrived.items()}


def sigmoid_forward__input_saved(ctx, x):
    ctx.save_for_backward(x)
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def sigmoid_backward__input_saved(ctx, dout):
    # The slope from x itself: 1 / (4 cosh²(x/2)), safe for large x.
    x, = ctx.saved
    e = np.exp(-np.abs(x))
    return dout * e / (1 + e) ** 2


def sigmoid_forward__slope_saved(ctx, x):
    out = np.exp(-np.logaddexp(0, -x))
    ctx.save_for_backward(out, out - out * out)
    return out


def sigmoid_backward__slope_saved(ctx, dout):
    return np.multiply(ctx.saved[1], dout)


def sigmoid_forward__attribute(ctx, x):
    from scipy.special import expit

    ctx.both = expit(x), expit(-np.asarray(x, float))
    return ctx.both[0]


def sigmoid_backward__attribute(ctx, dout):
    yes, no = ctx.both
    return yes * no * dout


def sigmoid_forward__loops(ctx, x):
    import math

    values = [1 / (1 + math.exp(-v)) for v in np.ravel(x)]
    ctx.save_for_backward(np.array(values, np.float32).reshape(np.shape(x)))
    return np.array(values).reshape(np.shape(x))


def sigmoid_backward__loops(ctx, dout):
    dx = np.empty(np.shape(dout))
    for i, s in np.ndenumerate(ctx.saved[0]):
        dx[i] = dout[i] * (0.25 - (s - 0.5) ** 2)
    return dx


def perceptron_step__cases(w, b, x, d, lr):
    fires = sum(wi * xi for wi, xi in zip(w, x)) > -b
    if fires and not d:
        return w - lr * x, b - lr
    if d and not fires:
        return lr * x + w, lr + b
    return w, b


def perceptron_step__bias_as_weight(w, b, x, d, lr):
    v, z = np.append(w, b), np.append(x, 1.0)
    v = v + lr * (d - np.heaviside(v @ z, 0.0)) * z
    return v[:-1], v[-1]


def perceptron_step__loops(w, b, x, d, lr):
    net = b
    for i in range(len(w)):
        net += w[i] * x[i]
    error = d - int(net > 0)
    return [float(w[i]) + lr * error * float(x[i]) for i in range(len(w))], b + lr * error


def perceptron_step__float32(w, b, x, d, lr):
    w, x = np.asarray(w, np.float32), np.asarray(x, np.float32)
    step = np.float32(lr) * np.float32(d - (np.einsum("i,i->", w, x) + np.float32(b) > 0))
    return w + step * x, np.float32(b) + step


def adaline_step__bias_as_weight(w, b, x, d, lr):
    v, z = np.append(w, b), np.append(x, 1.0)
    v = v - lr * (v @ z - d) * z
    return v[:-1], v[-1]


def adaline_step__matrix(w, b, x, d, lr):
    # One step is a linear map of (w, b): I - lr·z zᵀ, plus lr·d·z.
    z = np.hstack([x, [1]])
    v = (np.eye(len(z)) - lr * np.outer(z, z)) @ np.hstack([w, [b]]) + lr * d * z
    return v[: len(w)], float(v[len(w)])


def adaline_step__measured_slope(w, b, x, d, lr):
    # Down the measured slope of ½(d - net)²: quadratic, so that a central difference is exact.
    def loss(v):
        return 0.5 * (d - (np.dot(v[:-1], x) + v[-1])) ** 2

    v, h = np.append(w, b).astype(float), 0.5
    slope = np.array([(loss(v + h * e) - loss(v - h * e)) / (2 * h) for e in np.eye(len(v))])
    return (v - lr * slope)[:-1], (v - lr * slope)[-1]


def adaline_step__loops(w, b, x, d, lr):
    error = d - b - sum(float(wi) * float(xi) for wi, xi in zip(w, x))
    return [wi + lr * error * xi for wi, xi in zip(w, x)], b + lr * error


def which_pass__list():
    return ["c", "B"]


def which_pass__text():
    return "B, C"


def which_pass__by_elimination():
    return {"A", "B", "C"} - {"A"}
