// What GraphStepper says in words: formulas of gates, names of gradients, the step for screen readers.

import { formatNumber } from "./common.js";
import { GATES, wiresOf } from "./stepper_numbers.js";

/** A number as a factor or a term: in brackets where it is negative. */
export function inBrackets(value, digits = 4) {
  return value < 0 ? `(${formatNumber(value, digits)})` : formatNumber(value, digits);
}

/** A gate's forward formula, of names or of numbers as text. */
export function formulaOf(node, parts) {
  const [a, b] = parts;
  switch (node.own ? "" : node.kind) {
    case "Add":
      return `${a} + ${b}`;
    case "Multiply":
      return `${a} × ${b}`;
    case "Max":
      return `max(${a}, ${b})`;
    case "Sigmoid":
      return `σ(${a})`;
    case "Exp":
      return `exp(${a})`;
    case "Reciprocal":
      return `1 / ${a}`;
    default:
      return `${node.kind}(${parts.join(", ")})`;
  }
}

/** The local gradient's formula by input `port`, in names; "" where it is just a number. */
export function localFormula(example, handle, port) {
  const node = example.nodes[handle];
  const names = node.inputs.map((source) => example.nodes[source].name);
  switch (node.own ? "" : node.kind) {
    case "Multiply":
      return names[1 - port];
    case "Max":
      return `[${names[port]} is the larger]`;
    case "Sigmoid":
      return `(1 − ${node.name})·${node.name}`;
    case "Exp":
      return node.name;
    case "Reciprocal":
      return `−${node.name}²`;
    default:
      return "";
  }
}

/** One input of a gate: "x", or "(first x)" where the gate reads x twice. */
export function inputName({ nodes }, handle, port) {
  const { inputs } = nodes[handle];
  const { name } = nodes[inputs[port]];
  if (inputs.filter((source) => source === inputs[port]).length === 1) return name;
  return `(${["first", "second", "third", "fourth"][port]} ${name})`;
}

/** What a gate keeps of its forward pass for the way back. */
export function keptBy(node) {
  if (node.own) return "What it keeps for the way back is its own business.";
  return {
    Add: "It keeps nothing for the way back: its local gradients are 1.",
    Multiply: "It keeps both inputs: on the way back each is the local gradient of the other.",
    Max: "It keeps which input was the larger.",
    Sigmoid: "It keeps its output: the local gradient is made of it.",
    Exp: "It keeps its output, which is its local gradient.",
    Reciprocal: "It keeps its output: the local gradient is made of it.",
  }[node.kind];
}

/** What a gate does with its upstream gradient, in one sentence. */
export function patternOf(node) {
  if (node.own) return `${node.kind} is a node of your own: its backward(1) gave the local gradients.`;
  return {
    Add: "An add gate hands its upstream gradient on, unchanged, to every input.",
    Multiply: "A multiply gate swaps: each input gets the upstream gradient times the other input.",
    Max: "A max gate routes: the larger input gets the whole upstream gradient, the other one 0.",
    Sigmoid: "A sigmoid gate needs only its own output: its local gradient is (1 − output)·output.",
    Exp: "An exp gate's local gradient is its own output.",
    Reciprocal: "A 1/x gate's local gradient is minus its own output squared.",
  }[node.kind];
}

/** Whether the output depends on a node at all. */
export function reachesOutput({ nodes }, handle) {
  const reached = new Set([nodes.length - 1]);
  for (let h = nodes.length - 1; h >= 0; h--)
    if (reached.has(h)) nodes[h].inputs.forEach((source) => reached.add(source));
  return reached.has(handle);
}

export function symbolOf(node) {
  return node.own ? node.kind : (GATES[node.kind]?.symbol ?? "");
}

export function outputName({ nodes }) {
  return nodes.at(-1).name;
}

/** "∂L/∂x". */
export function gradientName(example, handle) {
  return `∂${outputName(example)}/∂${example.nodes[handle].name}`;
}

/** "∂L/∂x through s0", where x is read more than once; else "∂L/∂x". */
export function shareName(example, w) {
  const wires = wiresOf(example.nodes);
  const { source, reader, port } = wires[w];
  const name = gradientName(example, source);
  if (wires.filter((wire) => wire.source === source).length === 1) return name;
  const ports = wires.filter((wire) => wire.source === source && wire.reader === reader);
  const which = ports.length > 1 ? `, input ${port + 1}` : "";
  return `${name} through ${example.nodes[reader].name}${which}`;
}

/** The terms of a node's gradient as text: "1 + 3 + ?"; what is not there yet is an empty square. */
export function termsText(state, handle, digits = 4) {
  const { scene, numbers, wires } = state;
  const written = scene.nodes[handle].terms.map((w) => {
    const { reader, port } = wires[w];
    if (scene.wires[w].state === "none") return "☐";
    return scene.wires[w].state === "hidden" ? "?" : inBrackets(numbers.shares[reader][port], digits);
  });
  return written.join(" + ");
}

/** A node for screen readers: what it is, its value, its gradient. */
export function nodeText(state, handle) {
  const { example, numbers, scene } = state;
  const node = example.nodes[handle];
  const names = node.inputs.map((source) => example.nodes[source].name);
  const head = node.inputs.length ? `${node.name} = ${formulaOf(node, names)}` : node.name;
  const value = scene.known[handle] ? formatNumber(numbers.values[handle]) : "not computed yet";
  const { state: known } = scene.nodes[handle];
  const gradient = {
    none: "not computed yet",
    partial: `so far ${termsText(state, handle)}`,
    hidden: "hidden",
    known: formatNumber(numbers.gradients[handle]),
  }[known];
  return `${head}, value ${value}, gradient ${gradient}`;
}

/** The present step for screen readers. */
export function stepText(state) {
  const { example, numbers, scene, step, steps, wires } = state;
  const place = `step ${step + 1} of ${steps.length}`;
  const { phase, node } = scene;
  if (phase === "start") return `the inputs are known; ${place}`;
  const name = example.nodes[node].name;
  if (phase === "seed") return `${gradientName(example, node)} = ${formatNumber(numbers.gradients[node])}; ${place}`;
  if (phase === "forward") {
    const xs = example.nodes[node].inputs.map((source) => inBrackets(numbers.values[source]));
    return `${name} = ${formulaOf(example.nodes[node], xs)} = ${formatNumber(numbers.values[node])}; ${place}`;
  }
  const upstream = scene.nodes[node].state === "known" ? inBrackets(numbers.gradients[node]) : "hidden";
  const said = wires.flatMap(({ reader, port }, w) => {
    if (reader !== node) return [];
    const product = scene.wires[w].state === "hidden" ? "hidden: type it" : formatNumber(numbers.shares[node][port]);
    return [`${shareName(example, w)} = ${upstream} × ${inBrackets(numbers.locals[node][port])} = ${product}`];
  });
  return `${said.join("; ")}; ${place}`;
}
