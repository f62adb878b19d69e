"""What CrossEntropySliders shows, as numbers: an example, checked, and what the course's loss computes from it.

An *example* is a dict that JSON can hold: names (K texts), scores (K numbers), target (an index), low and high (the
ends of the sliders), and a revision. `static/entropy_numbers.js` holds the same formulas for pages without a kernel;
tests compare the two.
"""

import math

import numpy as np

from .. import _validate
from ..losses import softmax, softmax_cross_entropy
from ._base import capped
from ._example import check_entries, within

CLASSES = ("penguin", "building", "chair", "person", "bird")
MOST = {"classes": 8, "letters": 20}
ROOM = 5.0  # how far the sliders reach beyond the scores
ENTRIES = ("names", "scores", "target", "low", "high", "revision")


def make_example(scores, target=0, *, names=None):
    """Return the example that these arguments describe; the sliders reach 5 beyond the scores, over whole numbers.

    Arguments:
        scores  (K,), 2 to 8 finite numbers
        target  index of the true class, or its name
        names   K texts, or None: the lecture's five classes where K is 5, else "class 0", "class 1", ...
    Errors: ValueError, TypeError: fewer than 2 scores, more than 8, NaN; a target that is no class; names that repeat.
    """
    checked = check_scores(scores)
    if names is None:
        names = CLASSES if len(checked) == len(CLASSES) else [f"class {k}" for k in range(len(checked))]
    if isinstance(target, str):
        if target not in names:
            raise ValueError(f"target: expected one of {', '.join(names)}, got {target!r}")
        target = list(names).index(target)
    low, high = math.floor(checked.min() - ROOM), math.ceil(checked.max() + ROOM)
    return check_example({
        "names": list(names), "scores": checked, "target": target, "low": low, "high": high, "revision": 0,
    })  # fmt: skip


def check_scores(scores):
    checked = _validate.finite("scores", _validate.array("scores", scores, axes="K"))
    if len(checked) < 2:
        raise ValueError(f"scores: expected at least 2, one for each class, got {len(checked)}")
    capped("scores", len(checked), MOST["classes"], "classes", "Show some of them.")
    return within("scores", checked)


def check_example(example):
    """Return the example with every entry checked and in its plain form."""
    check_entries(example, ENTRIES)
    scores, names = check_scores(example["scores"]), example["names"]
    texts = isinstance(names, (list, tuple)) and all(isinstance(name, str) for name in names)
    if not texts or len(names) != len(scores):
        raise ValueError(f"names: expected {len(scores)} texts, one for each score, got {names!r}")
    if len(set(names)) < len(names) or not all(0 < len(n.strip()) <= MOST["letters"] for n in names):
        raise ValueError(f"names: expected different names of 1 to {MOST['letters']} letters, got {', '.join(names)}")
    low, high = (_validate.number(name, example[name], -2e6, 2e6) for name in ("low", "high"))
    if not low <= scores.min() or not scores.max() <= high or not low < high:
        raise ValueError(f"low, high: expected ends that hold all scores between them, got {low:g} and {high:g}")
    return {
        "names": list(names), "scores": scores.astype(float).tolist(),
        "target": _validate.integer("target", example["target"], 0, len(scores) - 1), "low": low, "high": high,
        "revision": _validate.integer("revision", example["revision"], 0),
    }  # fmt: skip


def numbers(example):
    """Return all that the widget shows of a checked example, by the course's own functions.

    Returns:
        dict: p (K,), the softmax; loss, -log p[target]; gradient (K,), p - y; shifted (K,), the scores less the
        largest; exps (K,), their exponentials; total, the sum of these; overflows, whether e to the largest score is
        too large for a float64; revision, the example's
    """
    scores, target = np.array(example["scores"]), example["target"]
    loss, gradient = softmax_cross_entropy(scores[None], np.array([target]))
    exps = np.exp(scores - scores.max())
    return {
        "revision": example["revision"], "p": softmax(scores).tolist(), "loss": loss + 0.0,
        "gradient": gradient[0].tolist(), "shifted": (scores - scores.max()).tolist(), "exps": exps.tolist(),
        "total": float(exps.sum()), "overflows": bool(scores.max() > math.log(np.finfo(float).max)),
    }  # fmt: skip


def presets():
    """Return {name: preset} in the order of the menu; a preset has title, note, example."""
    found = {}

    def add(name, title, note, scores, target, **options):
        found[name] = {"title": title, "note": note, "example": make_example(scores, target, **options)}

    add(
        "A-ce5",
        "Five classes, a chair",
        "The target's bar points left, all others right: raising the target's score "
        "lowers the loss, and raising any other raises it.",
        [1.0, 2.0, 2.5, 0.5, -1.0],
        "chair",
    )
    add(
        "A-ce5/uniform",
        "All scores equal: L = log 5",
        "Where a new classifier starts: every p is 0.2, and the loss is log 5 ≈ 1.609.",
        [0, 0, 0, 0, 0],
        "bird",
    )
    add(
        "A-ce5/right",
        "Sure and right",
        "The loss is near 0, and so is every gradient: nothing is left to learn.",
        [0, -1, 6, 0.5, -2],
        "chair",
    )
    add(
        "A-ce5/wrong",
        "Sure and wrong",
        "The gradients of the target and of the wrong favourite are near −1 and +1, however wrong the scores are.",
        [6, -1, 0, 0.5, -2],
        "chair",
    )
    add(
        "A-ce5/shift",
        "Scores near 1000",
        "e¹⁰⁰³ is too large for a computer's number. Only differences count: subtract the largest score first.",
        [1000, 1002, 1003, 999, 998],
        "chair",
    )
    add(
        "E-softmaxce",
        "Two classes: p = 0.3 and 0.7",
        "The target is the second: its gradient is p − 1 = −0.3, the other's is p = 0.3. They always sum to 0.",
        np.log([0.3, 0.7]),
        1,
        names=["first", "second"],
    )
    return found
