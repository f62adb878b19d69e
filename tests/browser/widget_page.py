"""A page that shows widgets without Jupyter: their module and style sheet, and a model in the place of the kernel.

The model keeps values, tells listeners of changes, and writes down what would have been sent to a kernel
(`window.widgets[i].sent`); `window.widgets[i].receive({...})` is an answer from one. `window.frames_spent` holds how
many milliseconds each animation frame's callback took, layout and style included.
"""

import json
from pathlib import Path

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
PAGE = """<!doctype html>
<html lang="en" ATTRIBUTES><head><meta charset="utf-8"><title>widgets</title>
<style>body { margin: 12px; background: PAPER; } .output { margin-bottom: 16px; }</style>
</head><body><main><h1 style="position:absolute;clip-path:inset(50%)">widgets</h1></main></body></html>"""

MOUNT = """
window.widgets = [];
window.frames_spent = [];
window.plainFrame = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (callback) => window.plainFrame((now) => {
  const start = performance.now();
  callback(now);
  document.body.getBoundingClientRect(); // style and layout belong to the frame's work
  window.frames_spent.push(performance.now() - start);
});
class Model {
  constructor(state) { Object.assign(this, { values: state, listeners: [], changed: new Set(), sent: [] }); }
  get(name) { return this.values[name]; }
  set(name, value) {
    if (this.values[name] === value) return;
    this.values[name] = value;
    this.changed.add(name);
    this.tell(name);
  }
  tell(name) { for (const [event, handler] of [...this.listeners]) if (event === `change:${name}`) handler(); }
  on(event, handler) { this.listeners.push([event, handler]); }
  off(event, handler) { this.listeners = this.listeners.filter(([e, h]) => e !== event || h !== handler); }
  save_changes() {
    if (!this.changed.size) return;
    this.sent.push(JSON.parse(JSON.stringify(Object.fromEntries([...this.changed].map((name) => [name, this.values[name]])))));
    this.changed.clear();
  }
  receive(values) {
    Object.assign(this.values, values);
    for (const name of Object.keys(values)) this.tell(name);
  }
}
window.mount = async (module, css, state) => {
  const style = document.createElement("style");
  style.textContent = css;
  document.head.append(style);
  const url = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
  const { default: widget } = await import(url);
  const el = document.createElement("div");
  el.className = "output";
  const model = new Model(state);
  const shown = { model, el, sent: model.sent, receive: (values) => model.receive(values) };
  shown.show = () => { // as a notebook does it: the element is put on the page once it is drawn
    el.remove();
    shown.close = widget.render({ model, el });
    document.querySelector("main").append(el);
  };
  shown.show();
  window.widgets.push(shown);
};
"ready"; // Playwright would call a function that comes last
"""


def shown_state(widget):
    """A widget's state as its front end receives it."""
    return json.loads(
        json.dumps({name: value for name, value in widget.get_state().items() if not name.startswith("_")})
    )


def open_page(page, *widgets, dark=False):
    """Show these widgets on an empty page; returns the list that errors and requests of the page are put into."""
    problems = []
    page.on("pageerror", lambda error: problems.append(f"error: {error}"))
    page.on(
        "console",
        lambda message: problems.append(f"console: {message.text}") if message.type in ("error", "warning") else None,
    )
    page.on(
        "request",
        lambda request: (
            problems.append(f"request: {request.url}")
            if not request.url.startswith(("blob:", "data:", "about:"))
            else None
        ),
    )
    html = PAGE.replace("ATTRIBUTES", 'data-theme="dark"' if dark else 'data-theme="light"').replace(
        "PAPER", "#111" if dark else "#fff"
    )
    page.set_content(html)
    page.evaluate(MOUNT)
    for widget in widgets:
        page.evaluate(
            "([module, css, state]) => mount(module, css, state)", [widget._esm, widget._css, shown_state(widget)]
        )
    page.wait_for_timeout(50)
    return problems


class Shown:
    """One page with widgets, and what a person would look at or do."""

    def __init__(self, tab, problems):
        self.tab, self.problems = tab, problems

    def widget(self, i=0):
        return self.tab.locator(".output").nth(i).locator(".cw")

    def panel(self, name, i=0):
        return self.widget(i).locator(f".cw-panel-{name}")

    def cell(self, name, index, i=0, grid=0):
        return self.panel(name, i).locator(".cw-map").nth(grid).locator(".cw-cell").nth(index)

    def numbers(self, name, i=0, grid=0):
        self.settle()
        return self.panel(name, i).locator(".cw-map").nth(grid).locator(".cw-value").all_inner_texts()

    def sum(self, i=0):
        self.settle()
        return self.widget(i).locator(".cw-sum").inner_text()

    def value(self, name, i=0):
        return self.tab.evaluate("([i, name]) => widgets[i].model.get(name)", [i, name])

    def sent(self, i=0):
        return self.tab.evaluate("(i) => widgets[i].sent", i)

    def banner(self, i=0):
        banner = self.widget(i).locator(".cw-banner")
        return banner.locator("span").inner_text() if banner.is_visible() else ""

    def press(self, *keys):
        for key in keys:
            self.tab.keyboard.press(key)

    def type_into(self, cell, text):
        cell.focus()
        self.tab.keyboard.type(text)
        self.tab.keyboard.press("Enter")
        self.settle()

    def choose(self, legend, label, i=0):
        self.widget(i).get_by_role("group", name=legend, exact=True).get_by_text(label, exact=True).click()
        self.settle()

    def field(self, label, i=0):
        return self.widget(i).get_by_role("textbox", name=label, exact=True)

    def set_field(self, label, text, i=0):
        field = self.field(label, i)
        field.fill(text)
        field.press("Enter")
        self.settle()

    def settle(self):
        self.tab.evaluate("() => new Promise((done) => plainFrame(() => plainFrame(done)))")

    def axe(self):
        """What axe-core finds wrong on the page: [rule, what it asks for, the first elements]."""
        if not self.tab.evaluate("() => Boolean(window.axe)"):
            self.tab.add_script_tag(content=AXE)
        return self.tab.evaluate(
            """() => axe.run(document, { resultTypes: ["violations"] })
              .then((report) => report.violations.map((v) => [v.id, v.help, v.nodes.slice(0, 3).map((n) => n.html)]))"""
        )

    def drag(self, box, places):
        """Drag over places (x, y) of a box, given from 0 to 1; returns the milliseconds that each frame took."""
        at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
        self.tab.mouse.move(*at[0])
        self.tab.mouse.down()
        self.tab.evaluate("() => { frames_spent.length = 0; }")
        for place in at[1:]:
            self.tab.mouse.move(*place)
        spent = self.tab.evaluate("() => frames_spent")
        self.tab.mouse.up()
        return spent
