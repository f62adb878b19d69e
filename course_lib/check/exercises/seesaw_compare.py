"""09_seesaw, many starts: what two nets' curves say about which of them learns faster."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exercise import Case, Exercise, wrong

# --- the right answer, as a student would write it ---------------------------------------------------------------------


def compare_starts(sse_a, sse_b, limit):
    def arrivals(sse):
        epochs = []
        for run in sse.T:
            below = np.flatnonzero(run < limit)
            epochs.append(below[0] if len(below) else np.inf)
        return np.array(epochs)

    a = arrivals(sse_a)
    b = arrivals(sse_b)
    there = a[np.isfinite(a)]
    arrived = len(there)
    median = np.median(there)
    share = np.mean(a[:, None] < b)
    return arrived, median, share


# --- the same in another way -------------------------------------------------------------------------------------------


def _compare_starts(sse_a, sse_b, limit):
    first = [[next((e for e, v in enumerate(run) if v < limit), None) for run in np.transpose(sse)] for sse in (sse_a, sse_b)]
    there = sorted(e for e in first[0] if e is not None)
    middle = (there[(len(there) - 1) // 2] + there[len(there) // 2]) / 2
    earlier = sum(e is not None and (other is None or e < other) for e in first[0] for other in first[1])
    return len(there), middle, earlier / (len(first[0]) * len(first[1]))


# --- cases -------------------------------------------------------------------------------------------------------------


def _case(label: str, runs_a: Any, runs_b: Any, limit: float, form: str = "") -> Case:
    """The runs are written one start a row here."""
    a, b = (np.array(runs, dtype=float).T.copy() for runs in (runs_a, runs_b))
    return Case(label, (a, b, limit), form=form,
                tags={"starts that never arrive": bool((a >= limit).all(axis=0).any())},
                constants={"the number of A's starts": a.shape[1], "the number of pairs": a.shape[1] * b.shape[1]})


def visible() -> list[Case]:
    return [
        _case("the worked example", [[9, 5, 2, 1, 0], [9, 8, 8, 8, 8], [7, 4, 2, 2, 1]], [[9, 6, 1, 0, 0], [8, 5, 3, 3, 1]], 3),
        _case("a curve that rises again, and one that just touches the limit", [[6, 1, 5, 5], [6, 3, 2, 1], [5, 4, 3, 1], [8, 3, 3, 3]], [[5, 5, 2, 1], [9, 2, 2, 2], [9, 9, 9, 9]], 3),
        _case("five starts against three, other numbers of epochs, read-only", [[4, 2, 1, 1], [9, 9, 9, 9], [1, 1, 1, 1], [5, 4, 2, 3], [5, 3, 3, 1]],
              [[4, 3, 3, 3, 3], [4, 4, 3, 1, 1], [4, 0, 0, 0, 0]], 2, "read-only"),
    ]


def draw(rng: np.random.Generator, A: int = 6, B: int = 4, epochs: int = 7, more: int = 2, form: str = "") -> Case:
    while True:
        a, b = (rng.integers(2, 9, size=size) for size in ((A, epochs), (B, epochs + more)))
        a[0, :], b[0, :] = 8, 8  # never
        for runs in (a, b):
            runs[1:, :] = np.sort(runs[1:, :])[:, ::-1]
        a[1, 0], a[1, 2], a[1, -1] = 6, 1, 5  # rises again
        a[2, 1:] = np.minimum(a[2, 1:], 3)  # touches the limit
        a, b = rng.permutation(a), rng.permutation(b)
        case = _case(f"{A} starts against {B}" + (f", {form}" if form else ""), a, b, 3, form)
        first = [np.where((r < 3).any(1), (r < 3).argmax(1), 99) for r in (a, b)]
        there = first[0][first[0] < 99]
        if len(there) >= 3 and np.mean(there) != np.median(there) and np.isin(there, first[1]).any():
            return case


# --- the exercise ------------------------------------------------------------------------------------------------------

FIRST, SHARE = "epochs.append(below[0] if len(below) else np.inf)", "share = np.mean(a[:, None] < b)"

COMPARE = Exercise(
    id="09.compare_starts",
    rows=("E-compare",),
    answer=(compare_starts,),
    reference=(_compare_starts,),
    arguments=("sse_a", "sse_b", "limit"),
    outputs=("arrived", "median", "share"),
    visible=visible,
    draw=draw,
    weak=lambda: [_case("one start each", [[2, 0, 0]], [[3, 3, 0]], 1)],
    hints=(
        "First find each start's epoch of arrival: the first row where its column is below the limit. A start that never arrives gets infinity, which is later than any epoch.",
        "arrived: how many of A's epochs are finite. median: of the finite ones. share: of all pairs (a start of A, a start of B), those with epoch a < epoch b.",
        "`there = sse < limit`; `epochs = np.where(there.any(axis=0), there.argmax(axis=0), np.inf)` for A and for B; then `np.mean(a[:, None] < b)` compares all pairs.",
    ),
    misconceptions=(
        wrong("last SSE decides",
              "You counted only starts whose last SSE is below the limit. A start arrives when its SSE falls below it for the first time, even if it rises again.",
              (FIRST, "epochs.append(below[0] if run[-1] < limit else np.inf)")),
        wrong("last epoch below",
              "You took the last epoch below the limit. A start arrives at the first.",
              (FIRST, "epochs.append(below[-1] if len(below) else np.inf)")),
        wrong("epochs counted from 1",
              "Your epochs are one too many. Row 0 is before training, so the row's number is the number of epochs.",
              (FIRST, "epochs.append(below[0] + 1 if len(below) else np.inf)")),
        wrong("never taken for epoch 0",
              "You took starts that never arrive for starts that arrive in epoch 0: argmax of nothing but False is 0. Ask any() first, and give these infinity.",
              (FIRST, "epochs.append(below[0] if len(below) else 0)")),
        wrong("limit counts as below",
              "You let a start arrive at the limit itself. Asked for is an SSE below it.",
              ("run < limit", "run <= limit")),
        wrong("rows taken for starts",
              "You took the rows for the starts. Each column is a start, each row an epoch.",
              ("for run in sse.T:", "for run in sse:")),
        wrong("mean for the median",
              "You took the mean. One late start pulls it far; asked for is the median.",
              ("median = np.median(there)", "median = np.mean(there)")),
        wrong("never as the last epoch",
              "Your median counts starts that never arrive as if they had arrived with the last epoch. It is the median of those that do arrive.",
              ("median = np.median(there)", "median = np.median(np.minimum(a, len(sse_a) - 1))")),
        wrong("failures of A left out",
              "You left the starts of A that never arrive out of the pairs. That hides its failures: each of them loses against every start of B that arrives.",
              (SHARE, "share = np.mean(there[:, None] < b)")),
        wrong("failures of both left out",
              "You compared only starts that arrive. A failure is a result too: it is later than every arrival.",
              (SHARE, "share = np.mean(there[:, None] < b[np.isfinite(b)])")),
        wrong("equal counts as earlier",
              "You counted equal epochs as wins of A (and never against never). Asked for are the pairs in which A is earlier.",
              (SHARE, "share = np.mean(a[:, None] <= b)")),
        wrong("wins of B",
              "You counted the pairs that B wins. Asked for are those in which A's start arrives earlier.",
              (SHARE, "share = np.mean(a[:, None] > b)")),
        wrong("number of pairs",
              "You returned how many pairs A wins. Asked for is their share, between 0 and 1.",
              (SHARE, "share = np.sum(a[:, None] < b)")),
        wrong("paired in order",
              "You compared start 0 with start 0, 1 with 1. The starts of two nets have nothing to do with each other: compare every one of A with every one of B.",
              (SHARE, "share = np.mean(a[:min(len(a), len(b))] < b[:min(len(a), len(b))])")),
        wrong("share of arrivals",
              "Your arrived is a share. Asked for is how many starts of A arrive.",
              ("arrived = len(there)", "arrived = len(there) / len(a)")),
    ),
)
