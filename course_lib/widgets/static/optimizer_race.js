// OptimizerRace in the browser: what is raced (the setup), how it changes, and when it is run and drawn.
//
// All runs are computed here (race_runs.js, the same steps as Python's), so that dragging the start waits for nobody.
// Only the learner's own step is run by Python, and its last run stays, marked as old, until Python has sent another.

import { Announcer, Banner, Cleanup, h, Player, prefersStill, Redraw, renderView, Theme } from "./common.js";
import { typesInto } from "./controls.js";
import { Chart } from "./race_chart.js";
import { Contour } from "./race_contour.js";
import { makeMethods, makeSettings, makeTop, makeTransport, putText } from "./race_controls.js";
import { RateMap } from "./race_map.js";
import { optionsOf, placeAt, race, tunedFor } from "./race_runs.js";
import { readColours } from "./race_style.js";
import { curvatures, surfaceOf } from "./race_surfaces.js";
import { mapText, mineKey, standing, theoryLines } from "./race_words.js";

const SHARED = ["setup", "focus", "step", "preset", "mine"];

class OptimizerRaceView {
  constructor(model, el) {
    this.model = model;
    this.cleanup = new Cleanup();
    this.root = h("div", {
      class: "cw cw-race",
      role: "group",
      "aria-label": "Optimizer race",
      "data-lm-suppress-shortcuts": "true",
    });
    el.append(this.root);
    this.cleanup.keep(() => this.root.remove());
    this.theme = new Theme(this.root, this.cleanup, () => this.recolour());
    this.colours = readColours(this.root);
    this.banner = new Banner();
    this.announcer = new Announcer(this.cleanup);
    this.redraw = new Redraw(this.cleanup, () => this.draw());
    this.player = new Player(this.cleanup, {
      advance: (steps) => this.advance(steps),
      rate: () => (prefersStill() ? 2 : this.transport.rate()),
      onChange: (playing) => this.onPlaying(playing),
    });
    this.library = model.get("library");
    this.first = Object.fromEntries(SHARED.map((name) => [name, model.get(name)]));
    this.runs = new Map();
    this.build();
    this.cleanup.listen(this.root, "keydown", (event) => this.onKey(event));
    for (const name of SHARED) this.cleanup.watchModel(model, `change:${name}`, () => this.pull());
    this.cleanup.watchModel(model, "change:problem", () => this.onProblem());
    const resized = new ResizeObserver(() => this.layout() && this.redraw.ask());
    resized.observe(this.root);
    this.cleanup.keep(() => resized.disconnect());
    this.layout();
    this.pull(true);
  }

  build() {
    const actions = {
      state: () => this.state,
      guard: (callback) => this.banner.guard(callback) || this.setControls(),
      choose: (name) => this.choose(name),
      setup: (entries, save = true) => this.change(entries, save),
      option: (...about) => this.setOption(...about),
      turn: (name, on) => this.turn(name, on),
      focus: (name) => this.update({ focus: name }),
      step: (step) => this.goTo(step, true),
      drag: (step) => this.goTo(step, false),
      settle: () => this.settle(),
      toggle: () => this.player.toggle(),
      reset: () => this.reset(),
    };
    this.top = makeTop(actions, this.library);
    this.methods = makeMethods(actions, this.library);
    this.settings = makeSettings(actions, this.library);
    this.transport = makeTransport(actions);
    this.contour = new Contour(this.cleanup, {
      startNow: () => this.state.setup.start,
      onStart: (start) => this.change({ start: this.inBox(start) }, false),
      onSettle: () => this.settle(),
    });
    const scrubbing = { onScrub: (step) => this.goTo(step, false), onSettle: () => this.settle() };
    this.charts = [
      new Chart(this.cleanup, {
        title: "loss above its minimum",
        name: "loss above its minimum over gradient evaluations",
        valuesOf: (run) => run.gaps,
        limits: [1e-8, 1e8],
        ...scrubbing,
      }),
      new Chart(this.cleanup, {
        title: "effective step: ‖step‖ / ‖gradient‖",
        name: "effective step over gradient evaluations",
        valuesOf: (run) => run.effective,
        limits: [1e-7, 1e4],
        calmFrom: 3,
        ...scrubbing,
      }),
    ];
    this.map = new RateMap(this.cleanup, {
      ratesNow: () => {
        const { lr, momentum } = optionsOf(this.state.setup, "momentum", this.library.tuned);
        return [lr, momentum];
      },
      onMove: (alpha, beta) => this.setRates(alpha, beta),
      onSettle: () => this.settle(),
    });
    this.noMap = h(
      "p",
      { class: "cw-note-line" },
      "The map of α and β belongs to the quadratics: here the curvature changes from place to place.",
    );
    this.why = h("ul", {});
    this.whyTitle = h("div", { class: "cw-title" });
    this.theory = h("div", { class: "cw-theory" }, this.whyTitle, this.why);
    this.root.append(
      this.top.element,
      this.banner.element,
      h(
        "div",
        { class: "cw-stage" },
        this.contour.element,
        h("div", { class: "cw-charts" }, ...this.charts.map((chart) => chart.element)),
      ),
      this.transport.element,
      h(
        "div",
        { class: "cw-lower" },
        h("div", { class: "cw-methods" }, this.methods.element, this.theory),
        h("div", { class: "cw-side" }, this.settings.element, this.map.element, this.noMap),
      ),
      h(
        "p",
        { class: "cw-help" },
        "Drag on the surface to move the start, or move it with the arrow keys. Space plays, [ and ] step; drag on a " +
          "chart to look at a moment. Tuned rates are the best of a grid from the surface's usual start, over 150 " +
          "evaluations.",
      ),
      this.announcer.element,
    );
  }

