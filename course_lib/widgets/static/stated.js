// What widgets share that show one example: a state taken from the model, changed as a whole or not at all.
//
// The state holds the model's values under the names in `shared`, and what a subclass's `derive(next, before)` adds to
// them; derive may throw, and then everything stays as it was. With a kernel, Python computes the numbers of a new
// example as well, and its numbers then replace the browser's.
//
// A subclass gives: check(example) -> example, compute(example) -> numbers, derive(next, before), layoutKey(state),
// build(state), show(state) (controls), draw() (once a frame), and `forgets`, what a changed example makes void.

import { Announcer, Banner, Cleanup, h, Redraw, Theme } from "./common.js";

export class StateView {
  constructor(model, el, { kind, label, shared, forgets }) {
    Object.assign(this, { model, shared, forgets });
    this.cleanup = new Cleanup();
    this.root = h("div", {
      class: `cw ${kind}`,
      role: "group",
      "aria-label": label,
      "data-lm-suppress-shortcuts": "true",
    });
    el.append(this.root);
    this.cleanup.keep(() => this.root.remove());
    this.theme = new Theme(this.root, this.cleanup, () => this.rebuild());
    this.banner = new Banner();
    this.announcer = new Announcer(this.cleanup);
    this.redraw = new Redraw(this.cleanup, () => this.draw());
    this.library = model.get("library");
  }

  /** Called by a subclass once its elements stand: take over the model's values and follow them. */
  start() {
    for (const name of this.shared) this.cleanup.watchModel(this.model, `change:${name}`, () => this.pull());
    this.cleanup.watchModel(this.model, "change:problem", () => {
      const problem = this.model.get("problem");
      if (problem) this.banner.show(problem);
      else this.banner.clear();
    });
    this.pull(true);
  }

  /** Take over what the model says: at the start, and when Python or another view of the same widget changed it. */
  pull(first = false) {
    if (this.writing) return;
    const taken = Object.fromEntries(this.shared.map((name) => [name, this.model.get(name)]));
    const take = () => this.settle({ ...this.state, ...taken }, first);
    if (first) take();
    else this.banner.guard(take);
  }

  /** Put a whole new state in place, with all that follows from it, and draw it. */
  settle(next, first = false) {
    if (next.numbers?.revision !== next.example.revision) next.numbers = this.compute(next.example);
    this.derive(next, this.state);
    this.state = next;
    if (this.layoutKey(next) !== this.layout) this.rebuild();
    this.show(next);
    if (first) this.redraw.flush();
    else this.redraw.ask();
  }

  /** Make the elements anew: they have other sizes, or the page has other colours. */
  rebuild() {
    if (!this.state) return;
    this.layout = this.layoutKey(this.state);
    this.build(this.state);
    this.redraw.ask();
  }

  /** Change the state by what `changes()` returns; where it throws, the message is shown and nothing changes. */
  update(changes, { save = true } = {}) {
    const went = this.banner.guard(() => {
      const changed = changes();
      const next = { ...this.state, ...changed };
      if (changed.example) {
        const revision = this.state.example.revision + 1;
        next.example = this.check({ ...changed.example, revision });
        Object.assign(next, this.forgets, changed, { example: next.example });
      }
      this.settle(next);
    });
    if (!went) {
      this.show(this.state);
      return false;
    }
    this.banner.clear();
    this.push(save);
    return true;
  }

  /** Write to the model what changed; `save` sends it to the kernel, if there is one. */
  push(save) {
    this.writing = true;
    for (const name of this.shared) {
      if (name !== "numbers" && this.model.get(name) !== this.state[name]) this.model.set(name, this.state[name]);
    }
    this.writing = false;
    if (save) this.model.save_changes();
  }

  /** The state of one of the presets: its example, and the settings that go with it. */
  choose(name) {
    const { title, note, ...preset } = this.library.find((entry) => entry.name === name);
    const settings = { ...preset, preset: name };
    delete settings.name;
    return settings;
  }
}

/** The menu of presets with the note of the present one: { element, note, set(preset) }. */
export function presetMenu(library, onChoose) {
  const menu = h(
    "select",
    { onchange: () => menu.value && onChoose(menu.value) },
    h("option", { value: "" }, "your own numbers"),
    ...library.map(({ name, title }) => h("option", { value: name }, title)),
  );
  const note = h("p", { class: "cw-note-line" });
  return {
    element: h("label", { class: "cw-field" }, h("span", {}, "example"), menu),
    note,
    set(preset) {
      menu.value = preset;
      note.textContent = library.find(({ name }) => name === preset)?.note ?? "";
      note.hidden = !note.textContent;
    },
  };
}

/** A check box with its label: { element, input, set(value, enabled) }. */
export function checkBox(label, onChange) {
  const input = h("input", { type: "checkbox", onchange: () => onChange(input.checked) });
  return {
    input,
    element: h("label", { class: "cw-check" }, input, h("span", {}, label)),
    set(value, enabled = true) {
      input.checked = value;
      input.disabled = !enabled;
    },
  };
}
