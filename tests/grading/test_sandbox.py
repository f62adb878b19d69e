"""One box: what runs in it, what it sees, how it ends."""

import glob
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from course_lib.grading import sandbox as module
from course_lib.grading.course import WorkbookError
from course_lib.grading.library import blank, write_library
from course_lib.grading.proxies import BoxEnded, StudentFunction, StudentObject
from course_lib.grading.sandbox import Limits, Sandbox, available

WITHHELD = ["conv.conv2d_backward", "conv.conv2d_backward_loops", "graph.Multiply.backward"]
SMALL = Limits(cpu_seconds=20, memory_bytes=200 << 20, processes=16, file_bytes=1 << 20)


@pytest.fixture(scope="module")
def sandbox():
    assert available()[0], available()[1]  # .ci/run installs bubblewrap; elsewhere: apt install bubblewrap
    with Sandbox(WITHHELD) as one:
        yield one


@pytest.fixture()
def box(sandbox):
    one = sandbox.box(SMALL, {"data.txt": b"five"})
    one.until(time.monotonic() + 20)
    yield one
    one.close()


def given(box, source):
    """The functions that a cell defines, by name."""
    ok, outputs = box.run(source)
    assert ok, outputs
    return lambda name: box.lookup(name)[1]


def shown(box, source):
    """What a cell prints."""
    ok, outputs = box.run(source)
    assert ok, outputs
    return "".join(o["text"] for o in outputs if o["output_type"] == "stream")


# --- cells and calls ------------------------------------------------------------------------------------------------

def test_a_cell_runs_as_in_jupyter(box):
    ok, outputs = box.run("import numpy as np\nprint('one')\n%time pass\ndisplay('two')\nnp.float64(3)")
    texts = [o.get("text") or o["data"]["text/plain"] for o in outputs]
    assert ok and texts[0].startswith("one") and texts[-2:] == ["'two'", "np.float64(3.0)"]


def test_an_error_is_an_output_and_the_next_cell_runs(box):
    ok, outputs = box.run("x = 1\n1 / 0")
    assert not ok and outputs[-1]["ename"] == "ZeroDivisionError"
    assert shown(box, "print(x)") == "1\n"


def test_functions_are_called_on_copies_and_what_they_changed_comes_back(box):
    f = given(box, "def f(x, rows, *, by):\n    x[0] = 9\n    rows.append(by)\n    return x * by, {'n': len(rows)}")("f")
    x, rows = np.arange(3.0), [1]
    (product, told), = [f(x, rows, by=2)]
    assert isinstance(f, StudentFunction) and repr(f) == "<function f>"
    assert product.tolist() == [18.0, 2.0, 4.0] and told == {"n": 2}
    assert x.tolist() == [9.0, 1.0, 2.0] and rows == [1, 2]


def test_a_read_only_argument_stays_read_only(box):
    f = given(box, "def f(x):\n    x += 1")("f")
    x = np.zeros(2)
    x.flags.writeable = False
    with pytest.raises(ValueError, match="read-only") as caught:
        f(x)
    assert caught.value.learner_line == "x += 1" and x.tolist() == [0, 0]


def test_a_function_that_the_test_hands_over_is_called_back(box):
    f = given(box, "def slope(f, x, h):\n    return (f(x + h) - f(x - h)) / (2 * h)")("slope")
    assert f(lambda v: v**2, 3.0, 0.5) == 6.0
    with pytest.raises(ZeroDivisionError):
        f(lambda v: 1 / 0, 3.0, 0.5)


def test_objects_work_by_their_methods_and_attributes(box):
    Gate = given(box, "class Gate:\n    def forward(self, x, y):\n        self.x, self.y = x, y\n        return x * y\n"
                      "    def backward(self, d):\n        return d * self.y, d * self.x")("Gate")
    gate = Gate()
    assert gate.forward(2.0, -3.0) == -6.0 and gate.backward(5.0) == (-15.0, 10.0) and gate.x == 2.0
    gate.x = 7.0
    assert gate.backward(1.0) == (-3.0, 7.0)
    feed = given(box, "def feed(gate):\n    return gate.forward(1.0, 4.0)")("feed")
    assert feed(gate) == 4.0  # the student's own object, given back to the student


def test_an_object_of_the_tests_can_be_used_but_not_looked_into(box):
    class Node:
        weight = 3.0

        def forward(self, x):
            return x * self.weight

    use = given(box, "def use(node):\n    return node.forward(2.0), node.weight")("use")
    assert use(Node()) == (6.0, 3.0)
    for look in ("node.forward.__globals__", "node.__dict__['weight']", "node._secret", "node.forward.__self__"):
        with pytest.raises((AttributeError, TypeError, KeyError)):
            given(box, f"def look(node):\n    return {look}")("look")(Node())


