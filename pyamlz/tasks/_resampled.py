"""Tasks whose examples are drawn from a table of the user's own, and which of its rows are for what."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

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
from pyamlz.tasks._preparation import Preparation
from pyamlz.tasks._table import Labels, Table, read_table
from pyamlz.tasks._taskset import TaskSet, check_total

__all__ = ["Rows", "resampled", "split_rows", "table"]

Array: TypeAlias = npt.NDArray[Any]
Multiclass: TypeAlias = Literal["all", "pairs"]

_SHARE = 0.2  # of the rows, for "select", and as many for "test"
_OWN_VALID = 0.25  # of the search's rows, in each task others
_MOST = 1000  # examples of a task by default
_FEWEST = 10  # examples of a search's task by default, drawn again where there are fewer: what a fingerprint looks at
_FEWEST_OF_ALL = 5  # rows
_FEWEST_OF_CLASS = 3  # rows: one to search, one to select, one to test


class Rows(NamedTuple):
    """Which rows of a table are for what: their numbers, from 0, in an order that is random but always the same."""

    search: npt.NDArray[np.intp]
    select: npt.NDArray[np.intp]
    test: npt.NDArray[np.intp]

    @property
    def training(self) -> npt.NDArray[np.intp]:
        """Those that what was found is trained on: all but the held-out ones."""
        return np.concatenate([self.search, self.select])


def split_rows(examples: Table) -> Rows:
    """Deals a table's rows out: 60 % to search with, 20 % to select by, and 20 % that are held out for the last figure.

    It depends on the number of rows, and on their classes: of each there are as many per cent in each part.

    Raises:
        DataError: there are fewer than five rows, or fewer than three of a class.
    """
    if examples.n_rows < _FEWEST_OF_ALL:
        raise DataError(f"{examples.name}: expected at least {_FEWEST_OF_ALL} examples, got {examples.n_rows}")
    order = _random.permutation(0, ("table", "split"), examples.n_rows)
    parts: tuple[list[Array], list[Array], list[Array]] = ([], [], [])
    for name, rows in _by_class(examples, order):
        n = max(math.floor(len(rows) * _SHARE + 0.5), 1)
        if len(rows) < _FEWEST_OF_CLASS:
            raise DataError(
                f"{examples.name}: class {name!r} has only {len(rows)} of {examples.n_rows} rows, and needs at least "
                f"{_FEWEST_OF_CLASS}, to learn from, to choose by and to test; leave it out, or join it to another"
            )
        for part, some in zip(parts, (rows[2 * n :], rows[n : 2 * n], rows[:n]), strict=True):
            part.append(some)
    place = np.empty(examples.n_rows, dtype=np.intp)
    place[order] = np.arange(examples.n_rows)
    joined = (np.concatenate(part) for part in parts)
    return Rows(*(rows[np.argsort(place[rows])] for rows in joined))


def _by_class(examples: Table, rows: Array) -> list[tuple[str, Array]]:
    """Rows class by class, in their order; all together where labels are numbers."""
    if not examples.classes:
        return [("", rows)]
    return [(name, rows[examples.y[rows] == number]) for number, name in enumerate(examples.classes)]


def table(
    path: str | Table,
    target: str | None = None,
    *,
    labels: Labels = "auto",
    columns: Sequence[str] | None = None,
    drop: Sequence[str] | None = None,
    categorical: Sequence[str] | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    multiclass: Multiclass = "all",
    n_features: int | None = None,
    n_tasks: int = 8,
    n_train: int | None = None,
    n_valid: int | None = None,
    epochs: int = 1,
    split: Split = "search",
    seed: int = 0,
    precision: Precision = "float32",
) -> TaskSet:
    """Tasks from a file of examples: :func:`resampled` of :func:`read_table`, whose arguments it takes.

    Args:
        path: a file as :func:`read_table` takes it; or a :class:`Table`, which is read already.
    """
    if isinstance(path, Table):
        examples = path
    else:
        examples = read_table(
            path,
            target,
            labels,
            columns=columns,
            drop=drop or (),
            categorical=categorical or (),
            encoding=encoding,
            separator=separator,
        )
    made = resampled(
        examples,
        multiclass=multiclass,
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
    name = examples.name if isinstance(path, Table) else os.fspath(path)
    read = {"path": name, "target": examples.target, "labels": labels}
    made.source["arguments"] = {**read, **made.source["arguments"]}
    return made


def resampled(
    examples: Table,
    *,
    multiclass: Multiclass = "all",
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

    Of the rows 60 % are for searches, 20 % for selection and 20 % for the last figure, see :func:`split_rows`. A task
    for a "search" has its validation examples from a quarter of the search's rows, drawn anew for each task, and its
    training examples from the others; one to "select" is trained on the search's rows and scored on those for
    selection; one to "test" is trained on both and scored on rows that no other task has.

    Features and labels are prepared alike in all tasks: by the :class:`Preparation` of the search's rows.

    Args:
        examples: where they are drawn from.
        multiclass: what becomes of more than two classes: "all" of them are told apart in each task, or "pairs": two
            of them, drawn for each task (the paper's section 4.2), the greater one being class 1.
        n_features: F, if features are to be projected to fewer; by default as many as there are.
        n_tasks: D.
        n_train: training examples of a task, drawn again if there are not so many; default: all there are, but to
            search and to select at most 1000, and to search at least 10.
        n_valid: validation examples likewise; to "test" there are no more than the rows that the task has.
        epochs: passes over the training examples.
        split: "search", "select" or "test".
        seed: of everything random in a task, 0 to 2**64 - 1.
        precision: "float32" or "float64".

    Returns:
        A TaskSet, "regression", "binary" or "multiclass".

    Raises:
        InputError: an argument is wrong.
        DataError: the table is too small, or nothing can be learned from it.
    """
    checked_type("examples", examples, Table)
    arguments: dict[str, Any] = {
        "multiclass": checked_choice("multiclass", multiclass, get_args(Multiclass)),
        "n_features": None if n_features is None else checked_int("n_features", n_features, 1, MAX_COUNT),
        "n_tasks": checked_int("n_tasks", n_tasks, 1, MAX_COUNT),
        "n_train": None if n_train is None else checked_int("n_train", n_train, 1, MAX_COUNT),
        "n_valid": None if n_valid is None else checked_int("n_valid", n_valid, 1, MAX_COUNT),
        "epochs": checked_int("epochs", epochs, 1, MAX_COUNT),
        "split": checked_choice("split", split, get_args(Split)),
        "seed": checked_seed("seed", seed),
        "precision": checked_precision("precision", precision),
    }
    rows = split_rows(examples)
    prepared = Preparation.of(examples.take(rows.search), n_features=n_features)
    X, y = prepared.features(examples), prepared.labels(examples)
    in_pairs = prepared.kind == "multiclass" and multiclass == "pairs"
    parts: dict[str, list[Array]] = {"train_x": [], "train_y": [], "valid_x": [], "valid_y": []}
    sizes: tuple[int, int] | None = None
    for task in range(n_tasks):
        draw = _Draw(seed, ("table", split, task))
        train, valid = _pools(examples, rows, split, task, n_tasks, draw)
        pair = _pair(examples, draw) if in_pairs else None
        if pair is not None:
            train, valid = (_of_classes(examples, pool, pair) for pool in (train, valid))
        if sizes is None:
            sizes = _sizes(arguments, split, len(train), len(valid))
            check_total(n_tasks, sum(sizes), X.shape[1])
        if split == "test" and n_valid is not None and n_valid > len(valid):
            has = f"{len(rows.test)} rows are held out, for {n_tasks} tasks"
            raise InputError(f"n_valid: expected at most {len(valid)}, as {has}, got {n_valid}")
        for part, pool, n in (("train", train, sizes[0]), ("valid", valid, sizes[1])):
            chosen = draw.rows(part, pool, n)
            parts[f"{part}_x"].append(X[chosen])
            parts[f"{part}_y"].append(y[chosen] if pair is None else (y[chosen] == pair[1]) * 1.0)
    arrays: dict[str, Any] = {name: np.array(values, dtype=precision) for name, values in parts.items()}
    return TaskSet(
        kind="binary" if in_pairs else prepared.kind,
        **arrays,
        n_classes=2 if in_pairs else prepared.n_classes,
        epochs=arguments["epochs"],
        order_seed=arguments["seed"],
        source={"generator": "resampled", "arguments": arguments},
    )


