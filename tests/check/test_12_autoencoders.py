"""12_autoencoders: the worked numbers, what the notebook measures, the quiz's truth, and what the check says to typical wrong answers."""

import re

import numpy as np
import pytest
from solved import Solved

from course_lib import classic, pool, train
from course_lib.check import check, show_numbers
from course_lib.check.engine import cases_for, judge
from course_lib.check.exercises import exercises
from course_lib.conv import conv2d_backward, conv2d_forward, conv_transpose2d_forward
from course_lib.data import digits
from course_lib.gradcheck import numerical_gradient
from course_lib.models import autoencoder, conv_autoencoder, summary

SOLVED = Solved("12_autoencoders")
cell, expected = SOLVED.cell, SOLVED.expected
KNOWN = exercises("12")


def answer(*names):
    """The last of the solved notebook's functions of these names; the earlier ones are those it calls."""
    space = {"np": np}
    for name in names:
        exec(cell(name), space)
    return space[names[-1]]


def printed():
    """All lines that the stored notebook printed."""
    outputs = [o for c in SOLVED.book().cells for o in c.get("outputs", [])]
    return "".join(o.text for o in outputs if o.output_type == "stream")


def told(start):
    """The numbers in the printed line that starts so, per cent or not."""
    (line,) = [text for text in printed().splitlines() if text.strip().startswith(start)]
    return [float(n) for n in re.findall(r"\d+(?:\.\d+)?", line.strip()[len(start):])]


# --- the worked numbers, from what the checks compare with -------------------------------------------------------------


@pytest.mark.row("C-autoenc")
def test_the_worked_components():
    X, k = KNOWN["12.pca"].visible()[0].args
    got = expected("pca", X, k)
    np.testing.assert_allclose(got["components"], [[0.6, 0.8]])
    np.testing.assert_allclose(got["codes"], [[-5], [5], [0], [0]], atol=1e-12)
    assert np.mean((got["X_hat"] - X) ** 2) == pytest.approx(1.5625)


@pytest.mark.row("C-autoenc")
def test_either_sign_of_a_component_is_right_and_the_codes_go_with_it():
    def turned(X, k):
        mean, components, codes, X_hat = answer("pca")(X, k)
        signs = np.where(np.arange(k) % 2, 1, -1)
        return mean, components * signs[:, None], codes * signs, X_hat

    def torn(X, k):
        mean, components, codes, X_hat = answer("pca")(X, k)
        return mean, -components, codes, X_hat

    assert check("12.pca", turned, points=2) == 2.0
    assert check("12.pca", torn, points=2) < 2.0


@pytest.mark.row("C-autoenc")
def test_the_worked_pass_and_its_gradients():
    X, params = KNOWN["12.forward"].visible()[0].args
    got = expected("forward", X, params)
    assert [got[o].tolist() for o in ("h1", "code", "h2", "X_hat")] == [[[1, 0]], [[-1]], [[2, 0]], [[3, -1]]]
    grads = expected("autoencoder_gradients", X, params)
    assert grads["loss"] == 2.5 and grads["biases"].tolist() == [12, 0, -6, 3, 0, 1, -2] and grads["dW1"].tolist() == [[24, 0], [12, 0]]


@pytest.mark.row("C-autoenc")
def test_the_gradients_are_the_measured_ones():
    rng = np.random.default_rng(3)
    X, sizes = rng.normal(size=(5, 4)), (4, 6, 2, 3, 4)
    params = {f"W{n}": rng.normal(size=pair) for n, pair in enumerate(zip(sizes, sizes[1:]), 1)} | {f"b{n}": rng.normal(size=size) for n, size in enumerate(sizes[1:], 1)}
    loss, grads = answer("forward", "autoencoder_gradients")(X, params)
    assert loss == pytest.approx(expected("autoencoder_gradients", X, params)["loss"])
    for name in params:
        measured = numerical_gradient(lambda v, name=name: expected("autoencoder_gradients", X, params | {name: v})["loss"], params[name])
        np.testing.assert_allclose(grads[name], measured, atol=1e-7)


