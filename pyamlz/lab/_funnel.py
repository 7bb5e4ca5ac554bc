"""Scores many programs in stages: each is larger than the one before, and takes those that did best in that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TypeAlias, cast

from pyamlz._lib.checks import checked_float, checked_int, checked_seed
from pyamlz._lib.errors import InputError
from pyamlz.program import Program
from pyamlz.search import Evaluation, Evaluator, PackedTasks, Variant
from pyamlz.tasks import TaskSet

Scored: TypeAlias = TaskSet | PackedTasks | Evaluator  #: what programs can be scored on
Told: TypeAlias = Callable[[int, float], object]  #: called with a program's number and fitness; something true ends all

_MAX_THREADS = 1024


def run_funnel(
    programs: Sequence[Program],
    stages: Scored | Sequence[Scored],
    *,
    keep: float,
    seed: int,
    threads: int = 1,
    always: int = 0,
    known: Mapping[int, Sequence[float]] | None = None,
    told: Told | None = None,
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
        scores = evaluate_all([programs[i] for i in chosen if i not in former], evaluator, seed=seed, threads=threads)
        with scores as each:
            for number in chosen:
                fitness = former[number] if number in former else next(each).fitness
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


@contextmanager
def evaluate_all(
    programs: Sequence[Program], evaluator: Evaluator, *, seed: int, threads: int
) -> Iterator[Iterator[Evaluation]]:
    """Evaluations of the programs in their order, with as many at work at a time as there are threads.

    What has not begun when the context is left is never done.
    """
    threads = min(checked_int("threads", threads, 1, _MAX_THREADS), len(programs))
    if threads <= 1:
        yield (evaluator.evaluate(program, seed) for program in programs)
        return
    idle: SimpleQueue[Evaluator] = SimpleQueue()  # an evaluator serves one thread at a time
    idle.put(evaluator)
    variant = cast(Variant, evaluator.variant)
    for _ in range(threads - 1):
        idle.put(Evaluator(evaluator.tasks, variant=variant, combine=evaluator.combine))

    def evaluate(program: Program) -> Evaluation:
        one = idle.get()
        try:
            return one.evaluate(program, seed)
        finally:
            idle.put(one)

    pool = ThreadPoolExecutor(threads)
    try:
        yield pool.map(evaluate, programs)
    finally:
        pool.shutdown(cancel_futures=True)
