"""What an exercise is: the functions it asks for, the inputs that judge them, and the wrong ideas it knows by name."""

from __future__ import annotations

import inspect
import textwrap
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """One input on which the learner's answer is compared with the reference.

    label      what is special about it, in words ("stride 2, padding 2")
    args       positional arguments, plain values: numbers, arrays, containers of these, callables
    kwargs     keyword arguments
    tags       facts that a diagnosis may use: {"stride": 2, "overlap": False}
    constants  named numbers by which a wrong answer may be off: {"N, the batch size": 4}
    form       how arrays are handed over: "", "read-only", "integers", "non-contiguous"
    """

    label: str
    args: tuple
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, Any] = field(default_factory=dict)
    constants: Mapping[str, float] = field(default_factory=dict)
    form: str = ""

    @property
    def size(self) -> int:
        """How many numbers the case holds: the failing case with the fewest is the one shown."""
        return sum(map(_count, (*self.args, *self.kwargs.values())))


def _count(value: Any) -> int:
    """How many numbers a value holds."""
    if isinstance(value, Mapping):
        return sum(map(_count, value.values()))
    if isinstance(value, (list, tuple)):
        return sum(map(_count, value))
    return 0 if callable(value) else int(np.size(value))


@dataclass(frozen=True)
class Wrong:
    """A misconception, written as an edit of the right answer, so that exactly one idea differs.

    name      a short name, for tables ("unrotated filter")
    sentence  what the learner did, said to the learner
    edits     pairs (text in the right answer's source, text in its place); each text occurs exactly once
    """

    name: str
    sentence: str
    edits: tuple[tuple[str, str], ...]


def wrong(name: str, sentence: str, *edits: tuple[str, str]) -> Wrong:
    return Wrong(name, sentence, edits)


