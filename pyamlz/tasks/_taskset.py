"""The set of tasks that programs are scored on, and the checks of its contents."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, cast, get_args

import numpy as np
import numpy.typing as npt

from pyamlz._lib.checks import MAX_COUNT, MAX_FEATURES, checked_choice, checked_int, checked_seed
from pyamlz._lib.errors import DataError, InputError

Kind: TypeAlias = Literal["regression", "binary", "multiclass"]
Reals: TypeAlias = npt.NDArray[np.float32] | npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TaskSet:
    """D supervised tasks of one shape; a program's fitness is taken over all D.

    Real et al. (ICML 2020), section 2: the task set stands in place of a data
    set in the search.

    The arrays are C-contiguous, of one dtype (float32 or float64), and held as
    read-only views: nothing is copied, so a caller who keeps the original must
    not change it. Examples should be in random order: a program has a memory, and
    with sorted or alternating labels it need not look at the features.

    Attributes:
        kind: what the labels are. "regression": any finite number. "binary":
            0.0 or 1.0. "multiclass": class indexes 0.0, 1.0, ... n_classes - 1.
        train_x: training features, (D, N, F), F at most 65,536.
        train_y: training labels, (D, N).
        valid_x: validation features, (D, M, F).
        valid_y: validation labels, (D, M).
        n_classes: 0 for regression, 2 for binary, 2 to F for multiclass.
        epochs: passes over the training examples, at least 1.
        order_seed: seed of the order of the training examples, 0 to 2**64 - 1.
            The first epoch takes them as they stand, each later one in an order
            of its own.
        source: how the set was made: {"generator": function name,
            "arguments": its arguments}, JSON values only.

    Raises:
        DataError: an array has the wrong type, dtype, layout, shape or contents.
        InputError: another argument is out of range.
    """

    kind: Kind
    train_x: Reals = field(repr=False)
    train_y: Reals = field(repr=False)
    valid_x: Reals = field(repr=False)
    valid_y: Reals = field(repr=False)
    n_classes: int
    epochs: int = 1
    order_seed: int = 0
    source: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kind = checked_kind(self.kind)
        n_classes = checked_n_classes(kind, self.n_classes)
        epochs = checked_int("epochs", self.epochs, 1, MAX_COUNT)
        order_seed = checked_seed("order_seed", self.order_seed)
        source = _plain(self.source)
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        for name, array in arrays.items():
            _check_layout(name, array, ndim=3 if name.endswith("_x") else 2)
        check_same("dtype", {name: a.dtype.name for name, a in arrays.items()})
        for part in ("train", "valid"):
            x, y = f"{part}_x", f"{part}_y"
            check_features(x, arrays[x])
            check_labels(y, arrays[y], x, arrays[x], kind, n_classes)
        for axis, size in ((0, "tasks"), (2, "features")):
            check_same(
                f"number of {size}",
                {name: arrays[name].shape[axis] for name in ("train_x", "valid_x")},
            )
        set_field = object.__setattr__  # the dataclass is frozen
        for name, array in arrays.items():
            view = array.view(np.ndarray)
            view.flags.writeable = False
            set_field(self, name, view)
        set_field(self, "kind", kind)
        set_field(self, "n_classes", n_classes)
        set_field(self, "epochs", epochs)
        set_field(self, "order_seed", order_seed)
        set_field(self, "source", source)

    @property
    def n_tasks(self) -> int:
        """D, the number of tasks."""
        return len(self.train_x)

    @property
    def n_features(self) -> int:
        """F, the number of features."""
        return int(self.train_x.shape[2])

    @property
    def n_train(self) -> int:
        """N, the number of training examples of each task."""
        return int(self.train_x.shape[1])

    @property
    def n_valid(self) -> int:
        """M, the number of validation examples of each task."""
        return int(self.valid_x.shape[1])

    @property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of the arrays' dtype, shapes and contents.

        Values count as little-endian, so the digest is the same on every
        machine. It is worked out anew each time.
        """
        sha = hashlib.sha256()
        for name in _ARRAYS:
            array = getattr(self, name)
            sha.update(f"{name} {array.dtype.name} {array.shape}\n".encode("ascii"))
            sha.update(array.astype(array.dtype.newbyteorder("<"), copy=False).data)
        return sha.hexdigest()


_ARRAYS = ("train_x", "train_y", "valid_x", "valid_y")


