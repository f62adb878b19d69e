// The function's own numbers as small maps: x, w, y, the upstream gradient and what comes of it; the numbers that the
// present cell or row is about are framed.

import { Cleanup, h } from "./common.js";
import { NumberGrid } from "./grid.js";
import { outputLetter } from "./jacobian_terms.js";
import { shapeOf } from "./jacobian_numbers.js";

const EDITABLE = ["x", "w", "upstream"];

export class JacobianPanels {
  constructor(theme, cleanup, actions) {
    Object.assign(this, { theme, actions, cleanup: new Cleanup() });
    cleanup.keep(() => this.cleanup.run());
    this.element = h("div", { class: "cw-stage" });
  }

  build({ example, mode }) {
    this.cleanup.run();
    const letter = outputLetter(example);
    const shown = [["x", "x", ""]];
    if (example.w) shown.push(["w", "w", { matmul: "·", conv1d: "⋆" }[example.kind]]);
    shown.push(["y", letter, example.w ? "=" : "→"]);
    if (mode === "product")
      shown.push(["upstream", `upstream ∂L/∂${letter}`, ""], ["result", `∂L/∂${example.wrt}`, "→"]);
    this.grids = {};
    this.element.replaceChildren(
      ...shown.map(([name, title, sign]) => {
        const shape = shapeOf(this.arrayShape(example, name));
        const grid = new NumberGrid({
          theme: this.theme,
          cleanup: this.cleanup,
          rows: shape.length < 2 ? 1 : shape[0],
          columns: shape.at(-1),
          label: title,
          ...(EDITABLE.includes(name) && {
            editable: () => true,
            onType: (index, text) => this.actions.type(name, index, text),
          }),
        });
        this.grids[name] = grid;
        const panel = h(
          "section",
          { class: `cw-panel cw-panel-${name}`, "aria-label": title },
          h("div", { class: "cw-title" }, `${title} (${shape.join("×")})`),
          grid.element,
        );
        return h(
          "div",
          { class: "cw-with-sign" },
          sign ? h("span", { class: "cw-sign", "aria-hidden": "true" }, sign) : null,
          panel,
        );
      }),
    );
  }

  arrayShape(example, name) {
    return {
      x: example.x,
      w: example.w,
      y: example.upstream,
      upstream: example.upstream,
      result: example[example.wrt],
    }[name];
  }

  /** Paint the maps; `marks` says for each map which of its numbers are framed, and how. */
  paint(state, marks) {
    const { example, numbers, limits, mode, cell, columns, secret } = state;
    const row = Math.floor(cell / columns);
    for (const [name, grid] of Object.entries(this.grids)) {
      const values = { y: numbers.y, result: numbers.implicit }[name] ?? example[name].flat();
      const framed = values.map((_, i) => marks[name]?.[i] ?? "");
      const hidden = name === "result" ? values.map((v, i) => (i <= row && !secret ? v : null)) : values;
      grid.paint({
        caption: "",
        values: hidden,
        limit: limits[name],
        marks: framed,
        frame: undefined,
        dim: false,
        mode,
      });
    }
  }
}
