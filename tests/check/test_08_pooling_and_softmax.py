"""08_pooling_and_softmax: the lectures' numbers, the quiz's truth, and what the check says to typical wrong answers."""

import numpy as np
import pytest
from solved import Solved

from course_lib import conv, losses, pool
from course_lib.check import check, show_numbers
from course_lib.check.engine import cases_for, judge
from course_lib.check.exercises import exercises
from course_lib.check.exercises.pool_layers import IMAGE_B, IMAGE_C, UPSTREAM_C
from course_lib.gradcheck import numerical_gradient
from course_lib.models import Convolution, MaxPool, Model, summary

SOLVED = Solved("08_pooling_and_softmax")
cell, expected, space = SOLVED.cell, SOLVED.expected, SOLVED.space
KNOWN = exercises("08")


def printed():
    nb = SOLVED.book()
    return "\n".join(o.text for c in nb.cells if c.cell_type == "code" for o in c.outputs if o.get("name") == "stdout")


# --- the lectures' numbers, from what the checks compare with ----------------------------------------------------------


@pytest.mark.row("B-maxpool", "A-poolback", "B-poolsize")
def test_the_prediction():
    got = expected("predict_pool")
    assert got["out"].tolist() == [[7, 8], [7, 8]] and tuple(got["shape"]) == (6, 14, 14) and got["parameters"] == 0
    want = np.zeros((4, 4))
    want[1, 2], want[1, 3] = 1.7, 0.6  # the 7 and the 8 win two windows each: 1.3 + 0.4 and 0.5 + 0.1
    np.testing.assert_allclose(got["dx"], want)


@pytest.mark.row("B-maxpool")
def test_lecture_bs_picture():
    assert expected("max_pool_forward", IMAGE_B[None, None], (2, 2), 2)["out"].tolist() == [[[[6, 8], [3, 4]]]]


@pytest.mark.row("B-poolsize", "X-13")
def test_two_hyperparameters_no_parameters_and_the_depth_kept():
    assert expected("max_pool_forward", np.zeros((1, 6, 28, 28)), (2, 2), 2)["out"].shape == (1, 6, 14, 14)
    assert len(KNOWN["08.max_pool_forward"].arguments) - 1 == 2  # besides x: the window's size, the stride
    pooled, convolved = (summary(Model([layer], (6, 28, 28), loss=losses.mean_squared_error)).total for layer in (MaxPool(2), Convolution(6, 3, pad=1)))
    assert (pooled.output_shape, pooled.parameters, convolved.parameters) == ((6, 14, 14), 0, 330)
    assert "chosen: 2 (F, S" in printed() and "chosen: 4 (K, F, S, P)" in printed()


@pytest.mark.row("C-shift")
def test_pooling_makes_shifts_matter_less():
    """The table that the notebook prints: less with every larger window, nothing with one over the whole map."""
    table = {line[:14].strip(): [int(v) for v in line[14:].replace("%", "").split()] for line in printed().splitlines() if line.rstrip().endswith("%")}
    assert list(table) == ["no pooling", "2×2", "4×4", "8×8", "the whole map"] and table["no pooling"][:2] == [0, 35]
    rows = np.array(list(table.values()))
    assert (np.diff(rows[:, 1:], axis=0) < 0).all() and (np.diff(rows[:4], axis=1) > 0).all() and not rows[4].any()


@pytest.mark.row("C-unpool", "A-poolback")
def test_lecture_cs_gradients_land_where_the_maxima_were():
    dx = expected("max_pool_backward", UPSTREAM_C[None, None], IMAGE_C[None, None], (2, 2), 2)["dx"][0, 0]
    assert {(r, c): dx[r, c] for r, c in np.argwhere(dx)} == {(0, 2): 0.5, (1, 0): 1.3, (2, 1): 0.4, (3, 2): 0.1}
    assert expected("max_pool_forward", IMAGE_C[None, None], (2, 2), 2)["out"].tolist() == [[[[0.8, 1.2], [0.9, 0.5]]]]