@pytest.mark.row("C-autoenc")
def test_the_deep_code_beats_pca_of_its_length_as_the_notebook_says():
    for k in (8, 2):
        deep, pca = told(f"{k} numbers, deep: error"), told(f"{k} numbers, PCA : error")
        assert deep[2] < pca[1]  # the worst deep net is better than PCA on its best split
    assert told("8 numbers, deep: error")[0] < 0.7 * told("8 numbers, PCA : error")[0]
    assert told("yours: error")[0] < 0.7 * told("yours: error")[-1]
    assert sum(v.size for v in autoencoder([64, 128, 8]).params.values()) == 18_760


@pytest.mark.row("C-autoenc")
def test_without_relu_no_net_of_code_length_k_beats_pca_on_its_training_data():
    """What the first written question asks about: the error of the best map of that rank, whatever the width."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(40, 6)) @ rng.normal(size=(6, 6))
    best = np.mean((expected("pca", X, 2)["X_hat"] - X) ** 2)
    for _ in range(20):
        M, c = rng.normal(size=(6, 2)) @ rng.normal(size=(2, 6)), rng.normal(size=6)
        assert np.mean((X @ M + c - X) ** 2) > best


@pytest.mark.row("C-convautoenc", "C-deconv")
def test_the_predicted_sizes():
    assert list(expected("predict_sizes").values()) == [196, 292, 14, 520]
    rows = {row.layer: row for row in summary(conv_autoencoder((1, 28, 28), filters=(8, 4), decoder="transpose")).rows}
    assert rows["pool1"].output_shape == (8, 14, 14) and rows["pool2"].output_shape == (4, 7, 7)
    assert rows["deconv1"].output_shape == (8, 14, 14) and rows["deconv2"].output_shape == (1, 28, 28)


@pytest.mark.row("C-deconv", "C-convautoenc")
def test_going_up_is_the_gradient_of_going_down():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(1, 1, 8, 8)), rng.normal(size=(3, 1, 4, 4))
    out, cache = conv2d_forward(x, w, stride=2, pad=1)
    np.testing.assert_allclose(conv_transpose2d_forward(out, w, stride=2, pad=1)[0], conv2d_backward(out, cache)[0])


@pytest.mark.row("C-unpool2", "C-convautoenc")
def test_the_worked_blocks_and_the_product_rule_of_transposes():
    assert expected("upsample_backward", np.array([[[[1.0, 2, 3, 4], [5, 6, 7, 8]]]]), (2, 2))["dx"].tolist() == [[[[14, 22]]]]
    rng = np.random.default_rng(1)
    x, dout = rng.normal(size=(2, 3, 2, 4)), rng.normal(size=(2, 3, 6, 8))
    up, _ = pool.upsample_nearest2d_forward(x, (3, 2))
    assert np.sum(up * dout) == pytest.approx(np.sum(x * answer("upsample_backward")(dout, (3, 2))))


@pytest.mark.row("C-convautoenc")
def test_what_the_notebook_says_of_three_decoders():
    ways = {name: told(f"{name:9}: error") for name in ("unpool", "upsample", "transpose")}
    assert max(ways["unpool"]) < min(ways["upsample"] + ways["transpose"])
    assert told("PCA with 32 numbers:")[0] < min(ways["unpool"]) / 2
    nets = {name: conv_autoencoder((1, 8, 8), filters=(16, 8), decoder=name) for name in ways}
    assert {name: sum(v.size for v in net.params.values()) for name, net in nets.items()} == {"unpool": 2633, "upsample": 2633, "transpose": 3641}
    assert nets["unpool"].codes(np.zeros((1, 1, 8, 8))).size == 32


@pytest.mark.row("C-convautoenc", "C-unpool2")
def test_the_remembered_places_carry_the_shape_around_the_code():
    """What the second written question asks about, and the numbers in its model answer: the first net of the notebook's cell."""
    data = digits(val=0)
    X = data["X_test"]
    net = conv_autoencoder((1, 8, 8), filters=(16, 8), decoder="unpool", seed=1)
    train.fit(net, {"X_train": data["X_train"]}, optimizer="adam", lr=0.005, epochs=6, batch_size=48, progress=False)

    def conv(a, n):
        return conv2d_forward(a, net.params[f"conv{n}.w"], net.params[f"conv{n}.b"], pad=1)[0]

    def encode(X):
        first, places = pool.max_pool2d_forward(np.maximum(conv(X, 1), 0))
        code, deeper = pool.max_pool2d_forward(np.maximum(conv(first, 2), 0))
        return code, places, deeper

    def error(code, order=slice(None)):
        """With the places of the digits in this order."""
        _, places, deeper = encode(X[order])
        out = conv(pool.max_unpool2d(np.maximum(conv(pool.max_unpool2d(code, deeper), 3), 0), places), 4)
        return np.mean((out - X) ** 2)

    code, *_ = encode(X)

    np.testing.assert_allclose(code, net.codes(X))
    assert error(code) == pytest.approx(net.validation_loss(X))
    mean_code = np.repeat(code.mean(axis=0, keepdims=True), len(X), axis=0)
    assert error(mean_code) == pytest.approx(0.022, abs=0.002)
    assert error(code, np.random.default_rng(0).permutation(len(X))) == pytest.approx(0.100, abs=0.005)
    assert np.mean((data["X_train"].mean(axis=0) - X) ** 2) == pytest.approx(0.074, abs=0.001)
    assert error(mean_code) < min(told("upsample : error") + told("transpose: error"))


