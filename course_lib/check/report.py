"""What a check returns: the points as a Python float, with the same message as text, as HTML and as data."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .compare import number
from .inputs import fresh

if TYPE_CHECKING:
    from .engine import Trial
    from .exercise import Case, Exercise, Wrong

MIME = "application/vnd.cnn-workbook.check+json"
PRINTED_LINES = 12
MOST_FINDINGS = 2  # wrong outputs told one by one where a named idea explains them
LINE = 100  # characters of a case, before its containers are shown an entry a line
SHOWN_NUMBERS = 48  # an array with more is described, not printed


@dataclass(frozen=True)
class Finding:
    """One wrong output: where it is worst, in how many cases, and what the pattern of the numbers says."""

    output: str
    text: str
    where: str = ""
    wrong: int = 0
    of: int = 0
    signature: str | None = None
    also: tuple[str, ...] = ()  # further outputs with the same pattern


@dataclass(frozen=True)
class Named:
    """A misconception that was recognised, the wrong outputs that it explains, and whether it explains all there is."""

    idea: Wrong
    outputs: tuple[str, ...]
    whole: bool = False

    @property
    def sentence(self) -> str:
        if self.whole:
            return self.idea.sentence
        verb = "comes" if len(self.outputs) == 1 else "come"
        return f"{', '.join(self.outputs)} {verb} out as with this idea: {self.idea.sentence}"


class CheckResult(float):
    """The points earned, as a Python float, which is what nbgrader records as partial credit.

    `repr` is the bare number (nbgrader reads that text); notebooks show the HTML; `message` is the same as plain text.

    >>> r = CheckResult(1.5, exercise="01.x", status="failed", points=2.0, headline="x: not right yet", lines=())
    >>> r, r.message
    (1.5, 'x: not right yet')
    """

    def __new__(cls, value: float, **_: Any) -> CheckResult:
        return super().__new__(cls, float(value))

    def __init__(self, value: float, *, exercise: str, status: str, points: float, headline: str,
                 lines: Sequence[tuple[str, str]], ideas: Sequence[str] = (), hidden: bool = False):
        self.exercise, self.status, self.points, self.headline = exercise, status, points, headline
        self.lines, self.ideas, self.hidden = tuple(lines), tuple(ideas), hidden

    def __repr__(self) -> str:
        return float.__repr__(self)

    __str__ = __repr__

    def __reduce__(self):
        return float, (float(self),)

    def led_by(self, lines: Sequence[tuple[str, str]]) -> CheckResult:
        """The same verdict, with these lines in front of its message."""
        return CheckResult(self, exercise=self.exercise, status=self.status, points=self.points, headline=self.headline,
                           lines=(*lines, *self.lines), ideas=self.ideas, hidden=self.hidden)

    @property
    def message(self) -> str:
        """The message for a terminal: the headline, then one indented line a finding."""
        body = "".join(f"\n  {_indent(text)}" for _, text in self.lines)
        return self.headline + body

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, Any]:
        return {"text/plain": repr(self), "text/html": self._html(), MIME: self.as_data()}

    def as_data(self) -> dict[str, Any]:
        return {"exercise": self.exercise, "status": self.status, "earned": float(self), "points": self.points,
                "hidden": self.hidden, "ideas": list(self.ideas), "message": self.message}

    def _html(self) -> str:
        # The bar at the left and the sign carry the meaning for those who see no colour; colours fit light and dark themes.
        colour = {"passed": "#1a7f5a", "unsolved": "#8a8f98"}.get(self.status, "#c2571a")
        rows = []
        for kind, text in self.lines:
            if kind == "code":
                rows.append(f'<pre style="margin:.4em 0;padding:.4em .6em;overflow-x:auto;background:rgba(128,128,128,.1)">{html.escape(text)}</pre>')
            elif kind == "idea":
                rows.append(f'<p style="margin:.4em 0"><b>{html.escape(text)}</b></p>')
            else:
                rows.append(f'<p style="margin:.3em 0">{html.escape(text)}</p>')
        return (f'<div role="status" style="border-left:4px solid {colour};padding:.2em .8em;margin:.3em 0;max-width:62em">'
                f'<p style="margin:.2em 0"><b style="color:{colour}">{html.escape(self.headline)}</b></p>{"".join(rows)}</div>')


def _indent(text: str) -> str:
    return text.replace("\n", "\n  ")


def amount(x: float) -> str:
    return f"{x:g}"


def _title(exercise: Exercise, hidden: bool) -> str:
    return f"{exercise.name} (hidden tests)" if hidden else exercise.name


def passed(exercise: Exercise, points: float, hidden: bool, heard: Sequence[str], cases: int) -> CheckResult:
    word = "point" if points == 1 else "points"
    lines = []
    if heard:
        lines.append(("note", f"Right, with a warning from NumPy on the way ({heard[0]}). It costs nothing here; "
                              f"think about whether you want it."))
    return CheckResult(points, exercise=exercise.id, status="passed", points=points, hidden=hidden, lines=lines,
                       headline=f"✓ {_title(exercise, hidden)}: right in all {cases} cases, {amount(points)} {word}." if cases > 1
                       else f"✓ {_title(exercise, hidden)}: right, {amount(points)} {word}.")


def unsolved(exercise: Exercise, points: float, hidden: bool, why: str = "") -> CheckResult:
    tail = f": {why}" if why else ""
    return CheckResult(0.0, exercise=exercise.id, status="unsolved", points=points, hidden=hidden, lines=(),
                       headline=f"○ {_title(exercise, hidden)}: not done yet{tail} (0 of {amount(points)}).")


def failed(exercise: Exercise, earned: float, points: float, hidden: bool, named: Sequence[Named], findings: Sequence[Finding],
           example: Trial | None, printed: str = "") -> CheckResult:
    lines: list[tuple[str, str]] = [("idea", n.sentence) for n in named]
    told = {o for n in named for o in n.outputs}
    brief = [f.output for f in findings if f.output in told][MOST_FINDINGS:]  # the sentence and the example say the rest
    for f in findings:
        if f.output in brief:
            continue
        share = f" {'Wrong in' if f.output else 'In'} {f.wrong} of {f.of} cases; the smallest: {f.where}." if f.of > 1 and f.where else ""
        if f.text:
            lines.append(("finding", f.text + share))
        if f.signature:
            lines.append(("idea", f.signature + (f" The same holds for {', '.join(f.also)}." if f.also else "")))
    if brief:
        lines.append(("finding", f"Off as well: {', '.join(brief)}."))
    if example is not None and not hidden and (shown := show_case(exercise, example)):
        lines.append(("text", f"The smallest case that shows it ({example.case.label}):"))
        lines.append(("code", shown))
    lines += _printed(printed, hidden)
    return CheckResult(earned, exercise=exercise.id, status="failed", points=points, hidden=hidden, lines=lines,
                       ideas=[n.idea.name for n in named],
                       headline=f"✗ {_title(exercise, hidden)}: not right yet, {amount(earned)} of {amount(points)} points.")


def raised(exercise: Exercise, points: float, hidden: bool, error: Exception, line: str | None, case: Case | None,
           printed: str = "") -> CheckResult:
    text = str(error).strip().splitlines()
    what = f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
    lines: list[tuple[str, str]] = [("finding", f"Your code stopped with {what}")]
    if line:
        lines.append(("code", line))
    if case is not None:
        lines.append(("text", f"That was on the case \"{case.label}\"." if hidden else f"That was on the case \"{case.label}\":"))
    if case is not None and not hidden:
        lines.append(("code", show_arguments(exercise, case)))
    lines += _printed(printed, hidden)
    return CheckResult(0.0, exercise=exercise.id, status="error", points=points, hidden=hidden, lines=lines,
                       headline=f"✗ {_title(exercise, hidden)}: your code raised an error, 0 of {amount(points)} points.")


def _printed(printed: str, hidden: bool) -> list[tuple[str, str]]:
    """What the learner's function printed, a screenful of it; never for hidden tests, whose inputs it may show."""
    if hidden or not printed.strip():
        return []
    rows = printed.rstrip().splitlines()
    more = f"\n… and {len(rows) - PRINTED_LINES} more lines" if len(rows) > PRINTED_LINES else ""
    return [("text", "Your function printed:"), ("code", "\n".join(r[:200] for r in rows[:PRINTED_LINES]) + more)]


