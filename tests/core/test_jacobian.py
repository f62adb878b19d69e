import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_agree, frozen, normal, quick, seeds

from course_lib.activations import relu_backward, relu_forward
from course_lib.gradcheck import numerical_gradient, numerical_jacobian, relative_error
from course_lib.jacobian import jacobian_bytes, matmul_jacobians, relu_jacobian, softmax_jacobian
from course_lib.linear import affine_backward, affine_forward
from course_lib.losses import softmax

X = [[2, 1, -3], [-3, 4, 2]]
W = [[3, 2, 1, -1], [2, 1, 3, 2], [3, 2, 1, -2]]
DY = [[2, 3, -3, 9], [-8, 1, 4, 6]]

sizes = st.integers(1, 4)


# ReLU


@pytest.mark.row("B-relu-vec")
def test_lecture_relu():
    x, dout = [1, -2, 3, -1], [4, -1, 5, 9]
    J = relu_jacobian(x)
    assert J.tolist() == np.diag([1, 0, 1, 0]).tolist()
    assert (J @ dout).tolist() == [4, 0, 5, 0]
    assert relu_backward(dout, relu_forward(x)[1]).tolist() == [4, 0, 5, 0]


@pytest.mark.row("B-relu-vec", "B-sparse")
@quick
@given(seeds, sizes, sizes)
def test_relu_jacobian(seed, rows, columns):
    x, dout = normal(seed, rows, columns), normal(seed + 1, rows, columns)
    x = frozen(np.where(np.abs(x) < 1e-3, 1e-3, x))  # no difference across the kink
    J = relu_jacobian(x)
    assert relative_error(J, numerical_jacobian(lambda v: np.maximum(v, 0), x)) < 1e-9
    assert np.count_nonzero(J - np.diag(np.diag(J))) == 0
    assert_agree((J @ dout.ravel()).reshape(x.shape), relu_backward(dout, relu_forward(x)[1]))


def test_relu_jacobian_at_the_kink():
    assert relu_jacobian([0.0, 1.0]).tolist() == [[0, 0], [0, 1]]


@pytest.mark.row("B-sparse")
def test_the_diagonal_is_all_there_is_to_keep():
    def peak(call):
        tracemalloc.start()
        call()
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    for n in (64, 512):
        x, dout = normal(0, n), normal(1, n)
        cache = relu_forward(x)[1]
        assert relu_jacobian(x).nbytes == 8 * n * n and relu_backward(dout, cache).nbytes == 8 * n
        assert peak(lambda: relu_jacobian(x) @ dout) >= 8 * n * n
        assert peak(lambda: relu_backward(dout, cache)) < 8 * n * 4 + 4096


# softmax


@pytest.mark.row("A-softmaxjac")
@quick
@given(seeds, st.integers(1, 6))
def test_softmax_jacobian(seed, k):
    z = normal(seed, k)
    p, J = softmax(z), softmax_jacobian(z)
    assert_agree(J, [[p[i] * (1 - p[i]) if i == j else -p[i] * p[j] for j in range(k)] for i in range(k)])
    assert np.max(np.abs(J - numerical_jacobian(softmax, z))) < 1e-9
    assert np.max(np.abs(J.sum(axis=1))) < 1e-15  # the outputs sum to 1 whatever z is


@pytest.mark.row("A-softmaxjac")
@quick
@given(seeds, st.integers(2, 6))
def test_chained_with_the_cross_entropy_gives_p_minus_y(seed, k):
    z, y = normal(seed, k), np.eye(k)[seed % k]
    p = softmax(z)
    assert np.max(np.abs(softmax_jacobian(z) @ (-y / p) - (p - y))) <= 1e-12


@pytest.mark.row("A-softmaxjac")
def test_softmax_jacobian_is_not_diagonal():
    z, dout = normal(0, 4), normal(1, 4)
    J = softmax_jacobian(z)
    dz = numerical_gradient(softmax, z, dout)
    assert relative_error(J @ dout, dz) < 1e-9
    assert relative_error(np.diag(J) * dout, dz) > 0.1


def test_rows_of_scores_are_blocks():
    z = normal(0, 2, 3)
    J = softmax_jacobian(z)
    assert np.max(np.abs(J - numerical_jacobian(softmax, z))) < 1e-9
    assert_agree(J[3:, 3:], softmax_jacobian(z[1]))
    assert not J[:3, 3:].any()


def test_softmax_jacobian_is_stable():
    assert_agree(softmax_jacobian([1000, 1000, -1000]), [[0.25, -0.25, 0], [-0.25, 0.25, 0], [0, 0, 0]])


# the matrix product


@pytest.mark.row("B-matmul", "X-1")
def test_lecture_matrix_product():
    y, cache = affine_forward(X, W)
    assert y.tolist() == [[-1, -1, 2, 6], [5, 2, 11, 7]]  # not the printed [[13, 9, -2, -6], [5, 2, 17, 1]]
    J_y_x, J_y_w = matmul_jacobians(X, W)
    dy = np.ravel(DY)
    dx, dw = (J_y_x @ dy).reshape(2, 3), (J_y_w @ dy).reshape(3, 4)
    assert dx.tolist() == [[0, 16, -9], [-24, 9, -30]]
    assert dw.tolist() == [[28, 3, -18, 0], [-30, 7, 13, 33], [-22, -7, 17, -15]]
    # y is linear in x, and in w: so its Jacobians give y itself too
    assert (np.ravel(X) @ J_y_x).reshape(2, 4).tolist() == y.tolist() == (np.ravel(W) @ J_y_w).reshape(2, 4).tolist()
    assert [g.tolist() for g in affine_backward(DY, cache)[:2]] == [dx.tolist(), dw.tolist()]


