"""What GraphStepper shows, as numbers: an example, checked, and what the course's own Graph computes from it.

An *example* is a dict that JSON can hold: nodes, each with kind, name, inputs (handles of nodes before it) and, for an
Input, its values; shape, the shape that all values have, () for numbers; upstream, ∂L/∂(output); layout, where the
nodes stand; order, in which the graph runs; and a revision that counts its changes. Values are flat lists, one number
for each element. `static/stepper_numbers.js` holds the same formulas for pages without a kernel; tests compare them.

The gates work element by element, so a graph of arrays is as many graphs of numbers: the widget shows one at a time.
"""

import copy

import numpy as np

from .. import _validate
from .. import graph as gates
from ._base import capped
from ._graph_layout import arrange

GATES = {name: getattr(gates, name) for name in ("Add", "Multiply", "Max", "Sigmoid", "Exp", "Reciprocal")}
MOST = {"nodes": 24, "inputs": 4, "elements": 64, "name": 24}
ENTRIES = ("nodes", "shape", "upstream", "layout", "order", "revision")


def read_graph(graph, names=None, upstream=None):
    """Return (example, own): the example that a Graph is, and the nodes of kinds that only Python can run, by handle.

    Arguments:
        graph     a Graph; neither it nor its nodes are changed
        names     dict: handle → name, for gates; others are called n and their handle, and the output L
        upstream  ∂L/∂(output), of the output's shape, or None for ones
    Errors: ValueError, TypeError: not a Graph; the graph does not run; too large; values of different shapes.
    """
    if not isinstance(graph, gates.Graph):
        raise TypeError(f"graph: expected a course_lib.graph.Graph, got {type(graph).__name__}")
    present = graph._nodes
    capped("graph", len(present), MOST["nodes"], "nodes", "Show a part of it.")
    inputs = [list(graph._inputs[handle]) for handle in range(len(present))]
    own = {h: copy.deepcopy(node) for h, node in enumerate(present) if type(node) not in (gates.Input, *GATES.values())}
    nodes, named = [], _names(present, names)
    for handle, node in enumerate(present):
        entry = {"kind": type(node).__name__, "name": named[handle], "inputs": inputs[handle]}
        if handle in own:
            entry["own"] = True
        if isinstance(node, gates.Input) and handle not in own:
            value = _input_value(node, named[handle])
            entry |= {"value": value.ravel().tolist(), "shape": list(value.shape)}
        nodes.append(entry)
    shapes = {tuple(entry.pop("shape")): entry["name"] for entry in nodes if "shape" in entry}
    if len(shapes) > 1:
        (one, first), (other, second) = list(shapes.items())[:2]
        raise ValueError(f"graph: expected inputs of one shape, got {one} in {first} and {other} in {second}")
    shape = next(iter(shapes), ())
    if own and shape:
        kinds = ", ".join(sorted({type(node).__name__ for node in own.values()}))
        raise ValueError(f"graph: expected numbers beside nodes of your own ({kinds}), got arrays of shape {shape}")
    if upstream is None:
        upstream = np.ones(shape)
    elif np.shape(upstream) != shape:
        raise ValueError(f"upstream: expected the output's shape {shape}, got {np.shape(upstream)}")
    example = {
        "nodes": nodes, "shape": list(shape), "upstream": _validate.array("upstream", upstream).ravel().tolist(),
        "layout": None, "order": None, "revision": 0,
    }  # fmt: skip
    return check_example(example, own), own


def _input_value(node, name):
    try:
        return np.asarray(node.forward())
    except (ValueError, TypeError) as refused:
        raise type(refused)(f"Input {name}: {refused}") from None


def _names(present, names):
    """A name for every node: an Input's own, a gate's from `names`, else n and its handle; the output is L."""
    names = dict(names or {})
    if unknown := [handle for handle in names if handle not in range(len(present))]:
        raise ValueError(f"names: expected handles from 0 to {len(present) - 1}, got {unknown[0]!r}")
    own = {h: node.name for h, node in enumerate(present) if isinstance(node, gates.Input) and node.name is not None}
    taken = {*own.values(), *names.values()}
    found = []
    for handle in range(len(present)):
        last = handle == len(present) - 1 and "L" not in taken
        found.append(names.get(handle, own.get(handle, "L" if last else f"n{handle}")))
    return found


def check_example(example, own):
    """Return the example with every entry checked and in its plain form; order and layout follow from the nodes."""
    if not isinstance(example, dict) or set(example) != set(ENTRIES):
        raise ValueError(f"example: expected a dict with the entries {', '.join(ENTRIES)}")
    given = example["nodes"]
    if not isinstance(given, list) or not given:
        raise ValueError("graph: expected at least one node, got none")
    capped("graph", len(given), MOST["nodes"], "nodes", "Show a part of it.")
    shape = tuple(_validate.integer("shape", n, 1) for n in example["shape"])
    count = int(np.prod(shape, dtype=int))
    capped("graph", count, MOST["elements"], "elements of an array", "Take a part of the arrays.")
    nodes = [_check_node(handle, node, count, own) for handle, node in enumerate(given)]
    names = [node["name"] for node in nodes]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"names: expected a name of its own for each node, got {twice[0]!r} twice")
    inputs = [node["inputs"] for node in nodes]
    checked = {
        "nodes": nodes, "shape": list(shape), "upstream": _numbers_in("upstream", example["upstream"], count),
        "layout": arrange(inputs), "order": gates.topological_order(dict(enumerate(inputs))),
        "revision": _validate.integer("revision", example["revision"], 0),
    }  # fmt: skip
    for element in range(count):
        numbers(checked, element, own)  # raises where the graph does not run, or a number is too large
    return checked


