"""What the tests of a class share: a course with folders of its own, hand-ins, and waiting for processes."""

import os
import time
from pathlib import Path

import nbformat

from course_lib.grading import grade
from course_lib.grading.course import Course, read_notebook
from course_lib.grading.pool import refusal
from course_lib.grading.sample import SampleStudent, filled, sample_class

ROOT = Path(__file__).resolve().parents[2]
NAME, OTHER = "00_start_here", "01_flat_backprop"
SEED = "0123456789abcdef"
# Where there is no sandbox (macOS), the class around it is tested all the same. Where no test may be skipped there is one.
SANDBOXED = bool(os.environ.get("WORKBOOK_NO_SKIPS")) or not refusal()
OPTIONS = [] if SANDBOXED else ["--no-sandbox"]


def grade_class(course, assignment=None, **options):
    """`workbook grade`, in the sandbox where there is one."""
    return grade.grade_class(course, assignment, **{"sandbox": SANDBOXED, **options})


def course_at(folder):
    """A course that shares the repository's notebooks and has folders of its own for all that grading writes."""
    for name in ("solutions", "notebooks", "samples", "course_lib", "nbgrader_config.py"):
        (folder / name).symlink_to(ROOT / name)
    return Course(folder)


def hand_in(course, student, source=None, assignment=NAME):
    """Hand in a notebook file (default: the empty student copy), or a SampleStudent's answers."""
    folder = course.submitted / student / assignment
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(source, SampleStudent):
        nb = filled(read_notebook(ROOT / "notebooks" / assignment / f"{assignment}.ipynb"), source)
    else:
        nb = read_notebook(source or ROOT / "notebooks" / assignment / f"{assignment}.ipynb")
    nbformat.write(nb, folder / f"{assignment}.ipynb")
    return folder / f"{assignment}.ipynb"


def sample(name, assignment=NAME):
    return next(s for s in sample_class(Course(ROOT), assignment) if s.name == name)


def wait_for(what, seconds):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def is_alive(pid):
    """Whether the process runs; one that has ended and that nobody has asked about yet does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        pass
    if os.path.isdir("/proc/self"):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
