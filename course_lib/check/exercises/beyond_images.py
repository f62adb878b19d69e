"""13_beyond_images: sizes and a feature worked by hand, sound (beats.py), text (text_conv.py), and the quiz."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import conv
from ..exercise import Exercise, wrong
from .beats import MATCH, SPECTROGRAM
from .quiz import quiz
from .text_conv import BACKWARD, EMBED, FORWARD

VECTORS = np.array([[-1.0, 0, 2, 1, 1, 0], [2, 1, 1, 0, 0, 1]])
FILTER = np.array([[1.0, 2, 1], [0, 2, -1]])

# --- the right answers, as a student would write them ------------------------------------------------------------------


def predict_sizes(*, samples=1000, window=256, hop=100, vectors=np.array([[-1.0, 0, 2, 1, 1, 0], [2, 1, 1, 0, 0, 1]]),  # noqa: B008
                  filter=np.array([[1.0, 2, 1], [0, 2, -1]]), b=-2):  # noqa: B008
    frames = (samples - window) // hop + 1
    bins = window // 2 + 1
    L, F = vectors.shape[1], filter.shape[1]
    places = L - F + 1
    z = [np.sum(vectors[:, i:i + F] * filter) + b for i in range(L - F + 1)]
    feature = max(0, max(z))
    return frames, bins, places, feature


def which_pass():
    return {"A", "B"}


# --- the same from the library -----------------------------------------------------------------------------------------


def _predict_sizes(*, samples=1000, window=256, hop=100, vectors=VECTORS, filter=FILTER, b=-2):
    z, _ = conv.conv1d_forward(vectors[None], filter[None], np.array([float(b)]))
    return conv.output_size(samples, window, stride=hop, floor=True), len(np.fft.rfftfreq(window)), z.shape[2], z.max()


# --- the numbers of the prediction -------------------------------------------------------------------------------------


def sizes_numbers(rng: np.random.Generator | None) -> dict[str, Any]:
    """Numbers for which samples are left over, one place wins alone, and every usual slip gives another feature."""
    if rng is None:
        return {"samples": 1000, "window": 256, "hop": 100, "vectors": VECTORS, "filter": FILTER, "b": -2}
    window, hop = int(rng.choice([256, 512])), int(rng.choice([50, 80, 100]))
    sound = {"samples": window + hop * int(rng.integers(5, 12)) + int(rng.integers(1, 5)) * 10, "window": window, "hop": hop}
    while True:
        vectors, filter = rng.integers(-1, 3, (2, 6)) * 1.0, rng.integers(-1, 3, (2, 3)) * 1.0
        b = -int(rng.integers(1, 4))
        sums = lambda f, v=vectors: np.array([np.sum(v[:, i:i + 3] * f) for i in range(4)])  # noqa: E731
        z = sums(filter) + b
        others = [(sums(filter[:, ::-1]) + b).max(), sums(filter).max(), z.mean(), z.sum(), z[0], z[-1], float(z.argmax()), 0,
                  max(np.sum(vectors[0, i:i + 3] * filter[0]) + b for i in range(4)), sums(filter).max() + 6 * b]
        if 2 <= z.max() <= 12 and np.sum(z == z.max()) == 1 and z.max() not in others and np.all(np.any(filter, axis=1)):
            return {**sound, "vectors": vectors, "filter": filter, "b": b}


# --- exercises ---------------------------------------------------------------------------------------------------------

FRAMES, BINS = "frames = (samples - window) // hop + 1", "bins = window // 2 + 1"
Z, FEATURE = "z = [np.sum(vectors[:, i:i + F] * filter) + b for i in range(L - F + 1)]", "feature = max(0, max(z))"

EXERCISES = (
    Exercise(
        id="13.predict_sizes",
        rows=("C-audio", "C-text"),
        answer=(predict_sizes,),
        reference=(_predict_sizes,),
        outputs=("frames", "bins", "places", "feature"),
        by_hand=True,
        numbers=sizes_numbers,
        hints=(
            "A frame that slides along a sound is a filter that slides along a signal: the same size formula, with `hop` as its stride. Text: stride 1.",
            r"Frames: $\lfloor (W - window)/hop \rfloor + 1$. Frequencies: 0, 1, … window/2. Places: $L - F + 1$. At place $i$ the filter lies on the words "
            r"$i \dots i+F-1$, all numbers of each: $z_i = b + \sum w\,x$; the feature is the largest, and at least 0.",
            "Write the filter on a strip of paper and lay it on columns 0 to 2, then 1 to 3, and so on. Six products and b at each place; circle the largest sum.",
        ),
        misconceptions=(
            wrong("first frame not counted",
                  "You counted the steps from frame to frame. The first frame is there before any step: one more.",
                  (FRAMES, "frames = (samples - window) // hop")),
            wrong("frames rounded up",
                  "You counted a frame that reaches beyond the end of the sound. Only whole frames count: round down.",
                  (FRAMES, "frames = -((window - samples) // hop) + 1")),
            wrong("frames side by side",
                  "You laid the frames side by side. They start `hop` samples apart, and overlap.",
                  (FRAMES, "frames = samples // window")),
            wrong("a frame at every hop",
                  "You let a frame start at every hop up to the end. The last ones would reach beyond the sound: take the window off first.",
                  (FRAMES, "frames = samples // hop")),
            wrong("frequency 0 forgotten",
                  "You forgot one frequency: 0 counts, and so does window/2, with all between them.",
                  (BINS, "bins = window // 2")),
            wrong("a frequency for each sample",
                  "You counted a frequency for each sample. Of a real sound the upper half mirrors the lower one: 0 to window/2 is all there is.",
                  (BINS, "bins = window")),
            wrong("as many places as words",
                  "You counted a place for each word. Without padding the filter has to lie on the text with all its words.",
                  ("places = L - F + 1", "places = L")),
            wrong("first place not counted",
                  "You counted the steps of the filter, not its places. The first place is there before any step: one more.",
                  ("places = L - F + 1", "places = L - F")),
            wrong("slid in two directions",
                  "You slid the filter over the two numbers of the vectors as well. They are channels: it always covers all of them and moves along the words only.",
                  ("places = L - F + 1", "places = (L - F + 1) * len(vectors)")),
            wrong("b left out",
                  "Your feature lacks b, which is added to every sum.",
                  (Z, Z.replace(" + b", ""))),
            wrong("filter reversed",
                  "You laid the filter on back to front. A layer takes it as it is: its first column on the first word.",
                  (Z, Z.replace("filter)", "filter[:, ::-1])"))),
            wrong("first row only",
                  "You used the first row alone. A word is a column of two numbers, and the filter has a row for each of them.",
                  (Z, Z.replace("vectors[:, i:i + F] * filter", "vectors[0, i:i + F] * filter[0]"))),
            wrong("first place only",
                  "Your feature is the sum at the first place. Slide the filter over all of them, then take the largest.",
                  (FEATURE, "feature = max(0, z[0])")),
            wrong("sum over time",
                  "You added up all places. Maximum over time: the strongest place alone counts.",
                  (FEATURE, "feature = sum(z)")),
            wrong("mean over time",
                  "You took the mean of all places. Maximum over time: the strongest place alone counts.",
                  (FEATURE, "feature = sum(z) / len(z)")),
            wrong("place in place of the value",
                  "You gave the place of the maximum. The feature is its value; the place is what the way back needs.",
                  (FEATURE, "feature = float(np.argmax(z))")),
        ),
    ),
    SPECTROGRAM,
    MATCH,
    EMBED,
    FORWARD,
    BACKWARD,
    quiz(
        id="13.which_pass",
        rows=("C-audio",),
        answer=which_pass,
        hints=(
            "Three questions to the check's one example. Is a found beat exactly 2 frames away? Are there two found beats near one true one? "
            "What does 6/7 become where hits count once?",
            "A differs only at a gap of exactly the tolerance. B differs only where a beat could be in two pairs. C differs wherever F1 is neither 0 nor 1.",
            "Run it: `careless_check(version_A)`, and so on. The gaps are 1, 0 and 1; the fourth alarm is far from everything; 3/(4 + 3 - 3) is 3/4.",
        ),
        misconceptions=(
            wrong("all three pass",
                  "You let all three pass. C is caught: with three hits, one false alarm and no miss it gives 3/4, where F1 is 6/7.",
                  ('{"A", "B"}', '{"A", "B", "C"}')),
            wrong("none passes",
                  "You say that all three are caught. But no gap is exactly 2, and no beat has two near it: where A and B go wrong, the check does not look.",
                  ('{"A", "B"}', "set()")),
            wrong("A is caught",
                  "A passes: its < differs from <= only where a gap is exactly 2, and here the gaps are 1, 0 and 1.",
                  ('{"A", "B"}', '{"B"}')),
            wrong("B is caught",
                  "B passes: it lets a beat be in two pairs, but here no two beats are near the same one.",
                  ('{"A", "B"}', '{"A"}')),
            wrong("C for A",
                  "A passes and C does not. No gap is exactly 2, so A's < does no harm; C counts the hits once, and 3/4 is not 6/7.",
                  ('{"A", "B"}', '{"B", "C"}')),
            wrong("C for B",
                  "B passes and C does not. No beat has two near it, so B does no harm; C counts the hits once, and 3/4 is not 6/7.",
                  ('{"A", "B"}', '{"A", "C"}')),
        ),
    ),
)
