"""The layers of a model as small records: what a layer is like, and which pure functions compute it.

A record holds options only, never numbers. Shapes are those of one example, without the batch axis: (C, H, W) for
images, (C, W) for signals, (D,) for vectors. A layer answers what shape comes out, which parameters it needs and what
it costs before a single weight is made: that is how `summary` works.
"""

from dataclasses import dataclass, field
from math import prod
from typing import NamedTuple

from . import _validate
from .conv import (
    conv1d_backward,
    conv1d_forward,
    conv2d_backward,
    conv2d_forward,
    conv_transpose2d_backward,
    conv_transpose2d_forward,
    output_size,
)
from .linear import affine_backward, affine_forward
from .norm import batchnorm_backward, batchnorm_forward


@dataclass
class Pass:
    """What a layer may ask about the pass through the net, besides its input and its parameters."""

    layer: str = ""  # the name of the layer whose turn it is
    train: bool = False
    seed: tuple = (0,)  # for the layer's random choices
    state: dict = field(default_factory=dict)  # running statistics; a layer replaces its own in training
    kept: dict = field(default_factory=dict)  # name -> (out, cache) of the layers that a later one refers to


class Window(NamedTuple):
    """How an output position sees the input, along one axis: what a receptive field is made of."""

    reach: int  # how many input positions it sees
    step: float  # how far neighbours are apart, in input positions; below 1 where the layer enlarges
    shift: float  # where the first one's centre is, in input positions


class Layer:
    """A layer without parameters that keeps the shape; the others say where they differ."""

    kind = ""  # the layer's name in a model, before its number

    def output_shape(self, shape, earlier):
        """The shape that comes out; `earlier` maps each layer before this one to its (input, output) shape."""
        return shape

    def parameter_shapes(self, shape):
        """A dict: the name of each parameter to its shape."""
        return {}

    def fans(self, shape):
        """How many inputs an output sums up, and how many outputs an input goes to: the scale of first weights."""
        return 1, 1

    def multiply_adds(self, shape, out_shape):
        """Products that are summed up, for one example."""
        return 0

    def windows(self, shape):
        """A Window for each axis, or None where every output sees the whole input."""
        return [Window(1, 1, 0)] * max(1, len(shape) - 1)

    def left_over(self, shape):
        """Along each axis: rows of the padded input after the last window, 0 where the windows fit exactly."""
        return [0] * max(1, len(shape) - 1)

    def forward(self, x, params, run):
        raise NotImplementedError

    def backward(self, dout, cache, need_dx):
        """(dx, dict of the parameters' gradients); dx is None where need_dx is False and the layer can save it."""
        raise NotImplementedError


def axes_of(shape):
    """How many axes a filter moves along: 1 for signals (C, W), 2 for images (C, H, W)."""
    if len(shape) not in (2, 3):
        raise ValueError(f"input: expected a signal (C, W) or an image (C, H, W), got shape {shape}")
    return len(shape) - 1


def along(name, value, count, minimum):
    """An option as one number for each of `count` axes."""
    return _validate.pair(name, value, minimum) if count == 2 else (_validate.integer(name, value, minimum),)


def sliding(shape, size, stride, pad, dilation):
    """For each axis, of a window that slides over the input: (Window, rows left over after the last position)."""
    options = zip(shape[1:], size, stride, pad, dilation)
    found = []
    for n, f, s, p, d in options:
        extent = d * (f - 1) + 1
        found.append((Window(extent, s, (extent - 1) / 2 - p), (n + 2 * p - extent) % s))
    return found


class Sliding(Layer):
    """A layer with `size`, `stride`, `pad` and `dilation` whose window moves over a signal or an image."""

    dilation = 1

    def options(self, shape):
        """(size, stride, pad, dilation), each with one number for each axis."""
        count, stride = axes_of(shape), self.size if self.stride is None else self.stride
        named = [("size", self.size, 1), ("stride", stride, 1), ("pad", self.pad, 0), ("dilation", self.dilation, 1)]
        return [along(name, value, count, minimum) for name, value, minimum in named]

    def positions(self, shape):
        options = self.options(shape)
        for (window, _), n, pad in zip(sliding(shape, *options), shape[1:], options[2]):
            if window.reach > n + 2 * pad:
                raise ValueError(
                    f"size: expected a window no larger than the padded input, {n} + 2·{pad}, got {window.reach}"
                )
        return tuple(
            output_size(n, f, stride=s, pad=p, dilation=d, floor=True) for n, f, s, p, d in zip(shape[1:], *options)
        )

    def windows(self, shape):
        return [window for window, _ in sliding(shape, *self.options(shape))]

    def left_over(self, shape):
        return [rows for _, rows in sliding(shape, *self.options(shape))]


