"""Principal components: the best linear code of a given length."""

from typing import NamedTuple

import numpy as np

from . import _validate


class PCA(NamedTuple):
    """What `pca` found; encode and reconstruct work on other examples too."""

    mean: np.ndarray  # (D,)
    components: np.ndarray  # (k, D), orthonormal rows, the one with the largest variance first
    codes: np.ndarray  # (N, k), of the examples that pca was given
    variance: np.ndarray  # (k,), of each column of codes (divided by N - 1)
    total_variance: float  # of the examples, over all D directions

    def encode(self, X):
        """(N, ...) -> codes (N, k) = (X - mean)·componentsᵀ"""
        X = _validate.array("X", X)
        X = X.reshape(len(X), -1)
        _validate.has_shape("X", X, (len(X), len(self.mean)), "as many features as the examples of pca")
        return (X - self.mean) @ self.components.T

    def reconstruct(self, codes):
        """codes (N, k) -> (N, D) = mean + codes·components: of all points that have a code, the nearest to X"""
        codes = _validate.array("codes", codes, axes="N k")
        _validate.has_shape("codes", codes, (len(codes), len(self.components)), "a number for each component")
        return self.mean + codes @ self.components


def pca(X, k):
    """Principal component analysis: the k directions along which the examples differ most.

    Formula: X - mean = U·S·Vᵀ (singular value decomposition),  components = first k rows of Vᵀ,
             codes = (X - mean)·componentsᵀ,  reconstruction = mean + codes·components

    No other linear code of k numbers has a smaller squared reconstruction error: it is the sum of the S² left out. A
    component's sign is arbitrary; here its entry of largest magnitude is positive (the first of equal ones).

    Arguments:
        X      (N, ...), N at least 2, flattened after the first axis to D features
        k      integer from 1 to min(N, D)
    Returns:
        PCA    (mean (D,), components (k, D), codes (N, k), variance (k,), total_variance), with encode(X) and
               reconstruct(codes)
    Errors: ValueError, TypeError: X is not finite, has fewer than 2 axes or examples; k is not in 1..min(N, D).
    Lecture row: C-autoenc

    >>> from course_lib.classic import pca
    >>> found = pca([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]], 1)
    >>> found.components.round(3), found.codes.round(3).ravel()
    (array([[0.6, 0.8]]), array([-5.,  0.,  5.]))
    """
    X = _validate.finite("X", _validate.array("X", X))
    if X.ndim < 2 or len(X) < 2:
        raise ValueError(f"X: expected at least 2 axes (N, ...) and at least 2 examples, got shape {X.shape}")
    X = X.reshape(len(X), -1)
    k = _validate.integer("k", k, minimum=1, maximum=min(X.shape))
    mean = X.mean(axis=0)
    centred = X - mean
    _, s, vt = np.linalg.svd(centred, full_matrices=False)  # s in descending order
    components = vt[:k]
    largest = np.abs(components).argmax(axis=1)
    components = components * np.sign(components[np.arange(k), largest])[:, None]
    variances = s**2 / (len(X) - 1)
    return PCA(mean, components, centred @ components.T, variances[:k], float(variances.sum()))
