"""The check: what it returns, what it says, and what it keeps to itself."""

import json

import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter

from course_lib.check import MIME, CheckResult, check, hint
from course_lib.check.engine import judge
from course_lib.check.exercise import Case, Exercise, functions_from, wrong
from course_lib.check.exercises import find
from course_lib.check.inputs import changed, fresh, whole


def right(x, y, dout):
    return dout * y, dout * x


def run(f, **options):
    return check("00.multiply_backward", f, points=2, **options)


def affine_scale(x, k):
    out = x * k
    return out


def out_and_half(x, k):
    return x * k, x * k / 2 + 1


def exercise(**changes):
    """A small exercise of its own: scale an array by k."""
    fields = dict(
        id="99.affine_scale", rows=(), answer=(affine_scale,), reference=(affine_scale,), arguments=("x", "k"), outputs=("out",),
        visible=lambda: [Case("small", (np.array([[1.0, 2.0], [3.0, 5.0]]), 2.0), tags={"k": 2}, constants={"k": 2.0}),
                         Case("larger", (np.arange(1.0, 13.0).reshape(3, 4), 3.0), tags={"k": 3}, constants={"k": 3.0})],
        misconceptions=(wrong("k left out", "You forgot k.", ("x * k", "x")),), hints=("a", "b", "c"))
    return Exercise(**fields | changes)


def judged(f, **changes):
    e = exercise(**changes)
    return judge(e, [f], e.visible(), 4.0)


# --- the value ------------------------------------------------------------------------------------------------------

def test_the_value_is_a_python_float_whose_text_is_a_bare_number():
    r = run(right)
    assert isinstance(r, float) and r == 2.0
    assert repr(r) == str(r) == "2.0" and float(repr(r)) == 2.0
    assert json.dumps(r) == "2.0"


def test_ipython_shows_the_number_as_text_and_the_message_as_html():
    data, _ = DisplayFormatter().format(run(lambda x, y, dout: (x, y)))
    assert float(data["text/plain"]) == 0.0
    assert "not right yet" in data["text/html"]
    assert data[MIME]["status"] == "failed" and data[MIME]["ideas"] == []


def test_partial_points_are_quarters_and_full_only_when_all_is_right():
    r = run(lambda x, y, dout: (dout * y, 0.0))
    assert r == 1.0
    r = judged(lambda x, k: x * 2)  # right in one of two cases
    assert r == 2.0
    assert run(right) == 2.0


def test_numpy_scalars_float32_lists_and_zero_rank_arrays_are_numbers_too():
    for kind in (np.float32, np.float64, np.array, float):
        assert run(lambda x, y, dout: [kind(dout * y), kind(dout * x)]) == 2.0


# --- what it says ---------------------------------------------------------------------------------------------------

def test_an_unsolved_stub_is_not_done_yet():
    def stub(x, y, dout):
        raise NotImplementedError()

    r = run(stub)
    assert r == 0.0 and r.status == "unsolved" and "not done yet" in r.message


def test_an_error_that_only_descends_from_the_stubs_is_an_error():
    class StdinNotImplementedError(NotImplementedError):  # what input() raises where nobody can type
        pass

    def asks(x, y, dout):
        raise StdinNotImplementedError("input is not supported")

    assert run(asks).status == "error" and "input is not supported" in run(asks).message


def test_a_known_wrong_idea_is_named_and_the_smallest_case_is_shown():
    r = run(lambda x, y, dout: (y, x))
    assert r.ideas == ("upstream gradient left out",)
    assert "The chain rule multiplies each of them by the upstream gradient" in r.message
    assert "got      dx = -3\n  expected dx = -15" in r.message


def test_two_wrong_ideas_at_once_are_both_named():
    r = run(lambda x, y, dout: (y, dout))
    assert set(r.ideas) == {"upstream gradient left out", "treated as an addition"}


@pytest.mark.parametrize("f, words", [
    (lambda x, k: 0 * x, "zero everywhere"),
    (lambda x, k: -x * k, "wrong sign"),
    (lambda x, k: 2 * x * k, "exactly twice"),
    (lambda x, k: x * k / 2, "exactly half"),
    (lambda x, k: x * k * k, "exactly k times"),
    (lambda x, k: x * k / 7, "0.142857 times"),
    (lambda x, k: x * k + 1, "off by the same amount everywhere"),
    (lambda x, k: (x * k)[::-1, ::-1], "rotated by 180°"),
    (lambda x, k: (x * k)[::-1], "upside down"),
    (lambda x, k: (x * k)[:, ::-1], "in reverse along its last axis"),
    (lambda x, k: x * 2, "right where k is 2, and wrong where k is 3"),
    (lambda x, k: x * k * np.where(x == x.max(), np.nan, 1), "NaN"),
    (lambda x, k: (x * k)[:1], "has shape (1, 2); expected shape (2, 2)"),
    (lambda x, k: (x * k).ravel(), "only the shape is not"),
    (lambda x, k: "many", "is not a number or an array of numbers"),
    (lambda x, k: None, "is a `return` missing"),
])
def test_patterns_in_wrong_numbers_are_said(f, words):
    r = judged(f)
    assert r < 4.0
    assert words in r.message, r.message


