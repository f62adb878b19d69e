"""The optimisers and schedules beside PyTorch's stored values: tests/fixtures/make_optim.py says what is stored."""

import json
from pathlib import Path

import numpy as np
import pytest
from optim_cases import STEPS
from oracles import assert_agree

from course_lib.optim import cosine, step_decay, warmup

FIXTURE = Path(__file__).parents[1] / "fixtures" / "optim.npz"


@pytest.fixture(scope="module")
def stored():
    with np.load(FIXTURE) as file:
        return dict(file)


def assert_stored(stored, optimizer, dtype):
    kept = stored["kept"] - 1
    hessian, given_gradients = stored["hessian"].astype(dtype), stored["gradients"].astype(dtype)
    seen = 0
    for case, expected in zip(json.loads(str(stored["cases"])), stored[dtype.__name__]):
        if case["optimizer"] != optimizer:
            continue
        w, state, trajectory = stored["w0"].astype(dtype), {}, []
        lr, options = case["options"].pop("lr"), case["options"]
        for step in range(24):
            on_bowl = case["problem"] == "bowl"
            dw = (hessian @ w.ravel()).reshape(w.shape) if on_bowl else given_gradients[step]
            factor = step_decay(step, every=10, gamma=0.5) if on_bowl else 1.0
            w, state = STEPS[optimizer](w, dw, state, lr=lr * factor, **options)
            trajectory.append(w)
        for got, reached in zip(np.array(trajectory)[kept], expected):
            assert got.dtype == reached.dtype == dtype
            assert_agree(got, reached)
        seen += 1
    assert seen >= 8


@pytest.mark.row("C-sgdopts")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sgd_equals_pytorch(stored, dtype):
    assert_stored(stored, "sgd", dtype)


@pytest.mark.row("D-adaptive")
@pytest.mark.parametrize("optimizer", ["adagrad", "rmsprop", "adam"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_adaptive_steps_equal_pytorch(stored, optimizer, dtype):
    assert_stored(stored, optimizer, dtype)


@pytest.mark.row("C-fullbatch")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rprop_equals_pytorch(stored, dtype):
    assert_stored(stored, "rprop", dtype)


@pytest.mark.row("D-schedule")
def test_schedules_equal_pytorch(stored):
    steps = range(24)
    assert_agree([step_decay(s, every=7, gamma=0.3) for s in steps], stored["step_lr"])
    assert_agree([cosine(s, total=24, floor=0.1) for s in steps], stored["cosine_lr"])
    assert_agree([warmup(s, steps=8) for s in steps], stored["linear_lr"])
