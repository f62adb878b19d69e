"""13_beyond_images: the worked numbers, what sound and text come to, the quiz's truth, and what the check says to typical wrong answers."""

import numpy as np
import pytest
import scipy.signal
from solved import Solved

from course_lib.check import check, show_numbers
from course_lib.check.engine import cases_for, judge
from course_lib.check.exercises import exercises
from course_lib.check.exercises.text_conv import HAND, HAND_FILTERS
from course_lib.data import log_spectrogram, synthetic_beats
from course_lib.gradcheck import numerical_gradient

SOLVED = Solved("13_beyond_images")
cell, expected, space = SOLVED.cell, SOLVED.expected, SOLVED.space
KNOWN = exercises("13")


def printed():
    nb = SOLVED.book()
    return "\n".join(o.text for c in nb.cells if c.cell_type == "code" for o in c.outputs if o.get("name") == "stdout")


def share(line):
    (found,) = [text for text in printed().splitlines() if text.startswith(line) and "%" in text]
    return float(found.split("%")[0].split()[-1]) / 100


# --- the worked numbers, from what the checks compare with -------------------------------------------------------------


@pytest.mark.row("C-audio", "C-text", "D-conv1d")
def test_the_prediction():
    assert expected("predict_sizes") == {"frames": 8, "bins": 129, "places": 4, "feature": 5}


@pytest.mark.row("C-audio")
def test_the_frame_of_four_by_hand():
    np.testing.assert_allclose(expected("spectrogram", np.array([1.0, 2, 3, 4]), 4, 2)["S"], [[6], [np.sqrt(10)], [0]], atol=1e-12)


