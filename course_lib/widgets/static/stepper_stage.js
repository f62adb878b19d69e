// The graph itself: inputs as fields, gates as buttons, wires, and the numbers on them.
//
// Where a node or a wire stands comes from the layout (columns and lanes, _graph_layout.py); here these become pixels.
// Above a wire stands the value that flows forward, below it the gradient that comes back. While a gate works backward,
// its local gradients stand at its inputs above the wires, and the products below them.

import { Cleanup, formatNumber, h, newId, prefersStill } from "./common.js";
import { field } from "./controls.js";
import { gradientName, nodeText, symbolOf, termsText } from "./stepper_words.js";
import { svg } from "./svg.js";

const LANE = 82;
const GATE = 46; // width of a gate, and of the wire with its numbers that leaves it
const STEM = 60;
const LEAF = 58; // width of an input
const LEAD = 58; // the level end of a wire, where its local gradient and its product stand
const PORT = 22; // half the distance of two inputs of a gate
const CURVE = 40; // at least so wide is the bend of a wire
const TERMS = 34; // so much wider than an input is its sum
const TIP = 10; // the output's arrow
const LEAST_ZOOM = 0.75;

export class Stage {
  constructor(theme, cleanup, actions) {
    Object.assign(this, { theme, actions, cleanup: new Cleanup() });
    this.inner = h("div", { class: "cw-graph" });
    this.element = h("div", { class: "cw-scroll", role: "group", "aria-label": "the graph" }, this.inner);
    cleanup.keep(() => this.cleanup.run());
    const sized = new ResizeObserver(() => this.nodes && this.place() && actions.repaint());
    sized.observe(this.element);
    cleanup.keep(() => sized.disconnect());
  }

  /** Build anew, for another graph. */
  build({ example, wires }) {
    this.cleanup.run();
    Object.assign(this, { example, wires, width: undefined });
    this.lines = wires.map(() => svg("path", { class: "cw-wire" }));
    this.arrows = wires.map(() => svg("path", { class: "cw-arrow" }));
    this.exit = svg("path", { class: "cw-wire" });
    this.drawing = svg("svg", { class: "cw-wires", "aria-hidden": "true" }, ...this.lines, ...this.arrows, this.exit);
    const label = (kind) => h("div", { class: `cw-at ${kind}`, "aria-hidden": "true" });
    this.nodes = example.nodes.map((node, handle) => {
      const made = { grad: label("cw-gradient"), terms: label(`cw-terms ${node.inputs.length ? "" : "cw-of-leaf"}`) };
      if (node.inputs.length) this.makeGate(made, node, handle);
      else this.makeLeaf(made, node, handle);
      made.value = label("cw-value-at");
      return made;
    });
    this.ports = wires.map(() => ({ local: label("cw-local-at"), share: label("cw-share-at") }));
    this.inner.replaceChildren(
      this.drawing,
      ...this.nodes.flatMap(({ box, value, grad, terms }) => [box, value, grad, terms]),
      ...this.ports.flatMap(({ local, share }) => [local, share]),
    );
    this.place();
  }

  makeLeaf(made, node, handle) {
    made.field = field(node.name, {
      onCommit: (text) => this.actions.type(handle, text),
      onNudge: (by) => this.actions.nudge(handle, by),
      readonly: !node.value,
      title: `${node.name}: type another number, or press arrow up and down`,
    });
    made.box = h("div", { class: "cw-at cw-leaf" }, made.field.element);
    made.said = h("span", { class: "cw-hidden", id: newId("leaf") });
    made.box.append(made.said);
    made.field.input.setAttribute("aria-describedby", made.said.id);
  }

  makeGate(made, node, handle) {
    made.box = h(
      "button",
      { type: "button", class: "cw-at cw-gate", tabindex: "-1", onclick: () => this.actions.visit(handle) },
      h("span", { class: `cw-symbol ${symbolOf(node).length > 2 ? "cw-long" : ""}` }, symbolOf(node)),
      h("span", { class: "cw-name" }, node.name),
    );
  }

