"""Learner-facing checks: `check("07.conv2d_backward", conv2d_backward, points=2)` says what is wrong and why.

    engine      run, compare, score
    exercise    what an exercise and a misconception are
    exercises/  one module an assignment: cases, right answer, misconceptions
    compare, signatures, inputs, report    numbers, patterns in wrong numbers, copies, messages
"""

from .engine import check
from .hints import hint
from .report import MIME, CheckResult

__all__ = ["check", "hint", "CheckResult", "MIME"]
