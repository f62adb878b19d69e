"""The layers of a model in their places: names, shapes, and the first values of their parameters."""

from typing import NamedTuple

import numpy as np

from . import _validate
from ._model_layers import BatchNorm, Layer
from ._model_plain import Activation, Add


class Placed(NamedTuple):
    """A layer in its place in a model."""

    name: str
    layer: Layer
    input_shape: tuple
    output_shape: tuple

    @property
    def parameters(self):
        return self.layer.parameter_shapes(self.input_shape)


def place(layers, input_shape):
    """Name each layer by its kind and number, and follow the shape of one example through all of them."""
    if not isinstance(input_shape, (tuple, list)) or not input_shape:
        raise TypeError(f"input_shape: expected a tuple such as (1, 28, 28) or (64,), got {input_shape!r}")
    shape = tuple(_validate.integer(f"input_shape[{i}]", n, minimum=1) for i, n in enumerate(input_shape))
    placed, earlier, counts = [], {}, {}
    for layer in layers:
        if not isinstance(layer, Layer):
            raise TypeError(f"layers: expected layers such as Affine(10) or Relu(), got {layer!r}")
        counts[layer.kind] = counts.get(layer.kind, 0) + 1
        name = f"{layer.kind}{counts[layer.kind]}"
        try:
            out_shape = layer.output_shape(shape, earlier)
        except (ValueError, TypeError) as error:
            raise type(error)(f"{name}, with input {shape}: {error}") from error
        placed.append(Placed(name, layer, shape, out_shape))
        earlier[name], shape = (shape, out_shape), out_shape
    if not placed:
        raise ValueError("layers: expected at least one layer, got none")
    return placed


def first_weights(shape, fans, activation, rng):
    """Weights to start from: large enough for signals to survive the layer, small enough not to explode.

    Formula: w ~ N(0, s²), s = √(2 / fan_in) before a ReLU and its kin (He), s = √(2 / (fan_in + fan_out)) elsewhere
             (Glorot, also called Xavier), 4 times that before a sigmoid, whose slope is at most ¼
    """
    kind = activation.kind if activation is not None else None
    if kind in ("relu", "leaky_relu", "elu"):
        return rng.standard_normal(shape) * np.sqrt(2 / fans[0])
    return rng.standard_normal(shape) * np.sqrt(2 / sum(fans)) * (4 if kind == "sigmoid" else 1)


def _activation_after(placed, index):
    """The activation that a layer's output goes to; None where other weights, an addition or the end come first."""
    for p in placed[index + 1 :]:
        if isinstance(p.layer, Activation):
            return p.layer
        if "w" in p.parameters or isinstance(p.layer, Add):
            return None
    return None


def first_params(placed, *, seed, dtype, small_scores):
    """First values of all parameters: weights as first_weights draws them, biases and beta 0, gamma 1.

    small_scores divides the last layer's weights by 10: a new classifier is undecided, its loss near log(classes).
    """
    rng, params = np.random.default_rng(seed), {}
    last = max((i for i, p in enumerate(placed) if "w" in p.parameters), default=None)
    for i, p in enumerate(placed):
        for part, shape in p.parameters.items():
            if part == "w":
                value = first_weights(shape, p.layer.fans(p.input_shape), _activation_after(placed, i), rng)
                value /= 10 if small_scores and i == last else 1
            else:
                value = np.full(shape, 1.0 if part == "gamma" else 0.0)
            params[f"{p.name}.{part}"] = value.astype(dtype)
    return params


def first_state(placed, dtype):
    """What a model remembers besides its parameters: training passes so far, and running means 0 and variances 1."""
    state = {"passes": 0}
    for p in placed:
        if isinstance(p.layer, BatchNorm):
            state[f"{p.name}.mean"] = np.zeros(p.input_shape[0], dtype)
            state[f"{p.name}.var"] = np.ones(p.input_shape[0], dtype)
    return state


def check_params(given, shapes, dtype):
    """The parameters as arrays of the model's dtype; `shapes` says which names and shapes they have to have."""
    if not isinstance(given, dict) or set(given) != set(shapes):
        got = list(given) if isinstance(given, dict) else type(given).__name__
        raise ValueError(f"params: expected a dict with the names {list(shapes)}, got {got}")
    checked = {}
    for name, shape in shapes.items():
        value = _validate.array(f"params[{name!r}]", given[name])
        _validate.has_shape(f"params[{name!r}]", value, shape, "the shape of this parameter")
        checked[name] = value.astype(dtype, copy=False)
    return checked


def check_inputs(X, input_shape, dtype):
    """A batch of examples of the model's input shape, in the model's dtype."""
    X = _validate.array("X", X)
    if X.shape[1:] != input_shape:
        raise ValueError(f"X: expected shape ({', '.join(['N', *map(str, input_shape)])}), got shape {X.shape}")
    return _validate.finite("X", X.astype(dtype, copy=False))


def check_targets(y, shape):
    """Targets of the output's shape; (N,) does for (N, 1)."""
    y = _validate.array("y", y)
    if y.shape == shape[:1] and shape[1:] == (1,):
        y = y[:, None]
    _validate.has_shape("y", y, shape, "the shape of the model's output")
    return _validate.finite("y", y)
