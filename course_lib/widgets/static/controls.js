// Controls that several widgets have: choices, fields for short text, and whose a key press is.

import { h, newId } from "./common.js";

/** A row of choices of which one holds: radio buttons, so that arrow keys and screen readers know what they are. */
export function choices(legend, options, onChoose) {
  const name = newId("choice");
  const inputs = new Map();
  const element = h("fieldset", { class: "cw-choices" }, h("legend", {}, legend));
  for (const [value, label] of options) {
    const input = h("input", { type: "radio", name, value, onchange: () => onChoose(value) });
    inputs.set(value, input);
    element.append(h("label", {}, input, h("span", {}, label)));
  }
  return {
    element,
    set(value, enabled = () => true) {
      for (const [key, input] of inputs) {
        input.checked = key === value;
        input.disabled = !enabled(key);
      }
    },
  };
}

/** A labelled field: `onCommit(text)` on Enter or when it is left changed, `onNudge(1 or -1)` on arrow up and down. */
export function field(label, { onCommit, onNudge, ...entries }) {
  let shown = "";
  const input = h("input", { type: "text", autocomplete: "off", spellcheck: "false", ...entries });
  const commit = () => {
    if (input.value !== shown) onCommit(input.value);
    input.value = shown; // the value that holds now, which is the former one where the new one was refused
  };
  input.addEventListener("change", commit);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") commit();
    if (event.key === "Escape") input.value = shown;
    if (onNudge && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      event.preventDefault();
      onNudge(event.key === "ArrowUp" ? 1 : -1);
    }
  });
  return {
    element: h("label", { class: "cw-field" }, h("span", {}, label), input),
    input,
    set(text) {
      shown = text;
      if (document.activeElement !== input || onNudge) input.value = text;
    },
  };
}

/** Whether a key press belongs to what has the focus (typing, a menu, a button), and not to the whole widget. */
export function typesInto(target) {
  return target.matches(
    "input:not([type=radio]):not([type=checkbox]):not([type=range]), select, textarea, [contenteditable=true]",
  );
}