@pytest.mark.row("C-unpool2")
def test_the_backward_pass_is_max_unpooling_and_stamps_of_ones_repeat():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 28, 28))
    small, cache = pool.max_pool2d_forward(x)
    assert small.shape[2:] == (14, 14)
    np.testing.assert_array_equal(expected("max_pool_backward", small, x, (2, 2), 2)["dx"], pool.max_unpool2d(small, cache))
    one = small[:, :1]
    repeated = expected("conv_transpose", one, np.ones((1, 1, 2, 2)), stride=2)["out"]
    assert repeated.shape[2:] == (28, 28)
    np.testing.assert_array_equal(repeated, pool.upsample_nearest2d_forward(one)[0])


@pytest.mark.row("A-poolback", "O-avgpool")
@pytest.mark.parametrize("size, stride, pad", [((2, 2), 2, 0), ((3, 2), 1, 0), ((3, 3), 2, 1)])
def test_pooling_backward_against_numerical_gradients(size, stride, pad):
    rng = np.random.default_rng(1)
    x = rng.permutation(60).reshape(1, 2, 5, 6) * 1.0  # no ties
    out = expected("max_pool_forward", x, size, stride, pad=pad)["out"]
    dout = rng.normal(size=out.shape)
    np.testing.assert_allclose(expected("max_pool_backward", dout, x, size, stride, pad=pad)["dx"],
                               numerical_gradient(lambda v: expected("max_pool_forward", v, size, stride, pad=pad)["out"], x, dout), atol=1e-7)
    np.testing.assert_allclose(expected("avg_pool_backward", dout, x.shape, size, stride, pad=pad)["dx"],
                               numerical_gradient(lambda v: pool.avg_pool2d_forward(v, size, stride=stride, pad=pad)[0], x, dout), atol=1e-7)


@pytest.mark.row("O-avgpool")
def test_the_row_of_three_by_hand():
    assert expected("avg_pool_backward", np.array([[[[4.0, 10]]]]), (1, 1, 1, 3), (1, 2), 1)["dx"].tolist() == [[[[2, 7, 5]]]]


@pytest.mark.row("C-deconv")
def test_the_stamps_and_the_convolutions_input_gradient():
    out = expected("conv_transpose", np.array([[[[1.0, 2]]]]), np.array([[[[1.0, 10, 100]]]]), stride=2)["out"]
    assert out.tolist() == [[[[1, 10, 102, 20, 200]]]]
    rng = np.random.default_rng(2)
    x, w = rng.normal(size=(2, 2, 28, 28)), rng.normal(size=(3, 2, 4, 4))
    forward, cache = conv.conv2d_forward(x, w, stride=2, pad=1)
    dout = rng.normal(size=forward.shape)
    back = expected("conv_transpose", dout, w, stride=2, pad=1)["out"]
    assert dout.shape[2:] == (14, 14) and back.shape[2:] == (28, 28)
    np.testing.assert_allclose(back, conv.conv2d_backward(dout, cache)[0])
    assert np.sum(forward * dout) == pytest.approx(np.sum(x * back))  # the transpose of one linear map


@pytest.mark.row("E-softmaxce", "A-softmaxjac")
def test_the_worked_row_and_the_long_way():
    got = expected("softmax_cross_entropy", np.log([[3.0, 7]]), np.array([1]))
    np.testing.assert_allclose(got["dscores"], [[0.3, -0.3]])
    assert got["loss"] == pytest.approx(0.3567, abs=5e-5)
    two = expected("softmax_cross_entropy", np.array([np.log([0.3, 0.7]), [0.0, 1000]]), np.array([1, 0]))
    assert two["loss"] == pytest.approx((0.35667 + 1000) / 2, abs=1e-4) and two["dscores"][1].tolist() == [-0.5, 0.5]


