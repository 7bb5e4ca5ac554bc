"""Searches in stages: from easy tasks to hard ones, each stage starting from what the one before it found.

A large step, as from a linear model to a network with backpropagation (Real et al., ICML 2020, figure 5), needs many
instructions at once, and evolution does not find it; a ladder of tasks on which every single step pays makes it many
small ones. A stage is an experiment with ``max_evaluations`` and ``sufficient_fitness``. Its attempts are short
searches on fresh tasks; one that reaches that fitness hands its best program on to the next stage. What a stage found
may be a dead end: a program has so many attempts at the next stage, after which the stage that found it goes on with
its own.

Between stages lines whose absence does not harm are removed, and the places that are left, where sizes have a minimum,
are filled with random dead code: code that is tied in knots does not change for the better.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

from pyamlz._lib.checks import checked_int, checked_seed
from pyamlz._lib.errors import InputError
from pyamlz._lib.interrupt import Flag
from pyamlz._lib.random import derived_seed
from pyamlz.lab._experiment import Experiment
from pyamlz.lab._sitting import EVERY_SECONDS, Path, Sitting
from pyamlz.lab._units import Halted, StopReason, Units, digest
from pyamlz.program import FUNCTIONS, Program, SearchSpace
from pyamlz.search import Callback, Evaluator, Progress
from pyamlz.search._running import Callbacks

__all__ = ["NONLINEAR", "Attempt", "Climb", "Stage", "climb", "nonlinear_stages", "padded", "without_idle_lines"]

Changes: TypeAlias = Mapping[str, Any]

_MAX_COUNT = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a search.

    Attributes:
        name: for people.
        experiment: with max_evaluations, those of one attempt, and sufficient_fitness, on the tasks of the attempt.
        attempts: from one program of the stage before, 1 or more. The first stage has as many as there is time for.
    """

    name: str
    experiment: Experiment = field(repr=False)
    attempts: int = 1

    def __post_init__(self) -> None:
        checked_int("attempts", self.attempts, 1, _MAX_COUNT)
        for key in ("max_evaluations", "sufficient_fitness"):
            if getattr(self.experiment, key) is None:
                raise InputError(f"{self.name}: {key}: expected one, since stages end by it")


class Attempt(NamedTuple):
    """One search of one stage.

    Attributes:
        stage: name of the stage.
        evaluations: programs scored.
        fitness: the best, on the attempt's tasks, with lines that it can do without.
        passed: whether it reached the stage's sufficient fitness.
        program: the best program, without these lines if it passed.
    """

    stage: str
    evaluations: int
    fitness: float
    passed: bool
    program: Program


@dataclass(frozen=True, slots=True)
class Climb:
    """What came of a search in stages.

    Attributes:
        program: the program that passed the last stage; None if the limit came first.
        evaluations: programs scored in all attempts; programs run between stages are not counted.
        attempts: all of them, in order.
        seconds: time that it took, since it was resumed if it was.
        stop_reason: "done", or what ended it before: "max_evaluations", "interrupted", "callback".
    """

    program: Program | None
    evaluations: int
    attempts: list[Attempt] = field(repr=False)
    seconds: float = field(default=0.0, compare=False)
    stop_reason: StopReason = "done"

    @property
    def fitness(self) -> float | None:
        """Of the program, on the tasks of the last attempt; None without one."""
        return None if self.program is None else self.attempts[-1].fitness

    def summary(self) -> dict[str, Any]:
        """What the last line of a log has."""
        names = ("stop_reason", "evaluations", "seconds", "fitness")
        program = None if self.program is None else str(self.program)
        return {**{name: getattr(self, name) for name in names}, "attempts": len(self.attempts), "program": program}


