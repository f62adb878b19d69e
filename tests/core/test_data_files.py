"""MNIST and WAV files that a reader has, on small files written here, whole and broken."""

import gzip
import struct
import wave

import numpy as np
import pytest
from oracles import frozen

from course_lib.data import load_mnist, load_wav

# MNIST


def idx(values):
    values = np.asarray(values, dtype=np.uint8)
    return struct.pack(f">I{values.ndim}I", 0x0800 + values.ndim, *values.shape) + values.tobytes()


IMAGES = frozen(np.random.default_rng(0).integers(0, 256, (5, 4, 3)), dtype=np.uint8)
LABELS = frozen([3, 1, 4, 1, 5], dtype=np.uint8)
IMAGES_NAME, LABELS_NAME = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


def write_mnist(folder, images=None, labels=None, zipped=False):
    """Paths of the two files; bytes may be given in place of what belongs there."""
    paths = []
    for name, content in ((IMAGES_NAME, images), (LABELS_NAME, labels)):
        if content is None:
            content = idx(IMAGES if name == IMAGES_NAME else LABELS)
        path = folder / (name + ".gz" * zipped)
        path.write_bytes(gzip.compress(content) if zipped else content)
        paths.append(path)
    return paths


@pytest.mark.row("D-lenet")
@pytest.mark.parametrize("zipped", [False, True])
def test_mnist_files(tmp_path, zipped):
    images, labels = write_mnist(tmp_path, zipped=zipped)
    for given in ((images, labels), (images,), (str(images), str(labels))):
        X, y = load_mnist(*given)
        assert X.shape == (5, 1, 4, 3) and X.dtype == np.float32
        assert (X[:, 0] == IMAGES / np.float32(255)).all()
        assert y.tolist() == LABELS.tolist()
    X, y = load_mnist(images, limit=2)
    assert (X[:, 0] == IMAGES[:2] / np.float32(255)).all() and y.tolist() == [3, 1]
    assert len(load_mnist(images, limit=99)[0]) == 5


@pytest.mark.parametrize(
    "images, labels, message",
    [
        (idx(IMAGES)[:-1], None, r"images-idx3.*expected 60 bytes for images.*\(5, 4, 3\), found only 59.*cut short"),
        (idx(IMAGES)[:10], None, "images-idx3.*expected 16 bytes for the header, found only 10"),
        (b"", None, "expected 16 bytes for the header, found only 0"),
        (idx(IMAGES) + b"x", None, "images-idx3.*and no more, found more bytes"),
        (idx(LABELS) + bytes(16), None, "images-idx3.*magic number 0x00000803, found 0x00000801"),
        (None, idx(IMAGES), "labels-idx1.*magic number 0x00000801, found 0x00000803"),
        (None, idx(LABELS[:4]), "labels-idx1.*expected 5 labels, one for each image of .*images-idx3.*, found 4"),
        (idx(np.zeros((0, 4, 3))), None, "expected at least one item and no empty ones"),
        (struct.pack(">4I", 0x803, 2**32 - 1, 2**32 - 1, 2**32 - 1) + b"123", None, "found only 3: the file is cut"),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_broken_mnist_files(tmp_path, images, labels, message, zipped):
    paths = write_mnist(tmp_path, images, labels, zipped)
    with pytest.raises(ValueError, match=message):
        load_mnist(*paths)


def test_damaged_gzip_and_missing_files(tmp_path):
    images, labels = write_mnist(tmp_path, zipped=True)
    images.write_bytes(images.read_bytes()[:-12])
    with pytest.raises(ValueError, match="images-idx3.*(damaged gzip|cut short)"):
        load_mnist(images)
    with pytest.raises(FileNotFoundError, match="images_path: no file .*nowhere"):
        load_mnist(tmp_path / "nowhere")
    other = tmp_path / "pictures"
    other.write_bytes(idx(IMAGES))
    with pytest.raises(ValueError, match="labels_path: expected a path, as .*pictures does not tell"):
        load_mnist(other)
    assert len(load_mnist(other, labels)[0]) == 5
    labels.unlink()
    with pytest.raises(FileNotFoundError, match="labels_path: no file .*labels-idx1"):
        load_mnist(images)
    with pytest.raises(ValueError, match="limit: expected an integer of at least 1, got 0"):
        load_mnist(other, other, limit=0)


# WAV


def write_wav(path, content, channels, width, rate=8000):
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", "not compressed"))
        file.writeframes(content)
    return path


@pytest.mark.row("C-audio")
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_wav_of_every_width(tmp_path, width, channels):
    low, high = -(2 ** (8 * width - 1)), 2 ** (8 * width - 1) - 1
    samples = [low, -1, 0, 1, high, high // 2]
    if width == 1:
        content = bytes(s + 128 for s in samples)
    else:
        content = b"".join(s.to_bytes(width, "little", signed=True) for s in samples)
    signal, rate = load_wav(write_wav(tmp_path / "clip.wav", content, channels, width, rate=22050))
    assert rate == 22050 and signal.shape == (channels, 6 // channels) and signal.dtype == np.float64
    assert signal.T.reshape(-1).tolist() == [s / 2.0 ** (8 * width - 1) for s in samples]
    assert signal.min() == -1 and signal.max() < 1


def test_broken_wav_files(tmp_path):
    path = write_wav(tmp_path / "clip.wav", bytes(100), 1, 2)
    whole = path.read_bytes()
    for content, message in (
        (whole[:-10], "clip.wav: expected 50 samples in 100 bytes, found 90 bytes"),
        (whole[:20], "clip.wav: expected a WAV file with PCM samples, found"),
        (b"", "clip.wav: expected a WAV file with PCM samples, found: the file is cut short"),
        (b"RIFX" + whole[4:], "clip.wav: expected a WAV file with PCM samples, found"),
        (whole[:20] + b"\x03" + whole[21:], "clip.wav: expected a WAV file with PCM samples, found: unknown format: 3"),
        (write_wav(tmp_path / "none.wav", b"", 1, 2).read_bytes(), "clip.wav: expected 0 samples in 0 bytes"),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            load_wav(path)
    with pytest.raises(FileNotFoundError, match="no file .*nowhere.wav"):
        load_wav(tmp_path / "nowhere.wav")
