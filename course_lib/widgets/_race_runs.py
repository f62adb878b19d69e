"""What OptimizerRace races: the methods with their settings, and the runs they take, by course_lib.optim's own steps.

A *setup* is a dict that JSON can hold: surface, kappa, start [w0, w1], seed (of the noise), budget (how many gradients
each method may evaluate), on (names of methods), rates ("same", "tuned" or "own"), rate (of all, where it is the same),
settings {method: {option: number}}, and a revision that counts its changes. A *run* is a dict too: points [[w0, w1],
...], evals (how many gradients had been evaluated on arrival at each point), gaps (the loss above its lowest value),
effective (‖step‖ / ‖gradient‖ of each step), ended ("", "diverged", "flat", "stuck" or "failed"), goal (evaluations
until the gap was at most 1e-4 for good, or None).
"""

import math

import numpy as np

from .. import _validate, optim
from ._base import capped
from ._race_lbfgs import lbfgs
from ._race_surfaces import KAPPAS, SURFACES, evaluate
from ._race_tuning import TUNED

LIMIT = 1000.0  # a weight beyond it has left for good: the run ends as diverged, long before anything overflows
GOAL = 1e-4
MOST = {"budget": 500, "seed": 999}
RATES = ("same", "tuned", "own")
RATE = (1e-5, 10.0)
LECTURE = 0.003

# name: (title, {option: (at the start, smallest, largest, kind of slider)})
_LR = ("lr", (LECTURE, *RATE, "log"))
METHODS = {
    "sgd": ("SGD", dict([_LR])),
    "momentum": ("Momentum", dict([_LR, ("momentum", (0.0, 0.0, 0.999, "decay"))])),
    "nesterov": ("Nesterov", dict([_LR, ("momentum", (0.0, 0.0, 0.999, "decay"))])),
    "adagrad": ("Adagrad", dict([_LR])),
    "rmsprop": ("RMSprop", dict([_LR, ("alpha", (0.99, 0.0, 0.999, "decay"))])),
    "adam": ("Adam", dict([_LR, ("beta1", (0.9, 0.0, 0.999, "decay")), ("beta2", (0.999, 0.0, 0.9999, "decay"))])),
    "lamb": ("LAMB", dict([_LR, ("beta1", (0.9, 0.0, 0.999, "decay")), ("beta2", (0.999, 0.0, 0.9999, "decay"))])),
    "rprop": ("rprop", dict([_LR, ("shrink", (0.5, 0.1, 0.9, "log")), ("grow", (1.2, 1.01, 2.0, "log"))])),
    "lbfgs": ("L-BFGS", {"memory": (5, 1, 10, "whole")}),
    "mine": ("your step", dict([_LR])),
}
ENTRIES = ("surface", "kappa", "start", "seed", "budget", "on", "rates", "rate", "settings", "revision")


def default_settings():
    return {name: {option: about[0] for option, about in options.items()} for name, (_, options) in METHODS.items()}


def check_setup(setup):
    """Return the setup with every entry checked and in its plain form. Errors: ValueError, TypeError."""
    if not isinstance(setup, dict) or set(setup) != set(ENTRIES):
        raise ValueError(f"setup: expected a dict with the entries {', '.join(ENTRIES)}")
    surface = _one_of("surface", setup["surface"], SURFACES)
    if setup["kappa"] not in KAPPAS or isinstance(setup["kappa"], bool):
        raise ValueError(f"kappa: expected one of {', '.join(map(str, KAPPAS))}, got {setup['kappa']!r}")
    budget = _validate.integer("budget", setup["budget"], 1)
    capped("budget", budget, MOST["budget"], "gradient evaluations", "Choose fewer, or a faster rate.")
    on = setup["on"]
    if not isinstance(on, (list, tuple)):
        raise TypeError(f"on: expected a list of methods, got {on!r}")
    for name in on:
        _one_of("on", name, METHODS)
    return {
        "surface": surface, "kappa": int(setup["kappa"]), "start": check_start(setup["start"], surface),
        "seed": _validate.integer("seed", setup["seed"], 0, MOST["seed"]), "budget": budget,
        "on": [name for name in METHODS if name in on], "rates": _one_of("rates", setup["rates"], RATES),
        "rate": _validate.number("rate", setup["rate"], *RATE), "settings": check_settings(setup["settings"]),
        "revision": _validate.integer("revision", setup["revision"], 0),
    }  # fmt: skip


def check_start(start, surface):
    """Return the start as two floats inside the surface's box."""
    checked = _validate.finite("start", _validate.array("start", start))
    _validate.has_shape("start", checked, (2,), "two weights")
    box = SURFACES[surface].box
    for i, value in enumerate(checked):
        low, high = box[2 * i : 2 * i + 2]
        if not low <= value <= high:
            raise ValueError(f"start[{i}]: expected a number from {low:g} to {high:g} on this surface, got {value:g}")
    return checked.astype(float).tolist()


