"""07_conv_backward: the backward pass of a convolution, from nine equations to lecture A's layer; the whole layer is in conv_layer.py."""

from __future__ import annotations

import numpy as np

from ...activations import sigmoid_backward, sigmoid_forward
from ..exercise import Case, Exercise, wrong
from ..inputs import whole
from .conv_layer import LAYER, layer_gradients
from .conv_sizes import SYMMETRIC, output_shape, sizes_of
from .predictions import SHAPES
from .quiz import quiz

# --- the right answers, as a student would write them ------------------------------------------------------------------


def filter_gradient(x, dz, filter_shape, stride=1):
    FH, FW = filter_shape
    OH, OW = dz.shape
    dw = np.zeros((FH, FW))
    for i in range(OH):
        for j in range(OW):
            top, left = stride * i, stride * j
            patch = x[top:top + FH, left:left + FW]
            dw += dz[i, j] * patch
    return dw


def input_gradient(dz, w, input_shape, stride=1):
    FH, FW = w.shape
    OH, OW = dz.shape
    SH, SW = stride * (OH - 1) + 1, stride * (OW - 1) + 1
    stuffed = np.zeros((SH, SW))
    stuffed[::stride, ::stride] = dz
    padded = np.pad(stuffed, ((FH - 1, FH - 1), (FW - 1, FW - 1)))
    rotated = w[::-1, ::-1]
    dx = np.zeros(input_shape)
    for r in range(SH + FH - 1):
        for c in range(SW + FW - 1):
            dx[r, c] = np.sum(padded[r:r + FH, c:c + FW] * rotated)
    return dx


def conv_sigmoid_backward(z, g, dh):
    H, W = z.shape
    M, N = g.shape
    a = 0.5 * (1 + np.tanh(0.5 * z))
    slope = a * (1 - a)
    da = np.zeros((H, W))
    dg = np.zeros((M, N))
    for m in range(M):
        for n in range(N):
            seen = dh[m:m + H, n:n + W]
            da += g[m, n] * seen
            dg[m, n] = np.sum(seen * a)
    return da * slope, dg


def which_pass():
    return {"B", "C"}


# --- the same from the library -----------------------------------------------------------------------------------------


def _filter_gradient(x, dz, filter_shape, stride=1):
    return layer_gradients(dz[None, None], x[None, None], np.zeros((1, 1, *filter_shape)), stride)[1][0, 0]


def _input_gradient(dz, w, input_shape, stride=1):
    return layer_gradients(dz[None, None], np.zeros((1, 1, *input_shape)), w[None, None], stride)[0][0, 0]


def _conv_sigmoid_backward(z, g, dh):
    """A true convolution is the cross-correlation with the rotated filter, on a map with a border of M-1 and N-1 zeros."""
    a, cache = sigmoid_forward(z)
    (M, N), (H, W) = g.shape, z.shape
    bordered = np.pad(a, ((M - 1, M - 1), (N - 1, N - 1)))
    dx, dw, _ = layer_gradients(dh[None, None], bordered[None, None], g[None, None, ::-1, ::-1])
    return sigmoid_backward(dx[0, 0, M - 1:M - 1 + H, N - 1:N - 1 + W], cache), dw[0, 0, ::-1, ::-1]


# --- cases -------------------------------------------------------------------------------------------------------------

WORKED_X = np.arange(1.0, 26.0).reshape(5, 5)  # a_k = k, so that every index can be read off the numbers
WORKED_W = np.array([[1.0, 2.0, -1.0], [0.0, -1.0, 3.0], [2.0, 0.0, 1.0]])
WORKED_DZ = np.array([[2.0, -1.0], [1.0, 3.0]])
LN3 = float(np.log(3.0))  # sigmoid(ln 3) = 3/4 and sigmoid(-ln 3) = 1/4, so that the worked number is exact


def _filter_case(label: str, x: np.ndarray, dz: np.ndarray, filter_shape: tuple[int, int], stride: int, form: str = "") -> Case:
    return Case(label, (x, dz, filter_shape), {"stride": stride}, form=form, tags=sizes_of(x.shape, filter_shape, stride),
                constants={"the number of windows": dz.size, "the stride": stride})


