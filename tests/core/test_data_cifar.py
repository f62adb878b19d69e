"""load_cifar10 on small files written here, in all its formats, whole, broken and hostile."""

import io
import pickle
import struct
import tarfile

import numpy as np
import pytest

from course_lib.data import CIFAR10_CLASSES, load_cifar10


def cifar_batch(seed, n=3):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, 3072), dtype=np.uint8), rng.integers(0, 10, n).tolist()


def as_binary(data, labels):
    return b"".join(bytes([label]) + row.tobytes() for row, label in zip(data, labels))


def as_python2_pickle(data, labels):
    """The opcodes that Python 2 wrote for a dict with an array: its strings are neither text nor bytes."""

    def string(text):
        return b"U" + bytes([len(text)]) + text

    shape = b"".join(b"M" + struct.pack("<H", size) for size in data.shape)
    dtype = (
        b"cnumpy\ndtype\n(" + string(b"u1") + b"K\x00K\x01tR(K\x03" + string(b"|") + b"NNN" + b"J\xff\xff\xff\xff" * 2
    )
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00t"
        + string(b"b")
        + b"tR(K\x01("
        + shape
        + b"t"
        + dtype
        + b"K\x00tbI00\nT"
        + struct.pack("<I", data.size)
        + data.tobytes()
        + b"tb"
    )
    numbers = b"".join(b"K" + bytes([label]) for label in labels)
    return (
        b"\x80\x02}("
        + string(b"batch_label")
        + string(b"testing batch 1 of 1")
        + string(b"labels")
        + b"]("
        + numbers
        + b"e"
        + string(b"data")
        + array
        + b"u."
    )


def as_python3_pickle(data, labels):
    return pickle.dumps({b"data": data, b"labels": labels, "note": "pickled again"}, protocol=2)


FORMATS = {"python2": as_python2_pickle, "python3": as_python3_pickle, "binary": as_binary}
NAMES = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]


def write_cifar(folder, form):
    folder.mkdir()
    for seed, name in enumerate(NAMES):
        name += ".bin" if form == "binary" else ""
        (folder / name).write_bytes(FORMATS[form](*cifar_batch(seed)))
    (folder / "readme.html").write_text("<p>")
    return folder


def assert_is_batch(X, y, *seeds):
    data, labels = zip(*(cifar_batch(seed) for seed in seeds))
    assert X.dtype == np.float32 and X.shape == (3 * len(seeds), 3, 32, 32)
    assert (X.reshape(-1, 3072) == np.concatenate(data) / np.float32(255)).all()
    assert y.tolist() == np.concatenate(labels).tolist()


@pytest.mark.row("B-example")
@pytest.mark.parametrize("form", FORMATS)
def test_cifar_in_every_format_as_folder_archive_and_batch(tmp_path, form):
    folder = write_cifar(tmp_path / "cifar", form)
    archive = tmp_path / "cifar.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, arcname="cifar-10-batches")
    for path in (folder, archive, str(folder)):
        assert_is_batch(*load_cifar10(path), 0, 1, 2, 3, 4)
        assert_is_batch(*load_cifar10(path, part="test"), 5)
    one = next(folder.glob("data_batch_3*"))
    assert_is_batch(*load_cifar10(one), 2)
    X, y = load_cifar10(folder, limit=4)
    whole, labels = load_cifar10(folder)
    assert (X == whole[:4]).all() and y.tolist() == labels[:4].tolist()
    assert len(CIFAR10_CLASSES) == 10 and CIFAR10_CLASSES[3] == "cat"


class Hostile:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("protocol", [2, 5])
def test_hostile_pickles_do_not_run(tmp_path, protocol):
    trap, batch = tmp_path / "trap", tmp_path / "data_batch_1"
    content = pickle.dumps({b"data": Hostile(trap), b"labels": [1]}, protocol=protocol)
    pickle.loads(content).clear()
    assert trap.exists()  # opened in the ordinary way it does run
    trap.unlink()
    batch.write_bytes(content)
    with pytest.raises(
        ValueError, match="data_batch_1: expected a pickled batch that holds data only.*asks for .*open"
    ):
        load_cifar10(batch)
    assert not trap.exists()


@pytest.mark.parametrize(
    "name", ["builtins eval", "os system", "numpy load", "numpy core.multiarray", "__builtin__ getattr"]
)
def test_nothing_but_arrays_is_looked_up(tmp_path, name):
    batch = tmp_path / "batch"
    batch.write_bytes(b"\x80\x02c" + name.replace(" ", "\n").encode() + b"\n.")
    with pytest.raises(ValueError, match="it asks for " + name.replace(" ", ".")):
        load_cifar10(batch)


GOOD = cifar_batch(0)


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "batch: expected a pickle or records of 3073 bytes, found 0 bytes"),
        (as_binary(*GOOD)[:-1], "batch: expected a pickle or records of 3073 bytes, found 9218 bytes"),
        (as_binary(GOOD[0], [1, 2, 77]), "batch: expected labels in 0..9, one before each image, found 77"),
        (as_python3_pickle(*GOOD)[:-20], "batch: expected a pickled batch that holds data only, found"),
        (as_python3_pickle(GOOD[0], [1, 2]), "batch: expected 3 labels, one for each image, found 2"),
        (as_python3_pickle(GOOD[0], [1, 2, 10]), "batch: expected labels as a list of integers in 0..9"),
        (as_python3_pickle(GOOD[0], None), "batch: expected labels as a list"),
        (
            as_python3_pickle(GOOD[0][:, :100], [1, 2, 3]),
            r"expected data as uint8 of shape \(N, 3072\), found uint8 of shape \(3, 100\)",
        ),
        (as_python3_pickle(GOOD[0].astype(float), [1, 2, 3]), "expected data as uint8 .*, found float64"),
        (as_python3_pickle("pixels", [1, 2, 3]), "expected data as uint8 .*, found str"),
        (pickle.dumps([1, 2], protocol=2), "batch: expected a pickled dict, found list"),
        (pickle.dumps({b"fine_labels": [1]}, protocol=2), "batch: expected the entries data and labels, found"),
    ],
)
def test_broken_cifar_batches(tmp_path, content, message):
    batch = tmp_path / "batch"
    batch.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load_cifar10(batch)


def test_broken_cifar_folders_and_archives(tmp_path):
    folder = write_cifar(tmp_path / "cifar", "binary")
    (folder / "data_batch_4.bin").unlink()
    with pytest.raises(ValueError, match=r"cifar: expected the batches .*found no \['data_batch_4'\]"):
        load_cifar10(folder)
    archive = tmp_path / "cifar.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        content = io.BytesIO(np.random.default_rng(0).bytes(40_000))
        member = tarfile.TarInfo("data_batch_1")
        member.size = 40_000
        tar.addfile(member, content)
    with pytest.raises(ValueError, match="found no"):
        load_cifar10(archive)
    archive.write_bytes(archive.read_bytes()[:20_000])
    with pytest.raises(ValueError, match="cifar.tar.gz: expected a whole tar archive, found a damaged one"):
        load_cifar10(archive)
    with pytest.raises(FileNotFoundError, match="no file or folder .*nowhere"):
        load_cifar10(tmp_path / "nowhere")
    with pytest.raises(ValueError, match='part: expected "train" or "test", got \'val\''):
        load_cifar10(folder, part="val")
