"""Coupled constants: factors that a program computes from data or weights, where a constant could stand.

A program that evolved at one number of features may take for its learning rate what happens to have the right size
there: the norm of a matrix, the standard deviation of its weights (Real et al., ICML 2020, sections 4.2 and S7). Such
a factor changes with the number of features and cannot be tuned, until a constant takes its place.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from pyamlz._lib.checks import checked_int, checked_seed, checked_type
from pyamlz._lib.errors import InputError
from pyamlz.program import FUNCTIONS, Dims, FunctionName, Instruction, Program, Type, find_op
from pyamlz.search import Learner
from pyamlz.tasks import TaskSet

__all__ = ["Coupled", "Place", "coupled", "decoupled"]

_FACTORS: Final = ("scalar_product", "scalar_division", "scalar_vector_product", "scalar_matrix_product")
_NEXT: Final[dict[FunctionName, tuple[FunctionName, ...]]] = {
    "setup": ("predict",),
    "predict": ("learn", "predict"),  # the latter in validation
    "learn": ("predict",),
}  # what runs after a function


@dataclass(frozen=True, slots=True)
class Place:
    """Where an instruction is.

    Attributes:
        function: its function.
        line: its place there, from 1.
    """

    function: FunctionName
    line: int

    def __str__(self) -> str:
        return f"{self.function.capitalize()}, line {self.line}"


@dataclass(frozen=True, slots=True)
class Coupled:
    """A statistic that is used as a factor.

    Attributes:
        place: the instruction that computes it.
        text: that instruction.
        address: the scalar that it writes: "s2".
        factors: the instructions that multiply or divide by it, or by what a function of one scalar makes of it.
    """

    place: Place
    text: str
    address: str
    factors: tuple[Place, ...]

    def __str__(self) -> str:
        return f"{self.place}: {self.text}  (a factor in {'; '.join(map(str, self.factors))})"


def coupled(program: Program, dims: Dims) -> tuple[Coupled, ...]:
    """The statistics in a program's live code that are used as factors.

    A statistic is the norm, mean or standard deviation of a vector or a matrix, or the dot product of a vector with
    itself. A factor is either operand of a scalar's product or quotient, or what a vector or matrix is multiplied by.

    Args:
        program: the program.
        dims: its memory.

    Raises:
        ProgramError: the program does not fit the memory.
    """
    live = program.live(dims)
    code: _Code = {
        name: [(i + 1, op) for i, op in enumerate(code) if live[name][i]] for name, code in program.code.items()
    }
    # The prediction is no more a factor of what follows than any other function of the features.
    prediction = dims.prediction.number if dims.prediction.type is Type.SCALAR else None
    found = []
    for function, instructions in code.items():
        for index, (line, instruction) in enumerate(instructions):
            if _is_statistic(instruction):
                factors = sorted(set(_factors(code, function, index, prediction, set())), key=_order)
                if factors:
                    found.append(
                        Coupled(Place(function, line), str(instruction), f"s{instruction.out}", tuple(factors))
                    )
    return tuple(found)


_Code: TypeAlias = dict[FunctionName, list[tuple[int, Instruction]]]  # live instructions with their lines


def _order(place: Place) -> tuple[int, int]:
    return FUNCTIONS[place.function], place.line


def _is_statistic(instruction: Instruction) -> bool:
    op = find_op(instruction.op)
    is_reduction = op.out is Type.SCALAR and op.in1 in (Type.VECTOR, Type.MATRIX)
    return is_reduction and (op.in2 is Type.NONE or instruction.in1 == instruction.in2)


def _factors(
    code: _Code, function: FunctionName, index: int, prediction: int | None, seen: set[tuple[FunctionName, int]]
) -> Iterator[Place]:
    """Where the scalar that an instruction writes is a factor, itself or through functions of it alone."""
    if (function, index) in seen:
        return
    seen.add((function, index))
    for reader_function, reader_index in _readers(code, function, index, prediction):
        line, reader = code[reader_function][reader_index]
        op = find_op(reader.op)
        if reader.op in _FACTORS:
            yield Place(reader_function, line)
        elif op.in1 is Type.SCALAR and op.in2 is Type.NONE and op.out is Type.SCALAR:
            yield from _factors(code, reader_function, reader_index, prediction, seen)


def _readers(
    code: _Code, function: FunctionName, index: int, prediction: int | None
) -> Iterator[tuple[FunctionName, int]]:
    """The instructions that may read the scalar which an instruction has written."""
    address = code[function][index][1].out
    todo, seen = [(function, index + 1)], set()
    while todo:
        function, start = todo.pop()
        for at in range(start, len(code[function])):
            instruction = code[function][at][1]
            op = find_op(instruction.op)
            if (op.in1 is Type.SCALAR and instruction.in1 == address) or (
                op.in2 is Type.SCALAR and instruction.in2 == address
            ):
                yield function, at
            if op.out is Type.SCALAR and instruction.out == address:
                break
        else:
            if function != "predict" or address != prediction:
                following = [name for name in _NEXT[function] if name not in seen]
                seen.update(following)
                todo.extend((name, 0) for name in following)


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
        instructions, index = code[one.place.function], one.place.line - 1
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
            raise InputError(f"{one.place}: {one.text}: expected a finite number in some training step, got none")
        means.append(float(f"{math.fsum(finite) / len(finite):.6g}"))
    return means


def _watched(program: Program, dims: Dims, chosen: Sequence[Coupled]) -> tuple[Program, list[int]]:
    """The live code, in which each of some statistics goes also to a scalar of its own; and these scalars."""
    live = program.live(dims)
    addresses = [dims.n_scalars + i for i in range(len(chosen))]
    copies = {one.place: address for one, address in zip(chosen, addresses, strict=True)}
    code: dict[FunctionName, list[Instruction]] = {name: [] for name in FUNCTIONS}
    for name, instructions in program.code.items():
        for i, instruction in enumerate(instructions):
            if live[name][i]:
                if (place := Place(name, i + 1)) in copies:
                    code[name].append(replace(instruction, out=copies[place]))
                code[name].append(instruction)
    return Program(**code), addresses
