"""JacobianView: which output each input moves and how much, the product with the upstream gradient, and the memory."""

from typing import ClassVar

import numpy as np
import traitlets

from ._example import ExampleWidget, listed
from ._jacobian_numbers import check_example, check_sizes, make_example, memory, numbers
from ._jacobian_picture import picture
from ._jacobian_presets import presets

MODES = ("pattern", "values", "product", "memory")
SIZES = {"n": 64, "d": 4096, "m": 4096, "itemsize": 4}


class JacobianView(
    ExampleWidget,
    script="jacobian_view.js",
    styles=["jacobian_view.css"],
):
    """The Jacobian of a small function: its pattern to predict, its values, its product, and what it would weigh.

    Formula: J[n, m] = ∂y_m/∂x_n,  ∂L/∂x = J · ∂L/∂y

    Arguments:
        kind      "relu", "sigmoid" or "softmax" of x (N,); "matmul", x (N, D) times w (D, M); "conv1d", x (W,) with the
                  filter w (F,), no padding
        x, w      the numbers, at most 16 in x, in w and in y
        upstream  ∂L/∂y, of y's shape; None for a pattern of small numbers
        wrt       "x" or "w": which of them the Jacobian's rows are
        stride    of the convolution
        preset    the name of an example from `JacobianView.presets()`, in place of kind, x and w
        mode      "pattern" (mark what is not zero), "values", "product" (with the upstream gradient), or "memory"
        predict   True: the values stay hidden until the pattern was marked and revealed
        n, d, m, itemsize  sizes of the memory comparison, y = x·w with x (N, D) and w (D, M)
    Returns:
        a widget; J, explicit and implicit are its results as arrays, change(...) alters the example
    Errors: ValueError, TypeError: shapes that do not fit; more than the widget can show; NaN; an unknown kind or mode.
    Lecture row: B-derivs, B-relu-vec, B-sparse, B-matmul, B-jacmem, A-softmaxjac

    >>> from course_lib.widgets import JacobianView
    >>> view = JacobianView("relu", [1, -2, 3, -1], upstream=[4, -1, 5, 9])
    >>> view.explicit.tolist(), view.implicit.tolist()
    ([4.0, 0.0, 5.0, 0.0], [4.0, 0.0, 5.0, 0.0])
    """

    saved = ("example", "mode", "cell", "marks", "revealed", "predict", "sizes", "preset")
    parts = ("kind", "x", "w", "upstream", "wrt", "stride")
    forgets: ClassVar = {"preset": "", "marks": [], "revealed": False}
    check = staticmethod(check_example)
    compute = staticmethod(numbers)

    mode = traitlets.Enum(MODES, "pattern").tag(sync=True)
    cell = traitlets.Int(0, help="which cell of J the cursor is on, row after row; its row is the product's step").tag(
        sync=True
    )
    marks = traitlets.List(traitlets.Int(), help="the cells that were marked as not zero").tag(sync=True)
    revealed = traitlets.Bool(False).tag(sync=True)
    predict = traitlets.Bool(True).tag(sync=True)
    sizes = traitlets.Dict(dict(SIZES), help="of the memory comparison").tag(sync=True)

    def __init__(self, kind=None, x=None, w=None, *, upstream=None, wrt="x", stride=1, preset=None, mode="pattern",
                 predict=True, n=64, d=4096, m=4096, itemsize=4):  # fmt: skip
        if (kind is None) != (x is None):
            raise ValueError(f"{'kind' if kind is None else 'x'}: expected a kind and an x, or a preset's name")
        if mode not in MODES:
            raise ValueError(f"mode: expected one of {', '.join(MODES)}, got {mode!r}")
        values = None if kind is None else make_example(kind, x, w, upstream=upstream, wrt=wrt, stride=stride)
        sizes = check_sizes({"n": n, "d": d, "m": m, "itemsize": itemsize})
        self.start(presets(), preset, values, {"mode": mode, "predict": predict, "sizes": sizes})

    @staticmethod
    def presets():
        """Return {name: title} of the examples that come with the widget."""
        return {name: preset["title"] for name, preset in presets().items()}

    def change(self, **entries):
        """Change entries of the example: kind, x, w, upstream, wrt, stride; all are checked together.

        The upstream gradient stays while its size does.
        """
        if "upstream" not in entries and set(entries) <= set(self.parts):
            fresh = check_example({**self.example, **entries, "upstream": None})["upstream"]
            if np.shape(fresh) != np.shape(self.example["upstream"]):
                entries["upstream"] = fresh
        super().change(**entries)

    @traitlets.observe("example")
    def _keep_cell(self, change):
        if self.cell >= self._cells:
            self.cell = 0

    @property
    def _cells(self):
        return int(np.size(self.example[self.example["wrt"]]) * np.size(self.example["upstream"]))

    @traitlets.validate("cell")
    def _check_cell(self, proposal):
        if not 0 <= proposal["value"] < self._cells:
            raise traitlets.TraitError(f"cell: expected a number from 0 to {self._cells - 1}, got {proposal['value']}")
        return proposal["value"]

    @traitlets.validate("marks")
    def _check_marks(self, proposal):
        wrong = [cell for cell in proposal["value"] if not 0 <= cell < self._cells]
        if wrong:
            raise traitlets.TraitError(f"marks: expected numbers from 0 to {self._cells - 1}, got {wrong[0]}")
        return sorted(set(proposal["value"]))

    @traitlets.validate("sizes")
    def _check_sizes(self, proposal):
        try:
            return check_sizes(proposal["value"])
        except (ValueError, TypeError) as refused:
            raise traitlets.TraitError(str(refused)) from refused

    @property
    def J(self):
        """The Jacobian, a row for each input, a column for each output."""
        return np.array(self.numbers["J"])

    @property
    def explicit(self):
        """The gradient as J times the upstream gradient, flat."""
        return np.array(self.numbers["explicit"])

    @property
    def implicit(self):
        """The gradient by the backward pass, which forms no Jacobian, flat."""
        return np.array(self.numbers["implicit"])

    @property
    def memory(self):
        """Bytes of the explicit Jacobians (dy_dx, dy_dw) and of all arrays of the implicit backward pass."""
        return memory(self.sizes)

    def picture(self):
        return picture(self.example, self.numbers, self.mode, self.memory, self.sizes)

    def describe(self):
        example = self.example
        if self.mode == "memory":
            sizes = ", ".join(f"{name}={size}" for name, size in self.sizes.items())
            return f"JacobianView(mode='memory', {sizes}, bytes {self.memory})"
        letters = [name for name in ("x", "w") if example[name] is not None]
        shapes = ", ".join(f"{name} {'×'.join(map(str, np.shape(example[name])))}" for name in letters)
        rows, columns = self.J.shape
        return (
            f"JacobianView({example['kind']}, {shapes}, wrt={example['wrt']!r}, mode={self.mode!r}, "
            f"J {rows}×{columns} with {int(np.count_nonzero(np.abs(self.J) > 1e-12))} of {rows * columns} not zero, "
            f"J·upstream={listed(self.explicit)})"
        )