  // --- the state and its changes ---

  pull(first = false) {
    if (this.writing) return;
    const taken = Object.fromEntries(SHARED.map((name) => [name, this.model.get(name)]));
    const take = () => this.settleState({ ...this.state, ...taken }, first);
    if (first) take();
    else if (this.banner.guard(take)) this.describe();
    if (this.state.mine.problem !== this.toldProblem) {
      this.toldProblem = this.state.mine.problem;
      if (this.toldProblem) this.banner.show(this.toldProblem);
      else if (!first) this.banner.clear();
    }
  }

  settleState(next, first = false) {
    next.about = this.library.surfaces[next.setup.surface];
    next.step = Math.max(0, Math.min(next.setup.budget, next.step));
    if (this.state?.setup !== next.setup) this.runs.clear();
    this.state = next;
    if (first) (this.redraw.flush(), this.describe());
    else this.redraw.ask();
  }

  /** Change the state; a change of the setup counts as a revision, and is no preset any more. */
  update(changes, save = true) {
    const next = { ...this.state, ...changes };
    if (changes.setup) {
      next.setup = { ...changes.setup, revision: this.state.setup.revision + 1 };
      next.preset = changes.preset ?? "";
      if (changes.step === undefined && this.state.step === this.state.setup.budget) next.step = next.setup.budget;
    }
    this.banner.clear();
    this.settleState(next);
    this.writing = true;
    for (const name of SHARED) {
      if (name !== "mine" && this.model.get(name) !== this.state[name]) this.model.set(name, this.state[name]);
    }
    this.writing = false;
    if (save) this.settle();
  }

  change(entries, save = true) {
    this.update({ setup: { ...this.state.setup, ...entries } }, save);
  }

  choose(name) {
    const { setup, focus, step } = this.library.presets.find((preset) => preset.name === name);
    const on = this.state.mine.run ? [...setup.on, "mine"] : setup.on;
    this.update({ setup: { ...setup, on }, focus, step: step ?? setup.budget, preset: name });
  }

  reset() {
    this.player.pause();
    const { setup, focus, step, preset } = this.first;
    this.update({ setup, focus, step, preset });
  }

  turn(name, on) {
    const names = Object.keys(this.library.methods).filter((other) =>
      other === name ? on : this.state.setup.on.includes(other),
    );
    this.update({ setup: { ...this.state.setup, on: names }, focus: on ? name : this.state.focus });
  }

  /** The setup with one option changed: the rate of all where it is the same; tuned rates become one's own. */
  withOption(setup, name, option, value) {
    if (setup.rates === "same" && option === "lr") return { ...setup, rate: value };
    let { settings, rates } = setup;
    const tuned = tunedFor(setup, this.library.tuned);
    if (rates === "tuned" && option in (tuned[name] ?? {})) {
      rates = "own";
      settings = Object.fromEntries(Object.entries(settings).map(([key, own]) => [key, { ...own, ...tuned[key] }]));
    }
    return { ...setup, rates, settings: { ...settings, [name]: { ...settings[name], [option]: value } } };
  }

  setOption(name, option, value, save = true) {
    this.update({ setup: this.withOption(this.state.setup, name, option, value) }, save);
  }

  setRates(alpha, beta) {
    let setup = this.withOption(this.state.setup, "momentum", "lr", alpha);
    setup = this.withOption(setup, "momentum", "momentum", beta);
    const on = Object.keys(this.library.methods).filter((name) => name === "momentum" || setup.on.includes(name));
    this.update({ setup: { ...setup, on }, focus: "momentum" }, false);
  }

  inBox(start) {
    const { box } = this.state.about;
    return start.map((value, i) => Number(Math.max(box[2 * i], Math.min(box[2 * i + 1], value)).toFixed(3)));
  }

  // --- stepping ---

  goTo(step, settle) {
    if (this.player.playing) (this.player.pause(true), this.transport.setPlaying(false));
    const inside = Math.max(0, Math.min(this.state.setup.budget, step));
    if (inside !== this.state.step) this.update({ step: inside }, false);
    if (settle) this.settle();
  }

  /** A movement has come to rest: say where all stand, and let Python know. */
  settle() {
    this.model.save_changes();
    this.announcer.say(this.describe());
  }

  /** Where all stand: told of the picture, and returned. */
  describe() {
    const { setup, step, about } = this.state;
    const text = standing(this.lines(), step, setup.surface);
    this.contour.describe(`${about.title}, with trajectories ${text}`, setup.start);
    return text;
  }

