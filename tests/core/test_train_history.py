"""What fit records, and how it ends early."""

import warnings
from functools import partial

import numpy as np
import pytest
from oracles import assert_agree, frozen, normal
from small_models import Recorder, Regression, blobs

from course_lib import optim
from course_lib.classic import LinearClassifier
from course_lib.train import Diverged, History, fit

quiet = {"progress": False}


def interrupt(loss, grads):
    raise KeyboardInterrupt


# the history


def test_history_measures_what_it_says():
    data, model = blobs(), LinearClassifier(2, 3, reg=0.1)
    history = fit(model, data, optimizer="adam", lr=0.05, epochs=4, batch_size=8, **quiet)
    assert [len(column) for column in (history.step_loss, history.lr)] == [20, 20]
    for column in (history.train_loss, history.val_loss, history.train_accuracy, history.val_accuracy, history.seconds):
        assert len(column) == 4
    assert history.val_loss[-1] == pytest.approx(model.loss(data["X_val"], data["y_val"])[0], rel=1e-12)
    assert history.val_accuracy[-1] == np.mean(model.predict(data["X_val"]) == data["y_val"])
    assert history.train_accuracy[-1] == np.mean(model.predict(data["X_train"]) == data["y_train"])
    assert history.best_epoch == np.argmin(history.val_loss) + 1
    assert not history.interrupted and min(history.seconds) >= 0


def test_targets_that_are_numbers_have_no_accuracy():
    data = {"X_train": normal(0, 30, 3), "X_val": normal(1, 10, 3)}
    itself, model = Regression(3), Regression(3)
    history = fit(itself, data, lr=0.3, epochs=30, batch_size=10, **quiet)
    assert history.train_accuracy == history.val_accuracy == [] and len(history.val_loss) == 30
    assert history.val_loss[-1] < 0.01 < history.val_loss[0]
    fit(model, {**data, "y_train": data["X_train"], "y_val": data["X_val"]}, lr=0.3, epochs=30, batch_size=10, **quiet)
    assert_agree(model.params["w"], itself.params["w"])


def test_table_is_deterministic_and_short():
    history = History(
        step_loss=[1.0] * 40, train_loss=[1 / (e + 1) for e in range(20)], val_loss=[abs(e - 9) + 0.5 for e in range(20)],
        val_accuracy=[0.5] * 20, seconds=[0.1] * 20,
    )  # fmt: skip
    lines = str(history).splitlines()
    assert [line.split()[0] for line in lines] == [
        "epoch", *"12345", "…", "10", "…", "16", "17", "18", "19", "20",
    ]  # fmt: skip
    assert lines[0].split() == ["epoch", "train", "loss", "val", "loss", "val", "accuracy"]
    assert lines[7].split() == ["10", "0.1", "0.5", "50.0%", "best"]
    assert repr(history) == "<History: 20 epochs, best 10: train loss 0.1, val loss 0.5, val accuracy 50.0%>"
    assert repr(History()) == "<History: 0 epochs>" and History().best_epoch == 0
    html = history._repr_html_()
    assert html.count("<tr>") == 14 and "<strong>10</strong>" in html and '<th scope="col">val loss</th>' in html
    assert "interrupted" in str(History(train_loss=[1.0], interrupted=True))


def test_plot_draws_the_numbers():
    data = blobs()
    history = fit(LinearClassifier(2, 3), data, lr=0.1, epochs=3, batch_size=10, **quiet)
    loss, accuracy = history.plot().axes
    lines = {line.get_label(): line for line in loss.lines}
    assert lines["each step"].get_ydata().tolist() == history.step_loss
    assert lines["training"].get_ydata().tolist() == history.train_loss
    assert lines["training"].get_xdata().tolist() == [1, 2, 3] and lines["each step"].get_xdata()[-1] == 3
    assert lines["validation"].get_ydata().tolist() == history.val_loss
    assert [line.get_ydata().tolist() for line in accuracy.lines] == [history.train_accuracy, history.val_accuracy]
    assert [ax.get_xlabel() for ax in (loss, accuracy)] == ["epoch"] * 2
    assert len(History(step_loss=[1.0], train_loss=[1.0]).plot().axes) == 1
    with pytest.raises(ValueError, match="plot: expected a history of at least one step"):
        History().plot()


