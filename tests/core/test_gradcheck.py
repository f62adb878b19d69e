import numpy as np
import pytest
from hypothesis import given
from oracles import frozen, normal, quick, seeds

from course_lib.gradcheck import numerical_gradient, numerical_jacobian, relative_error


@pytest.mark.row("B-derivs")
def test_scalar_to_scalar():
    slope = numerical_gradient(lambda x: x**3, 2.0)
    assert np.shape(slope) == () and abs(slope - 12.0) < 1e-9  # a one-sided difference is off by 6e-5


@pytest.mark.row("B-derivs")
def test_vector_to_scalar():
    x = normal(0, 3, 4)
    assert relative_error(numerical_gradient(lambda v: np.sum(v**3), x), 3 * x**2) < 1e-9


@pytest.mark.row("B-derivs")
def test_vector_to_vector_has_a_row_for_each_input():
    a = normal(1, 5, 3)
    assert relative_error(numerical_jacobian(lambda v: v @ a, normal(2, 5)), a) < 1e-9  # ∂y_m/∂x_n = a_nm


@pytest.mark.row("B-derivs")
@quick
@given(seeds)
def test_gradient_is_the_jacobian_times_the_upstream_gradient(seed):
    x, a, dout = normal(seed, 2, 3), normal(seed + 1, 3, 4), normal(seed + 2, 2, 4)

    def f(v):
        return np.tanh(v @ a)

    chained = (numerical_jacobian(f, x) @ dout.ravel()).reshape(x.shape)
    assert relative_error(numerical_gradient(f, x, dout), chained) < 1e-12


def test_jacobian_flattens_other_ranks_last_axis_fastest():
    x = np.arange(6.0).reshape(2, 3)
    jacobian = numerical_jacobian(np.transpose, x)  # y_m = x_n where m runs down x's columns
    expected = np.zeros((6, 6))
    expected[np.arange(6).reshape(2, 3).T.ravel(), np.arange(6)] = 1
    assert np.allclose(jacobian, expected, atol=1e-9)
    assert numerical_jacobian(np.sum, x).shape == (6, 1)
    assert numerical_jacobian(lambda v: v * v, 3.0).shape == (1, 1)


@pytest.mark.parametrize("dtype", [np.int64, np.float32, np.bool_])
def test_x_is_measured_in_float64(dtype):
    x = frozen([1, 0, 1], dtype)
    dx = numerical_gradient(lambda v: np.sum((v + 2) ** 2), x)
    assert dx.dtype == np.float64
    assert relative_error(dx, 2 * (x.astype(float) + 2)) < 1e-9


def test_f_may_return_write_to_and_keep_its_argument():
    x = np.array([1.0, 2.0])
    kept = []

    def f(v):
        kept.append(v)
        v *= v
        return v

    assert np.allclose(numerical_jacobian(f, x), np.diag([2, 4]))
    assert np.allclose(numerical_gradient(f, x, [1.0, 10.0]), [2, 40])
    assert np.allclose(numerical_gradient(lambda v: v, x, [1.0, 10.0]), [1, 10])
    assert x.tolist() == [1, 2]
    assert not any(np.shares_memory(v, x) for v in kept)


def test_upstream_gradient_of_a_scalar_scales():
    assert abs(numerical_gradient(lambda v: v * -3.0, 2.0, 5.0) + 15) < 1e-9


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: numerical_gradient(lambda v: v, [1.0, 2.0]), r"^dout: .*shape \(2,\).*got None"),
        (lambda: numerical_gradient(lambda v: v, [1.0, 2.0], [1.0]), r"^dout: expected shape \(2,\).*got shape \(1,\)"),
        (lambda: numerical_gradient(np.sum, [1.0], h=0.0), "^h: "),
        (lambda: numerical_jacobian(np.sum, [1.0], h=-1e-5), "^h: "),
        (lambda: numerical_gradient(np.sum, [1.0, 1e17]), r"^h: .*x\[1\] = 1e\+17.*lost in rounding"),
        (lambda: numerical_gradient(np.sum, []), "^x: "),
        (lambda: numerical_jacobian(np.sum, []), "^x: "),
        (lambda: relative_error([1.0], [[1.0]]), r"^b: expected shape \(1,\), the shape of a, got shape \(1, 1\)"),
        (lambda: relative_error([], []), "^a: "),
    ],
)
def test_bad_values_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_bad_types_name_the_argument():
    with pytest.raises(TypeError, match=r"^f\(x\): .*dtype object"):
        numerical_gradient(lambda v: None, [1.0])
    with pytest.raises(TypeError, match="^x: .*complex"):
        numerical_gradient(np.sum, [1j])
    with pytest.raises(TypeError, match="^h: expected a number, got '1'"):
        numerical_jacobian(np.sum, [1.0], h="1")


@pytest.mark.row("B-derivs")
def test_relative_error_by_hand():
    assert relative_error([1.0, 0.0], [3.0, 0.0]) == 0.5
    assert relative_error(np.zeros((2, 2)), np.zeros((2, 2))) == 0
    assert relative_error([1.0, -2.0], [-1.0, 2.0]) == 1
    assert relative_error([1e-300], [3e-300]) == pytest.approx(0.5)
    assert relative_error([2.0], [2.0]) == 0
    assert relative_error([100.0, 1e-12], [100.0, 0.0]) < 1e-13  # noise beside an exact zero is no error


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_relative_error_of_what_is_not_finite_is_never_small(bad):
    assert not relative_error([bad, 1.0], [bad, 1.0]) < 1e300
    assert not relative_error([1.0, 1.0], [bad, 1.0]) < 1e300
