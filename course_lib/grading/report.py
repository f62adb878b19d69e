"""What a grading run says at its end: the table, what changed, and how each exercise went, in words and as a picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .course import table, write_atomically
from .messages import NOT_GRADED
from .strangers import MEANING

OUTCOMES = ("full", "partial", "none", "not done")  # of one exercise for one student
# Okabe and Ito's colours, which the colour-blind tell apart; light enough for the numbers on them, and hatched for grey print.
COLOURS = {"full": ("#009E73", ""), "partial": ("#56B4E9", "//"), "none": ("#E69F00", ".."), "not done": ("#DDDDDD", "")}
MOST_IDEAS = 15  # misconceptions in one picture


@dataclass
class Outcome:
    """What became of one hand-in. verdict: "ok", "timeout", "crashed", …, one of MEANING (nothing to grade), or NOT_GRADED."""

    student: str
    assignment: str
    verdict: str = "ok"
    notes: list[str] = field(default_factory=list)
    ideas: list[str] = field(default_factory=list)
    unsolved: int = 0
    errors: int = 0
    points: float = 0.0
    most: float = 0.0
    by_hand: int = 0  # answers that await a marker
    awaiting: float = 0.0  # their points
    again: int = 0  # marks given to an earlier text of the answer
    failed: bool = False  # something here went wrong: no score (NOT_GRADED), or no feedback page
    seconds: float = 0.0
    carried: float | None = None  # points with the reference in the place of earlier answers; None where it makes no difference
    penalty: float = 0.0  # points off for a late hand-in, not in `points` any more
    flags: list[str] = field(default_factory=list)
    isolation: str = ""
    ran: bool = True  # False: nothing had changed since an earlier run, whose result this is
    scores: dict[str, tuple[float, float, bool]] = field(default_factory=dict)
    cells: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # of the record, by grade id


@dataclass(frozen=True)
class Change:
    """A hand-in whose automatic score is another than in the run before."""

    student: str
    assignment: str
    before: float
    after: float
    cells: list[str]
    why: list[str]


def summary(outcomes: Sequence[Outcome]) -> str:
    return table(("student", "assignment", "verdict", "points", "what was found"),
                 [(o.student, o.assignment, o.verdict, "-" if o.verdict == NOT_GRADED else _points(o), _short(o)) for o in outcomes])


def _points(o: Outcome) -> str:
    """Of an answer that nobody has marked yet neither full points nor none are said."""
    return f"{o.points:g} / {o.most:g}" if not o.awaiting else f"{o.points:g} / {o.most - o.awaiting:g}, awaiting a marker: {o.awaiting:g}"


def _short(o: Outcome, width: int = 100) -> str:
    found = [*(f"flag: {f}" for f in o.flags), *([f"{o.carried:g} with errors carried forward"] if o.carried is not None else []),
             *([f"late: {o.penalty:g} off"] if o.penalty else []), *o.ideas, *([f"{o.unsolved} not done yet"] if o.unsolved else []),
             *([f"{o.errors} stopped with an error"] if o.errors else []), *o.notes]
    text = "; ".join(found)
    return text if len(text) <= width or o.failed else text[: width - 1] + "…"


def changes_table(changes: Sequence[Change]) -> str:
    rows = [(c.student, c.assignment, f"{c.before:g} → {c.after:g}", ", ".join(c.cells), "; ".join(c.why))
            for c in sorted(changes, key=lambda c: (c.assignment, c.student))]
    return table(("student", "assignment", "points", "cells", "why"), rows)


def isolation_lines(outcomes: Iterable[Outcome]) -> str:
    """How the answers were isolated, for each way that there was: "isolation: bubblewrap … (200 hand-ins)"."""
    ways = Counter(o.isolation or "unknown: nothing was run" for o in outcomes)
    return "\n".join(f"isolation: {way} ({count} hand-in{'s' if count > 1 else ''})" for way, count in ways.most_common())


# --- exercise by exercise --------------------------------------------------------------------------------------------

@dataclass
class Exercise:
    """How a class did in one exercise. counts: by OUTCOMES; ideas: who fell to which misconception."""

    name: str
    counts: Counter = field(default_factory=Counter)
    ideas: Counter = field(default_factory=Counter)


def by_exercise(outcomes: Iterable[Outcome]) -> list[Exercise]:
    """The exercises of one assignment in the notebook's order. A hand-in in which nothing could be read does not count."""
    counted = [o for o in outcomes if o.cells and o.verdict not in MEANING and o.verdict != NOT_GRADED]
    # A test cell that stopped with an error does not say which exercise it was; the others' do.
    names = {i: s["exercise"] for o in counted for i, s in o.cells.items() if s.get("exercise") and s.get("status") != "error"}
    found: dict[str, Exercise] = {}
    for o in counted:
        groups: dict[str, list[Mapping[str, Any]]] = {}
        for i, s in o.cells.items():
            if i in names:
                groups.setdefault(names[i], []).append(s)
        for name, cells in groups.items():
            exercise = found.setdefault(name, Exercise(name))
            exercise.counts[_how(cells)] += 1
            exercise.ideas.update({idea for s in cells for idea in s.get("ideas", ())})
    order = {name: k for k, name in enumerate(dict.fromkeys(names.values()))}
    return sorted(found.values(), key=lambda e: order[e.name])


