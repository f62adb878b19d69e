"""What this process does for a hand-in ends where its time is up or it takes too much memory, and nothing is left of the bounds."""

import resource
import signal
import sys
import threading
import time

import numpy as np
import pytest

from course_lib.grading.bounds import OutOfTime, bounded

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the limits are Linux' and Unix'")


def state():
    return resource.getrlimit(resource.RLIMIT_AS), signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)


def test_too_much_memory_is_an_error_and_afterwards_there_is_enough():
    before = state()
    with bounded(None, 64 << 20):
        with pytest.raises(MemoryError):
            np.ones(20 << 20)
        assert np.ones(1 << 20).sum() == 1 << 20
    assert state() == before and np.ones(20 << 20)[-1] == 1


def test_work_ends_at_the_deadline_whatever_it_catches():
    before = state()
    with pytest.raises(OutOfTime):
        with bounded(time.monotonic()):
            while True:
                try:
                    time.sleep(0.01)
                except Exception:  # noqa: S110
                    pass
    assert state() == before


def test_a_deadline_that_is_not_reached_does_nothing():
    with bounded(time.monotonic() + 0.2):
        pass
    time.sleep(0.6)


def test_an_error_in_the_block_comes_out_and_the_bounds_go():
    before = state()
    with pytest.raises(ZeroDivisionError):
        with bounded(time.monotonic() + 60, 64 << 20):
            1 / 0
    assert state() == before


def test_a_block_inside_changes_nothing():
    with bounded(time.monotonic() + 60, 256 << 20):
        inside = state()[0]
        with bounded(time.monotonic() + 1, 1 << 20):
            assert state()[0] == inside and signal.getitimer(signal.ITIMER_REAL)[0] > 50


def test_threads_are_bounded_in_memory_alone():
    failed = []

    def work():
        try:
            with bounded(time.monotonic() + 5, 512 << 20):
                pass
        except BaseException as e:
            failed.append(e)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert not failed
