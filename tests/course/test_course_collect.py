"""Sorting hand-ins: every way they arrive, and everything that must be refused."""

import io
import json
import os
import stat
import zipfile

import pytest
from tiny import CONV, FLAT, answered, solved_notebook, tree, write_notebook

from course_lib.cli.lab import copy_to_work
from course_lib.grading import collect as collect_module
from course_lib.grading.collect import collect
from course_lib.grading.submit import submit


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def filled(course, name=CONV, source="def double(number):\n    return 2 * number"):
    return answered(course.notebooks / name / f"{name}.ipynb", source)


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


def manifest(student, time="2030-01-01T00:00:00+00:00", assignment=CONV):
    return json.dumps({"student": student, "time": time, "assignment": assignment}).encode()


def handed_in(folder):
    """The files below `folder`, without nbgrader's note of the time."""
    return {name: data for name, data in tree(folder).items() if not name.endswith("/timestamp.txt")}


def only_row(report):
    assert len(report.rows) == 1, report.rows
    return report.rows[0]


@pytest.mark.parametrize(
    ("name", "student"),
    [
        (f"ada-{CONV}.ipynb", "ada"),
        (f"ada_{CONV}.ipynb", "ada"),
        (f"{CONV}-ada.ipynb", "ada"),
        (f"ada/{CONV}.ipynb", "ada"),
        (f"ada/{CONV}/{CONV}.ipynb", "ada"),
        (f"ada/{CONV} (1).ipynb", "ada"),
        (f"class/ada/{CONV}-2.ipynb", "ada"),
        ("ada/homework.ipynb", "ada"),
        ("ada.ipynb", "ada"),
        (f"week 7/ada-{CONV}.ipynb", "ada"),
        (f"{CONV}/ada.ipynb", "ada"),
        (f"Ada Lovelace_12345_assignsubmission_file_/{CONV}.ipynb", "Ada-Lovelace"),
        (f"lovelaceada_LATE_12345_67890_{CONV}.ipynb", "lovelaceada"),
    ],
)
def test_loose_notebooks(made, inbox, name, student):
    data = filled(made)
    put(inbox, name, data)
    before = tree(inbox)
    row = only_row(collect(made, inbox))
    assert (row.status, row.student, row.assignment) == ("collected", student, CONV)
    assert handed_in(made.submitted) == {f"{student}/{CONV}/{CONV}.ipynb": data}
    assert tree(inbox) == before


@pytest.mark.parametrize(
    ("name", "member", "student"),
    [
        ("ada.zip", f"{CONV}.ipynb", "ada"),
        (f"ada-{CONV}.zip", "whatever.ipynb", "ada"),
        (f"ada/{CONV}.zip", f"{CONV}/{CONV}.ipynb", "ada"),
    ],
)
def test_zips_of_plain_notebooks(made, inbox, name, member, student):
    put(inbox, name, zipped({member: filled(made), "__MACOSX/._x.ipynb": b"\x00", "data/numbers.csv": b"1"}))
    row = only_row(collect(made, inbox))
    assert (row.status, row.student) == ("collected", student)
    assert handed_in(made.submitted) == {f"ada/{CONV}/{CONV}.ipynb": filled(made)}


def test_what_submit_made(made, inbox, checks):
    copy_to_work(made)
    submit(made, "07", student="ada", out=inbox / "renamed by the platform.zip")
    row = only_row(collect(made, inbox))
    assert (row.status, row.student, row.assignment) == ("collected", "ada", CONV)


def test_one_file_can_be_named(made, inbox):
    path = put(inbox, f"ada-{CONV}.ipynb", filled(made))
    assert only_row(collect(made, path)).student == "ada"


def test_the_cells_decide_about_the_assignment_not_the_name(made, inbox):
    put(inbox, f"ada-{CONV}.ipynb", filled(made, FLAT))
    row = only_row(collect(made, inbox))
    assert (row.assignment, row.student) == (FLAT, "ada")
    assert f"named {CONV}, but its cells are {FLAT}'s" in row.note


