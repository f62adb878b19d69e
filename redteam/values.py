"""Results that are not what they seem: objects, types and arrays that would fool a comparison, or break it."""

from course_lib.grading.redteam import Attack

TRICKS = """
import numpy as np
class Equal:
    shape, dtype, ndim, size, T = (), np.dtype(float), 0, 1, None
    __array_priority__ = 1e9
    def _same(self, *a, **k):
        return True
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __contains__ = _same
    __hash__ = object.__hash__
    def _self(self, *a, **k):
        return self
    __sub__ = __rsub__ = __add__ = __radd__ = __mul__ = __rmul__ = __truediv__ = __abs__ = __neg__ = __getitem__ = __call__ = _self
    def __float__(self):
        return 0.0
    def __int__(self):
        return 0
    def __len__(self):
        return 2
    def __iter__(self):
        return iter((self, self))
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self
class Functions(Equal):
    def __array_function__(self, func, types, args, kwargs):
        return True
    def __array_ufunc__(self, *a, **k):
        return np.zeros(2)
class Interface(Equal):
    def __array__(self, *a, **k):
        raise SystemExit("as an array")
    __array_interface__ = {"shape": (2,), "typestr": "<f8", "data": (0xdeadbeef, True), "version": 3}
class Lying(np.ndarray):
    shape = property(lambda self: (2,))
    def __array_finalize__(self, obj):
        pass
    def __eq__(self, other):
        return np.ones(2, bool)
    def __array_ufunc__(self, *a, **k):
        return np.zeros(2)
    def astype(self, *a, **k):
        return self
    def tobytes(self, *a):
        return b"\\0" * 16
class Typed(Equal):
    @property
    def __class__(self):
        return float
class Float(float):
    def __eq__(self, other):
        return True
    def __sub__(self, other):
        return 0.0
    __rsub__ = __abs__ = lambda self, *a: 0.0
class Int(int):
    __eq__ = lambda self, other: True
    __sub__ = __rsub__ = lambda self, other: 0
    __hash__ = int.__hash__
class Text(str):
    __eq__ = lambda self, other: True
    __hash__ = str.__hash__
class List(list):
    def __getitem__(self, i):
        return Float(0)
    def __len__(self):
        return 2
    def __eq__(self, other):
        return True
class Dict(dict):
    def __missing__(self, key):
        return Equal()
    def __contains__(self, key):
        return True
    def items(self):
        return [("dx", Equal())]
class Changing:
    def __init__(self):
        object.__setattr__(self, "reads", 0)
    def __getattribute__(self, name):
        raise SystemExit(name)
class Shown:
    def __repr__(self):
        raise KeyboardInterrupt("in repr")
    __str__ = __format__ = __repr__
    def __del__(self):
        raise SystemExit("in del")
deep = []
for _ in range(5000):
    deep = [deep]
around = []
around.append(around)
"""

