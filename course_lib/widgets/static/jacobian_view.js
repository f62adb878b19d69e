// JacobianView in the browser: what is shown (state), how it changes, and when it is drawn.
//
// The state is the model's values, plus what follows from them: names of rows and columns, whether the values are secret
// (the pattern is to be predicted first), and the scales of the colours. As in filter_slide.js, a change is worked out
// and checked as a whole before it takes the place of the state, and Python's numbers replace the browser's.

import {
  Announcer,
  Banner,
  Cleanup,
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
import { stepBar, typesInto } from "./controls.js";
import { makeJacobianControls } from "./jacobian_controls.js";
import { MemoryView } from "./jacobian_memory.js";
import { checkExample, computeJacobian, shaped, shapeOf } from "./jacobian_numbers.js";
import { JacobianPanels } from "./jacobian_panels.js";
import { Table } from "./jacobian_table.js";
import { implicitOf, namesOf, outputLetter, sourceOf } from "./jacobian_terms.js";
import { jacobianStepText, scoreText, Words } from "./jacobian_words.js";

const SHARED = ["example", "numbers", "mode", "cell", "marks", "revealed", "predict", "sizes", "preset"];

class JacobianViewView {
  constructor(model, el) {
    this.model = model;
    this.cleanup = new Cleanup();
    this.root = h("div", {
      class: "cw cw-jview",
      role: "group",
      "aria-label": "Jacobian",
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
      rate: () => (prefersStill() ? Math.min(2, this.bar.rate()) : this.bar.rate()),
      onChange: (playing) => this.onPlaying(playing),
    });
    this.library = model.get("library");
    const row = () => Math.floor(this.state.cell / this.state.columns);
    const actions = {
      state: () => this.state,
      library: () => this.library,
      update: (changes) => this.update(changes),
      choose: (name) => this.choose(name),
      by: (wrt) => this.by(wrt),
      type: (grid, index, text) => this.type(grid, index, text),
      pressed: (index) => this.pressed(index),
      dragged: (index, on) => this.dragged(index, on),
      moved: (index) => this.move(index, true),
      toggled: (index) => this.mark(index, !this.state.marks.includes(index), true),
      settle: () => this.settle(),
      size: (name, value, save) => this.update(() => ({ sizes: { ...this.state.sizes, [name]: value } }), { save }),
      now: row,
      count: () => this.state.names.rows.length,
      step: (to) => this.toRow(to, true),
      drag: (to) => this.toRow(to, false),
      toggle: () => this.player.toggle(),
    };
    this.controls = makeJacobianControls(actions);
    this.bar = stepBar(actions);
    this.panels = new JacobianPanels(this.theme, this.cleanup, actions);
    this.table = new Table(this.theme, this.cleanup, actions);
    this.memory = new MemoryView(actions);
    this.words = new Words({
      reveal: () => this.reveal(),
      again: () => this.update(() => ({ marks: [], revealed: false })),
      go: (mode) => this.update(() => ({ mode })),
    });
    this.help = h("p", { class: "cw-help" });
    this.shown = h("div", {}, this.panels.element, this.table.element, this.bar.element, this.words.element, this.help);
    this.root.append(
      this.controls.element,
      this.banner.element,
      this.shown,
      this.memory.element,
      this.announcer.element,
    );
    this.cleanup.listen(this.root, "keydown", (event) => this.onKey(event));
    for (const name of SHARED) this.cleanup.watchModel(model, `change:${name}`, () => this.pull());
    this.cleanup.watchModel(model, "change:problem", () => this.onProblem());
    this.pull(true);
  }

  // --- the state and its changes ---

  pull(first = false) {
    if (this.writing) return;
    const taken = Object.fromEntries(SHARED.map((name) => [name, this.model.get(name)]));
    const take = () => this.settleState({ ...this.state, ...taken }, first);
    if (first) take();
    else this.banner.guard(take);
  }

  settleState(next, first = false) {
    const before = this.state;
    const { example } = next;
    if (next.numbers?.revision !== example.revision) next.numbers = computeJacobian(example);
    if (!before || before.example !== example || before.numbers !== next.numbers) {
      next.names = namesOf(example);
      next.columns = next.names.columns.length;
      const { numbers } = next;
      next.limits = { x: magnitude(example.x), w: magnitude(example.w ?? []), y: magnitude(numbers.y) };
      next.limits.upstream = magnitude(example.upstream);
      next.limits.J = magnitude(numbers.J);
      next.limits.result = magnitude(numbers.explicit);
    }
    const cells = next.names.rows.length * next.columns;
    next.cell = Math.max(0, Math.min(cells - 1, next.cell));
    next.secret = next.predict && !next.revealed;
    this.state = next;
    const shapes = [example.x, example.w ?? [], example.upstream].map(shapeOf);
    const layout = JSON.stringify([example.kind, example.wrt, next.mode, shapes]);
    if (layout !== this.layout) {
      this.layout = layout;
      this.rebuild();
    }
    if (!before || SHARED.some((name) => name !== "cell" && before[name] !== next[name])) this.controls.set(next);
    if (first) this.redraw.flush();
    else this.redraw.ask();
  }

  update(changes, { save = true } = {}) {
    const went = this.banner.guard(() => {
      const changed = changes();
      const next = { ...this.state, ...changed };
      if (changed.example) {
        next.example = checkExample({ ...changed.example, revision: this.state.example.revision + 1 });
        Object.assign(next, { marks: [], revealed: false, preset: changed.preset ?? "" });
      }
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
    const mode = this.state.mode === "memory" ? "pattern" : this.state.mode;
    this.update(() => ({ example, preset: name, cell: 0, mode }));
  }

  /** The same function and numbers, by the other input: the preset that this is, or the learner's own example. */
  by(wrt) {
    const text = ({ kind, x, w, stride, upstream }) => JSON.stringify([kind, x, w, stride, upstream]);
    const { example } = this.state;
    const found = this.library.find((preset) => preset.example.wrt === wrt && text(preset.example) === text(example));
    this.update(() => ({ example: { ...example, wrt }, preset: found?.name ?? "", cell: 0 }));
  }

  type(grid, index, text) {
    const value = parseNumber(text);
    const { example } = this.state;
    const shape = shapeOf(example[grid]);
    this.update(() => {
      if (Number.isNaN(value)) {
        const at = shape.length < 2 ? index : `${Math.floor(index / shape[1])}, ${index % shape[1]}`;
        throw new Refused(`${grid}[${at}]: expected a number, got “${text}”; the last number stays`);
      }
      const flat = example[grid].flat();
      flat[index] = value;
      return { example: { ...example, [grid]: shaped(flat, shape) } };
    });
  }

  // --- the pattern, and moving ---

  /** A cell was pressed: in the pattern it is marked or unmarked, and what comes under the pointer next likewise. */
  pressed(index) {
    if (this.state.mode !== "pattern" || this.state.revealed) {
      this.move(index, false);
      return false;
    }
    const on = !this.state.marks.includes(index);
    this.mark(index, on, false);
    return on;
  }

  dragged(index, on) {
    if (this.state.mode === "pattern" && !this.state.revealed) this.mark(index, on, false);
    else this.move(index, false);
  }

  mark(index, on, save) {
    if (this.state.revealed) return;
    const marks = this.state.marks.filter((cell) => cell !== index);
    if (on) marks.push(index);
    this.update(() => ({ marks: marks.sort((a, b) => a - b), cell: index }), { save });
    if (save) this.announcer.say(on ? "marked" : "mark taken away");
  }

  reveal() {
    this.update(() => ({ revealed: true }));
    this.announcer.say(scoreText(this.state));
  }

  move(index, settle) {
    if (this.player.playing) (this.player.pause(true), this.bar.setPlaying(false));
    this.update(() => ({ cell: index }), { save: false });
    if (settle) this.settle();
  }

  toRow(row, settle) {
    const { cell, columns, names } = this.state;
    const inside = Math.max(0, Math.min(names.rows.length - 1, row));
    this.move(inside * columns + (cell % columns), settle);
  }

  settle() {
    this.model.save_changes();
    this.announcer.say(jacobianStepText(this.state));
  }

  advance(steps) {
    const { cell, columns, names } = this.state;
    const row = Math.floor(cell / columns);
    const goal = Math.min(names.rows.length - 1, row + steps);
    if (goal === row) return false;
    this.update(() => ({ cell: goal * columns + (cell % columns) }), { save: false });
    return goal < names.rows.length - 1;
  }

  onPlaying(playing) {
    const { cell, columns, names } = this.state;
    if (playing && Math.floor(cell / columns) === names.rows.length - 1)
      this.update(() => ({ cell: 0 }), { save: false });
    this.bar.setPlaying(playing);
    if (playing) this.announcer.say("playing");
    else this.settle();
  }

  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || typesInto(event.target)) return;
    if (this.state.mode !== "product") return;
    const row = Math.floor(this.state.cell / this.state.columns);
    const plain = !event.target.matches("input");
    const goal = {
      "[": row - 1,
      "]": row + 1,
      ...(plain && { Home: 0, End: this.state.names.rows.length - 1 }),
    }[event.key];
    if (goal !== undefined) this.toRow(goal, true);
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

  rebuild() {
    if (!this.state) return;
    const { state } = this;
    const memory = state.mode === "memory";
    this.shown.hidden = memory;
    this.memory.element.hidden = !memory;
    this.bar.element.hidden = state.mode !== "product";
    if (!memory) {
      const focus =
        document.activeElement?.classList.contains("cw-jcell") && this.root.contains(document.activeElement);
      this.panels.build(state);
      this.table.build({ ...state, letters: [outputLetter(state.example), state.example.wrt] });
      if (focus) (this.table.rove(state.cell), this.table.cells[state.cell].focus({ preventScroll: true }));
    }
    this.redraw.ask();
  }

  draw() {
    const { state } = this;
    if (state.mode === "memory") {
      this.memory.paint(state);
      return;
    }
    const [n, m] = [Math.floor(state.cell / state.columns), state.cell % state.columns];
    this.panels.paint(state, this.framed(n, m));
    this.table.paint(state);
    if (state.mode === "product") this.bar.set(n, state.names.rows.length, jacobianStepText(this.state));
    this.help.textContent = {
      pattern:
        "Click or drag over cells, or move with the arrow keys and press Space. To change a number, type it into its map.",
      values: "Click a cell, or move with the arrow keys: the numbers that it ties together are framed.",
      product:
        "Click a row, or step with [ and ], Home and End; Space plays. To change a number, type it into its map.",
    }[state.mode];
    this.words.paint(state);
  }

  /** Which numbers of the maps the present cell or row is about. */
  framed(n, m) {
    const { example, mode, numbers, secret } = this.state;
    const one = (index, kind) => ({ [index]: kind });
    if (mode === "product") {
      if (secret) return {};
      const { uses } = implicitOf(example, numbers, n);
      const all = (indices) => Object.fromEntries(indices.map((index) => [index, "cw-tap"]));
      const marks = Object.fromEntries(Object.entries(uses).map(([name, indices]) => [name, all(indices)]));
      return { ...marks, result: one(n, "cw-current") };
    }
    const marks = { y: one(m, "cw-current") };
    const source = sourceOf(example, n, m);
    if (mode === "values" && !secret && source.grid) marks[source.grid] = one(source.index, "cw-source");
    marks[example.wrt] = { ...marks[example.wrt], [n]: "cw-current" };
    return marks;
  }
}

export default { render: (shown) => renderView(JacobianViewView, shown) };
