"""06_convolution: the lectures' numbers, the quiz's truth, and what the check says to typical wrong answers."""

import numpy as np
import pytest
from solved import Solved

from course_lib import conv
from course_lib.check import check, show_numbers
from course_lib.check.engine import cases_for, judge
from course_lib.check.exercises import exercises
from course_lib.check.exercises.conv_filters import BLUR, IMAGE_C, IMAGE_D, KERNEL_C, KERNEL_D, ROOF, VERTICAL_EDGES
from course_lib.classic import images_seen, possible_images
from course_lib.losses import mean_squared_error
from course_lib.models import Affine, Convolution, Model, summary

SOLVED = Solved("06_convolution")
cell, expected, space = SOLVED.cell, SOLVED.expected, SOLVED.space
KNOWN = exercises("06")


# --- the lectures' numbers, from what the checks compare with ----------------------------------------------------------


@pytest.mark.row("B-example", "C-conv2d")
def test_the_prediction():
    assert expected("predict_layer") == {"size": 32, "maps": 10, "parameters": 760, "entry": 19}
    layer = summary(Model([Convolution(10, 5, pad=2)], (3, 32, 32), loss=mean_squared_error)).total
    assert (layer.output_shape, layer.parameters) == ((10, 32, 32), 760)


@pytest.mark.row("B-outsize")
@pytest.mark.parametrize("stride, size, refused", [(1, 5, 0), (2, 3, 0), (3, 0, 1)])
def test_the_lectures_sizes(stride, size, refused):
    assert expected("output_size", 7, 3, stride=stride, pad=0) == {"size": size, "refused": refused}


@pytest.mark.row("B-outsize", "B-common")
@pytest.mark.parametrize("f", [1, 3, 5, 7])
def test_padding_that_keeps_the_size(f):
    assert expected("output_size", 32, f, stride=1, pad=(f - 1) // 2)["size"] == 32


@pytest.mark.row("B-shrink", "D-stack")
def test_sizes_of_stacks():
    assert expected("output_size", 32, 5)["size"] == 28 and expected("output_size", 28, 5)["size"] == 24
    assert expected("output_size", 32, 6)["size"] == 27


@pytest.mark.row("D-conv1d")
def test_the_lectures_signal_slid_and_as_a_matrix():
    x, theta = np.array([1.0, 1, 1, 0, 0]), np.array([1.0, 0, 1])
    assert expected("slide_both_ways", x[None], theta[None])["correlation"].tolist() == [[2, 1, 1]]
    assert (expected("conv_matrix", theta, 5)["M"] @ x).tolist() == [2, 1, 1]


@pytest.mark.row("D-conv2d", "C-conv2d")
@pytest.mark.parametrize("image, kernel, want", [(IMAGE_D, KERNEL_D, [[4, 3, 4], [2, 4, 3], [2, 3, 4]]), (IMAGE_C, KERNEL_C, [[12, 12, 17], [10, 17, 19], [9, 6, 14]])])
def test_the_lectures_images(image, kernel, want):
    assert expected("slide_both_ways", image, kernel)["correlation"].tolist() == want


@pytest.mark.row("A-conv", "X-7")
def test_the_convolution_sums_to_m_minus_1_over_the_rotated_filter():
    f, g = KNOWN["06.slide_both_ways"].visible()[0].args
    got = expected("slide_both_ways", f, g)
    assert got["correlation"].tolist() == [[4, -2]] and got["convolution"].tolist() == [[6, 4]]  # the worked numbers
    M, N = g.shape
    h = [sum(f[1 - m, j - n] * g[m, n] for m in range(M) for n in range(N)) for j in (1, 2)]
    assert h == got["convolution"][0].tolist()
    np.testing.assert_allclose(expected("slide_both_ways", f, g[::-1, ::-1])["correlation"], got["convolution"])
    with pytest.raises(IndexError):  # as the slide prints it, with m up to M
        sum(f[1 - m, 1 - n] * g[m, n] for m in range(M + 1) for n in range(N + 1))


@pytest.mark.row("A-filters", "D-kernels")
def test_the_piece_of_a_photograph():
    blurred = expected("slide_both_ways", ROOF, BLUR, pad=1)
    np.testing.assert_allclose(blurred["correlation"], blurred["convolution"])  # the blur looks the same rotated
    assert blurred["correlation"][1, 1] == pytest.approx(np.sum(ROOF[:3, :3] * BLUR)) and np.sum(BLUR) == pytest.approx(0.999)
    edges = expected("slide_both_ways", ROOF, VERTICAL_EDGES)
    assert edges["correlation"].tolist() == [[338, 282]] and edges["convolution"].tolist() == [[-338, -282]]  # bright at the left


@pytest.mark.row("A-table", "X-7")
def test_the_table_of_all_images():
    assert len(str(possible_images(54))) == 131
    assert images_seen() == 10**10 * 1000 * 100 * 365 * 24 * 60 * 60 * 30
    assert round(np.log10(float(images_seen()))) == 24 == round(np.log10(float(images_seen()) * 356 / 365))


@pytest.mark.row("D-toeplitz")
def test_from_full_to_local_to_shared():
    M = expected("conv_matrix", np.array([2.0, 3, 5]), 5, pad=1)["M"]
    assert M[0].tolist() == [3, 5, 0, 0, 0] and M[1].tolist() == [2, 3, 5, 0, 0] and M[4].tolist() == [0, 0, 0, 2, 3]
    assert (M.size, np.count_nonzero(M), len(set(M[M != 0]))) == (25, 3 * 5 - 2, 3)
    assert expected("count_parameters", (1, 1, 5), (1, 1, 5), (1, 3))["shared"] == 3


@pytest.mark.row("D-counts")
def test_the_lectures_counts():
    got = expected("count_parameters", (1, 200, 200), (10, 200, 200), (10, 10))
    assert got == {"full": 16_000_000_000, "local": 40_000_000, "shared": 1000}


@pytest.mark.row("B-example", "B-fcimage", "D-counts")
@pytest.mark.parametrize("bias", [False, True])
def test_the_counts_are_those_of_the_librarys_layers(bias):
    got = expected("count_parameters", (3, 32, 32), (10, 28, 28), (5, 5), bias=bias)
    for layer, output in ((Affine(10 * 28 * 28), "full"), (Convolution(10, 5), "shared")):
        row = summary(Model([layer], (3, 32, 32), loss=mean_squared_error)).total
        assert got[output] == (row.parameters if bias else row.weights)
    units = 10 * 28 * 28
    assert got["full"] // units - bias == 3072 and got["local"] // units - bias == 75  # the dot product of one unit


@pytest.mark.row("B-volume", "B-1x1", "D-stack")
@pytest.mark.parametrize("x, w, want", [((1, 3, 32, 32), (6, 3, 5, 5), (6, 28, 28)), ((1, 64, 56, 56), (32, 64, 1, 1), (32, 56, 56)),
                                        ((1, 3, 32, 32), (64, 3, 6, 6), (64, 27, 27))])
def test_the_lectures_volumes(x, w, want):
    assert expected("conv2d_forward", np.zeros(x), np.zeros(w), np.zeros(w[0]))["out"].shape[1:] == want


@pytest.mark.row("B-1x1")
def test_a_1x1_filter_is_a_matrix_product_at_each_pixel():
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(2, 5, 3, 4)), rng.normal(size=(6, 5, 1, 1)), rng.normal(size=6)
    np.testing.assert_allclose(expected("conv2d_forward", x, w, b)["out"], np.einsum("nchw,kc->nkhw", x, w[:, :, 0, 0]) + b[:, None, None])


