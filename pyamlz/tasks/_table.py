"""Tasks from the user's own table of examples: CSV, NumPy's .npz, or Parquet."""

from __future__ import annotations

import csv
import importlib
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from pyamlz._lib import random as _random
from pyamlz._lib.checks import (
    MAX_COUNT,
    Precision,
    checked_choice,
    checked_int,
    checked_precision,
    checked_seed,
    checked_type,
)
from pyamlz._lib.errors import DataError, InputError
from pyamlz.tasks._images import Split
from pyamlz.tasks._ordered import column_sums, matrix_product
from pyamlz.tasks._taskset import TaskSet, check_features, check_total

__all__ = ["Table", "read_table", "resampled", "table"]

Array: TypeAlias = npt.NDArray[Any]
Labels: TypeAlias = Literal["auto", "numbers", "classes"]

_SHARES = {"search": 0.6, "select": 0.2}  # of the rows; the rest is for "test"
_OWN_VALID = 0.25  # of the search's rows, in each task others
_MOST = 1000  # examples of a task by default


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Examples and their labels.

    Attributes:
        X: features, (N, F), finite.
        y: labels, (N,): numbers, or the places of classes in `classes`.
        classes: names of the classes, sorted; none for numbers.
        features: names of the columns of X.
        name: what it is called in messages.
    """

    X: Array
    y: Array
    classes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    name: str = "table"

    def __post_init__(self) -> None:
        if self.X.ndim != 2 or self.y.shape != self.X.shape[:1]:
            raise DataError(f"{self.name}: expected (N, F) features and N labels, got {self.X.shape}, {self.y.shape}")
        if len(self.X) < 5:
            raise DataError(f"{self.name}: expected at least 5 examples, got {len(self.X)}")
        if len(self.classes) == 1:
            raise DataError(f"{self.name}: expected at least 2 classes, got only {self.classes[0]!r}")
        check_features(f"{self.name}: features", self.X)


def read_table(path: str | os.PathLike[str], target: str | None = None, labels: Labels = "auto") -> Table:
    """Reads examples from a file.

    Args:
        path: ``.csv`` with a line of names first; ``.npz`` with arrays ``X`` (N, F) and ``y`` (N,); or ``.parquet``,
            for which pandas or polars must be installed.
        target: name of the column with the labels, all others being features; not for ``.npz``.
        labels: what labels are: "numbers", "classes", or "auto": classes if they are not numbers or only two different
            ones, else numbers.

    Raises:
        DataError: the file cannot be read, or a value in it is not what it must be; the message names line and column.
        InputError: another argument is wrong.
    """
    name = os.fspath(path)
    checked_choice("labels", labels, get_args(Labels))
    suffix = os.path.splitext(name)[1].lower()
    if suffix == ".npz":
        if target not in (None, "y"):
            raise InputError(f"target: expected none with {name}, whose labels are the array y, got {target!r}")
        features, X, y = _read_npz(name)
    elif suffix in (".csv", ".parquet"):
        if not isinstance(target, str) or not target:
            raise InputError(f"target: expected the name of the column of {name} that has the labels, got {target!r}")
        features, X, y = (_read_csv if suffix == ".csv" else _read_parquet)(name, target)
    else:
        raise InputError(f"path: expected a file that ends in .csv, .npz or .parquet, got {name!r}")
    numbers = _numbers(y)
    if labels == "classes" or (labels == "auto" and (numbers is None or len(np.unique(numbers)) == 2)):
        texts = y if numbers is None else [f"{number:g}" for number in numbers]
        classes, places = np.unique(np.array(texts, dtype=str), return_inverse=True)
        return Table(X, places.astype(np.float64), tuple(classes.tolist()), features, name)
    if numbers is None:
        wrong = next(i for i, value in enumerate(y) if _number(value) is None)
        raise DataError(f"{name}: labels: expected numbers, got {y[wrong]!r} in example {wrong + 1}")
    return Table(X, numbers, (), features, name)


def table(
    path: str,
    target: str | None = None,
    *,
    labels: Labels = "auto",
    n_features: int | None = None,
    n_tasks: int = 8,
    n_train: int | None = None,
    n_valid: int | None = None,
    epochs: int = 1,
    split: Split = "search",
    seed: int = 0,
    precision: Precision = "float32",
) -> TaskSet:
    """Tasks from a file of examples: :func:`resampled` of :func:`read_table`."""
    source = {"path": os.fspath(path), "target": target, "labels": labels}
    made = resampled(
        read_table(path, target, labels),
        n_features=n_features,
        n_tasks=n_tasks,
        n_train=n_train,
        n_valid=n_valid,
        epochs=epochs,
        split=split,
        seed=seed,
        precision=precision,
    )
    made.source["generator"] = "table"
    made.source["arguments"] = {**source, **made.source["arguments"]}
    return made


def resampled(
    examples: Table,
    *,
    n_features: int | None = None,
    n_tasks: int = 8,
    n_train: int | None = None,
    n_valid: int | None = None,
    epochs: int = 1,
    split: Split = "search",
    seed: int = 0,
    precision: Precision = "float32",
) -> TaskSet:
    """Tasks that are like a table, each of examples drawn from it at random.

    Of the rows 60 % are for searches, 20 % for selection and 20 % for the last figure, dealt in an order that does not
    depend on the seed. A task for a "search" has its validation examples from a quarter of the search's rows, drawn
    anew for each task, and its training examples from the others; one to "select" is trained on the search's rows and
    scored on those for selection; one to "test" is trained on both and scored on the rest.

    Where there are more than two classes, each task has two of them, drawn at random (the paper's section 4.2), the
    greater one being class 1. Features are standardised by the mean and standard deviation of the task's training
    examples, and so are labels that are numbers. With fewer features than the table has, they are first projected by a
    matrix of Gaussian numbers, another one for each task.

    Args:
        examples: where they are drawn from.
        n_features: F, at most the table's, which is the default.
        n_tasks: D.
        n_train: training examples of a task, drawn with replacement if there are not so many; default: all there are,
            up to 1000.
        n_valid: validation examples likewise.
        epochs: passes over the training examples.
        split: "search", "select" or "test".
        seed: of everything random in a task, 0 to 2**64 - 1.
        precision: "float32" or "float64".

    Returns:
        A TaskSet, "regression" or "binary".

    Raises:
        InputError: an argument is wrong.
        DataError: the table is too small.
    """
    checked_type("examples", examples, Table)
    width = examples.X.shape[1]
    arguments: dict[str, Any] = {
        "n_features": width if n_features is None else checked_int("n_features", n_features, 1, width),
        "n_tasks": checked_int("n_tasks", n_tasks, 1, MAX_COUNT),
        "n_train": None if n_train is None else checked_int("n_train", n_train, 1, MAX_COUNT),
        "n_valid": None if n_valid is None else checked_int("n_valid", n_valid, 1, MAX_COUNT),
        "epochs": checked_int("epochs", epochs, 1, MAX_COUNT),
        "split": checked_choice("split", split, get_args(Split)),
        "seed": checked_seed("seed", seed),
        "precision": checked_precision("precision", precision),
    }
    parts: dict[str, list[Array]] = {"train_x": [], "train_y": [], "valid_x": [], "valid_y": []}
    sizes: tuple[int, int] | None = None
    for task in range(arguments["n_tasks"]):
        draw = _Draw(seed, ("table", split, task))
        train, valid = _pools(examples, split, draw)
        if sizes is None:
            sizes = (n_train or min(len(train), _MOST), n_valid or min(len(valid), _MOST))
            check_total(arguments["n_tasks"], sum(sizes), arguments["n_features"])
        rows = draw.rows("train", train, sizes[0]), draw.rows("valid", valid, sizes[1])
        x = _features(examples.X[rows[0]], examples.X[rows[1]], arguments["n_features"], draw)
        y = examples.y[rows[0]], examples.y[rows[1]]
        if examples.classes:
            y = (y[0] == draw.classes[1]) * 1.0, (y[1] == draw.classes[1]) * 1.0
        else:
            y = _standardised(y[0][:, np.newaxis], y[1][:, np.newaxis])
        for name, values in zip(parts, (x[0], y[0].reshape(-1), x[1], y[1].reshape(-1)), strict=True):
            parts[name].append(values)
    arrays: dict[str, Any] = {name: np.array(values, dtype=precision) for name, values in parts.items()}
    return TaskSet(
        kind="binary" if examples.classes else "regression",
        **arrays,
        n_classes=2 if examples.classes else 0,
        epochs=arguments["epochs"],
        order_seed=arguments["seed"],
        source={"generator": "resampled", "arguments": arguments},
    )


class _Draw:
    """What is random in one task."""

    def __init__(self, seed: int, labels: _random.Labels) -> None:
        self.seed, self.labels = seed, labels
        self.classes = (0, 1)

    def order(self, part: str, n: int) -> Array:
        return _random.permutation(self.seed, (*self.labels, part), n)

    def rows(self, part: str, pool: Array, n: int) -> Array:
        """n of a pool: different ones, as long as there are."""
        if n <= len(pool):
            places = self.order(part, len(pool))[:n]
        else:
            wide = _random.uniform(self.seed, (*self.labels, part, "again"), (n,)) * len(pool)
            places = np.minimum(wide.astype(np.intp), len(pool) - 1)
        rows: Array = pool[places]
        return rows


def _pools(examples: Table, split: Split, draw: _Draw) -> tuple[Array, Array]:
    """The rows that a task's training and validation examples are drawn from; says which classes it has."""
    n = len(examples.X)
    order = _random.permutation(0, ("table", "split"), n)
    first = max(math.floor(n * _SHARES["search"]), 2)
    second = first + max(math.floor(n * _SHARES["select"]), 1)
    search, select, test = order[:first], order[first:second], order[second:]
    if split == "search":
        own = search[draw.order("own", len(search))]
        n_valid = max(math.floor(len(own) * _OWN_VALID), 1)
        train, valid = own[n_valid:], own[:n_valid]
    else:
        train, valid = (search, select) if split == "select" else (np.concatenate([search, select]), test)
    if len(examples.classes) > 2:
        pair = np.sort(draw.order("classes", len(examples.classes))[:2])
        draw.classes = (int(pair[0]), int(pair[1]))
        train, valid = (_of_classes(examples, rows, draw.classes) for rows in (train, valid))
    return train, valid


def _of_classes(examples: Table, rows: Array, pair: tuple[int, int]) -> Array:
    """The rows that are of two classes; where there are none, those of the whole table."""
    chosen: Array = rows[np.isin(examples.y[rows], pair)]
    return chosen if len(chosen) else np.nonzero(np.isin(examples.y, pair))[0]


def _features(train: Array, valid: Array, n_features: int, draw: _Draw) -> tuple[Array, Array]:
    train, valid = _standardised(train, valid)
    if n_features == train.shape[1]:
        return train, valid
    projection = _random.gaussian(draw.seed, (*draw.labels, "projection"), (n_features, train.shape[1]))
    return _standardised(matrix_product(projection, train), matrix_product(projection, valid))


def _standardised(train: Array, valid: Array) -> tuple[Array, Array]:
    """Both less the training examples' mean, over their standard deviation where that is not 0."""
    mean = column_sums(train) / len(train)
    centred = train - mean
    deviation = np.sqrt(column_sums(centred * centred) / len(train))
    deviation[(train == train[0]).all(axis=0) | (deviation == 0)] = 1.0
    return centred / deviation, (valid - mean) / deviation


# ---------------------------------------------------------------- files


def _read_csv(name: str, target: str) -> tuple[tuple[str, ...], Array, Any]:
    try:
        with open(name, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, None)
            if not header:
                raise DataError(f"{name}: expected a line of names first, got an empty file")
            column = _target_column(name, header, target)
            X, y = [], []
            for row in reader:
                if not row:
                    continue
                if len(row) != len(header):
                    raise DataError(f"{name}, line {reader.line_num}: expected {len(header)} values, got {len(row)}")
                X.append([_cell(name, reader.line_num, header[i], v) for i, v in enumerate(row) if i != column])
                y.append(row[column].strip())
                if not y[-1]:
                    raise DataError(f"{name}, line {reader.line_num}, column {target!r}: expected a label, got nothing")
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: not UTF-8: {error.reason} at byte {error.start}") from None
    except csv.Error as error:
        raise DataError(f"{name}, line {reader.line_num}: not CSV: {error}") from None
    except OSError as error:
        raise DataError(f"{name}: cannot be read: {error.strerror or error}") from None
    features = tuple(text for i, text in enumerate(header) if i != column)
    return features, np.array(X, dtype=np.float64).reshape(len(X), len(features)), y


def _target_column(name: str, header: Sequence[str], target: str) -> int:
    if target not in header:
        raise DataError(f"{name}: expected a column {target!r}, there are only {', '.join(header):.200}")
    if header.count(target) > 1:
        raise DataError(f"{name}: expected one column {target!r}, there are several")
    if len(header) < 2:
        raise DataError(f"{name}: expected columns of features besides {target!r}")
    return list(header).index(target)


def _cell(name: str, line: int, column: str, value: str) -> float:
    number = _number(value)
    if number is None or not math.isfinite(number):
        raise DataError(f"{name}, line {line}, column {column!r}: expected a finite number, got {value.strip()!r}")
    return number


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _numbers(values: Any) -> Array | None:
    """Labels as numbers, if all are."""
    numbers = [_number(value) for value in values]
    if any(number is None or not math.isfinite(number) for number in numbers):
        return None
    return np.array(numbers, dtype=np.float64)


def _read_npz(name: str) -> tuple[tuple[str, ...], Array, Any]:
    try:
        with open(name, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            if "X" not in arrays or "y" not in arrays:
                raise DataError(f"{name}: expected arrays X and y, there are {', '.join(arrays) or 'none'}")
            X, y = arrays["X"], arrays["y"]
    except DataError:
        raise
    except (OSError, ValueError, KeyError, EOFError, TypeError) as error:
        raise DataError(f"{name}: cannot be read: {error}") from None
    except Exception as error:  # a damaged zip has errors of its own
        raise DataError(f"{name}: not a file of NumPy arrays: {error}") from None
    if X.dtype.kind not in "biuf" or X.ndim != 2 or y.ndim != 1:
        raise DataError(f"{name}: expected X (N, F) of numbers and y (N,), got {X.dtype} {X.shape} and {y.shape}")
    return tuple(f"x{i}" for i in range(X.shape[1])), X.astype(np.float64), y


def _read_parquet(name: str, target: str) -> tuple[tuple[str, ...], Array, Any]:
    columns = _parquet_columns(name)
    _target_column(name, list(columns), target)
    features = tuple(column for column in columns if column != target)
    for column in features:
        if columns[column].dtype.kind not in "biuf":
            raise DataError(f"{name}, column {column!r}: expected numbers, got {columns[column].dtype}")
    return features, np.column_stack([columns[column].astype(np.float64) for column in features]), columns[target]


def _parquet_columns(name: str) -> dict[str, Array]:
    for package in ("pandas", "polars"):
        try:
            module: Any = importlib.import_module(package)
        except ImportError:
            continue
        try:
            frame = module.read_parquet(name)
            return {str(column): np.asarray(frame[column].to_numpy()) for column in frame.columns}
        except ImportError as error:  # pandas without a Parquet engine
            raise DataError(f"{name}: cannot be read: {error}") from None
        except Exception as error:
            raise DataError(f"{name}: not a Parquet file: {error}") from None
    raise DataError(f"{name}: Parquet needs pandas or polars, and neither is installed")
