"""04_linear_classifiers: the worked numbers, the quiz's truth, and what the check says to typical wrong answers."""

import math

import numpy as np
import pytest
from solved import Solved

from course_lib import flat
from course_lib.check import check
from course_lib.check.exercises import exercises
from course_lib.check.exercises.linear_softmax import LEAST_SQUARES
from course_lib.gradcheck import numerical_gradient, relative_error
from course_lib.losses import softmax_cross_entropy

SOLVED = Solved("04_linear_classifiers")
cell, space = SOLVED.cell, SOLVED.space
KNOWN = exercises("04")


def expected(name, *args):
    """The outputs of an exercise's reference on these arguments."""
    e = KNOWN[f"04.{name}"]
    return e.evaluate(e.reference, args, {})


def worked(name, case=0):
    """The outputs of an exercise's reference on one of its visible cases."""
    e = KNOWN[f"04.{name}"]
    c = e.visible()[case]
    return e.evaluate(e.reference, c.args, c.kwargs)


def printed(words):
    """What the cell that prints these words printed."""
    texts = ["".join(o.text for o in c.get("outputs", []) if o.output_type == "stream") for c in SOLVED.book().cells if c.cell_type == "code"]
    (found,) = [t for t in texts if words in t]
    return found


# --- the worked numbers, from what the checks compare with -------------------------------------------------------------


@pytest.mark.row("B-knn")
def test_the_worked_distance():
    assert worked("distances_no_loops")["d"].tolist() == [[5.0]]
    assert expected("distances_no_loops", np.array([[1.0, -2]]), np.array([[-3.0, 0]]))["d"][0, 0] == pytest.approx(math.sqrt(20))


@pytest.mark.row("B-knn")
@pytest.mark.parametrize("k, label", [(1, 0), (3, 0), (4, 3), (5, 0)])
def test_the_worked_vote(k, label):
    e = KNOWN["04.knn_predict"]
    d, y, _ = e.visible()[0].args
    assert expected("knn_predict", d, y, k)["labels"].tolist() == [label]


@pytest.mark.row("B-knn")
def test_equal_rows_would_make_nan_without_care():
    A, B = KNOWN["04.distances_no_loops"].visible()[3].args
    squared = (A * A).sum(axis=1)[:, None] + (B * B).sum(axis=1) - 2 * A @ B.T
    assert (squared < 0).any()
    assert int((np.array([200], dtype=np.uint8) * np.array([200], dtype=np.uint8))[0]) == 64  # as the notebook says


@pytest.mark.row("B-linear")
@pytest.mark.parametrize("classes", [2, 7, 10])
def test_the_losses_at_the_start(classes):
    e = KNOWN["04.predict_start"]
    got = e.evaluate(e.reference, (), {"classes": classes, "items": 4, "reg": 3})
    assert got == {"hinge": classes - 1, "softmax": round(math.log(classes), 3)}


@pytest.mark.row("X-8")
def test_the_printed_loss_is_the_logarithm_to_base_10():
    assert round(-math.log10(0.51), 2) == 0.29 and round(-math.log(0.51), 3) == 0.673
    loss, _ = softmax_cross_entropy(np.log([[0.51, 0.49]]), [0])
    assert loss == pytest.approx(0.673, abs=5e-4)
    assert "<- the slide" in printed("lecture E").splitlines()[-1] and "log10" in printed("lecture E").splitlines()[-1]


@pytest.mark.row("B-linear")
def test_the_worked_item():
    got = worked("softmax_loss")
    assert got["loss"] == pytest.approx(1.204, abs=5e-4)
    np.testing.assert_allclose(got["dW"], [[0.2, -0.7, 0.5]], atol=1e-12)  # X is 1, so that dW is dS


@pytest.mark.row("B-linear")
def test_the_softmax_loss_agrees_with_the_measured_gradient():
    W, X, y, reg = KNOWN["04.softmax_loss"].visible()[1].args
    assert relative_error(expected("softmax_loss", W, X, y, reg)["dW"],
                          numerical_gradient(lambda W: expected("softmax_loss", W, X, y, reg)["loss"], W)) < 1e-8


@pytest.mark.row("B-linear", "A-gd")
def test_the_worked_step_and_the_two_after_each_other():
    got = worked("sgd_epoch")
    assert got["losses"] == [6.5] and got["W"] == pytest.approx([1.7])
    got = worked("sgd_epoch", 1)
    assert got["losses"] == [12.5, 3.125] and got["W"] == pytest.approx([2.25])


