// The two walks of ∂L/∂w; filter_steps.js says what a walk is.

import {
  nameOf,
  mapTitle,
  windowAt,
  nearestWindow,
  inputTitle,
  inputMaps,
  upstreamMaps,
  productMap,
  resultMaps,
  outputSteps,
} from "./filter_maps.js";
import { makeArray } from "./filter_numbers.js";

/** Each upstream number adds its multiple of the patch under the window to ∂L/∂w. */
export function weightsScattered(layer) {
  const { example, numbers, first, depth, taps, fh, fw, filters, channels, flipped } = layer;
  const steps = outputSteps(layer);
  return {
    ...steps,
    cursor: "right",
    pointed: (panel, row, column, step) =>
      panel === "left" ? steps.stepOf(steps.cellOf(step)[0], ...nearestWindow(layer, row, column)) : null,
    scene(step) {
      const [k, i, j] = steps.cellOf(step);
      const upstream = example.upstream[k][i][j];
      const window = windowAt(layer, i, j);
      const slices = [...Array(depth).keys()];
      const pairs = slices.map((c) => window.cells.map(([y, x]) => [numbers.padded[first(k) + c][y][x], upstream]));
      const sum = makeArray([depth, fh, fw], () => 0);
      for (let s = steps.stepOf(k, 0, 0); s <= step; s++) {
        const [, a, b] = steps.cellOf(s);
        windowAt(layer, a, b).cells.forEach(([y, x], t) => {
          const [p, q] = flipped ? [fh - 1 - taps[t][0], fw - 1 - taps[t][1]] : taps[t];
          for (const c of slices) sum[c][p][q] += example.upstream[k][a][b] * numbers.padded[first(k) + c][y][x];
        });
      }
      const title = (c) => [mapTitle("filter", k, filters), mapTitle("slice", c, depth)].filter(Boolean).join(", ");
      return {
        at: [k, i, j],
        sum: {
          name: nameOf(layer, "∂L/∂out", [[k, filters]], [i, j]),
          adds: "∂L/∂w",
          value: upstream,
          terms: pairs.flat().map(([x, g]) => [g, x]),
        },
        panels: {
          left: {
            title: inputTitle(layer),
            maps: inputMaps(layer, new Map(slices.map((c) => [first(k) + c, window]))),
          },
          right: { title: "upstream ∂L/∂out", maps: upstreamMaps(layer, [k, i, j]) },
          products: {
            title: flipped ? "patch × upstream (turned by 180° as it is added)" : "patch × upstream",
            maps: slices.map((c) => ({
              ...productMap(fh, fw, pairs[c], mapTitle("channel", first(k) + c, channels), 0),
              running: null,
            })),
          },
          result: {
            title: "∂L/∂w, adding up",
            maps: sum.map((map, c) => ({
              rows: fh,
              columns: fw,
              values: map.flat(),
              scale: "dw",
              caption: title(c),
              whole: numbers.dw[k][c].flat(),
            })),
          },
        },
      };
    },
  };
}

/** Each weight's gradient is collected: the numbers that the weight lay on, times the upstream numbers. */
export function weightsGathered(layer) {
  const { example, numbers, first, depth, fh, fw, rows, columns, filters, channels, flipped } = layer;
  const perMap = fh * fw;
  const stepOf = (map, p, q) => map * perMap + p * fw + q; // the maps are the slices of all filters, one after the other
  const cellOf = (step) => [Math.floor(step / perMap), Math.floor((step % perMap) / fw), step % fw];
  return {
    count: filters * depth * perMap,
    cursor: "result",
    stepOf,
    cellOf,
    pointed: () => null,
    scene(step) {
      const [map, p, q] = cellOf(step);
      const [k, c] = [Math.floor(map / depth), map % depth];
      const [lp, lq] = flipped ? [fh - 1 - p, fw - 1 - q] : [p, q]; // where the weight lies on the image
      const cells = makeArray([rows.size, columns.size], (i, j) => [
        i * rows.stride + lp * rows.dilation,
        j * columns.stride + lq * columns.dilation,
      ]).flat();
      const channel = first(k) + c;
      const pairs = cells.map(([y, x], t) => [
        numbers.padded[channel][y][x],
        example.upstream[k][Math.floor(t / columns.size)][t % columns.size],
      ]);
      const frame = {
        row: lp * rows.dilation,
        column: lq * columns.dilation,
        height: (rows.size - 1) * rows.stride + 1,
        width: (columns.size - 1) * columns.stride + 1,
      };
      const total = numbers.dw[k][c][p][q];
      const title = (m) =>
        [mapTitle("filter", Math.floor(m / depth), filters), mapTitle("slice", m % depth, depth)]
          .filter(Boolean)
          .join(", ");
      return {
        at: [map, p, q],
        target: { map, index: p * fw + q, value: total },
        sum: {
          name: nameOf(
            layer,
            "∂L/∂w",
            [
              [k, filters],
              [c, depth],
            ],
            [p, q],
          ),
          terms: pairs,
          total,
        },
        panels: {
          left: { title: inputTitle(layer), maps: inputMaps(layer, new Map([[channel, { cells, frame }]])) },
          right: {
            title: "upstream ∂L/∂out",
            maps: upstreamMaps(layer, null).map((found, m) => ({ ...found, dim: m !== k })),
          },
          products: {
            title: "products",
            maps: [productMap(rows.size, columns.size, pairs, mapTitle("channel", channel, channels), 0)],
          },
          result: { title: "∂L/∂w", maps: resultMaps(numbers.dw.flat(), "dw", title, [fh, fw]) },
        },
      };
    },
  };
}
