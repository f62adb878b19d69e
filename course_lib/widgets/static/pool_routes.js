// PoolRoutes in the browser: the maps of a pooling layer, forward and backward, and the routes between them.

import {
  Cleanup,
  formatNumber,
  h,
  magnitude,
  parseNumber,
  Player,
  prefersStill,
  Refused,
  renderView,
} from "./common.js";
import { typesInto } from "./controls.js";
import { makeGrid } from "./grid.js";
import { Arrows } from "./pool_arrows.js";
import { makePoolControls } from "./pool_controls.js";
import { checkExample, computeNumbers } from "./pool_numbers.js";
import { collected, isKnown, makeScene, nameOf, prepare, sumNote } from "./pool_scene.js";
import { sizeLines, spokenStep, stepLine, verdictLine } from "./pool_words.js";
import { StateView } from "./stated.js";

const SHARED = ["example", "numbers", "mode", "view", "step", "predict", "guesses", "whole", "preset"];
const BIG = 6; // up to so many columns, cells have room for a line below their number
const GAPS = 110; // what lies between the maps, at most

class PoolRoutesView extends StateView {
  constructor(model, el) {
    const forgets = { preset: "", guesses: {} };
    super(model, el, { kind: "cw-pool", label: "Pooling routes", shared: SHARED, forgets });
    this.player = new Player(this.cleanup, {
      advance: (steps) => this.advance(steps),
      rate: () => (prefersStill() ? Math.min(1, this.controls.rate()) : this.controls.rate()),
      onChange: (playing) => this.onPlaying(playing),
    });
    this.actions = {
      state: () => this.state,
      library: () => this.library,
      choose: (name) => ({ step: 0, predict: false, ...this.choose(name) }),
      update: (changes) => this.update(changes),
      step: (step) => this.goTo(step, true),
      drag: (step) => this.goTo(step, false),
      settle: () => this.rest(),
      toggle: () => this.player.toggle(),
      now: () => this.state.step,
      count: () => this.state.steps,
    };
    this.controls = makePoolControls(this.actions);
    this.stage = h("div", { class: "cw-stage" });
    this.gridsCleanup = new Cleanup();
    this.cleanup.keep(() => this.gridsCleanup.run());
    this.arrows = new Arrows(this.stage, this.cleanup);
    this.sum = h("p", { class: "cw-sum" });
    this.verdict = h("span", { class: "cw-verdict" });
    this.reveal = h("button", { type: "button", class: "cw-button", onclick: () => this.giveUp() }, "Show it");
    this.formula = h("div", { class: "cw-formula", role: "group", "aria-label": "size of the output" });
    this.legend = h("p", { class: "cw-help" });
    this.root.append(
      this.controls.top,
      this.banner.element,
      this.stage,
      h("div", { class: "cw-line" }, this.sum, this.verdict, this.reveal),
      this.controls.bottom,
      this.legend,
      this.formula,
      h(
        "p",
        { class: "cw-help" },
        "Drag over a map, or move with the arrow keys, Home and End. Space plays, [ and ] step. " +
          "To change a number, type it into its cell, or double-click it.",
      ),
      this.announcer.element,
    );
    this.cleanup.listen(this.root, "keydown", (event) => this.onKey(event));
    const observer = new ResizeObserver(() => {
      if (this.state && this.roomy(this.state) !== this.big) this.rebuild();
    });
    observer.observe(this.stage);
    this.cleanup.keep(() => observer.disconnect());
    this.start();
  }

  // --- what StateView asks for ---

  check(example) {
    return checkExample(example);
  }

  compute(example) {
    return computeNumbers(example);
  }

  derive(next, before) {
    if (next.predict && next.mode === "backward") next.view = "gather"; // a sum still growing is no riddle
    if (["example", "numbers", "mode", "view"].some((name) => before?.[name] !== next[name])) {
      prepare(next);
      next.limits = {
        image: magnitude(next.example.image),
        upstream: magnitude(next.example.upstream),
        dx: Math.max(magnitude(next.numbers.dx), magnitude(next.example.upstream)),
      };
      next.characters = longest(next);
    }
    next.step = Math.max(0, Math.min(next.steps - 1, next.step));
    next.scene = makeScene(next);
    next.guess = next.guesses[next.scene.key];
    next.riddle = next.predict && Boolean(next.scene.target) && !isKnown(next.guess);
  }

  layoutKey({ example, mode, view }) {
    const { image, size, stride, pad, ndim, upstream } = example;
    return JSON.stringify([
      mode,
      view,
      image.length,
      image[0].length,
      upstream.length,
      upstream[0].length,
      size,
      stride,
      pad,
      ndim,
    ]);
  }

