"""The graph's half of 02_computational_graph: in which order the nodes run, and the walk back through them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ... import graph
from ..exercise import Case, Exercise, ResultForm, wrong
from .predictions import SHARES

# --- the right answers, as a student would write them ------------------------------------------------------------------


def topological_order(inputs):
    order = []
    for _ in inputs:
        for node, read in inputs.items():
            placed = sum(order.count(source) for source in read)
            is_new = order.count(node) == 0
            is_ready = placed == len(read)
            if is_new * is_ready:
                order.append(node)
    return order


def graph_backward(gates, inputs, order, dout):
    grads = {name: 0.0 for name in order}
    grads[order[-1]] = dout
    for name in reversed(order):
        if inputs[name]:
            shares = gates[name].backward(grads[name])
            for source, share in zip(inputs[name], shares):
                grads[source] += share
    return grads


# --- the same from the library -----------------------------------------------------------------------------------------


class _HasRun:
    """A node of the library's graph that keeps the forward pass which its gate has made already."""

    def __init__(self, value: float, gate: Any = None):
        self.value, self.gate = value, gate

    def forward(self, *xs):
        return self.value

    def backward(self, dout):
        return self.gate.backward(float(dout)) if self.gate else ()


def _graph_backward(gates, inputs, order, dout):
    built, handles = graph.Graph(), {}
    for name in order:
        node = _HasRun(gates[name].out, gates[name]) if name in gates else _HasRun(0.0)
        handles[name] = built.add(node, *(handles[source] for source in inputs[name]))
    built.forward()
    gradients = built.backward(dout)
    return {name: float(gradients[handle]) for name, handle in handles.items()}


# --- gates, as the checks hand them over -------------------------------------------------------------------------------


class _Gate:
    """One gate on numbers: forward(*xs) keeps the inputs, backward(dout) gives a tuple with a gradient for each."""

    FORWARD = {"add": lambda x, y: x + y, "multiply": lambda x, y: x * y, "max": max, "sigmoid": lambda x: 1 / (1 + math.exp(-x))}

    def __init__(self, kind: str):
        self.kind = kind

    def forward(self, *xs):
        self.xs, self.out = xs, self.FORWARD[self.kind](*xs)
        return self.out

    def backward(self, dout):
        local = {
            "add": lambda x, y: (1.0, 1.0),
            "multiply": lambda x, y: (y, x),
            "max": lambda x, y: (1.0, 0.0) if x > y else (0.0, 1.0),
            "sigmoid": lambda x: ((1 - self.out) * self.out,),
        }
        return tuple(dout * slope for slope in local[self.kind](*self.xs))


def run_forward(nodes: Mapping[str, Any]) -> tuple[dict, dict, list, dict]:
    """(gates that have run, inputs, order, values) of a graph given as {name: number, or (gate, name, ...)}; the last is the output."""
    inputs = {name: [] if isinstance(node, (int, float)) else list(node[1:]) for name, node in nodes.items()}
    output = list(nodes)[-1]
    order = [name for name in graph.topological_order(inputs) if name != output] + [output]
    gates, values = {}, {}
    for name in order:
        if inputs[name]:
            gates[name] = _Gate(nodes[name][0])
            values[name] = gates[name].forward(*(values[source] for source in inputs[name]))
        else:
            values[name] = float(nodes[name])
    return gates, inputs, order, values


# --- how the functions are called and their results read --------------------------------------------------------------


def faults_of_the_order(functions: Sequence, args: tuple, kwargs: Mapping[str, Any]) -> Any:
    """A number for each node, in the dict's order: 0 all right, 1 it stands before a node that it reads, -1 it is left out,
    2 or more: how often it is listed. So every right order is right, whichever it is."""
    (inputs,) = args
    handed = {name: list(read) for name, read in inputs.items()}
    order = functions[-1](handed)
    if order is None:
        return None
    if not isinstance(order, (list, tuple)) or not all(isinstance(name, str) for name in order):
        raise ResultForm("topological_order should return a list of the nodes' names, such as ['x', 's', 'L']; it returned "
                         f"{f'a {type(order).__name__}' if not isinstance(order, (list, tuple)) else 'other things in a list'}.")
    if strangers := [name for name in order if name not in inputs]:
        raise ResultForm(f"Your order holds {strangers[0]!r}, which is no node of the graph.")
    if not order:
        raise ResultForm("Your order is an empty list.")
    if handed != inputs:
        raise ResultForm("Your function changes the dict that it was given. The graph is still needed afterwards: work on copies of its lists.")
    first = {name: order.index(name) for name in order}
    faults = []
    for name, read in inputs.items():
        times = order.count(name)
        early = any(source not in first or first[source] > first.get(name, -1) for source in read)
        faults.append(-1.0 if times == 0 else float(times) if times > 1 else float(early))
    return np.array(faults)


