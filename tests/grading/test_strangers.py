"""Hand-ins from strangers: each trick has its verdict, the others are read, and nothing else is opened or written."""

import json
import os
import socket
import threading

import nbformat
import pytest
from course_lib.grading import strangers
from course_lib.grading._strange_notebooks import MEANING, Refused
from course_lib.grading.pages import VERDICTS
from course_lib.grading.strangers import open_folder, read_hand_in, received

from stranger_cases import (
    FILE,
    NAME,
    cell,
    dumped,
    notebook,
    posix,
    read,
    refused,
    sources,
)


@pytest.fixture
def folder(tmp_path):
    """submitted/ada/07_conv/, beside a secret that no hand-in may reach."""
    (tmp_path / "secret.ipynb").write_bytes(dumped(cell("the secret")))
    made = tmp_path / "submitted" / "ada" / NAME
    made.mkdir(parents=True)
    return made


# --- what is read ----------------------------------------------------------------------------------------------------


def test_a_notebook_is_read_and_nothing_of_it_but_cells_labels_and_sources(folder):
    out = [{"output_type": "display_data", "data": {"text/html": "<script>"}, "metadata": {}}]
    label = {"grade_id": "double", "solution": True, "points": 2, "evil": {"x": 1}, "locked": "yes"}
    (folder / FILE).write_bytes(dumped(cell(["a = 1\n", "b"], outputs=out, metadata={"nbgrader": label, "collapsed": True}, id="ok-1"),
                                       cell("text", "markdown", attachments={"a.png": {"image/png": "eA=="}}, id="../../x"),
                                       metadata={"kernelspec": {"name": "ir", "language": "R"}, "widgets": {"x": 1}}))
    found = read(folder)
    assert json.loads(found.text) == {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
        {"cell_type": "code", "id": "ok-1", "metadata": {"nbgrader": {"grade_id": "double", "solution": True, "points": 2}}, "source": "a = 1\nb",
         "outputs": [], "execution_count": None},
        {"cell_type": "markdown", "id": "cell-2", "metadata": {}, "source": "text"}]}
    assert found.notes == ("made for the kernel ir; it runs on python3 like everyone's", "files attached to 1 cell are not used")
    nbformat.validate(nbformat.reads(found.text, as_version=4))
    assert len(found.sha256) == 64


def test_two_files_that_differ_only_in_outputs_give_the_same_text(folder):
    (folder / FILE).write_bytes(dumped(cell("x", outputs=[{"output_type": "stream", "name": "stdout", "text": "1"}], execution_count=9)))
    first = read(folder)
    (folder / FILE).write_bytes(json.dumps(notebook(cell("x")), indent=3).encode())
    assert read(folder).text == first.text and read(folder).sha256 != first.sha256


def test_of_several_notebooks_each_has_its_own_reading(folder):
    (folder / FILE).write_bytes(dumped())
    (folder / "part_two.ipynb").write_bytes(b"{")
    found = read_hand_in(folder, ["part_two", NAME, "part_three"])
    assert [(n, r.verdict) for n, r in found.items()] == [("part_two", "unreadable"), (NAME, None), ("part_three", "no-notebook")]


@pytest.mark.parametrize("data", [b"\xef\xbb\xbf" + dumped(), dumped().decode().encode("utf-16")], ids=["UTF-8 with a mark", "UTF-16"])
def test_other_ways_to_write_text(folder, data):
    (folder / FILE).write_bytes(data)
    assert sources(read(folder)) == ["x = 1"]


def test_constants_that_are_no_json_twins_and_half_characters_are_noted(folder):
    text = json.dumps(notebook(cell("\ud800"))).replace('"nbformat": 4', '"nbformat": 3, "nbformat": 4').replace('"metadata": {}', '"metadata": {"a": NaN, "b": 1e999}')
    (folder / FILE).write_text(text)
    found = read(folder)
    assert sources(found) == ["\ufffd"]
    assert sorted(note.split(" ")[0] for note in found.notes) == ["NaN", "cell", "the"]
    found.text.encode("utf-8")


def test_a_name_that_differs_in_capitals_or_accents_is_taken(tmp_path):
    folder = tmp_path / "ada" / "x"
    folder.mkdir(parents=True)
    (folder / "ZOE\u0308.IPYNB").write_bytes(dumped())
    found = read_hand_in(folder, ["zo\u00eb"])["zo\u00eb"]
    assert found.verdict is None and "was taken for" in found.notes[0]
    (folder / "Zo\u00eb.ipynb").write_bytes(dumped())
    assert read_hand_in(folder, ["zo\u00eb"])["zo\u00eb"].verdict == "ambiguous"


