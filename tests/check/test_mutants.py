"""Small slips in every right answer: a sign, an index, a forgotten term. Each has to lose points on the visible or the hidden cases.

The slips are made by machine (see `mutants`), a few hundred for each exercise, and all of them are tried. One that changes
nothing is listed in EQUIVALENT, with the reason, and is tried on fresh random inputs too.
"""

import ast
import itertools
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from test_exercises import ASSIGNMENT, ROOT, all_cases, label

from course_lib.check.engine import cases_for, judge
from course_lib.check.exercise import functions_from
from course_lib.check.exercises import everything, find
from course_lib.check.inputs import fresh
from course_lib.grading.hidden import hidden_calls

EXERCISES = [e for e in everything() if e.draw is not None]

FAR_END = "padded = np.pad(stuffed, ((FH - 1, FH - 1), (FW - 1, FW - 1)))"

# (exercise, right line, slipped line): why no input tells them apart
EQUIVALENT = {
    **{(id, "s2 = s0 + s1; s3 = s2 + w2", after): "three numbers are added, in another order"
       for id in ("01.circuit_forward", "01.circuit_backward")
       for after in ("s2 = w2 + s1; s3 = s2 + s0", "s2 = s0 + w2; s3 = s2 + s1")},
    ("01.circuit_backward", "s0 = w0 * x0; cache = (w0, x0, w1, x1, L); dx0 = ds0 * w0; dw0 = ds0 * x0",
     "s0 = x0 * w0; cache = (x0, w0, w1, x1, L); dx0 = ds0 * x0; dw0 = ds0 * w0"): "both sides of the cache agree on the new order",
    ("01.circuit_backward", "s1 = w1 * x1; cache = (w0, x0, w1, x1, L); dx1 = ds1 * w1; dw1 = ds1 * x1",
     "s1 = x1 * w1; cache = (w0, x0, x1, w1, L); dx1 = ds1 * x1; dw1 = ds1 * w1"): "both sides of the cache agree on the new order",
    ("01.gates_backward", "y_wins = y > z", "y_wins = y >= z"): "the exercise never asks about y = z",
    ("01.gates_backward", "y_wins = y > z", "y_wins = largest > z"): "the larger one exceeds z just where y does",
    ("01.svm_loss", "dmargins = np.where(margins > 0, 1.0, 0.0)", "dmargins = margins > 0"): "True / N is 1 / N",
    ("01.two_layer_loss", "dz1 = np.where(z1 > 0, dh1, 0)", "dz1 = np.where(h1 > 0, dh1, 0)"): "max(0, z) is positive just where z is",
    ("03.numerical_jacobian", "plus, minus = (x.copy(), x.copy())", "minus, plus = (x.copy(), x.copy())"): "two equal copies",
    ("03.numerical_jacobian", "plus[n] += h; minus[n] -= h; change = f(plus) - f(minus)",
     "minus[n] += h; plus[n] -= h; change = f(minus) - f(plus)"): "the two names have changed places throughout",
    ("03.numerical_jacobian", "return np.array(rows)", "return rows"): "a list of rows is taken for the array of them",
    ("03.relu_both_ways", "N = x.size", "N = dout.size"): "dout has the shape of x",
    ("03.matmul_backward", "M = w.shape[1]", "M = dout.shape[1]"): "dout has a column for each of w's",
    ("03.jacobian_bytes", "bytes_x = entries_x * entries_y * itemsize; bytes_w = entries_w * entries_y * itemsize",
     "bytes_x = entries_x * itemsize * entries_y; bytes_w = entries_w * itemsize * entries_y"): "factors in another order",
    ("03.jacobian_bytes", "entries_x = N * D; entries_w = D * M; bytes_x = entries_x * entries_y * itemsize; bytes_w = entries_w * entries_y * itemsize",
     "entries_x = N * itemsize; entries_w = itemsize * M; bytes_x = entries_x * entries_y * D; bytes_w = entries_w * entries_y * D"):
        "factors in another order",
    **{("03.softmax_jacobian", "same = np.eye(len(p))", f"same = np.eye(len({other}))"): "all three have K entries" for other in "ez"},
    **{("07.input_gradient", FAR_END, FAR_END.replace(*slip)): "zeros behind the last window that is looked at"
       for slip in [("FH - 1)", "FH + 1)"), ("FH - 1)", "FH * 1)"), ("FH - 1)", "FH)"), ("FH - 1)", "FH - 0)"),
                    ("FW - 1)", "FW + 1)"), ("FW - 1)", "FW * 1)"), ("FW - 1)", "FW)"), ("FW - 1)", "FW - 0)")]},
    ("07.conv_sigmoid_backward", "dg = np.zeros((M, N))", "dg = np.ones((M, N))"): "every entry is written afterwards",
    ("07.conv2d_backward", "N, C, H, W = x.shape", "C, N, H, W = x.shape"): "N is not used, and C is read again from w",
    ("07.conv2d_backward", "K, C, FH, FW = w.shape", "C, K, FH, FW = w.shape"): "K and C are not used",
    ("07.conv2d_backward", "db = dout.sum(axis=(0, 2, 3))", "db = dout.sum(axis=(2, 0, 3))"): "axes may be named in any order",
    ("07.conv2d_backward", "db = dout.sum(axis=(0, 2, 3))", "db = dout.sum(axis=(0, 3, 2))"): "axes may be named in any order",
}

