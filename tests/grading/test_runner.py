"""A whole hand-in on both sides of the sandbox: scores, verdicts, what is kept when something ends, what is carried forward."""

import json
import re

import nbformat
import pytest

from course_lib.check import engine
from course_lib.check.exercises import everything, exercises, find
from course_lib.grading.answers import compiled, right_answers, split_functions
from course_lib.grading.course import Course
from course_lib.grading.names import bound, builtin_names, free, needed_cells
from course_lib.grading.runner import run_hand_in
from course_lib.grading.sample import sample_class
from course_lib.grading.sandbox import open_sandbox
from course_lib.grading.session import Session

from hand_ins import ROOT, SEED, frame, hand_in, job, points, solved

ASSIGNMENTS = sorted(p.parent.name for p in (ROOT / "solutions").glob("*/*.ipynb"))


@pytest.fixture(scope="module")
def sandbox_of():
    """The warm sandbox of an assignment. Each hand-in has a box of its own in it."""
    opened = {}

    def one(assignment):
        if assignment not in opened:
            opened[assignment] = open_sandbox(job(assignment, solved(assignment)))
        return opened[assignment]

    yield one
    for sandbox in opened.values():
        sandbox.close()


@pytest.fixture(scope="module")
def run(sandbox_of):
    """Run a hand-in in the warm sandbox of its assignment."""
    return lambda assignment, notebook, **options: run_hand_in(job(assignment, notebook, **options), sandbox_of(assignment))


def shown(record, assignment, grade_id):
    """The text of a cell's outputs in the executed notebook."""
    cells = json.loads(record["notebooks"][assignment])["cells"]
    cell = next(c for c in cells if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)
    return json.dumps(cell["outputs"], ensure_ascii=False)


# --- right and empty answers ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_solved_notebook_has_full_marks_and_the_stubs_none(run, assignment):
    full = run(assignment, solved(assignment))
    entries = full["scores"][assignment].values()
    assert full["verdict"] == "ok" and full["notes"] == [] and full["isolation"].startswith("bubblewrap")
    assert all(e["score"] == e["max"] for e in entries if e["max"] > 0 and e["score"] is not None)
    none = run(assignment, hand_in(assignment, start="stubs"))
    assert not any(points(none, assignment).values()) and none["unsolved"] > 0 and none["ideas"] == []


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_another_right_answer_of_every_exercise_has_full_marks(run, assignment):
    answers, wanted = {}, []
    for exercise in exercises(assignment[:2]).values():
        others = right_answers(ROOT, assignment, exercise)
        if others:
            functions = list(others.values())[-1]
            answers |= {n: functions[n] for n in exercise.names}
            wanted.append(exercise.name)
    record = run(assignment, hand_in(assignment, answers))
    got = points(record, assignment)
    assert wanted and all(got[f"{n}-{part}"] == record["scores"][assignment][f"{n}-{part}"]["max"]
                          for n in wanted for part in ("check", "hidden") if f"{n}-{part}" in got)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_misconceptions_are_named_and_scored_as_when_judged_directly(run, assignment):
    """One of each exercise, several in a hand-in where none builds on another."""
    known = {e.name: e for e in exercises(assignment[:2]).values() if e.misconceptions}
    seen = set()
    for student in sample_class(Course(ROOT), assignment):
        ideas = dict(idea.split(": ", 1) for idea in student.ideas)
        if not ideas.keys() - seen:
            continue
        seen |= ideas.keys()
        record = run(assignment, hand_in(assignment, {n: s for n, s in student.answers.items() if n in student_functions(known, ideas)}))
        for name, idea in ideas.items():
            exercise, wrong = known[name], next(m for m in known[name].misconceptions if m.name == idea)
            assert f"{exercise.id}: {idea}" in record["ideas"]
            share = float(engine.judge(exercise, exercise.wrong_functions(wrong), exercise.visible(), 4.0)) / 4.0
            entry = record["scores"][assignment][f"{name}-check"]
            assert entry["score"] <= entry["max"] and (entry["score"] < entry["max"]) == (share < 1), name
            assert abs(entry["score"] / entry["max"] - share) <= 0.25, name
    assert seen == known.keys()


def student_functions(known, ideas):
    """The answers that these wrong ideas touch: of their exercises, and of what those build on."""
    return {f.__name__ for name in ideas for f in known[name].answer}


# --- one question's trouble is its own ------------------------------------------------------------------------------

