// ReceptiveField in the browser: a stack of layers, what one output sees through all of them, and what they cost.

import { h, renderView } from "./common.js";
import { typesInto } from "./controls.js";
import { makeFieldControls } from "./field_controls.js";
import { checkExample, computeNumbers, seenLevels } from "./field_numbers.js";
import { Picture } from "./field_picture.js";
import { layerFormulas, Layers } from "./field_table.js";
import { StateView } from "./stated.js";

const SHARED = ["example", "numbers", "layer", "position", "preset"];

class ReceptiveFieldView extends StateView {
  constructor(model, el) {
    super(model, el, { kind: "cw-field-view", label: "Receptive field", shared: SHARED, forgets: { preset: "" } });
    const actions = {
      state: () => this.state,
      library: () => this.library,
      choose: (name) => this.choose(name),
      update: (changes) => this.update(changes),
      go: (layer, position) => this.goTo(layer, position, true),
      drag: (layer, position) => this.goTo(layer, position, false),
      settle: () => this.rest(),
    };
    this.controls = makeFieldControls(actions);
    this.picture = new Picture(this.theme, actions);
    this.picture.listen(this.cleanup);
    this.layers = new Layers(actions);
    this.words = h("p", { class: "cw-words" });
    this.formulas = h("div", { class: "cw-formula", role: "group", "aria-label": "the picked layer in formulas" });
    this.root.append(
      this.controls.top,
      this.banner.element,
      this.picture.element,
      this.words,
      this.controls.place,
      h("div", { class: "cw-scroll" }, this.layers.element),
      this.layers.messages,
      this.controls.layer,
      this.formulas,
      h(
        "p",
        { class: "cw-help" },
        "Drag over the picture, or move in it with the arrow keys: left and right choose the output, up and down its layer. " +
          "The numbers in the cells count the ways to the output. In the table, Shift with the arrow keys moves a layer, Delete removes it.",
      ),
      this.announcer.element,
    );
    this.cleanup.listen(this.layers.element, "keydown", (event) => this.onKey(event));
    const observer = new ResizeObserver(() => this.state && this.width() !== this.drawn && this.rebuild());
    observer.observe(this.root);
    this.cleanup.keep(() => observer.disconnect());
    this.start();
  }

  check(example) {
    return checkExample(example);
  }

  compute(example) {
    return computeNumbers(example);
  }

  derive(next) {
    const rows = next.numbers.rows;
    next.layer = Math.max(0, Math.min(rows.length - 1, next.layer));
    next.position = Math.max(0, Math.min(rows[next.layer].shape[1] - 1, next.position));
  }

  /** The tables and the picture are built for an example; which layer is picked is painted. */
  layoutKey({ example, numbers }) {
    return `${example.revision}|${JSON.stringify([example, numbers.total])}`;
  }

  width() {
    return Math.max(300, (this.root.clientWidth || 900) - 26);
  }

  build(state) {
    const inside = this.layers.element.contains(document.activeElement);
    this.drawn = this.width();
    this.picture.build(state, this.drawn);
    this.layers.build(state);
    if (inside) this.layers.radios[state.layer].focus({ preventScroll: true });
  }

  show(state) {
    this.controls.set(state);
  }

  draw() {
    const words = this.wordsOf(this.state);
    this.picture.paint(this.state, words);
    this.layers.paint(this.state);
    this.controls.setPlace(this.state, words);
    this.words.textContent = words;
    this.formulas.replaceChildren(...layerFormulas(this.state).map((line) => h("p", {}, line)));
  }

  /** What the chosen output sees, in words. */
  wordsOf({ example, numbers, layer, position }) {
    const { name, field } = numbers.rows[layer];
    const [input] = seenLevels(example, layer, position);
    const seen = [...input.keys()];
    const span = seen.length > 1 ? `${seen[0]} to ${seen.at(-1)}` : `${seen[0]}`;
    if (!seen.length) return `${name}[${position}] sees padding only`;
    const reach = seen.at(-1) - seen[0] + 1;
    const holes = seen.length < reach ? `, ${seen.length} of these ${reach}` : "";
    const edge =
      reach < field
        ? `; the rest of its field of ${field} lies outside the ${example.ndim === 1 ? "signal" : "image"}`
        : "";
    const square = example.ndim === 2 && reach === field ? `: a square of ${field}×${field}` : "";
    return `${name}[${position}] sees input ${span}${holes}${square}${edge}`;
  }

  goTo(layer, position, settle) {
    const rows = this.state.numbers.rows;
    const at = Math.max(0, Math.min(rows.length - 1, layer));
    let goal = position;
    if (at !== this.state.layer && settle) {
      // to the output of the other layer that lies over the same place of the input
      const [from, to] = [rows[this.state.layer], rows[at]];
      goal = Math.round((from.start + from.jump * this.state.position - to.start) / to.jump);
    }
    goal = Math.max(0, Math.min(rows[at].shape[1] - 1, goal));
    if (at !== this.state.layer || goal !== this.state.position)
      this.update(() => ({ layer: at, position: goal }), { save: false });
    if (settle) this.rest();
  }

  /** A movement has come to rest: say where, and let Python know. */
  rest() {
    this.model.save_changes();
    this.announcer.say(this.wordsOf(this.state));
  }

  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || typesInto(event.target)) return;
    if (event.shiftKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      this.controls.move(event.key === "ArrowUp" ? -1 : 1);
    } else if (event.key === "Delete") this.controls.remove();
    else return;
    event.preventDefault();
    event.stopPropagation();
    this.announcer.say(
      `${this.state.numbers.rows[this.state.layer].name} of ${this.state.numbers.rows.length} layers; ${this.wordsOf(this.state)}`,
    );
  }
}

export default { render: (shown) => renderView(ReceptiveFieldView, shown) };
