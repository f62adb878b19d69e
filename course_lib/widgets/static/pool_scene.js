// One step of PoolRoutes: which windows it is about, what each panel shows, and which routes are drawn.
//
// scene(state) returns { panels: { input, dx, upstream, output }, key, target, links }: a panel as grid.js paints it,
// the guess's name, the number that a prediction is about, and the routes [{ from: [i, j], to: [row, column], share,
// bold }] between the upstream gradient and ∂L/∂x.

import { formatNumber } from "./common.js";
import { pixelsOf } from "./pool_numbers.js";

const MANY = 16; // so many routes can be told apart at once

/** How many steps there are: one a window, or one a pixel that collects. */
export function countSteps({ example, mode, view }) {
  const { image, upstream } = example;
  const steps = mode === "backward" && view === "gather" ? image : upstream;
  return steps.length * steps[0].length;
}

export function placeOf(grid, step) {
  return [Math.floor(step / grid[0].length), step % grid[0].length];
}

/** "out[0, 2]", as NumPy counts; a signal has one index. */
export function nameOf({ example }, what, [row, column]) {
  return example.ndim === 1 ? `${what}[${column}]` : `${what}[${row}, ${column}]`;
}

/** For each pixel, row by row, the windows that send it something: [{ window, share }]. */
function arrivals(routes, columns, count) {
  const found = Array.from({ length: count }, () => []);
  routes.forEach((route, window) => route.forEach(([r, c, share]) => found[r * columns + c].push({ window, share })));
  return found;
}

/** What collects in a pixel: { terms: [{ window, share, value }], total }. */
export function collected(state, index) {
  const flat = state.example.upstream.flat();
  const terms = state.arrivals[index].map(({ window, share }) => ({ window, share, value: flat[window] * share }));
  return { terms, total: state.numbers.dx.flat()[index] };
}

/** The terms of a sum, for the small text below it: "1+2−3", or how many there are. */
export function sumNote(terms) {
  if (terms.length < 2) return "";
  const text = terms
    .map(({ value }) => formatNumber(value, 3))
    .join("+")
    .replaceAll("+−", "−");
  return text.length <= 7 ? text : `Σ of ${terms.length}`;
}

/** Add to a state what its steps are about; called once for an example, mode or view. */
export function prepare(state) {
  const { image } = state.example;
  state.arrivals = arrivals(state.numbers.routes, image[0].length, image.length * image[0].length);
  state.steps = countSteps(state);
}

export const isKnown = (guess) => Boolean(guess?.right || guess?.shown);

