import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from oracles import frozen, normal, quick, seeds

from course_lib.data import bag_of_words, digits, reviews
from course_lib.train import (
    accuracy,
    confusion_matrix,
    f1_score,
    precision_at_k,
    predicted_labels,
    random_flip,
    random_shift,
    top_k_error,
)


def scores_and_labels(seed, n, k):
    rng = np.random.default_rng(seed)
    return frozen(rng.integers(-3, 4, (n, k)) / 2), frozen(rng.integers(0, k, n))  # halves: ties are common


@pytest.mark.row("C-imagenet")
@quick
@given(seeds, st.integers(1, 8), st.integers(2, 7), st.data())
def test_top_k_error_counts_as_its_formula_says(seed, n, classes, draw):
    scores, y = scores_and_labels(seed, n, classes)
    k = draw.draw(st.integers(1, classes))
    wrong = 0
    for row, label in zip(scores, y):
        before = sum(s > row[label] or (s == row[label] and c < label) for c, s in enumerate(row))
        wrong += before >= k
    assert top_k_error(scores, y, k) == wrong / n
    assert top_k_error(scores, y, 1) == pytest.approx(1 - accuracy(scores, y), abs=1e-12)
    assert top_k_error(scores, y, classes) == 0


@pytest.mark.row("C-imagenet")
def test_top_5_error_against_scikit_learn():
    scores, y = normal(0, 500, 20), np.random.default_rng(1).integers(0, 20, 500)
    expected = 1 - sklearn.metrics.top_k_accuracy_score(y, scores, k=5)
    assert top_k_error(scores, y) == pytest.approx(expected, abs=1e-12)
    assert 0.7 < top_k_error(scores, y) < 0.8  # chance: 15 of 20


@pytest.mark.row("B-linear", "C-audio")
@quick
@given(seeds, st.integers(1, 12), st.integers(2, 5))
def test_confusion_and_f1_against_scikit_learn(seed, n, classes):
    rng = np.random.default_rng(seed)
    y, predicted = rng.integers(0, classes, n), rng.integers(0, classes, n)
    expected = sklearn.metrics.confusion_matrix(y, predicted, labels=range(classes))
    assert confusion_matrix(y, predicted, classes).tolist() == expected.tolist()
    assert confusion_matrix(y, predicted).shape == (max(y.max(), predicted.max()) + 1,) * 2
    y, predicted = y % 2, predicted % 2
    assert f1_score(y, predicted) == pytest.approx(sklearn.metrics.f1_score(y, predicted, zero_division=0), abs=1e-12)


@pytest.mark.row("C-audio")
def test_f1_by_hand():
    # 2 hits, 1 miss, 3 false alarms: precision 2/5, recall 2/3
    assert f1_score([1, 1, 1, 0, 0, 0, 0], [1, 1, 0, 1, 1, 1, 0]) == pytest.approx(0.5, abs=1e-12)
    assert f1_score([0, 0], [0, 0]) == 0 and f1_score([1], [1]) == 1


@pytest.mark.row("B-linear", "D-fc")
def test_one_score_means_a_logit():
    assert predicted_labels([[0.5], [-0.5], [0.0]]).tolist() == [1, 0, 0]
    assert accuracy([0.5, -0.5, 3.0, 1.0], [1, 0, 1, 0]) == 0.75


@pytest.mark.row("C-retrieval")
@quick
@given(seeds, st.integers(3, 9), st.integers(1, 3), st.sampled_from(["euclidean", "cosine"]), st.data())
def test_precision_at_k_against_loops(seed, n, features, metric, draw):
    codes, y = normal(seed, n, features), np.random.default_rng(seed).integers(0, 3, n)
    k = draw.draw(st.integers(1, n - 1))
    shares = []
    for i in range(n):

        def distance(j, a=codes[i]):
            b = codes[j]
            if metric == "cosine":
                return -(a @ b) / np.linalg.norm(a) / np.linalg.norm(b)
            return np.linalg.norm(a - b)

        nearest = sorted((j for j in range(n) if j != i), key=lambda j: round(distance(j), 9))[:k]
        shares.append(np.mean([y[j] == y[i] for j in nearest]))
    if features > 1 or metric == "euclidean":  # in one dimension all cosines are ±1
        assert precision_at_k(codes, y, k, metric=metric) == pytest.approx(np.mean(shares), abs=1e-12)


@pytest.mark.row("C-retrieval")
def test_precision_at_k_by_hand():
    codes, y = [[0, 0], [0, 1], [5, 5], [5, 6], [0, 2]], [0, 0, 1, 1, 1]
    # nearest: 1 -> same; 0 -> same (or 4, later); 3 -> same; 2 -> same; 1 -> another
    assert precision_at_k(codes, y, 1) == pytest.approx(4 / 5, abs=1e-12)
    assert precision_at_k(np.zeros((4, 3)), [0, 0, 1, 1], 3) == pytest.approx(1 / 3, abs=1e-12)


