"""PoolRoutes: a pooling window slides, and each gradient finds its way back to the pixel that its number came from."""

from typing import ClassVar

import numpy as np
import traitlets

from .. import draw
from ._example import ExampleWidget, listed
from ._pool_numbers import check_example, make_example, numbers, option, presets, short, with_height

MODES, VIEWS = ("forward", "backward"), ("scatter", "gather")


class PoolRoutes(ExampleWidget, script="pool_routes.js", styles=["pool_routes.css"]):
    """Pooling: the window, its winner, the output; and the way back of each upstream gradient.

    Formula: out = max of the window: dx[winner] += dout;  out = mean of the window: dx[each] += dout / (FH·FW)

    Arguments:
        image     (W,) or (H, W), at most 12×12
        size      of the window: integer, or pair (rows, columns)
        stride    integer or pair; None takes the window's size
        pad       integer or pair, less than the window
        kind      "max" or "average"
        ties      which of several equal maxima gets the gradient: the "first", or "all" of them, each in full
        upstream  ∂L/∂out, of the output's shape, or None for a pattern of small numbers
        mode      "forward" or "backward"
        view      of the way back: "scatter" (each upstream number is sent) or "gather" (each pixel collects)
        preset    the name of an example from `PoolRoutes.presets()`, in place of an image
        predict   True: a number stays hidden until its value is typed
        step      where to start
    Returns:
        a widget; out and dx are its results as arrays, change(...) alters the example, state() and restore(...) keep
        and bring back where it stands
    Errors: ValueError, TypeError: as max_pool2d_forward; more than the widget can show; NaN; an unknown preset or mode.
    Lecture row: B-maxpool, A-poolback, C-unpool, B-poolsize, O-avgpool, E-seesaw

    >>> from course_lib.widgets import PoolRoutes
    >>> PoolRoutes([1, 3, 2, 0], mode="backward", upstream=[10, 1])
    PoolRoutes(image 4, max of 2, stride=2, pad=0, ties='first', mode='backward', step=0, dx=[0, 10, 1, 0])
    """

    saved = ("example", "mode", "view", "step", "predict", "guesses", "whole", "preset")
    parts = ("image", "size", "stride", "pad", "kind", "ties", "upstream")
    forgets: ClassVar = {"preset": "", "guesses": {}}
    mode = traitlets.Enum(MODES, "forward").tag(sync=True)
    view = traitlets.Enum(VIEWS, "scatter").tag(sync=True)
    step = traitlets.Int(0, help="which window, or which pixel, counted from 0").tag(sync=True)
    predict = traitlets.Bool(False).tag(sync=True)
    guesses = traitlets.Dict(help='{"mode:step": {"typed", "right", "shown"}}, of this example').tag(sync=True)
    whole = traitlets.Bool(False, help="show the whole result, not only what the steps so far gave").tag(sync=True)

    check, compute = staticmethod(check_example), staticmethod(numbers)

    def __init__(self, image=None, size=2, *, stride=None, pad=0, kind="max", ties="first", upstream=None, mode=None,
                 view=None, preset=None, predict=False, step=0):  # fmt: skip
        settings = {"predict": predict, "step": step}
        for name, value, allowed in (("mode", mode, MODES), ("view", view, VIEWS)):
            if value is not None and value not in allowed:
                raise ValueError(f"{name}: expected one of {', '.join(allowed)}, got {value!r}")
            settings |= {name: value} if value is not None else {}
        own = None
        if image is not None:
            own = make_example(image, size, stride=stride, pad=pad, kind=kind, ties=ties, upstream=upstream)
        self.start(presets(), preset, own, settings)

    @staticmethod
    def presets():
        """Return {name: title} of the examples that come with the widget."""
        return {name: preset["title"] for name, preset in presets().items()}

    def plain(self, name, value):
        if name in ("size", "stride", "pad"):
            return option(name, value, self.example["ndim"])
        return with_height(name, value, self.example["ndim"]) if name in ("image", "upstream") else value

    def change(self, **entries):
        """Change entries of the example: image, size, stride, pad, kind, ties, upstream.

        All are checked together before any of them changes. The upstream gradient stays while its size does.
        """
        if not {"image", "size", "stride", "pad"} & set(entries) or "upstream" in entries:
            return super().change(**entries)
        kept = self.example["upstream"]
        probe = self.check({**self.example, "upstream": None, **{n: self.plain(n, v) for n, v in entries.items()
                                                                 if n in self.parts}})  # fmt: skip
        signal = self.example["ndim"] == 1
        fits = kept if np.shape(probe["upstream"]) == np.shape(kept) else probe["upstream"]
        return super().change(**entries, upstream=fits[0] if signal else fits)

    @traitlets.observe("example", "mode", "view")
    def _keep_step(self, change):
        if self.step >= self.steps:
            self.step = 0

    @traitlets.validate("step")
    def _check_step(self, proposal):
        if not 0 <= proposal["value"] < self.steps:
            raise traitlets.TraitError(f"step: expected a number from 0 to {self.steps - 1}, got {proposal['value']}")
        return proposal["value"]

    @property
    def steps(self):
        """How many steps the present mode and view take: one for each window, or one for each pixel that collects."""
        collects = self.mode == "backward" and self.view == "gather"
        return int(np.size(self.example["image" if collects else "upstream"]))

    @property
    def image(self):
        """The input, (H, W)."""
        return np.array(self.example["image"])

    @property
    def upstream(self):
        """∂L/∂out, (Ho, Wo)."""
        return np.array(self.example["upstream"])

    @property
    def out(self):
        """The output, (Ho, Wo)."""
        return np.array(self.numbers["out"])

    @property
    def dx(self):
        """∂L/∂image, (H, W)."""
        return np.array(self.numbers["dx"])

    def picture(self):
        from matplotlib.figure import Figure

        example, found = self.example, self.numbers
        backward = self.mode == "backward"
        shown = [("input", example["image"])]
        shown += [("∂L/∂x", found["dx"]), ("upstream ∂L/∂out", example["upstream"])] if backward else []
        shown += [] if backward else [("output", found["out"])]
        figure = Figure(figsize=(2.9 * len(shown), 2.7 if example["ndim"] == 2 else 1.2), layout="constrained")
        marks = {(r, c, 1, 1) for route in found["routes"] for r, c, _ in route} if example["kind"] == "max" else set()
        for i, (title, array) in enumerate(shown):
            ax = figure.add_subplot(1, len(shown), i + 1)
            draw.matrix(ax, array, title=title, mark=sorted(marks) if title in ("input", "∂L/∂x") else ())
        return figure

    def describe(self):
        example = self.example
        one = lambda pair: pair[1] if example["ndim"] == 1 or pair[0] == pair[1] else tuple(pair)  # noqa: E731
        cut = slice(1, None) if example["ndim"] == 1 else slice(None)
        image, window = short(np.shape(example["image"])[cut]), short(example["size"][cut])
        parts = [f"image {image}", f"{example['kind']} of {window}"]
        parts += [f"stride={one(example['stride'])}", f"pad={one(example['pad'])}"]
        if example["kind"] == "max":
            parts.append(f"ties={example['ties']!r}")
        name = "dx" if self.mode == "backward" else "out"
        result = np.array(self.numbers[name])
        result = result[0] if example["ndim"] == 1 else result
        shown = f"{name}={listed(result)}" if result.size <= 36 else f"{name} {short(result.shape)}"
        return f"PoolRoutes({', '.join([*parts, f'mode={self.mode!r}', f'step={self.step}', shown])})"
