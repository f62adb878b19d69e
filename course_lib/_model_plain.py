"""The layers without parameters, as records: activations, pooling and the ways back, dropout, reshaping, shortcuts."""

from dataclasses import dataclass
from math import prod

import numpy as np

from . import _validate
from ._model_layers import Layer, Sliding, Window
from .activations import (
    elu_backward,
    elu_forward,
    leaky_relu_backward,
    leaky_relu_forward,
    relu_backward,
    relu_forward,
    sigmoid_backward,
    sigmoid_forward,
    tanh_backward,
    tanh_forward,
)
from .norm import dropout_backward, dropout_forward
from .pool import (
    avg_pool2d_backward,
    avg_pool2d_forward,
    max_pool1d_backward,
    max_pool1d_forward,
    max_pool2d_backward,
    max_pool2d_forward,
    max_unpool2d,
    max_unpool2d_backward,
    upsample_nearest2d_backward,
    upsample_nearest2d_forward,
)


class Activation(Layer):
    """A function of each number by itself."""


@dataclass(frozen=True)
class Relu(Activation):
    """max(0, x); at_zero is the derivative taken at 0 (frameworks 0, lecture E 1)."""

    at_zero: int = 0

    kind = "relu"

    def forward(self, x, params, run):
        return relu_forward(x)

    def backward(self, dout, cache, need_dx):
        return relu_backward(dout, cache, at_zero=self.at_zero), {}


@dataclass(frozen=True)
class Sigmoid(Activation):
    """1 / (1 + e⁻ˣ)"""

    kind = "sigmoid"

    def forward(self, x, params, run):
        return sigmoid_forward(x)

    def backward(self, dout, cache, need_dx):
        return sigmoid_backward(dout, cache), {}


@dataclass(frozen=True)
class Tanh(Activation):
    """The hyperbolic tangent."""

    kind = "tanh"

    def forward(self, x, params, run):
        return tanh_forward(x)

    def backward(self, dout, cache, need_dx):
        return tanh_backward(dout, cache), {}


@dataclass(frozen=True)
class LeakyRelu(Activation):
    """x, and slope·x below 0."""

    slope: float = 0.1

    kind = "leaky_relu"

    def forward(self, x, params, run):
        return leaky_relu_forward(x, slope=self.slope)

    def backward(self, dout, cache, need_dx):
        return leaky_relu_backward(dout, cache), {}


@dataclass(frozen=True)
class Elu(Activation):
    """x, and alpha·(eˣ - 1) below 0."""

    alpha: float = 1.0

    kind = "elu"

    def forward(self, x, params, run):
        return elu_forward(x, alpha=self.alpha)

    def backward(self, dout, cache, need_dx):
        return elu_backward(dout, cache), {}


@dataclass(frozen=True)
class Pooling(Sliding):
    """A window that keeps one number of what it sees, channel by channel; stride None takes the window's size."""

    size: int | tuple = 2
    stride: int | tuple | None = None
    pad: int | tuple = 0

    def output_shape(self, shape, earlier):
        return shape[0], *self.positions(shape)


@dataclass(frozen=True)
class MaxPool(Pooling):
    """The largest number of each window; ties says which of several gets the gradient ("first" or "all")."""

    ties: str = "first"

    kind = "pool"

    def forward(self, x, params, run):
        layer = max_pool1d_forward if x.ndim == 3 else max_pool2d_forward
        return layer(x, self.size, stride=self.stride, pad=self.pad, ties=self.ties)

    def backward(self, dout, cache, need_dx):
        layer = max_pool1d_backward if dout.ndim == 3 else max_pool2d_backward
        return layer(dout, cache), {}


@dataclass(frozen=True)
class AvgPool(Pooling):
    """The mean of each window, for images."""

    kind = "avgpool"

    def forward(self, x, params, run):
        return avg_pool2d_forward(x, self.size, stride=self.stride, pad=self.pad)

    def backward(self, dout, cache, need_dx):
        return avg_pool2d_backward(dout, cache), {}


