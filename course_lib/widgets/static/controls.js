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

/**
 * Buttons, a slider and a speed to walk through steps: actions are step(to), drag(to), settle(), toggle(); `now()` gives
 * the present step and `count()` how many there are.
 */
export function stepBar(actions, { speeds = [0.5, 1, 2, 4], speed = 1 } = {}) {
  const button = (label, title, onclick) => h("button", { type: "button", class: "cw-button", title, onclick }, label);
  const play = button("Play", "Space", actions.toggle);
  const slider = h("input", {
    type: "range",
    min: "0",
    class: "cw-slider",
    "aria-label": "step",
    oninput: () => actions.drag(Number(slider.value)),
    onchange: actions.settle,
  });
  const count = h("span", { class: "cw-count" });
  const rate = h(
    "select",
    { "aria-label": "speed" },
    ...speeds.map((r) => h("option", { value: r, selected: r === speed }, `${r} a second`)),
  );
  return {
    element: h(
      "div",
      { class: "cw-bar cw-transport", role: "group", "aria-label": "steps" },
      button("First", "the first step (Home)", () => actions.step(0)),
      button("Back", "key [", () => actions.step(actions.now() - 1)),
      play,
      button("Next", "key ]", () => actions.step(actions.now() + 1)),
      button("Last", "the last step (End)", () => actions.step(actions.count() - 1)),
      slider,
      count,
      rate,
    ),
    rate: () => Number(rate.value),
    setPlaying(playing) {
      play.textContent = playing ? "Pause" : "Play";
    },
    set(step, steps, text) {
      slider.max = steps - 1;
      slider.value = step;
      slider.setAttribute("aria-valuetext", text);
      count.textContent = `step ${step + 1} of ${steps}`;
    },
  };
}
