"""Times, side by side, and memory."""

import time
import tracemalloc
from dataclasses import dataclass

import numpy as np

# Before each measurement: long enough for the threads of whoever ran last to go to sleep.
PAUSE = 0.02


@dataclass(frozen=True)
class Timing:
    """Milliseconds of ours and the peer's (None without a peer), and the quartiles of the ratio pair by pair."""

    ours: float
    peer: float | None = None
    ratio: tuple | None = None  # (first quartile, median, third quartile)


def milliseconds(run):
    time.sleep(PAUSE)
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1000


def side_by_side(ours, peer, pairs):
    """Ours and the peer's by turns, so that whatever else the machine does hits both; medians over the pairs."""
    ours(), peer and peer()  # the first run of each is not measured: it loads code and asks for memory
    if peer is None:
        return Timing(float(np.median([milliseconds(ours) for _ in range(pairs)])))
    times = np.array([(milliseconds(ours), milliseconds(peer)) for _ in range(pairs)])
    ratio = np.percentile(times[:, 0] / times[:, 1], [25, 50, 75])
    return Timing(*(float(t) for t in np.median(times, axis=0)), tuple(float(r) for r in ratio))


def extra_memory(run):
    """Bytes that a run takes at its peak beyond the arrays it returns."""
    run()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        results = run()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return peak - before - sum(r.nbytes for r in results)


def gemm_peak(dtype, size=1500, repeats=7):
    """Multiply-adds a millisecond of a large matrix product: the most this machine can do."""
    a = np.random.default_rng(0).standard_normal((size, size)).astype(dtype)
    a @ a
    return size**3 / min(milliseconds(lambda: a @ a) for _ in range(repeats))


def disagreement(got, expected):
    """The largest max|a - b| / max|b| of two tuples of arrays."""
    worst = 0.0
    for a, b in zip(got, expected, strict=True):
        if np.shape(a) != np.shape(b):
            raise AssertionError(f"expected shape {np.shape(b)}, got {np.shape(a)}")
        worst = max(worst, float(np.max(np.abs(a - b)) / np.max(np.abs(b))))
    return worst


def slope(sizes, times):
    """How time grows with size: the exponent p of time ~ size^p, from a line through the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])
