"""Windows of an image as columns (im2col), and the way back (col2im).

Columns have the axes (C, FH, FW, N, Ho, Wo): what a filter multiplies first, where it stands last. So the first three
axes and the last three merge without a copy, and a convolution becomes one matrix product.

Both ways take two stages, FW + FH slices of an array instead of FH·FW: along the columns of the window, which gives
strips (the image as each of the FW taps in a row of the filter meets it), then along its rows.
"""

import numpy as np

from ._taps import taps

FEW_POSITIONS = 64


def _new_strips(create, image_shape, fw, wo, stride, dtype):
    """Strips (C, FW, N, s, H/s, Wo): for the row stride s all rows 0, s, 2s ... come first, then all 1, s + 1 ...

    A tap of the filter meets every s-th row. So sorted they lie side by side, and are copied in one go.
    """
    n, c, h, _ = image_shape
    return create((c, fw, n, stride[0], -(-h // stride[0]), wo), dtype=dtype)


def _sorted(rows, stride):
    """Where every s-th row, rows = slice(start, stop, s), lies in strips: which part, and which rows of it."""
    return rows.start % stride[0], slice(rows.start // stride[0], (rows.stop - 1) // stride[0] + 1)


def gather_columns(x, filter_shape, out_shape, stride, pad, dilation):
    """Copy the windows of x into columns.

    Arguments: x (N, C, H, W); filter_shape (FH, FW); out_shape (Ho, Wo); stride, pad, dilation pairs.
    Returns: (C, FH, FW, N, Ho, Wo).
    """
    (n, c, h, w), (fh, fw), (ho, wo) = x.shape, filter_shape, out_shape
    create = np.zeros if max(pad) else np.empty  # what stands on the padding is not written to, and stays 0
    strips = _new_strips(create, x.shape, fw, wo, stride, x.dtype)
    for j, positions, pixels in taps(w, wo, fw, stride[1], pad[1], dilation[1]):
        for part in range(stride[0]):
            rows = x[:, :, part :: stride[0], pixels].transpose(1, 0, 2, 3)  # (N, C, ...) -> (C, N, ...)
            strips[:, j, :, part, : rows.shape[2], positions] = rows
    if (fh, stride[0], pad[0]) == (1, 1, 0):
        return strips.reshape(c, 1, fw, n, ho, wo)  # filters of one row: these are the columns
    columns = create((c, fh, fw, n, ho, wo), dtype=x.dtype)
    for i, positions, pixels in taps(h, ho, fh, stride[0], pad[0], dilation[0]):
        part, rows = _sorted(pixels, stride)
        columns[:, i, :, :, positions] = strips[:, :, :, part, rows]
    return columns


def scatter_columns(columns, images, stride, pad, dilation):
    """Add columns back to the pixels they came from: the transpose of gather_columns, the same stages backwards.

    Arguments: columns (C, FH, FW, N, Ho, Wo); images (N, C, H, W), overwritten; stride, pad, dilation pairs.
    Returns: images; a pixel in several windows gets their sum, a pixel in none gets 0. What falls on the padding is no
        part of the image: it goes nowhere.
    """
    (c, fh, fw, n, ho, wo), (h, w) = columns.shape, images.shape[2:]
    if (fh, stride[0], pad[0]) == (1, 1, 0):
        strips = columns.reshape(c, fw, n, 1, h, wo)
    else:
        strips = _new_strips(np.zeros, images.shape, fw, wo, stride, columns.dtype)
        for i, positions, pixels in taps(h, ho, fh, stride[0], pad[0], dilation[0]):
            part, rows = _sorted(pixels, stride)
            _add(columns[:, i, :, :, positions], strips[:, :, :, part, rows], first=i * dilation[0] < stride[0])
    images[...] = 0
    for j, positions, pixels in taps(w, wo, fw, stride[1], pad[1], dilation[1]):
        for part in range(stride[0]):
            rows = images[:, :, part :: stride[0], pixels].transpose(1, 0, 2, 3)
            strip = strips[:, j, :, part, : rows.shape[2], positions]
            _add(strip, rows, first=j * dilation[1] < stride[1])
    return images


def _add(values, target, first):
    """target += values; taps within the first stride meet different pixels, where nothing is yet to be added to."""
    if first:
        target[...] = values
    else:
        target += values


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
