"""Text from strangers as HTML: escaped, bounded, and with everything that would not be seen written out."""

from __future__ import annotations

import keyword
import re
from html import escape
from urllib.parse import urlsplit

# ECMA-48 sequences: colours and cursor moves (CSI), window titles and links (OSC), and the two-character ones.
_ANSI = re.compile(r"(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]|\x1b\][^\x07\x1b]{0,4000}(?:\x07|\x1b\\)|\x1b[@-Z\\-_]")
# Controls, marks that turn the order of reading, invisible ones, tag characters, lone surrogates, noncharacters.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ufffe\uffff\U000e0000-\U000e0fff]"
)
_RETURN = re.compile(r"[^\n]*\r(?!\n)")
MAX_LINE = 2000

_STRING = r"""[rRbBfFuU]{0,2}(?:'{3}(?:[^'\\]|\\.|'(?!''))*(?:'{3}|\\?\Z)|"{3}(?:[^"\\]|\\.|"(?!""))*(?:"{3}|\\?\Z)""" \
          r"""|'(?:[^'\\\n]|\\.)*'?|"(?:[^"\\\n]|\\.)*"?)"""
_PYTHON = re.compile(
    rf"(?P<c>\#[^\n]*)|(?P<s>{_STRING})|(?P<n>\b\d[\w.]*)|(?P<k>\b(?:{'|'.join(keyword.kwlist)})\b)|(?P<w>\w+)", re.DOTALL
)
_INLINE = re.compile(
    r"`(?P<code>[^`\n]+)`|\*\*(?P<strong>[^*\n]+)\*\*|(?<!\w)[*_](?P<em>[^*_\n]+)[*_](?!\w)"
    r"|(?P<image>!?)\[(?P<text>[^\[\]\n]{0,500})\]\([ ]{0,4}(?P<url>[^()\s]{1,500})[^()\n]{0,100}\)"
)
_LIST = re.compile(r"\s{0,8}(?:[-*+]|(?P<number>\d{1,4})[.)])\s+(?P<item>.*)")


def visible(text: str) -> str:
    r"""`text` with every character that would not be seen, or would change how others are read, as its escape.

    >>> visible("a\u202eb\x07")
    'a\\u202eb\\x07'
    """
    return UNSEEN.sub(lambda m: _written_out(m[0]), text)


def _written_out(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def html_text(text: object) -> str:
    """A short text (a name, a note) for the page; also safe between the quotes of an attribute."""
    return escape(visible(str(text)))


def terminal(text: str) -> str:
    """What a terminal would show of `text`: without colours and cursor moves, and of overwritten lines the last state."""
    text = _ANSI.sub("", text).replace("\r\n", "\n")
    return _RETURN.sub("", text) if "\r" in text else text


def cut(text: str, characters: int, lines: int, of: str = "") -> tuple[str, str]:
    """(the beginning of `text`, a note on what is left out; "" where it is whole). of: the longer text that it came from."""
    whole, rows = len(of or text), (of or text).count("\n") + 1
    text = text[:characters]
    parts = text.split("\n")[:lines]
    long = any(len(p) > MAX_LINE for p in parts)
    text = "\n".join(p if len(p) <= MAX_LINE else p[:MAX_LINE] + " …" for p in parts)
    short = bool(of) or whole > characters or rows > lines
    said = f"{whole:,} characters in {rows:,} lines" if rows > 1 else f"{whole:,} characters"
    return text, f"Cut here: it was {said}." if short else "Long lines are cut." if long else ""


def block(text: str, *, name: str, characters: int = 20_000, lines: int = 200, code: bool = False) -> str:
    """A <pre> of bounded size; `name` is its class. With `code`, coloured as Python."""
    text, note = cut(text, characters, lines) if code else cut(terminal(text[: 4 * characters]), characters, lines, of=text if len(text) > 4 * characters else "")
    inner = python(text) if code else escape(visible(text))
    tail = f'<p class="note">{note}</p>' if note else ""
    return f'<pre class="{name}">{f"<code>{inner}</code>" if code else inner}</pre>{tail}'


def python(text: str) -> str:
    """Python source as HTML: comments, strings, numbers and keywords in spans with the classes c, s, n and k."""
    out, at = [], 0
    text = visible(text)
    for m in _PYTHON.finditer(text):
        if m.lastgroup == "w":
            continue
        out.append(escape(text[at : m.start()]))
        out.append(f'<span class="{m.lastgroup}">{escape(m[0])}</span>')
        at = m.end()
    return "".join(out) + escape(text[at:])


def markdown(text: str) -> str:
    """A learner's prose: paragraphs, lists, code, bold, italics and http(s) links. HTML in it is text like any other."""
    text, note = cut(text, 20_000, 400)
    lines = visible(text).split("\n")
    out: list[str] = []
    while lines:
        line = lines.pop(0)
        if line.lstrip().startswith("```"):
            end = next((i for i, other in enumerate(lines) if other.lstrip().startswith("```")), len(lines))
            out.append(f'<pre class="text">{escape(chr(10).join(lines[:end]))}</pre>')
            lines = lines[end + 1 :]
        elif first := _LIST.match(line):
            items = [first["item"]]
            while lines and (more := _LIST.match(lines[0])):
                items.append(more["item"])
                lines.pop(0)
            tag = "ol" if first["number"] else "ul"
            out.append(f"<{tag}>{''.join(f'<li>{_inline(i)}</li>' for i in items)}</{tag}>")
        elif line.lstrip().startswith("#"):  # no heading: the page's outline is ours
            out.append(f"<p><strong>{_inline(line.strip().strip('#').strip())}</strong></p>")
        elif line.strip():
            part = [line]
            while lines and lines[0].strip() and not _LIST.match(lines[0]) and not lines[0].lstrip().startswith(("```", "#")):
                part.append(lines.pop(0))
            out.append(f"<p>{_inline(chr(10).join(part))}</p>")
    return "".join(out) + (f'<p class="note">{note}</p>' if note else "")


def _inline(text: str) -> str:
    out, at = [], 0
    for m in _INLINE.finditer(text):
        out += [escape(text[at : m.start()]), _marked(m)]
        at = m.end()
    return "".join(out) + escape(text[at:])


def _marked(m: re.Match[str]) -> str:
    for tag in ("code", "strong", "em"):
        if m[tag] is not None:
            return f"<{tag}>{escape(m[tag])}</{tag}>"
    if m["image"]:
        return f"[picture: {escape(m['text'])}]"
    host = _host(m["url"])
    if not host:
        return escape(m[0])
    # A link says where it goes: its text is the student's, and the page is the instructor's.
    return f'<a href="{escape(m["url"])}" rel="noopener noreferrer nofollow">{escape(m["text"] or host)}</a> ({escape(host)})'


def _host(url: str) -> str:
    """The host of a plain http(s) address; "" for every other link."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    plain = parts.scheme.lower() in ("http", "https") and "@" not in parts.netloc and "\\" not in url
    return (parts.hostname or "") if plain else ""


def heading_text(source: str) -> str:
    r"""The words of a Markdown heading, without its marks; mathematics stays as it was typed.

    >>> heading_text("### Exercise: `f`, the **gradient** of $x$")
    'Exercise: f, the gradient of $x$'
    """
    return re.sub(r"[`*]", "", source.strip().lstrip("#").strip())[:200]
