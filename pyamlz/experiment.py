"""Experiments: searches on fresh tasks, one after another, until a program is good enough (the paper, section 4.1)."""

from __future__ import annotations

import hashlib
import json
import math
import time
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, cast

from pyamlz._checks import checked_float
from pyamlz._interrupt import interrupt_flag
from pyamlz.baselines import TUNABLE, built_in, tuned
from pyamlz.errors import InputError
from pyamlz.evaluate import Evaluation, Evaluator, Variant
from pyamlz.presets import Preset, Section
from pyamlz.program import Program
from pyamlz.progress import Reporter, Status
from pyamlz.search import Progress
from pyamlz.space import Dims
from pyamlz.tasks.taskset import checked_int, checked_seed

__all__ = ["Comparison", "Outcome", "StopReason", "derived_seed", "run"]

StopReason: TypeAlias = Literal[
    "sufficient_fitness", "max_evaluations", "max_experiments", "max_seconds", "interrupted"
]
_UNLIMITED = 2**63  # evaluations, experiments


def derived_seed(seed: int, *labels: str | int) -> int:
    """The seed of one part of a run, named by labels: 64 bits that depend on all arguments, and on nothing else."""
    text = json.dumps(["pyamlz.experiment", seed, *labels], separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode("ascii")).digest()[:8], "little")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A built-in program on the final tasks.

    Attributes:
        name: of the program.
        learning_rate: the best of several on the select tasks (the search's without those); None if it has none.
        fitness: on the final tasks.
    """

    name: str
    learning_rate: float | None
    fitness: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run of experiments found.

    Attributes:
        program: the best program, by `select_fitness` if there are select tasks, else by `best_fitness`.
        simplified: the same without its dead code.
        dims: the memory of the search's programs.
        best_fitness: its fitness on the tasks of its search.
        select_fitness: its fitness on the select tasks; None without them.
        final: how it does on the final tasks; None without them.
        comparisons: built-in programs on the final tasks.
        experiments: how many were begun.
        evaluations: programs scored by the searches of all experiments.
        train_steps: training steps of all these searches.
        seconds: time that the experiments took, without the final evaluation.
        stop_reason: "sufficient_fitness", or what ended the run before: "max_evaluations" (in all, or of the only
            experiment), "max_experiments", "max_seconds", "interrupted".
        seed: what everything random was derived from.
    """

    program: Program
    simplified: Program
    dims: Dims
    best_fitness: float
    select_fitness: float | None
    final: Evaluation | None
    comparisons: tuple[Comparison, ...]
    experiments: int
    evaluations: int
    train_steps: int
    seconds: float
    stop_reason: StopReason
    seed: int


def run(
    preset: Preset,
    *,
    seed: int,
    max_evaluations: int | None = None,
    max_seconds: float | None = None,
    variant: Variant = "auto",
    reporter: Reporter | None = None,
) -> Outcome:
    """Runs a preset.

    Each experiment is a search on tasks of its own. With a ``[select]`` table, its best program is tried on the select
    tasks, the same for all experiments, every so many evaluations if it has become better; so what is found depends on
    the seed alone, unless `max_seconds` or Ctrl-C ends the run. A preset without sufficient_fitness has one
    experiment, unless it says otherwise.

    Args:
        preset: the preset.
        seed: 0 to 2**64 - 1.
        max_evaluations: programs to score in all experiments, 1 or more.
        max_seconds: time for all experiments, over 0.
        variant: kernels to use; all give the same bits.
        reporter: shows the progress.

    Raises:
        InputError: an argument or a setting is wrong, or nothing could ever end the run.
    """
    seed = checked_seed("seed", seed)
    budget = _Budget()
    if max_evaluations is not None:
        budget.evaluations = checked_int("max_evaluations", max_evaluations, 1, _UNLIMITED)
    if max_seconds is not None:
        budget.seconds = checked_float("max_seconds", max_seconds, 0.0, over=True)
    endless = "max_evaluations" not in preset.config
    if endless and max_evaluations is None and max_seconds is None and "sufficient_fitness" not in preset.config:
        raise InputError("max_evaluations, max_seconds: expected one of them, since the preset sets no end")
    # What is wrong in the final tasks should show before the search, not after.
    final, select = (_evaluator_on(preset, section, seed, variant) for section in ("final", "select"))
    with interrupt_flag():
        best, stop_reason = _experiments(preset, seed, budget, variant, select, reporter or Reporter())
        seconds = budget.elapsed()
        dims = best.experiment.search.space.dims
        return Outcome(
            program=best.program,
            simplified=best.program.simplified(dims),
            dims=dims,
            best_fitness=best.fitness,
            select_fitness=best.select_fitness,
            final=None if final is None else final.evaluate(best.program, derived_seed(seed, "final", "draws")),
            comparisons=() if final is None else _compare(preset, best.experiment, final, seed),
            experiments=budget.experiments,
            evaluations=budget.done,
            train_steps=budget.train_steps,
            seconds=seconds,
            stop_reason=stop_reason,
            seed=seed,
        )


@dataclass(slots=True)
class _Budget:
    """What a run may still use, and what it has used."""

    evaluations: int = _UNLIMITED
    seconds: float = math.inf
    experiments: int = 0
    done: int = 0
    train_steps: int = 0
    began: float = field(default_factory=time.monotonic)

    def elapsed(self) -> float:
        return time.monotonic() - self.began

    def seconds_left(self) -> float | None:
        return None if self.seconds == math.inf else max(self.seconds - self.elapsed(), 1e-9)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A program that may become the outcome."""

    program: Program
    fitness: float
    select_fitness: float | None
    experiment: _Experiment

    @property
    def merit(self) -> float:
        return self.fitness if self.select_fitness is None else self.select_fitness


def _evaluator_on(preset: Preset, section: Section, seed: int, variant: Variant) -> Evaluator | None:
    """An evaluator on the tasks of a section, if the preset has it."""
    tasks = preset.tasks(section, derived_seed(seed, section))
    return None if tasks is None else preset.evaluator(tasks, variant)


def _experiments(
    preset: Preset, seed: int, budget: _Budget, variant: Variant, select: Evaluator | None, reporter: Reporter
) -> tuple[_Candidate, StopReason]:
    """Runs experiments until one succeeds or the budget is used up."""
    has_end = "sufficient_fitness" in preset.config and "max_evaluations" in preset.config
    most = preset.config.get("max_experiments", _UNLIMITED if has_end else 1)
    best: _Candidate | None = None
    while True:
        budget.experiments += 1
        experiment = _Experiment(preset, seed, budget.experiments, variant, select)
        reason = experiment.run(budget, reporter)
        assert experiment.best is not None
        if best is None or experiment.best.merit > best.merit:
            best = experiment.best
        if reason != "max_evaluations" or budget.evaluations == 0:
            return best, reason
        if budget.experiments == most:
            return best, "max_evaluations" if most == 1 else "max_experiments"


class _Experiment:
    """One search on tasks of its own, whose best programs are tried on the select tasks."""

    def __init__(self, preset: Preset, seed: int, number: int, variant: Variant, select: Evaluator | None) -> None:
        tasks = preset.tasks("tasks", derived_seed(seed, "tasks", number))
        assert tasks is not None
        self.preset = preset
        self.search = preset.search(tasks, seed=derived_seed(seed, "search", number), variant=variant)
        self.select = select
        self._select_seed = derived_seed(seed, "select", "draws")
        self.best: _Candidate | None = None
        self._tried = -1.0  # fitness of the last program that was tried on the select tasks

    def run(self, budget: _Budget, reporter: Reporter) -> StopReason:
        """Searches until the experiment ends; "max_evaluations" stands for its own limit or the budget's."""
        config = self.preset.config
        sufficient: float | None = config.get("sufficient_fitness")
        left = config.get("max_evaluations", _UNLIMITED)
        every = _UNLIMITED if self.select is None else config["select"]["every"]
        before, steps_before = budget.done, budget.train_steps
        while True:
            result = self.search.run(
                max_evaluations=min(every, left, budget.evaluations),
                max_seconds=budget.seconds_left(),
                sufficient_fitness=sufficient if self.select is None else None,
                callbacks=[lambda progress: reporter.update(self._status(progress, budget, before))],
            )
            done = before + result.evaluations - budget.done
            left -= done
            budget.evaluations -= done
            budget.done += done
            budget.train_steps = steps_before + result.stats.train_steps
            self._consider(result.best, result.best_fitness)
            assert self.best is not None
            if self.select is not None and sufficient is not None and self.best.merit >= sufficient:
                return "sufficient_fitness"
            if result.stop_reason != "max_evaluations":
                return cast(StopReason, result.stop_reason)
            if left == 0 or budget.evaluations == 0:
                return "max_evaluations"

    def _consider(self, program: Program, fitness: float) -> None:
        """Takes the search's best program if it is better than what there is."""
        if fitness <= self._tried:
            return
        self._tried = fitness
        select_fitness = None
        if self.select is not None:
            select_fitness = self.select.evaluate(program, self._select_seed).fitness
        candidate = _Candidate(program, fitness, select_fitness, self)
        if self.best is None or candidate.merit > self.best.merit:
            self.best = candidate

    def _status(self, progress: Progress, budget: _Budget, before: int) -> Status:
        return Status(
            experiment=budget.experiments,
            evaluations=before + progress.evaluations,
            seconds=budget.elapsed(),
            evaluations_per_second=progress.evaluations_per_second,
            best_fitness=progress.best_fitness,
            mean_fitness=progress.mean_fitness,
            hits=(progress.cache_hits + progress.fec_hits) / max(progress.evaluations, 1),
            select_fitness=None if self.best is None else self.best.select_fitness,
        )


def _compare(preset: Preset, experiment: _Experiment, final: Evaluator, seed: int) -> tuple[Comparison, ...]:
    """Scores the built-in programs that the preset names on the final tasks."""
    draws = derived_seed(seed, "final", "draws")
    tuning = experiment.select or preset.evaluator(experiment.search.tasks)
    comparisons = []
    for name in preset.config["final"].get("compare", []):
        rate: float | None = None
        if name in TUNABLE:
            program, rate = tuned(name, tuning, draws)
        else:
            program = built_in(name)
        comparisons.append(Comparison(name, rate, final.evaluate(program, draws).fitness))
    return tuple(comparisons)
