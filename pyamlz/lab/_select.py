"""Selection: the best of many programs, by tasks that no search has seen (Real et al., ICML 2020, section 4.2).

Three kinds of tasks are kept apart, by their seeds, and where they are made of classes by pairs of classes too.
T_search is what searches score programs on, and all their best programs are a little better there than elsewhere.
T_select ranks the candidates of many searches. T_test measures the winner, once.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from pyamlz import archive
from pyamlz._lib.checks import MAX_SEED, checked_float, checked_int, checked_seed, checked_type
from pyamlz._lib.columns import aligned, figure
from pyamlz._lib.errors import InputError, ProgramError
from pyamlz._lib.interrupt import Flag, interrupt_flag
from pyamlz._lib.random import derived_seed
from pyamlz.archive import (
    Archive,
    Islands,
    ModelArchive,
    PopulationArchive,
    ProgramArchive,
)
from pyamlz.archive._find import read_program
from pyamlz.lab._experiment import Experiment, Section
from pyamlz.lab._funnel import Scored, as_evaluators, rank_key
from pyamlz.lab._scoring import score_all, work_of
from pyamlz.lab._session import Session
from pyamlz.lab._sitting import EVERY_SECONDS, Path, Sitting
from pyamlz.lab._units import StopReason, Units, digest
from pyamlz.program import Program
from pyamlz.search import Callback, Doubles, Evaluator, PackedTasks
from pyamlz.search._crew import Threads
from pyamlz.search._many import Job, evaluate_all
from pyamlz.search._running import Callbacks
from pyamlz.tasks import TaskSet

__all__ = [
    "Candidate",
    "Measured",
    "Ranked",
    "Selection",
    "candidates",
    "final_tasks",
    "measure",
    "rank",
    "select",
    "select_tasks",
]

_MAX_STAGES = 100
_MAX_SEEDS = 10_000

Entrant: TypeAlias = "tuple[Candidate, tuple[str, ...], int]"  # names of those with the same live code, live size
Source: TypeAlias = "Candidate | Program | str | os.PathLike[str]"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A program that may be selected.

    Attributes:
        name: what tables and messages call it: "run.amlz: best".
        program: the program.
    """

    name: str
    program: Program


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate on the tasks of selection.

    Attributes:
        candidate: the candidate.
        fitness: on each stage that it came to.
        same_as: names of other candidates with the same live code.
        size: its live instructions.
    """

    candidate: Candidate
    fitness: tuple[float, ...]
    same_as: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A program on test tasks that were drawn several times.

    Attributes:
        mean: of `fitness`.
        stdev: of `fitness`, with one less than their number in the denominator; None if there is only one.
        fitness: on the tasks of each seed.
        task_fitness: on each of their tasks, an array for each seed.
    """

    mean: float
    stdev: float | None
    fitness: tuple[float, ...]
    task_fitness: tuple[Doubles, ...] = field(repr=False)

    def __str__(self) -> str:
        spread = "" if self.stdev is None else f" (standard deviation {self.stdev:.5f} over {len(self.fitness)} seeds)"
        return f"{self.mean:.5f}{spread}"


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """The best of many candidates.

    Attributes:
        ranking: all, best first; those with the same live code are one.
        test: how the first does on the test tasks; None if Ctrl-C ended the ranking.
        evaluations: candidates scored, on all stages.
        seconds: time that it took, since it was resumed if it was.
        stop_reason: "done", "interrupted" or "callback".
    """

    ranking: tuple[Ranked, ...]
    test: Measured | None
    evaluations: int = 0
    seconds: float = 0.0
    stop_reason: StopReason = "done"

    @property
    def program(self) -> Program:
        """The best candidate's."""
        return self.winner.candidate.program

    @property
    def fitness(self) -> float | None:
        """Its fitness on the last stage that it came to; None if it was not scored."""
        return self.winner.fitness[-1] if self.winner.fitness else None

    def summary(self) -> dict[str, Any]:
        """What the last line of a log has."""
        names = ("stop_reason", "evaluations", "seconds", "fitness")
        test = None if self.test is None else self.test.mean
        return {**{name: getattr(self, name) for name in names}, "test": test, "program": str(self.program)}

    @property
    def winner(self) -> Ranked:
        """The best candidate."""
        return self.ranking[0]

    def table(self, most: int = 10) -> str:
        """The first of the ranking, and the test, as text."""
        test = "" if self.test is None else f"test of the first: {self.test}\n"
        return ranking_table(self.ranking, most) + test


