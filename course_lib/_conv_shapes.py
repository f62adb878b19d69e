"""Sizes of convolutions, and the checks that all convolution layers share."""

from . import _validate


def output_size(n, f, *, stride=1, pad=0, dilation=1, floor=False):
    """Number of positions a filter takes along one axis.

    Formula: (n + 2·pad - e) / stride + 1,  with the filter's extent e = dilation·(f - 1) + 1

    Arguments:
        n         input size, f filter size: integers, at least 1
        stride    step between positions, at least 1
        pad       zeros added on each side, at least 0
        dilation  distance between the filter's taps, at least 1
        floor     round down where the last step does not fit, as layers do, instead of raising
    Returns:
        int
    Errors: ValueError: the filter is larger than the padded input; the size does not fit (the message says what would).
    Lecture row: B-outsize

    >>> from course_lib.conv import output_size
    >>> [output_size(7, 3, stride=1), output_size(7, 3, stride=2), output_size(7, 3, stride=3, floor=True)]
    [5, 3, 2]
    """
    n, f = _validate.integer("n", n, minimum=1), _validate.integer("f", f, minimum=1)
    stride, pad = _validate.integer("stride", stride, minimum=1), _validate.integer("pad", pad, minimum=0)
    extent = _validate.integer("dilation", dilation, minimum=1) * (f - 1) + 1
    room = n + 2 * pad - extent  # how far the filter can move
    if room < 0:
        raise ValueError(
            f"f: expected a filter no larger than the padded input, n + 2·pad = {n} + 2·{pad} = {n + 2 * pad}, "
            f"got f = {f} with dilation {dilation}: extent {extent}"
        )
    if room % stride and not floor:
        raise ValueError(
            f"stride: a filter of extent {extent} with stride {stride} does not fit n = {n} with pad {pad}: "
            f"({n} + 2·{pad} - {extent})/{stride} + 1 = {room / stride + 1:.2f}. {_what_fits(n, room, stride, pad)}"
        )
    return room // stride + 1


def _what_fits(n, room, stride, pad):
    """Name the strides, the next paddings and the nearest input sizes that would fit."""
    strides = [str(s) for s in range(1, room + 1) if room % s == 0]
    if len(strides) > 6:
        strides[3:-2] = ["..."]
    # 2·pad mod stride repeats after `stride` values of pad; none of them may fit, as 2·pad is even
    pads = [p for p in range(pad + 1, pad + stride) if (room + 2 * (p - pad)) % stride == 0]
    sizes = [str(size) for size in (n - room % stride, n - room % stride + stride) if size >= 1]
    fits = [f"stride {' or '.join(strides)}", *(f"pad {p}" for p in pads[:1]), f"n = {' or '.join(sizes)}"]
    return f"These would fit: {'; '.join(fits)}. floor=True drops what is left over at the end."


def check_conv2d(x, w, b, stride, pad, dilation, groups):
    """Return the checked arguments of a 2-D convolution layer, its options as pairs, and its output's (Ho, Wo)."""
    x = _validate.array("x", x, axes="N C H W")
    w = _validate.array("w", w, axes="K C/groups FH FW")
    stride = _validate.pair("stride", stride, minimum=1)
    pad = _validate.pair("pad", pad, minimum=0)
    dilation = _validate.pair("dilation", dilation, minimum=1)
    groups = _validate.integer("groups", groups, minimum=1)
    channels, filters = x.shape[1], w.shape[0]
    if channels % groups or filters % groups:
        raise ValueError(
            f"groups: expected a divisor of both x's {channels} channels and w's {filters} filters, got {groups}"
        )
    if w.shape[1] != channels // groups:
        raise ValueError(
            f"w: expected {channels // groups} channels in each filter (x has {channels}, groups = {groups}), "
            f"got shape {w.shape}"
        )
    b = check_bias(b, filters)
    out_shape = window_positions("w", x.shape[2:], w.shape[2:], stride, pad, dilation)
    return x, w, b, stride, pad, dilation, groups, out_shape


def window_positions(name, image_shape, filter_shape, stride, pad, dilation=(1, 1)):
    """Return (Ho, Wo), floored; `name` is what the caller calls the filter that might be too large."""
    padded = tuple(n + 2 * p for n, p in zip(image_shape, pad))
    extent = tuple(d * (f - 1) + 1 for f, d in zip(filter_shape, dilation))
    if extent[0] > padded[0] or extent[1] > padded[1]:
        raise ValueError(
            f"{name}: expected a filter no larger than the padded input, {padded}, got {extent} "
            f"(shape {tuple(filter_shape)}, dilation {dilation}; input {tuple(image_shape)}, pad {pad})"
        )
    return tuple(
        output_size(n, f, stride=s, pad=p, dilation=d, floor=True)
        for n, f, s, p, d in zip(image_shape, filter_shape, stride, pad, dilation)
    )


def check_bias(b, filters):
    """Return the bias as an array of one number for each output channel, or None."""
    if b is None:
        return None
    b = _validate.array("b", b)
    _validate.has_shape("b", b, (filters,), "one bias for each output channel")
    return b
