"""Parts to train on, to choose settings by, and to measure with at the end."""

import numpy as np

from . import _validate


def split(X, y, *, val=0.1, test=0.2, seed=0):
    """Part examples into training, validation and test sets, with the same shares of every class in each.

    Formula: of the n_c examples of class c, in random order, round(test·n_c) go to the test set, the next
             round(val·n_c) to the validation set, and the others to the training set; each set is shuffled at the end

    Arguments:
        X          (N, ...)
        y          (N,), integer labels of at least 0
        val, test  the shares, from 0 to below 1 together
        seed       integer, at least 0: the same seed makes the same parts
    Returns:
        data       dict with X_train, y_train, X_val, y_val, X_test, y_test, as `train.fit` takes it; a part whose share
                   is 0 is left out
    Errors: ValueError, TypeError: the lengths differ; labels are not integers of at least 0; the shares leave nothing
        to train on, or leave a part empty.
    Lecture row: B-linear, D-lenet

    >>> from course_lib.data import split
    >>> data = split([[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1], val=0, test=0.5)
    >>> sorted(data), sorted(data["y_train"].tolist())
    (['X_test', 'X_train', 'y_test', 'y_train'], [0, 1])
    """
    val = _validate.number("val", val, minimum=0, maximum=1)
    test = _validate.number("test", test, minimum=0, maximum=1)
    seed = _validate.integer("seed", seed, minimum=0)
    if val + test >= 1:
        raise ValueError(f"val, test: expected shares that leave examples to train on, got {val} and {test}")
    y = _validate.labels("y", y, len(X), 2**31)
    rng = np.random.default_rng(seed)
    rows = {"train": [], "val": [], "test": []}
    for label in np.unique(y):
        shuffled = rng.permutation(np.flatnonzero(y == label))
        first, second = round(test * len(shuffled)), round(test * len(shuffled)) + round(val * len(shuffled))
        for part, members in zip(("test", "val", "train"), np.split(shuffled, [first, second])):
            rows[part].extend(members.tolist())
    data = {}
    for part, share in (("train", 1), ("val", val), ("test", test)):
        if share == 0:
            continue
        if not rows[part]:
            raise ValueError(f"X: expected enough examples for a {part} set with these shares, got {len(X)}")
        chosen = rng.permutation(rows[part])
        data[f"X_{part}"] = np.asarray(X)[chosen]
        data[f"y_{part}"] = y[chosen]
    return data
