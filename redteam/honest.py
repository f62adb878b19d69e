"""Honest hand-ins that must not suffer: right answers written in every way, and accidents that cost their own question only."""

from course_lib.grading.redteam import Attack

ZERO, ONE, SEVEN = "00_start_here", "01_flat_backprop", "07_conv_backward"
RIGHT = {"multiply_backward": "def multiply_backward(x, y, dout):\n    return dout * y, dout * x\n"}
FILTER = {"filter_gradient": """
def filter_gradient(x, dz, filter_shape, stride=1):
    FH, FW = filter_shape
    dw = np.zeros((FH, FW))
    for i in range(dz.shape[0]):
        for j in range(dz.shape[1]):
            dw += dz[i, j] * x[stride * i:stride * i + FH, stride * j:stride * j + FW]
    return dw
"""}

CIRCUIT = {"circuit_forward": """
def circuit_forward(w0, x0, w1, x1, w2):
    L = 1 / (1 + np.exp(-(w0 * x0 + w1 * x1 + w2)))
    return L, (w0, x0, w1, x1, L)
""", "circuit_backward": """
def circuit_backward(dL, cache):
    w0, x0, w1, x1, L = cache
    ds = dL * (1 - L) * L
    return ds * x0, ds * w0, ds * x1, ds * w1, ds
"""}
SIGMOID = """
def conv_sigmoid_backward(z, g, dh):
    a = 0.5 * (1 + np.tanh(0.5 * z))
    return correlate2d(dh, g, mode="valid") * a * (1 - a), correlate2d(dh, a, mode="valid")
"""


def right(name, story, source, first="", **more):
    """A right answer to multiply_backward."""
    return Attack(name, story, ZERO, answers={"multiply_backward": source}, worth=RIGHT, first=first, flagged=(), **more)


def filtered(name, story, body):
    """A right answer whose result is an array, compared as the checks of the course do."""
    test = "from course_lib.check.compare import same\nassert same(answer(np.arange(6.0).reshape(2, 3)), np.arange(6.0).reshape(2, 3) + 1)"
    source = "import numpy as np\ndef answer(x):\n    dw = x + 1\n" + "".join(f"    {line}\n" for line in body.splitlines())
    return Attack(name, story, "98_made_up", tests={"answer": (test, 2, 2)}, answers={"answer": source})


