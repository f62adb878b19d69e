// The picture of ReceptiveField: a section through all levels, input below, and what the chosen output sees of each.

import { formatNumber, h } from "./common.js";
import { follow, seenLevels } from "./field_numbers.js";
import { svg } from "./svg.js";

const [LABEL, CELL, TALL] = [104, 26, 20]; // width of the labels, of a cell at most, and a cell's height
const LINES = 120; // more lines than this from level to level say less than the shape does

export class Picture {
  constructor(theme, actions) {
    Object.assign(this, { theme, actions });
    this.svg = svg("svg", { "aria-hidden": "true", focusable: "false" });
    this.element = h("div", { class: "cw-section", role: "application", tabindex: "0" }, this.svg);
  }

  listen(cleanup) {
    let box;
    const point = (event) => {
      const { positions, levels } = this.layout;
      const [x, y] = [event.clientX - box.left, event.clientY - box.top];
      const level = Math.max(1, Math.min(levels - 1, Math.round((this.levelY(0) - (y - TALL / 2)) / this.rise)));
      const { start, jump, count } = positions[level];
      const position = Math.round(((x - this.origin) / this.scale - start) / jump);
      this.actions.drag(level - 1, Math.max(0, Math.min(count - 1, position)));
    };
    cleanup.listen(this.element, "pointerdown", (event) => {
      if (event.button !== 0) return;
      box = this.svg.getBoundingClientRect();
      this.element.setPointerCapture(event.pointerId);
      point(event);
    });
    cleanup.listen(this.element, "pointermove", (event) => box && point(event));
    for (const name of ["pointerup", "pointercancel"]) {
      cleanup.listen(this.element, name, () => {
        if (box) this.actions.settle();
        box = undefined;
      });
    }
    cleanup.listen(this.element, "keydown", (event) => this.onKey(event));
  }

