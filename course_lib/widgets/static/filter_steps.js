// One step of a walk through the layer, for each mode: which numbers meet, what their sum is, and where it goes.
//
// A walk has `count` steps. `cursor` names the panel whose cells the steps are, `stepOf(map, row, column)` gives a
// cell's step, and `pointed(panel, row, column, step)` the step that pointing at a cell of another panel means.
// `scene(step)` is all that is drawn:
//   panels    left, right, products, result: a title and its maps, as grid.js paints them
//   sum       { name, terms: [[x, w], ...], total }, and whether it is added to something (`adds`)
//   at        [map, row, column] of the cursor
//   target    { map, index, value } of the number that this step finishes; absent where numbers only add up
// A right panel that is the kernel holds it twice: as written, and its ghost rotated by 180°; `used` says which one
// lies on the numbers.

import {
  describeLayer,
  nameOf,
  mapTitle,
  windowAt,
  nearestWindow,
  inputTitle,
  inputMaps,
  kernelMaps,
  productMaps,
  resultMaps,
  outputSteps,
} from "./filter_maps.js";
import { inputGathered, inputScattered } from "./filter_steps_input.js";
import { weightsGathered, weightsScattered } from "./filter_steps_weights.js";

/** The walk of a mode ("forward", "dx", "dw", "matrix") and view ("scatter", "gather"). */
export function makeWalk(example, numbers, mode, view) {
  const layer = describeLayer(example, numbers);
  if (mode === "dx") return view === "gather" ? inputGathered(layer) : inputScattered(layer);
  if (mode === "dw") return view === "gather" ? weightsGathered(layer) : weightsScattered(layer);
  return forward(layer);
}

function forward(layer) {
  const { numbers, laid, first, depth, taps, fh, fw, rows, columns, filters, channels, flipped } = layer;
  const steps = outputSteps(layer);
  return {
    ...steps,
    cursor: "result",
    pointed: (panel, row, column, step) =>
      panel === "left" ? steps.stepOf(steps.cellOf(step)[0], ...nearestWindow(layer, row, column)) : null,
    scene(step) {
      const [k, i, j] = steps.cellOf(step);
      const window = windowAt(layer, i, j);
      const slices = [...Array(depth).keys()];
      const pairs = slices.map((c) =>
        taps.map(([p, q], t) => [
          numbers.padded[first(k) + c][window.cells[t][0]][window.cells[t][1]],
          laid[k][c][p][q],
        ]),
      );
      const products = productMaps(fh, fw, pairs, (c) => mapTitle("channel", first(k) + c, channels));
      return {
        at: [k, i, j],
        target: { map: k, index: i * columns.size + j, value: numbers.out[k][i][j] },
        sum: { name: nameOf(layer, "out", [[k, filters]], [i, j]), terms: pairs.flat(), total: numbers.out[k][i][j] },
        panels: {
          left: {
            title: inputTitle(layer),
            maps: inputMaps(layer, new Map(slices.map((c) => [first(k) + c, window]))),
          },
          right: {
            title: "kernel",
            maps: kernelMaps(
              layer,
              k,
              slices.map((c) => [k, c]),
              flipped ? "rotated" : "written",
            ),
          },
          products: { title: "products", maps: products },
          result: {
            title: "output",
            maps: resultMaps(numbers.out, "out", (m) => mapTitle("map", m, filters), [rows.size, columns.size]),
          },
        },
      };
    },
  };
}
