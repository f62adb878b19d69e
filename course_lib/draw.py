"""Pictures for the notebooks: matrices with their numbers, and circuits with values and gradients on the wires.

Colours tell signs apart for colour-blind readers too (blue negative, orange positive, white zero), and every number is
printed with its sign, so that no picture depends on colour. Matplotlib is imported when a picture is drawn.
"""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

NO_PICTURES = "WORKBOOK_NO_PICTURES"  # set while a class is graded: figures are described, not rendered
INK, VALUE, GRADIENT, MARK = "#30343b", "#1f5fa8", "#b8500a", "#111111"
_STOPS = ("#2f6db5", "#9dc1e4", "#ffffff", "#f6b98a", "#c8590f")


def palette():
    """The diverging colour map of all pictures: blue below zero, white at zero, orange above."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("signs", _STOPS)


def show(figure: Any, alt: str, caption: str) -> None:
    """Display a figure with a text alternative for screen readers and a caption that says what to see; close it.

    alt: what the picture shows, for those who cannot see it. caption: what to look for, printed under it.
    Raises ValueError when either is empty.
    """
    if not alt.strip() or not caption.strip():
        raise ValueError("show needs alt (what the picture shows) and caption (what to see in it); one of them is empty")
    import matplotlib.pyplot as plt
    from IPython.display import Markdown, display

    if os.environ.get(NO_PICTURES):
        plt.close(figure)
        display({"text/plain": f"[picture: {alt}]"}, raw=True)
        display(Markdown(f"*{caption}*"))
        return
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=110, bbox_inches="tight", facecolor="white", metadata={"Software": None})
    plt.close(figure)
    display({"image/png": base64.b64encode(png.getvalue()).decode(), "text/plain": f"[picture: {alt}]"},
            raw=True, metadata={"image/png": {"alt": alt}})
    display(Markdown(f"*{caption}*"))


def figure(columns: int = 1, *, width: float = 3.0, height: float = 3.0, ratios: Sequence[float] | None = None):
    """A figure with `columns` axes in a row; returns (figure, list of axes). Sizes are inches for one axes."""
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(1, columns, figsize=(width * columns, height), squeeze=False, layout="constrained",
                             gridspec_kw={"width_ratios": ratios} if ratios else None)
    return fig, list(axes[0])


def matrix(ax: Any, array: Any, *, title: str = "", limit: float | None = None, mark: Sequence[tuple[int, int, int, int]] = (),
           labels: Sequence[Sequence[str]] | None = None, hide: Any = None) -> None:
    """Draw a matrix as coloured squares with its numbers.

    array (H, W), or (W,) for one row; limit, the magnitude at full colour (default: the largest in the array); mark,
    rectangles (row, column, height, width) to outline; labels, texts in place of the numbers; hide (H, W), true where
    the number is not shown yet. Raises ValueError for more than two axes.
    """
    from matplotlib.patches import Rectangle

    a = np.atleast_2d(np.asarray(array, dtype=float))
    if a.ndim != 2:
        raise ValueError(f"array has shape {a.shape}; matrix draws one or two axes")
    limit = float(limit or np.max(np.abs(a), initial=0.0) or 1.0)
    hidden = np.zeros(a.shape, bool) if hide is None else np.broadcast_to(np.asarray(hide, bool), a.shape)
    ax.imshow(np.where(hidden, 0.0, a), cmap=palette(), vmin=-limit, vmax=limit)
    size = 11 if max(a.shape) <= 6 else 8
    for (i, j), v in np.ndenumerate(a):
        text = "?" if hidden[i, j] else labels[i][j] if labels is not None else f"{v:.3g}"
        dark = not hidden[i, j] and abs(v) > 0.7 * limit
        ax.text(j, i, text, ha="center", va="center", fontsize=size, color="white" if dark else INK)
    ax.set_xticks(np.arange(-0.5, a.shape[1]), [])
    ax.set_yticks(np.arange(-0.5, a.shape[0]), [])
    ax.grid(color="#c9ccd1", linewidth=0.8)
    ax.tick_params(length=0)
    for row, column, height, width in mark:
        ax.add_patch(Rectangle((column - 0.5, row - 0.5), width, height, fill=False, edgecolor=MARK, linewidth=2.6))
    if title:
        ax.set_title(title, fontsize=11, color=INK)


def circuit(ax: Any, nodes: Mapping[str, tuple[float, float, str]], wires: Sequence[tuple[str, str, str, str]]) -> None:
    """Draw a computational graph with values above its wires and gradients below.

    nodes {name: (x, y, label)}: a label of at most three characters is a gate (a circle), a longer or empty one plain
    text; wires (from, to, value, gradient), texts that may be empty.
    """
    for start, end, value, gradient in wires:
        (x0, y0, tail), (x1, y1, head) = nodes[start], nodes[end]
        ax.annotate("", xy=(x1, y1), xytext=(x0, y0), zorder=1,
                    arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1.2,
                                "shrinkA": 26 if len(tail) == 3 else 15, "shrinkB": 26 if len(head) == 3 else 15})
        mx, my = (x0 + x1) / 2, (y0 + y1) / 2
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85}
        if value:
            ax.text(mx, my + 0.07, value, ha="center", va="bottom", fontsize=10, color=VALUE, bbox=box, zorder=3)
        if gradient:
            ax.text(mx, my - 0.07, gradient, ha="center", va="top", fontsize=10, color=GRADIENT, style="italic", bbox=box, zorder=3)
    for x, y, label in nodes.values():
        gate = 0 < len(label) <= 3
        ax.text(x, y, label, ha="center", va="center", fontsize=13 if gate else 11, color=INK, zorder=4,
                bbox={"boxstyle": "circle,pad=0.35", "facecolor": "white", "edgecolor": INK} if gate else None)
    xs, ys = [n[0] for n in nodes.values()], [n[1] for n in nodes.values()]
    ax.set_xlim(min(xs) - 0.3, max(xs) + 0.3)
    ax.set_ylim(min(ys) - 0.3, max(ys) + 0.3)
    ax.axis("off")


def gate(ax: Any, symbol: str, left: Sequence[tuple[str, str]], right: Sequence[tuple[str, str]], *, title: str = "") -> None:
    """Draw one gate with one or two wires on either side; left and right hold (value, gradient) texts, top to bottom."""
    heights = {1: [0.5], 2: [1.1, -0.1]}
    nodes = {"gate": (2, 0.5, symbol), "high": (2, 1.1, ""), "low": (2, -0.1, "")}
    wires = []
    for (value, gradient), y in zip(left, heights[len(left)]):
        nodes[f"left {y}"] = (-0.8, y, "")
        wires.append((f"left {y}", "gate", value, gradient))
    for (value, gradient), y in zip(right, heights[len(right)]):
        nodes[f"right {y}"] = (4.8, y, "")
        wires.append(("gate", f"right {y}", value, gradient))
    circuit(ax, nodes, wires)
    if title:
        ax.set_title(title, fontsize=11, color=INK)


def flat_circuit(ax: Any, values: Mapping[str, float], gradients: Mapping[str, float]) -> None:
    """Draw the lecture's circuit σ(w0·x0 + w1·x1 + w2) with a value and a gradient on each wire.

    values {wire: number} for the wires w0 x0 w1 x1 w2 s0 s1 s2 s3 L; gradients the same; a "?" stands for a missing one.
    """
    inputs = {"w0": (0, 5.4), "x0": (0, 4.4), "w1": (0, 2.6), "x1": (0, 1.6), "w2": (0, 0.2)}
    gates = {"s0": (2, 4.9, "×"), "s1": (2, 2.1, "×"), "s2": (4, 3.5, "+"), "s3": (6, 2.6, "+"), "L": (8, 2.6, "σ"), "end": (10, 2.6, "")}
    runs = {"w0": "s0", "x0": "s0", "w1": "s1", "x1": "s1", "w2": "s3", "s0": "s2", "s1": "s2", "s2": "s3", "s3": "L", "L": "end"}
    nodes = {**{name: (*at, "") for name, at in inputs.items()}, **gates}
    circuit(ax, nodes, [(a, b, "", "") for a, b in runs.items()])
    for a, b in runs.items():
        (x0, y0, _), (x1, y1, _) = nodes[a], nodes[b]
        # Around an input's left end, above and below a level wire, to the right of a steep one; the value always on top.
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        if a in inputs:
            (x, align), at = (x0 + 0.1, "right"), (y0 + 0.03, y0 - 0.33)
        elif y0 == y1:
            align, at = "center", (y + 0.08, y - 0.4)
        else:
            (x, align), at = (x + 0.15, "left"), (y + 0.41, y + 0.05) if y1 < y0 else (y - 0.37, y - 0.73)
        for name, numbers, height, colour, style in ((a, values, at[0], VALUE, "normal"), (f"d{a}", gradients, at[1], GRADIENT, "italic")):
            text = f"{name} = {numbers[a]:.4g}" if a in numbers else f"{name} = ?"
            ax.text(x, height, text, ha=align, va="bottom", fontsize=10, color=colour, style=style)
    ax.set_xlim(-1.4, 10.4)


def margins(ax: Any, scores: Any, correct: int, *, title: str = "") -> None:
    """Draw one item's class scores as marks, and the line they should stay below: the correct score minus 1.

    scores (C,); correct, the index of the correct class. What lies above the line is hatched: the violated margins.
    """
    s = np.asarray(scores, dtype=float)
    line = s[correct] - 1
    for c, v in enumerate(s):
        if c != correct and v > line:
            ax.bar(c, v - line, bottom=line, width=0.5, color="none", edgecolor=GRADIENT, hatch="///", linewidth=1.0)
            ax.text(c + 0.3, (v + line) / 2, f"{v - line:.3g}", va="center", color=GRADIENT, fontsize=11)
        ax.hlines(v, c - 0.32, c + 0.32, color=VALUE if c == correct else INK, linewidth=4)
    ax.axhline(line, color=GRADIENT, linestyle="--", linewidth=1.4, zorder=0)
    ax.set_xticks(range(len(s)), [f"class {c}\ns = {v:.3g}" + ("\n(correct)" if c == correct else "") for c, v in enumerate(s)])
    ax.set_xlim(-0.6, len(s) - 0.4)
    ax.tick_params(length=0)
    ax.spines[["top", "right", "bottom"]].set_visible(False)
    if title:
        ax.set_title(title, fontsize=11, color=INK)


def boundary(ax: Any, points: Any, labels: Sequence[int], units: Sequence[tuple[Any, float]], *, title: str = "") -> None:
    """Draw points of two classes in the plane, and where threshold units fire.

    points (N, 2); labels (N,), 0 (open circle) or 1 (filled); units, pairs (w, b): a line where w·x + b is 0, and the region
    where some unit has w·x + b > 0 hatched.
    """
    p = np.asarray(points, dtype=float)
    low, high = p.min() - 0.6, p.max() + 0.6
    grid = np.linspace(low, high, 201)
    nets = [w[0] * grid[None, :] + w[1] * grid[:, None] + b for w, b in units]
    for net in nets:
        if net.min() < 0 < net.max():
            ax.contour(grid, grid, net, levels=[0.0], colors=[GRADIENT], linewidths=2)
    if nets and (fires := np.max(nets, axis=0) > 0).any():
        region = ax.contourf(grid, grid, fires, levels=[0.5, 1.5], colors=["#fdeee2"], hatches=["//"], zorder=0)
        region.set_edgecolor(_STOPS[3])
    for (x, y), label in zip(p, labels):
        ax.plot(x, y, "o", markersize=15, markeredgecolor=VALUE, markeredgewidth=2, color=VALUE if label else "white", zorder=3)
        ax.text(x, y, str(label), ha="center", va="center", fontsize=10, color="white" if label else INK, zorder=4)
    ax.set(xlim=(low, high), ylim=(low, high), aspect="equal", xticks=sorted(set(p[:, 0])), yticks=sorted(set(p[:, 1])))
    ax.set_xlabel("$x_1$")
    ax.set_ylabel("$x_2$", rotation=0)
    if title:
        ax.set_title(title, fontsize=11, color=INK)


def names(ax: Any, rows: Sequence[str], columns: Sequence[str]) -> None:
    """Write the names of its rows at the left of a drawn matrix, and those of its columns below it."""
    for i, text in enumerate(rows):
        ax.annotate(text, (0, i), (-6, 0), xycoords=("axes fraction", "data"), textcoords="offset points", ha="right", va="center", fontsize=9, color=INK)
    for j, text in enumerate(columns):
        ax.annotate(text, (j, 0), (0, -6), xycoords=("data", "axes fraction"), textcoords="offset points", ha="center", va="top", fontsize=9, color=INK)


def gallery(images: Any, titles: Sequence[str] = (), *, columns: int = 10, size: float = 0.95, signs: bool = False, marks: Sequence[int] = ()):
    """A figure of small images in rows of `columns`; returns it.

    images (N, H, W), dark where the number is high; with signs=True blue below zero, white at zero, orange above, each image
    with a scale of its own. titles, one for each image; marks, the numbers of images to outline.
    """
    import matplotlib.pyplot as plt

    images = np.asarray(images, dtype=float)
    rows = -(-len(images) // columns)
    fig, axes = plt.subplots(rows, columns, figsize=(size * columns, (size + 0.3 * bool(titles)) * rows), squeeze=False, layout="constrained")
    for n, ax in enumerate(axes.flat):
        ax.set(xticks=[], yticks=[])
        if n >= len(images):
            ax.axis("off")
            continue
        limit = float(np.abs(images[n]).max()) or 1.0
        ax.imshow(images[n], **({"cmap": palette(), "vmin": -limit, "vmax": limit} if signs else {"cmap": "gray_r"}))
        for spine in ax.spines.values():
            spine.set(color=GRADIENT if n in marks else "#c9ccd1", linewidth=2.5 if n in marks else 0.8)
        if n < len(titles):
            ax.set_title(titles[n], fontsize=9, color=INK)
    return fig


def units(ax: Any, nodes: Mapping[str, tuple[float, float, str, str]], wires: Sequence[tuple[str, str, str]], *, title: str = "") -> None:
    """Draw the units of a net as circles, joined by arrows.

    nodes {name: (x, y, label, colour)}; wires (from, to, text above the arrow's middle, may be empty).
    """
    for start, end, text in wires:
        (x0, y0, *_), (x1, y1, *_) = nodes[start], nodes[end]
        ax.annotate("", xy=(x1, y1), xytext=(x0, y0), arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1.2, "shrinkA": 19, "shrinkB": 19})
        if text:
            ax.text((x0 + x1) / 2, (y0 + y1) / 2 + 0.08, text, ha="center", va="bottom", fontsize=12, color=INK,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85})
    for x, y, label, colour in nodes.values():
        ax.plot(x, y, marker="o", markersize=34, color="white", markeredgecolor=INK)
        ax.text(x, y, label, ha="center", va="center", fontsize=12, color=colour)
    xs, ys = [n[0] for n in nodes.values()], [n[1] for n in nodes.values()]
    ax.set(xlim=(min(xs) - 0.4, max(xs) + 0.4), ylim=(min(ys) - 0.4, max(ys) + 0.4))
    ax.axis("off")
    if title:
        ax.set_title(title, fontsize=11, color=INK)


def timeline(ax: Any, events: Sequence[tuple[int, str, int]]) -> None:
    """Draw events (year, text, height) along a line with a true scale: text above the line where height is positive, below it where negative."""
    for year, text, height in events:
        ax.plot([year, year], [0, height], color="#c9ccd1", linewidth=1.2, zorder=1)
        ax.plot(year, 0, marker="o", color=GRADIENT, markersize=6, zorder=3)
        ax.text(year, height, f"{year}\n{text}", ha="center", va="bottom" if height > 0 else "top", fontsize=9, color=INK, linespacing=1.25,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5}, zorder=2)
    years, heights = [e[0] for e in events], [e[2] for e in events]
    ax.plot([min(years) - 4, max(years) + 4], [0, 0], color=INK, linewidth=1.2, zorder=2)
    ax.set(xlim=(min(years) - 5, max(years) + 5), ylim=(min(heights) - 1.1, max(heights) + 1.1))
    ax.axis("off")


def board(ax: Any, pattern: Sequence[float], tilt: int, *, title: str = "") -> None:
    """Draw a seesaw with five places: a box where pattern is not 0; the left end down for tilt 0, the right end for 1."""
    from matplotlib.patches import Polygon, Rectangle
    from matplotlib.transforms import Affine2D

    turn = Affine2D().rotate_deg(12 if tilt == 0 else -12) + ax.transData
    ax.add_patch(Polygon([(0, -0.05), (-0.5, -1.15), (0.5, -1.15)], facecolor="#c9ccd1", edgecolor=INK))
    ax.add_patch(Rectangle((-2.7, -0.08), 5.4, 0.16, facecolor=INK, transform=turn))
    for place, box in enumerate(pattern):
        if box:
            ax.add_patch(Rectangle((place - 2.4, 0.08), 0.8, 0.8, facecolor=VALUE, edgecolor="white", transform=turn))
        ax.text(place - 2, -0.75 if place == 2 else -0.36, str(place), ha="center", va="center", fontsize=9, color=INK, transform=turn)
    ax.set(xlim=(-3, 3), ylim=(-1.3, 1.7), aspect="equal")
    ax.axis("off")
    if title:
        ax.set_title(title, fontsize=11, color=INK)
