"""PoolRoutes, CrossEntropySliders and ReceptiveField in JupyterLab: the kernel takes part, cells are run again."""

import nbformat
from test_lab import command, lab, open_notebook  # noqa: F401

MAKE = """from course_lib.widgets import CrossEntropySliders, PoolRoutes, ReceptiveField
from IPython.display import display
routes, sliders, field = PoolRoutes(preset="C-unpool"), CrossEntropySliders(preset="A-ce5/uniform"), ReceptiveField(preset="B-shrink")
display(routes, sliders, field)"""
TELL = """print(routes.step, routes.dx[0, 0], routes.problem)
print(sliders.scores.tolist(), round(sliders.loss, 3), sliders.problem)
print(field.total["shape"], field.layer, field.problem)"""


def test_in_jupyterlab(chromium, lab):  # noqa: F811
    page = chromium.new_page(viewport={"width": 1280, "height": 2400})
    address, work = lab
    nb = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(MAKE), nbformat.v4.new_code_cell(TELL)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}},
    )
    (work / "three").mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, work / "three" / "three.ipynb")
    problems = open_notebook(page, address("three"))
    command(page, "Run All Cells")
    page.wait_for_selector(".cw-field-view", timeout=60_000)
    page.locator(".cw-pool .cw-panel-upstream .cw-cell").nth(0).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("]")  # JupyterLab's own shortcuts do not get these keys
    page.locator(".cw-pool .cw-panel-input .cw-cell").nth(0).focus()
    page.keyboard.type("9")
    page.keyboard.press("Enter")
    page.get_by_label("score of bird", exact=True).focus()
    page.keyboard.press("PageUp")
    page.keyboard.press("s")
    page.locator(".cw-field-view tbody input[type=radio]").nth(0).check()
    page.keyboard.press("Delete")

    def run_again(cell):
        page.locator(".jp-Cell").nth(cell).locator(".jp-InputPrompt").click()
        page.keyboard.press("Control+Enter")

    run_again(1)
    page.wait_for_selector("pre:has-text('2 1.3')", timeout=30_000)
    told = page.locator(".jp-Cell").nth(1).locator(".jp-OutputArea-output").inner_text().split("\n")
    assert told[0].strip() == "2 1.3" and told[2].strip() == "[10, 28] 0"
    assert told[1].startswith("[-0.149, -0.149, -0.149, -0.149, 1.595]"), told[1]
    assert page.locator(".jp-Cell").count() == 2
    run_again(0)
    page.wait_for_function(
        "() => document.querySelector('.cw-pool .cw-count')?.textContent === 'step 1 of 4' && document.querySelectorAll('.cw').length === 3",
        timeout=30_000,
    )
    assert problems == []
