"""Linear classifiers, and the search for the settings that do best on the validation split."""

from itertools import product
from typing import Any, NamedTuple

import numpy as np

from . import _validate
from .linear import affine_backward, affine_forward
from .losses import hinge_loss, l2_penalty, softmax_cross_entropy
from .train import fit, predicted_labels

LOSSES = {"softmax": softmax_cross_entropy, "svm": hinge_loss}


class LinearClassifier:
    """One row of weights a class: a model as `train.fit` takes it.

    Formula: scores = X·W + b,  loss = L(scores, y) + ½·reg·ΣW²,  L the softmax cross-entropy or the hinge (SVM) loss

    Arguments:
        features   integer D
        classes    integer K, at least 2
        loss       "softmax" or "svm"
        reg        number, at least 0; the bias is not regularised
    Attributes:
        params     {"W": (D, K), "b": (K,)}, zeros at first: as the loss is convex, any start leads to the same end
    Errors: ValueError, TypeError: numbers out of range, an unknown loss.
    Lecture row: B-linear

    >>> from course_lib.classic import LinearClassifier
    >>> loss, grads = LinearClassifier(2, 2, loss="svm").loss([[1.0, 2.0]], [0])
    >>> loss, grads["W"].tolist()
    (1.0, [[-1.0, 1.0], [-2.0, 2.0]])
    """

    def __init__(self, features, classes, *, loss="softmax", reg=0.0):
        features = _validate.integer("features", features, minimum=1)
        classes = _validate.integer("classes", classes, minimum=2)
        if loss not in LOSSES:
            raise ValueError(f"loss: expected one of {', '.join(LOSSES)}, got {loss!r}")
        self.loss_name, self.reg = loss, _validate.number("reg", reg, minimum=0)
        self.params = {"W": np.zeros((features, classes)), "b": np.zeros(classes)}

    def __repr__(self):
        features, classes = self.params["W"].shape
        return f"<LinearClassifier {features} -> {classes}, {self.loss_name} loss, reg={self.reg:g}>"

    def scores(self, X):
        """A score for each class.

        Formula: X·W + b

        Arguments:
            X        (N, ...), flattened after the first axis
        Returns:
            scores   (N, K)
        Errors: ValueError, TypeError: X does not have D features.
        Lecture row: B-linear

        >>> from course_lib.classic import LinearClassifier
        >>> LinearClassifier(3, 2).scores([[1, 2, 3]])
        array([[0., 0.]])
        """
        return affine_forward(X, self.params["W"], self.params["b"])[0]

    def loss(self, X, y):
        """The loss of a batch, and its gradients.

        Formula: dW = Xᵀ·dscores + reg·W,  db = Σ_n dscores_n

        Arguments:
            X      (N, ...), flattened after the first axis
            y      (N,), integer labels in 0..K-1
        Returns:
            loss   float
            grads  dict with W, b
        Errors: ValueError, TypeError: X does not have D features; y is not N integers in 0..K-1.
        Lecture row: B-linear

        >>> from course_lib.classic import LinearClassifier
        >>> round(LinearClassifier(2, 10).loss([[1.0, 2.0]], [3])[0], 4)  # ln 10: no class is preferred yet
        2.3026
        """
        scores, cache = affine_forward(X, self.params["W"], self.params["b"])
        data_loss, dscores = LOSSES[self.loss_name](scores, y)
        penalty, dpenalty = l2_penalty(self.params["W"], self.reg)
        _, dW, db = affine_backward(dscores, cache)
        return data_loss + penalty, {"W": dW + dpenalty, "b": db}

    def predict(self, X):
        """The class with the highest score.

        Formula: argmax_k scores[n,k]

        Arguments:
            X        (N, ...)
        Returns:
            labels   (N,) integers
        Errors: ValueError, TypeError: as scores.
        Lecture row: B-linear

        >>> from course_lib.classic import LinearClassifier
        >>> LinearClassifier(3, 2).predict([[1, 2, 3]])
        array([0])
        """
        return predicted_labels(self.scores(X))


def train_linear(X, y, *, loss="softmax", lr=0.1, reg=1e-4, epochs=50, batch_size=64, seed=0):
    """Train a linear classifier by stochastic gradient descent.

    Formula: W ← W - lr·dW of one mini-batch at a time

    Arguments:
        X           (N, ...), flattened after the first axis
        y           (N,), integer labels of at least 0; K is the highest + 1
        loss        "softmax" or "svm"
        lr, reg     numbers, at least 0
        epochs, batch_size  integers, at least 1
        seed        integer, at least 0, of the order of the examples
    Returns:
        classifier  LinearClassifier
    Errors: ValueError, TypeError: as `fit` and LinearClassifier. Diverged: lr is too large.
    Lecture row: B-linear

    >>> from course_lib.classic import train_linear
    >>> train_linear([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1], loss="svm", epochs=200).predict([[0.0], [3.0]])
    array([0, 1])
    """
    X = _validate.finite("X", _validate.array("X", X))
    if X.ndim < 2:
        raise ValueError(f"X: expected at least 2 axes (N, ...), got shape {X.shape}")
    y = _validate.labels("y", y, len(X), 2**31)
    classifier = LinearClassifier(X[0].size, max(2, int(y.max()) + 1), loss=loss, reg=reg)
    data = {"X_train": X, "y_train": y}
    fit(classifier, data, lr=lr, epochs=epochs, batch_size=batch_size, seed=seed, progress=False)
    return classifier


class Search(NamedTuple):
    """What `grid_search` found."""

    model: Any  # the best one
    setting: dict  # the values that made it
    table: list  # (validation accuracy, setting) of every combination, the best first


def grid_search(train_model, data, **choices):
    """Try every combination of settings, and keep the model that is right most often on the validation split.

    The test split is not looked at: it measures the winner once, at the end.

    Formula: best = argmax over choices₁ × choices₂ × … of the accuracy on X_val, y_val; the first of equal ones

    Arguments:
        train_model  function (X, y, **setting) -> model with predict(X), such as train_linear
        data         dict with X_train, y_train, X_val, y_val
        choices      a list of values for each setting, such as lr=[0.1, 0.5], reg=[0, 1e-3]
    Returns:
        Search       (model, setting, table)
    Errors: ValueError, TypeError: an entry of data is missing; no settings, or one without values.
    Lecture row: B-linear

    >>> from course_lib.classic import grid_search, train_linear
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]
    >>> grid_search(train_linear, {"X_train": X, "y_train": y, "X_val": X, "y_val": y}, lr=[0.0, 0.5]).table
    [(1.0, {'lr': 0.5}), (0.5, {'lr': 0.0})]
    """
    missing = [name for name in ("X_train", "y_train", "X_val", "y_val") if name not in data]
    if missing:
        raise ValueError(f"data: expected X_train, y_train, X_val and y_val, got no {', '.join(missing)}")
    values = {name: list(choice) for name, choice in choices.items()}
    if not values or not all(values.values()):
        raise ValueError(f"choices: expected a list with at least one value for each setting, got {values}")
    tried = []
    for combination in product(*values.values()):
        setting = dict(zip(values, combination))
        model = train_model(data["X_train"], data["y_train"], **setting)
        share = float(np.mean(model.predict(data["X_val"]) == np.asarray(data["y_val"])))
        tried.append((share, setting, model))
    tried.sort(key=lambda trial: -trial[0])  # the sort is stable: of equal ones the first stays first
    _, setting, model = tried[0]
    return Search(model, setting, [(share, setting) for share, setting, _ in tried])
