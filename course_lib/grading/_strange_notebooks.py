"""Notebook files from strangers: read within bounds, and written anew from what grading needs."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from ._page_text import visible
from ._strange_names import spelled

MAX_BYTES = 50_000_000  # of a notebook file, and of all that a zip unpacks to
MAX_PARTS = 2_000_000  # commas and brackets: a small file of empty lists would fill the memory
MAX_CELLS = 2_000
MAX_SOURCE = 1_000_000  # characters of one cell
MAX_SOURCES = 5_000_000  # of all cells

AGAIN = "Open your own copy in JupyterLab, save it and hand it in again"
MEANING = {
    "unreadable": f"The file could not be read as a notebook, so there was nothing to grade. {AGAIN}.",
    "wrong-format": "The notebook is in a format that this course does not read. Open it in JupyterLab, save it and hand it in again.",
    "wrong-assignment": "By its cells the file is another assignment's notebook. Hand in the right one.",
    "no-notebook": "There is no notebook of this assignment in the hand-in. Hand it in under the name that it had.",
    "ambiguous": "Several files could be the notebook, and nobody guesses which one counts. Hand in one.",
    "too-large": "The hand-in is larger than what is read. Clear the outputs (Kernel, Restart Kernel and Clear Outputs) and hand in again.",
    "too-many-files": "The hand-in holds more files than what is read. Hand in the notebook alone.",
    "symlink": "The hand-in holds a link where the notebook should be, and links are not followed. Hand in the file itself.",
    "not-a-file": "In the notebook's place lies something that is no file. Hand in the notebook file itself.",
    "unsafe-path": "The zip holds a name that points out of it or cannot be seen. Make it with `workbook submit`.",
    "encrypted": "The zip asks for a password. Hand in one without.",
    "nested": "There is a zip inside the zip. Unpack the outer one and hand in the inner one.",
    "other-archive": "The hand-in is an archive that is not read here. Hand in a zip (`workbook submit` makes one).",
    "damaged": "The zip is damaged. Make it again with `workbook submit` and hand it in again.",
}

_LABEL = {"grade_id": str, "grade": bool, "solution": bool, "locked": bool, "task": bool, "points": (int, float),
          "schema_version": int, "cell_type": str}
_LONE = re.compile("[\ud800-\udfff]")


class Refused(Exception):
    """Why one hand-in is not taken: a verdict, a key of MEANING, and a sentence; the others go on."""

    def __init__(self, verdict: str, reason: str):
        super().__init__(reason)
        self.verdict, self.reason = verdict, reason


def clean_notebook(data: bytes) -> tuple[str, list[str]]:
    """(the notebook as JSON text with nothing but cell types, ids, labels and sources; what was out of order).

    Raises Refused. The text is the same for two files that differ only in outputs, other metadata or spacing.
    """
    notes: list[str] = []
    raw = _parse(_decoded(data, notes), notes)
    if not isinstance(raw, dict) or type(raw.get("nbformat")) is not int:
        raise Refused("unreadable", f"JSON, but not a notebook (no nbformat number). {AGAIN}")
    if raw["nbformat"] != 4:
        age = "an old" if raw["nbformat"] < 4 else "a newer"
        raise Refused("wrong-format", f"{age} notebook format ({_short(raw['nbformat'])}; this course reads 4). Open it in JupyterLab and save it")
    cells = raw.get("cells")
    if not isinstance(cells, list):
        raise Refused("unreadable", f"JSON, but not a notebook (it has no list of cells). {AGAIN}")
    if len(cells) > MAX_CELLS:
        raise Refused("too-large", f"{len(cells)} cells; the limit is {MAX_CELLS}. Delete those that you do not need")
    _note_rest(raw, cells, notes)
    clean = [_clean_cell(n, cell, notes) for n, cell in enumerate(cells, 1)]
    if sum(len(c["source"]) for c in clean) > MAX_SOURCES:
        raise Refused("too-large", f"its cells hold more than {MAX_SOURCES // 1_000_000} million characters. Delete those that you do not need")
    return json.dumps({"cells": clean, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, ensure_ascii=False, allow_nan=False), notes


def _decoded(data: bytes, notes: list[str]) -> str:
    if not data.strip():
        raise Refused("unreadable", f"the file is empty. {AGAIN}")
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as e:
        raise Refused("unreadable", f"not a notebook: not text in UTF-8 (byte {e.start}). {AGAIN}") from None
    if wide:
        notes.append("saved in UTF-16 instead of UTF-8; read all the same")
    if "\0" in text:
        raise Refused("unreadable", f"not a notebook: it holds NUL characters, so it may be a broken download. {AGAIN}")
    if sum(map(text.count, "[{,")) > MAX_PARTS:
        raise Refused("too-large", f"more than {MAX_PARTS // 1_000_000} million values in one file. Clear its outputs and hand it in again")
    return text


def _parse(text: str, notes: list[str]) -> Any:
    """The JSON value. Of a key that stands there twice the last counts, as for Jupyter."""
    twice: list[str] = []
    constants: set[str] = set()

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs) and len(twice) < 5:
            seen: set[str] = set()
            twice.extend(k for k, _ in pairs if k in seen or seen.add(k))
        return made

    def number(digits: str) -> float:
        value = float(digits)
        return value if math.isfinite(value) else 0.0

    try:
        value = json.loads(text, object_pairs_hook=mapping, parse_constant=constants.add, parse_float=number)
    except (ValueError, RecursionError) as e:
        where = "it is nested too deep" if isinstance(e, RecursionError) else "a number of thousands of digits"
        where = f"line {e.lineno}: {e.msg}" if isinstance(e, json.JSONDecodeError) else where
        raise Refused("unreadable", f"not a notebook, since it is not JSON ({where}); it may be a broken download. {AGAIN}") from None
    if twice:
        notes.append(f"the key {', '.join(map(spelled, dict.fromkeys(twice[:5])))} stands twice in one place; the last one counts")
    if constants:
        notes.append(f"{', '.join(sorted(constants))} is no JSON; read as nothing")
    return value


def _note_rest(raw: dict, cells: list, notes: list[str]) -> None:
    """Notes on what a notebook may hold besides its cells' sources, and what is never used."""
    meta = raw.get("metadata") if isinstance(raw.get("metadata"), dict) else {}
    kernel = meta.get("kernelspec") if isinstance(meta.get("kernelspec"), dict) else {}
    if (name := kernel.get("name")) not in (None, "python3"):
        notes.append(f"made for the kernel {_short(name)}; it runs on python3 like everyone's")
    count = sum(isinstance(c, dict) and bool(c.get("attachments")) for c in cells)
    if count:
        notes.append(f"files attached to {count} cell{'s' if count > 1 else ''} are not used")


