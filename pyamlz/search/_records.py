"""What a search tells of itself: counts, programs and where they came from, results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from pyamlz.program import Program

__all__ = ["Asked", "Improvement", "Member", "Progress", "Result", "StopReason"]

StopReason: TypeAlias = Literal["sufficient_fitness", "max_evaluations", "max_seconds", "interrupted", "callback"]


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of a search so far.

    Attributes:
        evaluations: programs scored, in whatever way: the sum of cache_hits, fec_hits, rejected, hurdle_stops and
            full_evaluations.
        cache_hits: of these, known by their structural key, so that nothing was run.
        fec_hits: known by their errors on the first examples (the functional equivalence cache).
        rejected: scored 0 without being run, for their cost or because they cannot learn.
        probes: programs run on the first examples.
        full_evaluations: programs run on all examples, or whose fitness was told.
        train_steps: training steps of probes, hurdles and full evaluations: Predict and Learn on one example of one
            task each.
        valid_steps: validation steps likewise.
        best_fitness: of the best program so far; -1 before the first.
        best_evaluation: number of the evaluation that found it, from 1.
        mean_fitness: of the population as it is.
        population: its members so far.
        duplicates: children that were drawn again, since a member had their structural key.
        hurdle_stops: programs that were stopped at each hurdle.
        saved_steps: training and validation steps of as many full evaluations, if nothing ends them early.
        seconds: time spent in :meth:`Search.run`, `take`, `ask` and `tell`, since it was loaded if it was.
        evaluations_per_second: programs scored in one of these seconds; 0 before the first.
        islands: the same of each island, where there are islands. All together have the sums of their counts, the best
            fitness of all (and the number that its evaluation has on its island), and the mean over all members.
    """

    evaluations: int
    cache_hits: int
    fec_hits: int
    rejected: int
    probes: int
    full_evaluations: int
    train_steps: int
    valid_steps: int
    best_fitness: float
    best_evaluation: int
    mean_fitness: float
    population: int
    duplicates: int
    hurdle_stops: tuple[int, ...]
    saved_steps: int
    seconds: float
    evaluations_per_second: float
    islands: tuple[Progress, ...] = ()


class Improvement(NamedTuple):
    """An evaluation that found a better program than all before it.

    Attributes:
        evaluation: its number, from 1.
        fitness: the new best fitness.
        parent: number of the evaluation that scored the program it was made from; 0 for none.
        action: the mutation that made it, "identity" for a copy and without a parent.
    """

    evaluation: int
    fitness: float
    parent: int
    action: str


class Member(NamedTuple):
    """A program in a search, and where it came from.

    Attributes:
        program: the program.
        fitness: on the search's tasks.
        evaluation: number of the evaluation that scored it, from 1.
        parent: number of the evaluation that scored the program it was made from; 0 for none.
        action: the mutation that made it, "identity" for a copy and without a parent.
    """

    program: Program
    fitness: float
    evaluation: int
    parent: int
    action: str


class Asked(NamedTuple):
    """A program to be evaluated elsewhere.

    Attributes:
        program: the program.
        evaluation: number that its evaluation will have, from 1.
    """

    program: Program
    evaluation: int


@dataclass(frozen=True, slots=True)
class Result:
    """What a search has found so far, all calls of :meth:`Search.run` together.

    Attributes:
        best: the best program ever seen.
        best_fitness: its fitness on the search's tasks.
        evaluations: programs scored.
        seconds: time spent in :meth:`Search.run`.
        history: improvements of the best fitness, all of them up to the search's history_size.
        stop_reason: why the last call ended: "sufficient_fitness", "max_evaluations", "max_seconds", "interrupted" (by
            Ctrl-C) or "callback".
        stats: the counts.
    """

    best: Program
    best_fitness: float
    evaluations: int
    seconds: float
    history: list[Improvement]
    stop_reason: StopReason
    stats: Progress

    @classmethod
    def of(cls, search: Any, stop_reason: StopReason) -> Result:
        """What a search, or islands, have found when a run ends for this reason."""
        best, stats = search.best, search.progress
        return cls(
            best=best.program,
            best_fitness=best.fitness,
            evaluations=stats.evaluations,
            seconds=stats.seconds,
            history=search.history,
            stop_reason=stop_reason,
            stats=stats,
        )