def _check_node(handle, node, count, own):
    if not isinstance(node, dict) or not {"kind", "name", "inputs"} <= set(node):
        raise ValueError(f"nodes[{handle}]: expected a dict with the entries kind, name, inputs")
    kind, name, inputs = node["kind"], node["name"], node["inputs"]
    if not isinstance(name, str) or not name or len(name) > MOST["name"]:
        raise ValueError(f"names: expected texts of 1 to {MOST['name']} characters, got {name!r}")
    inputs = [_validate.integer(f"inputs of {name}", source, 0, handle - 1) for source in inputs]
    if node.get("own"):
        if handle not in own or type(own[handle]).__name__ != kind:
            raise ValueError(
                f"{name}: {kind} is a node of your own, which only Python can run: make the widget from the graph"
            )
        capped(name, len(inputs), MOST["inputs"], "inputs of a node", "Split it into several nodes.")
        return {"kind": kind, "name": name, "inputs": inputs, "own": True}
    if kind == "Input":
        return {"kind": kind, "name": name, "inputs": [], "value": _numbers_in(name, node.get("value"), count)}
    if kind not in GATES:
        raise ValueError(f"{name}: expected one of Input, {', '.join(GATES)}, got {kind!r}")
    if len(inputs) != GATES[kind].arity:
        raise ValueError(f"inputs: expected {GATES[kind].arity} for {kind}, got {len(inputs)}")
    return {"kind": kind, "name": name, "inputs": inputs}


def _numbers_in(name, values, count):
    checked = _validate.finite(name, _validate.array(name, [] if values is None else values))
    if checked.shape != (count,):
        raise ValueError(f"{name}: expected {count} numbers, got shape {checked.shape}")
    if np.max(np.abs(checked)) > 1e6:
        raise ValueError(f"{name}: expected numbers of magnitude up to 1,000,000, got {np.max(np.abs(checked)):g}")
    return checked.astype(float).tolist()


def numbers(example, element, own):
    """Return all that the widget shows of one element of a checked example, by the course's own Graph.

    Returns:
        dict: values and gradients, one for each node; locals and shares, for each node one for each of its inputs: the
        local gradient, and what the node hands back to that input; revision, the example's, and element
    """
    graph, nodes = gates.Graph(), []
    for handle, entry in enumerate(example["nodes"]):
        if handle in own:
            node = _guarded(own[handle], entry["name"])
        elif entry["kind"] == "Input":
            node = gates.Input(entry["value"][element], name=entry["name"])
        else:
            node = GATES[entry["kind"]]()
        nodes.append(node)
        graph.add(node, *entry["inputs"])
    with np.errstate(all="ignore"):  # numbers too large are told below
        graph.forward()
        values = [_number(entry, graph._values[h]) for h, entry in enumerate(example["nodes"])]
        gradients = graph.backward(example["upstream"][element])
        local = [_shares(node, 1.0) for node in nodes]
        shares = [_shares(node, gradients[h]) for h, node in enumerate(nodes)]
    found = {
        "revision": example["revision"], "element": element, "values": values,
        "gradients": [float(gradients[h]) for h in range(len(nodes))], "locals": local, "shares": shares,
    }  # fmt: skip
    for h, entry in enumerate(example["nodes"]):
        if not np.isfinite([found["gradients"][h], *local[h], *shares[h]]).all():
            raise ValueError(f"{entry['name']}: its gradient is too large to compute with; choose smaller numbers")
    return found


def _guarded(node, name):
    """A learner's node behind the same two methods: what these raise or return amiss is told with the node's name."""
    kind = type(node).__name__

    def calling(method):
        def call(_, *arguments):
            try:
                returned = getattr(node, method)(*arguments)
            except Exception as failure:
                raise ValueError(f"{name}: {kind}.{method} raised {type(failure).__name__}: {failure}") from failure
            for number in returned if method == "backward" and isinstance(returned, (tuple, list)) else (returned,):
                checked = np.asarray(number)
                if checked.shape or checked.dtype.kind not in "iufb" or not np.isfinite(checked):
                    raise ValueError(f"{name}: expected a finite number from {kind}.{method}, got {number!r}")
            return returned

        return call

    return type(kind, (), {"forward": calling("forward"), "backward": calling("backward")})()


def _number(entry, value):
    if not np.isfinite(value):
        raise ValueError(f"{entry['name']}: {float(value)} is no number to compute with; choose smaller numbers")
    return float(value)


def _shares(node, dout):
    shares = node.backward(np.float64(dout))
    return [float(share) for share in (shares if isinstance(shares, (tuple, list)) else (shares,))]