def test_a_stand_in_is_never_asked_whether_it_is_equal_or_true(box):
    sly = given(box, "class Sly:\n    def __eq__(self, other): return True\n    def __bool__(self): return True\n    def __float__(self): return 1.0\n"
                     "    def __len__(self): return 3\n"
                     "    def __array_ufunc__(self, *a, **k): return True\ndef sly(): return Sly()")("sly")()
    assert isinstance(sly, StudentObject)
    for use in (lambda v: v == 1.0, lambda v: v != 1.0, lambda v: v < 1.0, bool, float, len, list, lambda v: np.add(v, 1), lambda v: np.allclose(v, 1.0)):
        with pytest.raises(TypeError):
            use(sly)


def test_what_is_printed_and_warned_of_in_a_call_is_heard_here(box, capsys):
    f = given(box, "import warnings\ndef f():\n    print('inside')\n    warnings.warn('careful', RuntimeWarning)\n    return 1")("f")
    with pytest.warns(RuntimeWarning, match="careful"):
        assert f() == 1
    assert capsys.readouterr().out == "inside\n"


@pytest.mark.parametrize("body, kind", [("raise SystemExit(3)", RuntimeError), ("raise KeyboardInterrupt", RuntimeError), ("return input()", NotImplementedError),
                                        ("raise NotImplementedError", NotImplementedError), ("return {}['k']", KeyError), ("return f()", RecursionError)])
def test_what_a_call_raises_is_raised_here(box, body, kind):
    f = given(box, f"def f():\n    {body}")("f")
    with pytest.raises(kind) as caught:
        f()
    assert (type(caught.value) is NotImplementedError) == ("raise NotImpl" in body)
    assert given(box, "def g():\n    return 5")("g")() == 5  # and the process lives


def test_values_that_cannot_cross_are_told(box):
    f = given(box, "def f():\n    x = []\n    x.append(x)\n    return x")("f")
    with pytest.raises(TypeError, match="too deep"):
        f()
    for value in (os, np.random.default_rng(0)):
        with pytest.raises(TypeError, match="cannot be handed over"):
            f(value)
    assert given(box, "def g():\n    return 5")("g")() == 5


# --- what a box sees ------------------------------------------------------------------------------------------------

def test_a_box_sees_the_system_python_and_its_library_alone(box):
    seen = json.loads(shown(box, """
import json, os, tempfile
print(json.dumps({"root": os.listdir("/"), "tmp": os.listdir(tempfile.gettempdir()), "home": os.listdir(os.path.expanduser("~")), "here": os.listdir(),
                  "proc": os.listdir("/proc"), "uid": os.getuid(), "pid": os.getpid(), "variables": sorted(os.environ)}))"""))
    assert seen["tmp"] == [] and seen["proc"] == [] and seen["home"] == ["work"] and seen["here"] == ["data.txt"] and seen["uid"] != 0 and seen["pid"] == 1
    assert not any("grad" in v.lower() or "student" in v.lower() for v in seen["variables"])
    course = os.path.dirname(os.path.dirname(os.path.abspath(module.__file__)))
    root = os.path.dirname(course)
    assert shown(box, f"import glob; print(glob.glob({root!r} + '/*'), glob.glob({root!r} + '/**/*.ipynb', recursive=True))").split()[-1] == "[]"
    assert not os.path.exists(os.path.join(root, ".venv")) or shown(box, f"import os; print(os.listdir({root!r}))") == "['.venv']\n"


def test_withheld_functions_say_why_and_the_rest_works(box):
    f = given(box, "from course_lib import conv, graph\nimport numpy as np\ndef f():\n    return conv.conv2d_backward(1, 2)\n"
                   "def g():\n    return graph.Multiply().backward(1.0)\ndef h():\n    return conv.conv2d_forward(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)))[0]")
    for name in "fg":
        with pytest.raises(RuntimeError, match="what this assignment asks you to write"):
            f(name)()
    assert f("h")().tolist() == [[[[4.0, 4.0], [4.0, 4.0]]]]


