"""What goes into a model and how it is kept: parameters, seeds, dtypes, views, and what is refused."""

import numpy as np
import pytest
from model_cases import NETS, examples
from oracles import assert_agree, normal

from course_lib.losses import binary_cross_entropy, mean_squared_error, softmax_cross_entropy
from course_lib.models import (
    Affine,
    Convolution,
    Dropout,
    MaxPool,
    Model,
    Relu,
    Sigmoid,
    lenet,
    mlp,
    penn_cnn,
)

# parameters, seeds, dtypes


@pytest.mark.parametrize("name", NETS)
def test_the_seed_decides(name):
    one, X, y = examples(name)
    same, other = examples(name)[0], NETS[name][0](seed=7)
    for part in one.params:
        assert np.array_equal(one.params[part], same.params[part])
        assert part.endswith("w") != np.array_equal(one.params[part], other.params[part])
    if name == "squared sigmoid":
        y = np.abs(y)
    for _ in range(2):  # the second pass too: dropout advances alike
        assert one.loss(X, y)[0] == same.loss(X, y)[0]


@pytest.mark.parametrize("name", NETS)
def test_float32_stays_float32(name):
    model, X, y = examples(name, dtype=np.float32, reg=0.1)
    wide = examples(name, reg=0.1)[0]
    if name == "squared sigmoid":
        y = np.abs(y)
    loss, grads = model.loss(X, y)
    wide_loss, wide_grads = wide.loss(X.astype(np.float64), y.astype(np.float64) if y.dtype.kind == "f" else y)
    assert loss == pytest.approx(wide_loss, rel=1e-4)
    for part, value in model.params.items():
        assert value.dtype == grads[part].dtype == np.float32
        assert np.max(np.abs(grads[part] - wide_grads[part])) <= 1e-3 * np.max(np.abs(wide_grads[part])) + 1e-7
    assert all(out.dtype == np.float32 for out in model.activations(X.astype(np.float64)).values())
    assert all(value.dtype == np.float32 for key, value in model.state.items() if key != "passes")


@pytest.mark.parametrize("name", NETS)
def test_nothing_given_is_written_to_and_views_work(name):
    model, X, y = examples(name, n=3)
    if name == "squared sigmoid":
        y = np.abs(y)
    params = {part: value.copy() for part, value in model.params.items()}
    start = model.state
    loss, grads = model.loss(X, y)  # X and y are read-only
    model.state = start
    again, view_grads = model.loss(np.repeat(X, 2, axis=0)[::2], y)
    assert again == pytest.approx(loss, rel=1e-12)
    for part, value in params.items():
        assert np.array_equal(model.params[part], value)
        assert_agree(view_grads[part], grads[part])
    assert model.scores(np.rint(X * 3).astype(int)).dtype == np.float64


def test_first_weights_keep_the_size_of_signals():
    X = normal(0, 200, 300)
    for activation, low, high in [("relu", 0.8, 1.25), ("tanh", 0.1, 1.0), ("sigmoid", 0.3, 1.0)]:
        model = mlp([300] * 6 + [10], activation=activation)
        last = model.hidden(X, f"{activation}5")
        spread = np.sqrt(np.mean(last**2)) if activation == "relu" else last.std()
        assert low < spread < high
        assert all(not b.any() for name, b in model.params.items() if name.endswith("b"))
    he = mlp([300, 400, 10]).params["fc1.w"].std()
    glorot = mlp([300, 400, 10], activation="tanh").params["fc1.w"].std()
    assert he == pytest.approx(np.sqrt(2 / 300), rel=0.02) and glorot == pytest.approx(np.sqrt(2 / 700), rel=0.02)
    assert mlp([300, 400, 10], activation="sigmoid").params["fc1.w"] == pytest.approx(
        4 * mlp([300, 400, 10], activation="tanh").params["fc1.w"]
    )


