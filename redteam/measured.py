"""Derivatives that are measured where they are asked for: by the library's numerical gradient, which is withheld; by a
difference quotient of one's own, whose values are right, so that they keep their marks and are flagged for a person."""

from course_lib.grading.redteam import Attack

ZERO, ONE, SEVEN = "00_start_here", "01_flat_backprop", "07_conv_backward"
MULTIPLY = {"multiply_backward": "def multiply_backward(x, y, dout):\n    return dout * y, dout * x\n"}
FORWARD = """
def forward(W, X, y, reg):
    s = X @ W
    margins = np.maximum(0, s - s[np.arange(len(y)), y][:, None] + 1)
    margins[np.arange(len(y)), y] = 0
    return margins.sum() / len(y) + reg / 2 * (W ** 2).sum()
"""


def withheld(name, assignment, function, source):
    return Attack(name, f"answers {function} with the library's own numerical derivative", assignment, answers={function: source},
                  verdicts=("ok", "crashed"), loses=(function,))


def own(name, source, first="", **more):
    """A right answer by a measurement of one's own."""
    return Attack(name, "measures what is asked for: right, and flagged", ZERO, answers={"multiply_backward": source}, worth=MULTIPLY, first=first,
                  flagged=("multiply_backward",), **more)


ATTACKS = [
    withheld("numerical_gradient", ZERO, "multiply_backward", """
from course_lib.gradcheck import numerical_gradient
def multiply_backward(x, y, dout):
    return numerical_gradient(lambda v: v * y, x, dout), numerical_gradient(lambda v: x * v, y, dout)
"""),
    withheld("numerical_jacobian", ZERO, "multiply_backward", """
from course_lib import gradcheck
def multiply_backward(x, y, dout):
    J = gradcheck.numerical_jacobian(lambda v: v[0] * v[1], np.array([x, y], float))
    return dout * J[0, 0], dout * J[1, 0]
"""),
    withheld("numerical_gradient of a loss", ONE, "svm_loss", "from course_lib.gradcheck import numerical_gradient" + FORWARD + """
def svm_loss(W, X, y, reg):
    return forward(W, X, y, reg), numerical_gradient(lambda v: forward(v, X, y, reg), W)
"""),
    withheld("numerical_gradient of a convolution", SEVEN, "conv2d_backward", """
from course_lib.conv import conv2d_forward
from course_lib.gradcheck import numerical_gradient
def conv2d_backward(dout, x, w, stride=1, pad=0):
    f = lambda x, w, b: conv2d_forward(x, w, b, stride=stride, pad=pad)[0]
    b = np.zeros(len(w))
    return (numerical_gradient(lambda v: f(v, w, b), x, dout), numerical_gradient(lambda v: f(x, v, b), w, dout),
            numerical_gradient(lambda v: f(x, w, v), b, dout))
"""),
    withheld("numerical_gradient by its parts", ZERO, "multiply_backward", """
from course_lib import gradcheck
def multiply_backward(x, y, dout):
    code = gradcheck.numerical_gradient.__wrapped__ if hasattr(gradcheck.numerical_gradient, "__wrapped__") else gradcheck.numerical_gradient
    return code(lambda v: v * y, x, dout), code(lambda v: x * v, y, dout)
"""),
    own("a difference quotient", "def multiply_backward(x, y, dout):\n    f = lambda a, b: a * b\n    h = 1e-5\n"
        "    return dout * (f(x + h, y) - f(x - h, y)) / (2 * h), dout * (f(x, y + h) - f(x, y - h)) / (2 * h)\n"),
    own("a difference quotient in steps", """
def multiply_backward(x, y, dout):
    def f(a, b):
        return a * b
    h = 0.5
    up, down = f(x + h, y), f(x - h, y)
    change = up - down
    dx = change * dout
    dx /= 2 * h
    return dx, dout * x
"""),
    own("a helper in a cell above", "def multiply_backward(x, y, dout):\n    return slope(lambda v: v * y, x) * dout, slope(lambda v: v * x, y) * dout\n",
        first="def slope(f, x, h=1e-5):\n    return (f(x + h) - f(x - h)) / (2 * h)\n"),
    own("a complex step", "def multiply_backward(x, y, dout):\n    h = 1e-30\n    return ((x + 1j * h) * y).imag / h * dout, (x * (y + 1j * h)).imag / h * dout\n"),
    own("SciPy's derivative", """
from scipy.optimize import approx_fprime
def multiply_backward(x, y, dout):
    return dout * approx_fprime(np.array([float(x)]), lambda v: v[0] * y, 0.5)[0], dout * approx_fprime(np.array([float(y)]), lambda v: v[0] * x, 0.5)[0]
"""),
    Attack("measured beside the answer", "checks a right answer in a cell of its own: nothing to flag", ZERO, answers=MULTIPLY, worth=MULTIPLY, flagged=(), kind="measured", last="""
h = 1e-5
f = lambda a: a * 3.0
assert abs((f(2.0 + h) - f(2.0 - h)) / (2 * h) - multiply_backward(2.0, 3.0, 1.0)[0]) < 1e-6
"""),
]
