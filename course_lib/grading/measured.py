"""Answers that measure a derivative where one is asked for: difference quotients, the complex step, another package's
differentiation. Their values are right, so that no test can tell; a flag for a person, never a penalty."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

import numpy as np
from nbformat import NotebookNode
from nbgrader.utils import is_solution

from .execute import is_test
from .names import builtin_names, free

QUOTIENT = "divides the difference of two values of one function: a measured derivative, not a derived one"
IMAGINARY = "divides an imaginary part: a derivative measured by a complex step, not a derived one"
PACKAGE = "has {} differentiate: a derivative that is not the answer's own"
PACKAGES = {"torch", "jax", "autograd", "tensorflow", "sympy", "casadi", "numdifftools", "jacobi", "aesara", "pytensor"}
FUNCTIONS = {"numerical_gradient", "numerical_jacobian", "approx_fprime", "approx_derivative", "check_grad", "differentiate"}


def measured(nb: NotebookNode, frame: NotebookNode) -> Iterator[tuple[str, str]]:
    """(answer, why) for each answer that measures a derivative, itself or by a function of the student's own, where the
    course's own answer does not."""
    given = {c.source for c in frame.cells}
    own = [c.source for c in nb.cells if c.cell_type == "code" and not is_test(c) and (is_solution(c) or c.source not in given)]
    helpers: dict[str, tuple[str | None, frozenset[str]]] = {}
    for source in own:
        for name, (why, used) in _definitions(source).items():
            before = helpers.get(name, (None, frozenset()))
            helpers[name] = before[0] or why, before[1] | used
    for cell in nb.cells:
        if cell.cell_type == "code" and is_solution(cell) and cell.source not in given:
            name = cell.metadata.nbgrader.grade_id
            if name not in asked_for() and (why := _why(name, helpers)):
                yield name, why


def _why(name: str, helpers: dict[str, tuple[str | None, frozenset[str]]]) -> str | None:
    """Why the function of this name, or one that it uses, measures."""
    seen, todo = {name}, [name]
    while todo:
        why, used = helpers.get(todo.pop(), (None, frozenset()))
        if why:
            return why
        todo += [n for n in used if n in helpers and n not in seen]
        seen |= used
    return None


def _definitions(source: str) -> dict[str, tuple[str | None, frozenset[str]]]:
    """{name: (why what is bound to it measures, or None; the names that it uses)} of a cell's top level."""
    found: dict[str, tuple[str | None, frozenset[str]]] = {}
    try:
        for node in ast.parse(source).body:
            for name in _bound_by(node):
                found[name] = next(_signs(node), None), free(ast.unparse(node))
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # no Python, or too deep to look at
        return {}
    return found


def _bound_by(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
        yield node.name
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from ((a.asname or a.name).partition(".")[0] for a in node.names)
    elif isinstance(node, ast.Assign):
        yield from (n.id for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name))


def _signs(tree: ast.AST) -> Iterator[str]:
    """Why this code measures a derivative, for each sign of it."""
    differences = _Differences(tree)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
            wanted = {p for m in modules for p in m.split(".")} | {a.name for a in node.names}
            yield from (PACKAGE.format(p) for p in sorted(wanted & (PACKAGES | FUNCTIONS)))
        elif isinstance(node, (ast.Attribute, ast.Name)):
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            if name in FUNCTIONS:
                yield PACKAGE.format(name)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            if _imaginary(node.left):
                yield IMAGINARY
            if node.left in differences:
                yield QUOTIENT
        elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Div) and node.target in differences:
            yield QUOTIENT


class _Differences:
    """Expressions of a tree that hold the difference of two values of one function, by their text: called there, or in
    lines that gave the values, or the difference, their names."""

    def __init__(self, tree: ast.AST):
        self.called: dict[str, set[str]] = {}
        self.names: set[str] = set()
        for target, value in _assigned(tree):
            self.called.setdefault(target, set()).update(_calls(value))
        while more := {target for target, value in _assigned(tree) if value in self} - self.names:
            self.names |= more

    def __contains__(self, expression: ast.AST) -> bool:
        return any(isinstance(n, ast.BinOp) and isinstance(n.op, ast.Sub) and self._calls(n.left) & self._calls(n.right)
                   or isinstance(n, ast.Name) and n.id in self.names for n in ast.walk(expression))

    def _calls(self, node: ast.AST) -> set[str]:
        return _calls(node) | {f for n in _read(node) if isinstance(n, ast.Name) for f in self.called.get(n.id, ())}


def _assigned(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """(name, the expression that it is given) of every plain assignment; the name of an array whose entry is given, too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                pairs = [(target, node.value)]
                if isinstance(target, ast.Tuple):
                    values = node.value.elts if isinstance(node.value, ast.Tuple) and len(node.value.elts) == len(target.elts) else [node.value] * len(target.elts)
                    pairs = list(zip(target.elts, values))
                for t, v in pairs:
                    if isinstance(t, ast.Subscript):
                        t = t.value
                    if isinstance(t, ast.Name):
                        yield t.id, v


def _read(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of an expression whose values go into its own: not what only its shape, type or length is taken of."""
    sized = isinstance(node, ast.Attribute) and node.attr in ("shape", "ndim", "size", "dtype")
    if sized or isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len":
        return
    yield node
    for part in ast.iter_child_nodes(node):
        yield from _read(part)


def _calls(node: ast.AST) -> set[str]:
    """Functions that are called in an expression. NumPy's own and Python's are none: (np.exp(a) - np.exp(-a)) / 2 is a formula."""
    called = [n.func for n in _read(node) if isinstance(n, ast.Call)]
    names = {f.id for f in called if isinstance(f, ast.Name)} - builtin_names()
    return names | {f.attr for f in called if isinstance(f, ast.Attribute) and not hasattr(np.ndarray, f.attr) and not hasattr(np, f.attr)}


def _imaginary(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "imag" or isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "imag"


@cache
def asked_for() -> frozenset[str]:
    """Functions whose own model answers measure: there it is what is asked for."""
    import inspect
    import textwrap

    from course_lib.check.exercises import everything

    return frozenset(name for e in everything() for name, answer in zip(e.names, e.answer)
                     if next(_signs(ast.parse(textwrap.dedent(inspect.getsource(answer)))), None))
