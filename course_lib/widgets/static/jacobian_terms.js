// What a cell of the Jacobian means: which input and output it ties together, where its number comes from, and how a
// gradient comes about without it.

import { formatNumber } from "./common.js";
import { shapeOf } from "./jacobian_numbers.js";

/** "x[3]" or "x[0,2]": the n-th number of an array of this shape. */
function entryName(letter, shape, n) {
  return shape.length < 2 ? `${letter}[${n}]` : `${letter}[${Math.floor(n / shape[1])},${n % shape[1]}]`;
}

export function outputLetter({ kind }) {
  return kind === "softmax" ? "p" : "y";
}

/** Names of the rows (inputs) and the columns (outputs). */
export function namesOf(example) {
  const names = (letter, array) => array.flat().map((_, n) => entryName(letter, shapeOf(array), n));
  return {
    rows: names(example.wrt, example[example.wrt]),
    columns: names(outputLetter(example), example.upstream),
    x: names("x", example.x),
    w: example.w && names("w", example.w),
  };
}

/** Where J[n][m] comes from: { reads: does output m read input n at all, grid and index: the number that J holds }. */
export function sourceOf(example, n, m) {
  const { kind, wrt, stride } = example;
  if (kind === "relu" || kind === "sigmoid") return { reads: n === m };
  if (kind === "softmax") return { reads: true };
  if (kind === "conv1d") {
    if (wrt === "w") return { reads: true, grid: "x", index: m * stride + n };
    const f = n - m * stride;
    return f >= 0 && f < example.w.length ? { reads: true, grid: "w", index: f } : { reads: false };
  }
  const columns = example.w[0].length;
  const inner = example.w.length;
  const [i, j] = [Math.floor(m / columns), m % columns];
  if (wrt === "x")
    return Math.floor(n / inner) === i
      ? { reads: true, grid: "w", index: (n % inner) * columns + j }
      : { reads: false };
  return n % columns === j ? { reads: true, grid: "x", index: i * inner + Math.floor(n / columns) } : { reads: false };
}

/** Why J[n][m] is what it is, in one sentence. */
export function whyText(state, n, m) {
  const { example, numbers, names } = state;
  const { kind } = example;
  const [input, output] = [names.rows[n], names.columns[m]];
  const head = `∂${output}/∂${input} = ${formatNumber(numbers.J[n][m])}`;
  const source = sourceOf(example, n, m);
  if (!source.reads) return `${head}: ${output} does not read ${input}.`;
  if (kind === "relu") {
    const x = example.x[n];
    return x > 0
      ? `${head}: ${input} > 0, so ${output} = ${input}.`
      : `${head}: ${output} reads ${input}, but ${input} ≤ 0: the ReLU is flat there.`;
  }
  if (kind === "sigmoid")
    return `${head}: (1 − ${output})·${output} = ${formatNumber(1 - numbers.y[n], 3)}·${formatNumber(numbers.y[n], 3)}.`;
  if (kind === "softmax") {
    return n === m
      ? `${head}: ${output}·(1 − ${output}): more of this score, more of its own share.`
      : `${head}: −${names.columns[n]}·${output}: the sum in the denominator grows, so the other shares shrink.`;
  }
  return `${head} = ${names[source.grid][source.index]}: the term ${names.x[xOf(example, n, source)]}·${names.w[wOf(example, n, source)]} of ${output}.`;
}

function xOf({ wrt }, n, source) {
  return wrt === "x" ? n : source.index;
}

function wOf({ wrt }, n, source) {
  return wrt === "w" ? n : source.index;
}

/** The n-th gradient without a Jacobian: { formula, terms: [[a, b], ...], uses: { grid: indices }, extra products }. */
export function implicitOf(example, numbers, n) {
  const { kind, wrt } = example;
  const dout = example.upstream.flat();
  if (kind === "relu" || kind === "sigmoid") {
    return {
      formula: kind === "relu" ? "upstream[n] · [x[n] > 0]" : "upstream[n] · (1 − y[n])·y[n]",
      terms: [[dout[n], numbers.J[n][n]]],
      uses: { upstream: [n], x: [n] },
    };
  }
  if (kind === "softmax") {
    const mean = numbers.y.reduce((sum, p, m) => sum + p * dout[m], 0);
    return {
      formula: `p[n] · (upstream[n] − c), with c = Σ p·upstream = ${formatNumber(mean)}, one number for all`,
      terms: [[numbers.y[n], dout[n] - mean]],
      uses: { upstream: [n], y: [n] },
      extra: numbers.y.length, // products for c
    };
  }
  const other = wrt === "x" ? "w" : "x";
  const flat = example[other].flat();
  const found = dout.map((_, m) => sourceOf(example, n, m)).map((source, m) => ({ ...source, m }));
  const read = found.filter(({ reads }) => reads);
  const formulas = {
    "matmul x": "∂L/∂x = upstream · wᵀ: a row of upstream, a row of w",
    "matmul w": "∂L/∂w = xᵀ · upstream: a column of x, a column of upstream",
    "conv1d x": "the windows that x[n] lies in: each one's upstream times the weight that met x[n]",
    "conv1d w": "x under the weight at every position, times the upstream there",
  };
  return {
    formula: formulas[`${kind} ${wrt}`],
    terms: read.map(({ m, index }) => [flat[index], dout[m]]),
    uses: { upstream: read.map(({ m }) => m), [other]: read.map(({ index }) => index) },
  };
}

/** What the pattern says, once it is revealed. */
export function patternText({ kind, wrt }) {
  return {
    relu: "Only the diagonal can be other than zero, for y[n] reads x[n] alone; and it is zero too where the ReLU is flat.",
    sigmoid: "A diagonal: y[n] reads x[n] alone. n·n numbers, of which n say something.",
    softmax: "No zero at all: every score is in the denominator of every share.",
    "matmul x": "Blocks on the diagonal, each of them w: a row of x reaches its own row of y, and no other.",
    "matmul w": "Diagonals in every block, with x as their numbers: w[d,m] reaches column m of y, and no other.",
    "conv1d x": "A band: each x is met by one weight at each window it lies in, and by none elsewhere.",
    "conv1d w": "No structural zero: every weight works at every position.",
  }[{ matmul: 1, conv1d: 1 }[kind] ? `${kind} ${wrt}` : kind];
}
