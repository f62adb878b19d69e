"""How good predictions are: shares of right answers, and what kinds of mistakes were made."""

import numpy as np

from . import _validate
from ._classic_neighbours import squared_distances


def predicted_labels(scores):
    """The class with the highest score; of one score only, 1 where it is above 0 (a probability above one half).

    Formula: label_n = argmax_k scores[n,k], the first of several equal ones

    Arguments:
        scores   (N, K), or (N,) or (N, 1) logits of class 1
    Returns:
        labels   (N,) integers
    Errors: ValueError, TypeError: scores are not finite, or not of such a shape.
    Lecture row: B-linear

    >>> from course_lib.train import predicted_labels
    >>> predicted_labels([[0.1, 0.7, 0.2], [3.0, 1.0, 3.0]])
    array([1, 0])
    """
    scores = _validate.finite("scores", _validate.array("scores", scores))
    if scores.ndim == 1 or scores.shape[1:] == (1,):
        return (scores.reshape(-1) > 0).astype(np.intp)
    if scores.ndim != 2:
        raise ValueError(f"scores: expected shape (N, K) or (N,), got shape {scores.shape}")
    return scores.argmax(axis=1)


def accuracy(scores, y):
    """The share of examples whose highest score is that of the right class.

    Formula: (number of n with label_n = y_n) / N

    Arguments:
        scores   (N, K), or (N,) or (N, 1) logits of class 1
        y        (N,), integer labels in 0..K-1
    Returns:
        share    float from 0 to 1
    Errors: ValueError, TypeError: scores are not finite or of another shape; y is not N integers in 0..K-1.
    Lecture row: B-linear

    >>> from course_lib.train import accuracy
    >>> accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1])
    0.5
    """
    predicted = predicted_labels(scores)
    y = _validate.labels("y", y, len(predicted), max(2, np.size(scores) // len(predicted)))
    return float(np.mean(predicted == y))


def top_k_error(scores, y, k=5):
    """The share of examples whose right class is not among the k highest scores: ImageNet's measure, with k = 5.

    Formula: (number of n with k or more classes that score above y_n, or as high with a lower number) / N

    Arguments:
        scores   (N, K)
        y        (N,), integer labels in 0..K-1
        k        integer from 1 to K
    Returns:
        share    float from 0 to 1
    Errors: ValueError, TypeError: scores are not finite or not of rank 2; y is not N integers in 0..K-1; k is not in
        1..K.
    Lecture row: C-imagenet

    >>> from course_lib.train import top_k_error
    >>> [top_k_error([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]], [1, 2], k) for k in (1, 2, 3)]
    [1.0, 0.5, 0.0]
    """
    scores = _validate.finite("scores", _validate.array("scores", scores, axes="N K"))
    y = _validate.labels("y", y, *scores.shape)
    k = _validate.integer("k", k, minimum=1, maximum=scores.shape[1])
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]  # (N, k); of equal scores the first class comes first
    return float(np.mean((best != y[:, None]).all(axis=1)))


def confusion_matrix(y, predicted, classes=None):
    """How often each class was taken for each: rows are the true classes, columns the predicted ones.

    Formula: C[i, j] = number of n with y_n = i and predicted_n = j

    Arguments:
        y          (N,), integer labels
        predicted  (N,), integer labels
        classes    integer K, or None for as many as the labels need
    Returns:
        C          (K, K) integers; the diagonal holds the right answers
    Errors: ValueError, TypeError: not integers, different lengths, or labels outside 0..K-1.
    Lecture row: B-linear

    >>> from course_lib.train import confusion_matrix
    >>> confusion_matrix([0, 0, 1], [0, 1, 1])
    array([[1, 1],
           [0, 1]])
    """
    y, predicted, classes = _label_pair(y, predicted, classes)
    counts = np.bincount(y * classes + predicted, minlength=classes**2)
    return counts.reshape(classes, classes)


def f1_score(y, predicted):
    """How well a rare class (1) is found: 1 where every one is found and nothing else is, 0 where none is.

    Formula: F1 = 2·precision·recall / (precision + recall) = 2·hits / (2·hits + false alarms + misses), and 0 where
             there are no hits

    Arguments:
        y          (N,), 0 or 1
        predicted  (N,), 0 or 1
    Returns:
        F1         float from 0 to 1
    Errors: ValueError, TypeError: not integers 0 and 1, or different lengths.
    Lecture row: C-audio

    >>> from course_lib.train import f1_score
    >>> f1_score([1, 1, 0, 0, 0], [1, 0, 1, 0, 0])
    0.5
    """
    (_, false_alarms), (misses, hits) = confusion_matrix(y, predicted, 2)
    return float(2 * hits / (2 * hits + false_alarms + misses)) if hits else 0.0


def precision_at_k(codes, y, k, *, metric="euclidean"):
    """Retrieval: of the k examples nearest to each example, the share that is of its class; the mean over all.

    Formula: (1/N) Σ_n |{m among the k nearest to n, m ≠ n : y_m = y_n}| / k

    Arguments:
        codes    (N, ...), such as an autoencoder's codes, pixels or bags of words; flattened after the first axis
        y        (N,), integer labels
        k        integer from 1 to N-1
        metric   "euclidean", or "cosine": only the direction of a code counts, as usual for counts of words
    Returns:
        share    float from 0 to 1
    Errors: ValueError, TypeError: codes are not finite; y is not N integers of at least 0; k is not in 1..N-1; an
        unknown metric; a code of zeros, which has no direction, with "cosine".
    Lecture row: C-retrieval

    >>> from course_lib.train import precision_at_k
    >>> precision_at_k([[0.0], [1.0], [5.0], [6.0]], [0, 0, 1, 0], 1)
    0.5
    """
    codes = _validate.finite("codes", _validate.array("codes", codes))
    if codes.ndim < 2:
        raise ValueError(f"codes: expected at least 2 axes (N, ...), got shape {codes.shape}")
    codes = codes.reshape(len(codes), -1)
    y = _validate.labels("y", y, len(codes), 2**31)
    k = _validate.integer("k", k, minimum=1, maximum=len(codes) - 1)
    if metric not in ("euclidean", "cosine"):
        raise ValueError(f'metric: expected "euclidean" or "cosine", got {metric!r}')
    if metric == "cosine":
        lengths = np.linalg.norm(codes, axis=1, keepdims=True)
        if not lengths.all():
            raise ValueError(f"codes: expected no code of zeros, got one at index {int(np.argmin(lengths))}")
        codes = codes / lengths  # for vectors of length 1, |a - b|² = 2 - 2·cos(a, b)
    distances = squared_distances(codes, codes)
    np.fill_diagonal(distances, np.inf)  # nothing is retrieved by itself
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]  # (N, k)
    return float(np.mean(y[nearest] == y[:, None]))


def _label_pair(y, predicted, classes):
    y, predicted = np.asarray(y), np.asarray(predicted)
    if classes is None:
        classes = int(max(y.max(initial=0), predicted.max(initial=0))) + 1
    classes = _validate.integer("classes", classes, minimum=1)
    if not y.size:
        raise ValueError("y: expected at least one label, got none")
    y = _validate.labels("y", y, y.size, classes)
    return y, _validate.labels("predicted", predicted, len(y), classes), classes
