"""The lines of the table, and the ways to write them down."""

import csv
from dataclasses import asdict, dataclass

import numpy as np

TOLERANCE = {"float64": 1e-12, "float32": 2e-5}


@dataclass(frozen=True)
class Line:
    """One measured workload. Times are milliseconds, memory is in MB (10^6 bytes); None where it was not measured."""

    workload: str
    dtype: str
    ours_ms: float
    peer_ms: float | None
    ratio: float | None
    ratio_q1: float | None
    ratio_q3: float | None
    goal: float | None
    met: bool | None
    gemm_share: float | None  # of the speed of a large matrix product
    column_mb: float | None  # one column matrix, for comparison
    extra_mb: float | None
    chunk1_mb: float | None
    disagreement: float  # with the peer, and in a quick run with the loops: max|a - b| / max|b|


def _number(value, form="{:.2f}"):
    return "-" if value is None else form.format(value)


def table(lines):
    """The lines as a table for people, in Markdown."""
    heads = ["workload", "dtype", "ours ms", "PyTorch ms", "ratio [q1-q3]", "goal", "met"]
    heads += ["of GEMM peak", "columns MB", "extra MB", "with chunk=1"]
    rows = []
    for line in lines:
        ratio = "-" if line.ratio is None else f"{line.ratio:.2f} [{line.ratio_q1:.2f}-{line.ratio_q3:.2f}]"
        met = {None: "-", True: "yes", False: "no"}[line.met]
        times = [_number(line.ours_ms), _number(line.peer_ms), ratio, _number(line.goal), met]
        memory = [_number(value, "{:.1f}") for value in (line.column_mb, line.extra_mb, line.chunk1_mb)]
        rows.append([line.workload, line.dtype, *times, _number(line.gemm_share, "{:.0%}"), *memory])
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    rule = ["-" * width for width in widths]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in [heads, rule, *rows]
    )


def write_csv(path, lines):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(asdict(lines[0])))
        writer.writeheader()
        writer.writerows(asdict(line) for line in lines)


def write_plot(path, lines):
    """Bars of the ratios, with the goals as marks; without a peer, of the times."""
    from matplotlib.figure import Figure

    peer = lines[0].ratio is not None
    figure = Figure(figsize=(8, 0.35 * len(lines) + 1), layout="constrained")
    axes, places = figure.subplots(), np.arange(len(lines))
    axes.barh(places, [line.ratio if peer else line.ours_ms for line in lines], color="tab:blue")
    if peer:
        low, high = ([abs(q - line.ratio) for line, q in zip(lines, qs)] for qs in zip(*_quartiles(lines)))
        axes.errorbar([line.ratio for line in lines], places, xerr=[low, high], fmt="none", color="black")
        marked = [(place, line.goal) for place, line in zip(places, lines) if line.goal]
        axes.plot([goal for _, goal in marked], [place for place, _ in marked], "|", color="tab:red", markersize=14)
    axes.set_yticks(places, [f"{line.workload} {line.dtype}" for line in lines])
    axes.invert_yaxis()
    axes.set_xlabel("our time / PyTorch's (red: goal)" if peer else "milliseconds")
    figure.savefig(path)


def _quartiles(lines):
    return [(line.ratio_q1, line.ratio_q3) for line in lines]
