"""15_pytorch: the worked numbers, the translations against both libraries' rules, the notebook without PyTorch, and what the check says."""

import contextlib
import importlib.util
import io

import numpy as np
import pytest
from solved import Solved

from course_lib.check import check, show_numbers
from course_lib.check.engine import cases_for, judge
from course_lib.check.exercises import exercises
from course_lib.check.exercises.pytorch_steps import Context
from course_lib.conv import conv1d_forward, conv2d_forward
from course_lib.gradcheck import numerical_gradient

SOLVED = Solved("15_pytorch")
cell, expected = SOLVED.cell, SOLVED.expected
KNOWN = exercises("15")
HAS_TORCH = importlib.util.find_spec("torch") is not None


def answer(name):
    """The solved notebook's function."""
    names = {"np": np}
    exec(cell(name), names)
    return names[name]


# --- the worked numbers, from what the checks compare with -------------------------------------------------------------


@pytest.mark.row("C-torch", "B-example")
def test_the_prediction_and_the_worked_net():
    assert expected("predict_state") == {"conv_weight": (10, 3, 5, 5), "conv_parameters": 760, "linear_weight": (4, 2560), "total": 11_004}
    small = expected("predict_state", channels=1, size=8, filters=2, f=3, padding=0, classes=5)
    assert small == {"conv_weight": (2, 1, 3, 3), "conv_parameters": 20, "linear_weight": (5, 18), "total": 115}


@pytest.mark.row("C-torch")
def test_weights_of_keras_give_the_same_scores_channels_first():
    case = KNOWN["15.from_keras"].visible()[0]
    assert [v.tolist() for v in expected("from_keras", *case.args).values()] == [[[[[1, 3]]], [[[2, 4]]]], [[1, 3, 2, 4]]]
    assert expected("from_keras", case.args[0], np.arange(1.0, 7)[:, None], (1, 3, 2))["linear_weight"].tolist() == [[1, 3, 5, 2, 4, 6]]
    rng = np.random.default_rng(0)
    images, kernel, dense = rng.normal(size=(2, 6, 5, 3)), rng.normal(size=(3, 2, 3, 4)), rng.normal(size=(4 * 4 * 4, 7))
    windows = np.lib.stride_tricks.sliding_window_view(images, (3, 2), axis=(1, 2))
    scores = np.maximum(np.einsum("nijcuv,uvck->nijk", windows, kernel), 0).reshape(2, -1) @ dense
    for convert in (KNOWN["15.from_keras"].reference[0], answer("from_keras")):
        conv_weight, linear_weight = convert(kernel, dense, (4, 4, 4))
        hidden = np.maximum(conv2d_forward(np.moveaxis(images, 3, 1), conv_weight)[0], 0)
        np.testing.assert_allclose(hidden.reshape(2, -1) @ linear_weight.T, scores)


