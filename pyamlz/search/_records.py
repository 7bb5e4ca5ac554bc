"""What a search tells of itself: counts, programs and where they came from, results."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from pyamlz.archive import Counts, Improvement, Member
from pyamlz.program import Program

__all__ = ["Asked", "Improvement", "Member", "Progress", "Result", "StopReason"]

StopReason: TypeAlias = Literal["sufficient_fitness", "max_evaluations", "max_seconds", "interrupted", "callback"]
NOT_COUNTED: Final = {
    *("evaluations_per_second", "islands", "experiment", "stage", "select_fitness", "share", "seconds_left"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(Counts):
    """How far a search is, or whatever else runs long: counts are 0, and the rest is None, where it does not apply.

    Counts of programs are those of :class:`pyamlz.archive.Counts`.

    Attributes:
        best_fitness: of the best program so far; -1 before the first.
        best_evaluation: number of the evaluation that found it, from 1.
        mean_fitness: of the population as it is.
        population: its members so far.
        saved_steps: training and validation steps of as many full evaluations as hurdle_stops, if nothing ends them
            early.
        restarts: populations that were made anew.
        seconds: time spent in :meth:`Search.run`, `take`, `ask` and `tell`, since it was loaded if it was.
        evaluations_per_second: programs scored in one of these seconds; 0 before the first.
        islands: the same of each island, where there are islands. All together have the sums of their counts, the best
            fitness of all (and the number that its evaluation has on its island), and the mean over all members.
        experiment: number of the search that is going on, from 1, where there is one after the other. The counts are
            its own.
        stage: name of what is going on, where there are stages.
        select_fitness: the best on the select tasks; None before a program was tried there.
        share: how much of the run is done, in [0, 1], by that of its limits which will end it; None without limits.
        seconds_left: until then, at the pace so far.
    """

    best_fitness: float = -1.0
    best_evaluation: int = 0
    mean_fitness: float = 0.0
    population: int = 0
    saved_steps: int = 0
    restarts: int = 0
    seconds: float = 0.0
    evaluations_per_second: float = 0.0
    islands: tuple[Progress, ...] = ()
    experiment: int | None = None
    stage: str | None = None
    select_fitness: float | None = None
    share: float | None = None
    seconds_left: float | None = None

    def counts(self) -> dict[str, Any]:
        """What a log has of it: all but what depends on the pace, and what is of the whole run."""
        counts = {key: value for key, value in asdict(self).items() if key not in NOT_COUNTED}
        if self.islands:
            counts["islands"] = [island.counts() for island in self.islands]
        return counts


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
        program: the best program ever seen.
        fitness: its fitness on the search's tasks.
        evaluations: programs scored.
        seconds: time spent in :meth:`Search.run`.
        history: improvements of the best fitness, all of them up to the search's history_size.
        stop_reason: why the last call ended: "sufficient_fitness", "max_evaluations", "max_seconds", "interrupted" (by
            Ctrl-C) or "callback".
        progress: the counts.
    """

    program: Program
    fitness: float
    evaluations: int
    seconds: float
    history: list[Improvement]
    stop_reason: StopReason
    progress: Progress

    def summary(self) -> dict[str, Any]:
        """What the last line of a log has."""
        return {"stop_reason": self.stop_reason, **self.progress.counts(), "program": str(self.program)}

    @classmethod
    def of(cls, search: Any, stop_reason: StopReason) -> Result:
        """What a search, or islands, have found when a run ends for this reason."""
        best, progress = search.best, search.progress
        return cls(
            program=best.program,
            fitness=best.fitness,
            evaluations=progress.evaluations,
            seconds=progress.seconds,
            history=search.history,
            stop_reason=stop_reason,
            progress=progress,
        )
