"""10_convnet: LeNet's sizes by hand, convolution by columns, lecture A's net and its gradients, training, transfer; and the quiz."""

from __future__ import annotations

from ..exercise import wrong
from .convnet_layers import COLUMNS, EPOCH, LENET
from .convnet_net import FORWARD, GRADIENTS
from .convnet_transfer import TRANSFER
from .quiz import quiz


def which_pass():
    return {"A", "C"}


LETTERS = '{"A", "C"}'

EXERCISES = (
    LENET,
    COLUMNS,
    FORWARD,
    GRADIENTS,
    EPOCH,
    TRANSFER,
    quiz(
        "10.which_pass",
        ("A-net",),
        which_pass,
        hints=(
            "A small step lowers the loss for every direction that leads downhill, the steepest or not. Which version's direction goes uphill somewhere that matters?",
            "The first step changes the loss by about minus lr times the product of what was computed with the true gradient. Is that product above zero?",
            "A: the true gradient, longer by a factor. B: the opposite. C: right in three of four arrays, which count most.",
        ),
        misconceptions=(
            wrong("A thought caught",
                  "A passes: its gradient is N times too long but points the right way, and with so small a step the loss still falls.",
                  (LETTERS, '{"C"}')),
            wrong("C thought caught",
                  "C passes: only dg1 is wrong. The other three arrays lead downhill and outweigh it. A net can learn with a wrong gradient; it just learns worse.",
                  (LETTERS, '{"A"}')),
            wrong("B thought to pass",
                  "B is caught: its way back begins with one-hot - p, so every step climbs, and the loss rises.",
                  (LETTERS, '{"A", "B", "C"}')),
            wrong("none thought to pass",
                  "None, you say; but two pass. That the loss falls shows a direction downhill, not that each gradient is right.",
                  (LETTERS, "set()")),
            wrong("B and C mistaken",
                  "A passes and so does C, while B does not: it climbs. C's one wrong array is outweighed by three right ones.",
                  (LETTERS, '{"A", "B"}')),
            wrong("A and B mistaken",
                  "C passes and so does A, while B does not: it climbs. A's gradient is only too long.",
                  (LETTERS, '{"B", "C"}')),
        ),
    ),
)
