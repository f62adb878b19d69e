"""Scalars, graphs, Functions, Jacobians and staged losses beside PyTorch's automatic differentiation."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_agree, normal, quick, seeds
from torch.nn import functional as F

from course_lib.flat import circuit_backward, circuit_forward, svm_loss, two_layer_loss
from course_lib.graph import (
    Add,
    Exp,
    Graph,
    Input,
    Max,
    Multiply,
    MultiplyFunction,
    Reciprocal,
    Sigmoid,
    SigmoidFunction,
)
from course_lib.jacobian import matmul_jacobians, relu_jacobian, softmax_jacobian
from course_lib.losses import l2_penalty

LECTURE = (2.0, -1.0, -3.0, -2.0, -3.0)  # w0, x0, w1, x1, w2


def tensors(*arrays):
    return [torch.tensor(np.array(array), requires_grad=True) for array in arrays]


# the circuit, staged, and as a graph


@pytest.mark.row("B-flat", "C-torch")
def test_the_lectures_circuit():
    w0, x0, w1, x1, w2 = leaves = tensors(*LECTURE)
    loss = torch.sigmoid(w0 * x0 + w1 * x1 + w2)
    gradients = [g.item() for g in torch.autograd.grad(loss, leaves)]
    ours, cache = circuit_forward(*LECTURE)
    assert_agree(ours, loss.item())
    assert_agree(circuit_backward(1.0, cache), gradients)
    assert [round(g, 4) for g in gradients] == [-0.1966, 0.3932, -0.3932, -0.5898, 0.1966]


TORCH_GATES = {
    Add: torch.add,
    Multiply: torch.multiply,
    Max: torch.maximum,
    Sigmoid: torch.sigmoid,
    Exp: torch.exp,
    Reciprocal: torch.reciprocal,
}


@pytest.mark.row("B-graph", "C-torch")
@quick
@given(
    seeds, st.lists(st.tuples(st.sampled_from(list(TORCH_GATES)), *[st.integers(0, 2**16)] * 2), min_size=1, max_size=8)
)
def test_a_random_graph(seed, gates):
    """Each gate reads any earlier nodes, often the same one twice: their gradients add up, as in PyTorch."""
    leaves = [normal(seed + i, 2, 3) for i in range(3)]
    graph, nodes = Graph(), tensors(*leaves)
    inputs = list(nodes)
    for leaf in leaves:
        graph.add(Input(leaf))
    for gate, *picks in gates:
        read = [pick % len(nodes) for pick in picks[: gate.arity]]
        if gate is Exp:  # of a bounded number, so that nothing overflows
            graph.add(Sigmoid(), read[0])
            nodes.append(torch.sigmoid(nodes[read[0]]))
            read = [len(nodes) - 1]
        elif gate is Reciprocal:  # of a number far from 0
            graph.add(Exp(), graph.add(Sigmoid(), read[0]))
            nodes.append(torch.sigmoid(nodes[read[0]]))
            nodes.append(torch.exp(nodes[-1]))
            read = [len(nodes) - 1]
        graph.add(gate(), *read)
        nodes.append(TORCH_GATES[gate](*(nodes[i] for i in read)))
    dout = normal(seed + 3, 2, 3)
    assert_agree(graph.forward(), nodes[-1].detach().numpy())
    ours = graph.backward(dout)
    expected = torch.autograd.grad(nodes[-1], inputs, torch.from_numpy(dout.copy()), allow_unused=True)
    for handle, gradient in enumerate(expected):  # None where the output does not depend on a leaf
        if gradient is None:
            assert not ours[handle].any()
        else:  # equal numbers meet in Max where a node is read twice: PyTorch halves there, the sum is the same
            assert np.max(np.abs(ours[handle] - gradient.numpy())) <= 1e-12 * max(1, gradient.abs().max())


@pytest.mark.row("B-graph", "B-gates")
def test_at_a_tie_the_max_gate_routes_to_the_first_and_pytorch_halves():
    x, y = tensors(3.0, 3.0)
    assert [g.item() for g in torch.autograd.grad(torch.maximum(x, y), (x, y))] == [0.5, 0.5]
    gate = Max()
    gate.forward(3.0, 3.0)
    assert [float(g) for g in gate.backward(1.0)] == [1.0, 0.0]


# functions with a context


class TorchMultiply(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * y

    @staticmethod
    def backward(ctx, dout):
        x, y = ctx.saved_tensors
        return dout * y, dout * x


class TorchSigmoid(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        out = 1 / (1 + torch.exp(-x))
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, dout):
        (out,) = ctx.saved_tensors
        return dout * (1 - out) * out


@pytest.mark.row("B-function", "C-torch", "X-2")
@pytest.mark.parametrize(
    "ours, theirs, count", [(MultiplyFunction, TorchMultiply, 2), (SigmoidFunction, TorchSigmoid, 1)]
)
def test_a_function_is_written_as_in_pytorch(ours, theirs, count):
    arrays, dout = [normal(i, 2, 3) for i in range(count)], normal(9, 2, 3)
    leaves = tensors(*arrays)
    out, ctx = ours.apply(*arrays)
    theirs_out = theirs.apply(*leaves)
    assert_agree(out, theirs_out.detach().numpy())
    gradients = ours.backward(ctx, dout)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    expected = torch.autograd.grad(theirs_out, leaves, torch.from_numpy(dout.copy()), retain_graph=True)
    for gradient, wanted in zip(gradients, expected, strict=True):
        assert_agree(gradient, wanted.numpy())
    # what was saved comes back as one tuple, in its order, and backward may be called again
    saved = theirs_out.grad_fn.saved_tensors
    assert len(saved) == len(ctx.saved) == count
    for kept, wanted in zip(ctx.saved, saved):
        assert_agree(kept, wanted.detach().numpy())


@pytest.mark.row("B-function", "C-torch")
def test_every_call_has_its_own_context_and_shared_inputs_add_up():
    (x,) = tensors(3.0)
    out = TorchMultiply.apply(TorchMultiply.apply(x, x), x)  # x³
    assert torch.autograd.grad(out, x)[0].item() == 27
    square, below = MultiplyFunction.apply(3.0, 3.0)
    _, above = MultiplyFunction.apply(square, 3.0)
    dsquare, dx = MultiplyFunction.backward(above, 1.0)
    assert float(dx + sum(MultiplyFunction.backward(below, dsquare))) == 27


# Jacobians: this library has one row for each input, PyTorch one for each output


@pytest.mark.row("B-derivs", "B-relu-vec", "A-softmaxjac")
@quick
@given(seeds)
def test_jacobians_are_pytorchs_transposed(seed):
    z = normal(seed, 5)
    for ours, theirs in [(relu_jacobian, F.relu), (softmax_jacobian, lambda t: torch.softmax(t, dim=0))]:
        assert_agree(ours(z), torch.autograd.functional.jacobian(theirs, torch.from_numpy(z.copy())).numpy().T)


@pytest.mark.row("B-matmul", "B-derivs")
def test_matmul_jacobians_are_pytorchs_transposed():
    x, w = normal(0, 2, 3), normal(1, 3, 4)
    given_tensors = tuple(torch.from_numpy(a.copy()) for a in (x, w))
    theirs = torch.autograd.functional.jacobian(torch.matmul, given_tensors)
    for ours, wanted, argument in zip(matmul_jacobians(x, w), theirs, (x, w)):
        assert_agree(ours, wanted.numpy().reshape(-1, argument.size).T)


# staged losses


@pytest.mark.row("B-svm", "C-torch")
@quick
@given(seeds, st.sampled_from([0.0, 0.1]))
def test_svm_loss(seed, reg):
    W, X, y = normal(seed, 4, 3), normal(seed + 1, 6, 4), np.random.default_rng(seed).integers(0, 3, 6)
    (w,) = tensors(W)
    hinge = F.multi_margin_loss(torch.from_numpy(X.copy()) @ w, torch.from_numpy(y))
    loss = 3 * hinge + reg / 2 * (w**2).sum()  # PyTorch divides by the number of classes, the lecture does not
    ours, dW = svm_loss(W, X, y, reg)
    assert_agree(ours, loss.item())
    assert_agree(dW, torch.autograd.grad(loss, w)[0].numpy())


@pytest.mark.row("B-twolayer", "C-torch")
@quick
@given(seeds, st.sampled_from([0.0, 0.1]))
def test_two_layer_loss(seed, reg):
    X, y = normal(seed, 6, 4), np.random.default_rng(seed).integers(0, 3, 6)
    parameters = [normal(seed + i, *shape) for i, shape in enumerate([(4, 5), (5,), (5, 3), (3,)], start=1)]
    W1, b1, W2, b2 = leaves = tensors(*parameters)
    scores = F.relu(torch.from_numpy(X.copy()) @ W1 + b1) @ W2 + b2
    loss = F.cross_entropy(scores, torch.from_numpy(y)) + reg / 2 * ((W1**2).sum() + (W2**2).sum())
    ours, gradients = two_layer_loss(X, y, *parameters, reg)
    assert_agree(ours, loss.item())
    for gradient, wanted in zip(gradients.values(), torch.autograd.grad(loss, leaves), strict=True):
        assert_agree(gradient, wanted.numpy())


@pytest.mark.row("C-l2", "X-4")
def test_pytorchs_weight_decay_is_the_factor_of_the_weights_in_the_gradient():
    w0, lam = normal(0, 3), 0.3
    for penalty, weight_decay in [(lambda w: lam / 2 * (w**2).sum(), lam), (lambda w: lam * (w**2).sum(), 2 * lam)]:
        by_penalty, by_decay = tensors(w0, w0)
        penalty(by_penalty).backward()
        by_decay.grad = torch.zeros(3, dtype=torch.float64)
        torch.optim.SGD([by_penalty], lr=0.1).step()
        torch.optim.SGD([by_decay], lr=0.1, weight_decay=weight_decay).step()
        assert_agree(by_decay.detach().numpy(), by_penalty.detach().numpy())
        assert_agree(by_penalty.detach().numpy(), w0 - 0.1 * l2_penalty(w0, weight_decay)[1])