def walk_back(functions: Sequence, args: tuple, kwargs: Mapping[str, Any]) -> Any:
    """Run the graph forward with gates of the check's own, then the learner's walk back; the gradients in the order of the nodes."""
    nodes, dout = args
    gates, inputs, order, _ = run_forward(nodes)
    result = functions[-1](gates, inputs, order, dout)
    if result is None:
        return None
    if not isinstance(result, dict):
        raise ResultForm(f"graph_backward should return a dict {{name: gradient}}; it returned a {type(result).__name__}.")
    if missing := [name for name in nodes if name not in result]:
        raise ResultForm(f"The dict that graph_backward returned has no gradient for {', '.join(missing)}. Every node gets one, 0 where the "
                         f"output does not depend on it.")
    if not all(np.ndim(result[name]) == 0 for name in nodes):
        raise ResultForm("Each gradient should be a single number here, as the values are.")
    try:
        return np.array([float(result[name]) for name in nodes])
    except (TypeError, ValueError):
        raise ResultForm("The gradients should be numbers.") from None


# --- cases: the order --------------------------------------------------------------------------------------------------

CIRCUIT = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0, "s0": ("multiply", "w0", "x0"), "s1": ("multiply", "w1", "x1"),
           "s2": ("add", "s0", "s1"), "s3": ("add", "s2", "w2"), "L": ("sigmoid", "s3")}


def _order_case(label: str, inputs: Mapping[str, Sequence[str]]) -> Case:
    listed = list(inputs)
    in_order = all(listed.index(source) < listed.index(name) for name, read in inputs.items() for source in read)
    twice = any(len(set(read)) < len(read) for read in inputs.values())
    return Case(label, ({name: list(read) for name, read in inputs.items()},),
                tags={"the dict": "in a right order already" if in_order else "not in a right order",
                      "a node that reads another one twice": "there" if twice else "not there"})


def order_visible() -> list[Case]:
    return [
        _order_case("x·x + x", {"s": ["x", "x"], "L": ["s", "x"], "x": []}),
        _order_case("a diamond", {"a": ["x"], "L": ["a", "b"], "x": [], "b": ["x"]}),
        _order_case("a short way and a long way", {"L": ["x", "c"], "c": ["b"], "b": ["a"], "a": ["x"], "x": []}),
        _order_case("an uneven diamond", {"b": ["a", "c"], "c": ["a"], "a": ["s", "x"], "s": ["y", "x"], "x": [], "y": [], "z": []}),
        _order_case("the circuit of notebook 1", {name: node[1:] if isinstance(node, tuple) else [] for name, node in reversed(CIRCUIT.items())}),
    ]


def order_weak() -> list[Case]:
    return [_order_case("one node", {"x": []}), _order_case("nodes that read nothing", {"a": [], "b": []}),
            _order_case("a chain, listed in order", {"a": [], "b": ["a"], "c": ["b"]})]


