// What PoolRoutes says in words: the present step, the verdict on a guess, the size formula.

import { formatNumber } from "./common.js";
import { pixelsOf } from "./pool_numbers.js";
import { collected, nameOf, placeOf } from "./pool_scene.js";

const wrapped = (value) => (value < 0 ? `(${formatNumber(value)})` : formatNumber(value));
const listed = (texts, most = 12) =>
  texts.length <= most ? texts : [...texts.slice(0, most - 4), "…", ...texts.slice(-2)];

/** The present step as a sum, a maximum, or a message on its way. */
export function stepLine(state) {
  const { example, numbers, mode, view, step, scene } = state;
  const { image, upstream, kind, size } = example;
  const [i, j] = scene.at;
  if (mode === "forward") {
    const values = pixelsOf(example, i, j).map(([r, c]) => image[r][c]);
    const name = nameOf(state, "out", [i, j]);
    const result = scene.hidden ? "?" : formatNumber(numbers.out[i][j]);
    if (kind === "average") {
      return `${name} = (${listed(values.map(wrapped)).join(" + ")}) / ${size[0] * size[1]} = ${result}`;
    }
    const from = scene.hidden ? "" : `, from ${whose(state, step)}`;
    return `${name} = max(${listed(values.map((v) => formatNumber(v))).join(", ")}) = ${result}${from}`;
  }
  if (view === "scatter") {
    const value = upstream[i][j];
    const name = nameOf(state, "∂L/∂out", [i, j]);
    const [, , share] = numbers.routes[step][0];
    if (kind === "average") {
      return `${name} = ${formatNumber(value)} is shared out: ${formatNumber(value * share)} to each of the window’s ${size[0] * size[1]} cells`;
    }
    const all = numbers.routes[step].length > 1 ? ", in full to each" : "";
    return `${name} = ${formatNumber(value)} goes to ${whose(state, step, "∂L/∂x")}${all}`;
  }
  const name = nameOf(state, "∂L/∂x", [i, j]);
  if (scene.hidden) return `${name} = ?`;
  const { terms, total } = collected(state, step);
  if (!terms.length) return `${name} = 0: ${kind === "max" ? "it won no window" : "no window holds it"}`;
  const windows = terms.map(({ window }) => nameOf(state, "", placeOf(upstream, window)));
  const sum = terms.map(({ value }) => wrapped(value));
  const from = `from ∂L/∂out${listed(windows, 6).join(", ")}`;
  return `${name} = ${sum.length > 1 ? `${listed(sum).join(" + ")} = ` : ""}${formatNumber(total)}, ${from}`;
}

/** The pixels that a window's number came from. */
function whose(state, window, what = "x") {
  const { numbers, example } = state;
  const places = numbers.routes[window].map(([r, c]) => nameOf(state, what, [r, c]));
  const tied = numbers.equal[window].length;
  const tie = tied > 1 && example.ties === "first" ? `, the first of ${tied} equal ones` : "";
  return `${listed(places, 6).join(", ")}${tie}`;
}

/** What to say of the guess at the present number. */
export function verdictLine({ predict, guess, scene }) {
  if (!predict || !scene.target) return "";
  if (!guess) return "Work it out, and type it into the marked cell.";
  const typed = formatNumber(guess.typed);
  if (guess.right) return `✓ Right: ${typed}.`;
  if (guess.shown) return guess.typed === undefined ? "Shown." : `Shown; you typed ${typed}.`;
  return `✗ Wrong: ${typed} is too ${guess.typed < scene.target.value ? "small" : "large"}. Try again, or have it shown.`;
}

/** The present step for screen readers. */
export function spokenStep(state) {
  const hidden =
    state.predict && state.scene.hidden ? `${state.scene.target.name} is hidden: type its value` : stepLine(state);
  return `${hidden}; step ${state.step + 1} of ${state.steps}`;
}

/** The size formula, one line an axis: { text, fits }. */
export function sizeLines({ numbers, example }) {
  const axes =
    example.ndim === 1
      ? [["length", "number"]]
      : [
          ["rows", "row"],
          ["columns", "column"],
        ];
  return numbers.sizes.slice(-example.ndim).map((axis, a) => {
    const [label, one] = axes[a];
    const exact = `${label}: (${axis.n} + 2·${axis.pad} − ${axis.f}) / ${axis.stride} + 1`;
    if (axis.remainder === 0) return { text: `${exact} = ${axis.size}`, fits: true };
    const lost = axis.unread
      ? `${axis.unread > 1 ? `the last ${axis.unread} ${one}s are` : `the last ${one} is`} in no window and get${axis.unread > 1 ? "" : "s"} 0`
      : "some of the padding is in no window";
    const text = `${exact} = ${formatNumber(axis.room / axis.stride + 1, 3)} does not fit: ${axis.size} window${axis.size > 1 ? "s" : ""}, remainder ${axis.remainder}: ${lost}`;
    return { text, fits: false };
  });
}