@pytest.mark.parametrize("code", [
    "import course_lib.check.exercises", "import course_lib.grading", "import course_lib.check.engine", "import socket; socket.create_connection(('127.0.0.1', 22), 1)",
    "open('/work.txt', 'w')", "import course_lib; open(course_lib.__file__, 'a')", "import numpy; open(numpy.__file__, 'a')", "import os; os.setuid(0)",
    "import os; os.kill(2, 9)", "import ctypes, os\nif ctypes.CDLL(None).mount(None, b'/', None, 32, None): raise OSError('no')",
    "import ctypes\nif ctypes.CDLL(None).unshare(0x10020000): raise OSError('no')", "import os; os.memfd_create('x')",
    "import socket; socket.socket(40, socket.SOCK_STREAM)", "import ctypes\nif ctypes.CDLL(None).shmget(0, 4096, 0o1600) < 0: raise OSError('no')",
    "import ctypes\nif ctypes.CDLL(None).ptrace(0, 0, 0, 0): raise OSError('no')", "open('/dev/sda')", "open('/dev/mem')", "import os; os.chroot('/tmp')"],
    ids=lambda c: c.replace("import ", "")[:40])
def test_a_box_can_not(box, code):
    ok, outputs = box.run(code)
    assert not ok, outputs


def test_two_boxes_share_nothing(sandbox):
    leave = """
import os, tempfile, numpy as np, builtins
for folder in (tempfile.gettempdir(), os.path.expanduser("~"), "/dev/shm"):
    open(folder + "/left", "w").write("x")
np.left = builtins.left = 5
np.random.seed(0)
os.environ["LEFT"] = "1"
"""
    one, two = sandbox.box(SMALL), sandbox.box(SMALL)
    for each in (one, two):
        each.until(time.monotonic() + 20)
    assert one.run(leave)[0]
    look = """
import os, tempfile, numpy as np, builtins
print([f for f in (tempfile.gettempdir(), os.path.expanduser("~"), "/dev/shm") if os.path.exists(f + "/left")], hasattr(np, "left"), hasattr(builtins, "left"), "LEFT" in os.environ)"""
    assert shown(two, look) == "[] False False False\n"
    assert shown(one, "import numpy as np; print(np.random.rand())") != shown(two, "import numpy as np; print(np.random.rand())")
    one.close(), two.close()


# --- how it ends ----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("code, why", [
    ("import os; os._exit(3)", "crashed"), ("import ctypes; ctypes.string_at(0)", "crashed"), ("while True: pass", "timeout"),
    ("import time; time.sleep(60)", "timeout"), ("import sys\ntry:\n    while True: pass\nexcept BaseException:\n    while True: pass", "timeout"),
    ("import os\nwhile True: display({'image/png': 'x' * 10**6}, raw=True)", "output"),
    ("import os\nfor i in range(40):\n    if os.fork() == 0:\n        x = bytearray(10**8)\n        import time; time.sleep(9)\nimport time; time.sleep(9)", "memory"),
    ("import os, glob\nfor fd in range(3, 40):\n    try: os.write(fd, b'garbage' * 99)\n    except OSError: pass", "crashed"),
    ("import os\nos.closerange(3, 99)", "crashed")], ids=["exit", "segfault", "loop", "sleep", "stubborn", "flood", "memory", "garbage", "hang up"])
def test_every_end_has_its_verdict_and_leaves_no_process(sandbox, code, why):
    box = sandbox.box(SMALL)
    box.until(time.monotonic() + 2)
    with pytest.raises(BoxEnded) as caught:
        box.run(code)
    assert caught.value.why == why, caught.value
    with pytest.raises(BoxEnded):
        box.run("1")
    other = sandbox.box(SMALL)  # the template goes on
    other.until(time.monotonic() + 20)
    assert shown(other, "print(6 * 7)") == "42\n"
    other.close()


def test_memory_of_one_process_is_a_memory_error_there(box):
    ok, outputs = box.run("x = bytearray(10**9)")
    assert not ok and outputs[-1]["ename"] == "MemoryError"
    assert shown(box, "print(1)") == "1\n"


def test_a_file_can_not_fill_the_disk(box):
    ok, outputs = box.run("import tempfile\nwith open(tempfile.gettempdir() + '/big', 'wb') as f:\n    for _ in range(99):\n        f.write(bytes(10**6))")
    assert not ok and outputs[-1]["ename"] == "OSError"


def test_endless_printing_is_cut(box):
    ok, outputs = box.run("while True: print('a' * 1000)")
    assert not ok and outputs[-1]["ename"] == "PrintedTooMuch"
    assert sum(len(o.get("text", "")) for o in outputs) < 1_100_000


def test_closing_ends_everything_and_removes_the_copy():
    with Sandbox() as one:
        box = one.box(SMALL)
        box.until(time.monotonic() + 20)
        marker = "workbook-marker-of-this-test"
        assert box.run(f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)', '{marker}'])")[0]
        folder, process = one.folder, one._process.pid
    time.sleep(0.1)
    assert not folder.exists() and not os.path.exists(f"/proc/{process}")
    commands = [open(p, "rb").read() for p in glob.glob("/proc/[0-9]*/cmdline") if os.path.exists(p)]
    assert not any(marker.encode() in c for c in commands)


