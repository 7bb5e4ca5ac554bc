"""Estimators that train a program."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from pyamlz._lib.checks import Precision, checked_int
from pyamlz._lib.errors import InputError
from pyamlz._lib.extras import missing
from pyamlz.program import Program
from pyamlz.sklearn._trained import MAX_SEED, Array, Doubles, Trained, program_of, weights_of

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets, unique_labels
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise missing(error, "sklearn") from None

ClassWeight: TypeAlias = Mapping[Any, float] | Literal["balanced"] | None


class Base(BaseEstimator, ABC):  # type: ignore[misc]
    """What all estimators share: how they are fitted, in full or not at all."""

    epochs: int
    precision: Precision
    random_state: Any
    warm_start: bool
    _min_samples = 1  # for fit
    _trained: Trained

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Puts everything back as it was if fitting is cut short or refused."""
        before = dict(self.__dict__)
        try:
            yield
        except BaseException:
            self.__dict__ = before
            raise

    def _fit(self, X: Array, y: Array, n_classes: int, weights: Array | None) -> None:
        """From the start, or where `warm_start` says so from what was learned."""
        checked_int("epochs", self.epochs, 1, 10**9)
        if not (self.warm_start and hasattr(self, "_trained")):
            self._begin(X, y, n_classes)
        self._go_on(X, y, self.epochs, weights)

    def _begin(self, X: Array, y: Array, n_classes: int) -> None:
        """New learners for new data."""
        self._random = check_random_state(self.random_state)
        self._seed = int(self._random.randint(MAX_SEED))
        program = self._program_for(X, y, n_classes)
        self._trained = Trained(program, X, y, n_classes, precision=self.precision, seed=self._seed)

    def _go_on(self, X: Array, y: Array, epochs: int, weights: Array | None) -> None:
        """Learns on a copy, which then takes the place of what there was."""
        trained, random = self._trained.copied(), copy.deepcopy(self._random)
        trained.learn(X, y, random, epochs, weights)
        self._trained, self._random = trained, random
        self.learners_, self.program_ = trained.learners, trained.program

    @abstractmethod
    def _program_for(self, X: Array, y: Array, n_classes: int) -> Program:
        """The program that is to be trained on data like these."""

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "learners_")


class ClassifierBase(ClassifierMixin, Base):  # type: ignore[misc]
    """What classifiers share."""

    class_weight: ClassWeight

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Any:
        """Trains from the start, or with `warm_start` from where it was.

        Args:
            X: features, (N, F).
            y: N labels of any type, of at least two classes.
        """
        with self._all_or_nothing():
            features, labels = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=self._min_samples)
            check_classification_targets(labels)
            if self.warm_start and hasattr(self, "classes_"):
                numbers = self._numbers(labels)
            else:
                self.classes_, numbers = np.unique(labels, return_inverse=True)
            if len(self.classes_) < 2:
                raise InputError(f"y: expected at least 2 classes, got {len(self.classes_)} class")
            weights = weights_of(self.class_weight, self.classes_, numbers)
            self._fit(features, numbers, len(self.classes_), weights)
        return self

    def partial_fit(self, X: npt.ArrayLike, y: npt.ArrayLike, classes: npt.ArrayLike | None = None) -> Any:
        """Goes on learning, in one pass.

        Args:
            X: features, (N, F).
            y: N labels.
            classes: all labels that there will be; the first call needs them.
        """
        is_first = not hasattr(self, "learners_")
        least = self._min_samples if is_first else 1
        with self._all_or_nothing():
            features, labels = validate_data(self, X, y, dtype=np.float64, reset=is_first, ensure_min_samples=least)
            check_classification_targets(labels)
            self._take_classes(classes, is_first)
            numbers = self._numbers(labels)
            if is_first:
                self._begin(features, numbers, len(self.classes_))
            self._go_on(features, numbers, 1, weights_of(self.class_weight, self.classes_, numbers))
        return self

    def _take_classes(self, classes: npt.ArrayLike | None, is_first: bool) -> None:
        if is_first:
            if classes is None:
                raise InputError("classes: expected all labels with the first call of partial_fit")
            self.classes_ = unique_labels(classes)
            if len(self.classes_) < 2:
                raise InputError(f"classes: expected at least 2 classes, got {len(self.classes_)} class")
        elif classes is not None and not np.array_equal(unique_labels(classes), self.classes_):
            raise InputError("classes: expected those of the first call of partial_fit")

    def _numbers(self, labels: Array) -> Array:
        unknown = np.setdiff1d(labels, self.classes_)
        if len(unknown):
            raise InputError(f"y: expected labels of classes, got {unknown.tolist()[0]!r}")
        return np.searchsorted(self.classes_, labels)

    def predict_proba(self, X: npt.ArrayLike) -> Doubles:
        """Probabilities, (N, number of classes), in the order of `classes_`."""
        check_is_fitted(self)
        return self._trained.predicted(validate_data(self, X, dtype=np.float64, reset=False))

    def predict(self, X: npt.ArrayLike) -> Array:
        """The likeliest labels, (N,)."""
        probabilities = self.predict_proba(X)
        labels: Array = self.classes_[probabilities.argmax(axis=1)]
        return labels


