"""What may cross between the sandbox and the tests, and that nothing else does."""

import json
import math
import socket
import struct
import threading
import time
from collections import deque

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_lib.grading.box import values, wire
from course_lib.grading.box.peer import raised, told

quick = settings(deadline=None, max_examples=80, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])


def crossed(value):
    """The value, written and read again, as JSON text in between."""
    def refuse(v):
        raise values.WireError(f"{type(v).__name__} is not plain")

    writer = values.Writer(refuse)
    node = json.loads(json.dumps(writer.node(value), allow_nan=False))
    return values.Reader(writer.blob, refuse, refuse).value(node)


def same(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, np.generic):
        return a.tobytes() == b.tobytes()
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    return a == b or a != a and b != b


scalars = st.none() | st.booleans() | st.integers(-(2**200), 2**200) | st.floats() | st.text() | st.complex_numbers(allow_nan=False) | st.binary()
arrays = hnp.arrays(st.sampled_from([np.dtype(t) for t in ("?", "i4", "i8", "u1", "f4", "f8", "c16")]), hnp.array_shapes(min_dims=0, min_side=0))
anything = st.recursive(scalars | arrays, lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner)
                      | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=4), max_leaves=12)


@quick
@given(anything)
def test_plain_values_cross_unchanged(value):
    assert same(crossed(value), value)


def test_a_lone_surrogate_crosses_as_text():
    assert crossed("a\ud800") == "a\ud800"


@pytest.mark.parametrize("array, contiguous", [(np.arange(12.0).reshape(3, 4).T, False), (np.arange(12.0)[::2], False), (np.arange(6.0).reshape(2, 3), True)])
def test_how_an_array_lies_in_memory_crosses(array, contiguous):
    array.flags.writeable = False
    got = crossed(array)
    assert np.array_equal(got, array) and got.flags.c_contiguous == contiguous and not got.flags.writeable


def test_subclasses_arrive_as_what_they_are_under_it():
    class Sly(np.ndarray):
        def __eq__(self, other):
            return True

    class Number(float):
        def __eq__(self, other):
            return True

    got = crossed([np.arange(3.0).view(Sly), Number(2.5)])
    assert type(got[0]) is np.ndarray and type(got[1]) is float and got[1] == 2.5


def test_what_numpy_takes_for_numbers_crosses_as_numbers():
    class Numbers:
        def __array__(self, dtype=None, copy=None):
            return np.arange(2.0)

    for value, expected in ((np.ma.masked_array([1.0, 2.0], [True, False]), [1.0, 2.0]), (np.longdouble(0.5), 0.5), (deque([1, 2]), [1, 2]),
                            (np.array([0.5, 2], dtype=np.longdouble), [0.5, 2.0]), (Numbers(), [0.0, 1.0])):
        assert np.array_equal(crossed(value), expected)


@pytest.mark.parametrize("value", [object(), len, np.array([object()]), np.zeros(2, dtype="i4,f8")], ids=["object", "function", "objects", "records"])
def test_what_is_not_plain_is_not_written(value):
    with pytest.raises(values.WireError):
        crossed(value)


def test_too_deep_and_too_long_are_refused():
    deep = []
    for _ in range(values.MAX_DEPTH + 2):
        deep = [deep]
    with pytest.raises(values.WireError, match="too deep"):
        crossed(deep)
    with pytest.raises(values.WireError, match="too deep or too large"):
        crossed(list(range(values.MAX_NODES + 2)))
    with pytest.raises(values.WireError, match="1,000 digits"):
        crossed(10**3000)


hostile_nodes = [
    {"array": ["<f8", [2**62, 4], [0, 0], "C", True]}, {"array": ["<f8", [-1], [0, 8], "C", True]}, {"array": ["<f8", [1], [0, 10**9], "C", True]},
    {"array": ["|O", [1], [0, 8], "C", True]}, {"array": ["<f8", [1], [0, 8], "Z", True]}, {"array": ["<U999999", [1], [0, 8], "C", True]},
    {"array": ["<f8", [1] * 64, [0, 8], "C", True]}, {"array": ["V8", [1], [0, 8], "C", True]}, {"array": [["<f8"], [1], [0, 8], "C", True]},
    {"array": ["<U2", [1], [0, 8], "C", True]}, {"scalar": ["<f8", [0, 3]]}, {"scalar": ["<f8", [4, 8]]}, {"int": "0x" + "f" * 5000}, {"int": 5},
    {"float": "1e5"}, {"float": None}, {"theirs": [1, "f"]}, {"theirs": ["1", "f", "k", True]}, {"theirs": [True, "f", "k", True]}, {"yours": -1},
    {"yours": "x"}, {"dict": [[{"list": []}, 1]]}, {"dict": 3}, {"set": [{"list": []}]}, {"type": "eval"}, {"type": 5}, {"dtype": "O"}, {"range": [0, 1, 0]},
    {"range": [0, 2**80, 1]}, {"range": [0, 10**9, 1]}, {"set": list(range(20_000))}, {"dict": [[i, 0] for i in range(20_000)]}, {"complex": [1]}, {"pickle": "x"}, {"list": {"a": 1}}, {"bytes": [0, 99]}, {}, {"int": "1", "float": "nan"}, [1, 2],
    2**70, {"slice": [1]}, {"tuple": "ab"}, {"__class__": 1}]