def show_value(value: Any) -> str:
    """A value to be read and typed again: small arrays in full, others by shape."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return number(float(value))
    if isinstance(value, np.ndarray):
        if value.size > SHOWN_NUMBERS or value.size == 0:
            return f"array of shape {value.shape}"
        text = np.array2string(value, separator=", ", precision=6, suppress_small=True, floatmode="maxprec", prefix="np.array(")
        rows = [line.rstrip() for line in text.splitlines() if line.strip()]  # NumPy parts the blocks of 3-D arrays by blank lines
        return "np.array(" + "\n".join(rows) + ")"
    if isinstance(value, (float, np.floating)):
        return number(value)
    if isinstance(value, Mapping):
        return _several("{", [f"{key!r}: " + show_value(v).replace("\n", "\n" + " " * (len(repr(key)) + 2)) for key, v in value.items()], "}")
    if isinstance(value, (list, tuple)) and any(isinstance(v, (np.ndarray, Mapping, list, tuple)) for v in value):
        ends = ("[", "]") if isinstance(value, list) else ("(", ",)" if len(value) == 1 else ")")
        return _several(ends[0], [show_value(v) for v in value], ends[1])
    if callable(value):
        return getattr(value, "__name__", "a function")
    return repr(value)


def _several(start: str, shown: Sequence[str], end: str) -> str:
    """Values within brackets: on one line where they fit, else one below the other."""
    line = start + ", ".join(shown) + end
    if "\n" not in line and len(line) <= LINE:
        return line
    return start + ",\n".join(shown).replace("\n", "\n" + " " * len(start)) + end


def show_arguments(exercise: Exercise, case: Case) -> str:
    args, kwargs = fresh(case)  # in the form in which the function got them: integers as integers
    named = [*zip(exercise.arguments, args), *kwargs.items()]
    return "\n".join(_assign(name, show_value(value)) for name, value in named)


def show_case(exercise: Exercise, trial: Trial) -> str:
    rows = [show_arguments(exercise, trial.case)]
    for output, wrong in trial.differences.items():
        if wrong.got is not None:
            rows.append(_assign(f"got      {output}", show_value(wrong.got)))
        rows.append(_assign(f"expected {output}", show_value(trial.expected[output])))
    return "\n".join(r for r in rows if r)


def _assign(name: str, text: str) -> str:
    """`name = text`, with the lines of a matrix lined up under its first."""
    return f"{name} = " + text.replace("\n", "\n" + " " * (len(name) + 3))
