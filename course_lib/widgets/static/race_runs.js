// The methods' steps and the runs they take: the same as course_lib.optim and _race_runs.py, on two weights.
//
// A method is a function of its options that returns move(w, g): it changes w, a pair, in place. What it remembers
// from step to step it keeps to itself.

import { lbfgs } from "./race_lbfgs.js";
import { surfaceOf } from "./race_surfaces.js";

export const LIMIT = 1000;
export const GOAL = 1e-4;

function sgd({ lr, momentum = 0 }, nesterov = false) {
  const v = [0, 0];
  return (w, g) => {
    for (let i = 0; i < 2; i++) {
      v[i] = momentum * v[i] + g[i];
      w[i] -= lr * (nesterov ? g[i] + momentum * v[i] : v[i]);
    }
  };
}

function adagrad({ lr }) {
  const squares = [0, 0];
  return (w, g) => {
    for (let i = 0; i < 2; i++) {
      squares[i] += g[i] * g[i];
      w[i] -= (lr * g[i]) / (Math.sqrt(squares[i]) + 1e-10);
    }
  };
}

function rmsprop({ lr, alpha }) {
  const squares = [0, 0];
  return (w, g) => {
    for (let i = 0; i < 2; i++) {
      squares[i] = alpha * squares[i] + (1 - alpha) * g[i] * g[i];
      w[i] -= lr * (g[i] / (Math.sqrt(squares[i]) + 1e-8));
    }
  };
}

/** Adam's direction m̂/(√v̂ + eps), which LAMB scales. */
function averages({ beta1, beta2 }, eps) {
  const m = [0, 0];
  const v = [0, 0];
  let step = 0;
  return (g) => {
    step += 1;
    const [short1, short2] = [1 - beta1 ** step, 1 - beta2 ** step];
    return [0, 1].map((i) => {
      m[i] = beta1 * m[i] + (1 - beta1) * g[i];
      v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
      return m[i] / short1 / (Math.sqrt(v[i] / short2) + eps);
    });
  };
}

function adam(options) {
  const direction = averages(options, 1e-8);
  return (w, g) => {
    const r = direction(g);
    for (let i = 0; i < 2; i++) w[i] -= options.lr * r[i];
  };
}

function lamb(options) {
  const direction = averages(options, 1e-6);
  return (w, g) => {
    const u = direction(g);
    const [wide, long] = [Math.sqrt(w[0] * w[0] + w[1] * w[1]), Math.sqrt(u[0] * u[0] + u[1] * u[1])];
    const ratio = wide > 0 && long > 0 ? wide / long : 1;
    for (let i = 0; i < 2; i++) w[i] -= options.lr * ratio * u[i];
  };
}

function rprop({ lr, shrink, grow }) {
  const sizes = [lr, lr];
  const previous = [0, 0];
  return (w, g) => {
    for (let i = 0; i < 2; i++) {
      const agreement = Math.sign(g[i]) * Math.sign(previous[i]);
      const factor = agreement > 0 ? grow : agreement < 0 ? shrink : 1;
      sizes[i] = Math.max(1e-6, Math.min(50, sizes[i] * factor));
      previous[i] = agreement < 0 ? 0 : g[i];
      w[i] -= Math.sign(previous[i]) * sizes[i];
    }
  };
}

const STEPS = {
  sgd,
  momentum: sgd,
  nesterov: (options) => sgd(options, options.momentum > 0),
  adagrad,
  rmsprop,
  adam,
  lamb,
  rprop,
};

/** The options that a method runs with: its settings, with the rate that is the same for all, or the tuned ones. */
export function optionsOf(setup, name, tuning) {
  const options = { ...setup.settings[name] };
  if (setup.rates === "same" && "lr" in options) options.lr = setup.rate;
  return setup.rates === "tuned" ? { ...options, ...tunedFor(setup, tuning)[name] } : options;
}

export function tunedFor({ surface, kappa }, tuning) {
  return tuning[surface === "quadratic" ? `quadratic ${kappa}` : surface];
}

/** The run of one method in a setup, as `race` in Python. */
export function race(setup, name, library) {
  const evaluate = surfaceOf(setup, library.digits);
  const options = optionsOf(setup, name, library.tuned);
  const found =
    name === "lbfgs"
      ? lbfgs(evaluate, setup.start, { memory: options.memory, budget: setup.budget, limit: LIMIT })
      : walk(evaluate, setup, STEPS[name](options));
  return finish(found, evaluate, library.surfaces[setup.surface].lowest);
}

function walk(evaluate, { start, budget }, move) {
  const w = [...start];
  const points = [[...w]];
  const evals = [0];
  const gradients = [];
  for (let count = 0; count < budget; count++) {
    const [, g0, g1] = evaluate(w[0], w[1], count);
    gradients.push([g0, g1]);
    move(w, gradients[count]);
    if (!(Math.abs(w[0]) <= LIMIT && Math.abs(w[1]) <= LIMIT)) return { points, evals, gradients, ended: "diverged" };
    points.push([w[0], w[1]]);
    evals.push(count + 1);
  }
  return { points, evals, gradients, ended: "" };
}

function finish({ points, evals, gradients, ended }, evaluate, lowest) {
  const gaps = points.map(([w0, w1]) => Math.max(0, evaluate(w0, w1)[0] - lowest));
  const effective = [];
  for (let i = 0; i + 1 < points.length; i++) {
    const [[a0, a1], [b0, b1], [g0, g1]] = [points[i], points[i + 1], gradients[i]];
    const slope = Math.sqrt(g0 * g0 + g1 * g1);
    const moved = Math.sqrt((b0 - a0) * (b0 - a0) + (b1 - a1) * (b1 - a1));
    effective.push(slope > 0 ? moved / slope : 0);
  }
  let arrived = gaps.length; // the first point after which the gap never grows beyond the goal again
  while (arrived > 0 && gaps[arrived - 1] <= GOAL) arrived -= 1;
  return { points, evals, gaps, effective, gradients, ended, goal: evals[arrived] ?? null };
}

/** Which point a run stands at once `spent` gradients have been evaluated. */
export function placeAt({ evals }, spent) {
  let [low, high] = [0, evals.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (evals[middle] <= spent) low = middle;
    else high = middle - 1;
  }
  return low;
}
