"""OptimizerRace in JupyterLab: the kernel runs the learner's own step anew, and hears of the browser's changes."""

import nbformat
from test_lab import command, lab, open_notebook  # noqa: F401

SOURCE = """from course_lib.widgets import OptimizerRace

def half(w, dw, state, *, lr):
    if w[0] > 1.5:
        raise ValueError("too far right")
    return w - 0.5 * lr * dw, state

race = OptimizerRace(on=["sgd"], own=half, budget=40)
race"""
LOOK = "print(race.setup['start'], race.run('mine')['points'][0], race.mine['problem'][:40], race.problem)"


def test_in_jupyterlab(chromium, lab):  # noqa: F811
    page = chromium.new_page(viewport={"width": 1280, "height": 1800})
    address, work = lab
    cells = [nbformat.v4.new_code_cell(SOURCE), nbformat.v4.new_code_cell(LOOK)]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    (work / "race").mkdir(parents=True, exist_ok=True)
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, work / "race" / "race.ipynb")
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    problems = open_notebook(page, address("race"))
    command(page, "Run All Cells")
    page.wait_for_selector(".cw-race", timeout=60_000)
    handle = page.locator(".cw-race .cw-stage .cw-handle")
    handle.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("]")  # JupyterLab's own shortcuts do not get these keys
    mine = page.locator(".cw-race .cw-method:has-text('half') .cw-outcome")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.cw-race .cw-outcome')].every((e) => !e.textContent.includes('old'))",
        timeout=30_000,
    )  # Python has answered
    assert mine.inner_text() != "off"

    def run_again(cell):
        page.locator(".jp-Cell").nth(cell).locator(".jp-InputPrompt").click()
        page.keyboard.press("Control+Enter")

    run_again(1)
    page.wait_for_selector("pre:has-text('[-1.55, 1.1] [-1.55, 1.1]')", timeout=30_000)
    handle.focus()
    for _ in range(7):
        page.keyboard.press("Shift+ArrowRight")
    page.wait_for_selector(".cw-race .cw-problem:has-text('half raised ValueError: too far right')", timeout=30_000)
    assert page.locator(".cw-race .cw-banner").is_visible()
    run_again(0)
    page.wait_for_function("() => document.querySelectorAll('.cw-race').length === 1", timeout=30_000)
    page.wait_for_function(
        "() => document.querySelector('.cw-race .cw-handle').getAttribute('aria-valuetext') === 'w0 = -1.6, w1 = 1.1'",
        timeout=30_000,
    )
    assert problems == []
    own = address("race").split("/lab/")[0]
    assert [url for url in requests if not url.startswith((own, "blob:", "data:", "ws:"))] == []
