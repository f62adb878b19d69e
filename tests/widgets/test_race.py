"""OptimizerRace on Python's side: arguments, refused input, a learner's step, state, repr, picture."""

import json
import pathlib
import re

import numpy as np
import pytest

from course_lib.optim import sgd
from course_lib.widgets import OptimizerRace
from course_lib.widgets._assets import STATIC
from course_lib.widgets._race_picture import LOOKS
from course_lib.widgets._race_runs import METHODS


@pytest.fixture
def race():
    widget = OptimizerRace(on=["sgd", "adam"], budget=40)
    yield widget
    widget.close()


def plain(w, dw, state, *, lr):
    return w - lr * dw, state


# making and changing


@pytest.mark.row("C-momentum", "C-compare")
def test_the_start_is_the_lectures():
    widget = OptimizerRace()
    assert (widget.preset, widget.setup["rate"], widget.setup["settings"]["momentum"]) == (
        "C-momentum", 0.003, {"lr": 0.003, "momentum": 0.0})  # fmt: skip
    assert widget.setup["on"] == ["sgd", "momentum"] and widget.step == 150


def test_presets_are_listed_by_name_and_title():
    titles = OptimizerRace.presets()
    assert len(titles) == len(set(titles.values())) == 12
    for name in titles:
        assert OptimizerRace(preset=name).preset == name


def test_a_change_is_counted_and_checked_as_a_whole(race):
    race.change(surface="beale")
    assert race.setup["start"] == [-1.0, -1.0] and race.setup["revision"] == 1
    race.change(start=(4, 1.5), settings={"adam": {"lr": 0.1}}, rates="own")
    assert race.setup["settings"]["adam"] == {"lr": 0.1, "beta1": 0.9, "beta2": 0.999}
    assert race.run("adam")["points"][0] == [4.0, 1.5]
    race.change(budget=10)
    assert race.step == 10 and len(race.run("sgd")["points"]) == 11