# A line that another exercise judges: what is in the cache shows in the backward pass only.
ELSEWHERE = {"01.circuit_forward": "cache = "}

ARITHMETIC = {
    ast.Add: (ast.Sub, ast.Mult), ast.Sub: (ast.Add, ast.Mult), ast.Mult: (ast.Div, ast.Add), ast.Div: (ast.Mult, ast.FloorDiv),
    ast.MatMult: (ast.Mult,), ast.Pow: (ast.Mult,),
}
COMPARISONS = {
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.GtE), ast.Gt: (ast.GtE, ast.Lt), ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,),
}
CALLS = {"max": "min", "maximum": "minimum", "sum": "mean", "zeros": "ones", "exp": "expm1", "log": "log1p", "tanh": "sinh"}


def number(value):
    return ast.UnaryOp(ast.USub(), ast.Constant(-value)) if value < 0 else ast.Constant(value)


def without(items, i):
    return [*items[:i], *items[i + 1:]]


def expression_slips(node):
    """Other expressions that stand where this one stood: one slip each."""
    def other(**fields):
        return type(node)(**{**{f: getattr(node, f) for f in node._fields}, **fields})

    if isinstance(node, ast.BinOp):
        yield from (other(op=op()) for op in ARITHMETIC.get(type(node.op), ()))
        yield node.left
        yield node.right
        if isinstance(node.op, (ast.Sub, ast.Div, ast.MatMult)):
            yield other(left=node.right, right=node.left)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node.operand
    elif isinstance(node, ast.Compare):
        yield from (other(ops=[op()]) for op in COMPARISONS[type(node.ops[0])])
    elif isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
        yield other(body=node.orelse, orelse=node.body)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield ast.Constant(not node.value)
        elif isinstance(node.value, (int, float)):
            kind = type(node.value)
            yield from (number(v) for v in sorted({node.value + 1, node.value - 1, kind(0), kind(1)} - {node.value}))
        elif isinstance(node.value, str) and "->" in node.value:
            left, right = node.value.split("->")
            for i in range(len(right) - 1):
                yield ast.Constant(f"{left}->{right[:i]}{right[i + 1]}{right[i]}{right[i + 2:]}")
            terms = left.split(",")
            for t, term in enumerate(terms):
                for i in range(len(term) - 1):
                    yield ast.Constant(",".join([*terms[:t], term[:i] + term[i + 1] + term[i] + term[i + 2:], *terms[t + 1:]]) + "->" + right)
    elif isinstance(node, ast.Tuple):
        for i in range(len(node.elts) - 1):
            yield other(elts=[*node.elts[:i], node.elts[i + 1], node.elts[i], *node.elts[i + 2:]])
        if len(node.elts) > 1 and isinstance(node.ctx, ast.Load):
            yield from (other(elts=without(node.elts, i)) for i in range(len(node.elts)))
    elif isinstance(node, ast.Slice):
        for end in ("lower", "upper"):
            if (value := getattr(node, end)) is not None:
                yield from (other(**{end: ast.BinOp(value, op(), ast.Constant(1))}) for op in (ast.Add, ast.Sub))
                yield other(**{end: None})
        if node.lower is None:
            yield other(lower=ast.Constant(1))
        if node.upper is None:
            yield other(upper=number(-1))
        if node.step is None:
            yield from (other(step=number(step)) for step in (-1, 2))
        else:
            yield other(step=None)
    elif isinstance(node, ast.Subscript):
        if isinstance(node.ctx, ast.Load):
            yield node.value
    elif isinstance(node, ast.Call):
        named = isinstance(node.func, ast.Attribute)
        function = node.func.attr if named else node.func.id
        yield from node.args[:3]
        if named and not (isinstance(node.func.value, ast.Name) and node.func.value.id == "np"):
            yield node.func.value
        yield from (other(keywords=without(node.keywords, i)) for i in range(len(node.keywords)))
        if function in CALLS:
            swapped = ast.Attribute(node.func.value, CALLS[function], ast.Load()) if named else ast.Name(CALLS[function], ast.Load())
            yield other(func=swapped)
        if function == "range" and len(node.args) == 1:
            yield other(args=[ast.Constant(1), *node.args])
            yield other(args=[ast.BinOp(node.args[0], ast.Sub(), ast.Constant(1))])
        if function == "where":
            yield other(args=[node.args[0], node.args[2], node.args[1]])


