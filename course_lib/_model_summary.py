"""What a model is like, layer by layer, from its shapes alone: no weight is made."""

from html import escape
from math import prod
from typing import NamedTuple

from ._model_layers import Window
from ._model_params import place
from ._model_plain import Reshape, Unpool


class Row(NamedTuple):
    """One layer of a summary. Shapes, products and neurons are those of one example."""

    layer: str
    input_shape: tuple
    output_shape: tuple
    weights: int  # numbers in w: without biases, without batch normalisation's gamma and beta
    parameters: int  # all that training moves
    multiply_adds: int
    neurons: int  # outputs, of the layers that have weights
    receptive_field: tuple | None  # along each axis, how far one output sees the input; None: all of it
    jump: tuple | None  # along each axis, how far the fields of neighbours are apart
    start: tuple | None  # along each axis, where the first output's field has its centre, in input positions
    floored: bool  # the output's size was rounded down
    unread: tuple  # along each axis, how many of the input's last rows or columns no window reaches


class Summary:
    """The rows of a summary, and their sums; prints as a table.

    Attributes:
        rows        list of Row, one a layer
        total       Row with the sums of weights, parameters, multiply_adds and neurons
    """

    def __init__(self, rows):
        self.rows = rows
        sums = {name: sum(getattr(row, name) for row in rows) for name in _SUMMED}
        ends = {"layer": "total", "input_shape": rows[0].input_shape, "output_shape": rows[-1].output_shape}
        self.total = rows[-1]._replace(**ends, **sums, floored=any(row.floored for row in rows), unread=())

    def __getitem__(self, layer):
        """The row of the layer with this name."""
        for row in self.rows:
            if row.layer == layer:
                return row
        raise KeyError(f"expected one of {', '.join(row.layer for row in self.rows)}, got {layer!r}")

    def share(self, kind, field):
        """The share of the layers of one kind ("conv", "fc") in the sum of a field ("parameters", "multiply_adds")."""
        if field not in _SUMMED:
            raise ValueError(f"field: expected one of {', '.join(_SUMMED)}, got {field!r}")
        whole = getattr(self.total, field)
        part = sum(getattr(row, field) for row in self.rows if row.layer.rstrip("0123456789") == kind)
        return part / whole if whole else 0.0

    def table(self):
        """The table's cells as text: a list of rows, the heading first."""
        heading = ["layer", "output", "weights", "parameters", "multiply-adds", "neurons", "receptive field", ""]
        body = [["input", _sizes(self.rows[0].input_shape), *[""] * 6]]
        for row in self.rows:
            field = "all" if row.receptive_field is None else _sizes(row.receptive_field)
            numbers = [f"{getattr(row, name):,}" for name in _SUMMED]
            body.append([row.layer, _sizes(row.output_shape), *numbers, field, _note(row)])
        return [heading, *body, ["total", "", *[f"{getattr(self.total, name):,}" for name in _SUMMED], "", ""]]

    def __str__(self):
        cells = self.table()
        widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
        lines = []
        for row in cells:
            name, shape, *numbers = [
                c.rjust(w) if 2 <= i <= 5 else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths))
            ]
            lines.append("  ".join([name, shape, *numbers]).rstrip())
        rule = "-" * max(map(len, lines))
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])

    __repr__ = __str__

    def _repr_html_(self):
        heading, *body = self.table()
        style = 'style="text-align: {}"'
        lines = ["<table>", "<thead><tr>"]
        lines += [f'<th scope="col" {style.format(_side(i))}>{escape(cell)}</th>' for i, cell in enumerate(heading)]
        lines += ["</tr></thead>", "<tbody>"]
        for row in body:
            name, *cells = [escape(cell) for cell in row]
            numbers = [f"<td {style.format(_side(i))}>{cell}</td>" for i, cell in enumerate(cells, start=1)]
            lines.append(f'<tr><th scope="row" {style.format("left")}>{name}</th>{"".join(numbers)}</tr>')
        return "\n".join([*lines, "</tbody>", "</table>"])


