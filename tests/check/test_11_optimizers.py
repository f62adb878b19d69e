"""11_optimizers: the worked numbers, theory against runs, the quiz's truth, and what the check says to typical wrong answers."""

import numpy as np
import pytest
from solved import Solved

from course_lib import optim
from course_lib.check import check, show_numbers
from course_lib.check.engine import cases_for, judge
from course_lib.check.exercises import exercises

SOLVED = Solved("11_optimizers")
cell, expected = SOLVED.cell, SOLVED.expected
KNOWN = exercises("11")


def answer(name):
    """The solved notebook's function."""
    names = {"np": np}
    exec(cell(name), names)
    return names[name]


# --- the worked numbers, from what the checks compare with -------------------------------------------------------------


@pytest.mark.row("A-gd", "C-momentum")
def test_the_prediction():
    got = expected("predict_momentum")
    assert [got[o] for o in ("u1", "v1", "u2", "v2", "limit")] == pytest.approx([3, -1.2, 0.8, -0.88, 0.25])
    path = expected("sgd_step", np.array([5.0, 2]), [np.array([10.0, 16]), np.array([6, -9.6])], lr=0.2, momentum=0.5)["path"]
    np.testing.assert_allclose(path, [[3, -1.2], [0.8, -0.88]])


@pytest.mark.row("C-momentum")
@pytest.mark.parametrize("sign, losses", [(1, [50, 112.5, 300.125, 822.15]), (-1, [50, 12.5, 0.125, 1.20125])])
def test_the_slide_lacks_a_minus_sign(sign, losses):
    w, increment, seen = 10.0, 0.0, [50.0]
    for _ in range(3):
        increment = 0.5 * w + 0.4 * increment
        w += sign * increment
        seen.append(w**2 / 2)
    assert seen == pytest.approx(losses, rel=1e-3)


@pytest.mark.row("C-momentum", "C-sgdopts")
def test_the_worked_steps_of_sgd():
    w, gradients = KNOWN["11.sgd_step"].visible()[0].args
    assert expected("sgd_step", w, gradients, lr=0.5, momentum=0.5)["path"].tolist() == [[0, 0], [-1, 0]]
    looking_ahead, _ = optim.sgd(np.zeros(2), gradients[1], {"optimizer": "sgd", "velocity": gradients[0]}, lr=0.5, momentum=0.5, nesterov=True)
    assert looking_ahead.tolist() == [-1, -1]


@pytest.mark.row("C-sgdopts")
def test_the_lectures_increment_takes_the_same_steps_at_a_constant_rate():
    rng, increment = np.random.default_rng(0), 0.0
    w, gradients = rng.normal(size=3), rng.normal(size=(4, 3))
    path = expected("sgd_step", w, list(gradients), lr=0.3, momentum=0.8)["path"]
    for dw, want in zip(gradients, path):
        increment = 0.3 * dw + 0.8 * increment
        w = w - increment
        np.testing.assert_allclose(w, want)


@pytest.mark.row("A-gd", "C-momentum")
def test_the_worked_rates_and_the_lectures():
    assert expected("momentum_rate", [1, 2.5], 1.0, 0.25)["rates"].tolist() == pytest.approx([0.5, 1])
    assert expected("momentum_rate", [30, 600], 0.003, 0.0)["rates"].tolist() == pytest.approx([0.91, 0.8])
    assert expected("momentum_rate", [30, 600], 0.003, 0.491)["rates"] == pytest.approx([0.7, 0.7], abs=0.01)
    for beta in (0.0, 0.5, 0.9):
        limit = 2 * (1 + beta) / 600
        assert expected("momentum_rate", [600], limit, beta)["rates"][0] == pytest.approx(1)
        assert expected("momentum_rate", [600], 1.01 * limit, beta)["rates"][0] > 1 > expected("momentum_rate", [600], 0.99 * limit, beta)["rates"][0]


