"""Regression tasks with a known answer: linear, affine and two-layer teachers.

Real et al. (ICML 2020), section 4.1. Features and the teacher's weights are
standard Gaussian; each task has its own of both. Easier tasks of the same kind,
as the first stages of a search, come from the arguments after `precision`.

The same arguments give the same bits on every machine. All arithmetic is in
float64, one feature (or hidden unit) at a time in rising order; features and
labels are then rounded to the requested precision, once. Task t depends on the seed
and on t, not on the number of tasks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import numpy as np

from pyamlz._lib import random as _random
from pyamlz._lib.checks import (
    MAX_COUNT,
    MAX_FEATURES,
    Precision,
    checked_bool,
    checked_choice,
    checked_float,
    checked_int,
    checked_precision,
    checked_seed,
)
from pyamlz.tasks._ordered import Doubles, matrix_product
from pyamlz.tasks._taskset import TaskSet, check_total

Teacher: TypeAlias = Callable[[Doubles], Doubles]
Hidden: TypeAlias = Literal["gaussian", "identity"]


def linear(
    n_features: int = 4,
    n_tasks: int = 10,
    n_train: int = 100,
    n_valid: int = 100,
    seed: int = 0,
    epochs: int = 1,
    precision: Precision = "float32",
    *,
    feature_scale: float = 1.0,
    unit_labels: bool = False,
) -> TaskSet:
    """Linear regression tasks, y = w . x (section 4.1).

    Args:
        n_features: F, 1 to 65,536.
        n_tasks: D, the number of tasks.
        n_train: N, training examples of each task.
        n_valid: M, validation examples of each task.
        seed: seed of features, weights and example order, 0 to 2**64 - 1.
        epochs: passes over the training examples.
        precision: "float32" or "float64", of the arrays made.
        feature_scale: features are multiplied by it once they have their labels;
            over 0. Where it is small, larger learning rates work.
        unit_labels: whether a task's labels are divided by the root of the mean
            square of its training labels.

    Returns:
        A regression TaskSet: features (D, N, F) and (D, M, F), labels (D, N)
        and (D, M).

    Raises:
        InputError: an argument is of the wrong type or out of range.
    """

    def teacher(seed: int, task: int, width: int) -> Teacher:
        w = _random.gaussian(seed, ("linear", "weights", task), (1, width))
        return lambda x: matrix_product(w, x)[:, 0]

    easier = {"feature_scale": feature_scale, "unit_labels": unit_labels}
    return _regression("linear", teacher, n_features, n_tasks, n_train, n_valid, seed, epochs, precision, easier)


def affine(
    n_features: int = 4,
    n_tasks: int = 10,
    n_train: int = 100,
    n_valid: int = 100,
    seed: int = 0,
    epochs: int = 1,
    precision: Precision = "float32",
) -> TaskSet:
    """Affine regression tasks, y = w . x + b (section 4.1).

    The bias b is standard Gaussian and added last. Arguments up to `precision`,
    result and errors are those of :func:`linear`.
    """

    def teacher(seed: int, task: int, width: int) -> Teacher:
        w = _random.gaussian(seed, ("affine", "weights", task), (1, width))
        b = _random.gaussian(seed, ("affine", "bias", task), ())
        return lambda x: matrix_product(w, x)[:, 0] + b

    return _regression("affine", teacher, n_features, n_tasks, n_train, n_valid, seed, epochs, precision, {})


def nonlinear(
    n_features: int = 4,
    n_tasks: int = 10,
    n_train: int = 100,
    n_valid: int = 100,
    seed: int = 0,
    epochs: int = 1,
    precision: Precision = "float32",
    *,
    feature_scale: float = 1.0,
    unit_labels: bool = False,
    n_informative: int = 0,
    hidden: Hidden = "gaussian",
    output_mean: float = 0.0,
) -> TaskSet:
    """Regression tasks of a two-layer teacher, y = u . ReLU(M x) (section 4.1).

    M is F x F and u has F elements, both standard Gaussian. Arguments that are
    not named here, result and errors are those of :func:`linear`.

    Args:
        n_informative: features from this number on are 0, up to F; 0: none are.
        hidden: "gaussian", or "identity": M is the identity, so y = u . ReLU(x).
        output_mean: is added to u. Where it is large, all hidden units push the
            same way.
    """
    checked_choice("hidden", hidden, ("gaussian", "identity"))
    output_mean = checked_float("output_mean", output_mean, -math.inf)

    def teacher(seed: int, task: int, width: int) -> Teacher:
        u = output_mean + _random.gaussian(seed, ("nonlinear", "output", task), (1, width))
        if hidden == "identity":
            return lambda x: matrix_product(u, _relu(x))[:, 0]
        m = _random.gaussian(seed, ("nonlinear", "hidden", task), (width, width))
        return lambda x: matrix_product(u, _relu(matrix_product(m, x)))[:, 0]

    easier = {
        "feature_scale": feature_scale,
        "unit_labels": unit_labels,
        "n_informative": n_informative,
        "hidden": hidden,
        "output_mean": output_mean,
    }
    return _regression("nonlinear", teacher, n_features, n_tasks, n_train, n_valid, seed, epochs, precision, easier)


#: What the arguments after `precision` are by default; a source names only those that differ.
_PLAIN = {
    "feature_scale": 1.0,
    "unit_labels": False,
    "n_informative": 0,
    "hidden": "gaussian",
    "output_mean": 0.0,
}


def _root_mean_square(labels: Doubles) -> float:
    """Summed in order; 1 where all are 0."""
    total = 0.0
    for label in labels.tolist():
        total += label * label
    return math.sqrt(total / len(labels)) or 1.0


def _relu(x: Doubles) -> Doubles:
    return np.where(x > 0.0, x, 0.0)


def _regression(
    name: str,
    make_teacher: Callable[[int, int, int], Teacher],
    n_features: int,
    n_tasks: int,
    n_train: int,
    n_valid: int,
    seed: int,
    epochs: int,
    precision: Precision,
    easier: dict[str, Any],
) -> TaskSet:
    n_features = checked_int("n_features", n_features, 1, MAX_FEATURES)
    n_tasks = checked_int("n_tasks", n_tasks, 1, MAX_COUNT)
    sizes = {
        "train": checked_int("n_train", n_train, 1, MAX_COUNT),
        "valid": checked_int("n_valid", n_valid, 1, MAX_COUNT),
    }
    seed = checked_seed("seed", seed)
    epochs = checked_int("epochs", epochs, 1, MAX_COUNT)
    precision = checked_precision("precision", precision)
    scale = checked_float("feature_scale", easier.get("feature_scale", 1.0), 0.0, over=True)
    unit_labels = checked_bool("unit_labels", easier.get("unit_labels", False))
    n_informative = checked_int("n_informative", easier.get("n_informative", 0), 0, n_features)
    check_total(n_tasks, sum(sizes.values()), n_features)
    x = {part: np.empty((n_tasks, n, n_features), precision) for part, n in sizes.items()}
    y = {part: np.empty((n_tasks, n), precision) for part, n in sizes.items()}
    for task in range(n_tasks):
        teacher = make_teacher(seed, task, n_features)
        for part, n in sizes.items():
            features = _random.gaussian(seed, (name, part, task), (n, n_features))
            if n_informative > 0:
                features[:, n_informative:] = 0.0
            labels = teacher(features)
            if unit_labels:
                if part == "train":  # made first
                    unit = _root_mean_square(labels)
                labels = labels / unit
            x[part][task] = features * scale
            y[part][task] = labels
    return TaskSet(
        kind="regression",
        train_x=x["train"],
        train_y=y["train"],
        valid_x=x["valid"],
        valid_y=y["valid"],
        n_classes=0,
        epochs=epochs,
        order_seed=seed,
        source={
            "generator": name,
            "arguments": {
                "n_features": n_features,
                "n_tasks": n_tasks,
                "n_train": sizes["train"],
                "n_valid": sizes["valid"],
                "seed": seed,
                "epochs": epochs,
                "precision": precision,
                **{key: value for key, value in easier.items() if value != _PLAIN[key]},
            },
        },
    )
