"""10_convnet: the worked numbers, what the notebook says about its nets, the quiz's truth, and what the check says to typical wrong answers."""

import numpy as np
import pytest
from solved import Solved

from course_lib.check import check, show_numbers
from course_lib.check.engine import cases_for, judge
from course_lib.check.exercises import exercises
from course_lib.check.exercises.convnet_layers import SmallNet, squared
from course_lib.check.exercises.convnet_net import NAMES, hand_net, tied
from course_lib.conv import conv2d_forward, conv2d_forward_loops
from course_lib.gradcheck import numerical_gradient
from course_lib.models import lenet, summary

SOLVED = Solved("10_convnet")
book, cell, expected, space = SOLVED.book, SOLVED.cell, SOLVED.expected, SOLVED.space
KNOWN = exercises("10")


def right(name):
    return KNOWN[f"10.{name}"].answer[0]


def printed(beginning):
    """What the stored run of the demonstration cell prints that has this text in its source."""
    (found,) = [c for c in book().cells if c.cell_type == "code" and beginning in c.source and not c.metadata.get("nbgrader")]
    return "".join(o.text for o in found.outputs if o.output_type == "stream")


# --- the worked numbers ------------------------------------------------------------------------------------------------


@pytest.mark.row("D-lenet")
def test_the_prediction_is_the_lectures_net():
    assert expected("predict_lenet") == {"sizes": [30, 15, 13, 6], "inputs": 576, "conv2": 880, "fc1": 69240}
    table = summary(lenet())
    assert [table[name].output_shape[1] for name in ("conv1", "pool1", "conv2", "pool2")] == [30, 15, 13, 6]
    assert (table["conv2"].parameters, table["fc1"].parameters) == (880, 69240)
    assert [table[name].output_shape for name in ("fc1", "fc2", "fc3")] == [(120,), (84,), (10,)]


@pytest.mark.row("B-fast")
def test_the_worked_columns_and_every_case_by_loops():
    worked, *others = KNOWN["10.conv_by_columns"].visible()
    got = expected("conv_by_columns", *worked.args)
    assert got["columns"].T.tolist() == [[1, 2, 4, 5], [2, 3, 5, 6], [4, 5, 7, 8], [5, 6, 8, 9]]
    assert got["out"].ravel().tolist() == [16, 18, 22, 24]
    for case in (worked, *others):
        x, w, b = case.args
        columns, out = right("conv_by_columns")(x, w, b, **case.kwargs)
        np.testing.assert_allclose(out, conv2d_forward_loops(x, w, b, **case.kwargs)[0])
        assert columns.shape == (w[0].size, len(x) * out[0, 0].size)


@pytest.mark.row("B-fast")
def test_the_notebook_measures_the_speed_of_columns_and_asserts_it():
    (timed,) = [c for c in book().cells if "conv2d_forward_loops" in c.source and c.cell_type == "code"]
    assert "assert slow > 5 * fast" in timed.source and "nbval-ignore-output" in timed.metadata.tags


@pytest.mark.row("A-net")
def test_the_worked_net():
    X, params = hand_net()
    names = space()
    np.testing.assert_array_equal(names["tiny_X"], X)
    for name in NAMES:
        np.testing.assert_array_equal(names["tiny"][name], params[name])
    assert not tied(X, params)
    got = expected("net_forward", X, params)
    assert got["a1"].round(4)[0, 0].tolist() == [[0.8808, 0.7311], [0.8808, 0.5]]
    assert [float(got[n].round(4).ravel()[0]) for n in ("a2", "a3")] == [0.8119, 0.8353] and got["p"].round(4).tolist() == [[0.8417, 0.1583]]
    grads = expected("net_gradients", X, np.array([1]), params)
    assert round(grads["loss"], 3) == 1.843
    assert grads["dg1"].ravel().round(4).tolist() == [0, 0, 0, 0, 0.0278, 0, 0, 0, 0]
    dz2 = 0.4632 * 0.8119 * 0.1881
    assert round(dz2, 4) == 0.0707 and round(2 * dz2 * 0.7311 * 0.2689, 4) == 0.0278


@pytest.mark.row("A-net")
@pytest.mark.parametrize("case", KNOWN["10.net_gradients"].visible()[:3], ids=lambda c: c.label)
def test_every_gradient_agrees_with_nudges(case):
    X, y, params = case.args
    got = expected("net_gradients", X, y, params)
    for name in NAMES:
        def loss(w, name=name):
            return -np.log(expected("net_forward", X, {**params, name: w})["p"][np.arange(len(y)), y]).mean()

        np.testing.assert_allclose(got[f"d{name}"], numerical_gradient(loss, params[name]), atol=1e-8)


@pytest.mark.row("A-net")
def test_a_step_of_every_weight_lowers_the_loss():
    for case in KNOWN["10.net_gradients"].visible():
        X, y, params = case.args
        got = expected("net_gradients", X, y, params)
        moved = {name: params[name] - 0.01 * got[f"d{name}"] for name in NAMES}
        assert expected("net_gradients", X, y, moved)["loss"] < got["loss"]


