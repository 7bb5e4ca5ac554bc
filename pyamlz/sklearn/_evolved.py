"""Estimators that evolve a program on the data, and take it only where it is better than the one they began with."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from joblib import Parallel, delayed

from pyamlz._lib.checks import Precision, checked_float, checked_int
from pyamlz._lib.errors import DataError
from pyamlz.program import Dims, FunctionName, FunctionSpace, Program, SearchSpace
from pyamlz.search import Result, Search
from pyamlz.search._running import Callback
from pyamlz.search.callbacks import ProgressBar
from pyamlz.sklearn._program import ClassifierBase, ClassWeight, RegressorBase
from pyamlz.sklearn._trained import Array, Doubles, Trained, predicts_vectors, program_of
from pyamlz.tasks import Kind, Table, TaskSet, resampled
from pyamlz.tasks._resampled import split_rows

_FOLDS = 4
_TRIED = 8  # of the hall of fame
_BEYOND = 2.0  # standard errors by which a program must be better than the start
_JUDGED = 20_000  # rows that programs are compared on at most
_PILOT = 1000  # rows by which it is reckoned how long training takes
_SLACK = 1.25  # more rows leave the caches, and the machine may have other work
_ON_TRIALS = 0.4  # of the time that is left after training
_MEMORY = {"n_scalars": 8, "n_vectors": 14, "n_matrices": 3}  # the paper's section 4.2
_SIZES: Final[dict[FunctionName, int]] = {"setup": 21, "predict": 21, "learn": 45}  # the same
_SETUP_OPS = range(56, 65)
_OTHER_OPS = [*range(56), 60, 61]


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, and why.

    Attributes:
        program: the program.
        is_evolved: whether the search found it; else it is the one that the search started from.
        gain: of the best program found over the start: the difference of their mean losses on held-out rows, in
            cross-validation (accuracy; in regression the share of the variance); None where none was tried.
        error: standard error of the gain.
        result: how the search went; None where there was none.
        why: a sentence for people.
    """

    program: Program
    is_evolved: bool
    gain: float | None
    error: float | None
    result: Result | None
    why: str


class _Data:
    """Training rows, dealt out for cross-validation."""

    def __init__(self, X: Array, y: Array, n_classes: int, random: np.random.RandomState) -> None:
        self.X, self.y, self.n_classes = X, y, n_classes
        self.table = Table(X, y.astype(float), tuple(map(str, range(n_classes))))
        rows = split_rows(self.table)
        self.unseen = np.zeros(len(y), dtype=np.bool_)  # by the search
        self.unseen[[*rows.select, *rows.test]] = True
        self.judged = np.sort(random.permutation(len(y))[:_JUDGED])
        self.folds = _folds(y[self.judged] if n_classes else np.zeros(len(self.judged), int), random)
        self.variance = 1.0 if n_classes else float(np.var(y)) or 1.0

    def losses(self, program: Program, epochs: int, precision: Precision, seed: int) -> Doubles:
        """Of each row judged, by the program trained on the other folds: 1 for a wrong class, or a squared error."""
        losses = np.empty(len(self.judged))
        for fold in range(_FOLDS):
            rows, out = self.judged[self.folds != fold], self.judged[self.folds == fold]
            trained = self._trained(program, rows, precision, seed)
            trained.learn(self.X[rows], self.y[rows], np.random.RandomState(seed), epochs)
            made = trained.predicted(self.X[out])
            wrong = made.argmax(axis=1) != self.y[out] if self.n_classes else (made - self.y[out]) ** 2 / self.variance
            losses[self.folds == fold] = wrong
        return losses

    def seconds_of_a_pass(self, program: Program, precision: Precision) -> float:
        """How long all rows take once, reckoned from some of them."""
        some = np.arange(min(len(self.y), _PILOT))
        trained = self._trained(program, some, precision, 0)
        began = time.monotonic()
        trained.learn(self.X[some], self.y[some], np.random.RandomState(0))
        return (time.monotonic() - began) * len(self.y) / len(some)

    def _trained(self, program: Program, rows: Array, precision: Precision, seed: int) -> Trained:
        return Trained(program, self.X[rows], self.y[rows], self.n_classes, precision=precision, seed=seed)


def _folds(classes: Array, random: np.random.RandomState) -> Array:
    """Of each row its fold, of each class as many in each."""
    folds = np.empty(len(classes), dtype=np.intp)
    for number in np.unique(classes):
        rows = random.permutation(np.flatnonzero(classes == number))
        folds[rows] = np.arange(len(rows)) % _FOLDS
    return folds