class RegressorBase(RegressorMixin, Base):  # type: ignore[misc]
    """What regressors share."""

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Any:
        """Trains from the start, or with `warm_start` from where it was.

        Args:
            X: features, (N, F).
            y: targets, (N,).
        """
        with self._all_or_nothing():
            features, targets = self._validated(X, y, self._min_samples, reset=True)
            self._fit(features, targets, 0, None)
        return self

    def partial_fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Any:
        """Goes on learning, in one pass; arguments as of :meth:`fit`."""
        is_first = not hasattr(self, "learners_")
        with self._all_or_nothing():
            features, targets = self._validated(X, y, self._min_samples if is_first else 1, reset=is_first)
            if is_first:
                self._begin(features, targets, 0)
            self._go_on(features, targets, 1, None)
        return self

    def _validated(self, X: npt.ArrayLike, y: npt.ArrayLike, least: int, *, reset: bool) -> tuple[Array, Array]:
        features, targets = validate_data(
            self, X, y, dtype=np.float64, y_numeric=True, reset=reset, ensure_min_samples=least
        )
        return features, np.asarray(targets, dtype=np.float64)

    def predict(self, X: npt.ArrayLike) -> Doubles:
        """Predicted targets, (N,)."""
        check_is_fitted(self)
        return self._trained.predicted(validate_data(self, X, dtype=np.float64, reset=False))


class ProgramClassifier(ClassifierBase):
    """A classifier that trains a program; see :mod:`pyamlz.sklearn` for what happens to features and classes.

    Args:
        program: a :class:`pyamlz.Program`, the name of a built-in one, a program's text, or a file with it.
        epochs: passes of `fit` over the examples, 1 or more; `partial_fit` makes one.
        precision: "float32" or "float64": what it computes in.
        random_state: of the order of the examples and of random ops.
        class_weight: "balanced", or weights by class: examples are drawn so often, in proportion.
        warm_start: whether `fit` goes on from what was learned before.

    Attributes:
        classes_: the labels, sorted.
        n_features_in_: F.
        program_: the program that was trained.
        learners_: one :class:`pyamlz.Learner`, or one a class.
    """

    def __init__(
        self,
        program: Program | str = "neural_network",
        *,
        epochs: int = 10,
        precision: Precision = "float32",
        random_state: Any = None,
        class_weight: ClassWeight = None,
        warm_start: bool = False,
    ) -> None:
        self.program = program
        self.epochs = epochs
        self.precision = precision
        self.random_state = random_state
        self.class_weight = class_weight
        self.warm_start = warm_start

    def _program_for(self, X: Array, y: Array, n_classes: int) -> Program:
        return program_of("program", self.program)


class ProgramRegressor(RegressorBase):
    """A regressor that trains a program; see :mod:`pyamlz.sklearn` for what happens to features and targets.

    Args:
        program: a :class:`pyamlz.Program`, the name of a built-in one, a program's text, or a file with it.
        epochs: passes of `fit` over the examples, 1 or more; `partial_fit` makes one.
        precision: "float32" or "float64": what it computes in.
        random_state: of the order of the examples and of random ops.
        warm_start: whether `fit` goes on from what was learned before.

    Attributes:
        n_features_in_: F.
        program_: the program that was trained.
        learners_: one :class:`pyamlz.Learner`.
    """

    def __init__(
        self,
        program: Program | str = "neural_network",
        *,
        epochs: int = 10,
        precision: Precision = "float32",
        random_state: Any = None,
        warm_start: bool = False,
    ) -> None:
        self.program = program
        self.epochs = epochs
        self.precision = precision
        self.random_state = random_state
        self.warm_start = warm_start

    def _program_for(self, X: Array, y: Array, n_classes: int) -> Program:
        return program_of("program", self.program)