@pytest.mark.row("D-lenet")
def test_the_worked_epoch():
    got = expected("train_epoch", *KNOWN["10.train_epoch"].visible()[0].args)
    assert got["losses"].round(3).tolist() == [0.5, 14.045] and got["the net's weights"].round(2).tolist() == [[2.49]]
    (never,) = [m for m in KNOWN["10.train_epoch"].misconceptions if m.name == "gradients set to zero once"]
    got = KNOWN["10.train_epoch"].evaluate(KNOWN["10.train_epoch"].wrong_functions(never), KNOWN["10.train_epoch"].visible()[0].args, {})
    assert got["the net's weights"].round(2).tolist() == [[2.39]]  # the question by hand


@pytest.mark.row("D-transfer")
def test_the_worked_transfer():
    X, params = hand_net()
    got = expected("transfer", params, X, np.array([1]), 2, 1, 1.0)
    assert got["losses"].round(3).tolist() == [0.693] and got["W2"].round(3).tolist() == [[-0.418, 0.418]]


@pytest.mark.row("D-transfer")
def test_only_the_last_layer_is_new_and_frozen_layers_are_run_once():
    calls = []

    def net_forward(X, params):
        calls.append(len(X))
        return right("net_forward")(X, params)

    names = space("transfer")
    names["net_forward"] = net_forward
    for case in KNOWN["10.transfer"].visible():
        calls.clear()
        W2, losses = names["transfer"](*case.args)
        np.testing.assert_allclose(W2, expected("transfer", *case.args)["W2"])
        assert len(calls) == 1 and (np.diff(losses) < 0).all()


# --- what the notebook says --------------------------------------------------------------------------------------------


@pytest.mark.row("D-lenet")
def test_five_splits_reach_the_bar_and_their_spread_is_shown():
    text = printed("lenets = [")
    assert "mean 97.88%, standard deviation 1.19%" in text and text.count("%") >= 7
    (source,) = [c.source for c in book().cells if c.cell_type == "code" and "lenets = [" in c.source]
    assert "assert np.mean(shares) >= 0.975" in source


@pytest.mark.row("A-net")
def test_small_first_weights_leave_the_net_where_guessing_is():
    usual, quarter, *_ = printed("EPOCHS, LAYERS").splitlines()
    assert " 10.0% of the test digits" in quarter and "varies by 0.001 " in quarter
    assert float(usual.split(":")[1].split("%")[0]) > 94 and "varies by 0.02 " in usual


@pytest.mark.row("D-augment")
def test_shifts_hurt_on_bare_digits_and_help_on_shifted_ones():
    plain, augmented = ([float(part.split("%")[0]) for part in line.split("digits ")[1:]] for line in printed("train_lenet(seed, random_shift)").splitlines())
    assert augmented[0] < plain[0] - 1 and augmented[1] > plain[1] + 20


@pytest.mark.row("D-transfer")
def test_no_gain_in_images_is_claimed():
    ways = {}
    for line in printed("WAYS = ").splitlines()[1:4]:
        name = line[:16].strip()
        ways[name] = [int(part.split("%")[0]) for part in line.split("images a class ")[1:]]
    assert ways["frozen"][2] < ways["from scratch"][2] - 10
    assert all(a <= b + 1 for a, b in zip(ways["all layers move"], ways["from scratch"]))


@pytest.mark.row("D-learned")
def test_learned_filters_are_shown_beside_hand_made_ones():
    text = printed("by_hand = {")
    learned, random = (float(text.split(word)[1].split(",")[0]) for word in ("learned ", "first filters "))
    assert abs(learned - random) < 0.06  # "no more than random ones do"


# --- the checks --------------------------------------------------------------------------------------------------------

PAIRS = [(e, m) for e in KNOWN.values() for m in e.misconceptions if not e.by_hand]


@pytest.mark.parametrize("exercise, misconception", PAIRS, ids=[f"{e.name}-{m.name.replace(' ', '-')}" for e, m in PAIRS])
def test_the_visible_check_already_finds_and_names_each_idea(exercise, misconception):
    """A learner is told in the notebook, not first by the grade."""
    verdict = judge(exercise, exercise.wrong_functions(misconception), cases_for(exercise, None, 0), 4.0)
    assert verdict < 4.0 and verdict.ideas == (misconception.name,)


def test_a_slip_in_the_prediction_is_named_and_the_right_numbers_kept_quiet():
    verdict = check("10.predict_lenet", lambda: ([30, 15, 13, 7], 16 * 49, 880, 120 * (16 * 49 + 1)), points=2)
    assert verdict < 2 and verdict.ideas == ("rounded up",)
    assert "576" not in verdict.message and "69240" not in verdict.message


def test_each_variant_of_the_prediction_has_its_own_numbers():
    mine, neighbours = (KNOWN["10.predict_lenet"].reference[0](**show_numbers("10.predict_lenet", v).values) for v in (3, 4))
    assert check("10.predict_lenet", lambda: mine, points=2, variant=3) == 2.0 > check("10.predict_lenet", lambda: mine, points=2, variant=4)
    assert str(mine) != str(neighbours)


