"""GraphStepper on a bare page, where no kernel answers: numbers and guesses that are typed, nodes of one's own."""

import json

import numpy as np
import pytest
from graph_cases import gate, products, text_of

from course_lib.graph import Exp, Graph, Input, Multiply
from course_lib.widgets import GraphStepper
from course_lib.widgets._graph_presets import presets

# changing numbers


def test_numbers_are_edited_and_all_follows(show):
    shown = show(GraphStepper(step=11))
    field = shown.field("w0")
    field.fill("1/2")
    field.press("Enter")
    assert shown.value("example")["nodes"][0]["value"] == [0.5]
    assert products(shown)[1][2] == "0.5"
    shown.settle()
    field.press("ArrowUp")
    shown.settle()
    assert field.input_value() == "0.6" and shown.value("preset") == ""
    shown.set_field("upstream", "2")
    message = shown.sent()[-1]
    widget = GraphStepper()
    widget.set_state(message)
    assert widget.problem == "" and widget.gradients["L"] == 2 and widget.example["nodes"][0]["value"] == [0.6]
    np.testing.assert_allclose(text_of(products(shown)[0][3]), widget.gradients["w0"], rtol=1e-3)


@pytest.mark.parametrize(
    "preset, name, text, message",
    [
        ("B-flat", "w0", "two", "w0: expected a number, got “two”; the last number stays"),
        ("B-flat", "w0", "1e99", "w0: expected a number, got “1e99”; the last number stays"),
        ("B-flat", "upstream", "", "upstream: expected a number, got “”; the last number stays"),
        ("B-function/sigmoid", "x", "-800", "e: its value is too large to compute with; the last numbers stay"),
        ("B-function/sigmoid", "one", "-0.36787944117144233", "L: expected numbers other than 0 for Reciprocal, got 0; the last numbers stay"),
    ],
)  # fmt: skip
def test_what_is_refused_is_told_and_the_last_good_numbers_stay(show, preset, name, text, message):
    shown = show(GraphStepper(preset=preset))
    before = shown.value("example")
    shown.set_field(name, text)
    assert shown.banner() == message
    assert shown.value("example") == before and shown.sent() == []
    first = before["nodes"][0]["value"][0]
    assert text_of(shown.field(before["nodes"][0]["name"]).input_value()) == first
    shown.set_field(before["nodes"][0]["name"], "0.25")
    assert shown.banner() == ""


def test_python_has_the_last_word(show):
    widget = GraphStepper(step=11)
    shown = show(widget)
    shown.set_field("w0", "5")
    widget.set_state(shown.sent()[-1])
    answer = json.loads(json.dumps(widget.numbers))
    answer["locals"][5][1] = 1234.0
    shown.tab.evaluate("(numbers) => widgets[0].receive({ numbers })", answer)
    assert products(shown)[1][2] == "1234"
    shown.tab.evaluate("(numbers) => widgets[0].receive({ numbers })", {**answer, "revision": 0})
    assert products(shown)[1][2] == "5"  # an answer to an older graph is not used


class Square:
    def forward(self, x):
        self.x = x
        return x * x

    def backward(self, dout):
        return 2 * self.x + 0 * dout  # forgets the upstream gradient


def test_a_node_of_ones_own(show):
    graph = Graph()
    x = graph.add(Input(3, name="x"))
    two = graph.add(Input(2, name="two"))
    graph.add(Multiply(), graph.add(Square(), x), two)
    widget = GraphStepper(graph, names={2: "sq"}, mode="backward", step=2)
    shown = show(widget)
    assert products(shown) == [["∂L/∂x", "2", "6", "6"]]
    assert "⚠ backward returned 6, which is not upstream × local" in shown.widget().inner_text()
    shown.set_field("x", "4")
    assert shown.banner() == "sq: Square is a node of your own, which only Python runs: waiting for Python"
    assert shown.field("x").input_value() == "3"
    widget.set_state(shown.sent()[-1])  # and here is Python
    shown.tab.evaluate("(numbers) => widgets[0].receive({ numbers })", json.loads(json.dumps(widget.numbers)))
    assert products(shown) == [["∂L/∂x", "2", "8", "8"]]
    assert shown.field("x").input_value() == "4" and shown.banner() == ""
    shown.tab.evaluate("() => widgets[0].receive({ problem: 'sq: Square.forward raised ...' })")
    assert shown.banner() == "sq: Square.forward raised ..."


def test_a_gate_that_the_output_does_not_depend_on_says_so(show):
    graph = Graph()
    x = graph.add(Input(2, name="x"))
    graph.add(Exp(), x)
    graph.add(Multiply(), x, x)
    shown = show(GraphStepper(graph, names={1: "e"}, mode="backward"))
    gate(shown, "e").click()
    assert products(shown) == [["∂L/∂x through e", "0", "7.389", "0"]]
    assert "L does not depend on e: its upstream gradient is 0." in shown.widget().inner_text()


