"""Modular backprop, twice: gates with forward and backward in a graph, and functions with a context, as in autograd.

A node keeps what its backward pass needs on itself, unlike every other layer of this library: the state in the node is
the point of the lecture's modular API. So a node stands in one graph, once, and remembers its last forward pass only. A
Function has no state; what it saves goes to a context that each call gets anew.
"""

import numpy as np

from . import _validate
from .activations import sigmoid_backward, sigmoid_forward


class Input:
    """A leaf of the graph: a number or an array that gradients are wanted for.

    Formula: out = value

    Arguments:
        value  any shape; None leaves it open, to be set as node.value before the graph runs
        name   a key for its gradient in Graph.backward's dict, beside its handle; None for no name
    Lecture row: B-graph

    >>> from course_lib.graph import Input
    >>> Input(3, name="x").forward()
    array(3.)
    """

    arity = 0  # how many inputs a node takes

    def __init__(self, value=None, name=None):
        self.value, self.name = value, name

    def forward(self):
        if self.value is None:
            which = "this Input" if self.name is None else f"Input {self.name}"
            raise ValueError(f"value: expected a number or an array in {which}, got None")
        return _validate.array("value", self.value)

    def backward(self, dout):
        return ()  # nothing below it


class _Gate:
    """What the gates share: saved values, and the check that there are some."""

    _saved = None

    def _recall(self):
        if self._saved is None:
            raise RuntimeError(f"{type(self).__name__}.backward: expected a forward pass before it, got none")
        return self._saved


class _TwoInputs(_Gate):
    arity = 2

    def _check(self, xs):
        if len(xs) != 2:
            raise TypeError(f"xs: {type(self).__name__} expected 2 inputs, got {len(xs)}")
        x = _validate.array("x", xs[0])
        self._saved = x, _validate.like("y", xs[1], x, "x")
        return self._saved


class _OneInput(_Gate):
    arity = 1

    def _check(self, xs):
        if len(xs) != 1:
            raise TypeError(f"xs: {type(self).__name__} expected 1 input, got {len(xs)}")
        return _validate.array("x", xs[0])


class Add(_TwoInputs):
    """The add gate distributes.

    Formula: out = x + y,  dx = dout, dy = dout

    Arguments: forward takes x and y of one shape, backward dout of that shape. Returns: out; (dx, dy).
    Errors: ValueError, TypeError: the shapes differ. RuntimeError: backward before forward.
    Lecture row: B-graph, B-gates

    >>> from course_lib.graph import Add
    >>> gate = Add(); float(gate.forward(3, -4)), [float(g) for g in gate.backward(2)]
    (-1.0, [2.0, 2.0])
    """

    def forward(self, *xs):
        x, y = self._check(xs)
        return x + y

    def backward(self, dout):
        x, _ = self._recall()
        dout = _validate.upstream(dout, x.shape)
        return dout, dout


class Multiply(_TwoInputs):
    """The multiply gate swaps.

    Formula: out = x·y,  dx = dout·y, dy = dout·x

    Arguments: forward takes x and y of one shape, backward dout of that shape. Returns: out; (dx, dy).
    Errors: ValueError, TypeError: the shapes differ. RuntimeError: backward before forward.
    Lecture row: B-graph, B-gates

    >>> from course_lib.graph import Multiply
    >>> gate = Multiply(); float(gate.forward(3, -4)), [float(g) for g in gate.backward(2)]
    (-12.0, [-8.0, 6.0])
    """

    def forward(self, *xs):
        x, y = self._check(xs)
        return x * y

    def backward(self, dout):
        x, y = self._recall()
        dout = _validate.upstream(dout, x.shape)
        return dout * y, dout * x


class Max(_TwoInputs):
    """The max gate routes; at a tie to the first input, x.

    Formula: out = max(x, y),  dx = dout·[x ≥ y], dy = dout·[x < y]

    Arguments: forward takes x and y of one shape, backward dout of that shape. Returns: out; (dx, dy).
    Errors: ValueError, TypeError: the shapes differ. RuntimeError: backward before forward.
    Lecture row: B-graph, B-gates

    >>> from course_lib.graph import Max
    >>> gate = Max(); float(gate.forward(3, -4)), [float(g) for g in gate.backward(2)]
    (3.0, [2.0, 0.0])
    """

    def forward(self, *xs):
        x, y = self._check(xs)
        return np.maximum(x, y)

    def backward(self, dout):
        x, y = self._recall()
        dout = _validate.upstream(dout, x.shape)
        return np.where(x >= y, dout, 0), np.where(x >= y, 0, dout)


class Sigmoid(_OneInput):
    """The sigmoid gate.

    Formula: out = σ(x) = 1/(1 + e⁻ˣ),  dx = dout·(1 - out)·out

    Arguments: forward takes x of any shape, backward dout of that shape. Returns: out; dx.
    Errors: ValueError, TypeError: not an array of numbers. RuntimeError: backward before forward.
    Lecture row: B-graph, X-2

    >>> from course_lib.graph import Sigmoid
    >>> gate = Sigmoid(); float(gate.forward(0)), float(gate.backward(2))
    (0.5, 0.5)
    """

    def forward(self, *xs):
        out, self._saved = sigmoid_forward(self._check(xs))
        return out

    def backward(self, dout):
        return sigmoid_backward(dout, self._recall())


