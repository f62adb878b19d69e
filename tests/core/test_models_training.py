"""What training does to a model: states of layers, frozen layers, shortcuts, autoencoders."""

import numpy as np
import pytest
from model_cases import digits, examples, train
from oracles import assert_agree, normal

from course_lib.losses import mean_squared_error, softmax_cross_entropy
from course_lib.models import (
    Add,
    Affine,
    BatchNorm,
    Convolution,
    Dropout,
    MaxPool,
    Model,
    Relu,
    Unpool,
    autoencoder,
    conv_autoencoder,
    convnet,
    freeze,
    mlp,
    residual_mlp,
    with_head,
)
from course_lib.norm import batchnorm_forward
from course_lib.optim import adam

# layers that behave otherwise in training


@pytest.mark.row("D-batchnorm")
def test_running_statistics_are_the_layers_own():
    model = Model([Convolution(2, 1, bias=False), BatchNorm(), Affine(2)], (1, 3, 3))
    X, y, running = normal(0, 8, 1, 3, 3) * 4 + 3, np.arange(8) % 2, (np.zeros(2), np.ones(2))
    before = model.scores(X)
    for batch in (X[:4], X[4:]):
        _, _, running = batchnorm_forward(model.hidden(batch, "conv1"), np.ones(2), np.zeros(2), running, train=True)
        model.loss(batch, y[:4])
    assert model.state["passes"] == 2
    assert_agree(model.state["batchnorm1.mean"], running[0])
    assert_agree(model.state["batchnorm1.var"], running[1])
    used = model.state
    assert np.max(np.abs(model.scores(X) - before)) > 1e-3  # in use, the running statistics count
    assert_agree(model.scores(X[:1]), model.scores(X)[:1])  # ... and not those of the batch
    model.validation_loss(X, y), model.layer_gradients(X, y), model.activations(X)
    assert model.state is used


@pytest.mark.row("D-augment")
def test_dropout_advances_with_the_passes():
    model = Model([Dropout(0.5), Dropout(0.5), Affine(2)], (400,), loss=mean_squared_error, seed=3)
    model.params = {"fc1.w": np.ones((400, 2)), "fc1.b": np.zeros(2)}
    X = np.ones((1, 400))
    assert model.scores(X).tolist() == [[400, 400]]  # in use nothing is dropped
    masks = []
    for _ in range(3):
        before = model.state
        masks.append(model.loss(X, np.zeros((1, 2)))[1]["fc1.w"][:, 0] != 0)
    assert all(0.15 < mask.mean() < 0.35 for mask in masks)  # kept by both layers, whose masks differ
    assert not np.array_equal(masks[0], masks[1]) and not np.array_equal(masks[1], masks[2])
    model.state = before
    assert np.array_equal(model.loss(X, np.zeros((1, 2)))[1]["fc1.w"][:, 0] != 0, masks[2])


# transfer


@pytest.mark.row("D-transfer")
def test_frozen_layers_get_no_gradient_and_do_not_move():
    model, X, y = examples("lenet, knobs", reg=0.1)
    model.loss(X, y)
    some = freeze(model, "conv1", "batchnorm1", "fc1")
    assert_agree(some.scores(X), model.scores(X))
    assert set(some.constants) == {"conv1.w", "batchnorm1.gamma", "batchnorm1.beta", "fc1.w", "fc1.b"}
    state = some.state
    _, grads = some.loss(X, y)
    assert set(grads) == set(some.params) == set(model.params) - set(some.constants)
    assert np.array_equal(some.state["batchnorm1.mean"], state["batchnorm1.mean"])  # in use: before all that moves
    assert not np.array_equal(some.state["batchnorm2.mean"], state["batchnorm2.mean"])
    assert all(not np.shares_memory(some.params[name], model.params[name]) for name in some.params)
    again = freeze(some)
    assert set(again.params) == set(model.params) and not again.constants
    assert_agree(again.scores(X), some.scores(X))


@pytest.mark.row("D-transfer")
def test_gradients_of_what_is_not_frozen_are_unchanged():
    model, X, y = examples("lenet", reg=0.1)
    whole, part = model.loss(X, y), freeze(model, "conv1", "fc2").loss(X, y)
    for name, gradient in part[1].items():
        assert_agree(gradient, whole[1][name])
    head = freeze(model, "conv1", "conv2", "fc1", "fc2")
    loss, grads = head.loss(X, y)
    features = model.hidden(X, "relu4")  # (N, 84): the convolutions and hidden layers as a feature extractor
    dscores = softmax_cross_entropy(model.scores(X), y)[1]
    assert_agree(grads["fc3.w"], features.T @ dscores + 0.1 * model.params["fc3.w"])