def statement_slips(node):
    if isinstance(node, ast.AugAssign):
        store, op = node.target, node.op
        yield ast.Assign([store], node.value, lineno=node.lineno)
        yield ast.AugAssign(store, ast.Sub() if isinstance(op, ast.Add) else ast.Add(), node.value)
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.Return, ast.Expr)):
        yield ast.Pass()


def kinds(exercise):
    """{variable: what it is} in the answer's functions: the names within one kind are easily mistaken for each other."""
    found = {}

    def look(frame, event, _):
        if event == "return" and frame.f_code.co_filename == "<answer>":
            for name, value in frame.f_locals.items():
                found[name] = ("array", value.ndim) if isinstance(value, np.ndarray) else type(value).__name__.replace("int", "float")

    functions = functions_from(exercise.answer_source, exercise.names)
    args, kwargs = fresh(exercise.visible()[0])
    sys.setprofile(look)
    try:
        exercise.evaluate(functions, args, kwargs)
    finally:
        sys.setprofile(None)
    return found


def same_value(tree):
    """The pairs of names of which one is a copy of the other, as in `ds0 = ds2`: it makes no difference which of them is used."""
    groups = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and isinstance(node.targets[0], ast.Name):
            pair = {node.targets[0].id, node.value.id}
            groups = [g for g in groups if not g & pair] + [set().union(pair, *(g for g in groups if g & pair))]
    return {(a, b) for g in groups for a in g for b in g}


class InOrder(ast.NodeTransformer):
    """The two sides of + and * in alphabetical order, so that a + b and b + a are one text."""

    def visit_BinOp(self, node):
        node = self.generic_visit(node)
        if isinstance(node.op, (ast.Add, ast.Mult)):
            node.left, node.right = sorted((node.left, node.right), key=ast.unparse)
        return node


def in_order(source):
    return ast.unparse(InOrder().visit(ast.parse(source)))


