"""Attacks on the machine: memory, processes, files, output, time, and every way of ending."""

from course_lib.grading.redteam import Attack

C = "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
LATE = {"cell_seconds": 2}


def cell(name, tries, source, *verdicts, **more):
    """A cell of the student's own between two questions: these keep their marks, whatever becomes of the cell."""
    return Attack(name, tries, first=source, verdicts=verdicts or ("ok",), **more)


def called(name, tries, body, *verdicts, **more):
    """In one answer of three, the others right."""
    tests = {"before": ("assert before(3) == 4", 1, 1), "answer": ("assert answer() == {'B'}", 2, 0), "after": ("assert after(3) == 5", 1, 1)}
    return Attack(name, tries, "98_made_up", tests=tests, verdicts=verdicts or ("ok",), answers={
        "before": "def before(x):\n    return x + 1\n", "answer": f"import os, sys, time\ndef answer():\n{body}", "after": "def after(x):\n    return x + 2\n"}, **more)


ATTACKS = [
    # --- memory
    cell("memory", "one process takes all it can get", "held = []\nwhile True:\n    held.append(bytearray(1 << 22))", "memory", "crashed"),
    cell("memory, errors caught", "goes on after each MemoryError", """
held = []
while True:
    try:
        held.append(bytearray(1 << 24))
    except MemoryError:
        pass
""", "memory", "crashed", "timeout", limits=LATE),
    cell("memory of many processes", "each takes a part", """
import os, time
for _ in range(12):
    if os.fork() == 0:
        held = bytearray(60 << 20)
        held[::4096] = b"x" * len(held[::4096])
        time.sleep(30)
        os._exit(0)
time.sleep(30)
""", "memory", "timeout", limits=LATE),
    cell("memory behind an ended thread", "each process' first thread ends, so that it looks like a process that is no more", C + """
import os, threading, time
def hold():
    time.sleep(0.2)
    held = bytearray(60 << 20)
    held[::4096] = b"x" * len(held[::4096])
    time.sleep(30)
for _ in range(12):
    if os.fork() == 0:
        threading.Thread(target=hold).start()
        libc.syscall(60 if os.uname().machine == "x86_64" else 93, 0)
time.sleep(30)
""", "memory", limits={"cell_seconds": 20, "processes": 40}),
    cell("memory shared", "pages of a shared map, let go and taken again", """
import mmap
held = []
for _ in range(60):
    m = mmap.mmap(-1, 16 << 20)
    m.write(b"x" * (16 << 20))
    held.append(m)
""", "memory", "crashed", "ok"),
    cell("memory in no process: memfd", "files that live in memory and have no name", """
import os
total = 0
try:
    for i in range(400):
        fd = os.memfd_create(f"@TOKEN@{i}")
        os.write(fd, bytes(3 << 20))
        total += 3
except OSError:
    pass
if total > 300:
    leak(total, "MB")
""", "memory", "crashed", "ok"),
    cell("memory in no process: SysV", "shared segments that outlive the process which made them", C + """
libc.shmat.restype, libc.shmat.argtypes, libc.shmdt.argtypes = ctypes.c_void_p, [ctypes.c_int, ctypes.c_void_p, ctypes.c_int], [ctypes.c_void_p]
total = 0
for _ in range(25):
    segment = libc.shmget(0, 16 << 20, 0o1600)
    place = libc.shmat(segment, None, 0) if segment >= 0 else None
    if place in (None, 2**64 - 1, -1):
        break
    ctypes.memset(place, 1, 16 << 20)
    libc.shmdt(place)
    total += 16
if total > 300:
    leak(total, "MB beside the limit")
""", "memory", "crashed", "ok"),
    cell("memory in pipes and sockets", "full buffers that nobody reads", """
import os, socket, fcntl
held, total = [], 0
try:
    while True:
        r, w = os.pipe()
        os.set_blocking(w, False)
        try:
            fcntl.fcntl(w, 1031, 1 << 20)
            while True:
                total += os.write(w, bytes(1 << 16))
        except BlockingIOError:
            pass
        held.append((r, w))
except OSError:
    pass
if total > 400 << 20:
    leak(total)
"""),
    cell("memory in message queues", "queues of the kernel, as many and as long as it will have", C + """
total = 0
for i in range(200):
    q = libc.mq_open(b"/@TOKEN@%d" % i, 0o102, 0o600, None)
    if q < 0:
        break
    while libc.syscall(242, q, bytes(8000), 8000, 0, ctypes.byref((ctypes.c_long * 2)(1, 0))) == 0:
        total += 8000
if total > 50 << 20:
    leak(total)
"""),
    # --- processes, files
    cell("fork bomb", "every process makes two", "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass", "timeout", "memory", limits=LATE),
    cell("thread bomb", "threads without end", """
import threading, time
try:
    while True:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
except RuntimeError:
    print("no more")
""", "ok", "crashed", "memory", "timeout", limits=LATE),
    cell("files without end", "one large file, then many, in every folder that can be written to", """
import os
total = 0
for folder in ("/tmp", "/home/student", "/dev/shm", "/proc", "/dev", "/", "/home", "/library", "/usr/local", "/var/tmp", "."):
    try:
        with open(f"{folder}/@TOKEN@", "wb") as f:
            for _ in range(64):
                f.write(bytes(1 << 20))
                f.flush()
                total += 1
    except OSError:
        pass
    try:
        for i in range(400):
            with open(f"{folder}/@TOKEN@{i}", "wb") as f:
                f.write(bytes(1 << 20))
            total += 1
    except OSError:
        pass
if total > 200:
    leak(total, "MB of files")
"""),
    cell("names without end", "empty files until there are no inodes", """
import os
count = 0
for folder in ("/tmp", "/home/student", "/dev/shm", "/"):
    try:
        for i in range(20000):
            os.mkdir(f"{folder}/@TOKEN@{i}")
            count += 1
    except OSError:
        pass
if count > 15000:
    leak(count, "names")
"""),
    # --- output
    cell("prints without end", "print in a loop", "while True:\n    print('x' * 1000)", "output", "timeout", limits=LATE),
    cell("prints without end, errors caught", "goes on when told to stop", """
import sys
while True:
    try:
        while True:
            sys.stderr.write('x' * 1000)
    except BaseException:
        pass
""", "output", "timeout", limits=LATE),
    cell("displays without end", "a thousand displays a moment", "while True:\n    display({'text/plain': 'x' * 10000}, raw=True)", "output", "timeout", limits=LATE),
    cell("pictures without end", "pictures of a megabyte each", """
from IPython.display import publish_display_data
for _ in range(100):
    publish_display_data({"image/png": "iVBORw0KGgo" + "A" * 10**6})
""", "output", "ok", "timeout"),
    cell("writes to the descriptors", "past Python's streams", "import os\nfor fd in (0, 1, 2):\n    for _ in range(100):\n        os.write(fd, b'x' * 65536)"),
    cell("an error of ten megabytes", "message and traceback", "def f(n):\n    if n:\n        return f(n - 1)\n    raise ValueError('x' * 10**7)\nf(300)", "ok", "timeout"),
    called("prints while it is called", "a million lines in each call", "    for _ in range(10**6):\n        print('x' * 100)\n    return {'A'}\n", "ok", "timeout", "output"),
    # --- time
    cell("a loop at the top", "while True", "while True:\n    pass", "timeout", limits=LATE),
    cell("a loop that catches all", "every exception caught", "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass", "timeout", limits=LATE),
    cell("signals ignored", "every signal that can be", "import signal\nfor n in range(1, 65):\n    try:\n        signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError):\n        pass\nwhile True:\n    pass",
         "timeout", limits=LATE),
    cell("stopped", "the process stops itself", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\nimport time\ntime.sleep(60)", "timeout", limits=LATE),
    cell("asleep in C", "a call that no interrupt ends", C + "libc.sleep(60)", "timeout", limits=LATE),
    cell("one number that takes for ever", "inside a single operation", "x = 9 ** (9 ** 9)", "timeout", "memory", "crashed", "ok", limits=LATE),
    cell("an expression that the regular expressions choke on", "inside C without a pause", "import re\nre.match('(a+)+$', 'a' * 60 + 'b')", "timeout", limits=LATE),
    called("a loop in a call", "while True", "    while True:\n        pass\n", "timeout", limits=LATE),
    called("a loop in repr", "the result's, which nobody should ask for", "    class R:\n        def __repr__(self):\n            while True:\n                pass\n    return R()\n", limits=LATE),
    called("a loop in an error's text", "str of the exception", "    class E(Exception):\n        def __str__(self):\n            while True:\n                pass\n    raise E\n", "timeout", limits=LATE),
    called("a loop in a finalizer", "as the result is let go", "    class D:\n        def __del__(self):\n            while True:\n                pass\n    D()\n    return {'A'}\n", "timeout", limits=LATE),
    called("sleeps in an except", "longer than it may", "    try:\n        time.sleep(60)\n    except BaseException:\n        time.sleep(60)\n    finally:\n        time.sleep(60)\n", "timeout", limits=LATE),
    called("all processor time", "burns it in children", "    for _ in range(8):\n        if os.fork() == 0:\n            while True:\n                pass\n    time.sleep(60)\n", "timeout", "memory", limits=LATE),
    # --- ends
    *[called(f"raises {name}", "in a call", f"    raise {name}('bye')\n") for name in
      ("SystemExit", "KeyboardInterrupt", "GeneratorExit", "StopIteration", "StopAsyncIteration", "MemoryError", "RecursionError", "NotImplementedError",
       "ExceptionGroup('x', [ValueError()]) or Exception", "UnicodeDecodeError('utf-8', b'x', 0, 1, 'x') or Exception")],
    called("raises a BaseException of its own", "in a call", "    class Out(BaseException):\n        pass\n    raise Out\n", "ok", "crashed"),
    called("raises an error that cannot be told", "str raises, args lie", "    class E(Exception):\n        args = property(lambda self: 1 / 0)\n        def __str__(self):\n            raise SystemExit\n    raise E\n", "ok", "crashed"),
    called("exits at once", "os._exit", "    os._exit(0)\n", "crashed"),
    called("crashes", "a null pointer", "    import ctypes\n    ctypes.string_at(0)\n", "crashed"),
    called("aborts", "in C", "    os.abort()\n", "crashed"),
    called("kills itself", "and everything it can see", "    os.kill(-1, 9)\n    os.kill(os.getpid(), 9)\n    os.killpg(0, 9)\n", "ok", "crashed"),
    called("recursion", "without end", "    return answer()\n", "ok", "crashed"),
    called("recursion in C", "deeper than the stack", "    sys.setrecursionlimit(10**9)\n    f = lambda n: [f(n + 1)] + sorted([1], key=lambda v: f(n))\n    return f(0)\n", "crashed", "ok", "memory", "timeout"),
    called("exec in its own place", "another program", "    os.execv('/bin/sh', ['sh', '-c', 'exit 0'])\n", "crashed"),
    cell("quits", "exit() and quit() at the top, as in a notebook", "exit()\nquit()", "ok", "crashed"),
    cell("asks for input", "and waits for somebody", "name = input('name? ')"),
    cell("a sum of five thousand terms", "too deep for some readers of syntax trees", "x = 1\ny = " + "+".join(["x"] * 5000), "ok", "crashed"),
    Attack("an answer of one long sum", "too deep for what compares syntax trees", answers={"multiply_backward":
           f"def multiply_backward(x, y, dout):\n    nothing = {'+'.join(['0 * x'] * 600)}\n    return dout * y + nothing, dout * x\n"},
           worth={"multiply_backward": "def multiply_backward(x, y, dout):\n    return dout * y, dout * x\n"}),
    Attack("an answer of a hundred thousand letters", "long to read for the side that does not run it", answers={"multiply_backward":
           "def multiply_backward(x, y, dout):\n    return [" + "0," * 50_000 + "]\n"}, verdicts=("ok", "timeout")),
    Attack("everything at once", "every question ends its process in its own way", "01_flat_backprop", answers={
        "circuit_forward": "import os\ndef circuit_forward(*a):\n    os._exit(1)\n", "circuit_backward": "def circuit_backward(*a):\n    os._exit(2)\n",
        "svm_loss": "def svm_loss(*a):\n    import ctypes\n    ctypes.string_at(0)\n", "two_layer_loss": "def two_layer_loss(*a):\n    raise SystemExit\n"}, verdicts=("crashed",)),
]