def filter_visible() -> list[Case]:
    return [
        _filter_case("the lecture's 5×5 input with a_k = k, stride 2", WORKED_X, WORKED_DZ, (3, 3), 2),
        _filter_case("2×3 filter, stride 1", np.array([[1.0, -2, 0, 3, 2], [2, 0, 1, -1, 0], [0, 4, -3, 1, 1]]),
                     np.array([[1.0, 0, 2], [-2, 3, -1]]), (2, 3), 1),
        _filter_case("2×2 filter, stride 3, one row and one column left over",
                     np.array([[3.0, 1, -2, 0, 4, 1], [0, 2, 1, -1, 3, -2], [1, 0, 2, 1, 0, 2], [-1, 4, 0, 2, -3, 1],
                               [2, 0, 1, 3, 1, 0], [1, -2, 3, 0, 2, 4]]), np.array([[1.0, 2], [0, -1]]), (2, 2), 3),
        _filter_case("1×2 filter, stride 2, one column left over",
                     np.array([[2.0, -1, 3, 0, 1], [0, 4, 1, 1, -2], [1, 1, -3, 2, 5]]), np.array([[2.0, -1], [3, 1]]), (1, 2), 2),
    ]


def filter_weak() -> list[Case]:
    return [_filter_case("an upstream gradient of ones, stride 1", WORKED_X[:3, :3], np.ones((2, 2)), (2, 2), 1),
            _filter_case("a constant input, stride 1", np.ones((4, 4)), np.ones((2, 2)), (3, 3), 1),
            _filter_case("one window", WORKED_X[:2, :3], np.array([[3.0]]), (2, 3), 1)]


def filter_draw(rng: np.random.Generator, H: int = 6, W: int = 8, FH: int = 3, FW: int = 2, stride: int = 1, form: str = "") -> Case:
    x = whole(rng, H, W)
    return _filter_case(f"{H}×{W} input, {FH}×{FW} filter, stride {stride}", x,
                        whole(rng, *output_shape(x.shape, (FH, FW), stride)), (FH, FW), stride, form)


def _input_case(label: str, dz: np.ndarray, w: np.ndarray, input_shape: tuple[int, int], stride: int, form: str = "") -> Case:
    return Case(label, (dz, w, input_shape), {"stride": stride}, form=form, tags=sizes_of(input_shape, w.shape, stride),
                constants={"the number of windows": dz.size, "the stride": stride})


def input_visible() -> list[Case]:
    return [
        _input_case("the lecture's example, stride 2", WORKED_DZ, WORKED_W, (5, 5), 2),
        _input_case("2×3 filter, stride 1", np.array([[1.0, -2], [3, 1]]), np.array([[1.0, 2, 0], [-1, 0, 3]]), (3, 4), 1),
        _input_case("2×2 filter, stride 2, one row and one column left over", np.array([[2.0, -1], [1, 3]]),
                    np.array([[1.0, 2], [-3, 4]]), (5, 5), 2),
        _input_case("3×2 filter, stride 2, one column left over", np.array([[1.0], [-2], [3]]),
                    np.array([[1.0, 0], [2, -1], [3, 1]]), (7, 3), 2),
        _input_case("2×1 filter, stride 3", np.array([[2.0, 1, -1]]), np.array([[1.0], [3]]), (2, 7), 3),
    ]


def input_weak() -> list[Case]:
    return [_input_case("a symmetric filter and an upstream gradient of ones, stride 1", np.ones((2, 2)), SYMMETRIC, (4, 4), 1),
            _input_case("one window", np.array([[2.0]]), WORKED_W, (3, 3), 1),
            _input_case("a 1×1 filter, stride 1", WORKED_DZ, np.array([[2.0]]), (2, 2), 1)]


def input_draw(rng: np.random.Generator, H: int = 6, W: int = 8, FH: int = 3, FW: int = 2, stride: int = 1, form: str = "") -> Case:
    dz = whole(rng, *output_shape((H, W), (FH, FW), stride))
    return _input_case(f"{H}×{W} input, {FH}×{FW} filter, stride {stride}", dz, whole(rng, FH, FW), (H, W), stride, form)


def _sigmoid_case(label: str, z: np.ndarray, g: np.ndarray, dh: np.ndarray, form: str = "") -> Case:
    return Case(label, (z, g, dh), form=form, constants={"the number of values in the map": z.size},
                tags={"the filter": "symmetric" if np.array_equal(g, g[::-1, ::-1]) else "not symmetric",
                      "the size of the scores": "large" if np.max(np.abs(z)) > 100 else "ordinary"})


