"""What the tests of the models share: small versions of every net, data, and the gradient check of a whole model."""

import numpy as np
from oracles import frozen, normal

from course_lib.gradcheck import numerical_gradient
from course_lib.losses import binary_cross_entropy, hinge_loss, mean_squared_error
from course_lib.models import (
    Add,
    Affine,
    AvgPool,
    BatchNorm,
    Convolution,
    Dropout,
    LeakyRelu,
    MaxPool,
    Model,
    Relu,
    Tanh,
    TransposedConvolution,
    Upsample,
    autoencoder,
    conv_autoencoder,
    convnet,
    lenet,
    mlp,
    penn_cnn,
    residual_mlp,
    seesaw_cnn,
)
from course_lib.optim import step_all


def everything(**options):
    """A net that no lecture draws: layers that the builders leave out, a shortcut around convolutions, odd options."""
    layers = [
        *[Convolution(4, (3, 2), stride=(2, 1), pad=(1, 0), groups=2), BatchNorm(), LeakyRelu(0.2)],
        *[Convolution(4, 3, pad=2, dilation=2, bias=False), Add("leaky_relu1"), Tanh()],
        *[AvgPool((2, 1), stride=1, pad=(1, 0)), TransposedConvolution(3, (3, 2), stride=2, pad=1), Upsample((1, 2))],
        *[MaxPool(3, stride=2), Dropout(0.3), Affine(3)],
    ]
    return Model(layers, (2, 6, 5), **options)


def signal_net(**options):
    layers = [Convolution(3, 3, stride=2, pad=1, dilation=2), Relu(), MaxPool(2, stride=1), Affine(2, bias=False)]
    return Model(layers, (2, 9), **options)


# name -> (builder that takes reg, seed and dtype, number of classes or None where the target is no label)
NETS = {
    "mlp": (lambda **o: mlp([5, 4, 3], **o), 3),
    "deep mlp": (lambda **o: mlp([12, 4, 4, 3], input_shape=(1, 3, 4), activation="elu", dropout=0.2, **o), 3),
    "hinge": (lambda **o: mlp([5, 4, 3], activation="tanh", loss=hinge_loss, **o), 3),
    "binary": (lambda **o: mlp([5, 4, 1], activation="sigmoid", loss=binary_cross_entropy, **o), None),
    "regression": (lambda **o: mlp([5, 4, 2], activation="leaky_relu", loss=mean_squared_error, **o), None),
    "squared sigmoid": (lambda **o: mlp([5, 3, 2], output="sigmoid", loss=mean_squared_error, bias=False, **o), None),
    "seesaw": (lambda **o: seesaw_cnn(**o), 2),
    "penn": (lambda **o: penn_cnn((2, 6, 5), 3, filters=(2, 3), hidden=4, **o), 3),
    "penn, biases": (
        lambda **o: penn_cnn((1, 10, 8), 3, filters=(2, 2), size=(3, 2), pad=0, hidden=3, bias=True, **o),
        3,
    ),
    "lenet": (lambda **o: lenet((1, 8, 8), 3, pad=1, **o), 3),
    "lenet, knobs": (
        lambda **o: lenet((1, 8, 8), 3, pad=1, activation=LeakyRelu(0.2), batchnorm=True, dropout=0.1, **o),
        3,
    ),
    "convnet": (lambda **o: convnet(2, 1, 1, input_shape=(2, 4, 5), classes=3, filters=2, hidden=4, **o), 3),
    "convnet, linear": (lambda **o: convnet(1, 2, 0, input_shape=(1, 5, 4), classes=3, filters=2, pool=False, **o), 3),
    "residual": (lambda **o: residual_mlp(3, 4, inputs=5, classes=3, **o), 3),
    "plain": (lambda **o: residual_mlp(2, 4, inputs=5, classes=3, skip=False, activation="relu", **o), 3),
    "autoencoder": (lambda **o: autoencoder([6, 5, 2], input_shape=(1, 2, 3), **o), None),
    "unpool": (lambda **o: conv_autoencoder((2, 4, 8), filters=(3, 2), **o), None),
    "transpose": (lambda **o: conv_autoencoder((1, 4, 4), filters=(2, 2), decoder="transpose", code=3, **o), None),
    "upsample": (lambda **o: conv_autoencoder((1, 4, 2), filters=(3,), decoder="upsample", **o), None),
    "everything": (everything, 3),
    "signal": (signal_net, 2),
}


def examples(name, n=4, seed=0, dtype=np.float64, **options):
    """(model, X, y) of a small net."""
    build, classes = NETS[name]
    model = build(seed=seed, dtype=dtype, **options)
    X = normal(seed + 1, n, *model.input_shape, dtype=dtype)
    if classes is not None:
        return model, X, frozen(np.random.default_rng(seed + 2).integers(0, classes, n))
    if name == "binary":
        return model, X, frozen(np.arange(n) % 2)
    return model, X, normal(seed + 2, n, *model.output_shape, dtype=dtype)


def assert_gradients(model, X, y=None):
    """Every parameter's gradient is that of the loss, measured; the state before each pass is the same."""
    state = model.state
    _, grads = model.loss(X, y)
    assert list(grads) == list(model.params)
    for name, value in dict(model.params).items():

        def loss_of(moved, name=name):
            model.params[name], model.state = moved, state
            return model.loss(X, y)[0]

        measured = numerical_gradient(loss_of, value)
        # the loss is near 1 and h is 1e-5, so rounding leaves about 1e-11 in what is measured
        assert np.max(np.abs(grads[name] - measured)) <= 1e-8 * np.max(np.abs(measured)) + 1e-10
        assert grads[name].shape == value.shape
        model.params[name] = value


def train(model, X, y, step, steps, **options):
    """The losses of full-batch steps."""
    losses, state = [], {}
    for _ in range(steps):
        loss, grads = model.loss(X, y)
        model.params, state = step_all(step, model.params, grads, state, **options)
        losses.append(loss)
    return losses


def digits(n=None):
    """(images (N, 1, 8, 8) with mean 0 and variance 1, labels), mixed."""
    from sklearn.datasets import load_digits

    found = load_digits()
    images = (found.images - found.images.mean()) / found.images.std()
    order = np.random.default_rng(0).permutation(len(images))[:n]
    return frozen(images[order][:, None]), frozen(found.target[order])
