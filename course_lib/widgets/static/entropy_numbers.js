// The same formulas as _entropy_numbers.py, for pages without a kernel and for the time until a kernel has answered.

import { Refused } from "./common.js";

const MOST = 1e6;
const LARGEST = Math.log(Number.MAX_VALUE); // e to more than this is no number any more

/** Check an example as Python does; throws Refused with what is wrong and where. */
export function checkExample(example) {
  const { names, scores, target, low, high } = example;
  for (const [k, score] of scores.entries()) {
    if (!Number.isFinite(score) || Math.abs(score) > MOST)
      throw new Refused(`score of ${names[k]}: expected a number of magnitude up to 1,000,000`);
  }
  if (!Number.isInteger(target) || target < 0 || target >= scores.length)
    throw new Refused(`target: expected a class from 0 to ${scores.length - 1}, got ${target}`);
  return { ...example, low: Math.min(low, ...scores), high: Math.max(high, ...scores) };
}

/** All that the widget shows: p, loss, gradient, shifted, exps, total, overflows, and the example's revision. */
export function computeNumbers({ scores, target, revision }) {
  const most = Math.max(...scores);
  const shifted = scores.map((s) => s - most);
  const exps = shifted.map(Math.exp);
  const total = exps.reduce((sum, e) => sum + e, 0);
  const p = exps.map((e) => e / total);
  const logTotal = Math.log(total);
  const logP = shifted.map((s) => s - logTotal); // from the scores: p may round to 0 where log p is an ordinary number
  return {
    revision,
    p,
    loss: 0 - logP[target],
    gradient: logP.map((l, k) => Math.exp(l) - (k === target ? 1 : 0)),
    shifted,
    exps,
    total,
    overflows: most > LARGEST,
  };
}
