"""02_computational_graph: the lecture's numbers, the quiz's truth, and what the check says to typical wrong answers."""

import math
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from solved import Solved

from course_lib import graph
from course_lib.check import check
from course_lib.check.engine import cases_for, judge
from course_lib.check.exercises import exercises
from course_lib.check.exercises.graph_passes import CIRCUIT, run_forward
from course_lib.gradcheck import numerical_gradient
from course_lib.grading.hidden import hidden_calls

SOLVED = Solved("02_computational_graph")
cell = SOLVED.cell
KNOWN = exercises("02")


def expected(id, case=0, functions=None):
    """The outputs of an exercise's reference on one of its visible cases."""
    e = KNOWN[id]
    c = e.visible()[case]
    return e.evaluate(functions or e.reference, c.args, c.kwargs)


# --- the lecture's numbers, from what the checks compare with ----------------------------------------------------------


@pytest.mark.row("B-graph", "B-gates")
def test_the_multiply_gate_swaps():
    assert expected("02.Multiply") == {"out": -12, "dx": -8, "dy": 6}


@pytest.mark.row("B-graph")
def test_the_circuit_in_a_graph_gives_the_lectures_numbers():
    last = len(KNOWN["02.graph_backward"].visible()) - 1
    grads = dict(zip(CIRCUIT, expected("02.graph_backward", last)["gradients"]))
    want = {"w0": -0.1966, "x0": 0.3932, "w1": -0.3932, "x1": -0.5898, "w2": 0.1966}
    assert {name: grads[name] for name in want} == pytest.approx(want, abs=5e-5)
    assert run_forward(CIRCUIT)[3]["L"] == pytest.approx(0.7311, abs=5e-5)


@pytest.mark.row("B-graph", "B-gates")
def test_shared_inputs_add_up():
    assert expected("02.graph_backward")["gradients"].tolist() == [7, 1, 1]  # 2x + 1 at x = 3
    x, y = 2.0, 3.0  # L = xy + x²y
    assert expected("02.graph_backward", 2)["gradients"][:2].tolist() == [y + 2 * x * y, x + x * x]


@pytest.mark.row("B-graph")
def test_every_graph_of_the_visible_check_agrees_with_a_numerical_gradient():
    for case in KNOWN["02.graph_backward"].visible():
        nodes, dout = case.args
        leaves = [name for name, node in nodes.items() if isinstance(node, float)]

        def output(v, nodes=nodes, leaves=leaves):
            return list(run_forward(nodes | dict(zip(leaves, v.tolist())))[3].values())[-1]

        measured = numerical_gradient(output, np.array([nodes[name] for name in leaves]), dout)
        got = dict(zip(nodes, KNOWN["02.graph_backward"].evaluate(KNOWN["02.graph_backward"].answer, case.args, {})["gradients"]))
        assert [got[name] for name in leaves] == pytest.approx(measured.tolist(), abs=1e-6)


@pytest.mark.row("B-function", "X-2")
def test_the_sigmoids_gradient_comes_from_its_output():
    sigma = 1 / (1 + math.exp(-1))
    got = expected("02.sigmoid_backward")
    assert got["out"] == pytest.approx([sigma]) and got["dx"] == pytest.approx([2 * (1 - sigma) * sigma])
    assert got["dx"][0] == pytest.approx(0.3932, abs=5e-5)
    (caption,) = [m for m in KNOWN["02.sigmoid_backward"].misconceptions if "caption" in m.name]
    wrong = expected("02.sigmoid_backward", functions=KNOWN["02.sigmoid_backward"].wrong_functions(caption))
    assert wrong["dx"][0] == pytest.approx(0.1058, abs=5e-5)  # (1 - σ) once too often


