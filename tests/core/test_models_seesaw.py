"""Lecture E's worked example: one pass through the seesaw's net, by hand, with the printed weights."""

import math

import numpy as np
import pytest
from model_cases import train
from oracles import assert_agree

from course_lib.losses import mean_squared_error, softmax, softmax_cross_entropy
from course_lib.models import mlp, seesaw_cnn
from course_lib.optim import sgd, step_all

BOARDS = np.array([[1, 1, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 1, 1]])
TILT = np.array([0, 0, 1, 1])
WEIGHTS = {
    "conv1.w": [[[0.1, -0.1]]],
    "fc1.w": [[-0.1, 0.1], [-0.2, -0.1], [0.2, -0.1]],  # columns: what comes into C, into D
    "fc2.w": [[0.1, 0.2], [0.1, -0.1]],  # rows: what goes out of C, out of D
}
X, Y = BOARDS[:1], [0]


def lecture_net(**options):
    """The net with the lecture's conventions and printed weights."""
    model = seesaw_cnn(**{"ties": "all", "at_zero": 1, **options})
    model.params = WEIGHTS
    return model


def test_twelve_weights_and_no_bias():
    assert {name: w.shape for name, w in seesaw_cnn().params.items()} == {
        "conv1.w": (1, 1, 2),
        "fc1.w": (3, 2),
        "fc2.w": (2, 2),
    }


@pytest.mark.row("E-seesaw")
def test_forward_numbers():
    found = {name: out[0] for name, out in lecture_net().activations(X).items()}
    assert found["conv1"].tolist() == [[0, 0.1, 0, 0]]
    assert found["relu1"].tolist() == [[0, 0.1, 0, 0]]
    assert found["pool1"].tolist() == [[0.1, 0.1, 0]]
    assert found["fc1"] == pytest.approx([-0.03, 0], abs=1e-15)
    assert found["sigmoid1"].round(4).tolist() == [0.4925, 0.5]
    p_target = softmax(found["fc2"])[0]
    assert round(p_target, 4) == 0.5127 and round(p_target, 2) == 0.51
    h_c = 1 / (1 + math.exp(0.03))  # the same by hand
    scores = [0.1 * h_c + 0.1 * 0.5, 0.2 * h_c - 0.1 * 0.5]
    assert_agree(found["fc2"], scores)
    assert p_target == pytest.approx(1 / (1 + math.exp(scores[1] - scores[0])), rel=1e-14)


@pytest.mark.row("E-seesaw", "X-8")
def test_data_loss_is_the_natural_logarithm():
    loss, _ = lecture_net().loss(X, Y)
    assert round(loss, 4) == 0.6681
    assert round(loss / math.log(10), 2) == 0.29  # the slide's figure: to the base 10


@pytest.mark.row("E-fcupdate", "E-seesaw", "E-softmaxce")
def test_updates_of_the_fully_connected_weights():
    model = lecture_net(reg=0.1)
    _, grads = model.loss(X, Y)
    stepped, _ = step_all(sgd, model.params, grads, {}, lr=0.1)
    moved = {name: stepped[name] - model.params[name] for name in stepped}
    h_c, h_d = model.hidden(X, "sigmoid1")[0]
    p = softmax(model.scores(X)[0])
    target, other = p[0] - 1, p[1]
    assert_agree(moved["fc2.w"][0, 0], -0.1 * (target * h_c + 0.1 * 0.1))
    assert_agree(moved["fc2.w"][1, 1], -0.1 * (other * h_d + 0.1 * -0.1))
    assert round(moved["fc2.w"][0, 0], 3) == 0.023 == round(-0.1 * (-0.49 * 0.49 + 0.1 * 0.1), 3)
    into_c = target * 0.1 + other * 0.2  # both outputs send a gradient back to C
    w5 = into_c * h_c * (1 - h_c) * 0.1
    assert_agree(moved["fc1.w"][0, 0], -0.1 * (w5 + 0.1 * -0.1))
    printed = -0.1 * ((-0.49 * 0.1 + 0.49 * 0.2) * (0.49 * (1 - 0.49)) * 0.1 + 0.1 * -0.1)
    assert round(moved["fc1.w"][0, 0], 6) == 0.000878 == round(printed, 6)


@pytest.mark.row("E-seesaw", "X-9")
def test_gradients_of_the_pooling_layer():
    model = lecture_net()
    flowing = {name: d[0] for name, d in model.layer_gradients(X, Y).items()}
    h, w = model.hidden(X, "sigmoid1")[0], model.params["fc1.w"]
    assert flowing["pool1"][0, 0] == pytest.approx(-0.003655, abs=5e-7)
    assert flowing["pool1"][0, 1] == pytest.approx(5.48e-7, abs=5e-10)
    assert flowing["pool1"][0, 2] == pytest.approx(0.004873, abs=5e-7)
    # the slide leaves out a(1 - a), a quarter here; with p = .51 its formula gives its figures
    without = np.array([-0.49 * 0.1 + 0.49 * 0.2, -0.49 * 0.1 + 0.49 * -0.1]) @ w.T
    assert without.round(4) == pytest.approx([-0.0147, 0, 0.0196])
    assert_agree(flowing["sigmoid1"] * h * (1 - h) @ w.T, flowing["pool1"][0])
    assert np.max(np.abs(flowing["sigmoid1"] @ w.T - without)) < 2e-4