def ranking_table(ranking: Sequence[Ranked], most: int = 10) -> str:
    """The first of a ranking as text: fitness by stage, live instructions, how many candidates are the same."""
    stages = max(len(ranked.fitness) for ranked in ranking)
    head = ["candidate", "live", "same", *(f"stage {stage + 1}" for stage in range(stages))]
    rows = []
    for ranked in ranking[:most]:
        scores = [*ranked.fitness, *[None] * (stages - len(ranked.fitness))]
        counts = [str(ranked.size), str(1 + len(ranked.same_as))]
        rows.append([ranked.candidate.name, *counts, *map(figure, scores)])
    more = len(ranking) - len(rows)
    return aligned(head, rows) + (f"... and {more} more\n" if more else "")


# ---------------------------------------------------------------- tasks


def select_tasks(experiment: Experiment, *, seed: int, stages: int = 1, keep: float = 0.25) -> list[TaskSet]:
    """Tasks of selection as an experiment describes them, other than those that its searches select by.

    Args:
        experiment: its ``[select]`` table counts; without one, ``[tasks]`` with the split "select".
        seed: they are drawn by.
        stages: task sets of rising size. The last has as many tasks as the experiment says, the one before `keep` of
            that, rounded, and so on, at least one: with `keep` of the candidates going on, all stages take as long.
        keep: see there, over 0 to 1.

    Raises:
        InputError: an argument is wrong, or the generator does not take a number of tasks.
    """
    stages = checked_int("stages", stages, 1, _MAX_STAGES)
    keep = checked_float("keep", keep, 0.0, 1.0, over=True)
    whole = _with_section(experiment, "select")
    first = whole.task_tables[0]
    count = whole.table["select"].get("n_tasks", first.get("n_tasks"))
    if stages > 1 and count is None:
        raise InputError(f"stages: expected 1, since {first['generator']} takes no number of tasks, got {stages}")
    found = []
    for stage in range(stages):
        part = whole
        if stage < stages - 1:
            part = whole.replace(select={"n_tasks": max(round(count * keep ** (stages - 1 - stage)), 1)})
        found.append(_tasks(part, "select", derived_seed(seed, "selection", "select", stage)))
    return found


def final_tasks(experiment: Experiment, *, seed: int, n_seeds: int = 5) -> list[TaskSet]:
    """Test tasks as an experiment describes them, other than the final tasks of its searches.

    Args:
        experiment: its ``[final]`` table counts; without one, ``[tasks]`` with the split "test".
        seed: they are drawn by.
        n_seeds: how often.

    Raises:
        InputError: an argument is wrong.
    """
    n_seeds = checked_int("n_seeds", n_seeds, 1, _MAX_SEEDS)
    whole = _with_section(experiment, "final")
    return [_tasks(whole, "final", derived_seed(seed, "selection", "test", number)) for number in range(n_seeds)]


def _with_section(experiment: Experiment, section: Section) -> Experiment:
    return experiment if section in experiment.sections else experiment.replace(**{section: {}})


def _tasks(experiment: Experiment, section: Section, seed: int) -> TaskSet:
    found = experiment.tasks(section, seed)
    assert found is not None  # the experiment has the section
    return found


# ---------------------------------------------------------------- candidates


def candidates(*sources: Source) -> list[Candidate]:
    """The candidates that programs and files bring.

    Args:
        sources: programs, candidates, or paths of files: a program's text, or an archive. One of a program brings it,
            one of a population all of it; a checkpoint what it has found, the best program of its search, its hall of
            fame, and if it is one of a run of experiments the best of those before.

    Raises:
        InputError: a file cannot be read, or holds no program.
    """
    found: list[Candidate] = []
    for number, source in enumerate(sources):
        if isinstance(source, Candidate):
            found.append(source)
        elif isinstance(source, Program):
            found.append(Candidate(f"program {number + 1}", source))
        elif archive.is_archive(source):
            name = os.fspath(source)
            there = [Candidate(f"{name}: {label}", program) for label, program in _programs(archive.read(name), name)]
            if not there:
                raise InputError(f"{name}: expected an archive with programs, got one without")
            found.extend(there)
        else:
            found.append(Candidate(os.fspath(source), read_program(source)))
    return found


