import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_agree, assert_is_gradient, frozen, normal, quick, seeds

from course_lib.flat import circuit_backward, circuit_forward
from course_lib.gradcheck import numerical_gradient
from course_lib.graph import (
    Add,
    Context,
    Exp,
    Function,
    Graph,
    Input,
    Max,
    Multiply,
    MultiplyFunction,
    Reciprocal,
    Sigmoid,
    SigmoidFunction,
    topological_order,
)

LECTURE = (2.0, -1.0, -3.0, -2.0, -3.0)  # w0, x0, w1, x1, w2
NAMES = ("w0", "x0", "w1", "x1", "w2")


def lecture_graph(values, staged_sigmoid=False):
    """f(w0, x0, w1, x1, w2) as a graph; staged_sigmoid builds the sigmoid of four gates: 1/(1 + e^(-1·s))."""
    graph = Graph()
    w0, x0, w1, x1, w2 = (graph.add(Input(v, name=n)) for n, v in zip(NAMES, values))
    s2 = graph.add(Add(), graph.add(Multiply(), w0, x0), graph.add(Multiply(), w1, x1))
    s3 = graph.add(Add(), s2, w2)
    if not staged_sigmoid:
        graph.add(Sigmoid(), s3)
        return graph
    ones = np.ones(np.shape(values[0]))
    e = graph.add(Exp(), graph.add(Multiply(), s3, graph.add(Input(-ones))))
    graph.add(Reciprocal(), graph.add(Add(), e, graph.add(Input(ones))))
    return graph


# the lecture's circuit


@pytest.mark.row("B-graph", "B-flat")
@pytest.mark.parametrize("staged_sigmoid", [False, True])
def test_lecture_numbers(staged_sigmoid):
    graph = lecture_graph(LECTURE, staged_sigmoid)
    assert round(float(graph.forward()), 4) == 0.7311
    gradients = graph.backward()
    assert [round(float(gradients[n]), 4) for n in NAMES] == [-0.1966, 0.3932, -0.3932, -0.5898, 0.1966]


@pytest.mark.row("B-graph", "B-flat")
@quick
@given(seeds, st.booleans())
def test_same_numbers_as_the_flat_circuit(seed, staged_sigmoid):
    values, dL = [normal(seed + i, 2, 3) for i in range(5)], normal(seed + 5, 2, 3)
    graph = lecture_graph(values, staged_sigmoid)
    L, cache = circuit_forward(*values)
    assert_agree(graph.forward(), L)
    gradients = graph.backward(dL)
    assert_agree([gradients[n] for n in NAMES], circuit_backward(dL, cache))


@pytest.mark.row("B-graph")
def test_gradients_by_handle_and_by_name():
    graph = Graph()
    x, y = graph.add(Input(3, name="x")), graph.add(Input(-4))
    out = graph.add(Multiply(), x, y)
    assert graph.forward() == -12
    gradients = graph.backward()
    assert set(gradients) == {x, y, out, "x"}
    assert (gradients[x], gradients["x"], gradients[y], gradients[out]) == (-4, -4, 3, 1)


# shared inputs


@pytest.mark.row("B-graph", "B-gates")
@quick
@given(st.floats(-3, 3), st.floats(-3, 3))
def test_x_times_x_plus_x(value, dout):
    graph = Graph()
    x = graph.add(Input(value))
    graph.add(Add(), graph.add(Multiply(), x, x), x)
    assert graph.forward() == value * value + value
    assert graph.backward(dout)[x] == pytest.approx(dout * (2 * value + 1), rel=1e-12, abs=1e-12)


@pytest.mark.row("B-graph")
def test_diamond():
    # out = p·(p + x) with p = x²: depth first from the output, p would be left before its second reader was back
    def run(value):
        graph = Graph()
        x = graph.add(Input(value, name="x"))
        p = graph.add(Multiply(), x, x)
        q = graph.add(Add(), p, x)
        graph.add(Multiply(), p, q)
        return graph

    graph = run(1.5)
    assert graph.forward() == 1.5**4 + 1.5**3
    gradients = graph.backward()
    assert gradients["x"] == 4 * 1.5**3 + 3 * 1.5**2
    assert gradients[1] == 2 * 1.5**2 + 1.5  # ∂(p² + px)/∂p
    x, dout = normal(0, 4), normal(1, 4)
    deep = run(x)
    deep.forward()
    assert_is_gradient(deep.backward(dout)["x"], lambda v: run(v).forward(), x, dout)


