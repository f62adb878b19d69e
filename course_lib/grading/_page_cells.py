"""The cells of a feedback page: answers, the student's own cells with their outputs, and what the tests say."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from course_lib.check.report import MIME, amount

from ._page_images import picture
from ._page_text import block, heading_text, html_text, markdown, terminal
from .written import words_of

MAX_OUTPUTS = 40  # of one cell
MAX_PICTURES = 6  # of one cell
PICTURES = 4_000_000  # characters of pictures on one page
WORDS = {"passed": "right", "failed": "not right yet", "unsolved": "not done yet", "error": "stopped with an error"}
# Where a hidden check's message says on which case it failed: that tells the sizes that it asks for.
_CASE = re.compile(r"; the smallest: .*|That was on the case .*|\s*In \d+ of \d+ cases; .*")
SIGNS = {"passed": "✓", "failed": "✗", "unsolved": "○", "error": "✗"}


@dataclass
class Question:
    """The cells below one heading of the notebook, as far as they are the student's or graded."""

    heading: str
    cells: list[Mapping] = field(default_factory=list)
    named: set[str] = field(default_factory=set)


def questions_of(cells: Sequence[Mapping]) -> tuple[str, list[Question]]:
    """(the notebook's title, its parts that hold an answer, a test or cells of the student's own)."""
    title, found = "", [Question("Before the first heading")]
    for cell in cells:
        label, source = label_of(cell), _text(cell.get("source"))
        if cell.get("cell_type") == "markdown" and not label.get("solution"):
            lines = source.split("\n")[:200]
            for i, line in enumerate(lines):
                if line.startswith("#") and not _own(cell) and "```" not in lines[:i]:
                    found.append(Question(heading_text(line) or "Question"))
                    title = title or (found[-1].heading if line.startswith("# ") else "")
        if _own(cell) or label.get("solution") or label.get("grade") or (_outputs(cell, "error") and cell.get("cell_type") == "code"):
            found[-1].cells.append(cell)
            found[-1].named.add(label.get("grade_id"))
    return title, [q for q in found if q.cells]