def _clean_cell(number: int, cell: Any, notes: list[str]) -> dict[str, Any]:
    kind = cell.get("cell_type") if isinstance(cell, dict) else None
    if kind not in ("code", "markdown", "raw"):
        raise Refused("unreadable", f"JSON, but not a notebook (cell {number} is of no known type). {AGAIN}")
    source = cell.get("source")
    if isinstance(source, list) and all(isinstance(s, str) for s in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise Refused("unreadable", f"JSON, but not a notebook (cell {number} has no text). {AGAIN}")
    if len(source) > MAX_SOURCE:
        raise Refused("too-large", f"cell {number} has {len(source):,} characters; the limit is {MAX_SOURCE:,}. Shorten it")
    if _LONE.search(source):
        source = _LONE.sub("\ufffd", source)
        notes.append(f"cell {number} holds half a character (a lone surrogate); it became \ufffd")
    meta = cell.get("metadata") if isinstance(cell.get("metadata"), dict) else {}
    label = meta.get("nbgrader") if isinstance(meta.get("nbgrader"), dict) else {}
    label = {k: label[k] for k, kinds in _LABEL.items() if k in label and _fits(label[k], kinds)}
    made = {"cell_type": kind, "id": _id(cell.get("id"), number), "metadata": {"nbgrader": label} if "grade_id" in label else {}, "source": source}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def _fits(value: Any, kinds: type | tuple) -> bool:
    if isinstance(value, str):
        return kinds is str and len(value) <= 200 and not _LONE.search(value)
    return isinstance(value, kinds) and (isinstance(value, bool) is (kinds is bool)) and abs(value) < 1e9


def _id(given: Any, number: int) -> str:
    return given if isinstance(given, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", given) else f"cell-{number}"


def _short(value: Any) -> str:
    return visible(value)[:60] if isinstance(value, str) else str(value)[:20] if isinstance(value, (int, float)) and abs(value) < 1e9 else "of another kind"
