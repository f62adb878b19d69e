"""The check itself: run the learner's functions on the cases, compare, score, and say which idea is wrong."""

from __future__ import annotations

import contextlib
import io
import itertools
import math
import re
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from . import progress
from .compare import Difference, as_numbers, difference, same
from .exercise import Case, Exercise, ResultForm, Wrong
from .inputs import changed, fresh
from .report import CheckResult, Finding, Named, failed, passed, raised, unsolved
from .signatures import Evidence, recognise, right_only_where

CHANGES = "Your function changes its argument"
READ_ONLY = "Your function changes one of its arguments in place (that case hands over read-only arrays): work on a copy."


@dataclass
class Trial:
    """What happened on one case: the learner's values, the expected ones, and the difference per output."""

    case: Case
    expected: dict[str, np.ndarray]
    values: dict[str, Any] = field(default_factory=dict)
    differences: dict[str, Difference] = field(default_factory=dict)
    fault: str | None = None  # wrong form of the result, a changed argument, an error: the whole case is wrong
    error: Exception | None = None

    def right(self, output: str) -> bool:
        return self.fault is None and output not in self.differences


def check(exercise_id: str, *functions: Callable, points: float = 1.0, hidden: Sequence[Mapping[str, Any]] | None = None,
          seed: int = 0, variant: int | None = None, parts: Mapping[str, Callable | Sequence[Callable]] | None = None) -> CheckResult:
    """Judge the learner's functions for one exercise and return the points earned.

    Formula: points · (share of the (case, output) pairs that are right), rounded down to quarter points; full points
    only when all are.

    Arguments: exercise_id, such as "07.conv2d_backward"; functions, those that the exercise names, in its order; points,
    the most that can be earned; hidden, the parameters of each hidden case (the visible cases are run when it is
    None); seed, from which the hidden cases' numbers are drawn; variant, of an exercise by hand, whose numbers were
    worked with (None: the lecture's); parts, the learner's earlier functions that this one calls, by the ids of their
    exercises: looked at only where the answer is wrong, to say which of them is.

    Returns a `CheckResult`: a Python float with a readable rendering. It is 0.0 where the exercise is not done yet.
    Raises ValueError for an unknown exercise, a wrong number of functions, points that are no positive number, or a
    variant of an exercise that has none.
    """
    from .exercises import find

    exercise = find(exercise_id)
    if not (isinstance(points, (int, float)) and math.isfinite(points) and points > 0):
        raise ValueError(f"points must be a positive number; got {points!r}")
    _refuse_others(exercise, functions)
    earlier = {}
    for part_id, given in (parts or {}).items():
        part = find(part_id)
        earlier[part] = tuple(given) if isinstance(given, (tuple, list)) else (given,)
        _refuse_others(part, earlier[part])
    verdict = judge(exercise, functions, cases_for(exercise, hidden, seed, variant), float(points), hidden is not None)
    if earlier and verdict.status != "passed":
        verdict = look_at_parts(exercise, verdict, earlier)
    return progress.noted(verdict, functions)


def _refuse_others(exercise: Exercise, functions: Sequence[Callable]) -> None:
    if len(functions) != len(exercise.names):
        raise ValueError(f"check({exercise.id!r}) takes {len(exercise.names)} function(s), {', '.join(exercise.names)}; got {len(functions)}")
    for given, name in zip(functions, exercise.names):
        if not callable(given):
            raise ValueError(f"check({exercise.id!r}) expects {name} to be a function; got {type(given).__name__}")


def cases_for(exercise: Exercise, hidden: Sequence[Mapping[str, Any]] | None, seed: int, variant: int | None = None) -> list[Case]:
    """The visible cases (of an exercise by hand: with the variant's numbers), or the hidden ones drawn from their
    parameters and the seed."""
    if hidden is None:
        return list(exercise.visible()) if variant is None else [exercise.worked(variant)]
    if exercise.draw is None:
        raise ValueError(f"{exercise.id} has no hidden cases to draw")
    rng = np.random.default_rng([seed, *_secret])
    return [exercise.draw(rng, **parameters) for parameters in hidden]


_secret: tuple[int, ...] = ()  # joined to the seeds of hidden cases while a class is graded


@contextlib.contextmanager
def drawn_from(secret: str):
    """While this lasts, hidden cases are drawn from `secret` too (a hexadecimal number): nobody can compute them beforehand
    from the seeds in a notebook, and with the same secret they are the same again."""
    global _secret
    before, _secret = _secret, (int(secret, 16),) if secret else ()
    try:
        yield
    finally:
        _secret = before