@pytest.mark.row("A-ce5")
def test_five_classes_raising_the_right_score_or_lowering_another_lowers_the_loss():
    scores, y = np.array([[1.0, 2, 2.5, 0.5, -1]]), np.array([2])
    loss = lambda s: expected("softmax_cross_entropy", s, y)["loss"]  # noqa: E731
    for k in range(5):
        assert (loss(scores + np.eye(5)[k]) < loss(scores)) == (k == 2) == (loss(scores - np.eye(5)[k]) > loss(scores))


@pytest.mark.row("X-8")
def test_the_loss_that_fits_p_minus_1():
    got = expected("softmax_cross_entropy", np.array([[np.log(0.51 / 0.49), 0.0]]), np.array([0]))
    assert got["loss"] == pytest.approx(0.673, abs=5e-4) and got["dscores"][0, 0] == pytest.approx(-0.49)
    assert -np.log10(0.51) == pytest.approx(0.29, abs=5e-3)
    assert "loss 0.673, slope -0.490  = p - 1" in printed() and "loss 0.292, slope -0.213  is not p - 1" in printed()


@pytest.mark.row("A-ce5")
def test_what_the_model_answer_says_of_a_p_kept_away_from_0():
    kept = lambda s: -np.log(np.exp(s - 1000.0) + 1e-12)  # noqa: E731
    assert kept(0.0) == kept(1.0) == pytest.approx(27.63, abs=0.01)


@pytest.mark.row("B-maxpool")
def test_the_stretch_exercise_is_the_layer():
    by_places = space("max_pool_by_places")["max_pool_by_places"]
    x = np.random.default_rng(3).normal(size=(2, 3, 7, 6)) - 3
    for size, stride in (((2, 2), 2), ((3, 2), 1), ((2, 3), 3)):
        np.testing.assert_array_equal(by_places(x, size, stride), pool.max_pool2d_forward(x, size, stride=stride)[0])


# --- the checks --------------------------------------------------------------------------------------------------------

PAIRS = [(e, m) for e in KNOWN.values() for m in e.misconceptions if not e.by_hand]


@pytest.mark.parametrize("exercise, misconception", PAIRS, ids=[f"{e.name}-{m.name.replace(' ', '-')}" for e, m in PAIRS])
def test_the_visible_check_already_finds_and_names_each_idea(exercise, misconception):
    """A learner is told in the notebook, not first by the grade."""
    verdict = judge(exercise, exercise.wrong_functions(misconception), cases_for(exercise, None, 0), 4.0)
    assert verdict < 4.0 and verdict.ideas == (misconception.name,)


def test_a_lost_gradient_in_the_prediction_is_named_and_the_right_numbers_kept_quiet():
    last = [[0, 0, 0, 0], [0, 0, 0.4, 0.1], [0, 0, 0, 0], [0, 0, 0, 0]]
    verdict = check("08.predict_pool", lambda: ([[7, 8], [7, 8]], last, (6, 14, 14), 2), points=2)
    assert verdict == 1.0 and verdict.ideas == ("last gradient only", "hyperparameters counted")
    assert "1.7" not in verdict.message and "0.6" not in verdict.message


def test_each_variant_of_the_prediction_has_its_own_numbers():
    mine, neighbours = (KNOWN["08.predict_pool"].reference[0](**show_numbers("08.predict_pool", v).values) for v in (3, 4))
    assert check("08.predict_pool", lambda: mine, points=2, variant=3) == 2.0
    assert check("08.predict_pool", lambda: neighbours, points=2, variant=3) < 2.0


def test_a_mask_of_all_maxima_is_told_with_the_smallest_tie():
    def max_pool_backward(dout, x, size, stride, pad=0):
        return pool.max_pool2d_backward(dout, pool.max_pool2d_forward(x, size, stride=stride, pad=pad, ties="all")[1])

    verdict = check("08.max_pool_backward", max_pool_backward, points=2)
    assert verdict.ideas == ("to every tie",) and 0 < verdict < 2
    assert "expected dx = np.array([[[[ 5.,  0.,  0., -3.,  0.,  0.]]]])" in verdict.message


