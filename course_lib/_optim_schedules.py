"""Step-size schedules: the factor of lr at each step, counted from 0. Factors of two schedules may be multiplied."""

import math

from . import _validate


def step_decay(step, *, every, gamma=0.1):
    """Reduce the step size by a constant factor after every so many steps.

    Formula: factor = gamma^⌊step / every⌋

    Arguments:
        step    integer, 0 at the first update (an epoch's number where the schedule runs by epochs)
        every   integer, at least 1
        gamma   number in [0, 1]
    Returns:
        factor  float
    Errors: ValueError, TypeError: step or every is not such an integer; gamma is outside [0, 1].
    Lecture row: D-schedule

    >>> from course_lib.optim import step_decay
    >>> [step_decay(step, every=2, gamma=0.5) for step in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    step = _validate.integer("step", step, minimum=0)
    every = _validate.integer("every", every, minimum=1)
    gamma = _validate.number("gamma", gamma, minimum=0, maximum=1)
    return gamma ** (step // every)


def cosine(step, *, total, floor=0.0):
    """Reduce the step size along half a cosine wave: slowly at first, slowly again at the end.

    Formula: factor = floor + (1 - floor)·(1 + cos(π·step/total)) / 2, and floor for every step after total

    Arguments:
        step    integer, 0 at the first update
        total   integer, at least 1: the step at which the floor is reached
        floor   number in [0, 1], the factor that remains
    Returns:
        factor  float
    Errors: ValueError, TypeError: step or total is not such an integer; floor is outside [0, 1].
    Lecture row: D-schedule

    >>> from course_lib.optim import cosine
    >>> [round(cosine(step, total=4), 4) for step in range(6)]
    [1.0, 0.8536, 0.5, 0.1464, 0.0, 0.0]
    """
    step = _validate.integer("step", step, minimum=0)
    total = _validate.integer("total", total, minimum=1)
    floor = _validate.number("floor", floor, minimum=0, maximum=1)
    if step >= total:  # the wave would rise again
        return floor
    return floor + (1 - floor) * (1 + math.cos(math.pi * step / total)) / 2


def warmup(step, *, steps):
    """Raise the step size linearly over the first steps, while averages and velocities are still being filled.

    Formula: factor = min(1, (step + 1) / steps)

    Arguments:
        step    integer, 0 at the first update, which already moves by 1/steps of the full step
        steps   integer, at least 1: the number of updates until the full step size
    Returns:
        factor  float
    Errors: ValueError, TypeError: step or steps is not such an integer.
    Lecture row: D-schedule

    >>> from course_lib.optim import warmup
    >>> [warmup(step, steps=4) for step in range(5)]
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """
    step = _validate.integer("step", step, minimum=0)
    steps = _validate.integer("steps", steps, minimum=1)
    return min(1.0, (step + 1) / steps)