@pytest.mark.row("C-momentum")
@pytest.mark.parametrize("lam", [30, 600])
@pytest.mark.parametrize("beta", [0.0, 0.2, 0.6, 0.9])
def test_runs_have_the_rate_of_the_theory(lam, beta):
    w, state, sizes = np.array([1.0]), {}, []
    for _ in range(240):
        before = w
        w, state = answer("sgd_step")(w, lam * w, state, lr=0.003, momentum=beta)
        sizes.append(np.hypot(*w, *(w - before)))
    assert (sizes[-1] / sizes[119]) ** (1 / 120) == pytest.approx(answer("momentum_rate")([lam], 0.003, beta)[0], abs=0.01)


@pytest.mark.row("D-adaptive")
def test_the_worked_adaptive_steps():
    w, gradients = KNOWN["11.adaptive_step"].visible()[0].args
    np.testing.assert_allclose(expected("adaptive_step", w, gradients, lr=1.0, kind="adagrad")["path"], [[4, 6], [3.2, 5.2]], atol=1e-6)
    np.testing.assert_allclose(expected("adaptive_step", w, gradients, lr=1.0, kind="rmsprop", alpha=0.75)["path"][0], [3, 7], atol=1e-6)


@pytest.mark.row("D-adaptive")
def test_the_worked_steps_of_adam():
    path = expected("adam_step", np.array([1.0]), [np.array([2.0]), np.array([0.0])], lr=0.1, betas=(0.5, 0.75))["path"]
    assert (1 - path[0, 0], path[0, 0] - path[1, 0]) == pytest.approx((0.1, 0.0509), abs=1e-4)


@pytest.mark.row("C-fullbatch")
def test_the_worked_steps_of_rprop():
    w, gradients = KNOWN["11.rprop_step"].visible()[0].args
    np.testing.assert_allclose(expected("rprop_step", w, gradients, lr=1.0)["path"], [[-1, 1], [-2.2, 1], [-3.64, 0.5]])


@pytest.mark.row("D-schedule")
def test_the_worked_schedule():
    assert expected("schedule", 6, total=6, warm=2)["factors"] == pytest.approx([0.5, 1, 1, 0.854, 0.5, 0.146], abs=1e-3)
    assert expected("schedule", 6, total=6, every=2, gamma=0.5)["factors"].tolist() == [1, 1, 0.5, 0.5, 0.25, 0.25]


@pytest.mark.row("C-compare", "C-fullbatch")
def test_the_notebook_holds_the_comparisons_it_speaks_of():
    outputs = [o for c in SOLVED.book().cells for o in c.get("outputs", [])]
    said = "".join(o.text for o in outputs if o.output_type == "stream")
    assert sum("OptimizerRace(" in o.get("data", {}).get("text/plain", "") for o in outputs) == 2
    for name in ("L-BFGS", "CG", "rprop", "mini-batches", "Adagrad", "LAMB"):
        assert name in said


# --- the checks --------------------------------------------------------------------------------------------------------

PAIRS = [(e, m) for e in KNOWN.values() for m in e.misconceptions if not e.by_hand]


@pytest.mark.parametrize("exercise, misconception", PAIRS, ids=[f"{e.name}-{m.name.replace(' ', '-')}" for e, m in PAIRS])
def test_the_visible_check_already_finds_and_names_each_idea(exercise, misconception):
    """A learner is told in the notebook, not first by the grade."""
    verdict = judge(exercise, exercise.wrong_functions(misconception), cases_for(exercise, None, 0), 4.0)
    assert verdict < 4.0 and verdict.ideas == (misconception.name,)


def test_two_slips_in_a_prediction_are_named_and_the_right_numbers_kept_quiet():
    verdict = check("11.predict_momentum", lambda: (3, -1.2, 1.8, -0.88, 1), points=2)
    assert 0 < verdict < 2 and verdict.ideas == ("momentum left out", "limit of the flat direction")
    assert "0.25" not in verdict.message and "Right: u1, v1, v2." in verdict.message