def test_fancy_indices_that_keep_the_last_gradient_are_told():
    def max_pool_backward(dout, x, size, stride, pad=0):
        (N, C, H, W), (OH, OW) = x.shape, dout.shape[2:]
        padded = np.pad(x * 1.0, [(0, 0)] * 2 + [(pad, pad)] * 2, constant_values=-np.inf)
        seen = np.lib.stride_tricks.sliding_window_view(padded, size, axis=(2, 3))[:, :, ::stride, ::stride]
        r, c = divmod(seen.reshape(N, C, OH, OW, -1).argmax(axis=-1), size[1])
        n, k, i, j = np.ogrid[:N, :C, :OH, :OW]
        dx = np.zeros(padded.shape)
        dx[n, k, stride * i + r, stride * j + c] += dout  # NumPy adds once for each place, not once for each index
        return dx[:, :, pad:pad + H, pad:pad + W]

    verdict = check("08.max_pool_backward", max_pool_backward, points=2)
    assert verdict.ideas == ("overwritten at the winner",)


def test_a_canvas_that_is_not_cut_is_told_as_a_shape():
    verdict = check("08.conv_transpose", lambda x, w, stride=1, pad=0: conv.conv_transpose2d_forward(x, w, stride=stride)[0], points=2)
    assert 0 < verdict < 2 and "out has shape (1, 1, 5, 4); expected shape (1, 1, 3, 2)." in verdict.message


def test_the_column_slip_in_the_gradient_is_told():
    def softmax_cross_entropy(scores, y):
        loss, d = losses.softmax_cross_entropy(scores, y)
        onehot = np.eye(scores.shape[1])[y]
        d = d + onehot / len(y)
        d[:, y] -= 1 / len(y)
        return loss, d

    verdict = check("08.softmax_cross_entropy", softmax_cross_entropy, points=2)
    assert verdict.ideas == ("1 from whole columns",) and "dscores[np.arange(N), y] -= 1" in verdict.message


# --- the quiz ----------------------------------------------------------------------------------------------------------


def test_the_quizs_truth_is_what_the_careless_check_says():
    names = space("quiz-code")
    passing = {letter: float(names["careless_check"](names[f"version_{letter}"])) for letter in "ABC"}
    assert passing == expected("which_pass") == {"A": 0.0, "B": 1.0, "C": 1.0}
    assert names["careless_check"](names["right_version"])
    x = np.array([[2.0, 2, -1, -3], [0, 5, 1, -2], [-4, -1, -2, -5], [-3, -6, -2, -2]])  # ties and negative corners
    dout = np.arange(1.0, 10).reshape(3, 3)
    right = names["right_version"](dout, x, 2, 2, 1)
    want = pool.max_pool2d_backward(dout[None, None], pool.max_pool2d_forward(x[None, None], 2, stride=2, pad=1)[1])[0, 0]
    np.testing.assert_allclose(right, want)
    for letter, options in (("A", (3, 1, 0)), ("B", (2, 2, 0)), ("C", (2, 2, 1))):  # and each really is wrong
        upstream = dout if letter == "C" else dout[:2, :2]
        assert not np.allclose(names[f"version_{letter}"](upstream, x, *options), names["right_version"](upstream, x, *options))


@pytest.mark.parametrize("answer, says", [({"C"}, "B passes"), ({"B"}, "C passes"), ("ABC", "A is caught"), (set(), "all three are caught"),
                                          ({"A", "B"}, "C passes and A does not"), ({"A", "C"}, "B passes and A does not")])
def test_each_wrong_letter_is_explained_and_guessing_earns_nothing(answer, says):
    verdict = check("08.which_pass", lambda: answer, points=2)
    assert verdict == 0.0 and says in verdict.message