@pytest.mark.row("B-graph")
@quick
@given(seeds)
def test_random_graphs(seed):
    """Gates over random earlier nodes, against the numerical gradient of the whole graph."""
    kinds = [Add, Multiply, Max, Sigmoid]
    inputs = [normal(seed + i, 3) for i in range(3)]

    def run(values):
        rng, graph = np.random.default_rng(seed), Graph()
        handles = [graph.add(Input(v)) for v in values]
        for _ in range(6):
            kind = kinds[rng.integers(4)]
            # a node and itself are a tie in Max, where no difference can tell the sides apart: take two others
            read = rng.choice(len(handles), kind.arity, replace=kind is Multiply)
            handles.append(graph.add(kind(), *(handles[i] for i in read)))
        return graph

    graph, dout = run(inputs), normal(seed + 3, 3)
    graph.forward()
    gradients = graph.backward(dout)
    for i, value in enumerate(inputs):
        measured = numerical_gradient(lambda v: run([*inputs[:i], v, *inputs[i + 1 :]]).forward(), value, dout)
        assert np.max(np.abs(gradients[i] - measured)) <= 1e-7 * max(1, np.max(np.abs(measured)))


@pytest.mark.row("B-graph")
def test_what_the_output_does_not_read_gets_zero():
    graph = Graph()
    x, aside = graph.add(Input([1.0, 2.0])), graph.add(Input(normal(0, 3, 2)))
    graph.add(Exp(), aside)
    graph.add(Add(), x, x)
    graph.forward()
    gradients = graph.backward([10, 1])
    assert gradients[x].tolist() == [20, 2]
    assert gradients[aside].tolist() == np.zeros((3, 2)).tolist()


@pytest.mark.row("B-graph")
@quick
@given(st.permutations("abcdefg"))
def test_topological_order(names):
    a, b, c, d, e, f, g = "abcdefg"
    reads = {a: [], b: [a, a], c: [a], d: [c, b], e: [], f: [d, e, b], g: [f]}
    order = topological_order({node: reads[node] for node in names})
    assert sorted(order) == list("abcdefg")
    assert all(order.index(source) < order.index(node) for node in names for source in reads[node])


# the gates by themselves


@pytest.mark.row("B-graph", "B-gates")
@pytest.mark.parametrize("gate, arity", [(Add, 2), (Multiply, 2), (Max, 2), (Sigmoid, 1), (Exp, 1), (Reciprocal, 1)])
def test_gate_gradients(gate, arity):
    xs, dout = [normal(i, 2, 3) for i in range(arity)], normal(2, 2, 3)
    node = gate()
    node.forward(*xs)
    gradients = node.backward(dout)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    assert len(gradients) == arity == gate.arity
    for i, gradient in enumerate(gradients):
        assert_is_gradient(gradient, lambda v: gate().forward(*xs[:i], v, *xs[i + 1 :]), xs[i], dout)


@pytest.mark.row("B-gates")
def test_max_gate_routes_to_one():
    node = Max()
    assert node.forward([1, 5, 2], [4, 3, 2]).tolist() == [4, 5, 2]
    dx, dy = node.backward([10, 20, -30])
    assert dx.tolist() == [0, 20, -30] and dy.tolist() == [10, 0, 0]  # a tie goes to the first input


@pytest.mark.row("B-graph")
def test_a_node_remembers_its_last_forward_pass():
    node = Multiply()
    node.forward(2, 3)
    node.forward(5, 7)
    assert node.backward(1.0) == (7, 5)
    assert node.backward(2.0) == (14, 10)
    # two forwards before a backward therefore need two nodes: this is what the (out, cache) pairs do without
    one, other = Multiply(), Multiply()
    one.forward(2, 3), other.forward(5, 7)
    assert one.backward(1.0) == (3, 2) and other.backward(1.0) == (7, 5)


def test_sigmoid_gate_is_stable():
    node = Sigmoid()
    assert node.forward([-1000, 1000]).tolist() == [0, 1]
    assert node.backward([1, 1]).tolist() == [0, 0]


# a graph runs again


@pytest.mark.row("B-graph")
def test_new_values_and_repeated_passes():
    graph, x = Graph(), Input(name="x")
    graph.add(Exp(), graph.add(x))
    for value in (1.0, 2.0):
        x.value = value
        assert graph.forward() == np.exp(value) == graph.forward()
        first, second = graph.backward(3.0), graph.backward(3.0)
        assert first["x"] == second["x"] == 3 * np.exp(value)


def test_gradients_are_nobody_elses_arrays():
    x, y, dout = normal(0, 4), normal(1, 4), normal(2, 4)
    graph = Graph()
    graph.add(Add(), graph.add(Input(x)), graph.add(Input(y)))
    graph.forward()
    gradients = graph.backward(dout)
    gradients[0] *= 2  # an add gate hands the same gradient to both: writing to one must not change the others
    assert_agree(gradients[1], dout)
    assert_agree(gradients[2], dout)
    assert_agree(graph.backward(dout)[0], dout)