def test_shadows_and_settings_are_named_and_not_used(folder):
    (folder / FILE).write_bytes(dumped())
    (folder / "numpy").mkdir()
    (folder / "numpy" / "__init__.py").write_text("evil")
    for name in ("sitecustomize.py", "x.pth", "conftest.py", "nbgrader_config.py", "jupyter_config.json", "data.csv", "timestamp.txt", "\u202egnp.txt"):
        (folder / name).write_text("x")
    found = read(folder)
    assert found.verdict is None
    assert found.notes == ("files not used: conftest.py, jupyter_config.json, nbgrader_config.py, numpy/, sitecustomize.py, x.pth, data.csv, \\u202egnp.txt",)


@posix
def test_a_second_name_of_a_file_is_noted(folder):
    (folder / FILE).write_bytes(dumped())
    os.link(folder / FILE, folder.parent / "other")
    assert "2 names (hard links)" in read(folder).notes[0]


# --- what is refused -------------------------------------------------------------------------------------------------


@posix
def test_links_are_never_followed(folder, tmp_path):
    (folder / FILE).symlink_to(tmp_path / "secret.ipynb")
    assert "is a link" in refused(folder, "symlink")
    (folder / FILE).unlink()
    (folder / FILE).symlink_to(FILE)
    refused(folder, "symlink")
    for name in (f"{NAME}-link", "student-link"):
        elsewhere = tmp_path / "elsewhere" / NAME
        elsewhere.mkdir(parents=True, exist_ok=True)
        (elsewhere / FILE).write_bytes(dumped())
        if name == "student-link":
            (folder.parent.parent / name).symlink_to(elsewhere.parent)
            refused(folder.parent.parent / name / NAME, "symlink")
        else:
            (folder.parent / name).symlink_to(elsewhere)
            refused(folder.parent / name, "symlink")


@posix
def test_the_course_itself_may_be_reached_through_a_link(folder, tmp_path):
    (folder / FILE).write_bytes(dumped())
    (tmp_path / "by-link").symlink_to(tmp_path / "submitted")
    assert sources(read(tmp_path / "by-link" / "ada" / NAME)) == ["x = 1"]


@posix
def test_pipes_sockets_devices_and_folders_are_not_opened(folder, tmp_path, monkeypatch):
    os.mkfifo(folder / FILE)  # opening one would wait for ever
    assert "a named pipe" in refused(folder, "not-a-file")
    (folder / FILE).unlink()
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(FILE)
        assert "a socket" in refused(folder, "not-a-file")
    (folder / FILE).unlink()
    (folder / FILE).mkdir()
    assert "a folder" in refused(folder, "not-a-file")
    with open_folder("/dev", below=0) as devices, pytest.raises(Refused) as error:
        devices.read("zero")
    assert error.value.verdict == "not-a-file" and "a device" in error.value.reason


@posix
def test_a_link_swapped_in_while_it_is_looked_at_is_not_followed(folder, tmp_path):
    """Someone who can write there changes file and link all the time: the secret is never read."""
    good, evil = dumped(), tmp_path / "secret.ipynb"
    stop = threading.Event()

    def swap():
        while not stop.is_set():
            (folder / "new").write_bytes(good)
            os.replace(folder / "new", folder / FILE)
            os.symlink(evil, folder / "link")
            os.replace(folder / "link", folder / FILE)

    (folder / FILE).write_bytes(good)
    thread = threading.Thread(target=swap)
    thread.start()
    try:
        found = [read(folder) for _ in range(300)]
    finally:
        stop.set()
        thread.join()
    assert {r.verdict for r in found} <= {None, "symlink"}
    assert not [r for r in found if r.text and "secret" in r.text]


def deep(n):
    return b"[" * n


