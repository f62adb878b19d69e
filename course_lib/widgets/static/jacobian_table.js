// The Jacobian as a table: names of outputs above, names of inputs on the left, cells to mark or to walk through; in the
// product the upstream gradient stands above the columns and the gradients on the right of the rows.

import { Cleanup, formatNumber, h } from "./common.js";

const PALE = 2.5; // rows that take no part in a product are so much fainter

export class Table {
  constructor(theme, cleanup, actions) {
    Object.assign(this, { theme, actions, cleanup: new Cleanup() });
    cleanup.keep(() => this.cleanup.run());
    this.element = h("div", { class: "cw-scroll" });
  }

  build({ names, mode, letters }) {
    this.cleanup.run();
    const [rows, columns] = [names.rows.length, names.columns.length];
    Object.assign(this, { rows, columns, focused: 0, mode });
    const product = mode === "product";
    const head = (text, extra = "") => h("div", { role: "columnheader", class: `cw-head ${extra}` }, text);
    const line = (...cells) => h("div", { role: "row", class: "cw-jrow" }, ...cells);
    const [y, x] = letters;
    this.cells = [];
    this.results = [];
    const body = [
      line(
        head(`${x} ↓   ${y} →`, "cw-corner"),
        ...names.columns.map((name) => head(name)),
        ...(product ? [head("J · upstream", "cw-sums"), head("implicit", "cw-sums")] : []),
      ),
    ];
    if (product) {
      this.above = names.columns.map(() => h("div", { role: "gridcell", class: "cw-jcell cw-above" }));
      const blank = () => h("div", { role: "gridcell", class: "cw-blank" });
      body.push(
        line(h("div", { role: "rowheader", class: "cw-head cw-side" }, "upstream"), ...this.above, blank(), blank()),
      );
    }
    this.sides = names.rows.map((name) => h("div", { role: "rowheader", class: "cw-head cw-side" }, name));
    for (let n = 0; n < rows; n++) {
      const cells = names.columns.map(() => h("div", { role: "gridcell", class: "cw-jcell", tabindex: "-1" }));
      const sums = product ? [0, 1].map(() => h("div", { role: "gridcell", class: "cw-jcell cw-sum-cell" })) : [];
      this.cells.push(...cells);
      this.results.push(sums);
      body.push(line(this.sides[n], ...cells, ...sums));
    }
    this.body = h(
      "div",
      { role: "grid", class: `cw-jacobian ${columns > 10 ? "cw-tight" : ""} ${product ? "cw-with-sums" : ""}`, "aria-label": `Jacobian, ${rows} rows of inputs, ${columns} columns of outputs` },
      ...body,
    ); // prettier-ignore
    this.body.style.setProperty("--cw-columns", columns);
    this.element.replaceChildren(this.body);
    this.listen();
  }

  listen() {
    const indexOf = (target) => this.cells.indexOf(target?.closest?.(".cw-jcell"));
    let painting; // whether the drag marks or unmarks
    let last = -1;
    this.cleanup.listen(this.body, "pointerdown", (event) => {
      const index = indexOf(event.target);
      if (event.button !== 0 || index < 0) return;
      event.preventDefault();
      last = index;
      this.rove(index);
      this.cells[index].focus({ preventScroll: true });
      painting = this.actions.pressed(index);
    });
    this.cleanup.listen(this.body, "pointermove", (event) => {
      if (painting === undefined || !(event.buttons & 1)) return;
      const index = indexOf(document.elementFromPoint(event.clientX, event.clientY));
      if (index < 0 || index === last) return;
      last = index;
      this.actions.dragged(index, painting);
    });
    const release = () => {
      if (painting !== undefined) this.actions.settle();
      painting = undefined;
    };
    this.cleanup.listen(window, "pointerup", release);
    this.cleanup.listen(window, "pointercancel", release);
    this.cleanup.listen(this.body, "focusin", (event) => {
      const index = indexOf(event.target);
      if (index >= 0) this.rove(index);
    });
    this.cleanup.listen(this.body, "keydown", (event) => this.onKey(event, indexOf(event.target)));
  }

