"""PoolRoutes on Python's side: numbers, presets, refused input, state, repr, picture."""

import json

import numpy as np
import pytest
from oracles import assert_agree, assert_is_gradient, normal

from course_lib.pool import avg_pool2d_backward, avg_pool2d_forward, max_pool2d_backward, max_pool2d_forward
from course_lib.widgets import PoolRoutes
from course_lib.widgets._pool_numbers import presets

IMAGE = [[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]


@pytest.fixture
def routes():
    widget = PoolRoutes(IMAGE)
    yield widget
    widget.close()


# the lectures' numbers


@pytest.mark.row("B-maxpool")
def test_preset_of_the_maxima():
    assert PoolRoutes(preset="B-maxpool").out.tolist() == [[6, 8], [3, 4]]
    assert PoolRoutes().preset == "B-maxpool"


@pytest.mark.row("C-unpool")
def test_preset_of_the_four_gradients():
    widget = PoolRoutes(preset="C-unpool")
    expected = np.zeros((4, 4))
    expected[[0, 1, 2, 3], [2, 0, 1, 2]] = [0.5, 1.3, 0.4, 0.1]
    assert widget.out.tolist() == [[0.8, 1.2], [0.9, 0.5]]
    assert_agree(widget.dx, expected)
    assert widget.numbers["routes"] == [[[1, 0, 1.0]], [[0, 2, 1.0]], [[2, 1, 1.0]], [[3, 2, 1.0]]]


@pytest.mark.row("A-poolback")
def test_preset_of_the_overlap_adds_gradients_up():
    widget = PoolRoutes(preset="A-poolback")
    assert widget.dx[1, 1] == widget.upstream[0, 0] + widget.upstream[0, 1] + widget.upstream[1, 0]
    assert (widget.dx[3, 3], np.count_nonzero(widget.dx)) == (4, 4)


@pytest.mark.row("A-poolback")
def test_preset_of_the_ties_under_both_conventions():
    widget = PoolRoutes(preset="A-poolback/ties")
    assert [len(equal) for equal in widget.numbers["equal"]] == [4, 2, 1, 4]
    assert (widget.dx[0, 0], np.count_nonzero(widget.dx)) == (2, 4)
    widget.change(ties="all")
    assert widget.dx[:2, :2].tolist() == [[2, 2], [2, 2]]


@pytest.mark.row("E-seesaw")
def test_preset_of_the_seesaw():
    widget = PoolRoutes(preset="E-seesaw")
    assert_agree(widget.out[0], [0.1, 0.1, 0])
    assert_agree(widget.dx[0], [0, -0.0147, 0.0196, 0.0196])


@pytest.mark.row("B-poolsize")
def test_preset_of_a_size_that_does_not_fit():
    widget = PoolRoutes(preset="B-poolsize")
    rows, columns = widget.numbers["sizes"]
    assert (rows["size"], rows["remainder"], rows["unread"]) == (2, 1, 1) and rows == columns
    assert not widget.dx[4].any() and not widget.dx[:, 4].any()


@pytest.mark.row("O-avgpool")
def test_presets_of_the_average():
    widget = PoolRoutes(preset="O-avgpool")
    assert widget.out.tolist() == [[3.25, 5.25], [2, 2]]
    assert widget.dx[:2, :2].tolist() == [[1, 1], [1, 1]]
    assert PoolRoutes(preset="O-avgpool/overlap").dx[1, 1] == 10


@pytest.mark.row("A-poolback", "O-avgpool")
@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize("options", [{}, {"size": 3, "stride": 1}, {"size": (2, 3), "stride": (1, 2), "pad": (1, 0)}])
def test_gradients_are_those_of_the_output_and_of_the_layer(kind, options):
    image = normal(0, 5, 6)
    upstream = normal(1, *PoolRoutes(image, kind=kind, **options).out.shape)
    widget = PoolRoutes(image, kind=kind, upstream=upstream, **options)
    assert_is_gradient(
        widget.dx, lambda x: np.sum(PoolRoutes(x, kind=kind, upstream=upstream, **options).out * upstream), image
    )
    forward, backward = {
        "max": (max_pool2d_forward, max_pool2d_backward),
        "average": (avg_pool2d_forward, avg_pool2d_backward),
    }[kind]
    size = options.get("size", 2)
    out, cache = forward(image[None, None], size, **{n: v for n, v in options.items() if n != "size"})
    assert_agree(widget.out, out[0, 0])
    assert_agree(widget.dx, backward(upstream[None, None], cache)[0, 0])


@pytest.mark.parametrize("name", list(presets()))
def test_the_routes_carry_all_of_the_gradient(name):
    widget = PoolRoutes(preset=name)
    dx = np.zeros_like(widget.dx)
    for gradient, route in zip(widget.upstream.ravel(), widget.numbers["routes"]):
        for row, column, share in route:
            dx[row, column] += gradient * share
    assert_agree(dx, widget.dx)


# making and changing


def test_a_change_is_computed_and_counted(routes):
    routes.change(size=(1, 2), stride=1)
    assert routes.out.tolist() == [[1, 2, 4], [6, 7, 8], [3, 2, 1], [2, 3, 4]]
    assert routes.example["revision"] == routes.numbers["revision"] == 1 and routes.preset == ""


def test_the_upstream_gradient_stays_while_its_size_does(routes):
    routes.change(upstream=[[1, 2], [3, 4]])
    routes.change(pad=0, image=np.eye(4))
    assert routes.upstream.tolist() == [[1, 2], [3, 4]]
    routes.change(stride=1)
    assert routes.upstream.shape == (3, 3)


def test_a_signal_is_changed_as_a_signal():
    widget = PoolRoutes([3, 1, 2, 5], 2, stride=1)
    widget.change(size=3)
    assert widget.example["size"] == [1, 3] and widget.out.tolist() == [[3, 5]]
    widget.change(upstream=[7, 8])
    assert widget.dx.tolist() == [[7, 0, 0, 8]]


def test_a_step_too_far_starts_again(routes):
    routes.step = 3
    routes.change(size=4)
    assert (routes.steps, routes.step) == (1, 0)
    routes.mode, routes.view = "backward", "gather"
    routes.step = 15
    routes.view = "scatter"
    assert routes.step == 0


@pytest.mark.parametrize(
    "change, message",
    [
        ({"image": [[1, np.nan]]}, r"image: expected finite numbers, got nan at index \(0, 1\)"),
        ({"image": np.ones((13, 2))}, "image: the widget shows at most 12 rows and columns, got 13. Cut a part out."),
        ({"image": [1, 2]}, r"image: expected \(H, W\), got shape \(2,\)"),
        ({"image": [["a"]]}, "image: expected float64"),
        ({"image": [[1e9, 1], [1, 1]]}, "image: expected numbers of magnitude up to 1,000,000, got 1e.09"),
        ({"size": 5}, r"size: expected a window no larger than the padded input, \(4, 4\), got \(5, 5\)"),
        ({"pad": 2}, r"pad: expected less than the window \(2, 2\)"),
        ({"stride": 0}, "stride: expected an integer of at least 1, got 0"),
        ({"stride": 7}, "stride: the widget shows at most 6 steps, got 7"),
        ({"kind": "median"}, 'kind: expected "max" or "average"'),
        ({"ties": "last"}, 'ties: expected "first" or "all"'),
        ({"upstream": [[1, 2]]}, "upstream: expected the output's shape 2×2, got 1×2"),
        ({"upstream": [[1, 2], [3, np.inf]]}, "upstream: expected finite numbers"),
        ({"window": 2}, "change: expected image, size, stride, pad, kind, ties, upstream, got window"),
    ],
)
def test_refused_changes_leave_the_last_good_state(routes, change, message):
    before, numbers = routes.example, routes.numbers
    with pytest.raises((ValueError, TypeError), match=message):
        routes.change(**change)
    assert routes.example == before and routes.numbers == numbers


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"preset": "other"}, "preset: expected one of B-maxpool"),
        ({"image": IMAGE, "preset": "C-unpool"}, "preset: expected either an example of your own or a preset's name"),
        ({"mode": "dx"}, "mode: expected one of forward, backward, got 'dx'"),
        ({"step": 4}, "step: expected a number from 0 to 3, got 4"),
    ],
)
def test_refused_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        PoolRoutes(**arguments)