class ResultForm(Exception):
    """A learner's result has another form than the exercise asks for; the message says which."""


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """One graded exercise.

    id           "07.conv2d_backward": the assignment's number and the name of the function
    rows         syllabus rows that the exercise covers
    answer       the right answer as plain functions, in the order in which the check takes the learner's;
                 the last is the one asked for, the earlier ones are earlier answers that it needs
    reference    the same functions from the library; expected values come from these
    arguments    names of the arguments, as shown to the learner
    outputs      names of the results
    visible      () -> cases of the visible check, smallest first, with the hand number among them
    weak         () -> ordinary inputs on which wrong ideas can look right (stride 1, ones, zeros): what a careless
                 check would use; each misconception is right somewhere here or in the visible cases
    draw         (rng, **parameters) -> Case: a random case for the hidden tests
    misconceptions  the wrong ideas known by name
    call         (functions, args, kwargs) -> result; by default the last function on the arguments
    unpack       result -> {output name: value}; by default a value, or a tuple in the order of `outputs`
    hints        three steps on request: a nudge, the formula, the step itself (Markdown)
    all_or_nothing  no partial points (for quiz answers, where guessing would earn some)
    needs        id of the exercise whose functions come first in `answer` and must pass before this one is judged
    by_hand      a prediction worked with pencil and paper: the learner's function takes no arguments and returns what was
                 found; `answer` and `reference` compute it from keyword arguments whose defaults are the lecture's numbers
    numbers      (rng) -> these keyword arguments: the lecture's where rng is None, else others, about as hard to work with;
                 the visible case is made of them
    """

    id: str
    rows: tuple[str, ...]
    answer: tuple[Callable, ...]
    reference: tuple[Callable, ...]
    arguments: tuple[str, ...] = ()
    outputs: tuple[str, ...]
    visible: Callable[[], Sequence[Case]] = None  # type: ignore[assignment]  # of an exercise by hand: made of its numbers
    misconceptions: tuple[Wrong, ...]
    hints: tuple[str, str, str]
    weak: Callable[[], Sequence[Case]] = tuple
    draw: Callable[..., Case] | None = None
    call: Callable[[Sequence[Callable], tuple, Mapping], Any] | None = None
    unpack: Callable[[Any], dict[str, Any]] | None = None
    all_or_nothing: bool = False
    needs: str | None = None
    by_hand: bool = False
    numbers: Callable[[np.random.Generator | None], dict[str, Any]] | None = None

    def __post_init__(self):
        if self.by_hand != (self.numbers is not None):
            raise ValueError(f"{self.id}: by_hand=True and numbers= belong together")
        if self.visible is None:
            if not self.by_hand:
                raise ValueError(f"{self.id}: visible= is missing, the cases of the visible check")
            object.__setattr__(self, "visible", lambda: [self.worked(None)])

    def numbers_of(self, variant: int | None) -> dict[str, Any]:
        """The numbers to work with: the lecture's (None), or those of a variant. Raises ValueError where there are none."""
        if self.numbers is None:
            raise ValueError(f"{self.id} has no numbers of its own to vary: leave variant out")
        if variant is None:
            return self.numbers(None)
        if isinstance(variant, bool) or not isinstance(variant, (int, np.integer)) or variant < 0:
            raise ValueError(f"variant is {variant!r}; it is None for the lecture's numbers, or a whole number from 0")
        return self.numbers(np.random.default_rng([zlib.crc32(self.id.encode()), int(variant)]))

    def worked(self, variant: int | None) -> Case:
        """The case of an exercise by hand: its numbers, as keyword arguments of the reference."""
        return Case("the numbers above", (), self.numbers_of(variant))

    @property
    def name(self) -> str:
        return self.id.split(".", 1)[1]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the functions that the check takes."""
        return tuple(f.__name__ for f in self.answer)

    @cached_property
    def answer_source(self) -> str:
        return "\n\n".join(textwrap.dedent(inspect.getsource(f)) for f in self.answer)

    def wrong_source(self, misconception: Wrong) -> str:
        """The source of the answer with that one idea wrong. Raises ValueError when an edit does not fit exactly once."""
        source = self.answer_source
        for old, new in misconception.edits:
            if source.count(old) != 1:
                raise ValueError(
                    f"{self.id}, misconception {misconception.name!r}: {old!r} occurs {source.count(old)} times "
                    f"in the answer's source; an edit needs a text that occurs once")
            source = source.replace(old, new)
        return source

    def wrong_functions(self, misconception: Wrong) -> tuple[Callable, ...]:
        return functions_from(self.wrong_source(misconception), self.names)

    def evaluate(self, functions: Sequence[Callable], args: tuple, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Run the functions on one input and return {output: value}. Raises ResultForm, or what the functions raise."""
        result = self.call(functions, args, kwargs) if self.call else functions[-1](*args, **kwargs)
        if result is None:
            raise ResultForm(f"{self.name} returned None: is a `return` missing?")
        if self.unpack:
            return self.unpack(result)
        if len(self.outputs) == 1:
            return {self.outputs[0]: result}
        return unpack_tuple(result, self.outputs, self.name)


def unpack_tuple(result: Any, outputs: Sequence[str], name: str) -> dict[str, Any]:
    """A tuple or list with one entry for each output, as a dict; ResultForm otherwise."""
    expected = f"{len(outputs)} values ({', '.join(outputs)})"
    if not isinstance(result, (tuple, list)):
        one = f"one array of shape {result.shape}" if isinstance(result, np.ndarray) else f"one {type(result).__name__}"
        raise ResultForm(f"{name} should return {expected}; it returned {one}. Write: return {', '.join(outputs)}.")
    if len(result) != len(outputs):
        raise ResultForm(f"{name} should return {expected}; it returned {len(result)}.")
    return dict(zip(outputs, result))


def functions_from(source: str, names: Sequence[str]) -> tuple[Callable, ...]:
    """Compile source that needs nothing but NumPy as `np`, and return the functions of these names."""
    namespace: dict[str, Any] = {"np": np, "__name__": "answer"}
    exec(compile(source, "<answer>", "exec"), namespace)
    return tuple(namespace[name] for name in names)
