// The controls of FilterSlide: example, mode, options, sizes, and the keys to step and play.

import { h, parseNumber, Refused } from "./common.js";
import { choices, field } from "./controls.js";
import { makeArray, shapeOf } from "./filter_numbers.js";

const MODES = [
  ["forward", "forward"],
  ["dx", "∂L/∂x"],
  ["dw", "∂L/∂w"],
  ["matrix", "matrix"],
];
const SPEEDS = [1, 2, 4, 10, 60];

/** All controls: `top` above the maps, `bottom` below; set(state) shows a state. */
export function makeControls(actions) {
  const update = (changes) => actions.update(() => changes(actions.state()));
  const example = (changes) => update((state) => ({ example: { ...state.example, ...changes(state.example) } }));

  const library = actions.library();
  const preset = h(
    "select",
    { onchange: () => preset.value && actions.update(() => actions.choose(preset.value)) },
    h("option", { value: "" }, "your own numbers"),
    ...library.map(({ name, title }) => h("option", { value: name }, title)),
  );
  const mode = choices("mode", MODES, (value) => update(() => ({ mode: value, step: 0 })));
  const view = choices(
    "view",
    [
      ["scatter", "scatter"],
      ["gather", "gather"],
    ],
    (value) => update(() => ({ view: value, step: 0 })),
  );
  const operation = choices(
    "operation",
    [
      ["correlation", "correlation"],
      ["convolution", "convolution"],
    ],
    (value) => example(() => ({ operation: value })),
  );

  const options = ["stride", "pad", "dilation"].map((name) => {
    const least = name === "pad" ? 0 : 1;
    const set = (pairOf) =>
      example((now) => ({ [name]: now.ndim === 1 ? [least, pairOf(now[name])[1]] : pairOf(now[name]) }));
    return [
      name,
      field(name, {
        title: `${name}: one whole number, or two for rows and columns`,
        onCommit: (text) => set(() => pairFrom(name, text)),
        onNudge: (by) => set((pair) => pair.map((value) => Math.max(least, value + by))),
      }),
    ];
  });

  const sizes = [
    [
      "image",
      "rows × columns",
      (now, text) => ({ image: resize(now.image, [now.image.length, ...sizeFrom("image", text, now)]) }),
    ],
    [
      "channels",
      "1 to 4",
      (now, text) => {
        const channels = wholeFrom("channels", text);
        const groups = channels % now.groups === 0 ? now.groups : 1;
        const [filters, , fh, fw] = shapeOf(now.kernel);
        return {
          groups,
          image: resize(now.image, [channels, ...shapeOf(now.image).slice(1)]),
          kernel: resize(now.kernel, [filters, channels / groups, fh, fw]),
        };
      },
    ],
    [
      "kernel",
      "rows × columns",
      (now, text) => ({
        kernel: resize(now.kernel, [...shapeOf(now.kernel).slice(0, 2), ...sizeFrom("kernel", text, now)]),
      }),
    ],
    [
      "filters",
      "1 to 4",
      (now, text) => {
        const filters = wholeFrom("filters", text);
        const groups = filters % now.groups === 0 ? now.groups : 1;
        const [, , fh, fw] = shapeOf(now.kernel);
        return { groups, kernel: resize(now.kernel, [filters, now.image.length / groups, fh, fw]) };
      },
    ],
    [
      "groups",
      "a divisor of channels and filters",
      (now, text) => {
        const groups = wholeFrom("groups", text);
        const [filters, , fh, fw] = shapeOf(now.kernel);
        if (now.image.length % groups || filters % groups)
          throw new Refused(
            `groups: expected a divisor of both ${now.image.length} channels and ${filters} filters, got ${groups}`,
          );
        return { groups, kernel: resize(now.kernel, [filters, now.image.length / groups, fh, fw]) };
      },
    ],
  ].map(([name, title, change]) => [
    name,
    field(name, { title, onCommit: (text) => example((now) => change(now, text)) }),
  ]);

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
  const speed = h(
    "select",
    { "aria-label": "speed" },
    ...SPEEDS.map((rate) => h("option", { value: rate, selected: rate === 2 }, `${rate} a second`)),
  );
  const check = (label, name) => {
    const input = h("input", { type: "checkbox", onchange: () => update(() => ({ [name]: input.checked })) });
    return { input, element: h("label", { class: "cw-check" }, input, h("span", {}, label)) };
  };
  const whole = check("whole result", "whole");
  const predict = check("predict first", "predict");

  const note = h("p", { class: "cw-note-line" });
  const top = h(
    "div",
    { class: "cw-controls" },
    h(
      "div",
      { class: "cw-bar" },
      h("label", { class: "cw-field" }, h("span", {}, "example"), preset),
      mode.element,
      view.element,
    ),
    note,
    h(
      "div",
      { class: "cw-bar" },
      operation.element,
      ...options.map(([, made]) => made.element),
      predict.element,
      whole.element,
      h(
        "details",
        {},
        h("summary", {}, "sizes"),
        h("div", { class: "cw-bar" }, ...sizes.map(([, made]) => made.element)),
      ),
    ),
  );
  const bottom = h(
    "div",
    { class: "cw-bar cw-transport", role: "group", "aria-label": "steps" },
    button("First", "the first step", () => actions.step(0)),
    button("Back", "key [", () => actions.step(actions.state().step - 1)),
    play,
    button("Next", "key ]", () => actions.step(actions.state().step + 1)),
    button("Last", "the last step", () => actions.step(actions.state().walk.count - 1)),
    slider,
    count,
    speed,
  );

  return {
    top,
    bottom,
    rate: () => Number(speed.value),
    setPlaying(playing) {
      play.textContent = playing ? "Pause" : "Play";
    },
    setStep(state, text) {
      slider.value = state.step;
      slider.setAttribute("aria-valuetext", text);
      count.textContent = `step ${state.step + 1} of ${state.walk.count}`;
    },
    set(state) {
      const { example: now } = state;
      preset.value = state.preset;
      note.textContent = library.find(({ name }) => name === state.preset)?.note ?? "";
      note.hidden = !note.textContent;
      mode.set(state.mode);
      view.set(state.view, (value) => !(state.predict && value === "scatter"));
      view.element.hidden = !["dx", "dw"].includes(state.mode);
      operation.set(now.operation);
      for (const [name, made] of options)
        made.set(now.ndim === 1 || now[name][0] === now[name][1] ? String(now[name][1]) : now[name].join(", "));
      const shown = {
        image: shapeOf(now.image).slice(1),
        kernel: shapeOf(now.kernel).slice(2),
        channels: [now.image.length],
        filters: [now.kernel.length],
        groups: [now.groups],
      };
      for (const [name, made] of sizes) made.set((now.ndim === 1 ? shown[name].slice(-1) : shown[name]).join("×"));
      slider.max = state.walk.count - 1;
      whole.input.checked = state.whole;
      whole.input.disabled = state.predict;
      predict.input.checked = state.predict;
    },
  };
}

