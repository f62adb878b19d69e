// The controls of GraphStepper: which graph, mode, element of arrays, upstream gradient, predict first, steps.

import { formatNumber, h } from "./common.js";
import { choices, field, stepBar } from "./controls.js";

export function makeControls(actions) {
  const preset = h(
    "select",
    { onchange: () => preset.value && actions.choose(preset.value) },
    h("option", { value: "" }, "your own graph"),
    ...actions.library().map(({ name, title }) => h("option", { value: name }, title)),
  );
  const mode = choices(
    "mode",
    [
      ["forward", "forward"],
      ["backward", "backward"],
      ["both", "both"],
    ],
    (value) => actions.update(() => ({ mode: value, step: 0 })),
  );
  const predict = h("input", {
    type: "checkbox",
    onchange: () => actions.update(() => ({ predict: predict.checked })),
  });
  const predicting = h("label", { class: "cw-check" }, predict, h("span", {}, "predict first"));
  const upstream = field("upstream", {
    onCommit: (text) => actions.type("upstream", text),
    onNudge: (by) => actions.nudge("upstream", by),
    title: "the gradient that the output itself receives: 1 where it is the loss",
  });
  const element = h("select", { onchange: () => actions.update(() => ({ element: Number(element.value) })) });
  const elements = h("label", { class: "cw-field" }, h("span", {}, "element"), element);
  const note = h("p", { class: "cw-note-line" });
  const bar = stepBar(actions);
  return {
    top: h(
      "div",
      { class: "cw-controls" },
      h(
        "div",
        { class: "cw-bar" },
        h("label", { class: "cw-field" }, h("span", {}, "graph"), preset),
        mode.element,
        predicting,
        upstream.element,
        elements,
      ),
      note,
    ),
    bar,
    set(state) {
      preset.value = state.preset;
      note.textContent = actions.library().find(({ name }) => name === state.preset)?.note ?? "";
      note.hidden = !note.textContent;
      mode.set(state.mode);
      predict.checked = state.predict;
      upstream.set(formatNumber(state.example.upstream[state.element]));
      upstream.element.hidden = predicting.hidden = state.mode === "forward";
      elements.hidden = state.example.shape.length === 0;
      if (!elements.hidden && element.options.length !== state.example.upstream.length) {
        element.replaceChildren(
          ...state.example.upstream.map((_, e) => h("option", { value: e }, `[${indexOf(e, state.example.shape)}]`)),
        );
      }
      if (!elements.hidden) element.value = state.element;
    },
  };
}

/** "1, 2": the index of the e-th element of an array of this shape. */
function indexOf(e, shape) {
  const index = [];
  for (const size of [...shape].reverse()) {
    index.unshift(e % size);
    e = Math.floor(e / size);
  }
  return index.join(", ");
}
