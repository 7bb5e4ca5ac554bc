"""Classification tasks from images under random projections.

Real et al. (ICML 2020), sections 4.2 and 4.3: a pair of classes, or all of
them, and a random Gaussian projection of their images make one small task, and
a data set makes a great many.

The same arguments and images give the same bits on every machine: all
arithmetic is in float64 in a fixed order, and rounded to the requested precision
once. Task t depends on the seed and on t, not on the number of tasks.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Literal

from pyamlz._lib import random as _random
from pyamlz._lib.checks import MAX_COUNT, MAX_FEATURES, Precision, checked_int, checked_precision, checked_seed
from pyamlz._lib.errors import InputError
from pyamlz.tasks._datasets import ImageData, load
from pyamlz.tasks._images import Pixels, Pool, Split, Stream, Task, checked_pairs, checked_split, pairs_of, standardised
from pyamlz.tasks._ordered import Doubles, matrix_product
from pyamlz.tasks._taskset import Kind, TaskSet, check_total

_DEFAULT_VALID = 1000


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
    precision: Precision = "float32",
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
        n_features: F, 1 to 65,536.
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
        precision: "float32" or "float64", of the arrays made.

    Returns:
        A binary TaskSet: features (D, N, F) and (D, M, F), labels (D, N) and
        (D, M). The classes are in random order.

    Raises:
        InputError: an argument is wrong, or a class has too few examples.
        DataError: the data set cannot be read.
    """
    data = dataset if isinstance(dataset, ImageData) else load(dataset)
    seed = checked_seed("seed", seed)
    split = checked_split(split)
    groups = _random_pairs(data, split, seed) if pairs is None else checked_pairs(pairs, data.n_classes)
    return _projected(
        "projected_binary",
        "binary",
        groups,
        Pool.of(data, split),
        n_features=checked_int("n_features", n_features, 1, MAX_FEATURES),
        n_tasks=n_tasks,
        n_train=n_train,
        n_valid=n_valid,
        seed=seed,
        epochs=epochs,
        split=split,
        precision=precision,
        more={"pairs": None if pairs is None else [list(pair) for pair in groups]},
    )


def projected_multiclass(
    dataset: ImageData | str | os.PathLike[str],
    *,
    n_features: int = 16,
    n_tasks: int = 10,
    n_train: int | Literal["all"] = 8000,
    n_valid: int | None = None,
    seed: int = 0,
    epochs: int = 1,
    split: Split = "search",
    precision: Precision = "float32",
) -> TaskSet:
    """Tasks of all classes of images, randomly projected (section 4.3).

    They are made as those of :func:`projected_binary`, but have all C classes,
    as many images of each, labelled as in the data set. As there are no pairs
    to hold out, images are: of each class, the fifth, tenth, ... image of the
    training part is for "select" alone, the others are for "search". Each split
    has projections of its own.

    Args:
        dataset: an ImageData, or what :func:`pyamlz.tasks.load` takes.
        n_features: F, from C to 65,536.
        n_tasks: D, the number of tasks.
        n_train: N, training examples of each task, a multiple of C; "all": as
            many as the scarcest class allows.
        n_valid: M, validation examples of each task, a multiple of C. Default:
            as for :func:`projected_binary`, but of the split's own images.
        seed: seed of projections, choice of images and example order, 0 to
            2**64 - 1.
        epochs: passes over the training examples.
        split: "search" and "select" take all examples from images of their own
            in the data set's training part, the validation examples from those
            not used in training. "test" takes training examples from the whole
            training part and validation examples, on which programs are scored,
            from the test part.
        precision: "float32" or "float64", of the arrays made.

    Returns:
        A multiclass TaskSet: features (D, N, F) and (D, M, F), labels (D, N) and
        (D, M) from 0 to C - 1, in random order.

    Raises:
        InputError: an argument is wrong, or a class has too few examples.
        DataError: the data set cannot be read.
    """
    data = dataset if isinstance(dataset, ImageData) else load(dataset)
    split = checked_split(split)
    n_features = checked_int("n_features", n_features, 1, MAX_FEATURES)
    if n_features < data.n_classes:
        raise InputError(
            f"n_features: expected at least {data.n_classes}, the number of classes of {data.name}, got {n_features}"
        )
    return _projected(
        "projected_multiclass",
        "multiclass",
        [tuple(range(data.n_classes))],
        Pool.of(data, split, hold_out=True),
        n_features=n_features,
        n_tasks=n_tasks,
        n_train=n_train,
        n_valid=n_valid,
        seed=checked_seed("seed", seed),
        epochs=epochs,
        split=split,
        precision=precision,
        more={},
    )


def _random_pairs(data: ImageData, split: Split, seed: int) -> list[tuple[int, int]]:
    pairs = pairs_of(data, split)
    labels = ("projected_binary", split, "pairs")
    return [pairs[i] for i in _random.permutation(seed, labels, len(pairs))]


def _projected(
    name: str,
    kind: Kind,
    groups: Sequence[tuple[int, ...]],
    pool: Pool,
    *,
    n_features: int,
    n_tasks: int,
    n_train: int | Literal["all"],
    n_valid: int | None,
    seed: int,
    epochs: int,
    split: Split,
    precision: Precision,
    more: dict[str, Any],
) -> TaskSet:
    """Tasks that tell the classes of a group apart, task t those of group t modulo their number.

    `name` is the generator's, and `more` those of its arguments that only it has.
    """
    n_tasks = checked_int("n_tasks", n_tasks, 1, MAX_COUNT)
    epochs = checked_int("epochs", epochs, 1, MAX_COUNT)
    precision = checked_precision("precision", precision)
    if n_train != "all" and n_valid is None:
        n_valid = _DEFAULT_VALID
    each = pool.examples(groups, n_train, n_valid)
    n_classes = len(groups[0])
    check_total(n_tasks, n_classes * sum(each), n_features)
    stream = Stream(seed, (name, split))
    shape = (n_features, pool.train_x.shape[1])

    def features(task: int, train: Pixels, valid: Pixels) -> tuple[Doubles, Doubles]:
        projection = _random.gaussian(seed, (*stream.labels, "projection", task), shape)
        return standardised(matrix_product(projection, train), matrix_product(projection, valid))[:2]

    tasks = [Task(t, groups[t % len(groups)]) for t in range(n_tasks)]
    return TaskSet(
        kind=kind,
        **pool.arrays(tasks, each, stream, n_features, precision, features),
        n_classes=n_classes,
        epochs=epochs,
        order_seed=seed,
        source={
            "generator": name,
            "arguments": {
                "dataset": pool.name,
                "n_features": n_features,
                "n_tasks": n_tasks,
                "n_train": n_classes * each.train,
                "n_valid": n_classes * each.valid,
                "seed": seed,
                **more,
                "epochs": epochs,
                "split": split,
                "precision": precision,
            },
        },
    )
