"""Exercises worked by hand: numbers that can vary, messages that give nothing away; and checks that say which part is wrong."""

import ast
import functools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import course_lib.check.exercises as register
from course_lib.check import check, show_numbers
from course_lib.check.engine import cases_for, judge
from course_lib.check.exercise import Exercise, wrong
from course_lib.grading.hidden import check_calls, parts_of


def predict_sizes(*, n=701, f=13, stride=2):
    out = (n - f) // stride + 1
    weights = f * f
    return out, weights


def numbers(rng):
    if rng is None:
        return dict(n=701, f=13, stride=2)
    f, stride, steps = (int(v) for v in rng.integers((3, 2, 9), (9, 5, 40)))
    return dict(n=f + stride * steps, f=f, stride=stride)


def scale(x, k):
    out = x * k
    return out


def shift(x, k):
    out = x + k
    return out


def scale_and_shift(x, k):
    out = x * k + k
    return out


def two_cases():
    from course_lib.check.exercise import Case

    return [Case("small", (np.array([1.0, 2.0]), 3.0)), Case("larger", (np.array([4.0, 5.0, 9.0]), 2.0))]


def plain(name, function, old, new, sentence):
    return Exercise(id=f"99.{name}", rows=(), answer=(function,), reference=(function,), arguments=("x", "k"), outputs=("out",),
                    visible=two_cases, misconceptions=(wrong(f"{name} slip", sentence, (old, new)),), hints=("a", "b", "c"))


BY_HAND = Exercise(
    id="99.predict_sizes", rows=(), answer=(predict_sizes,), reference=(predict_sizes,), outputs=("out", "weights"), by_hand=True,
    numbers=numbers, hints=("a", "b", "c"),
    misconceptions=(wrong("first position left out", "You counted the steps and left out the first position.", ("// stride + 1", "// stride")),
                    wrong("stride left out", "You slid one cell at a time.", ("(n - f) // stride + 1", "n - f + 1"))))
SCALE = plain("scale", scale, "x * k", "x", "You forgot k.")
SHIFT = plain("shift", shift, "x + k", "x - k", "You moved it the other way.")
WHOLE = plain("scale_and_shift", scale_and_shift, "+ k", "", "You left the shift out.")


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    known = {e.id: e for e in (BY_HAND, SCALE, SHIFT, WHOLE)}
    monkeypatch.setitem(register.MODULES, "99", "start_here")
    before = register.exercises
    monkeypatch.setattr(register, "exercises", lambda number: known if number == "99" else before(number))


# --- by hand --------------------------------------------------------------------------------------------------------

def test_a_right_prediction_earns_all_and_is_called_without_arguments():
    verdict = check("99.predict_sizes", lambda: (345, 169), points=2)
    assert verdict == 2.0 and verdict.status == "passed"
    assert check("99.predict_sizes", predict_sizes, points=2) == 2.0  # computed: allowed, with the lecture's numbers


def test_a_wrong_prediction_is_named_and_nothing_in_the_message_gives_the_answer():
    verdict = check("99.predict_sizes", lambda: (344, 169), points=2)
    assert verdict == 1.0 and verdict.ideas == ("first position left out",)
    assert "left out the first position" in verdict.message and "Right: weights." in verdict.message
    for wrong_answer in [(344, 169), (690, 26), (1, 1), (np.nan, 169), ("x", 1), ([345], 169), (169, 345), (345.5, 169.0), 345, {1: 2}]:
        verdict = check("99.predict_sizes", lambda answer=wrong_answer: answer, points=2)
        assert verdict < 2.0
        assert not re.search(r"\b(345|169)\b", re.sub(r"it is .*|it returned .*", "", verdict.message)), verdict.message


def test_an_error_a_stub_and_a_form_are_said_plainly():
    def stub():
        raise NotImplementedError()

    assert check("99.predict_sizes", stub).status == "unsolved"
    error = check("99.predict_sizes", lambda n: n)
    assert error.status == "error" and "missing 1 required positional argument" in error.message and "n =" not in error.message
    assert "should return 2 values (out, weights)" in check("99.predict_sizes", lambda: 345).message
    assert "in another order" in check("99.predict_sizes", lambda: (169, 345)).message