RESULTS = {
    "always equal": ("compares equal to everything", "Equal(), Equal()"),
    "always equal, alone": ("no tuple: an object that plays one", "Equal()"),
    "hostile __array_function__": ("numpy's functions are answered by the result itself", "Functions(), Functions()"),
    "hostile __array_interface__": ("an array's memory at an address of its choosing", "Interface(), Interface()"),
    "an ndarray that lies": ("a subclass that lies about shape, bytes and equality", "np.zeros(2).view(Lying), np.zeros(2).view(Lying)"),
    "a type that lies": ("__class__ says float", "Typed(), Typed()"),
    "a float that equals all": ("a subclass of float", "Float(7), Float(7)"),
    "an int that equals all": ("a subclass of int", "Int(7), Int(7)"),
    "a str that equals all": ("a subclass of str", "Text('7'), Text('7')"),
    "a list with its own items": ("a subclass of list", "List([77.7, 88.8])"),
    "a dict that has every key": ("a subclass of dict", "Dict()"),
    "NaN": ("not a number is not unequal", "float('nan'), np.nan"),
    "infinities": ("inf - inf", "np.inf, -np.inf"),
    "a masked array": ("every number masked", "np.ma.masked_all(()), np.ma.masked_all(())"),
    "broadcast": ("one number for arrays of every shape", "np.broadcast_to(0.0, (7, 7)), np.zeros((1, 1, 1))"),
    "zero-size arrays": ("nothing, so that nothing is wrong", "np.zeros((0,)), np.zeros((2**30, 0, 2**30))"),
    "huge integer": ("more digits than text may have", "10**100000, 10**100000"),
    "integers at the edge": ("what fits into no float", "2**4095, -2**4095"),
    "huge text": ("a hundred million letters", "'9' * 10**8, 'x' * 10**7"),
    "text of surrogates": ("letters that are none", "'\\ud800' * 1000, '\\udfff\\0\\n\\x1b[31m'"),
    "array of 100 MB": ("much to copy", "np.zeros(10**8 // 8), np.ones(10**8 // 8)"),
    "array of small numbers": ("a byte each, eight when compared", "np.zeros(10**8, np.uint8), 1.0"),
    "array of objects": ("an array that holds things which equal all", "np.array([Equal(), Equal()], dtype=object), np.array([None])"),
    "structured array": ("fields in place of numbers", "np.zeros(2, dtype=[('a', 'f8'), ('b', 'O')]), np.rec.array([(1, 2)])"),
    "negative strides": ("an array that lies backwards in memory", "np.arange(4.0)[::-1], np.zeros((3, 3))[::-1, ::-1].T"),
    "strides of zero": ("a terabyte in eight bytes", "np.lib.stride_tricks.as_strided(np.zeros(1), (10**6, 10**5), (0, 0)), 1.0"),
    "dates and voids": ("dtypes that hold no numbers", "np.datetime64('2020-01-01'), np.void(b'abc')"),
    "nested without end": ("a list in itself", "around, around"),
    "nested deeply": ("five thousand lists in one another", "deep, deep"),
    "a generator": ("values made as they are asked for", "(v for v in iter(int, 1)), iter(int, 1)"),
    "a range without end": ("short to write, long to read", "range(10**12), range(2 * 10**9)"),
    "functions": ("something to call in place of a number", "(lambda *a: True), print"),
    "modules and types": ("parts of the machinery", "np, type"),
    "a number of types": ("float itself", "float, int"),
    "attributes that end the process": ("reading it raises SystemExit", "Changing(), Changing()"),
    "repr that ends the process": ("showing it raises KeyboardInterrupt", "Shown(), Shown()"),
    "a set of what cannot be compared": ("sets and frozen sets of odd things", "{Float(1), Text('a'), None}, frozenset([(1, 2), 'x'])"),
    "a dict of many keys": ("a million of them", "dict.fromkeys(range(10**6)), {}"),
    "a slice of text": ("ends that are no numbers", "slice('a', [1], {}), slice(None, 10**30)"),
    "bytes": ("the right numbers' bytes", "np.float64(1).tobytes(), memoryview(b'12345678')"),
}

ATTACKS = [Attack(name, tries, answers={"multiply_backward": f"{TRICKS}\ndef multiply_backward(x, y, dout):\n    return {result}\n"},
                  loses=("multiply_backward",), verdicts=("ok", "memory", "crashed", "timeout"), limits={"cell_seconds": 3})
           for name, (tries, result) in RESULTS.items()]

ATTACKS += [
    Attack("the name is a number", "no function at all", answers={"multiply_backward": "multiply_backward = 5.0"}),
    Attack("the name is a type", "numpy's, which the other side knows too", answers={"multiply_backward": "multiply_backward = tuple"}),
    Attack("the name is an object that can be called", "and whose attributes change with each reading", answers={"multiply_backward": """
class Many:
    count = 0
    def __call__(self, x, y, dout):
        Many.count += 1
        return Many.count, -Many.count
    def __getattr__(self, name):
        Many.count += 1
        if name.startswith("__"):
            raise AttributeError(name)
        return Many.count
multiply_backward = Many()
"""}),
    Attack("the name has a hostile name", "markup, line ends and a mile of letters in __name__", answers={"multiply_backward": """
def multiply_backward(x, y, dout):
    raise multiply_backward.error
multiply_backward.__name__ = "<script>alert(1)</script>\\n" * 10000
multiply_backward.error = type("<img src=x onerror=alert(1)>" + "E" * 10**6, (ValueError,), {})("<script>" * 10**6)
"""}),
    Attack("quiz answered with everything", "one of them must be it", "01_flat_backprop", answers={"which_pass": """
class All(str):
    def upper(self):
        return "AC"
def which_pass():
    return All("ABC"), All("A C"), "AC" * 10**6
"""}),
]
