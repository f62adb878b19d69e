"""12_autoencoders, first part: principal components, the best linear code."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import classic
from ..compare import as_numbers
from ..exercise import Case, Exercise, unpack_tuple, wrong
from ..inputs import whole

OUTPUTS = ("mean", "components", "codes", "X_hat")

# --- the right answer, as a student would write it ---------------------------------------------------------------------


def pca(X, k):
    mean = X.mean(axis=0)
    centred = X - mean
    U, S, Vt = np.linalg.svd(centred, full_matrices=False)
    components = Vt[:k]
    codes = centred @ components.T
    X_hat = mean + codes @ components
    return mean, components, codes, X_hat


# --- the same from the library -----------------------------------------------------------------------------------------


def _pca(X, k):
    found = classic.pca(X, k)
    return found.mean, found.components, found.codes, found.reconstruct(found.codes)


# --- how results are read ----------------------------------------------------------------------------------------------


def read_pca(functions, args, kwargs) -> dict[str, Any]:
    """The outputs by name. A component and its column of codes may both have the other sign: they are turned together to where
    the library's component points; one that is perpendicular to it, so that its largest number is positive. What has another
    shape is handed on as it is, for the check to say so."""
    usual = classic.pca(np.array(args[0], dtype=float), *args[1:]).components
    found = unpack_tuple(functions[-1](*args, **kwargs), OUTPUTS, "pca")
    components, codes = as_numbers(found["components"]), as_numbers(found["codes"])
    if components is not None and components.shape == usual.shape:
        along = (components * usual).sum(axis=1)
        largest = np.take_along_axis(components, np.abs(components).round(9).argmax(axis=1)[:, None], axis=1)[:, 0]
        signs = np.where(np.where(np.abs(along) > 1e-6, along, largest) < 0, -1.0, 1.0)
        found["components"] = components * signs[:, None]
        if codes is not None and codes.shape == (len(args[0]), len(usual)):
            found["codes"] = codes * signs
    return found


# --- cases -------------------------------------------------------------------------------------------------------------


def _case(label: str, X: Any, k: int, form: str = "") -> Case:
    X = np.array(X, dtype=float)
    N, D = X.shape
    return Case(label, (X, k), form=form, tags={"k": k, "the number of examples": N, "the number of features": D},
                constants={"N, the number of examples,": N, "the root of N - 1": float(np.sqrt(N - 1))})


WORKED = [[0, 0], [6, 8], [1, 5.5], [5, 2.5]]


def visible() -> list[Case]:
    return [
        _case("the worked example", WORKED, 1),
        _case("five examples of three features, k = 2", [[1, 4, 0], [5, 3, 2], [2, 4, 7], [9, 1, 3], [4, 2, 5]], 2),
        _case("whole numbers of type int, k = 2", [[3, 0, 1, 9], [8, 2, 0, 5], [1, 1, 4, 7], [6, 3, 2, 9], [2, 7, 1, 5], [9, 4, 5, 8]], 2, "integers"),
        _case("seven examples, k = 3, read-only", [[2, 1, 0, 9], [7, 1, 3, 8], [0, 5, 1, 3], [4, 0, 6, 4], [9, 2, 2, 1], [3, 8, 0, 6], [5, 6, 7, 2]], 3, "read-only"),
    ]


def weak() -> list[Case]:
    return [_case("centred already, and as many components as features", [[-2, 0], [2, 0], [0, 1], [0, -1]], 2),
            _case("centred already, k = 1", [[-3, 0], [3, 0], [0, 1], [0, -1]], 1)]


def draw(rng: np.random.Generator, N: int = 8, D: int = 4, k: int = 2, form: str = "") -> Case:
    while True:
        scale = rng.permutation(np.linspace(2, 9, D)).round()
        X = whole(rng, N, D, low=-9, high=9) * scale // 4 + rng.permutation(np.arange(1, D + 1)) * 3
        s = np.linalg.svd(X - X.mean(axis=0), compute_uv=False)
        if s[-1] > 1 and np.all(s[:-1] > 1.25 * s[1:]):  # no two directions with almost the same variance
            return _case(f"N={N}, D={D}, k={k}" + (f", {form}" if form else ""), X, k, form)


# --- the exercise ------------------------------------------------------------------------------------------------------

CENTRED, COMPONENTS, CODES, BACK = "centred = X - mean", "components = Vt[:k]", "codes = centred @ components.T", "X_hat = mean + codes @ components"

PCA = Exercise(
    id="12.pca",
    rows=("C-autoenc",),
    answer=(pca,),
    reference=(_pca,),
    arguments=("X", "k"),
    outputs=OUTPUTS,
    visible=visible,
    weak=weak,
    draw=draw,
    call=read_pca,
    unpack=dict,
    hints=(
        "Four lines, one for each result. The mean has one number for each feature. Everything else works with X - mean.",
        r"$X - \bar x = U S V^\top$ (`np.linalg.svd(…, full_matrices=False)` returns $U$, the diagonal of $S$ in descending order, and $V^\top$). The components are the first $k$ "
        r"**rows** of $V^\top$; $codes = (X - \bar x)\,components^\top$; $\hat X = \bar x + codes\; components$.",
        "`mean = X.mean(axis=0)`; `U, S, Vt = np.linalg.svd(X - mean, full_matrices=False)`; `components = Vt[:k]`; `codes = (X - mean) @ components.T`; "
        "`X_hat = mean + codes @ components`.",
    ),
    misconceptions=(
        wrong("not centred",
              "You never took the mean away. Directions of largest variance start at the mean: from the origin, the first component mostly points at the mean itself.",
              (CENTRED, "centred = X"), (BACK, "X_hat = codes @ components")),
        wrong("centred with one number",
              "You took one mean over all numbers. Each feature has a mean of its own: axis=0.",
              ("mean = X.mean(axis=0)", "mean = X.mean() * np.ones(X.shape[1])")),
        wrong("each example centred",
              "You took from each example its own mean, over its features. The mean is over the examples, one number for each feature.",
              (CENTRED, "centred = X - X.mean(axis=1, keepdims=True)"), (BACK, "X_hat = X.mean(axis=1, keepdims=True) + codes @ components")),
        wrong("smallest directions",
              "You kept the directions along which the examples differ least. np.linalg.svd puts the largest first; eigh puts the smallest first.",
              (COMPONENTS, "components = Vt[::-1][:k]")),
        wrong("smallest of the kept first",
              "You kept the right directions, in the wrong order: the one with the largest variance comes first. np.linalg.eigh sorts upwards.",
              (COMPONENTS, "components = Vt[:k][::-1]")),
        wrong("columns for rows",
              "You took columns of Vᵀ, or rows of V. np.linalg.svd returns Vᵀ, and the components are its rows.",
              (COMPONENTS, "components = Vt[:, :k].T")),
        wrong("codes of what is not centred",
              "Your codes come from X itself. Take the mean away first, as you add it again afterwards; else it counts twice.",
              (CODES, "codes = X @ components.T")),
        wrong("mean not added again",
              "Your reconstructions lie around the origin: add the mean again.",
              (BACK, "X_hat = codes @ components")),
        wrong("mean of what is centred",
              "Your mean is that of X after you took the mean away, which is 0. Keep the mean under a name of its own: it is a result, and the way back needs it.",
              ("mean = X.mean(axis=0)", "X = X - X.mean(axis=0)\n    mean = X.mean(axis=0)")),
        wrong("codes of length one",
              "You took U for the codes. They are U times S, or (X - mean) @ components.T: without S every direction seems equally important.",
              (CODES, "codes = U[:, :k]")),
        wrong("features scaled first",
              "You divided each feature by its standard deviation. That is PCA of another data set, one where a pixel that hardly changes counts as much as any.",
              (CENTRED, "centred = (X - mean) / X.std(axis=0)")),
        wrong("components longer than one",
              "You multiplied the components by S. A direction has length 1; how far the examples reach along it is in the codes.",
              (COMPONENTS, "components = S[:k, None] * Vt[:k]")),
        wrong("the first k features kept",
              "Your components are the first k features themselves. A component is a mixture of all features, and comes out of the data.",
              (COMPONENTS, "components = np.eye(X.shape[1])[:k]")),
        wrong("reconstruction from all components",
              "Your X_hat is X again: you used all components on the way back, not the k that the code has.",
              (BACK, "X_hat = mean + centred @ Vt.T @ Vt")),
    ),
)
