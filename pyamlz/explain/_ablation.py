"""What lines are worth, by measurement: programs without a line (knock-out), or with lines of another (knock-in).

All differences are paired: both programs run on the same tasks with the same seeds of their random ops. A *loss* is the
fitness of the whole program minus that of the changed one, on each task, averaged over seeds. Its standard error comes
from how losses vary over tasks, since seeds of one task are no independent cases; over seeds if there is one task only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pyamlz._lib.checks import checked_choice, checked_float, checked_int, checked_seed, checked_type
from pyamlz._lib.errors import InputError
from pyamlz.program import FUNCTIONS, Dims, FunctionName, Instruction, Line, Program, live_code
from pyamlz.search import Evaluator
from pyamlz.search._crew import Threads
from pyamlz.search._many import Job, evaluate_all

__all__ = [
    "SEEDS",
    "Ablated",
    "Effect",
    "Insertion",
    "Loss",
    "ablate",
    "compare",
    "inserted",
    "knock_in",
    "simplify_by_ablation",
    "without",
]

Doubles = npt.NDArray[np.float64]
SEEDS: Final = (0, 1, 2)  #: of random ops, unless told otherwise
_STANDARD_ERRORS: Final = 2.0
_MARGIN: Final = 0.005


@dataclass(frozen=True, slots=True)
class Effect:
    """How the fitness differs between two programs.

    Attributes:
        mean: mean of the differences over tasks.
        standard_error: of that mean; NaN where there is one task and one seed.
        n: how many differences there are: tasks, or seeds if there is one task.
        fitness: mean fitness of the changed program over tasks and seeds.
    """

    mean: float
    standard_error: float
    n: int
    fitness: float


@dataclass(frozen=True, slots=True)
class Loss:
    """What is lost without a line.

    Attributes:
        line: the line's place in the program that was given.
        effect: the loss: fitness with the line minus fitness without it.
    """

    line: Line
    effect: Effect


@dataclass(frozen=True, slots=True)
class Ablated:
    """A program without the lines that do not matter.

    Attributes:
        program: what is left.
        removed: the lines that were removed, in that order; each loss is that of all removed so far against the program
            that was given. Lines that died with them are not among them.
        kept: the live lines that are left; each loss is that of removing it too, against the program that was given.
    """

    program: Program
    removed: tuple[Loss, ...]
    kept: tuple[Loss, ...]


@dataclass(frozen=True, slots=True)
class Insertion:
    """A line to put into a program.

    Attributes:
        before: the line of the program as it was before which it goes; the one behind a function's last puts it at the
            end.
        instruction: an Instruction, or its text.
    """

    before: Line
    instruction: Instruction | str


def without(program: Program, lines: Collection[Line]) -> Program:
    """The program without some lines.

    Raises:
        InputError: there is no such line.
    """
    checked_type("program", program, Program)
    _check_lines(program, lines)
    return Program(
        **{
            name: [x for number, x in enumerate(code, 1) if Line(name, number) not in lines]
            for name, code in program.code.items()
        }
    )


def inserted(program: Program, lines: Iterable[Insertion], instead_of: Collection[Line] = ()) -> Program:
    """The program with lines put in, in the order given where places are equal, and others left out.

    Args:
        program: the program.
        lines: what to put in, and where.
        instead_of: lines of the program to leave out.

    Raises:
        InputError: a place is not in the program, or a function gets too long.
        ProgramError: a text is no instruction.
    """
    checked_type("program", program, Program)
    _check_lines(program, instead_of)
    new: dict[Line, list[Instruction]] = {}
    for insertion in lines:
        line, instruction = _checked_insertion(program, insertion)
        new.setdefault(line, []).append(instruction)
    code: dict[FunctionName, list[Instruction]] = {}
    for name, old in program.code.items():
        code[name] = []
        for number, instruction in enumerate(old, 1):
            line = Line(name, number)
            code[name] += [*new.get(line, []), *([] if line in instead_of else [instruction])]
        code[name] += new.get(Line(name, len(old) + 1), [])
    return Program(**code)


def ablate(
    program: Program,
    evaluator: Evaluator | Sequence[Evaluator],
    seeds: Iterable[int] = SEEDS,
    *,
    threads: Threads = 1,
) -> list[Loss]:
    """The loss of each live line: the fitness with it minus the fitness without it.

    >>> from pyamlz import tasks
    >>> from pyamlz.program import baselines
    >>> evaluator = Evaluator(tasks.linear(n_features=4, n_tasks=8, n_train=100, seed=3))
    >>> for loss in ablate(baselines.linear_regressor(0.1), evaluator):
    ...     print(f"{loss.line}: {loss.effect.mean:.2f}")
    Setup 1: 0.73
    Predict 1: 0.73
    Learn 1: 0.73
    Learn 2: 1.00
    Learn 3: 0.73
    Learn 4: 0.73

    A random op that is removed also changes the draws of those behind it in its function, as they are counted.

    Args:
        program: the program.
        evaluator: the tasks, or several evaluators with tasks of the same F and kind, which are pooled.
        seeds: of random ops; each makes a run of its own.
        threads: programs at the same time, or "auto", as many as there are cores. It does not change the result.

    Returns:
        Losses in the order of the lines.
    """
    measure = _Measure(program, evaluator, seeds, threads)
    return measure.losses(_live_lines(program, measure.dims), lambda line: without(program, {line}))


def simplify_by_ablation(
    program: Program,
    evaluator: Evaluator | Sequence[Evaluator],
    seeds: Iterable[int] = SEEDS,
    *,
    standard_errors: float = _STANDARD_ERRORS,
    margin: float = _MARGIN,
    threads: Threads = 1,
) -> Ablated:
    """Removes live lines one after the other, the least harmful first, as long as the fitness stays.

    A line goes if the mean loss without it, and without all that went before, against the program that was given, is

    - 0 or less, or
    - at most `standard_errors` of its standard errors, so that it cannot be told from noise, and at most `margin`, so
      that few or noisy tasks are no excuse.

    Losses are always measured against the program that was given, so small ones do not add up unseen.

    Args:
        program: the program.
        evaluator: as in :func:`ablate`. Use tasks that the program was not searched on.
        seeds: as in :func:`ablate`.
        standard_errors: 0 or more.
        margin: a difference in fitness that would not matter, 0 to 1.
        threads: as in :func:`ablate`.
    """
    standard_errors = checked_float("standard_errors", standard_errors, 0.0)
    margin = checked_float("margin", margin, 0.0, 1.0)
    measure = _Measure(program, evaluator, seeds, threads)
    gone: set[Line] = set()
    removed: list[Loss] = []
    while True:
        left, places = _left(program, measure.dims, gone)
        losses = measure.losses(places, lambda line: without(program, gone | {line}))
        best = min(losses, key=lambda loss: loss.effect.mean, default=None)  # of equals the first
        if best is None or not _is_nothing(best.effect, standard_errors, margin):
            return Ablated(left, tuple(removed), tuple(losses))
        gone.add(best.line)
        removed.append(best)


def compare(
    program: Program, other: Program, evaluator: Evaluator | Sequence[Evaluator], seeds: Iterable[int] = SEEDS
) -> Effect:
    """What is lost with another program in a program's place: the fitness of the first minus that of the second.

    Args:
        program: the program.
        other: what takes its place.
        evaluator: as in :func:`ablate`.
        seeds: as in :func:`ablate`.
    """
    return _Measure(program, evaluator, seeds).loss(checked_type("other", other, Program))


def knock_in(
    program: Program,
    lines: Iterable[Insertion],
    evaluator: Evaluator | Sequence[Evaluator],
    seeds: Iterable[int] = SEEDS,
    *,
    instead_of: Collection[Line] = (),
) -> Effect:
    """What a program gains by lines of another: the fitness with them minus the fitness as it was.

    Args:
        program: the program.
        lines: what to put in, and where; in the program's addresses.
        evaluator: as in :func:`ablate`.
        seeds: as in :func:`ablate`.
        instead_of: lines that they replace.
    """
    loss = compare(program, inserted(program, lines, instead_of), evaluator, seeds)
    return Effect(-loss.mean or 0.0, loss.standard_error, loss.n, loss.fitness)


# ---------------------------------------------------------------- measuring


class _Measure:
    """The fitness of one program on all tasks, to compare others with."""

    def __init__(
        self,
        program: Program,
        evaluator: Evaluator | Sequence[Evaluator],
        seeds: Iterable[int],
        threads: Threads = 1,
    ) -> None:
        checked_type("program", program, Program)
        self.evaluators = list(evaluator) if isinstance(evaluator, Sequence) else [evaluator]
        if not self.evaluators:
            raise InputError("evaluator: expected at least one")
        for one in self.evaluators:
            checked_type("evaluator", one, Evaluator)
        self.seeds = [checked_seed("seeds", seed) for seed in seeds]
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise InputError(f"seeds: expected one or more, each once, got {self.seeds}")
        self.dims = self.evaluators[0].tasks.dims(program)
        for one in self.evaluators:
            if one.tasks.dims(program) != self.dims:
                raise InputError("evaluator: expected tasks of one F and kind")
        program.check(self.dims)
        self.threads = threads
        (self.whole,) = self.fitness([program])

    def fitness(self, programs: Sequence[Program]) -> Doubles:
        """Fitness, (programs, seeds, tasks)."""
        jobs = [Job(e, program, seed) for program in programs for seed in self.seeds for e in self.evaluators]
        found = np.concatenate([evaluation.task_fitness for evaluation in evaluate_all(jobs, self.threads)])
        return found.reshape(len(programs), len(self.seeds), -1)

    def losses(self, lines: Sequence[Line], without: Callable[[Line], Program]) -> list[Loss]:
        """Of each line, against the program without it."""
        if not lines:
            return []
        fitness = self.fitness([without(line) for line in lines])
        return [Loss(line, self._effect(each)) for line, each in zip(lines, fitness, strict=True)]

    def loss(self, changed: Program) -> Effect:
        (fitness,) = self.fitness([changed])
        return self._effect(fitness)

    def _effect(self, fitness: Doubles) -> Effect:
        differences = self.whole - fitness
        cases = differences.mean(axis=0) if differences.shape[1] > 1 else differences[:, 0]
        n = len(cases)
        error = float(cases.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan
        return Effect(float(cases.mean()), error, n, float(fitness.mean()))


def _is_nothing(loss: Effect, standard_errors: float, margin: float) -> bool:
    return loss.mean <= 0 or (loss.mean <= standard_errors * loss.standard_error and loss.mean <= margin)


def _left(program: Program, dims: Dims, gone: set[Line]) -> tuple[Program, list[Line]]:
    """What is live without some lines, and where it stood in the program."""
    rest = without(program, gone)
    old = {
        name: [line for number in range(1, size + 1) if (line := Line(name, number)) not in gone]
        for name, size in program.sizes.items()
    }
    return rest.simplified(dims), [old[line.function][line.number - 1] for line in _live_lines(rest, dims)]


def _live_lines(program: Program, dims: Dims) -> list[Line]:
    return [x.line for x in live_code(program, dims)]


def _check_lines(program: Program, lines: Collection[Line]) -> None:
    for line in lines:
        checked_choice("lines", checked_type("lines", line, Line).function, FUNCTIONS)
        size = program.sizes[line.function]
        if not 1 <= line.number <= size:
            raise InputError(f"lines: there is no {line}, as {line.function} has {size} instructions")


def _checked_insertion(program: Program, insertion: Insertion) -> tuple[Line, Instruction]:
    checked_type("lines", insertion, Insertion)
    before, instruction = checked_type("lines: before", insertion.before, Line), insertion.instruction
    checked_choice("lines: before: function", before.function, FUNCTIONS)
    checked_int("lines: before: number", before.number, 1, program.sizes[before.function] + 1)
    if isinstance(instruction, str):
        instruction = Instruction.parse(instruction)
    return before, checked_type("lines: instruction", instruction, Instruction)
