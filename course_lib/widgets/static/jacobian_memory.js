// What explicit Jacobians of y = x·w weigh, beside all that the implicit backward pass holds: bars on a log scale.

import { h } from "./common.js";
import { choices } from "./controls.js";
import { bytesText, LARGEST, memoryOf } from "./jacobian_numbers.js";

const FULL = 2 ** 64; // the right end of the scale
const BARS = [
  ["dy_dw", "explicit ∂y/∂w", "cw-explicit"],
  ["dy_dx", "explicit ∂y/∂x", "cw-explicit"],
  ["implicit", "implicit: x, w, upstream, ∂L/∂x and ∂L/∂w", "cw-implicit"],
];
const MARKS = [
  [2 ** 20, "1 MiB"],
  [2 ** 34, "a laptop: 16 GiB"],
  [2 ** 50, "1 PiB"],
  [2 ** 60, "1 EiB"],
];

/** What the sizes mean, in words. */
export function sizesText(sizes) {
  const bytes = memoryOf(sizes);
  const times = (name) => Number((bytes[name] / bytes.implicit).toPrecision(3)).toLocaleString("en");
  const [n, m] = [sizes.n, sizes.m].map((size) => size.toLocaleString("en"));
  return (
    `∂y/∂x would take ${bytesText(bytes.dy_dx)} and ∂y/∂w ${bytesText(bytes.dy_dw)}: ${times("dy_dx")} and ` +
    `${times("dy_dw")} times the ${bytesText(bytes.implicit)} of all arrays together. ` +
    `At most one in N = ${n} entries of ∂y/∂x, and one in M = ${m} of ∂y/∂w, is not zero.`
  );
}

export class MemoryView {
  constructor(actions) {
    this.actions = actions;
    this.sliders = {};
    const place = (bytes) => `${(100 * Math.log2(bytes)) / Math.log2(FULL)}%`;
    this.place = place;
    const rows = Object.entries({ n: "N, examples", d: "D, inputs", m: "M, outputs" }).map(([name, label]) => {
      const input = h("input", {
        type: "range",
        class: "cw-slider",
        min: 0,
        max: LARGEST[name],
        step: 1,
        "aria-label": label,
        oninput: () => actions.size(name, 2 ** Number(input.value), false),
        onchange: actions.settle,
      });
      const shown = h("output", { class: "cw-size" });
      this.sliders[name] = { input, shown };
      return h("label", { class: "cw-size-row" }, h("span", {}, label), input, shown);
    });
    this.type = choices("numbers", [["4", "float32"], ["8", "float64"]], (value) => actions.size("itemsize", Number(value), true)); // prettier-ignore
    this.bars = {};
    const bars = BARS.map(([name, label, kind]) => {
      const bar = h("div", { class: `cw-bar-fill ${kind}` });
      const text = h("span", { class: "cw-bar-text" });
      this.bars[name] = { bar, text };
      return h(
        "div",
        { class: "cw-bar-row" },
        h("span", { class: "cw-bar-name" }, label, " "),
        h("div", { class: "cw-track" }, bar, text, ...MARKS.map(([bytes]) => this.line(bytes))),
      );
    });
    const scale = h(
      "div",
      { class: "cw-bar-row cw-scale", "aria-hidden": "true" },
      h("span"),
      h(
        "div",
        { class: "cw-track-labels" },
        ...MARKS.map(([bytes, label]) => {
          const mark = h("span", {}, label);
          mark.style.left = place(bytes);
          return mark;
        }),
      ),
    );
    this.text = h("p", { class: "cw-line" });
    this.element = h(
      "section",
      { class: "cw-memory", "aria-label": "memory" },
      h(
        "p",
        {},
        "y = x·w with x (N, D), w (D, M), y (N, M). The scale is logarithmic: equal distances are equal factors.",
      ),
      h("div", { class: "cw-sizes" }, ...rows, this.type.element),
      h("div", { class: "cw-bars" }, ...bars, scale),
      this.text,
    );
  }

  line(bytes) {
    const line = h("span", { class: "cw-mark-line", "aria-hidden": "true" });
    line.style.left = this.place(bytes);
    return line;
  }

  paint({ sizes }) {
    const bytes = memoryOf(sizes);
    for (const [name, { input, shown }] of Object.entries(this.sliders)) {
      const power = String(Math.round(Math.log2(sizes[name])));
      if (input.value !== power) input.value = power;
      shown.textContent = sizes[name].toLocaleString("en");
      input.setAttribute("aria-valuetext", String(sizes[name]));
    }
    this.type.set(String(sizes.itemsize));
    for (const [name, { bar, text }] of Object.entries(this.bars)) {
      bar.style.width = this.place(bytes[name]);
      text.style.left = this.place(bytes[name]);
      text.classList.toggle("cw-inside", bytes[name] > FULL ** 0.6);
      text.textContent = bytesText(bytes[name]);
    }
    this.text.textContent = sizesText(sizes);
  }
}