def look_up(name, earlier):
    """The (input, output) shape of the earlier layer that a later one refers to."""
    if name not in earlier:
        raise ValueError(
            f"of: expected one of the layers before, {', '.join(earlier) or 'of which none is'}, got {name!r}"
        )
    return earlier[name]


@dataclass(frozen=True)
class Unpool(Layer):
    """Max-unpooling: each number goes to the position that the max pooling layer `of` remembered."""

    of: str

    kind = "unpool"

    def output_shape(self, shape, earlier):
        pooled_from, pooled_to = look_up(self.of, earlier)
        if shape != pooled_to or len(shape) != 3:
            raise ValueError(f"input: expected an image of {self.of}'s output shape {pooled_to}, got {shape}")
        return pooled_from

    def forward(self, x, params, run):
        pooling_cache = run.kept[self.of][1]
        return max_unpool2d(x, pooling_cache), pooling_cache

    def backward(self, dout, cache, need_dx):
        return max_unpool2d_backward(dout, cache), {}


@dataclass(frozen=True)
class Upsample(Layer):
    """Each pixel of an image repeated in a block of scale × scale."""

    scale: int | tuple = 2

    kind = "upsample"

    def output_shape(self, shape, earlier):
        if len(shape) != 3:
            raise ValueError(f"input: expected an image (C, H, W), got shape {shape}")
        return shape[0], *(n * s for n, s in zip(shape[1:], _validate.pair("scale", self.scale, 1)))

    def windows(self, shape):
        return [Window(1, 1 / s, 0) for s in _validate.pair("scale", self.scale, 1)]

    def forward(self, x, params, run):
        return upsample_nearest2d_forward(x, self.scale)

    def backward(self, dout, cache, need_dx):
        return upsample_nearest2d_backward(dout, cache), {}


@dataclass(frozen=True)
class Dropout(Layer):
    """In training each number is dropped with probability p; in use nothing happens."""

    p: float = 0.5

    kind = "dropout"

    def output_shape(self, shape, earlier):
        _validate.number("p", self.p, 0, 1)
        return shape

    def forward(self, x, params, run):
        seed = int(np.random.SeedSequence(run.seed).generate_state(1)[0])
        return dropout_forward(x, self.p, seed=seed, train=run.train)

    def backward(self, dout, cache, need_dx):
        return dropout_backward(dout, cache), {}


@dataclass(frozen=True)
class Reshape(Layer):
    """The same numbers in another shape, such as (5,) as a signal with one channel, (1, 5)."""

    shape: tuple

    kind = "reshape"

    def output_shape(self, shape, earlier):
        if prod(self.shape) != prod(shape):
            raise ValueError(f"shape: expected {prod(shape)} elements as in the input {shape}, got {self.shape}")
        return tuple(self.shape)

    def forward(self, x, params, run):
        return x.reshape(len(x), *self.shape), x.shape

    def backward(self, dout, cache, need_dx):
        return dout.reshape(cache), {}


@dataclass(frozen=True)
class Add(Layer):
    """A shortcut: the output of the earlier layer `of` is added. In the way back both ways get the gradient."""

    of: str

    kind = "add"

    def output_shape(self, shape, earlier):
        _, added = look_up(self.of, earlier)
        if added != shape:
            raise ValueError(f"input: expected the shape {added} that {self.of} puts out, got {shape}")
        return shape

    def forward(self, x, params, run):
        return x + run.kept[self.of][0], ()

    def backward(self, dout, cache, need_dx):
        return dout, {}  # and the model passes dout to `of` too


ACTIVATIONS = {layer.kind: layer for layer in (Relu, Sigmoid, Tanh, LeakyRelu, Elu)}


def activation_layer(activation):
    """The record for a name such as "relu"; a record stays as it is, which is how options are given."""
    if isinstance(activation, Activation):
        return activation
    if not isinstance(activation, str) or activation not in ACTIVATIONS:
        raise ValueError(f"activation: expected a layer or one of {', '.join(ACTIVATIONS)}, got {activation!r}")
    return ACTIVATIONS[activation]()
