"""The benchmarks run, and compute what their peers compute. Their times are nobody's test."""

import csv
import dataclasses

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import measure
from benchmarks.peers import find_torch
from benchmarks.report import TOLERANCE, Line, table, write_plot
from benchmarks.workloads import workloads

NAMES = ["W1", "W2", "W6", "W7", "conv1d", "pool 2x2", "pool 3x3", "softmax CE", "LeNet"]


@pytest.fixture
def no_pause(monkeypatch):
    monkeypatch.setattr(measure, "PAUSE", 0)


def test_quick_run_prints_every_workload(capsys, tmp_path, no_pause):
    lines = command.main(["--quick", "--csv", str(tmp_path / "t.csv"), "--plot", str(tmp_path / "t.svg")])
    assert [(line.workload, line.dtype) for line in lines] == [(n, d) for d in ("float64", "float32") for n in NAMES]
    for line in lines:
        assert line.ours_ms > 0 and 0 <= line.disagreement <= TOLERANCE[line.dtype]
        assert (line.ratio is None) == (find_torch() is None)
    printed = capsys.readouterr().out
    rows = [row.split("|")[1].strip() for row in printed.splitlines() if row.startswith("|")]
    assert rows[2:] == NAMES * 2
    assert "GEMM peak" in printed and ("PyTorch is not installed" in printed) == (find_torch() is None)
    with open(tmp_path / "t.csv", newline="") as file:
        read = list(csv.DictReader(file))
    assert [row["workload"] for row in read] == NAMES * 2 and float(read[0]["ours_ms"]) == lines[0].ours_ms
    assert "<svg" in (tmp_path / "t.svg").read_text()


def test_chunks_compute_the_same():
    chunked = [workload for workload in workloads(quick=True) if workload.chunked]
    assert len(chunked) == 10
    for workload in chunked:
        assert measure.disagreement(workload.chunked(), workload.ours()) <= TOLERANCE[workload.dtype]


def test_a_wrong_result_stops_the_run(no_pause):
    spoiled = dataclasses.replace(workloads(quick=True)[5], loops=lambda: (np.zeros(1), np.zeros(1)))
    with pytest.raises(AssertionError, match="expected shape"):
        command.measure_line(spoiled, pairs=1, peak=1.0, check_loops=True)
    off = [1.0001 * a for a in spoiled.ours()]
    with pytest.raises(AssertionError, match="pool 2x2 float64: results differ by 1.0e-04"):
        command.measure_line(dataclasses.replace(spoiled, loops=lambda: off), pairs=1, peak=1.0, check_loops=True)


def test_the_goals_are_those_of_the_whole_table():
    goals = {(w.name, w.dtype): w.goal for w in workloads(quick=True)}
    assert goals["W1", "float64"] == goals["W2", "float64"] == 0.65
    assert goals["W1", "float32"] == goals["W2", "float32"] == 1.5
    assert {goals[n, d] for n in ("W6", "W7") for d in TOLERANCE} == {1.0}
    assert (goals["LeNet", "float64"], goals["LeNet", "float32"]) == (1.2, 1.6)


def test_measures():
    assert measure.slope([1, 2, 4], [3.0, 12.0, 48.0]) == pytest.approx(2)
    assert measure.disagreement([np.array([1.0, 2.0])], [np.array([1.0, 4.0])]) == 0.5
    with pytest.raises(AssertionError, match=r"expected shape \(2,\), got \(3,\)"):
        measure.disagreement([np.zeros(3)], [np.zeros(2)])
    with pytest.raises(ValueError):
        measure.disagreement([np.zeros(2)], [])
    extra = measure.extra_memory(lambda: (np.ones(10**5)[::-1].cumsum(),))
    assert 8e5 <= extra < 9e5  # the ones; the result does not count
    calls = []
    timing = measure.side_by_side(lambda: calls.append("ours"), lambda: calls.append("peer"), 2)
    assert calls == ["ours", "peer"] * 3 and timing.ratio[0] <= timing.ratio[1] <= timing.ratio[2]
    assert measure.side_by_side(lambda: None, None, 2).ratio is None


def test_table_says_what_was_met():
    line = {"workload": "W1", "dtype": "float64", "ours_ms": 1.0, "peer_ms": 2.0, "disagreement": 0.0}
    rest = {"ratio": 0.5, "ratio_q1": 0.4, "ratio_q3": 0.6, "gemm_share": 0.25}
    rest |= {"column_mb": 1.0, "extra_mb": None, "chunk1_mb": None}
    met, missed = (table([Line(**line, **rest, goal=g, met=0.5 <= g)]).splitlines()[2] for g in (0.65, 0.4))
    assert "0.50 [0.40-0.60]" in met and "| yes |" in met and "25%" in met
    assert "| no" in missed


@pytest.mark.parametrize("arguments", [["--pairs", "0"], ["--quick", "--only", "W9"]])
def test_bad_options_are_named(arguments, capsys):
    with pytest.raises(SystemExit):
        command.main(arguments)
    assert arguments[-2] in capsys.readouterr().err


def test_plot_shows_ratios_and_goals(tmp_path):
    line = {"workload": "W1", "dtype": "float64", "ours_ms": 1.0, "peer_ms": 2.0, "disagreement": 0.0, "met": True}
    line |= {"ratio": 0.5, "ratio_q1": 0.4, "ratio_q3": 0.6, "gemm_share": None, "column_mb": None}
    lines = [Line(**line, extra_mb=None, chunk1_mb=None, goal=goal) for goal in (0.65, None)]
    write_plot(tmp_path / "ratios.svg", lines)
    drawn = (tmp_path / "ratios.svg").read_text()
    assert "<svg" in drawn and "our time / PyTorch" in drawn
