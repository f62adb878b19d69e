// The maps of one step, side by side: what meets what, the products, and the result filling in.

import { Cleanup, formatNumber, h, magnitude } from "./common.js";
import { factorText } from "./filter_words.js";
import { LEGIBLE, makeGrid } from "./grid.js";

const PALE = 3; // maps that take no part in a step have colours of a third of the strength
const SIGNS = { right: "⊙", products: "=", result: "→" };

/** Builds the grids for a walk, and paints its scenes into them. */
export class Panels {
  constructor(theme, actions) {
    Object.assign(this, { theme, actions, cleanup: new Cleanup() });
    this.element = h("div", { class: "cw-stage" });
  }

  /** Build anew: the grids have other sizes, or mean something else. `state` as in filter_slide.js. */
  build(state, scene) {
    this.cleanup.run();
    const names = Object.keys(scene.panels).filter((name) => !(state.mode === "matrix" && name === "products"));
    this.grids = {};
    this.titles = {};
    this.element.replaceChildren();
    for (const name of names) {
      if (SIGNS[name])
        this.element.append(
          h(
            "span",
            { class: "cw-sign", "aria-hidden": "true" },
            SIGNS[state.mode === "matrix" && name === "result" ? "products" : name],
          ),
        );
      const maps = scene.panels[name].maps;
      this.titles[name] = h("div", { class: "cw-title" });
      this.grids[name] = maps.map((map, m) => this.makePair(state, name, map, m));
      const stack = h("div", { class: "cw-stack" }, ...this.grids[name].map((pair) => pair.element));
      this.element.append(
        h(
          "section",
          { class: `cw-panel cw-panel-${name}`, "aria-label": scene.panels[name].title },
          this.titles[name],
          stack,
        ),
      );
    }
  }

  /** A map's grid, and the grid of its ghost where it has one. */
  makePair(state, name, map, m) {
    const { actions, theme, cleanup } = this;
    const walk = () => actions.state().walk;
    const isCursor = name === state.walk.cursor;
    const cellOf = (index) => [Math.floor(index / map.columns), index % map.columns];
    const options = {
      theme,
      cleanup,
      rows: map.rows,
      columns: map.columns,
      lines: map.lines && Math.max(map.rows, map.columns) <= 5,
    };
    options.label = [map.caption, state.scene.panels[name].title].filter(Boolean).join(" of ");
    if (isCursor) options.onCursor = (index) => actions.step(walk().stepOf(m, ...cellOf(index)));
    if (isCursor || state.walk.pointed(name, 0, 0, state.step) !== null) {
      options.onPoint = (row, column) =>
        actions.drag(
          isCursor ? walk().stepOf(m, row, column) : walk().pointed(name, row, column, actions.state().step),
        );
      options.onRelease = actions.settle;
    }
    if (map.edits) {
      options.editable = (index) => this.source(name, m, index) !== null;
      options.onType = (index, text) => actions.type(this.source(name, m, index), text);
    } else if (isCursor) {
      options.editable = () => actions.state().predict;
      options.onType = (index, text) => actions.guess(walk().stepOf(m, ...cellOf(index)), text);
    }
    const pair = { grid: makeGrid(options) };
    pair.element = pair.grid.element;
    if (map.ghost) {
      pair.ghost = makeGrid({ theme, cleanup, rows: map.rows, columns: map.columns, label: "kernel rotated by 180°" });
      pair.ghost.element.classList.add("cw-ghost");
      pair.element = h("div", { class: "cw-pair" }, pair.grid.element, pair.ghost.element);
    }
    return pair;
  }

  /** Which number of the example a cell shows: [array, indices], or null for a cell of the padding. */
  source(name, m, index) {
    const map = this.maps[name][m];
    const [array, maps, top, left, rows, columns] = map.edits;
    const [row, column] = [Math.floor(index / map.columns) - top, (index % map.columns) - left];
    return row < 0 || row >= rows || column < 0 || column >= columns
      ? null
      : [array, [maps].flat().concat(row, column)];
  }