def test_a_variant_has_other_numbers_and_the_lectures_answer_is_wrong_there():
    mine, theirs = BY_HAND.numbers_of(1), BY_HAND.numbers_of(2)
    assert mine != theirs and mine != BY_HAND.numbers_of(None) and mine == BY_HAND.numbers_of(1)
    right = predict_sizes(**mine)
    assert check("99.predict_sizes", lambda: right, points=2, variant=1) == 2.0
    assert check("99.predict_sizes", lambda: right, points=2, variant=2) < 2.0
    assert check("99.predict_sizes", lambda: right, points=2) < 2.0
    assert check("99.predict_sizes", lambda: (345, 169), points=2, variant=1) == 0.0


@settings(deadline=None)
@given(st.integers(0, 2**63))
def test_every_variant_names_the_same_ideas(variant):
    values = BY_HAND.numbers_of(variant)
    cases = cases_for(BY_HAND, None, 0, variant)
    assert judge(BY_HAND, [functools.partial(predict_sizes, **values)], cases, 2.0) == 2.0
    for m in BY_HAND.misconceptions:
        verdict = judge(BY_HAND, [functools.partial(BY_HAND.wrong_functions(m)[0], **values)], cases, 2.0)
        assert verdict == 1.0 and verdict.ideas == (m.name,)


@pytest.mark.parametrize("variant", [-1, 1.5, True, "7"])
def test_a_variant_is_a_whole_number(variant):
    with pytest.raises(ValueError, match="whole number from 0"):
        check("99.predict_sizes", lambda: 1, variant=variant)
    with pytest.raises(ValueError, match="whole number from 0"):
        show_numbers("99.predict_sizes", variant)


def test_only_exercises_by_hand_have_variants():
    with pytest.raises(ValueError, match="no numbers of its own"):
        check("99.scale", scale, variant=3)
    with pytest.raises(ValueError, match="no numbers of its own"):
        show_numbers("99.scale")


def test_by_hand_and_numbers_belong_together():
    fields = dict(id="99.x", rows=(), answer=(predict_sizes,), reference=(predict_sizes,), outputs=("a",), misconceptions=(), hints=("a", "b", "c"))
    with pytest.raises(ValueError, match="belong together"):
        Exercise(**fields, by_hand=True)
    with pytest.raises(ValueError, match="belong together"):
        Exercise(**fields, numbers=numbers, visible=list)
    with pytest.raises(ValueError, match="visible= is missing"):
        Exercise(**fields)


def test_the_numbers_are_shown_as_they_would_be_typed_and_the_same_each_time():
    assert repr(show_numbers("99.predict_sizes")) == "The numbers to work with:\n\n    n = 701\n    f = 13\n    stride = 2"
    shown = show_numbers("99.predict_sizes", 12)
    assert repr(shown) == repr(show_numbers("99.predict_sizes", 12)) and "variant 12" in repr(shown)
    code = re.search(r"```python\n(.*)```", shown._repr_markdown_(), re.DOTALL)[1]
    namespace = {}
    exec(code, namespace)
    assert {n: namespace[n] for n in ("n", "f", "stride")} == BY_HAND.numbers_of(12)


# --- which part is wrong --------------------------------------------------------------------------------------------

def whole_check(whole, **changes):
    parts = {"99.scale": scale, "99.shift": shift} | changes.pop("parts", {})
    return check("99.scale_and_shift", whole, points=4, parts=parts, **changes)


def test_the_message_leads_with_the_part_that_fails_and_its_own_idea():
    verdict = whole_check(lambda x, k: x + k, parts={"99.scale": lambda x, k: x})
    assert verdict == 0.0 and verdict.status == "failed"
    head, first, second, *rest = verdict.message.splitlines()
    assert "scale_and_shift: not right yet" in head
    assert first.strip() == "Your scale does not pass its own check: mend that first, then run this check again."
    assert second.strip() == "You forgot k."
    assert any("expected out" in line for line in rest)


