"""The nodes of a graph: a leaf, and gates with a forward and a backward pass.

A node keeps what its backward pass needs on itself, unlike every other layer of this library: the state in the node is
the point of the lecture's modular API. So a node stands in one graph, once, and remembers its last forward pass only.
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
