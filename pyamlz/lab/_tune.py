"""Tuning: a program's constants are its hyperparameters (Real et al., ICML 2020, sections 4.2 and S7).

A program that was found on small tasks has constants that are right there. Before it is measured on others, of other
size or kind, they are searched anew, and so are those of what it is compared with: in as many trials, by the same
function. A program of :mod:`pyamlz.program.baselines` has its learning rate and the spread of its weights as constants.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pyamlz._lib import random as _random
from pyamlz._lib.checks import checked_choice, checked_float, checked_int, checked_seed, checked_type
from pyamlz._lib.columns import aligned, figure
from pyamlz._lib.errors import InputError
from pyamlz._lib.interrupt import Flag
from pyamlz.lab._funnel import Scored, as_evaluators, best_of
from pyamlz.lab._scoring import score_all, work_of
from pyamlz.lab._sitting import EVERY_SECONDS, Path, Sitting
from pyamlz.lab._units import StopReason, Units, digest
from pyamlz.program import Constant, Dims, Line, Program, live_code
from pyamlz.program.baselines import TUNABLE
from pyamlz.search import Callback, Evaluation, Evaluator
from pyamlz.search._crew import Threads
from pyamlz.search._many import Job, evaluate_all

__all__ = ["Hyperparameter", "Trial", "Tuned", "hyperparameters", "scaled", "tune"]

_MAX_TRIALS = 2**32
_LARGEST = sys.float_info.max


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """A constant that can be tuned.

    Attributes:
        line: its instruction's place.
        place: its place among the instruction's constants, from 0.
        value: the constant.
    """

    line: Line
    place: int
    value: float


@dataclass(frozen=True, slots=True)
class Trial:
    """A program that was tried.

    Attributes:
        number: from 0, which is the program as it was.
        factors: what each hyperparameter was multiplied by.
        fitness: on each stage that it came to.
    """

    number: int
    factors: tuple[float, ...]
    fitness: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Tuned:
    """A program with the best constants that were tried.

    Attributes:
        program: the program.
        fitness: its fitness on the last stage.
        original: the program as it was.
        hyperparameters: the constants that were varied.
        best: the trial that gave the program.
        trials: all trials, those that were not scored any more left out.
        made_by: the seed and the limits of the factors.
        evaluations: programs scored, on all stages.
        seconds: time that it took, since it was resumed if it was.
        stop_reason: "done", "interrupted" or "callback".
    """

    program: Program
    fitness: float
    original: Program
    hyperparameters: tuple[Hyperparameter, ...]
    best: Trial
    trials: tuple[Trial, ...]
    made_by: tuple[int, float, float]
    evaluations: int = 0
    seconds: float = field(default=0.0, compare=False)
    stop_reason: StopReason = "done"

    def summary(self) -> dict[str, Any]:
        """What the last line of a log has."""
        names = ("stop_reason", "evaluations", "seconds", "fitness")
        return {**{name: getattr(self, name) for name in names}, "program": str(self.program)}

    def table(self) -> str:
        """The hyperparameters, before and after, and the fitness, as text."""
        rows = []
        for parameter, factor in zip(self.hyperparameters, self.best.factors, strict=True):
            line = parameter.line
            instruction = self.original.code[line.function][line.number - 1]
            cells = [f"{parameter.value:g}", f"{_times(parameter.value, factor):g}", f"{factor:g}"]
            rows.append([f"{line}: {instruction}", *cells])
        if not self.trials:
            return "no trial is done\n"
        fitness = [figure(self.trials[0].fitness[-1]), figure(self.fitness), f"trial {self.best.number}"]
        return aligned(["constant", "before", "after", "factor"], [*rows, ["fitness", *fitness]])


def hyperparameters(program: Program, dims: Dims) -> tuple[Hyperparameter, ...]:
    """The constants of a program's live code that can be tuned: reals, means and standard deviations other than zero.

    Indexes are places and not amounts. Zero has no scale, and stays zero. What stands in dead code changes nothing.

    Args:
        program: the program.
        dims: its memory; :meth:`PackedTasks.dims` has the smallest for some tasks.

    Raises:
        ProgramError: the program does not fit the memory.
    """
    return tuple(
        Hyperparameter(x.line, place, x.instruction.constants[place])
        for x in live_code(program, dims)
        for place, kind in enumerate(x.op.constants)
        if kind is not Constant.INDEX and x.instruction.constants[place] != 0
    )


def scaled(program: Program, parameters: Sequence[Hyperparameter], factors: Sequence[float]) -> Program:
    """The program with some constants multiplied; what would be too large becomes the largest double.

    Args:
        program: the program.
        parameters: which constants, from :func:`hyperparameters`.
        factors: as many numbers, not negative.
    """
    code = program.code
    for parameter, factor in zip(parameters, factors, strict=True):
        instructions, index = code[parameter.line.function], parameter.line.number - 1
        constants = list(instructions[index].constants)
        constants[parameter.place] = _times(constants[parameter.place], factor)
        instructions[index] = replace(instructions[index], constants=tuple(constants))
    return Program(**code)


def tune(
    program: Program,
    tasks: Scored | Sequence[Scored],
    *,
    trials: int = 100,
    seed: int = 0,
    low: float = 0.001,
    high: float = 1000.0,
    keep: float = 0.25,
    draws: int = 0,
    threads: Threads = 1,
    after: Tuned | None = None,
    callbacks: Iterable[Callback] = (),
    checkpoint: Path | None = None,
    every_seconds: float = EVERY_SECONDS,
    log: Path | None = None,
    resume: bool = False,
    command: Sequence[str] = (),
) -> Tuned:
    """Searches the constants of a program at random.

    Each trial multiplies each constant by a factor of its own, drawn evenly on a logarithmic scale and rounded to six
    digits. The first trial is the program as it is. Trial i depends on the seed and on i alone: more trials go on
    where fewer ended. The number of features may be any, so a program that was found at F = 16 is tuned at F = 784.

    Args:
        program: the program.
        tasks: what it is tuned on: a task set, packed or not, or an evaluator. Several are stages of a funnel, from
            small to large: all trials on the first, the best on the second, and so on. The program as it is goes
            through all, so the result is never worse than it on the last.
        trials: trials in all, 1 or more. A program without hyperparameters has one.
        seed: of the factors, 0 to 2**64 - 1.
        low: the smallest factor, over 0.
        high: the largest.
        keep: share of the trials of a stage that goes on to the next, over 0 to 1.
        draws: seed of the program's random ops, the same for all trials.
        threads: trials at work at the same time. It does not change the result.
        after: what the same call with fewer trials returned; its trials are not scored again.
        callbacks: told of the progress after each trial, in a fixed order, and meanwhile; something true ends it. So
            does Ctrl-C.
        checkpoint: a file, which must not exist yet, to go on from.
        every_seconds: between two checkpoints, 0 or more.
        log: a file, which must not exist yet, with a line a trial: see :class:`pyamlz.search.JsonLines`.
        resume: go on from the checkpoint, which the same call has made.
        command: kept in the checkpoint, for `pyamlz resume`.

    Returns:
        The best trial; of equals the first.

    Raises:
        InputError: an argument is wrong, or a file is there already.
        ArchiveError: the checkpoint is of something else.
        ProgramError: the program writes labels or features.
    """
    checked_type("program", program, Program)
    trials = checked_int("trials", trials, 1, _MAX_TRIALS)
    seed = checked_seed("seed", seed)
    low = checked_float("low", low, 0.0, _LARGEST, over=True)
    high = checked_float("high", high, low, _LARGEST)
    evaluators = as_evaluators(tasks)
    parameters = hyperparameters(program, evaluators[0].tasks.dims(program))
    made_by = (seed, low, high)
    if after is not None and (after.original != program or after.made_by != made_by):
        raise InputError("after: expected what the same program, seed, low and high gave")
    factors = [_factors(number, len(parameters), made_by) for number in range(trials if parameters else 1)]
    programs = [scaled(program, parameters, f) for f in factors]
    known = {} if after is None else {trial.number: trial.fitness for trial in after.trials}
    made_of = digest([str(program), *(evaluator.tasks for evaluator in evaluators)])
    config = {"made_of": made_of, "trials": trials, "low": low, "high": high, "keep": keep, "draws": draws}
    run = Units("tune", seed, config, command, work_of(len(programs), evaluators, keep, 1))
    if resume and checkpoint is not None:
        run.go_on(checkpoint)
    sitting = Sitting(callbacks, checkpoint=checkpoint, every_seconds=every_seconds, log=log, new=not resume)

    def go(interrupt: Flag) -> Tuned:
        found = score_all(
            run, programs, evaluators, sitting.callbacks, interrupt, keep=keep, seed=draws, threads=threads, always=1,
            known=known,
        )  # fmt: skip
        return _tuned(run, program, parameters, programs, factors, found, made_by)

    return sitting.hold(run, go)


def _tuned(
    run: Units,
    program: Program,
    parameters: tuple[Hyperparameter, ...],
    programs: Sequence[Program],
    factors: Sequence[tuple[float, ...]],
    found: Sequence[tuple[float, ...]],
    made_by: tuple[int, float, float],
) -> Tuned:
    best = best_of(found)
    tried = [Trial(number, f, fitness) for number, (f, fitness) in enumerate(zip(factors, found, strict=True))]
    return Tuned(
        program=programs[best],
        fitness=found[best][-1] if found[best] else -1.0,
        original=program,
        hyperparameters=parameters,
        best=tried[best],
        trials=tuple(trial for trial in tried if trial.fitness),
        made_by=made_by,
        evaluations=run.progress.evaluations,
        seconds=run.clock.in_this_run(),
        stop_reason=run.stopped or "done",
    )


def _factors(number: int, count: int, made_by: tuple[int, float, float]) -> tuple[float, ...]:
    """Those of a trial. They are rounded, since the logarithms of two machines may differ in their last bits."""
    seed, low, high = made_by
    if number == 0:
        return (1.0,) * count
    shares: list[float] = _random.uniform(seed, ("tune", number), (count,)).tolist()
    return tuple(float(f"{math.exp((1 - u) * math.log(low) + u * math.log(high)):.6g}") for u in shares)


def _times(value: float, factor: float) -> float:
    """The product to six digits, so that programs can be read; the value itself for 1."""
    if factor == 1:
        return value
    return min(max(float(f"{value * factor:.6g}"), -_LARGEST), _LARGEST)


_LEARNING_RATES = tuple(round(a * 10.0**b, 4) for b in range(-3, 1) for a in (1, 2, 5))


def tuned(name: str, evaluator: Evaluator, seed: int = 0, threads: Threads = 1) -> tuple[Program, float]:
    """A program of :data:`TUNABLE` with the learning rate that does best on an evaluator's tasks, and that rate.

    The rates tried are 1, 2 and 5 times powers of ten, from 0.001 to 5.
    """
    tried = _with_all_rates(name, evaluator, seed, threads)
    program, rate, _ = max(tried, key=lambda one: one[2].fitness)  # of equals the first
    return program, rate


def steadily_tuned(name: str, evaluator: Evaluator) -> Program:
    """As :func:`tuned`, but with the lowest rate that does as well as the best within one standard error over tasks.

    For a program that is to learn from more examples than those tasks have: low rates do not lose their way.
    """
    tried = _with_all_rates(name, evaluator)
    best = max((evaluation for _, _, evaluation in tried), key=lambda evaluation: evaluation.fitness)
    enough = best.fitness - float(best.task_fitness.std()) / math.sqrt(len(best.task_fitness))
    return next(program for program, _, evaluation in tried if evaluation.fitness >= enough)


def _with_all_rates(
    name: str, evaluator: Evaluator, seed: int = 0, threads: Threads = 1
) -> list[tuple[Program, float, Evaluation]]:
    """The program with each of the rates, in rising order, and how it does."""
    checked_choice("name", name, TUNABLE)
    checked_type("evaluator", evaluator, Evaluator)
    programs = [TUNABLE[name](rate) for rate in _LEARNING_RATES]
    evaluations = evaluate_all([Job(evaluator, program, seed) for program in programs], threads)
    return list(zip(programs, _LEARNING_RATES, evaluations, strict=True))
