import numpy as np
from hypothesis import given
from oracles import assert_adjoint, conv_cases, normal, quick, seeds

from course_lib._conv_columns import gather_columns, scatter_columns
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
    back = scatter_columns(y, x.shape[2:], stride, pad, dilation)
    assert back.flags.c_contiguous
    assert_adjoint(columns, y, x, back)
