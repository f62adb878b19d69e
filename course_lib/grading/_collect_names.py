"""Whose a hand-in is, by the names of files, folders and zips."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from course_lib.grading.course import Course


@dataclass(frozen=True)
class Found:
    """A notebook that arrived, and what is known of it."""

    source: str  # as shown to the reader
    place: PurePosixPath  # where it lay, in the directory or the zip: names may tell student and assignment
    data: bytes
    container: PurePosixPath | None = None  # the zip's own place
    manifest: Mapping = field(default_factory=dict)
    student: str = ""
    assignment: str = ""
    notebook: str = ""
    note: str = ""


def student_by_folder(found: Found, course: Course) -> str:
    """For one folder or zip per student: NAME-ASSIGNMENT in the (zip) file's name, else the folder's, else the file's."""
    outer = found.container or found.place
    return (
        _without_assignment(outer.stem, course, only_if_there=True)
        or ("" if not found.container else _without_assignment(outer.stem, course))
        or _folder(outer, course)
        or student_by_file(found, course)
    )


def student_by_file(found: Found, course: Course) -> str:
    """For many students' files together: the file's own name, else (in a zip) the folder it lies in."""
    own = _without_assignment(found.place.stem, course)
    return (_folder(found.place, course) or own) if found.container else own


def _folder(place: PurePosixPath, course: Course) -> str:
    """The innermost folder that is not an assignment's."""
    return next((part for part in reversed(place.parts[:-1]) if part not in course.assignments()), "")


def _without_assignment(stem: str, course: Course, only_if_there: bool = False) -> str:
    """What is left of "ada-07_conv_backward (2)" without the assignment and the number of a copy: "ada"."""
    for name in sorted(course.assignments(), key=len, reverse=True):
        before, there, after = stem.partition(name)
        if there:
            after = re.sub(r"^[\s_-]*\(?\d*\)?$", "", after)
            return before.strip(" _-") or after.strip(" _-")
    return "" if only_if_there else stem


def tidy(name: str) -> str:
    """The name in what learning platforms write: Moodle's folder, Canvas' file prefix; spaces become '-', and an accent is
    one character with its letter, on whichever system the name was made."""
    name = unicodedata.normalize("NFC", name)
    name = re.sub(r"_\d+_assignsubmission_.*$", "", name.strip())
    name = re.sub(r"(_LATE)?_\d{3,}_\d{3,}$", "", name)
    return re.sub(r"\s+", "-", name)
