"""OptimizerRace's numbers in the browser beside Python's: surfaces, noise, every method, the tuning, the map."""

import json

import numpy as np
import pytest

from course_lib.widgets._assets import module_source
from course_lib.widgets._race_mine import key
from course_lib.widgets._race_presets import ALL, make_setup, presets
from course_lib.widgets._race_runs import METHODS, RATES, race, radius
from course_lib.widgets._race_surfaces import SURFACES, evaluate, noise
from course_lib.widgets._race_tuning import BETAS, BUDGET, DEEPEST, GRID, TUNED, cases
from course_lib.widgets.optimizer_race import library

ENTRY = """async ([module, ...given]) => {
  const all = await import(URL.createObjectURL(new Blob([module], { type: "text/javascript" })));
  return (BODY)(all, ...given);
}"""


def call(show, entry, body, *given):
    return show().tab.evaluate(ENTRY.replace("BODY", body), [module_source(entry), *given])


def library_json():
    return json.loads(json.dumps(library()))


def points_of(surface, count=25):
    random = np.random.default_rng(3)
    x0, x1, y0, y1 = SURFACES[surface].box
    return [[float(random.uniform(x0, x1)), float(random.uniform(y0, y1))] for _ in range(count)]


@pytest.mark.row("C-compare")
def test_surfaces_and_gradients_are_pythons(show):
    given = [
        [make_setup(name, kappa=kappa, seed=4), points_of(name)]
        for name in SURFACES
        for kappa in ((1, 50, 1000) if name == "quadratic" else (20,))
    ]
    body = """({ surfaceOf }, cases, digits) => cases.map(([setup, points]) => {
      const evaluate = surfaceOf(setup, digits);
      return points.map((w, i) => [evaluate(...w), evaluate(...w, i)]);
    })"""
    got = call(show, "race_surfaces.js", body, given, library_json()["digits"])
    for (setup, points), results in zip(given, got):
        for i, (point, (still, counted)) in enumerate(zip(points, results)):
            options = {"kappa": setup["kappa"], "seed": 4}
            np.testing.assert_allclose(still, evaluate(setup["surface"], *point, **options), rtol=1e-13, atol=1e-13)
            np.testing.assert_allclose(
                counted, evaluate(setup["surface"], *point, count=i, **options), rtol=1e-12, atol=1e-12
            )


def test_noise_is_pythons(show):
    body = "({ noise }) => [0, 7, 999].map((s) => Array.from({ length: 200 }, (_, i) => noise(s, i)))"
    got = call(show, "race_surfaces.js", body)
    for seed, numbers in zip((0, 7, 999), got):
        np.testing.assert_allclose(numbers, [noise(seed, i) for i in range(200)], rtol=1e-12, atol=1e-14)


RUN = """({ race }, setups, library) => setups.map((setup) => setup.on.map((name) => race(setup, name, library)))"""


def assert_same_run(got, run, where):
    assert (got["ended"], got["goal"], len(got["points"])) == (run["ended"], run["goal"], len(run["points"])), where
    assert got["evals"] == run["evals"], where
    for name in ("points", "gaps", "effective"):
        np.testing.assert_allclose(got[name], run[name], rtol=1e-7, atol=1e-9, err_msg=f"{where} {name}")


@pytest.mark.row("C-compare", "C-sgdopts", "D-adaptive", "C-fullbatch")
@pytest.mark.parametrize("surface", SURFACES)
def test_every_method_takes_pythons_steps(show, surface):
    settings = {"momentum": {"momentum": 0.9}, "nesterov": {"momentum": 0.8}, "rmsprop": {"alpha": 0.9, "lr": 0.02},
                "adam": {"beta1": 0.8, "lr": 0.05}, "lamb": {"beta2": 0.99, "lr": 0.03}, "adagrad": {"lr": 0.3},
                "rprop": {"shrink": 0.4, "grow": 1.3, "lr": 0.1}, "lbfgs": {"memory": 3}}  # fmt: skip
    setups = [make_setup(surface, on=ALL, rates=rates, settings=settings, seed=2) for rates in RATES]
    setups.append(make_setup(surface, on=ALL, start=points_of(surface)[0], rate=0.001, kappa=200))
    got = call(show, "race_runs.js", RUN, setups, library_json())
    for i, (setup, runs) in enumerate(zip(setups, got)):
        for name, run in zip(setup["on"], runs):
            assert_same_run(run, race(setup, name), f"{surface} {name} setup {i}")