def test_a_preset_is_chosen_without_a_kernel(show):
    shown = show(GraphStepper(step=3))
    for name, preset in presets().items():
        shown.widget().locator("select").first.select_option(name)
        shown.settle()
        assert shown.value("example")["nodes"] == preset["example"]["nodes"]
        assert (shown.value("step"), shown.value("preset")) == (0, name)
        assert shown.widget().locator(".cw-gate").count() == sum(bool(n["inputs"]) for n in preset["example"]["nodes"])


def test_arrays_show_one_element_at_a_time(show):
    graph = Graph()
    x = graph.add(Input([[1.0, 2.0], [3.0, 4.0]], name="x"))
    graph.add(Multiply(), x, x)
    shown = show(GraphStepper(graph, step=1, mode="forward"))
    element = shown.widget().get_by_label("element")
    assert element.locator("option").all_inner_texts() == ["[0, 0]", "[0, 1]", "[1, 0]", "[1, 1]"]
    element.select_option("[1, 0]")
    shown.settle()
    assert shown.field("x").input_value() == "3"
    assert "L = x × x = 3 × 3 = 9" in shown.widget().inner_text()
    shown.set_field("x", "7")
    assert shown.value("example")["nodes"][0]["value"] == [1, 2, 7, 4]


# predict first


@pytest.mark.row("B-flat")
def test_predict_first(show):
    shown = show(GraphStepper(mode="backward", predict=True, step=1))
    assert products(shown) == [["∂L/∂s3", "1", "0.1966"]]
    assert [t for t in shown.widget().locator(".cw-gradient").all_inner_texts() if t] == ["?", "1"]
    guess = shown.widget().locator(".cw-guess")
    guess.fill("0.3")
    guess.press("Enter")
    shown.settle()
    assert "✗ 0.3 is too large" in shown.widget().inner_text()
    assert shown.tab.evaluate("() => document.activeElement.classList.contains('cw-guess')")
    guess.fill("0.2")
    guess.press("Enter")  # as the lecture rounds it
    assert products(shown) == [["∂L/∂s3", "1", "0.1966", "0.1966"]] and "✓" in shown.widget().inner_text()
    assert shown.tab.evaluate("() => document.activeElement.classList.contains('cw-gate')")
    shown.press("]")
    assert products(shown) == [["∂L/∂s2", "0.1966", "1"], ["∂L/∂w2", "0.1966", "1"]]
    shown.widget().get_by_role("button", name="Show it").click()
    assert [row[3] for row in products(shown)] == ["0.1966", "0.1966"]
    assert shown.value("guesses") == {
        "wire 8": {"typed": 0.2, "right": True, "shown": False},
        "wire 6": {"shown": True},
        "wire 7": {"shown": True},
    }
    shown.press("]")
    guess.first.fill("one")
    guess.first.press("Enter")
    assert shown.banner() == "∂L/∂s0: expected a number, got “one”"
    shown.press("Tab")
    shown.set_field("w0", "3")
    assert shown.value("guesses") == {}


def test_predicting_a_sum_comes_after_its_terms(show):
    shown = show(GraphStepper(preset="B-graph/fan-out", mode="backward", predict=True, step=2))
    assert "∂L/∂p is still hidden" in shown.widget().inner_text()
    shown.press("Home")
    shown.widget().get_by_role("button", name="Back").click()
    for text in ("1", "1"):
        shown.widget().locator(".cw-guess").first.fill(text)
        shown.press("Enter")
        shown.settle()
    shown.widget().get_by_role("button", name="Next").click()
    shown.settle()
    names = [guess.get_attribute("aria-label") for guess in shown.widget().locator(".cw-guess").all()]
    assert names == ["∂L/∂x through p, input 1", "∂L/∂x through p, input 2", "∂L/∂x"]
    assert "7" not in shown.widget().locator(".cw-graph").inner_text()
    for text in ("3", "3", "7"):
        shown.widget().locator(".cw-guess").first.fill(text)
        shown.press("Enter")
        shown.settle()
    assert shown.widget().locator(".cw-adds .cw-result").inner_text() == "7"


def test_playing_waits_for_what_is_hidden(show):
    shown = show(GraphStepper(mode="both", predict=True, step=5))
    shown.widget().get_by_label("speed").select_option("4")
    shown.widget().get_by_role("button", name="Play").click()
    shown.tab.wait_for_timeout(2000)
    assert shown.value("step") == 7
