"""Work on several threads at once: NumPy lets go of Python's lock while it goes through large arrays.

This is for layers that copy and compare, as pooling does. Not for those with matrix products: the matrix library has
threads of its own, which keep the other cores busy for a while after each product, waiting for the next.
"""

import os
from contextvars import copy_context
from functools import cache

MOST_THREADS = 4  # beyond, the memory is what is waited for


def thread_count():
    """As many threads as there are cores for this process, but no more than the matrix library was told to use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    told = [os.environ.get(name, "").split(",")[0] for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")]
    return min([MOST_THREADS, cores, *(int(number) for number in told if number.isdecimal() and int(number) > 0)])


@cache
def _pool():
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(MOST_THREADS - 1, thread_name_prefix="course_lib")  # starts a thread when it needs one


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a forked process has none of the threads


def each(work, items):
    """Run work(item) for each item, on several threads: each takes the next item as soon as it is free.

    The order is left open, so the items must not depend on one another. An error in one of them is raised here, when
    no thread works any more. The caller's own thread works too and does all that no other has begun, so that it may
    itself be one of these threads, or one of several that call this at once.
    """
    items = list(items)
    waiting = iter(items)  # whoever is free takes the next of it

    def run():
        for item in waiting:
            work(item)

    helpers = []
    try:
        for _ in range(min(thread_count(), len(items)) - 1):
            helpers.append(_pool().submit(copy_context().run, run))  # with the caller's np.errstate
    except RuntimeError:
        pass  # no thread to be had, or Python is about to end: fewer do the work
    try:
        run()
    finally:
        for _ in waiting:
            pass  # after an error no other item is begun
        begun = [helper for helper in helpers if not helper.cancel()]
        errors = [helper.exception() for helper in begun]  # waits until it is done
    for error in errors:
        if error is not None:
            raise error
