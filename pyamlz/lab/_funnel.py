"""Scores many programs in stages: each is larger than the one before, and takes those that did best in that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import TypeAlias

from pyamlz._lib.checks import checked_float, checked_seed
from pyamlz._lib.errors import InputError
from pyamlz.program import Program
from pyamlz.search import Evaluation, Evaluator, PackedTasks
from pyamlz.search._crew import Threads
from pyamlz.search._many import Job, evaluate_many
from pyamlz.tasks import TaskSet

Scored: TypeAlias = TaskSet | PackedTasks | Evaluator  #: what programs can be scored on
Told: TypeAlias = Callable[[int, float], object]  #: called with a program's number and fitness; something true ends all

_LOOK = 0.1  # seconds between two looks at whether it shall end


def planned(n: int, stages: Sequence[Evaluator], keep: float, always: int = 0) -> list[int]:
    """How many of so many programs come to each stage; `always` are taken for some that would go on anyway."""
    counts = [n]
    for _ in stages[1:]:
        counts.append(max(round(keep * counts[-1]), 1, always))
    return counts


def weight_of(evaluator: Evaluator) -> float:
    """How much work it is to score a program, in examples."""
    tasks = evaluator.tasks.tasks
    return float(tasks.n_tasks * tasks.epochs * (tasks.n_train + tasks.n_valid))


def run_funnel(
    programs: Sequence[Program],
    stages: Scored | Sequence[Scored],
    *,
    keep: float,
    seed: int,
    threads: Threads = 1,
    always: int = 0,
    known: Mapping[int, Sequence[float]] | None = None,
    told: Told | None = None,
    look: Callable[[], bool] = lambda: False,
) -> list[tuple[float, ...]]:
    """Scores all programs on the first stage, the best of them on the second, and so on.

    Args:
        programs: the programs; of equals the first counts as the better one.
        stages: what they are scored on.
        keep: share of the programs of a stage that goes on to the next, over 0 to 1: rounded, and at least one.
        seed: of random ops.
        threads: programs scored at the same time. It does not change the result.
        always: as many programs at the beginning go on whatever their fitness.
        known: by number, fitnesses that need no scoring again.
        told: is told of each score, in the order of the programs. If it returns something true, that is the end.
        look: called every now and then while programs are scored. If it is true, that is the end at once; what is at
            work is given up.

    Returns:
        The fitness of each program on each stage that it came to.
    """
    evaluators = as_evaluators(stages)
    keep = checked_float("keep", keep, 0.0, 1.0, over=True)
    seed = checked_seed("seed", seed)
    known = known or {}
    found: list[list[float]] = [[] for _ in programs]
    chosen = list(range(len(programs)))
    for stage, evaluator in enumerate(evaluators):
        former = {number: known[number][stage] for number in chosen if stage < len(known.get(number, ()))}
        jobs = [Job(evaluator, programs[i], seed) for i in chosen if i not in former]
        with evaluate_many(jobs, threads) as each:
            for number in chosen:
                evaluation = None if number in former else _result(next(each), look)
                if evaluation is None and number not in former:
                    return [tuple(fitnesses) for fitnesses in found]
                fitness = former[number] if evaluation is None else evaluation.fitness
                found[number].append(fitness)
                if told is not None and told(number, fitness):
                    return [tuple(fitnesses) for fitnesses in found]
        best_first = sorted(chosen, key=lambda number: -found[number][-1])
        going_on = set(best_first[: max(round(keep * len(chosen)), 1)]) | set(range(always))
        chosen = [number for number in chosen if number in going_on]
    return [tuple(fitnesses) for fitnesses in found]


def best_of(found: Sequence[Sequence[float]]) -> int:
    """The number of the best program: the first of the fittest among those that came furthest."""
    return max(range(len(found)), key=lambda number: rank_key(found[number]))


def rank_key(fitnesses: Sequence[float]) -> tuple[int, float]:
    """What programs are compared by: how far they came, then how fit they were there."""
    return len(fitnesses), fitnesses[-1] if fitnesses else 0.0


def as_evaluators(stages: Scored | Sequence[Scored]) -> list[Evaluator]:
    """Evaluators of one or several stages.

    Raises:
        InputError: there is none, or something else among them.
    """
    several = list(stages) if isinstance(stages, Sequence) else [stages]
    for stage in several:
        if not isinstance(stage, (TaskSet, PackedTasks, Evaluator)):
            raise InputError(f"tasks: expected a TaskSet, PackedTasks or an Evaluator, got {type(stage).__name__}")
    if not several:
        raise InputError("tasks: expected one stage or more, got none")
    return [stage if isinstance(stage, Evaluator) else Evaluator(stage) for stage in several]


def _result(future: Future[Evaluation], look: Callable[[], bool]) -> Evaluation | None:
    """What becomes of an evaluation; None if it shall not be waited for any more."""
    while True:
        try:
            return future.result(timeout=_LOOK)
        except FutureTimeout:
            if look():
                return None