class _Evolving:
    """Searches for a program, and tries the best by cross-validation."""

    start: Program | str
    max_evaluations: int
    max_seconds: float | None
    n_tasks: int
    n_projected: int | None
    epochs: int
    precision: Precision
    verbose: bool
    callbacks: Iterable[Callback]
    n_jobs: int | None
    _seed: int
    _random: np.random.RandomState
    _min_samples = 8

    def _program_for(self, X: Array, y: Array, n_classes: int) -> Program:
        choice = self._chosen(program_of("start", self.start), X, y, n_classes)
        self.chosen_ = choice
        self.history_ = [] if choice.result is None else choice.result.history
        self.search_result_ = choice.result
        if self.verbose:
            print(choice.why)
        return choice.program

    def _chosen(self, start: Program, X: Array, y: Array, n_classes: int) -> Choice:
        began = time.monotonic()
        checked_int("max_evaluations", self.max_evaluations, 1, 2**63)
        checked_int("n_tasks", self.n_tasks, 1, 10**6)
        end = math.inf
        if self.max_seconds is not None:
            end = began + checked_float("max_seconds", self.max_seconds, 0.0, over=True)
        try:
            data = _Data(X, y, n_classes, self._random)
            tasks = self._tasks(data, start)
        except DataError as error:
            return Choice(start, False, None, None, None, f"The start program was kept without a search: {error}.")
        training = data.seconds_of_a_pass(start, self.precision) * self.epochs * _SLACK
        trial = training * len(data.judged) / len(y) * (_FOLDS - 1)
        end -= training
        left = end - time.monotonic()
        n_tried = _TRIED
        if left < math.inf:
            n_tried = min(_TRIED, int(max(left, 0.0) * _ON_TRIALS / trial) - 1)  # and the start
        if n_tried < 1:
            wanted = f"{training + 2 * trial / _ON_TRIALS:.1f} or more"
            why = f"The start program was kept without a search, which would need max_seconds of {wanted}."
            return Choice(start, False, None, None, None, why)
        left -= (n_tried + 1) * trial
        result, fame = self._search(tasks, start, None if left == math.inf else left)
        return self._judged(data, start, fame[:n_tried], result, end)

    def _tasks(self, data: _Data, start: Program) -> TaskSet:
        width = data.X.shape[1]
        at_once = data.n_classes > 2 and predicts_vectors(start, max(width, data.n_classes), data.n_classes)
        n_features = None
        if self.n_projected is not None:
            n_features = min(width, checked_int("n_projected", self.n_projected, 1, 65536))
        return resampled(
            data.table,
            multiclass="all" if at_once else "pairs",
            n_features=n_features,
            n_tasks=self.n_tasks,
            seed=self._seed,
            precision=self.precision,
        )

    def _search(self, tasks: TaskSet, start: Program, seconds: float | None) -> tuple[Result, list[Program]]:
        """How it went, and the programs of the hall of fame, the best first."""
        search = Search(
            tasks,
            _space(start, tasks),
            seed=self._seed,
            start=start,
            fec_train=min(10, tasks.n_train),
            fec_valid=min(10, tasks.n_valid),
            precision=self.precision,
        )
        callbacks: list[Callback] = [*self.callbacks]
        if self.verbose:
            callbacks.append(ProgressBar())
        result = search.run(max_evaluations=self.max_evaluations, max_seconds=seconds, callbacks=callbacks)
        if result.stop_reason == "interrupted":
            raise KeyboardInterrupt  # which the search took for its end, and is that of the whole fit
        fame = sorted(search.hall_of_fame, key=lambda member: -member.fitness)
        return result, [member.program for member in fame]

    def _judged(self, data: _Data, start: Program, found: list[Program], result: Result, end: float) -> Choice:
        """The best by cross-validation if it is better than the start beyond noise, else the start."""

        def losses(program: Program) -> Doubles | None:
            if time.monotonic() > end:
                return None
            return data.losses(program, self.epochs, self.precision, self._seed)

        tried = Parallel(n_jobs=self.n_jobs, require="sharedmem")(delayed(losses)(p) for p in [start, *found])
        of_start = tried[0]
        if of_start is None:
            return Choice(start, False, None, None, result, "The start program was kept: no time was left.")
        gains = [(of_start - x, p) for x, p in zip(tried[1:], found, strict=True) if x is not None]
        if not gains:
            return Choice(start, False, None, None, result, "The start program was kept: nothing else was tried.")
        gain, program = max(gains, key=lambda pair: float(np.mean(pair[0])))
        mean, error = float(np.mean(gain)), float(np.std(gain) / math.sqrt(len(gain)))
        unseen = float(np.mean(gain[data.unseen[data.judged]]))
        measure = "accuracy" if data.n_classes else "R2"
        said = (
            f"of {len(gains)} programs that {result.evaluations:,} evaluations found, the best one gains {mean:+.4f} "
            f"in {measure} over the start program, with a standard error of {error:.4f}, in cross-validation on the "
            f"training rows ({unseen:+.4f} on those that the search did not see)"
        )
        if mean > _BEYOND * error and unseen > 0:
            return Choice(program, True, mean, error, result, f"An evolved program was taken: {said}.")
        return Choice(start, False, mean, error, result, f"The start program was kept: {said}.")