def test_dtypes_and_views():
    values = [normal(i, 2, 3) for i in range(5)]
    graph = lecture_graph([v.astype(np.float32) for v in values])
    out, dout = graph.forward(), normal(5, 2, 3)
    assert out.dtype == np.float32
    wide = lecture_graph([np.repeat(np.asfortranarray(v), 2, axis=1)[:, ::2] for v in values])
    assert_agree(out, wide.forward())
    gradients, wide_gradients = graph.backward(dout.astype(np.float32)), wide.backward(dout)
    for name in NAMES:
        assert gradients[name].dtype == np.float32
        assert_agree(gradients[name], wide_gradients[name])
    single = lecture_graph(np.float32(LECTURE))
    assert single.forward().dtype == np.float32 and single.backward()["w0"].dtype == np.float32
    integers = lecture_graph([int(v) for v in LECTURE])
    integers.forward()
    assert_agree(integers.backward()["w0"], lecture_gradients()["w0"])


def lecture_gradients():
    graph = lecture_graph(LECTURE)
    graph.forward()
    return graph.backward()


# functions


@pytest.mark.row("B-function")
def test_multiply_function():
    x, y, dout = normal(0, 2, 3), normal(1, 2, 3), normal(2, 2, 3)
    out, ctx = MultiplyFunction.apply(x, y)
    dx, dy = MultiplyFunction.backward(ctx, dout)
    assert_agree(out, x * y)
    assert_is_gradient(dx, lambda v: v * y, x, dout)
    assert_is_gradient(dy, lambda v: x * v, y, dout)


@pytest.mark.row("B-function", "X-2")
def test_sigmoid_function_from_the_output():
    x, dout = normal(0, 2, 3), normal(1, 2, 3)
    out, ctx = SigmoidFunction.apply(x)
    assert len(ctx.saved) == 1 and ctx.saved[0] is out
    dx = SigmoidFunction.backward(ctx, dout)
    assert_agree(dx, dout * (1 - out) * out)
    assert_is_gradient(dx, lambda v: 1 / (1 + np.exp(-v)), x, dout)
    assert SigmoidFunction.backward(SigmoidFunction.apply([0.0])[1], [8.0]).tolist() == [2]


@pytest.mark.row("B-function")
def test_each_call_has_a_context_of_its_own():
    _, first = MultiplyFunction.apply(2, 3)
    _, second = MultiplyFunction.apply(5, 7)
    assert MultiplyFunction.backward(first, 1.0) == (3, 2) == MultiplyFunction.backward(first, 1.0)
    assert MultiplyFunction.backward(second, 1.0) == (7, 5)


@pytest.mark.row("B-function")
def test_a_function_of_ones_own():
    class Cube(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, dout):
            (x,) = ctx.saved
            return dout * 3 * x**2

    x, dout = normal(0, 3), normal(1, 3)
    out, ctx = Cube.apply(x)
    assert_is_gradient(Cube.backward(ctx, dout), lambda v: v**3, x, dout)
    with pytest.raises(NotImplementedError, match="Function.forward"):
        Function.apply(1.0)
    with pytest.raises(NotImplementedError, match="Function.backward"):
        Function.backward(Context(), 1.0)


def test_functions_keep_float32():
    x = frozen(normal(0, 3), np.float32)
    out, ctx = MultiplyFunction.apply(x, x)
    assert out.dtype == np.float32 and MultiplyFunction.backward(ctx, x)[0].dtype == np.float32
    out, ctx = SigmoidFunction.apply(x)
    assert out.dtype == np.float32 and SigmoidFunction.backward(ctx, x).dtype == np.float32


# bad arguments


def test_add_names_bad_arguments():
    graph = Graph()
    x = graph.add(Input(1.0, name="x"))
    node = Add()
    refused = [
        (lambda: graph.add(Exp(), 1), r"^inputs: expected handles of nodes in the graph \(0..0\), got 1 for Exp"),
        (lambda: Graph().add(Exp(), 0), r"^inputs: .*none yet"),
        (lambda: graph.add(Exp(), -1), "^inputs: "),
        (lambda: graph.add(Exp(), "x"), "^inputs: .*got 'x'"),
        (lambda: graph.add(Exp(), True), "^inputs: "),
        (lambda: graph.add(node, x, 1), "^inputs: .*got 1 for Add"),  # its own handle-to-be: a cycle
        (lambda: graph.add(node, x), "^inputs: expected 2 for Add, got 1"),
        (lambda: graph.add(Exp()), "^inputs: expected 1 for Exp, got 0"),
        (lambda: graph.add(Input(2.0), x), "^inputs: expected 0 for Input, got 1"),
        (lambda: graph.add(Input(2.0, name="x")), "^name: .*got 'x'"),
    ]
    for call, message in refused:
        with pytest.raises(ValueError, match=message):
            call()
    graph.add(node, x, x)
    with pytest.raises(ValueError, match="^node: .*this Add a second time"):
        graph.add(node, x, x)
    for bad in (Add, 3, None):
        with pytest.raises(TypeError, match="^node: expected an object with forward and backward"):
            graph.add(bad, x, x)
    with pytest.raises(TypeError, match="^name: "):
        graph.add(Input(1.0, name=3))
    assert graph.forward() == 2  # none of the refused calls changed the graph


