"""GraphStepper on Python's side: any graph, numbers, layout, presets, refused input, state, repr, picture."""

import itertools
import json

import numpy as np
import pytest

from course_lib.activations import sigmoid_forward
from course_lib.graph import Add, Exp, Graph, Input, Max, Multiply, Reciprocal, Sigmoid
from course_lib.widgets import GraphStepper
from course_lib.widgets._graph_layout import arrange, wires_of
from course_lib.widgets._graph_numbers import MOST
from course_lib.widgets._graph_presets import presets


class Square:
    """A node of a learner's own."""

    def forward(self, x):
        self.x = x
        return x * x

    def backward(self, dout):
        return 2 * self.x * dout


def random_graph(seed, count=MOST["nodes"], leaves=5, names=True):
    """A graph of `count` nodes that reads what was not read yet, mostly, so that it is wide, deep, and has fan-out."""
    random = np.random.default_rng(seed)
    graph, unread, handles = Graph(), [], []
    for i in range(leaves):
        handles.append(graph.add(Input(float(np.round(random.normal(), 2)), name=f"x{i}" if names else None)))
    unread += handles
    gates = [Add, Multiply, Max, Sigmoid, Exp]
    while len(handles) < count:
        gate = gates[int(random.choice(5, p=[0.3, 0.3, 0.2, 0.15, 0.05]))]()
        read = []
        for _ in range(gate.arity):
            if unread and random.random() < 0.75:
                read.append(unread.pop(int(random.integers(len(unread)))))
            else:
                read.append(int(random.choice(handles[-8:])))
        handles.append(graph.add(gate, *read))
        unread.append(handles[-1])
    return graph


@pytest.fixture
def stepper():
    widget = GraphStepper()
    yield widget
    widget.close()


# the lectures' numbers


@pytest.mark.row("B-flat")
def test_the_circuit(stepper):
    assert round(stepper.values["L"], 4) == 0.7311
    got = {name: round(stepper.gradients[name], 4) for name in ("w0", "x0", "w1", "x1", "w2")}
    assert got == {"w0": -0.1966, "x0": 0.3932, "w1": -0.3932, "x1": -0.5898, "w2": 0.1966}
    assert [stepper.values[s] for s in ("s0", "s1", "s2", "s3")] == [-2, 6, 4, 1]


@pytest.mark.row("B-gates", "B-graph")
def test_presets():
    fan = GraphStepper(preset="B-graph/fan-out")
    assert (fan.values["L"], fan.gradients["x"]) == (12, 7)
    diamond = GraphStepper(preset="B-graph/diamond")
    assert (diamond.values["L"], diamond.gradients["t"], diamond.gradients["x"], diamond.gradients["z"]) == (
        24,
        10,
        20,
        0,
    )
    routes = GraphStepper(preset="B-gates/max")
    assert [routes.gradients[name] for name in "xyzw"] == [0, 0, 2, 5]
    routes.change(z=-7)
    assert [routes.gradients[name] for name in "xyzw"] == [-6, 4, 0, -6]
    parts = GraphStepper(preset="B-function/sigmoid")
    sigmoid = sigmoid_forward(1)[0]
    assert parts.values["L"] == pytest.approx(sigmoid)
    assert parts.gradients["x"] == pytest.approx((1 - sigmoid) * sigmoid)
    titles = GraphStepper.presets()
    assert len(titles) == len(set(titles.values())) == 5


@pytest.mark.row("B-graph")
@pytest.mark.parametrize("seed", range(6))
def test_any_graph_has_the_numbers_that_graph_itself_gives(seed):
    graph = random_graph(seed)
    widget = GraphStepper(graph)
    value, gradients = graph.forward(), graph.backward()
    assert widget.values["L"] == pytest.approx(float(value))
    assert widget.numbers["gradients"] == pytest.approx([float(gradients[h]) for h in range(MOST["nodes"])])
    for (source, reader, port), _ in zip(wires_of([n["inputs"] for n in widget.example["nodes"]]), range(99)):
        share = widget.numbers["shares"][reader][port]
        assert share == pytest.approx(widget.numbers["gradients"][reader] * widget.numbers["locals"][reader][port])
        assert source < reader


def test_the_graph_that_was_given_stays_as_it_is():
    graph = Graph()
    x = graph.add(Input(3, name="x"))
    own = Square()
    graph.add(Add(), graph.add(own, x), x)
    graph.forward()
    widget = GraphStepper(graph)
    widget.change(x=5)
    assert own.x == 3 and float(graph.backward()["x"]) == 7
    assert widget.gradients["x"] == 11


