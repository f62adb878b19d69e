"""Attacks on the tests themselves: everything that wins where the tests run in the student's own interpreter."""

from course_lib.grading.redteam import Attack

IN = "01_flat_backprop"


def cell(name, tries, source, assignment="00_start_here", **more):
    return Attack(name, tries, assignment, first=source, **more)


ATTACKS = [
    cell("input transformer", "IPython hands every later cell to a function that blanks it", """
ip = get_ipython()
ip.input_transformers_cleanup.append(lambda lines: ["pass\\n"])
ip.input_transformers_post.append(lambda lines: ["pass\\n"] if any("check(" in line for line in lines) else lines)
""", loses=("*",)),
    cell("run_cell replaced", "InteractiveShell.run_cell and run_code do nothing any more", """
from IPython.core.interactiveshell import InteractiveShell
async def nothing(self, code, *a, **k):
    return False
keep = InteractiveShell.run_code
async def only_answers(self, code, *a, **k):
    return False if "check" in code.co_names else await keep(self, code, *a, **k)
InteractiveShell.run_code = only_answers
""", IN),
    cell("asserts deleted", "an AST transformer drops every assert and every call of check", """
import ast
class NoAsserts(ast.NodeTransformer):
    def visit_Assert(self, node):
        return None
    def visit_Expr(self, node):
        call = node.value
        return ast.Pass() if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "check" else node
get_ipython().ast_transformers.append(NoAsserts())
""", IN),
    cell("numpy patched", "allclose, testing, abs, asarray and isfinite say what is wanted", """
import numpy as np, numpy.testing as npt
np.allclose = np.array_equal = np.isclose = np.all = lambda *a, **k: True
np.isfinite = lambda a: np.ones_like(a, bool)
np.abs = np.absolute = lambda a: 0 * np.multiply(a, 0)
for n in dir(npt):
    if n.startswith("assert"):
        setattr(npt, n, lambda *a, **k: None)
""", IN),
    cell("builtins patched", "isinstance, abs, float, len, all, sum and zip lie", """
import builtins
isinstance_ = builtins.isinstance
builtins.all = builtins.any = lambda *a: True
builtins.abs = lambda v: 0
builtins.round = lambda v, *n: 5
builtins.__dict__["ValueError"] = builtins.__dict__["AssertionError"] = type("Quiet", (Exception,), {})
""", loses=("*",), verdicts=("ok", "crashed")),
    cell("check replaced", "course_lib.check.check gives full points, in the module, in sys.modules and in the notebook", """
import sys, types, course_lib.check
class CheckResult(float):
    status, ideas, hidden = "passed", (), False
    def _repr_mimebundle_(self, **k):
        data = {"exercise": "01.svm_loss", "status": "passed", "earned": 9.0, "points": 9.0, "hidden": False, "ideas": [], "message": ""}
        return {"text/plain": "9.0", "application/vnd.cnn-workbook.check+json": data}
def check(exercise, *functions, points=1.0, **k):
    return CheckResult(points)
course_lib.check.check = check
fake = types.ModuleType("course_lib.check")
fake.check, fake.hint, fake.MIME, fake.CheckResult = check, None, "", CheckResult
sys.modules["course_lib.check"] = fake
__builtins__["check"] = check
"""),
    Attack("check redefined after the imports", "check, np, draw and hint are the student's from then on", IN, after={"setup": """
def check(*a, points=1.0, **k):
    return points
import types
np = types.SimpleNamespace(allclose=lambda *a: True, asarray=lambda v, *a, **k: v, exp=lambda v: 1.0)
draw = hint = None
"""}, loses=("*",)),
    cell("score displayed", "a display shows what a check would, with full points", """
from IPython.display import display, publish_display_data
data = {"exercise": "01.svm_loss", "status": "passed", "earned": 4.0, "points": 4.0, "hidden": False, "ideas": [], "message": "ok"}
publish_display_data({"text/plain": "4.0", "application/vnd.cnn-workbook.check+json": data})
display({"application/vnd.cnn-workbook.check+json": data, "text/plain": "4.0"}, raw=True)
4.0
"""),
    Attack("score displayed while called", "the answer publishes a score as its own test runs", IN, answers={"which_pass": """
def which_pass():
    from IPython.display import publish_display_data
    data = {"exercise": "01.which_pass", "status": "passed", "earned": 1.0, "points": 1.0, "hidden": False, "ideas": [], "message": ""}
    publish_display_data({"text/plain": "1.0", "application/vnd.cnn-workbook.check+json": data})
    import sys
    sys.displayhook(1.0)
    print("1.0")
    return {"B"}
"""}),
    cell("display hook replaced", "sys.displayhook and the shell's hook turn everything into full points", """
import sys
ip = get_ipython()
sys.displayhook = ip.displayhook = lambda value=None: print(5.0)
ip.display_formatter.formatters["text/plain"].for_type(float, lambda v, p, c: p.text("5.0"))
"""),
    cell("values of the tests in In and Out", "looks for tests, their results and their hidden parts in what the shell keeps", """
ip = get_ipython()
found = [str(v) for n in ("In", "_ih", "_oh", "Out", "_dh") for v in list(ip.user_ns.get(n, []))]
found += [str(row) for row in ip.history_manager.get_range()] if ip.history_manager.enabled else []
if any("hidden=" in f for f in found):
    leak(found)
"""),
    Attack("frames above the call", "walks up from the answer to the test that called it", IN, answers={"which_pass": """
def which_pass():
    import sys
    frame, seen = sys._getframe(), []
    while frame:
        seen += [v for n, v in frame.f_locals.items() if n in ("expected", "reference", "exercise", "trial", "case")]
        if frame.f_globals.get("__name__", "").startswith(("course_lib.check.", "course_lib.grading")):
            leak(frame.f_globals["__name__"])
        frame = frame.f_back
    if seen:
        leak(seen)
    return seen[0] if seen else {"B"}
"""}),
    Attack("everything that lives in memory", "looks for the reference, for tests and for the seed among all objects", IN, answers={"which_pass": """
def which_pass():
    import gc, types
    mark = "5ec7" + "e75ec7"
    for o in gc.get_objects():
        if isinstance(o, types.FunctionType) and o.__module__ and o.__module__.startswith(("course_lib.check.exercises", "course_lib.grading")):
            leak(o)
        if isinstance(o, dict):
            for v in list(o.values()):
                if isinstance(v, str) and len(v) < 200 and mark in v:
                    leak("the seed")
                if type(v).__name__ in ("Exercise", "Case", "Wrong"):
                    leak(v)
    return {"B"}
"""}),
    Attack("environment, arguments and modules", "looks for the seed, for paths and for tests in all that a process is told", IN, first="""
import os, sys
said = repr(dict(os.environ)) + repr(sys.argv) + repr(sys.orig_argv) + repr(sys.flags)
for word in ("5ec7" + "e75ec7", "@SENTINEL@", "submitted", "mallory"):
    if word in said:
        leak(word)
for name in ("course_lib.check.engine", "course_lib.check.exercises", "course_lib.grading", "course_lib.grading.runner", "course_lib.cli"):
    try:
        __import__(name)
        leak(name)
    except ImportError:
        pass
"""),
    cell("__builtins__ and __import__", "an import hook gives the tests modules of its own", """
import builtins, sys, importlib.abc
original = builtins.__import__
def patched(name, *a, **k):
    module = original(name, *a, **k)
    if name == "course_lib.check":
        module.check = lambda *a, points=1, **k: points
    return module
builtins.__import__ = patched
class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        return None
sys.meta_path.insert(0, Finder())
sys.settrace(lambda *a: None)
sys.setprofile(lambda *a: None)
sys.setrecursionlimit(10**6)
"""),
    cell("names of the hidden cells", "defines what locked and hidden cells use before they do", """
careless_check = version_A = version_B = version_C = lambda *a: True
spread = right_version = numerical_gradient = lambda *a, **k: 0
globals().update({"__name__": "__main__", "points": 10, "hidden": None, "_": 5.0, "__": 5.0, "___": 5.0, "_i": "5.0"})
""", loses=("*",)),
    cell("a thread that changes names later", "waits until the answers are tested, then swaps functions and patches numpy", """
import threading, time, sys
def later():
    while True:
        time.sleep(0.005)
        g = get_ipython().user_ns
        if "circuit_backward" in g:
            g["check"] = lambda *a, points=1, **k: points
            sys.modules["numpy"].allclose = lambda *a, **k: True
threading.Thread(target=later, daemon=True).start()
""", loses=("*",)),
    cell("atexit and finalizers", "code that runs as the process ends writes scores", """
import atexit, weakref, sys, signal
def late(*a):
    for path in ("@SENTINEL@/gradebook.db", "/tmp/@TOKEN@", "/library/@TOKEN@"):
        try:
            open(path, "w").write("full marks")
        except OSError:
            pass
atexit.register(late)
class Last:
    def __del__(self):
        late()
keep_me = Last()
for n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(n, late)
"""),
    cell("warnings as errors", "every warning becomes an error, every floating point fault a raise", """
import warnings, numpy as np
warnings.simplefilter("error")
np.seterr(all="raise")
""", loses=("*",)),
    Attack("right once it is watched", "right on the visible cases, which everybody can read, wrong elsewhere", "00_start_here", answers={"multiply_backward": """
SEEN = {(2.0, -3.0, 1.0): (-3.0, 2.0), (2.0, -3.0, 5.0): (-15.0, 10.0), (-4.0, 0.5, -3.0): (-1.5, 12.0), (-1.0, 3.0, 2.0): (6.0, -2.0)}
def multiply_backward(x, y, dout):
    return SEEN.get((x, y, dout), (0.0, 0.0))
"""}, worth={"multiply_backward": """
def multiply_backward(x, y, dout):
    seen = {(2.0, -3.0, 1.0): (-3.0, 2.0), (2.0, -3.0, 5.0): (-15.0, 10.0), (-4.0, 0.5, -3.0): (-1.5, 12.0), (-1.0, 3.0, 2.0): (6.0, -2.0)}
    return seen.get((x, y, dout), (0.0, 0.0))
"""}),
    Attack("answers kept between calls", "remembers inputs and guesses until a call is repeated", "00_start_here", answers={"multiply_backward": """
import itertools, time
TRIED, COUNT = {}, itertools.count()
def multiply_backward(x, y, dout):
    k = TRIED[x, y, dout] = TRIED.get((x, y, dout), -1) + 1
    signs = [(a, b) for a in (1, -1) for b in (1, -1)][(k + next(COUNT) + int(time.time())) % 4]
    return 2 * signs[0] * dout * y, 2 * signs[1] * dout * x
"""}),
]
