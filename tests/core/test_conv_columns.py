import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_adjoint, conv_cases, normal, quick, seeds

from course_lib._conv_columns import column_matrices, gather_columns, image_matrices, images_of, scatter_columns
from course_lib._conv_shapes import window_positions


@quick
@given(seeds, conv_cases(groups=False))
def test_columns_are_windows_and_scatter_is_the_transpose(seed, case):
    stride, pad, dilation = case.options.values()
    x, filter_shape = normal(seed, *case.x_shape), case.w_shape[2:]
    out_shape = window_positions("w", x.shape[2:], filter_shape, stride, pad, dilation)
    columns = gather_columns(x, filter_shape, out_shape, stride, pad, dilation)
    padded = np.pad(x, ((0, 0), (0, 0), *[(p, p) for p in pad]))
    n, c = x.shape[:2]
    assert columns.shape == (c, *filter_shape, n, *out_shape)
    for i, j in np.ndindex(*out_shape):
        window = padded[:, :, i * stride[0] :: dilation[0], j * stride[1] :: dilation[1]]
        window = window[:, :, : filter_shape[0], : filter_shape[1]]  # (N, C, FH, FW)
        assert np.array_equal(columns[..., i, j], window.transpose(1, 2, 3, 0))
    y = normal(seed + 1, *columns.shape)
    memory = np.full(x.shape, np.nan)
    back = scatter_columns(y, memory, stride, pad, dilation)
    assert back is memory and np.isfinite(back).all()
    assert_adjoint(columns, y, x, back)


@quick
@given(seeds, st.integers(1, 4), st.integers(1, 3), st.integers(1, 2), st.sampled_from([(2, 3), (8, 8), (7, 10)]))
def test_matrices_hold_the_images_group_by_group(seed, n, groups, group_filters, out_shape):
    k = groups * group_filters
    images, columns = normal(seed, n, k, *out_shape), normal(seed + 1, 2 * groups, 3, 1, n, *out_shape)
    matrices, column = image_matrices(images, groups), column_matrices(columns, groups)
    assert len(matrices) == len(column) == (n if np.prod(out_shape) >= 64 else 1)
    assert matrices.shape[1:3] == (groups, group_filters) and column.shape[1:3] == (groups, 6)
    assert matrices.shape[3] == column.shape[3] == n * np.prod(out_shape) // len(matrices)
    assert np.shares_memory(column, columns)  # so that the product can be written into it
    assert np.array_equal(images_of(matrices, images.shape), images)
    product = (matrices @ column.transpose(0, 1, 3, 2)).sum(axis=0)  # what the weights' gradient is made of
    grouped = images.reshape(n, groups, group_filters, -1), columns.reshape(groups, 6, n, -1)
    assert np.allclose(product, np.einsum("ngkp,gcnp->gkc", *grouped))
