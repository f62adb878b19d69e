import numpy as np
import pytest
from optim_cases import OPTIONS, STEPS, every_step
from oracles import normal

from course_lib.optim import adagrad, adam, lamb, rmsprop, rprop, sgd, step_all


@pytest.mark.parametrize("step", STEPS.values())
@pytest.mark.parametrize(
    "change, error, message",
    [
        ({"lr": -0.1}, ValueError, "^lr: expected a finite number of at least 0, got -0.1"),
        ({"lr": np.nan}, ValueError, "^lr: "),
        ({"lr": np.inf}, ValueError, "^lr: "),
        ({"lr": "0.1"}, TypeError, "^lr: expected a number"),
        ({"lr": None}, TypeError, "^lr: expected a number"),
        ({"dw": [1.0, 2.0]}, ValueError, r"^dw: expected shape \(3,\), the shape of w, got shape \(2,\)"),
        ({"dw": 1.0}, ValueError, r"^dw: expected shape \(3,\)"),
        ({"dw": [1.0, np.nan, 0.0]}, ValueError, "^dw: expected finite numbers, got nan at index"),
        ({"dw": np.array([1.0, 2.0, 3.0], dtype=object)}, TypeError, "^dw: "),
        ({"dw": [1j, 0, 0]}, TypeError, "^dw: "),
        ({"w": [1.0, np.inf, 0.0]}, ValueError, "^w: expected finite numbers, got inf at index"),
        ({"w": np.array([1.0, 2.0, 3.0], dtype=object)}, TypeError, "^w: "),
        ({"w": [], "dw": []}, ValueError, "^w: expected at least one element"),
        ({"state": None}, TypeError, "^state: expected {} or the dict"),
        ({"state": []}, TypeError, "^state: "),
        ({"state": {"m": np.zeros(3)}}, ValueError, "^state: .*unknown"),
    ],
)
def test_steps_name_bad_arguments(step, change, error, message):
    arguments = {"w": [1.0, 2.0, 3.0], "dw": [0.1, 0.2, 0.3], "state": {}, "lr": 0.1} | change
    with pytest.raises(error, match=message):
        step(**arguments)


@every_step
def test_states_of_other_optimisers_and_shapes_are_refused(step, options):
    w, dw = normal(0, 3), normal(1, 3)
    for other, other_options in OPTIONS:
        _, state = other(w, dw, {}, lr=0.1, **other_options)
        if other is not step and state:
            with pytest.raises(ValueError, match=f"^state: .*{step.__name__} returned, got one of {other.__name__}"):
                step(w, dw, state, lr=0.1, **options)
    _, state = step(w, dw, {}, lr=0.1, **options)
    if state:
        with pytest.raises(ValueError, match=r"^state\['\w+'\]: expected shape \(2,\), the shape of w, got shape"):
            step(w[:2], dw[:2], state, lr=0.1, **options)
        with pytest.raises(ValueError, match="^state: expected the entries .* keeps with these options"):
            step(w, dw, {**state, "more": w}, lr=0.1, **options)
        with pytest.raises(ValueError, match=r"^state\['\w+'\]: expected finite"):
            spoiled = {k: np.full(3, np.nan) if isinstance(v, np.ndarray) else v for k, v in state.items()}
            step(w, dw, spoiled, lr=0.1, **options)
    if "step" in state:
        with pytest.raises(ValueError, match=r"^state\['step'\]: "):
            step(w, dw, {**state, "step": 0}, lr=0.1, **options)


def test_rmsprop_refuses_options_that_its_state_does_not_fit():
    _, state = rmsprop(1.0, 1.0, {}, lr=0.1)
    for options in ({"centered": True}, {"momentum": 0.9}):
        with pytest.raises(ValueError, match="^state: expected the entries .* which rmsprop keeps with these options"):
            rmsprop(1.0, 1.0, state, lr=0.1, **options)


