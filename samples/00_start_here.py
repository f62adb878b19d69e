"""Right answers to 00_start_here, each written in another way (see course_lib/grading/answers.py)."""

import numpy as np


def predict_gradients__worked_on_paper():
    return -6, 12


def predict_gradients__list_of_floats():
    return [-6.0, 12.0]


def predict_gradients__as_a_product():
    dx, dy = 3 * np.array([-2, 4])
    return dx, dy


def multiply_backward__local_gradients(x, y, dout):
    local = {"x": y, "y": x}
    return dout * local["x"], dout * local["y"]


def multiply_backward__matrix(x, y, dout):
    swap = np.array([[0.0, 1.0], [1.0, 0.0]])
    dx, dy = dout * (swap @ np.array([x, y]))
    return float(dx), float(dy)


def multiply_backward__symmetric_difference(x, y, dout):
    # A product is linear in each input, so a difference over a whole step is exact.
    out = lambda a, b: a * b  # noqa: E731
    return [dout * (out(x + 1, y) - out(x - 1, y)) / 2, dout * (out(x, y + 1) - out(x, y - 1)) / 2]
