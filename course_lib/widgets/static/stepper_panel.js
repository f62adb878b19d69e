// What is multiplied with what in the present step: a line of numbers forward, a table of products backward.

import { formatNumber, h } from "./common.js";
import {
  formulaOf,
  gradientName,
  inBrackets,
  inputName,
  keptBy,
  localFormula,
  outputName,
  patternOf,
  reachesOutput,
  shareName,
} from "./stepper_words.js";

export class Panel {
  constructor(actions) {
    this.actions = actions;
    this.element = h("section", { class: "cw-work", "aria-label": "this step" });
  }

  paint(state) {
    const { scene, example, step, guesses, numbers } = state;
    const key = JSON.stringify([
      example.revision,
      state.element,
      state.mode,
      step,
      scene.riddles,
      guesses,
      state.predict,
    ]);
    if (key === this.key && numbers === this.numbers) return;
    this.numbers = numbers;
    this.key = key;
    const typing = this.element.contains(document.activeElement);
    const { phase, node } = scene;
    const parts = {
      start: () => [
        h("p", { class: "cw-line" }, "The inputs are known."),
        h(
          "p",
          { class: "cw-note-line" },
          "Each gate computes its value from the values on its left. Change a number: all follows.",
        ),
      ],
      forward: () => this.forward(state, example.nodes[node]),
      seed: () => [
        h(
          "p",
          { class: "cw-line" },
          `${gradientName(example, node)} = `,
          chip("cw-upstream", formatNumber(numbers.gradients[node])),
        ),
        h(
          "p",
          { class: "cw-note-line" },
          `The way back starts at the output ${outputName(example)}. This is the upstream gradient of the last gate.`,
        ),
      ],
      backward: () => this.backward(state, node),
    }[phase]();
    this.element.classList.toggle("cw-short", state.mode === "forward");
    this.element.replaceChildren(...parts);
    if (typing) (this.element.querySelector("input") ?? this.actions.gate())?.focus({ preventScroll: true });
  }

  forward({ example, numbers }, node) {
    const names = node.inputs.map((source) => example.nodes[source].name);
    const xs = node.inputs.map((source) => inBrackets(numbers.values[source]));
    const value = formatNumber(numbers.values[example.nodes.indexOf(node)]);
    return [
      h(
        "p",
        { class: "cw-line" },
        `${node.name} = ${formulaOf(node, names)} = ${formulaOf(node, xs)} = `,
        chip("cw-result", value),
      ),
      h("p", { class: "cw-note-line" }, keptBy(node)),
    ];
  }

