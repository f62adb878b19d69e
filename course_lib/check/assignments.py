"""The sixteen assignments: their names, what each builds on, and where each stands on the map of prerequisites."""

from __future__ import annotations

from typing import NamedTuple


class Assignment(NamedTuple):
    """title, as its notebook's heading has it; builds_on, the numbers of what should have been done right before (what these
    build on is left out); place, (column, row) on the map: what builds on something stands to the right of it."""

    title: str
    builds_on: tuple[str, ...]
    place: tuple[float, float]


ASSIGNMENTS = {
    "00": Assignment("Start here", (), (0, 2.5)),
    "01": Assignment("Flat backprop", ("00",), (1, 1)),
    "02": Assignment("The computational graph", ("01",), (2, 0)),
    "03": Assignment("Jacobians", ("01",), (2, 2.3)),
    "04": Assignment("Linear classifiers", ("01",), (2, 1.1)),
    "05": Assignment("Networks of many layers", ("03", "04"), (3, 1.3)),
    "06": Assignment("Convolution", ("00",), (1, 4)),
    "07": Assignment("Convolution, backward", ("03", "06"), (3, 2.8)),
    "08": Assignment("Pooling and softmax", ("03", "06"), (3, 4.3)),
    "09": Assignment("The seesaw", ("07", "08"), (4, 4.3)),
    "10": Assignment("A convolutional network", ("05", "07", "08"), (4, 1.7)),
    "11": Assignment("Optimisers", ("04",), (3, 0)),
    "12": Assignment("Autoencoders", ("05", "07", "08"), (4, 3)),
    "13": Assignment("Beyond images", ("09",), (5, 4.3)),
    "14": Assignment("Architectures", ("10",), (5, 2.3)),
    "15": Assignment("The same in PyTorch", ("10",), (5, 1.1)),
}


def builds_on(number: str) -> set[str]:
    """All that an assignment rests on, also by way of others."""
    direct = ASSIGNMENTS[number].builds_on
    return set(direct).union(*(builds_on(n) for n in direct))
