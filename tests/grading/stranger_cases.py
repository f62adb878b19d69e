"""What the tests of hand-ins from strangers share."""

import io
import json
import os
import zipfile

import pytest
from course_lib.grading._strange_notebooks import MEANING
from course_lib.grading.strangers import Reading, read_hand_in

NAME = "07_conv"
FILE = f"{NAME}.ipynb"
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")


def cell(source, kind="code", **more):
    return {"cell_type": kind, "metadata": {}, "source": source} | more


def notebook(*cells, **more):
    cells = cells or (cell("x = 1", metadata={"nbgrader": {"grade_id": "double", "solution": True, "grade": False, "locked": False, "schema_version": 3}}),)
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)} | more


def dumped(*cells, **more):
    return json.dumps(notebook(*cells, **more)).encode()


def read(folder) -> Reading:
    return read_hand_in(folder, [NAME])[NAME]


def refused(folder, verdict) -> str:
    found = read(folder)
    assert (found.text, found.verdict) == (None, verdict), found
    assert found.reason and verdict in MEANING
    json.dumps([found.reason, *found.notes], ensure_ascii=False).encode("utf-8")
    return found.reason


def sources(found: Reading):
    assert found.verdict is None, found
    return [c["source"] for c in json.loads(found.text)["cells"]]


def zipped(members, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as bundle:
        for name, data in members:
            bundle.writestr(name, data)
    return buffer.getvalue()
