"""Zips from strangers: read into memory within bounds, under names that were looked at. Nothing is unpacked to disk."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Callable
from pathlib import PurePosixPath

from ._strange_names import out_of_place, spelled
from ._strange_notebooks import MAX_BYTES, Refused

MAX_MEMBERS = 500
MAX_RATIO = 300  # a notebook packs to a tenth; only fillers pack to less than a hundredth
LARGE = 5_000_000  # below this nobody minds what a member packs to
_CHUNK = 1 << 16


def read_zip(data: bytes, wanted: Callable[[str], bool], *, most: int = MAX_BYTES) -> tuple[dict[str, bytes], list[str]]:
    """({name: content} of the zip's files for whose names `wanted` is true, the names of the others).

    Raises Refused, also for what is wrong with the others.
    """
    if data.count(b"PK\x01\x02") > 20 * MAX_MEMBERS:  # before a directory of millions is read
        raise Refused("too-many-files", f"a zip of thousands of files; the limit is {MAX_MEMBERS}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as bundle:
            members = [m for m in bundle.infolist() if not m.is_dir()]
            _refuse(members, most)
            content: dict[str, bytes] = {}
            for member in (m for m in members if wanted(m.filename)):
                if member.filename in content:
                    raise Refused("ambiguous", f"two of its members are called {spelled(member.filename)}; ask for a zip with one")
                content[member.filename] = _read(bundle, member, most)
                if sum(map(len, content.values())) > most:
                    raise Refused("too-large", f"more than {most / 1e6:.0f} MB unpacked")
            return content, [m.filename for m in members if m.filename not in content]
    except Refused:
        raise
    except MemoryError:
        raise Refused("too-large", "it does not fit into memory") from None
    except Exception as error:  # BadZipFile, zlib.error, EOFError, struct.error …: a damaged zip fails in many ways
        words = str(error) if isinstance(error, zipfile.BadZipFile) else f"{type(error).__name__}: {error}"
        raise Refused("damaged", f"a damaged zip ({spelled(words)}); ask for it again") from error


def _refuse(members: list[zipfile.ZipInfo], most: int) -> None:
    if len(members) > MAX_MEMBERS:
        raise Refused("too-many-files", f"a zip of {len(members)} files; the limit is {MAX_MEMBERS}")
    total = sum(m.file_size for m in members)
    if total > most:
        raise Refused("too-large", f"{total / 1e6:.0f} MB unpacked; the limit is {most / 1e6:.0f} MB")
    for member in members:
        name, kind = member.orig_filename, member.external_attr >> 16
        if why := out_of_place(name):
            raise Refused("unsafe-path", f"its member '{spelled(name)}' {why}")
        if stat.S_ISLNK(kind):
            raise Refused("symlink", f"its member '{spelled(name)}' is a link")
        if stat.S_IFMT(kind) not in (0, stat.S_IFREG):
            raise Refused("not-a-file", f"its member '{spelled(name)}' is no file (a device or a pipe)")
        if member.flag_bits & 1:
            raise Refused("encrypted", "encrypted with a password")
        if PurePosixPath(name).suffix.lower() == ".zip":
            raise Refused("nested", f"a zip inside the zip ({spelled(name)}); unpack the outer one first")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # bzip2 and LZMA unpack to a millionfold in one step that cannot be bounded
            raise Refused("damaged", f"its member '{spelled(name)}' is packed in a way that is not read here; ask for a plain zip")
        if member.file_size > LARGE and member.file_size > MAX_RATIO * max(1, member.compress_size):
            raise Refused("too-large", f"its member '{spelled(name)}' unpacks to {member.file_size // max(1, member.compress_size)} times its size; no notebook does")


def _read(bundle: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes:
    """A member's content in small steps: read at once, a header that lies would have all of it unpacked first."""
    parts, size = [], 0
    with bundle.open(member) as file:
        while part := file.read(_CHUNK):
            parts.append(part)
            size += len(part)
            if size > min(most, member.file_size):
                raise Refused("too-large", f"its member '{spelled(member.filename)}' unpacks to more than it says")
    return b"".join(parts)
