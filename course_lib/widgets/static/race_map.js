// The map of the momentum iteration on the quadratic: for every rate α and every β, by which factor a step shrinks.

import { h } from "./common.js";
import { momentumRoots } from "./race_surfaces.js";
import { Canvas, rgbOf } from "./race_style.js";

const MARGIN_MAP = { left: 34, right: 8, top: 6, bottom: 34 };
export const MOST_ALPHA = 0.007;
const MOST_BETA = 0.999;

export class RateMap {
  constructor(cleanup, { ratesNow, onMove, onSettle }) {
    this.canvas = new Canvas({ class: "cw-map-canvas", role: "img" });
    this.over = new Canvas({ class: "cw-contour-over", "aria-hidden": "true" });
    this.cursor = h("div", {
      class: "cw-handle cw-cursor",
      role: "slider",
      tabindex: "0",
      "aria-label": "rate α (left, right) and β (up, down) of momentum",
      "aria-valuemin": "0",
      "aria-valuemax": String(MOST_ALPHA),
    });
    this.area = h("div", { class: "cw-contour cw-drag" }, this.canvas.element, this.over.element, this.cursor);
    this.title = h("figcaption", { class: "cw-title" }, "where momentum converges: α × β");
    this.element = h("figure", { class: "cw-figure" }, this.title, this.area);
    let box;
    const move = (event) => onMove(...this.ratesAt(event.clientX - box.left, event.clientY - box.top));
    cleanup.listen(this.area, "pointerdown", (event) => {
      if (event.button !== 0) return;
      box = this.area.getBoundingClientRect();
      this.area.setPointerCapture(event.pointerId);
      move(event);
    });
    cleanup.listen(this.area, "pointermove", (event) => box && move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      cleanup.listen(this.area, name, () => {
        if (box) onSettle();
        box = undefined;
      });
    }
    cleanup.listen(this.cursor, "keydown", (event) => {
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }[event.key];
      if (!by || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      const times = event.shiftKey ? 10 : 1;
      const [alpha, beta] = ratesNow();
      onMove(...this.rounded(alpha + by[0] * times * 0.0001, beta + by[1] * times * 0.01));
      onSettle();
    });
  }

  rounded(alpha, beta) {
    return [
      Math.max(0.0001, Math.min(MOST_ALPHA, Number(alpha.toFixed(5)))),
      Math.max(0, Math.min(MOST_BETA, Number(beta.toFixed(3)))),
    ];
  }

  size(width) {
    const height = Math.round(width * 0.72);
    this.area.style.width = `${width}px`;
    this.area.style.height = `${height}px`;
    this.canvas.size(width, height);
    this.over.size(width, height);
    this.painted = undefined;
  }

  get plot() {
    const { width, height } = this.canvas;
    const { left, top } = MARGIN_MAP;
    return { left, right: width - MARGIN_MAP.right, top, bottom: height - MARGIN_MAP.bottom };
  }

  ratesAt(x, y) {
    const { left, right, top, bottom } = this.plot;
    return this.rounded(((x - left) / (right - left)) * MOST_ALPHA, (bottom - y) / (bottom - top));
  }

  at(alpha, beta) {
    const { left, right, top, bottom } = this.plot;
    return [left + (Math.min(alpha, MOST_ALPHA) / MOST_ALPHA) * (right - left), bottom - beta * (bottom - top)];
  }