def test_parameters_can_be_set():
    model, X, y = examples("mlp")
    ones = {name: np.ones(value.shape, int) for name, value in model.params.items()}
    model.params = ones
    assert all(value.dtype == np.float64 and value is not ones[name] for name, value in model.params.items())
    model.params["fc1.w"][...] = 0.0
    assert np.array_equal(model.hidden(X, "fc1"), np.ones((4, 4)))
    with pytest.raises(ValueError, match=r"^params: expected a dict with the names \['fc1.w', 'fc1.b'"):
        model.params = {"w1": ones["fc1.w"]}
    with pytest.raises(ValueError, match=r"^params\['fc1.w'\]: expected shape \(5, 4\).*got shape \(4, 5\)"):
        model.params = {**ones, "fc1.w": ones["fc1.w"].T}
    with pytest.raises(ValueError, match="^params: .*got list"):
        model.params = [1, 2]
    model.params["fc3.w"] = np.ones((2, 2))
    with pytest.raises(ValueError, match="^params: "):
        model.loss(X, y)
    del model.params["fc3.w"]
    model.params["fc2.b"] = np.ones(4)
    with pytest.raises(ValueError, match=r"^params\['fc2.b'\]: expected shape \(3,\)"):
        model.scores(X)
    model.params["fc2.b"] = np.array([None] * 3)
    with pytest.raises(TypeError, match=r"^params\['fc2.b'\]"):
        model.scores(X)


def test_scores_in_slices_and_the_way_to_a_layer():
    model, X, _ = examples("lenet, knobs", n=7)
    whole, steps = model.scores(X), model.activations(X)
    for size in (1, 3, 7, 100):
        assert_agree(model.scores(X, batch_size=size), whole)
    assert list(steps)[:5] == ["conv1", "batchnorm1", "leaky_relu1", "pool1", "conv2"]
    for name, out in steps.items():
        assert_agree(model.hidden(X, name, batch_size=4), out)


def test_gradients_of_the_layers_outputs():
    model, X, y = examples("residual", reg=0.5)
    before = model.state
    flowing = model.layer_gradients(X, y)
    assert model.state is before and list(flowing) == list(model.activations(X))
    assert_agree(flowing["fc8"], softmax_cross_entropy(model.scores(X), y)[1])
    _, grads = model.loss(X, y)
    assert_agree(flowing["fc1"].sum(axis=0), grads["fc1.b"])  # a bias is added to the layer's output
    assert_agree(flowing["fc1"], flowing["fc2"] @ model.params["fc2.w"].T + flowing["add1"])  # both ways add up


# bad arguments