@pytest.mark.parametrize(
    "entries, message",
    [
        ({"image": [[1, None]]}, "image: expected float64"),
        ({"image": [[1, 2], [3]]}, "image: expected an array, got a nested sequence"),
        ({"kind": 3}, "kind: expected"),
        ({"revision": "x"}, "revision: expected an integer"),
        ({"extra": 1}, "example: expected a dict with the entries"),
    ],
)
def test_a_refused_edit_is_told_and_the_last_good_example_stays(routes, entries, message):
    before = routes.example
    routes.set_state({"example": {**routes.example, **entries}})
    assert routes.problem.startswith(message) and routes.example == before


def test_state_round_trip_with_guesses():
    widget = PoolRoutes(preset="A-poolback", view="gather", predict=True, step=18)
    widget.guesses = {"backward:18": {"typed": 4, "right": True, "shown": False}}
    again = PoolRoutes.from_state(json.loads(json.dumps(widget.state())))
    assert again.state() == widget.state() and again.numbers == widget.numbers
    with pytest.raises(ValueError, match="state: step"):
        again.restore({"step": 25})
    assert again.step == 18


# what is shown without a browser


def test_repr():
    assert repr(PoolRoutes(IMAGE)) == (
        "PoolRoutes(image 4×4, max of 2×2, stride=2, pad=0, ties='first', mode='forward', step=0, out=[[6, 8], [3, 4]])"
    )
    assert repr(PoolRoutes(preset="E-seesaw")).endswith("step=0, dx=[0, -0.0147, 0.0196, 0.0196])")
    assert "average of 2×3, stride=(1, 2)" in repr(PoolRoutes(IMAGE, (2, 3), stride=(1, 2), kind="average"))


@pytest.mark.parametrize("mode", ["forward", "backward"])
@pytest.mark.parametrize("name", list(presets()))
def test_the_picture_shows_the_result_of_the_mode(name, mode):
    widget = PoolRoutes(preset=name, mode=mode)
    axes = {ax.get_title(): ax for ax in widget.picture().axes}
    result = {"forward": ("output", widget.out), "backward": ("∂L/∂x", widget.dx)}[mode]
    shown = [float(text.get_text()) for text in axes[result[0]].texts]
    np.testing.assert_allclose(shown, result[1].ravel(), rtol=1e-2)


def test_presets_and_the_size_of_a_page():
    assert len(PoolRoutes.presets()) == len(set(PoolRoutes.presets().values())) == 9
    assert len(json.dumps(PoolRoutes().get_state())) < 110_000
