"""Feedback pages: one HTML file a notebook, made of known parts only.

Nothing of a hand-in is copied as HTML. Text is escaped, with what would not be seen written out; pictures are PNG and
JPEG taken apart and put together again; of other outputs the plain text is shown. The page has no script, asks nobody
for anything and says so in its content-security policy. Hidden tests: that they are there, and what they say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from course_lib.check.report import amount

from ._page_cells import Cells, Question, awaiting, number, questions_of
from ._page_style import HEAD, STYLE
from ._page_text import html_text, visible
from .course import WorkbookError, write_atomically
from .strangers import MEANING, NAME_OF_TIME, Refused, open_folder

KEY = "workbook"  # in an autograded notebook's metadata: what `about` says, for plain `nbgrader generate_feedback`
MAX_CELLS = 2_000

VERDICTS = {
    "ok": "Your notebook was run and graded.",
    "timeout": "A cell ran longer than the time limit and was stopped. The other questions keep their points.",
    "memory": "A cell asked for more memory than the limit and was stopped. The other questions keep their points.",
    "output": "A cell printed more than the limit and was stopped. The other questions keep their points.",
    "crashed": "Python itself stopped in one of your cells. The other questions keep their points.",
    "not-graded": "Something failed on the grading side, not in your hand-in. Ask your instructor; nothing is lost.",
    **MEANING,
}


def about(record: Mapping, notebook: str) -> dict[str, Any]:
    """What a page says besides the notebook's own cells. Kept in the autograded notebook's metadata under KEY, it makes
    `nbgrader generate_feedback` write the same page."""
    times, hashes = record.get("times") or {}, record.get("hashes") or {}
    carried = {i: s["carried"] for i, s in (record["scores"].get(notebook) or {}).items() if s.get("carried") is not None}
    variant = {} if record.get("variant") is None else {"variant": record["variant"]}
    return {**variant, "verdict": record["verdict"], "isolation": record.get("isolation", ""), "notes": list(record.get("notes") or ()),
            "graded": times.get("started", ""), "submission": hashes.get("submission", ""), "carried": carried,
            "hidden": [i for i, s in (record["scores"].get(notebook) or {}).items() if s.get("hidden")]}


def write_feedback(record: Mapping, out_dir: Path | str, *, comments: Mapping | None = None, scores: Mapping | None = None,
                   penalty: Mapping | None = None, submission: Path | None = None) -> list[Path]:
    """Write `out_dir`/STUDENT/ASSIGNMENT/NOTEBOOK.html for every notebook of a record; the paths.

    comments: {notebook: {grade id: a marker's words}}; scores: {notebook: {grade id: {"score": …}}}, what the gradebook
    says by now, over the record's own; penalty: {notebook: points off for a late hand-in}. submission: the hand-in's
    folder, whose times `nbgrader release_feedback` wants beside the pages. Raises WorkbookError where a name is none.
    """
    folder = Path(out_dir, _name(record["student"]), _name(record["assignment"]))
    paths = []
    for name, notebook in record["notebooks"].items():
        told = (scores or {}).get(name) or {}
        merged = {i: {**s, **told.get(i, {})} for i, s in {**{key: {} for key in told}, **(record["scores"].get(name) or {})}.items()}
        page = render(notebook, merged, student=record["student"], assignment=record["assignment"], name=name,
                      facts=about(record, name), comments=(comments or {}).get(name), penalty=(penalty or {}).get(name) or 0.0)
        write_atomically(path := folder / f"{_name(name)}.html", page)
        paths.append(path)
    if submission is not None:
        _copy_times(submission, folder)
    return paths


def _name(name: str) -> str:
    if not name or name in (".", "..") or set(name) & {"/", "\\", "\0"}:
        raise WorkbookError(f"{visible(name)!r}: cannot name a folder of feedback pages. Rename the student's folder")
    return name


def _copy_times(submission: Path, folder: Path) -> None:
    """timestamp.txt and nbgrader's secret, where they are plain small files."""
    try:
        with open_folder(submission) as here:
            for name in (NAME_OF_TIME, "submission_secret.txt"):
                if name in here.names():
                    write_atomically(folder / name, here.read(name, 10_000))
    except Refused:
        return


def render(notebook: str | Mapping, scores: Mapping[str, Mapping], *, student: str, assignment: str, name: str = "",
           facts: Mapping | None = None, comments: Mapping[str, str] | None = None, penalty: float = 0.0) -> str:
    """The page of one executed notebook (JSON text, or the parsed mapping).

    scores: {grade id: {"score", "max", "carried", "status", "ideas", "hidden"}}, of which only "score" and "max" must be
    there; a score of None waits for a person. facts: what `about` gives. Never raises for what a hand-in holds.
    """
    nb = json.loads(notebook) if isinstance(notebook, str) else notebook
    given = [c for c in nb.get("cells", []) if isinstance(c, Mapping)][:MAX_CELLS]
    facts, comments = facts or {}, comments or {}
    scores = {i: {**s, "carried": (facts.get("carried") or {}).get(i, s.get("carried")),
                  "hidden": s.get("hidden") or i in (facts.get("hidden") or ())} for i, s in scores.items()}
    title, questions = questions_of(given)
    title = title or name or assignment
    cells = Cells(scores, comments)
    body = "".join(cells.question(f"q{n}", q) for n, q in enumerate(questions, 1))
    table, total = _table(scores, questions, penalty)
    if name and name != assignment:
        assignment = f"{assignment}, {name}"
    return (f"{HEAD}<title>Feedback: {html_text(title)} – {html_text(student)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
            f'<header>\n<h1>{html_text(title)}</h1>\n<p class="who">Feedback for <strong>{html_text(student)}</strong> '
            f"on {html_text(assignment)}</p>\n</header>\n<main>\n{_verdict(facts)}{total}{table}{body}</main>\n{_footer(facts)}</body>\n</html>\n")


def _table(scores: Mapping[str, Mapping], questions: list[Question], penalty: float) -> tuple[str, str]:
    """(the table of points, the line with the total)."""
    rows, carried_at_all = [], any(s.get("carried") is not None for s in scores.values())
    rest = [Question("Not in this notebook", named=set(scores).difference(*(q.named for q in questions)))]  # a hand-in that was refused
    for n, q in enumerate(questions + rest, 1):
        ids = [i for i in scores if i in q.named and number(scores[i].get("max"))]
        if not ids:
            continue
        link = f'<a href="#q{n}">{html_text(q.heading)}</a>' if q.cells else html_text(q.heading)
        rows.append((link, *_sum(scores, ids)))
    if not rows:
        return "", ""
    score, most, carried = (sum(r[k] for r in rows) for k in (1, 2, 3))
    waits = sum(r[4] for r in rows)
    extra = '<th scope="col" class="num">With the error carried forward</th>' if carried_at_all else ""

    def numbers(s: float, c: float, m: float, waiting: float = 0.0) -> str:
        more = f'<td class="num">{"" if waiting == m else amount(c)}</td>' if carried_at_all else ""
        said = awaiting(m) if waiting == m else f"{amount(s)} so far" if waiting else amount(s)
        return f'<td class="num">{said}</td><td class="num">{amount(m)}</td>{more}'

    lines = "".join(f'<tr><th scope="row">{link}</th>{numbers(s, c, m, w)}</tr>\n' for link, s, m, c, w in rows)
    if penalty:
        score -= penalty
        lines += f'<tr><th scope="row">Handed in late</th><td class="num">−{amount(penalty)}</td><td></td>{"<td></td>" if extra else ""}</tr>\n'
    note = ('<p class="note">Carried forward: the points with our answer in the place of an earlier one of yours that '
            "this question builds on.</p>\n") if carried_at_all else ""
    said = awaiting(waits)
    wait = f" {said[0].upper()}{said[1:]}." if waits else ""
    total = f'<p class="total"><strong>{amount(score)} of {amount(most)} points{" so far" if waits else ""}.</strong>{wait}</p>\n'
    return ('<table>\n<caption>Points per question</caption>\n<thead><tr><th scope="col">Question</th><th scope="col" class="num">Points</th>'
            f'<th scope="col" class="num">of</th>{extra}</tr></thead>\n<tbody>\n{lines}</tbody>\n'
            f'<tfoot><tr><th scope="row">Total</th>{numbers(score, carried - penalty, most, waits)}</tr></tfoot>\n</table>\n{note}'), total


def _sum(scores: Mapping[str, Mapping], ids: Sequence[str]) -> tuple[float, float, float, float]:
    """(points, most points, points with errors carried forward, points that await a marker)."""
    got = [number(scores[i].get("score")) for i in ids]
    forward = [number(g if (c := scores[i].get("carried")) is None else c) for i, g in zip(ids, got, strict=True)]
    return sum(got), sum(number(scores[i].get("max")) for i in ids), sum(forward), sum(number(scores[i].get("max")) for i in ids if scores[i].get("score") is None)


def _verdict(facts: Mapping) -> str:
    verdict = str(facts.get("verdict") or "ok")
    rows = [("Verdict", f"<strong>{html_text(verdict)}</strong>. {html_text(VERDICTS.get(verdict, ''))}")]
    notes = [str(n)[:600] for n in list(facts.get("notes") or ())[:20]]
    if notes:
        rows.append(("Noted", "<br>".join(map(html_text, notes))))
    if isinstance(facts.get("variant"), int):
        rows.append(("Your numbers", f"variant {facts['variant']}"))
    if facts.get("isolation"):
        rows.append(("Your code ran in", html_text(facts["isolation"])))
    return f"<dl>{''.join(f'<dt>{k}</dt><dd>{v}</dd>' for k, v in rows)}</dl>\n"


def _footer(facts: Mapping) -> str:
    said = [f"Graded {html_text(facts['graded'])}." if facts.get("graded") else "",
            f"Your file: SHA-256 {html_text(str(facts['submission'])[:16])}…" if facts.get("submission") else ""]
    return f"<footer><p>{' '.join(filter(None, said))}</p></footer>\n" if any(said) else ""
