"""Answers in words: Markdown cells that a person marks.

In a student copy each begins with a comment that Markdown does not show, `<!-- why-swap: … -->`, so that the answer is
known by its name also where an editor drops what cells carry beside their text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

STUB = "YOUR ANSWER HERE"  # nbgrader's
_MARK = re.compile(r"<!--\s*([\w.-]{1,100}): your answer goes below this line\s*-->[ \t]*\n?")


def mark(grade_id: str) -> str:
    """The first line of a written answer's cell in a student copy."""
    return f"<!-- {grade_id}: your answer goes below this line -->\n"


def marked(source: str) -> str | None:
    """The grade id that the comment in a cell's text says; None where there is none."""
    found = _MARK.search(source)
    return found[1] if found else None


def words_of(source: str) -> str:
    """What was written: without the comment; empty where nothing was."""
    text = _MARK.sub("", source).strip()
    return "" if text == STUB else text


def is_written(cell: NotebookNode) -> bool:
    """An answer in words: a Markdown cell that is an answer."""
    label = cell.get("metadata", {}).get("nbgrader")
    return cell.get("cell_type") == "markdown" and isinstance(label, dict) and bool(label.get("solution"))


def unanswered(nb: NotebookNode) -> list[tuple[str, float]]:
    """(grade id, points) of the written answers that carry points and are empty."""
    labels = [(c.metadata["nbgrader"], c) for c in nb.cells if is_written(c)]
    return [(label["grade_id"], float(label["points"])) for label, c in labels
            if label.get("grade") and label.get("points") and not words_of(c.source)]


def without_scheme(nb: NotebookNode) -> list[str]:
    """Grade ids of a solved notebook's written answers with points that have no model answer, or nothing to mark by."""
    return [c.metadata["nbgrader"]["grade_id"] for c in nb.cells if is_written(c) and c.metadata["nbgrader"].get("points")
            and (not words_of(c.source.partition("**Marking")[0]) or "**Marking" not in c.source)]