def test_names_of_gates():
    graph = Graph()
    x = graph.add(Input(2, name="x"))
    y = graph.add(Input(3))
    p = graph.add(Multiply(), x, y)
    graph.add(Exp(), p)
    assert list(GraphStepper(graph).values) == ["x", "n1", "n2", "L"]
    assert list(GraphStepper(graph, names={y: "y", p: "area", 3: "e"}).values) == ["x", "y", "area", "e"]


def test_arrays_show_one_element_at_a_time():
    graph = Graph()
    x = graph.add(Input([[1.0, 2.0], [3.0, 4.0]], name="x"))
    graph.add(Multiply(), x, x)
    widget = GraphStepper(graph, element=3)
    assert (widget.values["L"], widget.gradients["x"]) == (16, 8)
    widget.element = 1
    assert (widget.values["L"], widget.gradients["x"]) == (4, 4)
    again = GraphStepper(graph, upstream=[[1, 2], [3, 4]], element=2)
    assert again.gradients["x"] == 18
    again.change(x=np.full((2, 2), 5.0), upstream=np.ones((2, 2)))
    assert again.gradients["x"] == 10
    assert "element=2 of 4" in repr(again)


def test_a_node_of_ones_own_is_run_by_python():
    graph = Graph()
    x = graph.add(Input(3, name="x"))
    graph.add(Add(), graph.add(Square(), x), x)
    widget = GraphStepper(graph)
    assert (widget.values["L"], widget.gradients["x"], widget.example["nodes"][1]["kind"]) == (12, 7, "Square")
    widget.change(x=-1)
    assert (widget.values["L"], widget.gradients["x"]) == (0, -1)
    state = widget.state()
    widget.change(x=2)
    widget.restore(state)
    assert widget.gradients["x"] == -1
    with pytest.raises(ValueError, match="state: n1: Square is a node of your own, which only Python can run"):
        GraphStepper.from_state(state)


def test_a_node_of_ones_own_that_is_wrong_shows_what_it_returned():
    class Wrong(Square):
        def backward(self, dout):
            return 2 * self.x + 0 * dout

    graph = Graph()
    x = graph.add(Input(3, name="x"))
    two = graph.add(Input(2, name="two"))
    graph.add(Multiply(), graph.add(Wrong(), x), two)
    numbers = GraphStepper(graph).numbers
    assert (numbers["gradients"][2], numbers["locals"][2], numbers["shares"][2]) == (2, [6], [6])


# changing


def test_a_change_is_computed_and_counted(stepper):
    stepper.change(w0=0, x0=4)
    assert stepper.values["s0"] == 0 and stepper.example["revision"] == stepper.numbers["revision"] == 1
    assert stepper.preset == ""
    stepper.change(upstream=2)
    assert stepper.gradients["L"] == 2


@pytest.mark.parametrize(
    "change, message",
    [
        ({"w0": np.nan}, "w0: expected finite numbers, got nan"),
        ({"w0": "2"}, "w0: expected float64"),
        ({"w0": [1, 2]}, r"w0: expected shape \(\), got \(2,\)"),
        ({"w0": 1e7}, "w0: expected numbers of magnitude up to 1,000,000, got 1e.07"),
        ({"v": 1}, "change: expected w0, x0, w1, x1, w2, upstream, got v"),
        ({"s0": 1}, "change: expected w0"),
    ],
)
def test_refused_changes_leave_the_last_good_state(stepper, change, message):
    before = stepper.state()
    with pytest.raises((ValueError, TypeError), match=message):
        stepper.change(**change)
    assert stepper.state() == before