def _sizes(arguments: dict[str, Any], split: Split, n_train: int, n_valid: int) -> tuple[int, int]:
    """Training and validation examples of each task."""
    least, most = (_FEWEST, _MOST) if split == "search" else (1, _MOST if split == "select" else MAX_COUNT)
    default = (min(max(n_train, least), most), min(max(n_valid, least), most))
    return arguments["n_train"] or default[0], arguments["n_valid"] or default[1]


class _Draw:
    """What is random in one task."""

    def __init__(self, seed: int, labels: _random.Labels) -> None:
        self.seed, self.labels = seed, labels

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


def _pools(examples: Table, rows: Rows, split: Split, task: int, n_tasks: int, draw: _Draw) -> tuple[Array, Array]:
    """The rows that a task's training and validation examples are drawn from."""
    if split == "select":
        return rows.search, rows.select
    if split == "test":
        n = len(rows.test) // n_tasks
        if n == 0:
            raise InputError(f"n_tasks: expected at most {len(rows.test)}, one a row that is held out, got {n_tasks}")
        return rows.training, rows.test[task * n : (task + 1) * n]
    train, valid = [], []
    own = rows.search[draw.order("own", len(rows.search))]
    for _, some in _by_class(examples, own):
        n = max(math.floor(len(some) * _OWN_VALID), 1) if len(some) > 1 else 0
        valid.append(some[:n])
        train.append(some[n:])
    if not sum(map(len, valid)):
        wanted = "expected rows enough to search with, and to score programs on"
        raise DataError(f"{examples.name}: {wanted}, of the search's {len(own)} rows no class has two")
    return np.concatenate(train), np.concatenate(valid)


def _pair(examples: Table, draw: _Draw) -> tuple[int, int]:
    pair = np.sort(draw.order("classes", len(examples.classes))[:2])
    return int(pair[0]), int(pair[1])


def _of_classes(examples: Table, rows: Array, pair: tuple[int, int]) -> Array:
    """The rows that are of two classes; where there are none, those of the whole table."""
    chosen: Array = rows[np.isin(examples.y[rows], pair)]
    return chosen if len(chosen) else np.nonzero(np.isin(examples.y, pair))[0]