class Cells:
    """The parts of one page, and what of its pictures is still allowed."""

    def __init__(self, scores: Mapping[str, Mapping], comments: Mapping[str, str]):
        self.scores, self.comments, self.room = scores, comments, PICTURES

    def question(self, anchor: str, q: Question) -> str:
        parts, own = [], 0
        for cell in q.cells:
            label, source = label_of(cell), _text(cell.get("source"))
            if label.get("grade") and not label.get("solution"):
                parts.append(self.test(cell, label))
            elif label.get("solution"):
                parts.append(f"<h3>Your answer</h3>\n{self.written(cell, source, 60_000)}{self.marked(label)}")
            elif _own(cell):
                own += 1
                parts.append(f"<h3>Your own cell{f' {own}' if own > 1 else ''}</h3>\n{self.written(cell, source, 20_000)}")
            else:
                parts.append(f"<h3>A given cell that stopped with an error</h3>\n{self.outputs(cell, only='error')}")
        return f'<section aria-labelledby="{anchor}">\n<h2 id="{anchor}">{html_text(q.heading)}</h2>\n{"".join(parts)}</section>\n'

    def written(self, cell: Mapping, source: str, most: int) -> str:
        if cell.get("cell_type") != "markdown":
            return block(source, name="code", characters=most, lines=1500, code=True) + self.outputs(cell)
        if not words_of(source):
            return '<p class="note">Nothing was written here.</p>\n'
        return f'<div class="prose">{markdown(words_of(source))}</div>\n'

    def marked(self, label: Mapping) -> str:
        """The points of an answer that a person marks, and the words of whoever marked it."""
        out, score = "", self.scores.get(label.get("grade_id"))
        if score is not None and label.get("grade") and number(score.get("max")):
            most = number(score.get("max"))
            got = awaiting(most) if score.get("score") is None else f"{amount(number(score['score']))} of {amount(most)} points"
            out = f'<p class="note">{got}</p>\n'
        return out + self.comment(label)

    def comment(self, label: Mapping) -> str:
        said = self.comments.get(label.get("grade_id"))
        return f'<div class="said"><p class="head">Your marker’s comment</p>{markdown(said)}</div>\n' if isinstance(said, str) and said.strip() else ""

    def test(self, cell: Mapping, label: Mapping) -> str:
        """What a test says. Its source and all that was printed while it ran stay out: they tell how it asks."""
        score = self.scores.get(label.get("grade_id", "")) or {}
        result = next((o["data"][MIME] for o in _outputs(cell, "execute_result") if isinstance(o.get("data"), Mapping)
                       and isinstance(o["data"].get(MIME), Mapping)), {})
        fault = next(iter(_outputs(cell, "error")), None)
        hidden = bool(score.get("hidden") or label.get("hidden_tests") or result.get("hidden")
                      or "BEGIN HIDDEN TESTS" in _text(cell.get("source")))
        status = "error" if fault is not None else str(result.get("status") or score.get("status") or "")
        head, *said = _text(result.get("message")).strip()[:20_000].split("\n")
        points = f"{amount(number(score.get('score')))} of {amount(number(score.get('max')))} points" if score else "not scored"
        if fault is not None:
            first = terminal(f"{_text(fault.get('ename'))}: {_text(fault.get('evalue'))}").strip(": \n").split("\n")[0]
            head, said = f"✗ The check stopped, {points}.", [f"It says: {first[:300]}"] if first else []
        elif not head:
            head = f"{SIGNS.get(status, '·')} {WORDS.get(status, 'No message')}, {points}."
        if hidden:
            said = [_CASE.sub("." if "; the smallest" in line else "", line) for line in said]
        ideas = (result.get("ideas") or score.get("ideas") or []) if fault is None else []
        named = "".join(f'<p class="idea">Misconception: {html_text(str(i)[:300])}</p>' for i in list(ideas)[:20])
        carried = score.get("carried")
        tail = f'<p class="note">With the error carried forward: {amount(number(carried))} points.</p>' if carried is not None else ""
        return (f'<h3>{"Hidden tests" if hidden else "Check"}</h3>\n<div class="check {status if status in WORDS else ""}">'
                f'<p class="head">{html_text(head)}</p>{named}{_message(said)}{tail}</div>\n{self.comment(label)}')

    def outputs(self, cell: Mapping, only: str = "") -> str:
        found = _outputs(cell, only)
        parts, pictures = [], 0
        for output in found[:MAX_OUTPUTS]:
            kind = output.get("output_type")
            if kind == "stream":
                parts.append(block(_text(output.get("text")), name="out"))
            elif kind == "error":
                rows = output.get("traceback")
                text = "\n".join(map(str, rows[:60])) if isinstance(rows, list) and rows else ""
                parts.append(block(text or f"{_text(output.get('ename'))}: {_text(output.get('evalue'))}", name="err", characters=8000, lines=60))
            elif isinstance(data := output.get("data"), Mapping):
                shown = self.picture(data) if pictures < MAX_PICTURES else ""
                pictures += bool(shown)
                parts.append(shown or _plain(data))
        if len(found) > MAX_OUTPUTS:
            parts.append(f'<p class="note">{len(found) - MAX_OUTPUTS} more outputs are not shown.</p>')
        return "".join(parts) and f"<h3>Output</h3>\n{''.join(parts)}\n"

    def picture(self, data: Mapping) -> str:
        for mime in ("image/png", "image/jpeg"):
            made = picture(mime, _text(data.get(mime))) if mime in data else None
            if made and len(made[0]) <= self.room:
                self.room -= len(made[0])
                alt = html_text(_text(data.get("text/plain"))[:200]) or "a picture"
                return f'<p><img src="{made[0]}" width="{made[1]}" height="{made[2]}" alt="Output of your cell: {alt}"></p>'
        return ""


def _plain(data: Mapping) -> str:
    """An output's plain text; where it has none, which kind it is that is not shown."""
    if text := _text(data.get("text/plain")):
        return block(text, name="out")
    kinds = ", ".join(html_text(str(k)[:60]) for k in list(data)[:4])
    return f'<p class="note">An output that is not shown on this page ({kinds or "empty"}).</p>'


def _message(lines: Sequence[str]) -> str:
    """The rest of a check's message: sentences; the lines that show values or code are set as such."""
    out, code = [], []
    for line in [*(row.removeprefix("  ") for row in lines), ""]:
        if line and (line.startswith((" ", "return ")) or (" = " in line[:40] and not line.endswith("."))):
            code.append(line)
            continue
        if code:
            out.append(block("\n".join(code), name="text", lines=120))
            code = []
        if line.strip():
            out.append(f"<p>{html_text(line)}</p>")
    return "".join(out)


def label_of(cell: Mapping) -> Mapping:
    """The cell's nbgrader label; empty where it has none, or something else in its place."""
    meta = cell.get("metadata")
    label = meta.get("nbgrader") if isinstance(meta, Mapping) else None
    return label if isinstance(label, Mapping) and isinstance(label.get("grade_id"), str) else {}


def _own(cell: Mapping) -> bool:
    return str(cell.get("id", "")).startswith("own-") and not label_of(cell)


def _outputs(cell: Mapping, kind: str = "") -> list[Mapping]:
    found = cell.get("outputs")
    return [o for o in found if isinstance(o, Mapping) and kind in ("", o.get("output_type"))] if isinstance(found, list) else []


def _text(value: object) -> str:
    if isinstance(value, list):
        return "".join(v for v in value if isinstance(v, str))
    return value if isinstance(value, str) else ""


def awaiting(points: float) -> str:
    """What is said of points that a person has not given yet."""
    return f"awaiting a marker: {amount(points)} point{'' if points == 1 else 's'}"


def number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and abs(value) < 1e9 else 0.0
