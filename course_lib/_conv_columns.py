"""Windows of an image as columns (im2col), and the way back (col2im).

Columns have the axes (C, FH, FW, N, Ho, Wo): what a filter multiplies first, where it stands last. So the first three
axes and the last three merge without a copy, and a convolution becomes one matrix product.
"""

import numpy as np


def _tap_slice(tap, size, stride):
    """Slice of one padded axis: the pixels that one tap of the filter meets, one for each output position."""
    return slice(tap, tap + stride * (size - 1) + 1, stride)


def gather_columns(x, filter_shape, out_shape, stride, pad, dilation):
    """Copy the windows of x into columns, one strided slice for each tap of the filter.

    Arguments: x (N, C, H, W); filter_shape (FH, FW); out_shape (Ho, Wo); stride, pad, dilation pairs.
    Returns: (C, FH, FW, N, Ho, Wo).
    """
    (n, c, h, w), (fh, fw), (ho, wo) = x.shape, filter_shape, out_shape
    (ph, pw), (dh, dw) = pad, dilation
    padded = np.zeros((c, n, h + 2 * ph, w + 2 * pw), dtype=x.dtype)
    padded[:, :, ph : ph + h, pw : pw + w] = x.transpose(1, 0, 2, 3)  # (N, C, H, W) -> (C, N, H, W)
    columns = np.empty((c, fh, fw, n, ho, wo), dtype=x.dtype)
    for i in range(fh):
        rows = _tap_slice(i * dh, ho, stride[0])
        for j in range(fw):
            columns[:, i, j] = padded[:, :, rows, _tap_slice(j * dw, wo, stride[1])]
    return columns


def scatter_columns(columns, image_shape, stride, pad, dilation):
    """Add columns back to the pixels they came from: the transpose of gather_columns.

    Arguments: columns (C, FH, FW, N, Ho, Wo); image_shape (H, W); stride, pad, dilation pairs.
    Returns: (N, C, H, W); a pixel in several windows gets their sum, a pixel in none gets 0.
    """
    (c, fh, fw, n, ho, wo), (h, w), (ph, pw), (dh, dw) = columns.shape, image_shape, pad, dilation
    padded = np.zeros((c, n, h + 2 * ph, w + 2 * pw), dtype=columns.dtype)
    for i in range(fh):
        rows = _tap_slice(i * dh, ho, stride[0])
        for j in range(fw):
            padded[:, :, rows, _tap_slice(j * dw, wo, stride[1])] += columns[:, i, j]
    inside = padded[:, :, ph : ph + h, pw : pw + w]  # the padding is no part of the image: its gradient goes nowhere
    return np.ascontiguousarray(inside.transpose(1, 0, 2, 3))  # (C, N, H, W) -> (N, C, H, W)