def test_a_product_reshaped_at_once_is_told_why():
    def conv_by_columns(x, w, b, stride=1, pad=0):
        columns, out = right("conv_by_columns")(x, w, b, stride, pad)
        product = w.reshape(len(w), -1) @ columns + b[:, None]
        return columns, product.reshape(out.shape)

    verdict = check("10.conv_by_columns", conv_by_columns, points=2)
    assert verdict < 2 and verdict.ideas == ("reshaped without a transpose",) and "With one image" in verdict.message


def test_windows_in_rows_are_told_by_their_shape():
    verdict = check("10.conv_by_columns", lambda *a, **k: (lambda c, o: (c.T, o))(*right("conv_by_columns")(*a, **k)), points=2)
    assert verdict < 2 and "shape" in verdict.message


def test_a_net_on_a_wrong_part_is_told_which():
    def net_forward(X, params):
        z, _ = conv2d_forward(X, params["g1"], pad=1)
        b1 = 1 / (1 + np.exp(-z))
        a1 = b1.reshape(*b1.shape[:2], b1.shape[2] // 2, 2, b1.shape[3] // 2, 2).mean(axis=(3, 5))
        return (a1, *right("net_forward")(X, params)[1:])

    def net_gradients(X, y, params):
        loss, grads = right("net_gradients")(X, y, params)
        return loss + net_forward(X, params)[0].sum(), grads

    verdict = check("10.net_gradients", net_gradients, points=3, parts={"10.net_forward": net_forward})
    assert verdict < 3 and "net_forward" in verdict.message.split("loss")[0]


def test_a_fifth_thing_and_none_are_taken_and_three_are_not():
    def without(n):
        return lambda X, params: (*right("net_forward")(X, params), "caches")[:n]

    assert check("10.net_forward", without(5), points=2) == check("10.net_forward", without(4), points=2) == 2.0
    verdict = check("10.net_forward", without(3), points=2)
    assert verdict == 0 and "return a1, a2, a3, p, caches" in verdict.message


def test_gradients_in_a_list_are_told_as_a_form():
    verdict = check("10.net_gradients", lambda X, y, params: (0.0, [1, 2, 3, 4]), points=3)
    assert verdict == 0 and "should be a dict" in verdict.message


def test_a_forgotten_zero_grad_is_named():
    def train_epoch(net, loss, X, y, order, batch_size, lr):
        losses = []
        for start in range(0, len(order), batch_size):
            rows = order[start:start + batch_size]
            value, dscores = loss(net.forward(X[rows]), y[rows])
            net.backward(dscores)
            net.step(lr)
            losses.append(value)
        return np.array(losses)

    verdict = check("10.train_epoch", train_epoch, points=2)
    assert verdict < 2 and verdict.ideas == ("gradients never set to zero",) and "zero_grad" in verdict.message


def test_weights_changed_in_place_by_transfer_are_told():
    def transfer(params, X, y, classes, steps, lr):
        W2, losses = right("transfer")(params, X, y, classes, steps, lr)
        params["W2"] = W2
        return W2, losses

    verdict = check("10.transfer", transfer, points=2)
    assert verdict < 2 and "chang" in verdict.message


def test_the_small_net_says_what_is_out_of_order():
    with pytest.raises(RuntimeError, match="before any forward"):
        SmallNet([[1.0]]).backward([[1.0]])
    net = SmallNet([[1.0]])
    net.forward([[1.0], [2.0]])
    with pytest.raises(ValueError, match="dscores has shape"):
        net.backward([[1.0]])
    assert squared(np.array([[1.0], [3]]), np.array([[0.0], [1]]))[0] == 1.25


# --- the quiz ----------------------------------------------------------------------------------------------------------


def test_the_quizs_truth_is_what_the_careless_check_says():
    names = space("quiz-code")
    passing = {letter: float(names["careless_check"](names[f"version_{letter}"])) for letter in "ABC"}
    assert passing == expected("which_pass") == {"A": 1.0, "B": 0.0, "C": 1.0}
    for case in KNOWN["10.net_gradients"].visible():
        loss, grads = names["right_gradients"](*case.args)
        want = expected("net_gradients", *case.args)
        assert loss == pytest.approx(want["loss"])
        for name in NAMES:
            np.testing.assert_allclose(grads[name], want[f"d{name}"], atol=1e-12)
    X, y, params = KNOWN["10.net_gradients"].visible()[1].args  # and each really is wrong
    for letter in "ABC":
        _, grads = names[f"version_{letter}"](X, y, params)
        assert not all(np.allclose(grads[name], expected("net_gradients", X, y, params)[f"d{name}"]) for name in NAMES)


@pytest.mark.parametrize("answer, says", [({"A"}, "C passes"), ({"C"}, "A passes"), ("ABC", "B is caught"), (set(), "two pass"),
                                          ({"A", "B"}, "so does C"), ({"B", "C"}, "so does A")])
def test_each_wrong_letter_is_explained_and_guessing_earns_nothing(answer, says):
    verdict = check("10.which_pass", lambda: answer, points=2)
    assert verdict == 0.0 and says in verdict.message
