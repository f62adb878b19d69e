"""Any JSON, any bytes, any zip and any folder has a verdict, and nothing else happens."""

import json
import os
from pathlib import Path

import nbformat
from course_lib.grading._strange_notebooks import MEANING, Refused, clean_notebook
from course_lib.grading._strange_zips import read_zip
from hypothesis import given, settings
from hypothesis import strategies as st

from stranger_cases import FILE, NAME, cell, dumped, notebook, posix, read, zipped

value = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8), lambda x: st.lists(x, max_size=3)
                     | st.dictionaries(st.sampled_from(["nbformat", "cells", "metadata", "nbgrader", "grade_id", "points", "source", "cell_type", "id", "kernelspec",
                                                        "name", "attachments", "x"]), x, max_size=5), max_leaves=15)


def settled(data):
    """The verdict on `data`; what is accepted is a valid notebook that can be written and read again unchanged."""
    try:
        text, notes = clean_notebook(data)
    except Refused as refusal:
        assert refusal.verdict in MEANING
        refusal.reason.encode("utf-8")
        return refusal.verdict
    assert clean_notebook(text.encode("utf-8")) == (text, [])
    assert all(note.encode("utf-8") for note in notes)
    nbformat.validate(nbformat.reads(text, as_version=4))
    return None


@settings(max_examples=300, deadline=None)
@given(value, st.lists(value, max_size=3), value, value)
def test_any_json_has_a_verdict(top, cells, meta, source):
    for made in (top, notebook(*cells), notebook(cell(source, metadata=meta)), notebook(cell("x", metadata={"nbgrader": meta}, id=source), metadata=meta)):
        settled(json.dumps(made).encode())


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_change_of_a_files_bytes_has_a_verdict(data):
    made = bytearray(dumped(cell("x = '\u00e9\ud83d\ude00'"), cell("a", "markdown")))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(made)))
        made[at : at + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=5) | st.sampled_from([b"[", b"{", b'"', b"\\ud800", b"NaN", b"\0", b"1e999", b","]))
    settled(bytes(made))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_change_of_a_zips_bytes_has_a_verdict(data):
    made = bytearray(zipped([(FILE, dumped()), ("b.txt", b"x" * 300)]))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(made) - 1))
        made[at : at + data.draw(st.integers(1, 4))] = data.draw(st.binary(max_size=4))
    try:
        content, others = read_zip(bytes(made), lambda name: name.endswith(".ipynb"))
        assert all(isinstance(c, bytes) for c in content.values()) and isinstance(others, list)
    except Refused as refusal:
        assert refusal.verdict in MEANING
        refusal.reason.encode("utf-8")


entry = st.sampled_from(["file", "folder", "link", "pipe", "bytes"])


@posix
@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from([FILE, FILE.upper(), "numpy", "timestamp.txt", "x.ipynb", "-rf", "e\u0301", "\u202e"]), entry, max_size=6), st.binary(max_size=40))
def test_any_folder_has_a_verdict_and_nothing_changes(tmp_path_factory, entries, data):
    top = tmp_path_factory.mktemp("any")
    (top / "secret.ipynb").write_bytes(dumped(cell("the secret")))
    folder = top / "submitted" / "ada" / NAME
    folder.mkdir(parents=True)
    for name, kind in entries.items():
        path = folder / name
        make = {"file": lambda p: p.write_bytes(dumped()), "folder": Path.mkdir, "link": lambda p: p.symlink_to(top / "secret.ipynb"),
                "pipe": os.mkfifo, "bytes": lambda p: p.write_bytes(data)}[kind]
        make(path)
    before = sorted((str(p), p.lstat().st_mtime_ns, p.lstat().st_size) for p in top.rglob("*"))
    found = read(folder)
    assert (found.text is None) is (found.verdict in MEANING) and "secret" not in (found.text or "")
    assert before == sorted((str(p), p.lstat().st_mtime_ns, p.lstat().st_size) for p in top.rglob("*"))
