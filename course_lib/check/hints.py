"""Hints on request, in three steps: a nudge, the formula, the step itself."""

from __future__ import annotations

from . import progress

STEPS = ("a nudge", "the formula", "the step")


class Hint:
    """One hint: Markdown in a notebook, the same text in a terminal."""

    def __init__(self, exercise: str, step: int, text: str):
        self.exercise, self.step, self.text = exercise, step, text

    def __repr__(self) -> str:
        return f"Hint {self.step} of {len(STEPS)} ({STEPS[self.step - 1]}): {self.text}{self._next('')}"

    def _repr_markdown_(self) -> str:
        return f"**Hint {self.step} of {len(STEPS)}, {STEPS[self.step - 1]}.** {self.text}{self._next('`')}"

    def _next(self, quote: str) -> str:
        if self.step == len(STEPS):
            return ""
        call = f'hint("{self.exercise}", step={self.step + 1})'
        return f" Still stuck? {quote}{call}{quote}"


def hint(exercise_id: str, step: int = 1) -> Hint:
    """The hint of one step (1, 2 or 3) for an exercise such as "07.conv2d_backward".

    Raises ValueError for an unknown exercise or another step.
    """
    from .exercises import find

    exercise = find(exercise_id)
    if step not in (1, 2, 3):
        raise ValueError(f"step is {step!r}; hints come in steps 1, 2 and 3")
    progress.hinted(exercise.id, step)
    return Hint(exercise.id, step, exercise.hints[step - 1])
