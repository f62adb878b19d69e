"""Every exercise: right answers get full marks, wrong ideas lose points and are named, an empty answer gets nothing.

The hidden cases are the ones in the solved notebooks, so that what is tested here is what grades a class.
"""

import re
from pathlib import Path

import numpy as np
import pytest

from course_lib.check.engine import cases_for, judge
from course_lib.check.exercise import Exercise
from course_lib.check.exercises import MODULES, everything, exercises
from course_lib.check.inputs import fresh
from course_lib.grading.answers import compiled, right_answers
from course_lib.grading.hidden import hidden_calls

ROOT = Path(__file__).resolve().parents[2]
ASSIGNMENT = {p.name[:2]: p.name for p in (ROOT / "solutions").iterdir() if p.is_dir()}
EXERCISES = everything()
PAIRS = [(e, m) for e in EXERCISES for m in e.misconceptions]


def label(value):
    return value.id if isinstance(value, Exercise) else re.sub(r"\W+", "-", getattr(value, "name", str(value)))


def all_cases(exercise):
    """The visible cases and the hidden ones of the solved notebook: [(cases, hidden)]."""
    assignment = ASSIGNMENT[exercise.id[:2]]
    runs = [(cases_for(exercise, None, 0), False)]
    for call in hidden_calls(ROOT / "solutions" / assignment / f"{assignment}.ipynb"):
        if call.exercise == exercise.id:
            runs.append((cases_for(exercise, call.hidden, call.seed), True))
    return runs


def verdicts(exercise, functions):
    return [judge(exercise, functions, cases, 4.0, hidden) for cases, hidden in all_cases(exercise)]


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
    def stub(*args, **kwargs):
        raise NotImplementedError()

    for verdict in verdicts(exercise, [stub] * len(exercise.names)):
        assert verdict == 0.0 and verdict.status == "unsolved"
        assert "not done yet" in verdict.message


@pytest.mark.parametrize("exercise, misconception", PAIRS, ids=label)
def test_a_misconception_loses_points_and_is_named(exercise, misconception):
    runs = verdicts(exercise, exercise.wrong_functions(misconception))
    lost = [v for v in runs if v < 4.0]
    assert lost, f"{misconception.name} passes every test of {exercise.id}"
    hidden = [v for v in runs if v.hidden]
    assert not hidden or any(v < 4.0 for v in hidden), f"{misconception.name} passes the hidden tests"
    named = [v for v in lost if v.ideas == (misconception.name,)]
    assert named, [(v.ideas, v.message) for v in lost]
    assert misconception.sentence in named[0].message


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


@pytest.mark.parametrize("number", MODULES)
def test_ids_name_their_function(number):
    for id, exercise in exercises(number).items():
        assert id.startswith(f"{number}.") and exercise.name == exercise.names[-1]
        assert len(exercise.reference) == len(exercise.answer)
