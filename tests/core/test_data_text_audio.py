import runpy
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
from oracles import assert_agree, frozen, normal

import course_lib
from course_lib.conv import conv1d_forward
from course_lib.data import (
    bag_of_words,
    build_vocabulary,
    encode,
    log_spectrogram,
    one_hot,
    review_texts,
    reviews,
    synthetic_beats,
    tokenize,
)

DATAFILES = Path(course_lib.__file__).with_name("datafiles")

# text


@pytest.mark.row("C-text")
def test_words_numbers_and_rows():
    assert tokenize("  Not bad -- not BAD, she's said; 2nd_time! ") == [
        "not",
        "bad",
        "not",
        "bad",
        "she's",
        "said",
        "2nd",
        "time",
    ]
    assert tokenize("Ça a été süß") == ["ça", "a", "été", "süß"] and tokenize("...") == []
    vocabulary = build_vocabulary(["b a b", "c b a", "d"], min_count=1)
    assert vocabulary == ["<pad>", "<unknown>", "b", "a", "c", "d"]
    assert build_vocabulary(["b a b", "c b a"], min_count=2) == ["<pad>", "<unknown>", "b", "a"]
    ids = encode(["b x a", "", "d c b a"], vocabulary, 3)
    assert ids.tolist() == [[2, 1, 3], [0, 0, 0], [5, 4, 2]]
    assert bag_of_words(encode(["b b a", "x b x"], vocabulary, 4), 6).tolist() == [
        [0, 0, 2, 1, 0, 0],
        [0, 2, 1, 0, 0, 0],
    ]


@pytest.mark.row("C-text", "B-1x1")
def test_one_hot_words_through_a_width_1_convolution_are_word_vectors():
    ids = frozen(np.random.default_rng(0).integers(0, 7, (3, 5)))
    vectors = normal(1, 4, 7)  # (D, V): a column for each word
    words = one_hot(ids, 7)
    assert words.shape == (3, 7, 5) and words.dtype == np.uint8
    looked_up = np.where(ids[:, None] > 0, vectors[:, ids].transpose(1, 0, 2), 0)  # (N, D, L), 0 for the padding
    assert_agree(conv1d_forward(words, vectors[:, :, None])[0], looked_up)
    assert (words.sum(axis=2) == bag_of_words(ids, 7)).all()


def test_the_corpus_is_what_its_script_writes():
    script = runpy.run_path(str(DATAFILES / "make_reviews.py"))
    assert (DATAFILES / "reviews.tsv").read_text(encoding="utf-8") == script["make_reviews"]()
    assert script["make_reviews"](count=10, seed=1) != script["make_reviews"](count=10, seed=2)


@pytest.mark.row("C-text")
def test_the_corpus_is_readable_and_balanced():
    texts, labels, subjects = review_texts()
    assert len(set(texts)) == len(texts) == len(labels) == len(subjects) == 1600
    assert labels.sum() == 800
    assert np.bincount(subjects).min() > 200
    for text in texts:
        assert text[0].isupper() and text[-1] in ".!?" and "{" not in text and "  " not in text
        words = tokenize(text)
        assert not any(a == "a" and b[0] in "aeiou" or a == "an" and b[0] not in "aeiou" for a, b in pairwise(words))
    vocabulary = build_vocabulary(texts)
    assert len(vocabulary) > 250
    # praise and blame in one review, of which only the order tells which counts
    script = runpy.run_path(str(DATAFILES / "make_reviews.py"))
    both = [{*tokenize(text)} & {*script["PRAISE"]} and {*tokenize(text)} & {*script["BLAME"]} for text in texts]
    assert sum(map(bool, both)) > 0.3 * len(texts)