  /** Turn columns and lanes into pixels, as wide as there is room; returns whether anything moved. */
  place() {
    const { example, wires } = this;
    const { layout } = example;
    const room = this.element.clientWidth - 10; // without its padding
    if (this.width !== undefined && Math.abs(room - this.width) < 3) return false;
    this.width = room;
    const gaps = layout.columns - 1;
    const sums = example.nodes.some(
      ({ inputs }, h) => !inputs.length && wires.filter((w) => w.source === h).length > 1,
    );
    const indent = sums ? TERMS : 0; // room for an input's sum
    const least = indent + LEAF + gaps * (GATE + STEM + LEAD + CURVE) + TIP;
    const curve = Math.max(CURVE, Math.min(84, CURVE + (gaps ? (room - least) / gaps : 0)));
    const total = indent + LEAF + gaps * (GATE + STEM + LEAD + curve) + TIP;
    const zoom = Math.max(LEAST_ZOOM, Math.min(1, room / total));
    const left = (column) =>
      column === 0 ? indent : indent + LEAF + curve + LEAD + (column - 1) * (GATE + STEM + LEAD + curve);
    const end = (column) => (column === 0 ? indent + LEAF : left(column) + GATE + STEM);
    const lane = (y) => Math.round(y * LANE) + 40;
    const height = lane(layout.lanes) + 56;
    this.inner.style.width = `${total}px`;
    this.inner.style.height = `${height}px`;
    this.inner.style.zoom = zoom < 1 ? zoom : "";
    this.drawing.setAttribute("viewBox", `0 0 ${total} ${height}`);
    this.drawing.setAttribute("width", total);
    this.drawing.setAttribute("height", height);
    const at = (element, x, y, width) => {
      element.style.left = `${x}px`;
      element.style.top = `${y}px`;
      if (width) element.style.width = `${width}px`;
    };
    const portY = (w) => {
      const { reader } = wires[w];
      const count = example.nodes[reader].inputs.length;
      return lane(layout.lane[reader]) + (2 * layout.slots[w] - count + 1) * PORT;
    };
    this.centres = [];
    for (const [handle, node] of example.nodes.entries()) {
      const [column, y] = [layout.column[handle], lane(layout.lane[handle])];
      const { box, value, grad, terms } = this.nodes[handle];
      if (node.inputs.length) {
        const tall = Math.max(46, 2 * PORT * (node.inputs.length - 1) + 30);
        at(box, left(column), y - tall / 2, GATE);
        box.style.height = `${tall}px`;
        at(value, left(column) + GATE + 2, y - 19, STEM);
        at(grad, left(column) + GATE + 2, y + 5, STEM);
        at(terms, left(column), y + Math.max(30, tall / 2 + 2), GATE + STEM);
        this.centres.push(left(column) + GATE / 2);
      } else {
        const x = end(column) - LEAF;
        at(box, x, y - 31, LEAF);
        value.hidden = true;
        at(grad, x, y + 16, LEAF);
        at(terms, x - TERMS, y + 33, TERMS + LEAF);
        this.centres.push(x + LEAF / 2);
      }
    }
    this.heads = [];
    for (const [w, { source, reader }] of wires.entries()) {
      const from = example.nodes[source].inputs.length
        ? left(layout.column[source]) + GATE
        : end(layout.column[source]);
      let [column, y] = [layout.column[source], lane(layout.lane[source])];
      let d = `M${from} ${y}H${end(column)}`;
      const stops = [...layout.passes[w].map(lane), portY(w)];
      for (const next of stops) {
        const x = end(column);
        d += `C${x + curve / 2} ${y} ${x + curve / 2} ${next} ${x + curve} ${next}`;
        column += 1;
        y = next;
        d += `H${column === layout.column[reader] ? left(column) - 1 : end(column)}`;
      }
      this.lines[w].setAttribute("d", d);
      const start = lane(layout.lane[source]);
      this.heads[w] = {
        forth: `M${left(column) - 1} ${y}l-9 -4.5v9z`,
        back: `M${from + 1} ${start}l9 -4.5v9z`,
      };
      const { local, share } = this.ports[w];
      at(local, left(column) - 10, y - 20); // to the left of here: the style sheet moves them by their own width
      at(share, left(column) - 10, y + 2);
    }
    const last = layout.column.at(-1);
    const y = lane(layout.lane.at(-1));
    this.exit.setAttribute("d", last === 0 ? "" : `M${left(last) + GATE} ${y}H${end(last) + 8}m-8 -4l8 4l-8 4`);
    return true;
  }

