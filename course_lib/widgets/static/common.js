// What all widgets share: elements, numbers as text, colours, announcements, messages, playing.
//
// Each widget's file exports `default { render }`. `render` builds its elements into `el`, draws from the model's
// values, and returns a function that undoes everything: listeners, timers, observers.

export const MINUS = "\u2212";

// --- elements ---------------------------------------------------------------------------------------------------

/** Make an element: h("button", { class: "cw-button", onclick: go }, "Go"). Entries that are undefined are left out. */
export function h(tag, entries = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(entries)) {
    if (value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

let lastId = 0;
/** An id that no other element on the page has, also where one widget is shown several times. */
export function newId(what) {
  lastId += 1;
  return `cw-${what}-${lastId}-${Math.random().toString(36).slice(2, 8)}`;
}

/** Collects what has to be undone: keep(fn) adds, run() undoes all in reverse order, each once. */
export class Cleanup {
  #undo = [];
  keep(fn) {
    this.#undo.push(fn);
  }
  listen(target, event, handler, options) {
    target.addEventListener(event, handler, options);
    this.keep(() => target.removeEventListener(event, handler, options));
  }
  watchModel(model, event, handler) {
    model.on(event, handler);
    this.keep(() => model.off(event, handler));
  }
  run() {
    while (this.#undo.length) this.#undo.pop()();
  }
}

/** What a widget's `render` does: build a view, return what undoes it; where building fails, say so in its place. */
export function renderView(View, { model, el }) {
  try {
    const view = new View(model, el);
    return () => view.cleanup.run();
  } catch (error) {
    console.error(error);
    el.replaceChildren(
      h(
        "div",
        { class: "cw" },
        h(
          "div",
          { class: "cw-banner", role: "alert" },
          h("span", {}, `The widget could not be drawn: ${error.message}`),
        ),
      ),
    );
    return () => el.replaceChildren();
  }
}

// --- numbers ----------------------------------------------------------------------------------------------------

/** A number as text: up to `digits` digits, a true minus sign, no negative zero. */
export function formatNumber(value, digits = 4) {
  if (!Number.isFinite(value)) return "?";
  const rounded = Number(value.toPrecision(digits));
  if (Math.abs(rounded) < 1e-12) return "0";
  const size = Math.abs(rounded);
  const text = size >= 1e6 || size < 1e-4 ? rounded.toExponential() : String(rounded);
  return text.replaceAll("-", MINUS);
}

/** What a person typed, as a number: 3, -0.5, 2e-3, 1/9, with either minus sign; NaN for anything else. */
export function parseNumber(text) {
  const plain = String(text).trim().replaceAll(MINUS, "-");
  const number = "[+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:e[+-]?\\d+)?";
  const found = plain.match(new RegExp(`^(${number})(?:/(${number}))?$`, "i"));
  if (!found) return NaN;
  const value = Number(found[1]) / (found[2] === undefined ? 1 : Number(found[2]));
  return Number.isFinite(value) && Math.abs(value) <= 1e6 ? value : NaN;
}

/** The largest magnitude in nested arrays, or 1 where all are zero: what a colour scale runs to. */
export function magnitude(values) {
  const largest = (array) => array.reduce((most, v) => Math.max(most, Array.isArray(v) ? largest(v) : Math.abs(v)), 0);
  return largest(values) || 1;
}

// --- colours ----------------------------------------------------------------------------------------------------

/** The page's theme as this widget sees it: five colours from negative to positive, read from base.css. */
export class Theme {
  constructor(root, cleanup, onChange) {
    this.root = root;
    this.read();
    const again = () => {
      const before = this.stops.join();
      this.read();
      if (this.stops.join() !== before) onChange();
    };
    cleanup.listen(window.matchMedia("(prefers-color-scheme: dark)"), "change", again);
    const observer = new MutationObserver(again); // JupyterLab and most sites switch by an attribute
    for (const element of [document.documentElement, document.body]) {
      observer.observe(element, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-theme", "class"] });
    }
    cleanup.keep(() => observer.disconnect());
    const attached = new ResizeObserver(again); // a notebook puts the widget on the page after it was built
    attached.observe(root);
    cleanup.keep(() => attached.disconnect());
  }

  read() {
    const probe = h("span");
    const host = h("div", { class: "cw", hidden: true }, probe);
    (this.root.isConnected ? this.root : document.body).append(host);
    this.stops = [0, 1, 2, 3, 4].map((i) => {
      probe.style.color = `var(--cw-stop-${i})`;
      return getComputedStyle(probe)
        .color.match(/[\d.]+/g)
        .slice(0, 3)
        .map(Number);
    });
    host.remove();
    this.cache = new Map();
  }

  /** The colour of a value between -limit and limit: { rgb: [r, g, b], css, ink }; ink is the readable text colour. */
  colour(value, limit) {
    const level = Math.round(Math.max(-1, Math.min(1, value / limit)) * 64); // 129 colours are enough, and can be kept
    let found = this.cache.get(level);
    if (!found) {
      const at = (level / 64 + 1) * 2;
      const low = Math.min(3, Math.floor(at));
      const rgb = this.stops[low].map((from, i) => Math.round(from + (this.stops[low + 1][i] - from) * (at - low)));
      found = { rgb, css: `rgb(${rgb.join()})`, ink: readableInk(rgb) };
      this.cache.set(level, found);
    }
    return found;
  }
}

function luminance(rgb) {
  const [r, g, b] = rgb.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Black or white, whichever stands out more: at least 4.5 to 1 on every colour. */
function readableInk(rgb) {
  return luminance(rgb) > 0.179 ? "#000" : "#fff";
}

// --- messages ---------------------------------------------------------------------------------------------------

/** Speaks to screen readers, at most once in 700 ms, and always says the last of what came in between. */
export class Announcer {
  constructor(cleanup) {
    this.element = h("div", { class: "cw-hidden", role: "status", "aria-live": "polite", "aria-atomic": "true" });
    this.spoken = -Infinity;
    cleanup.keep(() => clearTimeout(this.timer));
  }
  say(text) {
    clearTimeout(this.timer);
    const speak = () => {
      this.spoken = performance.now();
      this.element.textContent = text;
    };
    this.timer = setTimeout(speak, Math.max(50, this.spoken + 700 - performance.now()));
  }
}

/** Says what is wrong and where, above the widget, until the next thing goes right. */
export class Banner {
  constructor() {
    this.text = h("span");
    this.element = h(
      "div",
      { class: "cw-banner", role: "alert", hidden: true },
      this.text,
      h("button", { type: "button", class: "cw-button", onclick: () => this.clear() }, "Close"),
    );
  }
  show(message) {
    this.text.textContent = message;
    this.element.hidden = false;
  }
  clear() {
    this.element.hidden = true;
    this.text.textContent = "";
  }
  /** Run a callback; where it raises, say so and leave everything as it was. Returns whether it went well. */
  guard(callback) {
    try {
      callback();
      return true;
    } catch (error) {
      this.show(error.message);
      if (!(error instanceof Refused)) console.error(error);
      return false;
    }
  }
}

/** A value that a check turned down: told in the banner, and no fault of the widget. */
export class Refused extends Error {}

// --- playing ----------------------------------------------------------------------------------------------------

export function prefersStill() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Calls `advance` at `rate()` steps a second, on animation frames, until it returns false or pause() is called. */
export class Player {
  constructor(cleanup, { advance, rate, onChange }) {
    Object.assign(this, { advance, rate, onChange, playing: false });
    cleanup.keep(() => this.pause(true));
  }
  play() {
    if (this.playing) return;
    this.playing = true;
    let last;
    let due = 0;
    const frame = (now) => {
      if (!this.playing) return;
      due += last === undefined ? 0 : Math.min((now - last) / 1000, 0.25) * this.rate();
      last = now;
      const steps = Math.floor(due); // more than one where there are more steps than frames
      due -= steps;
      if (steps > 0 && this.advance(steps) === false) return this.pause();
      this.frame = requestAnimationFrame(frame);
    };
    this.frame = requestAnimationFrame(frame);
    this.onChange(true);
  }
  pause(silently = false) {
    if (!this.playing) return;
    this.playing = false;
    cancelAnimationFrame(this.frame);
    if (!silently) this.onChange(false);
  }
  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }
}

/** Draws at most once a frame, however often it is asked to; flush() draws at once. */
export class Redraw {
  constructor(cleanup, draw) {
    this.draw = draw;
    cleanup.keep(() => cancelAnimationFrame(this.frame));
  }
  ask() {
    this.frame ??= requestAnimationFrame(() => this.flush());
  }
  flush() {
    cancelAnimationFrame(this.frame);
    this.frame = undefined;
    this.draw();
  }
}
