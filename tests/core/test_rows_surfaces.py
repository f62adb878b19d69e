"""The optimisers side by side: on a saddle, in a ravine, at a local minimum, and on a real net."""

import numpy as np
import pytest
from optim_cases import descend

from course_lib.data import digits
from course_lib.models import mlp
from course_lib.optim import adagrad, adam, lamb, minimize, rmsprop, rprop, sgd, step_all

METHODS = {
    "plain": (sgd, {}),
    "momentum": (sgd, {"momentum": 0.9}),
    "nesterov": (sgd, {"momentum": 0.9, "nesterov": True}),
    "adagrad": (adagrad, {}),
    "rmsprop": (rmsprop, {}),
    "adam": (adam, {}),
    "rprop": (rprop, {}),
}


def paths(gradient, start, steps, lrs):
    """The way of every method that has a step size in `lrs`."""
    return {
        name: descend(METHODS[name][0], np.array(start), gradient, steps, lr=lr, **METHODS[name][1])
        for name, lr in lrs.items()
    }


@pytest.mark.row("C-compare")
def test_a_saddle():
    # (x² - y²)/2, begun next to the ridge: the slope away from it is tiny at first
    lrs = {
        "plain": 0.05,
        "momentum": 0.05,
        "nesterov": 0.05,
        "adagrad": 0.05,
        "rmsprop": 0.05,
        "adam": 0.05,
        "rprop": 0.05,
    }
    found = paths(lambda w: w * [1, -1], [1.0, 1e-4], 400, lrs)
    left = {name: int(np.argmax(np.abs(way[:, 1]) > 1)) for name, way in found.items()}
    assert all(left.values())  # none stays
    # plain descent grows y by 5 % a step; who divides by the gradient's size does not care how small it is
    assert left["plain"] == int(np.ceil(np.log(1e4) / np.log(1.05))) - 1
    assert left["momentum"] < 0.5 * left["plain"] and left["nesterov"] < 0.5 * left["plain"]
    assert all(left[name] < 0.25 * left["plain"] for name in ("rmsprop", "adam", "rprop"))


@pytest.mark.row("C-compare", "C-momentum")
def test_a_ravine():
    # 100 times steeper across than along
    lam = np.array([1.0, 100.0])
    lrs = {"plain": 0.015, "momentum": 0.015, "nesterov": 0.008, "adam": 0.2, "rprop": 0.1}
    found = paths(lambda w: lam * w, [-5.0, 1.0], 120, lrs)
    height = {name: 0.5 * np.sum(lam * way[-1] ** 2) for name, way in found.items()}
    assert height["plain"] > 0.1  # still on its way along the bottom
    assert all(height[name] < 0.1 * height["plain"] for name in height if name != "plain")
    # plain descent swings across the ravine at nearly every step, adaptive steps are the same along as across
    assert np.mean(np.diff(np.sign(found["plain"][:20, 1])) != 0) > 0.9
    first = {name: np.abs(way[0] - [-5.0, 1.0]) for name, way in found.items()}
    assert first["plain"][1] > 10 * first["plain"][0]
    assert first["adam"][1] == pytest.approx(first["adam"][0], rel=1e-6)
    full_batch = minimize(lambda w: (0.5 * np.sum(lam * w**2), lam * w), [-5.0, 1.0])
    assert full_batch.value < 1e-10 and full_batch.evaluations[-1] < 30


@pytest.mark.row("C-compare")
def test_a_local_minimum():
    # x⁴/4 - x²/2 + 0.1x: a shallow valley near 0.95, a deeper one near -1.05, a hill between them
    def gradient(w):
        return w**3 - w + 0.1

    lrs = {"plain": 0.05, "momentum": 0.05, "adam": 0.05, "rprop": 0.05}
    shallow, hill, deep = sorted(np.roots([1, 0, -1, 0.1]).real)[::-1]
    for start, valley in [(1.6, shallow), (-1.6, deep)]:
        found = paths(gradient, [start], 600, lrs)
        assert found["plain"][-1, 0] == pytest.approx(valley, abs=1e-6)  # the nearest one, whichever it is
    # a heavy ball has speed when it comes down, and rolls over the hill; small steps without memory never do
    found = paths(gradient, [1.6], 600, lrs)
    assert found["plain"][:, 0].min() > hill and found["momentum"][:, 0].min() < hill
    assert found["momentum"][-1, 0] == pytest.approx(deep, abs=1e-3)


@pytest.mark.row("C-compare", "D-adaptive")
def test_a_real_net():
    data = digits()
    X, y = data["X_train"][:300].reshape(300, -1), data["y_train"][:300]
    reached = {}
    for name, (step, options), lr in [
        ("plain", METHODS["plain"], 0.1),
        ("momentum", METHODS["momentum"], 0.1),
        ("nesterov", METHODS["nesterov"], 0.1),
        ("adagrad", METHODS["adagrad"], 0.03),
        ("rmsprop", METHODS["rmsprop"], 0.005),
        ("adam", METHODS["adam"], 0.02),
        ("lamb", (lamb, {}), 0.05),
        ("rprop", METHODS["rprop"], 0.01),
    ]:
        model, state = mlp([64, 32, 10]), {}
        first = model.loss(X, y)[0]
        for _ in range(60):
            loss, grads = model.loss(X, y)
            model.params, state = step_all(step, model.params, grads, state, lr=lr, **options)
        reached[name] = loss
    assert all(loss < 0.8 * first for loss in reached.values())
    assert all(loss < 0.3 * reached["plain"] for name, loss in reached.items() if name != "plain"), reached