  backward(state, handle) {
    const { example, numbers, scene, wires } = state;
    const node = example.nodes[handle];
    const names = node.inputs.map((source) => example.nodes[source].name);
    const upstream = scene.nodes[handle].state === "known" ? formatNumber(numbers.gradients[handle]) : "?";
    const rows = wires.flatMap(({ reader, source, port }, w) => {
      if (reader !== handle) return [];
      const local = numbers.locals[handle][port];
      const formula = localFormula(example, handle, port);
      return [
        h(
          "tr",
          {},
          h("th", { scope: "row" }, shareName(example, w)),
          h("td", {}, "="),
          h("td", {}, chip("cw-upstream", upstream)),
          h("td", {}, "×"),
          h("td", {}, chip("cw-local", formatNumber(local))),
          h("td", {}, "="),
          h("td", {}, this.answer(state, `wire ${w}`, numbers.shares[handle][port], shareName(example, w))),
          h(
            "td",
            { class: "cw-why" },
            `∂(${formulaOf(node, names)})/∂${inputName(example, handle, port)} = ${formula ? `${formula} = ` : ""}${formatNumber(local)}`,
            this.disagrees(state, handle, port),
          ),
        ),
      ];
    });
    const sources = [...new Set(node.inputs)].filter((source) => scene.nodes[source].terms.length > 1);
    return [
      h(
        "p",
        {},
        h("strong", { class: "cw-gate-formula" }, `${node.name} = ${formulaOf(node, names)}`),
        reachesOutput(example, handle)
          ? patternOf(node)
          : `${outputName(example)} does not depend on ${node.name}: its upstream gradient is 0.`,
      ),
      h(
        "table",
        { class: "cw-products" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("td", { colspan: "2" }),
            h("th", { scope: "col" }, `upstream ${gradientName(example, handle)}`),
            h("td"),
            h("th", { scope: "col" }, "local"),
            h("td"),
            h("th", { scope: "col" }, "product"),
            h("th", { scope: "col", class: "cw-why" }, "the local gradient"),
          ),
        ),
        h("tbody", {}, ...rows),
      ),
      ...sources.map((source) => this.sum(state, source)),
      scene.riddles.length
        ? h(
            "p",
            { class: "cw-bar" },
            h(
              "span",
              { class: "cw-note-line" },
              upstream === "?"
                ? `${gradientName(example, handle)} is still hidden: go back to the step that gives it.`
                : "Work it out and type it; two digits are enough.",
            ),
            h("button", { type: "button", class: "cw-button", onclick: () => this.actions.show() }, "Show it"),
          )
        : null,
    ].filter(Boolean);
  }

  /** What a node of one's own handed back, where it is not upstream × local. */
  disagrees({ numbers, example, scene }, handle, port) {
    if (!example.nodes[handle].own || scene.nodes[handle].state !== "known") return null;
    const product = numbers.gradients[handle] * numbers.locals[handle][port];
    const share = numbers.shares[handle][port];
    if (Math.abs(product - share) <= 1e-9 * Math.max(1, Math.abs(product))) return null;
    return h("span", { class: "cw-bad" }, ` ⚠ backward returned ${formatNumber(share)}, which is not upstream × local`);
  }

  /** The gradients of a node that is read more than once, as they add up. */
  sum(state, source) {
    const { example, numbers, scene, wires } = state;
    const { terms, state: known } = scene.nodes[source];
    const line = h("p", { class: "cw-line cw-adds" }, `${gradientName(example, source)} = `);
    for (const [i, w] of terms.entries()) {
      const { reader, port } = wires[w];
      const status = scene.wires[w].state;
      const text = { none: "☐", hidden: "?", known: inBrackets(numbers.shares[reader][port]) }[status];
      line.append(
        i ? " + " : "",
        h(
          "span",
          { class: `cw-term ${status === "none" ? "cw-pending" : ""} ${reader === scene.node ? "cw-now" : ""}` },
          text,
          h("small", {}, `from ${example.nodes[reader].name}`),
        ),
      );
    }
    const whole = known === "known" || known === "hidden";
    if (whole)
      line.append(
        " = ",
        this.answer(state, `node ${source}`, numbers.gradients[source], gradientName(example, source)),
      );
    const name = example.nodes[source].name;
    line.append(h("span", { class: "cw-why" }, whole ? `${name} is used ${terms.length} times: what comes back adds up.` : `${name} is used ${terms.length} times: more is to come.`)); // prettier-ignore
    return line;
  }

  /** A product or a sum: as a number, or as a field to type it into. */
  answer({ scene, guesses, predict }, key, value, name) {
    const guess = predict ? guesses[key] : undefined;
    if (!scene.riddles.includes(key)) {
      const shown = chip("cw-result", formatNumber(value));
      return guess?.right ? h("span", {}, shown, h("span", { class: "cw-good" }, " ✓")) : shown;
    }
    const input = h("input", {
      type: "text",
      class: "cw-guess",
      "aria-label": name,
      placeholder: "?",
      autocomplete: "off",
    });
    const commit = () => input.value.trim() && this.actions.guess(key, input.value, name);
    input.addEventListener("keydown", (event) => event.key === "Enter" && commit());
    input.addEventListener("blur", (event) => this.element.isConnected && !event.relatedTarget?.matches(".cw-button") && input.isConnected && commit()); // prettier-ignore
    const wrong =
      guess &&
      h(
        "span",
        { class: "cw-bad" },
        ` ✗ ${formatNumber(guess.typed)} is too ${guess.typed < value ? "small" : "large"}`,
      );
    return h("span", {}, input, wrong);
  }
}

/** A number in the frame that says what it is: upstream, local or result. */
function chip(kind, text) {
  return h("span", { class: `cw-chip ${kind}` }, text);
}
