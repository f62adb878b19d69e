"""The optimisers beside a live PyTorch, every step of every case; the stored values are compared in tests/core."""

import json
from pathlib import Path

import make_optim
import numpy as np
import pytest

from course_lib import optim

FIXTURES = Path(__file__).parents[1] / "fixtures"
TOLERANCE = {np.float64: 1e-12, np.float32: 2e-5}


def names(cases):
    return [f"{i}-{case['optimizer']}-{case['problem']}" for i, case in enumerate(cases)]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("case", make_optim.cases(), ids=names(make_optim.cases()))
def test_every_step_equals_pytorch(case, dtype):
    w0, gradients, hessian = make_optim.problem()
    options = dict(case["options"])
    w, state, lr = w0.astype(dtype), {}, options.pop("lr")
    every, gamma = make_optim.DECAY_EVERY, make_optim.DECAY_GAMMA
    for step, expected in enumerate(make_optim.torch_trajectory(case, dtype)):
        factor = optim.step_decay(step, every=every, gamma=gamma) if case["problem"] == "bowl" else 1.0
        dw = make_optim.gradient_at(case, step, w, gradients, hessian)
        w, state = getattr(optim, case["optimizer"])(w, dw, state, lr=lr * factor, **options)
        assert w.dtype == expected.dtype == dtype
        assert np.max(np.abs(w - expected)) <= TOLERANCE[dtype] * np.max(np.abs(expected))


def test_stored_values_are_what_pytorch_gives_now():
    cases = make_optim.cases()
    with np.load(FIXTURES / "optim.npz") as stored:
        assert json.loads(str(stored["cases"])) == json.loads(json.dumps(cases))
        for dtype, tolerance in TOLERANCE.items():
            for case, expected in zip(cases, stored[dtype.__name__]):
                now = make_optim.torch_trajectory(case, dtype)[stored["kept"] - 1]
                assert np.max(np.abs(now - expected)) <= tolerance * np.max(np.abs(expected))
        for name, factors in make_optim.torch_schedules().items():
            assert np.max(np.abs(factors - stored[name])) <= 1e-12
