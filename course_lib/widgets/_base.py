"""What all widgets share on Python's side: state, what viewers without widgets see, values that are refused."""

import base64
import copy
import io
import os
from typing import ClassVar

import anywidget
import traitlets

from .. import draw
from ._assets import module_source, style_source


class CourseWidget(anywidget.AnyWidget):
    """A widget with a state that can be stored, a repr that is the same on every run, and a picture to fall back to.

    A subclass names its files in `static/` as it is defined, lists in `saved` the traits that make up its state, and
    gives `describe` (one line) and `picture` (a matplotlib figure):

        class Dial(CourseWidget, script="dial.js", styles=["dial.css"]):
            saved = ("angle",)
            angle = traitlets.Float(0.0).tag(sync=True)

    A value that the browser sends and a check refuses is told in the widget (`problem`), and the last good state stays.
    """

    saved: ClassVar[tuple[str, ...]] = ()
    problem = traitlets.Unicode("", help="what was wrong with the last value from the browser").tag(sync=True)

    def __init_subclass__(cls, *, script=None, styles=(), **options):
        if script is not None:
            cls._esm = module_source(script)
            cls._css = style_source("base.css", *styles)
        super().__init_subclass__(**options)

    def describe(self):
        """Return the widget as one line of text, for its repr."""
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self.saved)})"

    def picture(self):
        """Return a matplotlib figure of the present state, or None: what viewers without widgets show."""
        return None

    def state(self):
        """Return the state as a dict of plain numbers, texts and lists, which `json` can write and `restore` takes."""
        return {name: copy.deepcopy(getattr(self, name)) for name in self.saved}

    def restore(self, state):
        """Take over a state that `state` returned; a state that is refused leaves the present one as it is."""
        if not isinstance(state, dict) or not set(state) <= set(self.saved):
            got = sorted(state) if isinstance(state, dict) else type(state).__name__
            raise ValueError(f"state: expected a dict with the entries {', '.join(self.saved)}, got {got}")
        before = self.state()
        try:
            with self.hold_sync(), self.hold_trait_notifications():  # the browser gets all of it in one message
                for name in self.saved:
                    if name in state:
                        setattr(self, name, copy.deepcopy(state[name]))
        except Exception as refused:
            with self.hold_trait_notifications():
                for name in self.saved:
                    setattr(self, name, before[name])
            raise ValueError(f"state: {refused}") from refused

    @classmethod
    def from_state(cls, state):
        """Return a new widget in this state."""
        widget = cls()
        try:
            widget.restore(state)
        except ValueError:
            widget.close()
            raise
        return widget

    def set_state(self, sync_data):
        """Take values from the browser. What is refused, and what a callback raises, is shown in the widget."""
        try:
            super().set_state(sync_data)
        except (traitlets.TraitError, ValueError, TypeError) as refused:
            self.problem = str(refused)
            self.send_state([name for name in sync_data if self.has_trait(name)])
        except Exception as failure:
            self.problem = f"{type(failure).__name__}: {failure}"
            raise
        else:
            self.problem = ""

    def __repr__(self):
        return self.describe()

    def _repr_mimebundle_(self, include=None, exclude=None, **kwargs):
        shown = super()._repr_mimebundle_(**kwargs)
        data, metadata = shown if isinstance(shown, tuple) else (shown, {})
        data = {**(data or {}), "text/plain": self.describe()}
        wanted = (include is None or "image/png" in include) and "image/png" not in (exclude or ())
        if wanted and not os.environ.get(draw.NO_PICTURES):
            png = self._png()
            if png is not None:
                data["image/png"] = base64.b64encode(png).decode("ascii")
                metadata = {**metadata, "image/png": {"alt": self.describe()}}
        return data, metadata

    def _png(self):
        """The picture as bytes, the same on every run; drawn without pyplot, so that no open figure is touched."""
        figure = self.picture()
        if figure is None:
            return None
        png = io.BytesIO()
        figure.savefig(png, format="png", dpi=100, bbox_inches="tight", facecolor="white", metadata={"Software": None})
        return png.getvalue()


def capped(name, count, most, what, remedy):
    """Refuse sizes that a widget cannot show legibly or fast; the message names the cap and what to do instead."""
    if count > most:
        raise ValueError(f"{name}: the widget shows at most {most} {what}, got {count}. {remedy}")
