"""The surfaces that OptimizerRace runs on: losses of two weights, with their gradients, boxes, starts and minima.

`static/race_surfaces.js` holds the same formulas for the browser, in the same order of operations; tests compare the
two. What is only data (boxes, starts, minima, the digits) reaches the browser from here.
"""

import math
from dataclasses import dataclass

KAPPAS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # the stops of the condition number's slider
STEEPEST = 600.0  # λ_max of the quadratics: plain descent diverges past 2/600, just above the lecture's α = 0.0030
NOISE = 40.0  # standard deviation of each component of the noisy gradient
RIDGE = 0.01  # λ of the logistic loss, so that its minimum is not far away


@dataclass(frozen=True)
class Surface:
    """A surface: its title, one sentence on it, the box shown, the usual start, its minima, the lowest value."""

    title: str
    note: str
    box: tuple[float, float, float, float]  # w0 from, to, w1 from, to
    start: tuple[float, float]
    minima: tuple[tuple[float, float], ...]
    lowest: float = 0.0


SURFACES = {
    "quadratic": Surface(
        "Quadratic bowl",
        "Curvature 600 along w1 and 600/κ along w0: the rate has to suit the steep way, and the flat way waits for it.",
        (-2.0, 2.0, -1.5, 1.5), (-1.6, 1.1), ((0.0, 0.0),),
    ),
    "ravine": Surface(
        "Ravine, slanted",
        "A quadratic with κ = 100, turned by 30°: a step size for each weight cannot straighten what lies aslant.",
        (-2.0, 2.0, -1.5, 1.5), (-1.5, 0.3), ((0.0, 0.0),),
    ),
    "rosenbrock": Surface(
        "Rosenbrock's bent valley",
        "Steep walls, and a floor that falls slowly along a parabola to (1, 1).",
        (-2.0, 2.0, -1.0, 3.0), (-1.2, 1.0), ((1.0, 1.0),),
    ),
    "beale": Surface(
        "Beale's plain",
        "Almost flat around the minimum, with walls in the corners: one rate is too large there and too small here.",
        (-1.5, 4.5, -2.0, 2.0), (-1.0, -1.0), ((3.0, 0.5),),
    ),
    "saddle": Surface(
        "Saddle",
        "The gradient vanishes at (0, 0), which is no minimum; the start lies a hair beside the ridge.",
        (-2.0, 2.0, -1.6, 1.6), (-1.5, 0.001), ((0.0, 1.0), (0.0, -1.0)), -25.0,
    ),
    "minima": Surface(
        "Several minima",
        "Six minima, of which two are the lowest. Where a method ends depends on its start and on its speed.",
        (-2.1, 2.1, -1.3, 1.3), (2.0, 0.3),
        ((0.08984201310031806, -0.7126564030207396), (-0.08984201310031806, 0.7126564030207396)), -1.0316284534898774,
    ),
    "noisy": Surface(
        "Noisy quadratic",
        "κ = 10, and each gradient has noise on it, as a mini-batch's has: the same noise for every method.",
        (-2.0, 2.0, -1.5, 1.5), (-1.6, 1.1), ((0.0, 0.0),),
    ),
    "logistic": Surface(
        "Logistic loss: 4 or 9?",
        "Sixty handwritten digits, told apart by the ink in their upper (w0) and lower half (w1).",
        (-2.4, 2.4, -2.1, 1.5), (-1.6, 0.6), ((1.0822281296, -1.1765148733),), 0.2398651814811815,
    ),
}  # fmt: skip

# scikit-learn's digits, the first thirty fours and nines: ink (pixels of 0 to 16) in rows 0-3, in rows 4-7, +1 for a 9
DIGITS = (
    (90, 168, -1), (186, 143, 1), (163, 185, -1), (137, 128, 1), (114, 145, -1), (174, 148, 1), (149, 123, 1),
    (162, 158, 1), (191, 129, 1), (161, 179, -1), (139, 202, -1), (129, 130, -1), (204, 81, 1), (199, 136, 1),
    (183, 141, -1), (188, 134, 1), (127, 163, -1), (114, 155, -1), (161, 130, 1), (117, 148, -1), (113, 145, -1),
    (159, 131, 1), (194, 143, -1), (146, 162, -1), (158, 114, 1), (205, 151, 1), (173, 134, -1), (166, 119, 1),
    (135, 158, -1), (226, 129, 1), (152, 176, -1), (164, 115, 1), (147, 115, 1), (173, 129, 1), (161, 128, 1),
    (141, 195, -1), (117, 140, -1), (106, 190, -1), (185, 152, 1), (221, 140, 1), (202, 143, 1), (148, 192, -1),
    (147, 183, -1), (181, 130, 1), (121, 204, -1), (136, 189, -1), (141, 195, -1), (159, 169, -1), (182, 163, 1),
    (188, 153, 1), (116, 146, -1), (195, 98, 1), (160, 183, -1), (229, 105, 1), (113, 148, -1), (183, 113, 1),
    (168, 116, 1), (179, 112, 1), (108, 155, -1), (140, 183, -1),
)  # fmt: skip


