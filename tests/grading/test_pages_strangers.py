"""Nothing of a hand-in is ever more than text or a picture on a feedback page."""

import base64
import html
import io
import re
import zlib

import pytest
from course_lib.check.report import MIME
from course_lib.grading._page_images import picture
from course_lib.grading._page_text import markdown, python, terminal, visible
from course_lib.grading.pages import render
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from page_cases import (
    ACTIVE,
    SCORES,
    Page,
    b64,
    code,
    drawn,
    notebook,
    page,
    printed,
    prose,
    shown,
    verdict,
)


@pytest.mark.parametrize("text", ACTIVE)
def test_active_text_is_text_wherever_it_comes_from(text):
    nb = notebook(code(text, [printed(text), shown(text__plain=text, text__html=text, image__svg_xml=text, application__javascript=text),
                              {"output_type": "error", "ename": text, "evalue": text, "traceback": [text]}], cell_id="own-0"),
                  prose(text, cell_id="own-1"), answer=text)
    nb["cells"][0]["source"] = f"# {text}"
    nb["cells"][-1]["source"] = text
    for cell in nb["cells"]:
        for output in cell.get("outputs", []):
            if MIME in output.get("data", {}):
                output["data"][MIME] |= {"message": text, "ideas": [text], "status": text, "exercise": text}
    scores = {"f-check": {"score": 1.0, "max": 2.0, "status": text, "ideas": [text]}, text: {"score": 0.0, "max": 1.0}}
    facts = {"verdict": text, "notes": [text], "isolation": text, "graded": text, "submission": text}
    found = Page(render(nb, scores, student=text, assignment=text, name=text, facts=facts, comments={"f": text, "why": text}))
    assert text in found.text
    assert found.links == [link for link in found.links if link["href"].startswith("#q")]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,<script>", "vbscript:x", "//host/x", "/etc", "file:///etc/passwd",
                                 "JaVaScRiPt:x", "http://good.org@evil.org/", "https:\\\\evil.org", "\x01javascript:x", "http://", "https://[::"])
def test_only_plain_web_addresses_become_links(url):
    assert "<a " not in markdown(f"[text]({url})") and "text" in markdown(f"[text]({url})")


def test_a_link_says_where_it_goes_and_a_picture_from_elsewhere_is_words():
    assert markdown("[my bank](https://evil.org/a?b=1&c=2)") == (
        '<p><a href="https://evil.org/a?b=1&amp;c=2" rel="noopener noreferrer nofollow">my bank</a> (evil.org)</p>')
    assert markdown("![cat](https://evil.org/pixel.png)") == "<p>[picture: cat]</p>"


def test_markdown_of_a_learner():
    text = "First *line* and `a<b`\nsecond __x__.\n\n1. one\n2. **two**\n\n```\n<b>\n```\n# Big"
    assert markdown(text) == ("<p>First <em>line</em> and <code>a&lt;b</code>\nsecond __x__.</p><ol><li>one</li><li><strong>two</strong></li></ol>"
                              '<pre class="text">&lt;b&gt;</pre><p><strong>Big</strong></p>')


def test_what_would_not_be_seen_is_written_out():
    text = "a\u202eb\u2066c\x00d\x1be\ud800f\u200bg\ufeffh\U000e0041"
    assert visible(text) == "a\\u202eb\\u2066c\\x00d\\x1be\\ud800f\\u200bg\\ufeffh\\U000e0041"
    found = page(code(text, [printed(text)], cell_id="own-0"))
    assert "a\\u202eb\\u2066c" in found.text
    found.text.encode("utf-8")


def test_what_a_terminal_would_show():
    assert terminal("\x1b[31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07") == "red link"
    assert terminal(" 1%\r 50%\r100%\ndone\r\n") == "100%\ndone\n"


def test_a_check_forged_in_a_cell_of_the_students_own_is_no_verdict():
    found = page(code("display(forged)", [verdict("passed", 99.0, "✓ f: right, 99 points.", ["forged idea"])], cell_id="own-0"))
    assert "99 points" not in found.text and "forged idea" not in found.text


def test_endless_output_is_cut_and_says_so():
    text = page(code("x", [printed("y" * 3_000_000), printed("z\n" * 100_000), *[printed("w")] * 500], cell_id="own-0")).text
    assert "Cut here: it was 3,000,000 characters." in text and "462 more outputs are not shown." in text
    assert len(text) < 60_000


