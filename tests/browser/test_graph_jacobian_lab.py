"""GraphStepper and JacobianView in JupyterLab: the kernel takes part, the notebook's own keys stay out."""

import nbformat
from test_lab import command, lab, open_notebook  # noqa: F401

MAKE = """\
from course_lib.graph import Add, Graph, Input
from course_lib.widgets import GraphStepper, JacobianView

class Square:
    def forward(self, x):
        if x < 0:
            raise ValueError("I take no negative numbers")
        self.x = x
        return x * x

    def backward(self, dout):
        return 2 * self.x * dout

graph = Graph()
x = graph.add(Input(3, name="x"))
graph.add(Add(), graph.add(Square(), x), x)
stepper = GraphStepper(graph, mode="backward")
stepper"""


def test_in_jupyterlab(chromium, lab):  # noqa: F811
    page = chromium.new_page(viewport={"width": 1280, "height": 1600})
    address, work = lab
    cells = [MAKE, "view = JacobianView()\nview", "print(stepper.step, stepper.gradients['x'], view.marks, view.mode)"]
    nb = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}},
    )
    (work / "steppers").mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, work / "steppers" / "steppers.ipynb")
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    problems = open_notebook(page, address("steppers"))
    command(page, "Run All Cells")
    page.wait_for_selector(".cw-stepper", timeout=60_000)
    page.wait_for_selector(".cw-jview", timeout=60_000)
    page.locator(".cw-stepper .cw-gate").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("]")  # JupyterLab's own shortcuts do not get these keys
    page.wait_for_selector(".cw-stepper .cw-adds:has-text('∂L/∂x =')", timeout=30_000)
    field = page.locator(".cw-stepper .cw-leaf input").first
    field.fill("5")
    field.press("Enter")  # the kernel runs the learner's node, and its numbers come back
    page.wait_for_selector(".cw-stepper .cw-adds:has-text('11')", timeout=30_000)
    field.fill("-5")
    field.press("Enter")
    page.wait_for_selector(
        ".cw-stepper .cw-banner:has-text('n1: Square.forward raised ValueError: I take no negative numbers')",
        timeout=30_000,
    )
    assert field.input_value() == "5"
    page.locator(".cw-jview .cw-jcell").nth(5).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Control+Home")
    page.keyboard.press("Enter")
    page.locator(".jp-Cell").nth(2).locator(".jp-InputPrompt").click()
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("pre:has-text('2 11.0 [0, 5] pattern')", timeout=30_000)
    assert page.locator(".jp-Cell").count() == 3
    page.locator(".jp-Cell").nth(0).locator(".jp-InputPrompt").click()
    page.keyboard.press("Control+Enter")
    page.wait_for_function(
        "() => document.querySelector('.cw-stepper .cw-count')?.textContent === 'step 1 of 3'", timeout=30_000
    )
    assert page.locator(".cw-stepper").count() == 1
    assert problems == []
    home = address("steppers").split("/lab/")[0]
    assert [url for url in requests if not url.startswith((home, "blob:", "data:", "ws:"))] == []
