"""Who may write: whether another program holds the gradebook, and only one grading run of a course at a time."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from .course import WorkbookError


def check_unlocked(database: Path) -> None:
    """Raise WorkbookError where another process holds the gradebook, or it is no gradebook, before any work is done."""
    if database.is_dir():
        raise WorkbookError(f"{database}: a folder, not a gradebook. Move it away and try again")
    for path in (database.parent, database):  # SQLite writes its journal beside the file
        if path.exists() and not os.access(path, os.W_OK):
            raise WorkbookError(f"{path}: cannot be written, and the gradebook has to be. Check its permissions")
    if not database.is_file():
        return
    try:
        with contextlib.closing(sqlite3.connect(database, timeout=2)) as db:
            db.execute("BEGIN IMMEDIATE")
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            db.rollback()
    except sqlite3.OperationalError as e:
        if "locked" not in str(e):
            raise WorkbookError(f"{database}: the gradebook cannot be opened for writing ({e}). Check its permissions") from e
        raise WorkbookError(f"{database}: the gradebook is locked by another program (the formgrader, or another grading run). "
                            f"Close that and try again; nothing was changed") from None
    except sqlite3.DatabaseError as e:
        raise WorkbookError(f"{database}: not a gradebook ({e}). Move the file away and try again") from None
    if tables and "submitted_assignment" not in tables:
        raise WorkbookError(f"{database}: not a gradebook (a database with other tables). Move the file away and try again")


@contextlib.contextmanager
def only_run(scratch: Path) -> Iterator[None]:
    """Only one grading run of a course at a time: two would take each other's scratch files away.

    SQLite's lock of a file that nothing is written to: it works on every system, and ends with the process.
    """
    scratch.parent.mkdir(parents=True, exist_ok=True)
    lock = scratch.with_name("grading.lock")
    with contextlib.closing(sqlite3.connect(lock, timeout=0, isolation_level=None)) as db:
        try:
            db.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as e:
            if "locked" not in str(e):
                raise WorkbookError(f"{lock}: cannot be written ({e}). Check the folder's permissions") from e
            raise WorkbookError("another `workbook grade` is at work in this course: wait until it is done; nothing was changed") from None
        yield