@pytest.mark.row("D-transfer")
def test_a_new_head_on_old_features():
    model, X, _ = examples("lenet")
    for replaced, fresh in [(1, {"fc3"}), (2, {"fc2", "fc3"})]:
        other = with_head(model, 5, replaced=replaced, seed=9)
        assert {name.split(".")[0] for name in other.params} == fresh
        assert other.params["fc3.w"].shape == (84, 5) and other.scores(X).shape == (len(X), 5)
        assert_agree(other.hidden(X, "relu3"), model.hidden(X, "relu3"))
    free = with_head(model, 5, frozen=False)
    assert set(free.params) == set(model.params) and not free.constants
    assert np.array_equal(free.params["conv1.w"], model.params["conv1.w"])
    assert other.loss(X, [4, 3, 2, 1])[0] == pytest.approx(np.log(5), abs=0.2)


@pytest.mark.row("D-transfer")
def test_a_new_head_learns_other_digits_from_four_of_each():
    X, y = digits()
    low = y < 5
    source = convnet(2, 1, 1, classes=5, filters=8, batchnorm=True)
    for batch in np.array_split(np.arange(800), 20):
        train(source, X[low][batch], y[low][batch], adam, 3, lr=0.003)
    X, y = X[~low], y[~low] - 5
    few = [np.flatnonzero(y == c)[i] for c in range(5) for i in range(4)]
    model = with_head(source, 5, replaced=2)
    features = model.hidden(X[few], "pool1")
    train(model, X[few], y[few], adam, 40, lr=0.01)
    assert np.array_equal(model.hidden(X[few], "pool1"), features)  # batch normalisation's statistics too
    assert np.mean(model.scores(X[300:]).argmax(axis=1) == y[300:]) > 0.75


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: freeze(mlp([4, 3, 2]), "fc3"), "^frozen: expected one of fc1, relu1, fc2, got 'fc3'"),
        (lambda: freeze(mlp([4, 3, 2]), "fc1", "fc2"), "^frozen: expected a layer with parameters to be left"),
        (lambda: with_head(mlp([4, 3, 2]), 0), "^classes: "),
        (lambda: with_head(mlp([4, 3, 2]), 5, replaced=3), "^replaced: expected an integer from 1 to 2"),
        (
            lambda: with_head(mlp([4, 2], output="sigmoid", loss=mean_squared_error), 5),
            "^model: expected one that ends",
        ),
    ],
)
def test_transfer_names_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# shortcuts


@pytest.mark.row("D-residual")
def test_the_gradient_survives_depth_with_shortcuts_only():
    X, y = normal(0, 50, 64), np.arange(50) % 10
    norms = {}
    for skip in (True, False):
        for blocks in (2, 8, 32):
            _, grads = residual_mlp(blocks, skip=skip).loss(X, y)
            norms[skip, blocks] = np.linalg.norm(grads["fc1.w"])
    assert norms[False, 8] < 0.1 * norms[False, 2] and norms[False, 32] < 1e-4 * norms[False, 2]
    assert 0.3 * norms[True, 2] < norms[True, 8] < 10 * norms[True, 2]
    assert 0.3 * norms[True, 2] < norms[True, 32] < 10 * norms[True, 2]


@pytest.mark.row("D-residual")
def test_a_residual_block_by_hand():
    model = residual_mlp(1, 3, inputs=4, classes=2)
    X, p = normal(0, 5, 4), model.params
    a = X @ p["fc1.w"] + p["fc1.b"]
    block = (1 / (1 + np.exp(-(a @ p["fc2.w"] + p["fc2.b"])))) @ p["fc3.w"] + p["fc3.b"]
    assert_agree(model.hidden(X, "add1"), a + block)
    plain = residual_mlp(1, 3, inputs=4, classes=2, skip=False)
    assert_agree(plain.hidden(X, "fc3"), block)
    flowing = model.layer_gradients(X, [0, 1, 0, 1, 0])
    through = (flowing["fc2"]) @ p["fc2.w"].T
    assert_agree(flowing["fc1"], flowing["add1"] + through)


@pytest.mark.parametrize(
    "layers, shape, message",
    [
        ([Affine(3), Add("fc2")], (3,), "^add1, .*of: expected one of the layers before, fc1, got 'fc2'"),
        ([Affine(3), Affine(4), Add("fc1")], (3,), r"^add1, .*expected the shape \(3,\) that fc1 puts out, got \(4,\)"),
        ([MaxPool(2), Convolution(2, 1), Unpool("pool1")], (1, 4, 4), r"^unpool1, .*pool1's output shape \(1, 2, 2\)"),
        ([Unpool("pool1")], (1, 4, 4), "^unpool1, .*of which none is"),
        ([BatchNorm()], (1, 4), "^batchnorm1, .*expected features"),
        ([Relu(), Add("add1")], (3,), "^add1, "),
    ],
)
def test_layers_that_refer_to_others_name_bad_ones(layers, shape, message):
    with pytest.raises(ValueError, match=message):
        Model(layers, shape, loss=mean_squared_error)


