"""Measure the library beside PyTorch: python -m benchmarks [--quick] [--pairs N] [--only NAME] [--csv F] [--plot F]"""

import argparse
import sys

from . import threads  # first of all, before anything loads NumPy
from .measure import disagreement, extra_memory, gemm_peak, milliseconds, side_by_side, slope
from .peers import find_torch
from .report import TOLERANCE, Line, table, write_csv, write_plot
from .workloads import convolution, workloads

NO_TORCH = "PyTorch is not installed here, so there are no ratios: CONTRIBUTING.md says how to get its CPU build."
# The base of the growth measurements, and how each size makes a convolution's shapes.
BASE = {"N": 16, "C": 16, "K": 16, "F": 3, "H": 24}


def measure_line(workload, *, pairs, peak, check_loops):
    """Compare the results, then take the times and the memory of one workload."""
    others = [other for other in (workload.peer, workload.loops if check_loops else None) if other]
    wrong = max((disagreement(workload.ours(), other()) for other in others), default=0.0)
    if wrong > TOLERANCE[workload.dtype]:
        raise AssertionError(f"{workload.name} {workload.dtype}: results differ by {wrong:.1e} of the largest")
    timing = side_by_side(workload.ours, workload.peer, pairs)
    q1, ratio, q3 = timing.ratio or (None, None, None)
    return Line(
        workload=workload.name,
        dtype=workload.dtype,
        ours_ms=timing.ours,
        peer_ms=timing.peer,
        ratio=ratio,
        ratio_q1=q1,
        ratio_q3=q3,
        goal=workload.goal,
        met=None if ratio is None or workload.goal is None else ratio <= workload.goal,
        gemm_share=workload.products / timing.ours / peak if workload.products else None,
        column_mb=workload.column_bytes / 1e6 if workload.column_bytes else None,
        extra_mb=extra_memory(workload.ours) / 1e6,
        chunk1_mb=extra_memory(workload.chunked) / 1e6 if workload.chunked else None,
        disagreement=wrong,
    )


def growth(pairs):
    """The log-log slope of a convolution's time with each of its sizes, the others fixed."""
    found = {}
    for name, base in BASE.items():
        values = [3, 5, 7, 9] if name == "F" else [base * k for k in (1, 2, 4)]
        times = []
        for value in values:
            s = {**BASE, name: value}
            x, w = (s["N"], s["C"], s["H"], s["H"]), (s["K"], s["C"], s["F"], s["F"])
            times.append(side_by_side(convolution(name, x, w, 1, s["F"] // 2).ours, None, pairs).ours)
        found[name] = slope(values, times)
    return found


def loops_over_fast(pairs):
    """How many times as long the loops take on W7; they are timed on 2 of its 100 images."""
    few = convolution("W7", (2, 3, 31, 31), (25, 3, 3, 3), 2, 1)
    whole = convolution("W7", (100, 3, 31, 31), (25, 3, 3, 3), 2, 1)
    return milliseconds(few.loops) / 2 / (side_by_side(whole.ours, None, pairs).ours / 100)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="benchmarks", description="Times and memory of the library beside PyTorch's.")
    parser.add_argument(
        "--quick", action="store_true", help="one image a batch, 3 pairs: checks the results in seconds"
    )
    parser.add_argument("--pairs", type=int, help="how often to measure each, by turns (default 11)")
    parser.add_argument("--only", metavar="NAME", help="only the workloads whose name contains this")
    parser.add_argument("--csv", metavar="PATH", help="write the table's lines here too")
    parser.add_argument("--plot", metavar="PATH", help="draw the ratios into this file (.svg, .png, .pdf)")
    options = parser.parse_args(arguments)
    pairs = (3 if options.quick else 11) if options.pairs is None else options.pairs
    if pairs < 1:
        parser.error(f"--pairs: expected at least 1, got {pairs}")

    from tqdm import tqdm

    torch = find_torch()
    chosen = [w for w in workloads(quick=options.quick, torch=torch) if (options.only or "") in w.name]
    if not chosen:
        parser.error(f"--only: no workload's name contains {options.only!r}")
    peaks = {dtype: gemm_peak(dtype, 300 if options.quick else 1500) for dtype in TOLERANCE}
    lines = []
    for workload in tqdm(chosen, unit="workload", disable=not sys.stderr.isatty()):
        lines.append(measure_line(workload, pairs=pairs, peak=peaks[workload.dtype], check_loops=options.quick))
    print(f"{threads.THREADS} threads each, medians of {pairs} runs; a ratio below 1 means that we are faster.\n")
    print(table(lines))
    print("\n" + ", ".join(f"GEMM peak {peak * 2e-6:.0f} Gflop/s in {dtype}" for dtype, peak in peaks.items()))
    if torch is None:
        print(NO_TORCH)
    if not options.quick and not options.only:
        print(f"loops over fast on W7: {loops_over_fast(pairs):,.0f} times")
        print("time grows as size^p: " + ", ".join(f"{name} {p:.2f}" for name, p in growth(pairs).items()))
    if options.csv:
        write_csv(options.csv, lines)
    if options.plot:
        write_plot(options.plot, lines)
    return lines


if __name__ == "__main__":
    main()
