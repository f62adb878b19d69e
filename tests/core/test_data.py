import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import frozen, quick, seeds

from course_lib.data import digits, photo, seesaw, split
from course_lib.models import seesaw_cnn

# split


@quick
@given(seeds, st.integers(20, 60), st.integers(1, 4), st.sampled_from([0, 0.1, 0.25]), st.sampled_from([0, 0.2, 0.4]))
def test_split_is_a_partition_with_the_shares_of_every_class(seed, n, classes, val, test):
    y = frozen(np.arange(n) % classes)
    data = split(np.arange(n) * 10, y, val=val, test=test, seed=seed)
    parts = [part for part in ("train", "val", "test") if f"X_{part}" in data]
    assert set(parts) == {"train"} | ({"val"} if val else set()) | ({"test"} if test else set())
    assert sorted(np.concatenate([data[f"X_{part}"] for part in parts]).tolist()) == list(range(0, 10 * n, 10))
    for part in parts:
        assert (y[data[f"X_{part}"] // 10] == data[f"y_{part}"]).all()  # each example keeps its label
    for part, share in (("val", val), ("test", test)):
        for label in range(classes if share else 0):
            assert (data[f"y_{part}"] == label).sum() == round(share * (y == label).sum())


def test_split_depends_on_the_seed_only():
    X, y = np.arange(40), np.arange(40) % 2
    first, again, other = split(X, y, seed=1), split(X, y, seed=1), split(X, y, seed=2)
    assert all((first[name] == again[name]).all() for name in first)
    assert not np.array_equal(first["X_train"], other["X_train"])
    assert not (np.diff(first["y_train"]) >= 0).all()  # not class after class


@pytest.mark.parametrize(
    "change, message",
    [
        ({"y": [0, 1]}, r"y: expected shape \(4,\), one label for each of the N examples, got shape \(2,\)"),
        ({"y": [0.0, 1, 0, 1]}, "y: expected integer class labels"),
        ({"y": [0, 1, 0, -1]}, "y: expected labels in 0.*got -1 at index 3"),
        ({"val": 0.5, "test": 0.5}, "shares that leave examples to train on, got 0.5 and 0.5"),
        ({"val": 0.1}, "X: expected enough examples for a val set with these shares, got 4"),
        ({"seed": -1}, "seed: expected an integer of at least 0"),
    ],
)
def test_split_refuses(change, message):
    arguments = {"X": np.zeros((4, 2)), "y": [0, 1, 0, 1], "val": 0, "test": 0.5, **change}
    with pytest.raises((ValueError, TypeError), match=message):
        split(**arguments)


# the sets that come with the course


@pytest.mark.row("D-lenet")
def test_digits_are_scikit_learns():
    from sklearn.datasets import load_digits

    data, bundled = digits(seed=3), load_digits()
    X = np.concatenate([data[f"X_{part}"] for part in ("train", "val", "test")])
    y = np.concatenate([data[f"y_{part}"] for part in ("train", "val", "test")])
    assert X.shape == (1797, 1, 8, 8) and X.min() == 0 and X.max() == 1
    ours = sorted((X[:, 0] * 16).reshape(-1, 64).astype(int).tolist())
    assert ours == sorted(bundled.data.astype(int).tolist())
    label_of = {tuple(row): label for row, label in zip(bundled.data.astype(int).tolist(), bundled.target)}
    assert all(label_of[tuple(row)] == label for row, label in zip((X * 16).reshape(-1, 64).astype(int).tolist(), y))
    assert set(data["y_val"]) == set(data["y_test"]) == set(range(10))


@pytest.mark.row("E-seesaw")
def test_seesaw_patterns_and_labels():
    X, y = seesaw()
    assert X.shape == (4, 5)
    assert X.tolist() == [[1, 1, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 1, 1]]
    assert y.tolist() == [0, 0, 1, 1]
    assert seesaw_cnn().loss(X, y)[0] > 0


@pytest.mark.row("A-filters", "D-kernels")
def test_photo_is_the_bundled_one():
    from sklearn.datasets import load_sample_image

    bundled = load_sample_image("china.jpg")
    image = photo("china")
    assert image.shape == (3, 427, 640) and image.flags.c_contiguous
    assert (np.rint(image * 255).astype(int) == bundled.transpose(2, 0, 1)).all()
    part = photo("china", crop=(10, 20, 30, 40))
    assert (part == image[:, 10:40, 20:60]).all()
    assert np.allclose(photo(grey=True), 0.299 * image[0] + 0.587 * image[1] + 0.114 * image[2])
    assert not np.array_equal(photo("flower"), image)


def test_resizing_takes_the_mean_of_each_area():
    image = photo("flower", crop=(0, 0, 64, 96))
    small = photo("flower", crop=(0, 0, 64, 96), size=(16, 32))
    assert small.shape == (3, 16, 32)
    assert np.allclose(small, image.reshape(3, 16, 4, 32, 3).mean(axis=(2, 4)), atol=1e-6)
    assert photo("flower", size=20, grey=True).shape == (20, 20)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"name": "cat"}, 'name: expected "china" or "flower", got \'cat\''),
        ({"crop": (400, 0, 28, 10)}, "crop: expected a part of the 427×640 photograph"),
        ({"crop": (1, 2)}, r"crop: expected \(top, left, height, width\)"),
        ({"crop": (0, 0, 0, 5)}, r"crop\[2\]: expected an integer of at least 1"),
        ({"size": 0}, "size: expected an integer of at least 1"),
    ],
)
def test_photo_refuses(arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        photo(**arguments)
