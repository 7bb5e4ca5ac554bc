"""Labelled images to make tasks from: digits, MNIST, Fashion-MNIST, CIFAR-10.

Nothing is downloaded: files are read where they are. They are taken as
untrusted: a file that is not exactly what its header says is an error, found
before memory is set aside for it.
"""

from __future__ import annotations

import gzip
import math
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt

from pyamlz._lib.checks import MAX_FEATURES, checked_int
from pyamlz._lib.errors import DataError, InputError
from pyamlz._lib.extras import missing

_MAX_BYTES = 2**31  # of a file's contents, decompressed
_MAX_DEFLATE_RATIO = 1032  # deflate cannot make more of one byte
_CHUNK = 2**20
_N_CLASSES = 10  # of every data set read from files
_SHARED_FOLDER = Path("/usr/share/datasets")  # Debian's dataset-* packages
_PACKAGES = {"fashion-mnist": "dataset-fashion-mnist"}  # of them, by the name of the data set
_FOLDER_NAMES = {
    "mnist": ("mnist",),
    "fashion-mnist": ("fashion-mnist",),
    "cifar-10": ("cifar-10", "cifar-10-batches-bin"),
}
NAMES = ("digits", *_FOLDER_NAMES)  #: that :func:`load` knows
_CIFAR_TRAIN = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
_CIFAR_TEST = "test_batch.bin"
_CIFAR_PIXELS = 3 * 32 * 32


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ImageData:
    """Images as rows of pixels, with class labels, in two parts.

    Attributes:
        name: what errors and task sets call it.
        x_train: training images, (N, d), uint8 or float32 or float64.
        y_train: their classes, (N,), int64, 0 to n_classes - 1.
        x_test: test images, (M, d), of the same dtype.
        y_test: their classes, (M,).
        n_classes: number of classes, 2 to 65,536.

    Raises:
        DataError: the arrays are not as said above.
        InputError: n_classes is out of range.
    """

    name: str
    x_train: npt.NDArray[Any] = field(repr=False)
    y_train: npt.NDArray[np.int64] = field(repr=False)
    x_test: npt.NDArray[Any] = field(repr=False)
    y_test: npt.NDArray[np.int64] = field(repr=False)
    n_classes: int

    def __post_init__(self) -> None:
        checked_int("n_classes", self.n_classes, 2, MAX_FEATURES)
        for part in ("train", "test"):
            x, y = getattr(self, f"x_{part}"), getattr(self, f"y_{part}")
            self._check_part(f"x_{part}", x, f"y_{part}", y)
        if self.x_train.dtype != self.x_test.dtype:
            raise DataError(f"{self.name}: x_test: expected {self.x_train.dtype} like x_train, got {self.x_test.dtype}")
        if self.x_train.shape[1] != self.x_test.shape[1]:
            raise DataError(
                f"{self.name}: x_test: expected {self.x_train.shape[1]} pixels like x_train, got {self.x_test.shape[1]}"
            )

    def _check_part(self, x_name: str, x: object, y_name: str, y: object) -> None:
        pixel_types = (np.uint8, np.float32, np.float64)
        if not isinstance(x, np.ndarray) or x.dtype not in pixel_types:
            raise DataError(f"{self.name}: {x_name}: expected uint8 or float pixels")
        if x.ndim != 2 or 0 in x.shape:
            raise DataError(f"{self.name}: {x_name}: expected (images, pixels), got {x.shape}")
        if x.dtype != np.uint8 and not np.isfinite(x).all():
            raise DataError(f"{self.name}: {x_name}: expected finite pixels")
        if not isinstance(y, np.ndarray) or y.dtype != np.int64:
            raise DataError(f"{self.name}: {y_name}: expected int64 labels")
        if y.shape != x.shape[:1]:
            raise DataError(
                f"{self.name}: {y_name}: expected {len(x)} labels like the images in {x_name}, got shape {y.shape}"
            )
        if y.min() < 0 or y.max() >= self.n_classes:
            raise DataError(
                f"{self.name}: {y_name}: expected labels from 0 to {self.n_classes - 1}, got {y.min()} to {y.max()}"
            )