# autoencoders


@pytest.mark.row("C-autoenc")
def test_the_target_is_the_input():
    model, X, _ = examples("autoencoder", n=6)
    assert model.output_shape == model.input_shape == (1, 2, 3)
    loss, grads = model.loss(X)
    assert loss == np.mean((model.scores(X) - X) ** 2) == model.loss(X, X)[0] == model.validation_loss(X)
    assert model.codes(X).shape == (6, 2)
    assert_agree(model.codes(X), model.hidden(X, "fc2"))
    names = [name for name in model.activations(X) if name[:2] == "fc"]
    assert [model.params[f"{name}.w"].shape for name in names] == [(6, 5), (5, 2), (2, 5), (5, 6)]


@pytest.mark.row("C-autoenc")
def test_a_linear_autoencoder_finds_what_pca_finds():
    X = normal(0, 60, 6) @ np.diag([5.0, 3, 2, 0.3, 0.2, 0.1])
    X = X - X.mean(axis=0)
    s = np.linalg.svd(X, compute_uv=False)
    best = np.sum(s[2:] ** 2) / X.size  # PCA's error with two components, below which no linear code gets
    model = autoencoder([6, 2])
    losses = train(model, X, None, adam, 1200, lr=0.02)
    assert best * 0.999 < losses[-1] < best * 1.02


@pytest.mark.row("C-autoenc")
def test_a_deep_autoencoder_beats_pca_with_as_small_a_code():
    X, _ = digits()
    X = X.reshape(len(X), 64)
    mean = X[:600].mean(axis=0)
    components = np.linalg.svd(X[:600] - mean, full_matrices=False)[2][:2]
    by_pca = np.mean((X[1400:] - mean - (X[1400:] - mean) @ components.T @ components) ** 2)
    model = autoencoder([64, 64, 32, 2], dtype=np.float32)
    train(model, X[:600], None, adam, 220, lr=0.005)
    assert model.validation_loss(X[1400:]) < 0.95 * by_pca


@pytest.mark.row("C-convautoenc", "C-unpool2", "C-deconv")
@pytest.mark.parametrize("decoder", ["unpool", "transpose", "upsample"])
def test_convolutional_autoencoders_learn_to_reconstruct(decoder):
    X, _ = digits(120)
    model = conv_autoencoder(decoder=decoder, filters=(8, 4))
    assert model.scores(X).shape == X.shape and model.codes(X).shape == (120, 4, 2, 2)
    losses = train(model, X, None, adam, 60, lr=0.01)
    assert losses[-1] < 0.75 * min(losses[0], np.mean((X - X.mean(axis=0)) ** 2) * 2)
    assert losses[-1] < 0.6 * losses[0]
    coded = conv_autoencoder(decoder=decoder, code=5)
    assert coded.codes(X).shape == (120, 5) and coded.scores(X).shape == X.shape


@pytest.mark.row("C-convautoenc", "C-unpool2")
def test_unpooling_puts_the_maxima_back():
    model = conv_autoencoder((1, 4, 4), filters=(2,))
    steps = model.activations(normal(0, 3, 1, 4, 4))
    maxima, back = steps["pool1"], steps["unpool1"]
    windows = back.reshape(3, 2, 2, 2, 2, 2)
    assert_agree(windows.sum(axis=(3, 5)), maxima)
    assert np.all((windows != 0).sum(axis=(3, 5)) <= 1)
    assert np.array_equal(back[back != 0], steps["relu1"][back != 0])  # at their own positions


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: autoencoder([4]), ValueError, "^sizes: expected at least two"),
        (lambda: autoencoder([4, 2], input_shape=(1, 5)), ValueError, "^reshape1, "),
        (lambda: conv_autoencoder((1, 6, 8)), ValueError, "^input_shape: expected H and W divisible by 4"),
        (lambda: conv_autoencoder((8, 8)), ValueError, r"^input_shape: expected \(C, H, W\)"),
        (lambda: conv_autoencoder(filters=()), ValueError, "^filters: "),
        (lambda: conv_autoencoder(filters=8), ValueError, "^filters: "),
        (lambda: conv_autoencoder(decoder="magic"), ValueError, '^decoder: expected "unpool"'),
        (lambda: conv_autoencoder(code=0), ValueError, "^code: "),
        (
            lambda: autoencoder([4, 2]).loss(np.ones((2, 4)), np.ones((2, 2))),
            ValueError,
            r"^y: expected shape \(2, 4\)",
        ),
    ],
)
def test_autoencoders_name_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
