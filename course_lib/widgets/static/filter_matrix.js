// The layer as a matrix: the input as one row above it, the output as one column beside it, and the row that is at work.

import { Cleanup, h } from "./common.js";
import { NumberGrid, PixelGrid } from "./grid.js";

const LEGIBLE_MATRIX = 36; // so many columns still fit with their numbers

export class MatrixView {
  constructor(theme, actions) {
    Object.assign(this, { theme, actions, cleanup: new Cleanup() });
    this.element = h("section", { class: "cw-matrix", "aria-label": "the layer as a matrix" });
  }

  build(state) {
    this.cleanup.run();
    this.element.replaceChildren();
    this.element.hidden = state.mode !== "matrix";
    this.grids = null;
    if (this.element.hidden) return;
    const { matrix } = state.numbers;
    if (!matrix) {
      const [outputs, inputs] = [state.numbers.out, state.example.image].map((array) => array.flat(3).length);
      this.element.append(
        h(
          "p",
          { class: "cw-note-line" },
          `The matrix would have ${outputs} × ${inputs} numbers: too many to show. It is drawn for up to 144 inputs ` +
            "and outputs; an image of 12×12 fits.",
        ),
      );
      return;
    }
    const [rows, columns] = [matrix.length, matrix[0].length];
    const Kind = columns <= LEGIBLE_MATRIX ? NumberGrid : PixelGrid;
    const make = (height, width, label, extra = {}) =>
      new Kind({
        theme: this.theme,
        cleanup: this.cleanup,
        rows: height,
        columns: width,
        label,
        tight: true,
        room: 560,
        ...extra,
      });
    const toRow = { onPoint: (row) => this.actions.drag(row), onRelease: this.actions.settle };
    this.grids = {
      x: make(1, columns, "input, as one row"),
      matrix: make(rows, columns, "matrix", toRow),
      out: make(rows, 1, "output, as one column", { ...toRow, room: Math.floor(560 / columns) }),
    };
    this.element.append(
      h(
        "div",
        { class: "cw-title" },
        `matrix ${rows}×${columns}: each row times the input gives one output; the same weights in every row, moved along`,
      ),
      h(
        "div",
        { class: "cw-matrix-grid" },
        this.grids.x.element,
        h("span"),
        this.grids.matrix.element,
        this.grids.out.element,
      ),
    );
  }

  paint(state, results) {
    if (!this.grids) return;
    const { numbers, example, step, limits } = state;
    const row = numbers.matrix[step];
    const inputs = example.image.flat(2);
    const lit = row.map((weight) => (weight !== 0 ? "cw-tap" : "cw-faint"));
    const frame = { row: step, column: 0, height: 1, width: row.length };
    this.grids.x.paint({ caption: "input x, row after row", values: inputs, limit: limits.image, marks: lit });
    this.grids.matrix.paint({
      caption: "",
      values: numbers.matrix.flat(),
      limit: limits.kernel,
      frame,
      marks: numbers.matrix.flatMap((line, r) =>
        line.map((weight) => `${weight === 0 ? "cw-faint" : ""} ${r === step ? "" : "cw-other"}`),
      ),
    });
    for (const name of ["x", "matrix"])
      this.grids[name].fit?.(Math.max(this.grids.x.characters, this.grids.matrix.characters));
    const { values, texts, marks } = results;
    this.grids.out.paint({
      caption: "",
      values,
      texts,
      marks,
      limit: limits.out,
      frame: { row: step, column: 0, height: 1, width: 1 },
    });
  }
}
