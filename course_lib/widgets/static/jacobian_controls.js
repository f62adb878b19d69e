// The controls of JacobianView: which function, by which input, mode, stride, predict first.

import { h, parseNumber, Refused } from "./common.js";
import { choices, field } from "./controls.js";

const MODES = [
  ["pattern", "1 pattern"],
  ["values", "2 values"],
  ["product", "3 product"],
  ["memory", "4 memory"],
];

export function makeJacobianControls(actions) {
  const preset = h(
    "select",
    { onchange: () => preset.value && actions.choose(preset.value) },
    h("option", { value: "" }, "your own numbers"),
    ...actions.library().map(({ name, title }) => h("option", { value: name }, title)),
  );
  const mode = choices("step", MODES, (value) => actions.update(() => ({ mode: value })));
  const wrt = choices("by", [["x", "x"], ["w", "w"]], (value) => actions.by(value)); // prettier-ignore
  const stride = field("stride", {
    onCommit: (text) => actions.update(() => strideFrom(actions.state().example, text)),
    onNudge: (by) =>
      actions.update(() => strideFrom(actions.state().example, String(actions.state().example.stride + by))),
  });
  const check = h("input", {
    type: "checkbox",
    onchange: () => actions.update(() => ({ predict: check.checked })),
  });
  const predict = h("label", { class: "cw-check" }, check, h("span", {}, "predict first"));
  const note = h("p", { class: "cw-note-line" });
  return {
    element: h(
      "div",
      { class: "cw-controls" },
      h(
        "div",
        { class: "cw-bar" },
        h("label", { class: "cw-field" }, h("span", {}, "function"), preset),
        wrt.element,
        stride.element,
        predict,
      ),
      mode.element,
      note,
    ),
    set(state) {
      const { kind } = state.example;
      preset.value = state.preset;
      note.textContent = actions.library().find(({ name }) => name === state.preset)?.note ?? "";
      note.hidden = !note.textContent || state.mode === "memory";
      mode.set(state.mode);
      wrt.set(state.example.wrt);
      wrt.element.hidden = !["matmul", "conv1d"].includes(kind) || state.mode === "memory";
      stride.set(String(state.example.stride));
      stride.element.hidden = kind !== "conv1d" || state.mode === "memory";
      check.checked = state.predict;
      predict.hidden = state.mode === "memory";
    },
  };
}

function strideFrom(example, text) {
  const stride = parseNumber(text);
  if (Number.isNaN(stride)) throw new Refused(`stride: expected a whole number from 1 to 8, got “${text}”`);
  return { example: { ...example, stride } };
}
