"""Where a reader can open a notebook to work on it: in Lab always, on Binder and Colab where the repository's address is known."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from urllib.parse import quote

from course_lib.grading.course import Course, WorkbookError

VARIABLE = "WORKBOOK_REPOSITORY"


@dataclass(frozen=True)
class Repository:
    """A public repository: its address, without the ending, and the branch to open."""

    address: str
    branch: str = "main"

    @property
    def on_github(self) -> str | None:
        """OWNER/NAME on GitHub, else None."""
        found = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+)", self.address)
        return found[1] if found else None

    def binder(self, path: str) -> str:
        """The address at which Binder builds the environment and opens the file `path` in Lab."""
        if self.on_github:
            where = f"gh/{self.on_github}"
        elif found := re.fullmatch(r"https://gitlab\.com/(.+)", self.address):
            where = f"gl/{quote(found[1], safe='')}"
        else:
            where = f"git/{quote(self.address, safe='')}"
        return f"https://mybinder.org/v2/{where}/{quote(self.branch, safe='')}?urlpath={quote(f'lab/tree/{path}', safe='')}"

    def colab(self, path: str) -> str | None:
        """The address at which Colab opens the file `path`; None where it cannot: it reads from GitHub only."""
        return self.on_github and f"https://colab.research.google.com/github/{self.on_github}/blob/{quote(self.branch)}/{quote(path)}"


def repository(course: Course) -> Repository | None:
    """The repository as the variable WORKBOOK_REPOSITORY names it, else [tool.workbook] in pyproject.toml; None: neither does.

    Written as https://HOST/OWNER/NAME, or OWNER/NAME for GitHub; a branch follows after a "#": OWNER/NAME#spring.
    """
    file = course.root / "pyproject.toml"
    settings = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("workbook", {}) if file.is_file() else {}
    given = os.environ.get(VARIABLE, settings.get("repository", ""))
    if not given.strip():
        return None
    address, _, branch = given.strip().partition("#")
    address = address.removesuffix("/").removesuffix(".git")
    if re.fullmatch(r"[\w.-]+/[\w.-]+", address):
        address = f"https://github.com/{address}"
    if not re.fullmatch(r"https://[\w.-]+(:\d+)?/[\w./~-]+", address):
        raise WorkbookError(f"{given!r} is not a repository's address: write https://HOST/OWNER/NAME or OWNER/NAME in {VARIABLE} or pyproject.toml")
    return Repository(address, branch or "main")
