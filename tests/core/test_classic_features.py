import math
from functools import cache

import numpy as np
import pytest
import sklearn.decomposition
import sklearn.neighbors
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_agree, assert_is_gradient, frozen, normal, quick, seeds

from course_lib.classic import (
    adaline_step,
    color_histogram,
    hog,
    images_seen,
    madaline_step,
    pca,
    perceptron_step,
    possible_images,
    train_linear,
)
from course_lib.data import digits, photo, split

load_digits = cache(digits)

# single units

CORNERS = [[0, 0], [0, 1], [1, 0], [1, 1]]
GATES = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "XOR": [0, 1, 1, 0]}


@pytest.mark.row("B-perceptron")
def test_the_rules_by_hand():
    w, b = perceptron_step([0.5, -1.0], 0.25, [2, 3], 1, lr=0.1)  # net -1.75, output 0, wanted 1
    assert_agree(w, [0.7, -0.7])
    assert b == pytest.approx(0.35, rel=1e-12)
    w, b = perceptron_step([0.5, 1.0], 0.25, [2, 3], 0, lr=0.1)  # output 1, wanted 0
    assert_agree(w, [0.3, 0.7])
    assert b == pytest.approx(0.15, rel=1e-12)
    assert perceptron_step([0.0], 0.0, [1], 0)[0].tolist() == [0]  # a net of 0 gives 0
    w, b = adaline_step([0.5, -1.0], 0.25, [2, 3], 1, lr=0.1)  # error 1 + 1.75
    assert_agree(w, [0.5 + 0.55, -1 + 0.825])
    assert b == pytest.approx(0.25 + 0.275, rel=1e-12)


@pytest.mark.row("B-perceptron")
def test_the_delta_rule_descends_the_squared_error():
    w, x = normal(0, 4), normal(1, 4)
    new_w, new_b = adaline_step(w, 0.3, x, -1.0, lr=1.0)
    assert_is_gradient(w - new_w, lambda w: 0.5 * (-1 - (w @ x + 0.3)) ** 2, w)
    assert_is_gradient(np.array([0.3 - new_b]), lambda b: 0.5 * (-1 - (w @ x + b[0])) ** 2, np.array([0.3]))


@pytest.mark.row("B-perceptron")
@pytest.mark.parametrize("gate", GATES)
def test_and_or_are_learned_and_xor_is_not(gate):
    w, b = np.zeros(2), 0.0
    for _ in range(100):
        for x, d in zip(CORNERS, GATES[gate]):
            w, b = perceptron_step(w, b, x, d)
    right = [int(w @ x + b > 0) == d for x, d in zip(CORNERS, GATES[gate])]
    assert all(right) == (gate != "XOR")
    v, c = np.zeros(2), 0.0
    for _ in range(500):
        for x, d in zip(CORNERS, GATES[gate]):
            v, c = adaline_step(v, c, x, 2 * d - 1, lr=0.02)
    right = [int(v @ x + c > 0) == d for x, d in zip(CORNERS, GATES[gate])]
    assert all(right) == (gate != "XOR")


@pytest.mark.row("B-perceptron")
def test_madaline_learns_xor():
    learned = 0
    corners = 2 * np.array(CORNERS) - 1
    for seed in range(10):
        W, b = 0.5 * normal(seed, 2, 2), 0.5 * normal(seed + 100, 2)
        for _ in range(100):
            for x, d in zip(corners, GATES["XOR"]):
                W, b = madaline_step(W, b, x, d, lr=0.5)
        learned += [int((W @ x + b > 0).any()) for x in corners] == GATES["XOR"]
    assert learned >= 9