def test_several_wrong_parts_are_all_said_the_first_leads():
    message = whole_check(lambda x, k: x - k, parts={"99.scale": lambda x, k: x, "99.shift": lambda x, k: x - k}).message
    assert "Your scale does not pass" in message and "Wrong as well, by its own check: shift." in message


def test_where_all_parts_pass_the_slip_is_in_the_answer_itself():
    verdict = whole_check(lambda x, k: x * k)
    assert "Your scale and shift both pass their own checks: the slip is in scale_and_shift itself." in verdict.message
    assert verdict.ideas == ("scale_and_shift slip",) and "You left the shift out." in verdict.message
    one = check("99.scale_and_shift", lambda x, k: x * k, parts={"99.scale": scale})
    assert "Your scale passes its own check: the slip is in scale_and_shift itself." in one.message


def test_an_error_says_which_part_raised_it():
    def broken(x, k):
        return x / "k"

    verdict = whole_check(lambda x, k: broken(x, k) + k, parts={"99.scale": broken})
    assert verdict.status == "error"
    assert "Your scale does not pass its own check" in verdict.message and "Your code stopped with TypeError" in verdict.message


def test_a_part_that_is_not_done_yet_is_said_so():
    def stub(x, k):
        raise NotImplementedError()

    undone = whole_check(lambda x, k: stub(x, k) + k, parts={"99.scale": stub})
    assert undone.status == "unsolved" and "it builds on scale, which is not done yet" in undone.message
    assert whole_check(stub).message.startswith("○ scale_and_shift: not done yet (")
    wrong_without = whole_check(lambda x, k: x * k, parts={"99.shift": stub})
    assert wrong_without.status == "failed" and "It builds on shift, which is not done yet: do that first." in wrong_without.message


def test_a_right_answer_never_calls_its_parts():
    def never(x, k):
        raise AssertionError

    assert whole_check(lambda x, k: x * k + k, parts={"99.scale": never}) == 4.0


def test_parts_are_looked_at_like_any_function():
    with pytest.raises(ValueError, match="takes 1 function"):
        whole_check(scale, parts={"99.scale": (scale, scale)})
    with pytest.raises(ValueError, match="no exercise '99.scal'"):
        whole_check(scale, parts={"99.scal": scale})
    with pytest.raises(ValueError, match="expects shift to be a function"):
        whole_check(scale, parts={"99.shift": 3})


def test_a_process_that_ends_in_a_part_keeps_what_was_found_before():
    class Ended(BaseException):
        pass

    def ends(x, k):
        raise Ended

    with pytest.raises(Ended) as caught:
        whole_check(lambda x, k: x, parts={"99.scale": ends})
    assert caught.value.verdict.status == "failed"


# --- tools that read the calls --------------------------------------------------------------------------------------

def test_tools_read_calls_with_parts_and_variants(tmp_path):
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    label = {"nbgrader": {"grade": True, "solution": False, "grade_id": "x-check", "locked": True, "points": 3}}
    source = ('check("09.net", net, points=3, parts={"09.conv": conv, "09.pool_backward": (pool, pool_backward)})\n'
              'check("09.predict", predict, points=2, variant=VARIANT)')
    nbformat.write(new_notebook(cells=[new_code_cell(source, metadata=label)]), tmp_path / "x.ipynb")
    net, predict = check_calls(tmp_path / "x.ipynb")
    assert net.parts == {"09.conv": ("conv",), "09.pool_backward": ("pool", "pool_backward")} and predict.parts == {}
    assert (predict.exercise, predict.functions, predict.points) == ("09.predict", ("predict",), 2.0)
    bad = new_code_cell('check("09.net", net, points=3, parts=PARTS)', metadata=label)
    nbformat.write(new_notebook(cells=[bad]), tmp_path / "x.ipynb")
    with pytest.raises(ValueError, match="must be written out"):
        check_calls(tmp_path / "x.ipynb")


def test_parts_of_a_call_without_any():
    assert parts_of(ast.parse("check('x', f)").body[0].value) == {}