def test_topological_order_names_bad_arguments():
    with pytest.raises(ValueError, match=r"^inputs: .*without a cycle.*\['b', 'c', 'd'\]"):
        topological_order({"a": [], "b": ["a", "c"], "c": ["b"], "d": ["c"]})
    with pytest.raises(ValueError, match="^inputs: .*without a cycle"):
        topological_order({"a": ["a"]})
    with pytest.raises(ValueError, match="^inputs: expected nodes of the graph, got 'z', which node 'a' reads"):
        topological_order({"a": ["z"]})


def test_forward_and_backward_name_bad_arguments():
    graph = Graph()
    with pytest.raises(ValueError, match="^graph: expected at least one node"):
        graph.forward()
    x = graph.add(Input(name="x"))
    graph.add(Exp(), x)
    with pytest.raises(ValueError, match="^value: expected a number or an array in Input x, got None"):
        graph.forward()
    with pytest.raises(RuntimeError, match=r"^Graph\.backward: expected a forward pass"):
        graph.backward()
    mixed = Graph()
    mixed.add(Add(), mixed.add(Input([1.0, 2.0])), mixed.add(Input([[1.0, 2.0]])))
    with pytest.raises(ValueError, match=r"^y: expected shape \(2,\), the shape of x, got shape \(1, 2\)"):
        mixed.forward()
    pair = Graph()
    pair.add(Exp(), pair.add(Input([1.0, 2.0])))
    pair.forward()
    with pytest.raises(ValueError, match=r"^dout: expected an upstream gradient of shape \(2,\), got None"):
        pair.backward()
    with pytest.raises(ValueError, match=r"^dout: expected shape \(2,\)"):
        pair.backward([1.0])
    pair.add(Exp(), 1)
    with pytest.raises(RuntimeError, match=r"^Graph\.backward"):  # the last forward pass was of a smaller graph
        pair.backward([1.0, 1.0])
    with pytest.raises(TypeError, match="^value: "):
        Input("1").forward()


def test_a_nodes_wrong_backward_is_named():
    class Twice:
        def forward(self, x):
            return 2 * x

        def backward(self, dout):
            return 2 * dout, 2 * dout

    graph = Graph()
    graph.add(Twice(), graph.add(Input(1.0)))
    graph.forward()
    with pytest.raises(ValueError, match=r"^Twice\.backward: expected gradients of its inputs' shapes \[\(\)\]"):
        graph.backward()


@pytest.mark.parametrize("gate", [Add, Multiply, Max, Sigmoid, Exp, Reciprocal])
def test_gates_name_bad_arguments(gate):
    with pytest.raises(RuntimeError, match=f"^{gate.__name__}.backward: expected a forward pass before it"):
        gate().backward(1.0)
    with pytest.raises(TypeError, match=f"^xs: {gate.__name__} expected {gate.arity} input"):
        gate().forward(1.0, 2.0, 3.0)
    with pytest.raises(TypeError, match="^x: "):
        gate().forward(*[["a"]] * gate.arity)
    node = gate()
    node.forward(*[[1.0, 2.0]] * gate.arity)
    with pytest.raises(ValueError, match=r"^dout: expected shape \(2,\)"):
        node.backward(1.0)


def test_functions_and_reciprocal_name_bad_arguments():
    with pytest.raises(ValueError, match="^x: expected numbers other than 0 for Reciprocal"):
        Reciprocal().forward([1.0, 0.0])
    with pytest.raises(ValueError, match="^y: expected shape"):
        MultiplyFunction.apply([1.0], 2.0)
    with pytest.raises(TypeError, match="^x: "):
        SigmoidFunction.apply("1")
    with pytest.raises(TypeError, match="^ctx: expected the Context that MultiplyFunction.forward saved 2 arrays in"):
        MultiplyFunction.backward(Context(), 1.0)
    with pytest.raises(TypeError, match="^ctx: .*got tuple"):
        SigmoidFunction.backward((1.0,), 1.0)
    with pytest.raises(ValueError, match="^dout: "):
        SigmoidFunction.backward(SigmoidFunction.apply([1.0])[1], 1.0)