def order_draw(rng: np.random.Generator, gates: int = 5, twice: bool = False, apart: bool = False) -> Case:
    """A graph with a long and a short way to its output, and more gates beside; names and listing at random.

    twice: a node reads another one twice; apart: a second graph, which shares no node with the first.
    """
    names = rng.permutation([c for c in "abcdefghijklmnopqrstuvwxyz"]).tolist()
    n = iter(names)
    x, y, a, b, c = (next(n) for _ in range(5))
    inputs = {x: [], y: [], a: [x, y], b: [a], c: [b, y]}
    made = [x, y, a, b, c]
    for _ in range(gates):
        name = next(n)
        inputs[name] = rng.choice(made, size=rng.integers(1, 2, endpoint=True), replace=False).tolist()
        made.append(name)
    if twice:
        name = next(n)
        inputs[name] = [c, c]
        made.append(name)
    last = next(n)
    inputs[last] = [a, made[-1], c]
    if apart:
        p, q, r = (next(n) for _ in range(3))
        inputs |= {p: [], q: [p], r: [p, q]}
    listed = rng.permutation(list(inputs)).tolist()
    while listed.index(last) > listed.index(c) and listed.index(c) > listed.index(b):  # one of them stands the wrong way round
        listed = rng.permutation(list(inputs)).tolist()
    label = f"{len(inputs)} nodes" + ", one read twice by the same node" * twice + ", in two separate parts" * apart
    return _order_case(label, {name: inputs[name] for name in listed})


# --- cases: the walk back ----------------------------------------------------------------------------------------------


def _back_case(label: str, nodes: Mapping[str, Any], dout: float) -> Case:
    reads = [source for node in nodes.values() if isinstance(node, tuple) for source in node[1:]]
    return Case(label, (dict(nodes), dout), constants={"dout": dout},
                tags={"dout": "1" if dout == 1 else "not 1", "a node that is read twice": "there" if len(set(reads)) < len(reads) else "not there"})


def back_visible() -> list[Case]:
    return [
        _back_case("x·x + x at x = 3", {"x": 3.0, "s": ("multiply", "x", "x"), "L": ("add", "s", "x")}, 1.0),
        _back_case("x·y, dout = -2", {"x": 3.0, "y": 5.0, "L": ("multiply", "x", "y")}, -2.0),
        _back_case("a is read by b and by L", {"x": 2.0, "y": 3.0, "a": ("multiply", "x", "y"), "b": ("multiply", "a", "x"),
                                               "L": ("add", "a", "b")}, 1.0),
        _back_case("y and z do not reach the output", {"y": 4.0, "x": 2.0, "z": ("multiply", "x", "y"), "m": ("max", "x", "t"), "t": -1.0,
                                                       "L": ("multiply", "m", "x")}, 3.0),
        _back_case("the circuit of notebook 1", CIRCUIT, 1.0),
    ]


def back_weak() -> list[Case]:
    return [_back_case("x + y, dout = 1", {"x": 3.0, "y": 5.0, "L": ("add", "x", "y")}, 1.0),
            _back_case("x·y where both are 1", {"x": 1.0, "y": 1.0, "L": ("multiply", "x", "y")}, 1.0),
            _back_case("a lone input", {"x": 2.0}, 1.0)]


def back_draw(rng: np.random.Generator, gates: int = 3, dout: float = 2.0, twice: bool = False, dangling: bool = False) -> Case:
    """A graph in which a node is read at once and again further on; above it more gates.

    twice: a gate reads one node twice; dangling: a gate and an input that do not reach the output.
    """
    def value():
        return float(rng.choice([-1, 1]) * rng.integers(5, 12) / 4)

    while True:
        names = rng.permutation([c for c in "abcdefghijkmnopqrstuvw"]).tolist()
        x, y, a, b, c, square, extra, unused, stray, bent, *more = names
        nodes: dict[str, Any] = {x: value(), y: value(), a: ("multiply", x, y), b: ("multiply", a, x), c: ("add", a, b)}
        if twice:
            nodes[square] = ("multiply", y, y)
        below, top = [*nodes], c
        for name in more[:gates]:
            nodes[name] = (str(rng.choice(["add", "multiply", "max"])), top, str(rng.choice(below)))
            top = name
        if twice:
            nodes[extra] = ("add", square, top)
            top = extra
        if dangling:
            nodes |= {unused: value(), stray: ("multiply", unused, y)}
        nodes |= {bent: ("sigmoid", x), "L": ("multiply", bent, top)}
        values = run_forward(nodes)[3]
        tied = any(values[n[1]] == values[n[2]] for n in nodes.values() if isinstance(n, tuple) and n[0] == "max")
        if not tied and max(map(abs, values.values())) < 200:
            break
    listed = [name for name in rng.permutation(list(nodes)).tolist() if name != "L"]  # the output stands last
    label = f"{len(nodes)} nodes, dout = {dout:g}" + ", one read twice by the same gate" * twice + ", some that do not reach the output" * dangling
    return _back_case(label, {name: nodes[name] for name in [*listed, "L"]}, dout)


