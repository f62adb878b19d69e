import numpy as np
import pytest
from hypothesis import given
from oracles import assert_agree, conv_cases, normal, quick, seeds

from course_lib.conv import conv2d_backward, conv2d_backward_loops, conv2d_forward, conv2d_forward_loops


@pytest.mark.row("B-fast")
@quick
@given(seeds, conv_cases())
def test_loops_equal_the_fast_layer(seed, case):
    x, w, b = case.draw(seed)
    out, cache = conv2d_forward(x, w, b, **case.options)
    out_loops, cache_loops = conv2d_forward_loops(x, w, b, **case.options)
    assert_agree(out_loops, out)
    dout = normal(seed + 3, *out.shape)
    fast, slow = conv2d_backward(dout, cache), conv2d_backward_loops(dout, cache_loops)
    for g_slow, g_fast in zip(slow, fast):
        assert_agree(g_slow, g_fast)
    # either backward takes either cache
    for g_slow, g_fast in zip(conv2d_backward_loops(dout, cache), conv2d_backward(dout, cache_loops)):
        assert_agree(g_slow, g_fast)


@pytest.mark.row("B-fast")
@quick
@given(seeds, conv_cases())
def test_loops_in_float32_without_bias(seed, case):
    x, w, _ = case.draw(seed, np.float32)
    out, cache = conv2d_forward_loops(x, w, **case.options)
    wide, wide_cache = conv2d_forward(x.astype(np.float64), w.astype(np.float64), **case.options)
    dout = normal(seed + 3, *out.shape, dtype=np.float32)
    dx, dw, db = conv2d_backward_loops(dout, cache)
    wide_dx, wide_dw, _ = conv2d_backward(dout.astype(np.float64), wide_cache)
    assert db is None and out.dtype == dx.dtype == dw.dtype == np.float32
    assert_agree(out, wide)
    assert_agree(dx, wide_dx)
    assert_agree(dw, wide_dw)


@pytest.mark.row("C-stride2")
def test_loops_by_hand():
    out, cache = conv2d_forward_loops([[[[1, 2, 3, 4]]]], [[[[1, 10]]]], [0.5], stride=2)
    assert out.tolist() == [[[[21.5, 43.5]]]]
    dx, dw, db = conv2d_backward_loops([[[[1, 2]]]], cache)
    assert (dx.tolist(), dw.tolist(), db.tolist()) == ([[[[1, 10, 2, 20]]]], [[[[7, 10]]]], [3])


def test_loops_name_bad_arguments():
    x, w = np.ones((1, 2, 3, 3)), np.ones((1, 2, 2, 2))
    refused = [
        (lambda: conv2d_forward_loops(x[0], w), ValueError, "^x: expected 4 axes"),
        (lambda: conv2d_forward_loops(x, w[:, :1]), ValueError, "^w: expected 2 channels"),
        (lambda: conv2d_forward_loops(x, w, [1, 2]), ValueError, "^b: "),
        (lambda: conv2d_forward_loops(x, w, stride=0), ValueError, "^stride: "),
        (lambda: conv2d_forward_loops(x, w, groups=2), ValueError, "^groups: "),
        (lambda: conv2d_backward_loops(x, conv2d_forward_loops(x, w)[1]), ValueError, "^dout: "),
        (lambda: conv2d_backward_loops(x, [x, w]), TypeError, "^cache: .*conv2d_forward_loops"),
    ]
    for call, error, message in refused:
        with pytest.raises(error, match=message):
            call()
