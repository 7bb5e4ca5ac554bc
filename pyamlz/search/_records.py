"""What a search tells of itself: counts, programs and where they came from, results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from pyamlz.archive import Counts, Improvement, Member
from pyamlz.program import Program

__all__ = ["Asked", "Improvement", "Member", "Progress", "Result", "StopReason"]

StopReason: TypeAlias = Literal["sufficient_fitness", "max_evaluations", "max_seconds", "interrupted", "callback"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(Counts):
    """Counts of a search so far, see :class:`pyamlz.archive.Counts`, and what came of it.

    Attributes:
        best_fitness: of the best program so far; -1 before the first.
        best_evaluation: number of the evaluation that found it, from 1.
        mean_fitness: of the population as it is.
        population: its members so far.
        saved_steps: training and validation steps of as many full evaluations as hurdle_stops, if nothing ends them
            early.
        seconds: time spent in :meth:`Search.run`, `take`, `ask` and `tell`, since it was loaded if it was.
        evaluations_per_second: programs scored in one of these seconds; 0 before the first.
        islands: the same of each island, where there are islands. All together have the sums of their counts, the best
            fitness of all (and the number that its evaluation has on its island), and the mean over all members.
    """

    best_fitness: float
    best_evaluation: int
    mean_fitness: float
    population: int
    saved_steps: int
    seconds: float
    evaluations_per_second: float
    islands: tuple[Progress, ...] = ()


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
