"""Binary tasks from images at their own size, not projected.

Real et al. (ICML 2020), section 4.2: programs found on small projected tasks
are measured in the end on all pixels.

The same arguments and images give the same bits on every machine, as with
:mod:`pyamlz.tasks.projected`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal

import numpy as np

from pyamlz._lib.checks import MAX_COUNT, Precision, checked_int, checked_precision, checked_seed
from pyamlz._lib.errors import InputError
from pyamlz.tasks._datasets import ImageData, load
from pyamlz.tasks._images import Pixels, Pool, Split, Stream, Task, checked_pairs, checked_split, pairs_of, standardised
from pyamlz.tasks._ordered import Doubles
from pyamlz.tasks._taskset import TaskSet, check_total


def native_binary(
    dataset: ImageData | str | os.PathLike[str],
    *,
    pairs: Sequence[tuple[int, int]] | None = None,
    n_train: int | Literal["all"] = 8000,
    n_valid: int | None = 2000,
    seed: int = 0,
    epochs: int = 1,
    split: Split = "test",
    precision: Precision = "float32",
) -> TaskSet:
    """Binary tasks: two classes of images, their pixels as features (section 4.2).

    There is one task for each pair of classes (a labelled 0, b labelled 1), with
    a random choice of images, half of each class. Pixels are standardised as the
    features of projected tasks are: the mean and standard deviation (divided by
    N) of a pixel over the task's training examples are taken from training and
    validation examples alike. A pixel that is constant in training is 0 in both,
    as nothing can have been learned of it.

    What a task trains on depends on the seed, the pair and n_train alone, so a
    program that was tuned on "select" learns from the same images for "test".

    Args:
        dataset: an ImageData, or what :func:`pyamlz.tasks.load` takes.
        pairs: pairs of classes, each once. By default those of
            :func:`class_pairs` for the split: of ten classes 36 for "search", 9
            others for "select", and all 45 for "test".
        n_train: N, training examples of each task, even; "all": as many as the
            scarcest class in use allows.
        n_valid: M, validation examples of each task, even; None as for
            :func:`projected_binary` with n_train="all".
        seed: seed of the choice of images and the example order, 0 to 2**64 - 1.
        epochs: passes over the training examples.
        split: "search" and "select" take all examples from the data set's
            training part, the validation examples from images not used in
            training. "test" takes training examples from the training part and
            validation examples, on which programs are scored, from the test part.
        precision: "float32" or "float64", of the arrays made.

    Returns:
        A binary TaskSet: features (D, N, F) and (D, M, F), where F is the number
        of pixels, labels (D, N) and (D, M). In float32 a task of Fashion-MNIST
        takes 31 MB with the default sizes.

    Raises:
        InputError: an argument is wrong, or a class has too few examples.
        DataError: the data set cannot be read, or has more than 65,536 pixels.
    """
    data = dataset if isinstance(dataset, ImageData) else load(dataset)
    seed = checked_seed("seed", seed)
    epochs = checked_int("epochs", epochs, 1, MAX_COUNT)
    split = checked_split(split)
    precision = checked_precision("precision", precision)
    groups = pairs_of(data, split) if pairs is None else checked_pairs(pairs, data.n_classes)
    twice = next((pair for pair in groups if groups.count(pair) > 1), None)
    if twice is not None:
        raise InputError(f"pairs: expected each pair once, got {twice} twice")
    pool = Pool.of(data, split)
    each = pool.examples(groups, n_train, n_valid)
    n_pixels = data.x_train.shape[1]
    check_total(len(groups), 2 * sum(each), n_pixels)
    tasks = [Task(a * data.n_classes + b, (a, b)) for a, b in groups]
    return TaskSet(
        kind="binary",
        **pool.arrays(tasks, each, Stream(seed, ("native_binary",)), n_pixels, precision, _own_pixels),
        n_classes=2,
        epochs=epochs,
        order_seed=seed,
        source={
            "generator": "native_binary",
            "arguments": {
                "dataset": data.name,
                "pairs": None if pairs is None else [list(pair) for pair in groups],
                "n_train": 2 * each.train,
                "n_valid": 2 * each.valid,
                "seed": seed,
                "epochs": epochs,
                "split": split,
                "precision": precision,
            },
        },
    )


def _own_pixels(task: int, train: Pixels, valid: Pixels) -> tuple[Doubles, Doubles]:
    train, valid, constant = standardised(train.astype(np.float64), valid.astype(np.float64))
    valid[:, constant] = 0.0
    return train, valid
