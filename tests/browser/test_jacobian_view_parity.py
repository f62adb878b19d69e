"""JacobianView's numbers in the browser beside Python's, on random functions and on every preset."""

import numpy as np
import pytest

from course_lib.widgets._assets import module_source
from course_lib.widgets._jacobian_numbers import (
    bytes_text,
    make_example,
    memory,
    numbers,
)
from course_lib.widgets._jacobian_presets import presets


def random_examples(count=40):
    random = np.random.default_rng(7)
    for i in range(count):
        n, d, m = (int(v) for v in random.integers(1, 5, 3))
        stride = int(random.integers(1, 4))
        wrt = "xw"[i // 5 % 2]
        yield [
            make_example("relu", random.normal(size=n).round(1)),
            make_example("sigmoid", random.normal(size=n), upstream=random.normal(size=n)),
            make_example("softmax", random.normal(size=n) * 300, upstream=random.normal(size=n)),
            make_example("matmul", random.normal(size=(n, d)), random.normal(size=(d, m)), wrt=wrt, upstream=random.normal(size=(n, m))),
            make_example("conv1d", random.normal(size=d + 6), random.normal(size=d), wrt=wrt, stride=stride),
        ][i % 5]  # fmt: skip


COMPUTE = """async ([module, examples, sizes]) => {
  const { checkExample, computeJacobian, memoryOf, bytesText } =
    await import(URL.createObjectURL(new Blob([module], { type: "text/javascript" })));
  return [
    examples.map((e) => computeJacobian(checkExample(e))),
    examples.map((e) => checkExample({ ...e, upstream: null }).upstream),
    sizes.map(memoryOf),
    sizes.map((s) => Object.values(memoryOf(s)).map(bytesText)),
  ];
}"""


@pytest.mark.row("B-derivs", "B-matmul", "B-jacmem", "A-softmaxjac")
def test_the_browsers_numbers_are_pythons(show):
    examples = [*(preset["example"] for preset in presets().values()), *random_examples()]
    sizes = [
        {"n": 2**n, "d": 2**d, "m": 2**m, "itemsize": s}
        for n, d, m, s in [(6, 12, 12, 4), (12, 16, 16, 8), (0, 0, 0, 4), (3, 5, 11, 8)]
    ]
    sizes.append({"n": 100, "d": 3072, "m": 1000, "itemsize": 4})
    got, upstreams, weights, written = show().tab.evaluate(
        COMPUTE, [module_source("jacobian_numbers.js"), examples, sizes]
    )
    for example, result, upstream in zip(examples, got, upstreams):
        expected = numbers(example)
        assert result.keys() == expected.keys()
        for name in ("y", "J", "explicit", "implicit"):
            np.testing.assert_allclose(result[name], expected[name], rtol=1e-12, atol=1e-12)
        fresh = make_example(example["kind"], example["x"], example["w"], wrt=example["wrt"], stride=example["stride"])
        assert upstream == fresh["upstream"]
    assert [list(map(float, w.values())) for w in weights] == [list(map(float, memory(s).values())) for s in sizes]
    assert written == [[bytes_text(count) for count in memory(s).values()] for s in sizes]


TERMS = """async ([module, cases]) => {
  const { implicitOf, sourceOf } = await import(URL.createObjectURL(new Blob([module], { type: "text/javascript" })));
  const wrong = [];
  for (const [c, [example, numbers]] of cases.entries()) {
    numbers.J.forEach((row, n) => {
      const total = implicitOf(example, numbers, n).terms.reduce((sum, [a, b]) => sum + a * b, 0);
      if (Math.abs(total - numbers.implicit[n]) > 1e-9 * Math.max(1, Math.abs(total))) wrong.push([c, n, total]);
      row.forEach((value, m) => {
        const { reads, grid, index } = sourceOf(example, n, m);
        if (!reads && value !== 0) wrong.push([c, n, m, "reads nothing"]);
        if (grid && example[grid].flat()[index] !== value) wrong.push([c, n, m, "comes from elsewhere"]);
      });
    });
  }
  return wrong;
}"""


@pytest.mark.row("B-matmul", "B-sparse")
def test_every_cell_comes_from_where_it_says_and_every_sum_adds_up(show):
    examples = [*(preset["example"] for preset in presets().values()), *random_examples()]
    cases = [[example, numbers(example)] for example in examples]
    assert show().tab.evaluate(TERMS, [module_source("jacobian_terms.js"), cases]) == []
