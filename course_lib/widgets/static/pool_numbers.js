// The same formulas as _pool_numbers.py, for pages without a kernel and for the time until a kernel has answered.

import { Refused } from "./common.js";

export const MOST = { side: 12, stride: 6, number: 1e6 };
const PATTERN = [1, 2, -1, 3, -2, 5];

function grid(rows, columns, fill) {
  return Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => fill(i, j)));
}

/** The size formula of the rows and of the columns, step by step. */
function sizesOf({ image, size, stride, pad }) {
  return [image.length, image[0].length].map((n, axis) => {
    const [f, s, p] = [size[axis], stride[axis], pad[axis]];
    const room = n + 2 * p - f;
    const remainder = room % s;
    const unread = Math.max(0, remainder - p);
    return { n, f, stride: s, pad: p, room, remainder, unread, size: Math.floor(room / s) + 1 };
  });
}

/** Check an example as Python does; throws Refused with what is wrong and where. A missing upstream gradient is filled in. */
export function checkExample(example) {
  const { image, size, pad, stride } = example;
  const [height, width] = [image.length, image[0].length];
  const refuse = (message) => {
    throw new Refused(message);
  };
  for (const name of ["image", "upstream"]) {
    for (const [i, row] of (example[name] ?? []).entries()) {
      for (const [j, value] of row.entries()) {
        if (!Number.isFinite(value) || Math.abs(value) > MOST.number)
          refuse(`${name}[${i}, ${j}]: expected a number of magnitude up to 1,000,000`);
      }
    }
  }
  if (Math.max(height, width) > MOST.side)
    refuse(`image: the widget shows at most ${MOST.side} rows and columns, got ${Math.max(height, width)}`);
  for (const [name, least, most] of [
    ["size", 1, Infinity],
    ["stride", 1, MOST.stride],
    ["pad", 0, Infinity],
  ]) {
    for (const value of example[name]) {
      if (!Number.isInteger(value) || value < least || value > most) {
        const allowed = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
        refuse(`${name}: expected whole numbers ${allowed}, got ${example[name].join(", ")}`);
      }
    }
  }
  if (pad.some((p, axis) => p >= size[axis]))
    refuse(
      `pad: expected less than the window, ${size.join("×")}, so that each window sees the image, got ${pad.join(", ")}`,
    );
  for (const [axis, { n, f, pad: p, room }] of sizesOf(example).entries()) {
    if (room < 0)
      refuse(
        `size: larger than the padded input along its ${axis ? "columns" : "rows"}: it covers ${f}, and the input has ${n} + 2·${p} = ${n + 2 * p}`,
      );
  }
  const [rows, columns] = sizesOf(example).map((axis) => axis.size);
  const fits = example.upstream?.length === rows && example.upstream[0].length === columns;
  const upstream = fits ? example.upstream : grid(rows, columns, (i, j) => PATTERN[(i * columns + j) % PATTERN.length]);
  return { ...example, upstream, size: [...size], stride: [...stride], pad: [...pad] };
}

/** The [row, column] of the pixels in a window; what it sees of the padding is left out. */
export function pixelsOf({ image, size, stride, pad }, i, j) {
  const found = [];
  for (let p = 0; p < size[0]; p++) {
    for (let q = 0; q < size[1]; q++) {
      const [row, column] = [i * stride[0] - pad[0] + p, j * stride[1] - pad[1] + q];
      if (image[row]?.[column] !== undefined) found.push([row, column]);
    }
  }
  return found;
}

/** All that the widget shows of a checked example: out, dx, routes, equal, sizes, and the example's revision. */
export function computeNumbers(example) {
  const { image, upstream, kind, ties } = example;
  const area = example.size[0] * example.size[1];
  const out = upstream.map((row) => row.map(() => 0));
  const dx = image.map((row) => row.map(() => 0));
  const [routes, equal] = [[], []];
  for (const [i, row] of upstream.entries()) {
    for (const [j, gradient] of row.entries()) {
      const pixels = pixelsOf(example, i, j);
      const values = pixels.map(([r, c]) => image[r][c]);
      const most = Math.max(...values);
      const winners = pixels.filter((_, n) => values[n] === most);
      equal.push(winners);
      if (kind === "average") {
        out[i][j] = values.reduce((sum, v) => sum + v, 0) / area; // the zeros of the padding count too
        routes.push(pixels.map(([r, c]) => [r, c, 1 / area]));
      } else {
        out[i][j] = most;
        routes.push((ties === "all" ? winners : winners.slice(0, 1)).map(([r, c]) => [r, c, 1]));
      }
      for (const [r, c, share] of routes.at(-1)) dx[r][c] += gradient * share;
    }
  }
  return { revision: example.revision, out, dx, routes, equal, sizes: sizesOf(example) };
}
