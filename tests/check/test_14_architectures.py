"""14_architectures: the lectures' numbers, the quiz's truth, and what the check says to typical wrong answers."""

import re

import numpy as np
import pytest
from solved import Solved

from course_lib.check import check, show_numbers
from course_lib.check.engine import cases_for, judge
from course_lib.check.exercises import exercises
from course_lib.conv import conv1d_forward, conv2d_forward
from course_lib.linear import affine_forward
from course_lib.losses import mean_squared_error
from course_lib.models import Convolution, Model, alexnet, residual_mlp, summary

SOLVED = Solved("14_architectures")
cell, expected, space = SOLVED.cell, SOLVED.expected, SOLVED.space
KNOWN = exercises("14")
ALEXNET = {  # what goes into each convolution, its filters, and the lecture's weights
    "conv1": (((3, 227, 227), 96, (11, 11), {"stride": 4}), 34_848),
    "conv2": (((96, 27, 27), 256, (5, 5), {"pad": 2, "groups": 2}), 307_200),
    "conv3": (((256, 13, 13), 384, (3, 3), {"pad": 1}), 884_736),
    "conv4": (((384, 13, 13), 384, (3, 3), {"pad": 1, "groups": 2}), 663_552),
    "conv5": (((384, 13, 13), 256, (3, 3), {"pad": 1, "groups": 2}), 442_368),
}


def answered(name, *args, **kwargs):
    """What an exercise's own answer gives, which shares no code with the library."""
    return KNOWN[f"14.{name}"].answer[-1](*args, **kwargs)


# --- the lectures' numbers, from what the checks compare with ----------------------------------------------------------


@pytest.mark.row("C-alexnet", "X-6")
def test_the_prediction():
    assert expected("predict_conv1") == {"size": 55, "maps": 96, "neurons": 290_400, "parameters": 34_944}
    assert 55 * 48 * 96 == 253_440  # the slide's


@pytest.mark.row("C-alexnet")
@pytest.mark.parametrize("name", ALEXNET)
def test_alexnets_convolutions(name):
    (input_shape, filters, filter_shape, options), weights = ALEXNET[name]
    row = summary(alexnet())[name]
    for counts in (answered("layer_counts", input_shape, filters, filter_shape, **options), tuple(expected("layer_counts", input_shape, filters, filter_shape, **options).values())):
        assert counts == (row.output_shape, weights + filters, row.multiply_adds)


@pytest.mark.row("C-alexnet")
def test_the_shares_of_the_convolutions():
    table = summary(alexnet())
    counts = [answered("layer_counts", *args, **options) for (*args, options), _ in ALEXNET.values()]
    work, parameters = sum(c[2] for c in counts), sum(c[1] for c in counts)
    assert (round(work / table.total.multiply_adds, 3), round(parameters / table.total.parameters, 3)) == (0.919, 0.038)
    assert table.total.parameters == 60_965_224
    assert [table[f"fc{i}"].weights for i in (1, 2, 3)] == [37_748_736, 16_777_216, 4_096_000]


@pytest.mark.row("X-6")
def test_the_slides_neurons_and_the_corrected_ones():
    printed = [253_440, 186_624, 64_896, 64_896, 43_264, 4_096, 4_096, 1_000]
    own = [int(np.prod(answered("layer_counts", *args, **options)[0])) for (*args, options), _ in ALEXNET.values()] + printed[5:]
    assert [a == b for a, b in zip(own, printed)] == [False, *[True] * 7]
    assert (sum(printed), sum(own)) == (622_312, 659_272)
    text = "".join(o.get("text", "") for c in SOLVED.book().cells for o in c.get("outputs", []))
    assert "the slide: 253,440" in text and "622,312; corrected 659,272" in text