class Exp(_OneInput):
    """The exponential gate.

    Formula: out = eˣ,  dx = dout·out

    Arguments: forward takes x of any shape, backward dout of that shape. Returns: out; dx.
    Errors: ValueError, TypeError: not an array of numbers. RuntimeError: backward before forward.
    Lecture row: B-graph

    >>> from course_lib.graph import Exp
    >>> gate = Exp(); float(gate.forward(0)), float(gate.backward(2))
    (1.0, 2.0)
    """

    def forward(self, *xs):
        self._saved = np.exp(self._check(xs))
        return self._saved

    def backward(self, dout):
        out = self._recall()
        return _validate.upstream(dout, out.shape) * out


class Reciprocal(_OneInput):
    """The reciprocal gate.

    Formula: out = 1/x,  dx = -dout·out²

    Arguments: forward takes x of any shape, backward dout of that shape. Returns: out; dx.
    Errors: ValueError, TypeError: an element of x is 0. RuntimeError: backward before forward.
    Lecture row: B-graph

    >>> from course_lib.graph import Reciprocal
    >>> gate = Reciprocal(); float(gate.forward(4)), float(gate.backward(2))
    (0.25, -0.125)
    """

    def forward(self, *xs):
        x = self._check(xs)
        if (x == 0).any():
            raise ValueError("x: expected numbers other than 0 for Reciprocal, got 0")
        self._saved = 1 / x
        return self._saved

    def backward(self, dout):
        out = self._recall()
        return -_validate.upstream(dout, out.shape) * out * out


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


class Context:
    """What one call of a Function hands from its forward to its backward pass.

    Lecture row: B-function

    >>> from course_lib.graph import Context
    >>> ctx = Context(); ctx.save_for_backward(3, 4)
    >>> ctx.saved
    (3, 4)
    """

    def __init__(self):
        self.saved = ()

    def save_for_backward(self, *arrays):
        """Keep arrays for backward, which reads them as `saved`, a tuple; a second call replaces the first's."""
        self.saved = arrays


class Function:
    """An operation without state: backward multiplies the upstream gradient by the local one.

    Subclasses define, as static methods, forward(ctx, *xs), which returns the value, and backward(ctx, dout), which
    returns a gradient for each input: a tuple, or the gradient alone where there is one input.
    Lecture row: B-function

    >>> from course_lib.graph import MultiplyFunction
    >>> out, ctx = MultiplyFunction.apply(3, -4)
    >>> [float(g) for g in MultiplyFunction.backward(ctx, 2)]
    [-8.0, 6.0]
    """

    @staticmethod
    def forward(ctx, *xs):
        raise NotImplementedError("Function.forward: to be defined by the subclass, as a static method")

    @staticmethod
    def backward(ctx, dout):
        raise NotImplementedError("Function.backward: to be defined by the subclass, as a static method")

    @classmethod
    def apply(cls, *xs):
        """Run forward with a context of its own; return (out, ctx), as a layer returns (out, cache)."""
        ctx = Context()
        return cls.forward(ctx, *xs), ctx


def _saved(ctx, count, function):
    if not isinstance(ctx, Context) or len(ctx.saved) != count:
        what = f"a context with {len(ctx.saved)} saved" if isinstance(ctx, Context) else type(ctx).__name__
        raise TypeError(f"ctx: expected the Context that {function}.forward saved {count} arrays in, got {what}")
    return ctx.saved


class MultiplyFunction(Function):
    """Product of two arrays: upstream × local, from the saved inputs.

    Formula: out = x·y,  dx = dout·y, dy = dout·x

    Arguments: forward takes a fresh Context and x and y of one shape, backward that Context and dout of their shape.
    Returns: out; (dx, dy).
    Errors: ValueError, TypeError: the shapes differ; ctx is not what forward saved to.
    Lecture row: B-function

    >>> from course_lib.graph import MultiplyFunction
    >>> out, ctx = MultiplyFunction.apply([1, 2], [3, 4])
    >>> MultiplyFunction.backward(ctx, [1, 10])
    (array([ 3., 40.]), array([ 1., 20.]))
    """

    @staticmethod
    def forward(ctx, x, y):
        x = _validate.array("x", x)
        y = _validate.like("y", y, x, "x")
        ctx.save_for_backward(x, y)
        return x * y

    @staticmethod
    def backward(ctx, dout):
        x, y = _saved(ctx, 2, "MultiplyFunction")
        dout = _validate.upstream(dout, x.shape)
        return dout * y, dout * x


class SigmoidFunction(Function):
    """Logistic sigmoid: the saved output is all that its backward pass needs.

    Formula: out = σ(x),  dx = dout·(1 - out)·out

    Arguments: forward takes a fresh Context and x of any shape, backward that Context and dout of x's shape.
    Returns: out; dx.
    Errors: ValueError, TypeError: not an array of numbers; ctx is not what forward saved to.
    Lecture row: B-function, X-2

    >>> from course_lib.graph import SigmoidFunction
    >>> out, ctx = SigmoidFunction.apply([0.0])
    >>> SigmoidFunction.backward(ctx, [8.0])
    array([2.])
    """

    @staticmethod
    def forward(ctx, x):
        out, _ = sigmoid_forward(x)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, dout):
        (out,) = _saved(ctx, 1, "SigmoidFunction")
        return _validate.upstream(dout, out.shape) * (1 - out) * out
