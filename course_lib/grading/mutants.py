"""How good the checks are, measured: which wrong ideas they catch and name, which right answers they accept, which slips they miss.

An exercise is judged on all the cases it has: the visible ones, and the hidden ones of its solved notebook. `workbook mutants`
prints the figures; tests/check holds each of them to 100 %.
"""

from __future__ import annotations

import runpy
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path

from course_lib.check.engine import cases_for, judge
from course_lib.check.exercise import Case, Exercise, Wrong, functions_from
from course_lib.check.exercises import MODULES, exercises, find
from course_lib.check.report import CheckResult
from course_lib.check.slips import slips

from .answers import compiled, right_answers
from .course import Course
from .hidden import hidden_calls

FULL = 4.0  # points, for a verdict to be judged by
FEWEST_RIGHT = 3  # differently written right answers
EQUIVALENT = Path("tests", "check", "equivalent_slips.py")

Runs = Sequence[tuple[list[Case], bool]]  # (cases, hidden)


def all_runs(notebook: Path, exercise: Exercise, seeds: Sequence[int] = ()) -> Runs:
    """The visible cases, and for each hidden test of the solved notebook its cases; further ones drawn from `seeds`."""
    runs = [(cases_for(exercise, None, 0), False)]
    for call in hidden_calls(notebook):
        if call.exercise == exercise.id:
            runs += [(cases_for(exercise, call.hidden, seed), True) for seed in (call.seed, *seeds)]
    return runs


def verdicts(exercise: Exercise, functions: Sequence[Callable], runs: Runs) -> list[CheckResult]:
    return [judge(exercise, functions, cases, FULL, hidden) for cases, hidden in runs]


def is_caught(found: Sequence[CheckResult]) -> bool:
    """Does the answer lose points, and also on the hidden tests where there are any?"""
    hidden = [v for v in found if v.hidden]
    return any(v < FULL for v in found) and (not hidden or any(v < FULL for v in hidden))


def is_named(found: Sequence[CheckResult], idea: Wrong) -> bool:
    """Does some verdict name this idea, it alone, and say its sentence?"""
    return any(v < FULL and v.ideas == (idea.name,) and idea.sentence in v.message for v in found)


def is_full(found: Sequence[CheckResult]) -> bool:
    return all(v == FULL for v in found)


def stub(*args, **kwargs):
    """What an empty answer does."""
    raise NotImplementedError()


def loses_points(exercise: Exercise, source: str, runs: Runs) -> bool:
    """Does an answer with this source lose points on some run?"""
    try:
        functions = functions_from(source, exercise.names)
    except (SyntaxError, NameError):  # the slip is no program
        return True
    bare = replace(exercise, misconceptions=())  # which idea it is does not matter here, and takes time to find out
    return any(judge(bare, functions, cases, FULL, hidden) < FULL for cases, hidden in runs)


@dataclass
class Row:
    """The figures of one exercise, and in `faults` what falls short, a line each."""

    exercise: str
    misconceptions: int
    caught: int = 0
    named: int = 0
    right: int = 0
    accepted: int = 0
    slips: int = 0
    slips_caught: int = 0
    equivalent: int = 0
    faults: list[str] = field(default_factory=list)


