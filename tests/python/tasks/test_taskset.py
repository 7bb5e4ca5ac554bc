"""TaskSet: what it holds and what it refuses."""

from __future__ import annotations

import copy
import hashlib
import struct
from typing import Any

import numpy as np
import pytest

from pyamlz._lib.errors import DataError, InputError
from pyamlz.tasks import TaskSet


def arguments(**changes: Any) -> dict[str, Any]:
    """Arguments of a valid set of 2 binary tasks, 3 features, 4 + 2 examples."""
    valid: dict[str, Any] = {
        "kind": "binary",
        "train_x": np.arange(24, dtype=np.float32).reshape(2, 4, 3),
        "train_y": np.array([[0, 1, 0, 1], [1, 1, 0, 0]], dtype=np.float32),
        "valid_x": np.arange(12, dtype=np.float32).reshape(2, 2, 3),
        "valid_y": np.array([[0, 1], [1, 0]], dtype=np.float32),
        "n_classes": 2,
    }
    return valid | changes


def with_value(name: str, index: tuple[int, ...], value: float) -> dict[str, Any]:
    changed = arguments()
    changed[name][index] = value
    return changed


def test_sizes_and_defaults() -> None:
    tasks = TaskSet(**arguments())
    sizes = (tasks.n_tasks, tasks.n_train, tasks.n_valid, tasks.n_features)
    assert sizes == (2, 4, 2, 3)
    assert (tasks.epochs, tasks.order_seed, tasks.source) == (1, 0, {})


def test_arrays_are_shared_and_read_only() -> None:
    given = arguments()
    tasks = TaskSet(**given)
    for name in ("train_x", "train_y", "valid_x", "valid_y"):
        held = getattr(tasks, name)
        assert np.shares_memory(held, given[name])
        assert given[name].flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            held[0] = 0


def test_frozen_and_equal_by_identity() -> None:
    tasks = TaskSet(**arguments())
    with pytest.raises(AttributeError):
        tasks.epochs = 2  # type: ignore[misc]
    assert tasks != TaskSet(**arguments())
    assert len({tasks, TaskSet(**arguments())}) == 2


def test_repr_leaves_the_arrays_out() -> None:
    assert "array" not in repr(TaskSet(**arguments()))


def test_digest_by_hand() -> None:
    one = np.ones((1, 1, 1), dtype=np.float64)
    tasks = TaskSet(
        kind="regression",
        train_x=one,
        train_y=2 * one[0],
        valid_x=3 * one,
        valid_y=4 * one[0],
        n_classes=0,
    )
    parts = [
        (b"train_x float64 (1, 1, 1)\n", 1.0),
        (b"train_y float64 (1, 1)\n", 2.0),
        (b"valid_x float64 (1, 1, 1)\n", 3.0),
        (b"valid_y float64 (1, 1)\n", 4.0),
    ]
    content = b"".join(head + struct.pack("<d", value) for head, value in parts)
    assert tasks.digest == hashlib.sha256(content).hexdigest()


def test_digest_sees_values_shapes_and_dtype() -> None:
    sets = [
        arguments(),
        with_value("train_x", (1, 3, 2), 0.5),
        with_value("valid_y", (0, 0), 1.0),
        arguments(**{k: v[:1] for k, v in arguments().items() if k[-2:] in ("_x", "_y")}),
        {k: v.astype(np.float64) if isinstance(v, np.ndarray) else v for k, v in arguments().items()},
    ]
    assert len({TaskSet(**given).digest for given in sets}) == len(sets)
    assert TaskSet(**arguments()).digest == TaskSet(**arguments(epochs=3)).digest


def test_a_copy_keeps_everything() -> None:
    tasks = TaskSet(**arguments(epochs=3, order_seed=9, source={"generator": "x"}))
    again = copy.deepcopy(tasks)  # by the protocol that pickle uses
    assert not np.shares_memory(again.train_x, tasks.train_x)
    assert again.digest == tasks.digest
    assert (again.kind, again.n_classes, again.epochs) == ("binary", 2, 3)
    assert (again.order_seed, again.source) == (9, {"generator": "x"})


