"""OptimizerRace: nine methods, and yours, from the same start down the same surface."""

import dataclasses
import functools
import io
import json

import traitlets

from ._base import CourseWidget
from ._race_mine import race_mine
from ._race_picture import picture
from ._race_presets import make_setup, presets
from ._race_runs import METHODS, MOST, check_setup, options_of, race
from ._race_surfaces import DIGITS, KAPPAS, SURFACES
from ._race_tuning import TUNED


@functools.cache
def library():
    """What the browser needs to know besides the formulas."""
    return {
        "surfaces": {name: dataclasses.asdict(surface) for name, surface in SURFACES.items()},
        "methods": {name: {"title": title, "options": options} for name, (title, options) in METHODS.items()},
        "presets": [{"name": name, **preset} for name, preset in presets().items()],
        "tuned": TUNED, "digits": DIGITS, "kappas": KAPPAS, "most": MOST,
    }  # fmt: skip


class OptimizerRace(CourseWidget, script="optimizer_race.js", styles=["optimizer_race.css"]):
    """Optimisers on a surface of two weights: their ways, their loss for each gradient evaluated, their effective step.

    Formula: momentum on a quadratic multiplies a distance by |z|, the larger root of z² - (1 + β - αλ)z + β = 0

    Arguments:
        surface   "quadratic", "ravine", "rosenbrock", "beale", "saddle", "minima", "noisy" or "logistic"
        kappa     condition number of the quadratic: 1, 2, 5, 10, 20, 50, 100, 200, 500 or 1000
        start     two numbers inside the surface's box, or None for its usual start
        on        which methods run: "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "lamb", "rprop",
                  "lbfgs"
        rates     "same" (`rate` for all), "tuned" (what is best for each from the usual start) or "own" (the settings')
        rate      the rate of all, where it is the same
        settings  {method: {option: number}}, as `METHODS` in _race_runs.py lists them
        budget    gradient evaluations for each method, at most 500
        seed      of the noise on the noisy surface
        own       your step, a function (w, dw, state, *, lr) -> (w, state) as those of course_lib.optim; it races too
        preset    the name of a race from `OptimizerRace.presets()`, in place of the above
        focus     the method whose settings and arrows are shown
        step      how many evaluations are shown, or None for all
    Returns:
        a widget; run(name) is the run of a method, change(...) alters the race, own can be set anew, state() and
        restore(...) keep and bring back where it stands
    Errors: ValueError, TypeError: unknown names, numbers out of range, more than the widget can show. What is wrong
        with your own step is said in the widget.
    Lecture row: C-momentum, C-compare, A-gd, C-fullbatch, D-adaptive

    >>> from course_lib.widgets import OptimizerRace
    >>> race = OptimizerRace(on=["sgd", "lbfgs"], budget=20)
    >>> race
    OptimizerRace(quadratic κ=20, start (-1.6, 1.1), rate 0.003 for all, 20 evaluations: SGD 0.93, L-BFGS done after 9)
    """

    saved = ("setup", "focus", "step", "preset")
    setup = traitlets.Dict(help="surface, start, methods and rates; change() alters it").tag(sync=True)
    focus = traitlets.Enum(tuple(METHODS), "momentum").tag(sync=True)
    step = traitlets.Int(0, help="how many gradient evaluations are shown").tag(sync=True)
    preset = traitlets.Unicode("").tag(sync=True)
    mine = traitlets.Dict(help="the learner's step: its name, its run, and what is wrong with it").tag(sync=True)
    library = traitlets.Dict(help="surfaces, methods, tuned rates and presets, for the browser").tag(sync=True)

    def __init__(self, surface=None, *, kappa=None, start=None, on=None, rates=None, rate=None, settings=None,
                 budget=None, seed=None, own=None, preset=None, focus=None, step=None):  # fmt: skip
        entries = {"surface": surface, "kappa": kappa, "start": start, "on": on, "rates": rates, "rate": rate,
                   "settings": settings, "budget": budget, "seed": seed}  # fmt: skip
        entries = {name: value for name, value in entries.items() if value is not None}
        if preset is not None and entries:
            raise ValueError(f"preset: expected either a preset's name or {', '.join(entries)}, got both")
        if preset is None and not entries:
            preset = "C-momentum"
        if preset is not None and preset not in presets():
            raise ValueError(f"preset: expected one of {', '.join(presets())}, got {preset!r}")
        if own is not None and not callable(own):
            raise TypeError(f"own: expected a function (w, dw, state, *, lr) -> (w, state), got {own!r}")
        chosen = presets()[preset] if preset else {"setup": make_setup(**entries), "focus": None, "step": None}
        setup = chosen["setup"]
        if own is not None and "mine" not in setup["on"]:
            setup = {**setup, "on": [*setup["on"], "mine"]}
        if focus is None:
            focus = chosen["focus"] or ("momentum" if "momentum" in setup["on"] else (setup["on"] or ["sgd"])[0])
        if focus not in METHODS:
            raise ValueError(f"focus: expected one of {', '.join(METHODS)}, got {focus!r}")
        step = chosen["step"] if step is None else step
        self._own, self._runs = own, {}
        try:
            super().__init__(setup=setup, focus=focus, step=setup["budget"] if step is None else step,
                             preset=preset or "", library=json.loads(json.dumps(library())))  # fmt: skip
        except traitlets.TraitError as refused:
            raise ValueError(str(refused)) from refused

    @staticmethod
    def presets():
        """Return {name: title} of the races that come with the widget."""
        return {name: preset["title"] for name, preset in presets().items()}

    def change(self, **entries):
        """Change entries of the setup; settings are added to those that hold. A new surface has a start of its own."""
        allowed = ("surface", "kappa", "start", "on", "rates", "rate", "settings", "budget", "seed")
        if unknown := set(entries) - set(allowed):
            raise TypeError(f"change: expected {', '.join(allowed)}, got {', '.join(sorted(unknown))}")
        changed = {**self.setup, **entries, "revision": self.setup["revision"] + 1}
        if entries.get("surface") in SURFACES and "start" not in entries:
            changed["start"] = SURFACES[entries["surface"]].start
        if isinstance(entries.get("settings"), dict):
            merged = {name: {**options} for name, options in self.setup["settings"].items()}
            for name, options in entries["settings"].items():
                merged[name] = {**merged.get(name, {}), **options} if isinstance(options, dict) else options
            changed["settings"] = merged
        changed = check_setup(changed)
        with self.hold_sync(), self.hold_trait_notifications():  # the browser gets all of it in one message
            at_end = self.step >= self.setup["budget"]
            self.preset, self.setup = "", changed
            self.step = changed["budget"] if at_end else min(self.step, changed["budget"])

    @property
    def own(self):
        """The learner's step that races, or None; a new one takes the place of the old."""
        return self._own

    @own.setter
    def own(self, step):
        if step is not None and not callable(step):
            raise TypeError(f"own: expected a function (w, dw, state, *, lr) -> (w, state), got {step!r}")
        self._own = step
        others = [name for name in self.setup["on"] if name != "mine"]
        self.change(on=others if step is None else [*others, "mine"])

    def run(self, name):
        """Return the run of a method: points, evals, gaps, effective, ended, goal (see _race_runs.py)."""
        if name == "mine":
            if not self.mine.get("run"):
                raise ValueError("run: there is no step of yours in this race; give it as own=...")
            return self.mine["run"]
        if name not in METHODS:
            raise ValueError(f"run: expected one of {', '.join(METHODS)}, got {name!r}")
        known = json.dumps({**self.setup, "on": [], "revision": 0})
        if self._runs.get("of") != known:
            self._runs = {"of": known}
        if name not in self._runs:
            self._runs[name] = race(self.setup, name)
        return self._runs[name]

    @traitlets.validate("setup")
    def _check_setup(self, proposal):
        try:
            return check_setup(proposal["value"])
        except (ValueError, TypeError) as refused:
            raise traitlets.TraitError(str(refused)) from refused

    @traitlets.observe("setup")
    def _compute(self, change):
        if self._own is None:
            self.mine = {}
        else:
            name = getattr(self._own, "__name__", type(self._own).__name__)
            name = "your step" if name == "<lambda>" else name
            lr = options_of(self.setup, "mine")["lr"]
            self.mine = race_mine(self.setup, self._own, name, lr, self.mine)
        if self.step > self.setup["budget"]:
            self.step = self.setup["budget"]

    @traitlets.validate("step")
    def _check_step(self, proposal):
        if not 0 <= proposal["value"] <= self.setup.get("budget", MOST["budget"]):
            raise traitlets.TraitError(f"step: expected 0 to {self.setup['budget']}, got {proposal['value']}")
        return proposal["value"]

    def picture(self):
        return picture(self.setup, {self._title(name): (name, run) for name, run in self._shown_runs().items()})

    def _png(self):
        """The picture in few colours: a third of the size, in a notebook that holds it as text."""
        from PIL import Image  # comes with matplotlib

        packed = io.BytesIO()
        with Image.open(io.BytesIO(super()._png())) as whole:
            few = whole.convert("RGB").quantize(64, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
            few.save(packed, format="png", optimize=True)
        return packed.getvalue()

    def _shown_runs(self):
        return {name: self.run(name) for name in self.setup["on"] if name != "mine" or self.mine.get("run")}

    def _title(self, name):
        return self.mine["name"] if name == "mine" else METHODS[name][0]

    def describe(self):
        setup = self.setup
        surface = f"quadratic κ={setup['kappa']}" if setup["surface"] == "quadratic" else setup["surface"]
        rates = {"same": f"rate {setup['rate']:g} for all", "tuned": "each tuned", "own": "own rates"}[setup["rates"]]
        ends = [f"{self._title(name)} {outcome(run)}" for name, run in self._shown_runs().items()]
        return (
            f"OptimizerRace({surface}, start ({setup['start'][0]:g}, {setup['start'][1]:g}), {rates}, "
            f"{setup['budget']} evaluations: {', '.join(ends) or 'no method is on'})"
        )


def outcome(run):
    """How a run ended, in a word or two."""
    if run["ended"] in ("diverged", "failed"):
        return f"{run['ended']} after {run['evals'][-1]}"
    return f"done after {run['goal']}" if run["goal"] is not None else f"{run['gaps'][-1]:.2g}"
