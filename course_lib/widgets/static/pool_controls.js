// The controls of PoolRoutes: example, mode, window, sizes, and the keys to step and play.

import { h, parseNumber, Refused } from "./common.js";
import { choices, field, stepBar } from "./controls.js";
import { checkBox, presetMenu } from "./stated.js";

const SPEEDS = [1, 2, 4, 10];

/** All controls: `top` above the maps, `bottom` below; set(state) shows a state. */
export function makePoolControls(actions) {
  const update = (changes) => actions.update(() => changes(actions.state()));
  const example = (changes) => update((state) => ({ example: { ...state.example, ...changes(state.example) } }));
  const menu = presetMenu(actions.library(), (name) => actions.update(() => actions.choose(name)));
  const mode = choices(
    "mode",
    [
      ["forward", "forward"],
      ["backward", "backward"],
    ],
    (value) => update(() => ({ mode: value, step: 0 })),
  );
  const view = choices(
    "view",
    [
      ["scatter", "scatter"],
      ["gather", "gather"],
    ],
    (value) => update(() => ({ view: value, step: 0 })),
  );
  const kind = choices(
    "kind",
    [
      ["max", "max"],
      ["average", "average"],
    ],
    (value) => example(() => ({ kind: value })),
  );
  const ties = choices(
    "ties",
    [
      ["first", "first"],
      ["all", "all"],
    ],
    (value) => example(() => ({ ties: value })),
  );
  const options = ["size", "stride", "pad"].map((name) => {
    const least = name === "pad" ? 0 : 1;
    const set = (pairOf) =>
      example((now) => ({ [name]: now.ndim === 1 ? [least, pairOf(now[name])[1]] : pairOf(now[name]) }));
    const made = field(name === "size" ? "window" : name, {
      title: `${name}: one whole number, or two for rows and columns`,
      onCommit: (text) => set(() => pairFrom(name, text)),
      onNudge: (by) => set((pair) => pair.map((value) => Math.max(least, value + by))),
    });
    return [name, made];
  });
  const image = field("image", {
    class: "cw-wide",
    title: "rows × columns; new cells repeat what is there",
    onCommit: (text) => example((now) => ({ image: resize(now.image, sizeFrom(text, now)) })),
  });
  const predict = checkBox("predict first", (on) => update(() => ({ predict: on })));
  const whole = checkBox("whole result", (on) => update(() => ({ whole: on })));

  const steps = stepBar(actions, { speeds: SPEEDS });
  const top = h(
    "div",
    { class: "cw-controls" },
    h("div", { class: "cw-bar" }, menu.element, mode.element, view.element),
    menu.note,
    h(
      "div",
      { class: "cw-bar" },
      kind.element,
      ties.element,
      ...options.map(([, made]) => made.element),
      image.element,
      predict.element,
      whole.element,
    ),
  );
  return {
    top,
    bottom: steps.element,
    rate: steps.rate,
    setPlaying: steps.setPlaying,
    setStep: (state, text) => steps.set(state.step, state.steps, text),
    set(state) {
      const { example: now, predict: predicting } = state;
      menu.set(state.preset);
      mode.set(state.mode);
      view.set(state.view, (value) => !(predicting && value === "scatter"));
      view.element.hidden = state.mode !== "backward";
      kind.set(now.kind);
      ties.set(now.ties);
      ties.element.hidden = now.kind !== "max";
      for (const [name, made] of options)
        made.set(now.ndim === 1 || now[name][0] === now[name][1] ? String(now[name][1]) : now[name].join(", "));
      image.set(now.ndim === 1 ? String(now.image[0].length) : `${now.image.length}×${now.image[0].length}`);
      predict.set(predicting);
      const gathers = state.mode === "backward" && state.view === "gather";
      whole.set(state.whole, !predicting && !gathers);
    },
  };
}

function resize(image, [height, width]) {
  const column = (row, j) => row[j % row.length];
  return Array.from({ length: height }, (_, i) =>
    Array.from({ length: width }, (_, j) => column(image[i % image.length], j)),
  );
}

function partsOf(text) {
  return text
    .split(/[,;×x\s]+/)
    .filter(Boolean)
    .map(parseNumber);
}

function pairFrom(name, text) {
  const values = partsOf(text);
  if (![1, 2].includes(values.length) || !values.every(Number.isInteger)) {
    throw new Refused(`${name}: expected one whole number, or two for rows and columns, got “${text}”`);
  }
  return [values[0], values.at(-1)];
}

function sizeFrom(text, { ndim }) {
  const values = partsOf(text);
  if (values.length !== ndim || !values.every((value) => Number.isInteger(value) && value >= 1 && value <= 99))
    throw new Refused(`image: expected ${ndim === 1 ? "one whole number" : "rows × columns"}, got “${text}”`);
  return ndim === 1 ? [1, ...values] : values;
}
