"""Coupled constants: factors that a program computes from data or weights, where a constant could stand.

A program that evolved at one number of features may take for its learning rate what happens to have the right size
there: the norm of a matrix, the standard deviation of its weights (Real et al., ICML 2020, sections 4.2 and S7). Such
a factor changes with the number of features and cannot be tuned, until a constant takes its place.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pyamlz._lib.checks import checked_int, checked_seed, checked_type
from pyamlz._lib.errors import InputError
from pyamlz.explain._dataflow import Dataflow, dataflow
from pyamlz.program import FUNCTIONS, Dims, FunctionName, Instruction, Line, Program, Type, find_op, live_code
from pyamlz.search import Learner
from pyamlz.tasks import TaskSet

__all__ = ["Coupled", "coupled", "decoupled"]

_FACTORS: Final = ("scalar_product", "scalar_division", "scalar_vector_product", "scalar_matrix_product")


@dataclass(frozen=True, slots=True)
class Coupled:
    """A statistic that is used as a factor.

    Attributes:
        line: where it is computed.
        text: the instruction there.
        address: the scalar that it writes: "s2".
        factors: the lines that multiply or divide by it, or by what a function of one scalar makes of it.
    """

    line: Line
    text: str
    address: str
    factors: tuple[Line, ...]

    def __str__(self) -> str:
        return f"{self.line}: {self.text}  (a factor in {'; '.join(map(str, self.factors))})"


def coupled(program: Program, dims: Dims) -> tuple[Coupled, ...]:
    """The statistics in a program's live code that are used as factors.

    >>> from pyamlz.program import baselines
    >>> program = baselines.evolved_linear_form()
    >>> for one in coupled(program, program.dims(16, "binary")):
    ...     print(one)
    Learn 5: s2 = norm(m1)  (a factor in Predict 4; Learn 6)
    Learn 14: s4 = std(m0)  (a factor in Learn 16)

    A statistic is the norm, mean or standard deviation of a vector or a matrix, or the dot product of a vector with
    itself. A factor is either operand of a scalar's product or quotient, or what a vector or matrix is multiplied by.

    Args:
        program: the program.
        dims: its memory.

    Raises:
        ProgramError: the program does not fit the memory.
    """
    flow = dataflow(program, dims)
    found = []
    for number, value in enumerate(flow.values):
        if value.line is not None and value.instruction is not None and _is_statistic(value.instruction):
            factors = tuple(sorted(set(_factors(flow, number, set()))))
            if factors:
                found.append(Coupled(value.line, str(value.instruction), f"s{value.address}", factors))
    return tuple(found)


def _is_statistic(instruction: Instruction) -> bool:
    op = find_op(instruction.op)
    is_reduction = op.out is Type.SCALAR and op.in1 in (Type.VECTOR, Type.MATRIX)
    return is_reduction and (op.in2 is Type.NONE or instruction.in1 == instruction.in2)


def _factors(flow: Dataflow, number: int, seen: set[int]) -> Iterator[Line]:
    """Where a scalar is a factor, itself or through functions of it alone."""
    if number in seen:
        return
    seen.add(number)
    for reader in flow.readers(number):
        line, instruction = flow.values[reader].line, flow.values[reader].instruction
        assert line is not None
        assert instruction is not None
        op = find_op(instruction.op)
        if op.name in _FACTORS:
            yield line
        elif op.in1 is Type.SCALAR and op.in2 is Type.NONE and op.out is Type.SCALAR:
            yield from _factors(flow, reader, seen)


def decoupled(
    program: Program,
    tasks: TaskSet,
    which: Iterable[Coupled] | None = None,
    *,
    examples: int = 100,
    draws: int = 0,
) -> Program:
    """The program with a constant in place of each coupled factor: its mean while the program learns.

    Whether the program is as good with constants is another question: tune both.

    Args:
        program: the program.
        tasks: what it learns from.
        which: those to replace, of :func:`coupled`. By default all.
        examples: how many training examples of each task are looked at; at most as many as there are.
        draws: seed of the program's random ops.

    Raises:
        InputError: an argument is wrong, or a factor was never finite.
        ProgramError: the program writes labels or features.
    """
    checked_type("program", program, Program)
    checked_type("tasks", tasks, TaskSet)
    examples = min(checked_int("examples", examples, 1, 2**32), tasks.n_train)
    draws = checked_seed("draws", draws)
    dims = program.dims(tasks.n_features, tasks.kind, tasks.n_classes if tasks.kind == "multiclass" else 0)
    there = coupled(program, dims)
    chosen = list(there if which is None else which)
    for one in chosen:
        if one not in there:
            raise InputError(f"which: expected coupled constants of the program, got {one}")
    code = program.code
    for one, mean in zip(chosen, _means(program, dims, tasks, chosen, examples, draws), strict=True):
        instructions, index = code[one.line.function], one.line.number - 1
        instructions[index] = Instruction("scalar_constant", out=instructions[index].out, constants=(mean,))
    return Program(**code)


def _means(
    program: Program, dims: Dims, tasks: TaskSet, chosen: Sequence[Coupled], examples: int, draws: int
) -> list[float]:
    """The mean of each factor after the first training steps of all tasks, to six digits."""
    watched, addresses = _watched(program, dims, chosen)
    sums: list[list[float]] = [[] for _ in chosen]
    width = max(addresses, default=0) + 1
    memory = replace(dims, n_scalars=max(dims.n_scalars, width))
    for task in range(tasks.n_tasks) if chosen else ():
        learner = Learner(watched, memory, keep_dead_code=True, seed=draws, task=task)
        for example in range(examples):
            learner.learn(tasks.train_x[task, example], tasks.train_y[task, example])
            for values, address in zip(sums, addresses, strict=True):
                values.append(float(learner.get(f"s{address}")))
    means = []
    for one, values in zip(chosen, sums, strict=True):
        finite = [value for value in values if math.isfinite(value)]
        if not finite:
            raise InputError(f"{one.line}: {one.text}: expected a finite number in some training step, got none")
        means.append(float(f"{math.fsum(finite) / len(finite):.6g}"))
    return means


def _watched(program: Program, dims: Dims, chosen: Sequence[Coupled]) -> tuple[Program, list[int]]:
    """The live code, in which each of some statistics goes also to a scalar of its own; and these scalars."""
    addresses = [dims.n_scalars + i for i in range(len(chosen))]
    copies = {one.line: address for one, address in zip(chosen, addresses, strict=True)}
    code: dict[FunctionName, list[Instruction]] = {name: [] for name in FUNCTIONS}
    for x in live_code(program, dims):
        if x.line in copies:
            code[x.line.function].append(replace(x.instruction, out=copies[x.line]))
        code[x.line.function].append(x.instruction)
    return Program(**code), addresses