def test_each_variant_of_the_prediction_has_its_own_numbers():
    mine, neighbours = (KNOWN["11.predict_momentum"].reference[0](**show_numbers("11.predict_momentum", v).values) for v in (3, 4))
    assert mine != neighbours
    assert check("11.predict_momentum", lambda: mine, points=2, variant=3) == 2.0 > check("11.predict_momentum", lambda: mine, points=2, variant=4)


def test_weights_changed_in_place_are_told():
    def sgd_step(w, dw, state, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
        new, state = optim.sgd(w, dw, state, lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov)
        w -= w - new
        return w, state

    verdict = check("11.sgd_step", sgd_step, points=2)
    assert verdict == 0.0 and "changes its argument w in place" in verdict.message


def test_a_velocity_changed_in_place_shows_in_the_repeated_step():
    def sgd_step(w, dw, state, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
        g = dw + weight_decay * w
        if momentum == 0:
            return w - lr * g, {}
        if state:
            state["v"] *= momentum
            state["v"] += (1 - dampening) * g
        else:
            state = {"v": 1.0 * g}
        return w - lr * (g + momentum * state["v"] if nesterov else state["v"]), state

    verdict = check("11.sgd_step", sgd_step, points=2)
    assert 1 <= verdict < 2 and verdict.ideas == ("the state was changed in place",)


def test_a_step_without_its_state_is_told():
    verdict = check("11.adam_step", lambda w, dw, state, **options: optim.adam(w, dw, state, **options)[0], points=2)
    assert verdict == 0.0 and "return w, state" in verdict.message


def test_the_rate_without_magnitudes_is_told_with_its_sign():
    verdict = check("11.momentum_rate", lambda c, lr, momentum: [1 - lr * lam for lam in c], points=2)
    assert verdict < 2 and "rates" in verdict.message
    verdict = check("11.momentum_rate", lambda c, lr, momentum: [abs(1 - lr * lam) for lam in c], points=2)
    assert verdict.ideas == ("momentum left out",)


def test_adam_without_correction_is_named():
    def adam_step(w, dw, state, *, lr, betas=(0.9, 0.999), eps=1e-8):
        m = betas[0] * state.get("m", 0) + (1 - betas[0]) * dw
        v = betas[1] * state.get("v", 0) + (1 - betas[1]) * dw**2
        return w - lr * m / (np.sqrt(v) + eps), {"m": m, "v": v}

    assert check("11.adam_step", adam_step, points=2).ideas == ("no correction",)


# --- the quiz ----------------------------------------------------------------------------------------------------------


def test_the_quizs_truth_is_what_the_careless_check_says():
    names = {}
    for grade_id in ("setup", "quiz-code"):
        exec(cell(grade_id), names)
    passing = {letter: float(names["careless_check"](names[f"version_{letter}"])) for letter in "ABC"}
    assert passing == expected("which_pass") == {"A": 1.0, "B": 1.0, "C": 0.0}
    assert names["careless_check"](names["right_version"])
    gradients = np.random.default_rng(1).normal(size=(4, 3))
    path, w, state = [], np.zeros(3), {}
    for dw in gradients:  # the right version really is Adam's step
        before = w
        w, state = optim.adam(w, dw, state, lr=1.0, eps=1e-12)
        path.append(before - w)
    np.testing.assert_allclose(names["right_version"](gradients), path[-1])
    for letter in "ABC":  # and each of the others really is wrong
        assert not np.allclose(names[f"version_{letter}"](gradients), path[-1])
    first = np.array([[2.0]])
    assert names["version_C"](first)[0] == pytest.approx(3.16, abs=0.01)


@pytest.mark.parametrize("given, says", [({"B"}, "A is caught"), ({"A"}, "B is caught"), ("ABC", "C passes"), (set(), "all three are caught"), ({"C"}, "")])
def test_each_wrong_letter_is_explained_and_guessing_earns_nothing(given, says):
    verdict = check("11.which_pass", lambda: given, points=2)
    assert verdict == 0.0 and says in verdict.message
