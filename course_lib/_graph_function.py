"""Operations without state, as in autograd: what a call saves for its backward pass goes to a context of its own."""

from . import _validate
from .activations import sigmoid_forward


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