@pytest.mark.parametrize("body, verdict", [
    ("import os; os._exit(5)", "crashed"), ("while True: pass", "timeout"), ("import ctypes; ctypes.string_at(0)", "crashed"),
    ("raise SystemExit", "ok"), ("raise KeyboardInterrupt", "ok")], ids=["exit", "loop", "segfault", "SystemExit", "interrupt"])
def test_a_question_that_ends_the_process_keeps_the_marks_of_the_others(run, body, verdict):
    bad = f"def gates_backward(x, y, z, dout):\n    {body}"
    record = run("01_flat_backprop", hand_in("01_flat_backprop", {"gates_backward": bad}), cell_seconds=3)
    lost = {i: e for i, e in record["scores"]["01_flat_backprop"].items() if e["score"] is not None and e["score"] < e["max"]}
    assert record["verdict"] == verdict
    assert {i.partition("-")[0] for i in lost} == {"gates_backward"} and all(e["score"] == 0 for e in lost.values())


def test_a_cell_that_ends_the_process_at_once_costs_only_itself(run):
    bad = {"gates_backward": solved("01_flat_backprop") and "import os\nos._exit(1)"}
    record = run("01_flat_backprop", hand_in("01_flat_backprop", bad))
    got = points(record, "01_flat_backprop")
    assert record["verdict"] == "crashed" and got["svm_loss-hidden"] == 4 and got["circuit_backward-check"] == 2 and got["gates_backward-check"] == 0


def test_the_whole_notebook_has_a_time_limit(run):
    record = run("00_start_here", hand_in("00_start_here", before=["import time; time.sleep(2)"] * 9), cell_seconds=3, hand_in_seconds=5)
    assert record["verdict"] == "timeout" and record["times"]["seconds"] < 20
    assert "time is used up" in shown(record, "00_start_here", "multiply_backward-check")


def test_warnings_prints_and_numpy_scalars_cost_nothing(run):
    answer = ("import warnings\ndef multiply_backward(x, y, dout):\n    import sys, numpy as np\n    warnings.warn('careful')\n    print('hello')\n"
              "    print('oh', file=sys.stderr)\n    return np.float64(dout * y), np.float32(1) * np.float64(dout * x)")
    record = run("00_start_here", hand_in("00_start_here", {"multiply_backward": answer}))
    got = points(record, "00_start_here", "multiply_backward-check", "multiply_backward-hidden")
    assert got == {"multiply_backward-check": 2.0, "multiply_backward-hidden": 3.0}


def test_a_learner_is_told_their_own_line(run):
    answer = "def multiply_backward(x, y, dout):\n    rates = [1]\n    return rates[3], dout  # my own line"
    record = run("00_start_here", hand_in("00_start_here", {"multiply_backward": answer}))
    assert "# my own line" in shown(record, "00_start_here", "multiply_backward-check") and points(record, "00_start_here")["multiply_backward-check"] == 0


def test_what_a_function_did_to_its_arguments_is_seen(run):
    answer = solved("07_conv_backward")
    source = next(c.source for c in answer.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "filter_gradient")
    body = source.replace("    ### BEGIN SOLUTION", "    dz *= 1.0000001\n    ### BEGIN SOLUTION")
    record = run("07_conv_backward", hand_in("07_conv_backward", {"filter_gradient": body}))
    assert points(record, "07_conv_backward")["filter_gradient-check"] < 2
    assert "changes its argument dz in place" in shown(record, "07_conv_backward", "filter_gradient-check")


# --- names ----------------------------------------------------------------------------------------------------------

def test_names_of_locked_cells_are_the_tests_own(run):
    evil = ("class Always(float):\n    def __eq__(self, other): return True\n"
            "def check(*a, **k):\n    return 3.0\nimport numpy as np\nnp.allclose = lambda *a, **k: True\ndraw = None")
    record = run("00_start_here", hand_in("00_start_here", {"multiply_backward": "def multiply_backward(x, y, dout):\n    return dout * x, dout * y"}, before=[evil]))
    assert points(record, "00_start_here")["multiply_backward-hidden"] == 0


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_every_name_that_a_test_uses_is_given_by_a_locked_cell_or_is_an_answer(assignment):
    given, answers = set(builtin_names()), set()
    for cell in frame(assignment).cells:
        label = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and label.get("solution"):
            answers |= bound(cell.source) | {label["grade_id"]}
        elif cell.cell_type == "code" and label.get("locked"):
            assert free(cell.source) <= given | answers, label["grade_id"]
            given |= bound(cell.source)


