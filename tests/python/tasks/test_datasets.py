"""Reading images from files, sound and damaged."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import math
import os
import struct
import sys
import tracemalloc
import types
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pyamlz import Evaluator, MissingExtraError
from pyamlz._lib.errors import DataError, InputError
from pyamlz.program import baselines
from pyamlz.tasks import ImageData, load, native_binary, projected_multiclass

IDX_NAMES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
RECORD = 3073


def idx(shape: tuple[int, ...], content: bytes, magic: int | None = None) -> bytes:
    magic = 0x0800 + len(shape) if magic is None else magic
    return struct.pack(f">I{len(shape)}I", magic, *shape) + content


def idx_files() -> dict[str, bytes]:
    """3 training and 2 test images of 2 rows and 3 columns."""
    return {
        "x_train": idx((3, 2, 3), bytes(range(238, 256))),
        "y_train": idx((3,), bytes([9, 0, 5])),
        "x_test": idx((2, 2, 3), bytes(range(12))),
        "y_test": idx((2,), bytes([1, 2])),
    }


def write_idx(folder: Path, files: dict[str, bytes], *, packed: bool = False, mark: str = "-") -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    for key, content in files.items():
        name = IDX_NAMES[key].replace("-idx", f"{mark}idx")
        if packed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
        else:
            (folder / name).write_bytes(content)
    return folder


def assert_idx_contents(data: ImageData) -> None:
    train = np.arange(238, 256, dtype=np.uint8).reshape(3, 6)
    np.testing.assert_array_equal(data.x_train, train)
    assert data.y_train.tolist() == [9, 0, 5]
    assert data.x_test.tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]
    assert data.y_test.tolist() == [1, 2]
    assert data.x_train.dtype == data.x_test.dtype == np.uint8
    assert data.y_train.dtype == data.y_test.dtype == np.int64
    assert data.n_classes == 10


def write_cifar(folder: Path, n: int = 2) -> Path:
    """Six files of n records; record r of file f has label f and pixels f + r."""
    folder.mkdir(exist_ok=True, parents=True)
    for f in range(6):
        name = f"data_batch_{f + 1}.bin" if f < 5 else "test_batch.bin"
        records = [bytes([f]) + bytes([f + r]) * 3072 for r in range(n)]
        (folder / name).write_bytes(b"".join(records))
    return folder


# --- sound files -----------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("mark", ["-", "."])
@pytest.mark.parametrize("as_text", [False, True])
def test_idx_folder(tmp_path: Path, packed: bool, mark: str, as_text: bool) -> None:
    folder = write_idx(tmp_path / "tiny", idx_files(), packed=packed, mark=mark)
    data = load(str(folder) if as_text else folder)
    assert_idx_contents(data)
    assert data.name == "tiny"


def test_idx_names_may_be_mixed(tmp_path: Path) -> None:
    files = idx_files()
    labels = {key: files.pop(key) for key in ("y_train", "y_test")}
    write_idx(tmp_path, files, packed=True)
    write_idx(tmp_path, labels, mark=".")
    # A folder of the file's name, as some unpacking programs leave.
    (tmp_path / IDX_NAMES["x_train"]).mkdir()
    assert_idx_contents(load(tmp_path))


def test_concatenated_gzip_members_are_one_file(tmp_path: Path) -> None:
    files = idx_files()
    write_idx(tmp_path, files, packed=True)
    whole = files["x_train"]
    content = gzip.compress(whole[:7]) + gzip.compress(whole[7:])
    (tmp_path / f"{IDX_NAMES['x_train']}.gz").write_bytes(content)
    assert_idx_contents(load(tmp_path))


def test_cifar_folder(tmp_path: Path) -> None:
    data = load(write_cifar(tmp_path / "cifar"))
    assert data.x_train.shape == (10, 3072)
    assert data.x_test.shape == (2, 3072)
    assert data.y_train.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert data.y_test.tolist() == [5, 5]
    assert data.x_train[:, 0].tolist() == [0, 1, 1, 2, 2, 3, 3, 4, 4, 5]
    assert data.x_test[1].tolist() == [6] * 3072
    assert (data.name, data.n_classes) == ("cifar", 10)


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_names_are_looked_up_in_the_data_folder(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write_idx(tmp_path / name, idx_files())
    monkeypatch.setenv("PYAMLZ_DATA", str(tmp_path))
    data = load(name)
    assert_idx_contents(data)
    assert data.name == name


@pytest.mark.parametrize("folder", ["cifar-10", "cifar-10-batches-bin"])
def test_cifar_by_name(tmp_path: Path, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write_cifar(tmp_path / folder)
    monkeypatch.setenv("PYAMLZ_DATA", str(tmp_path))
    assert load("cifar-10").name == "cifar-10"


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="needs Debian's package dataset-fashion-mnist")
def test_fashion_mnist_of_the_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYAMLZ_DATA", raising=False)
    data = load("fashion-mnist")
    assert (data.name, data.n_classes) == ("fashion-mnist", 10)
    assert data.x_train.shape == (60_000, 28 * 28)
    assert data.x_test.shape == (10_000, 28 * 28)
    assert np.bincount(data.y_train).tolist() == [6000] * 10
    assert np.bincount(data.y_test).tolist() == [1000] * 10
    assert data.y_train[:4].tolist() == [9, 0, 0, 3]
    # SHA-256 of the pixels in the package's version 0.0~git20200523.55506a9-1, unpacked by gzip.
    assert [hashlib.sha256(x.tobytes()).hexdigest() for x in (data.x_train, data.x_test)] == [
        "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012",
        "c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a",
    ]


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="needs Debian's package dataset-fashion-mnist")
def test_programs_learn_from_fashion_mnist() -> None:
    data = load(DEBIAN)
    pixels = native_binary(data, pairs=[(0, 9)], n_train=1000, n_valid=500)  # T-shirts and ankle boots
    assert Evaluator(pixels).evaluate(baselines.linear_regressor(0.001)).fitness > 0.98
    classes = projected_multiclass(data, n_tasks=2, n_train=4000, n_valid=500)
    assert 0.5 < Evaluator(classes).evaluate(baselines.softmax_regressor(0.02)).fitness < 0.8


def test_what_to_install_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyamlz.tasks._datasets._SHARED_FOLDER", tmp_path / "nowhere")
    monkeypatch.setenv("PYAMLZ_DATA", str(tmp_path))
    tried = f"{tmp_path}/fashion-mnist, {tmp_path}/nowhere/fashion-mnist"
    wanted = f"{tried}; install Debian's package dataset-fashion-mnist, set PYAMLZ_DATA"
    with pytest.raises(InputError, match=wanted):
        load("fashion-mnist")
    write_idx(tmp_path / "nowhere" / "fashion-mnist", idx_files(), packed=True)
    assert_idx_contents(load("fashion-mnist"))


def test_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    """scikit-learn's images where it is installed, else a stand-in of their shape."""
    if importlib.util.find_spec("sklearn") is None:
        labels = np.arange(1797) % 10
        stand_in: Any = types.ModuleType("sklearn.datasets")
        stand_in.load_digits = lambda return_X_y: (
            np.tile((np.arange(1797.0) % 17)[:, None], 64),
            labels,
        )
        monkeypatch.setitem(sys.modules, "sklearn", types.ModuleType("sklearn"))
        monkeypatch.setitem(sys.modules, "sklearn.datasets", stand_in)
    data = load("digits")
    assert (data.name, data.n_classes) == ("digits", 10)
    assert data.x_train.dtype == np.uint8
    assert data.x_train.shape[1] == data.x_test.shape[1] == 64
    assert max(data.x_train.max(), data.x_test.max()) == 16
    n_train, n_test = np.bincount(data.y_train), np.bincount(data.y_test)
    assert n_train.sum() + n_test.sum() == 1797
    assert n_test.tolist() == ((n_train + n_test) // 5).tolist()


def test_digits_split_takes_each_classes_fifth_image(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stand_in: Any = types.ModuleType("sklearn.datasets")
    pixels = np.repeat(np.arange(20.0)[:, None] % 17, 64, axis=1)
    labels = np.array([3, 8] * 10)
    stand_in.load_digits = lambda return_X_y: (pixels, labels)
    monkeypatch.setitem(sys.modules, "sklearn", types.ModuleType("sklearn"))
    monkeypatch.setitem(sys.modules, "sklearn.datasets", stand_in)
    data = load("digits")
    assert data.x_test[:, 0].tolist() == [8, 9, 18 - 17, 19 - 17]
    assert data.y_test.tolist() == [3, 8, 3, 8]
    assert len(data.x_train) == 16


def test_digits_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'scikit-learn>=1.6'"):
        load("digits")


# --- names and folders that are not there ------------------------------------------


def test_unknown_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYAMLZ_DATA", str(tmp_path))
    with pytest.raises(InputError, match=r"^name_or_path: .*digits, mnist.*'mnits'"):
        load("mnits")
    with pytest.raises(InputError, match=r"^name_or_path: 'mnist' not found.*PYAMLZ_"):
        load("mnist")
    with pytest.raises(InputError, match="name_or_path"):
        load(tmp_path / "nowhere")
    with pytest.raises(InputError, match="name_or_path"):
        load("no\0name")
    with pytest.raises(InputError, match="name_or_path"):
        load("n" * 10_000)
    with pytest.raises(InputError, match=r"^name_or_path: .*got 7"):
        load(7)  # type: ignore[arg-type]


def test_a_file_is_not_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    with pytest.raises(InputError, match="expected a folder"):
        load(path)


def test_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train-images.*data_batch_1.*neither"):
        load(tmp_path)


@pytest.mark.parametrize("key", ["y_train", "x_test", "y_test"])
def test_missing_idx_file(tmp_path: Path, key: str) -> None:
    files = idx_files()
    del files[key]
    with pytest.raises(DataError, match=IDX_NAMES[key]):
        load(write_idx(tmp_path, files))


@pytest.mark.parametrize("name", ["data_batch_4.bin", "test_batch.bin"])
def test_missing_cifar_file(tmp_path: Path, name: str) -> None:
    (write_cifar(tmp_path) / name).unlink()
    with pytest.raises(DataError, match=f"{name}: no such file"):
        load(tmp_path)


def test_a_pipe_in_a_files_place_does_not_block(tmp_path: Path) -> None:
    path = write_cifar(tmp_path) / "data_batch_2.bin"
    path.unlink()
    if hasattr(os, "mkfifo"):
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(DataError, match=r"data_batch_2.bin: expected a regular file"):
        load(tmp_path)


def test_errors_of_the_system_are_wrapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_idx(tmp_path, idx_files())

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=r"train-images.*cannot be read.*denied"):
        load(tmp_path)


# --- damaged IDX files -----------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("key", IDX_NAMES)
def test_every_truncation_of_an_idx_file(tmp_path: Path, key: str, packed: bool) -> None:
    files = idx_files()
    for n in range(len(files[key])):
        write_idx(tmp_path, files | {key: files[key][:n]}, packed=packed)
        with pytest.raises(DataError, match=IDX_NAMES[key]):
            load(tmp_path)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("key", IDX_NAMES)
def test_bytes_after_an_idx_file(tmp_path: Path, key: str, packed: bool) -> None:
    files = idx_files()
    write_idx(tmp_path, files | {key: files[key] + b"\0"}, packed=packed)
    with pytest.raises(DataError, match=r"contents after offset .*got more than"):
        load(tmp_path)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("key", IDX_NAMES)
def test_every_bit_of_an_idx_header_matters(tmp_path: Path, key: str, packed: bool) -> None:
    files = idx_files()
    header = 16 if key.startswith("x") else 8
    for bit in range(8 * header):
        damaged = bytearray(files[key])
        damaged[bit // 8] ^= 1 << (bit % 8)
        write_idx(tmp_path, files | {key: bytes(damaged)}, packed=packed)
        with pytest.raises(DataError, match=IDX_NAMES[key]):
            load(tmp_path)


def test_every_truncation_of_a_packed_file(tmp_path: Path) -> None:
    path = write_idx(tmp_path, idx_files(), packed=True) / "train-images-idx3-ubyte.gz"
    whole = path.read_bytes()
    for n in range(len(whole)):
        path.write_bytes(whole[:n])
        with pytest.raises(DataError, match=path.name):
            load(tmp_path)


def test_every_bit_of_a_packed_file_matters_or_changes_nothing(tmp_path: Path) -> None:
    path = write_idx(tmp_path, idx_files(), packed=True) / "train-images-idx3-ubyte.gz"
    whole = path.read_bytes()
    refusals = []
    for bit in range(8 * len(whole)):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(damaged)
        try:
            data = load(tmp_path)
        except DataError as error:
            refusals.append(str(error))
        else:
            assert_idx_contents(data)
    # Only time stamp, flags and operating system in gzip's own header are free.
    assert len(refusals) >= 8 * (len(whole) - 10)
    assert all(path.name in message for message in refusals)


@pytest.mark.parametrize(
    ("key", "content", "message"),
    [
        ("x_train", idx((3, 2, 3), bytes(18), 0x0D03), r"offset 0: .*03 .*00000d03"),
        ("x_train", idx((18,), bytes(18)), r"magic .*0x00000803 .*3 axes.*0x00000801"),
        ("y_train", idx((3, 1, 1), bytes(3)), r"magic .*0x00000801 .*1 axes"),
        ("x_train", gzip.compress(b"x"), r"magic .*got 0x1f8b0800"),
        ("x_train", idx((0, 2, 3), b""), r"number of images at offset 4: .*got 0"),
        ("x_train", idx((3, 0, 3), b""), r"rows at offset 8: expected at least 1"),
        ("x_test", idx((3, 2, 0), b""), r"columns at offset 12: expected at least 1"),
        ("y_test", idx((0,), b""), r"number of labels at offset 4"),
        ("y_train", idx((4,), bytes(4)), r"labels at offset 4: expected 3 .*got 4"),
        ("y_train", idx((3,), bytes([1, 10, 255])), r"offset 9: .*0 to 9, got 10"),
        ("y_test", idx((2,), bytes([200, 0])), r"offset 8: .*0 to 9, got 200"),
        ("x_test", idx((2, 3, 2), bytes(12)), r"rows .*offset 8: .*\(2, 3\) .*\(3, 2\)"),
        ("x_train", idx((2**32 - 1,) * 3, b""), r"at most 2147483648 bytes"),
        ("x_train", idx((2**31, 1, 1), b"abc"), r"says 2147483648 bytes, but a file"),
        ("x_train", b"", r"header: expected 16 bytes, got 0"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_wrong_idx_fields(tmp_path: Path, key: str, content: bytes, message: str, packed: bool) -> None:
    write_idx(tmp_path, idx_files() | {key: content}, packed=packed)
    with pytest.raises(DataError, match=message) as caught:
        load(tmp_path)
    assert IDX_NAMES[key] in str(caught.value)


def test_not_gzip_at_all(tmp_path: Path) -> None:
    path = write_idx(tmp_path, idx_files(), packed=True) / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(idx_files()["y_test"])
    with pytest.raises(DataError, match=r"t10k-labels.*cannot be read"):
        load(tmp_path)


def test_bytes_after_the_gzip_data(tmp_path: Path) -> None:
    path = write_idx(tmp_path, idx_files(), packed=True) / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(DataError, match=r"t10k-labels.*cannot be read"):
        load(tmp_path)


def peak_of_refusal(folder: Path, message: str) -> int:
    """Bytes that Python took at most while `folder` was refused."""
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=message):
            load(folder)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_gzip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    bomb = idx((3, 2, 3), bytes(100_000_000))
    write_idx(tmp_path, idx_files() | {"x_train": bomb}, packed=True)
    del bomb
    assert peak_of_refusal(tmp_path, "expected 18 bytes, got more than 18") < 2_000_000


@pytest.mark.parametrize("packed", [False, True])
def test_claims_are_refused_before_memory_is_taken(tmp_path: Path, packed: bool) -> None:
    claim = idx((1_000_000, 28, 28), bytes(1000))
    write_idx(tmp_path, idx_files() | {"x_train": claim}, packed=packed)
    assert peak_of_refusal(tmp_path, "cannot hold them") < 1_000_000


def test_possible_claims_take_memory_as_data_come(tmp_path: Path) -> None:
    # Random bytes do not shrink: a file this long could hold 1032 times as much.
    noise = np.arange(1_000_000, dtype=np.uint32) * np.uint32(2_654_435_761)
    claim = idx((900_000, 28, 28), noise.tobytes())
    write_idx(tmp_path, idx_files() | {"x_train": claim}, packed=True)
    assert peak_of_refusal(tmp_path, "expected 705600000 bytes") < 20_000_000


# --- damaged CIFAR-10 files --------------------------------------------------------


@pytest.mark.parametrize("name", ["data_batch_1.bin", "test_batch.bin"])
def test_every_truncation_of_a_cifar_file(tmp_path: Path, name: str) -> None:
    path = write_cifar(tmp_path) / name
    whole = path.read_bytes()
    for n in reversed(range(len(whole))):
        os.truncate(path, n)
        with pytest.raises(DataError, match=r"size: expected|records: expected"):
            load(tmp_path)


def test_cifar_errors_name_file_and_place(tmp_path: Path) -> None:
    path = write_cifar(tmp_path) / "data_batch_3.bin"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(DataError, match=r"data_batch_3.bin: size: .*3073 .*got 6145"):
        load(tmp_path)
    path.write_bytes(whole[:RECORD])
    with pytest.raises(DataError, match=r"batch_3.bin: records: expected 2 .*got 1"):
        load(tmp_path)
    path.write_bytes(whole[:RECORD] + b"\x0a" + whole[RECORD + 1 :])
    with pytest.raises(DataError, match=r"batch_3.bin: label at offset 3073: .*got 10"):
        load(tmp_path)


def test_cifar_file_beyond_the_cap(tmp_path: Path) -> None:
    path = write_cifar(tmp_path) / "data_batch_1.bin"
    os.truncate(path, RECORD * math.ceil(2**31 / RECORD))  # sparse: takes no room
    assert peak_of_refusal(tmp_path, "expected at most 2147483648") < 1_000_000


# --- images made by the user -------------------------------------------------------


def image_arguments(**changes: Any) -> dict[str, Any]:
    valid: dict[str, Any] = {
        "name": "own",
        "x_train": np.zeros((3, 4), np.uint8),
        "y_train": np.array([0, 1, 2]),
        "x_test": np.zeros((2, 4), np.uint8),
        "y_test": np.array([1, 0]),
        "n_classes": 3,
    }
    return valid | changes


def labels(*values: int) -> npt.NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_train": [[1]]}, r"^own: x_train: expected uint8 or float pixels"),
        ({"x_train": np.zeros((3, 4), int)}, r"^own: x_train: expected uint8 or float"),
        ({"x_test": np.zeros((2, 2, 2), np.uint8)}, r"^own: x_test: .*\(2, 2, 2\)"),
        ({"x_train": np.zeros((3, 0), np.uint8)}, r"^own: x_train: .*\(3, 0\)"),
        ({"x_test": np.full((2, 4), np.nan)}, r"^own: x_test: expected finite pixels"),
        ({"x_test": np.zeros((2, 4))}, r"^own: x_test: expected uint8 like x_train"),
        ({"x_test": np.zeros((2, 5), np.uint8)}, r"^own: x_test: expected 4 pixels"),
        ({"y_train": np.zeros(3)}, r"^own: y_train: expected int64"),
        ({"y_train": labels(0, 1)}, r"^own: y_train: expected 3 labels .*\(2,\)"),
        ({"y_test": labels(0, 3)}, r"^own: y_test: expected labels from 0 to 2, .*0 to 3"),
        ({"y_test": labels(0, -1)}, r"^own: y_test: expected labels .*-1 to 0"),
    ],
)
def test_wrong_image_arrays(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        ImageData(**image_arguments(**changes))


@pytest.mark.parametrize("n_classes", [0, 1, 65537, "3", 3.0])
def test_wrong_number_of_classes(n_classes: Any) -> None:
    with pytest.raises(InputError, match=r"^n_classes: "):
        ImageData(**image_arguments(n_classes=n_classes))
