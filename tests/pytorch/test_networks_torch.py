"""The lectures' nets beside a live PyTorch: gradients, training, counts of parameters and output sizes."""

import layer_cases
import network_cases
import numpy as np
import pytest
import torch
from make_networks import built, torch_results
from network_results import build, disagreements, results
from torch import nn

from course_lib.conv import output_size
from course_lib.models import alexnet, summary

torch.set_num_threads(1)  # the tests run side by side
both_dtypes = pytest.mark.parametrize("dtype", layer_cases.DTYPES)


def name(case):
    return "-".join([case["model"], *case["options"]])


@both_dtypes
@pytest.mark.parametrize("case", network_cases.cases(), ids=name)
def test_stored_values_are_what_pytorch_gives_now(case, dtype):
    cases, stored = layer_cases.load(network_cases.PATH)
    expected = stored[dtype][cases.index(layer_cases.plain(case))]
    assert not disagreements(case, torch_results(case, dtype), expected, dtype)


@pytest.mark.row("C-torch", "D-lenet", "B-archgrammar", "A-net")
@both_dtypes
@pytest.mark.parametrize("case", network_cases.larger_cases(), ids=name)
def test_larger_nets(case, dtype):
    wrong = disagreements(case, results(case, dtype), torch_results(case, dtype), dtype)
    assert not wrong, "\n".join(wrong)


@pytest.mark.row("C-torch")
@pytest.mark.parametrize("case", network_cases.cases() + network_cases.larger_cases(), ids=name)
def test_as_many_parameters_and_the_same_scores_in_use(case):
    model, net = build(case, np.float64), built(case, np.float64)
    X, y = network_cases.batch(case, np.float64)
    assert summary(model).total.parameters == sum(p.numel() for p in net.parameters())
    net(torch.from_numpy(X))  # one pass in training: batch normalisation takes its running statistics from it
    model.loss(X, y)
    scores = net.eval()(torch.from_numpy(X)).detach().numpy()
    assert np.max(np.abs(model.scores(X) - scores)) <= 1e-12 * np.max(np.abs(scores))


@pytest.mark.row("C-torch", "B-outsize", "B-example", "C-alexnet")
@pytest.mark.parametrize(
    "channels, filters, f, stride, pad, groups, image",
    [
        (3, 10, 5, 1, 2, 1, 32),
        (3, 6, 5, 1, 0, 1, 32),
        (64, 32, 1, 1, 0, 1, 56),
        (3, 96, 11, 4, 0, 1, 227),
        (96, 256, 5, 1, 2, 2, 27),
    ],
)
def test_sizes_and_counts_of_conv2d(channels, filters, f, stride, pad, groups, image):
    layer = nn.Conv2d(channels, filters, kernel_size=f, stride=stride, padding=pad, groups=groups)
    size = output_size(image, f, stride=stride, pad=pad)
    with torch.no_grad():
        assert layer(torch.zeros(1, channels, image, image)).shape == (1, filters, size, size)
    assert sum(p.numel() for p in layer.parameters()) == f * f * channels // groups * filters + filters


@pytest.mark.row("C-torch", "C-alexnet")
def test_alexnets_parameters():
    convolutions = [(3, 96, 11, 1), (96, 256, 5, 2), (256, 384, 3, 1), (384, 384, 3, 2), (384, 256, 3, 2)]
    layers = [nn.Conv2d(c, k, f, groups=g, device="meta") for c, k, f, g in convolutions]  # shapes without memory
    layers += [nn.Linear(d, m, device="meta") for d, m in [(9216, 4096), (4096, 4096), (4096, 1000)]]
    counts = [sum(p.numel() for p in layer.parameters()) for layer in layers]
    ours = [row.parameters for row in summary(alexnet()).rows if row.parameters]
    assert ours == counts and sum(counts) == summary(alexnet()).total.parameters == 60_965_224
