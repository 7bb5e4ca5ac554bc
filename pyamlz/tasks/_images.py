"""From labelled images to tasks: which images a split may use, their choice, order and scaling.

The generators of tasks from images differ only in what they make of pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal, NamedTuple, TypeAlias, cast, get_args

import numpy as np
import numpy.typing as npt

from pyamlz._lib import random as _random
from pyamlz._lib.checks import MAX_COUNT, MAX_FEATURES, Precision, checked_choice, checked_int
from pyamlz._lib.errors import InputError
from pyamlz.tasks._datasets import ImageData
from pyamlz.tasks._ordered import Doubles, column_sums

Rows: TypeAlias = npt.NDArray[np.intp]
Pixels: TypeAlias = npt.NDArray[Any]
Features: TypeAlias = Callable[[int, Pixels, Pixels], tuple[Doubles, Doubles]]
Split: TypeAlias = Literal["search", "select", "test"]

_HOLD_OUT = 5  # one pair in five is held out, or one image in five, and one example in five with "all"


def class_pairs(n_classes: int, split: Split) -> list[tuple[int, int]]:
    """The pairs of classes that binary tasks of a split are made from.

    All pairs (a, b) with a < b are listed in lexicographic order. Every fifth
    (the pairs numbered 4, 9, 14, ... from 0) is held out for "select", the
    others are for "search"; "test" has all of them. Of ten classes' 45 pairs, 36
    are for search and 9 held out, as in section 4.2.

    Raises:
        InputError: an argument is wrong.
    """
    n_classes = checked_int("n_classes", n_classes, 2, MAX_FEATURES)
    pairs = list(combinations(range(n_classes), 2))
    if checked_split(split) == "test":
        return pairs
    held_out = set(pairs[_HOLD_OUT - 1 :: _HOLD_OUT])
    return [pair for pair in pairs if (pair in held_out) == (split == "select")]


def pairs_of(data: ImageData, split: Split) -> list[tuple[int, int]]:
    """:func:`class_pairs` of a data set, of which there must be some."""
    pairs = class_pairs(data.n_classes, split)
    if not pairs:
        raise InputError(
            f"split: {split!r} needs at least 4 classes, {data.name} has "
            f"{data.n_classes}; pairs= names pairs of your own"
        )
    return pairs


def checked_split(split: object) -> Split:
    """`split` if it is one of the three."""
    return cast(Split, checked_choice("split", split, get_args(Split)))


def checked_pairs(pairs: object, n_classes: int) -> list[tuple[int, int]]:
    """`pairs` if they are pairs of different classes."""
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


class Each(NamedTuple):
    """Examples of each class in each task."""

    train: int
    valid: int


class Stream(NamedTuple):
    """What all random numbers of a task set have in common."""

    seed: int
    labels: _random.Labels


class Task(NamedTuple):
    """What makes one task: a number that its random numbers depend on, and its classes in the order of their labels."""

    number: int
    classes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pool:
    """The images that a split takes its examples from, with each class's rows."""

    name: str
    train_x: Pixels
    train_rows: list[Rows]
    valid_x: Pixels
    valid_rows: list[Rows]
    shared: bool  # training and validation examples come from the same images

    @classmethod
    def of(cls, data: ImageData, split: Split, *, hold_out: bool = False) -> Pool:
        """The images of a split.

        Args:
            data: the data set.
            split: with "test", training examples come from the training part and validation examples from the test
                part; else both from the training part.
            hold_out: whether "search" and "select" share no image: every fifth of each class is for "select".
        """

        def rows(y: npt.NDArray[np.int64]) -> list[Rows]:
            return [np.flatnonzero(y == c) for c in range(data.n_classes)]

        train_rows = rows(data.y_train)
        if split == "test":
            return cls(data.name, data.x_train, train_rows, data.x_test, rows(data.y_test), False)
        if hold_out:
            kept = [(np.arange(len(r)) % _HOLD_OUT == _HOLD_OUT - 1) == (split == "select") for r in train_rows]
            train_rows = [r[k] for r, k in zip(train_rows, kept, strict=True)]
        return cls(data.name, data.x_train, train_rows, data.x_train, train_rows, True)

    def examples(
        self,
        groups: Sequence[tuple[int, ...]],
        n_train: int | Literal["all"],
        n_valid: int | None,
    ) -> Each:
        """Examples of each class, given or (n_valid None: with "all") as there are."""
        classes = sorted({c for group in groups for c in group})
        size = len(groups[0])
        scarcest_train = min(classes, key=lambda c: len(self.train_rows[c]))
        scarcest_valid = min(classes, key=lambda c: len(self.valid_rows[c]))
        n_there = len(self.train_rows[scarcest_train])
        if n_valid is not None:
            valid = _share("n_valid", n_valid, size)
        elif self.shared:
            valid = max(n_there // _HOLD_OUT, 1)
        else:
            valid = max(len(self.valid_rows[scarcest_valid]), 1)
        if n_train == "all":
            train = max(n_there - valid if self.shared else n_there, 1)
        else:
            train = _share("n_train", n_train, size)
        wanted = f"n_train={n_train!r}, n_valid={n_valid!r}"
        self._check_enough("training", scarcest_train, n_there, train + valid if self.shared else train, wanted)
        if not self.shared:
            n_there = len(self.valid_rows[scarcest_valid])
            self._check_enough("test", scarcest_valid, n_there, valid, wanted)
        return Each(train, valid)

    def _check_enough(self, part: str, scarcest: int, there: int, needed: int, wanted: str) -> None:
        if there < needed:
            raise InputError(
                f"{wanted}: expected at least {needed} examples of each class in the "
                f"{part} part of {self.name}, but class {scarcest} has {there}"
            )

    def arrays(
        self,
        tasks: Sequence[Task],
        each: Each,
        stream: Stream,
        n_features: int,
        dtype: Precision,
        features: Features,
    ) -> dict[str, npt.NDArray[Any]]:
        """TaskSet's four arrays, of which :func:`check_total` must have seen the size.

        Args:
            tasks: the tasks, of one number of classes.
            each: examples of each class.
            stream: where random numbers come from.
            n_features: F.
            dtype: of the arrays.
            features: takes the number of a task, and the pixels of its training and validation examples to features.
        """
        size = len(tasks[0].classes)
        arrays: dict[str, npt.NDArray[Any]] = {}
        for part, n in each._asdict().items():
            arrays[f"{part}_x"] = np.empty((len(tasks), size * n, n_features), dtype)
            arrays[f"{part}_y"] = np.empty((len(tasks), size * n), dtype)
        for i, (task, classes) in enumerate(tasks):
            drawn = [self._draw(stream, task, c, each) for c in classes]
            train_rows, arrays["train_y"][i] = _mixed([rows for rows, _ in drawn], stream, "train", task)
            valid_rows, arrays["valid_y"][i] = _mixed([rows for _, rows in drawn], stream, "valid", task)
            with np.errstate(over="ignore", invalid="ignore"):  # TaskSet refuses what comes of it
                arrays["train_x"][i], arrays["valid_x"][i] = features(
                    task, self.train_x[train_rows], self.valid_x[valid_rows]
                )
        return arrays

    def _draw(self, stream: Stream, task: int, c: int, each: Each) -> tuple[Rows, Rows]:
        """Rows of class `c` for training and, none of them the same image, validation."""

        def shuffled(rows: Rows, part: str) -> Rows:
            return rows[_random.permutation(stream.seed, (*stream.labels, "class", part, task, c), len(rows))]

        order = shuffled(self.train_rows[c], "train")
        train, rest = order[: each.train], order[each.train :]
        if not self.shared:
            rest = shuffled(self.valid_rows[c], "valid")
        return train, rest[: each.valid]


def _share(name: str, n: object, size: int) -> int:
    count = checked_int(name, n, size, MAX_COUNT)
    if count % size:
        raise InputError(f"{name}: expected a multiple of {size}, as many of each class, got {count}")
    return count // size


def _mixed(rows: list[Rows], stream: Stream, part: str, task: int) -> tuple[Rows, Rows]:
    """The classes' rows in one random order, and their labels.

    Any regular order would let a program with a memory tell the next label
    without a look at the image.
    """
    together = np.concatenate(rows)
    labels = np.repeat(np.arange(len(rows)), len(rows[0]))
    order = _random.permutation(stream.seed, (*stream.labels, "order", part, task), len(together))
    return together[order], labels[order]


def standardised(train: Doubles, valid: Doubles) -> tuple[Doubles, Doubles, npt.NDArray[np.bool_]]:
    """Both with the training examples' mean taken off, over their standard deviation; and what was constant there.

    A feature that is constant in training is only shifted.
    """
    constant = (train == train[0]).all(axis=0)  # rounding must not give these a deviation
    mean = np.where(constant, train[0], column_sums(train) / len(train))
    centred = train - mean
    deviation = np.sqrt(column_sums(centred * centred) / len(train))
    deviation[deviation == 0.0] = 1.0
    return centred / deviation, (valid - mean) / deviation, constant
