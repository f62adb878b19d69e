"""Attacks on what tests hand over: functions to call, objects to use, arguments to write into.

The course's own tests hand over plain values only; these are tests as the next assignments have them.
"""

from course_lib.grading.redteam import Attack

KEEP = ("assert keep(3) == 9", 1, 1)  # a question beside it, answered right: whatever happens, its mark stays
SQUARE = ("assert answer(lambda v: v * v, 3.0) == 9.0", 2, 0)
ENDED = ("ok", "crashed", "timeout", "memory")


def handed(name, tries, answer, test=SQUARE, **more):
    more = {"verdicts": ENDED, **more}
    return Attack(name, tries, "98_made_up", tests={"answer": test, "keep": KEEP},
                  answers={"answer": answer, "keep": "def keep(x):\n    return x * x"}, **more)


ATTACKS = [
    handed("right answer", "nothing: calls what it is given", "def answer(f, x):\n    return f(x)", ("assert answer(lambda v: v * v, 3.0) == 9.0", 2, 2)),
    handed("calls without end", "calls the tests' function for ever", "def answer(f, x):\n    while True:\n        f(x)"),
    handed("calls from many threads", "eight threads call at once", """
import threading
def answer(f, x):
    threads = [threading.Thread(target=lambda: [f(x) for _ in range(200)], daemon=True) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(1)
    return 0.0
""", loses=("keep",)),
    handed("calls after the answer", "threads that go on calling when their question is over", """
import threading
def answer(f, x):
    for _ in range(8):
        threading.Thread(target=lambda: [f(x) for _ in range(1000)], daemon=True).start()
    return 0.0
""", loses=("keep",)),
    Attack("a locked cell needs what died", "the process ends as a cell of the course asks for a name", "98_made_up", verdicts=ENDED,
           tests={"answer": ("helper = answer", 0, 0), "keep": KEEP}, answers={"keep": "def keep(x):\n    return x * x", "answer": """
def answer(x):
    return x
frame
import os
peer = [o for o in _gc.get_objects() if type(o).__name__ == "Inmate"][0]
type(peer).serve_lookup = lambda self, message, values, original=type(peer).serve_lookup: os._exit(5) if values["name"] == "answer" else original(self, message, values)
"""}),
    handed("hostile arguments", "hands the tests' function every odd thing there is", """
import numpy as np
def answer(f, x):
    around = []
    around.append(around)
    for odd in (None, "x" * 10**6, [1] * 1000, {"a": 1}, np.zeros(10**6), 10**1200, float("nan"), f, print, object(), slice(3), range(5), b"x", 1j,
                np.array(["a"]), int, type, np, around, {1: {2: {3: 4}}}, (i for i in range(3)), np.zeros(3, "V8"), np.float16(1)):
        for args, kwargs in (((odd,), {}), ((), {"v": odd}), ((odd, odd), {}), ((), {}), ((1,), {"self": odd})):
            try:
                f(*args, **kwargs)
            except Exception:
                pass
    return 0.0
"""),
    handed("an integer that grows", "squares until no machine can", """
def answer(f, x):
    v = 2**4000
    for _ in range(60):
        try:
            v = f(v)
        except Exception:
            v = 2**4000
    return 0.0
"""),
    handed("a bomb of memory over there", "hands over arrays that grow when squared", """
import numpy as np
def answer(f, x):
    for _ in range(20):
        try:
            f(np.ones(4 * 10**6, np.uint8))
        except Exception:
            pass
    return 0.0
"""),
    handed("without end into one another", "the test's function calls the answer, which calls it", "def answer(f, x):\n    return f(x)", ("""
def f(v):
    return answer(f, v)
assert answer(f, 3.0) == 9.0
""", 2, 0)),
    handed("attributes of a function", "walks from the tests' function to its globals", """
def answer(f, x):
    for name in ("__globals__", "__self__", "__code__", "__closure__", "__class__", "__wrapped__", "__dict__", "__init__", "__reduce__", "gi_frame", "func_globals"):
        try:
            leak(name, getattr(f, name)) if name not in ("__class__", "__dict__", "__init__", "__reduce__") else None
        except Exception:
            pass
        try:
            leak(name, f._inmate.answer_of("get", {"number": f._handle.number, "name": name}))
        except Exception:
            pass
    return 0.0
"""),
    handed("attributes by forged questions", "the same, past the library", """
def answer(f, x):
    for name in ("__globals__", "__class__", "_", "", "a.b", None, 5):
        frame({"ask": "get", "values": {"number": f._handle.number, "name": name}})
        message, reader = [o for o in _gc.get_objects() if type(o).__name__ == "Inmate"][0]._receive()
        if "value" in message.get("values", {}):
            leak(name, message)
    return 0.0
"""),
    handed("a generator of random numbers", "walks from the tests' generator to its memory and its seed", """
def answer(rng, x):
    try:
        leak(rng.bit_generator.seed_seq.entropy)
    except (AttributeError, TypeError):
        pass
    try:
        inside = rng.bit_generator.ctypes
        leak(inside[2](0))
    except (AttributeError, TypeError, IndexError):
        pass
    return rng.normal()
""", ("rng = np.random.default_rng(np.random.default_rng(7).integers(2**60))\nassert answer(rng, 3.0) == 9.0", 2, 0)),
    handed("methods of built-in objects", "walks from bound methods to what they belong to", """
def answer(f, x):
    for path in (("__self__",), ("func", "__globals__"), ("args",), ("pyfunc", "__globals__"), ("mro",), ("at",), ("reduce",)):
        here = f
        try:
            for name in path:
                here = getattr(here, name)
            if name.startswith("__"):
                leak(path, here)
        except Exception:
            pass
    return 0.0
""", ("import functools\nassert answer([].append, 1) == 9.0 or answer(functools.partial(pow, 2), 1) == 9.0 or answer(np.vectorize(abs), 1) == 9.0", 2, 0)),
    handed("the handle kept", "calls the function of an earlier test in a later one", "KEPT = []\ndef answer(f, x):\n    KEPT.append(f)\n    return KEPT[0](x) + 1.0"),
    handed("the f returned", "hands the test's own function back as the result", "def answer(f, x):\n    return f"),
    handed("an error of StopIteration", "ends the loop that calls it, before anything is compared", "def answer(f, x):\n    raise StopIteration",
           ("got = list(map(lambda v: answer(None, v), [1, 2, 3]))\nassert all(a == b for a, b in zip(got, [2, 4, 6]))", 2, 0)),
    handed("unequal to everything", "a result that is no value differs from every other", "def answer(f, x):\n    return lambda: 0",
           ("assert answer(None, 1.0) != answer(None, 2.0)", 2, 0)),
    handed("an iterator for a result", "in a loop that ends at once when there is nothing", "def answer(f, x):\n    return iter(())",
           ("for a, b in zip(answer(None, 1), [1, 2]):\n    assert a == b\nassert len(list(answer(None, 1))) == 2", 2, 0)),
    handed("an object of no length", "objects that are neither true nor false, nor long", "class Odd:\n    def __len__(self):\n        return 10**18\n    def __bool__(self):\n        return True\ndef answer(f, x):\n    return Odd()",
           ("assert answer(None, 1)", 2, 0)),
    handed("expected values changed in place", "writes into what it is given, which the test compares with", """
def answer(xs, expected):
    expected[:] = [0.0, 0.0]
    xs["w"][:] = 0
    return [0.0, 0.0]
""", ("xs, expected = {'w': np.ones(2)}, [1.0, 2.0]\nassert answer(xs, list(expected)) == expected and xs['w'].sum() == 2", 2, 0)),
    handed("read-only written to", "changes an array that may not be changed", """
def answer(a, x):
    a.flags.writeable = True
    a[:] = 9.0
    return 9.0
""", ("a = np.zeros(3)\na.flags.writeable = False\ntry:\n    answer(a, 1)\nfinally:\n    assert not a.any()\nassert answer(a, 1) == 1.0", 2, 0)),
    handed("a list made huge", "hands back an argument of a million entries", "def answer(xs, x):\n    xs.extend([0] * 10**6)\n    return 0.0",
           ("assert answer([1, 2], 1) == 9.0", 2, 0)),
    handed("an object whose attributes change", "its loss falls each time somebody looks", """
class Model:
    def __init__(self):
        self.reads = 0
    @property
    def loss(self):
        self.reads += 1
        return 10.0 - self.reads
    def step(self):
        pass
def answer(f, x):
    return Model()
""", ("model = answer(None, 1)\nbefore = model.loss\nmodel.step()\nassert model.weights is not None and model.loss < before", 2, 0)),
    handed("an object that is a mine", "properties that end the process, or never do", """
import os
class Model:
    @property
    def loss(self):
        os._exit(3)
    def step(self):
        while True:
            pass
def answer(f, x):
    return Model()
""", ("model = answer(None, 1)\nmodel.step()\nassert model.loss == 1", 2, 0)),
    handed("objects in the other side's hands", "sets attributes on what it was given", """
def answer(layer, x):
    layer.weights = 9.0
    layer.forward = lambda v: 9.0
    return layer.forward(x)
""", ("class Layer:\n    weights = 1.0\n    def forward(self, v):\n        return 2 * v * self.weights\nlayer = Layer()\nassert answer(layer, 3.0) == 6.0 and layer.weights == 1.0", 2, 0)),
    handed("a simple object, used as it should be", "nothing: calls a method, reads an attribute", "def answer(layer, x):\n    return layer.forward(x) + layer.weights",
           ("class Layer:\n    weights = 1.0\n    def forward(self, v):\n        return 2 * v\nassert answer(Layer(), 3.0) == 7.0", 2, 2)),
    handed("a test without a check that prints its score", "prints and displays a number as the test runs", "def answer(f, x):\n    print(2.0)\n    import sys\n    sys.displayhook(2.0)\n    return 0.0"),
]
