// The surface from above, as shaded bands a factor apart, with the trajectories and the start, which is dragged.

import { h } from "./common.js";
import { Canvas, drawMark, LOOKS, rgbOf } from "./race_style.js";
import { placeAt } from "./race_runs.js";

const DEEP = 4; // powers of ten from the darkest shade to the lightest

/** Whether two rectangles [left, top, width, height] meet. */
function overlap([a, b, w, t], [c, d, u, v]) {
  return a <= c + u && c <= a + w && b <= d + v && d <= b + t;
}

export class Contour {
  constructor(cleanup, { startNow, onStart, onSettle }) {
    this.base = new Canvas({ class: "cw-contour-base", "aria-hidden": "true" });
    this.over = new Canvas({ class: "cw-contour-over", role: "img", "aria-label": "surface with trajectories" });
    this.handle = h("div", {
      class: "cw-handle",
      role: "slider",
      tabindex: "0",
      "aria-label": "start of all methods; arrow keys move it along w0 and w1",
      "aria-valuemin": "-10",
      "aria-valuemax": "10",
    });
    this.area = h("div", { class: "cw-contour cw-drag" }, this.base.element, this.over.element, this.handle);
    this.element = h(
      "figure",
      { class: "cw-figure" },
      h("figcaption", { class: "cw-title" }, "the race, from above"),
      this.area,
    );
    let box;
    const move = (event) => onStart(this.weightsAt(event.clientX - box.left, event.clientY - box.top));
    cleanup.listen(this.area, "pointerdown", (event) => {
      if (event.button !== 0) return;
      box = this.area.getBoundingClientRect(); // once a drag: asking at every move would make the browser lay out again
      this.area.setPointerCapture(event.pointerId);
      this.area.classList.add("cw-dragging");
      move(event);
    });
    cleanup.listen(this.area, "pointermove", (event) => box && move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      cleanup.listen(this.area, name, () => {
        if (box) onSettle();
        box = undefined;
        this.area.classList.remove("cw-dragging");
      });
    }
    cleanup.listen(this.handle, "keydown", (event) => {
      const step = (event.shiftKey ? 10 : 1) * ((this.bounds[1] - this.bounds[0]) / 80);
      const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowDown: [0, -step], ArrowUp: [0, step] }[event.key];
      if (!by || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      onStart(startNow().map((value, i) => value + by[i]));
      onSettle();
    });
  }

  size(width) {
    const height = Math.round(width * 0.76);
    this.area.style.width = `${width}px`;
    this.area.style.height = `${height}px`;
    this.base.size(width, height);
    this.over.size(width, height);
    this.shaded = undefined;
  }

  weightsAt(x, y) {
    const [a, b, c, d] = this.bounds;
    return [a + (x / this.over.width) * (b - a), d - (y / this.over.height) * (d - c)];
  }

  at([w0, w1]) {
    const [a, b, c, d] = this.bounds;
    return [((w0 - a) / (b - a)) * this.over.width, ((d - w1) / (d - c)) * this.over.height];
  }

  /** Draw the surface, unless it is drawn: key says which it is, coarse how far apart it is evaluated. */
  shade({ key, evaluate, about, coarse, colours }) {
    this.bounds = about.box;
    const { width, height } = this.base;
    const wanted = `${key} ${width} ${colours.low}`;
    if (this.shaded === wanted) return;
    this.shaded = wanted;
    const levels = this.levels(evaluate, about.lowest, coarse);
    const image = new ImageData(width, height);
    const [low, high, line] = [colours.low, colours.high, colours.contour].map(rgbOf);
    const { most, bands } = levels;
    for (let y = 0, k = 0; y < height; y++) {
      for (let x = 0; x < width; x++, k += 4) {
        const level = levels.at(x, y);
        const slope = Math.hypot(levels.at(x + 1, y) - level, levels.at(x, y + 1) - level);
        const share = Math.max(0, Math.min(1, 1 + (Math.floor(level) + 0.5 - most) / (DEEP * bands)));
        const distance = Math.abs(level - Math.round(level)) / (slope + 1e-9); // to the next line, in pixels
        const ink = slope > 0.45 ? 0 : 0.75 * Math.max(0, Math.min(1, 1.1 - distance));
        for (let i = 0; i < 3; i++) {
          const shade = low[i] + (high[i] - low[i]) * share;
          image.data[k + i] = shade + (line[i] - shade) * ink;
        }
        image.data[k + 3] = 255;
      }
    }
    const whole = document.createElement("canvas");
    [whole.width, whole.height] = [width, height];
    whole.getContext("2d").putImageData(image, 0, 0);
    const context = this.base.begin();
    context.drawImage(whole, 0, 0, width, height);
    this.decorate(context, about, colours);
  }

