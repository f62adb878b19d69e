"""What ReceptiveField shows, as numbers: a stack of layers, checked, and what `course_lib.models.summary` says of it.

An *example* is a dict that JSON can hold: input [C, n] (channels, and the side of a square image or the length of a
signal), ndim (2 or 1), layers and kept (lists of layers; kept is a second stack to compare with, or empty), kept_title,
and a revision. A layer is a dict: kind ("conv" or "pool"), size, stride, pad, dilation, filters and groups (1 for
pooling, which has neither). `static/field_numbers.js` holds the same formulas; tests compare the two.
"""

from .. import _validate
from ..conv import output_size
from ..losses import mean_squared_error
from ..models import Convolution, MaxPool, Model, summary
from ._base import capped
from ._example import check_entries

ENTRIES = ("ndim", "input", "layers", "kept", "kept_title", "revision")
KINDS = ("conv", "pool")
RANGES = {
    "size": (1, 31),
    "stride": (1, 8),
    "pad": (0, 15),
    "dilation": (1, 16),
    "filters": (1, 4096),
    "groups": (1, 4096),
}
MOST = {"side": 256, "layers": 12, "channels": 4096}


def conv(filters, size, *, stride=1, pad=0, dilation=1, groups=1):
    """Return a convolution layer for ReceptiveField."""
    return {
        "kind": "conv",
        "size": size,
        "stride": stride,
        "pad": pad,
        "dilation": dilation,
        "filters": filters,
        "groups": groups,
    }


def pool(size, *, stride=None, pad=0):
    """Return a pooling layer for ReceptiveField; stride None takes the window's size."""
    stride = size if stride is None else stride
    return {"kind": "pool", "size": size, "stride": stride, "pad": pad, "dilation": 1, "filters": 1, "groups": 1}


def make_example(layers, input_shape=(1, 32, 32), *, compare=(), compare_title=""):
    """Return the example that these arguments describe.

    Arguments:
        layers         list of layers of course_lib.models (Convolution, MaxPool), or of conv(...) and pool(...)
        input_shape    (C, n, n) or (C, n)
        compare        a second stack, to compare with
        compare_title  what to call it
    Errors: ValueError, TypeError: no layer, too many, another kind of layer, an image that is not square, a layer that
        is larger than what it gets (the message names it).
    """
    shape = tuple(input_shape)
    if len(shape) not in (2, 3) or len(set(shape[1:])) != 1:
        raise ValueError(f"input_shape: expected (channels, n, n) or (channels, n), got {input_shape!r}")
    return check_example({
        "ndim": len(shape) - 1, "input": list(shape[:2]), "layers": [as_layer(v) for v in layers],
        "kept": [as_layer(v) for v in compare], "kept_title": compare_title, "revision": 0,
    })  # fmt: skip


def as_layer(layer):
    """Return a layer of course_lib.models as a dict; a dict stays as it is."""
    if isinstance(layer, Convolution):
        return conv(
            layer.filters, layer.size, stride=layer.stride, pad=layer.pad, dilation=layer.dilation, groups=layer.groups
        )
    if isinstance(layer, MaxPool):
        return pool(layer.size, stride=layer.stride, pad=layer.pad)
    if not isinstance(layer, dict):
        raise TypeError(f"layers: expected Convolution(...) or MaxPool(...), got {layer!r}")
    return layer


def check_example(example):
    """Return the example with every entry checked and in its plain form."""
    check_entries(example, ENTRIES)
    ndim = _validate.integer("ndim", example["ndim"], 1, 2)
    if not isinstance(example["input"], (list, tuple)) or len(example["input"]) != 2:
        raise ValueError(f"input: expected [channels, side], got {example['input']!r}")
    channels = _validate.integer("input channels", example["input"][0], 1, MOST["channels"])
    side = _validate.integer("input side", example["input"][1], 1, MOST["side"])
    checked = {
        "ndim": ndim, "input": [channels, side], "kept_title": str(example["kept_title"])[:60],
        "revision": _validate.integer("revision", example["revision"], 0),
    }  # fmt: skip
    for stack in ("layers", "kept"):
        if not isinstance(example[stack], (list, tuple)):
            raise TypeError(f"{stack}: expected a list of layers, got {type(example[stack]).__name__}")
        capped(stack, len(example[stack]), MOST["layers"], "layers", "Leave some out.")
        checked[stack] = [_check_layer(i + 1, layer) for i, layer in enumerate(example[stack])]
        follow(checked, stack)
    if not checked["layers"]:
        raise ValueError("layers: expected at least one layer, got none")
    return checked


def _check_layer(number, layer):
    where = f"layer {number}"
    check_entries(layer, ("kind", *RANGES))
    if layer["kind"] not in KINDS:
        raise ValueError(f'{where}, kind: expected "conv" or "pool", got {layer["kind"]!r}')
    plain = {"kind": layer["kind"]}
    for name, (least, most) in RANGES.items():
        plain[name] = _validate.integer(f"{where}, {name}", layer[name], least, most)
    if plain["kind"] == "pool":
        plain |= {"dilation": 1, "filters": 1, "groups": 1}
        if plain["pad"] >= plain["size"]:
            raise ValueError(f"{where}, pad: expected less than the window's {plain['size']}, got {plain['pad']}")
    return plain


