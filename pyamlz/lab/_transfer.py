"""Programs on images at their own size (Real et al., ICML 2020, section 4.2).

What was found on small tasks is tuned on the full-sized ones of each pair of classes, on examples of the training part,
and measured on the test part. All programs that are compared get the same tasks and as many trials.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

import numpy as np

from pyamlz._lib import random as _random
from pyamlz._lib.checks import MAX_COUNT, checked_int, checked_type
from pyamlz._lib.errors import InputError
from pyamlz._lib.interrupt import Flag
from pyamlz._lib.random import derived_seed
from pyamlz.lab._sitting import EVERY_SECONDS, Path, Sitting
from pyamlz.lab._tune import Trial, Tuned, tune
from pyamlz.lab._units import StopReason, Units, digest
from pyamlz.program import Program
from pyamlz.search import Callback, Evaluator, PackedTasks, Progress
from pyamlz.search._crew import Threads
from pyamlz.tasks import TaskSet
from pyamlz.tasks._images import Split

__all__ = ["MakeTasks", "Pair", "PairResult", "Sizes", "Transferred", "measure_on_pair", "transfer", "tune_on_pairs"]

Pair: TypeAlias = tuple[int, int]

_LIMITS = (0.001, 1000.0)  # of the factors of a tuning


class MakeTasks(Protocol):
    """Makes one binary task for each pair of classes, as `functools.partial(tasks.native_binary, data)` does."""

    def __call__(self, *, pairs: Sequence[Pair], split: Split, seed: int, n_train: int, n_valid: int) -> TaskSet:
        """The tasks, in the order of the pairs."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Numbers of examples of a task; the defaults are the paper's.

    Attributes:
        train: training examples.
        valid: examples that trials are compared on.
        test: test examples.
        passes: over the training examples. The program is scored after the last one: with epochs its fitness would be
            that of the best epoch, and on test examples that would be a choice by the test.
    """

    train: int = 8000
    valid: int = 2000
    test: int = 2000
    passes: int = 1


@dataclass(frozen=True, slots=True)
class PairResult:
    """A pair of classes.

    Attributes:
        pair: the classes.
        program: the program with the constants that it had there.
        accuracy: on the test examples.
    """

    pair: Pair
    program: Program
    accuracy: float


@dataclass(frozen=True, slots=True)
class Transferred:
    """A program on full-sized tasks.

    Attributes:
        pairs: each pair of classes.
        tunings: of each pair; or the one of all.
        stop_reason: "done", "interrupted" or "callback".
    """

    pairs: tuple[PairResult, ...]
    tunings: tuple[Tuned, ...]
    stop_reason: StopReason = "done"

    @property
    def accuracy(self) -> float:
        """The mean over pairs; not a number if there are none."""
        if not self.pairs:
            return math.nan
        return math.fsum(result.accuracy for result in self.pairs) / len(self.pairs)

    def summary(self) -> dict[str, Any]:
        """What the last line of a log has."""
        accuracy = self.accuracy if self.pairs else None
        return {"stop_reason": self.stop_reason, "pairs": len(self.pairs), "accuracy": accuracy}


def tune_on_pairs(
    program: Program,
    make: MakeTasks,
    pairs: Sequence[Pair],
    *,
    seed: int,
    trials: int = 10,
    sizes: Sizes | None = None,
    first: Sequence[Sizes] = (),
    keep: float = 0.25,
    threads: Threads = 1,
    after: Tuned | None = None,
    callbacks: Iterable[Callback] = (),
) -> Tuned:
    """Tunes a program on the full-sized tasks of some pairs of classes together; see :func:`transfer` and, for `after`,
    :func:`pyamlz.lab.tune`.
    """
    checked_type("program", program, Program)
    pairs = _checked_pairs("pairs", pairs)
    stages = []
    for s in (*first, sizes or Sizes()):
        tasks = make(pairs=pairs, split="select", seed=_seed(seed, "tasks"), n_train=s.train, n_valid=s.valid)
        stages.append(PackedTasks(_in_one_epoch(tasks, s.passes)))
    return tune(
        program,
        stages,
        trials=trials,
        seed=_factors_seed(seed, pairs),
        low=_LIMITS[0],
        high=_LIMITS[1],
        keep=keep,
        draws=_seed(seed, "draws"),
        threads=threads,
        after=after,
        callbacks=callbacks,
    )


def measure_on_pair(
    program: Program, make: MakeTasks, pair: Pair, *, seed: int, sizes: Sizes | None = None
) -> PairResult:
    """Measures a program, with the constants that it has, on the test examples of a pair; see :func:`transfer`."""
    checked_type("program", program, Program)
    sizes = sizes or Sizes()
    tasks = make(pairs=[pair], split="test", seed=_seed(seed, "tasks"), n_train=sizes.train, n_valid=sizes.test)
    evaluator = Evaluator(_in_one_epoch(tasks, sizes.passes))
    return PairResult(pair, program, evaluator.evaluate(program, _seed(seed, "draws")).fitness)


def transfer(
    program: Program,
    make: MakeTasks,
    pairs: Sequence[Pair],
    *,
    seed: int,
    trials: int = 10,
    joint: Sequence[Pair] | None = None,
    sizes: Sizes | None = None,
    first: Sequence[Sizes] = (),
    keep: float = 0.25,
    threads: Threads = 1,
    callbacks: Iterable[Callback] = (),
    checkpoint: Path | None = None,
    every_seconds: float = EVERY_SECONDS,
    log: Path | None = None,
    resume: bool = False,
) -> Transferred:
    """Tunes a program on full-sized tasks, and measures it on the test examples of each pair of classes.

    Experimental: names may change in any version.

    The paper tunes each pair by itself. With `joint` there is one tuning, on several pairs at once, whose constants
    all pairs get: a small part of the cost. :func:`tune_on_pairs` and :func:`measure_on_pair` are the two steps.

    Args:
        program: the program. A simplified one gives the same.
        make: makes the tasks. The split "select" is tuned on, "test" measured.
        pairs: pairs of classes to measure, one or more.
        seed: of the choice of examples, of the factors and of random ops; programs with one seed get the same tasks.
        trials: trials of each tuning, see :func:`pyamlz.lab.tune`.
        joint: pairs that are tuned on together.
        sizes: of the tasks; the paper's by default.
        first: sizes of smaller tasks for earlier stages of the tuning, from small to large.
        keep: share of the trials of a stage that goes on to the next.
        threads: trials at work at the same time. It does not change the result.
        callbacks: told of the progress after each trial and each pair that was measured, and meanwhile; something true
            ends it. So does Ctrl-C. The pairs are then those that were measured until then.
        checkpoint: a file, which must not exist yet, to go on from: it has the tunings and the pairs that are done.
        every_seconds: between two checkpoints, 0 or more.
        log: a file, which must not exist yet: see :class:`pyamlz.search.JsonLines`.
        resume: go on from the checkpoint, which the same call has made, with the same data.

    Raises:
        InputError: an argument is wrong, or a file is there already.
        ArchiveError: the checkpoint is of something else.
        ProgramError: the program cannot run on the tasks.
    """
    checked_type("program", program, Program)
    pairs = _checked_pairs("pairs", pairs)
    plan = [([pair], [pair]) for pair in pairs] if joint is None else [(_checked_pairs("joint", joint), pairs)]
    options: dict[str, Any] = {"trials": trials, "first": first, "keep": keep}
    config = {
        "made_of": digest([str(program), repr(sizes), repr([*first])]),
        "trials": trials,
        "keep": keep,
        "plan": plan,
    }
    run = Units("transfer", seed, config, (), len(plan) + len(pairs))
    if resume and checkpoint is not None:
        run.go_on(checkpoint)
    sitting = Sitting(callbacks, checkpoint=checkpoint, every_seconds=every_seconds, log=log, new=not resume)
    work = _Work(run, sitting, program, make, seed, sizes, {**options, "threads": threads})
    return sitting.hold(run, lambda interrupt: work.all_of(plan, interrupt))


class _Work:
    """Tunings and measured pairs as units, one after the other, since a task may take tens of megabytes."""

    def __init__(
        self,
        run: Units,
        sitting: Sitting,
        program: Program,
        make: MakeTasks,
        seed: int,
        sizes: Sizes | None,
        options: dict[str, Any],
    ) -> None:
        self.run, self.callbacks = run, sitting.callbacks
        self.program, self.make, self.seed, self.sizes, self.options = program, make, seed, sizes, options
        self.before = iter([*run.done])  # what came of the units of former sittings
        self.count, self.evaluations = 0, 0

    def all_of(self, plan: Sequence[tuple[Sequence[Pair], Sequence[Pair]]], interrupt: Flag) -> Transferred:
        """Does what is planned: pairs to tune on, and pairs to measure, until something ends it."""
        tunings: list[Tuned] = []
        results: list[PairResult] = []
        for on, measured in plan:
            if not self._stops(interrupt):
                tunings.append(self._tuned(on))
            for pair in measured:
                if not self._stops(interrupt):
                    results.append(self._measured(tunings[-1].program, pair))
        return Transferred(tuple(results), tuple(tunings), self.run.stopped or "done")

    def _stops(self, interrupt: Flag) -> bool:
        if interrupt.is_set:
            self.run.stopped = "interrupted"
        return self.run.stopped is not None

    def _tuned(self, on: Sequence[Pair]) -> Tuned:
        known = next(self.before, None)

        def told(progress: Progress) -> Progress:
            work = self.count + min(progress.share or 0.0, 1.0)
            done = self.evaluations + progress.evaluations
            return self.run.tell(work, evaluations=done, best_fitness=progress.best_fitness, stage=f"tuning on {on}")

        tuning = tune_on_pairs(
            self.program,
            self.make,
            on,
            seed=self.seed,
            sizes=self.sizes,
            after=None if known is None else self._as_before(known, on),
            callbacks=self.callbacks.within(told),
            **self.options,
        )
        self.evaluations += tuning.evaluations
        if tuning.stop_reason != "done":
            self.run.stopped = tuning.stop_reason
        else:
            self._done(
                known, [[trial.number, trial.fitness] for trial in tuning.trials], tuning.fitness, f"tuned on {on}"
            )
        return tuning

    def _as_before(self, known: Any, on: Sequence[Pair]) -> Tuned:
        """A tuning whose trials need not be scored again."""
        trials = tuple(Trial(int(number), (), tuple(fitness)) for number, fitness in known)
        made_by = (_factors_seed(self.seed, on), *_LIMITS)
        return Tuned(self.program, 0.0, self.program, (), trials[0], trials, made_by)

    def _measured(self, program: Program, pair: Pair) -> PairResult:
        known = next(self.before, None)
        if known is None:
            result = measure_on_pair(program, self.make, pair, seed=self.seed, sizes=self.sizes)
        else:
            result = PairResult(pair, program, float(known))
        self._done(known, result.accuracy, result.accuracy, f"measured on {pair}")
        return result

    def _done(self, known: Any, came: Any, fitness: float, stage: str) -> None:
        """Keeps what came of a unit, unless a former sitting has, and tells of it."""
        self.count += 1
        progress = self.run.tell(self.count, evaluations=self.evaluations, best_fitness=fitness, stage=stage)
        if known is None:
            self.run.done.append(came)
            if self.callbacks.now(progress):
                self.run.stopped = "callback"


def _in_one_epoch(tasks: TaskSet, passes: int) -> TaskSet:
    """The tasks with their training examples several times, each time in another order after the first."""
    passes = checked_int("passes", passes, 1, MAX_COUNT)
    if passes == 1:
        return tasks
    later = (_random.permutation(tasks.order_seed, ("transfer", "pass", p), tasks.n_train) for p in range(1, passes))
    order = np.concatenate([np.arange(tasks.n_train), *later])
    x: Any = np.ascontiguousarray(tasks.train_x[:, order])
    y: Any = np.ascontiguousarray(tasks.train_y[:, order])
    return replace(tasks, train_x=x, train_y=y, source={})


def _checked_pairs(name: str, pairs: Sequence[Pair]) -> Sequence[Pair]:
    if not pairs:
        raise InputError(f"{name}: expected one or more, got none")
    return pairs


def _seed(seed: int, *labels: str | int) -> int:
    return derived_seed(seed, "transfer", *labels)


def _factors_seed(seed: int, pairs: Sequence[Pair]) -> int:
    return _seed(seed, "factors", *(c for pair in pairs for c in pair))
