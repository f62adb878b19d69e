"""What may be read of a hand-in: the notebooks asked for, as clean text, or a refusal with a verdict of its own.

`read_hand_in(folder, names)` looks at submitted/STUDENT/ASSIGNMENT/ (or one zip). Folders and files are opened one below
the other without following links, and only regular files are read, up to a size; nothing is unpacked, nothing is written,
and no other file of the hand-in is opened. The notebook text given back is written anew from the cells' types, ids,
grading labels and sources: outputs, attachments, kernel names and all other metadata stay behind.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from ._strange_names import dangerous, listed, spelled
from ._strange_notebooks import MAX_BYTES, MEANING, Refused, clean_notebook
from ._strange_zips import read_zip
from .course import NOT_CONTENT

__all__ = ["MEANING", "NAME_OF_TIME", "Folder", "Reading", "Refused", "open_folder", "read_file", "read_hand_in", "received"]

NAME_OF_TIME = "timestamp.txt"  # nbgrader's: when a hand-in was received
OURS = {NAME_OF_TIME, "submission_secret.txt", "hand-in.json"}
MAX_LISTED = 1000  # names looked at in a folder; a notebook under its own name is found whatever else lies there


@dataclass(frozen=True)
class Reading:
    """What a hand-in holds of one notebook.

    text     the notebook as clean JSON text (nbformat 4); None where it was refused
    verdict  None, or the refusal's name, a key of MEANING
    reason   the refusal in a sentence: what was found, what to do
    notes    what was out of order and costs nothing
    sha256   of the file's bytes as they came; "" where there were none
    """

    text: str | None
    verdict: str | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()
    sha256: str = ""


@dataclass
class Folder:
    """An open folder. Its entries are reached through its descriptor, so that nobody can swap a link in on the way; where
    the system has no such calls (Windows), by path, with a look before and after."""

    path: Path
    descriptor: int | None = None
    opened: list[int] = field(default_factory=list)

    def names(self) -> list[str]:
        """The entries' names, sorted; of a folder with very many, some."""
        found: list[str] = []
        with os.scandir(self.path if self.descriptor is None else self.descriptor) as entries:
            for entry in entries:
                found.append(entry.name)
                if len(found) >= MAX_LISTED:
                    break
        return sorted(found)

    def look(self, name: str) -> os.stat_result | None:
        """What is known of an entry without opening it; None where there is none."""
        try:
            if self.descriptor is None:
                return os.lstat(self.path / name)
            return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        except OSError as e:
            if e.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
                return None
            raise Refused("unreadable", f"{spelled(name)} cannot be looked at ({e.strerror})") from None
        except ValueError:  # a NUL in the name
            return None

    def folder(self, name: str) -> Folder:
        """The folder `name` in this one. Raises Refused for a link and for what is no folder."""
        self._refuse_other(name, stat.S_ISDIR, "a folder")
        handle = self._open(name, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)) if self.descriptor is not None else None
        if handle is not None:
            self.opened.append(handle)
        return Folder(self.path / name, handle, self.opened)

    def read(self, name: str, most: int = MAX_BYTES) -> bytes:
        """The bytes of a regular file. Raises Refused for anything else, and for more than `most` bytes."""
        known = self._refuse_other(name, stat.S_ISREG, "a file")
        if known.st_size > most:
            raise Refused("too-large", f"{spelled(name)} has {known.st_size / 1e6:.0f} MB; the limit is {most / 1e6:g} MB. "
                                       "Clear its outputs and hand it in again")
        handle = self._open(name, os.O_RDONLY)
        with open(handle, "rb") as file:
            now = os.fstat(handle)
            if not stat.S_ISREG(now.st_mode) or (self.descriptor is None and (now.st_dev, now.st_ino) != (known.st_dev, known.st_ino)):
                raise Refused("not-a-file", f"{spelled(name)} changed while it was read. Hand it in again")
            try:
                data = file.read(most + 1)
            except OSError as e:
                raise Refused("unreadable", f"{spelled(name)} cannot be read ({e.strerror})") from None
        if len(data) > most:
            raise Refused("too-large", f"{spelled(name)} grew over {most / 1e6:g} MB while it was read")
        return data

    def _refuse_other(self, name: str, wanted, what: str) -> os.stat_result:
        known = self.look(name)
        if known is None:
            raise Refused("no-notebook", f"there is no {spelled(name)}")
        if stat.S_ISLNK(known.st_mode) or getattr(os.path, "isjunction", lambda _: False)(self.path / name):
            raise Refused("symlink", f"{spelled(name)} is a link, and links are not followed. Put the file itself there")
        if not wanted(known.st_mode):
            raise Refused("not-a-file", f"{spelled(name)} is {_kind(known.st_mode)}, not {what}. Hand in the notebook file itself")
        return known

    def _open(self, name: str, flags: int) -> int:
        for extra in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"):
            flags |= getattr(os, extra, 0)
        try:
            if self.descriptor is None:
                return os.open(self.path / name, flags)
            return os.open(name, flags, dir_fd=self.descriptor)
        except OSError as e:
            if e.errno == errno.ELOOP:
                raise Refused("symlink", f"{spelled(name)} is a link, and links are not followed. Put the file itself there") from None
            raise Refused("unreadable", f"{spelled(name)} cannot be read ({e.strerror})") from None


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a named pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISCHR, "a device"),
             (stat.S_ISBLK, "a device"), (stat.S_ISREG, "a file"))
    return next((words for test, words in kinds if test(mode)), "something else")


