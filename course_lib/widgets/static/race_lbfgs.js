// The same algorithm as _race_lbfgs.py: two loops over the last steps, a line search by halving and doubling.

const ARMIJO = 1e-4;
const WOLFE = 0.9;
const TRIES = 20;
const FLAT = 1e-8;

/** { points, evals, gradients, ended } as lbfgs in Python returns them. */
export function lbfgs(evaluate, start, { memory, budget, limit }) {
  let [w0, w1] = start;
  let pairs = [];
  let [value, g0, g1] = evaluate(w0, w1, 0);
  let used = 1;
  const points = [[w0, w1]];
  const evals = [0];
  const gradients = [[g0, g1]];
  const found = (ended) => ({ points, evals, gradients, ended });
  while (Math.max(Math.abs(g0), Math.abs(g1)) > FLAT) {
    let [d0, d1] = direction(pairs, g0, g1);
    let slope = d0 * g0 + d1 * g1;
    if (!(slope < 0)) [pairs, d0, d1, slope] = [[], -g0, -g1, -(g0 * g0 + g1 * g1)];
    let length = pairs.length ? 1 : Math.min(1, 1 / Math.sqrt(g0 * g0 + g1 * g1));
    let [low, high] = [0, Infinity];
    let next = null;
    for (let tries = 0; tries < TRIES && !next; tries++) {
      if (used === budget) return found("");
      const [n0, n1] = [w0 + length * d0, w1 + length * d1];
      const [reached, h0, h1] = evaluate(n0, n1, used);
      used += 1;
      if (Math.max(Math.abs(n0), Math.abs(n1)) > limit || !(reached <= value + ARMIJO * length * slope)) high = length;
      else if (d0 * h0 + d1 * h1 < WOLFE * slope) low = length;
      else next = [n0, n1, reached, h0, h1];
      length = high === Infinity ? 2 * low : 0.5 * (low + high);
    }
    if (!next) return found("stuck");
    const [n0, n1, reached, h0, h1] = next;
    const [s0, s1, y0, y1] = [n0 - w0, n1 - w1, h0 - g0, h1 - g1];
    const product = s0 * y0 + s1 * y1;
    if (product > 1e-12 * (y0 * y0 + y1 * y1)) pairs = [...pairs, [s0, s1, y0, y1, product]].slice(-memory);
    [w0, w1, value, g0, g1] = [n0, n1, reached, h0, h1];
    points.push([w0, w1]);
    evals.push(used);
    gradients.push([g0, g1]);
  }
  return found("flat");
}

function direction(pairs, g0, g1) {
  let [q0, q1] = [g0, g1];
  const shares = new Array(pairs.length);
  for (let i = pairs.length - 1; i >= 0; i--) {
    const [s0, s1, y0, y1, product] = pairs[i];
    shares[i] = (s0 * q0 + s1 * q1) / product;
    [q0, q1] = [q0 - shares[i] * y0, q1 - shares[i] * y1];
  }
  if (pairs.length) {
    const [, , y0, y1, product] = pairs.at(-1);
    const scale = product / (y0 * y0 + y1 * y1);
    [q0, q1] = [q0 * scale, q1 * scale];
  }
  for (const [i, [s0, s1, y0, y1, product]] of pairs.entries()) {
    const back = shares[i] - (y0 * q0 + y1 * q1) / product;
    [q0, q1] = [q0 + back * s0, q1 + back * s1];
  }
  return [-q0, -q1];
}
