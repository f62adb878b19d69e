"""`workbook lab` in a real browser: no question pops up, the notebook opens, Run All reaches the end, a wrong answer is told why.

Needs Chromium and Playwright (`pip install -e '.[browser]'`); says so in one line where they are absent.
"""

import contextlib
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest

from course_lib.cli.lab import choose_port
from course_lib.grading.hidden import check_calls

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
WRONG = "def multiply_backward(x, y, dout):\n    return y, x"


@pytest.fixture(scope="module")
def page():
    if CHROMIUM is None:
        pytest.skip("no Chromium on the path: the browser tests did not run")
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: the browser tests did not run")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 1400})
        yield page
        browser.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """(address of a notebook, its work/ folder) of a JupyterLab started by the command, on a course folder of its own."""
    folder = tmp_path_factory.mktemp("lab")
    for name in ("notebooks", "solutions", "course_lib", "nbgrader_config.py"):
        (folder / name).symlink_to(ROOT / name)
    log = folder / "lab.log"  # a file and not a pipe: nobody has to read it for the server to go on
    command = [sys.executable, "-m", "course_lib.cli", "--root", str(folder), "lab", "--no-browser", "--port", str(choose_port(None))]
    with log.open("w") as out, subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out) as process:
        try:
            host, token = wait_for_server(log, process)
            yield lambda name: f"{host}/lab/tree/work/{name}/{name}.ipynb?reset&token={token}", folder / "work"
        finally:
            process.terminate()
            process.wait(timeout=30)


def wait_for_server(log, process):
    """(http://127.0.0.1:PORT, token) once the server answers."""
    for _ in range(240):
        assert process.poll() is None, "JupyterLab stopped:\n" + log.read_text()
        if address := re.search(r"(http://127\.0\.0\.1:\d+)/\S*\?token=(\w+)", log.read_text()):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address[1]}/api", timeout=5).close()
                return address[1], address[2]
        time.sleep(0.25)
    raise AssertionError("JupyterLab did not answer:\n" + log.read_text())


def open_notebook(page, address):
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(address)
    page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell", timeout=90_000)
    page.wait_for_selector("text=Python 3 (ipykernel) | Idle", timeout=90_000)
    return problems


def command(page, name):
    """Run a command of the palette, as a person would who knows its name."""
    page.keyboard.press("Control+Shift+c")
    page.wait_for_selector(".lm-CommandPalette-input")
    page.keyboard.type(name)
    page.wait_for_selector(f".lm-CommandPalette-item.lm-mod-active:has-text('{name}')")
    page.keyboard.press("Enter")


def run_all_and_save(page, path):
    """Run every cell, save, and return the saved code cells: what the student would find tomorrow."""
    command(page, "Run All Cells")
    for _ in range(90):
        page.wait_for_timeout(1000)
        page.keyboard.press("Control+s")
        page.wait_for_timeout(500)
        cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
        if all(c.execution_count for c in cells) and page.is_visible("text=Python 3 (ipykernel) | Idle"):
            page.keyboard.press("Control+s")
            page.wait_for_timeout(1000)
            return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    raise AssertionError(f"Run All did not reach the end of {path.name}")


def html_of(outputs):
    return [str(o["data"].get("text/html", "")) for o in outputs if "data" in o]


@pytest.mark.parametrize("name", ["00_start_here", "07_conv_backward"])
def test_run_all_in_a_student_copy_reaches_the_end(page, lab, name):
    address, work = lab
    problems = open_notebook(page, address(name))
    cells = run_all_and_save(page, work / name / f"{name}.ipynb")
    outputs = [o for c in cells for o in c.outputs]
    assert not [o for o in outputs if o["output_type"] == "error"]
    unsolved = [h for h in html_of(outputs) if "not done yet" in h]
    assert len(unsolved) == len([c for c in check_calls(ROOT / "solutions" / name / f"{name}.ipynb") if c.hidden is None])
    assert problems == []
    assert "Jupyter news" not in page.inner_text("body")


def test_a_wrong_answer_is_told_which_idea_is_wrong(page, lab):
    address, work = lab
    name = "00_start_here"
    path = work / name / f"{name}.ipynb"
    nb = nbformat.read(path, as_version=4)
    next(c for c in nb.cells if c.source.startswith("def multiply_backward")).source = WRONG
    nbformat.write(nb, path)
    open_notebook(page, address(name))
    (verdict,) = [c for c in run_all_and_save(page, path) if c.source.startswith('check("00.multiply_backward"')]
    (shown,) = html_of(verdict.outputs)
    assert "You returned the local gradients alone" in shown and "expected dx" in shown
