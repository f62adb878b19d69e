// Maps of numbers: NumberGrid shows each number in a cell, PixelGrid a picture without numbers. Both are painted from
// the same description, so that a widget need not know which one it has:
//
//   { caption, values, limit, marks, tops, notes, texts, frame, cursor, dim, grey }
//
// values: flat, null where nothing is known yet; limit: the magnitude at full colour; marks: class names of cells;
// tops, notes: small text above and below a number; texts: text in place of a number; frame: { row, column, height,
// width }, the outline that slides; cursor: the cell that the keyboard is on; dim: the map takes no part in this step;
// grey: black (0) to white (limit), as a photograph.

import { formatNumber, h } from "./common.js";
import { Grid } from "./grid_base.js";

export const LEGIBLE = 20; // more rows or columns than this are shown as a picture

/** A grid of the fitting kind. */
export function makeGrid(options) {
  return Math.max(options.rows, options.columns) > LEGIBLE ? new PixelGrid(options) : new NumberGrid(options);
}

export class NumberGrid extends Grid {
  constructor(options) {
    super(options);
    const { rows, columns, lines, tight, characters = 2, onCursor, onType } = options;
    this.tight = tight;
    this.interactive = Boolean(onCursor || onType);
    this.lines = lines;
    this.body.setAttribute("role", this.interactive ? "grid" : "table");
    this.body.classList.toggle("cw-lines", Boolean(lines));
    this.cells = [];
    for (let row = 0; row < rows; row++) {
      const line = h("div", { role: "row", class: "cw-row" });
      for (let column = 0; column < columns; column++) line.append(this.makeCell(row * columns + column));
      this.body.append(line);
    }
    this.body.append(this.outline);
    this.fit(characters);
    if (onType) {
      options.cleanup.listen(this.body, "dblclick", (event) => {
        const index = this.cells.findIndex((cell) => cell.element.contains(event.target));
        if (index >= 0 && this.editable(index)) this.edit(index);
      });
      options.cleanup.listen(this.body, "focusin", (event) => {
        const index = this.cells.findIndex((cell) => cell.element === event.target);
        if (index >= 0) this.rove(index);
      });
    }
  }

  makeCell(index) {
    const value = h("span", { class: "cw-value" });
    const parts = this.lines ? [h("span", { class: "cw-top" }), value, h("span", { class: "cw-note" })] : [value];
    const entries = { class: "cw-cell", role: this.interactive ? "gridcell" : "cell" };
    if (this.interactive) entries.tabindex = index === 0 ? "0" : "-1";
    const element = h("div", entries, ...parts);
    this.cells.push({ element, value, top: parts[0], note: parts[2], painted: "" });
    return element;
  }

  /** Make the cells wide enough for so many characters; they never shrink, so that nothing jumps while it plays. */
  fit(characters) {
    if (characters <= this.characters) return;
    this.characters = characters;
    const roomy = !this.tight && Math.max(this.rows, this.columns) <= 8;
    const least = this.lines ? 48 : roomy ? 34 : this.tight ? 20 : this.columns > 12 ? 22 : 24;
    this.width = Math.max(
      least,
      Math.ceil(characters * (roomy || this.lines ? 7.6 : 6.4)) + (roomy || this.lines ? 8 : 4),
    );
    this.height = this.lines ? 50 : roomy ? 32 : this.tight ? 20 : 24;
    this.body.classList.toggle("cw-small", !roomy && !this.lines);
    this.body.style.setProperty("--cw-w", `${this.width}px`);
    this.body.style.setProperty("--cw-h", `${this.height}px`);
    this.body.style.setProperty("--cw-columns", this.columns);
  }

  cellSize() {
    return { width: this.width, height: this.height };
  }

