"""JacobianView on Python's side: numbers, presets, memory, refused input, state, repr, picture."""

import json

import numpy as np
import pytest
from oracles import assert_agree, normal

from course_lib.activations import relu_forward, sigmoid_forward
from course_lib.conv import conv1d_forward
from course_lib.gradcheck import numerical_jacobian
from course_lib.losses import softmax
from course_lib.widgets import JacobianView
from course_lib.widgets._jacobian_numbers import MOST, bytes_text, check_sizes, memory
from course_lib.widgets._jacobian_presets import DOUT, W, X, presets


@pytest.fixture
def view():
    widget = JacobianView(preset="B-matmul/x")
    yield widget
    widget.close()


# the lectures' numbers


@pytest.mark.row("B-relu-vec", "B-sparse")
def test_preset_of_relu():
    widget = JacobianView()
    assert widget.preset == "B-relu-vec"
    assert widget.J.tolist() == np.diag([1.0, 0, 1, 0]).tolist()
    assert widget.explicit.tolist() == widget.implicit.tolist() == [4, 0, 5, 0]


@pytest.mark.row("B-matmul")
def test_presets_of_the_matrix_product():
    by_x, by_w = JacobianView(preset="B-matmul/x"), JacobianView(preset="B-matmul/w")
    assert (by_x.J.shape, by_w.J.shape) == ((6, 8), (12, 8))
    assert by_x.numbers["y"] == [-1, -1, 2, 6, 5, 2, 11, 7]
    assert by_x.explicit.tolist() == by_x.implicit.tolist() == [0, 16, -9, -24, 9, -30]
    dw = [28, 3, -18, 0, -30, 7, 13, 33, -22, -7, 17, -15]
    assert by_w.explicit.tolist() == by_w.implicit.tolist() == dw


@pytest.mark.row("A-softmaxjac")
def test_preset_of_softmax_gives_p_minus_y():
    widget = JacobianView(preset="A-softmaxjac")
    np.testing.assert_allclose(widget.explicit, np.array(widget.numbers["y"]) - [0, 0, 1], rtol=1e-3)
    assert_agree(widget.explicit, widget.implicit)


@pytest.mark.row("B-jacmem")
def test_memory_of_the_lecture():
    widget = JacobianView(mode="memory")
    assert widget.memory["dy_dx"] == 256 * 2**30 and widget.memory["dy_dw"] == 16 * 2**40
    assert widget.memory["implicit"] == 131 * 2**20
    assert [bytes_text(widget.memory[name]) for name in ("dy_dx", "dy_dw", "implicit")] == [
        "256 GiB",
        "16 TiB",
        "131 MiB",
    ]
    assert memory({"n": 1, "d": 1, "m": 1, "itemsize": 8}) == {"dy_dx": 8, "dy_dw": 8, "implicit": 40}
    assert bytes_text(1) == "1 byte" and bytes_text(1536) == "1.5 KiB" and bytes_text(2**70) == "1024 EiB"


FUNCTIONS = {
    "relu": lambda x: relu_forward(x)[0],
    "sigmoid": lambda x: sigmoid_forward(x)[0],
    "softmax": softmax,
}


@pytest.mark.row("B-derivs")
@pytest.mark.parametrize("kind", list(FUNCTIONS))
def test_jacobians_of_vectors_are_measured(kind):
    x, dout = normal(0, 5), normal(1, 5)
    widget = JacobianView(kind, x, upstream=dout)
    np.testing.assert_allclose(widget.J, numerical_jacobian(FUNCTIONS[kind], x), rtol=1e-6, atol=1e-8)
    assert_agree(widget.implicit, widget.J @ dout)


@pytest.mark.row("B-derivs", "D-toeplitz")
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("wrt", ["x", "w"])
def test_jacobians_of_a_convolution_are_measured(wrt, stride):
    x, w = normal(0, 8), normal(1, 3)
    outputs = (8 - 3) // stride + 1
    widget = JacobianView("conv1d", x, w, wrt=wrt, stride=stride, upstream=normal(2, outputs))

    def f(part):
        a, b = (part, w) if wrt == "x" else (x, part)
        return conv1d_forward(a[None, None], b[None, None], stride=stride)[0].ravel()

    np.testing.assert_allclose(widget.J, numerical_jacobian(f, x if wrt == "x" else w), rtol=1e-6, atol=1e-8)
    assert_agree(widget.implicit, widget.explicit)


