"""Task sets from the user's own arrays."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pyamlz._lib import random as _random
from pyamlz._lib.checks import MAX_COUNT, MAX_FEATURES, Precision, checked_int, checked_precision, checked_seed
from pyamlz._lib.errors import DataError, InputError
from pyamlz.tasks._taskset import (
    Kind,
    TaskSet,
    check_features,
    check_labels,
    check_same,
    checked_kind,
    checked_n_classes,
)

Arrays: TypeAlias = dict[str, npt.NDArray[Any]]


def from_arrays(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    X_valid: npt.ArrayLike | None = None,
    y_valid: npt.ArrayLike | None = None,
    *,
    kind: Kind,
    n_classes: int | None = None,
    valid_fraction: float = 0.2,
    n_tasks: int = 1,
    seed: int = 0,
    epochs: int = 1,
    precision: Precision | None = None,
) -> TaskSet:
    """Tasks made of the user's examples.

    Args:
        X: features, (N, F), or (D, N, F) for D tasks already stacked.
        y: labels, (N,) or (D, N) to go with X. "regression": finite numbers.
            "binary": 0 or 1. "multiclass": class indexes from 0.
        X_valid: validation features, of as many axes as X. Without them, each
            task keeps back some of its own examples for validation.
        y_valid: validation labels; given just when X_valid is.
        kind: "regression", "binary" or "multiclass".
        n_classes: number of classes, at most F; by default the largest label
            plus one. Left out for the other kinds.
        valid_fraction: share of the examples kept back, between 0 and 1: the
            number is rounded half up, and at least one example goes to each
            side. The examples are drawn without regard to their labels.
        n_tasks: tasks to make of one (N, F) array, each by its own random
            split. For stacked arrays 1, the default, or D.
        seed: seed of the splits and of the example order, 0 to 2**64 - 1.
        epochs: passes over the training examples.
        precision: "float32" or "float64". By default float64 if any input is
            float64 or holds integers beyond 2**24, else float32, so that no
            value changes. If given, floats are rounded to it.

    Returns:
        A TaskSet. With validation examples of their own the examples keep their
        order, which should be random, and C-contiguous arrays of the set's precision
        are not copied. Its `source` does not hold the data; the
        set's `digest` tells whether the same arrays were given again.

    Raises:
        DataError: an array is not of real numbers, or its shape, its values or
            its fit with the others is wrong.
        InputError: another argument is wrong.
    """
    kind = checked_kind(kind)
    n_tasks = checked_int("n_tasks", n_tasks, 1, MAX_COUNT)
    seed = checked_seed("seed", seed)
    fraction = _checked_fraction("valid_fraction", valid_fraction)
    if (X_valid is None) != (y_valid is None):
        raise InputError("X_valid, y_valid: expected both or neither, got one")
    inputs = {"X": X, "y": y, "X_valid": X_valid, "y_valid": y_valid}
    arrays = _in_one_dtype({name: _real(name, a) for name, a in inputs.items() if a is not None}, precision)
    classes = _count_classes(kind, n_classes, arrays)
    _check_examples(arrays, kind, classes)
    parts = _split(arrays["X"], arrays["y"], n_tasks, fraction, seed) if X_valid is None else _as_given(arrays, n_tasks)
    return TaskSet(
        kind=kind,
        train_x=parts[0],
        train_y=parts[1],
        valid_x=parts[2],
        valid_y=parts[3],
        n_classes=classes,
        epochs=epochs,
        order_seed=seed,
        source={
            "generator": "from_arrays",
            "arguments": {
                "kind": kind,
                "n_classes": classes if kind == "multiclass" else None,
                "valid_fraction": fraction,
                "n_tasks": n_tasks,
                "seed": seed,
                "epochs": checked_int("epochs", epochs, 1, MAX_COUNT),
                "precision": parts[0].dtype.name,
            },
        },
    )


def _checked_fraction(name: str, value: object) -> float:
    if isinstance(value, (float, np.floating)) and 0 < value < 1:
        return float(value)
    raise InputError(f"{name}: expected a number between 0 and 1, got {value!r}")


def _real(name: str, values: npt.ArrayLike) -> npt.NDArray[Any]:
    """`values` as an array of bools, integers or floats of at most 64 bits."""
    if isinstance(values, np.ma.MaskedArray):
        raise DataError(f"{name}: expected a plain array, got a masked array")
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name}: expected an array of numbers: {error}") from error
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise DataError(f"{name}: expected bools, integers or floats of at most 64 bits, got dtype {array.dtype}")
    return array


def _in_one_dtype(arrays: Arrays, precision: Precision | None) -> Arrays:
    needed = {name: _exact_precision(name, array) for name, array in arrays.items()}
    if precision is not None:
        target = checked_precision("precision", precision)
    else:
        target = "float64" if "float64" in needed.values() else "float32"
    for name, array in arrays.items():
        if array.dtype.kind != "f" and needed[name] > target:
            raise DataError(
                f"{name}: expected integers that float32 holds exactly (up to 2**24), "
                "got larger ones; precision='float64' would hold them"
            )
    return {name: _converted(name, array, target) for name, array in arrays.items()}


def _exact_precision(name: str, array: npt.NDArray[Any]) -> Precision:
    """The smaller of the two dtypes that holds each value of `array` exactly."""
    if array.dtype.kind == "f":
        return "float64" if array.dtype.itemsize == 8 else "float32"
    if array.dtype.kind == "b" or array.size == 0:
        return "float32"
    largest = max(abs(int(array.min())), abs(int(array.max())))
    if largest > 2**53:
        raise DataError(
            f"{name}: expected integers that float64 holds exactly (up to 2**53), got {largest} in absolute value"
        )
    return "float64" if largest > 2**24 else "float32"


def _converted(name: str, array: npt.NDArray[Any], target: Precision) -> npt.NDArray[Any]:
    """`array` in C order in `target`; itself if it is so already."""
    with np.errstate(over="ignore"):
        result = np.require(array, target, ["C_CONTIGUOUS", "ALIGNED"])
    if array.dtype.itemsize > result.dtype.itemsize:
        lost = np.isinf(result) & np.isfinite(array)
        if lost.any():
            raise DataError(f"{name}: expected numbers within the range of {target}, got {array[lost][0]}")
    return result


def _count_classes(kind: Kind, n_classes: int | None, arrays: Arrays) -> int:
    if kind != "multiclass":
        count = 2 if kind == "binary" else 0
        return checked_n_classes(kind, count if n_classes is None else n_classes)
    if n_classes is not None:
        return checked_n_classes(kind, n_classes)
    labels = [a for name, a in arrays.items() if name.startswith("y") and a.size]
    largest = max((float(a.max()) for a in labels), default=0.0)
    # Labels that are no class indexes, or too large, are left to check_labels.
    return min(max(int(largest) + 1, 2), MAX_FEATURES) if math.isfinite(largest) else 2


def _check_examples(arrays: Arrays, kind: Kind, n_classes: int) -> None:
    x = arrays["X"]
    if x.ndim not in (2, 3):
        raise DataError(f"X: expected (N, F) or (D, N, F), got shape {x.shape}")
    for x_name, y_name in (("X", "y"), ("X_valid", "y_valid")):
        if x_name in arrays:
            check_same("number of axes", {"X": x.ndim, x_name: arrays[x_name].ndim})
            check_features(x_name, arrays[x_name])
            check_labels(y_name, arrays[y_name], x_name, arrays[x_name], kind, n_classes)
    if "X_valid" in arrays:
        sizes = {name: arrays[name].shape for name in ("X", "X_valid")}
        check_same("number of features", {n: s[-1] for n, s in sizes.items()})
        check_same("number of tasks", {n: s[:-2] for n, s in sizes.items()})


def _as_given(arrays: Arrays, n_tasks: int) -> list[npt.NDArray[Any]]:
    parts = list(arrays.values())  # X, y, X_valid, y_valid
    if arrays["X"].ndim == 2:
        if n_tasks != 1:
            raise InputError(
                f"n_tasks: expected 1 with X_valid, got {n_tasks}; only without X_valid are several splits drawn from X"
            )
        return [part[np.newaxis] for part in parts]
    _check_stacked(arrays["X"], n_tasks)
    return parts


def _check_stacked(x: npt.NDArray[Any], n_tasks: int) -> None:
    if n_tasks not in (1, len(x)):
        raise InputError(f"n_tasks: expected {len(x)}, the length of X's first axis, got {n_tasks}")


def _split(
    x: npt.NDArray[Any], y: npt.NDArray[Any], n_tasks: int, fraction: float, seed: int
) -> list[npt.NDArray[Any]]:
    n = x.shape[-2]
    if n < 2:
        raise DataError(f"X: expected at least 2 examples to split, got {n}")
    if x.ndim == 3:
        _check_stacked(x, n_tasks)
        sources = list(zip(x, y, strict=True))
    else:
        sources = [(x, y)] * n_tasks
    n_valid = min(max(math.floor(n * fraction + 0.5), 1), n - 1)
    parts: tuple[list[npt.NDArray[Any]], ...] = ([], [], [], [])
    for task, (task_x, task_y) in enumerate(sources):
        order = _random.permutation(seed, ("from_arrays", "split", task), n)
        for k, rows in enumerate((order[n_valid:], order[:n_valid])):
            parts[2 * k].append(task_x[rows])
            parts[2 * k + 1].append(task_y[rows])
    return [np.stack(part) for part in parts]
