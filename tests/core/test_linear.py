import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_adjoint, assert_agree, assert_is_gradient, frozen, normal, quick, seeds

from course_lib.linear import affine_backward, affine_forward

X = frozen([[2, 1, -3], [-3, 4, 2]])
W = frozen([[3, 2, 1, -1], [2, 1, 3, 2], [3, 2, 1, -2]])
DOUT = frozen([[2, 3, -3, 9], [-8, 1, 4, 6]])


@pytest.mark.row("B-matmul")
def test_lecture_numbers():
    out, cache = affine_forward(X, W)
    dx, dw, db = affine_backward(DOUT, cache)
    assert out.tolist() == [[-1, -1, 2, 6], [5, 2, 11, 7]]
    assert dx.tolist() == [[0, 16, -9], [-24, 9, -30]]
    assert dw.tolist() == [[28, 3, -18, 0], [-30, 7, 13, 33], [-22, -7, 17, -15]]
    assert db is None


@pytest.mark.row("X-1")
def test_printed_product_is_wrong():
    out, _ = affine_forward(X, W)
    printed = np.array([[13, 9, -2, -6], [5, 2, 17, 1]])
    assert out.tolist() == np.einsum("nd,dm->nm", X, W).tolist() == [[-1, -1, 2, 6], [5, 2, 11, 7]]
    assert np.argwhere(out != printed).tolist() == [[0, 0], [0, 1], [0, 2], [0, 3], [1, 2], [1, 3]]


@pytest.mark.row("B-matmul", "B-sameshape")
@quick
@given(seeds, st.lists(st.integers(1, 3), min_size=1, max_size=3), st.integers(1, 3), st.integers(1, 4))
def test_against_einsum_and_numerical_gradient(seed, inner, n, m):
    d = int(np.prod(inner))
    x, w, b, dout = normal(seed, n, *inner), normal(seed + 1, d, m), normal(seed + 2, m), normal(seed + 3, n, m)
    out, cache = affine_forward(x, w, b)
    assert_agree(out, np.einsum("nd,dm->nm", x.reshape(n, d), w) + b)
    dx, dw, db = affine_backward(dout, cache)
    assert_is_gradient(dx, lambda v: affine_forward(v, w, b)[0], x, dout)
    assert_is_gradient(dw, lambda v: affine_forward(x, v, b)[0], w, dout)
    assert_is_gradient(db, lambda v: affine_forward(x, w, v)[0], b, dout)


@quick
@given(seeds, st.integers(1, 5), st.integers(1, 5), st.integers(1, 5))
def test_adjoint(seed, n, d, m):
    x, w, dout = normal(seed, n, d), normal(seed + 1, d, m), normal(seed + 2, n, m)
    out, cache = affine_forward(x, w)
    dx, dw, _ = affine_backward(dout, cache)
    assert_adjoint(out, dout, x, dx)
    assert_adjoint(out, dout, w, dw)


def test_without_the_gradient_that_nobody_needs():
    x, w, b, dout = normal(0, 4, 2, 3), normal(1, 6, 5), normal(2, 5), normal(3, 4, 5)
    cache = affine_forward(x, w, b)[1]
    dx, dw, db = affine_backward(dout, cache, need_dx=False)
    _, expected_dw, expected_db = affine_backward(dout, cache)
    assert dx is None and np.array_equal(dw, expected_dw) and np.array_equal(db, expected_db)


def test_dtypes_views_and_repeated_backward():
    x, w, b = normal(0, 4, 6), normal(1, 6, 3), normal(2, 3)
    dout = normal(3, 4, 3)
    out, cache = affine_forward(x, w, b)
    out32, cache32 = affine_forward(*(a.astype(np.float32) for a in (x, w, b)))
    grads = affine_backward(dout, cache)
    assert out32.dtype == np.float32
    assert_agree(out32, out)
    for g32, g in zip(affine_backward(dout.astype(np.float32), cache32), grads):
        assert g32.dtype == np.float32
        assert_agree(g32, g)
    strided, cache_strided = affine_forward(np.asfortranarray(np.repeat(x, 2, axis=1))[:, ::2], np.asfortranarray(w), b)
    assert_agree(strided, out)
    for again, strided_grad, g in zip(affine_backward(dout, cache), affine_backward(dout, cache_strided), grads):
        assert np.array_equal(again, g)
        assert_agree(strided_grad, g)
    assert affine_forward([[1, 2]], [[1], [1]], [1])[0].dtype == np.float64


@pytest.mark.parametrize(
    "args, message",
    [
        (([1.0, 2.0], [[1.0]]), r"^x: expected at least 2 axes .*got shape \(2,\)"),
        (([[1.0, 2.0]], [[1.0]]), r"^w: expected shape \(2, 1\).*got shape \(1, 1\)"),
        (([[1.0]], [1.0]), r"^w: expected 2 axes"),
        (([[1.0]], [[1.0]], [1.0, 2.0]), r"^b: expected shape \(1,\).*got shape \(2,\)"),
        (([[1.0]], [[1.0]], 1.0), r"^b: expected shape \(1,\).*got shape \(\)"),
        ((np.ones((0, 1)), [[1.0]]), "^x: "),
    ],
)
def test_bad_shapes_are_named(args, message):
    with pytest.raises(ValueError, match=message):
        affine_forward(*args)


def test_bad_backward_arguments_are_named():
    cache = affine_forward(X, W)[1]
    with pytest.raises(ValueError, match=r"^dout: expected shape \(2, 4\).*got shape \(4, 2\)"):
        affine_backward(DOUT.T, cache)
    with pytest.raises(TypeError, match="^cache: "):
        affine_backward(DOUT, None)
    with pytest.raises(TypeError, match="^w: "):
        affine_forward(X, W.astype(complex))