def test_free_and_bound_names():
    source = "import numpy as np\nfrom a import b as c\ndef f(x):\n    global seen\n    seen = y\n    return np.sum(x) + z\nk = [i for i in rows]\nclass A(Base): pass"
    assert free(source) == {"y", "z", "rows", "Base"} and bound(source) >= {"np", "c", "f", "k", "A", "seen"}
    assert free("%matplotlib inline") == frozenset() and bound("!ls") == frozenset()


def test_untouched_demonstrations_run_only_where_an_answer_may_need_them():
    def cells(*sources):
        made = [nbformat.v4.new_code_cell(s, id=f"c{i}") for i, s in enumerate(sources)]
        return made, {c.id for c in made[:-1]}

    made, untouched = cells("import numpy as np", "x = np.ones(3)", "x[0] = 5", "y = x + 1", "z = 1", "def f():\n    return y")
    assert needed_cells(made, untouched) >= {"c0", "c1", "c2", "c3"} and "c4" not in needed_cells(made, untouched)
    made, untouched = cells("x = 1", "%load something")
    assert needed_cells(made, untouched) == untouched  # what cannot be read may need anything


def test_an_answer_that_uses_a_demonstrations_helper_has_it(run):
    answer = "def multiply_backward(x, y, dout):\n    assert here is not None\n    return dout * y, dout * x"
    record = run("00_start_here", hand_in("00_start_here", {"multiply_backward": answer}))
    assert points(record, "00_start_here")["multiply_backward-check"] == 2


# --- an error carried forward ---------------------------------------------------------------------------------------

def test_an_error_is_carried_forward_with_both_scores(run):
    forward = find("01.circuit_forward")
    wrong = split_functions(forward.wrong_source(forward.misconceptions[0]))
    record = run("01_flat_backprop", hand_in("01_flat_backprop", wrong))
    scores = record["scores"]["01_flat_backprop"]
    assert scores["circuit_forward-hidden"]["score"] < 1 and scores["circuit_forward-hidden"]["carried"] is None
    assert scores["circuit_backward-hidden"]["score"] == 0 and scores["circuit_backward-hidden"]["carried"] == 2
    assert scores["svm_loss-hidden"]["carried"] is None


def test_an_answer_that_calls_an_earlier_wrong_one_is_carried_too(run):
    wrong_filter = "def filter_gradient(x, dz, filter_shape, stride=1):\n    return np.zeros(filter_shape)"
    calls_it = ("def conv_sigmoid_backward(z, g, dh):\n    H, W = z.shape\n    M, N = g.shape\n    a = 0.5 * (1 + np.tanh(0.5 * z))\n"
                "    dg = filter_gradient(np.asarray(dh, dtype=float), a, g.shape)\n    da = np.zeros(z.shape)\n"
                "    for m in range(M):\n        for n in range(N):\n            da += g[m, n] * dh[m:m + H, n:n + W]\n    return da * a * (1 - a), dg")
    record = run("07_conv_backward", hand_in("07_conv_backward", {"filter_gradient": wrong_filter, "conv_sigmoid_backward": calls_it}))
    entry = record["scores"]["07_conv_backward"]["conv_sigmoid_backward-hidden"]
    assert entry["score"] < entry["max"] and entry["carried"] == entry["max"]


PARTS = 'check("01.circuit_backward", circuit_forward, circuit_backward, points=2, parts={"01.gates_backward": gates_backward})'


@pytest.fixture(scope="module")
def with_parts(sandbox_of):
    """Run a hand-in of 01 whose check of circuit_backward names gates_backward as a part."""
    def one(answers, **limits):
        task = job("01_flat_backprop", hand_in("01_flat_backprop", answers), **limits)
        nb = nbformat.reads(task["notebooks"]["01_flat_backprop"]["frame"], as_version=4)
        cells = {c.metadata.get("nbgrader", {}).get("grade_id"): c for c in nb.cells}
        check = cells["circuit_backward-check"]
        check.source, check.metadata.nbgrader.points = PARTS, 2
        nb.cells.remove(check)  # parts come before what builds on them
        nb.cells.append(check)
        nb.cells.remove(cells["circuit_backward"])
        nb.cells.insert(-1, cells["circuit_backward"])
        task["notebooks"]["01_flat_backprop"]["frame"] = nbformat.writes(nb)
        return run_hand_in(task, sandbox_of("01_flat_backprop"))

    return one


BACKWARD_WRONG = "def circuit_backward(dL, cache):\n    w0, x0, w1, x1, L = cache\n    d = dL * L * (1 - L)\n    return d * x0, d * w0, d * x1, d * w1, d * 2"