@pytest.mark.row("E-seesaw")
def test_what_flows_on_depends_on_the_conventions():
    a, b, c = lecture_net().layer_gradients(X, Y)["pool1"][0, 0]
    upstream = {
        (ties, at_zero): lecture_net(ties=ties, at_zero=at_zero).layer_gradients(X, Y)["conv1"][0, 0]
        for ties in ("all", "first")
        for at_zero in (0, 1)
    }
    # windows (0, .1), (.1, 0), (0, 0): the last one ties
    assert_agree(upstream["all", 1], [0, a + b, c, c])
    assert_agree(upstream["first", 1], [0, a + b, c, 0])
    assert_agree(upstream["all", 0], [0, a + b, 0, 0])
    assert_agree(upstream["first", 0], [0, a + b, 0, 0])


@pytest.mark.row("E-seesaw", "X-10")
@pytest.mark.parametrize("ties", ["all", "first"])
@pytest.mark.parametrize("at_zero", [0, 1])
def test_updates_of_the_filter(ties, at_zero):
    model = lecture_net(ties=ties, at_zero=at_zero, reg=0.1)
    _, grads = model.loss(X, Y)
    stepped, _ = step_all(sgd, model.params, grads, {}, lr=0.1)
    first, second = (stepped["conv1.w"] - model.params["conv1.w"]).ravel()
    assert second == pytest.approx(0.001, rel=1e-12)  # -α(0 + λ·(-0.1)); the slide adds λ·0.1 and prints -0.001
    assert first == pytest.approx(-0.1 * (-0.003655 + 0.1 * 0.1), abs=1e-7)
    assert -0.1 * (-0.0147 + 0.1 * 0.1) == pytest.approx(0.00047)  # the slide's, from its pooling gradients


@pytest.mark.row("E-seesaw")
def test_the_whole_loss_and_its_gradients_by_loops():
    model = seesaw_cnn(seed=4)
    f, w, v = (model.params[name] for name in ("conv1.w", "fc1.w", "fc2.w"))
    for x, y in zip(BOARDS, TILT):
        z = [sum(x[i + j] * f[0, 0, j] for j in range(2)) for i in range(4)]
        a = [max(max(z[i], 0), max(z[i + 1], 0)) for i in range(3)]
        h = [1 / (1 + math.exp(-sum(a[i] * w[i, j] for i in range(3)))) for j in range(2)]
        e = [math.exp(sum(h[j] * v[j, k] for j in range(2))) for k in range(2)]
        loss, grads = model.loss(x[None], [y])
        assert loss == pytest.approx(-math.log(e[y] / sum(e)), rel=1e-12)
        d = [e[k] / sum(e) - (k == y) for k in range(2)]
        dh = [sum(d[k] * v[j, k] for k in range(2)) * h[j] * (1 - h[j]) for j in range(2)]
        assert_agree(grads["fc2.w"], [[h[j] * d[k] for k in range(2)] for j in range(2)])
        assert np.allclose(grads["fc1.w"], [[a[i] * dh[j] for j in range(2)] for i in range(3)], rtol=1e-12, atol=1e-16)


@pytest.mark.row("E-seesaw", "E-compare")
def test_it_learns_the_four_patterns_as_the_mlps_do():
    def learned(model, target, step_size):
        train(model, BOARDS, target, sgd, 400, lr=step_size)
        return np.array_equal(model.scores(BOARDS).argmax(axis=1), TILT)

    one_hot = np.eye(2)[TILT]
    squared = {"activation": "sigmoid", "output": "sigmoid"}
    assert learned(mlp([5, 2, 2], activation="sigmoid", seed=1), TILT, 1.0)
    assert learned(mlp([5, 2, 2], **squared, loss=mean_squared_error, seed=1), one_hot, 5.0)
    # a single filter may die (all its outputs below 0): some seeds learn, and the others stay at log 2
    outcomes = [learned(seesaw_cnn(ties="all", at_zero=1, seed=seed), TILT, 1.0) for seed in range(3)]
    assert any(outcomes)


@pytest.mark.row("E-softmaxce")
def test_the_output_layers_gradient_is_p_minus_one_for_the_target():
    model = lecture_net()
    flowing, scores = model.layer_gradients(X, Y), model.scores(X)
    assert_agree(flowing["fc2"][0], softmax(scores[0]) - [1, 0])
    assert softmax_cross_entropy(scores, Y)[0] == model.loss(X, Y)[0]
