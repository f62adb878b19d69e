"""Read the checks of a solved notebook: which exercise, which parameters, which seed, how many points, what it builds on."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import nbformat


@dataclass(frozen=True)
class CheckCall:
    """One `check(...)` call of a test cell. hidden is None for a visible check; parts: {id of an earlier exercise: names}."""

    exercise: str
    functions: tuple[str, ...]
    points: float
    hidden: list[dict] | None
    seed: int
    grade_id: str
    max_points: float
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


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
        parts = parts_of(node)
        keywords = {k.arg: _literal(k.value) for k in node.keywords if k.arg not in ("parts", "variant")}
    except (ValueError, AttributeError, IndexError) as e:
        raise ValueError(f"{notebook.name}, cell {grading.get('grade_id')}: the arguments of check(...) must be written out ({e})") from e
    return CheckCall(exercise, functions, float(keywords["points"]), keywords.get("hidden"), keywords.get("seed", 0),
                     grading["grade_id"], float(grading["points"]), parts)


def parts_of(call: ast.Call) -> dict[str, tuple[str, ...]]:
    """The argument `parts={"09.pool_backward": pool_backward}` of a `check(...)` call, with the functions' names. Raises
    ValueError or AttributeError where it is not written out so."""
    found = next((k.value for k in call.keywords if k.arg == "parts"), None)
    if found is None:
        return {}
    if not isinstance(found, ast.Dict):
        raise ValueError("parts= is a dict written out, of ids and functions' names")
    named = zip(found.keys, found.values, strict=True)
    return {ast.literal_eval(key): tuple(f.id for f in (value.elts if isinstance(value, (ast.Tuple, ast.List)) else [value]))
            for key, value in named}


def part_names(call: ast.Call) -> list[str]:
    """The functions' names alone; none where they are not written out (a mistake of the author's, which `check_calls` says)."""
    try:
        return [name for names in parts_of(call).values() for name in names]
    except (ValueError, AttributeError):
        return []


def parts_only(source: str) -> set[str]:
    """Names that a test cell's `check(...)` uses as parts, and not as the functions that it judges."""
    parts: set[str] = set()
    judged: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "check":
            parts |= set(part_names(node))
            judged |= {a.id for a in node.args if isinstance(a, ast.Name)}
    return parts - judged


def _literal(node: ast.expr):
    """A literal, in which dict(a=1) may stand for {"a": 1}."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict" and not node.args:
        return {k.arg: _literal(k.value) for k in node.keywords}
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [_literal(e) for e in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)
    return ast.literal_eval(node)
