"""Tuning: a program's constants are its hyperparameters (Real et al., ICML 2020, sections 4.2 and S7).

A program that was found on small tasks has constants that are right there. Before it is measured on others, of other
size or kind, they are searched anew, and so are those of what it is compared with: in as many trials, by the same
function. A program of :mod:`pyamlz.program.baselines` has its learning rate and the spread of its weights as constants.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from pyamlz._lib import random as _random
from pyamlz._lib.checks import checked_choice, checked_float, checked_int, checked_seed, checked_type
from pyamlz._lib.columns import aligned, figure
from pyamlz._lib.errors import InputError
from pyamlz.lab._funnel import Scored, as_evaluators, best_of, run_funnel
from pyamlz.program import Constant, Dims, FunctionName, Program, find_op
from pyamlz.program.baselines import TUNABLE
from pyamlz.search import Evaluator

__all__ = ["Callback", "Hyperparameter", "Trial", "Tuned", "hyperparameters", "scaled", "tune"]

_MAX_TRIALS = 2**32
_LARGEST = sys.float_info.max


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """A constant that can be tuned.

    Attributes:
        function: where it is.
        line: its instruction's place there, from 1.
        place: its place among the instruction's constants, from 0.
        value: the constant.
    """

    function: FunctionName
    line: int
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


Callback: TypeAlias = Callable[[Trial], object]


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
    """

    program: Program
    fitness: float
    original: Program
    hyperparameters: tuple[Hyperparameter, ...]
    best: Trial
    trials: tuple[Trial, ...]
    made_by: tuple[int, float, float]

    def table(self) -> str:
        """The hyperparameters, before and after, and the fitness, as text."""
        rows = []
        for parameter, factor in zip(self.hyperparameters, self.best.factors, strict=True):
            instruction = self.original.code[parameter.function][parameter.line - 1]
            cells = [f"{parameter.value:g}", f"{_times(parameter.value, factor):g}", f"{factor:g}"]
            rows.append([f"{parameter.function} {parameter.line}: {instruction}", *cells])
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
    live = program.live(dims)
    return tuple(
        Hyperparameter(function, i + 1, place, instruction.constants[place])
        for function, instructions in program.code.items()
        for i, instruction in enumerate(instructions)
        if live[function][i]
        for place, kind in enumerate(find_op(instruction.op).constants)
        if kind is not Constant.INDEX and instruction.constants[place] != 0
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
        instruction = code[parameter.function][parameter.line - 1]
        constants = list(instruction.constants)
        constants[parameter.place] = _times(constants[parameter.place], factor)
        code[parameter.function][parameter.line - 1] = replace(instruction, constants=tuple(constants))
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
    threads: int = 1,
    callback: Callback | None = None,
    after: Tuned | None = None,
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
        callback: is told of each trial when it has been scored, in a fixed order. If it returns something true, no more
            are.
        after: what the same call with fewer trials returned; its trials are not scored again.

    Returns:
        The best trial; of equals the first.

    Raises:
        InputError: an argument is wrong.
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
    scored: dict[int, tuple[float, ...]] = {}

    def told(number: int, fitness: float) -> object:
        scored[number] = (*scored.get(number, ()), fitness)
        return callback is not None and callback(Trial(number, factors[number], scored[number]))

    known = {} if after is None else {trial.number: trial.fitness for trial in after.trials}
    found = run_funnel(programs, evaluators, keep=keep, seed=draws, threads=threads, always=1, known=known, told=told)
    best = best_of(found)
    tried = [Trial(number, f, fitness) for number, (f, fitness) in enumerate(zip(factors, found, strict=True))]
    return Tuned(
        program=programs[best],
        fitness=found[best][-1],
        original=program,
        hyperparameters=parameters,
        best=tried[best],
        trials=tuple(trial for trial in tried if trial.fitness),
        made_by=made_by,
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


def tuned(name: str, evaluator: Evaluator, seed: int = 0) -> tuple[Program, float]:
    """A program of :data:`TUNABLE` with the learning rate that does best on an evaluator's tasks, and that rate.

    The rates tried are 1, 2 and 5 times powers of ten, from 0.001 to 5.
    """
    checked_choice("name", name, TUNABLE)
    checked_type("evaluator", evaluator, Evaluator)
    programs = [(TUNABLE[name](rate), rate) for rate in _LEARNING_RATES]
    return max(programs, key=lambda pair: evaluator.evaluate(pair[0], seed).fitness)
