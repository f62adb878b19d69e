// The controls of ReceptiveField: example, input, the picked layer's options, and what can be done with the stack.

import { h, parseNumber, Refused } from "./common.js";
import { choices, field } from "./controls.js";
import { MOST } from "./field_numbers.js";
import { presetMenu } from "./stated.js";

const OPTIONS = ["size", "stride", "pad", "dilation", "filters", "groups"];
const FRESH = {
  conv: { kind: "conv", size: 3, stride: 1, pad: 0, dilation: 1, filters: 1, groups: 1 },
  pool: { kind: "pool", size: 2, stride: 2, pad: 0, dilation: 1, filters: 1, groups: 1 },
};

function wholeFrom(name, text) {
  const value = parseNumber(text);
  if (!Number.isInteger(value)) throw new Refused(`${name}: expected a whole number, got “${text}”`);
  return value;
}

export function makeFieldControls(actions) {
  const state = () => actions.state();
  const change = (changes) => actions.update(() => changes(state()));
  const stack = (layers, layer = state().layer) => ({ example: { ...state().example, layers }, layer });
  const menu = presetMenu(actions.library(), (name) => actions.update(() => actions.choose(name)));
  const axes = choices(
    "input",
    [
      [2, "image"],
      [1, "signal"],
    ],
    (value) => change(({ example }) => ({ example: { ...example, ndim: value } })),
  );
  const input = ["channels", "side"].map((name, i) => {
    const put = (value) =>
      change(({ example }) => ({
        example: { ...example, input: example.input.map((old, k) => (k === i ? value : old)) },
      }));
    return field(name, {
      onCommit: (text) =>
        actions.update(() => ({
          example: {
            ...state().example,
            input: state().example.input.map((old, k) => (k === i ? wholeFrom(name, text) : old)),
          },
        })),
      onNudge: (by) => put(state().example.input[i] + by),
    });
  });

  const edit = (changes) =>
    change(({ example, layer }) =>
      stack(example.layers.map((old, i) => (i === layer ? { ...old, ...changes(old) } : old))),
    );
  const kind = choices(
    "layer",
    [
      ["conv", "conv"],
      ["pool", "pool"],
    ],
    (value) =>
      edit((old) => ({
        ...FRESH[value],
        size: old.size,
        pad: value === "pool" ? Math.min(old.pad, old.size - 1) : old.pad,
        stride: old.stride,
      })),
  );
  const options = OPTIONS.map((name) => {
    const made = field(name, {
      onCommit: (text) => edit(() => ({ [name]: wholeFrom(name, text) })),
      onNudge: (by) => edit((old) => ({ [name]: old[name] + by })),
    });
    return [name, made];
  });

  const button = (label, title, onclick) => h("button", { type: "button", class: "cw-button", title, onclick }, label);
  const add = (what) =>
    change(({ example, layer }) => {
      if (example.layers.length >= MOST.layers)
        throw new Refused(`the widget shows at most ${MOST.layers} layers: remove one first`);
      const channels = example.layers
        .slice(0, layer + 1)
        .reduce((c, l) => (l.kind === "conv" ? l.filters : c), example.input[0]);
      const fresh = what === "conv" ? { ...FRESH.conv, filters: channels } : FRESH.pool;
      return stack([...example.layers.slice(0, layer + 1), fresh, ...example.layers.slice(layer + 1)], layer + 1);
    });
  const remove = () =>
    change(({ example, layer }) => {
      if (example.layers.length === 1) throw new Refused("this is the only layer: add another one first");
      return stack(
        example.layers.filter((_, i) => i !== layer),
        Math.min(layer, example.layers.length - 2),
      );
    });
  const move = (by) =>
    change(({ example, layer }) => {
      const goal = layer + by;
      if (goal < 0 || goal >= example.layers.length) return {};
      const layers = [...example.layers];
      [layers[layer], layers[goal]] = [layers[goal], layers[layer]];
      return stack(layers, goal);
    });
  const keep = () =>
    change(({ example }) => ({ example: { ...example, kept: example.layers, kept_title: "" }, preset: "" }));
  const swap = () =>
    change(({ example }) => ({
      example: { ...example, layers: example.kept, kept: example.layers, kept_title: "" },
      layer: example.kept.length - 1,
      position: 0,
    }));
  const drop = () => change(({ example }) => ({ example: { ...example, kept: [], kept_title: "" } }));

  const up = button("Earlier", "Shift + arrow up", () => move(-1));
  const down = button("Later", "Shift + arrow down", () => move(1));
  const swapButton = button("Swap", "show the kept stack, and keep this one", swap);
  const dropButton = button("Drop", "compare no more", drop);
  const slider = h("input", {
    type: "range",
    min: "0",
    class: "cw-slider",
    "aria-label": "position of the output",
    oninput: () => actions.drag(state().layer, Number(slider.value)),
    onchange: actions.settle,
  });
  const top = h(
    "div",
    { class: "cw-controls" },
    h("div", { class: "cw-bar" }, menu.element, axes.element, ...input.map((made) => made.element)),
    menu.note,
  );
  const place = h("div", { class: "cw-bar" }, h("span", { "aria-hidden": "true" }, "output position"), slider);
  const layer = h(
    "div",
    { class: "cw-controls cw-edit", role: "group", "aria-label": "the picked layer" },
    h("div", { class: "cw-bar" }, kind.element, ...options.map(([, made]) => made.element)),
    h(
      "div",
      { class: "cw-bar" },
      button("Add conv", "after the picked layer", () => add("conv")),
      button("Add pool", "after the picked layer", () => add("pool")),
      up,
      down,
      button("Remove", "Delete", remove),
      h("span", { class: "cw-gap" }),
      button("Keep to compare", "remember this stack's sums", keep),
      swapButton,
      dropButton,
    ),
  );
  return {
    top,
    place,
    layer,
    move,
    remove,
    setPlace({ layer: at, position, numbers }, words) {
      slider.max = numbers.rows[at].shape[1] - 1;
      slider.value = position;
      slider.setAttribute("aria-valuetext", words);
    },
    set({ example, layer: at, preset }) {
      const picked = example.layers[at];
      menu.set(preset);
      axes.set(example.ndim);
      input.forEach((made, i) => made.set(String(example.input[i])));
      kind.set(picked.kind);
      for (const [name, made] of options) {
        made.set(String(picked[name]));
        made.element.hidden = picked.kind === "pool" && ["dilation", "filters", "groups"].includes(name);
      }
      up.disabled = at === 0;
      down.disabled = at === example.layers.length - 1;
      swapButton.hidden = dropButton.hidden = !example.kept.length;
    },
  };
}
