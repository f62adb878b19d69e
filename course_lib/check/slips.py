"""Small slips in a right answer, made by machine: a sign, an index, a forgotten term. Tests must find each of them.

A few hundred for each exercise: other operators, comparisons, constants and axes, arguments left out or swapped, lines left
out, and variables of one kind mistaken for each other. A slip that changes nothing (an equivalent one) is for people to judge.
"""

from __future__ import annotations

import ast
import itertools
import sys
from functools import cache

import numpy as np

from .exercise import Exercise, functions_from
from .inputs import fresh

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
def slips(exercise: Exercise, elsewhere: str = "") -> dict[tuple[str, str], str]:
    """{(right line, slipped line): source} of every slip that `expression_slips`, `statement_slips` and swapped names make, but
    for those in lines that hold the text `elsewhere`."""
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
            if not elsewhere or elsewhere not in before:
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
