"""The library as the answers see it: without the functions that the assignment asks for, and without any test.

A notebook's metadata lists them (`workbook.withheld`: ["conv.conv2d_backward", ...]). They stay where they are, with
their docstring and a body that says why there is none, so that every other import works. Numerical derivatives are
withheld from every assignment: they would answer any question for a gradient. Of the checks only the names are left: what
they know (right answers, wrong ideas, seeds) stays outside. So it is with the widgets, which nobody sees.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import course_lib

from .course import WorkbookError

HERE = Path(course_lib.__file__).parent
ROOMS = ("datafiles",)  # folders of the library that answers may need: no other room of it is copied
NUMERICAL = ("gradcheck.numerical_gradient", "gradcheck.numerical_jacobian")  # unless workbook.at_hand lists them
WHY_NUMERICAL = "{name} would stand in the place of your own answer: it is not at hand while your notebook is graded"
WHY = "{name} is what this assignment asks you to write: the library's own is not at hand while your notebook is graded"
CHECKS = '''"""The checks run outside, on what your functions give; here they only have their names."""


class CheckResult(float):
    message = "this check runs when the notebook is graded"


def check(exercise_id, *functions, points=1.0, hidden=None, seed=0, variant=None, parts=None):
    return CheckResult(0.0)


def hint(exercise_id, step=1):
    return None


def show_numbers(exercise_id, variant=None):
    return None


MIME = "application/vnd.cnn-workbook.check+json"
'''
WIDGETS = '''"""Widgets are drawn in a browser; here they only have their names."""


class Widget:
    def __init__(self, *args, **options):
        pass


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return Widget
'''


def withheld_by(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """What a notebook with this metadata withholds: what it lists, and numerical derivatives unless it says otherwise."""
    ours = metadata.get("workbook", {})
    return tuple(dict.fromkeys([*ours.get("withheld", ()), *(n for n in NUMERICAL if n not in ours.get("at_hand", ()))]))


def write_library(target: Path, withheld: Iterable[str]) -> None:
    """Write `target`/course_lib. Raises WorkbookError for a withheld name that the library does not have."""
    package = target / "course_lib"
    shutil.copytree(HERE, package, ignore=lambda folder, names: {
        n for n in names if n == "__pycache__" or Path(folder) == HERE and Path(folder, n).is_dir() and n not in ROOMS})
    for room, text in (("check", CHECKS), ("widgets", WIDGETS)):
        (package / room).mkdir()
        (package / room / "__init__.py").write_text(text, encoding="utf-8")
    blanked: dict[Path, list[str]] = {}
    for name in withheld:
        file, function = _definition(name)
        blanked.setdefault(package / file.relative_to(HERE), []).append(function)
    for path, functions in blanked.items():
        path.write_text(blank(path.read_text(encoding="utf-8"), functions), encoding="utf-8")
    for path in (target, *target.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _definition(name: str) -> tuple[Path, str]:
    """The file and the name under which a function such as "conv.conv2d_backward", or a method, is written."""
    module, *path = name.split(".")
    try:
        found = importlib.import_module(f"course_lib.{module}")
        for part in path:
            found = getattr(found, part)
        return Path(inspect.getsourcefile(found)), found.__qualname__
    except (ImportError, AttributeError, TypeError, ValueError) as e:
        raise WorkbookError(f"the assignment withholds {name!r}, which course_lib does not have ({e}). "
                            f"Correct the notebook's metadata: workbook.withheld") from None


def blank(source: str, names: Iterable[str]) -> str:
    """The source with the body of each of these functions (or methods, "Class.method") replaced by an error."""
    lines = source.splitlines(keepends=True)
    wanted = set(names)
    for node, name in reversed(list(_functions(ast.parse(source)))):
        if name in wanted:
            wanted.discard(name)
            has_docstring = ast.get_docstring(node) is not None and len(node.body) > 1
            first = node.body[1 if has_docstring else 0]
            indent = " " * first.col_offset
            message = (WHY_NUMERICAL if f"gradcheck.{name}" in NUMERICAL else WHY).format(name=name)
            lines[first.lineno - 1 - len(_decorators(first)):node.end_lineno] = [f"{indent}raise RuntimeError({message!r})\n"]
    if wanted:
        raise WorkbookError(f"the assignment withholds {', '.join(sorted(wanted))}, which are no functions of one file")
    return "".join(lines)


def _decorators(node) -> list:
    return getattr(node, "decorator_list", [])


def _functions(tree: ast.Module):
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node, node.name
        elif isinstance(node, ast.ClassDef):
            yield from ((m, f"{node.name}.{m.name}") for m in node.body if isinstance(m, ast.FunctionDef))
