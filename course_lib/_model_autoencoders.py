"""Autoencoders: nets that learn to put out what came in, through a code that is too small to copy it.

Their loss is the square loss and its target the input: model.loss(X). `scores` is the reconstruction, `codes` the code.
"""

from math import prod

import numpy as np

from . import _validate
from ._model_layers import Affine, Convolution, TransposedConvolution
from ._model_network import Model
from ._model_plain import MaxPool, Relu, Reshape, Unpool, Upsample, activation_layer
from .losses import mean_squared_error


def autoencoder(
    sizes=(64, 128, 64, 32),
    *,
    activation="relu",
    input_shape=None,
    reg=0.0,
    seed=0,
    dtype=np.float64,
):
    """Deep autoencoder: fully connected layers down to the code, and the same sizes up again.

    Formula: code = W_n·f(... f(W_1·x)),  x̂ = V_1·f(... f(V_n·code)),  loss = mean (x̂ - x)²  (and biases)

    The code and the reconstruction are linear, as PCA's are: without the activations between, PCA would be the best.

    Arguments:
        sizes        (D, hidden units ..., code): at least two integers
        activation   f, as mlp
        input_shape  of one example, with D elements; None: (D,)
        reg, seed, dtype  as Model
    Returns:
        model        a Model; codes(X) has shape (N, code), scores(X) that of X
    Errors: ValueError, TypeError: fewer than two sizes, sizes below 1, an input_shape without D elements.
    Lecture row: C-autoenc

    >>> from course_lib.models import autoencoder
    >>> autoencoder([64, 30, 8])
    <Model (64,) -> fc1 relu1 fc2 fc3 relu2 fc4 -> (64,), float64>
    """
    if not isinstance(sizes, (tuple, list)) or len(sizes) < 2:
        raise ValueError(f"sizes: expected at least two sizes, of the input and of the code, got {sizes!r}")
    f, (first, *hidden, code) = activation_layer(activation), sizes
    layers = [] if input_shape is None else [Reshape((first,))]
    for units in hidden:
        layers += [Affine(units), f]
    layers.append(Affine(code))
    for units in reversed(hidden):
        layers += [Affine(units), f]
    layers.append(Affine(first))
    layers += [] if input_shape is None else [Reshape(tuple(input_shape))]
    options = {"loss": mean_squared_error, "code": f"fc{len(hidden) + 1}", "reg": reg, "seed": seed, "dtype": dtype}
    return Model(layers, input_shape or (first,), **options)


def _way_up(kind, stage, filters):
    """The layers that undo one stage's pooling: twice the size, and `filters` channels."""
    if kind == "unpool":  # each maximum back to where it came from
        return [Unpool(f"pool{stage}"), Convolution(filters, 3, pad=1)]
    if kind == "transpose":  # (h - 1)·2 - 2·1 + 4 = 2h, and the filter's 4 taps meet every pixel equally often
        return [TransposedConvolution(filters, 4, stride=2, pad=1)]
    if kind == "upsample":  # each number repeated
        return [Upsample(2), Convolution(filters, 3, pad=1)]
    raise ValueError(f'decoder: expected "unpool", "transpose" or "upsample", got {kind!r}')


def conv_autoencoder(
    input_shape=(1, 8, 8),
    *,
    filters=(8, 4),
    code=None,
    decoder="unpool",
    reg=0.0,
    seed=0,
    dtype=np.float64,
):
    """Convolutional autoencoder: convolution and pooling down to the code, one of three ways up again.

    Formula: down, for each stage: pool(relu(filter * a));  up: "unpool" filter * (maxima back at their positions),
             "transpose" a transposed convolution with stride 2, "upsample" filter * (each number repeated)

    Max-unpooling remembers the positions of the maxima, so its code alone is not all that the decoder gets.

    Arguments:
        input_shape  (C, H, W), with H and W divisible by 2 for each stage
        filters      of each stage's 3×3 convolution: a tuple
        code         units of a fully connected code layer between, or None: the last pooling's output is the code
        decoder      "unpool", "transpose" or "upsample"
        reg, seed, dtype  as Model
    Returns:
        model        a Model; scores(X) has the shape of X
    Errors: ValueError, TypeError: H or W not divisible, no stage, a decoder of another name.
    Lecture row: C-convautoenc, C-unpool2

    >>> from course_lib.models import conv_autoencoder
    >>> model = conv_autoencoder((1, 28, 28), filters=(8, 4), decoder="transpose")
    >>> model.codes([[[[0.5] * 28] * 28]]).shape
    (1, 4, 7, 7)
    """
    if not isinstance(filters, (tuple, list)) or not filters:
        raise ValueError(f"filters: expected a tuple with a number for each stage, got {filters!r}")
    if not isinstance(input_shape, (tuple, list)) or len(input_shape) != 3:
        raise ValueError(f"input_shape: expected (C, H, W), got {input_shape!r}")
    stages, (channels, height, width) = len(filters), input_shape
    if height % 2**stages or width % 2**stages:
        raise ValueError(f"input_shape: expected H and W divisible by {2**stages}, got {tuple(input_shape)}")
    layers = []
    for count in filters:
        layers += [Convolution(count, 3, pad=1), Relu(), MaxPool(2)]
    code_layer = f"pool{stages}"
    if code is not None:
        smallest = (filters[-1], height // 2**stages, width // 2**stages)
        layers += [Affine(_validate.integer("code", code, minimum=1)), Affine(prod(smallest)), Reshape(smallest)]
        code_layer = "fc1"
    for stage in range(stages, 0, -1):
        layers += _way_up(decoder, stage, filters[stage - 2] if stage > 1 else channels)
        layers += [Relu()] if stage > 1 else []  # the last layer puts out pixels of any sign
    options = {"loss": mean_squared_error, "code": code_layer, "reg": reg, "seed": seed, "dtype": dtype}
    return Model(layers, input_shape, **options)