def climb(
    stages: Sequence[Stage],
    seed: int,
    max_evaluations: int,
    *,
    callbacks: Iterable[Callback] = (),
    checkpoint: Path | None = None,
    every_seconds: float = EVERY_SECONDS,
    log: Path | None = None,
    resume: bool = False,
    command: Sequence[str] = (),
) -> Climb:
    """Runs stages until the last is passed.

    The result depends on the first three arguments alone. Ctrl-C ends a climb between two evaluations; the attempt at
    hand is then none, and is made again by whoever goes on from the checkpoint.

    Args:
        stages: the stages, in order; their spaces have the same memory.
        seed: of everything random, 0 to 2**64 - 1.
        max_evaluations: programs scored in all, 1 or more; no attempt is begun after that.
        callbacks: told of the progress after each attempt, which is an experiment to them, and meanwhile; something
            true ends the climb.
        checkpoint: a file, which must not exist yet, to go on from.
        every_seconds: between two checkpoints, 0 or more.
        log: a file, which must not exist yet, with a line an attempt: see :class:`pyamlz.search.JsonLines`.
        resume: go on from the checkpoint, which the same call has made.
        command: kept in the checkpoint, for `pyamlz resume`.

    Raises:
        InputError: an argument is wrong, or what a stage found does not fit the space of the next; or a file is there
            already.
        ArchiveError: the checkpoint is of something else.
    """
    if not stages:
        raise InputError("stages: expected one or more")
    seed = checked_seed("seed", seed)
    max_evaluations = checked_int("max_evaluations", max_evaluations, 1, _MAX_COUNT)
    made_of = digest(f"{stage.name} {stage.attempts} {stage.experiment.toml()}" for stage in stages)
    run = Units("climb", seed, {"made_of": made_of, "max_evaluations": max_evaluations}, command, max_evaluations)
    if resume and checkpoint is not None:
        run.go_on(checkpoint)
    sitting = Sitting(callbacks, checkpoint=checkpoint, every_seconds=every_seconds, log=log, new=not resume)
    return sitting.hold(run, lambda flag: _Climber(run, stages, max_evaluations, sitting.callbacks, flag).result())


