"""GraphStepper where no widget can be shown: the graph with the values above its wires and the gradients below."""

from .. import draw
from ._graph_layout import wires_of

SYMBOLS = {"Add": "+", "Multiply": "×", "Max": "max", "Sigmoid": "σ", "Exp": "exp", "Reciprocal": "1/x"}

WIDE = 2.5  # from one column to the next


def picture(example, numbers, mode):
    """Return a matplotlib figure of an example and its numbers; the gradients are left out in the mode "forward"."""
    from matplotlib.figure import Figure

    layout, nodes = example["layout"], example["nodes"]
    at = [(WIDE * c, -1.15 * y) for c, y in zip(layout["column"], layout["lane"])]
    figure = Figure(figsize=(1.2 + 1.85 * layout["columns"], 1.3 + 0.95 * layout["lanes"]), layout="constrained")
    ax = figure.add_subplot()
    for w, (source, reader, _) in enumerate(wires_of([node["inputs"] for node in nodes])):
        count = len(nodes[reader]["inputs"])
        port = at[reader][1] - (2 * layout["slots"][w] - count + 1) * 0.12
        (x, y), points = at[source], [at[source]]
        for height in [*(-1.15 * lane for lane in layout["passes"][w]), port]:
            points += [(x + 1.35, y), (x + WIDE - 0.5, height)]  # level where numbers stand, and where it arrives
            x, y = x + WIDE, height
        ax.plot(*zip(*points, (x, y)), color=draw.INK, linewidth=1.1, zorder=1)
    for handle, (node, (x, y)) in enumerate(zip(nodes, at)):
        gate = bool(node["inputs"])
        text = f"{SYMBOLS.get(node['kind'], node['kind'])}\n{node['name']}" if gate else node["name"]
        ax.text(
            x,
            y,
            text,
            ha="center",
            va="center",
            fontsize=11,
            color=draw.INK,
            zorder=3,
            linespacing=0.95,
            bbox={"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": draw.INK if gate else "white"},
        )
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.9}
        ax.text(x + 0.85, y + 0.06, f"{numbers['values'][handle]:.4g}", ha="center", va="bottom", fontsize=10,
                color=draw.VALUE, bbox=box, zorder=4)  # fmt: skip
        if mode != "forward":
            ax.text(x + 0.85, y - 0.06, f"{numbers['gradients'][handle] + 0.0:.4g}", ha="center", va="top", fontsize=10,
                    color=draw.GRADIENT, style="italic", bbox=box, zorder=4)  # fmt: skip
    last = at[-1]
    ax.plot([last[0], last[0] + 1.5], [last[1]] * 2, color=draw.INK, linewidth=1.1, zorder=1)
    ax.set_xlim(-0.7, max(x for x, _ in at) + 1.7)
    ax.set_ylim(min(y for _, y in at) - 0.7, max(y for _, y in at) + 0.7)
    ax.axis("off")
    return figure
