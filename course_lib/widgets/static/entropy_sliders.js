// CrossEntropySliders in the browser: scores that move, and what softmax, the loss and its gradient make of them.

import { formatNumber, h, parseNumber, Refused, renderView } from "./common.js";
import { typesInto } from "./controls.js";
import { Curve } from "./entropy_curve.js";
import { checkExample, computeNumbers } from "./entropy_numbers.js";
import { Rows, signed } from "./entropy_rows.js";
import { checkBox, presetMenu, StateView } from "./stated.js";

const SHARED = ["example", "numbers", "predict", "guesses", "steps", "preset"];
const RATE = 1; // of the button's gradient step

class EntropyView extends StateView {
  constructor(model, el) {
    super(model, el, {
      kind: "cw-entropy",
      label: "Softmax and cross-entropy",
      shared: SHARED,
      forgets: { preset: "" },
    });
    this.looked = model.get("example").target; // whose row the words are about
    this.menu = presetMenu(this.library, (name) =>
      this.update(() => {
        const chosen = this.choose(name);
        this.looked = chosen.example.target;
        return { steps: name === "A-ce5/shift", predict: false, guesses: {}, ...chosen };
      }),
    );
    this.predict = checkBox("predict first", (on) => this.update(() => ({ predict: on, guesses: {} })));
    this.steps = checkBox("steps of softmax", (on) => this.update(() => ({ steps: on })));
    this.rows = new Rows(this.theme, {
      target: (k) => this.choiceOf(k),
      drag: (k, score) => this.move(k, score, false),
      settle: (k) => this.rest(k),
      nudge: (k, by) => this.move(k, this.state.example.scores[k] + by, true),
      type: (k, text) => this.type(k, text),
      guess: (k, up) => this.guess(k, up),
      look: (k) => this.look(k),
    });
    this.curve = new Curve();
    this.loss = h("p", { class: "cw-loss" });
    this.words = h("p", { class: "cw-words" });
    this.warning = h("p", { class: "cw-warn" });
    const descend = () => this.descend();
    this.root.append(
      h(
        "div",
        { class: "cw-controls" },
        h("div", { class: "cw-bar" }, this.menu.element, this.predict.element, this.steps.element),
        this.menu.note,
      ),
      this.banner.element,
      h("div", { class: "cw-scroll" }, this.rows.element),
      h(
        "div",
        { class: "cw-result" },
        this.curve.element,
        h(
          "div",
          { class: "cw-stack" },
          this.loss,
          this.words,
          this.warning,
          h(
            "div",
            { class: "cw-bar" },
            h(
              "button",
              { type: "button", class: "cw-button", title: "key s", onclick: descend },
              "Step down: s ← s − ∂L/∂s",
            ),
          ),
        ),
      ),
      h(
        "p",
        { class: "cw-help" },
        "Drag a slider, or move it with the arrow keys by 0.1, with Page up and Page down by 1, with Home and End to its ends; " +
          "or type a score. The round buttons choose the target; the key s takes a step down.",
      ),
      this.announcer.element,
    );
    this.cleanup.listen(this.root, "keydown", (event) => this.onKey(event));
    this.start();
  }

  check(example) {
    return checkExample(example);
  }

  compute(example) {
    return computeNumbers(example);
  }

  derive() {}

  layoutKey({ example, steps }) {
    return JSON.stringify([example.names, steps]);
  }

  build(state) {
    this.rows.build(state);
    this.looked = Math.min(this.looked, state.example.names.length - 1);
  }

  show({ preset, predict, steps }) {
    this.menu.set(preset);
    this.predict.set(predict);
    this.steps.set(steps);
  }

