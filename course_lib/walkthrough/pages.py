"""A solved notebook made ready to be a page: answers folded, pictures with their captions, widgets that need no kernel."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

from course_lib.walkthrough.stored import VIEW, Widgets

if TYPE_CHECKING:
    from nbformat import NotebookNode

SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION\n(.*?)^[ \t]*### END SOLUTION[ \t]*(?:\n|\Z)", re.MULTILINE | re.DOTALL)
MARKS = re.compile(r"^[ \t]*### (?:BEGIN|END) (?:SOLUTION|HIDDEN TESTS)[ \t]*(?:\n|\Z)", re.MULTILINE)
CAPTION = re.compile(r"\*(?!\*)(.+?)\*\s*", re.DOTALL)
INTRODUCTION = re.compile(r"((?:#[^\n]*\n\s*)?(?:(?!\n[ \t]*\n).)*)(.*)", re.DOTALL)
MARKING = re.compile(r"^\*\*Marking, (.+?)\.\*\*\s*$", re.MULTILINE)


@dataclass
class Page:
    """What becomes of one notebook: the page as a notebook, and the files that it shows."""

    name: str
    notebook: NotebookNode
    title: str
    minutes: int | None
    rows: list[str]
    points: float
    solutions: int = 0
    pictures: dict[str, bytes] = field(default_factory=dict)
    stand_ins: dict[str, bytes] = field(default_factory=dict)  # of widgets, for browsers without scripts
    programs: dict[str, dict] = field(default_factory=dict)
    widgets: int = 0
    without: list[str] = field(default_factory=list)  # widgets that the page shows as their picture alone


def make_page(name: str, nb: NotebookNode, opened: str) -> Page:
    """The page of the solved notebook `nb`; `opened` is the HTML that says where to open it.

    Nothing is executed and `nb` is left alone: the page shows what the notebook stored.
    """
    import nbformat

    heading = re.search(r"^# (.+)$", nb.cells[0].source if nb.cells else "", re.MULTILINE)
    workbook = nb.metadata.get("workbook", {})
    page = Page(
        name=name,
        notebook=nbformat.v4.new_notebook(metadata={k: nb.metadata[k] for k in ("kernelspec", "language_info") if k in nb.metadata}),
        title=heading[1].strip() if heading else name,
        minutes=workbook.get("minutes"),
        rows=list(workbook.get("rows", [])),
        points=sum(float(_labels(cell).get("points") or 0) for cell in nb.cells if _labels(cell).get("grade")),
    )
    widgets = Widgets.of(nb)
    cells = page.notebook.cells
    for cell in nb.cells:
        cells += _cells(page, cell, widgets)
    if cells and cells[0].cell_type == "markdown":  # below the heading and its first paragraph
        above, below = INTRODUCTION.match(cells[0].source).groups()
        cells[:1] = [_text(above), _text(opened), *([_text(below)] if below.strip() else [])]
    page.programs, page.widgets = widgets.programs, len(widgets.shown)
    if script := widgets.script():
        cells.append(_text(script))
    for number, cell in enumerate(cells):
        cell["id"] = f"{name}-{number}"[-64:]  # else random, and pages would differ from build to build
    return page


def _labels(cell: NotebookNode) -> dict:
    return cell.metadata.get("nbgrader", {})


def _text(source: str) -> NotebookNode:
    import nbformat

    return nbformat.v4.new_markdown_cell(source)


def _code(source: str, outputs=()) -> NotebookNode:
    import nbformat

    return nbformat.v4.new_code_cell(source.strip("\n"), outputs=list(outputs))


def _folded(kind: str, label: str, *inside: NotebookNode) -> list[NotebookNode]:
    """Cells behind a line that opens them, by mouse, by keyboard, and without any script. `label` is plain text."""
    opening = f'<details class="workbook-fold workbook-{kind}">\n<summary>{_code_in(label)}</summary>'
    return [_text(opening), *inside, _text("</details>")]


def _code_in(label: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(label))


def _cells(page: Page, cell: NotebookNode, widgets: Widgets) -> list[NotebookNode]:
    """The cells of the page that stand in the place of one cell of the notebook."""
    labels = _labels(cell)
    name = labels.get("grade_id", "")
    if cell.cell_type == "markdown":
        if not labels.get("solution"):
            return [_text(cell.source)]
        page.solutions += 1
        return _model_answer(cell.source)
    if cell.cell_type != "code":
        return []
    outputs = [shown for output in _paired(cell.outputs) for shown in _output(page, output, widgets)]
    if labels.get("solution"):
        page.solutions += 1
        solved = _code(MARKS.sub("", cell.source), outputs)
        return [_code(_stub(cell.source)), *_folded("solution", f"Solution: `{name}`", solved)]
    if "### BEGIN HIDDEN TESTS" in cell.source:
        points = labels.get("points")
        worth = f" ({points:g} {'point' if points == 1 else 'points'})" if points else ""
        return _folded("hidden", f"Hidden tests: `{name.removesuffix('-hidden')}`{worth}", _code(MARKS.sub("", cell.source), outputs))
    widget = any(VIEW in output.get("data", {}) for output in cell.outputs)
    if widget or cell.metadata.get("jupyter", {}).get("source_hidden"):
        what = "widget" if widget else "picture"
        return [*_folded("code", f"The code behind this {what}", _code(cell.source)), *_only_outputs(outputs)]
    return [_code(cell.source, outputs)]


def _only_outputs(outputs) -> list[NotebookNode]:
    """A cell of outputs alone: its code, which stands elsewhere, is left out of the page."""
    cell = _code("...", outputs)  # myst-nb drops a cell without code, and its outputs with it
    cell.metadata["tags"] = ["remove-input"]
    return [cell] if outputs else []


def _stub(source: str) -> str:
    """The answer cell as a student gets it."""
    return SOLUTION.sub(lambda found: f"{found[1]}# YOUR CODE HERE\n{found[1]}raise NotImplementedError()\n", source)


def _model_answer(source: str) -> list[NotebookNode]:
    """A written answer, and folded apart from it how it is marked."""
    found = MARKING.search(source)
    answer = source[: found.start()] if found else source
    marking = _folded("marking", f"How it is marked ({found[1]})", _text(source[found.end() :].strip())) if found else []
    return _folded("solution", "A model answer", _text(answer.strip()), *marking)


# --- outputs --------------------------------------------------------------------------------------------------------


def _paired(outputs) -> list[tuple]:
    """Each output with the caption that stands in the output after it (None: it has none)."""
    pairs, rest = [], list(outputs)
    while rest:
        output = rest.pop(0)
        caption = None
        if rest and {"image/png", VIEW} & set(output.get("data", {})):
            found = CAPTION.fullmatch(_joined(rest[0].get("data", {}).get("text/markdown", "")))
            if found:
                caption = found[1].strip()
                rest.pop(0)
        pairs.append((output, caption))
    return pairs


def _output(page: Page, pair: tuple, widgets: Widgets) -> list[NotebookNode]:
    import nbformat

    output, caption = pair
    data = output.get("data", {})

    def display(**bundle):
        bundle = {kind.replace("_", "/"): text for kind, text in bundle.items()}
        return nbformat.v4.new_output("display_data", data=bundle)

    if VIEW in data:
        model = data[VIEW].get("model_id", "")
        about = _joined(data.get("text/plain", "a widget"))
        picture = f'<img src="_static/pictures/{_picture(page.name, data, page.stand_ins)}" alt="{escape(about)}" loading="lazy">' if "image/png" in data else ""
        if widgets.show(model):
            holder = f'<div class="workbook-widget" data-widget="{escape(model)}">{picture or escape(about)}</div>'
        else:
            page.without.append(about)
            holder = picture or f"<pre>{escape(about)}</pre>"
        return [display(text_html=holder)] + ([display(text_markdown=_captioned(caption))] if caption else [])
    if "image/png" in data:
        alt = output.get("metadata", {}).get("image/png", {}).get("alt", "")
        file = _picture(page.name, data, page.pictures)
        return [display(text_markdown=_figure(f"pictures/{file}", " ".join(alt.split()), caption))]
    kept = {kind: text for kind, text in data.items() if kind in ("text/html", "text/markdown", "text/plain", "image/svg+xml")}
    if kind := next((kind for kind in ("text/html", "text/markdown") if kind in kept), None):
        kept = {kind: kept[kind]}  # else myst-nb would have to choose
    return [nbformat.from_dict({**output, "data": kept}) if data else output]


def _picture(name: str, data, pictures: dict[str, bytes]) -> str:
    png = base64.b64decode(_joined(data["image/png"]))
    file = f"{name}-{hashlib.sha256(png).hexdigest()[:12]}.png"
    pictures[file] = png
    return file


def _figure(file: str, alt: str, caption: str | None) -> str:
    fence = "`````"  # a caption may hold code
    return f"{fence}{{figure}} {file}\n:alt: {alt}\n\n{caption or ''}\n{fence}"


def _captioned(caption: str) -> str:
    return f"`````{{container}} workbook-caption\n{caption}\n`````"


def _joined(text) -> str:
    return "".join(text) if isinstance(text, list) else text