def test_every_preset_runs_as_in_python(show):
    setups = [preset["setup"] for preset in presets().values()]
    for setup, runs in zip(setups, call(show, "race_runs.js", RUN, setups, library_json())):
        for name, run in zip(setup["on"], runs):
            assert_same_run(run, race(setup, name), f"{setup['surface']} {name}")


def test_divergence_ends_the_run_at_the_same_step(show):
    setups = [make_setup(name, on=ALL, rate=rate) for name in SURFACES for rate in (0.02, 0.3, 10)]
    ended = 0
    for setup, runs in zip(setups, call(show, "race_runs.js", RUN, setups, library_json())):
        for name, run in zip(setup["on"], runs):
            python = race(setup, name)
            assert all(np.all(np.isfinite(np.array(run[part], float))) for part in ("points", "gaps", "effective"))
            if python["ended"] == "diverged":
                ended += 1
                assert (run["ended"], run["evals"][-1]) == ("diverged", python["evals"][-1]), (setup["surface"], name)
    assert ended > 40


def test_tuned_rates_are_the_best_of_their_grid(show):
    """The whole table again, by the browser's own steps; tests/widgets does a part of it with Python's."""
    body = """({ race }, cases, library, grid, betas, methods, deepest, base) => cases.map(([key, surface, kappa]) => {
      const found = {};
      for (const name of methods) {
        let best = Infinity;
        for (const beta of name === "momentum" || name === "nesterov" ? betas : [null]) {
          for (const lr of grid) {
            const choice = beta === null ? { lr } : { lr, momentum: beta };
            const settings = { ...base.settings, [name]: { ...base.settings[name], ...choice } };
            const setup = { ...base, surface, kappa, start: library.surfaces[surface].start, settings };
            const { ended, gaps } = race(setup, name, library);
            if (ended === "diverged") continue;
            const score = gaps.reduce((sum, gap) => sum + Math.log10(Math.max(gap, deepest)), 0) / gaps.length;
            if (score < best - 1e-9) [best, found[name]] = [score, choice];
          }
        }
      }
      return found;
    })"""
    methods = [name for name in METHODS if name not in ("lbfgs", "mine")]
    base = make_setup(rates="own", budget=BUDGET)
    listed = list(cases())
    got = call(show, "race_runs.js", body, listed, library_json(), GRID, BETAS, methods, DEEPEST, base)
    for (name, *_), found in zip(listed, got):
        assert found == TUNED[name], name


@pytest.mark.row("C-momentum")
def test_the_map_is_pythons_and_that_of_the_matrix(show):
    rates = (0.0001, 0.0015, 0.003, 0.0034, 0.006)
    cells = [[alpha, beta, c] for alpha in rates for beta in (0, 0.3, 0.9, 0.999) for c in (600, 30, 0.6)]
    body = "({ momentumRoots }, cells) => cells.map((c) => momentumRoots(...c).size)"
    got = call(show, "race_surfaces.js", body, cells)
    for (alpha, beta, curvature), size in zip(cells, got):
        step = [[1 + beta - alpha * curvature, -beta], [1, 0]]  # (w, last w) -> (next w, w)
        expected = max(abs(np.linalg.eigvals(step)))
        np.testing.assert_allclose([size, radius(alpha, beta, curvature)], expected, rtol=1e-6)


def test_the_key_of_a_learners_run_is_pythons(show):
    setups = [
        (make_setup("quadratic", kappa=1000, start=(-1.234, 0.5)), 0.003),
        (make_setup("saddle", start=(0.0, 0.00001), seed=3), 1e-5),
        (make_setup("beale", start=(0.3333333, -0.1)), 10.0),
        (make_setup("logistic", start=(1.5, -0.00012345678)), 0.00042),
    ]
    got = call(show, "race_words.js", "({ mineKey }, setups) => setups.map(([s, lr]) => mineKey(s, lr))", setups)
    assert got == [key(setup, lr) for setup, lr in setups]
