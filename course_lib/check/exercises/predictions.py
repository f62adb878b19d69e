"""Predictions worked by hand, before any code, of the notebooks 01, 02, 03 and 07: numbers that a circuit, a loss or a layer asks for."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exercise import Case, Exercise, wrong

Rng = np.random.Generator | None

# --- the right answers -------------------------------------------------------------------------------------------------


def predict_gates(*, x=-3, y=5, z=2, dout=2):
    total = x + y
    largest = max(y, z)
    dtotal = dout * largest
    dlargest = dout * total
    dx = dtotal
    dy = dtotal + dlargest
    dz = 0 * dlargest
    return dx, dy, dz


def predict_shares(*, x=5, dL=2):
    ds = dL
    share = ds * x
    dx = dL + share + share
    return ds, share, dx


def predict_dz(*, p=(0.2, 0.3, 0.5), target=0, dL=5):
    y = np.eye(3)[target]
    dz = dL * (np.array(p) - y)
    return tuple(dz)


def predict_shapes(*, N=2, C=3, H=7, W=9, K=5, FH=3, FW=2, stride=2, pad=1):
    OH = (H + 2 * pad - FH) // stride + 1
    OW = (W + 2 * pad - FW) // stride + 1
    dout = (N, K, OH, OW)
    dx = (N, C, H, W)
    dw = (K, C, FH, FW)
    left = W + 2 * pad - (stride * (OW - 1) + FW)
    return dout, dx, dw, left


# --- the same in another way -------------------------------------------------------------------------------------------


def _gates(*, x=-3, y=5, z=2, dout=2):
    from ... import graph

    net = graph.Graph()
    nodes = [net.add(graph.Input(float(v), name=n)) for n, v in (("x", x), ("y", y), ("z", z))]
    net.add(graph.Multiply(), net.add(graph.Add(), *nodes[:2]), net.add(graph.Max(), *nodes[1:]))
    net.forward()
    grads = net.backward()
    return tuple(dout * grads[name] for name in "xyz")


def _shares(*, x=5, dL=2):
    return dL, dL * x, dL * (2 * x + 1)  # the derivative of x² + x


def _dz(*, p=(0.2, 0.3, 0.5), target=0, dL=5):
    from ...losses import softmax_cross_entropy

    with np.errstate(divide="ignore"):
        _, dscores = softmax_cross_entropy(np.maximum(np.log([p]), -1e4), np.array([target]))
    return tuple(dL * dscores[0])


def _shapes(*, N=2, C=3, H=7, W=9, K=5, FH=3, FW=2, stride=2, pad=1):
    from ...conv import output_size

    OH, OW = (output_size(n, f, stride=stride, pad=pad, floor=True) for n, f in ((H, FH), (W, FW)))
    return (N, K, OH, OW), (N, C, H, W), (K, C, FH, FW), (W + 2 * pad - FW) % stride


# --- other numbers, about as hard --------------------------------------------------------------------------------------


def gates_numbers(rng: Rng) -> dict[str, Any]:
    if rng is None:
        return {"x": -3, "y": 5, "z": 2, "dout": 2}
    y = int(rng.integers(4, 10))
    z, dout = int(rng.integers(1, y)), int(rng.integers(2, 5))
    x = int(rng.choice([v for v in range(-5, 5) if v and v + y >= 2]))  # y is the larger one, and differs from x + y
    return {"x": x, "y": y, "z": z, "dout": dout}


def shares_numbers(rng: Rng) -> dict[str, Any]:
    if rng is None:
        return {"x": 5, "dL": 2}
    return {"x": int(rng.integers(3, 10)) * int(rng.choice([-1, 1])), "dL": int(rng.integers(2, 6)) * int(rng.choice([-1, 1]))}


def dz_numbers(rng: Rng) -> dict[str, Any]:
    if rng is None:
        return {"p": (0.2, 0.3, 0.5), "target": 0, "dL": 5}
    p = [(0.2, 0.3, 0.5), (0.1, 0.2, 0.7), (0.1, 0.3, 0.6), (0.1, 0.4, 0.5)][int(rng.integers(4))]
    return {"p": tuple(float(v) for v in rng.permutation(p)), "target": int(rng.integers(3)), "dL": int(rng.choice([-3, -2, 2, 3, 4, 5]))}


def shapes_numbers(rng: Rng) -> dict[str, Any]:
    if rng is None:
        return {"N": 2, "C": 3, "H": 7, "W": 9, "K": 5, "FH": 3, "FW": 2, "stride": 2, "pad": 1}
    n, c = (int(v) for v in rng.permutation([2, 3, 4])[:2])
    fh, fw = (int(v) for v in rng.permutation([2, 3, 4])[:2])
    oh, ow = (int(v) for v in rng.permutation([4, 5, 6])[:2])
    stride, pad = int(rng.integers(2, 4)), int(rng.integers(1, 3))
    left = int(rng.integers(1, stride))  # so that rounding down matters
    return {"N": n, "C": c, "H": stride * (oh - 1) + fh - 2 * pad, "W": stride * (ow - 1) + fw - 2 * pad + left, "K": int(rng.integers(5, 8)),
            "FH": fh, "FW": fw, "stride": stride, "pad": pad}


# --- the exercises -----------------------------------------------------------------------------------------------------

GATES = Exercise(
    id="01.predict_gates", rows=("B-gates",), answer=(predict_gates,), reference=(_gates,), outputs=("dx", "dy", "dz"),
    by_hand=True, numbers=gates_numbers,
    weak=lambda: [Case("all ones but y", (), {"x": 1, "y": 2, "z": 1, "dout": 1}), Case("x + y = y", (), {"x": 0, "y": 3, "z": 1, "dout": 1})],
    hints=(
        "Begin at the right. The product swaps: its upper wire gets dout times the max, its lower wire dout times the sum.",
        r"With $s = x + y$ and $m = \max(y, z)$: $dx = dout\cdot m$; the max passes $dout\cdot s$ to the larger of $y$ and $z$; $y$ adds up both wires.",
        "Write four numbers on the wires: dout·m on both inputs of the sum, dout·s on y's wire into the max, 0 on z's. Then add the two of y.",
    ),
    misconceptions=(
        wrong("last wire alone",
              "Your dy is what comes back through the max alone. y forks: what comes back through the sum arrives too, and the two add up.",
              ("dy = dtotal + dlargest", "dy = dlargest")),
        wrong("sum's wire alone",
              "Your dy is what comes back through the sum alone. y is also the larger input of the max, which sends its gradient back too.",
              ("dy = dtotal + dlargest", "dy = dtotal")),
        wrong("max passes to both",
              "You let the max pass its gradient to z as well. z did not reach the output: a slightly larger z changes nothing, so dz is 0.",
              ("dz = 0 * dlargest", "dz = dlargest")),
        wrong("product not swapped",
              "You multiplied dout by the product's own input on each wire. A product swaps: the sum's wire gets dout times the max, and the "
              "other way round.",
              ("dtotal = dout * largest", "dtotal = dout * total"), ("dlargest = dout * total", "dlargest = dout * largest")),
        wrong("dout left out",
              "You left out dout. What comes back starts with the upstream gradient, and every wire further left carries it as a factor.",
              ("dtotal = dout * largest", "dtotal = largest"), ("dlargest = dout * total", "dlargest = total")),
        wrong("mean at the fork",
              "You took the mean of the two gradients at y's fork. A push on y moves both wires at once, so their effects add up.",
              ("dy = dtotal + dlargest", "dy = (dtotal + dlargest) / 2")),
        wrong("max to the smaller",
              "You let the max pass its gradient to its smaller input. Only the larger one reached the output.",
              ("dy = dtotal + dlargest", "dy = dtotal"), ("dz = 0 * dlargest", "dz = dlargest")),
    ))

SHARES = Exercise(
    id="02.predict_shares", rows=("B-graph",), answer=(predict_shares,), reference=(_shares,), outputs=("ds", "share", "dx"),
    by_hand=True, numbers=shares_numbers,
    hints=(
        "Go back from L. The sum hands dL on to both of its inputs. What does the product do with its share of it?",
        r"$ds = dL$. The product sends $ds\cdot x$ along each of its two wires. At $x$ three shares meet.",
        "dx = dL (straight from the sum) + ds·x (one input of the product) + ds·x (its other input).",
    ),
    misconceptions=(
        wrong("product counted once",
              "You counted the product once. It reads x twice, so it sends two shares, one along each wire.",
              ("dx = dL + share + share", "dx = dL + share")),
        wrong("straight wire forgotten",
              "Your dx lacks what comes straight from the sum. L reads x itself too, not only through the product.",
              ("dx = dL + share + share", "dx = share + share")),
        wrong("last share alone",
              "Your dx is one share alone, as if each share took the place of the one before. At a fork all that comes back adds up.",
              ("dx = dL + share + share", "dx = share")),
        wrong("dL left out of the product",
              "Your product sends back x alone. Its local gradient is x, and the chain rule multiplies it by the gradient of s, which is dL.",
              ("share = ds * x", "share = x")),
        wrong("shares multiplied",
              "You multiplied what comes back to x. Along one way gradients multiply; where ways meet they add up.",
              ("dx = dL + share + share", "dx = dL * share * share")),
        wrong("mean of the shares",
              "You took the mean of the three shares. Nudging x moves all three wires at once, so their effects add up.",
              ("dx = dL + share + share", "dx = (dL + share + share) / 3")),
    ))

DZ = Exercise(
    id="03.predict_dz", rows=("A-softmaxjac", "E-softmaxce"), answer=(predict_dz,), reference=(_dz,), outputs=("dz0", "dz1", "dz2"),
    by_hand=True, numbers=dz_numbers,
    weak=lambda: [Case("the target has it all", (), {"p": (1.0, 0.0, 0.0), "target": 0, "dL": 1})],
    hints=(
        "Signs first. A larger score of the target makes the loss smaller; a larger score of another class makes it larger. And then dL.",
        r"$dz = dL\,(p - y)$, with $y$ equal to 1 at the target and 0 elsewhere.",
        "Subtract 1 from the target's probability, leave the other two as they are, and multiply all three by dL.",
    ),
    misconceptions=(
        wrong("signs turned round",
              "Your signs are turned round: that is y - p. A larger score of the target lowers the loss, so its entry has the sign opposite to dL's.",
              ("dz = dL * (np.array(p) - y)", "dz = dL * (y - np.array(p))")),
        wrong("1 not subtracted",
              "You multiplied the probabilities by dL. At the target, 1 has to be subtracted first; check: the three entries sum to 0.",
              ("dz = dL * (np.array(p) - y)", "dz = dL * np.array(p)")),
        wrong("only the target",
              "You gave the other scores nothing. They stand in the softmax's denominator: raising one of them takes probability from the target.",
              ("dz = dL * (np.array(p) - y)", "dz = dL * (np.array(p) - y) * y")),
        wrong("1 from every entry",
              "You subtracted 1 from every probability. Only the target's entry is p - 1; the others are p.",
              ("dz = dL * (np.array(p) - y)", "dz = dL * (np.array(p) - 1)")),
        wrong("dL left out",
              "You left out dL, the upstream gradient: the chain rule multiplies each of the three entries by it.",
              ("dz = dL * (np.array(p) - y)", "dz = np.array(p) - y")),
        wrong("gradient by p",
              "You stopped at -1/p for the target and 0 elsewhere: that is the gradient by p. The softmax's Jacobian still has to be multiplied on.",
              ("dz = dL * (np.array(p) - y)", "dz = -dL * y / p[target]")),
        wrong("classes counted from 1",
              "You took the class before the target for it. Classes are counted from 0: target = 0 is the first entry of p.",
              ("y = np.eye(3)[target]", "y = np.eye(3)[target - 1]")),
    ))

SHAPES = Exercise(
    id="07.predict_shapes", rows=("A-multichannel",), answer=(predict_shapes,), reference=(_shapes,), outputs=("dout", "dx", "dw", "left"),
    by_hand=True, numbers=shapes_numbers,
    hints=(
        "A gradient has the shape of its variable. Only for dout there is something to work out: how many windows fit, in each direction?",
        r"$OH = \lfloor (H + 2P - FH)/S \rfloor + 1$, and the same for the columns. dout is $(N, K, OH, OW)$, dx is $(N, C, H, W)$, dw $(K, C, FH, FW)$.",
        "The windows reach S·(OW - 1) + FW of the W + 2P padded columns; what is beyond that is left over.",
    ),
    misconceptions=(
        wrong("first window not counted",
              "You counted the steps from window to window. The first window is there before any step: one more.",
              ("OH = (H + 2 * pad - FH) // stride + 1", "OH = (H + 2 * pad - FH) // stride"),
              ("OW = (W + 2 * pad - FW) // stride + 1", "OW = (W + 2 * pad - FW) // stride")),
        wrong("padding on one side",
              "You added the padding once. There are zeros on both sides, so the map grows by twice the padding.",
              ("OH = (H + 2 * pad - FH) // stride + 1", "OH = (H + pad - FH) // stride + 1"),
              ("OW = (W + 2 * pad - FW) // stride + 1", "OW = (W + pad - FW) // stride + 1")),
        wrong("rounded up",
              "You rounded up. A window that does not fit whole is not there: round down, and some columns are left over.",
              ("OW = (W + 2 * pad - FW) // stride + 1", "OW = -(-(W + 2 * pad - FW) // stride) + 1")),
        wrong("stride left out",
              "You let the windows start at every pixel. With a stride only every so many steps a window starts: divide by it.",
              ("OH = (H + 2 * pad - FH) // stride + 1", "OH = H + 2 * pad - FH + 1"),
              ("OW = (W + 2 * pad - FW) // stride + 1", "OW = W + 2 * pad - FW + 1")),
        wrong("dx with its padding",
              "Your dx still has the padding. It is the gradient of the input, and has the input's shape: the padding is cut off.",
              ("dx = (N, C, H, W)", "dx = (N, C, H + 2 * pad, W + 2 * pad)")),
        wrong("maps of dw swapped",
              "Your dw has its first two sizes swapped. The filters are stored as (K, C, FH, FW): one for each output map, with a slice for each "
              "input map.",
              ("dw = (K, C, FH, FW)", "dw = (C, K, FH, FW)")),
        wrong("dout with the input's maps",
              "You gave dout the number of input maps. It has the shape of the output, which has a map for each of the K filters.",
              ("dout = (N, K, OH, OW)", "dout = (N, C, OH, OW)")),
    ))
