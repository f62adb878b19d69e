"""09_seesaw: the lecture's numbers, what the notebook says about training, the quiz's truth, and what the check says to typical wrong answers."""

from functools import cache

import numpy as np
import pytest
from solved import Solved

from course_lib.check import check, show_numbers
from course_lib.check.engine import cases_for, judge
from course_lib.check.exercises import exercises
from course_lib.check.exercises.seesaw_backward import WORKED
from course_lib.gradcheck import numerical_gradient

SOLVED = Solved("09_seesaw")
cell, space = SOLVED.cell, SOLVED.space
KNOWN = exercises("09")
X, F, W1, W2 = WORKED


def expected(name, *args):
    """The outputs of an exercise's reference on these arguments."""
    e = KNOWN[f"09.{name}"]
    return e.evaluate(e.reference, args, {})


# --- the lecture's numbers, from what the checks compare with ----------------------------------------------------------


@pytest.mark.row("E-seesaw")
def test_the_lectures_pass():
    assert expected("predict_forward") == {"conv": pytest.approx([0, 0.1, 0, 0]), "pool": pytest.approx([0.1, 0.1, 0]), "into_C": pytest.approx(-0.03),
                                           "into_D": pytest.approx(0, abs=1e-12)}
    got = expected("forward", X, F, W1, W2)
    assert got["z"].tolist() == [0, 0.1, 0, 0] and got["a"].tolist() == [0.1, 0.1, 0]
    assert got["h"].round(4).tolist() == [0.4925, 0.5] and got["p"][0].round(4) == 0.5127


@pytest.mark.row("E-seesaw")
def test_the_notebooks_weights_are_those():
    names = space()
    for name, value in zip(("x", "f", "W1", "W2"), WORKED):
        np.testing.assert_array_equal(names[name], value)
    assert names["y"] == 0


@pytest.mark.row("X-8")
def test_the_printed_loss_is_to_the_base_10():
    p = expected("forward", X, F, W1, W2)["p"][0]
    assert round(-np.log10(0.51), 2) == 0.29 == round(-np.log10(p), 2)
    assert round(-np.log(0.51), 3) == 0.673 and round(-np.log(p), 4) == 0.6681


@pytest.mark.row("E-seesaw")
def test_the_lectures_upstream_gradient_of_the_convolution():
    dz = expected("pool_relu_backward", np.array([-0.0147, 0, 0.0196]), np.array([0, 0.1, 0, 0]))["dz"]
    assert dz.tolist() == [0, -0.0147, 0.0196, 0.0196]


@pytest.mark.row("E-seesaw", "X-9")
def test_the_gradients_of_the_lectures_pass_with_the_sigmoids_slope():
    got = expected("gradients", X, 0, F, W1, W2)
    assert got["da"] == pytest.approx([-0.003655, 5.48e-7, 0.004873], abs=1e-6)
    a, b, c = got["da"]
    assert got["dz"] == pytest.approx([0, a + b, c, c]) and got["df"] == pytest.approx([a + b, 0])
    dh = W2 @ (expected("forward", X, F, W1, W2)["p"] - [1, 0])
    assert (W1 @ dh) == pytest.approx([-0.0147, 0, 0.0196], abs=2e-4)  # what the slide prints


@pytest.mark.row("E-seesaw", "E-fcupdate")
@pytest.mark.parametrize("case", KNOWN["09.gradients"].visible()[1:3], ids=lambda c: c.label)
def test_the_gradients_agree_with_nudges(case):
    x, y, f, w1, w2 = case.args
    got = expected("gradients", x, y, f, w1, w2)

    def loss(f, w1, w2):
        return -np.log(expected("forward", x, f, w1, w2)["p"][y])

    np.testing.assert_allclose(got["dW1"], numerical_gradient(lambda v: loss(f, v, w2), w1), atol=1e-8)
    np.testing.assert_allclose(got["dW2"], numerical_gradient(lambda v: loss(f, w1, v), w2), atol=1e-8)


@pytest.mark.row("E-fcupdate", "E-seesaw", "X-10")
def test_the_lectures_step():
    grads = expected("gradients", X, 0, F, W1, W2)
    params = {"f": F, "W1": W1, "W2": W2}
    new = expected("update", params, {name: grads[f"d{name}"] for name in params}, 0.1, 0.1)
    change = {name: new[name] - params[name] for name in params}
    assert round(change["W2"][0, 0], 3) == 0.023 == round(-0.1 * (-0.49 * 0.49 + 0.1 * 0.1), 3)
    assert round(change["W1"][0, 0], 6) == 0.000878
    assert change["f"] == pytest.approx([-0.000635, 0.001], abs=1e-6)  # the slide prints 0.00047 and -0.001