@contextmanager
def open_folder(path: Path | str, below: int = 2) -> Iterator[Folder]:
    """The folder `path`, of whose last `below` parts none may be a link (STUDENT/ASSIGNMENT in submitted/). Raises Refused."""
    path = Path(os.path.abspath(path))
    names = path.parts[1:][-below:] if below else ()
    top = path.parents[len(names) - 1] if names else path
    opened: list[int] = []
    try:
        descriptor = None
        if os.open in os.supports_dir_fd and os.scandir in os.supports_fd:
            try:
                descriptor = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            except OSError as e:
                raise Refused("no-notebook" if e.errno == errno.ENOENT else "unreadable", f"{spelled(top.name)}: {e.strerror}") from None
            opened.append(descriptor)
        here = Folder(top, descriptor, opened)
        for name in names:
            here = here.folder(name)
        yield here
    finally:
        for handle in opened:
            os.close(handle)


def read_file(path: Path | str, most: int = MAX_BYTES) -> bytes:
    """The bytes of one regular file, its own name no link. Raises Refused."""
    path = Path(path)
    with open_folder(path.parent, below=0) as folder:
        return folder.read(path.name, most)


def read_hand_in(folder: Path | str, notebook_names: Iterable[str]) -> dict[str, Reading]:
    """What submitted/STUDENT/ASSIGNMENT/ (or a zip file) holds of the notebooks `notebook_names` (without ".ipynb").

    One Reading for each name, in that order. Never raises for what a hand-in holds; nothing outside is read, and nothing
    is written.
    """
    wanted = list(notebook_names)
    path = Path(folder)
    try:
        if path.suffix.lower() == ".zip" and not path.is_dir():
            return _from_zip(read_file(path), wanted)
        with open_folder(path) as here:
            names = here.names()
            unused = _unused(here, names, wanted)
            return {name: _read_one(here, names, name, unused) for name in wanted}
    except Refused as refused:
        return dict.fromkeys(wanted, Reading(None, refused.verdict, refused.reason))
    except (OSError, MemoryError) as e:
        return dict.fromkeys(wanted, Reading(None, "unreadable", f"the hand-in cannot be read ({type(e).__name__}: {e})"))