def sigmoid_visible() -> list[Case]:
    return [
        _sigmoid_case("2×2 map of 0 and ±ln 3, 1×2 filter", np.array([[0.0, LN3], [-LN3, 0]]), np.array([[1.0, 2]]),
                      np.array([[1.0, -1, 2], [0, 3, 1]])),
        _sigmoid_case("2×3 map, 2×2 filter", np.array([[1.0, -2, 0], [2, 0, -1]]), np.array([[1.0, 2], [-1, 3]]),
                      np.array([[1.0, 0, -2, 1], [2, 1, 0, -1], [0, 3, 1, 2]])),
        _sigmoid_case("2×2 map with values of 1000 and -1000, 2×1 filter", np.array([[1000.0, 1], [-2, -1000]]),
                      np.array([[2.0], [-1]]), np.array([[1.0, 2], [-1, 1], [3, -2]])),
    ]


def sigmoid_weak() -> list[Case]:
    return [_sigmoid_case("a symmetric filter and an upstream gradient of ones", np.zeros((3, 3)), SYMMETRIC, np.ones((5, 5))),
            _sigmoid_case("a 1×1 filter", np.array([[0.0, 1], [-1, 2]]), np.array([[1.0]]), np.array([[1.0, 2], [3, -1]]))]


def sigmoid_draw(rng: np.random.Generator, H: int = 4, W: int = 5, M: int = 3, N: int = 2, form: str = "", large: bool = False) -> Case:
    z = whole(rng, H, W, low=-3, high=3)
    z[rng.integers(H), rng.integers(W)] = 0.0
    if large:
        z *= 400.0
    return _sigmoid_case(f"{H}×{W} map, {M}×{N} filter", z, whole(rng, M, N), whole(rng, H + M - 1, W + N - 1), form)


# --- exercises ---------------------------------------------------------------------------------------------------------