def test_a_template_that_was_killed_is_started_again(sandbox):
    sandbox.start()
    sandbox._process.kill()
    sandbox._process.wait()
    box = sandbox.box(SMALL)
    box.until(time.monotonic() + 20)
    assert shown(box, "print(1)") == "1\n"
    box.close()


def test_the_sandbox_ends_with_the_process_that_opened_it():
    code = ("import os, sys, time\nfrom course_lib.grading.sandbox import Sandbox\ns = Sandbox()\ns.start()\nprint(s._process.pid, flush=True)\nprint(os.getpid(), file=sys.stderr, flush=True)\nos.kill(os.getpid(), 9)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    pid = int(done.stdout)
    for _ in range(50):
        if not os.path.exists(f"/proc/{pid}"):
            break
        time.sleep(0.1)
    assert not os.path.exists(f"/proc/{pid}")
    left = list(Path(tempfile.gettempdir()).glob(f"{module.PREFIX}{done.stderr.strip()}-*"))
    assert left  # killed, it could not tidy up: the next one does
    Sandbox(isolation="none").close()
    assert not any(folder.exists() for folder in left)


# --- other isolation ------------------------------------------------------------------------------------------------

def test_without_namespaces_for_each_box_every_box_has_its_own_bubblewrap(monkeypatch):
    monkeypatch.setattr(module, "MODULES", ["numpy", "IPython"])
    with Sandbox(WITHHELD) as one:
        one.nested = False
        boxes = [one.box(SMALL), one.box(SMALL)]
        for box in boxes:
            box.until(time.monotonic() + 20)
            assert shown(box, "import os, tempfile; t = tempfile.gettempdir(); print(os.listdir(t), os.getuid() != 0); open(t + '/left', 'w').close()").endswith("True\n")
        assert "one for each hand-in" in one.isolation
        for box in boxes:
            box.close()


def test_without_a_sandbox_it_refuses_unless_told(monkeypatch):
    monkeypatch.setattr(module, "available", lambda: (False, "bubblewrap is not installed"))
    with pytest.raises(WorkbookError, match="--no-sandbox"):
        Sandbox()
    monkeypatch.setattr(module, "MODULES", ["numpy", "IPython"])
    with Sandbox(WITHHELD, "none") as one:
        box = one.box(SMALL, {"data.txt": b"five"})
        box.until(time.monotonic() + 20)
        assert "none (--no-sandbox)" in one.isolation
        assert shown(box, "print(open('data.txt').read())") == "five\n"
        f = given(box, "from course_lib.conv import conv2d_backward\ndef f():\n    return conv2d_backward(1, 2)")("f")
        with pytest.raises(RuntimeError, match="what this assignment asks"):
            f()
        box.close()


# --- the library's copy ---------------------------------------------------------------------------------------------

def test_the_copy_has_no_tests_and_no_answers(tmp_path):
    write_library(tmp_path, WITHHELD)
    assert not [p for p in tmp_path.rglob("*") if p.name in ("grading", "exercises", "engine.py", "cli")]
    assert "what this assignment asks" in (tmp_path / "course_lib" / "conv.py").read_text()


def test_the_names_of_the_checks_are_there_and_take_the_same_arguments(tmp_path):
    """A locked cell that imports them runs in the box too: a name that is missing there would cost every answer its imports."""
    import inspect
    import runpy

    import course_lib.check as real

    write_library(tmp_path, [])
    stub = runpy.run_path(str(tmp_path / "course_lib" / "check" / "__init__.py"))
    assert set(real.__all__) <= set(stub)
    for name in ("check", "hint", "show_numbers"):
        assert list(inspect.signature(stub[name]).parameters) == list(inspect.signature(getattr(real, name)).parameters), name


def test_a_name_that_the_library_does_not_have_is_refused(tmp_path):
    with pytest.raises(WorkbookError, match="conv.nothing"):
        write_library(tmp_path, ["conv.nothing"])


def test_blanking_keeps_docstrings_and_neighbours():
    source = 'def f(x):\n    """Doc."""\n    y = x\n    return y\n\n\nclass A:\n    def g(self):\n        return 1\n\n    def h(self):\n        return 2\n'
    namespace = {}
    exec(blank(source, ["f", "A.g"]), namespace)
    assert namespace["f"].__doc__ == "Doc." and namespace["A"]().h() == 2
    for call in (lambda: namespace["f"](1), lambda: namespace["A"]().g()):
        with pytest.raises(RuntimeError, match="asks you to write"):
            call()
