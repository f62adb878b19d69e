// The table of CrossEntropySliders: one row a class, with its score, its probability and its gradient.

import { formatNumber, h, MINUS, newId } from "./common.js";
import { field } from "./controls.js";

const KEYS = { ArrowLeft: -0.1, ArrowDown: -0.1, ArrowRight: 0.1, ArrowUp: 0.1, PageDown: -1, PageUp: 1 };

/** A number with its sign, as gradients are printed. */
export function signed(value) {
  const text = formatNumber(value);
  return text === "0" || text.startsWith(MINUS) ? text : `+${text}`;
}

export class Rows {
  constructor(theme, actions) {
    Object.assign(this, { theme, actions });
    this.element = h("table", { class: "cw-classes" });
  }

  /** Build anew: other classes, or other columns. */
  build({ example, steps }) {
    const radioName = newId("target");
    const head = [
      "class, ● target",
      "score s",
      "",
      ...(steps ? ["s − max", "e^(s − max)"] : []),
      "p = softmax(s)",
      "∂L/∂s = p − y",
    ];
    this.rows = example.names.map((name, k) => this.makeRow(name, k, radioName, steps));
    this.foot = steps ? h("tr", { class: "cw-foot" }) : null;
    this.element.replaceChildren(
      h("thead", {}, h("tr", {}, ...head.map((text) => h(text ? "th" : "td", text ? { scope: "col" } : {}, text)))),
      h("tbody", {}, ...this.rows.map((row) => row.element), this.foot),
    );
  }

  makeRow(name, k, radioName, steps) {
    const { actions } = this;
    const radio = h("input", {
      type: "radio",
      name: radioName,
      "aria-label": `target: ${name}`,
      onchange: () => actions.target(k),
    });
    const slider = h("input", {
      type: "range",
      class: "cw-slider",
      "aria-label": `score of ${name}`,
      oninput: () => actions.drag(k, Number(slider.value)),
      onchange: () => actions.settle(k),
      onfocus: () => actions.look(k),
      onkeydown: (event) => {
        const by = KEYS[event.key];
        if (by === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
        event.preventDefault();
        actions.nudge(k, by);
      },
    });
    const score = field("", {
      "aria-label": `score of ${name}, as a number`,
      onCommit: (text) => actions.type(k, text),
      onNudge: (by) => actions.nudge(k, 0.1 * by),
    });
    score.element.firstChild.remove(); // no visible label: the row has one
    const p = h("div", { class: "cw-p" }, h("div", { class: "cw-fill" }), h("span", {}));
    const gradient = h("div", { class: "cw-grad" }, h("div", { class: "cw-fill" }), h("span", {}));
    const ask = (up, text) =>
      h(
        "button",
        {
          type: "button",
          class: "cw-button",
          "aria-label": `when the score of ${name} rises, the loss ${text}`,
          onclick: () => actions.guess(k, up),
        },
        up ? "L ↑" : "L ↓",
      );
    const question = h("div", { class: "cw-ask" }, h("span", {}, "s ↑ :"), ask(true, "rises"), ask(false, "falls"));
    const verdict = h("span", { class: "cw-mark" });
    const shifted = h("td", { class: "cw-number" });
    const exp = h("td", { class: "cw-number" });
    const element = h(
      "tr",
      {},
      h("th", { scope: "row" }, h("label", {}, radio, h("span", {}, name))),
      h("td", { class: "cw-slide" }, slider),
      h("td", {}, score.element),
      ...(steps ? [shifted, exp] : []),
      h("td", { class: "cw-bar-cell" }, p),
      h("td", { class: "cw-bar-cell" }, gradient, question, verdict),
    );
    return { element, radio, slider, score, p, gradient, question, verdict, shifted, exp };
  }

  paint(state) {
    const { example, numbers, predict, guesses, steps } = state;
    const { scores, target, low, high } = example;
    this.element.classList.toggle("cw-guessing", predict);
    this.element.classList.toggle("cw-stepped", steps);
    for (const [k, row] of this.rows.entries()) {
      const guess = guesses[`${target}:${k}`];
      const hidden = predict && !guess;
      row.element.classList.toggle("cw-target", k === target);
      row.radio.checked = k === target;
      Object.assign(row.slider, { min: low, max: high, step: "any" });
      row.slider.value = scores[k];
      row.slider.disabled = hidden;
      row.slider.setAttribute("aria-valuetext", `${formatNumber(scores[k])}, p ${formatNumber(numbers.p[k], 3)}`);
      row.score.set(formatNumber(scores[k]));
      row.score.input.disabled = hidden;
      row.p.firstChild.style.width = `${100 * numbers.p[k]}%`;
      row.p.lastChild.textContent = formatNumber(numbers.p[k]);
      if (steps) {
        row.shifted.textContent = formatNumber(numbers.shifted[k]);
        row.exp.textContent = formatNumber(numbers.exps[k]);
      }
      row.gradient.hidden = hidden;
      row.question.hidden = !hidden;
      row.verdict.textContent = predict && guess ? (guess.right ? "✓" : "✗") : "";
      row.verdict.className = `cw-mark ${guess?.right ? "cw-good" : "cw-bad"}`;
      this.paintGradient(row.gradient, numbers.gradient[k]);
    }
    if (steps) {
      const sum = h("td", { class: "cw-number" }, `Σ = ${formatNumber(numbers.total)}`);
      this.foot.replaceChildren(
        h("th", { scope: "row" }, "largest"),
        h("td", {}),
        h("td", { class: "cw-number" }, formatNumber(Math.max(...scores))),
        h("td", {}),
        sum,
        h("td", {}, "p = e^(s − max) / Σ"),
        h("td", {}),
      );
    }
  }

  /** A bar from the middle: left and blue below zero, right and orange above, its number with its sign beside it. */
  paintGradient(cell, value) {
    const [bar, text] = cell.children;
    const width = Math.min(1, Math.abs(value)) * 50;
    bar.style.left = value < 0 ? `${50 - width}%` : "50%";
    bar.style.width = `${width}%`;
    bar.style.backgroundColor = this.theme.colour(value < 0 ? -1 : 1, 1).css;
    text.textContent = signed(value);
    text.className = value < 0 ? "cw-from-left" : "cw-from-right";
  }
}