@pytest.mark.row("B-derivs", "B-matmul")
@pytest.mark.parametrize("wrt", ["x", "w"])
def test_jacobians_of_a_matrix_product_are_measured(wrt):
    x, w = normal(0, 2, 3), normal(1, 3, 4)
    widget = JacobianView("matmul", x, w, wrt=wrt, upstream=normal(2, 2, 4))
    part, shape = (x, (2, 3)) if wrt == "x" else (w, (3, 4))
    f = (lambda p: (p.reshape(shape) @ w).ravel()) if wrt == "x" else (lambda p: (x @ p.reshape(shape)).ravel())
    np.testing.assert_allclose(widget.J, numerical_jacobian(f, part.ravel()), rtol=1e-6, atol=1e-8)
    assert_agree(widget.implicit, widget.explicit)


def test_presets_are_listed_by_name_and_title():
    titles = JacobianView.presets()
    assert len(titles) == len(set(titles.values())) == 8
    for name in titles:
        widget = JacobianView(preset=name)
        assert_agree(widget.explicit, widget.implicit)


# changing


def test_a_change_is_computed_and_forgets_the_marks(view):
    view.marks, view.revealed = [3, 1, 3], True
    assert view.marks == [1, 3]
    view.change(wrt="w")
    assert (view.J.shape, view.marks, view.revealed, view.preset) == ((12, 8), [], False, "")
    assert view.example["revision"] == view.numbers["revision"] == 1
    assert view.example["upstream"] == DOUT
    view.change(x=[[1, 2, 3]])
    assert np.shape(view.example["upstream"]) == (1, 4)  # of another size now: the pattern
    view.change(kind="softmax", x=[1, 2], w=None, wrt="x")
    assert view.J.shape == (2, 2)


def test_a_cell_too_far_for_the_new_example_starts_again(view):
    view.change(wrt="w")
    view.cell = 95
    view.change(wrt="x")
    assert view.cell == 0


