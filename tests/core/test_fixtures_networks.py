"""The lectures' nets beside PyTorch's stored values: all gradients, and the losses along four steps of SGD."""

import layer_cases
import network_cases
import pytest
from network_results import disagreements, results

ROWS = {"mlp": "D-fc", "seesaw_cnn": "E-seesaw", "penn_cnn": "A-net", "lenet": "D-lenet", "convnet": "B-archgrammar"}


def name(case):
    return "-".join([case["model"], *case["options"]])


@pytest.fixture(scope="module")
def stored():
    cases, results = layer_cases.load(network_cases.PATH)
    assert cases == layer_cases.plain(network_cases.cases())
    return {dtype: dict(zip(map(name, cases), found)) for dtype, found in results.items()}


@pytest.mark.parametrize("dtype", layer_cases.DTYPES)
@pytest.mark.parametrize("case", [
    pytest.param(case, marks=pytest.mark.row("C-torch", ROWS[case["model"]]), id=name(case)) for case in network_cases.cases()
])
def test_gradients_and_training_equal_pytorch(stored, case, dtype):
    wrong = disagreements(case, results(case, dtype), stored[dtype][name(case)], dtype)
    assert not wrong, "\n".join(wrong)
