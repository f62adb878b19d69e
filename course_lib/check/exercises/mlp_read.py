"""05_mlp: how a dict of gradients, one for each layer of weights, is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..compare import as_numbers, describe
from ..exercise import ResultForm

GRADIENTS = ("grads[1]", "grads[2]", "grads[L]")
WANTED = "a dict with one gradient for each layer of weights, under the keys 1, 2, …, L"


def read_gradients(grads: Any, weights: Mapping[int, Any], function: str) -> dict[str, Any]:
    """{1: …, 2: …} as {"grads[1]": …, "grads[2]": …, "grads[L]": …}. With four layers or more, the second holds all between
    the first and the last, joined; with two it is the last.

    Raises ResultForm where it is no dict, or has other keys than the weights; and for the joined layers other shapes.
    """
    if grads is None:
        raise ResultForm(f"{function} returned None: is a `return` missing?")
    if not isinstance(grads, Mapping):
        what = "a list" if isinstance(grads, list) else describe(grads)
        raise ResultForm(f"The gradients should be {WANTED}; yours are {what}. Begin with grads = {{}} and set grads[l].")
    layers = sorted(weights)
    if missing := [l for l in layers if l not in grads]:
        raise ResultForm(f"The dict of gradients has no {', '.join(map(repr, missing))}; its keys are {', '.join(map(repr, grads)) or 'none'}. "
                         f"Expected: {WANTED}.")
    if extra := [l for l in grads if l not in layers]:
        raise ResultForm(f"The dict of gradients has {', '.join(map(repr, extra))} too many. Expected: {WANTED}.")
    found = {l: as_numbers(grads[l]) for l in layers}
    for l in layers:
        if found[l] is None:
            raise ResultForm(f"grads[{l}] is not an array of numbers: it is {describe(grads[l])}.")
    first, *between, last = layers if len(layers) > 1 else layers * 2
    if len(between) > 1:
        for l in between:
            if found[l].shape != np.shape(weights[l]):
                turned = " Is it transposed?" if found[l].shape == np.shape(weights[l])[::-1] else ""
                raise ResultForm(f"grads[{l}] has shape {found[l].shape}; expected that of its weights, {np.shape(weights[l])}.{turned}")
    second = np.concatenate([found[l].ravel() for l in between]) if len(between) > 1 else found[(between or [last])[0]]
    return {"grads[1]": found[first], "grads[2]": second, "grads[L]": found[last]}
