"""07_conv_backward: the hand numbers of its rows, the truth of its quiz, and what typical wrong answers are told."""

from pathlib import Path

import nbformat
import numpy as np
import pytest

from course_lib.check.engine import cases_for, check, judge
from course_lib.check.exercises import exercises, find
from course_lib.conv import conv2d_forward
from course_lib.gradcheck import numerical_gradient

NOTEBOOK = Path(__file__).resolve().parents[2] / "solutions" / "07_conv_backward" / "07_conv_backward.ipynb"
EXERCISES = exercises("07")

X = np.arange(1.0, 26.0).reshape(5, 5)
W = np.array([[1.0, 2, -1], [0, -1, 3], [2, 0, 1]])
DZ = np.array([[2.0, -1], [1, 3]])


def reference(name):
    return EXERCISES[f"07.{name}"].reference[-1]


# --- the lectures' numbers ---------------------------------------------------------------------------------------------

@pytest.mark.row("C-stride2")
def test_the_nine_equations():
    """∂L/∂w_k of the 5×5 example, written out as on the slides."""
    a, d = np.arange(26.0), DZ.ravel()
    first = {1: (1, 3, 11, 13), 2: (2, 4, 12, 14), 3: (3, 5, 13, 15), 4: (6, 8, 16, 18), 5: (7, 9, 17, 19), 6: (8, 10, 18, 20),
             7: (11, 13, 21, 23), 8: (12, 14, 22, 24), 9: (13, 15, 23, 25)}
    dw = [a[list(first[k])] @ d for k in range(1, 10)]
    assert dw[0] == 49.0 and dw[8] == 109.0
    np.testing.assert_allclose(reference("filter_gradient")(X, DZ, (3, 3), 2).ravel(), dw)


@pytest.mark.row("C-stride2")
def test_the_filter_gradient_is_the_sum_of_patches():
    patches = X[:3, :3], X[:3, 2:], X[2:, :3], X[2:, 2:]
    np.testing.assert_allclose(reference("filter_gradient")(X, DZ, (3, 3), 2), sum(d * p for d, p in zip(DZ.ravel(), patches)))


@pytest.mark.row("X-5")
def test_z4_ends_with_a25():
    """The derivative of z4 by w9 is the pixel that w9 met."""
    last = np.zeros((2, 2))
    last[1, 1] = 1.0
    assert reference("filter_gradient")(X, last, (3, 3), 2)[2, 2] == 25.0
    assert conv2d_forward(X[None, None], W[None, None], np.zeros(1), stride=2)[0][0, 0, 1, 1] == np.sum(W * X[2:, 2:]) == 138.0


@pytest.mark.row("C-rotated")
def test_scatter_and_gather_agree_and_the_centre_is_2():
    from scipy.signal import convolve2d, correlate2d

    stuffed = np.zeros((3, 3))
    stuffed[::2, ::2] = DZ
    dx = reference("input_gradient")(DZ, W, (5, 5), 2)
    np.testing.assert_allclose(dx, correlate2d(stuffed, W[::-1, ::-1], mode="full"), atol=1e-12)
    np.testing.assert_allclose(dx, convolve2d(stuffed, W, mode="full"), atol=1e-12)
    assert dx[2, 2] == 2.0 and dx[0, 2] == -3.0


@pytest.mark.row("C-rotated")
def test_rows_and_columns_that_no_window_reached_get_zero():
    dx = reference("input_gradient")(DZ, W[:2, :2], (5, 5), 2)
    assert not dx[4:].any() and not dx[:, 4:].any()
    assert dx[:4, :4].any()


@pytest.mark.row("A-convback")
def test_lecture_a_layer_worked_numbers_and_gradient_check():
    from scipy.signal import convolve2d

    z = np.array([[0, np.log(3)], [-np.log(3), 0]])
    g, dh = np.array([[1.0, 2]]), np.array([[1.0, -1, 2], [0, 3, 1]])
    dz, dg = reference("conv_sigmoid_backward")(z, g, dh)
    assert dz[0, 0] == pytest.approx(-0.25) and dg[0, 0] == pytest.approx(1.25)
    forward = lambda z, g: convolve2d(1 / (1 + np.exp(-z)), g, mode="full")  # noqa: E731
    np.testing.assert_allclose(dz, numerical_gradient(lambda v: forward(v, g), z, dh), atol=1e-8)
    np.testing.assert_allclose(dg, numerical_gradient(lambda v: forward(z, v), g, dh), atol=1e-8)


@pytest.mark.row("A-multichannel")
def test_many_maps_worked_numbers_and_gradient_check():
    dout, x, w = EXERCISES["07.conv2d_backward"].visible()[0].args
    dx, dw, db = reference("conv2d_backward")(dout, x, w)
    assert dx[0, 1, 0, 1] == 3.0 and dw[1, 0, 0, 1] == 4.0 and db.tolist() == [0.0, 5.0]
    case = EXERCISES["07.conv2d_backward"].draw(np.random.default_rng(5), N=2, C=2, K=3, stride=2, pad=1)
    dout, x, w = case.args
    b = np.zeros(len(w))
    got = reference("conv2d_backward")(dout, x, w, **case.kwargs)
    want = (numerical_gradient(lambda v: conv2d_forward(v, w, b, **case.kwargs)[0], x, dout),
            numerical_gradient(lambda v: conv2d_forward(x, v, b, **case.kwargs)[0], w, dout),
            numerical_gradient(lambda v: conv2d_forward(x, w, v, **case.kwargs)[0], b, dout))
    for g, n in zip(got, want):
        np.testing.assert_allclose(g, n, atol=1e-6)