def test_the_part_that_is_wrong_is_named_when_graded(with_parts):
    gates = find("01.gates_backward")
    record = with_parts(split_functions(gates.wrong_source(gates.misconceptions[0])) | {"circuit_backward": BACKWARD_WRONG})
    text = shown(record, "01_flat_backprop", "circuit_backward-check")
    assert "Your gates_backward does not pass its own check" in text and gates.misconceptions[0].sentence[:40] in text
    assert record["scores"]["01_flat_backprop"]["circuit_backward-check"]["score"] == 1.5


def test_a_part_is_what_the_question_builds_on_when_an_error_is_carried_forward(with_parts):
    # It calls the part by a name that its text does not show, so that only the check says what it builds on.
    hides = ("def circuit_backward(dL, cache):\n    w0, x0, w1, x1, L = cache\n    dx = globals()['gates' + '_backward'](1.0, 2.0, 1.0, 1.0)[0]\n"
             "    d = dL * L * (1 - L) * dx / 2\n    return d * x0, d * w0, d * x1, d * w1, d")
    assert find("01.gates_backward").reference[0](1.0, 2.0, 1.0, 1.0)[0] == 2
    wrong = {"gates_backward": "def gates_backward(x, y, z, dout):\n    return 1.0, 1.0, 1.0"}
    entry = with_parts(wrong | {"circuit_backward": hides})["scores"]["01_flat_backprop"]["circuit_backward-check"]
    assert entry["score"] == 0 and entry["carried"] == 2


def test_a_part_whose_cell_failed_costs_a_right_answer_nothing(with_parts):
    record = with_parts({"gates_backward": "def gates_backward(:\n    pass"})
    got = points(record, "01_flat_backprop")
    assert got["circuit_backward-check"] == 2 and got["gates_backward-check"] == 0
    record = with_parts({"gates_backward": "def gates_backward(:\n    pass", "circuit_backward": BACKWARD_WRONG})
    assert "name 'gates_backward' is not defined" in shown(record, "01_flat_backprop", "circuit_backward-check")


def test_a_part_that_ends_the_process_leaves_the_points_that_were_earned(with_parts):
    record = with_parts({"gates_backward": "def gates_backward(x, y, z, dout):\n    import os; os._exit(3)", "circuit_backward": BACKWARD_WRONG})
    got, svm = points(record, "01_flat_backprop"), record["scores"]["01_flat_backprop"]["svm_loss-check"]
    assert got["circuit_backward-check"] == 1.5 and got["gates_backward-check"] == 0 and svm["score"] == svm["max"] > 0
    assert record["verdict"] == "crashed"


# --- the same again -------------------------------------------------------------------------------------------------

def test_the_same_seed_gives_the_same_record_and_another_draws_other_numbers(run):
    wrong = {"multiply_backward": "def multiply_backward(x, y, dout):\n    return dout * y, dout * y"}
    one, again, other = (run("00_start_here", hand_in("00_start_here", wrong), seed=s) for s in (SEED, SEED, "abcd" * 8))
    assert one["scores"] == again["scores"] and one["notebooks"] == again["notebooks"]
    hidden = "multiply_backward-hidden"
    assert shown(one, "00_start_here", hidden) != shown(other, "00_start_here", hidden)


@pytest.mark.parametrize("seed", ["1", "beef" * 8, "5eed" * 8])
@pytest.mark.parametrize("exercise", [e for e in everything() if e.draw], ids=lambda e: e.id)
def test_with_any_secret_right_answers_pass_and_wrong_ones_do_not(exercise, seed):
    from course_lib.grading.hidden import hidden_calls

    assignment = next(a for a in ASSIGNMENTS if a.startswith(exercise.id[:2]))
    call = next(c for c in hidden_calls(ROOT / "solutions" / assignment / f"{assignment}.ipynb") if c.exercise == exercise.id)
    with engine.drawn_from(seed):
        cases = engine.cases_for(exercise, call.hidden, call.seed)
        for how, functions in right_answers(ROOT, assignment, exercise).items():
            assert engine.judge(exercise, compiled(functions, exercise.names), cases, 4.0) == 4.0, how
        for wrong in exercise.misconceptions:
            assert engine.judge(exercise, exercise.wrong_functions(wrong), cases, 4.0) < 4.0, wrong.name


def test_the_secret_is_gone_after_grading():
    before = engine.cases_for(find("00.multiply_backward"), [{}], 1)[0].args
    with engine.drawn_from(SEED):
        assert engine.cases_for(find("00.multiply_backward"), [{}], 1)[0].args != before
    assert engine.cases_for(find("00.multiply_backward"), [{}], 1)[0].args == before


