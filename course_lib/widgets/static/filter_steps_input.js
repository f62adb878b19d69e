// The two walks of ∂L/∂x; filter_steps.js says what a walk is.

import {
  nameOf,
  mapTitle,
  windowAt,
  nearestWindow,
  kernelMaps,
  upstreamMaps,
  productMap,
  productMaps,
  resultMaps,
  outputSteps,
  clip,
} from "./filter_maps.js";
import { makeArray, shapeOf } from "./filter_numbers.js";

/** Each upstream number lays its multiple of the kernel on ∂L/∂x, where the products add up. */
export function inputScattered(layer) {
  const { example, numbers, laid, first, depth, taps, fh, fw, rows, columns, filters, channels, flipped } = layer;
  const steps = outputSteps(layer);
  const [ph, pw] = example.pad;
  return {
    ...steps,
    cursor: "left",
    pointed: (panel, row, column, step) =>
      panel === "result" ? steps.stepOf(steps.cellOf(step)[0], ...nearestWindow(layer, row + ph, column + pw)) : null,
    scene(step) {
      const [k, i, j] = steps.cellOf(step);
      const upstream = example.upstream[k][i][j];
      const window = windowAt(layer, i, j);
      const slices = [...Array(depth).keys()];
      const pairs = slices.map((c) => taps.map(([p, q]) => [upstream, laid[k][c][p][q]]));
      const seen = (c) => c >= first(k) && c < first(k) + depth;
      return {
        at: [k, i, j],
        sum: {
          name: nameOf(layer, "∂L/∂out", [[k, filters]], [i, j]),
          adds: "∂L/∂x",
          value: upstream,
          terms: pairs.flat(),
        },
        panels: {
          left: { title: "upstream ∂L/∂out", maps: upstreamMaps(layer, [k, i, j]) },
          right: {
            title: "kernel",
            maps: kernelMaps(
              layer,
              k,
              slices.map((c) => [k, c]),
              flipped ? "rotated" : "written",
            ),
          },
          products: {
            title: "upstream × kernel",
            maps: slices.map((c) => ({
              ...productMap(fh, fw, pairs[c], mapTitle("channel", first(k) + c, channels), 0),
              running: null,
            })),
          },
          result: {
            title: "∂L/∂x, adding up",
            maps: this.addedUp(step).map((map, c) => {
              const marks = makeArray([rows.n, columns.n], () => "");
              if (seen(c))
                for (const [y, x] of window.cells)
                  if (marks[y - ph]?.[x - pw] !== undefined) marks[y - ph][x - pw] = "cw-tap";
              const frame = seen(c) ? clip(window.frame, ph, pw, rows.n, columns.n) : undefined;
              return {
                rows: rows.n,
                columns: columns.n,
                values: map.flat(),
                scale: "dx",
                caption: mapTitle("channel", c, channels),
                marks: marks.flat(),
                frame,
                whole: numbers.dx[c].flat(),
              };
            }),
          },
        },
      };
    },
    /** ∂L/∂x after so many of the upstream numbers have been spread. */
    addedUp(step) {
      const sum = makeArray(shapeOf(example.image), () => 0);
      for (let s = 0; s <= step; s++) {
        const [k, i, j] = steps.cellOf(s);
        for (let c = 0; c < depth; c++) {
          for (const [p, q] of taps) {
            const row = sum[first(k) + c][i * rows.stride + p * rows.dilation - ph];
            const x = j * columns.stride + q * columns.dilation - pw;
            if (row !== undefined && x >= 0 && x < columns.n) row[x] += example.upstream[k][i][j] * laid[k][c][p][q];
          }
        }
      }
      return sum;
    },
  };
}

/** Each number of ∂L/∂x is collected: the rotated kernel slides over the upstream numbers, zeros between and around. */
export function inputGathered(layer) {
  const { example, numbers, laid, first, depth, taps, fh, fw, rows, columns, filters, channels, perGroup, flipped } =
    layer;
  // Zeros between the upstream numbers for a stride, and around them so that each cell of ∂L/∂x has a whole window.
  const along = (axis) => ({
    size: axis.n + axis.extent - 1,
    before: axis.extent - 1 - axis.pad,
    stride: axis.stride,
    count: axis.size,
  });
  const [down, across] = [along(rows), along(columns)];
  const indexIn = (at, { before, stride, count }) => {
    const index = (at - before) / stride;
    return Number.isInteger(index) && index >= 0 && index < count ? index : -1;
  };
  const stuffed = example.upstream.map((map) =>
    makeArray([down.size, across.size], (r, c) => map[indexIn(r, down)]?.[indexIn(c, across)] ?? 0),
  );
  const padding = makeArray([down.size, across.size], (r, c) =>
    indexIn(r, down) < 0 || indexIn(c, across) < 0 ? "cw-padding" : "",
  );
  const perMap = rows.n * columns.n;
  const stepOf = (c, y, x) => c * perMap + y * columns.n + x;
  const cellOf = (step) => [Math.floor(step / perMap), Math.floor((step % perMap) / columns.n), step % columns.n];
  const middle = (at, axis) => Math.max(0, Math.min(axis.n - 1, Math.round(at - (axis.extent - 1) / 2)));
  return {
    count: channels * perMap,
    cursor: "result",
    stepOf,
    cellOf,
    pointed: (panel, row, column, step) =>
      panel === "left" ? stepOf(cellOf(step)[0], middle(row, rows), middle(column, columns)) : null,
    scene(step) {
      const [c, y, x] = cellOf(step);
      const group = Math.floor(c / depth);
      const seen = [...Array(perGroup).keys()].map((m) => group * perGroup + m); // the filters that see this channel
      const cells = taps.map(([p, q]) => [y + p * rows.dilation, x + q * columns.dilation]);
      const pairs = seen.map((k) =>
        taps.map(([p, q], t) => [stuffed[k][cells[t][0]][cells[t][1]], laid[k][c - first(k)][fh - 1 - p][fw - 1 - q]]),
      );
      const left = stuffed.map((map, k) => {
        const marks = padding.map((row) => [...row]);
        if (seen.includes(k)) for (const [r, s] of cells) marks[r][s] += " cw-tap";
        const frame = { row: y, column: x, height: rows.extent, width: columns.extent };
        return {
          rows: down.size,
          columns: across.size,
          values: map.flat(),
          scale: "upstream",
          marks: marks.flat(),
          caption: mapTitle("map", k, filters),
          dim: !seen.includes(k),
          frame: seen.includes(k) ? frame : undefined,
        };
      });
      const total = numbers.dx[c][y][x];
      return {
        at: [c, y, x],
        target: { map: c, index: y * columns.n + x, value: total },
        sum: { name: nameOf(layer, "∂L/∂x", [[c, channels]], [y, x]), terms: pairs.flat(), total },
        panels: {
          left: {
            title: Math.max(rows.stride, columns.stride) > 1 ? "∂L/∂out, zeros stuffed and padded" : "∂L/∂out, padded",
            maps: left,
          },
          right: {
            title: "kernel",
            maps: kernelMaps(
              layer,
              0,
              seen.map((k) => [k, c - first(k)]),
              flipped ? "written" : "rotated",
            ),
          },
          products: { title: "products", maps: productMaps(fh, fw, pairs, (m) => mapTitle("map", seen[m], filters)) },
          result: {
            title: "∂L/∂x",
            maps: resultMaps(numbers.dx, "dx", (m) => mapTitle("channel", m, channels), [rows.n, columns.n]),
          },
        },
      };
    },
  };
}
