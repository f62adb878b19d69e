import numpy as np
import pytest
from model_cases import NETS, assert_gradients, digits, examples, train
from oracles import assert_agree, frozen, normal

from course_lib.losses import binary_cross_entropy, l2_penalty, mean_squared_error, softmax, softmax_cross_entropy
from course_lib.models import (
    Convolution,
    alexnet,
    convnet,
    lenet,
    mlp,
    penn_cnn,
)
from course_lib.optim import adam, step_all

# gradients of every net


@pytest.mark.row("B-sameshape", "A-net", "D-fc", "C-mlp", "B-archgrammar", "C-autoenc", "C-convautoenc")
@pytest.mark.parametrize("name", [name for name in NETS if "lenet" not in name])
def test_gradients(name):
    model, X, y = examples(name, reg=0.1)
    if name == "squared sigmoid":
        y = np.abs(y)
    assert_gradients(model, X, y)


@pytest.mark.row("D-lenet")
@pytest.mark.parametrize("name", ["lenet", "lenet, knobs"])
def test_lenet_gradient_along_random_directions(name):
    model, X, y = examples(name, reg=0.1)
    start, params, h = model.state, model.params, 1e-6
    _, grads = model.loss(X, y)
    for i, part in enumerate(params):
        direction = normal(i, *params[part].shape)
        direction = direction / np.linalg.norm(direction)
        losses = []
        for sign in (1, -1):
            model.params, model.state = {**params, part: params[part] + sign * h * direction}, start
            losses.append(model.loss(X, y)[0])
        model.params = params
        slope = (losses[0] - losses[1]) / (2 * h)
        assert slope == pytest.approx(np.vdot(grads[part], direction), rel=1e-6, abs=1e-8)


# lecture A's net, written another way


