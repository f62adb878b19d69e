"""Build the walkthrough: solutions/ and the texts of site/ become static pages in build/site/."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from course_lib.check.assignments import ASSIGNMENTS
from course_lib.grading.course import Course, WorkbookError, read_notebook, write_atomically
from course_lib.walkthrough.links import Repository, repository
from course_lib.walkthrough.pages import Page, make_page
from course_lib.walkthrough.stored import program_file

NEEDED = {"sphinx": "sphinx", "myst_nb": "myst-nb", "furo": "furo", "latex2mathml": "latex2mathml"}
PLACES = ("assignments", "pages", "rows", "texts")  # <!-- ... --> in the texts of site/, to be filled in
FIRST = ("covered", "map", "glossary")  # in this order after the assignments, then others by name


def build(course: Course, out: Path | None = None) -> tuple[Path, list[Page]]:
    """Build the pages into `out` (default: build/site); the folder, and what became of each notebook.

    The folder is replaced whole, and only by pages that Sphinx made without a warning. Raises WorkbookError where Sphinx or
    one of its extensions is missing, where there is nothing to build, and for what Sphinx complains about.
    """
    texts = course.root / "site"
    if not (texts / "conf.py").is_file() or not course.solutions.is_dir():
        raise WorkbookError(f"{course.root} has no site/ and solutions/: only the course's repository can make the pages")
    if missing := [package for module, package in NEEDED.items() if importlib.util.find_spec(module) is None]:
        raise WorkbookError(f"the pages need {', '.join(missing)}: python -m pip install -c requirements.lock -e '.[site]'")
    target = Path(out) if out is not None else course.build / "site"
    if target.exists() and not _may_replace(target):
        raise WorkbookError(f"{course.show(target)} holds something else than these pages: name an empty folder, or a new one")
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target: it is moved there as a whole, and a build that fails leaves the old pages as they were.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".site-") as scratch:
        source, made = Path(scratch, "source"), Path(scratch, "site")
        pages = write_source(course, source)
        _sphinx(source, made)
        for left in (".buildinfo", "objects.inv"):
            (made / left).unlink(missing_ok=True)
        shutil.rmtree(made / "_sources", ignore_errors=True)  # empty, since no page offers its source
        for path in made.glob("*.html"):
            path.write_text(mended(path.read_text(encoding="utf-8")), encoding="utf-8")
        (made / ".nojekyll").touch()  # GitHub's pages would leave out every folder that begins with an underscore
        if target.exists():
            shutil.rmtree(target)
        os.chmod(made, 0o755)
        made.rename(target)
    return target, pages


def _may_replace(folder: Path) -> bool:
    return folder.is_dir() and (not any(folder.iterdir()) or (folder / "_static" / "workbook.js").is_file())


def write_source(course: Course, folder: Path) -> list[Page]:
    """Write what Sphinx reads: the texts of site/, every solved notebook as a page, its pictures and programs."""
    import nbformat

    shutil.copytree(course.root / "site", folder, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    where = repository(course)
    pages = []
    for name in course.assignments():
        for path in course.notebook_files(course.solutions, name):
            page = make_page(path.stem, read_notebook(path), opened(f"{name}/{path.name}", where))
            write_atomically(folder / f"{path.stem}.ipynb", nbformat.writes(page.notebook) + "\n")
            pages.append(page)
    for page in pages:
        files = {f"pictures/{file}": png for file, png in page.pictures.items()}  # which Sphinx copies
        files |= {f"static/pictures/{file}": png for file, png in page.stand_ins.items()}
        files |= {f"static/programs/{digest}.js": program_file(digest, p).encode() for digest, p in page.programs.items()}
        for file, data in files.items():
            (folder / file).parent.mkdir(exist_ok=True)
            (folder / file).write_bytes(data)
    for path in sorted(folder.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        for place in PLACES:
            if f"<!-- {place} -->" in text:
                text = text.replace(f"<!-- {place} -->", FILL[place](course, folder, pages))
        path.write_text(text, encoding="utf-8")
    return pages


def _sphinx(source: Path, made: Path) -> None:
    """Run Sphinx, which must not even warn."""
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-n", "-b", "html", "-d", str(source.parent / "doctrees")]
    ran = subprocess.run([*command, str(source), str(made)], capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"})
    if ran.returncode:
        said = [line.replace(f"{source}{os.sep}", "") for line in ran.stderr.splitlines() if line.strip()]
        raise WorkbookError(f"Sphinx could not make the pages: {' / '.join(said[:12]) or f'exit code {ran.returncode}'}")


MENDED = {
    '<p class="caption" role="heading">': '<p class="caption" role="heading" aria-level="2">',
    '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="All pages">',
    '<aside class="toc-drawer">': '<aside class="toc-drawer" aria-label="On this page">',
    '<th class="head"><p></p></th>': "<td></td>",
    '<div id="search-results"></div>': '<h1>Search</h1>\n<div id="search-results"></div>',
}


def mended(page: str) -> str:
    """A page with what screen readers miss in the theme's and Sphinx's HTML: levels and names of parts, a heading."""
    for old, new in MENDED.items():
        page = page.replace(old, new)
    return page


# --- what the texts' places are filled with -------------------------------------------------------------------------


def _assignments(course: Course, folder: Path, pages: Sequence[Page]) -> str:
    by_number = {page.name.split("_")[0]: page for page in reversed(pages)}
    lines = ["| assignment | builds on | time | points | of the lectures |", "|---|---|---|---|---|"]
    for page in pages:
        before = [f"[{n}]({by_number[n].name}.ipynb)" for n in _builds_on(page.name) if n in by_number]
        lectures = sorted({row.split("-")[0] for row in page.rows if row[:2] not in ("O-", "X-")})
        minutes = f"{page.minutes} min" if page.minutes else ""
        lines.append(f"| [{page.title}]({page.name}.ipynb) | {', '.join(before) or 'nothing'} | {minutes} | {page.points:g} | {', '.join(lectures)} |")
    return "\n".join(lines)


def _builds_on(name: str) -> tuple[str, ...]:
    found = ASSIGNMENTS.get(name.split("_")[0])
    return found.builds_on if found else ()


def _rows(course: Course, folder: Path, pages: Sequence[Page]) -> str:
    file = course.root / "tests" / "rows.toml"
    topics = {row: entry.get("topic", "") for row, entry in tomllib.loads(file.read_text(encoding="utf-8")).items()} if file.is_file() else {}
    where: dict[str, list[str]] = {row: [] for row in topics}
    for page in pages:
        for row in page.rows:
            where.setdefault(row, []).append(f"[{page.title}]({page.name}.ipynb)")
    lines = ["| row | what | where |", "|---|---|---|"]
    lines += [f"| {row} | {topics.get(row, '')} | {', '.join(found)} |" for row, found in where.items() if found]
    return "\n".join(lines)


def _other_texts(folder: Path) -> list[str]:
    others = {path.stem for path in folder.glob("*.md")} - {"index"}
    return [name for name in FIRST if name in others] + sorted(others - set(FIRST))


def _texts(course: Course, folder: Path, pages: Sequence[Page]) -> str:
    return "\n".join(f"- [](./{name}.md)" for name in _other_texts(folder))


def _toctrees(course: Course, folder: Path, pages: Sequence[Page]) -> str:
    return _toctree("Notebooks", [page.name for page in pages]) + "\n\n" + _toctree("Around them", _other_texts(folder))


def _toctree(caption: str, names: Iterable[str]) -> str:
    return "```{toctree}\n:hidden:\n:maxdepth: 1\n:caption: " + caption + "\n\n" + "\n".join(names) + "\n```"


FILL = {"assignments": _assignments, "pages": _toctrees, "rows": _rows, "texts": _texts}


def opened(path: str, where: Repository | None) -> str:
    """The lines below a page's heading, as HTML: how to open the student copy of the notebook `path`."""
    number = re.match(r"\d*", path)[0]
    lab = f"In Lab: <code>workbook lab</code>, then open <code>work/{escape(path)}</code>"
    student = f"notebooks/{path}"
    links = [lab]
    if where:
        links.append(f'<a href="{escape(where.binder(student))}">On Binder</a>')
        if colab := where.colab(student):
            install = f"!pip install git+{where.address}@{where.branch}"
            links.append(f'<a href="{escape(colab)}">On Colab</a> (there, first run <code>{escape(install)}</code>)')
        links.append(f'<a href="{escape(where.address)}">Repository</a>')
    items = "".join(f"<li>{link}</li>" for link in links)
    shown = f"Solve this notebook yourself{f' ({number})' if number else ''}"
    return f'<div class="workbook-open" role="group" aria-label="{shown}"><p>Solve it yourself</p><ul>{items}</ul></div>'
