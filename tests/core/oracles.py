"""What the core's tests share: random data, tolerances, and the judges that hold for every layer."""

from dataclasses import dataclass

import numpy as np
from hypothesis import Phase, settings
from hypothesis import strategies as st

from course_lib.gradcheck import numerical_gradient, relative_error

# The same examples every time, so that a failure can be run again; no deadline, as the machines differ. A failing
# example is made small, but not explained line by line: that takes longer than all the tests together.
quick = settings(
    deadline=None,
    max_examples=30,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
)

seeds = st.integers(0, 2**32 - 1)


def normal(seed, *shape, dtype=np.float64):
    """Random numbers that nothing may write to."""
    return frozen(np.random.default_rng(seed).standard_normal(shape).astype(dtype))


def frozen(values, dtype=None):
    array = np.array(values, dtype=dtype)
    array.flags.writeable = False
    return array


def assert_agree(got, expected):
    """Same shape and max|a - b| ≤ 1e-12·max|b| (2e-5 where either is float32)."""
    got, expected = np.asarray(got), np.asarray(expected)
    assert got.shape == expected.shape
    tolerance = 2e-5 if np.float32 in (got.dtype, expected.dtype) else 1e-12
    assert np.max(np.abs(got - expected)) <= tolerance * np.max(np.abs(expected))


def assert_is_gradient(got, f, x, dout=None):
    """`got` is the gradient of f at x, measured by central differences, and of x's shape."""
    measured = numerical_gradient(f, x, dout)
    assert np.shape(got) == np.shape(x)
    assert relative_error(got, measured) < 1e-8


def assert_adjoint(out, y, x, dx):
    """⟨Ax, y⟩ = ⟨x, Aᵀy⟩, relative to |Ax|·|y|: what a linear layer and its backward pass have to satisfy."""
    assert abs(np.vdot(out, y) - np.vdot(x, dx)) <= 1e-12 * np.linalg.norm(out) * np.linalg.norm(y)


@dataclass
class Case:
    """The shapes and the options of one convolution layer."""

    x_shape: tuple
    w_shape: tuple
    options: dict

    def draw(self, seed, dtype=np.float64):
        x, w = normal(seed, *self.x_shape, dtype=dtype), normal(seed + 1, *self.w_shape, dtype=dtype)
        return x, w, normal(seed + 2, self.w_shape[0], dtype=dtype)


@st.composite
def conv_cases(draw, dilation=True, groups=True):
    """Convolution layers with rectangular images and filters, and options that differ by axis."""
    pairs = [draw(st.tuples(st.integers(1, 3), st.integers(1, 3))) for _ in range(2)]
    filter_shape, stride = pairs
    pad = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    spread = draw(st.tuples(st.integers(1, 2), st.integers(1, 2))) if dilation else (1, 1)
    group_count = draw(st.sampled_from([1, 2, 3])) if groups else 1
    group_channels, group_filters, n = (draw(st.integers(1, 2)) for _ in range(3))
    # sizes from the smallest that holds the filter: some leave rows that no window reaches
    image = [max(1, d * (f - 1) + 1 - 2 * p) + draw(st.integers(0, 5)) for f, d, p in zip(filter_shape, spread, pad)]
    options = {"stride": stride, "pad": pad}
    if dilation:
        options["dilation"] = spread
    if groups:
        options["groups"] = group_count
    return Case(
        (n, group_channels * group_count, *image),
        (group_filters * group_count, group_channels, *filter_shape),
        options,
    )