def test_source_is_a_copy() -> None:
    source: dict[str, Any] = {"arguments": {"seed": 1, "pairs": (1, 2)}}
    tasks = TaskSet(**arguments(source=source))
    source["arguments"]["seed"] = 2
    assert tasks.source == {"arguments": {"seed": 1, "pairs": [1, 2]}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "ranking"}, r"^kind: expected .*binary.*got 'ranking'"),
        ({"kind": None}, r"^kind: .*got None"),
        ({"epochs": 0}, r"^epochs: expected an integer from 1 .*got 0"),
        ({"epochs": True}, r"^epochs: .*got True"),
        ({"epochs": 1.0}, r"^epochs: .*got 1.0"),
        ({"epochs": np.ones(2, int)}, r"^epochs: .*got array"),
        ({"order_seed": -1}, r"^order_seed: .*got -1"),
        ({"order_seed": 2**64}, r"^order_seed: .*got 18446744073709551616"),
        ({"n_classes": 3}, r"^n_classes: expected 2 for binary, got 3"),
        ({"n_classes": "2"}, r"^n_classes: .*got '2'"),
        ({"kind": "regression"}, r"^n_classes: expected 0 for regression, got 2"),
        ({"kind": "multiclass", "n_classes": 1}, r"^n_classes: .*from 2 .*got 1"),
        ({"source": []}, r"^source: expected a dict .*got list"),
        ({"source": {"a": object()}}, r"^source: expected .*JSON"),
        ({"source": {"a": float("nan")}}, r"^source: expected .*JSON"),
    ],
)
def test_wrong_arguments(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        TaskSet(**arguments(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_x": [[[1.0]]]}, r"^train_x: expected a numpy array, got list"),
        (
            {"valid_y": np.ma.masked_array(np.zeros((2, 2), np.float32))},
            r"^valid_y: expected a numpy array, got MaskedArray",
        ),
        ({"train_y": np.zeros((2, 4), np.int64)}, r"^train_y: .*float64, got int64"),
        ({"train_x": np.zeros((2, 4, 3), ">f4")}, r"^train_x: .*float64, got >f4"),
        ({"train_x": np.zeros((4, 3), np.float32)}, r"^train_x: .*3 axes, .*\(4, 3\)"),
        ({"valid_y": np.zeros(2, np.float32)}, r"^valid_y: .*2 axes, .*\(2,\)"),
        (
            {"train_x": np.zeros((2, 3, 4), np.float32).transpose(0, 2, 1)},
            r"^train_x: .*C-contiguous",
        ),
        (
            {"train_x": np.zeros(97, np.uint8)[1:].view(np.float32).reshape(2, 4, 3)},
            r"^train_x: .*aligned",
        ),
        (
            {"train_y": np.zeros((2, 4))},
            r"expected one dtype, got train_x float32, train_y float64",
        ),
        (
            {"train_x": np.zeros((2, 0, 3), np.float32)},
            r"^train_x: expected no axis of length 0, got shape \(2, 0, 3\)",
        ),
        (
            {"train_x": np.zeros((2, 4, 65537), np.float32)},
            r"^train_x: expected at most 65536 features, got 65537",
        ),
        (
            {"train_y": np.zeros((2, 5), np.float32)},
            r"^train_y: expected shape \(2, 4\) .*train_x .*got \(2, 5\)",
        ),
        (
            {
                "valid_x": np.zeros((1, 2, 3), np.float32),
                "valid_y": np.zeros((1, 2), np.float32),
            },
            r"one number of tasks, got train_x 2, valid_x 1",
        ),
        (
            {"valid_x": np.zeros((2, 2, 5), np.float32)},
            r"one number of features, got train_x 3, valid_x 5",
        ),
        (
            with_value("train_x", (1, 2, 0), np.nan),
            r"^train_x: expected finite numbers, got nan at \[1, 2, 0\] \(1 such\)",
        ),
        (with_value("valid_x", (0, 1, 2), np.inf), r"^valid_x: .*got inf at \[0, 1, 2\]"),
        (with_value("valid_y", (1, 0), np.nan), r"^valid_y: .*got nan at \[1, 0\]"),
        (
            with_value("train_y", (1, 3), 0.5),
            r"^train_y: expected 0 or 1, got 0.5 at \[1, 3\] \(1 such\)",
        ),
        (
            with_value("valid_y", (0, 1), 2.0) | {"kind": "multiclass", "n_classes": 2},
            r"^valid_y: expected a class index from 0 to 1, got 2.0 at \[0, 1\]",
        ),
        (
            with_value("train_y", (0, 0), -1.0) | {"kind": "multiclass", "n_classes": 2},
            r"^train_y: .*got -1.0 at \[0, 0\]",
        ),
        (
            with_value("train_y", (0, 2), 0.5) | {"kind": "multiclass", "n_classes": 2},
            r"^train_y: .*got 0.5 at \[0, 2\]",
        ),
        (
            {"kind": "multiclass", "n_classes": 4},
            r"^train_x: expected at least as many features as classes \(4\), got 3",
        ),
    ],
)
def test_wrong_arrays(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        TaskSet(**arguments(**changes))


def test_regression_labels_are_any_finite_numbers() -> None:
    given = with_value("train_y", (0, 0), -3.5) | {"kind": "regression", "n_classes": 0}
    assert TaskSet(**given).train_y[0, 0] == -3.5


def test_multiclass_may_have_as_many_classes_as_features() -> None:
    given = with_value("train_y", (0, 0), 2.0) | {"kind": "multiclass", "n_classes": 3}
    assert TaskSet(**given).n_classes == 3