# --- the library's own code -----------------------------------------------------------------------------------------

def test_the_librarys_code_is_flagged_whatever_the_names_and_costs_nothing(run):
    exercise = find("07.conv2d_backward")
    functions = split_functions(re.sub(r"\bFH\b", "filter_height", exercise.answer_source.replace("dout", "above")))
    record = run("07_conv_backward", hand_in("07_conv_backward", {"conv2d_backward": functions["conv2d_backward"]}))
    assert any("conv2d_backward" in f and "library" in f for f in record["flags"])
    own = list(right_answers(ROOT, "07_conv_backward", exercise).values())[0]
    record = run("07_conv_backward", hand_in("07_conv_backward", {"conv2d_backward": own["conv2d_backward"]}))
    assert not any("conv2d_backward" in f for f in record["flags"])


# --- refusals -------------------------------------------------------------------------------------------------------

def test_a_refused_hand_in_has_no_points_and_says_why(sandbox_of):
    task = job("00_start_here", solved("00_start_here"))
    task["notebooks"]["00_start_here"] |= {"submission": None, "refused": ["no-notebook", "no 00_start_here.ipynb"]}
    record = run_hand_in(task, sandbox_of("00_start_here"))
    assert record["verdict"] == "no-notebook" and not any(points(record, "00_start_here").values()) and record["errors"] == 0
    assert "could not be graded" in record["notebooks"]["00_start_here"]


@pytest.mark.parametrize("text, verdict", [("{", "unreadable"), ("[]", "unreadable"), (nbformat.writes(nbformat.v4.new_notebook()), "wrong-assignment")])
def test_what_is_no_hand_in_has_its_verdict(sandbox_of, text, verdict):
    task = job("00_start_here", solved("00_start_here"))
    task["notebooks"]["00_start_here"]["submission"] = text
    assert run_hand_in(task, sandbox_of("00_start_here"))["verdict"] == verdict


def test_an_assertion_test_passes_only_when_it_ran_to_its_end(sandbox_of):
    """Tests need not be `check` calls; the student's values are plain copies in them."""
    for answer, right in (("def double(x):\n    return 2 * x", True), ("def double(x):\n    return 3 * x", False),
                          ("class E(float):\n    def __eq__(s, o): return True\ndef double(x):\n    return E(7)", False), ("double = 5", False)):
        nb = nbformat.v4.new_notebook(cells=[
            nbformat.v4.new_code_cell("import numpy as np", metadata={"nbgrader": _label("setup", locked=True)}),
            nbformat.v4.new_code_cell(answer, metadata={"nbgrader": _label("double", solution=True)}),
            nbformat.v4.new_code_cell("assert double(4) == 8\nassert np.array_equal(double(np.ones(2)), [2.0, 2.0])",
                                      metadata={"nbgrader": _label("double-test", grade=True, locked=True, points=1)})])
        Session(nb, sandbox_of("00_start_here"), answers=frozenset({"double"})).run()
        assert (not any(o.output_type == "error" for o in nb.cells[-1].outputs)) == right, answer


def _label(name, **fields):
    return {"grade_id": name, "grade": False, "locked": False, "solution": False, "task": False, "schema_version": 3, **fields}


@pytest.mark.parametrize("locked", ["helper = double", "helper = double(3)"])
def test_a_locked_cell_that_meets_the_end_of_a_process_is_no_end_of_the_grading(sandbox_of, locked):
    answer = ("import gc, os\ndef double(x):\n    os._exit(3)\npeer = next(o for o in gc.get_objects() if type(o).__name__ == 'Inmate')\n"
              "type(peer).serve_lookup = lambda self, message, values, first=type(peer).serve_lookup: "
              "os._exit(5) if values['name'] == 'double' else first(self, message, values)")
    cells = [nbformat.v4.new_code_cell(source, metadata={"nbgrader": _label(name, **fields)}) for source, name, fields in (
        (answer if locked == "helper = double" else "import os\ndef double(x):\n    os._exit(3)", "double", {"solution": True}),
        (locked, "locked", {"locked": True}), ("def keep(x):\n    return x", "keep", {"solution": True}),
        ("assert keep(2) == 2", "keep-test", {"grade": True, "locked": True, "points": 1}))]
    nb = nbformat.v4.new_notebook(cells=cells)
    session = Session(nb, sandbox_of("00_start_here"), answers=frozenset({"double", "keep"}))
    session.run()
    assert session.verdict == "crashed" and not any(o.output_type == "error" for o in nb.cells[-1].outputs)
