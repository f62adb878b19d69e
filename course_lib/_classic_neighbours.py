"""k-nearest neighbours: no training, all the work when it is asked; the distances with two loops, one loop and none."""

import numpy as np

from . import _validate


def squared_distances(a, b):
    """Squared Euclidean distances between all rows of a and all rows of b, by one matrix product.

    Formula: |a_i - b_j|² = |a_i|² - 2·a_i·b_j + |b_j|²

    Arguments:
        a      (M, D)
        b      (N, D)
    Returns:
        d      (M, N), at least 0
    Errors: ValueError, TypeError: not of rank 2, or of different D.
    Lecture row: B-knn

    >>> from course_lib.classic import squared_distances
    >>> squared_distances([[0, 0], [3, 4]], [[0, 0], [0, 4]])
    array([[ 0., 16.],
           [25.,  9.]])
    """
    a, b = _validate.array("a", a, axes="M D"), _validate.array("b", b, axes="N D")
    _validate.has_shape("b", b, (len(b), a.shape[1]), "as many columns as a")
    d = (a * a).sum(axis=1)[:, None] - 2 * (a @ b.T) + (b * b).sum(axis=1)  # (M, 1) - (M, N) + (N,)
    return np.maximum(d, 0)  # the three terms cancel for equal rows, up to rounding, which may fall below 0


class KNearestNeighbors:
    """Classify an example as most of the k training examples nearest to it are.

    Formula: label(x) = the most frequent of y_n over the k smallest |x - x_n|; of equally frequent ones the smallest
             label, of equally distant examples the first

    Arguments:
        k      integer, at least 1: how many neighbours vote
    Errors: ValueError, TypeError: k is not an integer of at least 1.
    Lecture row: B-knn

    >>> from course_lib.classic import KNearestNeighbors
    >>> KNearestNeighbors(k=3).fit([[0.0], [1.0], [2.0], [9.0]], [0, 0, 1, 1]).predict([[0.4], [8.0]])
    array([0, 1])
    """

    def __init__(self, k=1):
        self.k = _validate.integer("k", k, minimum=1)
        self.X = self.y = None

    def __repr__(self):
        return f"<KNearestNeighbors k={self.k}, {0 if self.y is None else len(self.y)} examples>"

    def fit(self, X, y):
        """Remember the training examples: that is all the training there is.

        Formula: none

        Arguments:
            X      (N, ...), flattened after the first axis; N is at least k
            y      (N,), integer labels of at least 0
        Returns:
            self
        Errors: ValueError, TypeError: X is not finite or has fewer than k examples; y is not N such labels.
        Lecture row: B-knn

        >>> from course_lib.classic import KNearestNeighbors
        >>> KNearestNeighbors().fit([[0.0], [1.0]], [5, 6])
        <KNearestNeighbors k=1, 2 examples>
        """
        X = _rows("X", X)
        if len(X) < self.k:
            raise ValueError(f"X: expected at least k = {self.k} examples, got {len(X)}")
        y = _validate.labels("y", y, len(X), 2**31)
        self.X, self.y = X, y
        return self

    def distances(self, X, *, loops=0):
        """Euclidean distances of examples to all training examples, in one of three ways with equal results.

        Formula: d[i, n] = √Σ_f (X[i,f] - X_train[n,f])²

        Arguments:
            X      (M, ...)
            loops  2: a loop over both; 1: a loop over X, and all training examples at once; 0: one matrix product
        Returns:
            d      (M, N)
        Errors: ValueError, TypeError: fit was not called; X is not finite or has other features; loops is not 0, 1, 2.
        Lecture row: B-knn

        >>> from course_lib.classic import KNearestNeighbors
        >>> knn = KNearestNeighbors().fit([[0.0, 0.0], [0.0, 4.0]], [0, 1])
        >>> [knn.distances([[3.0, 4.0]], loops=loops).tolist() for loops in (2, 1, 0)]
        [[[5.0, 3.0]], [[5.0, 3.0]], [[5.0, 3.0]]]
        """
        if self.X is None:
            raise ValueError("KNearestNeighbors: expected a call of fit first, there was none")
        X = _rows("X", X)
        _validate.has_shape("X", X, (len(X), self.X.shape[1]), "as many features as the training examples")
        loops = _validate.integer("loops", loops, minimum=0, maximum=2)
        if loops == 0:
            return np.sqrt(squared_distances(X, self.X))
        d = np.empty((len(X), len(self.X)), dtype=np.result_type(X, self.X))
        for i, x in enumerate(X):
            if loops == 1:
                d[i] = np.sqrt(((x - self.X) ** 2).sum(axis=1))  # (N, D) -> (N,)
                continue
            for n, neighbour in enumerate(self.X):
                d[i, n] = np.sqrt(((x - neighbour) ** 2).sum())
        return d

    def predict(self, X, *, loops=0):
        """The label that most of the k nearest training examples have.

        Formula: see the class

        Arguments:
            X       (M, ...)
            loops   0, 1 or 2, as in distances
        Returns:
            labels  (M,) integers
        Errors: ValueError, TypeError: as distances.
        Lecture row: B-knn

        >>> from course_lib.classic import KNearestNeighbors
        >>> KNearestNeighbors(k=2).fit([[0.0], [1.0], [5.0]], [1, 0, 1]).predict([[0.1]])
        array([0])
        """
        nearest = np.argsort(self.distances(X, loops=loops), axis=1, kind="stable")[:, : self.k]  # (M, k)
        classes, votes = np.unique(self.y, return_inverse=True)
        counts = (votes.reshape(-1)[nearest][:, :, None] == np.arange(len(classes))).sum(axis=1)  # (M, classes)
        return classes[counts.argmax(axis=1)]  # argmax takes the first of several equal counts: the smallest label


def _rows(name, X):
    X = _validate.finite(name, _validate.array(name, X))
    if X.ndim < 2:
        raise ValueError(f"{name}: expected at least 2 axes (N, ...), got shape {X.shape}")
    return X.reshape(len(X), -1)
