// The same formulas as _graph_numbers.py, for pages without a kernel and for the time until a kernel has answered.
// A node is { kind, name, inputs, value? , own? }; an own node's kind is the learner's, and only Python can run it.

import { Refused } from "./common.js";

/** The gates: `out` from the inputs' values, `local` the derivative by each of them, from the inputs and the output. */
export const GATES = {
  Add: { symbol: "+", out: (x, y) => x + y, local: () => [1, 1] },
  Multiply: { symbol: "×", out: (x, y) => x * y, local: ([x, y]) => [y, x] },
  Max: { symbol: "max", out: (x, y) => Math.max(x, y), local: ([x, y]) => (x >= y ? [1, 0] : [0, 1]) },
  Sigmoid: { symbol: "σ", out: sigmoidOf, local: (_, out) => [(1 - out) * out] },
  Exp: { symbol: "exp", out: (x) => Math.exp(x), local: (_, out) => [out] },
  Reciprocal: { symbol: "1/x", out: (x) => 1 / x, local: (_, out) => [-out * out] },
};

function sigmoidOf(x) {
  const e = Math.exp(-Math.abs(x)); // the exponent is never positive, so it cannot overflow
  return (x >= 0 ? 1 : e) / (1 + e);
}

/** The wires of a graph, { source, reader, port }, in the order that all lists of wires keep. */
export function wiresOf(nodes) {
  return nodes.flatMap((node, reader) => node.inputs.map((source, port) => ({ source, reader, port })));
}

/** All that the widget shows of one element; throws Refused where the graph does not run. */
export function runGraph(example, element) {
  const { nodes } = example;
  const values = [];
  const locals = nodes.map(() => []);
  const gradients = nodes.map(() => 0);
  const shares = nodes.map(() => []);
  for (const handle of example.order) {
    const { kind, name, inputs, value } = nodes[handle];
    if (kind === "Input" && value) {
      values[handle] = value[element];
      continue;
    }
    if (!GATES[kind])
      throw new Refused(
        `${name}: ${kind} is a node of your own, which only Python runs; without it nothing can change`,
      );
    const xs = inputs.map((source) => values[source]);
    if (kind === "Reciprocal" && xs[0] === 0)
      throw new Refused(`${name}: expected numbers other than 0 for Reciprocal, got 0; the last numbers stay`);
    values[handle] = GATES[kind].out(...xs);
    if (!Number.isFinite(values[handle]))
      throw new Refused(`${name}: its value is too large to compute with; the last numbers stay`);
    locals[handle] = GATES[kind].local(xs, values[handle]);
  }
  gradients[nodes.length - 1] = example.upstream[element];
  for (const handle of [...example.order].reverse()) {
    shares[handle] = locals[handle].map((local) => gradients[handle] * local);
    nodes[handle].inputs.forEach((source, port) => (gradients[source] += shares[handle][port]));
  }
  for (const [handle, { name }] of nodes.entries()) {
    if (![gradients[handle], ...shares[handle]].every(Number.isFinite))
      throw new Refused(`${name}: its gradient is too large to compute with; the last numbers stay`);
  }
  return { revision: example.revision, element, values, gradients, locals, shares };
}
