// The maps that the steps of a walk (filter_steps.js) show: sizes, numbers and marks, as grid.js paints them.

import { laidKernel, makeArray, rotated, sizesOf } from "./filter_numbers.js";

/** What every walk needs to know of an example. */
export function describeLayer(example, numbers) {
  const [filters, depth, fh, fw] = shapeOf(example.kernel);
  const channels = example.image.length;
  const [rows, columns] = sizesOf(example);
  const perGroup = filters / example.groups;
  return {
    example,
    numbers,
    filters,
    depth,
    fh,
    fw,
    channels,
    rows,
    columns,
    perGroup,
    laid: laidKernel(example),
    first: (k) => Math.floor(k / perGroup) * depth, // the first channel that filter k sees
    taps: [...Array(fh * fw).keys()].map((t) => [Math.floor(t / fw), t % fw]),
    flipped: example.operation === "convolution",
  };
}

/** "out[0, 2]": as NumPy counts, from 0, without the indices that only have one value. */
export function nameOf(layer, what, maps, indices) {
  const [row, column] = indices.slice(-2);
  const kept = maps.filter(([, count]) => count > 1).map(([index]) => index);
  if (layer.example.ndim === 2) kept.push(row);
  return `${what}[${[...kept, column].join(", ")}]`;
}

/** "channel 1", or nothing where there is only one. */
export function mapTitle(what, index, count) {
  return count > 1 ? `${what} ${index}` : "";
}

/** Where a window lies on a padded map, and its outline: one cell a tap. */
export function windowAt({ rows, columns, taps }, i, j) {
  const [top, left] = [i * rows.stride, j * columns.stride];
  return {
    cells: taps.map(([p, q]) => [top + p * rows.dilation, left + q * columns.dilation]),
    frame: { row: top, column: left, height: rows.extent, width: columns.extent },
  };
}

/** The window whose middle is nearest to a cell: what dragging on a map means. */
export function nearestWindow({ rows, columns }, row, column) {
  const along = (at, axis) =>
    Math.max(0, Math.min(axis.size - 1, Math.round((at - (axis.extent - 1) / 2) / axis.stride)));
  return [along(row, rows), along(column, columns)];
}

/** The input's title: most examples have no padding. */
export function inputTitle({ example }) {
  return Math.max(...example.pad) > 0 ? "input, padded" : "input";
}

/** The padded input's maps: padding, cells that no window reaches, and the taps of this step, if any. */
export function inputMaps(layer, taken) {
  const { example, numbers, rows, columns, channels } = layer;
  const [ph, pw] = example.pad;
  const [height, width] = [rows.n + 2 * ph, columns.n + 2 * pw];
  return numbers.padded.map((map, c) => {
    const marks = makeArray([height, width], (y, x) => {
      const padding = y < ph || y >= ph + rows.n || x < pw || x >= pw + columns.n;
      const unreached = y >= height - rows.remainder || x >= width - columns.remainder;
      return `${padding ? "cw-padding " : ""}${unreached ? "cw-unreached" : ""}`;
    });
    const part = taken.get(c);
    for (const [y, x] of part?.cells ?? []) marks[y][x] += " cw-tap";
    return {
      rows: height,
      columns: width,
      values: map.flat(),
      scale: "image",
      marks: marks.flat(),
      frame: part?.frame,
      dim: !part,
      caption: mapTitle("channel", c, channels),
      edits: ["image", c, ph, pw, rows.n, columns.n],
    };
  });
}

/** A filter's slices as written, each with its ghost rotated by 180°. */
export function kernelMaps(layer, k, slices, used) {
  return slices.map(([filter, c]) => {
    const written = layer.example.kernel[filter][c];
    const shape = { rows: layer.fh, columns: layer.fw, scale: "kernel" };
    const title = [mapTitle("filter", filter, layer.filters), mapTitle("slice", c, layer.depth)]
      .filter(Boolean)
      .join(", ");
    return {
      ...shape,
      values: written.flat(),
      caption: title,
      edits: ["kernel", [filter, c], 0, 0, layer.fh, layer.fw],
      used: used === "written",
      ghost: { ...shape, values: rotated(written).flat(), caption: "rotated by 180°", used: used === "rotated" },
    };
  });
}

export function upstreamMaps(layer, at) {
  const { example, rows, columns, filters } = layer;
  return example.upstream.map((map, k) => ({
    rows: rows.size,
    columns: columns.size,
    values: map.flat(),
    scale: "upstream",
    caption: mapTitle("map", k, filters),
    edits: ["upstream", k, 0, 0, rows.size, columns.size],
    dim: at !== null && at[0] !== k,
    marks: at && at[0] === k ? markOne(rows.size * columns.size, at[1] * columns.size + at[2]) : undefined,
  }));
}

function markOne(count, index) {
  const marks = new Array(count).fill("");
  marks[index] = "cw-current";
  return marks;
}

/** Products laid out as a map, each with its factors above and the sum so far below. */
export function productMap(rows, columns, pairs, caption, before) {
  let running = before;
  return {
    rows,
    columns,
    caption,
    scale: "products",
    lines: true,
    pairs,
    values: pairs.map(([x, w]) => x * w),
    running: pairs.map(([x, w]) => (running += x * w)),
    total: running,
  };
}

/** The products of several maps, whose sum runs on from one map to the next. */
export function productMaps(rows, columns, pairsOfMaps, captionOf) {
  let total = 0;
  return pairsOfMaps.map((pairs, m) => {
    const map = productMap(rows, columns, pairs, captionOf(m), total);
    total = map.total;
    return map;
  });
}

/** The maps of a result, of `size` rows and columns. */
export function resultMaps(values, scale, captionOf, size) {
  return values.map((map, m) => ({
    rows: size[0],
    columns: size[1],
    values: map.flat(),
    scale,
    caption: captionOf(m),
  }));
}

/** Which step a cell of the output (or the upstream gradient) is, and back. */
export function outputSteps({ filters, rows, columns }) {
  const perMap = rows.size * columns.size;
  return {
    count: filters * perMap,
    stepOf: (k, i, j) => k * perMap + i * columns.size + j,
    cellOf: (step) => [Math.floor(step / perMap), Math.floor((step % perMap) / columns.size), step % columns.size],
  };
}

/** The part of an outline that lies on a map of this size, once the padding is taken off. */
export function clip(frame, ph, pw, height, width) {
  const [top, left] = [Math.max(0, frame.row - ph), Math.max(0, frame.column - pw)];
  const bottom = Math.min(height, frame.row - ph + frame.height);
  const right = Math.min(width, frame.column - pw + frame.width);
  return bottom > top && right > left
    ? { row: top, column: left, height: bottom - top, width: right - left }
    : undefined;
}
