"""JacobianView where no widget can be shown: the Jacobian with its product, or the bars of its memory."""

import numpy as np

from .. import draw
from ._jacobian_numbers import bytes_text


def entry_names(letter, shape):
    """ "x[0]" or "x[0,1]" for every number of an array of this shape, in C order."""
    return [f"{letter}[{','.join(map(str, index))}]" for index in np.ndindex(*shape)]


def picture(example, numbers, mode, memory, sizes):
    """Return a matplotlib figure: J, the upstream gradient and their product, or the bars of the mode "memory"."""
    from matplotlib.figure import Figure

    if mode == "memory":
        return _bars(memory, sizes, Figure(figsize=(7.5, 2.4), layout="constrained"))
    J = np.array(numbers["J"])
    dout = np.ravel(example["upstream"])
    rows, columns = J.shape
    figure = Figure(figsize=(2.6 + 0.5 * columns, 1.7 + 0.38 * rows), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(columns, 1), height_ratios=(1, rows))
    ax = figure.add_subplot(grid[0, 0])
    draw.matrix(ax, dout[None], title="upstream ∂L/∂y")
    wrt, letter = example["wrt"], "p" if example["kind"] == "softmax" else "y"
    ax = figure.add_subplot(grid[1, 0])
    draw.matrix(ax, J, title=f"J[n, m] = ∂{letter}_m/∂{wrt}_n")
    draw.names(ax, entry_names(wrt, np.shape(example[wrt])), entry_names(letter, np.shape(example["upstream"])))
    for label in ax.texts[-columns:]:
        label.set_rotation(90 if columns > 8 else 0)
    draw.matrix(figure.add_subplot(grid[1, 1]), np.array(numbers["explicit"])[:, None], title=f"∂L/∂{wrt}")
    return figure


def _bars(memory, sizes, figure):
    ax = figure.add_subplot()
    names = {"dy_dw": "∂y/∂w, explicit", "dy_dx": "∂y/∂x, explicit", "implicit": "implicit: all arrays"}
    for i, name in enumerate(reversed(names)):
        ax.barh(i, memory[name], color=draw.VALUE if name == "implicit" else draw.GRADIENT, height=0.6)
        ax.text(memory[name] * 1.6, i, bytes_text(memory[name]), va="center", fontsize=10, color=draw.INK)
    ax.set_xscale("log", base=2)
    ax.set_xlim(1, max(memory.values()) * 2.0**12)
    ticks = [2.0 ** (10 * k) for k in range(7) if 2.0 ** (10 * k) <= max(memory.values()) * 4]
    ax.set_xticks(ticks, [bytes_text(int(tick)) for tick in ticks])
    ax.set_yticks(range(3), [names[name] for name in ("implicit", "dy_dx", "dy_dw")])
    ax.set_title("y = x·w with N = {n}, D = {d}, M = {m}".format(**sizes), fontsize=11, color=draw.INK)
    ax.spines[["top", "right"]].set_visible(False)
    return figure