def load(name_or_path: str | os.PathLike[str]) -> ImageData:
    """Read a data set by its name, or from a folder.

    Names:
        "digits": the 1797 images of 8 x 8 pixels (0 to 16) that scikit-learn
            carries. Of each class, the fifth, tenth, ... image in
            scikit-learn's order belong to the test part, the others to the
            training part.
        "mnist", "fashion-mnist", "cifar-10": the folder of that name (CIFAR-10
            also as "cifar-10-batches-bin") in the folder named by the
            environment variable PYAMLZ_DATA, else in /usr/share/datasets, where
            Debian's package dataset-fashion-mnist puts it.

    A folder holds either the four IDX files of MNIST or Fashion-MNIST
    (``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte`` and the same with
    ``t10k``; ``-images.idx3-ubyte`` and so on is taken too, and each may end in
    ``.gz``) or the six files of CIFAR-10's binary version (``data_batch_1.bin``
    to ``data_batch_5.bin``, ``test_batch.bin``). "./digits" is a folder.

    Returns:
        ImageData with uint8 pixels, as stored.

    Raises:
        InputError: there is no such name or folder, or scikit-learn is missing.
        DataError: a file is missing, unreadable, or not what it claims to be.
    """
    if not isinstance(name_or_path, (str, os.PathLike)):
        raise InputError(f"name_or_path: expected a name or a folder, got {name_or_path!r}")
    if name_or_path == "digits":
        return _load_digits()
    if isinstance(name_or_path, str) and name_or_path in _FOLDER_NAMES:
        return _load_folder(_known_folder(name_or_path), name_or_path)
    folder = Path(name_or_path)
    if not _is(stat.S_ISDIR, folder):
        names = ", ".join(NAMES)
        raise InputError(f"name_or_path: expected a folder or one of {names}, got {str(name_or_path)!r}")
    return _load_folder(folder, folder.resolve().name)


def _load_digits() -> ImageData:
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise missing(error, "sklearn") from None
    pixels, labels = load_digits(return_X_y=True)
    x = np.asarray(pixels).astype(np.uint8)  # whole numbers from 0 to 16
    y = np.asarray(labels).astype(np.int64)
    test = np.zeros(len(y), dtype=np.bool_)
    for digit in range(10):
        test[np.flatnonzero(y == digit)[4::5]] = True
    return ImageData(
        name="digits",
        x_train=x[~test],
        y_train=y[~test],
        x_test=x[test],
        y_test=y[test],
        n_classes=10,
    )


def _known_folder(name: str) -> Path:
    roots = [_SHARED_FOLDER]
    if os.environ.get("PYAMLZ_DATA"):
        roots.insert(0, Path(os.environ["PYAMLZ_DATA"]))
    tried = [root / folder for root in roots for folder in _FOLDER_NAMES[name]]
    for folder in tried:
        if _is(stat.S_ISDIR, folder):
            return folder
    install = f"install Debian's package {_PACKAGES[name]}, " if name in _PACKAGES else ""
    raise InputError(
        f"name_or_path: {name!r} not found, looked for the folders "
        f"{', '.join(str(folder) for folder in tried)}; {install}set PYAMLZ_DATA to the folder "
        "that holds it, or give the folder's path"
    )


def _load_folder(folder: Path, name: str) -> ImageData:
    if _find_idx(folder, "train", "images") is not None:
        return _load_idx(folder, name)
    if _is(stat.S_ISREG, folder / _CIFAR_TRAIN[0]):
        return _load_cifar(folder, name)
    raise DataError(f"{folder}: expected train-images-idx3-ubyte (or .gz) or {_CIFAR_TRAIN[0]}, found neither")


def _load_idx(folder: Path, name: str) -> ImageData:
    arrays: dict[str, npt.NDArray[np.uint8]] = {}
    for part, prefix in (("train", "train"), ("test", "t10k")):
        images_path = _need_idx(folder, prefix, "images")
        labels_path = _need_idx(folder, prefix, "labels")
        images = _read_idx(images_path, ("number of images", "rows", "columns"))
        labels = _read_idx(labels_path, ("number of labels",))
        if len(labels) != len(images):
            raise DataError(
                f"{labels_path}: number of labels at offset 4: expected "
                f"{len(images)} as in {images_path.name}, got {len(labels)}"
            )
        _check_labels(labels_path, labels, header=8, step=1)
        if "x_train" in arrays and images.shape[1:] != arrays["x_train"].shape[1:]:
            raise DataError(
                f"{images_path}: rows and columns at offset 8: expected "
                f"{arrays['x_train'].shape[1:]} as in the training images, got "
                f"{images.shape[1:]}"
            )
        arrays[f"x_{part}"] = images
        arrays[f"y_{part}"] = labels
    return ImageData(
        name=name,
        x_train=arrays["x_train"].reshape(len(arrays["x_train"]), -1),
        y_train=arrays["y_train"].astype(np.int64),
        x_test=arrays["x_test"].reshape(len(arrays["x_test"]), -1),
        y_test=arrays["y_test"].astype(np.int64),
        n_classes=_N_CLASSES,
    )


def _idx_names(prefix: str, what: str) -> list[str]:
    axes = 3 if what == "images" else 1
    stems = [f"{prefix}-{what}{mark}idx{axes}-ubyte" for mark in "-."]
    return [stem + ending for ending in ("", ".gz") for stem in stems]


def _find_idx(folder: Path, prefix: str, what: str) -> Path | None:
    paths = [folder / name for name in _idx_names(prefix, what)]
    return next((path for path in paths if _is(stat.S_ISREG, path)), None)


def _need_idx(folder: Path, prefix: str, what: str) -> Path:
    path = _find_idx(folder, prefix, what)
    if path is None:
        raise DataError(f"{folder}: no file {_idx_names(prefix, what)[0]} or .gz of it")
    return path


