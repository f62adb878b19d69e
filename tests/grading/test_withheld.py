"""What an assignment withholds is enough: where an exercise's reference is the library's own code, some of it is withheld."""

import importlib
import json
import sys
from pathlib import Path

import pytest
from hand_ins import ROOT

import course_lib
from course_lib.check.exercises import MODULES, exercises
from course_lib.grading.course import Course
from course_lib.grading.library import withheld_by

CORE = Path(course_lib.__file__).parent
COURSE = Course(ROOT)
HELPERS = {"_validate"}  # of the core: nobody's answer
NOT_THE_ANSWER = {
    "04.sgd_epoch": "a step of descent is one line of it",
    "10.conv_by_columns": "conv2d_forward, which net_forward calls, gives one of its two results; the columns have to be built",
}


def function(name):
    module, *path = name.split(".")
    found = importlib.import_module(f"course_lib.{module}")
    for part in path:
        found = getattr(found, part)
    return getattr(found, "__func__", found)


def called(work):
    """Code objects of the core's functions that the work calls."""
    seen = set()

    def note(frame, event, _):
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.parent == CORE and path.stem not in HELPERS and not frame.f_code.co_name.startswith("<"):
            seen.add(frame.f_code)

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return seen


@pytest.mark.parametrize("assignment", [a for a in COURSE.assignments() if a[:2] in MODULES])
def test_a_reference_of_the_librarys_own_rests_on_something_withheld(assignment):
    metadata = json.loads((COURSE.solutions / assignment / f"{assignment}.ipynb").read_text("utf-8"))["metadata"]
    withheld = {function(name).__code__ for name in withheld_by(metadata)}
    for exercise in exercises(assignment[:2]).values():
        if exercise.draw is None or exercise.id in NOT_THE_ANSWER:  # without hidden tests: a quiz, or worked by hand
            continue
        case = exercise.visible()[0]
        used = called(lambda e=exercise, case=case: e.evaluate(e.reference, case.args, case.kwargs))
        names = sorted(code.co_qualname for code in used)
        assert not used or used & withheld, f"{exercise.id}: its reference uses {', '.join(names)}; workbook.withheld has none of it"
