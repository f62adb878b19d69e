"""What OptimizerRace computes: surfaces, gradients, L-BFGS beside SciPy's, rates against theory, the tuning."""

import math

import numpy as np
import pytest
from oracles import assert_agree, assert_is_gradient
from scipy import optimize

from course_lib.optim import adam, sgd
from course_lib.widgets._race_lbfgs import lbfgs
from course_lib.widgets._race_presets import ALL, make_setup, presets
from course_lib.widgets._race_runs import GOAL, LIMIT, METHODS, options_of, race, radius
from course_lib.widgets._race_surfaces import DIGITS, RIDGE, STEEPEST, SURFACES, evaluate, noise
from course_lib.widgets._race_tuning import TUNED, cases, score, tune


def own(method, surface="quadratic", budget=150, kappa=20, start=None, **options):
    entries = {"kappa": kappa, "start": start, "rates": "own", "budget": budget, "settings": {method: options}}
    return race(make_setup(surface, **entries), method)


# surfaces


@pytest.mark.row("C-compare")
@pytest.mark.parametrize("name", SURFACES)
def test_gradients_are_those_of_the_values(name):
    random = np.random.default_rng(1)
    x0, x1, y0, y1 = SURFACES[name].box
    for w in random.uniform([x0, y0], [x1, y1], (6, 2)):
        _, *gradient = evaluate(name, *w)
        assert_is_gradient(np.array(gradient), lambda v: evaluate(name, *v)[0], w)


@pytest.mark.parametrize("name", SURFACES)
def test_minima_are_minima_and_nothing_in_the_box_is_lower(name):
    surface = SURFACES[name]
    for minimum in surface.minima:
        value, *gradient = evaluate(name, *minimum)
        assert abs(value - surface.lowest) < 1e-12 and np.max(np.abs(gradient)) < 1e-7
    x0, x1, y0, y1 = surface.box
    values = [evaluate(name, x, y)[0] for x in np.linspace(x0, x1, 60) for y in np.linspace(y0, y1, 60)]
    assert min(values) >= surface.lowest
    assert x0 <= surface.start[0] <= x1 and y0 <= surface.start[1] <= y1


def test_rosenbrock_is_scipys():
    for w in ((-1.2, 1.0), (0.3, -0.7), (2.0, 3.0)):
        value, *gradient = evaluate("rosenbrock", *w)
        assert_agree(value, optimize.rosen(w))
        assert_agree(gradient, optimize.rosen_der(w))


def test_the_digits_are_scikit_learns():
    from sklearn.datasets import load_digits

    bundled = load_digits()
    chosen = np.sort(np.concatenate([np.flatnonzero(bundled.target == digit)[:30] for digit in (4, 9)]))
    images, digits = bundled.images[chosen], bundled.target[chosen]
    table = np.stack([images[:, :4].sum((1, 2)), images[:, 4:].sum((1, 2)), np.where(digits == 9, 1, -1)], axis=1)
    assert table.tolist() == [list(row) for row in DIGITS]
    w = np.array([0.4, -0.9])
    scores = table[:, :2] / 16 @ w
    expected = np.mean(np.logaddexp(0, -table[:, 2] * scores)) + RIDGE / 2 * w @ w
    assert_agree(evaluate("logistic", *w)[0], expected)
    assert (
        np.mean((table[:, :2] @ SURFACES["logistic"].minima[0] > 0) == (table[:, 2] > 0)) > 0.9
    )  # it tells them apart


def test_noise_is_normal_and_its_seeds_differ():
    numbers = np.array([noise(0, count) for count in range(4000)])
    np.testing.assert_allclose(numbers.mean(0), [0, 0], atol=0.05)
    np.testing.assert_allclose(np.cov(numbers.T), np.eye(2), atol=0.06)
    assert noise(0, 3) == noise(0, 3) != noise(1, 3)
    still, noisy = (evaluate("noisy", 1.0, 1.0, count=count) for count in (None, 0))
    assert still[0] == noisy[0] and still[1:] != noisy[1:]


