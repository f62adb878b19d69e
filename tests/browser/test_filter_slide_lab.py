"""FilterSlide in JupyterLab: the kernel takes part, and the notebook's own keys stay out."""

import nbformat
from test_lab import command, lab, open_notebook  # noqa: F401


def test_in_jupyterlab(chromium, lab):  # noqa: F811
    page = chromium.new_page(viewport={"width": 1280, "height": 1400})
    address, work = lab
    nb = nbformat.v4.new_notebook(cells=[
        nbformat.v4.new_code_cell('from course_lib.widgets import FilterSlide\nslide = FilterSlide(preset="C-conv2d")\nslide'),
        nbformat.v4.new_code_cell("print(slide.step, slide.out[0].tolist(), slide.problem)"),
    ], metadata={"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}})  # fmt: skip
    (work / "slide").mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, work / "slide" / "slide.ipynb")
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    problems = open_notebook(page, address("slide"))
    command(page, "Run All Cells")
    page.wait_for_selector(".cw-filter", timeout=60_000)
    result = page.locator(".cw-filter .cw-panel-result .cw-cell")
    result.nth(0).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("]")  # JupyterLab's own shortcuts do not get these keys
    page.wait_for_selector(".cw-sum:has-text('out[0, 2] =')", timeout=30_000)
    page.locator(".cw-filter .cw-panel-right .cw-cell").nth(0).focus()
    page.keyboard.type("-2")
    page.keyboard.press("Enter")

    def run_again(cell):
        page.locator(".jp-Cell").nth(cell).locator(".jp-InputPrompt").click()
        page.keyboard.press("Control+Enter")

    run_again(1)
    page.wait_for_selector("pre:has-text('2 [[6.0, 6.0, 13.0], [10.0, 17.0, 17.0], [3.0, 4.0, 10.0]]')", timeout=30_000)
    assert page.locator(".jp-Cell").count() == 2
    run_again(0)
    page.wait_for_function(
        "() => [...document.querySelectorAll('.cw-sum')].map((e) => e.textContent.slice(0, 11)).join() === 'out[0, 0] ='",
        timeout=30_000,
    )
    assert problems == []
    assert [
        url for url in requests if not url.startswith((address("slide").split("/lab/")[0], "blob:", "data:", "ws:"))
    ] == []
