from functools import cache

import numpy as np
import pytest
import sklearn.decomposition
import sklearn.neighbors
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_agree, normal, quick, seeds

from course_lib import flat
from course_lib.classic import (
    KNearestNeighbors,
    LinearClassifier,
    grid_search,
    squared_distances,
    train_linear,
)
from course_lib.data import digits
from course_lib.gradcheck import numerical_gradient

load_digits = cache(digits)

# k-nearest neighbours


@pytest.mark.row("B-knn")
def test_two_loops_one_loop_and_none_agree_on_digits():
    data = load_digits()
    knn = KNearestNeighbors(k=3).fit(data["X_train"], data["y_train"])
    few = data["X_test"][:20]
    results = {loops: knn.distances(few, loops=loops) for loops in (2, 1, 0)}
    assert np.max(np.abs(results[2] - results[1])) <= 1e-12 * results[2].max()
    # the roots of sums that nearly cancel lose half the digits, and no more
    assert np.max(np.abs(results[2] - results[0])) <= 1e-7
    assert all((knn.predict(few, loops=loops) == knn.predict(few)).all() for loops in (1, 2))


@pytest.mark.row("B-knn")
@pytest.mark.parametrize("k", [1, 4, 5])
def test_knn_against_scikit_learn(k):
    data = load_digits()
    ours = KNearestNeighbors(k).fit(data["X_train"], data["y_train"]).predict(data["X_test"])
    theirs = sklearn.neighbors.KNeighborsClassifier(k, algorithm="brute")
    theirs.fit(data["X_train"].reshape(-1, 64), data["y_train"])
    assert (ours == theirs.predict(data["X_test"].reshape(-1, 64))).all()
    assert np.mean(ours == data["y_test"]) > 0.97


@pytest.mark.row("B-knn")
@quick
@given(seeds, st.integers(1, 6), st.integers(1, 7), st.integers(1, 4))
def test_distances_against_the_formula(seed, m, n, d):
    a, b = normal(seed, m, d), normal(seed + 1, n, d)
    expected = ((a[:, None] - b[None]) ** 2).sum(axis=2)
    assert np.max(np.abs(squared_distances(a, b) - expected)) <= 1e-12 * (a**2).sum(axis=1).max() + 1e-12 * (b**2).sum()
    knn = KNearestNeighbors().fit(b, np.zeros(n, dtype=int))
    for loops in (0, 1, 2):
        assert np.max(np.abs(knn.distances(a, loops=loops) - np.sqrt(expected))) <= 1e-7


