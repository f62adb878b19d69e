"""CrossEntropySliders: scores, their softmax, the loss of the true class, and the gradient p - y, as they move."""

import numpy as np
import traitlets

from .. import draw
from ._entropy_numbers import check_example, make_example, numbers, presets
from ._example import ExampleWidget, listed


class CrossEntropySliders(ExampleWidget, script="entropy_sliders.js", styles=["entropy_sliders.css"]):
    """Softmax and cross-entropy of one example: drag a score, and see the probabilities, the loss and the gradient.

    Formula: p = softmax(s),  L = -log p[target],  ∂L/∂s = p - y,  y = 1 at the target and 0 elsewhere

    Arguments:
        scores    (K,), 2 to 8 numbers, or None for a preset
        target    index or name of the true class
        names     K texts; None: the lecture's penguin, building, chair, person, bird where K is 5
        preset    the name of an example from `CrossEntropySliders.presets()`, in place of scores
        predict   True: a gradient stays hidden, and its slider still, until its sign is predicted
        steps     True: show how softmax is computed, with the largest score subtracted first
    Returns:
        a widget; scores, p, loss and gradient are its numbers, change(...) alters the example, state() and restore(...)
        keep and bring back where it stands
    Errors: ValueError, TypeError: fewer than 2 scores, more than 8, NaN; a target that is no class; an unknown preset.
    Lecture row: A-ce5, A-softmaxjac, E-softmaxce

    >>> from course_lib.widgets import CrossEntropySliders
    >>> CrossEntropySliders([0, 0, 0, 0, 0], target="bird")
    CrossEntropySliders(scores=[0, 0, 0, 0, 0], target='bird', loss=1.609, gradient=[0.2, 0.2, 0.2, 0.2, -0.8])
    """

    saved = ("example", "predict", "guesses", "steps", "preset")
    parts = ("scores", "target", "names")
    predict = traitlets.Bool(False).tag(sync=True)
    guesses = traitlets.Dict(help='{"target:class": {"rises": bool, "right": bool}}').tag(sync=True)
    steps = traitlets.Bool(False, help="show the steps of softmax").tag(sync=True)

    check, compute = staticmethod(check_example), staticmethod(numbers)

    def __init__(self, scores=None, target=None, *, names=None, preset=None, predict=False, steps=None):
        own = None if scores is None else make_example(scores, 0 if target is None else target, names=names)
        chosen = preset or next(iter(presets()))
        shown = own is None and chosen == "A-ce5/shift" if steps is None else steps
        self.start(presets(), preset, own, {"predict": predict, "steps": shown})
        if own is None and (target is not None or names is not None):
            self.change(**{n: v for n, v in (("target", target), ("names", names)) if v is not None})

    @staticmethod
    def presets():
        """Return {name: title} of the examples that come with the widget."""
        return {name: preset["title"] for name, preset in presets().items()}

    def change(self, **entries):
        """Change scores, target or names; all are checked together before any of them changes."""
        if set(entries) - set(self.parts):
            return super().change(**entries)
        now = {name: self.example[name] for name in self.parts} | entries
        made = make_example(now["scores"], now["target"], names=now["names"])
        if "scores" not in entries:  # the sliders keep their ends
            made |= {name: self.example[name] for name in ("low", "high")}
        with self.hold_sync(), self.hold_trait_notifications():  # the browser gets all of it in one message
            self.preset = ""
            self.example = {**made, "revision": self.example["revision"] + 1}
        return None

    @property
    def scores(self):
        """The scores, (K,)."""
        return np.array(self.example["scores"])

    @property
    def p(self):
        """The softmax of the scores, (K,)."""
        return np.array(self.numbers["p"])

    @property
    def loss(self):
        """-log p[target]."""
        return self.numbers["loss"]

    @property
    def gradient(self):
        """∂L/∂scores = p - y, (K,)."""
        return np.array(self.numbers["gradient"])

    def picture(self):
        from matplotlib.figure import Figure

        names, target = self.example["names"], self.example["target"]
        figure = Figure(figsize=(8, 0.42 * len(names) + 0.9), layout="constrained")
        shown = [
            ("scores", self.scores),
            ("softmax p", self.p),
            (f"∂L/∂s = p − y,  L = {self.loss:.4g}", self.gradient),
        ]
        for i, (title, values) in enumerate(shown):
            ax = figure.add_subplot(1, 3, i + 1)
            limit = float(np.abs(values).max()) or 1.0
            colours = draw.palette()((values / limit + 1) / 2) if i != 1 else draw.INK
            ax.barh(np.arange(len(names)), values, color=colours, edgecolor=draw.INK, linewidth=0.8)
            ax.axvline(0, color=draw.INK, linewidth=0.8)
            labels = (
                [f"{n} (target)" if k == target else n for k, n in enumerate(names)] if i == 0 else [""] * len(names)
            )
            ax.set_yticks(
                range(len(names)), [f"{label}  {v:+.4g}" if i != 1 else f"{v:.4g}" for label, v in zip(labels, values)]
            )
            ax.set_title(title, fontsize=11, color=draw.INK)
            ax.invert_yaxis()
            ax.tick_params(length=0)
            ax.spines[["top", "right", "left"]].set_visible(False)
        return figure

    def describe(self):
        example = self.example
        return (
            f"CrossEntropySliders(scores={listed(self.scores)}, target={example['names'][example['target']]!r}, "
            f"loss={self.loss:.4g}, gradient={listed(self.gradient)})"
        )
