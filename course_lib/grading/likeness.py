"""Answers that are the library's own code: the same syntax tree, whatever the names. A flag for a person, never a penalty."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from functools import cache

from nbformat import NotebookNode
from nbgrader.utils import is_solution

import course_lib

SMALLEST = 80  # nodes: a shorter function comes out the same when two people write it

SAME = "the library's own code, with other names at most"


def copied(nb: NotebookNode, frame: NotebookNode) -> Iterator[tuple[str, str]]:
    """(function, why) for each function in the answer cells that is one of the library's, or the course's model answer."""
    given = {shape for c in frame.cells if c.cell_type == "code" for shape in shapes(c.source).values()}
    for cell in nb.cells:
        if cell.cell_type == "code" and is_solution(cell):
            for name, shape in shapes(cell.source).items():
                if shape not in given and shape in library_shapes():
                    yield name, f"{SAME} ({library_shapes()[shape]})"


def shapes(source: str) -> dict[str, str]:
    """{function: its syntax tree without names of its own, docstring and annotations} of a text's larger functions."""
    try:
        functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    except _UNREADABLE:
        return {}
    return {f.name: shape for f in functions if (shape := _shape(f))}


_UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


def _shape(function: ast.FunctionDef) -> str | None:
    """None for a small function, and for one whose tree is too deep to look at."""
    try:
        return _own_names_aside(ast.parse(ast.unparse(function)).body[0])
    except _UNREADABLE:
        return None


def _own_names_aside(function: ast.FunctionDef) -> str | None:
    if ast.get_docstring(function) is not None:
        function.body = function.body[1:] or [ast.Pass()]
    own: dict[str, str] = {}
    for node in ast.walk(function):  # names that the function binds are its own; np, len and the like are not
        if isinstance(node, ast.arg):
            own.setdefault(node.arg, f"n{len(own)}")
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            own.setdefault(node.id, f"n{len(own)}")
        elif isinstance(node, ast.FunctionDef):
            own.setdefault(node.name, f"n{len(own)}")
    for node in ast.walk(function):
        if isinstance(node, ast.arg):
            node.arg, node.annotation = own[node.arg], None
        elif isinstance(node, ast.Name):
            node.id = own.get(node.id, node.id)
        elif isinstance(node, ast.FunctionDef):
            node.name, node.returns = own[node.name], None
    if sum(1 for _ in ast.walk(function)) < SMALLEST:
        return None
    return ast.dump(function)


@cache
def library_shapes() -> dict[str, str]:
    """{syntax tree: where it is from} of every function of the library's core and every model answer of the checks."""
    from pathlib import Path

    from course_lib.check.exercises import everything

    found: dict[str, str] = {}
    for path in sorted(Path(course_lib.__file__).parent.glob("*.py")):
        for name, shape in shapes(path.read_text(encoding="utf-8")).items():
            found.setdefault(shape, f"course_lib.{path.stem}.{name}")
    for exercise in everything():
        for function in exercise.answer:
            for name, shape in shapes(textwrap.dedent(inspect.getsource(function))).items():
                found.setdefault(shape, f"the model answer of {exercise.id}")
    return found
