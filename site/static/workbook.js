// What the pages add to plain HTML: the widgets, a button that opens all solutions, and scrolling by keyboard.
// Everything is in these files: no kernel, no server, nothing from elsewhere. Without scripts a widget is a picture.
(() => {
  "use strict";

  // --- widgets: a model in the place of the kernel's ------------------------------------------------------------

  class Model {
    #values;
    #listeners = [];
    constructor(state) {
      this.#values = { ...state };
    }
    get(name) {
      return this.#values[name];
    }
    set(name, value) {
      if (typeof name === "object") {
        for (const [each, one] of Object.entries(name)) this.set(each, one);
        return;
      }
      if (this.#values[name] === value) return;
      this.#values[name] = value;
      for (const [event, handler] of [...this.#listeners]) {
        if (event === `change:${name}` || event === "change") handler({}, value);
      }
    }
    on(events, handler) {
      for (const event of events.split(/\s+/)) this.#listeners.push([event, handler]);
    }
    off(events, handler) {
      const gone = events && events.split(/\s+/);
      this.#listeners = this.#listeners.filter(
        ([event, own]) => (gone && !gone.includes(event)) || (handler && handler !== own),
      );
    }
    save_changes() {} // nobody to tell
    send() {}
  }

  const modules = new Map();

  /** The program's default export, imported once a page; its style sheet is put on the page once, too. */
  function program(digest) {
    if (!modules.has(digest)) {
      const stored = globalThis.workbookPrograms?.[digest];
      if (!stored) return Promise.reject(new Error(`its program ${digest}.js was not loaded`));
      const style = document.createElement("style");
      style.textContent = stored.style;
      document.head.append(style);
      const url = URL.createObjectURL(new Blob([stored.module], { type: "text/javascript" }));
      modules.set(
        digest,
        import(url)
          .then((module) => module.default)
          .finally(() => URL.revokeObjectURL(url)),
      );
    }
    return modules.get(digest);
  }

  /** Draw a widget where its picture stood; a widget that fails leaves the picture, with a line that says why. */
  async function mount(holder, { program: digest, state }) {
    const picture = [...holder.childNodes];
    try {
      const found = await program(digest);
      const widget = typeof found === "function" ? await found() : found;
      const model = new Model(state);
      await widget.initialize?.({ model });
      const el = document.createElement("div");
      await widget.render({ model, el });
      holder.replaceChildren(el);
      holder.dataset.ready = "true";
    } catch (error) {
      const note = document.createElement("p");
      note.textContent = `The widget could not be shown, and so here is its picture: ${error.message}`;
      holder.replaceChildren(note, ...picture);
      holder.dataset.ready = "failed";
    }
  }

  function mountAll() {
    const stored = document.getElementById("workbook-widgets");
    if (!stored) return;
    const states = JSON.parse(stored.textContent);
    for (const holder of document.querySelectorAll(".workbook-widget")) {
      const found = states[holder.dataset.widget];
      if (found) mount(holder, found);
    }
  }

  // --- solutions ------------------------------------------------------------------------------------------------

  /** A button that opens all that is folded on the page, or folds it again. */
  function openAll() {
    const folds = [...document.querySelectorAll("article details.workbook-fold:not(.workbook-code)")];
    const place = document.querySelector(".workbook-open");
    if (!folds.length || !place) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "workbook-all";
    const label = () => {
      button.textContent = folds.every((fold) => fold.open) ? "Fold all solutions" : "Open all solutions";
    };
    button.addEventListener("click", () => {
      const open = !folds.every((fold) => fold.open);
      for (const fold of folds) fold.open = open;
    });
    for (const fold of folds) fold.addEventListener("toggle", label);
    label();
    place.append(button);
  }

  /** A link or a found word inside a fold opens it. */
  function openTarget() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let at = target; at; at = at.parentElement?.closest("details")) if (at.tagName === "DETAILS") at.open = true;
    if (target) target.scrollIntoView();
  }

  // --- what is wider than the page --------------------------------------------------------------------------------

  const WIDE = "article .highlight pre, article .output pre, article .math-block, article .table-wrapper";

  /** Whatever scrolls sideways can be reached with the Tab key. */
  function reachable() {
    for (const box of document.querySelectorAll(WIDE)) {
      const scrolls = box.scrollWidth > box.clientWidth + 1;
      if (scrolls) box.tabIndex = 0;
      else if (box.tabIndex === 0) box.removeAttribute("tabindex");
    }
  }

  // Pages from a disk may not read each other: results of a search are listed there without excerpts.
  if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS !== "undefined") {
    DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
  }

  mountAll();
  openAll();
  openTarget();
  reachable();
  addEventListener("hashchange", openTarget);
  addEventListener("resize", reachable);
  document.addEventListener("toggle", reachable, true);
})();
