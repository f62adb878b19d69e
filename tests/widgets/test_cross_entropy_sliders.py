"""CrossEntropySliders on Python's side: numbers, presets, refused input, state, repr, picture."""

import json
import math

import numpy as np
import pytest
from oracles import assert_agree, assert_is_gradient, normal

from course_lib.losses import softmax_cross_entropy
from course_lib.widgets import CrossEntropySliders
from course_lib.widgets._entropy_numbers import CLASSES, presets


@pytest.fixture
def sliders():
    widget = CrossEntropySliders([1, 2, 2.5, 0.5, -1], target="chair")
    yield widget
    widget.close()


# the lectures' numbers


@pytest.mark.row("A-ce5")
def test_equal_scores_lose_log_5():
    widget = CrossEntropySliders(preset="A-ce5/uniform")
    assert widget.example["names"] == list(CLASSES) == ["penguin", "building", "chair", "person", "bird"]
    assert widget.loss == pytest.approx(math.log(5))
    assert_agree(widget.gradient, [0.2, 0.2, 0.2, 0.2, -0.8])


@pytest.mark.row("A-ce5")
def test_raising_the_target_or_lowering_another_lowers_the_loss(sliders):
    before = sliders.loss
    for k in range(5):
        scores = np.array([1, 2, 2.5, 0.5, -1])
        scores[k] += 0.5 if k == 2 else -0.5
        sliders.change(scores=scores)
        assert sliders.loss < before


@pytest.mark.row("A-ce5")
def test_sure_and_right_sure_and_wrong():
    right, wrong = CrossEntropySliders(preset="A-ce5/right"), CrossEntropySliders(preset="A-ce5/wrong")
    assert right.loss < 0.01 and np.abs(right.gradient).max() < 0.01
    assert wrong.loss > 6 and wrong.gradient[0] > 0.99 and wrong.gradient[2] < -0.99


@pytest.mark.row("A-ce5")
def test_scores_near_1000_are_those_less_their_largest():
    widget = CrossEntropySliders(preset="A-ce5/shift")
    assert widget.numbers["overflows"] and widget.steps
    assert widget.numbers["shifted"] == [-3, -1, 0, -4, -5]
    assert_agree(widget.p, CrossEntropySliders([0, 2, 3, -1, -2], 2).p)
    assert not CrossEntropySliders([709, 0]).numbers["overflows"]
    assert CrossEntropySliders([0, 1000]).loss == 1000


@pytest.mark.row("E-softmaxce")
def test_two_classes():
    widget = CrossEntropySliders(preset="E-softmaxce")
    assert_agree(widget.p, [0.3, 0.7])
    assert_agree(widget.gradient, [0.3, -0.3])
    assert widget.loss == pytest.approx(-math.log(0.7))


@pytest.mark.row("A-softmaxjac")
@pytest.mark.parametrize("classes", [2, 5, 8])
def test_numbers_are_those_of_the_loss(classes):
    scores, target = 3 * normal(classes, classes), classes - 1
    widget = CrossEntropySliders(scores, target)
    loss, gradient = softmax_cross_entropy(scores[None], np.array([target]))
    assert widget.loss == pytest.approx(loss)
    assert_agree(widget.gradient, gradient[0])
    assert_agree(widget.gradient, widget.p - np.eye(classes)[target])
    assert_agree(np.array(widget.numbers["exps"]) / widget.numbers["total"], widget.p)
    assert_is_gradient(widget.gradient, lambda s: CrossEntropySliders(s, target).loss, scores)


# making and changing


def test_names_and_targets(sliders):
    assert sliders.example["target"] == 2
    assert CrossEntropySliders([1, 2], "class 1").example["target"] == 1
    assert CrossEntropySliders(preset="A-ce5", target="bird").example["target"] == 4
    sliders.change(target="person")
    assert (sliders.example["target"], sliders.preset, sliders.example["revision"]) == (3, "", 1)


