"""A program in training on arrays: how they are scaled, and its learners."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pyamlz._lib.checks import Precision
from pyamlz._lib.errors import InputError
from pyamlz.archive import find_program
from pyamlz.program import Program
from pyamlz.search import Learner
from pyamlz.tasks import Kind
from pyamlz.tasks._preparation import moments

Array: TypeAlias = npt.NDArray[Any]
Doubles: TypeAlias = npt.NDArray[np.float64]

MAX_SEED = 2**31 - 1
_LIMIT = 1e6  # standard deviations; what lies beyond is cut off, in training and in use


class Scaler:
    """Takes the mean away and divides by the standard deviation, both of the data that it was made from.

    Attributes:
        mean: of each column, (F,), or of the numbers.
        deviation: likewise; 1 where all values are the same.
    """

    def __init__(self, values: Array) -> None:
        mean, deviation = moments(np.asarray(values, dtype=np.float64).reshape(len(values), -1))
        self.mean: Any = mean if values.ndim == 2 else mean[0]
        self.deviation: Any = deviation if values.ndim == 2 else deviation[0]

    def there(self, values: Array) -> Doubles:
        """In standard deviations from the mean."""
        with np.errstate(over="ignore", invalid="ignore"):
            scaled: Doubles = np.clip(np.nan_to_num((values - self.mean) / self.deviation), -_LIMIT, _LIMIT)
        return scaled

    def back(self, values: Array) -> Doubles:
        """The reverse; what is no finite number becomes the mean."""
        turned: Doubles = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0) * self.deviation + self.mean
        return turned


class Trained:
    """A program, and what it has learned of data of one kind.

    Args:
        program: what is trained.
        X: features, (N, F), to be scaled by.
        y: targets, (N,), likewise; for classes their numbers.
        n_classes: 0 for regression.
        precision: "float32" or "float64".
        seed: of random ops.

    Attributes:
        learners: one; or of a program that predicts a number, for more than two classes, one a class.
    """

    def __init__(
        self, program: Program, X: Array, y: Array, n_classes: int, *, precision: Precision, seed: int
    ) -> None:
        self.program, self.n_classes = program, n_classes
        self.scaler = Scaler(X)
        self.target_scaler = Scaler(np.zeros(1) if n_classes else y)
        kind: Kind = "regression" if n_classes == 0 else "binary"
        width, count = X.shape[1], 1
        if n_classes > 2:
            if predicts_vectors(program, max(width, n_classes), n_classes):
                kind, width = "multiclass", max(width, n_classes)
            else:
                count = n_classes
        dims = program.dims(width, kind, n_classes if kind == "multiclass" else 0)
        live = program.simplified(dims)  # so that all that is kept can be looked at, copied and pickled
        self.learners = [
            Learner(live, dims, precision=precision, keep_dead_code=True, seed=seed, task=task) for task in range(count)
        ]

    def copied(self) -> Trained:
        """One that goes on learning by itself."""
        other = copy.copy(self)
        other.learners = [copy.deepcopy(learner) for learner in self.learners]
        return other

    def learn(
        self, X: Array, y: Array, random: np.random.RandomState, epochs: int = 1, weights: Array | None = None
    ) -> None:
        """Passes over examples, each in an order of its own.

        Args:
            X: features, (N, F).
            y: targets or numbers of classes, (N,).
            random: where orders are drawn from.
            epochs: passes, 1 or more.
            weights: how often each example is drawn, in proportion, (N,); None for once a pass.
        """
        inputs = self._inputs(X)
        targets = y if self.n_classes else self.target_scaler.there(y)
        n = len(inputs)
        for _ in range(epochs):
            order = random.permutation(n) if weights is None else random.choice(n, n, p=weights / weights.sum())
            for number, learner in enumerate(self.learners):
                labels = targets if len(self.learners) == 1 else (targets == number).astype(float)
                learner.learn(inputs[order], labels[order])

    def predicted(self, X: Array) -> Doubles:
        """Targets, (N,), or the probabilities of classes, (N, C)."""
        inputs = self._inputs(X)
        made = [np.asarray(learner.predict(inputs), dtype=np.float64) for learner in self.learners]
        if self.n_classes == 0:
            return self.target_scaler.back(made[0])
        if made[0].ndim == 2:
            scores = made[0]
        elif len(made) == 1:
            scores = np.column_stack([1 - made[0], made[0]])
        else:
            scores = np.column_stack(made)
        scores = np.where(np.isfinite(scores).all(axis=1, keepdims=True), scores, 1.0)
        total = scores.sum(axis=1, keepdims=True)
        probabilities: Doubles = np.where(total > 0, scores / np.where(total > 0, total, 1), 1 / self.n_classes)
        return probabilities

    def _inputs(self, X: Array) -> Doubles:
        scaled = self.scaler.there(X)
        missing = self.learners[0].dims.n_features - scaled.shape[1]
        return np.pad(scaled, ((0, 0), (0, missing))) if missing else scaled


def program_of(name: str, value: object) -> Program:
    """The program that an argument stands for."""
    if isinstance(value, Program):
        return value
    if isinstance(value, str):
        return find_program(name, value)
    raise InputError(f"{name}: expected a Program, a name, a text or a file, got {value!r}")


def predicts_vectors(program: Program, width: int, n_classes: int) -> bool:
    """Whether it learns when v1 is the label and v2 the prediction."""
    try:
        return program.can_learn(program.dims(width, "multiclass", n_classes))
    except InputError:  # it writes v1
        return False


def weights_of(class_weight: object, classes: Array, numbers: Array) -> Array | None:
    """How much each example counts, (N,); None where all count the same.

    Args:
        class_weight: None, "balanced", or weights by class.
        classes: the classes.
        numbers: of each example its class's place there.

    Raises:
        InputError: it is something else.
    """
    if class_weight is None:
        return None
    counts = np.bincount(numbers, minlength=len(classes))
    if isinstance(class_weight, str) and class_weight == "balanced":
        return np.asarray(len(numbers) / (len(classes) * np.maximum(counts, 1)))[numbers]
    if not isinstance(class_weight, Mapping):
        raise InputError(f"class_weight: expected 'balanced' or weights by class, got {class_weight!r}")
    known = classes.tolist()
    unknown = [name for name in class_weight if name not in known]
    weights = np.array([float(class_weight.get(name, 1.0)) for name in known])
    if unknown or not (weights >= 0).all() or not weights[numbers].sum() > 0:
        raise InputError(f"class_weight: expected weights of {known}, 0 or more, got {class_weight!r}")
    return weights[numbers]