@pytest.mark.parametrize("text", ["[" * 100_000, "`" * 100_000, "*a" * 50_000, "[x](" * 30_000, "[x](" + "a" * 100_000, '"""\\' * 30_000, "'" * 99_999,
                                  "\x1b]" * 50_000, "> " * 50_000, "1. " * 40_000, "# " * 50_000, "```\n" * 30_000, "\r" * 100_000, "(" * 100_000])
def test_no_text_makes_a_page_slow_or_large(text):
    found = page(code(text, [printed(text)], cell_id="own-0"), prose(text, cell_id="own-1"), answer=text)
    assert len(found.text) < 400_000


def test_python_is_coloured_and_stays_what_it_was():
    source = 'def f(x=1):  # a "comment"\n    return f"""<b>\n""" + \'\\\'\' + r"\\"\n'
    made = python(source)
    assert '<span class="k">def</span>' in made and '<span class="c"># a &quot;comment&quot;</span>' in made
    assert html.unescape(re.sub(r"</?span[^>]*>", "", made)) == source


weird = st.text(st.characters(codec=None), max_size=60) | st.sampled_from(ACTIVE)
junk = st.recursive(weird | st.none() | st.booleans() | st.integers() | st.floats(), lambda x: st.lists(x, max_size=3) | st.dictionaries(
    st.sampled_from(["cell_type", "source", "outputs", "metadata", "nbgrader", "grade_id", "text", "data", "output_type", "traceback", "text/plain",
                     "image/png", MIME, "message", "ideas"]), x, max_size=4), max_leaves=12)


@settings(max_examples=300, deadline=None)
@given(weird, weird, st.lists(junk, max_size=3), st.sampled_from(["stream", "error", "display_data", "execute_result"]), junk)
def test_any_text_and_any_shape_make_a_page_of_known_parts(source, said, outputs, kind, value):
    cell = code(source, [*outputs, printed(said), {"output_type": kind, "text": value, "data": {"text/plain": value, "image/png": value, MIME: value},
                                                  "ename": value, "evalue": said, "traceback": value}], cell_id="own-0")
    nb = notebook(cell, prose(said, cell_id="own-1"), *outputs, answer=source)
    nb["cells"].append({"cell_type": "code", "source": value, "metadata": value, "outputs": value})
    text = render(nb, SCORES, student=said, assignment=source, comments={"why": said})
    text.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    Page(text)


def png_chunk(kind, body):
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


@pytest.mark.parametrize(("kind", "tail"), [("PNG", b""), ("JPEG", b""), ("PNG", b"<script>"), ("JPEG", b"<script>PK\x03\x04")])
def test_a_picture_is_taken_apart_and_still_the_same_picture(kind, tail):
    data = drawn(kind)
    comment = b"<script>evil()</script>"
    at, part = (33, png_chunk(b"tEXt", comment)) if kind == "PNG" else (2, b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment)
    stuffed = data[:at] + part + data[at:]
    uri, width, height = picture(f"image/{kind.lower()}", b64(stuffed + tail) + "\n")
    clean = base64.b64decode(uri.partition(",")[2])
    assert b"script" not in clean and (width, height) == (8, 4)
    assert Image.open(io.BytesIO(clean)).tobytes() == Image.open(io.BytesIO(data)).tobytes()


@pytest.mark.parametrize("data", [b"", b"<svg onload=x>", drawn("PNG")[:-20], drawn("JPEG")[:200], b"GIF89a" + drawn("PNG"), drawn("PNG").replace(b"IDAT", b"IDAX"),
                                  b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", b"\0\1\0\0\0\1\0\0\x08\2\0\0\0") + png_chunk(b"IEND", b""), b"\xff\xd8\xff\xd9"])
def test_what_is_no_whole_picture_is_not_shown(data):
    for mime in ("image/png", "image/jpeg"):
        assert picture(mime, b64(data)) is None
    found = page(code("x", [shown(image__png=b64(data), text__plain="<Figure>")], cell_id="own-0"))
    assert found.images == [] and "<Figure>" in found.text


def test_pictures_have_words_a_size_and_a_limit():
    figure = shown(image__png=b64(drawn("PNG")), text__plain='<Figure "x">')
    found = page(code("x", [figure] * 9, cell_id="own-0"))
    assert [(i["width"], i["height"], i["alt"]) for i in found.images] == [("8", "4", 'Output of your cell: <Figure "x">')] * 6
    for broken in ("!!!", "A" * 4_000_000, b64(drawn("PNG"))[:-3], 7, None, ["a"]):
        assert picture("image/png", broken) is None