def test_a_folder_of_several_peoples_files_is_not_a_student(made, inbox):
    put(inbox, "week7/ada.ipynb", filled(made))
    put(inbox, "week7/bob.ipynb", filled(made, source="pass"))
    put(inbox, "all.zip", zipped({f"eve/{CONV}.ipynb": filled(made), f"joe/{CONV}.ipynb": filled(made)}))
    report = collect(made, inbox)
    assert sorted(row.student for row in report.rows) == ["ada", "bob", "eve", "joe"]
    assert not report.refused
    assert handed_in(made.submitted)[f"bob/{CONV}/{CONV}.ipynb"] == filled(made, source="pass")


def test_several_assignments_and_notebooks_of_one_student(made, inbox):
    for base in (made.solutions, made.notebooks):
        write_notebook(base / CONV / "part_two.ipynb", solved_notebook("part-two"))
    put(inbox, f"ada/{FLAT}.ipynb", filled(made, FLAT))
    put(inbox, f"ada/{CONV}.ipynb", filled(made))
    put(inbox, "ada/part_two.ipynb", (made.notebooks / CONV / "part_two.ipynb").read_bytes())
    assert not collect(made, inbox).refused
    assert sorted(handed_in(made.submitted)) == [
        f"ada/{FLAT}/{FLAT}.ipynb",
        f"ada/{CONV}/{CONV}.ipynb",
        f"ada/{CONV}/part_two.ipynb",
    ]


def test_other_files_are_left_alone(made, inbox):
    put(inbox, "index.html", b"<html>")
    put(inbox, f"ada/.ipynb_checkpoints/{CONV}.ipynb", filled(made))
    assert collect(made, inbox).rows == []


# --- earlier submissions --------------------------------------------------------------------------------------------


def test_an_earlier_submission_is_kept(made, inbox):
    old, new = filled(made, source="old"), filled(made, source="new")
    put(inbox, f"ada-{CONV}.ipynb", old)
    collect(made, inbox)
    assert only_row(collect(made, inbox)).status == "unchanged"
    assert not made.submitted_earlier.exists()
    put(inbox, f"ada-{CONV}.ipynb", new)
    row = only_row(collect(made, inbox))
    assert handed_in(made.submitted) == {f"ada/{CONV}/{CONV}.ipynb": new}
    (stamp,) = made.submitted_earlier.iterdir()
    assert handed_in(stamp) == {f"ada/{CONV}/{CONV}.ipynb": old}
    assert f"submitted-earlier/{stamp.name}/ada/{CONV}" in row.note


def test_many_runs_in_one_second_lose_nothing(made, inbox):
    versions = [filled(made, source=f"version = {n}") for n in range(4)]
    for data in versions:
        put(inbox, f"ada-{CONV}.ipynb", data)
        collect(made, inbox)
    assert sorted(handed_in(made.submitted_earlier).values()) == sorted(versions[:-1])
    assert list(handed_in(made.submitted).values()) == versions[-1:]


def test_of_two_hand_ins_the_later_counts_and_the_other_is_kept(made, inbox):
    late, early = filled(made, source="late"), filled(made, source="early")
    put(inbox, "a.zip", zipped({"hand-in.json": manifest("ada", "2030-02-01T00:00:00+00:00"), "x.ipynb": late}))
    put(inbox, "b.zip", zipped({"hand-in.json": manifest("ada", "2030-01-01T00:00:00+00:00"), "x.ipynb": early}))
    report = collect(made, inbox)
    assert sorted((row.source[:5], row.status) for row in report.rows) == [("a.zip", "collected"), ("b.zip", "earlier")]
    assert list(handed_in(made.submitted).values()) == [late]
    assert list(handed_in(made.submitted_earlier).values()) == [early]


def test_two_files_without_a_time_are_not_guessed_between(made, inbox):
    put(inbox, f"ada-{CONV}.ipynb", filled(made, source="one"))
    put(inbox, f"ada/{CONV}.ipynb", filled(made, source="two"))
    report = collect(made, inbox)
    assert [row.status for row in report.rows] == ["collected", "refused"]
    assert "is also ada's: keep the one that counts" in report.refused[0].note


def test_two_copies_in_one_hand_in(made, inbox):
    copies = {"one.ipynb": filled(made, source="one"), "two.ipynb": filled(made, source="two")}
    put(inbox, "a.zip", zipped({"hand-in.json": manifest("ada"), **copies}))
    report = collect(made, inbox)
    assert [row.source for row in report.refused] == ["a.zip: two.ipynb"]
    assert list(handed_in(made.submitted).values()) == [copies["one.ipynb"]]
    put(inbox, "b.zip", zipped({"hand-in.json": manifest("ada", "2030-03-01T00:00:00+00:00"), "x.ipynb": filled(made)}))
    collect(made, inbox)
    assert set(copies.values()) <= set(handed_in(made.submitted_earlier).values())