ATTACKS = [
    right("two numbers", "the plain answer", RIGHT["multiply_backward"]),
    right("a list", "instead of a tuple", "def multiply_backward(x, y, dout):\n    return [dout * y, dout * x]\n"),
    right("an array of shape ()", "each number as an array", "import numpy as np\ndef multiply_backward(x, y, dout):\n    return np.array(dout * y), np.float32(dout * x)\n"),
    right("a named tuple", "with names for its parts", "from collections import namedtuple\nG = namedtuple('G', 'dx dy')\ndef multiply_backward(x, y, dout):\n    return G(dout * y, dout * x)\n"),
    right("long doubles", "more exact than asked for", "import numpy as np\ndef multiply_backward(x, y, dout):\n    return np.longdouble(dout) * y, np.array(np.longdouble(dout) * x)\n"),
    right("a lambda", "no def", "multiply_backward = lambda x, y, dout: (dout * y, dout * x)"),
    right("a class with state", "an object that is called", """
class Backward:
    def __init__(self):
        self.calls = 0
    def __call__(self, x, y, dout):
        self.calls += 1
        return dout * y, dout * x
multiply_backward = Backward()
"""),
    right("a method", "bound to an object", "class Gate:\n    def backward(self, x, y, dout):\n        return dout * y, dout * x\nmultiply_backward = Gate().backward\n"),
    right("a cache", "functools.lru_cache", "import functools\n@functools.lru_cache\ndef multiply_backward(x, y, dout):\n    return dout * y, dout * x\n"),
    right("a partial", "functools.partial", "import functools\ndef f(sign, x, y, dout):\n    return sign * dout * y, sign * dout * x\nmultiply_backward = functools.partial(f, 1)\n"),
    right("np.vectorize", "NumPy's own wrapper", "import numpy as np\nmultiply_backward = np.vectorize(lambda x, y, dout: (dout * y, dout * x))\n"),
    right("decorated", "a decorator that prints and times", """
import functools, time
def timed(f):
    @functools.wraps(f)
    def g(*args):
        start = time.perf_counter()
        result = f(*args)
        print(f"{f.__name__} took {time.perf_counter() - start:.6f} s")
        return result
    return g
@timed
def multiply_backward(x, y, dout):
    return dout * y, dout * x
"""),
    right("helpers in a cell above", "functions, constants and imports of the student's own",
          "def multiply_backward(x, y, dout):\n    return H.times(dout, y), times(dout, x) * ONE\n", first="""
import types
ONE = 1.0
def times(a, b):
    return a * b
H = types.SimpleNamespace(times=times)
"""),
    right("a global counter", "with `global`", "COUNT = 0\ndef multiply_backward(x, y, dout):\n    global COUNT\n    COUNT += 1\n    return dout * y, dout * x\n"),
    right("a generator inside", "tuple of a generator", "def multiply_backward(x, y, dout):\n    return tuple(dout * v for v in (y, x))\n"),
    right("recursion", "no loop at all", "def multiply_backward(x, y, dout, n=50):\n    return (dout * y, dout * x) if n == 0 else multiply_backward(x, y, dout, n - 1)\n"),
    right("type hints and a docstring", "annotations of all kinds", "def multiply_backward(x: float, y: 'float', dout: float = 1.0) -> tuple[float, float]:\n    '''The gradients.'''\n    dx: float = dout * y\n    return dx, dout * x\n"),
    right("warnings", "warns as it works", "import warnings, numpy as np\ndef multiply_backward(x, y, dout):\n    warnings.warn('careful')\n    np.log(np.zeros(1))\n    np.float64(1) / np.float64(0)\n    return dout * y, dout * x\n"),
    right("prints to both streams", "debugging left in", "import sys\ndef multiply_backward(x, y, dout):\n    print('x', x)\n    print('y', y, file=sys.stderr)\n    return dout * y, dout * x\n"),
    right("magics in cells of their own", "%matplotlib inline, %timeit, %%time, !ls, ?help", RIGHT["multiply_backward"],
          first="%matplotlib inline\n%timeit -n1 -r1 sum(range(10))\n!ls > /dev/null\nimport numpy as np\n%precision 3\nfiles = !ls\n%time x = 1"),
    right("a magic in the answer", "%timeit below the function", RIGHT["multiply_backward"] + "\n%timeit -n1 -r1 multiply_backward(1.0, 2.0, 3.0)\n"),
    right("a picture", "matplotlib, shown", RIGHT["multiply_backward"], first="import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"),
    right("a file of its own", "writes and reads in its folder", RIGHT["multiply_backward"], first="open('notes.txt', 'w').write('x')\nassert open('notes.txt').read() == 'x'\nimport tempfile\ntempfile.NamedTemporaryFile().write(b'x')"),
    right("a module of its own", "written by %%writefile and imported", "import mine\ndef multiply_backward(x, y, dout):\n    return mine.back(x, y, dout)\n", first="%%writefile mine.py\ndef back(x, y, dout):\n    return dout * y, dout * x\n"),
    right("threads and processes", "a pool of two", RIGHT["multiply_backward"], first="""
from concurrent.futures import ThreadPoolExecutor
import multiprocessing, subprocess, sys
with ThreadPoolExecutor(2) as pool:
    assert list(pool.map(abs, [-1, 2])) == [1, 2]
assert subprocess.run([sys.executable, '-c', 'print(1)'], capture_output=True, text=True).stdout == '1\\n'
"""),
    right("eight processes at once", "which share most of their memory: counted once each, it would be too much", RIGHT["multiply_backward"], first="""
import multiprocessing, time
with multiprocessing.get_context('fork').Pool(8) as pool:
    assert pool.map(abs, [-1] * 8) == [1] * 8
    time.sleep(0.5)
"""),
    right("a widget", "imported beside the answer and shown", "from course_lib.widgets import FilterSlide, GraphStepper\n" + RIGHT["multiply_backward"],
          first="import course_lib.widgets as w\nw.FilterSlide([[1.0]], [[1.0]], stride=1)"),
    right("asyncio", "an event loop in a cell", RIGHT["multiply_backward"], first="import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 1\nassert await f() == 1"),
    right("np.random seeded", "at the top of the notebook", RIGHT["multiply_backward"], first="import numpy as np\nnp.random.seed(0)\nnp.set_printoptions(precision=2)\nnp.seterr(all='ignore')"),
    right("a syntax error in a cell of their own", "below the answer", RIGHT["multiply_backward"], last="def broken(:\n    pass"),
    right("an error in a cell of their own", "above the answer", RIGHT["multiply_backward"], first="1 / 0"),
    right("%reset below", "names deleted after the tests", RIGHT["multiply_backward"], last="%reset -f"),
    right("from __future__", "in a cell of its own", RIGHT["multiply_backward"], first="from __future__ import annotations"),
    right("other names for things", "np as something else, the word check for something else", RIGHT["multiply_backward"], last="import numpy\nnp = numpy.linalg\ncheck = 5\ndraw = None"),
    filtered("float32", "half the digits", "return dw.astype(np.float32)"),
    filtered("nested lists", "no array", "return dw.tolist()"),
    filtered("nested lists of NumPy numbers", "rows of np.float64", "return [list(row) for row in dw]"),
    filtered("np.matrix", "NumPy's old matrices", "return np.matrix(dw)"),
    filtered("a masked array", "nothing masked", "return np.ma.array(dw)"),
    filtered("long doubles in an array", "more exact than asked for", "return dw.astype(np.longdouble)"),
    filtered("Fortran order", "columns first", "return np.asfortranarray(dw)"),
    filtered("a view", "of a larger array, backwards", "return np.pad(dw, 2)[::-1, ::-1][2:-2, 2:-2][::-1, ::-1]"),
    filtered("an array in the other byte order", "big-endian", "return dw.astype('>f8')"),
    filtered("an array of a class of its own", "a subclass of ndarray", "class Mine(np.ndarray):\n    pass\nreturn dw.view(Mine)"),
    filtered("something that becomes an array", "with __array__", "class Mine:\n    def __array__(self, dtype=None, copy=None):\n        return dw\nreturn Mine()"),
    filtered("a deque", "a sequence that is no list", "import collections\nreturn collections.deque(map(tuple, dw))"),
    Attack("imports from the library", "what is not withheld", SEVEN, answers={"filter_gradient": FILTER["filter_gradient"].replace("    return dw", """\
    from course_lib.conv import correlate2d, output_size, conv2d_forward
    assert output_size(5, 3) == 3
    correlate2d(x, dw)
    return dw""")}, worth=FILTER, first="""
import course_lib
from course_lib import *
from course_lib.losses import softmax_cross_entropy
from course_lib.gradcheck import numerical_gradient
from course_lib.check import check, hint
hint('07.filter_gradient')
"""),
    Attack("a name of a demonstration cell", "the answer uses what an untouched cell of the notebook imports", SEVEN, answers={"conv_sigmoid_backward": SIGMOID},
           worth={"conv_sigmoid_backward": SIGMOID.replace("    a =", "    from scipy.signal import correlate2d\n    a =")}),
    *[Attack(f"a cache that is {name}", "what the forward pass keeps comes back as it was", ONE, answers={
        "circuit_forward": f"{more}\ndef circuit_forward(w0, x0, w1, x1, w2):\n    L = 1 / (1 + np.exp(-(w0 * x0 + w1 * x1 + w2)))\n    return L, {cache}\n",
        "circuit_backward": f"def circuit_backward(dL, cache):\n    w0, x0, w1, x1, L = {back}\n    ds = dL * (1 - L) * L\n    return ds * x0, ds * w0, ds * x1, ds * w1, ds\n"},
        worth=CIRCUIT) for name, more, cache, back in (
            ("a named tuple", "from collections import namedtuple\nCache = namedtuple('Cache', 'w0 x0 w1 x1 L')", "Cache(w0, x0, w1, x1, L)", "cache.w0, cache.x0, cache.w1, cache.x1, cache.L"),
            ("a data class", "from dataclasses import dataclass\n@dataclass\nclass Cache:\n    v: tuple", "Cache((w0, x0, w1, x1, L))", "cache.v"),
            ("a dict with attributes", "class Cache(dict):\n    __getattr__ = dict.__getitem__", "Cache(v=(w0, x0, w1, x1, L))", "cache.v"),
            ("a list with a method", "class Stack(list):\n    def all(self):\n        return tuple(self)", "Stack([w0, x0, w1, x1, L])", "cache.all()"),
            ("a dict with a default", "from collections import defaultdict", "defaultdict(lambda: (w0, x0, w1, x1, L))", "cache['any']"),
            ("a deque", "from collections import deque", "deque([w0, x0, w1, x1, L])", "(cache.popleft(), cache.popleft(), cache.popleft(), *cache)"),
            ("an array with attributes", "class Tensor(np.ndarray):\n    pass", "np.array([w0, x0, w1, x1, L]).view(Tensor)", "cache if type(cache).__name__ == 'Tensor' else None"),
            ("an array of long doubles", "", "np.array([w0, x0, w1, x1, L], dtype=np.longdouble)", "(float(v) for v in cache) if cache.dtype == np.longdouble else None"),
            ("a masked array", "", "np.ma.array([w0, x0, w1, x1, L])", "cache.filled(0)"),
            ("something that becomes an array", "class Tensor:\n    def __init__(self, v):\n        self.v = v\n    def __array__(self, dtype=None, copy=None):\n        return np.array(self.v)",
             "Tensor((w0, x0, w1, x1, L))", "cache.v"),
            ("a function", "", "(lambda: (w0, x0, w1, x1, L))", "cache()"),
            ("an iterator in a tuple", "", "(iter([w0, x0, w1, x1, L]), None)", "cache[0]"),
            ("nested", "from types import SimpleNamespace as N", "{'a': [N(v=(w0, x0)), {'b': (w1, x1, L)}]}", "(*cache['a'][0].v, *cache['a'][1]['b'])"),
            ("None beside a global", "KEPT = {}", "KEPT.update({len(KEPT): (w0, x0, w1, x1, L)}) or len(KEPT) - 1", "KEPT[cache]"),
            ("an enumeration and Fractions", "from fractions import Fraction as F", "tuple(F(float(v)) for v in (w0, x0, w1, x1, L))", "(float(v) for v in cache)"))],
    *[Attack(f"one question {name}", "the others keep their marks", ONE, answers={"gates_backward": f"import os\ndef gates_backward(x, y, z, dout):\n    {body}\n"},
             verdicts=verdicts, limits={"cell_seconds": 3})
      for name, body, verdicts in (("crashes", "os.abort()", ("crashed",)), ("never ends", "while True: pass", ("timeout",)), ("has no memory", "return bytearray(1 << 40)", ("ok",)),
                                   ("takes all memory", "held = []\n    while True: held.append(bytearray(1 << 22))", ("memory", "crashed", "ok", "timeout")), ("exits", "raise SystemExit", ("ok",)),
                                   ("asks for input", "return input()", ("ok",)), ("prints without end", "while True: print('x' * 1000)", ("ok", "output", "timeout")))],
    Attack("one question keeps all memory", "those that do not call it are innocent", ONE, answers={"circuit_forward": """
KEPT = []
def circuit_forward(w0, x0, w1, x1, w2):
    KEPT.append(np.ones(2_000_000))
    L = 1 / (1 + np.exp(-(w0 * x0 + w1 * x1 + w2)))
    return L, (w0, x0, w1, x1, L)
"""}, worth={"circuit_forward": "def circuit_forward(w0, x0, w1, x1, w2):\n    L = 1 / (1 + np.exp(-(w0 * x0 + w1 * x1 + w2)))\n    return L, (w0, x0, w1, x1, L)\n"},
           verdicts=("ok", "memory", "crashed"), loses=("circuit_forward", "circuit_backward")),
]
