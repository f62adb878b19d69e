"""File names from strangers: how to say them, and what is wrong with them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath, PureWindowsPath

from ._page_text import UNSEEN, visible

WINDOWS_DEVICES = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?:\..*)?", re.IGNORECASE)
# What Python, pytest, Jupyter or nbgrader would load by itself from a folder that they start in.
LOADED = {"sitecustomize.py", "usercustomize.py", "conftest.py", "nbgrader_config.py", "setup.py", "pyvenv.cfg", ".env"}


def spelled(name: str) -> str:
    """A name to be read: what cannot be seen in it is written out, and a very long one is cut."""
    shown = visible(name)
    return shown if len(shown) <= 120 else f"{shown[:100]}… ({len(name)} characters)"


def character(one: str) -> str:
    """A character by its number and name: "U+202E RIGHT-TO-LEFT OVERRIDE"."""
    name = unicodedata.name(one, "") or ("a control character" if ord(one) < 0xA0 else "half a character" if "\ud800" <= one <= "\udfff" else "")
    return f"U+{ord(one):04X} {name}".strip()


def unseen(name: str) -> str:
    """The first character of a name that cannot be seen, as `character` says it; "" where there is none."""
    found = UNSEEN.search(name) or re.search(r"[\t\n]", name)
    return character(found[0]) if found else ""


def out_of_place(name: str) -> str:
    """Why a zip member's name must not be followed, as the end of a sentence; "" where it may."""
    path, windows = PurePosixPath(name), PureWindowsPath(name)
    if path.is_absolute() or windows.drive or windows.root or ".." in path.parts or ".." in windows.parts:
        return "points out of the zip"
    if hidden := unseen(name):
        return f"has a character that cannot be seen ({hidden})"
    return ""


def awkward(name: str) -> str:
    """Why a name makes trouble on some system, as the end of a sentence; "" where it makes none. It is only noted."""
    parts = PurePosixPath(name).parts
    for part in parts:
        if WINDOWS_DEVICES.fullmatch(part):
            return "is a device's name on Windows"
        if part.startswith("-"):
            return "begins with '-', which programs read as an option"
        if found := re.search(r'[<>:"|?*\\]', part):
            return f"has {character(found[0])}, which Windows allows in no name"
        if part != part.rstrip(". "):
            return "ends with a dot or a space"
    return ""


def dangerous(name: str) -> bool:
    """Would a program that starts beside the file load it by itself, or in the place of a library?"""
    low = name.lower()
    return low in LOADED or low.endswith((".pth", ".py", ".so", ".pyd", ".pyc", ".dll")) or low.startswith("jupyter_") or "." not in low


def listed(names: Sequence[str], most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def why_no_student(name: str) -> str:
    """What of a would-be student's name cannot name a folder; "" where everything can."""
    if not name:
        return ""
    if WINDOWS_DEVICES.fullmatch(name):
        return f"{spelled(name)} is a device's name on Windows"
    if found := re.search(r"[^\w.@-]", name):
        return f"'{spelled(name)}' has the character {character(found[0])}"
    if not re.match(r"[^\W_]", name):
        return f"'{spelled(name)}' begins with {character(name[0])}, not with a letter or digit"
    if len(name) > 64:
        return f"'{spelled(name)}' has {len(name)} characters; the limit is 64"
    return f"'{spelled(name)}' ends with a dot" if name.endswith(".") else ""
