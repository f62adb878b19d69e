"""A model: layers in a row with their parameters, the forward pass and the backward pass through all of them."""

import numpy as np

from . import _validate
from ._model_params import check_inputs, check_params, check_targets, first_params, first_state, place
from ._model_passes import backward, forward
from .losses import hinge_loss, l2_penalty, mean_squared_error, softmax_cross_entropy


class Model:
    """Layers in a row, a loss after the last one, and the parameters of all of them.

    Formula: scores = layer_L(... layer_2(layer_1(X))),  loss = loss_function(scores, y) + ½·reg·Σw²

    A layer's name is its kind and number, such as conv1; a parameter's is the layer's and its own, such as conv1.w.
    The penalty is on the weights w alone, not on biases, nor on batch normalisation's gamma and beta.

    Arguments:
        layers       list of layers, such as [Convolution(6, 3), Relu(), MaxPool(2), Affine(10)]
        input_shape  of one example: (C, H, W), (C, W) or (D,)
        loss         function (scores, y) -> (loss, dscores), from course_lib.losses
        code         name of the layer whose output `codes` returns, or None
        frozen       names of layers that training leaves as they are
        reg          λ of the penalty, at least 0
        seed         integer; the same seed gives the same weights and the same dropout
        dtype        float64 or float32, of the parameters and of all that is computed
    Attributes:
        params       dict of arrays that training moves, made on first use; write to it, or set it as a whole
        constants    dict of arrays of the frozen layers
        state        dict: how many training passes there were, and batch normalisation's running statistics
    Errors: ValueError, TypeError: an input too small or of the wrong rank for a layer (the message names the layer).
    Lecture row: B-archgrammar, D-fc

    >>> from course_lib.models import Affine, Model, Relu
    >>> model = Model([Affine(8), Relu(), Affine(3)], input_shape=(4,))
    >>> {name: array.shape for name, array in model.params.items()}
    {'fc1.w': (4, 8), 'fc1.b': (8,), 'fc2.w': (8, 3), 'fc2.b': (3,)}
    """

    def __init__(
        self,
        layers,
        input_shape,
        *,
        loss=softmax_cross_entropy,
        code=None,
        frozen=(),
        reg=0.0,
        seed=0,
        dtype=np.float64,
    ):
        self.layers = tuple(layers)
        self.placed = place(self.layers, input_shape)
        self.input_shape, self.output_shape = self.placed[0].input_shape, self.placed[-1].output_shape
        self.loss_function, self.code, self.frozen = loss, code, tuple(frozen)
        self.reg = _validate.number("reg", reg, minimum=0)
        self.seed = _validate.integer("seed", seed, minimum=0)
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.float32, np.float64):
            raise TypeError(f"dtype: expected float64 or float32, got {self.dtype}")
        if self._takes_labels() and len(self.output_shape) != 1:
            raise ValueError(f"layers: expected a score for each class at the end, got shape {self.output_shape}")
        for name in self.frozen:
            self._find("frozen", name)
        if code is not None:
            self._find("code", code)
        moved = [i for i, p in enumerate(self.placed) if p.parameters and p.name not in self.frozen]
        if self.frozen and not moved:
            raise ValueError("frozen: expected a layer with parameters to be left for training, got all of them")
        self._first_moved = moved[0] if moved else len(self.placed)  # nothing before it needs a gradient
        before = [p.name for p in self.placed[: self._first_moved]]
        in_use = {*self.frozen, *(before if set(before) & set(self.frozen) else [])}  # frozen features are fixed ones
        self._training = {p.name for p in self.placed} - in_use
        self._params = self._constants = None
        self.state = first_state(self.placed, self.dtype)

    def __repr__(self):
        names = " ".join(p.name for p in self.placed)
        return f"<Model {self.input_shape} -> {names} -> {self.output_shape}, {self.dtype}>"

    def _make_params(self):
        every = first_params(self.placed, seed=self.seed, dtype=self.dtype, small_scores=self._takes_labels())
        self._params = {name: every[name] for name in self._shapes(moved=True)}
        self._constants = {name: every[name] for name in self._shapes(moved=False)}

    @property
    def params(self):
        if self._params is None:
            self._make_params()
        return self._params

    @params.setter
    def params(self, params):
        checked = check_params(params, self._shapes(moved=True), self.dtype)
        if self._params is None:
            self._make_params()
        self._params = {name: value.copy() for name, value in checked.items()}

    @property
    def constants(self):
        if self._params is None:
            self._make_params()
        return self._constants

    def scores(self, X, *, batch_size=256):
        """The model's output, in use: running statistics, no dropout.

        Formula: scores = layer_L(... layer_1(X)); of an autoencoder, its reconstruction of X

        Arguments:
            X           (N, *input_shape)
            batch_size  how many examples to compute at a time; the results are the same
        Returns:
            scores      (N, *output_shape); class probabilities are softmax(scores)
        Errors: ValueError, TypeError: X is not of the model's input shape, empty, or holds NaN or an infinity.
        Lecture row: D-fc

        >>> from course_lib.models import mlp
        >>> mlp([4, 8, 3]).scores([[1, 2, 3, 4], [5, 6, 7, 8]]).shape
        (2, 3)
        """
        return self.hidden(X, self.placed[-1].name, batch_size=batch_size)

    def hidden(self, X, layer, *, batch_size=256):
        """The output of one layer, in use: feature maps, or the features that the last layers classify.

        Formula: a = layer(... layer_1(X))

        Arguments:
            X           (N, *input_shape)
            layer       name, such as "conv1"; summary lists them
            batch_size  how many examples to compute at a time
        Returns:
            a           (N, ...)
        Errors: ValueError, TypeError: as scores; no layer of this name.
        Lecture row: D-learned, D-transfer

        >>> from course_lib.models import mlp
        >>> mlp([4, 8, 3]).hidden([[1, 2, 3, 4]], "relu1").shape
        (1, 8)
        """
        X, layer = check_inputs(X, self.input_shape, self.dtype), self._find("layer", layer)
        batch_size, parts = _validate.integer("batch_size", batch_size, minimum=1), []
        for start in range(0, len(X), batch_size):
            for name, out, _ in self._forward(X[start : start + batch_size], dict(self.state)):
                if name == layer:
                    parts.append(out)
                    break
        return np.concatenate(parts)

    def activations(self, X):
        """The outputs of all layers, in use.

        Formula: a_1 = layer_1(X),  a_l = layer_l(a_{l-1})

        Arguments:
            X    (N, *input_shape)
        Returns:
            dict: a layer's name -> its output (N, ...), in the order of the layers
        Errors: ValueError, TypeError: as scores.
        Lecture row: D-learned

        >>> from course_lib.models import mlp
        >>> list(mlp([4, 8, 3]).activations([[1, 2, 3, 4]]))
        ['fc1', 'relu1', 'fc2']
        """
        X = check_inputs(X, self.input_shape, self.dtype)
        return {name: out for name, out, _ in self._forward(X, dict(self.state))}

    def codes(self, X, *, batch_size=256):
        """An autoencoder's code of each example: the narrowest layer's output.

        Formula: code = encoder(X)

        Arguments:
            X           (N, *input_shape)
            batch_size  how many examples to compute at a time
        Returns:
            codes       (N, ...)
        Errors: ValueError, TypeError: as scores; the model has no code layer.
        Lecture row: C-autoenc, C-retrieval

        >>> from course_lib.models import autoencoder
        >>> autoencoder([4, 3, 2]).codes([[1, 2, 3, 4]]).shape
        (1, 2)
        """
        if self.code is None:
            raise ValueError("codes: expected a model with a code layer, such as an autoencoder; this one has none")
        return self.hidden(X, self.code, batch_size=batch_size)

    def loss(self, X, y=None):
        """The loss of a batch in training, and its gradients: one forward pass, one backward pass.

        Formula: loss = loss_function(scores, y) + ½·reg·Σw²;  backwards, dout_{l-1} = backward_l(dout_l)

        It is a training pass: batch normalisation takes the batch's statistics and updates `state`, dropout drops.
        Frozen layers are in use, and so is all that stands between them before the first layer that training moves.

        Arguments:
            X      (N, *input_shape)
            y      (N,) class labels 0..K-1; for other losses the targets, (N, *output_shape), or (N,) for one output;
                   None with the square loss is X itself, an autoencoder's target
        Returns:
            loss   float
            grads  dict with params' names and shapes
        Errors: ValueError, TypeError: as scores; labels that are not integers in 0..K-1; targets of another shape.
        Lecture row: A-net, D-algorithm

        >>> from course_lib.models import mlp
        >>> loss, grads = mlp([2, 3]).loss([[1, 2]], [0])
        >>> round(loss, 1), list(grads)
        (1.1, ['fc1.w', 'fc1.b'])
        """
        loss, back, state = self._training_pass(X, y, first=self._first_moved)
        found = {name: gradient for _, _, parts in back for name, gradient in parts.items()}
        grads = {name: found[name] for name in self.params}
        for name, w in self.params.items():
            if self.reg and name.endswith(".w"):
                penalty, dw = l2_penalty(w, self.reg)
                loss, grads[name] = loss + penalty, grads[name] + dw
        self.state = {**state, "passes": self.state["passes"] + 1}
        return loss, grads

    def layer_gradients(self, X, y=None):
        """The gradient of the loss, without the penalty, with respect to each layer's output: what flows backwards.

        Formula: dout_l = ∂loss/∂a_l; the loss is that of the next training pass, and nothing is updated

        Arguments:
            X, y   as loss
        Returns:
            dict: a layer's name -> the gradient, of the shape of its output (N, ...), in the order of the layers
        Errors: ValueError, TypeError: as loss.
        Lecture row: E-seesaw, D-residual

        >>> from course_lib.models import mlp
        >>> {name: d.shape for name, d in mlp([2, 4, 3]).layer_gradients([[1, 2]], [0]).items()}
        {'fc1': (1, 4), 'relu1': (1, 4), 'fc2': (1, 3)}
        """
        back = list(self._training_pass(X, y, first=0)[1])
        return {name: dout for name, dout, _ in reversed(back)}

    def validation_loss(self, X, y=None):
        """The loss of examples in use, without the penalty and without gradients: for data that training does not see.

        Formula: loss = loss_function(scores(X), y)

        Arguments:
            X, y   as loss
        Returns:
            loss   float
        Errors: ValueError, TypeError: as loss.
        Lecture row: D-issues

        >>> from course_lib.models import mlp
        >>> round(mlp([2, 3]).validation_loss([[1, 2]], [0]), 1)
        1.1
        """
        y = self._targets(y, check_inputs(X, self.input_shape, self.dtype))
        return self.loss_function(self.scores(X), y)[0]

    def _training_pass(self, X, y, *, first):
        """The loss without the penalty, the backward pass ready to run, and the state after the forward pass."""
        X = check_inputs(X, self.input_shape, self.dtype)
        y, state = self._targets(y, X), dict(self.state)
        steps = list(self._forward(X, state, self._training))
        loss, dscores = self.loss_function(steps[-1][1], y)
        caches = {name: cache for name, _, cache in steps}
        return loss, backward(self.placed, dscores, caches, first=first), state

    def _shapes(self, *, moved):
        """The shapes of the parameters that training moves, or of those that it does not."""
        return {
            f"{p.name}.{part}": shape
            for p in self.placed
            for part, shape in p.parameters.items()
            if (p.name not in self.frozen) == moved
        }

    def _takes_labels(self):
        return self.loss_function in (softmax_cross_entropy, hinge_loss)

    def _find(self, argument, name):
        names = [p.name for p in self.placed]
        if name not in names:
            raise ValueError(f"{argument}: expected one of {', '.join(names)}, got {name!r}")
        return name

    def _targets(self, y, X):
        if self._takes_labels():
            return _validate.labels("y", y, len(X), self.output_shape[0])
        if y is None and self.loss_function is mean_squared_error:
            y = X
        return check_targets(y, (len(X), *self.output_shape))

    def _forward(self, X, state, training=()):
        # somebody may have written to params since the last pass
        params = check_params(self.params, self._shapes(moved=True), self.dtype)
        return forward(self.placed, X, {**self.constants, **params}, state, seed=self.seed, training=training)
