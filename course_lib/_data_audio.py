"""Sound: WAV files, spectrograms, and made-up clips with drum beats among sounds that are no beats."""

import wave as wave_format
from pathlib import Path

import numpy as np

from . import _validate

RATE, WINDOW, HOP, BANDS = 8000, 512, 256, 24  # samples a second; samples a frame; samples from frame to frame; bands
CONTEXT = 4  # frames on either side of the one that is judged


def load_wav(path):
    """A WAV file as numbers: PCM of 8, 16, 24 or 32 bits, any number of channels.

    Formula: sample = integer / 2^(bits - 1), after 128 is taken from bytes, which WAV stores without a sign

    Arguments:
        path   the file
    Returns:
        wave   (C, W) float64 in [-1, 1); wave.mean(axis=0) mixes the channels to one
        rate   integer, samples a second
    Errors: FileNotFoundError; ValueError: not a WAV file, not PCM, empty or cut short. The message names the file.
    Lecture row: C-audio

    >>> from course_lib.data import load_wav
    >>> load_wav("clip-that-is-not-there.wav")
    Traceback (most recent call last):
    FileNotFoundError: path: no file clip-that-is-not-there.wav
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"path: no file {path}")
    try:
        with wave_format.open(str(path), "rb") as file:
            channels, width, rate, count = file.getparams()[:4]
            content = file.readframes(count)
    except (wave_format.Error, EOFError) as error:
        reason = str(error) or "the file is cut short"
        raise ValueError(f"{path}: expected a WAV file with PCM samples, found: {reason}") from error
    if width not in (1, 2, 3, 4):
        raise ValueError(f"{path}: expected samples of 8, 16, 24 or 32 bits, found {8 * width} bits")
    expected = count * channels * width
    if len(content) != expected or not content:
        raise ValueError(f"{path}: expected {count} samples in {expected} bytes, found {len(content)} bytes")
    if width == 1:
        samples = np.frombuffer(content, dtype=np.uint8).astype(np.float64) - 128
    else:  # the bytes, least significant first, become the upper bytes of a 32-bit integer
        padded = np.zeros((count * channels, 4), dtype=np.uint8)
        padded[:, 4 - width :] = np.frombuffer(content, dtype=np.uint8).reshape(-1, width)
        samples = padded.view("<i4")[:, 0] / 2.0 ** (32 - 8 * width)
    return np.ascontiguousarray(samples.reshape(count, channels).T) / 2.0 ** (8 * width - 1), rate


def log_spectrogram(wave, *, rate=RATE, window=WINDOW, hop=HOP, bands=BANDS, floor=1e-6):
    """Sound as a picture: how strong each band of frequencies is in each short frame, on a logarithmic scale.

    Formula: S[b,t] = log10(floor + Σ_f weight[b,f]·|Σ_n hann[n]·wave[t·hop + n]·e^{-2πi·f·n/window}|² / window²)

    The bands are triangles that overlap by half; their peaks lie evenly on the mel scale, 2595·log10(1 + Hz/700),
    which is close to even in Hz below 1 kHz and to even in octaves above.

    Arguments:
        wave    (W,), one channel, of at least `window` samples
        rate    integer, samples a second
        window  integer, at least 2: samples a frame
        hop     integer, at least 1: samples from one frame's start to the next one's
        bands   integer, at least 1
        floor   number above 0, which silence is shown as
    Returns:
        S       (bands, T), T = ⌊(W - window)/hop⌋ + 1
    Errors: ValueError, TypeError: wave is not of rank 1, too short or not finite; numbers out of range.
    Lecture row: C-audio

    >>> from course_lib.data import log_spectrogram
    >>> log_spectrogram([0.0] * 1024).shape, float(log_spectrogram([0.0] * 1024)[0, 0])
    ((24, 3), -6.0)
    """
    wave = _validate.finite("wave", _validate.array("wave", wave, axes="W"))
    rate = _validate.integer("rate", rate, minimum=1)
    window = _validate.integer("window", window, minimum=2, maximum=len(wave))
    hop = _validate.integer("hop", hop, minimum=1)
    bands = _validate.integer("bands", bands, minimum=1)
    floor = _validate.number("floor", floor, minimum=np.finfo(wave.dtype).tiny)
    frames = np.lib.stride_tricks.sliding_window_view(wave, window)[::hop]  # (T, window)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    power = np.abs(np.fft.rfft(frames * hann, axis=1)) ** 2 / window**2  # (T, window/2 + 1)
    return np.log10(floor + _mel_weights(rate, window, bands) @ power.T).astype(wave.dtype, copy=False)


def _mel_weights(rate, window, bands):
    """(bands, window/2 + 1): each row is a triangle, 1 at its band's middle and 0 at its neighbours' middles."""
    top = 2595 * np.log10(1 + rate / 2 / 700)
    corners = 700 * (10 ** (np.linspace(0, top, bands + 2) / 2595) - 1)  # (bands + 2,) in Hz
    low, middle, high = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    hertz = np.fft.rfftfreq(window, 1 / rate)
    return np.clip(np.minimum((hertz - low) / (middle - low), (high - hertz) / (high - middle)), 0, None)


def synthetic_beats(*, clips=(24, 6, 10), seconds=4.0, seed=0):
    """Beat detection on made-up clips: is the frame in the middle of this piece of spectrogram the start of a beat?

    A beat is a drum: a low tone that falls in pitch, with a sudden start and a slow end. Its loudness and tempo differ
    from clip to clip. The other sounds are no beats, though they resemble one: a drum played backwards (the same
    spectrum and energy, but a slow start and a sudden end), low notes that swell, bursts of high noise as sudden as a
    drum, and noise throughout. Beats start where a frame starts, so that each has exactly one frame.

    Formula: X[i] = columns t-4 ... t+4 of a clip's log_spectrogram, shifted and scaled by the training clips' mean and
             deviation; y[i] = 1 where a beat starts in column t, else 0

    Arguments:
        clips    (training, validation, test): how many clips of each; no clip is in two of them
        seconds  number, at least 1: the length of a clip
        seed     integer, at least 0
    Returns:
        data     dict with X_train (N, 1, 24, 9), y_train (N,) and so on for val and test, one entry a frame; beside
                 them, in the order training, validation, test:  waves (clips, W) in [-1, 1],  beats, a list with the
                 frames of each clip's beats,  and the numbers rate, window, hop
    Errors: ValueError, TypeError: clips is not three integers of at least 1; seconds or seed is out of range.
    Lecture row: C-audio

    >>> from course_lib.data import synthetic_beats
    >>> data = synthetic_beats(clips=(2, 1, 1), seconds=2.0)
    >>> data["X_train"].shape, data["waves"].shape, data["beats"][0].tolist()
    ((122, 1, 24, 9), (4, 16000), [9, 27, 46])
    """
    if not isinstance(clips, (tuple, list)) or len(clips) != 3:
        raise TypeError(f"clips: expected (training, validation, test), got {clips!r}")
    counts = [_validate.integer(f"clips[{i}]", count, minimum=1) for i, count in enumerate(clips)]
    seconds = _validate.number("seconds", seconds, minimum=1)
    seed = _validate.integer("seed", seed, minimum=0)
    rng = np.random.default_rng(seed)
    waves, beats = zip(*(_clip(int(seconds * RATE), rng) for _ in range(sum(counts))))
    pictures = np.stack([log_spectrogram(wave) for wave in waves])  # (clips, bands, T)
    mean, deviation = pictures[: counts[0]].mean(), pictures[: counts[0]].std()
    windows = _windows((pictures - mean) / deviation)  # (clips, T, bands, 2·CONTEXT + 1)
    labels = np.zeros(windows.shape[:2], dtype=np.intp)
    for row, frames in zip(labels, beats):
        row[frames] = 1
    data = {"waves": np.stack(waves), "beats": list(beats), "rate": RATE, "window": WINDOW, "hop": HOP}
    stops = np.cumsum(counts)
    for part, start, stop in zip(("train", "val", "test"), stops - counts, stops):
        data[f"X_{part}"] = windows[start:stop].reshape(-1, 1, *windows.shape[2:])
        data[f"y_{part}"] = labels[start:stop].reshape(-1)
    return data


def _windows(pictures):
    """Each column with its neighbours: (clips, bands, T) -> (clips, T, bands, 2·CONTEXT + 1); the ends are repeated."""
    padded = np.pad(pictures, ((0, 0), (0, 0), (CONTEXT, CONTEXT)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * CONTEXT + 1, axis=2)  # (clips, bands, T, width)
    return np.ascontiguousarray(windows.transpose(0, 2, 1, 3))


def _clip(length, rng):
    """(wave, frames of its beats): a steady drum, and sounds that are no beats at random moments."""
    wave = 0.02 * rng.uniform(0.5, 2) * rng.standard_normal(length)
    loudness, period = rng.uniform(0.25, 0.7), 60 / rng.uniform(80, 160) * RATE / HOP  # frames from beat to beat
    last = (length - WINDOW) // HOP
    times = np.arange(rng.uniform(1, period), last, period)
    frames = np.unique(np.rint(times + rng.uniform(-0.5, 0.5, len(times))).astype(int).clip(0, last))
    for frame in frames:
        _add(wave, frame * HOP, loudness * rng.uniform(0.7, 1.3) * _drum(rng))
    for sound, each_second in ((_drum_backwards, 0.8), (_low_note, 0.8), (_noise_burst, 2.0)):
        for _ in range(rng.poisson(each_second * length / RATE)):
            _add(wave, rng.integers(0, length), rng.uniform(0.2, 0.8) * sound(rng))
    return np.clip(wave, -1, 1), frames


def _add(wave, start, sound):
    """Mix a sound into the wave from `start` on; what reaches beyond its end is cut off."""
    stop = min(len(wave), start + len(sound))
    wave[start:stop] += sound[: stop - start]


def _drum(rng):
    t = np.arange(int(0.25 * RATE)) / RATE
    hertz = rng.uniform(55, 75) + rng.uniform(70, 130) * np.exp(-t / 0.03)
    return np.sin(2 * np.pi * np.cumsum(hertz) / RATE) * np.exp(-t / rng.uniform(0.05, 0.09))


def _drum_backwards(rng):
    return _drum(rng)[::-1]


def _low_note(rng):
    t = np.linspace(0, 1, int(rng.uniform(0.2, 0.5) * RATE))
    return np.sin(2 * np.pi * rng.uniform(60, 160) * t * len(t) / RATE) * np.sin(np.pi * t)


def _noise_burst(rng):
    t = np.arange(int(0.15 * RATE)) / RATE
    return np.diff(rng.standard_normal(len(t) + 1)) / 2 * np.exp(-t / 0.03)  # differences leave out the low frequencies
