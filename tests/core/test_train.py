"""fit on small models whose every step can be followed; the lectures' nets are in test_train_nets.py."""

import contextlib
import inspect
import io
from functools import partial

import numpy as np
import pytest
from oracles import frozen, normal
from small_models import Recorder, Regression, blobs

from course_lib import optim
from course_lib.classic import LinearClassifier
from course_lib.train import fit, random_shift

quiet = {"progress": False}
OPTIMIZERS = ["sgd", "adagrad", "rmsprop", "adam", "lamb", "rprop"]


# what a step does


@pytest.mark.row("B-linear", "D-algorithm")
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_fit_takes_the_optimisers_steps(name):
    data, step = blobs(), getattr(optim, name)
    model, by_hand = LinearClassifier(2, 3), LinearClassifier(2, 3)
    history = fit(model, data, optimizer=name, lr=0.01, epochs=3, batch_size=40, seed=5, **quiet)
    state, losses = {}, []
    for _ in range(3):  # one batch an epoch: the order of the examples does not matter
        loss, grads = by_hand.loss(data["X_train"], data["y_train"])
        losses.append(loss)
        by_hand.params, state = optim.step_all(step, by_hand.params, grads, state, lr=0.01)
    for key in model.params:
        assert np.allclose(model.params[key], by_hand.params[key], rtol=1e-9, atol=1e-12)
    assert np.allclose(history.step_loss, losses, rtol=1e-9)


def test_options_functions_and_partials_are_the_same_optimiser():
    data, results = blobs(), []
    settings = [
        {"optimizer": "sgd", "momentum": 0.9, "nesterov": True},
        {"optimizer": optim.sgd, "momentum": 0.9, "nesterov": True},
        {"optimizer": partial(optim.sgd, momentum=0.9, nesterov=True)},
        {"optimizer": lambda w, dw, state, *, lr: optim.sgd(w, dw, state, lr=lr, momentum=0.9, nesterov=True)},
    ]
    for setting in settings:
        model = LinearClassifier(2, 3)
        fit(model, data, lr=0.1, epochs=2, batch_size=16, **setting, **quiet)
        results.append(model.params["W"])
    assert all((result == results[0]).all() for result in results)
    plain = LinearClassifier(2, 3)
    fit(plain, data, lr=0.1, epochs=2, batch_size=16, **quiet)
    assert not np.allclose(plain.params["W"], results[0])


@pytest.mark.row("D-schedule")
def test_the_schedule_scales_each_step():
    data = blobs()
    steps = []

    def record(w, dw, state, *, lr):
        steps.append(lr)
        return w, state

    history = fit(
        LinearClassifier(2, 3), data, optimizer=record, lr=0.2, epochs=2, batch_size=10,
        schedule=lambda step: optim.step_decay(step, every=3, gamma=0.5), **quiet,
    )  # fmt: skip
    expected = [0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.05, 0.05]
    assert history.lr == pytest.approx(expected, rel=1e-12)
    # before them the one trial step of two arrays, which is thrown away
    assert steps[2:] == pytest.approx([lr for lr in expected for _ in range(2)], rel=1e-12)


@pytest.mark.row("D-schedule", "D-issues")
def test_a_schedule_ends_nearer_to_the_minimum():
    data = {"X_train": normal(1, 200, 3), "y_train": normal(2, 200, 3)}
    best = np.linalg.lstsq(data["X_train"], data["y_train"], rcond=None)[0]
    distance = {}
    for name, schedule in (("constant", None), ("cosine", lambda step: optim.cosine(step, total=1000))):
        model = Regression(3)
        fit(model, data, lr=0.5, epochs=20, batch_size=4, schedule=schedule, **quiet)
        distance[name] = np.linalg.norm(model.params["w"] - best)
    assert distance["cosine"] < 0.1 * distance["constant"]


# which examples a step sees


