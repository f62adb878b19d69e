"""What the tests of an assignment look at: its solved notebook's cells, and its exercises' references."""

from functools import cache
from pathlib import Path

import nbformat

from course_lib.check.exercises import exercises

SOLUTIONS = Path(__file__).resolve().parents[2] / "solutions"


class Solved:
    """The solved notebook of the assignment `name`, such as "10_convnet"."""

    def __init__(self, name):
        self.number, self.path = name[:2], SOLUTIONS / name / f"{name}.ipynb"

    @cache
    def book(self):
        return nbformat.read(self.path, as_version=4)

    def cell(self, grade_id):
        """The source of the cell with this grade id."""
        (found,) = [c for c in self.book().cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id]
        return found.source

    def space(self, *grade_ids):
        """The names that these cells define, after the setup cell."""
        names = {}
        for grade_id in ("setup", *grade_ids):
            exec(self.cell(grade_id), names)
        return names

    def expected(self, exercise, *args, **kwargs):
        """The outputs of an exercise's reference on these arguments."""
        e = exercises(self.number)[f"{self.number}.{exercise}"]
        return e.evaluate(e.reference, args, kwargs)
