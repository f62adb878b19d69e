// What FilterSlide says in words: the sum, the verdict on a guess, the step for screen readers, the size formula.

import { formatNumber } from "./common.js";

/** "out[0, 1] = 3·0 + 2·1 + ... = 12", or what a number that is spread is added to. */
export function sumText({ scene: { sum }, riddle }) {
  if (sum.adds) {
    const value = formatNumber(sum.value);
    const what = sum.adds === "∂L/∂x" ? "the kernel" : "the patch under the window";
    return `${sum.name} = ${value}: ${value} × ${what} is added to ${sum.adds}`;
  }
  const written = sum.terms.map(([x, w]) => `${factorText(x)}·${factorText(w)}`);
  const shown = written.length <= 12 ? written : [...written.slice(0, 7), "…", ...written.slice(-2)];
  return `${sum.name} = ${shown.join(" + ")} = ${riddle ? "?" : formatNumber(sum.total)}`;
}

/** A factor of a product: three digits, and in brackets where it is negative. */
export function factorText(value) {
  return value < 0 ? `(${formatNumber(value, 3)})` : formatNumber(value, 3);
}

/** What to say of the guess at the present number. */
export function verdictText({ guess, predict, scene }) {
  if (!predict || !scene.target) return "";
  if (!guess) return "Work it out, and type it into the marked cell.";
  const typed = formatNumber(guess.typed);
  if (guess.right) return `✓ Right: ${typed}.`;
  if (guess.shown) return guess.typed === undefined ? "Shown." : `Shown; you typed ${typed}.`;
  const side = guess.typed < scene.target.value ? "small" : "large";
  return `✗ Wrong: ${typed} is too ${side}. Try again, or have it shown.`;
}

/** The present step for screen readers. */
export function stepText({ scene: { sum }, step, walk, riddle }) {
  const place = `step ${step + 1} of ${walk.count}`;
  if (sum.adds) return `${sum.name} = ${formatNumber(sum.value)} is spread over ${sum.adds}; ${place}`;
  if (riddle) return `${sum.name} is hidden: type its value; ${place}`;
  return `${sum.name} = ${formatNumber(sum.total)}, a sum of ${sum.terms.length} products; ${place}`;
}

/** The size formula, one line an axis: { text, fits }; a remainder is said where the filter does not fit. */
export function formulaLines({ numbers, example: { ndim } }) {
  const axes = ndim === 1 ? [["length", "numbers"]] : [["rows", "rows"], ["columns", "columns"]]; // prettier-ignore
  return numbers.sizes.slice(-ndim).map((axis, a) => {
    const [label, cells] = axes[a];
    const extent = axis.dilation > 1 ? `(${axis.dilation}·(${axis.f} − 1) + 1)` : `${axis.f}`;
    const exact = `${label}: (${axis.n} + 2·${axis.pad} − ${extent}) / ${axis.stride} + 1`;
    if (axis.remainder === 0) return { text: `${exact} = ${axis.size}`, fits: true };
    const fraction = formatNumber(axis.room / axis.stride + 1, 3);
    const positions = `${axis.size} position${axis.size > 1 ? "s" : ""}, remainder ${axis.remainder}`;
    const left = axis.remainder === 1 ? `${cells.slice(0, -1)} is` : `${axis.remainder} ${cells} are`;
    return { text: `${exact} = ${fraction} does not fit: ${positions}: the last ${left} never reached`, fits: false };
  });
}