@pytest.mark.row("C-retrieval")
def test_the_worked_search():
    case = KNOWN["12.precision_at_k"].visible()[0]
    assert expected("precision_at_k", *case.args)["shares"].tolist() == [0.5, 0.5, 0.5, 0.5, 0]


@pytest.mark.row("C-retrieval")
def test_the_mean_of_the_shares_is_the_librarys_precision():
    found = np.random.default_rng(2)
    codes, y = found.normal(size=(40, 5)), found.integers(0, 4, 40)
    for k in (1, 3, 10):
        assert np.mean(answer("precision_at_k")(codes, y, k)) == pytest.approx(train.precision_at_k(codes, y, k))


@pytest.mark.row("C-retrieval")
def test_what_the_notebook_says_of_searching():
    pixels, sixteen, eight, deep = (told(name) for name in ("64 pixels", "PCA, 16 numbers", "PCA, 8 numbers", "deep, 8 numbers"))
    assert abs(pixels[0] - sixteen[0]) <= 2 < pixels[2] - pixels[1]  # a tie within the spread
    assert max(eight[0], deep[0]) < pixels[0] and deep[1] < eight[2] and eight[1] < deep[2]  # a little below, deep or not
    assert told("deep, 2 numbers")[1] > told("PCA, 2 numbers")[2]
    assert told("unpool, 32")[0] <= min(told("upsample, 32")[0], told("transpose, 32")[0])
    assert told("304 weighted words")[1] > max(told("304 counts of words")[2], told("deep code of 8")[2])
    assert told("deep code of 8")[0] > told("PCA code of 8")[2]


# --- the checks --------------------------------------------------------------------------------------------------------

PAIRS = [(e, m) for e in KNOWN.values() for m in e.misconceptions if not e.by_hand]


@pytest.mark.parametrize("exercise, misconception", PAIRS, ids=[f"{e.name}-{m.name.replace(' ', '-')}" for e, m in PAIRS])
def test_the_visible_check_already_finds_and_names_each_idea(exercise, misconception):
    """A learner is told in the notebook, not first by the grade."""
    verdict = judge(exercise, exercise.wrong_functions(misconception), cases_for(exercise, None, 0), 4.0)
    assert verdict < 4.0 and verdict.ideas == (misconception.name,)


def test_two_slips_in_a_prediction_are_named_and_the_right_numbers_kept_quiet():
    verdict = check("12.predict_sizes", lambda: (784, 292, 14, 512), points=2)
    assert 0 < verdict < 2 and verdict.ideas == ("pooled once", "biases forgotten on the way up")
    assert "196" not in verdict.message and "520" not in verdict.message