def checked_kind(kind: object) -> Kind:
    """`kind` if it is one of the three."""
    return cast(Kind, checked_choice("kind", kind, get_args(Kind)))


def checked_n_classes(kind: Kind, n_classes: object) -> int:
    """`n_classes` if it fits `kind`."""
    if kind == "multiclass":
        return checked_int("n_classes", n_classes, 2, MAX_FEATURES)
    only = 2 if kind == "binary" else 0
    if checked_int("n_classes", n_classes, 0, MAX_FEATURES) != only:
        raise InputError(f"n_classes: expected {only} for {kind}, got {n_classes}")
    return only


def check_total(n_tasks: int, n_examples: int, n_features: int) -> None:
    """Refuse a task set whose features could not be addressed in memory."""
    if n_tasks * n_examples * n_features > 2**48:
        raise InputError(
            "n_tasks, n_train, n_valid, n_features: expected at most 2**48 numbers "
            f"in all, got {n_tasks} x {n_examples} x {n_features}"
        )


def check_same(what: str, values: dict[str, object]) -> None:
    """Refuse arguments whose `what` differ; `values` maps their names to it."""
    if len(set(values.values())) > 1:
        found = ", ".join(f"{name} {value}" for name, value in values.items())
        raise DataError(f"{', '.join(values)}: expected one {what}, got {found}")


def check_features(name: str, x: npt.NDArray[Any]) -> None:
    """Refuse features, (..., examples, F), that are empty, too wide or not finite."""
    if 0 in x.shape:
        raise DataError(f"{name}: expected no axis of length 0, got shape {x.shape}")
    if x.shape[-1] > MAX_FEATURES:
        raise DataError(f"{name}: expected at most {MAX_FEATURES} features, got {x.shape[-1]}")
    _check_finite(name, x)


def check_labels(
    name: str,
    y: npt.NDArray[Any],
    x_name: str,
    x: npt.NDArray[Any],
    kind: Kind,
    n_classes: int,
) -> None:
    """Refuse labels `y` that do not fit the features `x` or the kind of task."""
    if y.shape != x.shape[:-1]:
        raise DataError(f"{name}: expected shape {x.shape[:-1]} to go with {x_name} of shape {x.shape}, got {y.shape}")
    _check_finite(name, y)
    if kind == "binary":
        _refuse_first(name, y, (y != 0) & (y != 1), "0 or 1")
    if kind == "multiclass":
        bad = (y != np.floor(y)) | (y < 0) | (y >= n_classes)
        _refuse_first(name, y, bad, f"a class index from 0 to {n_classes - 1}")
        if n_classes > x.shape[-1]:
            raise DataError(f"{x_name}: expected at least as many features as classes ({n_classes}), got {x.shape[-1]}")


def _check_layout(name: str, array: object, ndim: int) -> None:
    if not isinstance(array, np.ndarray) or isinstance(array, np.ma.MaskedArray):
        raise DataError(f"{name}: expected a numpy array, got {type(array).__name__}")
    if array.dtype not in (np.float32, np.float64) or not array.dtype.isnative:
        raise DataError(f"{name}: expected float32 or float64, got {array.dtype}")
    if array.ndim != ndim:
        raise DataError(f"{name}: expected {ndim} axes, got shape {array.shape}")
    if not (array.flags.c_contiguous and array.flags.aligned):
        raise DataError(
            f"{name}: expected a C-contiguous, aligned array, got strides {array.strides} for shape {array.shape}"
        )


def _check_finite(name: str, array: npt.NDArray[Any]) -> None:
    _refuse_first(name, array, ~np.isfinite(array), "finite numbers")


def _refuse_first(name: str, array: npt.NDArray[Any], bad: npt.NDArray[np.bool_], wanted: str) -> None:
    if bad.any():
        index = np.unravel_index(int(np.argmax(bad)), bad.shape)
        place = ", ".join(str(int(i)) for i in index)
        raise DataError(f"{name}: expected {wanted}, got {array[index]} at [{place}] ({np.count_nonzero(bad)} such)")


def _plain(source: object) -> dict[str, Any]:
    """A copy of `source`, through JSON so that nothing else can be in it."""
    wanted = "source: expected a dict of JSON values"
    if not isinstance(source, dict):
        raise InputError(f"{wanted}, got {type(source).__name__}")
    try:
        copy: dict[str, Any] = json.loads(json.dumps(source, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{wanted}: {error}") from error
    return copy
