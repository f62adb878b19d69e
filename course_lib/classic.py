"""What came before deep networks, and what they are measured against: neighbours, linear classifiers, single units,
hand-made features, principal components.
"""

from . import _validate
from ._classic_features import color_histogram, hog
from ._classic_linear import LinearClassifier, Search, grid_search, train_linear
from ._classic_neighbours import KNearestNeighbors, squared_distances
from ._classic_pca import PCA, pca
from ._classic_perceptron import adaline_step, madaline_step, perceptron_step

__all__ = [
    "KNearestNeighbors",
    "squared_distances",
    "LinearClassifier",
    "train_linear",
    "grid_search",
    "Search",
    "perceptron_step",
    "adaline_step",
    "madaline_step",
    "color_histogram",
    "hog",
    "pca",
    "PCA",
    "possible_images",
    "images_seen",
]


def possible_images(pixels, *, bits=8):
    """How many different images of so many pixels there are: the rows of a table that recognises by looking up.

    Formula: (2^bits)^pixels

    Arguments:
        pixels  integer, at least 1
        bits    integer, at least 1, of one pixel
    Returns:
        count   int, exact
    Errors: ValueError, TypeError: not integers of at least 1.
    Lecture row: A-table

    >>> from course_lib.classic import possible_images
    >>> possible_images(2, bits=1), f"{float(possible_images(3 * 18)):.1e}"
    (4, '1.1e+130')
    """
    pixels = _validate.integer("pixels", pixels, minimum=1)
    return 2 ** (_validate.integer("bits", bits, minimum=1) * pixels)


def images_seen(*, people=10**10, generations=1000, years=100, frame_rate=30):
    """How many images all humans have ever seen, at most: the lecture's estimate, with 365 days in a year.

    Formula: people · generations · years · 365 · 24 · 60 · 60 · frame_rate

    Arguments:
        people       integer: alive in one generation
        generations  integer
        years        integer: how long a life is
        frame_rate   integer: images a second
    Returns:
        count        int
    Errors: ValueError, TypeError: not integers of at least 1.
    Lecture row: A-table, X-7

    >>> from course_lib.classic import images_seen
    >>> f"{float(images_seen()):.1e}"
    '9.5e+23'
    """
    factors = {"people": people, "generations": generations, "years": years, "frame_rate": frame_rate}
    count = 365 * 24 * 60 * 60
    for name, factor in factors.items():
        count *= _validate.integer(name, factor, minimum=1)
    return count
