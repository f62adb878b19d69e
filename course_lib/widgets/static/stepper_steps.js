// The walk through a graph: which node is at work in a step, and what of the numbers is known by then.
//
// A scene is all that is drawn:
//   phase    "start" (the inputs are known), "forward", "seed" (∂L/∂L is known), or "backward"
//   node     the handle of the gate at work; undefined at the start
//   known    for each node whether its value is
//   wires    for each wire { state: "none" | "hidden" | "known", guess }: the gradient it brings back to its source
//   nodes    for each node { state: "none" | "partial" | "hidden" | "known", terms, guess }: its whole gradient; terms
//            are the wires that it comes from
//   riddles  the keys of the present step's hidden numbers: "wire 3" or "node 0", as `guesses` keeps them

import { wiresOf } from "./stepper_numbers.js";

/** The steps of a mode ("forward", "backward", "both"): a list of { phase, node }. */
export function makeSteps(example, mode) {
  const gates = example.order.filter((handle) => example.nodes[handle].inputs.length > 0);
  const forth = gates.map((node) => ({ phase: "forward", node }));
  const back = [...gates].reverse().map((node) => ({ phase: "backward", node }));
  const seed = { phase: "seed", node: example.nodes.length - 1 };
  if (mode === "forward") return [{ phase: "start" }, ...forth];
  return mode === "backward" ? [seed, ...back] : [{ phase: "start" }, ...forth, seed, ...back];
}

/** The step to go to when a node is pointed at: its own, in the phase that the walk is in. */
export function stepOfNode(steps, step, node) {
  const back = ["seed", "backward"].includes(steps[step].phase);
  const found = steps.findIndex((s) => s.node === node && s.phase === (back ? "backward" : "forward"));
  return found >= 0 ? found : steps.findIndex((s) => s.node === node);
}

/** What is known at a step, and what of it is hidden until it is typed. */
export function makeScene(example, steps, step, predict, guesses) {
  const { nodes } = example;
  const wires = wiresOf(nodes);
  const { phase, node } = steps[step];
  const done = steps.slice(0, step + 1);
  const backward = phase === "seed" || phase === "backward";
  const forwardDone = new Set(done.filter((s) => s.phase === "forward").map((s) => s.node));
  const backwardDone = new Set(done.filter((s) => s.phase === "backward").map((s) => s.node));
  const open = (key) => !predict || guesses[key]?.right || guesses[key]?.shown;
  const scene = { phase, node, known: nodes.map((n, h) => !n.inputs.length || backward || forwardDone.has(h)) };
  scene.wires = wires.map(({ reader }, w) => ({
    state: !backwardDone.has(reader) ? "none" : open(`wire ${w}`) ? "known" : "hidden",
    guess: predict ? guesses[`wire ${w}`] : undefined,
  }));
  scene.nodes = nodes.map((_, h) => {
    const terms = wires.flatMap(({ source }, w) => (source === h ? [w] : []));
    if (h === nodes.length - 1) return { state: backward ? "known" : "none", terms };
    if (!terms.length) return { state: backward ? "known" : "none", terms }; // nothing reads it: 0
    if (terms.length === 1) return { ...scene.wires[terms[0]], terms };
    const brought = terms.filter((w) => scene.wires[w].state !== "none").length;
    if (brought < terms.length) return { state: brought ? "partial" : "none", terms };
    const whole = open(`node ${h}`) ? "known" : "hidden";
    return { state: whole, terms, guess: predict ? guesses[`node ${h}`] : undefined };
  });
  scene.riddles = [];
  if (phase === "backward") {
    const here = wires.flatMap(({ reader }, w) => (reader === node ? [w] : []));
    scene.riddles.push(...here.filter((w) => scene.wires[w].state === "hidden").map((w) => `wire ${w}`));
    for (const source of new Set(here.map((w) => wires[w].source))) {
      if (scene.nodes[source].terms.length > 1 && scene.nodes[source].state === "hidden")
        scene.riddles.push(`node ${source}`);
    }
  }
  return scene;
}

/** The number behind a key of `guesses`. */
export function targetOf(example, numbers, key) {
  const [what, index] = key.split(" ");
  if (what === "node") return numbers.gradients[Number(index)];
  const { reader, port } = wiresOf(example.nodes)[Number(index)];
  return numbers.shares[reader][port];
}