BAD = {
    "empty": (b"", "unreadable", "the file is empty"),
    "cut off": (dumped()[:-9], "unreadable", "not JSON (line 1"),
    "html": (b"<html>", "unreadable", "not JSON"),
    "latin-1": (dumped(cell("x")).replace(b'"x"', b'"\xe9"'), "unreadable", "not text in UTF-8"),
    "NUL": (dumped() + b"\0", "unreadable", "NUL"),
    "nested": (deep(100_000), "unreadable", "nested too deep"),
    "nested keys": (b'{"a":' * 100_000, "unreadable", "nested too deep"),
    "nested and whole": (b'{"nbformat": 4, "cells": [], "x": ' + deep(50_000) + b"]" * 50_000 + b"}", "unreadable", "nested too deep"),
    "digits": (b'{"nbformat": ' + b"4" * 100_000 + b"}", "unreadable", "digits"),
    "list": (b"[]", "unreadable", "no nbformat number"),
    "true": (dumped(nbformat=True), "unreadable", "no nbformat number"),
    "version 3": (json.dumps({"nbformat": 3, "worksheets": []}).encode(), "wrong-format", "an old notebook format (3;"),
    "version 5": (dumped(nbformat=5), "wrong-format", "a newer notebook format (5;"),
    "no cells": (dumped(cells={}), "unreadable", "no list of cells"),
    "a cell that is none": (dumped(7), "unreadable", "cell 1 is of no known type"),
    "a cell without text": (dumped(cell("x"), cell({"a": 1})), "unreadable", "cell 2 has no text"),
    "many cells": (dumped(*[cell("")] * 2001), "too-large", "2001 cells"),
    "a giant cell": (dumped(cell("x" * 1_000_001)), "too-large", "cell 1 has 1,000,001 characters"),
    "giant cells": (dumped(*[cell("x" * 900_000)] * 6), "too-large", "5 million characters"),
    "many values": (b"[" + b"[]," * 2_100_000 + b"0]", "too-large", "2 million values"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_notebook_for_this_course(folder, kind):
    data, verdict, said = BAD[kind]
    (folder / FILE).write_bytes(data)
    assert said in refused(folder, verdict)


def test_a_giant_file_is_refused_by_its_size_alone(folder):
    with (folder / FILE).open("wb") as file:
        file.truncate(10**12)  # a hole: it takes no room on the disk
    assert "1000000 MB; the limit is 50 MB" in refused(folder, "too-large")


def test_no_notebook_says_what_was_found(folder, tmp_path):
    assert refused(folder, "no-notebook") == f"no {FILE}; found no notebook"
    (folder / "x\u202e.ipynb").write_bytes(dumped())
    assert refused(folder, "no-notebook") == f"no {FILE}; found x\\u202e.ipynb: rename the right one"
    refused(tmp_path / "submitted" / "bob" / NAME, "no-notebook")
    refused(tmp_path / "nowhere" / "bob" / NAME, "no-notebook")


@pytest.mark.parametrize("call", ["open", "stat"])
def test_a_file_that_may_not_be_read(folder, monkeypatch, call):
    (folder / FILE).write_bytes(dumped())
    real = getattr(os, call)

    def forbidden(path, *rest, **named):  # root, as whom tests may run, may read everything
        if path == FILE:
            raise PermissionError(13, "Permission denied")
        return real(path, *rest, **named)

    monkeypatch.setattr(strangers.os, call, forbidden)
    monkeypatch.setattr(strangers.os, "supports_dir_fd", {forbidden, real, os.open})
    assert "Permission denied" in refused(folder, "unreadable")


def test_without_descriptors_as_on_windows_the_same_verdicts(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(strangers.os, "supports_fd", set())
    (folder / FILE).write_bytes(dumped())
    assert sources(read(folder)) == ["x = 1"]
    if os.name == "posix":
        (folder / FILE).unlink()
        (folder / FILE).symlink_to(tmp_path / "secret.ipynb")
        refused(folder, "symlink")
        (folder / FILE).unlink()
        os.mkfifo(folder / FILE)
        refused(folder, "not-a-file")


def test_every_verdict_means_something_on_the_page():
    assert set(MEANING) <= set(VERDICTS)
    assert all(text.endswith(".") for text in MEANING.values())


# --- the time --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "time"), [("2026-11-21 13:00:00.000000 UTC", "2026-11-21T13:00:00+00:00"), ("2026-11-21 13:00:00 UTC\n", "2026-11-21T13:00:00+00:00"),
                                            ("2026-11-21T14:00:00+01:00", "2026-11-21T13:00:00+00:00"), ("soon", None), ("", None), ("2" * 500, None), ("é", None)])
def test_the_time_of_receipt(folder, text, time):
    (folder / "timestamp.txt").write_text(text, encoding="utf-8")
    found = received(folder)
    assert (found and found.isoformat()) == time


@posix
def test_a_time_that_is_a_link_is_none(folder, tmp_path):
    (tmp_path / "time").write_text("2026-11-21 13:00:00 UTC")
    (folder / "timestamp.txt").symlink_to(tmp_path / "time")
    assert received(folder) is None and received(tmp_path / "gone" / "x") is None