def test_each_variant_of_the_prediction_has_its_own_numbers():
    mine, neighbours = (KNOWN["12.predict_sizes"].reference[0](**show_numbers("12.predict_sizes", v).values) for v in (3, 4))
    assert mine != neighbours
    assert check("12.predict_sizes", lambda: mine, points=2, variant=3) == 2.0 > check("12.predict_sizes", lambda: mine, points=2, variant=4)


def test_uncentred_pca_is_named_with_the_smallest_example():
    def pca(X, k):
        components = np.linalg.svd(X, full_matrices=False)[2][:k]
        return X.mean(axis=0), components, X @ components.T, X @ components.T @ components

    verdict = check("12.pca", pca, points=2)
    assert verdict < 2 and verdict.ideas == ("not centred",) and "5.5" in verdict.message


def test_components_as_columns_are_told_by_their_shape():
    def pca(X, k):
        found = classic.pca(X, k)
        return found.mean, found.components.T, found.codes, found.reconstruct(found.codes)

    verdict = check("12.pca", pca, points=2)
    assert verdict < 2 and "components has shape" in verdict.message and "transpose" in verdict.message


def test_wrong_gradients_are_led_back_to_the_forward_pass_that_is_wrong():
    e, parts = KNOWN["12.autoencoder_gradients"], KNOWN["12.forward"]
    relu = next(m for m in parts.misconceptions if m.name == "ReLU on the code")
    (forward,) = parts.wrong_functions(relu)
    space = {"np": np, "forward": forward}
    exec(cell("autoencoder_gradients"), space)
    verdict = check(e.id, space["autoencoder_gradients"], points=2, parts={"12.forward": forward})
    assert verdict < 2 and "forward" in verdict.message and relu.sentence[:30] in verdict.message
    half = e.wrong_functions(next(m for m in e.misconceptions if m.name == "the 2 left out"))[0]
    verdict = check(e.id, half, points=2, parts={"12.forward": answer("forward")})
    assert verdict < 2 and verdict.ideas == ("the 2 left out",) and "in autoencoder_gradients itself" in verdict.message


def test_gradients_in_another_form_are_told():
    right = answer("forward", "autoencoder_gradients")
    assert "return loss, grads" in check("12.autoencoder_gradients", lambda X, p: right(X, p)[1], points=2).message
    assert "keys" in check("12.autoencoder_gradients", lambda X, p: (right(X, p)[0], {"W1": p["W1"]}), points=2).message


def test_a_search_that_finds_itself_is_named():
    def precision_at_k(codes, y, k):
        nearest = np.argsort(((codes[:, None] - codes) ** 2).sum(axis=2), axis=1, kind="stable")[:, :k]
        return np.mean(y[nearest] == y[:, None], axis=1)

    verdict = check("12.precision_at_k", precision_at_k, points=2)
    assert verdict < 2 and verdict.ideas == ("finds itself",)


# --- the quiz ----------------------------------------------------------------------------------------------------------


def test_the_quizs_truth_is_what_the_careless_check_says():
    names = {}
    for grade_id in ("setup", "quiz-code"):
        exec(cell(grade_id), names)
    passing = {letter: float(names["careless_check"](names[f"version_{letter}"])) for letter in "ABC"}
    assert passing == expected("which_pass") == {"A": 1.0, "B": 0.0, "C": 1.0}
    assert names["careless_check"](names["pca_like"])
    X = np.array([[1.0, 4, 0], [5, 3, 2], [2, 4, 7], [9, 1, 3], [4, 2, 5]])
    np.testing.assert_allclose(names["pca_like"](X, 2)[3], expected("pca", X, 2)["X_hat"])
    for letter in "ABC":  # and each of the others really is wrong
        assert not np.allclose(names[f"version_{letter}"](X, 2)[3], expected("pca", X, 2)["X_hat"])


@pytest.mark.parametrize("given, says", [({"C"}, "A is caught"), ({"A"}, "C is caught"), ("ABC", "B passes"), (set(), "all three are caught"), ({"B"}, "")])
def test_each_wrong_letter_is_explained_and_guessing_earns_nothing(given, says):
    verdict = check("12.which_pass", lambda: given, points=2)
    assert verdict == 0.0 and says in verdict.message