def _read_one(here: Folder, names: Sequence[str], notebook: str, notes: Sequence[str]) -> Reading:
    data, notes = b"", list(notes)
    try:
        name = _find(here, names, notebook, notes)
        data = here.read(name)
        if (links := here.look(name)) is not None and links.st_nlink > 1:
            notes.append(f"{spelled(name)} is one file under {links.st_nlink} names (hard links)")
        return _reading(data, notes)
    except Refused as refused:
        return Reading(None, refused.verdict, refused.reason, tuple(notes), hashlib.sha256(data).hexdigest() if data else "")


def _reading(data: bytes, notes: Sequence[str]) -> Reading:
    text, more = clean_notebook(data)
    return Reading(text, None, "", (*notes, *more), hashlib.sha256(data).hexdigest())


def _find(here: Folder, names: Sequence[str], notebook: str, notes: list[str]) -> str:
    """The entry that is the notebook: by its name, else by the one name that differs only in capitals or in how accents
    are written. Raises Refused."""
    exact = f"{notebook}.ipynb"
    alike = [n for n in names if _same(n) == _same(exact) and n != exact]
    if here.look(exact) is not None:
        notes += [f"{spelled(n)} is not {exact}, and not used" for n in alike]
        return exact
    if len(alike) == 1:
        notes.append(f"{spelled(alike[0])} was taken for {exact}")
        return alike[0]
    found = [spelled(n) for n in names if n.lower().endswith(".ipynb")]
    if alike:
        raise Refused("ambiguous", f"{', '.join(map(spelled, alike))}: which one is {exact}? Hand in one, under that name")
    todo = f"found {', '.join(found[:8])}: rename the right one" if found else "found no notebook"
    raise Refused("no-notebook", f"no {exact}; {todo}")


def _same(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _unused(here: Folder, names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """A note on what else lies in the folder: nothing of it is opened or copied to where code runs."""
    known = {_same(f"{n}.ipynb") for n in wanted} | OURS | NOT_CONTENT
    odd = []
    for name in (n for n in names if n not in known and _same(n) not in known):
        entry = here.look(name)
        is_link = entry is not None and stat.S_ISLNK(entry.st_mode)
        odd.append((name, "/" if entry is not None and stat.S_ISDIR(entry.st_mode) else " (a link)" if is_link else ""))
    return _note(odd)


def _note(odd: Sequence[tuple[str, str]]) -> list[str]:
    if not odd:
        return []
    odd = sorted(odd, key=lambda item: (not dangerous(item[0]), item[0]))  # what would be loaded in the place of others first
    return [f"files not used: {listed([spelled(name) + kind for name, kind in odd])}"]


def _from_zip(data: bytes, wanted: Sequence[str]) -> dict[str, Reading]:
    known = {_same(f"{n}.ipynb"): n for n in wanted}
    members, others = read_zip(data, lambda name: _same(PurePosixPath(name).name) in known)
    notes = _note([(n, "") for n in others if PurePosixPath(n).name not in OURS])
    readings = {}
    for name in wanted:
        found = [m for m in members if known.get(_same(PurePosixPath(m).name)) == name]
        try:
            if len(found) != 1:
                words = f"{len(found)} files called {name}.ipynb: hand in one" if found else f"no {name}.ipynb in the zip"
                raise Refused("ambiguous" if found else "no-notebook", words)
            readings[name] = _reading(members[found[0]], notes)
        except Refused as refused:
            readings[name] = Reading(None, refused.verdict, refused.reason, tuple(notes))
    return readings


def received(folder: Path | str) -> datetime | None:
    """When the hand-in was received, by the timestamp.txt that `collect` or nbgrader wrote; None where there is none, or
    one that nbgrader would stop the whole run for."""
    try:
        with open_folder(folder) as here:
            text = here.read(NAME_OF_TIME, 200).decode("ascii").strip()
    except (Refused, ValueError):
        return None
    try:
        time = datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
