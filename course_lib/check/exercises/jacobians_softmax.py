"""03_jacobians, third part: the softmax's Jacobian, and the short backward line of softmax and cross-entropy together."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import jacobian
from ...losses import softmax_cross_entropy
from ..compare import as_numbers, describe
from ..exercise import Case, Exercise, ResultForm, wrong
from ..inputs import whole
from .predictions import DZ

# --- the right answers, as a student would write them ------------------------------------------------------------------


def softmax_jacobian(z):
    e = np.exp(z - z.max())
    p = e / e.sum()
    same = np.eye(len(p))
    J = p[:, None] * (same - p)
    return J


def softmax_crossentropy_backward(dL, z, target):
    e = np.exp(z - z.max())
    dz = e / e.sum()
    dz[target] -= 1
    return dL * dz


# --- the same from the library -----------------------------------------------------------------------------------------


def _softmax_crossentropy_backward(dL, z, target):
    return dL * softmax_cross_entropy(np.asarray(z)[None], [target])[1][0]


# --- how a result is read ----------------------------------------------------------------------------------------------


def read_jacobian(result: Any) -> dict[str, np.ndarray]:
    """A square matrix as its diagonal and the rest of it: there are two kinds of entries, and each is judged by itself."""
    J = as_numbers(result)
    if J is None or J.ndim != 2 or J.shape[0] != J.shape[1]:
        what = describe(result) if J is None or isinstance(result, np.ndarray) else f"something of shape {J.shape}"
        raise ResultForm(f"softmax_jacobian should return a square array of numbers, (K, K) for K scores. It returned {what}.")
    diagonal = np.diag(J).copy()
    return {"diagonal": diagonal, "off_diagonal": J - np.diag(diagonal)}


# --- cases -------------------------------------------------------------------------------------------------------------


def _size(z: np.ndarray) -> str:
    return "around 1000" if np.max(np.abs(z)) > 500 else "ordinary"


def _scores_case(label: str, z: np.ndarray, form: str = "") -> Case:
    return Case(label, (z,), form=form, tags={"the size of the scores": _size(z), "the number of scores": len(z)})


def jacobian_visible() -> list[Case]:
    return [
        _scores_case("two scores, p = (0.3, 0.7)", np.log([3.0, 7.0])),
        _scores_case("the worked scores, p = (0.2, 0.3, 0.5)", np.log([2.0, 3.0, 5.0])),
        _scores_case("whole numbers of type int", np.array([1.0, 0, -1, 2]), "integers"),
        _scores_case("scores around 1000, read-only", np.array([1000.0, 999, 1001, -1000]), "read-only"),
    ]


def jacobian_weak() -> list[Case]:
    return [_scores_case("one score of 0", np.zeros(1)), _scores_case("one score of 1", np.ones(1))]


def jacobian_draw(rng: np.random.Generator, K: int = 4, shift: float = 0.0, form: str = "") -> Case:
    z = _spread(rng, K) + shift
    return _scores_case(f"{K} scores{f' around {shift:g}' if shift else ''}{', ' + form if form else ''}", z, form)


def _spread(rng: np.random.Generator, K: int) -> np.ndarray:
    """K scores of which no two are equal and none is certain to win."""
    return rng.permutation(np.arange(K)) * 0.5 + whole(rng, 1, low=-2, high=2) * (0.5 if K > 1 else 0.0)


def _target_case(label: str, dL: float, z: np.ndarray, target: int, form: str = "") -> Case:
    return Case(label, (dL, z, target), form=form, constants={"dL, the upstream gradient,": dL, "K, the number of scores,": len(z)},
                tags={"dL": "1" if dL == 1 else "not 1", "the size of the scores": _size(z),
                      "the target": "the first class" if target == 0 else "the last class" if target == len(z) - 1 else "a class in between"})


def target_visible() -> list[Case]:
    return [
        _target_case("p = (0.3, 0.7), the second is the target", 1.0, np.log([3.0, 7.0]), 1),
        _target_case("p = (0.2, 0.3, 0.5), the first is the target, dL = 5", 5.0, np.log([2.0, 3.0, 5.0]), 0),
        _target_case("whole numbers of type int, dL = -2", -2.0, np.array([1.0, 0, -1, 2]), 1, "integers"),
        _target_case("scores around 1000, read-only, dL = 0.5", 0.5, np.array([1000.0, 999, 1001]), 2, "read-only"),
        _target_case("a target whose p rounds to 0", 3.0, np.array([0.0, -1000, 1]), 1),
    ]


def target_weak() -> list[Case]:
    return [_target_case("one class, dL = 1", 1.0, np.zeros(1), 0), _target_case("one class, z = 1, dL = 1", 1.0, np.ones(1), 0),
            _target_case("dL = 0", 0.0, np.log([3.0, 7.0]), 1)]


def target_draw(rng: np.random.Generator, K: int = 4, dL: float = 2.0, target: int = 1, shift: float = 0.0, form: str = "") -> Case:
    z = _spread(rng, K) + shift
    return _target_case(f"{K} scores{f' around {shift:g}' if shift else ''}, dL = {dL:g}, class {target} is the target", dL, z, target, form)


# --- exercises ---------------------------------------------------------------------------------------------------------

OVERFLOW = ("e = np.exp(z - z.max())", "e = np.exp(z)")

SOFTMAX = (
    Exercise(
        id="03.softmax_jacobian",
        rows=("A-softmaxjac",),
        answer=(softmax_jacobian,),
        reference=(jacobian.softmax_jacobian,),
        arguments=("z",),
        outputs=("diagonal", "off_diagonal"),
        unpack=read_jacobian,
        visible=jacobian_visible,
        weak=jacobian_weak,
        draw=jacobian_draw,
        hints=(
            "First get p, and subtract the largest score before np.exp. Then there are two kinds of entries: on the diagonal and off it.",
            r"$J_{ii} = p_i(1-p_i)$ and $J_{ij} = -p_i\,p_j$ for $i \ne j$.",
            "Both at once: `np.diag(p) - np.outer(p, p)`. Two loops over i and j with an `if` do as well.",
        ),
        misconceptions=(
            wrong("treated as elementwise",
                  "Your J is diagonal, as for an elementwise function. Softmax is none: its denominator holds every score, so raising one "
                  "score lowers all other p. Off the diagonal stands -p_i·p_j.",
                  ("p[:, None] * (same - p)", "p[:, None] * (same - p) * same")),
            wrong("sign off the diagonal",
                  "Your entries off the diagonal are positive. Raising one score takes probability away from the others: -p_i·p_j. "
                  "Each row has to sum to 0.",
                  ("p[:, None] * (same - p)", "np.abs(p[:, None] * (same - p))")),
            wrong("diagonal by the rule for the others",
                  "You used -p_i·p_j on the diagonal too. There the numerator depends on the score as well, which adds p_i: p_i(1 - p_i), "
                  "never negative.",
                  ("p[:, None] * (same - p)", "p[:, None] * -p")),
            wrong("denominator held fixed",
                  "On the diagonal you have p_i: that treats the sum in the denominator as a constant. It grows with z_i too, "
                  "which takes p_i² away: p_i(1 - p_i).",
                  ("p[:, None] * (same - p)", "p[:, None] * np.where(same == 1, 1, -p)")),
            wrong("1 - p off the diagonal",
                  "You used p_i(1 - p_j) everywhere. The 1 comes from the numerator e^(z_i), and that depends on z_i only: off the "
                  "diagonal it is missing, and -p_i·p_j is left.",
                  ("p[:, None] * (same - p)", "p[:, None] * (1 - p)")),
            wrong("scores in place of probabilities",
                  "You put the scores z into p(1 - p). That formula wants the softmax's output: compute p first.",
                  ("p = e / e.sum()", "p = z * 1.0")),
            wrong("not divided by the sum",
                  "You worked with e^z, shifted, but not yet divided by its sum. p has to sum to 1.",
                  ("p = e / e.sum()", "p = e")),
            wrong("overflow",
                  "You computed e^z directly: for a score of 1000 that is infinite, and inf/inf is NaN. Subtract the largest score first; "
                  "p stays the same.",
                  OVERFLOW),
        ),
    ),
    DZ,
    Exercise(
        id="03.softmax_crossentropy_backward",
        rows=("A-softmaxjac", "E-softmaxce"),
        answer=(softmax_crossentropy_backward,),
        reference=(_softmax_crossentropy_backward,),
        arguments=("dL", "z", "target"),
        outputs=("dz",),
        visible=target_visible,
        weak=target_weak,
        draw=target_draw,
        hints=(
            "Do not form J here, and do not divide by p. What is left of p_t(1 - p_t) times -1/p_t? And of -p_t·p_k times -1/p_t?",
            r"$dz_k = dL\cdot(p_k - 1)$ for the target, $dz_k = dL\cdot p_k$ for all others.",
            "Compute p with the largest score subtracted. Then `dz = p.copy()`, `dz[target] -= 1`, `return dL * dz`.",
        ),
        misconceptions=(
            wrong("only the target's score",
                  "Only your target's entry is not 0: you used the diagonal of the softmax's Jacobian alone. The other scores are in the "
                  "denominator, and raising them raises the loss: they get p_k.",
                  ("return dL * dz", "return dL * dz * (np.arange(dz.size) == target)")),
            wrong("sign turned round",
                  "Your signs are turned round: you have y - p. The loss falls when the target's score rises, so its entry is negative, p - 1.",
                  ("return dL * dz", "return -dL * dz")),
            wrong("1 taken from every score",
                  "You subtracted 1 from every p. Only the target's entry is p - 1; the others are p. The entries of dz sum to 0.",
                  ("dz[target] -= 1", "dz -= 1")),
            wrong("1 not subtracted",
                  "You returned the probabilities. At the target, 1 has to be subtracted: p - 1.",
                  ("dz[target] -= 1", "dz[target] -= 0")),
            wrong("stopped at the gradient by p",
                  "You stopped at -1/p for the target and 0 for the others: that is the gradient by p. One more step of the chain rule, the "
                  "softmax's Jacobian, leads to the scores.",
                  ("dz[target] -= 1", "dz = np.where(np.arange(dz.size) == target, -1 / dz, 0.0)")),
            wrong("probabilities left out",
                  "You returned -1 for the target and 0 for the others: the probabilities are missing. The target's entry is p - 1, all "
                  "others are p.",
                  ("dz = e / e.sum()", "dz = np.zeros(z.size)")),
            wrong("magnitudes",
                  "Your target's entry is 1 - p, with the others p: its sign is lost. More of the target's score means less loss, so it is "
                  "p - 1.",
                  ("return dL * dz", "return dL * np.abs(dz)")),
            wrong("upstream gradient left out",
                  "You left out dL. With dL = 1 that makes no difference; in general it multiplies every entry.",
                  ("return dL * dz", "return dz")),
            wrong("classes counted from 1",
                  "You subtracted 1 from the entry before the target's. Classes are counted from 0 here, so the target's entry is p[target].",
                  ("dz[target] -= 1", "dz[target - 1] -= 1")),
            wrong("scores in place of probabilities",
                  "You subtracted from the scores. p - y wants the softmax's output: compute p first.",
                  ("dz = e / e.sum()", "dz = z * 1.0")),
            wrong("divided by the number of classes",
                  "You divided by the number of classes. The loss is -ln of one number, the target's p: no mean over classes is taken.",
                  ("return dL * dz", "return dL * dz / dz.size")),
            wrong("overflow",
                  "You computed e^z directly: for a score of 1000 that is infinite, and inf/inf is NaN. Subtract the largest score first: "
                  "p stays the same.",
                  OVERFLOW),
        ),
    ),
)