@pytest.mark.row("E-softmaxce")
def test_the_lectures_score_gradient():
    a = np.zeros(2)  # scores are sums of h = 1/2
    W = np.log([[0.3, 0.7], [0.3, 0.7]])
    got = expected("gradients", np.zeros(4), 1, np.ones(2), np.zeros((2, 2)), W)
    assert expected("forward", np.zeros(4), np.ones(2), np.zeros((2, 2)), W)["a"].tolist() == a.tolist()
    np.testing.assert_allclose(got["dW2"], 0.5 * np.array([[0.3, -0.3], [0.3, -0.3]]))


@cache
def runs():
    """What the notebook's training cell made: {kind: (first weights, last weights, SSE, epochs of arrival)}."""
    (source,) = [c.source for c in SOLVED.book().cells if c.cell_type == "code" and "def race(" in c.source]
    names = {}
    for text in ("import numpy as np\nfrom course_lib.data import seesaw\nfrom course_lib.models import seesaw_cnn", source.split("\nlate = ")[0]):
        exec(text, names)
    return names


@pytest.mark.row("E-compare")
def test_what_the_notebook_says_about_thirty_starts():
    found = runs()["runs"]
    arrived = {kind: [e for e in run[3] if e is not None] for kind, run in found.items()}
    assert {kind: len(a) for kind, a in arrived.items()} == {"sigmoid outputs": 0, "softmax": 30, "convolutional": 17}
    assert min(arrived["softmax"]) < 324 < max(arrived["softmax"]) and min(arrived["convolutional"]) < 261 < max(arrived["convolutional"])
    assert found["sigmoid outputs"][2][-1].min() < 0.023 < found["sigmoid outputs"][2][-1].max()
    assert np.median(arrived["softmax"]) == pytest.approx(247, abs=2) and np.median(arrived["convolutional"]) == pytest.approx(280, abs=2)


@pytest.mark.row("E-compare")
def test_the_exercise_gives_the_notebooks_comparison():
    found = runs()["runs"]
    got = expected("compare_starts", found["convolutional"][2], found["softmax"][2], 0.005)
    assert got["arrived"] == 17 and got["median"] == np.median([e for e in found["convolutional"][3] if e is not None]) and round(got["share"], 2) == 0.2
    worked = expected("compare_starts", *KNOWN["09.compare_starts"].visible()[0].args)
    assert worked == {"arrived": 2, "median": 2, "share": pytest.approx(1 / 3)}


@pytest.mark.row("E-compare")
def test_filters_with_two_negative_numbers_never_move():
    start, end, sse, arrived = runs()["runs"]["convolutional"]
    dead = (start["conv1.w"] < 0).all(axis=(1, 2, 3))
    assert dead.sum() == 8 and sum(e is None for e in arrived) == 8 + 5
    np.testing.assert_array_equal(start["conv1.w"][dead], end["conv1.w"][dead])
    assert sse[-1][dead] == pytest.approx(2.0, abs=0.01)


@pytest.mark.row("E-compare")
def test_the_notebooks_race_takes_the_gradients_of_the_exercise():
    """One epoch from each start: the sum over the patterns of the gradients that the check compares with."""
    names = runs()
    names["EPOCHS"] = 0
    start, end, *_ = names["race"]("convolutional")
    names["EPOCHS"] = 1000
    from course_lib.data import seesaw

    for s in (0, 3, 4, 9):
        params = [start["conv1.w"][s].ravel(), start["fc1.w"][s], start["fc2.w"][s]]
        total = [0.0, 0.0, 0.0]
        for x, y in zip(*seesaw()):
            got = expected("gradients", x, int(y), *params)
            total = [t + got[name] for t, name in zip(total, ("df", "dW1", "dW2"))]
        for w, t, v in zip(params, total, (end["conv1.w"][s].ravel(), end["fc1.w"][s], end["fc2.w"][s])):
            np.testing.assert_allclose(v, w - 0.1 * t, atol=1e-12)


# --- the checks --------------------------------------------------------------------------------------------------------

PAIRS = [(e, m) for e in KNOWN.values() for m in e.misconceptions if not e.by_hand]


@pytest.mark.parametrize("exercise, misconception", PAIRS, ids=[f"{e.name}-{m.name.replace(' ', '-')}" for e, m in PAIRS])
def test_the_visible_check_already_finds_and_names_each_idea(exercise, misconception):
    """A learner is told in the notebook, not first by the grade."""
    verdict = judge(exercise, exercise.wrong_functions(misconception), cases_for(exercise, None, 0), 4.0)
    assert verdict < 4.0 and verdict.ideas == (misconception.name,)


def test_a_slip_in_the_prediction_is_named_and_the_right_numbers_kept_quiet():
    verdict = check("09.predict_forward", lambda: ([0.2, 0.1, 0, 0], [0.2, 0.1, 0], -0.04, 0.01), points=3)
    assert verdict < 3 and verdict.ideas == ("minus sign of the filter lost",)
    assert "-0.03" not in verdict.message