# methods


@pytest.mark.row("C-momentum", "A-gd")
@pytest.mark.parametrize("alpha, beta", [(0.003, 0.0), (0.003, 0.5), (0.0006, 0.95), (0.0045, 0.6), (0.001, 0.2)])
def test_momentum_converges_as_fast_as_theory_says(alpha, beta):
    run = own("momentum", lr=alpha, momentum=beta, budget=400)
    expected = max(radius(alpha, beta, STEEPEST), radius(alpha, beta, STEEPEST / 20))
    far, near = 20, min(300, next((i for i, gap in enumerate(run["gaps"]) if gap < 1e-20), 400))
    slope = np.polyfit(range(far, near), np.log(np.maximum(run["gaps"][far:near], 1e-300)), 1)[0] / 2
    assert math.exp(slope) == pytest.approx(expected, rel=0.02)


@pytest.mark.row("A-gd")
def test_plain_descent_diverges_past_two_over_the_curvature():
    limit = 2 / STEEPEST
    assert own("sgd", lr=0.99 * limit, budget=500)["ended"] == ""
    past = own("sgd", lr=1.1 * limit, budget=500)
    assert past["ended"] == "diverged" and np.max(np.abs(past["points"])) <= LIMIT
    assert own("momentum", lr=1.5 * limit, momentum=0.6, budget=500)["goal"] is not None  # momentum widens the range


@pytest.mark.row("C-momentum")
def test_the_lectures_start():
    setup = presets()["C-momentum"]["setup"]
    assert options_of(setup, "momentum") == {"lr": 0.003, "momentum": 0.0}
    assert race(setup, "momentum") == race(setup, "sgd")  # β = 0


@pytest.mark.row("C-compare")
def test_a_run_is_the_steps_of_the_library():
    run = own("adam", "rosenbrock", lr=0.02, beta1=0.8, beta2=0.99, budget=30)
    w, state = np.array(SURFACES["rosenbrock"].start), {}
    for point in run["points"][1:]:
        _, *dw = evaluate("rosenbrock", *w)
        w, state = adam(w, np.array(dw), state, lr=0.02, betas=(0.8, 0.99))
        assert point == w.tolist()
    assert run["evals"] == list(range(31))
    ahead = own("nesterov", lr=0.001, momentum=0.7, budget=2)
    w, state = sgd([-1.6, 1.1], [-48.0, 660.0], {}, lr=0.001, momentum=0.7, nesterov=True)
    assert_agree(ahead["points"][1], w)


def test_effective_step():
    assert_agree(own("sgd", lr=0.002)["effective"], np.full(150, 0.002))
    swinging = own("momentum", lr=0.0001, momentum=0.9, kappa=1, budget=60)["effective"]
    assert_agree(swinging[0], 0.0001)
    assert max(swinging[:20]) > 0.0005  # toward α/(1 - β)
    run = own("lamb", lr=0.1, budget=1)
    assert math.dist(*run["points"]) == pytest.approx(0.1 * math.hypot(1.6, 1.1))  # as long as α times the weights


def test_goal_is_where_the_gap_stays_small():
    run = own("sgd", lr=0.003)
    assert run["gaps"][run["goal"]] <= GOAL < run["gaps"][run["goal"] - 1]
    assert own("adam", lr=0.003)["goal"] is None


# L-BFGS