  /** The logarithm of the loss above its lowest value, counted in bands; evaluated at points a few pixels apart. */
  levels(evaluate, lowest, coarse) {
    const { width, height } = this.base;
    const [columns, rows] = [Math.ceil(width / coarse) + 2, Math.ceil(height / coarse) + 2];
    const grid = new Float64Array(columns * rows);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        const [value] = evaluate(...this.weightsAt(c * coarse, r * coarse));
        const level = Math.log10(Math.max(value - lowest, 1e-12));
        grid[r * columns + c] = level;
      }
    }
    // as many bands a power of ten as make about eight lines, but for the tenth of the surface that lies deepest
    const sorted = Float64Array.from(grid).sort();
    const reach = sorted.at(-1) - sorted[Math.floor(sorted.length / 10)];
    const bands = [1, 2, 4].find((count) => count * reach >= 6) ?? 8;
    for (let k = 0; k < grid.length; k++) grid[k] *= bands;
    const at = (x, y) => {
      const [c, r] = [Math.floor(x / coarse), Math.floor(y / coarse)];
      const [u, v, k] = [x / coarse - c, y / coarse - r, r * columns + c];
      const upper = grid[k] + (grid[k + 1] - grid[k]) * u;
      return upper + (grid[k + columns] + (grid[k + columns + 1] - grid[k + columns]) * u - upper) * v;
    };
    return { at, bands, most: sorted.at(-1) * bands };
  }

  decorate(context, about, colours) {
    const { width, height } = this.base;
    context.strokeStyle = colours.ink;
    context.lineWidth = 1.5;
    for (const point of about.minima) {
      const [x, y] = this.at(point);
      context.beginPath();
      context.arc(x, y, 6, 0, 7);
      context.moveTo(x - 9, y);
      context.lineTo(x + 9, y);
      context.moveTo(x, y - 9);
      context.lineTo(x, y + 9);
      context.stroke();
    }
    context.font = `11px ${colours.font}`;
    context.fillStyle = colours.ink;
    context.textBaseline = "alphabetic";
    const [a, b, c, d] = this.bounds;
    const text = (value) => String(Number(value.toFixed(2))).replace("-", "\u2212");
    context.textAlign = "left";
    context.fillText(text(a), 4, height - 5);
    context.fillText(text(d), 4, 13);
    context.fillText(text(c), 4, height - 19);
    context.textAlign = "right";
    context.fillText(text(b), width - 4, height - 5);
    context.textAlign = "center";
    context.fillText("w₀", width / 2, height - 5);
    context.textAlign = "left";
    context.fillText("w₁", 4, height / 2);
  }

  /** lines: [{ name, label, run, faint }]; parts: arrows of the next step, [{ from, to, label, name }]. */
  draw({ lines, spent, start, parts, focus, colours }) {
    const [hx, hy] = this.at(start);
    this.handle.style.transform = `translate(${hx}px, ${hy}px)`;
    const context = this.over.begin();
    context.lineJoin = "round";
    const heads = [];
    const ordered = [...lines].sort((a, b) => (a.name === focus) - (b.name === focus)); // its line on top
    for (const { name, label, run, faint } of ordered) {
      const place = placeAt(run, spent);
      const points = run.points.map((point) => this.inside(this.at(point)));
      const trace = (from, to) => {
        context.beginPath();
        for (let i = from; i <= to; i++) context.lineTo(points[i][0], points[i][1]);
        context.stroke();
      };
      context.setLineDash([]);
      context.strokeStyle = colours[name];
      context.lineWidth = 1.2;
      context.globalAlpha = 0.4;
      trace(place, points.length - 1);
      context.globalAlpha = faint ? 0.5 : 1;
      context.lineWidth = 2.2;
      context.setLineDash(LOOKS[name].dash);
      trace(0, place);
      context.globalAlpha = 1;
      context.fillStyle = colours[name];
      for (let i = 1; i <= Math.min(place, 60); i++) context.fillRect(points[i][0] - 1.6, points[i][1] - 1.6, 3.2, 3.2);
      heads.push({ name, label, x: points[place][0], y: points[place][1] });
    }
    for (const { name, x, y } of heads) drawMark(context, name, x, y, colours, 1.35);
    for (const part of parts) this.arrow(context, part, colours);
    this.labels(context, parts.length ? heads.filter(({ name }) => name !== focus) : heads, colours);
  }

  /** Far points are moved near the edge, so that canvases get no huge numbers. */
  inside([x, y]) {
    const far = (value, size) => Math.max(-3 * size, Math.min(4 * size, value));
    return [far(x, this.over.width), far(y, this.over.height)];
  }

  arrow(context, { from, to, label, ink }, colours) {
    const [[x, y], [u, v]] = [this.at(from), this.at(to)];
    const long = Math.hypot(u - x, v - y);
    if (long < 6) return;
    const [p, q] = [(u - x) / long, (v - y) / long];
    context.setLineDash([]);
    for (const [colour, wide] of [
      [colours.paper, 5],
      [colours[ink], 2.4],
    ]) {
      context.strokeStyle = colour;
      context.lineWidth = wide;
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(u - 6 * p, v - 6 * q);
      context.stroke();
    }
    context.fillStyle = colours[ink];
    context.beginPath();
    context.moveTo(u, v);
    context.lineTo(u - 10 * p - 5 * q, v - 10 * q + 5 * p);
    context.lineTo(u - 10 * p + 5 * q, v - 10 * q - 5 * p);
    context.fill();
    context.font = `600 12px ${colours.font}`;
    const wide = context.measureText(label).width;
    this.write(context, label, p < -0.5 ? u - wide - 6 : u + 6, v + (q < 0 ? -4 : 4), colours[ink], colours);
  }

  write(context, text, x, y, ink, colours) {
    context.font = `600 12px ${colours.font}`;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.lineWidth = 3.5;
    context.strokeStyle = colours.paper;
    context.strokeText(text, x, y);
    context.fillStyle = ink;
    context.fillText(text, x, y);
  }

  /** The methods' names beside their heads, where there is room for them. */
  labels(context, heads, colours) {
    const { width, height } = this.over;
    const taken = heads.map(({ x, y }) => [x - 7, y - 7, 14, 14]);
    context.font = `600 12px ${colours.font}`;
    for (const { name, label, x, y } of heads) {
      if (x < 0 || x > width || y < 0 || y > height) continue;
      const wide = context.measureText(label).width;
      const [right, left, middle] = [10, -10 - wide, -wide / 2];
      const rows = [0, -16, 16];
      const options = rows.flatMap((dy) => (dy ? [middle, right, left] : [right, left]).map((dx) => [dx, dy]));
      for (const [dx, dy] of options) {
        const place = [x + dx, y + dy - 7, wide, 14];
        const inside = place[0] > 2 && place[0] + wide < width - 2 && place[1] > 2 && place[1] < height - 16;
        if (!inside || taken.some((other) => overlap(place, other))) continue;
        taken.push(place);
        this.write(context, label, x + dx, y + dy, colours[name], colours);
        break;
      }
    }
  }

  describe(text, start) {
    const [w0, w1] = start.map((value) => Number(value.toFixed(3)));
    this.over.element.setAttribute("aria-label", text);
    this.handle.setAttribute("aria-valuenow", w0);
    this.handle.setAttribute("aria-valuetext", `w0 = ${w0}, w1 = ${w1}`);
  }
}