def test_knn_votes_and_ties():
    X, y = [[0.0], [1.0], [2.0], [3.0]], [7, 2, 2, 7]
    assert KNearestNeighbors(k=1).fit(X, y).predict([[0.5]]).tolist() == [7]  # equally near: the first
    assert KNearestNeighbors(k=2).fit(X, y).predict([[0.4]]).tolist() == [2]  # one vote each: the smaller label
    assert KNearestNeighbors(k=4).fit(X, y).predict([[9.0]]).tolist() == [2]
    assert (squared_distances(normal(0, 30, 8), normal(0, 30, 8)) >= 0).all()


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: KNearestNeighbors(0), "k: expected an integer of at least 1"),
        (lambda: KNearestNeighbors(3).fit([[0.0]], [0]), "X: expected at least k = 3 examples, got 1"),
        (lambda: KNearestNeighbors().fit([0.0], [0]), "X: expected at least 2 axes"),
        (lambda: KNearestNeighbors().fit([[0.0]], [0, 1]), r"y: expected shape \(1,\)"),
        (lambda: KNearestNeighbors().predict([[0.0]]), "expected a call of fit first"),
        (lambda: KNearestNeighbors().fit([[0.0]], [0]).predict([[0.0, 1.0]]), r"X: expected shape \(1, 1\)"),
        (lambda: KNearestNeighbors().fit([[0.0]], [0]).predict([[np.inf]]), "X: expected finite"),
        (
            lambda: KNearestNeighbors().fit([[0.0]], [0]).distances([[0.0]], loops=3),
            "loops: expected an integer from 0",
        ),
    ],
)
def test_knn_refuses(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


# linear classifiers


@pytest.mark.row("B-linear")
@quick
@given(seeds, st.sampled_from(["softmax", "svm"]), st.integers(1, 5), st.integers(2, 4))
def test_linear_classifier_gradients(seed, loss, n, classes):
    X, y = normal(seed, n, 3, 2), np.random.default_rng(seed).integers(0, classes, n)
    model = LinearClassifier(6, classes, loss=loss, reg=0.3)
    model.params = {"W": 0.3 * normal(seed + 1, 6, classes), "b": 0.3 * normal(seed + 2, classes)}
    _, grads = model.loss(X, y)
    for name in ("W", "b"):

        def value(array, name=name):
            twin = LinearClassifier(6, classes, loss=loss, reg=0.3)
            twin.params = {**model.params, name: array}
            return twin.loss(X, y)[0]

        # absolute: where no margin is violated the gradient is exactly 0, and only rounding is measured
        assert np.max(np.abs(grads[name] - numerical_gradient(value, model.params[name]))) < 1e-8


@pytest.mark.row("B-linear", "B-svm")
def test_without_a_bias_it_is_the_flat_svm_loss():
    X, y, W = normal(0, 8, 5), np.arange(8) % 3, normal(1, 5, 3)
    model = LinearClassifier(5, 3, loss="svm", reg=0.2)
    model.params = {"W": W, "b": np.zeros(3)}
    loss, grads = model.loss(X, y)
    flat_loss, flat_dW = flat.svm_loss(W, X, y, reg=0.2)
    assert loss == pytest.approx(flat_loss, rel=1e-12)
    assert_agree(grads["W"], flat_dW)


@pytest.mark.row("B-linear")
@pytest.mark.parametrize("loss, lr", [("softmax", 0.5), ("svm", 0.05)])
def test_linear_classifiers_on_digits(loss, lr):
    data = load_digits()
    model = train_linear(data["X_train"], data["y_train"], loss=loss, lr=lr)
    assert np.mean(model.predict(data["X_test"]) == data["y_test"]) == pytest.approx(0.943, abs=0.01)


@pytest.mark.row("B-linear")
def test_softmax_has_its_minimum_where_scikit_learn_finds_it():
    from sklearn.linear_model import LogisticRegression

    data = load_digits()
    X, y = data["X_train"].reshape(-1, 64)[:300], data["y_train"][:300]
    theirs = LogisticRegression(C=1 / (0.1 * 300), max_iter=5000, tol=1e-8).fit(X, y)  # C sums where we take means
    there = LinearClassifier(64, 10, reg=0.1)
    there.params = {"W": theirs.coef_.T, "b": theirs.intercept_}
    loss, grads = there.loss(X, y)
    assert max(np.max(np.abs(g)) for g in grads.values()) < 1e-6
    ours = train_linear(X, y, lr=0.5, reg=0.1, epochs=100, batch_size=300)  # full batch: no noise in the end
    assert loss <= ours.loss(X, y)[0] < 1.005 * loss


@pytest.mark.row("B-linear")
def test_grid_search_keeps_the_best_on_the_validation_split():
    data = load_digits()
    short = {name: part[:400] for name, part in data.items()}
    found = grid_search(train_linear, short, lr=[1e-4, 0.3], reg=[1e-4, 10.0], epochs=[10])
    assert len(found.table) == 4 and found.setting == {"lr": 0.3, "reg": 1e-4, "epochs": 10}
    accuracies = [share for share, _ in found.table]
    assert accuracies == sorted(accuracies, reverse=True)
    assert accuracies[0] == np.mean(found.model.predict(short["X_val"]) == short["y_val"])
    again = train_linear(short["X_train"], short["y_train"], **found.setting)
    assert (again.params["W"] == found.model.params["W"]).all()
    neighbours = grid_search(lambda X, y, k: KNearestNeighbors(k).fit(X, y), short, k=[50, 1])
    assert neighbours.setting == {"k": 1}


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: LinearClassifier(3, 1), "classes: expected an integer of at least 2"),
        (lambda: LinearClassifier(3, 2, loss="l2"), "loss: expected one of softmax, svm, got 'l2'"),
        (lambda: LinearClassifier(3, 2, reg=-1), "reg: expected"),
        (lambda: LinearClassifier(3, 2).scores([[1.0, 2.0]]), r"w: expected shape \(2, 2\)"),
        (lambda: train_linear([1.0], [0]), "X: expected at least 2 axes"),
        (lambda: train_linear([[1.0]], [0, 1]), r"y: expected shape \(1,\)"),
        (lambda: train_linear([[np.nan]], [0]), "X: expected finite"),
        (lambda: grid_search(train_linear, {"X_train": 0, "y_train": 0}, lr=[1]), "got no X_val, y_val"),
        (lambda: grid_search(train_linear, load_digits()), "choices: expected a list with at least one value"),
        (lambda: grid_search(train_linear, load_digits(), lr=[]), "choices: expected a list with at least one value"),
    ],
)
def test_linear_refuses(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()
