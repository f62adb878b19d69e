import numpy as np
import pytest
from optim_cases import descend
from oracles import assert_agree, frozen, normal

from course_lib.losses import l2_penalty, softmax_cross_entropy
from course_lib.optim import minimize, rprop, sgd

# full-batch methods


def quadratic(seed, n, condition):
    """½wᵀHw - bᵀw with eigenvalues from 1 to `condition`: the function, its gradient, and its minimum by a solver."""
    rng = np.random.default_rng(seed)
    q, _ = np.linalg.qr(rng.standard_normal((n, n)))
    H, b = q * np.geomspace(1, condition, n) @ q.T, rng.standard_normal(n)
    return lambda w: (0.5 * w @ H @ w - b @ w, H @ w - b), np.linalg.solve(H, b)


@pytest.mark.row("C-fullbatch")
@pytest.mark.parametrize("n, condition", [(1, 1), (2, 100), (5, 10), (10, 30), (20, 100)])
def test_conjugate_gradient_finishes_a_quadratic_in_n_iterations(n, condition):
    for seed in range(5):
        fun, w_best = quadratic(seed, n, condition)
        found = minimize(fun, normal(seed, n), "CG")
        assert found.converged and len(found.values) - 1 <= n + (n // 2 if condition >= 100 else 1)
        assert np.max(np.abs(found.w - w_best)) < 1e-5
        # plain descent at its best step size, with as many gradients, is not near yet
        if condition >= 100:
            plain = descend(sgd, normal(seed, n), lambda w: fun(w)[1], found.evaluations[-1], lr=2 / (1 + condition))
            assert np.max(np.abs(plain[-1] - w_best)) > 1e-3


def rosenbrock(w):
    """The curved valley 100(y - x²)² + (1 - x)², with its minimum at (1, 1)."""
    x, y = w
    return 100 * (y - x**2) ** 2 + (1 - x) ** 2, np.array([-400 * x * (y - x**2) - 2 * (1 - x), 200 * (y - x**2)])


@pytest.mark.row("C-fullbatch")
@pytest.mark.parametrize("method", ["L-BFGS-B", "CG", "BFGS"])
def test_full_batch_methods_follow_a_curved_valley(method):
    path = []
    found = minimize(rosenbrock, [-1.2, 1.0], method, callback=path.append)
    assert found.converged and found.value < 1e-10
    assert np.max(np.abs(found.w - 1)) < 1e-5
    assert np.max(np.abs(rosenbrock(found.w)[1])) <= 1e-6
    # the record: from w0 on, never upwards, with as many evaluations beside it
    assert found.values[0] == rosenbrock([-1.2, 1.0])[0] and found.values[-1] == found.value
    assert np.all(np.diff(found.values) <= 0)
    assert len(found.evaluations) == len(found.values) == len(path) + 1
    assert found.evaluations[0] == 1 and np.all(np.diff(found.evaluations) >= 1)
    assert_agree([rosenbrock(w)[0] for w in path[:5]], found.values[1:6])


@pytest.mark.row("C-fullbatch")
def test_full_batch_on_a_small_data_set():
    # 30 examples: one gradient of all of them costs little, and every method finds the one minimum
    X, y = normal(0, 30, 4), np.random.default_rng(1).integers(0, 3, 30)

    def loss(w):
        data, dscores = softmax_cross_entropy(X @ w, y)
        penalty, dw = l2_penalty(w, 0.1)
        return data + penalty, X.T @ dscores + dw

    found = {method: minimize(loss, np.zeros((4, 3)), method) for method in ("L-BFGS-B", "CG", "BFGS")}
    resilient = descend(rprop, np.zeros((4, 3)), lambda w: loss(w)[1], 200, lr=0.1)[-1]
    plain = descend(sgd, np.zeros((4, 3)), lambda w: loss(w)[1], 2000, lr=0.5)[-1]
    for result in found.values():
        assert result.converged and result.w.shape == (4, 3)
        assert np.max(np.abs(result.w - plain)) < 1e-4
        assert result.evaluations[-1] < 100
    assert np.max(np.abs(resilient - plain)) < 1e-4


@pytest.mark.row("C-fullbatch")
def test_rprop_finishes_a_badly_scaled_quadratic():
    # a million times steeper one way than the other: one step size for all cannot serve both
    lam = np.array([1e-3, 1e3])
    resilient = descend(rprop, np.ones(2), lambda w: lam * w, 100, lr=0.1)[-1]
    plain = descend(sgd, np.ones(2), lambda w: lam * w, 100, lr=1.9 / lam.max())[-1]
    assert np.max(np.abs(resilient)) < 1e-3 and plain[0] > 0.99


def test_minimize_keeps_to_its_arguments():
    w0 = frozen([[1.0, -2.0], [3.0, 4.0]])
    seen = []

    def fun(w):
        assert w.shape == (2, 2) and w.dtype == np.float64
        seen.append(w.copy())
        value, gradient = np.sum(w**2), 2 * w
        w[:] = np.nan  # what fun does to its own copy is its own business
        return value, gradient

    for method in ("L-BFGS-B", "CG", "BFGS"):
        seen.clear()
        found = minimize(fun, w0, method)
        assert np.max(np.abs(found.w)) < 1e-6 and np.array_equal(seen[0], w0)
        assert found.evaluations[-1] == len(seen)
        single = minimize(fun, w0.astype(np.float32), method)
        assert single.w.dtype == np.float32 and found.w.dtype == np.float64
        assert minimize(fun, [[1, 2], [3, 4]], method).w.dtype == np.float64
        assert minimize(fun, np.zeros((2, 2)), method).values == [0.0]
    assert minimize(lambda w: ((w - 2) ** 2, 2 * (w - 2)), 0.0).w == pytest.approx(2)  # a plain number
    stopped = minimize(rosenbrock, [-1.2, 1.0], max_iterations=3)
    assert not stopped.converged and len(stopped.values) == 4 and "ITERATIONS" in stopped.message.upper()
    loose, tight = (minimize(rosenbrock, [-1.2, 1.0], "CG", tolerance=t) for t in (1.0, 1e-8))
    assert len(loose.values) < len(tight.values) and np.max(np.abs(rosenbrock(loose.w)[1])) <= 1


# bad arguments


@pytest.mark.parametrize(
    "change, error, message",
    [
        ({"method": "bfgs"}, ValueError, "^method: expected one of L-BFGS-B, CG, BFGS, got 'bfgs'"),
        ({"method": None}, ValueError, "^method: "),
        ({"fun": 3}, TypeError, "^fun: expected a function"),
        ({"w0": [1.0, np.nan]}, ValueError, "^w0: expected finite"),
        ({"w0": np.array([1.0, None])}, TypeError, "^w0: "),
        ({"max_iterations": 0}, ValueError, "^max_iterations: "),
        ({"max_iterations": 2.5}, TypeError, "^max_iterations: "),
        ({"tolerance": -1.0}, ValueError, "^tolerance: "),
        ({"callback": 1}, TypeError, "^callback: "),
    ],
)
def test_minimize_names_bad_arguments_before_any_work(change, error, message):
    def fun(w):
        raise AssertionError("called before the arguments were checked")

    with pytest.raises(error, match=message):
        minimize(**{"fun": fun, "w0": [1.0, 2.0]} | change)


@pytest.mark.parametrize("method", ["L-BFGS-B", "CG", "BFGS"])
@pytest.mark.parametrize(
    "returned, error, message",
    [
        (1.0, TypeError, r"^fun: expected a pair \(value, gradient\), got float"),
        ((1.0, [1.0, 2.0, 3.0]), ValueError, r"^fun's gradient: expected shape \(2,\), the shape of w0, got shape"),
        ((np.nan, [1.0, 2.0]), ValueError, "^fun's value: expected finite"),
        (([1.0, 2.0], [1.0, 2.0]), ValueError, r"^fun's value: expected shape \(\)"),
        ((1.0, [1.0, np.inf]), ValueError, "^fun's gradient: expected finite"),
        ((1.0, None), TypeError, "^fun's gradient: "),
    ],
)
def test_minimize_checks_what_the_function_returns(method, returned, error, message):
    with pytest.raises(error, match=message):
        minimize(lambda w: returned, [1.0, 2.0], method)
