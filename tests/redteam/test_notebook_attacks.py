"""What a hand-in's notebook may hold: hooks, escapes, forged cells, the reference, measured derivatives; and honest work."""

import pytest
from attacking import BY_THE_NOTEBOOK, judge


@pytest.mark.parametrize("attack", BY_THE_NOTEBOOK, ids=lambda a: a.id)
def test_attack(team, attack):
    judge(team, attack)