@pytest.mark.row("B-options", "B-volume")
def test_the_worked_layer_and_the_predicted_shape():
    out = expected("conv2d_forward", *KNOWN["06.conv2d_forward"].visible()[0].args)["out"]
    assert out[0, 0].tolist() == [[12, -1]]
    x, w = np.zeros((2, 4, 7, 9)), np.zeros((6, 2, 3, 2))
    assert expected("conv2d_forward", x, w, np.zeros(6), stride=2, pad=1, dilation=2, groups=2)["out"].shape == (2, 6, 3, 5)


@pytest.mark.row("B-brain")
def test_the_receptive_fields_that_the_notebook_prints():
    def fields(*layers):
        table = summary(Model(list(layers), (1, 33, 33), loss=mean_squared_error))
        return [row.receptive_field[0] for row in table.rows], table.total.weights

    assert fields(*[Convolution(1, 3)] * 3) == ([3, 5, 7], 27) and fields(Convolution(1, 7)) == ([7], 49)
    assert fields(Convolution(1, 3, stride=2), Convolution(1, 3), Convolution(1, 3)) == ([3, 7, 11], 27)


@pytest.mark.row("B-fast")
def test_the_stretch_exercise_is_the_layer():
    im2col = space("conv2d_im2col")["conv2d_im2col"]
    rng = np.random.default_rng(1)
    x, w, b = rng.normal(size=(3, 2, 7, 6)), rng.normal(size=(4, 2, 3, 2)), rng.normal(size=4)
    for stride, pad in ((1, 0), (2, 1), (3, 2)):
        np.testing.assert_allclose(im2col(x, w, b, stride, pad), conv.conv2d_forward(x, w, b, stride=stride, pad=pad)[0])


# --- the checks --------------------------------------------------------------------------------------------------------

PAIRS = [(e, m) for e in KNOWN.values() for m in e.misconceptions if not e.by_hand]


@pytest.mark.parametrize("exercise, misconception", PAIRS, ids=[f"{e.name}-{m.name.replace(' ', '-')}" for e, m in PAIRS])
def test_the_visible_check_already_finds_and_names_each_idea(exercise, misconception):
    """A learner is told in the notebook, not first by the grade."""
    verdict = judge(exercise, exercise.wrong_functions(misconception), cases_for(exercise, None, 0), 4.0)
    assert verdict < 4.0 and verdict.ideas == (misconception.name,)