  paint(state) {
    const { scene, walk, limits } = state;
    this.maps = {};
    for (const [name, pairs] of Object.entries(this.grids)) {
      const { title, maps } = scene.panels[name];
      if (this.titles[name].textContent !== title) this.titles[name].textContent = title;
      this.maps[name] = maps;
      for (const [m, pair] of pairs.entries()) {
        const map = maps[m];
        const shown = { limit: limits[map.scale], grey: state.greys.has(map.scale), ...map };
        if (name === "result") Object.assign(shown, this.result(state, map, m));
        if (name === "products") Object.assign(shown, products(state, map));
        if (name === walk.cursor && m === scene.at[0]) {
          shown.cursor = scene.at[1] * map.columns + scene.at[2];
          if (Math.max(map.rows, map.columns) > LEGIBLE)
            shown.frame ??= { row: scene.at[1], column: scene.at[2], height: 1, width: 1 };
        }
        if (map.used !== undefined) {
          shown.caption = [map.caption, map.used ? "in use" : "as written"].filter(Boolean).join(": ");
          pair.grid.element.classList.toggle("cw-unused", !map.used);
          pair.ghost.element.classList.toggle("cw-unused", !map.ghost.used);
          pair.ghost.paint({
            ...map.ghost,
            limit: limits.kernel * (map.ghost.used ? 1 : PALE),
            caption: map.ghost.used ? "rotated by 180°, in use" : "ghost: rotated by 180°",
          });
        }
        if (map.dim || map.used === false) shown.limit *= PALE;
        pair.grid.paint(shown);
      }
    }
  }

  /** How much of a result is shown: up to this step, all of it, or only what was guessed. */
  result(state, map, m) {
    const { scene, walk, step, whole, predict, guesses, mode } = state;
    if (!scene.target) return whole ? { values: map.whole } : {};
    const perMap = map.rows * map.columns;
    const values = [...map.values];
    const marks = new Array(perMap).fill("");
    const texts = [];
    for (let i = 0; i < perMap; i++) {
      const at = walk.stepOf(m, Math.floor(i / map.columns), i % map.columns);
      const guess = guesses[`${mode}:${at}`];
      if (predict && !(guess?.right || guess?.shown)) {
        values[i] = null;
        texts[i] = guess ? `✗ ${formatNumber(guess.typed, 3)}` : "?";
        marks[i] = guess ? "cw-hiding cw-wrong" : "cw-hiding";
      } else if (predict && guess.right) marks[i] = "cw-right";
      else if (!predict && !whole && at > step) values[i] = null;
      if (at === step) marks[i] += " cw-current";
    }
    return { values, marks, texts };
  }

  /** The results of all maps below each other, as much of them as may be seen. */
  resultColumn(state) {
    const shown = state.scene.panels.result.maps.map((map, m) => this.result(state, map, m));
    const joined = (name) => shown.flatMap((part) => Array.from(part.values, (_, i) => part[name]?.[i]));
    return { values: joined("values"), marks: joined("marks"), texts: joined("texts") };
  }
}

/** The factors above each product and the sum so far below; nothing but the factors while the result is a riddle. */
function products(state, map) {
  const tops = map.pairs.map(([x, w]) => `${formatNumber(x, 3)}·${factorText(w)}`);
  if (state.riddle) return { tops, values: map.values.map(() => null), texts: map.values.map(() => "?") };
  return { tops, notes: map.running?.map((sum) => `Σ ${formatNumber(sum, 3)}`) };
}

/** The magnitude at full colour of every kind of number, and the kinds drawn in grey as a photograph is. */
export function scales(example, numbers, mode) {
  const limits = {
    kernel: magnitude(example.kernel),
    image: magnitude(example.image),
    upstream: magnitude(example.upstream),
  };
  for (const name of ["out", "dx", "dw"]) limits[name] = magnitude(numbers[name]);
  const factors = { dx: ["upstream", "kernel"], dw: ["image", "upstream"] }[mode] ?? ["image", "kernel"];
  limits.products = limits[factors[0]] * limits[factors[1]];
  const isPicture = Math.max(...numbers.sizes.map((axis) => axis.n + 2 * axis.pad)) > LEGIBLE;
  const positive = (array) => array.flat(3).every((value) => value >= -1e-12);
  const greys = new Set();
  if (isPicture && positive(example.image)) {
    greys.add("image");
    if (positive(numbers.out)) greys.add("out");
  }
  return { limits, greys };
}
