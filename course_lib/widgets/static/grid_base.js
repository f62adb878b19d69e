// What number grids and pixel grids (grid.js) have in common.

import { h } from "./common.js";

/** What both kinds do: a caption, the sliding outline, pointing and dragging, moving by keys. */
export class Grid {
  constructor({ theme, cleanup, rows, columns, label, onCursor, onPoint, onRelease, editable, onType }) {
    Object.assign(this, { theme, rows, columns, onCursor, onPoint, onRelease, editable, onType });
    this.caption = h("figcaption", { class: "cw-caption" });
    this.outline = h("div", { class: "cw-outline", hidden: true, "aria-hidden": "true" });
    this.body = h("div", { class: "cw-map", "aria-label": label });
    this.element = h("figure", { class: "cw-figure" }, this.caption, this.body);
    this.focused = 0;
    if (onPoint) this.listenToPointer(cleanup);
    if (onCursor || onType) cleanup.listen(this.body, "keydown", (event) => this.onKey(event));
  }

  listenToPointer(cleanup) {
    this.body.classList.add("cw-drag");
    let box;
    const point = (event, started) => {
      const size = this.cellSize();
      const inside = (value, count) => Math.max(0, Math.min(count - 1, value));
      const row = inside(Math.floor((event.clientY - box.top) / size.height), this.rows);
      const column = inside(Math.floor((event.clientX - box.left) / size.width), this.columns);
      this.onPoint(row, column, started);
    };
    cleanup.listen(this.body, "pointerdown", (event) => {
      if (event.button !== 0 || event.target.matches("input")) return;
      box = this.body.getBoundingClientRect(); // once a drag: asking at every move would make the browser lay out again
      this.body.setPointerCapture(event.pointerId);
      this.body.classList.add("cw-dragging");
      point(event, true);
    });
    cleanup.listen(this.body, "pointermove", (event) => box && point(event, false));
    const release = () => {
      if (box) this.onRelease?.();
      box = undefined;
      this.body.classList.remove("cw-dragging");
    };
    for (const event of ["pointerup", "pointercancel"]) cleanup.listen(this.body, event, release);
  }

  onKey(event) {
    if (event.target.matches("input") || event.altKey || event.metaKey) return;
    const [row, column] = [Math.floor(this.focused / this.columns), this.focused % this.columns];
    const last = this.rows * this.columns - 1;
    const goal = {
      ArrowLeft: this.focused - (column > 0),
      ArrowRight: this.focused + (column < this.columns - 1),
      ArrowUp: row > 0 ? this.focused - this.columns : this.focused,
      ArrowDown: row < this.rows - 1 ? this.focused + this.columns : this.focused,
      Home: event.ctrlKey ? 0 : row * this.columns,
      End: event.ctrlKey ? last : row * this.columns + this.columns - 1,
    }[event.key];
    if (goal !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      this.moveTo(goal);
    } else if (
      this.editable?.(this.focused) &&
      !event.ctrlKey &&
      (/^[-+.\d\u2212]$/.test(event.key) || ["Enter", "F2"].includes(event.key))
    ) {
      event.preventDefault();
      event.stopPropagation();
      this.edit(this.focused, event.key.length === 1 ? event.key : undefined);
    }
  }

  moveTo(index) {
    this.focused = index;
    this.focus();
    this.onCursor?.(index);
  }

  edit() {} // a picture's pixels are not typed

  describe({ caption, frame, dim }) {
    if (this.caption.textContent !== caption) this.caption.textContent = caption;
    this.element.classList.toggle("cw-dim", Boolean(dim));
    this.outline.hidden = !frame;
    if (frame) {
      const size = this.cellSize();
      this.outline.style.transform = `translate(${frame.column * size.width}px, ${frame.row * size.height}px)`;
      this.outline.style.width = `${frame.width * size.width}px`;
      this.outline.style.height = `${frame.height * size.height}px`;
    }
  }
}
