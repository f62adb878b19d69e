"""Progress in JupyterLab: `workbook lab` begins the record, a check and a hint are in it, ProgressView shows it."""

import os

import nbformat
from test_lab import command, lab, open_notebook  # noqa: F401

from course_lib.check import progress
from course_lib.check.exercises import find

CHECK = """from course_lib.check import check, hint
from course_lib.widgets import ProgressView

def multiply_backward(x, y, dout):
    return x * dout, y * dout

hint("00.multiply_backward")
check("00.multiply_backward", multiply_backward, points=2)"""


def test_in_jupyterlab(chromium, lab):  # noqa: F811
    page = chromium.new_page(viewport={"width": 1280, "height": 1700})
    address, work = lab
    cells = [nbformat.v4.new_code_cell(source) for source in (CHECK, "ProgressView()")]
    nb = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}})
    (work / "00_mine").mkdir(exist_ok=True)
    nbformat.write(nb, work / "00_mine" / "00_mine.ipynb")
    assert progress.read(work / progress.FILE) == {"version": 1, "exercises": {}}
    problems = open_notebook(page, address("00_mine"))
    command(page, "Run All Cells")
    page.wait_for_selector(".cw-progress table", timeout=60_000)
    text = page.locator(".cw-progress").inner_text()
    idea = find("00.multiply_backward").misconceptions[0]
    assert f"! still there: {idea.name}" in text and idea.sentence in text and "0 of 1 misconceptions overcome" in text
    page.locator(".cw-progress [data-key='00']").focus()
    page.keyboard.press("Enter")  # JupyterLab's own shortcuts do not get it
    page.wait_for_selector(".cw-progress tr.cw-progress-one:has-text('multiply_backward')")
    assert page.locator(".jp-Cell").count() == 2
    entry = progress.read(work / progress.FILE)["exercises"]["00.multiply_backward"]
    assert entry["hints"] == {"1": 1} and entry["ideas"] == {idea.name: {"met": 1, "overcome": False}}
    if folder := os.environ.get("WORKBOOK_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/progress_lab.png")
    assert problems == []
