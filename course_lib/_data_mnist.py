"""MNIST's files (IDX, plain or gzipped), read with every count checked before it is believed."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from . import _validate

IMAGES, LABELS = 0x00000803, 0x00000801  # two zero bytes, type 8 (unsigned bytes), number of axes
CHUNK = 1 << 20


def load_mnist(images_path, labels_path=None, *, limit=None):
    """Images and labels from a pair of MNIST files, or of any files in that format (IDX), plain or gzipped.

    Formula: pixel = byte / 255

    The format: a magic number of 4 bytes (0, 0, 8 for bytes, the number of axes), 4 bytes for each axis' length, most
    significant first, then one byte an element.

    Arguments:
        images_path  such as "train-images-idx3-ubyte.gz"
        labels_path  None for the file beside it whose name says labels and idx1 for images and idx3
        limit        None for all, or how many to read from the start
    Returns:
        X            (N, 1, H, W) float32 in [0, 1]
        y            (N,) integer labels
    Errors: FileNotFoundError; ValueError: not such a file, cut short, too long, or the two counts differ. The message
        names the file, what was expected and what was found.
    Lecture row: D-lenet

    >>> from course_lib.data import load_mnist
    >>> load_mnist("images-that-are-not-there")
    Traceback (most recent call last):
    FileNotFoundError: images_path: no file images-that-are-not-there
    """
    images_path = _existing("images_path", images_path)
    if labels_path is None:
        beside = images_path.name.replace("images", "labels").replace("idx3", "idx1")
        if beside == images_path.name:
            raise ValueError(f"labels_path: expected a path, as {images_path} does not tell the name of its labels")
        labels_path = images_path.with_name(beside)
    labels_path = _existing("labels_path", labels_path)
    if limit is not None:
        limit = _validate.integer("limit", limit, minimum=1)
    images, image_count = _read_idx(images_path, IMAGES, "images (N, H, W)", limit)
    y, label_count = _read_idx(labels_path, LABELS, "labels (N,)", limit)
    if image_count != label_count:
        raise ValueError(
            f"{labels_path}: expected {image_count} labels, one for each image of {images_path}, found {label_count}"
        )
    return images[:, None].astype(np.float32) / np.float32(255), y.astype(np.intp)


def _existing(name, path):
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{name}: no file {path}")
    return path


def _read_idx(path, magic, what, limit):
    """The first `limit` items of an IDX file of bytes, and how many items its header promises."""
    with path.open("rb") as plain:
        gzipped = plain.read(2) == b"\x1f\x8b"  # what every gzip file starts with, whatever its name
    with gzip.open(path) if gzipped else path.open("rb") as file:
        axes = magic & 0xFF
        header = np.frombuffer(_read(file, 4 + 4 * axes, path, "the header"), dtype=">u4")
        if header[0] != magic:
            raise ValueError(f"{path}: expected {what} with the magic number 0x{magic:08x}, found 0x{header[0]:08x}")
        count, *item_shape = (int(length) for length in header[1:])
        if count == 0 or 0 in item_shape:
            raise ValueError(f"{path}: expected at least one item and no empty ones, found {(count, *item_shape)}")
        kept = count if limit is None else min(count, limit)
        values = _read(file, kept * math.prod(item_shape), path, f"{what} of shape {(count, *item_shape)}")
        if kept == count and file.read(1):
            raise ValueError(f"{path}: expected {what} of shape {(count, *item_shape)} and no more, found more bytes")
    return np.frombuffer(values, dtype=np.uint8).reshape(kept, *item_shape), count


def _read(file, size, path, what):
    """Exactly `size` bytes; in pieces, so that a header that lies does not reserve memory for what is not there."""
    pieces, missing = [], size
    try:
        while missing and (piece := file.read(min(missing, CHUNK))):
            pieces.append(piece)
            missing -= len(piece)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{path}: expected {size} bytes for {what}, found a damaged gzip file: {error}") from error
    if missing:
        raise ValueError(
            f"{path}: expected {size} bytes for {what}, found only {size - missing}: the file is cut short"
        )
    return b"".join(pieces)
