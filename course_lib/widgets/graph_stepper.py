"""GraphStepper: a computational graph, forward node by node, and backward: upstream gradient times local gradient."""

import copy

import numpy as np
import traitlets

from ._base import CourseWidget
from ._graph_numbers import check_example, numbers, read_graph
from ._graph_picture import picture
from ._graph_presets import library, presets

MODES = ("forward", "backward", "both")


class GraphStepper(
    CourseWidget,
    script="graph_stepper.js",
    styles=["graph_stepper.css"],
):
    """A graph of gates, stepped through forward and backward; what each gate multiplies stands on its wires.

    Formula: ∂L/∂x = Σ over the gates y that read x of ∂L/∂y · ∂y/∂x  (upstream gradient · local gradient)

    Arguments:
        graph     a course_lib.graph.Graph of at most 24 nodes, which stays as it is; of arrays of one shape, one
                  element is shown at a time. Nodes of your own work too: Python runs them, and the browser shows what
                  they return
        names     dict: handle → name, for gates; others are called n and their handle, and the output L
        upstream  ∂L/∂(output), of the output's shape; None for ones
        preset    the name of a graph from `GraphStepper.presets()`, in place of a graph
        mode      "forward", "backward" (all values are known) or "both"
        step      where to start
        predict   True: a gradient stays hidden until its value is typed
        element   which element of arrays, counted from 0 in C order
    Returns:
        a widget; values and gradients are dicts by the nodes' names, change(x=3) puts numbers into inputs
    Errors: ValueError, TypeError: not a Graph, or one that does not run; too large; an unknown preset or mode.
    Lecture row: B-flat, B-gates, B-graph

    >>> from course_lib.widgets import GraphStepper
    >>> stepper = GraphStepper()
    >>> {name: round(g, 4) for name, g in stepper.gradients.items() if name in ("w0", "x0", "w1", "x1", "w2")}
    {'w0': -0.1966, 'x0': 0.3932, 'w1': -0.3932, 'x1': -0.5898, 'w2': 0.1966}
    """

    saved = ("example", "mode", "element", "step", "predict", "guesses", "preset")
    example = traitlets.Dict(help="nodes, their inputs and values, and where they stand; change() alters it").tag(
        sync=True
    )
    numbers = traitlets.Dict(help="what Python computed from the example").tag(sync=True)
    mode = traitlets.Enum(MODES, "both").tag(sync=True)
    element = traitlets.Int(0, help="which element of arrays").tag(sync=True)
    step = traitlets.Int(0, help="counted from 0").tag(sync=True)
    predict = traitlets.Bool(False).tag(sync=True)
    guesses = traitlets.Dict(
        help='{"wire 3" or "node 0": {"typed": number, "right": bool, "shown": bool}}, of this example'
    ).tag(sync=True)
    preset = traitlets.Unicode("").tag(sync=True)
    library = traitlets.List(help="the presets, for the browser's menu").tag(sync=True)

    def __init__(
        self, graph=None, *, names=None, upstream=None, preset=None, mode="both", step=0, predict=False, element=0
    ):
        if graph is not None and preset is not None:
            raise ValueError("preset: expected either a graph or a preset's name, got both")
        if mode not in MODES:
            raise ValueError(f"mode: expected one of {', '.join(MODES)}, got {mode!r}")
        if graph is None:
            if names is not None or upstream is not None:
                raise ValueError("graph: expected a graph to go with names or upstream, got None")
            preset = "B-flat" if preset is None else preset
            if preset not in presets():
                raise ValueError(f"preset: expected one of {', '.join(presets())}, got {preset!r}")
            example, self._own = copy.deepcopy(presets()[preset]["example"]), {}
        else:
            example, self._own = read_graph(graph, names, upstream)
        try:
            super().__init__(example=example, preset=preset or "", mode=mode, element=element, step=step,
                             predict=predict, library=library())  # fmt: skip
        except traitlets.TraitError as refused:
            raise ValueError(str(refused)) from refused

    @staticmethod
    def presets():
        """Return {name: title} of the graphs that come with the widget."""
        return {name: preset["title"] for name, preset in presets().items()}

    def change(self, **inputs):
        """Put other numbers into inputs, by their names; `upstream` is the output's own gradient.

        All are checked together before any of them changes. A value has the shape of the graph's arrays.
        """
        changed = copy.deepcopy(self.example)
        leaves = {node["name"]: node for node in changed["nodes"] if "value" in node}
        for name, value in inputs.items():
            if name not in leaves and name != "upstream":
                raise TypeError(f"change: expected {', '.join([*leaves, 'upstream'])}, got {name}")
            if np.shape(value) != tuple(changed["shape"]):
                raise ValueError(f"{name}: expected shape {tuple(changed['shape'])}, got {np.shape(value)}")
            flat = np.ravel(value).tolist()
            if name in leaves:
                leaves[name]["value"] = flat
            else:
                changed["upstream"] = flat
        changed["revision"] += 1
        changed = check_example(changed, self._own)
        with self.hold_sync(), self.hold_trait_notifications():  # the browser gets all of it in one message
            self.preset, self.guesses = "", {}
            self.example = changed

    @traitlets.validate("example")
    def _check_example(self, proposal):
        try:
            return check_example(proposal["value"], self._own)
        except (ValueError, TypeError) as refused:
            raise traitlets.TraitError(str(refused)) from refused

    @traitlets.observe("example", "element")
    def _compute(self, change):
        self.element = min(self.element, len(self.example["upstream"]) - 1)
        self.numbers = numbers(self.example, self.element, self._own)
        self._keep_step(change)

    @traitlets.observe("mode")
    def _keep_step(self, change):
        if self.step >= self.steps:
            self.step = 0

    @traitlets.validate("element")
    def _check_element(self, proposal):
        return self._within("element", proposal["value"], len(self.example["upstream"]))

    @traitlets.validate("step")
    def _check_step(self, proposal):
        return self._within("step", proposal["value"], self.steps)

    @staticmethod
    def _within(name, value, count):
        if not 0 <= value < count:
            raise traitlets.TraitError(f"{name}: expected a number from 0 to {count - 1}, got {value}")
        return value

    @property
    def steps(self):
        """How many steps the mode takes: the start, and one for each gate; twice as many in the mode "both"."""
        gates = sum(bool(node["inputs"]) for node in self.example["nodes"])
        return (1 + gates) * (2 if self.mode == "both" else 1)

    @property
    def values(self):
        """{name: value} of every node, for the element that is shown."""
        return self._by_name("values")

    @property
    def gradients(self):
        """{name: gradient of the output by the node}, for the element that is shown."""
        return self._by_name("gradients")

    def _by_name(self, which):
        return {node["name"]: value for node, value in zip(self.example["nodes"], self.numbers[which])}

    def picture(self):
        return picture(self.example, self.numbers, self.mode)

    def describe(self):
        nodes = self.example["nodes"]
        gates = sum(bool(node["inputs"]) for node in nodes)
        inputs = [(node, g) for node, g in zip(nodes, self.numbers["gradients"]) if "value" in node]
        parts = [f"{node['name']}={node['value'][self.element]:.4g}" for node, _ in inputs]
        parts += [f"{gates} gate{'s' if gates != 1 else ''}", f"{nodes[-1]['name']}={self.numbers['values'][-1]:.4g}"]
        if self.example["shape"]:
            parts.append(f"element={self.element} of {len(self.example['upstream'])}")
        parts += [f"mode={self.mode!r}", f"step={self.step}"]
        if self.mode != "forward":
            gradients = ", ".join(f"{node['name']}: {g + 0.0:.4g}" for node, g in inputs)
            parts.append(f"gradients {{{gradients}}}")
        return f"GraphStepper({', '.join(parts)})"
