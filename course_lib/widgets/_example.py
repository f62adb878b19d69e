"""Widgets that show one example: checked as a whole, computed by the course's own functions, its changes counted."""

import copy
from typing import ClassVar

import traitlets

from ._base import CourseWidget


class ExampleWidget(CourseWidget):
    """A widget whose `numbers` follow from its `example`, in Python and in the browser alike.

    A subclass gives `check(example)`, which returns the example in its plain form or raises, `compute(example)`, which
    returns what the browser draws, `parts`, the entries that `change` takes, and `plain(name, value)`, which brings
    such an entry into the form that the example has it in. Both dicts hold a revision, which counts the changes, so
    that a late answer to an older example is known as such.
    """

    parts: ClassVar[tuple[str, ...]] = ()
    forgets: ClassVar[dict] = {"preset": ""}  # what a changed example makes void
    example = traitlets.Dict(help="what is shown; change() alters it").tag(sync=True)
    numbers = traitlets.Dict(help="what Python computed from the example").tag(sync=True)
    preset = traitlets.Unicode("").tag(sync=True)
    library = traitlets.List(help="the presets, for the browser's menu").tag(sync=True)

    @staticmethod
    def check(example):
        raise NotImplementedError

    @staticmethod
    def compute(example):
        raise NotImplementedError

    def plain(self, name, value):
        """Return an entry of `change` as the example holds it; a subclass says where it is anything but `value`."""
        return value

    def start(self, library, preset, values, settings):
        """Make the widget, from a preset's name or from an example made of `values`, with these settings.

        library {name: preset} holds the presets; one has an example and the settings that go with it.
        """
        if preset is not None and values is not None:
            raise ValueError("preset: expected either an example of your own or a preset's name, got both")
        if values is None:
            preset = next(iter(library)) if preset is None else preset
            if preset not in library:
                raise ValueError(f"preset: expected one of {', '.join(library)}, got {preset!r}")
            chosen = copy.deepcopy(library[preset])
            values = chosen.pop("example")
            settings = {**{n: v for n, v in chosen.items() if n not in ("title", "note")}, **settings}
        listed = [{"name": name, **entry} for name, entry in library.items()]
        try:
            super().__init__(example=values, preset=preset or "", library=listed, **settings)
        except traitlets.TraitError as refused:
            raise ValueError(str(refused)) from refused

    def change(self, **entries):
        """Change entries of the example; all are checked together before any of them changes."""
        if unknown := set(entries) - set(self.parts):
            raise TypeError(f"change: expected {', '.join(self.parts)}, got {', '.join(sorted(unknown))}")
        named = {name: self.plain(name, value) for name, value in entries.items()}
        changed = self.check({**self.example, **named, "revision": self.example["revision"] + 1})
        with self.hold_sync(), self.hold_trait_notifications():  # the browser gets all of it in one message
            for name, empty in self.forgets.items():
                setattr(self, name, copy.copy(empty))
            self.example = changed

    @traitlets.validate("example")
    def _check_example(self, proposal):
        try:
            return self.check(proposal["value"])
        except (ValueError, TypeError) as refused:
            raise traitlets.TraitError(str(refused)) from refused

    @traitlets.observe("example")
    def _compute_numbers(self, change):
        self.numbers = self.compute(self.example)


def check_entries(example, names):
    """Refuse an example that is no dict with just these entries."""
    if not isinstance(example, dict) or set(example) != set(names):
        raise ValueError(f"example: expected a dict with the entries {', '.join(names)}")


def within(name, array, limit=1e6):
    """Refuse numbers too large to be read in a cell."""
    if abs(array).max() > limit:
        raise ValueError(f"{name}: expected numbers of magnitude up to {limit:,.0f}, got {abs(array).max():g}")
    return array


def listed(array):
    """Nested lists as text, whole numbers as such and others to four digits: for a repr."""
    if array.ndim > 1:
        return f"[{', '.join(listed(row) for row in array)}]"
    return f"[{', '.join(f'{v + 0.0:.4g}' for v in array)}]"
