"""CIFAR-10's files in both their formats: pickled batches, and records of bytes."""

import io
import pickle
import tarfile
import zlib
from pathlib import Path

import numpy as np

from . import _validate

CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
PIXELS = 3 * 32 * 32
RECORD = 1 + PIXELS  # in the binary format: the label, then red, green and blue, each row by row
BATCHES = {"train": [f"data_batch_{i}" for i in range(1, 6)], "test": ["test_batch"]}


def load_cifar10(path, *, part="train", limit=None):
    """CIFAR-10 from what its web page offers: a folder, a tar.gz, or one batch; pickled for Python or binary.

    Formula: pixel = byte / 255

    A pickle may run any code when it is opened. Here it is read by an unpickler that builds dicts, lists, text, bytes,
    numbers and arrays of bytes, and refuses everything else; an archive is read without unpacking it.

    Arguments:
        path    a folder with data_batch_1 ... data_batch_5 and test_batch (or the same names with .bin), a .tar.gz
                with such a folder, or one batch
        part    "train" or "test": which batches of a folder or an archive; one batch is read whatever it is
        limit   None for all, or how many images to read from the start
    Returns:
        X       (N, 3, 32, 32) float32 in [0, 1]: red, green, blue
        y       (N,) integer labels; CIFAR10_CLASSES names them
    Errors: FileNotFoundError; ValueError: batches are missing, cut short, of another size, with labels outside 0..9,
        or a pickle asks for anything but data. The message names the file, what was expected and what was found.
    Lecture row: B-example

    >>> from course_lib.data import load_cifar10
    >>> load_cifar10("cifar-that-is-not-there")
    Traceback (most recent call last):
    FileNotFoundError: path: no file or folder cifar-that-is-not-there
    """
    path = Path(path)
    if part not in BATCHES:
        raise ValueError(f'part: expected "train" or "test", got {part!r}')
    if limit is not None:
        limit = _validate.integer("limit", limit, minimum=1)
    if not path.exists():
        raise FileNotFoundError(f"path: no file or folder {path}")
    images, labels, count = [], [], 0
    for name, content in _batches(path, BATCHES[part]):
        batch_images, batch_labels = _parse(name, content)
        images.append(batch_images)
        labels.append(batch_labels)
        count += len(batch_labels)
        if limit is not None and count >= limit:
            break
    X, y = np.concatenate(images)[:limit], np.concatenate(labels)[:limit]
    return X.astype(np.float32) / np.float32(255), y.astype(np.intp)


def _batches(path, wanted):
    """Yield (name for messages, bytes) of each batch, one at a time."""
    if path.is_dir():
        files = {file.name.removesuffix(".bin"): file for file in sorted(path.iterdir()) if file.is_file()}
        for name in _all_there(path, wanted, files):
            yield str(files[name]), files[name].read_bytes()
    elif path.name.endswith((".tar", ".gz", ".tgz")):
        try:
            with tarfile.open(path) as archive:
                members = {Path(m.name).name.removesuffix(".bin"): m for m in archive.getmembers() if m.isfile()}
                for name in _all_there(path, wanted, members):
                    yield f"{path}: {members[name].name}", archive.extractfile(members[name]).read()
        except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{path}: expected a whole tar archive, found a damaged one: {error}") from error
    else:
        yield str(path), path.read_bytes()


def _all_there(path, wanted, found):
    missing = [name for name in wanted if name not in found]
    if missing:
        raise ValueError(f"{path}: expected the batches {wanted}, found no {missing} among {sorted(found)}")
    return wanted


def _parse(name, content):
    """(images (N, 3, 32, 32) of bytes, labels (N,)) of one batch; a pickle starts with byte 128, a record with 0..9."""
    if content[:1] == b"\x80":
        data, labels = _from_pickle(name, content)
    else:
        if not content or len(content) % RECORD:
            raise ValueError(f"{name}: expected a pickle or records of {RECORD} bytes, found {len(content)} bytes")
        records = np.frombuffer(content, dtype=np.uint8).reshape(-1, RECORD)
        data, labels = records[:, 1:], records[:, 0]
        if labels.max() > 9:
            raise ValueError(f"{name}: expected labels in 0..9, one before each image, found {labels.max()}")
    return data.reshape(-1, 3, 32, 32), labels


def _from_pickle(name, content):
    try:
        batch = _DataOnly(io.BytesIO(content), encoding="bytes").load()
    except Exception as error:  # a broken pickle may raise nearly anything
        raise ValueError(f"{name}: expected a pickled batch that holds data only, found: {error}") from error
    if not isinstance(batch, dict):
        raise ValueError(f"{name}: expected a pickled dict, found {type(batch).__name__}")
    # Python 2 wrote the keys as bytes; a batch that was pickled again by Python 3 has text
    batch = {key.decode("latin1") if isinstance(key, bytes) else key: value for key, value in batch.items()}
    if "data" not in batch or "labels" not in batch:
        raise ValueError(f"{name}: expected the entries data and labels, found {sorted(map(str, batch))}")
    data, labels = batch["data"], batch["labels"]
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.shape[1:] != (PIXELS,) or not len(data):
        found = f"{data.dtype} of shape {data.shape}" if isinstance(data, np.ndarray) else type(data).__name__
        raise ValueError(f"{name}: expected data as uint8 of shape (N, {PIXELS}), found {found}")
    if not isinstance(labels, list) or not all(type(label) is int and 0 <= label <= 9 for label in labels):
        raise ValueError(f"{name}: expected labels as a list of integers in 0..9, found {str(labels)[:60]}")
    if len(labels) != len(data):
        raise ValueError(f"{name}: expected {len(data)} labels, one for each image, found {len(labels)}")
    return data, np.array(labels)


def _bytes_from_text(text, encoding):
    """How Python 3 writes bytes into a pickle of protocol 2: as text, with the codec that turns it back."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"the codec {encoding!r}")
    return text.encode("latin1")


_REBUILD_ARRAY = np.zeros(0).__reduce__()[0]  # the function that arrays name in their pickles
ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"): _REBUILD_ARRAY,  # NumPy 1 and 2 call its home by different names
    ("numpy._core.multiarray", "_reconstruct"): _REBUILD_ARRAY,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _bytes_from_text,
}


class _DataOnly(pickle.Unpickler):
    """Builds arrays of plain numbers beside the built-in containers, and looks up nothing else."""

    def find_class(self, module, name):
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return ALLOWED[module, name]
