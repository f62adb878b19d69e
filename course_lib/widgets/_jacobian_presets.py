"""The functions that JacobianView brings along, by the id of their row in the syllabus."""

from functools import cache

from ._jacobian_numbers import make_example

X = [[2, 1, -3], [-3, 4, 2]]
W = [[3, 2, 1, -1], [2, 1, 3, 2], [3, 2, 1, -2]]
DOUT = [[2, 3, -3, 9], [-8, 1, 4, 6]]
SIGNAL, FILTER = [2, -1, 3, 0, 1, 2], [1, 2, -1]


@cache
def presets():
    """Return {name: preset} in the order of the menu; a preset has title, note, example."""
    found = {}

    def add(name, title, note, *values, **options):
        found[name] = {"title": title, "note": note, "example": make_example(*values, **options)}

    add(
        "B-relu-vec",
        "ReLU, element by element",
        "Which y moves when one x does? And does it move at all?",
        *("relu", [1, -2, 3, -1]),
        upstream=[4, -1, 5, 9],
    )
    add(
        "B-sparse",
        "Sigmoid, element by element",
        "Every y reads one x: the diagonal, and nothing else.",
        *("sigmoid", [0, 1, -2, 3, -1, 0.5]),
    )
    for wrt, which in (("x", "x[n,d]"), ("w", "w[d,m]")):
        add(
            f"B-matmul/{wrt}",
            f"Matrix product y = x·w, by {wrt}",
            f"Ask of each {which}: which numbers of y does it affect, and how much?",
            *("matmul", X, W),
            upstream=DOUT,
            wrt=wrt,
        )
    add(
        "D-toeplitz",
        "Convolution of a signal, by x",
        "The filter slides: in every column the same weights, moved down by one.",
        *("conv1d", SIGNAL, FILTER),
    )
    add(
        "D-toeplitz/w",
        "Convolution of a signal, by w",
        "A weight is used at every position, each time with another x.",
        *("conv1d", SIGNAL, FILTER),
        wrt="w",
    )
    add(
        "C-rotated",
        "Convolution at stride 2, by x",
        "The filter moves by two. The last x is never reached.",
        *("conv1d", [2, -1, 3, 0, 1, 2, -2, 1], FILTER),
        stride=2,
    )
    add(
        "A-softmaxjac",
        "Softmax of three scores",
        "∂L/∂p = −1/p for the third class, the right one. J turns it into p − y.",
        *("softmax", [0, 0.4055, 0.9163]),
        upstream=[0, 0, -2],
    )
    return found