  paint(state) {
    const { example, numbers, scene, wires, limit } = state;
    const { phase, node: current } = scene;
    for (const [handle, made] of this.nodes.entries()) {
      const node = example.nodes[handle];
      const now = handle === current;
      const upstream = now && ["seed", "backward"].includes(phase);
      const read = phase === "forward" && example.nodes[current].inputs.includes(handle);
      if (made.field) {
        made.field.set(formatNumber(node.value ? node.value[state.element] : numbers.values[handle]));
        put(made.said, nodeText(state, handle));
        made.box.classList.toggle("cw-read", read);
      } else {
        put(made.value, scene.known[handle] ? short(numbers.values[handle]) : "", {
          "cw-now": phase === "forward" && now,
          "cw-read": read,
        });
        made.box.setAttribute("aria-label", `${nodeText(state, handle)}${now ? ", at work" : ""}`);
        made.box.classList.toggle("cw-at-work", now);
        made.box.classList.toggle("cw-idle", !scene.known[handle]);
        made.box.tabIndex = now || (current === undefined && handle === example.order.find((o) => example.nodes[o].inputs.length)) ? 0 : -1; // prettier-ignore
      }
      this.paintGradient(state, made, handle, upstream);
    }
    for (const [w, { source, reader, port }] of wires.entries()) {
      const now = reader === current && phase === "backward";
      const forward = reader === current && phase === "forward";
      const line = this.lines[w];
      line.setAttribute("class", `cw-wire ${now ? "cw-wire-back" : forward ? "cw-wire-forth" : ""}`);
      this.arrows[w].setAttribute("d", this.heads[w][now ? "back" : "forth"]);
      const wire = scene.wires[w];
      const { local, share } = this.ports[w];
      put(local, now ? `× ${short(numbers.locals[reader][port])}` : "");
      const shown = now || (scene.nodes[source].terms.length > 1 && wire.state !== "none");
      put(
        share,
        !shown ? "" : `${now ? "= " : ""}${wire.state === "known" ? short(numbers.shares[reader][port]) : "?"}`,
        {
          "cw-now": now,
          "cw-secret": wire.state === "hidden",
        },
      );
      this.tint(share, shown && wire.state === "known" ? numbers.shares[reader][port] : null, limit);
    }
    if (current !== undefined) this.bringIntoView(current);
  }

  /** A node's gradient below its wire, and where it is a sum, the terms of it. */
  paintGradient(state, made, handle, upstream) {
    const { scene, numbers, limit } = state;
    const { state: known, terms } = scene.nodes[handle];
    const text = { none: "", partial: "", hidden: "?", known: short(numbers.gradients[handle]) }[known];
    put(made.grad, text, { "cw-upstream": upstream, "cw-secret": known === "hidden" });
    this.tint(made.grad, known === "known" ? numbers.gradients[handle] : null, limit);
    made.grad.title = text ? gradientName(state.example, handle) : "";
    const sums = terms.length > 1 && known !== "none" ? [3, 2].map((digits) => termsText(state, handle, digits)) : [""];
    const sum = sums.find((written) => written.length <= 14) ?? `sum of ${terms.length}`; // what there is room for
    put(made.terms, sum && known === "known" ? `= ${sum}` : sum, { "cw-now": known === "partial" });
  }

  tint(element, value, limit) {
    const colour = value === null ? null : this.theme.colour(value, limit);
    element.style.backgroundColor = colour ? colour.css : "";
    element.style.color = colour ? colour.ink : "";
  }

  /** Where the graph is wider than the page, let it follow the gate at work. */
  bringIntoView(handle) {
    const { element } = this;
    if (element.scrollWidth <= element.clientWidth + 2) return;
    const zoom = Number(this.inner.style.zoom || 1);
    const goal = this.centres[handle] * zoom - element.clientWidth / 2;
    if (Math.abs(goal - element.scrollLeft) > element.clientWidth / 4)
      element.scrollTo({ left: goal, behavior: prefersStill() || this.actions.state().playing ? "auto" : "smooth" });
  }

  focus(handle) {
    this.nodes[handle]?.box.focus({ preventScroll: true });
  }

  holdsFocus() {
    return document.activeElement?.classList.contains("cw-gate") && this.element.contains(document.activeElement);
  }
}

/** A number that fits on a wire: four digits, or fewer where these would be too wide. */
function short(value) {
  const written = [4, 3, 2].map((digits) => formatNumber(value, digits));
  return written.find((text) => text.length <= 7) ?? written[2];
}

/** Show a text and these classes; nothing is touched where nothing changed. */
function put(element, text, classes = {}) {
  if (element.textContent !== text) element.textContent = text;
  for (const [name, on] of Object.entries(classes)) element.classList.toggle(name, Boolean(on) && text !== "");
}
