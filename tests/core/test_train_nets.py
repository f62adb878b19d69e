"""The lectures' nets trained on the course's data, by fit."""

import numpy as np
import pytest

from course_lib import optim
from course_lib.classic import pca, train_linear
from course_lib.data import bag_of_words, digits, one_hot, reviews, synthetic_beats
from course_lib.models import Affine, Convolution, MaxPool, Model, Relu, autoencoder, lenet
from course_lib.train import accuracy, f1_score, fit, predicted_labels, random_shift, top_k_error


def train(model, data, *, epochs, batch_size, lr, seed=0, **options):
    """Adam with a step size that falls to 0 along a cosine."""
    steps = epochs * -(-len(data["X_train"]) // batch_size)
    return fit(
        model, data, optimizer="adam", lr=lr, epochs=epochs, batch_size=batch_size, seed=seed, progress=False,
        schedule=lambda step: optim.cosine(step, total=steps), **options,
    )  # fmt: skip


@pytest.mark.row("D-lenet", "D-schedule", "D-batchnorm", "C-imagenet")
def test_lenet_on_digits_over_five_splits():
    accuracies = []
    for seed in range(5):
        data = digits(val=0, seed=seed)
        model = lenet((1, 8, 8), pad=1, batchnorm=True, seed=seed, dtype=np.float32)
        train(model, data, epochs=12, batch_size=64, lr=0.01, seed=seed)
        scores = model.scores(data["X_test"])
        accuracies.append(accuracy(scores, data["y_test"]))
        assert top_k_error(scores, data["y_test"], k=5) < 0.005 < top_k_error(scores, data["y_test"], k=1)
    assert np.mean(accuracies) >= 0.975
    assert np.std(accuracies) < 0.02


@pytest.mark.row("D-augment")
def test_shifted_images_teach_a_net_to_read_shifted_digits():
    data = digits()
    # a border of one pixel, so that a shift loses nothing
    wide = {
        name: np.pad(part, ((0, 0), (0, 0), (1, 1), (1, 1))) if part.ndim == 4 else part for name, part in data.items()
    }
    shifted = random_shift(wide["X_test"], np.random.default_rng(1), pixels=1)
    share = {}
    for name, augment in (("as they are", None), ("shifted", random_shift)):
        model = lenet((1, 10, 10), pad=1, dtype=np.float32)
        train(model, wide, epochs=16, batch_size=32, lr=0.005, augment=augment)
        share[name] = accuracy(model.scores(shifted), data["y_test"])
    assert share["shifted"] > share["as they are"] + 0.05
    assert share["shifted"] > 0.9


@pytest.mark.row("C-text")
def test_word_order_beats_a_bag_of_words():
    data = reviews()
    size, length = len(data["vocabulary"]), data["X_train"].shape[1]
    bags = {part: bag_of_words(data[f"X_{part}"], size) for part in ("train", "test")}
    of_bags = train_linear(bags["train"], data["y_train"], lr=0.5, reg=1e-3, epochs=30)
    words = {name: one_hot(part, size) if name.startswith("X") else part for name, part in data.items()}
    layers = [Convolution(16, 1, bias=False), Convolution(32, 4), Relu(), MaxPool(length - 3), Affine(2)]
    net = Model(layers, (size, length), dtype=np.float32)
    train(net, words, epochs=6, batch_size=32, lr=0.01)
    by_order = accuracy(net.scores(words["X_test"]), data["y_test"])
    by_bags = accuracy(of_bags.scores(bags["test"]), data["y_test"])
    assert 0.6 < by_bags < 0.8
    assert by_order > 0.95


@pytest.mark.row("C-audio")
def test_beats_found_by_a_small_conv_net():
    data = synthetic_beats()
    layers = [Convolution(8, 3), Relu(), MaxPool((2, 1)), Convolution(8, 3), Relu(), MaxPool((2, 1)), Affine(2)]
    net = Model(layers, (1, 24, 9), dtype=np.float32)
    train(net, data, epochs=6, batch_size=64, lr=0.01)
    found = f1_score(data["y_test"], predicted_labels(net.scores(data["X_test"])))
    assert found > 0.9
    # one number, how much louder the low bands are than a frame before, with the threshold that suits the training set
    rise = {
        p: data[f"X_{p}"][:, 0, :3, 4].mean(axis=1) - data[f"X_{p}"][:, 0, :3, 3].mean(axis=1)
        for p in ("train", "test")
    }
    thresholds = np.quantile(rise["train"], np.linspace(0.5, 0.99, 50))
    best = max(thresholds, key=lambda t: f1_score(data["y_train"], (rise["train"] > t).astype(int)))
    assert f1_score(data["y_test"], (rise["test"] > best).astype(int)) < 0.6
    assert f1_score(data["y_test"], np.ones_like(data["y_test"])) < 0.2


@pytest.mark.row("C-autoenc")
def test_an_autoencoder_learns_and_pca_is_beside_it():
    data = {name: part.reshape(len(part), -1) for name, part in digits().items() if name.startswith("X")}
    model = autoencoder((64, 128, 64, 8))
    history = train(model, data, epochs=15, batch_size=32, lr=0.005)
    assert history.train_accuracy == [] and history.val_loss[-1] < 0.4 * history.val_loss[0]
    found = pca(data["X_train"], 8)
    by_pca = np.mean((found.reconstruct(found.encode(data["X_test"])) - data["X_test"]) ** 2)
    by_net = np.mean((model.scores(data["X_test"]) - data["X_test"]) ** 2)
    assert by_net < by_pca  # eight numbers each
    total = np.mean((data["X_test"] - data["X_train"].mean(axis=0)) ** 2)
    assert by_pca < 0.4 * total


@pytest.mark.row("D-batchnorm")
def test_the_best_epochs_running_statistics_come_back_with_its_weights():
    data = {name: part[:200] for name, part in digits().items()}
    model = lenet((1, 8, 8), pad=1, batchnorm=True, dtype=np.float32)
    options = {"optimizer": "sgd", "epochs": 8, "batch_size": 32, "progress": False}
    history = fit(model, data, lr=0.5, momentum=0.9, keep_best=True, **options)
    assert history.best_epoch < 8  # with so large a step the loss jumps up and down
    assert model.validation_loss(data["X_val"], data["y_val"]) == pytest.approx(min(history.val_loss), rel=1e-6)
