"""Nets that are built from numbers: the lecture's grammar of convolutional nets, and stacks of residual blocks."""

import numpy as np

from . import _validate
from ._model_layers import Affine, BatchNorm, Convolution
from ._model_network import Model
from ._model_plain import Add, Dropout, MaxPool, activation_layer


def convnet(
    N=1,
    M=2,
    K=1,
    *,
    input_shape=(1, 8, 8),
    classes=10,
    filters=8,
    size=3,
    pool=True,
    hidden=32,
    activation="relu",
    batchnorm=False,
    dropout=0.0,
    reg=0.0,
    seed=0,
    dtype=np.float64,
):
    """A net of the lecture's grammar, [(CONV-RELU)*N-POOL?]*M-(FC-RELU)*K-SOFTMAX.

    Formula: M stages of N convolutions that keep the image's size, each followed by ReLU, and a 2×2 pooling that halves
             it; then K hidden layers, then the scores. Stage m has filters·2^m filters, m from 0

    Arguments:
        N, M, K      integers, 1 ≤ N ≤ 5, M ≥ 1, 0 ≤ K ≤ 2
        input_shape  (C, H, W)
        classes      integer
        filters      of the first stage
        size         of the filters: an odd integer; pad is (size - 1)/2
        pool         whether the stages end in a pooling
        hidden       units of each hidden layer
        activation, dropout  as mlp
        batchnorm    whether the convolutions are followed by batch normalisation
        reg, seed, dtype  as Model
    Returns:
        model        a Model
    Errors: ValueError, TypeError: N, M or K outside the grammar; an even size; an input too small for M poolings.
    Lecture row: B-archgrammar, B-common

    >>> from course_lib.models import convnet
    >>> convnet(1, 2, 1)
    <Model (1, 8, 8) -> conv1 relu1 pool1 conv2 relu2 pool2 fc1 relu3 fc2 -> (10,), float64>
    """
    N, M, K = _validate.integer("N", N, 1, 5), _validate.integer("M", M, 1), _validate.integer("K", K, 0, 2)
    filters = _validate.integer("filters", filters, minimum=1)
    if _validate.integer("size", size, minimum=1) % 2 == 0:
        raise ValueError(f"size: expected an odd integer, for which a padding keeps the image's size, got {size}")
    f, pad = activation_layer(activation), (size - 1) // 2
    norm, drop = [BatchNorm()] if batchnorm else [], [Dropout(dropout)] if dropout else []
    bias = not batchnorm  # which subtracts the mean, and any bias with it
    layers = []
    for m in range(M):
        layers += [Convolution(filters * 2**m, size, pad=pad, bias=bias), *norm, f] * N
        layers += [MaxPool(2)] if pool else []
    layers += [Affine(hidden), f, *drop] * K
    return Model([*layers, Affine(classes)], input_shape, reg=reg, seed=seed, dtype=dtype)


def residual_mlp(
    blocks=8,
    width=32,
    *,
    inputs=64,
    classes=10,
    skip=True,
    activation="sigmoid",
    reg=0.0,
    seed=0,
    dtype=np.float64,
):
    """A stack of residual blocks; with skip=False the same layers without their shortcuts.

    Formula: a_{l+1} = a_l + F_l(a_l),  F(a) = f(a·W_1 + b_1)·W_2 + b_2;  without the skip a_{l+1} = F_l(a_l)

    The gradient of a_l is that of a_{l+1} plus what comes through F_l: however deep the stack, the first term arrives
    whole. Without the skip each block multiplies it by its own factor, below 1 for sigmoids.

    Arguments:
        blocks      integer
        width       units of each layer
        inputs      D, the size of one example
        classes     integer
        skip        whether the shortcuts are there
        activation  f, as mlp
        reg, seed, dtype  as Model
    Returns:
        model       a Model for X of shape (N, D)
    Errors: ValueError, TypeError: sizes below 1, an unknown activation.
    Lecture row: D-residual

    >>> from course_lib.models import residual_mlp
    >>> residual_mlp(blocks=1)
    <Model (64,) -> fc1 fc2 sigmoid1 fc3 add1 fc4 -> (10,), float64>
    """
    layers, start = [Affine(width)], "fc1"
    for block in range(1, _validate.integer("blocks", blocks, minimum=1) + 1):
        layers += [Affine(width), activation_layer(activation), Affine(width)]
        if skip:
            layers.append(Add(start))
            start = f"add{block}"
    inputs = _validate.integer("inputs", inputs, minimum=1)
    return Model([*layers, Affine(classes)], (inputs,), reg=reg, seed=seed, dtype=dtype)
