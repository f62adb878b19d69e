"""Copies of what stayed in the student's process: which go back as the original, and which as what they are."""

from collections import namedtuple

import numpy as np
import pytest

from course_lib.grading import copies as module
from course_lib.grading.box import values
from course_lib.grading.copies import Copies, write_back

Pair = namedtuple("Pair", "a b")


def refuse(value):
    raise values.WireError(f"{type(value).__name__} is not plain")


@pytest.fixture
def copies():
    return Copies(lambda: values.Writer(refuse))


def there_and_back(value, copies):
    """What the student's side gets where a test hands back what it got; and what the test got."""
    originals = {}

    def keep(original, size):
        assert size >= 0
        originals[len(originals) + 1] = original
        return len(originals)

    sent = values.Writer(refuse, keep=keep)
    node = sent.node(value)
    got = values.Reader(sent.blob, refuse, refuse, remember=copies.remember).value(node)
    returned = values.Writer(refuse, known=copies.known)
    node = returned.node(got)
    return values.Reader(returned.blob, refuse, refuse, original=originals.__getitem__).value(node), got


@pytest.mark.parametrize("value, plain", [(Pair(1, 2.0), tuple), (np.ma.array([1.0, 2.0]), np.ndarray), (type("D", (dict,), {})(a=1), dict),
                                          (np.array([1, 2], np.longdouble), np.ndarray), (type("L", (list,), {})([1]), list)])
def test_what_is_more_than_plain_comes_back_as_it_was(copies, value, plain):
    back, got = there_and_back(value, copies)
    assert back is value and type(got) is plain


def test_originals_come_back_from_inside_plain_containers(copies):
    value = [1, {"cache": (Pair(1, np.ones(2)), 3)}]
    back, got = there_and_back(value, copies)
    assert back[1]["cache"][0] is value[1]["cache"][0] and type(got[1]["cache"][0]) is tuple


def test_plain_values_are_copies_of_nothing(copies):
    for value in ([1, 2], (1, 2), {"a": 1}, np.ones(3), "text", 5, ()):
        back, _ = there_and_back(value, copies)
        assert back is not value or not isinstance(value, (list, dict, np.ndarray))
    assert not copies.kept


def test_a_copy_that_the_test_changed_goes_back_as_it_is_now(copies):
    _, got = there_and_back(type("L", (list,), {})([1, 2]), copies)
    assert copies.known(got) == 1
    got[0] = 7
    assert copies.known(got) is None


def test_a_copy_that_the_call_changed_is_one_still(copies):
    _, got = there_and_back(type("L", (list,), {})([1, 2]), copies)
    among = copies.among((got,), {})
    write_back([got], [[5, 6, 7]])
    assert got == [5, 6, 7] and copies.known(got) is None
    copies.renew(among)
    assert copies.known(got) == 1


def test_an_equal_value_of_the_tests_own_is_no_copy(copies):
    _, got = there_and_back(Pair(1, 2), copies)
    assert copies.known(tuple([1, 2])) is None and copies.known(got) == 1


def test_the_empty_tuple_is_nobodys(copies):
    there_and_back(namedtuple("Nothing", "")(), copies)
    assert not copies.kept


def test_the_oldest_are_forgotten(copies, monkeypatch):
    monkeypatch.setattr(module, "MOST", 3)
    kept = [tuple([n]) for n in range(5)]
    for number, copy in enumerate(kept):
        copies.remember(number, copy)
    assert [copies.known(c) for c in kept] == [None, None, 2, 3, 4]
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    copies.remember(9, np.ones(1000))
    assert not copies.kept and copies.held == 0


def test_forged_originals_are_refused():
    for node in ({"kept": [1, 5]}, {"kept": [1, "text"]}, {"kept": ["x", [1]]}, {"original": 1}, {"kept": [-1, {"list": []}]}, {"kept": 5}):
        with pytest.raises(values.WireError):
            values.Reader(b"", refuse, refuse, remember=lambda *_: None).value(node)
    with pytest.raises(values.WireError):
        values.Reader(b"", refuse, refuse).value({"kept": [1, {"list": []}]})


@pytest.mark.parametrize("dtype", ["u1", "?", "f4", "f8"])
def test_a_number_counts_as_eight_bytes_whatever_it_takes(monkeypatch, dtype):
    writer = values.Writer(refuse)
    node = writer.node(np.zeros(1000, dtype))
    monkeypatch.setattr(values, "MAX_BYTES", 7999)
    with pytest.raises(values.WireError):
        values.Reader(writer.blob, refuse, refuse).value(node)
    with pytest.raises(values.WireError):
        values.Writer(refuse).node(np.zeros(1000, dtype))
    monkeypatch.setattr(values, "MAX_BYTES", 8000)
    assert len(values.Reader(writer.blob, refuse, refuse).value(node)) == 1000
