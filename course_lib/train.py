"""Training: mini-batches, an optimiser's step after each, and a record of how it went.

    model = lenet()
    history = fit(model, digits(), optimizer="adam", lr=0.002, epochs=10, batch_size=32)
    history.plot()

Beside it: the measures of how good predictions are, and random changes to images while training (augmentation).
"""

import os
import sys
import time

import numpy as np

from . import _validate
from ._train_augment import random_flip, random_shift
from ._train_checks import check_data, check_optimizer, check_rate, check_settings
from ._train_history import History
from ._train_metrics import (
    accuracy,
    confusion_matrix,
    f1_score,
    precision_at_k,
    predicted_labels,
    top_k_error,
)
from .draw import NO_PICTURES
from .optim import step_all

__all__ = [
    "fit",
    "History",
    "Diverged",
    "accuracy",
    "predicted_labels",
    "top_k_error",
    "confusion_matrix",
    "f1_score",
    "precision_at_k",
    "random_shift",
    "random_flip",
]

MEASURED = 1000  # the training accuracy is that of the first so many examples: exact enough, and soon done


class Diverged(ArithmeticError):
    """The loss, a gradient or a weight became infinite or NaN; `history` holds the steps until then."""

    def __init__(self, message, history):
        super().__init__(message)
        self.history = history


