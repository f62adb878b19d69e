"""What the benchmarks time: PyTorch computes what the library does."""

import torch

from benchmarks.measure import disagreement
from benchmarks.report import TOLERANCE
from benchmarks.workloads import workloads


def test_workloads_agree_with_pytorch():
    compared = workloads(quick=True, torch=torch)
    for workload in compared:
        wrong = disagreement(workload.ours(), workload.peer())
        assert wrong <= TOLERANCE[workload.dtype], (workload.name, workload.dtype)
    assert len(compared) == 18
