"""How long a learner waits: our widgets beside ipywidgets' `interact` with matplotlib, in JupyterLab and Chromium.

    make bench-widgets            (or: python -m benchmarks.widgets [--moves 60] [--only FilterSlide])

One JupyterLab, one browser, one notebook with a cell for each. A move is one arrow key on the widget's main control, the same
for all. Measured for each move, in the browser: *shown* = from the key to the first frame after which the picture has changed;
*frame* = the work of the animation frame that drew it (callback, style and layout). *sent* counts the messages that went to the
kernel meanwhile: `interact` waits for the answer, our widgets only tell it where they are. Moves on the widgets and on `interact` take turns, so that whatever else the machine does
hits both. Needs Chromium and the extra "browser".
"""

import argparse
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import nbformat
from tqdm import tqdm

FRAME = 16.0  # milliseconds: a picture sixty times a second
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip


@dataclass(frozen=True)
class Widget:
    """name, the cell that shows it, where it lies on the page, what takes the key, and the keys that move it there and back."""

    name: str
    source: str
    root: str
    control: str
    keys: tuple[str, str] = ("ArrowRight", "ArrowLeft")


INTERACT = Widget("interact + matplotlib", '''import matplotlib.pyplot as plt, numpy as np
from ipywidgets import interact, IntSlider
from course_lib.conv import correlate2d
image = np.array([[3,3,2,1,0],[0,0,1,3,1],[3,1,2,2,3],[2,0,0,2,2],[2,0,0,0,1]]); kernel = np.array([[0,1,2],[2,2,0],[0,1,2]])
def look(step):
    i, j = divmod(step, 3)
    shown = np.full((3, 3), np.nan); shown.flat[:step + 1] = correlate2d(image, kernel).flat[:step + 1]
    fig, (left, right) = plt.subplots(1, 2, figsize=(7, 3))
    left.imshow(image, cmap="RdBu"); left.add_patch(plt.Rectangle((j - .5, i - .5), 3, 3, fill=False, lw=3)); right.imshow(shown)
    for (r, c), v in np.ndenumerate(image): left.text(c, r, v)
    plt.show()
interact(look, step=IntSlider(0, 0, 8, continuous_update=True));''', ".jp-OutputArea-output:has(.widget-slider)", ".noUi-handle")

def ours(name, arguments, root, control, keys=("ArrowRight", "ArrowLeft")):
    return Widget(name, f"from course_lib.widgets import {name}\n{name}({arguments})", root, control, keys)


OURS = (
    ours("FilterSlide", 'preset="C-conv2d"', ".cw-filter", ".cw-panel-result .cw-cell"),
    ours("GraphStepper", "", ".cw-stepper", ".cw-gate[tabindex='0']", ("]", "[")),
    ours("JacobianView", 'preset="B-matmul/x", mode="values", predict=False', ".cw-jview", ".cw-jcell[tabindex='0']"),
    ours("PoolRoutes", 'preset="C-unpool"', ".cw-pool", ".cw-panel-upstream .cw-cell"),
    ours("CrossEntropySliders", 'preset="A-ce5"', ".cw-entropy", "input[type=range]"),
    ours("ReceptiveField", 'preset="D-lenet"', ".cw-field-view", ".cw-section"),
    # all nine methods anew for each move of the start
    ours("OptimizerRace", "preset='C-compare/tuned'", ".cw-race", ".cw-stage [role=slider]"),
)


# Runs in the page. A move ends, for `interact`, with the frame after its new picture came into the page; for our widgets, which
# draw in animation frames, with the end of the first such frame.
WATCH = """(root) => {
  const plain = window.plainFrame || (window.plainFrame = window.requestAnimationFrame.bind(window));
  if (!window.bench) {
    window.bench = {};
    document.addEventListener("keydown", () => { if (bench.armed) Object.assign(bench, { armed: false, started: performance.now() }); }, true);
  }
  const shown = () => { const started = bench.started; plain(() => bench.shown.push(performance.now() - started)); };
  window.requestAnimationFrame = (callback) => plain((now) => {
    const start = performance.now();
    callback(now);
    if (!bench.started || bench.image) return;
    document.body.getBoundingClientRect(); // style and layout belong to the frame's work
    bench.frames.push(performance.now() - start);
    shown();
  });
  bench.observer?.disconnect();
  bench.observer = new MutationObserver((changes) => {
    const picture = (node) => node.querySelector && (node.matches("img") || node.querySelector("img"));
    if (bench.started && bench.image && changes.some((change) => [...change.addedNodes].some(picture))) shown();
  });
  bench.observer.observe(document.querySelector(root), { childList: true, subtree: true });
}"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextmanager
def jupyterlab(folder):
    """The address of a JupyterLab on this folder, with its token."""
    log = folder / "lab.log"
    settings = folder / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')  # every cell stays on the page
    environment = os.environ | {"JUPYTERLAB_SETTINGS_DIR": str(folder / "settings")}
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", f"--port={free_port()}",
               "--LabApp.news_url=None", f"--ServerApp.root_dir={folder}"]  # fmt: skip
    with log.open("w") as out, subprocess.Popen(command, stdout=out, stderr=out, env=environment) as process:
        try:
            for _ in range(240):
                if found := re.search(r"(http://127\.0\.0\.1:\d+)/\S*\?token=(\w+)", log.read_text()):
                    with suppress(OSError):
                        urllib.request.urlopen(f"{found[1]}/api", timeout=5).close()
                        yield found[1], found[2]
                        return
                if process.poll() is not None:
                    break
                time.sleep(0.25)
            raise RuntimeError("JupyterLab did not answer:\n" + log.read_text())
        finally:
            process.terminate()
            process.wait(timeout=30)


def move(page, widget, forward):
    """Milliseconds from the key to the picture, and those of each frame's work."""
    page.locator(widget.root).first.locator(widget.control).first.focus()  # scrolls it into view
    page.wait_for_timeout(150)
    page.evaluate("(image) => { Object.assign(bench, { armed: true, started: 0, shown: [], frames: [], image }); }", widget is INTERACT)
    page.keyboard.press(widget.keys[0 if forward else 1])
    page.wait_for_function("() => bench.shown.length > 0", timeout=20_000)
    return page.evaluate("() => [bench.shown[0], bench.frames]")