@pytest.mark.row("C-fullbatch")
@pytest.mark.parametrize("name", [name for name in SURFACES if name not in ("noisy", "minima")])
def test_lbfgs_ends_where_scipys_does(name):
    run = own("lbfgs", name, budget=300)
    scipys = optimize.minimize(
        lambda w: (evaluate(name, *w)[0], np.array(evaluate(name, *w)[1:])), SURFACES[name].start, jac=True,
        method="L-BFGS-B", options={"maxcor": 5, "ftol": 1e-15, "gtol": 1e-10},
    )  # fmt: skip
    if name == "saddle":  # two minima, equally deep
        assert abs(run["points"][-1][1]) == pytest.approx(abs(scipys.x[1]), abs=1e-5)
    else:
        np.testing.assert_allclose(run["points"][-1], scipys.x, atol=1e-5)
    assert run["gaps"][-1] < 1e-10
    assert run["evals"][-1] <= 3 * scipys.nfev + 5


def test_lbfgs_counts_every_evaluation_and_keeps_to_the_budget():
    calls = []

    def counted(w0, w1, count):
        calls.append(count)
        return evaluate("rosenbrock", w0, w1)

    points, evals, gradients, ended = lbfgs(counted, (-1.2, 1.0), budget=300)
    assert calls == list(range(evals[-1])) and ended == "flat"
    assert len(points) == len(evals) == len(gradients) and evals[0] == 0
    assert any(b - a > 1 for a, b in zip(evals, evals[1:]))  # the line search took more than one
    short = lbfgs(counted, (-1.2, 1.0), budget=10)
    assert short[3] == "" and short[1][-1] <= 10 and short[0] == points[: len(short[0])]


@pytest.mark.row("C-fullbatch")
def test_lbfgs_and_noise_do_not_go_together():
    ends = [race(make_setup("noisy", seed=seed), "lbfgs") for seed in range(5)]
    assert all(run["gaps"][-1] > GOAL for run in ends)


# tuning


def test_the_table_has_every_case():
    assert set(TUNED) == {name for name, *_ in cases()}
    for found in TUNED.values():
        assert set(found) == set(METHODS) - {"lbfgs", "mine"}


def test_tuning_is_computed_again_with_the_librarys_steps(monkeypatch):
    """One case, with every sixth rate of the grid; the browser's test does all cases with all of it."""
    from course_lib.widgets import _race_tuning

    found = TUNED["quadratic 20"]
    monkeypatch.setattr(_race_tuning, "BETAS", sorted({found["momentum"]["momentum"], found["nesterov"]["momentum"]}))
    rates = {options["lr"] for options in found.values()}
    monkeypatch.setattr(_race_tuning, "GRID", sorted({*_race_tuning.GRID[::6], *rates}))
    assert tune("quadratic", 20) == found


def test_tuned_rates_are_no_worse_than_the_lectures():
    for name, surface, kappa in cases():
        for method in ("sgd", "adam", "rprop"):
            tuned = race(make_setup(surface, kappa=kappa, rates="tuned"), method)
            assert score(tuned) <= score(race(make_setup(surface, kappa=kappa), method)) + 1e-9, (name, method)


@pytest.mark.row("C-compare")
def test_presets_show_what_they_say():
    found = presets()
    ended = {name: {m: race(p["setup"], m) for m in p["setup"]["on"]} for name, p in found.items()}
    assert ended["C-momentum/damped"]["momentum"]["goal"] < ended["C-momentum/damped"]["sgd"]["goal"]
    assert ended["C-momentum/range"]["sgd"]["ended"] == "diverged"
    assert ended["C-momentum/range"]["momentum"]["goal"] is not None
    assert ended["A-gd"]["sgd"]["gaps"][-1] > ended["A-gd"]["sgd"]["gaps"][0]
    assert ended["C-compare/same"]["adam"]["gaps"][-1] > 100
    assert ended["C-fullbatch"]["lbfgs"]["ended"] == "stuck"
    assert len({tuple(np.round(run["points"][-1], 1)) for run in ended["C-compare/minima"].values()}) >= 3
    swing = np.array(ended["C-momentum/swings"]["momentum"]["points"])[:, 1]
    assert swing[found["C-momentum/swings"]["step"]] < 0 and swing.min() < -0.8  # past the minimum, and on
    assert set(found["C-compare/same"]["setup"]["on"]) == set(ALL)
