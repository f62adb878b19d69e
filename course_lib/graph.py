"""Modular backprop, twice: gates with forward and backward in a graph, and functions with a context, as in autograd.

Here stands what runs a graph: forward in topological order, backward in the reverse. The nodes that it runs are in
`_graph_nodes.py`, the functions in `_graph_function.py`; all are imported from here.
"""

import numpy as np

from . import _validate
from ._graph_function import Context, Function, MultiplyFunction, SigmoidFunction
from ._graph_nodes import Add, Exp, Input, Max, Multiply, Reciprocal, Sigmoid

__all__ = [
    "Graph",
    "topological_order",
    "Input",
    "Add",
    "Multiply",
    "Max",
    "Sigmoid",
    "Exp",
    "Reciprocal",
    "Function",
    "Context",
    "MultiplyFunction",
    "SigmoidFunction",
]


def topological_order(inputs):
    """Order in which every node comes after all that it reads (Kahn's algorithm).

    Arguments:
        inputs  dict: node → the nodes that it reads, a node once for each time it reads it; in any order
    Returns:
        list of the dict's keys
    Errors: ValueError: a node reads one that is not in the dict; there is a cycle.
    Lecture row: B-graph

    >>> from course_lib.graph import topological_order
    >>> topological_order({"L": ["s", "x"], "s": ["x", "x"], "x": []})
    ['x', 's', 'L']
    """
    readers = {node: [] for node in inputs}
    for node, read in inputs.items():
        for source in read:
            if source not in readers:
                raise ValueError(f"inputs: expected nodes of the graph, got {source!r}, which node {node!r} reads")
            readers[source].append(node)
    waiting = {node: len(read) for node, read in inputs.items()}  # how many inputs are still to come
    ready = [node for node, count in waiting.items() if count == 0]
    for node in ready:  # grows while it is walked through
        for reader in readers[node]:
            waiting[reader] -= 1
            if waiting[reader] == 0:
                ready.append(reader)
    if len(ready) < len(inputs):
        stuck = [node for node, count in waiting.items() if count]
        raise ValueError(f"inputs: expected a graph without a cycle, got one among or before the nodes {stuck}")
    return ready


class Graph:
    """A graph of nodes: forward in topological order, backward in the reverse, where shared inputs add up.

    Formula: dx = Σ over the nodes that read x of (upstream gradient · local gradient)

    A node is any object with forward(*xs), which returns its value, and backward(dout), which returns a gradient for
    each input: a tuple, or the gradient alone where there is one input.
    Lecture row: B-graph

    >>> from course_lib.graph import Add, Graph, Input, Multiply
    >>> graph = Graph(); x = graph.add(Input(3, name="x")); out = graph.add(Add(), graph.add(Multiply(), x, x), x)
    >>> float(graph.forward()), float(graph.backward()["x"])  # x·x + x and 2x + 1
    (12.0, 7.0)
    """

    def __init__(self):
        self._nodes, self._inputs, self._values = [], {}, None

    def add(self, node, *inputs):
        """Put a node into the graph and return its handle, an int; `inputs` are handles of nodes that are in it.

        Errors: ValueError, TypeError: an unknown handle (a node can read only what was added before, so no cycle can
            arise), too few or too many inputs, a node or an Input's name that is in the graph already, not a node.
        """
        for method in ("forward", "backward"):
            if isinstance(node, type) or not callable(getattr(node, method, None)):
                raise TypeError(f"node: expected an object with forward and backward, got {node!r}")
        kind = type(node).__name__
        if any(node is present for present in self._nodes):
            raise ValueError(f"node: expected a node that is not in the graph yet, got this {kind} a second time")
        name = getattr(node, "name", None) if isinstance(node, Input) else None
        if name is not None and not isinstance(name, str):
            raise TypeError(f"name: expected a string or None, got {name!r}")
        if name is not None and name in self._names().values():
            raise ValueError(f"name: expected one that no other Input of the graph has, got {name!r}")
        for handle in inputs:
            if isinstance(handle, bool) or not isinstance(handle, int) or handle not in self._inputs:
                known = f"0..{len(self._nodes) - 1}" if self._nodes else "none yet"
                raise ValueError(f"inputs: expected handles of nodes in the graph ({known}), got {handle!r} for {kind}")
        arity = getattr(node, "arity", len(inputs))
        if len(inputs) != arity:
            raise ValueError(f"inputs: expected {arity} for {kind}, got {len(inputs)}")
        handle = len(self._nodes)
        self._nodes.append(node)
        self._inputs[handle] = inputs
        self._values = None  # of the graph as it was
        return handle

    def _names(self):
        return {h: node.name for h, node in enumerate(self._nodes) if isinstance(node, Input) and node.name is not None}

    def forward(self):
        """Run every node after those it reads and return the value of the output: the node that was added last.

        Errors: ValueError: the graph is empty, an Input has no value, or values do not fit a node.
        """
        if not self._nodes:
            raise ValueError("graph: expected at least one node, got none")
        self._values, values = None, {}
        for handle in topological_order(self._inputs):
            values[handle] = np.asarray(self._nodes[handle].forward(*(values[h] for h in self._inputs[handle])))
        self._values = values
        return values[len(self._nodes) - 1][()]  # a plain number where it is one

    def backward(self, dout=None):
        """Run the nodes in reverse and return all gradients of the output, as arrays that nothing else holds.

        Arguments:
            dout  upstream gradient of the output's shape; 1 where the output is one number and dout is left out
        Returns:
            dict  handle → gradient, for every node, 0 where the output does not depend on it; and name → gradient,
                  the same array, for an Input that has a name
        Errors: ValueError: dout does not fit, or is missing; a node's backward returned other gradients than one of
            each input's shape. RuntimeError: no forward pass since the last node was added.
        """
        if self._values is None:
            raise RuntimeError("Graph.backward: expected a forward pass before it, got none of the graph as it is")
        values, output = self._values, len(self._nodes) - 1
        if dout is None and values[output].ndim > 0:
            raise ValueError(f"dout: expected an upstream gradient of shape {values[output].shape}, got None")
        gradients = {handle: np.zeros_like(value) for handle, value in values.items()}
        dout = np.ones_like(values[output]) if dout is None else dout
        gradients[output] = _validate.upstream(dout, values[output].shape)
        for handle in reversed(topological_order(self._inputs)):  # so all that read a node have added to its gradient
            shares = self._nodes[handle].backward(gradients[handle])
            shares = shares if isinstance(shares, (tuple, list)) else (shares,)
            self._check_shares(handle, shares)
            for source, share in zip(self._inputs[handle], shares):
                gradients[source] = gradients[source] + share  # a node that is read twice gets both shares
        gradients = {handle: np.array(gradient) for handle, gradient in gradients.items()}
        return gradients | {name: gradients[handle] for handle, name in self._names().items()}

    def _check_shares(self, handle, shares):
        expected = [self._values[h].shape for h in self._inputs[handle]]
        got = [np.shape(share) for share in shares]
        if got != expected:
            kind = type(self._nodes[handle]).__name__
            raise ValueError(f"{kind}.backward: expected gradients of its inputs' shapes {expected}, got {got}")