# --- the check itself --------------------------------------------------------------------------------------------------

def graded(name):
    return check(f"07.{name}", EXERCISES[f"07.{name}"].answer[0], points=1)


PAIRS = [(e, m) for e in EXERCISES.values() for m in e.misconceptions]


@pytest.mark.parametrize("exercise, misconception", PAIRS, ids=[f"{e.name}-{m.name.replace(' ', '-')}" for e, m in PAIRS])
def test_the_visible_check_already_finds_and_names_each_idea(exercise, misconception):
    """A learner is told in the notebook, not first by the grade."""
    verdict = judge(exercise, exercise.wrong_functions(misconception), cases_for(exercise, None, 0), 4.0)
    assert verdict < 4.0 and verdict.ideas == (misconception.name,)


def test_an_unrotated_filter_is_named_with_the_smallest_failing_example():
    def input_gradient(dz, w, input_shape, stride=1):
        dx = np.zeros(input_shape)
        for i, j in np.ndindex(*dz.shape):
            dx[stride * i:stride * i + w.shape[0], stride * j:stride * j + w.shape[1]] += dz[i, j] * w[::-1, ::-1]
        return dx

    verdict = check("07.input_gradient", input_gradient, points=3)
    assert verdict.ideas == ("unrotated filter",)
    assert "without rotating it by 180°" in verdict.message
    assert "input_shape = (2, 7)" in verdict.message  # of five failing cases the one with the fewest numbers
    assert "got      dx" in verdict.message and "expected dx" in verdict.message


def test_a_stride_ignored_is_named_and_costs_only_the_strided_cases():
    def filter_gradient(x, dz, filter_shape, stride=1):
        FH, FW = filter_shape
        return np.array([[np.sum(x[u:u + dz.shape[0], v:v + dz.shape[1]] * dz) for v in range(FW)] for u in range(FH)])

    verdict = check("07.filter_gradient", filter_gradient, points=2)
    assert 0 < verdict < 2 and verdict.ideas == ("stride ignored",)
    assert "as if the stride were 1" in verdict.message and "stride = 2" in verdict.message


def test_two_slips_in_one_layer_are_both_named():
    def conv2d_backward(dout, x, w, stride=1, pad=0):
        dx, dw, db = EXERCISES["07.conv2d_backward"].answer[0](dout, x, w, stride, pad)
        return np.broadcast_to(dx.sum(axis=1, keepdims=True), dx.shape), dw, db / dout[:, 0].size

    verdict = check("07.conv2d_backward", conv2d_backward, points=3)
    assert verdict.ideas == ("input maps mixed", "bias gradient averaged")
    assert "dw" not in [line.split(" ")[0] for line in verdict.message.splitlines()]


def test_cutting_off_nothing_at_padding_zero_is_told_as_a_shape():
    """[p:-p] is empty at p = 0: no misconception of the right shape, but a message that a learner can act on."""
    def conv2d_backward(dout, x, w, stride=1, pad=0):
        dx, dw, db = EXERCISES["07.conv2d_backward"].answer[0](dout, x, w, stride, pad)
        return np.pad(dx, ((0, 0), (0, 0), (pad, pad), (pad, pad)))[:, :, pad:-pad, pad:-pad], dw, db

    verdict = check("07.conv2d_backward", conv2d_backward, points=3)
    assert 0 < verdict < 3
    assert "dx has shape (1, 2, 0, 0); expected shape (1, 2, 2, 3)." in verdict.message


@pytest.mark.parametrize("name", [e.name for e in EXERCISES.values()])
def test_the_answers_pass(name):
    assert graded(name) == 1.0


# --- the quiz ----------------------------------------------------------------------------------------------------------

def quiz():
    """The names of the locked cell that shows the three versions and the careless check."""
    cells = [c for c in nbformat.read(NOTEBOOK, 4).cells if c.metadata.get("nbgrader", {}).get("grade_id") == "careless"]
    namespace = {"np": np}
    exec(cells[0].source, namespace)
    return namespace


def test_the_quiz_answer_is_what_the_three_versions_do():
    names = quiz()
    passing = {letter for letter in "ABC" if names["careless_check"](names[f"version_{letter}"])}
    assert passing == find("07.which_pass").reference[0]()
    assert names["careless_check"](names["right_version"])


def test_the_better_check_of_the_model_answer_catches_all_three():
    names = quiz()
    inputs = DZ, W, (4, 3), 2, 2
    right = names["right_version"](*inputs)
    for letter in "ABC":
        wrong = names[f"version_{letter}"](*inputs)
        assert wrong.shape != right.shape or not np.allclose(wrong, right), letter


@pytest.mark.parametrize("answer", [{"B", "C"}, ["c", "b"], ("B", "C"), "B, C", "cb", frozenset("BC")])
def test_the_quiz_takes_letters_in_any_form(answer):
    assert check("07.which_pass", lambda: answer, points=1) == 1.0


@pytest.mark.parametrize("answer", [{"B", "D"}, "both", 2, {1, 2}, {"A": True}, [None]])
def test_the_quiz_says_what_it_wants(answer):
    verdict = check("07.which_pass", lambda: answer, points=1)
    assert verdict == 0.0 and 'as a set such as {"B"}' in verdict.message


@pytest.mark.parametrize("answer, told", [({"A"}, ("A passes", "B does not pass", "C does not pass")), ({"A", "B"}, ("A passes", "C does not pass"))])
def test_a_wrong_quiz_answer_is_told_about_each_version(answer, told):
    verdict = check("07.which_pass", lambda: answer, points=1)
    assert verdict == 0.0 and verdict.ideas == told
