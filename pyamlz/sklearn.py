"""Programs as scikit-learn estimators. Needs scikit-learn.

`ProgramClassifier` and `ProgramRegressor` train one program: an evolved, a built-in or a hand-written one.
`EvolvedClassifier` and `EvolvedRegressor` first search for one on the data at hand.

What goes on inside, in this order:

1. Features are standardised: the mean of each is taken away, and it is divided by its standard deviation (features that
   are constant only lose their mean). In regression so is the target, and predictions are turned back. Mean and
   deviation are those of the first data seen, by `fit` or the first `partial_fit`, and then stay.
2. The program runs as in the paper's figure 1, once Setup and then Predict and Learn for each example, `epochs` times
   over all of them, in an order drawn from `random_state` for each epoch.
3. With more than two classes, a program that predicts a vector (v2, label v1) is trained on all classes; any other is
   trained once for each class against the rest, and the probabilities are scaled to sum to 1.

A program that diverges, so that its prediction is not a finite number, predicts the mean target, or the same
probability for each class.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from pyamlz._lib.checks import Precision, checked_int
from pyamlz._lib.errors import InputError
from pyamlz._lib.extras import missing
from pyamlz.archive import find_program
from pyamlz.program import Dims, FunctionName, FunctionSpace, Program, SearchSpace, carried, live_code
from pyamlz.search import Learner, Search
from pyamlz.tasks import Kind, Table, resampled

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets, unique_labels
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise missing(error, "sklearn") from None

__all__ = ["EvolvedClassifier", "EvolvedRegressor", "ProgramClassifier", "ProgramRegressor"]

Array: TypeAlias = npt.NDArray[Any]

_MAX_SEED = 2**31 - 1
_LIMIT = 1e6  # standard deviations; what lies beyond is cut off, in training and in use


class _Scaler:
    """Takes the mean away and divides by the standard deviation, both of the data that it was made from."""

    def __init__(self, values: Array) -> None:
        with np.errstate(over="ignore"):
            self.mean = values.mean(axis=0)
            deviation = values.std(axis=0)
        is_constant = ~np.isfinite(deviation) | (deviation <= 1e-12 * (1 + np.abs(self.mean)))
        self.deviation = np.where(is_constant, 1.0, deviation)

    def there(self, values: Array) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            scaled: Array = np.clip(np.nan_to_num((values - self.mean) / self.deviation), -_LIMIT, _LIMIT)
            return scaled

    def back(self, values: Array) -> Array:
        turned: Array = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0) * self.deviation + self.mean
        return turned


class _Base(BaseEstimator):  # type: ignore[misc]
    """What all estimators share: a program, its learners, and how they are trained."""

    program: Any
    epochs: int
    precision: Precision
    random_state: Any
    _min_samples = 1  # for fit

    def _new_learners(self, program: Program, n_features: int, n_classes: int) -> list[Learner]:
        """One; or of a program that predicts a number, for more than two classes, one a class."""
        kind: Kind = "regression" if n_classes == 0 else "binary"
        width = n_features
        count = 1
        if n_classes > 2:
            if _predicts_vectors(program, max(n_features, n_classes), n_classes):
                kind, width = "multiclass", max(n_features, n_classes)
            else:
                count = n_classes
        dims = program.dims(width, kind, n_classes if kind == "multiclass" else 0)
        live = program.simplified(dims)  # so that all that is kept can be looked at, copied and pickled
        return [
            Learner(live, dims, precision=self.precision, keep_dead_code=True, seed=self._seed, task=task)
            for task in range(count)
        ]

    def _begin(self, X: Array, y: Array, n_classes: int) -> None:
        """A new learner for new data."""
        checked_int("epochs", self.epochs, 1, 10**9)
        self._random = check_random_state(self.random_state)
        self._seed = int(self._random.randint(_MAX_SEED))
        self.scaler_ = _Scaler(X)
        self.target_scaler_ = _Scaler(np.zeros(1) if n_classes else y)
        self.program_ = self._program_for(X, y, n_classes)
        self.learners_ = self._new_learners(self.program_, X.shape[1], n_classes)

    def _program_for(self, X: Array, y: Array, n_classes: int) -> Program:
        """The program that is to be trained on data like these."""
        return _program_of("program", self.program)

    def _inputs(self, X: Array) -> Array:
        scaled = self.scaler_.there(X)
        missing = self.learners_[0].dims.n_features - scaled.shape[1]
        return np.pad(scaled, ((0, 0), (0, missing))) if missing else scaled

    def _train(self, X: Array, y: Array, epochs: int) -> None:
        """y: scaled targets, or class numbers."""
        inputs = self._inputs(X)
        for _ in range(epochs):
            order = self._random.permutation(len(inputs))
            for number, learner in enumerate(self.learners_):
                labels = y if len(self.learners_) == 1 else (y == number).astype(float)
                learner.learn(inputs[order], labels[order])

    def _predicted(self, X: Array) -> Array:
        """What each learner predicts of each example, (learners, N) or (learners, N, C); the same whenever it is asked.

        Programs may write memory when they predict, so each example finds the memory that training left.
        """
        inputs = self._inputs(X)
        out = []
        for learner in self.learners_:
            state = learner.__getstate__()
            code = live_code(learner.program, learner.dims)
            if code.is_random or carried(code):
                rows = []
                for row in inputs:
                    learner.__setstate__(state)
                    rows.append(learner.predict(row))
                out.append(np.array(rows))
            else:
                out.append(np.asarray(learner.predict(inputs)))
            learner.__setstate__(state)
        return np.array(out, dtype=float)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "learners_")


def _program_of(name: str, value: object) -> Program:
    """The program that an argument stands for."""
    if isinstance(value, Program):
        return value
    if isinstance(value, str):
        return find_program(name, value)
    raise InputError(f"{name}: expected a Program, a name, a text or a file, got {value!r}")


def _predicts_vectors(program: Program, width: int, n_classes: int) -> bool:
    """Whether it learns when v1 is the label and v2 the prediction."""
    try:
        return program.can_learn(program.dims(width, "multiclass", n_classes))
    except InputError:  # it writes v1
        return False


class _Trained(_Base):
    """What ProgramClassifier and ProgramRegressor are made of."""

    def __init__(
        self,
        program: Program | str = "neural_network",
        *,
        epochs: int = 10,
        precision: Precision = "float32",
        random_state: Any = None,
    ) -> None:
        self.program = program
        self.epochs = epochs
        self.precision = precision
        self.random_state = random_state


class ProgramClassifier(ClassifierMixin, _Trained):  # type: ignore[misc]
    """A classifier that trains a program; see the module for what happens to features and classes.

    Args:
        program: a :class:`pyamlz.Program`, the name of a built-in one, a program's text, or a file with it.
        epochs: passes of `fit` over the examples, 1 or more; `partial_fit` makes one.
        precision: "float32" or "float64": what it computes in.
        random_state: of the order of the examples and of random ops.

    Attributes:
        classes_: the labels, sorted.
        n_features_in_: F.
        program_: the program that was trained.
        learners_: one :class:`pyamlz.Learner`, or one a class.
    """

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> ProgramClassifier:
        """Trains from the start.

        Args:
            X: features, (N, F).
            y: N labels of any type, of at least two classes.
        """
        features, labels = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=self._min_samples)
        check_classification_targets(labels)
        self.classes_, numbers = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise InputError(f"y: expected at least 2 classes, got {len(self.classes_)} class")
        self._begin(features, numbers, len(self.classes_))
        self._train(features, numbers, self.epochs)
        return self

    def partial_fit(
        self, X: npt.ArrayLike, y: npt.ArrayLike, classes: npt.ArrayLike | None = None
    ) -> ProgramClassifier:
        """Goes on learning, in one pass.

        Args:
            X: features, (N, F).
            y: N labels.
            classes: all labels that there will be; the first call needs them.
        """
        is_first = not hasattr(self, "learners_")
        least = self._min_samples if is_first else 1
        features, labels = validate_data(self, X, y, dtype=np.float64, reset=is_first, ensure_min_samples=least)
        check_classification_targets(labels)
        if is_first:
            if classes is None:
                raise InputError("classes: expected all labels with the first call of partial_fit")
            self.classes_ = unique_labels(classes)
            if len(self.classes_) < 2:
                raise InputError(f"classes: expected at least 2 classes, got {len(self.classes_)} class")
        elif classes is not None and not np.array_equal(unique_labels(classes), self.classes_):
            raise InputError("classes: expected those of the first call of partial_fit")
        unknown = np.setdiff1d(labels, self.classes_)
        if len(unknown):
            raise InputError(f"y: expected labels of classes, got {unknown.tolist()[0]!r}")
        numbers = np.searchsorted(self.classes_, labels)
        if is_first:
            self._begin(features, numbers, len(self.classes_))
        self._train(features, numbers, 1)
        return self

    def predict_proba(self, X: npt.ArrayLike) -> Array:
        """Probabilities, (N, number of classes), in the order of `classes_`."""
        check_is_fitted(self)
        made = self._predicted(validate_data(self, X, dtype=np.float64, reset=False))
        if made.ndim == 3:
            scores = made[0]
        elif len(self.learners_) == 1:
            scores = np.column_stack([1 - made[0], made[0]])
        else:
            scores = made.T
        scores = np.where(np.isfinite(scores).all(axis=1, keepdims=True), scores, 1.0)
        total = scores.sum(axis=1, keepdims=True)
        n_classes = len(self.classes_)
        probabilities: Array = np.where(total > 0, scores / np.where(total > 0, total, 1), 1 / n_classes)
        return probabilities

    def predict(self, X: npt.ArrayLike) -> Array:
        """The likeliest labels, (N,)."""
        probabilities = self.predict_proba(X)
        labels: Array = self.classes_[probabilities.argmax(axis=1)]
        return labels


class ProgramRegressor(RegressorMixin, _Trained):  # type: ignore[misc]
    """A regressor that trains a program; see the module for what happens to features and targets.

    Args:
        program: a :class:`pyamlz.Program`, the name of a built-in one, a program's text, or a file with it.
        epochs: passes of `fit` over the examples, 1 or more; `partial_fit` makes one.
        precision: "float32" or "float64": what it computes in.
        random_state: of the order of the examples and of random ops.

    Attributes:
        n_features_in_: F.
        program_: the program that was trained.
        learners_: one :class:`pyamlz.Learner`.
    """

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> ProgramRegressor:
        """Trains from the start.

        Args:
            X: features, (N, F).
            y: targets, (N,).
        """
        features, targets = validate_data(
            self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=self._min_samples
        )
        targets = np.asarray(targets, dtype=np.float64)
        self._begin(features, targets, 0)
        self._train(features, self.target_scaler_.there(targets), self.epochs)
        return self

    def partial_fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> ProgramRegressor:
        """Goes on learning, in one pass; arguments as of :meth:`fit`."""
        is_first = not hasattr(self, "learners_")
        least = self._min_samples if is_first else 1
        features, targets = validate_data(
            self, X, y, dtype=np.float64, y_numeric=True, reset=is_first, ensure_min_samples=least
        )
        targets = np.asarray(targets, dtype=np.float64)
        if is_first:
            self._begin(features, targets, 0)
        self._train(features, self.target_scaler_.there(targets), 1)
        return self

    def predict(self, X: npt.ArrayLike) -> Array:
        """Predicted targets, (N,)."""
        check_is_fitted(self)
        features = validate_data(self, X, dtype=np.float64, reset=False)
        made: Array = self.target_scaler_.back(self._predicted(features)[0])
        return made


# ---------------------------------------------------------------- evolved ones


class _Evolving(_Base):
    """Searches for a program on the data, and tries the best on examples that the search did not see."""

    _min_samples = 8

    def __init__(
        self,
        start: Program | str = "neural_network",
        *,
        max_evaluations: int = 20_000,
        max_seconds: float | None = None,
        n_tasks: int = 8,
        epochs: int = 10,
        precision: Precision = "float32",
        random_state: Any = None,
    ) -> None:
        self.start = start
        self.max_evaluations = max_evaluations
        self.max_seconds = max_seconds
        self.n_tasks = n_tasks
        self.epochs = epochs
        self.precision = precision
        self.random_state = random_state

    def _program_for(self, X: Array, y: Array, n_classes: int) -> Program:
        start = _program_of("start", self.start)
        scaled = self.scaler_.there(X)
        labels = y if n_classes else self.target_scaler_.there(y)
        rows = self._random.permutation(len(scaled))
        n_held_out = max(len(rows) // 4, 1) if len(rows) > 1 else 0
        held_out, kept = rows[:n_held_out], rows[n_held_out:]
        tasks = resampled(
            Table(scaled[kept], labels[kept].astype(float), tuple(map(str, range(n_classes)))),
            multiclass="pairs",
            n_features=min(scaled.shape[1], _PROJECTED),
            n_tasks=checked_int("n_tasks", self.n_tasks, 1, 10**6),
            seed=self._seed,
            precision=self.precision,
        )
        search = Search(
            tasks,
            _space(start, tasks.n_features, tasks.kind),
            seed=self._seed,
            start=start,
            fec_train=min(10, tasks.n_train),
            fec_valid=min(10, tasks.n_valid),
            precision=self.precision,
        )
        self.search_result_ = search.run(max_evaluations=self.max_evaluations, max_seconds=self.max_seconds)
        fame = sorted(search.hall_of_fame, key=lambda member: -member.fitness)[:_TRIED]
        candidates = [start, *(member.program for member in fame)]
        if not len(held_out):
            return candidates[0]
        scores = [self._score_of(program, X, labels, kept, held_out, n_classes) for program in candidates]
        return candidates[int(np.argmax(scores))]

    def _score_of(self, program: Program, X: Array, y: Array, kept: Array, held_out: Array, n_classes: int) -> float:
        """Accuracy, or minus the mean squared error, on the examples that are held out."""
        trial = _Trial(self, program, X.shape[1], n_classes)
        targets = y if n_classes else self.target_scaler_.there(y)
        trial._train(X[kept], targets[kept], self.epochs)
        made = trial._predicted(X[held_out])
        if not np.isfinite(made).all():
            return -np.inf
        if n_classes == 0:
            return -float(np.mean((made[0] - targets[held_out]) ** 2))
        if made.ndim == 3:
            guesses = made[0].argmax(axis=1)
        else:
            guesses = (made[0] > 0.5).astype(int) if len(made) == 1 else made.argmax(axis=0)
        return float(np.mean(guesses == y[held_out]))


class _Trial(_Base):
    """A candidate in training."""

    def __init__(self, owner: _Evolving, program: Program, n_features: int, n_classes: int) -> None:
        self.precision, self._seed, self.scaler_ = owner.precision, owner._seed, owner.scaler_
        self._random = np.random.RandomState(owner._seed)
        self.learners_ = self._new_learners(program, n_features, n_classes)


_PROJECTED = 16  # features that searches see, as in the paper's section 4.2
_TRIED = 8  # of the hall of fame
_MEMORY = {"n_scalars": 8, "n_vectors": 14, "n_matrices": 3}  # the paper's section 4.2
_SIZES: Final[dict[FunctionName, int]] = {"setup": 21, "predict": 21, "learn": 45}  # the same
_SETUP_OPS = range(56, 65)
_OTHER_OPS = [*range(56), 60, 61]


def _space(start: Program, n_features: int, kind: Kind) -> SearchSpace:
    """The paper's space of section 4.2, and room for the program that the search starts from."""
    needed = start.dims(n_features, kind)
    memory = {name: max(count, getattr(needed, name)) for name, count in _MEMORY.items()}
    functions = {
        name: FunctionSpace(_SETUP_OPS if name == "setup" else _OTHER_OPS, 0, max(size, start.sizes[name]))
        for name, size in _SIZES.items()
    }
    return SearchSpace(Dims(n_features=n_features, kind=kind, **memory), **functions)


class EvolvedClassifier(_Evolving, ProgramClassifier):
    """A classifier that evolves a program on the data, and then trains it on all of them.

    The search's tasks are made from three quarters of the examples by :func:`pyamlz.tasks.resampled`, projected to at
    most 16 features, with two of the classes each. Of its hall of fame and the program that it started from, the one is
    taken that does best on the other quarter.

    Args:
        start: what the search starts from: as `program` of :class:`ProgramClassifier`.
        max_evaluations: programs that the search scores.
        max_seconds: its time, over 0; None for no limit. With a limit the result depends on the machine's speed.
        n_tasks: tasks that each program is scored on.
        epochs: passes over the examples, of candidates and of the winner.
        precision: "float32" or "float64".
        random_state: of everything random.

    Attributes:
        program_: the program that was found.
        search_result_: how the search went, a :class:`pyamlz.Result`.

    Its other attributes are those of :class:`ProgramClassifier`.
    """


class EvolvedRegressor(_Evolving, ProgramRegressor):
    """A regressor that evolves a program on the data, and then trains it on all of them.

    See :class:`EvolvedClassifier` for how, and for the arguments; tasks differ in their examples and projections.
    """
