"""Threads share the work, all of it once, whatever happens meanwhile."""

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import normal, quick

from course_lib import _threads
from course_lib._threads import each, thread_count
from course_lib.pool import max_pool2d_backward, max_pool2d_forward


@pytest.fixture
def four_threads(monkeypatch):
    monkeypatch.setattr(_threads, "thread_count", lambda: 4)


@quick
@given(st.integers(0, 40), st.integers(1, 4))
def test_every_item_is_worked_on_once(count, threads):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_threads, "thread_count", lambda: threads)
        done = []
        each(done.append, range(count))
        assert sorted(done) == list(range(count))


def test_several_threads_work(four_threads):
    together = threading.Barrier(3)  # passes only when three threads have come to it
    each(lambda _: together.wait(timeout=30), range(3))
    assert together.n_waiting == 0 and not together.broken


def test_one_item_needs_no_other_thread(four_threads):
    names = []
    each(lambda _: names.append(threading.current_thread()), [0])
    assert names == [threading.current_thread()]


@pytest.mark.parametrize("wrong", [0, 3, 19])
def test_an_error_is_raised_when_all_threads_have_stopped(wrong, four_threads):
    working, done = [], []

    def work(i):
        working.append(i)
        time.sleep(0.001)
        done.append(i)
        if i == wrong:
            raise ZeroDivisionError(f"item {i}")

    with pytest.raises(ZeroDivisionError, match=f"item {wrong}"):
        each(work, range(20))
    stopped = list(done)
    assert sorted(working) == sorted(stopped) and wrong in stopped
    time.sleep(0.01)
    assert done == stopped
    each(done.append, range(20, 30))  # and the next work is done as ever
    assert sorted(done[len(stopped) :]) == list(range(20, 30))


def test_work_may_share_out_its_own_work(four_threads):
    done = []
    each(lambda i: each(lambda j: done.append((i, j)), range(5)), range(8))
    assert sorted(done) == [(i, j) for i in range(8) for j in range(5)]


def test_several_callers_at_once(four_threads):
    done = {caller: [] for caller in range(6)}

    def call(caller):
        for _ in range(20):
            each(done[caller].append, range(10))

    callers = [threading.Thread(target=call, args=(caller,)) for caller in done]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert all(sorted(items) == sorted(list(range(10)) * 20) for items in done.values())


def test_without_a_thread_to_be_had_the_caller_works_alone(four_threads, monkeypatch):
    class Full:
        def submit(self, *_):
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_threads, "_pool", Full)
    done = []
    each(done.append, range(5))
    assert done == list(range(5))


def test_the_callers_handling_of_errors_holds_in_every_thread(four_threads):
    together, zero = threading.Barrier(3), np.zeros(1)

    def work(_):
        together.wait(timeout=30)
        np.log(zero)

    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        each(work, range(3))
    together.reset()
    with np.errstate(divide="ignore"):
        each(work, range(3))  # a warning would be an error in these tests


def test_a_forked_process_has_threads_of_its_own():
    code = """
import os, sys
from course_lib import _threads
_threads.thread_count = lambda: 3
done = []
_threads.each(done.append, range(50))
child = os.fork() if hasattr(os, "fork") else None  # Windows starts every process afresh
done.clear()
_threads.each(done.append, range(50))
if child == 0:
    os._exit(0 if sorted(done) == list(range(50)) else 1)
assert child is None or os.waitpid(child, 0)[1] == 0
print(len(done))
"""
    command = [sys.executable, "-W", "ignore", "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.split() == ["50"]


def test_as_many_threads_as_the_matrix_library_may_have(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    for names, count in [
        ({}, 4),
        ({"OPENBLAS_NUM_THREADS": "1"}, 1),
        ({"OMP_NUM_THREADS": "2"}, 2),
        ({"OMP_NUM_THREADS": "3,2"}, 3),  # for nested parallel parts: the first is the outermost
        ({"OPENBLAS_NUM_THREADS": "3", "OMP_NUM_THREADS": "2"}, 2),
        ({"OPENBLAS_NUM_THREADS": "0", "OMP_NUM_THREADS": "many"}, 4),
        ({"OMP_NUM_THREADS": "64"}, 4),
    ]:
        for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
            monkeypatch.setenv(name, names.get(name, ""))
        assert thread_count() == count, names
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    assert thread_count() == 1


def test_no_thread_is_started_before_there_is_work():
    code = """
import threading, numpy as np, course_lib.pool, course_lib.conv
course_lib.pool.max_pool2d_forward(np.ones((2, 1, 4, 4)))
print(threading.active_count())
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.split() == ["1"]


def test_large_pooling_is_the_same_on_any_number_of_threads(monkeypatch):
    x = normal(0, 48, 8, 64, 64)  # 12.6 MB, four blocks
    found = []
    for threads in (1, 2, 4):
        monkeypatch.setattr(_threads, "thread_count", lambda threads=threads: threads)
        out, cache = max_pool2d_forward(x, 3, stride=2)
        found.append((out, max_pool2d_backward(out, cache)))
    for results in found[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(results, found[0], strict=True))
