"""GraphStepper's numbers in the browser beside Python's, on random graphs and on every preset; the order of its steps."""

import numpy as np
import pytest
from graph_cases import flat, random_graph

from course_lib.widgets._assets import module_source
from course_lib.widgets._graph_numbers import numbers, read_graph
from course_lib.widgets._graph_presets import presets

RUN = """async ([module, cases]) => {
  const { runGraph } = await import(URL.createObjectURL(new Blob([module], { type: "text/javascript" })));
  return cases.map(([example, element]) => runGraph(example, element));
}"""


@pytest.mark.row("B-graph", "B-gates")
def test_the_browsers_numbers_are_pythons(show):
    examples = [(preset["example"], 0) for preset in presets().values()]
    for seed in range(30):
        try:
            example, _ = read_graph(random_graph(seed, shape=(2, 3) if seed % 3 == 0 else ()))
        except ValueError:
            continue  # a number grew too large
        examples.append((example, 4 if seed % 3 == 0 else 0))
    tied, _ = read_graph(random_graph(1, 4, leaves=2))
    for node in tied["nodes"]:
        if "value" in node:
            node["value"] = [1.5]  # ties in max gates go to the first input
    examples.append((tied, 0))
    assert len(examples) > 25
    results = show().tab.evaluate(RUN, [module_source("stepper_numbers.js"), [list(e) for e in examples]])
    for got, (example, element) in zip(results, examples):
        expected = numbers(example, element, {})
        assert got["revision"] == expected["revision"] and got["element"] == element
        for name in ("values", "gradients"):
            np.testing.assert_allclose(got[name], expected[name], rtol=1e-12, atol=1e-12)
        for name in ("locals", "shares"):
            assert [len(row) for row in got[name]] == [len(row) for row in expected[name]]
            np.testing.assert_allclose(flat(got[name]), flat(expected[name]), rtol=1e-12, atol=1e-12)


SCENES = """async ([module, cases]) => {
  const { makeScene, makeSteps, targetOf } =
    await import(URL.createObjectURL(new Blob([module], { type: "text/javascript" })));
  const wrong = [];
  for (const [c, [example, numbers]] of cases.entries()) {
    for (const mode of ["forward", "backward", "both"]) {
      const steps = makeSteps(example, mode);
      const gates = example.nodes.filter((n) => n.inputs.length).length;
      if (steps.length !== (gates + 1) * (mode === "both" ? 2 : 1)) wrong.push([c, mode, "steps"]);
      for (const predict of [false, true]) {
        const guesses = {};
        for (let step = 0; step < steps.length; step++) {
          let scene = makeScene(example, steps, step, predict, guesses);
          if (!predict && scene.riddles.length) wrong.push([c, mode, step, "riddle"]);
          if (scene.phase === "backward" && scene.nodes[scene.node].state !== "known")
            wrong.push([c, mode, step, "upstream unknown"]);
          while (scene.riddles.length) {
            const key = scene.riddles[0];
            if (!Number.isFinite(targetOf(example, numbers, key))) wrong.push([c, key]);
            guesses[key] = { typed: 0, right: true };
            scene = makeScene(example, steps, step, predict, guesses);
          }
          if (scene.phase === "forward" && !example.nodes[scene.node].inputs.every((s) => scene.known[s]))
            wrong.push([c, mode, step, "input unknown"]);
        }
        const last = makeScene(example, steps, steps.length - 1, predict, guesses);
        if (!last.known.every(Boolean)) wrong.push([c, mode, "a value is missing at the end"]);
        if (mode !== "forward" && !last.nodes.every(({ state }) => state === "known"))
          wrong.push([c, mode, "a gradient is missing at the end"]);
      }
    }
  }
  return wrong;
}"""


@pytest.mark.row("B-graph")
def test_every_walk_computes_everything_in_an_order_that_works(show):
    examples = [preset["example"] for preset in presets().values()]
    examples += [read_graph(random_graph(seed, kinds=4))[0] for seed in range(20)]
    cases = [[example, numbers(example, 0, {})] for example in examples]
    assert show().tab.evaluate(SCENES, [module_source("stepper_steps.js"), cases]) == []