def check_settings(settings):
    """Return settings with every method's options; what is missing is as at the start."""
    if not isinstance(settings, dict):
        raise TypeError(f"settings: expected a dict {{method: {{option: number}}}}, got {settings!r}")
    checked = default_settings()
    for name, options in settings.items():
        _one_of("settings", name, METHODS)
        if not isinstance(options, dict):
            raise TypeError(f"settings[{name!r}]: expected a dict of options, got {options!r}")
        for option, value in options.items():
            _one_of(f"settings[{name!r}]", option, checked[name])
            _, low, high, kind = METHODS[name][1][option]
            where = f"settings[{name!r}][{option!r}]"
            check = _validate.integer if kind == "whole" else _validate.number
            checked[name][option] = check(where, value, low, high)
    return checked


def _one_of(name, value, allowed):
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name}: expected one of {', '.join(allowed)}, got {value!r}")
    return value


def options_of(setup, name):
    """The options that a method runs with: its settings, with the rate that is the same for all, or the tuned ones."""
    options = dict(setup["settings"][name])
    if setup["rates"] == "same" and "lr" in options:
        options["lr"] = setup["rate"]
    if setup["rates"] == "tuned":
        options |= tuned(setup["surface"], setup["kappa"]).get(name, {})
    return options


def tuned(surface, kappa):
    """{method: {option: number}} of the tuning for this surface."""
    return TUNED[f"quadratic {kappa}" if surface == "quadratic" else surface]


def step_of(name, options):
    """The step of course_lib.optim for a method: (w, dw, state) -> (w, state)."""
    lr = options["lr"]
    if name in ("sgd", "momentum", "nesterov"):
        beta = options.get("momentum", 0.0)
        more = {"momentum": beta, "nesterov": name == "nesterov" and beta > 0}
    elif name in ("adam", "lamb"):
        more = {"betas": (options["beta1"], options["beta2"])}
    elif name == "rprop":
        more = {"etas": (options["shrink"], options["grow"])}
    else:
        more = {option: value for option, value in options.items() if option != "lr"}
    step = optim.sgd if name in ("momentum", "nesterov") else getattr(optim, name)
    return lambda w, dw, state: step(w, dw, state, lr=lr, **more)


def race(setup, name):
    """Return the run of one method in a checked setup."""
    options = options_of(setup, name)
    if name == "lbfgs":
        found = lbfgs(
            lambda w0, w1, count: _evaluate(setup, w0, w1, count),
            setup["start"], memory=options["memory"], budget=setup["budget"], limit=LIMIT,
        )  # fmt: skip
        return finish(setup, *found)
    return finish(setup, *walk(setup, step_of(name, options)))


def walk(setup, step):
    """Take steps until the budget is spent or the run has left for good: (points, evals, gradients, ended)."""
    w, state = np.array(setup["start"]), {}
    points, evals, gradients = [w.tolist()], [0], []
    for count in range(setup["budget"]):
        _, *gradient = _evaluate(setup, *points[-1], count)
        gradients.append(gradient)
        w, state = step(w, np.array(gradient), state)
        if not np.all(np.abs(w) <= LIMIT):
            return points, evals, gradients, "diverged"
        points.append(w.tolist())
        evals.append(count + 1)
    return points, evals, gradients, ""


def finish(setup, points, evals, gradients, ended):
    """The run with what the views show of it."""
    lowest = SURFACES[setup["surface"]].lowest
    gaps = [max(0.0, _evaluate(setup, *point, None)[0] - lowest) for point in points]
    effective = []
    for (a0, a1), (b0, b1), (g0, g1) in zip(points, points[1:], gradients):
        slope = math.sqrt(g0 * g0 + g1 * g1)
        moved = math.sqrt((b0 - a0) * (b0 - a0) + (b1 - a1) * (b1 - a1))
        effective.append(moved / slope if slope > 0 else 0.0)
    arrived = len(gaps)  # the first point after which the gap never grows beyond the goal again
    while arrived > 0 and gaps[arrived - 1] <= GOAL:
        arrived -= 1
    goal = evals[arrived] if arrived < len(gaps) else None
    return {"points": points, "evals": evals, "gaps": gaps, "effective": effective, "ended": ended, "goal": goal}


def _evaluate(setup, w0, w1, count):
    return evaluate(setup["surface"], w0, w1, kappa=setup["kappa"], seed=setup["seed"], count=count)


def radius(alpha, beta, curvature):
    """The spectral radius of the momentum iteration along a direction of this curvature: the factor of a step.

    Formula: z² - (1 + β - αλ)·z + β = 0, the larger |z|; where the roots are complex, both are √β long
    """
    middle = 1 + beta - alpha * curvature
    inside = middle * middle - 4 * beta
    return math.sqrt(beta) if inside < 0 else 0.5 * (abs(middle) + math.sqrt(inside))