def measure(root: Path, assignment: str, exercise_id: str, with_slips: bool = True) -> Row:
    """All figures of one exercise."""
    exercise = find(exercise_id)
    runs = all_runs(root / "solutions" / assignment / f"{assignment}.ipynb", exercise)
    row = Row(exercise.id, len(exercise.misconceptions))
    fitting = []
    for idea in exercise.misconceptions:
        try:
            exercise.wrong_source(idea)
            fitting.append(idea)
        except ValueError as error:  # an edit that does not fit the answer: the others are measured without it
            row.faults.append(" ".join(str(error).split()))
    if len(fitting) < row.misconceptions:
        exercise = replace(exercise, misconceptions=tuple(fitting))
    for idea in fitting:
        found = verdicts(exercise, exercise.wrong_functions(idea), runs)
        caught, named = is_caught(found), is_named(found, idea)
        row.caught, row.named = row.caught + caught, row.named + named
        if not (caught and named):
            row.faults.append(f"{idea.name}: {'not named, or not alone' if caught else 'loses no points'}")
    answers = {"the reference": exercise.reference, "its own answer": exercise.answer,
               **{how: compiled(f, exercise.names) for how, f in right_answers(root, assignment, exercise).items()}}
    row.right = len(answers) - 2
    for how, functions in answers.items():
        full = is_full(verdicts(exercise, functions, runs))
        row.accepted += full and how in list(answers)[2:]
        if not full:
            row.faults.append(f"{how} does not get full marks")
    if row.right < FEWEST_RIGHT:
        row.faults.append(f"only {row.right} right answers in samples/")
    if any(v > 0 for v in verdicts(exercise, [stub] * len(exercise.names), runs)):
        row.faults.append("an empty answer earns points")
    if with_slips and exercise.draw is not None:
        equivalent, elsewhere = known_slips(root)
        made = slips(exercise, elsewhere.get(exercise.id, ""))
        row.slips = len(made)
        for (before, after), source in made.items():
            if (exercise.id, before, after) in equivalent:
                row.equivalent += 1
            elif loses_points(exercise, source, runs):
                row.slips_caught += 1
            else:
                row.faults.append(f"this slip loses nothing: {before} -> {after}")
    return row


def known_slips(root: Path) -> tuple[Mapping[tuple[str, str, str], str], Mapping[str, str]]:
    """The slips known to change nothing, with the reasons, and the lines of an exercise that another one judges."""
    listed = runpy.run_path(str(root / EQUIVALENT))
    return listed["EQUIVALENT"], listed["ELSEWHERE"]


def measure_all(course: Course, numbers: Collection[str], *, with_slips: bool = True, jobs: int = 1) -> Iterator[Row]:
    """The figures of every exercise of these assignments, as they are found."""
    assignments = {name[:2]: name for name in course.assignments()}
    todo = [(course.root, assignments[n], id, with_slips) for n in MODULES if n in numbers and n in assignments for id in exercises(n)]
    if jobs == 1:
        yield from (_measured(*one) for one in todo)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from (done.result() for done in as_completed([pool.submit(_measured, *one) for one in todo]))


def _measured(root: Path, assignment: str, exercise_id: str, with_slips: bool) -> Row:
    """The figures, or why there are none: what is wrong with one exercise must not hide those of the others."""
    try:
        return measure(root, assignment, exercise_id, with_slips)
    except Exception as error:
        return Row(exercise_id, 0, faults=[f"could not be measured: {type(error).__name__}: {error}"])


HEADER = ("exercise", "misconceptions", "killed", "named", "right answers", "accepted", "slips", "killed", "equivalent")


def table_rows(rows: Sequence[Row], with_slips: bool = True) -> list[tuple]:
    """A row of the table for each exercise, and one of percentages."""
    def cells(r: Row):
        return (r.misconceptions, r.caught, r.named, r.right, r.accepted, *((r.slips, r.slips_caught, r.equivalent) if with_slips else ()))

    total = [sum(column) for column in zip(*(cells(r) for r in rows), strict=True)]
    percent = [(1, 0), (2, 0), (4, 3)]
    last: list = ["", *map(str, total)]
    for part, whole in percent:
        last[1 + part] = f"{total[part]} = {_share(total[part], total[whole])}"
    if with_slips:
        last[1 + 6] = f"{total[6]} = {_share(total[6], total[5] - total[7])}"
    return [*((r.exercise, *map(str, cells(r))) for r in rows), tuple(["all", *last[1:]])]


def _share(part: int, whole: int) -> str:
    """A percentage that says 100 % only for all of them."""
    if not whole or part == whole:
        return "100 %"
    return f"{min(99.99, 100 * part / whole):.4g} %"