  draw() {
    const { example, numbers } = this.state;
    const { names, scores, target } = example;
    this.rows.paint(this.state);
    this.curve.paint(numbers, target, names.length);
    this.loss.textContent = `L = −log p(${names[target]}) = −log ${formatNumber(numbers.p[target])} = ${formatNumber(numbers.loss)}`;
    this.words.textContent = this.wordsOf(this.looked);
    const most = formatNumber(Math.max(...scores));
    this.warning.textContent = numbers.overflows
      ? `e^${most} is more than the largest float64, 1.8e308 ≈ e^709.8: without the shift, ∞ / ∞ = NaN. Less the largest score, ${most}, p is the same.`
      : "";
    this.warning.hidden = !numbers.overflows;
  }

  /** What moving a score does to the loss, in words. */
  wordsOf(k) {
    const { example, numbers, predict, guesses } = this.state;
    const { names, target } = example;
    const guess = guesses[`${target}:${k}`];
    if (predict && !guess)
      return "When this class’s score rises a little: does the loss rise or fall? Choose in each row.";
    const gradient = numbers.gradient[k];
    const formula = k === target ? `p − 1 = ${signed(gradient)}` : `p − 0 = ${signed(gradient)}`;
    const verdict = predict ? (guess.right ? "✓ Right. " : "✗ No. ") : "";
    const way = gradient < 0 ? "lowers" : gradient > 0 ? "raises" : "does not change";
    return `${verdict}Raising the score of ${names[k]}${k === target ? ", the target," : ""} ${way} the loss: ${formula}.`;
  }

  // --- changes ---

  /** Take over scores or a target; the guesses stay, for the sign of p − y depends on the target alone. */
  put(entries, save) {
    return this.update(() => ({ example: { ...this.state.example, ...entries } }), { save });
  }

  /** To a score on the slider; `exact` takes it as it is, and the slider grows with it. */
  move(k, score, settle, exact = false) {
    this.looked = k;
    const { low, high } = this.state.example;
    const inside = exact ? score : Math.max(low, Math.min(high, round(score)));
    if (inside !== this.state.example.scores[k])
      this.put({ scores: this.state.example.scores.map((s, i) => (i === k ? inside : s)) }, false);
    if (settle) this.rest(k);
  }

  rest(k) {
    this.model.save_changes();
    const { example, numbers } = this.state;
    this.announcer.say(
      `${example.names[k]} ${formatNumber(example.scores[k])}, p ${formatNumber(numbers.p[k], 3)}; loss ${formatNumber(numbers.loss)}`,
    );
  }

  type(k, text) {
    const score = parseNumber(text);
    if (Number.isNaN(score)) {
      const refuse = () => {
        throw new Refused(
          `score of ${this.state.example.names[k]}: expected a number, got “${text}”; the last one stays`,
        );
      };
      this.update(refuse);
    } else this.move(k, score, true, true);
  }

  choiceOf(k) {
    this.looked = k;
    this.put({ target: k }, true);
    const { example, numbers } = this.state;
    this.announcer.say(`target ${example.names[k]}; loss ${formatNumber(numbers.loss)}`);
  }

  guess(k, up) {
    const { example, numbers, guesses } = this.state;
    const right = up === numbers.gradient[k] > 0;
    this.looked = k;
    this.update(() => ({ guesses: { ...guesses, [`${example.target}:${k}`]: { rises: up, right } } }));
    this.redraw.flush();
    this.rows.rows[k].slider.focus({ preventScroll: true }); // the buttons are gone
    this.announcer.say(this.wordsOf(k));
  }

  look(k) {
    if (this.looked === k) return;
    this.looked = k;
    this.redraw.ask();
  }

  /** One step of gradient descent on the scores themselves. */
  descend() {
    const { example, numbers } = this.state;
    this.put({ scores: example.scores.map((s, k) => round(s - RATE * numbers.gradient[k])) }, true);
    this.announcer.say(`a step down: loss ${formatNumber(this.state.numbers.loss)}`);
  }

  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || typesInto(event.target)) return;
    if (event.key !== "s") return;
    event.preventDefault();
    this.descend();
  }
}

/** To thousandths: a score that was dragged can then be read, and computed with by hand. */
function round(score) {
  return Math.round(score * 1000) / 1000;
}

export default { render: (shown) => renderView(EntropyView, shown) };
