"""The rates of "each tuned": for every surface, what does best from the surface's usual start.

"Best" is the lowest mean of log10(loss above its minimum, at least 1e-8) over 150 gradient evaluations, so that being
fast and getting deep both count; what diverges is out. Tried are 24 rates a decade from 1e-5 to 9.1, and for momentum
and Nesterov's also nine values of β. Nothing in it is random but the noise of the noisy surface, which has its seed.
`python -m course_lib.widgets._race_tuning` computes the table again; tests compare.
"""

import math

BUDGET = 150
_E24 = "1.0 1.1 1.2 1.3 1.5 1.6 1.8 2.0 2.2 2.4 2.7 3.0 3.3 3.6 3.9 4.3 4.7 5.1 5.6 6.2 6.8 7.5 8.2 9.1"
GRID = [float(f"{digits}e{power}") for power in range(-5, 1) for digits in _E24.split()]
BETAS = [0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98]
DEEPEST = 1e-8

# {surface, of the quadratic with its κ: {method: {option: number}}}
TUNED = {
    "quadratic 1": {
        "sgd": {"lr": 0.0016}, "momentum": {"lr": 0.0016, "momentum": 0.0},
        "nesterov": {"lr": 0.0016, "momentum": 0.0}, "adagrad": {"lr": 1.3}, "rmsprop": {"lr": 0.13},
        "adam": {"lr": 0.51}, "lamb": {"lr": 1.3}, "rprop": {"lr": 2.2},
    },
    "quadratic 2": {
        "sgd": {"lr": 0.0022}, "momentum": {"lr": 0.0022, "momentum": 0.0},
        "nesterov": {"lr": 0.0018, "momentum": 0.3}, "adagrad": {"lr": 1.3}, "rmsprop": {"lr": 0.13},
        "adam": {"lr": 0.51}, "lamb": {"lr": 1.3}, "rprop": {"lr": 2.2},
    },
    "quadratic 5": {
        "sgd": {"lr": 0.0027}, "momentum": {"lr": 0.0024, "momentum": 0.3},
        "nesterov": {"lr": 0.002, "momentum": 0.5}, "adagrad": {"lr": 1.3}, "rmsprop": {"lr": 0.13},
        "adam": {"lr": 0.56}, "lamb": {"lr": 1.3}, "rprop": {"lr": 2.2},
    },
    "quadratic 10": {
        "sgd": {"lr": 0.003}, "momentum": {"lr": 0.0036, "momentum": 0.3}, "nesterov": {"lr": 0.002, "momentum": 0.5},
        "adagrad": {"lr": 1.3}, "rmsprop": {"lr": 0.13}, "adam": {"lr": 0.33}, "lamb": {"lr": 1.3},
        "rprop": {"lr": 2.2},
    },
    "quadratic 20": {
        "sgd": {"lr": 0.003}, "momentum": {"lr": 0.0033, "momentum": 0.5}, "nesterov": {"lr": 0.002, "momentum": 0.7},
        "adagrad": {"lr": 1.3}, "rmsprop": {"lr": 0.13}, "adam": {"lr": 0.39}, "lamb": {"lr": 1.3},
        "rprop": {"lr": 2.2},
    },
    "quadratic 50": {
        "sgd": {"lr": 0.003}, "momentum": {"lr": 0.0047, "momentum": 0.6}, "nesterov": {"lr": 0.002, "momentum": 0.8},
        "adagrad": {"lr": 1.3}, "rmsprop": {"lr": 0.13}, "adam": {"lr": 0.39}, "lamb": {"lr": 1.3},
        "rprop": {"lr": 2.2},
    },
    "quadratic 100": {
        "sgd": {"lr": 0.003}, "momentum": {"lr": 0.0047, "momentum": 0.7},
        "nesterov": {"lr": 0.0022, "momentum": 0.8}, "adagrad": {"lr": 1.3}, "rmsprop": {"lr": 0.12},
        "adam": {"lr": 0.39}, "lamb": {"lr": 1.3}, "rprop": {"lr": 2.2},
    },
    "quadratic 200": {
        "sgd": {"lr": 0.003}, "momentum": {"lr": 0.0039, "momentum": 0.8}, "nesterov": {"lr": 0.002, "momentum": 0.9},
        "adagrad": {"lr": 1.2}, "rmsprop": {"lr": 0.12}, "adam": {"lr": 0.39}, "lamb": {"lr": 1.3},
        "rprop": {"lr": 2.2},
    },
    "quadratic 500": {
        "sgd": {"lr": 0.0027}, "momentum": {"lr": 0.0056, "momentum": 0.8},
        "nesterov": {"lr": 0.0018, "momentum": 0.95}, "adagrad": {"lr": 1.2}, "rmsprop": {"lr": 0.12},
        "adam": {"lr": 0.36}, "lamb": {"lr": 1.3}, "rprop": {"lr": 2.2},
    },
    "quadratic 1000": {
        "sgd": {"lr": 0.0022}, "momentum": {"lr": 0.0043, "momentum": 0.9},
        "nesterov": {"lr": 0.0018, "momentum": 0.95}, "adagrad": {"lr": 1.2}, "rmsprop": {"lr": 0.12},
        "adam": {"lr": 0.36}, "lamb": {"lr": 1.3}, "rprop": {"lr": 2.2},
    },
    "ravine": {
        "sgd": {"lr": 0.003}, "momentum": {"lr": 0.0047, "momentum": 0.7},
        "nesterov": {"lr": 0.0022, "momentum": 0.8}, "adagrad": {"lr": 1.3}, "rmsprop": {"lr": 0.13},
        "adam": {"lr": 0.82}, "lamb": {"lr": 0.75}, "rprop": {"lr": 1.5},
    },
    "rosenbrock": {
        "sgd": {"lr": 0.0056}, "momentum": {"lr": 0.0036, "momentum": 0.7},
        "nesterov": {"lr": 0.0012, "momentum": 0.95}, "adagrad": {"lr": 1.8}, "rmsprop": {"lr": 0.18},
        "adam": {"lr": 0.82}, "lamb": {"lr": 0.13}, "rprop": {"lr": 1.2},
    },
    "beale": {
        "sgd": {"lr": 0.051}, "momentum": {"lr": 0.027, "momentum": 0.6}, "nesterov": {"lr": 0.02, "momentum": 0.7},
        "adagrad": {"lr": 2.0}, "rmsprop": {"lr": 0.24}, "adam": {"lr": 0.18}, "lamb": {"lr": 0.075},
        "rprop": {"lr": 0.82},
    },
    "saddle": {
        "sgd": {"lr": 0.0075}, "momentum": {"lr": 0.011, "momentum": 0.3},
        "nesterov": {"lr": 0.0051, "momentum": 0.5}, "adagrad": {"lr": 0.82}, "rmsprop": {"lr": 0.082},
        "adam": {"lr": 0.68}, "lamb": {"lr": 0.051}, "rprop": {"lr": 1.5},
    },
    "minima": {
        "sgd": {"lr": 0.091}, "momentum": {"lr": 0.091, "momentum": 0.0}, "nesterov": {"lr": 0.068, "momentum": 0.3},
        "adagrad": {"lr": 1.6}, "rmsprop": {"lr": 0.16}, "adam": {"lr": 0.68}, "lamb": {"lr": 0.12},
        "rprop": {"lr": 0.91},
    },
    "noisy": {
        "sgd": {"lr": 0.00082}, "momentum": {"lr": 0.00039, "momentum": 0.5},
        "nesterov": {"lr": 0.00024, "momentum": 0.7}, "adagrad": {"lr": 0.27}, "rmsprop": {"lr": 0.027},
        "adam": {"lr": 0.039}, "lamb": {"lr": 0.1}, "rprop": {"lr": 0.62},
    },
    "logistic": {
        "sgd": {"lr": 0.11}, "momentum": {"lr": 0.13, "momentum": 0.6}, "nesterov": {"lr": 0.082, "momentum": 0.5},
        "adagrad": {"lr": 2.4}, "rmsprop": {"lr": 0.24}, "adam": {"lr": 0.22}, "lamb": {"lr": 0.11},
        "rprop": {"lr": 0.082},
    },
}  # fmt: skip