def test_madaline_teaches_the_unit_that_is_easiest_to_turn():
    W, b = frozen([[1.0, 0.0], [0.0, 1.0]]), frozen([-2.0, -4.0])
    new_W, new_b = madaline_step(W, b, [1, 1], 1, lr=0.25)  # nets -1 and -3: the first is moved towards 1
    assert new_W.tolist() == [[1.5, 0.5], [0.0, 1.0]] and new_b.tolist() == [-1.5, -4.0]
    new_W, new_b = madaline_step(W, [1.0, 0.0], [1, 1], 0, lr=0.25)  # both above 0: both towards -1
    assert new_W.tolist() == [[0.25, -0.75], [-0.5, 0.5]] and new_b.tolist() == [0.25, -0.5]
    assert madaline_step(W, b, [1, 1], 0, lr=0.25)[0].tolist() == W.tolist()  # right already


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: perceptron_step([0.0], 0.0, [1, 2], 1), r"x: expected shape \(1,\)"),
        (lambda: perceptron_step([0.0], 0.0, [1], -1), "d: expected an integer from 0 to 1, got -1"),
        (lambda: perceptron_step([0.0], np.nan, [1], 1), "b: expected a finite number"),
        (lambda: perceptron_step([np.inf], 0.0, [1], 1), "w: expected finite"),
        (lambda: adaline_step([0.0], 0.0, [1], np.inf, lr=0.1), "d: expected a finite number"),
        (lambda: adaline_step([0.0], 0.0, [1], 1, lr=-1), "lr: expected"),
        (lambda: madaline_step([[0.0]], [0.0, 0.0], [1], 1, lr=1), r"b: expected shape \(1,\)"),
        (lambda: madaline_step([[0.0]], [0.0], [1], 2, lr=1), "d: expected an integer from 0 to 1"),
        (lambda: color_histogram([[[[1.5]]]]), r"images: expected values in \[0, 1\]"),
        (lambda: color_histogram([[[0.5]]]), "images: expected 4 axes"),
        (lambda: color_histogram([[[[0.5]]]], bins=0), "bins: expected"),
        (lambda: hog(np.zeros((1, 1, 3, 9))), "images: expected at least 4×4 pixels, one cell"),
        (lambda: hog(np.zeros((1, 1, 4, 4)), bins=1), "bins: expected an integer of at least 2"),
        (lambda: hog(np.zeros((1, 1, 4, 4)), eps=0), "eps: expected"),
        (lambda: pca([[1.0, 2.0]], 1), "X: expected at least 2 axes .* at least 2 examples"),
        (lambda: pca([[1.0, 2.0], [2.0, 3.0]], 3), "k: expected an integer from 1 to 2, got 3"),
        (lambda: pca([[1.0], [2.0]], 1).encode([[1.0, 2.0]]), r"X: expected shape \(1, 1\)"),
        (lambda: pca([[1.0], [2.0]], 1).reconstruct([[1.0, 2.0]]), r"codes: expected shape \(1, 1\)"),
        (lambda: possible_images(0), "pixels: expected"),
        (lambda: images_seen(people=1.5), "people: expected an integer"),
    ],
)
def test_units_features_and_components_refuse(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


# features


@pytest.mark.row("B-features")
@quick
@given(seeds, st.integers(1, 3), st.integers(1, 3), st.integers(1, 9))
def test_color_histogram_against_numpy(seed, n, c, bins):
    images = frozen(np.random.default_rng(seed).integers(0, 11, (n, c, 4, 5)) / 10)
    expected = [
        [np.histogram(np.floor(ch * bins), bins=bins, range=(0, bins))[0] / 20 for ch in image] for image in images
    ]
    assert_agree(color_histogram(images, bins=bins), np.array(expected).reshape(n, -1))


def hog_by_loops(image, cell, bins, eps):
    """One image (C, H, W), pixel by pixel."""
    channels, height, width = image.shape
    rows, columns = height // cell, width // cell
    cells = np.zeros((rows, columns, bins))
    for i in range(rows * cell):
        for j in range(columns * cell):
            best = (-1, 0, 0)
            for c in range(channels):
                gy = (image[c, min(i + 1, height - 1), j] - image[c, max(i - 1, 0), j]) / 2
                gx = (image[c, i, min(j + 1, width - 1)] - image[c, i, max(j - 1, 0)]) / 2
                if gx * gx + gy * gy > best[0]:
                    best = (gx * gx + gy * gy, gy, gx)
            strength, angle = np.sqrt(best[0]), np.arctan2(best[1], best[2]) % np.pi
            for b in range(bins):
                away = abs(angle - (b + 0.5) * np.pi / bins)
                away = min(away, np.pi - away) / (np.pi / bins)  # in bins, around the circle of directions
                cells[i // cell, j // cell, b] += strength * max(0, 1 - away)
    features = []
    for i in range(max(1, rows - 1)):
        for j in range(max(1, columns - 1)):
            block = cells[i : i + 2, j : j + 2]
            features.append((block / np.sqrt((block**2).sum() + eps**2)).transpose(2, 0, 1).reshape(-1))
    return np.concatenate(features)


@pytest.mark.row("B-features")
@quick
@given(seeds, st.integers(1, 3), st.integers(1, 3), st.integers(3, 9), st.integers(3, 9), st.integers(3, 9))
def test_hog_against_loops(seed, channels, cell, height, width, bins):
    images = normal(seed, 2, channels, height, width)
    expected = np.stack([hog_by_loops(image, cell, bins, 0.01) for image in images])
    got = hog(images, cell=cell, bins=bins, eps=0.01)
    assert got.shape == expected.shape
    assert np.max(np.abs(got - expected)) < 1e-10


@pytest.mark.row("B-features")
def test_hog_does_not_see_brightness_and_contrast():
    images = normal(3, 2, 1, 8, 8)
    assert np.max(np.abs(hog(3 * images + 5, eps=1e-9) - hog(images, eps=1e-9))) < 1e-9
    assert hog(-images) == pytest.approx(hog(images), abs=1e-12)  # dark on light is light on dark
    assert hog(images.astype(np.float32)).dtype == np.float32


@pytest.mark.row("B-features")
def test_features_help_a_linear_classifier():
    # digits: the direction of strokes; photographs: which of the two a patch of 16×16 was cut from, by its colours
    data = load_digits()
    raw = train_linear(data["X_train"], data["y_train"], lr=0.5)
    features = {part: hog(data[f"X_{part}"], cell=2, bins=6) for part in ("train", "test")}
    edges = train_linear(features["train"], data["y_train"], lr=0.5)
    share = np.mean(raw.predict(data["X_test"]) == data["y_test"])
    assert np.mean(edges.predict(features["test"]) == data["y_test"]) > share + 0.02

    rng = np.random.default_rng(0)
    patches, y = [], []
    for label, name in enumerate(("china", "flower")):
        image = photo(name)
        for i, j in zip(rng.integers(0, 411, 300), rng.integers(0, 624, 300)):
            patches.append(image[:, i : i + 16, j : j + 16])
            y.append(label)
    parts = split(np.stack(patches), np.array(y), val=0, test=0.3)
    by_pixels = train_linear(parts["X_train"], parts["y_train"], lr=0.02)
    by_colour = train_linear(color_histogram(parts["X_train"]), parts["y_train"], lr=0.1)
    share = np.mean(by_pixels.predict(parts["X_test"]) == parts["y_test"])
    assert np.mean(by_colour.predict(color_histogram(parts["X_test"])) == parts["y_test"]) > share + 0.05


# principal components


@pytest.mark.row("C-autoenc")
@pytest.mark.parametrize("k", [1, 5, 32])
def test_pca_against_scikit_learn_and_the_singular_values(k):
    X = load_digits()["X_train"].reshape(-1, 64)
    found, theirs = pca(X, k), sklearn.decomposition.PCA(k, svd_solver="full").fit(X)
    assert np.max(np.abs(found.components - theirs.components_)) < 1e-8
    assert np.max(np.abs(found.codes - theirs.transform(X))) < 1e-8
    assert np.max(np.abs(found.reconstruct(found.codes) - theirs.inverse_transform(theirs.transform(X)))) < 1e-10
    assert found.variance == pytest.approx(theirs.explained_variance_, rel=1e-10)
    assert found.variance.sum() / found.total_variance == pytest.approx(
        theirs.explained_variance_ratio_.sum(), rel=1e-10
    )
    # the error is the sum of the squared singular values that were left out
    s = np.linalg.svd(X - X.mean(axis=0), compute_uv=False)
    assert np.sum((found.reconstruct(found.codes) - X) ** 2) == pytest.approx(np.sum(s[k:] ** 2), rel=1e-9)


@pytest.mark.row("C-autoenc")
@quick
@given(seeds, st.integers(2, 8), st.integers(1, 6), st.data())
def test_pca_properties(seed, n, d, draw):
    X = normal(seed, n, d)
    k = draw.draw(st.integers(1, min(n, d)))
    found = pca(X, k)
    assert np.max(np.abs(found.components @ found.components.T - np.eye(k))) < 1e-10
    assert np.max(np.abs(found.encode(X) - found.codes)) < 1e-10
    assert (np.diff(found.variance) <= 1e-12).all()
    for row in found.components:
        assert row[np.abs(row).argmax()] > 0
    if k == min(n, d):
        assert np.max(np.abs(found.reconstruct(found.codes) - X)) < 1e-10


def test_pca_keeps_float32_and_flattens_images():
    X = normal(0, 10, 1, 4, 4, dtype=np.float32)
    found = pca(X, 3)
    assert found.codes.dtype == found.components.dtype == np.float32 and found.components.shape == (3, 16)
    assert found.reconstruct(found.encode(X)).shape == (10, 16)


# recognition as table lookup


@pytest.mark.row("A-table", "X-7")
def test_there_are_more_images_than_anybody_has_seen():
    assert possible_images(3 * 18) == 256**54
    assert len(str(possible_images(54))) == 131  # 10^130 is the smallest number with 131 digits
    assert images_seen() == 10**10 * 1000 * 100 * 365 * 24 * 60 * 60 * 30
    assert round(math.log10(images_seen())) == 24
    assert possible_images(2, bits=3) == 64
    assert images_seen(people=1, generations=1, years=1, frame_rate=1) == 31_536_000
