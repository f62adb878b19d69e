"""Feedback pages: what they tell, and how the page is made."""

import base64
import hashlib

import pytest
from course_lib.grading._page_style import DARK, LIGHT, STYLE
from course_lib.grading._page_text import html_text
from course_lib.grading.course import (
    WorkbookError,
)
from course_lib.grading.pages import VERDICTS, render, write_feedback

from page_cases import (
    SCORES,
    Page,
    notebook,
    page,
    printed,
    prose,
    record,
)


def test_a_page_tells_points_verdict_isolation_misconception_and_comment(tmp_path):
    (path,) = write_feedback(record(notes=["locked cells put back: f-check"]), tmp_path, comments={"07": {"why": "Nearly: *why*?"}})
    assert path == tmp_path / "ada" / "07" / "07.html" and [p.name for p in path.parent.iterdir()] == ["07.html"]
    found = Page(path.read_text(encoding="utf-8"))
    for words in ("7 · The title", "Feedback for ada on 07", "bubblewrap, uid 65534", "0.5 of 9 points so far.", "Awaiting a marker: 4 points.",
                  "Misconception: no swap", "You forgot the swap.", "x = np.array([1., 2.])", "Nearly: why?", "awaiting a marker: 4 points",
                  "With the error carried forward: 2 points.", VERDICTS["ok"], "locked cells put back: f-check", "It swaps both.",
                  "Graded 2026-11-21T13:00:00+00:00", "abababababababab"):
        assert words in found.text, words
    for words in ("c0ffee", "library's own code"):  # the seed is secret; flags are for the instructor
        assert words not in found.text
    assert found.levels[0] == 1 and all(b - a <= 1 for a, b in zip(found.levels, found.levels[1:], strict=False))


def test_hidden_tests_say_that_they_are_there_and_not_how_they_ask():
    found = page()
    assert "Hidden tests" in found.text and "f (hidden tests): not right yet" in found.text and "Wrong in 6 of 6 cases." in found.text
    for secret in ("4711", "97", "BEGIN HIDDEN", "seed=", "size"):
        assert secret not in found.text, secret


def test_a_hidden_test_that_stopped_shows_its_message_and_no_line_of_itself():
    nb = notebook()
    nb["cells"][4]["outputs"] = [{"output_type": "error", "ename": "NameError", "evalue": "name 'f' is not defined",
                                  "traceback": ['----> 2 check("00.f", f, seed=4711)']}, printed("4711")]
    text = Page(render(nb, SCORES, student="ada", assignment="07")).text
    assert "NameError: name 'f' is not defined" in text and "4711" not in text


@pytest.mark.parametrize("name", VERDICTS)
def test_every_verdict_says_what_it_means(name):
    assert VERDICTS[name] in page(facts={"verdict": name}).text


def test_a_refused_hand_in_has_a_page_with_the_reason_and_its_points():
    empty = {"nbformat": 4, "cells": [prose("# 7 · The title")], "metadata": {}}
    scores = {"f-check": {"score": 0.0, "max": 2.0}}
    facts = {"verdict": "symlink", "notes": ["07.ipynb is a link"]}
    text = Page(render(empty, scores, student="ada", assignment="07", facts=facts)).text
    assert "0 of 2 points." in text and "07.ipynb is a link" in text and "Not in this notebook" in text


def test_scores_of_the_gradebook_go_over_the_records_and_a_penalty_is_taken_off(tmp_path):
    (path,) = write_feedback(record(), tmp_path, scores={"07": {"why": {"score": 3.5}}}, penalty={"07": 1.0})
    text = Page(path.read_text(encoding="utf-8")).text
    assert "3 of 9 points." in text and "3.5 of 4 points" in text and "Handed in late−1" in text


@pytest.mark.parametrize("name", ["../x", "a/b", "..", "", "a\\b", "a\0"])
def test_a_name_cannot_lead_out_of_the_folder(tmp_path, name):
    with pytest.raises(WorkbookError, match="cannot name a folder"):
        write_feedback(record(student=name), tmp_path / "feedback")
    assert list(tmp_path.iterdir()) == []


def test_release_feedback_finds_the_times_beside_the_page_but_never_a_link(tmp_path):
    hand_in = tmp_path / "submitted" / "ada" / "07"
    hand_in.mkdir(parents=True)
    (hand_in / "timestamp.txt").write_text("2026-11-21 13:00:00.000000 UTC")
    (tmp_path / "secret").write_text("gradebook")
    (hand_in / "submission_secret.txt").symlink_to(tmp_path / "secret")
    write_feedback(record(), tmp_path / "feedback", submission=hand_in)
    assert [p.name for p in sorted((tmp_path / "feedback" / "ada" / "07").iterdir())] == ["07.html", "timestamp.txt"]


def test_the_policy_lets_only_our_style_work_and_nothing_is_asked_for():
    text = render(notebook(), SCORES, student="ada", assignment="07")
    found = Page(text)
    assert found.style == STYLE
    digest = base64.b64encode(hashlib.sha256(found.style.encode()).digest()).decode()
    rules = dict(rule.split(" ", 1) for rule in found.policy.split("; "))
    assert rules == {"default-src": "'none'", "script-src": "'none'", "style-src": f"'sha256-{digest}'", "img-src": "data:", "base-uri": "'none'",
                     "form-action": "'none'", "object-src": "'none'", "frame-src": "'none'", "connect-src": "'none'"}
    assert "url(" not in STYLE and "@import" not in STYLE and "http:" not in text and "https:" not in text
    assert text.index("Content-Security-Policy") < text.index("<style>")


def light(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return sum(w * (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4) for w, p in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_ink_can_be_read_on_every_paper(scheme):
    for ink in set(scheme) - {"paper", "panel", "line"}:
        for paper in ("paper", "panel"):
            a, b = sorted((light(scheme[ink]), light(scheme[paper])), reverse=True)
            assert (a + 0.05) / (b + 0.05) >= 4.5, (ink, paper)


def test_short_texts_are_safe_in_an_attribute():
    assert html_text("\"'<>&\u202e") == "&quot;&#x27;&lt;&gt;&amp;\\u202e"