def judge(exercise: Exercise, functions: Sequence[Callable], cases: Sequence[Case], points: float, hidden: bool = False) -> CheckResult:
    """Run, compare, score and explain. `check` after its arguments were looked at; tests call it directly."""
    if exercise.needs:
        from .exercises import find

        first = find(exercise.needs)
        before = judge(first, functions[:len(first.names)], first.visible(), 1.0)
        if before.status == "unsolved":
            return unsolved(exercise, points, hidden, f"it builds on {first.name}, which is not done yet")
        if before.status != "passed":
            return failed(exercise, 0.0, points, hidden, [], [Finding(
                first.name, f"{exercise.name} builds on your {first.name}, which does not pass its own check yet: mend that first.")], None)
    said = io.StringIO()
    heard: list[str] = []
    trials: list[Trial] = []
    try:
        for case in cases:
            trials.append(try_case(exercise, functions, case, said, heard))
    except NotImplementedError:
        return unsolved(exercise, points, hidden)
    if all(t.error for t in trials):
        first = min(trials, key=lambda t: t.case.size)
        return raised(exercise, points, hidden, first.error, learner_line(first.error), None if exercise.by_hand else first.case,
                      printed=said.getvalue())

    pairs = [(t, o) for t in trials for o in exercise.outputs]
    share = sum(t.right(o) for t, o in pairs) / len(pairs)
    if share == 1.0:
        return passed(exercise, points, hidden, heard, len(trials))
    earned = 0.0 if exercise.all_or_nothing else math.floor(points * share * 4) / 4
    named = name_ideas(exercise, trials)
    if exercise.all_or_nothing and not any(t.fault for t in trials):
        # A quiz: the numbers would give the answer away; the sentences of the wrong ideas are what there is to say.
        return failed(exercise, earned, points, hidden, [replace(n, whole=True) for n in named],
                      [] if named else [Finding("", "Something in it is wrong. Find out by trying, not by guessing.")], None)
    if exercise.by_hand:
        return failed(exercise, earned, points, hidden, named, explain_by_hand(exercise, trials, named), None, printed=said.getvalue())
    everywhere = len({t.fault for t in trials}) == 1 and trials[0].fault is not None  # then no case says more than another
    return failed(exercise, earned, points, hidden, named, explain(exercise, trials, named), None if everywhere else smallest(trials),
                  printed=said.getvalue())


def try_case(exercise: Exercise, functions: Sequence[Callable], case: Case, said: io.StringIO, heard: list[str]) -> Trial:
    """One case: expected values from the reference, then the learner's, each on copies of its own."""
    trial = Trial(case, expected_values(exercise, case))
    args, kwargs = ((), {}) if exercise.by_hand else fresh(case)  # what was worked by hand takes no arguments
    unchanged = fresh(case)
    try:
        with quiet(said, heard):
            trial.values = exercise.evaluate(functions, args, kwargs)
    except ResultForm as e:
        trial.fault = str(e)
        return trial
    except Exception as e:
        if type(e) is NotImplementedError:  # the stub's own; input() in a graded notebook raises a subclass of it
            raise
        if case.form == "read-only" and isinstance(e, ValueError) and "read-only" in str(e):
            trial.fault = READ_ONLY
            return trial
        line = learner_line(e)
        trial.error, trial.fault = e, f"Your code stopped with {type(e).__name__}: {first_line(e)}" + (f" (at: {line})." if line else ".")
        if "Cannot cast ufunc" in trial.fault:
            trial.fault += " An array of whole numbers cannot hold fractions: make it one of floats, as np.zeros(x.shape) does."
        return trial
    names = list(exercise.arguments[:len(args)])
    if found := changed(dict(zip(names, unchanged[0])), dict(zip(names, args))):
        trial.fault = f"{CHANGES} {found} in place: the caller's array is not yours to change. Work on a copy."
        return trial
    for output in exercise.outputs:
        if wrong := difference(trial.values.get(output), trial.expected[output], output):
            trial.differences[output] = wrong
    return trial


def first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "")


def expected_values(exercise: Exercise, case: Case) -> dict[str, np.ndarray]:
    values = exercise.evaluate(exercise.reference, *fresh(case))
    return {o: np.asarray(values[o], dtype=np.float64) for o in exercise.outputs}


@contextlib.contextmanager
def quiet(said: io.StringIO, heard: list[str]):
    """Collect what the function prints and what NumPy warns of, so that a right answer that warns is still right."""
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        warnings.simplefilter("always")
        yield
    for w in caught:
        text = str(w.message)
        if text not in heard:
            heard.append(text)


