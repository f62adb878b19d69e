"""One notebook, run on both sides: answers in a box, tests here.

Locked cells that are no tests (imports, data, helpers) run on both sides. Tests run here, where the names that the
answers define are bound to stand-ins for what is in the box. A box that ends (a crash, a time-out) is replaced, and the
cells before are run again in the new one, so that one question costs nothing but its own marks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode
from nbgrader.utils import is_locked, is_solution

from .box.shell import Shell
from .execute import fault, is_test
from .hidden import parts_only
from .names import bound, builtin_names, free, needed_cells
from .proxies import Box, BoxEnded
from .sandbox import Limits, Sandbox

MAX_BOXES = 25  # boxes of one notebook; each after the first cost the cells before it once more
FAULTS = {"timeout": "CellTimeoutError", "memory": "MemoryLimit", "output": "OutputLimit", "crashed": "ProcessEnded"}


@dataclass(frozen=True)
class Times:
    """Seconds of wall time: one cell's, and the whole notebook's."""

    cell: float = 60.0
    notebook: float = 600.0


@dataclass
class Session:
    """Runs the cells of `nb` and puts their outputs into it.

    answers     names that the answers define: in tests they are the student's, whatever a locked cell calls by that name
    untouched   ids of demonstration cells that the student left as they were: run only where an answer may need them
    substitutes {name: function} that stands in the box in the place of an earlier answer
    """

    nb: NotebookNode
    sandbox: Sandbox
    limits: Limits = field(default_factory=Limits)
    times: Times = field(default_factory=Times)
    files: Mapping[str, bytes] = field(default_factory=dict)
    answers: frozenset[str] = frozenset()
    untouched: frozenset[str] = frozenset()
    substitutes: Mapping[str, Callable] = field(default_factory=dict)

    def __post_init__(self):
        self.verdict = "ok"
        self.box_cpu = 0.0
        self.notes: list[str] = []
        self.shell = Shell.make(lambda output: None, {})
        self.namespace = self.shell.user_ns
        self.given: set[str] = set()  # names of the locked cells
        self._box: Box | None = None
        self._boxes = 0
        self._ran: list[NotebookNode] = []  # cells that are in the box's state
        self._end = time.monotonic() + self.times.notebook

    def run(self, only: Iterable[str] | None = None) -> None:
        """Run every cell; of the tests just those whose grade ids are in `only`, where it is given."""
        wanted = None if only is None else set(only)
        needed = needed_cells(self.nb.cells, self.untouched)
        try:
            for cell in self.nb.cells:
                if cell.cell_type != "code":
                    continue
                cell.outputs, cell.execution_count = [], None
                if is_test(cell):
                    if wanted is None or cell.metadata.nbgrader.grade_id in wanted:
                        self._test(cell)
                elif is_locked(cell) and not is_solution(cell):
                    self._both(cell)
                elif cell.id not in self.untouched or cell.id in needed:
                    self._inside(cell)
        finally:
            self.close()

    def close(self) -> None:
        if self._box is not None:
            self.box_cpu += _seconds(self._box.close())
            self._box = None

    # --- the three kinds of cells ---

    def _inside(self, cell: NotebookNode) -> None:
        """An answer, or a cell of the student's own: in the box."""
        try:
            _, outputs = self._in_box(cell.source)
            cell.outputs = _nodes(outputs) if cell.id not in self.untouched else []
            self._ran.append(cell)
            if any(o.output_type == "error" and o.ename == "MemoryError" for o in cell.outputs):
                self._verdict("memory")
            if any(o.output_type == "error" and o.ename == "PrintedTooMuch" for o in cell.outputs):
                self._verdict("output")
        except BoxEnded as e:
            cell.outputs = [fault(FAULTS[e.why], e.text), *_nodes(getattr(e, "outputs", []))]
            self._lost(e)

    def _both(self, cell: NotebookNode) -> None:
        """A locked cell that is no test: here, where its outputs come from, and in the box."""
        try:
            self._bind(cell.source)
        except BoxEnded as e:
            self._lost(e)
        before = dict(self.namespace)
        error, cell.outputs = self._here(cell.source)
        if isinstance(error, BoxEnded):
            self._lost(error)
        self.given |= {n for n, v in self.namespace.items() if before.get(n, self) is not v} - self.answers
        try:
            ok, outputs = self._in_box(cell.source)
            self._ran.append(cell)
            if not ok and error is None:
                said = next((f"{o['ename']}: {o['evalue']}" for o in outputs if o["output_type"] == "error"), "no reason")
                self.notes.append(f"locked cell {cell.metadata.nbgrader.grade_id} failed in the sandbox ({said})")
        except BoxEnded as e:
            self._lost(e)

    def _test(self, cell: NotebookNode) -> None:
        """A test: here. What it calls of the student's runs in the box."""
        try:
            self._bind(cell.source)
        except BoxEnded as e:
            cell.outputs = [fault(FAULTS[e.why], e.text)]
            return self._lost(e)
        error, cell.outputs = self._here(cell.source)
        self.given |= bound(cell.source) - self.answers
        if isinstance(error, BoxEnded):
            verdict = getattr(error, "verdict", None)  # a check that had judged the answer, and only looked for why it is wrong
            kept = self._shown(verdict) if verdict is not None else fault(FAULTS[error.why], error.text)
            cell.outputs = [kept, *(o for o in cell.outputs if o.output_type == "stream")]
            self._lost(error)

    # --- here ---

    def _here(self, source: str) -> tuple[BaseException | None, list[NotebookNode]]:
        outputs: list[dict] = []
        self.shell.to(outputs.append)
        if self._box is not None:
            self._box.until(self._deadline())
        error, _ = self.shell.run(source)
        return error, _nodes(_merged(outputs))

    def _shown(self, value: Any) -> NotebookNode:
        """A value as the result of a cell."""
        data, metadata = self.shell.display_formatter.format(value)
        return _node({"output_type": "execute_result", "data": data, "metadata": metadata, "execution_count": None})

    def _bind(self, source: str) -> None:
        """Bind the names that a cell uses and no locked cell gives to what the student's process has under them."""
        for name in free(source):
            if name in self.substitutes:
                self.namespace[name] = self.substitutes[name]
            elif name in self.answers or name not in self.given | builtin_names():
                found, value = self._living().lookup(name)
                if found:
                    self.namespace[name] = value
                elif name in parts_only(source):
                    self.namespace[name] = _missing(name)  # an answer that does without it loses nothing
                else:
                    self.namespace.pop(name, None)

    # --- the box ---

    def _in_box(self, source: str) -> tuple[bool, list[dict]]:
        box = self._living()
        done = box.run(source)
        for name in self.substitutes.keys() & bound(source):
            box.bind(name, self.substitutes[name])
        return done

    def _living(self) -> Box:
        """The box, with one cell's time to answer; a new one, with the same cells run in it, where the last one ended."""
        if self._box is None:
            self._boxes += 1
            if self._boxes > MAX_BOXES or time.monotonic() > self._end:
                raise BoxEnded("timeout", "the notebook's time is used up: nothing more of it was run")
            self._box = self.sandbox.box(self.limits, self.files)
            for cell in list(self._ran):
                self._box.until(self._deadline())
                try:
                    self._box.run(cell.source)
                    for name in self.substitutes.keys() & bound(cell.source):
                        self._box.bind(name, self.substitutes[name])
                except BoxEnded:
                    self._ran.remove(cell)  # it did not end the process the first time; it will not get a third one
                    raise
        self._box.until(self._deadline())
        return self._box

    def _deadline(self) -> float:
        return min(time.monotonic() + self.times.cell, self._end)

    def _lost(self, ended: BoxEnded) -> None:
        self._verdict(ended.why)
        self.close()

    def _verdict(self, why: str) -> None:
        if self.verdict == "ok":
            self.verdict = why


def _missing(name: str) -> Callable:
    """What stands for a function that the student's process does not have."""
    def missing(*_: Any, **__: Any) -> Any:
        raise NameError(f"name {name!r} is not defined: its cell is missing or stopped with an error")

    return missing


def _seconds(report: Mapping) -> float:
    cpu = report.get("cpu", 0.0)
    return float(cpu) if isinstance(cpu, (int, float)) else 0.0


def _merged(outputs: list[dict]) -> list[dict]:
    """Neighbouring prints to one stream as one output."""
    merged: list[dict] = []
    for o in outputs:
        if o["output_type"] == "stream" and merged and merged[-1]["output_type"] == "stream" and merged[-1]["name"] == o["name"]:
            merged[-1] = {**merged[-1], "text": merged[-1]["text"] + o["text"]}
        else:
            merged.append(o)
    return merged


def _nodes(outputs: list[dict]) -> list[NotebookNode]:
    return [_node(o) for o in outputs]


def _node(value: Any) -> Any:
    if isinstance(value, dict):
        return NotebookNode({k: _node(v) for k, v in value.items()})
    return [_node(v) for v in value] if isinstance(value, list) else value
