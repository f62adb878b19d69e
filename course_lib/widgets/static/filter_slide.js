// FilterSlide in the browser: what is shown (state), how it changes, and when it is drawn.
//
// The state is the model's values, plus what follows from them: walk (filter_steps.js), scene (the present step of the
// walk), limits and greys (filter_panels.js). A change is worked out and checked as a whole before it takes the place of
// the state, so that a refused one leaves everything as it was. With a kernel, Python computes the numbers of a new
// example as well, and its numbers then replace the browser's.

import {
  Announcer,
  Banner,
  Cleanup,
  h,
  parseNumber,
  Player,
  prefersStill,
  Redraw,
  Refused,
  renderView,
  Theme,
} from "./common.js";
import { typesInto } from "./controls.js";
import { makeControls } from "./filter_controls.js";
import { MatrixView } from "./filter_matrix.js";
import { checkExample, computeNumbers, shapeOf } from "./filter_numbers.js";
import { Panels, scales } from "./filter_panels.js";
import { makeWalk } from "./filter_steps.js";
import { formulaLines, stepText, sumText, verdictText } from "./filter_words.js";

const SHARED = ["example", "numbers", "mode", "view", "step", "predict", "guesses", "whole", "preset"];

/** Under which name a guess at the present number is kept. */
function guessKey({ mode, step }) {
  return `${mode}:${step}`;
}

/** What the maps are built for: while it stays the same they are only painted, and the keyboard stays where it is. */
function layoutKey({ example, mode, view }) {
  const { image, kernel, upstream, stride, pad, dilation, groups, operation, ndim } = example;
  return JSON.stringify([
    mode,
    view,
    ...[image, kernel, upstream].map(shapeOf),
    stride,
    pad,
    dilation,
    groups,
    operation,
    ndim,
  ]);
}