  show(state) {
    const { example, numbers, mode, view, preset, whole, predict, steps } = state;
    const shown = [example, numbers, mode, view, preset, whole, predict, steps];
    if (this.shown?.every((value, i) => value === shown[i])) return;
    this.shown = shown;
    this.controls.set(state);
    this.formula.replaceChildren(
      h("p", { class: "cw-formula-head" }, "size = (n + 2·pad − window) / stride + 1"),
      ...sizeLines(state).map(({ text, fits }) => h("p", { class: fits ? "" : "cw-warn" }, text)),
    );
    const parts = ["○ where a window’s maximum came from"];
    if (numbers.equal.some((all) => all.length > 1) && example.ties === "first")
      parts.push("dashed: equal, but not the first");
    if (numbers.sizes.some((axis) => axis.unread)) parts.push("striped: in no window");
    this.legend.textContent =
      example.kind === "max" ? `${parts.join(" · ")}.` : "Each cell of a window gets the same share.";
  }

  build(state) {
    this.gridsCleanup.run();
    this.arrows.clear();
    this.grids = {};
    this.titles = {};
    this.stage.replaceChildren();
    this.root.classList.toggle("cw-signal", state.example.ndim === 1);
    const { panels } = state.scene;
    this.big = this.roomy(state);
    const sign = { output: "→", dx: "", upstream: "←" };
    for (const [name, panel] of Object.entries(panels)) {
      if (sign[name]) this.stage.append(h("span", { class: "cw-sign", "aria-hidden": "true" }, sign[name]));
      this.titles[name] = h("div", { class: "cw-title" });
      this.grids[name] = makeGrid(this.gridOptions(name, panel, state));
      const attributes = { class: `cw-panel cw-panel-${name}`, "aria-label": panel.title };
      this.stage.append(h("section", attributes, this.titles[name], this.grids[name].element));
    }
    if (this.grids.dx) {
      // without padding, in line with the input beside it (or above it)
      const [{ width, height }, [ph, pw]] = [this.grids.dx.cellSize(), state.example.pad];
      this.grids.dx.body.style.margin = state.example.ndim === 1 ? `0 0 0 ${pw * width}px` : `${ph * height}px 0 0`;
    }
    this.stage.append(this.arrows.lines, this.arrows.chips);
  }

  /** Whether there is room for a line below each number, with all maps beside each other. */
  roomy({ scene, characters, example }) {
    const panels = Object.values(scene.panels);
    if (panels.some(({ rows, columns }) => Math.max(rows, columns) > BIG)) return false;
    const width = Math.max(48, Math.ceil(7.6 * characters.withSums) + 8);
    const columns = panels.map((panel) => panel.columns);
    const all = example.ndim === 1 ? Math.max(...columns) : columns.reduce((sum, n) => sum + n, 0);
    return !this.stage.clientWidth || all * width + GAPS <= this.stage.clientWidth;
  }

  gridOptions(name, { rows, columns, cursor, title }, { mode, view, characters }) {
    const options = { theme: this.theme, cleanup: this.gridsCleanup, rows, columns, label: title, lines: this.big };
    options.characters = this.big ? characters.withSums : characters.alone; // of one size on all maps
    if (cursor !== undefined) {
      options.onCursor = (index) => this.goTo(index, true);
      options.onPoint = (row, column) => this.goTo(row * columns + column, false);
      options.onRelease = () => this.rest();
    }
    if (name === "input" && !(mode === "backward" && view === "gather")) {
      options.onPoint = (row, column) => this.goTo(this.windowAt(row, column), false);
      options.onRelease = () => this.rest();
    }
    if (name === "input" || name === "upstream") {
      options.editable = (index) => this.source(name, index) !== null;
      options.onType = (index, text) => this.type(this.source(name, index), text);
    } else if (cursor !== undefined) {
      options.editable = () => this.state.predict;
      options.onType = (index, text) => this.takeGuess(index, text);
    }
    return options;
  }

  /** The window whose middle is nearest to a cell of the padded input. */
  windowAt(row, column) {
    const { size, stride, upstream } = this.state.example;
    const along = (at, axis, count) =>
      Math.max(0, Math.min(count - 1, Math.round((at - (size[axis] - 1) / 2) / stride[axis])));
    return along(row, 0, upstream.length) * upstream[0].length + along(column, 1, upstream[0].length);
  }

  /** Which number of the example a cell shows: [array, row, column], or null for a cell of the padding. */
  source(name, index) {
    const { image, pad, upstream } = this.state.example;
    if (name === "upstream") return ["upstream", Math.floor(index / upstream[0].length), index % upstream[0].length];
    const columns = image[0].length + 2 * pad[1];
    const [row, column] = [Math.floor(index / columns) - pad[0], (index % columns) - pad[1]];
    return image[row]?.[column] === undefined ? null : ["image", row, column];
  }

