"""What all pooling layers share: the checks of their arguments."""

from . import _validate
from ._conv_shapes import output_size


def check_pool(x, size, stride, pad):
    """Return the checked arguments of a 2-D pooling layer, its options as pairs, and its output's (Ho, Wo)."""
    x = _validate.array("x", x, axes="N C H W")
    size = _validate.pair("size", size, minimum=1)
    stride = size if stride is None else _validate.pair("stride", stride, minimum=1)
    pad = _validate.pair("pad", pad, minimum=0)
    if pad[0] >= size[0] or pad[1] >= size[1]:
        raise ValueError(f"pad: expected less than the window {size}, so that each window sees the image, got {pad}")
    padded = tuple(n + 2 * p for n, p in zip(x.shape[2:], pad))
    if size[0] > padded[0] or size[1] > padded[1]:
        raise ValueError(
            f"size: expected a window no larger than the padded input, {padded}, got {size} "
            f"(input {x.shape[2:]}, pad {pad})"
        )
    axes = zip(x.shape[2:], size, stride, pad)
    return x, size, stride, pad, tuple(output_size(n, f, stride=s, pad=p, floor=True) for n, f, s, p in axes)


def check_ties(ties):
    if ties not in ("first", "all"):
        raise ValueError(f'ties: expected "first" or "all", got {ties!r}')
    return ties