def learner_line(error: Exception) -> str | None:
    """The last line of the traceback that is not the library's or NumPy's own: the learner's line. An error that crossed
    from another process, where the learner's code ran, carries its line with it."""
    if hasattr(error, "learner_line"):
        return error.learner_line
    frames = [f for f in traceback.extract_tb(error.__traceback__)
              if "course_lib" not in f.filename and "site-packages" not in f.filename and f.line]
    return frames[-1].line.strip() if frames else None


# --- which idea is wrong -------------------------------------------------------------------------------------------

def name_ideas(exercise: Exercise, trials: Sequence[Trial]) -> list[Named]:
    """The misconceptions whose results are the learner's: one that explains every output, else one for each output.

    Cases without a result (an error, another form) say nothing about the idea behind the others.
    """
    trials = [t for t in trials if not t.fault]
    wrong_outputs = [o for o in exercise.outputs if any(o in t.differences for t in trials)]
    if not wrong_outputs:
        return []
    behaviour = {m: idea_matches(exercise, m, trials) for m in exercise.misconceptions}
    for m, matches in behaviour.items():
        if all(matches[o] for o in exercise.outputs):
            return [Named(m, tuple(wrong_outputs), whole=True)]
    named: dict[str, Named] = {}
    for o in wrong_outputs:
        for m, matches in behaviour.items():
            if matches[o]:
                earlier = named.get(m.name, Named(m, ()))
                named[m.name] = replace(earlier, outputs=(*earlier.outputs, o))
                break
    return list(named.values())


def idea_matches(exercise: Exercise, misconception: Wrong, trials: Sequence[Trial]) -> dict[str, bool]:
    """For each output: does the misconception give just what the learner gave, on every case?"""
    matches = dict.fromkeys(exercise.outputs, True)
    functions = exercise.wrong_functions(misconception)
    for t in trials:
        try:
            with quiet(io.StringIO(), []), np.errstate(all="ignore"):
                values = exercise.evaluate(functions, *fresh(t.case))
        except Exception:  # a wrong idea may be unable to run on a case: then it is not what the learner did
            return dict.fromkeys(exercise.outputs, False)
        for o in exercise.outputs:
            matches[o] = matches[o] and alike(t.values.get(o), values.get(o))
    return matches


def alike(a: Any, b: Any) -> bool:
    """Equal within tolerance; NaN in the same places counts as equal here."""
    x, y = as_numbers(a), as_numbers(b)
    if x is None or y is None or x.shape != y.shape:
        return False
    hole = ~np.isfinite(x)
    return bool(np.array_equal(hole, ~np.isfinite(y))) and same(np.where(hole, 0, x), np.where(hole, 0, y))


def another_order(exercise: Exercise, trials: Sequence[Trial]) -> str | None:
    """The results are right, but not in the order (or under the names) asked for: say so. None where they are not."""
    outputs = exercise.outputs
    if not any(t.differences for t in trials):
        return None  # all of these are right as they are
    fits = {(o, p): all(same(t.values.get(p), t.expected[o]) for t in trials) for o in outputs for p in outputs}
    if not all(any(fits[o, p] for p in outputs) for o in outputs):
        return None  # before all orders are tried, which are many
    if len(outputs) > 1 and any(all(fits[pair] for pair in zip(outputs, order)) for order in itertools.permutations(outputs)):
        return f"Your results are right, but in another order. The order asked for: {', '.join(outputs)}."
    return None


