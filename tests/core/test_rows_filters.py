"""The lectures' filters on a photograph, beside SciPy."""

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal
from oracles import assert_agree

from course_lib.conv import convolve2d, correlate2d
from course_lib.data import photo

IDENTITY = [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
BLUR = [[0.107, 0.113, 0.107], [0.113, 0.119, 0.113], [0.107, 0.113, 0.107]]
VERTICAL_EDGES = [[1, 0, -1], [1, 0, -1], [1, 0, -1]]
EDGES = [
    [[1, 0, -1], [0, 0, 0], [-1, 0, 1]],
    [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
    [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
]
SHARPEN = [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]
BOX = np.full((3, 3), 1 / 9)
GAUSSIAN = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16


@pytest.fixture(scope="module")
def temple():
    return photo("china", grey=True, size=(64, 96))


def contrast(image):
    """The mean difference between neighbours in a row."""
    return np.abs(np.diff(image, axis=1)).mean()


def shown(image, kernel):
    """The lecture's I * K at the positions where the filter lies in the image."""
    return correlate2d(image, kernel)


@pytest.mark.row("A-filters", "D-kernels", "A-conv")
@pytest.mark.parametrize("kernel", [IDENTITY, BLUR, VERTICAL_EDGES, *EDGES, SHARPEN, BOX, GAUSSIAN])
def test_against_scipy_on_a_photograph(temple, kernel):
    assert_agree(correlate2d(temple, kernel), scipy.signal.correlate2d(temple, kernel, mode="valid"))
    assert_agree(convolve2d(temple, kernel), scipy.signal.convolve2d(temple, kernel, mode="valid"))
    assert_agree(
        correlate2d(temple, kernel, pad=1), scipy.ndimage.correlate(temple, np.array(kernel, float), mode="constant")
    )
    assert_agree(
        convolve2d(temple, kernel, pad=1), scipy.ndimage.convolve(temple, np.array(kernel, float), mode="constant")
    )


@pytest.mark.row("A-filters")
def test_identity_blur_and_vertical_edges(temple):
    inside = temple[1:-1, 1:-1]
    assert_agree(shown(temple, IDENTITY), inside)
    assert np.sum(BLUR) == pytest.approx(0.999)  # as printed: a thousandth of the brightness is lost
    blurred = shown(temple, BLUR)
    assert contrast(blurred) < 0.7 * contrast(inside)
    # the response to the filter is the difference of two columns: nothing on a picture of horizontal stripes
    stripes = np.repeat(temple[:, :1], 20, axis=1)
    assert np.max(np.abs(shown(stripes, VERTICAL_EDGES))) < 1e-12
    assert np.max(np.abs(shown(stripes.T, VERTICAL_EDGES))) > 0.1
    # convolution rotates the filter: bright-to-dark becomes dark-to-bright
    assert_agree(convolve2d(temple, VERTICAL_EDGES), -correlate2d(temple, VERTICAL_EDGES))


@pytest.mark.row("D-kernels")
@pytest.mark.parametrize("kernel", EDGES)
def test_edge_filters_are_silent_where_nothing_changes(temple, kernel):
    assert np.sum(kernel) == 0
    assert np.max(np.abs(shown(np.full((5, 6), 0.7), kernel))) < 1e-15
    response = np.abs(shown(temple, kernel))
    local = scipy.ndimage.generic_filter(temple, np.ptp, size=3)[1:-1, 1:-1]  # how much a window's pixels differ
    smooth, rough = local < np.quantile(local, 0.2), local > np.quantile(local, 0.8)
    assert response[rough].mean() > 5 * response[smooth].mean()


@pytest.mark.row("D-kernels")
def test_sharpen_and_the_two_blurs(temple):
    inside = temple[1:-1, 1:-1]
    for kernel in (SHARPEN, BOX, GAUSSIAN):
        assert np.sum(kernel) == pytest.approx(1)  # brightness is kept
        assert_agree(shown(np.full((4, 5), 0.7), kernel), np.full((2, 3), 0.7))
    assert contrast(shown(temple, BOX)) < contrast(shown(temple, GAUSSIAN)) < contrast(inside)
    assert contrast(shown(temple, SHARPEN)) > 1.5 * contrast(inside)
    # sharpening adds what the second edge filter takes away
    assert_agree(shown(temple, SHARPEN), inside - shown(temple, EDGES[1]))
    # a Gaussian blur is one pass along the rows and one along the columns
    once = correlate2d(temple, np.array([[1, 2, 1]]) / 4)
    assert_agree(correlate2d(once, np.array([[1], [2], [1]]) / 4), shown(temple, GAUSSIAN))