def evaluate(name, w0, w1, *, kappa=20, seed=0, count=None):
    """Return (value, gradient of w0, gradient of w1); with noise where `count`, the evaluation's number, is given."""
    if name in ("quadratic", "noisy"):
        flat = STEEPEST / (10 if name == "noisy" else kappa)
        value, g0, g1 = 0.5 * (flat * w0 * w0 + STEEPEST * w1 * w1), flat * w0, STEEPEST * w1
        if name == "noisy" and count is not None:
            n0, n1 = noise(seed, count)
            g0, g1 = g0 + NOISE * n0, g1 + NOISE * n1
        return value, g0, g1
    return _FORMULAS[name](w0, w1)


def _ravine(w0, w1):
    cos, sin = 0.8660254037844386, 0.5
    along, across = cos * w0 + sin * w1, cos * w1 - sin * w0
    da, dc = STEEPEST / 100 * along, STEEPEST * across
    return 0.5 * (da * along + dc * across), cos * da - sin * dc, sin * da + cos * dc


def _rosenbrock(w0, w1):
    rise, gap = w1 - w0 * w0, 1 - w0
    return gap * gap + 100 * rise * rise, -2 * gap - 400 * w0 * rise, 200 * rise


def _beale(w0, w1):
    square = w1 * w1
    cube = square * w1
    a, b, c = 1.5 - w0 + w0 * w1, 2.25 - w0 + w0 * square, 2.625 - w0 + w0 * cube
    g0 = 2 * (a * (w1 - 1) + b * (square - 1) + c * (cube - 1))
    return a * a + b * b + c * c, g0, 2 * w0 * (a + 2 * b * w1 + 3 * c * square)


def _saddle(w0, w1):
    square = w1 * w1
    return 100 * (0.5 * w0 * w0 - 0.5 * square + 0.25 * square * square), 100 * w0, 100 * (square - 1) * w1


def _minima(w0, w1):
    x, y = w0 * w0, w1 * w1
    value = (4 - 2.1 * x + x * x / 3) * x + w0 * w1 + (4 * y - 4) * y
    return value, 8 * w0 - 8.4 * w0 * x + 2 * w0 * x * x + w1, w0 - 8 * w1 + 16 * w1 * y


def _logistic(w0, w1):
    value = g0 = g1 = 0.0
    for top, bottom, sign in DIGITS:
        x0, x1 = top / 16, bottom / 16
        margin = sign * (w0 * x0 + w1 * x1)
        small = math.exp(-abs(margin))  # never above 1, so that nothing overflows
        value += math.log1p(small) + max(-margin, 0.0)
        share = -sign * ((small if margin > 0 else 1.0) / (1 + small))
        g0, g1 = g0 + share * x0, g1 + share * x1
    n = len(DIGITS)
    return value / n + RIDGE / 2 * (w0 * w0 + w1 * w1), g0 / n + RIDGE * w0, g1 / n + RIDGE * w1


_FORMULAS = {
    "ravine": _ravine, "rosenbrock": _rosenbrock, "beale": _beale, "saddle": _saddle, "minima": _minima,
    "logistic": _logistic,
}  # fmt: skip


def noise(seed, count):
    """Two numbers of a standard normal distribution: the same for the same seed and count, here and in the browser."""
    u, v = _uniform(4 * seed + 1, 2 * count), _uniform(4 * seed + 1, 2 * count + 1)
    radius, angle = math.sqrt(-2 * math.log(1 - u)), 2 * math.pi * v
    return radius * math.cos(angle), radius * math.sin(angle)


def _uniform(key, count):
    """A number in [0, 1): the integers mixed bit by bit (mulberry32's mixer), in 32 bits as JavaScript has them."""
    mask = 0xFFFFFFFF
    a = (key * 0x9E3779B1 + (count + 1) * 0x6D2B79F5) & mask
    t = ((a ^ (a >> 15)) * (a | 1)) & mask
    t ^= (t + (((t ^ (t >> 7)) * (t | 61)) & mask)) & mask
    return (t ^ (t >> 14)) / 4294967296
