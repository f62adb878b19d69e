"""That the red team's suite would notice an attack which succeeds, and the command that runs it."""

import dataclasses
import json
import os
import re
import sys
from pathlib import Path

import pytest
from attacking import ATTACKS, COURSE
from classroom import ROOT
from click.testing import CliRunner

from course_lib.cli.main import workbook
from course_lib.grading import _redteam_host as host
from course_lib.grading import redteam
from course_lib.grading.course import Course, WorkbookError
from course_lib.grading.library import NUMERICAL
from course_lib.grading.redteam import Attack, Finding, Team

BORROWED = [a for a in ATTACKS if a.kind in ("reference", "measured") and "library's own" in a.tries and "checks'" not in a.name]


@pytest.fixture(scope="module")
def open_team():
    """The same where nothing is withheld from the answers."""
    class Open(Team):
        def job(self, *args):
            job = super().job(*args)
            for notebook in job["notebooks"].values():
                frame = json.loads(notebook["frame"])
                frame["metadata"]["workbook"] |= {"withheld": [], "at_hand": list(NUMERICAL)}
                notebook["frame"] = json.dumps(frame)
            return job

    with Open(COURSE) as one:
        yield one


@pytest.mark.parametrize("attack", BORROWED, ids=lambda a: a.name)
def test_what_is_withheld_would_have_been_the_answer(open_team, attack):
    finding = open_team.run(attack)
    assert finding.score > finding.deserved and finding.problems, finding


def plain(**more):
    return Attack("made up", "nothing", kind="test", **more)


RIGHT = {"multiply_backward": "def multiply_backward(x, y, dout):\n    return dout * y, dout * x\n"}


def test_too_many_points_are_noticed(team):
    finding = team.run(plain(answers=RIGHT))
    assert finding.score == finding.deserved + 5
    assert any("2 points where 0 are deserved" in p for p in finding.problems)
    assert redteam.row(finding)[2:] == (f"{finding.score:g} / {finding.deserved:g}", "ok", "untouched", "FAILED")


def test_points_taken_from_the_honest_are_noticed(team):
    wrong = {"multiply_backward": "def multiply_backward(x, y, dout):\n    return 0.0, 0.0\n"}
    assert any("kept from it" in p for p in team.run(plain(answers=wrong, worth=RIGHT)).problems)
    assert not team.run(plain(answers=wrong, worth=RIGHT, loses=("multiply_backward",))).problems


def test_a_leak_is_noticed(team):
    assert any("got at something: LEAK: 5" in p for p in team.run(plain(first="leak(5)")).problems)


def test_another_verdict_is_noticed(team):
    assert any("verdict ok (expected timeout" in p for p in team.run(plain(verdicts=("timeout",))).problems)


@pytest.mark.parametrize("what, trace", [
    (lambda words: Path("/tmp", words["@TOKEN@"]).write_text("x"), "left behind: /tmp/redteam-"),
    (lambda words: Path(words["@SENTINEL@"], "gradebook.db").write_text("full marks"), "the folder outside is not as it was"),
    (lambda words: setattr(__import__("numpy"), "allclose", lambda *a: True), "functions changed: numpy.allclose"),
    (lambda words: os.environ.update(LEFT="1"), "environment changed"),
    (lambda words: sys.path.insert(0, "/left"), "path changed"),
    (lambda words: bytearray(1200 << 20).__setitem__(slice(None, None, 4096), b"x" * (1200 << 8)), "grew by"),
], ids=["a file", "the gradebook", "numpy", "the environment", "the path", "memory"])
def test_a_trace_outside_is_noticed(team, monkeypatch, what, trace):
    words = {}
    original = Team.job
    monkeypatch.setattr(Team, "job", lambda self, attack, first, given, scratch: [words.update(given), original(self, attack, first, given, scratch)][1])
    run = redteam.run_hand_in
    monkeypatch.setattr(redteam, "run_hand_in", lambda job, sandbox: [what(words), run(job, sandbox)][1])
    try:
        assert any(trace in t for t in team.run(plain()).traces)
    finally:
        Path("/tmp", words["@TOKEN@"]).unlink(missing_ok=True)


@pytest.mark.parametrize("ends, how", [(lambda: os._exit(3), "died (3)"), (lambda: os.kill(os.getpid(), 9), "died (SIGKILL)"), (lambda: 1 / 0, "raised ZeroDivisionError"),
                                       (lambda: __import__("time").sleep(60), "took more than 1 seconds")])
def test_a_trusted_process_that_ends_is_noticed(ends, how):
    done = host.apart(ends, 1, 1 << 30)
    assert done.value is None and how in done.how


@pytest.mark.parametrize("page", ["<p><script>1</script>", "<img src=x onerror=a>", "<a href=' java\nscript:a'>", "<svg/onload=a>", "<iframe>", "<img src='http://a.org/x.png'>"])
def test_active_pages_are_noticed(page):
    assert host.active(page)
    assert not host.active("<p>&lt;script&gt; <img src='data:image/png;base64,AA' alt=''><a href='#q1'>1</a>")


# --- the command ------------------------------------------------------------------------------------------------------

def test_the_command_prints_the_table():
    done = CliRunner().invoke(workbook, ["--root", str(ROOT), "redteam", "honest: two numbers"])
    assert done.exit_code == 0, done.output
    assert "honest: two numbers" in done.output and "untouched" in done.output and re.search(r" ([1-9]\d*) / \1 ", done.output)
    assert "none went otherwise" in done.output


def test_the_table_by_kind_counts_what_went_otherwise():
    good, bad = Finding(plain()), Finding(plain(), problems=["a-check: 2 points where 0 are deserved"], traces=["left behind: /tmp/x"])
    lost = Finding(dataclasses.replace(plain(), kind="values"), problems=["a-check: 0 points where 2 were kept from it"])
    good.attack, bad.attack = (dataclasses.replace(f.attack, kind="wire") for f in (good, bad))
    lines = redteam.by_kind(COURSE, [good, bad, lost]).splitlines()
    assert lines[2:] == ["| values | Results that are not what they seem | 1 | 0 | 1 | 0 | 0 |", "| wire | Forged frames | 2 | 1 | 0 | 1 | 1 |",
                         "| **all** |  | 3 | 1 | 1 | 1 | 1 |"]


def test_the_command_prints_the_table_by_kind():
    done = CliRunner().invoke(workbook, ["--root", str(ROOT), "redteam", "--markdown", "honest: two numbers"])
    assert done.exit_code == 0 and "| **all** |  | 1 | 0 | 0 | 0 | 1 |" in done.output


def test_the_command_fails_where_an_attack_succeeds(monkeypatch):
    found = [dataclasses.replace(plain(answers=RIGHT), kind="test")]
    monkeypatch.setattr(redteam, "attacks", lambda course: found)
    done = CliRunner().invoke(workbook, ["--root", str(ROOT), "redteam"])
    assert done.exit_code == 1 and "FAILED" in done.output and "points where 0 are deserved" in done.output


def test_names_that_fit_no_attack_are_refused():
    done = CliRunner().invoke(workbook, ["--root", str(ROOT), "redteam", "no such attack"])
    assert done.exit_code == 1 and "no attack in redteam/ is called no such attack" in done.output


def test_a_bundle_without_attacks_says_so(tmp_path):
    with pytest.raises(WorkbookError, match="has no redteam/"):
        redteam.attacks(Course(tmp_path))
