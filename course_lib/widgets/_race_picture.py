"""OptimizerRace where no widget can be shown: the surface with the trajectories, and the loss over the evaluations."""

import numpy as np

from .. import draw
from ._race_surfaces import SURFACES, evaluate

# colour, dashes and mark of each method, as in static/race_style.js and static/optimizer_race.css
LOOKS = {
    "sgd": ("#0b62a8", "-", "o"), "momentum": ("#c24a00", (0, (4, 2)), "s"), "nesterov": ("#8e3a9a", ":", "D"),
    "adagrad": ("#146c36", "-.", "^"), "rmsprop": ("#7a5b00", (0, (3, 2)), "v"), "adam": ("#c0135b", (0, (7, 2)), "P"),
    "lamb": ("#006d72", (0, (2, 1, 1, 1)), "X"), "rprop": ("#5140b8", (0, (1, 2)), "*"),
    "lbfgs": ("#22262c", (0, (6, 2, 2, 2, 2, 2)), "h"), "mine": ("#7b3f00", "-", "d"),
}  # fmt: skip


def picture(setup, runs):
    """Return a matplotlib figure of a checked setup and its runs, {title: (method, run)}."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.5, 3.9), layout="constrained")
    above, beside = figure.subplots(1, 2, width_ratios=[1.15, 1])
    surface = SURFACES[setup["surface"]]
    x0, x1, y0, y1 = surface.box
    xs, ys = np.linspace(x0, x1, 81), np.linspace(y0, y1, 61)
    gaps = [[evaluate(setup["surface"], x, y, kappa=setup["kappa"])[0] - surface.lowest for x in xs] for y in ys]
    levels = np.log10(np.maximum(gaps, 1e-9))
    top = float(levels.max())
    above.contour(
        xs, ys, levels, levels=np.linspace(top - 4, top, 13), colors="#b4bac3", linewidths=0.7, linestyles="-"
    )
    for minimum in surface.minima:
        above.plot(*minimum, "+", color=draw.MARK, markersize=12)
    above.set(xlim=(x0, x1), ylim=(y0, y1), xlabel="w0", ylabel="w1", title=surface.title)
    for title, (name, run) in runs.items():
        colour, dashes, mark = LOOKS[name]
        style = {"color": colour, "linestyle": dashes, "marker": mark, "markersize": 4, "linewidth": 1.6}
        ended = {"diverged": ", diverged", "failed": ", failed"}.get(run["ended"], "")
        above.plot(*np.array(run["points"]).T, markevery=5, **style)
        every = max(1, len(run["evals"]) // 8)
        values = np.maximum(run["gaps"], 1e-12)
        beside.plot(run["evals"], values, markevery=every, label=title + ended, **style)
    beside.set_yscale("log")
    highest = max([run["gaps"][0] for _, run in runs.values()], default=1.0)
    beside.set_ylim(top=30 * highest + 1e-9)
    beside.set(xlabel="gradient evaluations", title="loss above its minimum")
    if runs:
        beside.legend(fontsize=8)
    return figure