@pytest.mark.row("C-alexnet", "B-common")
def test_receptive_fields():
    layers = [(11, 4, 1), (3, 2, 1), (5, 1, 1), (3, 2, 1), (3, 1, 1), (3, 1, 1), (3, 1, 1), (3, 2, 1)]
    table = summary(alexnet())
    names = ["conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool3"]
    for depth, name in enumerate(names, start=1):
        size, jump = answered("receptive_field", layers[:depth])
        assert (size, jump) == (table[name].receptive_field[0], table[name].jump[0])
        assert tuple(expected("receptive_field", layers[:depth]).values()) == (size, jump)
    assert [answered("receptive_field", layers[:n]) for n in (1, 2, 3, 4)] == [(11, 4), (19, 8), (51, 8), (67, 16)]
    assert answered("receptive_field", [(3, 1, 1)] * 3) == (7, 1) == answered("receptive_field", [(7, 1, 1)])
    assert answered("receptive_field", [(3, 1, 2**d) for d in range(4)]) == (31, 1)


@pytest.mark.row("C-alexnet")
def test_a_receptive_field_is_what_changes_the_output():
    layers = [(3, 2, 1), (2, 1, 1), (3, 3, 2)]
    size, jump = answered("receptive_field", layers)
    assert (size, jump) == (13, 6)
    w = [np.ones((1, 1, k)) for k, *_ in layers]
    def out(x):
        for (_, stride, dilation), filters in zip(layers, w):
            x = conv1d_forward(x, filters, stride=stride, dilation=dilation)[0]
        return x[0, 0]

    seen = [{p for p in range(60) if out(np.eye(60)[p][None, None])[i]} for i in (0, 1)]
    assert max(seen[0]) - min(seen[0]) + 1 == size and min(seen[1]) - min(seen[0]) == jump