def _space(start: Program, tasks: TaskSet) -> SearchSpace:
    """The paper's space of section 4.2, and room for the program that the search starts from."""
    kind: Kind = tasks.kind
    n_classes = tasks.n_classes if kind == "multiclass" else 0
    needed = start.dims(tasks.n_features, kind, n_classes)
    memory = {name: max(count, getattr(needed, name)) for name, count in _MEMORY.items()}
    functions = {
        name: FunctionSpace(_SETUP_OPS if name == "setup" else _OTHER_OPS, 0, max(size, start.sizes[name]))
        for name, size in _SIZES.items()
    }
    return SearchSpace(Dims(n_features=tasks.n_features, kind=kind, n_classes=n_classes, **memory), **functions)


class EvolvedClassifier(_Evolving, ClassifierBase):
    """A classifier that evolves a program on the data, and then trains it, or the one it began with, on all of them.

    The search's tasks are made of 60 % of the rows by :func:`pyamlz.tasks.resampled`. Where there are more features
    than `n_projected` they are projected to so many for the search, by a random matrix; programs are trained on all of
    them in any case. With more than two classes each task tells two of them apart, or all of them if the start program
    predicts a vector. The best programs are then compared with the start by cross-validation, and one is taken only if
    it gains more than two standard errors, and something on the rows that the search did not see: so it is never worse
    than the start but by chance.

    Args:
        start: what the search starts from: as `program` of :class:`ProgramClassifier`.
        max_evaluations: programs that the search scores.
        max_seconds: time that `fit` takes in all, over 0; None for no limit. With a limit the result depends on the
            machine's speed. Where there is no time for a search the start is trained, in full.
        n_tasks: tasks that each program is scored on.
        n_projected: features that the search sees at most, 16 in the paper's section 4.2; None for all.
        epochs: passes over the examples, of candidates and of the winner.
        precision: "float32" or "float64".
        random_state: of everything random.
        class_weight: as of :class:`ProgramClassifier`, in the last training.
        warm_start: whether `fit` goes on with the program and with what was learned before.
        verbose: whether progress is shown, and what was chosen and why.
        callbacks: of the search, see :mod:`pyamlz.search.callbacks`.
        n_jobs: programs that are compared at the same time, by threads; None for 1, -1 for as many as there are cores.

    Attributes:
        chosen_: what was chosen, by how much it is better, and a sentence, `chosen_.why`.
        program_: the program.
        history_: improvements that the search found.
        search_result_: how the search went, a :class:`pyamlz.Result`; None if there was none.

    Its other attributes are those of :class:`ProgramClassifier`.
    """

    def __init__(
        self,
        start: Program | str = "neural_network",
        *,
        max_evaluations: int = 20_000,
        max_seconds: float | None = None,
        n_tasks: int = 8,
        n_projected: int | None = 16,
        epochs: int = 10,
        precision: Precision = "float32",
        random_state: Any = None,
        class_weight: ClassWeight = None,
        warm_start: bool = False,
        verbose: bool = False,
        callbacks: Iterable[Callback] = (),
        n_jobs: int | None = None,
    ) -> None:
        self.start = start
        self.max_evaluations = max_evaluations
        self.max_seconds = max_seconds
        self.n_tasks = n_tasks
        self.n_projected = n_projected
        self.epochs = epochs
        self.precision = precision
        self.random_state = random_state
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.verbose = verbose
        self.callbacks = callbacks
        self.n_jobs = n_jobs


class EvolvedRegressor(_Evolving, RegressorBase):
    """A regressor that evolves a program on the data, and then trains it, or the one it began with, on all of them.

    See :class:`EvolvedClassifier` for how, and for the arguments.
    """

    def __init__(
        self,
        start: Program | str = "neural_network",
        *,
        max_evaluations: int = 20_000,
        max_seconds: float | None = None,
        n_tasks: int = 8,
        n_projected: int | None = 16,
        epochs: int = 10,
        precision: Precision = "float32",
        random_state: Any = None,
        warm_start: bool = False,
        verbose: bool = False,
        callbacks: Iterable[Callback] = (),
        n_jobs: int | None = None,
    ) -> None:
        self.start = start
        self.max_evaluations = max_evaluations
        self.max_seconds = max_seconds
        self.n_tasks = n_tasks
        self.n_projected = n_projected
        self.epochs = epochs
        self.precision = precision
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.callbacks = callbacks
        self.n_jobs = n_jobs
