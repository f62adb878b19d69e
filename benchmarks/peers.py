"""The same computations by others: PyTorch, which gives the times to compare with, and the lecture's loops.

Each function returns a function without arguments whose result is laid out as the workload's own.
"""

import numpy as np

from course_lib.activations import relu_backward, relu_forward
from course_lib.conv import conv2d_backward_loops, conv2d_forward_loops
from course_lib.linear import affine_backward, affine_forward
from course_lib.losses import softmax_cross_entropy
from course_lib.pool import max_pool2d_backward_loops, max_pool2d_forward_loops

from .threads import THREADS


def find_torch():
    """PyTorch, set to as many threads as NumPy, or None where it is not installed."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(THREADS)
    return torch


def _gradients(torch, forward, inputs, dout):
    """Forward and backward pass of `forward(*inputs)`, as (out, gradients of the inputs ...)."""
    leaves = [torch.from_numpy(a.copy()).requires_grad_() for a in inputs]
    dout = torch.from_numpy(dout)

    def run():
        out = forward(*leaves)
        return (out.detach().numpy(), *(g.numpy() for g in torch.autograd.grad(out, leaves, dout)))

    return run


def torch_conv(torch, x, w, b, dout, *, stride, pad):
    layer = torch.nn.functional.conv2d if x.ndim == 4 else torch.nn.functional.conv1d
    return _gradients(torch, lambda x, w, b: layer(x, w, b, stride=stride, padding=pad), (x, w, b), dout)


def torch_pool(torch, x, dout, *, size, stride):
    return _gradients(torch, lambda x: torch.nn.functional.max_pool2d(x, size, stride), (x,), dout)


def torch_cross_entropy(torch, scores, y):
    labels, one = torch.from_numpy(y), np.ones((), scores.dtype)
    return _gradients(torch, lambda s: torch.nn.functional.cross_entropy(s, labels), (scores,), one)


def torch_lenet(torch, params, x, y, *, lr):
    """The training step of lenet((1, 28, 28)): loss and gradients, in the order of `params`."""
    f, nn = torch.nn.functional, torch.nn
    flat = 16 * 5 * 5
    layers = [nn.Conv2d(1, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 3), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Flatten(), nn.Linear(flat, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)]
    net = nn.Sequential(*layers).to(torch.from_numpy(x).dtype)
    transposed = [name.startswith("fc") and name.endswith(".w") for name in params]  # PyTorch stores (M, D)
    with torch.no_grad():
        for own, value, turn in zip(net.parameters(), params.values(), transposed):
            own.copy_(torch.from_numpy(value.T if turn else value))
    step, images, labels = torch.optim.SGD(net.parameters(), lr=lr), torch.from_numpy(x), torch.from_numpy(y)

    def run():
        step.zero_grad()
        loss = f.cross_entropy(net(images), labels)
        loss.backward()
        step.step()
        gradients = [p.grad.numpy() for p in net.parameters()]
        return (loss.detach().numpy(), *(g.T if turn else g for g, turn in zip(gradients, transposed)))

    return run


def loops_conv(x, w, b, dout, *, stride, pad):
    if x.ndim == 3:  # a signal is an image of height 1
        run = loops_conv(x[:, :, None], w[:, :, None], b, dout[:, :, None], stride=(1, stride), pad=(0, pad))
        return lambda: tuple(a[:, :, 0] if a.ndim == 4 else a for a in run())

    def run():
        out, cache = conv2d_forward_loops(x, w, b, stride=stride, pad=pad)
        return out, *conv2d_backward_loops(dout, cache)

    return run


def loops_pool(x, dout, *, size, stride):
    def run():
        out, cache = max_pool2d_forward_loops(x, size, stride=stride)
        return out, max_pool2d_backward_loops(dout, cache)

    return run


def loops_cross_entropy(scores, y):
    def run():
        loss, dscores = 0.0, np.zeros_like(scores)
        for n, (row, label) in enumerate(zip(scores.astype(np.float64), y)):
            p = np.exp(row) / np.exp(row).sum()
            loss -= np.log(p[label]) / len(y)
            dscores[n] = (p - np.eye(len(p))[label]) / len(y)
        return np.array(loss), dscores

    return run


def loops_lenet(params, x, y):
    """Loss and gradients of lenet((1, 28, 28)), layer by layer, its convolutions and poolings by loops."""

    def run():
        out, caches = x, []
        for name in ("conv1", "conv2"):
            out, conv = conv2d_forward_loops(out, params[f"{name}.w"], params[f"{name}.b"])
            out, relu = relu_forward(out)
            out, pool = max_pool2d_forward_loops(out, 2)
            caches.append((name, conv2d_backward_loops, conv, relu, (pool, out.shape)))
        for name in ("fc1", "fc2", "fc3"):
            out, affine = affine_forward(out, params[f"{name}.w"], params[f"{name}.b"])
            out, relu = relu_forward(out) if name != "fc3" else (out, None)
            caches.append((name, affine_backward, affine, relu, None))
        loss, dout = softmax_cross_entropy(out, y)
        grads = {}
        for name, backward, cache, relu, pool in reversed(caches):
            if pool:
                dout = max_pool2d_backward_loops(dout.reshape(pool[1]), pool[0])
            dout = relu_backward(dout, relu) if relu else dout
            dout, grads[f"{name}.w"], grads[f"{name}.b"] = backward(dout, cache)
        return (np.array(loss), *(grads[name] for name in params))

    return run