@pytest.mark.row("B-perceptron")
def test_the_worked_steps():
    got = expected("02.perceptron_step")
    assert got["w"] == pytest.approx([1.1, -1.8]) and got["b"] == pytest.approx(1.1)
    assert got["w"] @ [1, 2] + got["b"] == pytest.approx(-1.4)
    got = expected("02.adaline_step")
    assert got["w"] == pytest.approx([1.3, -1.4]) and got["b"] == pytest.approx(1.3)
    assert got["w"] @ [1, 2] + got["b"] == pytest.approx(-0.2)


@pytest.mark.row("B-perceptron")
@pytest.mark.parametrize("targets, learned", [([0, 0, 0, 1], True), ([0, 1, 1, 1], True), ([0, 1, 1, 0], False)])
def test_and_and_or_are_learned_by_the_answer_and_xor_is_not(targets, learned):
    (step,) = KNOWN["02.perceptron_step"].answer
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    w, b = np.zeros(2), 0.0
    for _ in range(20):
        for x, d in zip(corners, targets):
            w, b = step(w, b, x, d, 0.5)
    assert ([int(w @ x + b > 0) for x in corners] == targets) == learned


# --- the order ---------------------------------------------------------------------------------------------------------


def test_every_right_order_is_right():
    e = KNOWN["02.topological_order"]
    reads = {"L": ["a", "b"], "b": ["a", "y"], "a": ["x"], "x": [], "y": []}
    right = [p for p in permutations(reads) if not e.evaluate([lambda inputs, p=p: list(p)], (reads,), {})["fault"].any()]
    assert sorted(right) == [tuple("xaybL"), tuple("xyabL"), tuple("yxabL")]


@pytest.mark.parametrize("order, fault", [
    (["L", "x", "s"], [0, 1, 0]),
    (["x", "s"], [0, -1, 0]),
    (["x", "x", "s", "L", "x"], [0, 0, 3]),
])
def test_the_faults_of_an_order(order, fault):
    inputs = {"s": ["x", "x"], "L": ["s", "x"], "x": []}
    assert KNOWN["02.topological_order"].evaluate([lambda _: order], (inputs,), {})["fault"].tolist() == fault


@pytest.mark.parametrize("seed", range(5))
def test_hidden_cases_let_no_misconception_through_whatever_the_seed(seed):
    """They are drawn anew when a class is graded."""
    for call in hidden_calls(SOLVED.path):
        e = KNOWN[call.exercise]
        bare = replace(e, misconceptions=())  # naming them takes time, and is tested elsewhere
        cases = cases_for(e, call.hidden, 1000 + seed)
        assert judge(bare, e.answer, cases, 4.0, True) == 4.0
        for m in e.misconceptions:
            assert judge(bare, e.wrong_functions(m), cases, 4.0, True) < 4.0, (e.id, m.name)


# --- the quiz ----------------------------------------------------------------------------------------------------------


def test_the_quizs_truth_is_what_the_careless_check_says():
    space = {}
    exec(cell("setup"), space)
    exec(cell("quiz-code"), space)
    passing = {letter: float(space["careless_check"](space[f"version_{letter}"])) for letter in "ABC"}
    assert passing == expected("02.which_pass") == {"A": 0.0, "B": 1.0, "C": 1.0}
    (step,) = KNOWN["02.perceptron_step"].answer
    assert space["careless_check"](step)
    for letter in "ABC":  # and each really is wrong
        assert check("02.perceptron_step", space[f"version_{letter}"]) < 1


@pytest.mark.parametrize("answer, says", [({"C"}, "B is caught"), ({"B"}, "C is caught"), ("ABC", "A passes"), (set(), "all three are caught")])
def test_each_wrong_letter_is_explained_and_guessing_earns_nothing(answer, says):
    verdict = check("02.which_pass", lambda: answer, points=1)
    assert verdict == 0.0 and says in verdict.message


# --- what typical wrong answers are told -------------------------------------------------------------------------------