def test_the_bar_writes_to_stdout_and_only_where_wanted(monkeypatch, capsys):
    monkeypatch.delenv("WORKBOOK_NO_PICTURES", raising=False)
    run = partial(fit, LinearClassifier(2, 3), blobs(), lr=0.1, epochs=2, batch_size=10)
    run()
    out, err = capsys.readouterr()
    assert "8" in out and "step" in out and err == ""
    run(progress=False)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setenv("WORKBOOK_NO_PICTURES", "1")
    run()
    assert capsys.readouterr() == ("", "")


# early ends


def test_patience_stops_and_keep_best_goes_back():
    data = blobs()
    data["y_val"] = frozen((data["y_val"] + 1) % 3)  # the better the training, the worse the validation
    model = LinearClassifier(2, 3)
    history = fit(model, data, lr=0.1, epochs=50, batch_size=10, patience=3, keep_best=True, **quiet)
    assert history.best_epoch == 1 and len(history.val_loss) == 4
    assert model.loss(data["X_val"], data["y_val"])[0] == pytest.approx(history.val_loss[0], rel=1e-12)
    last = LinearClassifier(2, 3)
    fit(last, data, lr=0.1, epochs=4, batch_size=10, **quiet)
    assert last.loss(data["X_val"], data["y_val"])[0] == pytest.approx(history.val_loss[3], rel=1e-12)


def test_interrupting_returns_the_history_so_far():
    data = blobs()
    del data["X_val"], data["y_val"]
    model = Recorder(2, 3, at=6, action=interrupt)
    history = fit(model, data, lr=0.1, epochs=5, batch_size=10, **quiet)
    assert history.interrupted and len(history.step_loss) == 6 and len(history.train_loss) == 1
    assert "interrupted" in repr(history)


@pytest.mark.row("D-issues")
def test_a_step_size_too_large_stops_with_the_last_weights_whose_loss_was_finite():
    data = {"X_train": normal(0, 20, 3) * 10, "y_train": normal(1, 20, 3)}
    model = Regression(3)
    with warnings.catch_warnings(), pytest.raises(Diverged) as caught:
        warnings.simplefilter("error")
        fit(model, data, lr=1e3, epochs=200, batch_size=20, **quiet)
    steps = len(caught.value.history.step_loss)
    message = str(caught.value)
    assert f"step {steps} (epoch {steps + 1})" in message and "lower lr (it was 1000; 100, say)" in message
    with np.errstate(over="ignore"):
        assert np.isfinite(model.loss(data["X_train"], data["y_train"])[0])
    assert np.isfinite(caught.value.history.step_loss).all() and steps > 1


@pytest.mark.parametrize(
    "action, reason",
    [
        (lambda loss, grads: (float("nan"), grads), "the loss is nan"),
        (lambda loss, grads: (float("inf"), grads), "the loss is inf"),
        (lambda loss, grads: (loss, {**grads, "W": grads["W"] * np.nan}), "the gradient of W holds NaN"),
        (lambda loss, grads: (loss, {**grads, "b": grads["b"] + 1e308}), "after the step, b holds NaN or an infinity"),
    ],
)
def test_what_is_not_finite_is_named(action, reason):
    model, twin = Recorder(2, 3, at=3, action=action), LinearClassifier(2, 3)
    with pytest.raises(Diverged, match=rf"step 3 \(epoch 1\): {reason}"):
        fit(model, blobs(), lr=50.0, epochs=2, batch_size=10, **quiet)
    data = {"X_train": np.concatenate([X for X, _ in model.batches[:3]])}
    data["y_train"] = np.concatenate([y for _, y in model.batches[:3]])
    for X, y in model.batches[: 2 if "loss" in reason else 3]:  # a bad loss takes back the step that led to it
        _, grads = twin.loss(X, y)
        twin.params, _ = optim.step_all(optim.sgd, twin.params, grads, {}, lr=50.0)
    assert_agree(model.params["W"], twin.params["W"])


def test_losses_that_refuse_infinite_scores_count_as_divergence():
    data = {"X_train": np.full((4, 1), 1e200), "y_train": [0, 1, 0, 1], "X_val": np.ones((1, 1)), "y_val": [0]}
    with pytest.raises(Diverged, match="the loss is nan"):
        fit(LinearClassifier(1, 2), data, lr=1e50, epochs=5, batch_size=1, **quiet)


def test_an_error_of_the_model_itself_is_not_called_divergence():
    def fail(loss, grads):
        raise ValueError("my own mistake")

    with pytest.raises(ValueError, match="my own mistake"):
        fit(Recorder(2, 3, at=1, action=fail), blobs(), lr=0.1, epochs=1, batch_size=10, **quiet)
