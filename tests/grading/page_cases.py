"""What the tests of feedback pages share: a reader that knows every allowed part, cells, a notebook, a record."""

import base64
import io
import json
import re
from html.parser import HTMLParser

from course_lib.check.report import MIME
from course_lib.grading.pages import render
from PIL import Image

TAGS = set("html head meta title style body header main footer section h1 h2 h3 p a strong em code pre span div dl dt dd br ul ol li "
           "table caption thead tbody tfoot tr th td img".split())
ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "class", "id", "aria-labelledby", "scope", "href", "rel", "src", "alt",
              "width", "height"}
VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Reads a page and asserts that only known parts are in it."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.words, self.images, self.links, self.levels, self.style, self.policy = [], [], [], [], [], "", ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        assert tag in TAGS, tag
        assert {name for name, _ in attributes} <= ATTRIBUTES, (tag, attributes)
        found = dict(attributes)
        assert len(found) == len(attributes)
        if tag == "img":
            assert re.fullmatch(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/]+=*", found["src"]) and found["alt"]
            self.images.append(found)
        elif tag == "a":
            assert re.match(r"https?://|#q\d+$", found["href"])
            self.links.append(found)
        elif tag == "meta" and found.get("http-equiv"):
            assert found["http-equiv"] == "Content-Security-Policy"
            self.policy = found["content"]
        elif tag in ("h1", "h2", "h3"):
            self.levels.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] == ["style"]:
            self.style += data
        else:
            self.words.append(data)

    def handle_comment(self, data):
        raise AssertionError(f"a comment on the page: {data}")

    handle_pi = unknown_decl = handle_comment

    @property
    def text(self):
        return "".join(self.words)


def code(source, outputs=(), label=None, cell_id="x"):
    return {"cell_type": "code", "id": cell_id, "source": source, "outputs": list(outputs), "execution_count": 1,
            "metadata": {"nbgrader": label} if label else {}}


def prose(source, label=None, cell_id="x"):
    return {"cell_type": "markdown", "id": cell_id, "source": source, "metadata": {"nbgrader": label} if label else {}}


def label(name, points=None, solution=False):
    return {"grade_id": name, "grade": points is not None, "solution": solution, "locked": not solution, "points": points, "schema_version": 3}


def verdict(status, earned, message, ideas=(), hidden=False):
    data = {"exercise": "00.f", "status": status, "earned": earned, "points": 2.0, "hidden": hidden, "ideas": list(ideas), "message": message}
    return {"output_type": "execute_result", "execution_count": 1, "metadata": {},
            "data": {"text/plain": repr(earned), "text/html": "<div onclick=evil()>", MIME: data}}


def printed(text):
    return {"output_type": "stream", "name": "stdout", "text": text}


def shown(**data):
    return {"output_type": "display_data", "metadata": {}, "data": {k.replace("__", "/").replace("_xml", "+xml"): v for k, v in data.items()}}


HIDDEN_SOURCE = '### BEGIN HIDDEN TESTS\ncheck("00.f", f, seed=4711, hidden=[dict(size=97)])\n### END HIDDEN TESTS'


def notebook(*own, answer="def f(x):\n    return x", answer_outputs=()):
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
        prose("# 7 · The title"), prose("## Exercise: `f`"), code(answer, answer_outputs, label("f", solution=True)), *own,
        code("check('00.f', f)", [verdict("failed", 0.5, "✗ f: not right yet, 0.5 of 2 points.\n  You forgot the swap.\n  x = np.array([1., 2.])",
                                          ["no swap"])], label("f-check", 2)),
        code(HIDDEN_SOURCE, [printed("size 97 seed 4711"), verdict("failed", 0.0, "✗ f (hidden tests): not right yet, 0 of 3 points.\n  dx is off "
                             "(6 of 6). Wrong in 6 of 6 cases; the smallest: 97×5 input.", ["no swap"], True)], label("f-hidden", 3)),
        prose("It swaps **both**.", label("why", 4, solution=True))]}


SCORES = {"f-check": {"score": 0.5, "max": 2.0, "carried": 2.0}, "f-hidden": {"score": 0.0, "max": 3.0, "hidden": True},
          "why": {"score": None, "max": 4.0}}


def record(nb=None, **changes):
    return {"student": "ada", "assignment": "07", "verdict": "ok", "notes": [], "scores": {"07": SCORES}, "isolation": "bubblewrap, uid 65534",
            "notebooks": {"07": json.dumps(nb or notebook())}, "flags": ["f: the library's own code"], "seed": "c0ffee",
            "hashes": {"submission": "ab" * 32}, "times": {"started": "2026-11-21T13:00:00+00:00"}} | changes


def page(*own, facts=None, comments=None, **changes):
    return Page(render(notebook(*own, **changes), SCORES, student="ada", assignment="07", facts=facts, comments=comments))


ACTIVE = ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "<iframe src='//x'></iframe>",
          "</pre></main><style>*{display:none}</style>", "<form action=//x><input>", '<meta http-equiv=refresh content="0;url=//x">',
          "<!-- ", "]]>", "&#60;script&#62;", "<base href=//x>", '" onmouseover="alert(1)', "<a href='javascript:alert(1)'>x</a>"]


def drawn(kind, size=(8, 4), **more):
    buffer = io.BytesIO()
    Image.new("RGB", size, (10, 200, 30)).save(buffer, kind, **more)
    return buffer.getvalue()


def b64(data):
    return base64.b64encode(data).decode("ascii")
