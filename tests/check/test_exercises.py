"""Every exercise: right answers get full marks, wrong ideas lose points and are named, an empty answer gets nothing.

The hidden cases are the ones in the solved notebooks, so that what is tested here is what grades a class.
"""

import functools
import inspect
import re
from pathlib import Path

import numpy as np
import pytest

from course_lib.check.engine import cases_for, judge
from course_lib.check.exercise import Exercise
from course_lib.check.exercises import MODULES, everything, exercises
from course_lib.check.inputs import fresh
from course_lib.grading import mutants
from course_lib.grading.answers import compiled, right_answers

ROOT = Path(__file__).resolve().parents[2]
ASSIGNMENT = {p.name[:2]: p.name for p in (ROOT / "solutions").iterdir() if p.is_dir()}
EXERCISES = everything()
BY_HAND = [e for e in EXERCISES if e.by_hand]
VARIANTS = range(30)
PAIRS = [(e, m) for e in EXERCISES for m in e.misconceptions]


def label(value):
    return value.id if isinstance(value, Exercise) else re.sub(r"\W+", "-", getattr(value, "name", str(value)))


def solved(exercise):
    assignment = ASSIGNMENT[exercise.id[:2]]
    return ROOT / "solutions" / assignment / f"{assignment}.ipynb"


def all_cases(exercise):
    """The visible cases and the hidden ones of the solved notebook: [(cases, hidden)]."""
    return mutants.all_runs(solved(exercise), exercise)


def verdicts(exercise, functions):
    return mutants.verdicts(exercise, functions, all_cases(exercise))


@pytest.mark.parametrize("exercise", EXERCISES, ids=label)
def test_reference_and_own_answer_get_full_marks(exercise):
    for functions in (exercise.reference, exercise.answer):
        for verdict in verdicts(exercise, functions):
            assert verdict == 4.0, verdict.message


@pytest.mark.parametrize("exercise", EXERCISES, ids=label)
def test_three_differently_written_right_answers_get_full_marks(exercise):
    answers = right_answers(ROOT, ASSIGNMENT[exercise.id[:2]], exercise)
    assert len(answers) >= 3, f"{exercise.id} has {sorted(answers)} in samples/"
    assert len(set(map(str, answers.values()))) == len(answers)
    for how, functions in answers.items():
        assert "course_lib" not in "".join(functions.values())
        for verdict in verdicts(exercise, compiled(functions, exercise.names)):
            assert verdict == 4.0, f"{how}: {verdict.message}"


@pytest.mark.parametrize("exercise", EXERCISES, ids=label)
def test_an_empty_answer_gets_nothing_and_says_so(exercise):
    for verdict in verdicts(exercise, [mutants.stub] * len(exercise.names)):
        assert verdict == 0.0 and verdict.status == "unsolved"
        assert "not done yet" in verdict.message


@pytest.mark.parametrize("exercise, misconception", PAIRS, ids=label)
def test_a_misconception_loses_points_and_is_named(exercise, misconception):
    found = verdicts(exercise, exercise.wrong_functions(misconception))
    assert mutants.is_caught(found), f"{misconception.name} passes every test of {exercise.id}, or its hidden ones"
    assert mutants.is_named(found, misconception), [(v.ideas, v.message) for v in found if v < 4.0]


@pytest.mark.parametrize("exercise, misconception", PAIRS, ids=label)
def test_a_misconception_has_the_right_shape_and_is_sometimes_right(exercise, misconception):
    """Otherwise it is no idea but a crash: something that any check would find."""
    functions = exercise.wrong_functions(misconception)
    right = 0
    for cases in (exercise.weak(), *(cases for cases, _ in all_cases(exercise))):
        for case in cases:
            with np.errstate(all="ignore"):
                got = exercise.evaluate(functions, *fresh(case))
                want = exercise.evaluate(exercise.reference, *fresh(case))
            for name in exercise.outputs:
                assert np.shape(got[name]) == np.shape(want[name]), (case.label, name)
                right += np.allclose(got[name], want[name], rtol=1e-6, atol=1e-9)
    assert right, f"{misconception.name} is right on no output of any case of {exercise.id}"


@pytest.mark.parametrize("exercise", EXERCISES, ids=label)
def test_a_wrong_answer_is_told_about_in_the_learners_words(exercise):
    """Sentences speak to the learner, end as sentences, and no two are the same."""
    sentences = [m.sentence for m in exercise.misconceptions]
    assert len(set(sentences)) == len(sentences) >= 3
    for s in sentences:
        assert s[0].isupper() and s.endswith(".") and len(s) < 400, s


@pytest.mark.parametrize("exercise", EXERCISES, ids=label)
def test_hints_come_in_three_steps(exercise):
    assert len(exercise.hints) == 3 and all(h.strip() for h in exercise.hints)


@pytest.mark.parametrize("exercise", BY_HAND, ids=label)
def test_the_defaults_of_an_exercise_by_hand_are_the_lectures_numbers(exercise):
    assert exercise.draw is None and len(exercise.names) == 1
    for function in (*exercise.answer, *exercise.reference):
        parameters = inspect.signature(function).parameters.values()
        np.testing.assert_equal({p.name: p.default for p in parameters}, exercise.numbers_of(None))


@pytest.mark.parametrize("exercise", BY_HAND, ids=label)
def test_variants_of_an_exercise_by_hand_are_as_good_as_the_lectures_numbers(exercise):
    """Right answers earn all, every wrong idea loses and some idea is named; and a neighbour's numbers seldom have one's own results."""
    results = set()
    for variant in VARIANTS:
        values, cases = exercise.numbers_of(variant), cases_for(exercise, None, 0, variant)
        assert repr(exercise.numbers_of(variant)) == repr(values)
        for functions in (exercise.answer, exercise.reference):
            verdict = judge(exercise, [functools.partial(f, **values) for f in functions], cases, 4.0)
            assert verdict == 4.0, (values, verdict.message)
        for m in exercise.misconceptions:
            verdict = judge(exercise, [functools.partial(f, **values) for f in exercise.wrong_functions(m)], cases, 4.0)
            assert verdict < 4.0 and verdict.ideas, (variant, values, m.name, verdict.message)
        results.add(repr({k: np.asarray(v).tolist() for k, v in exercise.evaluate(exercise.reference, (), values).items()}))
    assert len(results) >= len(VARIANTS) / 3, "too few different results: neighbours could copy"


@pytest.mark.parametrize("number", MODULES)
def test_ids_name_their_function(number):
    for id, exercise in exercises(number).items():
        assert id.startswith(f"{number}.") and exercise.name == exercise.names[-1]
        assert len(exercise.reference) == len(exercise.answer)
