"""Which names a cell uses and binds: read from its text, without running it."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterable
from functools import cache, lru_cache

from nbgrader.utils import is_solution

from .execute import is_test


@cache
def builtin_names() -> frozenset[str]:
    return frozenset(dir(builtins)) | {"display", "get_ipython", "__name__"}


def _table(source: str) -> symtable.SymbolTable | None:
    try:
        return symtable.symtable(source, "cell", "exec")
    except _NOT_PYTHON:
        return None


_NOT_PYTHON = (SyntaxError, ValueError, RecursionError, MemoryError)  # a magic, or something worse


def _tree(source: str) -> ast.Module | None:
    """Also where symtable could read it: a tree of Python's objects may be as deep as Python's stack, and no deeper."""
    try:
        return ast.parse(source)
    except _NOT_PYTHON:
        return None


@lru_cache(4096)
def free(source: str) -> frozenset[str]:
    """Names that the cell takes from the notebook: used at its top level or in a function, and not bound in it before."""
    table = _table(source)
    return frozenset(_global_uses(table)) - _first_bound(source) if table else frozenset()


def _global_uses(table: symtable.SymbolTable):
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (table.get_type() == "module" or symbol.is_global()):
            yield symbol.get_name()
    for child in table.get_children():
        yield from _global_uses(child)


def _first_bound(source: str) -> set[str]:
    """Functions, classes and imports of the cell itself: they are there before anything uses them."""
    names: set[str] = set()
    tree = _tree(source)
    for node in tree.body if tree else ():
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(a.asname or a.name).partition(".")[0] for a in node.names}
    return names


@lru_cache(4096)
def bound(source: str) -> frozenset[str]:
    """Names that the cell binds at its top level."""
    table = _table(source)
    if table is None:
        return frozenset()
    return frozenset(s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported() or s.is_namespace()) | _globals_of(table)


def _globals_of(table: symtable.SymbolTable) -> frozenset[str]:
    """Names that a function of the cell assigns by `global`."""
    return frozenset(s.get_name() for t in table.get_children() for s in t.get_symbols() if s.is_declared_global() and s.is_assigned())


def needed_cells(cells: Iterable, untouched: Iterable[str]) -> set[str]:
    """Ids of the untouched demonstration cells that something of the student's may need: they bind a name, or may change
    what is bound to one, that one of the student's cells uses, directly or through another such cell."""
    ids, code = set(untouched), [c for c in cells if c.cell_type == "code" and not is_test(c)]
    students = [c for c in code if c.id not in ids]
    if any(_table(c.source) is None for c in students):
        return ids  # what cannot be read may need anything
    wanted = set().union(*(free(c.source) for c in students)) if students else set()
    modules = {n for c in code for n in _imports(c.source)}
    needed: set[str] = set()
    while True:
        more = [c for c in code if c.id in ids - needed and (_table(c.source) is None or (bound(c.source) | free(c.source) - modules) & wanted)]
        if not more:
            return needed
        for c in more:
            needed.add(c.id)
            wanted |= free(c.source)


def _imports(source: str) -> set[str]:
    tree = _tree(source)
    if tree is None:
        return set()
    return {(a.asname or a.name).partition(".")[0] for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom)) for a in n.names}


def answer_names(cells: Iterable, named_only: bool = False) -> frozenset[str]:
    """Names that the frame's answer cells define: the student's to give. `named_only`: just those that grade ids say, for
    a notebook whose answer cells hold a student's text, which may bind anything."""
    answers = [c for c in cells if c.cell_type == "code" and is_solution(c)]
    named = {c.metadata.nbgrader.grade_id for c in answers if c.metadata.nbgrader.grade_id.isidentifier()}
    return frozenset(named) if named_only else frozenset(named).union(*(bound(c.source) for c in answers))
