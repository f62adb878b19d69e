"""Pictures from strangers: PNG and JPEG, taken apart and put together again from the parts that hold the picture."""

from __future__ import annotations

import base64
import binascii
import zlib

MAX_BYTES = 2_000_000  # of one picture
MAX_PIXELS = 25_000_000  # a small file may claim a picture that fills the reader's memory
_PNG = b"\x89PNG\r\n\x1a\n"
_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")  # no text, no profile, no animation


def picture(mime: str, text: object) -> tuple[str, int, int] | None:
    """(data: URI, width, height) of a notebook's base64 picture; None where it is not a whole picture of its kind."""
    if not isinstance(text, str) or len(text) > MAX_BYTES * 3 // 2:
        return None
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    made = {"image/png": _png, "image/jpeg": _jpeg}[mime](data) if len(data) <= MAX_BYTES else None
    if made is None:
        return None
    clean, width, height = made
    if not (0 < width * height <= MAX_PIXELS):
        return None
    return f"data:{mime};base64,{base64.b64encode(clean).decode('ascii')}", width, height


def _png(data: bytes) -> tuple[bytes, int, int] | None:
    if not data.startswith(_PNG):
        return None
    out, at, size = [_PNG], len(_PNG), None
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kind, end = data[at + 4 : at + 8], at + 12 + length
        body = data[at + 4 : end - 4]
        if end > len(data) or zlib.crc32(body) != int.from_bytes(data[end - 4 : end], "big"):
            return None
        if (kind == b"IHDR") != (size is None) or (kind == b"IHDR" and length != 13):
            return None  # the first chunk, and only that one, tells the size
        if kind == b"IHDR":
            size = int.from_bytes(body[4:8], "big"), int.from_bytes(body[8:12], "big")
        if kind in _KEPT:
            out.append(data[at:end])
        if kind == b"IEND":
            return b"".join(out), *size  # what follows the end is no picture
        at = end
    return None


def _jpeg(data: bytes) -> tuple[bytes, int, int] | None:
    if not data.startswith(b"\xff\xd8"):
        return None
    out, at, size = [b"\xff\xd8"], 2, None
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        end = at + 2 + length
        if length < 2 or end > len(data) or marker in (0x00, 0xFF, *range(0xD0, 0xDA)):
            return None
        if marker in (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)):  # a frame's size
            if length < 8 or size is not None:
                return None
            size = int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        # Application data (Exif, thumbnails, profiles) and comments go, but for the two that say how to read colours.
        if not (0xE0 <= marker <= 0xEF or marker == 0xFE) or marker in (0xE0, 0xEE):
            out.append(data[at:end])
        if marker == 0xDA:  # the scans follow, to the end of the picture
            stop = data.rfind(b"\xff\xd9")
            return (b"".join(out) + data[end : stop + 2], *size) if stop >= end and size else None
        at = end
    return None