def test_a_transpose_is_recognised():
    square = lambda: [Case("square", (np.array([[1.0, 2.0], [3.0, 5.0]]), 2.0))]  # noqa: E731
    assert "transposed" in judged(lambda x, k: (x * k).T, visible=square).message
    wide = lambda: [Case("wide", (np.array([[1.0, 2.0, 4.0], [3.0, 5.0, 6.0]]), 2.0))]  # noqa: E731
    assert "transpose" in judged(lambda x, k: (x * k).T, visible=wide).message


def test_results_in_another_order_are_recognised():
    r = run(lambda x, y, dout: (dout * x, dout * y))
    assert r.ideas == ("inputs not swapped",)  # a named idea goes before the order, which gives the same numbers here
    two = exercise(outputs=("out", "half"), answer=(out_and_half,), reference=(out_and_half,), misconceptions=())
    r = judge(two, [lambda x, k: out_and_half(x, k)[::-1]], two.visible(), 4.0)
    assert r == 0.0 and "right, but in another order. The order asked for: out, half" in r.message


def test_an_idea_that_explains_some_outputs_only_is_said_to():
    assert "dy comes out as with this idea: You handed the upstream gradient" in run(lambda x, y, dout: (dout * y, dout)).message


def test_one_result_where_several_are_asked_for_is_told_without_a_case():
    message = run(lambda x, y, dout: dout * y).message
    assert "Write: return dx, dy." in message and "cases" not in message and "smallest" not in message


def test_small_matrices_have_no_border_to_be_wrong_at():
    small = lambda: [Case("3 by 3", (np.arange(1.0, 10.0).reshape(3, 3), 2.0))]  # noqa: E731
    frame = np.array([[1, 2, 3], [4, 0, 5], [6, 7, 8]])
    assert "border" not in judged(lambda x, k: x * k + frame, visible=small).message


def test_a_wrong_border_is_recognised():
    def border(x, k):
        out = x * k
        out[..., 0] += 1
        out[..., -1] -= 2
        return out

    big = lambda: [Case("big", (np.arange(1.0, 26.0).reshape(5, 5), 2.0))]  # noqa: E731
    assert "wrong only at the border" in judged(border, visible=big).message


def test_an_error_is_one_line_with_the_learners_own_line_and_no_traceback():
    def broken(x, y, dout):
        return dout @ y, x

    r = run(broken)
    assert r == 0.0 and r.status == "error"
    assert "TypeError" in r.message and "return dout @ y, x" in r.message
    assert "Traceback" not in r.message and "engine.py" not in r.message


def test_an_error_on_some_inputs_costs_those_only_and_the_rest_is_still_explained():
    def fails_on_wide(x, k):
        if x.shape[1] > 3:
            raise IndexError("no such column")
        return x

    r = judged(fails_on_wide, visible=lambda: [*exercise().visible(), Case("one", (np.array([[1.0, 2.0]]), 1.0))])
    assert 0 < r < 4 and r.status == "failed"
    assert "Your code stopped with IndexError: no such column (at: raise IndexError" in r.message
    assert "You forgot k." in r.message


def test_one_fault_on_inputs_of_other_shapes_is_said_once():
    wide = Case("wide", (np.ones((2, 5)), 1.0))
    r = judged(lambda x, k: x @ x, visible=lambda: [*exercise().visible(), wide])
    assert r.message.count("Your code stopped with ValueError") == 1 and "cases; the smallest" in r.message


def test_a_pattern_that_several_outputs_share_is_said_once():
    r = run(lambda x, y, dout: (-dout * y, -dout * x))
    assert r.message.count("the wrong sign") == 1 and "The same holds for dy." in r.message


def test_integer_cases_are_shown_as_integers():
    e = exercise(visible=lambda: [Case("ints", (np.array([[1.0, 2.0]]), 2.0), form="integers")])
    assert "x = np.array([[1, 2]])" in judge(e, [lambda x, k: x], e.visible(), 4.0).message


def test_the_number_of_results_is_said():
    assert "should return 2 values (dx, dy); it returned 3" in run(lambda x, y, dout: (1, 2, 3)).message


def test_changing_an_argument_in_place_loses_points_and_is_said():
    def in_place(x, k):
        out = x * k
        x *= 0
        return out

    r = judged(in_place)
    assert r == 0.0 and "changes its argument x in place" in r.message


def test_read_only_arguments_show_writing_too():
    e = exercise(visible=lambda: [Case("read-only", (np.ones((2, 2)), 2.0), form="read-only")])

    def writes(x, k):
        x[0] = 1.0
        return x * k

    r = judge(e, [writes], e.visible(), 4.0)
    assert r == 0.0 and "in place" in r.message


def test_what_the_function_prints_is_shown_not_lost_and_never_for_hidden_tests():
    def chatty(x, y, dout):
        print("x is", x)
        return 0, 0

    assert "x is 2.0" in run(chatty).message
    hidden = run(chatty, hidden=[{}], seed=3)
    assert "printed" not in hidden.message