def _programs(found: Archive, name: str) -> list[tuple[str, Program]]:
    """The programs of an archive that may be selected, by where they are."""
    if isinstance(found, ProgramArchive | ModelArchive):
        return [("program", found.program)]
    if isinstance(found, PopulationArchive):
        return [(f"population[{i}]", member.program) for i, member in enumerate(found.population)]
    hall = [
        member.program
        for search in (found.islands if isinstance(found, Islands) else (found,))
        for member in search.mark.hall
    ]
    there = [(f"hall:{number}", program) for number, program in enumerate(hall, 1)]
    if found.best is None:
        return there
    session = Session.of(found, name)
    former = None if session is None else session.champion
    earlier = [] if former is None else [("of the experiments before", former.program)]
    chosen = [(which, archive.found(found, name, which).program) for which in ("selected", "best")]
    return [*chosen, *earlier, *there]


# ---------------------------------------------------------------- ranking


def rank(
    candidates: Iterable[Candidate],
    tasks: Scored | Sequence[Scored],
    *,
    keep: float = 0.25,
    seed: int = 0,
    threads: Threads = 1,
    callbacks: Iterable[Callback] = (),
) -> tuple[Ranked, ...]:
    """Ranks candidates on tasks of selection.

    Candidates with the same live code are scored once (:meth:`Program.key`).

    Args:
        candidates: from :func:`candidates`; one or more.
        tasks: a task set, packed or not, or an evaluator. Several are stages of a funnel, from small to large: all
            candidates on the first, the best on the second, and so on.
        keep: share of the candidates of a stage that goes on to the next, over 0 to 1: rounded, and at least one.
        seed: of the programs' random ops.
        threads: candidates at work at the same time. It does not change the result.
        callbacks: told of the progress after each score, in a fixed order, and meanwhile; something true ends it.

    Returns:
        Those who came further first, then the fitter on the last stage that they came to, then the shorter, then the
        one that was given earlier.

    Raises:
        ProgramError: a candidate cannot run on the tasks.
        InputError: another argument is wrong, or there are no candidates.
    """
    stages = as_evaluators(tasks)
    entrants = _distinct(candidates, stages[0].tasks)
    run = Units("rank", checked_seed("seed", seed), {}, (), _work(entrants, stages, keep))
    called = Callbacks(callbacks)
    with interrupt_flag() as interrupt:
        return called.around(run, lambda: _ranking(run, entrants, stages, called, interrupt, keep, threads))


def _work(entrants: Sequence[Entrant], stages: Sequence[Evaluator], keep: float) -> float:
    return work_of(len(entrants), stages, checked_float("keep", keep, 0.0, 1.0, over=True))


def _ranking(
    run: Units,
    entrants: Sequence[Entrant],
    stages: Sequence[Evaluator],
    callbacks: Callbacks,
    interrupt: Flag,
    keep: float,
    threads: Threads,
) -> tuple[Ranked, ...]:
    programs = [first.program for first, _, _ in entrants]
    found = score_all(run, programs, stages, callbacks, interrupt, keep=keep, seed=run.seed, threads=threads)
    ranking = [
        Ranked(first, fitness, same_as, size) for (first, same_as, size), fitness in zip(entrants, found, strict=True)
    ]
    return tuple(sorted(ranking, key=lambda ranked: rank_key(ranked.fitness), reverse=True))  # stable


def _distinct(candidates: Iterable[Candidate], tasks: PackedTasks) -> list[Entrant]:
    """One candidate of each structural key, with the names of the others and its live instructions; shorter first."""
    groups: dict[int, list[Candidate]] = {}
    for candidate in candidates:
        program = checked_type("candidates", candidate, Candidate).program
        try:
            groups.setdefault(program.key(tasks.dims(program)), []).append(candidate)
        except ProgramError as error:
            raise ProgramError(f"{candidate.name}: {error}", error.line, error.column) from None
    if not groups:
        raise InputError("candidates: expected one or more, got none")
    entrants = []
    for first, *others in groups.values():
        size = len(first.program.simplified(tasks.dims(first.program)))
        entrants.append((first, tuple(other.name for other in others), size))
    return sorted(entrants, key=lambda entrant: entrant[2])


