// The same formulas as _race_surfaces.py, in the same order of operations. What is only data comes from Python.

const STEEPEST = 600;
const NOISE = 40;
const RIDGE = 0.01;

function uniform(key, count) {
  const a = (Math.imul(key, 0x9e3779b1) + Math.imul(count + 1, 0x6d2b79f5)) >>> 0;
  let t = Math.imul(a ^ (a >>> 15), a | 1) >>> 0;
  t = (t ^ (t + Math.imul(t ^ (t >>> 7), t | 61))) >>> 0;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}

/** Two numbers of a standard normal distribution: the same for the same seed and count, here and in Python. */
export function noise(seed, count) {
  const [u, v] = [uniform(4 * seed + 1, 2 * count), uniform(4 * seed + 1, 2 * count + 1)];
  const [radius, angle] = [Math.sqrt(-2 * Math.log(1 - u)), 2 * Math.PI * v];
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

/** The largest curvature of a quadratic, and the smallest. */
export function curvatures({ surface, kappa }) {
  return { quadratic: [STEEPEST, STEEPEST / kappa], noisy: [STEEPEST, STEEPEST / 10] }[surface] ?? null;
}

/** evaluate(w0, w1, count) -> [value, g0, g1] of a setup's surface; noise is added where count is a number. */
export function surfaceOf(setup, digits) {
  const [, flat] = curvatures(setup) ?? [];
  if (setup.surface === "quadratic") {
    return (w0, w1) => [0.5 * (flat * w0 * w0 + STEEPEST * w1 * w1), flat * w0, STEEPEST * w1];
  }
  if (setup.surface === "noisy") {
    return (w0, w1, count) => {
      const value = 0.5 * (flat * w0 * w0 + STEEPEST * w1 * w1);
      if (count === undefined) return [value, flat * w0, STEEPEST * w1];
      const [n0, n1] = noise(setup.seed, count);
      return [value, flat * w0 + NOISE * n0, STEEPEST * w1 + NOISE * n1];
    };
  }
  if (setup.surface === "logistic") return (w0, w1) => logistic(digits, w0, w1);
  return { ravine, rosenbrock, beale, saddle, minima }[setup.surface];
}

function ravine(w0, w1) {
  const [cos, sin] = [0.8660254037844386, 0.5];
  const [along, across] = [cos * w0 + sin * w1, cos * w1 - sin * w0];
  const [da, dc] = [(STEEPEST / 100) * along, STEEPEST * across];
  return [0.5 * (da * along + dc * across), cos * da - sin * dc, sin * da + cos * dc];
}

function rosenbrock(w0, w1) {
  const [rise, gap] = [w1 - w0 * w0, 1 - w0];
  return [gap * gap + 100 * rise * rise, -2 * gap - 400 * w0 * rise, 200 * rise];
}

function beale(w0, w1) {
  const square = w1 * w1;
  const cube = square * w1;
  const [a, b, c] = [1.5 - w0 + w0 * w1, 2.25 - w0 + w0 * square, 2.625 - w0 + w0 * cube];
  const g0 = 2 * (a * (w1 - 1) + b * (square - 1) + c * (cube - 1));
  return [a * a + b * b + c * c, g0, 2 * w0 * (a + 2 * b * w1 + 3 * c * square)];
}

function saddle(w0, w1) {
  const square = w1 * w1;
  return [100 * (0.5 * w0 * w0 - 0.5 * square + 0.25 * square * square), 100 * w0, 100 * (square - 1) * w1];
}

function minima(w0, w1) {
  const [x, y] = [w0 * w0, w1 * w1];
  const value = (4 - 2.1 * x + (x * x) / 3) * x + w0 * w1 + (4 * y - 4) * y;
  return [value, 8 * w0 - 8.4 * w0 * x + 2 * w0 * x * x + w1, w0 - 8 * w1 + 16 * w1 * y];
}

function logistic(digits, w0, w1) {
  let [value, g0, g1] = [0, 0, 0];
  for (const [top, bottom, sign] of digits) {
    const [x0, x1] = [top / 16, bottom / 16];
    const margin = sign * (w0 * x0 + w1 * x1);
    const small = Math.exp(-Math.abs(margin)); // never above 1, so that nothing overflows
    value += Math.log1p(small) + Math.max(-margin, 0);
    const share = -sign * ((margin > 0 ? small : 1) / (1 + small));
    g0 += share * x0;
    g1 += share * x1;
  }
  const n = digits.length;
  return [value / n + (RIDGE / 2) * (w0 * w0 + w1 * w1), g0 / n + RIDGE * w0, g1 / n + RIDGE * w1];
}

/** The roots of the momentum iteration z² - (1 + β - αλ)z + β = 0: { size: the larger |z|, real, larger, smaller }. */
export function momentumRoots(alpha, beta, curvature) {
  const middle = 1 + beta - alpha * curvature;
  const inside = middle * middle - 4 * beta;
  if (inside < 0) return { size: Math.sqrt(beta), real: false, turn: Math.acos(middle / (2 * Math.sqrt(beta))) };
  const root = Math.sqrt(inside);
  const [low, high] = [0.5 * (middle - root), 0.5 * (middle + root)];
  return { size: 0.5 * (Math.abs(middle) + root), real: true, dominant: Math.abs(low) > Math.abs(high) ? low : high };
}