/** An array of another size: what is new repeats what is there. */
function resize(array, shape) {
  const at = (part, indices) => (indices.length ? at(part[indices[0] % part.length], indices.slice(1)) : part);
  return makeArray(shape, (...indices) => at(array, indices));
}

function wholeFrom(name, text) {
  const value = parseNumber(text);
  if (!Number.isInteger(value) || value < 1 || value > 64)
    throw new Refused(`${name}: expected a whole number from 1 to 64, got “${text}”`);
  return value;
}

function pairFrom(name, text) {
  const parts = text.split(/[,;×x\s]+/).filter(Boolean);
  const values = parts.map(parseNumber);
  if (![1, 2].includes(values.length) || !values.every(Number.isInteger)) {
    throw new Refused(`${name}: expected one whole number, or two for rows and columns, got “${text}”`);
  }
  return [values[0], values.at(-1)];
}

function sizeFrom(name, text, { ndim }) {
  const parts = text
    .split(/[,;×x\s]+/)
    .filter(Boolean)
    .map((part) => wholeFrom(name, part));
  if (parts.length !== ndim)
    throw new Refused(`${name}: expected ${ndim === 1 ? "one whole number" : "rows × columns"}, got “${text}”`);
  return ndim === 1 ? [1, ...parts] : parts;
}