export function makeScene(state) {
  const { example, numbers, mode, view, step, predict, guesses, whole } = state;
  const { image, upstream, pad, kind } = example;
  const [height, width] = [image.length, image[0].length];
  const [ho, wo] = [upstream.length, upstream[0].length];
  const forward = mode === "forward";
  const gather = !forward && view === "gather";
  const known = (at) => !predict || isKnown(guesses[`${mode}:${at}`]);
  const reached = (window) => (gather || whole ? true : window <= step); // windows that had their turn
  const at = gather ? placeOf(image, step) : placeOf(upstream, step);
  const active = gather ? state.arrivals[step].map(({ window }) => window) : [step];
  const hidden = !known(step); // the present number is a riddle
  const scene = { key: `${mode}:${step}`, at, active, links: [], panels: {} };
  scene.hidden = hidden;

  // the input: padding, the window, winners and what is equal to them
  const [rows, columns] = [height + 2 * pad[0], width + 2 * pad[1]];
  const blank = () => Array.from({ length: height * width }, () => "");
  const marks = blank();
  const notes = blank();
  const [unreadRows, unreadColumns] = numbers.sizes.map((axis) => axis.unread);
  for (let r = 0; r < height; r++)
    for (let c = 0; c < width; c++)
      if (r >= height - unreadRows || c >= width - unreadColumns) marks[r * width + c] += " cw-unreached";
  const windows = gather ? active : [step];
  for (const window of windows)
    for (const [r, c] of pixelsOf(example, ...placeOf(upstream, window)))
      if (!marks[r * width + c].includes("cw-tap")) marks[r * width + c] += " cw-tap";
  if (kind === "max") {
    const shown = (window) => (forward ? reached(window) && known(window) : !predict); // the way back knows them all
    const wins = blank().map(() => []);
    numbers.routes.forEach((route, window) => {
      if (!shown(window) && !(active.includes(window) && !hidden)) return;
      for (const [r, c] of route) wins[r * width + c].push(window);
    });
    wins.forEach((won, index) => {
      if (!won.length) return;
      const now = won.some((window) => active.includes(window)) && !hidden;
      marks[index] += now ? " cw-winner cw-now" : " cw-winner";
      notes[index] = won.length > 1 ? `wins ${won.length}` : `→ ${shortName(state, won[0])}`;
    });
    if (!hidden && !gather && !(predict && !forward)) {
      for (const [r, c] of numbers.equal[step]) {
        const index = r * width + c;
        if (!marks[index].includes("cw-winner") && numbers.equal[step].length > 1) {
          marks[index] += " cw-tied";
          notes[index] = "tie";
        }
      }
    }
  }
  scene.panels.input = {
    title: Math.max(...pad) ? "input x, padded" : "input x",
    rows,
    columns,
    values: padded(image, pad, kind === "max" ? null : 0, (r, c) => image[r][c]),
    texts: padded(image, pad, kind === "max" ? "−∞" : undefined, () => undefined),
    marks: padded(image, pad, "cw-padding", (r, c) => marks[r * width + c]),
    notes: padded(image, pad, "", (r, c) => notes[r * width + c]),
    scale: "image",
  };
  if (!gather) {
    const [top, left] = [at[0] * example.stride[0], at[1] * example.stride[1]];
    scene.panels.input.frame = { row: top, column: left, height: example.size[0], width: example.size[1] };
  }

  if (forward) {
    scene.panels.output = cellsOf(state, numbers.out, "output", "image", {
      shows: (index) => (predict ? known(index) : whole || index <= step),
      cursor: step,
    });
    scene.target = { name: nameOf(state, "out", at), value: numbers.out[at[0]][at[1]] };
    return scene;
  }

  // the way back
  const sent = upstream.flat();
  const terms = blank().map((_, index) => collected(state, index));
  const sums = terms.map(({ terms: all, total }) =>
    gather || whole ? total : all.filter(({ window }) => window <= step).reduce((sum, { value }) => sum + value, 0),
  );
  scene.panels.dx = cellsOf(state, grouped(sums, width), "∂L/∂x", "dx", {
    shows: (index) => (gather ? (predict ? known(index) : true) : true),
    cursor: gather ? step : undefined,
    notes: terms.map(({ terms: all }, index) => {
      const arrived = all.filter(({ window }) => gather || whole || window <= step);
      return gather && !known(index) ? "" : sumNote(arrived);
    }),
  });
  if (!gather)
    for (const [r, c] of numbers.routes[step].map(([r, c]) => [r, c]))
      scene.panels.dx.marks[r * width + c] += " cw-arrived";
  const upMarks = sent.map((_, window) => (active.includes(window) && !hidden ? "cw-current" : ""));
  scene.panels.upstream = {
    title: "upstream ∂L/∂out",
    rows: ho,
    columns: wo,
    values: sent,
    scale: "upstream",
    marks: upMarks,
    notes: sent.map((_, window) => (predict ? "" : destination(state, window))),
    cursor: gather ? undefined : step,
  };
  numbers.routes.forEach((route, window) => {
    const bold = active.includes(window);
    if (predict && !(bold && !hidden)) return;
    if (!bold && (kind === "average" || numbers.routes.length > MANY)) return; // a tangle of lines says nothing
    for (const [r, c, share] of route) {
      const strong = bold && (!gather || (r === at[0] && c === at[1]));
      if (kind === "average" && !strong) continue;
      scene.links.push({ from: placeOf(upstream, window), to: [r, c], value: sent[window] * share, bold: strong });
    }
  });
  scene.links.sort((a, b) => a.bold - b.bold); // the bold ones on top
  if (gather) scene.target = { name: nameOf(state, "∂L/∂x", at), value: numbers.dx[at[0]][at[1]] };
  return scene;
}

function shortName(state, window) {
  const [i, j] = placeOf(state.example.upstream, window);
  return state.example.ndim === 1 ? `${j}` : `${i},${j}`;
}

/** Where an upstream number goes, for the small text below it. */
function destination({ example, numbers }, window) {
  const route = numbers.routes[window];
  if (example.kind === "average") return `÷ ${example.size[0] * example.size[1]}`;
  const [r, c] = route[0];
  const first = example.ndim === 1 ? `${c}` : `${r},${c}`;
  return route.length > 1 ? `→ ${route.length} ties` : `→ ${first}`;
}

function grouped(flat, width) {
  return Array.from({ length: flat.length / width }, (_, r) => flat.slice(r * width, (r + 1) * width));
}

function padded(image, [ph, pw], outside, inside) {
  const [height, width] = [image.length, image[0].length];
  const all = [];
  for (let y = 0; y < height + 2 * ph; y++)
    for (let x = 0; x < width + 2 * pw; x++) {
      const [r, c] = [y - ph, x - pw];
      all.push(image[r]?.[c] === undefined ? outside : inside(r, c));
    }
  return all;
}

/** A panel whose numbers may be hidden: not computed yet, or still to be guessed. */
function cellsOf({ mode, predict, guesses }, grid, title, scale, { shows, cursor, notes }) {
  const values = grid.flat();
  const marks = values.map(() => "");
  const texts = values.map(() => undefined);
  values.forEach((_, index) => {
    const guess = guesses[`${mode}:${index}`];
    if (predict && guess?.right) marks[index] = "cw-right";
    if (shows(index)) return;
    values[index] = null;
    if (!predict) return;
    texts[index] = guess ? `✗ ${formatNumber(guess.typed, 3)}` : "?";
    marks[index] = guess ? "cw-hiding cw-wrong" : "cw-hiding";
  });
  if (cursor !== undefined) marks[cursor] += " cw-current";
  return { title, rows: grid.length, columns: grid[0].length, values, marks, texts, notes, scale, cursor };
}