class FilterSlideView {
  constructor(model, el) {
    this.model = model;
    this.cleanup = new Cleanup();
    this.root = h("div", {
      class: "cw cw-filter",
      role: "group",
      "aria-label": "Filter sliding",
      "data-lm-suppress-shortcuts": "true",
    });
    el.append(this.root);
    this.cleanup.keep(() => this.root.remove());
    this.theme = new Theme(this.root, this.cleanup, () => this.rebuild());
    this.banner = new Banner();
    this.announcer = new Announcer(this.cleanup);
    this.redraw = new Redraw(this.cleanup, () => this.draw());
    this.player = new Player(this.cleanup, {
      advance: (steps) => this.advance(steps),
      rate: () => (prefersStill() ? Math.min(2, this.controls.rate()) : this.controls.rate()),
      onChange: (playing) => this.onPlaying(playing),
    });
    this.library = model.get("library");
    const actions = {
      state: () => this.state,
      library: () => this.library.presets,
      choose: (name) => this.choose(name),
      update: (changes) => this.update(changes),
      step: (step) => this.goTo(step, true),
      drag: (step) => this.goTo(step, false),
      settle: () => this.settle(),
      type: (source, text) => this.type(source, text),
      guess: (step, text) => this.guess(step, text),
      toggle: () => this.player.toggle(),
    };
    this.controls = makeControls(actions);
    this.panels = new Panels(this.theme, actions);
    this.matrix = new MatrixView(this.theme, actions);
    this.cleanup.keep(() => this.panels.cleanup.run());
    this.cleanup.keep(() => this.matrix.cleanup.run());
    this.sum = h("p", { class: "cw-sum" });
    this.verdict = h("span", { class: "cw-verdict" });
    this.reveal = h("button", { type: "button", class: "cw-button", onclick: () => this.show() }, "Show it");
    this.formula = h("div", { class: "cw-formula", role: "group", "aria-label": "size of the output" });
    this.root.append(
      this.controls.top,
      this.banner.element,
      this.panels.element,
      this.matrix.element,
      h("div", { class: "cw-line" }, this.sum, this.verdict, this.reveal),
      this.controls.bottom,
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
    for (const name of SHARED) this.cleanup.watchModel(model, `change:${name}`, () => this.pull());
    this.cleanup.watchModel(model, "change:problem", () => this.onProblem());
    this.pull(true);
  }

  // --- the state and its changes ---

  /** Take over what the model says: at the start, and when Python or another view of the same widget changed it. */
  pull(first = false) {
    if (this.writing) return;
    const taken = Object.fromEntries(SHARED.map((name) => [name, this.model.get(name)]));
    const take = () => this.settleState({ ...this.state, ...taken }, first);
    if (first) take();
    else this.banner.guard(take);
  }

  /** Put a whole new state in place, with all that follows from it, and draw it. */
  settleState(next, first = false) {
    const before = this.state;
    if (next.numbers?.revision !== next.example.revision) next.numbers = computeNumbers(next.example);
    if (next.predict && ["dx", "dw"].includes(next.mode)) next.view = "gather"; // a sum that is still growing is no riddle
    const same = (...names) => before && names.every((name) => before[name] === next[name]);
    if (!same("numbers", "example", "mode", "view")) {
      next.walk = makeWalk(next.example, next.numbers, next.mode, next.view);
      Object.assign(next, scales(next.example, next.numbers, next.mode));
    }
    next.step = Math.max(0, Math.min(next.walk.count - 1, next.step));
    next.scene = next.walk.scene(next.step);
    next.guess = next.guesses[guessKey(next)];
    next.riddle = next.predict && Boolean(next.scene.target) && !next.guess?.right && !next.guess?.shown;
    this.state = next;
    if (layoutKey(next) !== this.layout) this.rebuild();
    if (!same(...SHARED.filter((name) => name !== "step"))) {
      this.controls.set(next);
      this.drawFormula();
    }
    if (first) this.redraw.flush();
    else this.redraw.ask();
  }

  /** Change the state by what `changes()` returns; where it throws, the message is shown and nothing changes. */
  update(changes, { save = true } = {}) {
    const went = this.banner.guard(() => {
      const changed = changes();
      const next = { ...this.state, ...changed };
      if (changed.example) {
        next.example = checkExample({ ...changed.example, revision: this.state.example.revision + 1 });
        next.guesses = {};
        next.preset = changed.preset ?? "";
      }
      this.settleState(next);
    });
    if (!went) {
      this.controls.set(this.state);
      return false;
    }
    this.banner.clear();
    this.push(save);
    return true;
  }

  /** Write to the model what changed; `save` sends it to the kernel, if there is one. */
  push(save) {
    this.writing = true;
    for (const name of SHARED) {
      if (name !== "numbers" && this.model.get(name) !== this.state[name]) this.model.set(name, this.state[name]);
    }
    this.writing = false;
    if (save) this.model.save_changes();
  }

  choose(name) {
    const { example, mode, view, whole } = this.library.presets.find((preset) => preset.name === name);
    const image = typeof example.image === "string" ? this.library.images[example.image] : example.image;
    return { example: { ...example, image }, mode, view, whole, step: 0, predict: false, preset: name };
  }

  type([array, indices], text) {
    const value = parseNumber(text);
    const place = `${array}[${indices.join(", ")}]`;
    this.update(() => {
      if (Number.isNaN(value)) throw new Refused(`${place}: expected a number, got “${text}”; the last number stays`);
      const put = (part, [at, ...rest]) =>
        part.map((old, i) => (i !== at ? old : rest.length ? put(old, rest) : value));
      return { example: { ...this.state.example, [array]: put(this.state.example[array], indices) } };
    });
  }

  guess(step, text) {
    const typed = parseNumber(text);
    this.goTo(step, false);
    const { sum, target } = this.state.scene;
    const right = Math.abs(typed - target.value) <= Math.max(1e-9, 0.01 * Math.abs(target.value));
    const went = this.update(() => {
      if (Number.isNaN(typed)) throw new Refused(`${sum.name}: expected a number, got “${text}”`);
      return { guesses: { ...this.state.guesses, [guessKey(this.state)]: { typed, right, shown: false } } };
    });
    if (went) this.announcer.say(verdictText(this.state));
  }

  /** Give up on the present number and see it. */
  show() {
    this.update(() => ({
      guesses: {
        ...this.state.guesses,
        [guessKey(this.state)]: { ...this.state.guesses[guessKey(this.state)], shown: true },
      },
    }));
    this.announcer.say(stepText(this.state));
  }

  // --- stepping ---

  goTo(step, settle) {
    if (this.player.playing) (this.player.pause(true), this.controls.setPlaying(false));
    const inside = Math.max(0, Math.min(this.state.walk.count - 1, step));
    if (inside !== this.state.step) this.update(() => ({ step: inside }), { save: false });
    if (settle) this.settle();
  }

  /** A movement has come to rest: say where, and let Python know. */
  settle() {
    this.model.save_changes();
    this.announcer.say(stepText(this.state));
  }

  advance(steps) {
    const goal = Math.min(this.state.walk.count - 1, this.state.step + steps);
    if (goal === this.state.step) return false;
    this.update(() => ({ step: goal }), { save: false });
    return goal < this.state.walk.count - 1 && !this.state.riddle;
  }

  onPlaying(playing) {
    if (playing && this.state.step === this.state.walk.count - 1) this.update(() => ({ step: 0 }), { save: false });
    this.controls.setPlaying(playing);
    if (playing) this.announcer.say("playing");
    else this.settle();
  }

  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || typesInto(event.target)) return;
    if (event.key === "[" || event.key === "]") this.goTo(this.state.step + (event.key === "]" ? 1 : -1), true);
    else if (event.key === " " && !event.target.matches("button, input, summary")) this.player.toggle();
    else return;
    event.preventDefault();
  }

  onProblem() {
    const problem = this.model.get("problem");
    if (problem) this.banner.show(problem);
    else this.banner.clear();
  }

  // --- drawing ---

  /** Make the maps anew: they have other sizes or other meanings, or the page has other colours. */
  rebuild() {
    if (!this.state) return;
    this.layout = layoutKey(this.state);
    this.root.classList.toggle("cw-signal", this.state.example.ndim === 1);
    this.panels.build(this.state, this.state.scene);
    this.matrix.build(this.state);
    this.redraw.ask();
  }

  draw() {
    const { state } = this;
    const { guess, riddle } = state;
    this.panels.paint(state);
    if (state.mode === "matrix") this.matrix.paint(state, this.panels.resultColumn(state));
    this.controls.setStep(state, stepText(state));
    this.sum.textContent = sumText(state);
    this.verdict.textContent = verdictText(state);
    this.verdict.className = `cw-verdict ${guess?.right ? "cw-good" : guess ? "cw-bad" : ""}`;
    this.reveal.hidden = !riddle;
  }

  drawFormula() {
    this.formula.replaceChildren(
      h("p", { class: "cw-formula-head" }, "size = (n + 2·pad − extent) / stride + 1"),
      ...formulaLines(this.state).map(({ text, fits }) => h("p", { class: fits ? "" : "cw-warn" }, text)),
    );
  }
}

export default { render: (shown) => renderView(FilterSlideView, shown) };