def test_overwriting_is_named_on_the_smallest_graph():
    def back(gates, inputs, order, dout):
        grads = dict.fromkeys(order, 0.0) | {order[-1]: dout}
        for name in order[::-1]:
            if name in gates:
                for source, share in zip(inputs[name], gates[name].backward(grads[name])):
                    grads[source] = share
        return grads

    verdict = check("02.graph_backward", back, points=2)
    assert 0 < verdict < 2 and verdict.ideas == ("overwritten",)
    assert "'L': ('add', 's', 'x')" in verdict.message and "got      gradients = np.array([3., 1., 1.])" in verdict.message
    assert "expected gradients = np.array([7., 1., 1.])" in verdict.message


def test_an_order_by_depth_first_preorder_is_named():
    def order(inputs):
        found = []

        def visit(node):
            if node in found:
                return
            found.append(node)
            for source in inputs[node]:
                visit(source)

        read = {source for sources in inputs.values() for source in sources}
        for node in inputs:
            if node not in read:
                visit(node)
        return found[::-1]

    verdict = check("02.topological_order", order, points=2)
    assert 0 < verdict < 2 and verdict.ideas == ("appended on the way in, reversed",)
    assert "Append it when you *leave* it" in verdict.message


def test_an_order_that_looks_one_step_back_is_named():
    def order(inputs):
        found = []
        for node in inputs:
            for source in inputs[node]:
                if source not in found:
                    found.append(source)
            if node not in found:
                found.append(node)
        return found

    assert check("02.topological_order", order, points=2).ideas == ("one step back only",)


def test_an_adaline_in_the_perceptrons_place_is_named():
    verdict = check("02.perceptron_step", lambda w, b, x, d, lr: (w + lr * (d - w @ x - b) * x, b + lr * (d - w @ x - b)))
    assert verdict.ideas == ("no threshold",) and "That is the Adaline's rule" in verdict.message
    assert "output 0, wanted 1" in verdict.message and "expected w = np.array([ 1.1, -1.8])" in verdict.message


def test_a_class_with_one_memory_is_told_so():
    class Multiply:
        kept = []

        def forward(self, x, y):
            self.kept[:] = [x, y]
            return x * y

        def backward(self, dout):
            return dout * self.kept[1], dout * self.kept[0]

    verdict = check("02.Multiply", Multiply, points=2)
    assert 0 < verdict < 2 and verdict.ideas == ("one memory for all gates",)
    assert "another gate's forward in between = (7.0, -1.0)" in verdict.message


class OnlyForward:
    def forward(self, x, y):
        return x * y

    def backward(self, dout):
        return dout


@pytest.mark.parametrize("id, functions, says", [
    ("02.Multiply", [OnlyForward], "should return two gradients, `return dx, dy`; it returned one float"),
    ("02.topological_order", [lambda inputs: inputs], "should return a list of the nodes' names"),
    ("02.topological_order", [lambda inputs: ["q"]], "'q', which is no node of the graph"),
    ("02.topological_order", [lambda inputs: []], "empty list"),
    ("02.topological_order", [lambda inputs: [inputs.pop(n) and n or n for n in graph.topological_order(inputs)]], "changes the dict"),
    ("02.graph_backward", [lambda gates, inputs, order, dout: 1.0], "should return a dict {name: gradient}"),
    ("02.graph_backward", [lambda gates, inputs, order, dout: {}], "no gradient for x, s, L"),
    ("02.graph_backward", [lambda gates, inputs, order, dout: dict.fromkeys(order, "a")], "should be numbers"),
    ("02.sigmoid_backward", [lambda ctx, x: (x, ctx), lambda ctx, dout: dout], "should return out alone"),
    ("02.sigmoid_backward", [lambda ctx, x: None, lambda ctx, dout: dout], "sigmoid_forward returned None"),
])
def test_a_result_of_another_form_is_told_which(id, functions, says):
    verdict = check(id, *functions)
    assert verdict == 0.0 and says in verdict.message


def test_half_a_gate_is_not_done_yet():
    class Multiply(OnlyForward):
        def backward(self, dout):
            raise NotImplementedError()

    assert check("02.Multiply", Multiply).status == "unsolved"
