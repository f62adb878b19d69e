"""FilterSlide on Python's side: numbers, presets, refused input, state, repr, picture."""

import json

import numpy as np
import pytest
import scipy.signal
from oracles import assert_agree, assert_is_gradient, normal

from course_lib.conv import conv2d_backward, conv2d_forward
from course_lib.widgets import FilterSlide
from course_lib.widgets._filter_numbers import MOST
from course_lib.widgets._filter_presets import presets

IMAGE = [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
KERNEL = [[0, 1, 2], [2, 2, 0], [0, 1, 2]]


@pytest.fixture
def slide():
    widget = FilterSlide(IMAGE, KERNEL)
    yield widget
    widget.close()


# the lectures' numbers


@pytest.mark.row("D-conv1d")
def test_preset_of_the_signal():
    assert FilterSlide(preset="D-conv1d").out.tolist() == [[[2, 1, 1]]]


@pytest.mark.row("D-conv2d")
def test_preset_of_the_binary_image():
    assert FilterSlide(preset="D-conv2d").out.tolist() == [[[4, 3, 4], [2, 4, 3], [2, 3, 4]]]
    assert FilterSlide().preset == "D-conv2d"


@pytest.mark.row("C-conv2d")
def test_preset_of_the_numbers():
    assert FilterSlide(preset="C-conv2d").out.tolist() == [[[12, 12, 17], [10, 17, 19], [9, 6, 14]]]


@pytest.mark.row("C-stride2")
def test_preset_of_the_nine_equations():
    widget = FilterSlide(preset="C-stride2")
    image, dz = widget.image[0], widget.upstream[0]
    assert (widget.mode, widget.out.shape, dz.shape) == ("dw", (1, 2, 2), (2, 2))
    for p, q in np.ndindex(3, 3):
        assert widget.dw[0, 0, p, q] == np.sum(image[p : p + 3 : 2, q : q + 3 : 2] * dz)


@pytest.mark.row("C-rotated")
def test_preset_of_the_stuffed_zeros():
    widget = FilterSlide(preset="C-rotated")
    stuffed = np.zeros((3, 3))
    stuffed[::2, ::2] = widget.upstream[0]
    full = scipy.signal.correlate2d(stuffed, np.rot90(widget.kernel[0, 0], 2), mode="full")
    assert_agree(widget.dx[0, :5, :5], full)
    assert not widget.dx[0, 5].any() and not widget.dx[0, :, 5].any()


@pytest.mark.row("A-convback")
@pytest.mark.parametrize("operation", ["correlation", "convolution"])
def test_gradients_are_those_of_the_output(operation):
    def loss(image, kernel, upstream):
        return np.sum(
            FilterSlide(image, kernel, operation=operation, upstream=upstream, stride=(1, 2), pad=1).out[0] * upstream
        )

    image, kernel, upstream = normal(0, 4, 5), normal(1, 2, 3), normal(2, 5, 3)
    widget = FilterSlide(image, kernel, operation=operation, upstream=upstream, stride=(1, 2), pad=1)
    assert_is_gradient(widget.dx[0], lambda x: loss(x, kernel, upstream), image)
    assert_is_gradient(widget.dw[0, 0], lambda w: loss(image, w, upstream), kernel)


@pytest.mark.row("A-conv")
def test_preset_of_true_convolution():
    widget = FilterSlide(preset="A-conv")
    assert_agree(widget.out[0], scipy.signal.convolve2d(widget.image[0], widget.kernel[0, 0], mode="valid"))
    widget.operation = "correlation"
    assert_agree(widget.out[0], scipy.signal.correlate2d(widget.image[0], widget.kernel[0, 0], mode="valid"))


@pytest.mark.row("A-filters", "D-kernels")
@pytest.mark.parametrize("name", [name for name in presets() if name.startswith(("A-filters", "D-kernels"))])
def test_presets_of_the_photograph(name):
    widget = FilterSlide(preset=name)
    assert widget.image.shape == (1, 44, 48) and 0 <= widget.image.min() < 0.1 and 0.9 < widget.image.max() <= 1
    assert_agree(widget.out[0], scipy.signal.correlate2d(widget.image[0], widget.kernel[0, 0], mode="valid"))
    assert widget.matrix is None


@pytest.mark.row("D-toeplitz")
@pytest.mark.parametrize("name", [name for name in presets() if not name.startswith(("A-filters", "D-kernels"))])
def test_the_matrix_times_the_input_is_the_output(name):
    widget = FilterSlide(preset=name)
    assert_agree(widget.matrix @ widget.image.ravel(), widget.out.ravel())
    assert_agree(widget.matrix.T @ widget.upstream.ravel(), widget.dx.ravel())


@pytest.mark.row("B-outsize")
def test_preset_that_does_not_fit():
    sizes = FilterSlide(preset="B-outsize").numbers["sizes"]
    assert [(s["n"], s["f"], s["stride"], s["size"], s["remainder"]) for s in sizes] == [(7, 3, 3, 2, 1)] * 2


@pytest.mark.row("E-seesaw")
def test_preset_of_the_seesaw():
    widget = FilterSlide(preset="E-seesaw")
    assert_agree(widget.out[0, 0], [0, 0.1, 0, 0])
    assert_agree(widget.dw[0, 0, 0], [-0.0147, 0])


@pytest.mark.row("B-options", "B-volume", "B-1x1")
def test_presets_of_several_maps_agree_with_the_layer():
    for name in ("B-options", "B-volume", "B-options/depthwise", "B-1x1"):
        widget = FilterSlide(preset=name)
        options = {key: tuple(getattr(widget, key)) for key in ("stride", "pad", "dilation")}
        out, cache = conv2d_forward(widget.image[None], widget.kernel, groups=widget.groups, **options)
        dx, dw, _ = conv2d_backward(widget.upstream[None], cache)
        for got, expected in ((widget.out, out[0]), (widget.dx, dx[0]), (widget.dw, dw)):
            assert_agree(got, expected)


def test_presets_are_listed_by_name_and_title():
    titles = FilterSlide.presets()
    assert len(titles) == len(set(titles.values())) == 23
    assert titles["D-conv1d"] == "A signal, 1-D"


# making and changing


def test_axes_of_image_and_kernel():
    for image, kernel, out in [
        ([1, 2, 3], [1, 1], (1, 1, 2)),
        ([[1, 2, 3], [4, 5, 6]], [[1, 1]], (1, 2, 2)),
        (np.ones((2, 3, 4)), np.ones((2, 2, 2)), (1, 2, 3)),
        (np.ones((2, 3, 4)), np.ones((3, 2, 2, 2)), (3, 2, 3)),
        (np.ones((2, 6)), np.ones((3, 2, 2)), (3, 1, 5)),
    ]:
        assert FilterSlide(image, kernel).out.shape == out


def test_a_change_is_computed_and_counted(slide):
    slide.change(kernel=[[1, 0], [0, -1]], stride=2)
    assert slide.out.tolist() == [[[3, -1], [3, 0]]]
    assert slide.example["revision"] == slide.numbers["revision"] == 1
    slide.pad = 1
    assert slide.out.shape == (1, 3, 3) and slide.example["revision"] == 2


def test_the_upstream_gradient_stays_while_its_size_does(slide):
    slide.upstream = np.arange(9.0).reshape(3, 3)
    slide.kernel = np.ones((3, 3))
    assert slide.upstream.tolist() == [[[0, 1, 2], [3, 4, 5], [6, 7, 8]]]
    slide.stride = 2
    assert slide.upstream.tolist() == [[[1, 2], [-1, 3]]]


def test_a_step_too_far_for_the_new_example_starts_again(slide):
    slide.step = 8
    slide.stride = 2
    assert slide.step == 0
    slide.view = "gather"
    slide.mode = "dx"
    slide.step = 24
    slide.mode = "dw"
    assert (slide.steps, slide.step) == (9, 0)


@pytest.mark.parametrize(
    "change, message",
    [
        (
            {"kernel": np.ones((6, 6))},
            r"kernel: expected a filter no larger than the padded input, \(5, 5\), got \(6, 6\)",
        ),
        ({"image": [[1, np.nan]]}, r"image: expected finite numbers, got nan at index \(0, 0, 1\)"),
        ({"kernel": [["a"]]}, "kernel: expected float64, float32 or integers"),
        ({"image": np.ones((65, 3))}, "image: the widget shows at most 64 rows and columns, got 65.*photo"),
        ({"kernel": np.ones((1, 8))}, "kernel: the widget shows at most 7 rows and columns, got 8"),
        ({"image": np.ones((5, 5, 5))}, "image: the widget shows at most 4 channels, got 5"),
        ({"image": [[1e9]], "kernel": [[1]]}, "image: expected numbers of magnitude up to 1,000,000, got 1e.09"),
        ({"stride": 0}, "stride: expected an integer of at least 1, got 0"),
        ({"stride": MOST["stride"] + 1}, "stride: the widget shows at most 8"),
        ({"pad": 1.5}, "pad: expected an integer, got 1.5"),
        ({"groups": 2}, "groups: expected a divisor of both image's 1 channels and kernel's 1 filters, got 2"),
        ({"operation": "blur"}, 'operation: expected "correlation" or "convolution", got \'blur\''),
        ({"upstream": [[1, 2]]}, "upstream: expected the output's shape 1×3×3, got 1×1×2"),
        ({"filter": 1}, "change: expected image, kernel"),
    ],
)
def test_refused_changes_leave_the_last_good_state(slide, change, message):
    before = slide.state()
    with pytest.raises((ValueError, TypeError), match=message):
        slide.change(**change)
    assert slide.state() == before and slide.out.tolist() == [[[12, 12, 17], [10, 17, 19], [9, 6, 14]]]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"image": IMAGE}, "kernel: expected an image and a kernel"),
        ({"kernel": KERNEL}, "image: expected an image and a kernel"),
        ({"image": IMAGE, "kernel": KERNEL, "preset": "D-conv1d"}, "preset: expected either"),
        ({"preset": "none"}, "preset: expected one of D-conv1d"),
        ({"mode": "sideways"}, "mode: expected one of forward"),
        ({"view": "sideways"}, "view: expected one of scatter"),
        ({"step": 9}, "step: expected a number from 0 to 8, got 9"),
        ({"image": [[1, 2]], "kernel": [1]}, r"kernel: expected 2 to 4 axes for this image, got shape \(1,\)"),
    ],
)
def test_refused_arguments(arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        FilterSlide(**arguments)


def test_the_widget_takes_no_hold_of_its_arguments(slide):
    image = np.array(IMAGE, dtype=float)
    image.flags.writeable = False
    widget = FilterSlide(image, KERNEL)
    widget.image[0, 0, 0] = 99  # a copy
    assert widget.image[0].tolist() == IMAGE


# the browser's side of the state


def test_an_edit_in_the_browser_is_computed(slide):
    example = {**slide.example, "stride": [2, 2], "upstream": [[[1, 2], [3, 4]]], "revision": 7}
    slide.set_state({"example": example, "guesses": {}, "preset": ""})
    assert slide.problem == "" and slide.numbers["revision"] == 7
    assert slide.out.tolist() == [[[12, 17], [9, 14]]]


@pytest.mark.parametrize(
    "entries, message",
    [
        ({"stride": [0, 1]}, "stride: expected an integer of at least 1, got 0"),
        ({"kernel": [[[[1] * 6]]]}, "kernel: expected a filter no larger"),
        ({"image": [[["three"]]]}, "image: expected float64"),
        ({"image": [[[1, 2], [3]]]}, "image: expected an array, got a nested sequence"),
        ({"revision": "x"}, "revision: expected an integer"),
        ({"extra": 1}, "example: expected a dict with the entries"),
    ],
)
def test_a_refused_edit_is_told_and_the_last_good_example_stays(slide, entries, message):
    before, numbers = slide.example, slide.numbers
    slide.set_state({"example": {**slide.example, **entries}})
    assert slide.problem.startswith(message)
    assert slide.example == before and slide.numbers == numbers


def test_state_round_trip_with_guesses():
    slide = FilterSlide(preset="C-stride2", mode="dw", view="gather", predict=True, step=4)
    slide.guesses = {"dw:4": {"typed": 3, "right": True, "shown": False}}
    stored = json.loads(json.dumps(slide.state()))
    again = FilterSlide.from_state(stored)
    assert again.state() == slide.state()
    assert again.numbers == slide.numbers and again.guesses["dw:4"]["right"]


# what is shown without a browser


def test_repr():
    assert repr(FilterSlide(IMAGE, KERNEL, stride=2)) == (
        "FilterSlide(image 5×5, kernel 3×3, stride=2, pad=0, mode='forward', step=0, out=[[12, 17], [9, 14]])"
    )
    assert repr(FilterSlide(preset="B-options")).startswith(
        "FilterSlide(image 5×7, kernel 2×3, stride=(1, 2), pad=(1, 0), dilation=(1, 2), mode='forward'"
    )
    assert "groups=2" in repr(FilterSlide(preset="B-options/depthwise"))
    assert "operation='convolution'" in repr(FilterSlide(preset="A-conv"))
    assert repr(FilterSlide([1, 1, 1, 0, 0], [1, 0, 1])).endswith(
        "(image 5, kernel 3, stride=1, pad=0, mode='forward', step=0, out=[2, 1, 1])"
    )
    assert repr(FilterSlide(preset="D-kernels/box")).endswith("out 42×46)")


@pytest.mark.parametrize("mode", ["forward", "dx", "dw", "matrix"])
@pytest.mark.parametrize("name", ["C-conv2d", "B-volume", "A-filters/edges"])
def test_the_picture_shows_the_result_of_the_mode(name, mode):
    widget = FilterSlide(preset=name, mode=mode)
    titles = [ax.get_title() for ax in widget.picture().axes]
    result = {"forward": "output", "dx": "∂L/∂x", "dw": "∂L/∂w", "matrix": "output"}[mode]
    assert any(title.startswith(result) for title in titles)
    assert ("matrix" in titles) == (mode == "matrix" and widget.matrix is not None)
    numbers = [
        text.get_text() for ax in widget.picture().axes if ax.get_title().startswith(result) for text in ax.texts
    ]
    if name == "C-conv2d" and mode == "forward":
        assert numbers == ["12", "12", "17", "10", "17", "19", "9", "6", "14"]


def test_the_state_is_small_enough_for_a_page():
    assert len(json.dumps(FilterSlide(preset="A-filters/edges").get_state())) < 250_000
