// A chart of all runs over the gradient evaluations, with powers of ten upward: the loss, or the effective step.

import { h } from "./common.js";
import { Canvas, drawMark, LOOKS, powerText, spread } from "./race_style.js";

const MARGIN = { left: 44, right: 92, top: 8, bottom: 32 };

/** Geometric means over nine neighbours: where many lines jump up and down, their level is what can be compared. */
function calmed(values) {
  const logs = values.map((value) => Math.log(Math.max(value, 1e-12)));
  return values.map((_, i) => {
    const part = logs.slice(Math.max(0, i - 4), i + 5);
    return Math.exp(part.reduce((sum, value) => sum + value, 0) / part.length);
  });
}

export class Chart {
  constructor(cleanup, { title, name, valuesOf, limits, calmFrom, onScrub, onSettle }) {
    Object.assign(this, { title, valuesOf, limits, calmFrom });
    this.canvas = new Canvas({ class: "cw-chart-canvas", role: "img", "aria-label": name });
    this.heading = h("figcaption", { class: "cw-title" }, title);
    this.element = h("figure", { class: "cw-chart" }, this.heading, this.canvas.element);
    let box;
    const scrub = (event) => {
      const share = (event.clientX - box.left - MARGIN.left) / (this.canvas.width - MARGIN.left - MARGIN.right);
      onScrub(Math.round(Math.max(0, Math.min(1, share)) * this.budget));
    };
    cleanup.listen(this.canvas.element, "pointerdown", (event) => {
      if (event.button !== 0) return;
      box = this.canvas.element.getBoundingClientRect();
      this.canvas.element.setPointerCapture(event.pointerId);
      scrub(event);
    });
    cleanup.listen(this.canvas.element, "pointermove", (event) => box && scrub(event));
    for (const name of ["pointerup", "pointercancel"]) {
      cleanup.listen(this.canvas.element, name, () => {
        if (box) onSettle();
        box = undefined;
      });
    }
  }

  /** lines: [{ name, label, run, faint }]; spent: how many evaluations are shown in full. */
  draw({ lines, budget, spent, colours }) {
    this.budget = budget;
    const context = this.canvas.begin();
    const { width, height } = this.canvas;
    const [left, right, top, bottom] = [MARGIN.left, width - MARGIN.right, MARGIN.top, height - MARGIN.bottom];
    const calm = this.calmFrom !== undefined && lines.length > this.calmFrom;
    const title = calm ? `${this.title}, means of 9 steps` : this.title;
    if (this.heading.textContent !== title) this.heading.textContent = title;
    const series = lines.map((line) => {
      const values = this.valuesOf(line.run);
      return { ...line, values: calm ? calmed(values) : values };
    });
    const [low, high] = this.range(series);
    const x = (evals) => left + (evals / budget) * (right - left);
    const y = (value) => {
      const share = (Math.log10(Math.max(value, 1e-300)) - low) / (high - low);
      return bottom - Math.max(0, Math.min(1.5, share)) * (bottom - top);
    };
    this.axes(context, { left, right, top, bottom, low, high, budget, colours, x });
    context.save();
    context.beginPath();
    context.rect(left, top - 2, right - left + 1, bottom - top + 4);
    context.clip();
    context.strokeStyle = colours.soft;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x(spent), top);
    context.lineTo(x(spent), bottom);
    context.stroke();
    context.lineJoin = "round";
    for (const { name, run, values, faint } of series) {
      context.strokeStyle = colours[name];
      context.setLineDash(LOOKS[name].dash);
      const trace = (from, to, alpha, wide) => {
        context.globalAlpha = alpha;
        context.lineWidth = wide;
        context.beginPath();
        for (let i = from; i < to; i++) context.lineTo(x(run.evals[i]), y(values[i]));
        context.stroke();
      };
      let shown = 0;
      while (shown < values.length && run.evals[shown] <= spent) shown += 1;
      trace(Math.max(0, shown - 1), values.length, 0.3, 1.5);
      trace(0, shown, faint ? 0.5 : 1, 2.2);
      context.globalAlpha = 1;
      const every = Math.max(1, Math.round(budget / 5));
      for (let i = 0, next = every / 2; i < shown; i++) {
        if (run.evals[i] < next) continue;
        drawMark(context, name, x(run.evals[i]), y(values[i]), colours, 0.75);
        next += every;
      }
    }
    context.restore();
    this.labels(context, series, { right, top, bottom, x, y, spent, colours });
  }

  /** From which power of ten to which: what the runs reach, inside the limits. */
  range(series) {
    const [least, most] = this.limits;
    let [low, high] = [Infinity, -Infinity];
    for (const { values } of series) {
      for (const value of values) {
        if (value <= 0) continue;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
    if (low > high) [low, high] = [0.1, 1];
    const first = series.length ? Math.max(...series.map(({ values }) => values[0] ?? 0)) : 0;
    high = Math.min(high, Math.max(first * 30, low * 10), most);
    const bounds = [Math.floor(Math.log10(Math.max(low, least))), Math.ceil(Math.log10(high))];
    return bounds[1] > bounds[0] ? bounds : [bounds[0] - 1, bounds[0] + 1];
  }

  axes(context, { left, right, top, bottom, low, high, budget, colours, x }) {
    context.font = `11px ${colours.font}`;
    context.fillStyle = colours.soft;
    context.strokeStyle = colours.line;
    context.lineWidth = 1;
    context.textBaseline = "middle";
    const every = Math.ceil((high - low) / 6);
    for (let power = low; power <= high; power++) {
      const at = Math.round(bottom - ((power - low) / (high - low)) * (bottom - top)) + 0.5;
      if ((power - low) % every) continue;
      context.beginPath();
      context.moveTo(left, at);
      context.lineTo(right, at);
      context.stroke();
      context.textAlign = "right";
      context.fillText(powerText(power), left - 6, at);
    }
    context.textAlign = "center";
    context.textBaseline = "top";
    const gap = [1, 2, 5, 10, 20, 50, 100, 200].find((size) => budget / size <= 6) ?? 100;
    for (let at = 0; at <= budget; at += gap) context.fillText(String(at), x(at), bottom + 5);
    context.fillText("gradient evaluations", (left + right) / 2, bottom + 18);
  }

  labels(context, series, { right, top, bottom, x, y, spent, colours }) {
    context.setLineDash([]);
    context.font = `600 11.5px ${colours.font}`;
    context.textAlign = "left";
    context.textBaseline = "middle";
    const ends = series
      .filter(({ values }) => values.length)
      .map((line) => {
        let at = line.values.length - 1;
        while (at > 0 && line.run.evals[at] > spent) at -= 1;
        const [px, py] = [x(line.run.evals[at]), Math.max(top, Math.min(bottom, y(line.values[at])))];
        drawMark(context, line.name, px, py, colours);
        return { ...line, py: Math.max(top, Math.min(bottom, y(line.values.at(-1)))) };
      });
    const wanted = ends.map(({ py }) => py);
    const places = spread(wanted, 13, top + 4, bottom + 4);
    ends.forEach(({ name, label, run, py }, i) => {
      const from = Math.min(right, x(run.evals.at(-1)));
      context.strokeStyle = colours[name];
      context.globalAlpha = 0.5;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(from + 2, py);
      context.lineTo(right + 8, places[i]);
      context.stroke();
      context.globalAlpha = 1;
      context.fillStyle = colours[name];
      context.fillText(run.ended === "diverged" ? `${label} ▲` : label, right + 10, places[i]);
    });
  }
}