def penn_by_einsum(params, X, y):
    """(scores, gradients): every window at once, the pooling by blocks, the lecture's equations one by one."""
    g1, g2, w1, w2 = (params[name] for name in ("conv1.w", "conv2.w", "fc1.w", "fc2.w"))

    def f(z):
        return 1 / (1 + np.exp(-z))

    def windows(a):
        padded = np.pad(a, ((0, 0), (0, 0), (1, 1), (1, 1)))
        return np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))

    def blocks(s):
        n, c, h, w = s.shape
        return s.reshape(n, c, h // 2, 2, w // 2, 2)

    s1 = f(np.einsum("ncijpq,kcpq->nkij", windows(X), g1))
    a1 = blocks(s1).max(axis=(3, 5))
    s2 = f(np.einsum("ncijpq,kcpq->nkij", windows(a1), g2))
    a2 = blocks(s2).max(axis=(3, 5))
    a3 = f(a2.reshape(len(X), -1) @ w1)
    scores = a3 @ w2

    def unpool(da, s, a):
        return (blocks(s) == a[:, :, :, None, :, None]).reshape(s.shape) * da.repeat(2, axis=2).repeat(2, axis=3)

    dz4 = (softmax(scores) - np.eye(w2.shape[1])[y]) / len(X)
    dz3 = dz4 @ w2.T * a3 * (1 - a3)
    dz2 = unpool((dz3 @ w1.T).reshape(a2.shape), s2, a2) * s2 * (1 - s2)
    da1 = np.einsum("nkijpq,kcpq->ncij", windows(dz2), g2[:, :, ::-1, ::-1])  # the filter rotated by 180°
    dz1 = unpool(da1, s1, a1) * s1 * (1 - s1)
    gradients = {
        "conv1.w": np.einsum("ncijpq,nkij->kcpq", windows(X), dz1),
        "conv2.w": np.einsum("ncijpq,nkij->kcpq", windows(a1), dz2),
        "fc1.w": a2.reshape(len(X), -1).T @ dz3,
        "fc2.w": a3.T @ dz4,
    }
    return scores, gradients


@pytest.mark.row("A-net", "A-convback", "A-poolback")
def test_penn_cnn_is_the_lectures_equations():
    model = penn_cnn((2, 8, 12), 5, filters=(3, 4), hidden=6, seed=3)
    X, y = normal(0, 7, 2, 8, 12), np.arange(7) % 5
    scores, expected = penn_by_einsum(model.params, X, y)
    assert_agree(model.scores(X), scores)
    loss, grads = model.loss(X, y)
    assert loss == pytest.approx(-np.log(softmax(scores)[np.arange(7), y]).mean(), rel=1e-12)
    for name in model.params:
        assert_agree(grads[name], expected[name])


@pytest.mark.row("A-net")
def test_penn_cnn_trains():
    X, y = digits(200)
    model = penn_cnn()
    losses = train(model, X, y, adam, 50, lr=0.02)
    assert losses[0] == pytest.approx(np.log(10), abs=0.1) and losses[-1] < 0.5
    assert np.mean(model.scores(X).argmax(axis=1) == y) > 0.9


@pytest.mark.row("A-fcsummary", "A-net", "D-algorithm")
@pytest.mark.parametrize("name", NETS)
def test_one_small_step_lowers_the_loss(name):
    model, X, y = examples(name, n=6)
    if name == "squared sigmoid":
        y = np.abs(y)
    start = model.state
    before, grads = model.loss(X, y)
    model.params = {part: value - 0.01 * grads[part] for part, value in model.params.items()}
    model.state = start  # the same dropout
    assert model.loss(X, y)[0] < before


# the grammar


@pytest.mark.row("B-archgrammar")
@pytest.mark.parametrize("N, M, K, pool", [(1, 1, 0, True), (2, 2, 1, True), (3, 1, 2, False), (5, 1, 1, True)])
def test_the_grammar_builds_and_trains(N, M, K, pool):
    model = convnet(N, M, K, pool=pool, filters=4)
    kinds = " ".join(type(layer).__name__ for layer in model.layers)
    stage = "Convolution Relu " * N + ("MaxPool " if pool else "")
    assert kinds == (stage * M + "Affine Relu " * K + "Affine")
    X, y = digits(100)
    losses = train(model, X, y, adam, 25, lr=0.005)
    assert losses[0] == pytest.approx(np.log(10), abs=0.2) and losses[-1] < 0.7 * losses[0]


@pytest.mark.row("B-archgrammar", "B-common")
def test_filters_double_from_stage_to_stage():
    model = convnet(2, 3, 0, filters=8, size=5)
    assert [layer.filters for layer in model.layers if isinstance(layer, Convolution)] == [8, 8, 16, 16, 32, 32]
    assert all(layer.pad == 2 for layer in model.layers if isinstance(layer, Convolution))


@pytest.mark.parametrize(
    "args, options, message",
    [
        ((0, 1, 1), {}, "^N: expected an integer from 1 to 5, got 0"),
        ((6, 1, 1), {}, "^N: "),
        ((1, 0, 1), {}, "^M: "),
        ((1, 1, 3), {}, "^K: expected an integer from 0 to 2, got 3"),
        ((1, 1, -1), {}, "^K: "),
        ((1, 1, 1), {"size": 4}, "^size: expected an odd integer"),
        ((1, 1, 1), {"activation": "step"}, "^activation: expected a layer or one of relu, sigmoid"),
        ((1, 4, 1), {}, r"^pool4, with input \(64, 1, 1\): size: "),
        ((1, 1, 1), {"classes": 0}, "^fc2, with input"),
        ((1, 1, 1), {"filters": 0}, "^filters: "),
        ((1, 1, 1), {"dropout": 1.5}, "^dropout1"),
        ((1, 1, 1), {"input_shape": (8, 8, 8, 8)}, "^conv1, .*expected a signal"),
    ],
)
def test_outside_the_grammar(args, options, message):
    with pytest.raises(ValueError, match=message):
        convnet(*args, **options)


# LeNet


@pytest.mark.row("D-lenet")
def test_lenet_shapes_and_parameters():
    model = lenet(dtype=np.float32)
    found = {name: out.shape[1:] for name, out in model.activations(normal(0, 2, 1, 32, 32)).items()}
    assert [found[name] for name in ("conv1", "pool1", "conv2", "pool2", "fc1", "fc2", "fc3")] == [
        *[(6, 30, 30), (6, 15, 15), (16, 13, 13), (16, 6, 6)],
        *[(120,), (84,), (10,)],
    ]
    assert {name: w.shape for name, w in model.params.items() if name.endswith("w")} == {
        "conv1.w": (6, 1, 3, 3),
        "conv2.w": (16, 6, 3, 3),
        "fc1.w": (576, 120),
        "fc2.w": (120, 84),
        "fc3.w": (84, 10),
    }
    small = lenet((1, 8, 8), pad=1)
    assert small.params["fc1.w"].shape == (64, 120)
    assert [small.hidden(normal(0, 1, 1, 8, 8), f"{k}{i}").shape[2] for i in (1, 2) for k in ("conv", "pool")] == [
        8,
        4,
        4,
        2,
    ]
    assert lenet((1, 28, 28)).params["fc1.w"].shape == (400, 120)


@pytest.mark.row("D-lenet")
def test_lenet_learns_the_digits():
    X, y = digits()
    model, state = lenet((1, 8, 8), pad=1, dtype=np.float32), {}
    mixed = np.random.default_rng(1)
    for _ in range(8):
        order = mixed.permutation(1400)
        for batch in np.array_split(order, 22):
            loss, grads = model.loss(X[batch], y[batch])
            model.params, state = step_all(adam, model.params, grads, state, lr=0.003)
    assert np.mean(model.scores(X[1400:]).argmax(axis=1) == y[1400:]) > 0.94
    assert model.validation_loss(X[1400:], y[1400:]) < 0.2
    assert all(w.dtype == np.float32 for w in model.params.values())


# losses and targets


@pytest.mark.row("D-fc")
def test_the_three_losses():
    X = normal(0, 6, 4)
    yes = frozen([0, 1, 1, 0, 1, 0])
    model = mlp([4, 5, 1], loss=binary_cross_entropy, activation="sigmoid")
    assert model.loss(X, yes)[0] == model.loss(X, yes[:, None])[0]  # (N,) does for (N, 1)
    assert model.loss(X, yes)[0] == binary_cross_entropy(model.scores(X)[:, 0], yes)[0]
    model = mlp([4, 5, 2], loss=mean_squared_error)
    target = normal(1, 6, 2)
    assert model.loss(X, target)[0] == pytest.approx(np.mean((model.scores(X) - target) ** 2), rel=1e-12)
    model = mlp([4, 5, 3])
    assert model.loss(X, yes)[0] == softmax_cross_entropy(model.scores(X), yes)[0] == model.validation_loss(X, yes)


@pytest.mark.row("D-algorithm", "C-l2")
def test_the_penalty_is_on_weights_alone():
    model, X, y = examples("penn, biases")
    model.params = {name: value + 0.5 for name, value in model.params.items()}
    loss, grads = model.loss(X, y)
    penalised = penn_cnn((1, 10, 8), 3, filters=(2, 2), size=(3, 2), pad=0, hidden=3, bias=True, reg=0.3)
    penalised.params = model.params
    with_penalty, penalised_grads = penalised.loss(X, y)
    weights = [name for name in model.params if name.endswith(".w")]
    assert len(weights) == 4
    assert with_penalty == pytest.approx(loss + sum(l2_penalty(model.params[n], 0.3)[0] for n in weights), rel=1e-12)
    for name in model.params:
        assert_agree(penalised_grads[name] - grads[name], 0.3 * model.params[name] * (name in weights))
    assert penalised.validation_loss(X, y) == model.validation_loss(X, y)


@pytest.mark.row("D-fc", "D-algorithm")
def test_a_batch_is_the_mean_of_its_examples():
    model, X, y = examples("mlp", n=5)
    loss, grads = model.loss(X, y)
    one_by_one = [model.loss(X[i : i + 1], y[i : i + 1]) for i in range(5)]
    assert loss == pytest.approx(np.mean([one for one, _ in one_by_one]), rel=1e-12)
    for name in grads:
        assert_agree(grads[name], sum(g[name] for _, g in one_by_one) / 5)


@pytest.mark.parametrize("name", [name for name in NETS if name not in ("binary", "regression", "squared sigmoid")])
def test_the_first_loss_of_a_classifier_is_log_of_its_classes(name):
    model, X, y = examples(name, n=8)
    if NETS[name][1] and name != "hinge":
        assert model.loss(X, y)[0] == pytest.approx(np.log(NETS[name][1]), abs=0.25)
    else:
        assert np.isfinite(model.loss(X, y)[0])


# AlexNet


@pytest.mark.row("C-alexnet")
def test_a_small_alexnet_runs_and_its_gradient_is_right():
    model = alexnet((3, 67, 67), 10, dropout=0.0)  # the smallest image that leaves one pixel to the last pooling
    X, y, h = normal(0, 2, 3, 67, 67), [3, 8], 1e-6
    loss, grads = model.loss(X, y)
    assert loss == pytest.approx(np.log(10), abs=0.3)
    params = dict(model.params)
    for name in ("conv1.w", "conv2.w", "conv5.b", "fc3.w"):
        direction = normal(1, *params[name].shape)
        direction = direction / np.linalg.norm(direction)
        losses = []
        for sign in (1, -1):
            model.params[name] = params[name] + sign * h * direction
            losses.append(model.validation_loss(X, y))
        model.params[name] = params[name]
        assert (losses[0] - losses[1]) / (2 * h) == pytest.approx(np.vdot(grads[name], direction), rel=1e-5, abs=1e-9)
    with pytest.raises(ValueError, match=r"^pool3, with input \(256, 2, 2\): size: .*got 3"):
        alexnet((3, 63, 63))
