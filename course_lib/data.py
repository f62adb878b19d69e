"""Data to learn from: sets that come with the course, and loaders for files that a reader already has.

What is ready to train on (`digits`, `synthetic_beats`, `reviews`) is a dict as `train.fit` takes it, with X_train,
y_train, X_val, y_val, X_test and y_test; further entries tell more about the set. What is not parted yet (`seesaw`,
`load_mnist`, `load_cifar10`) is a pair (X, y), of which `split` makes such a dict. `photo` is one image. Nothing here
uses the network.
"""

import numpy as np

from . import _validate
from ._data_audio import load_wav, log_spectrogram, synthetic_beats
from ._data_cifar import CIFAR10_CLASSES, load_cifar10
from ._data_mnist import load_mnist
from ._data_split import split
from ._data_text import (
    bag_of_words,
    build_vocabulary,
    encode,
    one_hot,
    review_texts,
    reviews,
    tokenize,
)

__all__ = [
    "digits",
    "seesaw",
    "photo",
    "split",
    "synthetic_beats",
    "log_spectrogram",
    "reviews",
    "review_texts",
    "tokenize",
    "build_vocabulary",
    "encode",
    "one_hot",
    "bag_of_words",
    "load_mnist",
    "load_cifar10",
    "CIFAR10_CLASSES",
    "load_wav",
]


def digits(*, val=0.1, test=0.2, seed=0):
    """Handwritten digits: the 1,797 grey images of 8×8 pixels that come with scikit-learn.

    Formula: pixel = (count from 0 to 16) / 16

    Arguments:
        val, test  shares of the validation and the test set
        seed       integer, at least 0: another seed, another split
    Returns:
        data       dict as `split` makes it: X (N, 1, 8, 8) in [0, 1], y (N,) in 0..9
    Errors: ValueError, TypeError: as `split`.
    Lecture row: B-linear, D-lenet

    >>> from course_lib.data import digits
    >>> {name: part.shape for name, part in digits().items() if name.startswith("X")}
    {'X_train': (1259, 1, 8, 8), 'X_val': (179, 1, 8, 8), 'X_test': (359, 1, 8, 8)}
    """
    from sklearn.datasets import load_digits

    bundled = load_digits()
    return split(bundled.images[:, None] / 16, bundled.target, val=val, test=test, seed=seed)


def seesaw():
    """The lecture's seesaw: four patterns with two neighbouring weights, on the left (class 0) or on the right (1).

    Formula: X[i] has ones at i and i + 1;  y = 0, 0, 1, 1

    Arguments: none.
    Returns:
        X   (4, 5), what lies on the five places of each board
        y   (4,)
    Errors: none.
    Lecture row: E-seesaw

    >>> from course_lib.data import seesaw
    >>> X, y = seesaw()
    >>> X[0].tolist(), y.tolist()
    ([1.0, 1.0, 0.0, 0.0, 0.0], [0, 0, 1, 1])
    """
    X = np.zeros((4, 5))
    for i in range(4):
        X[i, i : i + 2] = 1
    return X, np.array([0, 0, 1, 1])


def photo(name="china", *, crop=None, size=None, grey=False):
    """One of the two photographs that come with scikit-learn: a temple ("china") or a dahlia ("flower").

    Formula: pixel = byte / 255;  grey = 0.299·red + 0.587·green + 0.114·blue (the luma of ITU-R BT.601)

    Arguments:
        name   "china" or "flower", 427 pixels high and 640 wide
        crop   (top, left, height, width) of the part to keep, or None
        size   (height, width), or one integer for both: the part is resized to it; each new pixel is the mean of the
               area it covers
        grey   True for one grey image
    Returns:
        image  (3, H, W) in [0, 1]: red, green, blue; (H, W) where grey
    Errors: ValueError, TypeError: an unknown name; a crop that does not lie in the photograph; a size below 1.
    Lecture row: A-filters, D-kernels

    >>> from course_lib.data import photo
    >>> photo("flower").shape, photo(crop=(100, 200, 64, 80), size=(32, 40), grey=True).shape
    ((3, 427, 640), (32, 40))
    """
    if name not in ("china", "flower"):
        raise ValueError(f'name: expected "china" or "flower", got {name!r}')
    from PIL import Image
    from sklearn.datasets import load_sample_image

    pixels = load_sample_image(f"{name}.jpg")  # (H, W, 3) bytes
    if crop is not None:
        pixels = pixels[_crop_slices(crop, pixels.shape[:2])]
    image = pixels.transpose(2, 0, 1) / 255.0  # (H, W, 3) -> (3, H, W)
    if grey:
        image = np.tensordot([0.299, 0.587, 0.114], image, axes=1)[None]
    if size is not None:
        height, width = _validate.pair("size", size, minimum=1)
        channels = [Image.fromarray(channel.astype(np.float32)) for channel in image]
        resized = [np.asarray(c.resize((width, height), Image.Resampling.BOX), dtype=np.float64) for c in channels]
        image = np.clip(np.stack(resized), 0, 1)
    return image[0] if grey else np.ascontiguousarray(image)


def _crop_slices(crop, shape):
    if not isinstance(crop, (tuple, list)) or len(crop) != 4:
        raise TypeError(f"crop: expected (top, left, height, width), got {crop!r}")
    top, left = (_validate.integer(f"crop[{i}]", crop[i], minimum=0) for i in range(2))
    height, width = (_validate.integer(f"crop[{i}]", crop[i], minimum=1) for i in range(2, 4))
    if top + height > shape[0] or left + width > shape[1]:
        raise ValueError(f"crop: expected a part of the {shape[0]}×{shape[1]} photograph, got {tuple(crop)}")
    return slice(top, top + height), slice(left, left + width)
