// The same formulas as _field_numbers.py, for pages without a kernel and for the time until a kernel has answered.

import { Refused } from "./common.js";

const RANGES = {
  size: [1, 31],
  stride: [1, 8],
  pad: [0, 15],
  dilation: [1, 16],
  filters: [1, 4096],
  groups: [1, 4096],
};
export const MOST = { side: 256, layers: 12, channels: 4096 };

function whole(name, value, least, most) {
  if (!Number.isInteger(value) || value < least || value > most)
    throw new Refused(`${name}: expected a whole number from ${least} to ${most}, got ${value}`);
}

function checkLayer(where, layer) {
  for (const [name, [least, most]] of Object.entries(RANGES)) whole(`${where}, ${name}`, layer[name], least, most);
  if (layer.kind !== "pool") return layer;
  if (layer.pad >= layer.size)
    throw new Refused(`${where}, pad: expected less than the window's ${layer.size}, got ${layer.pad}`);
  return { ...layer, dilation: 1, filters: 1, groups: 1 };
}

/** Check an example as Python does; throws Refused with what is wrong and where. */
export function checkExample(example) {
  whole("input channels", example.input[0], 1, MOST.channels);
  whole("input side", example.input[1], 1, MOST.side);
  const checked = { ...example };
  for (const stack of ["layers", "kept"]) {
    if (example[stack].length > MOST.layers)
      throw new Refused(
        `the widget shows at most ${MOST.layers} layers, got ${example[stack].length}. Leave some out.`,
      );
    checked[stack] = example[stack].map((layer, i) => checkLayer(`layer ${i + 1}`, layer));
    follow(checked, stack);
  }
  if (!checked.layers.length) throw new Refused("layers: expected at least one layer, got none");
  return checked;
}

export function extentOf(layer) {
  return layer.dilation * (layer.size - 1) + 1;
}

/** The [channels, side] before each layer and after the last; refuses what does not go together. */
export function follow(example, stack = "layers") {
  const shapes = [example.input];
  for (const [i, layer] of example[stack].entries()) {
    const [channels, side] = shapes.at(-1);
    const extent = extentOf(layer);
    const room = side + 2 * layer.pad - extent;
    if (room < 0)
      throw new Refused(
        `layer ${i + 1}: its window covers ${extent}, and what it gets has ${side} + 2·${layer.pad} = ` +
          `${side + 2 * layer.pad}; choose a smaller size or dilation, or more padding`,
      );
    const conv = layer.kind === "conv";
    if (conv && (channels % layer.groups || layer.filters % layer.groups))
      throw new Refused(
        `layer ${i + 1}, groups: expected a divisor of both ${channels} channels and ${layer.filters} filters, ` +
          `got ${layer.groups}`,
      );
    shapes.push([conv ? layer.filters : channels, Math.floor(room / layer.stride) + 1]);
  }
  return shapes;
}

/** What `output_size` says where a size does not fit, else "". */
export function sizeMessage(n, { size, stride, pad, dilation }) {
  const extent = dilation * (size - 1) + 1;
  const room = n + 2 * pad - extent;
  if (room % stride === 0) return "";
  const strides = [];
  for (let s = 1; s <= room; s++) if (room % s === 0) strides.push(String(s));
  if (strides.length > 6) strides.splice(3, strides.length - 5, "...");
  const pads = [];
  for (let p = pad + 1; p < pad + stride; p++) if ((room + 2 * (p - pad)) % stride === 0) pads.push(p);
  const sizes = [n - (room % stride), n - (room % stride) + stride].filter((value) => value >= 1);
  const fits = [
    `stride ${strides.join(" or ")}`,
    ...pads.slice(0, 1).map((p) => `pad ${p}`),
    `n = ${sizes.join(" or ")}`,
  ];
  return (
    `stride: a filter of extent ${extent} with stride ${stride} does not fit n = ${n} with pad ${pad}: ` +
    `(${n} + 2·${pad} - ${extent})/${stride} + 1 = ${twoDigits(room / stride + 1)}. These would fit: ${fits.join("; ")}.`
  );
}

/** Two digits, halves to the even neighbour as Python rounds them. */
function twoDigits(value) {
  const hundreds = value * 100;
  const even = hundreds % 1 === 0.5 ? 2 * Math.round(hundreds / 2) : hundreds;
  return (Math.round(even) / 100).toFixed(2);
}

function summarise(example, stack) {
  const shapes = follow(example, stack);
  const { ndim } = example;
  const counts = { conv: 0, pool: 0 };
  let [field, jump, start] = [1, 1, 0];
  const rows = example[stack].map((layer, i) => {
    const [[channels, side], [outChannels, outSide]] = [shapes[i], shapes[i + 1]];
    const extent = extentOf(layer);
    const conv = layer.kind === "conv";
    const perFilter = conv ? (channels / layer.groups) * layer.size ** ndim : 0;
    field += (extent - 1) * jump;
    start += ((extent - 1) / 2 - layer.pad) * jump;
    jump *= layer.stride;
    const left = (side + 2 * layer.pad - extent) % layer.stride;
    counts[layer.kind] += 1;
    return {
      name: `${layer.kind}${counts[layer.kind]}`,
      shape: [outChannels, outSide],
      weights: conv ? layer.filters * perFilter : 0,
      biases: conv ? layer.filters : 0,
      multiply_adds: outChannels * outSide ** ndim * perFilter,
      field,
      jump,
      start,
      unread: Math.max(0, left - layer.pad),
      message: sizeMessage(side, layer),
    };
  });
  const sum = (name) => rows.reduce((all, row) => all + row[name], 0);
  const { shape } = rows.at(-1);
  const total = { weights: sum("weights"), biases: sum("biases"), multiply_adds: sum("multiply_adds") };
  return [rows, { ...total, parameters: total.weights + total.biases, shape, field, jump }];
}

/** All that the widget shows: rows, total, kept_total, and the example's revision. */
export function computeNumbers(example) {
  const [rows, total] = summarise(example, "layers");
  const keptTotal = example.kept.length ? summarise(example, "kept")[1] : null;
  return { revision: example.revision, rows, total, kept_total: keptTotal };
}

/** What one output sees at every level below it: Maps from position to the number of ways to it, the input's first. */
export function seenLevels(example, layer, position) {
  const shapes = follow(example);
  const levels = [new Map([[position, 1]])];
  for (let at = layer; at >= 0; at--) {
    const { size, stride, pad, dilation } = example.layers[at];
    const below = new Map();
    for (const [upper, ways] of levels[0]) {
      for (let tap = 0; tap < size; tap++) {
        const lower = upper * stride - pad + tap * dilation;
        if (lower >= 0 && lower < shapes[at][1]) below.set(lower, (below.get(lower) ?? 0) + ways);
      }
    }
    levels.unshift(new Map([...below].sort(([a], [b]) => a - b)));
  }
  return levels;
}
