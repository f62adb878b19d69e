// The routes of the gradients, drawn over the maps: from an upstream number to the pixels that it goes to.

import { formatNumber, h, prefersStill } from "./common.js";
import { svg } from "./svg.js";

export class Arrows {
  constructor(stage, cleanup) {
    this.stage = stage;
    this.lines = svg("svg", { class: "cw-routes", "aria-hidden": "true", focusable: "false" });
    this.chips = h("div", { class: "cw-chips", "aria-hidden": "true" });
    this.key = "";
    const observer = new ResizeObserver(() => this.measure());
    observer.observe(stage);
    cleanup.keep(() => observer.disconnect());
  }

  /** Where the two maps lie on the stage; asked when they are built or the stage changes its size, not at each step. */
  measure() {
    this.corner = undefined;
    if (this.last) this.paint(...this.last);
  }

  corners(from, to) {
    if (!this.corner) {
      const stage = this.stage.getBoundingClientRect();
      this.corner = [from, to].map((grid) => {
        const box = grid.body.getBoundingClientRect();
        return { x: box.left - stage.left, y: box.top - stage.top };
      });
    }
    return this.corner;
  }

  clear() {
    this.last = undefined;
    this.corner = undefined;
    this.key = "";
    this.lines.replaceChildren();
    this.chips.replaceChildren();
  }

  /** Draw the links between two grids; the bold ones get a travelling number where `travels`. */
  paint(links, from, to, travels) {
    this.last = [links, from, to, false];
    const [start, end] = this.corners(from, to);
    const [a, b] = [from.cellSize(), to.cellSize()];
    const lane = { left: end.x + to.columns * b.width + 8, right: start.x - 8 }; // between the two maps
    const beside = lane.right > lane.left;
    const pieces = links.map(({ from: [i, j], to: [r, c], value, bold }) => {
      const source = { x: start.x + j * a.width, y: start.y + i * a.height, ...a };
      const goal = { x: end.x + c * b.width, y: end.y + r * b.height, ...b };
      const share = (i * from.columns + j + 0.5) / (from.rows * from.columns);
      const path = beside ? elbow(source, goal, lane, share, j / from.columns) : straight(source, goal);
      return { ...path, value, bold };
    });
    this.lines.replaceChildren(
      ...pieces.flatMap(({ line, tip, angle, bold }) => {
        const strength = bold ? " cw-bold" : "";
        return [
          ...(bold ? [svg("path", { class: "cw-route-halo", d: line })] : []),
          svg("path", { class: `cw-route${strength}`, d: line }),
          svg("path", { class: `cw-tip${strength}`, d: head(tip, angle, bold ? 9 : 6) }),
        ];
      }),
    );
    if (travels && !prefersStill()) this.travel(pieces.filter(({ bold }) => bold));
  }

  /** Each bold route carries its number once. */
  travel(pieces) {
    this.chips.replaceChildren(
      ...pieces.map(({ line, value }) => {
        const chip = h("span", { class: "cw-chip" }, formatNumber(value, 3));
        chip.style.offsetPath = `path("${line}")`;
        const flight = chip.animate(
          [
            { offsetDistance: "0%", opacity: 1 },
            { offsetDistance: "100%", opacity: 1, offset: 0.85 },
            { offsetDistance: "100%", opacity: 0 },
          ],
          { duration: 650, easing: "ease-in-out" },
        );
        flight.onfinish = () => chip.remove();
        return chip;
      }),
    );
  }
}

/** Out of a cell to the left, up or down between the maps, and into the goal: along the cells' upper edges, off the numbers. */
function elbow(source, goal, lane, share, depth) {
  const strip = (cell, part) => cell.y + Math.min(7, 0.14 * cell.height) + part * Math.min(5, 0.1 * cell.height);
  const [y0, y1] = [strip(source, depth), strip(goal, share)];
  const x = lane.right - share * (lane.right - lane.left);
  const tip = [goal.x + goal.width - Math.min(13, 0.3 * goal.width), y1];
  const turn = Math.min(6, Math.abs(y1 - y0) / 2) * Math.sign(y1 - y0);
  const bend = Math.abs(turn);
  const line =
    `M${point([source.x + Math.min(10, 0.25 * source.width), y0])}H${(x + bend).toFixed(1)}Q${point([x, y0])} ${point([x, y0 + turn])}` +
    `V${(y1 - turn).toFixed(1)}Q${point([x, y1])} ${point([x - bend, y1])}H${(tip[0] + 5).toFixed(1)}`;
  return { line, tip, angle: Math.PI };
}

/** From edge to edge, where the maps lie below each other. */
function straight(source, goal) {
  const middle = ({ x, y, width, height }) => [x + width / 2, y + height / 2];
  const [from, to] = [middle(source), middle(goal)];
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
  const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
  const edge = ({ width, height }) => Math.min(Math.abs(width / 2 / (dx || 1e-9)), Math.abs(height / 2 / (dy || 1e-9)));
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const on = (t) => [from[0] + dx * t, from[1] + dy * t];
  const arrive = length - edge(goal) + 5;
  return { line: `M${point(on(edge(source) - 2))}L${point(on(arrive - 4))}`, tip: on(arrive), angle };
}

function point([x, y]) {
  return `${x.toFixed(1)} ${y.toFixed(1)}`;
}

function head([x, y], angle, size) {
  const corner = (turn) => [x - size * Math.cos(angle + turn), y - size * Math.sin(angle + turn)];
  return `M${point([x, y])}L${point(corner(0.45))}L${point(corner(-0.45))}Z`;
}