EXERCISES = (
    Exercise(
        id="07.filter_gradient",
        rows=("C-stride2",),
        answer=(filter_gradient,),
        reference=(_filter_gradient,),
        arguments=("x", "dz", "filter_shape"),
        outputs=("dw",),
        visible=filter_visible,
        weak=filter_weak,
        draw=filter_draw,
        hints=(
            "Which part of the input did the output z[i, j] look at? Each output multiplied that patch by the filter, so it "
            "has something to say about every weight. How loudly it says so is dz[i, j].",
            r"$\partial L/\partial w_{uv} = \sum_{i,j} \partial L/\partial z_{ij}\; x_{(Si+u)(Sj+v)}$: a sum of patches, each "
            r"weighted by its upstream gradient.",
            "Start from zeros of `filter_shape`. In two loops over the outputs, cut `x[stride*i : stride*i + FH, stride*j : "
            "stride*j + FW]`, multiply it by `dz[i, j]`, and add it.",
        ),
        misconceptions=(
            wrong("stride ignored",
                  "You moved the window one step at a time, as if the stride were 1. Output z[i, j] looked at the patch that "
                  "starts at row stride·i and column stride·j, so its gradient belongs to that patch.",
                  ("top, left = stride * i, stride * j", "top, left = i, j")),
            wrong("stride on the filter index",
                  "You put the stride on the filter's index: x[i + stride·u, j + stride·v]. The stride says how far the window "
                  "jumps, not how far apart the weights sit: x[stride·i + u, stride·j + v]. Zeros stand in where your index "
                  "leaves the input.",
                  ("patch = x[top:top + FH, left:left + FW]",
                   "patch = np.pad(x, ((0, stride * FH), (0, stride * FW)))[i:i + stride * FH:stride, j:j + stride * FW:stride]")),
            wrong("only the last patch",
                  "You kept one patch instead of the sum over all of them. Every output used the same filter, so every output "
                  "adds its share: `+=`, not `=`.",
                  ("dw += dz[i, j] * patch", "dw = dz[i, j] * patch")),
            wrong("returned after the first row",
                  "Only the first row of windows counts in your dw: `return` stands inside the outer loop. Move it to the left, behind both "
                  "loops.",
                  ("    return dw", "        return dw")),
            wrong("upstream gradient left out",
                  "You added up the patches without weighing them. Each patch counts dz[i, j] times; with an upstream gradient "
                  "of ones you would not notice.",
                  ("dw += dz[i, j] * patch", "dw += patch")),
            wrong("upstream gradient rotated",
                  "You ran through dz backwards, as a true convolution would. The layer is a cross-correlation: the first patch "
                  "goes with dz[0, 0], nothing is flipped here.",
                  ("dw += dz[i, j] * patch", "dw += dz[OH - 1 - i, OW - 1 - j] * patch")),
            wrong("result rotated",
                  "You rotated the filter's gradient by 180°. The rotation belongs to the gradient of the input; dw keeps "
                  "the filter's own orientation.",
                  ("return dw", "return dw[::-1, ::-1]")),
            wrong("mean over the windows",
                  "You took the mean over the windows. The weights are shared, so their gradient is the sum of what every "
                  "window contributes: nothing is divided.",
                  ("return dw", "return dw / dz.size")),
            wrong("windows counted from the far corner",
                  "You lined the windows up with the bottom right corner. The forward pass starts at the top left, and rows or "
                  "columns that are left over at the end are never looked at.",
                  ("top, left = stride * i, stride * j",
                   "top, left = len(x) - FH - stride * (OH - 1 - i), len(x[0]) - FW - stride * (OW - 1 - j)")),
        ),
    ),
    Exercise(
        id="07.input_gradient",
        rows=("C-rotated",),
        answer=(input_gradient,),
        reference=(_input_gradient,),
        arguments=("dz", "w", "input_shape"),
        outputs=("dx",),
        visible=input_visible,
        weak=input_weak,
        draw=input_draw,
        hints=(
            "Take one input pixel. Which windows contain it, and by which weight did each of them multiply it? Moving from one "
            "window to the next, the pixel's place in the window moves the other way.",
            r"$\partial L/\partial x_{rc} = \sum_{u,v} \tilde{d}_{(r+u)(c+v)}\; w_{(F-1-u)(F-1-v)}$, where $\tilde{d}$ is dz with "
            r"$S-1$ zeros between neighbours and a border of $F-1$ zeros.",
            "Make zeros of shape (stride·(OH-1)+1, stride·(OW-1)+1), write dz into `[::stride, ::stride]`, pad by FH-1 and FW-1, "
            "and cross-correlate with `w[::-1, ::-1]`. Put the result at the top left of zeros of `input_shape`.",
        ),
        misconceptions=(
            wrong("unrotated filter",
                  "You slid the filter over dz without rotating it by 180°. In the gather form the last weight meets the first "
                  "window. (If you did rotate it: a true convolution flips once more, which undoes it.) A symmetric filter hides "
                  "this.",
                  ("rotated = w[::-1, ::-1]", "rotated = w")),
            wrong("rows flipped only",
                  "You flipped the filter's rows and left its columns. A rotation by 180° flips both axes: w[::-1, ::-1].",
                  ("rotated = w[::-1, ::-1]", "rotated = w[::-1]")),
            wrong("columns flipped only",
                  "You flipped the filter's columns and left its rows. A rotation by 180° flips both axes: w[::-1, ::-1].",
                  ("rotated = w[::-1, ::-1]", "rotated = w[:, ::-1]")),
            wrong("no zero-stuffing",
                  "You treated neighbours in dz as neighbours in the input. Their windows start `stride` pixels apart, so "
                  "stride - 1 zeros belong between them; at stride 1 there is nothing to insert and nothing to notice.",
                  ("stuffed[::stride, ::stride] = dz", "stuffed[:OH, :OW] = dz")),
            wrong("repeated instead of zero-stuffed",
                  "You filled the gaps between the upstream gradients by repeating them. No window started at those places, so "
                  "zeros belong there.",
                  ("stuffed[::stride, ::stride] = dz", "stuffed[:] = dz.repeat(stride, 0).repeat(stride, 1)[:SH, :SW]")),
            wrong("one zero too many",
                  "You put `stride` zeros between neighbours. Then they sit stride + 1 apart; their windows start `stride` apart, "
                  "so it takes stride - 1 zeros (none at all for stride 1).",
                  ("stuffed[::stride, ::stride] = dz",
                   "stuffed[::stride + 1, ::stride + 1] = dz[:-(-SH // (stride + 1)), :-(-SW // (stride + 1))]")),
            wrong("overlap overwritten",
                  "Where windows overlap you kept only the last one's share. A pixel that several windows looked at gets the sum "
                  "of what each of them sends back: `+=`, not `=`.",
                  ("    return dx", "    for i in range(OH):\n        for j in range(OW):\n            "
                   "dx[stride * i:stride * i + FH, stride * j:stride * j + FW] = dz[i, j] * w\n    return dx")),
            wrong("first row only",
                  "Only the first row of dz reached your dx: see whether `return` stands inside the outer loop.",
                  ("stuffed[::stride, ::stride] = dz", "stuffed[0, ::stride] = dz[0]")),
            wrong("left-over rows at the wrong end",
                  "You put the rows and columns that no window reached at the top and left. Windows start at the top left, so "
                  "what is left over, with its zero gradient, lies at the bottom and right.",
                  ("dx[r, c] =", "dx[r - SH - FH + 1, c - SW - FW + 1] =")),
            wrong("padded on one side",
                  "You put all the padding behind dz and none before it, which shifts the result. F - 1 zeros go on each of the "
                  "four sides: the first pixel is reached by the first window only.",
                  ("((FH - 1, FH - 1), (FW - 1, FW - 1))", "((0, 2 * FH - 2), (0, 2 * FW - 2))")),
            wrong("upstream gradient rotated instead",
                  "You rotated dz instead of the filter: then the whole result comes out turned by 180°. dz stays as it is.",
                  ("stuffed[::stride, ::stride] = dz", "stuffed[::stride, ::stride] = dz[::-1, ::-1]"),
                  ("rotated = w[::-1, ::-1]", "rotated = w")),
        ),
    ),
    Exercise(
        id="07.conv_sigmoid_backward",
        rows=("A-convback",),
        answer=(conv_sigmoid_backward,),
        reference=(_conv_sigmoid_backward,),
        arguments=("z", "g", "dh"),
        outputs=("dz", "dg"),
        visible=sigmoid_visible,
        weak=sigmoid_weak,
        draw=sigmoid_draw,
        hints=(
            "Go back one step at a time: from h to a = f(z) and to g, which both enter a product, and only then from a to z.",
            r"$\partial L/\partial a_{ij} = \sum_{mn} g_{mn}\,\partial L/\partial h_{(i+m)(j+n)}$; times $f'(z_{ij}) = a_{ij}(1-a_{ij})$. "
            r"And $\partial L/\partial g_{mn} = \sum_{ij} \partial L/\partial h_{(i+m)(j+n)}\, a_{ij}$ (put $y = i+m$, $x = j+n$).",
            "For each (m, n) cut `seen = dh[m:m+H, n:n+W]`: it has z's shape. Add `g[m, n] * seen` to da, and set "
            "`dg[m, n] = np.sum(seen * a)`. At the end dz = da * a * (1 - a).",
        ),
        misconceptions=(
            wrong("sigmoid applied twice",
                  "You computed f' from the sigmoid of a. a is already f(z): f'(z) = a(1 - a), with no second sigmoid.",
                  ("slope = a * (1 - a)", "twice = 0.5 * (1 + np.tanh(0.5 * a))\n    slope = twice * (1 - twice)")),
            wrong("slope from z",
                  "You computed f' as z(1 - z). The formula x(1 - x) wants the sigmoid's output: f'(z) = a(1 - a) with a = f(z).",
                  ("slope = a * (1 - a)", "slope = z * (1 - z)")),
            wrong("slope of tanh",
                  "You used 1 - a², which is the derivative of tanh. The sigmoid's is a(1 - a).",
                  ("slope = a * (1 - a)", "slope = 1 - a ** 2")),
            wrong("slope left out",
                  "Your dz stops at a = f(z): it is ∂L/∂a. One more step of the chain rule multiplies it by f'(z) = a(1 - a).",
                  ("return da * slope, dg", "return da, dg")),
            wrong("z in place of a",
                  "In the filter's gradient you used z. The convolution sees a = f(z), so that is what each ∂L/∂h is multiplied by.",
                  ("dg[m, n] = np.sum(seen * a)", "dg[m, n] = np.sum(seen * z)")),
            wrong("a left out of the filter gradient",
                  "Your dg adds up dh alone. Each g_mn was multiplied by a, so each ∂L/∂h comes back to it times that a.",
                  ("dg[m, n] = np.sum(seen * a)", "dg[m, n] = np.sum(seen)")),
            wrong("minus sign missing in the exponent",
                  "Your sigmoid is 1/(1 + exp(z)), which is f(-z). dz does not show it, as f' is the same at z and at -z; dg does.",
                  ("np.tanh(0.5 * z)", "np.tanh(-0.5 * z)")),
            wrong("slope in the filter gradient",
                  "You multiplied by f'(z) in the filter's gradient too. The way from h to g does not pass through the sigmoid: "
                  "dg needs a itself and no slope.",
                  ("dg[m, n] = np.sum(seen * a)", "dg[m, n] = np.sum(seen * a * slope)")),
            wrong("correlation in place of convolution",
                  "You treated the layer as a cross-correlation. Lecture A's layer is a true convolution, h_ij = Σ g_mn a_(i-m)(j-n); "
                  "going back, a_ij meets g_mn at h_(i+m)(j+n), with plus signs and the filter as it is.",
                  ("seen = dh[m:m + H, n:n + W]", "seen = dh[M - 1 - m:M - 1 - m + H, N - 1 - n:N - 1 - n + W]")),
            wrong("filter rotated in dz",
                  "You rotated the filter in dz. The forward pass is a true convolution and has flipped it already, so its backward "
                  "pass is a plain cross-correlation of dh with g.",
                  ("da += g[m, n] * seen", "da += g[M - 1 - m, N - 1 - n] * seen")),
            wrong("filter gradient rotated",
                  "Your dg is rotated by 180°: you correlated a with dh, as for a cross-correlation layer. Here ∂L/∂g_mn pairs "
                  "∂L/∂h_yx with a_(y-m)(x-n).",
                  ("dg[m, n] = np.sum(seen * a)", "dg[M - 1 - m, N - 1 - n] = np.sum(seen * a)")),
            wrong("only the last weight",
                  "You kept the last weight's share of dz only. Each a_ij went into M·N products, one for each weight, and all "
                  "of them send something back: `+=`, not `=`.",
                  ("da += g[m, n] * seen", "da = g[m, n] * seen")),
            wrong("sigmoid overflows",
                  "You computed the sigmoid as exp(z)/(1 + exp(z)): for large z that is inf/inf, which is NaN. 1/(1 + exp(-z)) "
                  "does not have that problem.",
                  ("a = 0.5 * (1 + np.tanh(0.5 * z))", "a = np.exp(z) / (1 + np.exp(z))")),
        ),
    ),
    SHAPES,
    LAYER,
    quiz(
        id="07.which_pass",
        rows=("C-rotated",),
        answer=which_pass,
        hints=(
            "Go through the versions one by one. What would the input have to look like so that the mistake makes no difference?",
            "Ask of each: does it matter at stride 1? At padding 1? What is the rotated filter, and where in dx could you see "
            "it when dz is all ones?",
            "Stride 1 makes S·i equal to i. Padding 1 makes [1:-1] the right crop. The filter rotated by 180° is its own negative: "
            "inside, both sum to zero; in the top row only a part of the filter counts.",
        ),
        misconceptions=(
            wrong("A passes",
                  "You said that A passes. Mirrored left to right the filter looks the same, but turned by 180° it changes sign. "
                  "Inside, both sum to zero; along the top and bottom border only a part of the filter counts, and there the check "
                  "sees the difference.",
                  ('{"B", "C"}', '{"A", "B", "C"}')),
            wrong("B does not pass",
                  "You said that B is caught. It ignores the stride, but the check only ever uses stride 1, where stride·i and i are "
                  "the same.",
                  ('{"B", "C"}', '{"C"}')),
            wrong("C does not pass",
                  "You said that C is caught. It always cuts [1:-1], and that is the right cut for padding 1, the only padding that "
                  "the check uses.",
                  ('{"B", "C"}', '{"B"}')),
            wrong("none passes",
                  "You said that all three are caught. Look at what the check never tries: another stride than 1, another padding "
                  "than 1.",
                  ('{"B", "C"}', "set()")),
        ),
    ),
)
