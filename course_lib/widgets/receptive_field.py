"""ReceptiveField: a stack of convolutions and poolings: what one output sees, sizes, parameters, multiply-adds."""

from typing import ClassVar

import numpy as np
import traitlets

from .. import draw
from ._example import ExampleWidget
from ._field_numbers import as_layer, check_example, follow, make_example, numbers, presets


class ReceptiveField(ExampleWidget, script="receptive_field.js", styles=["receptive_field.css"]):
    """Layers stacked on each other: which inputs one output sees, through every layer, and what the layers cost.

    Formula: r ← r + (e - 1)·j,  j ← j·stride,  from r = j = 1 at the input, e = dilation·(F - 1) + 1;
             F²·C·K/groups weights and K biases

    Arguments:
        layers       list of Convolution(...) and MaxPool(...) of course_lib.models, at most 12, or None for a preset
        input_shape  (channels, n, n) or (channels, n), n at most 256
        compare      a second stack of layers, to compare with, and compare_title, what to call it
        preset       the name of an example from `ReceptiveField.presets()`, in place of layers
        layer        which layer's output is looked at, counted from 0; None: the last
        position     which position of it; None: the middle
    Returns:
        a widget; rows and total are its numbers (as course_lib.models.summary gives them), sees() says which positions
        the chosen output sees, change(...) alters the example, state() and restore(...) keep and bring back its state
    Errors: ValueError, TypeError: no layers, more than 12, a window larger than what it gets (the message says which).
    Lecture row: B-brain, B-shrink, B-example, B-outsize, D-lenet, C-alexnet

    >>> from course_lib.models import Convolution, MaxPool
    >>> from course_lib.widgets import ReceptiveField
    >>> ReceptiveField([Convolution(6, 3), MaxPool(2)], input_shape=(1, 32, 32)).total["field"]
    4
    """

    saved = ("example", "layer", "position", "preset")
    parts: ClassVar = ("layers", "input", "kept", "kept_title")
    layer = traitlets.Int(0, help="whose output is looked at").tag(sync=True)
    position = traitlets.Int(0, help="which position of that output").tag(sync=True)

    check, compute = staticmethod(check_example), staticmethod(numbers)

    def __init__(
        self,
        layers=None,
        input_shape=(1, 32, 32),
        *,
        compare=(),
        compare_title="",
        preset=None,
        layer=None,
        position=None,
    ):
        own = None
        settings = {}
        if layers is not None:
            own = make_example(layers, input_shape, compare=compare, compare_title=compare_title)
            settings["layer"] = len(own["layers"]) - 1
            settings["position"] = (follow(own)[-1][1] - 1) // 2
        if layer is not None:
            example = own or presets().get(preset or "B-brain", presets()["B-brain"])["example"]
            if not 0 <= layer < len(example["layers"]):
                raise ValueError(f"layer: expected a number from 0 to {len(example['layers']) - 1}, got {layer}")
            settings |= {"layer": layer, "position": (follow(example)[layer + 1][1] - 1) // 2}
        if position is not None:
            settings["position"] = position
        self.start(presets(), preset, own, settings)

    @staticmethod
    def presets():
        """Return {name: title} of the examples that come with the widget."""
        return {name: preset["title"] for name, preset in presets().items()}

    def plain(self, name, value):
        return [as_layer(layer) for layer in value] if name in ("layers", "kept") else value

    @traitlets.observe("example")
    def _keep_place(self, change):
        self.layer = min(self.layer, len(self.example["layers"]) - 1)
        self.position = min(self.position, follow(self.example)[self.layer + 1][1] - 1)

    @traitlets.observe("layer")
    def _keep_position(self, change):
        self.position = min(self.position, follow(self.example)[self.layer + 1][1] - 1)

    @traitlets.validate("layer")
    def _check_layer(self, proposal):
        return self._inside("layer", proposal["value"], len(self.example["layers"]))

    @traitlets.validate("position")
    def _check_position(self, proposal):
        return self._inside("position", proposal["value"], follow(self.example)[self.layer + 1][1])

    def _inside(self, name, value, count):
        if not 0 <= value < count:
            raise traitlets.TraitError(f"{name}: expected a number from 0 to {count - 1}, got {value}")
        return value

    @property
    def rows(self):
        """One dict a layer: name, shape, weights, biases, multiply_adds, field, jump, start, unread, message."""
        return self.numbers["rows"]

    @property
    def total(self):
        """Sums of weights, biases, parameters, multiply-adds, and the last layer's shape, field and jump."""
        return self.numbers["total"]

    def sees(self):
        """Return, from the input up to the chosen layer, the positions that the chosen output sees, along one axis.

        Each is a list of (position, ways), ways being over how many taps the position is reached; padding is left out.
        """
        return seen(self.example, self.layer, self.position)

    def picture(self):
        from matplotlib.figure import Figure

        shapes, levels = follow(self.example), self.sees()
        figure = Figure(figsize=(8, 0.62 * len(levels) + 0.8), layout="constrained")
        ax = figure.add_subplot()
        rows = [{"start": 0.0, "jump": 1}, *self.rows]
        for level in range(len(levels)):
            at = rows[level]["start"] + rows[level]["jump"] * np.arange(shapes[level][1])
            hit = dict(levels[level])
            size = max(3, min(13, 330 / shapes[0][1]))
            ax.plot(
                at,
                np.full(len(at), level),
                "s",
                markersize=size,
                color="white",
                markeredgecolor="#7b828c",
                markeredgewidth=0.6,
            )
            chosen = [at[i] for i in hit]
            ax.plot(
                chosen,
                np.full(len(chosen), level),
                "s",
                markersize=size,
                color=draw._STOPS[4],
                markeredgecolor=draw.INK,
                markeredgewidth=0.6,
            )
        names = ["input", *(row["name"] for row in self.rows)][: len(levels)]
        ax.set_yticks(range(len(levels)), [f"{n} {shapes[i][1]}" for i, n in enumerate(names)])
        ax.set_ylim(-0.6, len(levels) - 0.4)
        row = self.rows[self.layer]
        ax.set_title(f"{row['name']}: receptive field {row['field']}, jump {row['jump']}", fontsize=11, color=draw.INK)
        ax.tick_params(length=0)
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.set_xlabel("position in the input")
        return figure

    def describe(self):
        example, total = self.example, self.total
        sides = "×".join([str(example["input"][0]), *[str(example["input"][1])] * example["ndim"]])
        out = "×".join([str(total["shape"][0]), *[str(total["shape"][1])] * example["ndim"]])
        layers = ", ".join(layer_text(layer, example["ndim"]) for layer in example["layers"])
        return (
            f"ReceptiveField({sides}, {layers}, out {out}, field {total['field']}, jump {total['jump']}, "
            f"parameters {total['parameters']:,}, multiply-adds {total['multiply_adds']:,})"
        )


def layer_text(layer, ndim):
    """ "conv 3×3 6 filters pad 1": a layer's kind and size, and what is not as usual."""
    parts = [layer["kind"], "×".join([str(layer["size"])] * ndim)]
    if layer["kind"] == "conv":
        parts.append(f"{layer['filters']} filter{'s' if layer['filters'] > 1 else ''}")
    usual = {"stride": 1, "pad": 0, "dilation": 1, "groups": 1}
    return " ".join([*parts, *[f"{name} {layer[name]}" for name, value in usual.items() if layer[name] != value]])


def seen(example, layer, position):
    """What one output sees at every level below it: lists of (position, number of ways to it), the input's first."""
    shapes, levels = follow(example), [{position: 1}]
    for at in range(layer, -1, -1):
        options, below = example["layers"][at], {}
        for upper, ways in levels[0].items():
            for tap in range(options["size"]):
                lower = upper * options["stride"] - options["pad"] + tap * options["dilation"]
                if 0 <= lower < shapes[at][1]:
                    below[lower] = below.get(lower, 0) + ways
        levels.insert(0, below)
    return [sorted(level.items()) for level in levels]