def score(run):
    """What tuning minimises: the mean of log10(gap) over the evaluations."""
    if run["ended"] == "diverged":
        return math.inf
    return sum(math.log10(max(gap, DEEPEST)) for gap in run["gaps"]) / len(run["gaps"])


def tune(surface, kappa=20):
    """Return {method: {option: number}} for a surface; the first of the best where several are equally good."""
    from ._race_runs import METHODS, check_setup, default_settings, race
    from ._race_surfaces import SURFACES

    found = {}
    for name, (_, options) in METHODS.items():
        if name in ("lbfgs", "mine"):  # the one has no rate, the other is not ours
            continue
        best = math.inf
        for beta in BETAS if "momentum" in options else [None]:
            for rate in GRID:
                choice = {"lr": rate} if beta is None else {"lr": rate, "momentum": beta}
                setup = check_setup({
                    "surface": surface, "kappa": kappa, "start": SURFACES[surface].start, "seed": 0, "budget": BUDGET,
                    "on": [], "rates": "own", "rate": rate, "settings": {**default_settings(), name: choice},
                    "revision": 0,
                })  # fmt: skip
                reached = score(race(setup, name))
                if reached < best - 1e-9:
                    best, found[name] = reached, choice
    return found


def cases():
    """(name in the table, surface, kappa) of everything that is tuned."""
    from ._race_surfaces import KAPPAS, SURFACES

    for surface in SURFACES:
        for kappa in KAPPAS if surface == "quadratic" else [20]:
            yield (f"quadratic {kappa}" if surface == "quadratic" else surface), surface, kappa


if __name__ == "__main__":
    for key, *case in cases():
        print(f'    "{key}": {tune(*case)},', flush=True)