def test_each_epoch_shows_every_example_once_in_an_order_of_its_own():
    data = {"X_train": np.arange(10.0)[:, None], "y_train": np.arange(10) % 2}
    model = Recorder(1, 2)
    history = fit(model, data, lr=0.0, epochs=3, batch_size=4, seed=1, **quiet)
    assert [len(X) for X, _ in model.batches] == [4, 4, 2] * 3
    orders = [np.concatenate([X[:, 0] for X, _ in model.batches[i : i + 3]]) for i in (0, 3, 6)]
    for order in orders:
        assert sorted(order) == list(range(10))
    assert not (orders[0] == orders[1]).all() and not (orders[1] == orders[2]).all()
    assert all((y == X[:, 0] % 2).all() for X, y in model.batches)  # X and y stay together
    assert history.train_loss == pytest.approx([np.log(2)] * 3)


def test_epoch_loss_weights_the_smaller_last_batch_less():
    history = fit(LinearClassifier(2, 3), blobs(), lr=0.1, epochs=1, batch_size=30, **quiet)
    assert history.train_loss[0] == pytest.approx(np.average(history.step_loss, weights=[30, 10]), rel=1e-12)


def test_the_seed_decides_everything():
    results = []
    for seed in (3, 3, 4):
        model = LinearClassifier(2, 3)
        history = fit(model, blobs(), lr=0.1, epochs=2, batch_size=7, seed=seed, **quiet)
        results.append((history.step_loss, str(history)))
    assert results[0] == results[1] and results[0][0] != results[2][0]


def test_a_batch_may_be_larger_than_the_data():
    history = fit(LinearClassifier(2, 3), blobs(), lr=0.1, epochs=2, batch_size=1000, **quiet)
    assert len(history.step_loss) == 2


@pytest.mark.row("D-augment")
def test_augment_changes_training_batches_only():
    X = np.zeros((8, 1, 5, 5))
    X[:, 0, 2, 2] = 1
    data = {"X_train": frozen(X), "y_train": np.arange(8) % 2, "X_val": frozen(X), "y_val": np.arange(8) % 2}
    model = Recorder(25, 2)
    model.validation_loss = lambda X, y: LinearClassifier.loss(model, X, y)[0]
    fit(model, data, lr=0.1, epochs=2, batch_size=8, augment=partial(random_shift, pixels=2), **quiet)
    shown = np.concatenate([X for X, _ in model.batches])
    assert shown.shape == (16, 1, 5, 5) and shown.sum() == 16
    assert len(np.unique(shown.reshape(16, -1), axis=0)) > 4
    assert (data["X_train"] == X).all()


# bad input, found before any work


