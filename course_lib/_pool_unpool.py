"""The ways back from a small image to a large one: max-unpooling, and nearest-neighbour upsampling."""

import numpy as np

from . import _validate
from ._pool_stages import route_stages


def max_unpool2d(x, cache):
    """Max-unpooling: put each value at the position that the pooling layer remembered, and 0 everywhere else.

    Formula: out[winner of window (i,j)] = Σ x[n,c,i,j],  the winner being the first maximum in row-major order

    For fixed positions it is linear, and the transpose of reading the maxima out: the same map as the pooling layer's
    gradient. So where overlapping windows share a winner their values add up (PyTorch keeps any one of them).

    Arguments:
        x      (N, C, Ho, Wo), the shape of the pooling layer's output
        cache  from the pooling layer, max_pool2d_forward or max_pool2d_forward_loops
    Returns:
        out    (N, C, H, W), the shape of the pooling layer's input
    Errors: ValueError, TypeError: x is not of the pooling layer's output shape; cache is not the pooling layer's.
    Lecture row: C-unpool, C-unpool2

    >>> from course_lib.pool import max_pool2d_forward, max_unpool2d
    >>> out, cache = max_pool2d_forward([[[[1, 4, 2, 0], [3, 2, 5, 1]]]])
    >>> max_unpool2d([[[[10, 20]]]], cache).tolist()
    [[[[0.0, 10.0, 0.0, 0.0], [0.0, 0.0, 20.0, 0.0]]]]
    """
    x_shape, out_shape, size, stride, pad, _, winners, _ = _validate.unpack(cache, 8, "max_pool2d_forward")
    x = _validate.array("x", x)
    _validate.has_shape("x", x, out_shape, "the shape of the pooling layer's output")
    return route_stages(x, x_shape, size, stride, pad, winners)


def max_unpool2d_backward(dout, cache):
    """Gradient of max-unpooling: read the upstream gradient at the remembered positions.

    Formula: dx[n,c,i,j] = dout[winner of window (i,j)]

    Arguments:
        dout   (N, C, H, W), the upstream gradient, of the shape of the pooling layer's input
        cache  the same as max_unpool2d's: from the pooling layer
    Returns:
        dx     (N, C, Ho, Wo)
    Errors: ValueError, TypeError: dout is not of the pooling layer's input shape; cache is not the pooling layer's.
    Lecture row: C-unpool2

    >>> from course_lib.pool import max_pool2d_forward, max_unpool2d_backward
    >>> out, cache = max_pool2d_forward([[[[1, 4, 2, 0], [3, 2, 5, 1]]]])
    >>> max_unpool2d_backward([[[[1, 2, 3, 4], [5, 6, 7, 8]]]], cache)
    array([[[[2., 7.]]]])
    """
    x_shape, out_shape, _, stride, pad, _, (column, row), _ = _validate.unpack(cache, 8, "max_pool2d_forward")
    dout = _validate.upstream(dout, x_shape)
    n, c, i, j = np.ogrid[tuple(slice(length) for length in out_shape)]
    pixel_row = i * stride[0] - pad[0] + row  # (N, C, Ho, Wo): where in the image the winner stands
    pixel_column = j * stride[1] - pad[1] + column[n, c, pixel_row, j]
    return dout[n, c, pixel_row, pixel_column]


def upsample_nearest2d_forward(x, scale=2):
    """Nearest-neighbour upsampling: repeat each pixel in a block.

    Formula: out[n,c,i,j] = x[n, c, floor(i/s), floor(j/s)],  s = scale

    Arguments:
        x      (N, C, H, W)
        scale  integer, or pair (rows, columns)
    Returns:
        out    (N, C, s·H, s·W)
        cache  what upsample_nearest2d_backward needs
    Errors: ValueError, TypeError: wrong rank, scale not an integer of at least 1.
    Lecture row: C-unpool2

    >>> from course_lib.pool import upsample_nearest2d_forward
    >>> upsample_nearest2d_forward([[[[1, 2]]]])[0].tolist()
    [[[[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]]]
    """
    x = _validate.array("x", x, axes="N C H W")
    scale = _validate.pair("scale", scale, minimum=1)
    return x.repeat(scale[0], axis=2).repeat(scale[1], axis=3), (x.shape, scale)


def upsample_nearest2d_backward(dout, cache):
    """Gradient of nearest-neighbour upsampling: a pixel was copied to a block, so the block's gradients add up.

    Formula: dx[n,c,i,j] = Σ_{p,q} dout[n, c, i·s + p, j·s + q],  p and q from 0 to s - 1

    Arguments:
        dout   (N, C, s·H, s·W), the upstream gradient
        cache  from upsample_nearest2d_forward
    Returns:
        dx     (N, C, H, W)
    Errors: ValueError, TypeError: dout is not of the output's shape; cache is not upsample_nearest2d_forward's.
    Lecture row: C-unpool2

    >>> from course_lib.pool import upsample_nearest2d_backward, upsample_nearest2d_forward
    >>> upsample_nearest2d_backward([[[[1, 2, 3, 4], [5, 6, 7, 8]]]], upsample_nearest2d_forward([[[[1, 2]]]])[1])
    array([[[[14., 22.]]]])
    """
    (n, c, h, w), (sh, sw) = _validate.unpack(cache, 2, "upsample_nearest2d_forward")
    dout = _validate.upstream(dout, (n, c, h * sh, w * sw))
    return dout.reshape(n, c, h, sh, w, sw).sum(axis=(3, 5))  # the two axes within a block