@cache
def mutants(exercise):
    """{(right line, slipped line): source} of every slip that `expression_slips`, `statement_slips` and swapped names make."""
    tree = ast.parse(exercise.answer_source)
    right = ast.unparse(tree)
    kind = kinds(exercise)
    copies = same_value(tree)
    sources = {}

    def record():
        source = ast.unparse(tree)
        if source != right:
            pairs = [(a.strip(), b.strip()) for a, b in zip(right.splitlines(), source.splitlines(), strict=True) if a != b]
            before, after = ("; ".join(lines) for lines in zip(*pairs))
            if not (skipped := ELSEWHERE.get(exercise.id)) or skipped not in before:
                sources.setdefault((before, after), source)

    def try_all(parent, field, index, node, slips):
        for slip in slips:
            place(parent, field, index, slip)
            record()
        place(parent, field, index, node)

    def place(parent, field, index, node):
        if index is None:
            setattr(parent, field, node)
        else:
            getattr(parent, field)[index] = node

    def visit(parent):
        for field, value in list(ast.iter_fields(parent)):
            if field in ("ctx", "op", "ops", "args") and isinstance(parent, (ast.FunctionDef, ast.Name)):
                continue
            for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if isinstance(node, ast.stmt):
                    try_all(parent, field, index, node, list(statement_slips(node)))
                elif isinstance(node, (ast.expr, ast.Slice)):
                    try_all(parent, field, index, node, list(expression_slips(node)))
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in kind:
                        others = sorted(n for n in kind if kind[n] == kind[node.id] and n != node.id and (n, node.id) not in copies)
                        try_all(parent, field, index, node, [ast.Name(n, ast.Load()) for n in others])
                if isinstance(node, ast.AST):
                    visit(node)

    visit(tree)
    loads = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
    used = sorted({n.id for n in loads} & kind.keys())
    for one, two in itertools.combinations(used, 2):
        if kind[one] == kind[two] and (one, two) not in copies:  # mistaken for each other throughout
            swap = {one: two, two: one}
            names = [n.id for n in loads]
            for n in loads:
                n.id = swap.get(n.id, n.id)
            if in_order(ast.unparse(tree)) != in_order(right):
                record()
            for n, name in zip(loads, names):
                n.id = name
    return sources


def loses_points(exercise, source, runs):
    """Does an answer with this source lose points on some run, a pair (cases, hidden)?"""
    try:
        functions = functions_from(source, exercise.names)
    except (SyntaxError, NameError):  # the slip is no program
        return True
    bare = replace(exercise, misconceptions=())  # which idea it is does not matter here, and takes time to find out
    return any(judge(bare, functions, cases, 4.0, hidden) < 4.0 for cases, hidden in runs)


@pytest.mark.parametrize("exercise", EXERCISES, ids=label)
def test_slips_lose_points(exercise):
    sources = {k: s for k, s in mutants(exercise).items() if (exercise.id, *k) not in EQUIVALENT}
    runs = all_cases(exercise)
    survivors = [" -> ".join(k) for k, source in sources.items() if not loses_points(exercise, source, runs)]
    assert len(sources) > 40
    assert not survivors, "\n".join([f"{len(survivors)} of {len(sources)} slips in {exercise.id} lose nothing:", *survivors])


@pytest.mark.parametrize("exercise_id, before, after", EQUIVALENT, ids=[f"{id}-{i}" for i, (id, *_) in enumerate(EQUIVALENT)])
def test_a_listed_slip_occurs_and_changes_nothing(exercise_id, before, after):
    exercise = find(exercise_id)
    sources = mutants(exercise)
    assert (before, after) in sources, "this slip is not made any more: take it off the list"
    runs = all_cases(exercise)
    assignment = ASSIGNMENT[exercise_id[:2]]
    for call in hidden_calls(ROOT / "solutions" / assignment / f"{assignment}.ipynb"):
        if call.exercise == exercise_id:
            runs += [(cases_for(exercise, call.hidden, seed), True) for seed in range(10_000, 10_010)]
    assert not loses_points(exercise, sources[before, after], runs), "some input tells this slip from the right answer: take it off the list"
