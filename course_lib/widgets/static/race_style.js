// How OptimizerRace draws: each method's colour, dash and mark; canvases; axes with powers of ten.

import { formatNumber, h, MINUS } from "./common.js";

// Marks are paths around (0, 0), about 10 wide. Colours are in optimizer_race.css: --race-<method>.
const CIRCLE = "M4.4 0A4.4 4.4 0 1 1 -4.4 0A4.4 4.4 0 1 1 4.4 0Z";
export const LOOKS = {
  sgd: { mark: CIRCLE, dash: [] },
  momentum: { mark: "M-4 -4H4V4H-4Z", dash: [8, 4] },
  nesterov: { mark: "M0 -5.6L5.6 0L0 5.6L-5.6 0Z", dash: [2, 3] },
  adagrad: { mark: "M0 -5.4L5.2 4.2H-5.2Z", dash: [10, 3, 2, 3] },
  rmsprop: { mark: "M0 5.4L5.2 -4.2H-5.2Z", dash: [5, 3] },
  adam: { mark: "M-1.7 -5.2H1.7V-1.7H5.2V1.7H1.7V5.2H-1.7V1.7H-5.2V-1.7H-1.7Z", dash: [14, 4] },
  lamb: {
    mark: "M0 -2.2L3 -5.2L5.2 -3L2.2 0L5.2 3L3 5.2L0 2.2L-3 5.2L-5.2 3L-2.2 0L-5.2 -3L-3 -5.2Z",
    dash: [4, 2, 1, 2],
  },
  rprop: {
    mark: "M0 -6L1.6 -2L5.8 -1.8L2.6 .9L3.6 5L0 2.7L-3.6 5L-2.6 .9L-5.8 -1.8L-1.6 -2Z",
    dash: [1.5, 4],
  },
  lbfgs: { mark: "M0 -5.4L4.7 -2.7V2.7L0 5.4L-4.7 2.7V-2.7Z", dash: [12, 3, 3, 3, 3, 3] },
  mine: { mark: "M-5 -2.4A2.5 2.5 0 0 1 0 -3.4A2.5 2.5 0 0 1 5 -2.4C5 1 1.6 2.8 0 5C-1.6 2.8 -5 1 -5 -2.4Z", dash: [] },
};
const INKS = ["ink", "soft", "paper", "line", "edge", "mark", "warn"];
const OWN_INKS = ["low", "high", "contour", "slow", "fast", "away"];

/** The colours that hold now: { ink, ..., low, ..., sgd, momentum, ... }, as "rgb(...)". */
export function readColours(root) {
  const probe = h("span");
  const host = h("div", { class: "cw cw-race", hidden: true }, probe);
  (root.isConnected ? root : document.body).append(host);
  const read = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const found = {
    ...Object.fromEntries(INKS.map((name) => [name, read(`--cw-${name}`)])),
    ...Object.fromEntries([...OWN_INKS, ...Object.keys(LOOKS)].map((name) => [name, read(`--race-${name}`)])),
    font: getComputedStyle(host).fontFamily,
  };
  host.remove();
  return found;
}

export function rgbOf(colour) {
  return colour
    .match(/[\d.]+/g)
    .slice(0, 3)
    .map(Number);
}

/** A piece of a method's line with its mark, as a picture for the list of methods. */
export function swatch(name) {
  const { dash, mark } = LOOKS[name];
  const holder = h("span", { class: "cw-swatch", "aria-hidden": "true" });
  holder.style.setProperty("--race-ink", `var(--race-${name})`);
  holder.innerHTML =
    `<svg width="46" height="16" viewBox="0 0 46 16">` +
    `<path d="M1 8H45" stroke-dasharray="${dash.join(" ")}"/>` +
    `<path d="${mark}" transform="translate(23 8)"/></svg>`;
  return holder;
}

const paths = new Map();
/** Draw a method's mark at a point. */
export function drawMark(context, name, x, y, colours, size = 1) {
  if (!paths.has(name)) paths.set(name, new Path2D(LOOKS[name].mark));
  context.save();
  context.translate(x, y);
  context.scale(size, size);
  context.setLineDash([]);
  context.lineWidth = 2;
  context.strokeStyle = colours.paper;
  context.stroke(paths.get(name));
  context.fillStyle = colours[name];
  context.fill(paths.get(name));
  context.restore();
}

/** A canvas that is sharp on fine screens: size(width, height) in CSS pixels; context draws in these. */
export class Canvas {
  constructor(entries) {
    this.element = h("canvas", entries);
    this.context = this.element.getContext("2d");
  }
  size(width, height) {
    const scale = Math.min(2, window.devicePixelRatio || 1);
    if (this.width === width && this.height === height && this.scale === scale) return;
    Object.assign(this, { width, height, scale });
    this.element.width = Math.round(width * scale);
    this.element.height = Math.round(height * scale);
    this.element.style.width = `${width}px`;
    this.element.style.height = `${height}px`;
  }
  begin() {
    this.context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    this.context.clearRect(0, 0, this.width, this.height);
    return this.context;
  }
}

/** "10⁻³": a power of ten for an axis. */
export function powerText(exponent) {
  const digits = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  if (exponent === 0) return "1";
  if (exponent === 1) return "10";
  return `10${exponent < 0 ? "⁻" : ""}${[...String(Math.abs(exponent))].map((digit) => digits[digit]).join("")}`;
}

/** A loss or a rate in few characters: 0.0030, 12.3, 4.5e−7. */
export function shortNumber(value, digits = 2) {
  if (value !== 0 && Math.abs(value) < 1e-3) return value.toExponential(digits - 1).replaceAll("-", MINUS);
  if (Math.abs(value) >= 1e5) return value.toExponential(digits - 1).replace("+", "");
  return formatNumber(value, digits);
}

/** A rate: 0.0030, 0.56, 4.2e−5; with more digits where it has them. */
export function rateText(rate) {
  const text = Number(rate.toPrecision(2)) === rate ? rate.toPrecision(2) : String(Number(rate.toPrecision(4)));
  return (rate < 1e-4 ? rate.toExponential(1) : text).replaceAll("-", MINUS);
}

/** Places for labels that want to stand at these heights: moved apart by `room`, kept inside [top, bottom]. */
export function spread(wanted, room, top, bottom) {
  const order = wanted.map((y, i) => [Math.max(top, Math.min(bottom, y)), i]).sort((a, b) => a[0] - b[0]);
  for (let i = 1; i < order.length; i++) order[i][0] = Math.max(order[i][0], order[i - 1][0] + room);
  let floor = bottom;
  for (let i = order.length - 1; i >= 0; i--) {
    order[i][0] = Math.min(order[i][0], floor);
    floor = order[i][0] - room;
  }
  const places = [];
  for (const [y, i] of order) places[i] = y;
  return places;
}