@pytest.mark.row("A-gd")
def test_descent_converges_below_two_over_the_largest_curvature_and_diverges_past_it():
    X, y = np.array([[1.0, 0], [2, 1], [0, 3], [1, -1]]), np.array([1.0, -2, 4, 0])
    largest = np.linalg.eigvalsh(X.T @ X / len(X)).max()
    best = np.linalg.lstsq(X, y, rcond=None)[0]
    for factor, ends in ((0.95, True), (1.05, False)):
        W, order = np.array([3.0, 3.0]), np.arange(len(y))
        for _ in range(300):
            W = expected("sgd_epoch", LEAST_SQUARES, W, X, y, order, len(y), factor * 2 / largest)["W"]
        assert (np.linalg.norm(W - best) < 1e-6) == ends == (np.linalg.norm(W) < 1e6)
    grows = worked("sgd_epoch", 3)
    assert grows["losses"] == [2, 8, 32] and grows["W"].tolist() == [-8]


@pytest.mark.row("B-linear")
def test_one_epoch_serves_the_svm_as_well():
    W, X, y = np.zeros((2, 3)), np.array([[1.0, 2], [-1, 1], [2, -1]]), np.array([0, 1, 2])
    for _ in range(50):
        W, losses = (expected("sgd_epoch", lambda *a: flat.svm_loss(*a, 0.01), W, X, y, np.array([2, 0, 1]), 2, 0.2)[k] for k in ("W", "losses"))
    assert ((X @ W).argmax(axis=1) == y).all() and max(losses) < 0.2


@pytest.mark.row("B-linear")
def test_the_worked_table():
    got = worked("search")
    np.testing.assert_allclose(got["table"], [[0.2, 0.2, 0.8], [0.2, 0.8, 0.8]])
    assert (got["lr"], got["reg"]) == (1, 0)


def test_the_solved_functions_train_a_classifier_of_digits():
    assert "not yet" not in printed("yours:")


@pytest.mark.row("B-features")
def test_the_features_table_says_what_the_text_says():
    share = {(task, name.strip()): float(rest.split("%")[0]) for line in printed("spread over five splits").splitlines()[1:]
             for task, name, rest in [(line.split()[0], line[8:19], line[19:])]}
    assert len(share) == 6
    assert 1 < share["digits", "HOG"] - share["digits", "raw pixels"] < 3  # about two points
    assert share["digits", "histogram"] < 30
    assert share["tiles", "histogram"] == max(v for (task, _), v in share.items() if task == "tiles")
    assert share["tiles", "HOG"] < share["tiles", "histogram"] - 20


# --- the quiz ----------------------------------------------------------------------------------------------------------


def test_the_quizs_truth_is_what_the_careless_check_says():
    names = space("quiz-code")
    passing = {letter: float(names["careless_check"](names[f"version_{letter}"])) for letter in "ABC"}
    assert passing == expected("which_pass") == {"A": 0.0, "B": 1.0, "C": 1.0}
    right = KNOWN["04.softmax_loss"].answer[0]
    assert names["careless_check"](right)
    W, X, y = np.array([[1.0, -1, 0], [0, 2, 1]]), np.array([[3.0, 0], [1, 2]]), np.array([2, 0])
    for letter in "ABC":  # and each really is wrong
        loss, dW = names[f"version_{letter}"](W, X, y, 2.0)
        assert not (np.isclose(loss, right(W, X, y, 2.0)[0]) and np.allclose(dW, right(W, X, y, 2.0)[1]))


@pytest.mark.parametrize("answer, says", [("ABC", "A passes"), ({"C"}, "B is caught"), ({"B"}, "C is caught"), (set(), "all three are caught"),
                                          ({"A"}, "A passes")])
def test_each_wrong_letter_is_explained_and_guessing_earns_nothing(answer, says):
    verdict = check("04.which_pass", lambda: answer, points=2)
    assert verdict == 0.0 and says in verdict.message


# --- what typical wrong answers are told -------------------------------------------------------------------------------


def test_an_unclipped_root_is_told_with_its_nan():
    def unclipped(A, B):
        A, B = A.astype(float), B.astype(float)
        return np.sqrt((A**2).sum(axis=1)[:, None] + (B**2).sum(axis=1) - 2 * A @ B.T)

    verdict = check("04.distances_no_loops", unclipped, points=2)
    assert verdict.ideas == ("below zero under the root",) and verdict == 1.5
    assert "rounding can leave -4e-16" in verdict.message and "every row of A is a row of B too" in verdict.message


def test_bytes_are_told_apart_from_everything_else():
    def as_they_come(A, B):
        return np.sqrt(np.maximum((A * A).sum(axis=1)[:, None] + (B * B).sum(axis=1) - 2 * A @ B.T, 0))

    verdict = check("04.distances_no_loops", as_they_come, points=2)
    assert 0 < verdict < 2 and "pixels as bytes (uint8)" in verdict.message


