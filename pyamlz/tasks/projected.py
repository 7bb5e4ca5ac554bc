"""Classification tasks from images under random projections.

Real et al. (ICML 2020), section 4.2: a pair of classes and a random Gaussian
projection of their images make one small binary task, and a data set makes a
great many.

The same arguments and images give the same bits on every machine: all
arithmetic is in float64 in a fixed order, and rounded to the requested dtype
once. Task t depends on the seed and on t, not on the number of tasks.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal, NamedTuple, TypeAlias, cast, get_args

import numpy as np
import numpy.typing as npt

from pyamlz.errors import InputError
from pyamlz.tasks import _random
from pyamlz.tasks._ordered import Doubles, column_sums, matrix_product
from pyamlz.tasks.datasets import ImageData, load
from pyamlz.tasks.taskset import (
    MAX_COUNT,
    MAX_FEATURES,
    Precision,
    TaskSet,
    check_total,
    checked_choice,
    checked_int,
    checked_precision,
    checked_seed,
)

Rows: TypeAlias = npt.NDArray[np.intp]
Split: TypeAlias = Literal["search", "select", "test"]

_HOLD_OUT = 5  # one pair in five is held out, and one example in five with "all"
_DEFAULT_VALID = 1000


def class_pairs(n_classes: int, split: Split) -> list[tuple[int, int]]:
    """The pairs of classes that tasks of a split are made from.

    All pairs (a, b) with a < b are listed in lexicographic order. Every fifth
    (the pairs numbered 4, 9, 14, ... from 0) is held out for "select", the
    others are for "search"; "test" has all of them. Of ten classes' 45 pairs, 36
    are for search and 9 held out, as in section 4.2.

    Raises:
        InputError: an argument is wrong.
    """
    n_classes = checked_int("n_classes", n_classes, 2, MAX_FEATURES)
    pairs = list(combinations(range(n_classes), 2))
    if _checked_split(split) == "test":
        return pairs
    held_out = set(pairs[_HOLD_OUT - 1 :: _HOLD_OUT])
    return [pair for pair in pairs if (pair in held_out) == (split == "select")]


def projected_binary(
    dataset: ImageData | str | os.PathLike[str],
    *,
    n_features: int = 16,
    n_tasks: int = 10,
    n_train: int | Literal["all"] = 8000,
    n_valid: int | None = None,
    seed: int = 0,
    pairs: Sequence[tuple[int, int]] | None = None,
    epochs: int = 1,
    split: Split = "search",
    dtype: Precision = "float32",
) -> TaskSet:
    """Binary tasks: two classes of images, randomly projected (section 4.2).

    Each task has a pair of classes (a labelled 0, b labelled 1), a matrix of
    standard Gaussian numbers that takes an image to n_features numbers, and its
    own random choice of images, half of each class. The features are then
    standardised: the mean and standard deviation (divided by N) of a feature
    over the task's training examples are taken from training and validation
    examples alike. A feature that is constant in training is only shifted, to
    0 there.

    Args:
        dataset: an ImageData, or what :func:`pyamlz.tasks.load` takes.
        n_features: F, 1 to 4096.
        n_tasks: D, the number of tasks.
        n_train: N, training examples of each task, even; "all": as many as the
            scarcest class in use allows.
        n_valid: M, validation examples of each task, even. Default: 1000, or
            with n_train="all" one in five of the scarcest class's examples
            (rounded down, at least one); for the split "test" with "all", as
            many as the test part allows.
        seed: seed of pairs, projections, choice of images and example order, 0
            to 2**64 - 1.
        pairs: pairs of classes; task t takes pair t modulo their number. By
            default those of :func:`class_pairs`, in random order.
        epochs: passes over the training examples.
        split: "search" and "select" take all examples from the data set's
            training part, the validation examples from images not used in
            training. "test" takes training examples from the training part and
            validation examples, on which programs are scored, from the test part.
        dtype: "float32" or "float64", of the arrays made.

    Returns:
        A binary TaskSet: features (D, N, F) and (D, M, F), labels (D, N) and
        (D, M). The classes are in random order.

    Raises:
        InputError: an argument is wrong, or a class has too few examples.
        DataError: the data set cannot be read.
    """
    data = dataset if isinstance(dataset, ImageData) else load(dataset)
    n_features = checked_int("n_features", n_features, 1, MAX_FEATURES)
    n_tasks = checked_int("n_tasks", n_tasks, 1, MAX_COUNT)
    seed = checked_seed("seed", seed)
    epochs = checked_int("epochs", epochs, 1, MAX_COUNT)
    split = _checked_split(split)
    dtype = checked_precision("dtype", dtype)
    groups = _random_pairs(data, split, seed) if pairs is None else _checked_pairs(pairs, data.n_classes)
    pool = _Pool.of(data, split)
    if n_train != "all" and n_valid is None:
        n_valid = _DEFAULT_VALID
    each = _per_class(pool, groups, n_train, n_valid)
    check_total(n_tasks, 2 * sum(each), n_features)
    stream = _Stream(seed, ("projected_binary", split))
    tasks = [groups[task % len(groups)] for task in range(n_tasks)]
    return TaskSet(
        kind="binary",
        **_project_tasks(pool, tasks, each, n_features, stream, dtype),
        n_classes=2,
        epochs=epochs,
        order_seed=seed,
        source={
            "generator": "projected_binary",
            "arguments": {
                "dataset": data.name,
                "n_features": n_features,
                "n_tasks": n_tasks,
                "n_train": 2 * each.train,
                "n_valid": 2 * each.valid,
                "seed": seed,
                "pairs": None if pairs is None else [list(pair) for pair in groups],
                "epochs": epochs,
                "split": split,
                "dtype": dtype,
            },
        },
    )


def _checked_split(split: object) -> Split:
    return cast(Split, checked_choice("split", split, get_args(Split)))


def _checked_pairs(pairs: object, n_classes: int) -> list[tuple[int, int]]:
    wanted = f"pairs: expected pairs of different classes from 0 to {n_classes - 1}"
    if not isinstance(pairs, Sequence) or isinstance(pairs, str) or not pairs:
        raise InputError(f"{wanted}, got {pairs!r}")
    checked = []
    for pair in pairs:
        if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
            raise InputError(f"{wanted}, got {pair!r}")
        a, b = (checked_int("pairs", c, 0, n_classes - 1) for c in pair)
        if a == b:
            raise InputError(f"{wanted}, got {pair!r}")
        checked.append((a, b))
    return checked


def _random_pairs(data: ImageData, split: Split, seed: int) -> list[tuple[int, int]]:
    pairs = class_pairs(data.n_classes, split)
    if not pairs:
        raise InputError(
            f"split: {split!r} needs at least 4 classes, {data.name} has "
            f"{data.n_classes}; pairs= names pairs of your own"
        )
    labels = ("projected_binary", split, "pairs")
    return [pairs[i] for i in _random.permutation(seed, labels, len(pairs))]


class _Each(NamedTuple):
    """Examples of each class in each task."""

    train: int
    valid: int


class _Stream(NamedTuple):
    """What all random numbers of a task set have in common."""

    seed: int
    labels: _random.Labels


@dataclass(frozen=True, slots=True)
class _Pool:
    """The images that a split takes its examples from, with each class's rows."""

    name: str
    train_x: npt.NDArray[Any]
    train_rows: list[Rows]
    valid_x: npt.NDArray[Any]
    valid_rows: list[Rows]
    shared: bool  # training and validation examples come from the same images

    @classmethod
    def of(cls, data: ImageData, split: Split) -> _Pool:
        def rows(y: npt.NDArray[np.int64]) -> list[Rows]:
            return [np.flatnonzero(y == c) for c in range(data.n_classes)]

        train_rows = rows(data.y_train)
        if split != "test":
            train = data.x_train
            return cls(data.name, train, train_rows, train, train_rows, True)
        test_rows = rows(data.y_test)
        return cls(data.name, data.x_train, train_rows, data.x_test, test_rows, False)


