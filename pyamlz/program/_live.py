"""The live code of a program in terms of operands."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from pyamlz._lib.checks import checked_type
from pyamlz.program._ops import Address, Constant, Op, Type, find_op
from pyamlz.program._program import Instruction, Program
from pyamlz.program._space import FUNCTIONS, Dims, FunctionName

__all__ = ["Code", "Line", "LiveInstruction", "carried", "live_code"]


@dataclass(frozen=True, slots=True)
class Line:
    """The place of an instruction in a program. Lines are sorted as programs have them.

    Attributes:
        function: "setup", "predict" or "learn".
        number: its place there, from 1.
    """

    function: FunctionName
    number: int

    def __lt__(self, other: Line) -> bool:
        return (FUNCTIONS[self.function], self.number) < (FUNCTIONS[other.function], other.number)

    def __str__(self) -> str:
        return f"{self.function.capitalize()} {self.number}"


@dataclass(frozen=True, slots=True)
class LiveInstruction:
    """An instruction that can reach the prediction.

    Attributes:
        line: where it is in the program.
        instruction: as it is there.
        op: what it does.
        out: what it writes.
        inputs: what it reads; a part of `out` that it leaves as it was is not among them.
        constants: its constants; indexes are whole numbers here, for F features.
        ordinal: among the random instructions of its function; it says what they draw.
    """

    line: Line
    instruction: Instruction
    op: Op
    out: Address
    inputs: tuple[Address, ...]
    constants: tuple[float, ...]
    ordinal: int

    @property
    def text(self) -> str:
        """As in the program."""
        return str(self.instruction)


@dataclass(frozen=True, slots=True)
class Code:
    """The live code of a program on a memory.

    Attributes:
        program: the program without its dead code.
        dims: the memory.
        lines: live instructions of each function.
        kept: addresses that are written, in order; the prediction is always one.
    """

    program: Program
    dims: Dims
    lines: dict[FunctionName, tuple[LiveInstruction, ...]]
    kept: tuple[Address, ...]

    def __iter__(self) -> Iterator[LiveInstruction]:
        """All live instructions: those of Setup, of Predict, of Learn."""
        return itertools.chain.from_iterable(self.lines.values())

    @property
    def is_random(self) -> bool:
        """Whether any line draws random numbers."""
        return any(x.op.is_random for x in self)

    def is_example(self, x: Address) -> bool:
        """Whether features or labels are put there."""
        return x in (self.dims.features, self.dims.label)

    def is_zero(self, x: Address, function: FunctionName | None = None) -> bool:
        """Whether nothing live writes there, and no example is put there, or none yet while `function` runs."""
        early = {"setup": (self.dims.features, self.dims.label), "predict": (self.dims.label,)}
        if function is not None and x in early.get(function, ()):
            return True
        return x not in self.kept and not self.is_example(x)


def live_code(program: Program, dims: Dims) -> Code:
    """The live code of a program.

    >>> from pyamlz.program import baselines
    >>> program = baselines.linear_regressor()
    >>> [(str(x.line), str(x.out)) for x in live_code(program, program.dims(4))][:3]
    [('Setup 1', 's2'), ('Predict 1', 's1'), ('Learn 1', 's3')]

    Raises:
        ProgramError: it does not fit the memory.
    """
    checked_type("program", program, Program)
    checked_type("dims", dims, Dims)
    live = program.live(dims)
    written = {dims.prediction}
    lines: dict[FunctionName, tuple[LiveInstruction, ...]] = {}
    for function, instructions in program.code.items():
        made: list[LiveInstruction] = []
        for number, x in enumerate(instructions, 1):
            if not live[function][number - 1]:
                continue
            op = find_op(x.op)
            out = Address(op.out, x.out)
            if op.out is not Type.NONE:
                written.add(out)
            inputs = tuple(Address(t, a) for t, a in ((op.in1, x.in1), (op.in2, x.in2)) if t is not Type.NONE)
            constants = tuple(
                min(int(value * dims.n_features), dims.n_features - 1) if kind is Constant.INDEX else value
                for value, kind in zip(x.constants, op.constants, strict=True)
            )
            ordinal = sum(before.op.is_random for before in made)
            made.append(LiveInstruction(Line(function, number), x, op, out, inputs, constants, ordinal))
        lines[function] = tuple(made)
    return Code(program.simplified(dims), dims, lines, tuple(sorted(written)))


def carried(code: Code) -> set[Address]:
    """Addresses that Predict reads before it writes them, and writes: what it keeps of one example for the next."""
    read: set[Address] = set()
    written: set[Address] = set()
    for x in code.lines["predict"]:
        inputs = (*x.inputs, x.out) if x.op.is_partial else x.inputs
        read |= {address for address in inputs if address not in written}
        written.add(x.out)
    return read & written
