"""What a hand-in's process may say and do: values, messages, callbacks, memory, time, and what it leaves behind."""

import pytest
from attacking import BY_THE_PROCESS, judge


@pytest.mark.parametrize("attack", BY_THE_PROCESS, ids=lambda a: a.id)
def test_attack(team, attack):
    judge(team, attack)