def _per_class(
    pool: _Pool,
    groups: Sequence[tuple[int, ...]],
    n_train: int | Literal["all"],
    n_valid: int | None,
) -> _Each:
    """Examples of each class, given or (n_valid None: with "all") as there are."""
    classes = sorted({c for group in groups for c in group})
    size = len(groups[0])
    scarcest_train = min(classes, key=lambda c: len(pool.train_rows[c]))
    scarcest_valid = min(classes, key=lambda c: len(pool.valid_rows[c]))
    n_there = len(pool.train_rows[scarcest_train])
    if n_valid is not None:
        valid = _share("n_valid", n_valid, size)
    elif pool.shared:
        valid = max(n_there // _HOLD_OUT, 1)
    else:
        valid = max(len(pool.valid_rows[scarcest_valid]), 1)
    if n_train == "all":
        train = max(n_there - valid if pool.shared else n_there, 1)
    else:
        train = _share("n_train", n_train, size)
    wanted = f"n_train={n_train!r}, n_valid={n_valid!r}"
    needed = train + valid if pool.shared else train
    _check_enough(pool.name, "training", scarcest_train, n_there, needed, wanted)
    if not pool.shared:
        n_there = len(pool.valid_rows[scarcest_valid])
        _check_enough(pool.name, "test", scarcest_valid, n_there, valid, wanted)
    return _Each(train, valid)


def _share(name: str, n: object, size: int) -> int:
    count = checked_int(name, n, size, MAX_COUNT)
    if count % size:
        raise InputError(f"{name}: expected a multiple of {size}, as many of each class, got {count}")
    return count // size


def _check_enough(name: str, part: str, scarcest: int, there: int, needed: int, wanted: str) -> None:
    if there < needed:
        raise InputError(
            f"{wanted}: expected at least {needed} examples of each class in the "
            f"{part} part of {name}, but class {scarcest} has {there}"
        )


def _project_tasks(
    pool: _Pool,
    tasks: Sequence[tuple[int, ...]],
    each: _Each,
    n_features: int,
    stream: _Stream,
    dtype: Precision,
) -> dict[str, npt.NDArray[Any]]:
    """TaskSet's four arrays, for tasks that tell the given classes apart.

    A class's label is its place in the task's tuple.
    """
    size = len(tasks[0])
    arrays: dict[str, npt.NDArray[Any]] = {}
    for part, n in each._asdict().items():
        arrays[f"{part}_x"] = np.empty((len(tasks), size * n, n_features), dtype)
        arrays[f"{part}_y"] = np.empty((len(tasks), size * n), dtype)
    for task, classes in enumerate(tasks):
        shape = (n_features, pool.train_x.shape[1])
        projection = _random.gaussian(stream.seed, (*stream.labels, "projection", task), shape)
        drawn = [_draw(pool, stream, task, c, each) for c in classes]
        train_rows, arrays["train_y"][task] = _mixed([rows for rows, _ in drawn], stream, "train", task)
        valid_rows, arrays["valid_y"][task] = _mixed([rows for _, rows in drawn], stream, "valid", task)
        with np.errstate(over="ignore", invalid="ignore"):  # TaskSet refuses what comes of it
            arrays["train_x"][task], arrays["valid_x"][task] = _standardised(
                matrix_product(projection, pool.train_x[train_rows]),
                matrix_product(projection, pool.valid_x[valid_rows]),
            )
    return arrays


def _draw(pool: _Pool, stream: _Stream, task: int, c: int, each: _Each) -> tuple[Rows, Rows]:
    """Rows of class `c` for training and, none of them the same image, validation."""

    def shuffled(rows: Rows, part: str) -> Rows:
        return rows[_random.permutation(stream.seed, (*stream.labels, "class", part, task, c), len(rows))]

    order = shuffled(pool.train_rows[c], "train")
    train, rest = order[: each.train], order[each.train :]
    if not pool.shared:
        rest = shuffled(pool.valid_rows[c], "valid")
    return train, rest[: each.valid]


def _mixed(rows: list[Rows], stream: _Stream, part: str, task: int) -> tuple[Rows, Rows]:
    """The classes' rows in one random order, and their labels.

    Any regular order would let a program with a memory tell the next label
    without a look at the image.
    """
    together = np.concatenate(rows)
    labels = np.repeat(np.arange(len(rows)), len(rows[0]))
    order = _random.permutation(stream.seed, (*stream.labels, "order", part, task), len(together))
    return together[order], labels[order]


def _standardised(train: Doubles, valid: Doubles) -> tuple[Doubles, Doubles]:
    """Both with the training examples' mean taken off, over their standard deviation."""
    constant = (train == train[0]).all(axis=0)  # rounding must not give these a deviation
    mean = np.where(constant, train[0], column_sums(train) / len(train))
    centred = train - mean
    deviation = np.sqrt(column_sums(centred * centred) / len(train))
    deviation[deviation == 0.0] = 1.0
    return centred / deviation, (valid - mean) / deviation