def test_two_slips_in_a_prediction_are_both_named_and_the_right_numbers_kept_quiet():
    verdict = check("06.predict_layer", lambda: (28, 10, 750, 19), points=2)
    assert verdict == 1.0 and verdict.ideas == ("padding forgotten", "biases forgotten")
    assert "760" not in verdict.message and "32" not in verdict.message


def test_each_variant_of_the_prediction_has_its_own_numbers():
    mine, neighbours = (KNOWN["06.predict_layer"].reference[0](**show_numbers("06.predict_layer", v).values) for v in (3, 4))
    assert mine != neighbours
    assert check("06.predict_layer", lambda: mine, points=2, variant=3) == 2.0 > check("06.predict_layer", lambda: mine, points=2, variant=4)


def test_rounding_down_is_told_at_the_lectures_stride_3():
    verdict = check("06.output_size", lambda n, f, stride=1, pad=0: max(0, (n - f + 2 * pad) // stride + 1), points=1)
    assert 0 < verdict < 1
    assert "stride = 3" in verdict.message and "expected refused = 1" in verdict.message


def test_another_exception_than_asked_for_is_told():
    def output_size(n, f, stride=1, pad=0):
        assert (n - f + 2 * pad) % stride == 0 and f <= n + 2 * pad, "does not fit"
        return (n - f + 2 * pad) // stride + 1

    verdict = check("06.output_size", output_size, points=1)
    assert 0 < verdict < 1 and "stopped with AssertionError: does not fit" in verdict.message


def test_what_frameworks_call_convolution_is_told():
    def slide_both_ways(image, kernel, stride=1, pad=0):
        one = conv.correlate2d(image, kernel, stride=stride, pad=pad)
        return one, one

    verdict = check("06.slide_both_ways", slide_both_ways, points=2)
    assert verdict.ideas == ("convolution not rotated",) and 1 < verdict < 2
    assert "got      convolution = np.array([[ 4., -2.]])" in verdict.message and "expected convolution = np.array([[6., 4.]])" in verdict.message


def test_a_negative_column_is_told():
    def conv_matrix(theta, n, stride=1, pad=0):
        M = np.zeros(((n + 2 * pad - len(theta)) // stride + 1, n))
        for i in range(len(M)):
            for u, t in enumerate(theta):
                if stride * i + u - pad < n:
                    M[i, stride * i + u - pad] = t
        return M

    verdict = check("06.conv_matrix", conv_matrix, points=2)
    assert verdict.ideas == ("negative columns wrapped",) and "counts from the end" in verdict.message


def test_padding_the_matrix_as_well_is_told_as_a_shape():
    verdict = check("06.conv_matrix", lambda theta, n, stride=1, pad=0: conv.conv_matrix(theta, n + 2 * pad, stride=stride), points=2)
    assert 0 < verdict < 2 and "M has shape (3, 7); expected shape (3, 5)." in verdict.message


def test_groups_forgotten_are_told():
    def conv2d_forward(x, w, b, stride=1, pad=0, dilation=1, groups=1):
        x = np.concatenate([x[:, :w.shape[1]]] * groups, axis=1)  # every group gets the first channels
        return conv.conv2d_forward(x, w, b, stride=stride, pad=pad, dilation=dilation, groups=groups)[0]

    verdict = check("06.conv2d_forward", conv2d_forward, points=3)
    assert verdict.ideas == ("every filter reads the first group",)


def test_a_layer_without_dilation_and_groups_earns_its_part():
    def conv2d_forward(x, w, b, stride=1, pad=0, dilation=1, groups=1):
        return conv.conv2d_forward(x, w, b, stride=stride, pad=pad)[0]

    verdict = check("06.conv2d_forward", conv2d_forward, points=3)
    assert verdict == 1.25 and "out has shape" in verdict.message


# --- the quiz ----------------------------------------------------------------------------------------------------------


def test_the_quizs_truth_is_what_the_careless_check_says():
    names = space("quiz-code")
    passing = {letter: float(names["careless_check"](names[f"version_{letter}"])) for letter in "ABC"}
    assert passing == expected("which_pass") == {"A": 1.0, "B": 0.0, "C": 1.0}
    assert names["careless_check"](names["right_version"])
    rng = np.random.default_rng(2)
    x, w = rng.normal(size=(2, 7, 6)), rng.normal(size=(3, 2, 3, 2))
    right = names["right_version"](x, w, 2, 1)
    np.testing.assert_allclose(right, conv.conv2d_forward(x[None], w, stride=2, pad=1)[0][0])
    for letter in "ABC":  # and each really is wrong
        wrong = names[f"version_{letter}"](x, w, 2, 1)
        assert wrong.shape != right.shape or not np.allclose(wrong, right)


@pytest.mark.parametrize("answer, says", [({"C"}, "A is caught"), ({"A"}, "C is caught"), ("ABC", "B passes"), (set(), "all three are caught"),
                                          ({"A", "B"}, "B passes"), ({"B"}, "B passes")])
def test_each_wrong_letter_is_explained_and_guessing_earns_nothing(answer, says):
    verdict = check("06.which_pass", lambda: answer, points=2)
    assert verdict == 0.0 and says in verdict.message
