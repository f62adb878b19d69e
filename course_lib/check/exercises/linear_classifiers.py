"""04_linear_classifiers: k-nearest neighbours, a linear classifier trained by SGD, its settings searched on a validation split."""

from __future__ import annotations

from ..exercise import wrong
from .hyperparameter_search import SEARCH
from .linear_softmax import START, TRAINING
from .nearest_neighbours import NEIGHBOURS
from .quiz import quiz


def which_pass():
    return {"B", "C"}


EXERCISES = (
    *NEIGHBOURS,
    START,
    *TRAINING,
    SEARCH,
    quiz(
        id="04.which_pass",
        rows=("B-linear",),
        answer=which_pass,
        hints=(
            "With W = 0 all scores are 0. What is p then, over the classes, and over the items? How many classes and items does the check use?",
            "A: log10 of 1/4 against ln of 1/4. B: with four items the softmax over the items gives 1/4 as well. C: what is looked at besides the loss?",
            "The loss has to be ln 4 = 1.386; log10 4 is 0.602. Four items and four classes give the same p = 1/4 in every direction. Of dW only the "
            "shape is looked at, and reg·W is 0 anyway.",
        ),
        misconceptions=(
            wrong("A passes",
                  "You said that A passes. Its logarithm to base 10 makes 0.602 of ln 4 = 1.386, and that is the one number that this check does look "
                  "at.",
                  ('{"B", "C"}', '{"A", "B", "C"}')),
            wrong("B does not pass",
                  "You said that B is caught. It takes the softmax over the items, but the check has four items and four classes: with equal scores p is "
                  "1/4 in either direction.",
                  ('{"B", "C"}', '{"C"}')),
            wrong("C does not pass",
                  "You said that C is caught. Its gradient has the wrong sign and no penalty, but the check looks at the shape of dW only.",
                  ('{"B", "C"}', '{"B"}')),
            wrong("none passes",
                  "You said that all three are caught. Of the gradient only the shape is looked at, and the check has as many items as classes.",
                  ('{"B", "C"}', "set()")),
        ),
    ),
)
