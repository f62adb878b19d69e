// GraphStepper in the browser: what is shown (state), how it changes, and when it is drawn.
//
// The state is the model's values, plus what follows from them: wires, steps, scene (stepper_steps.js) and the scale of
// the colours. A change is worked out and checked as a whole before it takes the place of the state, so that a refused
// one leaves everything as it was. With a kernel, Python computes the numbers of a changed graph as well, and its numbers
// then replace the browser's.

import {
  Announcer,
  Banner,
  Cleanup,
  formatNumber,
  h,
  magnitude,
  parseNumber,
  Player,
  prefersStill,
  Redraw,
  Refused,
  renderView,
  Theme,
} from "./common.js";
import { typesInto } from "./controls.js";
import { makeControls } from "./stepper_controls.js";
import { runGraph, wiresOf } from "./stepper_numbers.js";
import { Panel } from "./stepper_panel.js";
import { Stage } from "./stepper_stage.js";
import { makeScene, makeSteps, stepOfNode, targetOf } from "./stepper_steps.js";
import { stepText } from "./stepper_words.js";

const SHARED = ["example", "numbers", "mode", "step", "element", "predict", "guesses", "preset"];
const CLOSE = 0.02; // how near a typed gradient has to come: two digits are enough

class GraphStepperView {
  constructor(model, el) {
    this.model = model;
    this.cleanup = new Cleanup();
    this.root = h("div", {
      class: "cw cw-stepper",
      role: "group",
      "aria-label": "Backpropagation on a graph",
      "data-lm-suppress-shortcuts": "true",
    });
    el.append(this.root);
    this.cleanup.keep(() => this.root.remove());
    this.theme = new Theme(this.root, this.cleanup, () => this.redraw.ask());
    this.banner = new Banner();
    this.announcer = new Announcer(this.cleanup);
    this.redraw = new Redraw(this.cleanup, () => this.draw());
    this.player = new Player(this.cleanup, {
      advance: (steps) => this.advance(steps),
      rate: () => (prefersStill() ? Math.min(2, this.controls.bar.rate()) : this.controls.bar.rate()),
      onChange: (playing) => this.onPlaying(playing),
    });
    this.library = model.get("library");
    const actions = {
      state: () => ({ ...this.state, playing: this.player.playing }),
      library: () => this.library,
      choose: (name) => this.choose(name),
      update: (changes) => this.update(changes),
      now: () => this.state.step,
      count: () => this.state.steps.length,
      step: (step) => this.goTo(step, true),
      drag: (step) => this.goTo(step, false),
      settle: () => this.settle(),
      toggle: () => this.player.toggle(),
      visit: (handle) => this.goTo(stepOfNode(this.state.steps, this.state.step, handle), true),
      type: (what, text) => this.type(what, text),
      nudge: (what, by) => this.nudge(what, by),
      guess: (key, text, name) => this.guess(key, text, name),
      show: () => this.show(),
      repaint: () => this.redraw.ask(),
      gate: () => this.stage.nodes[this.state.scene.node]?.box,
    };
    this.controls = makeControls(actions);
    this.stage = new Stage(this.theme, this.cleanup, actions);
    this.panel = new Panel(actions);
    this.root.append(
      this.controls.top,
      this.banner.element,
      this.stage.element,
      this.controls.bar.element,
      this.panel.element,
      h(
        "p",
        { class: "cw-help" },
        "Click a gate, or step with the arrow keys, [ and ], Home and End; Space plays. " +
          "Above a wire stands its value, below it its gradient. To change an input, type into its field.",
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
    if (!first && this.waitsForPython(taken)) return;
    const take = () => this.settleState({ ...this.state, ...taken }, first);
    if (first) take();
    else if (this.banner.guard(take) && this.waiting) {
      this.waiting = false;
      this.banner.clear();
    }
  }

  /** Whether a graph with a node of the learner's own has no numbers yet: only Python can run such a node. */
  waitsForPython({ example, numbers }) {
    return example.nodes.some(({ own }) => own) && numbers.revision !== example.revision;
  }

  /** Hand a changed graph to Python; its numbers come back, or what is wrong with it. */
  askPython(example) {
    const { name, kind } = example.nodes.find(({ own }) => own);
    this.writing = true;
    for (const [entry, value] of Object.entries({ example, guesses: {}, preset: "" })) this.model.set(entry, value);
    this.writing = false;
    this.model.save_changes();
    this.waiting = true;
    throw new Refused(`${name}: ${kind} is a node of your own, which only Python runs: waiting for Python`);
  }

  /** Put a whole new state in place, with all that follows from it, and draw it. */
  settleState(next, first = false) {
    const before = this.state;
    next.element = Math.max(0, Math.min(next.example.upstream.length - 1, next.element));
    const { numbers } = next;
    if (numbers?.revision !== next.example.revision || numbers?.element !== next.element)
      next.numbers = runGraph(next.example, next.element);
    next.limit = magnitude([next.numbers.gradients, next.numbers.shares]);
    next.wires = wiresOf(next.example.nodes);
    next.steps = makeSteps(next.example, next.mode);
    next.step = Math.max(0, Math.min(next.steps.length - 1, next.step));
    next.scene = makeScene(next.example, next.steps, next.step, next.predict, next.guesses);
    this.state = next;
    const layout = JSON.stringify([next.example.layout, next.example.nodes.map(({ name, kind }) => [name, kind])]);
    if (layout !== this.layout) {
      this.layout = layout;
      this.stage.build(next);
    }
    if (!before || SHARED.some((name) => name !== "step" && before[name] !== next[name])) this.controls.set(next);
    if (first) this.redraw.flush();
    else this.redraw.ask();
  }

  /** Change the state by what `changes()` returns; where it throws, the message is shown and nothing changes. */
  update(changes, { save = true } = {}) {
    const went = this.banner.guard(() => {
      const changed = changes();
      const next = { ...this.state, ...changed };
      if (changed.example) {
        next.example = { ...changed.example, revision: this.state.example.revision + 1 };
        next.guesses = {};
        next.preset = changed.preset ?? "";
        if (this.waitsForPython(next)) this.askPython(next.example);
      }
      if (changed.element !== undefined) next.guesses = {};
      this.settleState(next);
    });
    if (!went) {
      this.controls.set(this.state);
      this.redraw.ask();
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
    const { example } = this.library.find((preset) => preset.name === name);
    this.update(() => ({ example, step: 0, element: 0, preset: name }));
  }

  /** Put a number into an input (its handle), or into the upstream gradient of the output ("upstream"). */
  put(what, value) {
    const { example, element } = this.state;
    const put = (list) => list.map((old, e) => (e === element ? value : old));
    if (what === "upstream") return { example: { ...example, upstream: put(example.upstream) } };
    const nodes = example.nodes.map((node, h) => (h === what ? { ...node, value: put(node.value) } : node));
    return { example: { ...example, nodes } };
  }

  type(what, text) {
    const name = what === "upstream" ? what : this.state.example.nodes[what].name;
    const value = parseNumber(text);
    const went = this.update(() => {
      if (Number.isNaN(value)) throw new Refused(`${name}: expected a number, got “${text}”; the last number stays`);
      return this.put(what, value);
    });
    if (went) this.announcer.say(`${name} = ${formatNumber(value)}; ${stepText(this.state)}`);
  }

  nudge(what, by) {
    const { example, element } = this.state;
    const now = what === "upstream" ? example.upstream[element] : example.nodes[what].value?.[element];
    if (now === undefined) return;
    const size = Number.isInteger(now) ? 1 : 0.1;
    this.type(what, String(Number((now + by * size).toFixed(6))));
  }

  guess(key, text, name) {
    const typed = parseNumber(text);
    const target = targetOf(this.state.example, this.state.numbers, key);
    const right = Math.abs(typed - target) <= Math.max(1e-9, CLOSE * Math.abs(target));
    const went = this.update(() => {
      if (Number.isNaN(typed)) throw new Refused(`${name}: expected a number, got “${text}”`);
      return { guesses: { ...this.state.guesses, [key]: { typed, right, shown: false } } };
    });
    if (!went) return;
    const side = typed < target ? "small" : "large";
    this.announcer.say(right ? `right: ${name} = ${formatNumber(target)}` : `${formatNumber(typed)} is too ${side}`);
  }

  /** Give up on the present step's hidden numbers and see them. */
  show() {
    this.update(() => {
      const guesses = { ...this.state.guesses };
      for (const key of this.state.scene.riddles) guesses[key] = { ...guesses[key], shown: true };
      return { guesses };
    });
    this.stage.focus(this.state.scene.node);
    this.announcer.say(stepText(this.state));
  }

  // --- stepping ---

  goTo(step, settle) {
    if (this.player.playing) (this.player.pause(true), this.controls.bar.setPlaying(false));
    const inside = Math.max(0, Math.min(this.state.steps.length - 1, step));
    if (inside !== this.state.step) this.update(() => ({ step: inside }), { save: false });
    if (settle) this.settle();
  }

  /** A movement has come to rest: say where, and let Python know. */
  settle() {
    this.model.save_changes();
    this.announcer.say(stepText(this.state));
  }

  advance(steps) {
    const last = this.state.steps.length - 1;
    const goal = Math.min(last, this.state.step + steps);
    if (goal === this.state.step || this.state.scene.riddles.length) return false;
    this.update(() => ({ step: goal }), { save: false });
    return goal < last && !this.state.scene.riddles.length;
  }

  onPlaying(playing) {
    if (playing && this.state.step === this.state.steps.length - 1) this.update(() => ({ step: 0 }), { save: false });
    this.controls.bar.setPlaying(playing);
    if (playing) this.announcer.say("playing");
    else this.settle();
  }

  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || typesInto(event.target)) return;
    const { key } = event;
    const { step, steps } = this.state;
    const arrows = !event.target.matches("input[type=radio], input[type=range]");
    const goal = {
      "[": step - 1,
      "]": step + 1,
      ...(arrows && { ArrowLeft: step - 1, ArrowRight: step + 1, ArrowUp: step - 1, ArrowDown: step + 1 }),
      ...(arrows && { Home: 0, End: steps.length - 1 }),
    }[key];
    if (goal !== undefined) this.goTo(goal, true);
    else if (key === " " && !event.target.matches("button:not(.cw-gate), input, summary")) this.player.toggle();
    else return;
    event.preventDefault();
  }

  onProblem() {
    this.waiting = false;
    const problem = this.model.get("problem");
    if (problem) this.banner.show(problem);
    else this.banner.clear();
  }

  // --- drawing ---

  draw() {
    const { state } = this;
    const follows = this.stage.holdsFocus();
    this.stage.paint(state);
    this.panel.paint(state);
    this.controls.bar.set(state.step, state.steps.length, stepText(state));
    if (follows && state.scene.node !== undefined) this.stage.focus(state.scene.node);
  }
}

export default { render: (shown) => renderView(GraphStepperView, shown) };