def fit(
    model,
    data,
    *,
    optimizer="sgd",
    lr=None,
    epochs,
    batch_size,
    schedule=None,
    seed=0,
    augment=None,
    patience=None,
    keep_best=False,
    progress=True,
    **options,
):
    """Train a model in place by mini-batches: shuffle, take a batch, compute the gradients, step; again and again.

    Formula: params ← step(params, ∂loss(batch)/∂params, lr · schedule(t))  at step t = 0, 1, …

    Arguments:
        model       has params (dict of arrays), scores(X), and loss(X, y) -> (loss, grads); where it has
                    validation_loss(X, y), that measures the validation set, else loss does
        data        dict with X_train and y_train, and X_val and y_val where there is a validation set; without the y
                    the target is X itself (an autoencoder's); further entries are not looked at
        optimizer   "sgd", "adagrad", "rmsprop", "adam", "lamb", "rprop", or a function (w, dw, state, *, lr, ...)
                    -> (w, state), such as optim.adam or functools.partial(optim.adam, lr=0.002)
        lr          number, at least 0: the step size; None takes the function's own where it has one (a partial's),
                    else 0.1 for sgd, 0.01 for adagrad and rprop, 0.001 for the others
        epochs      integer, at least 1: how often each training example is used
        batch_size  integer, at least 1; the last batch of an epoch may be smaller
        schedule    function of the step t -> factor of lr, such as lambda t: cosine(t, total=1000), or None
        seed        integer, at least 0, of the order of the examples and of augment's chance
        augment     function (X, rng) -> X, applied to each training batch, such as random_shift, or None
        patience    integer or None: stop after so many epochs without a new lowest validation loss
        keep_best   True: at the end the model has the weights of history.best_epoch instead of the last ones
        progress    True shows a bar while training (never while a class is graded)
        options     the optimiser's own, such as momentum=0.9
    Returns:
        history     History; Ctrl-C ends training early and returns the history so far
    Errors: ValueError, TypeError: before any work, where data, model, optimiser or settings do not fit together.
        Diverged: the loss, a gradient or a weight is no longer finite; the model then has the last weights whose loss
        was.
    Lecture row: D-lenet, B-linear, D-schedule, D-augment

    >>> from course_lib.classic import LinearClassifier
    >>> from course_lib.train import fit
    >>> data = {"X_train": [[0.0], [1.0], [2.0], [3.0]], "y_train": [0, 0, 1, 1]}
    >>> history = fit(LinearClassifier(1, 2), data, lr=0.5, epochs=200, batch_size=2, progress=False)
    >>> history.train_accuracy[-1]
    1.0
    """
    lr = check_rate(lr, optimizer)
    parts, classify = check_data(data, model)
    has_validation = parts["val"] is not None
    check_settings(epochs, batch_size, seed, patience, has_validation, {"schedule": schedule, "augment": augment})
    run = _Run(model, check_optimizer(optimizer, options, model.params, lr), options, lr, schedule)
    X, y = parts["train"]
    rng = np.random.default_rng(seed)
    best = _snapshot(model)
    with _bar(progress, epochs * -(-len(X) // batch_size)) as bar:
        try:
            for epoch in range(1, epochs + 1):
                started, first = time.perf_counter(), len(run.history.step_loss)
                order, sizes = rng.permutation(len(X)), []
                for start in range(0, len(X), batch_size):
                    rows = order[start : start + batch_size]
                    batch = X[rows] if augment is None else augment(X[rows], rng)
                    run.step(batch, None if y is None else y[rows], epoch)
                    sizes.append(len(rows))
                    bar.update()
                _record(run.history, model, parts, classify, np.average(run.history.step_loss[first:], weights=sizes))
                run.history.seconds.append(time.perf_counter() - started)
                bar.set_postfix_str(f"epoch {epoch} of {epochs}, loss {run.history.train_loss[-1]:.4g}")
                if run.history.best_epoch == epoch:
                    best = _snapshot(model)
                if patience is not None and epoch - run.history.best_epoch >= patience:
                    break
        except KeyboardInterrupt:
            run.history.interrupted = True
    if keep_best and run.history.best_epoch:
        _restore(model, best)
    return run.history


class _Run:
    """The optimiser on its way: its state, the step number, and what to return to if a step fails."""

    def __init__(self, model, optimizer, options, lr, schedule):
        self.model, self.optimizer, self.options, self.lr, self.schedule = model, optimizer, options, lr, schedule
        self.state, self.history = {}, History()
        self.last_good = _snapshot(model)  # the last weights whose loss was finite

    def step(self, X, y, epoch):
        t = len(self.history.step_loss)
        factor = 1.0
        if self.schedule is not None:
            factor = _validate.number(f"schedule({t})", self.schedule(t), minimum=0)
        now = _snapshot(self.model)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # Diverged says it better than warnings
            loss, grads = self._loss(X, y)
            if not np.isfinite(loss):
                self._stop(f"the loss is {loss}", t, epoch)
            self.last_good = now
            self._check_finite(grads, "the gradient of", t, epoch)
            params, self.state = step_all(
                self.optimizer, self.model.params, grads, self.state, lr=self.lr * factor, **self.options
            )
            self._check_finite(params, "after the step,", t, epoch)
        # one call, which Ctrl-C cannot cut in two: the weights are all old or all new
        self.model.params.update(params)
        self.history.step_loss.append(float(loss))
        self.history.lr.append(self.lr * factor)

    def _loss(self, X, y):
        try:
            return self.model.loss(X) if y is None else self.model.loss(X, y)
        except ValueError:
            # losses refuse scores that are not finite: were it the weights, or is the input to blame?
            if _scores_are_finite(self.model, X):
                raise
            return float("nan"), {}

    def _check_finite(self, arrays, what, t, epoch):
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                self._stop(f"{what} {name} holds NaN or an infinity", t, epoch)

    def _stop(self, reason, t, epoch):
        _restore(self.model, self.last_good)
        raise Diverged(
            f"training stopped at step {t} (epoch {epoch}): {reason}. The model has the last weights whose loss was "
            f"finite. Try a lower lr (it was {self.lr:g}; {self.lr / 10:g}, say), or raise it slowly with optim.warmup.",
            self.history,
        )


def _scores_are_finite(model, X):
    try:
        return bool(np.isfinite(model.scores(X)).all())
    except ValueError:
        return False


def _record(history, model, parts, classify, train_loss):
    """Add one epoch's numbers; all are computed first, so that Ctrl-C leaves no column longer than another."""
    measured = {"train_loss": float(train_loss)}
    X, y = parts["train"]
    if classify:
        measured["train_accuracy"] = accuracy(model.scores(X[:MEASURED]), y[:MEASURED])
    if parts["val"] is not None:
        X, y = parts["val"]
        if hasattr(model, "validation_loss"):
            loss = model.validation_loss(X) if y is None else model.validation_loss(X, y)
        else:
            loss, _ = model.loss(X) if y is None else model.loss(X, y)
        measured["val_loss"] = float(loss)
        if classify:
            measured["val_accuracy"] = accuracy(model.scores(X), y)
    for column, value in measured.items():
        getattr(history, column).append(value)


def _snapshot(model):
    """The weights, and the statistics that a model keeps beside them; steps replace arrays, so no copy is needed."""
    return dict(model.params), dict(getattr(model, "state", {}))


def _restore(model, snapshot):
    params, state = snapshot
    model.params.update(params)
    if hasattr(model, "state"):
        model.state = dict(state)


def _bar(progress, steps):
    from tqdm.auto import tqdm

    # on stdout: in a notebook, stderr is a red box
    hidden = not progress or bool(os.environ.get(NO_PICTURES))
    return tqdm(total=steps, unit="step", file=sys.stdout, leave=False, disable=hidden)
