"""Graphs for the tests of GraphStepper, and what a person reads off its page."""

import numpy as np

from course_lib.graph import Add, Exp, Graph, Input, Max, Multiply, Reciprocal, Sigmoid
from course_lib.widgets._graph_numbers import MOST

GATES = [Add, Multiply, Max, Sigmoid, Exp, Reciprocal]


def random_graph(seed, count=MOST["nodes"], leaves=5, shape=(), kinds=6):
    """A graph of `count` nodes, wide, deep, with fan-out; of arrays of this shape."""
    random = np.random.default_rng(seed)
    graph, unread, handles = Graph(), [], []
    for i in range(leaves):
        handles.append(graph.add(Input(np.round(random.uniform(-2, 2, shape), 2), name=f"x{i}")))
    unread += handles
    while len(handles) < count:
        gate = GATES[
            int(random.choice(kinds, p=np.array([6, 6, 4, 4, 1, 1][:kinds]) / sum([6, 6, 4, 4, 1, 1][:kinds])))
        ]()
        read = []
        for _ in range(gate.arity):
            fresh = unread and random.random() < 0.75
            read.append(unread.pop(int(random.integers(len(unread)))) if fresh else int(random.choice(handles[-8:])))
        handles.append(graph.add(gate, *read))
        unread.append(handles[-1])
    return graph


def flat(rows):
    return [value for row in rows for value in row]


def text_of(value):
    return float(value.replace("−", "-"))


def gate(shown, name, i=0):
    return shown.widget(i).locator(".cw-gate", has=shown.tab.get_by_text(name, exact=True))


def products(shown, i=0):
    """The table of the present step: [gradient, upstream, local, product] of each row."""
    shown.settle()
    rows = shown.widget(i).locator(".cw-products tbody tr").all()
    return [[row.locator("th").inner_text(), *row.locator(".cw-chip").all_inner_texts()] for row in rows]
