"""08_pooling_and_softmax: a pooling layer predicted by hand, and the quiz.

The pooling layers are in pool_layers.py, the transposed convolution in upsampling.py, the loss in batch_entropy.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import pool
from ..exercise import Exercise, wrong
from .batch_entropy import ENTROPY
from .pool_layers import AVG_BACKWARD, IMAGE_B, MAX_BACKWARD, MAX_FORWARD, UPSTREAM_C
from .quiz import quiz
from .upsampling import TRANSPOSED

# --- the right answers, as a student would write them ------------------------------------------------------------------


def predict_pool(*, image=np.array([[1.0, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]),  # noqa: B008
                 upstream=np.array([[1.3, 0.5], [0.4, 0.1]]), window=3, stride=1, volume=(6, 28, 28), side=2, step=2):  # noqa: B008
    out, dx = np.zeros(upstream.shape), np.zeros(image.shape)
    for i, j in np.ndindex(*upstream.shape):
        top, left = stride * i, stride * j
        seen = image[top:top + window, left:left + window]
        out[i, j] = seen.max()
        share = np.where(seen == seen.max(), upstream[i, j], 0)
        region = dx[top:top + window, left:left + window]
        region += share
    depth = volume[0]
    height = (volume[1] - side) // step + 1
    width = (volume[2] - side) // step + 1
    parameters = 0
    return out, dx, (depth, height, width), parameters


def which_pass():
    return {"B", "C"}


# --- the same from the library -----------------------------------------------------------------------------------------


def _predict_pool(*, image=IMAGE_B, upstream=UPSTREAM_C, window=3, stride=1, volume=(6, 28, 28), side=2, step=2):
    out, cache = pool.max_pool2d_forward(image[None, None], window, stride=stride)
    dx = pool.max_pool2d_backward(upstream[None, None], cache)
    return out[0, 0], dx[0, 0], pool.max_pool2d_forward(np.zeros((1, *volume)), side, stride=step)[0].shape[1:], 0


# --- the numbers of the prediction -------------------------------------------------------------------------------------


def pool_numbers(rng: np.random.Generator | None) -> dict[str, Any]:
    """The lectures' numbers (B's image, C's gradients), or others for which one pixel wins two or three of the four windows."""
    numbers = {"image": IMAGE_B, "upstream": UPSTREAM_C, "window": 3, "stride": 1, "volume": (6, 28, 28), "side": 2, "step": 2}
    if rng is None:
        return numbers
    side, step = ((2, 2), (3, 2), (3, 3))[rng.integers(3)]
    rows, columns = (int(v) for v in rng.choice(np.arange(5, 14), 2, replace=False))
    numbers |= {"volume": (int(rng.integers(4, 13)), step * rows + side, step * columns + side), "side": side, "step": step,
                "upstream": rng.choice(np.arange(1, 16), (2, 2), replace=False) / 10}
    while True:
        image = rng.permutation(16).reshape(4, 4) * 1.0
        winners = [image[i:i + 3, j:j + 3].max() for i in (0, 1) for j in (0, 1)]
        if len(set(winners)) in (2, 3):
            return {**numbers, "image": image}


# --- exercises ---------------------------------------------------------------------------------------------------------

