"""The library's own answers: imported, read, or reached by another name. What an assignment asks for is withheld from its
answers; `workbook.withheld` in the solved notebook's metadata lists it, and has to list every twin."""

from course_lib.grading.redteam import Attack

ZERO, ONE, SEVEN = "00_start_here", "01_flat_backprop", "07_conv_backward"


def borrowed(name, assignment, function, source, tries=""):
    return Attack(name, tries or f"answers {function} with the library's own", assignment, answers={function: source},
                  verdicts=("ok", "crashed"), loses=(function,))


ATTACKS = [
    borrowed("Multiply's backward", ZERO, "multiply_backward", """
from course_lib.graph import Multiply
def multiply_backward(x, y, dout):
    gate = Multiply()
    gate.forward(x, y)
    return gate.backward(dout)
"""),
    borrowed("MultiplyFunction's backward", ZERO, "multiply_backward", """
from course_lib import graph
def multiply_backward(x, y, dout):
    ctx = graph.Context()
    graph.MultiplyFunction.forward(ctx, x, y)
    return graph.MultiplyFunction.backward(ctx, dout)
"""),
    borrowed("a graph of one gate", ZERO, "multiply_backward", """
from course_lib.graph import Graph, Input, Multiply
def multiply_backward(x, y, dout):
    g = Graph()
    a, b = g.add(Input(x)), g.add(Input(y))
    g.add(Multiply(), a, b)
    g.forward()
    return tuple(g.backward(dout).values())[:2]
"""),
    borrowed("the checks' answer", ZERO, "multiply_backward", """
from course_lib.check.exercises import start_here
multiply_backward = start_here.multiply_backward
"""),
    borrowed("a graph of the gates", ONE, "gates_backward", """
from course_lib.graph import Add, Graph, Input, Max, Multiply
def gates_backward(x, y, z, dout):
    g = Graph()
    a, b, c = (g.add(Input(v)) for v in (x, y, z))
    g.add(Multiply(), g.add(Add(), a, b), g.add(Max(), b, c))
    g.forward()
    return tuple(g.backward(dout).values())[:3]
"""),
    borrowed("the gates one by one", ONE, "gates_backward", """
from course_lib.graph import Add, Max, Multiply
def gates_backward(x, y, z, dout):
    add, top, times = Add(), Max(), Multiply()
    times.forward(add.forward(x, y), top.forward(y, z))
    da, dm = times.backward(dout)
    (dx, dy), (dy2, dz) = add.backward(da), top.backward(dm)
    return dx, dy + dy2, dz
"""),
    borrowed("circuit_backward", ONE, "circuit_backward", """
from course_lib import flat
def circuit_backward(dL, cache):
    w0, x0, w1, x1, L = cache
    return flat.circuit_backward(dL, flat.circuit_forward(w0, x0, w1, x1, -w0 * x0 - w1 * x1 - np.log(1 / L - 1))[1])
"""),
    borrowed("svm_loss", ONE, "svm_loss", "from course_lib.flat import svm_loss"),
    borrowed("hinge_loss", ONE, "svm_loss", """
from course_lib.losses import hinge_loss, l2_penalty
def svm_loss(W, X, y, reg):
    loss, ds = hinge_loss(X @ W, y)
    more, dW = l2_penalty(W, reg)
    return loss + more, X.T @ ds + dW
"""),
    borrowed("the linear classifier's loss", ONE, "svm_loss", """
from course_lib.classic import LinearClassifier
def svm_loss(W, X, y, reg):
    model = LinearClassifier(*W.shape, loss="svm", reg=reg)
    model.params["W"] = W
    loss, grads = model.loss(X, y)
    return loss, grads["W"]
"""),
    borrowed("two_layer_loss", ONE, "two_layer_loss", "from course_lib.flat import two_layer_loss"),
    borrowed("a model's loss", ONE, "two_layer_loss", """
from course_lib import models
def two_layer_loss(X, y, W1, b1, W2, b2, reg):
    model = models.mlp((*W1.shape, W2.shape[1]))
    names = list(model.params)
    model.params = dict(zip(names, (1.0 * W1, 1.0 * b1, 1.0 * W2, 1.0 * b2)))
    loss, grads = model.loss(X, y)
    dW1, db1, dW2, db2 = (grads[n] for n in names)
    return loss + reg / 2 * ((W1 ** 2).sum() + (W2 ** 2).sum()), {"W1": dW1 + reg * W1, "b1": db1, "W2": dW2 + reg * W2, "b2": db2}
"""),
    *[borrowed(f"conv2d_backward by {name}", SEVEN, "conv2d_backward", f"""
{imports}
from course_lib.conv import conv2d_forward
def conv2d_backward(dout, x, w, stride=1, pad=0):
    return {call}
""") for name, imports, call in (
        ("its name", "from course_lib.conv import conv2d_backward as library", "library(dout, conv2d_forward(x, w, stride=stride, pad=pad)[1])"),
        ("its loops", "from course_lib.conv import conv2d_backward_loops as library, conv2d_forward_loops", "library(dout, conv2d_forward_loops(x, w, stride=stride, pad=pad)[1])"),
        ("its private loops", "from course_lib._conv_loops import conv2d_backward_loops as library, conv2d_forward_loops", "library(dout, conv2d_forward_loops(x, w, stride=stride, pad=pad)[1])"),
        ("the module's dict", "import course_lib.conv as m", "vars(m)['conv2d_backward'](dout, conv2d_forward(x, w, stride=stride, pad=pad)[1])"),
        ("its code", "import course_lib.conv as m, types\nlibrary = types.FunctionType(m.conv2d_backward.__code__.replace(co_name='f'), vars(m))\n"
         "library.__kwdefaults__ = m.conv2d_backward.__kwdefaults__", "library(dout, conv2d_forward(x, w, stride=stride, pad=pad)[1])"),
    )],
    borrowed("conv2d_backward by a model's layer", SEVEN, "conv2d_backward", """
from course_lib import _model_layers as layers
from course_lib.conv import conv2d_forward
def conv2d_backward(dout, x, w, stride=1, pad=0):
    layer = layers.Convolution.__new__(layers.Convolution)
    dx, grads = layer.backward(dout, conv2d_forward(x, w, np.zeros(len(w)), stride=stride, pad=pad)[1], True)
    return dx, grads["w"], grads["b"]
"""),
    borrowed("input_gradient by conv_transpose2d", SEVEN, "input_gradient", """
from course_lib.conv import conv_transpose2d_forward
def input_gradient(dz, w, input_shape, stride=1):
    out, _ = conv_transpose2d_forward(dz[None, None], w[None, None], stride=stride)
    dx = np.zeros(input_shape)
    dx[:out.shape[2], :out.shape[3]] = out[0, 0]
    return dx
"""),
    borrowed("input_gradient by conv1d_backward", SEVEN, "input_gradient", """
from course_lib.conv import conv1d_backward, conv1d_forward
def input_gradient(dz, w, input_shape, stride=1):
    dx = np.zeros(input_shape)
    for i in range(dz.shape[0]):
        for u in range(w.shape[0]):
            _, cache = conv1d_forward(np.zeros((1, 1, input_shape[1])), w[None, None, u], stride=stride)
            dx[stride * i + u] += conv1d_backward(dz[None, None, i], cache)[0][0, 0]
    return dx
"""),
    *[Attack(f"the earlier reference, asked for {what}", "an error is carried forward with the reference in an earlier answer's place: calls it with what it cannot bear", SEVEN,
             answers={"conv2d_backward": f"def conv2d_backward(dout, x, w, stride=1, pad=0):\n    for _ in range(3):\n        {call}\n    return x, w, dout\n"},
             verdicts=("ok", "memory", "crashed", "timeout"), limits={"cell_seconds": 3}) for what, call in (
        ("gigabytes", "input_gradient(np.ones((1, 1)), np.ones((1, 1)), (12_000, 12_000))"),
        ("hours", "input_gradient(np.ones((1000, 1000)), np.ones((200, 200)), (1200, 1200))"))],
    Attack("the withheld function says why", "nothing: looks at the message", SEVEN, first="""
from course_lib.conv import conv2d_backward, conv2d_forward, correlate2d
import numpy as np
correlate2d(np.ones((3, 3)), np.ones((2, 2)))
conv2d_forward(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)))
try:
    conv2d_backward(np.ones((1, 1, 2, 2)), None)
    leak("it runs")
except RuntimeError as e:
    if "asks you to write" not in str(e):
        leak(e)
"""),
]
