"""What is kept of each hand-in, what its score depends on, and the words for why it changed."""

import json
import os
import stat

import pytest

from course_lib.grading import records as module
from course_lib.grading.course import WorkbookError
from course_lib.grading.records import Records, changed_scores, digest, environment_hash, hashes_of_tests, plain_digest, points, reasons

KEY = {"source": "s", "submission": "h", "environment": "e", "limits": {"cell_seconds": 60}, "isolation": "sandbox", "seed": "ab"}
ENVIRONMENT = {"python": "3.11.7", "numpy": "2.4.6", "course_lib": "0.1.0", "source": "x"}


def record(**more):
    scores = {"07": {"a-check": {"score": 2.0, "max": 2.0}, "a-hidden": {"score": 1.5, "max": 3.0}, "why": {"score": None, "max": 1.0}}}
    return {"student": "ada", "assignment": "07", "verdict": "ok", "scores": scores, "key": KEY, "tests": {"07/a-check": "1", "07/a-hidden": "2"},
            "environment": ENVIRONMENT, "notebooks": {"07": "{}"}, **more}


@pytest.fixture
def kept(tmp_path):
    return Records(tmp_path / "records")


def test_a_record_comes_back_without_its_notebooks(kept):
    kept.write(record(), entry="id")
    found = kept.read("07", "ada")
    assert found["entry"] == "id" and found["scores"] == record()["scores"] and "notebooks" not in found
    assert kept.read("07", "bo") is None and kept.read("08", "ada") is None


@pytest.mark.parametrize("text", ["", "[]", "null", '{"student": "ada"', '{"student": "ada", "assignment": "07"}', "[" * 100_000,
                                  json.dumps(record(key=None)), json.dumps(record(student="eve"))])
def test_a_record_that_is_none_is_none(kept, text):
    kept.write(record())
    (kept.folder / "07" / "ada.json").write_text(text)
    assert kept.read("07", "ada") is None


def test_nobody_else_reads_records_and_seeds(kept):
    kept.write(record())
    kept.seed("07")
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in kept.folder.rglob("*.json")}
    assert set(modes) == {"ada.json", "seeds.json"} and set(modes.values()) == {0o600}
    assert stat.S_IMODE(kept.folder.stat().st_mode) == 0o700


def test_a_long_name_fits_the_file_system(kept):
    name = "é" * 127
    kept.write(record(student=name))
    assert kept.read("07", name)["student"] == name


def test_a_record_is_written_whole_or_not_at_all(kept, monkeypatch):
    kept.write(record())

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        kept.write(record(verdict="timeout"))
    assert kept.read("07", "ada")["verdict"] == "ok" and [p.name for p in (kept.folder / "07").iterdir()] == ["ada.json"]


def test_the_seed_is_made_once_and_can_be_set(kept):
    first = kept.seed("07")
    assert len(first) == 32 and int(first, 16) >= 0
    assert kept.seed("07") == first != kept.seed("08")
    assert kept.seed("07", "ABCDEF0123") == "abcdef0123" == kept.seed("07")


@pytest.mark.parametrize("seed", ["", "xyz", "12345", "0x1234567890", "a" * 129, "12345678 "])
def test_what_is_no_seed_is_said(kept, seed):
    with pytest.raises(WorkbookError, match="hexadecimal number of 8 to 128 digits"):
        kept.seed("07", seed)


def test_digests_tell_parts_apart():
    assert digest("ab", "c") != digest("a", "bc") != digest("abc")
    assert plain_digest({"a": 1, "b": [2]}) == plain_digest({"b": [2], "a": 1}) != plain_digest({"a": 1, "b": [3]})
    assert digest("\ud800") != digest("?")
    assert environment_hash() == environment_hash()


def cell(grade_id, source, points=1.0, **label):
    return {"cell_type": "code", "source": source, "metadata": {"nbgrader": {"grade": True, "solution": False, "grade_id": grade_id, "points": points, **label}}}


def test_every_test_cell_has_its_own_hash():
    def hashes(*cells):
        return hashes_of_tests({"07": json.dumps({"cells": [{"cell_type": "markdown", "source": "x", "metadata": {}}, *cells]})})

    first = hashes(cell("a", "check(1)"), cell("b", ["x\n", "y"]), cell("answer", "def f", solution=True))
    assert set(first) == {"07/a", "07/b"}
    assert first == hashes(cell("a", "check(1)"), cell("b", "x\ny"))
    assert first != hashes(cell("a", "check(1)", points=2.0), cell("b", "x\ny"))


def test_points_are_the_tests_own():
    assert points(record()) == 3.5


def test_cells_whose_score_changed():
    new = record(scores={"07": {"a-check": {"score": 0.0}, "a-hidden": {"score": 1.5}, "b": {"score": 1.0}}})
    assert changed_scores(record(), new) == ["a-check 2 → 0", "b - → 1"]


@pytest.mark.parametrize("change, why", [
    ({"key": KEY | {"source": "t"}, "tests": {"07/a-check": "1", "07/a-hidden": "3", "07/new": "4"}}, "changed test cells: a-hidden, new"),
    ({"key": KEY | {"source": "t"}}, "the notebook's locked cells or its data changed"),
    ({"key": KEY | {"submission": "i"}}, "handed in anew"),
    ({"key": KEY | {"environment": "f"}, "environment": ENVIRONMENT | {"numpy": "2.5.0"}}, "another environment (numpy 2.4.6 → 2.5.0)"),
    ({"key": KEY | {"environment": "f"}}, "another environment (course_lib was edited)"),
    ({"key": KEY | {"limits": {}}}, "other limits"),
    ({"key": KEY | {"isolation": "none"}}, "another isolation"),
    ({"key": KEY | {"seed": "cd"}}, "another seed"),
    ({"verdict": "timeout"}, "verdict ok → timeout"),
])
def test_each_reason_has_its_words(change, why):
    assert reasons(record(), record(**change)) == [why]


def test_the_most_telling_reason_comes_first_and_no_reason_is_one_too():
    both = reasons(record(), record(key=KEY | {"submission": "i", "seed": "cd"}, verdict="crashed"))
    assert both == ["handed in anew", "another seed", "verdict ok → crashed"]
    assert reasons(record(), record()) == ["nothing that is known: what the answer does differs from run to run"]


def test_the_environment_is_of_this_library_and_not_of_its_command(tmp_path, monkeypatch):
    import course_lib

    for name in ("__init__.py", "core.py", "cli/main.py", "__pycache__/x.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    monkeypatch.setattr(course_lib, "__file__", str(tmp_path / "__init__.py"))

    def source():
        return module.environment.__wrapped__()["source"]

    before = source()
    (tmp_path / "cli" / "main.py").write_text("2")
    (tmp_path / "__pycache__" / "x.py").write_text("2")
    assert source() == before
    (tmp_path / "core.py").write_text("2")
    assert source() != before