@pytest.mark.row("C-text")
def test_reviews_come_encoded_with_the_training_vocabulary():
    data = reviews(seed=4)
    assert [len(data[f"X_{part}"]) for part in ("train", "val", "test")] == [1120, 160, 320]
    seen = {word for text in data["texts_train"] for word in tokenize(text)}
    assert set(data["vocabulary"][2:]) == seen
    labels = dict(zip(*review_texts()[:2]))
    for part in ("train", "val", "test"):
        assert [labels[text] for text in data[f"texts_{part}"]] == data[f"y_{part}"].tolist()
        for text, row in zip(data[f"texts_{part}"][:20], data[f"X_{part}"]):
            words = [data["vocabulary"][number] for number in row if number]
            assert words == [word if word in seen else "<unknown>" for word in tokenize(text)]
    assert len(data["subjects_test"]) == 320


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: tokenize(b"bytes"), "text: expected a str, got bytes"),
        (lambda: build_vocabulary("one text"), "texts: expected a list of str, got str"),
        (lambda: build_vocabulary([]), "texts: expected at least one text"),
        (lambda: build_vocabulary(["a"], min_count=0), "min_count: expected an integer of at least 1"),
        (lambda: encode(["a", 3], ["<pad>", "<unknown>"], 2), "texts: expected a list of str"),
        (lambda: encode(["a"], ["a", "b"], 2), "vocabulary: expected it to start with '<pad>', '<unknown>'"),
        (lambda: encode(["a"], ["<pad>", "<unknown>"], 0), "length: expected an integer of at least 1"),
        (lambda: bag_of_words([[0, 4]], 4), "ids: expected labels in 0..3, got 4 at index 1"),
        (lambda: bag_of_words([0, 1], 4), r"ids: expected 2 axes \(N, L\), got shape \(2,\)"),
        (lambda: one_hot([[0.5]], 4), "ids: expected integer"),
        (lambda: one_hot([[0]], 0), "size: expected an integer of at least 1"),
    ],
)
def test_text_helpers_refuse(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


# sound


@pytest.mark.row("C-audio")
def test_spectrogram_against_scipy():
    wave = normal(0, 3000)
    _, _, power = scipy.signal.spectrogram(
        wave, 8000, window=scipy.signal.get_window("hann", 512), nperseg=512, noverlap=256, detrend=False,
        scaling="spectrum", mode="complex",
    )  # fmt: skip
    # SciPy divides by the window's sum, 256, we by its length
    energy = np.abs(power * 256 / 512) ** 2  # (257, T)
    hertz = np.fft.rfftfreq(512, 1 / 8000)
    mel = np.linspace(0, 2595 * np.log10(1 + 4000 / 700), 26)
    corners = 700 * (10 ** (mel / 2595) - 1)
    bands = np.stack([np.interp(hertz, corners[b : b + 3], [0, 1, 0], left=0, right=0) for b in range(24)])
    expected = np.log10(1e-6 + bands @ energy)
    assert np.max(np.abs(log_spectrogram(wave) - expected)) < 1e-9


@pytest.mark.row("C-audio")
def test_a_tone_is_in_its_band_and_silence_on_the_floor():
    t = np.arange(8000) / 8000
    loudest = [
        int(log_spectrogram(np.sin(2 * np.pi * hertz * t)).mean(axis=1).argmax()) for hertz in (100, 440, 1000, 3500)
    ]
    assert loudest == sorted(set(loudest)) and loudest[0] <= 1 and loudest[-1] >= 21
    assert (log_spectrogram(np.zeros(1000), floor=1e-4) == -4).all()
    assert log_spectrogram(np.zeros(512 + 3 * 100), hop=100, bands=5).shape == (5, 4)
    assert log_spectrogram(np.zeros(600, dtype=np.float32)).dtype == np.float32


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: log_spectrogram(np.zeros(511)), "window: expected an integer from 2 to 511, got 512"),
        (lambda: log_spectrogram(np.zeros((1, 999))), r"wave: expected 1 axes \(W\), got shape \(1, 999\)"),
        (lambda: log_spectrogram([np.nan] * 600), "wave: expected finite numbers"),
        (lambda: log_spectrogram(np.zeros(600), floor=0), "floor: expected a finite number"),
        (lambda: log_spectrogram(np.zeros(600), hop=0), "hop: expected an integer of at least 1"),
        (lambda: synthetic_beats(clips=3), r"clips: expected \(training, validation, test\), got 3"),
        (lambda: synthetic_beats(clips=(1, 0, 1)), r"clips\[1\]: expected an integer of at least 1"),
        (lambda: synthetic_beats(seconds=0.5), "seconds: expected a finite number of at least 1"),
    ],
)
def test_sound_refuses(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


@pytest.mark.row("C-audio")
def test_beats_belong_to_their_frames():
    data = synthetic_beats(clips=(3, 1, 2), seconds=3.0, seed=5)
    frames = (24000 - 512) // 256 + 1
    assert data["waves"].shape == (6, 24000) and np.abs(data["waves"]).max() <= 1
    assert data["X_train"].shape == (3 * frames, 1, 24, 9) and data["X_test"].shape == (2 * frames, 1, 24, 9)
    y = np.concatenate([data[f"y_{part}"] for part in ("train", "val", "test")]).reshape(6, frames)
    assert [np.flatnonzero(row).tolist() for row in y] == [beats.tolist() for beats in data["beats"]]
    assert 0.03 < y.mean() < 0.12
    # the middle column of a window is the clip's own frame, scaled by the training clips' mean and deviation
    pictures = np.stack([log_spectrogram(wave) for wave in data["waves"]])
    scaled = (pictures - pictures[:3].mean()) / pictures[:3].std()
    assert_agree(data["X_test"].reshape(2, frames, 24, 9)[:, :, :, 4], scaled[4:].transpose(0, 2, 1))
    assert_agree(data["X_train"][7, 0], scaled[0, :, 3:12])
    assert_agree(data["X_train"][0, 0, :, :5], np.repeat(scaled[0, :, :1], 5, axis=1))  # the end is repeated


@pytest.mark.row("C-audio")
def test_a_beat_starts_where_its_frame_starts():
    data = synthetic_beats(clips=(20, 1, 1), seconds=3.0, seed=1)
    before, after = [], []
    for wave, beats in zip(data["waves"], data["beats"]):
        for beat in beats[beats > 0]:
            before.append(np.square(wave[beat * 256 - 200 : beat * 256]).mean())
            after.append(np.square(wave[beat * 256 : beat * 256 + 200]).mean())
    assert np.median(after) > 5 * np.median(before)


def test_beats_depend_on_the_seed_only():
    first, again, other = (synthetic_beats(clips=(1, 1, 1), seconds=1.5, seed=seed)["waves"] for seed in (3, 3, 4))
    assert (first == again).all() and not (first == other).any(axis=1).all()
