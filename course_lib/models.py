"""The lectures' nets, each as a list of layers: read a builder from top to bottom, and you see the picture.

    model = lenet(input_shape=(1, 8, 8), pad=1)
    print(summary(model))
    loss, grads = model.loss(X, y)
    model.params, state = step_all(sgd, model.params, grads, state, lr=0.1)

No softmax stands at the end of a classifier: the model puts out scores, and the loss applies it. Every builder takes
`reg` (λ of the penalty ½λΣw² on the weights), `seed` and `dtype`, which go to the Model. Weights start as He et al.
draw them before a ReLU, as Glorot and Bengio do elsewhere (4 times as large before a sigmoid), and a classifier's last
ones a tenth as large; biases start at 0.
"""

import numpy as np

from . import _validate
from ._model_autoencoders import autoencoder, conv_autoencoder
from ._model_builders import convnet, residual_mlp
from ._model_layers import Affine, BatchNorm, Convolution, TransposedConvolution
from ._model_network import Model
from ._model_plain import (
    Add,
    AvgPool,
    Dropout,
    Elu,
    LeakyRelu,
    MaxPool,
    Relu,
    Reshape,
    Sigmoid,
    Tanh,
    Unpool,
    Upsample,
    activation_layer,
)
from ._model_summary import Row, Summary, summary
from ._model_transfer import freeze, with_head
from .losses import softmax_cross_entropy

__all__ = [
    "mlp",
    "seesaw_cnn",
    "penn_cnn",
    "lenet",
    "alexnet",
    "convnet",
    "residual_mlp",
    "autoencoder",
    "conv_autoencoder",
    "summary",
    "Summary",
    "Row",
    "freeze",
    "with_head",
    "Model",
    "Convolution",
    "TransposedConvolution",
    "Affine",
    "BatchNorm",
    "Relu",
    "Sigmoid",
    "Tanh",
    "LeakyRelu",
    "Elu",
    "MaxPool",
    "AvgPool",
    "Unpool",
    "Upsample",
    "Dropout",
    "Reshape",
    "Add",
]


def mlp(
    sizes=(64, 32, 10),
    *,
    activation="relu",
    output=None,
    loss=softmax_cross_entropy,
    input_shape=None,
    bias=True,
    dropout=0.0,
    reg=0.0,
    seed=0,
    dtype=np.float64,
):
    """Multilayer perceptron of any depth.

    Formula: a_{l+1} = f(a_l·W_l + b_l),  scores = a_L·W_L + b_L

    Arguments:
        sizes        (D, hidden units ..., outputs): at least two integers
        activation   f: "relu", "sigmoid", "tanh", "leaky_relu", "elu", or a layer such as LeakyRelu(0.05)
        output       None for scores, or an activation after the last layer (the seesaw's "sigmoid" with a square loss)
        loss         softmax_cross_entropy (classes), binary_cross_entropy (yes or no) or mean_squared_error (numbers)
        input_shape  of one example, with D elements; None: (D,)
        bias         whether the layers have biases
        dropout      probability to drop a hidden unit in training
        reg, seed, dtype  as Model
    Returns:
        model        a Model
    Errors: ValueError, TypeError: fewer than two sizes, sizes below 1, an input_shape without D elements.
    Lecture row: D-fc, C-mlp

    >>> from course_lib.models import mlp
    >>> mlp([784, 100, 10], input_shape=(1, 28, 28))
    <Model (1, 28, 28) -> reshape1 fc1 relu1 fc2 -> (10,), float64>
    """
    if not isinstance(sizes, (tuple, list)) or len(sizes) < 2:
        raise ValueError(f"sizes: expected at least two sizes, of the input and of the output, got {sizes!r}")
    layers = [] if input_shape is None else [Reshape((sizes[0],))]
    for units in sizes[1:-1]:
        layers += [Affine(units, bias), activation_layer(activation), *([Dropout(dropout)] if dropout else [])]
    layers += [Affine(sizes[-1], bias), *([activation_layer(output)] if output else [])]
    return Model(layers, input_shape or (sizes[0],), loss=loss, reg=reg, seed=seed, dtype=dtype)


def seesaw_cnn(*, ties="first", at_zero=0, reg=0.0, seed=0, dtype=np.float64):
    """Lecture E's net for the seesaw: five positions on a board, two classes, 12 weights and no biases.

    Formula: a = pool(relu(filter * x)),  h = sigmoid(a·W_1),  scores = h·W_2

    Its parameters are conv1.w (1, 1, 2), fc1.w (3, 2) and fc2.w (2, 2): a row for each unit a weight comes from, a
    column for each it goes to.

    Arguments:
        ties      of the pooling: "first" as frameworks, "all" as the lecture
        at_zero   derivative of ReLU at 0: 0 as frameworks, 1 as the lecture
        reg, seed, dtype  as Model; the lecture's λ is 0.1
    Returns:
        model     a Model for X of shape (N, 5)
    Errors: ValueError, TypeError: reg, seed or dtype as Model.
    Lecture row: E-seesaw, E-compare

    >>> from course_lib.models import seesaw_cnn
    >>> seesaw_cnn()
    <Model (5,) -> reshape1 conv1 relu1 pool1 fc1 sigmoid1 fc2 -> (2,), float64>
    """
    layers = [
        Reshape((1, 5)),  # a signal with one channel
        Convolution(1, 2, bias=False),
        Relu(at_zero),
        MaxPool(2, stride=1, ties=ties),
        Affine(2, bias=False),
        Sigmoid(),
        Affine(2, bias=False),
    ]
    return Model(layers, (5,), reg=reg, seed=seed, dtype=dtype)


