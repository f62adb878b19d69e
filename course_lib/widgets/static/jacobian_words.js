// What JacobianView says below its table: the question, how the prediction went, why a cell is what it is, and one
// gradient twice, with J and without.

import { formatNumber, h } from "./common.js";
import { sizesText } from "./jacobian_memory.js";
import { implicitOf, patternText, whyText } from "./jacobian_terms.js";

/** How the prediction went. */
export function scoreText({ marks, numbers, example }) {
  const marked = new Set(marks);
  const counts = { right: 0, missed: 0, extra: 0 };
  for (const [i, value] of numbers.J.flat().entries()) {
    const there = Math.abs(value) > 1e-12;
    if (there) counts[marked.has(i) ? "right" : "missed"] += 1;
    else if (marked.has(i)) counts.extra += 1;
  }
  const all = counts.right + counts.missed;
  return `✓ ${counts.right} of ${all} found, ○ ${counts.missed} missed, ✗ ${counts.extra} extra. ${patternText(example)}`;
}

/** The present cell, row or comparison for screen readers. */
export function jacobianStepText(state) {
  const { mode, cell, columns, names, numbers, secret, sizes } = state;
  const [n, m] = [Math.floor(cell / columns), cell % columns];
  if (mode === "memory") return sizesText(sizes);
  if (mode === "pattern") return `row ${names.rows[n]}, column ${names.columns[m]}`;
  if (secret) return "hidden until the pattern is revealed";
  if (mode === "values") return whyText(state, n, m);
  const [explicit, implicit] = [numbers.explicit[n], numbers.implicit[n]].map((value) => formatNumber(value));
  return `gradient by ${names.rows[n]}: explicit ${explicit}, implicit ${implicit}`;
}

export class Words {
  constructor(actions) {
    this.actions = actions;
    this.element = h("div", { class: "cw-words" });
  }

  paint(state) {
    const { mode, secret, revealed, marks, cell, numbers } = state;
    const key = JSON.stringify([mode, secret, revealed, marks, cell, numbers]);
    if (key === this.key) return;
    this.key = key;
    const held = this.element.contains(document.activeElement);
    this.element.replaceChildren(...this.parts(state));
    if (held) this.element.querySelector("button")?.focus({ preventScroll: true });
  }

  parts(state) {
    const { mode, secret, revealed, names, marks, cell, columns } = state;
    const { reveal, again, go } = this.actions;
    const [n, m] = [Math.floor(cell / columns), cell % columns];
    const line = (text) => h("p", { class: "cw-line" }, text);
    const button = (text, onclick) => h("button", { type: "button", class: "cw-button", onclick }, text);
    const bar = (...buttons) => h("p", { class: "cw-bar" }, ...buttons);
    if (mode === "pattern" && !revealed) {
      const ask = `Does ${names.columns[m]} move when ${names.rows[n]} does? Mark every cell that is not zero`;
      return [line(`${ask}: ${marks.length} marked.`), bar(button("Reveal", reveal))];
    }
    if (mode === "pattern")
      return [
        line(scoreText(state)),
        bar(
          button("See the values", () => go("values")),
          button("Again", again),
        ),
      ];
    if (secret) {
      const hidden = "The values are hidden: mark in the pattern which cells are not zero, then reveal.";
      return [
        line(hidden),
        bar(
          button("To the pattern", () => go("pattern")),
          button("Reveal", reveal),
        ),
      ];
    }
    return mode === "values" ? [line(whyText(state, n, m))] : productWords(state, n);
  }
}

/** One gradient twice: as a row of J times the upstream gradient, and without J. */
function productWords({ example, numbers, names }, n) {
  const dout = example.upstream.flat();
  const name = `∂L/∂${names.rows[n]}`;
  const factor = (v) => (v < 0 ? `(${formatNumber(v, 3)})` : formatNumber(v, 3));
  const joined = (terms, vain) =>
    terms.flatMap(([a, b], i) => {
      const term = h("span", { class: vain(a) ? "cw-vain" : "" }, `${factor(a)}·${factor(b)}`);
      return i ? [" + ", term] : [term];
    });
  const implicit = implicitOf(example, numbers, n);
  const explicit = numbers.J[n].map((v, m) => [v, dout[m]]);
  const cells = numbers.J.length * dout.length;
  const perRow = numbers.J.map((_, row) => implicitOf(example, numbers, row));
  const products = perRow.reduce((sum, { terms }) => sum + terms.length, perRow[0].extra ?? 0);
  const sum = (label, ...parts) => h("p", { class: "cw-sum" }, h("strong", {}, label), `${name} = `, ...parts);
  return [
    sum("explicit  ", ...joined(explicit, (a) => a === 0), ` = ${formatNumber(numbers.explicit[n])}`),
    implicit.terms.length
      ? sum("implicit  ", ...joined(implicit.terms, () => false), ` = ${formatNumber(numbers.implicit[n])}`)
      : sum("implicit  ", "0: nothing reads it"),
    h("p", { class: "cw-note-line" }, `without J: ${implicit.formula}`),
    h(
      "p",
      { class: "cw-note-line" },
      `Explicit: ${cells} numbers of J to store, ${cells} products. Implicit: no J, ${products} products. Same result.`,
    ),
  ];
}