@pytest.mark.parametrize(
    "change, message",
    [
        ({"x": [1, 2]}, r"x: expected 2 axes \(N, D\), got shape \(2,\)"),
        ({"x": np.ones((2, 4))}, r"w: expected shape \(4, 4\), a row for each of x's 4 columns"),
        ({"x": np.ones((6, 3))}, "x: the widget shows at most 16 numbers in x, rows of the Jacobian,, got 18"),
        ({"x": [[np.inf, 1, 2]]}, "x: expected finite numbers, got inf"),
        ({"x": [[1e5, 1, 2]]}, "x: expected numbers of magnitude up to 10,000"),
        ({"w": np.ones((3, 9)), "x": np.ones((1, 3))}, "w: the widget shows at most 16"),
        ({"w": None}, "w: expected"),
        ({"w": np.ones((3, 5)), "x": np.ones((4, 3))}, "y: the widget shows at most 16 numbers in y"),
        ({"upstream": [1]}, r"upstream: expected shape \(2, 4\), the shape of y"),
        ({"upstream": [["a"]]}, "upstream: expected float64"),
        ({"kind": "blur"}, "kind: expected one of relu, sigmoid, matmul, conv1d, softmax, got 'blur'"),
        ({"kind": "relu"}, "x: expected 1 axes|w: expected None for relu"),
        ({"wrt": "b"}, 'wrt: expected "x" or "w" for matmul, got \'b\''),
        ({"stride": 0}, "stride: expected an integer"),
        ({"colour": 1}, "change: expected kind, x, w, upstream, wrt, stride, got colour"),
    ],
)
def test_refused_changes_leave_the_last_good_state(view, change, message):
    before = view.state()
    with pytest.raises((ValueError, TypeError), match=message):
        view.change(**change)
    assert view.state() == before


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"kind": "relu"}, "x: expected a kind and an x, or a preset's name"),
        ({"x": [1]}, "kind: expected a kind and an x"),
        ({"kind": "relu", "x": [1], "preset": "B-relu-vec"}, "preset: expected either"),
        ({"kind": "relu", "x": [1], "wrt": "w"}, 'wrt: expected "x" for relu'),
        ({"kind": "relu", "x": []}, "x: expected at least one element"),
        ({"kind": "relu", "x": np.ones(MOST + 1)}, "x: the widget shows at most 16"),
        ({"kind": "conv1d", "x": [1, 2], "w": [1, 2, 3]}, "w: expected a filter no longer than x, 2, got 3"),
        ({"preset": "none"}, "preset: expected one of B-relu-vec"),
        ({"mode": "sideways"}, "mode: expected one of pattern, values, product, memory"),
        ({"n": 0}, "n: expected an integer from 1 to 4096, got 0"),
        ({"d": 2**17}, "d: expected an integer from 1 to 65536"),
        ({"m": 1.5}, "m: expected an integer, got 1.5"),
        ({"itemsize": 3}, r"itemsize: expected 4 \(float32\) or 8 \(float64\), got 3"),
    ],
)
def test_refused_arguments(arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        JacobianView(**arguments)


# the browser's side of the state


def test_an_edit_in_the_browser_is_computed(view):
    example = json.loads(json.dumps(view.example)) | {"wrt": "w", "revision": 7}
    example["x"][0][0] = 5
    view.set_state({"example": example, "marks": [], "revealed": False, "preset": ""})
    assert view.problem == "" and view.numbers["revision"] == 7
    assert view.implicit[0] == 5 * 2 + -3 * -8


@pytest.mark.parametrize(
    "values, message",
    [
        ({"marks": [48]}, "marks: expected numbers from 0 to 47, got 48"),
        ({"cell": 48}, "cell: expected a number from 0 to 47, got 48"),
        ({"sizes": {"n": 1}}, "sizes: expected a dict with the entries n, d, m, itemsize"),
        ({"sizes": {"n": 1, "d": 2, "m": 3, "itemsize": 2}}, "itemsize: expected 4"),
        ({"example": {}}, "example: expected a dict with the entries"),
    ],
)
def test_what_is_refused_is_told_and_the_last_good_value_stays(view, values, message):
    before = view.state()
    view.set_state(values)
    assert view.problem.startswith(message)
    assert view.state() == before


def test_state_round_trip():
    view = JacobianView("conv1d", [1, 2, 3, 4], [1, -1], wrt="w", mode="values", predict=False, n=8)
    view.cell, view.marks, view.revealed = 4, [0, 5], True
    stored = json.loads(json.dumps(view.state()))
    again = JacobianView.from_state(stored)
    assert again.state() == view.state() and again.numbers == view.numbers
    assert check_sizes(again.sizes) == {"n": 8, "d": 4096, "m": 4096, "itemsize": 4}


# what is shown without a browser


def test_repr():
    assert repr(JacobianView()) == (
        "JacobianView(relu, x 4, wrt='x', mode='pattern', J 4×4 with 2 of 16 not zero, J·upstream=[4, 0, 5, 0])"
    )
    assert repr(JacobianView("matmul", X, W, upstream=DOUT, wrt="w")) == (
        "JacobianView(matmul, x 2×3, w 3×4, wrt='w', mode='pattern', J 12×8 with 24 of 96 not zero, "
        "J·upstream=[28, 3, -18, 0, -30, 7, 13, 33, -22, -7, 17, -15])"
    )
    assert repr(JacobianView(mode="memory", n=1)) == (
        "JacobianView(mode='memory', n=1, d=4096, m=4096, itemsize=4, "
        "bytes {'dy_dx': 67108864, 'dy_dw': 274877906944, 'implicit': 134266880})"
    )


@pytest.mark.parametrize("name", list(presets()))
def test_the_picture_shows_j_and_both_vectors(name):
    widget = JacobianView(preset=name)
    figure = widget.picture()
    titles = [ax.get_title() for ax in figure.axes]
    assert len(titles) == 3 and titles[0] == "upstream ∂L/∂y" and titles[2].startswith("∂L/∂")
    numbers = [text.get_text() for text in figure.axes[1].texts[: widget.J.size]]
    assert numbers == [f"{value:.3g}" for value in widget.J.ravel()]


def test_the_picture_of_the_memory_says_the_sizes():
    (ax,) = JacobianView(mode="memory").picture().axes
    assert {"256 GiB", "16 TiB", "131 MiB"} <= {text.get_text() for text in ax.texts}


def test_the_state_is_small_enough_for_a_page():
    assert len(json.dumps(JacobianView(preset="B-matmul/w").get_state())) < 150_000