def graph_of(*nodes):
    graph = Graph()
    for node, *read in nodes:
        graph.add(node, *read)
    return graph


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"graph": [1]}, "graph: expected a course_lib.graph.Graph, got list"),
        ({"graph": Graph()}, "graph: expected at least one node, got none"),
        ({"graph": random_graph(0, 25)}, "graph: the widget shows at most 24 nodes, got 25. Show a part of it."),
        ({"graph": graph_of((Input(name="x"),))}, "Input x: value: expected a number or an array in Input x, got None"),
        ({"graph": graph_of((Input(0, name="x"),), (Reciprocal(), 0))}, "x: expected numbers other than 0 for Reciprocal"),
        ({"graph": graph_of((Input(800, name="x"),), (Exp(), 0))}, "L: inf is no number to compute with"),
        ({"graph": graph_of((Input(np.ones(65), name="x"),))}, "the widget shows at most 64 elements of an array, got 65"),
        ({"graph": graph_of((Input(1, name="x"),), (Input([1, 2], name="y"),))}, r"inputs of one shape, got \(\) in x and \(2,\) in y"),
        ({"graph": graph_of((Input([1, 2], name="x"),), (Square(), 0))}, r"beside nodes of your own \(Square\)"),
        ({"graph": graph_of((Input(1, name="x"),)), "preset": "B-flat"}, "preset: expected either a graph or"),
        ({"graph": graph_of((Input(1, name="x"),)), "names": {7: "y"}}, "names: expected handles from 0 to 0, got 7"),
        ({"graph": graph_of((Input(1, name="x"),), (Exp(), 0)), "names": {1: "x"}}, "a name of its own for each node, got 'x' twice"),
        ({"graph": graph_of((Input(1, name="x"),)), "upstream": [1, 2]}, r"upstream: expected the output's shape \(\), got \(2,\)"),
        ({"preset": "none"}, "preset: expected one of B-flat"),
        ({"mode": "sideways"}, "mode: expected one of forward, backward, both"),
        ({"step": 12}, "step: expected a number from 0 to 11, got 12"),
        ({"mode": "forward", "step": 6}, "step: expected a number from 0 to 5, got 6"),
        ({"element": 1}, "element: expected a number from 0 to 0, got 1"),
        ({"upstream": 2}, "graph: expected a graph to go with names or upstream"),
    ],
)  # fmt: skip
def test_refused_arguments(arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        GraphStepper(**arguments)


def test_a_step_too_far_for_another_mode_starts_again(stepper):
    stepper.step = 11
    stepper.mode = "backward"
    assert (stepper.steps, stepper.step) == (6, 0)


def test_a_graph_of_one_node():
    widget = GraphStepper(graph_of((Input(3, name="x"),)))
    assert (widget.steps, widget.values, widget.gradients) == (2, {"x": 3}, {"x": 1})


# the browser's side of the state


def edited(stepper, name, value):
    example = json.loads(json.dumps(stepper.example))
    next(node for node in example["nodes"] if node["name"] == name)["value"] = [value]
    return {**example, "revision": example["revision"] + 1}


def test_an_edit_in_the_browser_is_computed(stepper):
    stepper.set_state({"example": edited(stepper, "w2", 0.5), "guesses": {}, "preset": ""})
    assert stepper.problem == "" and stepper.numbers["revision"] == 1
    assert stepper.values["s3"] == 4.5


@pytest.mark.parametrize(
    "spoil, message",
    [
        (lambda e: e["nodes"][0].update(value=["x"]), "w0: expected float64"),
        (lambda e: e["nodes"][0].update(value=[1, 2]), "w0: expected 1 numbers"),
        (lambda e: e["nodes"][5].update(inputs=[0, 9]), "inputs of s0: expected an integer from 0 to 4, got 9"),
        (lambda e: e["nodes"][5].update(inputs=[0]), "inputs: expected 2 for Multiply, got 1"),
        (lambda e: e["nodes"][5].update(kind="eval"), "s0: expected one of Input, Add"),
        (lambda e: e["nodes"][5].update(kind="Square", own=True), "s0: Square is a node of your own"),
        (lambda e: e["nodes"].clear(), "graph: expected at least one node"),
        (lambda e: e.update(revision="x"), "revision: expected an integer"),
        (lambda e: e.update(extra=1), "example: expected a dict with the entries"),
    ],
)
def test_a_refused_edit_is_told_and_the_last_good_example_stays(stepper, spoil, message):
    before, example = stepper.state(), json.loads(json.dumps(stepper.example))
    spoil(example)
    stepper.set_state({"example": example})
    assert stepper.problem.startswith(message)
    assert stepper.state() == before


def test_what_a_learners_node_raises_is_shown_and_the_last_good_numbers_stay():
    class Picky(Square):
        def forward(self, x):
            if x < 0:
                raise RuntimeError("I take no negative numbers")
            return super().forward(x)

    widget = GraphStepper(graph_of((Input(3, name="x"),), (Picky(), 0)))
    before = widget.state()
    widget.set_state({"example": edited(widget, "x", -1)})
    assert widget.problem == "L: Picky.forward raised RuntimeError: I take no negative numbers"
    assert widget.state() == before


@pytest.mark.parametrize(
    "returned, message",
    [
        ((1.0, 2.0), r"Odd.backward: expected gradients of its inputs' shapes \[\(\)\], got \[\(\), \(\)\]"),
        (None, "L: expected a finite number from Odd.backward, got None"),
        ("one", "L: expected a finite number from Odd.backward, got 'one'"),
        (np.nan, "L: expected a finite number from Odd.backward, got nan"),
        (np.ones(2), r"L: expected a finite number from Odd.backward, got array"),
    ],
)
def test_what_a_learners_node_returns_is_checked(returned, message):
    class Odd(Square):
        def backward(self, dout):
            return returned

    with pytest.raises((ValueError, TypeError), match=message):
        GraphStepper(graph_of((Input(3, name="x"),), (Odd(), 0)))


def test_state_round_trip_with_guesses():
    stepper = GraphStepper(random_graph(3), mode="backward", predict=True, step=4)
    stepper.guesses = {"wire 4": {"typed": 3, "right": True, "shown": False}}
    stored = json.loads(json.dumps(stepper.state()))
    again = GraphStepper.from_state(stored)
    assert again.state() == stepper.state()
    assert again.numbers == stepper.numbers and again.guesses["wire 4"]["right"]


# layout


def inputs_of(graph):
    return [list(graph._inputs[handle]) for handle in range(len(graph._nodes))]


@pytest.mark.parametrize("name", list(presets()))
def test_presets_have_no_crossing_wires(name):
    layout = presets()[name]["example"]["layout"]
    inputs = [node["inputs"] for node in presets()[name]["example"]["nodes"]]
    ways = []
    for w, (source, reader, _) in enumerate(wires_of(inputs)):
        heights = [layout["lane"][source], *layout["passes"][w], layout["lane"][reader] + 0.01 * layout["slots"][w]]
        ways.append(dict(zip(range(layout["column"][source], layout["column"][reader] + 1), heights)))
    for a, b in itertools.combinations(ways, 2):
        shared = sorted(set(a) & set(b))
        signs = {np.sign(round(a[column] - b[column], 6)) for column in shared} - {0}
        assert len(signs) < 2


@pytest.mark.parametrize("seed", range(40))
def test_nodes_and_passing_wires_of_a_column_stand_apart(seed):
    inputs = inputs_of(random_graph(seed, leaves=3 + seed % 7))
    layout = arrange(inputs)
    wires = wires_of(inputs)
    assert all(layout["column"][s] < layout["column"][r] for s, r, _ in wires)
    columns = {}
    for handle, column in enumerate(layout["column"]):
        columns.setdefault(column, []).append((layout["lane"][handle], 0.5))
    for w, (source, _, _) in enumerate(wires):
        for i, lane in enumerate(layout["passes"][w]):
            columns[layout["column"][source] + 1 + i].append((lane, 0.18))
    for places in columns.values():
        places.sort()
        for (a, room_a), (b, room_b) in itertools.pairwise(places):
            assert b - a >= room_a + room_b - 1e-3
    for reader, read in enumerate(inputs):
        slots = [layout["slots"][w] for w, wire in enumerate(wires) if wire[1] == reader]
        assert sorted(slots) == list(range(len(read)))
    assert layout == arrange(inputs)


# what is shown without a browser


def test_repr():
    assert repr(GraphStepper(step=3)) == (
        "GraphStepper(w0=2, x0=-1, w1=-3, x1=-2, w2=-3, 5 gates, L=0.7311, mode='both', step=3, "
        "gradients {w0: -0.1966, x0: 0.3932, w1: -0.3932, x1: -0.5898, w2: 0.1966})"
    )
    assert repr(GraphStepper(preset="B-graph/fan-out", mode="forward")) == (
        "GraphStepper(x=3, 2 gates, L=12, mode='forward', step=0)"
    )


@pytest.mark.parametrize("mode", ["forward", "backward"])
@pytest.mark.parametrize("name", list(presets()))
def test_the_picture_shows_values_and_gradients(name, mode):
    widget = GraphStepper(preset=name, mode=mode)
    (ax,) = widget.picture().axes
    texts = [text.get_text() for text in ax.texts]
    assert all(f"{value:.4g}" in texts for value in widget.values.values())
    assert len(texts) == len(widget.values) * (2 if mode == "forward" else 3)


def test_the_state_is_small_enough_for_a_page():
    assert len(json.dumps(GraphStepper(random_graph(1)).get_state())) < 150_000
