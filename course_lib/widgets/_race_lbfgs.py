"""L-BFGS for two weights, step by step, as the browser can run it too (`static/race_lbfgs.js`).

SciPy's L-BFGS-B, which `course_lib.optim.minimize` uses, is compiled and cannot run in a page. This one keeps to the
same idea: the direction comes from the last few steps s and changes of the gradient y (two loops), and a line search
looks for a length that both lowers the loss enough (Armijo) and flattens its slope enough (Wolfe). Every evaluation
that the line search makes is counted.
"""

import math

ARMIJO, WOLFE = 1e-4, 0.9
TRIES = 20  # evaluations that one line search may take
FLAT = 1e-8  # done where no component of the gradient is larger


def lbfgs(evaluate, start, *, memory=5, budget=150, limit=1000.0):
    """Return (points, evals, gradients, ended): where each iteration arrived, and after how many evaluations.

    Arguments:
        evaluate  function (w0, w1, count) -> (value, g0, g1)
        start     pair
        memory    how many (s, y) are kept
        budget    evaluations at most; an iteration that would need more is not made
        limit     a weight beyond it is refused by the line search
    Returns:
        points, evals, gradients  lists of the same length: evals[0] is 0, since no method's first point costs anything
        ended     "" (the budget is spent), "flat" (the gradient vanished), or "stuck" (the line search found nothing)
    """
    (w0, w1), pairs = start, []
    value, g0, g1 = evaluate(w0, w1, 0)
    used, points, evals, gradients = 1, [[w0, w1]], [0], [[g0, g1]]
    while max(abs(g0), abs(g1)) > FLAT:
        d0, d1 = _direction(pairs, g0, g1)
        slope = d0 * g0 + d1 * g1
        if not slope < 0:  # noise can turn it uphill: forget the past and go down
            pairs, d0, d1, slope = [], -g0, -g1, -(g0 * g0 + g1 * g1)
        length = 1.0 if pairs else min(1.0, 1 / math.sqrt(g0 * g0 + g1 * g1))
        low, high = 0.0, math.inf
        for _ in range(TRIES):
            if used == budget:
                return points, evals, gradients, ""
            n0, n1 = w0 + length * d0, w1 + length * d1
            new, h0, h1 = evaluate(n0, n1, used)
            used += 1
            if max(abs(n0), abs(n1)) > limit or not new <= value + ARMIJO * length * slope:
                high = length
            elif d0 * h0 + d1 * h1 < WOLFE * slope:
                low = length
            else:
                break
            length = 2 * low if high == math.inf else 0.5 * (low + high)
        else:
            return points, evals, gradients, "stuck"
        s0, s1, y0, y1 = n0 - w0, n1 - w1, h0 - g0, h1 - g1
        product = s0 * y0 + s1 * y1
        if product > 1e-12 * (y0 * y0 + y1 * y1):
            pairs = [*pairs, (s0, s1, y0, y1, product)][-memory:]
        w0, w1, value, g0, g1 = n0, n1, new, h0, h1
        points.append([w0, w1])
        evals.append(used)
        gradients.append([g0, g1])
    return points, evals, gradients, "flat"


def _direction(pairs, g0, g1):
    """-H·g, where H is what the pairs (s, y) say of the inverse of the curvature."""
    q0, q1, shares = g0, g1, []
    for s0, s1, y0, y1, product in reversed(pairs):
        share = (s0 * q0 + s1 * q1) / product
        q0, q1 = q0 - share * y0, q1 - share * y1
        shares.append(share)
    if pairs:
        s0, s1, y0, y1, product = pairs[-1]
        scale = product / (y0 * y0 + y1 * y1)
        q0, q1 = q0 * scale, q1 * scale
    for (s0, s1, y0, y1, product), share in zip(pairs, reversed(shares)):
        back = share - (y0 * q0 + y1 * q1) / product
        q0, q1 = q0 + back * s0, q1 + back * s1
    return -q0, -q1