  paint(description) {
    const { values, limit, marks, tops, notes, texts, cursor, grey } = description;
    const written = values.map((value, i) => texts?.[i] ?? (value === null ? "" : formatNumber(value)));
    this.fit(
      written.reduce(
        (most, text, i) => Math.max(most, text.length, 0.8 * (tops?.[i]?.length ?? 0), 0.8 * (notes?.[i]?.length ?? 0)),
        0,
      ),
    );
    for (const [i, cell] of this.cells.entries()) {
      const mark = marks?.[i] ?? "";
      const key = `${values[i]}|${limit}|${written[i]}|${mark}|${tops?.[i] ?? ""}|${notes?.[i] ?? ""}|${grey ?? ""}`;
      if (key === cell.painted) continue;
      cell.painted = key;
      cell.element.className = `cw-cell ${mark} ${values[i] === null ? "cw-empty" : ""}`;
      const colour = values[i] === null ? null : this.theme.colour(values[i], limit);
      cell.element.style.backgroundColor = colour ? colour.css : "";
      cell.element.style.color = colour ? colour.ink : "";
      if (!cell.editing) cell.value.textContent = written[i];
      if (this.lines) {
        cell.top.textContent = tops?.[i] ?? "";
        cell.note.textContent = notes?.[i] ?? "";
      }
    }
    this.describe(description);
    if (cursor !== undefined && this.interactive) {
      const inside =
        this.body.contains(document.activeElement) && document.activeElement !== this.cells[cursor].element;
      this.rove(cursor);
      if (inside && !document.activeElement.matches("input")) this.focus();
    }
  }

  /** Only one cell is reached by the tab key: the one that was last used. */
  rove(index) {
    this.cells[this.focused].element.tabIndex = -1;
    this.cells[index].element.tabIndex = 0;
    this.focused = index;
  }

  focus() {
    this.rove(this.focused);
    this.cells[this.focused].element.focus({ preventScroll: true });
  }

  moveTo(index) {
    this.rove(index);
    super.moveTo(index);
  }

  /** Put a field into the cell: Enter or leaving it takes the number, Escape does not. */
  edit(index, typed) {
    const cell = this.cells[index];
    if (cell.editing) return;
    const before = cell.value.textContent;
    const input = h("input", {
      class: "cw-input",
      type: "text",
      "aria-label": `new value of ${this.body.getAttribute("aria-label")}`,
    });
    input.value = typed ?? (cell.element.classList.contains("cw-hiding") ? "" : before);
    cell.editing = true;
    const finish = (taken, focus) => {
      if (!cell.editing) return;
      cell.editing = false;
      const text = input.value;
      input.remove();
      cell.value.textContent = before;
      cell.painted = "";
      if (focus) cell.element.focus({ preventScroll: true });
      if (taken && text.trim() !== before) this.onType(index, text);
    };
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") finish(true, true);
      if (event.key === "Escape") finish(false, true);
    });
    input.addEventListener("blur", () => finish(true, false));
    cell.value.textContent = "";
    cell.value.append(input);
    input.focus({ preventScroll: true });
    if (typed === undefined) input.select();
  }
}

export class PixelGrid extends Grid {
  constructor(options) {
    super(options);
    const { rows, columns, label, room = 216, onCursor } = options;
    this.size = Math.max(2, Math.min(8, Math.floor(room / columns)));
    this.canvas = h("canvas", { width: columns, height: rows, class: "cw-canvas" });
    this.canvas.style.width = `${columns * this.size}px`;
    this.canvas.style.height = `${rows * this.size}px`;
    this.context = this.canvas.getContext("2d");
    this.pixels = this.context.createImageData(columns, rows);
    this.body.append(this.canvas, this.outline);
    this.body.classList.add("cw-picture");
    if (onCursor) {
      this.body.tabIndex = 0;
      this.body.setAttribute("role", "application");
      this.body.setAttribute(
        "aria-label",
        `${label}, a picture of ${rows} by ${columns}; the arrow keys move the filter`,
      );
    } else {
      this.body.setAttribute("role", "img");
      this.body.setAttribute("aria-label", `${label}, a picture of ${rows} by ${columns}`);
    }
  }

  cellSize() {
    return { width: this.size, height: this.size };
  }

  focus() {
    this.body.focus({ preventScroll: true });
  }

  paint(description) {
    const { values, limit, grey, cursor } = description;
    const data = this.pixels.data;
    for (const [i, value] of values.entries()) {
      if (value === null) {
        data.fill(0, 4 * i, 4 * i + 4); // nothing: the page shows through
        continue;
      }
      const shade = Math.round((255 * Math.max(0, Math.min(limit, value))) / limit);
      const [r, g, b] = grey ? [shade, shade, shade] : this.theme.colour(value, limit).rgb;
      data[4 * i] = r;
      data[4 * i + 1] = g;
      data[4 * i + 2] = b;
      data[4 * i + 3] = 255;
    }
    this.context.putImageData(this.pixels, 0, 0);
    this.describe(description);
    if (cursor !== undefined) this.focused = cursor;
  }
}
