"""Races to begin with: what to look at first, by the row of the syllabus that they show."""

from ._race_runs import LECTURE, METHODS, check_setup, default_settings
from ._race_surfaces import SURFACES

ALL = [name for name in METHODS if name != "mine"]


def make_setup(surface="quadratic", *, kappa=20, start=None, on=("sgd", "momentum"), rates="same", rate=LECTURE,
               settings=None, budget=150, seed=0):  # fmt: skip
    """Return the checked setup that these arguments describe. Errors: ValueError, TypeError."""
    if start is None and surface in SURFACES:
        start = SURFACES[surface].start
    return check_setup({
        "surface": surface, "kappa": kappa, "start": start, "seed": seed, "budget": budget, "on": on, "rates": rates,
        "rate": rate, "settings": default_settings() if settings is None else settings, "revision": 0,
    })  # fmt: skip


def presets():
    """Return {name: preset} in the menu's order; a preset has title, note, setup, focus and step (None: the end)."""
    found = {}

    def add(name, title, note, *, focus="momentum", step=None, **entries):
        found[name] = {"title": title, "note": note, "setup": make_setup(**entries), "focus": focus, "step": step}

    add("C-momentum", "The lecture's start: α = 0.0030, β = 0",
        "Without a β, momentum is plain SGD: one line lies on the other. Raise β, and see them part.")  # fmt: skip
    add("C-momentum/damped", "Momentum damps: β = 0.5",
        "The zigzag across the valley dies out sooner, and the way along it is faster.",
        settings={"momentum": {"momentum": 0.5}})  # fmt: skip
    add("C-momentum/swings", "Momentum's own oscillation: β = 0.95", step=4,
        note="The step is the gradient's part plus β times the last step. Past the minimum the gradient pulls back, "
             "but the last step is still long: it overshoots. Step on, and watch the two arrows.",
        on=["momentum"], rate=0.0006, settings={"momentum": {"momentum": 0.95}})  # fmt: skip
    add("C-momentum/range", "A larger range of rates: α = 0.0045",
        "Past 2/λ = 0.0033 plain SGD diverges; with β = 0.6 the limit is 2(1 + β)/λ = 0.0053.",
        rate=0.0045, settings={"momentum": {"momentum": 0.6}})  # fmt: skip
    add("A-gd", "Plain descent at the edge: α = 0.0034",
        "The bowl's steep way has λ = 600. Each step multiplies the distance by 1 - αλ = -1.04: it grows.",
        on=["sgd"], rate=0.0034, focus="sgd")  # fmt: skip
    add(
        "C-compare/same",
        "All nine, the same rate",
        "A rate means something else to every method: 0.003 is large for SGD, and hardly moves Adam.",
        on=ALL,
    )
    add("C-compare/tuned", "All nine, each tuned: Rosenbrock",
        "Now each has the rate that suits it best here. L-BFGS needs none: its line search finds the length.",
        surface="rosenbrock", on=ALL, rates="tuned")  # fmt: skip
    add("C-compare/saddle", "Past a saddle",
        "Near (0, 0) the gradient is tiny. Who divides by its size leaves at once; SGD waits.",
        surface="saddle", on=["sgd", "momentum", "rmsprop", "adam", "lbfgs"], focus="sgd",
        rates="own",
        settings={"momentum": {"momentum": 0.9}, "rmsprop": {"lr": 0.05}, "adam": {"lr": 0.1}})  # fmt: skip
    add("C-compare/minima", "Several minima: where each ends",
        "One start, several ends: a long step jumps over a dip that stops a short one.",
        surface="minima", on=["sgd", "momentum", "adagrad", "adam", "rprop", "lbfgs"], rates="own",
        settings={"sgd": {"lr": 0.02}, "momentum": {"lr": 0.02, "momentum": 0.9}, "adagrad": {"lr": 0.5},
                  "adam": {"lr": 0.2}, "rprop": {"lr": 0.1}})  # fmt: skip
    add("D-adaptive", "Adaptive steps in a slanted ravine",
        "A step size for each weight helps where the axes are steep and flat. Here they are aslant: compare with "
        "κ = 100 of the quadratic.",
        surface="ravine", on=["sgd", "momentum", "adagrad", "rmsprop", "adam"], rates="tuned",
        focus="adam")  # fmt: skip
    add("C-fullbatch", "Noise: mini-batches and full-batch methods",
        "L-BFGS's line search trusts every slope: the noise stops it at once. rprop's steps shrink whenever noise "
        "turns a sign, until it stands still. SGD and momentum go on trembling, the wider the larger α.",
        surface="noisy", on=["sgd", "momentum", "adam", "rprop", "lbfgs"], rates="tuned", focus="rprop")  # fmt: skip
    add("C-compare/digits", "Real data: 4 or 9?",
        "The logistic loss of sixty digits and two weights: a valley, since all ink is positive.",
        surface="logistic", on=["sgd", "momentum", "adam", "rprop", "lbfgs"], rates="tuned")  # fmt: skip
    return found
