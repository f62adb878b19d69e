"""Transfer learning: keep the first layers of a trained model, and replace or retrain the last ones."""

from dataclasses import replace

import numpy as np

from . import _validate
from ._model_layers import Affine
from ._model_network import Model


def freeze(model, *layers):
    """A copy of a model whose training leaves some layers as they are; without names it frees all of them.

    Formula: the layers' params become constants; loss returns no gradients for them, and its backward pass stops at
             the first layer that training moves

    Arguments:
        model   a Model
        layers  names, such as "conv1"
    Returns:
        model   a Model with the same numbers, which shares no array with the other
    Errors: ValueError: no layer of this name; no layer with parameters left to train.
    Lecture row: D-transfer

    >>> from course_lib.models import freeze, mlp
    >>> list(freeze(mlp([4, 8, 3]), "fc1").params)
    ['fc2.w', 'fc2.b']
    """
    return _copy(model, model.layers, frozen=layers, seed=model.seed)


def with_head(model, classes, *, replaced=1, frozen=True, seed=0):
    """A copy of a model with new last layers, for another data set or task.

    Formula: the last `replaced` fully connected layers start anew, the very last one with `classes` units; the others
             keep their parameters, and training moves them only where frozen is False

    Arguments:
        model     a Model that ends in a fully connected layer
        classes   integer, the number of outputs
        replaced  how many fully connected layers start anew, counted from the end
        frozen    whether the layers that are kept are frozen
        seed      integer, for the new layers' weights
    Returns:
        model     a Model that shares no array with the other
    Errors: ValueError, TypeError: the model does not end in a fully connected layer, or has fewer than `replaced`.
    Lecture row: D-transfer

    >>> from course_lib.models import mlp, with_head
    >>> {name: w.shape for name, w in with_head(mlp([4, 8, 3]), 5).params.items()}
    {'fc2.w': (8, 5), 'fc2.b': (5,)}
    """
    classes = _validate.integer("classes", classes, minimum=1)
    connected = [p.name for p in model.placed if isinstance(p.layer, Affine)]
    if not isinstance(model.layers[-1], Affine):
        raise ValueError(f"model: expected one that ends in a fully connected layer, got {model!r}")
    fresh = connected[-_validate.integer("replaced", replaced, minimum=1, maximum=len(connected)) :]
    kept = [p.name for p in model.placed if p.parameters and p.name not in fresh]
    layers = [*model.layers[:-1], replace(model.layers[-1], units=classes)]
    return _copy(model, layers, frozen=kept if frozen else (), seed=seed, fresh=fresh)


def _copy(model, layers, *, frozen, seed, fresh=()):
    """A model with these layers, and with the numbers of the other except in the layers called `fresh`."""
    options = {"loss": model.loss_function, "code": model.code, "reg": model.reg, "dtype": model.dtype}
    copy, old = Model(layers, model.input_shape, frozen=frozen, seed=seed, **options), {
        **model.params,
        **model.constants,
    }
    for numbers in (copy.params, copy.constants):
        numbers.update({name: np.array(old[name]) for name in numbers if name.rpartition(".")[0] not in fresh})
    copy.state = {name: np.array(value) if name != "passes" else value for name, value in model.state.items()}
    return copy
