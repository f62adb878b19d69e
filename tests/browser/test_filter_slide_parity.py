"""FilterSlide's numbers in the browser beside Python's, on random layers and on every preset."""

import numpy as np
import pytest

from course_lib.widgets._assets import module_source
from course_lib.widgets._filter_numbers import make_example, numbers
from course_lib.widgets._filter_presets import presets


def random_examples(count=40):
    random = np.random.default_rng(5)
    while count:
        groups, height, width, fh, fw = (int(v) for v in random.integers([1, 2, 3, 1, 1], [3, 8, 9, 4, 4]))
        options = {
            name: tuple(int(v) for v in random.integers(low, high, 2))
            for name, low, high in (("stride", 1, 4), ("pad", 0, 3), ("dilation", 1, 3))
        }
        image = random.normal(size=(groups * int(random.integers(1, 3)), height, width))
        kernel = random.normal(size=(groups * int(random.integers(1, 3)), len(image) // groups, fh, fw))
        try:
            yield make_example(
                image, kernel, groups=groups, operation=str(random.choice(["correlation", "convolution"])), **options
            )
        except ValueError:
            continue  # the kernel came out larger than the image
        count -= 1


def assert_same(got, expected, where):
    if isinstance(expected, dict):
        assert got.keys() == expected.keys(), where
        for name in expected:
            assert_same(got[name], expected[name], f"{where}.{name}")
    elif expected is None or isinstance(expected, int):
        assert got == expected, where
    elif isinstance(expected, list) and expected and isinstance(expected[0], dict):
        for i, entry in enumerate(expected):
            assert_same(got[i], entry, f"{where}[{i}]")
    else:
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12, err_msg=where)


COMPUTE = """async ([module, examples]) => {
  const url = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
  const { checkExample, computeNumbers } = await import(url);
  return examples.map((e) => computeNumbers({ ...checkExample({ ...e, upstream: null }), upstream: e.upstream }));
}"""


@pytest.mark.row("A-conv", "B-options", "C-rotated", "D-toeplitz")
def test_the_browsers_numbers_are_pythons(show):
    tab = show().tab
    examples = [*random_examples(), *(preset["example"] for preset in presets().values())]
    expected = [numbers(example) for example in examples]
    results = tab.evaluate(COMPUTE, [module_source("filter_numbers.js"), examples])
    for i, got in enumerate(results):
        assert_same(got, expected[i], f"example {i}")


WALKS = """async ([module, cases]) => {
  const { makeWalk } = await import(URL.createObjectURL(new Blob([module], { type: "text/javascript" })));
  const wrong = [];
  const near = (a, b) => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b));
  for (const [n, [example, numbers]] of cases.entries()) {
    for (const [mode, view] of [["forward", "scatter"], ["dx", "gather"], ["dw", "gather"], ["dx", "scatter"], ["dw", "scatter"]]) {
      const walk = makeWalk(example, numbers, mode, view);
      const result = numbers[{ forward: "out" }[mode] ?? mode];
      const flat = result.flat(3);
      for (let step = 0; step < walk.count; step++) {
        const { sum, target, at } = walk.scene(step);
        const total = sum.terms.reduce((all, [x, w]) => all + x * w, 0);
        if (walk.stepOf(...at) !== step) wrong.push([n, mode, view, step, "cursor"]);
        if (target && !(near(total, target.value) && near(target.value, flat[step]))) wrong.push([n, mode, view, step, total, target.value]);
        if (Boolean(target) !== (view === "gather" || mode === "forward")) wrong.push([n, mode, view, "target"]);
      }
      if (view === "scatter" && mode === "dx") {
        walk.scene(walk.count - 1).panels.result.maps.forEach((map, c) => map.values.forEach((v, i) => near(v, result[c].flat()[i]) || wrong.push([n, mode, c, i, v])));
      }
      if (view === "scatter" && mode === "dw") {
        const perFilter = walk.count / example.kernel.length;
        example.kernel.forEach((_, k) => walk.scene((k + 1) * perFilter - 1).panels.result.maps.forEach((map, c) =>
          map.values.forEach((v, i) => near(v, result[k][c].flat()[i]) || wrong.push([n, mode, k, c, i, v]))));
      }
    }
  }
  return wrong;
}"""


@pytest.mark.row("C-rotated", "C-stride2", "A-convback", "A-multichannel")
def test_every_step_of_every_walk_adds_up_to_pythons_number(show):
    examples = [
        *random_examples(25),
        *(p["example"] for name, p in presets().items() if not name.startswith(("A-filters", "D-kernels"))),
    ]
    wrong = show().tab.evaluate(WALKS, [module_source("filter_steps.js"), [[e, numbers(e)] for e in examples]])
    assert wrong == []