@pytest.mark.row("C-torch", "B-options")
def test_same_padding_lets_a_window_start_every_stride():
    assert tuple(expected("same_padding", 6, 3, 2).values()) == (3, 0, 1) and tuple(expected("same_padding", 7, 3, 2).values()) == (4, 1, 1)
    for size, kernel, stride, dilation in np.ndindex(9, 5, 4, 3):
        size, kernel, stride, dilation = size + 3, kernel + 1, stride + 1, dilation + 1
        out, before, after = expected("same_padding", size, kernel, stride, dilation).values()
        padded = np.zeros((1, 1, before + size + after))
        assert out == -(-size // stride) and 0 <= after - before <= 1
        if padded.shape[2] >= dilation * (kernel - 1) + 1:
            assert conv1d_forward(padded, np.ones((1, 1, kernel)), stride=stride, dilation=dilation)[0].shape[2] == out
        if stride == 1 and kernel % 2:
            assert before == after == dilation * (kernel - 1) // 2  # lecture B's P = (F - 1)/2


@pytest.mark.row("C-torch", "C-sgdopts", "C-l2")
def test_the_worked_steps_and_the_penaltys_gradient():
    params, (calls,) = KNOWN["15.torch_step"].visible()[0].args
    second = [{"0.weight": np.array([3.0, -2]), "0.bias": np.array([2.0])}]
    for step in (KNOWN["15.torch_step"].reference[0], answer("torch_step")):
        once, state = step(params, calls, {}, lr=0.1, lam=0.5, momentum=0.5)
        np.testing.assert_allclose([*once["0.weight"], *once["0.bias"]], [0.6, -1.6, 2.8])
        twice, _ = step(once, second, state, lr=0.1, lam=0.5, momentum=0.5)
        np.testing.assert_allclose([*twice["0.weight"], *twice["0.bias"]], [0.04, -1.04, 2.5])
    w, lam = params["0.weight"], 0.5
    penalty = numerical_gradient(lambda w: lam * np.sum(w**2), w)
    nothing = {name: np.zeros_like(p) for name, p in params.items()}
    moved, _ = answer("torch_step")(params, [nothing], {}, lr=1.0, lam=lam)
    np.testing.assert_allclose(w - moved["0.weight"], penalty, atol=1e-6)
    assert (moved["0.bias"] == params["0.bias"]).all()


@pytest.mark.row("C-torch", "B-function")
def test_the_worked_function():
    x, w = np.array([[2.0, 1, 3]]), np.array([1.0, -1])
    for dout, dx, dw in (([1.0, 2], [1, 1, -2], [4, 7]), ([2.0, 1], [2, -1, -1], [5, 5])):
        got = expected("conv_backward", x, w, 1, np.array([dout]))
        assert (got["out"].tolist(), got["dx"].tolist(), got["dw"].tolist(), got["dstride_is_None"]) == ([[1, -2]], [dx], dw, 1)
        ctx = Context()
        assert answer("conv_forward")(ctx, x, w, 1).tolist() == [[1, -2]]
        mine = answer("conv_backward")(ctx, np.array([dout]))
        assert (mine[0].tolist(), mine[1].tolist(), mine[2]) == ([dx], dw, None)


@pytest.mark.row("C-torch")
def test_a_forgotten_zero_grad_is_momentum_1():
    rng, lr = np.random.default_rng(0), 0.1
    w, gradients, summed = np.ones(3), rng.normal(size=(5, 3)), 0.0
    by_momentum, state = {"w.weight": w}, {}
    for g in gradients:
        summed = summed + g
        w = w - lr * summed
        by_momentum, state = KNOWN["15.torch_step"].answer[0](by_momentum, [{"w.weight": g}], state, lr=lr, momentum=1.0)
    np.testing.assert_allclose(w, by_momentum["w.weight"])


# --- the notebook where PyTorch is installed, and where it is not -------------------------------------------------------


def demonstrations():
    """(source, what it printed when the notebook was stored) of every cell that would run PyTorch, after those it needs."""
    return [(c.source, "".join(o["text"] for o in c.outputs if o.output_type == "stream")) for c in SOLVED.book().cells if c.cell_type == "code"]


@pytest.mark.row("C-torch")
def test_without_pytorch_one_line_says_so_and_the_rest_is_as_stored(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "torch" else find(name, *rest))
    monkeypatch.setenv("WORKBOOK_NO_PICTURES", "1")
    names, said = {"__name__": "notebook"}, []
    for source, stored in demonstrations():
        if "check(\"15." in source or "show_numbers(" in source:
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(source, "<cell>", "exec"), names)
        if "HAS_TORCH =" in source:
            said.append(printed.getvalue())
        elif "draw.show(" not in source:
            assert printed.getvalue() == stored, source
    assert said == ["PyTorch is not installed: the cells below skip it, and show what 2.13.0 gave.\n"]
    assert "torch" not in names


def test_no_more_than_one_cell_depends_on_what_is_installed():
    ignored = [c for c in SOLVED.book().cells if "nbval-ignore-output" in c.metadata.get("tags", [])]
    assert len(ignored) == 1 and "HAS_TORCH =" in ignored[0].source