def test_a_loose_file_beside_a_hand_in_with_a_time(made, inbox):
    put(inbox, "a.zip", zipped({"hand-in.json": manifest("ada"), "x.ipynb": filled(made, source="packed")}))
    put(inbox, f"ada-{CONV}.ipynb", filled(made, source="loose"))
    report = collect(made, inbox)
    assert [row.source for row in report.refused] == [f"ada-{CONV}.ipynb"]
    assert list(handed_in(made.submitted).values()) == [filled(made, source="packed")]


def test_the_same_file_twice_is_no_conflict(made, inbox):
    put(inbox, f"ada-{CONV}.ipynb", filled(made))
    put(inbox, f"ada/{CONV}.ipynb", filled(made))
    assert not collect(made, inbox).refused


def test_an_interrupted_swap_leaves_the_earlier_submission(made, inbox, monkeypatch):
    put(inbox, f"ada-{CONV}.ipynb", filled(made, source="old"))
    collect(made, inbox)
    before = handed_in(made.submitted)
    put(inbox, f"ada-{CONV}.ipynb", filled(made, source="new"))
    replace = os.replace

    def fails_into_place(source, target):
        if "collect-" in str(source):
            raise OSError("disk full")
        replace(source, target)

    monkeypatch.setattr(collect_module.os, "replace", fails_into_place)
    with pytest.raises(OSError, match="disk full"):
        collect(made, inbox)
    assert handed_in(made.submitted) == before


# --- refused --------------------------------------------------------------------------------------------------------


def test_an_unreadable_notebook_takes_its_place_when_its_name_tells(made, inbox):
    put(inbox, f"ada-{CONV}.ipynb", b"<html>")
    put(inbox, "bob/homework.ipynb", b"<html>")
    report = collect(made, inbox)
    assert [(row.student, row.status) for row in report.rows] == [("ada", "collected"), ("", "refused")]
    assert report.rows[0].note == "cannot be read as a notebook"
    assert handed_in(made.submitted) == {f"ada/{CONV}/{CONV}.ipynb": b"<html>"}


def link_member():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        info = zipfile.ZipInfo("a.ipynb")
        info.create_system = 3
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        bundle.writestr(info, "/etc/passwd")
    return buffer.getvalue()


def encrypted():
    data = bytearray(zipped({"a.ipynb": b"{}"}))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + flags] |= 1
    return bytes(data)


BAD_ZIPS = {
    "traversal": (lambda: zipped({"../../evil.ipynb": b"{}"}), "points out of the zip"),
    "inner-traversal": (lambda: zipped({"a/../../evil.ipynb": b"{}"}), "points out of the zip"),
    "absolute": (lambda: zipped({"/evil.ipynb": b"{}"}), "points out of the zip"),
    "windows-drive": (lambda: zipped({"C:\\evil.ipynb": b"{}"}), "points out of the zip"),
    "windows-traversal": (lambda: zipped({"..\\evil.ipynb": b"{}"}), "points out of the zip"),
    "traversal-beside-a-notebook": (lambda: zipped({"a.ipynb": b"{}", "../x.txt": b""}), "points out of the zip"),
    "link": (link_member, "is a link"),
    "not-a-zip": (lambda: b"PK nonsense", "damaged zip"),
    "cut-off": (lambda: zipped({"a.ipynb": os.urandom(4000)})[:2000], "damaged zip"),
    "encrypted": (encrypted, "password"),
    "empty": (lambda: zipped({}), "holds no notebook"),
    "zip-in-zip": (lambda: zipped({"ada.zip": zipped({})}), "a zip inside the zip"),
    "many-members": (lambda: zipped({f"{n}.txt": b"" for n in range(501)}), "501 files; the limit is 500"),
    "bomb": (lambda: zipped({"a.ipynb": bytes(60_000_000)}), "60 MB unpacked; the limit is 50 MB"),
    "bad-manifest": (lambda: zipped({"hand-in.json": b"{", "a.ipynb": b"{}"}), "hand-in.json is not JSON"),
    "empty-manifest": (lambda: zipped({"hand-in.json": b"[]", "a.ipynb": b"{}"}), "names no student"),
}


