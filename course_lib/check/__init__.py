"""Learner-facing checks: `check("07.conv2d_backward", conv2d_backward, points=2)` says what is wrong and why.

    engine      run, compare, score
    exercise    what an exercise and a misconception are
    exercises/  one module an assignment: cases, right answer, misconceptions
    numbers     the numbers of an exercise worked by hand
    compare, signatures, inputs, report    numbers, patterns in wrong numbers, copies, messages
    progress, overview, assignments        what a learner has done, in a file beside the notebooks, and what comes next
"""

from .engine import check
from .hints import hint
from .numbers import show_numbers
from .report import MIME, CheckResult

__all__ = ["check", "hint", "show_numbers", "CheckResult", "MIME"]
