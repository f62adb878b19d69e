"""15_pytorch: the quiz and the register. By hand and layouts are in pytorch_layouts.py, steps and Functions in pytorch_steps.py."""

from __future__ import annotations

from ..exercise import wrong
from .pytorch_layouts import KERAS, SAME, STATE
from .pytorch_steps import FUNCTION, TORCH_STEP
from .quiz import quiz


def which_pass():
    return {"B", "C"}


EXERCISES = (
    STATE,
    KERAS,
    SAME,
    TORCH_STEP,
    FUNCTION,
    quiz(
        id="15.which_pass",
        rows=("C-torch", "C-sgdopts"),
        answer=which_pass,
        hints=(
            "How many steps does the check take? What is in .grad, and in the velocity, before the first one?",
            "Before the first step .grad is empty, so that adding to it and overwriting it are the same; and there is no velocity yet. The loss "
            "counts at every step.",
            "Take the versions one by one. A changes the gradient itself. B differs from the second batch on. C's dampening does not touch the first gradient.",
        ),
        misconceptions=(
            wrong("A passes", "You said that A passes. A softmax before CrossEntropyLoss is a second one: it changes the gradient of every step, "
                  "the first included.", ('{"B", "C"}', '{"A", "B", "C"}')),
            wrong("B is caught", "You said that B is caught. It never clears .grad; but one step needs one gradient, and .grad is empty before it.",
                  ('{"B", "C"}', '{"C"}')),
            wrong("C is caught", "You said that C is caught. Its velocity is dampened; but PyTorch leaves the first gradient whole, and the check "
                  "takes one step only.", ('{"B", "C"}', '{"B"}')),
            wrong("none passes", "You said that all three are caught. Look at what the check never tries: a second step.", ('{"B", "C"}', "set()")),
        ),
    ),
)