def measure(program: Program, tests: Scored | Sequence[Scored], *, seed: int = 0, threads: Threads = 1) -> Measured:
    """A program's fitness on test tasks that were drawn several times.

    Args:
        program: the program.
        tests: the tasks of each seed.
        seed: of the program's random ops on the first of them, plus 1 on the next, and so on.
        threads: tests at the same time. It does not change the result.

    Raises:
        InputError: there are no tests, or an argument is wrong.
        ProgramError: the program cannot run on the tasks.
    """
    seed = checked_seed("seed", seed)
    jobs = [
        Job(evaluator, program, (seed + number) % (MAX_SEED + 1))
        for number, evaluator in enumerate(as_evaluators(tests))
    ]
    evaluations = evaluate_all(jobs, threads)
    fitness = tuple(evaluation.fitness for evaluation in evaluations)
    return Measured(
        mean=math.fsum(fitness) / len(fitness),
        stdev=float(np.std(fitness, ddof=1)) if len(fitness) > 1 else None,
        fitness=fitness,
        task_fitness=tuple(evaluation.task_fitness for evaluation in evaluations),
    )


def select(
    candidates: Iterable[Candidate],
    tasks: Scored | Sequence[Scored],
    tests: Scored | Sequence[Scored],
    *,
    keep: float = 0.25,
    seed: int = 0,
    threads: Threads = 1,
    callbacks: Iterable[Callback] = (),
    checkpoint: Path | None = None,
    every_seconds: float = EVERY_SECONDS,
    log: Path | None = None,
    resume: bool = False,
    command: Sequence[str] = (),
) -> Selection:
    """Ranks candidates on tasks of selection, see :func:`rank`, and measures the first on test tasks.

    Args:
        candidates: from :func:`candidates`.
        tasks: of selection: none that a search has seen.
        tests: the test tasks of each seed: none that a search or the selection has seen.
        keep: as for :func:`rank`.
        seed: of the programs' random ops.
        threads: as for :func:`rank`.
        callbacks: as for :func:`rank`; where one ends the ranking, the first so far is measured. Ctrl-C ends it too.
        checkpoint: a file, which must not exist yet, to go on from.
        every_seconds: between two checkpoints, 0 or more.
        log: a file, which must not exist yet, with a line a score: see :class:`pyamlz.search.JsonLines`.
        resume: go on from the checkpoint, which the same call has made.
        command: kept in the checkpoint, for `pyamlz resume`.

    Raises:
        ArchiveError: the checkpoint is of something else.
        ProgramError: a candidate cannot run on the tasks.
        InputError: another argument is wrong.
    """
    judges = as_evaluators(tests)  # whatever is wrong with them is told before the work
    stages = as_evaluators(tasks)
    entrants = _distinct(candidates, stages[0].tasks)
    made_of = digest(
        [*(str(first.program) for first, _, _ in entrants), *(stage.tasks for stage in (*stages, *judges))]
    )
    config = {"made_of": made_of, "candidates": len(entrants), "keep": keep}
    run = Units("select", checked_seed("seed", seed), config, command, _work(entrants, stages, keep))
    if resume and checkpoint is not None:
        run.go_on(checkpoint)
    sitting = Sitting(callbacks, checkpoint=checkpoint, every_seconds=every_seconds, log=log, new=not resume)

    def go(interrupt: Flag) -> Selection:
        ranking = _ranking(run, entrants, stages, sitting.callbacks, interrupt, keep, threads)
        best = ranking[0].candidate.program
        return Selection(
            ranking=ranking,
            test=None if run.stopped == "interrupted" else measure(best, judges, seed=run.seed, threads=threads),
            evaluations=run.progress.evaluations,
            seconds=run.clock.in_this_run(),
            stop_reason=run.stopped or "done",
        )

    return sitting.hold(run, go)