def follow(example, stack="layers"):
    """Return the (channels, side) before each layer and after the last; refuse what does not go together."""
    shapes = [tuple(example["input"])]
    for number, layer in enumerate(example[stack], start=1):
        channels, side = shapes[-1]
        extent = layer["dilation"] * (layer["size"] - 1) + 1
        if extent > side + 2 * layer["pad"]:
            raise ValueError(
                f"layer {number}: its window covers {extent}, and what it gets has {side} + 2·{layer['pad']} = "
                f"{side + 2 * layer['pad']}; choose a smaller size or dilation, or more padding"
            )
        conv_layer = layer["kind"] == "conv"
        if conv_layer and (channels % layer["groups"] or layer["filters"] % layer["groups"]):
            raise ValueError(
                f"layer {number}, groups: expected a divisor of both {channels} channels and {layer['filters']} filters, "
                f"got {layer['groups']}"
            )
        options = {name: layer[name] for name in ("stride", "pad", "dilation")}
        shapes.append(
            (layer["filters"] if conv_layer else channels, output_size(side, layer["size"], floor=True, **options))
        )
    return shapes


def numbers(example):
    """Return all that the widget shows of a checked example: the rows of `summary`, and of the kept stack its totals.

    Returns:
        dict: rows, one dict a layer: name, shape [C, n] that comes out, weights, biases, multiply_adds, field, jump,
        start (where the first output's field has its centre), unread (input positions that no window reaches),
        message (what `output_size` says where the size does not fit, else ""); total and kept_total: weights, biases,
        parameters, multiply_adds, field, jump, shape (kept_total is None without a kept stack); revision
    """
    rows, total = _summarise(example, "layers")
    return {
        "revision": example["revision"], "rows": rows, "total": total,
        "kept_total": _summarise(example, "kept")[1] if example["kept"] else None,
    }  # fmt: skip


def _summarise(example, stack):
    channels, side = example["input"]
    ndim, layers = example["ndim"], example[stack]
    made = [
        Convolution(v["filters"], v["size"], v["stride"], v["pad"], v["dilation"], v["groups"])
        if v["kind"] == "conv"
        else MaxPool(v["size"], v["stride"], v["pad"])
        for v in layers
    ]
    table = summary(Model(made, (channels, *[side] * ndim), loss=mean_squared_error))
    rows = []
    for layer, row in zip(layers, table.rows):
        rows.append({
            "name": row.layer, "shape": list(row.output_shape[:2]), "weights": row.weights,
            "biases": row.parameters - row.weights, "multiply_adds": row.multiply_adds,
            "field": row.receptive_field[0], "jump": row.jump[0], "start": float(row.start[0]),
            "unread": row.unread[0] if row.floored else 0, "message": _message(row.input_shape[1], layer),
        })  # fmt: skip
    total = {name: sum(row[name] for row in rows) for name in ("weights", "biases", "multiply_adds")}
    last = {name: rows[-1][name] for name in ("shape", "field", "jump")}
    return rows, {**total, "parameters": total["weights"] + total["biases"], **last}


def _message(side, layer):
    try:
        output_size(side, layer["size"], **{name: layer[name] for name in ("stride", "pad", "dilation")})
    except ValueError as refused:
        return str(refused).removesuffix(" floor=True drops what is left over at the end.")
    return ""


def presets():
    """Return {name: preset} in the order of the menu; a preset has title, note, example, layer, position."""
    found = {}

    def add(name, title, note, layers, input_shape, *, layer=None, position=None, **compare):
        example = make_example(layers, input_shape, **compare)
        layer = len(example["layers"]) - 1 if layer is None else layer
        last = follow(example)[layer + 1][1]
        position = (last - 1) // 2 if position is None else position
        found[name] = {"title": title, "note": note, "example": example, "layer": layer, "position": position}

    add(
        "B-brain",
        "Two 3×3 see as far as one 5×5",
        "With 64 channels in and out, the two small ones need 73,856 "
        "parameters and the large one 102,464; and there is room for a ReLU between them.",
        [conv(64, 3), conv(64, 3)],
        (64, 16, 16),
        compare=[conv(64, 5)],
        compare_title="one 5×5",
    )
    add(
        "B-shrink",
        "32 → 28 → 24: shrinking",
        "Each 5×5 without padding takes four rows and columns away. Set pad to 2, and the size stays.",
        [conv(6, 5), conv(10, 5)],
        (3, 32, 32),
    )
    add(
        "B-example",
        "Ten 5×5 filters: 760 parameters",
        "Each filter has 5·5·3 = 75 weights and a bias; the size of the image does not matter.",
        [conv(10, 5, pad=2)],
        (3, 32, 32),
    )
    add(
        "B-outsize",
        "7, filter 3, stride 3: does not fit",
        "(7 − 3)/3 + 1 is no whole number: layers round down, and the last row and column are not read.",
        [conv(1, 3, stride=3)],
        (1, 7, 7),
    )
    add(
        "D-lenet",
        "LeNet: 32 → 30 → 15 → 13 → 6",
        "13 is odd: the second pooling rounds 6.5 down to 6, and one row and one column go unread.",
        [conv(6, 3), pool(2), conv(16, 3), pool(2)],
        (1, 32, 32),
    )
    add(
        "C-alexnet",
        "AlexNet's first layers",
        "Strides multiply: after conv 1 and two poolings, neighbours are 16 pixels "
        "apart, so each further 3×3 sees 32 pixels more.",
        [
            conv(96, 11, stride=4),
            pool(3, stride=2),
            conv(256, 5, pad=2, groups=2),
            pool(3, stride=2),
            conv(384, 3, pad=1),
        ],
        (3, 227, 227),
    )
    add(
        "B-options",
        "Dilated: 1, 2, 4, 8",
        "Four filters of 3 taps see 31 positions: the holes double at each layer, and no position is left out.",
        [conv(1, 3, dilation=1), conv(1, 3, dilation=2), conv(1, 3, dilation=4), conv(1, 3, dilation=8)],
        (1, 40),
    )
    return found
