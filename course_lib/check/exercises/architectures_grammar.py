"""14_architectures: the lecture's grammar of convolutional nets, read from text into a list of layers with their shapes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from ...models import convnet, summary
from ..exercise import Case, Exercise, ResultForm, wrong

KINDS = ("CONV", "RELU", "POOL", "FC", "SOFTMAX")
MOST = 16  # layers of a net in the cases, so that their shapes can be printed
WORDS = r"\b(form|POOL|[NMK])\b"  # what a refusal may name

# --- the right answer, as a student would write it ---------------------------------------------------------------------


def parse_architecture(text, input_shape, filters, hidden, classes):
    import re

    form = r"\[\(CONV-RELU\)\*(\d+)(-POOL)?\]\*(\d+)-\(FC-RELU\)\*(\d+)-SOFTMAX"
    found = re.fullmatch(form, text)
    if not found:
        raise ValueError("form: not in the grammar")
    N = int(found[1])
    M = int(found[3])
    K = int(found[4])
    if N < 1 or N > 5:
        raise ValueError("N is not from 1 to 5")
    if M < 1:
        raise ValueError("M is below 1")
    if K > 2:
        raise ValueError("K is not from 0 to 2")
    layers = []
    H, W = input_shape[1:]
    for m in range(M):
        C = filters * 2**m
        for _ in range(N):
            layers.append(("CONV", (C, H, W)))
            layers.append(("RELU", (C, H, W)))
        if found[2]:
            H = H // 2
            W = W // 2
            if H * W == 0:
                raise ValueError("POOL: nothing is left of the image")
            layers.append(("POOL", (C, H, W)))
    for _ in range(K):
        layers.append(("FC", (hidden,)))
        layers.append(("RELU", (hidden,)))
    layers.append(("FC", (classes,)))
    layers.append(("SOFTMAX", (classes,)))
    return layers


# --- the same from the library -----------------------------------------------------------------------------------------


def _reason(text: str, input_shape: Sequence[int]) -> str:
    """What a refusal has to name; empty where the text is right."""
    numbers = re.findall(r"\d+", text)
    if re.sub(r"\d+", "#", text).replace("-POOL", "") != "[(CONV-RELU)*#]*#-(FC-RELU)*#-SOFTMAX" or text.count("-POOL") not in (0, text.count("-POOL]")):
        return "form"
    N, M, K = map(int, numbers)
    for name, fits in (("N", 1 <= N <= 5), ("M", M >= 1), ("K", K <= 2), ("POOL", "POOL" not in text or min(input_shape[1:]) >= 2**M)):
        if not fits:
            return name
    return ""


def _parse_architecture(text, input_shape, filters, hidden, classes):
    return list(_parsed(text, tuple(input_shape), filters, hidden, classes))


@cache
def _parsed(text, input_shape, filters, hidden, classes):
    if reason := _reason(text, input_shape):
        raise ValueError(reason)
    N, M, K = map(int, re.findall(r"\d+", text))
    table = summary(convnet(N, M, K, input_shape=input_shape, filters=filters, hidden=hidden, classes=classes, pool="POOL" in text))
    layers = [(re.sub(r"\d", "", row.layer).upper(), row.output_shape) for row in table.rows]
    return [*((name, shape) for name, shape in layers if name in KINDS), ("SOFTMAX", (classes,))]


# --- what is compared --------------------------------------------------------------------------------------------------


def _compared(functions: Sequence, args: tuple, kwargs: Mapping[str, Any]) -> dict[str, Any] | None:
    """How many layers of each kind, their shapes one below the other, and whether the text was refused: 1, or -1 where the message does not say why."""
    reason = _reason(args[0], args[1])
    nothing = {"kinds": np.zeros(len(KINDS)), "shapes": np.zeros((MOST, 3)), "refused": 0}
    try:
        layers = functions[-1](*args, **kwargs)
    except ValueError as e:
        first = re.search(WORDS, str(e))
        return {**nothing, "refused": 1 if first is not None and first[0] == reason else -1}
    if reason:
        return nothing
    return None if layers is None else {**nothing, **_read(layers)}


def _read(layers: Any) -> dict[str, np.ndarray]:
    kinds, shapes = np.zeros(len(KINDS)), np.zeros((MOST, 3))
    asked = 'parse_architecture should return a list of pairs such as ("CONV", (8, 6, 6)) and ("FC", (10,)), the names from ' + ", ".join(KINDS) + "."
    if not isinstance(layers, (list, tuple)):
        raise ResultForm(f"{asked} It returned one {type(layers).__name__}.")
    for i, layer in enumerate(layers):
        if not (isinstance(layer, (list, tuple)) and len(layer) == 2 and isinstance(layer[0], str) and layer[0] in KINDS
                and isinstance(layer[1], (list, tuple)) and 1 <= len(layer[1]) <= 3 and all(isinstance(n, (int, float, np.number)) for n in layer[1])):
            raise ResultForm(f"{asked} Entry {i} of the list is something else.")
        kinds[KINDS.index(layer[0])] += 1
        if i < MOST:
            shapes[i, :len(layer[1])] = layer[1]
    return {"kinds": kinds, "shapes": shapes}


# --- cases -------------------------------------------------------------------------------------------------------------


def _text(N: int, M: int, K: int, pool: bool = True) -> str:
    return f"[(CONV-RELU)*{N}{'-POOL' * pool}]*{M}-(FC-RELU)*{K}-SOFTMAX"


def _case(label: str, text: str, input_shape: tuple = (3, 8, 6), filters: int = 4, hidden: int = 9, classes: int = 5) -> Case:
    reason = _reason(text, input_shape)
    odd = not reason and "POOL" in text and any(n % 2 ** int(re.findall(r"\d+", text)[1]) for n in input_shape[1:])
    return Case(label, (text, input_shape, filters, hidden, classes),
                tags={"the text": "outside the grammar" if reason else "in the grammar", "POOL": "there" if "POOL" in text else "left out",
                      "an odd side": "pooled" if odd else "never pooled"})


def parse_visible() -> list[Case]:
    return [
        _case("one CONV-RELU, one POOL, no hidden layer", _text(1, 1, 0)),
        _case("two stages, one hidden layer", _text(1, 2, 1)),
        _case("the same without POOL", _text(1, 2, 1, False)),
        _case("three stages on odd sides", _text(1, 3, 0), (1, 11, 13)),
        _case("two CONV-RELU a stage, two hidden layers", _text(2, 2, 2)),
        _case("N = 5", _text(5, 1, 1)),
        _case("N = 6", _text(6, 1, 0)),
        _case("N = 0", _text(0, 1, 0)),
        _case("M = 0", _text(1, 0, 1)),
        _case("K = 3", _text(1, 1, 3)),
        _case("three POOLs on 8×6", _text(1, 3, 0)),
        _case("POOL before CONV", "[POOL-(CONV-RELU)*1]*1-(FC-RELU)*1-SOFTMAX"),
    ]


def parse_weak() -> list[Case]:
    return [_case("one CONV-RELU, nothing pooled", _text(1, 1, 0, False)), _case("one of each", _text(1, 1, 1))]


BROKEN = ("(CONV-RELU)*{N}-POOL]*{M}-(FC-RELU)*{K}-SOFTMAX", "[(CONV-RELU)*{N}-POOL]*{M}-(FC-RELU)*{K}", "[(CONV-RELU)*{N}-POOL]*{M}-(FC-RELU)*K-SOFTMAX",
          "[(CONV)*{N}-POOL]*{M}-(FC-RELU)*{K}-SOFTMAX", "[(CONV-RELU)*{N}-POOL?]*{M}-(FC-RELU)*{K}-SOFTMAX", "[(CONV-RELU)*{N}-POOL]*{M}-(FC-RELU)*{K}-SOFTMAX-FC")


def parse_draw(rng: np.random.Generator, N: int = 1, M: int = 2, K: int = 1, pool: bool = True, form: bool = True, small: str = "") -> Case:
    """Sides that differ and do not halve evenly; `form` False: a text outside the grammar; `small` "H" or "W": too small to pool."""
    H, W = (int(v) for v in rng.choice([9, 11, 13, 14, 17, 19], 2, replace=False))
    H, W = (2**M - 1 if small == "H" else H, 2**M - 1 if small == "W" else W)
    filters, hidden, classes = (int(v) for v in rng.choice([3, 4, 5, 6, 7, 12, 15], 3, replace=False))
    text = _text(N, M, K, pool) if form else str(rng.choice(BROKEN)).format(N=N, M=M, K=K)
    return _case(f"{text} on {H}×{W}", text, (2, H, W), filters, hidden, classes)


# --- the exercise ------------------------------------------------------------------------------------------------------

PARSE = Exercise(
    id="14.parse_architecture",
    rows=("B-archgrammar", "B-common", "D-stack"),
    answer=(parse_architecture,),
    reference=(_parse_architecture,),
    arguments=("text", "input_shape", "filters", "hidden", "classes"),
    outputs=("kinds", "shapes", "refused"),
    call=_compared,
    unpack=dict,
    visible=parse_visible,
    weak=parse_weak,
    draw=parse_draw,
    hints=(
        "`found` is None where the text has another form. Else `found[1]`, `found[3]`, `found[4]` are N, M, K as text, and `found[2]` is None where POOL is left out. "
        "Refuse first; then walk through the stages with H and W in hand.",
        "Stage m (from 0) has C = filters·2^m. CONV and RELU keep (C, H, W); POOL makes it (C, H // 2, W // 2). After the stages K times FC and RELU with (hidden,), "
        "and always FC and SOFTMAX with (classes,).",
        '`for m in range(M):` `C = filters * 2**m`, then N times `layers.append(("CONV", (C, H, W)))` and the same for RELU; `if found[2]:` halve H and W, '
        'raise `ValueError("POOL: ...")` if one of them is 0, and append ("POOL", (C, H, W)).',
    ),
    misconceptions=(
        wrong("always pooled", "You pool in every stage. POOL? means that it may be left out: pool only where the text says -POOL.", ("if found[2]:", "if True:")),
        wrong("filters not doubled", "Your stages all have the same number of filters. Here stage m has filters·2^m: as the image is halved, the maps are doubled.",
              ("filters * 2**m", "filters")),
        wrong("filters grow by steps", "Your third stage has three times the filters. They double from stage to stage: 1, 2, 4 times.", ("filters * 2**m", "filters * (m + 1)")),
        wrong("doubled at each CONV", "You doubled the filters at each CONV. They double from stage to stage; within one stage all CONV have the same number.",
              ("for _ in range(N):", "for C in [filters * 2 ** (N * m + i) for i in range(N)]:")),
        wrong("convolutions without padding", "Your CONV shrinks the image by 2. The 3×3 filters here have padding 1, which keeps its size; only POOL halves it.",
              ('layers.append(("CONV", (C, H, W)))', 'H, W = H - 2, W - 2; layers.append(("CONV", (C, H, W)))')),
        wrong("channels last", "Your shapes have the channels last, as lecture B writes volumes. Here they come first: (C, H, W).",
              ('layers.append(("CONV", (C, H, W)))', 'layers.append(("CONV", (H, W, C)))'), ('layers.append(("RELU", (C, H, W)))', 'layers.append(("RELU", (H, W, C)))'),
              ('layers.append(("POOL", (C, H, W)))', 'layers.append(("POOL", (H, W, C)))')),
        wrong("halves rounded up", "You rounded half of an odd side up. A 2×2 window that hangs over the edge is left out: H // 2.",
              ("H = H // 2", "H = (H + 1) // 2"), ("W = W // 2", "W = (W + 1) // 2")),
        wrong("width not halved", "Your POOL halves the height only. A 2×2 window with stride 2 halves both sides.", ("W = W // 2", "W = W // 1")),
        wrong("K counts the scores", "You made K - 1 hidden layers, as if K counted the last FC too. The layer that makes the scores comes on top of the K hidden ones.",
              ("for _ in range(K):", "for _ in range(K - 1):")),
        wrong("no scores", "You put SOFTMAX right after the last RELU. It needs a score for each class: an FC with `classes` outputs comes before it.",
              ('layers.append(("FC", (classes,)))', "pass")),
        wrong("ReLU on the scores", "You put a RELU between the scores and SOFTMAX. It would cut all negative scores to 0; scores go to SOFTMAX as they are.",
              ('layers.append(("FC", (classes,)))', 'layers.extend([("FC", (classes,)), ("RELU", (classes,))])')),
        wrong("N and M swapped", "You took N for M: N counts the CONV-RELU within a stage, M the stages.", ("N = int(found[1])", "M = int(found[1])"), ("M = int(found[3])", "N = int(found[3])")),
        wrong("large N let through", "You let N above 5 through. The grammar says N ≤ 5: raise a ValueError whose message names N.", ("N < 1 or N > 5", "N < 1")),
        wrong("no layer let through", "You let N = 0 or M = 0 through: a stage without convolutions, or no stage. Raise a ValueError that names N or M.",
              ("N < 1 or N > 5", "N > 5"), ("M < 1", "False")),
        wrong("large K let through", "You let K above 2 through. The grammar says 0 ≤ K ≤ 2: raise a ValueError whose message names K.", ("K > 2", "False")),
        wrong("K = 0 refused", "You refused K = 0. It is in the grammar, and the trend: no hidden FC at all between the last stage and the scores.", ("K > 2", "K > 2 or K < 1")),
        wrong("pooled to nothing", "You let an image be pooled until nothing is left. Raise a ValueError that names POOL as soon as a side is 0.", ("H * W == 0", "False")),
        wrong("said, not raised", "Where the text is wrong you returned something, or printed a message. The caller would go on with that: raise ValueError(\"...\").",
              ('raise ValueError("form: not in the grammar")', "return []"), ('raise ValueError("N is not from 1 to 5")', "return []"),
              ('raise ValueError("M is below 1")', "return []"), ('raise ValueError("K is not from 0 to 2")', "return []"),
              ('raise ValueError("POOL: nothing is left of the image")', "return []")),
        wrong("the same message for all", "Your ValueError does not say what is wrong. Begin its message with form, N, M, K or POOL: whoever mistyped will thank you.",
              ("form: not in the grammar", "not in the grammar"), ("N is not from 1 to 5", "not in the grammar"), ("M is below 1", "not in the grammar"),
              ("K is not from 0 to 2", "not in the grammar"), ("POOL: nothing is left of the image", "not in the grammar")),
    ),
)