@pytest.mark.parametrize(
    "change, message",
    [
        ({"data": [1, 2]}, "data: expected a dict with X_train.*got list"),
        ({"data": {"y_train": [0]}}, "data: expected an entry X_train, got the entries"),
        (
            {"data": {**blobs(), "y_train": [0, 1]}},
            "y_train: expected 40 targets, one for each example of X_train, got 2",
        ),
        ({"data": {**blobs(), "y_val": [0, 1]}}, "y_val: expected 20 targets"),
        ({"data": {**blobs(), "y_train": np.full(40, 3)}}, r"y_train: expected labels in 0\.\.2, got 3 at index 0"),
        ({"data": {**blobs(), "y_val": np.arange(20) - 7}}, r"y_val: expected labels in 0\.\.2, got -7"),
        ({"data": {**blobs(), "X_train": np.zeros((40, 5))}}, "w: expected shape"),
        ({"data": {**blobs(), "X_train": np.full((40, 2), np.nan)}}, "X_train: expected finite numbers, got nan"),
        ({"data": {**blobs(), "X_train": np.zeros((0, 2))}}, "X_train: expected at least one example"),
        ({"data": {**blobs(), "X_train": np.full((40, 2), "a")}}, "X_train: expected float64, float32 or integers"),
        ({"data": {key: blobs()[key] for key in ("X_train", "y_train", "y_val")}}, "expected an entry X_val"),
        ({"data": {key: blobs()[key] for key in ("X_train", "y_train", "X_val")}}, "expected y_train and y_val, or"),
        ({"epochs": 0}, "epochs: expected an integer of at least 1, got 0"),
        ({"batch_size": 0}, "batch_size: expected an integer of at least 1, got 0"),
        ({"batch_size": 2.5}, "batch_size: expected an integer, got 2.5"),
        ({"seed": -1}, "seed: expected"),
        ({"lr": -1}, "lr: expected a finite number of at least 0"),
        ({"lr": np.inf}, "lr: expected a finite number"),
        ({"optimizer": "adamm"}, "optimizer: expected one of sgd, adagrad, rmsprop, adam, lamb, rprop, or a function"),
        ({"optimizer": 3}, "optimizer: expected a name or a function"),
        (
            {"momentun": 0.9},
            "options: expected sgd's, which are momentum, dampening, weight_decay, nesterov, got momentun",
        ),
        ({"momentum": 2}, "W: momentum: expected a finite number from 0 to 1"),
        ({"schedule": 0.5}, "schedule: expected a function or None"),
        ({"augment": "shift"}, "augment: expected a function or None"),
        ({"patience": 0}, "patience: expected an integer of at least 1"),
        (
            {"patience": 2, "data": {k: v for k, v in blobs().items() if "val" not in k}},
            "patience: expected a validation",
        ),
    ],
)
def test_fit_refuses_before_any_work(change, message):
    model = Recorder(2, 3)
    arguments = {"data": blobs(), "lr": 0.1, "epochs": 1, "batch_size": 8, **quiet, **change}
    with pytest.raises((ValueError, TypeError), match=message):
        fit(model, **arguments)
    assert model.batches == [] and not model.params["W"].any()


def test_a_schedule_that_returns_nonsense_is_named():
    with pytest.raises(ValueError, match=r"schedule\(0\): expected a finite number of at least 0, got -1.0"):
        fit(LinearClassifier(2, 3), blobs(), lr=0.1, epochs=1, batch_size=8, schedule=lambda step: -1, **quiet)


def test_the_contract_of_fit():
    parameters = inspect.signature(fit).parameters
    assert list(parameters)[:2] == ["model", "data"]
    assert {"optimizer", "epochs", "batch_size", "schedule", "seed"} <= set(parameters)
    assert parameters["schedule"].default is None and parameters["seed"].default == 0


def test_read_only_lists_and_integers_work():
    data = {"X_train": [[0], [1], [2], [3]], "y_train": [0, 0, 1, 1]}
    with contextlib.redirect_stderr(io.StringIO()) as stderr:
        history = fit(LinearClassifier(1, 2), data, lr=0.5, epochs=100, batch_size=2, **quiet)
    assert history.train_accuracy[-1] == 1 and stderr.getvalue() == ""


@pytest.mark.parametrize(
    "optimizer, rate",
    [("sgd", 0.1), ("adam", 0.001), (optim.rprop, 0.01), (partial(optim.adam, lr=0.02), 0.02)],
)
def test_without_a_rate_the_functions_own_or_the_customary_one_is_used(optimizer, rate):
    data = {"X_train": [[0.0], [1.0], [2.0], [3.0]], "y_train": [0, 0, 1, 1]}
    history = fit(LinearClassifier(1, 2), data, optimizer=optimizer, epochs=1, batch_size=2, progress=False)
    assert history.lr == [rate, rate]


def test_a_function_without_any_rate_is_told():
    def step(w, dw, state, *, lr):
        return w - lr * dw, state

    data = {"X_train": [[0.0], [1.0]], "y_train": [0, 1]}
    with pytest.raises(TypeError, match="^lr: expected a step size for step"):
        fit(LinearClassifier(1, 2), data, optimizer=step, epochs=1, batch_size=2, progress=False)
    with pytest.raises(ValueError, match="^optimizer: expected one of sgd"):
        fit(LinearClassifier(1, 2), data, optimizer="sdg", epochs=1, batch_size=2, progress=False)
