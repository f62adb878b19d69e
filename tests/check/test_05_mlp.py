"""05_mlp: the lectures' numbers, the quiz's truth, what the experiments show, and what the check says to typical wrong answers."""

import numpy as np
import pytest
from solved import Solved

from course_lib.check import check
from course_lib.check.exercises import exercises
from course_lib.check.exercises.mlp import LECTURE, WORKED_A, WORKED_THETAS
from course_lib.check.exercises.mlp_net import WORKED, read_loss_and_grads
from course_lib.gradcheck import numerical_gradient, relative_error

SOLVED = Solved("05_mlp")
cell, expected, space = SOLVED.cell, SOLVED.expected, SOLVED.space
KNOWN = exercises("05")
LN3 = np.log(3)


def printed(*words):
    """The stored text of the demonstration cell whose output holds these words."""
    texts = ["".join(o.text for o in c.get("outputs", []) if o.output_type == "stream") for c in SOLVED.book().cells]
    (found,) = [t for t in texts if all(w in t for w in words)]
    return found


def layers(arrays):
    return {l: np.array(a, dtype=float) for l, a in enumerate(arrays, start=1)}


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lecture_d_loss(thetas, x, y):
    """Lecture D's forward pass in columns, and the loss with its minus sign."""
    a = np.asarray(x, float)
    for l in sorted(thetas):
        a = sigmoid(thetas[l] @ np.append(1.0, a))
    return -np.sum(y * np.log(a) + (1 - y) * np.log(1 - a))


# --- the lectures' numbers, from what the checks compare with ----------------------------------------------------------


@pytest.mark.row("D-fc", "D-delta")
def test_the_numbers_worked_by_hand():
    got = expected("predict_delta", **LECTURE)
    assert (got["rows"], got["columns"]) == (2, 4)
    np.testing.assert_allclose([got["delta3_2"], got["delta2_1"], got["dtheta1_12"]], [0.3, 0.025, 0.1])
    e = KNOWN["05.delta_recursion"]
    grads = e.evaluate(e.reference, (layers(WORKED_THETAS), layers(WORKED_A.values()), np.array([1.0, 0])), {})
    np.testing.assert_allclose(grads["grads[L]"][:, 0], [-0.1, 0.3])  # column 0 is δ itself
    np.testing.assert_allclose(grads["grads[1]"][:, 0], [0.025, 0.208])
    assert grads["grads[1]"][0, 2] == pytest.approx(0.1)


@pytest.mark.row("D-delta", "X-3", "X-12")
@pytest.mark.parametrize("sizes", [(3, 2), (2, 3, 1), (2, 2, 2), (2, 3, 4, 2)])
def test_the_recursion_is_the_measured_gradient(sizes):
    rng = np.random.default_rng(len(sizes))
    thetas = {l: rng.normal(size=(after, 1 + before)) for l, (before, after) in enumerate(zip(sizes, sizes[1:]), start=1)}
    x, y = rng.normal(size=sizes[0]), np.arange(sizes[-1]) % 2
    a = {1: x}
    for l in sorted(thetas):
        a[l + 1] = sigmoid(thetas[l] @ np.append(1.0, a[l]))
    (reference,) = KNOWN["05.delta_recursion"].reference
    grads = reference(thetas, a, y)
    for l in thetas:
        measured = numerical_gradient(lambda t: lecture_d_loss({**thetas, l: t}, x, y), thetas[l])
        assert relative_error(grads[l], measured) < 1e-6


@pytest.mark.row("D-activations")
def test_the_worked_slopes():
    assert expected("activation_backward", np.array([16.0]), np.array([LN3]), "sigmoid")["dx"] == pytest.approx(3)
    assert expected("activation_backward", np.array([25.0]), np.array([np.log(2)]), "tanh")["dx"] == pytest.approx(16)
    slopes = {kind: float(expected("activation_backward", np.ones(1), np.array([-5.0]), kind, alpha=1.0)["dx"][0]) for kind in ("sigmoid", "relu", "elu")}
    assert round(slopes["sigmoid"], 4) == 0.0066 and slopes["relu"] == 0 < slopes["elu"]  # the model answer to "why"
    e = KNOWN["05.activation_backward"]
    for kind in ("sigmoid", "tanh", "relu", "leaky_relu", "elu"):
        x, dout = np.array([-2.0, -0.3, 0.4, 3.0]), np.array([1.0, -2, 3, 5])
        activate = space()["activate"]
        measured = numerical_gradient(lambda v: activate(v, kind, 0.1), x, dout)
        assert relative_error(e.reference[0](dout, x, kind), measured) < 1e-7