  advance(steps) {
    const { budget } = this.state.setup;
    const goal = Math.min(budget, this.state.step + steps);
    this.update({ step: goal }, false);
    return goal < budget;
  }

  onPlaying(playing) {
    if (playing && this.state.step === this.state.setup.budget) this.update({ step: 0 }, false);
    this.transport.setPlaying(playing);
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
    else if (!this.state.mine.problem) this.banner.clear();
  }

  // --- drawing ---

  /** Sizes that fit the widget's width; whether anything changed. */
  layout() {
    const room = Math.max(280, (this.root.clientWidth || 884) - 24);
    if (room === this.room) return false;
    this.room = room;
    this.root.classList.toggle("cw-tight", room < 430);
    const beside = room >= 700;
    const width = Math.round(beside ? Math.min(520, room * 0.52) : Math.min(room, 560)) - 2;
    this.contour.size(width);
    const chart = beside ? Math.min(720, room - width - 18) : Math.min(room, 560);
    const heights = beside ? Math.max(168, Math.round((width * 0.76 - 34) / 2)) : 180; // room for nine names
    for (const { canvas } of this.charts) canvas.size(chart, heights);
    this.map.size(Math.min(room, 300));
    return true;
  }

  recolour() {
    this.colours = readColours(this.root);
    if (this.state) this.redraw.ask();
  }

  /** What is drawn: the methods that are on, with their runs. */
  lines() {
    const { setup, mine } = this.state;
    return setup.on
      .filter((name) => name !== "mine" || mine.run)
      .map((name) => {
        if (name === "mine") {
          const now = mineKey(setup, optionsOf(setup, name, this.library.tuned).lr);
          const faint = mine.of !== now; // Python has not run it yet, or it failed
          return { name, label: mine.name, run: mine.run, faint };
        }
        if (!this.runs.has(name)) this.runs.set(name, race(setup, name, this.library));
        return { name, label: this.library.methods[name].title, run: this.runs.get(name), faint: false };
      });
  }

  /** The two parts of the next step of SGD or momentum, as arrows: what goes on of the last one, and the gradient's. */
  parts(lines) {
    const { setup, focus, step } = this.state;
    const run = lines.find(({ name }) => name === focus)?.run;
    if (!run || !["sgd", "momentum"].includes(focus)) return [];
    const at = placeAt(run, step);
    if (at + 1 >= run.points.length) return [];
    const { momentum = 0 } = optionsOf(setup, focus, this.library.tuned);
    const from = run.points[at];
    const last = at > 0 ? run.points[at - 1] : from;
    const onward = from.map((value, i) => momentum * (value - last[i]));
    const pulled = from.map((value, i) => run.points[at + 1][i] - value - onward[i]);
    const arrow = (by, label, ink) => ({ from, to: from.map((value, i) => value + by[i]), label, ink });
    const gradient = arrow(pulled, "−α · gradient", "ink");
    return momentum > 0 && at > 0 ? [arrow(onward, "β · last step", "momentum"), gradient] : [gradient];
  }

  setControls() {
    this.top.set(this.state);
    this.methods.set(this.state);
    this.settings.set(this.state);
  }

  draw() {
    const { state, colours } = this;
    const { setup, step, focus, about, mine } = state;
    const lines = this.lines();
    const told = [setup, focus, state.preset, mine];
    if (!this.told || told.some((part, i) => part !== this.told[i])) {
      this.told = told;
      this.setControls();
      this.drawTheory();
    }
    const key = `${setup.surface} ${setup.kappa}`;
    const evaluate = surfaceOf(setup, this.library.digits);
    this.contour.shade({ key, evaluate, about, coarse: setup.surface === "logistic" ? 6 : 2, colours });
    this.contour.draw({ lines, spent: step, start: setup.start, parts: this.parts(lines), focus, colours });
    for (const chart of this.charts) chart.draw({ lines, budget: setup.budget, spent: step, colours });
    this.methods.setOutcomes(lines, step, setup.surface);
    this.transport.setStep(step, setup.budget);
    const lambdas = curvatures(setup);
    this.map.element.hidden = !lambdas;
    this.noMap.hidden = Boolean(lambdas);
    if (lambdas) {
      const { lr, momentum } = optionsOf(setup, "momentum", this.library.tuned);
      this.map.paint(lambdas, colours);
      this.map.place(lr, momentum, mapText(setup, lr, momentum));
    }
  }

  drawTheory() {
    const { setup, focus } = this.state;
    const { tuned, methods } = this.library;
    const lines = theoryLines(setup, focus, tuned);
    this.theory.hidden = lines.length === 0;
    if (!lines.length) return;
    const { lr, momentum = 0 } = optionsOf(setup, focus, tuned);
    const title =
      focus === "momentum" ? mapText(setup, lr, momentum) : `${methods[focus].title} here: ${mapText(setup, lr, 0)}`;
    putText(this.whyTitle, title);
    this.why.replaceChildren(...lines.map((line) => h("li", {}, line)));
  }
}

export default { render: (shown) => renderView(OptimizerRaceView, shown) };
