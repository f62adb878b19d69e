"""Which pixels a sliding window meets: what convolution and pooling share."""


def taps(length, positions, size, stride, pad, dilation=1):
    """Along one axis, for each tap of the window: the output positions where it meets the image, and those pixels.

    Padding is never stored: where a tap lies on it, the slices leave that position out. So max pooling pads with -∞
    (a maximum is always a pixel), and convolution and average pooling with 0.
    """
    for tap in range(size):
        offset = tap * dilation - pad  # the pixel that this tap of the first window meets
        first = max(0, -(offset // stride))  # the first window whose tap is not on the padding before the image
        last = min(positions - 1, (length - 1 - offset) // stride)  # ... and the last, before the padding after it
        if first <= last:
            start = first * stride + offset
            yield tap, slice(first, last + 1), slice(start, start + (last - first) * stride + 1, stride)
