"""Sizes of a convolution's output, and the facts about them that a diagnosis of a wrong answer uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

SYMMETRIC = np.array([[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]])  # turned by 180° it is the same: it hides a missing rotation


def output_shape(shape: Sequence[int], filter_shape: Sequence[int], stride: int = 1, pad: int = 0) -> tuple[int, int]:
    """Height and width of a layer's output, floored."""
    h, w = ((n + 2 * pad - f) // stride + 1 for n, f in zip(shape[-2:], filter_shape[-2:]))
    return h, w


def sizes_of(shape: Sequence[int], filter_shape: Sequence[int], stride: int, pad: int = 0) -> dict[str, Any]:
    """What a diagnosis may say about a case: the stride, overlap of windows, rows and columns that no window reaches."""
    out = output_shape(shape, filter_shape, stride, pad)
    left = [n + 2 * pad - f - stride * (o - 1) for n, f, o in zip(shape[-2:], filter_shape[-2:], out)]
    return {"stride": stride, "the overlap of windows": "some" if stride < max(filter_shape[-2:]) else "none",
            "the number of left-over rows and columns": "above zero" if any(left) else "zero"}