@pytest.mark.row("D-fc", "X-3")
def test_the_worked_losses():
    got = expected("output_loss", np.array([[LN3]]), np.array([[1]]), "binary")
    assert got["loss"] == pytest.approx(0.2877, abs=5e-5) and got["dz"] == pytest.approx(-0.25)
    got = expected("output_loss", np.array([[3.0], [1]]), np.array([[1], [2]]), "square")
    assert got["loss"] == 2.5 and got["dz"].ravel().tolist() == [2, -1]
    for kind in ("binary", "square"):
        z, y = np.array([[0.5, -1], [2, 0.3], [-1, 1]]), np.array([[1, 0], [0, 1], [1, 1]])
        got = expected("output_loss", z, y, kind)
        assert relative_error(got["dz"], numerical_gradient(lambda v: expected("output_loss", v, y, kind)["loss"], z)) < 1e-7


@pytest.mark.row("C-mlp", "C-l2", "X-4")
def test_the_worked_net():
    X, Y, W = WORKED
    got = expected("net_gradients", np.array(X), np.array(Y), layers(W), "sigmoid", 0.5)
    np.testing.assert_allclose(got["grads[L]"].ravel(), [-0.5, 1.625, -2.125])
    np.testing.assert_allclose(got["grads[1]"][0], [-0.375, 0.375])
    assert got["loss"] == pytest.approx(np.log(2) + 0.25 * (1 + 1 + 16 + 16))


@pytest.mark.row("D-algorithm", "C-mlp")
@pytest.mark.parametrize("lam", [0.0, 0.7])
def test_lecture_ds_algorithm_is_the_batchs_gradient(lam):
    """Accumulated over the items in columns, averaged, λΘ without the intercepts: the transposed gradient of the rows."""
    rng = np.random.default_rng(3)
    W = {1: rng.normal(size=(4, 2)), 2: rng.normal(size=(3, 2)), 3: rng.normal(size=(3, 1))}
    X, Y = rng.normal(size=(6, 3)), rng.integers(0, 2, size=(6, 1))
    (recursion,), (net,) = KNOWN["05.delta_recursion"].reference, KNOWN["05.net_gradients"].reference
    total = {l: np.zeros(w.T.shape) for l, w in W.items()}
    for x, y in zip(X, Y):
        a = {1: x}
        for l in W:
            a[l + 1] = sigmoid(W[l].T @ np.append(1.0, a[l]))
        for l, gradient in recursion({l: w.T for l, w in W.items()}, a, y).items():
            total[l] += gradient
    loss, grads = net(X, Y, W, "sigmoid", lam)
    for l in W:
        D = total[l] / len(X)
        D[:, 1:] += lam * W[l].T[:, 1:]
        np.testing.assert_allclose(grads[l], D.T, rtol=1e-10, atol=1e-13)
    assert loss == pytest.approx(np.mean([lecture_d_loss({l: w.T for l, w in W.items()}, x, y) for x, y in zip(X, Y)])
                                 + lam / 2 * sum(np.sum(w[1:] ** 2) for w in W.values()))


@pytest.mark.row("A-fcsummary")
def test_one_step_of_lecture_a_lowers_the_loss():
    case = KNOWN["05.net_gradients"].visible()[2]
    X, Y, W, kind, lam = case.args
    (net,) = KNOWN["05.net_gradients"].reference
    loss, grads = net(X, Y, W, kind, lam)
    after, _ = net(X, Y, {l: w - 0.05 * grads[l] for l, w in W.items()}, kind, lam)
    squares = sum(np.sum(g * g) for g in grads.values())
    assert after < loss and loss - after == pytest.approx(0.05 * squares, rel=0.3)


@pytest.mark.row("C-l2", "X-4")
def test_the_slides_penalty_has_twice_the_gradient():
    X, Y, W = np.array(WORKED[0]), np.array(WORKED[1]), layers(WORKED[2])
    (net,) = KNOWN["05.net_gradients"].reference
    plain, slide = net(X, Y, W, "sigmoid", 0.0)[0], lambda w: 0.5 * np.sum(w[1:] ** 2)
    assert net(X, Y, W, "sigmoid", 1.0)[0] == pytest.approx(plain + slide(W[1]) + slide(W[2]))
    np.testing.assert_allclose(numerical_gradient(lambda w: 2 * slide(w), W[2])[1:], 2 * W[2][1:], rtol=1e-6)
    assert "[2.] <- not 1" in printed("measured gradient of lam")


