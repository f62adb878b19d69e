// The same formulas as _jacobian_numbers.py, for pages without a kernel and for the time until a kernel has answered.
// J[n][m] = ∂y_m/∂x_n: a row for each input, a column for each output, matrices flattened row after row.

import { Refused } from "./common.js";

const PATTERN = [2, -1, 3, 1, -2];
export const LARGEST = { n: 12, d: 16, m: 16 }; // the sliders end at these powers of two

export function shapeOf(array) {
  const shape = [];
  for (let a = array; Array.isArray(a); a = a[0]) shape.push(a.length);
  return shape;
}

/** A nested array of this shape from a flat list. */
export function shaped(flat, shape) {
  if (shape.length < 2) return [...flat];
  return Array.from({ length: shape[0] }, (_, i) => flat.slice(i * shape[1], (i + 1) * shape[1]));
}

export function outputShape({ kind, x, w, stride }) {
  if (kind === "matmul") return [x.length, w[0].length];
  if (kind === "conv1d") return [Math.floor((x.length - w.length) / stride) + 1];
  return [x.length];
}

/** Check an example as Python does; throws Refused with what is wrong. Returns it with a fitting upstream gradient. */
export function checkExample(example) {
  const { stride } = example;
  if (!Number.isInteger(stride) || stride < 1 || stride > 8)
    throw new Refused(`stride: expected a whole number from 1 to 8, got ${stride}`);
  for (const name of ["x", "w", "upstream"]) {
    const flat = (example[name] ?? []).flat();
    const bad = flat.findIndex((value) => !(Math.abs(value) <= 1e4));
    if (bad >= 0) throw new Refused(`${name}: expected numbers of magnitude up to 10,000, got ${flat[bad]}`);
  }
  const shape = outputShape(example);
  const fits = example.upstream && shapeOf(example.upstream).join() === shape.join();
  const count = shape.reduce((product, n) => product * n, 1);
  const pattern = Array.from({ length: count }, (_, i) => PATTERN[i % PATTERN.length]);
  return { ...example, upstream: fits ? example.upstream : shaped(pattern, shape) };
}

/** All that the widget shows of a checked example: y, J, explicit, implicit, and the example's revision. */
export function computeJacobian(example) {
  const { kind, wrt, stride } = example;
  const [x, w, dout] = [example.x, example.w, example.upstream].map((array) => array?.flat());
  const outputs = dout.length;
  const fill = (rows, value) =>
    Array.from({ length: rows }, (_, n) => Array.from({ length: outputs }, (_, m) => value(n, m)));
  let y, J, implicit;
  if (kind === "relu" || kind === "sigmoid") {
    y = x.map((v) => (kind === "relu" ? Math.max(v, 0) : sigmoid(v)));
    const slope = x.map((v, n) => (kind === "relu" ? Number(v > 0) : (1 - y[n]) * y[n]));
    J = fill(outputs, (n, m) => (n === m ? slope[n] : 0));
    implicit = dout.map((g, n) => g * slope[n]);
  } else if (kind === "softmax") {
    y = softmax(x);
    J = fill(outputs, (n, m) => (n === m ? y[n] * (1 - y[n]) : -y[n] * y[m]));
    const mean = y.reduce((sum, p, m) => sum + p * dout[m], 0);
    implicit = y.map((p, n) => p * (dout[n] - mean));
  } else if (kind === "matmul") {
    const [rows, inner] = shapeOf(example.x);
    const columns = w.length / inner;
    y = dout.map((_, o) => sum(inner, (d) => x[Math.floor(o / columns) * inner + d] * w[d * columns + (o % columns)]));
    if (wrt === "x") {
      J = fill(x.length, (n, o) => {
        const [i, d] = [Math.floor(n / inner), n % inner];
        return Math.floor(o / columns) === i ? w[d * columns + (o % columns)] : 0;
      });
      implicit = x.map((_, n) =>
        sum(columns, (m) => dout[Math.floor(n / inner) * columns + m] * w[(n % inner) * columns + m]),
      );
    } else {
      J = fill(w.length, (k, o) =>
        o % columns === k % columns ? x[Math.floor(o / columns) * inner + Math.floor(k / columns)] : 0,
      );
      implicit = w.map((_, k) =>
        sum(rows, (i) => x[i * inner + Math.floor(k / columns)] * dout[i * columns + (k % columns)]),
      );
    }
  } else {
    y = dout.map((_, m) => sum(w.length, (f) => x[m * stride + f] * w[f]));
    if (wrt === "x") {
      J = fill(x.length, (n, m) => w[n - m * stride] ?? 0);
      implicit = x.map((_, n) => sum(outputs, (m) => dout[m] * (w[n - m * stride] ?? 0)));
    } else {
      J = fill(w.length, (f, m) => x[m * stride + f]);
      implicit = w.map((_, f) => sum(outputs, (m) => dout[m] * x[m * stride + f]));
    }
  }
  const explicit = J.map((row) => row.reduce((total, v, m) => total + v * dout[m], 0));
  return { revision: example.revision, y, J, explicit, implicit };
}

function sum(count, term) {
  let total = 0;
  for (let i = 0; i < count; i++) total += term(i);
  return total;
}

function sigmoid(x) {
  const e = Math.exp(-Math.abs(x));
  return (x >= 0 ? 1 : e) / (1 + e);
}

function softmax(z) {
  const most = Math.max(...z);
  const exps = z.map((v) => Math.exp(v - most));
  const total = exps.reduce((a, b) => a + b, 0);
  return exps.map((e) => e / total);
}

/** Bytes of both explicit Jacobians of y = x·w, and of all arrays that the implicit backward pass holds. */
export function memoryOf({ n, d, m, itemsize }) {
  return {
    dy_dx: n * d * n * m * itemsize,
    dy_dw: d * m * n * m * itemsize,
    implicit: (2 * n * d + 2 * d * m + n * m) * itemsize,
  };
}

/** A number of bytes as people say it: "256 GiB". */
export function bytesText(count) {
  if (count === 1) return "1 byte";
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(count) / 10 + 1e-12));
  return `${Number((count / 1024 ** power).toPrecision(4))} ${units[power]}`;
}