def measure(page, sent, widgets, moves):
    """{name: (shown milliseconds, frame milliseconds, messages sent)} of lists, moves taking turns among the widgets.

    `sent` is filled with each message that the page sends to the kernel."""
    results = {w.name: ([], [], []) for w in widgets}
    page.wait_for_selector("text=Python 3 (ipykernel) | Idle", timeout=90_000)
    page.keyboard.press("Control+Shift+c")
    page.wait_for_selector(".lm-CommandPalette-input")
    page.keyboard.type("Run All Cells")
    page.wait_for_selector(".lm-CommandPalette-item.lm-mod-active:has-text('Run All Cells')")
    page.keyboard.press("Enter")
    for widget in widgets:
        page.wait_for_selector(f"{widget.root} {widget.control}", timeout=90_000)
    page.wait_for_timeout(1500)
    for i in tqdm(range(moves), desc="moves", unit="move"):
        for widget in widgets:
            page.evaluate(WATCH, widget.root)
            page.wait_for_timeout(60)
            sent.clear()
            shown, frames = move(page, widget, forward=i % 2 == 0)
            if i < 2:
                continue  # the first two load code
            for kept, value in zip(results[widget.name], (shown, max(frames, default=0.0), len(sent)), strict=True):
                kept.append(value)
            page.wait_for_timeout(150)
    return results


def table(results):
    heads = ["widget", "shown ms, median", "slowest of 20", "frame ms, median", "slowest of 20", "messages sent", f"frame ≤ {FRAME:g} ms"]
    rows = []
    for name, (shown, frames, sent) in results.items():
        slow = [f"{sorted(v)[int(0.95 * (len(v) - 1))]:.1f}" for v in (shown, frames)]
        drawn = any(frames)
        rows.append([name, f"{statistics.median(shown):.1f}", slow[0], f"{statistics.median(frames):.1f}" if drawn else "-", slow[1] if drawn else "-",
                     f"{statistics.median(sent):g}", ("yes" if statistics.median(frames) <= FRAME else "no") if drawn else "-"])  # fmt: skip
    widths = [max(len(r[i]) for r in [heads, *rows]) for i in range(len(heads))]
    return "\n".join("| " + " | ".join(c.ljust(w) for c, w in zip(r, widths)) + " |" for r in [heads, ["-" * w for w in widths], *rows])


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moves", type=int, default=40, help="moves of each widget (40)")
    parser.add_argument("--only", action="append", help="only this widget, beside interact; may be given again")
    options = parser.parse_args(arguments)
    widgets = [INTERACT, *(w for w in OURS if not options.only or w.name in options.only)]
    if options.moves < 4:
        parser.error(f"--moves is {options.moves}; at least 4 are needed for a median")
    if unknown := set(options.only or ()) - {w.name for w in OURS}:
        parser.error(f"unknown widget(s) {', '.join(sorted(unknown))}; known: {', '.join(w.name for w in OURS)}")
    browser_path = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)
    if browser_path is None:
        parser.error("no Chromium on the path: install it (Debian: apt install chromium)")
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory(prefix="bench-widgets-") as place:
        folder = Path(place)
        cells = [nbformat.v4.new_code_cell(w.source) for w in widgets]
        spec = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=spec), folder / "bench.ipynb")
        with jupyterlab(folder) as (host, token), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 1100})
            sent = []
            page.on("websocket", lambda socket: socket.on("framesent", lambda message: sent.append(message)))
            page.goto(f"{host}/lab/tree/bench.ipynb?reset&token={token}")
            page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell", timeout=90_000)
            results = measure(page, sent, widgets, options.moves)
            browser.close()
    print(table(results))


if __name__ == "__main__":
    main()