# --- the exercises -----------------------------------------------------------------------------------------------------

_LOOP = "    for name in reversed(order):"

PASSES = (
    Exercise(
        id="02.topological_order",
        rows=("B-graph",),
        answer=(topological_order,),
        reference=(graph.topological_order,),
        arguments=("inputs",),
        outputs=("fault",),
        visible=order_visible,
        weak=order_weak,
        draw=order_draw,
        call=faults_of_the_order,
        hints=(
            "Which nodes can run at the very beginning? And once these have run, which can run next? Go on until all are placed.",
            "A node is *ready* when **all** nodes that it reads are in your list already. Go through the graph again and again; each time append "
            "the nodes that are ready and not in the list yet. Every sweep places at least one, so as many sweeps as there are nodes are enough.",
            "`order = []`, then `for _ in inputs:` and inside it `for node, read in inputs.items():` with "
            "`if node not in order and all(source in order for source in read): order.append(node)`. Return `order`.",
        ),
        misconceptions=(
            wrong("the dict's own order",
                  "You returned the nodes as the dict lists them. Nothing promises that this is a right order: a node may be listed before those "
                  "that it reads.",
                  ("    return order", "    return list(inputs)")),
            wrong("alphabetical order",
                  "You sorted the nodes by name. Names say nothing about who reads whom.",
                  ("    return order", "    return sorted(inputs)")),
            wrong("the other way round",
                  "Your list runs from the output to the inputs. That is the order of the *backward* pass; going forward, what a node reads comes "
                  "before it.",
                  ("    return order", "    return order[::-1]")),
            wrong("ready at one input",
                  "You placed a node as soon as *one* of the nodes that it reads was placed. It has to wait for all of them.",
                  ("is_ready = placed == len(read)", "is_ready = (placed > 0) + (len(read) == 0) > 0")),
            wrong("only the first input looked at",
                  "You waited only for the first node that each one reads. It has to wait for all of them.",
                  ("is_ready = placed == len(read)", "is_ready = sum(order.count(source) for source in read[:1]) == len(read[:1])")),
            wrong("one sweep",
                  "You went through the nodes once and left out those that were not ready then (-1). Go round again until every node is placed.",
                  ("for _ in inputs:", "for _ in [0]:")),
            wrong("listed several times",
                  "You list a node again each time you come to it. Each node runs once: before appending, ask whether it is in the list already.",
                  ("is_new = order.count(node) == 0", "is_new = True")),
            wrong("a double reader never ready",
                  "A node that reads the same one twice, as x·x does, never became ready (-1): you counted two inputs still to come and crossed off "
                  "only one.",
                  ("for source in read)", "for source in set(read))")),
            wrong("by the number of inputs",
                  "You sorted the nodes by *how many* nodes they read. What counts is whether those have run.",
                  ("    return order", "    return sorted(inputs, key=lambda node: len(inputs[node]))")),
            wrong("one step back only",
                  "Before each node you placed the nodes that it reads, but not what *those* read in turn. Go all the way down to the inputs, or wait until "
                  "a node's own inputs are placed.",
                  ("    return order", "    return list(dict.fromkeys(n for node in inputs for n in [*inputs[node], node]))")),
            wrong("level by level from the output, reversed",
                  "You walked from the output level by level (breadth first) and turned the list round. A node that is read both near the output and "
                  "further away is met too early that way, and so comes too late in your list.",
                  ("    return order",
                   "    walk = [n for n in inputs if not any(n in read for read in inputs.values())]\n"
                   "    for n in walk:\n"
                   "        walk += [s for s in dict.fromkeys(inputs[n]) if s not in walk]\n"
                   "    return walk[::-1]")),
            wrong("appended on the way in, reversed",
                  "You walked from the outputs into the inputs (depth first), appended each node when you first *met* it and turned the list round. "
                  "Append it when you *leave* it, after all that it reads; then nothing needs turning.",
                  ("    return order",
                   "    walk = []\n"
                   "    def visit(n):\n"
                   "        if n not in walk:\n"
                   "            walk.append(n)\n"
                   "            for s in inputs[n]:\n"
                   "                visit(s)\n"
                   "    for n in inputs:\n"
                   "        if not any(n in read for read in inputs.values()):\n"
                   "            visit(n)\n"
                   "    return walk[::-1]")),
        ),
    ),
    SHARES,
    Exercise(
        id="02.graph_backward",
        rows=("B-graph", "B-gates"),
        answer=(graph_backward,),
        reference=(_graph_backward,),
        arguments=("nodes", "dout"),
        outputs=("gradients",),
        visible=back_visible,
        weak=back_weak,
        draw=back_draw,
        call=walk_back,
        hints=(
            "Start with 0 for every node and `dout` for the last one. In which order must the gates run, so that a gate's own gradient is "
            "complete before it is handed on?",
            r"For each node $n$, in reverse order: its gate turns $dn$ into one share for each node it reads, and each share is **added** to that "
            r"node's gradient: $dx = \sum_{\text{readers}} \text{share}$.",
            "`for name in reversed(order):`, and for a node with inputs: `shares = gates[name].backward(grads[name])`, then "
            "`for source, share in zip(inputs[name], shares): grads[source] += share`.",
        ),
        misconceptions=(
            wrong("overwritten",
                  "Where a node is read twice you kept only the share that came last. Shares add up: `+=`, not `=`.",
                  ("grads[source] += share", "grads[source] = share")),
            wrong("first share kept",
                  "Where a node is read twice you kept only the share that came first. All shares add up.",
                  ("grads[source] += share", "grads[source] = grads[source] or share")),
            wrong("shares averaged",
                  "You divided what comes back to a node by the number of its readers. A push on the node reaches all readers at once, so the shares "
                  "add up, undivided.",
                  ("grads[source] += share", "grads[source] += share / sum(read.count(source) for read in inputs.values())")),
            wrong("the same input counted once",
                  "Where a gate reads one node twice, as x·x does, you took one of its two shares. A dict or a set of its inputs swallows the other.",
                  ("zip(inputs[name], shares)", "dict(zip(inputs[name], shares)).items()")),
            wrong("order not reversed",
                  "You walked from the inputs to the output. When a gate's turn came, its own gradient was not there yet. Go through the order in "
                  "reverse.",
                  (_LOOP, "    for name in order:")),
            wrong("upstream gradient left out",
                  "You started from 1. The output's own gradient is dout, whatever that is; with dout = 1 nobody can tell.",
                  ("grads[order[-1]] = dout", "grads[order[-1]] = 1.0")),
            wrong("dout given to every gate",
                  "You called each gate's backward with the output's dout. A gate wants the gradient of *its own* output: what its readers have sent "
                  "back.",
                  (".backward(grads[name])", ".backward(dout)")),
            wrong("local gradients alone",
                  "You called each gate's backward with 1 and handed its local gradients on. The upstream gradient that the gate has received, "
                  "grads[name], is lost that way: the chain rule multiplies.",
                  (".backward(grads[name])", ".backward(1.0)")),
            wrong("level by level from the output",
                  "You walked back level by level (breadth first). A gate that is read near the output and again further away ran before its second "
                  "reader had sent its share. Only a topological order, reversed, waits for all readers.",
                  (_LOOP,
                   "    walk = [order[-1]]\n"
                   "    for n in walk:\n"
                   "        walk += [s for s in dict.fromkeys(inputs[n]) if s not in walk]\n"
                   "    for name in walk:")),
            wrong("a gate run again for each reader",
                  "You ran a gate again each time a share arrived, always with its whole gradient so far: what came first was handed on twice. Run "
                  "each gate once, when all its readers have sent their shares.",
                  (_LOOP,
                   "    walk = [order[-1]]\n"
                   "    for n in walk:\n"
                   "        walk += inputs[n]\n"
                   "    for name in walk:")),
            wrong("shares to the wrong inputs",
                  "You handed the shares out in reverse. backward returns one gradient for each input, in the order of inputs[name].",
                  ("zip(inputs[name], shares)", "zip(inputs[name], shares[::-1])")),
            wrong("all gradients start from dout",
                  "You started every node's gradient from dout. Only the output has it before the walk; all others start from 0.",
                  ("{name: 0.0 for name in order}", "{name: dout for name in order}")),
        ),
    ),
)