def penn_cnn(
    input_shape=(1, 8, 8),
    classes=10,
    *,
    filters=(8, 16),
    size=3,
    pad=1,
    hidden=32,
    bias=False,
    reg=0.0,
    seed=0,
    dtype=np.float64,
):
    """Lecture A's net: two convolutions, two poolings, two fully connected layers, sigmoids.

    Formula: a_1 = pool(f(g_1 * x)),  a_2 = pool(f(g_2 * a_1)),  a_3 = f(W_1·a_2),  ŷ = softmax(W_2·a_3)

    The lecture's * rotates the filter, the layer does not: the net learns the rotated filters.

    Arguments:
        input_shape  (C, H, W)
        classes      integer
        filters      pair: how many in g_1 and in g_2
        size, pad    of the filters: integers or pairs
        hidden       units of a_3
        bias         whether the layers have biases; the lecture's have none
        reg, seed, dtype  as Model
    Returns:
        model        a Model
    Errors: ValueError, TypeError: an input too small for a layer (the message names it).
    Lecture row: A-net

    >>> from course_lib.models import penn_cnn
    >>> penn_cnn()
    <Model (1, 8, 8) -> conv1 sigmoid1 pool1 conv2 sigmoid2 pool2 fc1 sigmoid3 fc2 -> (10,), float64>
    """
    g1, g2 = _validate.pair("filters", filters, minimum=1)
    layers = [
        *[Convolution(g1, size, pad=pad, bias=bias), Sigmoid(), MaxPool(2)],
        *[Convolution(g2, size, pad=pad, bias=bias), Sigmoid(), MaxPool(2)],
        *[Affine(hidden, bias), Sigmoid()],
        Affine(classes, bias),
    ]
    return Model(layers, input_shape, reg=reg, seed=seed, dtype=dtype)


def lenet(
    input_shape=(1, 32, 32),
    classes=10,
    *,
    pad=0,
    activation="relu",
    batchnorm=False,
    dropout=0.0,
    reg=0.0,
    seed=0,
    dtype=np.float64,
):
    """Lecture D's LeNet-like net with 3×3 filters.

    Formula: 1×32×32 -conv-> 6×30×30 -pool-> 6×15×15 -conv-> 16×13×13 -pool-> 16×6×6 -fc-> 120 -> 84 -> classes

    For the 8×8 digits pad=1: 8 -> 8 -> 4 -> 4 -> 2, and the first fully connected layer has 64 inputs, not 576.

    Arguments:
        input_shape  (C, H, W)
        classes      integer
        pad          of the filters: 0, or 1 to keep the size
        activation   as mlp; LeakyRelu(slope) for the lecture's knob
        batchnorm    whether the convolutions are followed by batch normalisation
        dropout      probability to drop a hidden unit of the fully connected layers in training
        reg, seed, dtype  as Model
    Returns:
        model        a Model
    Errors: ValueError, TypeError: an input too small for a layer (the message names it).
    Lecture row: D-lenet, D-augment

    >>> from course_lib.models import lenet, summary
    >>> [row.output_shape[1] for row in summary(lenet()).rows[:6]]
    [30, 30, 15, 13, 13, 6]
    """
    f = activation_layer(activation)
    norm, drop = [BatchNorm()] if batchnorm else [], [Dropout(dropout)] if dropout else []
    bias = not batchnorm  # which subtracts the mean, and any bias with it
    layers = [
        *[Convolution(6, 3, pad=pad, bias=bias), *norm, f, MaxPool(2)],
        *[Convolution(16, 3, pad=pad, bias=bias), *norm, f, MaxPool(2)],
        *[Affine(120), f, *drop],
        *[Affine(84), f, *drop],
        Affine(classes),
    ]
    return Model(layers, input_shape, reg=reg, seed=seed, dtype=dtype)


def alexnet(input_shape=(3, 227, 227), classes=1000, *, dropout=0.5, reg=0.0, seed=0, dtype=np.float64):
    """AlexNet (2012): five convolutions, three of them in two groups, and three fully connected layers.

    Formula: 227 -conv 11, stride 4-> 55 -pool-> 27 -conv 5-> 27 -pool-> 13 -conv 3, three times-> 13 -pool-> 6, then
             9216 -fc-> 4096 -> 4096 -> 1000; every pooling takes windows of 3 with stride 2, which overlap

    The original also divides by local responses after conv 1 and 2; that has no parameters and is left out here.

    Arguments:
        input_shape  (C, H, W)
        classes      integer
        dropout      probability to drop a hidden unit of the fully connected layers in training
        reg, seed, dtype  as Model
    Returns:
        model        a Model; its 61 million weights are made when params is first used, not before
    Errors: ValueError, TypeError: an input too small for a layer (the message names it).
    Lecture row: C-alexnet, X-6

    >>> from course_lib.models import alexnet, summary
    >>> summary(alexnet())["conv1"].neurons
    290400
    """
    drop = [Dropout(dropout)] if dropout else []
    layers = [
        *[Convolution(96, 11, stride=4), Relu(), MaxPool(3, stride=2)],
        *[Convolution(256, 5, pad=2, groups=2), Relu(), MaxPool(3, stride=2)],
        *[Convolution(384, 3, pad=1), Relu()],
        *[Convolution(384, 3, pad=1, groups=2), Relu()],
        *[Convolution(256, 3, pad=1, groups=2), Relu(), MaxPool(3, stride=2)],
        *[Affine(4096), Relu(), *drop],
        *[Affine(4096), Relu(), *drop],
        Affine(classes),
    ]
    return Model(layers, input_shape, reg=reg, seed=seed, dtype=dtype)