EXERCISES = (
    Exercise(
        id="08.predict_pool",
        rows=("B-maxpool", "A-poolback", "B-poolsize"),
        answer=(predict_pool,),
        reference=(_predict_pool,),
        outputs=("out", "dx", "shape", "parameters"),
        by_hand=True,
        numbers=pool_numbers,
        hints=(
            "Draw the four windows: they start at rows 0 and 1, columns 0 and 1, and each covers `window` rows and columns. Ring the largest "
            "number in each. How often did you ring the same one?",
            r"out holds the four maxima. dx is 0 but at the ringed pixels; a pixel that was ringed twice gets the sum. "
            r"For the volume: $(H - F)/S + 1$, the same for the columns, and the depth stays.",
            "Write the upstream number of each window beside the pixel that it ringed, add up what stands at one pixel, and put 0 everywhere else. "
            "Pooling has nothing to learn.",
        ),
        misconceptions=(
            wrong("last gradient only",
                  "A pixel that wins several windows got the last one's gradient only. It made each of these outputs, so their gradients add up.",
                  ("region += share", "region[share != 0] = share[share != 0]")),
            wrong("blocks of 2×2",
                  "You cut the image into blocks of 2×2. Here the windows are larger and move by `stride`, so they overlap.",
                  ("top, left = stride * i, stride * j", "top, left, window = 2 * i, 2 * j, 2")),
            wrong("gradient to all of the window",
                  "Every pixel of the window got its gradient. Only the largest reached the output; a slightly larger loser changes nothing.",
                  ("np.where(seen == seen.max(), upstream[i, j], 0)", "upstream[i, j]")),
            wrong("gradient shared out",
                  "You shared each gradient among the pixels of its window: that is average pooling. Here the winner takes all of it.",
                  ("np.where(seen == seen.max(), upstream[i, j], 0)", "upstream[i, j] / window ** 2")),
            wrong("multiplied by the maximum",
                  "You multiplied the gradients by the maxima. The output *is* the winner's value: the local gradient is 1.",
                  ("np.where(seen == seen.max(), upstream[i, j], 0)", "np.where(seen == seen.max(), upstream[i, j] * seen, 0)")),
            wrong("gradient in the window's corner",
                  "You put each gradient where its window starts. It goes to the pixel that won.",
                  ("region += share", "region[0, 0] += upstream[i, j]")),
            wrong("means",
                  "You pooled by the mean. Max pooling hands on the largest number.",
                  ("out[i, j] = seen.max()", "out[i, j] = seen.mean()")),
            wrong("first window not counted",
                  "You counted the steps, not the places: the window's first place, before any step, counts too. Hence the + 1.",
                  ("height = (volume[1] - side) // step + 1", "height = (volume[1] - side) // step"),
                  ("width = (volume[2] - side) // step + 1", "width = (volume[2] - side) // step")),
            wrong("stride left out of the size",
                  "You left the stride out of the size: a window starts only at every `step`-th row and column.",
                  ("height = (volume[1] - side) // step + 1", "height = volume[1] - side + 1"),
                  ("width = (volume[2] - side) // step + 1", "width = volume[2] - side + 1")),
            wrong("depth pooled away",
                  "You let one map come out. Each map is pooled by itself, so as many come out as went in.",
                  ("depth = volume[0]", "depth = 1")),
            wrong("depth divided",
                  "You made the volume thinner as well. Pooling shrinks height and width; the depth stays.",
                  ("depth = volume[0]", "depth = volume[0] // 2")),
            wrong("weights counted",
                  "You counted weights, as for a convolution. A maximum has none: pooling has two hyperparameters, F and S, and nothing to learn.",
                  ("parameters = 0", "parameters = side * side")),
            wrong("weights for each map counted",
                  "You counted weights for each map. A maximum has none: pooling has two hyperparameters, F and S, and nothing to learn.",
                  ("parameters = 0", "parameters = side * side * depth")),
            wrong("hyperparameters counted",
                  "You counted F and S. They are hyperparameters: chosen, not learned. Parameters are what training changes, and here there are none.",
                  ("parameters = 0", "parameters = 2")),
        ),
    ),
    MAX_FORWARD,
    MAX_BACKWARD,
    AVG_BACKWARD,
    TRANSPOSED,
    ENTROPY,
    quiz(
        id="08.which_pass",
        rows=("A-poolback",),
        answer=which_pass,
        hints=(
            "For each version, find an input on which it is wrong. Then look whether the check has one like it.",
            "Are two random numbers between 0 and 1 ever equal? Can a 0 in the padding beat any of them? Does one pixel win two windows of "
            "3×3 that are 2 apart?",
            "Run it: `careless_check(version_A)`, and so on. Then say what each result has to do with the input.",
        ),
        misconceptions=(
            wrong("all three pass",
                  "You let all three pass. A is caught: the windows are 3×3 at stride 2, so a pixel can win two of them, and A keeps one gradient.",
                  ('{"B", "C"}', '{"A", "B", "C"}')),
            wrong("none passes",
                  "You say that all three are caught. B is wrong only where pixels are equal, C only beside pixels of at most 0; the check has neither.",
                  ('{"B", "C"}', 'set()')),
            wrong("B is caught",
                  "B passes: random numbers are never equal, so there is no tie to go wrong at. After a ReLU, ties of zeros are everywhere.",
                  ('{"B", "C"}', '{"C"}')),
            wrong("C is caught",
                  "C passes: all pixels lie above 0, so a padding of 0 never wins. Negative pictures would show it.",
                  ('{"B", "C"}', '{"B"}')),
            wrong("A for C",
                  "C passes and A does not. All pixels lie above 0, so C's padding never wins; the windows overlap, so A loses gradients.",
                  ('{"B", "C"}', '{"A", "B"}')),
            wrong("A for B",
                  "B passes and A does not. Random numbers are never equal, so B has no tie to go wrong at; the windows overlap, so A loses gradients.",
                  ('{"B", "C"}', '{"A", "C"}')),
        ),
    ),
)