@pytest.mark.parametrize(
    "change, message",
    [
        ({"surface": "egg"}, "surface: expected one of quadratic, ravine, .*, got 'egg'"),
        ({"kappa": 3}, "kappa: expected one of 1, 2, 5, .*, got 3"),
        ({"start": (3, 0)}, r"start\[0\]: expected a number from -2 to 2 on this surface, got 3"),
        ({"start": (np.nan, 0)}, r"start: expected finite numbers, got nan at index \(0,\)"),
        ({"start": (1, 2, 3)}, r"start: expected shape \(2,\), two weights"),
        ({"start": "ab"}, "start: expected float64"),
        ({"on": ["sgd", "newton"]}, "on: expected one of sgd, .*, got 'newton'"),
        ({"on": "sgd"}, "on: expected a list of methods, got 'sgd'"),
        ({"rates": "best"}, "rates: expected one of same, tuned, own, got 'best'"),
        ({"rate": 0}, "rate: expected a finite number from 1e-05 to 10.0, got 0.0"),
        ({"rate": float("inf")}, "rate: expected a finite number"),
        ({"budget": 501}, "budget: the widget shows at most 500 gradient evaluations, got 501. Choose fewer"),
        ({"budget": 0}, "budget: expected an integer of at least 1"),
        ({"seed": -1}, "seed: expected an integer from 0 to 999"),
        ({"settings": {"adam": {"beta1": 1.0}}}, r"settings\['adam'\]\['beta1'\]: expected a finite number"),
        ({"settings": {"adam": {"beta": 0.9}}}, r"settings\['adam'\]: expected one of lr, beta1, beta2, got 'beta'"),
        ({"settings": {"lbfgs": {"memory": 2.5}}}, r"settings\['lbfgs'\]\['memory'\]: expected an integer"),
        ({"settings": {"adam": 3}}, r"settings\['adam'\]: expected a dict"),
        ({"colour": "red"}, "change: expected surface, kappa, .*, got colour"),
    ],
)  # fmt: skip
def test_refused_changes_leave_the_last_good_state(race, change, message):
    before = race.state()
    with pytest.raises((ValueError, TypeError), match=message):
        race.change(**change)
    assert race.state() == before


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"preset": "C-race"}, "preset: expected one of C-momentum, "),
        ({"preset": "A-gd", "kappa": 5}, "preset: expected either a preset's name or kappa, got both"),
        ({"focus": "newton"}, "focus: expected one of"),
        ({"step": 151}, "step: expected 0 to 150, got 151"),
        ({"own": 3}, "own: expected a function"),
        ({"surface": "egg"}, "surface: expected one of"),
    ],
)
def test_refused_arguments(arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        OptimizerRace(**arguments)


def test_what_the_browser_sends_is_checked(race):
    setup = {**race.setup, "start": [0.5, -0.5], "revision": 9}
    race.set_state({"setup": setup, "step": 3, "preset": ""})
    assert race.problem == "" and race.run("sgd")["points"][0] == [0.5, -0.5] and race.step == 3
    race.set_state({"setup": {**setup, "start": [9, 9]}})
    assert race.problem.startswith("start[0]: expected a number from -2 to 2") and race.setup["start"] == [0.5, -0.5]
    race.set_state({"setup": {**setup, "extra": 1}})
    assert race.problem.startswith("setup: expected a dict with the entries surface")
    race.set_state({"step": 41})
    assert race.problem == "step: expected 0 to 40, got 41" and race.step == 3


def test_run_says_which_methods_there_are(race):
    with pytest.raises(ValueError, match="run: expected one of sgd"):
        race.run("newton")
    with pytest.raises(ValueError, match="run: there is no step of yours"):
        race.run("mine")


# a learner's own step


@pytest.mark.row("C-compare")
def test_ones_own_step_races():
    widget = OptimizerRace(on=["sgd"], own=plain, budget=30)
    assert widget.setup["on"] == ["sgd", "mine"] and widget.mine["name"] == "plain" and widget.mine["problem"] == ""
    assert widget.run("mine")["points"] == widget.run("sgd")["points"]
    widget.change(rate=0.001, start=(1, 1))
    assert widget.run("mine")["points"] == widget.run("sgd")["points"]
    widget.change(rates="own", settings={"mine": {"lr": 0.002}})
    assert widget.run("mine")["effective"][0] == pytest.approx(0.002)
    assert re.search(r": SGD [^,]*, plain [^,]*\)$", repr(widget))


def test_what_a_step_keeps_comes_back_to_it_and_what_it_writes_to_harms_nobody():
    def greedy(w, dw, state, *, lr):
        state = dict(state) or {"v": np.zeros(2), "steps": 0}
        state["v"] = 0.9 * state["v"] + dw
        state["steps"] += 1
        w -= lr * state["v"]  # its own copy
        dw[:] = 0
        return w, state

    widget = OptimizerRace(
        on=["momentum"], settings={"momentum": {"momentum": 0.9}}, rate=0.0005, own=greedy, budget=50
    )
    np.testing.assert_allclose(widget.run("mine")["points"], widget.run("momentum")["points"], rtol=1e-9, atol=1e-12)


def test_a_step_of_the_library_with_its_options_bound():
    import functools

    step = functools.partial(sgd, momentum=0.5)
    widget = OptimizerRace(on=["momentum"], settings={"momentum": {"momentum": 0.5}}, own=step)
    assert widget.run("mine")["points"] == widget.run("momentum")["points"]
    assert widget.mine["name"] == "partial"


def raises(w, dw, state, *, lr):
    if state.get("n", 0) == 3:
        return w / state["missing"], state
    return w - lr * dw, {"n": state.get("n", 0) + 1}


WRONG = {
    "raises": (
        raises,
        r"raises raised KeyError: 'missing' in line 3 of it \(return w / state\[.missing.\], state\), "
        r"at step 4, where w = \[",
    ),
    "no pair": (lambda w, dw, state, *, lr: w - lr * dw, r"returned ndarray at step 1, .*expected a pair \(w, state\)"),
    "three": (lambda w, dw, state, *, lr: (w, dw, state), "returned 3 values at step 1"),
    "shape": (
        lambda w, dw, state, *, lr: (np.zeros((2, 2)), state),
        r"returned w of shape \(2, 2\) at step 1, .*expected shape \(2,\)",
    ),
    "number": (lambda w, dw, state, *, lr: (0.5, state), r"returned w of shape \(\)"),
    "NaN": (lambda w, dw, state, *, lr: (w * np.nan, state), r"returned NaN at step 1, .*: w = \[nan, nan\]"),
    "text": (lambda w, dw, state, *, lr: ("w", state), "returned 'w' as w at step 1"),
    "none": (lambda w, dw, state, *, lr: None, "returned NoneType at step 1"),
    "lr": (lambda w, dw, state: (w, state), "raised TypeError: .*unexpected keyword argument 'lr'"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_step_is_said_with_its_place(name):
    step, message = WRONG[name]
    widget = OptimizerRace(on=["sgd"], own=step, budget=20)
    assert re.search(message, widget.mine["problem"]), widget.mine["problem"]
    run = widget.run("mine")
    assert run["ended"] == "failed" and len(run["points"]) == (4 if name == "raises" else 1)
    assert np.all(np.isfinite(run["points"]))
    assert f"{widget.mine['name']} failed after" in repr(widget)
    assert widget.run("sgd")["ended"] == ""


def test_the_last_good_run_stays_where_a_step_fails_now():
    def picky(w, dw, state, *, lr):
        if w[0] > 1.2:
            raise ValueError("too far right")
        return w - lr * dw, state

    widget = OptimizerRace(on=["sgd"], own=picky, budget=20)
    good = widget.run("mine")
    widget.set_state({"setup": {**widget.setup, "start": [1.5, 0.0], "revision": 5}})
    assert widget.problem == "" and widget.setup["start"] == [1.5, 0.0]
    assert widget.run("mine") == good and "too far right" in widget.mine["problem"]
    assert widget.mine["of"].startswith("quadratic 20 -1.6 1.1")
    widget.own = WRONG["shape"][0]
    assert widget.run("mine") == good and "shape (2, 2)" in widget.mine["problem"]
    widget.own = plain
    assert widget.mine["problem"] == "" and widget.run("mine")["points"][0] == [1.5, 0.0]
    widget.own = None
    assert widget.mine == {} and "mine" not in widget.setup["on"]
    with pytest.raises(TypeError, match="own: expected a function"):
        widget.own = "sgd"


def test_a_step_that_runs_away_is_diverged_and_no_number_is_infinite():
    widget = OptimizerRace(on=[], own=lambda w, dw, state, *, lr: (w * 1e200, state), budget=20)
    assert widget.run("mine")["ended"] == "diverged" and widget.mine["problem"] == ""
    infinite = OptimizerRace(on=[], own=lambda w, dw, state, *, lr: (w / 0.0, state), budget=20)
    assert infinite.run("mine")["ended"] == "diverged"
    json.dumps(infinite.get_state()["mine"], allow_nan=False)


# state, and what is shown without a browser


def test_state_round_trip():
    widget = OptimizerRace(
        "rosenbrock", on=["adam", "lbfgs"], rates="own", settings={"adam": {"lr": 0.2}}, start=(0, 2), step=7
    )
    stored = json.loads(json.dumps(widget.state()))
    again = OptimizerRace.from_state(stored)
    assert again.state() == widget.state() and repr(again) == repr(widget)
    with pytest.raises(ValueError, match="state: kappa"):
        again.restore({"setup": {**stored["setup"], "kappa": 7}})
    assert again.state() == widget.state()


def test_everything_synced_is_json_without_nan():
    for name in OptimizerRace.presets():
        state = OptimizerRace(preset=name, own=plain).get_state()
        json.dumps({key: value for key, value in state.items() if not key.startswith("_")}, allow_nan=False)


def test_repr():
    assert repr(OptimizerRace(on=["sgd", "lbfgs"], budget=20)) == (
        "OptimizerRace(quadratic κ=20, start (-1.6, 1.1), rate 0.003 for all, 20 evaluations: "
        "SGD 0.93, L-BFGS done after 9)"
    )
    assert repr(OptimizerRace("noisy", on=["sgd"], rate=0.1, budget=9)) == (
        "OptimizerRace(noisy, start (-1.6, 1.1), rate 0.1 for all, 9 evaluations: SGD diverged after 1)"
    )
    assert repr(OptimizerRace("saddle", on=[], rates="tuned")).endswith("each tuned, 150 evaluations: no method is on)")
    assert repr(OptimizerRace()) == repr(OptimizerRace())


def test_the_picture_shows_the_methods_that_are_on():
    axes = OptimizerRace("noisy", on=["sgd", "rprop"], rate=0.01, own=plain).picture().axes
    labels = [text.get_text() for text in axes[1].get_legend().get_texts()]
    assert labels == ["SGD, diverged", "rprop", "plain, diverged"]
    assert axes[0].get_title() == "Noisy quadratic" and axes[1].get_yscale() == "log"
    assert OptimizerRace(on=[]).picture().axes[1].get_legend() is None


def test_the_same_picture_on_every_run():
    first, second = (OptimizerRace(preset="C-compare/tuned")._repr_mimebundle_()[0] for _ in range(2))
    assert first["image/png"] == second["image/png"] and first["text/plain"] == second["text/plain"]


def test_the_pictures_colours_are_the_widgets():
    css = (STATIC / "optimizer_race.css").read_text()
    assert set(LOOKS) == set(METHODS)
    for name, (colour, *_) in LOOKS.items():
        assert f"--race-{name}: light-dark({colour}," in css


def test_the_state_is_small_enough_for_a_page():
    widget = OptimizerRace(own=plain)
    assert len(json.dumps(widget.get_state())) < 170_000


def test_files_are_short_enough_to_read():
    files = [*STATIC.glob("*race*"), *pathlib.Path(STATIC.parent).glob("*race*.py")]
    assert len(files) >= 15
    assert max(len(path.read_text().splitlines()) for path in files) <= 400