@dataclass(frozen=True)
class Convolution(Sliding):
    """`filters` filters of `size`, over a signal or an image (cross-correlation)."""

    filters: int
    size: int | tuple
    stride: int | tuple = 1
    pad: int | tuple = 0
    dilation: int | tuple = 1
    groups: int = 1
    bias: bool = True

    kind = "conv"

    def output_shape(self, shape, earlier):
        size, stride, pad, dilation = self.options(shape)
        filters, groups = _validate.integer("filters", self.filters, 1), _validate.integer("groups", self.groups, 1)
        if shape[0] % groups or filters % groups:
            raise ValueError(f"groups: expected a divisor of {shape[0]} channels and {filters} filters, got {groups}")
        return filters, *self.positions(shape)

    def parameter_shapes(self, shape):
        w = {"w": (self.filters, shape[0] // self.groups, *self.options(shape)[0])}
        return {**w, "b": (self.filters,)} if self.bias else w

    def fans(self, shape):
        area = prod(self.options(shape)[0])
        return shape[0] // self.groups * area, self.filters // self.groups * area

    def multiply_adds(self, shape, out_shape):
        return prod(out_shape) * self.fans(shape)[0]  # each output is one dot product with a window

    def forward(self, x, params, run):
        layer = conv1d_forward if x.ndim == 3 else conv2d_forward
        options = {"stride": self.stride, "pad": self.pad, "dilation": self.dilation, "groups": self.groups}
        return layer(x, params["w"], params.get("b"), **options)

    def backward(self, dout, cache, need_dx):
        layer = conv1d_backward if dout.ndim == 3 else conv2d_backward
        dx, dw, db = layer(dout, cache, need_dx=need_dx)
        return dx, {"w": dw, "b": db}


@dataclass(frozen=True)
class TransposedConvolution(Layer):
    """Each input pixel adds its multiple of `filters` filters to the output: a way up again for images."""

    filters: int
    size: int | tuple
    stride: int | tuple = 1
    pad: int | tuple = 0
    bias: bool = True

    kind = "deconv"

    def options(self, shape):
        if len(shape) != 3:
            raise ValueError(f"input: expected an image (C, H, W), got shape {shape}")
        named = [("size", self.size, 1), ("stride", self.stride, 1), ("pad", self.pad, 0)]
        return [_validate.pair(name, value, minimum) for name, value, minimum in named]

    def output_shape(self, shape, earlier):
        _validate.integer("filters", self.filters, 1)
        sizes = tuple((n - 1) * s - 2 * p + f for n, f, s, p in zip(shape[1:], *self.options(shape)))
        if min(sizes) < 1:
            raise ValueError(f"pad: expected one that leaves some output, got {self.pad}, which leaves {sizes}")
        return self.filters, *sizes

    def parameter_shapes(self, shape):
        w = {"w": (shape[0], self.filters, *self.options(shape)[0])}
        return {**w, "b": (self.filters,)} if self.bias else w

    def fans(self, shape):
        size, stride, _ = self.options(shape)
        taps = prod(-(-f // s) for f, s in zip(size, stride))  # a stride spreads a filter's taps over the outputs
        return shape[0] * taps, self.filters * prod(size)

    def multiply_adds(self, shape, out_shape):
        return prod(shape) * self.filters * prod(self.options(shape)[0])

    def windows(self, shape):
        return [Window(-(-f // s), 1 / s, (p - (f - 1) / 2) / s) for f, s, p in zip(*self.options(shape))]

    def forward(self, x, params, run):
        return conv_transpose2d_forward(x, params["w"], params.get("b"), stride=self.stride, pad=self.pad)

    def backward(self, dout, cache, need_dx):
        dx, dw, db = conv_transpose2d_backward(dout, cache)
        return dx, {"w": dw, "b": db}


@dataclass(frozen=True)
class Affine(Layer):
    """`units` fully connected units; whatever comes in is flattened."""

    units: int
    bias: bool = True

    kind = "fc"

    def output_shape(self, shape, earlier):
        return (_validate.integer("units", self.units, 1),)

    def parameter_shapes(self, shape):
        w = {"w": (prod(shape), self.units)}
        return {**w, "b": (self.units,)} if self.bias else w

    def fans(self, shape):
        return prod(shape), self.units

    def multiply_adds(self, shape, out_shape):
        return prod(shape) * self.units

    def windows(self, shape):
        return None

    def forward(self, x, params, run):
        return affine_forward(x, params["w"], params.get("b"))

    def backward(self, dout, cache, need_dx):
        dx, dw, db = affine_backward(dout, cache, need_dx=need_dx)
        return dx, {"w": dw, "b": db}


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Batch normalisation of each feature, or of each channel; running statistics where the model is in use."""

    momentum: float = 0.9
    eps: float = 1e-5

    kind = "batchnorm"

    def output_shape(self, shape, earlier):
        if len(shape) not in (1, 3):
            raise ValueError(f"input: expected features (D,) or an image (C, H, W), got shape {shape}")
        return shape

    def parameter_shapes(self, shape):
        return {"gamma": shape[:1], "beta": shape[:1]}

    def forward(self, x, params, run):
        names = f"{run.layer}.mean", f"{run.layer}.var"
        running = tuple(run.state[name] for name in names)
        options = {"train": run.train, "momentum": self.momentum, "eps": self.eps}
        out, cache, new_running = batchnorm_forward(x, params["gamma"], params["beta"], running, **options)
        run.state.update(zip(names, new_running))
        return out, cache

    def backward(self, dout, cache, need_dx):
        dx, dgamma, dbeta = batchnorm_backward(dout, cache)
        return dx, {"gamma": dgamma, "beta": dbeta}
