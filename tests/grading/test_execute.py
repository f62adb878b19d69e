"""Answers that do not end, end the kernel or print without end: the verdict says so, and the other cells keep what they earned."""

import nbformat.v4 as v4
import pytest

from course_lib.grading import execute as module
from course_lib.grading.execute import execute


def run(folder, *sources, timeout=2):
    nb = v4.new_notebook(cells=[v4.new_code_cell(s) for s in sources])
    return execute(nb, folder, timeout=timeout), [" ".join(o.get("ename", o.get("text", "")) for o in c.outputs) for c in nb.cells]


def test_an_endless_loop_costs_its_own_cell(tmp_path):
    verdict, outputs = run(tmp_path, "while True:\n    pass", "print(2)")
    assert verdict == "timeout"
    assert outputs[0].startswith("CellTimeoutError") and outputs[1] == "2\n"


def test_a_loop_that_catches_the_interrupt_ends_the_run_and_not_the_class(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "GRACE", 2)
    stubborn = "import time\nwhile True:\n    try:\n        time.sleep(1)\n    except BaseException:\n        pass"
    verdict, outputs = run(tmp_path, "print(1)", stubborn, *["print(3)"] * 20)
    assert verdict == "timeout"
    assert outputs[0] == "1\n" and "CellTimeoutError" in outputs[1] and outputs[2:] == [""] * 20


def test_a_cell_that_catches_the_interrupt_and_then_has_a_value_is_late_all_the_same(tmp_path):
    verdict, outputs = run(tmp_path, "import time\ntry:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    pass\n5.0")
    assert verdict == "timeout" and outputs[0].startswith("CellTimeoutError")


@pytest.mark.parametrize("leave", ["exit()", "quit()", "import sys\nsys.exit(3)", "raise SystemExit"])
def test_leaving_ends_one_cell(tmp_path, leave):
    verdict, outputs = run(tmp_path, leave, "print(2)", timeout=20)
    assert verdict == "ok" and outputs[0].startswith("SystemExit") and outputs[1] == "2\n"


def test_a_dead_kernel_is_a_verdict_and_its_cell_is_marked(tmp_path):
    verdict, outputs = run(tmp_path, "print(1)", "import os\nos._exit(1)", "print(3)", timeout=20)
    assert verdict == "crashed"
    assert outputs[0] == "1\n" and outputs[1].startswith("DeadKernelError") and outputs[2] == ""


def test_what_a_cell_prints_is_bounded(tmp_path):
    verdict, outputs = run(tmp_path, 'for _ in range(30):\n    print("x" * 100_000, flush=True)', "print(2)", timeout=20)
    assert verdict == "ok" and outputs[1] == "2\n"
    assert len(outputs[0]) < 1.2 * module.MAX_OUTPUT and "left out" in outputs[0]


def test_a_kernel_that_does_not_come_up_is_started_again(tmp_path, monkeypatch):
    """Two kernels that start at once may pick the same port; that is no fault of the hand-in."""
    starts, start = [], module._Client.execute

    def flaky(self, **options):
        starts.append(1)
        if len(starts) < module.STARTS:
            raise RuntimeError("Kernel died before replying to kernel_info")
        return start(self, **options)

    monkeypatch.setattr(module._Client, "execute", flaky)
    nb = v4.new_notebook(cells=[v4.new_code_cell("1 + 1")])
    assert module.execute(nb, tmp_path, timeout=60) == "ok"
    assert nb.cells[0].outputs[0]["data"]["text/plain"] == "2" and len(starts) == module.STARTS


def test_a_kernel_that_never_comes_up_is_said(tmp_path, monkeypatch):
    def dead(self, **options):
        raise RuntimeError("Kernel died before replying to kernel_info")

    monkeypatch.setattr(module._Client, "execute", dead)
    nb = v4.new_notebook(cells=[v4.new_code_cell("1 + 1")])
    with pytest.raises(RuntimeError, match="Kernel died"):
        module.execute(nb, tmp_path, timeout=60)
