"""Windows of an image as columns (im2col), and the way back (col2im).

Columns have the axes (C, FH, FW, N, Ho, Wo): what a filter multiplies first, where it stands last. So the first three
axes and the last three merge without a copy, and a convolution becomes one matrix product.
"""

import numpy as np

FEW_POSITIONS = 64


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
    padded = x.transpose(1, 0, 2, 3)  # (N, C, H, W) -> (C, N, H, W)
    if ph or pw:
        padded = np.zeros((c, n, h + 2 * ph, w + 2 * pw), dtype=x.dtype)
        padded[:, :, ph : ph + h, pw : pw + w] = x.transpose(1, 0, 2, 3)
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
            pixels = padded[:, :, rows, _tap_slice(j * dw, wo, stride[1])]
            if i * dh < stride[0] and j * dw < stride[1]:  # these taps meet different pixels, where nothing is yet
                pixels[...] = columns[:, i, j]
            else:
                pixels += columns[:, i, j]
    inside = padded[:, :, ph : ph + h, pw : pw + w]  # the padding is no part of the image: its gradient goes nowhere
    return inside.transpose(1, 0, 2, 3)  # (C, N, H, W) -> (N, C, H, W)


def _images_a_matrix(images, positions):
    """One image, which needs no copy; but all together where an image alone would make a product of narrow matrices."""
    return 1 if positions >= FEW_POSITIONS else images


def column_matrices(columns, groups):
    """Columns (C, FH, FW, n, Ho, Wo) as matrices, without a copy.

    Returns: (m, G, C/G·FH·FW, n/m·Ho·Wo), the block's n images in m matrices for each of G groups.
    """
    *_, n, ho, wo = columns.shape
    size = _images_a_matrix(n, ho * wo)
    return columns.reshape(groups, -1, n // size, size * ho * wo).transpose(2, 0, 1, 3)


def image_matrices(images, groups):
    """Images (n, K, Ho, Wo) as the matrices that belong to column_matrices: (m, G, K/G, n/m·Ho·Wo)."""
    n, k, ho, wo = images.shape
    size = _images_a_matrix(n, ho * wo)
    apart = images.reshape(n // size, size, groups, k // groups, ho * wo)
    return apart.transpose(0, 2, 3, 1, 4).reshape(n // size, groups, k // groups, size * ho * wo)


def images_of(matrices, shape):
    """The images (n, K, Ho, Wo) that such matrices hold: the inverse of image_matrices."""
    n, k, ho, wo = shape
    size = _images_a_matrix(n, ho * wo)
    return matrices.reshape(n // size, k, size, ho, wo).transpose(0, 2, 1, 3, 4).reshape(shape)
