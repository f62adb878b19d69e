"""Read the hidden checks of a solved notebook: which exercise, which parameters, which seed, how many points."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

import nbformat


@dataclass(frozen=True)
class CheckCall:
    """One `check(...)` call of a test cell. hidden is None for a visible check."""

    exercise: str
    functions: tuple[str, ...]
    points: float
    hidden: list[dict] | None
    seed: int
    grade_id: str
    max_points: float


def check_calls(notebook: Path) -> list[CheckCall]:
    """Every `check(...)` call in the test cells of a solved notebook. Raises ValueError where an argument is no literal."""
    calls = []
    for cell in nbformat.read(notebook, as_version=4).cells:
        grading = cell.metadata.get("nbgrader", {})
        if cell.cell_type != "code" or not grading.get("grade") or grading.get("solution"):
            continue
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "check":
                calls.append(_read(node, grading, notebook))
    return calls


def hidden_calls(notebook: Path) -> list[CheckCall]:
    return [c for c in check_calls(notebook) if c.hidden is not None]


def _read(node: ast.Call, grading: dict, notebook: Path) -> CheckCall:
    try:
        exercise, functions = ast.literal_eval(node.args[0]), tuple(a.id for a in node.args[1:])
        keywords = {k.arg: _literal(k.value) for k in node.keywords}
    except (ValueError, AttributeError, IndexError) as e:
        raise ValueError(f"{notebook.name}, cell {grading.get('grade_id')}: the arguments of check(...) must be written out ({e})") from e
    return CheckCall(exercise, functions, float(keywords["points"]), keywords.get("hidden"), keywords.get("seed", 0),
                     grading["grade_id"], float(grading["points"]))


def _literal(node: ast.expr):
    """A literal, in which dict(a=1) may stand for {"a": 1}."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict" and not node.args:
        return {k.arg: _literal(k.value) for k in node.keywords}
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [_literal(e) for e in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)
    return ast.literal_eval(node)