def test_the_largest_label_on_a_tie_is_told_so():
    def largest(d, y, k):
        votes = [np.bincount(y[np.argsort(row, kind="stable")[:k]]) for row in d]
        return np.array([len(v) - 1 - v[::-1].argmax() for v in votes])

    verdict = check("04.knn_predict", largest, points=2)
    assert verdict.ideas == ("largest label on a tie",)
    assert "k = 3" in verdict.message and "expected labels = np.array([0.])" in verdict.message


def test_a_counter_is_told_how_ties_are_broken():
    from collections import Counter

    def by_counter(d, y, k):
        return [Counter(y[np.argsort(row, kind="stable")[:k]].tolist()).most_common(1)[0][0] for row in d]

    assert check("04.knn_predict", by_counter, points=2).ideas == ("nearest label on a tie",)


@pytest.mark.parametrize("answer, idea", [((10, 2.303), "correct class counted"), ((9, 1), "logarithm to base 10"), ((0, 2.3026), "no margin violated"),
                                          ((9, 0.1), "probability in place of the loss"), ((54, np.log(10)), "hinge summed over the items")])
def test_a_wrong_prediction_is_named_and_the_right_number_not_told(answer, idea):
    verdict = check("04.predict_start", lambda: answer, points=2)
    assert verdict == 1.0 and verdict.ideas == (idea,)
    assert "2.303" not in verdict.message and "= 9" not in verdict.message


def test_a_predictions_numbers_may_be_another_variants():
    e = KNOWN["04.predict_start"]
    numbers = e.numbers_of(11)
    right = (numbers["classes"] - 1, math.log(numbers["classes"]))
    assert check("04.predict_start", lambda: right, points=2, variant=11) == 2.0
    assert check("04.predict_start", lambda: (9, 2.303), points=2, variant=11) == 0.0


def test_a_softmax_over_the_items_is_told_so():
    def down_the_columns(W, X, y, reg):
        s = X @ W
        e = np.exp(s - s.max(axis=1, keepdims=True))
        p = e / e.sum(axis=0)
        log_p = s - s.max(axis=1, keepdims=True) - np.log(e.sum(axis=0))
        dS = (p - np.eye(W.shape[1])[y]) / len(X)
        return -log_p[np.arange(len(y)), y].mean() + 0.5 * reg * np.sum(W * W), X.T @ dS + reg * W

    verdict = check("04.softmax_loss", down_the_columns, points=2)
    assert verdict.ideas == ("softmax over the items",) and verdict < 2
    assert "axis=1" in verdict.message


def test_labels_left_in_place_are_told_so():
    def torn(loss, W, X, y, order, batch_size, lr):
        X, losses = X[order], []
        for start in range(0, len(y), batch_size):
            value, dW = loss(W, X[start:start + batch_size], y[start:start + batch_size])
            losses.append(value)
            W = W - lr * dW
        return W, losses

    verdict = check("04.sgd_epoch", torn, points=2)
    assert verdict.ideas == ("labels not reordered",)
    assert "order = np.array([1, 0])" in verdict.message


def test_weights_changed_in_place_are_told_so():
    def in_place(loss, W, X, y, order, batch_size, lr):
        losses = []
        for start in range(0, len(y), batch_size):
            batch = order[start:start + batch_size]
            value, dW = loss(W, X[batch], y[batch])
            losses.append(value)
            W -= lr * dW
        return W, losses

    verdict = check("04.sgd_epoch", in_place, points=2)
    assert verdict < 1 and "changes its argument W in place" in verdict.message


def test_a_search_on_the_test_split_is_told_so():
    def on_test(train, data, lrs, regs):
        table = np.array([[np.mean((data["X_test"] @ train(data["X_train"], data["y_train"], lr, reg)).argmax(axis=1) == data["y_test"])
                           for reg in regs] for lr in lrs])
        i, j = np.unravel_index(table.argmax(), table.shape)
        return lrs[i], regs[j], table

    verdict = check("04.search", on_test, points=2)
    assert verdict.ideas == ("chosen on the test split",) and "Choose on X_val" in verdict.message


@pytest.mark.parametrize("id, function, says", [
    ("04.distances_no_loops", lambda A, B: None, "is a `return` missing?"),
    ("04.softmax_loss", lambda W, X, y, reg: 0.0, "2 values (loss, dW); it returned one float"),
    ("04.search", lambda train, data, lrs, regs: (lrs[0], regs[0]), "3 values (lr, reg, table); it returned 2"),
    ("04.predict_start", lambda: 9, "2 values (hinge, softmax)"),
    ("04.knn_predict", lambda d, y, k: "3", "str '3'"),
])
def test_a_result_of_another_form_is_told_which(id, function, says):
    verdict = check(id, function)
    assert verdict == 0.0 and says in verdict.message
