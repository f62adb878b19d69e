"""Is everything here that the workbook needs? A look at Python and at the packages, with what to do about what is not."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from importlib import metadata

PYTHON = (3, 11)
NEEDED = {
    "numpy": "all computation",
    "matplotlib": "pictures",
    "scipy": "an independent second opinion on convolutions",
    "scikit-learn": "digits and photographs",
    "ipywidgets": "sliders",
    "anywidget": "the workbook's own widgets",
    "jupyterlab": "the notebooks",
    "tqdm": "progress bars",
}


@dataclass(frozen=True)
class Finding:
    """One line of the report: what was looked at, what was found, and what to do (empty where all is well)."""

    what: str
    found: str
    remedy: str = ""


def look() -> list[Finding]:
    """Look at Python and at every needed package, without importing them."""
    here = platform.python_version()
    old = sys.version_info[:2] < PYTHON
    wanted = ".".join(map(str, PYTHON))
    findings = [Finding("Python", here, f"Python {wanted} or newer is needed: install it, then run `make lab` again." if old else "")]
    for name, purpose in NEEDED.items():
        try:
            findings.append(Finding(f"{name} ({purpose})", metadata.version(name)))
        except metadata.PackageNotFoundError:
            findings.append(Finding(
                f"{name} ({purpose})", "missing",
                f"Stop JupyterLab, run `make -B setup`, start it again with `make lab`. Without make: "
                f"`{sys.executable} -m pip install --constraint requirements.lock {name}`."))
    return findings


class Report:
    """The findings as a table in a notebook and as text in a terminal."""

    def __init__(self, findings: list[Finding]):
        self.findings = findings
        self.missing = [f for f in findings if f.remedy]

    @property
    def verdict(self) -> str:
        if not self.missing:
            return "Everything is here."
        return f"{len(self.missing)} thing(s) to mend before you start."

    def __repr__(self) -> str:
        rows = [f"{'✗' if f.remedy else '✓'} {f.what}: {f.found}" + (f"\n    {f.remedy}" if f.remedy else "") for f in self.findings]
        return "\n".join([*rows, self.verdict])

    def _repr_markdown_(self) -> str:
        rows = [f"| {'✗' if f.remedy else '✓'} | {f.what} | {f.found} | {f.remedy} |" for f in self.findings]
        return "\n".join(["| | what | found | what to do |", "|---|---|---|---|", *rows, "", f"**{self.verdict}**"])


def report() -> Report:
    """The environment check of the first notebook.

    >>> report().verdict
    'Everything is here.'
    """
    return Report(look())
