"""What is measured: each workload is a forward and a backward pass, as the library does it and as its peers do."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import numpy as np

from course_lib.conv import conv1d_backward, conv1d_forward, conv2d_backward, conv2d_forward, output_size
from course_lib.losses import softmax_cross_entropy
from course_lib.models import lenet
from course_lib.optim import sgd, step_all
from course_lib.pool import max_pool2d_backward, max_pool2d_forward

from . import peers


@dataclass(frozen=True)
class Workload:
    """One line of the table. `ours`, `peer` and `loops` take nothing and return a tuple of arrays, laid out alike."""

    name: str
    what: str
    dtype: str
    goal: float | None  # the ratio of our time to the peer's that issue 3 asks for
    ours: Callable
    peer: Callable | None
    loops: Callable
    products: int = 0  # multiply-adds of its three matrix products, 0 where there are none
    column_bytes: int = 0  # size of a convolution's column matrix
    chunked: Callable | None = None  # ours with chunk=1


# name, x, w, stride, pad, goals in float64 and float32
CONVOLUTIONS = [
    ("W1", (64, 3, 32, 32), (32, 3, 5, 5), 1, 2, (0.65, 1.5)),
    ("W2", (64, 32, 16, 16), (64, 32, 3, 3), 1, 1, (0.65, 1.5)),
    ("W6", (64, 3, 32, 32), (32, 3, 5, 5), 2, 2, (1.0, 1.0)),
    ("W7", (100, 3, 31, 31), (25, 3, 3, 3), 2, 1, (1.0, 1.0)),
    ("conv1d", (64, 16, 512), (32, 16, 9), 1, 4, (None, None)),
]
POOLINGS = [("pool 2x2", 2, 2, 0.9), ("pool 3x3", 3, 2, 1.5)]
LENET_GOALS = {"float64": 1.2, "float32": 1.6}


def workloads(*, quick=False, torch=None):
    """All lines of the table, in both dtypes; quick has one image in a batch, to see in seconds that all is right."""
    lines = []
    for dtype in ("float64", "float32"):
        for name, x, w, stride, pad, goals in CONVOLUTIONS:
            goal = goals[dtype == "float32"]
            lines.append(convolution(name, (1, *x[1:]) if quick else x, w, stride, pad, dtype, goal, torch))
        for name, size, stride, goal in POOLINGS:
            lines.append(pooling(name, (1 if quick else 64, 32, 32, 32), size, stride, dtype, goal, torch))
        lines.append(cross_entropy((4, 10) if quick else (4096, 100), dtype, torch))
        lines.append(lenet_step(1 if quick else 128, dtype, LENET_GOALS[dtype], torch))
    return lines


def _draw(dtype, *shapes):
    """Arrays of random numbers, the same in every run."""
    generator = np.random.default_rng(0)
    return [generator.standard_normal(shape).astype(dtype) for shape in shapes]


def convolution(name, x_shape, w_shape, stride, pad, dtype="float64", goal=None, torch=None):
    sizes = [output_size(n, f, stride=stride, pad=pad, floor=True) for n, f in zip(x_shape[2:], w_shape[2:])]
    x, w, b, dout = _draw(dtype, x_shape, w_shape, w_shape[:1], (x_shape[0], w_shape[0], *sizes))
    forward, backward = (conv2d_forward, conv2d_backward) if x.ndim == 4 else (conv1d_forward, conv1d_backward)
    options = {"stride": stride, "pad": pad}

    def ours(chunk=None):
        out, cache = forward(x, w, b, **options, chunk=chunk)
        return out, *backward(dout, cache)

    columns = x_shape[0] * prod(w_shape[1:]) * prod(sizes)
    return Workload(
        name=name,
        what=f"x{x_shape} w{w_shape} stride {stride} pad {pad}".replace(" (", "("),
        dtype=dtype,
        goal=goal,
        ours=ours,
        peer=torch and peers.torch_conv(torch, x, w, b, dout, **options),
        loops=peers.loops_conv(x, w, b, dout, **options),
        products=3 * columns * w_shape[0],
        column_bytes=columns * x.itemsize,
        chunked=lambda: ours(chunk=1),
    )


def pooling(name, x_shape, size, stride, dtype, goal, torch):
    (x,) = _draw(dtype, x_shape)
    (dout,) = _draw(dtype, max_pool2d_forward(x, size, stride=stride)[0].shape)

    def ours():
        out, cache = max_pool2d_forward(x, size, stride=stride)
        return out, max_pool2d_backward(dout, cache)

    peer = torch and peers.torch_pool(torch, x, dout, size=size, stride=stride)
    loops = peers.loops_pool(x, dout, size=size, stride=stride)
    return Workload(name, f"max pooling, x{x_shape} stride {stride}", dtype, goal, ours, peer, loops)


def cross_entropy(shape, dtype, torch):
    (scores,) = _draw(dtype, shape)
    y = np.random.default_rng(1).integers(0, shape[1], shape[0])
    peer = torch and peers.torch_cross_entropy(torch, scores, y)

    def ours():
        loss, dscores = softmax_cross_entropy(scores, y)
        return np.array(loss), dscores

    return Workload("softmax CE", f"scores{shape}", dtype, None, ours, peer, peers.loops_cross_entropy(scores, y))


def lenet_step(n, dtype, goal, torch):
    """One step of training: forward pass, loss, backward pass, gradient descent. The weights stay as they are."""
    (x,) = _draw(dtype, (n, 1, 28, 28))
    y, lr = np.random.default_rng(1).integers(0, 10, n), 0.001
    model = lenet(input_shape=(1, 28, 28), dtype=dtype)

    def ours():
        loss, grads = model.loss(x, y)
        step_all(sgd, model.params, grads, {}, lr=lr)
        return (np.array(loss), *grads.values())

    peer = torch and peers.torch_lenet(torch, model.params, x, y, lr=lr)
    return Workload("LeNet", f"training step, N = {n}", dtype, goal, ours, peer, peers.loops_lenet(model.params, x, y))