def test_hidden_tests_do_not_show_their_inputs():
    r = run(lambda x, y, dout: (y, x), hidden=[{}, {}], seed=3)
    assert r.hidden and "got      dx" not in r.message and "\n  dout = " not in r.message
    assert "upstream gradient left out" in r.ideas


def test_a_right_answer_that_warns_is_right_and_says_so(capfd):
    def warns(x, y, dout):
        np.log(np.zeros(1))
        return dout * y, dout * x

    r = run(warns)
    assert r == 2.0 and "divide by zero" in r.message
    assert capfd.readouterr().err == ""


def test_learners_text_is_escaped_in_html():
    def evil(x, y, dout):
        raise ValueError("<script>alert(1)</script>")

    page = run(evil)._repr_mimebundle_()["text/html"]
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_an_exercise_that_builds_on_another_says_which_to_mend_first():
    from course_lib.check.exercises import everything

    pairs = [e for e in everything() if e.needs]
    assert pairs
    for e in pairs:
        def stub(*args):
            raise NotImplementedError()

        wrong_first = lambda *args: (123.0, args)  # noqa: E731
        functions = [*[stub] * (len(e.names) - 1), e.answer[-1]]
        assert judge(e, functions, e.visible(), 4.0).status == "unsolved"
        functions = [*[wrong_first] * (len(e.names) - 1), e.answer[-1]]
        r = judge(e, functions, e.visible(), 4.0)
        assert r == 0.0 and "mend that first" in r.message


# --- bad calls ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("call, words", [
    (lambda: check("00.multiply_backwards", right, points=2), "Did you mean '00.multiply_backward'"),
    (lambda: check("77.x", right, points=2), "no exercise '77.x'"),
    (lambda: check("00.multiply_backward", points=2), r"takes 1 function\(s\), multiply_backward; got 0"),
    (lambda: check("00.multiply_backward", 3, points=2), "expects multiply_backward to be a function; got int"),
    (lambda: check("00.multiply_backward", right, points=-1), "points must be a positive number"),
    (lambda: check("00.multiply_backward", right, points=float("nan")), "points must be a positive number"),
    (lambda: hint("00.multiply_backward", step=4), "hints come in steps 1, 2 and 3"),
    (lambda: hint("00.nothing"), "no exercise '00.nothing'"),
])
def test_bad_calls_name_what_was_wrong(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_hints_lead_to_the_next_step_and_the_last_does_not():
    assert "step=2" in repr(hint("00.multiply_backward")) and "step=3" in hint("00.multiply_backward", 2)._repr_markdown_()
    assert "step=" not in repr(hint("00.multiply_backward", 3))


def test_an_edit_that_does_not_fit_exactly_once_is_an_error_of_the_author():
    e = exercise(misconceptions=(wrong("no such line", "You did it.", ("x ** k", "x")),))
    with pytest.raises(ValueError, match="occurs 0 times"):
        e.wrong_source(e.misconceptions[0])


# --- inputs ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("form", ["", "read-only", "integers", "non-contiguous"])
def test_every_call_gets_copies_of_its_own_in_the_form_asked_for(form):
    x = np.arange(6.0).reshape(2, 3)
    case = Case("c", (x, [x, 2.0]), {"d": {"x": x}}, form=form)
    args, kwargs = fresh(case)
    assert not np.shares_memory(args[0], x) and np.array_equal(args[0], x)
    assert args[0].flags.writeable == (form != "read-only")
    assert (args[0].dtype == np.int64) == (form == "integers")
    assert args[0].flags.c_contiguous == (form != "non-contiguous")
    assert np.array_equal(args[1][0], x) and np.array_equal(kwargs["d"]["x"], x)


def test_changed_finds_the_first_array_that_differs():
    a, b = {"x": np.zeros(2), "y": [np.ones(2)]}, {"x": np.zeros(2), "y": [np.ones(2)]}
    assert changed(a, b) is None
    b["y"][0][1] = 5
    assert changed(a, b) == "'y'[0]" or "y" in changed(a, b)


def test_whole_gives_whole_numbers_as_floats():
    w = whole(np.random.default_rng(0), 3, 4)
    assert w.dtype == np.float64 and w.shape == (3, 4) and np.array_equal(w, np.round(w))


def test_a_result_survives_pickling_as_its_number():
    import pickle

    assert pickle.loads(pickle.dumps(run(right))) == 2.0
    assert isinstance(run(right), CheckResult)


def test_right_results_beside_a_fault_are_not_called_another_order():
    """A function that only changes a read-only argument in place is told just that."""
    exercise = find("01.two_layer_loss")
    source = exercise.answer_source.replace("def two_layer_loss(X, y, W1, b1, W2, b2, reg):", "def two_layer_loss(X, y, W1, b1, W2, b2, reg):\n    W1 *= 1", 1)
    result = judge(exercise, functions_from(source, exercise.names), [*exercise.visible()], 3.0)
    assert result < 3.0 and "another order" not in result.message