@pytest.mark.parametrize("kind", BAD_ZIPS)
def test_bad_zips_are_refused_and_the_others_collected(made, inbox, kind):
    make, said = BAD_ZIPS[kind]
    put(inbox, f"bob-{CONV}.zip", make())
    put(inbox, f"ada-{CONV}.ipynb", filled(made))
    report = collect(made, inbox)
    assert [(row.status, row.source) for row in report.rows][0] == ("collected", f"ada-{CONV}.ipynb")
    assert [row.source for row in report.refused] == [f"bob-{CONV}.zip"]
    assert said in report.refused[0].note
    assert list(handed_in(made.submitted)) == [f"ada/{CONV}/{CONV}.ipynb"]
    assert not list(inbox.parent.glob("**/evil*"))


def test_a_damaged_member_is_refused(made, inbox):
    data = bytearray(zipped({"a.ipynb": os.urandom(4000)}))
    data[1000] ^= 255
    put(inbox, "ada.zip", bytes(data))
    assert "damaged zip" in collect(made, inbox).refused[0].note


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("ada.tar.gz", b"x", "a .gz archive"),
        ("ada.ipynb", b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}', "none of its cells"),
        (f"{CONV}.ipynb", None, "whose is it?"),
        (f"..-{CONV}.ipynb", None, "whose is it?"),
    ],
)
def test_refused_files(made, inbox, name, content, said):
    put(inbox, name, content or filled(made))
    assert said in collect(made, inbox).refused[0].note
    assert not made.submitted.exists()


def test_a_manifest_cannot_name_a_path_as_student(made, inbox):
    put(inbox, "a.zip", zipped({"hand-in.json": manifest("../../ada"), "x.ipynb": filled(made)}))
    assert "whose is it?" in collect(made, inbox).refused[0].note
    assert not made.submitted.exists()


def test_links_and_large_files(made, inbox, monkeypatch):
    target = put(inbox.parent, "elsewhere.ipynb", filled(made))
    (inbox / f"ada-{CONV}.ipynb").symlink_to(target)
    put(inbox, f"bob-{CONV}.ipynb", filled(made) + b" " * 20_000)
    monkeypatch.setattr(collect_module, "MAX_BYTES", 10_000)
    assert sorted(row.verdict for row in collect(made, inbox).refused) == ["symlink", "too-large"]


# --- the command ----------------------------------------------------------------------------------------------------


def test_command_collect(made, inbox, run):
    put(inbox, f"ada-{CONV}.ipynb", filled(made))
    result = run(made, "collect", inbox)
    assert result.exit_code == 0, result.output
    *_, row, received = result.stdout.splitlines()
    assert row.split() == [f"ada-{CONV}.ipynb", "collected", "ada", CONV] and "say when with --received" in received


def test_command_collect_takes_the_time_they_came(made, inbox, fails, run):
    put(inbox, f"ada-{CONV}.ipynb", filled(made))
    assert "not a time with its zone" in fails(made, "collect", inbox, "--received", "yesterday")
    assert run(made, "collect", inbox, "--received", "2026-11-20T14:00+01:00").stdout.splitlines()[-1] == "Received: 2026-11-20 13:00 UTC"
    assert (made.submitted / "ada" / CONV / "timestamp.txt").read_text().startswith("2026-11-20 13:00:00")


def test_command_collect_fails_when_one_was_refused(made, inbox, fails, run):
    put(inbox, f"ada-{CONV}.ipynb", filled(made))
    put(inbox, "bob.zip", b"nonsense")
    assert "1 hand-in was refused" in fails(made, "collect", inbox)
    assert "damaged zip" in run(made, "collect", inbox).stdout


def test_command_collect_bad_folders(made, inbox, fails):
    assert "no such folder" in fails(made, "collect", inbox / "gone")
    assert "holds no zip and no notebook" in fails(made, "collect", inbox)
    for own in (made.root, made.root.parent, made.solutions, made.notebooks / CONV):
        assert "course's own notebooks" in fails(made, "collect", own)
    assert not made.submitted.exists()
