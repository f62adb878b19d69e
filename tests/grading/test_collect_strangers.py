"""Collecting hand-ins from strangers: what is refused and why, the time of receipt, and nothing written elsewhere."""

import io
import json
import os
import zipfile
from datetime import UTC, datetime

import pytest
from nbgrader.utils import parse_utc

from course_lib.grading import collect as module
from course_lib.grading._collect_files import received_at
from course_lib.grading.collect import collect
from course_lib.grading.course import Course, WorkbookError
from course_lib.grading.strangers import MEANING, read_hand_in, received

NAME = "07_conv"
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def notebook(source="def double(x): ..."):
    label = {"grade_id": "double", "solution": True, "grade": False, "locked": False, "schema_version": 3}
    cells = [{"cell_type": "code", "id": "a", "metadata": {"nbgrader": label}, "source": source, "outputs": [], "execution_count": None}]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode()


@pytest.fixture
def course(tmp_path):
    for tree in ("solutions", "notebooks"):
        folder = tmp_path / "course" / tree / NAME
        folder.mkdir(parents=True)
        (folder / f"{NAME}.ipynb").write_bytes(notebook("stub"))
    return Course(tmp_path / "course")


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def put(inbox, name, data):
    path = inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def zipped(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in members.items():
            bundle.writestr(name, data)
    return buffer.getvalue()


def packed(student="ada", time="2026-11-20T10:00:00+01:00", source="packed"):
    told = json.dumps({"student": student, "time": time, "assignment": NAME})
    return zipped({"hand-in.json": told, f"{NAME}.ipynb": notebook(source)})


def rows(course, inbox, **more):
    report = collect(course, inbox, **more)
    assert all(r.verdict in MEANING for r in report.refused)
    for r in report.rows:
        " ".join((r.source, r.note)).encode("utf-8")
    return {r.source: r for r in report.rows}


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "said"), [
    ("ada\u202elovelace", "'ada\\u202elovelace' has the character U+202E RIGHT-TO-LEFT OVERRIDE"), ("ada&co", "U+0026 AMPERSAND"),
    ("-rf", "begins with U+002D HYPHEN-MINUS"), ("CON", "a device's name on Windows"), ("x" * 80, "80 characters")])
def test_a_refused_name_says_which_character_is_the_problem(course, inbox, name, said):
    put(inbox, f"{name}/{NAME}.ipynb", notebook())
    (row,) = rows(course, inbox).values()
    assert row.status == "refused" and "whose is it?" in row.note and said in row.note
    assert not course.submitted.exists()


def test_both_ways_to_write_an_accent_are_one_student(course, inbox):
    put(inbox, f"Zoe\u0308/{NAME}.ipynb", notebook("one"))
    put(inbox, f"Zo\u00eb-{NAME}.ipynb", notebook("one"))
    assert {r.status for r in rows(course, inbox).values()} == {"collected", "unchanged"}
    assert [p.name for p in course.submitted.iterdir()] == ["Zo\u00eb"]


@posix
def test_a_name_that_is_no_text_is_shown_and_the_class_goes_on(course, inbox):
    path = os.fsencode(inbox) + b"/ad\xff"
    os.mkdir(path)
    with open(path + f"/{NAME}.ipynb".encode(), "wb") as file:
        file.write(notebook())
    put(inbox, f"bo-{NAME}.ipynb", notebook())
    found = rows(course, inbox)
    assert found[f"ad\\udcff/{NAME}.ipynb"].status == "refused" and found[f"bo-{NAME}.ipynb"].status == "collected"


# --- files -----------------------------------------------------------------------------------------------------------


@posix
def test_links_pipes_and_folders_in_a_notebooks_place(course, inbox, tmp_path):
    (tmp_path / "secret.ipynb").write_bytes(notebook("secret"))
    (inbox / f"ada-{NAME}.ipynb").symlink_to(tmp_path / "secret.ipynb")
    os.mkfifo(inbox / f"bo-{NAME}.ipynb")
    os.mkfifo(inbox / "chen.zip")
    (inbox / "linked").symlink_to(tmp_path)
    put(inbox, f"dana-{NAME}.ipynb", notebook())
    found = rows(course, inbox)
    assert {s: (r.status, r.verdict) for s, r in found.items()} == {
        f"ada-{NAME}.ipynb": ("refused", "symlink"), f"bo-{NAME}.ipynb": ("refused", "not-a-file"), "chen.zip": ("refused", "not-a-file"),
        f"dana-{NAME}.ipynb": ("collected", "")}
    assert [p.name for p in course.submitted.iterdir()] == ["dana"]