@pytest.mark.row("C-audio")
@pytest.mark.parametrize("window, hop", [(64, 16), (50, 70), (33, 11)])
def test_spectrogram_against_scipy(window, hop):
    wave = np.random.default_rng(0).normal(size=1000)
    transform = scipy.signal.ShortTimeFFT(scipy.signal.windows.hann(window, sym=False), hop, fs=1)
    first = (window // 2) // hop + (window // 2 % hop > 0)  # SciPy centres its frames: shift the sound so that they start where ours do
    padded = np.concatenate([np.zeros(first * hop - window // 2), wave])
    T = (len(wave) - window) // hop + 1
    want = np.abs(transform.stft(padded, p0=first, p1=first + T))
    np.testing.assert_allclose(expected("spectrogram", wave, window, hop)["S"], want, atol=1e-9)


@pytest.mark.row("C-audio")
def test_the_librarys_pictures_are_bands_of_the_squared_spectrogram():
    wave = synthetic_beats(clips=(1, 1, 1), seconds=1.0)["waves"][0]
    S = expected("spectrogram", wave, 512, 256)["S"]
    one = log_spectrogram(wave, bands=24)
    rows = (10**one - 1e-6) * 512**2
    weights, *_ = np.linalg.lstsq((S**2).T, rows.T, rcond=None)
    np.testing.assert_allclose((S**2).T @ weights, rows.T, rtol=1e-6, atol=1e-6)
    assert S.shape == (257, 30) and one.shape == (24, 30)


@pytest.mark.row("C-audio")
def test_beats_are_matched_once_and_as_many_as_can_be():
    got = expected("match_beats", [11, 25, 29, 50], [10, 20, 30], 2)
    assert got == {"precision": pytest.approx(1 / 2), "recall": pytest.approx(2 / 3), "f1": pytest.approx(4 / 7)}
    assert expected("match_beats", [3, 6], [1, 4], 2)["f1"] == 1
    every = expected("match_beats", range(124), [8, 28, 49, 70, 90, 111], 2)
    assert every["recall"] == 1 and every["precision"] == pytest.approx(6 / 124)


@pytest.mark.row("C-audio")
def test_the_f1_of_exact_hits_is_the_one_of_frames():
    from course_lib.train import f1_score

    rng = np.random.default_rng(1)
    y, said = rng.random(60) < 0.2, rng.random(60) < 0.2
    assert expected("match_beats", np.flatnonzero(said), np.flatnonzero(y), 0)["f1"] == pytest.approx(f1_score(y.astype(int), said.astype(int)))


@pytest.mark.row("C-text")
def test_a_word_that_comes_again_adds_up():
    assert expected("embed_backward", np.array([[[1.0, 2, 4]]]), np.array([[2, 3, 2]]), 4)["dE"].tolist() == [[0], [0], [5], [2]]
    assert expected("embed_backward", np.array([[[1.0, 2, 4]]]), np.array([[1, 1, 0]]), 4)["dE"].tolist() == [[0], [3], [0], [0]]


@pytest.mark.row("C-text", "D-conv1d")
def test_the_four_words_by_hand():
    got = expected("conv_text_forward", HAND, HAND_FILTERS[:1], np.array([-1.0]))
    assert got["h"].tolist() == [[2]] and got["where"].tolist() == [[1]]
    back = expected("conv_text_backward", np.array([[2.0]]), HAND, HAND_FILTERS[:1], got["h"], got["where"])
    assert back["dw"].tolist() == [[[0, 4], [6, 2]]] and back["db"].tolist() == [2]
    assert back["dx"].tolist() == [[[0, 2, 4, 0], [0, 0, -2, 0]]]


@pytest.mark.row("C-text", "A-poolback")
def test_backward_against_numerical_gradients():
    rng = np.random.default_rng(2)
    x, w, b = rng.normal(size=(3, 2, 7)), rng.normal(size=(4, 2, 3)), rng.normal(size=4) - 2
    E, ids, dh = rng.normal(size=(6, 2)), rng.integers(1, 6, (3, 7)), rng.normal(size=(3, 4))
    got = expected("conv_text_forward", x, w, b)
    assert 0 < (got["h"] == 0).sum() < got["h"].size
    back = expected("conv_text_backward", dh, x, w, got["h"], got["where"])
    for name, value, f in (("dx", x, lambda v: (v, w, b)), ("dw", w, lambda v: (x, v, b)), ("db", b, lambda v: (x, w, v))):
        np.testing.assert_allclose(back[name], numerical_gradient(lambda v, f=f: expected("conv_text_forward", *f(v))["h"], value, dh), atol=1e-7)
    dx = rng.normal(size=(3, 2, 7))
    np.testing.assert_allclose(expected("embed_backward", dx, ids, 6)["dE"], numerical_gradient(lambda v: v[ids].transpose(0, 2, 1), E, dx), atol=1e-7)


# --- what the solved notebook shows ------------------------------------------------------------------------------------


@pytest.mark.row("C-audio")
def test_convolutions_find_more_beats_than_a_linear_classifier_and_accuracy_hides_it():
    lines = {line.split(":")[0]: line for line in printed().splitlines() if "of the test frames" in line}
    f1 = {name: float(line.rsplit("F1 ", 1)[1]) for name, line in lines.items()}
    assert f1["never a beat"] == 0 and f1["convolutions"] > 0.94 > f1["linear"] > 0.86
    assert all(share(f"{name}:") > 0.94 for name in lines)


@pytest.mark.row("C-text")
def test_width_four_beats_the_bag_of_words_and_width_one_does_not():
    assert share("convolution, width 4:") > 0.97
    assert share("bag of words, linear:") < 0.75 and share("convolution, width 1:") < 0.78
    assert float(printed().split("training texts, ")[-1].split("%")[0]) > 95  # the net of the learner's own functions


# --- the checks --------------------------------------------------------------------------------------------------------

PAIRS = [(e, m) for e in KNOWN.values() for m in e.misconceptions if not e.by_hand]


@pytest.mark.parametrize("exercise, misconception", PAIRS, ids=[f"{e.name}-{m.name.replace(' ', '-')}" for e, m in PAIRS])
def test_the_visible_check_already_finds_and_names_each_idea(exercise, misconception):
    """A learner is told in the notebook, not first by the grade."""
    verdict = judge(exercise, exercise.wrong_functions(misconception), cases_for(exercise, None, 0), 4.0)
    assert verdict < 4.0 and verdict.ideas == (misconception.name,)


def test_steps_in_place_of_places_are_told_and_the_right_numbers_kept_quiet():
    verdict = check("13.predict_sizes", lambda: (7, 128, 4, 5), points=3)
    assert verdict == 1.5 and verdict.ideas == ("first frame not counted", "frequency 0 forgotten")
    assert "129" not in verdict.message


def test_each_variant_of_the_prediction_has_its_own_numbers():
    mine, neighbours = (KNOWN["13.predict_sizes"].reference[0](**show_numbers("13.predict_sizes", v).values) for v in (3, 4))
    assert check("13.predict_sizes", lambda: mine, points=3, variant=3) == 3.0
    assert check("13.predict_sizes", lambda: neighbours, points=3, variant=3) < 3.0


def test_numpys_hanning_is_told():
    def spectrogram(wave, window, hop):
        frames = np.lib.stride_tricks.sliding_window_view(wave, window)[::hop]
        return np.abs(np.fft.rfft(frames * np.hanning(window), axis=1)).T

    verdict = check("13.spectrogram", spectrogram, points=2)
    assert verdict.ideas == ("window that ends at 0",) and "periodic" in verdict.message


def test_fancy_indices_that_keep_the_last_gradient_are_told():
    def embed_backward(dx, ids, size):
        dE = np.zeros((size, dx.shape[1]))
        dE[ids] += dx.transpose(0, 2, 1)
        dE[0] = 0
        return dE

    verdict = check("13.embed_backward", embed_backward, points=1)
    assert verdict.ideas == ("overwritten",) and "np.add.at" in verdict.message


def test_any_beat_near_is_told_with_the_smallest_case():
    def match_beats(found, true, tolerance):
        near = np.abs(np.subtract.outer(found, true)) <= tolerance
        precision, recall = (near.any(axis=a).mean() if near.size else 0.0 for a in (1, 0))
        return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0

    verdict = check("13.match_beats", match_beats, points=2)
    assert 0 < verdict < 2 and "found = np.array([5.])" in verdict.message


# --- the quiz ----------------------------------------------------------------------------------------------------------


def test_the_quizs_truth_is_what_the_careless_check_says():
    names = space("quiz-code")
    passing = {letter: float(names["careless_check"](names[f"version_{letter}"])) for letter in "ABC"}
    assert passing == expected("which_pass")
    assert names["careless_check"](names["right_version"])
    examples = {"A": ([12], [10, 20], 2), "B": ([9, 11], [10, 20], 2), "C": ([11, 40], [10, 20], 2)}
    for letter, (found, true, tolerance) in examples.items():  # and each really is wrong
        right = expected("match_beats", found, true, tolerance)["f1"]
        assert names["right_version"](found, true, tolerance) == pytest.approx(right) != pytest.approx(names[f"version_{letter}"](found, true, tolerance))


@pytest.mark.parametrize("answer, says", [({"B"}, "A passes"), ({"A"}, "B passes"), ("ABC", "C is caught"), (set(), "all three are caught"),
                                          ({"B", "C"}, "A passes and C does not"), ({"A", "C"}, "B passes and C does not")])
def test_each_wrong_letter_is_explained_and_guessing_earns_nothing(answer, says):
    verdict = check("13.which_pass", lambda: answer, points=2)
    assert verdict == 0.0 and says in verdict.message