def test_the_sliders_ends_stay_while_the_scores_do(sliders):
    ends = sliders.example["low"], sliders.example["high"]
    sliders.change(target=0)
    assert (sliders.example["low"], sliders.example["high"]) == ends == (-6, 8)
    sliders.change(scores=[0, 0, 0, 0, 20])
    assert (sliders.example["low"], sliders.example["high"]) == (-5, 25)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"scores": [1, 2, 3, 4, np.nan]}, r"scores: expected finite numbers, got nan at index \(4,\)"),
        ({"scores": [1, 2, 3, 4, "x"]}, "scores: expected float64"),
        ({"scores": [[1, 2]]}, "scores: expected 1 axes"),
        ({"scores": [1], "names": None, "target": 0}, "scores: expected at least 2, one for each class, got 1"),
        ({"scores": range(9), "names": None}, "scores: the widget shows at most 8 classes, got 9"),
        ({"scores": [1e7, 0, 0, 0, 0]}, "scores: expected numbers of magnitude up to 1,000,000"),
        ({"target": 5}, "target: expected an integer from 0 to 4, got 5"),
        ({"target": "cat"}, "target: expected one of penguin, building, chair, person, bird, got 'cat'"),
        ({"names": ["a", "b"]}, "names: expected 5 texts"),
        ({"names": ["a", "a", "b", "c", "d"]}, "names: expected different names"),
        ({"temperature": 2}, "change: expected scores, target, names, got temperature"),
    ],
)
def test_refused_changes_leave_the_last_good_state(sliders, change, message):
    before, numbers = sliders.example, sliders.numbers
    with pytest.raises((ValueError, TypeError), match=message):
        sliders.change(**change)
    assert sliders.example == before and sliders.numbers == numbers


@pytest.mark.parametrize(
    "entries, message",
    [
        ({"scores": [1, 2]}, "names: expected 2 texts"),
        ({"scores": [1, 2, 3, 4, None]}, "scores: expected float64"),
        ({"low": 5.0}, "low, high: expected ends that hold all scores"),
        ({"target": 1.5}, "target: expected an integer"),
        ({"more": 1}, "example: expected a dict with the entries"),
    ],
)
def test_a_refused_edit_is_told_and_the_last_good_example_stays(sliders, entries, message):
    before = sliders.example
    sliders.set_state({"example": {**sliders.example, **entries}})
    assert sliders.problem.startswith(message) and sliders.example == before
    sliders.set_state({"example": {**sliders.example, "scores": [0, 0, 0, 0, 0], "revision": 1}})
    assert sliders.problem == "" and sliders.loss == pytest.approx(math.log(5))


def test_an_unknown_preset_and_both():
    with pytest.raises(ValueError, match="preset: expected one of A-ce5"):
        CrossEntropySliders(preset="other")
    with pytest.raises(ValueError, match="preset: expected either"):
        CrossEntropySliders([1, 2], preset="A-ce5")


def test_state_round_trip():
    widget = CrossEntropySliders(preset="A-ce5/wrong", predict=True, steps=True)
    widget.guesses = {"2:0": {"rises": True, "right": True}}
    again = CrossEntropySliders.from_state(json.loads(json.dumps(widget.state())))
    assert again.state() == widget.state() and again.numbers == widget.numbers


# what is shown without a browser


def test_repr(sliders):
    assert repr(sliders) == (
        "CrossEntropySliders(scores=[1, 2, 2.5, 0.5, -1], target='chair', loss=0.6907, "
        "gradient=[0.1118, 0.304, -0.4988, 0.06783, 0.01514])"
    )


@pytest.mark.parametrize("name", list(presets()))
def test_the_picture_prints_every_sign(name):
    widget = CrossEntropySliders(preset=name)
    scores, _, gradient = widget.picture().axes
    printed = [label.get_text().split()[-1] for label in gradient.get_yticklabels()]
    np.testing.assert_allclose([float(text) for text in printed], widget.gradient, rtol=1e-3)
    assert all(text[0] in "+-" for text in printed)
    assert sum("(target)" in label.get_text() for label in scores.get_yticklabels()) == 1


def test_presets_and_the_size_of_a_page():
    assert len(CrossEntropySliders.presets()) == len(set(CrossEntropySliders.presets().values())) == 6
    assert len(json.dumps(CrossEntropySliders().get_state())) < 80_000
