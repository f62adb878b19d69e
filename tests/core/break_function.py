"""A pytest plugin that spoils one library function before any test imports it: BREAK="course_lib.flat:svm_loss".

Every number it returns is 1 % off (a count is one too many), so a test of it that looks at its numbers must fail.
"""

import importlib
import os

import numpy as np


def spoiled(value):
    if isinstance(value, (bool, np.bool_)):
        return value
    if isinstance(value, (int, np.integer)):
        return value + 1
    if isinstance(value, (float, np.ndarray, np.floating)):
        return value * 1.01
    if isinstance(value, dict):
        return {k: spoiled(v) for k, v in value.items()}
    if isinstance(value, tuple) and not any(isinstance(v, tuple) for v in value):
        return tuple(spoiled(v) for v in value)
    if isinstance(value, tuple):  # (out, cache): the cache stays
        return tuple(v if isinstance(v, tuple) else spoiled(v) for v in value)
    return value


def pytest_configure(config):
    target = os.environ.get("BREAK")
    if target:
        module_name, name = target.split(":")
        module = importlib.import_module(module_name)
        right = getattr(module, name)

        def wrong(*args, **kwargs):
            return spoiled(right(*args, **kwargs))

        wrong.__doc__, wrong.__name__ = right.__doc__, name
        setattr(module, name, wrong)
