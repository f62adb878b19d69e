"""Notebooks as they should not be: cells deleted, moved, doubled, re-typed, re-labelled; files that are no notebooks."""

import copy
import json
import os

from course_lib.grading.redteam import Attack

IN = "01_flat_backprop"


def label(cell):
    return cell["metadata"].get("nbgrader", {})


def tests(nb):
    return [c for c in nb["cells"] if label(c).get("grade") and c["cell_type"] == "code"]


def without(nb, cells):
    nb["cells"] = [c for c in nb["cells"] if not any(c is d for d in cells)]
    return nb


def each_test(change):
    def edit(nb):
        for cell in tests(nb):
            change(cell)
        return nb
    return edit


def edited(name, tries, edit, **more):
    return Attack(name, tries, IN, edit=edit, **more)


def doubled(nb):
    for cell in tests(nb):
        twin = copy.deepcopy(cell)
        twin["id"], twin["source"] = cell["id"] + "-twin", "5.0"
        nb["cells"].insert(nb["cells"].index(cell), twin)
    return nb


def first_of_all(nb):
    moved = tests(nb)
    without(nb, moved)["cells"][:0] = moved
    return nb


def swapped(nb):
    """Labels of two answers exchanged: each then defines another function than its label says."""
    a, b = (next(c for c in nb["cells"] if label(c).get("grade_id") == n) for n in ("svm_loss", "circuit_forward"))
    a["metadata"], b["metadata"] = b["metadata"], a["metadata"]
    return nb


def other_kernel(nb):
    nb["metadata"] = {"kernelspec": {"name": "../../evil", "display_name": "x", "language": "bash", "argv": ["sh", "-c", "touch /tmp/@TOKEN@"]},
                      "language_info": {"name": "bash"}, "workbook": {"withheld": [], "assignment": IN}, "widgets": {"x": 1}}
    return nb


def carried_outputs(nb):
    """Outputs that come with the file, scores among them."""
    data = {"text/plain": "9.0", "text/html": "<script>alert(1)</script>", "application/vnd.cnn-workbook.check+json":
            {"exercise": "01.svm_loss", "status": "passed", "earned": 9.0, "points": 9.0, "hidden": False, "ideas": [], "message": ""}}
    for cell in nb["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": 1}]
    return nb


def same_ids(nb):
    for cell in nb["cells"]:
        cell["id"] = "same"
    return nb


def as_markdown(nb):
    for cell in tests(nb):
        cell["cell_type"] = "markdown"
        del cell["outputs"], cell["execution_count"]
    return nb


def odd_metadata(nb):
    for cell, odd in zip(tests(nb), (None, [], "x", 5, {"nbgrader": []}, {"nbgrader": {"grade_id": {}}}, {"nbgrader": {"grade_id": "a" * 10**5, "points": float("1e308")}})):
        cell["metadata"] = odd
    return nb


def in_the_file(name, tries, write, *verdicts, loses=("*",)):
    return Attack(name, tries, folder=write, verdicts=verdicts, loses=loses)


def text_of(text):
    return lambda folder, _: (folder / "00_start_here.ipynb").write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))


def link_to(target):
    return lambda folder, _: os.symlink(target, folder / "00_start_here.ipynb")


def with_files(**files):
    """The notebook as it is, and beside it files that would be found in the place of others."""
    def write(folder, text):
        (folder / "00_start_here.ipynb").write_text(text)
        for name, source in files.items():
            path = folder / name.replace("__slash__", "/").replace("__dot__", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
    return write


EVIL = "import os\nopen('/tmp/@TOKEN@', 'w')\nraise SystemExit\n"
EMPTY = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}

