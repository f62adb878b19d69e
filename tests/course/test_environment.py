"""pyproject.toml, requirements.lock and environment.yml say the same, and no file names a package registry's address."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from course_lib import environment

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def locked():
    versions = {}
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            requirement = Requirement(line)
            (spec,) = requirement.specifier
            assert spec.operator == "==", line
            versions.setdefault(canonicalize_name(requirement.name), set()).add(spec.version)
    return versions


EXTRAS = PROJECT["optional-dependencies"]
LOCKED = [r for name, extra in EXTRAS.items() if name != "pytorch" for r in extra]


@pytest.mark.parametrize("wanted", PROJECT["dependencies"] + LOCKED)
def test_the_lock_holds_a_fitting_version_of_every_dependency(wanted):
    requirement = Requirement(wanted)
    versions = locked()[canonicalize_name(requirement.name)]
    assert all(requirement.specifier.contains(v) for v in versions), (wanted, versions)


def test_pytorch_is_an_extra_that_only_ci_installs():
    assert EXTRAS["pytorch"] == ["torch==2.13.0"] and "torch" not in locked()
    assert "pip install torch==2.13.0 " in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for name in ("environment.yml", "Makefile"):
        assert "torch" not in (ROOT / name).read_text(encoding="utf-8"), name


def test_conda_gets_python_from_conda_and_all_else_through_pip_from_the_same_files():
    *others, pip = CONDA["dependencies"]
    assert sorted(others) == ["pip", f"python{PROJECT['requires-python']}"]
    assert pip == {"pip": ["--constraint requirements.lock", "--editable .[test]"]}
    assert set(CONDA) == {"name", "channels", "dependencies"}


def test_make_installs_from_the_same_files():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert makefile.count("--constraint requirements.lock") == 3
    assert "--editable '.[test]'" in makefile and "--editable '.[site]'" in makefile


def test_ci_installs_what_no_test_may_skip_for():
    assert "--editable '.[test,browser,site]'" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_what_the_first_notebook_looks_for_is_a_dependency():
    names = {canonicalize_name(Requirement(r).name) for r in PROJECT["dependencies"]}
    assert set(environment.NEEDED) <= names
    assert PROJECT["requires-python"] == ">=" + ".".join(map(str, environment.PYTHON))


def test_the_environment_report_says_what_to_do_about_what_is_missing(monkeypatch):
    monkeypatch.setitem(environment.NEEDED, "no-such-package", "nothing")
    report = environment.report()
    assert [f.found for f in report.missing] == ["missing"]
    assert "make lab" in repr(report) and "no-such-package" in report._repr_markdown_()
    assert report.verdict.startswith("1 thing(s)")


def test_no_file_holds_a_registrys_address():
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    pattern = re.compile("|".join(["pypi" + r"\.org", "python" + "hosted", "registry" + r"\.npm", "conda" + r"\.anaconda"]))
    for name in filter(None, files):
        path = ROOT / name
        if path.is_file() and path.suffix in {".lock", ".toml", ".yml", ".yaml", ".txt", ".cfg", ".md", ".py", ".ipynb", ""}:
            assert not pattern.search(path.read_text(encoding="utf-8", errors="replace")), name
