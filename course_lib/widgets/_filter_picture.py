"""FilterSlide where no widget can be shown: its input, its kernel and what its mode computes, as one figure."""

import numpy as np

from .. import draw

LEGIBLE = 12  # rows and columns up to which a grid shows its numbers


def picture(example, numbers, mode):
    """Return a matplotlib figure of an example, its numbers, and the result of the mode: out, dx, dw or matrix."""
    from matplotlib.figure import Figure

    flipped = " (rotated by 180° as it slides)" if example["operation"] == "convolution" else ""
    entry = ("input, padded" if max(example["pad"]) else "input", numbers["padded"])
    filters = len(example["kernel"])
    kernel = (f"{'kernel' if filters == 1 else f'filter 0 of {filters}'}{flipped}", example["kernel"][0])
    left = ("upstream ∂L/∂out", example["upstream"]) if mode in ("dx", "dw") else entry
    right = entry if mode == "dw" else kernel
    title, name = {"dx": ("∂L/∂x", "dx"), "dw": ("∂L/∂w", "dw")}.get(mode, ("output", "out"))
    columns = [left, right, (title, numbers[name][0] if name == "dw" else numbers[name])]
    if mode == "matrix" and numbers["matrix"] is not None:
        columns.insert(0, ("matrix", [numbers["matrix"]]))
    rows = max(len(maps) for _, maps in columns)
    figure = Figure(figsize=(2.9 * len(columns), 2.7 * rows), layout="constrained")
    for column, (heading, maps) in enumerate(columns):
        for row, array in enumerate(maps):
            ax = figure.add_subplot(rows, len(columns), row * len(columns) + column + 1)
            grid(ax, np.array(array), f"{heading}{f' [{row}]' if len(maps) > 1 else ''}")
    return figure


def grid(ax, array, title):
    """Draw one map: with its numbers where they can be read, in grey for a photograph, else in the signs' colours."""
    if max(array.shape) <= LEGIBLE:
        draw.matrix(ax, array, title=title)
        return
    grey = array.min() >= 0
    limit = float(np.max(np.abs(array))) or 1.0
    ax.imshow(array, cmap="gray" if grey else draw.palette(), vmin=0 if grey else -limit, vmax=limit)
    ax.set_title(title, fontsize=11, color=draw.INK)
    ax.set_axis_off()