@pytest.mark.parametrize("node", hostile_nodes, ids=[json.dumps(n)[:40] for n in hostile_nodes])
def test_hostile_nodes_are_refused(node):
    def resolve(number):
        raise values.WireError("no such object")

    with pytest.raises(values.WireError):
        values.Reader(bytearray(b"\xff" * 8), resolve, lambda handle: handle).value(node)


json_like = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
                         lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from([*values._READERS, "x"]), inner, max_size=2), max_leaves=15)


@quick
@given(json_like, st.binary(max_size=40))
def test_whatever_json_comes_the_reader_gives_a_plain_value_or_refuses(node, blob):
    plain = (type(None), bool, int, float, str, complex, bytes, list, tuple, dict, set, frozenset, np.ndarray, np.generic, slice, range, np.dtype,
             type, type(Ellipsis), values.Handle)
    try:
        value = values.Reader(bytearray(blob), lambda number: 0, lambda handle: handle).value(node)
    except values.WireError:
        return
    assert isinstance(value, plain)


# --- frames ---------------------------------------------------------------------------------------------------------

def pair():
    a, b = socket.socketpair()
    return wire.Channel(a), b


def test_a_frame_crosses():
    channel, other = pair()
    sent = threading.Thread(target=wire.Channel(other).send, args=({"a": [1, "é"]}, b"xyz" * 100_000))
    sent.start()
    assert channel.receive() == ({"a": [1, "é"]}, bytearray(b"xyz" * 100_000))
    sent.join()


@pytest.mark.parametrize("raw", [
    struct.pack(">II", 2**32 - 1, 0), struct.pack(">II", 5, 2**32 - 1), struct.pack(">II", 4, 0) + b"nope", struct.pack(">II", 2, 0) + b"[]",
    struct.pack(">II", 8, 0) + b'{"a":NaN', struct.pack(">II", 9, 0) + b'{"a":NaN}', struct.pack(">II", 3, 0) + b"\xff\xfe\x00",
    struct.pack(">II", 200_000, 0) + b"[" * 200_000, struct.pack(">II", 6_000, 0) + b'{"a":' + b"9" * 5_994 + b"}"],
    ids=["4 GB of text", "4 GB of bytes", "no JSON", "no object", "cut", "NaN", "not UTF-8", "deep", "long number"])
def test_what_is_no_frame_is_refused(raw):
    channel, other = pair()
    channel.deadline = time.monotonic() + 5
    writer = threading.Thread(target=other.sendall, args=(raw,))
    writer.start()
    with pytest.raises(values.WireError):
        channel.receive()
    writer.join()


def test_a_side_that_is_gone_or_late_is_told_apart():
    channel, other = pair()
    channel.deadline = time.monotonic() + 0.05
    with pytest.raises(wire.Late):
        channel.receive()
    channel.deadline = None
    other.sendall(b"\x00\x00")
    other.close()
    with pytest.raises(wire.Closed):
        channel.receive()
    with pytest.raises(wire.Closed):
        for _ in range(3):
            channel.send({"a": 1})


# --- errors ---------------------------------------------------------------------------------------------------------

class Mine(ValueError):
    pass


@pytest.mark.parametrize("error, base", [(ValueError("a"), ValueError), (Mine("b"), ValueError), (KeyError("c"), KeyError), (NotImplementedError("d"), NotImplementedError),
                                         (np.linalg.LinAlgError("e"), ValueError), (UnicodeDecodeError("utf-8", b"", 0, 1, "f"), ValueError)])
def test_an_error_arrives_as_of_its_type(error, base):
    got = raised(told(error, "x = 1"))
    assert isinstance(got, base) and type(got).__name__ == (type(error).__name__ if base is not type(error) else base.__name__)
    assert str(got) == str(error) and got.learner_line == "x = 1"


def test_the_end_of_an_iteration_ends_no_loop_here():
    assert not isinstance(raised(told(StopIteration(1))), StopIteration)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_nothing_that_ends_a_process_is_raised_here(error):
    assert isinstance(raised(told(error)), Exception)


@pytest.mark.parametrize("report", [None, 5, {}, {"type": 1, "base": "ValueError", "message": ""}, {"type": "A", "base": [], "message": ""}])
def test_a_report_that_is_none_is_an_error_too(report):
    assert isinstance(raised(report), values.WireError)


def test_numbers_that_json_does_not_know():
    got = crossed([math.nan, math.inf, -math.inf, -0.0, 5e-324])
    assert math.isnan(got[0]) and got[1:3] == [math.inf, -math.inf] and math.copysign(1, got[3]) == -1 and got[4] == 5e-324