@posix
def test_nothing_is_written_through_a_link_in_submitted(course, inbox, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    course.submitted.mkdir()
    (course.submitted / "ada").symlink_to(tmp_path / "elsewhere")
    put(inbox, f"ada-{NAME}.ipynb", notebook())
    assert rows(course, inbox)[f"ada-{NAME}.ipynb"].verdict == "symlink"
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(("data", "note"), [(b"<html>", "cannot be read as a notebook"), (b"[" * 100_000, "cannot be read as a notebook"),
                                            (b"[" + b"[]," * 2_100_000 + b"0]", "too-large: more than 2 million values"),
                                            (b'{"nbformat": 3}', "wrong-format: an old notebook format")])
def test_what_grading_will_refuse_takes_its_place_so_that_the_student_is_not_missing(course, inbox, data, note):
    put(inbox, f"ada-{NAME}.ipynb", data)
    row = rows(course, inbox)[f"ada-{NAME}.ipynb"]
    assert row.status == "collected" and row.note.startswith(note)
    assert read_hand_in(course.submitted / "ada" / NAME, [NAME])[NAME].verdict in ("unreadable", "too-large", "wrong-format")


def test_only_notebooks_of_a_zip_are_placed(course, inbox):
    put(inbox, f"ada-{NAME}.zip", zipped({f"{NAME}.ipynb": notebook(), "sitecustomize.py": b"evil", "numpy/__init__.py": b"evil", "timestamp.txt": b"2000-01-01"}))
    rows(course, inbox, received=NOON)
    assert sorted(p.name for p in course.submitted.rglob("*") if p.is_file()) == [f"{NAME}.ipynb", "timestamp.txt"]
    assert received(course.submitted / "ada" / NAME) == NOON


def test_two_members_with_long_names_that_are_one_notebook_are_both_kept(course, inbox):
    names = {f"{'x' * 300}{n}.ipynb": notebook(f"v{n}") for n in range(2)}
    told = json.dumps({"student": "ada", "time": "2026-11-20T10:00:00Z", "assignment": NAME})
    put(inbox, "a.zip", zipped({"hand-in.json": told, **names}))
    put(inbox, "b.zip", packed(time="2026-11-20T12:00:00Z"))
    assert sorted(r.status for r in collect(course, inbox).rows) == ["collected", "earlier", "earlier"]
    assert len(list(course.submitted_earlier.rglob("*.ipynb"))) == 2


# --- the time of receipt ---------------------------------------------------------------------------------------------


def stamp(course, student="ada"):
    return parse_utc((course.submitted / student / NAME / "timestamp.txt").read_text())


def test_the_time_of_receipt_is_the_instructors_and_the_claim_is_only_noted(course, inbox):
    put(inbox, "a.zip", packed(time="1999-01-01T00:00:00+01:00"))
    row = rows(course, inbox, received=NOON)[f"a.zip: {NAME}.ipynb"]
    assert stamp(course) == datetime(2026, 11, 21, 12, 0)
    assert "packed 1998-12-31 23:00 UTC by the student's clock" in row.note


def test_a_files_own_time_says_nothing_and_now_is_what_this_machine_knows(course, inbox):
    os.utime(put(inbox, f"ada-{NAME}.ipynb", notebook()), (0, 0))
    before = datetime.now(UTC).replace(tzinfo=None)
    report = collect(course, inbox)
    assert before <= stamp(course) <= datetime.now(UTC).replace(tzinfo=None)
    assert report.received.replace(tzinfo=None) == stamp(course)


def test_what_was_collected_before_and_is_the_same_keeps_its_time(course, inbox):
    put(inbox, f"ada-{NAME}.ipynb", notebook("one"))
    rows(course, inbox, received=NOON)
    assert rows(course, inbox)[f"ada-{NAME}.ipynb"].status == "unchanged"
    assert stamp(course) == datetime(2026, 11, 21, 12, 0)
    put(inbox, f"ada-{NAME}.ipynb", notebook("two"))
    rows(course, inbox, received=NOON.replace(hour=15))
    assert stamp(course) == datetime(2026, 11, 21, 15, 0)
    (kept,) = course.submitted_earlier.rglob("timestamp.txt")
    assert parse_utc(kept.read_text()) == datetime(2026, 11, 21, 12, 0)


def test_the_later_of_two_hand_ins_is_later_in_time_and_not_in_spelling(course, inbox):
    put(inbox, "a.zip", packed(time="2026-11-20T10:00:00+02:00", source="earlier"))
    put(inbox, "b.zip", packed(time="2026-11-20T09:30:00+00:00", source="later"))
    assert sorted((s[0], r.status) for s, r in rows(course, inbox).items()) == [("a", "earlier"), ("b", "collected")]


@pytest.mark.parametrize("time", ["soon", "", "2026-99-99", "\u202e", "9" * 5000])
def test_a_manifest_whose_time_is_none_is_refused(course, inbox, time):
    put(inbox, "a.zip", packed(time=time))
    assert rows(course, inbox)["a.zip"].verdict == "damaged"


@pytest.mark.parametrize(("text", "time"), [("2026-11-21 12:00 UTC", NOON), ("2026-11-21T13:00+01:00", NOON), ("2026-11-21T12:00:00Z", NOON)])
def test_received_is_read(text, time):
    assert received_at(text) == time


@pytest.mark.parametrize("text", ["2026-11-21 12:00", "noon", "", "12:00 UTC", "2026-11-21"])
def test_a_received_without_its_zone_is_asked_again(text):
    with pytest.raises(WorkbookError, match="not a time with its zone"):
        received_at(text)


def test_a_zip_larger_than_the_limit(course, inbox, monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 1000)
    put(inbox, f"ada-{NAME}.ipynb", notebook("x" * 2000))
    put(inbox, "bo.zip", zipped({f"{NAME}.ipynb": notebook("x" * 2000)}))
    put(inbox, f"chen-{NAME}.ipynb", notebook())
    assert {s: r.verdict for s, r in rows(course, inbox).items()} == {f"ada-{NAME}.ipynb": "too-large", "bo.zip": "too-large", f"chen-{NAME}.ipynb": ""}
