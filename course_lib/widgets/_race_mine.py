"""A learner's own step in the race: called with care, its result looked at, and what is wrong said with its place."""

import math
import traceback

import numpy as np

from ._race_runs import LIMIT, finish, walk


class StepFailed(Exception):
    """The learner's step raised, or returned what is no step; the message says what and where."""


def race_mine(setup, step, name, lr, before=None):
    """Return what the browser is told of a learner's step: {"name", "of", "run", "problem"}.

    Arguments:
        setup   a checked setup
        step    function (w, dw, state, *, lr) -> (w, state), of arrays of two weights; state is {} at first
        name    what it is called in the widget
        lr      its rate
        before  what was returned for the last setup: its run stays where the step fails now
    Returns:
        dict: of says for which setup the run is (see `key`), run is None where there never was one
    """
    kept = []

    def guarded(w, dw, state):
        count = len(kept)
        new, state = _call(step, w, dw, state, lr, name, count)
        kept.append(new.tolist())
        return new, state

    try:
        with np.errstate(all="ignore"):
            run = finish(setup, *walk(setup, guarded))
    except StepFailed as failed:
        if before and before["run"]:
            return {**before, "problem": str(failed)}
        points = [setup["start"], *kept]  # there is no last good run: show how far it came
        run = finish(setup, points, list(range(len(points))), [], "failed")
        return {"name": name, "of": key(setup, lr), "run": run, "problem": str(failed)}
    return {"name": name, "of": key(setup, lr), "run": run, "problem": ""}


def key(setup, lr):
    """What a run depends on, as one line; the browser makes the same line, to tell whether a run is up to date."""
    numbers = [setup["kappa"], *setup["start"], setup["seed"], setup["budget"], lr]
    return " ".join([setup["surface"], *(f"{float(number):.6g}" for number in numbers)])


def _call(step, w, dw, state, lr, name, count):
    """One step: its new weights as a float array of two, and its state."""
    where = f"at step {count + 1}, where w = {_short(w)} and dw = {_short(dw)}"
    try:
        returned = step(w.copy(), dw.copy(), state, lr=lr)
    except Exception as error:
        raise StepFailed(f"{name} raised {type(error).__name__}: {error} {_line_of(error, step)}{where}") from error
    if not isinstance(returned, (tuple, list)) or len(returned) != 2:
        what = f"{len(returned)} values" if isinstance(returned, (tuple, list)) else f"{type(returned).__name__}"
        raise StepFailed(f"{name} returned {what} {where}; expected a pair (w, state)")
    try:
        new = np.array(returned[0])
        if new.dtype.kind not in "iuf":
            raise TypeError
        new = new.astype(float)
    except (TypeError, ValueError):
        raise StepFailed(f"{name} returned {returned[0]!r} as w {where}; expected an array of two numbers") from None
    if new.shape != (2,):
        raise StepFailed(f"{name} returned w of shape {new.shape} {where}; expected shape (2,), that of w")
    if np.isnan(new).any():
        raise StepFailed(f"{name} returned NaN {where}: w = {_short(new)}")
    return np.clip(new, -10 * LIMIT, 10 * LIMIT), returned[1]  # infinite: beyond the limit, which ends the run


def _line_of(error, step):
    """ "in line 3 of it, ": counted from the `def`, where the error comes from the step's own lines."""
    code = getattr(step, "__code__", None)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if code and f.filename == code.co_filename]
    if not frames:
        return ""
    text = f" ({frames[-1].line})" if frames[-1].line else ""
    return f"in line {frames[-1].lineno - code.co_firstlineno + 1} of it{text}, "


def _short(w):
    return f"[{', '.join(f'{v:.4g}' if math.isfinite(v) else str(v) for v in w.tolist())}]"