@pytest.mark.row("B-archgrammar", "B-common")
def test_a_sentence_of_the_grammar():
    layers = answered("parse_architecture", "[(CONV-RELU)*1-POOL]*2-(FC-RELU)*1-SOFTMAX", (1, 8, 8), 8, 32, 10)
    stage = lambda c, n: [("CONV", (c, n, n)), ("RELU", (c, n, n)), ("POOL", (c, n // 2, n // 2))]
    assert layers == [*stage(8, 8), *stage(16, 4), ("FC", (32,)), ("RELU", (32,)), ("FC", (10,)), ("SOFTMAX", (10,))]
    assert KNOWN["14.parse_architecture"].reference[0]("[(CONV-RELU)*1-POOL]*2-(FC-RELU)*1-SOFTMAX", (1, 8, 8), 8, 32, 10) == layers


@pytest.mark.row("B-archgrammar")
@pytest.mark.parametrize("N, M, K, letter", [(6, 1, 0, "N"), (0, 1, 0, "N"), (1, 0, 0, "M"), (1, 1, 3, "K"), (1, 4, 0, "POOL")])
def test_what_is_outside_the_grammar(N, M, K, letter):
    text = f"[(CONV-RELU)*{N}-POOL]*{M}-(FC-RELU)*{K}-SOFTMAX"
    for parse in (KNOWN["14.parse_architecture"].answer[0], KNOWN["14.parse_architecture"].reference[0], space("parse_architecture")["parse_architecture"]):
        with pytest.raises(ValueError, match=rf"^{letter}\b"):
            parse(text, (3, 8, 12), 4, 8, 5)


@pytest.mark.row("D-stack")
def test_the_lectures_stack():
    assert answered("layer_counts", (3, 32, 32), 64, (6, 6)) == ((64, 27, 27), 64 * 109, 64 * 108 * 27 * 27)
    assert expected("layer_counts", (3, 32, 32), 64, (6, 6))["output_shape"] == (64, 27, 27)


@pytest.mark.row("C-imagenet")
def test_the_worked_error_and_the_rule_for_ties():
    case = KNOWN["14.top_k_error"].visible()[3]
    assert expected("top_k_error", *case.args, **case.kwargs)["error"] == 0.5 == answered("top_k_error", *case.args, **case.kwargs)
    alike, y = np.zeros((1000, 1000)), np.arange(1000)
    assert answered("top_k_error", alike[:50, :50], y[:50], 5) == 0.9 and expected("top_k_error", alike, y, k=5)["error"] == 0.995


@pytest.mark.row("D-vit")
def test_the_worked_tokens_and_the_convolution():
    first = KNOWN["14.patch_embedding"].visible()[0].args
    assert expected("patch_embedding", *first)["tokens"].tolist() == [[[17], [32], [37]]] == answered("patch_embedding", *first).tolist()
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(2, 3, 6, 8)), rng.normal(size=(5, 3, 2, 4)), rng.normal(size=5)
    tokens = answered("patch_embedding", x, w, b, np.zeros(5), np.zeros((7, 5)))
    assert tokens.shape == (2, 7, 5)
    np.testing.assert_allclose(tokens[:, 1:], conv2d_forward(x, w, b, stride=(2, 4))[0].reshape(2, 5, 6).swapaxes(1, 2))
    base = summary(Model([Convolution(768, 16, stride=16)], (3, 224, 224), loss=mean_squared_error)).total
    assert (base.output_shape, base.parameters) == ((768, 14, 14), 590_592)


@pytest.mark.row("D-residual")
def test_the_gradient_norms_that_the_caption_speaks_of():
    X, y = np.random.default_rng(0).uniform(size=(50, 64)), np.arange(50) % 10
    norm = {(skip, n): np.linalg.norm(residual_mlp(n, skip=skip).loss(X, y)[1]["fc1.w"]) for skip in (True, False) for n in (2, 32)}
    assert norm[False, 32] < 1e-5 * norm[False, 2] and 0.2 < norm[True, 32] / norm[True, 2] < 20


@pytest.mark.row("B-history", "X-14", "A-neocognitron")
def test_the_dates_and_the_sandwich_are_told():
    text = "\n".join(c.source for c in SOLVED.book().cells)
    years = re.search(r"events = \[(.*?)\n\]", text, re.DOTALL)[1]
    for year, who in ((1957, "Perceptron"), (1959, "Hubel"), (1960, "Adaline"), (1980, "Neocognitron"), (1986, "backprop"), (1998, "LeNet"), (2006, "Salakhutdinov"),
                      (2010, "speech"), (2012, "AlexNet")):
        assert re.search(rf"\(\s*{year},\s*\"[^\"]*{who}", years), year
    assert "ILSVRC-2012" in text and "S, C, S, C" in text


def test_a_fully_connected_layer_is_a_convolution():
    rng = np.random.default_rng(3)
    x, weights = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(60, 7))
    filters = space("fc_as_conv")["fc_as_conv"](weights, (3, 4, 5))
    np.testing.assert_allclose(conv2d_forward(x, filters)[0][:, :, 0, 0], affine_forward(x, weights, np.zeros(7))[0])


# --- the checks --------------------------------------------------------------------------------------------------------

PAIRS = [(e, m) for e in KNOWN.values() for m in e.misconceptions if not e.by_hand]


@pytest.mark.parametrize("exercise, misconception", PAIRS, ids=[f"{e.name}-{m.name.replace(' ', '-')}" for e, m in PAIRS])
def test_the_visible_check_already_finds_and_names_each_idea(exercise, misconception):
    """A learner is told in the notebook, not first by the grade."""
    verdict = judge(exercise, exercise.wrong_functions(misconception), cases_for(exercise, None, 0), 4.0)
    assert verdict < 4.0 and verdict.ideas == (misconception.name,)


def test_the_slides_slip_is_named_in_a_prediction_and_the_right_number_kept_quiet():
    verdict = check("14.predict_conv1", lambda: (55, 96, 253_440, 34_848), points=2)
    assert verdict == 1.0 and verdict.ideas == ("the slide's slip", "biases forgotten")
    assert "290" not in verdict.message and "34,944" not in verdict.message and "34944" not in verdict.message


def test_each_variant_of_the_prediction_has_its_own_numbers():
    mine, neighbours = (KNOWN["14.predict_conv1"].reference[0](**show_numbers("14.predict_conv1", v).values) for v in (3, 5))
    assert mine != neighbours
    assert check("14.predict_conv1", lambda: mine, points=2, variant=3) == 2.0 > check("14.predict_conv1", lambda: mine, points=2, variant=5)


def test_groups_forgotten_are_told_with_the_smallest_example():
    def layer_counts(input_shape, filters, filter_shape, stride=1, pad=0, groups=1):
        return KNOWN["14.layer_counts"].answer[0](input_shape, filters, filter_shape, stride, pad)

    verdict = check("14.layer_counts", layer_counts, points=1)
    assert verdict.ideas == ("groups forgotten",) and "(4, 5, 4)" in verdict.message and "groups = 2" in verdict.message


def test_a_jump_updated_too_early_is_told():
    def receptive_field(layers):
        size = jump = 1
        for kernel, stride, dilation in layers:
            jump *= stride
            size += dilation * (kernel - 1) * jump
        return size, jump

    verdict = check("14.receptive_field", receptive_field, points=1)
    assert verdict.ideas == ("a layer's own stride counted",) and "Update the jump last" in verdict.message


def test_a_sentence_that_is_refused_with_another_exception_is_told():
    def parse_architecture(text, input_shape, filters, hidden, classes):
        try:
            return KNOWN["14.parse_architecture"].answer[0](text, input_shape, filters, hidden, classes)
        except ValueError as e:
            raise AssertionError(str(e)) from None

    verdict = check("14.parse_architecture", parse_architecture, points=2)
    assert 0 < verdict < 2 and "stopped with AssertionError: N is not from 1 to 5" in verdict.message


def test_names_of_ones_own_are_told_in_words():
    verdict = check("14.parse_architecture", lambda *args: ["CONV", "RELU"], points=2)
    assert 'a list of pairs such as ("CONV", (8, 6, 6))' in verdict.message


def test_argsort_read_backward_is_told():
    def top_k_error(scores, y, k=5):
        best = np.argsort(scores, axis=1, kind="stable")[:, ::-1][:, :k]
        return np.mean([label not in row for label, row in zip(y, best)])

    verdict = check("14.top_k_error", top_k_error, points=1)
    assert verdict.ideas == ("the last of equals first",) and "kind=\"stable\"" in verdict.message


def test_patches_by_reshape_are_told():
    def patch_embedding(x, w, b, cls, pos):
        tokens = x.reshape(len(x), len(pos) - 1, -1) @ w.reshape(len(w), -1).T + b
        return np.concatenate([np.broadcast_to(cls, (len(x), 1, len(w))), tokens], axis=1) + pos

    verdict = check("14.patch_embedding", patch_embedding, points=1)
    assert verdict.ideas == ("reshaped, not cut",) and "strips, not patches" in verdict.message


# --- the quiz ----------------------------------------------------------------------------------------------------------


def test_the_quizs_truth_is_what_the_careless_check_says():
    names = space("quiz-code")
    passing = {letter: float(names["careless_check"](names[f"version_{letter}"])) for letter in "ABC"}
    assert passing == expected("which_pass") == {"A": 1.0, "B": 0.0, "C": 1.0}
    assert names["careless_check"](names["right_version"])
    rng = np.random.default_rng(2)
    x, w1, w2, dout = (rng.normal(size=shape) for shape in ((4, 3), (3, 5), (5, 3), (4, 3)))
    expected_dx = names["numerical_gradient"](lambda x: names["block_forward"](x, w1, w2), x, dout)
    np.testing.assert_allclose(names["right_version"](dout, x, w1, w2), expected_dx, atol=1e-6)
    for letter in "ABC":  # and each really is wrong
        assert not np.allclose(names[f"version_{letter}"](dout, x, w1, w2), expected_dx, atol=1e-3)


@pytest.mark.parametrize("answer, says", [({"C"}, "A is caught"), ({"A"}, "C is caught"), ("ABC", "B passes"), (set(), "all three are caught"), ({"B"}, "B passes")])
def test_each_wrong_letter_is_explained_and_guessing_earns_nothing(answer, says):
    verdict = check("14.which_pass", lambda: answer, points=2)
    assert verdict == 0.0 and says in verdict.message