ATTACKS = [
    edited("tests deleted", "no test, no error", lambda nb: without(nb, tests(nb))),
    edited("all locked cells deleted", "imports and helpers too", lambda nb: without(nb, [c for c in nb["cells"] if label(c).get("locked")])),
    edited("tests emptied", "a cell that does nothing raises nothing", each_test(lambda c: c.update(source="pass"))),
    edited("tests that give points", "the number where the check was", each_test(lambda c: c.update(source="9.0"))),
    edited("points changed", "a hundred points for each test", each_test(lambda c: label(c).update(points=100))),
    edited("tests as tasks", "marked as graded by hand, unlocked, as answers", each_test(lambda c: label(c).update(task=True, locked=False, solution=True))),
    edited("tests as markdown", "re-typed, so that nothing runs", as_markdown),
    edited("tests doubled", "an easier twin under the same label, before each", doubled),
    edited("tests at the top", "before what they test", first_of_all),
    edited("labels swapped", "an answer under another's name", swapped, loses=("circuit_forward", "circuit_backward", "svm_loss")),
    edited("one id for all", "every cell has the same", same_ids),
    edited("odd metadata", "labels that are no labels", odd_metadata),
    edited("another kernel", "a kernelspec that runs a shell", other_kernel),
    edited("outputs brought along", "scores, results and scripts in the file's outputs", carried_outputs),
    edited("an answer doubled", "the same label on a right stub and a wrong answer", lambda nb: (nb["cells"].extend(
        [{**copy.deepcopy(c), "id": f"again{i}"} for i, c in enumerate(nb["cells"]) if label(c).get("solution")]), nb)[1]),
    in_the_file("no JSON", "half a download", text_of('{"cells": [ the download'), "unreadable"),
    in_the_file("empty", "no bytes", text_of(""), "unreadable"),
    in_the_file("a list", "JSON that is no notebook", text_of("[1, 2]"), "unreadable"),
    in_the_file("deep JSON", "a million brackets", text_of("[" * 10**6), "unreadable", "too-large"),
    in_the_file("no cells", "a notebook without cells", text_of(json.dumps(EMPTY)), "wrong-assignment"),
    in_the_file("cells of no kind", "cells that are no cells", text_of(json.dumps({**EMPTY, "cells": [1, None, {"cell_type": "evil"}, {"cell_type": "code", "source": {"a": 1}}]})),
                "wrong-assignment", "unreadable"),
    in_the_file("a giant", "sixty megabytes", text_of(b" " * 60_000_000), "too-large"),
    in_the_file("very many cells", "fifty thousand", text_of(json.dumps({**EMPTY, "cells": [{"cell_type": "code", "source": "", "metadata": {}, "outputs": []}] * 50_000})), "too-large"),
    in_the_file("a link to the solution", "what lies at its end", link_to("../../../course/solutions/a.ipynb"), "symlink"),
    in_the_file("a link to a device", "that never ends", link_to("/dev/zero"), "symlink"),
    in_the_file("a pipe", "that nobody writes to", lambda folder, _: os.mkfifo(folder / "00_start_here.ipynb"), "not-a-file"),
    in_the_file("a folder", "in the notebook's place", lambda folder, _: (folder / "00_start_here.ipynb").mkdir(), "not-a-file"),
    in_the_file("nothing", "no notebook at all", lambda folder, _: None, "no-notebook"),
    in_the_file("shadows", "a numpy folder, sitecustomize.py, conftest.py and .pth files beside the notebook",
                with_files(numpy__slash____init____dot__py=EVIL, sitecustomize__dot__py=EVIL, usercustomize__dot__py=EVIL, course_lib__dot__py=EVIL,
                           conftest__dot__py=EVIL, evil__dot__pth="import os; os.abort()", nbgrader_config__dot__py=EVIL, ipython_config__dot__py=EVIL), "ok", loses=()),
    Attack("lone surrogates", "in sources, ids and labels", first="s = '\\udcff'\nprint(ascii(s))", edit=lambda nb: json.dumps(nb).replace("udcff'", "udcff \\ud800'"), loses=()),
    Attack("NUL and control characters", "in sources and outputs", first="print('\\x00\\x1b[31m\\x08\\r')\nx = 'a\0b'", loses=()),
]
