"""Small data and models for the tests of training, whose every step can be followed."""

import numpy as np
from oracles import frozen, normal

from course_lib.classic import LinearClassifier


def blobs(seed=0, n=60, classes=3):
    """Points around three corners, and a validation set."""
    y = np.arange(n) % classes
    X = normal(seed, n, 2) + 3 * np.eye(classes, 2)[y]
    return {"X_train": frozen(X[:40]), "y_train": frozen(y[:40]), "X_val": frozen(X[40:]), "y_val": frozen(y[40:])}


class Recorder(LinearClassifier):
    """A linear classifier that remembers the batches it was shown, and can be told to misbehave at a step."""

    def __init__(self, *args, at=None, action=None, **options):
        super().__init__(*args, **options)
        self.batches, self.at, self.action = [], at, action

    def loss(self, X, y):
        self.batches.append((X.copy(), y.copy()))
        loss, grads = super().loss(X, y)
        if len(self.batches) - 1 == self.at:
            return self.action(loss, grads)
        return loss, grads


class Regression:
    """y = X·w with the mean square loss, or X from itself where there is no y."""

    def __init__(self, features):
        self.params = {"w": np.zeros((features, features))}

    def scores(self, X):
        return X @ self.params["w"]

    def loss(self, X, y=None):
        difference = self.scores(X) - (X if y is None else y)
        return float(np.mean(difference**2)), {"w": X.T @ (2 * difference / difference.size)}
