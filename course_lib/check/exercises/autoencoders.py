"""12_autoencoders: sizes and weights of a convolutional autoencoder by hand, the quiz, and the register."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ...models import conv_autoencoder, summary
from ..exercise import Exercise, wrong
from .autoencoder_net import FORWARD, GRADIENTS
from .autoencoder_pca import PCA
from .autoencoder_search import PRECISION, UPSAMPLE
from .quiz import quiz

# --- the right answers -------------------------------------------------------------------------------------------------


def predict_sizes(*, side=28, maps=(8, 4)):
    first, second = maps
    small = side // 2 // 2
    code = second * small * small
    down = second * first * 3 * 3 + second
    middle = (small - 1) * 2 + 4 - 2 * 1
    up = second * first * 4 * 4 + first
    return code, down, middle, up


def which_pass():
    return {"A", "C"}


def _predict_sizes(*, side=28, maps=(8, 4)):
    """The same from the library's net."""
    rows = _rows(side, tuple(maps))
    return int(np.prod(rows["pool2"].output_shape)), rows["conv2"].parameters, rows["deconv1"].output_shape[1], rows["deconv1"].parameters


@cache
def _rows(side, maps):
    return {row.layer: row for row in summary(conv_autoencoder((1, side, side), filters=maps, decoder="transpose")).rows}


def numbers(rng: np.random.Generator | None) -> dict[str, Any]:
    """A picture whose side can be halved twice, and two different numbers of maps."""
    if rng is None:
        return {"side": 28, "maps": (8, 4)}
    first, second = (int(n) for n in rng.permutation([2, 3, 4, 5, 6, 8, 10])[:2])
    return {"side": int(rng.choice([12, 16, 20, 24, 32, 36, 40])), "maps": (first, second)}


CODE, DOWN, MIDDLE, UP = "code = second * small * small", "down = second * first * 3 * 3 + second", "middle = (small - 1) * 2 + 4 - 2 * 1", "up = second * first * 4 * 4 + first"

BY_HAND = Exercise(
    id="12.predict_sizes",
    rows=("C-convautoenc", "C-deconv"),
    answer=(predict_sizes,),
    reference=(_predict_sizes,),
    outputs=("code", "down", "middle", "up"),
    by_hand=True,
    numbers=numbers,
    hints=(
        "The padded 3×3 convolutions keep the side; each pooling halves it. A filter has weights for every map that comes in, and one bias for each map that goes out.",
        "code: maps · side · side. down: maps out · maps in · 3 · 3 + maps out. middle: (side - 1)·2 - 2·1 + 4. up: maps in · maps out · 4 · 4 + maps out.",
        "Write the shape below each arrow: (1, s, s), (K₁, s, s), (K₁, s/2, s/2), (K₂, s/2, s/2), (K₂, s/4, s/4). On the way up the first transposed convolution leads from K₂ maps to K₁.",
    ),
    misconceptions=(
        wrong("pooled once",
              "Your code is that of one pooling. There are two, and each halves the side.",
              (CODE, "code = second * (side // 2) * (side // 2)")),
        wrong("one map",
              "You counted the pixels of one map of the code. It has several maps.",
              (CODE, "code = small * small")),
        wrong("maps of the first stage",
              "You gave the code the first stage's maps. The second convolution made others, and pooling keeps their number.",
              (CODE, "code = first * small * small")),
        wrong("no padding",
              "You let each convolution take two pixels off the side. With 3×3 filters and one pixel of padding the side stays.",
              (CODE, "code = second * ((side - 2) // 2 // 2 - 1) ** 2")),
        wrong("channels forgotten on the way down",
              "You gave each filter of the second convolution 3·3 weights. It looks at all maps that come in: 3·3 for each of them.",
              (DOWN, "down = second * 3 * 3 + second")),
        wrong("biases forgotten on the way down",
              "You left out the biases of the second convolution. Each map that goes out has one.",
              (DOWN, "down = second * first * 3 * 3")),
        wrong("weights of the first convolution",
              "You counted the first convolution. Asked for is the second, whose input has several maps.",
              (DOWN, "down = first * 1 * 3 * 3 + first")),
        wrong("stride forgotten on the way up",
              "You moved the stamps by one. With stride 2 the last stamp begins at 2·(side - 1).",
              (MIDDLE, "middle = (small - 1) + 4 - 2 * 1")),
        wrong("padding not cut off",
              "You forgot the padding of the transposed convolution: it cuts one pixel off on every side.",
              (MIDDLE, "middle = (small - 1) * 2 + 4")),
        wrong("padding added",
              "You added the padding on the way up. In a transposed convolution everything is the other way round: it is cut off.",
              (MIDDLE, "middle = (small - 1) * 2 + 4 + 2 * 1")),
        wrong("bias for each map that comes in",
              "You counted a bias for each map that comes into the transposed convolution. Biases belong to what goes out: the number of maps there.",
              (UP, "up = second * first * 4 * 4 + second")),
        wrong("biases forgotten on the way up",
              "You left out the biases of the transposed convolution. Each map that goes out has one.",
              (UP, "up = second * first * 4 * 4")),
        wrong("3×3 on the way up",
              "You counted 3×3 filters on the way up. The transposed convolutions here have 4×4.",
              (UP, "up = second * first * 3 * 3 + first")),
    ),
)

EXERCISES = (
    PCA,
    FORWARD,
    GRADIENTS,
    BY_HAND,
    UPSAMPLE,
    PRECISION,
    quiz(
        id="12.which_pass",
        rows=("C-autoenc",),
        answer=which_pass,
        hints=(
            "The check keeps as many components as there are features. What can a code of that length lose?",
            "With k = D the components are a whole basis: codes @ components gives back whatever was encoded, for any orthonormal basis and any centre that is added again.",
            "So ask of each version only: is what it takes away before encoding the same as what it adds afterwards?",
        ),
        misconceptions=(
            wrong("A is caught",
                  "You said that A is caught. It takes the smallest directions; but with k = D there is nothing to leave out, and all of them are used.",
                  ('{"A", "C"}', '{"C"}')),
            wrong("B passes",
                  "You said that B passes. It takes the mean away and does not add it again: its reconstructions lie around the origin whatever k is.",
                  ('{"A", "C"}', '{"A", "B", "C"}')),
            wrong("C is caught",
                  "You said that C is caught. It never centres; but it adds nothing afterwards either, and a whole basis gives every X back.",
                  ('{"A", "C"}', '{"A"}')),
            wrong("none passes",
                  "You said that all three are caught. With k = D any whole basis gives X back; only a smaller k tells which directions were kept.",
                  ('{"A", "C"}', "set()")),
        ),
    ),
)
