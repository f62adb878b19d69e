// The tables of ReceptiveField: a row for each layer, the sums, and the stack that was kept to compare with.

import { formatNumber, h, newId } from "./common.js";
import { extentOf } from "./field_numbers.js";

export function count(value) {
  return value.toLocaleString("en-US");
}

/** "conv 3×3, 64 filters, pad 1": a layer in words. */
export function layerWords(layer, ndim) {
  const parts = [`${layer.kind} ${Array(ndim).fill(layer.size).join("×")}`];
  if (layer.kind === "conv") parts.push(`${layer.filters} filter${layer.filters > 1 ? "s" : ""}`);
  const usual = { stride: 1, pad: 0, dilation: 1, groups: 1 };
  for (const [name, value] of Object.entries(usual)) if (layer[name] !== value) parts.push(`${name} ${layer[name]}`);
  return parts.join(", ");
}

export function shapeText([channels, side], ndim) {
  return [channels, ...Array(ndim).fill(side)].join("×");
}

const HEAD = ["layer", "output", "sees", "jump", "parameters", "multiply-adds"];

export class Layers {
  constructor(actions) {
    this.actions = actions;
    this.element = h("table", { class: "cw-layers" });
    this.messages = h("div", { class: "cw-messages" });
  }

  build(state) {
    const { example, numbers } = state;
    const { ndim } = example;
    const name = newId("layer");
    this.radios = example.layers.map((layer, i) =>
      h("input", {
        type: "radio",
        name,
        "aria-label": `${numbers.rows[i].name}: ${layerWords(layer, ndim)}`,
        onchange: () => this.actions.go(i, state.position),
      }),
    );
    const cells = (texts) => texts.map((text) => h("td", {}, text));
    this.rows = example.layers.map((layer, i) => {
      const row = numbers.rows[i];
      const output = shapeText(row.shape, ndim) + (row.message ? " ⚠" : "");
      const numbersOf = cells([
        output,
        `${row.field}`,
        `${row.jump}`,
        count(row.weights + row.biases),
        count(row.multiply_adds),
      ]);
      const label = h(
        "label",
        {},
        this.radios[i],
        h("b", {}, row.name),
        h("span", {}, layerWords(layer, ndim).slice(5)),
      );
      return h("tr", {}, h("th", { scope: "row" }, label), ...numbersOf);
    });
    const sums = ({ shape, field, jump, parameters, multiply_adds: products }) =>
      cells([shapeText(shape, ndim), `${field}`, `${jump}`, count(parameters), count(products)]);
    const foot = [h("tr", { class: "cw-total" }, h("th", { scope: "row" }, "all layers"), ...sums(numbers.total))];
    if (numbers.kept_total) {
      const title = example.kept_title || example.kept.map((layer) => layerWords(layer, ndim)).join("; ");
      const ratio = (name) => `× ${formatNumber(numbers.total[name] / numbers.kept_total[name], 3)}`;
      const share = (name) => (numbers.kept_total[name] ? ratio(name) : "");
      foot.push(h("tr", {}, h("th", { scope: "row" }, `compared with: ${title}`), ...sums(numbers.kept_total)));
      foot.push(
        h(
          "tr",
          {},
          h("th", { scope: "row" }, "all layers / compared"),
          ...cells(["", "", "", share("parameters"), share("multiply_adds")]),
        ),
      );
    }
    this.element.replaceChildren(
      h("thead", {}, h("tr", {}, ...HEAD.map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, ...this.rows, ...foot),
    );
    const lost = ({ unread }) =>
      unread
        ? ` Rounded down: the last ${unread > 1 ? `${unread} positions are` : "position is"} read by no window.`
        : " Rounded down: some padding is read by no window.";
    this.messages.replaceChildren(
      ...numbers.rows
        .filter(({ message }) => message)
        .map((row) => h("p", { class: "cw-warn" }, `${row.name}, ${row.message}${lost(row)}`)),
    );
  }

  paint({ layer }) {
    this.radios.forEach((radio, i) => {
      radio.checked = i === layer;
      this.rows[i].classList.toggle("cw-picked", i === layer);
    });
  }
}

/** How the numbers of one layer come about, in formulas. */
export function layerFormulas({ example, numbers, layer: i }) {
  const layer = example.layers[i];
  const row = numbers.rows[i];
  const { ndim } = example;
  const [channels, side] = i ? numbers.rows[i - 1].shape : example.input;
  const [field, jump] = i ? [numbers.rows[i - 1].field, numbers.rows[i - 1].jump] : [1, 1];
  const extent = extentOf(layer);
  const found = layer.dilation > 1 ? `(${layer.dilation}·(${layer.size} − 1) + 1)` : `${extent}`;
  const room = side + 2 * layer.pad - extent;
  const exact = formatNumber(room / layer.stride + 1, 4);
  const size = `(${side} + 2·${layer.pad} − ${found}) / ${layer.stride} + 1 = ${exact}`;
  const lines = [
    `size: ${size}${row.message ? ` → ${row.shape[1]}, remainder ${room % layer.stride}` : ""}`,
    `sees: ${field} + (${found} − 1)·${jump} = ${row.field}`,
    `jump: ${jump}·${layer.stride} = ${row.jump}`,
  ];
  if (layer.kind === "pool") return [...lines, "parameters: 0"];
  const depth = layer.groups > 1 ? `(${channels}/${layer.groups})` : `${channels}`;
  const taps = Array(ndim).fill(layer.size).join("·");
  const places = Array(ndim).fill(row.shape[1]).join("·");
  return [
    ...lines,
    `parameters: ${taps}·${depth}·${layer.filters} weights + ${layer.filters} biases = ${count(row.weights)} + ${count(row.biases)}`,
    `multiply-adds: ${count(row.weights)} · ${places} = ${count(row.multiply_adds)}`,
  ];
}
