"""The graphs that GraphStepper brings along, by the id of their row in the syllabus."""

from functools import cache

from ..graph import Add, Exp, Graph, Input, Max, Multiply, Reciprocal, Sigmoid
from ._graph_numbers import read_graph


class _Maker:
    """Puts nodes into a graph and remembers their names."""

    def __init__(self, **inputs):
        self.graph, self.names, self.handles = Graph(), {}, {}
        for name, value in inputs.items():
            self.handles[name] = self.graph.add(Input(value, name=name))

    def add(self, name, gate, *read):
        self.handles[name] = self.graph.add(gate, *(self.handles[source] for source in read))
        self.names[self.handles[name]] = name
        return self


@cache
def presets():
    """Return {name: preset} in the order of the menu; a preset has title, note, example."""
    found = {}

    def keep(name, title, note, made):
        example, _ = read_graph(made.graph, made.names)
        found[name] = {"title": title, "note": note, "example": example}

    circuit = _Maker(w0=2, x0=-1, w1=-3, x1=-2, w2=-3)
    circuit.add("s0", Multiply(), "w0", "x0").add("s1", Multiply(), "w1", "x1").add("s2", Add(), "s0", "s1")
    circuit.add("s3", Add(), "s2", "w2").add("L", Sigmoid(), "s3")
    keep(
        "B-flat",
        "The circuit σ(w0·x0 + w1·x1 + w2)",
        "Forward from the left, one gate after the other; then each gate hands its upstream gradient back.",
        circuit,
    )

    fan = _Maker(x=3).add("p", Multiply(), "x", "x").add("L", Add(), "p", "x")
    keep(
        "B-graph/fan-out",
        "x·x + x: one number, used three times",
        "Each use of x brings a gradient of its own; they add up to 2x + 1.",
        fan,
    )

    diamond = _Maker(x=3, y=2, w=-2, z=4).add("t", Multiply(), "x", "y")
    diamond.add("u", Add(), "t", "w").add("v", Max(), "t", "z").add("L", Multiply(), "u", "v")
    keep(
        "B-graph/diamond",
        "A diamond: two ways from t to L",
        "t reaches L through u and through v: what comes back on the two ways adds up at t.",
        diamond,
    )

    routes = _Maker(x=2, y=-3, z=5, w=2).add("p", Multiply(), "x", "y").add("m", Max(), "p", "z")
    routes.add("L", Multiply(), "m", "w")
    keep(
        "B-gates/max",
        "A max gate: who wins gets it all",
        "The larger input gets the whole gradient, the other 0. Change z to −7 and see it turn.",
        routes,
    )

    parts = _Maker(x=1, minus=-1, one=1).add("n", Multiply(), "x", "minus").add("e", Exp(), "n")
    parts.add("d", Add(), "e", "one").add("L", Reciprocal(), "d")
    keep(
        "B-function/sigmoid",
        "A sigmoid, built of exp and 1/x",
        "Four gates give ∂L/∂x = (1 − L)·L, the sigmoid gate's own formula: for x = 1 both are 0.1966.",
        parts,
    )
    return found


def library():
    """Return the presets as a list, for the browser's menu."""
    return [{"name": name, **preset} for name, preset in presets().items()]