  onKey(event) {
    if (event.altKey || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const { layer, position } = this.actions.state();
    const last = this.layout.positions[layer + 1].count - 1;
    const goal = {
      ArrowLeft: [layer, position - 1],
      ArrowRight: [layer, position + 1],
      ArrowUp: [layer + 1, position],
      ArrowDown: [layer - 1, position],
      Home: [layer, 0],
      End: [layer, last],
    }[event.key];
    if (!goal) return;
    event.preventDefault();
    event.stopPropagation();
    this.actions.go(...goal);
  }

  levelY(level) {
    return 4 + (this.layout.levels - 1 - level) * this.rise;
  }

  /** Build anew for a width: every level's cells, in their places over the input. */
  build({ example, numbers }, width) {
    const shapes = follow(example);
    const levels = shapes.length;
    const rows = [{ start: 0, jump: 1 }, ...numbers.rows];
    const positions = rows.map(({ start, jump }, level) => {
      const pad = example.layers[level]?.pad ?? 0;
      return { start, jump, count: shapes[level][1], pad, unread: numbers.rows[level]?.unread ?? 0 };
    });
    const low = Math.min(...positions.map(({ start, jump, pad }) => start - jump * (pad + 0.5)));
    const high = Math.max(...positions.map(({ start, jump, count, pad }) => start + jump * (count - 1 + pad + 0.5)));
    this.layout = { positions, levels };
    this.rise = levels > 6 ? 40 : 48;
    this.scale = Math.min(CELL + 4, (width - LABEL - 8) / (high - low));
    this.origin = LABEL - low * this.scale;
    const height = this.levelY(0) + TALL + 8;
    for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` }))
      this.svg.setAttribute(name, value);
    this.over = svg("g");
    this.svg.replaceChildren(
      ...positions.map((_, level) => this.drawLevel(level, rows[level].name ?? "input", shapes[level])),
      this.over,
    );
  }

  /** The rectangle of a position on a level. */
  cell(level, position) {
    const { start, jump } = this.layout.positions[level];
    const room = jump * this.scale;
    const width = Math.max(1.4, Math.min(CELL, room - (room > 5 ? 2 : 0.6)));
    const x = this.origin + (start + jump * position) * this.scale;
    return { x: x - width / 2, y: this.levelY(level), width, middle: x };
  }

  drawLevel(level, name, [channels, side]) {
    const { count, pad, unread } = this.layout.positions[level];
    const box = (position) => {
      const { x, y, width } = this.cell(level, position);
      return `M${x.toFixed(1)} ${y}h${width.toFixed(1)}v${TALL}h${(-width).toFixed(1)}z`;
    };
    const range = (from, to) => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
    const tiny = this.cell(level, 0).width < 4; // single cells would be a blur: draw one band
    const [first, last] = [this.cell(level, 0), this.cell(level, count - 1)];
    const band = `M${first.x.toFixed(1)} ${first.y}H${(last.x + last.width).toFixed(1)}v${TALL}H${first.x.toFixed(1)}z`;
    const padding = tiny ? "" : [...range(-pad, 0), ...range(count, count + pad)].map(box).join("");
    const y = this.levelY(level) + TALL / 2;
    return svg(
      "g",
      {},
      svg("text", { class: "cw-level", x: 0, y: y - 2 }, name),
      svg("text", { class: "cw-level-size", x: 0, y: y + 11 }, `${side} × ${channels} ch.`),
      svg("path", { class: "cw-cells", d: tiny ? band : range(0, count).map(box).join("") }),
      svg("path", { class: "cw-pads", d: padding }),
      svg("path", {
        class: "cw-unread",
        d: range(count - unread, count)
          .map((position) => this.cross(level, position))
          .join(""),
      }),
    );
  }

  cross(level, position) {
    const { x, y, width } = this.cell(level, position);
    return `M${x} ${y}l${width} ${TALL}m0 ${-TALL}l${-width} ${TALL}`;
  }

  /** Mark what the chosen output sees. */
  paint({ example, layer, position, numbers }, words) {
    const levels = seenLevels(example, layer, position);
    const pieces = [];
    for (let level = 1; level < levels.length; level++) pieces.push(this.between(example, levels, level));
    levels.forEach((seen, level) => {
      const most = Math.max(...seen.values());
      const widest = 6.6 * formatNumber(most).length; // where one number of a level does not fit, none is written
      for (const [at, ways] of seen) {
        const { x, y, width, middle } = this.cell(level, at);
        const colour = this.theme.colour(0.45 + 0.55 * (ways / most), 1);
        pieces.push(
          svg("rect", {
            class: "cw-seen",
            x: x.toFixed(1),
            y,
            width: width.toFixed(1),
            height: TALL,
            fill: colour.css,
          }),
        );
        const text = formatNumber(ways);
        if (level <= layer && width >= widest + 2)
          pieces.push(svg("text", { class: "cw-ways", x: middle.toFixed(1), y: y + 14, fill: colour.ink }, text));
      }
    });
    const chosen = this.cell(layer + 1, position);
    pieces.push(
      svg("rect", { class: "cw-chosen", x: chosen.x - 2, y: chosen.y - 2, width: chosen.width + 4, height: TALL + 4 }),
    );
    this.over.replaceChildren(...pieces);
    this.element.setAttribute(
      "aria-label",
      `section through the layers; ${words}; left and right choose the output, up and down the layer`,
    );
    return { levels, name: numbers.rows[layer].name };
  }

  /** From what is seen of a level to the taps below it: lines, and the shape that they fill. */
  between(example, levels, level) {
    const [upper, lower] = [[...levels[level].keys()], [...levels[level - 1].keys()]];
    const { size, stride, pad, dilation } = example.layers[level - 1];
    const bottom = this.levelY(level) + TALL;
    const top = this.levelY(level - 1);
    const group = svg("g");
    if (lower.length) {
      const [a, b] = [this.cell(level, upper[0]), this.cell(level, upper.at(-1))];
      const [c, d] = [this.cell(level - 1, lower[0]), this.cell(level - 1, lower.at(-1))];
      const shape = `M${a.x} ${bottom}H${b.x + b.width}L${d.x + d.width} ${top}H${c.x}z`;
      group.append(svg("path", { class: "cw-cone", d: shape }));
    }
    if (upper.length * size <= LINES) {
      const lines = upper.flatMap((position) =>
        Array.from({ length: size }, (_, tap) => {
          const below = position * stride - pad + tap * dilation;
          const inside = levels[level - 1].has(below);
          const [from, to] = [this.cell(level, position).middle, this.cell(level - 1, below).middle];
          return inside || pad ? `M${from.toFixed(1)} ${bottom}L${to.toFixed(1)} ${top}` : "";
        }),
      );
      group.append(svg("path", { class: "cw-taps", d: lines.join("") }));
    }
    return group;
  }
}