class _Climber:
    """A sitting of a climb."""

    def __init__(
        self, run: Units, stages: Sequence[Stage], max_evaluations: int, callbacks: Callbacks, interrupt: Flag
    ) -> None:
        self.run, self.stages, self.most = run, stages, max_evaluations
        self.callbacks, self.interrupt = callbacks, interrupt
        self.attempts: list[Attempt] = []
        self.evaluations = 0

    def result(self) -> Climb:
        """Makes the attempts that are not made yet."""
        try:
            program = self._climbed()
            reason: StopReason = "max_evaluations" if program is None else "done"
        except Halted as halted:
            program, reason = None, halted.reason
        return Climb(program, self.evaluations, self.attempts, self.run.clock.in_this_run(), reason)

    def _climbed(self) -> Program | None:
        starts: list[Program | None] = [None]  # of each stage so far
        used = [0]  # attempts of each of these
        self._tell()
        while self.evaluations < self.most:
            attempt = self._next(self.stages[len(used) - 1], starts[-1])
            used[-1] += 1
            if attempt.passed and len(used) == len(self.stages):
                return attempt.program
            if attempt.passed:
                starts.append(attempt.program)
                used.append(0)
            while len(used) > 1 and used[-1] == self.stages[len(used) - 1].attempts:
                starts.pop()
                used.pop()
        return None

    def _next(self, stage: Stage, start: Program | None) -> Attempt:
        """The next attempt: one that was made before, or a new one."""
        number = len(self.attempts)
        is_new = number == len(self.run.done)
        if is_new:
            self._check(self.run.look(self.callbacks, self.interrupt))
            attempt = self._attempt(stage, start, derived_seed(self.run.seed, "staged", number))
            self.run.done.append([attempt.evaluations, attempt.fitness, attempt.passed, str(attempt.program)])
        else:
            evaluations, fitness, passed, program = self.run.done[number]
            attempt = Attempt(stage.name, evaluations, fitness, passed, Program.parse(program))
        self.attempts.append(attempt)
        self.evaluations += attempt.evaluations
        self._tell(stage=stage.name, best_fitness=attempt.fitness, evaluations=attempt.evaluations)
        if is_new and self.callbacks.now(self.run.progress):
            self.run.stopped = "callback"
        return attempt

    def _tell(self, done: int = 0, **values: Any) -> None:
        self.run.tell(self.evaluations + done, experiment=len(self.attempts) or None, **values)

    def _check(self, is_halted: bool) -> None:
        if is_halted:
            raise Halted(self.run.stopped or "interrupted")

    def _attempt(self, stage: Stage, start: Program | None, seed: int) -> Attempt:
        experiment = stage.experiment
        tasks = experiment.tasks("tasks", derived_seed(seed, "tasks"))
        sufficient = experiment.sufficient_fitness
        assert tasks is not None
        assert sufficient is not None
        if start is not None:
            filled = padded(start, experiment.space(tasks), derived_seed(seed, "padding"))
            experiment = experiment.replace(start=str(filled))
        search = experiment.search(tasks, seed=derived_seed(seed, "search"))
        number = len(self.attempts) + 1

        def look(progress: Progress) -> bool:
            values = progress.counts()
            values.update(experiment=number, stage=stage.name, evaluations_per_second=progress.evaluations_per_second)
            self.run.tell(self.evaluations + progress.evaluations, **values)
            self.run.hall_of_fame = list(search.hall_of_fame)
            return self.run.look(self.callbacks, self.interrupt)

        most = experiment.max_evaluations
        result = search.run(max_evaluations=most, sufficient_fitness=sufficient, callbacks=[look])
        self._check(self.run.stopped is not None or result.stop_reason == "interrupted")
        passed = result.fitness >= sufficient
        best = result.program
        if passed:
            best = without_idle_lines(
                best, experiment.evaluator(search.tasks), derived_seed(seed, "draws"), look=lambda: self._check(
                    self.run.look(self.callbacks, self.interrupt)
                )
            )  # fmt: skip
        return Attempt(stage.name, result.evaluations, result.fitness, passed, best)


def without_idle_lines(
    program: Program,
    evaluator: Evaluator,
    seed: int = 0,
    tolerance: float = 0.002,
    look: Callable[[], object] = lambda: None,
) -> Program:
    """A program without its dead code, and without lines whose absence costs no more fitness than `tolerance`.

    Lines are tried in order, one at a time, until none is left that can go; fitness may fall by `tolerance` in all.

    Args:
        program: the program.
        evaluator: where its fitness is measured.
        seed: of its random ops.
        tolerance: fitness that may be lost.
        look: called before each evaluation; an error that it raises ends it.
    """
    dims = evaluator.tasks.dims(program)
    program = program.simplified(dims)
    least = evaluator.evaluate(program, seed).fitness - tolerance
    while True:
        lines = ((name, i) for name, size in program.sizes.items() for i in range(size))
        shorter = (program.removed(name, i).simplified(dims) for name, i in lines)
        found = next((p for p in shorter if look() is None and evaluator.evaluate(p, seed).fitness >= least), None)
        if found is None:
            return program
        program = found


def padded(program: Program, space: SearchSpace, seed: int) -> Program:
    """A program with random dead instructions at random places, so that each function has the minimal size of a space.

    Args:
        program: the program; it computes the same bits afterwards.
        space: of the sizes and ops.
        seed: of what is drawn, 0 to 2**64 - 1.

    Raises:
        InputError: no dead code was found that fits.
    """
    dims = space.dims
    program.check(dims)
    draws = random.Random(checked_seed("seed", seed))
    live = program.simplified(dims)
    tries = 0
    for name in FUNCTIONS:
        least = space.function(name).min_size
        while program.sizes[name] < least:
            drawn = Program.random(space, draws.getrandbits(64)).code[name]
            longer = program.inserted(name, draws.randint(0, program.sizes[name]), draws.choice(drawn))
            if longer.simplified(dims) == live or len(live) == 0:
                program = longer
            tries += 1
            if tries > _MAX_TRIES:
                raise InputError(f"{name}: found no dead code for the {least} instructions of the space")
    return program


