import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from oracles import quick

from course_lib.conv import output_size


@pytest.mark.row("B-outsize")
def test_lecture_numbers():
    assert output_size(7, 3, stride=1) == 5
    assert output_size(7, 3, stride=2) == 3
    assert output_size(7, 3, stride=1, pad=1) == 7


@pytest.mark.row("B-outsize")
def test_stride_3_does_not_fit_and_the_error_says_what_would():
    message = r"^stride: .*stride 3 does not fit n = 7 .*\(7 \+ 2·0 - 3\)/3 \+ 1 = 2\.33"
    with pytest.raises(ValueError, match=message) as e:
        output_size(7, 3, stride=3)
    for advice in ("stride 1 or 2 or 4;", "pad 1;", "n = 6 or 9.", "floor=True"):
        assert advice in str(e.value)
    assert output_size(7, 3, stride=3, floor=True) == 2
    assert [output_size(7, 3, stride=s) for s in (1, 2, 4)] == [5, 3, 2]
    assert output_size(7, 3, stride=3, pad=1) == 3
    assert [output_size(n, 3, stride=3) for n in (6, 9)] == [2, 3]


@quick
@given(*[st.integers(1, 40)] * 2, st.integers(1, 9), st.integers(0, 4), st.integers(1, 3))
@example(1, 3, 5, 2, 1)  # no smaller input fits: the padding alone is wider than the filter
def test_what_the_error_says_would_fit_fits(n, f, stride, pad, dilation):
    try:
        size = output_size(n, f, stride=stride, pad=pad, dilation=dilation)
    except ValueError as error:
        message = str(error)
        if message.startswith("f: "):
            assert dilation * (f - 1) + 1 > n + 2 * pad
            return
        advised = message.split("would fit: ")[1]
        for s in re.search(r"stride ([\d or.]+);", advised)[1].replace("...", "1").split(" or "):
            output_size(n, f, stride=int(s), pad=pad, dilation=dilation)
        for p in re.findall(r"pad (\d+);", advised):
            output_size(n, f, stride=stride, pad=int(p), dilation=dilation)
        for m in re.search(r"n = ([\d or]+)\.", advised)[1].split(" or "):
            output_size(int(m), f, stride=stride, pad=pad, dilation=dilation)
        size = output_size(n, f, stride=stride, pad=pad, dilation=dilation, floor=True)
    last = (size - 1) * stride + dilation * (f - 1) + 1  # where the last window ends
    assert size >= 1 and last <= n + 2 * pad < last + stride


@pytest.mark.row("B-outsize", "B-common")
@pytest.mark.parametrize("f", [1, 3, 5, 7])
def test_padding_that_keeps_the_size(f):
    assert [output_size(n, f, pad=(f - 1) // 2) for n in (7, 32, 56)] == [7, 32, 56]


@pytest.mark.row("B-common")
def test_filter_5_stride_2_takes_whatever_padding_fits():
    assert output_size(31, 5, stride=2, pad=2) == 16
    with pytest.raises(ValueError, match="does not fit n = 32"):
        output_size(32, 5, stride=2, pad=2)
    assert output_size(32, 5, stride=2, pad=2, floor=True) == 16


@pytest.mark.row("B-shrink")
def test_repeated_5x5_without_padding_shrinks():
    sizes = [32]
    for _ in range(2):
        sizes.append(output_size(sizes[-1], 5))
    assert sizes == [32, 28, 24]


def test_dilation_widens_the_filter():
    assert output_size(7, 3, dilation=2) == output_size(7, 5) == 3


@pytest.mark.parametrize(
    "args, options, error, message",
    [
        ((3, 5), {}, ValueError, "^f: .*no larger than the padded input"),
        ((3, 5), {"floor": True}, ValueError, "^f: .*no larger than the padded input"),
        ((7, 3), {"dilation": 4}, ValueError, "^f: .*extent 9"),
        ((0, 3), {}, ValueError, "^n: "),
        ((7, 0), {}, ValueError, "^f: "),
        ((7, 3), {"stride": 0}, ValueError, "^stride: "),
        ((7, 3), {"pad": -1}, ValueError, "^pad: "),
        ((7, 3), {"dilation": 0}, ValueError, "^dilation: "),
        ((7.0, 3), {}, TypeError, "^n: "),
        ((7, (3, 3)), {}, TypeError, "^f: "),
    ],
)
def test_bad_arguments_are_named(args, options, error, message):
    with pytest.raises(error, match=message):
        output_size(*args, **options)
