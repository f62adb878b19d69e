"""FilterSlide: a filter slides over an image, forward and backward, number by number."""

import copy

import numpy as np
import traitlets

from ._base import CourseWidget
from ._filter_numbers import check_example, dimensions, make_example, numbers, option, with_axes
from ._filter_picture import picture
from ._filter_presets import library, presets

MODES = ("forward", "dx", "dw", "matrix")


def _part(name, help_text):
    """A property that reads one entry of the example, and by assignment changes it."""

    def read(self):
        return (
            np.array(self.example[name]) if name in ("image", "kernel", "upstream") else copy.copy(self.example[name])
        )

    def write(self, value):
        self.change(**{name: value})

    return property(read, write, doc=help_text)


class FilterSlide(
    CourseWidget,
    script="filter_slide.js",
    styles=["filter_slide.css"],
):
    """A filter on an image: the window, its products, their running sum and the output; both gradients; the matrix.

    Formula: out[k,i,j] = Σ_{c,p,q} x_padded[c, i·s + p·d, j·s + q·d] · w[k,c,p,q], w rotated by 180° for convolution

    Arguments:
        image     (W,), (H, W), (C, H, W), or (C, W) beside a kernel of three axes; at most 64×64, 4 channels
        kernel    (F,), (FH, FW), (C, FH, FW), (K, C/groups, FH, FW), or (K, C/groups, F); at most 7×7, 4 filters
        stride, pad, dilation  integer, or pair (rows, columns)
        groups    filters of group g see only the channels of group g
        operation "correlation" (as frameworks do) or "convolution" (the kernel rotated by 180°)
        upstream  ∂L/∂out, of the output's shape, or None for a pattern of small numbers
        mode      "forward", "dx" (∂L/∂x), "dw" (∂L/∂w) or "matrix"
        view      of a gradient: "scatter" (each upstream number is spread) or "gather" (each result is collected)
        preset    the name of an example from `FilterSlide.presets()`, in place of image and kernel
        predict   True: a result stays hidden until its value is typed
        step      where to start
    Returns:
        a widget; out, dx, dw and matrix are its results as arrays, change(...) alters the example, state() and
        restore(...) keep and bring back where it stands
    Errors: ValueError, TypeError: as conv2d_forward; more than the widget can show; NaN; an unknown preset or mode.
    Lecture row: D-conv2d, C-conv2d, C-stride2, C-rotated, D-toeplitz, A-filters, D-kernels

    >>> from course_lib.widgets import FilterSlide
    >>> slide = FilterSlide([[1, 2, 3], [4, 5, 6]], [[1, 0], [0, -1]])
    >>> slide, slide.out.tolist()
    (FilterSlide(image 2×3, kernel 2×2, stride=1, pad=0, mode='forward', step=0, out=[[-4, -4]]), [[[-4.0, -4.0]]])
    """

    saved = ("example", "mode", "view", "step", "predict", "guesses", "whole", "preset")
    example = traitlets.Dict(help="image, kernel, upstream gradient and options; change() alters it").tag(sync=True)
    numbers = traitlets.Dict(help="what Python computed from the example").tag(sync=True)
    mode = traitlets.Enum(MODES, "forward").tag(sync=True)
    view = traitlets.Enum(("scatter", "gather"), "scatter").tag(sync=True)
    step = traitlets.Int(0, help="which window, or which number, counted from 0").tag(sync=True)
    predict = traitlets.Bool(False).tag(sync=True)
    guesses = traitlets.Dict(
        help='{"mode:step": {"typed": number, "right": bool, "shown": bool}}, of this example'
    ).tag(sync=True)
    whole = traitlets.Bool(False, help="show the whole result, not only what the steps so far computed").tag(sync=True)
    preset = traitlets.Unicode("").tag(sync=True)
    library = traitlets.Dict(help="the presets, for the browser's menu").tag(sync=True)

    image = _part("image", "(C, H, W)")
    kernel = _part("kernel", "(K, C/groups, FH, FW)")
    upstream = _part("upstream", "∂L/∂out, (K, Ho, Wo)")
    stride = _part("stride", "[rows, columns]")
    pad = _part("pad", "[rows, columns]")
    dilation = _part("dilation", "[rows, columns]")
    groups = _part("groups", "integer")
    operation = _part("operation", "correlation or convolution")

    def __init__(self, image=None, kernel=None, *, stride=1, pad=0, dilation=1, groups=1, operation="correlation",
                 upstream=None, mode=None, view=None, preset=None, predict=False, step=0):  # fmt: skip
        if (image is None) != (kernel is None):
            raise ValueError(
                f"{'image' if image is None else 'kernel'}: expected an image and a kernel, or a preset's name"
            )
        if image is not None and preset is not None:
            raise ValueError("preset: expected either an image with a kernel, or a preset's name, got both")
        chosen = {"mode": "forward", "view": "scatter", "whole": False}
        if image is None:
            preset = "D-conv2d" if preset is None else preset
            if preset not in presets():
                raise ValueError(f"preset: expected one of {', '.join(presets())}, got {preset!r}")
            chosen = presets()[preset]
            example = copy.deepcopy(chosen["example"])
        else:
            example = make_example(image, kernel, stride=stride, pad=pad, dilation=dilation, groups=groups,
                                   operation=operation, upstream=upstream)  # fmt: skip
        for name, value, allowed in (("mode", mode, MODES), ("view", view, ("scatter", "gather"))):
            if value is not None and value not in allowed:
                raise ValueError(f"{name}: expected one of {', '.join(allowed)}, got {value!r}")
        state = {"mode": mode or chosen["mode"], "view": view or chosen["view"], "whole": chosen["whole"], "step": step}
        try:
            super().__init__(example=example, preset=preset or "", predict=predict, library=library(), **state)
        except traitlets.TraitError as refused:
            raise ValueError(str(refused)) from refused

    @staticmethod
    def presets():
        """Return {name: title} of the examples that come with the widget."""
        return {name: preset["title"] for name, preset in presets().items()}

    def change(self, **entries):
        """Change entries of the example: image, kernel, stride, pad, dilation, groups, operation, upstream.

        All are checked together before any of them changes, so that an image and a kernel can change at once.
        """
        options = ("stride", "pad", "dilation", "groups", "operation")
        if unknown := set(entries) - {"image", "kernel", "upstream", *options}:
            raise TypeError(
                f"change: expected image, kernel, upstream, {', '.join(options)}, got {', '.join(sorted(unknown))}"
            )
        now = self.example
        ndim = dimensions(entries["image"], entries["kernel"]) if {"image", "kernel"} <= set(entries) else now["ndim"]
        changed = {**now, "ndim": ndim, "revision": now["revision"] + 1, "upstream": None}
        for name, value in entries.items():
            if name in ("image", "kernel", "upstream"):
                value = with_axes(name, value, ndim)
            changed[name] = option(name, value, ndim) if name in ("stride", "pad", "dilation") else value
        changed = check_example(changed)
        if "upstream" not in entries and np.shape(changed["upstream"]) == np.shape(now["upstream"]):
            changed["upstream"] = now["upstream"]  # of the same size still: it stays
        with self.hold_sync(), self.hold_trait_notifications():  # the browser gets all of it in one message
            self.preset, self.guesses = "", {}
            self.example = changed

    @traitlets.validate("example")
    def _check_example(self, proposal):
        try:
            return check_example(proposal["value"])
        except (ValueError, TypeError) as refused:
            raise traitlets.TraitError(str(refused)) from refused

    @traitlets.observe("example")
    def _compute(self, change):
        self.numbers = numbers(self.example)
        self._keep_step(change)

    @traitlets.observe("mode", "view")
    def _keep_step(self, change):
        if self.step >= self.steps:
            self.step = 0

    @traitlets.validate("step")
    def _check_step(self, proposal):
        if not 0 <= proposal["value"] < self.steps:
            raise traitlets.TraitError(f"step: expected a number from 0 to {self.steps - 1}, got {proposal['value']}")
        return proposal["value"]

    @property
    def steps(self):
        """How many steps the present mode and view take: one for each number that is spread or collected."""
        gathered = {"dx": "image", "dw": "kernel"}.get(self.mode) if self.view == "gather" else None
        return int(np.size(self.example[gathered or "upstream"]))  # the upstream gradient has the output's shape

    @property
    def out(self):
        """The output, (K, Ho, Wo)."""
        return np.array(self.numbers["out"])

    @property
    def dx(self):
        """∂L/∂image, (C, H, W)."""
        return np.array(self.numbers["dx"])

    @property
    def dw(self):
        """∂L/∂kernel, (K, C/groups, FH, FW)."""
        return np.array(self.numbers["dw"])

    @property
    def matrix(self):
        """The layer as a matrix, (K·Ho·Wo, C·H·W), or None where it is too large to show."""
        return None if self.numbers["matrix"] is None else np.array(self.numbers["matrix"])

    def picture(self):
        return picture(self.example, self.numbers, self.mode)

    def describe(self):
        image, kernel = (_shape(self.example[name], self.example["ndim"]) for name in ("image", "kernel"))
        example = self.example
        parts = [f"image {image}", f"kernel {kernel}", f"stride={_one(example['stride'], example['ndim'])}",
                 f"pad={_one(example['pad'], example['ndim'])}"]  # fmt: skip
        if max(example["dilation"]) > 1:
            parts.append(f"dilation={_one(example['dilation'], example['ndim'])}")
        if example["groups"] > 1:
            parts.append(f"groups={example['groups']}")
        if example["operation"] != "correlation":
            parts.append(f"operation={example['operation']!r}")
        parts += [f"mode={self.mode!r}", f"step={self.step}"]
        name = {"dx": "dx", "dw": "dw"}.get(self.mode, "out")
        result = np.array(self.numbers[name])
        parts.append(
            f"{name}={_plain(result, example['ndim'])}"
            if result.size <= 36
            else f"{name} {_shape(result.tolist(), example['ndim'])}"
        )
        return f"FilterSlide({', '.join(parts)})"


def _shape(array, ndim):
    """ "5×5", or "2×2×3×3": axes of length 1 before the image's own are left out, and so is a signal's height."""
    shape = [*np.shape(array)]
    while len(shape) > 2 and shape[0] == 1:
        shape.pop(0)
    if ndim == 1:
        shape.pop(-2)
    return "×".join(map(str, shape))


def _one(pair, ndim):
    return pair[1] if ndim == 1 or pair[0] == pair[1] else tuple(pair)


def _plain(array, ndim):
    """Nested lists without the axes of length 1 in front, with whole numbers as such and others to four digits."""
    while array.ndim > ndim and len(array) == 1:
        array = array[0]
    if ndim == 1 and array.ndim > 1:
        array = array[..., 0, :]
    return _listed(array)


def _listed(array):
    if array.ndim > 1:
        return f"[{', '.join(_listed(row) for row in array)}]"
    return f"[{', '.join(f'{v + 0.0:.4g}' for v in array)}]"