def explain(exercise: Exercise, trials: Sequence[Trial], named: Sequence[Named]) -> list[Finding]:
    """Faults, each once; then for each wrong output where it is worst and what its numbers look like."""
    findings = []
    faults: dict[str, list[Trial]] = {}  # a fault that differs in its numbers only, such as shapes, is the same fault
    for t in trials:
        if t.fault:
            faults.setdefault(re.sub(r"\d+", "0", t.fault), []).append(t)
    if any(f.startswith(CHANGES) for f in faults):
        faults.pop(READ_ONLY, None)  # the same thing, said with less
    for off in faults.values():
        shown = min(off, key=lambda t: t.case.size)
        everywhere = len(off) == len(trials) and len({t.fault for t in off}) == 1
        findings.append(Finding("", shown.fault) if everywhere else Finding("", shown.fault, shown.case.label, len(off), len(trials)))
    trials = [t for t in trials if not t.fault]
    if trials and not named and (order := another_order(exercise, trials)):
        return [*findings, Finding("", "", signature=order)]
    explained = {o for n in named for o in n.outputs}
    patterns: dict[str, int] = {}  # pattern without the output's name -> where it was said first
    for o in exercise.outputs:
        off = [t for t in trials if o in t.differences]
        if not off:
            continue
        shown = min(off, key=lambda t: t.case.size)
        signature = None
        if o not in explained:
            if all(t.differences[o].kind == "value" for t in off):
                signature = recognise(o, [Evidence(t.case, as_numbers(t.values[o]), t.expected[o], o not in t.differences) for t in trials])
            signature = signature or right_only_where([(t.case, o not in t.differences) for t in trials])
        if signature and (pattern := signature.removeprefix(o)) in patterns:
            first = findings[patterns[pattern]]
            findings[patterns[pattern]] = replace(first, also=(*first.also, o))
            signature = None
        elif signature:
            patterns[pattern] = len(findings)
        findings.append(Finding(o, shown.differences[o].text, shown.case.label, len(off), len(trials), signature))
    return findings


def explain_by_hand(exercise: Exercise, trials: Sequence[Trial], named: Sequence[Named]) -> list[Finding]:
    """Which results are wrong, without the right ones: a number that was worked by hand would be given away."""
    if faults := dict.fromkeys(t.fault for t in trials if t.fault):
        return [Finding("", fault) for fault in faults]
    if not named and (order := another_order(exercise, trials)):
        return [Finding("", "", signature=order)]
    findings = [Finding("", t.differences[o].text) for t in trials for o in exercise.outputs
                if o in t.differences and t.differences[o].kind in ("form", "shape")]
    told = {o for n in named for o in n.outputs}
    wrong = [o for o in exercise.outputs if o not in told and any(o in t.differences and t.differences[o].kind in ("nan", "value") for t in trials)]
    if wrong:
        again = f'Work it through once more with the numbers above; hint("{exercise.id}") gives a nudge.'
        which = "Not right" if len(exercise.outputs) == 1 else f"Not right: {', '.join(wrong)}"
        findings.append(Finding("", f"{which}. {again}"))
    right = [o for o in exercise.outputs if all(t.right(o) for t in trials)]
    if right:
        findings.append(Finding("", f"Right: {', '.join(right)}."))
    return findings


# --- an answer that calls earlier ones -----------------------------------------------------------------------------

def look_at_parts(exercise: Exercise, verdict: CheckResult, parts: Mapping[Exercise, Sequence[Callable]]) -> CheckResult:
    """The same verdict, with what the visible checks of the earlier functions say put in front: which of them is wrong,
    or that none is."""
    found = []
    for part, functions in parts.items():
        try:
            found.append((part, judge(part, functions, part.visible(), 1.0)))
        except BaseException as e:
            e.verdict = verdict  # the process behind the functions has ended: what was found before still holds
            raise
    if undone := [part.name for part, v in found if v.status == "unsolved"]:
        why = f"it builds on {' and '.join(undone)}, which {'is' if len(undone) == 1 else 'are'} not done yet"
        if verdict.status == "unsolved":
            return unsolved(exercise, verdict.points, verdict.hidden, why)
        return verdict.led_by([("idea", f"{why[0].upper()}{why[1:]}: do that first.")])
    if verdict.status == "unsolved":
        return verdict
    wrong = [(part, v) for part, v in found if v.status != "passed"]
    names = [part.name for part in parts]
    if not wrong:
        pass_ = "passes its own check" if len(names) == 1 else f"{'both' if len(names) == 2 else 'all'} pass their own checks"
        return verdict.led_by([("idea", f"Your {_listed(names)} {pass_}: the slip is in {exercise.name} itself.")])
    (part, first), *others = wrong
    lines = [("idea", f"Your {part.name} does not pass its own check: mend that first, then run this check again.")]
    lines += first.lines[:1] if first.lines else []
    if others:
        lines.append(("finding", f"Wrong as well, by {'its own check' if len(others) == 1 else 'their own checks'}: {_listed([p.name for p, _ in others])}."))
    return verdict.led_by(lines)


def _listed(names: Sequence[str]) -> str:
    *head, last = names
    return f"{', '.join(head)} and {last}" if head else last


def smallest(trials: Sequence[Trial]) -> Trial | None:
    """The failing case with the fewest numbers in it."""
    off = [t for t in trials if t.fault or t.differences]
    return min(off, key=lambda t: t.case.size) if off else None