@pytest.mark.row("B-matmul", "B-derivs")
@quick
@given(seeds, sizes, sizes, sizes)
def test_matmul_jacobians(seed, n, d, m):
    x, w, dout = normal(seed, n, d), normal(seed + 1, d, m), normal(seed + 2, n, m)
    J_y_x, J_y_w = matmul_jacobians(x, w)
    assert J_y_x.shape == (n * d, n * m) and J_y_w.shape == (d * m, n * m)  # J[n, m] = ∂y_m/∂x_n
    assert relative_error(J_y_x, numerical_jacobian(lambda v: v @ w, x)) < 1e-8
    assert relative_error(J_y_w, numerical_jacobian(lambda v: x @ v, w)) < 1e-8
    assert_agree(J_y_x, np.kron(np.eye(n), w))
    assert_agree(J_y_w, np.kron(x.T, np.eye(m)))
    dx, dw, _ = affine_backward(dout, affine_forward(x, w)[1])
    assert_agree((J_y_x @ dout.ravel()).reshape(n, d), dx)
    assert_agree((J_y_w @ dout.ravel()).reshape(d, m), dw)


@pytest.mark.row("B-matmul")
def test_what_does_one_number_affect():
    J_y_x, _ = matmul_jacobians(X, W)
    J = J_y_x.reshape(2, 3, 2, 4)
    assert J[1, 2, 1].tolist() == W[2] and not J[1, 2, 0].any()  # x[1,2] meets row 2 of w, and in row 1 of y only


@pytest.mark.row("B-derivs")
def test_the_layout_is_the_transposed_numerator_layout():
    w = normal(0, 2, 3)
    J, _ = matmul_jacobians(np.ones((1, 2)), w)  # y = x·w from 2 inputs to 3 outputs
    assert J.shape == (2, 3)
    numerator_layout = np.array([[w[n, m] for n in range(2)] for m in range(3)])  # rows y_m, columns x_n
    assert_agree(J, numerator_layout.T)


# memory


@pytest.mark.row("B-jacmem", "X-11")
def test_lecture_memory():
    assert jacobian_bytes(64, 4096, 4096) == 256 * 2**30  # ∂y/∂x takes 256 GiB, as printed for each
    assert jacobian_bytes(64, 4096, 4096, wrt="w") == 16 * 2**40  # ∂y/∂w takes 16 TiB
    assert jacobian_bytes(64, 4096, 4096, itemsize=8) == 512 * 2**30


@pytest.mark.row("B-jacmem")
@quick
@given(sizes, sizes, sizes, st.sampled_from([np.float32, np.float64]))
def test_jacobian_bytes_are_the_bytes_of_the_jacobians(n, d, m, dtype):
    J_y_x, J_y_w = matmul_jacobians(np.ones((n, d), dtype), np.ones((d, m), dtype))
    itemsize = np.dtype(dtype).itemsize
    assert J_y_x.nbytes == jacobian_bytes(n, d, m, itemsize)
    assert J_y_w.nbytes == jacobian_bytes(n, d, m, itemsize, wrt="w")


# dtypes, views


def test_dtypes_and_views():
    x, w = normal(0, 2, 3), normal(1, 3, 4)
    for dtype in (np.float32, np.float64):
        for J in (relu_jacobian(x.astype(dtype)), softmax_jacobian(x.astype(dtype))):
            assert J.dtype == dtype and J.flags.writeable
        assert {J.dtype for J in matmul_jacobians(x.astype(dtype), w.astype(dtype))} == {np.dtype(dtype)}
    assert relu_jacobian([1, -1]).dtype == softmax_jacobian([1, 2]).dtype == np.float64
    view = np.repeat(x, 2, axis=1)[:, ::2]
    assert_agree(relu_jacobian(np.asfortranarray(x)), relu_jacobian(x))
    assert_agree(softmax_jacobian(view), softmax_jacobian(x))
    for J, plain in zip(matmul_jacobians(view, np.asfortranarray(w)), matmul_jacobians(x, w)):
        assert_agree(J, plain)


# bad arguments


def test_bad_arguments_are_named():
    refused = [
        (lambda: relu_jacobian([]), ValueError, "^x: expected at least one element"),
        (lambda: relu_jacobian(["a"]), TypeError, "^x: "),
        (lambda: softmax_jacobian([1.0, np.nan]), ValueError, "^z: expected finite"),
        (lambda: softmax_jacobian(1.0), ValueError, "^z: expected at least 1 axis"),
        (lambda: softmax_jacobian([None]), TypeError, "^z: "),
        (lambda: matmul_jacobians(X[0], W), ValueError, r"^x: expected 2 axes \(N, D\)"),
        (lambda: matmul_jacobians(X, W[0]), ValueError, r"^w: expected 2 axes \(D, M\)"),
        (lambda: matmul_jacobians(X, W[:2]), ValueError, r"^w: expected shape \(3, 4\), a row for each of x's 3"),
        (lambda: matmul_jacobians(X, np.array(W) * 1j), TypeError, "^w: "),
        (lambda: jacobian_bytes(0, 1, 1), ValueError, "^n: expected an integer of at least 1, got 0"),
        (lambda: jacobian_bytes(1, 1.0, 1), TypeError, "^d: "),
        (lambda: jacobian_bytes(1, 1, -1), ValueError, "^m: "),
        (lambda: jacobian_bytes(1, 1, 1, itemsize=0), ValueError, "^itemsize: "),
        (lambda: jacobian_bytes(1, 1, 1, wrt="y"), ValueError, '^wrt: expected "x" or "w", got \'y\''),
    ]
    for call, error, message in refused:
        with pytest.raises(error, match=message):
            call()
