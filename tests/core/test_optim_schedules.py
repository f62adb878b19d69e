import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_agree, normal, quick

from course_lib.optim import cosine, sgd, step_decay, warmup


@pytest.mark.row("D-schedule")
def test_schedules_by_hand():
    assert_agree([step_decay(s, every=3) for s in (0, 2, 3, 5, 6)], [1, 1, 0.1, 0.1, 0.01])
    assert_agree([cosine(s, total=6) for s in (0, 2, 3, 4)], [1, 0.75, 0.5, 0.25])
    assert_agree([cosine(s, total=6, floor=0.2) for s in (0, 3, 6, 9)], [1, 0.6, 0.2, 0.2])
    assert_agree([warmup(s, steps=4) for s in (0, 1, 3, 4, 100)], [0.25, 0.5, 1, 1, 1])
    assert warmup(0, steps=1) == 1


@pytest.mark.row("D-schedule")
@quick
@given(st.integers(1, 50), st.floats(0, 1), st.integers(0, 60))
def test_schedules_stay_in_range_and_go_one_way(size, low, step):
    for schedule, direction in [
        (lambda s: step_decay(s, every=size, gamma=low), -1),
        (lambda s: cosine(s, total=size, floor=low), -1),
        (lambda s: warmup(s, steps=size), 1),
    ]:
        now, after = schedule(step), schedule(step + 1)
        assert isinstance(now, float) and 0 <= now <= 1
        assert direction * (after - now) >= -1e-12


@pytest.mark.row("D-schedule")
def test_the_step_size_may_change_from_step_to_step():
    # the velocity holds gradients, not steps: v = 1, then 1.5; w = 0 - 0.1·1 - 0.01·1.5
    w, state = sgd(0.0, 1.0, {}, lr=0.1, momentum=0.5)
    assert sgd(w, 1.0, state, lr=0.01, momentum=0.5)[0] == pytest.approx(-0.115, rel=1e-12)


@pytest.mark.row("D-schedule")
def test_a_schedule_settles_what_a_constant_step_leaves_in_noise():
    noise = normal(0, 400)

    def spread(factor):
        w, late = 1.0, []
        for step in range(400):
            w, _ = sgd(w, w + noise[step], {}, lr=0.5 * factor(step))
            late.append(w)
        return np.std(late[-50:])

    constant = spread(lambda step: 1.0)
    assert spread(lambda step: step_decay(step, every=100)) < 0.1 * constant
    assert spread(lambda step: warmup(step, steps=10) * cosine(step, total=400)) < 0.3 * constant


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: step_decay(-1, every=2), ValueError, "^step: expected an integer of at least 0"),
        (lambda: step_decay(1.5, every=2), TypeError, "^step: "),
        (lambda: step_decay(1, every=0), ValueError, "^every: "),
        (lambda: step_decay(1, every=2, gamma=1.5), ValueError, "^gamma: "),
        (lambda: step_decay(1, every=2, gamma=np.nan), ValueError, "^gamma: "),
        (lambda: cosine(-1, total=2), ValueError, "^step: "),
        (lambda: cosine(1, total=0), ValueError, "^total: "),
        (lambda: cosine(1, total=2, floor=-0.1), ValueError, "^floor: "),
        (lambda: warmup(True, steps=2), TypeError, "^step: "),
        (lambda: warmup(0, steps=0), ValueError, "^steps: "),
    ],
)
def test_schedules_name_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
