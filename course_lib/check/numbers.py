"""The numbers of an exercise by hand, to be worked with: the lecture's, or those of a variant."""

from __future__ import annotations

from typing import Any

from .report import show_value


class Numbers:
    """Names and values: a code block in a notebook, the same lines in a terminal."""

    def __init__(self, exercise: str, values: dict[str, Any], variant: int | None):
        self.exercise, self.values, self.variant = exercise, values, variant

    def __repr__(self) -> str:
        return f"{self._head}\n\n{self._lines('    ')}"

    def _repr_markdown_(self) -> str:
        return f"**{self._head}**\n\n```python\n{self._lines('')}\n```"

    @property
    def _head(self) -> str:
        return "The numbers to work with:" if self.variant is None else f"Your numbers (variant {self.variant}):"

    def _lines(self, indent: str) -> str:
        rows = []
        for name, value in self.values.items():
            shown = show_value(value).replace("\n", "\n" + " " * (len(name) + 3))
            rows += f"{name} = {shown}".splitlines()
        return "\n".join(indent + row for row in rows)


def show_numbers(exercise_id: str, variant: int | None = None) -> Numbers:
    """The numbers of an exercise by hand, such as "06.predict_sizes", to be shown in the notebook.

    variant: whose; None for the lecture's. Raises ValueError for an unknown exercise, one without numbers, or another variant.
    """
    from .exercises import find

    exercise = find(exercise_id)
    return Numbers(exercise.id, exercise.numbers_of(variant), variant)