  draw() {
    const { state } = this;
    const { scene, limits, guess, riddle } = state;
    for (const [name, panel] of Object.entries(scene.panels)) {
      if (this.titles[name].textContent !== panel.title) this.titles[name].textContent = panel.title;
      const notes = this.big ? panel.notes : undefined; // where there is no room, they would only widen the cells
      this.grids[name].paint({ ...panel, notes, caption: "", limit: limits[panel.scale] });
    }
    const moved = this.arrows.key !== scene.key && this.arrows.key !== "";
    if (scene.panels.dx) this.arrows.paint(scene.links, this.grids.upstream, this.grids.dx, moved && !this.dragging);
    this.arrows.key = scene.key;
    this.controls.setStep(state, spokenStep(state));
    this.sum.textContent = stepLine(state);
    this.verdict.textContent = verdictLine(state);
    this.verdict.className = `cw-verdict ${guess?.right ? "cw-good" : guess ? "cw-bad" : ""}`;
    this.reveal.hidden = !riddle;
  }

  // --- typing ---

  type([array, row, column], text) {
    const value = parseNumber(text);
    if (array === "upstream" && this.state.scene.panels.upstream.cursor !== undefined)
      this.goTo(row * this.state.example.upstream[0].length + column, false); // the keyboard is there
    const place = nameOf(this.state, array, [row, column]);
    this.update(() => {
      if (Number.isNaN(value)) throw new Refused(`${place}: expected a number, got “${text}”; the last number stays`);
      const changed = this.state.example[array].map((line) => [...line]);
      changed[row][column] = value;
      return { example: { ...this.state.example, [array]: changed } };
    });
  }

  takeGuess(step, text) {
    const typed = parseNumber(text);
    this.goTo(step, false);
    const { target, key } = this.state.scene;
    const went = this.update(() => {
      if (Number.isNaN(typed)) throw new Refused(`${target.name}: expected a number, got “${text}”`);
      const right = Math.abs(typed - target.value) <= Math.max(1e-9, 0.01 * Math.abs(target.value));
      return { guesses: { ...this.state.guesses, [key]: { typed, right, shown: false } } };
    });
    if (went) this.announcer.say(verdictLine(this.state));
  }

  /** Give up on the present number and see it. */
  giveUp() {
    const { key } = this.state.scene;
    this.update(() => ({ guesses: { ...this.state.guesses, [key]: { ...this.state.guesses[key], shown: true } } }));
    this.announcer.say(spokenStep(this.state));
  }

  // --- stepping ---

  goTo(step, settle) {
    if (this.player.playing) (this.player.pause(true), this.controls.setPlaying(false));
    this.dragging = !settle;
    const inside = Math.max(0, Math.min(this.state.steps - 1, step));
    if (inside !== this.state.step) this.update(() => ({ step: inside }), { save: false });
    if (settle) this.rest();
  }

  /** A movement has come to rest: say where, and let Python know. */
  rest() {
    this.model.save_changes();
    this.announcer.say(spokenStep(this.state));
  }

  advance(steps) {
    const goal = Math.min(this.state.steps - 1, this.state.step + steps);
    if (goal === this.state.step) return false;
    this.dragging = this.controls.rate() > 2;
    this.update(() => ({ step: goal }), { save: false });
    return goal < this.state.steps - 1 && !this.state.riddle;
  }

  onPlaying(playing) {
    if (playing && this.state.step === this.state.steps - 1) this.update(() => ({ step: 0 }), { save: false });
    this.controls.setPlaying(playing);
    if (playing) this.announcer.say("playing");
    else this.rest();
  }

  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || typesInto(event.target)) return;
    if (event.key === "[" || event.key === "]") this.goTo(this.state.step + (event.key === "]" ? 1 : -1), true);
    else if (event.key === " " && !event.target.matches("button, input, summary")) this.player.toggle();
    else return;
    event.preventDefault();
  }
}

/** How many characters wide the cells have to be: of all numbers, and of the sums below them. */
function longest(state) {
  const { example, numbers, mode } = state;
  const shown = mode === "forward" ? [example.image, numbers.out] : [example.image, example.upstream, numbers.dx];
  const alone = Math.max(2, ...shown.flat(2).map((value) => formatNumber(value).length));
  const sums =
    mode === "forward" ? [] : state.arrivals.map((_, index) => sumNote(collected(state, index).terms).length);
  return { alone, withSums: Math.max(alone + 0.6, ...sums.map((length) => 0.85 * length)) };
}

export default { render: (shown) => renderView(PoolRoutesView, shown) };