_MAX_TRIES = 100_000


_COMMON: Changes = {
    "profile": "fast",
    "population_size": 1000,
    "mutations": {"alter_argument": 1, "randomize_instruction": 1, "randomize_function": 0.1},
}
_EASY: Changes = {"n_tasks": 16, "n_train": 250, "n_valid": 50, "feature_scale": 0.35, "unit_labels": True}
_LONGER: Changes = {**_EASY, "n_train": 500}
_UNIT: Changes = {"n_tasks": 16, "n_train": 1000, "n_valid": 100, "unit_labels": True}


class Rung(NamedTuple):
    """A stage of the ladder to figure 5.

    Attributes:
        name: of the stage.
        attempts: from one program of the stage before.
        max_evaluations: of one attempt.
        sufficient_fitness: that ends it.
        tasks: arguments of the generator that differ from those of the preset "nonlinear".
        tournament_size: T.
    """

    name: str
    attempts: int
    max_evaluations: int
    sufficient_fitness: float
    tasks: Changes
    tournament_size: int = 10


#: The ladder to figure 5.
NONLINEAR: Final[tuple[Rung, ...]] = (
    # Small features, so that large learning rates work too: a linear model that learns from its error. Small
    # tournaments, since what leads there is not better at first.
    Rung("linear", 1, 120_000, 0.99, {**_EASY, "generator": "linear"}, tournament_size=3),
    # A ReLU of each feature; and so few examples that its gradient is needed too.
    Rung("relu", 4, 60_000, 0.975, {**_EASY, "n_train": 100, "hidden": "identity"}),
    # Two features, of which eight random hidden units make more than a linear model can. They are larger, so that
    # learning rates get small enough for hidden weights to be learned.
    Rung("hidden", 4, 80_000, 0.82, {**_EASY, "n_informative": 2, "feature_scale": 0.7}),
    # Three, where random hidden units would still do, but ones that are learned are far better; and most push the same
    # way, so the error alone says where to.
    Rung("learned", 20, 100_000, 0.9, {**_LONGER, "n_informative": 3, "output_mean": 1.0}),
    # With five random ones do not, and fewer push the same way, so errors must go back through the output weights.
    Rung("weighted", 15, 100_000, 0.835, {**_LONGER, "n_informative": 5, "output_mean": 0.25}),
    # All features, and units that push either way: both layers must be learned.
    Rung("signed", 10, 80_000, 0.86, {**_EASY, "n_train": 1000, "n_valid": 100}),
    # Few features again: weights as far as a gradient through the activation brings them are not enough, it must be one
    # through its derivative, a step.
    Rung("step", 25, 60_000, 0.925, {**_LONGER, "n_informative": 4, "output_mean": 0.25}),
    # The paper's features and labels, by and by, since a large change would make any program diverge.
    Rung("larger", 3, 30_000, 0.86, {**_UNIT, "feature_scale": 0.6}),
    Rung("unit", 3, 30_000, 0.86, {**_UNIT, "feature_scale": 1.0}),
    Rung("figure 5", 10, 30_000, 0.6, {"n_tasks": 16, "n_train": 2000, "n_valid": 100}),
)


def nonlinear_stages() -> list[Stage]:
    """The stages of :data:`NONLINEAR`."""
    plain = Experiment.load("nonlinear").replace(**_COMMON)
    return [
        Stage(
            rung.name,
            plain.replace(
                tasks=rung.tasks,
                max_evaluations=rung.max_evaluations,
                sufficient_fitness=rung.sufficient_fitness,
                tournament_size=rung.tournament_size,
            ),
            rung.attempts,
        )
        for rung in NONLINEAR
    ]