  onKey(event, index) {
    if (index < 0 || event.altKey || event.metaKey) return;
    const [row, column] = [Math.floor(index / this.columns), index % this.columns];
    const goal = {
      ArrowLeft: index - (column > 0),
      ArrowRight: index + (column < this.columns - 1),
      ArrowUp: row > 0 ? index - this.columns : index,
      ArrowDown: row < this.rows - 1 ? index + this.columns : index,
      Home: event.ctrlKey ? 0 : row * this.columns,
      End: event.ctrlKey ? this.cells.length - 1 : (row + 1) * this.columns - 1,
    }[event.key];
    if (goal !== undefined) {
      this.rove(goal);
      this.cells[goal].focus();
      this.actions.moved(goal);
    } else if (this.mode === "pattern" && [" ", "Enter"].includes(event.key)) this.actions.toggled(index);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Only one cell is reached by the tab key: the one that was last used. */
  rove(index) {
    this.cells[this.focused].tabIndex = -1;
    this.cells[index].tabIndex = 0;
    this.focused = index;
  }

  paint(state) {
    const { numbers, names, mode, cell, marks, revealed, secret, limits } = state;
    const marked = new Set(marks);
    const [row, column] = [Math.floor(cell / this.columns), cell % this.columns];
    for (const [i, element] of this.cells.entries()) {
      const [n, m] = [Math.floor(i / this.columns), i % this.columns];
      const value = numbers.J[n][m];
      const shown = this.cellLook({ mode, revealed, secret, value, marked: marked.has(i) });
      const lit = mode === "product" ? n === row : mode === "values" && n === row && m === column;
      const kind = `cw-jcell ${shown.kind} ${lit ? "cw-lit" : ""}`;
      const limit = limits.J * (mode === "product" && n !== row ? PALE : 1);
      const key = `${kind}|${shown.text}|${shown.said}|${shown.tint ? value / limit : ""}|${this.theme.stops.join()}`;
      if (key === element.painted) continue;
      element.painted = key;
      element.className = kind;
      element.textContent = shown.text;
      this.tint(element, shown.tint ? value : null, limit);
      element.setAttribute("aria-label", `∂${names.columns[m]}/∂${names.rows[n]}: ${shown.said}`);
      if (mode === "pattern" && !revealed) element.setAttribute("aria-selected", marked.has(i));
      else element.removeAttribute("aria-selected");
    }
    for (const [n, side] of this.sides.entries()) side.classList.toggle("cw-now", n === row && mode !== "pattern");
    this.rove(cell);
    if (this.cells.includes(document.activeElement)) this.cells[cell].focus({ preventScroll: true });
    if (mode === "product") this.paintProduct(state, row);
  }

  /** How a cell of J looks: its text, what is said of it, and whether it has its value's colour. */
  cellLook({ mode, revealed, secret, value, marked }) {
    const zero = Math.abs(value) <= 1e-12;
    if (mode !== "pattern") {
      if (secret) return { text: "?", said: "hidden", kind: "cw-secret" };
      return { text: formatNumber(value, 3), said: formatNumber(value), kind: zero ? "cw-zero" : "", tint: !zero };
    }
    if (!revealed)
      return {
        text: marked ? "●" : "",
        said: marked ? "marked as not zero" : "not marked",
        kind: marked ? "cw-marked" : "",
      };
    if (marked)
      return zero
        ? { text: "✗", said: "extra: it is zero", kind: "cw-extra" }
        : { text: "✓", said: "right, not zero", kind: "cw-right" };
    return zero
      ? { text: "", said: "right, zero", kind: "" }
      : { text: "○", said: "missed: it is not zero", kind: "cw-missed" };
  }

  paintProduct({ example, numbers, secret, limits }, row) {
    const dout = example.upstream.flat();
    for (const [m, element] of this.above.entries()) {
      element.textContent = formatNumber(dout[m], 3);
      this.tint(element, dout[m], limits.upstream);
    }
    for (const [n, sums] of this.results.entries()) {
      for (const [i, element] of sums.entries()) {
        const value = numbers[i ? "implicit" : "explicit"][n];
        const known = n <= row && !secret;
        element.textContent = known ? formatNumber(value, 3) : n <= row ? "?" : "";
        element.classList.toggle("cw-lit", n === row);
        this.tint(element, known ? value : null, limits.result);
      }
    }
  }

  tint(element, value, limit) {
    const colour = value === null ? null : this.theme.colour(value, limit);
    element.style.backgroundColor = colour ? colour.css : "";
    element.style.color = colour ? colour.ink : "";
  }
}
