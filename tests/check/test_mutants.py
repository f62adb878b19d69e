"""Small slips in every right answer: a sign, an index, a forgotten term. Each has to lose points on the visible or the hidden cases.

The slips are made by machine (course_lib/check/slips.py), a few hundred for each exercise, and all of them are tried. One that
changes nothing is listed in equivalent_slips.py, with the reason, and is tried on fresh random inputs too.
"""

import pytest
from equivalent_slips import ELSEWHERE, EQUIVALENT
from test_exercises import all_cases, label, solved

from course_lib.check.exercises import everything, find
from course_lib.check.slips import slips
from course_lib.grading.mutants import all_runs, loses_points

EXERCISES = [e for e in everything() if e.draw is not None]


def mutants(exercise):
    return slips(exercise, ELSEWHERE.get(exercise.id, ""))


@pytest.mark.parametrize("exercise", EXERCISES, ids=label)
def test_slips_lose_points(exercise):
    sources = {k: s for k, s in mutants(exercise).items() if (exercise.id, *k) not in EQUIVALENT}
    runs = all_cases(exercise)
    survivors = [" -> ".join(k) for k, source in sources.items() if not loses_points(exercise, source, runs)]
    assert len(sources) > 40
    assert not survivors, "\n".join([f"{len(survivors)} of {len(sources)} slips in {exercise.id} lose nothing:", *survivors])


@pytest.mark.parametrize("exercise_id, before, after", EQUIVALENT, ids=[f"{id}-{i}" for i, (id, *_) in enumerate(EQUIVALENT)])
def test_a_listed_slip_occurs_and_changes_nothing(exercise_id, before, after):
    exercise = find(exercise_id)
    sources = mutants(exercise)
    assert (before, after) in sources, "this slip is not made any more: take it off the list"
    runs = all_runs(solved(exercise), exercise, seeds=range(10_000, 10_010))
    assert not loses_points(exercise, sources[before, after], runs), "some input tells this slip from the right answer: take it off the list"