  /** Paint the map for curvatures [largest, smallest], unless it is painted. */
  paint([steep, flat], colours) {
    const key = `${steep} ${flat} ${this.canvas.width} ${colours.slow}`;
    if (key === this.painted) return;
    this.painted = key;
    const { left, right, top, bottom } = this.plot;
    const [width, height] = [right - left, bottom - top];
    const image = new ImageData(width, height);
    const [slow, fast, away] = [colours.slow, colours.fast, colours.away].map(rgbOf);
    for (let y = 0, k = 0; y < height; y++) {
      const beta = Math.min(MOST_BETA, 1 - (y + 0.5) / height);
      for (let x = 0; x < width; x++, k += 4) {
        const alpha = ((x + 0.5) / width) * MOST_ALPHA;
        const size = Math.max(momentumRoots(alpha, beta, steep).size, momentumRoots(alpha, beta, flat).size);
        const striped = size >= 1 && (x + y) % 9 < 2; // told by stripes too, not only by colour
        // steps to a tenth of the distance, on a logarithmic scale from 1 to 1,000, in bands
        const steps = size < 1 ? Math.min(3, Math.max(0, Math.log10(-1 / Math.log10(size)))) : 0;
        const share = 1 - Math.floor(steps * 4) / 12;
        for (let i = 0; i < 3; i++) {
          const beyond = striped ? (away[i] + slow[i]) / 2 : away[i];
          image.data[k + i] = size < 1 ? slow[i] + (fast[i] - slow[i]) * share : beyond;
        }
        image.data[k + 3] = 255;
      }
    }
    const whole = document.createElement("canvas");
    [whole.width, whole.height] = [width, height];
    whole.getContext("2d").putImageData(image, 0, 0);
    const context = this.canvas.begin();
    context.drawImage(whole, left, top, width, height);
    this.axes(context, steep, flat, colours);
  }

  axes(context, steep, flat, colours) {
    const { left, right, top, bottom } = this.plot;
    context.font = `11px ${colours.font}`;
    context.fillStyle = colours.soft;
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const alpha of [0, 0.002, 0.004, 0.006]) context.fillText(String(alpha), this.at(alpha, 0)[0], bottom + 4);
    context.fillText("rate α", (left + right) / 2, bottom + 18);
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const beta of [0, 0.5, 1]) context.fillText(String(beta), left - 5, Math.max(top + 4, this.at(0, beta)[1]));
    context.fillText("β", left - 8, (bottom + this.at(0, 0.5)[1]) / 2);
    const roots = [Math.sqrt(steep), Math.sqrt(flat)];
    const best = [(2 / (roots[0] + roots[1])) ** 2, ((roots[0] - roots[1]) / (roots[0] + roots[1])) ** 2];
    const [x, y] = this.at(...best);
    const put = (text, px, py, align = "center") => {
      context.textAlign = align;
      context.font = `600 12px ${colours.font}`;
      context.lineWidth = 3.5;
      context.strokeStyle = colours.paper;
      context.strokeText(text, px, py);
      context.fillStyle = colours.ink;
      context.fillText(text, px, py);
    };
    const beta = 0.08; // where there is room for words on both sides of the border
    put("diverges", (this.at((2 * (1 + beta)) / steep, beta)[0] + right) / 2 + 6, bottom - 12);
    put("converges", this.at(1 / steep, beta)[0], bottom - 12);
    put("★ best", x - 5, Math.max(top + 8, Math.min(bottom - 8, y)), x > right - 50 ? "right" : "left");
    context.strokeStyle = colours.ink;
    context.lineWidth = 1.5;
    context.beginPath(); // the border of convergence: α·λ = 2(1 + β)
    context.moveTo(...this.at(2 / steep, 0));
    context.lineTo(...this.at(4 / steep, 1));
    context.stroke();
  }

  /** Put the cursor at momentum's present α and β. */
  place(alpha, beta, text) {
    const [x, y] = this.at(alpha, beta);
    this.cursor.style.transform = `translate(${x}px, ${y}px)`;
    this.cursor.classList.toggle("cw-beyond", alpha > MOST_ALPHA);
    if (this.spoken === text) return;
    this.spoken = text;
    this.cursor.setAttribute("aria-valuenow", Math.min(alpha, MOST_ALPHA));
    this.cursor.setAttribute("aria-valuetext", text);
    this.canvas.element.setAttribute("aria-label", `map of rate α and β: ${text}`);
  }
}