@pytest.mark.row("D-batchnorm")
def test_the_worked_batch_normalisation():
    got = expected("batchnorm_forward", np.array([[1.0], [3]]), *(np.array([v]) for v in (10.0, 5, 0, 1)), True, eps=3.0)
    np.testing.assert_allclose([got["out"].ravel(), [got["new_mean"][0], got["new_var"][0]]], [[0, 10], [0.2, 1.1]])
    got = expected("batchnorm_backward", np.array([[2.0], [6]]), np.array([[1.0], [3]]), np.array([10.0]), eps=3.0)
    np.testing.assert_allclose(got["dx"].ravel(), [-7.5, 7.5])
    assert got["dgamma"] == 2 and got["dbeta"] == 8


@pytest.mark.row("D-batchnorm")
def test_batch_normalisation_measured_and_its_columns_sum_to_zero():
    rng = np.random.default_rng(0)
    x, dout, gamma = rng.normal(size=(5, 3)), rng.normal(size=(5, 3)), np.array([1.0, -2, 0.5])
    forward = lambda v: expected("batchnorm_forward", v, gamma, np.ones(3), np.zeros(3), np.ones(3), True)["out"]  # noqa: E731
    dx = expected("batchnorm_backward", dout, x, gamma)["dx"]
    assert relative_error(dx, numerical_gradient(forward, x, dout)) < 1e-6
    np.testing.assert_allclose(dx.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(forward(x + 7), forward(x), atol=1e-12)  # the model answer to "why"
    alone = expected("batchnorm_forward", x[:1], gamma, np.ones(3), x.mean(axis=0), x.var(axis=0), False)["out"]
    assert np.abs(alone - 1).min() > 1e-3


@pytest.mark.row("D-issues", "D-augment")
def test_the_experiments_show_what_the_captions_say():
    depth = {line[:12]: [float(w.strip(",")) for w in line.split() if "e" in w and w[0].isdigit()]
             for line in printed("first layer", "tenth").strip().splitlines()}
    (low, high), (he_low, he_high), (big, bigger) = depth.values()
    assert low < 1e-6 < 0.1 < high and 0.3 < he_low < 0.7 and 0.3 < he_high < 0.7 and big > 1000 * he_low and bigger > 1000 * he_high
    steps = printed("step size   0.3").splitlines()
    assert [line.split("loss ")[1][:3] for line in steps[:3]] == ["2.3", "0.1", "2.3"]
    batches = [float(line.split("loss ")[1][:4]) for line in steps[3:6]]
    assert batches[0] < 0.1 < 0.4 < batches[1] < 0.6 < 2 < batches[2] and ["1200", " 200", "  20"] == [line[-10:-6] for line in steps[3:6]]
    few = printed("digits learned").splitlines()
    learned, new = ([int(w.strip("%")) for w in line.split() if w.endswith("%")] for line in few[1:3])
    assert learned == [100] * 4 and new[0] == 81 and new[-1] == 94 and new == sorted(new)
    knobs = [line.split(": ")[1] for line in few[3:7]]
    shares = [int(text.split("%")[0]) for text in knobs]
    assert len(shares) == 4 and max(shares) - min(shares) <= 2
    norm = printed("with batch normalisation").splitlines()
    assert "loss 2.3" in norm[0] and "loss 0.1" in norm[1]


# --- the quiz ----------------------------------------------------------------------------------------------------------


def test_the_quizs_truth_is_what_the_careless_check_says():
    names = space("quiz-code")
    passing = {letter: float(names["careless_check"](names[f"version_{letter}"])) for letter in "ABC"}
    assert passing == expected("which_pass") == {"A": 1.0, "B": 0.0, "C": 1.0}
    assert names["careless_check"](lambda dW1, dW2: (dW1, dW2))
    right = np.array([[1.0, 2], [3, 4]]), np.array([5.0, 6])
    for letter in "ABC":  # and each really is wrong
        wrong = names[f"version_{letter}"](*right)
        assert not all(np.allclose(a, b) for a, b in zip(wrong, right))


@pytest.mark.parametrize("answer, says", [({"A"}, "C passes"), ({"C"}, "A passes"), ("ABC", "B is caught"), (set(), "Not all three are caught"),
                                          ({"A", "B"}, "B is caught and C passes"), ({"B"}, "B is caught"), ({"B", "C"}, "B is caught and A passes")])
def test_each_wrong_letter_is_explained_and_guessing_earns_nothing(answer, says):
    verdict = check("05.which_pass", lambda: answer, points=2)
    assert verdict == 0.0 and says in verdict.message


# --- what typical wrong answers are told -------------------------------------------------------------------------------


def solved(*names):
    found = space(*names)
    return [found[n] for n in names]


def test_a_prediction_without_the_intercepts_is_told_so_and_its_numbers_are_not_given_away():
    verdict = check("05.predict_delta", lambda: (2, 3, 0.3, 0.025, 0.1), points=2)
    assert verdict.ideas == ("intercept forgotten",) and verdict == 1.5
    verdict = check("05.predict_delta", lambda: (2, 4, -0.3, 0.5, 0.1), points=2)
    assert "0.025" not in verdict.message and "Right: rows, columns, dtheta1_12." in verdict.message


def test_every_variant_of_the_prediction_tells_the_ideas_apart():
    e = KNOWN["05.predict_delta"]
    for variant in range(12):
        values = e.numbers_of(variant)
        assert check(e.id, lambda: e.reference[0](**values), points=2, variant=variant) == 2
        for m in e.misconceptions:
            (wrong,) = e.wrong_functions(m)
            verdict = check(e.id, lambda: wrong(**values), points=2, variant=variant)
            assert verdict < 2 and verdict.ideas == (m.name,), (variant, m.name, verdict.ideas, values)


def test_delta_one_layer_below_is_named_where_it_runs_and_an_error_is_shown_where_not():
    def from_the_slide(thetas, a, y):
        L = len(thetas)
        delta, grads = a[L] - y, {}
        for l in range(L, 0, -1):
            grads[l] = np.outer(delta, np.append(1.0, a[l]))
            delta = a[l] * (1 - a[l]) * (thetas[l][:, 1:].T @ delta)
        return grads

    verdict = check("05.delta_recursion", from_the_slide, points=2)
    assert verdict.ideas == ("started one layer below",) and verdict < 1
    assert "Your code stopped with ValueError" in verdict.message


def test_a_list_of_gradients_or_a_missing_layer_is_told_in_words():
    verdict = check("05.delta_recursion", lambda thetas, a, y: [np.zeros(t.shape) for t in thetas.values()])
    assert "should be a dict with one gradient for each layer of weights, under the keys 1, 2, …, L; yours are a list." in verdict.message
    assert verdict.message.count("should be a dict") == 1
    verdict = check("05.delta_recursion", lambda thetas, a, y: {1: np.zeros(thetas[1].shape)})
    assert "The dict of gradients has no 2" in verdict.message


def test_a_transposed_gradient_is_told_so():
    (right,) = KNOWN["05.delta_recursion"].reference
    verdict = check("05.delta_recursion", lambda *args: {l: g.T for l, g in right(*args).items()}, points=2)
    assert "grads[1] has shape (4, 2); expected shape (2, 4). Its numbers are those of the transpose." in verdict.message
    assert "Is it transposed?" in verdict.message


def test_the_slides_penalty_is_told_with_the_smallest_case():
    net = space("activation_backward", "output_loss", "net_gradients")["net_gradients"]

    def slide(X, Y, W, kind, lam):
        loss, grads = net(X, Y, W, kind, lam)
        return loss + lam / 2 * sum(np.sum(w[1:] ** 2) for w in W.values()), grads

    verdict = check("05.net_gradients", slide, points=3)
    assert verdict.ideas == ("penalty without the half in the loss",) and 2 <= verdict < 3
    assert "as the slide has it" in verdict.message and "lam = 0.5" in verdict.message


def test_a_failing_net_says_which_earlier_function_is_wrong():
    names = space("activation_backward", "output_loss", "net_gradients")
    right = names["activation_backward"]

    def guided(dout, x, kind, alpha=0.1):  # a slip in one of the parts only
        return 2 * dout if kind == "tanh" else right(dout, x, kind, alpha)

    names["activation_backward"] = guided
    parts = {"05.activation_backward": guided, "05.output_loss": names["output_loss"]}
    verdict = check("05.net_gradients", names["net_gradients"], points=3, parts=parts)
    assert verdict < 3 and "Your activation_backward does not pass its own check: mend that first" in verdict.message


def test_constants_in_batch_normalisation_are_told_so():
    def constants(dout, x, gamma, eps=1e-5):
        std = np.sqrt(x.var(axis=0) + eps)
        x_hat = (x - x.mean(axis=0)) / std
        return gamma * dout / std, (dout * x_hat).sum(axis=0), dout.sum(axis=0)

    verdict = check("05.batchnorm_backward", constants, points=2)
    assert verdict.ideas == ("mean and variance taken for constants",) and "add 1 to a whole column" in verdict.message


def test_the_gradients_are_read_from_a_dict_with_the_loss():
    (case, *_) = KNOWN["05.net_gradients"].visible()
    for answer in (lambda *a: 1.0, lambda *a: None, lambda *a: (1.0, [1, 2])):
        with pytest.raises(Exception, match="should return two things|returned None|should be a dict"):
            read_loss_and_grads([answer], case.args, {})