MODEL, X = lenet((1, 8, 8), pad=1), np.ones((2, 1, 8, 8))


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: MODEL.scores(X[:, 0]), ValueError, r"^X: expected shape \(N, 1, 8, 8\), got shape \(2, 8, 8\)"),
        (lambda: MODEL.scores(np.ones((2, 3, 8, 8))), ValueError, r"^X: expected shape \(N, 1, 8, 8\)"),
        (lambda: MODEL.scores(X[:0]), ValueError, "^X: expected at least one element"),
        (lambda: MODEL.scores(X * np.nan), ValueError, "^X: expected finite numbers"),
        (lambda: MODEL.scores(X.astype(object)), TypeError, "^X: "),
        (lambda: MODEL.scores(X, batch_size=0), ValueError, "^batch_size: "),
        (lambda: MODEL.loss(X[:0], []), ValueError, "^X: expected at least one element"),
        (lambda: MODEL.loss(X * np.inf, [0, 1]), ValueError, "^X: expected finite numbers"),
        (lambda: MODEL.loss(X, [0, 10]), ValueError, r"^y: expected labels in 0\.\.9, got 10 at index 1"),
        (lambda: MODEL.loss(X, [-1, 0]), ValueError, r"^y: expected labels in 0\.\.9, got -1"),
        (lambda: MODEL.loss(X, [0, 1, 2]), ValueError, r"^y: expected shape \(2,\)"),
        (lambda: MODEL.loss(X, [0.0, 1.0]), TypeError, "^y: expected integer class labels"),
        (lambda: MODEL.loss(X), TypeError, "^y: expected integer class labels"),
        (lambda: MODEL.validation_loss(X, [0, 10]), ValueError, "^y: expected labels"),
        (lambda: MODEL.layer_gradients(X, [0, 10]), ValueError, "^y: expected labels"),
        (lambda: MODEL.hidden(X, "conv9"), ValueError, "^layer: expected one of conv1, relu1, .*got 'conv9'"),
        (lambda: MODEL.codes(X), ValueError, "^codes: expected a model with a code layer"),
        (lambda: mlp([4, 1], loss=binary_cross_entropy).loss(X[:, 0, 0, :4], [0, 2]), ValueError, r"^y: .*\[0, 1\]"),
        (lambda: mlp([4, 2], loss=mean_squared_error).loss(X[:, 0, 0, :4], [0, 2]), ValueError, r"^y: .*\(2, 2\)"),
        (lambda: mlp([4, 1], loss=mean_squared_error).loss(X[:, 0, 0, :4], [np.nan, 2]), ValueError, "^y: .*finite"),
        (lambda: lenet((1, 8, 8)), ValueError, r"^pool2, with input \(16, 1, 1\): size: expected a window no larger"),
        (lambda: lenet((1, 2, 9)), ValueError, r"^conv1, with input \(1, 2, 9\): size: "),
        (lambda: lenet((64,)), ValueError, "^conv1, .*expected a signal .* or an image"),
        (lambda: lenet(64), TypeError, "^input_shape: expected a tuple"),
        (lambda: lenet((1, 0, 8)), ValueError, r"^input_shape\[1\]: "),
        (lambda: lenet(reg=-1), ValueError, "^reg: "),
        (lambda: lenet(seed=-1), ValueError, "^seed: "),
        (lambda: lenet(dtype=int), TypeError, "^dtype: expected float64 or float32, got int64"),
        (lambda: penn_cnn(filters=(1, 2, 3)), ValueError, "^filters: "),
        (lambda: mlp([4]), ValueError, "^sizes: expected at least two"),
        (lambda: mlp([4, 0, 2]), ValueError, "^fc1, .*units: "),
        (lambda: mlp([4, 2], input_shape=(5,)), ValueError, "^reshape1, .*expected 5 elements"),
        (lambda: Model([], (4,)), ValueError, "^layers: expected at least one"),
        (lambda: Model([Relu], (4,)), TypeError, "^layers: expected layers such as"),
        (lambda: Model([Relu()], (1, 4, 4)), ValueError, "^layers: expected a score for each class at the end"),
        (lambda: Model([Affine(2)], (4,), frozen=["fc1"]), ValueError, "^frozen: expected a layer with parameters"),
        (lambda: Model([Affine(2)], (4,), frozen=["fc2"]), ValueError, "^frozen: expected one of fc1, got 'fc2'"),
        (lambda: Model([Affine(2)], (4,), code="fc2"), ValueError, "^code: "),
        (
            lambda: Model([Convolution(4, 3, groups=2), Affine(2)], (3, 4, 4)),
            ValueError,
            "^conv1, .*groups: .*3 channels",
        ),
        (lambda: Model([MaxPool(2, pad=2), Affine(2)], (1, 4, 4)).scores(X[:, :, :4, :4]), ValueError, "^pool1: pad: "),
        (
            lambda: Model([MaxPool(2, ties="some"), Affine(2)], (1, 4, 4)).scores(X[..., :4, :4]),
            ValueError,
            "^pool1: ties",
        ),
        (lambda: Model([Dropout(2), Affine(2)], (4,)), ValueError, "^dropout1, .*p: "),
    ],
)
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_failed_pass_leaves_the_model_as_it_was():
    model, X, y = examples("lenet, knobs")
    state, params = dict(model.state), dict(model.params)
    with pytest.raises(ValueError):
        model.loss(X, y + 10)
    assert model.state == state and all(model.params[name] is value for name, value in params.items())


def test_a_model_says_what_it_is():
    text = repr(Model([Affine(3), Sigmoid(), Affine(2)], (4,), dtype=np.float32))
    assert text == "<Model (4,) -> fc1 sigmoid1 fc2 -> (2,), float32>"
