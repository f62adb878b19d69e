// The same formulas as _filter_numbers.py, for pages without a kernel and for the time until a kernel has answered.
// Arrays are nested as in Python: image [C][H][W], kernel [K][C/groups][FH][FW], upstream and out [K][Ho][Wo].

import { Refused } from "./common.js";

export const MOST = { side: 64, maps: 4, taps: 7, stride: 8, pad: 8, dilation: 4, matrix: 144 };
const PATTERN = [1, 2, -1, 3, -2];

export function shapeOf(array) {
  const shape = [];
  for (let a = array; Array.isArray(a); a = a[0]) shape.push(a.length);
  return shape;
}

/** A new nested array of this shape: fill(i, j, ...) gives each number. */
export function makeArray(shape, fill, at = []) {
  if (at.length === shape.length) return fill(...at);
  return Array.from({ length: shape[at.length] }, (_, i) => makeArray(shape, fill, [...at, i]));
}

export function rotated(map) {
  return [...map].reverse().map((row) => [...row].reverse());
}

/** The kernel as it lies on the image: rotated by 180° for a true convolution. */
export function laidKernel(example) {
  return example.operation === "convolution" ? example.kernel.map((filter) => filter.map(rotated)) : example.kernel;
}

/** The size formula of the rows and of the columns, step by step. */
export function sizesOf(example) {
  const image = shapeOf(example.image).slice(1);
  const kernel = shapeOf(example.kernel).slice(2);
  return [0, 1].map((axis) => {
    const [n, f] = [image[axis], kernel[axis]];
    const [stride, pad, dilation] = [example.stride[axis], example.pad[axis], example.dilation[axis]];
    const extent = dilation * (f - 1) + 1;
    const room = n + 2 * pad - extent;
    return { n, f, stride, pad, dilation, extent, room, remainder: room % stride, size: Math.floor(room / stride) + 1 };
  });
}

export function defaultUpstream(shape) {
  let count = 0;
  return makeArray(shape, () => PATTERN[count++ % PATTERN.length]);
}

/** Check an example as Python does; throws Refused with what is wrong and where. Returns it with an upstream gradient. */
export function checkExample(example) {
  const [channels, height, width] = shapeOf(example.image);
  const [filters, depth, fh, fw] = shapeOf(example.kernel);
  const refuse = (message) => {
    throw new Refused(message);
  };
  for (const name of ["image", "kernel", "upstream"]) {
    const bad = example[name] && findBad(example[name]);
    if (bad) refuse(`${name}[${bad.join(", ")}]: expected a finite number`);
  }
  for (const [name, least] of [
    ["stride", 1],
    ["pad", 0],
    ["dilation", 1],
  ]) {
    for (const value of example[name]) {
      if (!Number.isInteger(value) || value < least || value > MOST[name]) {
        refuse(`${name}: expected whole numbers from ${least} to ${MOST[name]}, got ${example[name].join(", ")}`);
      }
    }
  }
  if (Math.max(height, width) > MOST.side)
    refuse(`image: the widget shows at most ${MOST.side} rows and columns, got ${height}×${width}`);
  if (Math.max(fh, fw) > MOST.taps)
    refuse(`kernel: the widget shows at most ${MOST.taps} rows and columns, got ${fh}×${fw}`);
  if (Math.max(channels, filters) > MOST.maps)
    refuse(`the widget shows at most ${MOST.maps} channels and filters, got ${Math.max(channels, filters)}`);
  if (channels % example.groups || filters % example.groups) {
    refuse(`groups: expected a divisor of both ${channels} channels and ${filters} filters, got ${example.groups}`);
  }
  if (depth !== channels / example.groups) {
    refuse(`kernel: expected ${channels / example.groups} channels in each filter, got ${depth}`);
  }
  for (const [axis, size] of sizesOf(example).entries()) {
    if (size.room < 0) {
      refuse(
        `kernel: larger than the padded image along its ${axis ? "columns" : "rows"}: it covers ${size.extent}, ` +
          `and the image has ${size.n} + 2·${size.pad} = ${size.n + 2 * size.pad}`,
      );
    }
  }
  const shape = [filters, ...sizesOf(example).map((axis) => axis.size)];
  const fits = example.upstream && shapeOf(example.upstream).join() === shape.join();
  return { ...example, upstream: fits ? example.upstream : defaultUpstream(shape) };
}

function findBad(array, at = []) {
  for (const [i, value] of array.entries()) {
    if (Array.isArray(value)) {
      const found = findBad(value, [...at, i]);
      if (found) return found;
    } else if (!Number.isFinite(value)) return [...at, i];
  }
  return null;
}

/** Call visit(k, i, j, c, p, q, y, x) for every product of the layer; y, x lie on the padded image. */
function eachProduct(example, visit) {
  const [filters, depth, fh, fw] = shapeOf(example.kernel);
  const [rows, columns] = sizesOf(example);
  const perGroup = filters / example.groups;
  for (let k = 0; k < filters; k++) {
    const first = Math.floor(k / perGroup) * depth; // the first channel that filter k sees
    for (let i = 0; i < rows.size; i++) {
      for (let j = 0; j < columns.size; j++) {
        for (let c = 0; c < depth; c++) {
          for (let p = 0; p < fh; p++) {
            for (let q = 0; q < fw; q++) {
              visit(
                k,
                i,
                j,
                c,
                p,
                q,
                i * rows.stride + p * rows.dilation,
                j * columns.stride + q * columns.dilation,
                first + c,
              );
            }
          }
        }
      }
    }
  }
}

/** All that the widget shows of a checked example: padded, out, dx, dw, matrix, sizes, and the example's revision. */
export function computeNumbers(example) {
  const laid = laidKernel(example);
  const [channels, height, width] = shapeOf(example.image);
  const [ph, pw] = example.pad;
  const padded = makeArray(
    [channels, height + 2 * ph, width + 2 * pw],
    (c, y, x) => example.image[c][y - ph]?.[x - pw] ?? 0,
  );
  const out = makeArray(shapeOf(example.upstream), () => 0);
  const dpadded = makeArray(shapeOf(padded), () => 0);
  const dlaid = makeArray(shapeOf(laid), () => 0);
  eachProduct(example, (k, i, j, c, p, q, y, x, channel) => {
    out[k][i][j] += padded[channel][y][x] * laid[k][c][p][q];
    dpadded[channel][y][x] += example.upstream[k][i][j] * laid[k][c][p][q];
    dlaid[k][c][p][q] += example.upstream[k][i][j] * padded[channel][y][x];
  });
  return {
    revision: example.revision,
    padded,
    out,
    dx: makeArray([channels, height, width], (c, y, x) => dpadded[c][y + ph][x + pw]),
    dw: example.operation === "convolution" ? dlaid.map((filter) => filter.map(rotated)) : dlaid,
    matrix: layerMatrix(example, laid),
    sizes: sizesOf(example),
  };
}

function layerMatrix(example, laid) {
  const [channels, height, width] = shapeOf(example.image);
  const [filters, ho, wo] = shapeOf(example.upstream);
  const [outputs, inputs] = [filters * ho * wo, channels * height * width];
  if (Math.max(outputs, inputs) > MOST.matrix) return null;
  const matrix = makeArray([outputs, inputs], () => 0);
  eachProduct(example, (k, i, j, c, p, q, y, x, channel) => {
    const [row, column] = [y - example.pad[0], x - example.pad[1]];
    if (row < 0 || row >= height || column < 0 || column >= width) return; // on the padding, which is no column
    matrix[(k * ho + i) * wo + j][(channel * height + row) * width + column] = laid[k][c][p][q];
  });
  return matrix;
}