_SUMMED = ("weights", "parameters", "multiply_adds", "neurons")


def _side(column):
    return "right" if 2 <= column <= 5 else "left"


def _sizes(shape):
    return "×".join(str(n) if isinstance(n, int) else f"{n:g}" for n in shape)


def _note(row):
    if not row.floored:
        return ""
    if not any(row.unread):
        return "floored: some of the padding unread"
    names = ("row", "column") if len(row.unread) == 2 else ("position",)
    parts = [f"{n} {name}{'s' * (n > 1)}" for n, name in zip(row.unread, names) if n]
    return f"floored: {' and '.join(parts)} unread"


def summary(model, input_shape=None):
    """Shapes, parameters, multiply-adds and receptive field of each layer, computed from the shapes alone.

    Formula: conv: K·(C/groups)·FH·FW weights, times Ho·Wo multiply-adds;  fully connected: D·M of both;
             receptive field r ← r + (f - 1)·j,  jump j ← j·stride,  from r = j = 1 at the input

    f is the filter's extent, dilation·(F - 1) + 1. A receptive field may reach over the image's edge into the padding.
    Where an output's size was rounded down, the row says how many rows and columns no window reaches.

    Arguments:
        model        a Model
        input_shape  of one example; None takes the model's own. Another one says what the same layers would be there
    Returns:
        summary      a Summary: `rows` (list of Row), `total` (their sums), `share(kind, field)`; prints as a table
    Errors: ValueError, TypeError: an input too small or of the wrong rank for a layer (the message names the layer).
    Lecture row: C-alexnet, X-6, B-brain, D-lenet

    >>> from course_lib.models import alexnet, summary
    >>> table = summary(alexnet())
    >>> table["conv2"].weights, table.total.parameters, round(table.share("conv", "multiply_adds"), 3)
    (307200, 60965224, 0.919)
    """
    placed = model.placed if input_shape is None else place(model.layers, input_shape)
    axes = [Window(1, 1, 0)] * max(1, len(placed[0].input_shape) - 1)  # reach, jump and centre in the input
    seen_before, rows = {}, []
    for p in placed:
        seen_before[p.name], axes = axes, _see(p, axes, seen_before)
        sizes = {part: prod(shape) for part, shape in p.parameters.items()}
        sees = [tuple(axis) for axis in zip(*axes)] if axes else [None] * 3  # reaches, jumps, starts
        left_over = p.layer.left_over(p.input_shape)
        pads = p.layer.options(p.input_shape)[2] if any(left_over) else left_over
        rows.append(
            Row(
                layer=p.name,
                input_shape=p.input_shape,
                output_shape=p.output_shape,
                weights=sizes.get("w", 0),
                parameters=sum(sizes.values()),
                multiply_adds=p.layer.multiply_adds(p.input_shape, p.output_shape),
                neurons=prod(p.output_shape) if "w" in sizes else 0,
                receptive_field=sees[0],
                jump=sees[1],
                start=sees[2],
                floored=any(left_over),
                unread=tuple(max(0, left - pad) for left, pad in zip(left_over, pads)),
            )
        )
    return Summary(rows)


def _see(placed, axes, seen_before):
    """What an output of this layer sees of the model's input, given what its input sees; None is all of it."""
    windows = placed.layer.windows(placed.input_shape)
    if axes is None or windows is None:
        return None
    if isinstance(placed.layer, Unpool):  # back to the positions before the pooling, which lie closer together
        return [a._replace(step=b.step) for a, b in zip(axes, seen_before[placed.layer.of])]
    if isinstance(placed.layer, Reshape) and len(placed.output_shape) != len(placed.input_shape):
        single = all(axis == (1, 1, 0) for axis in axes)
        return [Window(1, 1, 0)] * max(1, len(placed.output_shape) - 1) if single else None
    return [
        Window(axis.reach + (w.reach - 1) * axis.step, axis.step * w.step, axis.shift + w.shift * axis.step)
        for axis, w in zip(axes, windows)
    ]
