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
from pyamlz._lib.random import derived_seed
from pyamlz.lab._tune import Tuned, tune
from pyamlz.program import Program
from pyamlz.search import Callback, Evaluator, PackedTasks
from pyamlz.tasks import TaskSet
from pyamlz.tasks._images import Split

__all__ = ["MakeTasks", "Pair", "PairResult", "Sizes", "Transferred", "measure_on_pair", "transfer", "tune_on_pairs"]

Pair: TypeAlias = tuple[int, int]


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
    """

    pairs: tuple[PairResult, ...]
    tunings: tuple[Tuned, ...]

    @property
    def accuracy(self) -> float:
        """The mean over pairs; not a number if there are none."""
        if not self.pairs:
            return math.nan
        return math.fsum(result.accuracy for result in self.pairs) / len(self.pairs)


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
    threads: int = 1,
    callbacks: Iterable[Callback] = (),
) -> Tuned:
    """Tunes a program on the full-sized tasks of some pairs of classes together; see :func:`transfer`."""
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
        seed=_seed(seed, "factors", *(c for pair in pairs for c in pair)),
        keep=keep,
        draws=_seed(seed, "draws"),
        threads=threads,
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
    threads: int = 1,
    callbacks: Iterable[Callback] = (),
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
        callbacks: of each tuning, see :func:`pyamlz.lab.tune`. Where one or Ctrl-C ends a tuning, that is the end, and
            the pairs are those that were measured until then.

    Raises:
        InputError: an argument is wrong.
        ProgramError: the program cannot run on the tasks.
    """

    def tuned(on: Sequence[Pair]) -> Tuned:
        options: dict[str, Any] = {"sizes": sizes, "first": first, "keep": keep, "threads": threads}
        return tune_on_pairs(program, make, on, seed=seed, trials=trials, callbacks=callbacks, **options)

    pairs = _checked_pairs("pairs", pairs)
    tunings = [] if joint is None else [tuned(_checked_pairs("joint", joint))]
    results = []
    for pair in pairs:  # one after the other, since a task may take tens of megabytes
        if joint is None:
            tunings.append(tuned([pair]))
        if tunings[-1].stop_reason != "done":
            break
        results.append(measure_on_pair(tunings[-1].program, make, pair, seed=seed, sizes=sizes))
    return Transferred(tuple(results), tuple(tunings))


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
