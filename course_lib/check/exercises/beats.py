"""13_beyond_images: sound. A spectrogram, and a fair count of the beats that a net found."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exercise import Case, Exercise, wrong
from ..inputs import whole

# --- the right answers, as a student would write them ------------------------------------------------------------------


def spectrogram(wave, window, hop):
    n = np.arange(window)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * n / window)
    T = (len(wave) - window) // hop + 1
    S = np.empty((window // 2 + 1, T))
    for t in range(T):
        start = t * hop
        piece = wave[start:start + window] * hann
        S[:, t] = np.abs(np.fft.rfft(piece))
    return S


def match_beats(found, true, tolerance):
    free, hits = list(true), 0
    for f in found:
        near = [t for t in free if f - tolerance <= t <= f + tolerance]
        if near:
            free.remove(near[0])
            hits += 1
    f1 = 2 * hits / (len(found) + len(true)) if hits else 0.0
    precision = hits / len(found) if len(found) else 0.0
    recall = hits / len(true) if len(true) else 0.0
    return precision, recall, f1


# --- the same in another way: no Fourier transform, no two fingers -----------------------------------------------------


def _spectrogram(wave, window, hop):
    pieces = np.lib.stride_tricks.sliding_window_view(np.asarray(wave, dtype=float), window)[::hop]  # (T, window)
    n, f = np.arange(window), np.arange(window // 2 + 1)
    waves = np.exp(-2j * np.pi * np.outer(f, n) / window) * np.sin(np.pi * n / window) ** 2
    return np.abs(waves @ pieces.T)


def _match_beats(found, true, tolerance):
    pairs = np.zeros((len(found) + 1, len(true) + 1))  # the most pairs among the first i and the first j
    for i, f in enumerate(found, 1):
        for j, t in enumerate(true, 1):
            pairs[i, j] = max(pairs[i - 1, j], pairs[i, j - 1], pairs[i - 1, j - 1] + (abs(f - t) <= tolerance))
    hits = pairs[-1, -1]
    precision, recall = (hits / len(beats) if len(beats) else 0.0 for beats in (found, true))
    return precision, recall, 2 * precision * recall / (precision + recall) if hits else 0.0


# --- cases -------------------------------------------------------------------------------------------------------------


def _sound(label: str, wave: Any, window: int, hop: int, form: str = "") -> Case:
    wave = np.array(wave, dtype=float)
    return Case(label, (wave, window, hop), form=form, constants={"window": window},
                tags={"hop": "below window" if hop < window else "equal to window" if hop == window else "above window",
                      "the last frame": "ends with the sound" if (len(wave) - window) % hop == 0 else "leaves samples over",
                      "window": "odd" if window % 2 else "even", "frames": "one" if len(wave) < window + hop else "several"})


def sound_visible() -> list[Case]:
    rng = np.random.default_rng(1301)
    return [
        _sound("one frame of four samples", [1, 2, 3, 4], 4, 2),
        _sound("four samples that are all the same", [2, 2, 2, 2], 4, 4),
        _sound("three frames of four, hop 2", [1, 2, 3, 4, 0, -2, 1, 3], 4, 2),
        _sound("frames of six, hop 4, samples left over, read-only", whole(rng, 17), 6, 4, "read-only"),
        _sound("frames of five, hop 2, integers", whole(rng, 12), 5, 2, "integers"),
        _sound("frames of four, hop 7: samples between them that nobody hears", whole(rng, 20), 4, 7),
    ]


def sound_weak() -> list[Case]:
    return [_sound("silence", np.zeros(12), 4, 2), _sound("one frame of ones", np.ones(4), 4, 4), _sound("two samples", [0, 1], 2, 1)]


def sound_draw(rng: np.random.Generator, W: int = 40, window: int = 8, hop: int = 3, form: str = "") -> Case:
    return _sound(f"{W} samples, frames of {window}, hop {hop}{', ' + form if form else ''}", whole(rng, W, low=-9, high=9), window, hop, form)


def _beats(label: str, found: Any, true: Any, tolerance: float, form: str = "") -> Case:
    found, true = np.array(found, dtype=float), np.array(true, dtype=float)
    near = np.abs(found[:, None] - true) <= tolerance
    return Case(label, (found, true, tolerance), form=form,
                tags={"tolerance": "0" if tolerance == 0 else "above 0", "found beats": "none" if not len(found) else "some", "true beats": "none" if not len(true) else "some",
                      "several within the tolerance of one": "yes" if near.sum(0).max(initial=0) > 1 or near.sum(1).max(initial=0) > 1 else "no"})


def beats_visible() -> list[Case]:
    return [
        _beats("two of three found, two false alarms", [11, 25, 29, 50], [10, 20, 30], 2),
        _beats("one found beat between two true ones", [5], [4, 6], 1),
        _beats("three found beats round one true one", [9, 10, 11], [10, 20], 1),
        _beats("both can be paired, but not by taking the nearest first", [3, 6], [1, 4], 2),
        _beats("the earlier of two true beats is the nearer one, and the later one is needed", [4, 8], [3, 6], 2),
        _beats("a false alarm at the start shifts the numbers", [1, 10, 21, 29], [10, 20, 30], 1),
        _beats("a miss at the start", [20, 31], [10, 20, 30, 40, 50], 1, "integers"),
        _beats("exactly as far as the tolerance, on both sides", [8, 23, 41], [10, 20, 30], 3, "read-only"),
        _beats("tolerance 0", [10, 21, 30], [10, 20, 30, 40], 0, "integers"),
        _beats("nothing found", [], [10, 20], 2),
        _beats("no beats there", [10, 20], [], 2),
        _beats("nothing found, and no beats there", [], [], 2),
    ]


def beats_weak() -> list[Case]:
    return [_beats("all found", [10, 20], [10, 20], 2), _beats("one found, one missed", [10], [10, 20], 2), _beats("none right", [40], [10], 2)]


def beats_draw(rng: np.random.Generator, true: int = 8, extra: int = 3, missed: int = 2, tolerance: int = 2, spacing: int = 9, chains: int = 1, form: str = "") -> Case:
    """Beats about `spacing` apart, `missed` of them not found, the others up to one frame beyond the tolerance away; and `extra` more.

    Behind them, `chains` times, what each careless way of pairing gets wrong: two pairs that make one only where each found beat
    takes the nearest true one, and two true beats beside one found.
    """
    beats = np.cumsum(rng.integers(max(1, spacing - 2), spacing + 3, true)) if true else np.zeros(0, int)
    kept = np.sort(rng.permutation(true)[missed:])
    off = rng.integers(-tolerance - 1, tolerance + 2, len(kept))
    off[:2] = [tolerance, -tolerance][:len(off)]  # always some that lie exactly on the border
    found = np.unique(np.concatenate([beats[kept] + off, rng.integers(0, spacing * (true + 1), extra)]).astype(int))
    for _ in range(chains):
        start = max(found.max(initial=0), beats.max(initial=0)) + 2 * tolerance + rng.integers(2, 6)
        beats = np.append(beats, [start, start + tolerance + 1])
        found = np.append(found, [start + tolerance, start + 2 * tolerance + 1])
        start = found[-1] + 2 * tolerance + 1  # one found beat beside two true ones; and one that is nearly too late
        beats = np.append(beats, [start, start + 1, start + 3 * tolerance + 3])
        found = np.append(found, [start, start + 4 * tolerance + 2])
    return _beats(f"{true} beats {spacing} apart, {missed} missed, {extra} more, tolerance {tolerance}{', ' + form if form else ''}", found, beats, tolerance, form)


# --- the exercises -----------------------------------------------------------------------------------------------------

HANN = "hann = 0.5 - 0.5 * np.cos(2 * np.pi * n / window)"
MAGNITUDE = "S[:, t] = np.abs(np.fft.rfft(piece))"
START = "start = t * hop"
PAIR, NEAR = "free.remove(near[0])", "f - tolerance <= t <= f + tolerance"
F1 = "f1 = 2 * hits / (len(found) + len(true)) if hits else 0.0"
SPECTROGRAM = Exercise(
    id="13.spectrogram",
    rows=("C-audio",),
    answer=(spectrogram,),
    reference=(_spectrogram,),
    arguments=("wave", "window", "hop"),
    outputs=("S",),
    visible=sound_visible,
    weak=sound_weak,
    draw=sound_draw,
    hints=(
        "Four steps for frame t: cut out its samples, multiply by the Hann window, transform, take the magnitude. How many frames fit is the size "
        "formula of a convolution with stride `hop`.",
        r"$T = \lfloor (W - window)/hop \rfloor + 1$, $hann_n = \frac12 - \frac12\cos(2\pi n/window)$ and "
        r"$S_{ft} = \left|\sum_n hann_n\, wave_{t\cdot hop + n}\, e^{-2\pi i f n/window}\right|$.",
        "`piece = wave[t * hop : t * hop + window] * hann`, then `S[:, t] = np.abs(np.fft.rfft(piece))`, with `S = np.zeros((window // 2 + 1, T))`.",
    ),
    misconceptions=(
        wrong("no Hann window",
              "You left out the Hann window. A frame cut off hard begins and ends with a jump, and a jump spreads over all frequencies.",
              (HANN, "hann = np.ones(window)")),
        wrong("window that ends at 0",
              "Your Hann window divides by window - 1, so it ends at 0 as well as it begins there. Here it is the periodic one, n / window: its next "
              "value would be 0.",
              (HANN, "hann = 0.5 - 0.5 * np.cos(2 * np.pi * n / (window - 1))")),
        wrong("Hamming window",
              "You used a Hamming window, 0.54 - 0.46·cos. Hann's is 0.5 - 0.5·cos and starts at 0.",
              (HANN, "hann = 0.54 - 0.46 * np.cos(2 * np.pi * n / window)")),
        wrong("window upside down",
              "Your window is upside down: 1 at the start and 0 in the middle. Hann's keeps the middle of the frame: 0.5 *minus* 0.5·cos.",
              (HANN, "hann = 0.5 + 0.5 * np.cos(2 * np.pi * n / window)")),
        wrong("power",
              "You squared the magnitudes: that is the power. Here S holds the magnitudes themselves.",
              (MAGNITUDE, "S[:, t] = np.abs(np.fft.rfft(piece)) ** 2")),
        wrong("real part",
              "You took the real part of the transform alone. A tone may start anywhere in its swing; only the magnitude, √(re² + im²), does not mind.",
              (MAGNITUDE, "S[:, t] = np.abs(np.fft.rfft(piece).real)")),
        wrong("imaginary part",
              "You took the imaginary part of the transform alone. A tone may start anywhere in its swing; only the magnitude, √(re² + im²), does not mind.",
              (MAGNITUDE, "S[:, t] = np.abs(np.fft.rfft(piece).imag)")),
        wrong("signs kept",
              "You kept the real part with its sign. A magnitude is never negative: np.abs of the complex number.",
              (MAGNITUDE, "S[:, t] = np.fft.rfft(piece).real")),
        wrong("logarithm",
              "You took a logarithm. That helps a picture, and a net, later on; here S holds the magnitudes as they are.",
              (MAGNITUDE, "S[:, t] = np.log1p(np.abs(np.fft.rfft(piece)))")),
        wrong("divided by the window",
              "You divided by the number of samples in a frame. Some programs do; the formula here has no such factor.",
              (MAGNITUDE, "S[:, t] = np.abs(np.fft.rfft(piece)) / window")),
        wrong("one sample apart",
              "Your frames start one sample apart. Frame t starts at sample t·hop.",
              (START, "start = t")),
        wrong("frames from the end",
              "Your frames are counted from the end of the sound. Frame 0 starts at sample 0, and what is left over is at the end.",
              (START, "start = len(wave) - window - t * hop")),
        wrong("highest frequency first",
              "Your rows run from the highest frequency down. Row 0 is frequency 0; only the picture is drawn the other way up.",
              (MAGNITUDE, "S[::-1, t] = np.abs(np.fft.rfft(piece))")),
        wrong("mean taken off",
              "You took each frame's mean off first. Then row 0 is not the formula's any more, and with the Hann window row 1 is not either.",
              ("wave[start:start + window] * hann", "(wave[start:start + window] - wave[start:start + window].mean()) * hann")),
        wrong("window on the frequencies",
              "You multiplied the frequencies by the window. It belongs on the samples, before the transform.",
              ("wave[start:start + window] * hann", "wave[start:start + window]"), (MAGNITUDE, "S[:, t] = np.abs(np.fft.rfft(piece)) * hann[:window // 2 + 1]")),
    ),
)

MATCH = Exercise(
    id="13.match_beats",
    rows=("C-audio",),
    answer=(match_beats,),
    reference=(_match_beats,),
    arguments=("found", "true", "tolerance"),
    outputs=("precision", "recall", "f1"),
    visible=beats_visible,
    weak=beats_weak,
    draw=beats_draw,
    hints=(
        "Both lists are in order of time. Put a finger on the first beat of each. If they are near enough, they are a pair. If not, one of the two can "
        "never be paired: which?",
        r"With $h$ pairs: precision $h/|found|$, recall $h/|true|$, $F_1 = 2h / (|found| + |true|)$; and 0 where nothing is divided by.",
        "`gap = found[i] - true[j]`. If `abs(gap) <= tolerance`, count a pair and move both fingers. Else move the one on the earlier beat: `i` where gap "
        "is negative, `j` where it is positive.",
    ),
    misconceptions=(
        wrong("a true beat paired again",
              "You pair one true beat with every found one near it. Then three alarms round one beat count as three hits: each beat is in at most one pair.",
              (PAIR, "pass")),
        wrong("a found beat paired again",
              "You pair one found beat with every true one near it. One alarm between two beats can be right about one of them only.",
              (PAIR, "free, hits = [t for t in free if t not in near], hits + len(near) - 1")),
        wrong("nearest first",
              "You give each found beat the nearest true one that is left. That can take away the only partner of the next: count the *largest* number of pairs.",
              (PAIR, "free.remove(min(near, key=lambda t: abs(f - t)))")),
        wrong("latest first",
              "Of several true beats that are near you give the found one the latest. The next found beat may need that one: take the earliest.",
              (PAIR, "free.remove(near[-1])")),
        wrong("same place in the list",
              "You compare the first with the first, the second with the second. One false alarm at the start, and all the rest no longer fits.",
              ("for t in free if f - tol", "for g, t in zip(found, true) if g == f and f - tol")),
        wrong("border left out",
              "You leave out pairs that are exactly `tolerance` apart. They count: at most the tolerance, <=.",
              (NEAR, "f - tolerance < t < f + tolerance")),
        wrong("exactly the same frame",
              "You count exact hits only. A found beat may be up to `tolerance` away.",
              (NEAR, "f == t")),
        wrong("late only",
              "You count a found beat only where it is on time or late. It may be early, too: look at the magnitude of the gap.",
              (NEAR, "f - tolerance <= t <= f")),
        wrong("early only",
              "You count a found beat only where it is on time or early. It may be late, too: look at the magnitude of the gap.",
              (NEAR, "f <= t <= f + tolerance")),
        wrong("half the tolerance",
              "You allow half the tolerance on either side. It is the largest distance, not the width of the whole window.",
              (NEAR, "f - tolerance / 2 <= t <= f + tolerance / 2")),
        wrong("precision and recall swapped",
              "You swapped precision and recall. Precision is the share of the *found* beats that are right; recall the share of the *true* ones that are found.",
              ("return precision, recall, f1", "return recall, precision, f1")),
        wrong("arithmetic mean",
              "Your f1 is the arithmetic mean of precision and recall. It is the harmonic mean, which is small as soon as one of the two is.",
              ("return precision, recall, f1", "return precision, recall, (precision + recall) / 2")),
        wrong("hits of all events",
              "Your f1 is hits divided by hits + false alarms + misses (Jaccard's measure). In F1 the hits count twice, above and below.",
              (F1, "f1 = hits / (len(found) + len(true) - hits) if hits else 0.0")),
        wrong("2 left out",
              "Your f1 lacks its factor 2: with everything right it would be ½.",
              (F1, "f1 = hits / (len(found) + len(true)) if hits else 0.0")),
        wrong("product",
              "Your f1 is the product of precision and recall. The harmonic mean is 2·precision·recall / (precision + recall).",
              ("return precision, recall, f1", "return precision, recall, precision * recall")),
        wrong("the smaller of the two",
              "Your f1 is the smaller one of precision and recall. The harmonic mean takes both into account.",
              ("return precision, recall, f1", "return precision, recall, min(precision, recall)")),
    ),
)
