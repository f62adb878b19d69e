// What OptimizerRace says in words: how a run stands, why momentum does what it does, the step for screen readers.

import { formatNumber } from "./common.js";
import { curvatures, momentumRoots } from "./race_surfaces.js";
import { optionsOf, placeAt } from "./race_runs.js";
import { rateText, shortNumber } from "./race_style.js";

/** What each method does, in one line. */
export const RULES = {
  sgd: "w ← w − α·g",
  momentum: "step ← β·last step + α·g, w ← w − step: β is how much of the last step goes on",
  nesterov: "as momentum, with the gradient's part added once more after β·v: it looks ahead along the step",
  adagrad: "α·g / √(sum of all g² so far), for each weight: steps only ever shrink",
  rmsprop: "α·g / √(moving average of g²), for each weight; decay says how long it remembers",
  adam: "momentum's average (β₁) over RMSprop's root (β₂): about α a step, however steep",
  lamb: "Adam's direction, as long as α times the weights themselves: ‖step‖ = α·‖w‖",
  rprop: "a step size for each weight: grows while the sign of g stays, shrinks when it turns",
  lbfgs: "direction from the last few changes of g, length by a line search; no rate, but more than one g a step",
  mine: "your own function (w, dw, state, *, lr) → (w, state), run by Python",
};
export const OPTION_NAMES = {
  lr: "rate α",
  momentum: "β",
  alpha: "decay",
  beta1: "β₁",
  beta2: "β₂",
  shrink: "shrink by",
  grow: "grow by",
  memory: "memory",
};

export function optionsText(options) {
  const names = { lr: "α", momentum: "β", alpha: "decay", beta1: "β₁", memory: "memory", grow: "grow" };
  return Object.entries(options)
    .filter(([option]) => names[option])
    .map(([option, value]) => `${names[option]} ${option === "lr" ? rateText(value) : formatNumber(value, 3)}`)
    .slice(0, 2)
    .join(", ");
}

/** How a run stands after so many evaluations: { text, badge: "good", "bad" or "" }. */
export function outcomeOf(run, spent, surface, stale) {
  if (!run) return { text: "no run yet", badge: "" };
  const last = run.evals.at(-1);
  if (run.ended === "diverged" && spent >= last) return { text: `▲ diverged, step ${last + 1}`, badge: "bad" };
  if (run.ended === "failed" && spent >= last) return { text: `⚠ fails, step ${last + 1}`, badge: "bad" };
  const place = placeAt(run, spent);
  if (run.goal !== null && run.goal <= spent) return { text: `✓ there after ${run.goal}`, badge: "good" };
  const gap = shortNumber(run.gaps[place]);
  if (stale) return { text: `${gap} (old start)`, badge: "" };
  if (run.ended === "stuck" && spent >= last) return { text: `${gap}, search stuck`, badge: "bad" };
  if (surface === "minima" && place > 8 && Math.abs(run.gaps[place] - run.gaps[place - 8]) < 1e-3 * run.gaps[place]) {
    return { text: `${gap}: another minimum`, badge: "" };
  }
  return { text: gap, badge: "" };
}

/** Why SGD or momentum moves as it does on a quadratic: one line for each direction; empty elsewhere. */
export function theoryLines(setup, name, tuning) {
  const lambdas = curvatures(setup);
  if (!lambdas || !["sgd", "momentum"].includes(name)) return [];
  const { lr, momentum = 0 } = optionsOf(setup, name, tuning);
  return lambdas.map((lambda, i) => {
    const way = i === 0 ? "steep way, w₁" : "flat way, w₀";
    return `${way} (λ = ${formatNumber(lambda, 3)}): ${wayText(lr, momentum, lambda)}`;
  });
}

function wayText(alpha, beta, lambda) {
  const roots = momentumRoots(alpha, beta, lambda);
  const factor = formatNumber(roots.size, roots.size > 0.99 && roots.size < 1.01 ? 4 : 2);
  if (roots.size >= 1) return `each step jumps over the minimum and lands ${factor} times as far away: diverges`;
  if (!roots.real) {
    const swing = formatNumber((2 * Math.PI) / roots.turn, 2);
    const beyond = roots.size ** (Math.PI / roots.turn); // what is left of the swing after half of it
    if (beyond < 0.02) return `arrives with hardly a swing: each step leaves √β = ${factor} of the distance`;
    return (
      `overshoots: it arrives at the minimum with speed, and β carries it on, to about ${formatNumber(beyond, 2)} of ` +
      `the distance on the other side. A full swing takes ${swing} steps, and each keeps √β = ${factor} of it`
    );
  }
  if (roots.dominant < 0) return `zigzag: each step jumps over the minimum, to ${factor} of the distance`;
  return `creeps: each step leaves ${factor} of the distance`;
}

/** What the cursor on the map means. */
export function mapText(setup, alpha, beta) {
  const sizes = curvatures(setup).map((lambda) => momentumRoots(alpha, beta, lambda).size);
  const size = Math.max(...sizes);
  const where = `α = ${rateText(alpha)}, β = ${formatNumber(beta, 3)}`;
  if (size >= 1) return `${where}: diverges, ×${formatNumber(size, 3)} a step`;
  const steps = Math.ceil(-1 / Math.log10(size));
  return `${where}: ×${formatNumber(size, 3)} a step, ${steps} step${steps > 1 ? "s" : ""} for a tenth`;
}

/** Where all stand, for screen readers. */
export function standing(lines, spent, surface) {
  const parts = lines.map(
    ({ label, run, faint }) => `${label} ${outcomeOf(run, spent, surface, faint).text.replace(/^[▲✓⚠] /, "")}`,
  );
  return `after ${spent} evaluations: ${parts.join("; ") || "no method is on"}`;
}

/** The line that a run of the learner's own step is known by: the same as `key` in _race_mine.py. */
export function mineKey(setup, lr) {
  const text = (value) => {
    const rounded = Number(Number(value).toPrecision(6));
    if (rounded === 0) return "0";
    const power = Math.floor(Math.log10(Math.abs(rounded)));
    if (power >= -4 && power < 6) return String(rounded);
    const [digits, exponent] = rounded.toExponential().split("e");
    return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`; // as Python's :g
  };
  return [setup.surface, ...[setup.kappa, ...setup.start, setup.seed, setup.budget, lr].map(text)].join(" ");
}
