"""Task sets from the user's arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pyamlz._lib.errors import DataError, InputError
from pyamlz.tasks import TaskSet, from_arrays

Array = npt.NDArray[Any]


def numbered(n: int = 10, f: int = 3, dtype: str = "float32") -> tuple[Array, Array]:
    """Examples that can be told apart: x[i] = 10 i + feature, y[i] = i."""
    x = 10.0 * np.arange(n)[:, None] + np.arange(f)
    return x.astype(dtype), np.arange(n).astype(dtype)


def assert_split(tasks: TaskSet, task: int, x: Array, y: Array) -> None:
    """Each example is in just one part of the task, with its own label."""
    parts_x = np.concatenate([tasks.train_x[task], tasks.valid_x[task]])
    parts_y = np.concatenate([tasks.train_y[task], tasks.valid_y[task]])
    order = np.argsort(parts_x[:, 0])
    np.testing.assert_array_equal(parts_x[order], x)
    np.testing.assert_array_equal(parts_y[order], y)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_stacked_arrays_are_not_copied(dtype: str) -> None:
    x, y = np.zeros((3, 8, 4), dtype), np.zeros((3, 8), dtype)
    x_valid, y_valid = np.ones((3, 2, 4), dtype), np.ones((3, 2), dtype)
    tasks = from_arrays(x, y, x_valid, y_valid, kind="regression", n_tasks=3)
    assert np.shares_memory(tasks.train_x, x)
    assert np.shares_memory(tasks.train_y, y)
    assert np.shares_memory(tasks.valid_x, x_valid)
    assert np.shares_memory(tasks.valid_y, y_valid)
    assert (tasks.n_tasks, tasks.n_train, tasks.n_valid) == (3, 8, 2)


def test_one_task_with_validation_examples_is_not_copied() -> None:
    x, y = numbered()
    tasks = from_arrays(x, y, x[:4], y[:4], kind="regression")
    assert tasks.train_x.shape == (1, 10, 3)
    assert tasks.valid_y.shape == (1, 4)
    assert np.shares_memory(tasks.train_x, x)
    assert np.shares_memory(tasks.valid_x, x)


def test_other_layouts_are_copied_to_c_order() -> None:
    x, y = numbered()
    odd = np.zeros(x.nbytes + 1, np.uint8)[1:].view(np.float32).reshape(x.shape)
    odd[:] = x
    for given in (np.asfortranarray(x), np.repeat(x, 2, axis=1)[:, ::2], odd):
        tasks = from_arrays(given, y, x, y, kind="regression")
        np.testing.assert_array_equal(tasks.train_x[0], x)
        assert tasks.train_x.flags.c_contiguous
        assert tasks.train_x.flags.aligned


def test_one_array_is_split() -> None:
    x, y = numbered()
    tasks = from_arrays(x, y, kind="regression", epochs=5, seed=3)
    assert (tasks.n_tasks, tasks.n_train, tasks.n_valid) == (1, 8, 2)
    assert (tasks.epochs, tasks.order_seed, tasks.n_classes) == (5, 3, 0)
    assert_split(tasks, 0, x, y)


def test_splits_of_one_array_differ_by_task_and_seed() -> None:
    x, y = numbered(100)
    tasks = from_arrays(x, y, kind="regression", n_tasks=4, seed=1)
    for task in range(4):
        assert_split(tasks, task, x, y)
    assert len({valid.tobytes() for valid in tasks.valid_y}) == 4
    again = from_arrays(x, y, kind="regression", n_tasks=4, seed=1)
    other = from_arrays(x, y, kind="regression", n_tasks=4, seed=2)
    assert again.digest == tasks.digest != other.digest


def test_stacked_arrays_are_split_task_by_task() -> None:
    x, y = numbered(20)
    stacked_x, stacked_y = np.stack([x, x + 1]), np.stack([y, -y])
    tasks = from_arrays(stacked_x, stacked_y, kind="regression")
    for task in range(2):
        assert_split(tasks, task, stacked_x[task], stacked_y[task])
    assert not np.array_equal(tasks.valid_y[0], -tasks.valid_y[1])


@pytest.mark.parametrize(
    ("n", "fraction", "n_valid"),
    [(10, 0.25, 3), (10, 0.24, 2), (10, 0.001, 1), (10, 0.999, 9), (2, 0.5, 1)],
)
def test_number_of_validation_examples(n: int, fraction: float, n_valid: int) -> None:
    tasks = from_arrays(*numbered(n), kind="regression", valid_fraction=fraction)
    assert (tasks.n_train, tasks.n_valid) == (n - n_valid, n_valid)


@pytest.mark.parametrize(
    ("x_dtype", "y_dtype", "expected"),
    [
        ("float32", "float32", "float32"),
        ("float32", "int64", "float32"),
        ("float32", "bool", "float32"),
        ("float32", "float64", "float64"),
        ("float64", "float32", "float64"),
        ("float16", "uint8", "float32"),
        ("int64", "int8", "float32"),
        (">f4", ">i4", "float32"),
        (">f8", "float32", "float64"),
    ],
)
def test_default_dtype_changes_no_value(x_dtype: str, y_dtype: str, expected: str) -> None:
    x, y = numbered(2)
    tasks = from_arrays(x.astype(x_dtype), y.astype(y_dtype), x, y, kind="binary")
    assert tasks.train_x.dtype.name == tasks.valid_y.dtype.name == expected
    np.testing.assert_array_equal(tasks.train_x[0], x)
    np.testing.assert_array_equal(tasks.train_y[0], y)


def test_large_integers_are_held_exactly_or_refused() -> None:
    x, y = np.array([[2**24], [-(2**24)]]), np.array([0, 1])

    def make(x: Array, **options: Any) -> TaskSet:
        return from_arrays(x, y, x, y, kind="binary", **options)

    assert make(x).train_x.dtype == np.float32
    larger = x + np.array([[1], [-1]])
    assert make(larger).train_x.dtype == np.float64
    assert make(larger).train_x[0].tolist() == [[2.0**24 + 1], [-(2.0**24) - 1]]
    with pytest.raises(DataError, match=r"^X: expected integers that float32 .*float64"):
        make(larger, precision="float32")
    with pytest.raises(DataError, match=r"^X: .*2\*\*53.*got 9007199254740993"):
        make(np.array([[1], [-(2**53) - 1]]))
    with pytest.raises(DataError, match=r"^X: .*got 18446744073709551615"):
        make(np.array([[1], [2**64 - 1]], dtype=np.uint64))


def test_dtype_given_rounds_floats() -> None:
    x, y = np.array([[0.1], [0.2]]), np.array([0.3, 0.4])
    tasks = from_arrays(x, y, x, y, kind="regression", precision="float32")
    assert tasks.train_x.dtype == np.float32
    assert tasks.train_x[0, 0, 0] == np.float32(0.1)
    with pytest.raises(DataError, match=r"^y: .*range of float32, got 1e\+300"):
        from_arrays(x, y * np.array([1, 2.5e300]), kind="regression", precision="float32")


def test_lists_are_taken() -> None:
    tasks = from_arrays([[1, 2], [3, 4]], [0, 1], [[5, 6]], [1], kind="binary")
    assert tasks.train_x.tolist() == [[[1.0, 2.0], [3.0, 4.0]]]
    assert (tasks.kind, tasks.n_classes) == ("binary", 2)


def test_number_of_classes() -> None:
    x, _ = numbered(6, 5)
    y = np.array([0, 1, 2, 0, 1, 2])
    assert from_arrays(x, y, kind="multiclass").n_classes == 3
    assert from_arrays(x, y, x[:1], [3], kind="multiclass").n_classes == 4
    assert from_arrays(x, y, kind="multiclass", n_classes=5).n_classes == 5
    assert from_arrays(x, 0 * y, kind="multiclass").n_classes == 2


def test_source_makes_the_set_again() -> None:
    x, y = numbered(20, 20)
    y = y % 4
    tasks = from_arrays(x, y, kind="multiclass", n_tasks=3, seed=8, epochs=2)
    assert tasks.source["generator"] == "from_arrays"
    again = from_arrays(x, y, **tasks.source["arguments"])
    assert again.digest == tasks.digest
    assert again.source == tasks.source


X, Y = numbered(4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "classification"}, r"^kind: .*got 'classification'"),
        ({"valid_fraction": 0.0}, r"^valid_fraction: .*between 0 and 1, got 0.0"),
        ({"valid_fraction": 1}, r"^valid_fraction: .*got 1"),
        ({"valid_fraction": float("nan")}, r"^valid_fraction: .*got nan"),
        ({"valid_fraction": "0.5"}, r"^valid_fraction: .*got '0.5'"),
        ({"n_tasks": 0}, r"^n_tasks: .*got 0"),
        ({"seed": 1.5}, r"^seed: .*got 1.5"),
        ({"epochs": 0}, r"^epochs: .*got 0"),
        ({"precision": "int32"}, r"^precision: .*got 'int32'"),
        ({"n_classes": 2}, r"^n_classes: expected 0 for regression, got 2"),
        ({"X_valid": X}, r"^X_valid, y_valid: expected both or neither"),
        ({"y_valid": Y}, r"^X_valid, y_valid: expected both or neither"),
        (
            {"X_valid": X, "y_valid": Y, "n_tasks": 2},
            r"^n_tasks: expected 1 with X_valid, got 2",
        ),
        (
            {"X": np.stack([X, X]), "y": np.stack([Y, Y]), "n_tasks": 3},
            r"^n_tasks: expected 2, .*got 3",
        ),
    ],
)
def test_wrong_arguments(changes: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"X": X, "y": Y, "kind": "regression"}
    with pytest.raises(InputError, match=message):
        from_arrays(**(given | changes))


class NoArray:
    """An object that fails when made into an array."""

    def __array__(self, *_: object, **__: object) -> Array:
        raise TypeError("not today")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"X": X.astype(object)}, r"^X: expected bools, integers or floats .*object"),
        ({"X": X.astype(complex)}, r"^X: .*dtype complex128"),
        ({"y": ["cat", "dog", "cat", "dog"]}, r"^y: .*dtype <U3"),
        ({"y": Y.astype("datetime64[s]")}, r"^y: .*dtype datetime64"),
        ({"X": [[1.0, 2.0], [3.0]]}, r"^X: expected an array of numbers"),
        ({"X": NoArray()}, r"^X: expected an array of numbers: not today"),
        ({"X": np.ma.masked_less(X, 1)}, r"^X: .*masked array"),
        ({"X": X[0]}, r"^X: expected \(N, F\) or \(D, N, F\), got shape \(3,\)"),
        ({"X": X[None, None]}, r"^X: .*got shape \(1, 1, 4, 3\)"),
        ({"X": 1.0}, r"^X: .*got shape \(\)"),
        ({"X": X[:0], "y": Y[:0]}, r"^X: expected no axis of length 0"),
        ({"X": X[:, :0]}, r"^X: expected no axis of length 0"),
        ({"X": np.zeros((4, 65537))}, r"^X: expected at most 65536 features, got 65537"),
        ({"y": Y[:3]}, r"^y: expected shape \(4,\) .*got \(3,\)"),
        ({"y": Y[:, None]}, r"^y: expected shape \(4,\) .*got \(4, 1\)"),
        ({"X": X[:1], "y": Y[:1]}, r"^X: expected at least 2 examples to split, got 1"),
        (
            {"X": np.where(X == 21, np.nan, X)},
            r"^X: expected finite numbers, got nan at \[2, 1\] \(1 such\)",
        ),
        ({"y": np.where(Y == 3, -np.inf, Y)}, r"^y: .*got -inf at \[3\]"),
        ({"kind": "binary"}, r"^y: expected 0 or 1, got 2.0 at \[2\] \(2 such\)"),
        ({"kind": "binary", "y": 2 * Y - 1}, r"^y: expected 0 or 1, got -1.0 at \[0\]"),
        ({"kind": "multiclass", "y": Y - 1}, r"^y: .*class index .*got -1.0"),
        ({"kind": "multiclass", "y": Y / 2}, r"^y: .*class index .*got 0.5"),
        ({"kind": "multiclass", "y": Y + np.nan}, r"^y: .*got nan"),
        ({"kind": "multiclass", "y": Y * 1e9}, r"^y: .*from 0 to 65535, got 1000000000.0 at \[1\]"),
        ({"kind": "multiclass", "y": Y + 1}, r"^X: .*as many features as classes \(5\), got 3"),
        (
            {"kind": "multiclass", "n_classes": 3},
            r"^y: .*class index from 0 to 2, got 3.0 at \[3\]",
        ),
        ({"X_valid": X[None], "y_valid": Y[None]}, r"one number of axes, got X 2, "),
        ({"X_valid": X[:, :2], "y_valid": Y}, r"one number of features, got X 3, "),
        ({"X_valid": X, "y_valid": Y[:3]}, r"^y_valid: .*X_valid of shape \(4, 3\)"),
        (
            {
                "X": np.stack([X, X]),
                "y": np.stack([Y, Y]),
                "X_valid": X[None],
                "y_valid": Y[None],
            },
            r"^X, X_valid: expected one number of tasks",
        ),
    ],
)
def test_wrong_arrays(changes: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"X": X, "y": Y, "kind": "regression"}
    with pytest.raises(DataError, match=message):
        from_arrays(**(given | changes))


def test_longdouble_is_refused_where_it_is_wider() -> None:
    wide = X.astype(np.longdouble)
    if wide.dtype.itemsize == 8:
        assert from_arrays(wide, Y, kind="regression").train_x.dtype == np.float64
    else:
        with pytest.raises(DataError, match=r"^X: .*at most 64 bits"):
            from_arrays(wide, Y, kind="regression")