def test_each_variant_of_the_prediction_has_its_own_numbers():
    mine, neighbours = (KNOWN["09.predict_forward"].reference[0](**show_numbers("09.predict_forward", v).values) for v in (3, 4))
    assert check("09.predict_forward", lambda: mine, points=3, variant=3) == 3.0 > check("09.predict_forward", lambda: mine, points=3, variant=4)
    assert str(mine) != str(neighbours)


def frameworks(dout, z):
    r, dr = np.maximum(z, 0), np.zeros(len(z))
    for i, d in enumerate(dout):
        dr[i + (r[i + 1] > r[i])] += d
    return dr * (z > 0)


def test_the_frameworks_conventions_are_told_as_such():
    verdict = check("09.pool_relu_backward", frameworks, points=2)
    assert verdict < 2 and verdict.ideas == ("frameworks' conventions",)
    assert "ties to both" in verdict.message and "got      dz" in verdict.message


def right(name):
    return KNOWN[f"09.{name}"].answer[0]


def test_a_net_on_a_wrong_part_is_told_which():
    def forward(x, f, W1, W2):
        return right("forward")(x, f, W1, W2)

    def gradients(x, y, f, W1, W2):
        z, a, h, p = forward(x, f, W1, W2)
        ds = p - np.eye(len(p))[y]
        dt = W2 @ ds * h * (1 - h)
        dz = frameworks(W1 @ dt, z)
        return W1 @ dt, dz, np.array([dz @ x[u:u + len(z)] for u in range(len(f))]), np.outer(a, dt), np.outer(h, ds)

    verdict = check("09.gradients", gradients, points=3, parts={"09.forward": forward, "09.pool_relu_backward": frameworks})
    assert verdict < 3 and verdict.message.index("pool_relu_backward") < verdict.message.index("dz")
    assert "frameworks' conventions" in verdict.message


def test_the_slides_slip_is_told():
    def gradients(x, y, f, W1, W2):
        z, a, h, p = right("forward")(x, f, W1, W2)
        ds = p - np.eye(len(p))[y]
        dh = W2 @ ds
        da = W1 @ dh
        dz = right("pool_relu_backward")(da, z)
        return da, dz, np.array([dz @ x[u:u + len(z)] for u in range(len(f))]), np.outer(a, dh * h * (1 - h)), np.outer(h, ds)

    verdict = check("09.gradients", gradients, points=3, parts={"09.forward": right("forward"), "09.pool_relu_backward": right("pool_relu_backward")})
    assert verdict.ideas == ("slope left out towards the pooling",) and "slide's slip" in verdict.message


def test_weights_changed_in_place_are_told():
    def update(params, grads, alpha, lam):
        for name in params:
            params[name] -= alpha * (grads[name] + lam * params[name])
        return params

    verdict = check("09.update", update, points=1)
    assert verdict < 1 and ("chang" in verdict.message or "read-only" in verdict.message)


def test_a_list_of_weights_is_told_as_a_form():
    verdict = check("09.update", lambda params, grads, alpha, lam: [w - alpha * (grads[n] + lam * w) for n, w in params.items()], points=1)
    assert verdict == 0 and "should return a dict" in verdict.message


# --- the quiz ----------------------------------------------------------------------------------------------------------


def test_the_quizs_truth_is_what_the_careless_check_says():
    names = space("quiz-code")
    passing = {letter: float(names["careless_check"](names[f"version_{letter}"])) for letter in "ABC"}
    assert passing == expected("which_pass") == {"A": 1.0, "B": 1.0, "C": 0.0}
    x, f = np.array([1.0, 1, -1, 2, 1]), np.array([1.0, -1])  # z = (0, 2, -3, 1)
    for case in ((x, 0, f, W1, W2), (np.array([1.0, 1, 0, -1, 2]), 1, f, W1, W2)):
        got = names["filter_gradient"](*case)
        np.testing.assert_allclose(got, expected("gradients", *case)["df"], atol=1e-12)
    for letter in "ABC":  # and each really is wrong
        cases = [(np.array(x, float), 0, np.array(f, float), W1, W2) for x, f in (([2, 2, 2, 1, 1], [1, -1]), ([-1, 2, -2, 1, -3], [1, 1]))]
        assert not all(np.allclose(names[f"version_{letter}"](*c), names["filter_gradient"](*c), atol=1e-12) for c in cases)


@pytest.mark.parametrize("answer, says", [({"A"}, "B passes"), ({"B"}, "A passes"), ("ABC", "C is caught"), (set(), "two pass"),
                                          ({"A", "C"}, "so does B"), ({"B", "C"}, "so does A")])
def test_each_wrong_letter_is_explained_and_guessing_earns_nothing(answer, says):
    verdict = check("09.which_pass", lambda: answer, points=2)
    assert verdict == 0.0 and says in verdict.message