@pytest.mark.row("C-retrieval")
def test_retrieval_of_images_by_code_and_by_pixels():
    from course_lib.classic import pca

    data = digits()
    found = pca(data["X_train"], 16)
    by_pixels = precision_at_k(data["X_test"], data["y_test"], 10)
    by_code = precision_at_k(found.encode(data["X_test"]), data["y_test"], 10)
    assert by_pixels == pytest.approx(0.838, abs=0.002)
    assert by_code > by_pixels - 0.005  # a quarter of the numbers, as good a search
    assert precision_at_k(found.encode(data["X_test"])[:, :2], data["y_test"], 10) < 0.6


@pytest.mark.row("C-retrieval")
def test_retrieval_of_texts_by_code_and_by_bag_of_words():
    from course_lib.classic import pca

    data = reviews()
    bags = {part: bag_of_words(data[f"X_{part}"], len(data["vocabulary"])) for part in ("train", "test")}
    # rare words tell the subject: count them more, log(N / number of texts with the word)
    rarity = np.log(len(bags["train"]) / np.maximum(1, (bags["train"] > 0).sum(axis=0)))
    codes = pca(bags["train"] * rarity, 16).encode(bags["test"] * rarity)
    by_words = precision_at_k(bags["test"], data["subjects_test"], 5, metric="cosine")
    by_code = precision_at_k(codes, data["subjects_test"], 5, metric="cosine")
    assert by_words > 1 / 6 + 0.2
    assert by_code > by_words + 0.05


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: accuracy([[0.0, 1.0]], [2]), "y: expected labels in 0..1, got 2"),
        (lambda: accuracy([[0.0, np.nan]], [0]), "scores: expected finite numbers"),
        (lambda: accuracy(np.zeros((2, 2, 2)), [0, 1]), "scores: expected shape"),
        (lambda: top_k_error([[0.0, 1.0]], [0], 3), "k: expected an integer from 1 to 2, got 3"),
        (lambda: confusion_matrix([0, 1], [0]), r"predicted: expected shape \(2,\)"),
        (lambda: confusion_matrix([0, 2], [0, 1], 2), "y: expected labels in 0..1, got 2"),
        (lambda: confusion_matrix([], []), "y: expected at least one label"),
        (lambda: f1_score([0.0], [1]), "y: expected integer class labels"),
        (lambda: f1_score([0, 3], [0, 1]), "y: expected labels in 0..1, got 3"),
        (lambda: precision_at_k([[0.0], [1.0]], [0, 1], 2), "k: expected an integer from 1 to 1, got 2"),
        (
            lambda: precision_at_k([[0.0], [1.0]], [0, 1], 1, metric="cosine"),
            "codes: expected no code of zeros.*index 0",
        ),
        (lambda: precision_at_k([[0.0], [1.0]], [0, 1], 1, metric="l1"), "metric: expected"),
        (lambda: precision_at_k([0.0, 1.0], [0, 1], 1), "codes: expected at least 2 axes"),
        (lambda: random_shift(np.zeros((1, 1, 2, 2)), 7), "rng: expected a numpy.random.Generator, got int"),
        (lambda: random_shift(np.zeros((1, 2, 2)), np.random.default_rng(0)), "X: expected 4 axes"),
        (lambda: random_shift(np.zeros((1, 1, 2, 2)), np.random.default_rng(0), pixels=-1), "pixels: expected"),
        (lambda: random_flip(np.zeros((1, 1, 2, 2)), np.random.default_rng(0), p=2), "p: expected"),
    ],
)
def test_metrics_and_augmentation_refuse(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


# augmentation


@pytest.mark.row("D-augment")
@quick
@given(seeds, st.integers(1, 5), st.integers(1, 2), st.integers(1, 5), st.integers(1, 5), st.integers(0, 3))
def test_shifted_images_are_shifts_of_the_images(seed, n, c, h, w, pixels):
    X = normal(seed, n, c, h, w)
    out = random_shift(X, np.random.default_rng(seed), pixels=pixels)
    assert out.shape == X.shape
    padded = np.pad(X, ((0, 0), (0, 0), (pixels, pixels), (pixels, pixels)))
    for image, source in zip(out, padded):
        possible = [source[:, i : i + h, j : j + w] for i in range(2 * pixels + 1) for j in range(2 * pixels + 1)]
        assert any(np.array_equal(image, candidate) for candidate in possible)


@pytest.mark.row("D-augment")
def test_every_shift_and_both_sides_occur():
    X = np.zeros((2000, 1, 5, 5), dtype=np.float32)
    X[:, 0, 2, 2] = 1
    out = random_shift(X, np.random.default_rng(0), pixels=2)
    assert out.dtype == np.float32 and out.sum() == 2000  # with 2 pixels nothing leaves a 5×5 image's middle
    counts = out.sum(axis=(0, 1))
    assert counts.min() > 40 and counts.max() < 130  # 80 each, if all 25 are equally likely
    images = normal(0, 2000, 2, 3, 4)
    flipped = random_flip(images, np.random.default_rng(0), p=0.25)
    mirrored = [np.array_equal(out, image[:, :, ::-1]) for out, image in zip(flipped, images)]
    assert 430 < sum(mirrored) < 570
    assert all(m or np.array_equal(out, image) for m, out, image in zip(mirrored, flipped, images))