def test_pytorch_is_not_imported_while_a_class_is_graded(monkeypatch):
    monkeypatch.setenv("WORKBOOK_NO_PICTURES", "1")
    names = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(cell("setup"), names)
        exec(next(source for source, _ in demonstrations() if "HAS_TORCH =" in source), names)
    assert names["HAS_TORCH"] is False and "torch" not in names


if HAS_TORCH:

    @pytest.mark.row("C-torch", "B-function")
    def test_the_answers_run_on_tensors_and_pass_pytorchs_own_check():
        import torch

        forward, backward = answer("conv_forward"), answer("conv_backward")
        function = type("Convolution", (torch.autograd.Function,), {"forward": staticmethod(forward), "backward": staticmethod(backward)})
        x = torch.randn(2, 9, dtype=torch.float64, requires_grad=True)
        w = torch.randn(3, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(function.apply, (x, w, 2))

    @pytest.mark.row("C-torch", "C-sgdopts", "C-l2")
    def test_torch_step_takes_the_steps_of_pytorchs_sgd():
        import torch

        rng = np.random.default_rng(3)
        params = {name: rng.normal(size=shape) for name, shape in (("0.weight", (2, 1, 2, 3)), ("0.bias", (2,)), ("3.weight", (3, 4)), ("3.bias", (3,)))}
        leaves = {name: torch.tensor(w, requires_grad=True) for name, w in params.items()}
        groups = [{"params": [leaves[n] for n in leaves if n.endswith(kind)], "weight_decay": decay} for kind, decay in (("weight", 2 * 0.3), ("bias", 0.0))]
        optimizer, state = torch.optim.SGD(groups, lr=0.1, momentum=0.9, dampening=0.25), {}
        for calls in (2, 1, 3):
            grads = [{name: rng.normal(size=w.shape) for name, w in params.items()} for _ in range(calls)]
            optimizer.zero_grad()
            for one in grads:
                sum((torch.tensor(one[name]) * leaf).sum() for name, leaf in leaves.items()).backward()
            optimizer.step()
            params, state = answer("torch_step")(params, grads, state, lr=0.1, momentum=0.9, dampening=0.25, lam=0.3)
            for name, w in params.items():
                np.testing.assert_allclose(w, leaves[name].detach().numpy(), rtol=1e-12)

    @pytest.mark.row("C-torch", "B-options")
    @pytest.mark.filterwarnings("ignore:Using padding='same'")
    def test_pytorchs_same_pads_as_keras_at_stride_1():
        import torch

        for size, kernel, dilation in ((7, 4, 1), (8, 3, 2), (9, 4, 3), (6, 2, 1)):
            _, before, after = expected("same_padding", size, kernel, 1, dilation).values()
            x, w = torch.randn(1, 1, size), torch.randn(1, 1, kernel)
            padded = torch.nn.functional.pad(x, (before, after))
            theirs = torch.nn.functional.conv1d(x, w, padding="same", dilation=dilation)
            torch.testing.assert_close(torch.nn.functional.conv1d(padded, w, dilation=dilation), theirs)


# --- the checks --------------------------------------------------------------------------------------------------------

PAIRS = [(e, m) for e in KNOWN.values() for m in e.misconceptions if not e.by_hand]


@pytest.mark.parametrize("exercise, misconception", PAIRS, ids=[f"{e.name}-{m.name.replace(' ', '-')}" for e, m in PAIRS])
def test_the_visible_check_already_finds_and_names_each_idea(exercise, misconception):
    """A learner is told in the notebook, not first by the grade."""
    verdict = judge(exercise, exercise.wrong_functions(misconception), cases_for(exercise, None, 0), 4.0)
    assert verdict < 4.0 and verdict.ideas == (misconception.name,)


def test_a_linear_layer_the_other_way_round_is_named_in_a_prediction():
    verdict = check("15.predict_state", lambda: ((10, 3, 5, 5), 760, (2560, 4), 11_004), points=2)
    assert verdict == 1.5 and verdict.ideas == ("Linear the other way round",) and "(4, 2560)" not in verdict.message


def test_each_variant_of_the_prediction_has_its_own_numbers():
    mine, neighbours = (KNOWN["15.predict_state"].reference[0](**show_numbers("15.predict_state", v).values) for v in (3, 5))
    assert mine != neighbours
    assert check("15.predict_state", lambda: mine, points=2, variant=3) == 2.0 > check("15.predict_state", lambda: mine, points=2, variant=5)


def test_a_dense_layer_that_is_only_transposed_is_told():
    verdict = check("15.from_keras", lambda kernel, dense, maps: (np.moveaxis(kernel, (3, 2), (0, 1)), dense.T), points=2)
    assert verdict.ideas == ("Dense transposed only",) and "map by map" in verdict.message


def test_lambda_for_weight_decay_is_told():
    def torch_step(params, grads, state, *, lr, momentum=0.0, dampening=0.0, lam=0.0):
        return KNOWN["15.torch_step"].answer[0](params, grads, state, lr=lr, momentum=momentum, dampening=dampening, lam=lam / 2)

    verdict = check("15.torch_step", torch_step, points=2)
    assert verdict.ideas == ("λ for weight_decay",) and "gradient is 2λW" in verdict.message


def test_a_number_in_save_for_backward_is_told_as_pytorch_would():
    def conv_forward(ctx, x, w, stride):
        ctx.save_for_backward(x, w, stride)
        return KNOWN["15.conv_backward"].answer[0](ctx, x, w, stride)

    verdict = check("15.conv_backward", conv_forward, KNOWN["15.conv_backward"].answer[1], points=2)
    assert verdict == 0 and "save_for_backward takes tensors only" in verdict.message and "ctx.stride = stride" in verdict.message


def test_assignment_02s_name_for_what_was_saved_is_told():
    def conv_backward(ctx, dout):
        x, w = ctx.saved
        return x, w, None

    verdict = check("15.conv_backward", KNOWN["15.conv_backward"].answer[0], conv_backward, points=2)
    assert verdict == 0 and "ctx.saved_tensors" in verdict.message


@pytest.mark.parametrize("result, says", [(None, "is a `return` missing"), ({"0.weight": np.zeros(2)}, "return params, state"), (({}, {}), "lack '0.weight'"),
                                          (({"0.weight": np.zeros(3), "0.bias": np.zeros(1)}, {}), "shape (3,)")])
def test_another_form_of_result_is_told(result, says):
    verdict = check("15.torch_step", lambda params, grads, state, **options: result, points=2)
    assert verdict == 0 and says in verdict.message


# --- the quiz ----------------------------------------------------------------------------------------------------------


def test_the_quizs_truth_is_what_the_careless_check_says():
    names = {"np": np}
    exec(cell("quiz-code"), names)
    passing = {letter: float(names["careless_check"](names[f"version_{letter}"])) for letter in "ABC"}
    assert passing == expected("which_pass") == {"A": 0.0, "B": 1.0, "C": 1.0}
    assert names["careless_check"](names["train"])
    rng = np.random.default_rng(2)
    W, batches = rng.normal(size=(4, 6)), [(rng.normal(size=(5, 6)), rng.integers(0, 4, 5)) for _ in range(2)]
    for letter in "ABC":  # and each really is wrong
        assert not np.allclose(names[f"version_{letter}"](W, batches), names["train"](W, batches), atol=1e-3)


@pytest.mark.parametrize("answer, says", [({"C"}, "B is caught"), ({"B"}, "C is caught"), ("ABC", "A passes"), (set(), "all three are caught")])
def test_each_wrong_letter_is_explained_and_guessing_earns_nothing(answer, says):
    verdict = check("15.which_pass", lambda: answer, points=2)
    assert verdict == 0.0 and says in verdict.message
