import numpy as np
import pytest

from course_lib import _validate


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_array_keeps_float_arrays_as_they_are(dtype):
    given = np.ones((2, 3), dtype)
    assert _validate.array("x", given) is given


@pytest.mark.parametrize("given", [[1, 2], np.array([True, False]), np.arange(3, dtype=np.uint8), 7])
def test_array_promotes_integers_and_booleans(given):
    checked = _validate.array("x", given)
    assert checked.dtype == np.float64
    assert np.array_equal(checked, np.asarray(given))


def test_array_takes_the_other_byte_order():
    checked = _validate.array("x", np.array([1.5, -2.0], dtype=">f8"))
    assert checked.dtype == np.float64 and checked.tolist() == [1.5, -2.0]


@pytest.mark.parametrize(
    "given", [np.array([1j]), np.array(["1"]), np.array([None]), np.float16([1.0]), np.longdouble([1.0]), None]
)
def test_array_refuses_other_dtypes(given):
    with pytest.raises(TypeError, match=r"^image: expected float64, float32 or integers, got dtype "):
        _validate.array("image", given)


@pytest.mark.parametrize("given", [[], np.ones((2, 0, 3))])
def test_array_refuses_empty(given):
    with pytest.raises(ValueError, match=r"^image: .*at least one element.* got shape \("):
        _validate.array("image", given)


def test_array_refuses_ragged_lists():
    with pytest.raises(ValueError, match="^image: .*not rectangular"):
        _validate.array("image", [[1, 2], [3]])


def test_array_refuses_another_rank_by_naming_the_axes():
    with pytest.raises(ValueError, match=r"^x: expected 4 axes \(N, C, H, W\), got shape \(2, 3\)"):
        _validate.array("x", np.ones((2, 3)), axes="N C H W")


def test_finite_says_where():
    x = np.ones((2, 3))
    x[1, 2] = np.nan
    with pytest.raises(ValueError, match=r"^X: expected finite numbers, got nan at index \(1, 2\)"):
        _validate.finite("X", x)


def test_labels_become_indices():
    checked = _validate.labels("y", np.array([2, 0], dtype=np.uint8), 2, 3)
    assert checked.dtype == np.intp and checked.tolist() == [2, 0]


@pytest.mark.parametrize(
    "given, error, message",
    [
        ([0, 3], ValueError, r"expected labels in 0\.\.2, got 3 at index 1"),
        ([-1, 0], ValueError, r"expected labels in 0\.\.2, got -1 at index 0"),
        ([0.0, 1.0], TypeError, "expected integer class labels, got dtype float64"),
        ([True, False], TypeError, "expected integer class labels, got dtype bool"),
        ([[0], [1]], ValueError, r"expected shape \(2,\).*got shape \(2, 1\)"),
        ([[0], [1, 2]], ValueError, "not rectangular"),
        ([0], ValueError, r"expected shape \(2,\).*got shape \(1,\)"),
    ],
)
def test_labels_refuse(given, error, message):
    with pytest.raises(error, match="^y: .*" + message):
        _validate.labels("y", given, 2, 3)


def test_integers_and_pairs():
    assert _validate.pair("stride", 2, minimum=1) == (2, 2)
    assert _validate.pair("stride", [1, np.int64(3)], minimum=1) == (1, 3)
    assert type(_validate.integer("n", np.int32(3), minimum=1)) is int


@pytest.mark.parametrize(
    "given, error, message",
    [
        (0, ValueError, "of at least 1, got 0"),
        ((1, 0), ValueError, "of at least 1, got 0"),
        (1.0, TypeError, r"expected an integer, got 1\.0"),
        (True, TypeError, "expected an integer, got True"),
        (np.True_, TypeError, "expected an integer, got np.True_"),
        ("2", TypeError, "expected an integer, got '2'"),
        (None, TypeError, "expected an integer, got None"),
        ((1, 2, 3), ValueError, r"or a pair \(rows, columns\), got \(1, 2, 3\)"),
    ],
)
def test_pair_refuses(given, error, message):
    with pytest.raises(error, match="^stride: .*" + message):
        _validate.pair("stride", given, minimum=1)


def test_integer_has_an_upper_end():
    with pytest.raises(ValueError, match="^at_zero: expected an integer from 0 to 1, got 2"):
        _validate.integer("at_zero", 2, minimum=0, maximum=1)


@pytest.mark.parametrize(
    "given, error, message",
    [
        (-0.5, ValueError, r"of at least 0, got -0\.5"),
        (np.nan, ValueError, "got nan"),
        (np.inf, ValueError, "got inf"),
        ("1", TypeError, "expected a number, got '1'"),
        (None, TypeError, "expected a number, got None"),
        (1j, TypeError, "expected a number, got 1j"),
        (True, TypeError, "expected a number, got True"),
    ],
)
def test_number_refuses(given, error, message):
    with pytest.raises(error, match="^reg: .*" + message):
        _validate.number("reg", given, minimum=0)


def test_number_says_both_ends():
    with pytest.raises(ValueError, match="^slope: expected a finite number from 0 to 1, got 2.0"):
        _validate.number("slope", 2, minimum=0, maximum=1)


def test_numbers_leave_float32_arrays_float32():
    assert (_validate.number("lam", np.float64(0.5), minimum=0) * np.ones(2, np.float32)).dtype == np.float32


@pytest.mark.parametrize("given, what", [([1, 2], "list"), ((1, 2, 3), "a tuple of 3"), (None, "NoneType")])
def test_unpack_refuses_what_is_no_cache(given, what):
    with pytest.raises(TypeError, match=f"^cache: .*that conv2d_forward returned, got {what}"):
        _validate.unpack(given, 2, "conv2d_forward")