def _how(cells: Sequence[Mapping[str, Any]]) -> str:
    if any(s.get("status") == "unsolved" for s in cells):
        return "not done"
    score, most = sum(s["score"] or 0.0 for s in cells), sum(s["max"] or 0.0 for s in cells)
    return "full" if score >= most - 1e-9 else "partial" if score > 0 else "none"


def exercises_text(exercises: Sequence[Exercise]) -> str:
    """A table of the exercises, and below it the misconceptions, most frequent first."""
    rows = [(e.name, *(e.counts[o] for o in OUTCOMES)) for e in exercises]
    text = table(("exercise", *OUTCOMES), rows)
    ideas = table(("students", "misconception"), [(count, name) for name, count in _ideas(exercises)])
    return f"{text}\n\n{ideas}" if ideas else text


def _ideas(exercises: Sequence[Exercise]) -> list[tuple[str, int]]:
    """[("exercise: misconception", how many students)], most frequent first, then in the notebook's order."""
    found = [(f"{e.name}: {idea}", count) for e in exercises for idea, count in sorted(e.ideas.items())]
    return sorted(found, key=lambda item: -item[1])


def plot(exercises: Sequence[Exercise], title: str, path: Path) -> None:
    """The same as a PNG: one bar an exercise, and below it one a misconception."""
    from io import BytesIO

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    ideas = _ideas(exercises)[:MOST_IDEAS]
    heights = [0.42 * len(exercises) + 0.9, *([0.34 * len(ideas) + 0.9] if ideas else [])]
    figure = Figure(figsize=(10, sum(heights) + 1.0), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=13)
    axes = figure.subplots(len(heights), 1, gridspec_kw={"height_ratios": heights}, squeeze=False)[:, 0]
    left = [0] * len(exercises)
    for outcome in OUTCOMES:
        colour, hatch = COLOURS[outcome]
        values = [e.counts[outcome] for e in exercises]
        bars = axes[0].barh([e.name for e in exercises], values, left=left, color=colour, hatch=hatch, edgecolor="white", label=outcome)
        axes[0].bar_label(bars, labels=[str(v) if v else "" for v in values], label_type="center", fontsize=9,
                          bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.8})
        left = [a + b for a, b in zip(left, values, strict=True)]
    for label in axes[0].texts:
        label.set_visible(bool(label.get_text()))  # an empty one would still show its box
    axes[0].legend(ncols=len(OUTCOMES), loc="lower left", bbox_to_anchor=(0, 1), frameon=False, borderaxespad=0)
    if ideas:
        bars = axes[1].barh([name for name, _ in ideas], [count for _, count in ideas], color="#0072B2")
        axes[1].bar_label(bars, padding=3, fontsize=9)
        axes[1].set_title("Misconceptions", loc="left", fontsize=11)
    for ax in axes:
        ax.set_xlim(0, 1.05 * max(left))  # one scale, so that a bar says how much of the class
        ax.invert_yaxis()
        ax.set_xlabel("students")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.tick_params(axis="y", length=0)
        ax.spines[["top", "right", "left"]].set_visible(False)
    data = BytesIO()
    figure.savefig(data, format="png", dpi=110)
    write_atomically(path, data.getvalue())