@pytest.mark.parametrize(
    "step, options, error, message",
    [
        (sgd, {"momentum": -0.1}, ValueError, "^momentum: expected a finite number from 0 to 1"),
        (sgd, {"momentum": 1.5}, ValueError, "^momentum: "),
        (sgd, {"momentum": np.nan}, ValueError, "^momentum: "),
        (sgd, {"dampening": 2.0}, ValueError, "^dampening: "),
        (sgd, {"weight_decay": -1.0}, ValueError, "^weight_decay: "),
        (sgd, {"nesterov": True}, ValueError, "^nesterov: expected a momentum above 0 and a dampening of 0"),
        (sgd, {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, ValueError, "^nesterov: "),
        (adagrad, {"lr_decay": -1.0}, ValueError, "^lr_decay: "),
        (adagrad, {"initial_accumulator": -1.0}, ValueError, "^initial_accumulator: "),
        (adagrad, {"eps": 0.0}, ValueError, "^eps: "),
        (adagrad, {"weight_decay": np.inf}, ValueError, "^weight_decay: "),
        (rmsprop, {"alpha": 1.0}, ValueError, "^alpha: expected a number of at least 0 and below 1, got 1.0"),
        (rmsprop, {"alpha": -0.5}, ValueError, "^alpha: "),
        (rmsprop, {"momentum": -0.5}, ValueError, "^momentum: "),
        (rmsprop, {"eps": -1e-8}, ValueError, "^eps: "),
        (adam, {"betas": (0.9, 1.0)}, ValueError, r"^betas\[1\]: expected a number of at least 0 and below 1"),
        (adam, {"betas": (-0.1, 0.9)}, ValueError, r"^betas\[0\]: "),
        (adam, {"betas": (0.9, np.nan)}, ValueError, r"^betas\[1\]: "),
        (adam, {"betas": (0.9,)}, ValueError, "^betas: expected a pair"),
        (adam, {"betas": 0.9}, TypeError, "^betas: expected a pair"),
        (adam, {"eps": 0}, ValueError, "^eps: "),
        (lamb, {"betas": (1.0, 0.9)}, ValueError, r"^betas\[0\]: "),
        (lamb, {"weight_decay": -1}, ValueError, "^weight_decay: "),
        (lamb, {"eps": None}, TypeError, "^eps: "),
        (rprop, {"etas": (1.2, 0.5)}, ValueError, r"^etas: expected 0 < etas\[0\] < 1 < etas\[1\]"),
        (rprop, {"etas": (0.0, 1.2)}, ValueError, "^etas: "),
        (rprop, {"etas": (0.5, np.nan)}, ValueError, r"^etas\[1\]: "),
        (rprop, {"step_sizes": (1.0, 0.5)}, ValueError, r"^step_sizes\[1\]: "),
        (rprop, {"step_sizes": 1.0}, TypeError, "^step_sizes: "),
    ],
)
def test_options_out_of_range_are_named(step, options, error, message):
    with pytest.raises(error, match=message):
        step([1.0], [1.0], {}, lr=0.1, **options)


def test_eps_has_to_survive_rounding_to_the_weights_dtype():
    assert adam([1.0], [0.0], {}, lr=0.1, eps=1e-100)[0] == 1
    with pytest.raises(ValueError, match="^eps: "):
        adam(np.float32([1.0]), [0.0], {}, lr=0.1, eps=1e-100)


def test_step_all_names_bad_arguments():
    params, grads = {"W": normal(0, 2), "b": normal(1, 3)}, {"W": normal(2, 2), "b": normal(3, 3)}
    with pytest.raises(ValueError, match=r"^grads: expected the names \['W', 'b'\] of params, got \['W'\]"):
        step_all(sgd, params, {"W": grads["W"]}, {}, lr=0.1)
    with pytest.raises(ValueError, match=r"^b: dw: expected shape \(3,\), the shape of w, got shape \(2,\)"):
        step_all(sgd, params, {**grads, "b": grads["W"]}, {}, lr=0.1)
    with pytest.raises(ValueError, match=r"^state: expected the names"):
        step_all(sgd, params, grads, {"W": {}}, lr=0.1)
    with pytest.raises(TypeError, match="^params: expected a dict"):
        step_all(sgd, params["W"], grads, {}, lr=0.1)
    with pytest.raises(TypeError, match="^W: .*betas"):
        step_all(sgd, params, grads, {}, lr=0.1, betas=(0.9, 0.99))
