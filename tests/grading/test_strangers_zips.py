"""Zips and names from strangers: what is wrong with them, and that they are never unpacked."""

import os
import random
import stat
import zipfile

import pytest
from course_lib.grading._strange_names import (
    awkward,
    character,
    out_of_place,
    unseen,
    why_no_student,
)
from course_lib.grading._strange_notebooks import Refused
from course_lib.grading._strange_zips import read_zip

from stranger_cases import FILE, dumped, posix, read, refused, sources, zipped


def member(name, mode):
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    return info


def lying(data):
    """The same zip, whose headers say that the first member holds 100 bytes."""
    made = bytearray(data)
    for signature, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = made.index(signature) + at
        made[start : start + 4] = (100).to_bytes(4, "little")
    return bytes(made)


def encrypted(data):
    made = bytearray(data)
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        made[made.index(signature) + flags] |= 1
    return bytes(made)


def one(name, data=b"{}"):
    return zipped([(name, data)])


BAD_ZIPS = {
    "traversal": (one("../../evil.ipynb"), "unsafe-path", "points out of the zip"),
    "absolute": (one("/evil.ipynb"), "unsafe-path", "points out of the zip"),
    "drive": (one("C:evil.ipynb"), "unsafe-path", "points out of the zip"),
    "windows share": (one("\\\\host\\evil.ipynb"), "unsafe-path", "points out of the zip"),
    "backslashes": (one("a\\..\\..\\evil.ipynb"), "unsafe-path", "points out of the zip"),
    "bidi": (one("\u202egnp.ipynb"), "unsafe-path", "U+202E RIGHT-TO-LEFT OVERRIDE"),
    "control": (one("a\x07.ipynb"), "unsafe-path", "U+0007"),
    "newline": (one("a\n.ipynb"), "unsafe-path", "U+000A"),
    "NUL": (one(FILE + "?.txt").replace(b"?", b"\0"), "unsafe-path", "U+0000"),
    "link": (zipped([(member(FILE, stat.S_IFLNK | 0o777), "/etc/passwd")]), "symlink", "is a link"),
    "device": (zipped([(member(FILE, stat.S_IFCHR | 0o666), "")]), "not-a-file", "is no file"),
    "pipe": (zipped([(member(FILE, stat.S_IFIFO | 0o666), "")]), "not-a-file", "is no file"),
    "password": (encrypted(one(FILE)), "encrypted", "password"),
    "nested": (one("inner.zip", one(FILE)), "nested", "a zip inside the zip"),
    "many": (zipped([(f"{n}.txt", b"") for n in range(501)]), "too-many-files", "501 files"),
    "far too many": (one(FILE) + b"PK\x01\x02" * 20_000, "too-many-files", "thousands"),
    "bomb": (one(FILE, bytes(60_000_000)), "too-large", "60 MB unpacked"),
    "filler": (one(FILE, bytes(40_000_000)), "too-large", "times its size"),
    "bomb of many": (zipped([(f"{n}.txt", bytes(4_000_000)) for n in range(20)]), "too-large", "80 MB unpacked"),
    "a header that lies": (lying(one(FILE, bytes(30_000_000))), "damaged", "Bad CRC"),
    "lzma": (zipped([(FILE, b"{}")], zipfile.ZIP_LZMA), "damaged", "packed in a way"),
    "bzip2": (zipped([(FILE, b"{}")], zipfile.ZIP_BZIP2), "damaged", "packed in a way"),
    "cut off": (one(FILE, random.Random(1).randbytes(4000))[:2000], "damaged", "damaged zip"),
    "nonsense": (b"PK nonsense", "damaged", "damaged zip"),
    "twice": (zipped([(f"a/{FILE}", dumped()), (f"b/{FILE}", dumped())]), "ambiguous", "2 files called"),
    "none": (one("readme.txt"), "no-notebook", f"no {FILE} in the zip"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", BAD_ZIPS)
def test_bad_zips(tmp_path, kind):
    data, verdict, said = BAD_ZIPS[kind]
    (tmp_path / "ada.zip").write_bytes(data)
    assert said in refused(tmp_path / "ada.zip", verdict)
    assert [p.name for p in tmp_path.iterdir()] == ["ada.zip"]


def test_a_member_that_unpacks_to_more_than_it_says_is_never_unpacked_whole(tmp_path):
    import tracemalloc

    data = lying(one(FILE, bytes(300_000_000)))
    tracemalloc.start()
    with pytest.raises(Refused):
        read_zip(data, lambda name: True)
    assert tracemalloc.get_traced_memory()[1] < 30_000_000
    tracemalloc.stop()


def test_a_good_zip_and_what_else_is_in_it(tmp_path):
    (tmp_path / "ada.zip").write_bytes(zipped([("x/", ""), (f"x/{FILE}", dumped()), ("x/sitecustomize.py", "evil"), ("hand-in.json", "{}")]))
    found = read(tmp_path / "ada.zip")
    assert sources(found) == ["x = 1"] and found.notes == ("files not used: x/sitecustomize.py",)


@posix
def test_a_zip_that_is_a_link_or_a_pipe(tmp_path):
    (tmp_path / "real.zip").write_bytes(one(FILE))
    (tmp_path / "link.zip").symlink_to("real.zip")
    refused(tmp_path / "link.zip", "symlink")
    os.mkfifo(tmp_path / "pipe.zip")
    refused(tmp_path / "pipe.zip", "not-a-file")


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "why"), [
    ("ada lovelace", "has the character U+0020 SPACE"), ("zoë\u202e", "U+202E RIGHT-TO-LEFT OVERRIDE"), ("-rf", "begins with U+002D HYPHEN-MINUS"),
    ("CON", "a device's name on Windows"), ("nul.txt", "a device's name on Windows"), ("a" * 65, "65 characters"), ("ada.", "ends with a dot"),
    ("a\x00", "U+0000 a control character"), ("a\ud800", "U+D800 half a character"), ("ada", ""), ("Zoë.B-2@x", ""), ("", "")])
def test_why_a_name_is_no_students(name, why):
    assert why in why_no_student(name) and bool(why_no_student(name)) is bool(why)
    why_no_student(name).encode("utf-8")


@pytest.mark.parametrize(("name", "why"), [("a/COM1.txt", "device"), ("-x", "option"), ("a:b", "U+003A COLON"), ("a. ", "dot or a space"), ("a/b.txt", "")])
def test_awkward_names(name, why):
    assert why in awkward(name) and bool(awkward(name)) is bool(why)


def test_names_are_judged_by_what_cannot_be_seen():
    assert unseen("a\u2066b") == "U+2066 LEFT-TO-RIGHT ISOLATE" and unseen("plain é 数") == ""
    assert out_of_place("a/b.ipynb") == "" and character("é") == "U+00E9 LATIN SMALL LETTER E WITH ACUTE"