def _read_idx(path: Path, axes: tuple[str, ...]) -> npt.NDArray[np.uint8]:
    """The array in an IDX file of unsigned bytes with the named axes.

    The file is four bytes (0, 0, 8 for unsigned bytes, number of axes), each
    axis as a 32-bit big-endian number, then the bytes in C order and no more.
    """
    wanted_magic = 0x00000800 + len(axes)
    header = 4 + 4 * len(axes)
    with _opened(path) as (file, file_size):
        start = _read_up_to(file, header)
        if len(start) < header:
            raise DataError(f"{path}: header: expected {header} bytes, got {len(start)}")
        magic, *shape = (int.from_bytes(start[i : i + 4], "big") for i in range(0, header, 4))
        if magic != wanted_magic:
            raise DataError(
                f"{path}: magic number at offset 0: expected 0x{wanted_magic:08x} "
                f"(unsigned bytes, {len(axes)} axes), got 0x{magic:08x}"
            )
        for i, (axis, size) in enumerate(zip(axes, shape, strict=True)):
            if size == 0:
                raise DataError(f"{path}: {axis} at offset {4 + 4 * i}: expected at least 1, got 0")
        content = _read_exactly(path, file, file_size, header, math.prod(shape))
    return content.reshape(shape)


def _load_cifar(folder: Path, name: str) -> ImageData:
    parts = [_read_cifar(folder / file) for file in (*_CIFAR_TRAIN, _CIFAR_TEST)]
    for file, part in zip((*_CIFAR_TRAIN, _CIFAR_TEST), parts, strict=True):
        if len(part) != len(parts[0]):
            raise DataError(
                f"{folder / file}: records: expected {len(parts[0])} as in {_CIFAR_TRAIN[0]}, got {len(part)}"
            )
    train, test = np.concatenate(parts[:-1]), parts[-1]
    return ImageData(
        name=name,
        x_train=train[:, 1:],
        y_train=train[:, 0].astype(np.int64),
        x_test=test[:, 1:],
        y_test=test[:, 0].astype(np.int64),
        n_classes=_N_CLASSES,
    )


def _read_cifar(path: Path) -> npt.NDArray[np.uint8]:
    """The records of a CIFAR-10 file, each its label and then its pixels."""
    record = 1 + _CIFAR_PIXELS
    with _opened(path) as (file, size):
        if size == 0 or size % record:
            raise DataError(f"{path}: size: expected a multiple of {record} bytes, got {size}")
        records = _read_exactly(path, file, size, 0, size).reshape(-1, record)
    _check_labels(path, records[:, 0], header=0, step=record)
    return records


def _check_labels(path: Path, labels: npt.NDArray[np.uint8], header: int, step: int) -> None:
    bad = np.flatnonzero(labels >= _N_CLASSES)
    if bad.size:
        raise DataError(
            f"{path}: label at offset {header + step * int(bad[0])}: expected 0 to "
            f"{_N_CLASSES - 1}, got {labels[bad[0]]}"
        )


def _is(kind: Any, path: Path) -> bool:
    """Whether `path` can be looked at and is of the given kind (stat.S_IS...)."""
    try:
        return bool(kind(path.stat().st_mode))
    except (OSError, ValueError):  # ValueError: a name that no file can have
        return False


@contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[bytes], int]]:
    """The file (decompressed if its name ends in .gz) and its size on disk.

    Whatever goes wrong in opening, reading or decompressing is a DataError.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise DataError(f"{path}: expected a regular file")
        with path.open("rb") as raw:
            size = os.fstat(raw.fileno()).st_size
            if path.suffix == ".gz":
                with gzip.GzipFile(fileobj=raw) as unpacked:
                    yield cast(IO[bytes], unpacked), size
            else:
                yield raw, size
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error


def _read_up_to(file: IO[bytes], n: int) -> bytearray:
    """At most `n` bytes, fewer only at the end; memory grows with what is there."""
    content = bytearray()
    while len(content) < n:
        chunk = file.read(min(n - len(content), _CHUNK))
        if not chunk:
            break
        content += chunk
    return content


def _read_exactly(path: Path, file: IO[bytes], file_size: int, header: int, n: int) -> npt.NDArray[np.uint8]:
    """The `n` bytes that must follow the header, and nothing after them."""
    if n > _MAX_BYTES:
        raise DataError(f"{path}: contents: expected at most {_MAX_BYTES} bytes, header says {n}")
    most = file_size * _MAX_DEFLATE_RATIO if path.suffix == ".gz" else file_size
    if header + n > most:
        raise DataError(
            f"{path}: contents after offset {header}: header says {n} bytes, but a "
            f"file of {file_size} bytes cannot hold them"
        )
    content = _read_up_to(file, n + 1)
    if len(content) != n:
        found = len(content) if len(content) < n else f"more than {n}"
        raise DataError(f"{path}: contents after offset {header}: expected {n} bytes, got {found}")
    return np.frombuffer(content, dtype=np.uint8)
